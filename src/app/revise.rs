//! The review of a notice: remarks, other words, versions. Every one of them is in the log.

use super::desk::Desk;
use crate::canon::Digest;
use crate::case::event::{Brought, Comment, Event, Suggestion};
use crate::case::state::{CaseState, NoticeRecord, Verdict, number_after};
use crate::document::{Change, Document};
use crate::fault::{Fault, Result};
use crate::id::NoticeId;
use crate::notice::revision::{self, Revised};

/// The longest remark, or other words for a block, characters.
const LONGEST: usize = 20_000;

/// A remark that somebody makes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remarked {
    /// The version that it is about; `None` for the text as it stands.
    pub on: Option<Digest>,
    /// The block; `None` for the whole text.
    pub block: Option<usize>,
    /// The words that it is about.
    pub quote: String,
    /// What it says.
    pub text: String,
    /// The comment that it answers.
    pub answers: Option<u32>,
    /// Who wrote it elsewhere.
    pub brought: Option<Brought>,
}

/// Other words that somebody suggests for a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggested {
    /// The version that it was written on; `None` for the text as it stands.
    pub on: Option<Digest>,
    /// The block, and its words before and after.
    pub change: Change,
    /// Why.
    pub reason: String,
    /// Who wrote it elsewhere.
    pub brought: Option<Brought>,
}

impl Remarked {
    /// As it is written down; its number is given then.
    pub(super) fn ready(self, record: &NoticeRecord) -> Result<Comment> {
        Ok(Comment {
            number: 0,
            on: self.on.unwrap_or(record.text),
            block: self.block,
            quote: crate::hostile::one_line(&self.quote, 2_000),
            text: words(&self.text, "comment")?,
            answers: self.answers,
            brought: self.brought,
            apart: None,
        })
    }
}

impl Suggested {
    /// As it is written down; its number is given then. `text` is the version that it was written on:
    /// whether it can be taken is known before.
    pub(super) fn ready(self, record: &NoticeRecord, text: &str) -> Result<Suggestion> {
        let change = Change {
            after: visible(&self.change.after)?,
            ..self.change
        };
        revision::revised(text, text, std::slice::from_ref(&change))?;
        if change.before == change.after {
            return Err(nothing());
        }
        Ok(Suggestion {
            number: 0,
            on: self.on.unwrap_or(record.text),
            block: change.block,
            before: change.before,
            after: change.after,
            reason: self.reason,
            brought: self.brought,
            apart: None,
        })
    }
}

impl Desk {
    /// Gives a draft to those who review it. Given before, it stays so.
    ///
    /// # Errors
    /// There is no such notice, a later draft took its place, or it went out.
    pub async fn submit_notice(&self, id: &NoticeId) -> Result<()> {
        let record = self.reviewed(id)?;
        if record.submitted {
            return Ok(());
        }
        let event = Event::NoticeSubmitted {
            notice: id.clone(),
            text: record.text,
        };
        self.log.append(&self.by, vec![event]).await?;
        Ok(())
    }

    /// Writes a remark down; gives its number.
    ///
    /// # Errors
    /// As [`Self::submit_notice`]; it says nothing, is too long, or answers what does not exist.
    pub async fn comment(&self, id: &NoticeId, remark: Remarked) -> Result<u32> {
        let record = self.reviewed(id)?;
        let comment = remark.ready(&record)?;
        let (numbers, _) = self.write_down(id, vec![comment], Vec::new()).await?;
        Ok(numbers.first().copied().unwrap_or_default())
    }

    /// Writes remarks and other words down at once, all or none; gives their numbers.
    pub(super) async fn write_down(
        &self,
        id: &NoticeId,
        mut comments: Vec<Comment>,
        mut suggestions: Vec<Suggestion>,
    ) -> Result<(Vec<u32>, Vec<u32>)> {
        let template = self
            .log
            .read(|state| Ok::<_, Fault>(known(state, id)?.template.clone()))?;
        self.review_apart(&template, &mut comments, &mut suggestions)
            .await?;
        let (mut remarked, mut suggested) = (Vec::new(), Vec::new());
        let decide = |state: &CaseState| {
            let record = known(state, id)?;
            for (index, comment) in comments.iter_mut().enumerate() {
                comment.number = number_after(record.remarks.len() + index);
                remarked.push(comment.number);
            }
            for (index, suggestion) in suggestions.iter_mut().enumerate() {
                suggestion.number = number_after(record.proposals.len() + index);
                suggested.push(suggestion.number);
            }
            let comments = comments.into_iter().map(|comment| Event::NoticeCommented {
                notice: id.clone(),
                comment,
            });
            let suggestions = suggestions
                .into_iter()
                .map(|suggestion| Event::NoticeSuggested {
                    notice: id.clone(),
                    suggestion,
                });
            Ok(comments.chain(suggestions).collect())
        };
        self.log.append_if(&self.by, Vec::new(), decide).await?;
        Ok((remarked, suggested))
    }

