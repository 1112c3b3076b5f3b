//! How the run of a case goes on, live.

use serde::Serialize;

use crate::app::summary::{self, Summary};
use crate::case::state::RunPhase;
use crate::run::Rest;
use crate::run::status::{Branch, Leaf, Mark, Tree};
use crate::store::Owner;
use crate::ui::count;
use crate::web::look::Look;
use crate::web::shown::{line, short};

/// Up to this many steps of a kind are named that need a look.
const NAMED: usize = 40;

/// Where the run stands.
#[derive(Debug, Serialize)]
pub(super) struct Progress {
    /// One sentence.
    says: String,
    /// Who carries it out.
    process: Option<&'static str>,
    /// Steps that have ended, of all.
    ended: usize,
    all: usize,
    branches: Vec<BranchView>,
}

#[derive(Debug, Serialize)]
struct BranchView {
    name: String,
    word: &'static str,
    counts: String,
    ended: usize,
    all: usize,
    leaves: Vec<LeafView>,
    more: Option<String>,
}

#[derive(Debug, Serialize)]
struct LeafView {
    title: String,
    word: &'static str,
    note: String,
}

/// Where the run stands; nothing where there is no plan.
pub(super) fn progress(look: &Look<'_>, summary: &Summary) -> Option<Progress> {
    if !summary.planned {
        return None;
    }
    let owner = look.web.app.owner(look.id.as_str());
    let nobody = matches!(owner, Ok(Owner::Nobody));
    let mut tree = Tree::of(look.state);
    let busy = tree.count(Mark::UnderWay) + tree.count(Mark::Ready) > 0;
    if nobody {
        tree = tree.without_process();
    }
    let process = match (look.state.run, nobody) {
        (RunPhase::Running, false) => Some("It is being carried out now."),
        (RunPhase::Running, true) if busy => {
            Some("It was interrupted: no process carries it out. A responder can go on with it.")
        }
        _ => None,
    };
    let ended = tree.leaves().filter(|leaf| has_ended(leaf)).count();
    let looks = look.state.run == RunPhase::Running && Rest::of(look.state).only_looks();
    let mut says = if looks {
        "the run has done its work; it looks again later".to_owned()
    } else {
        summary::run(summary).to_owned()
    };
    if let Some(first) = says.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    Some(Progress {
        says: says + ".",
        process,
        ended,
        all: tree.leaves().count(),
        branches: tree.branches.iter().map(branch).collect(),
    })
}

/// A step of the playbook as people read it: `save-trails` is `Save trails`.
fn name(step: &str) -> String {
    let mut name = short(&step.replace('-', " "));
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    name
}

fn has_ended(leaf: &Leaf) -> bool {
    use Mark::{Done, Failed, Skipped, Unknown};
    matches!(leaf.mark, Done | Failed | Skipped | Unknown)
}

fn branch(branch: &Branch) -> BranchView {
    let looks: Vec<&Leaf> = branch
        .steps
        .iter()
        .filter(|leaf| leaf.needs_a_look())
        .collect();
    let more = looks.len().saturating_sub(NAMED);
    BranchView {
        name: name(&branch.name),
        word: branch.word(),
        counts: branch.counts(),
        ended: branch.steps.iter().filter(|leaf| has_ended(leaf)).count(),
        all: branch.steps.len(),
        leaves: looks
            .into_iter()
            .take(NAMED)
            .map(|leaf| LeafView {
                title: line(&leaf.title),
                word: leaf.mark.word(),
                note: line(&leaf.note),
            })
            .collect(),
        more: (more > 0).then(|| format!("and {} more", count(more, "step"))),
    }
}
