//! Clocks of a case: proposed, chosen, receipted.

use super::desk::Desk;
use crate::case::event::{Event, Serves};
use crate::case::state::{CaseState, Named};
use crate::clock::{self, Shown};
use crate::fault::{Fault, Result};
use crate::id::EvidenceId;
use crate::notice::{About, dictionary};
use crate::time::Timestamp;

impl Desk {
    /// Starts every clock that the case gives reason for and that does not run yet.
    ///
    /// # Errors
    /// The log cannot be appended to.
    pub async fn propose_clocks(&self) -> Result<()> {
        let trails: Vec<_> = self
            .providers
            .values()
            .flat_map(|provider| provider.spec().trails)
            .collect();
        let catalogue = self.settings.catalogue()?;
        let organisation = &self.settings.organisation;
        let decide = |state: &_| {
            Ok(clock::propose(state, &trails, &catalogue, organisation)
                .into_iter()
                .map(Event::ClockStarted)
                .collect())
        };
        self.log.append_if(&self.by, Vec::new(), decide).await?;
        Ok(())
    }

    /// Every clock.
    pub fn clocks(&self) -> Vec<Shown> {
        let now = self.now();
        self.log.read(|state| clock::list(state, now))
    }

    /// A person chooses the start of a clock: one of the instants that the case gives reason for, or
    /// with `other` any that can be. The log says who.
    ///
    /// # Errors
    /// There is no such clock or no such fact, or the instant is none of its candidates and not meant or not possible.
    pub async fn choose_start(
        &self,
        clock: &str,
        start: Timestamp,
        other: bool,
        reason: &str,
        facts: Vec<String>,
    ) -> Result<()> {
        can_be_grounds(&facts)?;
        let now = self.now();
        let event = self.log.read(|state| {
            let clock = clock::find(state, clock)?.start.id.clone();
            let starts = state.starts(&clock);
            let starts = starts.iter().map(|reading| crate::time::utc(reading.at));
            let refused = |what: String| {
                Fault::input("clock-start", what)
                    .at(format!("--start {start}"))
                    .hint(format!(
                        "candidates: {}",
                        starts.collect::<Vec<_>>().join(", ")
                    ))
            };
            let start = match state.start_named(&clock, start, now) {
                Ok(Named::Reading(start)) => start,
                Ok(Named::Other(start)) if other => start,
                Ok(Named::Other(_)) => {
                    let what = "This instant is none of the clock's candidates.";
                    return Err(refused(what.to_owned())
                        .hint("when another instant is meant, say so with --other"));
                }
                Err(why) => {
                    let what = format!("This cannot be the start: {why}.");
                    return Err(refused(what));
                }
            };
            Ok(Event::ClockChosen {
                clock,
                start,
                reason: reason.to_owned(),
                facts,
            })
        })?;
        self.log.append(&self.by, vec![event]).await?;
        Ok(())
    }

    /// Records that what a clock asks for was handed in; `at` is now unless it is given.
    ///
    /// # Errors
    /// There is no such clock, no reference is given, or there is no such evidence.
    pub async fn clock_receipt(
        &self,
        clock: &str,
        reference: &str,
        at: Option<Timestamp>,
        evidence: Vec<EvidenceId>,
    ) -> Result<()> {
        let find =
            |state: &CaseState| clock::find(state, clock).map(|record| record.start.id.clone());
        let clock = self.log.read(find)?;
        if reference.trim().is_empty() {
            let what = "A receipt needs the reference that the addressee gave.";
            return Err(Fault::input("receipt", what)
                .at(&clock)
                .hint("where there is none, say in words how it is known: `told by telephone`"));
        }
        for id in &evidence {
            self.evidence(id)?;
        }
        let receipt = Event::ClockReceipt {
            clock,
            reference: reference.to_owned(),
            at: at.unwrap_or_else(|| self.now()),
            evidence,
        };
        self.log.append(&self.by, vec![receipt]).await?;
        // What follows a stage begins with its receipt.
        self.propose_clocks().await
    }

    /// Takes back that what a clock asks for was handed in outside of Cordon: it runs again. The log
    /// keeps both.
    ///
    /// # Errors
    /// There is no such clock, nobody recorded a receipt of it, or no reason is given.
    pub async fn take_back_receipt(&self, clock: &str, reason: &str) -> Result<()> {
        let found = self.log.read(|state| {
            let record = clock::find(state, clock)?;
            Ok::<_, Fault>((record.start.id.clone(), record.receipt.is_some()))
        });
        let (clock, recorded) = found?;
        if !recorded {
            let what = "Nobody recorded a receipt of this clock, or it was taken back before.";
            return Err(Fault::input("no-receipt", what).at(&clock).hint(
                "what a notice that left has met stays met: it cannot be called back from here",
            ));
        }
        if reason.trim().is_empty() {
            return Err(Fault::input("reason", "Say why.").at(&clock));
        }
        let event = Event::ClockReceiptWithdrawn {
            clock,
            reason: reason.trim().to_owned(),
        };
        self.log.append(&self.by, vec![event]).await?;
        Ok(())
    }

    /// The stages of duties that a notice answers, with those that are met by the same filing.
    ///
    /// # Errors
    /// The catalogue cannot be read.
    pub(super) fn serves(&self, about: &About) -> Result<Vec<Serves>> {
        let catalogue = self.settings.catalogue()?;
        let serves = about.answers().flat_map(|(id, stages)| {
            let mut stages = match catalogue.get(id) {
                Ok(known) => (stages.iter())
                    .flat_map(|n| known.filed_together(*n))
                    .collect(),
                // A folder of one's own may have a duty of this name with other stages, or none.
                Err(_) => stages.to_vec(),
            };
            stages.sort_unstable();
            stages.dedup();
            stages.into_iter().map(|stage| Serves {
                obligation: id.to_owned(),
                stage,
            })
        });
        Ok(serves.collect())
    }
}

/// Whether a decision can rest on these facts: people record them, so that the log knows when they change.
pub(super) fn can_be_grounds(facts: &[String]) -> Result<()> {
    for key in facts {
        if dictionary::entry(key)?.source == dictionary::Origin::Case {
            let what = "This fact is made from the log anew each time; nothing can rest on it.";
            return Err(Fault::input("fact-gathered", what)
                .at(key)
                .hint("name a fact that somebody recorded: `cordon fact list CASE`"));
        }
    }
    Ok(())
}
