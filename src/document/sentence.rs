//! Sentences, so that a reader can ask of each what it stands on.

use super::{Cite, Span};

/// A sentence with what it stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// The words, without citations.
    pub text: String,
    /// The citations in it and right behind it.
    pub cites: Vec<Cite>,
    /// The sentence as it is shown; the spans of all sentences together are those of the block.
    pub spans: Vec<Span>,
}

/// Words before a full stop that does not end a sentence, in the three languages of notices.
const SHORT: &[&str] = &[
    "art", "arts", "no", "nos", "nr", "n", "sec", "sect", "para", "paras", "p", "pp", "vol", "ch",
    "cf", "e.g", "i.e", "eg", "ie", "etc", "vs", "v", "mr", "mrs", "ms", "dr", "prof", "st", "inc",
    "ltd", "co", "corp", "approx", "ca", "fig", "u.s", "u.s.c", "c.f.r", "abs", "bzw", "z.b",
    "d.h", "u.a", "ggf", "vgl", "ziff", "lit", "bspw", "usw", "str", "exmo", "exma", "sr", "sra",
    "dra", "al", "núm", "n.º", "pág", "s", "f", "ff", "jan", "feb", "mar", "apr", "jun", "jul",
    "aug", "sep", "sept", "oct", "okt", "nov", "dec", "dez",
];

pub(super) fn split(spans: &[Span]) -> Vec<Sentence> {
    let mut out = Vec::new();
    let mut now = Sentence::empty();
    for span in spans {
        let Span::Text {
            text,
            strong,
            emphasis,
        } = span
        else {
            now.add(span.clone());
            continue;
        };
        let mut piece = String::new();
        for c in text.chars() {
            if c.is_whitespace() && now.ends(&piece) {
                piece.push(c);
                now.add_text(std::mem::take(&mut piece), *strong, *emphasis);
                out.push(std::mem::replace(&mut now, Sentence::empty()));
                continue;
            }
            piece.push(c);
        }
        now.add_text(piece, *strong, *emphasis);
    }
    out.push(now);
    // What is only white space or a number of evidence belongs to the sentence before it.
    let mut kept: Vec<Sentence> = Vec::new();
    for sentence in out {
        match kept.last_mut() {
            Some(last) if sentence.text.trim().is_empty() => {
                last.cites.extend(sentence.cites);
                last.spans.extend(sentence.spans);
            }
            _ => kept.push(sentence),
        }
    }
    kept.retain(|sentence| !sentence.spans.is_empty());
    for sentence in &mut kept {
        sentence.text = sentence.text.trim().to_owned();
    }
    kept
}

impl Sentence {
    const fn empty() -> Self {
        Self {
            text: String::new(),
            cites: Vec::new(),
            spans: Vec::new(),
        }
    }

    fn add(&mut self, span: Span) {
        match &span {
            Span::Cite(cite) => self.cites.push(*cite),
            Span::Break => self.text.push(' '),
            other => self.text.push_str(&super::inline::shown(other)),
        }
        self.spans.push(span);
    }

    fn add_text(&mut self, text: String, strong: bool, emphasis: bool) {
        if text.is_empty() {
            return;
        }
        self.text.push_str(&text.replace('\n', " "));
        self.spans.push(Span::Text {
            text,
            strong,
            emphasis,
        });
    }

    /// Whether a sentence ends here, before white space.
    fn ends(&self, piece: &str) -> bool {
        let closes = |c: char| matches!(c, '"' | '”' | '’' | '»' | ')' | '\'');
        let said = piece.trim_end_matches(closes);
        let before = if said.is_empty() {
            self.text.trim_end_matches(closes)
        } else {
            said
        };
        let Some(stop) = before.chars().next_back() else {
            return false;
        };
        if matches!(stop, '!' | '?' | '…') {
            return true;
        }
        if stop != '.' {
            return false;
        }
        let word = before.trim_end_matches('.');
        let word = word
            .rsplit(|c: char| c.is_whitespace() || matches!(c, '(' | '[' | ',' | '§'))
            .next()
            .unwrap_or_default()
            .to_lowercase();
        // An initial, an ordinal ("3. März") or a word that is cut short.
        let initial = word.chars().count() == 1 && word.chars().all(char::is_alphabetic);
        let ordinal =
            word.len() < 3 && !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit());
        !(initial || ordinal || SHORT.contains(&word.as_str()))
    }
}
