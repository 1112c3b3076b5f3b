//! The review of notices in the fold: versions, remarks, suggestions, files, and where a text went.

use super::check::need;
use super::{CaseState, Dispatch, NoticeRecord, Proposal, Receipt, Remark, Verdict, Version};
use crate::canon::Digest;
use crate::case::event::{Attachment, Comment, Entry, Event, Evidence, Suggestion};
use crate::id::{EvidenceId, NoticeId};
use crate::time::Timestamp;

impl CaseState {
    /// Takes in what people did to the text of a notice.
    pub(super) fn apply_review(&mut self, entry: &Entry) {
        let (by, at) = (entry.by.to_string(), entry.at);
        let Some(record) = notice_of(&entry.event).and_then(|id| self.notices.get_mut(id)) else {
            return;
        };
        match &entry.event {
            Event::NoticeRevised { .. } => record.revise(&entry.event, by, at),
            Event::NoticeSubmitted { .. } => record.submitted = true,
            Event::NoticeCommented { comment, .. } => record.remarks.push(Remark {
                comment: comment.clone(),
                by,
                at,
                resolved: None,
            }),
            Event::NoticeCommentResolved { comment, .. } => {
                if let Some(remark) = record.remark_mut(*comment) {
                    remark.resolved = Some(by);
                }
            }
            Event::NoticeSuggested { suggestion, .. } => record.proposals.push(Proposal {
                suggestion: suggestion.clone(),
                by,
                at,
                verdict: Verdict::Open,
            }),
            Event::NoticeSuggestionDeclined {
                suggestion, reason, ..
            } => {
                let reason = reason.clone();
                record.decide(*suggestion, Verdict::Declined { by, reason });
            }
            Event::NoticeAttached { attachment, .. } => {
                record.unapprove();
                record.attachments.push(attachment.clone());
            }
            Event::NoticeDetached { name, .. } => {
                record.unapprove();
                record.attachments.retain(|file| file.name != *name);
            }
            Event::NoticeDispatched { how, to, at, .. } => {
                record.dispatched = Some(Dispatch {
                    how: how.clone(),
                    to: to.clone(),
                    at: *at,
                    by,
                });
            }
            Event::NoticeReceipted {
                reference,
                at,
                evidence,
                ..
            } => record.receipts.push(Receipt {
                reference: reference.clone(),
                at: *at,
                by,
                evidence: evidence.clone(),
            }),
            _ => {}
        }
    }

    /// Whether an event about the review of a notice may follow.
    pub(super) fn rule_review(&self, event: &Event, at: Timestamp) -> Result<(), String> {
        let Some(id) = notice_of(event) else {
            return Ok(());
        };
        let record = self.notices.get(id).ok_or("there is no such notice")?;
        if let Event::NoticeReceipted {
            evidence, at: had, ..
        } = event
        {
            need(
                record.is_out(),
                "nothing was handed in that could be answered",
            )?;
            need(*had <= at, "it lies in the future")?;
            return (evidence.iter()).try_for_each(|id| self.rule_kept(record, id).map(drop));
        }
        record.stands()?;
        need(!record.is_out(), "the text went out")?;
        let waits = record.sending.is_some() || record.delayed.is_some();
        need(!waits, "a sending has no end yet")?;
        match event {
            Event::NoticeRevised {
                from,
                text,
                evidence,
                facts,
                takes,
                ..
            } => {
                record.is_text(*from)?;
                need(text != from, "the text is the same")?;
                takes.iter().try_for_each(|one| record.is_open(*one))?;
                self.known(evidence)?;
                facts.iter().try_for_each(|id| self.known(id))
            }
            Event::NoticeSubmitted { text, .. } => {
                need(!record.submitted, "it is in review already")?;
                record.is_text(*text)
            }
            Event::NoticeCommented { comment, .. } => {
                comment.apart.iter().try_for_each(|id| self.apart(id))?;
                record.rule_comment(comment)
            }
            Event::NoticeCommentResolved { comment, .. } => {
                let remark = record.remark(*comment).ok_or("there is no such comment")?;
                need(remark.resolved.is_none(), "the comment is resolved")
            }
            Event::NoticeSuggested { suggestion, .. } => {
                suggestion.apart.iter().try_for_each(|id| self.apart(id))?;
                record.rule_suggestion(suggestion)
            }
            Event::NoticeSuggestionDeclined { suggestion, .. } => record.is_open(*suggestion),
            Event::NoticeAttached { attachment, .. } => self.rule_file(record, attachment),
            Event::NoticeDetached { name, .. } => need(
                record.attachments.iter().any(|file| file.name == *name),
                "no file of this name goes out with it",
            ),
            Event::NoticeDispatched {
                binds,
                to,
                at: when,
                ..
            } => {
                need(
                    record.binds() == *binds && record.lacks(self.approved_at(record, at)) == 0,
                    "this text was not approved by as many people as it needs",
                )?;
                need(*when <= at, "it lies in the future")?;
                self.may_receive(to)
            }
            _ => Ok(()),
        }
    }

