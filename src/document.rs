//! The text of a notice as a document: blocks and spans, words that changed, Word and back.
//!
//! One text has four faces (page, plain text, DOCX, PDF); all are made from this one reading of its
//! Markdown, so none can show what another hides. Pure functions: no case, no files, no clock.

pub mod change;
pub mod docx;
mod inline;
mod parse;
#[cfg(feature = "pdf")]
pub mod pdf;
mod plain;
mod redline;
mod sentence;
pub mod sheet;
mod write;

use std::ops::Range;

pub use change::{Change, Comment};
pub use plain::{part, plain};
pub use redline::{Piece, RedlineBlock, redline};
pub use sentence::Sentence;
pub use sheet::Sheet;
pub use write::html;

/// What a block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A heading of level 1 to 6.
    Heading(u8),
    /// A paragraph.
    Paragraph,
    /// An item of a list.
    Item {
        /// How many lists it stands in, beyond the first.
        depth: u8,
        /// Its number, when the list has numbers.
        ordered: Option<u64>,
    },
    /// A paragraph of a quotation.
    Quote,
    /// A row of a table; between its cells stands [`Span::Break`].
    Row {
        /// Whether it names the columns. Each table begins with one such row.
        header: bool,
    },
    /// A line across the page.
    Rule,
}

/// A piece of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Span {
    /// Text as it is read. A line feed in it is a line end of the source, to be shown as a space.
    Text {
        /// The text, without Markdown.
        text: String,
        /// Whether it is strong.
        strong: bool,
        /// Whether it is emphasised.
        emphasis: bool,
    },
    /// Numbers of evidence: `[e4]` or `[e4–e9]`.
    Cite(Cite),
    /// What only a person can fill in: `[MISSING: …]`.
    Missing(String),
    /// A line break that was asked for; in a row, the end of a cell.
    Break,
}

/// The evidence that a mark names, first to last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cite {
    /// The first number.
    pub first: u32,
    /// The last number; the first again when the mark names one.
    pub last: u32,
}

impl Cite {
    /// Every number that the mark names; at most 1,000, whatever a hostile text claims.
    pub fn numbers(self) -> impl Iterator<Item = u32> {
        (self.first..=self.last).take(1_000)
    }
}

impl std::fmt::Display for Cite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.first == self.last {
            write!(f, "[e{}]", self.first)
        } else {
            write!(f, "[e{}–e{}]", self.first, self.last)
        }
    }
}

/// One block of a document.
///
/// Two blocks are equal when they say the same, wherever they stand in their texts.
#[derive(Debug, Clone)]
pub struct Block {
    /// Its place in the document, from 0.
    pub index: usize,
    /// What it is.
    pub kind: Kind,
    /// The Markdown of its content, without the marks of heading, list and quotation. What Markdown
    /// would swallow or act on (HTML blocks, code, link definitions) stands here escaped, as text.
    pub source: String,
    /// What it says.
    pub spans: Vec<Span>,
    /// Where its content stands in the text, in bytes.
    at: Range<usize>,
    /// Whether its marks stand around the content and not before it (an underlined heading).
    around: bool,
}

impl PartialEq for Block {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind && self.source == other.source && self.spans == other.spans
    }
}

impl Eq for Block {}

/// A text, read.
///
/// Two documents are equal when their blocks are, whatever white space stands between them.
#[derive(Debug, Clone)]
pub struct Document {
    /// Its blocks, in order.
    pub blocks: Vec<Block>,
    text: String,
}

impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        self.blocks == other.blocks
    }
}

impl Eq for Document {}

impl Document {
    /// Reads Markdown. Every text can be read; what is no Markdown is text.
    pub fn parse(text: &str) -> Self {
        parse::document(text)
    }

    /// The text that was read, byte for byte.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl Block {
    /// The cells of a row; of any other block, its one line or the lines that were asked for.
    pub fn cells(&self) -> Vec<&[Span]> {
        self.spans.split(|span| *span == Span::Break).collect()
    }

    /// Where what it says begins in the text, in bytes.
    pub const fn start(&self) -> usize {
        self.at.start
    }

    /// What the block says on one line, with its citations.
    pub fn line(&self) -> String {
        inline::line(&self.spans)
    }

    /// Its sentences, each with the citations in it and after it.
    pub fn sentences(&self) -> Vec<Sentence> {
        sentence::split(&self.spans)
    }

    /// Every mark of evidence in it, in order.
    pub fn cites(&self) -> Vec<Cite> {
        self.spans
            .iter()
            .filter_map(|span| match span {
                Span::Cite(cite) => Some(*cite),
                _ => None,
            })
            .collect()
    }
}
