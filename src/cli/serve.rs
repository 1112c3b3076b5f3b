//! `cordon serve`: the daemon that takes messages of HR systems.

use std::sync::Arc;

use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use super::carried::Carried;
use super::{Desktop, Ended};
use crate::app::App;
use crate::daemon::Daemon;
use crate::fault::{Fault, Result};

/// Take messages of HR systems and open quiet records of departures. Nothing is closed by this.
///
/// Listens as `[serve]` says and takes `POST /hooks/NAME` for each `[[webhook]]`. `GET /health` says
/// that the process is alive, `GET /ready` that messages can be kept. Its log goes to stderr, one JSON
/// document per line. SIGTERM and SIGINT stop it within ten seconds; what it acknowledged is kept,
/// even when it is killed. Other commands reach it through the
/// socket `daemon.sock` in the data folder, and are carried out over its stores.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Check the configuration and every secret that it names, and end.
    #[arg(long)]
    check: bool,
}

pub(super) async fn run(desktop: &Desktop, args: &Args) -> Result<Ended> {
    let app = Arc::new(desktop.app()?);
    let names: Vec<&str> = app
        .settings
        .webhooks
        .iter()
        .map(|webhook| webhook.name.as_str())
        .collect();
    if args.check {
        for webhook in &app.settings.webhooks {
            webhook.source()?;
            webhook.callback(&app.clock)?;
        }
        app.settings.keep_routes_apart()?;
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
    let commands = Arc::new(Carried(App::clone(&app)));
    let daemon = Daemon::bind(Arc::clone(&app)).await?;
    let daemon = daemon.taking(&app.settings.data, commands)?;
    let address = daemon.address();
    let said = json!({ "listen": address, "pid": std::process::id(), "webhooks": names });
    desktop.ui.answer(&said, || {
        format!(
            "Listening on http://{address}. Webhooks: {}\n",
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
    Ok(None)
}

fn list(names: &[&str]) -> String {
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}
