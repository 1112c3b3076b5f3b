//! The wording lint: what no notice may say, found with its place and what to write instead.
//!
//! The rules are data, `templates/notice/lint.toml`. What is looked at is what goes out and its English
//! reading copy: our words. Quotations that show their evidence (`“…”[e4]`) and the values that the
//! log of the case gives are not our words; they are looked at by rules with the scope `all` alone.

mod pattern;
mod place;
mod rules;

use serde::Serialize;

use super::facts::Kept;
use crate::fault::{Fault, Result};
use place::{Plain, Sheet};
use rules::{Scope, When};

/// What a finding does.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The text cannot be approved: it has to be changed.
    Block,
    /// It is shown to whoever reads and approves.
    Warn,
}

impl Severity {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Warn => "warn",
        }
    }
}

/// Words that a notice may not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Finding {
    /// The rule.
    pub rule: String,
    /// Whether it stands in the way of an approval.
    pub severity: Severity,
    /// The line of the text, counted from 1.
    pub line: usize,
    /// The words found. Hostile text.
    pub words: String,
    /// Why they may not stand there.
    pub reason: String,
    /// What to write instead.
    pub instead: String,
}

/// What is looked at, and with what it is read.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The text.
    pub text: &'a str,
    /// The facts that it was drafted from, and those of today: with none, the logs count as incomplete.
    pub known: &'a [Kept],
    /// Which notice it is, where it is one.
    pub notice: Option<&'a str>,
}

/// Looks at a text that is of no notice that is known.
///
/// # Errors
/// As [`look`].
pub fn lint(text: &str, known: &[Kept]) -> Result<Vec<Finding>> {
    let notice = None;
    look(&Asked {
        text,
        known,
        notice,
    })
}

/// Looks at a text.
///
/// # Errors
/// The rules cannot be read; a test holds that they can.
pub fn look(asked: &Asked<'_>) -> Result<Vec<Finding>> {
    let Asked { text, known, .. } = *asked;
    let rules = rules::shipped()?;
    let sheet = Sheet::of(text, known);
    let complete = !known.is_empty() && known.iter().all(|kept| kept.logs.complete);
    let names = names(known);
    let mut findings: Vec<Finding> = Vec::new();
    for rule in rules {
        let other = asked.notice.is_some_and(|notice| !rule.is_for(notice));
        if other || (rule.when == When::LogsIncomplete && complete) {
            continue;
        }
        if let Some((line, subject)) = &sheet.subject {
            let found = rule.find(subject, &names);
            findings.extend((found.iter()).map(|(_, words)| rule.finding(*line, words)));
        }
        let read = match rule.scope {
            Scope::Subject => continue,
            Scope::All => &sheet.whole,
            // Who is named is looked for in the values of the log too; the rest in our words alone.
            Scope::Text if rule.names => &sheet.named,
            Scope::Text => &sheet.ours,
        };
        let mut found = rule.find(read, &names);
        // Once more as it is read: marks, emphasis and odd spaces between the words hide nothing.
        let plain = Plain::of(read);
        let known: Vec<String> = found.iter().map(|(_, words)| words.clone()).collect();
        let again = rule.find(&plain.text, &names).into_iter();
        found.extend(
            again
                .filter(|(_, words)| !known.contains(words))
                .map(|(at, words)| (plain.from(at), words)),
        );
        for (at, words) in found {
            findings.push(rule.finding(sheet.line(at), &words));
        }
    }
    findings.extend(sheet.too_long());
    findings.extend(sheet.missing());
    findings.sort_by(|a, b| {
        let key = |f: &Finding| (f.severity, f.line, f.rule.clone(), f.words.clone());
        key(a).cmp(&key(b))
    });
    findings.dedup();
    Ok(findings)
}

/// The names that the account holder used and that may be another person's.
fn names(known: &[Kept]) -> Vec<String> {
    let mut names: Vec<String> = known
        .iter()
        .flat_map(|kept| kept.texts("subject.name_used"))
        // A name that is longer is an attack, and stands in no sentence of ours.
        .filter(|name| (3..=120).contains(&name.chars().count()))
        .collect();
    names.sort();
    names.dedup();
    names
}

/// Whether a text may be approved.
///
/// # Errors
/// A finding blocks it: the fault names each with its place and what to write instead.
pub fn may_be_approved(findings: &[Finding]) -> Result<()> {
    let mut blocks = findings.iter().filter(|f| f.severity == Severity::Block);
    let Some(first) = blocks.next() else {
        return Ok(());
    };
    let more = blocks.count();
    let and = match more {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let words = crate::hostile::one_line(&first.words, 120);
    let what = format!(
        "The wording stands in the way of an approval: line {}, “{words}”{and}.",
        first.line
    );
    let fault = Fault::input("wording", what).at(&first.rule);
    let all = findings.iter().filter(|f| f.severity == Severity::Block);
    Err(all
        .take(8)
        .fold(fault, |fault, one| {
            let words = crate::hostile::one_line(&one.words, 80);
            fault.hint(format!(
                "line {}, “{words}”: {} Write instead: {}",
                one.line, one.reason, one.instead
            ))
        })
        .hint("nobody can override this: change the text, or the fact that it says"))
}
