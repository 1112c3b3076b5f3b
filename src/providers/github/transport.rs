//! Carries one attempt over octocrab and adds the credential.
//!
//! Only generic requests are used, so that the bytes received are kept as they came. octocrab repeats
//! a call of an installation once after `401` by itself; the token is therefore minted here and handed
//! over as a plain token, so that every attempt that leaves is an attempt that the witness sees.

use std::error::Error as _;
use std::time::Duration;

use async_trait::async_trait;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use http_body_util::{BodyExt as _, Limited};
use octocrab::models::{AppId, InstallationId};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::fault::{Fault, Result};
use crate::http::{Answer, Broken, Request, Transport};

/// The REST API version that every call names.
pub(super) const API_VERSION: &str = "2022-11-28";

/// The longest body that is read, bytes; a page of 100 audit events is below one of them.
const BODY_LIMIT: usize = 32 << 20;

/// How long connecting and each wait for bytes may take.
const IO_TIMEOUT: Duration = Duration::from_secs(20);

/// How long one attempt may take.
const ATTEMPT_TIMEOUT: Duration = Duration::from_mins(1);

/// octocrab with one credential.
pub(super) struct Octocrab {
    base: Url,
    identity: Identity,
}

impl std::fmt::Debug for Octocrab {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Octocrab")
            .field("base", &self.base.as_str())
            .finish_non_exhaustive()
    }
}

enum Identity {
    /// A credential that stays as it is: a token, the App's own JWT, or none.
    Fixed(Box<octocrab::Octocrab>),
    /// An installation of the App: its tokens live for an hour and are minted when needed.
    Installation {
        app: Box<octocrab::Octocrab>,
        id: InstallationId,
        /// Locked while a token is minted, so that calls at once mint one token and not one each.
        minter: Box<tokio::sync::Mutex<octocrab::Octocrab>>,
    },
}

impl Octocrab {
    /// Calls without a credential.
    pub(super) fn anonymous(base: &Url) -> Result<Self> {
        let crab = builder(base)?
            .build()
            .map_err(|error| unbuildable(&error))?;
        Ok(Self {
            base: base.clone(),
            identity: Identity::Fixed(Box::new(crab)),
        })
    }

    /// Calls with a token of a person, over the connections of `self`.
    pub(super) fn with_token(&self, token: &SecretString) -> Result<Self> {
        let crab: &octocrab::Octocrab = match &self.identity {
            Identity::Fixed(crab) => crab,
            Identity::Installation { app, .. } => app,
        };
        let crab = crab
            .user_access_token(token.expose_secret().to_owned())
            .map_err(|error| unbuildable(&error))?;
        Ok(Self {
            base: self.base.clone(),
            identity: Identity::Fixed(Box::new(crab)),
        })
    }

    /// Calls as the App itself (JWT), and as one of its installations.
    pub(super) fn app(
        base: &Url,
        app: u64,
        key: &SecretString,
        installation: u64,
    ) -> Result<(Self, Self)> {
        let app = builder(base)?
            .app_from_rsa_pem(AppId(app), key.expose_secret())
            .map_err(|_| {
                // The reason may quote the key; it is not repeated.
                Fault::input(
                    "github-app-key",
                    "The private key of the GitHub App cannot be read.",
                )
                .hint("give the PEM file as GitHub made it: an unencrypted RSA key")
            })?
            .build()
            .map_err(|error| unbuildable(&error))?;
        let id = InstallationId(installation);
        let minter = app.installation(id).map_err(|error| unbuildable(&error))?;
        let minter = Box::new(tokio::sync::Mutex::new(minter));
        let itself = Self {
            base: base.clone(),
            identity: Identity::Fixed(Box::new(app.clone())),
        };
        let identity = Identity::Installation {
            app: Box::new(app),
            id,
            minter,
        };
        Ok((
            itself,
            Self {
                base: base.clone(),
                identity,
            },
        ))
    }

