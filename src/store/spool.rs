//! Small files that become durable one by one, with the name that the writer gives them: what was
//! received and not yet worked on.
//!
//! One process writes (it holds the hub); others may read, and replace what stands beside. A file has
//! its name only when its bytes are on the disk.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::dir;
use crate::fault::{Fault, Result, io};

/// What the name of a file begins with while it is being written.
const WRITING: &str = ".writing-";

/// A directory of small durable files.
#[derive(Debug, Clone)]
pub struct Spool {
    dir: PathBuf,
}

impl Spool {
    /// Makes the directory if it is not there, and removes what a crash left half written. Nothing of
    /// that was ever acknowledged. For the one process that writes.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn open(dir: &Path) -> Result<Self> {
        dir::make(dir)?;
        let spool = Self::at(dir);
        for entry in fs::read_dir(dir).map_err(io("list the directory", dir))? {
            let entry = entry.map_err(io("list the directory", dir))?;
            if entry.file_name().to_string_lossy().starts_with(WRITING) {
                fs::remove_file(entry.path()).ok();
            }
        }
        Ok(spool)
    }

    /// The same directory for looking, while another process writes.
    pub fn at(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
        }
    }

    /// Writes a file unless there is one of that name; durable when it returns. True when it was new.
    ///
    /// When it is false, the file that was there is durable too.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn put_new(&self, name: &str, bytes: &[u8]) -> Result<bool> {
        let (path, written) = (self.path(name)?, self.write(bytes)?);
        let linked = fs::hard_link(&written, &path);
        fs::remove_file(&written).map_err(io("remove a name", &written))?;
        let new = match linked {
            Ok(()) => true,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => false,
            Err(error) => return Err(io("name the file", &path)(error)),
        };
        dir::sync(&self.dir)?;
        Ok(new)
    }

    /// Writes a file in place of the one that may be there; durable when it returns.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn put(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let (path, written) = (self.path(name)?, self.write(bytes)?);
        fs::rename(&written, &path).map_err(io("name the file", &path))?;
        dir::sync(&self.dir)
    }

    /// The bytes of a file.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn get(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let path = self.path(name)?;
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(io("read the file", &path)(error)),
        }
    }

    /// Removes a file; one that is not there is removed already.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn remove(&self, name: &str) -> Result<()> {
        let path = self.path(name)?;
        match fs::remove_file(&path) {
            Ok(()) => dir::sync(&self.dir),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(io("remove the file", &path)(error)),
        }
    }

    /// The name of every file, in order. A directory that is not there has none.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn names(&self) -> Result<Vec<String>> {
        let entries = match fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(io("list the directory", &self.dir)(error)),
        };
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| !name.starts_with('.'))
            .collect();
        names.sort();
        Ok(names)
    }

    fn write(&self, bytes: &[u8]) -> Result<PathBuf> {
        let path = self
            .dir
            .join(format!("{WRITING}{}", uuid::Uuid::new_v4().simple()));
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
            .inspect_err(|_| {
                fs::remove_file(&path).ok();
            })
            .map_err(io("write the file", &path))?;
        Ok(path)
    }

    /// Names are ours, never the sender's.
    fn path(&self, name: &str) -> Result<PathBuf> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if name.is_empty() || name.len() > 128 || name.starts_with('.') || !name.bytes().all(plain)
        {
            return Err(
                Fault::input("file-name", "A file cannot have that name.").at(name.escape_debug())
            );
        }
        Ok(self.dir.join(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_given_once_and_what_a_crash_left_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("spool");
        let spool = Spool::open(&dir).unwrap();
        assert!(spool.put_new("a.json", b"first").unwrap());
        assert!(!spool.put_new("a.json", b"second").unwrap());
        assert_eq!(spool.get("a.json").unwrap().unwrap(), b"first");
        spool.put("a.json", b"third").unwrap();
        assert_eq!(spool.get("a.json").unwrap().unwrap(), b"third");
        fs::write(dir.join(".writing-x"), b"half").unwrap();
        assert_eq!(spool.names().unwrap(), ["a.json"]);
        assert!(dir.join(".writing-x").exists());
        Spool::open(&dir).unwrap();
        assert!(!dir.join(".writing-x").exists());
        for bad in ["", "../a", ".hidden", "a/b", "a\u{e4}"] {
            assert!(spool.put(bad, b"").is_err(), "{bad}");
        }
        assert!(Spool::at(&dir.join("none")).names().unwrap().is_empty());
    }
}
