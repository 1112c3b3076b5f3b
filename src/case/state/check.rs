//! Which event may follow which state.

use super::{CaseState, GateRecord, Phase, RunPhase};
use crate::case::event::{Entry, Event, Outcome};
use crate::door::{Class, DoorState};
use crate::fault::{Fault, Result};
use crate::id::{DoorId, EvidenceId};
use crate::plan::{Step, StepId, Task};
use crate::time::Timestamp;

impl CaseState {
    /// Whether `entry` may follow. Nothing is changed.
    ///
    /// # Errors
    /// A fault with code `illegal-transition` that names the entry and the rule it breaks.
    pub fn check(&self, entry: &Entry) -> Result<()> {
        let rule = self.rule(&entry.event, entry.at);
        rule.and_then(|()| self.rule_sender(entry)).map_err(|why| {
            Fault::failed(
                "illegal-transition",
                format!("This event cannot follow: {why}."),
            )
            .at(format!("{} line {}", entry.case, entry.seq + 1))
        })
    }

    fn rule(&self, event: &Event, at: Timestamp) -> Result<(), String> {
        let opening = matches!(event, Event::CaseOpened { .. });
        match self.phase {
            Phase::None if !opening => return Err("the case was not opened".to_owned()),
            Phase::None => {}
            _ if opening => return Err("the case is already open".to_owned()),
            Phase::Closed if acts(event) => return Err("the case is closed".to_owned()),
            Phase::Held if starts(event) => return Err("the case is held".to_owned()),
            Phase::Open | Phase::Held | Phase::Closed => {}
        }
        self.rule_case(event)?;
        self.rule_run(event, at)?;
        self.rule_paper(event, at)
    }

    fn rule_case(&self, event: &Event) -> Result<(), String> {
        match event {
            Event::CaseHeld { .. } => {
                need(self.phase == Phase::Open, "only an open case can be held")
            }
            Event::CaseReleased { .. } => need(
                self.phase == Phase::Held,
                "only a held case can be released",
            ),
            Event::CaseClosed { .. } => need(self.run != RunPhase::Running, "a run is under way"),
            Event::EvidenceKept(evidence) => need(
                !self.evidence.contains_key(&evidence.id),
                "this evidence id was used before",
            ),
            Event::DoorFound(door) => self.known(&door.evidence),
            Event::IdentityChosen { evidence, .. } => {
                evidence.iter().try_for_each(|id| self.known(id))?;
                self.rule_leads(event)
            }
            Event::IdentityWithdrawn { account, .. } => self.may_withdraw(account),
            Event::TrailPage { evidence, .. } => self.known(evidence),
            Event::TrailRead { evidence, .. } => evidence.iter().try_for_each(|id| self.known(id)),
            Event::ContactRecorded(contact) => {
                contact.evidence.iter().try_for_each(|id| self.known(id))
            }
            Event::ContactJudged {
                contact, demand, ..
            } => {
                let known = self.contacts.iter().find(|known| known.id == *contact);
                let known = known.ok_or("there is no such contact")?;
                need(
                    !demand || known.direction == "in",
                    "what we sent makes no demand on us",
                )
            }
            Event::DoorProbed { door, state, probe } => {
                self.door(door)?;
                need(
                    *state == probe.state
                        || (*state == DoorState::Closing && probe.state != DoorState::Closed),
                    "a door takes the state that the probe saw",
                )?;
                need(
                    probe.state != DoorState::Closing,
                    "a probe never answers closing",
                )?;
                need(
                    probe.state != DoorState::Closed || !probe.evidence.is_empty(),
                    "closed needs evidence",
                )?;
                probe.evidence.iter().try_for_each(|id| self.known(id))
            }
            Event::CheckpointSigned { entries, .. } => need(
                *entries <= self.lines,
                "a checkpoint covers lines that exist",
            ),
            event => {
                self.rule_sanctions(event)?;
                self.rule_leads(event)?;
                self.rule_scope(event)
            }
        }
    }

