//! `cordon undo`: restore doors from the inverse that was stored before the close.

use super::{Desktop, Ended};
use crate::fault::{Kind, Result};
use crate::hostile;

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
    desktop.ui.answer(&undone, || {
        let mut text = String::new();
        for one in &undone.doors {
            text.push_str(&format!("{}  {}  {}\n", one.door, one.state(), hostile::one_line(&one.why, 200)));
        }
        text
    })?;
    Ok((!undone.complete()).then_some(Kind::OpenDoors))
}
