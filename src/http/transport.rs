//! Attempts over the network, with the credential added at the last moment.
//!
//! HTTPS only, except to this machine. Redirects are answers: following one could carry the
//! credential to another host, and at some providers the place a redirect leads to answers another
//! question (GitHub redirects "is a member" to "is a public member" for outsiders).

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use url::{Origin, Url};

use super::{Answer, Broken, Effect, Request, Transport};
use crate::fault::{Fault, Result};
use crate::secret::{ExposeSecret, SecretString};

/// The largest body that is read unless the caller says otherwise.
pub const BODY_LIMIT: usize = 64 * 1024 * 1024;

/// How long an idle connection is kept for the next read.
const IDLE: Duration = Duration::from_secs(15);

/// Makes the credential's headers for a request.
#[async_trait]
pub trait Authorize: Send + Sync {
    /// The headers to add. They never reach evidence, logs or errors.
    async fn headers(&self, request: &Request) -> Result<HeaderMap>;

    /// Takes from an answer what the next headers need.
    fn learn(&self, _answer: &HeaderMap) {}
}

/// `Authorization: Bearer …`.
#[derive(Debug)]
pub struct Bearer(pub SecretString);

#[async_trait]
impl Authorize for Bearer {
    async fn headers(&self, _: &Request) -> Result<HeaderMap> {
        secret_header(header::AUTHORIZATION, "Bearer ", &self.0)
    }
}

/// Any other header that holds a secret, such as `Authorization: SSWS …` or `PRIVATE-TOKEN: …`.
#[derive(Debug)]
pub struct Header {
    /// The name of the header.
    pub name: HeaderName,
    /// What stands before the secret, with its space: `SSWS `.
    pub prefix: &'static str,
    /// The secret.
    pub value: SecretString,
}

#[async_trait]
impl Authorize for Header {
    async fn headers(&self, _: &Request) -> Result<HeaderMap> {
        secret_header(self.name.clone(), self.prefix, &self.value)
    }
}

/// No credential.
#[derive(Debug, Clone, Copy)]
pub struct NoAuth;

#[async_trait]
impl Authorize for NoAuth {
    async fn headers(&self, _: &Request) -> Result<HeaderMap> {
        Ok(HeaderMap::new())
    }
}

fn secret_header(name: HeaderName, prefix: &str, secret: &SecretString) -> Result<HeaderMap> {
    let line = format!("{prefix}{}", secret.expose_secret());
    let mut value = HeaderValue::from_str(&line).map_err(|_| {
        Fault::input(
            "credential",
            "A credential holds characters that no header can carry.",
        )
        .hint("check the secret for a line end or a character outside of ASCII")
    })?;
    value.set_sensitive(true);
    Ok(HeaderMap::from_iter([(name, value)]))
}

/// How long an attempt may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Until the connection stands, TLS included.
    pub connect: Duration,
    /// Until the last byte of the body.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            total: Duration::from_mins(1),
        }
    }
}

/// Attempts through reqwest and rustls.
///
/// Reads share connections. Every write has one of its own: on a connection that the other side
/// closes at that moment, nobody could tell whether the write was carried out.
pub struct Reqwest {
    reads: reqwest::Client,
    writes: reqwest::Client,
    auth: Arc<dyn Authorize>,
    only: Option<Origin>,
    body_limit: usize,
}

impl std::fmt::Debug for Reqwest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reqwest")
            .field("only", &self.only)
            .field("body_limit", &self.body_limit)
            .finish_non_exhaustive()
    }
}

