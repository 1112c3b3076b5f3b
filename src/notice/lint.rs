//! The wording lint: what no notice may say, found with its place and what to write instead.
//!
//! The rules are data, `templates/notice/lint.toml`. What is looked at is what goes out and its English
//! reading copy, as the page shows them: our words. Quotations of evidence (`“…”[e4]`) and the values that
//! the log of the case gives, each with the number right behind it, are not our words; they are looked
//! at by rules with the scope `all` alone.

mod body;
mod cited;
mod claims;
mod fold;
mod gone;
mod limits;
mod names;
mod pattern;
mod place;
mod quoted;
mod rules;

use serde::Serialize;

use super::facts::Kept;
use crate::fault::{Fault, Result};
use body::Body;
use names::names;
use place::Sheet;
use rules::{Rule, Scope, When};

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
    /// The line of the text, counted from 1; 0 for the name of a file that goes out with it.
    pub line: usize,
    /// The words found. Hostile text.
    pub words: String,
    /// Why they may not stand there.
    pub reason: String,
    /// What to write instead.
    pub instead: String,
}

impl Finding {
    /// Where it is, in words.
    pub fn place(&self) -> String {
        match self.line {
            0 => "the name of a file".to_owned(),
            line => format!("line {line}"),
        }
    }
}

/// What is looked at, and with what it is read.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The text.
    pub text: &'a str,
    /// The facts of today, then those that it was drafted from: with none, the logs count as incomplete.
    pub known: &'a [Kept],
    /// Which notice it is, where it is one.
    pub notice: Option<&'a str>,
    /// The text as it was drafted, before people changed it.
    pub first: Option<&'a str>,
}

/// Looks at a text that is of no notice that is known.
///
/// # Errors
/// As [`look`].
pub fn lint(text: &str, known: &[Kept]) -> Result<Vec<Finding>> {
    look(&Asked {
        text,
        known,
        notice: None,
        first: None,
    })
}

/// Looks at a text.
///
/// # Errors
/// The rules cannot be read; a test holds that they can.
pub fn look(asked: &Asked<'_>) -> Result<Vec<Finding>> {
    let rules = rules::shipped()?;
    let now = Body::of(asked.text);
    let first = asked.first.filter(|first| *first != asked.text);
    let first = first.map(Body::of);
    let sheet = Sheet::of(asked, &now, first.as_ref());
    let known = asked.known;
    let complete = !known.is_empty() && known.iter().all(|kept| kept.logs.complete);
    let names = names(known);
    let mut findings: Vec<Finding> = Vec::new();
    // Those that read single sentences, which are told apart by their marks.
    let mut unmarked: Vec<&Rule> = Vec::new();
    for rule in rules {
        let other = asked.notice.is_some_and(|notice| !rule.is_for(notice));
        if other || (rule.when == When::LogsIncomplete && complete) {
            continue;
        }
        let heads = !matches!(rule.scope, Scope::Changed | Scope::Unmarked);
        if let Some((line, subject)) = sheet.subject.as_ref().filter(|_| heads) {
            let found = rule.find(subject, &names);
            findings.extend((found.iter()).map(|(_, words)| rule.finding(*line, words)));
        }
        let read = match rule.scope {
            Scope::Subject => continue,
            Scope::Unmarked => {
                unmarked.push(rule);
                continue;
            }
            Scope::All => &sheet.whole,
            // Who is named is looked for in the values of the log too; the rest in our words alone.
            Scope::Changed => &sheet.changed,
            Scope::Text if rule.names => &sheet.named,
            Scope::Text => &sheet.ours,
        };
        let found = rule.find(read, &names).into_iter();
        findings.extend(found.map(|(at, words)| rule.finding(sheet.line(at), &words)));
    }
    findings.extend(sheet.two_scripts());
    findings.extend(sheet.missing());
    if let [today, then, ..] = known {
        findings.extend(gone::gone(today, then, &sheet));
    }
    findings.extend(limits::too_long(asked)?);
    findings.extend(limits::entries(asked)?);
    findings.extend(cited::moved(asked, &now, first.as_ref(), &unmarked));
    findings.sort_by(|a, b| {
        let key = |f: &Finding| (f.severity, f.line, f.rule.clone(), f.words.clone());
        key(a).cmp(&key(b))
    });
    findings.dedup();
    Ok(findings)
}

/// Looks at the name of a file that goes out with a notice: everybody who passes it on reads it, like a
/// subject line.
///
/// # Errors
/// As [`look`].
pub fn file_name(name: &str, known: &[Kept]) -> Result<Vec<Finding>> {
    let names = names(known);
    // What stands for a space in a name; a number keeps its hyphens.
    let read = [
        name.replace('_', " "),
        name.replace(['_', '-', '.', '+'], " "),
    ];
    let mut findings = Vec::new();
    for text in read {
        let folded = fold::Folded::of(&text);
        let found = rules::shipped()?.iter().flat_map(|rule| {
            let found = rule.find(&folded.text, &names).into_iter();
            found.map(|(_, words)| rule.finding(0, &words))
        });
        findings.extend(found.filter(|one| one.severity == Severity::Block));
        let mixed = folded.mixed.iter();
        findings.extend(mixed.map(|(_, word)| place::two_scripts(0, word)));
    }
    findings.sort_by(|a, b| (&a.rule, &a.words).cmp(&(&b.rule, &b.words)));
    findings.dedup();
    for finding in &mut findings {
        let name = crate::hostile::one_line(name, 120);
        finding.reason = format!("In the name of the file “{name}”: {}", finding.reason);
    }
    Ok(findings)
}

/// Whether a file of this name may go out with a notice.
///
/// # Errors
/// A finding is in the way: the fault names each and what to write instead.
pub fn may_be_attached(name: &str, findings: &[Finding]) -> Result<()> {
    if findings.is_empty() {
        return Ok(());
    }
    let what = "The name of the file says what no notice may say.";
    let fault = Fault::input("wording", what).at(name.escape_debug());
    Err(findings
        .iter()
        .take(8)
        .fold(fault, |fault, one| {
            let words = crate::hostile::one_line(&one.words, 80);
            fault.hint(format!("“{words}”: {}", one.reason))
        })
        .hint("give it another name: what it is, and the reference of the case"))
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
        "The wording stands in the way of an approval: {}, “{words}”{and}.",
        first.place()
    );
    let fault = Fault::input("wording", what).at(&first.rule);
    let all = findings.iter().filter(|f| f.severity == Severity::Block);
    Err(all
        .take(8)
        .fold(fault, |fault, one| {
            let words = crate::hostile::one_line(&one.words, 80);
            fault.hint(format!(
                "{}, “{words}”: {} Write instead: {}",
                one.place(),
                one.reason,
                one.instead
            ))
        })
        .hint("nobody can override this: change the text, or the fact that it says"))
}
