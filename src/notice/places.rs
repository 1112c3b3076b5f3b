//! Where what people said of one text of a notice belongs in another: at the block that says the same.

use std::collections::BTreeMap;

use crate::canon::Digest;
use crate::document::{Block, Document, Kind};

/// Where the blocks of several texts of a notice stand in one of them.
#[derive(Debug, Clone, Default)]
pub struct Places(BTreeMap<Digest, Vec<Option<usize>>>);

impl Places {
    /// The places in the text `now`, whose hash is `text`, of that text and of `others`, each of which is
    /// read once.
    pub fn of<'a>(
        text: Digest,
        now: &Document,
        others: impl IntoIterator<Item = (Digest, &'a str)>,
    ) -> Self {
        let others = others.into_iter();
        let each = others.map(|(digest, other)| (digest, moved(&Document::parse(other), now)));
        let mut places: BTreeMap<_, _> = each.collect();
        places.insert(text, (0..now.blocks.len()).map(Some).collect());
        Self(places)
    }

    /// The block that a block of the text `on` is; nothing where it changed, is gone, or could be several.
    pub fn find(&self, on: Digest, block: usize) -> Option<usize> {
        self.0.get(&on)?.get(block).copied().flatten()
    }
}

/// Where each block of `on` stands in `now`.
///
/// What stands once in both is found wherever it went; a few words alone only under the same heading. Of
/// equals each keeps its number, where it still stands behind the same block; of the others those keep their
/// places that still follow or precede the same block, or stand where they stood in a text of as many blocks.
/// None of them takes the place of another.
pub(super) fn moved(on: &Document, now: &Document) -> Vec<Option<usize>> {
    let (old, new) = (by_source(on), by_source(now));
    let (was, is) = (Marks::of(on, &old, &new), Marks::of(now, &new, &old));
    let sure = numbered(on, (&old, &was), (&new, &is));
    let says = |at: usize, block: &Block| {
        let found = now.blocks.get(at);
        found.is_some_and(|found| found.source == block.source)
    };
    let mut next = Some(0);
    let mut after: Vec<Option<usize>> = Vec::with_capacity(sure.len());
    for (block, sure) in on.blocks.iter().zip(&sure) {
        let found = sure.or(next.filter(|at| says(*at, block)));
        after.push(found);
        next = found.map(|at| at + 1);
    }
    let mut next = now.blocks.len().checked_sub(1);
    let mut before: Vec<Option<usize>> = Vec::with_capacity(sure.len());
    for (block, sure) in on.blocks.iter().zip(&sure).rev() {
        let found = sure.or(next.filter(|at| says(*at, block)));
        before.push(found);
        next = found.and_then(|at| at.checked_sub(1));
    }
    let as_many = on.blocks.len() == now.blocks.len();
    let both = after.iter().zip(before.iter().rev()).zip(&on.blocks);
    let found: Vec<Option<usize>> = both
        .map(|((after, before), block)| match (after, before) {
            (Some(after), Some(before)) => (after == before).then_some(*after),
            (None, None) => {
                let same = was.behind.get(block.index) == is.behind.get(block.index);
                (as_many && same && says(block.index, block)).then_some(block.index)
            }
            (one, other) => one.or(*other),
        })
        .collect();
    let mut taken: BTreeMap<usize, usize> = BTreeMap::new();
    for at in found.iter().flatten() {
        *taken.entry(*at).or_default() += 1;
    }
    let alone = |at: &usize| taken.get(at) == Some(&1);
    found.into_iter().map(|at| at.filter(alone)).collect()
}

/// The places of blocks whose words stand in both texts equally often, by their number.
fn numbered<'a>(
    on: &Document,
    (old, was): (&BySource<'a>, &Marks<'a>),
    (new, is): (&BySource<'a>, &Marks<'a>),
) -> Vec<Option<usize>> {
    let place = |block: &Block| {
        let source = block.source.as_str();
        let (old, new) = (old.get(source)?, new.get(source)?);
        let number = old.binary_search(&block.index).ok()?;
        let at = new
            .get(number)
            .filter(|_| old.len() == new.len())
            .copied()?;
        let same = if old.len() > 1 {
            was.behind.get(block.index) == is.behind.get(at)
        } else {
            source.chars().count() >= TELLING || was.under.get(block.index) == is.under.get(at)
        };
        same.then_some(at)
    };
    on.blocks.iter().map(place).collect()
}

/// How many characters a paragraph has that is known by its words alone, also under another heading.
const TELLING: usize = 60;

/// What stands before each block of a text and tells it from its equals.
struct Marks<'a> {
    /// The nearest heading.
    under: Vec<Option<&'a str>>,
    /// The nearest block that stands once in this text and once in the other.
    behind: Vec<Option<&'a str>>,
}

