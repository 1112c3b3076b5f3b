//! A notice as a file for those who work in Word or on paper, and a reviewed Word file taken in.

use super::desk::Desk;
use super::places::said_on;
use super::revise::{Remarked, Suggested};
use crate::case::event::{self, Brought};
use crate::case::state::{NoticeRecord, Proposal, Remark, Verdict};
use crate::document::sheet::Suggestion;
use crate::document::{Change, Comment, Document, Sheet, docx};
use crate::fault::{Fault, Result};
use crate::id::NoticeId;
use crate::notice::places::Places;
use crate::notice::{self, revision};

/// How many changes and comments of one file are taken in.
const MOST: usize = 500;

/// What was made of a reviewed file.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Imported {
    /// The numbers of its comments.
    pub comments: Vec<u32>,
    /// The numbers of its suggestions.
    pub suggestions: Vec<u32>,
    /// What was left out, and why. Hostile text.
    pub notes: Vec<String>,
}

impl Desk {
    /// A notice as it is laid out on paper. What is open stands at its paragraph, on whichever version
    /// it was said.
    pub(super) fn sheet(&self, id: &NoticeId, record: &NoticeRecord, text: &str) -> Result<Sheet> {
        let about = notice::about(&record.template)?;
        let document = Document::parse(text);
        let places = self.places(id, record, &document)?;
        let open = record.proposals.iter();
        let open = open.filter(|one| one.verdict == Verdict::Open);
        let remarks = record.remarks.iter();
        let privileged = about.is_privileged();
        let evidence = revision::sources(text).into_iter().map(|(number, id)| {
            let line = self
                .log
                .read(|state| state.evidence.get(&id).map(notice::facts::line));
            (number, format!("{id} {}", line.unwrap_or_default()))
        });
        Ok(Sheet {
            title: about.title.clone(),
            banner: privileged.then(|| "PRIVILEGED AND CONFIDENTIAL".to_owned()),
            distribution: about.distribution.clone(),
            language: about.language.tag().to_owned(),
            evidence: evidence.collect(),
            comments: remarks
                .filter_map(|one| comment(one, record, &places))
                .collect(),
            changes: open.filter_map(|one| suggestion(one, &places)).collect(),
            bind: record.text.to_string(),
            reference: format!("{} {id}", self.log.case()),
            at: record
                .versions
                .last()
                .map_or_else(|| self.now(), |version| version.at),
            document,
        })
    }

