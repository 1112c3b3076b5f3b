//! Everything that a Word or PDF file of a notice holds.

use jiff::Timestamp;

use super::{Change, Cite, Comment, Document};

/// A footnote names at most so many items of evidence one by one.
const MOST_LINES: usize = 20;

/// A notice as it is handed to people who work in Word or need paper.
#[derive(Debug, Clone)]
pub struct Sheet {
    /// The title of the file.
    pub title: String,
    /// The privilege banner, in the header of each page.
    pub banner: Option<String>,
    /// Who gets it.
    pub distribution: Vec<String>,
    /// The language of the text, as in BCP 47: `en-US`, `de-DE`, `pt-PT`.
    pub language: String,
    /// The text.
    pub document: Document,
    /// What the marks of evidence mean: number and line.
    pub evidence: Vec<(u32, String)>,
    /// Comments, in the margin.
    pub comments: Vec<Comment>,
    /// Suggested changes, tracked.
    pub changes: Vec<Suggestion>,
    /// The digest that the approval binds, as written by `Digest`.
    pub bind: String,
    /// The neutral reference of case and notice, in the header of each page.
    pub reference: String,
    /// The time that the file says it was made.
    pub at: Timestamp,
}

/// Words around the text, in its language.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words {
    /// Before the list of who gets it.
    pub distribution: &'static str,
    /// “Page”, as in “Page 2 of 5”.
    pub page: &'static str,
    /// “of”, as in “Page 2 of 5”.
    pub of: &'static str,
}

impl Sheet {
    /// The words around the text; English where the language is not known.
    pub(super) fn words(&self) -> Words {
        let (distribution, page, of) = match self.language.get(..2) {
            Some("de") => ("Verteiler", "Seite", "von"),
            Some("pt") => ("Distribuição", "Página", "de"),
            _ => ("Distribution", "Page", "of"),
        };
        Words {
            distribution,
            page,
            of,
        }
    }

    /// What a footnote says about the evidence that a mark names.
    pub(super) fn evidence_of(&self, cite: Cite) -> String {
        let mut said: Vec<String> = (cite.numbers().take(MOST_LINES))
            .filter_map(|number| {
                let (_, line) = self.evidence.iter().find(|(known, _)| *known == number)?;
                Some(if cite.first == cite.last {
                    line.clone()
                } else {
                    format!("e{number}: {line}")
                })
            })
            .collect();
        let all = (cite.last - cite.first) as usize + 1;
        if all > MOST_LINES {
            said.push(format!("and {} more", all - MOST_LINES));
        }
        said.join("; ")
    }
}

/// A change that somebody suggested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// The change.
    pub change: Change,
    /// Who suggested it.
    pub author: String,
    /// When; unknown when a program that wrote it did not say.
    pub at: Option<Timestamp>,
}