impl Reqwest {
    /// Connects directly, whatever proxy the environment names.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn new(auth: Arc<dyn Authorize>, timeouts: Timeouts) -> Result<Self> {
        Self::build(auth, || {
            base(timeouts.connect).timeout(timeouts.total).no_proxy()
        })
    }

    /// Connects through the proxies that the environment names (`HTTPS_PROXY`, `NO_PROXY`).
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn through_system_proxy(auth: Arc<dyn Authorize>, timeouts: Timeouts) -> Result<Self> {
        Self::build(auth, || base(timeouts.connect).timeout(timeouts.total))
    }

    fn build(
        auth: Arc<dyn Authorize>,
        builder: impl Fn() -> reqwest::ClientBuilder,
    ) -> Result<Self> {
        Ok(Self {
            reads: builder().build().map_err(no_tls)?,
            writes: builder()
                .pool_max_idle_per_host(0)
                .build()
                .map_err(no_tls)?,
            auth,
            only: None,
            body_limit: BODY_LIMIT,
        })
    }

    /// Sends the credential to the origin of `base` only. A link from an answer that leads
    /// elsewhere is refused before anything leaves.
    #[must_use]
    pub fn only_to(mut self, base: &Url) -> Self {
        self.only = Some(base.origin());
        self
    }

    /// Reads bodies of up to `bytes` bytes.
    #[must_use]
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    fn refuse(&self, url: &Url) -> Option<String> {
        if let Some(why) = unencrypted(url) {
            return Some(why);
        }
        if self.only.as_ref().is_some_and(|only| *only != url.origin()) {
            return Some(format!(
                "`{}` is another host than the provider's; the credential is not sent there",
                url.origin().ascii_serialization()
            ));
        }
        None
    }

    async fn body(&self, response: &mut reqwest::Response) -> Result<Bytes, Broken> {
        let status = response.status().as_u16();
        let too_large = || Broken {
            unsent: false,
            lasting: true,
            why: format!(
                "answered {status} with a body above the limit of {} bytes",
                self.body_limit
            ),
        };
        let limit = u64::try_from(self.body_limit).unwrap_or(u64::MAX);
        if response.content_length().is_some_and(|size| size > limit) {
            return Err(too_large());
        }
        let mut body = BytesMut::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() > self.body_limit => {
                    return Err(too_large());
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => return Ok(body.freeze()),
                Err(error) => {
                    return Err(Broken::unclear(format!(
                        "answered {status}, but the body broke off after {} bytes: {}",
                        body.len(),
                        why(error)
                    )));
                }
            }
        }
    }
}

#[async_trait]
impl Transport for Reqwest {
    async fn roundtrip(&self, request: &Request) -> Result<Answer, Broken> {
        let mut url = request.url.clone();
        super::strip_userinfo(&mut url);
        if let Some(why) = self.refuse(&url) {
            return Err(Broken::refused(why));
        }
        let credential = self
            .auth
            .headers(request)
            .await
            .map_err(|fault| Broken::refused(format!("no credential: {fault}")))?;
        let client = match request.effect {
            Effect::Read => &self.reads,
            Effect::Write => &self.writes,
        };
        let mut call = client
            .request(request.method.clone(), url)
            .headers(request.headers.clone());
        if let Some((media_type, body)) = &request.body {
            call = call
                .header(header::CONTENT_TYPE, *media_type)
                .body(body.clone());
        }
        // Last, and replacing: nothing that a caller set stands beside the credential.
        let mut response = call
            .headers(credential)
            .send()
            .await
            .map_err(|error| Broken {
                unsent: error.is_connect() || error.is_builder(),
                lasting: error.is_builder(),
                why: why(error),
            })?;
        self.auth.learn(response.headers());
        let body = self.body(&mut response).await?;
        Ok(Answer {
            status: response.status(),
            headers: response.headers().clone(),
            body,
        })
    }
}

/// What every client has in common.
pub(super) fn base(connect: Duration) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .user_agent(concat!("cordon/", env!("CARGO_PKG_VERSION")))
        .tls_backend_rustls()
        .redirect(reqwest::redirect::Policy::none())
        // An attempt that nobody witnessed must not exist.
        .retry(reqwest::retry::never())
        .referer(false)
        .pool_idle_timeout(IDLE)
        .connect_timeout(connect)
}

pub(super) fn no_tls(error: reqwest::Error) -> Fault {
    Fault::failed("tls", "Encrypted connections could not be set up.")
        .caused_by(error)
        .hint("check that this machine has a store of trusted certificates")
}

/// Why nothing is sent to an address that is neither encrypted nor this machine.
pub(super) fn unencrypted(url: &Url) -> Option<String> {
    let fine = url.scheme() == "https" || url.scheme() == "http" && is_loopback(url);
    (!fine).then(|| {
        format!(
            "`{}` is not encrypted; only this machine is called without TLS",
            url.origin().ascii_serialization()
        )
    })
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
        Some(url::Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// The whole chain of causes, without the URL, whose query may be long and is kept elsewhere.
pub(super) fn why(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = if error.is_timeout() {
        format!("timed out: {error}")
    } else {
        error.to_string()
    };
    let mut cause = std::error::Error::source(&error);
    while let Some(next) = cause {
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    text
}
