//! The text of a notice: what stands around its body, and what of it goes out.
//!
//! Head, `---`, the body in the language that goes out, the cover mail, an English reading copy, what is
//! unknown, the table of evidence. What goes out is a function of these bytes alone.

use std::fmt::Write as _;

use super::about::About;
use super::words::{Language, phrase};
use crate::document::{self, Document};

/// True before an approval and after it; who approves reads here what goes out.
const REVIEW: &str = "Prepared for review. What goes out is ";

/// Before the subject line of the mail.
const SUBJECT: &str = "Subject: ";

/// Between the head and the body.
const BODY: &str = "---";

/// The heading of the mail that the notice is attached to.
const COVER: &str = "## Cover mail";

/// The heading of the English text of a notice that goes out in another language.
const READING: &str = "## Reading copy in English, does not go out";

/// The heading of what a notice cannot say.
const UNKNOWN: &str = "## Unknown, not collected, expired";

/// The parts of a text, rendered.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// The body that goes out.
    pub(super) body: String,
    /// The cover mail that goes out.
    pub(super) cover: Option<String>,
    /// The English body and cover mail, when another language goes out.
    pub(super) reading: Option<String>,
    /// Lines of what is unknown.
    pub(super) unknown: String,
    /// Lines of evidence.
    pub(super) evidence: String,
}

/// The whole text.
pub(super) fn whole(about: &About, parts: &Parts) -> String {
    let end = match (&parts.cover, &parts.reading) {
        (Some(_), _) => COVER,
        (None, Some(_)) => READING,
        (None, None) => UNKNOWN,
    };
    let end = end.trim_start_matches("## ");
    let what = match parts.cover {
        Some(_) => "the subject, the cover mail and the body below",
        None => "the subject and the body below",
    };
    let mut text = format!(
        "# {}\n\n{REVIEW}{what}, up to “{end}”, without numbers of evidence and Markdown escapes: what `cordon notice show --plain` prints.\n\n{SUBJECT}{}\n\nTo: {}. {}\n\n",
        about.title, about.subject, about.addressee, about.basis
    );
    if about.language != Language::En {
        let _ = writeln!(
            text,
            "> It goes out in {}; the English text is for reading alone.",
            about.language.name()
        );
    }
    for caution in &about.cautions {
        let _ = writeln!(text, "> {caution}");
    }
    let _ = write!(text, "\n{BODY}\n\n");
    if about.is_privileged() {
        let _ = write!(text, "{}\n\n", banner(about, about.language));
    }
    let _ = write!(text, "{}\n\n", parts.body.trim());
    if let Some(cover) = &parts.cover {
        let _ = write!(text, "{COVER}\n\n{}\n\n", cover.trim());
    }
    if let Some(reading) = &parts.reading {
        let _ = write!(text, "{READING}\n\n{}\n\n", reading.trim());
    }
    let _ = write!(
        text,
        "{UNKNOWN}\n\n{}\n## Evidence\n\n{}",
        parts.unknown, parts.evidence
    );
    text
}

/// What stands above a privileged text.
fn banner(about: &About, language: Language) -> String {
    let people = (about.distribution.iter())
        .map(|role| phrase(language, &format!("role.{role}"), &[]))
        .collect::<Vec<_>>()
        .join(", ");
    phrase(language, "notice.privileged", &[("people", people)])
}

/// The part of a text that goes out, Markdown as approved: body and cover mail, without head, reading
/// copy, what is unknown and evidence.
pub(super) fn going(text: &str) -> String {
    let mut lines = text.split_inclusive('\n').peekable();
    while lines.next_if(|line| in_head(line)).is_some() {}
    lines.next_if(|line| line.trim_end() == BODY);
    lines
        .take_while(|line| ![READING, UNKNOWN].contains(&line.trim_end()))
        .collect()
}

/// What the lint looks at, and what stands before it: body, cover mail and reading copy. Of a text
/// that is no draft, all of it.
pub(super) fn looked_at(text: &str) -> (&str, &str) {
    let mut from = 0;
    let mut lines = text.split_inclusive('\n').peekable();
    if subject(text).is_some() {
        while let Some(line) = lines.next_if(|line| in_head(line)) {
            from += line.len();
        }
        if let Some(line) = lines.next_if(|line| line.trim_end() == BODY) {
            from += line.len();
        }
    }
    let inside = lines.take_while(|line| line.trim_end() != UNKNOWN);
    let to = from + inside.map(str::len).sum::<usize>();
    let before = text.get(..from).unwrap_or_default();
    (before, text.get(from..to).unwrap_or_default())
}

/// What holds the words of a person in place: the banner of a privileged text, and the headings that say
/// what of it goes out.
pub(super) fn frame(inside: &str) -> Vec<&str> {
    let begins = |language: Language| {
        let banner = phrase(language, "notice.privileged", &[("people", String::new())]);
        banner.split('.').next().unwrap_or_default().to_owned()
    };
    let banners = [Language::En, Language::De, Language::Pt].map(begins);
    let first = inside.trim_start().lines().next().unwrap_or_default();
    let is_banner = |banner: &String| !banner.is_empty() && first.starts_with(banner.as_str());
    let banner = banners.iter().any(is_banner).then_some(first);
    let marks = [BODY, COVER, READING, UNKNOWN];
    let lines = inside.lines().map(str::trim_end);
    banner
        .into_iter()
        .chain(lines.filter(|line| marks.contains(line)))
        .collect()
}

