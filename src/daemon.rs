//! The daemon: listens on loopback, takes messages in, opens quiet cases.
//!
//! It owns the hub while it runs, and a case only while it opens it: other commands work beside it.
//! Every connection is bounded in number, in the time of its head, and in size and time of its body.

mod notify;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use crate::app::App;
use crate::app::inbox::Departures;
use crate::fault::{Fault, Result};
use crate::intake::{Receiver, receiver};
use crate::web::guard::Peer;

/// How many connections there may be at once. With the limit of a body this bounds the memory.
const CONNECTIONS: usize = 256;

/// How long a sender may take over the head of a request, and be idle between two.
const HEAD_WITHIN: Duration = Duration::from_secs(10);

/// The largest head of a request.
const HEAD_LIMIT: usize = 32 * 1024;

/// How long requests that are under way may take when the daemon stops, and then the case that is
/// being opened. What is left is done at the next start.
const REQUESTS_WITHIN: Duration = Duration::from_secs(5);
const CASE_WITHIN: Duration = Duration::from_millis(2500);

/// A daemon that listens and does not answer yet.
#[derive(Debug)]
pub struct Daemon {
    listener: TcpListener,
    address: SocketAddr,
    router: Router,
    inbox: Arc<Departures>,
}

impl Daemon {
    /// Takes the hub, resolves every secret, listens.
    ///
    /// # Errors
    /// Another process has the hub; a secret cannot be had; the address is taken.
    pub async fn bind(app: Arc<App>) -> Result<Self> {
        let address = app.settings.serve.address()?;
        let mut receivers = Vec::new();
        for webhook in &app.settings.webhooks {
            receivers.push((webhook, webhook.source()?));
        }
        let hub = app.hub()?;
        let inbox = Arc::new(Departures::new(Arc::clone(&app), Arc::clone(&hub))?);
        let mut router = Router::new()
            .route("/health", get(health))
            .route("/ready", get(ready))
            .with_state(Arc::clone(&inbox));
        for (webhook, source) in receivers {
            let one = Receiver {
                name: webhook.name.clone(),
                route: webhook.route.name().to_owned(),
                source,
                inbox: Arc::new(Arc::clone(&inbox)),
                clock: Arc::clone(&app.clock),
            };
            router = router.nest(&format!("/hooks/{}", webhook.name), receiver(one));
        }
        let router = router.merge(crate::web::router(Arc::clone(&app), hub)?);
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
            inbox,
        })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `stop`; then finishes what is under way, within seven and a half seconds.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let (stopping, stopped) = watch::channel(false);
        let worker = {
            let (inbox, stopped) = (Arc::clone(&self.inbox), stopped.clone());
            tokio::spawn(async move { inbox.work(stopped).await })
        };
        let slots = Arc::new(Semaphore::new(CONNECTIONS));
        let mut connections = JoinSet::new();
        notify::say("READY=1");
        tracing::info!(address = %self.address, "listening");
        let mut stop = std::pin::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                (permit, stream) = accept(&self.listener, &slots) => {
                    let (router, stopped) = (self.router.clone(), stopped.clone());
                    connections.spawn(connection(stream, router, stopped, permit));
                }
                Some(_) = connections.join_next() => {}
            }
        }
        drop(self.listener);
        notify::say("STOPPING=1");
        tracing::info!(connections = connections.len(), "stopping");
        stopping.send_replace(true);
        let answered = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(REQUESTS_WITHIN, answered)
            .await
            .is_err()
        {
            tracing::warn!(left = connections.len(), "requests were broken off");
            connections.shutdown().await;
        }
        if tokio::time::timeout(CASE_WITHIN, worker).await.is_err() {
            tracing::warn!("a case is still being opened; the next start looks after it");
        }
        tracing::info!(behind = self.inbox.behind(), "stopped");
    }
}

/// The next connection that there is room for. What fails is the connection's: the next is tried.
async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> (Option<OwnedSemaphorePermit>, TcpStream) {
    let permit = Arc::clone(slots).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return (permit, stream),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                // Out of file handles, most likely: others have to end first.
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn connection(
    stream: TcpStream,
    router: Router,
    mut stopped: watch::Receiver<bool>,
    _permit: Option<OwnedSemaphorePermit>,
) {
    let peer = stream.peer_addr().map(|address| Peer(address.ip())).ok();
    let service = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
        if let Some(peer) = peer {
            request.extensions_mut().insert(peer);
        }
        service.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_buf_size(HEAD_LIMIT)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let stop = async { stopped.wait_for(|stopped| *stopped).await.map(drop) };
    // How a connection ends is the sender's affair: what was kept was answered or is found again.
    tokio::select! {
        _ = connection.as_mut() => {}
        _ = stop => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
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
