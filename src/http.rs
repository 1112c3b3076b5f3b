//! Calls to providers: one request, its attempts, and a witness that keeps every answer as evidence.
//!
//! Order of the layers: limit → attempt → witness → judge → wait and repeat, or answer. A read is
//! repeated after any failure that may pass. A write is repeated only where the provider certainly
//! did not carry it out (a refused connection, `429`, `503` with `Retry-After`, a limit of GitHub's
//! that comes as `403`, a `401` that only asks for a fresh proof of possession). A write that broke off, or that got `500`, `502`, `504` or a bare `503`, is
//! [`CallError::Unclear`]: look before repeating. Every other status is an answer.

pub mod download;
mod dpop;
pub mod limit;
#[cfg(feature = "otel")]
pub mod otlp;
pub mod retry;
pub mod token;
pub mod transport;

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use tokio::time::{Instant, sleep};

use crate::fault::{Fault, Result};
use crate::id::EvidenceId;
use crate::time::{Clock, Timestamp};
use limit::Limit;
use retry::{Next, Retry, Tried};

/// Whether a call changes anything at the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Reads only.
    Read,
    /// Changes something.
    Write,
}

/// One call. Credentials are added by the transport and never stand here.
#[derive(Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The absolute URL.
    pub url: url::Url,
    /// Headers beside the credential.
    pub headers: HeaderMap,
    /// The media type and bytes of the body.
    pub body: Option<(&'static str, Bytes)>,
    /// Whether it changes anything.
    pub effect: Effect,
    /// The body holds a secret: evidence keeps its digest and length only.
    pub secret_body: bool,
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let body = self.body.as_ref().map(|(kind, bytes)| (kind, bytes.len()));
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("url", &self.url.as_str())
            .field("effect", &self.effect)
            .field("body_bytes", &body)
            .finish_non_exhaustive()
    }
}

impl Request {
    /// A read.
    pub fn get(url: url::Url) -> Self {
        Self::new(Method::GET, url, Effect::Read)
    }

    /// A call that changes something.
    pub fn write(method: Method, url: url::Url) -> Self {
        Self::new(method, url, Effect::Write)
    }

    fn new(method: Method, url: url::Url, effect: Effect) -> Self {
        Self {
            method,
            url,
            headers: HeaderMap::new(),
            body: None,
            effect,
            secret_body: false,
        }
    }

    /// A JSON body.
    ///
    /// # Errors
    /// A value that JSON cannot hold.
    pub fn json(mut self, value: &impl serde::Serialize) -> Result<Self> {
        let bytes = serde_json::to_vec(value).map_err(|error| {
            Fault::failed("json", "A request body could not be written.").caused_by(error)
        })?;
        self.body = Some(("application/json", bytes.into()));
        Ok(self)
    }
}

/// One attempt as it happened: what is kept as evidence.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// When the request left.
    pub at: Timestamp,
    /// How long the answer took, milliseconds.
    pub took_ms: u64,
    /// The first attempt is 1.
    pub attempt: u32,
    /// The request, without credentials.
    pub request: Request,
    /// Which credential was used, by name and never by value.
    pub credential: String,
    /// The answer, or why there is none.
    pub answer: Result<Answer, String>,
}

impl Exchange {
    /// Whether the provider answered that there were too many calls.
    pub fn throttled(&self) -> bool {
        matches!(&self.answer, Ok(answer) if retry::throttled(answer, self.at))
    }
}

/// An answer as received.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// Every header.
    pub headers: HeaderMap,
    /// The bytes of the body, after transfer decoding.
    pub body: Bytes,
}

/// Keeps exchanges as evidence.
#[async_trait]
pub trait Witness: Send + Sync {
    /// Keeps one exchange; it is durable when this returns.
    async fn saw(&self, exchange: &Exchange) -> Result<EvidenceId>;
}