    fn rule_run(&self, event: &Event, at: Timestamp) -> Result<(), String> {
        match event {
            Event::PlanMade { plan, digest } => {
                need(self.run != RunPhase::Running, "a run is under way")?;
                let actual = crate::canon::digest_of(plan).map_err(|fault| fault.to_string())?;
                need(actual == *digest, "the digest is not the plan's")?;
                let ids: std::collections::BTreeSet<_> = plan.steps.iter().map(|s| &s.id).collect();
                need(ids.len() == plan.steps.len(), "two steps have one name")
            }
            Event::RunStarted { plan } => {
                need(self.run == RunPhase::None, "a run was started before")?;
                self.bound(*plan)
            }
            Event::RunResumed { plan } => {
                need(
                    matches!(self.run, RunPhase::Running | RunPhase::Cancelled),
                    "there is nothing to resume",
                )?;
                self.bound(*plan)
            }
            Event::RunEnded { plan } => {
                need(self.run == RunPhase::Running, "no run is under way")?;
                need(
                    self.steps.values().all(|record| record.outcome.is_some()),
                    "steps have not ended",
                )?;
                self.bound(*plan)
            }
            Event::RunCancelled { .. } => {
                need(self.run == RunPhase::Running, "no run is under way")
            }
            Event::StepIntended {
                step,
                attempt,
                door,
                undo,
            } => {
                let planned = self.running(step)?;
                self.rule_intent(planned, *attempt, door.as_ref(), undo.is_some())
            }
            Event::StepActed { step, attempt, .. } => {
                self.running(step)?;
                let in_doubt = self.steps.get(step).and_then(|r| r.in_doubt);
                need(
                    in_doubt == Some(*attempt),
                    "the step has no intent for this attempt",
                )
            }
            Event::StepEnded { step, outcome } => self.rule_end(self.running(step)?, outcome, at),
            Event::TimerSet { step, .. } => self.running(step).map(|_| ()),
            Event::UndoIntended { door } => {
                self.door(door)?;
                let undo = self
                    .doors
                    .get(door)
                    .is_some_and(|r| r.touched && r.undo.is_some());
                need(undo, "no inverse was stored for the door")
            }
            Event::UndoActed { door, .. } => {
                self.door(door)?;
                let begun = self.doors.get(door).is_some_and(|record| record.undoing);
                need(begun, "no undo of the door was begun")
            }
            event => self.rule_gate(event, at),
        }
    }

    /// A step begins after what it needs, behind gates that were passed, with its inverse stored.
    fn rule_intent(
        &self,
        step: &Step,
        attempt: u32,
        door: Option<&DoorId>,
        undo: bool,
    ) -> Result<(), String> {
        let record = self.steps.get(&step.id);
        need(
            record.is_none_or(|r| r.in_doubt.is_none()),
            "the step has an intent without an outcome",
        )?;
        need(
            attempt == record.map_or(0, |r| r.attempts) + 1,
            "attempts count up by one",
        )?;
        for other in &step.needs {
            let ended = self.steps.get(other).is_some_and(|r| r.outcome.is_some());
            need(ended, "a step that it needs has not ended")?;
            let shut = self.gates.get(other).is_some_and(|gate| !gate.passed);
            need(!shut, "a gate before it was not passed")?;
        }
        let Task::Close {
            door: planned,
            class,
            ..
        } = &step.task
        else {
            return need(door.is_none(), "only a closing names a door");
        };
        need(door == Some(planned), "the plan closes another door")?;
        need(
            self.door(planned)?.protected.is_none(),
            "the door is protected",
        )?;
        let passed = |gate: &&StepId| {
            let shut = |of: &GateRecord| !of.passed || self.bound(of.plan).is_err();
            self.gates_for_good.contains(*gate) && self.gates.get(*gate).is_some_and(|of| !shut(of))
        };
        need(
            *class != Class::Irreversible || step.needs.iter().any(|need| passed(&need)),
            "what cannot be undone needs a gate of its own, for two people or more, that was passed",
        )?;
        need(
            undo || *class != Class::Reversible,
            "a reversible closing needs its inverse stored first",
        )
    }

    /// Nothing is done without proof, and nothing that was begun is called not tried.
    fn rule_end(&self, step: &Step, outcome: &Outcome, at: Timestamp) -> Result<(), String> {
        let record = self.steps.get(&step.id);
        let in_doubt = record.is_some_and(|r| r.in_doubt.is_some());
        match outcome {
            Outcome::Unknown { .. } => return Ok(()),
            Outcome::Failed { .. } | Outcome::Skipped { .. } => {
                return need(!in_doubt, "an intent has no outcome");
            }
            Outcome::Done { asked, proven, .. } => {
                need(!in_doubt, "an intent has no outcome")?;
                need(*asked > 0, "nothing was asked for, so nothing is done")?;
                need(asked == proven, "less was proven than was asked for")?;
            }
        }
        match &step.task {
            Task::Close { door, .. } => need(
                self.doors
                    .get(door)
                    .is_some_and(|r| r.state == DoorState::Closed),
                "no probe proved that the door is closed",
            ),
            Task::Gate { .. } => need(
                self.gates.get(&step.id).is_some_and(|gate| gate.passed),
                "the gate was not passed",
            ),
            Task::Wait { .. } => need(
                record.and_then(|r| r.due).is_some_and(|due| due <= at),
                "its time has not come",
            ),
            Task::Snapshot { trail, account, .. } => need(
                self.trails.iter().any(|read| {
                    read.completeness.complete
                        && read.trail == *trail
                        && read.account.as_ref() == Some(account)
                }),
                "the trail was not read to its end",
            ),
            Task::Verify { .. } => need(
                self.touched().iter().all(|id| {
                    self.doors
                        .get(id)
                        .is_some_and(|r| r.state == DoorState::Closed)
                }),
                "a door that the plan touched is not proven closed",
            ),
            Task::Draft { .. } => Ok(()),
        }
    }

