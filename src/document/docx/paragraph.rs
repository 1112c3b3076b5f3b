//! One paragraph as runs: emphasis, footnotes, tracked changes and the places of comments.

use std::fmt::Write as _;

use super::super::{Cite, Comment, Sheet};
use super::token::{Fate, Token};
use super::{NAMES, XML, date, esc};
use crate::document::sheet::Suggestion;

/// Who suggested a change and when.
#[derive(Debug, Clone)]
pub(super) struct Revision<'s> {
    author: &'s str,
    at: Option<jiff::Timestamp>,
}

impl<'s> Revision<'s> {
    pub(super) fn of(suggestion: &'s Suggestion) -> Self {
        Self {
            author: &suggestion.author,
            at: suggestion.at,
        }
    }

    pub(super) fn attributes(&self, id: usize) -> String {
        let at = (self.at).map_or(String::new(), |at| format!(" w:date=\"{}\"", date(at)));
        format!("w:id=\"{id}\" w:author=\"{}\"{at}", esc(self.author))
    }
}

/// What a paragraph is, besides its words.
#[derive(Debug)]
pub(super) struct Frame {
    pub style: &'static str,
    pub numbering: Option<(usize, u8)>,
    pub paragraph: Option<usize>,
    pub bookmark: Option<(usize, String)>,
    /// Whether the paragraph itself comes or goes.
    pub mark: Option<Fate>,
}

/// The footnotes of a document.
#[derive(Debug)]
pub(super) struct Notes<'s> {
    sheet: &'s Sheet,
    cites: Vec<Cite>,
}

impl<'s> Notes<'s> {
    pub(super) const fn new(sheet: &'s Sheet) -> Self {
        Self {
            sheet,
            cites: Vec::new(),
        }
    }

    /// The id of a new footnote; 1 and up, below are the separators.
    fn add(&mut self, cite: Cite) -> usize {
        self.cites.push(cite);
        self.cites.len()
    }

    /// `word/footnotes.xml`.
    pub(super) fn part(&self) -> String {
        let mut out = format!("{XML}<w:footnotes {NAMES}>");
        for (id, kind, mark) in [
            (-1, "separator", "separator"),
            (0, "continuationSeparator", "continuationSeparator"),
        ] {
            let _ = write!(
                out,
                "<w:footnote w:type=\"{kind}\" w:id=\"{id}\"><w:p><w:pPr><w:spacing w:after=\"0\" \
                 w:line=\"240\" w:lineRule=\"auto\"/></w:pPr><w:r><w:{mark}/></w:r></w:p></w:footnote>"
            );
        }
        for (at, cite) in self.cites.iter().enumerate() {
            let _ = write!(
                out,
                "<w:footnote w:id=\"{}\"><w:p><w:pPr><w:pStyle w:val=\"FootnoteText\"/></w:pPr>\
                 <w:r><w:rPr><w:rStyle w:val=\"FootnoteReference\"/></w:rPr><w:footnoteRef/></w:r>\
                 <w:r><w:t xml:space=\"preserve\"> {cite} {}</w:t></w:r></w:p></w:footnote>",
                at + 1,
                esc(&self.sheet.evidence_of(*cite))
            );
        }
        out.push_str("</w:footnotes>");
        out
    }
}

/// Where a comment begins and ends, in characters of what the paragraph said before any change.
#[derive(Debug)]
struct Place {
    id: usize,
    from: usize,
    to: usize,
    begun: bool,
    ended: bool,
}

/// Writes the runs of a paragraph.
pub(super) struct Runs<'w, 's> {
    notes: &'w mut Notes<'s>,
    next: &'w mut usize,
    revision: Option<Revision<'s>>,
    out: String,
    /// The text of the run that is being gathered, with its properties and fate.
    run: Option<(String, String, Fate)>,
    /// The fate of the `w:ins` or `w:del` that is open.
    open: Fate,
}

impl<'w, 's> Runs<'w, 's> {
    pub(super) const fn new(
        notes: &'w mut Notes<'s>,
        next: &'w mut usize,
        revision: Option<Revision<'s>>,
    ) -> Self {
        Self {
            notes,
            next,
            revision,
            out: String::new(),
            run: None,
            open: Fate::Stays,
        }
    }

