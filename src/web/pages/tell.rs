//! The forms about duties: when something happened, whether a duty applies, a receipt, a delay.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;

use crate::access::Ability;
use crate::app::duties::{Document, Told};
use crate::case::event::Answer;
use crate::case::event::due::Trigger;
use crate::clock;
use crate::fault::{Fault, Result};
use crate::id::InstantId;
use crate::time::Timestamp;
use crate::web::desk::reason;
use crate::web::shown::path;
use crate::web::visit::{Form, Visit};
use crate::web::{Web, page};

/// The page of every clock.
pub(super) async fn clocks(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path(id): Path<String>,
) -> Response {
    let made = web
        .look(&visit, &id, Ability::SeeCase, |look| {
            super::duty::page(look)
        })
        .await;
    page::answered(&web, &visit, "clocks", made)
}

/// The deadlines of a case for a calendar, as a file.
pub(super) async fn calendar(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path(id): Path<String>,
) -> Response {
    let made = web
        .look(&visit, &id, Ability::SeeCase, |look| {
            let clocks = clock::list(look.state, look.now);
            let text = clock::ics::calendar(look.id, &clocks, look.now);
            let name = format!("{}.ics", look.id);
            let headers = [
                ("content-type", "text/calendar; charset=utf-8".to_owned()),
                ("content-disposition", page::attachment(&name)),
            ];
            Ok((headers, text))
        })
        .await;
    page::given(&web, &visit, made)
}

/// What a form says; which fields count is decided by where it was sent.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Said {
    what: String,
    at: String,
    zone: String,
    reason: String,
    question: String,
    answer: String,
    reference: String,
    authority: String,
    from: String,
    until: String,
    evidence: String,
    facts: String,
    ended: String,
}

/// An instant as a person writes it; what says nothing else is local time in the named zone.
fn instant(text: &str, zone: &str) -> Result<Timestamp> {
    let text = text.trim();
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let local: Option<jiff::civil::DateTime> = text.parse().ok();
    let zone = jiff::tz::TimeZone::get(zone.trim()).ok();
    let at = local.zip(zone).and_then(|(local, zone)| {
        // An hour that comes twice or never in that zone is asked for with its offset.
        zone.to_ambiguous_zoned(local).unambiguous().ok()
    });
    at.map(|at| at.timestamp()).ok_or_else(|| {
        Fault::input("instant", "No instant was given, or none that can be read.").hint(
            "write it with its zone, such as 2027-03-13T03:12:00-05:00, or as local time that comes once in the named zone",
        )
    })
}

/// Records when something happened.
pub(super) async fn record(
    State(web): State<Arc<Web>>,
    Path(id): Path<String>,
    Form(visit, said): Form<Said>,
) -> Response {
    let back = path(&["cases", &id, "clocks"]);
    let done = web
        .act(&visit, &id, Ability::Counsel, async move |desk| {
            let known = Trigger::INSTANTS;
            let what = known.into_iter().find(|one| one.name() == said.what);
            let what = what.ok_or_else(|| {
                Fault::input("instant", "Say what happened.").hint("go back, and choose it")
            })?;
            let told = Told {
                what,
                at: instant(&said.at, &said.zone)?,
                zone: Some(said.zone.trim()).filter(|zone| !zone.is_empty()),
                note: &reason(&said.reason)?,
                evidence: evidence(&said.evidence)?,
            };
            desk.record_instant(told).await.map(|_| ())
        })
        .await;
    page::then(&web, &visit, done.map(|()| back))
}

