//! What each task does when it begins, and what each answer makes of it.

use std::time::Duration;

use super::Answer as Said;
use super::call::{Answer, Call, clip, unknown};
use super::closing::Proving;
use super::dispatch::Dispatch;
use super::gate::Verdict;
use super::graph::Way;
use super::lane::Waiting as Queued;
use super::snapshot::Reading;
use super::verifying::Verifying;
use crate::case::event::{Event, Outcome};
use crate::case::state::{CaseState, GateRecord, StepRecord};
use crate::door::{DoorState, Probe};
use crate::id::DoorId;
use crate::plan::{OnFailure, Step, Task};
use crate::provider::Closing;
use crate::time::Timestamp;

/// What a step that has begun is at.
#[derive(Debug)]
pub(super) enum Work {
    /// A close is queued or under way.
    Closing,
    /// A close was answered; its door is being looked at.
    Proving(Box<Proving>),
    /// A gate waits for people until then.
    Gate { expires: Timestamp },
    /// A trail is being read.
    Reading(Box<Reading>),
    /// A deed is queued or under way.
    Doing,
    /// Doors are being looked at again.
    Verifying(Verifying),
}

/// What is written for an intent that a crash left without an answer.
pub(super) const STOPPED_BEFORE: &str = "Cordon stopped before the answer was recorded";

