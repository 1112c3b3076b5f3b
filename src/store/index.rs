//! Lines and blobs as keys of one tree, so that one batch covers all of a commit.
//!
//! | key | value |
//! |---|---|
//! | `b` SHA-256 | first chunk u64, chunks u32, length u64 |
//! | `c` number u64 | zstd frame |
//! | `l` line u64, part u16 | bytes of the line |
//! | `v` | format of this table |
//!
//! Integers are big-endian. Chunks are numbered in the order of writing, because sled appends far
//! faster than it inserts. There is no key for the head: the last line is the head, and a hot key would
//! be rewritten with each commit.

use bytes::Bytes;

use super::chunk::{self, Cutter, MAX_VALUE};
use super::disk::{Disk, STRIDE, Trouble};
use crate::canon::Digest;
use crate::fault::Fault;

const FORMAT: &[u8] = &[1];

/// Where the chunks of a blob are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    first: u64,
    chunks: u32,
    len: u64,
}

impl Entry {
    fn to_bytes(self) -> Vec<u8> {
        let mut bytes = self.first.to_be_bytes().to_vec();
        bytes.extend(self.chunks.to_be_bytes());
        bytes.extend(self.len.to_be_bytes());
        bytes
    }

    fn of(bytes: &[u8]) -> Option<Self> {
        let (first, rest) = bytes.split_first_chunk()?;
        let (chunks, rest) = rest.split_first_chunk()?;
        Some(Self {
            first: u64::from_be_bytes(*first),
            chunks: u32::from_be_bytes(*chunks),
            len: u64::from_be_bytes(rest.try_into().ok()?),
        })
    }
}

fn blob_key(name: Digest) -> Vec<u8> {
    [b"b", name.as_bytes().as_slice()].concat()
}

fn chunk_key(number: u64) -> [u8; 9] {
    let mut key = [b'c'; 9];
    if let Some(tail) = key.last_chunk_mut() {
        *tail = number.to_be_bytes();
    }
    key
}

fn line_key(line: u64, part: u16) -> Vec<u8> {
    let mut key = b"l".to_vec();
    key.extend(line.to_be_bytes());
    key.extend(part.to_be_bytes());
    key
}

/// The number in a chunk's or line's key.
fn number(key: &[u8]) -> Option<u64> {
    key.get(1..)?
        .first_chunk()
        .map(|bytes| u64::from_be_bytes(*bytes))
}

/// Whether a line is stored under one key, so that writing it is atomic by itself.
pub(super) const fn is_single(line: &[u8]) -> bool {
    line.len() <= MAX_VALUE
}

/// What a commit adds: names of blobs whose chunks are written, and lines.
#[derive(Debug, Default)]
pub(super) struct Additions(sled::Batch);

impl Additions {
    pub(super) fn blob(&mut self, name: Digest, entry: Entry) {
        self.0.insert(blob_key(name), entry.to_bytes());
    }

    pub(super) fn line(&mut self, number: u64, line: &[u8]) {
        for (part, bytes) in (0u16..).zip(line.chunks(MAX_VALUE)) {
            self.0.insert(line_key(number, part), bytes);
        }
    }
}

impl Disk {
    /// Checks the format of the table, or writes it when the store is new; gives the number of the
    /// next chunk.
    pub(super) fn begin(&self) -> Result<u64, Trouble> {
        match self.db.get(b"v")? {
            None => {
                self.db.insert(b"v", FORMAT)?;
                self.flush()?;
            }
            Some(format) if format == FORMAT => {}
            Some(_) => {
                return Err(Trouble::Fault(
                    Fault::failed("store-newer", "A newer Cordon wrote this store.")
                        .hint("Use the newest Cordon that worked on this case."),
                ));
            }
        }
        let last = self.db.scan_prefix(b"c").next_back().transpose()?;
        Ok(last
            .and_then(|(key, _)| number(&key))
            .map_or(0, |last| last + 1))
    }

    /// Adds names and lines so that readers, and a crash, see all of them or none.
    pub(super) fn add(&self, additions: Additions) -> Result<(), Trouble> {
        Ok(self.db.apply_batch(additions.0)?)
    }

