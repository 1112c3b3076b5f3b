//! A case as it stands, with the bytes that it kept: all that reading needs, whether its store is open here
//! or its ledger was only looked at.

use bytes::Bytes;
use jiff::tz::TimeZone;

use super::App;
use super::desk::Desk;
use crate::canon::Digest;
use crate::case::event::Evidence;
use crate::case::state::{CaseState, NoticeRecord};
use crate::fault::{Fault, Result};
use crate::id::{CaseId, EvidenceId, NoticeId};
use crate::settings::Settings;
use crate::time::Timestamp;

/// Where the bytes of kept evidence are read.
pub trait Shelf {
    /// The bytes of an item of evidence, checked against its hash.
    ///
    /// # Errors
    /// They are gone or damaged.
    fn bytes(&self, evidence: &Evidence) -> Result<Bytes>;
}

/// A case as it stands, with the bytes that it kept.
pub struct Reader<'a> {
    /// The case.
    pub case: &'a CaseId,
    /// Its state.
    pub state: &'a CaseState,
    /// Where what it kept is read.
    pub shelf: &'a dyn Shelf,
    /// The time.
    pub now: Timestamp,
    pub(super) zone: &'a TimeZone,
    pub(super) settings: &'a Settings,
}

impl std::fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader")
            .field("case", self.case)
            .finish_non_exhaustive()
    }
}

impl Shelf for Desk {
    fn bytes(&self, evidence: &Evidence) -> Result<Bytes> {
        Self::bytes(self, evidence)
    }
}

impl App {
    /// A reader of a case whose ledger was looked at.
    pub fn reader<'a>(
        &'a self,
        case: &'a CaseId,
        state: &'a CaseState,
        kept: &'a dyn Shelf,
    ) -> Reader<'a> {
        Reader {
            case,
            state,
            shelf: kept,
            now: self.clock.now(),
            zone: &self.zone,
            settings: &self.settings,
        }
    }
}

impl Desk {
    /// Reads the case as it stands now. Nobody waits for it: what is written meanwhile is read the next
    /// time.
    pub fn read<T>(&self, read: impl FnOnce(Reader<'_>) -> T) -> T {
        read(Reader {
            case: self.log.case(),
            state: &self.log.snapshot(),
            shelf: self,
            now: self.now(),
            zone: &self.zone,
            settings: &self.settings,
        })
    }

    /// As [`Reader::notice_record`].
    ///
    /// # Errors
    /// As there.
    pub fn notice_record(&self, id: &NoticeId) -> Result<NoticeRecord> {
        self.read(|case| case.notice_record(id))
    }

    /// As [`Reader::notice`].
    ///
    /// # Errors
    /// As there.
    pub fn notice(&self, id: &NoticeId) -> Result<(NoticeRecord, String)> {
        self.read(|case| case.notice(id))
    }

    /// As [`Reader::notice_at`].
    ///
    /// # Errors
    /// As there.
    pub fn notice_at(&self, id: &NoticeId, text: Option<Digest>) -> Result<(NoticeRecord, String)> {
        self.read(|case| case.notice_at(id, text))
    }

    /// The record of an item of evidence.
    ///
    /// # Errors
    /// The case has no such evidence.
    pub fn evidence(&self, id: &EvidenceId) -> Result<Evidence> {
        self.read(|case| case.evidence(id).cloned())
    }
}

impl Reader<'_> {
    /// The record of an item of evidence.
    ///
    /// # Errors
    /// The case has no such evidence.
    pub fn evidence(&self, id: &EvidenceId) -> Result<&Evidence> {
        let none = || Fault::input("no-evidence", "The case has no such evidence.").at(id);
        self.state.evidence.get(id).ok_or_else(none)
    }

    /// A draft's record, without the words that are kept apart.
    ///
    /// # Errors
    /// There is no such draft.
    pub fn draft(&self, id: &NoticeId) -> Result<&NoticeRecord> {
        self.state.notices.get(id).ok_or_else(|| {
            Fault::input("no-notice", "The case has no such draft.")
                .at(id)
                .hint(format!("see `cordon notice list {}`", self.case))
        })
    }

    /// A draft's record.
    ///
    /// # Errors
    /// There is no such draft, or what people said of it is damaged.
    pub fn notice_record(&self, id: &NoticeId) -> Result<NoticeRecord> {
        self.with_review(self.draft(id)?.clone())
    }

    /// A draft's record and its text, checked against its hash.
    ///
    /// # Errors
    /// There is no such draft, or its text is damaged.
    pub fn notice(&self, id: &NoticeId) -> Result<(NoticeRecord, String)> {
        let record = self.notice_record(id)?;
        let text = self.notice_text(id, &record.evidence)?;
        Ok((record, text))
    }

    /// A text of a notice as it once stood, checked against its hash; as it stands with `None`.
    ///
    /// # Errors
    /// There is no such notice or version, or its text is damaged.
    pub fn notice_at(&self, id: &NoticeId, text: Option<Digest>) -> Result<(NoticeRecord, String)> {
        let record = self.notice_record(id)?;
        let evidence = match text.filter(|text| *text != record.text) {
            None => &record.evidence,
            Some(text) => {
                let version = record.versions.iter().find(|one| one.text == text);
                let version = version.ok_or_else(|| {
                    Fault::input("no-version", "The notice never had this text.")
                        .at(text)
                        .hint(format!("see `cordon notice show {} {id}`", self.case))
                })?;
                &version.evidence
            }
        };
        let text = self.notice_text(id, evidence)?;
        Ok((record, text))
    }

    /// A text of a notice, checked against its hash.
    pub(super) fn notice_text(&self, id: &NoticeId, evidence: &EvidenceId) -> Result<String> {
        let bytes = self.shelf.bytes(self.evidence(evidence)?)?;
        String::from_utf8(bytes.to_vec()).map_err(|error| {
            Fault::evidence("notice-text", "The text of the draft is not text.")
                .at(id)
                .caused_by(error)
        })
    }
}
