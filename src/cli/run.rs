//! `cordon run`: execute the plan, or go on where it stopped.

use std::sync::Arc;

use indicatif::ProgressBar;
use tokio::sync::watch;

use super::{Desktop, Ended};
use crate::app::{Desk, summary};
use crate::case::event::{Entry, Event, Outcome};
use crate::fault::Result;
use crate::run::{End, Options, Progress, Report, Waiting};
use crate::ui::Ui;

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
    /// Stay until every gate has been decided and every timer is due.
    #[arg(long)]
    wait: bool,
    /// Open gates again whose time ran out; they need new approvals.
    #[arg(long)]
    reopen_gates: bool,
}

/// Says on stderr what becomes durable: a bar at a terminal, lines elsewhere.
struct Teller {
    ui: Ui,
    bar: ProgressBar,
}

impl Progress for Teller {
    fn wrote(&self, entry: &Entry) {
        let Event::StepEnded { step, outcome } = &entry.event else {
            return;
        };
        self.bar.inc(1);
        let line = match outcome {
            Outcome::Done { asked, proven, .. } => {
                format!("done     {step} ({proven} of {asked} proven)")
            }
            Outcome::Failed { why } => {
                format!("FAILED   {step}: {}", crate::hostile::one_line(why, 160))
            }
            Outcome::Unknown { why } => {
                format!("UNKNOWN  {step}: {}", crate::hostile::one_line(why, 160))
            }
            Outcome::Skipped { why } => {
                format!("skipped  {step}: {}", crate::hostile::one_line(why, 160))
            }
        };
        self.bar.suspend(|| self.ui.status(&line));
    }

    fn waiting(&self, waiting: &Waiting) {
        for gate in &waiting.gates {
            let line = format!("waiting  gate `{}` for people", gate.step);
            self.bar.suspend(|| self.ui.status(&line));
        }
    }
}

pub(super) async fn run(desktop: &Desktop, args: &Args) -> Result<Ended> {
    let desk = desktop.app()?.desk(&args.case)?;
    let has_plan = desk.log.read(|state| state.plan.is_some());
    if args.playbook.is_some() || !has_plan {
        desk.plan(args.playbook.as_deref().unwrap_or("terminated-contractor"))
            .await?;
    }
    let steps = desk
        .log
        .read(|state| state.plan.as_ref().map_or(0, |(plan, _)| plan.steps.len()));
    let bar = desktop.ui.bar(u64::try_from(steps).unwrap_or(0), "steps");
    let teller = Arc::new(Teller {
        ui: desktop.ui,
        bar: bar.clone(),
    });
    let (stop, cancel) = watch::channel(false);
    let ui = desktop.ui;
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            ui.status("stopping: nothing new begins, what is under way is recorded");
            stop.send(true).ok();
        }
        // Kept until the end, so that the run never sees a closed channel.
        stop.closed().await;
    });
    let options = Options {
        wait: args.wait,
        reopen_gates: args.reopen_gates,
        ..Options::default()
    };
    let report = desk.run(&options, teller, cancel).await?;
    bar.finish_and_clear();
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
