//! What is wrong with a playbook: every problem with a stable code, its places and a way out.

use std::sync::Arc;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, NamedSource, Report,
};
use serde::{Serialize, Serializer};
use serde_json::json;

use super::{is_hostile, plain};
use crate::fault::Fault;

/// The longest sentence that is kept, characters: what stands in a file may be quoted in it.
const LONGEST: usize = 1000;

/// How many problems of one file are kept.
const MOST: usize = 200;

/// A stretch of the text, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// How many bytes.
    pub len: usize,
}

impl Span {
    /// The stretch of `len` bytes from `start`.
    pub const fn new(start: usize, len: usize) -> Self {
        Self { start, len }
    }
}

/// Whether a playbook can be used all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It cannot be used.
    Error,
    /// It can, but a person should look.
    Warning,
}

/// A place with a few words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What is there.
    pub text: String,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// A stable kebab-case code.
    pub code: &'static str,
    /// Whether it can be used all the same.
    pub severity: Severity,
    /// What is wrong, as a sentence.
    pub what: String,
    /// Where; the first one is the place that is named.
    pub labels: Vec<Label>,
    /// What to do.
    pub help: Option<String>,
}

impl Problem {
    /// Something that makes the playbook unusable.
    pub fn error(code: &'static str, what: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            what: plain(&what.into(), LONGEST),
            labels: Vec::new(),
            help: None,
        }
    }

    /// Something that a person should look at.
    pub fn warning(code: &'static str, what: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, what)
        }
    }

    /// Adds a place.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        let text = plain(&text.into(), LONGEST);
        self.labels.push(Label { span, text });
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(plain(&help.into(), LONGEST));
        self
    }

    fn start(&self) -> usize {
        self.labels.first().map_or(0, |label| label.span.start)
    }
}

/// Everything that is wrong with one playbook.
#[derive(Debug, Clone)]
pub struct Problems {
    file: String,
    text: Arc<str>,
    list: Vec<Problem>,
}

impl Problems {
    pub(super) fn new(file: &str, text: Arc<str>) -> Self {
        let file = file.to_owned();
        let list = Vec::new();
        Self { file, text, list }
    }

    pub(super) fn push(&mut self, problem: Problem) {
        if self.list.len() < MOST {
            self.list.push(problem);
        } else if self.list.len() == MOST {
            self.list.push(
                Problem::error("too-many", "There is more that is wrong; it is not shown.")
                    .label(Span::new(self.text.len(), 0), "everything after these"),
            );
        }
    }

    pub(super) fn extend(&mut self, more: Self) {
        more.list.into_iter().for_each(|problem| self.push(problem));
        self.sort();
    }

    /// In the order of the file; what has no place comes first.
    pub(super) fn sort(&mut self) {
        self.list.sort_by_key(Problem::start);
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Whether the playbook is unusable.
    pub fn has_errors(&self) -> bool {
        self.list
            .iter()
            .any(|problem| problem.severity == Severity::Error)
    }

    /// Each problem, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.list.iter()
    }

    /// How many errors and how many warnings.
    pub fn counts(&self) -> (usize, usize) {
        let errors = self
            .list
            .iter()
            .filter(|problem| problem.severity == Severity::Error);
        let errors = errors.count();
        (errors, self.list.len() - errors)
    }

