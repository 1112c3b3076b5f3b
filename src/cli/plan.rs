//! `cordon plan`: what would happen. Not one write call leaves the machine.

use super::{Desktop, Ended};
use crate::fault::Result;
use crate::plan::show;

/// Show what would happen. Not one write call leaves the machine.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The case: its id, or enough of its end to be unique.
    case: String,
    /// A shipped playbook by name, or a file.
    #[arg(
        long,
        value_name = "NAME|FILE",
        default_value = "terminated-contractor"
    )]
    playbook: String,
    /// Every door with its calls, its proof, what breaks and what may still work.
    #[arg(long)]
    all: bool,
}

pub(super) async fn run(desktop: &Desktop, args: &Args) -> Result<Ended> {
    let desk = desktop.app()?.desk(&args.case)?;
    let (plan, digest) = desk.plan(&args.playbook).await?;
    desk.finish().await?;
    let catalogue = desk.catalogue();
    let preview = desk
        .log
        .read(|state| show::view(&plan, state, &catalogue))?;
    let detail = if args.all {
        show::Detail::Doors
    } else {
        show::Detail::Brief
    };
    let text = desk
        .log
        .read(|state| show::text(&plan, state, &catalogue, detail))?;
    desktop.ui.answer(
        &serde_json::json!({ "digest": digest, "plan": plan, "preview": preview }),
        || text,
    )?;
    if !args.all {
        let case = desk.log.case();
        let again = format!("each door with its calls and its proof: cordon plan {case} --all");
        desktop.ui.hint(&again);
    }
    desktop
        .ui
        .hint(&format!("next: cordon run {}", desk.log.case()));
    Ok(None)
}
