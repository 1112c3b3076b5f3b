//! What time brings: what is due by the log of a case, and that it is done once, also after a stop.

use std::sync::Arc;
use std::time::Duration;

use cordon::app::alert::Alerts;
use cordon::app::due::{self, What};
use cordon::app::{App, Desk, NewCase, Origin};
use cordon::canon::{Digest, digest_of};
use cordon::case::event::{Actor, ClockStart, Entry, Event, Person, Reading};
use cordon::case::subject::Subject;
use cordon::daemon::Timers;
use cordon::door::DoorState;
use cordon::id::{CaseId, ClockId};
use cordon::plan::{OnFailure, Plan, Step, Task};
use cordon::run::{End, Options, Quiet};
use cordon::settings::Settings;
use cordon::sshsig::Signer;
use cordon::store::Hub;
use cordon::time::{Clock as _, ManualClock, SystemClock, Timestamp};
use jiff::SignedDuration;
use tokio::sync::watch;

use crate::staged::{Staged, Struck, approvers, small_company};

fn start() -> Timestamp {
    "2027-03-12T09:00:00Z".parse().unwrap()
}

fn hours(hours: i64) -> Timestamp {
    start() + SignedDuration::from_hours(hours)
}

/// A case without a provider, a clock that a test moves, and what fires.
struct Timed {
    _dir: tempfile::TempDir,
    clock: Arc<ManualClock>,
    app: Arc<App>,
    case: CaseId,
}

impl Timed {
    async fn new(effective: Option<Timestamp>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let person = |name: &str, role: &str| Person {
            name: name.into(),
            roles: vec![role.into()],
            key: Signer::generate(&dir.path().join(name), "x")
                .unwrap()
                .public()
                .line(),
            emails: vec![format!("{name}@company.example")],
            logins: Vec::new(),
        };
        let settings = Settings {
            data: dir.path().join("data"),
            people: vec![person("Bo", "legal"), person("Cy", "incident_lead")].into(),
            ..Settings::default()
        };
        let clock = Arc::new(ManualClock::new(start()));
        let app = Arc::new(App::new(settings, Arc::clone(&clock) as _).unwrap());
        let new = NewCase {
            subject: Subject {
                worker_id: Some("LL-C-0417".into()),
                ..Subject::default()
            },
            title: None,
            route: if effective.is_some() {
                "departure"
            } else {
                "operator"
            }
            .into(),
            effective,
            origin: Origin::Subject,
            by: Actor::Intake("hr".into()),
        };
        let case = app.open_case(new).await.unwrap().log.case().clone();
        Self {
            _dir: dir,
            clock,
            app,
            case,
        }
    }

    fn desk(&self) -> Desk {
        self.app.desk(self.case.as_str()).unwrap()
    }

    async fn append(&self, event: Event) {
        let desk = self.desk();
        desk.log.append(&desk.by, vec![event]).await.unwrap();
    }

    /// A daemon's timers, as after a start.
    fn timers(&self) -> Timers {
        timers(&self.app)
    }

    fn due(&self) -> Vec<(Timestamp, What)> {
        let state = self.app.peek(self.case.as_str()).unwrap();
        let due = due::of(&state);
        let now = self.clock.now();
        let ripe = due::ripe(&due, now);
        ripe.into_iter()
            .map(|due| (due.at, due.what.clone()))
            .collect()
    }

    /// A run that waits at a gate for an hour.
    async fn gate(&self) {
        let gate = Task::Gate {
            roles: vec!["legal".into()],
            people: 1,
            expires_s: 3600,
            guards: 1,
        };
        let plan = Plan {
            case: self.case.clone(),
            playbook: "test".into(),
            playbook_digest: Digest::ZERO,
            made: start(),
            steps: vec![Step {
                id: "go".into(),
                title: "go".into(),
                task: gate,
                needs: Vec::new(),
                on_failure: OnFailure::Continue,
                attempts: 1,
                timeout_s: 1,
            }],
            left: Vec::new(),
            notes: Vec::new(),
        };
        let digest = digest_of(&plan).unwrap();
        self.append(Event::PlanMade { plan, digest }).await;
        self.append(Event::RunStarted { plan: digest }).await;
        self.append(Event::GateOpened {
            step: "go".into(),
            plan: digest,
            roles: vec!["legal".into()],
            people: 1,
            expires: hours(1),
        })
        .await;
    }

