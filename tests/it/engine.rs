//! The engine on the real store, with a provider that does what a script says.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use cordon::canon::{Digest, digest_of};
use cordon::case::event::{Actor, Entry, Event, Evidence, Outcome, Person, Signed, Source};
use cordon::case::log::CaseLog;
use cordon::case::state::{CaseState, GateRecord};
use cordon::case::subject::Subject;
use cordon::door::{Class, Door, DoorKind, DoorState, Notifies, Order, Probe};
use cordon::evidence::approval::Decision;
use cordon::fault::{Fault, Result};
use cordon::http::{Exchange, Witness};
use cordon::id::{CaseId, DoorId, EvidenceId};
use cordon::plan::{Plan, Step};
use cordon::provider::{
    Account, Candidate, Check, Closing, Cx, Inventory, Page, Provider, Spec, TrailSpec, Window,
};
use cordon::run::{Deed, End, Options, Progress, Report, Run};
use cordon::time::{Clock, Timestamp};
use tokio::sync::watch;

pub(crate) use crate::engine_steps::*;

/// A wall clock that goes with the runtime's, so that a test can let hours pass.
#[derive(Debug)]
pub(crate) struct RuntimeClock {
    base: Timestamp,
    start: tokio::time::Instant,
}

impl RuntimeClock {
    pub(crate) fn at(base: Timestamp) -> Arc<Self> {
        let start = tokio::time::Instant::now();
        Arc::new(Self { base, start })
    }
}

impl Clock for RuntimeClock {
    fn now(&self) -> Timestamp {
        self.base + self.start.elapsed()
    }
}

/// Drives `work` with the runtime's clock standing still while the disk works: a paused clock would
/// jump ahead whenever the runtime is idle, and it does not see the committer's thread.
pub(crate) async fn calm<T>(log: &Arc<CaseLog>, work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    let mut settled = None;
    loop {
        let done = std::future::poll_fn(|cx| match work.as_mut().poll(cx) {
            Poll::Ready(value) => Poll::Ready(Some(value)),
            Poll::Pending if settled != Some(log.store().head()) => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        });
        if let Some(value) = done.await {
            return value;
        }
        let (head, log) = (log.store().head(), Arc::clone(log));
        let settle = move || {
            log.store().lines(head.lines).unwrap();
            std::thread::sleep(Duration::from_micros(200));
        };
        tokio::task::spawn_blocking(settle).await.unwrap();
        settled = Some(head);
    }
}

/// What a scripted close does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Close {
    /// Closes and says so.
    Works,
    /// Says so, and closes after a while.
    Late(Duration),
    /// Says so, and changes nothing.
    Nothing,
    /// Refuses.
    Refuses,
    /// Closes, but the answer is lost.
    LostAnswer,
    /// Does nothing, and the answer is lost.
    LostCall,
    /// Returns an error.
    Faults,
    /// Never answers.
    Hangs,
    /// Closes and never answers.
    HangsDone,
    /// Breaks down.
    Panics,
    /// Says that it was closed before.
    Already,
}

/// What a scripted probe does instead of looking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    Blind,
    Faults,
    Hangs,
    Panics,
    Unkept,
}

#[derive(Debug, Default)]
pub(crate) struct World {
    /// By native id: closed from this instant on.
    pub(crate) closed: BTreeMap<String, tokio::time::Instant>,
    pub(crate) closes: BTreeMap<String, VecDeque<Close>>,
    pub(crate) looks: BTreeMap<String, VecDeque<Look>>,
    pub(crate) reopens: VecDeque<Close>,
    pub(crate) pages: BTreeMap<String, VecDeque<Result<Page, String>>>,
    pub(crate) calls: Vec<String>,
    pub(crate) found: Inventory,
    pub(crate) candidates: Vec<Candidate>,
    pub(crate) no_inverse: bool,
    /// Calls under way, and the most that ever were.
    pub(crate) busy: (usize, usize),
    pub(crate) latency: Duration,
    /// No attempt reaches the provider; each takes this long to break.
    pub(crate) down: Option<Duration>,
    /// How many answers ask us to wait before each page.
    pub(crate) throttles: u32,
}

/// A provider that does what a script says.
pub(crate) struct Sim {
    pub(crate) spec: &'static Spec,
    pub(crate) world: Mutex<World>,
}

