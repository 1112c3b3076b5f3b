//! Answers that lie, loop, break or leak.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ::http::{Method, StatusCode};
use axum::Router;
use axum::routing::get;
use cordon::door::{DoorState, Link};
use cordon::http::Exchange;
use cordon::provider::{Closing, Provider};
use cordon::range::company::Company;
use cordon::range::fault::{Faults, Nth, Trouble};
use cordon::range::server::{CallLog, serve};
use cordon::secret::ExposeSecret;
use cordon::time::{Clock, SystemClock};
use serde_json::json;

use super::{Bench, provider, settings};
use crate::http::Memory;

/// No list, no proof: when everything answers 404 because we may not look, nothing is closed.
#[tokio::test]
async fn what_is_hidden_from_us_is_unknown_and_never_closed() {
    let bench = Bench::new().await;
    let doors = bench.doors(&bench.subject()).await;
    // The same doors, looked at with a credential that sees nothing of the organization.
    let blind = Bench::with(Company::invented(), Faults::none(), |settings| {
        settings.app = None;
        settings.owner_token = Some(settings.held_tokens.remove(0));
        settings.base_url = bench.server.url().clone();
    })
    .await;
    let stranger = bench.company.subject.github_id;
    bench.world.rename(stranger, "renamed-meanwhile");
    for door in doors.iter().filter(|door| door.link != Link::Unattributed) {
        let probe = blind.github.probe(door, blind.cx()).await.unwrap();
        assert_ne!(
            probe.state,
            DoorState::Closed,
            "{}: {}",
            door.kind,
            probe.why
        );
    }
}

#[tokio::test]
async fn a_list_that_breaks_off_proves_nothing() {
    let faults = Faults::none()
        .on(
            Method::GET,
            "/repos/*/*/keys",
            Nth::From(6),
            Trouble::status(StatusCode::FORBIDDEN),
        )
        .on(
            Method::GET,
            "/orgs/*/hooks",
            Nth::From(2),
            Trouble::Truncated,
        );
    let bench = Bench::with(Company::invented(), faults, |_| {}).await;
    let doors = bench.doors(&bench.subject()).await;
    for kind in ["github.deploy_key", "github.org_hook"] {
        let door = doors.iter().find(|door| door.kind == kind).unwrap();
        let probe = bench.github.probe(door, bench.cx()).await.unwrap();
        assert_eq!(probe.state, DoorState::Unknown, "{kind}: {}", probe.why);
    }
}

#[tokio::test]
async fn a_write_that_breaks_is_unclear_and_a_refusal_is_no_success() {
    let faults = Faults::none()
        .on(
            Method::DELETE,
            "/orgs/*/memberships/*",
            Nth::First(1),
            Trouble::status(StatusCode::BAD_GATEWAY),
        )
        .on(
            Method::DELETE,
            "/orgs/*/memberships/*",
            Nth::Only(2),
            Trouble::status(StatusCode::FORBIDDEN),
        );
    let bench = Bench::with(Company::invented(), faults, |_| {}).await;
    let door = bench.of_kind("github.membership").await.remove(0);
    let closing = bench.github.close(&door, bench.cx()).await.unwrap();
    assert!(matches!(closing, Closing::Unclear { .. }), "{closing:?}");
    let closing = bench.github.close(&door, bench.cx()).await.unwrap();
    assert!(
        matches!(
            closing,
            Closing::Refused {
                evidence: Some(_),
                ..
            }
        ),
        "{closing:?}"
    );
    assert_eq!(bench.world.is_open(&door.kind, &door.native), Some(true));
}

#[tokio::test]
async fn success_without_effect_is_seen_by_the_probe() {
    let deaf = Trouble::nothing_changed(StatusCode::NO_CONTENT, json!(null));
    let faults = Faults::none().on(Method::DELETE, "/orgs/*/memberships/*", Nth::Every, deaf);
    let bench = Bench::with(Company::invented(), faults, |_| {}).await;
    let door = bench.of_kind("github.membership").await.remove(0);
    let closing = bench.github.close(&door, bench.cx()).await.unwrap();
    assert!(matches!(closing, Closing::Accepted { .. }));
    let probe = bench.github.probe(&door, bench.cx()).await.unwrap();
    assert_eq!(probe.state, DoorState::Open);
}

#[tokio::test]
async fn an_ended_installation_token_is_replaced_without_a_failure() {
    let bench = Bench::new().await;
    let door = bench.of_kind("github.pat_grant").await.remove(0);
    bench.world.end_installation_tokens();
    let closing = bench.github.close(&door, bench.cx()).await.unwrap();
    assert!(matches!(closing, Closing::Accepted { .. }), "{closing:?}");
    let minted = bench
        .server
        .calls()
        .iter()
        .filter(|c| c.path.ends_with("/access_tokens"))
        .count();
    assert_eq!(minted, 2);
}