    pub(super) fn paragraph(
        &mut self,
        frame: &Frame,
        tokens: Vec<(Token, Fate)>,
        comments: &[(usize, &Comment)],
    ) -> String {
        self.head(frame);
        let mut places = places(&tokens, comments);
        let mut at = 0;
        for (token, fate) in tokens {
            if fate == Fate::Comes {
                self.token(&token, fate);
                continue;
            }
            let Token::Word {
                text,
                strong,
                emphasis,
                missing,
            } = token
            else {
                self.begin(&mut places, at);
                at += token.read().chars().count();
                self.token(&token, fate);
                self.end(&mut places, at);
                continue;
            };
            // A comment may begin or end inside a word.
            let mut piece = String::new();
            for c in text.chars() {
                if places.iter().any(|place| place.from == at && !place.begun) {
                    self.words(
                        &std::mem::take(&mut piece),
                        (strong, emphasis, missing),
                        fate,
                    );
                    self.begin(&mut places, at);
                }
                piece.push(c);
                at += 1;
                if places
                    .iter()
                    .any(|place| place.to == at && place.begun && !place.ended)
                {
                    self.words(
                        &std::mem::take(&mut piece),
                        (strong, emphasis, missing),
                        fate,
                    );
                    self.end(&mut places, at);
                }
            }
            self.words(&piece, (strong, emphasis, missing), fate);
        }
        self.begin(&mut places, usize::MAX);
        self.end(&mut places, usize::MAX);
        self.flush();
        self.shut();
        // Behind the last footnote: LibreOffice 7.4 loses the text of all footnotes when a comment is
        // anchored between two of them.
        for (id, _) in comments {
            let _ = write!(
                self.out,
                "<w:r><w:rPr><w:rStyle w:val=\"CommentReference\"/></w:rPr>\
                 <w:commentReference w:id=\"{id}\"/></w:r>"
            );
        }
        if let Some((id, _)) = &frame.bookmark {
            let _ = write!(self.out, "<w:bookmarkEnd w:id=\"{id}\"/>");
        }
        self.out.push_str("</w:p>");
        std::mem::take(&mut self.out)
    }

    fn id(&mut self) -> usize {
        *self.next += 1;
        *self.next - 1
    }

    // The order of elements is that of the schema (CT_PPr, CT_ParaRPr): Word refuses any other.
    fn head(&mut self, frame: &Frame) {
        let paragraph =
            (frame.paragraph).map_or(String::new(), |id| format!(" w14:paraId=\"{id:08X}\""));
        let _ = write!(
            self.out,
            "<w:p{paragraph}><w:pPr><w:pStyle w:val=\"{}\"/>",
            frame.style
        );
        if let Some((list, level)) = frame.numbering {
            let _ = write!(
                self.out,
                "<w:numPr><w:ilvl w:val=\"{level}\"/><w:numId w:val=\"{list}\"/></w:numPr>"
            );
        }
        let mark = match frame.mark {
            Some(Fate::Comes) => "ins",
            Some(Fate::Goes) => "del",
            _ => "",
        };
        if !mark.is_empty()
            && let Some(revision) = self.revision.clone()
        {
            let id = self.id();
            let _ = write!(
                self.out,
                "<w:rPr><w:{mark} {}/></w:rPr>",
                revision.attributes(id)
            );
        }
        self.out.push_str("</w:pPr>");
        if let Some((id, name)) = &frame.bookmark {
            let _ = write!(
                self.out,
                "<w:bookmarkStart w:id=\"{id}\" w:name=\"{name}\"/>"
            );
        }
    }

    fn token(&mut self, token: &Token, fate: Fate) {
        match token {
            Token::Word {
                text,
                strong,
                emphasis,
                missing,
            } => self.words(text, (*strong, *emphasis, *missing), fate),
            Token::Name(cite) => self.words(&cite.to_string(), (false, false, false), fate),
            Token::Note(cite) => {
                let id = self.notes.add(*cite);
                let inner = format!("<w:footnoteReference w:id=\"{id}\"/>");
                self.lone(
                    "<w:rPr><w:rStyle w:val=\"FootnoteReference\"/></w:rPr>",
                    &inner,
                    fate,
                );
            }
            Token::Break => self.lone("", "<w:br/>", fate),
        }
    }

    /// A run that holds one thing that is no text.
    fn lone(&mut self, properties: &str, inner: &str, fate: Fate) {
        self.flush();
        self.turn(fate);
        let _ = write!(self.out, "<w:r>{properties}{inner}</w:r>");
    }

