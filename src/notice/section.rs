//! The sections of a text that a person copies into a form, one field each.

use super::text;
use super::words::{Language, phrase};

/// What stands before each section.
const HEADING: &str = "## ";

/// What is open in a text.
const MISSING: &str = "[MISSING: ";

/// One section of the body that goes out, as it is copied: no numbers of evidence, no escapes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// What the form calls it.
    pub name: String,
    /// The most characters that the form takes.
    pub limit: Option<usize>,
    /// The text.
    pub text: String,
    /// Whether something is missing in it.
    pub missing: bool,
}

impl Section {
    fn of(name: &str, source: &str) -> Self {
        let heading = text::unmarked(name.trim());
        let (name, limit) = match limited(&heading) {
            Some((name, limit)) => (name, Some(limit)),
            None => (heading.as_str(), None),
        };
        Self {
            name: name.to_owned(),
            limit,
            text: text::unmarked(source.trim()),
            missing: source.contains(MISSING),
        }
    }

    /// How many characters it has, counted as at the drafting.
    pub fn count(&self) -> usize {
        self.text.chars().count()
    }

    /// How many characters it has too many.
    pub fn over(&self) -> usize {
        self.limit
            .map_or(0, |limit| self.count().saturating_sub(limit))
    }
}

/// What stands before the first section, and the sections in the order of the text. A text without
/// headings has none.
///
/// Headings are looked for in the Markdown as it was approved: a value that looks like one is escaped
/// there.
pub fn sections(text: &str) -> (String, Vec<Section>) {
    let body = text::body(text);
    let (mut before, mut all) = (String::new(), Vec::new());
    let mut open: Option<(&str, String)> = None;
    for line in body.split_inclusive('\n') {
        if let Some(name) = line.strip_prefix(HEADING) {
            let done = open.replace((name, String::new()));
            all.extend(done.map(|(name, source)| Section::of(name, &source)));
        } else {
            let source = open.as_mut().map_or(&mut before, |(_, source)| source);
            source.push_str(line);
        }
    }
    all.extend(open.map(|(name, source)| Section::of(name, &source)));
    (text::unmarked(before.trim()), all)
}

/// The name and the limit of a heading that a template counted.
fn limited(heading: &str) -> Option<(&str, usize)> {
    let (name, counted) = heading.strip_suffix(')')?.rsplit_once(" (")?;
    let mut words = counted.split(' ');
    let (count, limit) = (words.next()?, words.nth(1)?);
    let same = |language: &Language| {
        let args = [
            ("name", name.to_owned()),
            ("count", count.to_owned()),
            ("limit", limit.to_owned()),
        ];
        phrase(*language, "notice.section", &args) == heading
    };
    let ours = [Language::En, Language::De, Language::Pt].iter().any(same);
    Some((name, limit.parse().ok().filter(|_| ours)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_heading_is_a_field_with_its_limit_in_every_language() {
        let text = "# T\n\nSubject: S\n\n---\n\nIn order.\n\n## Name\n\nA\\_b[e1]\n\n\
            ## What (it) was (4 of 3 characters)\n\n\\## no[e2] [MISSING: x]\n\n\
            ## Wer (0 von 10 Zeichen)\n\n## Quem (1 de 9 caracteres)\n\nç\n\n\
            ## Cover mail\n\nDear\n\n## Unknown, not collected, expired\n";
        let (before, all) = sections(text);
        assert_eq!(before, "In order.");
        let seen: Vec<_> = all
            .iter()
            .map(|one| (one.name.as_str(), one.limit, one.text.as_str(), one.missing))
            .collect();
        assert_eq!(
            seen,
            [
                ("Name", None, "A_b", false),
                ("What (it) was", Some(3), "## no [MISSING: x]", true),
                ("Wer", Some(10), "", false),
                ("Quem", Some(9), "ç", false),
            ]
        );
        let over: Vec<usize> = all.iter().map(Section::over).collect();
        assert_eq!(over, [0, 15, 0, 0]);
        assert_eq!(all.last().map(Section::count), Some(1));
    }

    #[test]
    fn a_heading_that_only_looks_counted_keeps_its_words() {
        for heading in ["What (a of b characters)", "What (1 of 2)", "What ()", "x)"] {
            assert_eq!(limited(heading), None, "{heading}");
        }
    }
}
