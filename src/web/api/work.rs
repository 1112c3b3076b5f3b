//! Work on a case: plan, run, verify, undo; and decisions at its gates.

use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::asked::{Asked, Nothing, Paged, Why};
use super::{Done, Operation, now};
use crate::access::Ability;
use crate::app::Hand;
use crate::app::summary::{GateLine, Summary};
use crate::app::work::{Begun, Task};
use crate::canon::Digest;
use crate::case::event::Signed;
use crate::fault::{Fault, Result};

/// A playbook.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Playbook {
    /// The name of a shipped one.
    #[serde(default = "shipped")]
    playbook: String,
}

/// A plan that was made.
#[derive(Debug, Serialize, JsonSchema)]
struct Planned {
    /// Its digest: what approvals bind.
    digest: Digest,
    /// What would happen: steps, doors, effects.
    plan: Value,
}

/// How far back.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Days {
    /// Days.
    #[serde(default = "quarter")]
    #[schemars(range(min = 1, max = 3650))]
    days: u32,
}

/// Doors to open again.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Undo {
    /// The doors; empty only with `all`.
    doors: Vec<crate::id::DoorId>,
    /// Every door that was closed.
    #[serde(default)]
    all: bool,
    /// Why; it stands in the log.
    reason: String,
}

/// A decision at a gate.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Decide {
    /// Whether it lets through.
    approve: bool,
    /// The digest of the plan that was read.
    plan: Digest,
    /// Why; it stands in the log and in what is signed.
    reason: String,
}

/// The last work on a case since the program started; `null` when there was none.
#[derive(Debug, Serialize, JsonSchema)]
struct Last {
    work: Option<Begun>,
}

fn shipped() -> String {
    "terminated-contractor".to_owned()
}

const fn quarter() -> u32 {
    90
}

pub(super) fn operations() -> Vec<Operation> {
    use Ability::{Decide as MayDecide, SeeCase, Work};
    let begins = |path, name, about, task| {
        Operation::post::<Nothing, Begun>(path, name, about, Work, task)
            .answered(StatusCode::ACCEPTED)
    };
    vec![
        Operation::post::<Playbook, Planned>(
            "/cases/{case}/plan",
            "make_plan",
            "Make a plan over the doors that were found. Reads only.",
            Work,
            |asked| Box::pin(plan(asked)),
        ),
        Operation::get::<Last>(
            "/cases/{case}/work",
            "show_work",
            "The work that goes on, or ended last.",
            SeeCase,
            work,
        ),
        begins(
            "/cases/{case}/inventory",
            "begin_inventory",
            "Begin to find accounts and doors. Reads only.",
            |asked| begin(&asked, plain(&asked, Task::Inventory)),
        ),
        begins(
            "/cases/{case}/run",
            "begin_run",
            "Begin to carry the plan out, or go on with it. Gates hold it.",
            |asked| begin(&asked, plain(&asked, Task::Run)),
        ),
        begins(
            "/cases/{case}/verify",
            "begin_verify",
            "Begin to probe every door again.",
            |asked| begin(&asked, plain(&asked, Task::Verify)),
        ),
        Operation::post::<Days, Begun>(
            "/cases/{case}/snapshot",
            "begin_snapshot",
            "Begin to read trails.",
            Work,
            |asked| begin(&asked, snapshot(&asked)),
        )
        .answered(StatusCode::ACCEPTED),
        Operation::post::<Undo, Begun>(
            "/cases/{case}/undo",
            "begin_undo",
            "Begin to open doors again from the inverse that was stored.",
            Work,
            |asked| begin(&asked, undo(&asked)),
        )
        .answered(StatusCode::ACCEPTED),
        Operation::post::<Why, Last>(
            "/cases/{case}/stop",
            "stop_work",
            "Tell work to stop: nothing new begins, what is under way is recorded.",
            Work,
            |asked| now(stop(&asked)),
        ),
        Operation::get::<Paged<GateLine>>(
            "/cases/{case}/gates",
            "list_gates",
            "Gates that are not settled.",
            SeeCase,
            gates,
        )
        .paged(),
        Operation::post::<Decide, Signed>(
            "/cases/{case}/gates/{step}",
            "decide_gate",
            "Approve or deny at a gate. The server signs on behalf of the person, and the text says so.",
            MayDecide,
            |asked| Box::pin(decide(asked)),
        ),
    ]
}

async fn plan(asked: Asked) -> Result<Value> {
    let wanted: Playbook = asked.body()?;
    if crate::playbook::shipped(&wanted.playbook).is_none() {
        let what = "There is no such playbook.";
        return Err(Fault::input("no-playbook", what).at("playbook"));
    }
    let desk = asked.desk(Ability::Work)?;
    let (plan, digest) = desk.plan(&wanted.playbook).await?;
    desk.finish().await?;
    let plan = json!(plan);
    Ok(json!(Planned { digest, plan }))
}

fn work(asked: &Asked) -> Result<Value> {
    let state = asked.state(Ability::SeeCase)?;
    let work = state.case.and_then(|case| asked.web.app.work.on(&case));
    Ok(json!(Last { work }))
}

fn begin(asked: &Asked, task: Result<Task>) -> Done {
    let begun = task.and_then(|task| {
        let desk = asked.desk(Ability::Work)?;
        Ok(json!(asked.web.app.work.begin(desk, task)?))
    });
    now(begun)
}

fn plain(asked: &Asked, task: Task) -> Result<Task> {
    asked.body::<Nothing>()?;
    Ok(task)
}

fn snapshot(asked: &Asked) -> Result<Task> {
    let Days { days } = asked.body()?;
    Ok(Task::Snapshot { days })
}

fn undo(asked: &Asked) -> Result<Task> {
    let Undo { doors, all, reason } = asked.body()?;
    if doors.is_empty() != all {
        let what = "Name the doors to open again, or say `all`, and not both.";
        return Err(Fault::input("undo", what).at("doors"));
    }
    Ok(Task::Undo { doors, reason })
}

fn stop(asked: &Asked) -> Result<Value> {
    let _: Why = asked.body()?;
    let state = asked.state(Ability::Work)?;
    let work = state.case.and_then(|case| {
        asked.web.app.work.stop(&case);
        asked.web.app.work.on(&case)
    });
    Ok(json!(Last { work }))
}

fn gates(asked: &Asked) -> Result<Value> {
    let state = asked.state(Ability::SeeCase)?;
    let gates = Summary::of(&state, asked.web.app.clock.now()).gates;
    asked.page(&gates, |gate| gate.step.clone())
}

async fn decide(asked: Asked) -> Result<Value> {
    let Decide {
        approve,
        plan,
        reason,
    } = asked.body()?;
    let (person, session) = (asked.principal()?.person.name.clone(), asked.session()?);
    let desk = asked.desk(Ability::Decide)?;
    let step = asked.param("step");
    let bound = desk
        .log
        .read(|state| state.gates.get(step).map(|gate| gate.plan));
    if bound.is_some_and(|bound| bound != plan) {
        let what = "The gate binds another plan than the one that was read.";
        return Err(Fault::input("plan-changed", what)
            .at("plan")
            .hint("read the case and its plan again, and decide on that"));
    }
    let hand = Hand::Session(&session);
    let signed = desk.decide(step, &person, hand, approve, &reason).await?;
    desk.finish().await?;
    Ok(json!(signed))
}
