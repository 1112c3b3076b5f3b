//! Content-addressed files, for what is too large for the tree.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use super::dir;
use crate::canon::Digest;
use crate::fault::{Fault, Result, io};

/// The largest object that is read into memory.
const MAX_READ: u64 = 256 << 20;

const BUFFER: usize = 1 << 20;

/// The directory `objects` of a case.
#[derive(Debug)]
pub(super) struct Objects {
    dir: PathBuf,
    unfinished: PathBuf,
    count: AtomicU64,
}

impl Objects {
    /// Opens or makes the directory; drops copies that a crash left unfinished.
    pub(super) fn open(dir: PathBuf) -> Result<Self> {
        let unfinished = dir.join("unfinished");
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished).map_err(io("clear the directory", &unfinished))?;
        }
        dir::make(&unfinished)?;
        Ok(Self {
            dir,
            unfinished,
            count: AtomicU64::new(0),
        })
    }

    /// Where the object of that name lies, if it is there.
    pub(super) fn find(&self, name: Digest) -> Option<PathBuf> {
        let path = self.path(name);
        path.is_file().then_some(path)
    }

    /// Stores what `source` gives; durable with its name when it returns. `place` is for faults.
    pub(super) fn put(&self, mut source: impl Read, place: &Path) -> Result<(Digest, u64)> {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let unfinished = self.unfinished.join(number.to_string());
        let copied = self.copy(&mut source, place, &unfinished);
        if copied.is_err() {
            let _ = fs::remove_file(&unfinished);
        }
        copied
    }

    fn copy(
        &self,
        source: &mut impl Read,
        place: &Path,
        unfinished: &Path,
    ) -> Result<(Digest, u64)> {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o400)
            .open(unfinished)
            .map_err(io("make the object", unfinished))?;
        let (mut hasher, mut len, mut buffer) = (Sha256::new(), 0, vec![0; BUFFER]);
        loop {
            let read = match source.read(&mut buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                read => read.map_err(io("read the file", place))?,
            };
            let Some(bytes @ [_, ..]) = buffer.get(..read) else {
                break;
            };
            hasher.update(bytes);
            file.write_all(bytes)
                .map_err(io("write the object", unfinished))?;
            len += bytes.len() as u64;
        }
        file.sync_all()
            .map_err(io("make the object durable", unfinished))?;
        let name = Digest::finish(hasher);
        let path = self.path(name);
        let folder = path.parent().unwrap_or(&self.dir);
        dir::make(folder)?;
        // Takes the place of an object of that name: the same bytes, unless that one was damaged.
        fs::rename(unfinished, &path).map_err(io("name the object", &path))?;
        dir::sync(folder)?;
        Ok((name, len))
    }

    /// The bytes of an object, checked against its name.
    pub(super) fn read(&self, name: Digest) -> Result<Option<Bytes>> {
        let path = self.path(name);
        let file = match File::open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            file => file.map_err(io("open the object", &path))?,
        };
        let mut raw = Vec::new();
        file.take(MAX_READ + 1)
            .read_to_end(&mut raw)
            .map_err(io("read the object", &path))?;
        if raw.len() as u64 > MAX_READ {
            return Err(
                Fault::input("object-large", "The object is too large for memory.")
                    .at(path.display())
                    .hint("Read the file itself."),
            );
        }
        if Digest::of(&raw) != name {
            return Err(damaged(name, "its SHA-256 is another").at(path.display()));
        }
        Ok(Some(raw.into()))
    }

    fn path(&self, name: Digest) -> PathBuf {
        let name = name.to_string();
        let start: String = name.chars().take(2).collect();
        self.dir.join(start).join(name)
    }
}

/// A blob whose bytes are not what its name says.
pub(super) fn damaged(name: Digest, why: &str) -> Fault {
    Fault::evidence(
        "blob-damaged",
        format!("The blob {name} is damaged: {why}."),
    )
    .hint("Keep a copy of the case directory, then restore the blob from an export.")
}
