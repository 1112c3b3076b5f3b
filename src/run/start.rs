//! Before anything begins: every reason why it must not, all at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Answer, End, Options, Run, deed};
use crate::canon::{Digest, digest_of};
use crate::case::event::{Actor, Event, Outcome};
use crate::case::state::{CaseState, Phase, RunPhase};
use crate::door::{Class, DoorState, Link};
use crate::fault::{Fault, Result};
use crate::plan::{Plan, Step, Task};

/// A plan that may be carried out, and what of it has ended.
pub(super) struct Ready {
    pub(super) plan: Arc<Plan>,
    pub(super) digest: Digest,
    /// Place, outcome, and whether a person went on past it; in plan order.
    pub(super) ended: Vec<(usize, Outcome, bool)>,
}

/// Whether there is anything to do.
pub(super) enum Begun {
    Over(End),
    Go(Ready),
}

/// Refuses, or records that the run begins or goes on.
pub(super) async fn begin(run: &Run, by: &Actor, options: &Options) -> Result<Begun> {
    let mut begun = None;
    let decide = |state: &CaseState| {
        let (plan, digest) = planned(state, options)?;
        if state.run == RunPhase::Ended {
            begun = Some(Begun::Over(End::AlreadyFinished));
            return Ok(Vec::new());
        }
        refuse(&problems(run, state, plan, options))?;
        let held = state.phase == Phase::Held;
        if held && state.run != RunPhase::Running {
            begun = Some(Begun::Over(End::Held));
            return Ok(Vec::new());
        }
        let first = if state.run == RunPhase::None {
            Event::RunStarted { plan: digest }
        } else {
            Event::RunResumed { plan: digest }
        };
        // A held case takes in what was under way, and says nothing of going on.
        let mut events: Vec<_> = (!held).then_some(first).into_iter().collect();
        events.extend(options.answers.iter().map(|(step, answer)| {
            let what = match answer {
                Answer::Retry => "tries it again",
                Answer::GoOn => "goes on past it",
            };
            let text = format!("Step `{step}` failed; {by} {what}.");
            Event::CaseNoted { text }
        }));
        let resumed = state.run == RunPhase::Cancelled;
        begun = Some(Begun::Go(ready(state, plan, digest, resumed)));
        Ok(events)
    };
    let written = run.log.append_if(by, Vec::new(), decide).await?;
    for entry in &written {
        run.progress.wrote(entry);
    }
    begun.ok_or_else(|| Fault::failed("run", "The run did not begin."))
}

fn ready(state: &CaseState, plan: &Plan, digest: Digest, resumed: bool) -> Ready {
    let ended = plan.steps.iter().enumerate().filter_map(|(place, step)| {
        let record = state.steps.get(&step.id)?;
        let outcome = record.outcome.clone()?;
        Some((place, outcome, resumed || record.passed_over))
    });
    Ready {
        ended: ended.collect(),
        plan: Arc::new(plan.clone()),
        digest,
    }
}

fn planned<'a>(state: &'a CaseState, options: &Options) -> Result<(&'a Plan, Digest)> {
    match state.phase {
        Phase::Open | Phase::Held => {}
        Phase::None | Phase::Closed => {
            return Err(Fault::input("case-closed", "The case is closed."));
        }
    }
    let Some((plan, digest)) = &state.plan else {
        return Err(Fault::input("no-plan", "The case has no plan yet.")
            .hint("make one with `cordon plan CASE`"));
    };
    let seen = options.plan.is_none_or(|seen| seen == *digest);
    if !seen || digest_of(plan)? != *digest {
        return Err(Fault::input(
            "plan-changed",
            "The plan is not the one that was looked at.",
        )
        .at(digest.short())
        .hint("look at it again with `cordon plan CASE`"));
    }
    Ok((plan, *digest))
}

fn refuse(problems: &[String]) -> Result<()> {
    if problems.is_empty() {
        return Ok(());
    }
    let list = problems.join("\n- ");
    Err(Fault::input(
        "run-refused",
        format!(
            "Nothing was begun, because the plan cannot be carried out as it stands:\n- {list}"
        ),
    )
    .hint("mend what is named, or make a new plan with `cordon plan CASE --replace`"))
}

