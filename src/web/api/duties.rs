//! Duties: what happened when, whether one applies, who asks to wait, and what is not watched.

use http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Operation;
use super::asked::{Asked, Paged, Why};
use crate::access::Ability;
use crate::app::Desk;
use crate::app::duties::{Document, DutyLine, Told};
use crate::case::event::Answer;
use crate::case::event::due::Trigger;
use crate::case::state::{DelayRecord, InstantRecord};
use crate::clock::Shown;
use crate::fault::{Fault, Result};
use crate::id::{EvidenceId, InstantId};
use crate::time::Timestamp;

/// When something happened.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Happened {
    /// What happened.
    what: Trigger,
    /// When; not in the future.
    at: Timestamp,
    /// The zone that it was told in, by IANA name; the configured one without.
    zone: Option<String>,
    /// How it is known.
    #[schemars(length(min = 1, max = 2000))]
    note: String,
    /// What shows it.
    #[serde(default)]
    evidence: Vec<EvidenceId>,
}

/// An answer to a question of a duty.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Answered {
    /// The duty, by id.
    obligation: String,
    /// The question, by id.
    question: String,
    /// The answer.
    answer: Answer,
    /// Why; it stands in the log.
    #[schemars(length(min = 1, max = 2000))]
    reason: String,
    /// Facts that it rests on, beside those of the question: when one changes, the answer is to be looked
    /// at again.
    #[serde(default)]
    facts: Vec<String>,
}

/// An authority asks to wait.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Wait {
    /// Who asks.
    #[schemars(length(min = 1, max = 2000))]
    authority: String,
    /// The duties that it is about, by id.
    scope: Vec<String>,
    /// From when on.
    from: Timestamp,
    /// Until when.
    until: Timestamp,
    /// The document, kept as evidence before.
    evidence: EvidenceId,
}

/// A delay counts no longer.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Unwait {
    /// Until when it counted; without, it never did.
    ended: Option<Timestamp>,
    /// Why; it stands in the log.
    #[schemars(length(min = 1, max = 2000))]
    reason: String,
}

/// Deadlines for a calendar.
#[derive(Debug, JsonSchema)]
struct Ics {
    /// The calendar, RFC 5545.
    #[schemars(rename = "ics")]
    _ics: String,
}

pub(super) fn operations() -> Vec<Operation> {
    use Ability::{Counsel, SeeCase};
    vec![
        Operation::get::<Paged<InstantRecord>>(
            "/cases/{case}/instants",
            "list_instants",
            "Every instant that was recorded, the earliest first; withdrawn ones too.",
            SeeCase,
            instants,
        )
        .paged(),
        Operation::post::<Happened, InstantRecord>(
            "/cases/{case}/instants",
            "record_instant",
            "Record when something happened; what begins with it starts.",
            Counsel,
            |asked| Box::pin(record(asked)),
        )
        .answered(StatusCode::CREATED),
        Operation::post::<Why, InstantRecord>(
            "/cases/{case}/instants/{instant}/withdraw",
            "withdraw_instant",
            "Take an instant back; it stays in the log and starts nothing.",
            Counsel,
            |asked| Box::pin(withdraw(asked)),
        ),
        Operation::get::<Paged<DutyLine>>(
            "/cases/{case}/duties",
            "list_duties",
            "Every duty that is known, and why no clock watches it.",
            SeeCase,
            duties,
        )
        .paged(),
        Operation::post::<Answered, Vec<Shown>>(
            "/cases/{case}/answers",
            "answer_question",
            "Answer a question that decides whether a duty applies; its clocks come back.",
            Counsel,
            |asked| Box::pin(answer(asked)),
        ),
        Operation::post::<Wait, Vec<Shown>>(
            "/cases/{case}/delays",
            "record_delay",
            "Record that an authority asks to wait; the clocks of the duties come back.",
            Counsel,
            |asked| Box::pin(delay(asked)),
        ),
        Operation::get::<Paged<DelayRecord>>(
            "/cases/{case}/delays",
            "list_delays",
            "Every delay that an authority asked for, with its document; withdrawn ones too.",
            SeeCase,
            delays,
        )
        .paged(),
        Operation::post::<Unwait, Vec<Shown>>(
            "/cases/{case}/delays/{delay}/withdraw",
            "withdraw_delay",
            "Take a delay back: lifted at an instant, or never valid; the clocks of its duties come back.",
            Counsel,
            |asked| Box::pin(undelay(asked)),
        ),
        Operation::get::<Ics>(
            "/cases/{case}/calendar",
            "show_calendar",
            "The open deadlines as iCalendar, with neutral titles.",
            SeeCase,
            calendar,
        ),
    ]
}

