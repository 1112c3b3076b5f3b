//! The API: who may what, what it answers, once and only once, and that its description is its own.

mod faces;
mod program;
mod review;
mod taken;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::{self, Next};
use cordon::access::{Principal, Role, Via};
use cordon::app::{App, NewCase, Origin};
use cordon::case::event::{Actor, Person};
use cordon::case::subject::Subject;
use cordon::settings::Settings;
use cordon::time::SystemClock;
use cordon::web::api::{description, operations};
use serde_json::{Value, json};
use tower::ServiceExt as _;

/// The API over an empty place, with somebody of every role. Whoever `x-person` names asks, with a
/// token of the role that `x-role` names.
struct Place {
    _folder: tempfile::TempDir,
    app: Arc<App>,
    router: Router,
}

fn person(role: Role) -> Person {
    Person {
        name: format!("Kim {role}"),
        roles: vec![role.name().to_owned()],
        key: String::new(),
        emails: vec![format!("kim-{role}@corp.example")],
        logins: Vec::new(),
    }
}

/// Who asks, by the headers of the test.
fn asks(request: &Request, people: &[Person]) -> Option<Principal> {
    let header = |name: &str| Some(request.headers().get(name)?.to_str().unwrap().to_owned());
    let named = header("x-person")?;
    let person = people.iter().find(|person| person.name == named)?;
    let token = |role: String| Via::Token {
        id: format!("{named} as {role}"),
        role: role.parse().unwrap(),
        cases: header("x-cases").map(|case| [case.parse().unwrap()].into()),
    };
    Some(Principal {
        person: person.clone(),
        via: header("x-role").map_or_else(|| Via::Session("00".to_owned()), token),
    })
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut people: Vec<Person> = Role::ALL.map(person).to_vec();
        for (name, email) in [
            ("Kim twice", "kim-twice@corp.example"),
            ("Kim out", "kim-out@corp.example"),
            ("Kim too", "kim-too@corp.example"),
            ("Kim subject", "person@corp.example"),
        ] {
            people.push(Person {
                name: name.to_owned(),
                roles: Role::ALL.map(|role| role.name().to_owned()).to_vec(),
                emails: vec![email.to_owned()],
                ..person(Role::IncidentLead)
            });
        }
        let settings = Settings {
            data: folder.path().join("data"),
            people: people.clone().into(),
            ..Settings::default()
        };
        let app = Arc::new(App::new(settings, Arc::new(SystemClock)).unwrap());
        let hub = app.hub().unwrap();
        let router = cordon::web::router(Arc::clone(&app), hub).unwrap();
        let sign_in = move |mut request: Request, next: Next| {
            if let Some(principal) = asks(&request, &people) {
                request.extensions_mut().insert(principal);
            }
            next.run(request)
        };
        Self {
            _folder: folder,
            app,
            router: router.layer(middleware::from_fn(sign_in)),
        }
    }

    async fn case(&self) -> String {
        let new = NewCase {
            subject: Subject {
                emails: vec!["person@corp.example".to_owned()],
                ..Subject::default()
            },
            title: None,
            route: "operator".to_owned(),
            effective: None,
            origin: Origin::Subject,
            by: Actor::Operator("tester".to_owned()),
        };
        let desk = self.app.open_case(new).await.unwrap();
        desk.log.case().to_string()
    }

    async fn send(&self, request: Request) -> (u16, Value, BTreeMap<String, String>) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, 64 << 20).await.unwrap();
        let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
            (name.to_string(), value.to_str().unwrap().to_owned())
        };
        let headers = parts.headers.iter().map(header).collect();
        let value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        (parts.status.as_u16(), value, headers)
    }

    async fn call(&self, role: Role, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let request = request(role, method, path).body(Body::from(body.to_string()));
        let (status, value, headers) = self.send(request.unwrap()).await;
        let problem = headers["content-type"] == "application/problem+json";
        assert_eq!(problem, status >= 400, "{status} {value}");
        if problem {
            let kind = value["type"].as_str().unwrap();
            assert!(kind.starts_with("urn:cordon:problem:"), "{value}");
            assert_eq!(value["status"], status);
        }
        (status, value)
    }
}

fn request(role: Role, method: &str, path: &str) -> http::request::Builder {
    Request::builder()
        .method(method)
        .uri(format!("/api/v1{path}"))
        .header("content-type", "application/json")
        .header("x-person", person(role).name)
        .header("x-role", role.name())
}

