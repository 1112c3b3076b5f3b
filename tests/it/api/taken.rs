//! What people bring and take back by programs: accounts, recalls, mails, documents, trails, notes.

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cordon::access::Role;
use cordon::case::event::Event;
use cordon::case::state::Phase;
use cordon::provider::{Account, Candidate, Confidence, Reason};
use cordon::secret::SecretString;
use serde_json::{Value, json};

use super::{Place, request};

impl Place {
    async fn get(&self, role: Role, path: &str) -> (u16, Value) {
        self.call(role, "GET", path, &Value::Null).await
    }

    async fn post(&self, role: Role, path: &str, body: Value) -> (u16, Value) {
        self.call(role, "POST", path, &body).await
    }

    /// What the log of a case says, each line as its event.
    fn events(&self, case: &str) -> Vec<(String, Event)> {
        let entries = self.app.entries(case).unwrap().into_iter();
        entries
            .map(|entry| (entry.by.to_string(), entry.event))
            .collect()
    }
}

async fn candidates(place: &Place, case: &str) {
    let desk = place.app.desk(case).unwrap();
    let kept = desk
        .recorder
        .keep_file("members.json", "application/json", "[]".into(), "Members");
    let evidence = kept.await.unwrap();
    let candidate = |login: &str, confidence| Candidate {
        account: Account {
            provider: "github".into(),
            id: format!("id of {login}"),
            login: login.into(),
        },
        reasons: vec![Reason {
            why: "a verified address".into(),
            confidence,
            evidence: evidence.clone(),
        }],
        emails: vec!["person@corp.example".into()],
    };
    let found = Event::IdentityCandidates {
        provider: "github".into(),
        candidates: vec![
            candidate("one", Confidence::Confirmed),
            candidate("two", Confidence::Weak),
        ],
    };
    desk.log.append(&desk.by, vec![found]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_is_chosen_among_the_candidates_and_taken_back() {
    let place = Place::new();
    let case = place.case().await;
    candidates(&place, &case).await;
    let path = format!("/cases/{case}/candidates");
    let (status, page) = place.get(Role::Legal, &format!("{path}?limit=1")).await;
    assert_eq!(status, 200, "{page}");
    assert_eq!(page["items"][0]["account"]["login"], "one", "{page}");
    assert_eq!(page["items"][0]["chosen"], false);
    let next = page["next"].as_str().unwrap();
    let (_, rest) = place
        .get(Role::Legal, &format!("{path}?cursor={next}"))
        .await;
    assert_eq!(rest["items"][0]["confidence"], "weak", "{rest}");
    assert!(rest["next"].is_null());
    assert_eq!(place.get(Role::Hr, &path).await.0, 403);

    let accounts = format!("/cases/{case}/accounts");
    let choose =
        |login: &str| json!({ "provider": "github", "login": login, "reason": "HR named it" });
    assert_eq!(
        place.post(Role::Legal, &accounts, choose("one")).await.0,
        403
    );
    assert_eq!(
        place
            .post(Role::Responder, &accounts, choose("three"))
            .await
            .0,
        422
    );
    let silent = json!({ "provider": "github", "login": "one", "reason": " " });
    assert_eq!(place.post(Role::Responder, &accounts, silent).await.0, 422);
    let (status, choice) = place.post(Role::Responder, &accounts, choose("one")).await;
    assert_eq!((status, &choice["new"]), (200, &json!(true)), "{choice}");
    let (status, again) = place.post(Role::Responder, &accounts, choose("one")).await;
    assert_eq!((status, &again["new"]), (200, &json!(false)), "{again}");
    // Another one beside it has to be meant.
    assert_eq!(
        place
            .post(Role::Responder, &accounts, choose("two"))
            .await
            .0,
        422
    );
    let also = json!({ "provider": "github", "login": "two", "reason": "both", "also": true });
    assert_eq!(place.post(Role::Responder, &accounts, also).await.0, 200);

    let withdraw = format!("{accounts}/withdraw");
    let back =
        |account: &str| json!({ "provider": "github", "account": account, "reason": "not theirs" });
    assert_eq!(place.post(Role::Hr, &withdraw, back("two")).await.0, 403);
    assert_eq!(
        place
            .post(Role::Responder, &withdraw, back("three"))
            .await
            .0,
        422
    );
    let (status, account) = place.post(Role::Responder, &withdraw, back("two")).await;
    assert_eq!(
        (status, &account["login"]),
        (200, &json!("two")),
        "{account}"
    );
    let state = place.app.peek(&case).unwrap();
    let logins: Vec<_> = state.accounts.iter().map(|one| &one.login).collect();
    assert_eq!(logins, ["one"]);
    let by = |(by, event): &(String, Event)| {
        matches!(event, Event::IdentityChosen { .. }) && by == "Kim responder"
    };
    assert_eq!(
        place.events(&case).iter().filter(|one| by(one)).count(),
        2,
        "the log names who chose"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whom_a_case_may_be_about_too_is_recorded_listed_and_dismissed() {
    let place = Place::new();
    let case = place.case().await;
    let leads = format!("/cases/{case}/leads");
    let lead = |person: Value| json!({ "person": person, "reason": "one address" });
    let nobody = lead(json!({ "display_name": "Kim" }));
    assert_eq!(place.post(Role::IncidentLead, &leads, nobody).await.0, 422);
    let one = lead(json!({ "emails": ["kim.auditor@corp.example"] }));
    assert_eq!(
        place.post(Role::Responder, &leads, one.clone()).await.0,
        403
    );
    let (status, made) = place.post(Role::IncidentLead, &leads, one).await;
    assert_eq!(status, 201, "{made}");
    assert_eq!(
        made["by"],
        json!({ "person": "Kim incident_lead" }),
        "{made}"
    );
    let (status, all) = place.get(Role::Responder, &leads).await;
    assert_eq!((status, &all["items"]), (200, &json!([made])), "{all}");
    let end = format!("{leads}/{}/dismiss", made["lead"].as_str().unwrap());
    let why = json!({ "reason": "a shared house" });
    assert_eq!(place.post(Role::Legal, &end, why.clone()).await.0, 403);
    let (status, gone) = place.post(Role::IncidentLead, &end, why.clone()).await;
    assert_eq!(
        (status, &gone["dismissed"]),
        (200, &why["reason"]),
        "{gone}"
    );
    assert_eq!(place.post(Role::IncidentLead, &end, why).await.0, 422);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hr_takes_a_case_back_and_makes_a_link_that_is_told_once() {
    let place = Place::new();
    let case = place.case().await;
    let links = format!("/cases/{case}/recall-links");
    for bad in [0, 721, 70_000] {
        let (status, said) = place.post(Role::Hr, &links, json!({ "hours": bad })).await;
        assert_eq!(status, 422, "{said}");
    }
    assert_eq!(place.post(Role::Auditor, &links, json!({})).await.0, 403);
    let ask = async || {
        let asked = request(Role::Hr, "POST", &links).header("idempotency-key", "k1");
        let asked = asked.body(Body::from(json!({ "hours": 2 }).to_string()));
        place.send(asked.unwrap()).await
    };
    let (status, made, _) = ask().await;
    assert_eq!(status, 201, "{made}");
    let link = made["link"].as_str().unwrap().to_owned();
    let (base, token) = link.split_once("/recall/").unwrap();
    assert!(base.starts_with("http") && token.len() == 43, "{link}");
    // The same request makes no second link, and the first is kept nowhere to be told again.
    let (status, again, headers) = ask().await;
    assert_eq!(status, 409, "{again}");
    assert_eq!(headers["idempotency-replayed"], "true");
    assert!(!again.to_string().contains(token));
    let token = SecretString::from(token.to_owned());
    assert_eq!(place.app.recall_behind(&token).unwrap().0.as_str(), case);
    // Lost on its way: it works no more, and neither is it used up twice.
    let lost = place.post(Role::Legal, &links, json!({})).await.1;
    let name = lost["name"].as_str().unwrap();
    let withdraw = format!("{links}/{name}/withdraw");
    let why = json!({ "reason": "sent to the wrong address" });
    assert_eq!(
        place.post(Role::Executive, &withdraw, why.clone()).await.0,
        403
    );
    let blank = json!({ "reason": " " });
    assert_eq!(place.post(Role::Hr, &withdraw, blank).await.0, 422);
    for stranger in ["000000000000", "0", "%e2%80%ae"] {
        let path = format!("{links}/{stranger}/withdraw");
        assert_eq!(place.post(Role::Hr, &path, why.clone()).await.0, 422);
    }
    let (status, gone) = place.post(Role::Hr, &withdraw, why.clone()).await;
    assert_eq!((status, &gone["name"]), (200, &lost["name"]), "{gone}");
    assert_eq!(place.post(Role::Hr, &withdraw, why).await.0, 422);
    let (_, lost) = lost["link"]
        .as_str()
        .unwrap()
        .split_once("/recall/")
        .unwrap();
    assert!(place.app.recall_behind(&lost.to_owned().into()).is_err());
    assert!(place.app.recall_behind(&token).is_ok());
    let made = place.events(&case).into_iter().find_map(|(by, event)| {
        let noted = matches!(&event, Event::CaseNoted { text } if text.contains("was made"));
        noted.then_some(by)
    });
    assert_eq!(made.as_deref(), Some("Kim hr"));

    let recall = format!("/cases/{case}/recall");
    let why = json!({ "reason": "the wrong person" });
    assert_eq!(
        place.post(Role::Executive, &recall, why.clone()).await.0,
        403
    );
    let blank = json!({ "reason": " \n" });
    assert_eq!(place.post(Role::Hr, &recall, blank).await.0, 422);
    let long = json!({ "reason": "x".repeat(1001) });
    assert_eq!(place.post(Role::Hr, &recall, long).await.0, 422);
    let (status, recalled) = place.post(Role::Hr, &recall, why.clone()).await;
    assert_eq!((status, &recalled["undo"]), (200, &json!([])), "{recalled}");
    assert_eq!(place.app.peek(&case).unwrap().phase, Phase::Held);
    let undo = format!("/cases/{case}/undo");
    let (status, ways) = place.get(Role::Responder, &undo).await;
    assert_eq!((status, &ways["items"]), (200, &json!([])), "{ways}");
    assert_eq!(place.get(Role::Hr, &undo).await.0, 403);
}

const MAIL: &str = "From: Someone <someone@mail.example>\r\nTo: kim@corp.example\r\nSubject: Hello\r\nDate: Fri, 12 Mar 2027 21:00:00 +0000\r\nMessage-ID: <1@mail.example>\r\n\r\nSend 2 BTC within 24 hours, or the data is published.\r\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mails_documents_and_trails_are_taken_in_as_they_are() {
    let place = Place::new();
    let case = place.case().await;
    let mails = format!("/cases/{case}/mails");
    let mail = json!({ "name": "demand.eml", "bytes": STANDARD.encode(MAIL) });
    assert_eq!(place.post(Role::Legal, &mails, mail.clone()).await.0, 403);
    let (status, contact) = place.post(Role::Responder, &mails, mail.clone()).await;
    assert_eq!(
        (status, &contact["demand"]),
        (201, &json!(true)),
        "{contact}"
    );
    let (_, again) = place.post(Role::Responder, &mails, mail).await;
    assert_eq!(again["id"], contact["id"], "the same bytes are one contact");
    assert!(
        place.app.peek(&case).unwrap().sanctions_hold.is_some(),
        "a demand opens the hold"
    );
    for bad in [
        json!({ "name": "x.eml", "bytes": "not base64" }),
        json!({ "name": "", "bytes": STANDARD.encode(MAIL) }),
        json!({ "name": "x.eml", "bytes": "" }),
    ] {
        let (status, said) = place.post(Role::Responder, &mails, bad).await;
        assert_eq!(status, 422, "{said}");
    }

    let evidence = format!("/cases/{case}/evidence");
    // Larger than a body without a file may be.
    let bytes = vec![7_u8; 2 << 20];
    let letter = json!({ "name": "letter.pdf", "title": "A letter of the authority\u{202e}",
        "bytes": STANDARD.encode(&bytes) });
    assert_eq!(
        place.post(Role::Auditor, &evidence, letter.clone()).await.0,
        403
    );
    let (status, kept) = place.post(Role::Responder, &evidence, letter).await;
    assert_eq!(
        (status, &kept["bytes"]),
        (201, &json!(bytes.len())),
        "{kept}"
    );
    assert!(!kept["title"].as_str().unwrap().contains('\u{202e}'));
    let id = kept["id"].as_str().unwrap();
    let (_, held) = place
        .get(Role::Auditor, &format!("{evidence}/{id}/bytes"))
        .await;
    assert_eq!(held["bytes"], STANDARD.encode(&bytes));
    let empty = json!({ "name": "a", "title": "a", "bytes": "" });
    assert_eq!(place.post(Role::Responder, &evidence, empty).await.0, 422);
    let huge = request(Role::Responder, "POST", &evidence).body(Body::from(vec![b' '; 45 << 20]));
    assert_eq!(place.send(huge.unwrap()).await.0, 413);

    let trails = format!("/cases/{case}/trails");
    let odd = json!({ "name": "odd.json", "bytes": STANDARD.encode("{\"a\":1}\n") });
    assert_eq!(place.post(Role::Hr, &trails, odd.clone()).await.0, 403);
    let (status, read) = place.post(Role::Responder, &trails, odd).await;
    assert_eq!((status, &read["format"]), (201, &Value::Null), "{read}");
    let bad = json!({ "name": "odd.json", "bytes": "%" });
    assert_eq!(place.post(Role::Responder, &trails, bad).await.0, 422);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_timeline_and_the_page_for_the_next_shift_tell_what_was_noted() {
    let place = Place::new();
    let case = place.case().await;
    let notes = format!("/cases/{case}/notes");
    let note = |text: &str| json!({ "text": text });
    assert_eq!(place.post(Role::Executive, &notes, note("x")).await.0, 403);
    for bad in ["", " ", &"x".repeat(2001)] {
        assert_eq!(place.post(Role::Hr, &notes, note(bad)).await.0, 422);
    }
    let (status, kept) = place
        .post(Role::Hr, &notes, note("called the agency"))
        .await;
    assert_eq!(
        (status, &kept["text"]),
        (201, &json!("called the agency")),
        "{kept}"
    );
    let said = json!({ "channel": "call", "direction": "in", "from": "a voice", "text": "hello" });
    let contacts = format!("/cases/{case}/contacts");
    assert_eq!(place.post(Role::Responder, &contacts, said).await.0, 201);

    let timeline = format!("/cases/{case}/timeline");
    assert_eq!(place.get(Role::Executive, &timeline).await.0, 403);
    let (status, whole) = place.get(Role::Auditor, &timeline).await;
    assert_eq!(status, 200, "{whole}");
    let whole = whole["items"].as_array().unwrap().clone();
    assert!(
        whole.iter().any(|one| one["source"] == "contact"),
        "{whole:?}"
    );
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let (_, page) = place
            .get(Role::Auditor, &format!("{timeline}?limit=1{cursor}"))
            .await;
        seen.extend(page["items"].as_array().unwrap().clone());
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, whole, "by pages it is the same");

    let handover = format!("/cases/{case}/handover");
    let (status, page) = place.get(Role::Executive, &handover).await;
    assert_eq!((status, &page["case"]), (200, &json!(case)), "{page}");
    assert!(!page["text"].as_str().unwrap().is_empty());
    assert_eq!(place.get(Role::Hr, &handover).await.0, 403);
}