/// Whether a heading says what the headings say that hold the words of a person in place.
pub(super) fn is_mark(heading: &str) -> bool {
    let heading = heading.trim();
    let marks = [COVER, READING, UNKNOWN, "## Evidence"];
    marks
        .iter()
        .any(|mark| mark.trim_start_matches("## ").eq_ignore_ascii_case(heading))
}

/// How many such headings stand in a part of a text as they have to.
pub(super) fn marks_in(inside: &str) -> usize {
    let marks = [COVER, READING];
    let lines = inside.lines().map(str::trim_end);
    lines.filter(|line| marks.contains(line)).count()
}

/// The body of a notice as it is copied into a form: no head, no numbers of evidence, no Markdown
/// escapes, nothing after it.
pub(super) fn plain(text: &str) -> String {
    unmarked(body(text).trim()) + "\n"
}

/// The same, Markdown as approved.
pub(super) fn body(text: &str) -> String {
    let going = going(text);
    let lines = going.split_inclusive('\n');
    lines.take_while(|line| line.trim_end() != COVER).collect()
}

/// The cover mail, as it goes out.
pub(super) fn cover(text: &str) -> Option<String> {
    let going = going(text);
    let mut lines = going.split_inclusive('\n');
    lines.by_ref().find(|line| line.trim_end() == COVER)?;
    let cover: String = lines.collect();
    Some(unmarked(cover.trim()) + "\n")
}

/// The subject line that the head of a text gives.
pub(super) fn subject(text: &str) -> Option<&str> {
    let mut head = text.lines().take_while(|line| in_head(line));
    head.find_map(|line| line.strip_prefix(SUBJECT))
}

/// Whether a line at the beginning of a text is of its head.
fn in_head(line: &str) -> bool {
    let starts = ["# ", "> ", "To: ", SUBJECT, "Prepared for review"];
    line.trim().is_empty() || starts.iter().any(|start| line.starts_with(start))
}

/// Text as its page shows it, without numbers of evidence: what the addressee gets and counts.
pub(super) fn unmarked(text: &str) -> String {
    let mut plain = document::plain(&Document::parse(text));
    plain.truncate(plain.trim_end_matches('\n').len());
    plain
}

const fn formats(c: char) -> bool {
    matches!(
        c,
        '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '!' | '{' | '}' | '&'
    )
}

/// A value as it is said: one line, nothing that hides, no link.
pub(super) fn said(value: &str) -> String {
    let value = value
        .replace("http://", "hxxp://")
        .replace("https://", "hxxps://");
    crate::hostile::one_line(&value, 2_000)
}

/// The same as it may stand in Markdown, where nothing of it formats.
pub(super) fn shown(value: &str) -> String {
    let said = said(value);
    let mut out = String::with_capacity(said.len());
    // What would begin a list, a line or a heading.
    let digits = said.bytes().take_while(u8::is_ascii_digit).count();
    let begins = |at: usize, c: char| match at {
        0 => matches!(c, '-' | '+' | '=' | '~'),
        at => at == digits && matches!(c, '.' | ')') && said.get(at + 1..at + 2) == Some(" "),
    };
    for (at, c) in said.char_indices() {
        if formats(c) || begins(at, c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_what_was_said_and_counted() {
        let said = r"a_b [x] C:\dir [e12] <c@d.example> #1";
        let head = format!("# T\n\n{REVIEW}it.\n\n{SUBJECT}S_1\n\nTo: X. Y\n\n> care\n\n");
        let body = format!("It is.\n\n## Body\n\n{}[e1][e4–e9]\n\n", shown(said));
        let end = format!("{UNKNOWN}\n\n- x\n");
        // A text of before the head had an end, and one of today.
        for marked in [
            format!("{head}{body}{end}"),
            format!("{head}{BODY}\n\n{body}{end}"),
            format!("{head}{BODY}\n\n{body}{COVER}\n\nDear\n\n{end}"),
            format!("{head}{BODY}\n\n{body}{READING}\n\nEnglish\n\n{end}"),
        ] {
            assert_eq!(plain(&marked), format!("It is.\n\n## Body\n\n{said}\n"));
            assert_eq!(subject(&marked), Some("S_1"));
            let with = marked.contains(COVER).then(|| "Dear\n".to_owned());
            assert_eq!(cover(&marked), with);
        }
        assert_eq!(unmarked(&shown(said)), said);
        assert_eq!(subject("# T\n\nTo: X. Y\n\nBody\nSubject: x\n"), None);
    }

    #[test]
    fn a_body_that_begins_like_a_head_stays_whole() {
        let text = format!("# T\n\n{SUBJECT}S\n\n{BODY}\n\nTo: the court\n> quoted\n\n{UNKNOWN}\n");
        assert_eq!(plain(&text), "To: the court\n> quoted\n");
    }
}