/// Which roles may do each thing, written out beside the table of the program: a change of either has
/// to be a change of both.
fn may(operation: &str) -> &'static [Role] {
    use Role::{Administrator, Auditor, Executive, Hr, IncidentLead, Legal, Responder};
    match operation {
        "list_people" | "list_tokens" => &[Auditor, Administrator],
        "revoke_person" | "revoke_token" => &[Administrator],
        "me" | "list_cases" | "list_own_tokens" | "revoke_own_token" => {
            &[Responder, IncidentLead, Legal, Hr, Executive, Auditor]
        }
        "show_case" | "show_work" | "list_gates" | "list_clocks" | "list_notices"
        | "show_notice" | "show_review" | "redline_notice" | "export_notice" | "list_instants"
        | "list_duties" | "list_delays" | "show_calendar" | "show_sanctions" | "show_handover"
        | "list_providers" | "list_playbooks" | "list_known_duties" | "show_plan" => {
            &[Responder, IncidentLead, Legal, Executive, Auditor]
        }
        "list_evidence" | "show_evidence" | "evidence_bytes" | "list_log" | "list_contacts"
        | "list_candidates" | "list_leads" | "list_timeline" | "verify_evidence" => {
            &[Responder, IncidentLead, Legal, Auditor]
        }
        "open_case" | "list_messages" | "open_message" | "dismiss_message" => {
            &[Responder, IncidentLead, Hr]
        }
        "hold_case" | "recall_case" | "make_recall_link" | "withdraw_recall_link" | "add_note" => {
            &[Responder, IncidentLead, Legal, Hr]
        }
        "release_case" | "close_case" | "restrict_case" | "unrestrict_case" | "exclude_person"
        | "record_lead" | "dismiss_lead" => &[IncidentLead],
        "make_plan" | "begin_inventory" | "begin_snapshot" | "begin_run" | "begin_verify"
        | "begin_undo" | "stop_work" | "add_contact" | "judge_contact" | "choose_account"
        | "withdraw_account" | "list_undoable" | "import_mail" | "keep_evidence"
        | "import_trail" | "check_providers" | "begin_mirror" | "begin_archive" | "export_case" => {
            &[Responder, IncidentLead]
        }
        "choose_start"
        | "record_receipt"
        | "withdraw_receipt"
        | "withdraw_delay"
        | "draft_notice"
        | "send_notice"
        | "submit_notice"
        | "comment_notice"
        | "resolve_comment"
        | "suggest_words"
        | "take_suggestions"
        | "decline_suggestion"
        | "edit_notice"
        | "attach_file"
        | "detach_file"
        | "dispatch_notice"
        | "record_notice_receipt"
        | "import_word"
        | "record_instant"
        | "withdraw_instant"
        | "answer_question"
        | "record_delay"
        | "hold_claims"
        | "propose_determination"
        | "take_in_bounce"
        | "list_facts"
        | "record_fact"
        | "show_fact"
        | "withdraw_fact" => &[IncidentLead, Legal],
        other => panic!("{other}: nobody said who may"),
    }
}

