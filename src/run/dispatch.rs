//! The dispatcher: owns the state of a run, decides in turns, and never makes a call itself.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{Id, JoinSet};
use tokio::time::Instant;

use super::call::{Answer, Call};
use super::gate::Judge;
use super::graph::Graph;
use super::lane::{Lane, Leave, Waiting as Queued};
use super::start::Ready;
use super::steps::Work;
use super::{End, Options, Run, Waiting};
use crate::case::event::{Actor, Event, Outcome};
use crate::case::state::{CaseState, Phase};
use crate::fault::{Fault, Kind, Result};
use crate::plan::{Plan, Step, StepId};
use crate::time::Timestamp;

/// The lane of deeds, which belong to no provider.
pub(super) const DEEDS: &str = "";
/// How many deeds may be under way at once.
const DEEDS_IN_FLIGHT: usize = 64;
/// A wall clock may jump: a stored time is looked at again after this at the latest.
const LOOK_AT_CLOCK: Duration = Duration::from_mins(1);

/// A call that left: whose it is, and what counts when its task breaks.
struct Sent {
    place: usize,
    lane: String,
    broken: Answer,
}

/// The state of a run.
pub(super) struct Dispatch<'a> {
    pub(super) run: &'a Run,
    pub(super) options: &'a Options,
    pub(super) plan: Arc<Plan>,
    pub(super) digest: crate::canon::Digest,
    pub(super) graph: Graph,
    pub(super) works: BTreeMap<usize, Work>,
    pub(super) judge: Judge,
    /// Why what needs these steps does not begin: the gate, and who shut it.
    pub(super) barred: BTreeMap<StepId, String>,
    /// Gates that are open or expired.
    pub(super) gates: BTreeSet<usize>,
    /// Gates that this turn opened or expired: the state does not know it yet.
    pub(super) opened: BTreeSet<usize>,
    /// Stored times.
    pub(super) waits: BTreeSet<(Timestamp, usize)>,
    /// Steps that failed and wait for an answer.
    pub(super) asks: BTreeMap<usize, String>,
    /// Deeds that were tried again because a person said so.
    pub(super) retried: BTreeSet<usize>,
    pub(super) stopped: Option<(StepId, String)>,
    /// What this turn writes.
    pub(super) events: Vec<Event>,
    /// The time of this turn.
    pub(super) now: Timestamp,
    lanes: BTreeMap<String, Lane>,
    /// Calls that go to their lane later.
    soon: BTreeMap<(Instant, u64), (String, Queued)>,
    later: u64,
    /// Calls that leave when this turn is durable.
    leaving: Vec<(usize, String, Call)>,
    calls: JoinSet<Answer>,
    sent: HashMap<Id, Sent>,
    held: bool,
    /// A person stopped the run, as this turn knows.
    cancelled: bool,
    /// The run is idle, but this turn wrote something that the next has to see.
    again: bool,
}

/// Carries a plan out as far as it can go.
pub(super) async fn drive(run: &Run, options: &Options, ready: Ready) -> Result<End> {
    let mut dispatch = Dispatch::new(run, options, ready);
    let mut lines = run.log.watch();
    let mut cancel = run.cancel.clone();
    let mut answers = Vec::new();
    let mut told = None;
    loop {
        lines.mark_unchanged();
        dispatch.check_signatures();
        let end = dispatch.turn(std::mem::take(&mut answers)).await?;
        dispatch.send();
        if let Some(end) = end {
            if !dispatch.stays(&end) {
                return Ok(end);
            }
            if let End::Waiting(waiting) = end
                && told.as_ref() != Some(&waiting)
            {
                run.progress.waiting(&waiting);
                told = Some(waiting);
            }
        }
        if !std::mem::take(&mut dispatch.again) {
            answers = dispatch.wait(&mut lines, &mut cancel).await?;
        }
    }
}

impl<'a> Dispatch<'a> {
    fn new(run: &'a Run, options: &'a Options, ready: Ready) -> Self {
        let lane = |name: &String| {
            let provider = run.providers.get(name);
            provider.map(|provider| (name.clone(), Lane::new(provider.spec().in_flight)))
        };
        let mut lanes: BTreeMap<_, _> = run.providers.keys().filter_map(lane).collect();
        lanes.insert(DEEDS.to_owned(), Lane::new(DEEDS_IN_FLIGHT));
        Self {
            run,
            options,
            graph: Graph::new(&ready.plan),
            plan: ready.plan,
            digest: ready.digest,
            works: BTreeMap::new(),
            judge: Judge::new(run.log.case().clone(), run.verifier.clone()),
            barred: BTreeMap::new(),
            gates: BTreeSet::new(),
            opened: BTreeSet::new(),
            waits: BTreeSet::new(),
            asks: BTreeMap::new(),
            retried: BTreeSet::new(),
            stopped: None,
            events: Vec::new(),
            now: run.log.clock().now(),
            lanes,
            soon: BTreeMap::new(),
            later: 0,
            leaving: Vec::new(),
            calls: JoinSet::new(),
            sent: HashMap::new(),
            held: false,
            cancelled: false,
            again: false,
        }
        .with_ended(&ready.ended)
    }

