//! Plan, gates, run, verification and undo of a case.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;

use super::desk::Desk;
use crate::canon::Digest;
use crate::case::event::{Event, Outcome, Person, Signed};
use crate::case::state::{CaseState, Phase, RunPhase};
use crate::evidence::approval::{self, Approval, Decision, Expected, Subject};
use crate::fault::{Fault, Kind, Result};
use crate::http::{Exchange, Witness};
use crate::id::{DoorId, EvidenceId};
use crate::plan::{Plan, Step, Task, expand, ungated};
use crate::run::{self, Deed, Options, Progress, Report, Rest, Run, Undoable, Undone};
use crate::settings::suspicion::Contain;
use crate::sshsig::Signer;
use crate::time::Timestamp;

/// How long the check of the credentials may hold a run up.
const CHECK_WITHIN: Duration = Duration::from_secs(30);

impl Desk {
    /// Makes a plan from a playbook over the doors that were found, and freezes it. Reads only.
    ///
    /// # Errors
    /// A run that has begun and not ended, problems in the playbook, no inventory, or a plan that
    /// would close nothing.
    pub async fn plan(&self, playbook: &str) -> Result<(Plan, Digest)> {
        self.make_plan(playbook, false)
            .await
            .map(|(plan, digest, _)| (plan, digest))
    }

    /// Makes a plan as [`Self::plan`] does, and sets aside a run that has begun. Also gives what that
    /// run had passed and had before it.
    ///
    /// # Errors
    /// As [`Self::plan`]; a step of the run whose answer is not known.
    pub async fn replan(&self, playbook: &str) -> Result<(Plan, Digest, Rest)> {
        self.make_plan(playbook, true).await
    }

    async fn make_plan(&self, playbook: &str, replace: bool) -> Result<(Plan, Digest, Rest)> {
        let name = playbook;
        let mut playbook = super::playbook(&*self.workplace, playbook)?;
        let within = self.settings.suspicion.ratify_within;
        let ratified = super::ratify::settle(&mut playbook, within);
        let (catalogue, now) = (self.catalogue(), self.now());
        let case = self.log.case();
        let mut made = None;
        // One append: a crash between the two would leave a run that was set aside for nothing.
        let decide = |state: &CaseState| {
            if !replace && run::has_begun(state) {
                return Err(Fault::input(
                    "run-begun",
                    "A run of the plan has begun and has not ended.",
                )
                .at(case)
                .hint(format!("`cordon run {case}` goes on with it"))
                .hint(format!(
                    "`cordon plan {case} --playbook {name} --replace` sets it aside for a new plan"
                )));
            }
            let rest = Rest::of(state);
            let mut plan = expand::expand(&playbook, case, state, &catalogue, now)?;
            if ungated(&plan.steps).next().is_some() {
                plan.notes.extend(ratified.clone());
            }
            self.may_begin_ungated(state, &plan)?;
            let digest = crate::canon::digest_of(&plan)?;
            made = Some((plan.clone(), digest, rest));
            let mut events = Vec::new();
            if state.run == RunPhase::Running {
                events.push(run::setting_aside(state, "a new plan was made")?);
            }
            events.push(Event::PlanMade { plan, digest });
            Ok(events)
        };
        self.log.append_if(&self.by, Vec::new(), decide).await?;
        made.ok_or_else(|| Fault::failed("plan", "The plan was not made."))
    }

    /// A plan that closes anything before people decide is for reviews, where the configuration says
    /// so: never for a departure.
    fn may_begin_ungated(&self, state: &CaseState, plan: &Plan) -> Result<()> {
        let review = state.route == super::arrival::SUSPICION;
        let allowed = review && self.settings.suspicion.contain == Contain::Now;
        if allowed || ungated(&plan.steps).next().is_none() {
            return Ok(());
        }
        let what = "This playbook closes doors before people decide.";
        Err(Fault::input("ungated", what)
            .at(&plan.playbook)
            .hint("only a case of the route `suspicion` may, and only with `contain = \"now\"` in [suspicion]"))
    }

