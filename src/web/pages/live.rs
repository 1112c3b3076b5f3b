//! Live updates: an event when the log of a case has grown, for as long as the visitor may see it.
//!
//! The event says only that something changed; the page then asks for its parts with the same rights as
//! ever. A log that this process has open tells when it grows; of one that another process has, the
//! length is looked at. A stream ends when its session does, and when the program stops.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{Path, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures::stream::{self, StreamExt as _};
use tokio::sync::watch;

use crate::access::Ability;
use crate::fault::{Fault, Kind, Result};
use crate::web::visit::Visit;
use crate::web::{Web, page};

/// How many streams one person may have open: a handful of windows.
const EACH: usize = 4;
/// How often the length of a log is looked at that tells nothing.
const EVERY: Duration = Duration::from_secs(1);
/// How long there is between two events at least.
const APART: Duration = Duration::from_millis(200);
/// How often it is looked at whether the session goes on: it may run out while nothing happens.
const ASKED_EVERY: Duration = Duration::from_secs(3);
/// How often a silent stream says that it lives.
const ALIVE: Duration = Duration::from_secs(15);
/// When a stream ends. The page opens another, which the guard looks at anew.
const LASTS: Duration = Duration::from_mins(5);

/// Who has streams open, by name.
#[derive(Debug, Default, Clone)]
pub struct Listeners(Arc<Mutex<BTreeMap<String, usize>>>);

/// One open stream.
#[derive(Debug)]
struct Listening {
    listeners: Listeners,
    name: String,
}

impl Listeners {
    fn one_more(&self, name: &str) -> Result<Listening> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(name.to_owned()).or_default();
        if *count >= EACH {
            let what = "You follow cases in too many windows at once.";
            return Err(Fault::new(Kind::Waiting, "too-many", what)
                .hint("close one of them; the pages work without it"));
        }
        *count += 1;
        Ok(Listening {
            listeners: self.clone(),
            name: name.to_owned(),
        })
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let open = &self.listeners.0;
        let mut open = open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.name) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.name);
            }
        }
    }
}

pub(super) async fn follow(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path(id): Path<String>,
) -> Response {
    let begun = async {
        let lines = lines(&web, &visit, &id).await?;
        let listening = web.listeners.one_more(&visit.principal.person.name)?;
        Ok((lines, listening))
    };
    match begun.await {
        Ok((lines, listening)) => Sse::new(events(web, visit, id, lines, listening))
            .keep_alive(KeepAlive::new().interval(ALIVE))
            .into_response(),
        Err(fault) => page::fault(&web, Some(&visit), &fault),
    }
}

/// How long the log is, for who may follow it.
async fn lines(web: &Arc<Web>, visit: &Visit, id: &str) -> Result<u64> {
    web.look(visit, id, Ability::SeeCase, |look| Ok(look.state.lines))
        .await
}

/// What a stream knows.
struct Stream {
    web: Arc<Web>,
    visit: Visit,
    id: String,
    /// How long the log was when it was told last.
    known: u64,
    /// When the stream ends.
    until: Instant,
    /// When the visitor's rights are looked at again at the latest.
    asked: Instant,
    stopping: watch::Receiver<bool>,
    ended: watch::Receiver<u64>,
    _listening: Listening,
}

fn events(
    web: Arc<Web>,
    visit: Visit,
    id: String,
    known: u64,
    listening: Listening,
) -> impl stream::Stream<Item = std::result::Result<Event, Infallible>> {
    let now = Instant::now();
    let stream = Stream {
        stopping: web.app.work.stopping(),
        ended: web.signin.ended(),
        web,
        visit,
        id,
        known,
        until: now + LASTS,
        asked: now + ASKED_EVERY,
        _listening: listening,
    };
    let hello = Event::default().event("hello").data(known.to_string());
    let hello = stream::once(std::future::ready(Ok(hello)));
    let rest = stream::unfold(stream, async |mut stream| {
        let now = stream.changed().await?;
        let event = Event::default().event("changed").data(now.to_string());
        Some((Ok(event), stream))
    });
    hello.chain(rest)
}

impl Stream {
    /// How long the log is once it has grown; `None` when the stream is over.
    async fn changed(&mut self) -> Option<u64> {
        let case = self.id.parse().ok()?;
        // Not one event for each line of a run.
        let mut pause = Some(APART);
        while Instant::now() < self.until && !*self.stopping.borrow() {
            // Before the look: what is written after it wakes up.
            let mut log = self.web.app.follow(&case);
            if self.ended.has_changed().unwrap_or(true) || Instant::now() >= self.asked {
                self.ended.mark_unchanged();
                self.ask_again().await?;
            }
            if pause.is_none() {
                let now = lines(&self.web, &self.visit, &self.id).await.ok()?;
                if now != self.known {
                    self.known = now;
                    return Some(now);
                }
            }
            // It is folded before it is on the disk, which is where pages read.
            let ahead = |log: &watch::Receiver<u64>| *log.borrow() > self.known;
            let wait = pause.take().unwrap_or_else(|| match &log {
                Some(log) if ahead(log) => APART,
                Some(_) => ASKED_EVERY,
                None => EVERY,
            });
            let grown = async {
                match &mut log {
                    Some(log) if wait == ASKED_EVERY => log.changed().await.is_ok(),
                    _ => std::future::pending().await,
                }
            };
            tokio::select! {
                _ = grown => {}
                () = tokio::time::sleep(wait) => {}
                _ = self.ended.changed() => self.ended.mark_changed(),
                _ = self.stopping.wait_for(|stopping| *stopping) => return None,
            }
        }
        None
    }

    /// Who the visitor is now; `None` when their session is over.
    async fn ask_again(&mut self) -> Option<()> {
        self.asked = Instant::now() + ASKED_EVERY;
        let before = self.visit.principal.clone();
        let now = self.web.wait(move |signin| signin.still(&before)).await;
        self.visit.principal = now.ok()??;
        Some(())
    }
}
