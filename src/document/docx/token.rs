//! A block as words, so that a change can be tracked word by word and a remark can be about some.

use unicode_segmentation::UnicodeSegmentation as _;

use super::super::redline::compare;
use super::super::{Block, Cite, Span};

/// A word, a break or a citation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Token {
    /// A word, a space or a stop.
    Word {
        text: String,
        strong: bool,
        emphasis: bool,
        missing: bool,
    },
    /// A footnote to evidence.
    Note(Cite),
    /// A citation that names a line of the list of evidence: text, no footnote.
    Name(Cite),
    /// A line break, or the end of a cell.
    Break,
}

impl Token {
    /// What the token reads as, with a citation as it is written.
    pub(super) fn read(&self) -> String {
        match self {
            Self::Word { text, .. } => text.clone(),
            Self::Note(cite) | Self::Name(cite) => cite.to_string(),
            Self::Break => "\n".to_owned(),
        }
    }
}

/// The tokens of spans. A citation at the beginning of a line names what the line says, as in the
/// list of evidence.
pub(super) fn tokens(spans: &[Span]) -> Vec<Token> {
    let mut out: Vec<Token> = Vec::new();
    let mut start = true;
    for span in spans {
        match span {
            Span::Text {
                text,
                strong,
                emphasis,
            } => {
                for word in text.split_word_bounds() {
                    out.push(word_token(word, *strong, *emphasis, false));
                }
                start = text.ends_with('\n');
            }
            Span::Missing(what) => {
                for word in format!("[MISSING: {what}]").split_word_bounds() {
                    out.push(word_token(word, false, false, true));
                }
                start = false;
            }
            Span::Cite(cite) if start => {
                if let Some(last) = out.last_mut().filter(|last| last.read() == "\n") {
                    *last = Token::Break;
                }
                out.push(Token::Name(*cite));
                start = false;
            }
            Span::Cite(cite) => out.push(Token::Note(*cite)),
            Span::Break => {
                out.push(Token::Break);
                start = true;
            }
        }
    }
    out
}

fn word_token(word: &str, strong: bool, emphasis: bool, missing: bool) -> Token {
    Token::Word {
        text: word.to_owned(),
        strong,
        emphasis,
        missing,
    }
}

/// What happens to a token in a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Stays,
    Goes,
    Comes,
}

/// A block with what a change does to it.
pub(super) fn changed(block: &Block, after: Option<&[Span]>) -> Vec<(Token, Fate)> {
    let old = tokens(&block.spans);
    let Some(after) = after else {
        return old.into_iter().map(|token| (token, Fate::Stays)).collect();
    };
    let new = tokens(after);
    let mut out = Vec::new();
    for op in compare(&old, &new) {
        let (was, is) = (old.get(op.old_range()), new.get(op.new_range()));
        if matches!(op, similar::DiffOp::Equal { .. }) {
            out.extend(
                was.unwrap_or_default()
                    .iter()
                    .map(|token| (token.clone(), Fate::Stays)),
            );
            continue;
        }
        out.extend(
            was.unwrap_or_default()
                .iter()
                .map(|token| (token.clone(), Fate::Goes)),
        );
        out.extend(
            is.unwrap_or_default()
                .iter()
                .map(|token| (token.clone(), Fate::Comes)),
        );
    }
    out
}