const KIND: DoorKind = DoorKind {
    name: "",
    title: "a door of the simulation",
    class: Class::Reversible,
    notifies: Notifies::No,
    residual: "nothing",
    residual_minutes: None,
    order: Order::Simultaneous,
    close: Some("POST /close"),
    already_done: &[],
    probe: "GET /door",
    undo: Some("POST /open"),
    after: &[],
    scope: "all",
    breaks: "nothing",
    source: "this test",
};

impl Sim {
    pub(crate) fn new(name: &'static str, in_flight: usize) -> Arc<Self> {
        let kind = |suffix: &str, class, close| DoorKind {
            name: Box::leak(format!("{name}.{suffix}").into_boxed_str()),
            class,
            close,
            residual_minutes: (suffix == "session").then_some(60),
            ..KIND
        };
        let doors = Box::leak(Box::new([
            kind("account", Class::Reversible, KIND.close),
            kind("session", Class::Redoable, KIND.close),
            kind("key", Class::Irreversible, KIND.close),
            kind("badge", Class::Reversible, None),
        ]));
        let trail = |suffix: &str, hours| TrailSpec {
            name: Box::leak(format!("{name}.{suffix}").into_boxed_str()),
            title: "a trail of the simulation",
            retention_hours: Some(hours),
            lag_minutes: 0,
            page_size: 100,
            ordered: false,
            call: "GET /trail",
            dedupe: "id",
        };
        let trails = Box::leak(Box::new([trail("git", 168), trail("audit", 4320)]));
        let spec = Box::leak(Box::new(Spec {
            name,
            title: name,
            api: "1",
            doors,
            trails,
            in_flight,
            blind: &["what it does not show"],
        }));
        Arc::new(Self {
            spec,
            world: Mutex::default(),
        })
    }

    pub(crate) fn with<R>(&self, change: impl FnOnce(&mut World) -> R) -> R {
        change(
            &mut self
                .world
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner),
        )
    }

    pub(crate) fn script(&self, native: &str, closes: &[Close]) {
        self.with(|world| {
            let script = world.closes.entry(native.to_owned()).or_default();
            script.extend(closes);
        });
    }

    pub(crate) fn blind(&self, native: &str, looks: &[Look]) {
        self.with(|world| {
            let script = world.looks.entry(native.to_owned()).or_default();
            script.extend(looks);
        });
    }

    /// How many calls began with `prefix`.
    pub(crate) fn count(&self, prefix: &str) -> usize {
        self.with(|world| {
            world
                .calls
                .iter()
                .filter(|call| call.starts_with(prefix))
                .count()
        })
    }

    fn enter(&self, call: String) -> Duration {
        self.with(|world| {
            world.calls.push(call);
            world.busy.0 += 1;
            world.busy.1 = world.busy.1.max(world.busy.0);
            world.latency
        })
    }

    fn leave(&self) {
        self.with(|world| world.busy.0 -= 1);
    }

    /// An attempt that the network carries, or not, as the client would show it to the witness.
    async fn attempt(&self, status: Option<u16>, cx: Cx<'_>) {
        let url = url::Url::parse("https://sim.example/").unwrap();
        let answer = status.map(|status| cordon::http::Answer {
            status: status.try_into().unwrap(),
            headers: http::HeaderMap::new(),
            body: Vec::new().into(),
        });
        let exchange = Exchange {
            at: cx.clock.now(),
            took_ms: 1,
            attempt: 1,
            request: cordon::http::Request::get(url),
            credential: "sim".to_owned(),
            answer: answer.ok_or_else(|| "connection refused".to_owned()),
        };
        let _ = cx.witness.saw(&exchange).await;
    }

    /// What a call gets while the provider is down.
    async fn reach(&self, cx: Cx<'_>) -> Result<()> {
        let Some(after) = self.with(|world| world.down) else {
            return Ok(());
        };
        tokio::time::sleep(after).await;
        self.attempt(None, cx).await;
        Err(Fault::failed("call-unsent", "A call did not go out."))
    }
}

/// The evidence that every case of these tests holds.
pub(crate) fn proof() -> EvidenceId {
    EvidenceId::of(&["proof"])
}