    fn expired(&self) -> Vec<Entry> {
        let entries = self.desk().log.entries().unwrap();
        let expired =
            |entry: &Entry| matches!(&entry.event, Event::GateExpired { step } if step == "go");
        entries.into_iter().filter(expired).collect()
    }
}

fn timers(app: &Arc<App>) -> Timers {
    let hub = Arc::new(Hub::open(&app.settings.data.join("hub")).unwrap());
    let alerts = Alerts::new(Arc::clone(app), hub).unwrap();
    Timers::new(Arc::clone(app), Arc::new(alerts))
}

/// The alerts that the hub keeps, by name, with what they are about.
fn raised(app: &App) -> Vec<(String, String)> {
    let hub = Hub::open(&app.settings.data.join("hub")).unwrap();
    let alerts = hub.scan("alerts").unwrap().into_iter().map(|(_, value)| {
        let value: serde_json::Value = serde_json::from_slice(&value).unwrap();
        let text = |name: &str| value[name].as_str().unwrap().to_owned();
        (text("kind"), text("detail"))
    });
    let mut alerts: Vec<_> = alerts.collect();
    alerts.sort();
    alerts
}

fn names(app: &App) -> Vec<String> {
    raised(app).into_iter().map(|(name, _)| name).collect()
}

#[tokio::test]
async fn a_gate_runs_out_once_as_the_engine_writes_it_and_waits_for_people_until_then() {
    let timed = Timed::new(None).await;
    timed.gate().await;
    timed.timers().tick().await;
    assert_eq!(names(&timed.app), ["gate-waiting"]);
    assert!(timed.expired().is_empty());
    // The daemon was stopped over it; at its start it is made up for.
    timed.clock.set(hours(2));
    for _ in 0..3 {
        timed.timers().tick().await;
    }
    let expired = timed.expired();
    assert_eq!(expired.len(), 1);
    assert_eq!((&expired[0].by, expired[0].at), (&Actor::Engine, hours(2)));
    assert_eq!(names(&timed.app), ["gate-expired", "gate-waiting"]);
    let state = timed.app.peek(timed.case.as_str()).unwrap();
    assert!(state.gates["go"].expired);
    let (entries, _) = state.checkpoints.last().unwrap();
    assert_eq!(
        entries + 1,
        state.lines,
        "the piece of work ends with a checkpoint"
    );
}

#[tokio::test]
async fn a_case_that_another_works_on_is_left_until_they_are_done() {
    let timed = Timed::new(None).await;
    timed.gate().await;
    timed.clock.set(hours(2));
    // A second program: the desks of one share the log.
    let clock = Arc::clone(&timed.clock) as _;
    let other = App::new(timed.app.settings.clone(), clock).unwrap();
    let desk = other.desk(timed.case.as_str()).unwrap();
    let timers = timed.timers();
    timers.tick().await;
    let held_back = desk
        .log
        .entries()
        .unwrap()
        .into_iter()
        .any(|entry| matches!(entry.event, Event::GateExpired { .. }));
    assert!(!held_back);
    drop((desk, other));
    timed.clock.set(hours(3));
    timers.tick().await;
    assert_eq!(timed.expired().len(), 1);
}

