//! Accounts, doors, steps and decisions of the engine's tests.

use cordon::canon::Digest;
use cordon::door::{Class, Door, Link, Notifies, Order};
use cordon::evidence::approval::{Approval, Decision, Subject as About};
use cordon::id::CaseId;
use cordon::plan::{OnFailure, Step, Task};
use cordon::provider::Account;
use cordon::time::Timestamp;

use crate::engine::proof;

pub(crate) fn account(provider: &str) -> Account {
    Account {
        provider: provider.to_owned(),
        id: "u1".to_owned(),
        login: "jdoe".to_owned(),
    }
}

/// A door of a provider: `alpha`, `account`, `a`.
pub(crate) fn door(provider: &str, kind: &str, native: &str) -> Door {
    let kind = format!("{provider}.{kind}");
    Door {
        id: Door::id_of(provider, &kind, native),
        provider: provider.to_owned(),
        kind,
        native: native.to_owned(),
        account: "u1".to_owned(),
        label: format!("door {native}"),
        link: Link::Owner,
        protected: None,
        detail: serde_json::Value::Null,
        evidence: proof(),
    }
}

pub(crate) fn step(id: &str, task: Task, needs: &[&str]) -> Step {
    Step {
        id: id.to_owned(),
        title: id.to_owned(),
        task,
        needs: needs.iter().map(|&need| need.to_owned()).collect(),
        on_failure: OnFailure::Continue,
        attempts: 3,
        timeout_s: 30,
    }
}

pub(crate) fn close(id: &str, door: &Door, needs: &[&str]) -> Step {
    let class = match door.kind.split('.').next_back() {
        Some("session") => Class::Redoable,
        Some("key") => Class::Irreversible,
        _ => Class::Reversible,
    };
    let task = Task::Close {
        door: door.id.clone(),
        provider: door.provider.clone(),
        kind: door.kind.clone(),
        class,
        notifies: Notifies::No,
        order: Order::Simultaneous,
        prove_within_s: 20,
    };
    step(id, task, needs)
}

pub(crate) fn gate(id: &str, people: u32, needs: &[&str]) -> Step {
    let task = Task::Gate {
        roles: vec!["incident_lead".to_owned()],
        people,
        expires_s: 3600,
        guards: 1,
    };
    step(id, task, needs)
}

pub(crate) fn draft(id: &str, needs: &[&str]) -> Step {
    let notice = "template".to_owned();
    step(id, Task::Draft { notice }, needs)
}

pub(crate) fn verify(id: &str, needs: &[&str]) -> Step {
    step(id, Task::Verify { doors: 1 }, needs)
}

pub(crate) fn wait(id: &str, seconds: u64, needs: &[&str]) -> Step {
    step(id, Task::Wait { seconds }, needs)
}

pub(crate) fn snapshot(id: &str, trail: &str, needs: &[&str]) -> Step {
    let provider = trail.split('.').next().unwrap();
    let task = Task::Snapshot {
        trail: trail.to_owned(),
        account: account(provider),
        window_hours: 24,
    };
    step(id, task, needs)
}

/// What `ana` signs.
pub(crate) fn decision_text(case: &CaseId, step: &str, plan: Digest, decision: Decision) -> String {
    decision_by("ana", case, step, plan, decision)
}

pub(crate) fn decision_by(
    person: &str,
    case: &CaseId,
    step: &str,
    plan: Digest,
    decision: Decision,
) -> String {
    Approval {
        case: case.clone(),
        subject: About::Gate(step.to_owned()),
        binds: plan,
        decision,
        person: person.to_owned(),
        reason: "test".to_owned(),
        at: Timestamp::UNIX_EPOCH,
        expires: Timestamp::MAX,
        session: None,
    }
    .to_string()
}
