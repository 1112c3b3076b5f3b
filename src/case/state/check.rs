//! Which event may follow which state.

use super::{CaseState, Phase, RunPhase};
use crate::case::event::{Entry, Event};
use crate::door::DoorState;
use crate::fault::{Fault, Result};
use crate::id::{DoorId, EvidenceId};

impl CaseState {
    /// Whether `entry` may follow. Nothing is changed.
    ///
    /// # Errors
    /// A fault with code `illegal-transition` that names the entry and the rule it breaks.
    pub fn check(&self, entry: &Entry) -> Result<()> {
        self.rule(&entry.event).map_err(|why| {
            Fault::failed(
                "illegal-transition",
                format!("This event cannot follow: {why}."),
            )
            .at(format!("{} line {}", entry.case, entry.seq + 1))
        })
    }

    fn rule(&self, event: &Event) -> Result<(), String> {
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
        self.rule_run(event)?;
        self.rule_paper(event)
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
                evidence.iter().try_for_each(|id| self.known(id))
            }
            Event::TrailPage { evidence, .. } => self.known(evidence),
            Event::TrailRead { evidence, .. } => evidence.iter().try_for_each(|id| self.known(id)),
            Event::ContactRecorded(contact) => {
                contact.evidence.iter().try_for_each(|id| self.known(id))
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
            _ => Ok(()),
        }
    }

    fn rule_run(&self, event: &Event) -> Result<(), String> {
        match event {
            Event::PlanMade { plan, digest } => {
                need(self.run != RunPhase::Running, "a run is under way")?;
                let actual = crate::canon::digest_of(plan).map_err(|fault| fault.to_string())?;
                need(actual == *digest, "the digest is not the plan's")
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
                self.bound(*plan)
            }
            Event::RunCancelled { .. } => {
                need(self.run == RunPhase::Running, "no run is under way")
            }
            Event::StepIntended {
                step,
                attempt,
                door,
                ..
            } => {
                self.running(step)?;
                let record = self.steps.get(step);
                need(
                    record.is_none_or(|r| r.in_doubt.is_none()),
                    "the step has an intent without an outcome",
                )?;
                need(
                    *attempt == record.map_or(0, |r| r.attempts) + 1,
                    "attempts count up by one",
                )?;
                door.as_ref().map_or(Ok(()), |id| {
                    need(self.door(id)?.protected.is_none(), "the door is protected")
                })
            }
            Event::StepActed { step, attempt, .. } => {
                self.running(step)?;
                let in_doubt = self.steps.get(step).and_then(|r| r.in_doubt);
                need(
                    in_doubt == Some(*attempt),
                    "the step has no intent for this attempt",
                )
            }
            Event::StepEnded { step, .. } => self.running(step),
            Event::TimerSet { step, .. } => self.running(step),
            Event::UndoIntended { door } => {
                self.door(door)?;
                let undo = self
                    .doors
                    .get(door)
                    .is_some_and(|r| r.touched && r.undo.is_some());
                need(undo, "no inverse was stored for the door")
            }
            Event::UndoActed { door, .. } => self.door(door).map(|_| ()),
            event => self.rule_gate(event),
        }
    }

    fn rule_gate(&self, event: &Event) -> Result<(), String> {
        let gate = |step: &str| {
            self.gates
                .get(step)
                .ok_or_else(|| format!("gate `{step}` was not opened"))
        };
        match event {
            Event::GateOpened { step, plan, .. } => {
                self.running(step)?;
                self.bound(*plan)
            }
            Event::GateApproved { step, plan, signed } => {
                let gate = gate(step)?;
                need(gate.plan == *plan, "the approval binds another plan")?;
                need(
                    !gate.passed && !gate.expired && gate.denied.is_none(),
                    "the gate is settled",
                )?;
                need(
                    gate.approvals
                        .iter()
                        .all(|other| other.person != signed.person),
                    "the person has approved before",
                )?;
                let person = self
                    .people
                    .iter()
                    .find(|person| person.name == signed.person);
                need(
                    person.is_some_and(|person| {
                        person.roles.iter().any(|role| gate.roles.contains(role))
                    }),
                    "the person has no role that may approve",
                )
            }
            Event::GateDenied { step, plan, .. } => {
                let gate = gate(step)?;
                need(gate.plan == *plan, "the denial binds another plan")?;
                need(
                    !gate.passed && !gate.expired && gate.denied.is_none(),
                    "the gate is settled",
                )
            }
            Event::GatePassed { step } => {
                let gate = gate(step)?;
                let enough =
                    gate.approvals.len() >= usize::try_from(gate.people).unwrap_or(usize::MAX);
                need(
                    enough && gate.denied.is_none() && !gate.expired,
                    "too few people approved",
                )
            }
            Event::GateExpired { step } => need(!gate(step)?.passed, "the gate was passed"),
            _ => Ok(()),
        }
    }

    fn rule_paper(&self, event: &Event) -> Result<(), String> {
        match event {
            Event::NoticeDrafted {
                evidence, facts, ..
            } => {
                self.known(evidence)?;
                facts.iter().try_for_each(|id| self.known(id))
            }
            Event::NoticeApproved {
                notice,
                text,
                signed,
            } => {
                let record = self.notices.get(notice).ok_or("there is no such notice")?;
                need(record.text == *text, "the approval binds another text")?;
                need(
                    record.approvals.iter().all(|a| a.person != signed.person),
                    "the person has approved before",
                )
            }
            Event::NoticeSending { notice, text, .. } => {
                let record = self.notices.get(notice).ok_or("there is no such notice")?;
                need(
                    record.text == *text && !record.approvals.is_empty(),
                    "this text was not approved",
                )?;
                need(record.sent.is_none(), "it was sent before")
            }
            Event::NoticeSent {
                notice, message_id, ..
            }
            | Event::NoticeRefused {
                notice, message_id, ..
            } => {
                let record = self.notices.get(notice).ok_or("there is no such notice")?;
                need(
                    record.sending.as_ref() == Some(message_id),
                    "no sending with this message id was begun",
                )
            }
            Event::ClockStarted(start) => {
                need(
                    !start.candidates.is_empty(),
                    "a clock needs a candidate start",
                )?;
                need(
                    !self.clocks.contains_key(&start.id),
                    "this clock was started before",
                )
            }
            Event::ClockChosen { clock, .. } | Event::ClockReceipt { clock, .. } => {
                need(self.clocks.contains_key(clock), "there is no such clock")
            }
            Event::CheckpointSigned { entries, .. } => need(
                *entries <= self.lines,
                "a checkpoint covers lines that exist",
            ),
            _ => Ok(()),
        }
    }

    fn known(&self, id: &EvidenceId) -> Result<(), String> {
        need(
            self.evidence.contains_key(id),
            "it names evidence that was not kept",
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
    fn running(&self, step: &str) -> Result<(), String> {
        need(self.run == RunPhase::Running, "no run is under way")?;
        let planned = self
            .plan
            .as_ref()
            .is_some_and(|(plan, _)| plan.steps.iter().any(|s| s.id == step));
        need(planned, "the plan has no such step")?;
        need(
            self.steps.get(step).is_none_or(|r| r.outcome.is_none()),
            "the step has ended",
        )
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

fn need(holds: bool, why: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(why.to_owned()) }
}
