//! Finding accounts, doors and events, and saying what could not be seen.

use std::collections::BTreeSet;

use cordon::case::subject::{KnownAccount, Subject};
use cordon::provider::{Confidence, Provider, Window};
use cordon::providers::okta::SPEC;
use cordon::range::company::Person;
use cordon::time::{Clock, SystemClock};
use jiff::SignedDuration;

use super::Stage;

fn subject(person: &Person) -> Subject {
    Subject {
        worker_id: Some(person.worker_id.clone()),
        emails: vec![person.email.clone()],
        display_name: Some(person.name.clone()),
        accounts: Vec::new(),
    }
}

#[test]
fn the_table_at_the_head_is_the_descriptors() {
    let source = include_str!("../../../src/providers/okta.rs");
    let rows: Vec<&str> = source
        .lines()
        .filter(|line| line.starts_with("//! | `okta."))
        .collect();
    let expected: Vec<String> = SPEC
        .doors
        .iter()
        .map(|kind| {
            let close = kind
                .close
                .map_or("a person".to_owned(), |close| format!("`{close}`"));
            let undo = kind
                .undo
                .map_or("none".to_owned(), |undo| format!("`{undo}`"));
            format!(
                "//! | `{}` | {} | {close} | `{}` | {undo} | `{}` |",
                kind.name,
                kind.class.word(),
                kind.probe,
                kind.scope
            )
        })
        .collect();
    assert_eq!(rows, expected);
    for kind in SPEC.doors {
        assert!(
            kind.after
                .iter()
                .all(|after| SPEC.door_kind(after).is_some()),
            "{}",
            kind.name
        );
    }
}

#[test]
fn what_people_read_of_okta_has_no_marks_of_where_it_was_read() {
    let text = serde_json::to_string(&SPEC).unwrap();
    for mark in ["[k]", "[v:", "[?]"] {
        assert!(!text.contains(mark), "{mark}: {text}");
    }
}

#[tokio::test]
async fn every_door_of_the_account_is_found_over_small_pages() {
    let stage = Stage::set().await;
    let inventory = stage.inventory(&stage.company.subject).await;
    let count = |kind: &str| {
        inventory
            .doors
            .iter()
            .filter(|door| door.kind == kind)
            .count()
    };
    for (kind, wanted) in [
        ("okta.account", 1),
        ("okta.session", 1),
        ("okta.client_token", 2),
        ("okta.grant", 4),
        ("okta.api_token", 1),
        ("okta.device", 2),
        ("okta.admin_role", 3),
        ("okta.group_role", 1),
        ("okta.factor", 2),
        ("okta.app_session", 4),
    ] {
        assert_eq!(count(kind), wanted, "{kind}");
    }
    // A custom role goes by its own name: `CUSTOM` is what all of them are.
    let roles = inventory.doors.iter();
    let roles: Vec<&str> = roles
        .filter(|door| door.kind == "okta.admin_role")
        .map(|door| door.label.as_str())
        .collect();
    assert!(roles.contains(&"Access review operator"), "{roles:?}");
    assert!(!roles.contains(&"CUSTOM"), "{roles:?}");
    assert_eq!(inventory.doors.len(), 21);
    let ids: BTreeSet<_> = inventory.doors.iter().map(|door| &door.id).collect();
    assert_eq!(ids.len(), 21, "two doors have the same id");
    for list in &inventory.completeness {
        assert!(list.complete, "{list:?}");
        assert_eq!(list.gaps, Vec::<String>::new());
    }
    let grants = inventory
        .completeness
        .iter()
        .find(|list| list.what == "grants")
        .unwrap();
    assert_eq!(
        (grants.pages, grants.records, grants.cursors.len()),
        (2, 4, 1)
    );
    // The groups are kept: they are the way back.
    let account = inventory
        .doors
        .iter()
        .find(|door| door.kind == "okta.account")
        .unwrap();
    assert_eq!(account.detail["groups"].as_array().unwrap().len(), 6);
    assert!(
        stage
            .world
            .calls()
            .iter()
            .all(|call| call.starts_with("GET")),
        "the inventory wrote"
    );
}

#[tokio::test]
async fn finding_the_same_doors_again_gives_the_same_ids() {
    let stage = Stage::set().await;
    let first = stage.inventory(&stage.company.subject).await.doors;
    let again = stage.inventory(&stage.company.subject).await.doors;
    let ids =
        |doors: &[cordon::door::Door]| doors.iter().map(|door| door.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&first), ids(&again));
}

