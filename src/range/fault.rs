//! The faults of real providers, scripted: which calls they strike and what the caller sees.
//!
//! Counting decides, never chance, so that a drill runs the same way each time.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::{StreamExt, stream};
use http::{HeaderValue, Method, StatusCode, header};
use serde_json::{Value, json};

use super::server::Call;

/// The largest body that passes through a simulated provider.
const BODY_LIMIT: usize = 16 * 1024 * 1024;

/// What the caller sees instead of, or of, the answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Trouble {
    /// Answers without asking the router: nothing changes, whatever the status says.
    Instead {
        /// The status.
        status: StatusCode,
        /// Headers to set.
        headers: Vec<(&'static str, String)>,
        /// The body; none for `null`.
        body: Value,
    },
    /// Never answers, and nothing changes.
    Hang,
    /// The router carries it out, and the answer never comes.
    HangAfter,
    /// The router carries it out; the connection ends in the middle of the body, short of the
    /// declared length.
    Reset,
    /// The router carries it out; the body is cut in half inside a valid HTTP message.
    Truncated,
    /// Answers `202` now; the router carries it out this much later.
    Late(Duration),
    /// The records of a JSON array come in another order, and some of them twice.
    Disorder,
    /// Answers after this long.
    Slow(Duration),
}

impl Trouble {
    /// `429` with `Retry-After` in seconds.
    pub fn too_many(retry_after: u64) -> Self {
        Self::Instead {
            status: StatusCode::TOO_MANY_REQUESTS,
            headers: vec![("retry-after", retry_after.to_string())],
            body: json!({ "message": "too many requests" }),
        }
    }

    /// An error status, such as `500` or a bare `503`.
    pub fn status(status: StatusCode) -> Self {
        Self::Instead {
            status,
            headers: Vec::new(),
            body: json!({ "message": status.canonical_reason().unwrap_or("error") }),
        }
    }

    /// `503` with `Retry-After` in seconds.
    pub fn unavailable(retry_after: u64) -> Self {
        Self::Instead {
            status: StatusCode::SERVICE_UNAVAILABLE,
            headers: vec![("retry-after", retry_after.to_string())],
            body: json!({ "message": "unavailable" }),
        }
    }

    /// `404`: it was gone before the call came.
    pub fn gone() -> Self {
        Self::status(StatusCode::NOT_FOUND)
    }

    /// Success, and nothing has changed.
    pub fn nothing_changed(status: StatusCode, body: Value) -> Self {
        Self::Instead {
            status,
            headers: Vec::new(),
            body,
        }
    }
}

/// Which of the matching calls a rule strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nth {
    /// Every one.
    Every,
    /// The first so many.
    First(usize),
    /// This one; the first is 1.
    Only(usize),
    /// This one and all that follow.
    From(usize),
}

impl Nth {
    const fn strikes(self, number: usize) -> bool {
        match self {
            Self::Every => true,
            Self::First(last) => number <= last,
            Self::Only(only) => number == only,
            Self::From(first) => number >= first,
        }
    }
}

/// The two moments at which a hook looks at a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// It has arrived; nothing was done.
    Arrived,
    /// It was carried out; the answer has not left.
    Handled,
}

/// Looks at a call, and breaks its connection off there by answering [`ControlFlow::Break`].
/// It runs on the server's thread, so that it may kill the caller before the server goes on.
pub type Hook = dyn Fn(&Call, Moment) -> ControlFlow<()> + Send + Sync;

/// The scripted faults of one server. Clones share the counts.
#[derive(Clone, Default)]
pub struct Faults {
    rules: Vec<Arc<Rule>>,
    latency: Duration,
    hook: Option<Arc<Hook>>,
}

#[derive(Debug)]
struct Rule {
    method: Option<Method>,
    path: String,
    nth: Nth,
    trouble: Trouble,
    seen: AtomicUsize,
}

impl std::fmt::Debug for Faults {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Faults")
            .field("rules", &self.rules)
            .field("latency", &self.latency)
            .finish_non_exhaustive()
    }
}

impl Faults {
    /// None.
    pub fn none() -> Self {
        Self::default()
    }

    /// Strikes `method` calls whose path matches `path`: `*` stands for one segment, a `**` at the
    /// end for any number. Every rule counts the calls that match it; the first that strikes wins.
    #[must_use]
    pub fn on(self, method: Method, path: &str, nth: Nth, trouble: Trouble) -> Self {
        self.rule(Some(method), path, nth, trouble)
    }

    /// As [`Self::on`], for every method.
    #[must_use]
    pub fn on_any(self, path: &str, nth: Nth, trouble: Trouble) -> Self {
        self.rule(None, path, nth, trouble)
    }

    fn rule(mut self, method: Option<Method>, path: &str, nth: Nth, trouble: Trouble) -> Self {
        self.rules.push(Arc::new(Rule {
            method,
            path: path.to_owned(),
            nth,
            trouble,
            seen: AtomicUsize::new(0),
        }));
        self
    }

    /// Adds this much time to every call.
    #[must_use]
    pub fn latency(mut self, each: Duration) -> Self {
        self.latency = each;
        self
    }

