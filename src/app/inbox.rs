//! Signed messages of HR systems become cases: once each, quietly, and never more than a case.
//!
//! The id of the case that a message may open is reserved when the message is kept: after a crash a
//! case of that id is either there or is opened, never a second one.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::SignedDuration;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use super::App;
use super::arrival::SUSPICION;
use super::messages::{Done, Kept, Messages, Standing, Waits};
use super::review::AskedBy;
use crate::case::event::Actor;
use crate::case::state::Phase;
use crate::fault::{Fault, Result};
use crate::id::CaseId;
use crate::intake::callback::{Callback, Looked};
use crate::intake::{Accepted, Inbox, Incoming, Kind};
use crate::store::Hub;

/// How long a message whose case could not be opened rests before it is tried again.
const AGAIN_AFTER: Duration = Duration::from_secs(10);

/// How many reviews are begun side by side: one that a provider keeps waiting holds up no other.
const REVIEWS_AT_ONCE: usize = 4;

/// How often old messages are looked for.
const TIDY_EVERY: Duration = Duration::from_hours(6);

/// Opens a case for a departure that an HR system reports.
#[derive(Debug)]
pub struct Departures {
    app: Arc<App>,
    hub: Arc<Hub>,
    messages: Messages,
    /// What reads the record behind a thin message, by the name of its source.
    callbacks: BTreeMap<String, Callback>,
    /// The names of messages that were kept and not yet worked on.
    queue: Mutex<VecDeque<String>>,
    more: Notify,
    /// Cases whose review was not begun yet, by the name of the message that opened them.
    reviews: Mutex<Reviews>,
    more_reviews: Notify,
    /// The cases that were opened since the start, in order.
    opened: Mutex<Vec<CaseId>>,
}

/// Reviews to begin. One name is one case.
#[derive(Debug, Default)]
struct Reviews {
    waiting: VecDeque<String>,
    under_way: BTreeSet<String>,
}

impl Reviews {
    /// Puts one at the end, unless it waits there.
    fn add(&mut self, name: String) {
        if !self.waiting.contains(&name) {
            self.waiting.push_back(name);
        }
    }

    /// Takes the first that is not under way.
    fn take(&mut self) -> Option<String> {
        let mut names = self.waiting.iter();
        let place = names.position(|name| !self.under_way.contains(name))?;
        let name = self.waiting.remove(place)?;
        self.under_way.insert(name.clone());
        Some(name)
    }
}

impl Departures {
    /// Takes what was kept and not worked on before a stop. Whoever holds the hub is the one who may.
    ///
    /// # Errors
    /// The disk refuses, or a secret cannot be had or has two routes.
    pub fn new(app: Arc<App>, hub: Arc<Hub>) -> Result<Self> {
        app.settings.keep_routes_apart()?;
        let mut callbacks = BTreeMap::new();
        for webhook in &app.settings.webhooks {
            if let Some(callback) = webhook.callback(&app.clock)? {
                callbacks.insert(webhook.name.clone(), callback);
            }
        }
        let messages = Messages::own(&app)?;
        let queue = messages.that(Standing::Behind)?.into();
        let reviews = Reviews {
            waiting: messages.reviews()?.into(),
            under_way: BTreeSet::new(),
        };
        Ok(Self {
            app,
            hub,
            messages,
            callbacks,
            queue: Mutex::new(queue),
            more: Notify::new(),
            reviews: Mutex::new(reviews),
            more_reviews: Notify::new(),
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
                let code = fault.code();
                tracing::error!(kept = name.get(..12), code, "a case could not be opened");
                queue.push_back(name);
                first = first.and(Err(fault));
            }
        }
        first
    }

    /// Works on messages as they come, begins the reviews that they ask for, and forgets what is old,
    /// until told to stop.
    pub async fn work(self: &Arc<Self>, stop: watch::Receiver<bool>) {
        tokio::join!(
            self.work_on_messages(stop.clone()),
            self.work_on_reviews(stop.clone()),
            self.tidy_up(stop)
        );
    }

