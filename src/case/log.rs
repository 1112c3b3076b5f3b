//! The case log: seals events into chained lines, folds them, and makes them durable.
//!
//! Events are folded when they are queued, so that concurrent writers share one flush; a flush that
//! fails poisons the log, because what memory says would no longer be what the disk says.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde::Deserialize;
use tokio::sync::watch;

use super::event::{Actor, Entry, Event, FORMAT};
use super::state::CaseState;
use crate::canon::{Digest, canonical};
use crate::fault::{Fault, Kind, Result};
use crate::id::CaseId;
pub use crate::store::line_hash;
use crate::store::{CaseStore, Commit, Head, MAX_LINE};
use crate::time::Clock;

/// The log of one case, open for reading and appending.
#[derive(Debug)]
pub struct CaseLog {
    case: CaseId,
    dir: PathBuf,
    store: CaseStore,
    clock: Arc<dyn Clock>,
    inner: Mutex<Inner>,
    /// How many lines were folded.
    lines: watch::Sender<u64>,
    /// Held by whoever acts on the outside world for this case.
    acting: tokio::sync::Mutex<()>,
    /// Whether an undo goes on, and whether it was told to stop.
    undo: watch::Sender<Undo>,
}

/// How an undo of a case stands, in this process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Undo {
    #[default]
    None,
    GoesOn,
    /// No further door is begun.
    ToldToStop,
}

/// The right to act on the outside world for an undo.
#[derive(Debug)]
pub struct Undoing<'a> {
    log: &'a CaseLog,
    _acting: tokio::sync::MutexGuard<'a, ()>,
}

impl Undoing<'_> {
    /// Whether somebody told it to stop.
    pub fn is_stopped(&self) -> bool {
        *self.log.undo.borrow() == Undo::ToldToStop
    }
}

impl Drop for Undoing<'_> {
    fn drop(&mut self) {
        self.log.undo.send_replace(Undo::None);
    }
}

#[derive(Debug)]
struct Inner {
    /// Copied when it changes while somebody still looks at it.
    state: Arc<CaseState>,
    /// Why nothing may be appended any more.
    sealed: Option<String>,
}

/// What every line of every version has.
#[derive(Deserialize)]
struct Link {
    v: u32,
    seq: u64,
    prev: Digest,
}

impl CaseLog {
    /// Opens a new case in `dir`, which must not exist, with its first event.
    pub async fn create(
        dir: &Path,
        case: CaseId,
        clock: Arc<dyn Clock>,
        by: &Actor,
        first: Event,
    ) -> Result<Self> {
        let store = CaseStore::create(dir)?;
        let inner = Mutex::new(Inner {
            state: Arc::default(),
            sealed: None,
        });
        let log = Self {
            case,
            dir: dir.to_owned(),
            store,
            clock,
            inner,
            lines: watch::Sender::new(0),
            acting: tokio::sync::Mutex::default(),
            undo: watch::Sender::default(),
        };
        log.append(by, vec![first]).await?;
        Ok(log)
    }

    /// Opens an existing case: checks the chain, folds the lines.
    pub fn open(dir: &Path, clock: Arc<dyn Clock>) -> Result<Self> {
        let store = CaseStore::open(dir)?;
        let lines = store.lines(0)?;
        let folded = fold(&lines)?;
        let Some(case) = folded.case else {
            return Err(Fault::evidence("log-empty", "The case log is empty.").at(dir.display()));
        };
        let sealed = folded
            .newer
            .map(|v| format!("it holds lines of format {v}, which a newer Cordon wrote"));
        let log = Self {
            case,
            dir: dir.to_owned(),
            store,
            clock,
            lines: watch::Sender::new(folded.head.lines),
            acting: tokio::sync::Mutex::default(),
            undo: watch::Sender::default(),
            inner: Mutex::new(Inner {
                state: Arc::new(folded.state),
                sealed,
            }),
        };
        log.tell_mended()?;
        Ok(log)
    }