    /// Stops a run that has begun: nothing of it is carried out until a person resumes it. Gives what
    /// it had passed and had before it.
    ///
    /// # Errors
    /// No run is under way, or a step of it has no answer yet.
    pub async fn stop(&self, reason: &str) -> Result<Rest> {
        let mut rest = Rest::default();
        let decide = |state: &CaseState| {
            rest = Rest::of(state);
            Ok(vec![run::setting_aside(state, reason)?])
        };
        self.log.append_if(&self.by, Vec::new(), decide).await?;
        Ok(rest)
    }

    /// Closes the case. A run of which only later looks are left ends with it; they are given.
    ///
    /// # Errors
    /// The case is not open, or more than later looks is left of its run.
    pub async fn close(&self, reason: &str) -> Result<Rest> {
        let case = self.log.case();
        let mut rest = Rest::default();
        let decide = |state: &CaseState| {
            if state.phase != Phase::Open {
                return Err(Fault::input("phase", "Only an open case can be closed.")
                    .at(format!("{case} is {}", super::summary::phase(state.phase))));
            }
            rest = Rest::of(state);
            let mut events = Vec::new();
            if state.run == RunPhase::Running {
                if !rest.only_looks() {
                    return Err(Fault::input(
                        "run-begun",
                        format!("A run of the case is under way: {}.", rest.lines().join("; ")),
                    )
                    .at(case)
                    .hint(format!("`cordon run {case}` goes on with it"))
                    .hint(format!(
                        "`cordon run {case} --stop --reason …` stops it; then the case can be closed"
                    )));
                }
                events.push(run::setting_aside(state, reason)?);
            }
            events.push(Event::CaseClosed {
                reason: reason.to_owned(),
            });
            Ok(events)
        };
        self.log.append_if(&self.by, Vec::new(), decide).await?;
        Ok(rest)
    }

    /// Carries the plan out, or goes on where it stopped.
    ///
    /// # Errors
    /// Every reason not to begin, at once; later only a log that cannot be written.
    pub async fn run(
        &self,
        options: &Options,
        progress: Arc<dyn Progress>,
        cancel: watch::Receiver<bool>,
    ) -> Result<Report> {
        let witness: Arc<dyn Witness> = Arc::new(Overheard {
            recorder: Arc::clone(&self.recorder) as _,
            progress: Arc::clone(&progress),
        });
        self.refuse_owned_credentials(&*witness).await?;
        let deed = Arc::new(Drafting { desk: self.clone() });
        let (people, recorder) = self
            .log
            .read(|state| (state.people.clone(), state.recorder.clone()));
        let run = Run {
            log: Arc::clone(&self.log),
            providers: self.providers.clone(),
            witness,
            deeds: [("draft", deed as Arc<dyn Deed>)].into(),
            verifier: Arc::new(move |signed, _, _| approval::signature(&people, &recorder, signed)),
            progress,
            cancel,
        };
        run.execute(&self.by, options).await
    }

    /// Nothing is begun with a credential of the person under review: they could watch it, or end it
    /// half way. A provider that does not answer in time stops nobody: containment does not wait.
    async fn refuse_owned_credentials(&self, witness: &dyn Witness) -> Result<()> {
        let (subject, over) = self
            .log
            .read(|state| (super::subject::known(state), state.run == RunPhase::Ended));
        if over {
            return Ok(());
        }
        let cx = crate::provider::Cx {
            witness,
            clock: &**self.log.clock(),
        };
        let asks = self
            .providers
            .values()
            .map(|provider| tokio::time::timeout(CHECK_WITHIN, provider.check(Some(&subject), cx)));
        let owned: Vec<String> = futures::future::join_all(asks)
            .await
            .into_iter()
            .filter_map(|check| check.ok()?.ok())
            .flatten()
            .filter(|check| check.owned_by_subject == Some(true))
            .map(|check| check.credential)
            .collect();
        if owned.is_empty() {
            return Ok(());
        }
        Err(Fault::input(
            "credential-owned",
            "Nothing was begun: the person under review owns a credential that Cordon works with.",
        )
        .at(owned.join(", "))
        .hint("configure a credential that they cannot reach, such as the sealed emergency one")
        .hint(format!(
            "`cordon provider check --case {}` shows what was seen",
            self.log.case()
        )))
    }

