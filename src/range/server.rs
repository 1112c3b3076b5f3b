//! Servers on 127.0.0.1 whose every call is logged, in one order across all of them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use url::Url;

use super::fault::{Faults, Withheld, broken_off};
use crate::fault::{Fault, Result};
use crate::time::{Clock, Timestamp};

/// How long a server that is told to stop may take over calls that are under way.
const STOP_WITHIN: Duration = Duration::from_millis(500);

/// One call as a simulated provider saw it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Call {
    /// Its place among the calls to all servers; the first is 1.
    pub number: usize,
    /// When it arrived.
    pub at: Timestamp,
    /// Which server.
    pub server: String,
    /// The method.
    pub method: String,
    /// The path, as sent.
    pub path: String,
    /// The query, as sent.
    pub query: Option<String>,
    /// The status of the answer; `None` while there is none, and for good when it was withheld.
    pub status: Option<u16>,
}

/// Every call to the servers that share it, in the order of arrival. Clones share one log.
#[derive(Debug, Clone)]
pub struct CallLog {
    calls: Arc<Mutex<Vec<Call>>>,
    clock: Arc<dyn Clock>,
}

impl CallLog {
    /// An empty log that takes its times from `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            calls: Arc::default(),
            clock,
        }
    }

    /// The calls so far.
    pub fn calls(&self) -> Vec<Call> {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Call>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Numbers a call that has arrived.
    fn arrived(&self, server: &str, request: &Request) -> Call {
        let mut calls = self.lock();
        let call = Call {
            number: calls.len() + 1,
            at: self.clock.now(),
            server: server.to_owned(),
            method: request.method().to_string(),
            path: request.uri().path().to_owned(),
            query: request.uri().query().map(str::to_owned),
            status: None,
        };
        calls.push(call.clone());
        call
    }

    fn answered(&self, number: usize, status: u16) {
        let index = number.saturating_sub(1);
        if let Some(call) = self.lock().get_mut(index) {
            call.status = Some(status);
        }
    }
}

/// A simulated provider that listens. Stops when dropped.
#[derive(Debug)]
pub struct Server {
    name: String,
    url: Url,
    log: CallLog,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Server {
    /// Its name in the log.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `http://127.0.0.1:…/`.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The calls to this server so far; their numbers count the calls to all.
    pub fn calls(&self) -> Vec<Call> {
        let mut calls = self.log.calls();
        calls.retain(|call| call.server == self.name);
        calls
    }

    /// Stops listening and lets go of every connection.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        if tokio::time::timeout(STOP_WITHIN, &mut self.task)
            .await
            .is_err()
        {
            self.task.abort();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

/// What the outermost layer of a server knows.
#[derive(Debug, Clone)]
struct Front {
    name: Arc<str>,
    log: CallLog,
    faults: Faults,
    stopped: watch::Receiver<bool>,
}

/// Serves `router` on a free port of 127.0.0.1, behind `faults`, writing calls into `log`.
///
/// # Errors
/// No port can be had.
pub async fn serve(name: &str, router: Router, faults: Faults, log: &CallLog) -> Result<Server> {
    let no_port = |error: std::io::Error| {
        Fault::failed("port", "A simulated provider could not listen.")
            .at("127.0.0.1")
            .caused_by(error)
    };
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(no_port)?;
    let port = listener.local_addr().map_err(no_port)?.port();
    let url = Url::parse(&format!("http://127.0.0.1:{port}/"))
        .map_err(|error| Fault::failed("port", "A port makes no URL.").caused_by(error))?;
    let (stop, mut stopped) = watch::channel(false);
    let front = Front {
        name: name.into(),
        log: log.clone(),
        faults,
        stopped: stopped.clone(),
    };
    let app = router.layer(from_fn_with_state(front, answer));
    let task = tokio::spawn(async move {
        let until_stopped = async move {
            // An error means that the server was dropped, which also stops it.
            let _ = stopped.wait_for(|stopped| *stopped).await;
        };
        // It ends with an error only where accepting fails for good; callers then see a refused
        // connection, which is what they would see of a real provider.
        let _ = axum::serve(listener, app)
            .with_graceful_shutdown(until_stopped)
            .await;
    });
    Ok(Server {
        name: name.to_owned(),
        url,
        log: log.clone(),
        stop,
        task,
    })
}

async fn answer(State(front): State<Front>, request: Request, next: Next) -> Response {
    let call = front.log.arrived(&front.name, &request);
    let mut stopped = front.stopped.clone();
    let answer = front.faults.answer(&call, request, next);
    tokio::select! {
        response = answer => {
            if response.extensions().get::<Withheld>().is_none() {
                front.log.answered(call.number, response.status().as_u16());
            }
            response
        }
        _ = stopped.wait_for(|stopped| *stopped) => broken_off(&Bytes::new()),
    }
}
