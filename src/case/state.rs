//! The state of a case: a pure fold over its events. An event that cannot follow is an error.
//!
//! [`CaseState::check`] says whether an entry may follow, [`CaseState::apply`] takes it in.

mod authors;
mod check;
mod clocks;
mod deed;
mod delays;
mod facts;
mod filing;
mod grounds;
mod instants;
mod leads;
mod notice;
mod outbox;
mod papers;
mod people;
mod record;
mod review;
mod sanctions;
mod scope;
mod start;

pub use deed::{Deed, Did};
pub use filing::Filed;
pub use leads::LeadRecord;
pub use notice::{Dispatch, NoticeRecord, Proposal, Receipt, Remark, Verdict, Version, bound};
pub use record::{
    AnswerRecord, Bounce, Choice, ClockRecord, DelayEnd, DelayRecord, Delayed, DoorRecord,
    FactRecord, GateRecord, InstantRecord, Judgment, MailRecord, MendedRecord, Pulling,
    ReceiptRecord, StepRecord, TakenBack, TrailRecord,
};
pub use review::number_after;
pub use sanctions::{DeterminationRecord, Hold};
pub use scope::Scope;
pub use start::Named;

use std::collections::{BTreeMap, BTreeSet};

use super::event::{Contact, Entry, Event, Evidence, Outcome, Person, RECALLED};
use super::subject::Subject;
use crate::canon::Digest;
use crate::door::DoorState;
use crate::id::{
    CaseId, ClockId, ContactId, DeterminationId, DoorId, EvidenceId, InstantId, NoticeId,
};
use crate::plan::{Plan, Step, StepId, Task};
use crate::provider::{Account, Candidate, Closing, Completeness};
use crate::time::Timestamp;

/// Where a case stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Nothing was opened.
    #[default]
    None,
    /// Work goes on.
    Open,
    /// A person said wait: nothing new starts.
    Held,
    /// Closed by a person.
    Closed,
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunPhase {
    /// Nothing was started.
    #[default]
    None,
    /// Steps may be under way.
    Running,
    /// A person stopped it.
    Cancelled,
    /// Every step has ended.
    Ended,
}

/// Everything that the log says.
#[derive(Debug, Clone, Default)]
#[expect(
    missing_docs,
    reason = "the fields are named by the vocabulary of the events"
)]
pub struct CaseState {
    pub case: Option<CaseId>,
    pub phase: Phase,
    pub title: String,
    pub subject: Subject,
    pub route: String,
    pub people: Vec<Person>,
    pub recorder: String,
    pub protected: Vec<String>,
    pub scope: Scope,
    /// Whom the case may be about too, in the order in which they were recorded.
    pub leads: Vec<LeadRecord>,
    pub effective: Option<Timestamp>,
    /// The first line that took the case back since it was held.
    pub recalled: Option<u64>,
    pub opened: Option<Timestamp>,
    /// When the first close of a door was intended.
    pub closing_began: Option<Timestamp>,
    pub notes: Vec<(Timestamp, String)>,
    pub evidence: BTreeMap<EvidenceId, Evidence>,
    /// What the case was opened on: kept by the line right after the first.
    pub opening: Option<EvidenceId>,
    pub candidates: BTreeMap<String, Vec<Candidate>>,
    pub accounts: Vec<Account>,
    /// Accounts that a person took back; never chosen again without a person.
    pub withdrawn: Vec<Account>,
    pub doors: BTreeMap<DoorId, DoorRecord>,
    /// Doors that a probe found open after one had proven them closed, and the line that says so.
    pub reopened: Vec<(u64, DoorId)>,
    pub inventories: Vec<(Account, Vec<Completeness>, Vec<String>)>,
    pub inventory_failures: Vec<(Account, String)>,
    pub trails: Vec<TrailRecord>,
    /// Pulls that have not ended, by trail and account id.
    pub pulling: BTreeMap<(String, String), Pulling>,
    pub plan: Option<(Plan, Digest)>,
    /// The gates of the plan that may let through what cannot be undone.
    pub gates_for_good: BTreeSet<StepId>,
    pub run: RunPhase,
    pub steps: BTreeMap<StepId, StepRecord>,
    pub gates: BTreeMap<StepId, GateRecord>,
    pub notices: BTreeMap<NoticeId, NoticeRecord>,
    /// Each with the demand that a person saw in it, where one judged.
    pub contacts: Vec<Contact>,
    /// The last word of a person on a contact.
    pub judged: BTreeMap<ContactId, Judgment>,
    /// Why the hold on everything that is claimed was opened. Never taken away.
    pub sanctions_hold: Option<String>,
    pub hold: Option<Hold>,
    pub determinations: BTreeMap<DeterminationId, DeterminationRecord>,
    pub clocks: BTreeMap<ClockId, ClockRecord>,
    /// What people recorded for notices, by the name of the fact.
    pub facts: BTreeMap<String, FactRecord>,
    pub instants: BTreeMap<InstantId, InstantRecord>,
    /// The last answer, by duty and question.
    pub answers: BTreeMap<(String, String), AnswerRecord>,
    pub delays: Vec<DelayRecord>,
    pub checkpoints: Vec<(u64, Digest)>,
    pub mended: Vec<MendedRecord>,
    /// How many lines were folded.
    pub lines: u64,
}

