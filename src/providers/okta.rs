//! Okta: sign-in for everything behind it.
//!
//! Written against the Okta Management API 2026.06.3 (`https://{org}/api/v1`), from the vendor's own
//! description. `[k]` marks what that description does not say.
//!
//! # Credential
//!
//! A service app with a private key (`private_key_jwt`) and an administrator role, or an SSWS token,
//! which has every right of the user who made it. Least scopes: `okta.users.read`,
//! `okta.users.manage`, `okta.roles.read`, `okta.roles.manage`, `okta.apiTokens.read`,
//! `okta.apiTokens.manage`, `okta.devices.read`, `okta.devices.manage`, `okta.logs.read`. Accounts
//! that own our credential, and everything of theirs, are protected. A service app may require proof of
//! possession (DPoP, RFC 9449): tokens are then bound to a key that lives as long as the process.
//!
//! # Limits
//!
//! `429` with `x-rate-limit-limit`, `-remaining` and `-reset` (epoch seconds) `[k]`; lists go on with
//! `Link: <…after=…>; rel="next"`, an opaque cursor of which only the query is taken.
//!
//! # Doors
//!
//! | door | class | close | proof | undo | scope |
//! |---|---|---|---|---|---|
//! | `okta.account` | reversible | `POST /api/v1/users/{id}/lifecycle/suspend` | `GET /api/v1/users/{id}` | `POST /api/v1/users/{id}/lifecycle/unsuspend` | `okta.users.manage` |
//! | `okta.session` | redoable | `DELETE /api/v1/users/{id}/sessions?oauthTokens=true&forgetDevices=true` | `GET /api/v1/logs (user.session.clear and no user.session.start after it), status SUSPENDED` | none | `okta.users.manage` |
//! | `okta.grant` | redoable | `DELETE /api/v1/users/{id}/grants/{grant}` | `GET /api/v1/users/{id}/grants/{grant}` | none | `okta.users.manage` |
//! | `okta.client_token` | redoable | `DELETE /api/v1/users/{id}/clients/{client}/tokens` | `GET /api/v1/users/{id}/clients/{client}/tokens` | none | `okta.users.manage` |
//! | `okta.api_token` | irreversible | `DELETE /api/v1/api-tokens/{token}` | `GET /api/v1/api-tokens/{token}` | none | `okta.apiTokens.manage` |
//! | `okta.device` | reversible | `POST /api/v1/devices/{device}/lifecycle/suspend` | `GET /api/v1/devices/{device}` | `POST /api/v1/devices/{device}/lifecycle/unsuspend` | `okta.devices.manage` |
//! | `okta.admin_role` | reversible | `DELETE /api/v1/users/{id}/roles/{assignment}` | `GET /api/v1/users/{id}/roles` | `POST /api/v1/users/{id}/roles` | `okta.roles.manage` |
//! | `okta.group_role` | reversible | a person | `GET /api/v1/users/{id}/roles, GET /api/v1/users/{id}` | none | `okta.roles.read` |
//! | `okta.factor` | irreversible | a person | `GET /api/v1/users/{id}/factors/{factor}, GET /api/v1/users/{id}` | none | `okta.users.read` |
//! | `okta.app_session` | redoable | a person | `GET /api/v1/users/{id}/appLinks (an assignment; Okta cannot see the session)` | none | `okta.users.read` |
//!
//! Group and app assignments are left as they are: a suspension keeps them, and they are the way back.
//! Nothing is deactivated: that deprovisions every app and "can't be recovered".
//!
//! # Which accounts can be suspended
//!
//! Only `ACTIVE` ones. `SUSPENDED` and `DEPROVISIONED` count as done. `STAGED`, `PROVISIONED`,
//! `LOCKED_OUT`, `PASSWORD_EXPIRED` and `RECOVERY` are refused with the next step for a person.
//!
//! # Trail
//!
//! `okta.system_log`: 90 days `[k]`; at most 1000 events a page; a query bounded by `until` can miss
//! events that arrive late, so the last hours are read again and events are told apart by `uuid`.

