//! Markdown to blocks, with pulldown-cmark. Nothing that stands in a text may vanish from what a
//! person reads and approves: HTML, code, links and link definitions become text.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::inline::{self, Mark};
use super::{Block, Document, Kind, Span};

/// Lists are read this deep; a hostile text may nest them a thousand times.
const DEEPEST: u8 = 8;

pub(super) fn document(text: &str) -> Document {
    let mut blocks = raw(text);
    for block in &mut blocks {
        settle(block);
    }
    Document {
        blocks,
        text: text.to_owned(),
    }
}

/// The blocks of a text, each with the Markdown as it stands.
fn raw(text: &str) -> Vec<Block> {
    let mut parser = Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter();
    let mut reader = Reader::new(text);
    for (event, range) in parser.by_ref() {
        reader.take(event, range);
    }
    reader.close();
    let mut blocks = reader.blocks;
    for (_, definition) in parser.reference_definitions().iter() {
        let said = text.get(definition.span.clone()).unwrap_or_default();
        let marks = inline::literal(said.trim_matches(blank), false, false, false);
        let mut block = Block::new(Kind::Paragraph, definition.span.clone());
        block.spans = inline::spans(&marks, true);
        blocks.push(block);
    }
    blocks.sort_by_key(|block| block.at.start);
    let mut before = None;
    for (index, block) in blocks.iter_mut().enumerate() {
        block.index = index;
        if let Kind::Item { depth, .. } = &mut block.kind {
            *depth = (*depth).min(before.map_or(0, |before: u8| before.saturating_add(1)));
            before = Some(*depth);
        } else {
            before = None;
        }
    }
    blocks
}

impl Block {
    fn new(kind: Kind, at: Range<usize>) -> Self {
        Self {
            index: 0,
            kind,
            source: String::new(),
            spans: Vec::new(),
            at,
            around: false,
        }
    }
}

/// The Markdown of a block of this kind that says this.
pub(super) fn settled(kind: Kind, spans: Vec<Span>) -> String {
    let mut block = Block::new(kind, 0..0);
    block.spans = spans;
    settle(&mut block);
    block.source
}

/// Keeps the Markdown of a block where it reads the same when it stands alone; else writes it anew,
/// and gives up emphasis where Markdown cannot write it.
fn settle(block: &mut Block) {
    let row = matches!(block.kind, Kind::Row { .. });
    let canonical = inline::write(&block.spans, true, row);
    let styled = block
        .spans
        .iter()
        .any(|span| matches!(span, Span::Text { strong, emphasis, .. } if *strong || *emphasis));
    if block.kind == Kind::Rule {
        "---".clone_into(&mut block.source);
        return;
    }
    if block.source == canonical && !styled {
        return;
    }
    if !block.source.is_empty() && alone(block, &block.source) {
        return;
    }
    if !styled || alone(block, &canonical) {
        block.source = canonical;
        return;
    }
    let marks: Vec<Mark> = block.spans.iter().flat_map(unstyled).collect();
    let kept: Vec<Span> = std::mem::take(&mut block.spans);
    block.spans = if kept.iter().all(|span| matches!(span, Span::Text { .. })) {
        inline::spans(&marks, true)
    } else {
        kept.into_iter().map(plain_span).fold(Vec::new(), join)
    };
    block.source = inline::write(&block.spans, false, row);
}

fn unstyled(span: &Span) -> Vec<Mark> {
    match span {
        Span::Text { text, .. } => inline::literal(text, false, false, false),
        _ => Vec::new(),
    }
}

fn plain_span(span: Span) -> Span {
    match span {
        Span::Text { text, .. } => Span::Text {
            text,
            strong: false,
            emphasis: false,
        },
        other => other,
    }
}

fn join(mut spans: Vec<Span>, next: Span) -> Vec<Span> {
    if let (Some(Span::Text { text, .. }), Span::Text { text: more, .. }) =
        (spans.last_mut(), &next)
    {
        text.push_str(more);
    } else {
        spans.push(next);
    }
    spans
}

