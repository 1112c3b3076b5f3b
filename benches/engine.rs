//! What the engine costs on the real store: `cargo bench --bench engine`.
//!
//! | figure | what is measured | aim |
//! |---|---|---|
//! | (a) | 50 steps one after the other, each one HTTP call of 50 ms | ≤ 2.65 s |
//! | (b) | 50 such steps at once | ≤ 120 ms |
//! | (c) | 1,000 steps one after the other that do nothing, each durable | ≤ 0.6 s |
//! | (d) | from the passing of a gate to the last proven close, 60 doors at 8 providers, 100 ms a call, against the slowest provider alone | ≤ 1.1 |
//!
//! A step of (a) and (b) is a deed that makes one real call over loopback. A step of (d) closes a
//! door, which is one call, and probes it, which is another. Each figure is the best of three, because
//! what is asked is what the engine adds and not what else the machine does; all three are printed.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a benchmark ends where it fails, and prints what it found"
)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use cordon::canon::{Digest, digest_of};
use cordon::case::event::{Actor, Event, Evidence, Outcome, Person, Signed, Source};
use cordon::case::log::CaseLog;
use cordon::case::subject::Subject;
use cordon::door::{Class, Door, DoorKind, DoorState, Link, Notifies, Order, Probe};
use cordon::evidence::approval::{Approval, Decision, Subject as About};
use cordon::fault::{Fault, Result};
use cordon::http::{Exchange, Witness};
use cordon::id::{CaseId, EvidenceId};
use cordon::plan::{OnFailure, Plan, Step, Task};
use cordon::provider::{
    Account, Candidate, Check, Closing, Cx, Inventory, Page, Provider, Spec, Window,
};
use cordon::run::{Deed, End, Options, Quiet, Run};
use cordon::time::{Clock, SystemClock, Timestamp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use tokio::sync::watch;

/// A server whose every answer takes `latency`.
#[derive(Clone)]
struct Server {
    address: std::net::SocketAddr,
    idle: Arc<Mutex<Vec<TcpStream>>>,
    calls: Arc<AtomicU64>,
}

impl Server {
    async fn start(latency: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let calls = Arc::new(AtomicU64::new(0));
        let answer = |State((latency, calls)): State<(Duration, Arc<AtomicU64>)>| async move {
            tokio::time::sleep(latency).await;
            calls.fetch_add(1, Ordering::Relaxed);
            "ok"
        };
        let state = (latency, Arc::clone(&calls));
        let app = Router::new().route("/", get(answer)).with_state(state);
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self {
            address,
            idle: Arc::default(),
            calls,
        }
    }

    /// One call over a connection that is kept.
    async fn call(&self) -> std::io::Result<()> {
        let idle = self.idle.lock().await.pop();
        let mut stream = match idle {
            Some(stream) => stream,
            None => TcpStream::connect(self.address).await?,
        };
        stream.set_nodelay(true)?;
        stream
            .write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
            .await?;
        let mut answer = Vec::new();
        let mut part = [0; 1024];
        while !answer.ends_with(b"\r\n\r\nok") {
            let read = stream.read(&mut part).await?;
            if read == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            answer.extend_from_slice(&part[..read]);
        }
        self.idle.lock().await.push(stream);
        Ok(())
    }
}

fn broken(error: std::io::Error) -> Fault {
    Fault::failed("bench", "A call broke.").caused_by(error)
}

/// A deed of one call, or of none.
struct OneCall(Option<Server>);

#[async_trait]
impl Deed for OneCall {
    async fn act(&self, _: &Step) -> Result<Outcome> {
        if let Some(server) = &self.0 {
            server.call().await.map_err(broken)?;
        }
        Ok(Outcome::Done {
            asked: 1,
            proven: 1,
            note: "called".to_owned(),
        })
    }

    async fn observe(&self, _: &Step) -> Result<Option<Outcome>> {
        Ok(None)
    }
}

/// A provider that closes with one call and probes with another.
struct Remote {
    spec: &'static Spec,
    server: Server,
    closed: Mutex<std::collections::BTreeSet<String>>,
}

const KIND: DoorKind = DoorKind {
    name: "",
    title: "a door",
    class: Class::Reversible,
    notifies: Notifies::No,
    residual: "nothing",
    residual_minutes: None,
    order: Order::Simultaneous,
    close: Some("GET /"),
    already_done: &[],
    probe: "GET /",
    undo: Some("GET /"),
    after: &[],
    scope: "all",
    breaks: "nothing",
    source: "this benchmark",
};

fn proof() -> EvidenceId {
    EvidenceId::of(&["proof"])
}

#[async_trait]
impl Provider for Remote {
    fn spec(&self) -> &'static Spec {
        self.spec
    }
    async fn check(&self, _: Option<&Subject>, _: Cx<'_>) -> Result<Vec<Check>> {
        Ok(Vec::new())
    }
    async fn resolve(&self, _: &Subject, _: Cx<'_>) -> Result<Vec<Candidate>> {
        Ok(Vec::new())
    }
    async fn doors(&self, _: &Account, _: Cx<'_>) -> Result<Inventory> {
        Ok(Inventory::default())
    }
    fn undo(&self, door: &Door) -> Option<serde_json::Value> {
        Some(serde_json::json!(door.native))
    }
    async fn close(&self, door: &Door, _: Cx<'_>) -> Result<Closing> {
        self.server.call().await.map_err(broken)?;
        self.closed.lock().await.insert(door.native.clone());
        Ok(Closing::Accepted { evidence: proof() })
    }
    async fn probe(&self, door: &Door, _: Cx<'_>) -> Result<Probe> {
        self.server.call().await.map_err(broken)?;
        let closed = self.closed.lock().await.contains(&door.native);
        Ok(Probe {
            state: if closed {
                DoorState::Closed
            } else {
                DoorState::Open
            },
            why: "It was looked at.".to_owned(),
            evidence: vec![proof()],
            residual_until: None,
        })
    }
    async fn reopen(&self, _: &Door, _: &serde_json::Value, _: Cx<'_>) -> Result<Closing> {
        Ok(Closing::AlreadyDone { evidence: proof() })
    }
    async fn pull(
        &self,
        _: &str,
        _: &Account,
        _: Window,
        _: Option<&str>,
        _: Cx<'_>,
    ) -> Result<Page> {
        Err(Fault::failed("bench", "There are no trails."))
    }
}

