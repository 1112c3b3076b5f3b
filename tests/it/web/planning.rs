//! Plans and runs from the pages: what would be done is shown before, and begun as it was shown. And a
//! departure that is taken back there.

use std::time::Duration;

use cordon::case::event::Event;
use cordon::case::state::{Phase, RunPhase};
use http::StatusCode;

use super::{Office, append, at, at_a_gate, door};

/// The hidden field of that name.
fn hidden(page: &str, name: &str) -> String {
    let field = format!("name=\"{name}\" value=\"");
    let (_, rest) = page.split_once(&field).expect("the field");
    rest.split('"').next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_shown_before_it_is_begun_and_nothing_else_is() {
    let office = Office::new();
    let desk = office.case("Access review 7").await;
    let case = desk.log.case().clone();
    let page = office.get("Res", &at(&case, "/plan")).await.body;
    assert!(page.contains("There is no plan yet."));
    assert!(page.contains("Make a plan") && !page.contains("Begin the run"));
    // Without an inventory none is made, and the page says why.
    let make = [("playbook", "terminated-contractor"), ("reason", "agreed")];
    let early = office.post("Res", &at(&case, "/plan/make"), &make).await;
    assert!(!early.status.is_success() && early.status != StatusCode::SEE_OTHER);
    let other = [("playbook", "../../etc/passwd"), ("reason", "agreed")];
    let other = office.post("Res", &at(&case, "/plan/make"), &other).await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);

    let digest = at_a_gate(&desk, "<b>deploy key</b>").await;
    let cancelled = Event::RunCancelled {
        reason: "for the test".into(),
    };
    append(&desk, cancelled).await;
    drop(desk);
    let page = office.get("Res", &at(&case, "/plan")).await.body;
    assert!(page.contains("1 closing at 1 account"), "{page}");
    assert!(page.contains("1 wait for a gate") && page.contains("an inventory failed"));
    assert!(page.contains("&lt;b&gt;deploy key") && !page.contains("<b>deploy key"));
    assert_eq!(hidden(&page, "plan"), digest.to_string());
    // Who only reads sees it, and can begin nothing.
    let legal = office.get("Leg", &at(&case, "/plan")).await.body;
    assert!(
        legal.contains("1 closing at 1 account")
            && !legal.contains("<form method=\"post\" action=\"/cases")
    );

    let stale = [("plan", "sha256:0"), ("reason", "go")];
    let stale = office.post("Res", &at(&case, "/plan/begin"), &stale).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    assert!(stale.body.contains("was changed since it was read"));
    let read = digest.to_string();
    let begin = [("plan", read.as_str()), ("reason", "all agreed")];
    let done = office.post("Res", &at(&case, "/plan/begin"), &begin).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let since = std::time::Instant::now();
    while office.app.work.going() > 0 {
        assert!(since.elapsed().as_secs() < 60, "it never ended");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let page = office.get("Res", &at(&case, "/plan")).await.body;
    assert!(page.contains("The run, begun by Res, has ended"), "{page}");
    let now = office.app.peek(case.as_str()).unwrap();
    assert!(
        now.notes
            .iter()
            .any(|(_, note)| note == "run begun: all agreed")
    );
    assert!(
        now.doors.values().all(|door| !door.touched),
        "the gate holds"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_waits_is_stopped_from_the_page() {
    let office = Office::new();
    let desk = office.case("Access review 8").await;
    let case = desk.log.case().clone();
    at_a_gate(&desk, "deploy key").await;
    drop(desk);
    let page = office.get("Res", &at(&case, "/plan")).await.body;
    assert!(page.contains("do-stop"), "{page}");
    let why = [("reason", "wait for counsel")];
    let stopped = office.post("Res", &at(&case, "/plan/stop"), &why).await;
    assert_eq!(stopped.status, StatusCode::SEE_OTHER, "{}", stopped.body);
    let now = office.app.peek(case.as_str()).unwrap();
    assert_eq!(now.run, RunPhase::Cancelled);
    let again = office.post("Res", &at(&case, "/plan/stop"), &why).await;
    assert!(again.status.is_client_error(), "{}", again.status);
}

#[tokio::test(flavor = "multi_thread")]
async fn hr_takes_a_departure_back_on_the_page_of_its_case() {
    let office = Office::new();
    let desk = office.case("Access review 9").await;
    let case = desk.log.case().clone();
    at_a_gate(&desk, "deploy key").await;
    let closing = door(&desk, "1", "deploy key");
    drop(desk);
    let page = office.get("Hua", &at(&case, "")).await.body;
    assert!(page.contains("Take the departure back"), "{page}");
    let executive = office.get("Exe", &at(&case, "")).await.body;
    assert!(!executive.contains("Take the departure back"));
    let why = [("reason", "the wrong person")];
    let taken = office.post("Hua", &at(&case, "/do/recall"), &why).await;
    assert_eq!(taken.status, StatusCode::SEE_OTHER, "{}", taken.body);
    let now = office.app.peek(case.as_str()).unwrap();
    assert_eq!(now.phase, Phase::Held);
    assert!(!now.doors[&closing.id].touched);
    let entries = office.app.entries(case.as_str()).unwrap();
    let held = entries.iter().find_map(|entry| match &entry.event {
        Event::CaseHeld { reason } => Some((entry.by.to_string(), reason.clone())),
        _ => None,
    });
    let (by, reason) = held.unwrap();
    assert!(by.contains("Hua"), "{by}");
    assert_eq!(reason, "recalled: the wrong person");
}