impl CaseState {
    /// Why a door is said to be where it is: its last probe, why the plan leaves it, or how the step
    /// that closes it ended.
    pub fn why(&self, record: &DoorRecord) -> String {
        if let Some(probe) = &record.probe {
            return probe.why.clone();
        }
        let Some((plan, _)) = &self.plan else {
            return "there is no plan yet".to_owned();
        };
        if let Some(left) = plan.left.iter().find(|left| left.door == record.door.id) {
            return left.why.clone();
        }
        let closes = |step: &&Step| matches!(&step.task, Task::Close { door, .. } if *door == record.door.id);
        let step = plan.steps.iter().find(closes);
        let outcome = step.and_then(|step| self.steps.get(&step.id)?.outcome.as_ref());
        match outcome {
            Some(Outcome::Failed { why } | Outcome::Unknown { why } | Outcome::Skipped { why }) => {
                why.clone()
            }
            Some(Outcome::Done { note, .. }) => note.clone(),
            None => "nothing was tried yet".to_owned(),
        }
    }

    /// How many doors are in each state: open, closing, closed, unknown.
    pub fn door_counts(&self) -> BTreeMap<DoorState, usize> {
        let mut counts = BTreeMap::from([
            (DoorState::Open, 0),
            (DoorState::Closing, 0),
            (DoorState::Closed, 0),
            (DoorState::Unknown, 0),
        ]);
        for record in self.doors.values() {
            *counts.entry(record.state).or_default() += 1;
        }
        counts
    }

    /// Takes an entry in that [`Self::check`] allowed.
    pub fn apply(&mut self, entry: &Entry) {
        self.lines += 1;
        self.apply_sanctions(entry);
        if let Event::StepIntended { door: Some(_), .. } = &entry.event {
            self.closing_began.get_or_insert(entry.at);
        }
        match &entry.event {
            Event::CaseOpened {
                title,
                subject,
                route,
                people,
                recorder,
                protected,
                effective,
                ..
            } => {
                self.case = Some(entry.case.clone());
                self.phase = Phase::Open;
                self.title.clone_from(title);
                self.subject = subject.clone();
                self.route.clone_from(route);
                self.people.clone_from(people);
                self.recorder.clone_from(recorder);
                self.protected.clone_from(protected);
                self.effective = *effective;
                self.opened = Some(entry.at);
            }
            Event::CaseHeld { reason } => {
                self.phase = Phase::Held;
                self.taken_back(reason, entry.seq);
            }
            Event::CaseReleased { .. } => {
                self.phase = Phase::Open;
                self.recalled = None;
            }
            Event::CaseClosed { .. } => self.phase = Phase::Closed,
            Event::CaseNoted { text } => {
                self.notes.push((entry.at, text.clone()));
                self.taken_back(text, entry.seq);
            }
            Event::EvidenceKept(evidence) => {
                if entry.seq == 1 {
                    self.opening = Some(evidence.id.clone());
                }
                self.evidence.insert(evidence.id.clone(), evidence.clone());
            }
            Event::ContactRecorded(contact) => self.contacts.push(contact.clone()),
            Event::ContactJudged {
                contact,
                demand,
                reason,
            } => self.judge(contact, *demand, reason, entry),
            Event::CheckpointSigned { entries, head, .. } => {
                self.checkpoints.push((*entries, *head));
            }
            Event::StoreMended { .. } => self.mended.extend(MendedRecord::of(entry)),
            // The hold was taken in above.
            Event::ExportMade { .. } | Event::SanctionsHeld { .. } => {}
            event => {
                self.apply_scope(event);
                self.apply_leads(entry);
                self.apply_subject(event, entry.at);
                self.apply_run(event, entry);
                self.apply_paper(entry);
            }
        }
    }

    fn taken_back(&mut self, said: &str, line: u64) {
        if self.phase == Phase::Held && said.starts_with(RECALLED) {
            self.recalled.get_or_insert(line);
        }
    }

    /// How many doors wait for a person to open them again, since the case was taken back: their close
    /// was begun and not undone, and what reopening needs is kept.
    pub fn awaiting_undo(&self) -> usize {
        let closed = |record: &&DoorRecord| {
            record.touched && (!record.undone || record.undoing) && record.undo.is_some()
        };
        let doors = self.doors.values().filter(closed);
        self.recalled.map_or(0, |_| doors.count())
    }

