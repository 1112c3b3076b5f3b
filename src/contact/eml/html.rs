//! HTML reduced to text, never rendered: what a reader would read, where its links really lead, and
//! what it tries to load or hide.

use std::collections::BTreeSet;

use mail_parser::decoders::html::add_html_token;
use serde::Serialize;

use super::super::indicator;
use super::LONGEST_TEXT;

/// A link of an HTML body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Link {
    /// What a reader sees.
    pub text: String,
    /// Where it leads.
    pub target: String,
    /// Whether the text shows another host than the target has.
    pub mismatch: bool,
}

/// The most links that are kept of one message.
const MOST_LINKS: usize = 1_000;
/// The longest text or target of a link that is kept, in bytes.
const LONGEST_LINK: usize = 4_000;

/// What an HTML body has in it.
#[derive(Debug, Default)]
pub(super) struct Reduced {
    pub(super) text: String,
    pub(super) links: Vec<Link>,
    /// Kinds of things that would be loaded or run, or that hide.
    pub(super) oddities: BTreeSet<&'static str>,
    open: Option<(String, usize)>,
}

/// How many tags may have quotes that do not close before quotes are no longer looked at; keeps the
/// walk linear on markup that was made to be slow.
const MOST_BROKEN: usize = 100;
/// The longest HTML that is walked, in bytes.
const LONGEST_HTML: usize = 8 * LONGEST_TEXT;

/// Reduces `html`. Linear in its length.
pub(super) fn reduce(html: &str) -> Reduced {
    let mut out = Reduced::default();
    let mut rest = html
        .get(..html.floor_char_boundary(LONGEST_HTML))
        .unwrap_or_default();
    if rest.len() < html.len() {
        out.oddities.insert("more markup than is read");
    }
    let mut broken = 0;
    // The element whose content is not text, while inside of it.
    let mut skipped: Option<String> = None;
    while !rest.is_empty() && out.text.len() < LONGEST_TEXT {
        let (before, tag_on) = rest.split_at(rest.find('<').unwrap_or(rest.len()));
        if skipped.is_none() {
            out.add_text(before);
        }
        if let Some(comment) = tag_on.strip_prefix("<!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
            continue;
        }
        let Some((tag, after)) = split_tag(tag_on, &mut broken) else {
            // A `<` that begins no tag is text.
            let (sign, after) = tag_on.split_at(tag_on.len().min(1));
            if skipped.is_none() {
                out.add_text(sign);
            }
            rest = after;
            continue;
        };
        rest = after;
        let name = tag_name(tag);
        if skipped.is_none() {
            out.tag(&name, tag);
            skipped =
                matches!(name.as_str(), "script" | "style" | "title" | "template").then_some(name);
        } else if skipped.as_deref() == name.strip_prefix('/') {
            skipped = None;
        }
    }
    out.close_link();
    out.text = tidy(&out.text);
    out
}

/// The inside of the tag that `text` begins with, and what follows it. A `>` in quotes does not end
/// it, unless the quotes do not close: then `broken` counts up.
fn split_tag<'t>(text: &'t str, broken: &mut usize) -> Option<(&'t str, &'t str)> {
    let inside = text.strip_prefix('<')?;
    if !inside.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?')) {
        return None;
    }
    let mut quote = None;
    for (at, c) in inside.char_indices() {
        if *broken >= MOST_BROKEN {
            break;
        }
        match (quote, c) {
            (None, '>') => return Some((inside.get(..at)?, inside.get(at + 1..)?)),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            _ => {}
        }
    }
    // An unclosed quote must not swallow the rest of the message.
    *broken += 1;
    inside.split_once('>')
}

fn tag_name(tag: &str) -> String {
    let end = tag
        .char_indices()
        .skip(1)
        .find(|(_, c)| c.is_whitespace() || *c == '/' || *c == '>')
        .map_or(tag.len(), |(at, _)| at);
    let name = tag.get(..end.min(20)).unwrap_or_default();
    name.to_ascii_lowercase()
}

/// The value of an attribute of a tag, with entities decoded.
fn attribute(tag: &str, wanted: &str) -> Option<String> {
    let mut rest = tag;
    // The attributes of a tag are few; a tag of many megabytes is not searched to its end.
    for _ in 0..200 {
        let at = rest.find('=')?;
        let (before, after) = (rest.get(..at)?, rest.get(at + 1..)?.trim_start());
        let name = before
            .trim_end()
            .rsplit(|c: char| c.is_whitespace() || c == '/')
            .next()?;
        let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''));
        let (value, next) = if let Some(quote) = quote {
            let inner = after.get(1..)?;
            inner.split_once(quote).unwrap_or((inner, ""))
        } else {
            after.split_at(after.find(char::is_whitespace).unwrap_or(after.len()))
        };
        if name.eq_ignore_ascii_case(wanted) {
            return Some(decoded(value));
        }
        rest = next;
    }
    None
}

/// `text` with character references decoded.
fn decoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let end = from
            .char_indices()
            .take(12)
            .find(|(_, c)| *c == ';')
            .map(|(end, _)| end);
        let (token, after) = from.split_at(end.map_or(1, |end| end + 1));
        add_html_token(&mut out, token.as_bytes(), false);
        rest = after;
    }
    out.push_str(rest);
    out
}

impl Reduced {
    fn add_text(&mut self, raw: &str) {
        if raw.is_empty() {
            return;
        }
        let mut space = self.text.is_empty() || self.text.ends_with(char::is_whitespace);
        for c in decoded(raw).chars() {
            let blank = c.is_whitespace();
            if !blank {
                self.text.push(c);
            } else if !space {
                self.text.push(' ');
            }
            space = blank;
        }
    }

