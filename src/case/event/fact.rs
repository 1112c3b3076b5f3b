//! Facts that people record for notices, each with what shows it.

use serde::{Deserialize, Serialize};

use crate::id::EvidenceId;

/// What a sentence may claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The evidence shows it.
    Fact,
    /// It follows from the evidence by a step that is named.
    Inference,
    /// Somebody suspects it.
    Suspicion,
}

impl Standing {
    /// The word of the log and of the command line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Fact => "fact",
            Self::Inference => "inference",
            Self::Suspicion => "suspicion",
        }
    }
}

/// What a person says of the case, for notices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// Which fact it is, as the dictionary of facts names it.
    pub key: String,
    /// The value; the values of a list on lines of their own. Hostile text.
    pub value: String,
    /// The value in German, where words differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub de: Option<String>,
    /// The value in Portuguese, where words differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pt: Option<String>,
    /// What it may claim.
    pub standing: Standing,
    /// What shows it; a suspicion alone may have none.
    pub evidence: Vec<EvidenceId>,
    /// How it follows from the evidence, or what a reader has to know. Hostile text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// Where its words are kept, when they are counsel's; they do not stand here then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub apart: Option<EvidenceId>,
}

impl Statement {
    /// Whether it says why, how or since when a misrepresentation of identity is suspected: whoever says so
    /// says that it is.
    pub fn tells_of_a_suspicion(&self) -> bool {
        let keys = [
            "instant.suspected",
            "suspicion.basis",
            "suspicion.discovery",
        ];
        keys.contains(&self.key.as_str())
    }
}
