//! Gates: what a decision has to say, and whether enough people decided.

use std::collections::{BTreeMap, BTreeSet};

use super::{Verifier, WaitingGate};
use crate::canon::Digest;
use crate::case::event::Signed;
use crate::case::state::{CaseState, GateRecord};
use crate::id::CaseId;

/// What a person decides at a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Let it through.
    Approve,
    /// Shut it.
    Deny,
}

impl Decision {
    /// The word in the signed text.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Deny => "deny",
        }
    }
}

/// The text that a person signs to decide at a gate. It binds the case, the step, the plan and the
/// decision; any other text is void.
pub fn decision_text(case: &CaseId, step: &str, plan: Digest, decision: Decision) -> String {
    // The name of a step comes from a playbook: a line end in it must not forge another line.
    let step = step.escape_default();
    format!(
        "cordon decision 1\ncase {case}\nstep {step}\nplan {plan}\ndecision {}\n",
        decision.word()
    )
}

/// Where a gate stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It waits for people.
    Open,
    /// Enough people approved in time.
    Passed,
    /// A person shut it.
    Denied(String),
    /// A denial does not count, so that the gate can never settle; it has to be opened again.
    Spoiled(String),
    /// Its time has run out.
    Expired,
}

/// Checks decisions, each signature once and never under the lock of the log, because a verifier
/// may look at the case.
pub(super) struct Judge {
    case: CaseId,
    verifier: Verifier,
    seen: BTreeMap<(String, String, String), Result<(), String>>,
}

fn key(signed: &Signed) -> (String, String, String) {
    (
        signed.text.clone(),
        signed.person.clone(),
        signed.signature.clone(),
    )
}

impl Judge {
    pub(super) fn new(case: CaseId, verifier: Verifier) -> Self {
        Self {
            case,
            verifier,
            seen: BTreeMap::new(),
        }
    }

    /// Checks the signatures at a gate.
    pub(super) fn look(&mut self, step: &str, gate: &GateRecord) {
        for signed in gate.approvals.iter().chain(&gate.denied) {
            let verifier = &self.verifier;
            self.seen.entry(key(signed)).or_insert_with(|| {
                verifier(signed, gate, step)
                    .map_err(|fault| format!("the signature does not hold: {fault}"))
            });
        }
    }

    /// Where the gate of `step` stands at `now`.
    pub(super) fn verdict(
        &self,
        state: &CaseState,
        step: &str,
        now: crate::time::Timestamp,
    ) -> Verdict {
        let Some(gate) = state.gates.get(step) else {
            return Verdict::Open;
        };
        if let Some(denied) = &gate.denied {
            if !self.seen.contains_key(&key(denied)) {
                return Verdict::Open;
            }
            return match self.counts(state, gate, step, denied, Decision::Deny) {
                Ok(()) => Verdict::Denied(denied.person.clone()),
                Err(why) => Verdict::Spoiled(why),
            };
        }
        if gate.expired || now >= gate.expires {
            return Verdict::Expired;
        }
        let people: BTreeSet<_> = gate
            .approvals
            .iter()
            .filter(|signed| {
                self.counts(state, gate, step, signed, Decision::Approve)
                    .is_ok()
            })
            .map(|signed| signed.person.as_str())
            .collect();
        if people.len() >= usize::try_from(gate.people.max(1)).unwrap_or(usize::MAX) {
            Verdict::Passed
        } else {
            Verdict::Open
        }
    }

    /// What a gate still waits for, for people.
    pub(super) fn describe(&self, state: &CaseState, step: &str) -> Option<WaitingGate> {
        let gate = state.gates.get(step)?;
        let mut approved = Vec::new();
        let mut void = Vec::new();
        for signed in &gate.approvals {
            match self.counts(state, gate, step, signed, Decision::Approve) {
                Ok(()) => approved.push(signed.person.clone()),
                Err(why) => void.push(format!("{}: {why}", signed.person)),
            }
        }
        Some(WaitingGate {
            step: step.to_owned(),
            plan: gate.plan,
            roles: gate.roles.clone(),
            people: gate.people,
            approved,
            void,
            expires: gate.expires,
            expired: gate.expired,
        })
    }

    fn counts(
        &self,
        state: &CaseState,
        gate: &GateRecord,
        step: &str,
        signed: &Signed,
        decision: Decision,
    ) -> Result<(), String> {
        state.may_decide(gate, &signed.person)?;
        if signed.text != decision_text(&self.case, step, gate.plan, decision) {
            return Err("the signed text does not bind this case, step, plan and decision".into());
        }
        match self.seen.get(&key(signed)) {
            Some(answer) => answer.clone(),
            None => Err("the signature was not checked yet".to_owned()),
        }
    }
}
