//! A folder under construction: every file hashed as it is written, named only when it is whole.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::layout;
use crate::canon::Digest;
use crate::fault::{Fault, Result, io};
use crate::id::EvidenceId;

/// A folder that is removed unless it gets its name.
pub(super) struct Folder {
    path: PathBuf,
    files: BTreeMap<String, Digest>,
    named: bool,
}

impl Folder {
    /// Begins a folder in the same parent as `target`.
    pub(super) fn beside(target: &Path) -> Result<Self> {
        let parent = parent(target);
        let name = target.file_name().ok_or_else(|| {
            Fault::input("export-name", "The export needs the name of a folder.")
                .at(target.display())
        })?;
        let mut unfinished = std::ffi::OsString::from(".");
        unfinished.push(name);
        unfinished.push(format!(".unfinished-{}", EvidenceId::fresh()));
        let path = parent.join(unfinished);
        // Evidence is for those who are given it, not for every account of the machine.
        fs::DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .map_err(io("make the folder", &path))?;
        Ok(Self {
            path,
            files: BTreeMap::new(),
            named: false,
        })
    }

    /// Writes a file.
    pub(super) fn write(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        let (mut file, path) = self.create(name)?;
        file.write_all(bytes)
            .and_then(|()| file.sync_all())
            .map_err(io("write the file", &path))?;
        self.files.insert(name.to_owned(), Digest::of(bytes));
        Ok(())
    }

    /// Writes a text and its signature beside it.
    pub(super) fn signed(&mut self, name: &str, text: &str, signature: &str) -> Result<()> {
        self.write(name, text.as_bytes())?;
        self.write(&format!("{name}.sig"), signature.as_bytes())
    }

    /// Copies a file of any size; gives its hash and size.
    pub(super) fn copy(&mut self, name: &str, from: &Path) -> Result<(Digest, u64)> {
        let mut source = fs::File::open(from).map_err(io("open the file", from))?;
        let (mut file, path) = self.create(name)?;
        let (mut hasher, mut size, mut buffer) = (Sha256::new(), 0, vec![0; 1 << 20]);
        loop {
            let read = match source.read(&mut buffer) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                read => read.map_err(io("read the file", from))?,
            };
            let Some(bytes @ [_, ..]) = buffer.get(..read) else {
                break;
            };
            hasher.update(bytes);
            file.write_all(bytes).map_err(io("write the file", &path))?;
            size += bytes.len() as u64;
        }
        file.sync_all().map_err(io("write the file", &path))?;
        let digest = Digest::finish(hasher);
        self.files.insert(name.to_owned(), digest);
        Ok((digest, size))
    }

    fn create(&self, name: &str) -> Result<(fs::File, PathBuf)> {
        let path = self.path.join(name);
        let folder = parent(&path);
        fs::create_dir_all(&folder).map_err(io("make the folder", &folder))?;
        let file = fs::File::create_new(&path).map_err(io("make the file", &path))?;
        Ok((file, path))
    }

    /// Writes and signs the manifest; gives its hash and the number of all files.
    pub(super) fn seal(
        &mut self,
        sign: impl FnOnce(&[u8]) -> Result<String>,
    ) -> Result<(Digest, u64)> {
        let mut manifest = String::new();
        for (name, digest) in &self.files {
            // Writing to a string cannot fail.
            let _ = writeln!(manifest, "{digest}  {name}");
        }
        let signature = sign(manifest.as_bytes())?;
        self.write(layout::MANIFEST, manifest.as_bytes())?;
        self.write(layout::MANIFEST_SIGNATURE, signature.as_bytes())?;
        self.sync_folders()?;
        Ok((Digest::of(manifest.as_bytes()), self.files.len() as u64))
    }

    fn sync_folders(&self) -> Result<()> {
        for folder in [
            "",
            "raw",
            layout::PRIVILEGED,
            "keys",
            "checkpoints",
            "approvals",
        ] {
            let folder = self.path.join(folder);
            if folder.is_dir() {
                sync(&folder)?;
            }
        }
        Ok(())
    }

    /// Gives the folder its name; it is durable when this returns.
    pub(super) fn name(mut self, target: &Path) -> Result<()> {
        // A rename would replace an empty folder that came up meanwhile.
        free(target)?;
        fs::rename(&self.path, target).map_err(io("name the folder", target))?;
        self.named = true;
        sync(&parent(target))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.named {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn sync(folder: &Path) -> Result<()> {
    fs::File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(io("make the folder durable", folder))
}

/// Makes sure that nothing lies in a place.
///
/// # Errors
/// Something does.
pub fn free(to: &Path) -> Result<()> {
    if to.symlink_metadata().is_err() {
        return Ok(());
    }
    let what = "There is something in that place already.";
    Err(Fault::input("export-exists", what)
        .at(to.display())
        .hint("name a folder that does not exist"))
}

/// Brings an export that was made elsewhere to its place, file by file; it is whole and durable when it
/// gets its name.
///
/// # Errors
/// Something lies there, or the disk refuses.
pub fn deliver(made: &Path, to: &Path) -> Result<()> {
    free(to)?;
    let mut folder = Folder::beside(to)?;
    let mut folders = vec![PathBuf::new()];
    while let Some(below) = folders.pop() {
        let from = made.join(&below);
        for entry in fs::read_dir(&from).map_err(io("read the export", &from))? {
            let entry = entry.map_err(io("read the export", &from))?;
            let name = below.join(entry.file_name());
            if entry.path().is_dir() {
                folders.push(name);
                continue;
            }
            folder.copy(&name.to_string_lossy(), &entry.path())?;
        }
    }
    folder.sync_folders()?;
    folder.name(to)
}
