//! What comes in from outside and may open a case: so far, messages of an HR system.
//!
//! A message is believed only as far as its signature goes. It never closes a door and never
//! accuses: it reaches an [`Inbox`], which opens a case in hold on the route `departure` unless the
//! configuration of the source names another. The raw bytes and headers are kept as they came.

pub mod standard_webhooks;
pub mod worker;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use http_body_util::LengthLimitError;
use serde_json::json;

use crate::case::subject::Subject;
use crate::fault::Result;
use crate::time::{Clock, Timestamp};
use standard_webhooks::{Refusal, Verifier};

/// The largest message that is read.
pub const BODY_LIMIT: usize = 256 * 1024;

/// How long a sender may take over its message.
const READ_WITHIN: Duration = Duration::from_secs(10);

/// The route of a case that a message opens, unless the source is configured otherwise.
pub const DEPARTURE: &str = "departure";

/// What a message says happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A contract ends or has ended.
    Termination,
    /// A termination is taken back.
    Recall,
    /// Anything else, by the sender's name of it. Hostile text.
    Other(String),
}

/// A message whose signature was found good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    /// Which configured source sent it.
    pub source: String,
    /// The sender's id of the message; the same when it is sent again.
    pub id: String,
    /// When the sender signed it.
    pub signed_at: Timestamp,
    /// What happened.
    pub kind: Kind,
    /// Whom it is about; empty for [`Kind::Other`] messages that name nobody.
    pub subject: Subject,
    /// When the change takes effect, if it says.
    pub effective: Option<Timestamp>,
    /// The route of a case that it opens.
    pub route: String,
    /// The headers as they came; values of credentials are replaced.
    pub headers: Vec<(String, String)>,
    /// The body as it came.
    pub body: Bytes,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// Kept for the first time.
    New,
    /// Kept before, with the same body.
    Duplicate,
    /// Its id was used before with another body; nothing was changed.
    Conflict,
}

/// Takes messages in.
#[async_trait]
pub trait Inbox: Send + Sync {
    /// Keeps a message, found again by source and id for at least ten minutes (twice the tolerance
    /// of the signature). What it answers is durable when this returns.
    async fn accept(&self, incoming: Incoming) -> Result<Accepted>;
}

/// A source of signed messages.
#[derive(Clone)]
pub struct Receiver {
    /// Its name in cases and evidence.
    pub source: String,
    /// The route of cases that it opens; [`DEPARTURE`] unless configured.
    pub route: String,
    /// Its secrets.
    pub verifier: Arc<Verifier>,
    /// Where messages go.
    pub inbox: Arc<dyn Inbox>,
    /// The time that signatures are checked against.
    pub clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Receiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Receiver")
            .field("source", &self.source)
            .field("route", &self.route)
            .finish_non_exhaustive()
    }
}

/// `POST /`: checks, keeps, answers.
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
/// | 503 | could not be kept; send it again |
pub fn receiver(receiver: Receiver) -> Router {
    Router::new().route("/", post(receive)).with_state(receiver)
}

async fn receive(State(receiver): State<Receiver>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = match read(body, READ_WITHIN).await {
        Ok(body) => body,
        Err(status) => return said(status, "body"),
    };
    match receiver.understand(&head.headers, body) {
        Ok(incoming) => match receiver.inbox.accept(incoming).await {
            Ok(Accepted::New) => said(StatusCode::ACCEPTED, "new"),
            Ok(Accepted::Duplicate) => said(StatusCode::OK, "duplicate"),
            Ok(Accepted::Conflict) => said(StatusCode::CONFLICT, "conflict"),
            Err(fault) => {
                tracing::error!(source = receiver.source, %fault, "a message could not be kept");
                said(StatusCode::SERVICE_UNAVAILABLE, "not-kept")
            }
        },
        Err((status, code)) => {
            tracing::warn!(source = receiver.source, code, "a message was refused");
            said(status, code)
        }
    }
}

impl Receiver {
    /// Checks the signature over the raw bytes, and only then reads them.
    fn understand(
        &self,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<Incoming, (StatusCode, &'static str)> {
        let verified = self
            .verifier
            .verify(headers, &body, self.clock.now())
            .map_err(|refusal| {
                let status = match refusal {
                    Refusal::Header(_) => StatusCode::BAD_REQUEST,
                    Refusal::TooOld | Refusal::TooNew | Refusal::NoMatch => {
                        StatusCode::UNAUTHORIZED
                    }
                };
                (status, refusal.code())
            })?;
        let message =
            worker::read(&body).map_err(|fault| (StatusCode::BAD_REQUEST, fault.code()))?;
        Ok(Incoming {
            source: self.source.clone(),
            id: verified.id,
            signed_at: verified.timestamp,
            kind: message.kind,
            subject: message.subject,
            effective: message.effective,
            route: self.route.clone(),
            headers: shown(headers),
            body,
        })
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
fn shown(headers: &HeaderMap) -> Vec<(String, String)> {
    let secret = [
        header::AUTHORIZATION,
        header::PROXY_AUTHORIZATION,
        header::COOKIE,
    ];
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

fn said(status: StatusCode, what: &str) -> Response {
    (status, Json(json!({ "result": what }))).into_response()
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
