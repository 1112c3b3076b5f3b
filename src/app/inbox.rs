//! Signed messages of HR systems become cases: once each, quietly, and never more than a case.
//!
//! The id of the case that a message may open is reserved when the message is kept: after a crash a
//! case of that id is either there or is opened, never a second one.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{Notify, watch};

use super::App;
use super::messages::{Done, Kept, Messages, Waits};
use crate::case::event::Actor;
use crate::case::state::Phase;
use crate::fault::{Fault, Result};
use crate::id::CaseId;
use crate::intake::{Accepted, Inbox, Incoming, Kind};
use crate::store::Hub;

/// How long a message whose case could not be opened rests before it is tried again.
const AGAIN_AFTER: Duration = Duration::from_secs(10);

/// Opens a case for a departure that an HR system reports.
#[derive(Debug)]
pub struct Departures {
    app: Arc<App>,
    hub: Arc<Hub>,
    messages: Messages,
    /// The names of messages that were kept and not yet worked on.
    queue: Mutex<VecDeque<String>>,
    more: Notify,
    /// The cases that were opened since the start, in order.
    opened: Mutex<Vec<CaseId>>,
}

impl Departures {
    /// Takes the hub of `app`, and what was kept and not worked on before a stop.
    ///
    /// # Errors
    /// Another process has the hub, or the disk refuses.
    pub fn new(app: Arc<App>) -> Result<Self> {
        let hub = Arc::new(Hub::open(&app.settings.data.join("hub"))?);
        let messages = Messages::own(&app)?;
        let names = messages.names()?;
        let settled = |name: &str| {
            [".done", ".waits"]
                .iter()
                .any(|end| names.binary_search(&format!("{name}{end}")).is_ok())
        };
        let queue = names
            .iter()
            .filter_map(|name| name.strip_suffix(".json"))
            .filter(|name| !settled(name))
            .map(str::to_owned)
            .collect();
        Ok(Self {
            app,
            hub,
            messages,
            queue: Mutex::new(queue),
            more: Notify::new(),
            opened: Mutex::default(),
        })
    }

    /// The hub, for what else keeps something that all cases share.
    pub fn hub(&self) -> Arc<Hub> {
        Arc::clone(&self.hub)
    }

    /// The cases that were opened since the start, in order.
    pub fn opened(&self) -> Vec<CaseId> {
        hold(&self.opened).clone()
    }

    /// How many messages were kept and not yet worked on.
    pub fn behind(&self) -> usize {
        hold(&self.queue).len()
    }

    /// Whether messages can be kept: writes to the hub, and looks at the place of the messages.
    ///
    /// # Errors
    /// They cannot.
    pub fn ready(&self) -> Result<()> {
        self.hub.put(
            "daemon",
            b"ready",
            self.app.clock.now().to_string().as_bytes(),
        )?;
        self.messages.touch()
    }

    /// Works on everything that was kept, in order. What fails is put back and does not hold up the
    /// rest.
    ///
    /// # Errors
    /// The first failure.
    pub async fn finish(self: &Arc<Self>) -> Result<()> {
        self.finish_unless(|| false).await
    }

    async fn finish_unless(self: &Arc<Self>, stopped: impl Fn() -> bool + Send) -> Result<()> {
        let mut first = Ok(());
        for _ in 0..self.behind() {
            if stopped() {
                break;
            }
            let Some(name) = hold(&self.queue).front().cloned() else {
                break;
            };
            // Opening a case writes to the disk throughout: it must not hold up who receives.
            let (this, runtime) = (Arc::clone(self), tokio::runtime::Handle::current());
            let settled = name.clone();
            let work = move || runtime.block_on(this.settle(&settled));
            let result = tokio::task::spawn_blocking(work).await;
            let result = result.unwrap_or_else(|error| {
                Err(Fault::failed("message", "Work on a message broke off.").caused_by(error))
            });
            let mut queue = hold(&self.queue);
            queue.pop_front();
            if let Err(fault) = result {
                tracing::error!(kept = name.get(..12), %fault, "a case could not be opened");
                queue.push_back(name);
                first = first.and(Err(fault));
            }
        }
        first
    }