    /// What a person sees in a contact counts from now on; a hold and clocks stay as they are.
    fn judge(&mut self, contact: &ContactId, demand: bool, reason: &str, entry: &Entry) {
        let known = self.contacts.iter_mut().find(|known| known.id == *contact);
        if let Some(known) = known {
            known.demand = demand;
        }
        let judgment = Judgment {
            demand,
            reason: reason.to_owned(),
            by: entry.by.clone(),
            at: entry.at,
        };
        self.judged.insert(contact.clone(), judgment);
    }

    /// Identities, doors and trails.
    fn apply_subject(&mut self, event: &Event, at: Timestamp) {
        match event {
            Event::IdentityCandidates {
                provider,
                candidates,
            } => {
                self.candidates.insert(provider.clone(), candidates.clone());
            }
            Event::IdentityChosen { account, .. } => {
                self.accounts.retain(|known| known != account);
                self.withdrawn.retain(|known| known != account);
                self.accounts.push(account.clone());
            }
            Event::IdentityWithdrawn { account, .. } => self.withdraw(account),
            Event::DoorFound(door) => {
                let record = self
                    .doors
                    .entry(door.id.clone())
                    .or_insert_with(|| DoorRecord {
                        door: door.clone(),
                        state: DoorState::Open,
                        probe: None,
                        undo: None,
                        touched: false,
                        undone: false,
                        closing_line: None,
                        undoing: false,
                    });
                // Protection that is learnt later counts; none is ever lost.
                if record.door.protected.is_none() {
                    record.door.protected.clone_from(&door.protected);
                }
            }
            Event::InventoryRead {
                account,
                completeness,
                blind,
                ..
            } => {
                self.inventories.retain(|(known, ..)| known != account);
                self.inventory_failures
                    .retain(|(known, _)| known != account);
                self.inventories
                    .push((account.clone(), completeness.clone(), blind.clone()));
            }
            Event::InventoryFailed { account, why } => {
                self.inventory_failures
                    .retain(|(known, _)| known != account);
                self.inventory_failures.push((account.clone(), why.clone()));
            }
            event @ Event::TrailPage { .. } => self.apply_page(event),
            Event::TrailRead {
                trail,
                account,
                completeness,
                evidence,
            } => {
                if let Some(account) = account {
                    self.pulling.remove(&(trail.clone(), account.id.clone()));
                }
                self.trails.push(TrailRecord {
                    at,
                    trail: trail.clone(),
                    account: account.clone(),
                    completeness: completeness.clone(),
                    evidence: evidence.clone(),
                });
            }
            _ => {}
        }
    }

    fn apply_page(&mut self, event: &Event) {
        let Event::TrailPage {
            trail,
            account,
            evidence,
            records,
            duplicates,
            throttled,
            cursor,
            first,
            last,
            next,
        } = event
        else {
            return;
        };
        let key = (trail.clone(), account.id.clone());
        let pulling = self.pulling.entry(key).or_default();
        pulling.evidence.push(evidence.clone());
        pulling.next.clone_from(next);
        let so_far = &mut pulling.so_far;
        so_far.pages += 1;
        so_far.cursors.push(cursor.clone().unwrap_or_default());
        so_far.records += records;
        so_far.duplicates += duplicates;
        so_far.throttled = so_far.throttled.saturating_add(*throttled);
        so_far.first = [so_far.first, *first].into_iter().flatten().min();
        so_far.last = [so_far.last, *last].into_iter().flatten().max();
    }