#[async_trait]
impl Provider for Sim {
    fn spec(&self) -> &'static Spec {
        self.spec
    }

    async fn check(&self, _: Option<&Subject>, _: Cx<'_>) -> Result<Vec<Check>> {
        Ok(Vec::new())
    }

    async fn resolve(&self, _: &Subject, _: Cx<'_>) -> Result<Vec<Candidate>> {
        Ok(self.with(|world| world.candidates.clone()))
    }

    async fn doors(&self, account: &Account, _: Cx<'_>) -> Result<Inventory> {
        match account.login.as_str() {
            "hangs" => std::future::pending().await,
            "panics" => panic!("scripted"),
            _ => Ok(self.with(|world| world.found.clone())),
        }
    }

    fn undo(&self, door: &Door) -> Option<serde_json::Value> {
        let gone = self.with(|world| world.no_inverse) || door.kind.ends_with("key");
        (!gone).then(|| serde_json::json!({ "was": door.native }))
    }

    async fn close(&self, door: &Door, _: Cx<'_>) -> Result<Closing> {
        let latency = self.enter(format!("close {}", door.native));
        tokio::time::sleep(latency).await;
        self.leave();
        let native = door.native.clone();
        let act = self.with(|world| {
            let script = world.closes.get_mut(&native);
            script.and_then(VecDeque::pop_front).unwrap_or(Close::Works)
        });
        let now = tokio::time::Instant::now();
        let close = |after| self.with(|world| world.closed.insert(native, now + after));
        match act {
            Close::Works | Close::LostAnswer | Close::HangsDone => close(Duration::ZERO),
            Close::Late(after) => close(after),
            _ => None,
        };
        match act {
            Close::Works | Close::Late(_) | Close::Nothing => {
                Ok(Closing::Accepted { evidence: proof() })
            }
            Close::Already => Ok(Closing::AlreadyDone { evidence: proof() }),
            Close::Refuses => Ok(Closing::Refused {
                why: "403".to_owned(),
                evidence: None,
            }),
            Close::LostAnswer | Close::LostCall => Ok(Closing::Unclear {
                why: "the connection broke".to_owned(),
            }),
            Close::Faults => Err(Fault::failed("scripted", "It did not work.")),
            Close::Hangs | Close::HangsDone => std::future::pending().await,
            Close::Panics => panic!("scripted"),
        }
    }

    async fn probe(&self, door: &Door, cx: Cx<'_>) -> Result<Probe> {
        let latency = self.enter(format!("probe {}", door.native));
        tokio::time::sleep(latency).await;
        self.leave();
        self.reach(cx).await?;
        let look = self.with(|world| world.looks.get_mut(&door.native)?.pop_front());
        let now = tokio::time::Instant::now();
        let closed = self.with(|world| world.closed.get(&door.native).is_some_and(|at| *at <= now));
        let mut probe = Probe {
            state: if closed {
                DoorState::Closed
            } else {
                DoorState::Open
            },
            why: "The list was read.".to_owned(),
            evidence: vec![proof()],
            residual_until: None,
        };
        match look {
            None => Ok(probe),
            Some(Look::Unkept) => {
                probe.evidence = vec![EvidenceId::of(&["never kept"])];
                Ok(probe)
            }
            Some(Look::Blind) => {
                probe.state = DoorState::Unknown;
                Ok(probe)
            }
            Some(Look::Faults) => Err(Fault::failed("scripted", "It could not be read.")),
            Some(Look::Hangs) => std::future::pending().await,
            Some(Look::Panics) => panic!("scripted"),
        }
    }

    async fn reopen(&self, door: &Door, undo: &serde_json::Value, cx: Cx<'_>) -> Result<Closing> {
        assert_eq!(undo["was"], door.native, "the stored inverse comes back");
        self.with(|world| world.calls.push(format!("reopen {}", door.native)));
        self.reach(cx).await?;
        let act = self
            .with(|world| world.reopens.pop_front())
            .unwrap_or(Close::Works);
        if matches!(act, Close::Works | Close::LostAnswer) {
            self.with(|world| world.closed.remove(&door.native));
        }
        match act {
            Close::LostAnswer | Close::LostCall => Ok(Closing::Unclear {
                why: "the connection broke".to_owned(),
            }),
            Close::Refuses => Ok(Closing::Refused {
                why: "403".to_owned(),
                evidence: None,
            }),
            Close::Panics => panic!("scripted"),
            _ => Ok(Closing::Accepted { evidence: proof() }),
        }
    }

    async fn pull(
        &self,
        trail: &str,
        _: &Account,
        _: Window,
        cursor: Option<&str>,
        cx: Cx<'_>,
    ) -> Result<Page> {
        let latency = self.enter(format!("pull {trail} {}", cursor.unwrap_or("-")));
        tokio::time::sleep(latency).await;
        self.leave();
        for _ in 0..self.with(|world| world.throttles) {
            self.attempt(Some(429), cx).await;
        }
        let page = self.with(|world| world.pages.get_mut(trail)?.pop_front());
        let end = Page {
            evidence: proof(),
            ids: Vec::new(),
            first: None,
            last: None,
            next: None,
        };
        page.unwrap_or(Ok(end))
            .map_err(|why| Fault::failed("scripted", why))
    }
}

