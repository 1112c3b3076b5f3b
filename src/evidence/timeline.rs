//! One timeline of a case: contacts, what the account holder's trails show, our own actions, clocks.
//!
//! Data only; faces render it. Trail files are read one at a time, so that memory is bounded by the
//! largest of them and the number of moments that are the subject's.

mod quiet;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use super::trail::{self, Format, TrailEvent};
use crate::canon::Digest;
use crate::case::event::{Actor, Contact, Entry, Event, Outcome};
use crate::case::log::CaseLog;
use crate::case::state::CaseState;
use crate::door::{DoorState, ISSUED_BEFORE, Probe};
use crate::fault::Result;
use crate::hostile::one_line;
use crate::id::{DoorId, EvidenceId};
use crate::provider::{Account, Closing};
use crate::time::{Timestamp, utc};

/// The largest trail file that is read, bytes.
const READ_LIMIT: u64 = 256 * 1024 * 1024;
/// How many events of one trail file are told one by one; the rest is one moment.
const EVENT_LIMIT: usize = 20_000;
/// The longest text of a moment, characters.
const TEXT_LIMIT: usize = 300;

/// Where a moment comes from.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum MomentSource {
    /// A trail of a provider: what an account of the subject did.
    Trail,
    /// A message to or from whoever makes demands.
    Contact,
    /// Something that we did.
    Action,
    /// A start or end of a deadline.
    Clock,
    /// Something about the case itself.
    Case,
}

impl fmt::Display for MomentSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Trail => "trail",
            Self::Contact => "contact",
            Self::Action => "action",
            Self::Clock => "clock",
            Self::Case => "case",
        })
    }
}

/// One moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Moment {
    /// When.
    pub at: Timestamp,
    /// Where it comes from.
    pub source: MomentSource,
    /// What, one line. May quote hostile text.
    pub text: String,
    /// The evidence that shows it.
    pub evidence: Option<EvidenceId>,
    /// The line of the log, for what the log itself tells.
    pub line: Option<u64>,
    /// The record in the evidence, for what a trail tells.
    pub record: Option<usize>,
}

/// Everything that is known of a case, in order of time.
///
/// # Errors
/// The log or the bytes of a trail cannot be read.
pub fn of(log: &CaseLog) -> Result<Vec<Moment>> {
    let state = log.read(Clone::clone);
    let mut moments = of_log(&log.entries()?, &state);
    let mut shown = BTreeSet::new();
    for (evidence, format) in trails(&state) {
        trail_moments(log, &state, &evidence, format, &mut shown, &mut moments)?;
    }
    in_order(&mut moments);
    Ok(moments)
}

/// What the log itself tells, in order of time: all but what the trails show. `state` is what the
/// entries come to.
pub fn of_log(entries: &[Entry], state: &CaseState) -> Vec<Moment> {
    let mut moments = Vec::new();
    let quiet = quiet::Quiet::of(state);
    for entry in entries {
        if let Some(instead) = quiet.instead(entry) {
            moments.extend(instead);
            continue;
        }
        moments.extend(ours(entry));
        moments.extend(clocks(entry, state));
        if let Event::ContactRecorded(contact) = &entry.event {
            moments.push(contacted(contact, entry.seq + 1));
        }
    }
    in_order(&mut moments);
    moments
}

fn in_order(moments: &mut [Moment]) {
    moments.sort_by(|a, b| {
        (a.at, a.line, a.source, &a.evidence, a.record).cmp(&(
            b.at,
            b.line,
            b.source,
            &b.evidence,
            b.record,
        ))
    });
}

fn moment(entry: &Entry, source: MomentSource, text: &str) -> Moment {
    Moment {
        at: entry.at,
        source,
        text: one_line(text, TEXT_LIMIT),
        evidence: None,
        line: Some(entry.seq + 1),
        record: None,
    }
}

