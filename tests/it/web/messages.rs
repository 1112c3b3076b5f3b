//! Messages that wait: who sees them, what opening and setting aside does, and what they never tell.

use std::sync::Arc;

use cordon::app::inbox::Departures;
use cordon::case::event::Actor;
use cordon::case::subject::Subject;
use cordon::intake::employment::Employment;
use cordon::intake::{DEPARTURE, Inbox as _, Incoming, Kind, Message};
use http::StatusCode;

use super::Office;

/// A message as the receiver hands it on.
pub(super) fn message(
    office: &Office,
    id: &str,
    kind: Kind,
    emails: &[&str],
    lookup: bool,
) -> Incoming {
    let now = office.app.clock.now();
    Incoming {
        source: "hr".into(),
        received: now,
        message: Message {
            id: id.into(),
            signed_at: None,
            kind,
            subject: Subject {
                emails: emails.iter().map(|&one| one.into()).collect(),
                ..Subject::default()
            },
            effective: Some(now),
            lookup: lookup.then(|| "Nothing says who it is: look it up.".to_owned()),
            employment: Employment::default(),
            notes: Vec::new(),
        },
        route: DEPARTURE.into(),
        headers: Vec::new(),
        body: id.as_bytes().to_vec().into(),
    }
}

pub(super) async fn receive(office: &Office, messages: Vec<Incoming>) -> Arc<Departures> {
    let hub = office.app.hub().unwrap();
    let inbox = Arc::new(Departures::new(Arc::clone(&office.app), hub).unwrap());
    for message in messages {
        inbox.accept(message).await.unwrap();
    }
    inbox.finish().await.unwrap();
    inbox
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_is_opened_on_one_and_another_is_set_aside() {
    let office = Office::new();
    let nobody = message(&office, "1", Kind::Termination, &[], true);
    let other = message(&office, "2", Kind::Termination, &["x@example.test"], true);
    receive(&office, vec![nobody, other]).await;
    let list = office.get("Hua", "/").await.body;
    assert!(
        list.contains("it names nobody") && list.contains("x@example.test"),
        "{list}"
    );
    assert!(!office.get("Leg", "/").await.body.contains("x@example.test"));
    let waiting = office.app.waiting().unwrap();
    let named = |email: bool| {
        let mut all = waiting.iter();
        let one = all
            .find(|one| one.subject.emails.is_empty() != email)
            .unwrap();
        format!("/messages/{}", one.message)
    };
    let page = office.get("Res", &named(false)).await;
    assert!(
        page.body
            .contains("The message names nobody: give one of the two.")
    );
    let open = format!("{}/open", named(false));
    let refused = office.post("Hua", &open, &[]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let done = office.post("Hua", &open, &[("worker_id", "W-7")]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let case = done.headers["location"].to_str().unwrap();
    let state = office.app.peek(case.trim_start_matches("/cases/")).unwrap();
    assert_eq!(state.subject.worker_id.as_deref(), Some("W-7"));
    let entries = office.app.entries(state.case.unwrap().as_str()).unwrap();
    assert_eq!(entries[0].by, Actor::Person("Hua".into()));
    let aside = format!("{}/dismiss", named(true));
    let silent = office.post("Res", &aside, &[("reason", " ")]).await;
    assert_eq!(silent.status, StatusCode::UNPROCESSABLE_ENTITY);
    let done = office
        .post("Res", &aside, &[("reason", "a transfer")])
        .await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    assert!(office.app.waiting().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_reads_of_themself_or_of_a_case_that_is_hidden_from_them() {
    let office = Office::new();
    let leaves = |id, kind| message(&office, id, kind, &["someone@example.test"], false);
    let inbox = receive(
        &office,
        vec![
            leaves("1", Kind::Termination),
            message(
                &office,
                "2",
                Kind::Termination,
                &["someone@example.test"],
                true,
            ),
            message(
                &office,
                "3",
                Kind::Termination,
                &["person@example.test"],
                true,
            ),
        ],
    )
    .await;
    let case = inbox.opened().remove(0);
    let hr = office.get("Hua", "/").await.body;
    assert!(
        hr.contains(case.as_str()) && hr.contains("person@example.test"),
        "{hr}"
    );
    let own = office.get("Sub", "/").await.body;
    assert!(!own.contains("person@example.test"), "{own}");
    let mut waiting = office.app.waiting().unwrap().into_iter();
    let theirs = waiting
        .find(|one| one.subject.emails == ["person@example.test"])
        .unwrap();
    let path = format!("/messages/{}", theirs.message);
    assert_eq!(office.get("Sub", &path).await.status, StatusCode::NOT_FOUND);
    let aside = office
        .post("Sub", &format!("{path}/dismiss"), &[("reason", "x")])
        .await;
    assert_eq!(aside.status, StatusCode::NOT_FOUND);
    let desk = office.app.desk(case.as_str()).unwrap();
    desk.restrict(&["Lea".to_owned()], "need to know")
        .await
        .unwrap();
    drop(desk);
    let hr = office.get("Hua", "/").await.body;
    assert!(!hr.contains(case.as_str()), "{hr}");
    assert_eq!(hr.matches("look it up").count(), 2, "{hr}");
    assert!(office.get("Lea", "/").await.body.contains(case.as_str()));
    // Who is kept out of the case does not learn that something came in about it.
    let desk = office.app.desk(case.as_str()).unwrap();
    desk.unrestrict("over").await.unwrap();
    desk.exclude("Res", "a friend").await.unwrap();
    drop(desk);
    let seen = async |name| {
        office
            .get(name, "/")
            .await
            .body
            .matches("look it up")
            .count()
    };
    assert_eq!((seen("Zoe").await, seen("Res").await), (2, 1));
    // Whom a damaged log keeps out is not known for sure; a case that was handed over keeps out nobody.
    let folder = office.app.case_dir(&case);
    let ledger = folder.join("ledger.jsonl");
    let text = std::fs::read_to_string(&ledger).unwrap();
    let wrong = text.replacen("need to know", "need to kn0w", 1);
    assert_ne!(wrong, text);
    std::fs::write(&ledger, wrong).unwrap();
    assert_eq!((seen("Zoe").await, seen("Res").await), (1, 1));
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!((seen("Zoe").await, seen("Res").await), (2, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_restricted_sender_says_is_not_for_hr_at_large() {
    let office = Office::new();
    let restricted = Incoming {
        route: "suspicion".into(),
        ..message(&office, "1", Kind::Termination, &["x@example.test"], true)
    };
    receive(&office, vec![restricted]).await;
    let waiting = office.app.waiting().unwrap().remove(0);
    let path = format!("/messages/{}", waiting.message);
    for (name, seen) in [("Hua", false), ("Res", true), ("Lea", true)] {
        let list = office.get(name, "/").await.body;
        assert_eq!(list.contains("x@example.test"), seen, "{name}");
        let page = office.get(name, &path).await.status;
        assert_eq!(page == StatusCode::OK, seen, "{name}: {page}");
    }
}
