//! `cordon status`: where a case stands.

use std::time::Duration;

use super::{Desktop, Ended};
use crate::app::App;
use crate::app::summary::{self, Summary};
use crate::case::state::CaseState;
use crate::fault::{Fault, Result};
use crate::run::status::Tree;

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
            _ = tokio::signal::ctrl_c() => return Ok(None),
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

fn say(desktop: &Desktop, app: &App, state: &CaseState, steps: bool) -> Result<()> {
    let summary = Summary::of(state, app.clock.now());
    let tree = Tree::of(state);
    let document = serde_json::json!({ "summary": summary, "steps": tree });
    desktop.ui.answer(&document, || {
        let tree = if steps { tree.text() } else { tree.brief() };
        format!("{}\n{tree}", summary::head(&summary, &app.zone))
    })
}
