//! The pages on loopback for a browser, with a case of each kind. Not a test by itself: `tests/browser/run.sh`
//! starts it, and looks.

use std::io::Read as _;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::middleware::{Next, from_fn};
use axum::routing::post;
use cordon::app::{App, Desk, NewCase, Origin};
use cordon::case::event::{Actor, Person};
use cordon::case::subject::Subject;
use cordon::intake::Kind;
use cordon::range::company::{Company, extortion_mail};
use cordon::run::{Options, Quiet};
use cordon::settings::Settings;
use cordon::store::Hub;
use cordon::time::SystemClock;
use cordon::web::guard::POLICY;
use cordon::web::{pages, signin};

use super::messages::{message, receive};
use super::{Office, served_as};
use crate::staged::{Staged, Struck, approvers};

pub(super) fn departure(company: &Company, hours: i64) -> NewCase {
    let subject = &company.subject;
    let now = cordon::time::Clock::now(&SystemClock);
    NewCase {
        subject: Subject {
            worker_id: Some(subject.worker_id.clone()),
            emails: vec![subject.email.clone()],
            ..Subject::default()
        },
        title: None,
        route: "departure".into(),
        effective: Some(now - jiff::SignedDuration::from_hours(hours)),
        origin: Origin::Subject,
        by: Actor::Intake("hr".into()),
    }
}

/// Up to the first gate, where the run waits for people.
pub(super) async fn to_the_gate(app: &App, new: NewCase) -> Desk {
    let desk = app.open_case(new).await.unwrap();
    desk.resolve().await.unwrap();
    desk.inventory().await.unwrap();
    desk.plan("terminated-contractor").await.unwrap();
    go_on(&desk).await;
    desk
}

pub(super) async fn go_on(desk: &Desk) {
    let (_keep, cancel) = tokio::sync::watch::channel(false);
    let progress = Arc::new(Quiet);
    desk.run(&Options::default(), progress, cancel)
        .await
        .unwrap();
}

async fn to_the_end(desk: &Desk, staged: &Staged) {
    for _ in 0..3 {
        for gate in desk.summary().gates {
            for (name, role) in approvers(&staged.company) {
                let key = staged.key(role);
                desk.decide(&gate.step, name, &key, true, "read, and agreed")
                    .await
                    .unwrap();
            }
        }
        go_on(desk).await;
    }
    let mail = extortion_mail(&staged.company, desk.now());
    desk.contact_mail("demand.eml", mail).await.unwrap();
    for notice in ["ic3", "executive"] {
        desk.draft(notice).await.unwrap();
    }
    desk.finish().await.unwrap();
}

/// Whom a case may be about too: one who stands as a lead, and one who came to nothing.
async fn two_leads(desk: &Desk) {
    let lead = async |number: u8, reason: &str| {
        let person = Subject {
            worker_id: Some(format!("LL-C-07{number}")),
            emails: vec![format!("lead-{number}@tallowmere.example")],
            ..Subject::default()
        };
        desk.record_lead(person, reason).await.unwrap().lead
    };
    lead(1, "signs in from the same address").await;
    let gone = lead(2, "one delivery address").await;
    desk.dismiss_lead(&gone, "a shared house").await.unwrap();
}

/// Every page that there is, the sign-in too: each is looked at, or it is said why not.
fn every_page() -> Vec<&'static str> {
    let all = pages::routes().into_iter().chain(signin::routes());
    let pages = all.filter(|route| route.method == "GET");
    pages.map(|route| route.path).collect()
}

pub(super) fn more_people() -> Vec<Person> {
    let roles = ["responder", "hr", "executive", "auditor", "administrator"];
    let names = [
        "Robin Vale",
        "Harper Lind",
        "Eli Marsh",
        "Avery Stone",
        "Ada Root",
    ];
    let person = |(role, name): (&str, &str)| Person {
        name: name.into(),
        roles: vec![role.into()],
        key: String::new(),
        emails: vec![format!("{role}@tallowmere.example")],
        logins: Vec::new(),
    };
    roles.into_iter().zip(names).map(person).collect()
}

#[expect(
    clippy::disallowed_methods,
    reason = "who looks with a browser says so"
)]
#[tokio::test(flavor = "multi_thread")]
async fn for_a_browser() {
    if std::env::var_os("CORDON_BROWSER").is_none() {
        println!("not served: `tests/browser/run.sh` sets CORDON_BROWSER");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let staged = Staged::set(folder.path(), Company::invented(), Struck::default()).await;
    let settings = Settings::load(Some(&staged.config())).unwrap();
    let mut people = settings.people.now().to_vec();
    people.extend(more_people());
    // The account holder works here, and decides of others.
    people.push(Person {
        name: "Sorrel Quint".into(),
        roles: vec!["incident_lead".into()],
        key: String::new(),
        emails: vec![staged.company.subject.email.clone()],
        logins: Vec::new(),
    });
    settings.people.replace(people);
    let app = Arc::new(App::new(settings, Arc::new(SystemClock)).unwrap());
    let gated = to_the_gate(&app, departure(&staged.company, 3)).await;
    let ended = to_the_gate(&app, departure(&staged.company, 30)).await;
    to_the_end(&ended, &staged).await;
    two_leads(&ended).await;
    let mut hostile = departure(&staged.company, 0);
    hostile.title = Some(format!(
        "<b>{{{{page.title}}}}</b>\u{202e}{}",
        "w".repeat(400)
    ));
    let hostile = app.open_case(hostile).await.unwrap();
    let mut said = serde_json::json!({
        "gated": gated.log.case(), "ended": ended.log.case(), "hostile": hostile.log.case(),
    });
    drop((gated, ended, hostile));
    let hub = Arc::new(Hub::open(&folder.path().join("hub")).unwrap());
    let office = Office {
        router: served_as(&app, hub),
        app: Arc::clone(&app),
        _dir: folder,
    };
    let nobody = message(&office, "1", Kind::Termination, &[], true);
    receive(&office, vec![nobody]).await;
    said["message"] = app.waiting().unwrap().remove(0).message.into();
    let router = office
        .router
        .clone()
        .merge(
            axum::Router::new()
                .route("/test/run/{case}", post(run))
                .with_state(Arc::clone(&app)),
        )
        .layer(from_fn(
            async |request: axum::extract::Request, next: Next| {
                let mut response = next.run(request).await;
                let policy = http::HeaderValue::from_static(POLICY);
                response
                    .headers_mut()
                    .insert("content-security-policy", policy);
                response
            },
        ));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let served = serde_json::json!({ "url": url, "cases": said, "pages": every_page() });
    println!("SERVED {served}");
    let until = async {
        tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()))
            .await
            .ok();
    };
    tokio::select! {
        served = axum::serve(listener, router) => served.unwrap(),
        () = until => {}
    }
}

/// Lets the run of a case go on, as another process would.
async fn run(State(app): State<Arc<App>>, Path(case): Path<String>) -> String {
    tokio::spawn(async move {
        let desk = app.desk(&case).unwrap();
        go_on(&desk).await;
        desk.finish().await.unwrap();
    });
    "begun".to_owned()
}
