//! Facts: the only thing that a template can see. Each names the evidence that shows it.

mod gather;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::EvidenceId;

pub use gather::gather;

/// What a sentence may claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The evidence shows it.
    Fact,
    /// It follows from the evidence by a step that is named.
    Inference,
    /// Somebody suspects it.
    Suspicion,
}

/// One value of a fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Value {
    /// What it says. Hostile text.
    pub text: String,
    /// What shows it; a value without any has no place in a notice.
    pub evidence: Vec<EvidenceId>,
}

/// One fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// Its values, one or several.
    pub values: Vec<Value>,
    /// What it may claim.
    pub standing: Standing,
}

/// What notices say about the company.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Company {
    /// Its legal name.
    pub name: Option<String>,
    /// Street, city, state, postal code, country.
    pub address: Option<String>,
    /// Its web domain.
    pub domain: Option<String>,
    /// Who answers questions: name, telephone, address.
    pub contact: Option<String>,
}

/// Every fact that a case can have, with the words for when it is missing.
const CATALOGUE: &[(&str, &str)] = &[
    ("accounts.list", "the accounts of the account holder"),
    ("case.as_of", "the time of this draft"),
    ("case.id", "the reference of the case"),
    ("case.opened", "when the review was opened"),
    ("case.title", "the title of the case"),
    ("clocks.next", "a running clock"),
    ("company.address", "the address of the business"),
    ("company.contact", "the contact person of the business"),
    ("company.domain", "the domain of the business"),
    ("company.name", "the name of the business"),
    ("contact.deadline", "a deadline that a message sets"),
    ("contact.indicators", "other indicators in messages"),
    ("contact.links", "links in messages"),
    ("contact.senders", "senders of messages"),
    (
        "contact.summary",
        "messages to or from whoever makes demands",
    ),
    ("contact.wallets", "payment addresses in messages"),
    ("containment.started", "when closing began"),
    ("decisions.open", "decisions that wait for a person"),
    ("doors.contained", "whether the ways in are closed"),
    ("doors.summary", "the inventory of ways in"),
    (
        "doors.unproven",
        "ways in that are open or not proven closed",
    ),
    ("inventory.blind", "what providers cannot show"),
    ("sanctions.hold", "the sanctions hold"),
    ("subject.emails", "the addresses of the account holder"),
    ("subject.name_used", "the name that the account holder used"),
    ("trails.gaps", "what logs could not show"),
    ("trails.saved", "logs that were kept"),
    ("trails.summary", "the state of the logs"),
];

/// What a fact is, for people; `None` when no case can have it.
pub fn describe(key: &str) -> Option<&'static str> {
    CATALOGUE
        .iter()
        .find(|(name, _)| *name == key)
        .map(|(_, what)| *what)
}

/// The facts of one case at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Facts {
    facts: BTreeMap<&'static str, Fact>,
    /// One line for each piece of evidence: hash, time, source.
    lines: BTreeMap<EvidenceId, String>,
}

impl Facts {
    /// The fact of that name.
    pub fn get(&self, key: &str) -> Option<&Fact> {
        self.facts.get(key)
    }

    /// Hash, time and source of a piece of evidence.
    pub fn evidence_line(&self, id: &EvidenceId) -> &str {
        self.lines.get(id).map_or("", String::as_str)
    }

    /// Takes a fact in whose values are all shown by the same evidence.
    fn put(
        &mut self,
        key: &'static str,
        values: Vec<String>,
        evidence: impl IntoIterator<Item = EvidenceId>,
        standing: Standing,
    ) {
        let evidence: Vec<EvidenceId> = evidence.into_iter().collect();
        let each = values.into_iter().map(|text| (text, evidence.clone()));
        self.put_each(key, each, standing);
    }

    /// Takes a fact in; a value without words or without evidence is not one. Values that say the
    /// same are one value with the evidence of all.
    fn put_each(
        &mut self,
        key: &'static str,
        each: impl IntoIterator<Item = (String, Vec<EvidenceId>)>,
        standing: Standing,
    ) {
        let mut values: Vec<Value> = Vec::new();
        for (text, evidence) in each {
            if text.trim().is_empty() || evidence.is_empty() {
                continue;
            }
            match values.iter_mut().find(|known| known.text == text) {
                Some(known) => known.evidence.extend(evidence),
                None => values.push(Value { text, evidence }),
            }
        }
        for value in &mut values {
            value.evidence.sort();
            value.evidence.dedup();
        }
        if describe(key).is_some() && !values.is_empty() {
            self.facts.insert(key, Fact { values, standing });
        }
    }
}
