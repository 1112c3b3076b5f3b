//! A plan is a playbook expanded over the doors that were found: pure data, frozen when made.

pub mod expand;
pub mod show;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::canon::Digest;
use crate::door::{Class, Notifies, Order};
use crate::id::{CaseId, DoorId};
use crate::provider::Account;
use crate::time::Timestamp;

/// The name of a step: the id in the playbook, and behind a `/` what it was expanded over.
pub type StepId = String;

/// What will happen, in order. Its digest is what a gate's approval binds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The case.
    pub case: CaseId,
    /// The name of the playbook.
    pub playbook: String,
    /// SHA-256 of the playbook's text.
    pub playbook_digest: Digest,
    /// When the plan was made.
    pub made: Timestamp,
    /// Every step; a step stands after everything that it needs.
    pub steps: Vec<Step>,
    /// Doors that no step closes, each with the reason.
    pub left: Vec<LeftOpen>,
    /// What the person who approves should know: inventories that failed, steps with nothing to do.
    /// Hostile text where it quotes a source.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl Plan {
    /// The step of that name.
    pub fn step(&self, id: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == id)
    }

    /// The gates that may let through what cannot be undone: they ask two people or more, and nothing
    /// with a way back is let through by the same approval alone.
    pub fn gates_for_good(&self) -> impl Iterator<Item = &str> {
        let mut gates: BTreeMap<&str, bool> = BTreeMap::new();
        for step in &self.steps {
            if let Task::Gate { people, .. } = &step.task {
                gates.insert(&step.id, *people >= 2);
            }
        }
        for step in &self.steps {
            let named = || {
                step.needs
                    .iter()
                    .filter(|need| gates.contains_key(need.as_str()))
            };
            // A gate or a closing names every gate before it; another step names only its own.
            let shares = match &step.task {
                Task::Gate { .. } => false,
                Task::Close { class, .. } => *class != Class::Irreversible && named().count() == 1,
                _ => true,
            };
            if shares {
                for gate in &step.needs {
                    gates.entry(gate).and_modify(|own| *own = false);
                }
            }
        }
        gates
            .into_iter()
            .filter_map(|(gate, own)| own.then_some(gate))
    }

    /// Steps that the end of the run does not wait for: waits behind which there are only looks, and
    /// those looks. Everything else is the main part. A wait of no time is a barrier, not a wait.
    pub fn tail(&self) -> BTreeSet<&str> {
        let mut acts_behind: BTreeSet<&str> = BTreeSet::new();
        for step in self.steps.iter().rev() {
            let looks = matches!(step.task, Task::Verify { .. } | Task::Wait { seconds: 1.. });
            if !looks || acts_behind.contains(step.id.as_str()) {
                acts_behind.extend(step.needs.iter().map(String::as_str));
            }
        }
        let mut tail: BTreeSet<&str> = BTreeSet::new();
        for step in &self.steps {
            let later = match step.task {
                Task::Wait { seconds } => seconds > 0,
                Task::Verify { .. } => step.needs.iter().any(|need| tail.contains(need.as_str())),
                _ => false,
            };
            if later && !acts_behind.contains(step.id.as_str()) {
                tail.insert(&step.id);
            }
        }
        tail
    }
}

/// Closings that no gate stands directly before.
pub fn ungated(steps: &[Step]) -> impl Iterator<Item = &Step> {
    let gates: BTreeSet<&str> = steps
        .iter()
        .filter(|step| matches!(step.task, Task::Gate { .. }))
        .map(|step| step.id.as_str())
        .collect();
    steps.iter().filter(move |step| {
        matches!(step.task, Task::Close { .. })
            && !step.needs.iter().any(|need| gates.contains(need.as_str()))
    })
}

/// A door that the plan does not close.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOpen {
    /// The door.
    pub door: DoorId,
    /// Why: protected, not attributed, only a person can close it, no step selects it.
    pub why: String,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Its name, unique in the plan.
    pub id: StepId,
    /// One line for people.
    pub title: String,
    /// What it does.
    pub task: Task,
    /// Steps that have to end first.
    pub needs: Vec<StepId>,
    /// What a failure of this step does to the rest.
    pub on_failure: OnFailure,
    /// How often it is tried, the first time included.
    pub attempts: u32,
    /// How long one attempt may take, seconds.
    pub timeout_s: u32,
}

/// What a failure does to the rest of the run.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// Go on with everything else, also with what needs this step.
    #[default]
    Continue,
    /// Start nothing new.
    Stop,
    /// Wait for a person.
    Ask,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "do")]
pub enum Task {
    /// Reads one trail about one account.
    Snapshot {
        /// The trail.
        trail: String,
        /// The account.
        account: Account,
        /// How far back, hours.
        window_hours: u32,
    },
    /// Closes one door and proves it.
    Close {
        /// The door.
        door: DoorId,
        /// The provider.
        provider: String,
        /// The kind of door.
        kind: String,
        /// What a close means.
        class: Class,
        /// Whether the subject is told.
        notifies: Notifies,
        /// When, relative to the others.
        order: Order,
        /// How long to look for proof, seconds, before the answer is `unknown`.
        prove_within_s: u32,
    },
    /// Probes every door that a close step of this plan touched.
    Verify {
        /// How many doors.
        doors: u32,
    },
    /// Waits for people.
    Gate {
        /// The roles that may approve.
        roles: Vec<String>,
        /// How many different people.
        people: u32,
        /// For how long it stays open, seconds.
        expires_s: u32,
        /// The steps that this gate lets through.
        guards: u32,
    },
    /// Waits for time.
    Wait {
        /// How long after the step became ready, seconds.
        seconds: u64,
    },
    /// Drafts a notice.
    Draft {
        /// The template.
        notice: String,
    },
}
