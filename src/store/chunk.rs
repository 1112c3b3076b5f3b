//! Cuts a blob into pieces that fit the tree, and puts them together again.

use bytes::Bytes;
use zstd::bulk::{Compressor, Decompressor};

/// The largest value that goes into sled.
///
/// A leaf holds up to 17 values for the moment before it splits, and sled writes a node larger than a
/// quarter of a segment (2 MiB) to a file of its own that it never fsyncs. 17 × 120 KiB stays below.
pub(super) const MAX_VALUE: usize = 120 << 10;

/// What a piece holds before compression, when it compresses at all.
const WINDOW: usize = 256 << 10;

/// What a piece holds at least: fits [`MAX_VALUE`] even when zstd finds nothing (its bound is 0.4 %
/// and a few bytes).
const SMALL: usize = 118 << 10;

const LEVEL: i32 = 3;

/// Cuts blobs and compresses the pieces.
pub(super) struct Cutter(Compressor<'static>);

impl Cutter {
    pub(super) fn new() -> std::io::Result<Self> {
        Compressor::new(LEVEL).map(Self)
    }

    /// The next piece of `rest`: what it takes of it, and its stored form.
    pub(super) fn next(&mut self, rest: &[u8]) -> std::io::Result<(usize, Vec<u8>)> {
        let mut take = cut(rest, WINDOW);
        loop {
            let raw = rest.get(..take).unwrap_or(rest);
            let stored = self.0.compress(raw)?;
            if stored.len() <= MAX_VALUE || take <= SMALL {
                return Ok((take, stored));
            }
            take = cut(rest, SMALL);
        }
    }
}

impl std::fmt::Debug for Cutter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cutter")
    }
}

/// Where to cut: after the last line end in the second half of the window, else at its end.
fn cut(rest: &[u8], window: usize) -> usize {
    let Some(head) = rest.get(..window) else {
        return rest.len();
    };
    if rest.len() == window {
        return window;
    }
    let half = window / 2;
    head.iter()
        .skip(half)
        .rposition(|&byte| byte == b'\n')
        .map_or(window, |at| half + at + 1)
}

/// Puts pieces together; stops at more than `len` bytes in all.
pub(super) fn join<'a>(
    pieces: impl Iterator<Item = &'a [u8]>,
    len: usize,
) -> std::io::Result<Bytes> {
    let mut raw = Vec::with_capacity(len);
    let mut decompressor = Decompressor::new()?;
    for piece in pieces {
        raw.extend(decompressor.decompress(piece, WINDOW)?);
        if raw.len() > len {
            return Err(std::io::Error::other("the pieces hold more than the blob"));
        }
    }
    Ok(raw.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(raw: &[u8]) -> Vec<(usize, Vec<u8>)> {
        let mut cutter = Cutter::new().unwrap();
        let (mut rest, mut out) = (raw, Vec::new());
        while !rest.is_empty() {
            let (taken, stored) = cutter.next(rest).unwrap();
            assert!(taken > 0);
            assert!(stored.len() <= MAX_VALUE, "{} bytes stored", stored.len());
            rest = &rest[taken..];
            out.push((taken, stored));
        }
        let joined = join(out.iter().map(|(_, stored)| &**stored), raw.len()).unwrap();
        assert_eq!(joined, raw);
        out
    }

    fn noise(len: usize) -> Vec<u8> {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        })
        .take(len)
        .collect()
    }

    #[test]
    fn text_is_cut_at_line_ends() {
        let text: Vec<u8> = (0..20_000)
            .flat_map(|n| format!("{{\"n\":{n},\"action\":\"repo.clone\"}}\n").into_bytes())
            .collect();
        let pieces = pieces(&text);
        assert!(pieces.len() >= 3);
        let mut end = 0;
        for (taken, _) in &pieces {
            end += taken;
            assert_eq!(text[end - 1], b'\n');
            assert!(*taken <= WINDOW);
        }
    }

    #[test]
    fn noise_is_cut_smaller_and_every_size_comes_back() {
        assert!(
            pieces(&noise(1 << 20))
                .iter()
                .all(|(taken, _)| *taken <= SMALL)
        );
        for len in [
            0,
            1,
            SMALL - 1,
            SMALL,
            SMALL + 1,
            WINDOW,
            WINDOW + 1,
            3 * WINDOW,
        ] {
            pieces(&noise(len));
            pieces(&vec![b'\n'; len]);
            pieces(&vec![b'a'; len]);
        }
    }

    #[test]
    fn pieces_that_hold_too_much_are_refused() {
        let bomb = Compressor::new(3)
            .unwrap()
            .compress(&vec![0; WINDOW + 1])
            .unwrap();
        assert!(join(std::iter::once(&*bomb), WINDOW + 1).is_err());
        let fine = Compressor::new(3).unwrap().compress(b"abc").unwrap();
        assert!(join([&*fine, &*fine].into_iter(), 5).is_err());
    }
}
