//! Signed messages: what is believed, what is kept, what the sender is told.

use std::collections::HashMap;
use std::process::Command;
use std::sync::{Arc, Mutex};

use ::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use async_trait::async_trait;
use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use cordon::fault::{Fault, Kind as FaultKind, Result};
use cordon::intake::standard_webhooks::{Refusal, Verifier, sign};
use cordon::intake::{
    Accepted, BODY_LIMIT, DEPARTURE, Inbox, Incoming, Kind, Receiver, receiver, worker,
};
use cordon::range::company::Company;
use cordon::range::fault::Faults;
use cordon::range::server::serve;
use cordon::secret::SecretString;
use cordon::time::{Clock, ManualClock, SystemClock, Timestamp};
use jiff::SignedDuration;

use crate::http::log;

const OLD: &str = "whsec_b2xkIHNlY3JldCBvZiB0aGUgSFIgc3lzdGVt";
const NEW: &str = "whsec_bmV3IHNlY3JldCBvZiB0aGUgSFIgc3lzdGVt";

fn secret(text: &str) -> SecretString {
    SecretString::from(text)
}

fn verifier(secrets: &[&str]) -> Verifier {
    let secrets: Vec<SecretString> = secrets.iter().map(|text| secret(text)).collect();
    Verifier::new(&secrets).unwrap()
}

fn now() -> Timestamp {
    "2027-03-12T21:00:00Z".parse().unwrap()
}

fn body() -> Vec<u8> {
    Company::invented().hr_termination(now(), now() + SignedDuration::from_hours(2))
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_str(value).unwrap(),
            )
        })
        .collect()
}

fn signed(secret_text: &str, id: &str, at: Timestamp, body: &[u8]) -> HeaderMap {
    headers(&[
        ("webhook-id", id),
        ("webhook-timestamp", &at.as_second().to_string()),
        (
            "webhook-signature",
            &sign(&secret(secret_text), id, at, body).unwrap(),
        ),
    ])
}

fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    headers.insert(name, HeaderValue::from_str(value).unwrap());
}

#[test]
fn the_published_example_verifies() {
    // The test vector of the specification's reference libraries.
    let body = br#"{"test": 2432232314}"#;
    let at = Timestamp::from_second(1_614_265_330).unwrap();
    let key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    assert_eq!(sign(&secret(key), id, at, body).unwrap(), signature);
    let verified = verifier(&[key])
        .verify(&signed(key, id, at, body), body, at)
        .unwrap();
    assert_eq!((verified.id.as_str(), verified.timestamp), (id, at));
}

#[test]
fn the_tolerance_ends_after_300_seconds_in_both_directions() {
    let body = body();
    let good = signed(OLD, "evt_1", now(), &body);
    let at = |seconds| {
        let clock = now() + SignedDuration::from_secs(seconds);
        verifier(&[OLD]).verify(&good, &body, clock).map(|_| ())
    };
    for within in [-300, -299, 0, 299, 300] {
        assert_eq!(at(within), Ok(()), "{within}");
    }
    assert_eq!(at(301), Err(Refusal::TooOld));
    assert_eq!(at(-301), Err(Refusal::TooNew));
}

#[test]
fn every_byte_that_is_signed_counts() {
    let body = body();
    let good = signed(OLD, "evt_1", now(), &body);
    let verify = |headers: &HeaderMap, body: &[u8]| {
        verifier(&[OLD]).verify(headers, body, now()).map(|_| ())
    };
    assert_eq!(verify(&good, &body), Ok(()));

    for index in [0, body.len() / 2, body.len() - 1] {
        let mut changed = body.clone();
        changed[index] ^= 1;
        assert_eq!(verify(&good, &changed), Err(Refusal::NoMatch));
    }
    let mut longer = body.clone();
    longer.push(b'\n');
    assert_eq!(verify(&good, &longer), Err(Refusal::NoMatch));

    let mut other = good.clone();
    set(&mut other, "webhook-id", "evt_2");
    assert_eq!(verify(&other, &body), Err(Refusal::NoMatch));
    let mut other = good.clone();
    set(
        &mut other,
        "webhook-timestamp",
        &(now().as_second() + 1).to_string(),
    );
    assert_eq!(verify(&other, &body), Err(Refusal::NoMatch));
}

