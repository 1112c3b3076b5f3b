//! Clocks in the fold: what started them and what people decided about them.

use super::check::need;
use super::grounds::{named, together};
use super::{CaseState, Choice, ClockRecord};
use crate::case::event::{ClockStart, Entry, Event};
use crate::time::{SKEW, Timestamp, utc};

impl CaseState {
    /// Clocks, and what people decided about them.
    pub(super) fn apply_clock(&mut self, entry: &Entry) {
        match &entry.event {
            Event::ClockStarted(start) => {
                let new = || ClockRecord {
                    start: start.clone(),
                    chosen: None,
                    candidate: false,
                    receipt: None,
                    earlier: Vec::new(),
                    taken_back: Vec::new(),
                    reopened: Vec::new(),
                };
                // What people decided about it stays, and they hear that more is known.
                let record = self.clocks.entry(start.id.clone()).or_insert_with(new);
                let earlier = record.start != *start;
                record.start.clone_from(start);
                if earlier && self.decided().contains(&start.id) {
                    let why = format!("an earlier start became known at {}", utc(entry.at));
                    if let Some(record) = self.clocks.get_mut(&start.id) {
                        record.reopened.push(why);
                    }
                }
            }
            Event::ClockChosen {
                clock,
                start,
                reason,
                facts,
            } => {
                let starts = self.starts(clock);
                let candidate = starts.iter().any(|one| one.at == *start);
                if let Some(record) = self.clocks.get_mut(clock) {
                    let rule = record.start.due.as_deref();
                    let own = rule.and_then(|rule| rule.trigger.fact());
                    record.candidate = candidate;
                    record.chosen = Some(Choice {
                        start: *start,
                        reason: reason.clone(),
                        by: entry.by.to_string(),
                        at: entry.at,
                        facts: together(facts, own),
                    });
                    record.reopened.clear();
                }
            }
            Event::ClockReceipt { .. } | Event::ClockReceiptWithdrawn { .. } => {
                self.apply_receipt(entry);
            }
            _ => self.apply_instant(entry),
        }
    }

    /// Whether an event about clocks may follow.
    pub(super) fn rule_clock(&self, event: &Event, at: Timestamp) -> Result<(), String> {
        match event {
            Event::ClockStarted(start) => {
                need(
                    !self.starts_with(start).is_empty(),
                    "a clock needs a candidate start",
                )?;
                // Only an earlier instant, learnt later, states a clock anew.
                let earliest = |of: &ClockStart| of.candidates.iter().map(|one| one.at).min();
                let known = self.clocks.get(&start.id).map(|record| &record.start);
                need(
                    known.is_none_or(|known| {
                        let same = (&known.rule, known.seconds, &known.due)
                            == (&start.rule, start.seconds, &start.due);
                        same && match (earliest(start), earliest(known)) {
                            (Some(new), Some(old)) => new < old,
                            (new, None) => new.is_some(),
                            (None, Some(_)) => false,
                        }
                    }),
                    "this clock was started before",
                )
            }
            Event::ClockChosen {
                clock,
                start,
                facts,
                ..
            } => {
                named(facts)?;
                need(self.clocks.contains_key(clock), "there is no such clock")?;
                self.start_named(clock, *start, at).map(|_| ())
            }
            Event::ClockReceiptWithdrawn { clock, reason } => self.rule_taken_back(clock, reason),
            Event::ClockReceipt {
                clock,
                at: had,
                evidence,
                ..
            } => {
                self.rule_receipt(clock, evidence)?;
                need(*had <= at + SKEW, "a receipt does not lie in the future")
            }
            event => self.rule_instant(event, at),
        }
    }
}