fn path(template: &str, case: &str) -> String {
    let ev = "ev_00000000000000000000000000";
    template
        .replace("{case}", case)
        .replace("{evidence}", ev)
        .replace("{clock}", "clock_00000000000000000000000000")
        .replace("{contact}", "contact_00000000000000000000000000")
        .replace("{delay}", "1")
        .replace("{instant}", "instant_00000000000000000000000000")
        .replace("{notice}", "notice_00000000000000000000000000")
        .replace("{comment}", "1")
        .replace("{suggestion}", "1")
        .replace("{from}", "first")
        .replace("{to}", "last")
        .replace("{form}", "md")
        .replace("{step}", "go")
        .replace("{fact}", "company.name")
        .replace("{message}", "0123456789ab")
        .replace("{lead}", "lead_00000000000000000000000000")
        .replace("{link}", "0123456789ab")
        .replace("{token}", "0123456789ab")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_is_for_its_roles_and_a_restricted_case_for_who_is_named() {
    let place = Place::new();
    let (open, hidden, named) = (place.case().await, place.case().await, place.case().await);
    let everybody = Role::ALL.map(|role| person(role).name);
    let only = [
        (&hidden, &["Kim twice".to_owned()][..]),
        (&named, &everybody[..]),
    ];
    for (case, people) in only {
        let desk = place.app.desk(case).unwrap();
        desk.restrict(people, "need to know").await.unwrap();
    }
    for operation in operations() {
        let method = operation.method.as_str();
        let of_case = operation.path.contains("{case}");
        for role in Role::ALL {
            // An empty object is a body that most operations refuse: who may not hears that first.
            let odd = json!({ "x": 1 });
            let mut open_to_them = Vec::new();
            for case in [&open, &named] {
                let path = path(operation.path, case);
                let (status, said) = place.call(role, method, &path, &odd).await;
                let asked = format!("{operation:?} as {role} on {path}: {status} {said}");
                if may(operation.name).contains(&role) {
                    assert!(status != 403 && status < 500, "{asked}");
                } else {
                    assert_eq!(status, 403, "{asked}");
                }
                open_to_them.push(status);
            }
            assert_eq!(
                open_to_them[0], open_to_them[1],
                "{operation:?} as {role}: a case that names them is open to them"
            );
            if !of_case {
                continue;
            }
            // A body that the operation would take: what is hidden is not there, whatever was sent.
            let path = path(operation.path, &hidden);
            let whole = body(operation.name);
            let (status, said) = place.call(role, method, &path, &whole).await;
            let expected = if may(operation.name).contains(&role) {
                404
            } else {
                403
            };
            assert_eq!(
                status, expected,
                "{operation:?} as {role} on a hidden case: {said}"
            );
        }
        let path = path(operation.path, &open);
        let nobody = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"));
        let (status, _, headers) = place.send(nobody.body(Body::empty()).unwrap()).await;
        assert_eq!(
            (status, headers["www-authenticate"].as_str()),
            (401, "Bearer")
        );
        // A session of the pages is no token: a form of another site could use it.
        let session = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header("x-person", "Kim twice");
        assert_eq!(
            place.send(session.body(Body::empty()).unwrap()).await.0,
            401
        );
    }
}

/// A body that each operation takes.
fn body(operation: &str) -> Value {
    match operation {
        "begin_inventory" | "begin_run" | "begin_verify" | "begin_snapshot" | "make_plan"
        | "submit_notice" | "resolve_comment" => {
            json!({})
        }
        "comment_notice" | "add_note" => json!({ "text": "x" }),
        "suggest_words" => json!({ "block": 0, "words": "x", "reason": "x" }),
        "take_suggestions" => json!({ "numbers": [1], "reason": "x" }),
        "edit_notice" => {
            json!({ "from": "0".repeat(64), "block": 0, "words": "x", "reason": "x" })
        }
        "attach_file" | "import_word" => json!({ "name": "x.docx", "bytes": "eA==" }),
        "detach_file" => json!({ "name": "x" }),
        "dispatch_notice" => json!({ "how": "post", "to": "x" }),
        "begin_undo" => json!({ "doors": [], "all": true, "reason": "x" }),
        "restrict_case" => json!({ "people": ["Kim twice"], "reason": "x" }),
        "exclude_person" => json!({ "person": "Kim twice", "reason": "x" }),
        "record_lead" => {
            json!({ "person": { "worker_id": "W-2" }, "reason": "one address" })
        }
        "add_contact" => {
            json!({ "channel": "call", "direction": "in", "from": "x", "text": "x" })
        }
        "judge_contact" => json!({ "demand": false, "reason": "x" }),
        "choose_start" => json!({ "start": "2027-03-13T02:34:11Z", "reason": "x" }),
        "record_receipt" | "record_notice_receipt" => json!({ "reference": "x" }),
        "record_instant" => {
            json!({ "what": "suspected", "at": "2026-03-13T02:34:11Z", "note": "x" })
        }
        "answer_question" => {
            json!({ "obligation": "eu.gdpr.33", "question": "controller", "answer": "no", "reason": "x" })
        }
        "record_delay" => json!({
            "authority": "x", "scope": ["eu.gdpr.33"], "from": "2026-03-13T02:34:11Z",
            "until": "2026-04-13T02:34:11Z", "evidence": "ev_00000000000000000000000000",
        }),
        "draft_notice" => json!({ "notice": "ic3" }),
        "record_fact" => {
            json!({ "key": "company.name", "value": "x", "standing": "suspicion" })
        }
        "send_notice" => json!({ "to": ["counsel@corp.example"] }),
        "propose_determination" => {
            json!({ "kind": "licence", "text": "x", "reason": "x", "document": "ev_00000000000000000000000000" })
        }
        "take_in_bounce" => json!({ "message": "x" }),
        "choose_account" => json!({ "provider": "github", "login": "x", "reason": "x" }),
        "withdraw_account" => json!({ "provider": "github", "account": "x", "reason": "x" }),
        "make_recall_link" | "export_case" => json!({}),
        "begin_mirror" => json!({ "address": "https://git.example/x.git" }),
        "begin_archive" => json!({ "repositories": ["corp/x"] }),
        "import_mail" | "import_trail" => json!({ "name": "x", "bytes": "eA==" }),
        "keep_evidence" => json!({ "name": "x", "title": "x", "bytes": "eA==" }),
        _ => json!({ "reason": "x" }),
    }
}

/// A case that somebody may not know of is answered, to the letter, like one that does not exist.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_case_that_is_hidden_is_no_case_for_every_operation() {
    let place = Place::new();
    let (case, other) = (place.case().await, place.case().await);
    let desk = place.app.desk(&case).unwrap();
    desk.exclude("Kim out", "an address in common")
        .await
        .unwrap();
    let too = Subject {
        emails: vec!["kim-too@corp.example".to_owned()],
        ..Subject::default()
    };
    desk.record_lead(too, "an address in common").await.unwrap();
    let none = "case_00000000000000000000000000";
    let hidden = [
        ("Kim subject", None),
        ("Kim out", None),
        ("Kim too", None),
        ("Kim twice", Some(other.as_str())),
        // Whoever has the role, and is not named.
        ("", None),
    ];
    for (name, only) in hidden {
        if name.is_empty() {
            desk.restrict(&["Kim twice".to_owned()], "need to know")
                .await
                .unwrap();
        }
        let lines = desk.log.read(|state| state.lines);
        let about = |operation: &cordon::web::api::Operation| operation.path.contains("{case}");
        for operation in operations().iter().filter(|operation| about(operation)) {
            for role in may(operation.name) {
                let own = person(*role).name;
                let name = if name.is_empty() { &own } else { name };
                let mut said = Vec::new();
                for case in [case.as_str(), none] {
                    let mut request = Request::builder()
                        .method(&operation.method)
                        .uri(format!("/api/v1{}", path(operation.path, case)))
                        .header("content-type", "application/json")
                        .header("x-person", name)
                        .header("x-role", role.name());
                    if let Some(only) = only {
                        request = request.header("x-cases", only);
                    }
                    let body = Body::from(body(operation.name).to_string());
                    let (status, value, _) = place.send(request.body(body).unwrap()).await;
                    said.push((status, value));
                }
                let asked = format!("{operation:?} by {name} as {role}");
                assert_eq!(said[0].0, 404, "{asked}: {said:?}");
                assert_eq!(said[0], said[1], "{asked}");
            }
        }
        assert_eq!(
            desk.log.read(|state| state.lines),
            lines,
            "nothing was written"
        );
    }
    let (status, listed) = place
        .call(Role::IncidentLead, "GET", "/cases", &Value::Null)
        .await;
    assert_eq!(
        (status, listed["items"].as_array().unwrap().len()),
        (200, 1)
    );
}

