//! The sanctions hold in the fold. Nothing here, and nothing anywhere, takes it away: once it is set it
//! is set, and a determination stands beside it.

use std::collections::BTreeSet;

use super::CaseState;
use super::check::need;
use crate::canon::{Digest, digest_of};
use crate::case::event::due::Trigger;
use crate::case::event::{
    Actor, DETERMINERS, Determination, Entry, Event, HELD, SUSPECTED, SUSPICION, Signed, scope,
};
use crate::time::Timestamp;

/// A hold that stands.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Hold {
    /// Why it was opened.
    pub reason: String,
    /// What it covers.
    pub scope: Vec<String>,
    /// Since when.
    pub since: Timestamp,
}

/// A determination that was put in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeterminationRecord {
    /// What it says.
    pub content: Determination,
    /// SHA-256 of its canonical form: what the decisions bind.
    pub binds: Digest,
    /// Who put it in.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
    /// Who may decide.
    pub roles: Vec<String>,
    /// The decisions.
    pub approvals: Vec<Signed>,
    /// When two people had decided.
    pub determined: Option<Timestamp>,
}

impl CaseState {
    /// The hold and what annotates it.
    pub(super) fn apply_sanctions(&mut self, entry: &Entry) {
        match &entry.event {
            Event::CaseOpened { route, .. } if route == SUSPICION => self.hold(HELD, entry.at),
            Event::SanctionsHeld { reason, .. } => self.hold(reason, entry.at),
            Event::InstantRecorded(instant) if instant.what == Trigger::Suspected => {
                self.hold(SUSPECTED, entry.at);
            }
            Event::FactRecorded(statement) if statement.tells_of_a_suspicion() => {
                self.hold(SUSPECTED, entry.at);
            }
            Event::SanctionsProposed {
                determination,
                content,
                binds,
            } => {
                let record = DeterminationRecord {
                    content: content.clone(),
                    binds: *binds,
                    by: entry.by.clone(),
                    at: entry.at,
                    roles: DETERMINERS.map(str::to_owned).to_vec(),
                    approvals: Vec::new(),
                    determined: None,
                };
                self.determinations.insert(determination.clone(), record);
            }
            Event::SanctionsApproved {
                determination,
                signed,
                ..
            } => {
                if let Some(record) = self.determinations.get_mut(determination) {
                    record.approvals.push(signed.clone());
                }
            }
            Event::SanctionsDetermined { determination, .. } => {
                if let Some(record) = self.determinations.get_mut(determination) {
                    record.determined.get_or_insert(entry.at);
                }
            }
            _ => {}
        }
    }

    /// The first reason and the first instant stay.
    fn hold(&mut self, reason: &str, at: Timestamp) {
        self.sanctions_hold.get_or_insert_with(|| reason.to_owned());
        self.hold.get_or_insert_with(|| Hold {
            reason: reason.to_owned(),
            // Whatever an older line says of it, a hold covers everything.
            scope: scope(),
            since: at,
        });
    }

    /// Whether an event about the hold may follow.
    pub(super) fn rule_sanctions(&self, event: &Event) -> Result<(), String> {
        match event {
            Event::SanctionsHeld { reason, .. } => {
                need(!reason.trim().is_empty(), "a hold needs a reason")
            }
            Event::SanctionsProposed {
                determination,
                content,
                binds,
            } => {
                need(self.hold.is_some(), "no hold stands that it could speak of")?;
                need(
                    !self.determinations.contains_key(determination),
                    "this id was used before",
                )?;
                content.sound()?;
                let document = self.evidence.get(&content.document);
                need(
                    document.is_some_and(|document| document.sha256 == content.sha256),
                    "its document was not kept",
                )?;
                let actual = digest_of(content).map_err(|fault| fault.to_string())?;
                need(actual == *binds, "the digest is not its own")
            }
            Event::SanctionsApproved {
                determination,
                binds,
                signed,
            } => {
                let record = self.determinations.get(determination);
                let record = record.ok_or("there is no such determination")?;
                need(record.determined.is_none(), "it was determined before")?;
                need(record.binds == *binds, "the decision binds another text")?;
                self.not_again(&record.approvals, &signed.person)?;
                self.may_decide(Some(&record.roles), &signed.person)
            }
            Event::SanctionsDetermined {
                determination,
                binds,
            } => {
                let record = self.determinations.get(determination);
                let record = record.ok_or("there is no such determination")?;
                need(record.binds == *binds, "it binds another text")?;
                let people = record.approvals.iter().map(|signed| signed.person.as_str());
                let people = people.filter(|name| !self.is_out(name));
                need(
                    self.determiners_suffice(people),
                    "it needs the decisions of two people: one of legal, and an executive or incident lead",
                )
            }
            _ => Ok(()),
        }
    }

    /// Whether these people are enough for a determination: one of legal, and another who leads.
    pub fn determiners_suffice<'a>(&self, people: impl Iterator<Item = &'a str>) -> bool {
        let people: BTreeSet<&str> = people.collect();
        let has = |name: &str, roles: &[&str]| {
            let person = self.people.iter().find(|person| person.name == name);
            person.is_some_and(|person| {
                person
                    .roles
                    .iter()
                    .any(|role| roles.contains(&role.as_str()))
            })
        };
        people.iter().any(|counsel| {
            let leads =
                |other: &&str| *other != *counsel && has(other, &["executive", "incident_lead"]);
            has(counsel, &["legal"]) && people.iter().any(leads)
        })
    }
}