    async fn tidy_up(self: &Arc<Self>, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            let this = Arc::clone(self);
            let forgotten = tokio::task::spawn_blocking(move || this.forget()).await;
            match forgotten {
                Ok(Ok(0)) => {}
                Ok(Ok(count)) => tracing::info!(count, "forgot settled messages"),
                Ok(Err(fault)) => {
                    let code = fault.code();
                    tracing::error!(code, "messages could not be forgotten");
                }
                Err(error) => tracing::error!(%error, "forgetting messages broke off"),
            }
            tokio::select! {
                () = tokio::time::sleep(TIDY_EVERY) => {}
                _ = stop.wait_for(|stop| *stop) => {}
            }
        }
    }

    /// Forgets what was settled longer ago than the configuration keeps it; how many there were.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn forget(&self) -> Result<usize> {
        let days = self.app.settings.serve.keep_messages_days;
        let kept_for = SignedDuration::from_hours(24 * i64::from(days));
        let now = self.app.clock.now();
        self.messages
            .forget(now.saturating_sub(kept_for).unwrap_or(now))
    }

    /// Begins what no person has to begin, case beside case. Told to stop, it waits for those under way
    /// to journal where they stand.
    async fn work_on_reviews(self: &Arc<Self>, mut stop: watch::Receiver<bool>) {
        let places = Arc::new(Semaphore::new(REVIEWS_AT_ONCE));
        let mut under_way = JoinSet::new();
        let told = stop.clone();
        while !*stop.borrow() {
            let next = async {
                let place = Arc::clone(&places).acquire_owned().await.ok();
                (place, self.next_review().await)
            };
            tokio::select! {
                (place, name) = next => {
                    let (this, told) = (Arc::clone(self), told.clone());
                    under_way.spawn(async move { this.work_on_review(name, place, told).await });
                }
                Some(_) = under_way.join_next() => {}
                _ = stop.wait_for(|stop| *stop) => {}
            }
        }
        while under_way.join_next().await.is_some() {}
    }

    /// The next review to begin, once there is one. Nothing is awaited after it was taken.
    async fn next_review(&self) -> String {
        loop {
            let next = hold(&self.reviews).take();
            if let Some(name) = next {
                return name;
            }
            self.more_reviews.notified().await;
        }
    }

    /// Begins one review. What fails gives its place to another and is tried again later.
    async fn work_on_review(
        self: &Arc<Self>,
        name: String,
        place: Option<OwnedSemaphorePermit>,
        mut stop: watch::Receiver<bool>,
    ) {
        let (this, cancel) = (Arc::clone(self), stop.clone());
        let (runtime, of) = (tokio::runtime::Handle::current(), name.clone());
        let work = move || runtime.block_on(this.begin_review(&of, cancel));
        let result = tokio::task::spawn_blocking(work).await;
        let result = result.unwrap_or_else(|error| {
            Err(Fault::failed("review", "Beginning a review broke off.").caused_by(error))
        });
        drop(place);
        if let Err(fault) = result {
            let code = fault.code();
            tracing::error!(kept = name.get(..12), code, "a review could not be begun");
            tokio::select! {
                () = tokio::time::sleep(AGAIN_AFTER) => {}
                _ = stop.wait_for(|stop| *stop) => {}
            }
            hold(&self.reviews).add(name.clone());
        }
        hold(&self.reviews).under_way.remove(&name);
        self.more_reviews.notify_one();
    }

    async fn begin_review(&self, name: &str, cancel: watch::Receiver<bool>) -> Result<()> {
        if !self.messages.has(name, "review")? {
            return Ok(()); // It was begun since.
        }
        let case: CaseId = self.messages.read(name, "review")?;
        if self.app.case_dir(&case).exists() {
            let stopped = cancel.clone();
            let kept: Kept = self.messages.read(name, "json")?;
            let asked = if kept.route == SUSPICION {
                AskedBy::Sender
            } else {
                AskedBy::Rule
            };
            self.app.begin_review(case.as_str(), asked, cancel).await?;
            // What was broken off is taken up at the next start.
            if *stopped.borrow() {
                return Ok(());
            }
            tracing::info!(kept = name.get(..12), %case, "began a review");
        }
        self.messages.remove(name, "review")
    }

    async fn work_on_messages(self: &Arc<Self>, mut stop: watch::Receiver<bool>) {
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
        self.look(name).await?;
        let (kept, answers) = self.messages.completed(name)?;
        if let Some(why) = kept.waits() {
            let (cases, unread) = self.opened_before(&kept)?;
            let taken_back = kept.message.kind == Kind::Recall && kept.message.lookup.is_none();
            if let (Some(cases), true, false) = (one_each(&cases), taken_back, kept.conflict) {
                return self.take_back(name, &kept, why, cases).await;
            }
            let why = match unread {
                0 => why,
                number => format!(
                    "{why} {} cannot be read, and may be about the same person.",
                    crate::ui::count(number, "earlier message")
                ),
            };
            let case = cases.into_iter().next().map(|(_, case)| case);
            return self.wait(name, &kept.source, why, case);
        }
        if kept.message.kind != Kind::Termination {
            return self.messages.note(name, "done", &Done::Noted);
        }
        if kept.message.subject.names_nobody() {
            let why = "It says that an engagement ends, and not whose: look the person up.";
            return self.wait(name, &kept.source, why.to_owned(), None);
        }
        let case = self.messages.case_of(&kept)?;
        if case != kept.case {
            return self.repeat(name, case);
        }
        // A crash may have come between the case and the note of it.
        if !self.app.case_dir(&case).exists() {
            let by = Actor::Intake(kept.source.clone());
            let new = kept.new_case(by, answers, &self.app.settings.reviews)?;
            if new.route == SUSPICION {
                // Before the case: a crash in between leaves a mark of no case, which is passed over.
                self.messages.note(name, "review", &case)?;
            }
            let desk = self.app.open_case_as(case.clone(), new).await?;
            desk.finish().await?;
        }
        tracing::info!(kept = name.get(..12), %case, "opened a case");
        self.messages
            .note(name, "done", &Done::Opened(case.clone()))?;
        hold(&self.opened).push(case);
        if self.messages.has(name, "review")? {
            hold(&self.reviews).add(name.to_owned());
            self.more_reviews.notify_one();
        }
        Ok(())
    }

    /// Asks the HR system for the record that a message points at, once: what it answered is kept
    /// beside the message, and so is that it did not.
    async fn look(&self, name: &str) -> Result<()> {
        let kept: Kept = self.messages.read(name, "json")?;
        let callback = self.callbacks.get(&kept.source);
        let Some(callback) = callback.filter(|callback| callback.is_for(&kept.message)) else {
            return Ok(());
        };
        if kept.conflict || self.messages.looked(name)?.is_some() {
            return Ok(());
        }
        let looked = callback.look(&kept.message).await;
        let looked = looked.unwrap_or_else(|(fault, answers)| {
            tracing::warn!(
                kept = name.get(..12),
                source = kept.source,
                "no record was had"
            );
            let mut message = kept.message.clone();
            let asked = message.lookup.take().unwrap_or_default();
            message.lookup = Some(format!("{asked} The HR system could not be asked: {fault}"));
            Looked { answers, message }
        });
        self.messages.note(name, "record", &looked)
    }

    fn wait(&self, name: &str, source: &str, why: String, case: Option<CaseId>) -> Result<()> {
        let why = match &case {
            Some(case) => format!("{why} There is {case}."),
            None => why,
        };
        tracing::info!(kept = name.get(..12), source, "waits for a person");
        self.messages.note(name, "waits", &Waits { why, case })
    }

    /// HR takes a departure back. A case in which nothing was closed is held; the rest is a person's.
    async fn take_back(
        &self,
        name: &str,
        kept: &Kept,
        why: String,
        cases: Vec<CaseId>,
    ) -> Result<()> {
        let (mut held, mut not_held) = (None, Vec::new());
        for case in cases {
            let by = Actor::Intake(kept.source.clone());
            match self.app.hold_untouched(case.as_str(), by).await {
                Ok(()) => {
                    tracing::info!(kept = name.get(..12), %case, "holds a case");
                    held.get_or_insert(case);
                }
                Err(fault) => not_held.push((case, fault)),
            }
        }
        match (not_held.into_iter().next(), held) {
            (Some((case, fault)), _) => {
                // What happened there stands in one sentence with the id of the case: who may not know
                // of the case is told neither, and nobody that there are others.
                let said = fault.what();
                let why = format!("{why} {case} could not be held: {said}");
                self.wait(name, &kept.source, why, Some(case))
            }
            (None, Some(case)) => self.messages.note(name, "done", &Done::Held(case)),
            (None, None) => self.wait(name, &kept.source, why, None),
        }
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

    /// The cases that earlier messages about the same person opened, each with its source, without those
    /// that were closed and those of the same source first; and how many messages cannot be read. The
    /// same person is the same id or address, never the same name.
    fn opened_before(&self, kept: &Kept) -> Result<(Vec<(String, CaseId)>, usize)> {
        let (mut cases, mut unread) = (Vec::new(), 0);
        for name in self.messages.that(Standing::Done)? {
            let read = self
                .messages
                .read(&name, "done")
                .and_then(|done| match done {
                    Done::Opened(case) => Ok(Some((case, self.messages.completed(&name)?.0))),
                    _ => Ok(None),
                });
            let (case, before) = match read {
                Ok(Some(opened)) => opened,
                Ok(None) => continue,
                Err(fault) => {
                    super::messages::unread(&name, &fault);
                    unread += 1;
                    continue;
                }
            };
            let (one, other) = (&before.message.subject, &kept.message.subject);
            let same_id = one.worker_id.is_some() && one.worker_id == other.worker_id;
            let same_address = one.emails.iter().any(|email| {
                let mut others = other.emails.iter();
                others.any(|other| other.eq_ignore_ascii_case(email))
            });
            if !(same_id || same_address) {
                continue;
            }
            let state = self.app.peek(case.as_str());
            if state.is_ok_and(|state| state.phase != Phase::Closed) {
                cases.push((before.source, case));
            }
        }
        cases.sort_by_key(|(source, _)| *source != kept.source);
        Ok((cases, unread))
    }

    fn keep(&self, incoming: Incoming) -> Result<Accepted> {
        let again = incoming.clone();
        let kept = Kept::new(incoming, false);
        let name = kept.name();
        if let Some(before) = self.messages.forgotten(&name)? {
            // Too old to be kept and not too old to be known: what it says is not told any more.
            return Ok(if before == kept.digest {
                Accepted::Duplicate
            } else {
                Accepted::Conflict
            });
        }
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

/// The cases when each source opened only one: of two of a source nobody guesses which is meant.
fn one_each(cases: &[(String, CaseId)]) -> Option<Vec<CaseId>> {
    let sources: BTreeSet<&String> = cases.iter().map(|(source, _)| source).collect();
    let clear = !cases.is_empty() && sources.len() == cases.len();
    clear.then(|| cases.iter().map(|(_, case)| case.clone()).collect())
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
