//! The company's identity provider: OpenID Connect, authorization code with PKCE.
//!
//! ```text
//! begin  → the browser goes to the provider with state, nonce and challenge; a cookie binds it to them
//! finish → state and cookie belong together → code for tokens → the ID token is checked → who
//! ```
//!
//! It vouches for people of the configuration, and never makes any. What was begun the browser keeps
//! itself, sealed: nobody fills a memory of ours and keeps others out.

mod browser;
mod idtoken;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{HeaderValue, Method, StatusCode, header};
use jiff::SignedDuration;
use jsonwebtoken::jwk::Jwk;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;
use url::form_urlencoded::byte_serialize;

use super::hold;
use crate::canon::Digest;
use crate::fault::{Fault, Result};
use crate::http::{Request, Transport};
use crate::secret::{ExposeSecret as _, SecretString};
use crate::time::{Clock, Timestamp};

pub use browser::Browser;
use browser::Seal;
use idtoken::{Claims, Expected};

/// How long somebody may take at the provider, and then over the code of their app.
const WITHIN: SignedDuration = SignedDuration::from_mins(10);
/// How many that the provider has vouched for may be asked for a code at once; for one more, the one who
/// waits longest begins again.
const VOUCHED: usize = 1000;
/// How long the provider's description and keys are kept.
const FRESH: SignedDuration = SignedDuration::from_hours(1);
/// How often keys are fetched at most, because a token names one that is not known.
const AGAIN_AFTER: SignedDuration = SignedDuration::from_secs(30);

/// The provider, as configured.
#[derive(Debug)]
pub struct Config {
    /// Its issuer.
    pub issuer: Url,
    /// Our client id there.
    pub client_id: String,
    /// Our secret there.
    pub client_secret: Option<SecretString>,
    /// Where it sends people back to.
    pub back: Url,
}

/// The provider, with what is under way.
pub struct Oidc {
    config: Config,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    provider: tokio::sync::Mutex<Option<(Arc<Provider>, Timestamp)>>,
    keys: tokio::sync::Mutex<Option<(Arc<Vec<Jwk>>, Timestamp)>>,
    seal: Seal,
    vouched: Mutex<BTreeMap<String, (Vouched, Timestamp)>>,
}

impl std::fmt::Debug for Oidc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Oidc")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

/// OpenID Connect Discovery 1.0, section 3, as far as it is used.
#[derive(Debug, Deserialize)]
struct Provider {
    issuer: String,
    authorization_endpoint: Url,
    token_endpoint: Url,
    jwks_uri: Url,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
    /// RFC 9207.
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// What the browser brings back. Hostile text.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Callback {
    /// What was sent along.
    pub state: String,
    /// For the tokens.
    pub code: String,
    /// Who says so.
    pub iss: Option<String>,
    /// Why there is no code.
    pub error: Option<String>,
}

/// Whom the provider vouches for.
#[derive(Debug, Clone)]
pub struct Vouched {
    /// Their id there.
    pub sub: String,
    /// Their address, when the provider has verified it.
    pub email: Option<String>,
    /// Whether it says that it asked for several factors.
    pub several_factors: bool,
    /// Where they wanted to go.
    pub next: String,
}

impl Oidc {
    /// `transport` adds no credential of its own.
    ///
    /// # Errors
    /// This machine gives no random numbers.
    pub fn new(
        config: Config,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        Ok(Self {
            config,
            transport,
            clock,
            provider: tokio::sync::Mutex::default(),
            keys: tokio::sync::Mutex::default(),
            seal: Seal::new()?,
            vouched: Mutex::default(),
        })
    }

