//! Calls to providers: one request, its attempts, and a witness that keeps every answer as evidence.
//!
//! Order of the layers: limit → attempt → witness → judge → wait and repeat, or answer. A read is
//! repeated after any failure that may pass. A write is repeated only where the provider certainly
//! did not carry it out (a refused connection, `429`, `503` with `Retry-After`); anything else is
//! [`CallError::Unclear`] and the engine looks before it repeats.

pub mod limit;
pub mod retry;
pub mod transport;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};

use crate::fault::{Fault, Result};
use crate::id::EvidenceId;
use crate::time::Timestamp;

/// Whether a call changes anything at the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Reads only.
    Read,
    /// Changes something.
    Write,
}

/// One call. Credentials are added by the transport and never stand here.
#[derive(Debug, Clone)]
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
    /// What happened.
    pub why: String,
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