impl Dispatch<'_> {
    /// Begins a free step, or takes it up where the log left it. False when it may not begin now.
    pub(super) fn begin(&mut self, state: &CaseState, place: usize) -> bool {
        let Some(step) = self.step(place) else {
            return true;
        };
        let record = state.steps.get(&step.id).cloned().unwrap_or_default();
        let fresh = record.attempts == 0 && record.due.is_none();
        if fresh && !state.gates.contains_key(&step.id) {
            if !self.may_begin() {
                return false;
            }
            if self.graph.is_barred(place) {
                let why = self.why_barred(&step);
                self.end(place, Outcome::Skipped { why }, Way::Barred);
                return true;
            }
            if self.is_needless(place, &step) {
                self.end_needless(place);
                return true;
            }
        }
        match &step.task {
            Task::Close { door, provider, .. } => {
                self.begin_close(state, place, &step, &record, (door, provider));
            }
            Task::Snapshot { .. } => self.begin_reading(state, place, &step, &record),
            Task::Verify { .. } => self.begin_verify(state, place, &step, &record),
            Task::Gate { expires_s, .. } => {
                let expires = self.now + Duration::from_secs((*expires_s).into());
                self.begin_gate(state, place, &step, expires);
            }
            Task::Wait { seconds } => {
                let due = record.due.unwrap_or_else(|| {
                    let due = self.now.saturating_add(Duration::from_secs(*seconds));
                    let due = due.unwrap_or(Timestamp::MAX);
                    self.events.push(Event::TimerSet {
                        step: step.id.clone(),
                        due,
                    });
                    due
                });
                self.waits.insert((due, place));
            }
            Task::Draft { .. } => self.begin_deed(place, &step, &record),
        }
        true
    }

    /// Takes an answer in.
    pub(super) fn take(&mut self, state: &CaseState, place: usize, answer: Answer) {
        let Some(step) = self.step(place) else {
            return;
        };
        let record = state.steps.get(&step.id).cloned().unwrap_or_default();
        match answer {
            Answer::Closed(door, closing, panicked) => {
                self.take_closed(place, &step, &record, &door, closing, panicked);
            }
            Answer::Probed(door, probe) => {
                let probe = kept(state, &door.id, probe);
                if matches!(self.works.get(&place), Some(Work::Verifying(_))) {
                    self.take_verified(place, &step, &record, door, probe);
                } else {
                    self.take_probed(place, &step, &record, probe);
                }
            }
            Answer::Pulled(page, throttled) => {
                self.take_page(state, place, (&step, &record), page, throttled);
            }
            Answer::Acted(done) => self.take_acted(place, &step, &record, done),
            Answer::Observed(seen) => self.take_observed(place, &step, &record, seen),
        }
    }

    // --- gates and times

    fn begin_gate(&mut self, state: &CaseState, place: usize, step: &Step, expires: Timestamp) {
        let Task::Gate { roles, people, .. } = &step.task else {
            return;
        };
        let known = state.gates.get(&step.id);
        if known.is_some_and(|gate| gate.passed) {
            return self.pass(place, *people);
        }
        // A denial that was not taken up yet is looked at first: no time runs out for it.
        let over =
            |gate: &GateRecord| gate.expired || (gate.denied.is_none() && self.now >= gate.expires);
        let again = self.options.reopen_gates && self.may_begin() && known.is_some_and(over);
        let expires = match known {
            Some(gate) if !again => gate.expires,
            _ => {
                if known.is_some_and(|gate| !gate.expired) {
                    let step = step.id.clone();
                    self.events.push(Event::GateExpired { step });
                }
                self.events.push(Event::GateOpened {
                    step: step.id.clone(),
                    plan: self.digest,
                    roles: roles.clone(),
                    people: *people,
                    expires,
                });
                self.opened.insert(place);
                expires
            }
        };
        self.works.insert(place, Work::Gate { expires });
        self.gates.insert(place);
    }

    /// Lets through, shuts or expires gates; true when one has settled, which may free steps.
    pub(super) fn look_at_gates(&mut self, state: &CaseState) -> bool {
        let mut freed = false;
        for place in self.gates.clone() {
            let Some(step) = self.step(place).filter(|_| !self.opened.contains(&place)) else {
                continue;
            };
            let gone = state.gates.get(&step.id).is_some_and(|gate| gate.expired);
            if self.may_begin() && self.is_needless(place, &step) {
                self.gates.remove(&place);
                self.end_needless(place);
                freed = true;
                continue;
            }
            match self.judge.verdict(state, &step.id, self.now) {
                Verdict::Passed if self.may_begin() => {
                    let people = state.gates.get(&step.id).map_or(1, |gate| gate.people);
                    self.events.push(Event::GatePassed {
                        step: step.id.clone(),
                    });
                    self.gates.remove(&place);
                    self.pass(place, people);
                    freed = true;
                }
                Verdict::Denied(person) => {
                    self.gates.remove(&place);
                    let why = format!("{person} denied it.");
                    self.end(place, Outcome::Skipped { why }, Way::Shut);
                    freed = true;
                }
                Verdict::Spoiled(why) if !gone => {
                    let text = format!("The denial at gate `{}` does not count: {why}.", step.id);
                    self.events.push(Event::CaseNoted { text });
                    self.expire(place, step);
                }
                Verdict::Expired if !gone => self.expire(place, step),
                Verdict::Open | Verdict::Passed | Verdict::Spoiled(_) | Verdict::Expired => {}
            }
        }
        freed
    }

    /// Whether nobody need decide at a gate: another one that was shut bars every closing behind it.
    fn is_needless(&self, place: usize, step: &Step) -> bool {
        let closes = |behind: usize| {
            let step = self.plan.steps.get(behind);
            step.is_some_and(|step| matches!(step.task, Task::Close { .. }))
        };
        matches!(step.task, Task::Gate { .. }) && self.graph.bars_all_behind(place, closes)
    }

    fn end_needless(&mut self, place: usize) {
        let closing = self.plan.steps.get(place).and_then(|gate| {
            let behind = |step: &&Step| step.needs.contains(&gate.id);
            let closes = |step: &&Step| matches!(step.task, Task::Close { .. });
            self.plan.steps.iter().filter(closes).find(behind)
        });
        let before = closing.map_or_else(String::new, |step| self.why_barred(step));
        let why = format!("Nothing was left to decide. {before}");
        self.end(place, Outcome::Skipped { why }, Way::Shut);
    }

    /// Which gate keeps a step from beginning, and who shut it.
    fn why_barred(&self, step: &Step) -> String {
        let mut known = step.needs.iter().filter_map(|need| self.barred.get(need));
        known
            .next()
            .cloned()
            .unwrap_or_else(|| "A gate before it was not let through.".to_owned())
    }

    /// Keeps why the steps behind this one do not begin.
    pub(super) fn note_barred(&mut self, place: usize, outcome: &Outcome, way: Way) {
        let (Outcome::Skipped { why }, Some(step)) = (outcome, self.plan.steps.get(place)) else {
            return;
        };
        let why = match way {
            Way::On => return,
            Way::Barred => why.clone(),
            Way::Shut => format!("Gate `{}` before it was not let through: {why}", step.id),
        };
        self.barred.insert(step.id.clone(), why);
    }

    fn pass(&mut self, place: usize, people: u32) {
        let done = Outcome::Done {
            asked: people,
            proven: people,
            note: "enough people approved".to_owned(),
        };
        self.end(place, done, Way::On);
    }

    fn expire(&mut self, place: usize, step: Step) {
        self.events.push(Event::GateExpired { step: step.id });
        // Nothing wakes for this gate any more.
        self.works.remove(&place);
        self.opened.insert(place);
    }

    /// Ends waits whose time has come.
    pub(super) fn look_at_times(&mut self) {
        while let Some((due, place)) = self
            .waits
            .first()
            .copied()
            .filter(|(due, _)| *due <= self.now)
        {
            self.waits.remove(&(due, place));
            let note = format!("waited until {}", crate::time::utc(due));
            let done = Outcome::Done {
                asked: 1,
                proven: 1,
                note,
            };
            self.end(place, done, Way::On);
        }
    }

    // --- ends

    /// Records that the attempt was answered.
    pub(super) fn acted(
        &mut self,
        step: &Step,
        record: &StepRecord,
        closing: Option<Closing>,
        note: &str,
    ) {
        let door = match &step.task {
            Task::Close { door, .. } => Some(door.clone()),
            _ => None,
        };
        self.events.push(Event::StepActed {
            step: step.id.clone(),
            attempt: record.attempts,
            door,
            closing,
            note: clip(note.to_owned()),
        });
    }

    /// Ends a step that was tried, as the policy of the plan says.
    pub(super) fn conclude(&mut self, place: usize, outcome: Outcome) {
        self.works.remove(&place);
        let Some(step) = self.step(place) else {
            return;
        };
        let outcome = match (honest(outcome), step.on_failure) {
            (Outcome::Failed { why } | Outcome::Unknown { why }, OnFailure::Ask)
                if self.options.answers.get(&step.id) != Some(&Said::GoOn) =>
            {
                self.asks.insert(place, why);
                return;
            }
            (Outcome::Failed { why }, OnFailure::Ask) => Outcome::Failed {
                why: format!("{why} A person chose to go on."),
            },
            (Outcome::Unknown { why }, OnFailure::Ask) => Outcome::Unknown {
                why: format!("{why} A person chose to go on."),
            },
            (outcome, _) => outcome,
        };
        self.note_stop(place, &outcome);
        self.end(place, outcome, Way::On);
    }

    /// Records an end and frees what waited for it.
    pub(super) fn end(&mut self, place: usize, outcome: Outcome, way: Way) {
        self.works.remove(&place);
        self.note_barred(place, &outcome, way);
        if let Some(step) = self.plan.steps.get(place) {
            let step = step.id.clone();
            self.events.push(Event::StepEnded { step, outcome });
        }
        self.graph.end(place, way);
    }

    /// Stops the run when a step failed whose policy says so.
    pub(super) fn note_stop(&mut self, place: usize, outcome: &Outcome) {
        let Some(step) = self.plan.steps.get(place) else {
            return;
        };
        if let (Outcome::Failed { why } | Outcome::Unknown { why }, OnFailure::Stop) =
            (outcome, step.on_failure)
        {
            self.stopped
                .get_or_insert_with(|| (step.id.clone(), why.clone()));
        }
    }

    /// What an end that was recorded before means for the steps behind it.
    pub(super) fn way(&self, place: usize, outcome: &Outcome) -> Way {
        let gate =
            (self.plan.steps.get(place)).is_some_and(|step| matches!(step.task, Task::Gate { .. }));
        match outcome {
            Outcome::Skipped { .. } if self.graph.is_barred(place) => Way::Barred,
            Outcome::Skipped { .. } if gate => Way::Shut,
            _ => Way::On,
        }
    }
}

