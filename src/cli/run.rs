//! `cordon run`: execute the plan, or go on where it stopped.

use super::{Desktop, Ended};
use crate::app::summary;
use crate::fault::{Kind, Result};
use crate::run::status::Tree;

/// Execute the plan, or go on where it stopped.
///
/// Exit code 3 while a gate waits for people, 4 when doors are open or unknown at the end.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The case: its id, or enough of its end to be unique.
    case: String,
    /// Make a new plan from this playbook first [default: go on with the plan, or terminated-contractor].
    #[arg(long, value_name = "NAME|FILE")]
    playbook: Option<String>,
    /// Stay until every gate has been decided and every timer is due.
    #[arg(long)]
    wait: bool,
}

pub(super) async fn run(desktop: &Desktop, args: &Args) -> Result<Ended> {
    let desk = desktop.app()?.desk(&args.case)?;
    let has_plan = desk.log.read(|state| state.plan.is_some());
    if args.playbook.is_some() || !has_plan {
        desk.plan(args.playbook.as_deref().unwrap_or("terminated-contractor")).await?;
    }
    let end = desk.run(args.wait, desktop.ui).await?;
    desk.finish().await?;
    let summary = desk.summary();
    let tree = desk.log.read(|state| Tree::of(state));
    desktop.ui.answer(&serde_json::json!({ "run": end, "steps": tree, "summary": summary }), || {
        format!("{}\n{}", tree.text(), summary::doors(&summary))
    })?;
    for hint in desk.next(&end) {
        desktop.ui.hint(&hint);
    }
    Ok(if end.is_waiting() { Some(Kind::Waiting) } else { summary.verdict() })
}
