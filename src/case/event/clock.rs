//! A clock that may run, as the log keeps it.

use serde::{Deserialize, Serialize};

use super::due::Rule;
use crate::id::{ClockId, EvidenceId};
use crate::time::Timestamp;

/// One way to read a deadline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Reading {
    /// The instant.
    pub at: Timestamp,
    /// How it was read.
    pub how: String,
}

/// A clock that may run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockStart {
    /// Its id.
    pub id: ClockId,
    /// `eu.gdpr.33`, `trail.github.git_events`, `contact.demand`.
    pub rule: String,
    /// What is due.
    pub title: String,
    /// The legal or technical basis.
    pub basis: String,
    /// How long, seconds; the deadline is start plus this, unless there is a rule.
    pub seconds: i64,
    /// The rule of a duty, as the catalogue had it; older logs have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Box<Rule>>,
    /// Instants that may start it, the earliest first, each with its reason.
    pub candidates: Vec<Reading>,
    /// Why it may not apply.
    pub doubts: Vec<String>,
    /// The evidence that it rests on.
    pub evidence: Vec<EvidenceId>,
}