    /// Takes in what earlier runs of this plan recorded.
    fn with_ended(mut self, ended: &[(usize, Outcome, bool)]) -> Self {
        for (place, outcome, passed_over) in ended {
            if !passed_over {
                self.note_stop(*place, outcome);
            }
            let way = self.way(*place, outcome);
            self.note_barred(*place, outcome, way);
            self.graph.end(*place, way);
        }
        self
    }

    /// One turn: takes answers in, decides what follows, and makes both durable together.
    async fn turn(&mut self, answers: Vec<(usize, Answer)>) -> Result<Option<End>> {
        let log = Arc::clone(&self.run.log);
        self.now = log.clock().now();
        let mut end = None;
        let decide = |state: &CaseState| {
            end = self.decide(state, answers);
            Ok(std::mem::take(&mut self.events))
        };
        let written = log.append_if(&Actor::Engine, Vec::new(), decide).await?;
        for entry in &written {
            self.run.progress.wrote(entry);
        }
        Ok(end)
    }

    /// Under the lock of the log.
    fn decide(&mut self, state: &CaseState, answers: Vec<(usize, Answer)>) -> Option<End> {
        self.held = state.phase != Phase::Open;
        self.cancelled = *self.run.cancel.borrow();
        self.opened.clear();
        for (place, answer) in answers {
            self.take(state, place, answer);
        }
        self.look_at_times();
        self.begin_free(state);
        while self.look_at_gates(state) {
            self.begin_free(state);
        }
        self.pump(state);
        self.settle(state)
    }

    /// Begins what is free, and what that frees.
    fn begin_free(&mut self, state: &CaseState) {
        let mut kept = Vec::new();
        loop {
            let free = self.graph.take_free();
            if free.is_empty() {
                break;
            }
            for place in free {
                if !self.begin(state, place) {
                    kept.push(place);
                }
            }
        }
        for place in kept {
            self.graph.put_back(place);
        }
    }

    /// Whether something new may begin.
    pub(super) const fn may_begin(&self) -> bool {
        !self.held && !self.cancelled && self.stopped.is_none()
    }

    /// Puts a call into its lane.
    pub(super) fn queue(&mut self, lane: &str, queued: Queued, perishability: usize) {
        if let Some(lane) = self.lanes.get_mut(lane) {
            lane.queue(queued, perishability);
        }
    }

    /// Puts a call into its lane after a while.
    pub(super) fn queue_after(&mut self, wait: Duration, lane: &str, queued: Queued) {
        self.later += 1;
        let key = (Instant::now() + wait, self.later);
        self.soon.insert(key, (lane.to_owned(), queued));
    }

    /// Gives slots to calls, and writes the intents of those that change something.
    fn pump(&mut self, state: &CaseState) {
        let now = Instant::now();
        let later = self.soon.split_off(&(now, u64::MAX));
        for (lane, queued) in std::mem::replace(&mut self.soon, later).into_values() {
            // Pages that were put off were asked for before: they go first.
            self.queue(&lane, queued, 0);
        }
        let leave = if self.cancelled {
            Leave::Looks
        } else if self.may_begin() {
            Leave::All
        } else {
            Leave::NoIntents
        };
        let mut lanes = std::mem::take(&mut self.lanes);
        for (name, lane) in &mut lanes {
            while let Some(queued) = lane.take(leave) {
                if let Some(intent) = queued.intent
                    && let Some(step) = self.plan.steps.get(queued.place)
                {
                    let before = state
                        .steps
                        .get(&step.id)
                        .map_or(0, |record| record.attempts);
                    self.events.push(Event::StepIntended {
                        step: step.id.clone(),
                        attempt: before + 1,
                        door: intent.door,
                        undo: intent.undo,
                    });
                }
                self.leaving.push((queued.place, name.clone(), queued.call));
            }
        }
        self.lanes = lanes;
    }

    /// Lets the calls of this turn leave.
    fn send(&mut self) {
        for (place, lane, call) in std::mem::take(&mut self.leaving) {
            let broken = call.broken();
            let limit = self.plan.steps.get(place).map_or(1, |step| step.timeout_s);
            let limit = Duration::from_secs(limit.max(1).into());
            let (witness, clock) = (
                Arc::clone(&self.run.witness),
                Arc::clone(self.run.log.clock()),
            );
            let task = self.calls.spawn(call.make(limit, witness, clock));
            let sent = Sent {
                place,
                lane,
                broken,
            };
            self.sent.insert(task.id(), sent);
        }
    }

