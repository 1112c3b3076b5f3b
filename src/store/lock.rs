//! The lock that makes one process the owner of a store, and the checks that go with taking it.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::fault::{Fault, Kind, Result, io};

const NAME: &str = "LOCK";
/// How often the lock is tried: who only looks whether it is held has it for an instant.
const TRIES: u32 = 4;

/// Which process works on a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// None.
    Nobody,
    /// The one with this id.
    Process(u32),
    /// One that has not said which.
    Another,
}

/// Which process holds the lock of `dir`. Nothing is written.
///
/// # Errors
/// The file cannot be opened, or its file system does not lock.
pub(super) fn look(dir: &Path) -> Result<Owner> {
    let path = dir.join(NAME);
    let mut file = match File::open(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Owner::Nobody),
        opened => opened.map_err(io("open the lock of the store", &path))?,
    };
    match flock(&file, FlockOperation::NonBlockingLockShared) {
        Ok(()) => {
            let _ = flock(&file, FlockOperation::Unlock);
            Ok(Owner::Nobody)
        }
        Err(Errno::WOULDBLOCK) => Ok(owner(&mut file).map_or(Owner::Another, Owner::Process)),
        Err(error) => Err(unsafe_place(dir, "its file system does not lock").caused_by(error)),
    }
}

/// Held while a process owns a store; the kernel lets go of it when the process ends.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing alone would not do: a child that is being started has the handle too until it execs.
        let _ = flock(&self.file, FlockOperation::Unlock);
    }
}

impl Lock {
    /// Takes the lock of `dir` and writes our pid into it.
    ///
    /// Checks on the way that the file system keeps locks (a second handle must not get it) and that
    /// fsync works on a file and on the directory.
    ///
    /// # Errors
    /// `store-owned` when another process, or another part of this one, has it; `store-unsafe` when a
    /// check fails.
    pub(super) fn take(dir: &Path) -> Result<Self> {
        let path = dir.join(NAME);
        let open = || {
            OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(&path)
                .map_err(io("open the lock of the store", &path))
        };
        let mut file = open()?;
        let mut taken = flock(&file, FlockOperation::NonBlockingLockExclusive);
        for _ in 1..TRIES {
            if taken == Err(Errno::WOULDBLOCK) {
                std::thread::sleep(Duration::from_millis(5));
                taken = flock(&file, FlockOperation::NonBlockingLockExclusive);
            }
        }
        match taken {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => return Err(owned(&mut file, dir)),
            Err(error) => {
                return Err(unsafe_place(dir, "its file system does not lock").caused_by(error));
            }
        }
        if flock(open()?, FlockOperation::NonBlockingLockExclusive).is_ok() {
            return Err(unsafe_place(dir, "its file system gave one lock twice"));
        }
        file.set_len(0)
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(io("write the lock of the store", &path))?;
        file.sync_all()
            .and_then(|()| File::open(dir)?.sync_all())
            .map_err(|error| unsafe_place(dir, "fsync does not work there").caused_by(error))?;
        Ok(Self { file })
    }
}

/// A configuration in which an acknowledgement would not be worth anything.
pub(super) fn unsafe_place(dir: &Path, why: &str) -> Fault {
    Fault::failed(
        "store-unsafe",
        format!("The store cannot be kept there safely: {why}."),
    )
    .at(dir.display())
    .hint("Move the directory to a local disk (ext4, xfs, btrfs, APFS) and try again.")
}

fn owned(file: &mut File, dir: &Path) -> Fault {
    let who = match owner(file) {
        // The owner takes the lock an instant before it writes its pid.
        None => {
            std::thread::sleep(Duration::from_millis(50));
            owner(file)
        }
        found => found,
    };
    let who = who.map_or_else(
        || "another process".to_owned(),
        |pid| format!("process {pid}"),
    );
    Fault::new(
        Kind::Owned,
        "store-owned",
        format!("The store is owned by {who}."),
    )
    .at(dir.display())
    .hint(format!(
        "Wait until {who} has ended, or stop it, and try again."
    ))
    .hint("`cordon status`, `cordon case list` and the other lists can be read beside it.")
    .hint("If it is `cordon serve`, it has a case for a moment only: try again.")
}

fn owner(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}
