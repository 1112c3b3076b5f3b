//! Work on a case: plan, run, verify, undo. What a gate waits for is shown; people decide elsewhere.

use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::asked::{Asked, Nothing, Paged, Why};
use super::{Done, Operation, now};
use crate::access::Ability;
use crate::app::summary::{GateLine, Summary};
use crate::app::work::{Begun, Task};
use crate::canon::Digest;
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

/// The plan that stands; `null` where none was made.
#[derive(Debug, Serialize, JsonSchema)]
struct PlanAsItStands {
    /// It, with the digest that approvals bind.
    plan: Option<Planned>,
}

/// How a run goes on.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Run {
    /// Open gates again whose time ran out: people decide there anew.
    #[serde(default)]
    reopen_gates: bool,
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
    use Ability::{SeeCase, Work};
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
        Operation::get::<PlanAsItStands>(
            "/cases/{case}/plan",
            "show_plan",
            "The plan as it stands, and what it would do to each door.",
            SeeCase,
            standing,
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
        Operation::post::<Run, Begun>(
            "/cases/{case}/run",
            "begin_run",
            "Begin to carry the plan out, or go on with it. Gates hold it.",
            Work,
            |asked| begin(&asked, run(&asked)),
        )
        .answered(StatusCode::ACCEPTED),
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
            "Tell a run or an undo to stop: nothing new begins, what is under way is recorded. A run that waits is set aside.",
            Work,
            |asked| Box::pin(stop(asked)),
        ),
        Operation::get::<Paged<GateLine>>(
            "/cases/{case}/gates",
            "list_gates",
            "Gates that are not settled.",
            SeeCase,
            gates,
        )
        .paged(),
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

fn standing(asked: &Asked) -> Result<Value> {
    let state = asked.state(Ability::SeeCase)?;
    let plan = state.plan.as_ref().map(|(plan, digest)| Planned {
        digest: *digest,
        plan: json!(plan),
    });
    Ok(json!(PlanAsItStands { plan }))
}

fn work(asked: &Asked) -> Result<Value> {
    let state = asked.state(Ability::SeeCase)?;
    let work = state
        .case
        .as_ref()
        .and_then(|case| asked.web.app.work.on(case));
    Ok(json!(Last { work }))
}

pub(super) fn begin(asked: &Asked, task: Result<Task>) -> Done {
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

fn run(asked: &Asked) -> Result<Task> {
    let Run { reopen_gates } = asked.body()?;
    Ok(Task::Run { reopen_gates })
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

async fn stop(asked: Asked) -> Result<Value> {
    let Why { reason } = asked.body()?;
    let desk = asked.desk(Ability::Work)?;
    let case = desk.log.case();
    asked.web.app.work.end(&desk, &reason).await?;
    let work = asked.web.app.work.on(case);
    Ok(json!(Last { work }))
}

fn gates(asked: &Asked) -> Result<Value> {
    let state = asked.state(Ability::SeeCase)?;
    let gates = Summary::of(&state, asked.web.app.clock.now()).gates;
    asked.page(&gates, |gate| gate.step.clone())
}
