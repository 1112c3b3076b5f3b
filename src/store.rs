//! The embedded store: an event log with compare-and-swap heads, and content-addressed blobs.
//!
//! The only module that names sled. One directory per case, one hub beside them, and one directory of
//! messages that were received, a file each.
//!
//! ```text
//! CASE/ LOCK            flock; the pid of the owner
//!       ledger.jsonl    every line with its line end: what an expert reads
//!       acknowledged    how many lines both copies had when the store was last closed
//!       sled/           the same lines, and blobs up to 4 MiB in zstd chunks
//!       objects/ab/…    larger blobs and files, named by their SHA-256
//! ```
//!
//! A commit is acknowledged when sled and the ledger are both on the disk. sled as shipped does not
//! survive a power cut on Linux (its flush uses `sync_file_range`), so each flush is followed by an
//! fsync of its `db` file; `store/disk.rs` has the bounds that make this enough. Opening compares the
//! two copies line by line and heals one from the other ([`Repair`]).

mod aside;
mod case;
mod chain;
mod chunk;
mod committer;
mod dir;
mod disk;
mod floor;
mod hub;
mod index;
mod ledger;
mod lock;
mod mend;
mod objects;
mod recover;
mod repair;
mod room;
mod spool;

pub use aside::{Making, remove_unfinished};
pub use case::CaseStore;
pub use chain::{Head, MAX_LINE, line_hash};
pub use hub::Hub;
pub use lock::Owner;
pub use repair::{Repair, RepairKind};
pub use spool::Spool;

use std::path::Path;

use bytes::Bytes;

use crate::fault::{Fault, Result};

/// Lines and blobs that become durable together, or not at all.
#[derive(Debug, Clone)]
pub struct Commit {
    /// The head that the caller believes in.
    pub expected: Head,
    /// The lines, each canonical JSON without a line end, with `seq` and `prev` inside.
    pub lines: Vec<Vec<u8>>,
    /// Blobs; their name is their SHA-256.
    pub blobs: Vec<Bytes>,
}

/// A commit on its way to the disk.
#[derive(Debug)]
pub struct Pending(tokio::sync::oneshot::Receiver<Result<Head>>);

impl Pending {
    /// Waits until it is durable; gives the head that it made.
    pub async fn durable(self) -> Result<Head> {
        self.0.await.unwrap_or_else(|_| {
            Err(Fault::failed(
                "store-poisoned",
                "The store was closed before the commit was on the disk.",
            ))
        })
    }
}

/// The lines of a case's ledger, without taking the store: for looking while another process works.
/// A last line that is being written is left out.
///
/// # Errors
/// The file cannot be read, or lacks lines that were acknowledged.
pub fn peek(case: &Path) -> Result<Vec<Vec<u8>>> {
    // Read before the ledger, which only grows meanwhile.
    let floor = floor::read(case);
    let mut reader = ledger::Reader::open(&case.join(ledger::NAME))?;
    let mut lines = Vec::new();
    while let Some(line) = reader.line()? {
        lines.push(line);
    }
    let found = lines.len() as u64;
    if found < floor {
        return Err(Fault::evidence(
            "store-damaged",
            format!("The ledger ends after line {found}; line {floor} was acknowledged."),
        )
        .at(case.join(ledger::NAME).display())
        .hint("keep a copy of the folder as it is")
        .hint("`cordon evidence verify --case` restores it from the embedded store, and records that it was cut"));
    }
    Ok(lines)
}

/// How long the ledger of a case is, and when it was last written: what tells whether an earlier look
/// still holds.
///
/// # Errors
/// There is no ledger.
pub fn extent(case: &Path) -> Result<(u64, std::time::SystemTime)> {
    let ledger = case.join(ledger::NAME);
    let about = std::fs::metadata(&ledger).and_then(|about| Ok((about.len(), about.modified()?)));
    about.map_err(crate::fault::io("look at the ledger", &ledger))
}

/// Which process works on a case. Nothing is written, and nobody is kept waiting.
///
/// # Errors
/// The lock cannot be looked at.
pub fn owner(case: &Path) -> Result<Owner> {
    lock::look(case)
}

/// Makes a directory with all above it, readable by this account only, durable when it returns.
///
/// # Errors
/// The disk refuses.
pub fn make_dir(path: &Path) -> Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(above) = path.parent().filter(|above| !above.as_os_str().is_empty()) {
        make_dir(above)?;
    }
    dir::make(path)
}

/// Gives a directory that is finished and closed its name; durable when it returns.
///
/// # Errors
/// Something lies in that place already, or the disk refuses.
pub fn put_in_place(from: &Path, to: &Path) -> Result<()> {
    std::fs::rename(from, to).map_err(crate::fault::io("put the directory in its place", to))?;
    to.parent().map_or(Ok(()), dir::sync)
}
