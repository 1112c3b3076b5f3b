//! A document as Markdown and as HTML; one block changed in its text.

use std::fmt::Write as _;

use super::{Block, Change, Document, Kind, Span};
use crate::fault::{Fault, Result};
use crate::hostile;

impl Document {
    /// Canonical Markdown: reading it gives this document again.
    pub fn write(&self) -> String {
        let mut out = String::new();
        let mut lists: Vec<List> = Vec::new();
        let mut before: Option<&Block> = None;
        for block in &self.blocks {
            let gap = before.map_or("", |before| gap(before, block, &lists));
            out.push_str(gap);
            if let Kind::Item { depth, ordered } = block.kind {
                item(
                    &mut out,
                    &mut lists,
                    usize::from(depth),
                    ordered,
                    &block.source,
                );
            } else {
                lists.clear();
                out.push_str(&self::block(block.kind, &block.source));
            }
            if block.kind == (Kind::Row { header: true }) {
                let _ = write!(out, "\n|{}", "---|".repeat(block.cells().len()));
            }
            before = Some(block);
        }
        if !out.is_empty() {
            out.push('\n');
        }
        out
    }

    /// The whole text with the content of one block replaced; with an empty `source` the block goes.
    /// No other byte is touched. The text stays as it is when there is no such block.
    pub fn replace(&self, block: usize, source: &str) -> String {
        let Some(block) = self.blocks.get(block) else {
            return self.text.clone();
        };
        if source.trim().is_empty() {
            return self.remove(block);
        }
        let (head, tail) = (self.part(..block.at.start), self.part(block.at.end..));
        let mut source = source.trim().to_owned();
        if matches!(block.kind, Kind::Heading(_) | Kind::Row { .. }) {
            source = source.replace(['\n', '\r'], " ");
        }
        if block.around || block.kind == Kind::Rule {
            return format!("{head}{}{tail}", self::block(block.kind, &source));
        }
        let line = head.rsplit('\n').next().unwrap_or_default();
        let lead: String = (line.chars())
            .map(|c| {
                if matches!(c, '>' | ' ' | '\t') {
                    c
                } else {
                    ' '
                }
            })
            .collect();
        let space = if line.ends_with([' ', '\t', '>']) || line.is_empty() {
            ""
        } else {
            " "
        };
        let source = source.replace('\n', &format!("\n{lead}{space}"));
        format!("{head}{space}{source}{tail}")
    }

    /// The whole text with new blocks after one block (before all, when there is none); `source` is
    /// Markdown with its marks. No other byte is touched.
    pub fn insert_after(&self, block: Option<usize>, source: &str) -> String {
        let at = match block.and_then(|block| self.blocks.get(block)) {
            Some(block) => self.line_end(block.at.end),
            None => 0,
        };
        let (head, tail) = (self.part(..at), self.part(at..));
        let is_row = |block: &Block| matches!(block.kind, Kind::Row { .. });
        let row = source.trim_start().starts_with('|')
            && block
                .and_then(|block| self.blocks.get(block))
                .is_some_and(is_row);
        if row {
            let end = if head.ends_with('\n') { "" } else { "\n" };
            return format!("{head}{end}{}\n{tail}", source.trim());
        }
        let before = match head {
            "" => "",
            head if head.ends_with("\n\n") => "",
            head if head.ends_with('\n') => "\n",
            _ => "\n\n",
        };
        let after = if tail.is_empty() || tail.starts_with('\n') {
            ""
        } else {
            "\n"
        };
        format!("{head}{before}{}\n{after}{tail}", source.trim())
    }

    /// The whole text with one change made.
    ///
    /// # Errors
    ///
    /// `change-stale`, when the block no longer says what the change was made against.
    pub fn apply(&self, change: &Change) -> Result<String> {
        if change.before.is_empty() {
            if change.block >= self.blocks.len() && !self.blocks.is_empty() {
                return Err(stale(change));
            }
            return Ok(self.insert_after(Some(change.block), &change.after));
        }
        match self.blocks.get(change.block) {
            Some(block) if block.source == change.before => {
                Ok(self.replace(change.block, &change.after))
            }
            _ => Err(stale(change)),
        }
    }

    fn remove(&self, block: &Block) -> String {
        let head = self.part(..block.at.start);
        let from = head.rfind('\n').map_or(0, |at| at + 1);
        let (head, tail) = (self.part(..from), self.part(self.line_end(block.at.end)..));
        let lone = head.is_empty() || head.ends_with("\n\n");
        let tail = if lone {
            tail.strip_prefix('\n').unwrap_or(tail)
        } else {
            tail
        };
        format!("{head}{tail}")
    }

