//! What people tell about duties: when something happened, whether a duty applies, who asks to wait.

use std::path::Path;

use jiff::tz::TimeZone;

use super::desk::Desk;
use super::sanctions::opening;
use crate::case::event::due::Trigger;
use crate::case::event::{Answer, Delay, Event, Instant, SUSPECTED};
use crate::clock::catalogue::{Finding, review};
use crate::clock::obligation::{Obligation, Stage};
use crate::clock::{self, Catalogue, Organisation};
use crate::fault::{Fault, Result};
use crate::id::{EvidenceId, InstantId};
use crate::time::Timestamp;

/// Nothing that a case is about happened before; a year that is mistyped would start a clock.
const FIRST: Timestamp = Timestamp::constant(946_684_800, 0);

/// A duty of the catalogue, as a case or a company sees it.
#[derive(Debug, serde::Serialize, schemars::JsonSchema)]
pub struct DutyLine {
    /// The duty.
    pub obligation: Obligation,
    /// Each stage: its clock's name, how long it may take, and why it is not watched.
    pub stages: Vec<StageLine>,
    /// Whether its latest source is older than a year, or none was read.
    pub stale: bool,
}

/// A stage of a duty.
#[derive(Debug, serde::Serialize, schemars::JsonSchema)]
pub struct StageLine {
    /// The name of its clock.
    pub rule: String,
    /// How long it may take, in words; nothing where the law gives no time.
    pub length: Option<String>,
    /// Whether its figure was checked.
    pub verified: bool,
    /// Why no clock runs; nothing where one does. Only with a case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_watched: Option<String>,
}

impl DutyLine {
    /// Every duty, without a case.
    pub fn all(catalogue: &Catalogue, today: jiff::civil::Date) -> Vec<Self> {
        Self::lines(catalogue, today, &|_, _| None)
    }

    fn lines(
        catalogue: &Catalogue,
        today: jiff::civil::Date,
        why: &dyn Fn(&Obligation, &Stage) -> Option<String>,
    ) -> Vec<Self> {
        let line = |one: &Obligation| Self {
            stages: one
                .stages
                .iter()
                .map(|stage| StageLine {
                    rule: one.clock_name(stage),
                    length: stage.due.as_ref().map(clock::due::text),
                    verified: one.is_verified(stage),
                    not_watched: why(one, stage),
                })
                .collect(),
            stale: one.is_stale(today),
            obligation: one.clone(),
        };
        catalogue.all().map(line).collect()
    }

    /// Every duty with what stands against a clock in a case.
    pub fn of_case(
        catalogue: &Catalogue,
        organisation: &Organisation,
        state: &crate::case::state::CaseState,
        today: jiff::civil::Date,
    ) -> Vec<Self> {
        Self::lines(catalogue, today, &|one, stage| {
            let name = one.clock_name(stage);
            let runs = state.clocks.values();
            if runs.into_iter().any(|record| record.start.rule == name) {
                return None;
            }
            let made = clock::stage(catalogue, organisation, one, stage, state);
            made.err().map(|why| why.to_string())
        })
    }
}

/// What people should know about the catalogue.
pub fn findings(catalogue: &Catalogue, today: jiff::civil::Date) -> Vec<Finding> {
    review(catalogue, today)
}

/// An instant that a person tells.
#[derive(Debug)]
pub struct Told<'a> {
    /// What happened.
    pub what: Trigger,
    /// When.
    pub at: Timestamp,
    /// The zone that it was told in; the configured one without.
    pub zone: Option<&'a str>,
    /// How it is known.
    pub note: &'a str,
    /// What shows it.
    pub evidence: Vec<EvidenceId>,
}