fn instants(asked: &Asked) -> Result<Value> {
    let state = asked.state(Ability::SeeCase)?;
    let mut all: Vec<InstantRecord> = state.instants.values().cloned().collect();
    all.sort_by_key(|record| record.instant.at);
    asked.page(&all, |record| record.instant.id.to_string())
}

async fn record(asked: Asked) -> Result<Value> {
    let happened: Happened = asked.body()?;
    let desk = asked.desk(Ability::Counsel)?;
    let told = Told {
        what: happened.what,
        at: happened.at,
        zone: happened.zone.as_deref(),
        note: &happened.note,
        evidence: happened.evidence,
    };
    let id = desk.record_instant(told).await?;
    recorded(&desk, &id).await
}

async fn withdraw(asked: Asked) -> Result<Value> {
    let Why { reason } = asked.body()?;
    let id: InstantId = asked.param("instant").parse()?;
    let desk = asked.desk(Ability::Counsel)?;
    desk.withdraw_instant(&id, &reason).await?;
    recorded(&desk, &id).await
}

async fn recorded(desk: &Desk, id: &InstantId) -> Result<Value> {
    desk.finish().await?;
    let record = desk.log.read(|state| state.instants.get(id).cloned());
    record
        .map(|record| json!(record))
        .ok_or_else(|| Fault::input("no-instant", "The case has no such instant.").at(id))
}

fn duties(asked: &Asked) -> Result<Value> {
    let state = asked.state(Ability::SeeCase)?;
    let app = &asked.web.app;
    let catalogue = app.settings.catalogue()?;
    let today = app.clock.now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let lines = DutyLine::of_case(&catalogue, &app.settings.organisation, &state, today);
    asked.page(&lines, |line| line.obligation.id.clone())
}

async fn answer(asked: Asked) -> Result<Value> {
    let said: Answered = asked.body()?;
    let desk = asked.desk(Ability::Counsel)?;
    let (obligation, question) = (&said.obligation, &said.question);
    let (answer, facts) = (said.answer, said.facts.clone());
    desk.answer_question(obligation, question, answer, &said.reason, facts)
        .await?;
    clocks(&desk, std::slice::from_ref(obligation)).await
}

async fn delay(asked: Asked) -> Result<Value> {
    let wait: Wait = asked.body()?;
    let desk = asked.desk(Ability::Counsel)?;
    let document = Document::Kept(wait.evidence);
    let within = (wait.from, wait.until);
    desk.record_delay(&wait.authority, &wait.scope, within, document)
        .await?;
    clocks(&desk, &wait.scope).await
}

fn delays(asked: &Asked) -> Result<Value> {
    let state = asked.state(Ability::SeeCase)?;
    asked.page(&state.delays, |record| record.number.to_string())
}

async fn undelay(asked: Asked) -> Result<Value> {
    let Unwait { ended, reason } = asked.body()?;
    let text = asked.param("delay");
    let number: u32 = text.parse().map_err(|_| {
        Fault::input("no-delay", "The case has no such delay.").at(text.escape_debug())
    })?;
    let desk = asked.desk(Ability::Counsel)?;
    desk.withdraw_delay(number, ended, &reason).await?;
    let scope = desk.log.read(|state| {
        let mut all = state.delays.iter();
        let found = all.find(|record| record.number == number);
        found.map(|record| record.delay.scope.clone())
    });
    clocks(&desk, &scope.unwrap_or_default()).await
}

/// The clocks of these duties.
async fn clocks(desk: &Desk, of: &[String]) -> Result<Value> {
    desk.finish().await?;
    let mut clocks = desk.clocks();
    clocks.retain(|clock| {
        let duty = clock.duty.as_ref();
        duty.is_some_and(|duty| of.contains(&duty.obligation))
    });
    Ok(json!(clocks))
}

fn calendar(asked: &Asked) -> Result<Value> {
    let state = asked.state(Ability::SeeCase)?;
    let now = asked.web.app.clock.now();
    let clocks = crate::clock::list(&state, now);
    let case = state.case.as_ref();
    let ics = case.map(|case| crate::clock::ics::calendar(case, &clocks, now));
    Ok(json!({ "ics": ics }))
}
