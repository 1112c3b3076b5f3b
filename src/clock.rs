//! Clocks: deadlines with their basis, the instants that may start them, and the human's choice.
//!
//! Cordon proposes and computes; a person chooses the start and records the receipt. Hours are
//! elapsed hours in UTC. A clock is never extended, and the earliest candidate is the default.

mod rules;

use jiff::SignedDuration;
use serde::Serialize;

use crate::case::event::{ClockStart, Contact, Reading};
use crate::case::state::{CaseState, Choice, ClockRecord};
use crate::fault::{Fault, Result};
use crate::id::ClockId;
use crate::provider::TrailSpec;
use crate::time::Timestamp;

pub use rules::{RULES, Rule, Trigger};

/// A clock as shown.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Shown {
    /// Its id.
    pub id: ClockId,
    /// The rule.
    pub rule: String,
    /// What is due.
    pub title: String,
    /// The basis.
    pub basis: String,
    /// The start that counts: the human's choice, or the earliest candidate.
    pub start: Timestamp,
    /// `chosen` by a person or `earliest` candidate.
    pub start_is: &'static str,
    /// The choice: start, reason, who and when.
    pub chosen: Option<Choice>,
    /// When it is due.
    pub due: Timestamp,
    /// `running`, `overdue` or `receipted`.
    pub state: &'static str,
    /// Every candidate start.
    pub candidates: Vec<Reading>,
    /// Why it may not apply.
    pub doubts: Vec<String>,
    /// The receipt.
    pub receipt: Option<String>,
}

impl Shown {
    /// `chosen because … by …` for people; nothing when nobody chose.
    pub fn choice(&self) -> Option<String> {
        let choice = self.chosen.as_ref()?;
        let by = crate::hostile::one_line(&choice.by, 80);
        let reason = crate::hostile::one_line(&choice.reason, 200);
        Some(format!("chosen because “{reason}” by {by}"))
    }
}

/// Every clock of the case, the next due first; receipted ones last.
pub fn list(state: &CaseState, now: Timestamp) -> Vec<Shown> {
    let mut shown: Vec<Shown> = state
        .clocks
        .values()
        .filter_map(|record| show(state, record, now))
        .collect();
    shown.sort_by_key(|clock| (clock.receipt.is_some(), clock.due));
    shown
}

/// A trail that was read to its end can expire at the provider: nothing is due any more.
fn saved(state: &CaseState, rule: &str) -> Option<String> {
    let name = rule.strip_prefix("trail.")?;
    let read = state
        .trails
        .iter()
        .find(|trail| trail.trail == name && trail.completeness.complete)?;
    Some(format!("read to its end at {}", crate::time::utc(read.at)))
}

fn show(state: &CaseState, record: &ClockRecord, now: Timestamp) -> Option<Shown> {
    let start = record.chosen.as_ref().map(|choice| choice.start);
    let earliest = earliest(&record.start);
    let (start, start_is) = start
        .map(|at| (at, "chosen"))
        .or_else(|| earliest.map(|at| (at, "earliest")))?;
    let due = start
        .checked_add(SignedDuration::from_secs(record.start.seconds))
        .ok()?;
    let receipt = record
        .receipt
        .as_ref()
        .map(|(reference, _)| reference.clone())
        .or_else(|| saved(state, &record.start.rule));
    let state = if receipt.is_some() {
        "receipted"
    } else if due < now {
        "overdue"
    } else {
        "running"
    };
    Some(Shown {
        id: record.start.id.clone(),
        rule: record.start.rule.clone(),
        title: record.start.title.clone(),
        basis: record.start.basis.clone(),
        start,
        start_is,
        chosen: record.chosen.clone(),
        due,
        state,
        candidates: record.start.candidates.clone(),
        doubts: record.start.doubts.clone(),
        receipt,
    })
}

/// Clocks that the case gives reason for and that were not started yet, or that start earlier than
/// was known: a demand that is found later may have come first.
pub fn propose(state: &CaseState, trails: &[&TrailSpec]) -> Vec<ClockStart> {
    let mut starts = Vec::new();
    for rule in RULES {
        let candidates = candidates(rule, state);
        if !candidates.is_empty() {
            let mut start = rule.start(state, candidates);
            if rule.trigger == Trigger::Demand {
                start.doubts.extend(claims(state));
            }
            starts.push(start);
        }
    }
    let demands = state.contacts.iter().filter(|contact| contact.demand);
    starts.extend(demands.filter_map(demand));
    starts.extend(trails.iter().filter_map(|spec| perishing(spec, state)));
    starts.retain(|start| {
        let known = state.clocks.get(&start.id);
        known.is_none_or(|known| earliest(start) < earliest(&known.start))
    });
    starts
}

fn earliest(start: &ClockStart) -> Option<Timestamp> {
    start.candidates.iter().map(|candidate| candidate.at).min()
}

