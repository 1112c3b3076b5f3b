//! The provider trait: what Cordon asks of every system that grants access.
//!
//! An implementation is one file (a folder when it grows) whose head is its own spec. The engine
//! knows providers only through this trait.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::case::subject::Subject;
use crate::door::{Door, DoorKind, Probe};
use crate::fault::Result;
use crate::http::Witness;
use crate::id::EvidenceId;
use crate::time::{Clock, Timestamp};

/// What a provider may use while it works for one case.
#[derive(Clone, Copy)]
pub struct Cx<'a> {
    /// Keeps every exchange.
    pub witness: &'a dyn Witness,
    /// The time.
    pub clock: &'a dyn Clock,
}

impl std::fmt::Debug for Cx<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cx")
    }
}

/// The fixed description of a provider: printed by help, plan, documentation and evidence.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Spec {
    /// `github`.
    pub name: &'static str,
    /// `GitHub organization`.
    pub title: &'static str,
    /// The API version that the calls were written against, with the date read.
    pub api: &'static str,
    /// Every kind of door it has.
    pub doors: &'static [DoorKind],
    /// Every trail it has, most perishable first.
    pub trails: &'static [TrailSpec],
    /// How many calls may be under way at once.
    pub in_flight: usize,
    /// What it cannot show or do, one sentence each; printed as blind spots.
    pub blind: &'static [&'static str],
}

impl Spec {
    /// The kind of that name.
    pub fn door_kind(&self, name: &str) -> Option<&'static DoorKind> {
        self.doors.iter().find(|kind| kind.name == name)
    }
}

/// A log of a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct TrailSpec {
    /// `github.git_events`.
    pub name: &'static str,
    /// What it holds, in one line.
    pub title: &'static str,
    /// How long the provider keeps it, hours; [`TrailSpec::LASTING`] when it does not expire; `None`
    /// when it stays until the close destroys it.
    pub retention_hours: Option<u32>,
    /// How late events may arrive, minutes.
    pub lag_minutes: u32,
    /// The largest page.
    pub page_size: u32,
    /// Whether the vendor promises an order.
    pub ordered: bool,
    /// The call that reads it.
    pub call: &'static str,
    /// The field that identifies an event, for removing duplicates.
    pub dedupe: &'static str,
}

impl TrailSpec {
    /// The retention of what the provider keeps for as long as the thing itself stands: commits, and
    /// settings as they are now.
    pub const LASTING: u32 = u32::MAX;
}

/// An account at a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Account {
    /// `github`.
    pub provider: String,
    /// The provider's stable id.
    pub id: String,
    /// What people call it: a login or an address. Hostile text.
    pub login: String,
}

/// How sure a link between the subject and an account is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// Something similar, such as a display name. Never enough to act on.
    Weak,
    /// A verified address or an id that the company assigned.
    Likely,
    /// The identity provider or the provider itself links the account.
    Confirmed,
}

/// Why an account may be the subject's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Reason {
    /// One sentence.
    pub why: String,
    /// How sure this reason alone makes the link.
    pub confidence: Confidence,
    /// The answer that shows it.
    pub evidence: EvidenceId,
}

/// An account that may be the subject's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Candidate {
    /// The account.
    pub account: Account,
    /// Every reason; never empty.
    pub reasons: Vec<Reason>,
    /// Addresses that the provider shows of the account. Hostile text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub emails: Vec<String>,
}

impl Candidate {
    /// The surest reason.
    pub fn confidence(&self) -> Confidence {
        self.reasons
            .iter()
            .map(|reason| reason.confidence)
            .max()
            .unwrap_or(Confidence::Weak)
    }
}

/// What a pull or an inventory read, and what it could not see.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Completeness {
    /// What was read, for people.
    pub what: String,
    /// The window asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// How many pages came.
    pub pages: u32,
    /// The cursor of every page in order; an honest chain ends with an empty next cursor.
    pub cursors: Vec<String>,
    /// How many records came.
    pub records: u64,
    /// How many of them had come before.
    pub duplicates: u64,
    /// The earliest record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Timestamp>,
    /// The latest record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Timestamp>,
    /// How many answers asked us to wait.
    pub throttled: u32,
    /// Whether the end was reached.
    pub complete: bool,
    /// What could not be seen, and why.
    pub gaps: Vec<String>,
}

/// A span of time, both ends in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Window {
    /// Inclusive.
    pub since: Timestamp,
    /// Exclusive.
    pub until: Timestamp,
}

/// The doors of one account.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Inventory {
    /// What was found.
    pub doors: Vec<Door>,
    /// One per list that was read.
    pub completeness: Vec<Completeness>,
}

/// What a close did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "result")]
pub enum Closing {
    /// The provider accepted it; the door is closing.
    Accepted {
        /// The answer.
        evidence: EvidenceId,
    },
    /// An explicit already-done answer.
    AlreadyDone {
        /// The answer.
        evidence: EvidenceId,
    },
    /// The provider refused; the door stays as it is.
    Refused {
        /// One sentence with the next step.
        why: String,
        /// The answer.
        evidence: Option<EvidenceId>,
    },
    /// It may or may not have happened: look before repeating.
    Unclear {
        /// What went wrong.
        why: String,
    },
}

