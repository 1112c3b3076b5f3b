//! What opening a store had to put right.

use std::fmt;
use std::path::PathBuf;

/// Why something had to be put right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepairKind {
    /// A crash left one copy of the log behind the other; ordinary.
    CaughtUp,
    /// A crash left a line half written; its bytes are kept beside the ledger; ordinary.
    TornTail,
    /// One copy held another text than the intact copy: damage, or someone changed the file.
    Healed,
    /// sled opened only after its page snapshot was dropped, which loses nothing.
    SnapshotDropped,
    /// One copy lacked lines that were acknowledged: someone cut it.
    Cut,
    /// Lines that were acknowledged are in neither copy.
    Lost,
    /// sled was built anew from the ledger: blobs that only it held are missing.
    Rebuilt,
}

impl RepairKind {
    /// True when a crash does not explain it, so that a person should look.
    pub const fn is_damage(self) -> bool {
        !matches!(self, Self::CaughtUp | Self::TornTail)
    }
}

/// One thing that opening a store put right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repair {
    /// Why it was needed.
    pub kind: RepairKind,
    /// What was found and done, as a sentence.
    pub what: String,
    /// Where the bytes as found were kept.
    pub kept: Option<PathBuf>,
}

impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        match &self.kept {
            Some(path) => write!(f, " The bytes as found are in {}.", path.display()),
            None => Ok(()),
        }
    }
}
