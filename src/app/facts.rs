//! Facts of a case: each that notices can ask for, what the case knows of it, and what people record.

use std::collections::BTreeMap;

use super::desk::{COMPANY, Desk};
use super::reader::Reader;
use super::sanctions::opening;
use crate::canon::{Digest, canonical};
use crate::case::event::{Event, SUSPECTED, Source, Standing, Statement};
use crate::case::state::{CaseState, FactRecord};
use crate::fault::{Fault, Result};
use crate::id::EvidenceId;
use crate::notice::dictionary::{self, Kind, Known, Origin, Pii, Privilege};
use crate::notice::facts::{self, Company, Facts};
use crate::notice::words::Language;
use crate::time::Timestamp;

/// One fact as shown: what it is, and what the case knows of it.
#[derive(Debug, Clone, serde::Serialize, schemars::JsonSchema)]
pub struct FactLine {
    /// Its name.
    pub key: String,
    /// What it is.
    pub label: String,
    /// What kind of value it has.
    pub kind: Kind,
    /// Who gives it.
    pub source: Origin,
    /// Who may read it.
    pub privilege: Privilege,
    /// What it says of a person.
    pub pii: Pii,
    /// The longest value, characters; of a list, of each value.
    pub max: Option<usize>,
    /// What it may claim; `None` when it is missing.
    pub standing: Option<Standing>,
    /// Its values, in English. Hostile text.
    pub values: Vec<String>,
    /// What shows it.
    pub evidence: Vec<EvidenceId>,
    /// The languages that it is not said in and that need words of their own.
    pub not_in: Vec<Language>,
    /// How it follows from the evidence, or what a reader has to know. Hostile text.
    pub note: String,
    /// Who recorded it and when; `None` when the case or the configuration gives it.
    pub recorded: Option<(String, Timestamp)>,
}

fn line(
    known: &Known,
    recorded: &BTreeMap<String, FactRecord>,
    facts: &Facts,
    configured: &BTreeMap<String, String>,
) -> FactLine {
    let record = (recorded.get(&known.key)).filter(|_| known.source != Origin::Case);
    let fact = facts.get(&known.key);
    let mut values: Vec<String> = fact.map_or_else(Vec::new, |fact| {
        let each = fact.values.iter();
        each.map(|value| value.said.text(Language::En)).collect()
    });
    let mut note = record.map_or_else(String::new, |one| one.statement.note.clone());
    if fact.is_none()
        && let Some(value) = configured.get(&known.key)
    {
        values.push(value.clone());
        "in the configuration; the next draft keeps it as evidence".clone_into(&mut note);
    }
    let silent = |language: &Language| fact.is_some_and(|fact| !fact.speaks(*language));
    FactLine {
        key: known.key.clone(),
        label: known.label(Language::En).to_owned(),
        kind: known.kind,
        source: known.source,
        privilege: known.privilege,
        pii: known.pii,
        max: known.max,
        standing: fact.map(|fact| fact.standing),
        values,
        evidence: fact.map(facts::Fact::evidence).unwrap_or_default(),
        not_in: Language::ALL.into_iter().filter(silent).collect(),
        note,
        recorded: record.map(|FactRecord { by, at, .. }| (by.clone(), *at)),
    }
}

/// The evidence that keeps what the configuration says of the company now. The bytes decide which,
/// not a name that any file could have.
pub(super) fn company_kept(state: &CaseState, company: &Company) -> Result<Option<EvidenceId>> {
    let digest = Digest::of(&canonical(company)?);
    let mut all = state.evidence.values();
    let kept = all.find(|e| {
        let company = matches!(&e.source, Source::File { name } if name == COMPANY);
        company && e.sha256 == digest
    });
    Ok(kept.map(|e| e.id.clone()))
}

impl Reader<'_> {
    /// The facts of the case as they stand, with what people recorded.
    ///
    /// # Errors
    /// The record of the company cannot be written as it is kept.
    pub(super) fn facts(&self, recorded: &BTreeMap<String, FactRecord>) -> Result<Facts> {
        let company = &self.settings.company;
        let kept = company_kept(self.state, company)?;
        Ok(facts::gather(
            self.state,
            recorded,
            company,
            kept.as_ref(),
            self.now,
            self.zone,
        ))
    }
}

impl Desk {
    /// Every fact that notices can ask for.
    ///
    /// # Errors
    /// The dictionary cannot be read, or what is kept apart is damaged.
    pub fn facts(&self) -> Result<Vec<FactLine>> {
        self.lines(dictionary::shipped()?.values())
    }

