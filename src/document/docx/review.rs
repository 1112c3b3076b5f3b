//! What a reviewed file changes, block by block, against the text that it was made of.

use std::collections::BTreeSet;

use jiff::Timestamp;
use unicode_segmentation::UnicodeSegmentation as _;

use super::super::inline::{self, Mark};
use super::super::redline::compare;
use super::super::sheet::Suggestion;
use super::super::{Change, Cite, Document, Kind, Span, parse, write as markdown};
use super::story::{Atom, Para, Said};
use super::token::{self, Fate, Token};

/// Who is named for what changed although nothing was tracked.
pub(super) const UNTRACKED: &str = "untracked, document author";

/// A paragraph of one side: as it was, or as it is now.
#[derive(Debug, Default)]
struct Side {
    atoms: Vec<Atom>,
    /// The paragraph of the file that each comes from.
    from: Vec<usize>,
    blocks: Vec<usize>,
    style: String,
    list: bool,
    row: bool,
    front: bool,
    /// The paragraphs of the file that it is made of.
    paras: Vec<usize>,
}

/// The paragraphs before and after the tracked changes, and which belong together.
#[derive(Debug, Default)]
struct Sides {
    old: Vec<Side>,
    new: Vec<Side>,
}

/// What came of a review.
#[derive(Debug)]
pub(super) struct Found {
    pub changes: Vec<Suggestion>,
    /// The block of each paragraph of the file.
    pub blocks: Vec<Option<usize>>,
}

/// Compares a reviewed file with the text that it was made of.
pub(super) fn compare_with(original: &Document, paras: &[Para]) -> Found {
    let sides = split(paras);
    let matched = matched(original, &sides.old);
    let mut blocks: Vec<Option<usize>> = vec![None; paras.len()];
    for (side, block) in sides.old.iter().zip(&matched) {
        for para in &side.paras {
            if let Some(slot) = blocks.get_mut(*para) {
                *slot = slot.or(*block);
            }
        }
    }
    let mut before = None;
    for slot in &mut blocks {
        before = slot.or(before);
        *slot = before;
    }
    let mut changes = Vec::new();
    let mut main: BTreeSet<usize> = BTreeSet::new();
    // Each block lives on in the new paragraph that holds most of it.
    for (known, block) in original.blocks.iter().enumerate() {
        if block.kind == Kind::Rule {
            continue;
        }
        let old = matched.iter().position(|found| *found == Some(known));
        let Some(old) = old.and_then(|at| sides.old.get(at)) else {
            let author = (UNTRACKED.to_owned(), None);
            changes.push(suggestion(known, &block.source, String::new(), author));
            continue;
        };
        let new = (sides.new.iter().enumerate())
            .filter(|(at, new)| !main.contains(at) && kept(new, old) > 0)
            .max_by_key(|(at, new)| (kept(new, old), std::cmp::Reverse(*at)));
        let lone = || {
            // All of it was written anew.
            sides.new.iter().enumerate().find(|(at, new)| {
                !main.contains(at) && new.paras == old.paras && !said(&new.atoms).trim().is_empty()
            })
        };
        let atoms: Vec<Atom> = old.atoms.clone();
        match new.or_else(lone) {
            Some((at, new)) => {
                main.insert(at);
                let after = after(&block.spans, block.kind, &new.atoms);
                if let Some(after) = after {
                    let mut all = new.atoms.clone();
                    all.extend(atoms);
                    changes.push(suggestion(known, &block.source, after, authors(&all)));
                }
            }
            None if block.spans.is_empty() => {}
            None => {
                let author = authors(&atoms);
                changes.push(suggestion(known, &block.source, String::new(), author));
            }
        }
    }
    come(&sides.new, &main, &blocks, &mut changes);
    changes.sort_by_key(|suggestion| suggestion.change.block);
    Found { changes, blocks }
}

fn suggestion(
    block: usize,
    before: &str,
    after: String,
    (author, at): (String, Option<Timestamp>),
) -> Suggestion {
    Suggestion {
        change: Change {
            block,
            before: before.to_owned(),
            after,
        },
        author,
        at,
    }
}

