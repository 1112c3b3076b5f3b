//! What a rendering used and lacked.

use std::fmt::Write as _;

use super::verbs::Layout;
use crate::id::EvidenceId;
use crate::notice::facts::{Fact, Standing, Value};
use crate::notice::text::shown;
use crate::notice::words::{Language, phrase};

/// What a rendering used and lacked, over all files of a notice.
#[derive(Debug, Default, Clone)]
pub(super) struct Used {
    /// The facts that were put or asked for, by name.
    pub(super) keys: Vec<String>,
    /// The evidence behind them: the first has the number 1.
    pub(super) evidence: Vec<EvidenceId>,
    /// What is missing, in English.
    pub(super) missing: Vec<String>,
    /// What the template asked whether it is known, and is not, in English.
    pub(super) absent: Vec<String>,
    /// What was left out as a suspicion, in English.
    pub(super) withheld: Vec<String>,
    /// Sections over their limit.
    pub(super) too_long: Vec<String>,
}

impl Used {
    /// A fact was asked for.
    pub(super) fn key(&mut self, key: &str) {
        note(&mut self.keys, key);
    }

    /// A fact is missing.
    pub(super) fn lacks(&mut self, what: &str) {
        note(&mut self.missing, what);
    }

    /// A fact is not known, and the template says so itself.
    pub(super) fn absent(&mut self, what: &str) {
        note(&mut self.absent, what);
    }

    /// A fact was asked for that is left out as a suspicion.
    pub(super) fn withheld(&mut self, what: &str) {
        note(&mut self.withheld, what);
    }

    /// Only the sections of what goes out are counted by the addressee.
    pub(super) fn keep_sections(&mut self, going_out: &Self) {
        self.too_long.clone_from(&going_out.too_long);
        self.missing.clone_from(&going_out.missing);
        let missing = &self.missing;
        self.absent.retain(|what| !missing.contains(what));
    }

    /// A fact in the words of a language, with its standing and the numbers of its evidence.
    pub(super) fn put(&mut self, fact: &Fact, layout: Layout, language: Language) -> String {
        let lead = match fact.standing {
            Standing::Fact => String::new(),
            Standing::Inference => phrase(language, "standing.inference", &[]) + " ",
            Standing::Suspicion => phrase(language, "standing.suspicion", &[]) + " ",
        };
        match layout {
            Layout::Inline => {
                let shared = (fact.values.windows(2)).all(|pair| match pair {
                    [one, other] => one.evidence == other.evidence,
                    _ => true,
                });
                let first = fact.values.first().filter(|_| shared);
                let Some(first) = first else {
                    let each = fact.values.iter().map(|value| self.value(value, language));
                    return format!("{lead}{}", each.collect::<Vec<_>>().join("; "));
                };
                let texts = fact.values.iter().map(|v| shown(&v.said.text(language)));
                let texts: Vec<String> = texts.collect();
                format!("{lead}{}{}", texts.join("; "), self.marks(&first.evidence))
            }
            Layout::Lines => fact.values.iter().fold(String::new(), |mut text, value| {
                let _ = writeln!(text, "- {lead}{}", self.value(value, language));
                text
            }),
        }
    }

    /// A value with the numbers of its evidence.
    pub(super) fn value(&mut self, value: &Value, language: Language) -> String {
        let text = shown(&value.said.text(language));
        format!("{text}{}", self.marks(&value.evidence))
    }

    /// `[e1][e4–e9]`: numbers are given in the order of first use; three or more in a row are a range.
    fn marks(&mut self, evidence: &[EvidenceId]) -> String {
        let mut numbers: Vec<usize> = Vec::new();
        for id in evidence {
            let known = self.evidence.iter().position(|known| known == id);
            let index = known.unwrap_or_else(|| {
                self.evidence.push(id.clone());
                self.evidence.len() - 1
            });
            numbers.push(index + 1);
        }
        numbers.sort_unstable();
        numbers.dedup();
        let mut marks = String::new();
        for run in numbers.chunk_by(|a, b| a + 1 == *b) {
            match run {
                [first, _, .., last] => {
                    let _ = write!(marks, "[e{first}–e{last}]");
                }
                few => few.iter().for_each(|number| {
                    let _ = write!(marks, "[e{number}]");
                }),
            }
        }
        marks
    }
}

fn note(all: &mut Vec<String>, what: &str) {
    if !all.iter().any(|known| known == what) {
        all.push(what.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_a_row_are_a_range_and_none_stands_twice() {
        let mut used = Used::default();
        let ids: Vec<EvidenceId> = (0..5).map(|_| EvidenceId::fresh()).collect();
        assert_eq!(used.marks(&ids), "[e1–e5]");
        let some: Vec<EvidenceId> = [0, 1, 1, 3]
            .iter()
            .filter_map(|at| ids.get(*at).cloned())
            .collect();
        assert_eq!(used.marks(&some), "[e1][e2][e4]");
    }
}
