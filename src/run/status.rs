//! Where every step stands, as data and as text.

use std::fmt::Write as _;

use serde::Serialize;

use crate::case::event::Outcome;
use crate::case::state::{CaseState, RunPhase};
use crate::hostile::one_line;
use crate::plan::{Step, Task};
use crate::provider::Closing;

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// Done and proven.
    Done,
    /// Tried and failed.
    Failed,
    /// Neither proven nor refuted.
    Unknown,
    /// Not tried.
    Skipped,
    /// Begun, and not ended.
    UnderWay,
    /// Begun by a process that is gone.
    Interrupted,
    /// Waits for people or for a time.
    Waiting,
    /// Could begin.
    Ready,
    /// Something that it needs has not ended.
    Blocked,
}

impl Mark {
    /// The word used everywhere.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Skipped => "skipped",
            Self::UnderWay => "under way",
            Self::Interrupted => "interrupted",
            Self::Waiting => "waiting",
            Self::Ready => "ready",
            Self::Blocked => "blocked",
        }
    }
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Leaf {
    /// The step.
    pub step: String,
    /// Its title. Hostile text where it names a door.
    pub title: String,
    /// Where it stands.
    pub mark: Mark,
    /// Why, in one sentence. Hostile text where it quotes a provider.
    pub note: String,
    /// How often it was tried.
    pub attempts: u32,
}

/// The steps that one step of the playbook was expanded into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Branch {
    /// The name in the playbook.
    pub name: String,
    /// The steps, in plan order.
    pub steps: Vec<Leaf>,
}

/// Every step of the plan, in plan order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Tree {
    /// By step of the playbook.
    pub branches: Vec<Branch>,
}

impl Tree {
    /// Where the steps of the case stand.
    pub fn of(state: &CaseState) -> Self {
        let mut branches: Vec<Branch> = Vec::new();
        for step in state.plan.iter().flat_map(|(plan, _)| &plan.steps) {
            let name = step.id.split('/').next().unwrap_or_default();
            let (mark, note) = stand(state, step);
            let leaf = Leaf {
                step: step.id.clone(),
                title: step.title.clone(),
                mark,
                note,
                attempts: state
                    .steps
                    .get(&step.id)
                    .map_or(0, |record| record.attempts),
            };
            match branches.iter_mut().find(|branch| branch.name == name) {
                Some(branch) => branch.steps.push(leaf),
                None => branches.push(Branch {
                    name: name.to_owned(),
                    steps: vec![leaf],
                }),
            }
        }
        Self { branches }
    }

    /// The same when no process carries the plan out.
    #[must_use]
    pub fn without_process(mut self) -> Self {
        for leaf in self
            .branches
            .iter_mut()
            .flat_map(|branch| &mut branch.steps)
        {
            if leaf.mark == Mark::UnderWay {
                leaf.mark = Mark::Interrupted;
            }
        }
        self
    }

    /// Every step.
    pub fn leaves(&self) -> impl Iterator<Item = &Leaf> {
        self.branches.iter().flat_map(|branch| &branch.steps)
    }

    /// How many steps have a mark.
    pub fn count(&self, mark: Mark) -> usize {
        self.leaves().filter(|leaf| leaf.mark == mark).count()
    }

    /// Whether a step failed or ended unknown.
    pub fn failing(&self) -> bool {
        self.leaves()
            .any(|leaf| matches!(leaf.mark, Mark::Failed | Mark::Unknown))
    }

    /// As text: one line for each step of the playbook, and one for each step that it became.
    /// Control characters are shown, never sent to the terminal.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for branch in &self.branches {
            match branch.steps.as_slice() {
                [leaf] if leaf.step == branch.name => line(&mut text, "+--", leaf),
                leaves => {
                    let name = one_line(&branch.name, 120);
                    let _ = writeln!(text, "+-- {}: {name}", branch.counts());
                    for leaf in leaves {
                        line(&mut text, "|   +--", leaf);
                    }
                }
            }
        }
        text
    }
}

impl Tree {
    /// As text: one line for each step of the playbook, and below it only what has not ended well.
    pub fn brief(&self) -> String {
        let mut text = String::new();
        for branch in &self.branches {
            let name = one_line(&branch.name, 120);
            if let [leaf] = branch.steps.as_slice()
                && leaf.step == branch.name
            {
                let note = one_line(&leaf.note, 300);
                let gap = if note.is_empty() { "" } else { ": " };
                let _ = writeln!(text, "{:<9} {name}{gap}{note}", leaf.mark.word());
                continue;
            }
            let _ = writeln!(text, "{:<9} {name}: {}", branch.word(), branch.counts());
            for leaf in branch.steps.iter().filter(|leaf| leaf.needs_a_look()) {
                let _ = writeln!(
                    text,
                    "          {}: {}: {}",
                    leaf.mark.word(),
                    one_line(&leaf.title, 200),
                    one_line(&leaf.note, 300)
                );
            }
        }
        text
    }
}