/// New paragraphs that no block lives on in.
fn come(
    new: &[Side],
    main: &BTreeSet<usize>,
    blocks: &[Option<usize>],
    changes: &mut Vec<Suggestion>,
) {
    for (at, side) in new.iter().enumerate() {
        if main.contains(&at) || side.front || said(&side.atoms).trim().is_empty() {
            continue;
        }
        let first = side.paras.first().copied().unwrap_or_default();
        let block = (blocks.get(..first).unwrap_or_default().iter().rev())
            .find_map(|block| *block)
            .unwrap_or_default();
        let kind = kind(side);
        let source = parse::settled(
            kind,
            inline::spans(&marks(&[], &tokens(&side.atoms, true)), true),
        );
        if source.is_empty() {
            continue;
        }
        let after = markdown::block(kind, &source);
        changes.push(suggestion(block, "", after, authors(&side.atoms)));
    }
}

/// The kind of a new paragraph, from its style.
fn kind(side: &Side) -> Kind {
    let style = side.style.to_lowercase();
    let heading = style
        .strip_prefix("heading")
        .or_else(|| style.strip_prefix("berschrift"))
        .and_then(|level| level.trim().parse::<u8>().ok());
    if side.row {
        Kind::Row { header: false }
    } else if let Some(level) = heading {
        Kind::Heading(level.clamp(1, 5) + 1)
    } else if style.contains("quote") {
        Kind::Quote
    } else if style.contains("listnumber") {
        Kind::Item {
            depth: 0,
            ordered: Some(1),
        }
    } else if side.list || style.contains("listbullet") {
        Kind::Item {
            depth: 0,
            ordered: None,
        }
    } else {
        Kind::Paragraph
    }
}

/// The two sides of the file. A paragraph whose end came belongs, in the old text, to the one after
/// it; one whose end goes belongs to the one after it in the new text.
fn split(paras: &[Para]) -> Sides {
    let mut sides = Sides::default();
    let (mut old, mut new) = (Side::default(), Side::default());
    for (number, para) in paras.iter().enumerate() {
        let mark = para.mark.as_ref().map(|mark| mark.0);
        for (side, without) in [(&mut old, Fate::Comes), (&mut new, Fate::Goes)] {
            let fits = |atom: &&Atom| atom.fate != without;
            side.atoms.extend(para.atoms.iter().filter(fits).cloned());
            side.from.resize(side.atoms.len(), number);
            side.blocks.extend(&para.blocks);
            side.paras.push(number);
            if side.style.is_empty() {
                side.style.clone_from(&para.style);
            }
            side.list |= para.list;
            side.row |= para.row;
            side.front |= para.front;
        }
        if mark != Some(Fate::Comes) {
            sides.old.push(std::mem::take(&mut old));
        } else if para.row || all(para, Fate::Comes) {
            // A row or paragraph that is new as a whole is no part of what follows.
            old = without_last(old, number);
        }
        if mark != Some(Fate::Goes) {
            sides.new.push(std::mem::take(&mut new));
        } else if para.row || all(para, Fate::Goes) {
            new = without_last(new, number);
        }
    }
    if !old.paras.is_empty() {
        sides.old.push(old);
    }
    if !new.paras.is_empty() {
        sides.new.push(new);
    }
    sides
}

fn all(para: &Para, fate: Fate) -> bool {
    para.atoms.iter().all(|atom| atom.fate == fate)
}

fn without_last(mut side: Side, number: usize) -> Side {
    side.paras.retain(|para| *para != number);
    if side.paras.is_empty() {
        return Side::default();
    }
    let keep = side.from.iter().filter(|from| **from != number).count();
    side.atoms.truncate(keep);
    side.from.truncate(keep);
    side
}

