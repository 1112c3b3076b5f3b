//! `cordon run`: execute the plan, or go on where it stopped.

mod teller;

use std::sync::Arc;

use tokio::sync::watch;

use self::teller::Teller;
use super::{Desktop, Ended};
use crate::app::{Desk, summary};
use crate::fault::Result;
use crate::run::{End, Options, Report};

/// Execute the plan, or go on where it stopped.
///
/// Exit code 3 while a gate waits for people, 4 when doors are open or unknown at the end.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The case: its id, or enough of its end to be unique.
    case: String,
    /// Make a new plan from this playbook first [default: go on with the plan, or
    /// terminated-contractor].
    #[arg(long, value_name = "NAME|FILE")]
    playbook: Option<String>,
    /// Stop the run that has begun instead, or the undo that goes on: nothing more of it is done until
    /// it is resumed.
    #[arg(long, requires = "reason", conflicts_with_all = ["playbook", "wait", "reopen_gates"])]
    stop: bool,
    /// Why it is stopped; it stands in the log.
    #[arg(long, requires = "stop")]
    reason: Option<String>,
    /// Stay until every gate has been decided and every timer is due.
    #[arg(long)]
    wait: bool,
    /// Open gates again whose time ran out; they need new approvals.
    #[arg(long)]
    reopen_gates: bool,
}

pub(super) async fn run(desktop: &Desktop, args: &Args) -> Result<Ended> {
    let desk = desktop.app()?.desk(&args.case)?;
    if let Some(reason) = args.reason.as_deref().filter(|_| args.stop) {
        return stop(desktop, &desk, reason).await;
    }
    let has_plan = desk.log.read(|state| state.plan.is_some());
    if args.playbook.is_some() || !has_plan {
        desk.plan(args.playbook.as_deref().unwrap_or("terminated-contractor"))
            .await?;
    }
    let teller = desk
        .log
        .read(|state| Teller::new(desktop.ui.clone(), Arc::clone(desk.log.clock()), state));
    let teller = Arc::new(teller);
    let cancel = interruption(desktop);
    let options = Options {
        wait: args.wait,
        reopen_gates: args.reopen_gates,
        ..Options::default()
    };
    let report = tokio::select! {
        report = desk.run(&options, Arc::clone(&teller) as _, cancel) => report,
        () = teller.breathe() => return Ok(None),
    };
    teller.finish();
    let report = report?;
    desk.finish().await?;
    let summary = desk.summary();
    let document =
        serde_json::json!({ "end": word(&report.end), "steps": report.tree, "summary": summary });
    desktop.ui.answer(&document, || {
        format!(
            "{}\n{}",
            report.tree.brief(),
            summary::doors(&summary, &desk.zone)
        )
    })?;
    for hint in next(&desk, &report) {
        desktop.ui.hint(&hint);
    }
    Ok(report.kind().or_else(|| summary.verdict()))
}

/// Tells when somebody at the terminal wants it to stop.
pub(super) fn interruption(desktop: &Desktop) -> watch::Receiver<bool> {
    let (stop, cancel) = watch::channel(false);
    let ui = desktop.ui.clone();
    tokio::spawn(async move {
        ui.interrupted(false).await;
        ui.status("stopping: nothing new begins, what is under way is recorded");
        stop.send(true).ok();
        // Kept until the end, so that nobody ever sees a closed channel.
        stop.closed().await;
    });
    cancel
}

/// Stops a run, and says what was left of it.
async fn stop(desktop: &Desktop, desk: &Desk, reason: &str) -> Result<Ended> {
    let case = desk.log.case();
    if desk.stop_undo(reason).await? {
        desk.finish().await?;
        let document = serde_json::json!({ "end": "undo_stopped", "case": case });
        desktop.ui.answer(&document, || {
            format!("{case}: the undo is told to stop; no further door is begun\n")
        })?;
        let again = format!("cordon undo {case} --all --reason … goes on with it");
        desktop.ui.hint(&again);
        return Ok(None);
    }
    let rest = desk.stop(reason).await?;
    desk.finish().await?;
    let document = serde_json::json!({ "end": "stopped", "case": case, "left": rest });
    desktop.ui.answer(&document, || {
        let left: String = rest
            .lines()
            .iter()
            .map(|line| crate::ui::paragraph("  ", line))
            .collect();
        format!("{case}: the run is stopped\n{left}")
    })?;
    desktop
        .ui
        .hint(&format!("cordon run {case} goes on with it"));
    desktop.ui.hint(&format!(
        "cordon case close {case} --reason … closes the case"
    ));
    Ok(None)
}

fn word(end: &End) -> &'static str {
    match end {
        End::Finished => "finished",
        End::AlreadyFinished => "already_finished",
        End::Waiting(_) => "waiting",
        End::Held => "held",
        End::Stopped { .. } => "stopped",
        End::Cancelled => "cancelled",
    }
}

/// What a person can do now.
fn next(desk: &Desk, report: &Report) -> Vec<String> {
    let case = desk.log.case();
    match &report.end {
        End::Waiting(waiting) => {
            let gates = waiting.gates.iter().map(|gate| {
                if gate.expired {
                    format!("gate `{}` ran out of time: cordon run {case} --reopen-gates", gate.step)
                } else {
                    format!("{} of {} approved: cordon approve {case} {} --as NAME --key FILE --reason …", gate.approved.len(), gate.people, gate.step)
                }
            });
            let until = waiting.until.map(|at| {
                format!(
                    "the next look is due at {}: cordon run {case}",
                    crate::time::utc(at)
                )
            });
            gates.chain(until).collect()
        }
        End::Held => vec![format!(
            "the case is held: cordon case release {case} --reason …"
        )],
        End::Stopped { step, why } => vec![format!(
            "step `{step}` failed and its policy is to stop: {}",
            crate::hostile::one_line(why, 160)
        )],
        End::Cancelled => vec![format!("stopped by you: cordon run {case} goes on")],
        End::Finished | End::AlreadyFinished => vec![format!(
            "next: cordon verify {case}, cordon evidence export {case} --to FOLDER"
        )],
    }
}
