//! Spans from characters and back: citations, what is missing, canonical Markdown.

use std::fmt::Write as _;

use super::{Cite, Span};

/// A character with what Markdown said about it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    pub c: char,
    /// Whether it was escaped, or stands in code or HTML: never part of a citation.
    pub literal: bool,
    pub strong: bool,
    pub emphasis: bool,
    /// A break that was asked for; `c` means nothing.
    pub stop: bool,
}

impl Mark {
    pub(super) const fn stop() -> Self {
        Self {
            c: '\n',
            literal: true,
            strong: false,
            emphasis: false,
            stop: true,
        }
    }

    fn is(self, c: char) -> bool {
        !self.literal && !self.stop && self.c == c
    }
}

/// The spans of a run of characters. `lines`: whether a line end is kept (else it is a space).
pub(super) fn spans(marks: &[Mark], lines: bool) -> Vec<Span> {
    let marks = tidy(marks, lines);
    let mut out: Vec<Span> = Vec::new();
    let mut rest = marks.as_slice();
    while let [first, after @ ..] = rest {
        if let Some((cite, behind)) = cite(rest) {
            out.push(Span::Cite(cite));
            rest = behind;
            continue;
        }
        if let Some((what, behind)) = missing(rest) {
            out.push(Span::Missing(what));
            rest = behind;
            continue;
        }
        rest = after;
        if first.stop {
            out.push(Span::Break);
        } else {
            push(&mut out, *first);
        }
    }
    out
}

fn push(out: &mut Vec<Span>, mark: Mark) {
    if let Some(Span::Text {
        text,
        strong,
        emphasis,
    }) = out.last_mut()
        && *strong == mark.strong
        && *emphasis == mark.emphasis
    {
        text.push(mark.c);
        return;
    }
    out.push(Span::Text {
        text: mark.c.to_string(),
        strong: mark.strong,
        emphasis: mark.emphasis,
    });
}

const fn blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\u{b}' | '\u{c}')
}

/// White space as Markdown would read it again: one line feed at a line end, none at an edge.
fn tidy(marks: &[Mark], lines: bool) -> Vec<Mark> {
    let mut out: Vec<Mark> = Vec::with_capacity(marks.len());
    for mark in marks {
        let mut mark = *mark;
        if !mark.stop {
            mark.c = match mark.c {
                '\r' | '\n' if lines => '\n',
                '\r' | '\n' | '\u{b}' | '\u{c}' => ' ',
                '\0' => '\u{fffd}',
                other => other,
            };
        }
        let ends = mark.stop || mark.c == '\n';
        if ends {
            while out.last().is_some_and(|last| !last.stop && blank(last.c)) {
                out.pop();
            }
        }
        let at_edge = (out.last()).is_none_or(|last| last.stop || last.c == '\n');
        if at_edge && !mark.stop && (mark.c == '\n' || blank(mark.c)) {
            continue;
        }
        // A break takes the line end before it with it.
        if mark.stop && out.last().is_some_and(|last| !last.stop && last.c == '\n') {
            out.pop();
        }
        out.push(mark);
    }
    while (out.last()).is_some_and(|last| !last.stop && (blank(last.c) || last.c == '\n')) {
        out.pop();
    }
    out
}

/// `[e4]` or `[e4–e9]`, and what stands behind it.
fn cite(marks: &[Mark]) -> Option<(Cite, &[Mark])> {
    let rest = after(marks, "[e")?;
    let (first, rest) = number(rest)?;
    let (last, rest) = match after(rest, "–e") {
        Some(rest) => number(rest)?,
        None => (first, rest),
    };
    let rest = after(rest, "]")?;
    (first >= 1 && first <= last).then_some((Cite { first, last }, rest))
}

fn after<'m>(marks: &'m [Mark], word: &str) -> Option<&'m [Mark]> {
    let mut rest = marks;
    for c in word.chars() {
        let (first, behind) = rest.split_first()?;
        if !first.is(c) {
            return None;
        }
        rest = behind;
    }
    Some(rest)
}

