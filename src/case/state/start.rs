//! Which instants may start a clock.

use jiff::SignedDuration;

use super::CaseState;
use crate::case::event::due::Trigger;
use crate::case::event::{ClockStart, Reading};
use crate::id::ClockId;
use crate::time::{Timestamp, utc};

/// How long before everything that the case knows a clock may have started.
const BEFORE: SignedDuration = SignedDuration::from_hours(24 * 30);

/// A start that a person named, and what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// One of the readings that the case gives reason for: this instant, to its last digit.
    Reading(Timestamp),
    /// Another instant that can be.
    Other(Timestamp),
}

impl CaseState {
    /// Every instant that the case gives reason for as the start of a clock: its candidates, and each
    /// reading of the demand whose deadline it watches.
    pub fn starts(&self, clock: &ClockId) -> Vec<Reading> {
        let record = self.clocks.get(clock);
        let candidates = record.map(|record| self.starts_with(&record.start));
        let watched = self.contacts.iter();
        let watched = watched
            .filter(|contact| ClockId::of(&["contact.demand", contact.id.as_str()]) == *clock);
        let deadlines = watched.flat_map(|contact| &contact.deadlines);
        let readings = deadlines.flat_map(|deadline| &deadline.readings);
        let mut starts: Vec<Reading> = candidates
            .unwrap_or_default()
            .into_iter()
            .chain(readings.cloned())
            .collect();
        starts.sort_by_key(|reading| reading.at);
        starts.dedup_by_key(|reading| reading.at);
        starts
    }

    /// Every instant that may start this: what it was begun with, what people recorded of that kind,
    /// and the receipts of the stage before. The earliest first.
    pub fn starts_with(&self, start: &ClockStart) -> Vec<Reading> {
        let mut readings = start.candidates.clone();
        if let Some(rule) = start.due.as_deref() {
            let recorded = self
                .instants
                .values()
                .filter(|record| record.withdrawn.is_none() && record.instant.what == rule.trigger);
            readings.extend(recorded.map(|record| Reading {
                at: record.instant.at,
                how: record.how(),
            }));
            let after = rule
                .after
                .filter(|_| rule.trigger == Trigger::PreviousStageSubmitted);
            let before = after.map(|stage| (stage, self.filed_as(&rule.obligation, stage)));
            readings.extend(before.into_iter().flat_map(|(stage, filed)| {
                filed.into_iter().map(move |filed| Reading {
                    at: filed.said,
                    how: format!("stage {stage} was handed in by {}", filed.words()),
                })
            }));
        }
        readings.sort_by_key(|reading| reading.at);
        readings
    }

    /// What a start is that a person names for a clock at `now`. People name whole seconds.
    ///
    /// # Errors
    /// It lies in the future, or long before everything that the case knows.
    pub fn start_named(
        &self,
        clock: &ClockId,
        start: Timestamp,
        now: Timestamp,
    ) -> Result<Named, String> {
        let starts = self.starts(clock);
        let mut same = starts.iter().map(|reading| reading.at);
        if let Some(reading) = same.find(|at| at.as_second() == start.as_second()) {
            return Ok(Named::Reading(reading));
        }
        let kept = self.evidence.values().map(|evidence| evidence.at);
        let contacts = self.contacts.iter().map(|contact| contact.received);
        let known = starts
            .iter()
            .map(|reading| reading.at)
            .chain(kept)
            .chain(contacts);
        let first = known.chain(self.opened).min().unwrap_or(now);
        let first = first.checked_sub(BEFORE).unwrap_or(first);
        // A deadline that a demand sets lies ahead; what it says bounds it.
        let last = starts.iter().map(|reading| reading.at).chain([now]).max();
        let last = last.unwrap_or(now);
        if start < first || start > last {
            return Err(format!(
                "the start of this clock lies between {} and {}",
                utc(first),
                utc(last)
            ));
        }
        Ok(Named::Other(start))
    }
}
