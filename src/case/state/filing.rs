//! What was handed in: stages of duties that a notice met, or that a person says were met elsewhere.
//!
//! A stage is met when a notice that answers it left, or when somebody recorded its receipt. Nothing
//! else meets it: no draft, no approval, no draft that a later one replaced.

use super::check::need;
use super::{CaseState, ClockRecord, NoticeRecord, ReceiptRecord, TakenBack};
use crate::case::event::due::{Rule, Serves, Trigger};
use crate::case::event::{Entry, Event};
use crate::id::{ClockId, EvidenceId, NoticeId};
use crate::time::{Timestamp, utc};

/// One filing that meets a stage of a duty.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Filed {
    /// The notice that left; nothing for what was handed in outside of Cordon.
    pub notice: Option<NoticeId>,
    /// When it left: what a person handed in not before its text was made.
    pub at: Timestamp,
    /// When it left by a person's word; what follows it is counted from here.
    pub said: Timestamp,
    /// Whether it came back, and nobody had it as far as is known.
    pub came_back: bool,
    /// How the addressee names it, where that is known. Hostile text.
    pub reference: Option<String>,
    /// When the addressee had it, as its receipt says.
    pub received: Option<Timestamp>,
    /// Who let it leave, or who recorded it. Hostile text.
    pub by: String,
    /// What shows it.
    pub evidence: Vec<EvidenceId>,
}

impl Filed {
    /// `notice notice_… ` or `a filing outside of Cordon`, with the reference.
    pub fn words(&self) -> String {
        let what = match &self.notice {
            Some(notice) => format!("notice {notice}"),
            None => "a filing outside of Cordon".to_owned(),
        };
        match &self.reference {
            Some(reference) => format!("{what} ({reference})"),
            None => what,
        }
    }

    fn of_receipt(receipt: &ReceiptRecord) -> Self {
        Self {
            notice: None,
            at: receipt.at,
            said: receipt.at,
            came_back: false,
            reference: Some(receipt.reference.clone()),
            received: None,
            by: receipt.by.clone(),
            evidence: receipt.evidence.clone(),
        }
    }

    fn of_notice(id: &NoticeId, record: &NoticeRecord) -> Option<Self> {
        let (at, by) = record.left()?;
        let handed = record.dispatched.as_ref().map(|went| went.at);
        let receipt = record.receipts.first();
        Some(Self {
            notice: Some(id.clone()),
            at,
            said: handed
                .filter(|_| record.sent_at.is_none())
                .unwrap_or(at)
                .min(at),
            came_back: receipt.is_none() && !record.bounces.is_empty(),
            reference: receipt
                .map(|receipt| receipt.reference.clone())
                .filter(|reference| !reference.is_empty()),
            received: receipt.map(|receipt| receipt.at),
            by: by.to_owned(),
            evidence: receipt.map_or_else(Vec::new, |receipt| receipt.evidence.clone()),
        })
    }
}

impl CaseState {
    /// Everything that meets what a clock waits for, the earliest first.
    pub fn filed(&self, record: &ClockRecord) -> Vec<Filed> {
        let Some(rule) = record.start.due.as_deref() else {
            let own = record.receipt.as_ref();
            return own.map(Filed::of_receipt).into_iter().collect();
        };
        let mut filed = self.filed_as(&rule.obligation, rule.filing());
        filed.extend(self.left_for(&rule.obligation, rule.stage));
        filed.sort_by(Self::before);
        filed.dedup();
        filed
    }

    /// Everything that was handed in as this stage of a duty, or as another whose filing is the same.
    pub(super) fn filed_as(&self, obligation: &str, stage: u8) -> Vec<Filed> {
        let clocks = self.clocks.values().filter_map(|record| {
            let rule = record.start.due.as_deref()?;
            let same = rule.obligation == obligation && rule.filing() == stage;
            same.then(|| record.earlier.iter().chain(&record.receipt))
        });
        let mut filed: Vec<Filed> = clocks.flatten().map(Filed::of_receipt).collect();
        filed.extend(self.left_for(obligation, stage));
        filed.sort_by(Self::before);
        filed
    }

    /// The earliest that did not come back is what meets a stage.
    fn before(one: &Filed, other: &Filed) -> std::cmp::Ordering {
        let key = |filed: &Filed| (filed.came_back, filed.at, filed.notice.clone());
        key(one).cmp(&key(other))
    }

    fn left_for(&self, obligation: &str, stage: u8) -> impl Iterator<Item = Filed> {
        let notices = self.notices.iter().filter(move |(_, record)| {
            let mut serves = record.serves.iter();
            serves.any(|one| one.obligation == obligation && one.stage == stage)
        });
        notices.filter_map(|(id, record)| Filed::of_notice(id, record))
    }

