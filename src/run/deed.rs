//! Tasks that are not the engine's own: done once, and looked at before they are done again.

use std::sync::Arc;

use super::backoff::ATTEMPT;
use super::call::{Call, Miss};
use super::dispatch::{DEEDS, Dispatch};
use super::lane::{Intent, Waiting as Queued};
use super::steps::{STOPPED_BEFORE, Work, looking};
use super::{Answer, Deed};
use crate::case::event::Outcome;
use crate::case::state::StepRecord;
use crate::fault::Result;
use crate::plan::{Step, Task};

/// The name under which the deed of a task is registered; `None` for the engine's own tasks.
pub(super) const fn name(task: &Task) -> Option<&'static str> {
    match task {
        Task::Draft { .. } => Some("draft"),
        Task::Snapshot { .. }
        | Task::Close { .. }
        | Task::Verify { .. }
        | Task::Gate { .. }
        | Task::Wait { .. } => None,
    }
}

impl Dispatch<'_> {
    fn deed(&self, step: &Step) -> Option<Arc<dyn Deed>> {
        self.run.deeds.get(name(&step.task)?).cloned()
    }

    pub(super) fn begin_deed(&mut self, place: usize, step: &Step, record: &StepRecord) {
        if record.attempts == 0 {
            return self.queue_deed(place, step);
        }
        if record.in_doubt.is_some() {
            self.acted(step, record, None, STOPPED_BEFORE);
        }
        self.observe(place, step);
    }

    fn queue_deed(&mut self, place: usize, step: &Step) {
        if let Some(deed) = self.deed(step) {
            self.works.insert(place, Work::Doing);
            self.queue(DEEDS, doing(place, deed, step), 0);
        }
    }

    fn observe(&mut self, place: usize, step: &Step) {
        if let Some(deed) = self.deed(step) {
            self.works.insert(place, Work::Doing);
            let call = Call::Observe(deed, Box::new(step.clone()));
            self.queue(DEEDS, looking(place, call), 0);
        }
    }

    pub(super) fn take_acted(
        &mut self,
        place: usize,
        step: &Step,
        record: &StepRecord,
        done: Result<Outcome, Miss>,
    ) {
        match done {
            Ok(outcome) => {
                let note = match &outcome {
                    Outcome::Done { note, .. } => note.clone(),
                    Outcome::Failed { why }
                    | Outcome::Unknown { why }
                    | Outcome::Skipped { why } => why.clone(),
                };
                self.acted(step, record, None, &note);
                self.conclude(place, outcome);
            }
            Err(Miss::Panic) => {
                let why = Miss::Panic.to_string();
                self.acted(step, record, None, &why);
                self.conclude(place, Outcome::Unknown { why });
            }
            Err(miss) => {
                self.acted(step, record, None, &miss.to_string());
                self.observe(place, step);
            }
        }
    }

    pub(super) fn take_observed(
        &mut self,
        place: usize,
        step: &Step,
        record: &StepRecord,
        seen: Result<Option<Outcome>, Miss>,
    ) {
        let crashed = record.note == STOPPED_BEFORE;
        let retry = self.options.answers.get(&step.id) == Some(&Answer::Retry)
            && !self.retried.contains(&place);
        match (seen, self.deed(step)) {
            (Ok(Some(outcome)), _) => self.conclude(place, outcome),
            (Ok(None), Some(deed))
                if retry || crashed || record.attempts < step.attempts.max(1) =>
            {
                self.retried.insert(place);
                let wait = if retry || crashed {
                    std::time::Duration::ZERO
                } else {
                    ATTEMPT.after(record.attempts)
                };
                self.queue_after(wait, DEEDS, doing(place, deed, step));
            }
            (Ok(None), _) => {
                let why = format!("It was tried and is not done: {}.", record.note);
                self.conclude(place, Outcome::Failed { why });
            }
            (Err(miss), _) => {
                let why = format!("Whether it was done could not be found out: {miss}.");
                self.conclude(place, Outcome::Unknown { why });
            }
        }
    }
}

fn doing(place: usize, deed: Arc<dyn Deed>, step: &Step) -> Queued {
    Queued {
        place,
        intent: Some(Intent::default()),
        call: Call::Act(deed, Box::new(step.clone())),
    }
}
