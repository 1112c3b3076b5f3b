//! Gates: what a decision has to say, and whether enough people decided.

use std::collections::{BTreeMap, BTreeSet};

use super::{Verifier, WaitingGate};
use crate::case::event::Signed;
use crate::case::state::{CaseState, GateRecord};
use crate::evidence::approval::{Approval, Decision, Subject};
use crate::fault::Fault;
use crate::id::CaseId;
use crate::time::Timestamp;

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
    pub(super) fn verdict(&self, state: &CaseState, step: &str, now: Timestamp) -> Verdict {
        let Some(gate) = state.gates.get(step) else {
            return Verdict::Open;
        };
        if let Some(denied) = &gate.denied {
            if !self.seen.contains_key(&key(denied)) {
                return Verdict::Open;
            }
            // They might when the log took it; who said no is not silenced by being kept out afterwards.
            return match self.holds(gate, step, denied, Decision::Deny, now) {
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
            .filter(|signed| self.counts(state, gate, step, signed, now).is_ok())
            .map(|signed| signed.person.as_str())
            .collect();
        if people.len() >= usize::try_from(gate.people.max(1)).unwrap_or(usize::MAX) {
            Verdict::Passed
        } else {
            Verdict::Open
        }
    }

    /// What a gate still waits for, for people.
    pub(super) fn describe(
        &self,
        state: &CaseState,
        step: &str,
        now: Timestamp,
    ) -> Option<WaitingGate> {
        let gate = state.gates.get(step)?;
        let mut approved = Vec::new();
        let mut void = Vec::new();
        for signed in &gate.approvals {
            match self.counts(state, gate, step, signed, now) {
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

    /// Whether an approval counts at `now`.
    fn counts(
        &self,
        state: &CaseState,
        gate: &GateRecord,
        step: &str,
        signed: &Signed,
        now: Timestamp,
    ) -> Result<(), String> {
        state.may_decide(Some(&gate.roles), &signed.person)?;
        self.holds(gate, step, signed, Decision::Approve, now)
    }

    /// Whether a decision is what its person signed for this gate, whoever may decide there now.
    fn holds(
        &self,
        gate: &GateRecord,
        step: &str,
        signed: &Signed,
        decision: Decision,
        now: Timestamp,
    ) -> Result<(), String> {
        let text: Approval = signed
            .text
            .parse()
            .map_err(|fault: Fault| fault.to_string())?;
        let binds = text.case == self.case
            && text.subject == Subject::Gate(step.to_owned())
            && text.binds == gate.plan
            && text.decision == decision
            && text.person == signed.person;
        if !binds {
            return Err(
                "the signed text does not bind this case, step, plan, person and decision".into(),
            );
        }
        if decision == Decision::Approve && text.expires <= now {
            return Err(format!(
                "it was good until {}",
                crate::time::utc(text.expires)
            ));
        }
        match self.seen.get(&key(signed)) {
            Some(answer) => answer.clone(),
            None => Err("the signature was not checked yet".to_owned()),
        }
    }
}
