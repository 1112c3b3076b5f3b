//! Text from outside, made safe at the face: terminal, HTML, CSV, file names, one line.
//!
//! Evidence keeps what was received, byte for byte; only what is *shown* goes through here. Nothing
//! is dropped silently: a character that would act or hide is written out as `[U+202E]`.

use std::fmt::Write as _;

/// The longest file name that [`file_name`] gives, in bytes; leaves room for a prefix in 255.
const LONGEST_FILE_NAME: usize = 120;

/// Whether `c` is drawn as nothing, reorders what is around it, or steers a terminal.
///
/// C0 and C1 controls, bidirectional controls (UAX #9), zero-width and filler characters, line and
/// paragraph separators, interlinear marks, tag characters and the variation selectors that carry
/// hidden bytes. Line feed and tab are plain text; the emoji selectors U+FE0E and U+FE0F stay.
pub const fn is_hidden(c: char) -> bool {
    match c {
        '\n' | '\t' | '\u{fe0e}' | '\u{fe0f}' => false,
        _ => matches!(
            c,
            '\u{0}'..='\u{1f}'
                | '\u{7f}'..='\u{9f}'
                | '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'
                | '\u{1160}'
                | '\u{17b4}'
                | '\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0d}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        ),
    }
}

/// The hidden characters of `text`, each once, in order of first appearance, with how often.
///
/// A carriage return before a line feed is a line end and not counted.
pub fn hidden(text: &str) -> Vec<(char, usize)> {
    let mut found: Vec<(char, usize)> = Vec::new();
    each(text, |c| {
        if is_hidden(c) {
            match found.iter_mut().find(|(known, _)| *known == c) {
                Some((_, count)) => *count += 1,
                None => found.push((c, 1)),
            }
        }
    });
    found
}

/// Visits every character; CR LF counts as one line feed.
fn each(text: &str, mut visit: impl FnMut(char)) {
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if c != '\r' || rest.peek() != Some(&'\n') {
            visit(c);
        }
    }
}

fn push_visible(out: &mut String, c: char) {
    if is_hidden(c) {
        // Writing to a string cannot fail.
        let _ = write!(out, "[U+{:04X}]", u32::from(c));
    } else {
        out.push(c);
    }
}

/// Text that a terminal or a text file can show: lines and tabs stay, everything that steers, hides
/// or reorders is written out as `[U+001B]`.
pub fn terminal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    each(text, |c| push_visible(&mut out, c));
    out
}

/// Text for HTML content and quoted attributes: as [`terminal`], with `& < > " ' \`` escaped.
pub fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    each(text, |c| match c {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '"' => out.push_str("&quot;"),
        '\'' => out.push_str("&#39;"),
        '`' => out.push_str("&#96;"),
        other => push_visible(&mut out, other),
    });
    out
}

/// One CSV cell (RFC 4180), quoted where needed, that no spreadsheet takes for a formula.
///
/// A cell that begins with `= + - @` (also in their full-width forms), a tab or a line end gets an
/// apostrophe in front; a plain number such as `-12.5` stays a number.
pub fn csv_cell(text: &str) -> String {
    let shown = terminal(text);
    let first = shown.trim_start_matches(' ').chars().next();
    let starts_formula = matches!(
        first,
        Some('=' | '+' | '-' | '@' | '\t' | '\n' | '|' | '%' | '＝' | '＋' | '－' | '＠')
    );
    let cell = if starts_formula && !is_plain_number(&shown) {
        format!("'{shown}")
    } else {
        shown
    };
    if cell.contains(['"', ',', ';', '\t', '\n', '\'']) || cell.trim() != cell {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell
    }
}

fn is_plain_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let mut parts = digits.splitn(2, '.');
    let whole = |part: Option<&str>| {
        part.is_some_and(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()))
    };
    whole(parts.next()) && parts.next().is_none_or(|fraction| whole(Some(fraction)))
}

/// A name that is safe to create on any file system: no folders, no controls, no reserved names, at
/// most 120 bytes, its extension kept. Never empty.
pub fn file_name(text: &str) -> String {
    let last = text
        .rsplit(['/', '\\'])
        .find(|part| !part.trim_matches(['.', ' ']).is_empty())
        .unwrap_or_default();
    let clean: String = last
        .chars()
        .map(|c| {
            let reserved = matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*' | '\n' | '\t');
            if reserved || is_hidden(c) { '_' } else { c }
        })
        .collect();
    let clean = clean
        .trim()
        .trim_start_matches(['.', '-', '~'])
        .trim_end_matches(['.', ' ']);
    if clean.is_empty() {
        return "unnamed".to_owned();
    }
    let (stem, extension) = match clean.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() && extension.len() <= 16 => {
            (stem, format!(".{extension}"))
        }
        _ => (clean, String::new()),
    };
    let stem = within(stem, LONGEST_FILE_NAME - extension.len());
    let guard = if is_device(stem) { "_" } else { "" };
    format!("{guard}{stem}{extension}")
}

/// The longest prefix of at most `bytes` bytes that ends at a character.
fn within(text: &str, bytes: usize) -> &str {
    let end = text.floor_char_boundary(bytes);
    text.get(..end).unwrap_or_default()
}