impl<'a> Marks<'a> {
    fn of(text: &'a Document, here: &BySource<'_>, there: &BySource<'_>) -> Self {
        let once = |source: &str| {
            let once = |all: &BySource<'_>| all.get(source).is_some_and(|at| at.len() == 1);
            once(here) && once(there)
        };
        let (mut heading, mut last) = (None, None);
        let (mut under, mut behind) = (Vec::new(), Vec::new());
        for block in &text.blocks {
            under.push(heading);
            behind.push(last);
            if matches!(block.kind, Kind::Heading(..)) {
                heading = Some(block.source.as_str());
            }
            if once(&block.source) {
                last = Some(block.source.as_str());
            }
        }
        Self { under, behind }
    }
}

/// Where the blocks of a text stand that say the same.
type BySource<'a> = BTreeMap<&'a str, Vec<usize>>;

fn by_source(document: &Document) -> BySource<'_> {
    let mut places = BySource::new();
    for block in &document.blocks {
        places.entry(&block.source).or_default().push(block.index);
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts whose paragraphs are single letters.
    fn places(on: &str, now: &str) -> String {
        let read = |text: &str| {
            let letters: Vec<String> = text.chars().map(String::from).collect();
            Document::parse(&letters.join("\n\n"))
        };
        let found = moved(&read(on), &read(now));
        let found = found.into_iter();
        let each = found.map(|at| at.map_or("-".to_owned(), |at| at.to_string()));
        each.collect()
    }

    #[test]
    fn a_block_is_found_by_its_words_wherever_it_went() {
        for (on, now, expected) in [
            ("abc", "abc", "012"),
            ("abc", "xabc", "123"),
            ("abc", "axc", "0-2"),
            ("abc", "cab", "120"),
            ("abc", "xyz", "---"),
            ("", "abc", ""),
            ("abc", "", "---"),
        ] {
            assert_eq!(places(on, now), expected, "{on} {now}");
        }
    }

    #[test]
    fn of_equal_blocks_none_takes_the_place_of_another() {
        for (on, now, expected) in [
            // As many as before: each keeps its number.
            ("amam", "xamam", "1234"),
            ("aab", "baa", "--0"),
            // The first of two was changed: the second stays, the first has no place.
            ("haab", "hxab", "0-23"),
            ("haab", "haxb", "01-3"),
            ("amambm", "amaxbm", "012-45"),
            // One of two was taken out: which of them stays is not known.
            ("haab", "hab", "0--2"),
            ("hab", "haab", "0-3"),
            // All around it was changed, and nothing came or went.
            ("haaab", "hxayb", "0-2-4"),
            ("haaab", "hxaybz", "0---4"),
        ] {
            assert_eq!(places(on, now), expected, "{on} {now}");
        }
    }

    #[test]
    fn a_few_words_stay_under_what_they_answer() {
        let read = |paragraphs: &[&str]| Document::parse(&paragraphs.join("\n\n"));
        let asked = ["## Q1", "Not known.", "## Q2", "x", "## Q3", "Not known."];
        let answered = ["## Q1", "yes", "## Q2", "Not known.", "## Q3", "Not known."];
        let found = moved(&read(&asked), &read(&answered));
        assert_eq!(found.get(1), Some(&None), "not under Q2: {found:?}");
        assert_eq!(found.get(5), Some(&Some(5)), "{found:?}");
        // Also where they stand once in each.
        let (asked, answered) = (
            ["## Q1", "No.", "## Q2", "x"],
            ["## Q1", "y", "## Q2", "No."],
        );
        assert_eq!(moved(&read(&asked), &read(&answered)).get(1), Some(&None));
        let long =
            "A paragraph that says so much that nobody takes it for another one, wherever it is.";
        let (before, after) = (["## Q1", long, "## Q2", "x"], ["## Q1", "y", "## Q2", long]);
        assert_eq!(moved(&read(&before), &read(&after)).get(1), Some(&Some(3)));
    }

    #[test]
    fn a_place_is_asked_for_by_the_text_that_was_read() {
        let digest = |text: &str| Digest::of(text.as_bytes());
        let (old, new) = ("One.\n\nTwo.\n", "New.\n\nOne.\n");
        let now = Document::parse(new);
        let places = Places::of(digest(new), &now, [(digest(old), old)]);
        assert_eq!(places.find(digest(old), 0), Some(1));
        assert_eq!(places.find(digest(old), 1), None);
        assert_eq!(places.find(digest(new), 1), Some(1));
        assert_eq!(places.find(digest(new), 2), None);
        assert_eq!(places.find(digest("other"), 0), None);
    }
}