impl Desk {
    /// Records when something happened, and starts what begins with it.
    ///
    /// # Errors
    /// It lies in the future, the zone does not exist, or the evidence was not kept.
    pub async fn record_instant(&self, told: Told<'_>) -> Result<InstantId> {
        let zone = match told.zone {
            Some(name) => TimeZone::get(name).map_err(|error| {
                let what = format!("`{}` is not a time zone.", name.escape_debug());
                Fault::input("instant", what)
                    .caused_by(error)
                    .hint("use an IANA name such as `Europe/Berlin`")
            })?,
            None => self.zone.clone(),
        };
        if told.at > self.now() {
            return Err(Fault::input("instant", "This instant lies in the future.")
                .at(told.at)
                .hint("record what happened, not what is expected"));
        }
        if told.at < FIRST {
            return Err(
                Fault::input("instant", "This instant lies before the year 2000.")
                    .at(told.at)
                    .hint("is the year right?"),
            );
        }
        for id in &told.evidence {
            self.has_evidence(id)?;
        }
        let id = InstantId::fresh();
        let instant = Instant {
            id: id.clone(),
            what: told.what,
            at: told.at,
            zone: zone.iana_name().unwrap_or("UTC").to_owned(),
            note: said(told.note, "how it is known")?,
            evidence: told.evidence,
        };
        // From the moment that somebody is suspected nothing that they claim is released.
        let hold = (told.what == Trigger::Suspected)
            .then(|| self.log.read(|state| opening(state, SUSPECTED, None)));
        let events = [Event::InstantRecorded(instant)];
        let events = events.into_iter().chain(hold.flatten()).collect();
        self.log.append(&self.by, events).await?;
        self.propose_clocks().await?;
        Ok(id)
    }

    /// Takes an instant back: it stays in the log and starts nothing.
    ///
    /// # Errors
    /// There is no such instant, or it was withdrawn before.
    pub async fn withdraw_instant(&self, instant: &InstantId, reason: &str) -> Result<()> {
        let known = self.log.read(|state| {
            let record = state.instants.get(instant);
            record.map(|record| record.withdrawn.is_some())
        });
        match known {
            Some(false) => {}
            Some(true) => {
                let what = "This instant was withdrawn before.";
                return Err(Fault::input("withdrawn", what).at(instant));
            }
            None => {
                let what = "The case has no such instant.";
                return Err(Fault::input("no-instant", what)
                    .at(instant)
                    .hint("`cordon clock instant list CASE` lists them"));
            }
        }
        let event = Event::InstantWithdrawn {
            instant: instant.clone(),
            reason: said(reason, "why")?,
        };
        self.log.append(&self.by, vec![event]).await?;
        Ok(())
    }

    /// Records a person's answer to a question of a duty.
    ///
    /// # Errors
    /// No duty of the catalogue or of the case asks it, or there is no such fact.
    pub async fn answer_question(
        &self,
        obligation: &str,
        question: &str,
        answer: Answer,
        reason: &str,
        facts: Vec<String>,
    ) -> Result<()> {
        super::clocks::can_be_grounds(&facts)?;
        let asked = self.log.read(|state| {
            let mut rules = state
                .clocks
                .values()
                .filter_map(|one| one.start.due.as_deref());
            rules.any(|rule| {
                let mut questions = rule.questions.iter();
                rule.obligation == obligation && questions.any(|one| one.id == question)
            })
        });
        if !asked {
            let catalogue = self.settings.catalogue()?;
            let one = catalogue.get(obligation)?;
            if !one.questions().any(|known| known.id == question) {
                let known: Vec<&str> = one.questions().map(|one| one.id.as_str()).collect();
                let known = match known.as_slice() {
                    [] => "it asks none".to_owned(),
                    known => format!("it asks: {}", known.join(", ")),
                };
                return Err(
                    Fault::input("no-question", "This duty asks no such question.")
                        .at(crate::hostile::one_line(question, 80))
                        .hint(known),
                );
            }
        }
        let event = Event::ObligationAnswered {
            obligation: obligation.to_owned(),
            question: question.to_owned(),
            answer,
            reason: said(reason, "why")?,
            facts: self.rests_on(obligation, question, facts)?,
        };
        self.log.append(&self.by, vec![event]).await?;
        self.propose_clocks().await?;
        Ok(())
    }

