//! A playbook over the doors that were found: one plan step per door, trail and notice.
//!
//! What the engine may rely on: every step stands after all that it needs; every close step and every
//! gate needs, directly, each gate that comes before it in the playbook. So a gate that is not passed
//! is seen at the step itself, whatever `on_failure` says of the steps between.
//!
//! Silent closings stand before simultaneous ones and so start first, but nothing waits for them: a
//! session that works is worse than an early one. Noisy closings wait behind a barrier until every
//! other one of their playbook step has ended. The barrier is a step of its own: with an edge for each
//! pair, a few hundred doors made a plan too large for one line of the log.

mod closings;
mod doors;
mod gates;
mod ready;
mod sort;

use std::collections::{BTreeMap, BTreeSet};

use doors::Doors;

use super::{Plan, Step, StepId, Task};
use crate::case::state::CaseState;
use crate::fault::Result;
use crate::id::CaseId;
use crate::playbook::{
    self, Catalogue, Flow, Kind, Period, Playbook, Snapshot, Verify, perishes_after, selects_trail,
};
use crate::provider::{Account, TrailSpec};
use crate::time::Timestamp;

/// Expands `playbook` over what the case knows. The same input gives the same plan.
///
/// # Errors
/// A playbook with errors, a case without a chosen account or without any inventory, a gate that
/// nobody can pass, a plan that would close nothing.
pub fn expand(
    playbook: &Playbook,
    case: &CaseId,
    state: &CaseState,
    catalogue: &Catalogue,
    now: Timestamp,
) -> Result<Plan> {
    let problems = playbook::check(playbook, catalogue);
    if problems.has_errors() {
        return Err(problems.to_fault());
    }
    let flow = Flow::of(playbook);
    let mut notes = ready::inventories(case, state)?;
    let doors = Doors::sort(&flow, state, catalogue);
    notes.extend(doors.notes(state));
    ready::gates_can_pass(playbook, case, state)?;
    if doors.closings.values().all(Vec::is_empty) {
        return Err(ready::nothing(case, state, &doors));
    }
    let mut expansion = Expansion {
        flow: &flow,
        state,
        catalogue,
        doors: &doors,
        steps: Vec::new(),
        ends: BTreeMap::new(),
        notes,
    };
    for step in &flow.sorted {
        expansion.step(step);
    }
    let Expansion { steps, notes, .. } = expansion;
    gates::guarded(&steps)?;
    Ok(Plan {
        case: case.clone(),
        playbook: playbook.name.clone(),
        playbook_digest: playbook.digest(),
        made: now,
        steps: sort::stable(steps)?,
        left: doors.left,
        notes,
    })
}

/// What people call an account; hostile text.
fn called(account: &Account) -> String {
    format!("{} at {}", account.login, account.provider)
}

struct Expansion<'a> {
    flow: &'a Flow<'a>,
    state: &'a CaseState,
    catalogue: &'a Catalogue,
    doors: &'a Doors,
    steps: Vec<Step>,
    /// The plan steps that have to end before what needs a playbook step may start.
    ends: BTreeMap<&'a str, Vec<StepId>>,
    notes: Vec<String>,
}

impl<'a> Expansion<'a> {
    fn step(&mut self, step: &'a playbook::Step) {
        let needs = self.needs(step);
        let before = self.steps.len();
        let mut later = 0;
        match &step.kind {
            Kind::Snapshot(snapshot) => self.snapshot(step, snapshot, &needs),
            Kind::Gate(gate) => self.gate(step, gate, &needs),
            Kind::Close(close) => self.close(step, close, &needs),
            Kind::Verify(verify) => later = self.verify(step, verify, &needs),
            Kind::Wait(period) => {
                let task = Task::Wait {
                    seconds: period.as_seconds(),
                };
                self.push(
                    step,
                    step.id.clone(),
                    format!("Wait for {}", period.words()),
                    task,
                    needs.clone(),
                );
            }
            Kind::Draft(notices) => {
                for notice in notices {
                    let task = Task::Draft {
                        notice: notice.clone(),
                    };
                    self.push(
                        step,
                        format!("{}/{notice}", step.id),
                        format!("Draft notice {notice}"),
                        task,
                        needs.clone(),
                    );
                }
            }
        }
        let made = self
            .steps
            .get(before..self.steps.len() - later)
            .unwrap_or_default();
        let ends: Vec<StepId> = made
            .iter()
            .filter(|step| step.task != Task::Wait { seconds: 0 })
            .map(|step| step.id.clone())
            .collect();
        // What needs a step with nothing to do waits for what that step would have waited for.
        self.ends
            .insert(&step.id, if ends.is_empty() { needs } else { ends });
    }

