//! Clocks: what is due when, on which basis, with which doubts; and a person's choice of the start.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::duty::{DutyView, Shows, duty, shows};
use super::head::{Head, head};
use crate::access::Ability;
use crate::app::summary::Summary;
use crate::clock::{self, Shown};
use crate::fault::{Fault, Result};
use crate::id::EvidenceId;
use crate::time::{Timestamp, utc};
use crate::web::desk::reason;
use crate::web::look::Look;
use crate::web::shown::{When, line, path};
use crate::web::visit::{Form, Visit};
use crate::web::{Web, page};

/// Every clock of a case: what runs, the next due first, and what has its receipt.
#[derive(Debug, Serialize)]
pub(super) struct Clocks {
    running: Vec<ClockView>,
    ended: Vec<ClockView>,
    ruled_out: Vec<ClockView>,
}

/// A notice of a clock.
#[derive(Debug, Serialize)]
struct Linked {
    words: &'static str,
    id: String,
    href: String,
}

#[derive(Debug, Serialize)]
struct ClockView {
    title: String,
    rule: String,
    basis: String,
    due: When,
    state: &'static str,
    start: When,
    /// `chosen because …`, or that it is the earliest candidate.
    start_is: String,
    doubts: Vec<String>,
    receipt: Option<String>,
    /// How it was met: by what, when, in time or not.
    met: Option<String>,
    /// Later filings, and receipts that were taken back.
    filings: Vec<String>,
    /// The notice that met it, and drafts that answer it.
    notices: Vec<Linked>,
    /// Whether there is a receipt that can be taken back.
    receipted: bool,
    /// What changed since a person decided.
    reopened: Vec<String>,
    ruled_out: Option<String>,
    /// Whether the time is an internal target, and whether its figure was not checked.
    target: bool,
    unverified: bool,
    owner: Option<String>,
    /// The page of the clock.
    href: String,
    /// Whether the visitor may choose the start.
    may: bool,
}

pub(super) fn clocks(look: &Look<'_>, summary: &Summary) -> Clocks {
    let views = |wanted: &dyn Fn(&&Shown) -> bool| {
        let clocks = summary.clocks.iter().filter(wanted);
        clocks.map(|one| view(look, one)).collect()
    };
    Clocks {
        running: views(&|clock| clock.is_open()),
        ended: views(&|clock| !clock.is_open() && clock.ruled_out.is_none()),
        ruled_out: views(&|clock| clock.ruled_out.is_some()),
    }
}

fn view(look: &Look<'_>, clock: &Shown) -> ClockView {
    let href = path(&["cases", look.id.as_str(), "clocks", clock.id.as_str()]);
    ClockView {
        title: line(&clock.title),
        rule: line(&clock.rule),
        basis: line(&clock.basis),
        due: look.words.when(clock.due),
        state: match clock.state {
            "ruled_out" => "ruled out",
            state => state,
        },
        start: look.words.when(clock.start),
        start_is: clock
            .choice()
            .unwrap_or_else(|| "the earliest candidate; nobody has chosen".to_owned()),
        doubts: clock.doubts.iter().map(|doubt| line(doubt)).collect(),
        receipt: clock.receipt.as_deref().map(line),
        met: clock.met.as_ref().map(|met| line(&met.words)),
        filings: filings(clock),
        notices: linked(look, clock),
        receipted: clock
            .met
            .iter()
            .map(|met| &met.filing)
            .chain(&clock.filed_again)
            .any(|filing| filing.notice.is_none()),
        reopened: clock
            .reopened
            .iter()
            .chain(&clock.answers_reopened)
            .map(|why| line(why))
            .collect(),
        ruled_out: clock.ruled_out.as_deref().map(line),
        target: clock.duty.as_ref().is_some_and(|duty| duty.target),
        unverified: clock.duty.as_ref().is_some_and(|duty| !duty.verified),
        owner: clock.duty.as_ref().map(|duty| duty.owner.clone()),
        href,
        may: look.may(Ability::Counsel) && clock.is_open(),
    }
}

fn filings(clock: &Shown) -> Vec<String> {
    let again = clock
        .filed_again
        .iter()
        .map(|filing| format!("Filed again: {} at {}", filing.words(), utc(filing.at)));
    let back = clock.taken_back.iter().map(|back| {
        let (reference, by) = (&back.receipt.reference, &back.by);
        format!(
            "Receipt {reference} was taken back by {by}: {}",
            back.reason
        )
    });
    again.chain(back).map(|said| line(&said)).collect()
}

