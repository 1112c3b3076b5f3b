//! The faults of real providers against the real engine and the real providers: a whole case each, and
//! the score is what was called closed and is not, and which events of the trails were lost.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ::http::{Method, StatusCode};
use cordon::app::{App, Desk, NewCase, Origin};
use cordon::case::event::{Actor, Event};
use cordon::case::subject::Subject;
use cordon::door::DoorState;
use cordon::range::company::Company;
use cordon::range::fault::{Faults, Nth, Trouble};
use cordon::run::{End, Options, Quiet};
use cordon::settings::Settings;
use cordon::time::{Clock as _, SystemClock};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::staged::{Staged, Struck, approvers, small_company};

/// Every door of both providers, with short patience: a hang costs seconds.
const PLAYBOOK: &str = "\
playbook: faults
title: Everything that can be closed, with short patience.
steps:
  - id: save-trails
    snapshot: { trails: [all], window: 90d }
    timeout: 4s
    attempts: 2
  - id: go
    gate: { roles: [incident_lead, legal], people: 2, expires: 4h }
  - id: close
    needs: [save-trails, go]
    close: { doors: [okta.*, github.*], classes: [reversible, redoable], prove_within: 5s }
    timeout: 4s
    attempts: 2
  - id: go-for-good
    gate: { roles: [incident_lead, legal], people: 2, expires: 4h }
  - id: close-for-good
    needs: [save-trails, go, go-for-good]
    close: { doors: [okta.*, github.*], classes: [irreversible], prove_within: 5s }
    timeout: 4s
    attempts: 2
  - id: prove
    needs: [close, close-for-good]
    verify: {}
    timeout: 4s
";

/// No case may take longer, hangs included.
const BOUND: Duration = Duration::from_secs(240);

/// A fault at one place of one provider.
struct Case {
    provider: &'static str,
    fault: &'static str,
    place: &'static str,
    faults: Faults,
    /// What else is done to the worlds before the case begins.
    before: fn(&Staged),
}

/// What came of it.
#[derive(Debug, Default)]
struct Score {
    closed: usize,
    open: usize,
    unknown: usize,
    gaps: usize,
    false_successes: Vec<String>,
    lost: Vec<String>,
    end: String,
    took: Duration,
}

/// The reads and writes that are struck, by provider.
const READS: [(&str, &[(&str, &str)]); 2] = [
    (
        "okta",
        &[
            ("inventory", "/api/v1/users/*/grants"),
            ("inventory", "/api/v1/devices"),
            ("trail", "/api/v1/logs"),
            ("probe", "/api/v1/api-tokens/*"),
        ],
    ),
    (
        "github",
        &[
            ("inventory", "/orgs/*/hooks"),
            ("inventory", "/repos/*/*/keys"),
            ("trail", "/orgs/*/audit-log"),
            ("probe", "/orgs/*/memberships/*"),
        ],
    ),
];

const WRITES: [(&str, &[(&str, Method, &str)]); 2] = [
    (
        "okta",
        &[
            ("account", Method::POST, "/api/v1/users/*/lifecycle/suspend"),
            ("sessions", Method::DELETE, "/api/v1/users/*/sessions"),
            ("grants", Method::DELETE, "/api/v1/users/*/grants/*"),
            ("API token", Method::DELETE, "/api/v1/api-tokens/*"),
        ],
    ),
    (
        "github",
        &[
            ("membership", Method::DELETE, "/orgs/*/memberships/*"),
            ("webhook", Method::PATCH, "/repos/*/*/hooks/*"),
            ("deploy key", Method::DELETE, "/repos/*/*/keys/*"),
            (
                "SSO (202)",
                Method::POST,
                "/orgs/*/credential-authorizations/*/revoke",
            ),
        ],
    ),
];

fn nothing(_: &Staged) {}

