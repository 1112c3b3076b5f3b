//! `cordon undo`: restore doors from the inverse that was stored before the close.

use super::{Desktop, Ended};
use crate::fault::{Kind, Result};
use crate::hostile;
use crate::run::Undone;
use crate::ui;

/// Restore doors from the inverse that was stored before each close.
///
/// Says what cannot be restored and why. Exit code 4 when something could not be restored.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The case: its id, or enough of its end to be unique.
    case: String,
    /// The doors, by id [default: every door that was closed by this case].
    doors: Vec<crate::id::DoorId>,
    /// Why; it stands in the log.
    #[arg(long)]
    reason: String,
}

pub(super) async fn run(desktop: &Desktop, args: &Args) -> Result<Ended> {
    let desk = desktop.app()?.desk(&args.case)?;
    let undone = desk.undo(&args.doors, &args.reason).await?;
    desk.finish().await?;
    let lines: Vec<(String, &str, &str)> = undone
        .iter()
        .map(|(door, end)| {
            let (word, why) = said(end);
            (door.to_string(), word, why)
        })
        .collect();
    desktop
        .ui
        .answer(&serde_json::json!({ "undone": lines }), || {
            ui::table(
                ["DOOR", "UNDO", "WHY"],
                lines.iter().map(|(door, word, why)| {
                    [
                        door.clone(),
                        (*word).to_owned(),
                        hostile::one_line(why, 160),
                    ]
                }),
            )
        })?;
    let complete = undone.iter().all(|(_, end)| *end == Undone::Open);
    Ok((!complete).then_some(Kind::OpenDoors))
}

fn said(end: &Undone) -> (&'static str, &str) {
    match end {
        Undone::Open => ("open again", "a probe proved it"),
        Undone::Unproven(why) => ("not proven", why),
        Undone::Failed(why) => ("failed", why),
        Undone::Unknown(why) => ("unknown", why),
        Undone::Untried(why) => ("not tried", why),
        Undone::Impossible(why) => ("cannot be undone", why),
    }
}
