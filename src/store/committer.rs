//! The one thread that writes, and the queue before it.
//!
//! Commits that are queued while the disk works share the next flush. A group becomes durable in one
//! of two orders:
//!
//! - Every commit is one line: sled and the ledger are synced side by side. A crash between them leaves
//!   one copy some whole lines, that is whole commits, ahead of the other.
//! - Otherwise sled, whose batch is atomic, goes first and the ledger follows. A crash between them
//!   leaves the ledger behind, and opening completes it; half a commit cannot become visible.

use std::collections::HashSet;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::oneshot;

use super::Commit;
use super::chain::Head;
use super::chunk::Cutter;
use super::disk::{Disk, Trouble};
use super::index::{Additions, is_single};
use super::ledger;
use super::objects::Objects;
use crate::canon::Digest;
use crate::fault::{Fault, Result};

/// Blobs larger than this become files.
pub(super) const OBJECT: usize = 4 << 20;

/// What one group takes from the queue: blobs, and lines (which go into one batch, so that they stay
/// well below what sled writes before it reuses a segment).
const GROUP_BLOBS: usize = 8 << 20;
const GROUP_LINES: usize = 1 << 20;

/// A queued commit.
#[derive(Debug)]
struct Job {
    first: u64,
    lines: Vec<Vec<u8>>,
    blobs: Vec<Bytes>,
    head: Head,
    done: oneshot::Sender<Result<Head>>,
}

impl Job {
    fn line_bytes(&self) -> usize {
        self.lines.iter().map(Vec::len).sum()
    }

    fn blob_bytes(&self) -> usize {
        self.blobs.iter().map(Bytes::len).sum()
    }

    fn is_one_line(&self) -> bool {
        match self.lines.as_slice() {
            [] => true,
            [line] => is_single(line),
            _ => false,
        }
    }
}

#[derive(Debug)]
struct State {
    /// The head with everything in the queue.
    head: Head,
    /// The head that is on the disk.
    durable: Head,
    /// Commits that were queued and are not yet settled.
    open: usize,
    queue: VecDeque<Job>,
    poisoned: Option<String>,
    closing: bool,
}

/// The queue, shared by callers and the committer.
#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    queued: Condvar,
    settled: Condvar,
}

impl Queue {
    pub(super) fn new(head: Head) -> Self {
        Self {
            state: Mutex::new(State {
                head,
                durable: head,
                open: 0,
                queue: VecDeque::new(),
                poisoned: None,
                closing: false,
            }),
            queued: Condvar::new(),
            settled: Condvar::new(),
        }
    }

    pub(super) fn head(&self) -> Head {
        self.lock().head
    }

    /// Puts a commit into the queue, or refuses it at once.
    pub(super) fn push(&self, commit: Commit) -> Result<oneshot::Receiver<Result<Head>>> {
        let head = commit
            .lines
            .iter()
            .try_fold(commit.expected, |head, line| head.follow(line))?;
        let (done, pending) = oneshot::channel();
        let mut state = self.lock();
        if let Some(why) = &state.poisoned {
            return Err(poisoned(why));
        }
        if state.head != commit.expected {
            return Err(conflict(commit.expected, state.head));
        }
        state.head = head;
        state.open += 1;
        state.queue.push_back(Job {
            first: commit.expected.lines,
            lines: commit.lines,
            blobs: commit.blobs,
            head,
            done,
        });
        self.queued.notify_one();
        Ok(pending)
    }