    /// Writes down what opening mended beyond what a crash leaves, so that it is never forgotten. What
    /// was kept of damage and is named nowhere is named too: a crash may have come in between.
    fn tell_mended(&self) -> Result<()> {
        let mut events: Vec<(String, Option<String>)> = Vec::new();
        for repair in self.store.repairs() {
            if repair.kind.is_damage() {
                let name = repair.kept.as_ref().and_then(|path| path.file_name());
                let kept = name.map(|name| name.to_string_lossy().into_owned());
                tracing::warn!(case = %self.case, "{repair}");
                events.push((repair.what.clone(), kept));
            }
        }
        let mut inner = self.lock();
        for name in self.store.kept_aside()? {
            let told = inner.state.mended.iter().map(|record| &record.kept);
            let new = events.iter().map(|(_, kept)| kept);
            if !told.chain(new).any(|kept| kept.as_ref() == Some(&name)) {
                let what = "A copy of damage lies beside the log that no line of it tells of.";
                events.push((what.to_owned(), Some(name)));
            }
        }
        if events.is_empty() || inner.sealed.is_some() {
            return Ok(());
        }
        let mended = |(what, kept)| Event::StoreMended { what, kept };
        let events = events.into_iter().map(mended).collect();
        let head = self.store.head();
        let (entries, lines) = self.seal(head, &Actor::Engine, events)?;
        self.take_in(&mut inner, &entries)?;
        self.lines.send_replace(inner.state.lines);
        self.store.commit(Commit {
            expected: head,
            lines,
            blobs: Vec::new(),
        })?;
        // Waits until it is durable.
        self.store.lines(head.lines).map(|_| ())
    }

    /// The case.
    pub const fn case(&self) -> &CaseId {
        &self.case
    }

    /// The directory of the case.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The store beneath.
    pub const fn store(&self) -> &CaseStore {
        &self.store
    }

