//! A document as plain text: what its page shows, with the marks of headings, lists and tables.

use std::fmt::Write as _;
use std::ops::Range;

use super::{Block, Document, Kind, Span, inline};
use crate::hostile;

/// The text as it goes out and is copied into a form: the words that the page shows, without numbers of
/// evidence. Headings, items, quotations and tables keep their marks; a line end that only wraps a
/// paragraph is a space, as it is on the page.
pub fn plain(document: &Document) -> String {
    part(document, 0..document.blocks.len())
}

/// The same of some blocks.
pub fn part(document: &Document, blocks: Range<usize>) -> String {
    let blocks = document.blocks.get(blocks).unwrap_or_default();
    let mut out = String::new();
    let mut before: Option<&Block> = None;
    for block in blocks {
        if let Some(before) = before {
            out.push_str(gap(document, before, block));
        }
        written(&mut out, block);
        before = Some(block);
    }
    if before.is_some() {
        out.push('\n');
    }
    out
}

/// The line ends between two blocks: an empty line where one was written.
fn gap(document: &Document, before: &Block, block: &Block) -> &'static str {
    if let (Kind::Row { .. }, Kind::Row { header: false }) = (before.kind, block.kind) {
        return "\n";
    }
    let between = document.text.get(before.at.end..block.at.start);
    let close = between.is_some_and(|between| between.matches('\n').count() == 1);
    if close { "\n" } else { "\n\n" }
}

fn written(out: &mut String, block: &Block) {
    let lines = block.cells().into_iter().map(words);
    // Writing to a string cannot fail.
    let _ = match block.kind {
        Kind::Heading(level) => {
            let hashes = "#".repeat(usize::from(level));
            write!(out, "{hashes} {}", joined(lines, " "))
        }
        Kind::Paragraph => write!(out, "{}", joined(lines, "\n")),
        Kind::Quote => write!(out, "> {}", joined(lines, "\n> ")),
        Kind::Item { depth, ordered } => {
            let indent = "  ".repeat(usize::from(depth));
            let mark = ordered.map_or_else(|| "-".to_owned(), |number| format!("{number}."));
            let line = format!("\n{indent}  ");
            write!(out, "{indent}{mark} {}", joined(lines, &line))
        }
        Kind::Row { header } => {
            let cells = block.cells().len();
            let end = if header {
                format!("\n|{}", "---|".repeat(cells))
            } else {
                String::new()
            };
            write!(out, "| {} |{end}", joined(lines, " | "))
        }
        Kind::Rule => write!(out, "---"),
    };
}

fn joined(lines: impl Iterator<Item = String>, with: &str) -> String {
    lines.collect::<Vec<_>>().join(with)
}

/// The words of spans, as every face of a document shows them.
fn words(spans: &[Span]) -> String {
    let said: String = (spans.iter())
        .filter(|span| !matches!(span, Span::Cite(_)))
        .map(inline::shown)
        .collect();
    hostile::terminal(&said).replace('\n', " ")
}