    /// Waits until all that is queued now is durable; gives the durable head.
    pub(super) fn settle(&self) -> Result<Head> {
        let mut state = self.lock();
        let target = state.head.lines;
        while state.open > 0 && state.durable.lines < target && state.poisoned.is_none() {
            state = self
                .settled
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        match &state.poisoned {
            Some(why) if state.durable.lines < target => Err(poisoned(why)),
            _ => Ok(state.durable),
        }
    }

    /// Waits until nothing is on its way any more.
    pub(super) fn drain(&self) {
        let mut state = self.lock();
        while state.open > 0 {
            state = self
                .settled
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The head that is on the disk; `None` after an error of the disk.
    pub(super) fn durable(&self) -> Option<Head> {
        let state = self.lock();
        state.poisoned.is_none().then_some(state.durable)
    }

    /// Lets the committer end when the queue is empty.
    pub(super) fn close(&self) {
        self.lock().closing = true;
        self.queued.notify_one();
    }

    fn next_group(&self) -> Option<Vec<Job>> {
        let mut state = self.lock();
        while state.queue.is_empty() {
            if state.closing {
                return None;
            }
            state = self
                .queued
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        let (mut lines, mut blobs, mut group) = (0, 0, Vec::new());
        while let Some(job) = state.queue.front() {
            lines += job.line_bytes();
            blobs += job.blob_bytes();
            if !group.is_empty() && (lines > GROUP_LINES || blobs > GROUP_BLOBS) {
                break;
            }
            group.extend(state.queue.pop_front());
        }
        Some(group)
    }

    fn settle_group(&self, group: Vec<Job>, result: Result<()>) {
        let mut state = self.lock();
        state.open -= group.len();
        match result {
            Ok(()) => {
                if let Some(job) = group.last() {
                    state.durable = job.head;
                }
                drop(state);
                for job in group {
                    // Nobody may be waiting; the commit stands all the same.
                    let _ = job.done.send(Ok(job.head));
                }
            }
            Err(fault) => {
                let why = fault.to_string();
                state.poisoned = Some(why.clone());
                state.head = state.durable;
                let rest = std::mem::take(&mut state.queue);
                state.open -= rest.len();
                drop(state);
                for job in group.into_iter().chain(rest) {
                    let _ = job.done.send(Err(poisoned(&why)));
                }
            }
        }
        self.settled.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn conflict(expected: Head, head: Head) -> Fault {
    Fault::failed(
        "store-conflict",
        format!(
            "The log moved on: it has {} lines, but the writer had seen {}.",
            head.lines, expected.lines
        ),
    )
    .hint("Read the log again and decide anew.")
}

fn poisoned(why: &str) -> Fault {
    Fault::failed(
        "store-poisoned",
        format!("The store stopped writing after an error: {why}"),
    )
    .hint("Check the disk and its free space, then start again: opening recovers what is durable.")
}

/// What the committer writes to.
#[derive(Debug)]
pub(super) struct Committer {
    queue: Arc<Queue>,
    disk: Arc<Disk>,
    objects: Arc<Objects>,
    ledger: ledger::Writer,
    cutter: Cutter,
    next_chunk: u64,
}

impl Committer {
    pub(super) fn new(
        case: &Path,
        queue: Arc<Queue>,
        disk: Arc<Disk>,
        objects: Arc<Objects>,
        next_chunk: u64,
    ) -> Result<Self> {
        Ok(Self {
            queue,
            disk,
            objects,
            ledger: ledger::Writer::start(case)?,
            cutter: Cutter::new().map_err(crate::fault::io("start the compressor", case))?,
            next_chunk,
        })
    }

    /// Writes groups until the queue is closed and empty.
    pub(super) fn run(mut self) {
        let queue = Arc::clone(&self.queue);
        while let Some(group) = queue.next_group() {
            let result = catch_unwind(AssertUnwindSafe(|| self.write(&group)))
                .unwrap_or_else(|_| Err(Trouble::Damaged("a write gave up".to_owned())))
                .map_err(|trouble| trouble.into_fault(Path::new("sled")));
            queue.settle_group(group, result);
        }
    }

    fn write(&mut self, group: &[Job]) -> Result<(), Trouble> {
        let mut additions = Additions::default();
        let wrote_blobs = self.write_blobs(group, &mut additions)?;
        let mut text = Vec::new();
        for line in group.iter().flat_map(|job| &job.lines) {
            text.extend_from_slice(line);
            text.push(b'\n');
        }
        if !wrote_blobs && group.iter().all(Job::is_one_line) {
            self.ledger.begin(text);
            let disk = self.write_lines(group);
            let ledger = self.ledger.finish();
            disk?;
            ledger?;
            return Ok(());
        }
        for job in group {
            for (number, line) in (job.first..).zip(&job.lines) {
                additions.line(number, line);
            }
        }
        self.disk.add(additions)?;
        self.disk.flush()?;
        self.disk.no_spill()?;
        if !text.is_empty() {
            self.ledger.begin(text);
            self.ledger.finish()?;
        }
        Ok(())
    }

    fn write_lines(&self, group: &[Job]) -> Result<(), Trouble> {
        for job in group {
            for (number, line) in (job.first..).zip(&job.lines) {
                self.disk.add_line(number, line)?;
            }
        }
        self.disk.flush()
    }

    /// Writes the blobs that are new; says whether the tree got any.
    fn write_blobs(&mut self, group: &[Job], additions: &mut Additions) -> Result<bool, Trouble> {
        let mut seen = HashSet::new();
        let (mut since_flush, mut wrote) = (0, false);
        for blob in group.iter().flat_map(|job| &job.blobs) {
            let name = Digest::of(blob);
            if !seen.insert(name) || self.disk.has_blob(name)? {
                continue;
            }
            if blob.len() > OBJECT {
                if self.objects.find(name).is_none() {
                    self.objects.put(&**blob, Path::new("blob"))?;
                }
                continue;
            }
            let entry = self.disk.write_chunks(
                &mut self.cutter,
                blob,
                &mut self.next_chunk,
                &mut since_flush,
            )?;
            additions.blob(name, entry);
            wrote = true;
        }
        Ok(wrote)
    }
}