/// Keeps nothing: these tests make no exchanges.
pub(crate) struct NoWitness;

#[async_trait]
impl Witness for NoWitness {
    async fn saw(&self, _: &Exchange) -> Result<EvidenceId> {
        Err(Fault::failed("scripted", "Nothing is kept."))
    }
}

/// A deed that counts.
#[derive(Default)]
pub(crate) struct Count {
    pub(crate) acts: Mutex<VecDeque<Close>>,
    pub(crate) done: Mutex<u32>,
    pub(crate) acted: Mutex<u32>,
}

#[async_trait]
impl Deed for Count {
    async fn act(&self, _: &Step) -> Result<Outcome> {
        *self.acted.lock().unwrap() += 1;
        let act = self
            .acts
            .lock()
            .unwrap()
            .pop_front()
            .unwrap_or(Close::Works);
        if matches!(act, Close::Works | Close::LostAnswer | Close::HangsDone) {
            *self.done.lock().unwrap() += 1;
        }
        match act {
            Close::Panics => panic!("scripted"),
            Close::Hangs | Close::HangsDone => std::future::pending().await,
            Close::LostAnswer | Close::LostCall | Close::Faults => {
                Err(Fault::failed("scripted", "The answer was lost."))
            }
            Close::Nothing => Ok(done(3, 1)),
            Close::Refuses => Ok(Outcome::Failed {
                why: "It is refused.".to_owned(),
            }),
            _ => Ok(done(1, 1)),
        }
    }

    async fn observe(&self, _: &Step) -> Result<Option<Outcome>> {
        Ok((*self.done.lock().unwrap() > 0).then(|| done(1, 1)))
    }
}

pub(crate) fn done(asked: u32, proven: u32) -> Outcome {
    Outcome::Done {
        asked,
        proven,
        note: "drafted".to_owned(),
    }
}

/// Remembers every entry that the engine says it wrote, and may end the run at one of them.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) entries: Mutex<Vec<Entry>>,
    pub(crate) crash_after: Mutex<Option<usize>>,
    pub(crate) crash: tokio::sync::Notify,
}

impl Progress for Seen {
    fn wrote(&self, entry: &Entry) {
        let mut entries = self.entries.lock().unwrap();
        entries.push(entry.clone());
        if self
            .crash_after
            .lock()
            .unwrap()
            .is_some_and(|after| entries.len() >= after)
        {
            self.crash.notify_one();
        }
    }
}

/// A case with its providers, deeds and plan.
pub(crate) struct Rig {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) clock: Arc<RuntimeClock>,
    pub(crate) log: Arc<CaseLog>,
    pub(crate) sims: BTreeMap<String, Arc<Sim>>,
    pub(crate) count: Arc<Count>,
    pub(crate) seen: Arc<Seen>,
    pub(crate) cancel: watch::Sender<bool>,
}

pub(crate) fn engine() -> Actor {
    Actor::Engine
}

pub(crate) fn operator() -> Actor {
    Actor::Operator("tester".to_owned())
}

impl Rig {
    /// A case with doors found at `alpha` and `beta` (two calls at once each), and accounts chosen.
    pub(crate) async fn new(doors: &[Door]) -> Self {
        Self::with(doors, &[("alpha", 2), ("beta", 2)]).await
    }

