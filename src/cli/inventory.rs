//! `cordon inventory`: whose accounts these are, and every way in that they have. Reads only.

use super::{Desktop, Ended};
use crate::app::summary;
use crate::fault::{Kind, Result};

/// Find the accounts of the person and every way in that they have. Reads only.
///
/// Exit code 3 when more than one account is possible and a person has to choose.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The case: its id, or enough of its end to be unique.
    case: String,
}

pub(super) async fn run(desktop: &Desktop, args: &Args) -> Result<Ended> {
    let desk = desktop.app()?.desk(&args.case)?;
    desktop.ui.status("Resolving accounts…");
    let undecided = desk.resolve().await?;
    desktop.ui.status("Reading doors…");
    desk.inventory().await?;
    desk.finish().await?;
    let summary = desk.summary();
    desktop
        .ui
        .answer(&summary, || summary::inventory(&summary))?;
    for provider in &undecided {
        desktop.ui.hint(&format!(
            "{provider}: more than one account is possible, or none is certain; decide with `cordon case choose {} {provider} LOGIN --reason …`",
            desk.log.case()
        ));
    }
    Ok((!undecided.is_empty()).then_some(Kind::Waiting))
}