/// Names that stand in one field, apart from each other.
pub(super) fn names(text: &str) -> Vec<String> {
    let names = text.split([',', ' ', '\n']).map(str::trim);
    names
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

fn evidence(text: &str) -> Result<Vec<crate::id::EvidenceId>> {
    text.split([',', ' ', '\n'])
        .map(str::trim)
        .filter(|id| !id.is_empty())
        .map(str::parse)
        .collect()
}

/// Takes an instant back.
pub(super) async fn withdraw(
    State(web): State<Arc<Web>>,
    Path((id, taken)): Path<(String, String)>,
    Form(visit, said): Form<Said>,
) -> Response {
    let back = path(&["cases", &id, "clocks"]);
    let done = web
        .act(&visit, &id, Ability::Counsel, async move |desk| {
            let taken: InstantId = taken.parse()?;
            desk.withdraw_instant(&taken, &reason(&said.reason)?).await
        })
        .await;
    page::then(&web, &visit, done.map(|()| back))
}

/// Answers a question of the duty of a clock.
pub(super) async fn answer(
    State(web): State<Arc<Web>>,
    Path((id, of)): Path<(String, String)>,
    Form(visit, said): Form<Said>,
) -> Response {
    let back = path(&["cases", &id, "clocks", &of]);
    let done = web
        .act(&visit, &id, Ability::Counsel, async move |desk| {
            let answer = match said.answer.as_str() {
                "yes" => Answer::Yes,
                "no" => Answer::No,
                "unknown" => Answer::Unknown,
                _ => return Err(Fault::input("answer", "Answer yes, no or unknown.")),
            };
            let duty = duty_of(desk, &of)?;
            let (why, facts) = (reason(&said.reason)?, names(&said.facts));
            desk.answer_question(&duty, &said.question, answer, &why, facts)
                .await
        })
        .await;
    page::then(&web, &visit, done.map(|()| back))
}

/// The duty of a clock.
fn duty_of(desk: &crate::app::Desk, of: &str) -> Result<String> {
    desk.log.read(|state| {
        let record = clock::find(state, of)?;
        let rule = record.start.due.as_deref();
        let duty = rule.map(|rule| rule.obligation.clone());
        duty.ok_or_else(|| Fault::input("no-question", "This clock belongs to no duty."))
    })
}

/// Records the receipt of what was handed in.
pub(super) async fn receipt(
    State(web): State<Arc<Web>>,
    Path((id, of)): Path<(String, String)>,
    Form(visit, said): Form<Said>,
) -> Response {
    let back = path(&["cases", &id, "clocks", &of]);
    let done = web
        .act(&visit, &id, Ability::Counsel, async move |desk| {
            let reference = reason(&said.reference)?;
            let at = match said.at.trim() {
                "" => None,
                text => Some(instant(text, &said.zone)?),
            };
            let shows = evidence(&said.evidence)?;
            desk.clock_receipt(&of, &reference, at, shows).await
        })
        .await;
    page::then(&web, &visit, done.map(|()| back))
}

/// Takes a receipt back.
pub(super) async fn unreceipt(
    State(web): State<Arc<Web>>,
    Path((id, of)): Path<(String, String)>,
    Form(visit, said): Form<Said>,
) -> Response {
    let back = path(&["cases", &id, "clocks", &of]);
    let done = web
        .act(&visit, &id, Ability::Counsel, async move |desk| {
            let why = reason(&said.reason)?;
            desk.take_back_receipt(&of, &why).await
        })
        .await;
    page::then(&web, &visit, done.map(|()| back))
}

/// Takes a delay back.
pub(super) async fn undelay(
    State(web): State<Arc<Web>>,
    Path((id, of, delay)): Path<(String, String, u32)>,
    Form(visit, said): Form<Said>,
) -> Response {
    let back = path(&["cases", &id, "clocks", &of]);
    let done = web
        .act(&visit, &id, Ability::Counsel, async move |desk| {
            let ended = match said.ended.trim() {
                "" => None,
                text => Some(instant(text, &said.zone)?),
            };
            let why = reason(&said.reason)?;
            desk.withdraw_delay(delay, ended, &why).await
        })
        .await;
    page::then(&web, &visit, done.map(|()| back))
}

/// Records that an authority asks to wait; its document is kept before.
pub(super) async fn delay(
    State(web): State<Arc<Web>>,
    Path((id, of)): Path<(String, String)>,
    Form(visit, said): Form<Said>,
) -> Response {
    let back = path(&["cases", &id, "clocks", &of]);
    let done = web
        .act(&visit, &id, Ability::Counsel, async move |desk| {
            let duty = duty_of(desk, &of)?;
            let zone = &said.zone;
            let within = (instant(&said.from, zone)?, instant(&said.until, zone)?);
            let document = Document::Kept(said.evidence.trim().parse()?);
            desk.record_delay(&said.authority, &[duty], within, document)
                .await
                .map(|_| ())
        })
        .await;
    page::then(&web, &visit, done.map(|()| back))
}
