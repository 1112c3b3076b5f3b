//! The text as the lint looks at it: what the page shows, paragraph by paragraph, and what of it is not
//! our words.

use std::collections::HashSet;
use std::ops::Range;

use super::body::Body;
use super::fold::Folded;
use super::quoted::{Given, Not, Paragraph};
use super::{Asked, Finding, Severity};
use crate::document::{Block, Cite, Kind, Span};
use crate::notice::text;

/// A text to look at, as its page shows it, without the marks of evidence. Each paragraph is a line. The
/// readings have the same length: a byte is at the same place in each.
#[derive(Debug)]
pub(super) struct Sheet {
    /// What goes out and its reading copy.
    pub(super) whole: String,
    /// Our words: quotations of evidence and values of the log are blank.
    pub(super) ours: String,
    /// Our words and the values of the log; quotations of evidence are blank.
    pub(super) named: String,
    /// Our words, without the paragraphs that stand as they were drafted; blank where no draft is known.
    pub(super) changed: String,
    /// The subject line, with its line.
    pub(super) subject: Option<(usize, String)>,
    /// Where each line of the text begins in the reading: byte and line, from 1.
    lines: Vec<(usize, usize)>,
    /// Words of two scripts: where, and as they are written.
    mixed: Vec<(usize, String)>,
    /// What nobody filled in: line and words.
    holes: Vec<(usize, String)>,
}

/// What the reading of the blocks gives.
#[derive(Default)]
struct Reader {
    folded: Folded,
    lines: Vec<(usize, usize)>,
    holes: Vec<(usize, String)>,
    marks: Vec<(usize, Cite)>,
}

impl Reader {
    fn block(&mut self, block: &Block, mut line: usize) -> Range<usize> {
        let start = self.folded.text.len();
        let row = matches!(block.kind, Kind::Row { .. });
        self.lines.push((start, line));
        for span in &block.spans {
            match span {
                Span::Text { text, .. } => {
                    for (index, part) in text.split('\n').enumerate() {
                        if index > 0 {
                            line += 1;
                            self.next(line);
                        }
                        self.folded.push(part);
                    }
                }
                Span::Break => {
                    line += usize::from(!row);
                    self.next(line);
                }
                Span::Cite(cite) => {
                    self.folded.end();
                    self.marks.push((self.folded.text.len(), *cite));
                }
                Span::Missing(what) => {
                    self.holes.push((line, what.clone()));
                    self.folded.push(" [MISSING: ");
                    self.folded.push(what);
                    self.folded.push("] ");
                }
            }
        }
        self.folded.end_line();
        start..self.folded.text.len() - 1
    }

    /// Another line of the same paragraph.
    fn next(&mut self, line: usize) {
        self.folded.push(" ");
        self.lines.push((self.folded.text.len(), line));
    }
}

impl Sheet {
    pub(super) fn of(asked: &Asked<'_>, now: &Body<'_>, first: Option<&Body<'_>>) -> Self {
        let given = Given::of(asked);
        let drafted = Drafted::of(asked, first);
        let mut read = Reader::default();
        let mut paragraphs: Vec<Paragraph> = Vec::new();
        for (line, block) in now.blocks() {
            let marks = read.marks.len();
            let at = read.block(block, line);
            paragraphs.push(Paragraph {
                at,
                marks: marks..read.marks.len(),
                drafted: drafted.has(block),
            });
        }
        let whole = read.folded.text;
        let mut ours = whole.clone().into_bytes();
        let mut named = ours.clone();
        for paragraph in &paragraphs {
            let marks = read.marks.get(paragraph.marks.clone());
            for (at, not) in given.not_ours(&whole, paragraph, marks.unwrap_or_default()) {
                blank(&mut ours, &at);
                if not == Not::Quoted {
                    blank(&mut named, &at);
                }
            }
        }
        let mut changed = ours.clone();
        for paragraph in &paragraphs {
            if asked.first.is_none() || paragraph.drafted {
                blank(&mut changed, &paragraph.at);
            }
        }
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap_or_else(|_| whole.clone());
        let subject = text::subject(asked.text).map(|subject| {
            let line = asked.text.lines().position(|line| line.ends_with(subject));
            (line.unwrap_or_default() + 1, Folded::of(subject).text)
        });
        Self {
            ours: text(ours),
            changed: text(changed),
            named: text(named),
            subject,
            lines: read.lines,
            mixed: read.folded.mixed,
            holes: read.holes,
            whole,
        }
    }

    /// The line of a byte.
    pub(super) fn line(&self, at: usize) -> usize {
        let after = self.lines.partition_point(|(start, _)| *start <= at);
        let before = self.lines.get(after.saturating_sub(1));
        before.map_or(1, |(_, line)| *line)
    }

    /// What nobody filled in.
    pub(super) fn missing(&self) -> impl Iterator<Item = Finding> + '_ {
        self.holes.iter().map(|(line, what)| Finding {
            rule: "missing".to_owned(),
            severity: Severity::Warn,
            line: *line,
            words: format!("[MISSING: {what}]"),
            reason: "The text goes out with a hole where a fact belongs.".to_owned(),
            instead: "record the fact and draft again, or take the sentence out".to_owned(),
        })
    }

    /// Words of ours with letters of two scripts: they read as one word and are another.
    pub(super) fn two_scripts(&self) -> impl Iterator<Item = Finding> + '_ {
        let ours = |at: &usize| self.ours.as_bytes().get(*at).is_some_and(|b| *b != b' ');
        let mixed = self.mixed.iter().filter(move |(at, _)| ours(at));
        mixed.map(|(at, word)| two_scripts(self.line(*at), word))
    }
}

/// A word with letters of two scripts.
pub(super) fn two_scripts(line: usize, word: &str) -> Finding {
    Finding {
        rule: "two-scripts".to_owned(),
        severity: Severity::Block,
        line,
        words: word.to_owned(),
        reason: "Letters of two scripts in one word: it is not the word that it looks like."
            .to_owned(),
        instead: "the word, typed in one script; what others wrote stands in quotation marks with its evidence".to_owned(),
    }
}

fn blank(bytes: &mut [u8], at: &Range<usize>) {
    if let Some(part) = bytes.get_mut(at.clone()) {
        part.fill(b' ');
    }
}

/// The paragraphs that a draft was made with: what stands there since is the template's and the log's.
enum Drafted {
    All,
    Some(HashSet<String>),
}

impl Drafted {
    fn of(asked: &Asked<'_>, first: Option<&Body<'_>>) -> Self {
        if asked.first == Some(asked.text) {
            return Self::All;
        }
        let blocks = first.into_iter().flat_map(Body::blocks);
        Self::Some(blocks.map(|(_, block)| block.line()).collect())
    }

    fn has(&self, block: &Block) -> bool {
        match self {
            Self::All => true,
            Self::Some(lines) => lines.contains(&block.line()),
        }
    }
}
