//! The pages: sign-in, cases, gates, log. Rendered on the server, without a build step.
//!
//! ```text
//! request → guard (who is it, headers, limits) → a page (may they? what is so?) → template → answer
//! ```
//!
//! A page reads through [`App`] and acts through its desks, as the command line does; what somebody may
//! do is decided by [`crate::access`] alone.

pub mod api;
pub mod guard;
pub mod page;
pub mod pages;
pub mod visit;

use std::sync::Arc;

use axum::Router;

use crate::app::App;
use crate::store::Hub;

/// What every page works with.
#[derive(Debug)]
pub struct Web {
    /// The program as configured.
    pub app: Arc<App>,
    /// What all cases share: sign-ins, sessions.
    pub hub: Arc<Hub>,
    /// The templates.
    pub pages: page::Pages,
}

/// Every route of the pages.
///
/// # Errors
/// A template that cannot be read.
pub fn router(app: Arc<App>, hub: Arc<Hub>) -> crate::fault::Result<Router> {
    let pages = page::Pages::new(app.zone.clone())?;
    let web = Arc::new(Web { app, hub, pages });
    let routes = pages::router().nest(api::BASE, api::router());
    Ok(guard::guarded(routes, &web).with_state(web))
}
