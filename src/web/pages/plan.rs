//! The plan of a case: exactly what a run would do; and making it, beginning the run, stopping it.
//!
//! People approve at gates, on pages of their own: to begin a run is no approval.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use serde::Serialize;
use tokio::runtime::Handle;

use super::gate::closings::{self, Will};
use super::head::{Head, head};
use super::undo;
use crate::access::{Ability, no_case};
use crate::app::Desk;
use crate::app::summary::{GateStands, Summary};
use crate::app::work::{Begun, Task};
use crate::case::state::{Phase, RunPhase};
use crate::fault::{Fault, Kind, Result};
use crate::id::CaseId;
use crate::playbook::shipped_names;
use crate::web::desk::reason;
use crate::web::look::{Look, blocking};
use crate::web::shown::{When, line, path, short};
use crate::web::visit::{Form, Visit};
use crate::web::{Web, page};

#[derive(Debug, Serialize)]
struct Page {
    title: &'static str,
    head: Head,
    plan: Option<Planned>,
    /// What goes on, or ended last, since the program started.
    work: Option<String>,
    /// Where ways in that were closed are opened again, for who may.
    undo: Option<String>,
    acts: Vec<Offer>,
}

#[derive(Debug, Serialize)]
struct Planned {
    /// What a run is begun on, and its beginning for people.
    digest: String,
    short: String,
    playbook: String,
    made: When,
    will: Will,
}

/// One thing that can be done.
#[derive(Debug, Serialize)]
struct Offer {
    name: &'static str,
    words: &'static str,
    means: &'static str,
    action: String,
    /// What can be chosen; nothing where nothing is.
    playbooks: Vec<&'static str>,
    /// The digest of the plan that it is about.
    plan: Option<String>,
}

/// Name, words, and what it does, before it is done.
const ACTS: [(&str, &str, &str); 5] = [
    (
        "find",
        "Find accounts and ways in",
        "Asks each provider which accounts the person has and which ways in there are. Nothing is changed anywhere.",
    ),
    (
        "make",
        "Make a plan",
        "Makes a plan from the playbook that you choose, over the ways in that were found, in place of the one above. Nothing is changed at any provider; you see what would be done before anything is.",
    ),
    (
        "begin",
        "Begin the run",
        "Carries out exactly the plan above, or goes on with it. What waits for a gate waits until people have approved it there.",
    ),
    (
        "reopen",
        "Open expired gates again",
        "Opens the gates again whose time ran out, and goes on with the plan above. What was decided there before counts no more: people decide anew.",
    ),
    (
        "stop",
        "Stop",
        "Nothing new begins; what is under way is recorded. What was closed stays closed, and the run can go on later.",
    ),
];

pub(super) async fn show(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path(id): Path<String>,
) -> Response {
    let made = web.look(&visit, &id, Ability::SeeCase, page_of).await;
    page::answered(&web, &visit, "plan", made)
}

fn page_of(look: &Look<'_>) -> Result<Page> {
    let plan = match &look.state.plan {
        None => None,
        Some((plan, digest)) => Some(Planned {
            digest: digest.to_string(),
            short: digest.short(),
            playbook: short(&plan.playbook),
            made: look.words.when(plan.made),
            will: closings::of_plan(look, plan)?,
        }),
    };
    let work = look.web.app.work.on(look.id);
    let goes_on = work.as_ref().is_some_and(|work| work.ended.is_none());
    let digest = plan.as_ref().map(|plan| plan.digest.clone());
    let gates = Summary::of(look.state, look.now).gates;
    let stuck = gates.iter().any(|gate| gate.stands == GateStands::Expired);
    let offers = |name: &str| {
        let (open, run) = (look.state.phase == Phase::Open, look.state.run);
        look.may(Ability::Work)
            && match name {
                "find" => open && !goes_on,
                "make" => open && !goes_on && run != RunPhase::Running,
                "begin" => open && !goes_on && digest.is_some() && run != RunPhase::Ended,
                "reopen" => open && !goes_on && digest.is_some() && stuck,
                _ => goes_on || run == RunPhase::Running,
            }
    };
    let acts = ACTS.iter().filter(|(name, ..)| offers(name));
    Ok(Page {
        title: "Plan",
        head: head(look, "plan"),
        work: work.as_ref().map(said),
        undo: (look.may(Ability::Work) && undo::is_offered(look.state)).then(|| undo::at(look.id)),
        acts: acts
            .map(|&(name, words, means)| Offer {
                name,
                words,
                means,
                action: path(&["cases", look.id.as_str(), "plan", name]),
                playbooks: if name == "make" {
                    shipped_names().collect()
                } else {
                    Vec::new()
                },
                plan: digest
                    .clone()
                    .filter(|_| matches!(name, "begin" | "reopen")),
            })
            .collect(),
        plan,
    })
}

