//! Everything that a Word or PDF file of a notice holds.

use jiff::Timestamp;

use super::{Change, Comment, Document};

/// A notice as it is handed to people who work in Word or need paper.
#[derive(Debug, Clone)]
pub struct Sheet {
    /// The title of the file.
    pub title: String,
    /// The privilege banner, in the header of each page.
    pub banner: Option<String>,
    /// Who gets it.
    pub distribution: Vec<String>,
    /// The language of the text, as in BCP 47: `en-US`, `de-DE`, `pt-PT`.
    pub language: String,
    /// The text.
    pub document: Document,
    /// What the marks of evidence mean: number and line.
    pub evidence: Vec<(u32, String)>,
    /// Comments, in the margin.
    pub comments: Vec<Comment>,
    /// Suggested changes, tracked.
    pub changes: Vec<Suggestion>,
    /// The digest that the approval binds, as written by `Digest`.
    pub bind: String,
    /// The neutral reference of case and notice, in the header of each page.
    pub reference: String,
    /// The time that the file says it was made.
    pub at: Timestamp,
}

/// A change that somebody suggested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// The change.
    pub change: Change,
    /// Who suggested it.
    pub author: String,
    /// When; unknown when a program that wrote it did not say.
    pub at: Option<Timestamp>,
}