#[test]
fn the_timestamp_is_signed_as_the_text_that_was_sent() {
    let (body, id) = (body(), "evt_1");
    // A number made of this header is the same as without the zero; the text is not.
    let padded = format!("0{}", now().as_second());
    let mut zero = signed(OLD, id, now(), &body);
    set(&mut zero, "webhook-timestamp", &padded);
    assert_eq!(
        verifier(&[OLD]).verify(&zero, &body, now()),
        Err(Refusal::NoMatch),
        "signed without the zero"
    );
    let key = STANDARD
        .decode(OLD.strip_prefix("whsec_").unwrap())
        .unwrap();
    let text = [id.as_bytes(), b".", padded.as_bytes(), b".", &body].concat();
    let mut mac = <hmac::Hmac<sha2::Sha256> as hmac::Mac>::new_from_slice(&key).unwrap();
    hmac::Mac::update(&mut mac, &text);
    let signature = STANDARD.encode(hmac::Mac::finalize(mac).into_bytes());
    set(&mut zero, "webhook-signature", &format!("v1,{signature}"));
    assert!(
        verifier(&[OLD]).verify(&zero, &body, now()).is_ok(),
        "signed with the zero"
    );
}

#[test]
fn secrets_rotate_without_a_gap() {
    let body = body();
    let with = |secrets: &[&str], list: &str| {
        let mut headers = signed(OLD, "evt_1", now(), &body);
        set(&mut headers, "webhook-signature", list);
        verifier(secrets).verify(&headers, &body, now()).is_ok()
    };
    let old = sign(&secret(OLD), "evt_1", now(), &body).unwrap();
    let new = sign(&secret(NEW), "evt_1", now(), &body).unwrap();
    // We know both, the sender uses one; the sender uses both, we know one.
    assert!(with(&[OLD, NEW], &old));
    assert!(with(&[OLD, NEW], &new));
    assert!(with(&[NEW], &format!("{old} {new}")));
    assert!(with(&[OLD], &format!("{new} {old}")));
    assert!(!with(&[NEW], &old));
    // Unknown versions are skipped, wherever they stand, and never counted as good.
    assert!(with(&[OLD], &format!("v1a,{} {old} v2,x", "A".repeat(88))));
    assert!(!with(&[OLD], &old.replace("v1,", "v1a,")));
    assert!(!with(&[OLD], &old.replace("v1,", "v0,")));
}

#[test]
fn signatures_that_are_none_do_not_match() {
    let body = body();
    let good = sign(&secret(OLD), "evt_1", now(), &body).unwrap();
    let encoded = good.strip_prefix("v1,").unwrap();
    let mac: [u8; 32] = STANDARD.decode(encoded).unwrap().try_into().unwrap();
    let short = format!("v1,{}", STANDARD.encode(&mac[..31]));
    let hex = format!("v1,{}", cordon::canon::Digest::from(mac));
    let unpadded = good.trim_end_matches('=');
    let lower = good.to_lowercase();
    for bad in [
        "v1,", "v1", "", ",", "v1,%%%", "v1,AAAA", encoded, unpadded, &lower, &short, &hex,
    ] {
        let mut headers = signed(OLD, "evt_1", now(), &body);
        set(&mut headers, "webhook-signature", bad);
        let result = verifier(&[OLD]).verify(&headers, &body, now());
        assert_eq!(result, Err(Refusal::NoMatch), "{bad}");
    }
}

#[test]
fn headers_that_are_missing_doubled_or_unreadable_are_refused() {
    let body = body();
    let good = signed(OLD, "evt_1", now(), &body);
    let verify = |headers: &HeaderMap| verifier(&[OLD]).verify(headers, &body, now());
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        let mut missing = good.clone();
        missing.remove(name);
        assert_eq!(verify(&missing), Err(Refusal::Header(name)));
        let mut doubled = good.clone();
        doubled.append(name, good[name].clone());
        assert_eq!(verify(&doubled), Err(Refusal::Header(name)));
        let mut binary = good.clone();
        binary.insert(name, HeaderValue::from_bytes(b"\xff\xfe").unwrap());
        assert_eq!(verify(&binary), Err(Refusal::Header(name)));
    }
    for stamp in [
        "",
        "soon",
        "-1",
        "+1804885200",
        "1804885200.5",
        " 1804885200",
        "99999999999999999999",
    ] {
        let mut odd = good.clone();
        set(&mut odd, "webhook-timestamp", stamp);
        assert_eq!(
            verify(&odd),
            Err(Refusal::Header("webhook-timestamp")),
            "{stamp}"
        );
    }
    for id in [String::new(), "x".repeat(257)] {
        let mut odd = good.clone();
        set(&mut odd, "webhook-id", &id);
        assert_eq!(verify(&odd), Err(Refusal::Header("webhook-id")));
    }
}

