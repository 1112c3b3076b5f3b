//! Doors: one way in, or one thing that acts for the subject.
//!
//! A [`DoorKind`] is the single description of a kind of door: the plan, the approval, the help text,
//! the evidence and the provider's documentation all print this value.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::id::{DoorId, EvidenceId};
use crate::time::Timestamp;

/// What a close means for the way back.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Undo restores it.
    Reversible,
    /// The person can simply do it again: a session, a grant.
    Redoable,
    /// Gone for good; needs its own gate.
    Irreversible,
}

impl Class {
    /// The word used everywhere.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Reversible => "reversible",
            Self::Redoable => "redoable",
            Self::Irreversible => "irreversible",
        }
    }
}

/// Whether the provider tells the subject about a close.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notifies {
    /// The provider sends a message or the effect is visible at once.
    Yes,
    /// Nothing is sent that the vendor documents.
    No,
    /// Not documented.
    Unknown,
}

/// When a close may happen relative to the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Before the barrier opens; the subject cannot see it.
    Silent,
    /// Together, in one short window.
    Simultaneous,
    /// After the simultaneous ones were accepted; the subject may see it.
    Noisy,
}

/// The single description of a kind of door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct DoorKind {
    /// `github.deploy_key`: provider, dot, kind.
    pub name: &'static str,
    /// What it is, in one line for people.
    pub title: &'static str,
    /// The class of its close.
    pub class: Class,
    /// Whether the provider tells the subject.
    pub notifies: Notifies,
    /// What may still work after a successful close, in words.
    pub residual: &'static str,
    /// For how long after the close what was issued before it may still work, minutes, where the
    /// vendor bounds it. What has no bound, or none that is known, stands in the words alone.
    pub residual_minutes: Option<u32>,
    /// When it is closed relative to others.
    pub order: Order,
    /// The call that closes it (`METHOD path`); `None` when only a person can close it.
    pub close: Option<&'static str>,
    /// Answers that mean "was closed before we came" (`404`, `400 E0000001`).
    pub already_done: &'static [&'static str],
    /// The read that proves it.
    pub probe: &'static str,
    /// The call that restores it; `None` when nothing does.
    pub undo: Option<&'static str>,
    /// Kinds of the same provider whose closing has to be accepted before this one.
    pub after: &'static [&'static str],
    /// The least permission that the close needs.
    pub scope: &'static str,
    /// What else may break, for the person who approves.
    pub breaks: &'static str,
    /// Where the facts come from.
    pub source: &'static str,
}

/// What a bounded residual is about; goes on with "for up to …" or "until …".
pub const ISSUED_BEFORE: &str = "what was issued before the close may work";

impl DoorKind {
    /// What may still work after a successful close, with the bound where there is one.
    pub fn residual_words(&self) -> String {
        let words = self.residual;
        match self.residual_minutes {
            None => words.to_owned(),
            Some(minutes) => {
                let length = match (minutes / 60, minutes % 60) {
                    (1, 0) => "1 hour".to_owned(),
                    (hours, 0) => format!("{hours} hours"),
                    _ => format!("{minutes} minutes"),
                };
                let words = words.trim_end_matches('.');
                format!("{words}; {ISSUED_BEFORE} for up to {length}")
            }
        }
    }

    /// Until when what was issued before a close may still work, for a door that was `closed` then.
    pub fn residual_until(&self, closed: Timestamp) -> Option<Timestamp> {
        let length = Duration::from_secs(u64::from(self.residual_minutes?) * 60);
        closed.saturating_add(length).ok()
    }
}

/// How a door is tied to the account under review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Link {
    /// The provider itself says that the account owns it.
    Owner,
    /// A record ties it to the account, such as an audit event of its making.
    Record {
        /// What the record says.
        why: String,
    },
    /// Found beside the account; nothing ties it to the account. Never closed without a person.
    Unattributed,
}

/// One way in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Door {
    /// Derived from provider, kind and native id.
    pub id: DoorId,
    /// `github`, `okta`, …
    pub provider: String,
    /// The name of its [`DoorKind`].
    pub kind: String,
    /// The provider's own id of it.
    pub native: String,
    /// The provider's id of the account that it belongs to.
    pub account: String,
    /// One line for people; hostile text, escape before showing.
    pub label: String,
    /// How it is tied to the account.
    pub link: Link,
    /// Why it must never be closed by Cordon, when it is on the protected list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protected: Option<String>,
    /// What closing and undoing need to know, as found before anything was changed.
    pub detail: serde_json::Value,
    /// The evidence that shows it.
    pub evidence: EvidenceId,
}

impl Door {
    /// Whether it is one of the account's.
    pub fn is_of(&self, account: &crate::provider::Account) -> bool {
        self.provider == account.provider && self.account == account.id
    }

    /// The id that a door with this identity always has.
    pub fn id_of(provider: &str, kind: &str, native: &str) -> DoorId {
        DoorId::of(&[provider, kind, native])
    }
}

/// Whether a way in still works.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum DoorState {
    /// It works, or nothing was tried.
    Open,
    /// The provider accepted the close; nothing proves it yet.
    Closing,
    /// Proven by a probe.
    Closed,
    /// Cannot be proven; the reason says why.
    Unknown,
}

impl DoorState {
    /// The word used everywhere.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closing => "closing",
            Self::Closed => "closed",
            Self::Unknown => "unknown",
        }
    }
}

/// What a probe saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// `open`, `closed` or `unknown`; a probe never answers `closing`.
    pub state: DoorState,
    /// What was seen, in one sentence.
    pub why: String,
    /// The answers that show it.
    pub evidence: Vec<EvidenceId>,
    /// Until when what was issued before the close may still work, counted from the first proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub residual_until: Option<Timestamp>,
}
