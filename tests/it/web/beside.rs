//! What is done beside a run: accounts chosen, recall links made, determinations put in, exports taken.

use cordon::case::event::{Determination, Event};
use cordon::case::state::Phase;
use cordon::evidence::verify::{self, Anchors};
use cordon::id::DeterminationId;
use cordon::provider::{Account, Candidate, Confidence, Reason};

use super::*;

/// What reads as markup, hides and escapes.
const BAD: &str = "x\"><script>alert(1)</script>\u{202e}\u{1b}[2J";

async fn candidates(desk: &Desk) {
    let kept = desk
        .recorder
        .keep_file("members.json", "application/json", "[]".into(), "Members");
    let evidence = kept.await.unwrap();
    let candidate = |login: &str, confidence| Candidate {
        account: Account {
            provider: "github".into(),
            id: format!("id of {}", login.get(..1).unwrap()),
            login: login.into(),
        },
        reasons: vec![Reason {
            why: format!("a name like {BAD}"),
            confidence,
            evidence: evidence.clone(),
        }],
        emails: vec![BAD.into()],
    };
    let candidates = vec![
        candidate("one", Confidence::Confirmed),
        candidate(BAD, Confidence::Weak),
    ];
    let provider = "github".into();
    append(
        desk,
        Event::IdentityCandidates {
            provider,
            candidates,
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_chosen_on_its_page_and_taken_back() {
    let office = Office::new();
    let desk = office.case("Access review").await;
    let case = desk.log.case().clone();
    candidates(&desk).await;
    drop(desk);
    // The page of the case leads there whoever may go.
    for (name, leads) in [("Leg", true), ("Exe", false), ("Hua", false)] {
        let front = office.get(name, &at(&case, "")).await.body;
        let links = |end: &str| front.contains(&format!("href=\"{}\"", at(&case, end)));
        assert_eq!(links("/accounts"), leads, "{name}");
        assert_eq!(links("/recall-links"), name != "Exe", "{name}");
        assert_eq!(links("/sanctions"), name != "Hua", "{name}");
    }
    let page = office.get("Leg", &at(&case, "/accounts")).await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(!page.body.contains("<script>alert"), "{}", page.body);
    assert!(!page.body.contains(['\u{1b}', '\u{202e}']));
    assert!(
        !page.body.contains("/accounts/choose"),
        "legal chooses none"
    );
    let chosen = || {
        let state = office.app.peek(case.as_str()).unwrap();
        let accounts = state.accounts.iter();
        accounts.map(|one| one.login.clone()).collect::<Vec<_>>()
    };
    // A login may hide what it is: forms name accounts by their ids.
    let other = "id of x";
    let choose = at(&case, "/accounts/choose");
    let page = office.get("Res", &at(&case, "/accounts")).await.body;
    assert!(
        page.contains(&choose) && !page.contains("name=\"also\""),
        "{page}"
    );
    assert_eq!(
        page.matches("name=\"provider\" value=\"github\"").count(),
        2,
        "{page}"
    );
    let one = [
        ("provider", "github"),
        ("account", "id of o"),
        ("reason", "HR named it"),
    ];
    let done = office.post("Res", &choose, &one).await;
    assert_eq!(done.status, 303, "{}", done.body);
    assert_eq!(chosen(), ["one"]);
    // Another one beside it has to be meant.
    let page = office.get("Res", &at(&case, "/accounts")).await.body;
    assert_eq!(page.matches("name=\"also\"").count(), 1, "{page}");
    let mut second = vec![
        ("provider", "github"),
        ("account", other),
        ("reason", "both are theirs"),
    ];
    let refused = office.post("Res", &choose, &second).await;
    assert_eq!(refused.status, 422);
    second.push(("also", "yes"));
    assert_eq!(office.post("Res", &choose, &second).await.status, 303);
    assert_eq!(chosen(), ["one", BAD]);
    let page = office.get("Res", &at(&case, "/accounts")).await;
    assert!(!page.body.contains("<script>alert"), "{}", page.body);
    let back = at(&case, "/accounts/withdraw");
    let done = office
        .post(
            "Res",
            &back,
            &[
                ("provider", "github"),
                ("account", other),
                ("reason", "not theirs"),
            ],
        )
        .await;
    assert_eq!(done.status, 303, "{}", done.body);
    assert_eq!(chosen(), ["one"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_a_case_may_be_about_too_is_recorded_on_its_page_and_dismissed() {
    let office = Office::new();
    let desk = office.case("Access review").await;
    let case = desk.log.case().clone();
    drop(desk);
    let leads = at(&case, "/leads");
    let front = office.get("Leg", &at(&case, "")).await.body;
    assert!(front.contains(&format!("href=\"{leads}\"")), "{front}");
    let page = office.get("Leg", &leads).await.body;
    assert!(
        page.contains("too@") && !page.contains("Record somebody"),
        "{page}"
    );
    let nobody = [("reason", "one address"), ("email", " ")];
    assert_eq!(office.post("Lea", &leads, &nobody).await.status, 422);
    let bad = format!("{BAD} one address");
    let lead = [
        ("email", "aud@corp.example"),
        ("provider", "github"),
        ("login", BAD),
        ("reason", &bad),
    ];
    let done = office.post("Lea", &leads, &lead).await;
    assert_eq!(done.status, 303, "{}", done.body);
    let page = office.get("Lea", &leads).await.body;
    assert!(page.contains("aud@corp.example"), "{page}");
    assert!(!page.contains("<script>alert") && !page.contains(['\u{1b}', '\u{202e}']));
    let state = office.app.peek(case.as_str()).unwrap();
    let name = state.leads.last().unwrap().lead.to_string();
    let end = format!("{leads}/{name}/dismiss");
    assert!(page.contains(&end), "{page}");
    let why = [("reason", "a shared house")];
    assert_eq!(office.post("Lea", &end, &why).await.status, 303);
    let page = office.get("Lea", &leads).await.body;
    assert!(
        page.contains("a shared house") && !page.contains(&end),
        "{page}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recall_link_is_shown_once_used_once_and_withdrawn() {
    let office = Office::new();
    let desk = office.case("Access review").await;
    let case = desk.log.case().clone();
    drop(desk);
    let links = at(&case, "/recall-links");
    assert_eq!(
        office.post("Hua", &links, &[("hours", "721")]).await.status,
        422
    );
    let made = office.post("Hua", &links, &[("hours", "24")]).await;
    assert_eq!(made.status, 200, "{}", made.body);
    let token = |body: &str| {
        let (_, rest) = body.split_once("/recall/").unwrap();
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'));
        rest.get(..end.unwrap()).unwrap().to_owned()
    };
    let first = token(&made.body);
    let again = office.get("Hua", &links).await;
    assert!(!again.body.contains(&first), "it is shown once");
    assert!(again.body.contains("it is good until"), "{}", again.body);
    // One that was lost is withdrawn, and works no more.
    let second = token(&office.post("Hua", &links, &[("hours", "24")]).await.body);
    let page = office.get("Hua", &links).await.body;
    let (_, name) = page.split_once("Withdraw ").unwrap();
    let name = name.get(..12).unwrap();
    let end = format!("/recall-links/{name}/withdraw");
    let done = office
        .post(
            "Hua",
            &at(&case, &end),
            &[("reason", "sent to the wrong person")],
        )
        .await;
    assert_eq!(done.status, 303, "{}", done.body);
    let page = office.get("Hua", &links).await.body;
    assert!(page.contains("sent to the wrong person"), "{page}");
    let nobody = |token: &str| {
        let request = Request::post(format!("/recall/{token}"))
            .header("content-type", "application/x-www-form-urlencoded");
        office.ask(None, request, Body::from("reason=HR+says+so"))
    };
    assert_eq!(nobody(&second).await.status, 404);
    assert_eq!(nobody(&first).await.status, 200);
    let state = office.app.peek(case.as_str()).unwrap();
    assert_eq!(state.phase, Phase::Held);
    assert_eq!(nobody(&first).await.status, 404);
    let page = office.get("Hua", &links).await.body;
    assert!(
        page.contains("was used") && !page.contains("/withdraw\""),
        "{page}"
    );
    // No note takes a link's place.
    let forged = format!("The recall link {name} was used.");
    let note = office
        .post("Res", &at(&case, "/do/note"), &[("reason", &forged)])
        .await;
    assert_eq!(note.status, 422, "{}", note.body);
}

async fn bring(office: &Office, name: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
    let part = |head: &str, body: &str| {
        format!("--x\r\nContent-Disposition: form-data; {head}\r\n\r\n{body}\r\n")
    };
    let mut body = part("name=\"csrf\"", CSRF);
    for (name, value) in fields {
        body += &part(&format!("name=\"{name}\""), value);
    }
    body += &part(
        "name=\"file\"; filename=\"memo.pdf\"",
        "%PDF-1.7 what counsel found",
    );
    body += "--x--\r\n";
    let request = Request::post(path).header("content-type", "multipart/form-data; boundary=x");
    office.ask(Some(name), request, Body::from(body)).await
}

/// Puts a determination in that counsel brings; its id.
async fn put_in(office: &Office, case: &CaseId) -> DeterminationId {
    let fields = [
        ("kind", "determination"),
        ("scope", "wages"),
        ("text", BAD),
        ("reason", "counsel read it"),
    ];
    let path = at(case, "/bring/determination");
    let without = bring(office, "Leg", &path, &fields[..2]).await;
    assert_eq!(without.status, 422);
    let put_in = bring(office, "Leg", &path, &fields).await;
    assert_eq!(put_in.status, 303, "{}", put_in.body);
    let state = office.app.peek(case.as_str()).unwrap();
    let (id, put) = state.determinations.first_key_value().unwrap();
    let Determination { kind, scope, .. } = &put.content;
    assert_eq!(
        (kind.as_str(), scope.as_slice()),
        ("determination", &["wages".to_owned()][..])
    );
    assert!(
        state.evidence[&put.content.document].privileged,
        "it is counsel's"
    );
    id.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_determination_needs_two_people_and_ends_no_hold() {
    let office = Office::new();
    let desk = office.case("Access review").await;
    let case = desk.log.case().clone();
    drop(desk);
    let page = office.get("Leg", &at(&case, "/sanctions")).await.body;
    assert!(page.contains("No sanctions hold stands."), "{page}");
    let held = office
        .post(
            "Leg",
            &at(&case, "/sanctions/hold"),
            &[("reason", "suspected")],
        )
        .await;
    assert_eq!(held.status, 303, "{}", held.body);
    let id = put_in(&office, &case).await;
    let record = || {
        let state = office.app.peek(case.as_str()).unwrap();
        (state.determinations[&id].clone(), state.hold.is_some())
    };
    let approve = at(&case, &format!("/sanctions/{id}/approve"));
    // HR decides at gates, and not on this.
    assert_eq!(
        office
            .post("Hua", &approve, &[("reason", "yes")])
            .await
            .status,
        403
    );
    let page = office.get("Exe", &at(&case, "/sanctions")).await.body;
    assert!(
        page.contains(&approve) && !page.contains("<script>alert"),
        "{page}"
    );
    assert_eq!(
        office
            .post("Leg", &approve, &[("reason", "as I found")])
            .await
            .status,
        303
    );
    assert!(record().0.determined.is_none());
    let page = office.get("Leg", &at(&case, "/sanctions")).await.body;
    assert!(
        !page.contains(&approve),
        "whoever decided is not asked again: {page}"
    );
    // The same person twice is one.
    office.post("Leg", &approve, &[("reason", "again")]).await;
    assert!(record().0.determined.is_none());
    assert_eq!(
        office
            .post("Exe", &approve, &[("reason", "I read it")])
            .await
            .status,
        303
    );
    let (last, stands) = record();
    assert!(last.determined.is_some() && stands);
    let page = office.get("Leg", &at(&case, "/contacts")).await.body;
    assert!(
        page.contains("determined") && page.contains("A hold stands"),
        "{page}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_saved_from_the_page_and_verifies() {
    let office = Office::new();
    let desk = office.case("Access review").await;
    let case = desk.log.case().clone();
    drop(desk);
    let page = office.get("Aud", &at(&case, "/evidence")).await.body;
    assert!(
        !page.contains("/export\""),
        "an auditor changes nothing: {page}"
    );
    let request = Request::post(at(&case, "/export"))
        .header("content-type", "application/x-www-form-urlencoded")
        .header(AS, "Leg");
    let body = Body::from(format!("csrf={CSRF}&privileged=yes"));
    let response = office
        .router
        .clone()
        .oneshot(request.body(body).unwrap())
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    let bytes = axum::body::to_bytes(response.into_body(), 64 << 20)
        .await
        .unwrap();
    let to = tempfile::tempdir().unwrap();
    let folder = unzipped(&bytes, to.path());
    let report = verify::folder_against(&folder, &Anchors::default()).unwrap();
    assert!(report.holds(), "{}", report.text());
}
