//! Contacts and clocks.

use http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Operation;
use super::asked::{Asked, Paged, Why};
use crate::access::Ability;
use crate::app::Desk;
use crate::case::event::Contact;
use crate::clock::Shown;
use crate::fault::{Fault, Result};
use crate::id::{ClockId, ContactId, EvidenceId};
use crate::time::Timestamp;

/// A contact that a person tells of.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Told {
    /// `email`, `call`, `chat`, `letter`, `other`.
    channel: String,
    /// `in` or `out`.
    direction: String,
    /// Who it says it is from.
    from: String,
    /// When it came.
    at: Option<Timestamp>,
    /// What it says.
    text: String,
}

/// A person's word on a contact.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Judge {
    /// Whether it makes a demand.
    demand: bool,
    /// Why; it stands in the log.
    reason: String,
}

/// The start of a clock.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Start")]
struct Chosen {
    /// The instant: one of the candidates.
    start: Timestamp,
    /// Why; it stands in the log.
    reason: String,
    /// Facts that it rests on: when one changes, the choice is to be looked at again.
    #[serde(default)]
    facts: Vec<String>,
}

/// What was handed in.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Receipt {
    /// How the addressee names it.
    reference: String,
    /// When it was handed in there; now unless it is given.
    at: Option<Timestamp>,
    /// What shows it.
    #[serde(default)]
    evidence: Vec<EvidenceId>,
}

pub(super) fn operations() -> Vec<Operation> {
    use Ability::{Counsel, SeeCase, SeeEvidence, Work};
    vec![
        Operation::get::<Paged<Contact>>(
            "/cases/{case}/contacts",
            "list_contacts",
            "Every contact.",
            SeeEvidence,
            contacts,
        )
        .paged(),
        Operation::post::<Told, Contact>(
            "/cases/{case}/contacts",
            "add_contact",
            "Record a contact that a person tells of.",
            Work,
            |asked| Box::pin(tell(asked)),
        )
        .answered(StatusCode::CREATED),
        Operation::post::<Judge, Contact>(
            "/cases/{case}/contacts/{contact}",
            "judge_contact",
            "Say whether a contact makes a demand.",
            Work,
            |asked| Box::pin(judge(asked)),
        ),
        Operation::get::<Paged<Shown>>(
            "/cases/{case}/clocks",
            "list_clocks",
            "Every clock, the next due first.",
            SeeCase,
            clocks,
        )
        .paged(),
        Operation::post::<Chosen, Shown>(
            "/cases/{case}/clocks/{clock}",
            "choose_start",
            "Choose the start of a clock among its candidates.",
            Counsel,
            |asked| Box::pin(choose(asked)),
        ),
        Operation::post::<Receipt, Shown>(
            "/cases/{case}/clocks/{clock}/receipt",
            "record_receipt",
            "Record that what a clock asks for was handed in outside of Cordon, or its receipt.",
            Counsel,
            |asked| Box::pin(receipt(asked)),
        ),
        Operation::post::<Why, Shown>(
            "/cases/{case}/clocks/{clock}/receipt/withdraw",
            "withdraw_receipt",
            "Take a receipt back: the clock runs again.",
            Counsel,
            |asked| Box::pin(take_back(asked)),
        ),
    ]
}

fn contacts(asked: &Asked) -> Result<Value> {
    let state = asked.state(Ability::SeeEvidence)?;
    asked.page(&state.contacts, |contact| contact.id.to_string())
}

async fn tell(asked: Asked) -> Result<Value> {
    let told: Told = asked.body()?;
    let desk = asked.desk(Ability::Work)?;
    let contact = desk
        .contact_add(
            &told.channel,
            &told.direction,
            &told.from,
            told.at,
            &told.text,
        )
        .await?;
    desk.finish().await?;
    Ok(json!(contact))
}

async fn judge(asked: Asked) -> Result<Value> {
    let Judge { demand, reason } = asked.body()?;
    let id: ContactId = asked.param("contact").parse()?;
    let desk = asked.desk(Ability::Work)?;
    let contact = desk.contact_mark(&id, demand, &reason).await?;
    desk.finish().await?;
    Ok(json!(contact))
}

fn clocks(asked: &Asked) -> Result<Value> {
    let state = asked.state(Ability::SeeCase)?;
    let clocks = crate::clock::list(&state, asked.web.app.clock.now());
    asked.page(&clocks, |clock| clock.id.to_string())
}

async fn choose(asked: Asked) -> Result<Value> {
    let Chosen {
        start,
        reason,
        facts,
    } = asked.body()?;
    let id: ClockId = asked.param("clock").parse()?;
    let desk = asked.desk(Ability::Counsel)?;
    desk.choose_start(id.as_str(), start, false, &reason, facts)
        .await?;
    clock(&desk, &id).await
}

async fn receipt(asked: Asked) -> Result<Value> {
    let told: Receipt = asked.body()?;
    let id: ClockId = asked.param("clock").parse()?;
    let desk = asked.desk(Ability::Counsel)?;
    desk.clock_receipt(id.as_str(), &told.reference, told.at, told.evidence)
        .await?;
    clock(&desk, &id).await
}

async fn take_back(asked: Asked) -> Result<Value> {
    let Why { reason } = asked.body()?;
    let id: ClockId = asked.param("clock").parse()?;
    let desk = asked.desk(Ability::Counsel)?;
    desk.take_back_receipt(id.as_str(), &reason).await?;
    clock(&desk, &id).await
}

async fn clock(desk: &Desk, id: &ClockId) -> Result<Value> {
    desk.finish().await?;
    let clock = desk.clocks().into_iter().find(|clock| clock.id == *id);
    clock
        .map(|clock| json!(clock))
        .ok_or_else(|| Fault::input("no-clock", "The case has no such clock.").at(id))
}
