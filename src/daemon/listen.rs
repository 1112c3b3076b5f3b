//! Connections: how many, how long their beginnings may take, in TLS or plain.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_rustls::TlsAcceptor;

use super::patience::Patient;

/// How many connections there may be at once. With the limit of a body this bounds the memory.
const CONNECTIONS: usize = 256;

/// How long a sender may take over the handshake of TLS, then over the head of a request, and be idle
/// between two.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);
const HEAD_WITHIN: Duration = Duration::from_secs(10);

/// The largest head of a request.
const HEAD_LIMIT: usize = 32 * 1024;

/// A connection that was accepted, and its place among those that there may be.
pub(super) struct Accepted {
    stream: TcpStream,
    peer: SocketAddr,
    _permit: Option<OwnedSemaphorePermit>,
}

/// The places for connections.
pub(super) fn slots() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(CONNECTIONS))
}

/// The next connection that there is room for. What fails is the connection's: the next is tried.
pub(super) async fn accept(listener: &TcpListener, slots: &Arc<Semaphore>) -> Accepted {
    let permit = Arc::clone(slots).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                return Accepted {
                    stream,
                    peer,
                    _permit: permit,
                };
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                // Out of file handles, most likely: others have to end first.
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Answers the requests of one connection until it ends or the daemon stops.
pub(super) async fn serve(
    accepted: Accepted,
    tls: Option<TlsAcceptor>,
    router: Router,
    mut stopped: watch::Receiver<bool>,
) {
    let requests = Requests {
        router: TowerToHyperService::new(router),
        peer: accepted.peer,
    };
    let Some(tls) = tls else {
        return answer(accepted.stream, requests, stopped).await;
    };
    let shaken = tokio::time::timeout(HANDSHAKE_WITHIN, tls.accept(accepted.stream));
    let shaken = tokio::select! {
        shaken = shaken => shaken,
        _ = stopped.wait_for(|stopped| *stopped) => return,
    };
    match shaken {
        Ok(Ok(stream)) => answer(stream, requests, stopped).await,
        Ok(Err(error)) => tracing::debug!(%error, "a handshake failed"),
        Err(_) => tracing::debug!("a handshake took too long"),
    }
}

async fn answer(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    requests: Requests,
    mut stopped: watch::Receiver<bool>,
) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_buf_size(HEAD_LIMIT)
        .serve_connection(TokioIo::new(Patient::new(stream)), requests);
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

/// The router, which is told from where a request comes.
struct Requests {
    router: TowerToHyperService<Router>,
    peer: SocketAddr,
}

impl Service<Request<Incoming>> for Requests {
    type Response = axum::response::Response;
    type Error = std::convert::Infallible;
    type Future = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Future;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(ConnectInfo(self.peer));
        self.router.call(request)
    }
}