#[tokio::test]
async fn no_secret_reaches_the_evidence() {
    let bench = Bench::new().await;
    let doors = bench.doors(&bench.subject()).await;
    for door in doors.iter().filter(|door| door.link != Link::Unattributed) {
        bench.github.close(door, bench.cx()).await.unwrap();
    }
    let keys = bench.world.keys();
    let secrets = [&keys.owner_token, &keys.subject_token, &keys.private_key];
    let kept = bench.kept.0.lock().unwrap();
    assert!(
        kept.iter()
            .any(|exchange| exchange.credential.contains("held token"))
    );
    for exchange in kept.iter() {
        let Exchange {
            request,
            credential,
            answer,
            ..
        } = exchange;
        // Evidence keeps the digest of a secret body only; the flag is what says so.
        let body = match &request.body {
            Some((_, bytes)) if !request.secret_body => String::from_utf8_lossy(bytes).into_owned(),
            _ => String::new(),
        };
        let answer = answer.as_ref().map_or_else(ToString::to_string, |answer| {
            format!(
                "{:?} {}",
                answer.headers,
                String::from_utf8_lossy(&answer.body)
            )
        });
        let shown = format!(
            "{:?} {} {credential} {body} {answer}",
            request.headers, request.url
        );
        assert!(!request.headers.contains_key("authorization"));
        for secret in secrets {
            assert!(
                !shown.contains(secret.expose_secret()),
                "a secret in {}",
                request.url
            );
        }
        assert!(
            !shown.contains("ghs_"),
            "an installation token in {}",
            request.url
        );
    }
    assert!(!format!("{:?}", bench.github).contains("PRIVATE"));
}

/// A list whose next page is itself, a `Link` to another host, and a page that is no list.
#[tokio::test]
async fn pages_that_run_in_a_circle_or_elsewhere_end() {
    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    let circle = move || {
        count.fetch_add(1, Ordering::SeqCst);
        let link = "<https://evil.invalid/steal?per_page=100&page=2>; rel=\"next\"";
        async move {
            (
                [("link", link)],
                axum::Json(json!([{ "id": 5, "name": "r", "private": true }])),
            )
        }
    };
    let user = || async { axum::Json(json!({ "id": 7, "login": "someone" })) };
    let routes = Router::new()
        .route("/user/{id}", get(user))
        .route("/orgs/{org}/repos", get(circle))
        .route(
            "/orgs/{org}/hooks",
            get(|| async { axum::Json(json!({ "surprise": true })) }),
        );
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let server = serve(
        "odd",
        routes,
        Faults::none(),
        &CallLog::new(Arc::clone(&clock)),
    )
    .await
    .unwrap();
    let bench = Bench::new().await;
    let mut settings = settings(&bench.company, &bench.world);
    settings.base_url = server.url().clone();
    settings.app = None;
    let github = provider(settings, &clock);
    let kept = Memory::default();
    let cx = cordon::provider::Cx {
        witness: &kept,
        clock: &*clock,
    };
    let inventory = github
        .doors(&super::account(7, "someone"), cx)
        .await
        .unwrap();
    // Two pages, then the circle is seen; the foreign host was never called.
    assert_eq!(calls.load(Ordering::SeqCst), 2);
    let repos = inventory
        .completeness
        .iter()
        .find(|c| c.what.starts_with("repositories"))
        .unwrap();
    assert_eq!(
        (repos.records, repos.duplicates, repos.complete),
        (2, 1, false)
    );
    assert!(repos.gaps[0].contains("circle"), "{:?}", repos.gaps);
    let hooks = inventory
        .completeness
        .iter()
        .find(|c| c.what == "webhooks of the organization")
        .unwrap();
    assert!(
        hooks.gaps[0].contains("unexpected shape"),
        "{:?}",
        hooks.gaps
    );
    assert!(
        kept.0
            .lock()
            .unwrap()
            .iter()
            .all(|e| e.request.url.host_str() == Some("127.0.0.1"))
    );
}

#[tokio::test]
async fn a_refused_connection_is_known_not_to_have_been_sent() {
    let bench = Bench::new().await;
    let door = bench.of_kind("github.membership").await.remove(0);
    let dead = Bench::with(Company::invented(), Faults::none(), |settings| {
        // Port 9 of this machine: nobody listens there.
        settings.base_url = url::Url::parse("http://127.0.0.1:9/").unwrap();
    })
    .await;
    let token = dead.github.close(&door, dead.cx()).await.unwrap();
    assert!(matches!(token, Closing::Refused { .. }), "{token:?}");
    let hook = bench.of_kind("github.org_hook").await.remove(0);
    let fault = dead.github.close(&hook, dead.cx()).await.unwrap_err();
    assert_eq!(fault.code(), "call-unsent");
}
