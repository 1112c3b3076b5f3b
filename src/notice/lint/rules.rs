//! The rules of the wording lint, read from `templates/notice/lint.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use serde::Deserialize;

use super::names::{NAME, Name, Neutral, SURNAME};
use super::pattern::{Excuse, Pattern, compiled, kept, sentence, spelled};
use super::{Finding, Severity};
use crate::fault::{Fault, Result};

/// Where the rules lie, for messages.
pub(super) const FILE: &str = "templates/notice/lint.toml";

/// What a rule looks at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Scope {
    /// Our words: text and subject line.
    #[default]
    Text,
    /// The subject line.
    Subject,
    /// Everything, quotations too.
    All,
    /// Our words in paragraphs that do not stand as they were drafted.
    Changed,
    /// Each sentence that a person wrote or changed and that names no evidence.
    Unmarked,
}

/// When a rule counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum When {
    /// In every case.
    #[default]
    Always,
    /// While logs are absent, cut or have gaps.
    LogsIncomplete,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// Parts that patterns share, by name.
    #[serde(default)]
    words: BTreeMap<String, String>,
    rule: Vec<Told>,
}

/// A rule as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    id: String,
    severity: Severity,
    #[serde(default)]
    scope: Scope,
    #[serde(default)]
    when: When,
    reason: String,
    instead: String,
    #[serde(default)]
    allow: Vec<String>,
    unless: Option<String>,
    /// Notices, by name, that it is not for.
    #[serde(default)]
    except: Vec<String>,
    #[serde(default)]
    denied_before: Vec<String>,
    #[serde(default)]
    denied_after: Vec<String>,
    #[serde(default)]
    other: Vec<String>,
    despite: Option<String>,
    #[serde(default)]
    neutral_before: Vec<String>,
    #[serde(default)]
    neutral_between: Vec<String>,
    en: Vec<String>,
    de: Vec<String>,
    pt: Vec<String>,
}

/// A rule, ready to look.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) id: String,
    severity: Severity,
    pub(super) scope: Scope,
    pub(super) when: When,
    reason: String,
    instead: String,
    allow: Vec<Regex>,
    unless: Option<Regex>,
    except: Vec<String>,
    excuse: Excuse,
    patterns: Vec<Pattern>,
    /// Patterns with a place for a name.
    named: Vec<String>,
    neutral: Neutral,
    /// Whether all of its patterns are about a name.
    pub(super) names: bool,
}

static RULES: LazyLock<Result<Vec<Rule>, String>> = LazyLock::new(|| {
    let text = crate::notice::shipped("lint.toml").map_err(|fault| fault.to_string())?;
    read(&text).map_err(|fault| fault.to_string())
});

/// The rules that the program carries.
pub(super) fn shipped() -> Result<&'static [Rule]> {
    RULES.as_deref().map_err(|why| {
        Fault::failed("lint", "The rules of the wording lint cannot be read.")
            .at(FILE)
            .caused_by(why.clone())
    })
}

fn read(text: &str) -> Result<Vec<Rule>> {
    let file: File = toml::from_str(text).map_err(|error| {
        Fault::input("lint", "The rules of the wording lint cannot be read.")
            .at(FILE)
            .caused_by(error)
    })?;
    let words = file.words;
    file.rule
        .into_iter()
        .map(|told| Rule::of(told.spelled(&words)))
        .collect()
}

impl Told {
    /// The same, with every pattern written out.
    fn spelled(mut self, words: &BTreeMap<String, String>) -> Self {
        let lists = [
            &mut self.allow,
            &mut self.denied_before,
            &mut self.denied_after,
            &mut self.other,
            &mut self.neutral_before,
            &mut self.neutral_between,
            &mut self.en,
            &mut self.de,
            &mut self.pt,
        ];
        for pattern in lists.into_iter().flatten() {
            *pattern = spelled(pattern, words);
        }
        for pattern in [&mut self.unless, &mut self.despite].into_iter().flatten() {
            *pattern = spelled(pattern, words);
        }
        self
    }
}