/// The instants that may start a rule, the earliest first.
fn candidates(rule: &Rule, state: &CaseState) -> Vec<Reading> {
    let demands = || state.contacts.iter().filter(|contact| contact.demand);
    let mut readings: Vec<Reading> = match rule.trigger {
        Trigger::Opened => state
            .opened
            .map(|at| Reading {
                at,
                how: "the case was opened".to_owned(),
            })
            .into_iter()
            .collect(),
        Trigger::Demand => demands().flat_map(reached).collect(),
    };
    readings.sort_by_key(|reading| reading.at);
    readings
}

/// When a demand may have reached us: what its header says, where that is plausible, and always when
/// our own clock saw it.
fn reached(contact: &Contact) -> Vec<Reading> {
    let sent = contact.sent.filter(|sent| *sent <= contact.received);
    let imported = (contact.imported()).filter(|at| *at != contact.received);
    let told = [
        (sent, "says it was sent then"),
        (Some(contact.received), "reached us"),
        (imported, "was taken in here"),
    ];
    told.into_iter()
        .filter_map(|(at, what)| {
            let at = at.filter(|at| contact.doubt(*at).is_none())?;
            let how = format!("{} {what}", contact.id);
            Some(Reading { at, how })
        })
        .collect()
}

/// What headers of demands claim and nothing is counted from.
fn claims(state: &CaseState) -> Vec<String> {
    let demands = state.contacts.iter().filter(|contact| contact.demand);
    demands
        .flat_map(|contact| {
            contact.doubtful().map(|claim| {
                let (at, told) = (crate::time::utc(claim.at), contact.told(claim));
                let told = crate::hostile::one_line(&told, 300);
                format!("{}: {at}, {told}. Choose it if it is right.", contact.id)
            })
        })
        .collect()
}

/// The deadline that a demand sets, from its earliest reading. It is watched, never obeyed.
fn demand(contact: &Contact) -> Option<ClockStart> {
    let earliest = contact
        .deadlines
        .iter()
        .flat_map(|deadline| &deadline.readings)
        .min_by_key(|reading| reading.at)?;
    let verbatim: Vec<&str> = contact
        .deadlines
        .iter()
        .map(|deadline| deadline.verbatim.as_str())
        .collect();
    let other = contact
        .deadlines
        .iter()
        .flat_map(|deadline| &deadline.readings)
        .filter(|reading| *reading != earliest)
        .map(|reading| {
            format!(
                "another reading gives {} ({})",
                crate::time::utc(reading.at),
                reading.how
            )
        });
    Some(ClockStart {
        id: ClockId::of(&["contact.demand", contact.id.as_str()]),
        rule: "contact.demand".to_owned(),
        title: format!("Deadline that the demand sets: “{}”", verbatim.join("”, “")),
        basis: format!(
            "The words of {}; {}. Watched so that a leak does not surprise; nothing is paid.",
            contact.id, earliest.how
        ),
        seconds: 0,
        candidates: vec![earliest.clone()],
        doubts: other.collect(),
        evidence: contact.evidence.clone(),
    })
}

/// How long a trail still holds what the case opened with, unless it was read to the end.
fn perishing(spec: &TrailSpec, state: &CaseState) -> Option<ClockStart> {
    let opened = state.opened?;
    let hours = (spec.retention_hours).filter(|hours| *hours != TrailSpec::LASTING)?;
    let read = state
        .trails
        .iter()
        .any(|trail| trail.trail == spec.name && trail.completeness.complete);
    let concerned = spec
        .name
        .split('.')
        .next()
        .is_some_and(|provider| state.accounts.iter().any(|a| a.provider == provider));
    if read || !concerned {
        return None;
    }
    Some(ClockStart {
        id: ClockId::of(&["trail", spec.name]),
        rule: format!("trail.{}", spec.name),
        title: format!("{}: events of the day the case opened expire", spec.title),
        basis: format!(
            "The provider keeps this trail for {hours} hours; older events are expiring now."
        ),
        seconds: i64::from(hours) * 3600,
        candidates: vec![Reading {
            at: opened,
            how: "the case was opened".to_owned(),
        }],
        doubts: Vec::new(),
        evidence: Vec::new(),
    })
}

/// The clock with this id or this rule.
///
/// # Errors
/// There is none, or the rule has several.
pub fn find<'a>(state: &'a CaseState, name: &str) -> Result<&'a ClockRecord> {
    let found: Vec<&ClockRecord> = state
        .clocks
        .values()
        .filter(|record| record.start.id.as_str() == name || record.start.rule == name)
        .collect();
    match found.as_slice() {
        [one] => Ok(one),
        [] => Err(Fault::input("no-clock", "The case has no such clock.")
            .at(name)
            .hint("see `cordon clock list CASE`")),
        _ => Err(Fault::input("no-clock", "Several clocks have this rule.")
            .at(name)
            .hint("name one by its id")),
    }
}