    pub(crate) async fn with(doors: &[Door], providers: &[(&'static str, usize)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = RuntimeClock::at("2027-03-13T02:00:00Z".parse().unwrap());
        let person = |name: &str, role: &str| Person {
            name: name.to_owned(),
            roles: vec![role.to_owned()],
            key: format!("ssh-ed25519 AAAA{name} {name}"),
            emails: Vec::new(),
            logins: Vec::new(),
        };
        let opened = Event::CaseOpened {
            title: "Access review LL-C-0417".to_owned(),
            salt: "salt".to_owned(),
            subject: Subject {
                emails: vec!["jdoe@acme.example".to_owned()],
                ..Subject::default()
            },
            route: "manual".to_owned(),
            people: vec![
                person("ana", "incident_lead"),
                person("ben", "incident_lead"),
                person("cem", "hr"),
                person("jdoe@acme.example", "incident_lead"),
            ],
            recorder: "key".to_owned(),
            protected: vec!["break-glass".to_owned()],
            effective: None,
            evidence: None,
        };
        let log = CaseLog::create(
            &dir.path().join("case"),
            CaseId::fresh(),
            clock.clone(),
            &operator(),
            opened,
        )
        .await
        .unwrap();
        let mut events = vec![Event::EvidenceKept(Evidence {
            privileged: false,
            id: proof(),
            sha256: Digest::of(b"proof"),
            bytes: 5,
            media_type: "text/plain".to_owned(),
            source: Source::File {
                name: "proof".to_owned(),
            },
            at: clock.now(),
            tool: "test".to_owned(),
            title: "proof".to_owned(),
        })];
        events.extend(providers.iter().map(|(name, _)| Event::IdentityChosen {
            account: account(name),
            reason: "test".to_owned(),
            evidence: vec![proof()],
        }));
        events.extend(doors.iter().cloned().map(Event::DoorFound));
        log.append(&engine(), events).await.unwrap();
        Self {
            dir,
            clock,
            log: Arc::new(log),
            sims: providers
                .iter()
                .map(|(name, slots)| ((*name).to_owned(), Sim::new(name, *slots)))
                .collect(),
            count: Arc::default(),
            seen: Arc::default(),
            cancel: watch::Sender::new(false),
        }
    }

    pub(crate) fn sim(&self, name: &str) -> &Sim {
        &self.sims[name]
    }

    pub(crate) async fn plan(&self, steps: Vec<Step>) -> Digest {
        let plan = Plan {
            case: self.log.case().clone(),
            playbook: "test".to_owned(),
            playbook_digest: Digest::ZERO,
            made: self.clock.now(),
            steps,
            left: Vec::new(),
            notes: Vec::new(),
        };
        let digest = digest_of(&plan).unwrap();
        let made = Event::PlanMade { plan, digest };
        self.append(made).await.unwrap();
        digest
    }

    pub(crate) fn run(&self) -> Run {
        self.run_on(Arc::clone(&self.log))
    }

    pub(crate) fn run_on(&self, log: Arc<CaseLog>) -> Run {
        let provider = |(name, sim): (&String, &Arc<Sim>)| {
            let sim: Arc<dyn Provider> = sim.clone();
            (name.clone(), sim)
        };
        let deed: Arc<dyn Deed> = self.count.clone();
        Run {
            log,
            providers: self.sims.iter().map(provider).collect(),
            witness: Arc::new(NoWitness),
            deeds: BTreeMap::from([("draft", deed)]),
            verifier: Arc::new(|signed: &Signed, _: &GateRecord, _: &str| {
                let good = signed.signature == "good";
                good.then_some(())
                    .ok_or_else(|| Fault::input("signature", "It is forged."))
            }),
            progress: self.seen.clone(),
            cancel: self.cancel.subscribe(),
        }
    }

    pub(crate) async fn go(&self) -> Report {
        self.go_with(&Options::default()).await
    }

    pub(crate) async fn go_with(&self, options: &Options) -> Report {
        let run = self.run();
        let limit = Duration::from_hours(2_400);
        let by = operator();
        let work = tokio::time::timeout(limit, run.execute(&by, options));
        let report = calm(&self.log, work).await;
        let report = report.expect("the run came to an end").unwrap();
        self.is_settled(&report);
        report
    }

    /// What must hold whenever a run has come back.
    fn is_settled(&self, report: &Report) {
        self.log.read(|state| {
            for (id, record) in &state.steps {
                assert_eq!(
                    record.in_doubt, None,
                    "step {id} has an intent without an outcome"
                );
            }
        });
        for leaf in report.tree.leaves() {
            assert!(!leaf.step.is_empty());
        }
    }

    pub(crate) fn outcome(&self, step: &str) -> Option<Outcome> {
        self.log
            .read(|state| state.steps.get(step)?.outcome.clone())
    }

    pub(crate) fn result(&self, step: &str) -> &'static str {
        self.log.read(|state| result(state, step))
    }

    pub(crate) fn state(&self, door: &Door) -> DoorState {
        self.log.read(|state| state.doors[&door.id].state)
    }

    pub(crate) fn kinds(&self) -> Vec<String> {
        let entries = self.log.entries().unwrap();
        entries.iter().map(|entry| kind(&entry.event)).collect()
    }

    pub(crate) fn decision(&self, step: &str, person: &str, decision: Decision) -> Signed {
        let plan = self.log.read(|state| state.plan.as_ref().unwrap().1);
        Signed {
            text: decision_by(person, self.log.case(), step, plan, decision),
            signature: "good".to_owned(),
            person: person.to_owned(),
        }
    }

    pub(crate) async fn approve(&self, step: &str, person: &str) -> Result<()> {
        let signed = self.decision(step, person, Decision::Approve);
        self.append_approval(step, signed).await
    }

    pub(crate) async fn append_approval(&self, step: &str, signed: Signed) -> Result<()> {
        let plan = self.log.read(|state| state.plan.as_ref().unwrap().1);
        let event = Event::GateApproved {
            step: step.to_owned(),
            plan,
            signed,
        };
        self.append(event).await
    }

    pub(crate) async fn deny(&self, step: &str, person: &str) -> Result<()> {
        let signed = self.decision(step, person, Decision::Deny);
        let event = Event::GateDenied {
            step: step.to_owned(),
            plan: self.log.read(|state| state.plan.as_ref().unwrap().1),
            signed,
        };
        self.append(event).await
    }

    pub(crate) async fn append(&self, event: Event) -> Result<()> {
        let by = operator();
        let written = calm(&self.log, self.log.append(&by, vec![event])).await;
        written.map(|_| ())
    }

    /// Closes the log and opens it again, as after a crash.
    pub(crate) fn reopen(self) -> Self {
        let Self {
            dir, clock, log, ..
        } = self;
        drop(Arc::try_unwrap(log).expect("nobody else holds the log"));
        let log = open(&dir.path().join("case"), &clock);
        Self {
            dir,
            clock,
            log,
            ..self
        }
    }
}

pub(crate) fn open(dir: &Path, clock: &Arc<RuntimeClock>) -> Arc<CaseLog> {
    Arc::new(CaseLog::open(dir, clock.clone()).unwrap())
}

pub(crate) fn kind(event: &Event) -> String {
    let value = serde_json::to_value(event).unwrap();
    value["kind"].as_str().unwrap().to_owned()
}

pub(crate) fn result(state: &CaseState, step: &str) -> &'static str {
    match state
        .steps
        .get(step)
        .and_then(|record| record.outcome.as_ref())
    {
        None => "-",
        Some(Outcome::Done { .. }) => "done",
        Some(Outcome::Failed { .. }) => "failed",
        Some(Outcome::Unknown { .. }) => "unknown",
        Some(Outcome::Skipped { .. }) => "skipped",
    }
}

pub(crate) fn why(outcome: Option<Outcome>) -> String {
    match outcome {
        Some(Outcome::Done { note, .. }) => note,
        Some(Outcome::Failed { why } | Outcome::Unknown { why } | Outcome::Skipped { why }) => why,
        None => String::new(),
    }
}

pub(crate) fn waiting(report: &Report) -> &cordon::run::Waiting {
    match &report.end {
        End::Waiting(waiting) => waiting,
        other => panic!("the run should wait, but came back with {other:?}"),
    }
}

pub(crate) fn ids(doors: &[Door]) -> Vec<DoorId> {
    doors.iter().map(|door| door.id.clone()).collect()
}
