//! The machine of whoever gives a command: its name for them, its files, its keys.
//!
//! Without a daemon it is this process. With one it is the far end of the socket: the daemon may be
//! walled in, and never sees a private key.

use std::path::Path;

use crate::evidence::export;
use crate::fault::{Fault, Result};
use crate::sshsig::Signer;

/// Where a command comes from.
pub trait Workplace: Send + Sync + std::fmt::Debug {
    /// Who works there, for the log.
    fn operator(&self) -> String;

    /// A file with its name, whole.
    ///
    /// # Errors
    /// It cannot be read, or is larger than 64 MiB.
    fn read(&self, file: &Path) -> Result<(String, Vec<u8>)>;

    /// A text file, whole.
    ///
    /// # Errors
    /// As [`Self::read`], or it is not UTF-8.
    fn read_text(&self, file: &Path) -> Result<String> {
        text(file, self.read(file)?.1)
    }

    /// Makes a new file there.
    ///
    /// # Errors
    /// Something lies in its place, or the disk refuses.
    fn write(&self, file: &Path, bytes: &[u8]) -> Result<()>;

    /// A key that signs there.
    ///
    /// # Errors
    /// As [`Signer::open`].
    fn signer(&self, key: &Path) -> Result<Signer>;

    /// Whether folders are made there directly; else they are made here and delivered.
    fn is_here(&self) -> bool;

    /// Makes sure that nothing lies in a place that a folder is to be delivered to.
    ///
    /// # Errors
    /// Something does.
    fn free(&self, to: &Path) -> Result<()>;

    /// Brings a folder that was made here to its place.
    ///
    /// # Errors
    /// The disk refuses.
    fn deliver(&self, made: &Path, to: &Path) -> Result<()>;
}

/// This process.
#[derive(Debug)]
pub struct Here;

impl Workplace for Here {
    fn operator(&self) -> String {
        crate::settings::operator()
    }

    fn read(&self, file: &Path) -> Result<(String, Vec<u8>)> {
        read_file(file)
    }

    fn write(&self, file: &Path, bytes: &[u8]) -> Result<()> {
        use std::io::Write as _;
        let made = std::fs::File::create_new(file).and_then(|mut made| made.write_all(bytes));
        made.map_err(|error| {
            let fault = Fault::input("file", "The file cannot be written.").at(file.display());
            let exists = error.kind() == std::io::ErrorKind::AlreadyExists;
            let fault = fault.caused_by(error);
            if exists {
                return fault.hint("it exists already, and stays as it is: name another");
            }
            fault
        })
    }

    fn signer(&self, key: &Path) -> Result<Signer> {
        Signer::open(key)
    }

    fn is_here(&self) -> bool {
        true
    }

    fn free(&self, to: &Path) -> Result<()> {
        export::free(to)
    }

    fn deliver(&self, made: &Path, to: &Path) -> Result<()> {
        export::deliver(made, to)
    }
}

/// The largest file that is read whole.
const FILE_LIMIT: u64 = 64 * 1024 * 1024;

/// A file with its name, whole.
///
/// # Errors
/// It cannot be read, or is larger than 64 MiB.
fn read_file(path: &Path) -> Result<(String, Vec<u8>)> {
    use std::io::Read as _;
    let cannot = |error| {
        Fault::input("file", "The file cannot be read.")
            .at(path.display())
            .caused_by(error)
    };
    let about = std::fs::metadata(path).map_err(cannot)?;
    if about.is_dir() {
        return Err(Fault::input("file", "This is a folder, not a file.")
            .at(path.display())
            .hint(format!(
                "name the files in it, for instance {}",
                path.join("*.json").display()
            )));
    }
    if !about.is_file() {
        return Err(Fault::input("file", "This is not a regular file.").at(path.display()));
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(FILE_LIMIT + 1).read_to_end(&mut bytes))
        .map_err(cannot)?;
    if bytes.len() as u64 > FILE_LIMIT {
        return Err(
            Fault::input("file-too-large", "The file is larger than 64 MiB.")
                .at(path.display())
                .hint("split it; NDJSON can be split at any line"),
        );
    }
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    Ok((name, bytes))
}

fn text(path: &Path, bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).map_err(|error| {
        Fault::input("file", "The file is not UTF-8 text.")
            .at(path.display())
            .caused_by(error)
    })
}