    /// Works on messages as they come, until told to stop.
    pub async fn work(self: &Arc<Self>, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            let failed = self.finish_unless(|| *stop.borrow()).await.is_err();
            let again = async {
                if failed {
                    tokio::time::sleep(AGAIN_AFTER).await;
                } else {
                    std::future::pending::<()>().await;
                }
            };
            tokio::select! {
                () = again => {}
                () = self.more.notified() => {}
                _ = stop.wait_for(|stop| *stop) => {}
            }
        }
    }

    async fn settle(&self, name: &str) -> Result<()> {
        let kept: Kept = self.messages.read(name, "json")?;
        if let Some(mut why) = kept.waits() {
            let case = self.opened_before(&kept)?;
            if let Some(case) = &case {
                why = format!("{why} There is {case}.");
            }
            tracing::info!(
                kept = name.get(..12),
                source = kept.source,
                "waits for a person"
            );
            return self.messages.note(name, "waits", &Waits { why, case });
        }
        if kept.kind != Kind::Termination {
            return self.messages.note(name, "done", &Done::Noted);
        }
        let case = self.messages.case_of(&kept)?;
        if case != kept.case {
            return self.repeat(name, case);
        }
        // A crash may have come between the case and the note of it.
        if !self.app.case_dir(&case).exists() {
            let by = Actor::Intake(kept.source.clone());
            let new = kept.new_case(by)?;
            let desk = self.app.open_case_as(case.clone(), new).await?;
            desk.finish().await?;
        }
        tracing::info!(kept = name.get(..12), %case, "opened a case");
        self.messages
            .note(name, "done", &Done::Opened(case.clone()))?;
        hold(&self.opened).push(case);
        Ok(())
    }

    /// A departure that has a case. One that was held or closed since, perhaps because HR took the
    /// departure back, does not take it in silence.
    fn repeat(&self, name: &str, case: CaseId) -> Result<()> {
        let state = self.app.peek(case.as_str());
        if state.is_ok_and(|state| state.phase != Phase::Open) {
            let why =
                format!("The same departure came before, and {case} was held or closed since.");
            let case = Some(case);
            return self.messages.note(name, "waits", &Waits { why, case });
        }
        self.messages.note(name, "done", &Done::Repeats(case))
    }

    /// The case that an earlier message of the same source about the same person opened. The same
    /// person is the same id or address, never the same name.
    fn opened_before(&self, kept: &Kept) -> Result<Option<CaseId>> {
        for name in self.messages.names()? {
            let Some(name) = name.strip_suffix(".done") else {
                continue;
            };
            let Done::Opened(case) = self.messages.read(name, "done")? else {
                continue;
            };
            let before: Kept = self.messages.read(name, "json")?;
            let (one, other) = (&before.subject, &kept.subject);
            let same_id = one.worker_id.is_some() && one.worker_id == other.worker_id;
            let same_address = one.emails.iter().any(|email| {
                let mut others = other.emails.iter();
                others.any(|other| other.eq_ignore_ascii_case(email))
            });
            if before.source == kept.source && (same_id || same_address) {
                return Ok(Some(case));
            }
        }
        Ok(None)
    }

    fn keep(&self, incoming: Incoming) -> Result<Accepted> {
        let again = incoming.clone();
        let kept = Kept::new(incoming, false);
        let name = kept.name();
        if self.put(&name, &kept)? {
            return Ok(Accepted::New);
        }
        let before: Kept = self.messages.read(&name, "json")?;
        if before.digest == kept.digest {
            return Ok(Accepted::Duplicate);
        }
        // Signed and yet in conflict: refused, and a person hears of it.
        let other = Kept::new(again, true);
        self.put(&other.name(), &other)?;
        Ok(Accepted::Conflict)
    }

    fn put(&self, name: &str, kept: &Kept) -> Result<bool> {
        let new = self.messages.put_new(name, kept)?;
        if new {
            hold(&self.queue).push_back(name.to_owned());
            self.more.notify_one();
        }
        Ok(new)
    }
}

/// Keeps on a thread of its own, so that a slow disk does not hold up other senders.
#[async_trait]
impl Inbox for Arc<Departures> {
    async fn accept(&self, incoming: Incoming) -> Result<Accepted> {
        let this = Self::clone(self);
        tokio::task::spawn_blocking(move || this.keep(incoming))
            .await
            .unwrap_or_else(|error| {
                Err(Fault::failed("message", "Keeping a message broke off.").caused_by(error))
            })
    }
}

fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
