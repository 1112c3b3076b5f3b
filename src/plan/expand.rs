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

mod doors;
mod sort;

use std::collections::{BTreeMap, BTreeSet};

use doors::{Closing, Doors};

use super::{Plan, Step, StepId, Task};
use crate::case::state::CaseState;
use crate::door::Order;
use crate::fault::{Fault, Result};
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
    let mut notes = inventories(case, state)?;
    let doors = Doors::sort(&flow, state, catalogue);
    notes.extend(doors.notes(state));
    gates_can_pass(playbook, case, state)?;
    if doors.closings.values().all(Vec::is_empty) {
        return Err(nothing(case, state, &doors));
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
    guarded(&steps)?;
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

/// What is wrong with the inventories of the chosen accounts.
fn inventories(case: &CaseId, state: &CaseState) -> Result<Vec<String>> {
    if state.accounts.is_empty() {
        return Err(Fault::input(
            "no-identity",
            "No account is chosen for this case, so there is nothing to plan for.",
        )
        .at(case)
        .hint(format!(
            "`cordon inventory {case}` looks for the accounts and reads their doors."
        )));
    }
    let read = |account: &Account| {
        state
            .inventories
            .iter()
            .find(|(known, ..)| known == account)
    };
    let failed = |account: &Account| {
        state
            .inventory_failures
            .iter()
            .find(|(known, _)| known == account)
    };
    let mut notes = Vec::new();
    for account in &state.accounts {
        let name = called(account);
        match (read(account), failed(account)) {
            (None, None) => {
                return Err(Fault::input(
                    "inventory-missing",
                    format!("The doors of {name} were not read yet."),
                )
                .at(case)
                .hint(format!("Run `cordon inventory {case}`.")));
            }
            (None, Some((_, why))) => notes.push(format!(
                "The inventory of {name} failed, so its doors are not in this plan: {why}"
            )),
            (Some(_), Some((_, why))) => notes.push(format!(
                "The last inventory of {name} failed; the plan rests on the one before: {why}"
            )),
            (Some(_), None) => {}
        }
        if let Some((_, completeness, _)) = read(account) {
            for part in completeness
                .iter()
                .filter(|part| !part.complete || !part.gaps.is_empty())
            {
                let gaps = if part.gaps.is_empty() {
                    "its end was not reached".to_owned()
                } else {
                    part.gaps.join("; ")
                };
                notes.push(format!(
                    "The inventory of {name} is incomplete: {}: {gaps}",
                    part.what
                ));
            }
        }
    }
    if state.accounts.iter().all(|account| read(account).is_none()) {
        return Err(Fault::failed(
            "inventory-failed",
            "No inventory of a chosen account succeeded, so no door is known.",
        )
        .at(case)
        .hint(notes.join(" "))
        .hint("`cordon provider check` shows what is wrong with the credentials or the network."));
    }
    Ok(notes)
}

/// Every gate has enough people who may pass it.
fn gates_can_pass(playbook: &Playbook, case: &CaseId, state: &CaseState) -> Result<()> {
    for step in &playbook.steps {
        let Kind::Gate(gate) = &step.kind else {
            continue;
        };
        let able: BTreeSet<&str> = state
            .people
            .iter()
            .filter(|person| state.may_decide(Some(&gate.roles), &person.name).is_ok())
            .map(|person| person.name.as_str())
            .collect();
        let needed = usize::try_from(gate.people).unwrap_or(usize::MAX);
        if able.len() < needed {
            return Err(Fault::input(
                "gate-without-people",
                format!("Gate `{}` needs {needed} different people with a role of {}; the case knows {}.", step.id, gate.roles.join(", "), able.len()),
            )
            .at(case)
            .hint("Name people with these roles in the configuration before the case is opened, or use a playbook that asks others."));
        }
    }
    Ok(())
}

/// Nothing to close is never a green plan.
fn nothing(case: &CaseId, state: &CaseState, doors: &Doors) -> Fault {
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for left in &doors.left {
        let reason = left.why.split(':').next().unwrap_or_default();
        *reasons.entry(reason).or_default() += 1;
    }
    let reasons: Vec<String> = reasons
        .iter()
        .map(|(why, count)| format!("{count} {why}"))
        .collect();
    let reasons = if reasons.is_empty() {
        "none was found".to_owned()
    } else {
        reasons.join(", ")
    };
    Fault::failed("nothing-to-close", format!("This plan would close none of the {} doors of the case: {reasons}.", state.doors.len()))
        .at(case)
        .hint(format!("`cordon verify {case}` proves again what was closed; `cordon inventory {case}` looks for doors again."))
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

    fn close(&mut self, step: &playbook::Step, close: &playbook::Close, needs: &[StepId]) {
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
    fn gate(&mut self, step: &'a playbook::Step, gate: &playbook::Gate, needs: &[StepId]) {
        let behind: Vec<usize> = self.behind(&step.id).map(|(_, count)| count).collect();
        if !behind.is_empty() && behind.iter().all(|count| *count == 0) {
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

/// Whatever the playbook says: no closing without a gate that it needs itself.
fn guarded(steps: &[Step]) -> Result<()> {
    let gates: BTreeSet<&str> = steps
        .iter()
        .filter(|step| matches!(step.task, Task::Gate { .. }))
        .map(|step| step.id.as_str())
        .collect();
    let open = steps.iter().find(|step| {
        matches!(step.task, Task::Close { .. })
            && !step.needs.iter().any(|need| gates.contains(need.as_str()))
    });
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

/// A label of bounded length: the plan is one line of the log.
fn clipped(label: &str) -> String {
    label.chars().take(200).collect()
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
