//! The wording of a case's notices, and what changed in their facts since they were drafted.

use super::desk::Desk;
use super::facts::company_kept;
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

impl Desk {
    /// A draft, what the wording lint finds in it, and what changed in its facts since it was made, with
    /// each text and every fact read once.
    ///
    /// The lint reads with the facts of then and of today: a log that has a gap now had it then. The
    /// changes are of facts that the notice may tell alone.
    ///
    /// # Errors
    /// There is no such draft, or what is kept of it is damaged.
    pub fn notice_worded(&self, id: &NoticeId) -> Result<Worded> {
        let (record, text) = self.notice(id)?;
        let mut known = vec![self.facts_now()?];
        known.extend(self.facts_kept(&record)?);
        let findings = self.worded(id, &record, &text, &known)?;
        let about = crate::notice::about(&record.template)?;
        let mut told = known.into_iter().map(|kept| kept.for_notice(&about));
        let changes = match (told.next(), told.next()) {
            (Some(now), Some(then)) => Some(facts::changes(&then, &now)),
            _ => None,
        };
        Ok(Worded {
            record,
            text,
            findings,
            changes,
        })
    }

    /// What the wording lint finds in any text about this case.
    ///
    /// # Errors
    /// The rules cannot be read.
    pub fn text_findings(&self, text: &str) -> Result<Vec<Finding>> {
        lint::lint(text, &[self.facts_now()?])
    }

    /// What the wording lint finds in the text of a notice, read beside the text that was drafted, and in
    /// the names of the files that go out with it.
    fn worded(
        &self,
        id: &NoticeId,
        record: &NoticeRecord,
        text: &str,
        known: &[Kept],
    ) -> Result<Vec<Finding>> {
        let drafted = record.versions.first().map(|version| version.text);
        let first = match drafted.filter(|first| *first != record.text) {
            Some(first) => self.notice_at(id, Some(first))?.1,
            None => text.to_owned(),
        };
        let mut findings = lint::look(&Asked {
            text,
            known,
            notice: Some(&record.template),
            first: Some(&first),
        })?;
        for file in &record.attachments {
            findings.extend(lint::file_name(&file.name, known)?);
        }
        findings.sort_by_key(|finding| finding.severity);
        Ok(findings)
    }

    /// Whether a file of this name may go out with a notice.
    ///
    /// # Errors
    /// The name says what no notice may say; the fault names the words and the reason.
    pub(super) fn file_may_go(&self, name: &str) -> Result<()> {
        lint::may_be_attached(name, &lint::file_name(name, &[self.facts_now()?])?)
    }

    /// The facts as they stand.
    fn facts_now(&self) -> Result<Kept> {
        let company = &self.settings.company;
        let recorded = self.recorded();
        self.log.read(|state| {
            let kept = company_kept(state, company)?;
            let facts = facts::gather(
                state,
                &recorded,
                company,
                kept.as_ref(),
                self.now(),
                &self.zone,
            );
            Ok(Kept::of(&facts))
        })
    }

    /// The facts that a draft was made from.
    fn facts_kept(&self, record: &NoticeRecord) -> Result<Option<Kept>> {
        let Some(id) = &record.facts_kept else {
            return Ok(None);
        };
        let evidence = self.evidence(id)?;
        Kept::read(&self.bytes(&evidence)?).map(Some)
    }
}