#[tokio::test]
async fn a_clock_warns_at_each_part_of_its_time_and_after_a_stop_only_of_the_last() {
    let timed = Timed::new(None).await;
    let start_of = |id: &str, due: i64| ClockStart {
        id: ClockId::of(&[id]),
        rule: format!("test.{id}"),
        title: "a deadline".into(),
        basis: "a test".into(),
        seconds: due * 3600,
        due: None,
        candidates: vec![Reading {
            at: start(),
            how: "it began".into(),
        }],
        doubts: Vec::new(),
        evidence: Vec::new(),
    };
    timed
        .append(Event::ClockStarted(start_of("short", 10)))
        .await;
    timed
        .append(Event::ClockStarted(start_of("done", 10)))
        .await;
    timed
        .append(Event::ClockReceipt {
            clock: ClockId::of(&["done"]),
            reference: "sent".into(),
            at: start(),
            evidence: Vec::new(),
        })
        .await;
    let of_test = |app: &App| {
        let mut raised = raised(app);
        raised.retain(|(_, detail)| detail.contains("test."));
        raised.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
    };
    let timers = timed.timers();
    for (at, expected) in [(4, 0), (5, 1), (7, 1), (8, 2)] {
        timed.clock.set(hours(at));
        timers.tick().await;
        let percents: Vec<_> = timed
            .due()
            .into_iter()
            .filter(|(_, what)| matches!(what, What::Clock { rule, .. } if rule == "test.short"))
            .collect();
        assert_eq!(
            percents.len(),
            usize::from(expected > 0),
            "only the last counts"
        );
    }
    drop(timers);
    assert_eq!(of_test(&timed.app), ["clock-half", "clock-near"]);
    // Another one, whose whole time passes while nothing runs.
    timed
        .append(Event::ClockStarted(start_of("long", 20)))
        .await;
    timed.clock.set(hours(30));
    timed.timers().tick().await;
    assert_eq!(
        of_test(&timed.app),
        ["clock-half", "clock-near", "clock-over", "clock-over"]
    );
    // Nothing of it counts in a case that is closed.
    timed
        .append(Event::CaseClosed {
            reason: "over".into(),
        })
        .await;
    assert_eq!(timed.due(), []);
}

#[tokio::test]
async fn a_departure_is_told_at_its_time_and_not_while_the_case_is_held() {
    let timed = Timed::new(Some(hours(5))).await;
    timed.timers().tick().await;
    assert_eq!(names(&timed.app), Vec::<String>::new());
    timed
        .append(Event::CaseHeld {
            reason: "HR asks us to wait".into(),
        })
        .await;
    timed.clock.set(hours(6));
    timed.timers().tick().await;
    assert_eq!(names(&timed.app), Vec::<String>::new());
    timed
        .append(Event::CaseReleased {
            reason: "it stands".into(),
        })
        .await;
    let before = timed.app.peek(timed.case.as_str()).unwrap().lines;
    for _ in 0..2 {
        timed.timers().tick().await;
    }
    let told = raised(&timed.app);
    assert_eq!(
        told,
        [(
            "departure-effective".to_owned(),
            "2027-03-12T14:00:00Z".to_owned()
        )]
    );
    let after = timed.app.peek(timed.case.as_str()).unwrap().lines;
    assert_eq!(after, before, "it is an alert and nothing else");
    // Weeks later its clocks have passed, and nobody was called about an ordinary departure.
    timed.clock.set(hours(1000));
    timed.timers().tick().await;
    assert_eq!(names(&timed.app), ["departure-effective"]);
    let clocks = timed.app.peek(timed.case.as_str()).unwrap().clocks;
    assert!(!clocks.is_empty());
}

/// Closes the account, looks again after seconds, and after a time that no test waits for.
const PLAYBOOK: &str = "playbook: looks
title: Close, prove, and look again soon.
steps:
  - id: go
    gate: { roles: [incident_lead, legal], people: 2, expires: 4h }
  - id: close
    needs: [go]
    close: { doors: [okta.account], classes: [reversible, redoable], prove_within: 10m }
  - id: prove
    needs: [close]
    verify: { again: [3s, 1h] }
";

async fn run(desk: &Desk) -> End {
    let options = Options {
        linger: Duration::ZERO,
        ..Options::default()
    };
    let (_never, cancel) = watch::channel(false);
    desk.run(&options, Arc::new(Quiet), cancel)
        .await
        .unwrap()
        .end
}