    /// A person's signed decision on a gate that is open. An approval that the person gave before, and
    /// that still holds, is answered as it is.
    ///
    /// # Errors
    /// No such gate, a person who is not on the roster, a key that is not theirs.
    pub async fn decide<'a>(
        &self,
        step: &str,
        person: &str,
        hand: impl Into<Hand<'a>>,
        approve: bool,
        reason: &str,
    ) -> Result<Signed> {
        let plan = self.gate(step)?.0;
        self.decide_on(step, plan, person, hand, approve, reason)
            .await
    }

    /// The same, by a person who read the plan `plan`: refused when the gate stands for another by now.
    ///
    /// # Errors
    /// As [`Self::decide`]; `plan-changed`.
    pub async fn decide_on<'a>(
        &self,
        step: &str,
        plan: Digest,
        person: &str,
        hand: impl Into<Hand<'a>>,
        approve: bool,
        reason: &str,
    ) -> Result<Signed> {
        let (now, expires) = self.gate(step)?;
        if now != plan {
            let what = "The plan was changed since it was read: nothing was decided.";
            return Err(Fault::new(Kind::Waiting, "plan-changed", what)
                .at(step.escape_debug())
                .hint("read what would be done now, and decide on that"));
        }
        let decision = if approve {
            Decision::Approve
        } else {
            Decision::Deny
        };
        let subject = Subject::Gate(step.to_owned());
        // Signed before anything is answered: only whose key it is may hear that it stands.
        let signed = self.sign(
            &subject,
            plan,
            decision,
            person,
            hand.into(),
            reason,
            expires,
        )?;
        let given = self.log.read(|state| {
            let gate = state.gates.get(step);
            gate.map(|gate| gate.approvals.clone()).unwrap_or_default()
        });
        if let Some(before) = self
            .stands(&given, &signed, &subject, plan)
            .filter(|_| approve)
        {
            return Ok(before);
        }
        let event = if approve {
            Event::GateApproved {
                step: step.to_owned(),
                plan,
                signed: signed.clone(),
            }
        } else {
            Event::GateDenied {
                step: step.to_owned(),
                plan,
                signed: signed.clone(),
            }
        };
        self.log
            .append(
                &crate::case::event::Actor::Person(person.to_owned()),
                vec![event],
            )
            .await?;
        Ok(signed)
    }

    /// The plan that a gate stands for, and until when it can be decided.
    fn gate(&self, step: &str) -> Result<(Digest, Timestamp)> {
        let gate = |state: &CaseState| state.gates.get(step).map(|gate| (gate.plan, gate.expires));
        self.log.read(gate).ok_or_else(|| {
            Fault::input("no-gate", "No such gate is open.")
                .at(step.escape_debug())
                .hint(format!("see `cordon status {}`", self.log.case()))
        })
    }

    /// The approval that the person of `signed` gave before, when it holds: who repeats a command that
    /// was cut off after its approval was durable is told that it stands.
    pub(super) fn stands(
        &self,
        given: &[Signed],
        signed: &Signed,
        subject: &Subject,
        binds: Digest,
    ) -> Option<Signed> {
        let mut theirs = given.iter().filter(|before| before.person == signed.person);
        theirs
            .find(|before| {
                let held = self.check_signed(before, subject, binds, Decision::Approve);
                held.is_ok()
            })
            .cloned()
    }

    /// Signs a decision by the person's hand and checks it as every reader will.
    #[expect(
        clippy::too_many_arguments,
        reason = "each is one field of the text that is signed"
    )]
    pub(super) fn sign(
        &self,
        subject: &Subject,
        binds: Digest,
        decision: Decision,
        person: &str,
        hand: Hand<'_>,
        reason: &str,
        expires: Timestamp,
    ) -> Result<Signed> {
        let roster = self.person(person)?;
        self.may_decide(subject, person)?;
        let own = match hand {
            Hand::Key(file) => {
                let opened = self.workplace.signer(file)?;
                whose(&opened, &roster, file)?;
                Some(opened)
            }
            Hand::Session(_) => None,
        };
        let text = Approval {
            case: self.log.case().clone(),
            subject: subject.clone(),
            binds,
            decision,
            person: person.to_owned(),
            reason: reason.to_owned(),
            at: self.now(),
            expires,
            session: match hand {
                Hand::Key(_) => None,
                Hand::Session(session) => Some(session.to_owned()),
            },
        }
        .to_string();
        let signature = match &own {
            Some(key) => key.sign(crate::sshsig::APPROVAL, text.as_bytes()),
            None => self.key.sign(crate::sshsig::ON_BEHALF, text.as_bytes()),
        }?;
        let signed = Signed {
            text,
            signature,
            person: person.to_owned(),
        };
        self.check_signed(&signed, subject, binds, decision)?;
        Ok(signed)
    }

    /// Who may not decide hears why before anything is signed.
    pub(super) fn may_decide(&self, subject: &Subject, person: &str) -> Result<()> {
        self.log.read(|state| {
            let roles = subject.roles(state);
            state.may_decide(roles, person).map_err(|why| {
                let others = state.may_still_decide(roles, &[]);
                let others = if others.is_empty() {
                    "nobody of this case may".to_owned()
                } else {
                    format!("who may: {}", others.join(", "))
                };
                Fault::input(
                    "may-not-decide",
                    format!("This is not theirs to decide: {why}."),
                )
                .at(person.escape_debug())
                .hint(others)
            })
        })
    }

    /// Whether a signed decision counts now.
    pub(super) fn check_signed(
        &self,
        signed: &Signed,
        subject: &Subject,
        binds: Digest,
        decision: Decision,
    ) -> Result<()> {
        let expected = Expected {
            case: self.log.case(),
            subject,
            binds,
            decision,
            now: self.now(),
        };
        let counts = |state: &CaseState| approval::check_in(state, signed, &expected);
        self.log.read(counts).map(|_| ())
    }

    /// Whether an approval holds in a state that is about to be added to.
    pub(super) fn holds_in(
        &self,
        state: &CaseState,
        signed: &Signed,
        subject: &Subject,
        binds: Digest,
    ) -> bool {
        let expected = Expected {
            case: self.log.case(),
            subject,
            binds,
            decision: Decision::Approve,
            now: self.now(),
        };
        approval::check_in(state, signed, &expected).is_ok()
    }

    fn person(&self, name: &str) -> Result<Person> {
        self.log
            .read(|state| {
                state
                    .people
                    .iter()
                    .find(|person| person.name == name)
                    .cloned()
            })
            .ok_or_else(|| {
                let known = self.log.read(|state| {
                    state
                        .people
                        .iter()
                        .map(|person| person.name.clone())
                        .collect::<Vec<_>>()
                });
                Fault::input("no-person", "The case has no such person.")
                    .at(name.escape_debug())
                    .hint(format!("people of this case: {}", known.join(", ")))
                    .hint("the roster is frozen when a case is opened")
            })
    }

    /// What an undo would do, in its order; none named means every door that was closed.
    pub fn undoable(&self, doors: &[DoorId]) -> Vec<Undoable> {
        let chosen = (!doors.is_empty()).then_some(doors);
        self.log
            .read(|state| run::undoable(state, &self.providers, chosen))
    }

    /// Restores doors from the inverse that was stored; none named means every door that was closed.
    ///
    /// # Errors
    /// The log cannot be written.
    pub async fn undo(
        &self,
        doors: &[DoorId],
        reason: &str,
        progress: &dyn Progress,
        cancel: watch::Receiver<bool>,
    ) -> Result<Vec<(DoorId, Undone)>> {
        let note = Event::CaseNoted {
            text: format!("undo: {reason}"),
        };
        self.log.append(&self.by, vec![note]).await?;
        let witness: Arc<dyn Witness> = Arc::clone(&self.recorder) as _;
        let chosen = (!doors.is_empty()).then_some(doors);
        run::undo(
            &self.log,
            &self.providers,
            &witness,
            &self.by,
            chosen,
            progress,
            cancel,
        )
        .await
    }

    /// Tells an undo that goes on in this process to begin no further door; `false` when none does. Who
    /// said so and why stands in the log. To undo again goes on with the rest.
    ///
    /// # Errors
    /// The log cannot be written.
    pub async fn stop_undo(&self, reason: &str) -> Result<bool> {
        if !self.log.stop_undo() {
            return Ok(false);
        }
        let text = format!("undo told to stop: {reason}");
        self.log
            .append(&self.by, vec![Event::CaseNoted { text }])
            .await?;
        Ok(true)
    }
}

