//! What is shown of text from outside: all of it inert, nothing of it hidden, none of it endless.

use axum::body::Body;
use axum::extract::Request;
use cordon::app::Desk;
use cordon::app::revise::{Remarked, Suggested};
use cordon::canon::Digest;
use cordon::case::event::{Attachment, ClockStart, Contact, Event, Outcome, Reading};
use cordon::case::subject::Subject;
use cordon::document::{Change, Document};
use cordon::door::Door;
use cordon::id::{ClockId, ContactId, EvidenceId, NoticeId};
use cordon::intake::Kind;
use cordon::provider::{Account, Candidate, Confidence, Reason};
use http::StatusCode;

use super::matrix::{OF_CASE, ROLES};
use super::messages::{message, receive};
use super::{Office, PEOPLE, append, at, at_a_gate};
use crate::program::Program;

/// Everything that could act in a page, a template or a terminal.
const BAD: &str = "\u{1b}[2J<script>alert(1)</script>{{page.title}}{{> layout}}\u{202e}gpj\u{200b}\" onload='x' `";

/// What a page that shows text from outside does that none may do.
fn wrong(body: &str) -> Vec<String> {
    let scripts = body.matches("<script").count();
    let ours = body.matches("<script src=\"/assets/").count();
    let holds = [
        (scripts == ours, "only scripts of ours"),
        (!body.contains("onload='x'"), "no attribute of theirs"),
        (
            !body.contains(['\u{1b}', '\u{202e}', '\u{200b}']),
            "nothing that steers",
        ),
        (!body.contains(&"x".repeat(400)), "an end of what is long"),
        (!body.contains("https://evil.example"), "no link of theirs"),
        (body.len() < 120_000, "a page that has an end"),
    ];
    let lacks = holds.iter().filter(|(holds, _)| !holds);
    lacks.map(|(_, what)| format!("lacks {what}")).collect()
}

/// What it does not show of such text.
fn hidden(body: &str) -> Vec<String> {
    let shown = ["[U+001B]", "[U+202E]", "{{page.title}}"];
    let hidden = shown.iter().filter(|one| !body.contains(**one));
    hidden.map(|one| format!("does not show {one}")).collect()
}

/// A page that shows text from outside, after a look at what may be in none of them.
async fn inert(office: &Office, name: &str, path: &str) -> String {
    let page = office.get(name, path).await;
    assert_eq!(page.status, StatusCode::OK, "{path} {}", page.body);
    let found = [wrong(&page.body), hidden(&page.body)].concat();
    assert!(found.is_empty(), "{path}: {found:?}");
    page.body
}

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
        inert(&office, "Leg", &path).await;
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
    assert!(!name.contains(['<', '\u{1b}', '\u{202e}']), "{name}");
}

/// A message that waits, in whose every field stands what could act; its path.
async fn waits(office: &Office) -> String {
    let mut odd = message(office, "1", Kind::Other(BAD.into()), &[BAD], true);
    odd.message.subject.worker_id = Some(BAD.into());
    odd.message.subject.display_name = Some(BAD.into());
    odd.message.lookup = Some(BAD.into());
    odd.message.notes = vec![BAD.into()];
    receive(office, vec![odd]).await;
    let waiting = office.app.waiting().unwrap().remove(0);
    format!("/messages/{}", waiting.message)
}