/// A look that is queued without an intent, because it changes nothing.
pub(super) const fn looking(place: usize, call: Call) -> Queued {
    Queued {
        place,
        intent: None,
        call,
    }
}

/// A probe, without evidence that the case does not hold; closed needs some that it does. A residual
/// ends when the first proof of the close said, however often the door is proven again.
pub(super) fn kept(state: &CaseState, door: &DoorId, mut probe: Probe) -> Probe {
    let before = state.doors.get(door).and_then(|known| known.probe.as_ref());
    if let Some(before) = before.and_then(|before| before.residual_until)
        && probe.state != DoorState::Open
    {
        let until = probe
            .residual_until
            .map_or(before, |until| until.min(before));
        probe.residual_until = Some(until);
    }
    probe.evidence.retain(|id| state.evidence.contains_key(id));
    if probe.state == DoorState::Closed && probe.evidence.is_empty() {
        return Probe {
            residual_until: probe.residual_until,
            ..unknown(format!("Nothing was kept that proves it: {}", probe.why))
        };
    }
    probe
}

/// Nothing is done without proof of all that was asked for.
fn honest(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Failed { why } => Outcome::Failed { why: clip(why) },
        Outcome::Unknown { why } => Outcome::Unknown { why: clip(why) },
        Outcome::Done { asked: 0, note, .. } => Outcome::Unknown {
            why: format!("Nothing was asked for, so nothing is proven: {note}"),
        },
        Outcome::Done {
            asked,
            proven,
            note,
        } if proven != asked => Outcome::Unknown {
            why: format!("{proven} of {asked} were proven: {note}"),
        },
        outcome => outcome,
    }
}
