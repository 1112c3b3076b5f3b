//! What is shown of text from outside: all of it inert, nothing of it hidden, none of it endless.

use axum::body::Body;
use axum::extract::Request;
use cordon::case::event::{Contact, Event};
use cordon::id::ContactId;
use http::StatusCode;

use super::{Office, append, at, at_a_gate};

/// Everything that could act in a page, a template or a terminal.
const BAD: &str =
    "<script>alert(1)</script>{{page.title}}{{> layout}}\u{202e}gpj\u{200b}\" onload='x' `";

fn contact(text: &str, at: jiff::Timestamp) -> Contact {
    Contact {
        id: ContactId::fresh(),
        channel: "email".into(),
        direction: "in".into(),
        from: format!("{BAD} <a@evil.example>"),
        to: Vec::new(),
        sent: None,
        received: at,
        arrivals: Vec::new(),
        subject: BAD.into(),
        text: text.into(),
        evidence: Vec::new(),
        message_id: None,
        thread: Vec::new(),
        indicators: Vec::new(),
        deadlines: Vec::new(),
        demand: false,
        hinted: false,
    }
}

#[tokio::test]
async fn nothing_from_outside_acts_hides_or_fills_a_page() {
    let office = Office::new();
    let title = format!("{BAD}{}", "x".repeat(10_000));
    let desk = office.case(&title).await;
    let label = format!("{BAD}{}", "long ".repeat(2_000));
    at_a_gate(&desk, &label).await;
    append(
        &desk,
        Event::CaseNoted {
            text: BAD.repeat(200),
        },
    )
    .await;
    let body = format!(
        "{BAD}\nsee https://evil.example/path\n{}",
        "y".repeat(10_000)
    );
    append(&desk, Event::ContactRecorded(contact(&body, desk.now()))).await;
    let evidence = desk
        .recorder
        .keep_file(&format!("{BAD}.html"), BAD, "<b>raw</b>".into(), BAD)
        .await
        .unwrap();
    let case = desk.log.case().clone();
    drop(desk);
    for path in [
        "/".to_owned(),
        at(&case, ""),
        at(&case, "/fragment"),
        at(&case, "/gates/go"),
        at(&case, "/contacts"),
        at(&case, "/evidence"),
        at(&case, &format!("/evidence/{evidence}")),
        at(&case, "/log"),
    ] {
        let page = office.get("Leg", &path).await;
        assert_eq!(page.status, StatusCode::OK, "{path} {}", page.body);
        let scripts = page.body.matches("<script").count();
        let ours = page
            .body
            .matches("<script src=\"/assets/live.js\" defer>")
            .count();
        assert_eq!(scripts, ours, "{path}");
        assert!(!page.body.contains("onload='x'"), "{path}");
        assert!(!page.body.contains(['\u{202e}', '\u{200b}']), "{path}");
        assert!(page.body.contains("[U+202E]"), "{path}");
        assert!(
            page.body.contains("{{page.title}}"),
            "{path}: shown, not rendered"
        );
        assert!(!page.body.contains(&"x".repeat(400)), "{path}");
        assert!(!page.body.contains("https://evil.example"), "{path}");
        assert!(
            page.body.len() < 120_000,
            "{path}: {} bytes",
            page.body.len()
        );
    }
    let contacts = office.get("Leg", &at(&case, "/contacts")).await;
    assert!(contacts.body.contains("hxxps"), "defanged");
    assert!(contacts.body.contains("Shown: the first 6000 of"));
    let bytes = office
        .get("Leg", &at(&case, &format!("/evidence/{evidence}/bytes")))
        .await;
    assert_eq!(bytes.body, "<b>raw</b>");
    assert_eq!(bytes.headers["content-type"], "application/octet-stream");
    let name = bytes.headers["content-disposition"].to_str().unwrap();
    assert!(name.starts_with("attachment; filename=\""), "{name}");
    assert!(!name.contains(['<', '\u{202e}']), "{name}");
}

#[tokio::test]
async fn odd_paths_and_forms_are_refused_and_break_nothing() {
    let office = Office::new();
    let desk = office.case("Access review").await;
    let case = desk.log.case().clone();
    at_a_gate(&desk, "x").await;
    drop(desk);
    let id = case.as_str();
    let end = id.get(id.len() - 8..).unwrap();
    for path in [
        format!("/cases/{end}"),
        "/cases/..%2f..%2fetc".to_owned(),
        "/cases/%00".to_owned(),
        "/cases/case_%ff".to_owned(),
        format!("/cases/{}", "a".repeat(5000)),
        at(&case, "/gates/..%2f..%2fgo"),
        at(&case, "/gates/%3Cscript%3E"),
        at(&case, "/clocks/x"),
        at(&case, "/notices/notice_x"),
        at(&case, "/evidence/../../x"),
        at(&case, "/evidence/evidence_00000000000000000000000000/bytes"),
        "/assets/..%2fcase.hbs".to_owned(),
        "/assets/case.hbs".to_owned(),
        "/messages/abcd".to_owned(),
    ] {
        let page = office.get("Lea", &path).await;
        assert!(page.status.is_client_error(), "{path}: {}", page.status);
        assert!(!page.body.contains("{{"), "{path}");
    }
    for query in [
        "?page=99999999999999999999",
        "?page=-1",
        "?page=%00&kind=%3Cb%3E",
        "?kind=nothing",
    ] {
        let page = office.get("Lea", &at(&case, &format!("/log{query}"))).await;
        assert_eq!(page.status, StatusCode::OK, "{query}");
    }
    for body in [
        vec![b'a'; 3 << 20],
        b"\xff\xfe=%zz&csrf".to_vec(),
        Vec::new(),
    ] {
        let request = Request::post(at(&case, "/gates/go"));
        let answer = office.ask(Some("Lea"), request, Body::from(body)).await;
        assert!(answer.status.is_client_error(), "{}", answer.status);
    }
}
