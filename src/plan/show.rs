//! A plan for people: what happens to whom, what it means, who has to agree, and what stays open.

mod brief;
mod text;

use serde::Serialize;

use super::{OnFailure, Plan, Step, StepId, Task};
use crate::canon::{Digest, digest_of};
use crate::case::state::CaseState;
use crate::door::{Class, DoorKind, Notifies};
use crate::fault::Result;
use crate::id::{CaseId, DoorId};
use crate::playbook::{Catalogue, Period, who};
use crate::provider::{Account, TrailSpec};
use crate::time::Timestamp;

pub use text::{Detail, moment, text, told};

/// A plan with everything that a person needs to judge it. Hostile text is as it came.
#[derive(Debug, Clone, Serialize)]
pub struct View {
    /// The case.
    pub case: CaseId,
    /// The playbook.
    pub playbook: String,
    /// When the plan was made.
    pub made: Timestamp,
    /// What an approval binds.
    pub digest: Digest,
    /// The counts that a person reads first.
    pub summary: Summary,
    /// Every step in order.
    pub steps: Vec<StepView>,
    /// Doors that stay open.
    pub left: Vec<LeftView>,
    /// What the person who approves should know.
    pub notes: Vec<String>,
}

/// Counts over a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Doors that are closed.
    pub closings: u32,
    /// Those that undo restores.
    pub reversible: u32,
    /// Those that the person can do again.
    pub redoable: u32,
    /// Those that are gone for good.
    pub irreversible: u32,
    /// Closings of which the provider tells the account holder, or may.
    pub noticed: u32,
    /// Closings without a call that restores the door.
    pub without_undo: u32,
    /// Doors that stay as they are.
    pub left: u32,
    /// Decisions that people have to make.
    pub gates: u32,
    /// Trails that are read.
    pub trails: u32,
    /// Notices that are drafted.
    pub drafts: u32,
}

/// One step.
#[derive(Debug, Clone, Serialize)]
pub struct StepView {
    /// Its name.
    pub id: StepId,
    /// One line for people.
    pub title: String,
    /// What it does.
    pub task: Task,
    /// What has to end first.
    pub needs: Vec<StepId>,
    /// What a failure does to the rest.
    pub on_failure: OnFailure,
    /// Whether the run ends without it.
    pub later: bool,
    /// For a trail: how long the provider keeps it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept: Option<String>,
    /// For a closing: what it means.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closing: Option<ClosingView>,
}

/// What one closing means.
#[derive(Debug, Clone, Serialize)]
pub struct ClosingView {
    /// What such a door is, for people.
    #[serde(skip)]
    pub what: &'static str,
    /// What people call the door.
    pub label: String,
    /// The account that it belongs to.
    pub account: Option<Account>,
    /// The call that closes it.
    pub call: Option<&'static str>,
    /// The call that restores it.
    pub undo: Option<&'static str>,
    /// The read that proves it.
    pub probe: &'static str,
    /// What may still work after a successful close, and for how long.
    pub residual: String,
    /// For how long what was issued before the close may still work, minutes, where the vendor
    /// bounds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub residual_minutes: Option<u32>,
    /// What else may break.
    pub breaks: &'static str,
    /// The gates that have to be passed, each in words.
    pub approved_by: Vec<String>,
}

/// A door that stays as it is.
#[derive(Debug, Clone, Serialize)]
pub struct LeftView {
    /// The door.
    pub door: DoorId,
    /// Its kind.
    pub kind: String,
    /// What people call it.
    pub label: String,
    /// Why nothing is done to it.
    pub why: String,
}

/// Everything that a person needs to judge `plan`.
///
/// # Errors
/// A plan that cannot be written as canonical JSON.
pub fn view(plan: &Plan, state: &CaseState, catalogue: &Catalogue) -> Result<View> {
    let tail = plan.tail();
    let steps: Vec<StepView> = plan
        .steps
        .iter()
        .map(|step| StepView {
            id: step.id.clone(),
            title: step.title.clone(),
            task: step.task.clone(),
            needs: step.needs.clone(),
            on_failure: step.on_failure,
            later: tail.contains(step.id.as_str()),
            kept: kept(step, catalogue),
            closing: closing(plan, step, state, catalogue),
        })
        .collect();
    let left = plan.left.iter().map(|left| {
        let door = state.doors.get(&left.door).map(|record| &record.door);
        LeftView {
            door: left.door.clone(),
            kind: door.map(|door| door.kind.clone()).unwrap_or_default(),
            label: door.map(|door| door.label.clone()).unwrap_or_default(),
            why: left.why.clone(),
        }
    });
    Ok(View {
        case: plan.case.clone(),
        playbook: plan.playbook.clone(),
        made: plan.made,
        digest: digest_of(plan)?,
        summary: summary(plan, catalogue),
        left: left.collect(),
        steps,
        notes: plan.notes.clone(),
    })
}

