//! Short-lived access tokens for service apps: OAuth 2.0 client credentials (RFC 6749, section 4.4),
//! the client proven by a signed assertion (`private_key_jwt`, RFC 7523).
//!
//! The token endpoint's answer holds a token, so it goes past the witness: it is never evidence. A
//! token is used until a margin before its end and fetched by one caller at a time.
//!
//! A service app that requires proof of possession refuses the first request
//! (`invalid_dpop_proof`, Okta's word for a missing proof); from then on every request for a token, and
//! every call with one, carries a proof (`http::dpop`).

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use jsonwebtoken::{Algorithm, EncodingKey};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use url::Url;

use super::dpop::{self, At, Prover};
use super::transport::Authorize;
use super::{Answer, Effect, Request, Transport};
use crate::fault::{Fault, Result};
use crate::secret::{ExposeSecret, SecretString};
use crate::time::{Clock, Timestamp};

/// How long before its end a token is not used any more: a call may wait that long for its turn.
const MARGIN: Duration = Duration::from_mins(2);
/// How long an assertion is good for; Okta accepts at most an hour.
const ASSERTION: Duration = Duration::from_mins(5);
/// How often a token is asked for before the call that needs it is given up.
const ATTEMPTS: u32 = 3;
/// The pause after the first failed attempt; it grows with each.
const PAUSE: Duration = Duration::from_millis(500);
/// How often a request is repeated because a proof, or the number in it, was asked for.
const PROOFS: u32 = 3;
/// A token that names no end is used for this long.
const UNTIMED: u64 = 300;
/// The longest life that is believed.
const LONGEST: u64 = 24 * 3600;

/// The private half of a service app's key.
pub struct SigningKey {
    key: EncodingKey,
    algorithm: Algorithm,
    id: Option<String>,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey")
            .field("algorithm", &self.algorithm)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl SigningKey {
    /// A PEM key: RSA signs with `RS256`, elliptic P-256 with `ES256`. `id` is the key id that the
    /// provider shows beside the public half.
    ///
    /// # Errors
    /// Text that is not such a key; the fault does not repeat it.
    pub fn from_pem(pem: &SecretString, id: Option<String>) -> Result<Self> {
        let bytes = pem.expose_secret().as_bytes();
        let (key, algorithm) = EncodingKey::from_rsa_pem(bytes)
            .map(|key| (key, Algorithm::RS256))
            .or_else(|_| EncodingKey::from_ec_pem(bytes).map(|key| (key, Algorithm::ES256)))
            .map_err(|_| {
                Fault::input("signing-key", "The private key of the service app cannot be read.").hint(
                    "save the key as PEM (PKCS #8, RSA or P-256), as the console offers it, not as JSON",
                )
            })?;
        Ok(Self { key, algorithm, id })
    }
}

/// What a service app asks for, and where.
#[derive(Debug)]
pub struct ServiceApp {
    /// The token endpoint.
    pub token_url: Url,
    /// The client id.
    pub client_id: String,
    /// What signs the assertion.
    pub key: SigningKey,
    /// The scopes to ask for.
    pub scopes: Vec<String>,
}

/// Fetches tokens for a service app and keeps the current one in memory.
pub struct ClientCredentials {
    transport: Arc<dyn Transport>,
    app: ServiceApp,
    clock: Arc<dyn Clock>,
    held: Mutex<Option<Held>>,
    /// Made when the provider asks for proofs.
    prover: OnceLock<Prover>,
}

/// A token and until when it is used.
struct Held {
    token: SecretString,
    /// Bound to the key of the prover.
    bound: bool,
    until: Timestamp,
    scopes: Vec<String>,
}

impl std::fmt::Debug for ClientCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientCredentials")
            .field("app", &self.app)
            .finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
    jti: String,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    token_type: String,
    expires_in: Option<u64>,
    scope: Option<String>,
}

/// RFC 6749, section 5.2.
#[derive(Default, Deserialize)]
#[serde(default)]
struct RefusedGrant {
    error: String,
    error_description: String,
}

