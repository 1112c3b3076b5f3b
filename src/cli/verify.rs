//! `cordon verify`: probe every door again.

use super::{Desktop, Ended};
use crate::app::summary;
use crate::fault::Result;

/// Probe every door again. Exit code 4 when one is open or cannot be proven.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The case: its id, or enough of its end to be unique.
    case: String,
}

pub(super) async fn run(desktop: &Desktop, args: &Args) -> Result<Ended> {
    let desk = desktop.app()?.desk(&args.case)?;
    desk.verify().await?;
    desk.finish().await?;
    let summary = desk.summary();
    desktop
        .ui
        .answer(&summary, || summary::doors(&summary, &desk.zone))?;
    Ok(summary.verdict())
}