struct NoWitness;

#[async_trait]
impl Witness for NoWitness {
    async fn saw(&self, _: &Exchange) -> Result<EvidenceId> {
        Ok(proof())
    }
}

/// A case with its run.
struct Bench {
    _dir: tempfile::TempDir,
    run: Run,
    by: Actor,
}

impl Bench {
    async fn new(providers: Vec<Remote>, doors: &[Door], deed: OneCall) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let by = Actor::Operator("bench".to_owned());
        let opened = Event::CaseOpened {
            title: "bench".to_owned(),
            salt: "salt".to_owned(),
            subject: Subject::default(),
            route: "manual".to_owned(),
            people: vec![Person {
                name: "ana".to_owned(),
                roles: vec!["incident_lead".to_owned()],
                key: "key".to_owned(),
                emails: Vec::new(),
                logins: Vec::new(),
            }],
            recorder: "key".to_owned(),
            protected: Vec::new(),
            effective: None,
            evidence: None,
        };
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let path = dir.path().join("case");
        let log = CaseLog::create(&path, CaseId::fresh(), Arc::clone(&clock), &by, opened);
        let log = log.await.unwrap();
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
            tool: "bench".to_owned(),
            title: "proof".to_owned(),
        })];
        events.extend(providers.iter().map(|provider| Event::IdentityChosen {
            account: account(provider.spec.name),
            reason: "bench".to_owned(),
            evidence: vec![proof()],
        }));
        events.extend(doors.iter().cloned().map(Event::DoorFound));
        log.append(&by, events).await.unwrap();
        let deed: Arc<dyn Deed> = Arc::new(deed);
        let run = Run {
            log: Arc::new(log),
            providers: BTreeMap::new(),
            witness: Arc::new(NoWitness),
            deeds: BTreeMap::from([("draft", deed)]),
            verifier: Arc::new(|_, _, _| Ok(())),
            progress: Arc::new(Quiet),
            cancel: watch::channel(false).1,
        };
        let mut bench = Self { _dir: dir, run, by };
        for provider in providers {
            let name = provider.spec.name.to_owned();
            bench.run.providers.insert(name, Arc::new(provider));
        }
        bench
    }

    async fn plan(&self, steps: Vec<Step>) -> Digest {
        let plan = Plan {
            notes: Vec::new(),
            case: self.run.log.case().clone(),
            playbook: "bench".to_owned(),
            playbook_digest: Digest::ZERO,
            made: self.run.log.clock().now(),
            steps,
            left: Vec::new(),
        };
        let digest = digest_of(&plan).unwrap();
        let made = Event::PlanMade { plan, digest };
        self.run.log.append(&self.by, vec![made]).await.unwrap();
        digest
    }

    /// Runs to the end.
    async fn finish(&self) -> Duration {
        let begun = Instant::now();
        let report = self.run.execute(&self.by, &Options::default()).await;
        let (report, took) = (report.unwrap(), begun.elapsed());
        assert_eq!(report.end, End::Finished);
        assert_eq!(report.kind(), None, "{}", report.tree.text());
        took
    }

    async fn wait_at_gate(&self) {
        let report = self.run.execute(&self.by, &Options::default()).await;
        assert!(matches!(report.unwrap().end, End::Waiting(_)));
    }
}

