//! `cordon inventory`: whose accounts these are, and every way in that they have. Reads only.

use super::{Desktop, Ended};
use crate::app::summary;
use crate::fault::{Kind, Result};
use crate::run::Resolved;

/// Find the accounts of the person and every way in that they have. Reads only.
///
/// Exit code 3 when a person has to choose an account, 1 when a provider could not be asked.
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
    let choose = format!(
        "cordon case choose {} PROVIDER LOGIN --reason …",
        desk.log.case()
    );
    let mut end = None;
    for (provider, resolved) in &undecided {
        if let Resolved::Failed(why) = resolved {
            let why = crate::hostile::one_line(why, 200);
            desktop.ui.warning(&format!(
                "{provider} could not be asked for accounts: {why}"
            ));
            end = Some(Kind::Failed);
            continue;
        }
        let found = match resolved {
            Resolved::Nobody => "no account was found",
            _ => "more than one account is possible, or none is certain",
        };
        desktop
            .ui
            .hint(&format!("{provider}: {found}; decide with `{choose}`"));
        end = end.or(Some(Kind::Waiting));
    }
    Ok(end)
}
