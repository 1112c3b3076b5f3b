//! The pages: sign-in, cases, gates, log. Rendered on the server, without a build step.
//!
//! ```text
//! request → guard (who is it, headers, limits) → a page (may they? what is so?) → template → answer
//! ```
//!
//! A page reads through [`App`] and acts through its desks, as the command line does; what somebody may
//! do is decided by [`crate::access`] alone.

mod desk;
pub mod guard;
pub mod look;
pub mod page;
pub mod pages;
mod shown;
pub mod visit;

use std::sync::Arc;

use axum::Router;

use crate::app::App;
use crate::fault::Result;
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
    /// What was read of cases.
    pub looks: look::Looks,
    /// Who is told live what happens.
    pub listeners: pages::live::Listeners,
}

impl Web {
    /// What every page works with.
    ///
    /// # Errors
    /// A template that cannot be read.
    pub fn new(app: Arc<App>, hub: Arc<Hub>) -> Result<Self> {
        let pages = page::Pages::new(app.zone.clone())?;
        Ok(Self {
            app,
            hub,
            pages,
            looks: look::Looks::default(),
            listeners: pages::live::Listeners::default(),
        })
    }
}

/// Every route of the pages.
///
/// # Errors
/// A template that cannot be read.
pub fn router(app: Arc<App>, hub: Arc<Hub>) -> Result<Router> {
    let web = Arc::new(Web::new(app, hub)?);
    Ok(guard::guarded(pages::router(), &web).with_state(web))
}