    /// One of them.
    ///
    /// # Errors
    /// No case can have it; the fault names the nearest.
    pub fn fact(&self, key: &str) -> Result<FactLine> {
        let mut lines = self.lines(std::iter::once(dictionary::entry(key)?))?;
        let none = || Fault::failed("no-fact", "There is no such fact.");
        lines.pop().ok_or_else(none)
    }

    fn lines<'a>(&self, known: impl Iterator<Item = &'a Known>) -> Result<Vec<FactLine>> {
        let (recorded, facts) = self.read(|case| {
            let recorded = case.recorded();
            let facts = case.facts(&recorded)?;
            Ok::<_, Fault>((recorded, facts))
        })?;
        let configured = self.settings.company.values();
        let lines = known.map(|known| line(known, &recorded, &facts, &configured));
        Ok(lines.collect())
    }

    /// Records what a person says of the case, in place of what was recorded before. What tells of a suspicion
    /// opens the sanctions hold.
    ///
    /// # Errors
    /// No case can have such a fact, the log or an instant of the clocks gives it, its value is not of its kind, or it claims more
    /// than its evidence shows.
    pub async fn fact_record(&self, statement: Statement) -> Result<FactLine> {
        let known = dictionary::entry(&statement.key)?;
        let key = known.key.clone();
        if known.source == Origin::Case {
            let what = "This fact comes from the log of the case; nobody records it.";
            return Err(Fault::input("fact-gathered", what)
                .at(&key)
                .hint("correct what it rests on: the contact, the identity, the clock"));
        }
        let has_it = |state: &CaseState| {
            let mut standing = state.instants.values();
            standing.any(|one| one.withdrawn.is_none() && one.instant.what.fact() == Some(&*key))
        };
        if known.kind == Kind::Instant && self.log.read(has_it) {
            let what = "The clocks have this instant, and notices say the same.";
            return Err(Fault::input("fact-gathered", what).at(&key).hint(
                "record another with `cordon clock instant`, or withdraw the one that is wrong",
            ));
        }
        facts::check(known, &statement.value)?;
        for other in [&statement.de, &statement.pt].into_iter().flatten() {
            facts::check(known, other)?;
            words_only(known)?;
            let lines = |text: &str| text.lines().filter(|line| !line.trim().is_empty()).count();
            if known.kind == Kind::List && lines(other) != lines(&statement.value) {
                let what = "A list has as many values in each language.";
                return Err(Fault::input("fact-value", what).at(&key));
            }
        }
        rests(&statement)?;
        let hold = (statement.tells_of_a_suspicion())
            .then(|| self.log.read(|state| opening(state, SUSPECTED, None)));
        let event = Event::FactRecorded(self.statement_apart(statement).await?);
        let events = [event].into_iter().chain(hold.flatten()).collect();
        self.log.append(&self.by, events).await?;
        self.fact(&key)
    }

    /// Takes back what a person recorded; the log keeps both.
    ///
    /// # Errors
    /// Nobody recorded it, or no reason is given.
    pub async fn fact_withdraw(&self, key: &str, reason: &str) -> Result<FactLine> {
        let known = dictionary::entry(key)?;
        if !self.log.read(|state| state.facts.contains_key(key)) {
            let what = "Nobody recorded this fact in the case, or it was withdrawn before.";
            return Err(Fault::input("no-fact", what)
                .at(key.escape_debug())
                .hint(format!("see `cordon fact show {} {key}`", self.log.case())));
        }
        let event = Event::FactWithdrawn {
            key: known.key.clone(),
            reason: reason.to_owned(),
        };
        self.log.append(&self.by, vec![event]).await?;
        self.fact(key)
    }
}

/// Names, numbers, instants and amounts are said alike in every language.
fn words_only(known: &Known) -> Result<()> {
    if known.same || matches!(known.kind, Kind::Count | Kind::Instant | Kind::Money) {
        let what = "This fact is said alike in every language; it needs no translation.";
        return Err(Fault::input("fact-value", what).at(&known.key));
    }
    Ok(())
}

/// Whether a statement claims no more than its evidence can show; what the log itself would refuse,
/// said with what to do.
fn rests(statement: &Statement) -> Result<()> {
    let Statement {
        key,
        standing,
        evidence,
        note,
        ..
    } = statement;
    if evidence.is_empty() && *standing != Standing::Suspicion {
        let what = format!("Without evidence this cannot stand as {}.", standing.word());
        return Err(Fault::input("fact-without-evidence", what)
            .at(key)
            .hint("name what shows it with `--evidence`; `cordon evidence list` names all")
            .hint("or record it as what it is: `--standing suspicion`"));
    }
    if *standing == Standing::Inference && note.trim().is_empty() {
        let what = "An inference names the step that leads to it from the evidence.";
        return Err(Fault::input("fact-without-step", what)
            .at(key)
            .hint("say it with `--note`"));
    }
    Ok(())
}
