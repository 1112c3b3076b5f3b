//! What a drafted sentence stated as a fact, and whether it is still stated where its evidence is gone.

use std::collections::{BTreeMap, BTreeSet};

use super::Asked;
use crate::id::EvidenceId;
use crate::notice::facts::{Kept, Standing};
use crate::notice::{revision, text};

/// So many words of a text are compared, at most; a longer one is an attack.
const WORDS: usize = 200;

/// The values that a text was drafted from, and the evidence that each of its numbers means.
pub(super) struct Claims<'a> {
    values: Vec<Value<'a>>,
    pub(super) sources: BTreeMap<u32, EvidenceId>,
}

struct Value<'a> {
    standing: Standing,
    text: String,
    evidence: &'a [EvidenceId],
}

/// The words of a sentence and its numbers of evidence.
#[derive(Clone, Copy)]
pub(super) struct Sentence<'t> {
    pub(super) words: &'t str,
    pub(super) marks: &'t BTreeSet<u32>,
}

impl<'a> Claims<'a> {
    pub(super) fn of(asked: &Asked<'a>) -> Self {
        let values = asked.known.iter().flat_map(Kept::claims);
        Self {
            values: values
                .map(|(standing, said, evidence)| Value {
                    standing,
                    text: text::said(said).trim().to_owned(),
                    evidence,
                })
                .filter(|value| !value.text.is_empty())
                .collect(),
            sources: revision::sources(asked.text),
        }
    }

    /// Whether a sentence still states a fact that it was drafted with, and names nothing of what shows it.
    /// What no value says, as the end of a clock, is a fact.
    pub(super) fn bare(&self, drafted: Sentence<'_>, now: Sentence<'_>) -> bool {
        let (had, has) = (self.shown(drafted.marks), self.shown(now.marks));
        let said = drafted.words.trim_end_matches('.');
        let mut known = false;
        for value in &self.values {
            let shows =
                |ids: &BTreeSet<&EvidenceId>| value.evidence.iter().any(|id| ids.contains(id));
            let whole = drafted.words.contains(&value.text);
            if !shows(&had) || !(whole || value.text.contains(said)) {
                continue;
            }
            known = true;
            let claim = if whole { &value.text } else { said };
            if value.standing == Standing::Fact && !shows(&has) && stands(claim, now.words) {
                return true;
            }
        }
        !known && drafted.marks.is_disjoint(now.marks) && stands(said, now.words)
    }

    fn shown(&self, marks: &BTreeSet<u32>) -> BTreeSet<&EvidenceId> {
        let shown = marks.iter().filter_map(|number| self.sources.get(number));
        shown.collect()
    }
}

/// Whether at least half of the words of a claim stand in a sentence.
fn stands(claim: &str, sentence: &str) -> bool {
    let (claim, sentence) = (words(claim), words(sentence));
    !claim.is_empty() && 2 * claim.intersection(&sentence).count() >= claim.len()
}

/// The words of a text, each once.
pub(super) fn words(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    let words = words.filter(|word| !word.is_empty()).take(WORDS);
    words.map(str::to_lowercase).collect()
}