fn number(marks: &[Mark]) -> Option<(u32, &[Mark])> {
    let digits = marks
        .iter()
        .take(10)
        .take_while(|mark| !mark.literal && !mark.stop && mark.c.is_ascii_digit())
        .count();
    let (number, rest) = marks.split_at_checked(digits)?;
    // A number with a zero in front would be written without it.
    if number.first().is_none_or(|mark| mark.c == '0') {
        return None;
    }
    let number: String = number.iter().map(|mark| mark.c).collect();
    Some((number.parse().ok()?, rest))
}

/// `[MISSING: what]`, and what stands behind it.
fn missing(marks: &[Mark]) -> Option<(String, &[Mark])> {
    let rest = after(marks, "[MISSING:")?;
    let end = rest.iter().position(|mark| mark.is(']'))?;
    let (what, behind) = rest.split_at_checked(end)?;
    if what.iter().any(|mark| mark.stop) {
        return None;
    }
    let what: String = (what.iter())
        .map(|mark| if mark.c == '\n' { ' ' } else { mark.c })
        .collect();
    let what = what.trim_matches(blank).to_owned();
    (!what.is_empty()).then_some((what, behind.get(1..).unwrap_or_default()))
}

/// The marks of text that Markdown must not act on; `\` before punctuation is still an escape when
/// `escapes`.
pub(super) fn literal(text: &str, escapes: bool, strong: bool, emphasis: bool) -> Vec<Mark> {
    let mut out = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let mut mark = Mark {
            c,
            literal: !escapes,
            strong,
            emphasis,
            stop: false,
        };
        if escapes
            && c == '\\'
            && let Some(next) = chars.next_if(char::is_ascii_punctuation)
        {
            mark.c = next;
            mark.literal = true;
        }
        out.push(mark);
    }
    out
}

/// Canonical Markdown of spans; `styles`: with `**` and `*`.
pub(super) fn write(spans: &[Span], styles: bool, row: bool) -> String {
    let mut out = String::new();
    if row {
        out.push_str("| ");
    }
    for span in spans {
        match span {
            Span::Text {
                text,
                strong,
                emphasis,
            } => {
                let around = match (styles && *strong, styles && *emphasis) {
                    (true, true) => "***",
                    (true, false) => "**",
                    (false, true) => "*",
                    (false, false) => "",
                };
                out.push_str(around);
                escape(&mut out, text);
                out.push_str(around);
            }
            Span::Cite(cite) => {
                // Writing to a string cannot fail.
                let _ = write!(out, "{cite}");
            }
            Span::Missing(what) => {
                out.push_str("[MISSING: ");
                escape(&mut out, what);
                out.push(']');
            }
            Span::Break if row => out.push_str(" | "),
            Span::Break => out.push_str("\\\n"),
        }
    }
    if row {
        out.push_str(" |");
    }
    out
}

fn escape(out: &mut String, text: &str) {
    let mut from = out.rfind('\n').map_or(0, |end| end + 1);
    for c in text.chars() {
        let line = out.get(from..).unwrap_or_default();
        let starts_line = line.is_empty();
        let numbered = matches!(c, '.' | ')')
            && !line.is_empty()
            && line.len() < 12
            && line.bytes().all(|b| b.is_ascii_digit());
        let special = matches!(
            c,
            '\\' | '`'
                | '*'
                | '_'
                | '['
                | ']'
                | '<'
                | '>'
                | '#'
                | '|'
                | '!'
                | '{'
                | '}'
                | '&'
                | '~'
        );
        if special || numbered || (starts_line && matches!(c, '-' | '+' | '=' | ':')) {
            out.push('\\');
        }
        out.push(c);
        if c == '\n' {
            from = out.len();
        }
    }
}

/// Spans on one line, with strong text in `**`, emphasis in `*` and citations as they are written.
pub(super) fn line(spans: &[Span]) -> String {
    let mut out = String::new();
    for span in spans {
        out.push_str(&shown(span).replace('\n', " "));
    }
    out
}

/// One span as a reader of plain text sees it.
pub(super) fn shown(span: &Span) -> String {
    match span {
        Span::Text { text, .. } => text.clone(),
        Span::Cite(cite) => cite.to_string(),
        Span::Missing(what) => format!("[MISSING: {what}]"),
        Span::Break => "\n".to_owned(),
    }
}
