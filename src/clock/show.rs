//! What a clock of a case shows now: its start, its deadline, what speaks against it.

use jiff::SignedDuration;

use super::due::due;
use super::{Asked, Duty, Shown};
use crate::case::event::Reading;
use crate::case::event::due::{Due, Rule};
use crate::case::state::{CaseState, ClockRecord};
use crate::hostile::one_line;
use crate::time::{Timestamp, utc};

/// Every clock of the case, the next due first; what is done or does not apply last.
pub fn list(state: &CaseState, now: Timestamp) -> Vec<Shown> {
    let mut shown: Vec<Shown> = state
        .clocks
        .values()
        .filter_map(|record| of(state, record, now))
        .collect();
    shown.sort_by_key(|clock| (!clock.is_open(), clock.due));
    shown
}

/// A trail that was read to its end can expire at the provider: nothing is due any more.
fn saved(state: &CaseState, rule: &str) -> Option<String> {
    let name = rule.strip_prefix("trail.")?;
    let read = state
        .trails
        .iter()
        .find(|trail| trail.trail == name && trail.completeness.complete)?;
    Some(format!("read to its end at {}", utc(read.at)))
}

/// One clock as of `now`.
pub fn of(state: &CaseState, record: &ClockRecord, now: Timestamp) -> Option<Shown> {
    let mut ruled_out = None;
    let mut candidates = state.starts_with(&record.start);
    if candidates.is_empty() {
        // It stays in sight: a start that was withdrawn is no reason to forget a duty.
        let (reading, why) = withdrawn(state, record)?;
        candidates.push(reading);
        ruled_out = Some(why);
    }
    let chosen = record.chosen.as_ref().map(|choice| choice.start);
    let earliest = candidates.iter().map(|candidate| candidate.at).min();
    let (start, start_is) = chosen
        .map(|at| (at, "chosen"))
        .or_else(|| earliest.map(|at| (at, "earliest")))?;
    let (due, duty) = if let Some(rule) = record.start.due.as_deref() {
        let (due, duty) = of_rule(state, rule, start)?;
        (due, Some(duty))
    } else {
        let length = SignedDuration::from_secs(record.start.seconds);
        (start.checked_add(length).ok()?, None)
    };
    let ruled_out = ruled_out.or_else(|| duty.as_ref().and_then(answered_out));
    let receipt = record
        .receipt
        .as_ref()
        .map(|(reference, _)| reference.clone())
        .or_else(|| saved(state, &record.start.rule));
    let named = if ruled_out.is_some() {
        "ruled_out"
    } else if receipt.is_some() {
        if record.reopened.is_empty() {
            "receipted"
        } else {
            "reopened"
        }
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
        state: named,
        candidates,
        doubts: doubts(record, duty.as_ref()),
        receipt,
        reopened: record.reopened.clone(),
        ruled_out,
        duty,
    })
}

/// The earliest instant that was withdrawn, where nothing else starts a clock.
fn withdrawn(state: &CaseState, record: &ClockRecord) -> Option<(Reading, String)> {
    let trigger = record.start.due.as_deref()?.trigger;
    let gone = state.instants.values();
    let gone = gone.filter(|one| one.instant.what == trigger);
    let first = gone.min_by_key(|one| one.instant.at)?;
    let (reason, by) = first.withdrawn.as_ref()?;
    let how = format!("{} (withdrawn)", trigger.about());
    let at = first.instant.at;
    let why = format!("Every start was withdrawn, the earliest by {by}: {reason}");
    Some((Reading { at, how }, why))
}

fn of_rule(state: &CaseState, rule: &Rule, start: Timestamp) -> Option<(Timestamp, Duty)> {
    let computed = due(rule, start)?;
    let mut due = computed.due;
    let mut delays = Vec::new();
    for record in &state.delays {
        let delay = &record.delay;
        if !delay.scope.contains(&rule.obligation) {
            continue;
        }
        let authority = one_line(&delay.authority, 100);
        let asked = format!(
            "{authority} asks to wait from {} until {} ({}, recorded by {})",
            utc(delay.from),
            utc(delay.until),
            delay.evidence,
            record.by
        );
        if !rule.allows_delay {
            delays.push(format!("{asked}; this duty allows no delay."));
        } else if delay.from > computed.due || delay.until <= computed.due {
            delays.push(format!("{asked}; it does not touch this deadline."));
        } else {
            due = due.max(delay.until);
            let without = utc(computed.due);
            delays.push(format!("{asked}; without it this is due {without}."));
        }
    }
    let questions = rule.questions.iter().map(|question| {
        let key = (rule.obligation.clone(), question.id.clone());
        Asked {
            question: question.clone(),
            answer: state.answers.get(&key).cloned(),
        }
    });
    let duty = Duty {
        obligation: rule.obligation.clone(),
        stage: rule.stage,
        trigger: rule.trigger,
        length: rule.text.clone(),
        zone: rule.zone.clone(),
        verified: rule.verified,
        owner: rule.owner.clone(),
        target: matches!(rule.due, Due::Target { .. } | Due::Immediately { .. }),
        questions: questions.collect(),
        readings: computed.readings,
        delays,
    };
    Some((due, duty))
}

/// The answer with which a duty does not apply.
fn answered_out(duty: &Duty) -> Option<String> {
    duty.questions.iter().find_map(|asked| {
        let answer = asked.answer.as_ref()?;
        (answer.answer == asked.question.not_if).then(|| {
            format!(
                "{} answered “{}” with {}: {}",
                answer.by,
                asked.question.text,
                answer.answer.name(),
                one_line(&answer.reason, 200)
            )
        })
    })
}

/// Why it may not apply: what nobody answered yet, figures that were not checked, and what the duty
/// says of itself.
fn doubts(record: &ClockRecord, duty: Option<&Duty>) -> Vec<String> {
    let mut doubts = record.start.doubts.clone();
    let Some(duty) = duty else { return doubts };
    if !duty.verified {
        doubts.push("Its figures are not verified: counsel checks them first.".to_owned());
    }
    for asked in &duty.questions {
        let settled = asked
            .answer
            .as_ref()
            .is_some_and(|answer| answer.answer != crate::case::event::Answer::Unknown);
        if !settled {
            let not = asked.question.not_if.name();
            doubts.push(format!(
                "{} With {not} it does not apply.",
                asked.question.text
            ));
        }
    }
    doubts
}
