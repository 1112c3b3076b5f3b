//! The beginning of a review: what runs by itself when a case is opened on the route `suspicion`.
//!
//! Reads first: accounts, doors, trails. It stops at the gate of its playbook, or with
//! `contain = "now"` closes what undo restores and stops at the gate that ratifies it. A departure is
//! never begun, somebody whom a rule sent here keeps their access while they are still engaged, and
//! nobody is guessed: where a provider does not name exactly one confirmed account, a person goes on.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::arrival::SUSPICION;
use super::{App, Desk};
use crate::case::event::{Actor, Event};
use crate::case::state::{Phase, RunPhase};
use crate::fault::{Fault, Kind, Result};
use crate::run::{Options, Quiet, Report, Resolved};
use crate::settings::suspicion::{Contain, Suspicion};
use crate::time::Timestamp;

/// What the log of a case says when its review stopped with the program.
const PROGRAM_STOPPED: &str = "the program stopped";

/// Who asked for a review.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskedBy {
    /// A restricted sender, who knows why.
    Sender,
    /// A rule on how people are engaged, which knows of no hurry.
    Rule,
}

/// What came of beginning a review.
#[derive(Debug)]
pub enum Begun {
    /// It ran as far as it can without people.
    Ran(Box<Report>),
    /// A person has to go on; the case notes why.
    Waits(String),
    /// It was begun before, or the case is held or closed.
    Before,
    /// The program stops: what was read is kept, and the rest is read at the next start.
    Stopped,
}

impl App {
    /// Begins the review of a case, or goes on with what was begun of it.
    ///
    /// # Errors
    /// The case is not of the route `suspicion`; another process works on it; the disk refuses.
    pub async fn begin_review(
        &self,
        case: &str,
        asked: AskedBy,
        cancel: watch::Receiver<bool>,
    ) -> Result<Begun> {
        let mut desk = self.desk(case)?;
        desk.by = Actor::Engine;
        let (route, phase, run) = desk
            .log
            .read(|state| (state.route.clone(), state.phase, state.run));
        if route != SUSPICION {
            let what = "Only a case of the route `suspicion` begins by itself.";
            return Err(Fault::input("route", what).at(desk.log.case()));
        }
        let over = run == RunPhase::Ended || run == RunPhase::Cancelled && !broken_off(&desk)?;
        if phase != Phase::Open || over {
            return Ok(Begun::Before);
        }
        let begun = self.begin(&desk, run, asked, cancel).await;
        let begun = match begun {
            Err(fault) if fault.kind() != Kind::Owned => Begun::Waits(fault.to_string()),
            begun => begun?,
        };
        if let Begun::Waits(why) = &begun {
            let text = format!("The review waits for a person: {why}");
            desk.log
                .append(&desk.by, vec![Event::CaseNoted { text }])
                .await?;
        }
        desk.finish().await?;
        Ok(begun)
    }

    async fn begin(
        &self,
        desk: &Desk,
        run: RunPhase,
        asked: AskedBy,
        cancel: watch::Receiver<bool>,
    ) -> Result<Begun> {
        if run == RunPhase::None && desk.log.read(|state| state.plan.is_none()) {
            let mut stop = cancel.clone();
            let waits = tokio::select! {
                waits = self.prepare(desk, asked) => waits?,
                // Reads only: a provider that never answers does not hold up an ordered stop.
                Ok(_) = stop.wait_for(|stop| *stop) => return Ok(Begun::Stopped),
            };
            if let Some(why) = waits {
                return Ok(Begun::Waits(why));
            }
        }
        let options = Options {
            linger: Duration::ZERO,
            when_stopped: PROGRAM_STOPPED,
            ..Options::default()
        };
        let report = desk.run(&options, Arc::new(Quiet), cancel).await?;
        Ok(Begun::Ran(Box::new(report)))
    }

    /// Reads accounts and doors, and plans; or says what a person has to settle before.
    async fn prepare(&self, desk: &Desk, asked: AskedBy) -> Result<Option<String>> {
        let undecided = desk.resolve().await?;
        if !undecided.is_empty() {
            let which = undecided.iter().map(|(name, end)| why(name, end));
            return Ok(Some(which.collect::<Vec<_>>().join("; ")));
        }
        desk.inventory().await?;
        let effective = desk.log.read(|state| state.effective);
        let playbook = self.first_playbook(asked, effective);
        desk.plan(&playbook).await?;
        Ok(None)
    }

    /// The playbook that a review begins with. A rule does not close doors on somebody who is still
    /// engaged: until the effective time people decide.
    fn first_playbook(&self, asked: AskedBy, effective: Option<Timestamp>) -> String {
        let suspicion = &self.settings.suspicion;
        let early = effective.is_some_and(|effective| effective > self.clock.now());
        if suspicion.contain == Contain::Now && asked == AskedBy::Rule && early {
            return Suspicion::default().playbook().to_owned();
        }
        suspicion.playbook().to_owned()
    }
}

/// Whether the run stopped with the program, and no person stopped it since.
fn broken_off(desk: &Desk) -> Result<bool> {
    let entries = desk.log.entries()?;
    let last = entries.iter().rev().find_map(|entry| match &entry.event {
        Event::RunCancelled { reason } => Some((&entry.by, reason)),
        _ => None,
    });
    Ok(last.is_some_and(|(by, reason)| *by == Actor::Engine && reason == PROGRAM_STOPPED))
}

fn why(provider: &str, end: &Resolved) -> String {
    match end {
        Resolved::Nobody => format!("no account was found at `{provider}`"),
        Resolved::Ask(candidates) => format!(
            "{} of `{provider}` may be the person's, and none is confirmed alone",
            crate::ui::count(candidates.len(), "account")
        ),
        Resolved::Failed(why) => {
            let why = crate::hostile::one_line(why, 200);
            format!("`{provider}` could not be asked: {why}")
        }
        Resolved::Chosen(_) | Resolved::Known(_) => format!("`{provider}` is settled"),
    }
}
