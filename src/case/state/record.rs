//! What the log tells of one door, step, gate, notice, clock or trail.

use crate::canon::Digest;
use crate::case::event::{
    Actor, Answer, ClockStart, Delay, Entry, Event, Instant, Outcome, Signed, Statement,
};
use crate::door::{Door, DoorState, Probe};
use crate::id::EvidenceId;
use crate::provider::{Account, Closing, Completeness};
use crate::time::Timestamp;

/// A door and everything that happened to it.
#[derive(Debug, Clone)]
pub struct DoorRecord {
    /// As the inventory found it first: the undo manifest rests on this.
    pub door: Door,
    /// Whether it still works, as far as is proven.
    pub state: DoorState,
    /// The last probe.
    pub probe: Option<Probe>,
    /// What reopening needs, as stored before the close left.
    pub undo: Option<serde_json::Value>,
    /// Whether a close was ever intended.
    pub touched: bool,
    /// Whether an undo was carried out after the last close.
    pub undone: bool,
    /// The line of the last intent to close it: undo goes through these in reverse.
    pub closing_line: Option<u64>,
    /// Whether an undo was begun whose answer is not recorded.
    pub undoing: bool,
}

/// A step as the log tells it.
#[derive(Debug, Clone, Default)]
pub struct StepRecord {
    /// Where it stands in the plan.
    pub place: usize,
    /// When it was first intended.
    pub intended: Option<Timestamp>,
    /// Attempts that were intended.
    pub attempts: u32,
    /// The attempt whose intent has no outcome yet.
    pub in_doubt: Option<u32>,
    /// What the last act answered.
    pub acted: Option<Closing>,
    /// When the last act was answered.
    pub acted_at: Option<Timestamp>,
    /// What the last act said.
    pub note: String,
    /// When a timer is due.
    pub due: Option<Timestamp>,
    /// What it ended with.
    pub outcome: Option<Outcome>,
    /// A person resumed the run after this step had stopped it.
    pub passed_over: bool,
}

/// A gate as the log tells it.
#[derive(Debug, Clone)]
pub struct GateRecord {
    /// The plan that it binds.
    pub plan: Digest,
    /// The roles that may approve.
    pub roles: Vec<String>,
    /// How many different people.
    pub people: u32,
    /// Until when.
    pub expires: Timestamp,
    /// Who approved.
    pub approvals: Vec<Signed>,
    /// Who denied.
    pub denied: Option<Signed>,
    /// Whether it let through.
    pub passed: bool,
    /// Whether its time ran out.
    pub expired: bool,
}

/// What a person recorded for notices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactRecord {
    /// What was said.
    pub statement: Statement,
    /// Who said it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// A mail that was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailRecord {
    /// Its Message-ID, with angle brackets.
    pub message_id: String,
    /// To whom.
    pub to: Vec<String>,
    /// Its bytes; `None` in logs of before they were named.
    pub mail: Option<EvidenceId>,
    /// How it is encrypted: `smime` or `pgp`.
    pub sealed: Option<String>,
    /// When it was first begun.
    pub since: Timestamp,
}

/// A mail that the server did not take yet.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Delayed {
    /// Its Message-ID.
    pub message_id: String,
    /// What the server said, or why it was not reached. Hostile text.
    pub why: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was first tried.
    pub since: Timestamp,
    /// When it is tried again.
    pub again: Timestamp,
}

/// A mail that came back.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Bounce {
    /// The Message-ID of what was sent.
    pub message_id: String,
    /// Whom it did not reach. Hostile text.
    pub recipient: String,
    /// The status (RFC 3463) with what the server said. Hostile text.
    pub status: String,
    /// The message that said so.
    pub evidence: EvidenceId,
    /// When it was taken in.
    pub at: Timestamp,
}

/// The start of a clock as a person chose it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Choice {
    /// The instant.
    pub start: Timestamp,
    /// Why.
    pub reason: String,
    /// Who.
    pub by: String,
    /// When it was chosen.
    pub at: Timestamp,
    /// The facts that it rests on: when one changes, it is to be looked at again.
    pub facts: Vec<String>,
}

/// What a person said of a contact.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Judgment {
    /// Whether it makes a demand.
    pub demand: bool,
    /// Why.
    pub reason: String,
    /// Who said so.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
}

/// A clock as the log tells it.
#[derive(Debug, Clone)]
pub struct ClockRecord {
    /// How it began.
    pub start: ClockStart,
    /// The human's choice of the start.
    pub chosen: Option<Choice>,
    /// Whether what was chosen was one of the instants that the case gave reason for.
    pub candidate: bool,
    /// The receipt that ends it, as a person recorded it.
    pub receipt: Option<ReceiptRecord>,
    /// The receipts of earlier years, where a duty comes back every year; the first first.
    pub earlier: Vec<ReceiptRecord>,
    /// Receipts that were taken back, and why.
    pub taken_back: Vec<TakenBack>,
    /// What changed after the choice or the receipt, each as a sentence; empty when nothing did.
    pub reopened: Vec<String>,
}