/// The pages and files of every trail that was read or is being read.
fn trails(state: &CaseState) -> BTreeMap<EvidenceId, Option<Format>> {
    let of_name = |trail: &str| {
        let provider = trail.split('.').next().unwrap_or_default();
        match provider {
            "github" => Some(Format::GitHubAudit),
            "okta" => Some(Format::OktaSystemLog),
            "google" => Some(Format::GoogleReports),
            "aws" => Some(Format::CloudTrail),
            _ => None,
        }
    };
    let read = state.trails.iter().flat_map(|trail| {
        trail
            .evidence
            .iter()
            .map(|id| (id.clone(), of_name(&trail.trail)))
    });
    let pulling = state.pulling.iter().flat_map(|((trail, _), pulling)| {
        pulling
            .evidence
            .iter()
            .map(|id| (id.clone(), of_name(trail)))
    });
    read.chain(pulling).collect()
}

/// The subject's events of one page or file. An event that another page showed already is left out.
fn trail_moments(
    log: &CaseLog,
    state: &CaseState,
    evidence: &EvidenceId,
    format: Option<Format>,
    shown: &mut BTreeSet<String>,
    moments: &mut Vec<Moment>,
) -> Result<()> {
    let Some(record) = state.evidence.get(evidence) else {
        return Ok(());
    };
    let skipped = |what: String| Moment {
        at: record.at,
        source: MomentSource::Trail,
        text: one_line(&what, TEXT_LIMIT),
        evidence: Some(evidence.clone()),
        line: None,
        record: None,
    };
    if record.bytes > READ_LIMIT {
        moments.push(skipped(format!(
            "{}: too large to be read into the timeline",
            record.title
        )));
        return Ok(());
    }
    let Some(bytes) = log.store().blob(record.sha256)? else {
        moments.push(skipped(format!(
            "{}: its bytes are not in the store",
            record.title
        )));
        return Ok(());
    };
    let Some(format) = trail::format_of(&bytes).or(format) else {
        return Ok(());
    };
    let mut told = 0;
    let mut left = 0u64;
    for event in trail::events(&bytes, format) {
        let Some(at) = event.at.filter(|_| is_subject(state, &event)) else {
            continue;
        };
        if !shown.insert(format!("{} {}", event.provider, event.id)) {
            continue;
        }
        if told == EVENT_LIMIT {
            left += 1;
            continue;
        }
        told += 1;
        moments.push(Moment {
            at,
            source: MomentSource::Trail,
            text: one_line(&sentence(&event), TEXT_LIMIT),
            evidence: Some(evidence.clone()),
            line: None,
            record: Some(event.record),
        });
    }
    if left > 0 {
        moments.push(skipped(format!(
            "{}: {left} more events of the account holder",
            record.title
        )));
    }
    Ok(())
}

/// Whether an account of the subject did it, or an address that the company assigned to them.
fn is_subject(state: &CaseState, event: &TrailEvent) -> bool {
    let known = |provider: &str, login: &str| {
        event.is_by(&Account {
            provider: provider.to_owned(),
            id: String::new(),
            login: login.to_owned(),
        })
    };
    state.accounts.iter().any(|account| event.is_by(account))
        || state
            .subject
            .accounts
            .iter()
            .any(|account| known(&account.provider, &account.login))
        || state
            .subject
            .emails
            .iter()
            .any(|email| known(&event.provider, email))
}

fn sentence(event: &TrailEvent) -> String {
    let mut text = format!("{}: {} by {}", event.provider, event.action, event.actor);
    for (word, part) in [
        (" on ", &event.target),
        (" from ", &event.ip),
        (" → ", &event.outcome),
    ] {
        if let Some(part) = part {
            text.push_str(word);
            text.push_str(part);
        }
    }
    text
}

fn contacted(contact: &Contact, line: u64) -> Moment {
    let received = contact.direction == "in";
    let (at, word) = if received {
        (contact.received, "received from")
    } else {
        (contact.sent.unwrap_or(contact.received), "sent by")
    };
    let demand = if contact.demand {
        ", with a demand"
    } else if contact.hinted {
        ", which hints at a threat"
    } else {
        ""
    };
    Moment {
        at,
        source: MomentSource::Contact,
        text: one_line(
            &format!(
                "{} {word} {}{demand}{}: {}",
                contact.channel,
                contact.from,
                if received {
                    whose(contact)
                } else {
                    String::new()
                },
                contact.subject
            ),
            TEXT_LIMIT,
        ),
        evidence: contact.evidence.first().cloned(),
        line: Some(line),
        record: None,
    }
}

