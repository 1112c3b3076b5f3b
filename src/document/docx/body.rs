//! The text: paragraphs, lists, tables, each block between bookmarks of its own.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::super::{Block, Document, Kind, Sheet, Span, write as markdown};
use super::margin::Margin;
use super::paragraph::{Frame, Notes, Revision, Runs};
use super::token::{self, Fate, Token};
use super::{BOOKMARK, FRONT, NAMES, XML, esc};
use crate::document::sheet::Suggestion;

/// A list: how deep, and the number it begins with (none: bullets).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct List {
    pub depth: u8,
    pub first: Option<u64>,
}

/// The parts that the text makes.
#[derive(Debug)]
pub(super) struct Story {
    pub document: String,
    pub footnotes: String,
    /// The lists with numbers, in order: each begins anew.
    pub lists: Vec<List>,
}

struct Writer<'s> {
    sheet: &'s Sheet,
    margin: &'s Margin,
    out: String,
    notes: Notes<'s>,
    lists: Vec<List>,
    /// The number of the list and the next number, per depth.
    open: Vec<(usize, Option<u64>)>,
    /// Ids of bookmarks and revisions: one row of numbers, none twice.
    next: usize,
}

impl Story {
    pub(super) fn of(sheet: &Sheet, margin: &Margin) -> Self {
        let mut writer = Writer {
            sheet,
            margin,
            out: format!("{XML}<w:document {NAMES}><w:body>"),
            notes: Notes::new(sheet),
            lists: Vec::new(),
            open: Vec::new(),
            next: 1,
        };
        writer.front();
        writer.blocks();
        writer.section();
        Self {
            document: writer.out,
            footnotes: writer.notes.part(),
            lists: writer.lists,
        }
    }
}

impl<'s> Writer<'s> {
    fn id(&mut self) -> usize {
        self.next += 1;
        self.next - 1
    }

    /// Who gets it: before the text, and not part of it.
    fn front(&mut self) {
        if self.sheet.distribution.is_empty() {
            return;
        }
        let word = self.sheet.words().distribution;
        let id = self.id();
        let _ = write!(
            self.out,
            "<w:p><w:pPr><w:pStyle w:val=\"Distribution\"/></w:pPr>\
             <w:bookmarkStart w:id=\"{id}\" w:name=\"{FRONT}\"/>\
             <w:r><w:t xml:space=\"preserve\">{word}: {}</w:t></w:r><w:bookmarkEnd w:id=\"{id}\"/></w:p>",
            esc(&self.sheet.distribution.join("; "))
        );
    }

    fn blocks(&mut self) {
        let sheet = self.sheet;
        let mut taken: BTreeSet<usize> = BTreeSet::new();
        let mut waiting: Vec<&'s Suggestion> = Vec::new();
        let mut table = false;
        for block in &sheet.document.blocks {
            let row = matches!(block.kind, Kind::Row { .. });
            let header = block.kind == (Kind::Row { header: true });
            if table && (!row || header) {
                self.out.push_str("</w:tbl>");
                table = false;
                // Word joins tables that touch.
                if header {
                    self.out.push_str("<w:p/>");
                }
                self.come(std::mem::take(&mut waiting));
            }
            if row && !table {
                self.table(block);
                table = true;
            }
            let change = sheet.changes.iter().find(|suggestion| {
                suggestion.change.block == block.index
                    && !suggestion.change.before.is_empty()
                    && suggestion.change.before == block.source
                    && taken.insert(block.index)
            });
            if row {
                self.row(block, change);
            } else {
                self.block(block, change);
            }
            let new = (sheet.changes.iter()).filter(|suggestion| {
                suggestion.change.block == block.index && suggestion.change.before.is_empty()
            });
            waiting.extend(new);
            if !row {
                self.come(std::mem::take(&mut waiting));
            }
        }
        if table {
            self.out.push_str("</w:tbl><w:p/>");
            self.come(waiting);
        }
    }

