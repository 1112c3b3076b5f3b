//! What a run has passed and what is still before it: what setting it aside gives up.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::case::state::{CaseState, RunPhase};
use crate::plan::{Step, StepId, Task};
use crate::time::{Timestamp, utc};

/// What a run that has begun and not ended has passed, and what is still before it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Rest {
    /// Gates that people let through.
    pub passed: Vec<StepId>,
    /// Gates that wait for people, and how many approvals of each count still.
    pub gates: Vec<(StepId, usize)>,
    /// Steps that are under way or could be, gates left out.
    pub work: Vec<StepId>,
    /// Later looks at what was closed, and when each is due as far as that is known.
    pub looks: Vec<(StepId, Option<Timestamp>)>,
}

impl Rest {
    /// What is left of the run of a case. Nothing when no run has begun, or when it has ended.
    pub fn of(state: &CaseState) -> Self {
        let mut rest = Self::default();
        let Some((plan, _)) = state.plan.as_ref().filter(|_| has_begun(state)) else {
            return rest;
        };
        let later = plan.tail();
        for step in &plan.steps {
            let record = state.steps.get(&step.id);
            let ended = record.is_some_and(|record| record.outcome.is_some());
            let gate = state.gates.get(&step.id);
            if gate.is_some_and(|gate| gate.passed) {
                rest.passed.push(step.id.clone());
            }
            if ended {
                continue;
            }
            if let Some(gate) = gate {
                let approved = state.approvals_standing(gate);
                rest.gates.push((step.id.clone(), approved));
            } else if !later.contains(step.id.as_str()) {
                rest.work.push(step.id.clone());
            } else if matches!(step.task, Task::Verify { .. }) {
                rest.looks.push((step.id.clone(), due(state, step)));
            }
        }
        rest
    }

    /// Whether nothing but later looks is left.
    pub const fn only_looks(&self) -> bool {
        self.gates.is_empty() && self.work.is_empty()
    }

    /// One line for each gate that was passed, each decision that waits, and each look that is due.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        lines.extend((self.passed.iter()).map(|gate| format!("gate `{gate}`, which was passed")));
        lines.extend(self.gates.iter().map(|(gate, approved)| {
            format!("gate `{gate}`, which waits for people ({approved} approved)")
        }));
        if let Some(first) = self.work.first() {
            let more = match self.work.len() - 1 {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            lines.push(format!("steps that have not ended: `{first}`{more}"));
        }
        lines.extend(self.looks.iter().map(|(look, due)| {
            let when = due.map_or_else(
                || "not timed yet".to_owned(),
                |due| format!("due at {}", utc(due)),
            );
            format!("the later look `{look}`, {when}")
        }));
        lines
    }
}

/// Whether a run has begun and not ended; one that a person stopped can be resumed, so it counts.
pub const fn has_begun(state: &CaseState) -> bool {
    matches!(state.run, RunPhase::Running | RunPhase::Cancelled)
}

/// When the last of the timers before a step is due.
fn due(state: &CaseState, step: &Step) -> Option<Timestamp> {
    let needs: BTreeSet<&str> = step.needs.iter().map(String::as_str).collect();
    let timers = (state.steps.iter()).filter(|(id, _)| needs.contains(id.as_str()));
    timers.filter_map(|(_, record)| record.due).max()
}
