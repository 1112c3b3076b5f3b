//! The record behind a thin message, read from a server that answers as the vendors document it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::response::IntoResponse as _;
use serde_json::{Value, json};

use super::*;

/// What a server was asked: method and path, authorization, body.
type Asked = Arc<Mutex<Vec<(String, String, String)>>>;

/// An HR system that answers what stands in the table, and 404.
async fn vendor(answers: &[(&str, u16, Value)]) -> (String, Asked) {
    let table: BTreeMap<String, (u16, Value)> = answers
        .iter()
        .map(|(call, status, value)| ((*call).to_owned(), (*status, value.clone())))
        .collect();
    let asked = Asked::default();
    let heard = Arc::clone(&asked);
    let answer = move |request: Request| {
        let (table, heard) = (table.clone(), Arc::clone(&heard));
        async move {
            let (parts, body) = request.into_parts();
            let body = to_bytes(body, 100_000).await.unwrap();
            let call = format!("{} {}", parts.method, parts.uri);
            let auth = parts.headers.get("authorization");
            let auth = auth.map(|value| value.to_str().unwrap().to_owned());
            let body = String::from_utf8(body.to_vec()).unwrap();
            heard
                .lock()
                .unwrap()
                .push((call.clone(), auth.unwrap_or_default(), body));
            let (status, value) = table.get(&call).cloned().unwrap_or((404, json!({})));
            let status = ::http::StatusCode::from_u16(status).unwrap();
            let mut response = (status, axum::Json(value)).into_response();
            if status.is_redirection() {
                let place = HeaderValue::from_static("http://127.0.0.1:9/elsewhere");
                response.headers_mut().insert("location", place);
            }
            response
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().fallback(answer);
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (format!("http://{address}"), asked)
}

fn config(kind: &str, base: &str, more: &str) -> String {
    format!(
        "[[webhook]]\nname = \"hr\"\nkind = \"{kind}\"\nsecrets = [\"file:SECRET\"]\nzone = \"America/New_York\"\n{more}\n[webhook.api]\nbase_url = \"{base}\"\ncredential = \"file:API\"\n"
    )
}

fn calls(asked: &Asked) -> Vec<String> {
    asked
        .lock()
        .unwrap()
        .iter()
        .map(|(call, ..)| call.clone())
        .collect()
}

// Gusto: the payload is the published example of docs.gusto.com "Employee Events" with another event;
// the record's fields are those of the vendor's description as the crate `gusto-api` 0.7 has them.
fn gusto(event: &str) -> (HeaderMap, Vec<u8>) {
    let body = json!({
        "uuid": format!("u-{event}"), "event_type": event, "resource_type": "Company",
        "resource_uuid": "c-1", "entity_type": "Employee", "entity_uuid": "e-1",
        "timestamp": 1_804_885_200
    })
    .to_string()
    .into_bytes();
    (headers(&[("x-gusto-signature", &hex(&[&body]))]), body)
}

fn gusto_record(terminated: bool, days: &[&str]) -> Value {
    let terminations = days
        .iter()
        .map(|day| json!({ "effective_date": day, "active": true }));
    json!({
        "uuid": "e-1", "first_name": "W", "email": "private@mail.example",
        "work_email": "w@company.example", "department": "Data", "terminated": terminated,
        "terminations": terminations.collect::<Vec<_>>(), "home_address": { "country": "US" }
    })
}

#[tokio::test]
async fn gusto_has_the_last_day_and_the_case_has_the_raw_answer() {
    let record = gusto_record(true, &["2026-01-31", "2027-03-11"]);
    let (base, asked) = vendor(&[("GET /v1/employees/e-1", 200, record.clone())]).await;
    let folder = tempfile::tempdir().unwrap();
    let hr = Hr::new(folder.path(), &config("gusto", &base, ""), "the token");
    let (headers, body) = gusto("employee.terminated_effective");
    assert_eq!(hr.take(&headers, &body).await, Accepted::New);
    let case = hr.case();
    assert_eq!(case.effective.unwrap().to_string(), "2027-03-12T05:00:00Z");
    assert_eq!(
        case.subject.emails,
        ["w@company.example"],
        "never the private address"
    );
    assert_eq!(case.route, "departure");
    let first = &hr.notes()[0];
    assert_eq!(
        first,
        "The change took effect 16 h 0 min before the message came."
    );
    let titles: Vec<&str> = case
        .evidence
        .values()
        .map(|item| item.title.as_str())
        .collect();
    let kept = titles
        .iter()
        .find(|title| title.contains("/v1/employees/e-1"));
    assert!(kept.is_some(), "{titles:?}");
    let digest = cordon::canon::Digest::of(record.to_string().as_bytes());
    assert!(
        case.evidence.values().any(|item| item.sha256 == digest),
        "the bytes as they came"
    );
    let asked = asked.lock().unwrap();
    assert_eq!(asked.len(), 1, "asked once");
    assert_eq!(asked[0].1, "Bearer the token");
    let everything = std::fs::read_dir(folder.path().join("data/messages")).unwrap();
    for file in everything {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        assert!(!text.contains("the token"));
    }
}

#[tokio::test]
async fn a_later_last_day_is_a_later_case_and_a_return_is_a_persons() {
    let folder = tempfile::tempdir().unwrap();
    let record = gusto_record(false, &["2027-03-31"]);
    let (base, _) = vendor(&[("GET /v1/employees/e-1", 200, record)]).await;
    let hr = Hr::new(folder.path(), &config("gusto", &base, ""), "t");
    let (headers, body) = gusto("employee.terminated");
    hr.take(&headers, &body).await;
    assert_eq!(
        hr.case().effective.unwrap().to_string(),
        "2027-04-01T04:00:00Z"
    );

    let folder = tempfile::tempdir().unwrap();
    let record = gusto_record(false, &["2026-01-31"]);
    let (base, _) = vendor(&[("GET /v1/employees/e-1", 200, record)]).await;
    let hr = Hr::new(folder.path(), &config("gusto", &base, ""), "t");
    hr.take(&headers, &body).await;
    assert!(hr.waits().contains("come back"), "{}", hr.waits());
    assert!(hr.app.list().unwrap().is_empty());
}

#[tokio::test]
async fn a_failure_leaves_the_message_to_a_person_with_the_reason() {
    for (status, attempts) in [(404, 1), (302, 1), (401, 1), (500, 4)] {
        let (base, asked) = vendor(&[("GET /v1/employees/e-1", status, json!({"a": 1}))]).await;
        let folder = tempfile::tempdir().unwrap();
        let hr = Hr::new(folder.path(), &config("gusto", &base, ""), "t");
        let (headers, body) = gusto("employee.terminated");
        hr.take(&headers, &body).await;
        assert!(hr.waits().contains("could not be asked"), "{}", hr.waits());
        assert!(hr.waits().contains(&status.to_string()), "{}", hr.waits());
        assert_eq!(calls(&asked).len(), attempts, "{status}");
        assert!(hr.app.list().unwrap().is_empty());
        // A person opens the case: what the HR system answered comes with it.
        let waiting = hr.app.waiting().unwrap();
        let by = cordon::case::event::Actor::Operator("t".into());
        let desk = hr
            .app
            .open_case_on(&waiting[0].message, by, |_| {})
            .await
            .unwrap();
        let kept = desk.log.read(|state| {
            let titles = state.evidence.values().map(|item| item.title.clone());
            titles
                .filter(|title| title.contains("of the HR system"))
                .count()
        });
        assert_eq!(kept, attempts, "{status}");
    }
}

#[tokio::test]
async fn an_id_of_a_message_cannot_lead_the_call_elsewhere() {
    for id in [
        "..",
        ".",
        "../../admin",
        "a/b",
        "?x=1",
        "#",
        "%2e%2e",
        "http://stranger.example/",
    ] {
        let (base, asked) = vendor(&[]).await;
        let folder = tempfile::tempdir().unwrap();
        let hr = Hr::new(folder.path(), &config("gusto", &base, ""), "t");
        let body = json!({ "uuid": "u", "event_type": "employee.terminated", "entity_uuid": id });
        let body = body.to_string().into_bytes();
        hr.take(&headers(&[("x-gusto-signature", &hex(&[&body]))]), &body)
            .await;
        assert!(hr.waits().contains("could not be asked"), "{id}");
        assert!(calls(&asked).is_empty(), "{id}: {:?}", calls(&asked));
    }
}

// HiBob: events and head at apidocs.hibob.com/reference/post_webhook_employee-left; the record by
// "People read API contract" there: fields with dots asked, slashes and `value` answered.
#[tokio::test]
async fn hibob_tells_garden_leave_from_an_end() {
    let body = br#"{"companyId":7,"type":"employee.left","triggeredBy":"system","triggeredAt":"2027-03-12T05:00:00","version":"v2","data":{"employeeId":"3332883"}}"#;
    for (status, opens) in [
        ("terminated", true),
        ("garden leave", false),
        ("parental leave", false),
        ("?", false),
    ] {
        let record = json!({
            "/root/id": { "value": "3332883" }, "/root/email": { "value": "w@company.example" },
            "/internal/lifecycleStatus": { "value": status },
            "/internal/terminationDate": { "value": "2027-03-12" },
            "/work/department": { "value": "Data" }
        });
        let (base, asked) = vendor(&[("POST /v1/people/3332883", 200, record)]).await;
        let folder = tempfile::tempdir().unwrap();
        let hr = Hr::new(
            folder.path(),
            &config("hibob", &base, ""),
            "SERVICE-1:token",
        );
        hr.take(&headers(&[("bob-signature", &sha512(body))]), body)
            .await;
        let (_, auth, asked_for) = asked.lock().unwrap()[0].clone();
        assert_eq!(
            auth,
            format!("Basic {}", STANDARD.encode("SERVICE-1:token"))
        );
        assert!(asked_for.contains("internal.lifecycleStatus"));
        assert_eq!(hr.app.list().unwrap().len(), usize::from(opens), "{status}");
        if opens {
            assert_eq!(
                hr.case().effective.unwrap().to_string(),
                "2027-03-13T05:00:00Z"
            );
        } else {
            assert!(hr.waits().contains(status), "{}", hr.waits());
        }
    }
}

// BambooHR: the payload at documentation.bamboohr.com/docs/webhooks; fields of the record by their
// names in its field list, answers by public clients.
#[tokio::test]
async fn bamboohr_is_asked_for_five_fields_with_its_key() {
    let body = br#"{"type":"employee.updated","timestamp":"2027-03-12T20:59:58Z","data":{"companyId":"1","employeeId":"417","changedFields":["employmentHistoryStatus"]}}"#;
    let stamp = now().as_second().to_string();
    let signed = headers(&[
        ("x-bamboohr-signature", &hex(&[body, stamp.as_bytes()])),
        ("x-bamboohr-timestamp", &stamp),
    ]);
    let call = "GET /acme/api/v1/employees/417?fields=status%2CemploymentHistoryStatus%2CterminationDate%2CworkEmail%2Cdepartment";
    for (history, date, opens) in [
        ("Terminated", "2027-03-12", true),
        ("Contractor", "0000-00-00", false),
    ] {
        let status = if opens { "Inactive" } else { "Active" };
        let record = json!({ "id": "417", "status": status, "employmentHistoryStatus": history, "terminationDate": date, "workEmail": "w@company.example", "department": "Data" });
        let (base, asked) = vendor(&[(call, 200, record)]).await;
        let folder = tempfile::tempdir().unwrap();
        let hr = Hr::new(
            folder.path(),
            &config("bamboohr", &format!("{base}/acme/"), ""),
            "the-key",
        );
        hr.take(&signed, body).await;
        assert_eq!(
            asked.lock().unwrap()[0].1,
            format!("Basic {}", STANDARD.encode("the-key:x"))
        );
        assert_eq!(calls(&asked), [call]);
        assert_eq!(
            hr.app.list().unwrap().len(),
            usize::from(opens),
            "{history}"
        );
        if !opens {
            assert!(hr.waits().contains("Contractor"), "{}", hr.waits());
        }
    }
}

// Finch: paths, request and the fields of an employment by the types of the vendor's client; the
// addresses of an individual were not compared with the vendor's description.
#[tokio::test]
async fn finch_is_asked_twice_and_the_work_address_is_taken() {
    let body = br#"{"company_id":"c","account_id":"a","connection_id":"n","entity_id":"e","event_type":"employment.updated","data":{"individual_id":"i-1"}}"#;
    let stamp = now().as_second().to_string();
    let key = STANDARD.decode(SECRET).unwrap();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).unwrap();
    mac.update(format!("evt_1.{stamp}.").as_bytes());
    mac.update(body);
    let signature = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    let signed = headers(&[
        ("finch-event-id", "evt_1"),
        ("finch-timestamp", &stamp),
        ("finch-signature", &signature),
    ]);
    let one = |body: Value| json!({ "responses": [{ "individual_id": "i-1", "code": 200, "body": body }] });
    let employment = one(
        json!({ "id": "i-1", "employment_status": "terminated", "is_active": false, "end_date": "2027-03-12", "department": { "name": "Data" }, "employment": { "type": "contractor", "subtype": "individual_contractor" } }),
    );
    let individual = one(
        json!({ "id": "i-1", "emails": [{ "data": "private@mail.example", "type": "personal" }, { "data": "w@company.example", "type": "work" }] }),
    );
    let (base, asked) = vendor(&[
        ("POST /employer/employment", 200, employment),
        ("POST /employer/individual", 200, individual),
    ])
    .await;
    let folder = tempfile::tempdir().unwrap();
    let rule = "[[review]]\nname = \"contractors in data\"\nworker_type = \"contractor\"\ngroup = \"data\"";
    let text = format!("{}{rule}\n", config("finch", &base, ""));
    let hr = Hr::new(folder.path(), &text, "the token");
    hr.take(&signed, body).await;
    let case = hr.case();
    assert_eq!(case.subject.emails, ["w@company.example"]);
    assert_eq!(
        case.route, "suspicion",
        "the rule is matched on the record too"
    );
    assert!(
        hr.notes()[0].contains("contractors in data"),
        "{:?}",
        hr.notes()
    );
    for (_, auth, body) in asked.lock().unwrap().iter() {
        assert_eq!(auth, "Bearer the token");
        assert_eq!(body, r#"{"requests":[{"individual_id":"i-1"}]}"#);
    }
}

// Personio: paths and fields of a record as a public client has them from the vendor's descriptions
// `employment-contract-v2` and `persons-service-api-v2`; neither the call for a token nor the inside of
// the webhook is verified.
#[tokio::test]
async fn personio_gives_a_token_first_and_tells_a_move_from_an_end() {
    let body = br#"{"company_id":"77","event_name":"employment.terminated","occurred_at":"2027-03-12T00:00:01Z","payload":{"id":"2306b77a","person":{"id":"5005"}}}"#;
    for (status, ended, opens, waits) in [
        ("INACTIVE", "QUIT", 1, 0),
        ("ACTIVE", "SUB_COMPANY_SWITCH", 0, 0),
        ("ACTIVE", "IRREVOCABLE_SUSPENSION", 0, 1),
        ("LEAVE", "UNSPECIFIED", 0, 1),
    ] {
        let employments = json!({ "_data": [
            { "id": "2306b77a", "status": status, "type": "EXTERNAL", "employment_end_date": "2027-03-12",
              "person": { "id": "5005" }, "org_units": [{ "type": "department", "id": "401" }],
              "termination": { "termination_date": "2027-03-12", "terminated_at": "2027-02-01", "type": ended } },
            { "id": "0", "status": "INACTIVE", "employment_end_date": "2020-01-01" }
        ] });
        let (base, asked) = vendor(&[
            (
                "POST /v2/auth/token",
                200,
                json!({ "access_token": "papi-1", "token_type": "Bearer", "expires_in": 86400 }),
            ),
            (
                "GET /v2/persons/5005",
                200,
                json!({ "id": "5005", "email": "w@company.example" }),
            ),
            ("GET /v2/persons/5005/employments", 200, employments),
        ])
        .await;
        let folder = tempfile::tempdir().unwrap();
        let hr = Hr::new(
            folder.path(),
            &config("personio", &base, "header = \"X-Token\""),
            "client-1:the secret",
        );
        hr.take(&headers(&[("x-token", SECRET)]), body).await;
        assert_eq!(hr.app.list().unwrap().len(), opens, "{ended}");
        assert_eq!(hr.app.waiting().unwrap().len(), waits, "{ended}");
        let asked = asked.lock().unwrap();
        let granted = asked
            .iter()
            .find(|(call, ..)| call.contains("token"))
            .unwrap();
        assert_eq!(
            granted.2,
            "grant_type=client_credentials&client_id=client-1&client_secret=the+secret"
        );
        assert!(
            asked
                .iter()
                .filter(|(call, ..)| call.contains("persons"))
                .all(|(_, auth, _)| auth == "Bearer papi-1")
        );
        let files = hr.messages();
        let record = files.iter().find(|name| name.ends_with(".record")).unwrap();
        let text =
            std::fs::read_to_string(folder.path().join("data/messages").join(record)).unwrap();
        assert!(!text.contains("papi-1") && !text.contains("the secret"));
    }
}

#[test]
fn an_address_that_is_none_or_not_encrypted_is_refused() {
    let parse = |kind: &str, base: &str| {
        let text = config(kind, base, "").replace("file:", "env:");
        Settings::parse(&text, Path::new("cordon.toml")).is_ok()
    };
    assert!(parse("gusto", "https://api.gusto-demo.example"));
    assert!(parse("gusto", "http://127.0.0.1:1234"));
    for base in [
        "http://api.hr.example",
        "api.hr.example",
        "https://u:p@hr.example",
        "https://hr.example?a=b",
        "file:///etc/passwd",
        "ftp://hr.example",
    ] {
        assert!(!parse("gusto", base), "{base}");
    }
    for kind in ["merge", "deel", "standard"] {
        assert!(
            !parse(kind, "https://api.hr.example"),
            "{kind} has no record"
        );
    }
}
