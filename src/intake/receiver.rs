//! The HTTP side of a source: reads a bounded body in bounded time, asks the source, keeps, answers.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use http_body_util::LengthLimitError;
use serde_json::json;

use super::failures::{self, Failures};
use super::{Accepted, Inbox, Incoming, Refusal, Source};
use crate::time::Clock;

/// The largest message that is read.
pub const BODY_LIMIT: usize = 256 * 1024;

/// How long a sender may take over its message.
const READ_WITHIN: Duration = Duration::from_secs(10);

/// A configured source of messages and where they go.
#[derive(Clone)]
pub struct Receiver {
    /// Its name in cases and evidence.
    pub name: String,
    /// The route of cases that it opens; [`super::DEPARTURE`] unless configured.
    pub route: String,
    /// What believes its messages.
    pub source: Arc<dyn Source>,
    /// Where messages go.
    pub inbox: Arc<dyn Inbox>,
    /// The time that signatures are checked against.
    pub clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Receiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Receiver")
            .field("name", &self.name)
            .field("route", &self.route)
            .finish_non_exhaustive()
    }
}

/// `POST /`: checks, keeps, answers. `GET /` answers the challenge of sources that send one.
///
/// | status | means |
/// |---|---|
/// | 202 | kept |
/// | 200 | was kept before |
/// | 400 | headers or body cannot be read |
/// | 401 | the signature is not good, or too old or too far ahead |
/// | 408 | the body took too long |
/// | 409 | the id was used before with another body |
/// | 413 | larger than [`BODY_LIMIT`] |
/// | 429 | too many signatures of this address failed; the body was not read |
/// | 503 | could not be kept; send it again |
pub fn receiver(receiver: Receiver) -> Router {
    let desk = Desk {
        receiver,
        failures: Arc::default(),
    };
    Router::new()
        .route("/", post(receive).get(challenge))
        .with_state(desk)
}

/// A source, and what is remembered of who claims to be it.
#[derive(Clone)]
struct Desk {
    receiver: Receiver,
    failures: Arc<Failures>,
}

async fn challenge(State(Desk { receiver, .. }): State<Desk>, headers: HeaderMap) -> Response {
    match receiver.source.challenge(&headers) {
        Some(answer) => {
            tracing::info!(source = receiver.name, "answered a challenge");
            Json(answer).into_response()
        }
        None => (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "POST")]).into_response(),
    }
}

async fn receive(State(desk): State<Desk>, request: Request) -> Response {
    let Desk { receiver, failures } = &desk;
    let (head, body) = request.into_parts();
    let source = receiver.name.as_str();
    let address = failures::address(&head);
    if let Some(seconds) = failures.refused_for(address, receiver.clock.now()) {
        tracing::warn!(source, result = "too-many", "a message was refused unread");
        let again = [(header::RETRY_AFTER, seconds.to_string())];
        let said = Json(json!({ "result": "too-many" }));
        return (StatusCode::TOO_MANY_REQUESTS, again, said).into_response();
    }
    let (status, result, signed) = receiver.answer(&head.headers, body).await;
    if let Some(good) = signed {
        failures.count(address, good, receiver.clock.now());
    }
    if status.is_success() {
        tracing::info!(source, result, "a message");
    } else {
        tracing::warn!(source, result, "a message was refused");
    }
    let acknowledgement = receiver.source.acknowledgement();
    match acknowledgement.filter(|_| status.is_success()) {
        Some((media_type, body)) => {
            (status, [(header::CONTENT_TYPE, media_type)], body).into_response()
        }
        None => (status, Json(json!({ "result": result }))).into_response(),
    }
}

impl Receiver {
    /// The answer, and whether the signature was good, where it was looked at.
    async fn answer(
        &self,
        headers: &HeaderMap,
        body: Body,
    ) -> (StatusCode, &'static str, Option<bool>) {
        let body = match read(body, READ_WITHIN).await {
            Ok(body) => body,
            Err(status) => return (status, "body", None),
        };
        let now = self.clock.now();
        let message = match self.source.open(headers, &body, now) {
            Ok(message) => message,
            Err(refusal) => {
                let good = matches!(refusal, Refusal::Body(_));
                return (refusal.status(), refusal.code(), Some(good));
            }
        };
        let incoming = Incoming {
            source: self.name.clone(),
            received: now,
            message,
            route: self.route.clone(),
            headers: shown(headers, &*self.source),
            body,
        };
        let (status, result) = match self.inbox.accept(incoming).await {
            Ok(Accepted::New) => (StatusCode::ACCEPTED, "new"),
            Ok(Accepted::Duplicate) => (StatusCode::OK, "duplicate"),
            Ok(Accepted::Conflict) => (StatusCode::CONFLICT, "conflict"),
            Err(fault) => {
                tracing::error!(source = self.name, %fault, "a message could not be kept");
                (StatusCode::SERVICE_UNAVAILABLE, "not-kept")
            }
        };
        (status, result, Some(true))
    }
}

async fn read(body: Body, within: Duration) -> Result<Bytes, StatusCode> {
    match tokio::time::timeout(within, to_bytes(body, BODY_LIMIT)).await {
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
        Ok(Ok(body)) => Ok(body),
        Ok(Err(error)) => {
            let too_large = std::error::Error::source(&error)
                .is_some_and(<dyn std::error::Error>::is::<LengthLimitError>);
            Err(if too_large {
                StatusCode::PAYLOAD_TOO_LARGE
            } else {
                StatusCode::BAD_REQUEST
            })
        }
    }
}

/// The headers as text, without what would let a reader act as the sender.
fn shown(headers: &HeaderMap, source: &dyn Source) -> Vec<(String, String)> {
    let mut secret = source.secret_headers();
    secret.extend([
        header::AUTHORIZATION,
        header::PROXY_AUTHORIZATION,
        header::COOKIE,
    ]);
    headers
        .iter()
        .map(|(name, value)| {
            let value = if secret.contains(name) {
                "[redacted]".to_owned()
            } else {
                String::from_utf8_lossy(value.as_bytes()).into_owned()
            };
            (name.to_string(), value)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use futures::stream;

    use super::*;

    #[tokio::test]
    async fn a_body_that_never_ends_is_not_waited_for() {
        let stalled = Body::from_stream(stream::pending::<std::io::Result<Bytes>>());
        let soon = Duration::from_millis(20);
        assert_eq!(read(stalled, soon).await, Err(StatusCode::REQUEST_TIMEOUT));
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_not_a_body_that_is_too_large() {
        let parts = [
            Ok(Bytes::from_static(b"{")),
            Err(std::io::Error::other("gone")),
        ];
        let broken = Body::from_stream(stream::iter(parts));
        assert_eq!(
            read(broken, READ_WITHIN).await,
            Err(StatusCode::BAD_REQUEST)
        );
        let large = Body::from(vec![b' '; BODY_LIMIT + 1]);
        assert_eq!(
            read(large, READ_WITHIN).await,
            Err(StatusCode::PAYLOAD_TOO_LARGE)
        );
        let most = Body::from(vec![b' '; BODY_LIMIT]);
        assert!(read(most, READ_WITHIN).await.is_ok());
    }
}
