//! Compares the two copies of the log, and decides which lines stand.
//!
//! A line stands when it carries the next number and the hash of the line before. Where both copies
//! have such a line but not the same one, the line after it tells which is genuine, because it names
//! its hash; at the very end sled is believed, because it checks its own bytes. Where no copy goes on,
//! or both go on for good but differently, nothing is guessed: a person has to look.

use std::path::Path;

use super::chain::{Head, Link};
use super::disk::{Disk, Trouble};
use super::ledger::Reader;
use crate::fault::{Fault, Result};

/// The two copies from the first line on where they differ.
#[derive(Debug)]
pub(super) struct Copies {
    /// The head that both share.
    pub(super) shared: Head,
    /// The bytes of the ledger that hold the shared lines.
    pub(super) offset: u64,
    /// The further lines of the ledger.
    pub(super) ledger: Vec<Vec<u8>>,
    /// What stands in the ledger after its last line end.
    pub(super) torn: Vec<u8>,
    /// The further lines of sled.
    pub(super) sled: Vec<Vec<u8>>,
}

impl Copies {
    /// Reads both copies once, keeping only what differs.
    pub(super) fn read(ledger: &Path, disk: &Disk) -> Result<Self, Trouble> {
        let mut file = Reader::open(ledger)?;
        let mut tree = disk.lines_from(0);
        let mut copies = Self {
            shared: Head::EMPTY,
            offset: 0,
            ledger: Vec::new(),
            torn: Vec::new(),
            sled: Vec::new(),
        };
        loop {
            let (left, right) = (file.line()?, tree.next().transpose()?);
            match (&left, &right) {
                (Some(left), Some(right)) if left == right => {
                    if let Ok(next) = copies.shared.follow(left) {
                        copies.shared = next;
                        copies.offset += left.len() as u64 + 1;
                        continue;
                    }
                }
                (None, None) => break,
                _ => {}
            }
            copies.ledger.extend(left);
            copies.sled.extend(right);
            while let Some(line) = file.line()? {
                copies.ledger.push(line);
            }
            for line in tree.by_ref() {
                copies.sled.push(line?);
            }
            break;
        }
        copies.torn = file.torn;
        Ok(copies)
    }
}

/// What stands after the shared lines.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    /// The lines.
    pub(super) lines: Vec<Vec<u8>>,
    /// The head after them.
    pub(super) head: Option<Head>,
    /// The first line of the ledger, counted from the shared ones, that is the torn end of a write.
    pub(super) torn_from: Option<usize>,
    /// Lines, by number, whose text in the ledger was another.
    pub(super) ledger_damaged: Vec<u64>,
    /// Lines, by number, whose text in sled was another.
    pub(super) sled_damaged: Vec<u64>,
}

/// Which copy a line is taken from.
enum Pick {
    Ledger,
    Sled,
}

/// Decides line by line. `sled_whole` says that sled was not built anew, so that every acknowledged
/// line is in it unless it is damaged.
///
/// # Errors
/// `store-damaged`, naming the line, when neither copy goes on or when two histories exist.
pub(super) fn judge(copies: &Copies, sled_whole: bool) -> Result<Verdict> {
    let mut head = copies.shared;
    let mut verdict = Verdict::default();
    for at in 0..copies.ledger.len().max(copies.sled.len()) {
        let (left, right) = (copies.ledger.get(at), copies.sled.get(at));
        let left_head = left.and_then(|line| head.follow(line).ok());
        let right_head = right.and_then(|line| head.follow(line).ok());
        let (pick, next) = match (left_head, right_head) {
            (Some(left), Some(right)) => choose(copies, at, left, right)?,
            (Some(next), None) => (Pick::Ledger, next),
            (None, Some(next)) => (Pick::Sled, next),
            (None, None) if right.is_none() && sled_whole && is_torn(copies, at) => {
                verdict.torn_from = Some(at);
                break;
            }
            (None, None) => return Err(both_damaged(head.lines)),
        };
        let (line, other, damaged) = match pick {
            Pick::Ledger => (left, right, &mut verdict.sled_damaged),
            Pick::Sled => (right, left, &mut verdict.ledger_damaged),
        };
        if other.is_some_and(|other| Some(other) != line) {
            damaged.push(head.lines);
        }
        verdict.lines.extend(line.cloned());
        head = next;
    }
    verdict.head = Some(head);
    Ok(verdict)
}

/// Both copies have a line that goes on: the same, or one that its successor bears out.
fn choose(copies: &Copies, at: usize, left: Head, right: Head) -> Result<(Pick, Head)> {
    let borne_out = |head: Head| {
        [&copies.ledger, &copies.sled]
            .into_iter()
            .filter_map(|lines| Link::of(lines.get(at + 1)?))
            .any(|link| link.seq == head.lines && link.prev == head.hash)
    };
    match (borne_out(left), borne_out(right)) {
        (true, true) if left != right => Err(Fault::evidence(
            "store-damaged",
            "The ledger and the embedded store go on differently, each of them consistently.",
        )
        .at(format!("line {}", left.lines))
        .hint("Keep a copy of the case directory: one of the two was rewritten by someone.")),
        (true, false) => Ok((Pick::Ledger, left)),
        _ => Ok((Pick::Sled, right)),
    }
}

/// Whether the ledger from `at` on is what a crash leaves of a write that was never acknowledged:
/// blocks that did not reach the disk read as NUL bytes, or nothing after is a record.
fn is_torn(copies: &Copies, at: usize) -> bool {
    let Some(rest @ [first, ..]) = copies.ledger.get(at..) else {
        return false;
    };
    first.contains(&0) || rest.iter().all(|line| Link::of(line).is_none())
}