    /// Whether a file may go out with a notice.
    fn rule_file(&self, record: &NoticeRecord, file: &Attachment) -> Result<(), String> {
        let kept = self.rule_kept(record, &file.evidence)?;
        need(kept.sha256 == file.sha256, "the hash is another")?;
        record.rule_attachment(file)
    }

    /// Evidence that may be a file of a notice: whoever may read the notice may have it then.
    fn rule_kept(&self, record: &NoticeRecord, id: &EvidenceId) -> Result<&Evidence, String> {
        let kept = self.evidence.get(id);
        let kept = kept.ok_or("it names evidence that was not kept")?;
        let own = self.evidence.get(&record.evidence);
        need(
            !kept.privileged || own.is_some_and(|own| own.privileged),
            "what is counsel's goes with no other text",
        )?;
        Ok(kept)
    }
}

/// The notice that an event of the review is about.
const fn notice_of(event: &Event) -> Option<&NoticeId> {
    match event {
        Event::NoticeRevised { notice, .. }
        | Event::NoticeSubmitted { notice, .. }
        | Event::NoticeCommented { notice, .. }
        | Event::NoticeCommentResolved { notice, .. }
        | Event::NoticeSuggested { notice, .. }
        | Event::NoticeSuggestionDeclined { notice, .. }
        | Event::NoticeAttached { notice, .. }
        | Event::NoticeDetached { notice, .. }
        | Event::NoticeDispatched { notice, .. }
        | Event::NoticeReceipted { notice, .. } => Some(notice),
        _ => None,
    }
}

impl NoticeRecord {
    fn revise(&mut self, event: &Event, by: String, at: Timestamp) {
        let Event::NoticeRevised {
            text,
            evidence,
            facts,
            missing,
            takes,
            reason,
            ..
        } = event
        else {
            return;
        };
        self.unapprove();
        for one in takes {
            let (by, text) = (by.clone(), *text);
            self.decide(*one, Verdict::Taken { by, text });
        }
        self.text = *text;
        self.evidence = evidence.clone();
        self.facts.clone_from(facts);
        self.missing.clone_from(missing);
        self.versions.push(Version {
            text: *text,
            evidence: evidence.clone(),
            at,
            by,
            reason: reason.clone(),
        });
    }

    /// The remark of that number.
    pub fn remark(&self, number: u32) -> Option<&Remark> {
        let mut all = self.remarks.iter();
        all.find(|remark| remark.comment.number == number)
    }

    fn remark_mut(&mut self, number: u32) -> Option<&mut Remark> {
        let mut all = self.remarks.iter_mut();
        all.find(|remark| remark.comment.number == number)
    }

    /// The suggestion of that number.
    pub fn proposal(&self, number: u32) -> Option<&Proposal> {
        let mut all = self.proposals.iter();
        all.find(|one| one.suggestion.number == number)
    }

    fn decide(&mut self, number: u32, verdict: Verdict) {
        let mut all = self.proposals.iter_mut();
        if let Some(one) = all.find(|one| one.suggestion.number == number) {
            one.verdict = verdict;
        }
    }

    fn is_open(&self, number: u32) -> Result<(), String> {
        let one = self.proposal(number).ok_or("there is no such suggestion")?;
        need(one.verdict == Verdict::Open, "the suggestion is decided")
    }

    fn is_text(&self, text: Digest) -> Result<(), String> {
        need(self.text == text, "the text was changed meanwhile")
    }

    fn is_version(&self, text: Digest) -> Result<(), String> {
        need(
            self.versions.iter().any(|version| version.text == text),
            "the notice never had this text",
        )
    }

    fn rule_comment(&self, comment: &Comment) -> Result<(), String> {
        self.is_version(comment.on)?;
        need(
            !comment.text.trim().is_empty() || comment.apart.is_some(),
            "the comment says nothing",
        )?;
        need(
            (comment.answers).is_none_or(|number| self.remark(number).is_some()),
            "the comment that it answers does not exist",
        )?;
        need(
            number_after(self.remarks.len()) == comment.number,
            "comments are numbered one by one",
        )
    }

    fn rule_suggestion(&self, suggestion: &Suggestion) -> Result<(), String> {
        self.is_version(suggestion.on)?;
        need(
            suggestion.before != suggestion.after || suggestion.apart.is_some(),
            "the suggestion changes nothing",
        )?;
        need(
            number_after(self.proposals.len()) == suggestion.number,
            "suggestions are numbered one by one",
        )
    }

    fn rule_attachment(&self, file: &Attachment) -> Result<(), String> {
        // It goes out under this name and no other.
        need(
            crate::hostile::file_name(&file.name) == file.name,
            "a file that goes out needs a plain name",
        )?;
        need(
            self.attachments.iter().all(|known| known.name != file.name),
            "a file of this name goes out with it already",
        )
    }
}

/// The number that comes after so many.
pub fn number_after(known: usize) -> u32 {
    u32::try_from(known).unwrap_or(u32::MAX).saturating_add(1)
}
