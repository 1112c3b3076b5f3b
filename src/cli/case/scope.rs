//! `cordon case restrict`, `unrestrict` and `exclude`: who may know of a case.

use serde_json::json;

use super::super::{Desktop, Ended};
use super::Why;
use crate::app::Desk;
use crate::case::state::Scope;
use crate::fault::Result;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Restrict {
    /// The case: its id, or enough of its end to be unique.
    case: String,
    /// Who may see it, as the configuration names them; may be given more than once.
    #[arg(long = "to", value_name = "NAME", required = true)]
    people: Vec<String>,
    /// Why; it stands in the log.
    #[arg(long)]
    reason: String,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Exclude {
    /// The case: its id, or enough of its end to be unique.
    case: String,
    /// Who, as the configuration names them.
    person: String,
    /// Why; it stands in the log.
    #[arg(long)]
    reason: String,
}

pub(super) async fn restrict(desktop: &Desktop, args: &Restrict) -> Result<Ended> {
    let desk = desktop.app()?.desk(&args.case)?;
    let scope = desk.restrict(&args.people, &args.reason).await?;
    told(desktop, &desk, &scope).await
}

pub(super) async fn unrestrict(desktop: &Desktop, args: &Why) -> Result<Ended> {
    let desk = desktop.app()?.desk(&args.case)?;
    let scope = desk.unrestrict(&args.reason).await?;
    told(desktop, &desk, &scope).await
}

pub(super) async fn exclude(desktop: &Desktop, args: &Exclude) -> Result<Ended> {
    let desk = desktop.app()?.desk(&args.case)?;
    let scope = desk.exclude(&args.person, &args.reason).await?;
    told(desktop, &desk, &scope).await
}

async fn told(desktop: &Desktop, desk: &Desk, scope: &Scope) -> Result<Ended> {
    desk.finish().await?;
    let case = desk.log.case();
    let document = json!({ "case": case, "scope": scope });
    desktop.ui.answer(&document, || {
        let who = match &scope.only {
            None => "everybody with a role".to_owned(),
            Some(only) => only.join(", "),
        };
        let excluded = scope.excluded.join(", ");
        let never = (!excluded.is_empty()).then(|| format!("; never: {excluded}"));
        format!("{case} is seen by {who}{}\n", never.unwrap_or_default())
    })?;
    Ok(None)
}