    /// Shows every call to `hook`, before and after it is carried out.
    #[must_use]
    pub fn hook(
        mut self,
        hook: impl Fn(&Call, Moment) -> ControlFlow<()> + Send + Sync + 'static,
    ) -> Self {
        self.hook = Some(Arc::new(hook));
        self
    }

    /// The answer to `call`, with what strikes it.
    pub(super) async fn answer(&self, call: &Call, request: Request, next: Next) -> Response {
        let trouble = self.strike(request.method(), request.uri().path());
        if self.looks(call, Moment::Arrived).is_break() {
            return broken_off(&Bytes::new());
        }
        if !self.latency.is_zero() {
            tokio::time::sleep(self.latency).await;
        }
        let response = match trouble {
            None => carry_out(request, next).await,
            Some(Trouble::Instead {
                status,
                headers,
                body,
            }) => instead(status, &headers, &body),
            Some(Trouble::Hang) => std::future::pending().await,
            Some(Trouble::HangAfter) => {
                carry_out(request, next).await;
                std::future::pending().await
            }
            Some(Trouble::Late(after)) => later(request, next, after).await,
            Some(Trouble::Slow(by)) => {
                tokio::time::sleep(by).await;
                carry_out(request, next).await
            }
            Some(trouble @ (Trouble::Reset | Trouble::Truncated | Trouble::Disorder)) => {
                spoil(carry_out(request, next).await, &trouble).await
            }
        };
        if self.looks(call, Moment::Handled).is_break() {
            return broken_off(&Bytes::new());
        }
        response
    }

    fn looks(&self, call: &Call, moment: Moment) -> ControlFlow<()> {
        self.hook
            .as_ref()
            .map_or(ControlFlow::Continue(()), |hook| hook(call, moment))
    }

    fn strike(&self, method: &Method, path: &str) -> Option<Trouble> {
        let mut struck = None;
        for rule in &self.rules {
            if rule.method.as_ref().is_some_and(|only| only != method) || !matches(&rule.path, path)
            {
                continue;
            }
            let number = rule.seen.fetch_add(1, Ordering::SeqCst) + 1;
            if struck.is_none() && rule.nth.strikes(number) {
                struck = Some(rule.trouble.clone());
            }
        }
        struck
    }
}

/// Whether `path` is of the form `pattern`.
fn matches(pattern: &str, path: &str) -> bool {
    let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
    loop {
        match (pattern.next(), path.next()) {
            (Some("**"), _) | (None, None) => return true,
            (Some("*"), Some(_)) => {}
            (Some(wanted), Some(segment)) if wanted == segment => {}
            _ => return false,
        }
    }
}

/// Carries the call out in a task of its own: a provider goes on when the caller has gone.
async fn carry_out(request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    // The body first, while the caller is still there to send it.
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        return broken_off(&Bytes::new());
    };
    let whole = Request::from_parts(head, Body::from(body));
    tokio::spawn(next.run(whole))
        .await
        .unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

async fn later(request: Request, next: Next, after: Duration) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        return broken_off(&Bytes::new());
    };
    let whole = Request::from_parts(head, Body::from(body));
    tokio::spawn(async move {
        tokio::time::sleep(after).await;
        next.run(whole).await
    });
    instead(StatusCode::ACCEPTED, &[], &json!({ "state": "pending" }))
}

fn instead(status: StatusCode, headers: &[(&'static str, String)], body: &Value) -> Response {
    let mut response = if body.is_null() {
        status.into_response()
    } else {
        (status, axum::Json(body)).into_response()
    };
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(*name, value);
        }
    }
    response
}

async fn spoil(response: Response, trouble: &Trouble) -> Response {
    let (mut head, body) = response.into_parts();
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        return broken_off(&Bytes::new());
    };
    let half = body.slice(..body.len() / 2);
    head.headers.remove(header::CONTENT_LENGTH);
    let body = match trouble {
        Trouble::Reset => return broken_off(&half),
        Trouble::Truncated => half,
        _ => disorder(&body).unwrap_or(body),
    };
    Response::from_parts(head, Body::from(body))
}

/// The same records, the last first, every third of them twice; `None` for what is no JSON array.
fn disorder(body: &[u8]) -> Option<Bytes> {
    let records: Vec<Value> = serde_json::from_slice(body).ok()?;
    let out_of_order: Vec<&Value> = records
        .iter()
        .enumerate()
        .rev()
        .flat_map(|(index, record)| std::iter::repeat_n(record, if index % 3 == 0 { 2 } else { 1 }))
        .collect();
    serde_json::to_vec(&out_of_order).ok().map(Bytes::from)
}

/// Marks an answer that the caller never got whole.
#[derive(Debug, Clone, Copy)]
pub(super) struct Withheld;

/// An answer that declares more than `sent` and ends with the connection.
pub(super) fn broken_off(sent: &Bytes) -> Response {
    let end = async {
        // Long enough for what was sent to leave before the connection is torn down.
        tokio::time::sleep(Duration::from_millis(20)).await;
        Err(std::io::Error::other("broken off"))
    };
    let parts = stream::iter([Ok(sent.clone())]).chain(stream::once(end));
    let mut response = Response::new(Body::from_stream(parts));
    response.extensions_mut().insert(Withheld);
    response.headers_mut().insert(
        header::CONTENT_LENGTH,
        HeaderValue::from(sent.len().saturating_mul(2).max(64)),
    );
    response
}
