//! A person's words in the text of a notice: only the body is theirs to change.
//!
//! Head, banner, what is unknown and the table of evidence are made from the case and stay byte for
//! byte, and so do the headings that say what of a text goes out. A changed body may cite what the table
//! names and nothing else.

use std::collections::BTreeMap;
use std::ops::Range;

use super::text;
use crate::canon::Digest;
use crate::document::{Block, Change, Document, Kind, Span};
use crate::fault::{Fault, Result};
use crate::id::EvidenceId;

/// The longest text of a notice, bytes.
const LONGEST: usize = 1 << 20;

/// A text that a person changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revised {
    /// The whole text.
    pub text: String,
    /// Its SHA-256.
    pub digest: Digest,
    /// The evidence that its body cites.
    pub evidence: Vec<EvidenceId>,
    /// What it still says is missing.
    pub missing: Vec<String>,
}

/// The text with changes made, each found by its words where blocks before it came or went.
///
/// `on` is the text that the changes were made against.
///
/// # Errors
/// `change-stale` when a block no longer says what a change was made against; `not-yours` for a change
/// outside of the body; as [`rewritten`].
pub fn revised(text: &str, on: &str, changes: &[Change]) -> Result<Revised> {
    let on = Document::parse(on);
    let mut now = Document::parse(text);
    // From the end, so that what is not changed yet stands where it stood.
    let mut changes: Vec<&Change> = changes.iter().collect();
    changes.sort_by_key(|change| std::cmp::Reverse((change.block, change.before.is_empty())));
    for change in changes {
        let block = place(&now, &on, change)?;
        if !body(&now).contains(&block) {
            return Err(not_yours());
        }
        let change = Change {
            block,
            ..change.clone()
        };
        now = Document::parse(&now.apply(&change)?);
    }
    checked(text, now.text())
}

/// The text with another body, written whole.
///
/// # Errors
/// Head, what is unknown or the table of evidence was changed; a number of evidence that the table does
/// not have; too long.
pub fn rewritten(text: &str, new: &str) -> Result<Revised> {
    checked(text, new)
}

/// The blocks that are a person's to change.
pub fn body(document: &Document) -> Range<usize> {
    let (head, body, _) = parts(document.text());
    let before = |end: usize| {
        let blocks = document.blocks.iter();
        blocks.take_while(|block| block.start() < end).count()
    };
    before(head.len())..before(head.len() + body.len())
}

/// The evidence of each number that a text cites, by its own table.
pub fn sources(text: &str) -> BTreeMap<u32, EvidenceId> {
    let (.., rest) = parts(text);
    let lines = rest.lines().filter_map(|line| {
        let (number, rest) = line.strip_prefix("[e")?.split_once("] ")?;
        let id = rest.split(' ').next()?;
        Some((number.parse().ok()?, id.parse().ok()?))
    });
    lines.collect()
}

/// Head, what is a person's to change, and what follows it.
fn parts(text: &str) -> (&str, &str, &str) {
    let (head, body) = text::looked_at(text);
    let rest = text.get(head.len() + body.len()..).unwrap_or_default();
    (head, body, rest)
}

/// Where a change belongs in a text: where it was made, or where its block went.
fn place(now: &Document, on: &Document, change: &Change) -> Result<usize> {
    if change.block >= on.blocks.len() {
        return Ok(change.block);
    }
    let places = super::places::moved(on, now);
    places.get(change.block).copied().flatten().ok_or_else(|| {
        let what = "The paragraph has changed since this change was suggested.";
        Fault::input("change-stale", what)
            .at(format!("paragraph {}", change.block + 1))
            .hint("compare it with the paragraph as it stands, and suggest it again")
    })
}

fn checked(before: &str, after: &str) -> Result<Revised> {
    if after.len() > LONGEST {
        return Err(Fault::input("text-long", "The text is longer than 1 MiB."));
    }
    let (head, _, rest) = parts(before);
    let (new_head, body, new_rest) = parts(after);
    let (_, old_body, _) = parts(before);
    let same = (head, rest) == (new_head, new_rest) && text::frame(old_body) == text::frame(body);
    if !same {
        return Err(not_yours());
    }
    let (known, document) = (sources(before), Document::parse(body));
    let blocks = |text: &str| Document::parse(text).blocks.len();
    if blocks(after) != blocks(head) + document.blocks.len() + blocks(rest) {
        return Err(Fault::input(
            "open-end",
            "Something in the body stays open to the end: what follows would be read as part of it.",
        )
        .hint("close the fence or comment that was begun, or write plain paragraphs"));
    }
    // Who approves reads where the text that goes out ends: no heading may only look like it.
    let ends =
        |block: &&Block| matches!(block.kind, Kind::Heading(_)) && text::is_mark(&block.line());
    if document.blocks.iter().filter(ends).count() != text::marks_in(body) {
        return Err(not_yours());
    }
    let mut evidence: Vec<EvidenceId> = Vec::new();
    let mut missing: Vec<String> = Vec::new();
    for block in &document.blocks {
        for number in block
            .cites()
            .into_iter()
            .flat_map(crate::document::Cite::numbers)
        {
            let id = known.get(&number).ok_or_else(|| {
                Fault::input("no-source", "The text cites evidence that its table does not name.")
                    .at(format!("[e{number}]"))
                    .hint("cite what the table at the end of the text names, or record the fact with its evidence and draft anew")
            })?;
            if !evidence.contains(id) {
                evidence.push(id.clone());
            }
        }
        for span in &block.spans {
            if let Span::Missing(what) = span
                && !missing.contains(what)
            {
                missing.push(what.clone());
            }
        }
    }
    Ok(Revised {
        digest: Digest::of(after.as_bytes()),
        text: after.to_owned(),
        evidence,
        missing,
    })
}

fn not_yours() -> Fault {
    Fault::input(
        "not-yours",
        "Only the body of a notice is written by people: its head, what is unknown and the table of evidence are made from the case.",
    )
    .hint("record a fact, or take one back, and draft anew: cordon fact record CASE KEY …")
}