/// Who has no token is answered before the body is waited for, and who has one in time.
#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_holds_no_place() {
    let place = Place::new();
    let never = || Body::from_stream(futures::stream::pending::<Result<Vec<u8>, std::io::Error>>());
    let nobody = Request::builder()
        .method("POST")
        .uri("/api/v1/cases")
        .header("content-type", "application/json");
    assert_eq!(place.send(nobody.body(never()).unwrap()).await.0, 401);
    let slow = request(Role::Responder, "POST", "/cases");
    assert_eq!(place.send(slow.body(never()).unwrap()).await.0, 408);
}

/// Nobody reads, opens or sets aside what is about themself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_opens_a_case_about_themself() {
    let place = Place::new();
    let own = json!({ "subject": { "emails": ["Person@corp.example"] } });
    let request = Request::builder()
        .method("POST")
        .uri("/api/v1/cases")
        .header("content-type", "application/json")
        .header("x-person", "Kim subject")
        .header("x-role", "incident_lead");
    let (status, said, _) = place
        .send(request.body(Body::from(own.to_string())).unwrap())
        .await;
    assert_eq!(status, 403, "{said}");
    assert!(place.app.list().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_carries_a_request_out_once() {
    let place = Place::new();
    let body = json!({ "subject": { "emails": ["one@corp.example"] } });
    let send = async |key: &str, body: &Value| {
        let request = request(Role::Responder, "POST", "/cases").header("idempotency-key", key);
        place
            .send(request.body(Body::from(body.to_string())).unwrap())
            .await
    };
    let (status, first, headers) = send("k1", &body).await;
    assert_eq!(status, 201, "{first}");
    assert!(!headers.contains_key("idempotency-replayed"));
    let (status, again, headers) = send("k1", &body).await;
    assert_eq!((status, &again), (201, &first));
    assert_eq!(headers["idempotency-replayed"], "true");
    let (status, other, _) = send(
        "k1",
        &json!({ "subject": { "worker_id": "w2", "emails": [] } }),
    )
    .await;
    assert_eq!(status, 422, "{other}");
    assert_eq!(send("k2", &body).await.0, 201);
    assert_eq!(place.app.list().unwrap().len(), 2);
    // Another person's key is another key.
    let theirs = request(Role::Hr, "POST", "/cases").header("idempotency-key", "k1");
    let (status, _, headers) = place
        .send(theirs.body(Body::from(body.to_string())).unwrap())
        .await;
    assert!(status == 201 && !headers.contains_key("idempotency-replayed"));
    let twice = request(Role::Hr, "POST", "/cases")
        .header("idempotency-key", "a")
        .header("idempotency-key", "b");
    assert_eq!(
        place
            .send(twice.body(Body::from(body.to_string())).unwrap())
            .await
            .0,
        422
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_come_by_pages() {
    let place = Place::new();
    for _ in 0..5 {
        place.case().await;
    }
    let get = async |path: &str| place.call(Role::Auditor, "GET", path, &Value::Null).await;
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let (status, page) = get(&format!("/cases?limit=2{cursor}")).await;
        assert_eq!(status, 200, "{page}");
        let items = page["items"].as_array().unwrap();
        seen.extend(
            items
                .iter()
                .map(|item| item["id"].as_str().unwrap().to_owned()),
        );
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let all: Vec<String> = place
        .app
        .list()
        .unwrap()
        .iter()
        .map(|case| case.id.to_string())
        .collect();
    assert_eq!(seen, all);
    for bad in [
        "limit=0",
        "limit=501",
        "limit=x",
        "cursor=x",
        "limit=1&limit=2",
        "colour=red",
    ] {
        let (status, said) = get(&format!("/cases?{bad}")).await;
        assert_eq!(status, 422, "{bad}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_requests_name_the_place() {
    let place = Place::new();
    let case = &place.case().await;
    let get = async |path: &str| place.call(Role::Auditor, "GET", path, &Value::Null).await;
    assert_eq!(
        get(&format!("/cases/{}", case.strip_prefix("case_").unwrap()))
            .await
            .0,
        404,
        "only whole ids"
    );
    let hold = format!("/cases/{case}/hold");
    for (bad, what) in [
        ("{", 422),
        ("{}", 422),
        (r#"{"reason":"x","more":1}"#, 422),
        ("[]", 422),
    ] {
        let request = request(Role::Legal, "POST", &hold)
            .body(Body::from(bad))
            .unwrap();
        let (status, said, _) = place.send(request).await;
        assert_eq!(status, what, "{bad}");
        assert!(
            said["detail"].as_str().unwrap().contains("line 1 column"),
            "{said}"
        );
    }
    let mut form = request(Role::Legal, "POST", &hold)
        .body(Body::from("{}"))
        .unwrap();
    form.headers_mut()
        .insert("content-type", "text/plain".parse().unwrap());
    assert_eq!(place.send(form).await.0, 415);
    let large = request(Role::Legal, "POST", &hold)
        .body(Body::from(vec![b' '; 2 << 20]))
        .unwrap();
    assert_eq!(place.send(large).await.0, 413);
    assert_eq!(
        place
            .call(Role::Legal, "DELETE", &hold, &Value::Null)
            .await
            .0,
        405
    );
    assert_eq!(
        place
            .call(Role::Legal, "GET", "/nowhere", &Value::Null)
            .await
            .0,
        404
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_goes_on_in_the_background_and_says_how_it_ended() {
    let place = Place::new();
    let case = place.case().await;
    let inventory = format!("/cases/{case}/inventory");
    let (status, begun) = place
        .call(Role::Responder, "POST", &inventory, &json!({}))
        .await;
    assert_eq!(
        (status, &begun["by"]),
        (202, &json!("Kim responder")),
        "{begun}"
    );
    let look = format!("/cases/{case}/work");
    let ended = loop {
        let (_, last) = place
            .call(Role::Responder, "GET", &look, &Value::Null)
            .await;
        if last["work"]["ended"].is_string() {
            break last;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    };
    assert!(ended["work"]["end"].is_string(), "{ended}");
    let log = format!("/cases/{case}/log");
    let (_, log) = place.call(Role::Auditor, "GET", &log, &Value::Null).await;
    assert_eq!(log["items"][0]["event"]["kind"], "case.opened", "{log}");
}

/// What programs are told is what the program does; a change of it shows in review.
#[test]
fn the_description_has_not_drifted() {
    let text = serde_json::to_string_pretty(&description()).unwrap();
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("openapi", text));
}