#[tokio::test]
async fn a_plan_without_devices_is_a_gap_and_not_an_empty_list() {
    let stage = Stage::set().await;
    stage.world.faults(|faults| faults.without_devices = true);
    let inventory = stage.inventory(&stage.company.subject).await;
    assert!(
        !inventory
            .doors
            .iter()
            .any(|door| door.kind == "okta.device")
    );
    let devices = inventory
        .completeness
        .iter()
        .find(|list| list.what == "devices")
        .unwrap();
    assert!(!devices.complete);
    assert!(
        devices.gaps[0].contains("plan does not have this"),
        "{:?}",
        devices.gaps
    );
    // The other lists are there all the same.
    assert_eq!(inventory.doors.len(), 19);
}

#[tokio::test]
async fn an_account_that_a_directory_masters_says_so() {
    let stage = Stage::set().await;
    stage
        .world
        .set_master(&stage.company.subject.okta_id, "ACTIVE_DIRECTORY");
    let inventory = stage.inventory(&stage.company.subject).await;
    let gaps: Vec<_> = inventory
        .completeness
        .iter()
        .flat_map(|list| &list.gaps)
        .collect();
    assert_eq!(gaps.len(), 1);
    assert!(gaps[0].contains("ACTIVE_DIRECTORY") && gaps[0].contains("not written there"));
}

#[tokio::test]
async fn an_unknown_account_is_an_error_and_not_an_empty_inventory() {
    let stage = Stage::set().await;
    let mut account = Stage::account(&stage.company.subject);
    account.id = "00unobody00000000000".to_owned();
    assert_eq!(
        stage
            .okta
            .doors(&account, stage.cx())
            .await
            .unwrap_err()
            .code(),
        "okta-account"
    );
    // An alias of ours is no id.
    account.id = "me".to_owned();
    assert_eq!(
        stage
            .okta
            .doors(&account, stage.cx())
            .await
            .unwrap_err()
            .code(),
        "okta-id"
    );
}

#[tokio::test]
async fn one_person_with_address_and_id_is_one_confirmed_candidate() {
    let stage = Stage::set().await;
    let found = stage
        .okta
        .resolve(&subject(&stage.company.subject), stage.cx())
        .await
        .unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].account.id, stage.company.subject.okta_id);
    assert_eq!(found[0].confidence(), Confidence::Confirmed);
    assert_eq!(found[0].reasons.len(), 2, "{:?}", found[0].reasons);
}

#[tokio::test]
async fn an_id_and_an_address_that_disagree_are_two_candidates_and_no_winner() {
    let stage = Stage::set().await;
    let mut confused = subject(&stage.company.subject);
    confused.emails = vec![stage.company.lookalike.email.to_uppercase()];
    let found = stage.okta.resolve(&confused, stage.cx()).await.unwrap();
    assert_eq!(found.len(), 2);
    assert!(
        found
            .iter()
            .all(|candidate| candidate.confidence() == Confidence::Likely),
        "{found:?}"
    );
    let by_mail = found
        .iter()
        .find(|one| one.account.id == stage.company.lookalike.okta_id)
        .unwrap();
    assert!(
        by_mail.reasons[0].why.contains("another worker id"),
        "{:?}",
        by_mail.reasons
    );
}

#[tokio::test]
async fn a_used_again_id_shows_the_deactivated_account_too() {
    let stage = Stage::set().await;
    let former = stage.company.colleagues[0].okta_id.clone();
    stage
        .world
        .set_profile(&former, "employeeNumber", &stage.company.subject.worker_id);
    stage.world.set_status(&former, "DEPROVISIONED");
    let found = stage
        .okta
        .resolve(&subject(&stage.company.subject), stage.cx())
        .await
        .unwrap();
    assert_eq!(found.len(), 2);
    let old = found.iter().find(|one| one.account.id == former).unwrap();
    assert!(
        old.reasons[0].why.contains("DEPROVISIONED"),
        "{:?}",
        old.reasons
    );
    assert_eq!(old.confidence(), Confidence::Likely);
}