    /// Adds one line that [`is_single`].
    pub(super) fn add_line(&self, number: u64, line: &[u8]) -> Result<(), Trouble> {
        self.db.insert(line_key(number, 0), line)?;
        Ok(())
    }

    /// Takes away the parts that an earlier text of a line had.
    pub(super) fn clear_line(&self, number: u64) -> Result<(), Trouble> {
        for key in self
            .db
            .scan_prefix(line_key(number, 0).get(..9).unwrap_or_default())
            .keys()
        {
            self.db.remove(key?)?;
        }
        Ok(())
    }

    /// Writes the chunks of a blob, which nobody sees before its name is added.
    pub(super) fn write_chunks(
        &self,
        cutter: &mut Cutter,
        raw: &[u8],
        next: &mut u64,
        since_flush: &mut usize,
    ) -> Result<Entry, Trouble> {
        let (first, mut chunks, mut rest) = (*next, 0, raw);
        while !rest.is_empty() {
            let (taken, stored) = cutter.next(rest).map_err(|error| {
                Fault::failed("store-chunk", "A blob could not be compressed.").caused_by(error)
            })?;
            rest = rest.get(taken..).unwrap_or_default();
            *since_flush += stored.len();
            self.db.insert(chunk_key(*next), stored)?;
            *next += 1;
            chunks += 1;
            if *since_flush >= STRIDE {
                self.flush()?;
                *since_flush = 0;
            }
        }
        let len = raw.len() as u64;
        Ok(Entry { first, chunks, len })
    }

    /// Whether a blob of that name is here.
    pub(super) fn has_blob(&self, name: Digest) -> Result<bool, Trouble> {
        Ok(self.db.contains_key(blob_key(name))?)
    }

    /// The bytes of a blob, checked against its name.
    pub(super) fn read_blob(&self, name: Digest) -> Result<Option<Bytes>, Trouble> {
        let damaged = |how: &str| Trouble::Damaged(format!("{how} of blob {name}"));
        let Some(entry) = self.db.get(blob_key(name))? else {
            return Ok(None);
        };
        let entry = Entry::of(&entry).ok_or_else(|| damaged("the entry"))?;
        let mut pieces = Vec::new();
        for number in (entry.first..).take(entry.chunks as usize) {
            let piece = self.db.get(chunk_key(number))?;
            pieces.push(piece.ok_or_else(|| damaged("a chunk is missing"))?);
        }
        let len = usize::try_from(entry.len).map_err(|_| damaged("the length"))?;
        let raw = chunk::join(pieces.iter().map(|piece| &**piece), len)
            .map_err(|_| damaged("a chunk cannot be unpacked"))?;
        if Digest::of(&raw) != name {
            return Err(damaged("the SHA-256 is not that"));
        }
        Ok(Some(raw))
    }

    /// The lines from number `from` on, up to the first that is missing.
    pub(super) fn lines_from(&self, from: u64) -> Lines {
        Lines {
            keys: self
                .db
                .range(line_key(from, 0)..line_key(u64::MAX, u16::MAX)),
            next: from,
            ahead: None,
        }
    }
}

/// Reads lines in order.
pub(super) struct Lines {
    keys: sled::Iter,
    next: u64,
    ahead: Option<(u64, sled::IVec)>,
}

impl Iterator for Lines {
    type Item = Result<Vec<u8>, Trouble>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut line: Option<Vec<u8>> = None;
        loop {
            let (number, part) = match self.ahead.take() {
                Some(ahead) => ahead,
                None => match self.keys.next() {
                    None => break,
                    Some(Err(error)) => return Some(Err(error.into())),
                    Some(Ok((key, part))) => (number(&key).unwrap_or(u64::MAX), part),
                },
            };
            if number != self.next {
                self.ahead = Some((number, part));
                break;
            }
            line.get_or_insert_default().extend_from_slice(&part);
        }
        self.next += u64::from(line.is_some());
        line.map(Ok)
    }
}