    /// Blocks that somebody suggested to put in.
    fn come(&mut self, suggestions: Vec<&'s Suggestion>) {
        for suggestion in suggestions {
            for block in Document::parse(&suggestion.change.after).blocks {
                let tokens = token::tokens(&block.spans);
                let tokens = tokens
                    .into_iter()
                    .map(|token| (token, Fate::Comes))
                    .collect();
                let revision = Some(Revision::of(suggestion));
                self.paragraph(&block, tokens, revision, Some(Fate::Comes), false);
            }
        }
    }

    fn block(&mut self, block: &Block, change: Option<&'s Suggestion>) {
        let (tokens, fate) = fates(block, change);
        self.paragraph(block, tokens, change.map(Revision::of), fate, true);
    }

    fn paragraph(
        &mut self,
        block: &Block,
        tokens: Vec<(Token, Fate)>,
        revision: Option<Revision<'s>>,
        fate: Option<Fate>,
        known: bool,
    ) {
        let numbering = self.numbering(block.kind);
        let id = self.id();
        let paragraph = known.then(|| 0x1000_0001_usize.saturating_add(block.index));
        let frame = Frame {
            style: style(block),
            numbering,
            paragraph,
            bookmark: known.then(|| (id, format!("{BOOKMARK}{}", block.index))),
            mark: fate,
        };
        let comments: Vec<_> = if known {
            let last = self.sheet.document.blocks.len().saturating_sub(1);
            self.margin.on(block.index, last).collect()
        } else {
            Vec::new()
        };
        let mut runs = Runs::new(&mut self.notes, &mut self.next, revision);
        let text = runs.paragraph(&frame, tokens, &comments);
        self.out.push_str(&text);
    }

    /// The list and level of an item; a number that does not follow begins a list.
    fn numbering(&mut self, kind: Kind) -> Option<(usize, u8)> {
        let Kind::Item { depth, ordered } = kind else {
            self.open.clear();
            return None;
        };
        let depth = depth.min(8);
        self.open.truncate(usize::from(depth) + 1);
        while self.open.len() < usize::from(depth) {
            self.open.push((0, None));
        }
        let Some(number) = ordered else {
            self.open.truncate(usize::from(depth));
            self.open.push((0, None));
            return Some((1, depth));
        };
        let list = match self.open.get(usize::from(depth)) {
            Some((list, Some(next))) if *next == number => *list,
            _ => {
                self.lists.push(List {
                    depth,
                    first: Some(number),
                });
                // The first two are bullets and the plain numbers of the style.
                self.lists.len() + 2
            }
        };
        self.open.truncate(usize::from(depth));
        self.open.push((list, Some(number.saturating_add(1))));
        Some((list, depth))
    }

    fn table(&mut self, header: &Block) {
        let cells = header.cells().len().max(1);
        let width = 9_000 / cells;
        let columns = format!("<w:gridCol w:w=\"{width}\"/>").repeat(cells);
        let _ = write!(
            self.out,
            "<w:tbl><w:tblPr><w:tblStyle w:val=\"NoticeTable\"/><w:tblW w:w=\"5000\" w:type=\"pct\"/>\
             <w:tblLook w:val=\"0020\" w:firstRow=\"1\" w:lastRow=\"0\" w:firstColumn=\"0\" \
             w:lastColumn=\"0\" w:noHBand=\"1\" w:noVBand=\"1\"/></w:tblPr><w:tblGrid>{columns}</w:tblGrid>"
        );
    }

