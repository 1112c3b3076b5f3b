//! How long the pages that people open most take to be made, with a hundred cases in the store: the list,
//! a case, a gate, a part of the log; when the program has just started, and after that.

#![expect(clippy::unwrap_used, reason = "a benchmark ends where it fails")]

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use cordon::access::{Principal, Via};
use cordon::app::{App, Desk, NewCase, Origin};
use cordon::canon::{Digest, digest_of};
use cordon::case::event::{Actor, Event, Person};
use cordon::case::subject::Subject;
use cordon::door::{Class, Door, Link, Notifies, Order};
use cordon::plan::{OnFailure, Plan, Step, Task};
use cordon::settings::Settings;
use cordon::store::Hub;
use cordon::time::SystemClock;
use cordon::web::visit::Visit;
use cordon::web::{Web, pages};
use http::StatusCode;
use tokio::runtime::Runtime;
use tower::ServiceExt as _;

/// Who looks.
const LEAD: &str = "Dana Lead";
/// How many cases the store holds.
const CASES: usize = 100;
/// How many ways in the one case has that is looked at.
const DOORS: usize = 100;
/// How many notes its log has beside.
const NOTES: usize = 1000;

/// The one store that every measure looks at: to fill it takes longer than all of them.
static SHARED: Mutex<Option<(Runtime, Place)>> = Mutex::new(None);

fn main() {
    divan::main();
    // Its folder goes with it.
    drop(SHARED.lock().unwrap().take());
}

fn with_cases<T>(measure: impl FnOnce(&Runtime, &Place) -> T) -> T {
    let mut shared = SHARED.lock().unwrap();
    let (runtime, place) = shared.get_or_insert_with(|| {
        let runtime = Runtime::new().unwrap();
        let place = runtime.block_on(Place::new());
        (runtime, place)
    });
    measure(runtime, place)
}

#[divan::bench(sample_count = 50)]
fn the_list(bencher: divan::Bencher<'_, '_>) {
    looked_at(bencher, |_| "/".to_owned());
}

#[divan::bench(sample_count = 50)]
fn a_case(bencher: divan::Bencher<'_, '_>) {
    looked_at(bencher, |case| format!("/cases/{case}"));
}

#[divan::bench(sample_count = 50)]
fn a_gate(bencher: divan::Bencher<'_, '_>) {
    looked_at(bencher, |case| format!("/cases/{case}/gates/go"));
}

#[divan::bench(sample_count = 50)]
fn a_part_of_the_log(bencher: divan::Bencher<'_, '_>) {
    looked_at(bencher, |case| format!("/cases/{case}/log"));
}

/// The first look after a start reads every case from the disk.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn the_list_after_a_start(bencher: divan::Bencher<'_, '_>) {
    with_cases(|runtime, place| {
        bencher
            .with_inputs(|| place.served())
            .bench_local_values(|router| runtime.block_on(shown(&router, "/")));
    });
}

fn looked_at(bencher: divan::Bencher<'_, '_>, path: impl Fn(&str) -> String) {
    with_cases(|runtime, place| {
        let (router, path) = (place.served(), path(&place.case));
        runtime.block_on(shown(&router, &path));
        bencher.bench_local(|| runtime.block_on(shown(&router, &path)));
    });
}

