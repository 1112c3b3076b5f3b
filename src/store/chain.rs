//! How lines hang together: number, predecessor, hash.

use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::canon::Digest;
use crate::fault::{Fault, Result};

/// The longest line that a log takes, in bytes.
pub const MAX_LINE: usize = 4 << 20;

/// Where a log ends: how many lines it has, and the SHA-256 of the last with its line end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// How many lines the log has.
    pub lines: u64,
    /// SHA-256 of the last line with its line end; zeros for an empty log.
    pub hash: Digest,
}

impl Head {
    /// The head of an empty log.
    pub const EMPTY: Self = Self {
        lines: 0,
        hash: Digest::ZERO,
    };

    /// The head after `line`, which must carry the next number and name the present hash.
    ///
    /// # Errors
    /// `store-chain`: not a record, too long, a wrong number, another predecessor.
    pub fn follow(self, line: &[u8]) -> Result<Self> {
        let wrong = |what: String| {
            Fault::failed("store-chain", what).at(format!("line {}", self.lines + 1))
        };
        if line.len() > MAX_LINE {
            let long = format!("The line has {} bytes; at most {MAX_LINE} fit.", line.len());
            return Err(wrong(long));
        }
        if line.contains(&b'\n') {
            return Err(wrong("The line has a line end inside.".to_owned()));
        }
        let Some(Link { seq, prev }) = Link::of(line) else {
            let what = "The line is not a record with a number and a predecessor.";
            return Err(wrong(what.to_owned()));
        };
        if seq != self.lines {
            let what = format!(
                "The line says it is number {seq}, but stands as {}.",
                self.lines
            );
            return Err(wrong(what));
        }
        if prev != self.hash {
            return Err(wrong(
                "The line does not continue the one before it.".to_owned(),
            ));
        }
        Ok(Self {
            lines: self.lines + 1,
            hash: line_hash(line),
        })
    }
}

/// All that the store reads of a line.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Link {
    pub(super) seq: u64,
    pub(super) prev: Digest,
}

impl Link {
    /// The link of a line, if it is a record at all.
    pub(super) fn of(line: &[u8]) -> Option<Self> {
        serde_json::from_slice(line).ok()
    }
}

/// The SHA-256 of a line with its line end: what the next line's `prev` says.
pub fn line_hash(line: &[u8]) -> Digest {
    let mut hasher = Sha256::new();
    hasher.update(line);
    hasher.update(b"\n");
    Digest::finish(hasher)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(seq: u64, prev: Digest) -> Vec<u8> {
        format!(r#"{{"prev":"{prev}","seq":{seq}}}"#).into_bytes()
    }

    #[test]
    fn a_line_must_carry_the_next_number_and_the_present_hash() {
        let first = line(0, Digest::ZERO);
        let head = Head::EMPTY.follow(&first).unwrap();
        assert_eq!(head.lines, 1);
        assert_eq!(head.hash, Digest::of(&[first, vec![b'\n']].concat()));
        assert!(head.follow(&line(1, head.hash)).is_ok());
        for bad in [
            line(2, head.hash),
            line(1, Digest::ZERO),
            b"{}".to_vec(),
            b"".to_vec(),
            [line(1, head.hash), b"\n".to_vec()].concat(),
            vec![b' '; MAX_LINE + 1],
        ] {
            assert_eq!(head.follow(&bad).unwrap_err().code(), "store-chain");
        }
    }
}
