//! Delays that authorities ask for, in the fold: recorded with their document, and taken back.

use super::check::need;
use super::{CaseState, DelayEnd, DelayRecord, number_after};
use crate::case::event::{Entry, Event};
use crate::time::{Timestamp, utc};

impl CaseState {
    /// Delays.
    pub(super) fn apply_delay(&mut self, event: &Event, entry: &Entry) {
        let by = entry.by.to_string();
        match event {
            Event::DelayRecorded(delay) => {
                let why = format!("{by} recorded a delay at {}", utc(entry.at));
                self.reopen(&why, |rule| {
                    rule.allows_delay && delay.scope.contains(&rule.obligation)
                });
                self.delays.push(DelayRecord {
                    number: number_after(self.delays.len()),
                    delay: delay.clone(),
                    by,
                    at: entry.at,
                    withdrawn: None,
                });
            }
            Event::DelayWithdrawn {
                delay,
                ended,
                reason,
            } => {
                let mut all = self.delays.iter_mut();
                let Some(record) = all.find(|record| record.number == *delay) else {
                    return;
                };
                let (authority, scope) = (&record.delay.authority, record.delay.scope.clone());
                let why = format!(
                    "{by} withdrew at {} the delay that {authority} asked for: {reason}",
                    utc(entry.at)
                );
                record.withdrawn = Some(DelayEnd {
                    ended: *ended,
                    reason: reason.clone(),
                    by,
                    at: entry.at,
                });
                self.reopen(&why, |rule| {
                    rule.allows_delay && scope.contains(&rule.obligation)
                });
            }
            _ => {}
        }
    }

    /// Whether an event about a delay may follow.
    pub(super) fn rule_delay(&self, event: &Event, at: Timestamp) -> Result<(), String> {
        match event {
            Event::DelayRecorded(delay) => {
                need(delay.from < delay.until, "the delay ends before it begins")?;
                need(!delay.scope.is_empty(), "the delay is about no duty")?;
                self.known(&delay.evidence)?;
                let sha256 = |id| self.evidence.get(id).map(|kept| kept.sha256);
                let mut standing = self.delays.iter().filter(|one| one.withdrawn.is_none());
                need(
                    !standing.any(|one| {
                        one.delay.until == delay.until
                            && one.delay.scope == delay.scope
                            && sha256(&one.delay.evidence) == sha256(&delay.evidence)
                    }),
                    "this delay was recorded before, with the same document",
                )
            }
            Event::DelayWithdrawn {
                delay,
                ended,
                reason,
            } => {
                let mut all = self.delays.iter();
                let record = all.find(|record| record.number == *delay);
                let record = record.ok_or("there is no such delay")?;
                need(record.withdrawn.is_none(), "it was withdrawn before")?;
                need(!reason.trim().is_empty(), "a withdrawal needs a reason")?;
                let within = record.delay.from..=record.delay.until;
                let ends = |ended: Timestamp| within.contains(&ended) && ended <= at;
                need(
                    ended.is_none_or(ends),
                    "a delay that is lifted counted until an instant within it that has passed",
                )
            }
            _ => Ok(()),
        }
    }
}
