//! Every scripted fault does to a caller what its name says, and to the provider's state no more.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ::http::{Method, StatusCode};
use axum::routing::{any, delete, get};
use axum::{Json, Router};
use cordon::http::{CallError, Reply, Request};
use cordon::range::company::{Company, extortion_mail};
use cordon::range::fault::{Faults, Moment, Nth, Trouble};
use cordon::range::server::{Server, serve};
use cordon::time::Timestamp;
use serde_json::{Value, json};

use crate::http::{Memory, client, hasty, log};

/// A list of members, and a call that removes the last.
struct Org {
    members: Arc<Mutex<Vec<u32>>>,
    server: Server,
}

impl Org {
    async fn with(faults: Faults) -> Self {
        let members = Arc::new(Mutex::new((1..=5).collect::<Vec<u32>>()));
        let (listed, removed) = (Arc::clone(&members), Arc::clone(&members));
        let router = Router::new()
            .route(
                "/members",
                get(move || async move {
                    let all: Vec<Value> = listed
                        .lock()
                        .unwrap()
                        .iter()
                        .map(|id| json!({ "id": id }))
                        .collect();
                    Json(all)
                }),
            )
            .route(
                "/members/last",
                delete(move || async move {
                    removed.lock().unwrap().pop();
                    StatusCode::NO_CONTENT
                }),
            );
        let server = serve("org", router, faults, &log()).await.unwrap();
        Self { members, server }
    }

    async fn struck(trouble: Trouble) -> Self {
        Self::with(Faults::none().on_any("/**", Nth::First(1), trouble)).await
    }

    fn count(&self) -> usize {
        self.members.lock().unwrap().len()
    }

    async fn list(&self) -> Result<Reply, CallError> {
        let url = self.server.url().join("members").unwrap();
        client().send(Request::get(url), &Memory::default()).await
    }

    async fn remove(&self) -> Result<Reply, CallError> {
        let url = self.server.url().join("members/last").unwrap();
        hasty()
            .send(Request::write(Method::DELETE, url), &Memory::default())
            .await
    }
}

fn ids(reply: &Reply) -> Vec<u64> {
    let records: Vec<Value> = reply.json().unwrap();
    records
        .iter()
        .map(|record| record["id"].as_u64().unwrap())
        .collect()
}

#[tokio::test]
async fn without_faults_the_router_answers_and_the_log_tells_in_order() {
    let log = log();
    let echo = || Router::new().fallback(any(|| async { "ok" }));
    let one = serve("one", echo(), Faults::none(), &log).await.unwrap();
    let two = serve("two", echo(), Faults::none(), &log).await.unwrap();
    for (server, path) in [(&one, "a?x=1"), (&two, "b"), (&one, "c")] {
        let url = server.url().join(path).unwrap();
        client()
            .send(Request::get(url), &Memory::default())
            .await
            .unwrap();
    }
    let told: Vec<(usize, String, String)> = log
        .calls()
        .into_iter()
        .map(|call| (call.number, call.server, call.path))
        .collect();
    let expected = [(1, "one", "/a"), (2, "two", "/b"), (3, "one", "/c")];
    assert_eq!(
        told,
        expected.map(|(n, server, path)| (n, server.into(), path.into()))
    );
    assert_eq!(one.calls()[0].query.as_deref(), Some("x=1"));
    assert_eq!(one.calls()[1].status, Some(200));
    assert_eq!(one.calls().len(), 2);
}

#[tokio::test]
async fn success_may_be_said_and_nothing_changed() {
    let org = Org::struck(Trouble::nothing_changed(
        StatusCode::NO_CONTENT,
        Value::Null,
    ))
    .await;
    assert_eq!(org.remove().await.unwrap().status, StatusCode::NO_CONTENT);
    assert_eq!(org.count(), 5);
    org.remove().await.unwrap();
    assert_eq!(org.count(), 4, "the second call gets through");
}

#[tokio::test]
async fn it_may_be_gone_before_the_call_came() {
    let org = Org::struck(Trouble::gone()).await;
    assert_eq!(org.remove().await.unwrap().status, StatusCode::NOT_FOUND);
    assert_eq!(org.count(), 5);
}

