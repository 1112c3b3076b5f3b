//! Gives the room back that a store reserves and does not use.
//!
//! sled writes zeros to the end of a segment of 8 MiB that it goes on with after it was opened, so that the record of one quiet
//! departure would take 8 MiB of disk. A hole reads as the same zeros: when the store is closed, whole
//! runs of zeros in the last segment become holes. What is written there later takes room then, and the
//! fsync that ends each flush makes that durable as before.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::time::Duration;

use rustix::fs::{FallocateFlags, FlockOperation, fallocate, flock};

/// What is looked at in one piece, bytes.
const PIECE: usize = 64 << 10;
static ZEROS: [u8; PIECE] = [0; PIECE];

/// How often, and after how long, the file is tried again while threads of sled still hold it.
const TRIES: u32 = 20;
const AGAIN: Duration = Duration::from_millis(2);

/// The data file of a store; dropped after the store itself.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) file: PathBuf,
    /// How much of its end is looked at, bytes.
    pub(super) tail: u64,
}

impl Drop for Room {
    fn drop(&mut self) {
        // The room is worth no failure: a file system without holes keeps it taken.
        let _ = self.give_back();
    }
}

impl Room {
    fn give_back(&self) -> std::io::Result<()> {
        let file = File::options().read(true).write(true).open(&self.file)?;
        // sled holds this lock as long as any of its threads could write.
        let mut tries = 0;
        while let Err(error) = flock(&file, FlockOperation::NonBlockingLockExclusive) {
            if tries == TRIES {
                return Err(error.into());
            }
            tries += 1;
            std::thread::sleep(AGAIN);
        }
        let end = file.metadata()?.len();
        let (mut at, mut piece) = (end.saturating_sub(self.tail), vec![0; PIECE]);
        let mut run = at;
        while at < end {
            let read = file.read_at(&mut piece, at)?;
            if read == 0 {
                break;
            }
            at += read as u64;
            if piece.get(..read) != ZEROS.get(..read) {
                hole(&file, run, at - read as u64)?;
                run = at;
            }
        }
        hole(&file, run, at)
    }
}

fn hole(file: &File, from: u64, to: u64) -> std::io::Result<()> {
    if from == to {
        return Ok(());
    }
    let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    Ok(fallocate(file, flags, from, to - from)?)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;
    use crate::store::disk::Disk;

    #[test]
    fn a_store_that_is_closed_takes_the_room_of_what_is_in_it_and_reads_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let (sled, db) = (folder.path().join("sled"), folder.path().join("sled/db"));
        let mut longest = 0;
        for round in 0..3u8 {
            let disk = Disk::open(&sled).unwrap();
            for earlier in 0..round {
                let kept = disk.db.get([earlier]).unwrap().unwrap();
                assert_eq!(*kept, *vec![earlier; 5_000]);
            }
            disk.db.insert([round], vec![round; 5_000]).unwrap();
            disk.flush().unwrap();
            drop(disk);
            let about = db.metadata().unwrap();
            longest = longest.max(about.len());
            let taken = about.blocks() * 512;
            assert!(taken < 400_000, "round {round}: {taken} bytes of disk");
        }
        assert!(longest > 8_000_000, "sled reserved {longest} bytes only");
    }

    #[test]
    fn no_byte_of_a_file_changes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db");
        let mut bytes = vec![0; 5 * PIECE + 77];
        for at in [3, PIECE - 1, 3 * PIECE, bytes.len() - 1] {
            bytes[at] = 1;
        }
        std::fs::write(&path, &bytes).unwrap();
        let tail = bytes.len() as u64;
        drop(Room {
            file: path.clone(),
            tail,
        });
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
    }
}
