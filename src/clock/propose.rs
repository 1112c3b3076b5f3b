//! Which clocks a case gives reason for.
//!
//! A stage of a duty is proposed when something may have started it, when the organisation may be
//! concerned, and when no answer rules it out. Everything else is in the catalogue, with the reason
//! why it is not watched.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::catalogue::Catalogue;
use super::obligation::{Gives, Obligation, Stage, Status, Watch};
use crate::case::event::due::{Question, Trigger};
use crate::case::event::{Answer, ClockStart, Contact, Reading};
use crate::case::state::CaseState;
use crate::id::{ClockId, EvidenceId};
use crate::provider::TrailSpec;
use crate::time::{Timestamp, utc};

/// How far the clocks of the earth are ahead of UTC, and behind it, hours.
const EAST: i64 = 14;
const WEST: i64 = -12;

/// What the configuration says of the organisation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Organisation {
    /// The jurisdictions that may concern it: `us`, `us-ny`, `eu`, `de`.
    #[serde(default)]
    pub jurisdictions: Vec<String>,
    /// The Land or region of its seat, for the holidays that are kept there: `DE-BY`.
    pub land: Option<String>,
    /// Answers known in advance, by the id of the question.
    #[serde(default)]
    pub answers: BTreeMap<String, Answer>,
    /// A folder whose files add duties, or replace them by id.
    pub catalogue: Option<std::path::PathBuf>,
}

impl Organisation {
    /// Whether a duty of this place may concern it.
    fn lies_in(&self, place: &str) -> bool {
        let named = self.jurisdictions.iter().any(|known| known == place);
        named || (place == "private" && !self.jurisdictions.is_empty())
    }

    /// The answer known in advance with which a stage of a duty does not apply.
    fn ruled_out<'a>(&self, one: &'a Obligation, step: &'a Stage) -> Option<&'a Question> {
        one.questions_of(step).find(|question| {
            self.answers
                .get(&question.id)
                .is_some_and(|answer| *answer == question.not_if)
        })
    }
}

/// Why a stage is not watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unwatched<'a> {
    /// It is not law.
    NotInForce(Status),
    /// It became law after everything that may start it.
    NotYet(jiff::civil::Date),
    /// The law gives no time, and no target was set.
    NoTime,
    /// Nothing that may start it is known.
    NoStart(Trigger),
    /// The configuration does not name its jurisdiction.
    Elsewhere,
    /// An answer of the configuration rules it out.
    RuledOut(&'a Question),
}

impl std::fmt::Display for Unwatched<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotInForce(status) => write!(f, "it is {}", status.name()),
            Self::NotYet(from) => write!(
                f,
                "it is in force since {from} only, and everything that may start it lies before"
            ),
            Self::NoTime => f.write_str("the law gives no time"),
            Self::NoStart(Trigger::PreviousStageSubmitted) => {
                f.write_str("the stage before has no receipt")
            }
            Self::NoStart(trigger) => write!(f, "nobody recorded that {}", trigger.about()),
            Self::Elsewhere => f.write_str("the configuration does not name its jurisdiction"),
            Self::RuledOut(question) => {
                write!(f, "the configuration answers `{}` so", question.id)
            }
        }
    }
}

/// The clock of a stage, or why there is none.
///
/// # Errors
/// Why it is not watched.
pub fn stage<'a>(
    catalogue: &Catalogue,
    organisation: &Organisation,
    one: &'a Obligation,
    step: &'a Stage,
    state: &CaseState,
) -> Result<ClockStart, Unwatched<'a>> {
    if one.status != Status::InForce {
        return Err(Unwatched::NotInForce(one.status));
    }
    if let Some(question) = organisation.ruled_out(one, step) {
        return Err(Unwatched::RuledOut(question));
    }
    let given = given(step, state);
    let around = state.opened.unwrap_or(Timestamp::UNIX_EPOCH);
    let around = around.to_zoned(jiff::tz::TimeZone::UTC).date();
    let land = organisation.land.as_deref();
    let rule = catalogue.rule(one, step, around, land);
    let rule = rule.ok_or(Unwatched::NoTime)?;
    let name = one.clock_name(step);
    let mut doubts = step.doubts.clone();
    if step.given_by.contains(&Gives::DemandReceived) && !given.is_empty() {
        doubts.extend(claims(state));
    }
    let known = given.len();
    doubts.extend(catalogue.unplaced(step, land));
    let mut start = ClockStart {
        id: ClockId::of(&["rule", &name]),
        rule: name,
        title: step.title.clone(),
        basis: basis(one, &rule.text),
        seconds: 0,
        due: Some(Box::new(rule)),
        candidates: given,
        doubts,
        evidence: evidence(step, state),
    };
    let recorded = state.starts_with(&start).len() > known;
    if known == 0 && !recorded {
        return Err(Unwatched::NoStart(step.trigger));
    }
    if let Some(from) = one.in_force_from {
        start.doubts.extend(in_force(state, &start, from)?);
    }
    // What a person recorded starts a duty wherever it may lie, unless the configuration says where.
    let anywhere = organisation.jurisdictions.is_empty() && recorded;
    if one.watch != Watch::Everybody && !organisation.lies_in(&one.jurisdiction) && !anywhere {
        return Err(Unwatched::Elsewhere);
    }
    Ok(start)
}

