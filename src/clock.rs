//! Clocks: deadlines with their basis, the instants that may start them, and the human's choice.
//!
//! Cordon proposes and computes; a person chooses the start and records the receipt. Hours are
//! elapsed hours in UTC. A clock is never extended silently, and the earliest candidate is the default.
//!
//! Duties are data ([`catalogue`]); a clock keeps the rule that it was started with, so that it can be
//! computed again from the log alone.

pub mod calendar;
pub mod catalogue;
mod delay;
pub mod due;
pub mod ics;
pub mod obligation;
mod propose;
mod show;

use serde::Serialize;

use crate::case::event::Reading;
use crate::case::event::due::{Question, Trigger};
use crate::case::state::{AnswerRecord, CaseState, Choice, ClockRecord, Filed, TakenBack};
use crate::fault::{Fault, Result};
use crate::hostile::one_line;
use crate::id::{ClockId, NoticeId};
use crate::time::{Timestamp, utc};

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
    /// `running`, `overdue`, `met` (handed in, and no reference is known), `receipted` (handed in, with
    /// a reference), `reopened` (handed in, and facts changed since) or `ruled_out`.
    pub state: &'static str,
    /// Every candidate start.
    pub candidates: Vec<Reading>,
    /// Why it may not apply.
    pub doubts: Vec<String>,
    /// How the addressee names what was handed in, or how far a trail was read.
    pub receipt: Option<String>,
    /// The first filing that meets it, and whether it was in time.
    pub met: Option<Met>,
    /// Every later filing.
    pub filed_again: Vec<Filed>,
    /// Receipts that were taken back.
    pub taken_back: Vec<TakenBack>,
    /// Drafts that answer it and can still go out.
    pub drafts: Vec<NoticeId>,
    /// What changed since a person chose the start or recorded the receipt.
    pub reopened: Vec<String>,
    /// Answers to be looked at again, each with what changed; with such an answer nothing is ruled out.
    pub answers_reopened: Vec<String>,
    /// Why it does not apply, as people answered.
    pub ruled_out: Option<String>,
    /// The duty that it belongs to.
    pub duty: Option<Duty>,
}

/// What stands for a deadline that nobody may be told of.
pub const CONFIDENTIAL: &str = "A confidential deadline";

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
    /// Whether telling anybody about it can be an offence.
    pub tipping_off: bool,
    /// The questions that decide whether it applies, with the last answer.
    pub questions: Vec<Asked>,
    /// Later readings of the deadline; none of them counts.
    pub readings: Vec<String>,
    /// The other clock of the same filing, where it ends first: it governs.
    pub governed_by: Option<String>,
    /// Delays that authorities asked for, and what they do here.
    pub delays: Vec<String>,
}

/// How a clock was met.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Met {
    /// What was handed in, when, and by whom.
    pub filing: Filed,
    /// Seconds after the deadline that it left; 0 when it was in time.
    pub late: u64,
    /// Whether it left in time and its receipt says that it came late.
    pub received_late: bool,
    /// The same in words: `met by notice notice_… at … (on time)`.
    pub words: String,
}

impl Met {
    fn of(filing: Filed, due: Timestamp, target: bool) -> Self {
        let after = |at: Timestamp| u64::try_from(at.duration_since(due).as_secs()).unwrap_or(0);
        let late = after(filing.at);
        let received_late = late == 0 && filing.received.is_some_and(|at| after(at) > 0);
        let of = if target {
            " against the internal target"
        } else {
            ""
        };
        let mut how = match late {
            0 => format!("on time{of}"),
            late => format!("late by {}{of}", lateness(late)),
        };
        if let Some(at) = filing.received.filter(|_| received_late) {
            how.push_str("; its receipt says ");
            how.push_str(&utc(at));
            how.push_str(", after the deadline");
        }
        let what = one_line(&filing.words(), 200);
        Self {
            words: format!("met by {what} at {} ({how})", utc(filing.at)),
            late,
            received_late,
            filing,
        }
    }
}

/// A question with its last answer.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Asked {
    /// The question.
    pub question: Question,
    /// The last answer of a person.
    pub answer: Option<AnswerRecord>,
}

/// `5 min`, `3 h 20 min`, `2 d 4 h`; what is less than a minute is told in seconds.
fn lateness(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

impl Shown {
    /// Whether something is still to be done: nothing was handed in that stands, and nothing rules it
    /// out.
    pub const fn is_open(&self) -> bool {
        let done = self.met.is_some() || self.receipt.is_some();
        self.ruled_out.is_none() && (!done || !self.reopened.is_empty())
    }

    /// Whether telling anybody about it can be an offence: papers and calendars that others read keep
    /// silent about it.
    pub fn is_confidential(&self) -> bool {
        self.duty.as_ref().is_some_and(|duty| duty.tipping_off)
    }

    /// Its rule, for a calendar or a mail that others see.
    pub fn discreet(&self) -> &str {
        if self.is_confidential() {
            return "deadline";
        }
        &self.rule
    }

    /// `chosen because … by …` for people; nothing when nobody chose.
    pub fn choice(&self) -> Option<String> {
        let choice = self.chosen.as_ref()?;
        let by = one_line(&choice.by, 80);
        let reason = one_line(&choice.reason, 200);
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