impl Rule {
    fn of(told: Told) -> Result<Self> {
        let id = told.id;
        for (language, patterns) in [("en", &told.en), ("de", &told.de), ("pt", &told.pt)] {
            if patterns.is_empty() {
                let what = format!("The rule `{id}` has no pattern in `{language}`.");
                return Err(Fault::input("lint", what).at(FILE));
            }
        }
        let all = told.en.into_iter().chain(told.de).chain(told.pt);
        let of_name = |one: &String| one.contains(NAME) || one.contains(SURNAME);
        let (named, plain): (Vec<String>, Vec<String>) = all.partition(of_name);
        for pattern in &named {
            compiled(&id, &pattern.replace(NAME, "x").replace(SURNAME, "x"))?;
        }
        let compile = |all: &[String]| -> Result<Vec<Regex>> {
            all.iter().map(|pattern| compiled(&id, pattern)).collect()
        };
        let bound = |all: &[String], before: &str, after: &str| -> Result<Vec<Regex>> {
            let all = all.iter().map(|one| format!("{before}(?:{one}){after}"));
            compile(&all.collect::<Vec<_>>())
        };
        let one = |pattern: &Option<String>| -> Result<Option<Regex>> {
            let pattern = pattern.as_ref();
            pattern.map(|one| compiled(&id, one)).transpose()
        };
        let excuse = Excuse {
            before: bound(&told.denied_before, "", r"\s*$")?,
            after: bound(&told.denied_after, "^", "")?,
            other: compile(&told.other)?,
            despite: one(&told.despite)?,
        };
        let neutral = Neutral {
            before: bound(&told.neutral_before, "", r"\W*$")?,
            between: compile(&told.neutral_between)?,
        };
        Ok(Self {
            severity: told.severity,
            scope: told.scope,
            when: told.when,
            reason: told.reason,
            instead: told.instead,
            allow: compile(&told.allow)?,
            unless: one(&told.unless)?,
            except: told.except,
            excuse,
            patterns: (plain.iter())
                .map(|pattern| Pattern::of(&id, pattern))
                .collect::<Result<_>>()?,
            names: plain.is_empty(),
            named,
            neutral,
            id,
        })
    }

    /// Whether it is for this notice.
    pub(super) fn is_for(&self, template: &str) -> bool {
        !self.except.iter().any(|name| name == template)
    }

    /// What it finds in a text: where, in bytes, and the words.
    pub(super) fn find(&self, text: &str, names: &[Name]) -> Vec<(usize, String)> {
        let mut found: Vec<(usize, usize)> = Vec::new();
        for pattern in &self.patterns {
            pattern.find(text, &self.excuse, &mut found);
        }
        for name in names.iter().filter(|_| !self.named.is_empty()) {
            self.find_name(text, name, &mut found);
        }
        if found.is_empty() {
            return Vec::new();
        }
        let allowed: Vec<(usize, usize)> = (self.allow.iter())
            .flat_map(|allow| allow.find_iter(text))
            .map(|allow| (allow.start(), allow.end()))
            .collect();
        let is_allowed = |start, end| {
            allowed
                .iter()
                .any(|(from, to)| *from <= start && end <= *to)
        };
        found.retain(|(start, end)| !is_allowed(*start, *end) && !self.excused(text, *start, *end));
        found.sort_unstable();
        // What begins inside another finding says nothing more.
        let mut last = 0;
        found.retain(|(start, end)| {
            let new = *start >= last;
            last = if new { *end } else { last };
            new
        });
        found
            .into_iter()
            .map(|(start, end)| (start, text.get(start..end).unwrap_or_default()))
            .map(|(start, words)| (start, words.trim().to_owned()))
            .collect()
    }

    fn find_name(&self, text: &str, name: &Name, found: &mut Vec<(usize, usize)>) {
        let lines = name.lines(&self.id, text);
        let named = self.named.iter().filter(|_| !lines.is_empty());
        let exact = named.filter_map(|pattern| kept(&self.id, &name.pattern(pattern)?));
        for exact in exact {
            for (from, line) in &lines {
                let inside = self.neutral.find(&exact, line).into_iter();
                found.extend(inside.map(|(start, end)| (from + start, from + end)));
            }
        }
    }

    /// Whether the sentence around a finding has what excuses it.
    fn excused(&self, text: &str, start: usize, end: usize) -> bool {
        let Some(unless) = &self.unless else {
            return false;
        };
        let (from, to) = sentence(text, start, end);
        unless.is_match(text.get(from..to).unwrap_or_default())
    }

    pub(super) fn finding(&self, line: usize, words: &str) -> Finding {
        Finding {
            rule: self.id.clone(),
            severity: self.severity,
            line,
            words: words.to_owned(),
            reason: self.reason.clone(),
            instead: self.instead.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_rules_are_read_and_have_every_language() {
        assert!(
            shipped().is_ok_and(|rules| rules.len() > 8),
            "{:?}",
            shipped().err()
        );
    }

    #[test]
    fn a_rule_that_cannot_be_is_refused() {
        let rule = |end: &str| {
            format!("[[rule]]\nid = 'x'\nseverity = 'block'\nreason = 'r'\ninstead = 'i'\n{end}")
        };
        assert!(read(&rule("en = ['a']\nde = ['b']\npt = ['c']")).is_ok());
        assert!(read(&rule("en = ['a']\nde = ['b']\npt = []")).is_err());
        assert!(read(&rule("en = ['(']\nde = ['b']\npt = ['c']")).is_err());
        assert!(read(&rule("en = ['({name}']\nde = ['b']\npt = ['c']")).is_err());
        assert!(read(&rule("en = ['a']\nde = ['b']\npt = ['c']\nother = 1")).is_err());
    }
}
