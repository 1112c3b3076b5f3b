//! Marks of evidence that a person took from a sentence, moved, or gave to one, and sentences of a person
//! that have none.

use std::collections::{BTreeSet, HashMap};

use super::body::Body;
use super::claims::{Claims, Sentence, words};
use super::fold::Folded;
use super::rules::Rule;
use super::{Asked, Finding, Severity};
use crate::document::{Block, Cite, Kind, Span};

/// At least so many of a thousand words of two sentences are the same, where one is the other, changed.
const ALIKE: usize = 500;

/// So many changed sentences are looked for among those that were drafted, at most.
const MOST: usize = 200;

/// A sentence of a text.
struct Said {
    line: usize,
    words: String,
    marks: BTreeSet<u32>,
    /// Where a rule reads whether it claims anything: itself, and the heading above an item. Nothing of a
    /// heading, and of what says where a fact is missing.
    read: Vec<String>,
}

impl Said {
    const fn sentence(&self) -> Sentence<'_> {
        Sentence {
            words: self.words.as_str(),
            marks: &self.marks,
        }
    }
}

/// What changed in the marks since the text was drafted, and sentences since that have none. A fact that
/// lost its evidence blocks; the rest warns: a person may know better, and who approves has to see it.
/// `unmarked` are the rules for sentences without marks.
pub(super) fn moved(
    asked: &Asked<'_>,
    now: &Body<'_>,
    first: Option<&Body<'_>>,
    unmarked: &[&Rule],
) -> Vec<Finding> {
    let mut findings = Vec::new();
    // What was rendered just now cites what its table has.
    if asked.first == Some(asked.text) {
        return findings;
    }
    let now = sentences(now);
    let claims = Claims::of(asked);
    let known = &claims.sources;
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
        match before {
            Some(before) => findings.extend(changed(&claims, before, said)),
            None if said.marks.is_empty() => {}
            None => {
                let reason = format!(
                    "Nobody drafted this sentence with {}: read whether it shows what is said.",
                    list(&said.marks)
                );
                findings.push(finding("evidence-moved", said, reason));
            }
        }
        let lost = before.is_some_and(|before| !before.marks.is_empty());
        if said.marks.is_empty() && !lost {
            let found = unmarked.iter().filter(|rule| claims_a_fact(rule, said));
            findings.extend(found.map(|rule| rule.finding(said.line, &said.words)));
        }
    }
    findings
}

/// What a sentence lost and gained that stands with other marks or other words than it was drafted with.
fn changed(claims: &Claims<'_>, before: &Said, said: &Said) -> Vec<Finding> {
    let mut findings = Vec::new();
    let lost: BTreeSet<u32> = before.marks.difference(&said.marks).copied().collect();
    if !lost.is_empty() {
        let reason = format!("This sentence lost its evidence {}.", list(&lost));
        let bare = claims.bare(before.sentence(), said.sentence());
        findings.push(Finding {
            severity: if bare {
                Severity::Block
            } else {
                Severity::Warn
            },
            ..finding("evidence-lost", said, reason)
        });
    }
    let gained: BTreeSet<u32> = said.marks.difference(&before.marks).copied().collect();
    if !gained.is_empty() {
        let reason = format!(
            "The mark {} came to this sentence, which it did not support.",
            list(&gained)
        );
        findings.push(finding("evidence-moved", said, reason));
    }
    findings
}

/// Whether nothing in a sentence, or above it, says that it states no fact.
fn claims_a_fact(rule: &Rule, said: &Said) -> bool {
    let finds = |text: &String| !rule.find(&Folded::of(text).text, &[]).is_empty();
    !said.read.is_empty() && said.read.iter().all(finds)
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
    let mut heading = String::new();
    let mut all = Vec::new();
    for (line, block) in body.blocks() {
        if matches!(block.kind, Kind::Heading(_)) {
            heading = format!("# {}", block.line());
        }
        all.extend(block.sentences().into_iter().map(|sentence| {
            let hole = |span: &Span| matches!(span, Span::Missing(_));
            let whole = !sentence.spans.iter().any(hole);
            Said {
                line,
                read: read(block, &sentence.text, &heading)
                    .filter(|_| whole)
                    .unwrap_or_default(),
                words: sentence.text,
                marks: (sentence.cites.into_iter())
                    .flat_map(Cite::numbers)
                    .collect(),
            }
        }));
    }
    all
}

/// Where a rule reads whether a sentence claims anything; `None` where it cannot.
fn read(block: &Block, words: &str, heading: &str) -> Option<Vec<String>> {
    match block.kind {
        Kind::Heading(_) | Kind::Rule | Kind::Row { header: true } => None,
        Kind::Item { .. } if !heading.is_empty() => {
            Some(vec![format!("- {words}"), heading.to_owned()])
        }
        Kind::Item { .. } => Some(vec![format!("- {words}")]),
        Kind::Paragraph | Kind::Quote | Kind::Row { .. } => Some(vec![words.to_owned()]),
    }
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
    let (one, other) = (words(one), words(other));
    match one.len() + other.len() {
        0 => 0,
        all => 2_000 * one.intersection(&other).count() / all,
    }
}
