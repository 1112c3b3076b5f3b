//! The names that the account holder used, which may be another person's, and what a text says of them.

use regex::Regex;

use super::fold::Folded;
use super::pattern::{kept, near, sentence};
use crate::notice::facts::Kept;
use crate::notice::text;

/// The place of the name in a pattern: the whole of it, or the last part behind a title.
pub(super) const NAME: &str = "{name}";

/// The place of the last part of a name in a pattern.
pub(super) const SURNAME: &str = "{surname}";

/// The place of a name in a pattern as the search wants it, so that it is known where it was found.
const PLACE: &str = "who";

/// The group of a pattern about a name that is the deed.
const VERB: &str = "verb";

/// How many names are looked for: each is a search of its own, and no case has more.
const MOST: usize = 24;

/// What stands before a last part that is meant as a person's.
const TITLES: &str = r"(?:Mr|Mrs|Ms|Miss|Mx|Dr|Herrn?|Frau|Sra?|Senhora?|Dona)\.?";

/// Small words inside a name.
const PARTICLES: &[&str] = &[
    "da", "das", "de", "del", "den", "der", "di", "do", "dos", "du", "e", "la", "le", "van", "von",
    "zu",
];

/// A name, as parts of a pattern.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    /// The whole name, or a title with its last part.
    any: String,
    /// Its last part, as it is written, with the others where they stand; `None` where it has one part.
    last: Option<String>,
}

impl Name {
    fn of(name: &str) -> Self {
        let whole = regex::escape(name);
        let split = name.rsplit_once(' ');
        let split = split.filter(|(_, last)| last.chars().count() > 2);
        let Some((first, last)) = split else {
            return Self {
                any: whole,
                last: None,
            };
        };
        let (first, last) = (regex::escape(first), regex::escape(last));
        let titled = format!(r"\b{TITLES} (?-i:{last})");
        Self {
            any: format!("(?:{whole}|{titled})"),
            // With what belongs to it, so that what stands before the name is not a part of it.
            last: Some(format!(r"(?:\b(?:{first}|{TITLES}) )?\b(?-i:{last})")),
        }
    }

    /// The pattern about this name; `None` where it asks for a part that the name does not have.
    pub(super) fn pattern(&self, pattern: &str) -> Option<String> {
        let place = |name: &str| format!("(?P<{PLACE}>{name})");
        if pattern.contains(NAME) {
            return Some(pattern.replace(NAME, &place(&self.any)));
        }
        let last = self.last.as_ref()?;
        Some(pattern.replace(SURNAME, &place(last)))
    }

    /// The lines of a text that it stands in, each with its place in bytes.
    pub(super) fn lines<'a>(&self, id: &str, text: &'a str) -> Vec<(usize, &'a str)> {
        let somewhere = match &self.last {
            None => self.any.clone(),
            Some(last) => format!("{}|{last}", self.any),
        };
        let Some(somewhere) = kept(id, &somewhere) else {
            return Vec::new();
        };
        let mut lines: Vec<(usize, &str)> = Vec::new();
        let mut at = 0;
        while let Some(seen) = somewhere.find_at(text, at) {
            let before = text.get(..seen.start()).unwrap_or_default();
            let from = before.rfind('\n').map_or(0, |end| end + 1);
            let after = text.get(seen.end()..).unwrap_or_default();
            let to = seen.end() + after.find('\n').unwrap_or(after.len());
            lines.push((from, text.get(from..to).unwrap_or_default()));
            if to >= text.len() {
                break;
            }
            at = to + 1;
        }
        lines
    }
}

/// What makes words about a name say nothing of whose name it is.
#[derive(Debug, Default)]
pub(super) struct Neutral {
    /// What stands right before the name: “under the name”.
    pub(super) before: Vec<Regex>,
    /// What stands between the name and the deed: somebody else did it, or it was done to them.
    pub(super) between: Vec<Regex>,
}

