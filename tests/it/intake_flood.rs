//! Signatures that keep failing: refused unread, and never at the cost of a good sender.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ::http::{Request, StatusCode};
use async_trait::async_trait;
use axum::body::Body;
use axum::extract::ConnectInfo;
use bytes::Bytes;
use cordon::fault::Result;
use cordon::intake::standard_webhooks::sign;
use cordon::intake::{Accepted, Inbox, Incoming, Options, Receiver, receiver, source};
use cordon::time::{Clock as _, ManualClock, Timestamp};
use futures::stream;
use tower::ServiceExt as _;

const SECRET: &str = "whsec_b2xkIHNlY3JldCBvZiB0aGUgSFIgc3lzdGVt";
const BODY: &[u8] = br#"{"type":"worker.moved","data":{}}"#;

#[derive(Default)]
struct Count(AtomicUsize);

#[async_trait]
impl Inbox for Count {
    async fn accept(&self, _: Incoming) -> Result<Accepted> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(Accepted::New)
    }
}

struct Door {
    router: axum::Router,
    clock: Arc<ManualClock>,
}

impl Door {
    fn new() -> Self {
        let now: Timestamp = "2027-03-12T21:00:00Z".parse().unwrap();
        let clock = Arc::new(ManualClock::new(now));
        let router = receiver(Receiver {
            name: "hr".into(),
            route: "departure".into(),
            source: source("standard", &[SECRET.into()], &Options::default()).unwrap(),
            inbox: Arc::new(Count::default()),
            clock: Arc::clone(&clock) as _,
        });
        Self { router, clock }
    }

    /// One request from an address; the status, when to come again, and how often the body was read.
    async fn post(&self, from: &str, good: bool) -> (StatusCode, Option<i64>, usize) {
        let at = self.clock.now();
        let signature = sign(&SECRET.into(), "m", at, BODY).unwrap();
        let signature = if good {
            signature
        } else {
            "v1,AAAA".to_owned()
        };
        let reads = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&reads);
        let part = stream::once(async move {
            counted.fetch_add(1, Ordering::SeqCst);
            Ok::<_, std::io::Error>(Bytes::from_static(BODY))
        });
        let peer: SocketAddr = format!("{from}:4000").parse().unwrap();
        let request = Request::post("/")
            .header("webhook-id", "m")
            .header("webhook-timestamp", at.as_second())
            .header("webhook-signature", signature)
            .extension(ConnectInfo(peer))
            .body(Body::from_stream(part))
            .unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let again = answer.headers().get("retry-after");
        let again = again.map(|value| value.to_str().unwrap().parse().unwrap());
        (answer.status(), again, reads.load(Ordering::SeqCst))
    }

    fn later(&self, seconds: i64) {
        let now = self.clock.now();
        self.clock
            .set(now + jiff::SignedDuration::from_secs(seconds));
    }
}

#[tokio::test]
async fn what_fails_repeatedly_is_refused_before_its_body_is_read() {
    let door = Door::new();
    for _ in 0..20 {
        assert_eq!(
            door.post("192.0.2.7", false).await,
            (StatusCode::UNAUTHORIZED, None, 1)
        );
    }
    door.later(15);
    let (status, again, reads) = door.post("192.0.2.7", false).await;
    assert_eq!(
        (status, again, reads),
        (StatusCode::TOO_MANY_REQUESTS, Some(45), 0)
    );
    let other = door.post("192.0.2.8", false).await;
    assert_eq!(
        other.0,
        StatusCode::UNAUTHORIZED,
        "another address is not meant"
    );
    door.later(45);
    assert_eq!(
        door.post("192.0.2.7", false).await.0,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn a_good_sender_is_never_refused() {
    let door = Door::new();
    assert_eq!(door.post("192.0.2.9", true).await.0, StatusCode::ACCEPTED);
    // Somebody behind the same address floods; the sender is heard all the same.
    for _ in 0..500 {
        assert_eq!(
            door.post("192.0.2.9", false).await.0,
            StatusCode::UNAUTHORIZED
        );
    }
    assert_eq!(door.post("192.0.2.9", true).await.0, StatusCode::ACCEPTED);
    // And as often as it likes, from an address that failed nothing.
    for _ in 0..500 {
        assert_eq!(door.post("192.0.2.10", true).await.0, StatusCode::ACCEPTED);
    }
}
