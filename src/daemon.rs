//! The daemon: listens, takes messages in, opens quiet cases.
//!
//! It owns the hub while it runs, and a case only while it opens it: other commands work beside it.
//! Every connection is bounded in number, in the time of its head, and in size and time of its body.

mod check;
mod hooks;
mod listen;
mod metrics;
mod notify;
mod patience;
mod request;
mod scrub;
pub mod socket;
mod timers;
mod tls;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router, middleware};
use http::StatusCode;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::app::App;
use crate::app::alert::{Alerts, Kind};
use crate::app::inbox::Departures;
use crate::fault::{Fault, Result};
use crate::intake::{Receiver, receiver};
use hooks::Watched;
use metrics::Metrics;
use socket::{Commands, Socket};

pub use check::check;
pub use request::REQUEST_ID;
pub use scrub::Scrub;
pub use timers::Timers;
pub use tls::Certificate;

/// How long requests that are under way may take when the daemon stops. What is left is done at the next
/// start.
const REQUESTS_WITHIN: Duration = Duration::from_secs(4);
/// How long, after that, the case that is being opened, commands and runs may take to record what is under
/// way.
const REST_WITHIN: Duration = Duration::from_secs(3);

/// A daemon that listens and does not answer yet.
pub struct Daemon {
    listener: TcpListener,
    address: SocketAddr,
    router: Router,
    app: Arc<App>,
    inbox: Arc<Departures>,
    alerts: Arc<Alerts>,
    timers: Arc<Timers>,
    tls: Option<(Certificate, TlsAcceptor)>,
    commands: Option<(Socket, Arc<dyn Commands>)>,
}

impl std::fmt::Debug for Daemon {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Daemon")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Daemon {
    /// Takes the hub, resolves every secret, listens.
    ///
    /// # Errors
    /// Another process has the hub; a secret cannot be had; the address is taken.
    pub async fn bind(app: Arc<App>) -> Result<Self> {
        let address = app.settings.serve.address()?;
        let certificate = app.settings.serve.tls.as_ref().map(Certificate::read);
        let tls = certificate.transpose()?.map(|certificate| {
            let acceptor = certificate.acceptor()?;
            Ok::<_, Fault>((certificate, acceptor))
        });
        let tls = tls.transpose()?;
        let mut receivers = Vec::new();
        for webhook in &app.settings.webhooks {
            receivers.push((webhook, webhook.source()?));
        }
        let hub = app.hub()?;
        crate::app::parcel::sweep(&app.settings.data)?;
        let inbox = Arc::new(Departures::new(Arc::clone(&app), Arc::clone(&hub))?);
        let alerts = Arc::new(Alerts::new(Arc::clone(&app), Arc::clone(&hub))?);
        ring(&app, &alerts)?;
        let timers = Arc::new(Timers::new(Arc::clone(&app), Arc::clone(&alerts)));
        let metrics = Arc::new(Metrics::new(
            Arc::clone(&app),
            Arc::clone(&inbox),
            Arc::clone(&alerts),
            Arc::clone(&timers),
        )?);
        let counted = metrics.counted.clone();
        crate::http::count_with(move |exchange| counted.exchange(exchange));
        let counted = metrics.counted.clone();
        let mut router = Router::new()
            .route("/health", get(health))
            .route("/ready", get(ready))
            .with_state(Arc::clone(&inbox))
            .route("/metrics", get(metrics::scrape).with_state(metrics));
        for (webhook, source) in receivers {
            let one = Receiver {
                name: webhook.name.clone(),
                route: webhook.route.name().to_owned(),
                source,
                inbox: Arc::new(Arc::clone(&inbox)),
                clock: Arc::clone(&app.clock),
            };
            let watched = Arc::new(Watched {
                source: webhook.name.clone(),
                counted: counted.clone(),
                alerts: Arc::clone(&alerts),
                clock: Arc::clone(&app.clock),
                refused: Mutex::default(),
            });
            let watched = middleware::from_fn_with_state(watched, hooks::watched);
            let path = format!("/hooks/{}", webhook.name);
            router = router.nest(&path, receiver(one).layer(watched));
        }
        let router = router
            .merge(crate::web::router(Arc::clone(&app), hub)?)
            .layer(middleware::from_fn(request::named));
        let taken = |error: std::io::Error| {
            Fault::failed("listen", "The daemon cannot listen.")
                .at(address)
                .caused_by(error)
                .hint("another program has the port: choose another in [serve] `listen`")
        };
        let listener = TcpListener::bind(address).await.map_err(taken)?;
        let address = listener.local_addr().map_err(taken)?;
        Ok(Self {
            listener,
            address,
            router,
            app,
            inbox,
            alerts,
            timers,
            tls,
            commands: None,
        })
    }

