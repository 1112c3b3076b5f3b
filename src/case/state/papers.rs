//! Notices in the fold: drafts, approvals, sendings.

use super::check::need;
use super::filing::rule_serves;
use super::{CaseState, NoticeRecord, Version};
use crate::case::event::{Entry, Event, Quorum};
use crate::time::Timestamp;

impl CaseState {
    /// Notices.
    pub(super) fn apply_paper(&mut self, entry: &Entry) {
        match &entry.event {
            Event::NoticeDrafted {
                notice,
                template,
                text,
                evidence,
                facts,
                missing,
                approval,
                facts_kept,
                serves,
                suspicion,
                withheld,
            } => {
                self.replace(template, notice);
                let drafted = "drafted from the facts of the case";
                let reason = if *suspicion {
                    format!("{drafted}, with what is suspected")
                } else {
                    drafted.to_owned()
                };
                self.notices.insert(
                    notice.clone(),
                    NoticeRecord {
                        template: template.clone(),
                        text: *text,
                        evidence: evidence.clone(),
                        facts: facts.clone(),
                        facts_kept: facts_kept.clone(),
                        missing: missing.clone(),
                        withheld: withheld.clone(),
                        versions: vec![Version {
                            text: *text,
                            evidence: evidence.clone(),
                            at: entry.at,
                            by: entry.by.to_string(),
                            reason,
                        }],
                        deeds: Vec::new(),
                        submitted: false,
                        remarks: Vec::new(),
                        proposals: Vec::new(),
                        attachments: Vec::new(),
                        approval: approval.clone(),
                        approvals: Vec::new(),
                        void: Vec::new(),
                        sending: None,
                        mails: Vec::new(),
                        delayed: None,
                        unclear: None,
                        bounces: Vec::new(),
                        serves: serves.clone(),
                        sent: None,
                        sent_at: None,
                        dispatched: None,
                        receipts: Vec::new(),
                        replaced_by: None,
                    },
                );
            }
            Event::NoticeApproved { notice, signed, .. } => self.approve(notice, signed),
            _ => {
                self.apply_fact(entry);
                self.apply_outbox(entry);
                self.apply_review(entry);
                self.apply_filing(&entry.event, entry.at);
                self.apply_clock(entry);
            }
        }
        self.apply_deed(entry);
    }

    /// Whether an event about notices may follow.
    pub(super) fn rule_paper(&self, event: &Event, at: Timestamp) -> Result<(), String> {
        match event {
            Event::NoticeDrafted {
                evidence,
                facts,
                approval,
                facts_kept,
                serves,
                ..
            } => {
                rule_serves(serves)?;
                let asks = |of: &Quorum| of.people > 0 && !of.roles.is_empty();
                need(
                    approval.as_ref().is_none_or(asks),
                    "a notice that nobody has to approve",
                )?;
                self.known(evidence)?;
                facts_kept.iter().try_for_each(|id| self.known(id))?;
                facts.iter().try_for_each(|id| self.known(id))
            }
            Event::NoticeApproved {
                notice,
                text,
                signed,
                apart,
            } => {
                let record = self.notices.get(notice).ok_or("there is no such notice")?;
                record.stands()?;
                need(record.binds() == *text, "the approval binds another text")?;
                need(!record.is_out(), "the text went out")?;
                self.not_again(&record.approvals, &signed.person)?;
                if *apart {
                    self.may_approve_others(record, &signed.person)?;
                }
                let roles = record.approval.as_ref().map(|of| of.roles.as_slice());
                self.may_decide(roles, &signed.person)
            }
            event => {
                self.rule_fact(event)?;
                self.rule_outbox(event, at)?;
                self.rule_review(event, at)?;
                self.rule_clock(event, at)
            }
        }
    }
}
