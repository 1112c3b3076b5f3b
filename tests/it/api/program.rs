//! What does not hang on a case, and the case as an expert gets it.

use axum::body::Body;
use cordon::access::Role;
use cordon::case::state::RunPhase;
use cordon::evidence::verify::{self, Anchors};
use cordon::signin::token::NewToken;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::{Place, request};
use crate::web::unzipped;

impl Place {
    async fn look(&self, role: Role, path: &str) -> (u16, Value) {
        self.call(role, "GET", path, &Value::Null).await
    }

    async fn tell(&self, role: Role, path: &str, body: Value) -> (u16, Value) {
        self.call(role, "POST", path, &body).await
    }

    fn token(&self, role: Role, purpose: &str) -> String {
        let new = NewToken {
            name: purpose.to_owned(),
            person: format!("Kim {role}"),
            role,
            cases: None,
            days: 1,
        };
        let signin = self.app.signin().unwrap();
        signin.new_token(new, "tester").unwrap().1.id
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_program_knows_is_told() {
    let place = Place::new();
    let (_, providers) = place.look(Role::Responder, "/providers").await;
    let name = |one: &Value| one["name"].as_str().unwrap().to_owned();
    let names: Vec<String> = providers["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(name)
        .collect();
    assert_eq!(names, ["github", "okta"], "{providers}");
    assert!(providers["items"][0]["doors"].as_array().unwrap().len() > 5);

    let (_, playbooks) = place.look(Role::Executive, "/playbooks").await;
    let shipped = &playbooks["items"][0];
    assert_eq!(shipped["playbook"], "terminated-contractor", "{playbooks}");
    let text = shipped["text"].as_str().unwrap();
    let read = cordon::playbook::load("x", text).unwrap();
    assert_eq!(shipped["digest"], read.digest().to_string());

    let (_, duties) = place.look(Role::Legal, "/duties?limit=500").await;
    let ids = duties["items"].as_array().unwrap();
    let ids: Vec<&str> = ids
        .iter()
        .map(|one| one["obligation"]["id"].as_str().unwrap())
        .collect();
    assert!(ids.contains(&"eu.gdpr.33") && ids.len() > 60, "{ids:?}");

    let (status, refused) = place
        .tell(Role::Responder, "/providers/check", json!({}))
        .await;
    assert_eq!(status, 422, "no provider is configured: {refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn access_is_seen_and_taken_away_and_never_given() {
    let place = Place::new();
    let (mine, theirs) = (
        place.token(Role::Responder, "mine"),
        place.token(Role::Legal, "theirs"),
    );
    let ids = |page: &Value| -> Vec<String> {
        let items = page["items"].as_array().unwrap().iter();
        let mut ids: Vec<String> = items
            .map(|one| one["id"].as_str().unwrap().to_owned())
            .collect();
        ids.sort();
        ids
    };
    let (_, own) = place.look(Role::Responder, "/me/tokens").await;
    assert_eq!(ids(&own), std::slice::from_ref(&mine), "{own}");
    let (_, all) = place.look(Role::Auditor, "/tokens").await;
    let mut both = [mine.clone(), theirs.clone()];
    both.sort();
    assert_eq!(ids(&all), both);
    // Another's token is no token.
    let path = format!("/me/tokens/{theirs}/revoke");
    let (status, refused) = place.tell(Role::Responder, &path, json!({})).await;
    assert_eq!(
        (status, &refused["title"]),
        (404, &json!("There is no such token."))
    );
    let path = format!("/me/tokens/{mine}/revoke");
    assert_eq!(place.tell(Role::Responder, &path, json!({})).await.0, 200);
    let path = format!("/tokens/{theirs}/revoke");
    assert_eq!(
        place.tell(Role::Administrator, &path, json!({})).await.0,
        200
    );
    assert!(place.app.signin().unwrap().tokens(None).unwrap().is_empty());

    let token = place.token(Role::Hr, "hr");
    let (_, people) = place.look(Role::Auditor, "/people").await;
    assert_eq!(people["items"][0]["state"], "not invited", "{people}");
    let somebody = json!({ "name": "Kim hr" });
    let (status, gone) = place
        .tell(Role::Administrator, "/people/revoke", somebody)
        .await;
    assert_eq!((status, &gone["revoked"]), (200, &json!("Kim hr")));
    let left = place.app.signin().unwrap().tokens(None).unwrap();
    assert!(left.iter().all(|one| one.id != token));
    let nobody = json!({ "name": "Nobody" });
    assert_eq!(
        place
            .tell(Role::Administrator, "/people/revoke", nobody)
            .await
            .0,
        422
    );
    for path in ["/people/invite", "/people/break-glass", "/tokens"] {
        let (status, _) = place
            .tell(Role::Administrator, path, json!({ "name": "Kim hr" }))
            .await;
        assert!(matches!(status, 404 | 405), "{path}: {status}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_case_goes_out_as_a_zip_that_an_expert_verifies() {
    let place = Place::new();
    let case = place.case().await;
    let desk = place.app.desk(&case).unwrap();
    let kept = desk.recorder.for_counsel(true);
    let kept = kept.keep_file("memo.txt", "text/plain", "for counsel".into(), "A memo");
    kept.await.unwrap();
    desk.finish().await.unwrap();
    drop(desk);
    let export = async |role: Role, body: Value| {
        let path = format!("/cases/{case}/export");
        let request = request(role, "POST", &path).body(Body::from(body.to_string()));
        let response = place
            .router
            .clone()
            .oneshot(request.unwrap())
            .await
            .unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 64 << 20).await.unwrap();
        (parts, bytes)
    };
    for (privileged, memos) in [(false, 0), (true, 1)] {
        let (parts, bytes) = export(Role::IncidentLead, json!({ "privileged": privileged })).await;
        assert_eq!(parts.status, 200, "{}", String::from_utf8_lossy(&bytes));
        assert_eq!(parts.headers["content-type"], "application/zip");
        let name = parts.headers["content-disposition"].to_str().unwrap();
        assert!(name.contains(&format!("{case}-export-")), "{name}");
        let to = tempfile::tempdir().unwrap();
        let folder = unzipped(&bytes, to.path());
        let report = verify::folder_against(&folder, &Anchors::default()).unwrap();
        assert!(report.holds(), "{}", report.text());
        assert_eq!(report.withheld, 1 - memos);
    }
    // What is counsel's is for who counsels; nothing is left behind on the disk.
    let (parts, _) = export(Role::Responder, json!({ "privileged": true })).await;
    assert_eq!(parts.status, 403);
    let deliveries = place.app.settings.data.join("deliveries");
    for _ in 0..500 {
        if std::fs::read_dir(&deliveries).unwrap().next().is_none() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert!(std::fs::read_dir(&deliveries).unwrap().next().is_none());

    let (status, report) = place
        .look(Role::Auditor, &format!("/cases/{case}/integrity"))
        .await;
    assert_eq!(
        (status, &report["issue_count"]),
        (200, &json!(0)),
        "{report}"
    );
    assert_eq!(report["evidence"], 3, "{report}");
}

/// What is asked of repositories is refused where it is not what it has to be, before work begins.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn repositories_are_mirrored_from_addresses_and_no_folder() {
    let place = Place::new();
    let case = place.case().await;
    let path = format!("/cases/{case}/repositories");
    for address in ["/etc", "file:///etc", "http://git.example/x.git", "ext::sh"] {
        let body = json!({ "address": address });
        let (status, refused) = place.tell(Role::Responder, &path, body).await;
        assert_eq!(status, 422, "{address}: {refused}");
    }
    let archives = format!("/cases/{case}/archives");
    let none = json!({ "repositories": [] });
    assert_eq!(place.tell(Role::Responder, &archives, none).await.0, 422);
    let (_, work) = place
        .look(Role::Responder, &format!("/cases/{case}/work"))
        .await;
    assert!(work["work"].is_null(), "{work}");
}

/// A run that waits at a gate goes on nowhere: it is set aside, and the plan stays readable.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_waits_is_stopped() {
    let place = Place::new();
    let case = place.case().await;
    let (_, plan) = place
        .look(Role::Legal, &format!("/cases/{case}/plan"))
        .await;
    assert!(plan["plan"].is_null(), "{plan}");
    let desk = place.app.desk(&case).unwrap();
    let digest = crate::web::at_a_gate(&desk, "deploy key").await;
    drop(desk);
    let (_, plan) = place
        .look(Role::Legal, &format!("/cases/{case}/plan"))
        .await;
    assert_eq!(plan["plan"]["digest"], digest.to_string(), "{plan}");
    assert_eq!(plan["plan"]["plan"]["steps"][0]["id"], "go");
    let body = json!({ "reason": "the wrong person" });
    let (status, said) = place
        .tell(Role::Responder, &format!("/cases/{case}/stop"), body)
        .await;
    assert_eq!(status, 200, "{said}");
    let desk = place.app.desk(&case).unwrap();
    let run = desk.log.read(|state| state.run);
    assert_ne!(run, RunPhase::Running);
}
