//! The review of a notice in a terminal.

use std::fmt::Write as _;

use jiff::tz::TimeZone;

use crate::canon::Digest;
use crate::case::state::{Did, NoticeRecord, Verdict};
use crate::document::{Document, Piece, RedlineBlock};
use crate::hostile::{one_line, terminal};
use crate::notice::places::Places;
use crate::time::utc_and_zone;

/// The longest quotation in a list, characters.
const SHORT: usize = 300;

/// Who did what to a notice, in the order of versions, deeds, remarks, suggestions, files, dispatch.
/// Paragraphs are counted in the text as it stands; what has no place there names its version.
pub(super) fn review(record: &NoticeRecord, places: &Places, zone: &TimeZone) -> String {
    let mut out = String::new();
    let when = |at| utc_and_zone(at, zone);
    let place = |on: Digest, block: usize| match places.find(on, block) {
        Some(block) => format!(" at {}", block + 1),
        None => format!(" at {} of {}", block + 1, on.short()),
    };
    for version in &record.versions {
        let (by, why) = (one_line(&version.by, 80), one_line(&version.reason, SHORT));
        let _ = writeln!(
            out,
            "version {}  {} by {by}: {why}",
            version.text.short(),
            when(version.at)
        );
    }
    deeds(&mut out, record, zone);
    for remark in &record.remarks {
        let comment = &remark.comment;
        let (by, text) = (
            one_line(remark.author(), 80),
            one_line(&comment.text, SHORT),
        );
        let at = comment.block.map(|block| place(comment.on, block));
        let answers = comment.answers.map(|to| format!(", answers {to}"));
        let settled = remark.resolved.as_ref().map(|_| ", resolved");
        let _ = writeln!(
            out,
            "comment {}{}{}{}  {} by {by}: {text}",
            comment.number,
            at.unwrap_or_default(),
            answers.unwrap_or_default(),
            settled.unwrap_or_default(),
            when(remark.at)
        );
    }
    for proposal in &record.proposals {
        let words = &proposal.suggestion;
        let verdict = match &proposal.verdict {
            Verdict::Open => "open".to_owned(),
            Verdict::Taken { by, .. } => format!("taken by {}", one_line(by, 80)),
            Verdict::Declined { by, reason } => {
                format!(
                    "declined by {}: {}",
                    one_line(by, 80),
                    one_line(reason, SHORT)
                )
            }
        };
        let _ = writeln!(
            out,
            "suggestion {}{}  {} by {}, {verdict}\n    - {}\n    + {}",
            words.number,
            place(words.on, words.block),
            when(proposal.at),
            one_line(proposal.author(), 80),
            one_line(&words.before, SHORT),
            one_line(&words.after, SHORT)
        );
    }
    went(&mut out, record, zone);
    out
}

/// What was done to a notice beside its versions, which stand above with their reasons.
fn deeds(out: &mut String, record: &NoticeRecord, zone: &TimeZone) {
    let written = |did: &Did| matches!(did, Did::Written { .. });
    for deed in record.deeds.iter().filter(|deed| !written(&deed.did)) {
        let (by, did) = (one_line(&deed.by, 80), one_line(&deed.did.words(), SHORT));
        let _ = writeln!(out, "deed  {} {by} {did}", utc_and_zone(deed.at, zone));
    }
}

/// What goes out with a notice, where it went, and what was answered.
fn went(out: &mut String, record: &NoticeRecord, zone: &TimeZone) {
    let when = |at| utc_and_zone(at, zone);
    for file in &record.attachments {
        let name = one_line(&file.name, 150);
        let _ = writeln!(out, "file {name}  sha256 {}", file.sha256);
    }
    if let Some(went) = &record.dispatched {
        let (to, by) = (one_line(&went.to, SHORT), one_line(&went.by, 80));
        let _ = writeln!(
            out,
            "handed in  {} by {by}: {}, {to}",
            when(went.at),
            went.how
        );
    }
    for receipt in &record.receipts {
        let (by, said) = (
            one_line(&receipt.by, 80),
            one_line(&receipt.reference, SHORT),
        );
        let _ = writeln!(out, "receipt  {} by {by}: {said}", when(receipt.at));
    }
}

/// What changed, by paragraph: `[-removed-]` and `{+added+}`, as other programs write it.
pub(super) fn redline(blocks: &[RedlineBlock]) -> String {
    let mut out = String::new();
    for block in blocks.iter().filter(|block| block.changed()) {
        let place = match (block.old, block.new) {
            (_, Some(new)) => format!("{}", new + 1),
            (Some(old), None) => format!("was {}", old + 1),
            (None, None) => String::new(),
        };
        let _ = write!(out, "{place}: ");
        for piece in &block.pieces {
            let _ = match piece {
                Piece::Same(text) => write!(out, "{}", terminal(text)),
                Piece::Added(text) => write!(out, "{{+{}+}}", terminal(text)),
                Piece::Removed(text) => write!(out, "[-{}-]", terminal(text)),
            };
        }
        out.push_str("\n\n");
    }
    if out.is_empty() {
        out.push_str("Nothing changed.\n");
    }
    out
}

/// A text with its paragraphs counted.
pub(super) fn numbered(text: &str) -> String {
    let mut out = String::new();
    for block in &Document::parse(text).blocks {
        let _ = writeln!(out, "{:>3}  {}", block.index + 1, terminal(&block.source));
    }
    out
}
