//! `cordon status`: where a case stands.

use std::time::Duration;

use super::{Desktop, Ended};
use crate::app::App;
use crate::app::summary::{self, Summary};
use crate::case::state::{CaseState, RunPhase};
use crate::fault::{Fault, Result};
use crate::run::status::{Mark, Tree};
use crate::store::Owner;

/// Show where a case stands: doors, steps, gates, clocks, contacts.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The case: its id, or enough of its end to be unique.
    case: String,
    /// Look again every two seconds until interrupted. Reads the ledger, so a run may be under way.
    #[arg(long)]
    watch: bool,
    /// Name every step, not only those that have not ended well.
    #[arg(long)]
    steps: bool,
}

pub(super) async fn run(desktop: &Desktop, args: &Args) -> Result<Ended> {
    if !args.watch {
        return show(desktop, &args.case, args.steps);
    }
    if desktop.ui.is_json() {
        return Err(
            Fault::input("usage", "--watch has no one JSON document to print.")
                .hint("leave --watch away, and ask again"),
        );
    }
    let app = desktop.app()?;
    let mut seen = 0;
    loop {
        let state = app.peek(&args.case)?;
        if state.lines != seen {
            seen = state.lines;
            desktop.ui.begin_screen();
            say(desktop, &app, &state, args.steps)?;
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(2)) => {}
            () = desktop.ui.interrupted(true) => return Ok(None),
        }
    }
}

/// Reads the ledger, so that another process may own the case.
pub(super) fn show(desktop: &Desktop, case: &str, steps: bool) -> Result<Ended> {
    let app = desktop.app()?;
    let state = app.peek(case)?;
    say(desktop, &app, &state, steps)?;
    Ok(None)
}

/// What is to be said of the process that carries the plan out; and whether it is gone.
fn process(state: &CaseState, owner: Owner, tree: &Tree) -> Option<(String, bool)> {
    if state.run != RunPhase::Running {
        return None;
    }
    let case = state.case.as_ref()?;
    match owner {
        Owner::Process(pid) => Some((format!("under way in process {pid}"), false)),
        Owner::Another => Some(("under way in another process".to_owned(), false)),
        // A run that waits for people or a time needs no process.
        Owner::Nobody => (tree.count(Mark::UnderWay) + tree.count(Mark::Ready) > 0)
            .then(|| (format!("interrupted; `cordon run {case}` goes on"), true)),
    }
}

fn say(desktop: &Desktop, app: &App, state: &CaseState, steps: bool) -> Result<()> {
    let summary = Summary::of(state, app.clock.now());
    let mut tree = Tree::of(state);
    let owner = match &state.case {
        Some(case) => app.owner(case.as_str())?,
        None => Owner::Nobody,
    };
    let process = process(state, owner, &tree);
    if owner == Owner::Nobody {
        tree = tree.without_process();
    }
    let process = process.as_ref();
    let document = serde_json::json!({
        "summary": summary,
        "steps": tree,
        "interrupted": process.is_some_and(|(_, gone)| *gone),
    });
    desktop.ui.answer(&document, || {
        let tree = if steps { tree.text() } else { tree.brief() };
        let said = process.map_or_else(String::new, |(line, _)| {
            crate::ui::paragraph("process   ", line)
        });
        format!("{}{said}\n{tree}", summary::head(&summary, &app.zone))
    })
}
