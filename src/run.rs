//! The engine: carries a plan out, or takes it up again where a crash left it.
//!
//! # How it works
//!
//! One dispatcher owns the state of the run and waits on finished calls, timers, people (through the
//! case log) and cancellation. Executors make one call each: close, probe, pull a page, act, observe.
//! In every turn the dispatcher takes in what has finished, decides what follows, and appends the
//! outcomes of the one and the intents of the other in a single commit; only then do calls leave.
//! What may begin is decided under the lock of the log, so a hold that arrives at the same moment
//! either stops an intent or comes after it.
//!
//! # What it promises
//!
//! - An intent is durable before its call leaves. After a crash every intent without an outcome is
//!   observed at the provider before anything is repeated.
//! - An accepted close makes a door `closing`; only a probe makes it `closed`.
//! - Slots are per provider and per call, so no provider waits for another one's chain, and a close
//!   waits for one page of a trail at most. Within a provider closes go before probes, probes before
//!   pages, and pages in the order of perishability.
//! - A step that panics or hangs ends as `unknown`; the run goes on.
//!
//! # When a step fails
//!
//! `continue`: what needs it runs all the same. `stop`: nothing new begins, what is under way is
//! recorded, and the run is set aside without an outcome for the rest; resuming it is a person's
//! choice to go on past that failure. `ask`: the step keeps no outcome, what needs it waits, and a
//! person answers with [`Answer`].
//!
//! # Gates
//!
//! A gate passes while it is open, or never: approvals that nobody used in time are stale. An expired
//! gate is opened again only when a person says so ([`Options::reopen_gates`]), or by a new plan after
//! [`set_aside`]. A denial skips the steps that name the gate, and those that need nothing but such
//! steps; whatever also rests on other work still runs, so that a refused irreversible closing does
//! not cost the verification of the rest.

mod backoff;
mod call;
mod closing;
mod deed;
mod dispatch;
pub mod gate;
mod graph;
mod inventory;
mod lane;
mod line;
mod look;
mod resolve;
mod rest;
mod save;
mod snapshot;
mod start;
pub mod status;
mod steps;
mod undo;
mod verifying;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;

pub use inventory::{Looked, inventory};
pub use look::{Look, verify};
pub use resolve::{Resolved, resolve};
pub use rest::{Rest, has_begun};
pub use save::save_trails;
pub use undo::{Undoable, Undone, undo, undoable};

use crate::canon::Digest;
use crate::case::event::{Actor, Entry, Event, Outcome, Signed};
use crate::case::log::CaseLog;
use crate::case::state::{CaseState, GateRecord, RunPhase};
use crate::door::{Door, DoorState};
use crate::fault::{Fault, Kind, Result};
use crate::http::Witness;
use crate::id::DoorId;
use crate::plan::{Step, StepId, Task};
use crate::provider::Provider;
use crate::time::Timestamp;

/// The providers of an installation, by name.
pub type Providers = BTreeMap<String, Arc<dyn Provider>>;

/// Says whether a signature is that of the person who is named; text, gate, and name of the step.
/// That the text binds this case, step, plan and decision is checked by the engine itself.
pub type Verifier = Arc<dyn Fn(&Signed, &GateRecord, &str) -> Result<()> + Send + Sync>;

/// The deeds of an installation, by the name of the task (`draft`).
pub type Deeds = BTreeMap<&'static str, Arc<dyn Deed>>;

/// A task that is not the engine's own.
#[async_trait]
pub trait Deed: Send + Sync {
    /// Does it once.
    ///
    /// # Errors
    /// It is not known to be done; [`Self::observe`] is asked before it is tried again.
    async fn act(&self, step: &Step) -> Result<Outcome>;

    /// Looks whether an earlier attempt did it; `None` when nothing was done.
    ///
    /// # Errors
    /// It could not be found out.
    async fn observe(&self, step: &Step) -> Result<Option<Outcome>>;
}

/// Is told what happens, as it becomes durable.
pub trait Progress: Send + Sync {
    /// The engine wrote this entry.
    fn wrote(&self, entry: &Entry);

    /// An undo of a door begins.
    fn undoing(&self, door: &Door) {
        let _ = door;
    }

    /// What an undo of a door came to.
    fn undone(&self, door: &DoorId, end: &Undone) {
        let _ = (door, end);
    }

    /// The provider at `host` was asked, and answered or did not.
    fn heard(&self, host: &str, answered: bool) {
        let _ = (host, answered);
    }

    /// Nothing can be done until a person decides or a time comes.
    fn waiting(&self, waiting: &Waiting) {
        let _ = waiting;
    }
}

/// Tells nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quiet;

impl Progress for Quiet {
    fn wrote(&self, _entry: &Entry) {}
}

/// Everything that carrying out a plan needs.
#[derive(Clone)]
pub struct Run {
    /// The log of the case.
    pub log: Arc<CaseLog>,
    /// The providers.
    pub providers: Providers,
    /// Keeps every exchange of this case.
    pub witness: Arc<dyn Witness>,
    /// Tasks that are not the engine's own.
    pub deeds: Deeds,
    /// Checks signatures of approvals and denials.
    pub verifier: Verifier,
    /// Is told what happens.
    pub progress: Arc<dyn Progress>,
    /// Turns true when a person stops the run.
    pub cancel: watch::Receiver<bool>,
}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let providers: Vec<_> = self.providers.keys().collect();
        f.debug_struct("Run")
            .field("case", self.log.case())
            .field("providers", &providers)
            .finish_non_exhaustive()
    }
}

