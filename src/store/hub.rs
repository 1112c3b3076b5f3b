//! What all cases share, in a small store of its own.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::chunk::MAX_VALUE;
use super::dir;
use super::disk::{Disk, Trouble};
use super::lock::Lock;
use crate::fault::{Fault, Result};

const MAX_KEY: usize = 1 << 10;

/// What all cases share. Whoever holds it is the daemon, or works in its place.
///
/// Keys have at most 1 KiB, values at most 120 KiB, names of trees at most 64 bytes. There is one copy
/// only, so nothing belongs here that is evidence.
#[derive(Debug)]
pub struct Hub {
    disk: Disk,
    /// How many writes sled has taken.
    written: Mutex<u64>,
    synced: Mutex<Synced>,
    _lock: Lock,
}

#[derive(Debug, Default)]
struct Synced {
    /// How many of the writes are on the disk.
    upto: u64,
    poisoned: Option<String>,
}

impl Hub {
    /// Opens or makes the hub in `dir`.
    ///
    /// # Errors
    /// `store-owned`, `store-unsafe` as for a case; `store-damaged` when its files are.
    pub fn open(dir: &Path) -> Result<Self> {
        dir::make(dir)?;
        let lock = Lock::take(dir)?;
        let sled = dir.join("sled");
        let disk = Disk::open(&sled).map_err(|trouble| {
            let damaged = matches!(trouble, Trouble::Damaged(_));
            let fault = trouble.into_fault(&sled);
            if damaged {
                fault
                    .hint("Keep a copy, move `snap.*` aside and try again: nothing is lost by it.")
                    .hint("Else move the directory aside: cases are kept elsewhere.")
            } else {
                fault
            }
        })?;
        Ok(Self {
            disk,
            written: Mutex::new(0),
            synced: Mutex::default(),
            _lock: lock,
        })
    }

    /// Puts a value unless the key has one; durable when it returns. True when it was new.
    ///
    /// When it is false, the value that was there is durable too.
    pub fn put_new(&self, tree: &str, key: &[u8], value: &[u8]) -> Result<bool> {
        check(tree, key, value)?;
        let (new, number) = self.write(|| {
            let tree = self.disk.db.open_tree(tree)?;
            Ok(tree
                .compare_and_swap(key, None::<&[u8]>, Some(value))?
                .is_ok())
        })?;
        self.sync(number)?;
        Ok(new)
    }

    /// Puts a value in place of the one that the key may have; durable when it returns.
    pub fn put(&self, tree: &str, key: &[u8], value: &[u8]) -> Result<()> {
        check(tree, key, value)?;
        let ((), number) = self.write(|| {
            self.disk.db.open_tree(tree)?.insert(key, value)?;
            Ok(())
        })?;
        self.sync(number)
    }

    /// The value of a key.
    pub fn get(&self, tree: &str, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let get = || self.disk.db.open_tree(tree)?.get(key);
        let value = get().map_err(|error| self.fault(error.into()))?;
        Ok(value.map(|value| value.to_vec()))
    }

    /// Removes a key; durable when it returns.
    pub fn remove(&self, tree: &str, key: &[u8]) -> Result<()> {
        let ((), number) = self.write(|| {
            self.disk.db.open_tree(tree)?.remove(key)?;
            Ok(())
        })?;
        self.sync(number)
    }

    /// Removes the first keys of a tree until at most `most` are left; durable when it returns.
    pub fn keep_last(&self, tree: &str, most: usize) -> Result<()> {
        let ((), number) = self.write(|| {
            let tree = self.disk.db.open_tree(tree)?;
            let over = tree.len().saturating_sub(most);
            for entry in tree.iter().take(over) {
                tree.remove(entry?.0)?;
            }
            Ok(())
        })?;
        self.sync(number)
    }

    /// The last entries of a tree, the last first.
    pub fn last(&self, tree: &str, most: usize) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
        let last = || {
            let entries = self.disk.db.open_tree(tree)?.iter().rev().take(most);
            entries
                .map(|entry| entry.map(|(key, value)| (key.to_vec(), value.to_vec())))
                .collect::<sled::Result<_>>()
        };
        last().map_err(|error| self.fault(error.into()))
    }

    /// Every key of a tree with its value, in the order of the keys.
    pub fn scan(&self, tree: &str) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
        let scan = || {
            let entries = self.disk.db.open_tree(tree)?.iter();
            entries
                .map(|entry| entry.map(|(key, value)| (key.to_vec(), value.to_vec())))
                .collect::<sled::Result<_>>()
        };
        scan().map_err(|error| self.fault(error.into()))
    }

    /// Counts a write together with doing it, so that a flush knows what it covers.
    fn write<T>(&self, write: impl FnOnce() -> Result<T, Trouble>) -> Result<(T, u64)> {
        if let Some(why) = &hold(&self.synced).poisoned {
            return Err(poisoned(why));
        }
        let mut written = hold(&self.written);
        let result = write().map_err(|trouble| self.fault(trouble))?;
        *written += 1;
        Ok((result, *written))
    }

    /// Returns when write `number` is durable; writers that wait together share one flush.
    fn sync(&self, number: u64) -> Result<()> {
        let mut synced = hold(&self.synced);
        if let Some(why) = &synced.poisoned {
            return Err(poisoned(why));
        }
        if synced.upto >= number {
            return Ok(());
        }
        let upto = *hold(&self.written);
        if let Err(trouble) = self.disk.flush() {
            let fault = self.fault(trouble);
            synced.poisoned = Some(fault.to_string());
            return Err(fault);
        }
        synced.upto = upto;
        Ok(())
    }

    fn fault(&self, trouble: Trouble) -> Fault {
        trouble.into_fault(self.disk.dir())
    }
}

fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn poisoned(why: &str) -> Fault {
    Fault::failed(
        "store-poisoned",
        format!("The hub stopped writing after an error: {why}"),
    )
    .hint("Check the disk and its free space, then start again.")
}

fn check(tree: &str, key: &[u8], value: &[u8]) -> Result<()> {
    let fits = !tree.is_empty() && tree.len() <= 64 && key.len() <= MAX_KEY;
    if fits && value.len() <= MAX_VALUE {
        return Ok(());
    }
    Err(Fault::input(
        "hub-large",
        format!(
            "An entry of {} and {} bytes does not fit the hub.",
            key.len(),
            value.len()
        ),
    )
    .at(tree))
}
