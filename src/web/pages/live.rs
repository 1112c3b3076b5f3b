//! Live updates: an event when the log of a case has grown, for as long as the visitor may see it.
//!
//! The event says only that something changed; the page then asks for its parts with the same rights as
//! ever. Whoever writes the log may be another process, so its length is looked at.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures::stream::{self, Stream};

use crate::access::Ability;
use crate::fault::{Fault, Kind, Result};
use crate::web::visit::Visit;
use crate::web::{Web, page};

/// How many streams one person may have open: a handful of windows.
const EACH: usize = 4;
/// How often the log is looked at.
const EVERY: Duration = Duration::from_secs(1);
/// How often a silent stream says that it lives.
const ALIVE: Duration = Duration::from_secs(15);
/// After how many looks a stream ends. The page opens another, which the guard looks at anew.
const LOOKS: u32 = 300;

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

fn events(
    web: Arc<Web>,
    visit: Visit,
    id: String,
    lines_at_first: u64,
    listening: Listening,
) -> impl Stream<Item = std::result::Result<Event, Infallible>> {
    let begin = (lines_at_first, LOOKS, true, listening);
    stream::unfold(begin, move |(known, mut left, first, listening)| {
        let (web, visit, id) = (Arc::clone(&web), visit.clone(), id.clone());
        async move {
            if first {
                let event = Event::default().event("hello").data(known.to_string());
                return Some((Ok(event), (known, left, false, listening)));
            }
            while left > 0 {
                left -= 1;
                tokio::time::sleep(EVERY).await;
                // Also whether they still may: access that is lost ends the stream.
                let now = lines(&web, &visit, &id).await.ok()?;
                if now != known {
                    let event = Event::default().event("changed").data(now.to_string());
                    return Some((Ok(event), (now, left, false, listening)));
                }
            }
            None
        }
    })
}
