//! How many lines were in both copies of the log for certain when the store was last closed.
//!
//! A crash leaves at most the last, unacknowledged group of commits in one copy only. Lines below the
//! floor were acknowledged, so a copy that lacks one of them was cut by something else. The number
//! only ever has to be true, never recent: a floor that is lost or old tells less, and nothing false.

use std::fs::{self, File};
use std::path::Path;

use super::ledger;

/// The file with the number of lines.
const NAME: &str = "acknowledged";

/// The lines that both copies had; 0 when nothing is known.
pub(super) fn read(case: &Path) -> u64 {
    let text = fs::read_to_string(case.join(NAME)).unwrap_or_default();
    let number = text.strip_suffix('\n').and_then(|line| line.parse().ok());
    number.unwrap_or_default()
}

/// Notes that `lines` are in both copies. The ledger is synced first: what a reader found there may
/// not have reached the disk before a kill.
pub(super) fn leave(case: &Path, lines: u64) {
    if read(case) == lines {
        return;
    }
    let (fresh, path) = (case.join("acknowledged.new"), case.join(NAME));
    // Without the note, less is known at the next opening; there is nobody to tell.
    let _ = File::open(case.join(ledger::NAME))
        .and_then(|ledger| ledger.sync_all())
        .and_then(|()| fs::write(&fresh, format!("{lines}\n")))
        .and_then(|()| fs::rename(&fresh, &path));
}
