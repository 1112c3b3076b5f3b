//! Whether everything that the daemon needs is there, without listening.

use super::tls::Certificate;
use crate::app::{App, alert};
use crate::fault::Result;
use crate::notice::send::seal::Seal;
use crate::settings::secrets;

/// Resolves every secret of the configuration, and reads the certificate, the keys for mail and the
/// playbook that a review begins with. Calls nobody.
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
    if let Some(mail) = &app.settings.mail {
        mail.signer()?;
        let keys = mail.keys()?;
        for key in &keys {
            // As when a notice goes out: a key that ran out is told of now, and not then.
            Seal::find(std::slice::from_ref(&key.address), &keys, app.clock.now())?;
        }
    }
    app.providers()?;
    for webhook in &app.settings.webhooks {
        webhook.source()?;
        webhook.callback(&app.clock)?;
    }
    app.check_review()?;
    crate::web::check(app)?;
    app.settings.keep_routes_apart()
}
