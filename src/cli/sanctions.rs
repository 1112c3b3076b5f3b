//! `cordon sanctions`: the hold on everything that is claimed, and what counsel determined. Nothing here
//! ends a hold, and nothing anywhere pays.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::json;

use super::signature::Signature;
use super::{Desktop, Ended};
use crate::app::sanctions::Proposal;
use crate::app::summary::Summary;
use crate::fault::Result;
use crate::hostile::one_line;
use crate::id::DeterminationId;
use crate::time::utc;

/// Show the sanctions hold, open it, record what counsel determined. Nothing ends it.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Show the hold, what it covers, and what was determined.
    Show(One),
    /// Open the hold. It stands by itself in a case of the route `suspicion` and after a demand.
    Hold(Hold),
    /// Put a licence or a determination of counsel in, with its document.
    Propose(Propose),
    /// Decide that a determination is as it stands: one of legal, and an executive or incident lead.
    Approve(Approve),
}

#[derive(Debug, clap::Args)]
pub(super) struct One {
    /// The case: its id, or enough of its end to be unique.
    case: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct Hold {
    /// The case: its id, or enough of its end to be unique.
    case: String,
    /// Why; it stands in the log.
    #[arg(long)]
    reason: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct Propose {
    /// The case: its id, or enough of its end to be unique.
    case: String,
    /// The document; it is kept as evidence.
    document: PathBuf,
    /// What it is: `licence` of an authority, or `determination` of counsel.
    #[arg(long)]
    kind: String,
    /// What of the hold it speaks of; may be given more than once [default: all of it].
    #[arg(long)]
    scope: Vec<String>,
    /// What it says, in short.
    #[arg(long)]
    text: String,
    /// Why it is recorded.
    #[arg(long)]
    reason: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct Approve {
    /// The case: its id, or enough of its end to be unique.
    pub(super) case: String,
    /// The determination.
    pub(super) determination: DeterminationId,
    #[command(flatten)]
    pub(super) signature: Signature,
}

pub(super) async fn run(desktop: &Desktop, verb: Verb) -> Result<Ended> {
    match verb {
        Verb::Show(args) => {
            let app = desktop.app()?;
            let summary = Summary::of(&app.peek(&args.case)?, app.clock.now());
            show(desktop, &summary)
        }
        Verb::Hold(args) => {
            let desk = desktop.app()?.desk(&args.case)?;
            if !desk.hold_claims(&args.reason).await? {
                desktop.ui.status("the hold stood before");
            }
            desk.finish().await?;
            show(desktop, &desk.summary())
        }
        Verb::Propose(args) => {
            let desk = desktop.app()?.desk(&args.case)?;
            let proposal = Proposal {
                kind: args.kind,
                scope: args.scope,
                text: args.text,
                reason: args.reason,
            };
            let id = desk.propose_determination(&args.document, proposal).await?;
            desk.finish().await?;
            let hint = "next, one of legal and an executive or incident lead each: cordon sanctions approve";
            desktop.ui.hint(&format!(
                "{hint} {} {id} --as NAME --key FILE --reason …",
                desk.log.case()
            ));
            show(desktop, &desk.summary())
        }
        Verb::Approve(args) => {
            let desk = desktop.app()?.desk(&args.case)?;
            let by = &args.signature;
            let (_, determined) = desk
                .approve_determination(&args.determination, &by.person, &by.key, &by.reason)
                .await?;
            desk.finish().await?;
            let says = if determined {
                "determined; the hold stands, and people act on the determination outside of Cordon"
            } else {
                "decided; another person's decision is needed"
            };
            desktop.ui.status(says);
            show(desktop, &desk.summary())
        }
    }
}

fn show(desktop: &Desktop, summary: &Summary) -> Result<Ended> {
    let (hold, all) = (&summary.hold, &summary.determinations);
    desktop
        .ui
        .answer(&json!({ "hold": hold, "determinations": all }), || {
            let Some(hold) = hold else {
                return "No sanctions hold stands.\n".to_owned();
            };
            let mut text = format!("A sanctions hold stands since {}.\n", utc(hold.since));
            let _ = writeln!(text, "  why     {}", one_line(&hold.reason, 400));
            let _ = writeln!(text, "  covers  {}", hold.scope.join(", "));
            for one in all {
                let _ = writeln!(
                    text,
                    "\n{} {}: {}",
                    one.id,
                    one.stage(),
                    one_line(&one.text, 300)
                );
                let _ = writeln!(
                    text,
                    "  {} for {}",
                    one_line(&one.kind, 40),
                    one.scope.join(", ")
                );
                let _ = writeln!(text, "  why       {}", one_line(&one.reason, 300));
                let _ = writeln!(text, "  document  {} sha256 {}", one.document, one.sha256);
                let _ = writeln!(
                    text,
                    "  decided   {}",
                    one_line(&one.approved_by.join(", "), 300)
                );
            }
            text
        })?;
    Ok(None)
}