#[tokio::test]
async fn a_late_completion_is_accepted_now_and_carried_out_later() {
    let org = Org::struck(Trouble::Late(Duration::from_millis(150))).await;
    let reply = org.remove().await.unwrap();
    assert_eq!((reply.status, org.count()), (StatusCode::ACCEPTED, 5));
    let until = Instant::now() + Duration::from_secs(5);
    while org.count() == 5 && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(org.count(), 4);
}

#[tokio::test]
async fn an_answer_may_be_lost_although_it_was_carried_out() {
    for trouble in [Trouble::Reset, Trouble::HangAfter] {
        let org = Org::struck(trouble.clone()).await;
        let error = org.remove().await.unwrap_err();
        assert!(
            matches!(error, CallError::Unclear(_)),
            "{trouble:?} {error:?}"
        );
        assert_eq!(org.count(), 4, "{trouble:?}");
        assert_eq!(
            org.server.calls()[0].status,
            None,
            "the caller never had one"
        );
    }
    let org = Org::struck(Trouble::Hang).await;
    assert!(matches!(org.remove().await, Err(CallError::Unclear(_))));
    assert_eq!(org.count(), 5, "a hang alone changes nothing");
}

#[tokio::test]
async fn a_truncated_page_is_valid_http_and_no_json() {
    let org = Org::struck(Trouble::Truncated).await;
    let reply = org.list().await.unwrap();
    assert_eq!(reply.status, StatusCode::OK);
    let fault = reply.json::<Vec<Value>>().unwrap_err();
    assert!(
        fault.to_string().contains(reply.evidence.as_str()),
        "{fault}"
    );
    assert_eq!(ids(&org.list().await.unwrap()), [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn records_may_come_twice_and_out_of_order() {
    let org = Org::struck(Trouble::Disorder).await;
    assert_eq!(ids(&org.list().await.unwrap()), [5, 4, 4, 3, 2, 1, 1]);
    assert_eq!(ids(&org.list().await.unwrap()), [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn latency_and_slowness_add_up() {
    let slow = Trouble::Slow(Duration::from_millis(60));
    let faults = Faults::none().latency(Duration::from_millis(60)).on(
        Method::GET,
        "/members",
        Nth::Only(2),
        slow,
    );
    let org = Org::with(faults).await;
    for least in [60, 120] {
        let began = Instant::now();
        org.list().await.unwrap();
        assert!(began.elapsed() >= Duration::from_millis(least));
    }
}

#[tokio::test]
async fn rules_strike_by_method_path_and_count() {
    let gone = Trouble::gone;
    for (method, path, nth, struck) in [
        (Method::GET, "/members", Nth::Every, [true, true, true]),
        (Method::GET, "/*", Nth::First(2), [true, true, false]),
        (Method::GET, "/**", Nth::Only(2), [false, true, false]),
        (
            Method::GET,
            "/members/**",
            Nth::From(2),
            [false, true, true],
        ),
        (Method::GET, "/members/*", Nth::Every, [false, false, false]),
        (Method::GET, "/member", Nth::Every, [false, false, false]),
        (
            Method::DELETE,
            "/members",
            Nth::Every,
            [false, false, false],
        ),
    ] {
        let org = Org::with(Faults::none().on(method.clone(), path, nth, gone())).await;
        for expected in struck {
            let reply = org.list().await.unwrap();
            let case = format!("{method} {path} {nth:?}");
            assert_eq!(reply.status == StatusCode::NOT_FOUND, expected, "{case}");
        }
    }
    // The first rule that strikes wins, and every rule counts.
    let faults = Faults::none()
        .on_any("/members", Nth::Only(1), gone())
        .on_any(
            "/members",
            Nth::Only(2),
            Trouble::status(StatusCode::IM_A_TEAPOT),
        );
    let org = Org::with(faults).await;
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(org.list().await.unwrap().status.as_u16());
    }
    assert_eq!(statuses, [404, 418, 200]);
}

#[tokio::test]
async fn a_hook_sees_both_moments_and_can_break_off_at_either() {
    for (moment, left) in [(Moment::Arrived, 5), (Moment::Handled, 4)] {
        let looked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&looked);
        let org = Org::with(Faults::none().hook(move |call, at| {
            count.fetch_add(1, Ordering::SeqCst);
            if call.number == 2 && at == moment {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        }))
        .await;
        org.list().await.unwrap();
        assert_eq!(looked.load(Ordering::SeqCst), 2);
        assert!(matches!(org.remove().await, Err(CallError::Unclear(_))));
        assert_eq!(org.count(), left, "{moment:?}");
        org.list().await.unwrap();
    }
}

#[tokio::test]
async fn a_provider_goes_on_when_the_caller_has_gone() {
    let slow = Arc::new(AtomicUsize::new(0));
    let done = Arc::clone(&slow);
    let router = Router::new().fallback(any(move || async move {
        tokio::time::sleep(Duration::from_millis(300)).await;
        done.fetch_add(1, Ordering::SeqCst);
    }));
    let server = serve("p", router, Faults::none(), &log()).await.unwrap();
    let request = Request::write(Method::POST, server.url().clone());
    let (client, memory) = (client(), Memory::default());
    let arrived = async {
        while server.calls().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        _ = client.send(request, &memory) => panic!("the caller was to go first"),
        () = arrived => {}
    }
    let until = Instant::now() + Duration::from_secs(5);
    while slow.load(Ordering::SeqCst) == 0 && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(slow.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_stopped_server_refuses_and_lets_hanging_callers_go() {
    let org = Org::struck(Trouble::Hang).await;
    let url = org.server.url().join("members/last").unwrap();
    let hanging = tokio::spawn({
        let url = url.clone();
        async move {
            let request = Request::write(Method::DELETE, url);
            client().send(request, &Memory::default()).await
        }
    });
    while org.server.calls().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    org.server.stop().await;
    assert!(matches!(hanging.await.unwrap(), Err(CallError::Unclear(_))));
    let error = client()
        .send(Request::write(Method::DELETE, url), &Memory::default())
        .await
        .unwrap_err();
    assert!(matches!(error, CallError::Unsent(_)), "{error:?}");
}

#[test]
fn the_company_is_whole_and_invented() {
    let company = Company::invented();
    assert_eq!(company, Company::invented());
    let everyone: Vec<_> = company.everyone().collect();
    let distinct = |key: fn(&cordon::range::company::Person) -> String| {
        let mut keys: Vec<String> = everyone.iter().map(|person| key(person)).collect();
        keys.sort();
        keys.dedup();
        keys.len() == everyone.len()
    };
    assert!(distinct(|person| person.worker_id.clone()));
    assert!(distinct(|person| person.email.clone()));
    assert!(distinct(|person| person.okta_id.clone()));
    assert!(distinct(|person| person.github_login.clone()));
    assert!(distinct(|person| person.github_id.to_string()));
    for person in everyone {
        assert!(person.email.ends_with(&format!("@{}", company.domain)));
        assert_eq!(person.okta_id.len(), 20, "as Okta's ids");
    }
    let (subject, lookalike) = (&company.subject, &company.lookalike);
    assert_eq!(
        strsim::damerau_levenshtein(&subject.name, &lookalike.name),
        1
    );
    assert!(company.domain.ends_with(".example"));
}

#[test]
fn the_demand_is_a_mail_with_an_attachment_and_a_wallet_that_no_network_takes() {
    let now: Timestamp = "2027-03-13T02:34:11Z".parse().unwrap();
    let raw = extortion_mail(&Company::invented(), now);
    let mail = mail_parser::MessageParser::default().parse(&raw).unwrap();
    assert!(mail.message_id().is_some());
    assert_eq!(mail.date().unwrap().to_timestamp(), now.as_second() - 41);
    assert!(mail.received().is_some());
    let text = mail.body_text(0).unwrap();
    assert!(
        text.contains("72 hours") && text.contains("2027-03-16T02:34:11Z"),
        "{text}"
    );
    let wallet = text
        .split_whitespace()
        .find(|word| word.starts_with("bc1"))
        .unwrap();
    assert!(bech32::segwit::decode(wallet).is_err(), "{wallet}");
    let attachment = mail.attachment(0).unwrap();
    assert!(attachment.contents().starts_with(b"PK\x03\x04"));
    let listed = String::from_utf8_lossy(attachment.contents()).into_owned();
    assert!(listed.contains("proof/list.txt") && listed.contains("tide-engine/src/solver.rs"));
    for line in raw.split(|byte| *byte == b'\n') {
        assert!(line.len() <= 998, "RFC 5322 line length");
    }
}
