//! Plan, gates, run, verification and undo of a case.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;

use super::desk::Desk;
use crate::canon::Digest;
use crate::case::event::{Event, Outcome, Person, Signed};
use crate::case::state::RunPhase;
use crate::evidence::approval::{self, Approval, Decision, Expected, Subject};
use crate::fault::{Fault, Result};
use crate::http::Witness;
use crate::id::DoorId;
use crate::plan::{Plan, Step, Task, expand};
use crate::run::{self, Deed, Options, Progress, Report, Run, Undone};
use crate::sshsig::Signer;
use crate::time::Timestamp;

/// How long the check of the credentials may hold a run up.
const CHECK_WITHIN: Duration = Duration::from_secs(30);

impl Desk {
    /// Makes a plan from a playbook over the doors that were found, and freezes it. Reads only.
    ///
    /// # Errors
    /// Problems in the playbook, no inventory, or a plan that would close nothing.
    pub async fn plan(&self, playbook: &str) -> Result<(Plan, Digest)> {
        let playbook = super::playbook(playbook)?;
        let (catalogue, now) = (self.catalogue(), self.now());
        let case = self.log.case();
        let plan = self
            .log
            .read(|state| expand::expand(&playbook, case, state, &catalogue, now))?;
        let digest = crate::canon::digest_of(&plan)?;
        let waiting = self.log.read(|state| state.run == RunPhase::Running);
        if waiting {
            run::set_aside(&self.log, &self.by, "a new plan was made").await?;
        }
        self.log
            .append(
                &self.by,
                vec![Event::PlanMade {
                    plan: plan.clone(),
                    digest,
                }],
            )
            .await?;
        Ok((plan, digest))
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
        self.refuse_owned_credentials().await?;
        let deed = Arc::new(Drafting { desk: self.clone() });
        let people = self.log.read(|state| state.people.clone());
        let run = Run {
            log: Arc::clone(&self.log),
            providers: self.providers.clone(),
            witness: Arc::clone(&self.recorder) as _,
            deeds: [("draft", deed as Arc<dyn Deed>)].into(),
            verifier: Arc::new(move |signed, _, _| signature(&people, signed)),
            progress,
            cancel,
        };
        run.execute(&self.by, options).await
    }

    /// Nothing is begun with a credential of the person under review: they could watch it, or end it
    /// half way. A provider that does not answer in time stops nobody: containment does not wait.
    async fn refuse_owned_credentials(&self) -> Result<()> {
        let (subject, over) = self
            .log
            .read(|state| (super::subject::known(state), state.run == RunPhase::Ended));
        if over {
            return Ok(());
        }
        let cx = crate::provider::Cx {
            witness: &*self.recorder,
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
    pub async fn decide(
        &self,
        step: &str,
        person: &str,
        key: &Path,
        approve: bool,
        reason: &str,
    ) -> Result<Signed> {
        let (plan, expires) = self
            .log
            .read(|state| state.gates.get(step).map(|gate| (gate.plan, gate.expires)))
            .ok_or_else(|| {
                Fault::input("no-gate", "No such gate is open.")
                    .at(step.escape_debug())
                    .hint(format!("see `cordon status {}`", self.log.case()))
            })?;
        let decision = if approve {
            Decision::Approve
        } else {
            Decision::Deny
        };
        let subject = Subject::Gate(step.to_owned());
        // Signed before anything is answered: only whose key it is may hear that it stands.
        let signed = self.sign(&subject, plan, decision, person, key, reason, expires)?;
        // Who repeats a command that was cut off after its approval was durable is told that it stands.
        let before = self.log.read(|state| {
            let gate = state.gates.get(step)?;
            gate.approvals
                .iter()
                .find(|signed| signed.person == person)
                .cloned()
        });
        if let Some(before) = before.filter(|_| approve)
            && self.check_signed(&before, &subject, plan, decision).is_ok()
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

    /// Signs a decision with a person's key and checks it as every reader will.
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
        key: &Path,
        reason: &str,
        expires: Timestamp,
    ) -> Result<Signed> {
        self.person(person)?;
        let text = Approval {
            case: self.log.case().clone(),
            subject: subject.clone(),
            binds,
            decision,
            person: person.to_owned(),
            reason: reason.to_owned(),
            at: self.now(),
            expires,
        }
        .to_string();
        let signature = Signer::open(key)?.sign(crate::sshsig::APPROVAL, text.as_bytes())?;
        let signed = Signed {
            text,
            signature,
            person: person.to_owned(),
        };
        self.check_signed(&signed, subject, binds, decision)?;
        Ok(signed)
    }

    /// Whether a signed decision holds now.
    pub(super) fn check_signed(
        &self,
        signed: &Signed,
        subject: &Subject,
        binds: Digest,
        decision: Decision,
    ) -> Result<()> {
        let person = self.person(&signed.person)?;
        let expected = Expected {
            case: self.log.case(),
            subject,
            binds,
            decision,
            now: self.now(),
        };
        approval::check(signed, &person, &expected).map(|_| ())
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

    /// Restores doors from the inverse that was stored; none named means every door that was closed.
    ///
    /// # Errors
    /// The log cannot be written.
    pub async fn undo(&self, doors: &[DoorId], reason: &str) -> Result<Vec<(DoorId, Undone)>> {
        let note = Event::CaseNoted {
            text: format!("undo: {reason}"),
        };
        self.log.append(&self.by, vec![note]).await?;
        let witness: Arc<dyn Witness> = Arc::clone(&self.recorder) as _;
        let chosen = (!doors.is_empty()).then_some(doors);
        run::undo(&self.log, &self.providers, &witness, &self.by, chosen).await
    }
}

/// The signature is of the person who is named.
fn signature(people: &[Person], signed: &Signed) -> Result<()> {
    let person = people
        .iter()
        .find(|person| person.name == signed.person)
        .ok_or_else(|| {
            Fault::evidence(
                "approval-person",
                "The approval is by somebody who is not on the roster.",
            )
        })?;
    let key: crate::sshsig::PublicKey = person.key.parse()?;
    crate::sshsig::verify(
        &key,
        crate::sshsig::APPROVAL,
        signed.text.as_bytes(),
        &signed.signature,
    )
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
