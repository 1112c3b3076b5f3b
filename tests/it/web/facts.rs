//! Facts in the pages: what a lawyer records stands there with its evidence, and no more than that.

use axum::http::StatusCode;

use super::{Office, at};

#[tokio::test]
async fn a_fact_is_recorded_with_its_evidence_shown_and_taken_back() {
    let office = Office::new();
    let desk = office.case("Access review 1").await;
    let case = desk.log.case().clone();
    let item = desk
        .recorder
        .keep_file("note.txt", "text/plain", "note".into(), "A note")
        .await
        .unwrap();
    let facts = at(&case, "/facts");
    let say = |standing, evidence| {
        [
            ("key", "company.name"),
            ("value", "Larch <b>Example</b>, Inc."),
            ("standing", standing),
            ("evidence", evidence),
        ]
    };
    let bare = office.post("Leg", &facts, &say("fact", "")).await;
    assert_eq!(bare.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        bare.body
            .contains("Without evidence this cannot stand as fact"),
        "{}",
        bare.body
    );
    let unknown = office
        .post("Leg", &facts, &say("fact", "ev_00000000000000000000000000"))
        .await;
    assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY);
    let done = office
        .post("Leg", &facts, &say("fact", item.as_str()))
        .await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let page = office.get("Leg", &facts).await.body;
    assert!(
        page.contains("Larch &lt;b&gt;Example&lt;/b&gt;, Inc."),
        "{page}"
    );
    assert!(page.contains(&format!("/evidence/{item}")), "{page}");
    let (_, draft) = desk.draft("ic3").await.unwrap();
    assert!(
        draft.text.contains("Larch \\<b\\>Example\\</b\\>, Inc.[e"),
        "{}",
        draft.text
    );
    let back = [
        ("key", "company.name"),
        ("reason", "it was another company"),
    ];
    let done = office
        .post("Leg", &at(&case, "/facts/withdraw"), &back)
        .await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let again = office
        .post("Leg", &at(&case, "/facts/withdraw"), &back)
        .await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    let page = office.get("Leg", &facts).await.body;
    assert!(!page.contains("Larch"), "{page}");
}

#[tokio::test]
async fn a_suspicion_needs_no_evidence_and_is_marked_and_the_log_is_not_overruled() {
    let office = Office::new();
    let desk = office.case("Access review 1").await;
    let case = desk.log.case().clone();
    let facts = at(&case, "/facts");
    let say = |key, standing| {
        [
            ("key", key),
            ("value", "Larch Example, Inc."),
            ("standing", standing),
        ]
    };
    let log = office
        .post("Leg", &facts, &say("case.title", "suspicion"))
        .await;
    assert_eq!(log.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(log.body.contains("comes from the log"), "{}", log.body);
    let none = office
        .post("Leg", &facts, &say("company.nme", "suspicion"))
        .await;
    assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(none.body.contains("company.name"), "{}", none.body);
    let done = office
        .post("Leg", &facts, &say("company.name", "suspicion"))
        .await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let (id, draft) = desk.draft("ic3").await.unwrap();
    assert!(
        draft.text.contains("(suspicion) Larch Example, Inc."),
        "{}",
        draft.text
    );
    // What changed since is told, and nothing else.
    assert_eq!(desk.notice_worded(&id).unwrap().changes, Some(Vec::new()));
    desk.fact_withdraw("company.name", "not so").await.unwrap();
    let changes = desk.notice_worded(&id).unwrap().changes.unwrap();
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert_eq!(changes[0].key, "company.name");
    assert_eq!(changes[0].after, None);
    // Counsel's analysis is not told on a notice that is not privileged.
    let say = [
        ("key", "sanctions.analysis"),
        ("value", "Quince Example weighs it."),
        ("standing", "suspicion"),
    ];
    let done = office.post("Leg", &facts, &say).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let worded = desk.notice_worded(&id).unwrap();
    let told: Vec<&str> = (worded.changes.iter().flatten())
        .map(|change| change.key.as_str())
        .collect();
    assert_eq!(told, ["company.name"]);
    let page = office
        .get("Leg", &at(&case, &format!("/notices/{id}")))
        .await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(!page.body.contains("Quince"), "{}", page.body);
}

#[tokio::test]
async fn wording_that_may_not_stand_is_told_with_its_place_and_cannot_be_approved() {
    let office = Office::new();
    let desk = office.case("Access review 1").await;
    let item = desk
        .recorder
        .keep_file("note.txt", "text/plain", "note".into(), "A note")
        .await
        .unwrap();
    let said = cordon::case::event::Statement {
        apart: None,
        key: "company.name".into(),
        value: "Larch Example, visited by a hacker".into(),
        de: None,
        pt: None,
        standing: cordon::case::event::Standing::Fact,
        evidence: vec![item],
        note: String::new(),
    };
    desk.fact_record(said).await.unwrap();
    let (id, draft) = desk.draft("ic3").await.unwrap();
    assert!(
        draft.findings.iter().any(|one| one.words == "hacker"),
        "{:?}",
        draft.findings
    );
    let page = office
        .get("Leg", &at(desk.log.case(), &format!("/notices/{id}")))
        .await
        .body;
    assert!(
        page.contains("Has to be changed") && page.contains("“hacker”"),
        "{page}"
    );
    let key = std::path::PathBuf::from("never-read");
    let refused = desk
        .approve_notice(&id, "Leg", &key, "read")
        .await
        .unwrap_err();
    assert_eq!(refused.code(), "wording", "{refused}");
    assert_eq!(refused.place(), Some("attribution"));
}
