//! The wording of a case's notices, and what changed in their facts since they were drafted.

use std::collections::BTreeMap;

use super::desk::Desk;
use super::places::shown_on;
use super::reader::Reader;
use crate::canon::Digest;
use crate::case::state::NoticeRecord;
use crate::document::Document;
use crate::fault::Result;
use crate::id::NoticeId;
use crate::notice::facts::{self, Change, Kept};
use crate::notice::lint::{self, Asked, Finding};
use crate::notice::places::Places;

/// A draft with all that who reviews it is shown of its wording.
#[derive(Debug)]
pub struct Worded {
    /// Its record.
    pub record: NoticeRecord,
    /// Its text.
    pub text: String,
    /// What the wording lint finds.
    pub findings: Vec<Finding>,
    /// What changed in the facts since; `None` when it was made before its facts were kept.
    pub changes: Option<Vec<Change>>,
    /// Its other texts, as far as they are asked for.
    earlier: BTreeMap<Digest, String>,
}

/// A draft with what its wording is held against, read from the case.
#[derive(Debug)]
pub struct Wording {
    record: NoticeRecord,
    text: String,
    /// Other texts: the one that was drafted, and those on which people said something.
    earlier: BTreeMap<Digest, String>,
    now: Kept,
    then: Option<Kept>,
}

impl Reader<'_> {
    /// A draft with what its wording is held against, each text and every fact read once.
    ///
    /// # Errors
    /// There is no such draft, or what is kept of it is damaged.
    pub fn wording(&self, id: &NoticeId) -> Result<Wording> {
        let (record, text) = self.notice(id)?;
        let mut earlier = shown_on(&record);
        earlier.extend(record.versions.first().map(|first| first.text));
        earlier.remove(&record.text);
        Ok(Wording {
            earlier: self.notice_texts(id, &record, &earlier)?,
            now: self.facts_now()?,
            then: self.facts_kept(&record)?,
            record,
            text,
        })
    }

    /// The facts as they stand.
    fn facts_now(&self) -> Result<Kept> {
        Ok(Kept::of(&self.facts(&self.recorded())?))
    }

    /// The facts that a draft was made from.
    fn facts_kept(&self, record: &NoticeRecord) -> Result<Option<Kept>> {
        let kept = record.facts_kept.as_ref();
        let bytes = kept.map(|id| self.shelf.bytes(self.evidence(id)?));
        bytes.map(|bytes| Kept::read(&bytes?)).transpose()
    }
}

impl Wording {
    /// What the wording lint finds, and what changed in the facts since the draft was made.
    ///
    /// The lint reads with the facts of then and of today: a log that has a gap now had it then; and
    /// beside the text that was drafted. The changes are of facts that the notice may tell alone.
    ///
    /// # Errors
    /// The rules cannot be read.
    pub fn look(self) -> Result<Worded> {
        let mut known = vec![self.now];
        known.extend(self.then);
        let first = self.record.versions.first();
        let first = first.and_then(|first| self.earlier.get(&first.text));
        let mut findings = lint::look(&Asked {
            text: &self.text,
            known: &known,
            notice: Some(&self.record.template),
            first: Some(first.unwrap_or(&self.text)),
        })?;
        for file in &self.record.attachments {
            findings.extend(lint::file_name(&file.name, &known)?);
        }
        findings.sort_by_key(|finding| finding.severity);
        let about = crate::notice::about(&self.record.template)?;
        let mut told = known.into_iter().map(|kept| kept.for_notice(&about));
        let changes = match (told.next(), told.next()) {
            (Some(now), Some(then)) => Some(facts::changes(&then, &now)),
            _ => None,
        };
        Ok(Worded {
            record: self.record,
            text: self.text,
            findings,
            changes,
            earlier: self.earlier,
        })
    }
}

impl Worded {
    /// Where what people said of its texts belongs in the text as it stands, which was read as `now`.
    pub fn places(&self, now: &Document) -> Places {
        let shown = shown_on(&self.record);
        let earlier = self.earlier.iter();
        let earlier = earlier.filter(|(text, _)| shown.contains(text));
        let earlier = earlier.map(|(text, words)| (*text, words.as_str()));
        Places::of(self.record.text, now, earlier)
    }
}

impl Desk {
    /// A draft, what the wording lint finds in it, and what changed in its facts since it was made.
    ///
    /// # Errors
    /// As [`Reader::wording`] and [`Wording::look`].
    pub fn notice_worded(&self, id: &NoticeId) -> Result<Worded> {
        self.read(|case| case.wording(id))?.look()
    }

    /// What the wording lint finds in any text about this case.
    ///
    /// # Errors
    /// The rules cannot be read.
    pub fn text_findings(&self, text: &str) -> Result<Vec<Finding>> {
        lint::lint(text, &[self.read(|case| case.facts_now())?])
    }

    /// Whether a file of this name may go out with a notice.
    ///
    /// # Errors
    /// The name says what no notice may say; the fault names the words and the reason.
    pub(super) fn file_may_go(&self, name: &str) -> Result<()> {
        let known = [self.read(|case| case.facts_now())?];
        lint::may_be_attached(name, &lint::file_name(name, &known)?)
    }
}
