//! Marks of evidence that a person took from a sentence, moved, or gave to one.

use std::collections::{BTreeSet, HashMap};

use super::body::Body;
use super::{Asked, Finding, Severity};
use crate::document::{Block, Cite};
use crate::notice::revision;

/// At least so many of a thousand words of two sentences are the same, where one is the other, changed.
const ALIKE: usize = 500;

/// So many changed sentences are looked for among those that were drafted, at most.
const MOST: usize = 200;

/// So many words of a sentence are compared, at most.
const WORDS: usize = 200;

/// A sentence of a text.
struct Said {
    line: usize,
    words: String,
    marks: BTreeSet<u32>,
}

/// What changed in the marks since the text was drafted. Everything warns: a person may know better, and
/// who approves has to see it.
pub(super) fn moved(asked: &Asked<'_>, now: &Body<'_>, first: Option<&Body<'_>>) -> Vec<Finding> {
    let mut findings = Vec::new();
    // What was rendered just now cites what its table has.
    if asked.first == Some(asked.text) {
        return findings;
    }
    let now = sentences(now);
    let known = revision::sources(asked.text);
    for said in now.iter().filter(|_| !known.is_empty()) {
        let strange: BTreeSet<u32> = (said.marks.iter())
            .filter(|number| !known.contains_key(number))
            .copied()
            .collect();
        if !strange.is_empty() {
            let reason = format!("The table of evidence has no {}.", list(&strange));
            findings.push(finding("no-source", said, reason));
        }
    }
    let Some(first) = first else {
        return findings;
    };
    let drafted = sentences(first);
    for (said, before) in pairs(&now, &drafted) {
        let Some(before) = before else {
            if !said.marks.is_empty() {
                let reason = format!(
                    "Nobody drafted this sentence with {}: read whether it shows what is said.",
                    list(&said.marks)
                );
                findings.push(finding("evidence-moved", said, reason));
            }
            continue;
        };
        let lost: BTreeSet<u32> = before.marks.difference(&said.marks).copied().collect();
        if !lost.is_empty() {
            let reason = format!("This sentence lost its evidence {}.", list(&lost));
            findings.push(finding("evidence-lost", said, reason));
        }
        let gained: BTreeSet<u32> = said.marks.difference(&before.marks).copied().collect();
        if !gained.is_empty() {
            let reason = format!(
                "The mark {} came to this sentence, which it did not support.",
                list(&gained)
            );
            findings.push(finding("evidence-moved", said, reason));
        }
    }
    findings
}

fn finding(rule: &str, said: &Said, reason: String) -> Finding {
    Finding {
        rule: rule.to_owned(),
        severity: Severity::Warn,
        line: said.line,
        words: said.words.clone(),
        reason,
        instead: "open the evidence, and keep a mark only where it shows what the sentence says"
            .to_owned(),
    }
}

/// `e4, e5`.
fn list(marks: &BTreeSet<u32>) -> String {
    let each = marks.iter().map(|number| format!("e{number}"));
    each.collect::<Vec<_>>().join(", ")
}

fn sentences(body: &Body<'_>) -> Vec<Said> {
    let of = |(line, block): (usize, &Block)| {
        let said = block.sentences().into_iter();
        said.map(move |sentence| Said {
            line,
            words: sentence.text,
            marks: (sentence.cites.into_iter())
                .flat_map(Cite::numbers)
                .collect(),
        })
        .collect::<Vec<_>>()
    };
    body.blocks().flat_map(of).collect()
}

/// Each sentence that stands with the one that it was; sentences that stand as they were drafted, marks
/// too, are left out.
fn pairs<'t>(now: &'t [Said], drafted: &'t [Said]) -> Vec<(&'t Said, Option<&'t Said>)> {
    let mut before: HashMap<&str, Vec<&Said>> = HashMap::new();
    for said in drafted {
        before.entry(said.words.as_str()).or_default().push(said);
    }
    let mut changed: Vec<&Said> = Vec::new();
    // What stands as it was comes first, wherever a person has put it.
    for said in now {
        let same = before.get_mut(said.words.as_str());
        let taken = same.and_then(|all| {
            let at = all.iter().position(|one| one.marks == said.marks)?;
            Some(all.swap_remove(at))
        });
        if taken.is_none() {
            changed.push(said);
        }
    }
    let mut all = Vec::new();
    let mut other: Vec<&Said> = Vec::new();
    for said in changed {
        match before.get_mut(said.words.as_str()).and_then(Vec::pop) {
            Some(one) => all.push((said, Some(one))),
            None => other.push(said),
        }
    }
    let mut left: Vec<&Said> = before.into_values().flatten().collect();
    left.sort_by(|a, b| (a.line, &a.words).cmp(&(b.line, &b.words)));
    left.truncate(MOST);
    for (index, said) in other.into_iter().enumerate() {
        let best = (left.iter().enumerate())
            .filter(|_| index < MOST)
            .map(|(at, one)| (likeness(&one.words, &said.words), at))
            .filter(|(alike, _)| *alike >= ALIKE)
            .max_by_key(|(alike, at)| (*alike, std::cmp::Reverse(*at)));
        all.push((said, best.map(|(_, at)| left.swap_remove(at))));
    }
    all
}

/// How many of a thousand words two sentences share.
fn likeness(one: &str, other: &str) -> usize {
    let bag = |text: &str| -> BTreeSet<String> {
        let words = text.split(|c: char| !c.is_alphanumeric());
        // Enough to tell sentences apart; a longer one is an attack.
        let words = words.filter(|word| !word.is_empty()).take(WORDS);
        words.map(str::to_lowercase).collect()
    };
    let (one, other) = (bag(one), bag(other));
    match one.len() + other.len() {
        0 => 0,
        all => 2_000 * one.intersection(&other).count() / all,
    }
}
