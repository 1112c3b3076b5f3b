//! The store of one case: opening, reading, committing.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use bytes::Bytes;

use super::chain::Head;
use super::committer::{Committer, Queue};
use super::disk::{Disk, Trouble};
use super::lock::Lock;
use super::objects::{Objects, damaged};
use super::repair::Repair;
use super::{Commit, Pending, dir, floor, ledger, mend};
use crate::canon::Digest;
use crate::fault::{Fault, Result, io};

pub(super) const SLED: &str = "sled";

/// The store of one case.
///
/// Opening takes the lock, checks that the place keeps its promises (locks, fsync of files and
/// directories, sled's settings, nothing in `blobs/`) and brings the two copies of the log together.
/// Dropping it waits for the commits that are queued.
#[derive(Debug)]
pub struct CaseStore {
    queue: Arc<Queue>,
    thread: Option<JoinHandle<()>>,
    disk: Arc<Disk>,
    objects: Arc<Objects>,
    repairs: Vec<Repair>,
    dir: PathBuf,
    // Last: let go of when everything else is closed.
    _lock: Lock,
}

impl CaseStore {
    /// Makes the store of a new case in `dir`, which must not exist.
    ///
    /// # Errors
    /// `store-exists`; otherwise as [`Self::open`].
    pub fn create(dir: &Path) -> Result<Self> {
        if dir.symlink_metadata().is_ok() {
            return Err(
                Fault::input("store-exists", "There is something in that place already.")
                    .at(dir.display()),
            );
        }
        dir::make(dir)?;
        let lock = Lock::take(dir)?;
        ledger::ensure(dir)?;
        Self::start(dir, lock)
    }

    /// Opens the store of a case, takes its lock and recovers what a crash left.
    ///
    /// # Errors
    /// `store-missing`; `store-owned` with the owner's pid; `store-unsafe` when the place does not
    /// keep its promises; `store-damaged`, naming the line, when neither copy of the log has it.
    pub fn open(dir: &Path) -> Result<Self> {
        if !dir.join(ledger::NAME).exists() && !dir.join(SLED).exists() {
            return Err(
                Fault::input("store-missing", "There is no case in that place.").at(dir.display()),
            );
        }
        let lock = Lock::take(dir)?;
        Self::start(dir, lock)
    }

    fn start(dir: &Path, lock: Lock) -> Result<Self> {
        let objects = Arc::new(Objects::open(dir.join("objects"))?);
        let mended = mend::open(dir)?;
        let disk = Arc::new(mended.disk);
        let queue = Arc::new(Queue::new(mended.head));
        let committer = Committer::new(
            dir,
            Arc::clone(&queue),
            Arc::clone(&disk),
            Arc::clone(&objects),
            mended.next_chunk,
        )?;
        let thread = thread::Builder::new()
            .name("committer".to_owned())
            .spawn(move || committer.run())
            .map_err(io("start the committer", dir))?;
        Ok(Self {
            queue,
            thread: Some(thread),
            disk,
            objects,
            repairs: mended.repairs,
            dir: dir.to_owned(),
            _lock: lock,
        })
    }

    /// What opening had to put right.
    pub fn repairs(&self) -> &[Repair] {
        &self.repairs
    }

    /// The names of what earlier openings kept of damaged files, in order.
    ///
    /// # Errors
    /// The directory cannot be listed.
    pub fn kept_aside(&self) -> Result<Vec<String>> {
        let entries = std::fs::read_dir(&self.dir).map_err(io("list the directory", &self.dir))?;
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| mend::is_kept(name))
            .collect();
        names.sort();
        Ok(names)
    }

    /// The head, commits on their way included.
    pub fn head(&self) -> Head {
        self.queue.head()
    }

    /// Queues a commit behind those before it. Fails at once when `expected` is not the head.
    ///
    /// # Errors
    /// `store-conflict`; `store-chain` when a line does not carry the next number and hash;
    /// `store-poisoned` after an error of the disk, which only opening anew gets over.
    pub fn commit(&self, commit: Commit) -> Result<Pending> {
        self.queue.push(commit).map(Pending)
    }

    /// The lines from number `from` on, without line ends; waits for commits that are on their way.
    ///
    /// # Errors
    /// `store-poisoned` when those fail; `store-damaged` when a line cannot be read.
    pub fn lines(&self, from: u64) -> Result<Vec<Vec<u8>>> {
        let count = self.queue.settle()?.lines.saturating_sub(from);
        let lines = self
            .disk
            .lines_from(from)
            .take(usize::try_from(count).unwrap_or(usize::MAX))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|trouble| trouble.into_fault(self.disk.dir()))?;
        if lines.len() as u64 == count {
            return Ok(lines);
        }
        let missing = from + lines.len() as u64 + 1;
        Err(
            Fault::evidence("store-damaged", "A line of the log is missing.")
                .at(format!("line {missing}"))
                .hint("Close the store and open it again: it is then taken from the ledger."),
        )
    }

    /// The blob of that name, checked against it; waits for commits on their way when it is not here
    /// yet.
    ///
    /// # Errors
    /// `blob-damaged` (exit 5) when its bytes are not what its name says; `object-large` above
    /// 256 MiB.
    pub fn blob(&self, name: Digest) -> Result<Option<Bytes>> {
        if let Some(blob) = self.find_blob(name)? {
            return Ok(Some(blob));
        }
        self.queue.drain();
        self.find_blob(name)
    }

    fn find_blob(&self, name: Digest) -> Result<Option<Bytes>> {
        match self.disk.read_blob(name) {
            Ok(None) => self.objects.read(name),
            Ok(found) => Ok(found),
            Err(Trouble::Damaged(why)) => Err(damaged(name, &why).at(self.disk.dir().display())),
            Err(Trouble::Fault(fault)) => Err(fault),
        }
    }

    /// Copies a file of any size in as a content-addressed object; durable when it returns.
    pub fn put_object(&self, file: &Path) -> Result<(Digest, u64)> {
        let source = File::open(file).map_err(io("open the file", file))?;
        self.objects.put(source, file)
    }

    /// Where an object lies.
    pub fn object(&self, name: Digest) -> Option<PathBuf> {
        self.objects.find(name)
    }
}

impl Drop for CaseStore {
    fn drop(&mut self) {
        self.queue.close();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        if let Some(head) = self.queue.durable() {
            floor::leave(&self.dir, head.lines);
        }
    }
}