#[tokio::test]
async fn a_second_address_is_a_reason_and_a_name_is_never_one() {
    let stage = Stage::set().await;
    let colleague = stage.company.colleagues[1].okta_id.clone();
    stage
        .world
        .set_profile(&colleague, "secondEmail", "someone@freemail.example");
    let by_second = Subject {
        emails: vec!["someone@freemail.example".into()],
        ..Subject::default()
    };
    let found = stage.okta.resolve(&by_second, stage.cx()).await.unwrap();
    assert_eq!(
        (found.len(), found[0].confidence()),
        (1, Confidence::Likely)
    );

    let by_name = Subject {
        display_name: Some(stage.company.subject.name.clone()),
        ..Subject::default()
    };
    let found = stage.okta.resolve(&by_name, stage.cx()).await.unwrap();
    assert!(found.is_empty(), "a name led to {found:?}");
}

#[tokio::test]
async fn what_an_operator_named_is_looked_up_and_an_alias_of_ours_is_not() {
    let stage = Stage::set().await;
    let named = |login: &str| Subject {
        accounts: vec![KnownAccount {
            provider: "okta".into(),
            login: login.into(),
        }],
        ..Subject::default()
    };
    let found = stage
        .okta
        .resolve(&named(&stage.company.subject.email), stage.cx())
        .await
        .unwrap();
    assert_eq!(
        (found.len(), found[0].confidence()),
        (1, Confidence::Confirmed)
    );
    for login in [
        "me",
        "..",
        "",
        "no.one@tallowmere.example",
        "a/b",
        "x\" or status eq \"ACTIVE",
    ] {
        let found = stage.okta.resolve(&named(login), stage.cx()).await.unwrap();
        assert!(found.is_empty(), "{login}: {found:?}");
    }
}

#[tokio::test]
async fn a_search_text_cannot_widen_the_search() {
    let stage = Stage::set().await;
    let hostile = Subject {
        worker_id: Some("x\" or status eq \"ACTIVE".to_owned()),
        ..Subject::default()
    };
    assert!(
        stage
            .okta
            .resolve(&hostile, stage.cx())
            .await
            .unwrap()
            .is_empty()
    );
    let control = Subject {
        worker_id: Some("x\ny".to_owned()),
        ..Subject::default()
    };
    assert_eq!(
        stage
            .okta
            .resolve(&control, stage.cx())
            .await
            .unwrap_err()
            .code(),
        "okta-search"
    );
}

#[tokio::test]
async fn the_log_is_read_page_by_page_to_its_end() {
    let stage = Stage::set().await;
    let account = Stage::account(&stage.company.subject);
    let now = SystemClock.now();
    let window = Window {
        since: now - SignedDuration::from_hours(24 * 30),
        until: now,
    };
    let mut seen = Vec::new();
    let mut cursor: Option<String> = None;
    let mut pages = 0;
    loop {
        let page = stage
            .okta
            .pull(
                "okta.system_log",
                &account,
                window,
                cursor.as_deref(),
                stage.cx(),
            )
            .await
            .unwrap();
        assert!(page.first <= page.last);
        seen.extend(page.ids);
        pages += 1;
        match page.next {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    // Eight days with a sign-in and a use of an app, and the making of a token; nothing of others.
    assert_eq!((seen.len(), pages), (17, 6));
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 17);
    let call = stage
        .world
        .calls()
        .into_iter()
        .find(|call| call.contains("/logs?"))
        .unwrap();
    for part in ["limit=1000", "sortOrder=ASCENDING", "since=", "until="] {
        assert!(call.contains(part), "{call}");
    }
}

#[tokio::test]
async fn a_page_that_leads_to_itself_is_an_error() {
    let stage = Stage::set().await;
    stage.world.faults(|faults| faults.circle = true);
    let now = SystemClock.now();
    let window = Window {
        since: now - SignedDuration::from_hours(24 * 30),
        until: now,
    };
    let account = Stage::account(&stage.company.subject);
    let answer = stage
        .okta
        .pull("okta.system_log", &account, window, None, stage.cx())
        .await;
    assert_eq!(answer.unwrap_err().code(), "okta-link");
    let session = stage.inventory(&stage.company.subject).await.doors;
    let session = session
        .iter()
        .find(|door| door.kind == "okta.session")
        .unwrap();
    assert_eq!(
        stage
            .okta
            .probe(session, stage.cx())
            .await
            .unwrap_err()
            .code(),
        "okta-link"
    );
}

#[tokio::test]
async fn an_unknown_trail_is_refused() {
    let stage = Stage::set().await;
    let now = SystemClock.now();
    let window = Window {
        since: now,
        until: now,
    };
    let account = Stage::account(&stage.company.subject);
    let answer = stage
        .okta
        .pull("okta.other", &account, window, None, stage.cx())
        .await;
    assert_eq!(answer.unwrap_err().code(), "trail");
}
