//! How a person decides in the pages: approvals, what is refused, and what a case can be told to do.

use std::time::Duration;

use cordon::app::summary::{GateStands, Summary};
use cordon::case::event::{Actor, Event};
use cordon::case::state::Phase;
use cordon::evidence::approval::Approval;
use cordon::store::CaseStore;
use http::StatusCode;

use super::{Office, append, at, at_a_gate};

/// A case that waits at its gate; the desk is given back, as in a daemon.
async fn waiting(office: &Office) -> (cordon::id::CaseId, String) {
    let desk = office.case("Access review 1").await;
    let plan = at_a_gate(&desk, "deploy key").await;
    (desk.log.case().clone(), plan.to_string())
}

fn gate(office: &Office, case: &cordon::id::CaseId) -> cordon::app::summary::GateLine {
    let state = office.app.peek(case.as_str()).unwrap();
    let now = office.app.clock.now();
    Summary::of(&state, now).gates.remove(0)
}

#[tokio::test]
async fn two_people_approve_with_a_reason_and_the_log_says_by_whose_hand() {
    let office = Office::new();
    let (case, plan) = waiting(&office).await;
    let path = at(&case, "/gates/go");
    let page = office.get("Leg", &path).await;
    assert_eq!(page.status, StatusCode::OK);
    for said in [
        "deploy key",
        "redoable",
        "the account holder is told",
        "What else may break",
        "an inventory failed",
        "left alone",
        &plan,
        "name=\"decision\" value=\"approve\"",
    ] {
        assert!(page.body.contains(said), "{said}\n{}", page.body);
    }
    let approve = |reason| {
        [
            ("plan", plan.as_str()),
            ("decision", "approve"),
            ("reason", reason),
        ]
    };
    let empty = office.post("Leg", &path, &approve("  ")).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    let done = office.post("Leg", &path, &approve("read it")).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let back = done.headers["location"].to_str().unwrap();
    let after = office.get("Leg", back).await;
    assert!(after.body.contains("Your decision stands in the log"));
    assert!(after.body.contains("until one more person approves"));
    assert!(!after.body.contains("value=\"approve\""), "decided before");
    assert_eq!(gate(&office, &case).approved, 1);

    office.post("Lea", &path, &approve("agreed")).await;
    let gate = gate(&office, &case);
    assert_eq!((gate.stands, gate.approved), (GateStands::Approved, 2));
    let entries = office.app.entries(case.as_str()).unwrap();
    let signed = entries.iter().find_map(|entry| match &entry.event {
        Event::GateApproved { signed, .. } => Some((entry.by.clone(), signed.clone())),
        _ => None,
    });
    let (by, signed) = signed.unwrap();
    assert_eq!(by, Actor::Person("Leg".into()));
    let said: Approval = signed.text.parse().unwrap();
    let sessions = office.app.signin().unwrap().sessions("Leg").unwrap();
    assert_eq!(said.session.as_deref(), Some(&*sessions[0].id));
    assert_eq!(said.reason, "read it");
}

#[tokio::test]
async fn who_may_not_decide_is_refused_in_the_words_of_the_log() {
    let office = Office::new();
    let (case, plan) = waiting(&office).await;
    let path = at(&case, "/gates/go");
    let approve = [
        ("plan", plan.as_str()),
        ("decision", "approve"),
        ("reason", "x"),
    ];
    office.post("Leg", &path, &approve).await;
    let again = office.get("Leg", &path).await;
    assert!(
        again
            .body
            .contains("You do not decide here: you decided before")
    );
    let responder = office.post("Res", &path, &approve).await;
    assert_eq!(responder.status, StatusCode::FORBIDDEN);
    assert!(
        responder
            .body
            .contains("the person has no role that may approve")
    );
    let own = office.post("Sub", &path, &approve).await;
    assert_eq!(own.status, StatusCode::NOT_FOUND);
    let out = office.post("Out", &path, &approve).await;
    assert_eq!(out.status, StatusCode::NOT_FOUND);
    assert_eq!(gate(&office, &case).approved, 1);
}

#[tokio::test]
async fn an_approval_of_a_plan_that_was_replaced_is_refused() {
    let office = Office::new();
    let (case, plan) = waiting(&office).await;
    let path = at(&case, "/gates/go");
    let other = cordon::canon::Digest::of(b"another plan").to_string();
    for read in [other.as_str(), "", "not a digest"] {
        let fields = [("plan", read), ("decision", "approve"), ("reason", "x")];
        let refused = office.post("Leg", &path, &fields).await;
        assert_eq!(refused.status, StatusCode::CONFLICT, "{read}");
        assert!(
            refused.body.contains("nothing was decided"),
            "{}",
            refused.body
        );
    }
    assert_eq!(gate(&office, &case).approved, 0);
    let fields = [
        ("plan", plan.as_str()),
        ("decision", "deny"),
        ("reason", "not yet"),
    ];
    office.post("Leg", &path, &fields).await;
    let denied = gate(&office, &case);
    assert_eq!(denied.stands, GateStands::Denied);
    let page = office.get("Lea", &path).await;
    assert!(
        page.body.contains("its doors stay as they are"),
        "{}",
        page.body
    );
    // Whoever said no is not silenced by being kept out afterwards.
    let desk = office.app.desk(case.as_str()).unwrap();
    desk.exclude("Leg", "a friend").await.unwrap();
    drop(desk);
    assert_eq!(gate(&office, &case).stands, GateStands::Denied);
}

