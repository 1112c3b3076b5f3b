//! Where what people said of any text of a notice belongs in one of them.

use std::collections::{BTreeMap, BTreeSet};

use super::desk::Desk;
use super::reader::Reader;
use crate::canon::Digest;
use crate::case::state::{NoticeRecord, Verdict};
use crate::document::Document;
use crate::fault::Result;
use crate::id::NoticeId;
use crate::notice::places::Places;

/// The texts on which people made the remarks and suggestions that are shown at their paragraphs.
pub(super) fn shown_on(record: &NoticeRecord) -> BTreeSet<Digest> {
    let remarks = record.remarks.iter().map(|one| &one.comment);
    let remarks = remarks.filter(|one| one.block.is_some());
    let open = (record.proposals.iter()).filter(|one| one.verdict == Verdict::Open);
    let open = open.map(|one| one.suggestion.on);
    remarks.map(|one| one.on).chain(open).collect()
}

/// The texts on which people made any remark or suggestion.
pub(super) fn said_on(record: &NoticeRecord) -> BTreeSet<Digest> {
    let remarks = record.remarks.iter().map(|one| one.comment.on);
    let proposals = record.proposals.iter().map(|one| one.suggestion.on);
    remarks.chain(proposals).collect()
}

impl Reader<'_> {
    /// Those texts of a notice, each read once and checked against its hash.
    pub(super) fn notice_texts(
        &self,
        id: &NoticeId,
        record: &NoticeRecord,
        wanted: &BTreeSet<Digest>,
    ) -> Result<BTreeMap<Digest, String>> {
        // A text that came back stands there once for each time.
        let versions = (record.versions.iter()).map(|version| (version.text, &version.evidence));
        let versions: BTreeMap<_, _> = versions.filter(|(text, _)| wanted.contains(text)).collect();
        let texts = versions.into_iter();
        texts
            .map(|(text, evidence)| Ok((text, self.notice_text(id, evidence)?)))
            .collect()
    }
}

impl Desk {
    /// Where what people said of a notice belongs in its text as it stands, which was read as `now`.
    ///
    /// # Errors
    /// A text is gone or damaged.
    pub fn places(&self, id: &NoticeId, record: &NoticeRecord, now: &Document) -> Result<Places> {
        self.places_in(id, record, (record.text, now), shown_on(record))
    }

    /// As [`Self::places`], in any text of the notice and of what was said on those texts.
    pub(super) fn places_in(
        &self,
        id: &NoticeId,
        record: &NoticeRecord,
        (text, read): (Digest, &Document),
        mut said_on: BTreeSet<Digest>,
    ) -> Result<Places> {
        said_on.remove(&text);
        let texts = self.read(|case| case.notice_texts(id, record, &said_on))?;
        let others = texts.iter().map(|(text, words)| (*text, words.as_str()));
        Ok(Places::of(text, read, others))
    }
}