    fn row(&mut self, block: &Block, change: Option<&'s Suggestion>) {
        let revision = change.map(Revision::of);
        let gone = change.is_some_and(|suggestion| suggestion.change.after.trim().is_empty());
        let (tokens, _) = fates(block, change);
        let mut properties = String::new();
        if gone && let Some(revision) = &revision {
            let id = self.id();
            let _ = write!(properties, "<w:del {}/>", revision.attributes(id));
        }
        if block.kind == (Kind::Row { header: true }) {
            properties.insert_str(0, "<w:tblHeader/>");
        }
        let properties = match properties.as_str() {
            "" => String::new(),
            some => format!("<w:trPr>{some}</w:trPr>"),
        };
        let _ = write!(self.out, "<w:tr>{properties}");
        let last = self.sheet.document.blocks.len().saturating_sub(1);
        let cells: Vec<_> = tokens
            .split(|(token, fate)| *token == Token::Break && *fate != Fate::Comes)
            .map(<[_]>::to_vec)
            .collect();
        for (number, cell) in cells.into_iter().enumerate() {
            let id = self.id();
            let first = number == 0;
            let frame = Frame {
                style: "TableText",
                numbering: None,
                paragraph: first.then(|| 0x1000_0001_usize.saturating_add(block.index)),
                bookmark: first.then(|| (id, format!("{BOOKMARK}{}", block.index))),
                mark: gone.then_some(Fate::Goes),
            };
            let comments: Vec<_> = if first {
                self.margin.on(block.index, last).collect()
            } else {
                Vec::new()
            };
            let mut runs = Runs::new(&mut self.notes, &mut self.next, revision.clone());
            let text = runs.paragraph(&frame, cell, &comments);
            let _ = write!(
                self.out,
                "<w:tc><w:tcPr><w:tcW w:w=\"0\" w:type=\"auto\"/></w:tcPr>{text}</w:tc>"
            );
        }
        self.out.push_str("</w:tr>");
    }

    fn section(&mut self) {
        // The addressee's paper: US Letter for American English, A4 for everybody else.
        let (width, height) = if self.sheet.language.eq_ignore_ascii_case("en-US") {
            (12_240, 15_840)
        } else {
            (11_906, 16_838)
        };
        let _ = write!(
            self.out,
            "<w:sectPr><w:headerReference w:type=\"default\" r:id=\"rId5\"/>\
             <w:footerReference w:type=\"default\" r:id=\"rId6\"/>\
             <w:pgSz w:w=\"{width}\" w:h=\"{height}\"/><w:pgMar w:top=\"1701\" w:right=\"1418\" \
             w:bottom=\"1418\" w:left=\"1418\" w:header=\"709\" w:footer=\"709\" w:gutter=\"0\"/>\
             </w:sectPr></w:body></w:document>"
        );
    }
}

/// The tokens of a block under a change, and what happens to its paragraph.
fn fates(block: &Block, change: Option<&Suggestion>) -> (Vec<(Token, Fate)>, Option<Fate>) {
    let Some(suggestion) = change else {
        return (token::changed(block, None), None);
    };
    let after = suggestion.change.after.trim();
    if after.is_empty() {
        let tokens = token::tokens(&block.spans);
        let tokens = tokens
            .into_iter()
            .map(|token| (token, Fate::Goes))
            .collect();
        return (tokens, Some(Fate::Goes));
    }
    let mut spans: Vec<Span> = Vec::new();
    let text = match block.kind {
        // A row alone is no table.
        Kind::Row { .. } => {
            let cells = block.cells().len();
            format!("{after}\n|{}", "---|".repeat(cells))
        }
        Kind::Item { ordered, .. } => markdown::block(Kind::Item { depth: 0, ordered }, after),
        kind => markdown::block(kind, after),
    };
    for found in Document::parse(&text).blocks {
        if !spans.is_empty() {
            spans.push(Span::Break);
        }
        spans.extend(found.spans);
    }
    (token::changed(block, Some(&spans)), None)
}

const fn style(block: &Block) -> &'static str {
    match block.kind {
        Kind::Heading(1) if block.index == 0 => "Title",
        Kind::Heading(1 | 2) => "Heading1",
        Kind::Heading(3) => "Heading2",
        Kind::Heading(_) => "Heading3",
        Kind::Paragraph => "BodyText",
        Kind::Item { ordered: None, .. } => "ListBullet",
        Kind::Item { .. } => "ListNumber",
        Kind::Quote => "Quote",
        Kind::Row { .. } => "TableText",
        Kind::Rule => "Rule",
    }
}
