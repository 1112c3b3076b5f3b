//! The outbox in the fold: a mail that was begun ends as sent, refused, delayed or unclear, and may come
//! back. Nothing is begun twice while its end is not known, unless a person says so.

use super::check::need;
use super::{Bounce, CaseState, Delayed, MailRecord, NoticeRecord};
use crate::case::event::{Actor, Entry, Event};
use crate::id::NoticeId;
use crate::time::Timestamp;

impl CaseState {
    /// Sendings and what came back.
    pub(super) fn apply_outbox(&mut self, entry: &Entry) {
        let (Event::NoticeSending { notice, .. }
        | Event::NoticeSent { notice, .. }
        | Event::NoticeRefused { notice, .. }
        | Event::NoticeDelayed { notice, .. }
        | Event::NoticeUnclear { notice, .. }
        | Event::NoticeBounced { notice, .. }) = &entry.event
        else {
            return;
        };
        if let Some(record) = self.notices.get_mut(notice) {
            record.take_in(entry);
        }
    }

    /// Whether an event about a sending may follow.
    pub(super) fn rule_outbox(&self, event: &Event, at: Timestamp) -> Result<(), String> {
        match event {
            Event::NoticeSending {
                notice,
                text,
                to,
                mail,
                message_id,
                ..
            } => {
                let record = self.notice(notice)?;
                record.stands()?;
                to.iter().try_for_each(|one| self.may_receive(one))?;
                need(
                    record.binds() == *text && record.lacks(self.approved_at(record, at)) == 0,
                    "this text was not approved by as many people as it needs",
                )?;
                // One mail at a time: what has no end is repeated as it is, or not at all.
                let begun = record.sending.as_ref();
                need(
                    begun.is_none_or(|begun| begun == message_id),
                    "another sending of it has no end yet",
                )?;
                mail.iter().try_for_each(|mail| self.known(mail))?;
                need(!record.is_out(), "it went out before")
            }
            Event::NoticeSent {
                notice, message_id, ..
            }
            | Event::NoticeRefused {
                notice, message_id, ..
            }
            | Event::NoticeDelayed {
                notice, message_id, ..
            }
            | Event::NoticeUnclear {
                notice, message_id, ..
            } => need(
                self.notice(notice)?.sending.as_ref() == Some(message_id),
                "no sending with this message id was begun",
            ),
            Event::NoticeBounced {
                notice,
                message_id,
                evidence,
                ..
            } => {
                let mails = &self.notice(notice)?.mails;
                need(
                    mails.iter().any(|mail| mail.message_id == *message_id),
                    "no mail with this message id was begun",
                )?;
                self.known(evidence)
            }
            _ => Ok(()),
        }
    }

    /// The engine repeats what a person began and the server asked to have later, and begins nothing. A
    /// person who approved does not send where the configuration asks for that.
    pub(super) fn rule_sender(&self, entry: &Entry) -> Result<(), String> {
        let (notice, message_id, apart) = match &entry.event {
            Event::NoticeSending {
                notice,
                message_id,
                apart,
                ..
            } => (notice, Some(message_id), apart),
            Event::NoticeDispatched { notice, apart, .. } => (notice, None, apart),
            _ => return Ok(()),
        };
        let record = self.notice(notice)?;
        match &entry.by {
            Actor::Engine => {
                let waits = record.delayed.as_ref();
                let same = waits.is_some_and(|waits| message_id == Some(&waits.message_id));
                need(
                    same && record.sending.is_none(),
                    "only people begin a sending",
                )
            }
            Actor::Person(name) if *apart => self.may_send_others(record, name),
            Actor::Operator(_) => need(!*apart, "who sends it is not known by name"),
            Actor::Intake(_) => Err("only people let a notice out".to_owned()),
            Actor::Person(_) => Ok(()),
        }
    }

    /// Whether nobody who approved a notice is `person`, under this name or another.
    ///
    /// # Errors
    /// The reason why not.
    pub fn may_send_others(&self, record: &NoticeRecord, person: &str) -> Result<(), String> {
        let approved = |name: &str| name == person || self.is_another_name_of(name, person);
        let mut names = record.approvals.iter().map(|signed| signed.person.as_str());
        need(!names.any(approved), "who approved it does not send it")
    }

    fn notice(&self, id: &NoticeId) -> Result<&NoticeRecord, String> {
        let found = self.notices.get(id);
        found.ok_or_else(|| "there is no such notice".to_owned())
    }
}

impl NoticeRecord {
    fn take_in(&mut self, entry: &Entry) {
        match &entry.event {
            Event::NoticeSending {
                message_id,
                to,
                mail,
                sealed,
                ..
            } => {
                self.sending = Some(message_id.clone());
                self.unclear = None;
                if !self
                    .mails
                    .iter()
                    .any(|known| known.message_id == *message_id)
                {
                    self.mails.push(MailRecord {
                        message_id: message_id.clone(),
                        to: to.clone(),
                        mail: mail.clone(),
                        sealed: sealed.clone(),
                        since: entry.at,
                    });
                }
            }
            Event::NoticeSent {
                message_id, reply, ..
            } => {
                self.settle();
                self.sent = Some((message_id.clone(), reply.clone()));
                self.sent_at = Some((entry.at, entry.by.to_string()));
            }
            Event::NoticeRefused { .. } => self.settle(),
            Event::NoticeDelayed {
                message_id,
                why,
                again,
                ..
            } => {
                let before = self.delayed.take();
                let before = before.filter(|before| before.message_id == *message_id);
                self.settle();
                self.delayed = Some(Delayed {
                    message_id: message_id.clone(),
                    why: why.clone(),
                    attempts: before.as_ref().map_or(0, |before| before.attempts) + 1,
                    since: before.map_or(entry.at, |before| before.since),
                    again: *again,
                });
            }
            Event::NoticeUnclear { why, .. } => self.unclear = Some(why.clone()),
            Event::NoticeBounced {
                message_id,
                recipient,
                status,
                evidence,
                ..
            } => self.bounces.push(Bounce {
                message_id: message_id.clone(),
                recipient: recipient.clone(),
                status: status.clone(),
                evidence: evidence.clone(),
                at: entry.at,
            }),
            _ => {}
        }
    }

    fn settle(&mut self) {
        self.sending = None;
        self.unclear = None;
        self.delayed = None;
    }
}