#[tokio::test]
async fn a_form_of_another_page_changes_nothing() {
    let office = Office::new();
    let (case, plan) = waiting(&office).await;
    let lines = || office.app.peek(case.as_str()).unwrap().lines;
    let before = lines();
    let fields = [
        ("plan", plan.as_str()),
        ("decision", "approve"),
        ("reason", "x"),
    ];
    for csrf in [None, Some(""), Some("guessed")] {
        let mut sent: Vec<(&str, &str)> = fields.to_vec();
        sent.extend(csrf.map(|csrf| ("csrf", csrf)));
        for (name, path) in [
            ("Leg", at(&case, "/gates/go")),
            ("Lea", at(&case, "/do/hold")),
            ("Lea", at(&case, "/do/close")),
        ] {
            let refused = office.send(name, &path, &sent).await;
            assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path} {csrf:?}");
        }
    }
    assert_eq!(lines(), before);
}

#[tokio::test]
async fn each_act_is_carried_out_once_with_its_reason_and_the_name() {
    let office = Office::new();
    let desk = office.case("Access review 2").await;
    let case = desk.log.case().clone();
    drop(desk);
    let state = || office.app.peek(case.as_str()).unwrap();
    let act = async |name: &str, act: &str, more: &[(&str, &str)]| {
        let mut fields = vec![("reason", "because so")];
        fields.extend(more);
        office
            .post(name, &at(&case, &format!("/do/{act}")), &fields)
            .await
    };
    assert_eq!(act("Hua", "hold", &[]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(state().phase, Phase::Held);
    // Only an open case can be held.
    let twice = act("Hua", "hold", &[]).await;
    assert_eq!(twice.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(twice.body.contains("Only an open case can be held"));
    assert_eq!(
        act("Hua", "release", &[]).await.status,
        StatusCode::FORBIDDEN
    );
    act("Lea", "release", &[]).await;
    assert_eq!(state().phase, Phase::Open);
    act("Res", "note", &[]).await;
    assert_eq!(state().notes[0].1, "because so");
    let nobody = act("Lea", "restrict", &[]).await;
    assert_eq!(nobody.status, StatusCode::UNPROCESSABLE_ENTITY);
    let people = [("person0", "Lea"), ("person3", "Leg")];
    let restricted = act("Lea", "restrict", &people).await;
    assert_eq!(restricted.headers["location"], at(&case, "").as_str());
    assert_eq!(
        state().scope.only,
        Some(vec!["Lea".to_owned(), "Leg".to_owned()])
    );
    assert_eq!(
        office.get("Res", &at(&case, "")).await.status,
        StatusCode::NOT_FOUND
    );
    act("Lea", "unrestrict", &[]).await;
    act("Lea", "exclude", &[("person", "Res")]).await;
    assert!(state().scope.excluded.contains(&"Res".to_owned()));
    act("Lea", "close", &[]).await;
    assert_eq!(state().phase, Phase::Closed);
    let log = office.get("Aud", &at(&case, "/log")).await;
    for said in [
        "held by Hua: because so",
        "released by Lea: because so",
        "note by Res: because so",
        "Res excluded by Lea: because so",
        "closed by Lea: because so",
    ] {
        assert!(log.body.contains(said), "{said}");
    }
    let unknown = act("Lea", "delete", &[]).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_case_that_somebody_works_on_is_read_but_answers_an_act_with_try_again() {
    let office = Office::new();
    let desk = office.case("Access review 3").await;
    let case = desk.log.case().clone();
    drop(desk);
    // Another process has it.
    let _store = CaseStore::open(&office.app.case_dir(&case)).unwrap();
    assert_eq!(
        office.get("Lea", &at(&case, "")).await.status,
        StatusCode::OK
    );
    let fields = [("reason", "x")];
    let busy = office.post("Lea", &at(&case, "/do/hold"), &fields).await;
    assert_eq!(busy.status, StatusCode::CONFLICT);
    assert!(busy.body.contains("try again"), "{}", busy.body);
    // Who may not hears that first: that a case is busy says that it exists.
    let out = office.post("Out", &at(&case, "/do/hold"), &fields).await;
    assert_eq!(out.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_page_tells_live_what_happens_until_access_is_lost() {
    use futures::StreamExt as _;
    use tower::ServiceExt as _;
    let office = Office::new();
    let desk = office.case("Access review 4").await;
    let case = desk.log.case().clone();
    let open = async || {
        let request = axum::extract::Request::get(at(&case, "/live"))
            .header(super::AS, "Aud")
            .body(axum::body::Body::empty())
            .unwrap();
        office.router.clone().oneshot(request).await.unwrap()
    };
    let response = open().await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut events = response.into_body().into_data_stream();
    let mut next = async || {
        let event = tokio::time::timeout(Duration::from_secs(20), events.next()).await;
        let event = event.expect("an event in time")?;
        Some(String::from_utf8(event.unwrap().to_vec()).unwrap())
    };
    assert!(next().await.unwrap().contains("event: hello"));
    append(&desk, Event::CaseNoted { text: "x".into() }).await;
    assert!(next().await.unwrap().contains("event: changed"));
    let others = [open().await, open().await, open().await];
    assert!(others.iter().all(|other| other.status() == StatusCode::OK));
    assert_eq!(open().await.status(), StatusCode::TOO_MANY_REQUESTS);
    drop(others);
    assert_eq!(open().await.status(), StatusCode::OK);
    desk.exclude("Aud", "no longer theirs").await.unwrap();
    assert!(next().await.is_none(), "the stream ends");
    assert_eq!(open().await.status(), StatusCode::NOT_FOUND);
}

/// A page that follows a case; it takes the greeting.
async fn following(
    office: &Office,
    case: &cordon::id::CaseId,
    name: &str,
) -> axum::body::BodyDataStream {
    use futures::StreamExt as _;
    use tower::ServiceExt as _;
    let request = axum::extract::Request::get(at(case, "/live"))
        .header(super::AS, name)
        .body(axum::body::Body::empty())
        .unwrap();
    let response = office.router.clone().oneshot(request).await.unwrap();
    let mut events = response.into_body().into_data_stream();
    events.next().await.unwrap().unwrap();
    events
}

/// What comes next within so many seconds: `None` when the stream has ended.
async fn within(seconds: u64, events: &mut axum::body::BodyDataStream) -> Option<String> {
    use futures::StreamExt as _;
    let next = tokio::time::timeout(Duration::from_secs(seconds), events.next());
    let event = next.await.expect("in time")?;
    Some(String::from_utf8(event.unwrap().to_vec()).unwrap())
}

#[tokio::test]
async fn a_log_that_is_open_here_tells_by_itself_and_one_of_another_process_is_looked_at() {
    let office = Office::new();
    let desk = office.case("Access review 5").await;
    let case = desk.log.case().clone();
    let mut told = office.app.follow(&case).expect("it is open");
    append(&desk, Event::CaseNoted { text: "x".into() }).await;
    assert!(told.has_changed().unwrap());
    let lines = *told.borrow_and_update();
    assert_eq!(lines, desk.log.read(|state| state.lines));
    let mut events = following(&office, &case, "Aud").await;
    append(&desk, Event::CaseNoted { text: "y".into() }).await;
    let event = within(10, &mut events).await.unwrap();
    assert!(event.contains(&format!("data: {}", lines + 1)), "{event}");

    // Let go of here, and written by another program, as far as this one can tell.
    drop(desk);
    assert!(office.app.follow(&case).is_none());
    let settings = office.app.settings.clone();
    let other = cordon::app::App::new(settings, std::sync::Arc::new(cordon::time::SystemClock));
    let desk = other.unwrap().desk(case.as_str()).unwrap();
    assert!(office.app.follow(&case).is_none());
    append(&desk, Event::CaseNoted { text: "z".into() }).await;
    let event = within(10, &mut events).await.unwrap();
    assert!(event.contains(&format!("data: {}", lines + 2)), "{event}");
}

#[tokio::test]
async fn a_stream_ends_with_its_session_with_its_person_and_with_the_program() {
    let office = Office::new();
    let desk = office.case("Access review 6").await;
    let case = desk.log.case().clone();
    let signin = office.app.signin().unwrap();
    let [mut aud, mut lea, mut leg] = [
        following(&office, &case, "Aud").await,
        following(&office, &case, "Lea").await,
        following(&office, &case, "Leg").await,
    ];
    signin.revoke("Aud", "tester").unwrap();
    assert_eq!(within(2, &mut aud).await, None);
    let people = office.app.settings.people.now();
    let without = people.iter().filter(|person| person.name != "Lea");
    let changed = signin.take_people(without.cloned().collect()).unwrap();
    assert_eq!(changed.removed, ["Lea".to_owned()].into());
    assert_eq!(within(2, &mut lea).await, None);
    // Whoever is still named goes on, and is told.
    append(&desk, Event::CaseNoted { text: "x".into() }).await;
    let event = within(10, &mut leg).await.unwrap();
    assert!(event.contains("event: changed"), "{event}");
    office.app.work.stop_all();
    assert_eq!(within(1, &mut leg).await, None);
}