async fn shown(router: &Router, path: &str) -> usize {
    let request = http::Request::get(path).body(Body::empty()).unwrap();
    let answer = router.clone().oneshot(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let body = axum::body::to_bytes(answer.into_body(), 16 << 20).await;
    body.unwrap().len()
}

/// A program with its cases; the last of them is looked at.
struct Place {
    folder: tempfile::TempDir,
    app: Arc<App>,
    hub: Arc<Hub>,
    case: String,
}

fn lead() -> Person {
    Person {
        name: LEAD.into(),
        roles: vec!["incident_lead".into()],
        key: String::new(),
        emails: Vec::new(),
        logins: Vec::new(),
    }
}

impl Place {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings {
            data: folder.path().join("data"),
            people: vec![lead()].into(),
            ..Settings::default()
        };
        let app = Arc::new(App::new(settings, Arc::new(SystemClock)).unwrap());
        let hub = Arc::new(Hub::open(&folder.path().join("hub")).unwrap());
        let mut case = String::new();
        for number in 1..=CASES {
            let desk = app.open_case(new_case(number)).await.unwrap();
            let last = number == CASES;
            at_a_gate(&desk, if last { DOORS } else { 2 }).await;
            if last {
                let note = |number| Event::CaseNoted {
                    text: format!("Note {number}: what was found, and where."),
                };
                let notes = (1..=NOTES).map(note).collect();
                desk.log.append(&desk.by, notes).await.unwrap();
            }
            case = desk.log.case().to_string();
            desk.finish().await.unwrap();
        }
        Self {
            folder,
            app,
            hub,
            case,
        }
    }

    /// The pages of a program that has just started.
    fn served(&self) -> Router {
        assert!(self.folder.path().exists());
        let visit = Visit {
            principal: Principal {
                person: lead(),
                via: Via::Session("bench".into()),
            },
            csrf: "bench".into(),
        };
        let web = Web::new(Arc::clone(&self.app), Arc::clone(&self.hub)).unwrap();
        pages::router()
            .layer(axum::Extension(visit))
            .with_state(Arc::new(web))
    }
}

fn new_case(number: usize) -> NewCase {
    NewCase {
        subject: Subject {
            emails: vec![format!("person-{number}@example.com")],
            ..Subject::default()
        },
        title: Some(format!("Access review {number}")),
        route: "operator".into(),
        effective: None,
        origin: Origin::Subject,
        by: Actor::Operator("bench".into()),
    }
}

fn door(desk: &Desk, number: usize) -> Door {
    let native = number.to_string();
    Door {
        id: Door::id_of("github", "github.deploy_key", &native),
        provider: "github".into(),
        kind: "github.deploy_key".into(),
        native,
        account: "77".into(),
        label: format!("deploy key {number}"),
        link: Link::Owner,
        protected: None,
        detail: serde_json::Value::Null,
        evidence: desk.log.read(|state| state.opening.clone().unwrap()),
    }
}

fn step(id: String, title: &str, task: Task, needs: &[&str]) -> Step {
    Step {
        id,
        title: title.into(),
        task,
        needs: needs.iter().map(|&need| need.to_owned()).collect(),
        on_failure: OnFailure::Continue,
        attempts: 1,
        timeout_s: 1,
    }
}

/// A run that waits at the gate `go`, with `count` ways in behind it.
async fn at_a_gate(desk: &Desk, count: usize) {
    let roles = vec!["incident_lead".to_owned()];
    let gate = Task::Gate {
        roles: roles.clone(),
        people: 1,
        expires_s: 3600,
        guards: u32::try_from(count).unwrap(),
    };
    let mut steps = vec![step("go".into(), "Somebody says go", gate, &[])];
    let mut events = Vec::new();
    for number in 1..=count {
        let door = door(desk, number);
        let close = Task::Close {
            door: door.id.clone(),
            provider: door.provider.clone(),
            kind: door.kind.clone(),
            class: Class::Redoable,
            notifies: Notifies::Yes,
            order: Order::Simultaneous,
            prove_within_s: 60,
        };
        steps.push(step(
            format!("close/{number}"),
            "Close a key",
            close,
            &["go"],
        ));
        events.push(Event::DoorFound(door));
    }
    let plan = Plan {
        case: desk.log.case().clone(),
        playbook: "bench".into(),
        playbook_digest: Digest::ZERO,
        made: desk.now(),
        steps,
        left: Vec::new(),
        notes: Vec::new(),
    };
    let digest = digest_of(&plan).unwrap();
    events.push(Event::PlanMade { plan, digest });
    events.push(Event::RunStarted { plan: digest });
    events.push(Event::GateOpened {
        step: "go".into(),
        plan: digest,
        roles,
        people: 1,
        expires: desk.now() + jiff::SignedDuration::from_hours(1),
    });
    desk.log.append(&desk.by, events).await.unwrap();
}
