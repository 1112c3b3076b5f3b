//! What changed between two texts: blocks aligned, words compared inside them.

use std::collections::HashMap;

use similar::{Algorithm, DiffOp, capture_diff_slices};
use unicode_segmentation::UnicodeSegmentation as _;

use super::{Block, Document, Kind, Span, inline};

/// Beyond this many pairs of words (or of blocks) a comparison would take longer than a reader
/// waits; what differs is then shown as removed and added whole.
const MOST_PAIRS: usize = 4_000_000;

/// Words of a block as they were and as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// In both texts.
    Same(String),
    /// In the new text alone.
    Added(String),
    /// In the old text alone.
    Removed(String),
}

/// A block of either text, or of both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedlineBlock {
    /// What it is, in the new text if it is there.
    pub kind: Kind,
    /// Its place in the old text.
    pub old: Option<usize>,
    /// Its place in the new text.
    pub new: Option<usize>,
    /// What it said and says. Emphasis and citations stand in it as they are written.
    pub pieces: Vec<Piece>,
}

impl RedlineBlock {
    /// Whether the block says something else than before, is new, or is gone.
    pub fn changed(&self) -> bool {
        self.old.is_none()
            || self.new.is_none()
            || (self.pieces.iter()).any(|piece| !matches!(piece, Piece::Same(_)))
    }
}

/// What changed from one text to another, block by block in the order of reading.
pub fn redline(old: &str, new: &str) -> Vec<RedlineBlock> {
    let (old, new) = (Document::parse(old), Document::parse(new));
    let was: Vec<Tokens> = old.blocks.iter().map(Tokens::of).collect();
    let is: Vec<Tokens> = new.blocks.iter().map(Tokens::of).collect();
    let mut out = Vec::new();
    for op in compare(&was, &is) {
        let (Some(was), Some(is)) = (was.get(op.old_range()), is.get(op.new_range())) else {
            continue;
        };
        if let DiffOp::Equal { .. } = op {
            out.extend(was.iter().zip(is).map(|(was, is)| both(was, is)));
        } else {
            align(&mut out, was, is);
        }
    }
    out
}

/// A block as words.
#[derive(Debug, Clone)]
struct Tokens {
    index: usize,
    kind: Kind,
    words: Vec<String>,
}

// Equal when they say the same: a number that a list gave is no change of words.
impl PartialEq for Tokens {
    fn eq(&self, other: &Self) -> bool {
        self.words == other.words && same_kind(self.kind, other.kind)
    }
}

impl Eq for Tokens {}

impl PartialOrd for Tokens {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Tokens {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.words.cmp(&other.words)
    }
}

impl std::hash::Hash for Tokens {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.words.hash(state);
    }
}

fn same_kind(one: Kind, other: Kind) -> bool {
    match (one, other) {
        (Kind::Item { .. }, Kind::Item { .. }) => true,
        (one, other) => one == other,
    }
}

impl Tokens {
    fn of(block: &Block) -> Self {
        let mut words = Vec::new();
        for span in &block.spans {
            match span {
                Span::Text {
                    text,
                    strong,
                    emphasis,
                } => {
                    let around = match (strong, emphasis) {
                        (true, true) => "***",
                        (true, false) => "**",
                        (false, true) => "*",
                        (false, false) => "",
                    };
                    if !around.is_empty() {
                        words.push(around.to_owned());
                    }
                    let text = text.replace('\n', " ");
                    words.extend(text.split_word_bounds().map(str::to_owned));
                    if !around.is_empty() {
                        words.push(around.to_owned());
                    }
                }
                Span::Break if matches!(block.kind, Kind::Row { .. }) => {
                    words.push(" | ".to_owned());
                }
                other => words.push(inline::shown(other)),
            }
        }
        Self {
            index: block.index,
            kind: block.kind,
            words,
        }
    }
}

/// Differences of two slices; where they are too long, what lies between their common ends differs.
pub(super) fn compare<T: Eq + std::hash::Hash + Ord>(old: &[T], new: &[T]) -> Vec<DiffOp> {
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (was, is) = (old.get(head..), new.get(head..));
    let (was, is) = (was.unwrap_or_default(), is.unwrap_or_default());
    let tail = (was.iter().rev().zip(is.iter().rev()))
        .take_while(|(a, b)| a == b)
        .count();
    let (was_len, is_len) = (was.len() - tail, is.len() - tail);
    if was_len.saturating_mul(is_len) <= MOST_PAIRS {
        return capture_diff_slices(Algorithm::Patience, old, new);
    }
    let equal = |old_index, new_index, len| DiffOp::Equal {
        old_index,
        new_index,
        len,
    };
    vec![
        equal(0, 0, head),
        DiffOp::Replace {
            old_index: head,
            old_len: was_len,
            new_index: head,
            new_len: is_len,
        },
        equal(head + was_len, head + is_len, tail),
    ]
}