    /// The clock that stamps the lines.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Takes the right to act on the outside world for this case, for as long as the guard lives.
    /// Another process is kept out by the lock of the store; this keeps out a second run in this one.
    ///
    /// # Errors
    /// `case-busy`: somebody acts already.
    pub fn engage(&self) -> Result<tokio::sync::MutexGuard<'_, ()>> {
        self.acting.try_lock().map_err(|_| {
            Fault::new(
                Kind::Owned,
                "case-busy",
                "A run or an undo of this case is under way already.",
            )
            .at(&self.case)
            .hint("wait for it, or stop it first")
        })
    }

    /// Takes the same right for an undo, which can be told to stop.
    ///
    /// # Errors
    /// As [`Self::engage`].
    pub fn engage_undo(&self) -> Result<Undoing<'_>> {
        let acting = self.engage()?;
        self.undo.send_replace(Undo::GoesOn);
        Ok(Undoing {
            log: self,
            _acting: acting,
        })
    }

    /// Whether an undo of this case goes on in this process.
    pub fn is_undoing(&self) -> bool {
        *self.undo.borrow() != Undo::None
    }

    /// Tells the undo that goes on to begin no further door; `false` when none goes on.
    pub fn stop_undo(&self) -> bool {
        self.undo.send_if_modified(|undo| {
            let goes_on = *undo == Undo::GoesOn;
            if goes_on {
                *undo = Undo::ToldToStop;
            }
            goes_on
        });
        self.is_undoing()
    }

    /// Tells how many lines were folded, whoever wrote them: the engine waits on this for people.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.lines.subscribe()
    }

    /// Looks at the state.
    pub fn read<R>(&self, look: impl FnOnce(&CaseState) -> R) -> R {
        look(&self.lock().state)
    }

    /// The state as it is now, for what takes long: nobody waits for who looks at it.
    pub fn snapshot(&self) -> Arc<CaseState> {
        Arc::clone(&self.lock().state)
    }

    /// Appends events; they are durable when this returns.
    pub async fn append(&self, by: &Actor, events: Vec<Event>) -> Result<Vec<Entry>> {
        self.append_with(by, events, Vec::new()).await
    }

    /// Appends events together with the blobs that they name; durable when this returns.
    ///
    /// # Errors
    /// An illegal transition (nothing is written), a sealed log, a disk that fails.
    pub async fn append_with(
        &self,
        by: &Actor,
        events: Vec<Event>,
        blobs: Vec<Bytes>,
    ) -> Result<Vec<Entry>> {
        self.append_if(by, blobs, |_| Ok(events)).await
    }

    /// Appends what `decide` makes of the state, with nothing between the look and the write.
    pub async fn append_if(
        &self,
        by: &Actor,
        blobs: Vec<Bytes>,
        decide: impl FnOnce(&CaseState) -> Result<Vec<Event>>,
    ) -> Result<Vec<Entry>> {
        let (entries, pending) = {
            let mut inner = self.lock();
            if let Some(why) = &inner.sealed {
                return Err(Fault::failed(
                    "log-sealed",
                    format!("Nothing can be appended: {why}."),
                )
                .at(&self.case));
            }
            let events = decide(&inner.state)?;
            if events.is_empty() {
                return Ok(Vec::new());
            }
            let head = self.store.head();
            let (entries, lines) = self.seal(head, by, events)?;
            self.take_in(&mut inner, &entries)?;
            self.lines.send_replace(inner.state.lines);
            match self.store.commit(Commit {
                expected: head,
                lines,
                blobs,
            }) {
                Ok(pending) => (entries, pending),
                Err(fault) => {
                    inner.sealed = Some("the store refused a commit".to_owned());
                    return Err(fault);
                }
            }
        };
        if let Err(fault) = pending.durable().await {
            self.lock().sealed = Some("the disk failed under a commit".to_owned());
            return Err(fault);
        }
        Ok(entries)
    }

    /// Every entry that this build understands, in order.
    pub fn entries(&self) -> Result<Vec<Entry>> {
        entries(&self.store.lines(0)?)
    }

    /// Folds entries; when one is illegal, those before it in the batch are taken back.
    fn take_in(&self, inner: &mut Inner, entries: &[Entry]) -> Result<()> {
        for (index, entry) in entries.iter().enumerate() {
            if let Err(fault) = inner.state.check(entry) {
                if index > 0 {
                    match self.store.lines(0).and_then(|lines| fold(&lines)) {
                        Ok(folded) => inner.state = Arc::new(folded.state),
                        Err(_) => inner.sealed = Some("it could not be read back".to_owned()),
                    }
                }
                return Err(fault);
            }
            Arc::make_mut(&mut inner.state).apply(entry);
        }
        Ok(())
    }

    fn seal(
        &self,
        head: Head,
        by: &Actor,
        events: Vec<Event>,
    ) -> Result<(Vec<Entry>, Vec<Vec<u8>>)> {
        let mut prev = head.hash;
        let mut entries = Vec::with_capacity(events.len());
        let mut lines = Vec::with_capacity(events.len());
        for (seq, event) in (head.lines..).zip(events) {
            let at = self.clock.now();
            let entry = Entry {
                v: FORMAT,
                case: self.case.clone(),
                seq,
                prev,
                at,
                by: by.clone(),
                event,
            };
            let line = canonical(&entry)?;
            if line.len() > MAX_LINE {
                let what = format!("An event of {} bytes is too large for the log.", line.len());
                return Err(Fault::input("entry-large", what).at(&self.case));
            }
            prev = line_hash(&line);
            lines.push(line);
            entries.push(entry);
        }
        Ok((entries, lines))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A log as read: its state, and what else was found.
#[derive(Debug)]
pub struct Folded {
    /// The case that the lines name.
    pub case: Option<CaseId>,
    /// The state.
    pub state: CaseState,
    /// The newest format version above ours, if there is one.
    pub newer: Option<u32>,
    /// Where it ends.
    pub head: Head,
}

/// Checks the chain of `lines` and folds them; damage is located by line number.
pub fn fold(lines: &[Vec<u8>]) -> Result<Folded> {
    let mut folded = Folded {
        case: None,
        state: CaseState::default(),
        newer: None,
        head: Head::EMPTY,
    };
    for (line, expected) in lines.iter().zip(0u64..) {
        let damaged = |what: String| {
            Fault::evidence("log-damaged", what).at(format!("line {}", expected + 1))
        };
        let link: Link = serde_json::from_slice(line)
            .map_err(|error| damaged("The line is not a record.".to_owned()).caused_by(error))?;
        if link.seq != expected {
            return Err(damaged(format!(
                "The line says it is number {}, but stands as {expected}.",
                link.seq
            )));
        }
        if link.prev != folded.head.hash {
            return Err(damaged(
                "The line does not continue the one before it.".to_owned(),
            ));
        }
        if link.v > FORMAT {
            folded.newer = folded.newer.max(Some(link.v));
        } else {
            // Of the line as it stands, not of what this build makes of it: a field that was added
            // later must not make an older line look damaged.
            let as_it_stands: serde_json::Value = parse(line)?;
            if canonical(&as_it_stands)? != *line {
                return Err(damaged("The line is not in canonical form.".to_owned()));
            }
            let entry: Entry = parse(line)?;
            if folded.case.as_ref().is_some_and(|case| *case != entry.case) {
                return Err(damaged(format!("The line belongs to {}.", entry.case)));
            }
            folded.state.check(&entry)?;
            folded.state.apply(&entry);
            folded.case = Some(entry.case);
        }
        folded.head = Head {
            lines: expected + 1,
            hash: line_hash(line),
        };
    }
    Ok(folded)
}

/// The entries that lines hold, in order.
///
/// # Errors
/// A line cannot be read.
pub fn entries(lines: &[Vec<u8>]) -> Result<Vec<Entry>> {
    lines.iter().map(|line| parse(line)).collect()
}

fn parse<T: serde::de::DeserializeOwned>(line: &[u8]) -> Result<T> {
    serde_json::from_slice(line).map_err(|error| {
        Fault::evidence("log-damaged", "A line of the case log cannot be read.").caused_by(error)
    })
}
