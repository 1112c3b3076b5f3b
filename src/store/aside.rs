//! Directories that are made beside their place and get their name when they are whole.
//!
//! Whoever makes one holds [`Making`] from before its first byte until after its renaming; whoever
//! removes what a crash left takes the same lock alone. Nothing in such a directory was ever
//! acknowledged: that happens after its renaming only.

use std::fs::{DirEntry, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use super::lock::Lock;
use crate::fault::{Result, io};

/// The lock of everything that is being made in a directory.
const NAME: &str = ".making.lock";

/// Held while something is made aside; the kernel lets go of it when the process ends.
#[derive(Debug)]
pub struct Making(File);

impl Drop for Making {
    fn drop(&mut self) {
        // Closing alone would not do: a child that is being started has the handle too until it execs.
        let _ = flock(&self.0, FlockOperation::Unlock);
    }
}

impl Making {
    /// Says that this process makes something in `dir`, together with any others that do.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn begin(dir: &Path) -> Result<Self> {
        let file = open(dir)?;
        flock(&file, FlockOperation::LockShared)
            .map_err(|error| io("lock the directory", dir)(error.into()))?;
        Ok(Self(file))
    }

    /// The same, alone; `None` while anybody makes something in `dir`.
    fn alone(dir: &Path) -> Option<Self> {
        let file = open(dir).ok()?;
        flock(&file, FlockOperation::NonBlockingLockExclusive).ok()?;
        Some(Self(file))
    }
}

fn open(dir: &Path) -> Result<File> {
    let path = dir.join(NAME);
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(io("open the lock of the directory", &path))
}

/// Removes the directories of `dir` that a crash left half made: those whose name `is_aside`. While
/// anybody makes one, and where a store in one has an owner, nothing is removed. Gives what was.
pub fn remove_unfinished(dir: &Path, is_aside: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let left = || -> Vec<PathBuf> {
        let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
        let aside = |entry: &DirEntry| {
            // A link is not followed, and is none of ours.
            entry.file_type().is_ok_and(|kind| kind.is_dir())
                && entry.file_name().to_str().is_some_and(&is_aside)
        };
        entries.filter(aside).map(|entry| entry.path()).collect()
    };
    if left().is_empty() {
        return Vec::new();
    }
    let Some(_alone) = Making::alone(dir) else {
        return Vec::new();
    };
    // What was left is looked for again: the first look may have seen one that has its name by now.
    let removed = left().into_iter().filter(|path| {
        let owned = Lock::take(path);
        owned.is_ok() && std::fs::remove_dir_all(path).is_ok()
    });
    removed.collect()
}