    fn rule_gate(&self, event: &Event, at: Timestamp) -> Result<(), String> {
        let gate = |step: &str| {
            self.gates
                .get(step)
                .ok_or_else(|| format!("gate `{step}` was not opened"))
        };
        match event {
            Event::GateOpened {
                step,
                plan,
                roles,
                people,
                expires,
            } => {
                let planned = self.running(step)?;
                self.bound(*plan)?;
                let Task::Gate {
                    roles: asked,
                    people: number,
                    ..
                } = &planned.task
                else {
                    return Err("the step is not a gate".to_owned());
                };
                need(
                    asked == roles && number == people && *people > 0,
                    "the gate asks for other people than the plan",
                )?;
                need(*expires > at, "the gate would be born expired")?;
                need(
                    self.gates.get(step).is_none_or(|gate| gate.expired),
                    "the gate is open already",
                )
            }
            Event::GateApproved { step, plan, signed } => {
                let gate = gate(step)?;
                need(gate.plan == *plan, "the approval binds another plan")?;
                self.unsettled(gate, at)?;
                need(
                    gate.approvals
                        .iter()
                        .all(|other| other.person != signed.person),
                    "the person has approved before",
                )?;
                self.not_again(&gate.approvals, &signed.person)?;
                self.may_decide(Some(&gate.roles), &signed.person)
            }
            Event::GateDenied { step, plan, signed } => {
                let gate = gate(step)?;
                need(gate.plan == *plan, "the denial binds another plan")?;
                self.unsettled(gate, at)?;
                self.may_decide(Some(&gate.roles), &signed.person)
            }
            Event::GatePassed { step } => {
                let gate = gate(step)?;
                let standing = self.approvals_standing(gate);
                let enough = standing >= usize::try_from(gate.people).unwrap_or(usize::MAX);
                self.unsettled(gate, at)?;
                need(enough, "too few people approved")
            }
            Event::GateExpired { step } => need(!gate(step)?.passed, "the gate was passed"),
            _ => Ok(()),
        }
    }

    fn unsettled(&self, gate: &GateRecord, at: Timestamp) -> Result<(), String> {
        need(
            !gate.passed && !gate.expired && gate.denied.is_none(),
            "the gate is settled",
        )?;
        need(
            self.plan
                .as_ref()
                .is_some_and(|(_, digest)| *digest == gate.plan),
            "the gate binds another plan",
        )?;
        need(at < gate.expires, "the gate's time has run out")
    }

    pub(super) fn known(&self, id: &EvidenceId) -> Result<(), String> {
        need(
            self.evidence.contains_key(id),
            "it names evidence that was not kept",
        )
    }

    /// Whether words are kept apart in an item of evidence.
    pub(super) fn apart(&self, id: &EvidenceId) -> Result<(), String> {
        let kept = self.evidence.get(id);
        need(
            kept.is_some_and(|kept| kept.privileged),
            "its words are kept apart in no evidence of counsel's",
        )
    }

    fn door(&self, id: &DoorId) -> Result<&crate::door::Door, String> {
        self.doors
            .get(id)
            .map(|record| &record.door)
            .ok_or_else(|| format!("door {id} was not found"))
    }

    fn bound(&self, digest: crate::canon::Digest) -> Result<(), String> {
        need(
            self.plan.as_ref().is_some_and(|(_, made)| *made == digest),
            "it binds another plan",
        )
    }

    /// The step is in the plan, the run is under way, and the step has not ended.
    fn running(&self, step: &str) -> Result<&Step, String> {
        need(self.run == RunPhase::Running, "no run is under way")?;
        let planned = self.planned(step).ok_or("the plan has no such step")?;
        need(
            self.steps.get(step).is_none_or(|r| r.outcome.is_none()),
            "the step has ended",
        )?;
        Ok(planned)
    }
}

/// Events that change the outside world or begin to.
const fn acts(event: &Event) -> bool {
    matches!(
        event,
        Event::PlanMade { .. }
            | Event::RunStarted { .. }
            | Event::RunResumed { .. }
            | Event::StepIntended { .. }
            | Event::UndoIntended { .. }
            | Event::NoticeSending { .. }
            | Event::GateApproved { .. }
            | Event::GatePassed { .. }
    )
}

/// Events that start something new; a held case allows none of them, but takes in what was begun.
const fn starts(event: &Event) -> bool {
    matches!(
        event,
        Event::RunStarted { .. }
            | Event::RunResumed { .. }
            | Event::StepIntended { .. }
            | Event::GatePassed { .. }
            | Event::NoticeSending { .. }
    )
}

pub(super) fn need(holds: bool, why: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(why.to_owned()) }
}
