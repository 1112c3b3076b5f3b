//! A notice in the fold: its versions, what people said of them, and where the last one went.

use std::fmt::Write as _;

use super::deed::Deed;
use super::record::{Bounce, Delayed, MailRecord};
use crate::canon::Digest;
use crate::case::event::{Attachment, Brought, Comment, Quorum, Serves, Signed, Suggestion};
use crate::id::{EvidenceId, NoticeId};
use crate::time::Timestamp;

/// One text of a notice. Every one that ever stood is kept.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Version {
    /// The SHA-256 of the text.
    pub text: Digest,
    /// Where it is kept.
    pub evidence: EvidenceId,
    /// When it was made.
    pub at: Timestamp,
    /// Who made it. Hostile text.
    pub by: String,
    /// Why. Hostile text.
    pub reason: String,
}

/// A remark on a notice, and whether it is settled.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Remark {
    /// The remark.
    pub comment: Comment,
    /// Who wrote it down here.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Who settled it.
    pub resolved: Option<String>,
}

impl Remark {
    /// Who wrote it. Hostile text.
    pub fn author(&self) -> &str {
        Brought::author(self.comment.brought.as_ref(), &self.by)
    }

    /// When it was written.
    pub fn written(&self) -> Timestamp {
        Brought::written(self.comment.brought.as_ref(), self.at)
    }
}

/// What became of a suggestion.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Verdict {
    /// Nobody decided.
    Open,
    /// A version takes it up.
    Taken {
        /// Who took it.
        by: String,
        /// That version.
        text: Digest,
    },
    /// Somebody declined it.
    Declined {
        /// Who.
        by: String,
        /// Why. Hostile text.
        reason: String,
    },
}

/// A suggestion and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Proposal {
    /// The suggestion.
    pub suggestion: Suggestion,
    /// Who wrote it down here.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// What became of it.
    pub verdict: Verdict,
}

impl Proposal {
    /// Who wrote it. Hostile text.
    pub fn author(&self) -> &str {
        Brought::author(self.suggestion.brought.as_ref(), &self.by)
    }

    /// When it was written.
    pub fn written(&self) -> Timestamp {
        Brought::written(self.suggestion.brought.as_ref(), self.at)
    }
}

/// Where an approved text went by a person's hand.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Dispatch {
    /// `portal`, `post`, `mail`, `hand` or `telephone`.
    pub how: String,
    /// To whom. Hostile text.
    pub to: String,
    /// When.
    pub at: Timestamp,
    /// Who did it.
    pub by: String,
}

/// What the addressee answered, as a person wrote it down.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Receipt {
    /// A reference. Hostile text.
    pub reference: String,
    /// When it was had.
    pub at: Timestamp,
    /// Who wrote it down.
    pub by: String,
    /// Files that show it.
    pub evidence: Vec<EvidenceId>,
}

/// A notice as the log tells it.
#[derive(Debug, Clone)]
pub struct NoticeRecord {
    /// The template.
    pub template: String,
    /// The digest of the text as it stands.
    pub text: Digest,
    /// Where the text is kept.
    pub evidence: EvidenceId,
    /// The evidence behind its facts.
    pub facts: Vec<EvidenceId>,
    /// Where its facts are kept as they stood; `None` in logs of before they were.
    pub facts_kept: Option<EvidenceId>,
    /// Facts that it lacks.
    pub missing: Vec<String>,
    /// What it would say and the case has, left out as a suspicion.
    pub withheld: Vec<String>,
    /// Every text, the first first; the last is the one that stands.
    pub versions: Vec<Version>,
    /// Who did what to it, in the order of the log.
    pub deeds: Vec<Deed>,
    /// Whether it was given to those who review it.
    pub submitted: bool,
    /// Remarks, in the order of their numbers.
    pub remarks: Vec<Remark>,
    /// Suggestions, in the order of their numbers.
    pub proposals: Vec<Proposal>,
    /// Files that go out with it, by name.
    pub attachments: Vec<Attachment>,
    /// Whose approval it needs; `None` means any one person.
    pub approval: Option<Quorum>,
    /// Approvals of exactly this text with these attachments.
    pub approvals: Vec<Signed>,
    /// Approvals that a later change made void.
    pub void: Vec<Signed>,
    /// A sending that was begun and has no end, by message id.
    pub sending: Option<String>,
    /// Every mail that was begun, by message id, in order.
    pub mails: Vec<MailRecord>,
    /// The mail that the server asked to have later.
    pub delayed: Option<Delayed>,
    /// Why the end of the sending is not known, when something was seen of it.
    pub unclear: Option<String>,
    /// What came back.
    pub bounces: Vec<Bounce>,
    /// The stages of duties that it answers.
    pub serves: Vec<Serves>,
    /// The message id and the server's answer.
    pub sent: Option<(String, String)>,
    /// When the server took it, and whose sending it was.
    pub sent_at: Option<(Timestamp, String)>,
    /// Where a person took it.
    pub dispatched: Option<Dispatch>,
    /// What the addressee answered, the first first.
    pub receipts: Vec<Receipt>,
    /// The later draft of the same template that takes its place; it can neither be approved nor sent.
    pub replaced_by: Option<NoticeId>,
}

impl NoticeRecord {
    /// What an approval binds: the text; with attachments, the text and each of them by name and hash.
    pub fn binds(&self) -> Digest {
        bound(self.text, &self.attachments)
    }

    /// Whether it left: by mail from here, or by a person's hand.
    pub const fn is_out(&self) -> bool {
        self.sent.is_some() || self.dispatched.is_some()
    }

    /// When it left, and who let it. What a person handed in cannot have left before its text was
    /// made, whatever was written down.
    pub fn left(&self) -> Option<(Timestamp, &str)> {
        if let Some((at, by)) = &self.sent_at {
            return Some((*at, by));
        }
        let went = self.dispatched.as_ref()?;
        let made = self.versions.last().map(|version| version.at);
        Some((made.map_or(went.at, |made| made.max(went.at)), &went.by))
    }

    /// How many suggestions nobody decided, and comments nobody settled.
    pub fn open(&self) -> usize {
        let remarks = self.remarks.iter().filter(|one| one.resolved.is_none());
        let proposals = self.proposals.iter();
        remarks.count() + proposals.filter(|one| one.verdict == Verdict::Open).count()
    }

    /// What was changed makes every approval void.
    pub(super) fn unapprove(&mut self) {
        self.void.append(&mut self.approvals);
    }
}

/// What an approval of a text with attachments binds.
pub fn bound(text: Digest, attachments: &[Attachment]) -> Digest {
    if attachments.is_empty() {
        return text;
    }
    let mut all = format!("text sha256:{text}\n");
    let mut files: Vec<&Attachment> = attachments.iter().collect();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    for file in files {
        // A name holds no line end: the rule for attachments refuses it.
        let _ = writeln!(all, "file sha256:{} {}", file.sha256, file.name);
    }
    Digest::of(all.as_bytes())
}
