//! Gates: what each lets through, which are not opened, and that no closing goes without one: before
//! it, or for what undo restores directly behind it.

use super::Expansion;
use crate::door::Class;
use crate::fault::{Fault, Result};
use crate::plan::{Step, StepId, Task, ungated};
use crate::playbook::{self, Kind};

impl<'a> Expansion<'a> {
    /// The close steps behind a gate, each with its closings.
    fn behind(&self, gate: &str) -> impl Iterator<Item = (&'a str, usize)> {
        let closes = |step: &&playbook::Step| matches!(step.kind, Kind::Close(_));
        let steps = self.flow.sorted.iter().copied().filter(closes);
        steps
            .filter(move |step| self.flow.precedes(gate, &step.id))
            .map(|step| (step.id.as_str(), self.doors.of(&step.id).len()))
    }

    /// How many closings a gate lets through: those behind it with no other gate between.
    fn guards(&self, gate: &str) -> u32 {
        let between = |close: &str| {
            self.flow.sorted.iter().any(|other| {
                matches!(other.kind, Kind::Gate(_))
                    && self.flow.precedes(gate, &other.id)
                    && self.flow.precedes(&other.id, close)
            })
        };
        let direct = self.behind(gate).filter(|(close, _)| !between(close));
        u32::try_from(direct.map(|(_, count)| count).sum::<usize>()).unwrap_or(u32::MAX)
    }

    /// A gate whose close steps all have nothing to close asks nobody: people who approve nothing
    /// learn to approve anything.
    pub(super) fn gate(
        &mut self,
        step: &'a playbook::Step,
        gate: &playbook::Gate,
        needs: &[StepId],
    ) {
        let behind: Vec<usize> = self.behind(&step.id).map(|(_, count)| count).collect();
        // What was closed before people decided is ratified, whatever else there is.
        let ratifies = self
            .steps
            .iter()
            .any(|before| matches!(before.task, Task::Close { .. }) && needs.contains(&before.id));
        if !ratifies && !behind.is_empty() && behind.iter().all(|count| *count == 0) {
            let note = format!(
                "Gate `{}` is not opened: there is nothing behind it to close.",
                step.id
            );
            self.notes.push(note);
            return;
        }
        let task = Task::Gate {
            roles: gate.roles.clone(),
            people: gate.people,
            expires_s: gate.expires.as_u32(),
            guards: self.guards(&step.id),
        };
        self.push(
            step,
            step.id.clone(),
            "Ask people to decide".to_owned(),
            task,
            needs.to_vec(),
        );
    }
}

/// Whatever the playbook says: no closing without a gate that it needs itself, or that directly needs it
/// when undo restores it.
pub(super) fn guarded(steps: &[Step]) -> Result<()> {
    let ratified = |closing: &Step| {
        let mut gates = steps
            .iter()
            .filter(|step| matches!(step.task, Task::Gate { .. }));
        matches!(
            closing.task,
            Task::Close {
                class: Class::Reversible,
                ..
            }
        ) && gates.any(|gate| gate.needs.contains(&closing.id))
    };
    let open = ungated(steps).find(|step| !ratified(step));
    match open {
        None => Ok(()),
        Some(step) => Err(Fault::failed(
            "close-without-gate",
            format!(
                "Step `{}` would close a door without asking anyone.",
                step.id
            ),
        )
        .hint("Put a gate before it in the playbook.")),
    }
}