    /// The drafts that answer what a clock waits for and can still go out.
    pub fn drafts_for(&self, rule: &Rule) -> Vec<NoticeId> {
        let open = self.notices.iter().filter(|(_, record)| {
            let mut serves = record.serves.iter();
            record.replaced_by.is_none()
                && !record.is_out()
                && serves.any(|one| one.obligation == rule.obligation && one.stage == rule.stage)
        });
        open.map(|(id, _)| id.clone()).collect()
    }

    /// What a notice that leaves, or comes back, does to clocks.
    pub(super) fn apply_filing(&mut self, event: &Event, at: Timestamp) {
        let (notice, why) = match event {
            Event::NoticeSent { notice, .. } | Event::NoticeDispatched { notice, .. } => {
                (notice, None)
            }
            Event::NoticeBounced { notice, status, .. } => {
                let told = format!(
                    "{notice} came back, as was taken in at {}: {status}",
                    utc(at)
                );
                (notice, Some(told))
            }
            _ => return,
        };
        let Some(record) = self.notices.get(notice) else {
            return;
        };
        for Serves { obligation, stage } in record.serves.clone() {
            if let Some(why) = &why {
                self.reopen(why, |rule| {
                    rule.obligation == obligation && rule.stage == stage
                });
            } else {
                self.handed_in(&obligation, stage, &notice.to_string());
            }
        }
    }

    /// A receipt that a person records, or takes back.
    pub(super) fn apply_receipt(&mut self, entry: &Entry) {
        let by = entry.by.to_string();
        match &entry.event {
            Event::ClockReceipt {
                clock,
                reference,
                at,
                evidence,
            } => {
                let Some(record) = self.clocks.get_mut(clock) else {
                    return;
                };
                let before = record.receipt.replace(ReceiptRecord {
                    reference: reference.clone(),
                    at: *at,
                    evidence: evidence.clone(),
                    by,
                });
                let yearly = record.start.due.as_deref().is_some_and(Rule::is_yearly);
                record.earlier.extend(before.filter(|_| yearly));
                record.reopened.clear();
                if let Some(rule) = record.start.due.clone() {
                    self.handed_in(&rule.obligation, rule.filing(), reference);
                }
            }
            Event::ClockReceiptWithdrawn { clock, reason } => {
                let Some(record) = self.clocks.get_mut(clock) else {
                    return;
                };
                let Some(receipt) = record.receipt.take() else {
                    return;
                };
                record.receipt = record.earlier.pop();
                let why = format!(
                    "{by} took back at {} that it was handed in at {} ({}): {reason}",
                    utc(entry.at),
                    utc(receipt.at),
                    receipt.reference
                );
                record.taken_back.push(TakenBack {
                    receipt,
                    reason: reason.clone(),
                    by,
                    at: entry.at,
                });
                if let Some(rule) = record.start.due.clone() {
                    let (duty, stage) = (rule.obligation.clone(), rule.filing());
                    self.reopen(&why, |next| follows(next, &duty, stage));
                }
                self.drop_lost_starts(&why);
            }
            _ => {}
        }
    }

    /// A stage was handed in: its clocks are looked at anew, and so is what is counted from another
    /// filing of it.
    fn handed_in(&mut self, obligation: &str, stage: u8, reference: &str) {
        for record in self.clocks.values_mut() {
            let rule = record.start.due.as_deref();
            if rule.is_some_and(|rule| {
                rule.obligation == obligation && (rule.filing() == stage || rule.stage == stage)
            }) {
                record.reopened.clear();
            }
        }
        let why = format!("stage {stage} has a new receipt: {reference}");
        self.reopen(&why, |next| follows(next, obligation, stage));
    }

    /// Whether an event about a receipt may follow.
    pub(super) fn rule_receipt(
        &self,
        clock: &ClockId,
        evidence: &[EvidenceId],
    ) -> Result<(), String> {
        need(self.clocks.contains_key(clock), "there is no such clock")?;
        evidence.iter().try_for_each(|id| self.known(id))
    }

    /// Whether a receipt may be taken back.
    pub(super) fn rule_taken_back(&self, clock: &ClockId, reason: &str) -> Result<(), String> {
        let record = self.clocks.get(clock).ok_or("there is no such clock")?;
        need(record.receipt.is_some(), "nobody recorded a receipt of it")?;
        need(!reason.trim().is_empty(), "a withdrawal names its reason")
    }
}

/// Whether a stage is counted from the filing of another.
fn follows(rule: &Rule, obligation: &str, stage: u8) -> bool {
    rule.trigger == Trigger::PreviousStageSubmitted
        && rule.obligation == obligation
        && rule.after == Some(stage)
}

/// Whether a notice can answer these stages.
pub(super) fn rule_serves(serves: &[Serves]) -> Result<(), String> {
    for (place, one) in serves.iter().enumerate() {
        need(
            !one.obligation.is_empty() && one.stage > 0,
            "a notice answers a stage of a duty, counted from 1",
        )?;
        need(
            serves.iter().skip(place + 1).all(|other| other != one),
            "a notice names a stage that it answers once",
        )?;
    }
    Ok(())
}
