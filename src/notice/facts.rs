//! Facts: the only thing that a template can see. Each names the evidence that shows it.

mod gather;
mod kept;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::dictionary;
use super::words::{Language, Said};
use crate::id::EvidenceId;
use crate::time::Timestamp;

pub use crate::case::event::Standing;
pub use gather::{check, gather, line};
pub use kept::{Change, Kept, changes};

/// What the names of facts begin with that say what a suspicion rests on.
const SUSPICION: &str = "suspicion.";

/// One value of a fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// What it says, in any language. Hostile text.
    pub said: Said,
    /// What shows it; a value without any has no place in a notice, unless it is a suspicion.
    pub evidence: Vec<EvidenceId>,
}

/// One fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Its values, one or several.
    pub values: Vec<Value>,
    /// What it may claim.
    pub standing: Standing,
}

impl Fact {
    /// Its values in a language, with `; ` between. Hostile text.
    pub fn text(&self, language: Language) -> String {
        let each = self.values.iter().map(|value| value.said.text(language));
        each.collect::<Vec<_>>().join("; ")
    }

    /// Whether all of it can be said in this language.
    pub fn speaks(&self, language: Language) -> bool {
        self.values.iter().all(|value| value.said.speaks(language))
    }

    /// What shows it: the evidence of all its values, sorted.
    pub fn evidence(&self) -> Vec<EvidenceId> {
        let mut all: Vec<EvidenceId> = (self.values.iter())
            .flat_map(|value| value.evidence.clone())
            .collect();
        all.sort();
        all.dedup();
        all
    }
}

/// What notices say about the company.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Company {
    /// Its legal name.
    pub name: Option<String>,
    /// Street, city, state, postal code, country.
    pub address: Option<String>,
    /// Its web domain.
    pub domain: Option<String>,
    /// Who answers questions: name, telephone, address.
    pub contact: Option<String>,
    /// More of what the dictionary of facts names `company.…`, by the rest of the name.
    #[serde(flatten)]
    pub more: BTreeMap<String, String>,
}

impl Company {
    /// Every value that it has, by the name of its fact.
    pub fn values(&self) -> BTreeMap<String, String> {
        let mut all: BTreeMap<String, String> = (self.more.iter())
            .map(|(name, value)| (format!("company.{name}"), value.clone()))
            .collect();
        let named = [
            ("company.name", &self.name),
            ("company.address", &self.address),
            ("company.domain", &self.domain),
            ("company.contact", &self.contact),
        ];
        for (key, value) in named {
            all.extend(value.iter().map(|value| (key.to_owned(), value.clone())));
        }
        all
    }
}

/// When the clock of an obligation runs out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The rule of the clock.
    pub rule: String,
    /// When.
    pub at: Timestamp,
    /// The instant as it is said, with what the start rests on.
    pub value: Value,
}

/// What is known of the logs, for what may be said of what they show.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logs {
    /// How many logs were kept.
    pub kept: usize,
    /// Whether each was read to its end, without a gap, and each list of ways in could be read.
    pub complete: bool,
}

/// The facts of one case at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    known: BTreeMap<String, Fact>,
    /// The clocks without a receipt, the next due first.
    clocks: Vec<Due>,
    logs: Logs,
    /// One line for each piece of evidence: hash, time, source.
    lines: BTreeMap<EvidenceId, String>,
    /// The facts that are left out as a suspicion, by name.
    withheld: Vec<String>,
    /// Whether nothing may be told of a suspicion, not even that there is none.
    silent: bool,
}

type Each = Vec<(Said, Vec<EvidenceId>)>;

impl Facts {
    /// The fact of that name.
    pub fn get(&self, key: &str) -> Option<&Fact> {
        self.known.get(key)
    }

    /// The same, without what is suspected and what a suspicion rests on. That payments are held is
    /// said, and not why: a suspicion may be the reason.
    #[must_use]
    pub fn without_suspicion(mut self) -> Self {
        let suspected = |key: &str, fact: &Fact| {
            fact.standing == Standing::Suspicion || key.starts_with(SUSPICION)
        };
        let withheld = (self.known).extract_if(.., |key, fact| suspected(key, fact));
        self.withheld.extend(withheld.map(|(key, _)| key));
        let hold = self.known.get_mut("sanctions.hold").into_iter();
        for value in hold.flat_map(|hold| &mut hold.values) {
            if matches!(value.said, Said::Phrase("sanctions.hold", _)) {
                value.said = Said::words("sanctions.stands");
            }
        }
        self.silent = true;
        self
    }

    /// Whether a fact of that name was left out as a suspicion.
    pub(in crate::notice) fn withholds(&self, key: &str) -> bool {
        self.withheld.iter().any(|withheld| withheld == key)
    }

    /// Whether a hole in its place would tell of a suspicion, where nobody may read of one.
    pub(in crate::notice) fn is_silent_on(&self, key: &str) -> bool {
        self.silent && key.starts_with(SUSPICION)
    }

    /// Every fact that the case has, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Fact)> {
        self.known.iter().map(|(key, fact)| (key.as_str(), fact))
    }

    /// The next end of a clock of this obligation, of any of its stages.
    pub fn due(&self, obligation: &str) -> Option<&Due> {
        let of = |due: &&Due| {
            let rest = due.rule.strip_prefix(obligation);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '/', ':', '#']))
        };
        self.clocks.iter().find(of)
    }

    /// What is known of the logs.
    pub const fn logs(&self) -> Logs {
        self.logs
    }

    /// Hash, time and source of a piece of evidence.
    pub fn evidence_line(&self, id: &EvidenceId) -> &str {
        self.lines.get(id).map_or("", String::as_str)
    }

    /// Takes a fact in whose values are all shown by the same evidence.
    fn put(
        &mut self,
        key: &str,
        values: Vec<Said>,
        evidence: impl IntoIterator<Item = EvidenceId>,
        standing: Standing,
    ) {
        let evidence: Vec<EvidenceId> = evidence.into_iter().collect();
        let each = values.into_iter().map(|said| (said, evidence.clone()));
        self.put_each(key, each, standing);
    }

    /// Takes a fact in; a value without words is not one, and one without evidence is a suspicion or
    /// nothing. Values that say the same are one value with the evidence of all.
    fn put_each(
        &mut self,
        key: &str,
        each: impl IntoIterator<Item = (Said, Vec<EvidenceId>)>,
        standing: Standing,
    ) {
        let mut values: Vec<Value> = Vec::new();
        for (said, evidence) in each {
            let bare = evidence.is_empty() && standing != Standing::Suspicion;
            if bare || said.text(Language::En).trim().is_empty() {
                continue;
            }
            match values.iter_mut().find(|known| known.said == said) {
                Some(known) => known.evidence.extend(evidence),
                None => values.push(Value { said, evidence }),
            }
        }
        for value in &mut values {
            value.evidence.sort();
            value.evidence.dedup();
        }
        if dictionary::known(key).is_some() && !values.is_empty() {
            self.known.insert(key.to_owned(), Fact { values, standing });
        }
    }
}