fn settled(account: &Account, how: &str, reason: &str) -> String {
    let Account {
        provider, login, ..
    } = account;
    format!("account {login} at {provider} {how}: {reason}")
}

/// Whose word the time of a mail is, and what the others say.
fn whose(contact: &Contact) -> String {
    let mut told = contact.arrivals.iter();
    let Some(first) = told.next() else {
        return String::new();
    };
    let others: Vec<String> = told
        .filter(|other| other.source != "import")
        .map(|other| format!("; {}: {}", contact.told(other), utc(other.at)))
        .collect();
    format!(" ({}{})", one_line(&first.whose(), 120), others.concat())
}

/// What a look at a door saw, and until when what was issued before may work.
fn probed(door: &DoorId, state: DoorState, probe: &Probe) -> String {
    let until = (probe.residual_until)
        .map(|at| format!(" Until {} {ISSUED_BEFORE}.", utc(at)))
        .unwrap_or_default();
    format!("{door} is {}: {}{until}", state.word(), probe.why)
}

/// Whether the case goes on, and who may know of it.
fn stands(event: &Event, by: &Actor) -> Option<String> {
    Some(match event {
        Event::CaseOpened { title, .. } => format!("case opened by {by}: {title}"),
        Event::CaseHeld { reason } => format!("held by {by}: {reason}"),
        Event::CaseReleased { reason } => format!("released by {by}: {reason}"),
        Event::CaseClosed { reason } => format!("closed by {by}: {reason}"),
        Event::CaseNoted { text } => format!("note by {by}: {text}"),
        Event::CaseRestricted { people, reason } => {
            format!("restricted to {} by {by}: {reason}", people.join(", "))
        }
        Event::CaseUnrestricted { reason } => format!("restriction lifted by {by}: {reason}"),
        Event::PersonExcluded { person, reason } => format!("{person} excluded by {by}: {reason}"),
        Event::LeadRecorded { lead, reason, .. } => format!("{lead} recorded by {by}: {reason}"),
        Event::LeadDismissed { lead, reason } => format!("{lead} dismissed by {by}: {reason}"),
        Event::FactRecorded(said) => {
            format!("{} recorded as {} by {by}", said.key, said.standing.word())
        }
        Event::FactWithdrawn { key, reason } => format!("{key} withdrawn by {by}: {reason}"),
        _ => return None,
    })
}

fn exported(manifest: Digest, privileged: bool) -> String {
    let with = if privileged {
        ", with what is privileged"
    } else {
        ""
    };
    format!("export made{with}, manifest {}", manifest.short())
}

fn mended(what: &str, kept: Option<&str>) -> String {
    // The name of what was kept comes first: the rest may be cut.
    let kept = kept.map(|kept| format!(" (as found: {kept})"));
    format!("the store was mended{}: {what}", kept.unwrap_or_default())
}

