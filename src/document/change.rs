//! What a reviewer does to a text: a change of one block, a comment on some words.

use jiff::Timestamp;

/// A change of one block, as Markdown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The block, by its place in the text that was reviewed.
    pub block: usize,
    /// The Markdown of its content before; empty: a new block after `block`.
    pub before: String,
    /// The Markdown of its content after; empty: the block goes. Of a new block, with its marks.
    pub after: String,
}

/// A remark about some words of one block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Its number, unique among the comments of a text.
    pub id: u64,
    /// The block, by its place in the text that was reviewed.
    pub block: usize,
    /// The words that it is about; empty: the whole block.
    pub quote: String,
    /// Who wrote it.
    pub author: String,
    /// When; unknown when a program that wrote it did not say.
    pub at: Option<Timestamp>,
    /// What it says; line feeds are kept.
    pub text: String,
    /// The comment that it answers.
    pub thread: Option<u64>,
    /// Whether somebody has settled it.
    pub resolved: bool,
}
