//! What a clock of a case shows now: its start, its deadline, what speaks against it.

use jiff::SignedDuration;

use super::due::{counted_from, due_told};
use super::{Asked, Duty, Met, Shown};
use crate::case::event::Reading;
use crate::case::event::due::{Due, Rule};
use crate::case::state::{CaseState, ClockRecord, Filed};
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
        // What counsel chose stands, whatever else was taken back.
        ruled_out = record.chosen.is_none().then_some(why);
    }
    let (start, start_is) = start_of(record, &candidates)?;
    let filed = state.filed(record);
    let (due, duty) = if let Some(rule) = record.start.due.as_deref() {
        let (due, mut duty) = of_rule(state, rule, start, &filed)?;
        duty.governed_by = governed_by(state, record, rule, due);
        (due, Some(duty))
    } else {
        let length = SignedDuration::from_secs(record.start.seconds);
        (start.checked_add(length).ok()?, None)
    };
    let ruled_out = ruled_out.or_else(|| duty.as_ref().and_then(answered_out));
    let rule = record.start.due.as_deref();
    let target = duty.as_ref().is_some_and(|duty| duty.target);
    let (met, filed_again) = met_by(rule, due, target, filed);
    let filings = met.iter().map(|met| &met.filing).chain(&filed_again);
    let receipt = filings
        .filter(|_| met.is_some())
        .find_map(|filing| filing.reference.clone())
        .or_else(|| saved(state, &record.start.rule));
    let named = match (&ruled_out, &met, &receipt) {
        (Some(_), ..) => "ruled_out",
        (None, Some(_), _) | (None, None, Some(_)) if !record.reopened.is_empty() => "reopened",
        (None, Some(met), _) if met.filing.came_back => "reopened",
        (None, _, Some(_)) => "receipted",
        (None, Some(_), None) => "met",
        (None, None, None) if due < now => "overdue",
        (None, None, None) => "running",
    };
    let drafts = rule.map_or_else(Vec::new, |rule| state.drafts_for(rule));
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
        met,
        filed_again,
        taken_back: record.taken_back.clone(),
        drafts,
        reopened: record.reopened.clone(),
        answers_reopened: duty.as_ref().map(answers_reopened).unwrap_or_default(),
        ruled_out,
        duty,
    })
}

/// The filing that meets a clock, and the others. Of a duty of every year each met its own year: the next
/// report is open.
fn met_by(
    rule: Option<&Rule>,
    due: Timestamp,
    target: bool,
    filed: Vec<Filed>,
) -> (Option<Met>, Vec<Filed>) {
    if rule.is_some_and(Rule::is_yearly) {
        return (None, filed);
    }
    let mut filed = filed.into_iter();
    let met = filed.next().map(|filing| Met::of(filing, due, target));
    (met, filed.collect())
}

/// The start that counts: what a person chose, or the earliest candidate.
fn start_of(record: &ClockRecord, candidates: &[Reading]) -> Option<(Timestamp, &'static str)> {
    let chosen = record.chosen.as_ref().map(|choice| choice.start);
    let earliest = candidates.iter().map(|candidate| candidate.at).min();
    chosen
        .map(|at| (at, "chosen"))
        .or_else(|| earliest.map(|at| (at, "earliest")))
}

/// Another clock that waits for the same filing and ends before this one.
fn governed_by(
    state: &CaseState,
    record: &ClockRecord,
    rule: &Rule,
    due: Timestamp,
) -> Option<String> {
    let others = state.clocks.values().filter_map(|other| {
        let of = other.start.due.as_deref()?;
        let same = of.obligation == rule.obligation && of.filing() == rule.filing();
        if !same || other.start.id == record.start.id {
            return None;
        }
        let (start, _) = start_of(other, &state.starts_with(&other.start))?;
        let (ends, _) = of_rule(state, of, start, &state.filed(other))?;
        (ends < due).then_some((ends, &other.start.rule))
    });
    let (ends, first) = others.min()?;
    Some(format!(
        "One filing meets this and {first}, which ends first and governs: {}.",
        utc(ends)
    ))
}

/// The earliest instant that was withdrawn, where nothing else starts a clock.
fn withdrawn(state: &CaseState, record: &ClockRecord) -> Option<(Reading, String)> {
    let rule = record.start.due.as_deref()?;
    let trigger = rule.trigger;
    if let Some(stage) = rule.after {
        return taken_back(state, rule, stage);
    }
    let gone = state.instants.values();
    let gone = gone.filter(|one| one.instant.what == trigger);
    let first = gone.min_by_key(|one| one.instant.at)?;
    let (reason, by) = first.withdrawn.as_ref()?;
    let how = format!("{} (withdrawn)", trigger.about());
    let at = first.instant.at;
    let why = format!("Every start was withdrawn, the earliest by {by}: {reason}");
    Some((Reading { at, how }, why))
}

/// The filing that a stage was counted from, where it was taken back.
fn taken_back(state: &CaseState, rule: &Rule, before: u8) -> Option<(Reading, String)> {
    let filed = state.clocks.values().filter(|other| {
        let of = other.start.due.as_deref();
        of.is_some_and(|of| of.obligation == rule.obligation && of.filing() == before)
    });
    let back = filed.flat_map(|other| &other.taken_back).last()?;
    let (reference, at) = (&back.receipt.reference, back.receipt.at);
    let how = format!("stage {before} was handed in ({reference}; taken back)");
    let why = format!(
        "The filing that it is counted from was taken back by {}: {}",
        back.by, back.reason
    );
    Some((Reading { at, how }, why))
}

/// The zones in which people told an instant that starts a clock.
fn told_in(state: &CaseState, rule: &Rule, start: Timestamp) -> Vec<String> {
    let same = state.instants.values().filter(|record| {
        let instant = &record.instant;
        record.withdrawn.is_none() && instant.what == rule.trigger && instant.at == start
    });
    let mut zones: Vec<String> = same.map(|record| record.instant.zone.clone()).collect();
    zones.sort();
    zones.dedup();
    zones
}

fn of_rule(
    state: &CaseState,
    rule: &Rule,
    start: Timestamp,
    filed: &[Filed],
) -> Option<(Timestamp, Duty)> {
    let stands = filed.iter().filter(|filing| !filing.came_back);
    let handed_in: Vec<Timestamp> = stands.map(|filing| filing.at).collect();
    let from = counted_from(rule, start, &handed_in)?;
    let computed = due_told(rule, from, &told_in(state, rule, from))?;
    let (due, delays) = super::delay::delayed(state, rule, computed.due);
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
        tipping_off: rule.tipping_off,
        questions: questions.collect(),
        readings: computed.readings,
        governed_by: None,
        delays,
    };
    Some((due, duty))
}

/// The answer with which a duty does not apply.
fn answered_out(duty: &Duty) -> Option<String> {
    duty.questions.iter().find_map(|asked| {
        let answer = asked.answer.as_ref()?;
        // What an answer rests on has changed: until somebody looks again, it rules nothing out.
        let stands = answer.reopened.is_empty();
        (stands && answer.answer == asked.question.not_if).then(|| {
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

/// The answers that rest on what has changed.
fn answers_reopened(duty: &Duty) -> Vec<String> {
    let answers = duty.questions.iter().filter_map(|asked| {
        let answer = asked.answer.as_ref()?;
        let id = &asked.question.id;
        let (by, word) = (one_line(&answer.by, 80), answer.answer.name());
        let told = answer.reopened.iter().map(move |why| {
            format!("The answer to `{id}` ({word}, by {by}) is to be looked at again: {why}")
        });
        Some(told.collect::<Vec<_>>())
    });
    answers.flatten().collect()
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