mod api;
mod check;
mod close;
mod inventory;
mod kinds;
mod log;
mod model;
mod probe;
mod resolve;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::header;
use serde_json::Value;
use tokio::sync::OnceCell;
use url::Url;

use self::api::{Api, Denied, Read};
pub use self::kinds::SPEC;
use self::model::User;
use crate::case::subject::Subject;
use crate::door::{Door, Probe};
use crate::fault::{Fault, Result};
use crate::http::Client;
use crate::http::limit::Limit;
use crate::http::retry::Retry;
use crate::http::token::{ClientCredentials, ServiceApp, SigningKey};
use crate::http::transport::{Authorize, Header, NoAuth, Reqwest, Timeouts};
use crate::provider::{
    Account, Candidate, Check, Closing, Cx, Inventory, Page, Provider, Spec, Window,
};
use crate::secret::SecretString;
use crate::time::Clock;

/// What an organization is reached with.
#[derive(Debug)]
pub enum Credential {
    /// An API token, `Authorization: SSWS …`.
    Ssws(SecretString),
    /// A service app with a private key.
    ServiceApp {
        /// The client id.
        client_id: String,
        /// The private half of its key.
        key: SigningKey,
    },
}

/// How one organization is used.
#[derive(Debug)]
pub struct Settings {
    /// `https://{org}`, without a path.
    pub base_url: Url,
    /// The name of the credential, for people and evidence.
    pub credential_name: String,
    /// The credential.
    pub credential: Credential,
    /// Logins, addresses, ids and token names that are never closed.
    pub protected: Vec<String>,
    /// How often and how many at once.
    pub limit: Limit,
    /// When a call is tried again.
    pub retry: Retry,
}

/// Ten calls a second with bursts of forty, eight under way: below what Okta grants the smallest
/// organizations for users `[k]`.
///
/// # Errors
/// None in practice; the numbers are checked like any others.
pub fn default_limit() -> Result<Limit> {
    Limit::try_new(Duration::from_millis(100), 40, 8)
}

/// One Okta organization.
#[derive(Debug)]
pub struct Okta {
    api: Api,
    credential: String,
    principal: Principal,
    protected: Vec<String>,
    /// The user that owns our API token, once asked for.
    me: OnceCell<String>,
}

/// As whom we come.
#[derive(Debug)]
enum Principal {
    /// The user who made the API token.
    TokenOwner,
    /// A service app, which is no user.
    ServiceApp(Arc<ClientCredentials>),
}

impl Okta {
    /// An organization, not yet called.
    ///
    /// # Errors
    /// An address that is not usable, or TLS that cannot be set up.
    pub fn new(settings: Settings, clock: Arc<dyn Clock>) -> Result<Self> {
        let base = &settings.base_url;
        let (auth, principal): (Arc<dyn Authorize>, _) = match settings.credential {
            Credential::Ssws(value) => {
                let name = header::AUTHORIZATION;
                (
                    Arc::new(Header {
                        name,
                        prefix: "SSWS ",
                        value,
                    }),
                    Principal::TokenOwner,
                )
            }
            Credential::ServiceApp { client_id, key } => {
                let token_url = base.join("/oauth2/v1/token").map_err(|error| {
                    Fault::input(
                        "okta-url",
                        "The address of the token endpoint cannot be made.",
                    )
                    .caused_by(error)
                })?;
                let transport =
                    Reqwest::new(Arc::new(NoAuth), Timeouts::default())?.only_to(&token_url);
                let app = ServiceApp {
                    token_url,
                    client_id,
                    key,
                    scopes: check::scopes(),
                };
                let app = Arc::new(ClientCredentials::new(
                    Arc::new(transport),
                    app,
                    Arc::clone(&clock),
                ));
                (
                    Arc::<ClientCredentials>::clone(&app),
                    Principal::ServiceApp(app),
                )
            }
        };
        let transport = Reqwest::new(auth, Timeouts::default())?.only_to(base);
        let client = Client::new(
            Arc::new(transport),
            settings.credential_name.clone(),
            settings.limit,
            settings.retry,
            clock,
        );
        Ok(Self {
            api: Api::new(client, base)?,
            credential: settings.credential_name,
            principal,
            protected: settings.protected,
            me: OnceCell::new(),
        })
    }