/// What we did, as the log tells it.
fn ours(entry: &Entry) -> Option<Moment> {
    use MomentSource::{Action, Case};
    let by = &entry.by;
    let (source, text) = match &entry.event {
        Event::IdentityChosen {
            account, reason, ..
        } => (Action, settled(account, "chosen", reason)),
        Event::IdentityWithdrawn { account, reason } => {
            (Action, settled(account, "withdrawn", reason))
        }
        Event::InventoryRead { account, doors, .. } => (
            Action,
            format!(
                "{doors} doors of {} at {} found",
                account.login, account.provider
            ),
        ),
        Event::TrailRead {
            trail,
            completeness,
            ..
        } => (
            Action,
            format!("trail {trail} read: {} records", completeness.records),
        ),
        Event::PlanMade { digest, .. } => (Action, format!("plan {} made", digest.short())),
        Event::RunStarted { .. } => (Action, format!("run started by {by}")),
        Event::RunResumed { .. } => (Action, format!("run resumed by {by}")),
        Event::RunCancelled { reason } => (Action, format!("run stopped by {by}: {reason}")),
        Event::RunEnded { .. } => (Action, "run ended".to_owned()),
        Event::GateOpened { step, .. } => (Action, format!("gate {step} waits for people")),
        Event::GateApproved { step, signed, .. } => {
            (Action, format!("gate {step} approved by {}", signed.person))
        }
        Event::GateDenied { step, signed, .. } => {
            (Action, format!("gate {step} denied by {}", signed.person))
        }
        Event::GateExpired { step } => (Action, format!("gate {step} expired")),
        Event::StepActed {
            step,
            closing: Some(closing),
            ..
        } => (Action, format!("step {step}: {}", answered(closing))),
        Event::StepEnded { step, outcome } => (Action, format!("step {step} {}", ended(outcome))),
        Event::DoorProbed { door, state, probe } => (Action, probed(door, *state, probe)),
        Event::UndoActed { door, closing } => {
            (Action, format!("undo of {door}: {}", answered(closing)))
        }
        Event::ContactJudged {
            contact,
            demand,
            reason,
        } => {
            let judged = if *demand { "a demand" } else { "no demand" };
            (Case, format!("{contact} judged {judged} by {by}: {reason}"))
        }
        Event::CheckpointSigned { entries, .. } => {
            (Case, format!("checkpoint signed over {entries} lines"))
        }
        Event::StoreMended { what, kept } => (Case, mended(what, kept.as_deref())),
        Event::ExportMade {
            manifest,
            privileged,
            ..
        } => (Case, exported(*manifest, *privileged)),
        event => match paper(event, by) {
            Some(text) => (Action, text),
            None => (Case, stands(event, by)?),
        },
    };
    let mut moment = moment(entry, source, &text);
    moment.evidence = shows(&entry.event);
    Some(moment)
}

/// Notices and the sanctions hold.
fn paper(event: &Event, by: &Actor) -> Option<String> {
    match event {
        Event::NoticeDrafted { template, .. } => Some(format!("notice {template} drafted")),
        Event::NoticeApproved { notice, signed, .. } => {
            Some(format!("{notice} approved by {}", signed.person))
        }
        Event::NoticeRevised { notice, reason, .. } => {
            Some(format!("{notice} has a new text by {by}: {reason}"))
        }
        Event::NoticeSent { notice, .. } => Some(format!("{notice} sent")),
        Event::NoticeDispatched {
            notice, how, to, ..
        } => Some(format!("{notice} handed in by {how} to {to}")),
        Event::NoticeReceipted {
            notice, reference, ..
        } => Some(format!("{notice} answered: {reference}")),
        Event::NoticeRefused { notice, why, .. } => Some(format!("{notice} refused: {why}")),
        Event::SanctionsHeld { reason, .. } => Some(format!("sanctions hold: {reason}")),
        Event::SanctionsProposed { determination, .. } => {
            Some(format!("{determination} put in by {by}"))
        }
        Event::SanctionsApproved {
            determination,
            signed,
            ..
        } => Some(format!("{determination} approved by {}", signed.person)),
        Event::SanctionsDetermined { determination, .. } => {
            Some(format!("{determination} stands; the hold stands"))
        }
        Event::NoticeDelayed { notice, why, .. } => Some(format!("{notice} not taken yet: {why}")),
        Event::NoticeUnclear { notice, why, .. } => {
            Some(format!("{notice} sent with no clear end: {why}"))
        }
        Event::NoticeBounced {
            notice,
            recipient,
            status,
            ..
        } => Some(format!("{notice} came back from {recipient}: {status}")),
        _ => None,
    }
}

/// The evidence that an event names first.
fn shows(event: &Event) -> Option<EvidenceId> {
    match event {
        Event::CaseOpened { evidence, .. } => evidence.clone(),
        Event::IdentityChosen { evidence, .. } | Event::TrailRead { evidence, .. } => {
            evidence.first().cloned()
        }
        Event::DoorProbed { probe, .. } => probe.evidence.first().cloned(),
        Event::NoticeDrafted { evidence, .. } => Some(evidence.clone()),
        Event::FactRecorded(said) => said.evidence.first().cloned(),
        Event::StepActed {
            closing: Some(closing),
            ..
        }
        | Event::UndoActed { closing, .. } => match closing {
            Closing::Accepted { evidence } | Closing::AlreadyDone { evidence } => {
                Some(evidence.clone())
            }
            Closing::Refused { evidence, .. } => evidence.clone(),
            Closing::Unclear { .. } => None,
        },
        _ => None,
    }
}