fn account(provider: &str) -> Account {
    Account {
        provider: provider.to_owned(),
        id: "u1".to_owned(),
        login: "jdoe".to_owned(),
    }
}

fn step(id: String, task: Task, needs: Vec<String>) -> Step {
    Step {
        title: id.clone(),
        id,
        task,
        needs,
        on_failure: OnFailure::Continue,
        attempts: 1,
        timeout_s: 30,
    }
}

fn drafts(count: usize, in_a_row: bool) -> Vec<Step> {
    let name = |n: usize| format!("step/{n:04}");
    (0..count)
        .map(|n| {
            let needs = (in_a_row && n > 0).then(|| name(n - 1));
            let notice = "none".to_owned();
            step(name(n), Task::Draft { notice }, needs.into_iter().collect())
        })
        .collect()
}

/// 50 steps of one call of 50 ms.
async fn calls(in_a_row: bool) -> Duration {
    let server = Server::start(Duration::from_millis(50)).await;
    let calls = Arc::clone(&server.calls);
    let bench = Bench::new(Vec::new(), &[], OneCall(Some(server))).await;
    bench.plan(drafts(50, in_a_row)).await;
    let took = bench.finish().await;
    assert_eq!(
        calls.load(Ordering::Relaxed),
        50,
        "every step made its call"
    );
    took
}

/// 1,000 steps that do nothing.
async fn nothing() -> Duration {
    let bench = Bench::new(Vec::new(), &[], OneCall(None)).await;
    bench.plan(drafts(1_000, true)).await;
    let took = bench.finish().await;
    assert!(
        bench.run.log.read(|state| state.lines) > 3_000,
        "every step is on record"
    );
    took
}

/// How many doors each of the eight providers has, 60 in all.
const DOORS: [usize; 8] = [18, 12, 8, 6, 6, 4, 4, 2];
const IN_FLIGHT: usize = 4;

/// A provider with its doors.
async fn remote(n: usize) -> (Remote, Vec<Door>) {
    const NAMES: [&str; 8] = ["p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7"];
    let name = NAMES[n];
    let kind = &*Box::leak(format!("{name}.account").into_boxed_str());
    let spec = Box::leak(Box::new(Spec {
        name,
        title: name,
        api: "1",
        doors: Box::leak(Box::new([DoorKind { name: kind, ..KIND }])),
        trails: &[],
        in_flight: IN_FLIGHT,
        blind: &[],
    }));
    let door = |number: usize| {
        let native = number.to_string();
        Door {
            id: Door::id_of(name, kind, &native),
            provider: name.to_owned(),
            kind: kind.to_owned(),
            native,
            account: "u1".to_owned(),
            label: "door".to_owned(),
            link: Link::Owner,
            protected: None,
            detail: serde_json::Value::Null,
            evidence: proof(),
        }
    };
    let remote = Remote {
        spec,
        server: Server::start(Duration::from_millis(100)).await,
        closed: Mutex::default(),
    };
    (remote, (0..DOORS[n]).map(door).collect())
}