/// A notice on which people said such a thing.
async fn discussed(desk: &Desk) -> NoticeId {
    let (notice, _) = desk.draft("executive").await.unwrap();
    let (record, text) = desk.notice(&notice).unwrap();
    let document = Document::parse(&text);
    let mut blocks = document.blocks.iter();
    let block = blocks
        .find(|block| block.source.starts_with("What was taken?"))
        .unwrap();
    let suggested = Suggested {
        on: Some(record.text),
        change: Change {
            block: block.index,
            before: block.source.clone(),
            after: format!("What was taken? {BAD}"),
        },
        reason: BAD.into(),
        brought: None,
    };
    desk.suggest(&notice, suggested).await.unwrap();
    for block in [Some(block.index), None] {
        let remark = Remarked {
            on: Some(record.text),
            block,
            quote: BAD.into(),
            text: BAD.into(),
            answers: None,
            brought: None,
        };
        desk.comment(&notice, remark).await.unwrap();
    }
    notice
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_and_messages_say_is_as_inert_in_pages_and_in_a_terminal() {
    let office = Office::new();
    let message = waits(&office).await;
    let desk = office.case(BAD).await;
    let plan = at_a_gate(&desk, BAD).await.to_string();
    let notice = discussed(&desk).await;
    let case = desk.log.case().clone();
    let gate = at(&case, "/gates/go");
    for name in ["Leg", "Lea"] {
        let fields = [
            ("plan", plan.as_str()),
            ("decision", "approve"),
            ("reason", BAD),
        ];
        let done = office.post(name, &gate, &fields).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    }
    for act in ["note", "hold", "release"] {
        let path = at(&case, &format!("/do/{act}"));
        let done = office.post("Lea", &path, &[("reason", BAD)]).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    }
    // A way in that a step began to close: undoing it is offered, or why it is not.
    append(&desk, Event::GatePassed { step: "go".into() }).await;
    let outcome = Outcome::Done {
        asked: 1,
        proven: 1,
        note: BAD.into(),
    };
    let step = "go".into();
    append(&desk, Event::StepEnded { step, outcome }).await;
    let door = Door::id_of("github", "github.deploy_key", "1");
    let intended = Event::StepIntended {
        step: "close/1".into(),
        attempt: 1,
        door: Some(door),
        undo: Some(serde_json::json!({})),
    };
    append(&desk, intended).await;
    desk.finish().await.unwrap();
    drop(desk);
    let notice = at(&case, &format!("/notices/{notice}"));
    let log = at(&case, "/log");
    for (name, path) in [
        ("Hua", message.as_str()),
        ("Hua", "/"),
        ("Leg", &gate),
        ("Leg", &log),
        ("Leg", &notice),
        ("Exe", &notice),
        ("Res", &at(&case, "/undo")),
    ] {
        let page = inert(&office, name, path).await;
        let said = page.matches("[U+001B]").count();
        assert!(path != gate || said >= 3, "both reasons, and the way in");
        assert!(path != log || said >= 5, "each reason: {said}");
        assert!(path != notice || said >= 4, "each remark: {said}");
    }
    in_a_terminal(office, case.as_str());
}

/// What the paths of a case lead to that are no pages.
const NO_PAGES: &[&str] = &[
    "/live",
    "/clocks.ics",
    "/notices/{notice}/as/txt",
    "/notices/{notice}/file/{item}",
    "/evidence/{item}/bytes",
];

/// Whoever else may be meant, and why, in words that could act; one of them came to nothing.
async fn leads(desk: &Desk) {
    for number in 1..=2 {
        let person = Subject {
            worker_id: Some(format!("{number} {BAD}")),
            display_name: Some(BAD.into()),
            emails: vec![format!("{BAD}{number}@evil.example")],
            ..Subject::default()
        };
        let lead = desk.record_lead(person, BAD).await.unwrap();
        if number == 2 {
            desk.dismiss_lead(&lead.lead, BAD).await.unwrap();
        }
    }
}

/// An account that a provider names so.
fn candidate(evidence: &EvidenceId) -> Event {
    let account = Account {
        provider: "github".into(),
        id: BAD.into(),
        login: BAD.into(),
    };
    let reason = Reason {
        why: BAD.into(),
        confidence: Confidence::Weak,
        evidence: evidence.clone(),
    };
    Event::IdentityCandidates {
        provider: "github".into(),
        candidates: vec![Candidate {
            account,
            reasons: vec![reason],
            emails: vec![format!("{BAD}@evil.example")],
        }],
    }
}

/// Such words wherever a case keeps words; the names of what its paths end in.
async fn everywhere(desk: &Desk) -> [(&'static str, String); 4] {
    let label = format!("{BAD}{}", "long ".repeat(2_000));
    at_a_gate(desk, &label).await;
    let text = BAD.repeat(200);
    append(desk, Event::CaseNoted { text }).await;
    let body = format!(
        "{BAD}\nsee https://evil.example/path\n{}",
        "y".repeat(10_000)
    );
    append(desk, Event::ContactRecorded(contact(&body, desk.now()))).await;
    let (name, bytes) = (format!("{BAD}.html"), "<b>raw</b>");
    let kept = desk.recorder.keep_file(&name, BAD, bytes.into(), BAD);
    let item = kept.await.unwrap();
    append(desk, candidate(&item)).await;
    leads(desk).await;
    desk.hold_claims(BAD).await.unwrap();
    let notice = discussed(desk).await;
    let attachment = Attachment {
        name: "a.html".into(),
        evidence: item.clone(),
        sha256: Digest::of(bytes.as_bytes()),
    };
    let attached = Event::NoticeAttached {
        notice: notice.clone(),
        attachment,
    };
    append(desk, attached).await;
    let clock = ClockId::of(&["test"]);
    let started = ClockStart {
        id: clock.clone(),
        rule: "test".into(),
        title: BAD.into(),
        basis: BAD.into(),
        seconds: 3600,
        due: None,
        candidates: vec![Reading {
            at: desk.now(),
            how: BAD.into(),
        }],
        doubts: vec![BAD.into()],
        evidence: vec![item.clone()],
    };
    append(desk, Event::ClockStarted(started)).await;
    // The one that goes into a form.
    let (form, _) = desk.draft("ic3").await.unwrap();
    [
        ("{notice}/fields", format!("{form}/fields")),
        ("{clock}", clock.to_string()),
        ("{notice}", notice.to_string()),
        ("{item}", item.to_string()),
    ]
}

/// Every page of a case, for everybody who gets it.
#[tokio::test(flavor = "multi_thread")]
async fn no_page_of_a_case_lets_anything_act() {
    let office = Office::new();
    let title = format!("{BAD}{}", "x".repeat(10_000));
    let desk = office.case(&title).await;
    let names = everywhere(&desk).await;
    let case = desk.log.case().clone();
    drop(desk);
    let (mut found, mut pages) = (Vec::new(), 0);
    for (_, end, expected) in OF_CASE.iter().filter(|(method, ..)| *method == "GET") {
        let gets = ROLES.iter().zip(expected).filter(|(_, gets)| **gets == 200);
        let path = names.iter().fold(at(&case, end), |path, (name, value)| {
            path.replace(name, value)
        });
        for (name, _) in gets {
            if *end == "/live" {
                continue;
            }
            let page = office.get(name, &path).await;
            assert_eq!(page.status, StatusCode::OK, "{name} {path} {}", page.body);
            let media_type = page.headers["content-type"].to_str().unwrap();
            let html = media_type.starts_with("text/html");
            assert_ne!(html, NO_PAGES.contains(end), "{path}: {media_type}");
            if html {
                pages += 1;
                let whole = page.body.starts_with("<!doctype html>");
                assert_ne!(whole, *end == "/fragment", "{path}: {}", page.body);
                let mut all = [wrong(&page.body), hidden(&page.body)].concat();
                // What is approved is read whole; and HR gets a part that has no words of anybody's.
                all.retain(|one| {
                    !(end.starts_with("/notices/{notice}") && one.contains("is long"))
                });
                all.retain(|one| !(*end == "/fragment" && *name == "Hua" && one.contains("show")));
                found.extend(all.iter().map(|one| format!("{name} {end} {one}")));
            }
        }
    }
    assert!(pages > 90, "{pages}");
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// The same case and message, as the command line shows them.
fn in_a_terminal(office: Office, case: &str) {
    // One process at a time has the store.
    let Office {
        app,
        router,
        _dir: dir,
    } = office;
    drop((app, router));
    let people = PEOPLE
        .map(|(name, role, _)| format!("[[people]]\nname = \"{name}\"\nroles = [\"{role}\"]\nemails = [\"{name}@corp.example\"]\n"));
    let config = dir.path().join("cordon.toml");
    let text = format!("data = \"data\"\n{}", people.concat());
    std::fs::write(&config, text).unwrap();
    let program = Program::at(dir.path(), Some(config));
    for (args, least) in [(&["case", "list"][..], 3), (&["status", case], 1)] {
        let ended = program.run(args);
        let said = format!("{}{}", ended.out, ended.err);
        assert!(
            !said.contains(['\u{1b}', '\u{202e}', '\u{200b}']),
            "{said:?}"
        );
        let shown = ended.out.matches("[U+001B]").count();
        assert!(shown >= least, "{args:?}: {shown} in {ended:?}");
    }
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