/// `text` cut to at most `bytes` bytes, at a character; nothing is escaped.
pub fn clip(text: &str, bytes: usize) -> String {
    within(text, bytes).to_owned()
}

/// Whether Windows takes the name for a device, with any extension.
fn is_device(stem: &str) -> bool {
    let base = stem
        .split('.')
        .next()
        .unwrap_or_default()
        .trim_end()
        .to_ascii_uppercase();
    matches!(base.as_str(), "CON" | "PRN" | "AUX" | "NUL")
        || (base.len() == 4
            && (base.starts_with("COM") || base.starts_with("LPT"))
            && base.ends_with(|c: char| c.is_ascii_digit()))
}

/// The text on one line: runs of white space become one space, hidden characters are written out,
/// and it ends with `…` when it is longer than `max` characters.
pub fn one_line(text: &str, max: usize) -> String {
    let mut line = String::new();
    for word in text.split(|c: char| c.is_whitespace() && c != '\u{2028}' && c != '\u{2029}') {
        // Enough is enough: a body of many megabytes is not walked for a title.
        if line.len() > max.saturating_mul(4) {
            break;
        }
        if !word.is_empty() {
            if !line.is_empty() {
                line.push(' ');
            }
            word.chars()
                .take(max.saturating_add(1))
                .for_each(|c| push_visible(&mut line, c));
        }
    }
    if line.chars().count() <= max {
        return line;
    }
    let mut short: String = line.chars().take(max.saturating_sub(1)).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_not_steered() {
        let hostile = "a\u{1b}[2J\u{7}b\u{9b}31m\rc\r\nd\te\u{202e}gpj.exe\u{200b}\u{0}";
        let shown = terminal(hostile);
        assert_eq!(
            shown,
            "a[U+001B][2J[U+0007]b[U+009B]31m[U+000D]c\nd\te[U+202E]gpj.exe[U+200B][U+0000]"
        );
        assert!(!shown.chars().any(is_hidden));
    }

    #[test]
    fn plain_text_of_any_script_stays() {
        for text in [
            "Grüße, 41 Tausend",
            "Ação imediata",
            "日本語 ✔\u{fe0f}",
            "한국어",
            "a\nb\tc",
        ] {
            assert_eq!(terminal(text), text);
            assert!(hidden(text).is_empty());
        }
    }

    #[test]
    fn hidden_characters_are_counted() {
        assert_eq!(
            hidden("p\u{200b}a\u{200b}y\u{e0041}\r\n"),
            [('\u{200b}', 2), ('\u{e0041}', 1)]
        );
    }

    #[test]
    fn html_cannot_be_left() {
        assert_eq!(
            html("<img src=x onerror='a'>&\"`\u{202e}"),
            "&lt;img src=x onerror=&#39;a&#39;&gt;&amp;&quot;&#96;[U+202E]"
        );
    }

    #[test]
    fn a_cell_is_never_a_formula() {
        assert_eq!(csv_cell("=1+1"), "\"'=1+1\"");
        assert_eq!(csv_cell("  @SUM(A1)"), "\"'  @SUM(A1)\"");
        assert_eq!(csv_cell("+1-555-0100"), "\"'+1-555-0100\"");
        assert_eq!(csv_cell("＝cmd"), "\"'＝cmd\"");
        assert_eq!(csv_cell("\t=1"), "\"'\t=1\"");
        assert_eq!(csv_cell("-12.5"), "-12.5");
        assert_eq!(csv_cell("a;=b"), "\"a;=b\"");
        assert_eq!(csv_cell("say \"hi\", ok"), "\"say \"\"hi\"\", ok\"");
        assert_eq!(csv_cell("plain"), "plain");
    }

    #[test]
    fn a_file_name_stays_in_its_folder() {
        assert_eq!(file_name("../../etc/passwd"), "passwd");
        assert_eq!(file_name("C:\\Users\\x\\report.pdf"), "report.pdf");
        assert_eq!(file_name("invoice\u{202e}fdp.exe"), "invoice_fdp.exe");
        assert_eq!(file_name(".."), "unnamed");
        assert_eq!(file_name(""), "unnamed");
        assert_eq!(file_name(".bashrc"), "bashrc");
        assert_eq!(file_name("-rf"), "rf");
        assert_eq!(file_name("nul.txt"), "_nul.txt");
        assert_eq!(file_name("COM1"), "_COM1");
        assert_eq!(file_name("a/b/"), "b");
        assert_eq!(file_name("a.txt. . ."), "a.txt");
        let long = file_name(&format!("{}.tar.gz", "é".repeat(400)));
        assert!(
            long.len() <= LONGEST_FILE_NAME && long.rsplit('.').next() == Some("gz"),
            "{long}"
        );
    }

    #[test]
    fn one_line_is_one_line_and_bounded() {
        assert_eq!(one_line("  a\r\n b\t\tc ", 10), "a b c");
        assert_eq!(one_line("abcdef", 4), "abc…");
        assert_eq!(one_line("abcd", 4), "abcd");
        assert_eq!(one_line("a\u{1b}b", 20), "a[U+001B]b");
        assert_eq!(one_line("a\u{2028}b", 20), "a[U+2028]b");
        assert_eq!(one_line(&"x".repeat(1_000_000), 5), "xxxx…");
        assert_eq!(one_line("abc", 0), "…");
    }
}