    /// Takes commands too, through the socket in the data folder.
    ///
    /// # Errors
    /// The socket cannot be made.
    pub fn taking(mut self, data: &Path, commands: Arc<dyn Commands>) -> Result<Self> {
        self.commands = Some((Socket::bind(data)?, commands));
        Ok(self)
    }

    /// The certificate that it shows, for whoever exchanges it.
    pub fn certificate(&self) -> Option<Certificate> {
        self.tls
            .as_ref()
            .map(|(certificate, _)| certificate.clone())
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `stop`; then finishes what is under way, within seven seconds.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let (stopping, stopped) = watch::channel(false);
        let worker = {
            let (inbox, stopped) = (Arc::clone(&self.inbox), stopped.clone());
            tokio::spawn(async move { inbox.work(stopped).await })
        };
        let commands = self
            .commands
            .map(|(socket, commands)| tokio::spawn(socket.serve(commands, stopped.clone())));
        let mut beside = JoinSet::new();
        beside.spawn(Arc::clone(&self.timers).work(stopped.clone()));
        let scrub = Scrub::new(Arc::clone(&self.app), Arc::clone(&self.alerts));
        beside.spawn(Arc::new(scrub).work(stopped.clone()));
        let (alerts, told) = (Arc::clone(&self.alerts), stopped.clone());
        beside.spawn(async move { alerts.work(told).await });
        let slots = listen::slots();
        let tls = self.tls.as_ref().map(|(_, acceptor)| acceptor);
        let mut connections = JoinSet::new();
        let mut watchdog = notify::Watchdog::new();
        notify::say("READY=1");
        tracing::info!(address = %self.address, "listening");
        let mut stop = std::pin::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                accepted = listen::accept(&self.listener, &slots) => {
                    let (router, stopped) = (self.router.clone(), stopped.clone());
                    connections.spawn(listen::serve(accepted, tls.cloned(), router, stopped));
                }
                Some(_) = connections.join_next() => {}
                () = watchdog.alive() => {}
            }
        }
        drop(self.listener);
        notify::say("STOPPING=1");
        tracing::info!(connections = connections.len(), "stopping");
        stopping.send_replace(true);
        self.app.work.stop_all();
        let answered = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(REQUESTS_WITHIN, answered)
            .await
            .is_err()
        {
            tracing::warn!(left = connections.len(), "requests were broken off");
            connections.shutdown().await;
        }
        let idle = async {
            while self.app.work.going() > 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let rest = async {
            let commands = futures::future::OptionFuture::from(commands);
            let _ = tokio::join!(worker, commands, idle);
        };
        if tokio::time::timeout(REST_WITHIN, rest).await.is_err() {
            tracing::warn!("work was broken off; `cordon status` shows where it stands");
        }
        // A look that is under way is dropped: it changes nothing, and is begun again.
        beside.shutdown().await;
        tracing::info!(behind = self.inbox.behind(), "stopped");
    }
}

/// Lets each break-glass sign-in raise an alert, also those of before a stop.
fn ring(app: &App, alerts: &Arc<Alerts>) -> Result<()> {
    let signin = app.signin()?;
    for bell in signin.untold_bells()? {
        alerts.raise(Kind::BreakGlass, None, &bell.id)?;
        signin.bell_told(&bell.id)?;
    }
    let alerts = Arc::clone(alerts);
    signin.on_bell(move |bell| {
        // One that cannot be kept now is raised at the next start.
        if let Err(fault) = alerts.raise(Kind::BreakGlass, None, &bell.id) {
            tracing::error!(code = fault.code(), "a bell could not be kept as an alert");
        }
    });
    Ok(())
}

/// The process is alive.
async fn health() -> Response {
    Json(json!({ "status": "ok" })).into_response()
}

/// Messages can be kept.
async fn ready(State(inbox): State<Arc<Departures>>) -> Response {
    let behind = inbox.behind();
    let ready = tokio::task::spawn_blocking(move || inbox.ready()).await;
    if let Ok(Ok(())) = ready {
        return Json(json!({ "ready": true, "behind": behind })).into_response();
    }
    tracing::error!("the store cannot be written");
    let said = Json(json!({ "ready": false, "behind": behind }));
    (StatusCode::SERVICE_UNAVAILABLE, said).into_response()
}
