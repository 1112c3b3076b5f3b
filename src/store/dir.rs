//! Directories and files whose names are on the disk when these functions return.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::fault::{Result, io};

/// Makes the entries of `dir` durable.
pub(super) fn sync(dir: &Path) -> Result<()> {
    File::open(dir)
        .and_then(|dir| dir.sync_all())
        .map_err(io("make the directory durable", dir))
}

/// Makes `dir` and the parents that are missing, for the owner only.
pub(super) fn make(dir: &Path) -> Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    let parent = match dir.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    make(parent)?;
    match DirBuilder::new().mode(0o700).create(dir) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && dir.is_dir() => {}
        made => made.map_err(io("make the directory", dir))?,
    }
    sync(parent)
}

/// The first path `dir/stem-<n>` that is free, counting from 1.
pub(super) fn free_name(dir: &Path, stem: &str) -> PathBuf {
    (1..=u64::from(u32::MAX))
        .map(|n| dir.join(format!("{stem}-{n}")))
        .find(|path| fs::symlink_metadata(path).is_err())
        .unwrap_or_else(|| dir.join(stem))
}

/// Writes a new file `dir/stem-<n>`; durable with its name when it returns.
pub(super) fn keep(dir: &Path, stem: &str, bytes: &[u8]) -> Result<PathBuf> {
    let path = free_name(dir, stem);
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .map_err(io("keep the bytes as found", &path))?;
    sync(dir)?;
    Ok(path)
}

/// Copies the files of `from` (one level, and its directories' files) to the new directory `to`.
pub(super) fn copy(from: &Path, to: &Path) -> Result<()> {
    make(to)?;
    for entry in fs::read_dir(from).map_err(io("list the directory", from))? {
        let entry = entry.map_err(io("list the directory", from))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy(&source, &target)?;
        } else {
            fs::copy(&source, &target)
                .and_then(|_| File::open(&target)?.sync_all())
                .map_err(io("copy the file", &source))?;
        }
    }
    sync(to)
}