fn on_reads() -> Vec<(&'static str, Nth, Trouble)> {
    vec![
        ("429, Retry-After 1", Nth::First(2), Trouble::too_many(1)),
        (
            "500 twice",
            Nth::First(2),
            Trouble::status(StatusCode::INTERNAL_SERVER_ERROR),
        ),
        (
            "500 always",
            Nth::Every,
            Trouble::status(StatusCode::INTERNAL_SERVER_ERROR),
        ),
        ("reset in the body, once", Nth::First(1), Trouble::Reset),
        ("reset in the body, always", Nth::Every, Trouble::Reset),
        ("truncated page, once", Nth::First(1), Trouble::Truncated),
        ("truncated page, always", Nth::Every, Trouble::Truncated),
        ("records twice and unordered", Nth::Every, Trouble::Disorder),
        ("hang", Nth::First(1), Trouble::Hang),
    ]
}

fn on_writes() -> Vec<(&'static str, Nth, Trouble)> {
    let lie = |status| Trouble::nothing_changed(status, Value::Null);
    vec![
        ("429, Retry-After 1", Nth::First(2), Trouble::too_many(1)),
        (
            "500 once",
            Nth::First(1),
            Trouble::status(StatusCode::INTERNAL_SERVER_ERROR),
        ),
        (
            "500 always",
            Nth::Every,
            Trouble::status(StatusCode::INTERNAL_SERVER_ERROR),
        ),
        ("hang", Nth::Every, Trouble::Hang),
        ("done, then a hang", Nth::First(1), Trouble::HangAfter),
        ("done, then a reset", Nth::First(1), Trouble::Reset),
        (
            "200, nothing changed",
            Nth::Every,
            Trouble::nothing_changed(StatusCode::OK, json!({})),
        ),
        (
            "204, nothing changed",
            Nth::Every,
            lie(StatusCode::NO_CONTENT),
        ),
        (
            "202, late",
            Nth::Every,
            Trouble::Late(Duration::from_millis(1500)),
        ),
        ("404, already gone, a lie", Nth::Every, Trouble::gone()),
    ]
}

