//! What of a paragraph is not our words: values of the log, and quotations of evidence.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use super::Asked;
use super::fold::Folded;
use crate::document::Cite;
use crate::id::EvidenceId;
use crate::notice::facts::Kept;
use crate::notice::{revision, text};

/// The quotation marks that open, and those that close them.
const QUOTES: [(char, char); 5] = [('“', '”'), ('„', '“'), ('„', '”'), ('«', '»'), ('"', '"')];

/// The longest quotation that is one, in bytes.
const LONGEST: usize = 8_000;

/// The fewest words of a quotation that a person chose from a value: fewer could be ours in disguise.
const FEWEST_WORDS: usize = 3;

/// What stands between two values, or two quotations, that the same evidence shows.
const BETWEEN: [&str; 2] = ["; ", ", "];

/// A paragraph of the reading.
pub(super) struct Paragraph {
    /// Where it stands.
    pub(super) at: Range<usize>,
    /// Which marks of evidence stand in it.
    pub(super) marks: Range<usize>,
    /// Whether it stands as it was drafted.
    pub(super) drafted: bool,
}

/// Why words are not ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Not {
    /// The log of the case gives them.
    Value,
    /// Somebody else said them.
    Quoted,
}

/// Words that a fact says.
struct Value {
    text: String,
    evidence: Vec<EvidenceId>,
}

/// What the facts say, and which evidence each number of the text means.
pub(super) struct Given {
    /// Values of the log, by their last byte, the longest first.
    log: HashMap<u8, Vec<Value>>,
    /// Values that somebody recorded.
    told: Vec<Value>,
    sources: BTreeMap<u32, EvidenceId>,
}

impl Given {
    pub(super) fn of(asked: &Asked<'_>) -> Self {
        let mut log: HashMap<u8, Vec<Value>> = HashMap::new();
        let mut told = Vec::new();
        for (said, evidence, of_the_log) in asked.known.iter().flat_map(Kept::values) {
            let text = Folded::of(&text::said(said)).text.trim().to_owned();
            let Some(last) = text.bytes().last().filter(|_| text.chars().count() >= 3) else {
                continue;
            };
            let evidence = evidence.to_vec();
            let value = Value { text, evidence };
            if of_the_log {
                log.entry(last).or_default().push(value);
            } else {
                told.push(value);
            }
        }
        for values in log.values_mut() {
            values.sort_by_key(|value| std::cmp::Reverse(value.text.len()));
        }
        Self {
            log,
            told,
            sources: revision::sources(asked.text),
        }
    }

    /// Which words of a paragraph are not ours.
    pub(super) fn not_ours(
        &self,
        text: &str,
        paragraph: &Paragraph,
        marks: &[(usize, Cite)],
    ) -> Vec<(Range<usize>, Not)> {
        let mut all = Vec::new();
        for run in marks.chunk_by(|one, next| one.0 == next.0) {
            let shown = self.shown(run);
            let shown = shown.as_deref();
            let Some((at, _)) = run.first() else { continue };
            let before = text.get(paragraph.at.start..*at).unwrap_or_default();
            self.values(before, paragraph, shown, &mut all);
            self.quotations(before, paragraph, shown, &mut all);
        }
        all
    }

    /// The evidence that marks name; `None` where the text has no table of evidence.
    fn shown(&self, marks: &[(usize, Cite)]) -> Option<Vec<&EvidenceId>> {
        let numbers = marks.iter().flat_map(|(_, cite)| cite.numbers());
        let known = numbers.filter_map(|number| self.sources.get(&number));
        (!self.sources.is_empty()).then(|| known.collect())
    }

    /// Values of the log right before a mark: as templates write them, one or several.
    fn values(
        &self,
        before: &str,
        paragraph: &Paragraph,
        shown: Option<&[&EvidenceId]>,
        all: &mut Vec<(Range<usize>, Not)>,
    ) {
        let mut rest = before;
        while let Some(value) = self.value_at_end(rest, paragraph, shown) {
            let start = rest.len() - value.len();
            let not = if value.starts_with(|c| QUOTES.iter().any(|(open, _)| *open == c)) {
                Not::Quoted
            } else {
                Not::Value
            };
            let from = paragraph.at.start;
            all.push((from + start..from + rest.len(), not));
            let left = rest.get(..start).unwrap_or_default();
            let Some(left) = BETWEEN
                .iter()
                .find_map(|between| left.strip_suffix(between))
            else {
                return;
            };
            rest = left;
        }
    }

    fn value_at_end(
        &self,
        before: &str,
        paragraph: &Paragraph,
        shown: Option<&[&EvidenceId]>,
    ) -> Option<&str> {
        let values = self.log.get(before.as_bytes().last()?)?;
        let fits = |value: &&Value| {
            let Some(left) = before.strip_suffix(value.text.as_str()) else {
                return false;
            };
            // What a person writes beside a value may be a word of it: only what is no word counts there.
            let clear = paragraph.drafted || is_token(&value.text);
            clear && !left.ends_with(char::is_alphanumeric) && value.shown_by(shown)
        };
        values.iter().find(fits).map(|value| value.text.as_str())
    }

    /// The quotation right before a mark, and those before it that the same mark shows.
    fn quotations(
        &self,
        before: &str,
        paragraph: &Paragraph,
        shown: Option<&[&EvidenceId]>,
        all: &mut Vec<(Range<usize>, Not)>,
    ) {
        let mut rest = before;
        while let Some(start) = quotation(rest) {
            let said = rest.get(start..).unwrap_or_default();
            let mut inner = said.chars();
            inner.next();
            inner.next_back();
            if said.len() > LONGEST || !self.is_quoted(inner.as_str(), paragraph, shown) {
                return;
            }
            let from = paragraph.at.start;
            all.push((from + start..from + rest.len(), Not::Quoted));
            let left = rest.get(..start).unwrap_or_default();
            let Some(left) = BETWEEN
                .iter()
                .find_map(|between| left.strip_suffix(between))
            else {
                return;
            };
            rest = left;
        }
    }

    /// Whether somebody said these words, as the evidence shows that is named for them.
    fn is_quoted(&self, inner: &str, paragraph: &Paragraph, shown: Option<&[&EvidenceId]>) -> bool {
        let inner = inner.trim();
        if paragraph.drafted {
            return true;
        }
        if inner.split(' ').count() < FEWEST_WORDS && !is_token(inner) {
            return false;
        }
        let says = |value: &&Value| value.text.contains(inner) && value.shown_by(shown);
        let mut values = self.log.values().flatten().chain(&self.told);
        !inner.is_empty() && values.any(|value| says(&value))
    }
}

impl Value {
    fn shown_by(&self, shown: Option<&[&EvidenceId]>) -> bool {
        shown.is_none_or(|shown| self.evidence.iter().any(|id| shown.contains(&id)))
    }
}

/// Whether this is an address, a number, a link: one run with something in it that no word has.
fn is_token(value: &str) -> bool {
    let odd = |c: char| !c.is_alphabetic() && !matches!(c, '-' | '’' | '\'');
    !value.contains(' ') && value.contains(odd)
}

/// Where the quotation begins that ends a text: its opening mark has no other close between.
fn quotation(before: &str) -> Option<usize> {
    let last = before.chars().next_back()?;
    let inner = before.get(..before.len() - last.len_utf8())?;
    let opens = |c: char| QUOTES.contains(&(c, last));
    let start = inner.rfind(opens)?;
    let open = inner.get(start..)?.chars().next()?;
    let closes = |c: char| QUOTES.contains(&(open, c));
    let said = inner.get(start + open.len_utf8()..)?;
    (!said.contains(closes)).then_some(start)
}