/// What a person recorded of something that was handed in outside of Cordon.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct ReceiptRecord {
    /// How the addressee names it. Hostile text.
    pub reference: String,
    /// When it was handed in there.
    pub at: Timestamp,
    /// What shows it.
    pub evidence: Vec<EvidenceId>,
    /// Who recorded it. Hostile text.
    pub by: String,
}

/// A receipt that was taken back.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct TakenBack {
    /// The receipt.
    pub receipt: ReceiptRecord,
    /// Why. Hostile text.
    pub reason: String,
    /// Who took it back. Hostile text.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// An instant as the log tells it.
#[derive(Debug, Clone, serde::Serialize, schemars::JsonSchema)]
pub struct InstantRecord {
    /// What happened when.
    pub instant: Instant,
    /// Who recorded it.
    pub by: String,
    /// When it was recorded.
    pub recorded: Timestamp,
    /// Why it was withdrawn, and by whom.
    pub withdrawn: Option<(String, String)>,
}

impl InstantRecord {
    /// What it was, how it is known, who says so, and whether nothing but their word shows it. Hostile text.
    pub fn how(&self) -> String {
        let (what, note) = (self.instant.what.about(), &self.instant.note);
        let shown = if self.instant.evidence.is_empty() {
            ", who names no evidence"
        } else {
            ""
        };
        format!("{what} ({note}; recorded by {}{shown})", self.by)
    }
}

/// The last answer to a question.
#[derive(Debug, Clone, serde::Serialize, schemars::JsonSchema)]
pub struct AnswerRecord {
    /// The answer.
    pub answer: Answer,
    /// Why.
    pub reason: String,
    /// Who answered.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// The facts that it rests on.
    pub facts: Vec<String>,
    /// What changed of them since, each as a sentence: the answer is to be looked at again.
    pub reopened: Vec<String>,
}

/// A delay that an authority asked for.
#[derive(Debug, Clone, serde::Serialize, schemars::JsonSchema)]
pub struct DelayRecord {
    /// Its number, counted from 1.
    pub number: u32,
    /// The delay.
    pub delay: Delay,
    /// Who recorded it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Its end, where it was withdrawn.
    pub withdrawn: Option<DelayEnd>,
}

/// The end of a delay, as a person recorded it.
#[derive(Debug, Clone, serde::Serialize, schemars::JsonSchema)]
pub struct DelayEnd {
    /// Until when it counted; nothing when it never did.
    pub ended: Option<Timestamp>,
    /// Why. Hostile text.
    pub reason: String,
    /// Who recorded it. Hostile text.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

impl DelayRecord {
    /// Until when it counts; nothing when it never did.
    pub fn counts_until(&self) -> Option<Timestamp> {
        match &self.withdrawn {
            None => Some(self.delay.until),
            Some(end) => end.ended.map(|ended| ended.min(self.delay.until)),
        }
    }
}

/// Pages of a trail whose pull has not ended.
#[derive(Debug, Clone, Default)]
pub struct Pulling {
    /// The pages, in the order received.
    pub evidence: Vec<EvidenceId>,
    /// Where the next page begins; `None` after the last.
    pub next: Option<String>,
    /// What was read so far.
    pub so_far: Completeness,
}

/// A trail that was read.
#[derive(Debug, Clone)]
pub struct TrailRecord {
    /// When the reading ended.
    pub at: Timestamp,
    /// The trail.
    pub trail: String,
    /// About whom; `None` for an imported file.
    pub account: Option<Account>,
    /// What was read and what was not.
    pub completeness: Completeness,
    /// The pages.
    pub evidence: Vec<EvidenceId>,
}

/// Damage to the store that opening it mended: no crash explains it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct MendedRecord {
    /// The line of the log that tells of it.
    pub line: u64,
    /// When it was found.
    pub at: Timestamp,
    /// What was found and done.
    pub what: String,
    /// The file or folder of the case that keeps it as found.
    pub kept: Option<String>,
}

impl MendedRecord {
    /// What an entry tells of damage that was mended.
    pub fn of(entry: &Entry) -> Option<Self> {
        let Event::StoreMended { what, kept } = &entry.event else {
            return None;
        };
        Some(Self {
            line: entry.seq + 1,
            at: entry.at,
            what: what.clone(),
            kept: kept.clone(),
        })
    }
}