/// A case of which everything that the plan closes waits at a gate that was passed: only `cordon run`
/// is missing.
pub(super) async fn approved(staged: &Staged) -> (Arc<App>, CaseId) {
    let settings = Settings::load(Some(&staged.config())).unwrap();
    let app = Arc::new(App::new(settings, Arc::new(SystemClock)).unwrap());
    let subject = &staged.company.subject;
    let new = NewCase {
        subject: Subject {
            worker_id: Some(subject.worker_id.clone()),
            emails: vec![subject.email.clone()],
            ..Subject::default()
        },
        title: None,
        route: "operator".into(),
        effective: None,
        origin: Origin::Subject,
        by: Actor::Operator("tester".into()),
    };
    let desk = app.open_case(new).await.unwrap();
    desk.resolve().await.unwrap();
    desk.inventory().await.unwrap();
    let playbook = staged.folder.join("looks.yaml");
    std::fs::write(&playbook, PLAYBOOK).unwrap();
    desk.plan(playbook.to_str().unwrap()).await.unwrap();
    assert!(matches!(run(&desk).await, End::Waiting(_)));
    for (name, role) in approvers(&staged.company) {
        desk.decide("go", name, &staged.key(role), true, "seen")
            .await
            .unwrap();
    }
    let case = desk.log.case().clone();
    (app, case)
}

/// Goes on with the run of a case as far as it goes.
pub(super) async fn go_on(app: &App, case: &CaseId) {
    let desk = app.desk(case.as_str()).unwrap();
    assert!(matches!(run(&desk).await, End::Waiting(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_look_is_made_at_its_time_through_the_engine_and_tells_of_a_door_that_is_open_again()
 {
    let folder = tempfile::tempdir().unwrap();
    let staged = Staged::set(folder.path(), small_company(), Struck::default()).await;
    let (app, case) = approved(&staged).await;
    // Approved, and nobody has said that it goes on: time alone closes nothing.
    let timers = timers(&app);
    let states = || app.peek(case.as_str()).unwrap().door_counts();
    timers.tick().await;
    assert_eq!(states()[&DoorState::Closed], 0);

    let desk = app.desk(case.as_str()).unwrap();
    assert!(matches!(run(&desk).await, End::Waiting(_)));
    let closed = desk
        .log
        .read(|state| state.door_counts()[&DoorState::Closed]);
    assert!(closed > 0);
    drop(desk);
    timers.tick().await;
    staged
        .okta
        .set_status(&staged.company.subject.okta_id, "ACTIVE");
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert!(app.peek(case.as_str()).unwrap().reopened.is_empty());
    // As after a stop: nothing is remembered but what is on the disk.
    drop(timers);
    let timers = self::timers(&app);
    timers.tick().await;
    let state = app.peek(case.as_str()).unwrap();
    assert_eq!(state.reopened.len(), 1, "{:?}", state.door_counts());
    let door = &state.doors[&state.reopened[0].1];
    assert_eq!(
        (door.door.kind.as_str(), door.state),
        ("okta.account", DoorState::Open)
    );
    timers.tick().await;
    timers.tick().await;
    let lines = app.peek(case.as_str()).unwrap().lines;
    timers.tick().await;
    assert_eq!(
        app.peek(case.as_str()).unwrap().lines,
        lines,
        "it is made once"
    );
    drop(timers);
    let told = raised(&app);
    let reopened: Vec<_> = told
        .iter()
        .filter(|(name, _)| name == "door-reopened")
        .collect();
    assert_eq!(reopened.len(), 1, "{told:?}");
    let writers = app.desk(case.as_str()).unwrap().log.entries().unwrap();
    let resumed = writers
        .iter()
        .rev()
        .find(|entry| matches!(entry.event, Event::RunResumed { .. }));
    assert_eq!(resumed.unwrap().by, Actor::Engine);
}
