//! A pattern of a rule: how it is written, where it is found, and what excuses what it found.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use regex::{Captures, Regex, RegexBuilder};

use super::rules::FILE;
use crate::fault::{Fault, Result};

/// The group of a pattern that a negation has to be bound to.
const VERB: &str = "verb";

/// How far before a verb its negation may begin, in bytes.
const REACH: usize = 200;

/// Words of the table are made of words of the table, so deep.
const DEEPEST: usize = 3;

/// Patterns with a name in them that are kept, at most.
const MOST_KEPT: usize = 1024;

pub(super) fn compiled(id: &str, pattern: &str) -> Result<Regex> {
    let built = RegexBuilder::new(pattern).case_insensitive(true).build();
    built.map_err(|error| {
        let what = format!("A pattern of the rule `{id}` cannot be read.");
        Fault::input("lint", what).at(FILE).caused_by(error)
    })
}

/// A pattern about a name, compiled once for all notices of a case.
pub(super) fn kept(id: &str, pattern: &str) -> Option<Arc<Regex>> {
    static KEPT: Mutex<BTreeMap<String, Arc<Regex>>> = Mutex::new(BTreeMap::new());
    let known = || KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(regex) = known().get(pattern) {
        return Some(Arc::clone(regex));
    }
    let regex = Arc::new(compiled(id, pattern).ok()?);
    let mut all = known();
    if all.len() >= MOST_KEPT {
        all.clear();
    }
    all.insert(pattern.to_owned(), Arc::clone(&regex));
    Some(regex)
}

/// A pattern with the words that it shares with others, and with `{..40}` as what it stands for: up to
/// 40 characters of one sentence. A full stop inside a word or a number ends no sentence.
pub(super) fn spelled(pattern: &str, words: &BTreeMap<String, String>) -> String {
    static WITHIN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\{\.\.([0-9]+)\}").ok());
    let mut pattern = pattern.to_owned();
    for _ in 0..DEEPEST {
        for (key, word) in words {
            pattern = pattern.replace(&format!("{{{key}}}"), word);
        }
    }
    let within = r"(?:[^.!?\n]|[.][0-9A-Za-z]){0,$1}";
    match WITHIN.as_ref() {
        Some(gap) => gap.replace_all(&pattern, within).into_owned(),
        None => pattern,
    }
}

/// A pattern, and the same without the ends of words. The ends of words in Unicode make the search
/// twenty times slower; what the quick one does not find, the exact one does not find either.
#[derive(Debug)]
pub(super) struct Pattern {
    quick: Regex,
    exact: Regex,
}

impl Pattern {
    pub(super) fn of(id: &str, pattern: &str) -> Result<Self> {
        Ok(Self {
            quick: compiled(id, &pattern.replace("\\b", ""))?,
            exact: compiled(id, pattern)?,
        })
    }

    /// Where it stands in a text and nothing excuses it, in bytes.
    pub(super) fn find(&self, text: &str, excuse: &Excuse, found: &mut Vec<(usize, usize)>) {
        let mut at = 0;
        while let Some(hint) = self.quick.find_at(text, at) {
            // The exact one looks at no more than the paragraph of what the quick one saw.
            let before = text.get(..hint.start()).unwrap_or_default();
            let from = before.rfind('\n').map_or(0, |end| end + 1).max(at);
            let after = text.get(hint.end()..).unwrap_or_default();
            let to = hint.end() + after.find('\n').unwrap_or(after.len());
            let part = text.get(from..to).unwrap_or_default();
            let mut inside = Vec::new();
            self.exactly(part, excuse, &mut inside);
            found.extend(inside.iter().map(|(start, end)| (from + start, from + end)));
            if to >= text.len() {
                return;
            }
            at = to + 1;
        }
    }

    fn exactly(&self, text: &str, excuse: &Excuse, found: &mut Vec<(usize, usize)>) {
        // Where something is denied, its other parts may still say it: “not today but will pay”.
        let mut open = vec![(0, text.len())];
        while let Some((from, to)) = open.pop() {
            let part = text.get(..to).unwrap_or_default();
            let Some(seen) = self.exact.captures_at(part, from) else {
                continue;
            };
            let Some(whole) = seen.get(0).filter(|whole| !whole.is_empty()) else {
                continue;
            };
            let Some((start, end)) = verb(&seen).filter(|verb| excuse.holds(text, *verb)) else {
                found.push((whole.start(), whole.end()));
                open.push((whole.end(), to));
                continue;
            };
            if start > whole.start() {
                open.push((whole.start(), start));
            }
            if end > from {
                open.push((end, to));
            }
        }
    }
}

fn verb(seen: &Captures<'_>) -> Option<(usize, usize)> {
    seen.name(VERB).map(|verb| (verb.start(), verb.end()))
}

/// What makes the verb of a pattern mean something else: a negation bound to it, or another object.
#[derive(Debug, Default)]
pub(super) struct Excuse {
    pub(super) before: Vec<Regex>,
    pub(super) after: Vec<Regex>,
    pub(super) other: Vec<Regex>,
    pub(super) despite: Option<Regex>,
}

/// What stands before a place, not before `from` and not farther than what can excuse it.
pub(super) fn near(text: &str, from: usize, place: usize) -> &str {
    let mut near = from.max(place.saturating_sub(REACH));
    while !text.is_char_boundary(near) {
        near += 1;
    }
    text.get(near..place).unwrap_or_default()
}

impl Excuse {
    /// Whether it holds for the verb at this place of the text.
    fn holds(&self, text: &str, (start, end): (usize, usize)) -> bool {
        let (from, to) = sentence(text, start, end);
        let before = near(text, from, start);
        let after = text.get(end..to).unwrap_or_default();
        if self.before.iter().any(|denied| denied.is_match(before))
            || self.after.iter().any(|denied| denied.is_match(after))
        {
            return true;
        }
        let whole = text.get(from..to).unwrap_or_default();
        let despite = |words: &Regex| words.is_match(whole);
        if self.despite.as_ref().is_some_and(despite) {
            return false;
        }
        let covers = |one: regex::Match<'_>| from + one.start() <= start && end <= from + one.end();
        (self.other.iter()).any(|other| other.find_iter(whole).any(covers))
    }
}

/// Where the sentence around some words begins and ends. A full stop inside a number ends none.
pub(super) fn sentence(text: &str, start: usize, end: usize) -> (usize, usize) {
    let ends = |(at, c): (usize, char)| {
        let after = at + c.len_utf8();
        let next = text.get(after..).and_then(|rest| rest.chars().next());
        let stop = matches!(c, '.' | '!' | '?') && next.is_none_or(char::is_whitespace);
        (stop || c == '\n').then_some((at, after))
    };
    let before = text.get(..start).unwrap_or_default();
    let from = before.char_indices().rev().find_map(ends);
    let rest = text.get(end..).unwrap_or_default();
    let to = (rest.char_indices()).find_map(|(at, c)| ends((end + at, c)));
    (
        from.map_or(0, |(_, after)| after),
        to.map_or(text.len(), |(at, _)| at),
    )
}