    fn words(&mut self, text: &str, style: (bool, bool, bool), fate: Fate) {
        if text.is_empty() {
            return;
        }
        let (strong, emphasis, missing) = style;
        let mut properties = String::new();
        if strong {
            properties.push_str("<w:b/>");
        }
        if emphasis {
            properties.push_str("<w:i/>");
        }
        if missing {
            properties.push_str("<w:highlight w:val=\"yellow\"/>");
        }
        if !properties.is_empty() {
            properties = format!("<w:rPr>{properties}</w:rPr>");
        }
        // A line end of the source is a space in Word.
        let text = &text.replace('\n', " ");
        match &mut self.run {
            Some((said, known, same)) if *known == properties && *same == fate => {
                said.push_str(text);
            }
            _ => {
                self.flush();
                self.run = Some((text.to_owned(), properties, fate));
            }
        }
    }

    fn flush(&mut self) {
        let Some((text, properties, fate)) = self.run.take() else {
            return;
        };
        self.turn(fate);
        let tag = if fate == Fate::Goes { "delText" } else { "t" };
        let _ = write!(self.out, "<w:r>{properties}");
        for (number, part) in text.split('\t').enumerate() {
            if number > 0 {
                self.out.push_str("<w:tab/>");
            }
            let _ = write!(
                self.out,
                "<w:{tag} xml:space=\"preserve\">{}</w:{tag}>",
                esc(part)
            );
        }
        self.out.push_str("</w:r>");
    }

    fn turn(&mut self, fate: Fate) {
        if self.open == fate {
            return;
        }
        self.shut();
        let tag = match fate {
            Fate::Stays => return,
            Fate::Goes => "del",
            Fate::Comes => "ins",
        };
        let Some(revision) = self.revision.clone() else {
            return;
        };
        let id = self.id();
        let _ = write!(self.out, "<w:{tag} {}>", revision.attributes(id));
        self.open = fate;
    }

    fn shut(&mut self) {
        match std::mem::replace(&mut self.open, Fate::Stays) {
            Fate::Stays => {}
            Fate::Goes => self.out.push_str("</w:del>"),
            Fate::Comes => self.out.push_str("</w:ins>"),
        }
    }

    fn begin(&mut self, places: &mut [Place], at: usize) {
        for place in places
            .iter_mut()
            .filter(|place| place.from <= at && !place.begun)
        {
            place.begun = true;
            self.flush();
            self.shut();
            let _ = write!(self.out, "<w:commentRangeStart w:id=\"{}\"/>", place.id);
        }
    }

    fn end(&mut self, places: &mut [Place], at: usize) {
        let due = |place: &&mut Place| place.to <= at && place.begun && !place.ended;
        for place in places.iter_mut().filter(due) {
            place.ended = true;
            self.flush();
            self.shut();
            let id = place.id;
            let _ = write!(self.out, "<w:commentRangeEnd w:id=\"{id}\"/>");
        }
    }
}

/// Finds the words that comments are about; a comment whose words are not there is about all.
fn places(tokens: &[(Token, Fate)], comments: &[(usize, &Comment)]) -> Vec<Place> {
    let mut full: Vec<char> = Vec::new();
    // Without citations, and where each character stands in the full text.
    let mut bare: Vec<(char, usize)> = Vec::new();
    for (token, _) in tokens.iter().filter(|(_, fate)| *fate != Fate::Comes) {
        for c in token.read().chars() {
            let c = if c.is_whitespace() { ' ' } else { c };
            if !matches!(token, Token::Note(_)) {
                bare.push((c, full.len()));
            }
            full.push(c);
        }
    }
    let bare_text: Vec<char> = bare.iter().map(|(c, _)| *c).collect();
    (comments.iter())
        .map(|(id, comment)| {
            let quote: Vec<char> = (comment.quote.trim().chars())
                .map(|c| if c.is_whitespace() { ' ' } else { c })
                .collect();
            let place = |text: &[char]| {
                (!quote.is_empty())
                    .then(|| text.windows(quote.len()).position(|window| window == quote))
                    .flatten()
            };
            let (from, to) = if let Some(from) = place(&full) {
                (from, from + quote.len())
            } else if let Some(from) = place(&bare_text) {
                let at = |index: usize| bare.get(index).map_or(full.len(), |(_, at)| *at);
                (at(from), at(from + quote.len() - 1) + 1)
            } else {
                (0, full.len())
            };
            Place {
                id: *id,
                from,
                to,
                begun: false,
                ended: false,
            }
        })
        .collect()
}
