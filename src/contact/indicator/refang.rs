//! Undoing and doing "defanging": the habit of writing links so that nothing opens them.

use crate::case::event::Indicator;
use std::borrow::Cow;

use super::super::pattern::Pattern;
use super::{DOMAIN, IPV4, finder, is_domain};
use crate::hostile;

static SCHEME: Pattern =
    Pattern::new(r"(?i)\bh(?:xx|tx|xt|\*\*|__)p(s?)(?:\[:\]|\(:\)|:)(?://|\\\\|\[//\])");
static PLAIN_SCHEME: Pattern =
    Pattern::new(r"(?i)\bhttp(s?)(?:\[://\]|\[:\]//|\(:\)//|:\\\\|\[:\]\[/\]\[/\])");
static DOT: Pattern =
    Pattern::new(r"(?i)\b[ \t]?(?:[\[({]\s?(?:\.|dot|punkt|ponto)\s?[\])}]|\[\.|\.\])[ \t]?\b");
static AT: Pattern = Pattern::new(r"(?i)\b[ \t]?[\[({]\s?(?:@|at|arroba)\s?[\])}][ \t]?\b");
static WIDE_DOT: Pattern = Pattern::new(r"\b[．。｡․]\b");

/// The text with `hxxp://`, `[.]`, `(dot)`, `{at}` and hidden characters undone.
pub fn refang(text: &str) -> String {
    let mut text: Cow<'_, str> = if text.chars().any(hostile::is_hidden) {
        // A carriage return ends a line; every other hidden character only hides.
        let keep = |c: char| {
            if c == '\r' {
                Some('\n')
            } else {
                (!hostile::is_hidden(c)).then_some(c)
            }
        };
        Cow::Owned(text.chars().filter_map(keep).collect())
    } else {
        Cow::Borrowed(text)
    };
    for (pattern, with) in [
        (&SCHEME, "http${1}://"),
        (&PLAIN_SCHEME, "http${1}://"),
        (&DOT, "."),
        (&AT, "@"),
        (&WIDE_DOT, "."),
    ] {
        if let Cow::Owned(changed) = pattern.replace(&text, with) {
            text = Cow::Owned(changed);
        }
    }
    text.into_owned()
}

/// An indicator for people: its value so that nothing opens it, and what was checked of it.
pub fn shown(indicator: &Indicator) -> String {
    let value = match indicator.kind.as_str() {
        "amount" => indicator.value.clone(),
        _ => defang(&indicator.value),
    };
    let wallet = super::is_wallet(&indicator.kind);
    match (wallet, indicator.check.as_str()) {
        (true, "valid") => format!("{value} (its checksum holds)"),
        (true, "invalid") => format!("{value} (its checksum does not hold)"),
        (true, _) => format!("{value} (its checksum was not checked)"),
        (false, "invalid") => format!("{value} (not well formed)"),
        (false, _) => value,
    }
}

/// One value so that nothing opens it: `hxxps://host[.]tld/path`, `name[@]host[.]tld`.
///
/// Wallets, hashes and amounts have no points to change and stay as they are; a face never makes a
/// link of them.
pub fn defang(value: &str) -> String {
    let (scheme, rest) = match value.split_once("://") {
        Some((scheme, rest)) => (format!("{}://", dull(scheme)), rest),
        None => (String::new(), value),
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (place, path) = rest.split_at(end);
    let place = place.replace('.', "[.]").replace('@', "[@]");
    // The path may repeat a link, as redirectors do.
    format!("{scheme}{place}{}", path.replace("://", "[://]"))
}

fn dull(scheme: &str) -> String {
    scheme
        .to_ascii_lowercase()
        .replacen("tt", "xx", 1)
        .replacen("ft", "fx", 1)
}

/// A text in which every link, address and domain is defanged; everything else stays.
pub fn defang_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    let mut from = 0;
    for link in finder().links(text) {
        defang_names(&mut out, text.get(from..link.start()).unwrap_or_default());
        out.push_str(&defang(link.as_str()));
        from = link.end();
    }
    defang_names(&mut out, text.get(from..).unwrap_or_default());
    out
}

fn defang_names(out: &mut String, text: &str) {
    let mut hits: Vec<_> = DOMAIN
        .matches(text)
        .filter(|hit| is_domain(hit.as_str()))
        .chain(IPV4.matches(text))
        .map(|hit| hit.range())
        .collect();
    hits.sort_by_key(|range| range.start);
    let mut from = 0;
    for range in hits {
        if range.start < from {
            continue;
        }
        out.push_str(text.get(from..range.start).unwrap_or_default());
        out.push_str(
            &text
                .get(range.clone())
                .unwrap_or_default()
                .replace('.', "[.]"),
        );
        from = range.end;
    }
    out.push_str(text.get(from..).unwrap_or_default());
}