impl ClientCredentials {
    /// `transport` carries the calls to the token endpoint; it adds no credential of its own.
    pub fn new(transport: Arc<dyn Transport>, app: ServiceApp, clock: Arc<dyn Clock>) -> Self {
        Self {
            transport,
            app,
            clock,
            held: Mutex::new(None),
            prover: OnceLock::new(),
        }
    }

    /// The client id.
    pub fn client_id(&self) -> &str {
        &self.app.client_id
    }

    /// The scopes that the provider granted, fetching a token if none is held.
    ///
    /// # Errors
    /// The provider gives no token.
    pub async fn scopes(&self) -> Result<Vec<String>> {
        self.with_token(|held| Ok(held.scopes.clone())).await
    }

    async fn with_token<T>(&self, with: impl FnOnce(&Held) -> Result<T>) -> Result<T> {
        // Held across the fetch, so that callers who wait share the one token.
        let mut held = self.held.lock().await;
        if let Some(held) = held.as_ref().filter(|held| self.clock.now() < held.until) {
            return with(held);
        }
        *held = None;
        with(held.insert(self.fetch().await?))
    }

    async fn fetch(&self) -> Result<Held> {
        let now = self.clock.now();
        let place = self.app.token_url.as_str();
        let answer = self.ask().await?;
        if answer.status != StatusCode::OK {
            return Err(refusal(answer.status, &answer.body).at(place));
        }
        // The body holds a token: a parse error of it is not shown, it could quote it.
        let granted: Granted = serde_json::from_slice(&answer.body).map_err(|_| {
            Fault::failed(
                "token-refused",
                "The token endpoint's answer has an unexpected shape.",
            )
            .at(place)
        })?;
        let bound = granted.token_type.eq_ignore_ascii_case("dpop") && self.prover.get().is_some();
        if !bound && !granted.token_type.eq_ignore_ascii_case("bearer") {
            return Err(Fault::failed(
                "token-refused",
                "The token endpoint gave a kind of token that cannot be used.",
            )
            .at(place)
            .hint("look at the service app in the provider's console"));
        }
        let life = Duration::from_secs(granted.expires_in.unwrap_or(UNTIMED).min(LONGEST));
        let used = life.saturating_sub(MARGIN.min(life / 2));
        Ok(Held {
            token: granted.access_token.into(),
            bound,
            until: now.saturating_add(used).unwrap_or(now),
            // Without the field, what was asked for was granted (RFC 6749, section 5.1).
            scopes: granted.scope.map_or_else(
                || self.app.scopes.clone(),
                |scope| scope.split_whitespace().map(str::to_owned).collect(),
            ),
        })
    }

    /// Asking for a token changes nothing, so a failure that may pass is tried again. Every attempt has
    /// its own assertion and proof: a provider takes neither twice.
    async fn ask(&self) -> Result<Answer> {
        let (mut attempt, mut proofs) = (1, 0);
        loop {
            let request = self.request(self.clock.now())?;
            let ended = self.transport.roundtrip(&request).await;
            if let Ok(answer) = &ended
                && proofs < PROOFS
                && self.wants_proof(answer)?
            {
                proofs += 1;
                continue;
            }
            let may_pass = match &ended {
                Ok(answer) => {
                    answer.status.is_server_error()
                        || answer.status == StatusCode::TOO_MANY_REQUESTS
                }
                Err(broken) => !broken.lasting,
            };
            if !may_pass || attempt == ATTEMPTS {
                return ended.map_err(|broken| {
                    let what = format!("The token endpoint gave no answer: {}.", broken.why);
                    Fault::failed("token-unreachable", what)
                        .at(&self.app.token_url)
                        .hint("check the address of the provider and the network")
                });
            }
            tokio::time::sleep(PAUSE * attempt).await;
            attempt += 1;
        }
    }

