//! `cordon approve` and `cordon deny`: a person's signed decision on a gate.

use super::signature::Signature;
use super::{Desktop, Ended};
use crate::fault::Result;
use crate::ui;

/// Decide on a gate. The decision is signed with your SSH key and binds the plan as it is.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The case: its id, or enough of its end to be unique.
    pub(super) case: String,
    /// The gate, as `cordon status` names it.
    pub(super) step: String,
    #[command(flatten)]
    pub(super) signature: Signature,
}

pub(super) async fn run(desktop: &Desktop, args: &Args, approve: bool) -> Result<Ended> {
    let desk = desktop.app()?.desk(&args.case)?;
    let by = &args.signature;
    let signed = desk
        .decide(&args.step, &by.person, &by.key, approve, &by.reason)
        .await?;
    desk.finish().await?;
    let word = if approve { "approved" } else { "denied" };
    desktop.ui.answer(&signed, || {
        format!("{} {word} `{}`.\n", signed.person, args.step)
    })?;
    let gates = desk.summary().gates;
    let gate = gates.into_iter().find(|gate| gate.step == args.step);
    let left = gate.map_or(0, |gate| {
        let people = usize::try_from(gate.people).unwrap_or(usize::MAX);
        people.saturating_sub(gate.approved)
    });
    if approve && left > 0 {
        desktop
            .ui
            .hint(&format!("{} needed", ui::count(left, "more approval")));
    } else {
        desktop
            .ui
            .hint(&format!("next: cordon run {}", desk.log.case()));
    }
    Ok(None)
}
