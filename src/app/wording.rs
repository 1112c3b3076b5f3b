//! The wording of a case's notices, and what changed in their facts since they were drafted.

use super::desk::Desk;
use super::facts::company_kept;
use super::reader::Reader;
use crate::case::state::NoticeRecord;
use crate::fault::Result;
use crate::id::NoticeId;
use crate::notice::facts::{self, Change, Kept};
use crate::notice::lint::{self, Asked, Finding};

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
}

/// A draft with what its wording is held against, read from the case.
#[derive(Debug)]
pub struct Wording {
    record: NoticeRecord,
    text: String,
    /// The text that was drafted, where it is another.
    first: Option<String>,
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
        let drafted = record.versions.first();
        let drafted = drafted.filter(|first| first.text != record.text);
        let first = drafted.map(|first| self.notice_text(id, &first.evidence));
        Ok(Wording {
            first: first.transpose()?,
            now: self.facts_now()?,
            then: self.facts_kept(&record)?,
            record,
            text,
        })
    }

    /// The facts as they stand.
    fn facts_now(&self) -> Result<Kept> {
        let company = &self.settings.company;
        let kept = company_kept(self.state, company)?;
        let facts = facts::gather(
            self.state,
            &self.recorded(),
            company,
            kept.as_ref(),
            self.now,
            self.zone,
        );
        Ok(Kept::of(&facts))
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
        let mut findings = lint::look(&Asked {
            text: &self.text,
            known: &known,
            notice: Some(&self.record.template),
            first: Some(self.first.as_ref().unwrap_or(&self.text)),
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
        })
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