/// What goes on or ended last, in a sentence.
pub(super) fn said(work: &Begun) -> String {
    let what = match work.task {
        Task::Inventory => "Finding accounts and ways in",
        Task::Run { .. } => "The run",
        Task::Verify => "Looking at every way in again",
        Task::Snapshot { .. } => "Reading trails",
        Task::Mirror { .. } => "Mirroring a repository",
        Task::Archive { .. } => "Waiting for an archive of repositories",
        Task::Undo { .. } => "Opening ways in again",
    };
    let by = short(&work.by);
    match &work.end {
        None => format!("{what} goes on, begun by {by}. Open the page again to see more."),
        Some(end) => format!(
            "{what}, begun by {by}, has ended: {}.",
            line(end.trim_end_matches('.'))
        ),
    }
}

pub(super) async fn take(
    State(web): State<Arc<Web>>,
    Path((id, act)): Path<(String, String)>,
    Form(visit, fields): Form<BTreeMap<String, String>>,
) -> Response {
    let done = taken(&web, &visit, id, act, fields).await;
    page::then(&web, &visit, done)
}

async fn taken(
    web: &Arc<Web>,
    visit: &Visit,
    id: String,
    act: String,
    fields: BTreeMap<String, String>,
) -> Result<String> {
    if !ACTS.iter().any(|(name, ..)| *name == act) {
        return Err(Fault::input("no-page", "There is no such page."));
    }
    let (web, visit, runtime) = (Arc::clone(web), visit.clone(), Handle::current());
    let back = path(&["cases", &id, "plan"]);
    blocking(move || {
        let id: CaseId = id.parse().map_err(|_| no_case())?;
        let desk = web.desk(&visit.principal, &id, Ability::Work)?;
        let said = fields.get("reason").map_or("", String::as_str);
        let why = reason(said)?;
        runtime.block_on(carry_out(&web, desk, &act, &fields, &why))
    })
    .await?;
    Ok(back)
}

async fn carry_out(
    web: &Web,
    desk: Desk,
    act: &str,
    fields: &BTreeMap<String, String>,
    why: &str,
) -> Result<()> {
    let work = &web.app.work;
    match act {
        "find" => {
            desk.note(&format!("inventory begun: {why}")).await?;
            work.begin(desk, Task::Inventory).map(drop)
        }
        "make" => {
            let chosen = fields.get("playbook").map_or("", String::as_str);
            let Some(playbook) = shipped_names().find(|name| *name == chosen) else {
                let what = "No playbook was chosen.";
                return Err(Fault::input("playbook", what).hint("go back, and choose one"));
            };
            desk.plan(playbook).await?;
            desk.note(&format!("plan made: {why}")).await?;
            desk.finish().await
        }
        "begin" | "reopen" => {
            let reopen_gates = act == "reopen";
            let read = fields.get("plan").map_or("", String::as_str);
            let now = desk.log.read(|state| {
                let plan = state.plan.as_ref();
                plan.map(|(_, digest)| digest.to_string())
            });
            if now.as_deref() != Some(read) {
                let what = "The plan was changed since it was read: nothing was begun.";
                return Err(Fault::new(Kind::Waiting, "plan-changed", what)
                    .hint("read what would be done now, and begin that"));
            }
            desk.note(&format!("run begun: {why}")).await?;
            work.begin(desk, Task::Run { reopen_gates }).map(drop)
        }
        _ => work.end(&desk, why).await,
    }
}
