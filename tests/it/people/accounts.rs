//! Whose accounts a case is about: chosen, taken back, dated.

use cordon::app::summary::head;
use cordon::case::event::Event;
use cordon::id::EvidenceId;
use cordon::provider::{Account, Candidate, Confidence, Reason};

use super::{Staffed, door};

fn account(login: &str) -> Account {
    Account {
        provider: "okta".into(),
        id: format!("id-{login}"),
        login: login.into(),
    }
}

pub(super) async fn with_candidates(logins: &[&str]) -> (Staffed, EvidenceId) {
    let staffed = Staffed::new().await;
    let kept = staffed
        .desk
        .recorder
        .keep_file("x", "text/plain", b"x".to_vec().into(), "x");
    let evidence = kept.await.unwrap();
    let candidates = logins.iter().map(|login| Candidate {
        account: account(login),
        reasons: vec![Reason {
            why: "its address".into(),
            confidence: Confidence::Likely,
            evidence: evidence.clone(),
        }],
        emails: vec![format!("{login}@private.test")],
    });
    let event = Event::IdentityCandidates {
        provider: "okta".into(),
        candidates: candidates.collect(),
    };
    staffed.append(event).await.unwrap();
    (staffed, evidence)
}

#[tokio::test]
async fn an_account_is_chosen_once_and_a_second_one_only_when_it_is_meant() {
    let (staffed, _) = with_candidates(&["a", "b"]).await;
    let choose = |login, also| staffed.desk.choose("okta", login, "seen", also);
    assert!(choose("a", false).await.unwrap().new);
    let before = staffed.lines();
    for also in [false, true] {
        assert!(!choose("a", also).await.unwrap().new);
    }
    let fault = choose("b", false).await.unwrap_err();
    assert_eq!(fault.code(), "account-chosen");
    assert!(fault.hints()[0].contains("--also"), "{fault}");
    assert!(fault.hints()[1].contains("case withdraw"), "{fault}");
    assert_eq!(staffed.lines(), before, "nothing was written");
    assert!(choose("b", true).await.unwrap().new);
    let accounts = staffed.desk.log.read(|state| state.accounts.clone());
    assert_eq!(accounts, [account("a"), account("b")]);
}

#[tokio::test]
async fn an_account_that_is_taken_back_leaves_the_case_with_its_doors() {
    let (staffed, evidence) = with_candidates(&["a", "b"]).await;
    let desk = &staffed.desk;
    for login in ["a", "b"] {
        desk.choose("okta", login, "seen", true).await.unwrap();
        let mut found = door("okta.account", login, &evidence);
        found.account = format!("id-{login}");
        staffed.append(Event::DoorFound(found)).await.unwrap();
        let read = Event::InventoryRead {
            account: account(login),
            doors: 1,
            completeness: Vec::new(),
            blind: vec![format!("blind of {login}")],
        };
        staffed.append(read).await.unwrap();
    }
    desk.plan("terminated-contractor").await.unwrap();
    let digest = desk.log.read(|state| state.plan.clone().unwrap().1);
    staffed
        .append(Event::RunStarted { plan: digest })
        .await
        .unwrap();
    let fault = desk.withdraw("okta", "c", "a namesake").await.unwrap_err();
    assert_eq!(fault.code(), "no-account");
    desk.withdraw("okta", "b", "a namesake").await.unwrap();
    let summary = desk.summary();
    assert_eq!(summary.accounts, [account("a")]);
    assert_eq!(summary.withdrawn, [account("b")]);
    assert_eq!(summary.door_list.len(), 1);
    assert!(head(&summary, &jiff::tz::TimeZone::UTC).contains("b at okta"));
    assert!(
        summary
            .blind
            .iter()
            .all(|line| !line.contains("blind of b"))
    );
    assert_eq!(summary.run, cordon::case::state::RunPhase::Cancelled);
    let (plan, ..) = desk.replan("terminated-contractor").await.unwrap();
    let text = serde_json::to_string(&plan).unwrap();
    assert!(text.contains("id-a") && !text.contains("id-b"), "{text}");
    let told = desk.timeline().unwrap();
    let told = told
        .iter()
        .any(|moment| moment.text.contains("withdrawn: a namesake"));
    assert!(told, "the timeline says why");
}

#[tokio::test]
async fn doors_that_an_inventory_did_not_reach_are_dated() {
    let (staffed, evidence) = with_candidates(&["a"]).await;
    let desk = &staffed.desk;
    desk.choose("okta", "a", "seen", false).await.unwrap();
    let mut found = door("okta.account", "a", &evidence);
    found.account = "id-a".into();
    staffed.append(Event::DoorFound(found)).await.unwrap();
    let said = || cordon::app::summary::inventory(&desk.summary());
    assert!(!said().contains("as of"), "{}", said());
    let failed = Event::InventoryFailed {
        account: account("a"),
        why: "It did not answer.".to_owned(),
    };
    staffed.append(failed).await.unwrap();
    let at = desk.log.read(|state| state.evidence[&evidence].at);
    let dated = format!("open, as of {}", cordon::time::utc(at));
    assert!(said().contains(&dated), "{}", said());
}

#[tokio::test]
async fn a_run_is_set_aside_and_the_new_plan_made_in_one_append() {
    let (staffed, evidence) = with_candidates(&["a"]).await;
    let desk = &staffed.desk;
    desk.choose("okta", "a", "seen", false).await.unwrap();
    let mut found = door("okta.account", "a", &evidence);
    found.account = "id-a".into();
    staffed.append(Event::DoorFound(found)).await.unwrap();
    let read = Event::InventoryRead {
        account: account("a"),
        doors: 1,
        completeness: Vec::new(),
        blind: Vec::new(),
    };
    staffed.append(read).await.unwrap();
    let (_, digest) = desk.plan("terminated-contractor").await.unwrap();
    staffed
        .append(Event::RunStarted { plan: digest })
        .await
        .unwrap();
    let before = staffed.lines();
    let mut lines = desk.log.watch();
    lines.mark_unchanged();
    let watching = tokio::spawn(async move {
        lines.changed().await.unwrap();
        *lines.borrow()
    });
    tokio::task::yield_now().await;
    let fault = desk.plan("terminated-contractor").await.unwrap_err();
    assert_eq!(fault.code(), "run-begun", "not without being told to");
    let (_, _, rest) = desk.replan("terminated-contractor").await.unwrap();
    assert!(!rest.only_looks() && rest.passed.is_empty(), "{rest:?}");
    assert_eq!(watching.await.unwrap(), before + 2, "both lines at once");
    let entries = desk.log.entries().unwrap();
    let last: Vec<_> = entries
        .iter()
        .rev()
        .take(2)
        .map(|entry| &entry.event)
        .collect();
    assert!(matches!(
        last[..],
        [Event::PlanMade { .. }, Event::RunCancelled { .. }]
    ));
}