/// Whether this Markdown, as the content of a block of this kind, says what the block says.
fn alone(block: &Block, source: &str) -> bool {
    let kind = match block.kind {
        Kind::Item { ordered, .. } => Kind::Item { depth: 0, ordered },
        other => other,
    };
    let mut text = super::write::block(kind, source);
    let mut skip = 0;
    if kind == (Kind::Row { header: false }) {
        let cells = block.cells().len();
        text = format!("|{}\n|{}\n{text}", " |".repeat(cells), "---|".repeat(cells));
        skip = 1;
    }
    if matches!(kind, Kind::Row { header: true }) {
        text = format!("{text}\n|{}", "---|".repeat(block.cells().len()));
    }
    let found = raw(&text);
    match found.get(skip..) {
        Some([one]) => one.kind == kind && one.spans == block.spans,
        _ => false,
    }
}

/// What is being read.
struct Leaf {
    kind: Kind,
    marks: Vec<Mark>,
    /// What has been covered of the text.
    at: Option<Range<usize>>,
    /// Where it stands when nothing is in it.
    home: Range<usize>,
    /// Code or HTML: cannot stay as it is written.
    literal: bool,
    around: bool,
}

struct Reader<'t> {
    text: &'t str,
    blocks: Vec<Block>,
    leaf: Option<Leaf>,
    /// Quotations around.
    quotes: usize,
    /// The lists around: the number of the next item.
    lists: Vec<Option<u64>>,
    /// An item that has said nothing yet.
    item: Option<(Kind, Range<usize>)>,
    strong: usize,
    emphasis: usize,
    /// Inside a link, whose text has been taken whole.
    links: usize,
    first_cell: bool,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            text,
            blocks: Vec::new(),
            leaf: None,
            quotes: 0,
            lists: Vec::new(),
            item: None,
            strong: 0,
            emphasis: 0,
            links: 0,
            first_cell: true,
        }
    }

    fn take(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(Tag::Link { .. } | Tag::Image { .. }) => {
                if self.links == 0 {
                    let said = self.text.get(range.clone()).unwrap_or_default();
                    let marks = inline::literal(said, true, self.strong > 0, self.emphasis > 0);
                    self.put(marks, range);
                }
                self.links += 1;
            }
            Event::End(TagEnd::Link | TagEnd::Image) => self.links = self.links.saturating_sub(1),
            _ if self.links > 0 => {}
            Event::Start(tag) => self.start(&tag, range),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => {
                // An escape, an entity or code is not what stands in the text at this place.
                let same = self.text.get(range.clone()) == Some(&*text);
                let inside = self.leaf.as_ref().is_some_and(|leaf| leaf.literal);
                let mut marks = self.marks(&text, !same || inside);
                let mut range = range;
                let covered = (self.leaf.as_ref())
                    .and_then(|leaf| leaf.at.as_ref())
                    .map_or(0, |at| at.end);
                let before = self.text.get(covered.min(range.start)..range.start);
                if before.is_some_and(|before| before.ends_with('\\')) && !inside {
                    if let Some(first) = marks.first_mut() {
                        first.literal = true;
                    }
                    range.start -= 1;
                }
                self.put(marks, range);
            }
            Event::SoftBreak => {
                let marks = self.marks("\n", true);
                self.put(marks, range);
            }
            Event::HardBreak => self.put(vec![Mark::stop()], range),
            Event::Rule => {
                self.close();
                self.blocks
                    .push(Block::new(Kind::Rule, trimmed(self.text, range)));
            }
            // Mathematics and footnotes are not among the options that are on; were they, what they
            // say is text.
            Event::Code(text)
            | Event::Html(text)
            | Event::InlineHtml(text)
            | Event::InlineMath(text)
            | Event::DisplayMath(text)
            | Event::FootnoteReference(text) => {
                let marks = self.marks(&text, true);
                self.put(marks, range);
            }
            Event::TaskListMarker(_) => {}
        }
    }

    fn marks(&self, text: &str, literal: bool) -> Vec<Mark> {
        let mut marks = inline::literal(text, false, self.strong > 0, self.emphasis > 0);
        for mark in &mut marks {
            mark.literal = literal;
        }
        marks
    }

    fn start(&mut self, tag: &Tag<'_>, range: Range<usize>) {
        match tag {
            Tag::Paragraph => self.open(range, false),
            Tag::CodeBlock(_) | Tag::HtmlBlock => {
                self.open(range.clone(), true);
                let at = trimmed(self.text, range);
                let said = lines(self.text.get(at.clone()).unwrap_or_default(), self.quotes);
                if let Some(leaf) = &mut self.leaf {
                    // Each line of code or HTML stays a line, its fences too.
                    leaf.marks = inline::literal(&said, false, false, false);
                    for mark in leaf.marks.iter_mut().filter(|mark| mark.c == '\n') {
                        *mark = Mark::stop();
                    }
                    leaf.at = Some(at);
                }
            }
            Tag::Heading { level, .. } => {
                self.close();
                let home = trimmed(self.text, range);
                let said = self.text.get(home.clone()).unwrap_or_default();
                let hashes = said.bytes().take_while(|b| *b == b'#').count();
                let around = !(1..=6).contains(&hashes);
                let mut leaf = Leaf::new(Kind::Heading(*level as u8), home.clone());
                leaf.home = home.start + hashes..home.start + hashes;
                leaf.around = around;
                if around {
                    leaf.at = Some(home);
                }
                self.leaf = Some(leaf);
            }
            Tag::BlockQuote(_) => {
                self.close();
                self.quotes += 1;
            }
            Tag::List(first) => {
                self.close();
                self.lists.push(*first);
            }
            Tag::Item => {
                self.close();
                let depth = u8::try_from(self.lists.len().saturating_sub(1))
                    .unwrap_or(DEEPEST)
                    .min(DEEPEST);
                let ordered = self.lists.last_mut().and_then(|next| {
                    let number = *next;
                    *next = next.map(|number| number.saturating_add(1));
                    number
                });
                let said = self.text.get(range.clone()).unwrap_or_default();
                let marker = said.find(|c: char| c.is_whitespace()).unwrap_or(said.len());
                let home = range.start + marker;
                self.item = Some((Kind::Item { depth, ordered }, home..home));
            }
            Tag::TableHead | Tag::TableRow => {
                self.close();
                let header = matches!(tag, Tag::TableHead);
                let home = trimmed(self.text, range);
                let mut leaf = Leaf::new(Kind::Row { header }, home.clone());
                leaf.at = Some(home);
                self.leaf = Some(leaf);
                self.first_cell = true;
            }
            Tag::TableCell if std::mem::take(&mut self.first_cell) => {}
            Tag::TableCell => {
                let end = (self.leaf.as_ref()).map_or(0..0, |leaf| leaf.home.clone());
                self.put(vec![Mark::stop()], end);
            }
            Tag::Emphasis => {
                self.emphasis += 1;
                self.put(Vec::new(), range);
            }
            Tag::Strong => {
                self.strong += 1;
                self.put(Vec::new(), range);
            }
            Tag::Table(_) => self.close(),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Emphasis => self.emphasis = self.emphasis.saturating_sub(1),
            TagEnd::Strong => self.strong = self.strong.saturating_sub(1),
            TagEnd::BlockQuote(_) => {
                self.close();
                self.quotes = self.quotes.saturating_sub(1);
            }
            TagEnd::List(_) => {
                self.close();
                self.lists.pop();
            }
            TagEnd::Paragraph
            | TagEnd::Heading(_)
            | TagEnd::CodeBlock
            | TagEnd::HtmlBlock
            | TagEnd::Item
            | TagEnd::TableHead
            | TagEnd::TableRow => self.close(),
            _ => {}
        }
    }

    /// Begins a paragraph: the content of a waiting item, of a quotation, or one of its own.
    fn open(&mut self, range: Range<usize>, literal: bool) {
        if let Some(leaf) = self.leaf.take() {
            self.finish(leaf);
        }
        let kind = match self.item.take() {
            Some((kind, _)) => kind,
            None if self.quotes > 0 => Kind::Quote,
            None => Kind::Paragraph,
        };
        let mut leaf = Leaf::new(kind, range);
        leaf.literal = literal;
        self.leaf = Some(leaf);
    }

    fn put(&mut self, marks: Vec<Mark>, range: Range<usize>) {
        if self.leaf.is_none() {
            self.open(range.clone(), false);
        }
        let Some(leaf) = &mut self.leaf else { return };
        if leaf.literal {
            return;
        }
        leaf.marks.extend(marks);
        leaf.at = Some(match leaf.at.take() {
            Some(at) => at.start.min(range.start)..at.end.max(range.end),
            None => range,
        });
    }

    /// Ends what is being read, also an item that said nothing.
    fn close(&mut self) {
        if let Some(leaf) = self.leaf.take() {
            self.finish(leaf);
        }
        if let Some((kind, home)) = self.item.take() {
            self.blocks.push(Block::new(kind, home));
        }
    }

    fn finish(&mut self, leaf: Leaf) {
        let row = matches!(leaf.kind, Kind::Row { .. });
        let one_line = row || matches!(leaf.kind, Kind::Heading(_));
        let mut marks = leaf.marks;
        if !row {
            let edge = |mark: &Mark| mark.stop;
            let from = marks
                .iter()
                .position(|mark| !edge(mark))
                .unwrap_or(marks.len());
            marks.drain(..from);
            while marks.last().is_some_and(edge) {
                marks.pop();
            }
        }
        if one_line && !row {
            // A line break cannot stand in a heading.
            for mark in marks.iter_mut().filter(|mark| mark.stop) {
                *mark = Mark {
                    c: ' ',
                    literal: true,
                    strong: false,
                    emphasis: false,
                    stop: false,
                };
            }
        }
        let at = leaf.at.map_or(leaf.home, |at| trimmed(self.text, at));
        let mut block = Block::new(leaf.kind, at.clone());
        block.around = leaf.around;
        block.spans = inline::spans(&marks, !one_line);
        if row {
            self.excess(&mut block);
        }
        if !leaf.literal && !leaf.around && !row {
            block.source = lines(self.text.get(at).unwrap_or_default(), self.quotes);
            block
                .source
                .truncate(block.source.trim_end_matches(blank).len());
        }
        let silent = matches!(block.kind, Kind::Paragraph | Kind::Quote);
        if !silent || !block.spans.is_empty() {
            self.blocks.push(block);
        }
    }

    /// Cells beyond those of the header are dropped by Markdown; here they stay text.
    fn excess(&self, block: &mut Block) {
        let said = self.text.get(block.at.clone()).unwrap_or_default();
        let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).count();
        if letters(said) > letters(&block.line()) {
            let marks = inline::literal(said, false, false, false);
            let cells = block.cells().len();
            let mut spans = inline::spans(&marks, false);
            spans.extend(std::iter::repeat_n(Span::Break, cells.saturating_sub(1)));
            block.spans = spans;
        }
    }
}

impl Leaf {
    fn new(kind: Kind, home: Range<usize>) -> Self {
        Self {
            kind,
            marks: Vec::new(),
            at: None,
            home,
            literal: false,
            around: false,
        }
    }
}

/// The lines of a content without the marks of the quotation and list around it.
fn lines(text: &str, quotes: usize) -> String {
    let mut out = String::with_capacity(text.len());
    for (number, line) in text.lines().enumerate() {
        let mut line = line.trim_end_matches('\r');
        if number > 0 {
            out.push('\n');
            line = line.trim_start_matches([' ', '\t']);
            for _ in 0..quotes {
                line = line.strip_prefix('>').unwrap_or(line);
                line = line.trim_start_matches([' ', '\t']);
            }
        }
        out.push_str(line);
    }
    out
}

/// White space of Markdown: what Unicode adds to it (a no-break space) is text.
const fn blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}')
}

/// A range without white space at its end.
fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let said = text.get(range.clone()).unwrap_or_default();
    range.start..range.start + said.trim_end_matches(blank).len()
}