#[test]
fn secrets_without_bytes_or_base64_are_refused_and_not_repeated() {
    for bad in ["", "whsec_", "whsec_====", "whsec_not*base64", "whsec_ab c"] {
        let fault = Verifier::new(&[secret(OLD), secret(bad)]).unwrap_err();
        assert_eq!(fault.kind(), FaultKind::Input, "{bad}");
        assert!(!fault.to_string().contains("not*base64"));
        assert!(sign(&secret(bad), "id", now(), b"").is_err());
    }
    assert!(Verifier::new(&[]).is_err());
    assert!(
        Verifier::new(&[secret("YWJj")]).is_ok(),
        "the prefix may be missing"
    );
    assert!(
        Verifier::new(&[secret("whsec_YWI")]).is_ok(),
        "so may the padding"
    );
    let shown = format!("{:?}", verifier(&[OLD]));
    assert!(
        !shown.contains("111") && shown.contains("REDACTED"),
        "{shown}"
    );
}

const PYTHON: &str = r"
import sys, datetime
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
does, secret, id, stamp, signature = sys.argv[1:6]
body = sys.stdin.buffer.read().decode()
hook = Webhook(secret)
if does == 'sign':
    print(hook.sign(id, datetime.datetime.fromtimestamp(int(stamp), tz=datetime.timezone.utc), body))
else:
    try:
        hook.verify(body, {'webhook-id': id, 'webhook-timestamp': stamp, 'webhook-signature': signature})
        print('good')
    except WebhookVerificationError as error:
        print('bad')
";