    /// Whether an answer asks for a proof that the next request will have: the first one, or one with
    /// the number that the answer gives.
    fn wants_proof(&self, answer: &Answer) -> Result<bool> {
        let Some(prover) = self.prover.get() else {
            let asks = answer.status == StatusCode::BAD_REQUEST
                && error_of(&answer.body).error == "invalid_dpop_proof";
            if asks {
                let made = Prover::new()?;
                made.learn_of_issuer(&answer.headers);
                // Another caller cannot have come before: the token is fetched by one at a time.
                let _ = self.prover.set(made);
            }
            return Ok(asks);
        };
        prover.learn_of_issuer(&answer.headers);
        Ok(answer.status == StatusCode::BAD_REQUEST
            && error_of(&answer.body).error == "use_dpop_nonce")
    }

    fn request(&self, now: Timestamp) -> Result<Request> {
        let app = &self.app;
        let seconds = i64::try_from(ASSERTION.as_secs()).unwrap_or_default();
        let claims = Claims {
            iss: &app.client_id,
            sub: &app.client_id,
            aud: app.token_url.as_str(),
            iat: now.as_second(),
            exp: now.as_second() + seconds,
            jti: uuid::Uuid::now_v7().to_string(),
        };
        let header = jsonwebtoken::Header {
            kid: app.key.id.clone(),
            ..jsonwebtoken::Header::new(app.key.algorithm)
        };
        let assertion = jsonwebtoken::encode(&header, &claims, &app.key.key).map_err(|error| {
            Fault::failed("signing-key", "The client assertion could not be signed.")
                .caused_by(error)
        })?;
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "client_credentials")
            .append_pair("scope", &app.scopes.join(" "))
            .append_pair(
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            )
            .append_pair("client_assertion", &assertion)
            .finish();
        let mut headers =
            HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static("application/json"))]);
        if let Some(prover) = self.prover.get() {
            let proof = prover.proof(&Method::POST, &app.token_url, At::Issuer, now)?;
            headers.insert(dpop::PROOF, proof);
        }
        Ok(Request {
            method: Method::POST,
            url: app.token_url.clone(),
            headers,
            body: Some(("application/x-www-form-urlencoded", Bytes::from(form))),
            effect: Effect::Read,
            secret_body: true,
        })
    }
}

fn error_of(body: &[u8]) -> RefusedGrant {
    serde_json::from_slice(body).unwrap_or_default()
}

fn refusal(status: StatusCode, body: &[u8]) -> Fault {
    let refused = error_of(body);
    let short = |text: &str| {
        text.chars()
            .filter(|c| !c.is_control())
            .take(200)
            .collect::<String>()
    };
    let (error, about) = (short(&refused.error), short(&refused.error_description));
    let fault = Fault::failed(
        "token-refused",
        format!(
            "The token endpoint answered {}: {error} {about}",
            status.as_u16()
        ),
    );
    match error.as_str() {
        "invalid_client" => {
            fault.hint("check the client id, the key id, the key and this machine's clock")
        }
        "invalid_scope" => fault.hint("grant the scopes to the service app in the console"),
        "invalid_dpop_proof" | "use_dpop_nonce" => fault.hint(
            "check this machine's clock; the provider does not accept our proof of possession (DPoP)",
        ),
        _ => fault.hint("look at the service app in the provider's console"),
    }
}

#[async_trait]
impl Authorize for ClientCredentials {
    async fn headers(&self, request: &Request) -> Result<HeaderMap> {
        self.with_token(|held| {
            let prover = self.prover.get().filter(|_| held.bound);
            let scheme = if prover.is_some() { "DPoP" } else { "Bearer" };
            let line = format!("{scheme} {}", held.token.expose_secret());
            let mut value = HeaderValue::from_str(&line).map_err(|_| {
                Fault::failed(
                    "token-refused",
                    "The access token holds characters that no header can carry.",
                )
            })?;
            value.set_sensitive(true);
            let mut headers = HeaderMap::from_iter([(header::AUTHORIZATION, value)]);
            if let Some(prover) = prover {
                let now = self.clock.now();
                let at = At::Resource(&held.token);
                let proof = prover.proof(&request.method, &request.url, at, now)?;
                headers.insert(dpop::PROOF, proof);
            }
            Ok(headers)
        })
        .await
    }

    fn learn(&self, answer: &HeaderMap) {
        if let Some(prover) = self.prover.get() {
            prover.learn_of_resource(answer);
        }
    }
}