    /// The user with this id, and no other.
    async fn user(&self, id: &str, cx: Cx<'_>) -> Result<Read<User>> {
        match self.api.read::<User>(&["users", api::id(id)?], cx).await? {
            Read::Found(user, evidence) if user.id != id => Err(Fault::failed(
                "okta-account",
                "Okta answered with another account than the one that was asked for.",
            )
            .at(evidence)),
            read => Ok(read),
        }
    }

    /// Why the account must be left alone because our own credential hangs on it.
    async fn own(&self, account: &str, cx: Cx<'_>) -> Result<Option<String>> {
        if matches!(self.principal, Principal::ServiceApp(_)) {
            return Ok(None);
        }
        let me = self
            .me
            .get_or_try_init(|| async {
                match self.api.read::<User>(&["users", "me"], cx).await? {
                    Read::Found(user, _) => Ok(user.id),
                    Read::Gone(evidence) => Err(Fault::failed(
                        "okta-me",
                        "Okta does not say whose API token we use, so nothing is closed with it.",
                    )
                    .at(evidence)),
                    Read::Denied(denied) => {
                        Err(self.refused("see whose API token we use", &denied))
                    }
                }
            })
            .await?;
        Ok((me == account).then(|| {
            "The credential that Cordon uses belongs to this account; use another credential."
                .to_owned()
        }))
    }

    /// Why no door of the account may be closed.
    async fn protection(&self, user: &User, cx: Cx<'_>) -> Result<Option<String>> {
        let profile = &user.profile;
        let names = [Some(&user.id), Some(&profile.login), profile.email.as_ref()];
        if let Some(why) = names
            .into_iter()
            .flatten()
            .find_map(|name| self.protected_native(name))
        {
            return Ok(Some(why));
        }
        self.own(&user.id, cx).await
    }

    /// Why a thing of this name may not be closed.
    fn protected_native(&self, name: &str) -> Option<String> {
        self.protected
            .iter()
            .any(|entry| entry.to_lowercase() == name.to_lowercase())
            .then(|| "it is on the protected list".to_owned())
    }

    /// A read without which nothing goes on.
    fn refused(&self, what: &str, denied: &Denied) -> Fault {
        Fault::failed(
            "okta-refused",
            format!("Okta did not let us {what}: {}.", denied.why),
        )
        .at(&denied.evidence)
        .hint(format!(
            "run `cordon provider check` for the credential {}",
            self.credential
        ))
    }

    /// What to do about a refused call, one sentence.
    fn next_step(&self, denied: &Denied) -> String {
        format!(
            "{}; check the credential {} and what it may do.",
            denied.why, self.credential
        )
    }
}

#[async_trait]
impl Provider for Okta {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    async fn check(&self, subject: Option<&Subject>, cx: Cx<'_>) -> Result<Vec<Check>> {
        Ok(vec![check::check(self, subject, cx).await?])
    }

    async fn resolve(&self, subject: &Subject, cx: Cx<'_>) -> Result<Vec<Candidate>> {
        resolve::candidates(self, subject, cx).await
    }

    async fn doors(&self, account: &Account, cx: Cx<'_>) -> Result<Inventory> {
        inventory::doors(self, account, cx).await
    }

    fn undo(&self, door: &Door) -> Option<Value> {
        close::undo(door)
    }

    async fn close(&self, door: &Door, cx: Cx<'_>) -> Result<Closing> {
        close::close(self, door, cx).await
    }

    async fn probe(&self, door: &Door, cx: Cx<'_>) -> Result<Probe> {
        probe::look(self, door, cx).await
    }

    async fn reopen(&self, door: &Door, undo: &Value, cx: Cx<'_>) -> Result<Closing> {
        close::reopen(self, door, undo, cx).await
    }

    async fn pull(
        &self,
        trail: &str,
        account: &Account,
        window: Window,
        cursor: Option<&str>,
        cx: Cx<'_>,
    ) -> Result<Page> {
        log::pull(self, trail, account, window, cursor, cx).await
    }
}