    /// What a step waits for; gates and closings also name every gate before them.
    fn needs(&self, step: &playbook::Step) -> Vec<StepId> {
        let mut needs: BTreeSet<StepId> = BTreeSet::new();
        for need in &step.needs {
            needs.extend(self.ends.get(need.as_str()).into_iter().flatten().cloned());
        }
        if matches!(step.kind, Kind::Gate(_) | Kind::Close(_)) {
            let gates = self
                .steps
                .iter()
                .filter(|other| matches!(other.task, Task::Gate { .. }));
            let before = gates.filter(|gate| self.flow.precedes(&gate.id, &step.id));
            needs.extend(before.map(|gate| gate.id.clone()));
        }
        needs.into_iter().collect()
    }

    fn push(
        &mut self,
        step: &playbook::Step,
        id: StepId,
        title: String,
        task: Task,
        needs: Vec<StepId>,
    ) {
        let (attempts, timeout) = match task {
            Task::Gate { .. } | Task::Wait { .. } => (1, 0),
            Task::Snapshot { .. } | Task::Verify { .. } => (3, 600),
            Task::Close { .. } | Task::Draft { .. } => (3, 60),
        };
        self.steps.push(Step {
            id,
            title: step.title.clone().unwrap_or(title),
            task,
            needs,
            on_failure: step.on_failure,
            attempts: step.attempts.unwrap_or(attempts),
            timeout_s: step.timeout.map_or(timeout, Period::as_u32),
        });
    }

    /// One step per trail and account, the shortest-lived trail first.
    fn snapshot(&mut self, step: &playbook::Step, snapshot: &Snapshot, needs: &[StepId]) {
        let mut trails: Vec<(&Account, &TrailSpec)> = Vec::new();
        for account in &self.state.accounts {
            let spec = self.catalogue.provider(&account.provider);
            let all = spec.into_iter().flat_map(|spec| spec.trails);
            let picked = all.filter(|trail| {
                snapshot
                    .trails
                    .iter()
                    .any(|selector| selects_trail(selector, trail))
            });
            trails.extend(picked.map(|trail| (account, trail)));
        }
        trails.sort_by_key(|(account, trail)| {
            (perishes_after(trail), trail.name, account.id.clone())
        });
        if trails.is_empty() {
            self.notes.push(format!(
                "Step `{}` reads nothing: no chosen account has such a trail.",
                step.id
            ));
        }
        for (account, trail) in trails {
            let task = Task::Snapshot {
                trail: trail.name.to_owned(),
                account: account.clone(),
                window_hours: snapshot.window.as_hours(),
            };
            let id = format!("{}/{}/{}", step.id, trail.name, segment(&account.id));
            let title = format!("Read about {}: {}", called(account), trail.title);
            self.push(step, id, title, task, needs.to_vec());
        }
    }

    /// The first look, and one wait and one look for each later one; returns how many steps the
    /// later ones are.
    fn verify(&mut self, step: &playbook::Step, verify: &Verify, needs: &[StepId]) -> usize {
        let before = self
            .flow
            .before(&step.id)
            .map(|id| self.doors.of(id).len())
            .sum();
        let all = self.doors.all().count();
        let look = |doors: usize| Task::Verify {
            doors: u32::try_from(doors).unwrap_or(u32::MAX),
        };
        self.push(
            step,
            step.id.clone(),
            "Probe every door that was touched".to_owned(),
            look(before),
            needs.to_vec(),
        );
        let again: BTreeSet<Period> = verify.again.iter().copied().collect();
        for period in &again {
            let wait = format!("{}/wait-{period}", step.id);
            let task = Task::Wait {
                seconds: period.as_seconds(),
            };
            self.push(
                step,
                wait.clone(),
                format!("Wait for {}", period.words()),
                task,
                vec![step.id.clone()],
            );
            let title = format!(
                "Probe every door that was touched, after {}",
                period.words()
            );
            self.push(
                step,
                format!("{}/again-{period}", step.id),
                title,
                look(all),
                vec![wait],
            );
        }
        again.len() * 2
    }
}

/// A provider's id as a part of a step's name: as it is when it is harmless, else a digest of it.
fn segment(id: &str) -> String {
    let harmless = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if (1..=64).contains(&id.len()) && id.bytes().all(harmless) {
        id.to_owned()
    } else {
        format!("~{}", crate::canon::Digest::of(id.as_bytes()).short())
    }
}
