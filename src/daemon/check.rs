//! Whether everything that the daemon needs is there, without listening.

use super::tls::Certificate;
use crate::app::{App, alert};
use crate::fault::Result;
use crate::settings::secrets;

/// Resolves every secret of `[serve]`, `[[webhook]]` and `[mail]`, and reads the certificate.
///
/// # Errors
/// The first that cannot be had, with its place.
pub fn check(app: &App) -> Result<()> {
    let serve = &app.settings.serve;
    serve.address()?;
    serve.public_url()?;
    if let Some(tls) = &serve.tls {
        Certificate::read(tls)?.acceptor()?;
    }
    if let Some(token) = &serve.metrics_token {
        secrets::resolve(token)?;
    }
    alert::mail_server(app)?;
    for webhook in &app.settings.webhooks {
        webhook.source()?;
        webhook.callback(&app.clock)?;
    }
    crate::web::check(app)?;
    app.settings.keep_routes_apart()
}