    /// Where the line after the one at `from` begins.
    fn line_end(&self, from: usize) -> usize {
        let rest = self.part(from..);
        rest.find('\n').map_or(self.text.len(), |at| from + at + 1)
    }

    fn part(&self, range: impl std::slice::SliceIndex<str, Output = str>) -> &str {
        self.text.get(range).unwrap_or_default()
    }
}

fn stale(change: &Change) -> Fault {
    Fault::input(
        "change-stale",
        "The paragraph has changed since this change was suggested.",
    )
    .at(format!("paragraph {}", change.block + 1))
    .hint("compare it with the paragraph as it stands, and suggest it again")
}

/// A list that is open while writing.
#[derive(Debug)]
struct List {
    next: Option<u64>,
    close: char,
    /// Columns before the content of its items.
    width: usize,
}

fn gap(before: &Block, block: &Block, lists: &[List]) -> &'static str {
    match (before.kind, block.kind) {
        (Kind::Row { .. }, Kind::Row { header: false }) => "\n",
        (Kind::Item { depth: one, .. }, Kind::Item { depth, ordered }) => {
            let next = lists.get(usize::from(depth)).map(|list| list.next);
            let interrupts = if depth > one {
                matches!(ordered, None | Some(1))
            } else {
                next == Some(ordered)
            };
            let nested = depth > one && before.source.is_empty();
            if nested || (interrupts && !block.source.is_empty()) {
                "\n"
            } else {
                "\n\n"
            }
        }
        _ => "\n\n",
    }
}

fn item(out: &mut String, lists: &mut Vec<List>, depth: usize, ordered: Option<u64>, source: &str) {
    lists.truncate(depth + 1);
    let mut close = '.';
    if lists.len() > depth
        && let Some(list) = lists.pop()
    {
        let goes_on = match (list.next, ordered) {
            (Some(next), Some(number)) => next == number,
            (one, other) => one == other,
        };
        // Another list of the same kind needs another mark, or its items would go on counting.
        close = match (goes_on, list.close) {
            (false, '.') => ')',
            (false, _) => '.',
            (true, close) => close,
        };
    }
    let indent = lists.last().map_or(0, |list| list.width);
    let marker = match (ordered, close) {
        (Some(number), close) => format!("{number}{close}"),
        (None, _) => "-".to_owned(),
    };
    let width = indent + marker.len() + 1;
    let lines = source.replace('\n', &format!("\n{}", " ".repeat(width)));
    let _ = write!(out, "{}{marker} {lines}", " ".repeat(indent));
    if source.is_empty() {
        out.pop();
    }
    lists.push(List {
        next: ordered.map(|number| number.saturating_add(1)),
        close,
        width,
    });
}

/// One block as Markdown, with its marks.
pub(super) fn block(kind: Kind, source: &str) -> String {
    match kind {
        Kind::Heading(level) => {
            let hashes = "#".repeat(usize::from(level.clamp(1, 6)));
            let space = if source.is_empty() { "" } else { " " };
            format!("{hashes}{space}{source}")
        }
        Kind::Paragraph | Kind::Row { .. } => source.to_owned(),
        Kind::Quote => format!("> {}", source.replace('\n', "\n> ")),
        Kind::Item { ordered, .. } => {
            let mut out = String::new();
            item(&mut out, &mut Vec::new(), 0, ordered, source);
            out
        }
        Kind::Rule => "---".to_owned(),
    }
}

/// Spans as HTML: text escaped, a mark of evidence as a link to `#eN`, what is missing in `<mark>`.
pub fn html(spans: &[Span]) -> String {
    let mut out = String::new();
    for span in spans {
        // Writing to a string cannot fail.
        let _ = match span {
            Span::Text {
                text,
                strong,
                emphasis,
            } => {
                let text = hostile::html(text);
                let text = if *emphasis {
                    format!("<em>{text}</em>")
                } else {
                    text
                };
                if *strong {
                    write!(out, "<strong>{text}</strong>")
                } else {
                    write!(out, "{text}")
                }
            }
            Span::Cite(cite) => {
                write!(
                    out,
                    "<a class=\"cite\" href=\"#e{}\">{cite}</a>",
                    cite.first
                )
            }
            Span::Missing(what) => {
                write!(out, "<mark>[MISSING: {}]</mark>", hostile::html(what))
            }
            Span::Break => write!(out, "<br>"),
        };
    }
    out
}