    /// The client of one attempt. Without a token nothing has left for the call itself.
    async fn client(&self) -> Result<octocrab::Octocrab, Broken> {
        match &self.identity {
            Identity::Fixed(crab) => Ok((**crab).clone()),
            Identity::Installation { minter, .. } => {
                let minter = minter.lock().await;
                let issued = minter.installation_token();
                let token = tokio::time::timeout(ATTEMPT_TIMEOUT, issued)
                    .await
                    .map_err(|_| {
                        Broken::unsent("the installation token was not issued within a minute")
                    })?;
                let token = token.map_err(|error| {
                    Broken::unsent(format!(
                        "no installation token was issued: {}",
                        chain(&error)
                    ))
                })?;
                minter
                    .user_access_token(token)
                    .map_err(|error| Broken::refused(chain(&error)))
            }
        }
    }

    /// Forgets the installation token, so that the next attempt mints another one.
    async fn forget(&self) {
        if let Identity::Installation { app, id, minter } = &self.identity
            && let Ok(fresh) = app.installation(*id)
        {
            *minter.lock().await = fresh;
        }
    }

    /// The request that octocrab sends: relative to the base, because octocrab adds the credential
    /// only there.
    fn prepare(&self, request: &Request) -> Result<http::Request<Vec<u8>>, Broken> {
        let url = &request.url;
        if url.origin() != self.base.origin() || !url.path().starts_with(self.base.path()) {
            return Err(Broken::refused(
                "the address is not one of the configured API",
            ));
        }
        let target = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let mut built = http::Request::builder()
            .method(request.method.clone())
            .uri(target);
        if let Some(headers) = built.headers_mut() {
            headers.extend(request.headers.clone());
            headers
                .entry(ACCEPT)
                .or_insert(HeaderValue::from_static("application/vnd.github+json"));
            headers.insert(
                "x-github-api-version",
                HeaderValue::from_static(API_VERSION),
            );
            if let Some((media, _)) = &request.body {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
            }
        }
        let body = request
            .body
            .as_ref()
            .map(|(_, bytes)| bytes.to_vec())
            .unwrap_or_default();
        built
            .body(body)
            .map_err(|error| Broken::refused(format!("the request cannot be sent: {error}")))
    }
}

#[async_trait]
impl Transport for Octocrab {
    async fn roundtrip(&self, request: &Request) -> Result<Answer, Broken> {
        let prepared = self.prepare(request)?;
        let client = self.client().await?;
        let attempt = async {
            let response = client.execute(prepared).await.map_err(|error| {
                let why = chain(&error);
                if never_connected(&error) {
                    Broken::unsent(why)
                } else {
                    Broken::unclear(why)
                }
            })?;
            let (parts, body) = response.into_parts();
            let body = Limited::new(body, BODY_LIMIT)
                .collect()
                .await
                .map_err(|error| {
                    Broken::unclear(format!("the answer could not be read to its end: {error}"))
                })?;
            Ok(Answer {
                status: parts.status,
                headers: parts.headers,
                body: body.to_bytes(),
            })
        };
        let answer = tokio::time::timeout(ATTEMPT_TIMEOUT, attempt)
            .await
            .map_err(|_| Broken::unclear("no answer came within a minute"))??;
        if answer.status == http::StatusCode::UNAUTHORIZED {
            self.forget().await;
        }
        Ok(answer)
    }
}

type Builder = octocrab::OctocrabBuilder<
    octocrab::NoSvc,
    octocrab::DefaultOctocrabBuilderConfig,
    octocrab::NoAuth,
    octocrab::NotLayerReady,
>;

fn builder(base: &Url) -> Result<Builder> {
    octocrab::Octocrab::builder()
        .set_connect_timeout(Some(IO_TIMEOUT))
        .set_read_timeout(Some(IO_TIMEOUT))
        .set_write_timeout(Some(IO_TIMEOUT))
        .base_uri(base.as_str())
        .map_err(|error| unbuildable(&error))
}

fn unbuildable(error: &octocrab::Error) -> Fault {
    Fault::failed(
        "github-client",
        format!("The GitHub client could not be made: {}", chain(error)),
    )
    .hint("check the base URL of the API, for example https://api.github.com")
}

/// The error and what caused it, in one line.
fn chain(error: &octocrab::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    text.lines()
        .next()
        .unwrap_or_default()
        .chars()
        .take(400)
        .collect()
}

/// Whether the connection was never made. hyper-util says so only in its text.
fn never_connected(error: &octocrab::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = error.source();
    while let Some(inner) = cause {
        if inner.to_string().contains("(Connect)") {
            return true;
        }
        cause = inner.source();
    }
    false
}