fn kept(step: &Step, catalogue: &Catalogue) -> Option<String> {
    let Task::Snapshot { trail, .. } = &step.task else {
        return None;
    };
    let hours = catalogue.trail(trail)?.retention_hours;
    Some(hours.map_or_else(
        || "until the close destroys it".to_owned(),
        |hours| match hours {
            TrailSpec::LASTING => "for good".to_owned(),
            hours => format!("for {}", Period::seconds(u64::from(hours) * 3600).words()),
        },
    ))
}

fn closing(
    plan: &Plan,
    step: &Step,
    state: &CaseState,
    catalogue: &Catalogue,
) -> Option<ClosingView> {
    let Task::Close { door, kind, .. } = &step.task else {
        return None;
    };
    let door = state.doors.get(door).map(|record| &record.door);
    let kind: Option<&DoorKind> = catalogue.kind(kind);
    let account = door.and_then(|door| {
        let mut accounts = state.accounts.iter();
        accounts.find(|account| account.provider == door.provider && account.id == door.account)
    });
    let gates = step
        .needs
        .iter()
        .filter_map(|need| match &plan.step(need)?.task {
            Task::Gate { roles, people, .. } => Some(format!("{need}: {}", who(roles, *people))),
            _ => None,
        });
    Some(ClosingView {
        what: kind.map(|kind| kind.title).unwrap_or_default(),
        label: door.map(|door| door.label.clone()).unwrap_or_default(),
        account: account.cloned(),
        call: kind.and_then(|kind| kind.close),
        undo: kind.and_then(|kind| kind.undo),
        probe: kind.map(|kind| kind.probe).unwrap_or_default(),
        residual: kind.map(DoorKind::residual_words).unwrap_or_default(),
        residual_minutes: kind.and_then(|kind| kind.residual_minutes),
        breaks: kind.map(|kind| kind.breaks).unwrap_or_default(),
        approved_by: gates.collect(),
    })
}

fn summary(plan: &Plan, catalogue: &Catalogue) -> Summary {
    let mut sum = Summary {
        left: u32::try_from(plan.left.len()).unwrap_or(u32::MAX),
        ..Summary::default()
    };
    for step in &plan.steps {
        match &step.task {
            Task::Close {
                kind,
                class,
                notifies,
                ..
            } => {
                sum.closings += 1;
                match class {
                    Class::Reversible => sum.reversible += 1,
                    Class::Redoable => sum.redoable += 1,
                    Class::Irreversible => sum.irreversible += 1,
                }
                sum.noticed += u32::from(*notifies != Notifies::No);
                sum.without_undo +=
                    u32::from(catalogue.kind(kind).is_none_or(|kind| kind.undo.is_none()));
            }
            Task::Gate { .. } => sum.gates += 1,
            Task::Snapshot { .. } => sum.trails += 1,
            Task::Draft { .. } => sum.drafts += 1,
            Task::Verify { .. } | Task::Wait { .. } => {}
        }
    }
    sum
}

fn plural(count: u32, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

/// The counts as two sentences.
pub fn in_words(sum: &Summary) -> String {
    format!(
        "{}: {} reversible, {} redoable, {} irreversible; {} without undo; the account holder is or may be told of {}.\n{} to make, {} read, {} drafted, {} left as it is.",
        plural(sum.closings, "closing"),
        sum.reversible,
        sum.redoable,
        sum.irreversible,
        sum.without_undo,
        sum.noticed,
        plural(sum.gates, "decision"),
        plural(sum.trails, "trail"),
        plural(sum.drafts, "notice"),
        plural(sum.left, "door"),
    )
}