impl Leaf {
    /// Whether it has not ended and could, or ended otherwise than well.
    pub const fn needs_a_look(&self) -> bool {
        !matches!(self.mark, Mark::Done | Mark::Skipped | Mark::Blocked)
    }
}

impl Branch {
    /// The mark of the step that is furthest from done.
    pub fn word(&self) -> &'static str {
        let looks = self.steps.iter().filter(|leaf| leaf.needs_a_look());
        let first = looks.map(|leaf| leaf.mark).min();
        let rest = || self.steps.iter().map(|leaf| leaf.mark).max();
        first.or_else(rest).map_or("done", Mark::word)
    }

    /// `25 done, 1 failed`.
    pub fn counts(&self) -> String {
        let mut marks: Vec<Mark> = self.steps.iter().map(|leaf| leaf.mark).collect();
        marks.sort_unstable();
        let counts: Vec<String> = (marks.chunk_by(|a, b| a == b))
            .filter_map(|same| Some(format!("{} {}", same.len(), same.first()?.word())))
            .collect();
        counts.join(", ")
    }
}

fn line(text: &mut String, branch: &str, leaf: &Leaf) {
    let (step, title) = (one_line(&leaf.step, 200), one_line(&leaf.title, 300));
    let _ = write!(text, "{branch} {}: {step} ({title})", leaf.mark.word());
    if !leaf.note.is_empty() {
        let _ = write!(text, ": {}", one_line(&leaf.note, 500));
    }
    text.push('\n');
}

fn stand(state: &CaseState, step: &Step) -> (Mark, String) {
    let Some(record) = state.steps.get(&step.id) else {
        return (Mark::Blocked, String::new());
    };
    match &record.outcome {
        Some(Outcome::Done { note, .. }) => return (Mark::Done, note.clone()),
        Some(Outcome::Failed { why }) => return (Mark::Failed, why.clone()),
        Some(Outcome::Unknown { why }) => return (Mark::Unknown, why.clone()),
        Some(Outcome::Skipped { why }) => return (Mark::Skipped, why.clone()),
        None => {}
    }
    if let Some(gate) = state.gates.get(&step.id) {
        let until = crate::time::utc(gate.expires);
        let note = if let Some(denied) = &gate.denied {
            let person = &denied.person;
            if gate.expired {
                format!("the denial by {person} does not count; open it again")
            } else {
                format!("{person} denied it; the run has not taken that up yet")
            }
        } else if gate.expired {
            format!("its time ran out at {until}; open it again, or make a new plan")
        } else {
            let (have, need) = (state.approvals_standing(gate), gate.people);
            format!("{have} of {need} approved, open until {until}")
        };
        return (Mark::Waiting, note);
    }
    if let Some(due) = record.due {
        return (Mark::Waiting, format!("until {}", crate::time::utc(due)));
    }
    if record.attempts > 0 {
        return under_way(state, step);
    }
    let waits_for = step
        .needs
        .iter()
        .find(|need| state.steps.get(*need).is_none_or(|r| r.outcome.is_none()));
    match waits_for {
        Some(need) => (Mark::Blocked, format!("needs `{need}`")),
        None => (Mark::Ready, String::new()),
    }
}

fn under_way(state: &CaseState, step: &Step) -> (Mark, String) {
    let Some(record) = state.steps.get(&step.id) else {
        return (Mark::UnderWay, String::new());
    };
    let note = match (&record.in_doubt, &record.acted) {
        (Some(attempt), _) => format!("attempt {attempt}"),
        (None, Some(Closing::Accepted { .. } | Closing::AlreadyDone { .. })) => {
            "accepted, not proven yet".to_owned()
        }
        (None, Some(Closing::Refused { why, .. })) => format!("refused: {why}"),
        (None, Some(Closing::Unclear { why })) => format!("no clear answer: {why}"),
        (None, None) => record.note.clone(),
    };
    let asks = step.on_failure == crate::plan::OnFailure::Ask
        && record.in_doubt.is_none()
        && state.run == RunPhase::Running
        && !matches!(step.task, Task::Gate { .. } | Task::Wait { .. });
    let mark = if asks { Mark::Waiting } else { Mark::UnderWay };
    (mark, note)
}
