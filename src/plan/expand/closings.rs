//! A close step: one plan step per door, in the order that the doors and the provider ask for.

use std::collections::BTreeSet;

use super::Expansion;
use super::doors::Closing;
use crate::door::Order;
use crate::plan::{StepId, Task};
use crate::playbook::{self, Kind};

impl Expansion<'_> {
    pub(super) fn close(
        &mut self,
        step: &playbook::Step,
        close: &playbook::Close,
        needs: &[StepId],
    ) {
        let closings = self.doors.of(&step.id);
        if closings.is_empty() {
            self.notes.push(format!(
                "Step `{}` closes nothing: no door that was found is left for it.",
                step.id
            ));
        }
        let name = |closing: &Closing| format!("{}/{}", step.id, closing.door);
        let quiet = closings
            .iter()
            .take_while(|closing| closing.order < Order::Noisy);
        let quiet: Vec<StepId> = quiet.map(name).collect();
        let barrier = format!("{}/barrier", step.id);
        let has_barrier = (1..closings.len()).contains(&quiet.len());
        for (index, closing) in closings.iter().enumerate() {
            let kind = closing.kind;
            let mut all: BTreeSet<StepId> = needs.iter().cloned().collect();
            if has_barrier && index == quiet.len() {
                let title = "Wait until all but the noisy closings have ended".to_owned();
                let task = Task::Wait { seconds: 0 };
                self.push(step, barrier.clone(), title, task, quiet.clone());
            }
            if has_barrier && index >= quiet.len() {
                all.insert(barrier.clone());
            }
            all.extend(self.forerunners(&step.id, closing));
            let task = Task::Close {
                door: closing.door.clone(),
                provider: closing.provider.clone(),
                kind: kind.name.to_owned(),
                class: kind.class,
                notifies: kind.notifies,
                order: closing.order,
                prove_within_s: close.prove_within.as_u32(),
            };
            let title = format!("Close “{}”: {}", clipped(&closing.label), kind.title);
            self.push(step, name(closing), title, task, all.into_iter().collect());
        }
    }

    /// The closings that the provider wants before this one, for the same account, as far as the
    /// barrier does not keep them apart.
    fn forerunners(&mut self, step: &str, closing: &Closing) -> Vec<StepId> {
        let mut found = Vec::new();
        for (other_step, other) in self.doors.all() {
            let first = closing.kind.after.contains(&other.kind.name);
            let behind_barrier =
                other_step == step && other.order < closing.order && closing.order == Order::Noisy;
            if !first
                || behind_barrier
                || other.provider != closing.provider
                || other.account != closing.account
            {
                continue;
            }
            found.push(format!("{other_step}/{}", other.door));
            let gates = self.flow.before(other_step).filter(|id| {
                let mut steps = self.flow.sorted.iter();
                steps.any(|other| other.id == *id && matches!(other.kind, Kind::Gate(_)))
            });
            for gate in gates.filter(|gate| !self.flow.precedes(gate, step)) {
                let note = format!(
                    "`{}` also waits until gate `{gate}` is settled: the provider wants `{}` closed before it.",
                    closing.kind.name, other.kind.name
                );
                if !self.notes.contains(&note) {
                    self.notes.push(note);
                }
            }
        }
        found
    }
}

/// A label of bounded length: the plan is one line of the log.
fn clipped(label: &str) -> String {
    label.chars().take(200).collect()
}