fn both_damaged(number: u64) -> Fault {
    Fault::evidence(
        "store-damaged",
        "Neither the ledger nor the embedded store has this line as it was written.",
    )
    .at(format!("line {}", number + 1))
    .hint("Keep a copy of the case directory as it is.")
    .hint("Restore it from a backup or an export; `ledger.jsonl` can be read with ordinary tools.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canon::Digest;

    fn chain(count: u64) -> Vec<Vec<u8>> {
        grow(Head::EMPTY, count, "as written")
    }

    fn grow(mut head: Head, count: u64, text: &str) -> Vec<Vec<u8>> {
        (0..count)
            .map(|_| {
                let Head { lines, hash } = head;
                let line = format!(r#"{{"prev":"{hash}","seq":{lines},"text":"{text}"}}"#);
                head = head.follow(line.as_bytes()).unwrap();
                line.into_bytes()
            })
            .collect()
    }

    fn head_of(lines: &[Vec<u8>]) -> Head {
        lines
            .iter()
            .fold(Head::EMPTY, |head, line| head.follow(line).unwrap())
    }

    fn copies(ledger: &[Vec<u8>], sled: &[Vec<u8>]) -> Copies {
        Copies {
            shared: Head::EMPTY,
            offset: 0,
            ledger: ledger.to_vec(),
            torn: Vec::new(),
            sled: sled.to_vec(),
        }
    }

    fn judged(ledger: &[Vec<u8>], sled: &[Vec<u8>]) -> Result<Verdict> {
        judge(&copies(ledger, sled), true)
    }

    fn altered(lines: &[Vec<u8>], at: usize) -> Vec<Vec<u8>> {
        let mut lines = lines.to_vec();
        let text = String::from_utf8(lines[at].clone()).unwrap();
        lines[at] = text.replace("as written", "as altered").into_bytes();
        lines
    }

    #[test]
    fn the_longer_copy_completes_the_shorter() {
        let lines = chain(5);
        for (left, right) in [(5, 3), (3, 5), (0, 5), (5, 0)] {
            let verdict = judged(&lines[..left], &lines[..right]).unwrap();
            assert_eq!(verdict.lines, lines);
            assert_eq!(verdict.head, Some(head_of(&lines)));
            assert!(verdict.ledger_damaged.is_empty() && verdict.sled_damaged.is_empty());
        }
    }

    #[test]
    fn an_altered_line_is_taken_from_the_copy_that_its_successor_bears_out() {
        let lines = chain(5);
        for at in 0..5 {
            let verdict = judged(&altered(&lines, at), &lines).unwrap();
            assert_eq!(
                (verdict.lines, verdict.ledger_damaged),
                (lines.clone(), vec![at as u64])
            );
        }
        for at in 0..4 {
            let verdict = judged(&lines, &altered(&lines, at)).unwrap();
            assert_eq!(
                (verdict.lines, verdict.sled_damaged),
                (lines.clone(), vec![at as u64])
            );
        }
        // The ledger is borne out by itself although sled ends with the altered line.
        let short = &altered(&lines, 2)[..3];
        assert_eq!(judged(&lines, short).unwrap().sled_damaged, [2]);
        // The altered line of the ledger is contradicted by the ledger's own next line.
        let verdict = judged(&altered(&lines, 2), &lines[..3]).unwrap();
        assert_eq!((verdict.lines, verdict.ledger_damaged), (lines, vec![2]));
    }

    #[test]
    fn damage_in_both_copies_names_the_line() {
        let lines = chain(5);
        let unreadable = |at: usize| {
            let mut lines = lines.clone();
            lines[at] = b"{".to_vec();
            lines
        };
        let fault = judged(&unreadable(2), &unreadable(2)).unwrap_err();
        assert_eq!(
            (fault.code(), fault.place()),
            ("store-damaged", Some("line 3"))
        );
        // Different lines of the two copies heal each other.
        assert_eq!(judged(&unreadable(1), &unreadable(3)).unwrap().lines, lines);
        // Altered in the ledger where sled has ended: the next line tells.
        let fault = judged(&altered(&lines, 3), &lines[..3]).unwrap_err();
        assert_eq!(fault.place(), Some("line 5"));
        // A damaged end of sled beyond the ledger is nothing to guess about.
        assert!(judged(&lines[..2], &unreadable(2)[..3]).is_err());
    }

    #[test]
    fn two_consistent_histories_are_not_judged() {
        let lines = chain(2);
        let head = head_of(&lines);
        let left = [lines.clone(), grow(head, 3, "one")].concat();
        let right = [lines, grow(head, 3, "two")].concat();
        let fault = judged(&left, &right).unwrap_err();
        assert_eq!(
            (fault.code(), fault.place()),
            ("store-damaged", Some("line 3"))
        );
    }

    #[test]
    fn a_torn_end_is_told_from_damage() {
        let lines = chain(6);
        let mut hole = lines.clone();
        hole[3].fill(0);
        let verdict = judged(&hole, &lines[..3]).unwrap();
        assert_eq!((verdict.lines.len(), verdict.torn_from), (3, Some(3)));
        // Acknowledged lines may be behind a hole when sled was lost.
        assert!(judge(&copies(&hole, &[]), false).is_err());
        // A line that is no record with records after it is damage, not the end of a write.
        let mut damaged = lines.clone();
        damaged[3] = b"{".to_vec();
        assert!(judged(&damaged, &lines[..3]).is_err());
        damaged.truncate(4);
        assert_eq!(judged(&damaged, &lines[..3]).unwrap().torn_from, Some(3));
        assert_eq!(head_of(&[]).hash, Digest::ZERO);
    }
}