impl Neutral {
    /// Where a pattern about a name is found in a line and is not neutral, in bytes.
    pub(super) fn find(&self, exact: &Regex, line: &str) -> Vec<(usize, usize)> {
        let (mut found, mut at) = (Vec::new(), 0);
        while let Some(seen) = exact.captures_at(line, at) {
            let Some((whole, name)) = seen.get(0).zip(seen.name(PLACE)) else {
                break;
            };
            let (from, _) = sentence(line, name.start(), name.end());
            let before = near(line, from, name.start());
            let deed = seen.name(VERB).filter(|deed| deed.start() >= name.end());
            let between = deed.and_then(|deed| line.get(name.end()..deed.start()));
            let says = |all: &[Regex], words: &str| all.iter().any(|one| one.is_match(words));
            let neutral = says(&self.before, before)
                || between.is_some_and(|between| says(&self.between, between));
            if neutral {
                // The same name may stand in the sentence again, without what makes it neutral.
                at = name.end().max(at + 1);
            } else {
                found.push((whole.start(), whole.end()));
                at = whole.end().max(at + 1);
            }
            while at < line.len() && !line.is_char_boundary(at) {
                at += 1;
            }
            if at >= line.len() {
                break;
            }
        }
        found
    }
}

/// The names that the account holder used and that may be another person's: the one of the engagement,
/// and names among the others that people recorded. A handle is nobody's name.
pub(super) fn names(known: &[Kept]) -> Vec<Name> {
    let folded = |name: &str| Folded::of(&text::said(name)).text.trim().to_owned();
    let used = known
        .iter()
        .flat_map(|kept| kept.texts("subject.name_used"));
    let used = used.map(|name| folded(&name));
    let others = known
        .iter()
        .flat_map(|kept| kept.texts("subject.other_names"));
    let others = others.flat_map(|said| named_in(&folded(&said)));
    let mut names: Vec<String> = used
        .chain(others)
        // A name that is longer is an attack, and stands in no sentence of ours.
        .filter(|name| (3..=120).contains(&name.chars().count()))
        // As it is read; a name without words is none.
        .filter(|name| name.contains(char::is_alphanumeric))
        .collect();
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names.iter().take(MOST).map(|name| Name::of(name)).collect()
}

/// Names in what a person recorded, like “Robin Calloway on the platform; handle rc-dev”: two words or
/// more that begin with a capital letter, at the beginning of a part.
fn named_in(said: &str) -> Vec<String> {
    let parts = said.split([',', ';', ':', '(', ')', '/', '|', '"', '“', '”', '„']);
    let name = |part: &str| {
        let capital = |word: &str| word.starts_with(char::is_uppercase);
        let of_name = |word: &&str| capital(word) || PARTICLES.contains(word);
        let mut words: Vec<&str> = part.split_whitespace().take_while(of_name).collect();
        while words.last().is_some_and(|last| !capital(last)) {
            words.pop();
        }
        let capitals = words.iter().filter(|word| capital(word)).count();
        (capitals > 1).then(|| words.join(" "))
    };
    parts.filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_handles() {
        for (said, names) in [
            ("Robin Calloway", &["Robin Calloway"][..]),
            (
                "Robin A. Calloway on the platform; handle rc-dev",
                &["Robin A. Calloway"],
            ),
            (
                "Robin van der Calloway (second contract)",
                &["Robin van der Calloway"],
            ),
            (
                "Name: Robin Calloway, Robin Sample",
                &["Robin Calloway", "Robin Sample"],
            ),
            ("handle c-averdale on the code host", &[]),
            ("Robin", &[]),
            ("", &[]),
        ] {
            assert_eq!(named_in(said), names, "{said}");
        }
    }

    #[test]
    fn a_last_part_counts_where_there_is_more_than_it() {
        let whole = Name::of("Robin Calloway");
        assert!(
            whole
                .pattern("{surname} copied")
                .is_some_and(|one| one.contains("Calloway"))
        );
        assert_eq!(Name::of("Robin").pattern("{surname} copied"), None);
        assert_eq!(Name::of("Robin Li").pattern("{surname} copied"), None);
    }
}