/// One page of a trail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Page {
    /// The raw answer.
    pub evidence: EvidenceId,
    /// The ids of its records by [`TrailSpec::dedupe`], in the order received.
    pub ids: Vec<String>,
    /// The earliest record.
    pub first: Option<Timestamp>,
    /// The latest record.
    pub last: Option<Timestamp>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<String>,
}

/// The state of one permission of our credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Grant {
    /// The credential has it.
    Present,
    /// The credential lacks it.
    Missing,
    /// The customer's plan does not have the feature.
    NotEntitled,
    /// It could not be found out.
    Unknown,
}

/// One permission and what it is needed for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Permission {
    /// The vendor's name of it.
    pub name: String,
    /// Whether we have it.
    pub grant: Grant,
    /// What does not work without it.
    pub needed_for: String,
    /// How it was found out.
    pub why: String,
}

/// The result of a preflight.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Check {
    /// `github`.
    pub provider: String,
    /// Which credential was checked, by name.
    pub credential: String,
    /// Whether the provider answered.
    pub reachable: bool,
    /// As whom the credential is accepted; `None` when it is not.
    pub authenticated_as: Option<String>,
    /// Whether the subject owns or made the credential; `None` when nobody is under review.
    pub owned_by_subject: Option<bool>,
    /// Every permission that is used.
    pub permissions: Vec<Permission>,
    /// What a person should do, one sentence each.
    pub advice: Vec<String>,
}

impl Check {
    /// Whether a run may use this credential.
    pub fn usable(&self) -> bool {
        self.reachable && self.authenticated_as.is_some() && self.owned_by_subject != Some(true)
    }
}

/// An archive that a provider makes of repositories: their git data with issues, pull requests,
/// reviews and comments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Archive {
    /// The provider's id of it.
    pub id: String,
    /// The full names of the repositories in it.
    pub repositories: Vec<String>,
    /// As whom it was asked for.
    pub by: String,
    /// Whether it had been begun before.
    pub resumed: bool,
    /// What the provider's own log shows of it, and is therefore ours.
    pub trace: String,
    /// The answer that shows it.
    pub evidence: EvidenceId,
}

/// How far an archive is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "progress")]
pub enum Progress {
    /// The provider works on it.
    Making {
        /// The provider's word for it.
        word: String,
    },
    /// It can be fetched.
    Made,
    /// The provider gave it up.
    Failed {
        /// The answer.
        evidence: EvidenceId,
    },
}

/// Archives of repositories that a provider makes itself. Asking for one is a write at the provider
/// that changes nothing for anybody, and takes from minutes to hours.
#[async_trait]
pub trait Archives: Send + Sync {
    /// Goes on with the archive of exactly these repositories that was begun at `since` or later and
    /// can still be fetched; else begins one. Safe to call again after a crash.
    async fn begin(&self, repositories: &[String], since: Timestamp, cx: Cx<'_>)
    -> Result<Archive>;

    /// How far it is. Reads only.
    async fn progress(&self, archive: &str, cx: Cx<'_>) -> Result<Progress>;

    /// Where it can be fetched for a short time without a credential. The address is a secret.
    async fn place(&self, archive: &str, cx: Cx<'_>) -> Result<url::Url>;
}

/// A system that grants access.
#[async_trait]
pub trait Provider: Send + Sync {
    /// The fixed description.
    fn spec(&self) -> &'static Spec;

    /// Credentials, permissions, reachability, and that the subject does not own our credential.
    async fn check(&self, subject: Option<&Subject>, cx: Cx<'_>) -> Result<Vec<Check>>;

    /// The accounts that may be the subject's, each with its evidence.
    async fn resolve(&self, subject: &Subject, cx: Cx<'_>) -> Result<Vec<Candidate>>;

    /// The ways in of one account. Reads only.
    async fn doors(&self, account: &Account, cx: Cx<'_>) -> Result<Inventory>;

    /// What [`Self::reopen`] will need, from what the inventory saw; `None` when nothing restores it.
    fn undo(&self, door: &Door) -> Option<serde_json::Value>;

    /// Closes one door. Safe to call twice.
    async fn close(&self, door: &Door, cx: Cx<'_>) -> Result<Closing>;

    /// Whether the door still works. Reads only.
    async fn probe(&self, door: &Door, cx: Cx<'_>) -> Result<Probe>;

    /// Restores a door from what [`Self::undo`] kept. Safe to call twice.
    async fn reopen(&self, door: &Door, undo: &serde_json::Value, cx: Cx<'_>) -> Result<Closing>;

    /// One page of a trail about an account.
    async fn pull(
        &self,
        trail: &str,
        account: &Account,
        window: Window,
        cursor: Option<&str>,
        cx: Cx<'_>,
    ) -> Result<Page>;

    /// The archives that it makes; `None` where it makes none.
    fn archives(&self) -> Option<&dyn Archives> {
        None
    }
}
