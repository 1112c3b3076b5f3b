//! Instants that people record, their answers, and delays that authorities ask for.

use serde::{Deserialize, Serialize};

use super::due::Trigger;
use crate::id::{EvidenceId, InstantId};
use crate::time::Timestamp;

/// One instant of a case. Nothing overwrites it; it can be withdrawn with a reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Instant {
    /// Its id.
    pub id: InstantId,
    /// What happened then. (The log calls its events kinds.)
    pub what: Trigger,
    /// When, UTC.
    pub at: Timestamp,
    /// The zone that it was told in, by IANA name.
    pub zone: String,
    /// How it is known. Hostile text.
    pub note: String,
    /// What shows it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<EvidenceId>,
}

/// What a person answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Yes.
    Yes,
    /// No.
    No,
    /// It is not known yet.
    Unknown,
}

impl Answer {
    /// `yes`, `no`, `unknown`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unknown => "unknown",
        }
    }
}

/// An authority asks to wait with notices, in writing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Delay {
    /// Who asks.
    pub authority: String,
    /// The duties that it is about, by id.
    pub scope: Vec<String>,
    /// From when on.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// The document.
    pub evidence: EvidenceId,
}