/// How a plan is to be carried out.
#[derive(Debug, Clone)]
pub struct Options {
    /// The plan that was looked at; refused when the case has another one by now.
    pub plan: Option<Digest>,
    /// Stay until people have decided and times have come, instead of returning.
    pub wait: bool,
    /// A time that comes within this is waited for in any case.
    pub linger: Duration,
    /// Open gates again whose time ran out. A person's choice, never a default.
    pub reopen_gates: bool,
    /// What a person says about steps that failed with the policy `ask`.
    pub answers: BTreeMap<StepId, Answer>,
    /// What the log says when it is told to stop.
    pub when_stopped: &'static str,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            plan: None,
            wait: false,
            linger: Duration::from_mins(2),
            reopen_gates: false,
            answers: BTreeMap::new(),
            when_stopped: "a person stopped the run",
        }
    }
}

/// What a person says about a step that failed with the policy `ask`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Try it again, with as many attempts as the plan gives it.
    Retry,
    /// Leave it as it is and go on.
    GoOn,
}

/// How a run came back.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    /// Every step has ended.
    Finished,
    /// Every step had ended before.
    AlreadyFinished,
    /// People or times are waited for.
    Waiting(Waiting),
    /// The case is held; nothing new was begun.
    Held,
    /// A step failed whose policy is `stop`.
    Stopped {
        /// The step.
        step: StepId,
        /// What went wrong.
        why: String,
    },
    /// A person stopped it.
    Cancelled,
}

/// What a run waits for.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Waiting {
    /// Gates that wait for people.
    pub gates: Vec<WaitingGate>,
    /// Steps that failed and wait for an answer.
    pub asks: Vec<Asked>,
    /// The next time that has to come.
    pub until: Option<Timestamp>,
}

/// A gate that waits for people.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct WaitingGate {
    /// The step.
    pub step: StepId,
    /// The plan that an approval binds.
    pub plan: Digest,
    /// The roles that may decide.
    pub roles: Vec<String>,
    /// How many different people.
    pub people: u32,
    /// Who approved so far.
    pub approved: Vec<String>,
    /// Decisions that do not count, with the reason.
    pub void: Vec<String>,
    /// Until when it is open.
    pub expires: Timestamp,
    /// Whether its time ran out.
    pub expired: bool,
}

/// A step that failed and waits for an answer.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Asked {
    /// The step.
    pub step: StepId,
    /// What went wrong.
    pub why: String,
}

/// What a run came to.
#[derive(Debug, Clone)]
pub struct Report {
    /// How it came back.
    pub end: End,
    /// Every step.
    pub tree: status::Tree,
    /// Doors by state.
    pub doors: BTreeMap<DoorState, usize>,
    /// Doors that the plan closes, no person opened again, and no probe proved to be closed.
    pub not_closed: Vec<DoorId>,
}

impl Report {
    /// Why the command that made it does not end with 0; `None` when it does.
    pub fn kind(&self) -> Option<Kind> {
        match self.end {
            End::Waiting(_) | End::Held => Some(Kind::Waiting),
            End::Stopped { .. } | End::Cancelled => Some(Kind::Failed),
            End::Finished | End::AlreadyFinished if !self.not_closed.is_empty() => {
                Some(Kind::OpenDoors)
            }
            End::Finished | End::AlreadyFinished => self.tree.failing().then_some(Kind::Failed),
        }
    }
}

impl Run {
    /// Carries the plan of the case out, or takes it up again, as far as it can go now.
    ///
    /// Dropping the future is like a crash: the next call observes what was under way.
    ///
    /// # Errors
    /// `run-refused` with every problem at once before anything is begun; later only what makes it
    /// impossible to go on: a case log that cannot be written, or another run of the case.
    pub async fn execute(&self, by: &Actor, options: &Options) -> Result<Report> {
        let _acting = self.log.engage()?;
        let begun = start::begin(self, by, options).await?;
        let end = match begun {
            start::Begun::Over(end) => end,
            start::Begun::Go(plan) => dispatch::drive(self, options, plan).await?,
        };
        Ok(self.log.read(|state| Report {
            end,
            tree: status::Tree::of(state),
            doors: state.door_counts(),
            not_closed: not_closed(state),
        }))
    }
}

/// Doors that the plan closes, no person opened again, and no probe proved to be closed.
fn not_closed(state: &CaseState) -> Vec<DoorId> {
    let steps = state.plan.iter().flat_map(|(plan, _)| &plan.steps);
    steps
        .filter_map(|step| match &step.task {
            Task::Close { door, .. } => state.doors.get(door),
            _ => None,
        })
        .filter(|record| record.state != DoorState::Closed && !record.undone)
        .map(|record| record.door.id.clone())
        .collect()
}

/// Sets a waiting run aside, so that a new plan can be made or the case closed. It can be resumed
/// until a new plan is made.
///
/// # Errors
/// No run is under way, or a step has an intent without an outcome: resume it first.
pub async fn set_aside(log: &CaseLog, by: &Actor, reason: &str) -> Result<()> {
    let decide = |state: &CaseState| Ok(vec![setting_aside(state, reason)?]);
    log.append_if(by, Vec::new(), decide).await.map(|_| ())
}

/// The event that sets a waiting run aside, for whoever appends it together with what takes its place.
///
/// # Errors
/// As [`set_aside`].
pub fn setting_aside(state: &CaseState, reason: &str) -> Result<Event> {
    if state.run != RunPhase::Running {
        return Err(Fault::input("no-run", "No run is under way."));
    }
    if let Some((step, _)) = state.steps.iter().find(|(_, r)| r.in_doubt.is_some()) {
        return Err(Fault::failed(
            "run-in-doubt",
            format!("What step `{step}` did has not been observed yet."),
        )
        .hint("resume the run first; it looks before it does anything"));
    }
    Ok(Event::RunCancelled {
        reason: reason.to_owned(),
    })
}