    /// Records that an authority asks to wait, with its document.
    ///
    /// # Errors
    /// It ends before it begins, names no known duty, or the file cannot be read.
    pub async fn record_delay(
        &self,
        authority: &str,
        scope: &[String],
        (from, until): (Timestamp, Timestamp),
        document: Document<'_>,
    ) -> Result<EvidenceId> {
        let catalogue = self.settings.catalogue()?;
        for id in scope {
            catalogue.get(id)?;
        }
        if scope.is_empty() || from >= until {
            let what = "A delay names duties, and ends after it begins.";
            return Err(Fault::input("delay", what));
        }
        let evidence = match document {
            Document::Kept(id) => {
                self.has_evidence(&id)?;
                id
            }
            Document::File(path) => {
                let (name, bytes) = self.workplace.read(path)?;
                let media = "application/octet-stream";
                let title = "An authority asks to wait with notices";
                let keep = self.recorder.keep_file(&name, media, bytes.into(), title);
                keep.await?
            }
        };
        let event = Event::DelayRecorded(Delay {
            authority: said(authority, "who asks")?,
            scope: scope.to_vec(),
            from,
            until,
            evidence: evidence.clone(),
        });
        self.log.append(&self.by, vec![event]).await?;
        Ok(evidence)
    }
}

impl Desk {
    /// Takes a delay back: lifted at an instant, or never valid. The deadlines are what they were.
    ///
    /// # Errors
    /// There is no such delay, it was withdrawn before, no reason is given, or the instant does not lie
    /// within it or lies in the future.
    pub async fn withdraw_delay(
        &self,
        delay: u32,
        ended: Option<Timestamp>,
        reason: &str,
    ) -> Result<()> {
        let known = self.log.read(|state| {
            let mut all = state.delays.iter();
            all.find(|record| record.number == delay).cloned()
        });
        let Some(known) = known else {
            return Err(Fault::input("no-delay", "The case has no such delay.")
                .at(delay)
                .hint("the clocks of its duties name each with its number"));
        };
        if known.withdrawn.is_some() {
            let what = "This delay was withdrawn before.";
            return Err(Fault::input("withdrawn", what).at(delay));
        }
        let within = known.delay.from..=known.delay.until;
        if let Some(ended) = ended
            && (!within.contains(&ended) || ended > self.now())
        {
            let what = "A delay that is lifted counted until an instant within it that has passed.";
            return Err(Fault::input("delay", what)
                .at(ended)
                .hint("without an instant it is taken as never valid"));
        }
        let event = Event::DelayWithdrawn {
            delay,
            ended,
            reason: said(reason, "why")?,
        };
        self.log.append(&self.by, vec![event]).await?;
        Ok(())
    }

    /// The facts that an answer rests on: those that a person names, and those of the question.
    fn rests_on(
        &self,
        obligation: &str,
        question: &str,
        mut facts: Vec<String>,
    ) -> Result<Vec<String>> {
        let catalogue = self.settings.catalogue()?;
        let known = catalogue.get(obligation).ok();
        let mut questions = known.iter().flat_map(|one| one.questions());
        let own = questions.find(|known| known.id == question);
        facts.extend(own.map(|own| own.facts.clone()).unwrap_or_default());
        facts.sort();
        facts.dedup();
        Ok(facts)
    }

    /// Makes sure that the case has this evidence.
    fn has_evidence(&self, id: &EvidenceId) -> Result<()> {
        if self.log.read(|state| state.evidence.contains_key(id)) {
            return Ok(());
        }
        Err(Fault::input("no-evidence", "The case has no such evidence.").at(id))
    }
}

/// The document of a delay.
#[derive(Debug)]
pub enum Document<'a> {
    /// It is kept as evidence already.
    Kept(EvidenceId),
    /// A file at the workplace.
    File(&'a Path),
}

/// What a person said; nothing is no reason.
fn said(text: &str, what: &str) -> Result<String> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Fault::input("reason", format!("Say {what}.")));
    }
    Ok(text.chars().take(2000).collect())
}
