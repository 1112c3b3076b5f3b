//! The facts of a draft as they stood, kept beside its text, and what changed in them since.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Facts, Logs, Standing};
use crate::canon::canonical;
use crate::fault::{Fault, Result};
use crate::id::EvidenceId;
use crate::notice::About;
use crate::notice::dictionary::{self, Origin, Privilege};
use crate::notice::words::Language;

/// The instant of a draft is another one each time; that is no change of the case.
const NO_CHANGE: &str = "case.as_of";

/// The facts of a case at one moment, in English, for the record.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// By name.
    facts: BTreeMap<String, KeptFact>,
    /// When clocks run out, by rule, UTC.
    clocks: BTreeMap<String, String>,
    /// What is known of the logs.
    pub logs: Logs,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct KeptFact {
    standing: Standing,
    values: Vec<KeptValue>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct KeptValue {
    text: String,
    /// In other languages, where the words are others.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    others: BTreeMap<Language, String>,
    evidence: Vec<EvidenceId>,
}

impl KeptValue {
    fn of(value: &super::Value) -> Self {
        let text = value.said.text(Language::En);
        let others = Language::ALL.into_iter();
        let others = others.map(|language| (language, value.said.text(language)));
        Self {
            others: others.filter(|(_, other)| *other != text).collect(),
            text,
            evidence: value.evidence.clone(),
        }
    }
}

impl KeptFact {
    /// What it says and claims; new evidence for the same words is no change.
    fn words(&self) -> String {
        let texts: Vec<&str> = (self.values.iter())
            .map(|value| value.text.as_str())
            .collect();
        let texts = texts.join("; ");
        match self.standing {
            Standing::Fact => texts,
            other => format!("({}) {texts}", other.word()),
        }
    }
}

impl Kept {
    /// The facts as they stand.
    pub fn of(facts: &Facts) -> Self {
        let fact = |fact: &super::Fact| KeptFact {
            standing: fact.standing,
            values: fact.values.iter().map(KeptValue::of).collect(),
        };
        let clocks = facts.clocks.iter();
        Self {
            facts: (facts.known.iter())
                .map(|(key, one)| (key.clone(), fact(one)))
                .collect(),
            clocks: clocks
                .map(|due| (due.rule.clone(), crate::time::utc(due.at)))
                .collect(),
            logs: facts.logs,
        }
    }

    /// Without what may not stand in a notice: privileged facts stay out of what an ordinary one keeps.
    #[must_use]
    pub fn for_notice(mut self, about: &About) -> Self {
        if !about.is_privileged() {
            let open = |key: &str| {
                dictionary::known(key).is_none_or(|known| known.privilege == Privilege::Fact)
            };
            self.facts.retain(|key, _| open(key));
        }
        self
    }

    /// Its bytes: canonical JSON.
    pub fn bytes(&self) -> Result<Vec<u8>> {
        canonical(self)
    }

    /// Reads its bytes.
    ///
    /// # Errors
    /// They are none of [`Self::bytes`].
    pub fn read(bytes: &[u8]) -> Result<Self> {
        serde_json::from_slice(bytes).map_err(|error| {
            Fault::evidence("facts-kept", "The kept facts of a draft cannot be read.")
                .caused_by(error)
        })
    }

    /// The evidence that its facts rest on, each once, sorted.
    pub fn evidence(&self) -> Vec<EvidenceId> {
        let values = self.facts.values().flat_map(|fact| &fact.values);
        let all: BTreeSet<EvidenceId> = values.flat_map(|value| value.evidence.clone()).collect();
        all.into_iter().collect()
    }

    /// The values of a fact in English.
    pub(in crate::notice) fn texts(&self, key: &str) -> Vec<String> {
        let values = self
            .facts
            .get(key)
            .into_iter()
            .flat_map(|fact| &fact.values);
        values.map(|value| value.text.clone()).collect()
    }

    /// Every value in every language, with its evidence, and whether the log of the case gives it: what
    /// people recorded is their word. Hostile text.
    pub(in crate::notice) fn values(&self) -> impl Iterator<Item = (&str, &[EvidenceId], bool)> {
        self.facts.iter().flat_map(|(key, fact)| {
            let of_the_log =
                dictionary::known(key).is_some_and(|known| known.source == Origin::Case);
            fact.values.iter().flat_map(move |value| {
                let texts = value.others.values().chain([&value.text]);
                texts.map(move |text| (text.as_str(), value.evidence.as_slice(), of_the_log))
            })
        })
    }

    /// Every value in every language, with the name of its fact. Hostile text.
    pub(in crate::notice) fn words(&self) -> impl Iterator<Item = (&str, &str)> {
        self.facts.iter().flat_map(|(key, fact)| {
            fact.values.iter().flat_map(move |value| {
                let texts = value.others.values().chain([&value.text]);
                texts.map(move |text| (key.as_str(), text.as_str()))
            })
        })
    }

    /// Whether a fact has this value, in whatever language.
    pub(in crate::notice) fn says(&self, key: &str, words: &str) -> bool {
        let fact = self.facts.get(key);
        let mut values = fact.iter().flat_map(|fact| &fact.values);
        values.any(|value| value.text == words || value.others.values().any(|one| one == words))
    }

    /// Every value in every language, with what it may claim and its evidence. Hostile text.
    pub(in crate::notice) fn claims(
        &self,
    ) -> impl Iterator<Item = (Standing, &str, &[EvidenceId])> {
        self.facts.values().flat_map(|fact| {
            fact.values.iter().flat_map(move |value| {
                let texts = value.others.values().chain([&value.text]);
                texts.map(move |text| (fact.standing, text.as_str(), value.evidence.as_slice()))
            })
        })
    }

    /// Everything that has words, by name; clocks as `clock RULE`.
    fn said(&self) -> BTreeMap<String, String> {
        let facts = (self.facts.iter()).map(|(key, fact)| (key.clone(), fact.words()));
        let clocks = self.clocks.iter();
        let clocks = clocks.map(|(rule, at)| (format!("clock {rule}"), at.clone()));
        facts
            .chain(clocks)
            .filter(|(key, _)| key != NO_CHANGE)
            .collect()
    }
}

/// One fact that says something else than before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Change {
    /// The name of the fact; of a clock, `clock` and its rule.
    pub key: String,
    /// What it said; `None` when it was missing. Hostile text.
    pub before: Option<String>,
    /// What it says; `None` when it is missing. Hostile text.
    pub after: Option<String>,
}

/// What changed between two moments, by name.
pub fn changes(old: &Kept, now: &Kept) -> Vec<Change> {
    let (mut before, after) = (old.said(), now.said());
    let mut all: Vec<Change> = Vec::new();
    for (key, after) in after {
        let before = before.remove(&key);
        if before.as_ref() != Some(&after) {
            all.push(Change {
                key,
                before,
                after: Some(after),
            });
        }
    }
    all.extend(before.into_iter().map(|(key, before)| Change {
        key,
        before: Some(before),
        after: None,
    }));
    all.sort_by(|a, b| a.key.cmp(&b.key));
    all
}
