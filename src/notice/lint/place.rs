//! The text as the lint looks at it: with every byte in its place, and what is not our words blanked.

use super::{Finding, Severity};
use crate::notice::facts::Kept;
use crate::notice::text;

/// A text to look at. The three readings have the same length: a byte is at the same place in each.
#[derive(Debug)]
pub(super) struct Sheet {
    /// What goes out and its reading copy, as written.
    pub(super) whole: String,
    /// Our words: quotations with evidence and values of the log are blank.
    pub(super) ours: String,
    /// Our words and the values of the log; quotations with evidence are blank.
    pub(super) named: String,
    /// The subject line, with its line.
    pub(super) subject: Option<(usize, String)>,
    /// The line of the first byte, from 1.
    first: usize,
    /// The same as `whole`, with its line ends.
    lines: String,
}

/// A reading as an addressee has it: compatibility forms as one, no marks of evidence, no emphasis,
/// nothing that is not seen, one space between words. Knows where each byte came from.
#[derive(Debug)]
pub(super) struct Plain {
    pub(super) text: String,
    from: Vec<usize>,
}

impl Plain {
    pub(super) fn of(read: &str) -> Self {
        let mut plain = Self {
            text: String::with_capacity(read.len()),
            from: Vec::with_capacity(read.len()),
        };
        let mut at = 0;
        while let Some(rest) = read.get(at..)
            && let Some(c) = rest.chars().next()
        {
            let next = text::mark(rest).map_or(at + c.len_utf8(), |after| read.len() - after.len());
            if next == at + c.len_utf8() {
                plain.push(c, at);
            }
            at = next;
        }
        plain
    }

    fn push(&mut self, c: char, at: usize) {
        const FORM: icu_normalizer::ComposingNormalizerBorrowed<'static> =
            icu_normalizer::ComposingNormalizerBorrowed::new_nfkc();
        if c == '\n' {
            // A paragraph ends a sentence whatever its words.
            return self.put(c, at);
        }
        if matches!(c, '*' | '_' | '\\') || crate::hostile::is_hidden(c) {
            return;
        }
        for c in FORM.normalize(c.encode_utf8(&mut [0; 4])).chars() {
            if !c.is_whitespace() {
                self.put(c, at);
            } else if !self.text.ends_with([' ', '\n']) {
                self.put(' ', at);
            }
        }
    }

    fn put(&mut self, c: char, at: usize) {
        self.text.push(c);
        self.from.resize(self.text.len(), at);
    }

    /// Where a byte stands in what was read.
    pub(super) fn from(&self, at: usize) -> usize {
        self.from.get(at).copied().unwrap_or_default()
    }
}

/// The quotation marks that open, and those that close them.
const QUOTES: [(char, char); 4] = [('“', '”'), ('„', '“'), ('«', '»'), ('"', '"')];

impl Sheet {
    pub(super) fn of(whole: &str, known: &[Kept]) -> Self {
        let (before, body) = text::looked_at(whole);
        let lines = body.to_owned();
        let flat = flat(body);
        let mut named = flat.clone().into_bytes();
        blank_quotations(&flat, &mut named);
        let named = String::from_utf8(named).unwrap_or_else(|_| flat.clone());
        let mut ours = named.clone().into_bytes();
        blank_values(&named, known, &mut ours);
        let ours = String::from_utf8(ours).unwrap_or_else(|_| named.clone());
        let subject = text::subject(whole).map(|subject| {
            let line = whole.lines().position(|line| line.ends_with(subject));
            (line.unwrap_or_default() + 1, subject.to_owned())
        });
        Self {
            whole: flat,
            ours,
            named,
            subject,
            first: before.matches('\n').count() + 1,
            lines,
        }
    }

    /// The line of a byte.
    pub(super) fn line(&self, at: usize) -> usize {
        let before = self.lines.as_bytes().iter().take(at);
        self.first + before.filter(|byte| **byte == b'\n').count()
    }

    /// What nobody filled in.
    pub(super) fn missing(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut from = 0;
        while let Some(at) = self
            .whole
            .get(from..)
            .and_then(|rest| rest.find("[MISSING:"))
        {
            let start = from + at;
            let rest = self.whole.get(start..).unwrap_or_default();
            let end = rest.find(']').map_or(rest.len(), |end| end + 1);
            findings.push(Finding {
                rule: "missing".to_owned(),
                severity: Severity::Warn,
                line: self.line(start),
                words: rest.get(..end).unwrap_or_default().to_owned(),
                reason: "The text goes out with a hole where a fact belongs.".to_owned(),
                instead: "record the fact and draft again, or take the sentence out".to_owned(),
            });
            from = start + end.max(1);
        }
        findings
    }

    /// Sections that are longer than the addressee takes, counted again as the text stands.
    pub(super) fn too_long(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut open: Option<(usize, &str, u64, String)> = None;
        let mut close = |open: Option<(usize, &str, u64, String)>| {
            let Some((line, heading, limit, inner)) = open else {
                return;
            };
            let count = text::unmarked(inner.trim()).chars().count();
            let count = u64::try_from(count).unwrap_or(u64::MAX);
            if count > limit {
                findings.push(Finding {
                    rule: "section-limit".to_owned(),
                    severity: Severity::Block,
                    line,
                    words: heading.to_owned(),
                    reason: format!("The addressee takes {limit} characters; these are {count}."),
                    instead: "say it shorter; what is longer stays in evidence".to_owned(),
                });
            }
        };
        for (index, line) in self.lines.split_inclusive('\n').enumerate() {
            if let Some(heading) = line.trim_end().strip_prefix("## ") {
                close(open.take());
                open =
                    limit(heading).map(|limit| (self.first + index, heading, limit, String::new()));
            } else if let Some((.., inner)) = &mut open {
                inner.push_str(line);
            }
        }
        close(open);
        findings
    }
}