    /// Takes a reviewed Word file in: its changes become suggestions and its comments become comments.
    /// The text stays as it is until somebody takes them up. A file that was taken in before adds nothing.
    ///
    /// # Errors
    /// The notice is not under review; the file is no Word file, is damaged or too large, or was made of
    /// another notice.
    pub async fn import_word(&self, id: &NoticeId, name: &str, bytes: Vec<u8>) -> Result<Imported> {
        let record = self.reviewed(id)?;
        let bind = docx::bind(&bytes)?;
        let on = match bind.as_deref().map(str::parse) {
            None => record.text,
            Some(Ok(text)) if record.versions.iter().any(|one| one.text == text) => text,
            Some(_) => {
                let what = "This file was not made of a version of this notice.";
                return Err(Fault::input("other-notice", what)
                    .at(name.escape_debug())
                    .hint("its properties name the text that it was made of: CordonBind"));
            }
        };
        let (_, original) = self.notice_at(id, Some(on))?;
        let reviewed = docx::read(&bytes, &original)?;
        let read = Document::parse(&original);
        let places = self.places_in(id, &record, (on, &read), said_on(&record))?;
        let title = format!("Reviewed notice: {}", name.escape_debug());
        let kind = super::dispatch::media_type("x.docx");
        let recorder = self.recorder_of(&record.template)?;
        let evidence = recorder.keep_file(name, kind, bytes.into(), &title).await?;
        let mut made = Imported {
            notes: reviewed.notes,
            ..Imported::default()
        };
        if bind.is_none() {
            made.notes
                .push("The file does not say of which version it was made: it was compared with the last.".to_owned());
        }
        let brought = |author: &str, at: Option<_>| Brought {
            author: author.to_owned(),
            at,
            evidence: evidence.clone(),
        };
        let mut suggestions = Vec::new();
        for one in reviewed.changes.iter().take(MOST) {
            if knows_change(&record, one, &places) {
                continue;
            }
            let suggested = Suggested {
                on: Some(on),
                change: one.change.clone(),
                reason: format!("in the reviewed file {}", name.escape_debug()),
                brought: Some(brought(&one.author, one.at)),
            };
            match suggested.ready(&record, &original) {
                Ok(suggestion) => suggestions.push(suggestion),
                Err(fault) => made.notes.push(left_out(&one.change, &fault)),
            }
        }
        let mut remarks = Vec::new();
        for one in reviewed.comments.iter().take(MOST) {
            if knows_comment(&record, one, &places) {
                continue;
            }
            let remark = Remarked {
                on: Some(on),
                block: Some(one.block),
                quote: one.quote.clone(),
                text: one.text.clone(),
                answers: None,
                brought: Some(brought(&one.author, one.at)),
            };
            match remark.ready(&record) {
                Ok(remark) => remarks.push(remark),
                Err(fault) => made
                    .notes
                    .push(format!("A comment was left out: {}", fault.what())),
            }
        }
        (made.comments, made.suggestions) = self.write_down(id, remarks, suggestions).await?;
        let (changes, comments) = (reviewed.changes.len(), reviewed.comments.len());
        if changes.max(comments) > MOST {
            made.notes.push(format!(
                "Only the first {MOST} changes and comments were taken in."
            ));
        }
        Ok(made)
    }
}

fn left_out(change: &Change, fault: &Fault) -> String {
    let words = crate::hostile::one_line(&change.after, 80);
    format!(
        "A change of paragraph {} was left out (“{words}”): {}",
        change.block + 1,
        fault.what()
    )
}

/// A remark as it stands in a file: every one on this text, and of those on others what is not settled
/// and has a place.
fn comment(remark: &Remark, record: &NoticeRecord, places: &Places) -> Option<Comment> {
    let one = &remark.comment;
    let here = one.on == record.text;
    if !here && remark.resolved.is_some() {
        return None;
    }
    let block = match one.block {
        Some(block) if !here => places.find(one.on, block)?,
        block => block.unwrap_or_default(),
    };
    Some(Comment {
        id: one.number.into(),
        block,
        quote: one.quote.clone(),
        author: remark.author().to_owned(),
        at: Some(remark.written()),
        text: one.text.clone(),
        thread: one.answers.map(u64::from),
        resolved: remark.resolved.is_some(),
    })
}

fn suggestion(proposal: &Proposal, places: &Places) -> Option<Suggestion> {
    let one = &proposal.suggestion;
    Some(Suggestion {
        change: Change {
            block: places.find(one.on, one.block)?,
            before: one.before.clone(),
            after: one.after.clone(),
        },
        author: proposal.author().to_owned(),
        at: Some(proposal.written()),
    })
}

/// Whether the notice has this change already: it went out with the file, or the file came before.
fn knows_change(record: &NoticeRecord, one: &Suggestion, places: &Places) -> bool {
    let mut known = record.proposals.iter().map(|known| &known.suggestion);
    known.any(|known| {
        known.before == one.change.before
            && known.after == one.change.after
            && places.find(known.on, known.block) == Some(one.change.block)
    })
}

fn knows_comment(record: &NoticeRecord, one: &Comment, places: &Places) -> bool {
    let same = |text: &str| text.split_whitespace().eq(one.text.split_whitespace());
    let place = |known: &event::Comment| match known.block {
        Some(block) => places.find(known.on, block),
        None => Some(0),
    };
    let mut known = record.remarks.iter().map(|remark| &remark.comment);
    known.any(|known| same(&known.text) && place(known) == Some(one.block))
}
