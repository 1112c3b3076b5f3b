//! The pages: who sees what, what is shown of hostile text, and how a person decides in them.

mod beside;
pub(crate) mod bodies;
mod deciding;
mod duties;
mod facts;
mod hostile;
pub(crate) mod matrix;
mod matrix_signin;
mod messages;
mod notices;
mod planning;
mod reviewing;
mod served;
mod undoing;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use cordon::access::{Principal, Via};
use cordon::app::{App, Desk, NewCase, Origin};
use cordon::canon::{Digest, digest_of};
use cordon::case::event::{Actor, Event, Person};
use cordon::case::subject::Subject;
use cordon::door::{Class, Door, Link, Notifies, Order};
use cordon::id::CaseId;
use cordon::plan::{LeftOpen, OnFailure, Plan, Step, Task};
use cordon::settings::Settings;
use cordon::store::Hub;
use cordon::time::SystemClock;
use cordon::web::visit::Visit;
use cordon::web::{Web, pages};
use http::StatusCode;
use tower::ServiceExt as _;

const CSRF: &str = "what-each-form-carries";
/// Whose request it is, in place of a session.
const AS: &str = "x-test-as";

/// Everybody of the configuration: one for each role, the account holder, who is kept out, whom a case
/// is about too, and one more responder.
const PEOPLE: [(&str, &str, &[&str]); 11] = [
    ("Res", "responder", &[]),
    ("Lea", "incident_lead", &[]),
    ("Leg", "legal", &[]),
    ("Hua", "hr", &[]),
    ("Exe", "executive", &[]),
    ("Aud", "auditor", &[]),
    ("Adm", "administrator", &[]),
    ("Sub", "incident_lead", &["person@example.test"]),
    ("Out", "incident_lead", &[]),
    ("Too", "incident_lead", &["too@example.test"]),
    ("Zoe", "responder", &[]),
];

/// A program with people, served without a network.
struct Office {
    app: Arc<App>,
    router: Router,
    _dir: tempfile::TempDir,
}

/// What came back.
struct Answer {
    status: StatusCode,
    headers: http::HeaderMap,
    body: String,
}

impl Office {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let people = PEOPLE.map(|(name, role, emails)| Person {
            name: name.into(),
            roles: vec![role.into()],
            key: String::new(),
            emails: emails.iter().map(|&one| one.into()).collect(),
            logins: Vec::new(),
        });
        let mut settings = Settings {
            data: dir.path().join("data"),
            people: Vec::from(people).into(),
            ..Settings::default()
        };
        // A name that passkeys are made for.
        settings.signin.url = Some("http://localhost:8470/".parse().unwrap());
        let app = Arc::new(App::new(settings, Arc::new(SystemClock)).unwrap());
        let hub = Arc::new(Hub::open(&dir.path().join("hub")).unwrap());
        let router = served_as(&app, hub);
        Self {
            app,
            router,
            _dir: dir,
        }
    }

    /// A case about `person@example.test` from which `Out` is kept out, and which is about `Too` too.
    async fn case(&self, title: &str) -> Desk {
        let desk = self.app.open_case(new_case(title)).await.unwrap();
        desk.exclude("Out", "not theirs").await.unwrap();
        let too = Subject {
            emails: vec!["too@example.test".into()],
            ..Subject::default()
        };
        desk.record_lead(too, "one address").await.unwrap();
        desk
    }

    async fn ask(&self, name: Option<&str>, request: http::request::Builder, body: Body) -> Answer {
        let request = match name {
            Some(name) => request.header(AS, name),
            None => request,
        };
        let request = request.body(body).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, 16 << 20).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }

    async fn get(&self, name: &str, path: &str) -> Answer {
        let request = Request::get(path);
        self.ask(Some(name), request, Body::empty()).await
    }

    async fn post(&self, name: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut all = vec![("csrf", CSRF)];
        all.extend(fields);
        self.send(name, path, &all).await
    }

    async fn send(&self, name: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let request =
            Request::post(path).header("content-type", "application/x-www-form-urlencoded");
        self.ask(Some(name), request, Body::from(body)).await
    }
}

/// The pages, where a header says who is signed in.
fn served_as(app: &Arc<App>, hub: Arc<Hub>) -> Router {
    let web = Arc::new(Web::new(Arc::clone(app), hub).unwrap());
    let session = |person: &Person| {
        let opened = app.signin().unwrap();
        let opened = opened.enter_vouched(&person.name, None, None).unwrap();
        let id = opened.ticket.digest().chars().take(12).collect();
        (person.name.clone(), (person.clone(), id))
    };
    let people: Sessions = app.settings.people.now().iter().map(session).collect();
    pages::router()
        .layer(from_fn_with_state(Arc::new(people), signed_in))
        .with_state(web)
}