/// The limit that the heading of a section names: `Narrative (12 of 3500 characters)`.
fn limit(heading: &str) -> Option<u64> {
    let inner = heading.strip_suffix(')')?.rsplit_once('(')?.1;
    let words: Vec<&str> = inner.split(' ').collect();
    match words.as_slice() {
        [count, "of", limit, "characters"]
        | [count, "von", limit, "Zeichen"]
        | [count, "de", limit, "caracteres"] => {
            count.parse::<u64>().ok()?;
            limit.parse().ok()
        }
        _ => None,
    }
}

/// Lines of one paragraph as one line: a sentence may go on in the next.
fn flat(body: &str) -> String {
    let mut bytes = body.as_bytes().to_vec();
    let starts: Vec<usize> = body.match_indices('\n').map(|(at, _)| at).collect();
    for at in starts {
        let next = body.get(at + 1..).unwrap_or_default();
        let next = next.split('\n').next().unwrap_or_default().trim_start();
        let breaks = next.is_empty()
            || next.starts_with(['-', '#', '>', '*', '|', '_'])
            || next.starts_with(|c: char| c.is_ascii_digit());
        let before = body.get(..at).unwrap_or_default();
        let before = before.rsplit('\n').next().unwrap_or_default().trim();
        if !breaks
            && !before.is_empty()
            && !before.starts_with('#')
            && let Some(byte) = bytes.get_mut(at)
        {
            *byte = b' ';
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| body.to_owned())
}

fn blank(bytes: &mut [u8], from: usize, to: usize) {
    if let Some(part) = bytes.get_mut(from..to) {
        part.fill(b' ');
    }
}

/// Blanks quotations that show their evidence. A quotation without a number is somebody's irony: our
/// words.
fn blank_quotations(text: &str, bytes: &mut [u8]) {
    let mut from = 0;
    while let Some((start, open)) = next_quote(text, from) {
        let inner = start + open.len_utf8();
        let close = QUOTES
            .iter()
            .filter(|(known, _)| *known == open)
            .map(|(_, close)| *close);
        let end = close.filter_map(|close| closing(text, inner, close)).min();
        match end {
            Some(end) if shows_evidence(text.get(end..).unwrap_or_default()) => {
                blank(bytes, start, end);
                from = end;
            }
            _ => from = inner,
        }
    }
}

fn next_quote(text: &str, from: usize) -> Option<(usize, char)> {
    let mut rest = text.get(from..)?.char_indices();
    let opens = |c: char| QUOTES.iter().any(|(open, _)| *open == c);
    rest.find(|(_, c)| opens(*c)).map(|(at, c)| (from + at, c))
}

/// The end of a quotation that is closed in its line and has a number behind it, else its first end.
fn closing(text: &str, from: usize, close: char) -> Option<usize> {
    let line = text.get(from..)?.split('\n').next()?;
    let mut ends = line
        .match_indices(close)
        .map(|(at, _)| from + at + close.len_utf8());
    let shows = |end: &usize| shows_evidence(text.get(*end..).unwrap_or_default());
    let all: Vec<usize> = ends.by_ref().collect();
    all.iter()
        .copied()
        .find(shows)
        .or_else(|| all.first().copied())
}

/// Whether numbers of evidence follow: at once, or after more quotations of the same value.
fn shows_evidence(rest: &str) -> bool {
    let rest = rest.trim_start_matches([' ', ',', ';', '.']);
    if text::mark(rest).is_some() {
        return true;
    }
    let Some(open) = rest.chars().next() else {
        return false;
    };
    let close = QUOTES.iter().find(|(known, _)| *known == open);
    let Some((_, close)) = close else {
        return false;
    };
    let inner = rest.get(open.len_utf8()..).unwrap_or_default();
    let line = inner.split('\n').next().unwrap_or_default();
    let end = line.find(*close).map(|at| at + close.len_utf8());
    end.is_some_and(|end| shows_evidence(inner.get(end..).unwrap_or_default()))
}

/// Blanks the values that the log of the case gives: names, addresses, links, labels.
fn blank_values(text: &str, known: &[Kept], bytes: &mut [u8]) {
    let mut values: Vec<String> = known.iter().flat_map(Kept::of_the_log).collect();
    values.sort_by_key(|value| std::cmp::Reverse(value.len()));
    values.dedup();
    for value in values {
        let value = text::shown(&value);
        if value.chars().count() < 3 {
            continue;
        }
        for (at, found) in text.match_indices(&value) {
            // Only as a value: with a number of evidence behind it or behind the next ones.
            let end = at + found.len();
            let rest = text.get(end..).unwrap_or_default();
            let rest = rest.split('\n').next().unwrap_or_default();
            if rest.contains("[e") {
                blank(bytes, at, end);
            }
        }
    }
}
