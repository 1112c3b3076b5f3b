//! The sanctions hold: opened by itself or by a person, annotated by counsel and one who leads, ended by
//! nobody.

use std::path::Path;

use super::desk::Desk;
use crate::case::event::{Determination, Event, SCOPE, Signed, scope};
use crate::case::state::CaseState;
use crate::evidence::approval::{Decision, Subject};
use crate::fault::{Fault, Result};
use crate::id::{ContactId, DeterminationId, EvidenceId};

/// What the log says when a demand comes in.
const DEMANDED: &str = "A demand was recorded: nothing that the account holder or a sender claims (wages, invoices, expenses, severance, escrow releases, tokens, platform payouts, reimbursements, the demand itself) is to be released until counsel has recorded a determination";

/// A determination as a person puts it in.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// `licence` or `determination`.
    pub kind: String,
    /// What of the hold it speaks of; nothing means all of it.
    pub scope: Vec<String>,
    /// What it says, in short.
    pub text: String,
    /// Why it is recorded.
    pub reason: String,
}

/// The event that opens a hold, unless one stands.
pub fn opening(state: &CaseState, reason: &str, contact: Option<&ContactId>) -> Option<Event> {
    state.hold.is_none().then(|| Event::SanctionsHeld {
        reason: reason.to_owned(),
        contact: contact.cloned(),
        scope: scope(),
    })
}

impl Desk {
    /// The hold that a demand opens, unless one stands.
    pub(super) fn sanctions_hold(&self, contact: &ContactId) -> Option<Event> {
        self.log
            .read(|state| opening(state, DEMANDED, Some(contact)))
    }

    /// Says in the log what the route of the case did by itself: the hold stands from the first line.
    pub(super) async fn hold_from_route(&self) -> Result<()> {
        let held = self.log.read(|state| state.hold.clone());
        if let Some(held) = held {
            let event = Event::SanctionsHeld {
                reason: held.reason,
                contact: None,
                scope: held.scope,
            };
            self.log.append(&self.by, vec![event]).await?;
        }
        Ok(())
    }

    /// Opens the hold: from the moment that somebody is suspected. Says whether it was opened now.
    ///
    /// # Errors
    /// No reason.
    pub async fn hold_claims(&self, reason: &str) -> Result<bool> {
        let reason = reason.trim();
        if reason.is_empty() {
            return Err(Fault::input("no-reason", "A hold needs a reason.")
                .at("--reason")
                .hint("say in one sentence what is known"));
        }
        let decide = |state: &CaseState| Ok(opening(state, reason, None).into_iter().collect());
        let written = self.log.append_if(&self.by, Vec::new(), decide).await?;
        Ok(!written.is_empty())
    }

    /// Puts a determination in with its document, a file. It counts once two people have decided.
    ///
    /// # Errors
    /// As [`Self::propose_on`]; the file cannot be read.
    pub async fn propose_determination(
        &self,
        file: &Path,
        proposal: Proposal,
    ) -> Result<DeterminationId> {
        self.may_propose(&proposal)?;
        let (name, bytes) = self.workplace.read(file)?;
        self.propose_document(&name, bytes, proposal).await
    }

    /// The same with the bytes of the document.
    ///
    /// # Errors
    /// As [`Self::propose_on`]; the document is empty or cannot be kept.
    pub async fn propose_document(
        &self,
        name: &str,
        bytes: Vec<u8>,
        proposal: Proposal,
    ) -> Result<DeterminationId> {
        self.may_propose(&proposal)?;
        if bytes.is_empty() {
            return Err(Fault::input("file", "The document is empty.").at(name.escape_debug()));
        }
        let title = format!(
            "Document of a {}",
            crate::hostile::one_line(&proposal.kind, 40)
        );
        let document = self
            .recorder
            .for_counsel(proposal.kind == "determination")
            .keep_file(name, "application/octet-stream", bytes.into(), &title)
            .await?;
        self.propose_on(&document, proposal).await
    }