/// Who somebody is, and their session.
type Sessions = BTreeMap<String, (Person, String)>;

async fn signed_in(
    State(people): State<Arc<Sessions>>,
    mut request: Request,
    next: Next,
) -> Response {
    let name = request
        .headers()
        .get(AS)
        .and_then(|name| name.to_str().ok());
    if let Some((person, session)) = name.and_then(|name| people.get(name)).cloned() {
        let visit = Visit {
            principal: Principal {
                person,
                via: Via::Session(session),
            },
            csrf: CSRF.into(),
        };
        request.extensions_mut().insert(visit);
    }
    next.run(request).await
}

fn new_case(title: &str) -> NewCase {
    NewCase {
        subject: Subject {
            emails: vec!["person@example.test".into()],
            ..Subject::default()
        },
        title: Some(title.into()),
        route: "operator".into(),
        effective: None,
        origin: Origin::Subject,
        by: Actor::Operator("tester".into()),
    }
}

async fn append(desk: &Desk, event: Event) {
    desk.log.append(&desk.by, vec![event]).await.unwrap();
}

fn door(desk: &Desk, native: &str, label: &str) -> Door {
    Door {
        id: Door::id_of("github", "github.deploy_key", native),
        provider: "github".into(),
        kind: "github.deploy_key".into(),
        native: native.into(),
        account: "77".into(),
        label: label.into(),
        link: Link::Owner,
        protected: None,
        detail: serde_json::Value::Null,
        evidence: desk.log.read(|state| state.opening.clone().unwrap()),
    }
}

fn step(id: &str, title: &str, task: Task, needs: &[&str]) -> Step {
    Step {
        id: id.into(),
        title: title.into(),
        task,
        needs: needs.iter().map(|&need| need.to_owned()).collect(),
        on_failure: OnFailure::Continue,
        attempts: 1,
        timeout_s: 1,
    }
}

/// A run that waits at the gate `go` of two people, with one door behind it and one that is left.
pub(crate) async fn at_a_gate(desk: &Desk, label: &str) -> Digest {
    let (closed, left) = (door(desk, "1", label), door(desk, "2", "left alone"));
    for door in [&closed, &left] {
        append(desk, Event::DoorFound(door.clone())).await;
    }
    let roles = vec![
        "legal".to_owned(),
        "incident_lead".to_owned(),
        "hr".to_owned(),
    ];
    let gate = Task::Gate {
        roles: roles.clone(),
        people: 2,
        expires_s: 3600,
        guards: 1,
    };
    let close = Task::Close {
        door: closed.id.clone(),
        provider: "github".into(),
        kind: closed.kind.clone(),
        class: Class::Redoable,
        notifies: Notifies::Yes,
        order: Order::Simultaneous,
        prove_within_s: 60,
    };
    let plan = Plan {
        case: desk.log.case().clone(),
        playbook: "test".into(),
        playbook_digest: Digest::ZERO,
        made: desk.now(),
        steps: vec![
            step("go", "Two people say go", gate, &[]),
            step("close/1", "Close a key", close, &["go"]),
        ],
        left: vec![LeftOpen {
            door: left.id,
            why: "no step selects it".into(),
        }],
        notes: vec!["an inventory failed".into()],
    };
    let digest = digest_of(&plan).unwrap();
    append(desk, Event::PlanMade { plan, digest }).await;
    append(desk, Event::RunStarted { plan: digest }).await;
    let opened = Event::GateOpened {
        step: "go".into(),
        plan: digest,
        roles,
        people: 2,
        expires: desk.now() + jiff::SignedDuration::from_hours(1),
    };
    append(desk, opened).await;
    digest
}

fn at(case: &CaseId, end: &str) -> String {
    format!("/cases/{case}{end}")
}

/// The one folder of a zip, below `to`.
pub(crate) fn unzipped(bytes: &[u8], to: &std::path::Path) -> std::path::PathBuf {
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    zip.extract(to).unwrap();
    let mut inside = std::fs::read_dir(to).unwrap();
    let folder = inside.next().unwrap().unwrap().path();
    assert!(inside.next().is_none(), "one folder");
    folder
}