/// A gate, and a close of every door behind it.
fn behind_a_gate(doors: &[Door]) -> Vec<Step> {
    let gate = Task::Gate {
        roles: vec!["incident_lead".to_owned()],
        people: 1,
        expires_s: 3600,
        guards: u32::try_from(doors.len()).unwrap(),
    };
    let mut steps = vec![step("gate".to_owned(), gate, Vec::new())];
    steps.extend(doors.iter().map(|door| {
        let task = Task::Close {
            door: door.id.clone(),
            provider: door.provider.clone(),
            kind: door.kind.clone(),
            class: Class::Reversible,
            notifies: Notifies::No,
            order: Order::Simultaneous,
            prove_within_s: 30,
        };
        step(format!("close/{}", door.id), task, vec!["gate".to_owned()])
    }));
    steps
}

/// From the passing of the gate to the last probe that proved a door closed.
async fn barrier(providers: std::ops::Range<usize>) -> Duration {
    let mut remotes = Vec::new();
    let mut doors = Vec::new();
    for n in providers {
        let (remote, own) = remote(n).await;
        remotes.push(remote);
        doors.extend(own);
    }
    let bench = Bench::new(remotes, &doors, OneCall(None)).await;
    let plan = bench.plan(behind_a_gate(&doors)).await;
    bench.wait_at_gate().await;
    let step = "gate".to_owned();
    let approval = Approval {
        case: bench.run.log.case().clone(),
        subject: About::Gate(step.clone()),
        binds: plan,
        decision: Decision::Approve,
        person: "ana".to_owned(),
        reason: "bench".to_owned(),
        at: Timestamp::UNIX_EPOCH,
        expires: Timestamp::MAX,
        session: None,
    };
    let signed = Signed {
        text: approval.to_string(),
        signature: "good".to_owned(),
        person: "ana".to_owned(),
    };
    let approved = Event::GateApproved { step, plan, signed };
    let log = &bench.run.log;
    log.append(&bench.by, vec![approved]).await.unwrap();
    bench.finish().await;
    let entries = log.entries().unwrap();
    let at = |wanted: &dyn Fn(&Event) -> bool| -> Timestamp {
        let entry = entries.iter().rfind(|entry| wanted(&entry.event));
        entry.unwrap().at
    };
    let closed = |event: &Event| matches!(event, Event::DoorProbed { state, .. } if *state == DoorState::Closed);
    let passed = at(&|event| matches!(event, Event::GatePassed { .. }));
    at(&closed).duration_since(passed).try_into().unwrap()
}

fn show(what: &str, aim: Duration, times: &[Duration]) {
    let best = times.iter().min().copied().unwrap_or_default();
    let verdict = if best <= aim { "within" } else { "ABOVE" };
    println!("{what}: {best:.3?} ({verdict} the aim of {aim:?}; runs: {times:.3?})");
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let mut times: [Vec<Duration>; 3] = Default::default();
    let mut ratios = Vec::new();
    for _ in 0..3 {
        times[0].push(calls(true).await);
        times[1].push(calls(false).await);
        times[2].push(nothing().await);
        let alone = barrier(0..1).await;
        let all = barrier(0..8).await;
        ratios.push((all.as_secs_f64() / alone.as_secs_f64(), all, alone));
    }
    show(
        "(a) 50 calls in a row",
        Duration::from_millis(2_650),
        &times[0],
    );
    show(
        "(b) 50 calls at once",
        Duration::from_millis(120),
        &times[1],
    );
    show(
        "(c) 1,000 durable steps in a row",
        Duration::from_millis(600),
        &times[2],
    );
    let (ratio, all, alone) = ratios
        .iter()
        .copied()
        .min_by(|a, b| a.0.total_cmp(&b.0))
        .expect("three rounds");
    let verdict = if ratio <= 1.1 { "within" } else { "ABOVE" };
    println!(
        "(d) all providers against the slowest alone: {ratio:.3} ({all:.3?} / {alone:.3?}; {verdict} the aim of 1.1; rounds: {ratios:.3?})"
    );
}
