//! `cordon serve`: the daemon that takes messages of HR systems.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::json;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::carried::Carried;
use super::{Desktop, Ended};
use crate::app::App;
use crate::daemon::{Certificate, Daemon};
use crate::fault::{Fault, Result};

/// Take messages of HR systems and open quiet records of departures. Nothing is closed by this.
///
/// Listens as `[serve]` says and takes `POST /hooks/NAME` for each `[[webhook]]`. `GET /health` says
/// that the process is alive, `GET /ready` that messages can be kept. Its log goes to stderr, one JSON
/// document per line. SIGTERM and SIGINT stop it within ten seconds; what it acknowledged is kept,
/// even when it is killed. SIGHUP makes it read its certificate and the [[people]] of its configuration
/// again, and nothing else: who is no longer named is out at once. Other commands reach it through the socket `daemon.sock` in the data folder, and are carried out over its stores.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Check everything that it needs: addresses, certificate, mail server, every secret; and end.
    #[arg(long)]
    check: bool,
    /// Print a unit for systemd, and end.
    #[arg(long, conflicts_with = "check")]
    unit: bool,
}

/// The daemon under systemd, with as few rights as it can do with.
const UNIT: &str = include_str!("../../templates/service/cordon.service");

pub(super) async fn run(desktop: &Desktop, args: &Args) -> Result<Ended> {
    if args.unit {
        desktop
            .ui
            .answer(&json!({ "unit": UNIT }), || UNIT.to_owned())?;
        return Ok(None);
    }
    let app = Arc::new(desktop.app()?);
    let names: Vec<&str> = app
        .settings
        .webhooks
        .iter()
        .map(|webhook| webhook.name.as_str())
        .collect();
    if args.check {
        crate::daemon::check(&app)?;
        let said = json!({ "listen": app.settings.serve.listen, "webhooks": names });
        desktop.ui.answer(&said, || {
            format!("The configuration is right. Webhooks: {}\n", list(&names))
        })?;
        return Ok(None);
    }
    let signals = |error: std::io::Error| {
        Fault::failed("signals", "Signals cannot be listened to.").caused_by(error)
    };
    // Before the first message, so that none is lost to a signal that comes early.
    let mut terminate = signal(SignalKind::terminate()).map_err(signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(signals)?;
    let hangup = signal(SignalKind::hangup()).map_err(signals)?;
    let commands = Arc::new(Carried(App::clone(&app)));
    let daemon = Daemon::bind(Arc::clone(&app)).await?;
    let daemon = daemon.taking(&app.settings.data, commands)?;
    let (served, config) = (Arc::clone(&app), desktop.config.clone());
    let exchanging = tokio::spawn(exchange(hangup, daemon.certificate(), served, config));
    let address = daemon.address();
    let scheme = daemon.certificate().map_or("http", |_| "https");
    let said = json!({ "listen": address, "pid": std::process::id(), "webhooks": names });
    desktop.ui.answer(&said, || {
        format!(
            "Listening on {scheme}://{address}. Webhooks: {}\n",
            list(&names)
        )
    })?;
    if names.is_empty() {
        desktop
            .ui
            .hint("no [[webhook]] is configured: see `cordon init --print`");
    }
    daemon
        .run(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        })
        .await;
    exchanging.abort();
    #[cfg(feature = "otel")]
    tokio::task::spawn_blocking(crate::app::telemetry::flush)
        .await
        .ok();
    Ok(None)
}

/// SIGHUP: the certificate and the people on the disk are taken from now on. Nothing else is read again.
async fn exchange(
    mut hangup: Signal,
    certificate: Option<Certificate>,
    app: Arc<App>,
    config: Option<PathBuf>,
) {
    while hangup.recv().await.is_some() {
        let (app, config) = (Arc::clone(&app), config.clone());
        let reread = tokio::task::spawn_blocking(move || app.reread_people(config.as_deref()));
        match reread.await {
            Ok(Ok(changed)) => {
                // Counts: the log of the daemon names nobody.
                let (added, removed) = (changed.added.len(), changed.removed.len());
                let altered = changed.altered.len();
                tracing::info!(added, removed, altered, "the people were read again");
            }
            Ok(Err(fault)) => {
                let kept = "the people could not be read again; those before stay";
                // Its code: its words may name somebody.
                tracing::error!(code = fault.code(), "{kept}");
            }
            Err(error) => tracing::error!(%error, "reading the people again broke off"),
        }
        match certificate.as_ref().map(Certificate::reload) {
            None => tracing::info!("there is no certificate to read again"),
            Some(Ok(())) => tracing::info!("the certificate was read again"),
            Some(Err(fault)) => {
                let kept = "the certificate could not be read again; the one before is shown";
                tracing::error!(%fault, "{kept}");
            }
        }
    }
}

fn list(names: &[&str]) -> String {
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}