fn python(arguments: &[&str], body: &[u8]) -> String {
    use std::io::Write as _;
    let mut child = Command::new("python3")
        .args(["-c", PYTHON])
        .args(arguments)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(body).unwrap();
    let output = child.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn the_reference_library_agrees_in_both_directions() {
    let installed = Command::new("python3")
        .args(["-c", "import standardwebhooks"])
        .stderr(std::process::Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !installed {
        eprintln!("skipped: python3 has no package `standardwebhooks`");
        return;
    }
    let at = SystemClock.now();
    let stamp = at.as_second().to_string();
    let messages = [
        body(),
        b"{}".to_vec(),
        "{\"n\":\"ž € 😀\"}".into(),
        Vec::new(),
    ];
    for (body, key) in messages
        .into_iter()
        .zip([OLD, NEW, "YWJjZGVm", "whsec_YWI"])
    {
        let ours = sign(&secret(key), "evt_1", at, &body).unwrap();
        let theirs = python(&["sign", key, "evt_1", &stamp, ""], &body);
        assert_eq!(ours, theirs);
        let mut headers = signed(key, "evt_1", at, &body);
        set(&mut headers, "webhook-signature", &theirs);
        assert!(verifier(&[key]).verify(&headers, &body, at).is_ok());
        // Theirs reads the body as JSON once the signature is good.
        if !body.is_empty() {
            let list = format!("v1a,AAAA {ours}");
            assert_eq!(
                python(&["verify", key, "evt_1", &stamp, &list], &body),
                "good"
            );
            assert_eq!(
                python(&["verify", key, "evt_2", &stamp, &list], &body),
                "bad"
            );
        }
    }
}

#[test]
fn the_documented_message_is_read_and_the_rest_is_left_alone() {
    let company = Company::invented();
    let effective = now() + SignedDuration::from_hours(2);
    let message = worker::read(&company.hr_termination(now(), effective), None).unwrap();
    assert_eq!(message.kind, Kind::Termination);
    assert_eq!(
        message.subject.worker_id.as_ref(),
        Some(&company.subject.worker_id)
    );
    assert_eq!(
        message.subject.emails,
        std::slice::from_ref(&company.subject.email)
    );
    assert_eq!(message.effective, Some(effective));
    let recall = worker::read(&company.hr_recall(now(), effective), None).unwrap();
    assert_eq!(recall.kind, Kind::Recall);
    let other = worker::read(br#"{"type":"worker.moved","data":{"floor":3}}"#, None).unwrap();
    assert_eq!(other.kind, Kind::Other("worker.moved".into()));
    assert_eq!(
        worker::read(br#"{"type":"ping"}"#, None).unwrap().kind,
        Kind::Other("ping".into())
    );
}

#[test]
fn messages_that_cannot_be_relied_on_are_refused() {
    let long = format!(
        r#"{{"type":"worker.terminated","data":{{"worker_id":"{}"}}}}"#,
        "x".repeat(257)
    );
    let many = format!(
        r#"{{"type":"worker.terminated","data":{{"emails":[{}]}}}}"#,
        vec![r#""a@b.example""#; 17].join(",")
    );
    let deep = format!("{}1{}", "[".repeat(5000), "]".repeat(5000));
    let deep_inside = format!(r#"{{"type":"x","data":{{"extra":{deep}}}}}"#);
    for (bad, code) in [
        ("", "shape"),
        ("[]", "shape"),
        ("{}", "shape"),
        (r#"{"type":7}"#, "shape"),
        (
            r#"{"type":"worker.terminated","data":{"effective_at":"tomorrow","worker_id":"a"}}"#,
            "shape",
        ),
        (
            r#"{"type":"a","type":"worker.terminated","data":{"worker_id":"a"}}"#,
            "shape",
        ),
        (r#"{"type":"worker.terminated"}"#, "nobody"),
        (
            r#"{"type":"worker.terminated","data":{"display_name":"Only A. Name"}}"#,
            "nobody",
        ),
        (
            r#"{"type":"worker.terminated","data":{"worker_id":" "}}"#,
            "field",
        ),
        (
            r#"{"type":"worker.terminated","data":{"worker_id":"a\u001b[2J"}}"#,
            "field",
        ),
        (
            r#"{"type":"worker.terminated","data":{"emails":["not an address"]}}"#,
            "address",
        ),
        (
            r#"{"type":"worker.terminated","data":{"emails":["a\r\n@b.example"]}}"#,
            "address",
        ),
        (
            r#"{"type":"worker.terminated","data":{"emails":["@"]}}"#,
            "address",
        ),
        (&long, "field"),
        (&many, "address"),
        (&deep, "shape"),
    ] {
        assert_eq!(
            worker::read(bad.as_bytes(), None).unwrap_err().code(),
            code,
            "{bad:.80}"
        );
    }
    // What is ignored may be as deep as it likes.
    assert!(worker::read(deep_inside.as_bytes(), None).is_ok());
}

/// Keeps messages in memory, by source and id.
#[derive(Default)]
struct Tray {
    kept: Mutex<HashMap<(String, String), Bytes>>,
    incoming: Mutex<Vec<Incoming>>,
    full: bool,
}

#[async_trait]
impl Inbox for Tray {
    async fn accept(&self, incoming: Incoming) -> Result<Accepted> {
        if self.full {
            return Err(Fault::failed("disk", "The disk is full."));
        }
        let key = (incoming.source.clone(), incoming.message.id.clone());
        let mut kept = self.kept.lock().unwrap();
        match kept.get(&key) {
            Some(body) if *body == incoming.body => return Ok(Accepted::Duplicate),
            Some(_) => return Ok(Accepted::Conflict),
            None => {}
        }
        kept.insert(key, incoming.body.clone());
        self.incoming.lock().unwrap().push(incoming);
        Ok(Accepted::New)
    }
}

struct Endpoint {
    tray: Arc<Tray>,
    server: cordon::range::server::Server,
    clock: Arc<ManualClock>,
}

impl Endpoint {
    async fn new(full: bool) -> Self {
        let tray = Arc::new(Tray {
            full,
            ..Tray::default()
        });
        let clock = Arc::new(ManualClock::new(now()));
        let router = receiver(Receiver {
            name: "hr".into(),
            route: DEPARTURE.into(),
            source: Arc::new(verifier(&[OLD, NEW])),
            inbox: tray.clone(),
            clock: clock.clone(),
        });
        let server = serve("hr", router, Faults::none(), &log()).await.unwrap();
        Self {
            tray,
            server,
            clock,
        }
    }

    async fn post(&self, headers: HeaderMap, body: impl Into<Body>) -> u16 {
        self.call(Method::POST, headers, body.into()).await
    }

    /// One call over a socket, with nothing added and nothing tried again.
    async fn call(&self, method: Method, headers: HeaderMap, body: Body) -> u16 {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let port = self.server.url().port().unwrap();
        let mut socket = tokio::net::TcpStream::connect(("127.0.0.1", port))
            .await
            .unwrap();
        let request = Request::builder().method(method).body(()).unwrap();
        let mut head = format!(
            "{} / HTTP/1.1\r\nhost: hr.test\r\nconnection: close\r\ncontent-length: {}\r\n",
            request.method(),
            body.len()
        )
        .into_bytes();
        for (name, value) in &headers {
            head.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
        }
        head.extend(b"\r\n");
        socket.write_all(&head).await.unwrap();
        // The server may answer and close before it has read all of a body that is too large.
        let _ = socket.write_all(&body).await;
        let mut answer = vec![0; 64];
        let read = socket.read(&mut answer).await.unwrap();
        let line = String::from_utf8_lossy(&answer[..read]).into_owned();
        line.split(' ').nth(1).unwrap().parse().unwrap()
    }
}

#[tokio::test]
async fn a_message_is_kept_once_and_told_so() {
    let endpoint = Endpoint::new(false).await;
    let body = body();
    let mut headers = signed(NEW, "evt_1", now(), &body);
    set(&mut headers, "authorization", "Basic c2VjcmV0");
    assert_eq!(endpoint.post(headers.clone(), body.clone()).await, 202);
    assert_eq!(
        endpoint.post(headers, body.clone()).await,
        200,
        "sent again"
    );
    // A later attempt of the sender has a new timestamp and signature and the same id.
    endpoint.clock.set(now() + SignedDuration::from_mins(9));
    let later = signed(OLD, "evt_1", endpoint.clock.now(), &body);
    assert_eq!(endpoint.post(later, body.clone()).await, 200);

    let kept = endpoint.tray.incoming.lock().unwrap().clone();
    assert_eq!(kept.len(), 1);
    let incoming = &kept[0];
    assert_eq!(
        (incoming.source.as_str(), incoming.message.id.as_str()),
        ("hr", "evt_1")
    );
    assert_eq!(
        (&incoming.message.kind, incoming.message.signed_at),
        (&Kind::Termination, Some(now()))
    );
    assert_eq!(incoming.route, "departure", "never anything else by itself");
    assert_eq!(incoming.body, body, "the bytes as they came");
    let header = |name: &str| {
        let found = incoming.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    };
    assert_eq!(header("webhook-id"), Some("evt_1"));
    assert_eq!(header("authorization"), Some("[redacted]"));
}

#[tokio::test]
async fn each_refusal_has_its_status_and_reaches_nobody() {
    let endpoint = Endpoint::new(false).await;
    let body = body();
    let good = signed(OLD, "evt_1", now(), &body);

    let mut missing = good.clone();
    missing.remove("webhook-id");
    assert_eq!(endpoint.post(missing, body.clone()).await, 400);
    assert_eq!(endpoint.post(HeaderMap::new(), body.clone()).await, 400);
    let not_json = b"effective=now".to_vec();
    let signed_not_json = signed(OLD, "evt_1", now(), &not_json);
    assert_eq!(endpoint.post(signed_not_json, not_json).await, 400);
    assert_eq!(
        endpoint.post(good.clone(), b"{}".to_vec()).await,
        401,
        "tampered"
    );
    let stranger = signed("whsec_c3RyYW5nZXI=", "evt_1", now(), &body);
    assert_eq!(endpoint.post(stranger, body.clone()).await, 401);
    endpoint.clock.set(now() + SignedDuration::from_secs(301));
    assert_eq!(
        endpoint.post(good.clone(), body.clone()).await,
        401,
        "replayed late"
    );
    endpoint.clock.set(now());
    let large = vec![b' '; BODY_LIMIT + 1];
    let signed_large = signed(OLD, "evt_1", now(), &large);
    assert_eq!(endpoint.post(signed_large, large).await, 413);
    assert_eq!(
        endpoint
            .call(Method::GET, HeaderMap::new(), Body::empty())
            .await,
        405
    );
    assert!(endpoint.tray.incoming.lock().unwrap().is_empty());

    assert_eq!(endpoint.post(good, body.clone()).await, 202);
    let recall = Company::invented().hr_recall(now(), now());
    let reused = signed(OLD, "evt_1", now(), &recall);
    assert_eq!(endpoint.post(reused, recall).await, 409, "the id is taken");
    assert_eq!(endpoint.tray.incoming.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn what_cannot_be_kept_is_not_acknowledged() {
    let endpoint = Endpoint::new(true).await;
    let body = body();
    let status = endpoint
        .post(signed(OLD, "evt_1", now(), &body), body)
        .await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE.as_u16());
}

proptest::proptest! {
    #[test]
    fn nothing_from_outside_makes_it_panic(
        body in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300),
        id in "[ -~]{0,40}",
        stamp in "[ -~]{0,24}",
        list in "(v1,)?[ -~]{0,60}",
    ) {
        let _ = worker::read(&body, None);
        let mut headers = HeaderMap::new();
        set(&mut headers, "webhook-id", &id);
        set(&mut headers, "webhook-timestamp", &stamp);
        set(&mut headers, "webhook-signature", &list);
        let believed = verifier(&[OLD]).verify(&headers, &body, now());
        proptest::prop_assert!(believed.is_err());
    }
}
