//! What the timeline keeps silent about: reports that telling anybody of can be an offence.
//!
//! The timeline is read by many and given away; the log tells all of it to who may read that.

use std::collections::BTreeSet;

use super::{Moment, MomentSource, moment};
use crate::case::event::due::Trigger;
use crate::case::event::{Entry, Event};
use crate::case::state::{CaseState, ClockRecord};
use crate::clock::{CONFIDENTIAL, Catalogue};
use crate::id::{ClockId, NoticeId};

/// The duties of a case that nobody may be told of.
pub(super) struct Quiet<'a> {
    state: &'a CaseState,
    duties: BTreeSet<&'a str>,
}

impl<'a> Quiet<'a> {
    /// Those whose clocks say so, and those of the catalogue: a report can be written before its clock
    /// runs.
    pub(super) fn of(state: &'a CaseState) -> Self {
        let rules = state.clocks.values().filter_map(|record| rule(record));
        let running = rules.filter(|rule| rule.tipping_off);
        let mut duties: BTreeSet<&str> = running.map(|rule| rule.obligation.as_str()).collect();
        let shipped = Catalogue::shipped().into_iter().flat_map(Catalogue::all);
        let known = shipped.filter(|one| one.tipping_off);
        duties.extend(known.map(|one| one.id.as_str()));
        Self { state, duties }
    }

    /// What the timeline says of an event instead; `None` where it says what it is.
    pub(super) fn instead(&self, entry: &Entry) -> Option<Vec<Moment>> {
        use MomentSource::{Action, Clock};
        let source = if self.tells_of_notice(&entry.event) {
            Action
        } else if self.tells_of_clock(&entry.event) {
            Clock
        } else {
            return None;
        };
        let what = match source {
            Action => "A confidential notice",
            _ => CONFIDENTIAL,
        };
        let mut told = moment(entry, source, what);
        // When it is due tells nobody what it is.
        if let Event::ClockStarted(start) = &entry.event
            && let Some(record) = self.state.clocks.get(&start.id)
            && let Some(shown) = crate::clock::of(self.state, record, entry.at)
        {
            told.at = shown.due;
            told.text.push_str(": due");
        }
        Some(vec![told])
    }

    fn tells_of_clock(&self, event: &Event) -> bool {
        match event {
            Event::ClockStarted(start) => self.clock(&start.id),
            Event::ClockChosen { clock, .. }
            | Event::ClockReceipt { clock, .. }
            | Event::ClockReceiptWithdrawn { clock, .. } => self.clock(clock),
            Event::ObligationAnswered { obligation, .. } => {
                self.duties.contains(obligation.as_str())
            }
            Event::DelayRecorded(delay) => self.covers(&delay.scope),
            Event::DelayWithdrawn { delay, .. } => {
                let mut all = self.state.delays.iter();
                let record = all.find(|record| record.number == *delay);
                record.is_some_and(|record| self.covers(&record.delay.scope))
            }
            Event::InstantRecorded(instant) => instant.what == Trigger::FactsForSarDetected,
            Event::InstantWithdrawn { instant, .. } => {
                let record = self.state.instants.get(instant);
                record.is_some_and(|record| record.instant.what == Trigger::FactsForSarDetected)
            }
            _ => false,
        }
    }

    fn tells_of_notice(&self, event: &Event) -> bool {
        match event {
            Event::NoticeDrafted { notice, .. }
            | Event::NoticeApproved { notice, .. }
            | Event::NoticeRevised { notice, .. }
            | Event::NoticeSent { notice, .. }
            | Event::NoticeDispatched { notice, .. }
            | Event::NoticeReceipted { notice, .. }
            | Event::NoticeRefused { notice, .. }
            | Event::NoticeDelayed { notice, .. }
            | Event::NoticeUnclear { notice, .. }
            | Event::NoticeBounced { notice, .. } => self.notice(notice),
            _ => false,
        }
    }

    fn covers(&self, scope: &[String]) -> bool {
        let mut scope = scope.iter();
        scope.any(|id| self.duties.contains(id.as_str()))
    }

    fn clock(&self, id: &ClockId) -> bool {
        let rule = self.state.clocks.get(id).and_then(rule);
        rule.is_some_and(|rule| self.duties.contains(rule.obligation.as_str()))
    }

    fn notice(&self, id: &NoticeId) -> bool {
        self.state.notices.get(id).is_some_and(|record| {
            let mut serves = record.serves.iter();
            serves.any(|one| self.duties.contains(one.obligation.as_str()))
        })
    }
}

fn rule(record: &ClockRecord) -> Option<&crate::case::event::due::Rule> {
    record.start.due.as_deref()
}