/// Carries one attempt and adds the credential.
#[async_trait]
pub trait Transport: Send + Sync {
    /// One round trip.
    async fn roundtrip(&self, request: &Request) -> Result<Answer, Broken>;
}

/// Why an attempt got no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The request certainly did not reach the provider.
    pub unsent: bool,
    /// Another attempt would end the same way.
    pub lasting: bool,
    /// What happened.
    pub why: String,
}

impl Broken {
    /// Nothing reached the provider; another attempt may.
    pub fn unsent(why: impl Into<String>) -> Self {
        Self {
            unsent: true,
            lasting: false,
            why: why.into(),
        }
    }

    /// Nothing was sent, and nothing will be.
    pub fn refused(why: impl Into<String>) -> Self {
        Self {
            unsent: true,
            lasting: true,
            why: why.into(),
        }
    }

    /// It broke after the request had left: a timeout, a reset, a body that stops short.
    pub fn unclear(why: impl Into<String>) -> Self {
        Self {
            unsent: false,
            lasting: false,
            why: why.into(),
        }
    }
}

/// An answer together with the evidence of it.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// Every header.
    pub headers: HeaderMap,
    /// The bytes of the body.
    pub body: Bytes,
    /// Where the answer is kept.
    pub evidence: EvidenceId,
    /// How many answers of this call, this one included, asked us to wait.
    pub throttled: u32,
}

impl Reply {
    /// The body as `T`.
    ///
    /// # Errors
    /// The body is not JSON of that shape; the fault names the evidence.
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|error| {
            Fault::failed("answer", "A provider's answer has an unexpected shape.")
                .at(&self.evidence)
                .caused_by(error)
                .hint(format!(
                    "read the raw answer with `cordon evidence show {}`",
                    self.evidence
                ))
        })
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// A call that ended without a usable answer.
#[derive(Debug)]
pub enum CallError {
    /// Nothing reached the provider; safe to repeat.
    Unsent(Fault),
    /// The provider may or may not have carried it out; look before repeating.
    Unclear(Fault),
    /// The answer could not be kept, so the call does not count.
    Unkept(Fault),
}

impl CallError {
    /// The fault inside.
    pub fn fault(self) -> Fault {
        match self {
            Self::Unsent(fault) | Self::Unclear(fault) | Self::Unkept(fault) => fault,
        }
    }
}

