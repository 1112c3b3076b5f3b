//! Clocks: deadlines with their basis, the instants that may start them, and the human's choice.
//!
//! Cordon proposes and computes; a person chooses the start and records the receipt. Hours are
//! elapsed hours in UTC. A clock is never extended silently, and the earliest candidate is the default.
//!
//! Duties are data ([`catalogue`]); a clock keeps the rule that it was started with, so that it can be
//! computed again from the log alone.

pub mod calendar;
pub mod catalogue;
pub mod due;
pub mod ics;
pub mod obligation;
mod propose;
mod show;

use serde::Serialize;

use crate::case::event::Reading;
use crate::case::event::due::{Question, Trigger};
use crate::case::state::{AnswerRecord, CaseState, Choice, ClockRecord};
use crate::fault::{Fault, Result};
use crate::id::ClockId;
use crate::time::Timestamp;

pub use catalogue::Catalogue;
pub use propose::{Organisation, Unwatched, propose, stage};
pub use show::{list, of};

/// A clock as shown.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Shown {
    /// Its id.
    pub id: ClockId,
    /// The rule.
    pub rule: String,
    /// What is due.
    pub title: String,
    /// The basis.
    pub basis: String,
    /// The start that counts: the human's choice, or the earliest candidate.
    pub start: Timestamp,
    /// `chosen` by a person or `earliest` candidate.
    pub start_is: &'static str,
    /// The choice: start, reason, who and when.
    pub chosen: Option<Choice>,
    /// When it is due.
    pub due: Timestamp,
    /// `running`, `overdue`, `receipted`, `reopened` (a receipt rests on facts that changed) or
    /// `ruled_out`.
    pub state: &'static str,
    /// Every candidate start.
    pub candidates: Vec<Reading>,
    /// Why it may not apply.
    pub doubts: Vec<String>,
    /// The receipt.
    pub receipt: Option<String>,
    /// What changed since a person chose the start or recorded the receipt.
    pub reopened: Vec<String>,
    /// Why it does not apply, as people answered.
    pub ruled_out: Option<String>,
    /// The duty that it belongs to.
    pub duty: Option<Duty>,
}

/// The duty of a clock, as the catalogue had it when the clock was started.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Duty {
    /// Its id.
    pub obligation: String,
    /// The stage, counted from 1.
    pub stage: u8,
    /// What starts it.
    pub trigger: Trigger,
    /// How long it may take, in words.
    pub length: String,
    /// The zone in which its days are counted.
    pub zone: String,
    /// Whether its figures were checked against a source.
    pub verified: bool,
    /// Who decides.
    pub owner: String,
    /// Whether the time is an internal target, because the law gives no number or no duty.
    pub target: bool,
    /// The questions that decide whether it applies, with the last answer.
    pub questions: Vec<Asked>,
    /// Later readings of the deadline; none of them counts.
    pub readings: Vec<String>,
    /// Delays that authorities asked for, and what they do here.
    pub delays: Vec<String>,
}

/// A question with its last answer.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Asked {
    /// The question.
    pub question: Question,
    /// The last answer of a person.
    pub answer: Option<AnswerRecord>,
}

impl Shown {
    /// Whether something is still to be done: no receipt that stands, and nothing rules it out.
    pub const fn is_open(&self) -> bool {
        self.ruled_out.is_none() && (self.receipt.is_none() || !self.reopened.is_empty())
    }

    /// `chosen because … by …` for people; nothing when nobody chose.
    pub fn choice(&self) -> Option<String> {
        let choice = self.chosen.as_ref()?;
        let by = crate::hostile::one_line(&choice.by, 80);
        let reason = crate::hostile::one_line(&choice.reason, 200);
        Some(format!("chosen because “{reason}” by {by}"))
    }
}

/// The clock with this id or this rule.
///
/// # Errors
/// There is none, or the rule has several.
pub fn find<'a>(state: &'a CaseState, name: &str) -> Result<&'a ClockRecord> {
    let found: Vec<&ClockRecord> = state
        .clocks
        .values()
        .filter(|record| record.start.id.as_str() == name || record.start.rule == name)
        .collect();
    match found.as_slice() {
        [one] => Ok(one),
        [] => Err(Fault::input("no-clock", "The case has no such clock.")
            .at(name)
            .hint("see `cordon clock list CASE`")),
        _ => Err(Fault::input("no-clock", "Several clocks have this rule.")
            .at(name)
            .hint("name one by its id")),
    }
}