/// By whose hand a decision is signed.
#[derive(Debug, Clone, Copy)]
pub enum Hand<'a> {
    /// The person's own SSH key: this file.
    Key(&'a Path),
    /// The server's, on behalf of a person who signed in: the beginning of the hash of their session.
    Session(&'a str),
}

impl<'a> From<&'a Path> for Hand<'a> {
    fn from(file: &'a Path) -> Self {
        Self::Key(file)
    }
}

impl<'a> From<&'a std::path::PathBuf> for Hand<'a> {
    fn from(file: &'a std::path::PathBuf) -> Self {
        Self::Key(file)
    }
}

/// Keeps every exchange, and tells whether the provider answered.
struct Overheard {
    recorder: Arc<dyn Witness>,
    progress: Arc<dyn Progress>,
}

#[async_trait]
impl Witness for Overheard {
    async fn saw(&self, exchange: &Exchange) -> Result<EvidenceId> {
        if let Some(host) = exchange.request.url.host_str() {
            self.progress.heard(host, exchange.answer.is_ok());
        }
        self.recorder.saw(exchange).await
    }
}

/// A decision is signed with the key that the roster names, or not at all.
fn whose(signer: &Signer, person: &Person, file: &Path) -> Result<()> {
    let named: crate::sshsig::PublicKey = person.key.parse()?;
    if named.same(signer.public()) {
        return Ok(());
    }
    let name = crate::hostile::one_line(&person.name, 80);
    let what = format!("This is not the key that the case's roster names for {name}.");
    Err(Fault::input("wrong-key", what)
        .at(file.display())
        .hint(format!(
            "the roster names {}; this file holds {}",
            named.fingerprint(),
            signer.public().fingerprint()
        ))
        .hint("`ssh-keygen -lf FILE` shows which key a file holds; the roster is frozen when a case is opened"))
}

