//! Whom a case may be about too.

use http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Operation;
use super::asked::{Asked, Paged, Why, said};
use crate::access::Ability;
use crate::case::state::LeadRecord;
use crate::case::subject::Subject;
use crate::fault::Result;
use crate::id::LeadId;

/// Somebody whom the case may be about too.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewLead {
    /// What is known of them: a work address, a worker id, or an account at a provider.
    person: Subject,
    /// Why the case may be about them too; it stands in the log.
    #[schemars(length(min = 1, max = 1000))]
    reason: String,
}

pub(super) fn operations() -> Vec<Operation> {
    use Ability::{Lead, SeeEvidence};
    vec![
        Operation::get::<Paged<LeadRecord>>(
            "/cases/{case}/leads",
            "list_leads",
            "Whom the case may be about too, with the leads that came to nothing.",
            SeeEvidence,
            list,
        )
        .paged(),
        Operation::post::<NewLead, LeadRecord>(
            "/cases/{case}/leads",
            "record_lead",
            "Record that the case may be about somebody else too: they are kept out of it, and left alone.",
            Lead,
            |asked| Box::pin(record(asked)),
        )
        .answered(StatusCode::CREATED),
        Operation::post::<Why, LeadRecord>(
            "/cases/{case}/leads/{lead}/dismiss",
            "dismiss_lead",
            "Record that a lead came to nothing: the person is kept out no more.",
            Lead,
            |asked| Box::pin(dismiss(asked)),
        ),
    ]
}

fn list(asked: &Asked) -> Result<Value> {
    let state = asked.state(Ability::SeeEvidence)?;
    asked.page(&state.leads, |lead| lead.lead.to_string())
}

async fn record(asked: Asked) -> Result<Value> {
    let NewLead { person, reason } = asked.body()?;
    let reason = said("reason", &reason, Why::LONGEST)?;
    let desk = asked.desk(Ability::Lead)?;
    let made = desk.record_lead(person, reason).await?;
    desk.finish().await?;
    Ok(json!(made))
}

async fn dismiss(asked: Asked) -> Result<Value> {
    let why: Why = asked.body()?;
    let reason = why.said()?;
    let desk = asked.desk(Ability::Lead)?;
    let lead: LeadId = asked.param("lead").parse()?;
    let gone = desk.dismiss_lead(&lead, reason).await?;
    desk.finish().await?;
    Ok(json!(gone))
}
