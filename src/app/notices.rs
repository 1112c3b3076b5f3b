//! Notices of a case: drafted from facts, read, approved by hash.

use super::desk::{COMPANY, Desk};
use crate::case::event::{Event, Signed};
use crate::case::state::{CaseState, NoticeRecord};
use crate::evidence::approval::{Decision, Subject};
use crate::fault::{Fault, Result};
use crate::id::{EvidenceId, NoticeId};
use crate::notice::{self, Draft, facts};

impl Desk {
    /// Drafts a notice from the facts of the case; the text is kept as evidence made from its facts. A
    /// private party is told nothing of what is suspected.
    ///
    /// # Errors
    /// There is no such notice.
    pub async fn draft(&self, template: &str) -> Result<(NoticeId, Draft)> {
        self.draft_with(template, false).await
    }

    /// The same; `suspicion` when who drafts says that a private party may be told what is suspected. The
    /// log keeps that they did.
    ///
    /// # Errors
    /// There is no such notice.
    pub async fn draft_with(&self, template: &str, suspicion: bool) -> Result<(NoticeId, Draft)> {
        let about = notice::about(template)?;
        let suspicion = suspicion && about.asks_before_suspicion();
        // What the facts say of the company rests on its record.
        self.company_record().await?;
        let recorder = self.recorder.for_counsel(about.is_restricted());
        let facts = self.read(|case| case.facts(&case.recorded()))?;
        let draft = notice::draft_with(template, &facts, suspicion)?;
        let kept = facts::Kept::of(&facts).for_notice(&about);
        let kept = recorder
            .keep_derived(
                kept.evidence(),
                "Facts of the case as a draft found them",
                "application/json",
                kept.bytes()?.into(),
            )
            .await?;
        let how = format!("Draft of {}", about.said(template));
        let bytes = draft.text.clone().into_bytes().into();
        let evidence = recorder
            .keep_derived(
                draft.evidence.clone(),
                &how,
                "text/markdown; charset=utf-8",
                bytes,
            )
            .await?;
        let id = NoticeId::fresh();
        let event = Event::NoticeDrafted {
            notice: id.clone(),
            template: template.to_owned(),
            text: draft.digest,
            evidence,
            facts: draft.evidence.clone(),
            missing: draft.missing.clone(),
            serves: self.serves(&about)?,
            approval: Some(about.approval),
            facts_kept: Some(kept),
            suspicion,
            withheld: draft.withheld.clone(),
        };
        self.log.append(&self.by, vec![event]).await?;
        Ok((id, draft))
    }

    /// The evidence of what the configuration says of the company now: the bytes decide which, not a
    /// name that any file could have. Kept again when the configuration was changed.
    pub(super) async fn company_record(&self) -> Result<EvidenceId> {
        let company = &self.settings.company;
        let known = (self.log).read(|state| super::facts::company_kept(state, company))?;
        if let Some(known) = known {
            return Ok(known);
        }
        let bytes = crate::canon::canonical(company)?;
        let title = "The record of the company, from the configuration";
        self.recorder
            .keep_file(COMPANY, "application/json", bytes.into(), title)
            .await
    }

    /// A person's signed approval of exactly this text. One that the person gave before, and that still
    /// holds, is answered as it is.
    ///
    /// # Errors
    /// A later draft took its place; the person is not on the case's roster or may not approve it, wrote it
    /// where that may not be, or the key is not theirs.
    pub async fn approve_notice<'a>(
        &self,
        id: &NoticeId,
        person: &str,
        hand: impl Into<super::Hand<'a>>,
        reason: &str,
    ) -> Result<Signed> {
        let worded = self.notice_worded(id)?;
        let record = worded.record;
        self.not_replaced(id, &record)?;
        let subject = Subject::Notice(id.clone());
        // Only who may decide hears what the text says.
        self.may_decide(&subject, person)?;
        self.author_may_not(id, &record, person)?;
        notice::lint::may_be_approved(&worded.findings).map_err(|fault| {
            fault.hint(format!("see `cordon notice lint {} {id}`", self.log.case()))
        })?;
        let expires = self.now() + jiff::SignedDuration::from_hours(24 * 7);
        // Signed before anything is answered: only whose key it is may hear that it stands.
        let signed = self.sign(
            &subject,
            record.binds(),
            Decision::Approve,
            person,
            hand.into(),
            reason,
            expires,
        )?;
        if let Some(before) = self.stands(&record.approvals, &signed, &subject, record.binds()) {
            return Ok(before);
        }
        let event = Event::NoticeApproved {
            notice: id.clone(),
            text: record.binds(),
            signed: signed.clone(),
            apart: self.settings.notices.author_is_not_approver,
        };
        self.log.append(&self.by, vec![event]).await?;
        Ok(signed)
    }

    /// Where the configuration asks for it, nobody approves a text that they wrote.
    fn author_may_not(&self, id: &NoticeId, record: &NoticeRecord, person: &str) -> Result<()> {
        if !self.settings.notices.author_is_not_approver {
            return Ok(());
        }
        let may = |state: &CaseState| state.may_approve_others(record, person);
        self.log.read(may).map_err(|why| {
            Fault::input(
                "approver-wrote",
                format!("This is not theirs to approve: {why}."),
            )
            .at(crate::hostile::one_line(person, 80))
            .hint(format!(
                "who changed it and when: cordon notice show {} {id}",
                self.log.case()
            ))
            .hint("the configuration asks for this: author_is_not_approver in [notices]")
        })
    }

    /// Only the last draft of a notice is decided on and goes out.
    pub(super) fn not_replaced(&self, id: &NoticeId, record: &NoticeRecord) -> Result<()> {
        let Some(later) = &record.replaced_by else {
            return Ok(());
        };
        let what = format!("A later draft of this notice took its place: {later}.");
        Err(Fault::input("notice-replaced", what).at(id).hint(format!(
            "read and approve that one: cordon notice show {} {later}",
            self.log.case()
        )))
    }
}