    /// Line and column of a place, both from 1, the column in characters.
    pub fn line_column(&self, span: Span) -> (usize, usize) {
        let before = self.text.get(..span.start).unwrap_or(&self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        (line, column)
    }

    /// The problems as people read them, with the lines of the file and carets below.
    pub fn render(&self, width: usize, colour: bool) -> String {
        let theme = if colour {
            GraphicalTheme::unicode()
        } else {
            GraphicalTheme::unicode_nocolor()
        };
        let handler = GraphicalReportHandler::new_themed(theme)
            .with_width(width.max(40))
            .with_links(false)
            .with_context_lines(1);
        let text = harmless(&self.text);
        let file = plain(&self.file, 200);
        let mut out = String::new();
        for problem in &self.list {
            let labels = problem.labels.iter().map(|label| {
                let text = Some(label.text.clone());
                LabeledSpan::new(
                    text,
                    label.span.start.min(self.text.len()),
                    self.shown(label.span),
                )
            });
            let severity = match problem.severity {
                Severity::Error => miette::Severity::Error,
                Severity::Warning => miette::Severity::Warning,
            };
            let mut diagnostic = MietteDiagnostic::new(&problem.what)
                .with_code(problem.code)
                .with_severity(severity)
                .with_labels(labels);
            if let Some(help) = &problem.help {
                diagnostic = diagnostic.with_help(help);
            }
            let source = NamedSource::new(&file, text.clone());
            let report = Report::new(diagnostic).with_source_code(source);
            if handler.render_report(&mut out, report.as_ref()).is_err() {
                out.push_str(&problem.what);
            }
            out.push('\n');
        }
        out
    }

    /// How much of a place gets carets: it ends with its line.
    fn shown(&self, span: Span) -> usize {
        let rest = self.text.get(span.start..).unwrap_or_default();
        let line = rest.split(['\n', '\r']).next().unwrap_or_default();
        span.len.min(line.len())
    }

    /// The problems as one error envelope.
    pub fn to_fault(&self) -> Fault {
        let (errors, _) = self.counts();
        let plural = if errors == 1 { "" } else { "s" };
        let mut fault = Fault::input(
            "playbook",
            format!("The playbook has {errors} error{plural} and cannot be used."),
        );
        if let Some(first) = self
            .list
            .iter()
            .find(|problem| problem.severity == Severity::Error)
        {
            let (line, column) = first
                .labels
                .first()
                .map_or((1, 1), |label| self.line_column(label.span));
            fault = fault
                .at(format!("{}:{line}:{column}", plain(&self.file, 200)))
                .hint(format!("{}: {}", first.code, first.what));
        }
        fault.hint("`cordon playbook check` shows every problem with its place.")
    }
}

/// One line per problem: `file:line:column: error[code]: what`.
impl std::fmt::Display for Problems {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for problem in &self.list {
            let (line, column) = problem
                .labels
                .first()
                .map_or((1, 1), |label| self.line_column(label.span));
            let severity = match problem.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            };
            let file = plain(&self.file, 200);
            writeln!(
                f,
                "{file}:{line}:{column}: {severity}[{}]: {}",
                problem.code, problem.what
            )?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// A list of problems, each with `code`, `severity`, `what`, `file`, `labels` (with line and column)
/// and `help`.
impl Serialize for Problems {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.list.iter().map(|problem| {
            let labels: Vec<_> = problem
                .labels
                .iter()
                .map(|label| {
                    let (line, column) = self.line_column(label.span);
                    json!({
                        "line": line, "column": column, "text": label.text,
                        "start": label.span.start, "bytes": label.span.len,
                    })
                })
                .collect();
            json!({
                "code": problem.code, "severity": problem.severity, "what": problem.what,
                "file": self.file, "labels": labels, "help": problem.help,
            })
        }))
    }
}

/// The text with every character that could harm a terminal replaced by one of the same length in
/// bytes, so that places stay where they are.
fn harmless(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\t' => c,
            '\r' => ' ',
            c if is_hostile(c) => match c.len_utf8() {
                1 => '?',
                2 => '¿',
                3 => '\u{fffd}',
                _ => '\u{1f5ff}',
            },
            c => c,
        })
        .collect()
}

/// The candidate that was probably meant.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > 100 {
        return None;
    }
    let allowed = (word.chars().count() / 4).max(1);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

/// `did you mean …?` when something is near, and what is known in any case.
pub fn advice<'a>(word: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    let near = nearest(word, known.clone());
    let mut names: Vec<&str> = known.into_iter().collect();
    let more = names.len().saturating_sub(12);
    names.truncate(12);
    let more = if more == 0 {
        String::new()
    } else {
        format!(" and {more} more")
    };
    let list = names.join(", ") + &more;
    match near {
        Some(near) => format!("did you mean `{near}`? known here: {list}"),
        None if list.is_empty() => "nothing is known here".to_owned(),
        None => format!("known here: {list}"),
    }
}