    /// Plan, gates, steps and what they do to doors.
    fn apply_run(&mut self, event: &Event, entry: &Entry) {
        match event {
            Event::PlanMade { plan, digest } => self.freeze(plan, *digest),
            Event::RunStarted { .. } | Event::RunResumed { .. } => self.go_on(),
            Event::RunCancelled { .. } => self.run = RunPhase::Cancelled,
            Event::RunEnded { .. } => self.run = RunPhase::Ended,
            Event::TimerSet { step, due } => self.step(step).due = Some(*due),
            Event::StepIntended {
                step,
                attempt,
                door,
                undo,
            } => {
                let record = self.step(step);
                record.attempts = *attempt;
                record.in_doubt = Some(*attempt);
                record.intended.get_or_insert(entry.at);
                if let Some(door) = door.as_ref().and_then(|id| self.doors.get_mut(id)) {
                    door.touched = true;
                    door.undone = false;
                    door.closing_line = Some(entry.seq);
                    if undo.is_some() {
                        door.undo.clone_from(undo);
                    }
                }
            }
            Event::StepActed {
                step,
                door,
                closing,
                note,
                ..
            } => {
                let record = self.step(step);
                record.in_doubt = None;
                record.acted.clone_from(closing);
                record.acted_at = Some(entry.at);
                record.note.clone_from(note);
                self.closing_seen(door.as_ref(), closing.as_ref(), DoorState::Closing);
            }
            Event::StepEnded { step, outcome } => {
                let record = self.step(step);
                record.in_doubt = None;
                record.outcome = Some(outcome.clone());
            }
            Event::DoorProbed { door, state, probe } => {
                if let Some(record) = self.doors.get_mut(door) {
                    if (record.state, *state) == (DoorState::Closed, DoorState::Open) {
                        self.reopened.push((entry.seq, door.clone()));
                    }
                    record.state = *state;
                    record.probe = Some(probe.clone());
                }
            }
            Event::UndoIntended { door } => {
                if let Some(record) = self.doors.get_mut(door) {
                    record.undoing = true;
                }
            }
            Event::UndoActed { door, closing } => {
                self.closing_seen(Some(door), Some(closing), DoorState::Unknown);
                if let Some(record) = self.doors.get_mut(door) {
                    record.undoing = false;
                    record.undone |= matches!(
                        closing,
                        Closing::Accepted { .. } | Closing::AlreadyDone { .. }
                    );
                }
            }
            event => self.apply_gate(event),
        }
    }

    /// A new plan: nothing of the one before counts for it.
    fn freeze(&mut self, plan: &Plan, digest: Digest) {
        self.run = RunPhase::None;
        self.steps = (plan.steps.iter().enumerate())
            .map(|(place, step)| {
                let record = StepRecord {
                    place,
                    ..StepRecord::default()
                };
                (step.id.clone(), record)
            })
            .collect();
        self.gates.clear();
        self.gates_for_good = plan.gates_for_good().map(str::to_owned).collect();
        self.plan = Some((plan.clone(), digest));
    }

    /// Going on after a stop is a person's choice: the failures that stopped the run are passed over.
    fn go_on(&mut self) {
        if self.run == RunPhase::Cancelled {
            for record in self.steps.values_mut() {
                record.passed_over = record.outcome.is_some();
            }
        }
        self.run = RunPhase::Running;
    }

    fn apply_gate(&mut self, event: &Event) {
        match event {
            Event::GateOpened {
                step,
                plan,
                roles,
                people,
                expires,
            } => {
                self.gates.insert(
                    step.clone(),
                    GateRecord {
                        plan: *plan,
                        roles: roles.clone(),
                        people: *people,
                        expires: *expires,
                        approvals: Vec::new(),
                        denied: None,
                        passed: false,
                        expired: false,
                    },
                );
            }
            Event::GateApproved { step, signed, .. } => {
                if let Some(gate) = self.gates.get_mut(step) {
                    gate.approvals.push(signed.clone());
                }
            }
            Event::GateDenied { step, signed, .. } => {
                if let Some(gate) = self.gates.get_mut(step) {
                    gate.denied = Some(signed.clone());
                }
            }
            Event::GatePassed { step } => {
                if let Some(gate) = self.gates.get_mut(step) {
                    gate.passed = true;
                }
            }
            Event::GateExpired { step } => {
                if let Some(gate) = self.gates.get_mut(step) {
                    gate.expired = true;
                }
            }
            _ => {}
        }
    }

    /// The step of that name in the plan as it stands.
    pub fn planned(&self, step: &str) -> Option<&Step> {
        let place = self.steps.get(step)?.place;
        self.plan.as_ref()?.0.steps.get(place)
    }

    /// The doors that closing steps of the plan touched and no person opened again, in plan order.
    pub fn touched(&self) -> Vec<DoorId> {
        let steps = self.plan.iter().flat_map(|(plan, _)| &plan.steps);
        steps
            .filter_map(|step| match &step.task {
                Task::Close { door, .. } => self.doors.get_key_value(door),
                _ => None,
            })
            .filter(|(_, record)| record.touched && !record.undone)
            .map(|(id, _)| id.clone())
            .collect()
    }

    fn step(&mut self, step: &str) -> &mut StepRecord {
        self.steps.entry(step.to_owned()).or_default()
    }

    /// An accepted call moves a door to `state`; a refusal leaves it; an unclear one makes it unknown.
    fn closing_seen(&mut self, door: Option<&DoorId>, closing: Option<&Closing>, state: DoorState) {
        let Some(record) = door.and_then(|id| self.doors.get_mut(id)) else {
            return;
        };
        match closing {
            Some(Closing::Accepted { .. } | Closing::AlreadyDone { .. }) => record.state = state,
            Some(Closing::Unclear { .. }) => record.state = DoorState::Unknown,
            Some(Closing::Refused { .. }) | None => {}
        }
    }
}