/// The block of each old paragraph: by its bookmark, or by its words.
fn matched(original: &Document, old: &[Side]) -> Vec<Option<usize>> {
    let mut taken: BTreeSet<usize> = BTreeSet::new();
    let count = original.blocks.len();
    let mut out: Vec<Option<usize>> = Vec::with_capacity(old.len());
    for side in old {
        let free = |block: &&usize| **block < count && !taken.contains(*block);
        let block = side.blocks.iter().find(free).copied();
        taken.extend(block);
        out.push(block);
    }
    let words: Vec<Vec<String>> = (original.blocks.iter())
        .map(|block| bag(&block.line()))
        .collect();
    for at in 0..old.len() {
        let Some(side) = old.get(at).filter(|side| !side.front) else {
            continue;
        };
        let mine = bag(&said(&side.atoms));
        if out.get(at).is_none_or(Option::is_some) || mine.is_empty() {
            continue;
        }
        // Only what lies between its neighbours can be the same paragraph.
        let from = out
            .get(..at)
            .and_then(|known| known.iter().rev().find_map(|known| *known));
        let to = out
            .get(at..)
            .and_then(|known| known.iter().find_map(|known| *known));
        let range = from.map_or(0, |from| from + 1)..to.unwrap_or(count);
        let best = range
            .filter(|block| !taken.contains(block))
            .map(|block| {
                (
                    likeness(&mine, words.get(block).map_or(&[], Vec::as_slice)),
                    block,
                )
            })
            .max_by_key(|(like, block)| (*like, std::cmp::Reverse(*block)));
        if let Some((like, block)) = best
            && like >= 400
            && let Some(slot) = out.get_mut(at)
        {
            *slot = Some(block);
            taken.insert(block);
        }
    }
    out
}

fn bag(text: &str) -> Vec<String> {
    let mut words: Vec<String> = text.unicode_words().map(str::to_lowercase).collect();
    words.sort_unstable();
    words
}

/// How alike two sorted runs of words are, from 0 to 1,000.
fn likeness(one: &[String], other: &[String]) -> usize {
    let (mut a, mut b, mut shared) = (one.iter().peekable(), other.iter().peekable(), 0);
    while let (Some(x), Some(y)) = (a.peek(), b.peek()) {
        match x.cmp(y) {
            std::cmp::Ordering::Less => drop(a.next()),
            std::cmp::Ordering::Greater => drop(b.next()),
            std::cmp::Ordering::Equal => {
                shared += 1;
                a.next();
                b.next();
            }
        }
    }
    2_000 * shared / (one.len() + other.len()).max(1)
}

fn said(atoms: &[Atom]) -> String {
    (atoms.iter())
        .map(|atom| match &atom.said {
            Said::Text(text) => text.clone(),
            Said::Note(cite) => cite.to_string(),
            Said::Break => " ".to_owned(),
        })
        .collect()
}

/// How much of an old paragraph a new one holds, in characters.
fn kept(new: &Side, old: &Side) -> usize {
    (new.atoms.iter().zip(&new.from))
        .filter(|(atom, from)| atom.fate == Fate::Stays && old.paras.contains(from))
        .map(|(atom, _)| said(std::slice::from_ref(atom)).len())
        .sum()
}

/// Who changed something, and when last.
fn authors(atoms: &[Atom]) -> (String, Option<Timestamp>) {
    let mut names: Vec<&str> = Vec::new();
    let mut last = None;
    for (name, at) in atoms.iter().filter_map(|atom| atom.by.as_ref()) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
        last = last.max(*at);
    }
    if names.is_empty() {
        (UNTRACKED.to_owned(), None)
    } else {
        (names.join(", "), last)
    }
}

/// `[e4]` or `[e4–e9]` at the beginning of a text, and what stands behind it.
pub(super) fn cite_at(text: &str) -> Option<(Cite, &str)> {
    let (mark, behind) = text.split_at(text.find(']')? + 1);
    if mark.len() > 32 {
        return None;
    }
    let spans = inline::spans(&inline::literal(mark, true, false, false), true);
    match spans.as_slice() {
        [Span::Cite(cite)] => Some((*cite, behind)),
        _ => None,
    }
}

/// A token of a reviewed paragraph, with what it is compared by.
#[derive(Debug, Clone)]
struct Word {
    token: Token,
    key: String,
}

// White space is white space, whichever.
fn word(token: Token) -> Word {
    let read = super::shown(&token.read());
    let key = match &token {
        _ if read.trim().is_empty() => " ".to_owned(),
        _ => read,
    };
    Word { token, key }
}