/// Everything that speaks against carrying the rest of the plan out.
fn problems(run: &Run, state: &CaseState, plan: &Plan, options: &Options) -> Vec<String> {
    let mut found = Vec::new();
    if plan.case != *run.log.case() {
        found.push(format!("The plan belongs to {}.", plan.case));
    }
    for step in options.answers.keys() {
        if state.planned(step).is_none() {
            found.push(format!("The plan has no step `{step}` to answer for."));
        }
    }
    let mut before: BTreeMap<&str, bool> = BTreeMap::new();
    let mut closes: BTreeMap<&crate::id::DoorId, &str> = BTreeMap::new();
    for step in &plan.steps {
        let mut behind_gate = false;
        for need in &step.needs {
            match before.get(need.as_str()) {
                Some(gated) => behind_gate |= gated,
                None => found.push(format!(
                    "Step `{}` needs `{need}`, which does not stand before it.",
                    step.id
                )),
            }
        }
        let ended = state
            .steps
            .get(&step.id)
            .is_some_and(|r| r.outcome.is_some());
        if !ended {
            let why = about(run, state, step, behind_gate);
            found.extend(
                why.into_iter()
                    .map(|why| format!("Step `{}`: {why}", step.id)),
            );
        }
        if let Task::Close { door, .. } = &step.task
            && let Some(other) = closes.insert(door, &step.id)
        {
            found.push(format!(
                "Steps `{other}` and `{}` close the same door.",
                step.id
            ));
        }
        let gate = matches!(step.task, Task::Gate { .. });
        if before.insert(&step.id, behind_gate || gate).is_some() {
            found.push(format!("Two steps are called `{}`.", step.id));
        }
    }
    found
}

fn about(run: &Run, state: &CaseState, step: &Step, behind_gate: bool) -> Vec<String> {
    match &step.task {
        Task::Close { .. } => about_close(run, state, step, behind_gate),
        Task::Snapshot { trail, account, .. } => {
            let mut found = Vec::new();
            match run.providers.get(&account.provider) {
                None => found.push(not_configured(&account.provider)),
                Some(provider) => {
                    let known = provider.spec().trails.iter().any(|spec| spec.name == trail);
                    if !known {
                        found.push(format!("`{}` has no trail `{trail}`.", account.provider));
                    }
                }
            }
            if !state.accounts.contains(account) {
                found.push(format!(
                    "the account `{}` of `{}` was not chosen for this case.",
                    account.login.escape_debug(),
                    account.provider
                ));
            }
            found
        }
        Task::Gate { roles, people, .. } => {
            let able = state.people.iter().filter(|person| {
                person.roles.iter().any(|role| roles.contains(role)) && !state.keeps_out(person)
            });
            let able = able.count();
            let enough = *people > 0 && usize::try_from(*people).is_ok_and(|people| able >= people);
            (!enough)
                .then(|| {
                    format!(
                        "it asks for {people} people with the roles {}, and the case has {able} who may decide.",
                        roles.join(", ")
                    )
                })
                .into_iter()
                .collect()
        }
        Task::Draft { .. } => {
            let known = deed::name(&step.task).is_some_and(|name| run.deeds.contains_key(name));
            (!known)
                .then(|| "nothing in this installation drafts notices.".to_owned())
                .into_iter()
                .collect()
        }
        Task::Verify { .. } | Task::Wait { .. } => Vec::new(),
    }
}

fn about_close(run: &Run, state: &CaseState, step: &Step, behind_gate: bool) -> Vec<String> {
    let Task::Close {
        door,
        provider,
        kind,
        class,
        notifies,
        order,
        ..
    } = &step.task
    else {
        return Vec::new();
    };
    let mut found = Vec::new();
    match run.providers.get(provider).map(|provider| provider.spec()) {
        None => found.push(not_configured(provider)),
        Some(spec) => match spec.door_kind(kind) {
            None => found.push(format!("`{provider}` has no doors of the kind `{kind}`.")),
            Some(known) => {
                if (known.class, known.notifies, known.order) != (*class, *notifies, *order) {
                    found.push(format!(
                        "the plan was made with another description of `{kind}`, which is {} by now.",
                        known.class.word()
                    ));
                }
                if known.close.is_none() {
                    found.push(format!("only a person can close a `{kind}`."));
                }
            }
        },
    }
    let own = |need: &String| state.gates_for_good.contains(need);
    if *class == Class::Irreversible && !step.needs.iter().any(own) {
        found.push(
            "it cannot be undone, and no gate for two people or more stands before it alone."
                .to_owned(),
        );
    }
    let Some(known) = state.doors.get(door).map(|record| &record.door) else {
        found.push(format!("the door {door} was not found by any inventory."));
        return found;
    };
    if known.provider != *provider || known.kind != *kind {
        found.push(format!("the door {door} is a `{}`.", known.kind));
    }
    if let Some(why) = &known.protected {
        found.push(format!(
            "the door {door} is protected: {}.",
            why.escape_debug()
        ));
    }
    if known.link == Link::Unattributed && !behind_gate {
        found.push(format!(
            "nothing ties the door {door} to the account, and no gate stands before it."
        ));
    }
    let begun = state
        .steps
        .get(&step.id)
        .is_some_and(|record| record.attempts > 0);
    let chosen = state
        .accounts
        .iter()
        .any(|account| account.provider == known.provider && account.id == known.account);
    let proven = state
        .doors
        .get(door)
        .is_some_and(|record| record.state == DoorState::Closed);
    // What was begun is looked at whatever became of the account since.
    if !chosen && !begun && !proven {
        found.push(format!(
            "the account of the door {door} was not chosen for this case."
        ));
    }
    found
}

fn not_configured(provider: &str) -> String {
    format!("the provider `{provider}` is not configured.")
}
