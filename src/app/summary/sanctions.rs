//! Determinations on the sanctions hold as people read them.

use serde::Serialize;

use crate::canon::Digest;
use crate::case::event::Signed;
use crate::case::state::CaseState;
use crate::evidence::approval::{self, Decision, Expected, Subject};
use crate::id::{CaseId, DeterminationId, EvidenceId};
use crate::time::Timestamp;

/// One determination.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct DeterminationLine {
    /// Its id.
    pub id: DeterminationId,
    /// `licence` or `determination`.
    pub kind: String,
    /// What of the hold it speaks of.
    pub scope: Vec<String>,
    /// What it says, in short. Hostile where it quotes.
    pub text: String,
    /// Why it was recorded.
    pub reason: String,
    /// The document.
    pub document: EvidenceId,
    /// SHA-256 of the document.
    pub sha256: Digest,
    /// SHA-256 of all of this: what decisions bind.
    pub binds: Digest,
    /// Who decided so that it counts.
    pub approved_by: Vec<String>,
    /// When two people had decided. The hold stands all the same.
    pub determined: Option<Timestamp>,
}

impl DeterminationLine {
    /// Where it stands, in a word or two.
    pub const fn stage(&self) -> &'static str {
        match (self.determined.is_some(), self.approved_by.is_empty()) {
            (true, _) => "determined",
            (false, true) => "put in",
            (false, false) => "not decided by all",
        }
    }
}

/// Every determination of a case, the oldest first.
pub(super) fn determinations(state: &CaseState, now: Timestamp) -> Vec<DeterminationLine> {
    let Some(case) = &state.case else {
        return Vec::new();
    };
    let mut all: Vec<_> = state.determinations.iter().collect();
    all.sort_by_key(|(_, record)| record.at);
    let line = |(id, record): (&DeterminationId, &crate::case::state::DeterminationRecord)| {
        // What was determined stays so when its decisions end.
        let at = record.determined.unwrap_or(now);
        let counts = |signed: &&Signed| holds(state, case, id, record.binds, signed, at);
        DeterminationLine {
            id: id.clone(),
            kind: record.content.kind.clone(),
            scope: record.content.scope.clone(),
            text: record.content.text.clone(),
            reason: record.content.reason.clone(),
            document: record.content.document.clone(),
            sha256: record.content.sha256,
            binds: record.binds,
            approved_by: (record.approvals.iter().filter(counts))
                .map(|signed| signed.person.clone())
                .collect(),
            determined: record.determined,
        }
    };
    all.into_iter().map(line).collect()
}

fn holds(
    state: &CaseState,
    case: &CaseId,
    id: &DeterminationId,
    binds: Digest,
    signed: &Signed,
    now: Timestamp,
) -> bool {
    let expected = Expected {
        case,
        subject: &Subject::Determination(id.clone()),
        binds,
        decision: Decision::Approve,
        now,
    };
    approval::check_in(state, signed, &expected).is_ok()
}
