//! Instants and answers in the fold, and what they re-open.
//!
//! A clock that a person chose the start of, or handed in, rests on what was known then. Whatever is
//! learnt later about the same duty re-opens it, with the reason, until a person looks again.

use std::collections::BTreeSet;

use super::check::need;
use super::grounds::{named, together};
use super::{AnswerRecord, CaseState, InstantRecord};
use crate::case::event::due::{Rule, Trigger};
use crate::case::event::{Answer, Entry, Event};
use crate::id::ClockId;
use crate::time::{Timestamp, utc};

impl CaseState {
    /// Instants and answers.
    pub(super) fn apply_instant(&mut self, entry: &Entry) {
        let by = entry.by.to_string();
        match &entry.event {
            Event::InstantRecorded(instant) => {
                let why = format!(
                    "{by} recorded at {} that {} at {}",
                    utc(entry.at),
                    instant.what.about(),
                    utc(instant.at)
                );
                self.reopen(&why, |rule| rule.trigger == instant.what);
                let record = InstantRecord {
                    instant: instant.clone(),
                    by,
                    recorded: entry.at,
                    withdrawn: None,
                };
                self.instants.insert(instant.id.clone(), record);
            }
            Event::InstantWithdrawn { instant, reason } => {
                let Some(record) = self.instants.get_mut(instant) else {
                    return;
                };
                record.withdrawn = Some((reason.clone(), by.clone()));
                let what = record.instant.what;
                let why = format!(
                    "{by} withdrew at {} that {} at {}: {reason}",
                    utc(entry.at),
                    what.about(),
                    utc(record.instant.at)
                );
                self.reopen(&why, |rule| rule.trigger == what);
                self.drop_lost_starts(&why);
            }
            Event::ObligationAnswered {
                obligation,
                question,
                answer,
                reason,
                facts,
            } => {
                let key = (obligation.clone(), question.clone());
                let before = self.answers.get(&key).map(|record| record.answer);
                if before != Some(*answer) {
                    let was = before.map_or("not answered", Answer::name);
                    let why = format!(
                        "{by} answered `{question}` with {} at {} (before: {was})",
                        answer.name(),
                        utc(entry.at)
                    );
                    self.reopen(&why, |rule| rule.obligation == *obligation);
                }
                let asked = self.facts_of(obligation, question);
                let record = AnswerRecord {
                    answer: *answer,
                    reason: reason.clone(),
                    by,
                    at: entry.at,
                    facts: together(facts, asked.iter().map(String::as_str)),
                    reopened: Vec::new(),
                };
                self.answers.insert(key, record);
            }
            event => self.apply_delay(event, entry),
        }
    }

    /// Marks every clock of which a person decided something that rested on what changes now.
    pub(super) fn reopen(&mut self, why: &str, touched: impl Fn(&Rule) -> bool) {
        let decided = self.decided();
        for (id, record) in &mut self.clocks {
            let rule = record.start.due.as_deref();
            if decided.contains(id) && rule.is_some_and(&touched) {
                record.reopened.push(why.to_owned());
            }
        }
    }

    /// The clocks of which a person decided something: the start, or that it was handed in.
    pub(super) fn decided(&self) -> BTreeSet<ClockId> {
        let all = self.clocks.iter();
        let decided =
            all.filter(|(_, record)| record.chosen.is_some() || !self.filed(record).is_empty());
        decided.map(|(id, _)| id.clone()).collect()
    }

    /// Whether such an event may follow.
    pub(super) fn rule_instant(&self, event: &Event, at: Timestamp) -> Result<(), String> {
        match event {
            Event::InstantRecorded(instant) => {
                need(
                    instant.what != Trigger::PreviousStageSubmitted,
                    "a receipt says that a stage was handed in",
                )?;
                need(instant.at <= at, "the instant lies in the future")?;
                need(
                    !self.instants.contains_key(&instant.id),
                    "this id was used before",
                )?;
                instant.evidence.iter().try_for_each(|id| self.known(id))
            }
            Event::InstantWithdrawn { instant, reason } => {
                let record = self.instants.get(instant);
                let record = record.ok_or("there is no such instant")?;
                need(record.withdrawn.is_none(), "it was withdrawn before")?;
                need(!reason.trim().is_empty(), "a withdrawal needs a reason")
            }
            Event::ObligationAnswered { reason, facts, .. } => {
                named(facts)?;
                need(!reason.trim().is_empty(), "an answer needs a reason")
            }
            event => self.rule_delay(event, at),
        }
    }
}