    /// Says that a remark is settled.
    ///
    /// # Errors
    /// As [`Self::submit_notice`]; there is no such remark, or it is settled.
    pub async fn resolve_comment(&self, id: &NoticeId, comment: u32) -> Result<()> {
        let record = self.reviewed(id)?;
        let remark = record.remark(comment).ok_or_else(|| {
            Fault::input("no-comment", "The notice has no such comment.").at(comment)
        })?;
        if let Some(by) = &remark.resolved {
            let what = format!("The comment is resolved, by {}.", by.escape_debug());
            return Err(Fault::input("resolved", what).at(comment));
        }
        let event = Event::NoticeCommentResolved {
            notice: id.clone(),
            comment,
        };
        self.log.append(&self.by, vec![event]).await?;
        Ok(())
    }

    /// Writes other words for a block down, for somebody to take or decline; gives their number.
    ///
    /// # Errors
    /// As [`Self::submit_notice`]; the block says something else, is not a person's to change, or the
    /// words change nothing.
    pub async fn suggest(&self, id: &NoticeId, words: Suggested) -> Result<u32> {
        self.reviewed(id)?;
        let (record, text) = self.notice_at(id, words.on)?;
        let suggestion = words.ready(&record, &text)?;
        let (_, numbers) = self.write_down(id, Vec::new(), vec![suggestion]).await?;
        Ok(numbers.first().copied().unwrap_or_default())
    }

    /// Takes suggestions up: one new version, which makes every approval void.
    ///
    /// # Errors
    /// One is decided, or its block says something else by now; nothing is changed then.
    pub async fn take_suggestions(
        &self,
        id: &NoticeId,
        numbers: &[u32],
        reason: &str,
    ) -> Result<Digest> {
        self.reviewed(id)?;
        let (record, now) = self.notice(id)?;
        let mut text = now.clone();
        for number in numbers {
            let proposal = open(&record, *number)?;
            let (_, on) = self.notice_at(id, Some(proposal.on))?;
            let change = Change {
                block: proposal.block,
                before: proposal.before.clone(),
                after: proposal.after.clone(),
            };
            text = revision::revised(&text, &on, &[change])
                .map_err(|fault| fault.at(format!("suggestion {number}")))?
                .text;
        }
        let revised = revision::rewritten(&now, &text)?;
        self.revise(id, &record, revised, numbers, reason).await
    }

    /// Declines a suggestion.
    ///
    /// # Errors
    /// There is no such suggestion, or it is decided.
    pub async fn decline_suggestion(
        &self,
        id: &NoticeId,
        suggestion: u32,
        reason: &str,
    ) -> Result<()> {
        let record = self.reviewed(id)?;
        open(&record, suggestion)?;
        let event = Event::NoticeSuggestionDeclined {
            notice: id.clone(),
            suggestion,
            reason: reason.to_owned(),
        };
        self.log.append(&self.by, vec![event]).await?;
        Ok(())
    }

    /// Puts other words for one block into the text at once. `from` is the text that the writer saw.
    ///
    /// # Errors
    /// The text was changed meanwhile; as [`Self::suggest`].
    pub async fn edit_notice(
        &self,
        id: &NoticeId,
        from: Digest,
        change: Change,
        reason: &str,
    ) -> Result<Digest> {
        let record = self.same(id, from)?;
        let (_, text) = self.notice(id)?;
        let after = visible(&change.after)?;
        let change = Change { after, ..change };
        let revised = revision::revised(&text, &text, &[change])?;
        self.revise(id, &record, revised, &[], reason).await
    }

    /// Puts a whole new text in the place of the one that the writer saw. Only its body may differ.
    ///
    /// # Errors
    /// The text was changed meanwhile; more than the body differs; a citation that has no source.
    pub async fn rewrite_notice(
        &self,
        id: &NoticeId,
        from: Digest,
        text: &str,
        reason: &str,
    ) -> Result<Digest> {
        let record = self.same(id, from)?;
        let (_, before) = self.notice(id)?;
        let revised = revision::rewritten(&before, text)?;
        self.revise(id, &record, revised, &[], reason).await
    }

