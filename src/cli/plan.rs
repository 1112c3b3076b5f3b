//! `cordon plan`: what would happen. Not one write call leaves the machine.

use super::{Desktop, Ended};
use crate::canon::Digest;
use crate::case::state::CaseState;
use crate::fault::Result;
use crate::plan::{Plan, show};
use crate::run;

/// Show what would happen. Not one write call leaves the machine.
///
/// While a run of the plan has begun and not ended, the plan is shown as it stands and nothing is
/// changed; --replace sets that run aside and makes a new plan.
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
    /// Set a run aside that has begun: gates that it passed and looks that are due are lost.
    #[arg(long)]
    replace: bool,
    /// Every door with its calls, its proof, what breaks and what may still work.
    #[arg(long)]
    all: bool,
}

pub(super) async fn run(desktop: &Desktop, args: &Args) -> Result<Ended> {
    let app = desktop.app()?;
    if !args.replace {
        // Looked at without taking the case, so that a run may be under way.
        let state = app.peek(&args.case).ok().filter(run::has_begun);
        if let Some(state) = state {
            return as_it_stands(desktop, args, &state);
        }
    }
    let desk = app.desk(&args.case)?;
    let case = desk.log.case();
    let (plan, digest, rest) = if args.replace {
        desk.replan(&args.playbook).await?
    } else {
        let (plan, digest) = desk.plan(&args.playbook).await?;
        (plan, digest, run::Rest::default())
    };
    desk.finish().await?;
    for line in rest.lines() {
        desktop
            .ui
            .warning(&format!("set aside with the run before: {line}"));
    }
    desk.log
        .read(|state| show(desktop, args, state, (&plan, digest)))?;
    desktop.ui.hint(&format!("next: cordon run {case}"));
    Ok(None)
}

/// The plan whose run has begun. Nothing is written.
fn as_it_stands(desktop: &Desktop, args: &Args, state: &CaseState) -> Result<Ended> {
    if let Some((plan, digest)) = &state.plan {
        show(desktop, args, state, (plan, *digest))?;
    }
    let case = state
        .case
        .as_ref()
        .map_or_else(String::new, ToString::to_string);
    let hint = |line: String| desktop.ui.hint(&line);
    desktop
        .ui
        .warning("this is the plan as it stands: its run has begun, and nothing was changed");
    hint(format!("`cordon run {case}` goes on with it"));
    hint(format!(
        "`cordon plan {case} --playbook {} --replace` sets it aside for a new plan, and loses {}",
        args.playbook,
        run::Rest::of(state).lines().join("; ")
    ));
    Ok(None)
}

fn show(
    desktop: &Desktop,
    args: &Args,
    state: &CaseState,
    (plan, digest): (&Plan, Digest),
) -> Result<()> {
    let catalogue = crate::app::catalogue();
    let preview = show::view(plan, state, &catalogue)?;
    let detail = if args.all {
        show::Detail::Doors
    } else {
        show::Detail::Brief
    };
    let text = show::text(plan, state, &catalogue, detail)?;
    desktop.ui.answer(
        &serde_json::json!({ "digest": digest, "plan": plan, "preview": preview }),
        || text,
    )?;
    if !args.all {
        let case = &plan.case;
        let again = format!("each door with its calls and its proof: cordon plan {case} --all");
        desktop.ui.hint(&again);
    }
    Ok(())
}