    /// Where to send the browser, and the cookie that it comes back with.
    ///
    /// # Errors
    /// `idp-away`: the provider cannot be reached, or its description is not right.
    pub async fn begin(&self, next: &str) -> Result<(Url, Browser)> {
        let provider = self.provider().await?;
        let (browser, secrets) = self.seal.begin(next, self.clock.now())?;
        let challenge = Digest::of(secrets.verifier.as_bytes());
        let mut url = provider.authorization_endpoint.clone();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.config.client_id)
            .append_pair("redirect_uri", self.config.back.as_str())
            .append_pair("scope", "openid email")
            .append_pair("state", &secrets.state)
            .append_pair("nonce", &secrets.nonce)
            .append_pair(
                "code_challenge",
                &URL_SAFE_NO_PAD.encode(challenge.as_bytes()),
            )
            .append_pair("code_challenge_method", "S256");
        Ok((url, browser))
    }

    /// Whom the provider vouches for, once for each sign-in that was begun by this browser.
    ///
    /// # Errors
    /// `idp-refused`, whose place says what was not right; `idp-away`.
    pub async fn finish(&self, browser: &Browser, back: &Callback) -> Result<Vouched> {
        let secrets = Some(browser)
            .filter(|browser| self.is_current(browser.begun()))
            .and_then(|browser| self.seal.take(browser, &back.state))
            .ok_or_else(|| refused("the state"))?;
        let provider = self.provider().await?;
        let named = back.iss.as_ref();
        if named.is_some_and(|iss| *iss != provider.issuer)
            || named.is_none() && provider.authorization_response_iss_parameter_supported
        {
            return Err(refused("the issuer of the answer"));
        }
        if back.error.is_some() || back.code.is_empty() || back.code.len() > 4096 {
            return Err(refused("the provider's answer"));
        }
        let token = self
            .redeem(&provider, &back.code, &secrets.verifier)
            .await?;
        let expected = Expected {
            issuer: &provider.issuer,
            client: &self.config.client_id,
            nonce: &secrets.nonce,
            now: self.clock.now(),
        };
        let claims = self.check(&provider, &token, &expected).await?;
        Ok(Vouched {
            several_factors: claims.several_factors(),
            email: claims.verified_email(),
            sub: claims.sub,
            next: browser.next().to_owned(),
        })
    }

    /// Keeps whom the provider vouched for, until the code of their app is there.
    pub fn hold_vouched(&self, browser: &Browser, vouched: Vouched) {
        let mut all = hold(&self.vouched);
        all.retain(|_, (_, at)| self.is_current(*at));
        if all.len() >= VOUCHED {
            let oldest = all.iter().min_by_key(|(_, (_, at))| *at);
            let oldest = oldest.map(|(digest, _)| digest.clone());
            oldest.and_then(|digest| all.remove(&digest));
        }
        all.insert(browser.digest(), (vouched, self.clock.now()));
    }

    /// Whom the provider vouched for in this browser.
    pub fn vouched(&self, browser: &Browser) -> Option<Vouched> {
        let all = hold(&self.vouched);
        let (vouched, at) = all.get(&browser.digest())?;
        self.is_current(*at).then(|| vouched.clone())
    }

    /// Forgets it: they are signed in.
    pub fn forget(&self, browser: &Browser) {
        hold(&self.vouched).remove(&browser.digest());
    }

    fn is_current(&self, at: Timestamp) -> bool {
        self.clock.now().duration_since(at).abs() < WITHIN
    }

    /// The code for the ID token. No answer of the token endpoint is repeated in a fault.
    async fn redeem(&self, provider: &Provider, code: &str, verifier: &str) -> Result<String> {
        #[derive(Deserialize)]
        struct Granted {
            id_token: String,
        }
        let request = self.redeeming(provider, code, verifier)?;
        let answer = self.transport.roundtrip(&request).await;
        let answer = answer.map_err(|broken| away(&broken.why))?;
        if answer.status != StatusCode::OK {
            return Err(refused("the code"));
        }
        let granted: Granted =
            serde_json::from_slice(&answer.body).map_err(|_| refused("the provider's tokens"))?;
        Ok(granted.id_token)
    }

    fn redeeming(&self, provider: &Provider, code: &str, verifier: &str) -> Result<Request> {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", self.config.back.as_str())
            .append_pair("code_verifier", verifier);
        let mut request = Request::write(Method::POST, provider.token_endpoint.clone());
        let methods = &provider.token_endpoint_auth_methods_supported;
        // Basic is what a provider that names none takes (RFC 6749, section 2.3.1).
        let basic = methods.is_empty() || methods.iter().any(|name| name == "client_secret_basic");
        match &self.config.client_secret {
            Some(secret) if basic => {
                let part = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
                let pair = format!(
                    "{}:{}",
                    part(&self.config.client_id),
                    part(secret.expose_secret())
                );
                let line = format!("Basic {}", STANDARD.encode(pair));
                let mut value = HeaderValue::from_str(&line).map_err(|_| refused("our secret"))?;
                value.set_sensitive(true);
                request.headers.insert(header::AUTHORIZATION, value);
            }
            Some(secret) => {
                form.append_pair("client_id", &self.config.client_id)
                    .append_pair("client_secret", secret.expose_secret());
            }
            None => {
                form.append_pair("client_id", &self.config.client_id);
            }
        }
        request.body = Some((
            "application/x-www-form-urlencoded",
            form.finish().into_bytes().into(),
        ));
        request.secret_body = true;
        Ok(request)
    }

    /// Checks an ID token with the provider's keys, fetched again when it names one that is not there.
    async fn check(
        &self,
        provider: &Provider,
        token: &str,
        expected: &Expected<'_>,
    ) -> Result<Claims> {
        let keys = self.keys(provider, FRESH).await?;
        let claims = match idtoken::check(token, &keys, expected) {
            Err(idtoken::UNKNOWN_KEY) => {
                let keys = self.keys(provider, AGAIN_AFTER).await?;
                idtoken::check(token, &keys, expected)
            }
            claims => claims,
        };
        claims.map_err(refused)
    }

    async fn provider(&self) -> Result<Arc<Provider>> {
        let mut kept = self.provider.lock().await;
        let now = self.clock.now();
        if let Some((provider, at)) = &*kept
            && now.duration_since(*at).abs() < FRESH
        {
            return Ok(Arc::clone(provider));
        }
        let issuer = self.config.issuer.as_str().trim_end_matches('/');
        let place = format!("{issuer}/.well-known/openid-configuration");
        let place = place.parse().map_err(|_| away("its address is none"))?;
        let found: Provider = self.get(place).await?;
        if found.issuer.trim_end_matches('/') != issuer {
            return Err(away("it calls itself by another issuer than configured"));
        }
        if found.authorization_endpoint.scheme() != self.config.issuer.scheme() {
            return Err(away("it sends people to a page without TLS"));
        }
        let found = Arc::new(found);
        *kept = Some((Arc::clone(&found), now));
        Ok(found)
    }

    /// The provider's keys, no older than `age`.
    async fn keys(&self, provider: &Provider, age: SignedDuration) -> Result<Arc<Vec<Jwk>>> {
        #[derive(Deserialize)]
        struct Set {
            keys: Vec<serde_json::Value>,
        }
        let mut kept = self.keys.lock().await;
        let now = self.clock.now();
        if let Some((keys, at)) = &*kept
            && now.duration_since(*at).abs() < age
        {
            return Ok(Arc::clone(keys));
        }
        let set: Set = self.get(provider.jwks_uri.clone()).await?;
        // A key of a kind that is not known must not hide those that are.
        let keys = set.keys.into_iter();
        let keys = keys.filter_map(|key| serde_json::from_value(key).ok());
        let keys: Arc<Vec<Jwk>> = Arc::new(keys.take(100).collect());
        *kept = Some((Arc::clone(&keys), now));
        Ok(keys)
    }

    async fn get<T: DeserializeOwned>(&self, url: Url) -> Result<T> {
        let answer = self.transport.roundtrip(&Request::get(url)).await;
        let answer = answer.map_err(|broken| away(&broken.why))?;
        if answer.status != StatusCode::OK {
            return Err(away(&format!("it answered {}", answer.status.as_u16())));
        }
        serde_json::from_slice(&answer.body).map_err(|_| away("its answer has an unexpected shape"))
    }
}

fn refused(what: &'static str) -> Fault {
    Fault::input("idp-refused", "The company's account did not sign you in.")
        .at(format!("not right: {what}"))
        .hint("begin again, in one window")
        .hint("passphrase and code work without it")
}

fn away(why: &str) -> Fault {
    Fault::failed("idp-away", "The identity provider cannot be used.")
        .at(crate::hostile::one_line(why, 200))
        .hint("passphrase and code work without it, and so does a break-glass code")
}
