//! The machine of whoever gives a command: its name for them, its files, its keys.
//!
//! Without a daemon it is this process. With one it is the far end of the socket: the daemon may be
//! walled in, and never sees a private key.

use std::path::Path;

use crate::evidence::export;
use crate::fault::Result;
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
        super::text(file, self.read(file)?.1)
    }

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
        super::read_file(file)
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