/// The words of atoms; `cites`: whether a typed `[e4]` is a citation.
fn tokens(atoms: &[Atom], cites: bool) -> Vec<Word> {
    let mut out: Vec<Word> = Vec::new();
    let mut at = 0;
    while let Some(atom) = atoms.get(at) {
        at += 1;
        let text = match &atom.said {
            Said::Note(cite) => {
                out.push(word(Token::Note(*cite)));
                continue;
            }
            Said::Break => {
                out.push(word(Token::Break));
                continue;
            }
            Said::Text(text) => text,
        };
        // Programs cut text anywhere: words are found in all of it, each with the style it has where
        // it begins.
        let mut whole = text.clone();
        let mut styles = vec![(whole.len(), atom.strong, atom.emphasis)];
        while let Some(next) = atoms.get(at)
            && let Said::Text(text) = &next.said
        {
            whole.push_str(text);
            styles.push((whole.len(), next.strong, next.emphasis));
            at += 1;
        }
        let mut from = 0;
        let mut rest = whole.as_str();
        while !rest.is_empty() {
            if let Some((cite, behind)) = cite_at(rest).filter(|_| cites && rest.starts_with('[')) {
                out.push(word(Token::Note(cite)));
                from += rest.len() - behind.len();
                rest = behind;
                continue;
            }
            let piece = rest.split_word_bounds().next().unwrap_or(rest);
            let style = styles.iter().find(|(end, _, _)| *end > from);
            let (strong, emphasis) = style.map_or((false, false), |(_, b, i)| (*b, *i));
            out.push(word(Token::Word {
                text: piece.to_owned(),
                strong,
                emphasis,
                missing: false,
            }));
            from += piece.len();
            rest = rest.get(piece.len()..).unwrap_or_default();
        }
    }
    out
}

/// The Markdown of a block after a review; none when it says what it said.
fn after(spans: &[Span], kind: Kind, atoms: &[Atom]) -> Option<String> {
    let old: Vec<Word> = token::tokens(spans).into_iter().map(word).collect();
    // Where the text itself holds brackets that look like a citation, a typed one is text too.
    let literal = spans
        .iter()
        .any(|span| matches!(span, Span::Text { text, .. } if text.contains("[e")));
    let mut new = tokens(atoms, !literal);
    let edge = |word: &Word| word.key == " " && word.token != Token::Break;
    while new.last().is_some_and(edge) {
        new.pop();
    }
    let lead = new.iter().take_while(|word| edge(word)).count();
    new.drain(..lead);
    if flat(&old) == flat(&new) {
        return None;
    }
    let row = matches!(kind, Kind::Row { .. });
    let lines = !row && !matches!(kind, Kind::Heading(_));
    let spans = inline::spans(&marks(&old, &new), lines);
    Some(parse::settled(kind, spans))
}

/// What words say, whatever the white space between them is made of.
fn flat(words: &[Word]) -> String {
    let said = keys(words).concat();
    said.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn keys(words: &[Word]) -> Vec<&str> {
    words.iter().map(|word| word.key.as_str()).collect()
}

/// The characters of the new words. A word that stayed is as it was written in the original.
fn marks(old: &[Word], new: &[Word]) -> Vec<Mark> {
    let mut out = Vec::new();
    let mut tokens: Vec<Token> = Vec::new();
    for op in compare(&keys(old), &keys(new)) {
        let same = matches!(op, similar::DiffOp::Equal { .. });
        let from = if same {
            old.get(op.old_range())
        } else {
            new.get(op.new_range())
        };
        tokens.extend(
            from.unwrap_or_default()
                .iter()
                .map(|word| word.token.clone()),
        );
    }
    // A reviewer may also write down what is missing.
    let asks = new.windows(3).any(|three| {
        let said: Vec<&str> = three.iter().map(|word| word.key.as_str()).collect();
        said == ["[", "MISSING", ":"]
    });
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Break if matches!(tokens.get(at + 1), Some(Token::Name(_))) => {
                out.extend(inline::literal("\n", false, false, false));
            }
            Token::Break => out.push(Mark::stop()),
            Token::Note(cite) | Token::Name(cite) => {
                out.extend(inline::literal(&cite.to_string(), true, false, false));
            }
            Token::Word {
                text,
                strong,
                emphasis,
                missing,
            } => {
                let acts =
                    *missing || (asks && matches!(text.as_str(), "[" | "]" | "MISSING" | ":"));
                for mut mark in inline::literal(text, false, *strong, *emphasis) {
                    mark.literal = !acts;
                    out.push(mark);
                }
            }
        }
    }
    out
}