    async fn revise(
        &self,
        id: &NoticeId,
        record: &NoticeRecord,
        revised: Revised,
        takes: &[u32],
        reason: &str,
    ) -> Result<Digest> {
        if revised.digest == record.text {
            return Err(nothing());
        }
        let mut from = vec![record.evidence.clone()];
        from.extend(revised.evidence.clone());
        let recorder = self.recorder_of(&record.template)?;
        let missing = if recorder.keeps_privileged() {
            no_words(record, revised.missing)
        } else {
            revised.missing
        };
        let about = crate::notice::about(&record.template)?;
        let how = format!("A person's version of {}", about.said(&record.template));
        let bytes = revised.text.into_bytes().into();
        let kind = "text/markdown; charset=utf-8";
        let evidence = recorder.keep_derived(from, &how, kind, bytes).await?;
        let event = Event::NoticeRevised {
            notice: id.clone(),
            from: record.text,
            text: revised.digest,
            evidence,
            facts: revised.evidence,
            missing,
            takes: takes.to_vec(),
            reason: reason.to_owned(),
        };
        self.log.append(&self.by, vec![event]).await?;
        Ok(revised.digest)
    }

    /// A notice whose text is still under review.
    pub(super) fn reviewed(&self, id: &NoticeId) -> Result<NoticeRecord> {
        let record = self.notice_record(id)?;
        self.not_replaced(id, &record)?;
        if record.is_out() {
            return Err(Fault::input(
                "sent-before",
                "The text went out: it is not changed any more.",
            )
            .at(id)
            .hint(format!(
                "for another text, draft anew: cordon notice draft {} {}",
                self.log.case(),
                record.template
            )));
        }
        Ok(record)
    }

    fn same(&self, id: &NoticeId, from: Digest) -> Result<NoticeRecord> {
        let record = self.reviewed(id)?;
        if record.text == from {
            return Ok(record);
        }
        Err(Fault::input(
            "text-changed",
            "Somebody changed the text meanwhile: what you saw is not the last version.",
        )
        .at(from.short())
        .hint(format!(
            "look at what changed: cordon notice redline {} {id} --from {}",
            self.log.case(),
            from.short()
        )))
    }
}

fn known<'a>(state: &'a CaseState, id: &NoticeId) -> Result<&'a NoticeRecord> {
    state
        .notices
        .get(id)
        .ok_or_else(|| Fault::input("no-notice", "The case has no such draft.").at(id))
}

fn open(record: &NoticeRecord, number: u32) -> Result<&Suggestion> {
    let proposal = record.proposal(number).ok_or_else(|| {
        Fault::input("no-suggestion", "The notice has no such suggestion.").at(number)
    })?;
    let by = match &proposal.verdict {
        Verdict::Open => return Ok(&proposal.suggestion),
        Verdict::Taken { by, .. } => format!("taken by {by}"),
        Verdict::Declined { by, .. } => format!("declined by {by}"),
    };
    let by = crate::hostile::one_line(&by, 100);
    Err(Fault::input("decided", format!("The suggestion was {by}.")).at(number))
}

/// What a privileged text says is missing: in a person's words, it is not for the log.
fn no_words(record: &NoticeRecord, missing: Vec<String>) -> Vec<String> {
    let named = |what: String| {
        let known = record.missing.contains(&what);
        if known {
            what
        } else {
            "a gap that a person marked".to_owned()
        }
    };
    let mut all: Vec<String> = missing.into_iter().map(named).collect();
    all.dedup();
    all
}

fn nothing() -> Fault {
    Fault::input("no-change", "These words change nothing.")
}

/// What somebody says, which is something.
fn words(text: &str, what: &str) -> Result<String> {
    let text = visible(text)?;
    if text.is_empty() {
        return Err(Fault::input("empty", format!("The {what} says nothing.")));
    }
    Ok(text)
}

/// What somebody wrote, with everything written out that would hide or act.
fn visible(text: &str) -> Result<String> {
    if text.chars().count() > LONGEST {
        let what = format!("This is longer than {LONGEST} characters.");
        return Err(Fault::input("text-long", what));
    }
    Ok(crate::hostile::terminal(text.trim()))
}

/// The words of a block as it stands, for whoever names only its place.
///
/// # Errors
/// There is no such block.
pub fn block_source(text: &str, block: usize) -> Result<String> {
    let document = Document::parse(text);
    let found = document.blocks.get(block);
    found.map(|block| block.source.clone()).ok_or_else(|| {
        Fault::input("no-block", "The text has no such paragraph.")
            .at(block + 1)
            .hint("`cordon notice show --numbered` counts them")
    })
}
