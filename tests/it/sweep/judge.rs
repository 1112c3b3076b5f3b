//! What has to be so after a case, however often it was interrupted.

use std::collections::BTreeMap;
use std::path::Path;

use cordon::case::event::{Entry, Event, Outcome};
use cordon::case::state::{CaseState, RunPhase};
use cordon::door::{Door, DoorState};
use cordon::id::DoorId;
use cordon::range::server::Call;

use crate::staged::Staged;

/// How a case ended: what must not depend on interruptions.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct End {
    doors: BTreeMap<DoorId, DoorState>,
    /// Whether each way in works, by the company's own truth.
    works: BTreeMap<DoorId, Option<bool>>,
    /// Steps and whether they were done, failed, unknown or skipped.
    steps: BTreeMap<String, &'static str>,
    contacts: usize,
    demand_held: bool,
    clocks: usize,
    /// Drafts that the plan asked for.
    planned_drafts: usize,
    trails: BTreeMap<String, bool>,
}

/// The ledger of a case, as an expert reads it.
pub(super) fn ledger(case: &Path) -> Vec<Entry> {
    let text = std::fs::read_to_string(case.join("ledger.jsonl")).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The end of a case, and everything that is wrong with it.
pub(super) fn judge(staged: &Staged, case: &Path) -> (End, Vec<String>) {
    let lines: Vec<Vec<u8>> = cordon::store::peek(case).unwrap();
    let state = cordon::case::log::fold(&lines).unwrap().state;
    let entries = ledger(case);
    let mut wrong = Vec::new();
    if state.run != RunPhase::Ended {
        wrong.push(format!("the run has not ended: {:?}", state.run));
    }
    wrong.extend(without_outcome(&entries));
    wrong.extend(after_proof(&entries));
    wrong.extend(strange_calls(&entries, &state, &staged.calls.calls()));
    for record in state
        .doors
        .values()
        .filter(|record| record.state == DoorState::Closed)
    {
        if staged.is_open(&record.door) == Some(true) {
            wrong.push(format!("{} is called closed and works", record.door.kind));
        }
    }
    (end(staged, &state, &entries), wrong)
}

fn end(staged: &Staged, state: &CaseState, entries: &[Entry]) -> End {
    let word = |outcome: &Outcome| match outcome {
        Outcome::Done { .. } => "done",
        Outcome::Failed { .. } => "failed",
        Outcome::Unknown { .. } => "unknown",
        Outcome::Skipped { .. } => "skipped",
    };
    let ended = state.steps.iter();
    let executive = |entry: &&Entry| matches!(&entry.event, Event::NoticeDrafted { template, .. } if template == "executive");
    End {
        doors: state
            .doors
            .iter()
            .map(|(id, record)| (id.clone(), record.state))
            .collect(),
        works: state
            .doors
            .iter()
            .map(|(id, record)| (id.clone(), staged.is_open(&record.door)))
            .collect(),
        steps: ended
            .map(|(id, record)| (id.clone(), record.outcome.as_ref().map_or("nothing", word)))
            .collect(),
        contacts: state.contacts.len(),
        demand_held: state.sanctions_hold.is_some(),
        clocks: state.clocks.len(),
        planned_drafts: entries.iter().filter(executive).count(),
        trails: state
            .trails
            .iter()
            .map(|read| (read.trail.clone(), read.completeness.complete))
            .collect(),
    }
}

/// Intents that nothing follows.
fn without_outcome(entries: &[Entry]) -> Vec<String> {
    let mut open: BTreeMap<(&str, u32), u64> = BTreeMap::new();
    for entry in entries {
        match &entry.event {
            Event::StepIntended { step, attempt, .. } => {
                open.insert((step, *attempt), entry.seq);
            }
            Event::StepActed { step, attempt, .. } => {
                open.remove(&(step.as_str(), *attempt));
            }
            Event::StepEnded { step, .. } => open.retain(|(of, _), _| of != step),
            _ => {}
        }
    }
    open.iter()
        .map(|((step, attempt), seq)| {
            format!("line {seq}: attempt {attempt} of `{step}` has no outcome")
        })
        .collect()
}

/// Intents to close what was proven closed, and steps that were begun again after they were done.
fn after_proof(entries: &[Entry]) -> Vec<String> {
    let mut closed: BTreeMap<&DoorId, u64> = BTreeMap::new();
    let mut done: BTreeMap<&str, u64> = BTreeMap::new();
    let mut wrong = Vec::new();
    for entry in entries {
        match &entry.event {
            Event::DoorProbed {
                door,
                state: DoorState::Closed,
                ..
            } => {
                closed.entry(door).or_insert(entry.seq);
            }
            Event::StepEnded {
                step,
                outcome: Outcome::Done { .. },
            } => {
                if let Some(first) = done.insert(step, entry.seq) {
                    wrong.push(format!(
                        "line {}: `{step}` is done for the second time after line {first}",
                        entry.seq
                    ));
                }
            }
            Event::StepIntended { step, door, .. } => {
                let proof = door
                    .as_ref()
                    .and_then(|door| closed.get(door))
                    .or_else(|| done.get(step.as_str()));
                if let Some(proof) = proof {
                    wrong.push(format!(
                        "line {}: `{step}` is begun again after line {proof}",
                        entry.seq
                    ));
                }
            }
            _ => {}
        }
    }
    wrong
}

/// Calls that change something without an intent before them, after the proof, or of no door of the plan.
fn strange_calls(entries: &[Entry], state: &CaseState, calls: &[Call]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut sent: BTreeMap<DoorId, usize> = BTreeMap::new();
    for call in calls.iter().filter(|call| changes(call)) {
        let name = format!("call {}: {} {}", call.number, call.method, call.path);
        let Some(door) = door_of(call, state) else {
            wrong.push(format!("{name} closes no door of the case"));
            continue;
        };
        *sent.entry(door.id.clone()).or_default() += 1;
        let before = |wanted: &dyn Fn(&Event) -> bool| {
            entries
                .iter()
                .any(|entry| entry.at < call.at && wanted(&entry.event))
        };
        if !before(
            &|event| matches!(event, Event::StepIntended { door: Some(of), .. } if *of == door.id),
        ) {
            wrong.push(format!("{name} left before its intent was durable"));
        }
        if before(
            &|event| matches!(event, Event::DoorProbed { door: of, state: DoorState::Closed, .. } if *of == door.id),
        ) {
            wrong.push(format!("{name} left although the door was proven closed"));
        }
    }
    for (door, times) in sent {
        let meant = |entry: &&Entry| matches!(&entry.event, Event::StepIntended { door: Some(of), .. } if *of == door);
        let intents = entries.iter().filter(meant).count();
        if times > intents {
            wrong.push(format!(
                "{times} calls left for {door}, with {intents} intents"
            ));
        }
    }
    wrong
}

/// Whether a call changes anything; obtaining our own token and asking GraphQL do not.
fn changes(call: &Call) -> bool {
    let reads = ["/access_tokens", "/oauth2/v1/token", "/graphql"];
    call.method != "GET" && !reads.iter().any(|end| call.path.ends_with(end))
}

/// The door that a call closes, by the form of the call in the description of its kind.
fn door_of<'a>(call: &Call, state: &'a CaseState) -> Option<&'a Door> {
    let of_kind = |door: &&Door| {
        let spec = cordon::providers::SPECS
            .iter()
            .find(|spec| spec.name == call.server && door.provider == call.server);
        let close = spec
            .and_then(|spec| spec.door_kind(&door.kind))
            .and_then(|kind| kind.close);
        close.is_some_and(|close| has_form(call, close))
    };
    let doors: Vec<&Door> = state
        .doors
        .values()
        .map(|record| &record.door)
        .filter(of_kind)
        .collect();
    match doors.as_slice() {
        [one] => Some(one),
        many => {
            // Of several, the one whose own id stands in the path.
            let last = |door: &Door| {
                door.native
                    .rsplit(['/', ':'])
                    .next()
                    .unwrap_or_default()
                    .to_owned()
            };
            many.iter()
                .copied()
                .find(|door| call.path.split('/').any(|part| part == last(door)))
        }
    }
}

/// Whether a call has a form such as `DELETE /users/{id}/sessions?oauthTokens=true`.
fn has_form(call: &Call, form: &str) -> bool {
    let Some((method, path)) = form.split_once(' ') else {
        return false;
    };
    let path = path.split('?').next().unwrap_or_default();
    let (mut form, mut given) = (path.split('/'), call.path.split('/'));
    method == call.method
        && loop {
            match (form.next(), given.next()) {
                (None, None) => break true,
                (Some(form), Some(given)) if form.starts_with('{') || form == given => {}
                _ => break false,
            }
        }
}
