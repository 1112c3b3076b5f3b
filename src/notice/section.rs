//! The sections of a text that a person copies into a form, one field each.

use std::collections::BTreeMap;

use super::text;
use super::words::{Language, phrase};
use crate::document::{self, Block, Document, Kind, Span};

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

/// The limits of the sections of a notice, by name; `None` where it is not known which notice it is, and
/// the headings have to say them.
pub type Limits<'a> = Option<&'a BTreeMap<String, usize>>;

/// What stands before the first section, and the sections in the order of the text, as the page shows
/// them. A text without headings has none.
pub fn sections(text: &str, limits: Limits<'_>) -> (String, Vec<Section>) {
    let (before, all) = placed(text, limits);
    let sections = all.into_iter().map(|(_, section)| section);
    (before, sections.collect())
}

/// The same, each section with the line of its heading, from 1.
pub(super) fn placed(text: &str, limits: Limits<'_>) -> (String, Vec<(usize, Section)>) {
    let body = text::body(text);
    let document = Document::parse(&body);
    let start = text.find(&body).unwrap_or_default();
    let lines = |at: usize| {
        let before = text.get(..start + at).unwrap_or_default();
        before.matches('\n').count() + 1
    };
    let heads: Vec<&Block> = (document.blocks.iter())
        .filter(|block| block.kind == Kind::Heading(2))
        .collect();
    let ends = heads.iter().skip(1).map(|block| block.index);
    let ends = ends.chain([document.blocks.len()]);
    let said = |from: usize, to: usize| document::part(&document, from..to).trim().to_owned();
    let first = heads.first();
    let before = said(0, first.map_or(document.blocks.len(), |block| block.index));
    let all = heads.iter().zip(ends).map(|(head, end)| {
        let heading = said(head.index, head.index + 1);
        let heading = heading.trim_start_matches('#').trim();
        let (name, counted) = match limited(heading) {
            Some((name, limit)) => (name, Some(limit)),
            None => (heading, None),
        };
        let blocks = document.blocks.get(head.index + 1..end);
        let hole = |span: &Span| matches!(span, Span::Missing(_));
        let section = Section {
            name: name.to_owned(),
            limit: limits.map_or(counted, |limits| limits.get(name).copied()),
            text: said(head.index + 1, end),
            missing: (blocks.unwrap_or_default().iter()).any(|block| block.spans.iter().any(hole)),
        };
        (lines(head.start()), section)
    });
    (before, all.collect())
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
        let (before, all) = sections(text, None);
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
        // Who raises the number in a heading raises no limit.
        let known = BTreeMap::from([("Wer".to_owned(), 5)]);
        let (_, all) = sections(text, Some(&known));
        let seen: Vec<_> = all.iter().map(|one| one.limit).collect();
        assert_eq!(seen, [None, None, Some(5), None]);
    }

    #[test]
    fn a_heading_that_only_looks_counted_keeps_its_words() {
        for heading in ["What (a of b characters)", "What (1 of 2)", "What ()", "x)"] {
            assert_eq!(limited(heading), None, "{heading}");
        }
    }
}