/// Every place with `CORDON_FAULTS=all`, otherwise one for each fault, in turn.
fn some<T>(places: &[T], turn: usize) -> &[T] {
    let all = crate::store_writer::setting("CORDON_FAULTS").is_some_and(|text| text == "all");
    let at = turn % places.len();
    if all { places } else { &places[at..=at] }
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (provider, places) in READS {
        for (number, (fault, nth, trouble)) in on_reads().into_iter().enumerate() {
            for (place, path) in some(places, number) {
                let faults = Faults::none().on(Method::GET, path, nth, trouble.clone());
                cases.push(Case {
                    provider,
                    fault,
                    place,
                    faults,
                    before: nothing,
                });
            }
        }
    }
    for (provider, places) in WRITES {
        for (number, (fault, nth, trouble)) in on_writes().into_iter().enumerate() {
            for (place, method, path) in some(places, number) {
                let faults = Faults::none().on(method.clone(), path, nth, trouble.clone());
                cases.push(Case {
                    provider,
                    fault,
                    place,
                    faults,
                    before: nothing,
                });
            }
        }
    }
    let deaf: fn(&Staged) = |staged| staged.okta.faults(|faults| faults.deaf = true);
    let unordered: fn(&Staged) = |staged| staged.okta.faults(|faults| faults.unordered = true);
    let circle: fn(&Staged) = |staged| staged.okta.faults(|faults| faults.circle = true);
    let late: fn(&Staged) = |staged| {
        let subject = &staged.company.subject.okta_id;
        staged.okta.record("user.session.start", subject, subject);
        staged.okta.faults(|faults| faults.late_log = true);
    };
    let none = || Faults::none();
    cases.push(Case {
        provider: "okta",
        fault: "events come late",
        place: "trail",
        faults: none(),
        before: late,
    });
    cases.push(Case {
        provider: "okta",
        fault: "accepts and does nothing",
        place: "everywhere",
        faults: none(),
        before: deaf,
    });
    cases.push(Case {
        provider: "okta",
        fault: "log events unordered",
        place: "trail",
        faults: none(),
        before: unordered,
    });
    cases.push(Case {
        provider: "okta",
        fault: "cursors in a circle",
        place: "trail",
        faults: none(),
        before: circle,
    });
    cases.push(Case {
        provider: "github",
        fault: "none",
        place: "-",
        faults: none(),
        before: nothing,
    });
    cases
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_fault_makes_a_false_success_or_loses_an_event() {
    let began = Instant::now();
    let slots = Arc::new(tokio::sync::Semaphore::new(24));
    let played = cases().into_iter().map(|case| {
        let slots = Arc::clone(&slots);
        tokio::spawn(async move {
            let _slot = slots.acquire().await.unwrap();
            let line = format!("{:<7} {:<28} {:<11}", case.provider, case.fault, case.place);
            (line, play(case).await)
        })
    });
    let played: Vec<_> = played.collect();
    let (mut false_successes, mut lost, mut count) = (Vec::new(), Vec::new(), 0);
    let mut slowest = Duration::ZERO;
    println!("provider fault                        place       closed open unknown gaps  s  end");
    for one in played {
        let (line, score) = one.await.unwrap();
        println!(
            "{line} {:>6} {:>4} {:>7} {:>4} {:>2}  {}",
            score.closed,
            score.open,
            score.unknown,
            score.gaps,
            score.took.as_secs(),
            score.end
        );
        false_successes.extend(
            score
                .false_successes
                .iter()
                .map(|what| format!("{line}: {what}")),
        );
        lost.extend(score.lost.iter().map(|what| format!("{line}: {what}")));
        slowest = slowest.max(score.took);
        count += 1;
    }
    println!(
        "{count} cases in {} s, the slowest {} s: false successes {}, lost events {}",
        began.elapsed().as_secs(),
        slowest.as_secs(),
        false_successes.len(),
        lost.len()
    );
    assert!(false_successes.is_empty(), "{false_successes:#?}");
    assert!(lost.is_empty(), "{lost:#?}");
    assert!(slowest < BOUND, "a hang was not bounded");
}

async fn play(case: Case) -> Score {
    let folder = tempfile::tempdir().unwrap();
    let mut struck = Struck::default();
    if case.provider == "okta" {
        struck.okta = case.faults;
    } else {
        struck.github = case.faults;
    }
    let staged = Staged::set(folder.path(), small_company(), struck).await;
    staged.okta.faults(|faults| faults.page_size = 10);
    (case.before)(&staged);
    let expected = events(&staged);
    let began = Instant::now();
    let played = tokio::time::timeout(BOUND, respond(&staged)).await;
    let took = began.elapsed();
    let Ok((desk, end)) = played else {
        return Score {
            end: "did not come to an end".to_owned(),
            took,
            ..Score::default()
        };
    };
    let mut score = judge(&staged, &desk, &expected);
    score.took = took;
    score.end = end;
    score
}

/// A whole case, from opening to the end of the run.
async fn respond(staged: &Staged) -> (Desk, String) {
    let settings = Settings::load(Some(&staged.config())).unwrap();
    let app = App::new(settings, Arc::new(SystemClock)).unwrap();
    let Company { subject, .. } = &staged.company;
    let subject = Subject {
        worker_id: Some(subject.worker_id.clone()),
        emails: vec![subject.email.clone()],
        ..Subject::default()
    };
    let by = Actor::Operator("test".to_owned());
    let new = NewCase {
        subject,
        title: None,
        route: "operator".to_owned(),
        effective: None,
        origin: Origin::Subject,
        by,
    };
    let desk = app.open_case(new).await.unwrap();
    let undecided = desk.resolve().await.unwrap();
    desk.inventory().await.unwrap();
    let playbook = staged.folder.join("faults.yaml");
    std::fs::write(&playbook, PLAYBOOK).unwrap();
    if let Err(fault) = desk.plan(playbook.to_str().unwrap()).await {
        return (
            desk,
            format!("no plan ({}), {} undecided", fault.code(), undecided.len()),
        );
    }
    let (_keep, cancel) = watch::channel(false);
    for _ in 0..3 {
        let report = desk
            .run(&Options::default(), Arc::new(Quiet), cancel.clone())
            .await;
        let report = match report {
            Ok(report) => report,
            Err(fault) => return (desk, format!("refused ({})", fault.code())),
        };
        let End::Waiting(waiting) = report.end else {
            return (desk, "finished".to_owned());
        };
        for gate in waiting.gates {
            for (name, role) in approvers(&staged.company) {
                desk.decide(&gate.step, name, &staged.key(role), true, "test")
                    .await
                    .unwrap();
            }
        }
    }
    (desk, "still waiting".to_owned())
}

/// What was called closed and is not; which events are nowhere.
fn judge(staged: &Staged, desk: &Desk, expected: &[Expected]) -> Score {
    let state = desk.log.read(Clone::clone);
    let mut score = Score::default();
    for record in state.doors.values() {
        match record.state {
            DoorState::Closed => score.closed += 1,
            DoorState::Open => score.open += 1,
            DoorState::Unknown | DoorState::Closing => score.unknown += 1,
        }
        if record.state == DoorState::Closed && staged.is_open(&record.door) == Some(true) {
            score
                .false_successes
                .push(format!("{} {}", record.door.kind, record.door.native));
        }
    }
    let mut kept: BTreeSet<String> = BTreeSet::new();
    for entry in desk.log.entries().unwrap() {
        if let Event::TrailPage { evidence, .. } = &entry.event {
            let evidence = state.evidence.get(evidence).unwrap();
            let bytes = desk.bytes(evidence).unwrap();
            let records: Vec<Value> = serde_json::from_slice(&bytes).unwrap_or_default();
            let id = |record: &Value| {
                ["uuid", "_document_id"]
                    .iter()
                    .find_map(|name| record[*name].as_str().map(str::to_owned))
            };
            kept.extend(records.iter().filter_map(id));
        }
    }
    score.gaps = state
        .trails
        .iter()
        .filter(|read| !read.completeness.complete)
        .count();
    // A reading that did not reach its end says so; one that did may still say that the last minutes
    // come late. Only the event of this very minute can be meant by that.
    let says = |trail: &str, late: bool| {
        state
            .trails
            .iter()
            .filter(|read| read.trail == trail)
            .all(|read| {
                !read.completeness.complete
                    || late
                        && read
                            .completeness
                            .gaps
                            .iter()
                            .any(|gap| gap.contains("may not be in it"))
            })
    };
    let missing = expected.iter().filter(|event| !kept.contains(&event.id));
    let lost = missing.filter(|event| !says(event.trail, event.late));
    score.lost = lost
        .map(|event| format!("{}: event {}", event.trail, event.id))
        .collect();
    score
}

/// An event of the account holder that a world holds.
struct Expected {
    trail: &'static str,
    id: String,
    /// Whether it is too young for the log to show it for sure.
    late: bool,
}

/// The events of the account holder that the worlds hold before the case begins.
fn events(staged: &Staged) -> Vec<Expected> {
    let subject = &staged.company.subject;
    let now = SystemClock.now();
    // The playbook asks for 90 days; a day is the margin for what the case takes.
    let since = |hours: i64| now - jiff::SignedDuration::from_hours(hours);
    let (from, young) = (
        since(89 * 24),
        staged.okta.events_of(&subject.okta_id, since(1)),
    );
    let okta = staged
        .okta
        .events_of(&subject.okta_id, from)
        .into_iter()
        .map(|id| Expected {
            trail: "okta.system_log",
            late: young.contains(&id),
            id,
        });
    let github = staged.github.events_of(subject.github_id, from);
    okta.chain(github.into_iter().map(|(trail, id)| Expected {
        trail,
        id,
        late: false,
    }))
    .collect()
}
