//! The embedded store: an event log with compare-and-swap heads, and content-addressed blobs.
//!
//! The only module that names sled. One directory per case, one hub beside them.

use std::path::Path;

use bytes::Bytes;

use crate::canon::Digest;
use crate::fault::Result;

/// Where a log ends: how many lines it has, and the SHA-256 of the last with its line end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// How many lines the log has.
    pub lines: u64,
    /// SHA-256 of the last line with its line end; zeros for an empty log.
    pub hash: Digest,
}

impl Head {
    /// The head of an empty log.
    pub const EMPTY: Self = Self {
        lines: 0,
        hash: Digest::ZERO,
    };
}

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
    /// Waits until it is durable.
    pub async fn durable(self) -> Result<Head> {
        let _ = self.0;
        unimplemented!()
    }
}

/// The store of one case.
#[derive(Debug)]
pub struct CaseStore {}

impl CaseStore {
    /// Makes the store of a new case in `dir`, which must not exist.
    pub fn create(_dir: &Path) -> Result<Self> {
        unimplemented!()
    }

    /// Opens the store of a case, takes its lock and recovers what a crash left.
    pub fn open(_dir: &Path) -> Result<Self> {
        unimplemented!()
    }

    /// The head, commits on their way included.
    pub fn head(&self) -> Head {
        unimplemented!()
    }

    /// Queues a commit behind those before it. Fails at once when `expected` is not the head.
    pub fn commit(&self, _commit: Commit) -> Result<Pending> {
        unimplemented!()
    }

    /// The lines from number `from` on, without line ends; waits for commits that are on their way.
    pub fn lines(&self, _from: u64) -> Result<Vec<Vec<u8>>> {
        unimplemented!()
    }

    /// The blob of that name.
    pub fn blob(&self, _name: Digest) -> Result<Option<Bytes>> {
        unimplemented!()
    }

    /// Copies a file of any size in as a content-addressed object; durable when it returns.
    pub fn put_object(&self, _file: &Path) -> Result<(Digest, u64)> {
        unimplemented!()
    }

    /// Where an object lies.
    pub fn object(&self, _name: Digest) -> Option<std::path::PathBuf> {
        unimplemented!()
    }
}

/// What all cases share: seen webhook ids, the case directory.
#[derive(Debug)]
pub struct Hub {}

impl Hub {
    /// Opens or makes the hub in `dir`.
    pub fn open(_dir: &Path) -> Result<Self> {
        unimplemented!()
    }

    /// Puts a value unless the key has one; durable when it returns. True when it was new.
    pub fn put_new(&self, _tree: &str, _key: &[u8], _value: &[u8]) -> Result<bool> {
        unimplemented!()
    }

    /// The value of a key.
    pub fn get(&self, _tree: &str, _key: &[u8]) -> Result<Option<Vec<u8>>> {
        unimplemented!()
    }
}
