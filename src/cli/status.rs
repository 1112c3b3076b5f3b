//! `cordon status`: where a case stands.

use std::time::Duration;

use super::{Desktop, Ended};
use crate::app::summary;
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
}

pub(super) async fn run(desktop: &Desktop, args: &Args) -> Result<Ended> {
    if !args.watch {
        return show(desktop, &args.case);
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
            let summary = summary::Summary::of(&state, app.clock.now());
            let tree = Tree::of(&state);
            desktop.ui.answer(
                &serde_json::json!({ "summary": summary, "steps": tree }),
                || format!("{}\n{}", summary::head(&summary, &app.zone), tree.text()),
            )?;
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(2)) => {}
            _ = tokio::signal::ctrl_c() => return Ok(None),
        }
    }
}

pub(super) fn show(desktop: &Desktop, case: &str) -> Result<Ended> {
    let desk = desktop.app()?.desk(case)?;
    let summary = desk.summary();
    let tree = desk.log.read(Tree::of);
    desktop.ui.answer(
        &serde_json::json!({ "summary": summary, "steps": tree }),
        || format!("{}\n{}", summary::head(&summary, &desk.zone), tree.text()),
    )?;
    Ok(None)
}