fn linked(look: &Look<'_>, clock: &Shown) -> Vec<Linked> {
    let link = |words, id: &crate::id::NoticeId| Linked {
        words,
        id: id.to_string(),
        href: path(&["cases", look.id.as_str(), "notices", id.as_str()]),
    };
    let met = clock
        .met
        .iter()
        .filter_map(|met| met.filing.notice.as_ref());
    let met = met.map(|id| link("The notice that met it", id));
    let drafts = clock
        .drafts
        .iter()
        .map(|id| link("A draft that answers it", id));
    met.chain(drafts).collect()
}

/// The page of one clock.
#[derive(Debug, Serialize)]
struct Page {
    title: String,
    head: Head,
    clock: ClockView,
    duty: Option<DutyView>,
    candidates: Vec<Candidate>,
    /// What shows those instants, for who may see evidence.
    evidence: Vec<Shows>,
    /// Whether the visitor may choose the start.
    may: bool,
    /// Whether the visitor may answer, and record receipts and delays.
    may_tell: bool,
    zone: String,
    action: String,
}

#[derive(Debug, Serialize)]
struct Candidate {
    value: String,
    at: When,
    how: String,
    counts: bool,
}

pub(super) async fn show(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path((id, clock)): Path<(String, String)>,
) -> Response {
    let made = web
        .look(&visit, &id, Ability::SeeCase, move |look| {
            page_of(look, &clock)
        })
        .await;
    page::answered(&web, &visit, "clock", made)
}

fn page_of(look: &Look<'_>, name: &str) -> Result<Page> {
    let clocks = clock::list(look.state, look.now);
    let shown = clocks.iter().find(|clock| clock.id.as_str() == name);
    let shown = shown.ok_or_else(|| Fault::input("no-clock", "The case has no such clock."))?;
    let candidates = shown.candidates.iter().map(|candidate| Candidate {
        value: utc(candidate.at),
        at: look.words.when(candidate.at),
        how: line(&candidate.how),
        counts: candidate.at == shown.start,
    });
    let clock = view(look, shown);
    Ok(Page {
        title: line(&shown.title),
        head: head(look, "clock"),
        candidates: candidates.collect(),
        evidence: shows(look, &behind(look, shown)),
        duty: duty(look, shown)?,
        may: clock.may,
        may_tell: look.may(Ability::Counsel),
        zone: look.web.app.settings.zone.clone(),
        clock,
        action: path(&["cases", look.id.as_str(), "clocks", name]),
    })
}

/// The evidence of the instants that may start a clock, each once.
fn behind(look: &Look<'_>, shown: &Shown) -> Vec<EvidenceId> {
    let Some(record) = look.state.clocks.get(&shown.id) else {
        return Vec::new();
    };
    let mut all = record.start.evidence.clone();
    if let Some(rule) = record.start.due.as_deref() {
        let recorded = look.state.instants.values();
        let recorded =
            recorded.filter(|one| one.withdrawn.is_none() && one.instant.what == rule.trigger);
        all.extend(recorded.flat_map(|one| one.instant.evidence.clone()));
    }
    let mut seen = BTreeSet::new();
    all.retain(|id| seen.insert(id.clone()));
    all
}

/// What the form of a clock says.
#[derive(Debug, Deserialize)]
pub(super) struct Said {
    /// One of the candidates, or `other`.
    #[serde(default)]
    start: String,
    /// The other instant.
    #[serde(default)]
    other: String,
    #[serde(default)]
    reason: String,
    /// Names of facts that it rests on.
    #[serde(default)]
    facts: String,
}

pub(super) async fn choose(
    State(web): State<Arc<Web>>,
    Path((id, clock)): Path<(String, String)>,
    Form(visit, said): Form<Said>,
) -> Response {
    let done = chosen(&web, &visit, &id, &clock, said).await;
    page::then(&web, &visit, done)
}

async fn chosen(
    web: &Arc<Web>,
    visit: &Visit,
    id: &str,
    clock: &str,
    said: Said,
) -> Result<String> {
    let at = path(&["cases", id, "clocks", clock]);
    let clock = clock.to_owned();
    web.act(visit, id, Ability::Counsel, async move |desk| {
        let other = said.start == "other";
        let text = if other { &said.other } else { &said.start };
        let start: Timestamp = text.trim().parse().map_err(|_| {
            Fault::input("instant", "No instant was given, or none that can be read.").hint(
                "choose a candidate, or write it with its zone, such as 2027-03-13T03:12:00-05:00",
            )
        })?;
        let facts = super::tell::names(&said.facts);
        desk.choose_start(&clock, start, other, &reason(&said.reason)?, facts)
            .await
    })
    .await?;
    Ok(at)
}
