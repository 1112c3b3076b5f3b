//! sled with a flush that means what it says.
//!
//! Measured against a power-loss model: sled 0.34.7 as shipped loses acknowledged writes, because its
//! flush ends in `sync_file_range`, which makes neither new blocks nor file sizes durable. What is done
//! here makes it hold:
//!
//! - [`Disk::flush`] ends with an fsync of the `db` file through a handle of our own.
//! - Segments are 8 MiB and values at most [`MAX_VALUE`](super::chunk::MAX_VALUE), so that no node is
//!   ever written to `blobs/`, which sled does not fsync. A file there is a failed health check.
//! - sled reuses a segment in place no sooner than 16 MiB of log after the pages in it were written
//!   elsewhere (read in its `segment.rs`). Writers of chunks flush at least every [`STRIDE`] bytes,
//!   which even with one consolidation, one split and one moved page per value stays below that. Lines
//!   go into one batch, which cannot be flushed in between: a group takes at most 1 MiB of them, and
//!   only a single commit may have more. Should a cut ever hit that, the lines are in the ledger.
//! - The background flusher is off: it only adds writes between our flushes.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::dir;
use super::lock::unsafe_place;
use super::room::Room;
use crate::fault::{Fault, io};

/// Bytes of values after which a writer has to flush.
pub(super) const STRIDE: usize = 384 << 10;

const SEGMENT: usize = 8 << 20;
const CACHE: u64 = 64 << 20;

/// Why sled cannot be used.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Its files are damaged: says how.
    Damaged(String),
    /// Anything else: the place, the configuration, the operating system.
    Fault(Fault),
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<sled::Error> for Trouble {
    fn from(error: sled::Error) -> Self {
        match error {
            sled::Error::Corruption { .. } | sled::Error::ReportableBug(_) => {
                Self::Damaged(error.to_string())
            }
            sled::Error::Io(io) if io.kind() == ErrorKind::UnexpectedEof => {
                Self::Damaged(format!("a file is shorter than it must be ({io})"))
            }
            other => Self::Fault(
                Fault::failed("store-disk", "The store could not use its disk.").caused_by(other),
            ),
        }
    }
}

impl Trouble {
    /// As a fault about `dir`, for callers that cannot mend damage.
    pub(super) fn into_fault(self, dir: &Path) -> Fault {
        match self {
            Self::Damaged(why) => Fault::evidence(
                "store-damaged",
                format!("The embedded store is damaged: {why}."),
            )
            .at(dir.display()),
            Self::Fault(fault) => fault,
        }
    }
}

/// An open sled.
#[derive(Debug)]
pub(super) struct Disk {
    pub(super) db: sled::Db,
    file: File,
    dir: PathBuf,
    /// After `db`: what it reserved is given back when it is gone.
    _room: Room,
}

impl Disk {
    /// Opens or makes the sled in `dir`; everything that opening wrote is durable when it returns.
    ///
    /// Refuses: a file in `blobs/`, another segment size than ours, a `db` file that cannot be
    /// synced.
    pub(super) fn open(dir: &Path) -> Result<Self, Trouble> {
        dir::make(dir)?;
        no_spill(dir)?;
        let db = open_sled(dir)?;
        let path = dir.join("db");
        let file = File::options()
            .write(true)
            .open(&path)
            .map_err(io("open the store's file", &path))?;
        file.sync_all()
            .map_err(|error| unsafe_place(dir, "fsync of its data file fails").caused_by(error))?;
        for entry in fs::read_dir(dir).map_err(io("list the store", dir))? {
            let path = entry.map_err(io("list the store", dir))?.path();
            File::open(&path)
                .and_then(|file| file.sync_all())
                .map_err(io("make the store durable", &path))?;
        }
        dir::sync(dir)?;
        let dir = dir.to_owned();
        no_spill(&dir)?;
        let room = Room {
            file: path,
            tail: SEGMENT as u64,
        };
        Ok(Self {
            db,
            file,
            dir,
            _room: room,
        })
    }

    /// Makes everything written so far durable.
    pub(super) fn flush(&self) -> Result<(), Trouble> {
        self.db.flush()?;
        self.file
            .sync_data()
            .map_err(io("make the store durable", &self.dir.join("db")))?;
        Ok(())
    }

    /// Where its files are.
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Checks that sled kept every value in its data file.
    pub(super) fn no_spill(&self) -> Result<(), Trouble> {
        no_spill(&self.dir)
    }
}

fn no_spill(dir: &Path) -> Result<(), Trouble> {
    let blobs = dir.join("blobs");
    let mut entries = match fs::read_dir(&blobs) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(io("list the store", &blobs))?,
    };
    if entries.next().is_none() {
        return Ok(());
    }
    Err(Trouble::Fault(
        unsafe_place(
            dir,
            "it has a file in `blobs`, where nothing is made durable",
        )
        .hint("Cordon never writes there: find out which program did, and keep a copy."),
    ))
}

fn open_sled(dir: &Path) -> Result<sled::Db, Trouble> {
    let config = sled::Config::new()
        .path(dir)
        .flush_every_ms(None)
        .segment_size(SEGMENT)
        .cache_capacity(CACHE);
    // Threads of an instance that was just dropped may hold sled's own lock a moment longer; no other
    // process can, because it would hold `LOCK`.
    let mut tries = 0;
    loop {
        let opened = catch_unwind(AssertUnwindSafe(|| config.open()))
            .map_err(|_| Trouble::Damaged("its recovery gave up".to_owned()))?;
        match opened {
            Err(sled::Error::Io(error))
                if error.to_string().contains("could not acquire lock") && tries < 300 =>
            {
                tries += 1;
                std::thread::sleep(Duration::from_millis(10));
            }
            Err(sled::Error::Unsupported(why)) => {
                return Err(Trouble::Fault(
                    Fault::failed(
                        "store-unsafe",
                        format!("The store was made with other settings: {why}."),
                    )
                    .at(dir.join("conf").display())
                    .hint("Open it with the program that made it, and export it from there."),
                ));
            }
            other => return Ok(other?),
        }
    }
}