    /// Whether the run can go no further, and how it comes back then.
    fn settle(&mut self, state: &CaseState) -> Option<End> {
        if self.graph.is_done() {
            self.events.push(Event::RunEnded { plan: self.digest });
            return Some(End::Finished);
        }
        let looking = !self.soon.is_empty() && !self.cancelled;
        if looking || !self.calls.is_empty() || !self.leaving.is_empty() {
            return None;
        }
        if self.cancelled {
            self.events.push(Event::RunCancelled {
                reason: self.options.when_stopped.to_owned(),
            });
            return Some(End::Cancelled);
        }
        if let Some((step, why)) = self.stopped.clone() {
            self.events.push(Event::RunCancelled {
                reason: format!("step `{step}` failed, and its policy is to stop"),
            });
            return Some(End::Stopped { step, why });
        }
        if self.held {
            return Some(End::Held);
        }
        self.again = !self.events.is_empty();
        (!self.again).then(|| End::Waiting(self.waiting(state)))
    }

    fn waiting(&self, state: &CaseState) -> Waiting {
        let step = |place: &usize| self.plan.steps.get(*place);
        let gates = self.gates.iter().filter_map(step);
        let asks = self.asks.iter();
        Waiting {
            gates: gates
                .filter_map(|gate| self.judge.describe(state, &gate.id, self.now))
                .collect(),
            asks: asks
                .filter_map(|(place, why)| {
                    Some(super::Asked {
                        step: step(place)?.id.clone(),
                        why: why.clone(),
                    })
                })
                .collect(),
            until: self.waits.first().map(|(due, _)| *due),
        }
    }

    /// Whether to stay for something that can come by itself, rather than to return.
    fn stays(&self, end: &End) -> bool {
        let waiting = match end {
            End::Waiting(waiting) => waiting,
            end => return self.options.wait && *end == End::Held,
        };
        let open = waiting.gates.iter().any(|gate| !gate.expired);
        let near = waiting
            .until
            .is_some_and(|due| until(due, self.now) <= self.options.linger);
        near || (self.options.wait && (open || waiting.until.is_some()))
    }

    /// Checks new signatures outside the lock of the log.
    fn check_signatures(&mut self) {
        let gates: Vec<_> = self.run.log.read(|state| {
            let unsettled = state.gates.iter().filter(|(_, gate)| !gate.passed);
            unsettled
                .map(|(step, gate)| (step.clone(), gate.clone()))
                .collect()
        });
        for (step, gate) in gates {
            self.judge.look(&step, &gate);
        }
    }

    /// Waits until something has happened.
    async fn wait(
        &mut self,
        lines: &mut watch::Receiver<u64>,
        cancel: &mut watch::Receiver<bool>,
    ) -> Result<Vec<(usize, Answer)>> {
        let soon = self.soon.first_key_value().map(|((at, _), _)| *at);
        let stored = self.next_time();
        let people = self.held || !self.gates.is_empty();
        let stopping = self.cancelled;
        let mut answers = Vec::new();
        tokio::select! {
            biased;
            Some(done) = self.calls.join_next_with_id() => self.answered(done, &mut answers)?,
            () = sleep_until(soon), if soon.is_some() => {}
            () = tokio::time::sleep(stored.unwrap_or_default()), if stored.is_some() => {}
            Ok(()) = lines.changed(), if people => {}
            Ok(()) = cancel.changed(), if !stopping => {}
            else => return Err(Fault::failed("run-stuck", "The run waits for nothing; please report this.")),
        }
        while let Some(done) = self.calls.try_join_next_with_id() {
            self.answered(done, &mut answers)?;
        }
        Ok(answers)
    }

    fn next_time(&self) -> Option<Duration> {
        let due = self.waits.first().map(|(due, _)| *due);
        let expiry = self
            .gates
            .iter()
            .filter_map(|place| match self.works.get(place) {
                Some(Work::Gate { expires }) => Some(*expires),
                _ => None,
            });
        let first = expiry.chain(due).min()?;
        Some(until(first, self.run.log.clock().now()).min(LOOK_AT_CLOCK))
    }

    fn answered(
        &mut self,
        done: Result<(Id, Answer), tokio::task::JoinError>,
        answers: &mut Vec<(usize, Answer)>,
    ) -> Result<()> {
        let (id, answer) = match done {
            Ok((id, answer)) => (id, Some(answer)),
            // Only the end of the program takes a task away, and nothing of it is an answer: the attempt
            // stays in doubt, and the next start looks at its door.
            Err(error) if error.is_cancelled() => {
                let what = "The program is stopping.";
                return Err(Fault::new(Kind::Owned, "stopping", what)
                    .hint("run it again: it goes on where it stopped"));
            }
            Err(error) => (error.id(), None),
        };
        let Some(sent) = self.sent.remove(&id) else {
            return Err(Fault::failed(
                "run-call",
                "A call came back that nobody made.",
            ));
        };
        if let Some(lane) = self.lanes.get_mut(&sent.lane) {
            lane.give_back();
        }
        answers.push((sent.place, answer.unwrap_or(sent.broken)));
        Ok(())
    }

    pub(super) fn step(&self, place: usize) -> Option<Step> {
        self.plan.steps.get(place).cloned()
    }
}

/// From now until `due`; nothing when it has passed.
pub(super) fn until(due: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(due.duration_since(now)).unwrap_or_default()
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