/// Calls to one provider with one credential.
#[derive(Clone)]
pub struct Client {
    transport: Arc<dyn Transport>,
    credential: String,
    limit: Limit,
    retry: Retry,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("credential", &self.credential)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// `credential` is the name of the credential that the transport adds, never its value. Clients
    /// of the same provider share one `limit`.
    pub fn new(
        transport: Arc<dyn Transport>,
        credential: impl Into<String>,
        limit: Limit,
        retry: Retry,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            transport,
            credential: credential.into(),
            limit,
            retry,
            clock,
        }
    }

    /// Makes the call and returns once its answer, and every attempt before it, is evidence.
    ///
    /// # Errors
    /// [`CallError`] says what a caller may conclude.
    pub async fn send(
        &self,
        mut request: Request,
        witness: &dyn Witness,
    ) -> Result<Reply, CallError> {
        strip_userinfo(&mut request.url);
        let began = Instant::now();
        let (mut attempt, mut throttled) = (1, 0);
        loop {
            let (outcome, evidence) = self.attempt(&request, attempt, witness).await?;
            let at = self.clock.now();
            if matches!(&outcome, Ok(answer) if retry::throttled(answer, at)) {
                throttled += 1;
            }
            let tried = Tried {
                effect: request.effect,
                outcome: outcome.as_ref(),
                attempt,
                elapsed: began.elapsed(),
                at,
            };
            match (self.retry.next(&tried, retry::chance()), outcome) {
                (Next::Wait(wait), _) => sleep(wait).await,
                (Next::Unsent, outcome) => {
                    let fault = ended(&request, &evidence, attempt, outcome)
                        .hint("check the network and the address of the provider, then repeat");
                    return Err(CallError::Unsent(fault));
                }
                (Next::Answer, Ok(answer)) => {
                    return Ok(Reply {
                        status: answer.status,
                        headers: answer.headers,
                        body: answer.body,
                        evidence,
                        throttled,
                    });
                }
                (Next::Unclear | Next::Answer, outcome) => {
                    return Err(CallError::Unclear(ended(
                        &request, &evidence, attempt, outcome,
                    )));
                }
            }
            attempt += 1;
        }
    }

    /// One attempt, kept as evidence before anything is concluded from it.
    async fn attempt(
        &self,
        request: &Request,
        attempt: u32,
        witness: &dyn Witness,
    ) -> Result<(Result<Answer, Broken>, EvidenceId), CallError> {
        let admission = self.limit.admit(request.effect).await;
        let (at, left) = (self.clock.now(), Instant::now());
        let mut outcome = self.transport.roundtrip(request).await;
        let took_ms = u64::try_from(left.elapsed().as_millis()).unwrap_or(u64::MAX);
        if let Ok(answer) = &mut outcome {
            redact(&mut answer.headers);
            // Before the place is given back: whoever waits for it learns of the pause.
            if let Some(wait) = self.retry.pause(answer, self.clock.now()) {
                self.limit.pause(wait);
            }
        }
        drop(admission);
        let mut shown = request.clone();
        redact(&mut shown.headers);
        let exchange = Exchange {
            at,
            took_ms,
            attempt,
            request: shown,
            credential: self.credential.clone(),
            answer: outcome.clone().map_err(|broken| broken.why),
        };
        if let Some(count) = COUNT.get() {
            count(&exchange);
        }
        let evidence = witness.saw(&exchange).await.map_err(CallError::Unkept)?;
        Ok((outcome, evidence))
    }
}

type Count = Box<dyn Fn(&Exchange) + Send + Sync>;

static COUNT: OnceLock<Count> = OnceLock::new();

/// Has every exchange of this process counted from now on, whoever makes it. The first to ask counts.
pub fn count_with(count: impl Fn(&Exchange) + Send + Sync + 'static) {
    COUNT.set(Box::new(count)).ok();
}

/// The fault of a call that ended without a usable answer.
fn ended(
    request: &Request,
    evidence: &EvidenceId,
    attempts: u32,
    outcome: Result<Answer, Broken>,
) -> Fault {
    let host = request.url.host_str().unwrap_or("the provider");
    let (code, what) = match outcome {
        Err(broken) if broken.unsent => (
            "call-unsent",
            format!("A call to {host} did not go out: {}.", broken.why),
        ),
        Err(broken) => (
            "call-unclear",
            format!("A call to {host} broke off: {}.", broken.why),
        ),
        Ok(answer) => (
            "call-unclear",
            format!(
                "{host} answered {}; it may or may not have carried out the call.",
                answer.status.as_u16()
            ),
        ),
    };
    Fault::failed(code, what).at(format!(
        "{} {}, attempt {attempts}, {evidence}",
        request.method,
        request.url.path()
    ))
}

/// Removes a name and password that stand in a URL: they are not sent and not kept.
fn strip_userinfo(url: &mut url::Url) {
    // These fail only for URLs that cannot hold any.
    let _ = url.set_username("");
    let _ = url.set_password(None);
}

/// Headers that hold a secret in either direction.
const SECRET_HEADERS: [HeaderName; 4] = [
    header::AUTHORIZATION,
    header::PROXY_AUTHORIZATION,
    header::COOKIE,
    header::SET_COOKIE,
];

/// Replaces values that would let a reader of the evidence act as us.
fn redact(headers: &mut HeaderMap) {
    for (name, value) in headers.iter_mut() {
        if value.is_sensitive() || SECRET_HEADERS.contains(name) {
            *value = HeaderValue::from_static("[redacted]");
        }
    }
}