/// Why a duty that became law on a day may not apply, where something of the case lies before. What
/// triggers the duty counts, not when the case was opened.
///
/// # Errors
/// Everything that may start it lies before.
fn in_force<'a>(
    state: &CaseState,
    start: &ClockStart,
    from: jiff::civil::Date,
) -> Result<Option<String>, Unwatched<'a>> {
    // A day before that it was nowhere on earth any more; and one that it still was somewhere.
    let day = |at: Timestamp, hours: i64| {
        let moved = at.checked_add(jiff::SignedDuration::from_hours(hours));
        let moved = moved.unwrap_or(at).to_zoned(jiff::tz::TimeZone::UTC);
        moved.date()
    };
    let before = |at: Timestamp| day(at, EAST) < from;
    let perhaps = |at: Timestamp| day(at, WEST) < from;
    let starts = state.starts_with(start);
    if starts.iter().all(|reading| before(reading.at)) {
        return Err(Unwatched::NotYet(from));
    }
    if let Some(first) = starts.iter().find(|reading| perhaps(reading.at)) {
        return Ok(Some(format!(
            "It may apply: it is in force since {from}, and a start of {} may lie before.",
            utc(first.at)
        )));
    }
    let standing = state.instants.values();
    let standing = standing.filter(|record| record.withdrawn.is_none());
    let told = standing.map(|record| record.instant.at).chain(state.opened);
    let first = told.filter(|at| perhaps(*at)).min();
    Ok(first.map(|at| {
        format!(
            "It may apply: it is in force since {from}; the matter began before, by {} at the latest, and what starts the duty came after.",
            utc(at)
        )
    }))
}

/// Clocks that the case gives reason for and that were not started yet, or that start earlier than
/// was known: a demand that is found later may have come first.
pub fn propose(
    state: &CaseState,
    trails: &[&TrailSpec],
    catalogue: &Catalogue,
    organisation: &Organisation,
) -> Vec<ClockStart> {
    let mut starts = Vec::new();
    for one in catalogue.all() {
        for step in &one.stages {
            // A case of an older version watches it under another name, and goes on doing so.
            let formerly = step
                .formerly
                .as_deref()
                .map(|name| ClockId::of(&["rule", name]));
            if formerly.is_some_and(|id| state.clocks.contains_key(&id)) {
                continue;
            }
            starts.extend(stage(catalogue, organisation, one, step, state));
        }
    }
    let demands = state.contacts.iter().filter(|contact| contact.demand);
    starts.extend(demands.filter_map(demand));
    starts.extend(trails.iter().filter_map(|spec| perishing(spec, state)));
    let earliest = |start: &ClockStart| start.candidates.iter().map(|one| one.at).min();
    starts.retain_mut(|start| {
        let Some(known) = state.clocks.get(&start.id) else {
            return true;
        };
        // A clock that runs keeps its rule, whatever the catalogue says by now.
        start.due.clone_from(&known.start.due);
        start.seconds = known.start.seconds;
        match (earliest(start), earliest(&known.start)) {
            (Some(new), Some(old)) => new < old,
            (Some(_), None) => true,
            (None, _) => false,
        }
    });
    starts
}

fn basis(one: &Obligation, text: &str) -> String {
    if one.legal_basis.is_empty() {
        return format!("No law asks for it; {text}");
    }
    format!("{}: {text}", one.legal_basis.join(", "))
}

/// The instants of the case itself that may start a stage, the earliest first.
fn given(step: &Stage, state: &CaseState) -> Vec<Reading> {
    let mut readings: Vec<Reading> = Vec::new();
    for gives in &step.given_by {
        match gives {
            Gives::CaseOpened => readings.extend(state.opened.map(|at| Reading {
                at,
                how: "the case was opened".to_owned(),
            })),
            Gives::DemandReceived => readings.extend(demands(state).flat_map(reached)),
        }
    }
    readings.sort_by_key(|reading| reading.at);
    readings
}

fn demands(state: &CaseState) -> impl Iterator<Item = &Contact> {
    state.contacts.iter().filter(|contact| contact.demand)
}

fn evidence(step: &Stage, state: &CaseState) -> Vec<EvidenceId> {
    let recorded = state
        .instants
        .values()
        .filter(|record| record.withdrawn.is_none() && record.instant.what == step.trigger);
    let mut evidence: Vec<EvidenceId> = recorded
        .flat_map(|record| record.instant.evidence.clone())
        .collect();
    if step.given_by.contains(&Gives::DemandReceived) {
        evidence.extend(demands(state).flat_map(|contact| contact.evidence.clone()));
    }
    evidence
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
                let (at, told) = (utc(claim.at), contact.told(claim));
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
                utc(reading.at),
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
        due: None,
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
        due: None,
        candidates: vec![Reading {
            at: opened,
            how: "the case was opened".to_owned(),
        }],
        doubts: Vec::new(),
        evidence: Vec::new(),
    })
}