    /// Puts a determination in whose document was kept.
    ///
    /// # Errors
    /// No hold stands, no such evidence, or something of it is missing.
    pub async fn propose_on(
        &self,
        document: &EvidenceId,
        proposal: Proposal,
    ) -> Result<DeterminationId> {
        self.may_propose(&proposal)?;
        let kept = self.evidence(document)?;
        let content = proposal.with(document.clone(), kept.sha256);
        let id = DeterminationId::fresh();
        let event = Event::SanctionsProposed {
            determination: id.clone(),
            binds: crate::canon::digest_of(&content)?,
            content,
        };
        self.log.append(&self.by, vec![event]).await?;
        Ok(id)
    }

    fn may_propose(&self, proposal: &Proposal) -> Result<()> {
        if self.log.read(|state| state.hold.is_none()) {
            return Err(
                Fault::input("no-hold", "No sanctions hold stands in this case.")
                    .at(self.log.case())
                    .hint(format!(
                        "open one: cordon sanctions hold {} --reason …",
                        self.log.case()
                    )),
            );
        }
        let known = SCOPE.map(|(name, _)| name);
        let content = proposal
            .clone()
            .with(EvidenceId::fresh(), crate::canon::Digest::ZERO);
        content.sound().map_err(|why| {
            Fault::input("determination", format!("This cannot be recorded: {why}."))
                .hint("kinds: licence, determination")
                .hint(format!("scope: {}", known.join(", ")))
        })
    }

    /// A person's signed decision that the determination is as it stands here. With one of legal and one
    /// who leads it is determined; the hold stands as before. Gives whether it is.
    ///
    /// # Errors
    /// No such determination; the person may not decide, or the key is not theirs.
    pub async fn approve_determination<'a>(
        &self,
        id: &DeterminationId,
        person: &str,
        hand: impl Into<super::Hand<'a>>,
        reason: &str,
    ) -> Result<(Signed, bool)> {
        let record = self.log.read(|state| state.determinations.get(id).cloned());
        let record = record.ok_or_else(|| {
            Fault::input("no-determination", "The case has no such determination.")
                .at(id)
                .hint(format!("see `cordon sanctions show {}`", self.log.case()))
        })?;
        let subject = Subject::Determination(id.clone());
        let expires = self.now() + jiff::SignedDuration::from_hours(24 * 7);
        let (hand, decision) = (hand.into(), Decision::Approve);
        let signed = self.sign(
            &subject,
            record.binds,
            decision,
            person,
            hand,
            reason,
            expires,
        )?;
        if let Some(before) = self.stands(&record.approvals, &signed, &subject, record.binds) {
            return Ok((before, record.determined.is_some()));
        }
        let approved = Event::SanctionsApproved {
            determination: id.clone(),
            binds: record.binds,
            signed: signed.clone(),
        };
        let mut determined = false;
        let decide = |state: &CaseState| {
            let given = state
                .determinations
                .get(id)
                .map(|record| record.approvals.as_slice());
            let hold = given
                .unwrap_or_default()
                .iter()
                .filter(|before| self.holds_in(state, before, &subject, record.binds));
            let people = hold.map(|before| before.person.as_str()).chain([person]);
            determined = state.determiners_suffice(people);
            let event = Event::SanctionsDetermined {
                determination: id.clone(),
                binds: record.binds,
            };
            Ok([approved.clone()]
                .into_iter()
                .chain(determined.then_some(event))
                .collect())
        };
        self.log.append_if(&self.by, Vec::new(), decide).await?;
        Ok((signed, determined))
    }
}

impl Proposal {
    fn with(self, document: EvidenceId, sha256: crate::canon::Digest) -> Determination {
        Determination {
            kind: self.kind,
            scope: if self.scope.is_empty() {
                scope()
            } else {
                self.scope
            },
            text: self.text,
            reason: self.reason,
            document,
            sha256,
        }
    }
}