/// Pairs the blocks of a stretch that differs so that what is alike stands together.
fn align(out: &mut Vec<RedlineBlock>, was: &[Tokens], is: &[Tokens]) {
    if was.len().saturating_mul(is.len()) > 40_000 {
        out.extend(was.iter().map(gone));
        out.extend(is.iter().map(come));
        return;
    }
    let bags: Vec<_> = was.iter().map(bag).collect();
    let others: Vec<_> = is.iter().map(bag).collect();
    let wide = is.len() + 1;
    // best[i * wide + j]: the most likeness of what is left from (i, j) on.
    let mut best = vec![0_u32; (was.len() + 1) * wide];
    let get = |best: &[u32], i: usize, j: usize| best.get(i * wide + j).copied().unwrap_or(0);
    let mut alike = vec![0_u32; was.len() * is.len()];
    for (i, one) in bags.iter().enumerate().rev() {
        for (j, other) in others.iter().enumerate().rev() {
            let like = likeness(one, other);
            let together = if like >= 300 {
                like + get(&best, i + 1, j + 1)
            } else {
                0
            };
            let most = together.max(get(&best, i + 1, j)).max(get(&best, i, j + 1));
            if let Some(cell) = best.get_mut(i * wide + j) {
                *cell = most;
            }
            if let Some(cell) = alike.get_mut(i * is.len() + j) {
                *cell = like;
            }
        }
    }
    let (mut i, mut j) = (0, 0);
    loop {
        match (was.get(i), is.get(j)) {
            (Some(old), Some(new)) => {
                let like = alike.get(i * is.len() + j).copied().unwrap_or(0);
                let now = get(&best, i, j);
                if like >= 300 && now == like + get(&best, i + 1, j + 1) {
                    out.push(both(old, new));
                    (i, j) = (i + 1, j + 1);
                } else if now == get(&best, i + 1, j) {
                    out.push(gone(old));
                    i += 1;
                } else {
                    out.push(come(new));
                    j += 1;
                }
            }
            (Some(old), None) => {
                out.push(gone(old));
                i += 1;
            }
            (None, Some(new)) => {
                out.push(come(new));
                j += 1;
            }
            (None, None) => return,
        }
    }
}

type Bag<'t> = (HashMap<&'t str, u32>, u32);

/// The words of a block and how many they are; white space and stops say nothing.
fn bag(tokens: &Tokens) -> Bag<'_> {
    let mut bag: HashMap<&str, u32> = HashMap::new();
    let mut count = 0;
    for word in &tokens.words {
        if word.chars().any(char::is_alphanumeric) {
            *bag.entry(word).or_default() += 1;
            count += 1;
        }
    }
    (bag, count)
}

/// How alike two blocks are, from 0 to 1,000 (Dice).
fn likeness(one: &Bag<'_>, other: &Bag<'_>) -> u32 {
    let all = one.1 + other.1;
    if all == 0 {
        return 0;
    }
    let shared: u32 = (one.0.iter())
        .map(|(word, count)| (*count).min(other.0.get(word).copied().unwrap_or(0)))
        .sum();
    2_000 * shared / all
}

fn gone(block: &Tokens) -> RedlineBlock {
    RedlineBlock {
        kind: block.kind,
        old: Some(block.index),
        new: None,
        pieces: vec![Piece::Removed(block.words.concat())],
    }
}

fn come(block: &Tokens) -> RedlineBlock {
    RedlineBlock {
        kind: block.kind,
        old: None,
        new: Some(block.index),
        pieces: vec![Piece::Added(block.words.concat())],
    }
}

fn both(old: &Tokens, new: &Tokens) -> RedlineBlock {
    RedlineBlock {
        kind: new.kind,
        old: Some(old.index),
        new: Some(new.index),
        pieces: words(&old.words, &new.words),
    }
}

/// The pieces of two runs of words. A lone space between two changed words belongs to the change.
fn words(old: &[String], new: &[String]) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::new();
    let ops = compare(old, new);
    let (mut removed, mut added) = (String::new(), String::new());
    for (number, op) in ops.iter().enumerate() {
        let was = old.get(op.old_range()).unwrap_or_default().concat();
        let is = new.get(op.new_range()).unwrap_or_default().concat();
        let space = was.trim().is_empty() && number > 0 && number + 1 < ops.len();
        if matches!(op, DiffOp::Equal { .. })
            && !(space && !removed.is_empty() && !added.is_empty())
        {
            flush(&mut out, &mut removed, &mut added);
            if !was.is_empty() {
                out.push(Piece::Same(was));
            }
        } else {
            removed.push_str(&was);
            added.push_str(&is);
        }
    }
    flush(&mut out, &mut removed, &mut added);
    out
}

fn flush(out: &mut Vec<Piece>, removed: &mut String, added: &mut String) {
    if !removed.is_empty() {
        out.push(Piece::Removed(std::mem::take(removed)));
    }
    if !added.is_empty() {
        out.push(Piece::Added(std::mem::take(added)));
    }
}