    fn tag(&mut self, name: &str, tag: &str) {
        match name {
            "a" | "area" => {
                self.close_link();
                if let Some(target) = attribute(tag, "href") {
                    self.open = Some((target, self.text.len()));
                }
            }
            "/a" => self.close_link(),
            "br" | "p" | "/p" | "div" | "/div" | "tr" | "/tr" | "li" | "h1" | "h2" | "h3"
            | "h4" | "/h1" | "/h2" | "/h3" | "/h4" | "ul" | "/ul" | "ol" | "/ol" | "table"
            | "/table" | "blockquote" | "/blockquote" | "hr" => self.text.push('\n'),
            "td" | "th" => self.text.push('\t'),
            "form" | "input" | "button" => {
                self.oddities.insert("a form");
            }
            "iframe" | "object" | "embed" | "frame" => {
                self.oddities.insert("an embedded page or object");
            }
            "script" => {
                self.oddities.insert("a script");
            }
            "base" | "meta"
                if attribute(tag, "href")
                    .or(attribute(tag, "http-equiv"))
                    .is_some() =>
            {
                self.oddities.insert("a redirection or a base address");
            }
            "img" | "link" | "video" | "audio" => self.loaded(tag),
            _ => {}
        }
        let style = attribute(tag, "style")
            .unwrap_or_default()
            .to_ascii_lowercase();
        let style: String = style.chars().filter(|c| !c.is_whitespace()).collect();
        let hides = [
            "display:none",
            "visibility:hidden",
            "font-size:0",
            "opacity:0;",
            "max-height:0",
        ];
        if hides.iter().any(|hide| style.contains(hide)) {
            self.oddities.insert("text that a reader does not see");
        }
    }

    fn loaded(&mut self, tag: &str) {
        let source = attribute(tag, "src").or_else(|| attribute(tag, "href"));
        let remote = source.is_some_and(|source| {
            let source = source.trim_start().to_ascii_lowercase();
            source.starts_with("http") || source.starts_with("//")
        });
        if remote {
            self.oddities
                .insert("an image or file that would be loaded from elsewhere");
        }
    }

    fn close_link(&mut self) {
        let Some((target, from)) = self.open.take() else {
            return;
        };
        let text = self.text.get(from..).unwrap_or_default().trim().to_owned();
        if self.links.len() >= MOST_LINKS || target.starts_with('#') || target.len() > LONGEST_LINK
        {
            return;
        }
        let shown = indicator::host_in(&text);
        let real = indicator::host_in(&target);
        let mismatch = match (&shown, &real) {
            (Some(shown), Some(real)) => shown != real && !real.ends_with(&format!(".{shown}")),
            _ => false,
        };
        let same = real.is_some() && text.trim_end_matches('/') == target.trim_end_matches('/');
        if !same && !target.trim().is_empty() {
            self.text.push_str(" <");
            self.text.push_str(target.trim());
            self.text.push_str("> ");
        }
        if text.len() <= LONGEST_LINK {
            self.links.push(Link {
                text,
                target,
                mismatch,
            });
        }
    }
}

/// At most one blank line in a row, no white space at the ends of lines.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut blank = 0;
    for line in text.lines().map(str::trim) {
        blank = if line.is_empty() { blank + 1 } else { 0 };
        if blank < 2 && !(out.is_empty() && line.is_empty()) {
            out.push_str(line);
            out.push('\n');
        }
    }
    out.truncate(out.trim_end().len());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_that_lies_is_named() {
        let html = "<p>See <a href='https://files.mail-two.example/d/1'>https://portal.company.example</a> \
                    or <a href=\"https://a.example/x\">here</a> or <a href=https://b.example>b.example</a></p>";
        let reduced = reduce(html);
        let lies: Vec<bool> = reduced.links.iter().map(|link| link.mismatch).collect();
        assert_eq!(lies, [true, false, false]);
        assert!(
            reduced
                .text
                .contains("https://portal.company.example <https://files.mail-two.example/d/1>")
        );
    }

    #[test]
    fn only_text_is_read() {
        let reduced = reduce(
            "<html><head><title>t</title><style>p{x}</style></head><body><!-- c > --><script>alert('<p>')</script>\
             <p title='a > b'>Gr&uuml;&szlig;e &amp; &#x41;&lt;3 &nope; &</p><div style='display: none'>secret</div>\
             <img src=\"https://t.example/p.gif\"><br>end</body></html>",
        );
        assert_eq!(reduced.text, "Grüße & A<3 &nope; &\n\nsecret\n\nend");
        assert!(reduced.oddities.contains("a script"));
        assert!(reduced.oddities.contains("text that a reader does not see"));
        assert!(
            reduced
                .oddities
                .contains("an image or file that would be loaded from elsewhere")
        );
    }

    #[test]
    fn broken_markup_loses_no_text() {
        assert_eq!(reduce("a < b and <p class=\"x>c</p>").text, "a < b and\nc");
        assert_eq!(reduce("1 <2 pay").text, "1 <2 pay");
        assert_eq!(reduce("<a href='x").text, "<a href='x");
        assert_eq!(reduce("x<!-- never closed <p>y").text, "x");
    }

    #[test]
    fn markup_made_to_be_slow_is_not() {
        for unit in [
            "<a \">\"",
            "<a '><b \">",
            "<",
            "<!",
            "&",
            "<a =",
            "</a><a href=x>",
        ] {
            let html = unit.repeat(100_000 / unit.len());
            assert!(reduce(&html).links.len() <= MOST_LINKS, "{unit}");
        }
    }
}
