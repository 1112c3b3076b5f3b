//! Looking again at every door that the plan touched.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::backoff::PROBE;
use super::call::Call;
use super::dispatch::Dispatch;
use super::graph::Way;
use super::steps::{STOPPED_BEFORE, Work, looking};
use crate::case::event::{Event, Outcome};
use crate::case::state::{CaseState, StepRecord};
use crate::door::{Door, DoorState, Probe};
use crate::id::DoorId;
use crate::plan::{Step, Task};

/// A verification that is under way.
#[derive(Debug, Default)]
pub(super) struct Verifying {
    /// Doors that were not settled, with the looks so far.
    left: BTreeMap<DoorId, u32>,
    /// What was seen of the others: the kind of the door, and its state.
    seen: BTreeMap<DoorId, (String, DoorState)>,
    /// Doors that a person opened again: not asked for.
    undone: usize,
}

impl Dispatch<'_> {
    pub(super) fn begin_verify(
        &mut self,
        state: &CaseState,
        place: usize,
        step: &Step,
        record: &StepRecord,
    ) {
        let doors: Vec<Door> = (state.touched().iter())
            .filter_map(|id| state.doors.get(id))
            .map(|record| record.door.clone())
            .collect();
        if doors.is_empty() {
            if record.in_doubt.is_some() {
                self.acted(step, record, None, STOPPED_BEFORE);
            }
            let why = "No door of this plan was touched, so there is nothing to verify.".to_owned();
            return self.end(place, Outcome::Skipped { why }, Way::On);
        }
        if record.in_doubt.is_none() {
            self.events.push(Event::StepIntended {
                step: step.id.clone(),
                attempt: record.attempts + 1,
                door: None,
                undo: None,
            });
        }
        let undone = (self.plan.steps.iter())
            .filter(|step| match &step.task {
                Task::Close { door, .. } => state.doors.get(door).is_some_and(|r| r.undone),
                _ => false,
            })
            .count();
        let left = doors.iter().map(|door| (door.id.clone(), 0)).collect();
        let verifying = Verifying {
            left,
            undone,
            ..Verifying::default()
        };
        self.works.insert(place, Work::Verifying(verifying));
        for door in doors {
            if let Some(provider) = self.run.providers.get(&door.provider).cloned() {
                let lane = door.provider.clone();
                self.queue(&lane, looking(place, Call::Probe(provider, door)), 0);
            } else {
                let why = format!("The provider `{}` is not configured.", door.provider);
                let probe = super::call::unknown(why);
                self.take_verified(place, step, record, door, probe);
            }
        }
    }

    pub(super) fn take_verified(
        &mut self,
        place: usize,
        step: &Step,
        record: &StepRecord,
        door: Door,
        probe: Probe,
    ) {
        let Some(Work::Verifying(verifying)) = self.works.get_mut(&place) else {
            return;
        };
        let looks = verifying.left.get(&door.id).map_or(0, |looks| looks + 1);
        let provider = self.run.providers.get(&door.provider).cloned();
        if probe.state == DoorState::Unknown
            && looks < step.attempts
            && let Some(provider) = provider
        {
            verifying.left.insert(door.id.clone(), looks);
            let lane = door.provider.clone();
            let call = Call::Probe(provider, door);
            return self.queue_after(PROBE.after(looks), &lane, looking(place, call));
        }
        verifying.left.remove(&door.id);
        verifying
            .seen
            .insert(door.id.clone(), (door.kind, probe.state));
        let outcome = verifying.left.is_empty().then(|| verifying.outcome());
        self.events.push(Event::DoorProbed {
            door: door.id,
            state: probe.state,
            probe,
        });
        if let Some((note, outcome)) = outcome {
            self.acted(step, record, None, &note);
            self.conclude(place, outcome);
        }
    }
}

impl Verifying {
    fn outcome(&self) -> (String, Outcome) {
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let of = |wanted: DoorState| {
            let seen = self
                .seen
                .iter()
                .filter(move |(_, (_, state))| *state == wanted);
            seen.map(|(id, (kind, _))| format!("{kind} {id}"))
                .collect::<Vec<_>>()
        };
        let (open, unknown) = (of(DoorState::Open), of(DoorState::Unknown));
        let asked = self.seen.len();
        let proven = asked - open.len() - unknown.len();
        let mut note = format!("{proven} of {asked} doors are proven closed.");
        if !open.is_empty() {
            let _ = write!(note, " Open again: {}.", open.join(", "));
        }
        if !unknown.is_empty() {
            let _ = write!(note, " Not provable: {}.", unknown.join(", "));
        }
        if self.undone > 0 {
            let _ = write!(
                note,
                " {} that a person opened again were not asked for.",
                self.undone
            );
        }
        let why = note.clone();
        let outcome = if !open.is_empty() {
            Outcome::Failed { why }
        } else if !unknown.is_empty() {
            Outcome::Unknown { why }
        } else {
            Outcome::Done {
                asked: count(asked),
                proven: count(proven),
                note: why,
            }
        };
        (note, outcome)
    }
}
