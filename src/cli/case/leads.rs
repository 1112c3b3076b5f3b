//! `cordon case lead`, `leads` and `unlead`: whom a case may be about too.

use serde_json::json;

use super::super::{Desktop, Ended};
use super::{One, Who};
use crate::case::state::LeadRecord;
use crate::fault::Result;
use crate::hostile::one_line;
use crate::id::LeadId;
use crate::ui;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Lead {
    /// The case: its id, or enough of its end to be unique.
    case: String,
    #[command(flatten)]
    who: Who,
    /// What they are called; shown, and whoever is called so on the roster is kept out too.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Why the case may be about them too; it stands in the log.
    #[arg(long)]
    reason: String,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Unlead {
    /// The case: its id, or enough of its end to be unique.
    case: String,
    /// The lead, as `cordon case leads` names it.
    lead: LeadId,
    /// Why; it stands in the log.
    #[arg(long)]
    reason: String,
}

pub(super) async fn record(desktop: &Desktop, args: Lead) -> Result<Ended> {
    let desk = desktop.app()?.desk(&args.case)?;
    let person = args.who.subject(args.name)?;
    let made = desk.record_lead(person, &args.reason).await?;
    desk.finish().await?;
    let case = desk.log.case();
    let document = json!({ "case": case, "lead": made });
    desktop
        .ui
        .answer(&document, || format!("{}\n", made.lead))?;
    desktop.ui.hint(
        "they are kept out of this case; what is done to them needs a case of their own: cordon case open",
    );
    Ok(None)
}

pub(super) async fn dismiss(desktop: &Desktop, args: &Unlead) -> Result<Ended> {
    let desk = desktop.app()?.desk(&args.case)?;
    let gone = desk.dismiss_lead(&args.lead, &args.reason).await?;
    desk.finish().await?;
    let document = json!({ "case": desk.log.case(), "lead": gone });
    desktop
        .ui
        .answer(&document, || format!("{}: dismissed\n", gone.lead))?;
    Ok(None)
}

pub(super) fn list(desktop: &Desktop, args: &One) -> Result<Ended> {
    let app = desktop.app()?;
    let state = app.peek(&args.case)?;
    let document = json!({ "case": state.case, "leads": state.leads });
    desktop.ui.answer(&document, || {
        let rows = state.leads.iter().map(|lead| {
            [
                lead.lead.to_string(),
                one_line(&lead.person.in_words(), 80),
                one_line(&lead.reason, 120),
                standing(lead),
            ]
        });
        ui::table(["LEAD", "WHO", "WHY", "STANDS"], rows)
    })?;
    Ok(None)
}

fn standing(lead: &LeadRecord) -> String {
    match &lead.dismissed {
        None => "kept out".to_owned(),
        Some(why) => format!("dismissed: {}", one_line(why, 120)),
    }
}
