//! What people do to the text of a notice before it goes out, and the record of where it went.

use serde::{Deserialize, Serialize};

use crate::canon::Digest;
use crate::id::EvidenceId;
use crate::time::Timestamp;

/// Where something was written that a person brought from elsewhere, such as a Word file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Brought {
    /// Who wrote it, by the file's own word. Hostile text.
    pub author: String,
    /// When, by the file's own word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// The file.
    pub evidence: EvidenceId,
}

impl Brought {
    /// Who wrote what one person wrote down here, and another may have brought.
    pub fn author<'a>(brought: Option<&'a Self>, by: &'a str) -> &'a str {
        brought.map_or(by, |brought| &brought.author)
    }

    /// When it was written, by the file's own word where it was brought.
    pub fn written(brought: Option<&Self>, at: Timestamp) -> Timestamp {
        brought.and_then(|brought| brought.at).unwrap_or(at)
    }
}

/// A remark on a text. Its number counts from 1 within the notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Comment {
    /// Its number.
    pub number: u32,
    /// The version that it was written on.
    pub on: Digest,
    /// The block of that version, counted from 0; `None` for the whole text.
    pub block: Option<usize>,
    /// The words that it is about.
    pub quote: String,
    /// What it says. Hostile text.
    pub text: String,
    /// The comment that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<u32>,
    /// Who wrote it, when it was not the person who acts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brought: Option<Brought>,
    /// Where its words are kept, when they are counsel's; they do not stand here then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub apart: Option<EvidenceId>,
}

/// Other words for one block of a text. Its number counts from 1 within the notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Suggestion {
    /// Its number.
    pub number: u32,
    /// The version that it was written on.
    pub on: Digest,
    /// The block of that version, counted from 0.
    pub block: usize,
    /// The block as it was; empty when a block is to follow it.
    pub before: String,
    /// The block as it is to be; empty when it is to go. Hostile text.
    pub after: String,
    /// Why. Hostile text.
    pub reason: String,
    /// Who wrote it, when it was not the person who acts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brought: Option<Brought>,
    /// Where its words are kept, when they are counsel's; they do not stand here then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub apart: Option<EvidenceId>,
}

/// A file that goes out with a notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Attachment {
    /// The name of the file, as the addressee sees it.
    pub name: String,
    /// Its bytes.
    pub evidence: EvidenceId,
    /// SHA-256 of its bytes.
    pub sha256: Digest,
}