fn answered(closing: &Closing) -> String {
    match closing {
        Closing::Accepted { .. } => "the provider accepted it".to_owned(),
        Closing::AlreadyDone { .. } => "it was done before".to_owned(),
        Closing::Refused { why, .. } => format!("the provider refused: {why}"),
        Closing::Unclear { why } => format!("the outcome is unclear: {why}"),
    }
}

fn ended(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Done {
            asked,
            proven,
            note,
        } => format!("done, {proven} of {asked} proven: {note}"),
        Outcome::Failed { why } => format!("failed: {why}"),
        Outcome::Unknown { why } => format!("ended unknown: {why}"),
        Outcome::Skipped { why } => format!("skipped: {why}"),
    }
}

/// Starts, choices, deadlines and receipts of clocks.
fn clocks(entry: &Entry, state: &CaseState) -> Vec<Moment> {
    use MomentSource::Clock;
    match &entry.event {
        Event::ClockStarted(start) => {
            let mut moments: Vec<Moment> = start
                .candidates
                .iter()
                .map(|reading| Moment {
                    at: reading.at,
                    evidence: start.evidence.first().cloned(),
                    ..moment(
                        entry,
                        Clock,
                        &format!("{}: may start here: {}", start.title, reading.how),
                    )
                })
                .collect();
            let record = state.clocks.get(&start.id);
            let shown = record.and_then(|record| crate::clock::of(state, record, entry.at));
            if let Some(shown) = shown {
                let text = format!(
                    "{}: due ({}), counted from {}",
                    start.title,
                    start.basis,
                    utc(shown.start)
                );
                moments.push(Moment {
                    at: shown.due,
                    ..moment(entry, Clock, &text)
                });
            }
            moments
        }
        Event::ClockChosen {
            clock,
            start,
            reason,
            ..
        } => {
            let text = format!("{clock}: start {} chosen: {reason}", utc(*start));
            vec![moment(entry, Clock, &text)]
        }
        Event::ClockReceipt {
            clock,
            reference,
            at,
            evidence,
        } => {
            vec![Moment {
                at: *at,
                evidence: evidence.first().cloned(),
                ..moment(entry, Clock, &format!("{clock}: receipt {reference}"))
            }]
        }
        Event::ClockReceiptWithdrawn { clock, reason } => {
            let text = format!("{clock}: receipt taken back: {reason}");
            vec![moment(entry, Clock, &text)]
        }
        _ => told(entry),
    }
}

/// What people told about duties.
fn told(entry: &Entry) -> Vec<Moment> {
    use MomentSource::Clock;
    match &entry.event {
        Event::InstantRecorded(instant) => {
            let text = format!("{}: {}", instant.what.about(), instant.note);
            vec![Moment {
                at: instant.at,
                evidence: instant.evidence.first().cloned(),
                ..moment(entry, Clock, &text)
            }]
        }
        Event::InstantWithdrawn { instant, reason } => {
            vec![moment(
                entry,
                Clock,
                &format!("{instant} withdrawn: {reason}"),
            )]
        }
        Event::ObligationAnswered {
            obligation,
            question,
            answer,
            reason,
            ..
        } => {
            let text = format!("{obligation}: {question} is {}: {reason}", answer.name());
            vec![moment(entry, Clock, &text)]
        }
        Event::DelayWithdrawn { delay, reason, .. } => {
            vec![moment(
                entry,
                Clock,
                &format!("delay {delay} withdrawn: {reason}"),
            )]
        }
        Event::DelayRecorded(delay) => {
            let (authority, until) = (&delay.authority, utc(delay.until));
            let text = format!(
                "{authority} asks to wait until {until}: {}",
                delay.scope.join(", ")
            );
            vec![Moment {
                evidence: Some(delay.evidence.clone()),
                ..moment(entry, Clock, &text)
            }]
        }
        _ => Vec::new(),
    }
}