/// Drafting a notice as a step of a plan.
struct Drafting {
    desk: Desk,
}

#[async_trait]
impl Deed for Drafting {
    async fn act(&self, step: &Step) -> Result<Outcome> {
        let Task::Draft { notice } = &step.task else {
            return Err(Fault::failed("deed", "The step drafts nothing.").at(&step.id));
        };
        let (id, draft) = self.desk.draft(notice).await?;
        let note = format!(
            "{id}: text {}, {} facts missing",
            draft.digest.short(),
            draft.missing.len()
        );
        Ok(Outcome::Done {
            asked: 1,
            proven: 1,
            note,
        })
    }

    async fn observe(&self, step: &Step) -> Result<Option<Outcome>> {
        let Task::Draft { notice } = &step.task else {
            return Ok(None);
        };
        // A draft that exists is the effect: a crash between the draft and the end of the step must
        // not leave two. Drafts made before this plan do not count.
        let made = self
            .desk
            .log
            .entries()?
            .into_iter()
            .rev()
            .take_while(|entry| !matches!(entry.event, Event::PlanMade { .. }));
        let found = made.into_iter().find_map(|entry| match entry.event {
            Event::NoticeDrafted {
                notice: id,
                template,
                ..
            } if template == *notice => Some(id),
            _ => None,
        });
        Ok(found.map(|id| Outcome::Done {
            asked: 1,
            proven: 1,
            note: format!("{id}: was drafted before"),
        }))
    }
}
