//! The pages: sign-in, cases, gates, log. Rendered on the server, without a build step.
//!
//! ```text
//! request → guard (who is it, headers, limits) → a page (may they? what is so?) → template → answer
//! ```
//!
//! A page reads through [`App`] and acts through its desks, as the command line does; what somebody may
//! do is decided by [`crate::access`] alone.

pub mod api;
mod desk;
pub mod guard;
pub mod look;
pub mod page;
pub mod pages;
mod shelf;
mod shown;
pub mod signin;
pub mod visit;
mod waiting;

use std::sync::Arc;

use axum::Router;
use tokio::sync::Semaphore;

use crate::app::App;
use crate::fault::{Fault, Result};
use crate::signin::SignIn;
use crate::signin::oidc::Oidc;
use crate::signin::passkey::RelyingParty;
use crate::store::Hub;

/// How many passphrases are checked at once: each takes 64 MiB for a moment.
const HASHING: usize = 2;

/// What every page works with.
#[derive(Debug)]
pub struct Web {
    /// The program as configured.
    pub app: Arc<App>,
    /// What all cases share: sign-ins, sessions.
    pub hub: Arc<Hub>,
    /// The templates.
    pub pages: page::Pages,
    /// How people prove who they are.
    pub signin: Arc<SignIn>,
    /// The company's identity provider.
    pub idp: Option<Oidc>,
    /// The site that passkeys are for; or why there are none.
    pub passkeys: Result<Arc<RelyingParty>, &'static str>,
    /// What was read of cases.
    pub looks: look::Looks,
    /// What was read of their evidence.
    pub lately: shelf::Lately,
    /// Who is told live what happens.
    pub listeners: pages::live::Listeners,
    /// When old keys of the API were looked for.
    pub(crate) pruned: api::Pruned,
    hashing: Semaphore,
}

impl Web {
    /// What every page works with.
    ///
    /// # Errors
    /// A template or a record of the sign-in that cannot be read.
    pub fn new(app: Arc<App>, hub: Arc<Hub>) -> Result<Self> {
        let signin = app.signin()?;
        Ok(Self {
            pages: page::Pages::new(app.zone.clone())?.with_bells(Arc::clone(&signin)),
            idp: signin::idp::provider(&app)?,
            passkeys: signin::passkey::party(&app),
            app,
            hub,
            signin,
            looks: look::Looks::default(),
            lately: shelf::Lately::default(),
            listeners: pages::live::Listeners::default(),
            pruned: api::Pruned::default(),
            hashing: Semaphore::new(HASHING),
        })
    }

    /// Does what waits for the disk where it holds up nobody else.
    pub(crate) async fn wait<T: Send + 'static>(
        &self,
        work: impl FnOnce(&SignIn) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let signin = Arc::clone(&self.signin);
        let done = tokio::task::spawn_blocking(move || work(&signin)).await;
        done.unwrap_or_else(|error| {
            Err(Fault::failed("signin", "The sign-in broke off.").caused_by(error))
        })
    }

    /// The same for what checks a passphrase.
    pub(crate) async fn wait_hashing<T: Send + 'static>(
        &self,
        work: impl FnOnce(&SignIn) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let _permit = self.hashing.acquire().await;
        self.wait(work).await
    }
}

/// Whether everything that the pages need is configured right.
///
/// # Errors
/// The identity provider's settings, or its secret.
pub fn check(app: &App) -> Result<()> {
    tell_apart(app)?;
    signin::idp::provider(app).map(drop)
}

/// Warns when all clients would count as one.
fn tell_apart(app: &App) -> Result<()> {
    let (serve, signin) = (&app.settings.serve, &app.settings.signin);
    let https = (signin.url.as_ref()).is_some_and(|url| url.scheme() == "https");
    if https && serve.address()?.ip().is_loopback() && signin.client_header.is_none() {
        tracing::warn!(
            "people come through a proxy on this machine, and [signin] `client_header` is missing: all of them count as one address, and one of them can use up everybody's attempts to sign in"
        );
    }
    Ok(())
}

/// Every route of the pages.
///
/// # Errors
/// A template or a record of the sign-in that cannot be read.
pub fn router(app: Arc<App>, hub: Arc<Hub>) -> Result<Router> {
    tell_apart(&app)?;
    let web = Arc::new(Web::new(app, hub)?);
    let routes = pages::router()
        .merge(signin::router())
        .nest(api::BASE, api::router());
    Ok(guard::guarded(routes, &web).with_state(web))
}
