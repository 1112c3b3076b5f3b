//! The text of a reviewed file: its paragraphs with what came, what went, and who did it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use roxmltree::{Document as Xml, Node};

use super::super::Cite;
use super::token::Fate;
use super::{BOOKMARK, FRONT, W};

/// Elements nested deeper are not read: no program writes them.
const DEEPEST: usize = 64;

/// A run of text, a citation or a break.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    Text(String),
    Note(Cite),
    Break,
}

/// What a run says and what happened to it.
#[derive(Debug, Clone)]
pub(super) struct Atom {
    pub said: Said,
    pub strong: bool,
    pub emphasis: bool,
    pub fate: Fate,
    /// Who changed it and when; nobody, when nothing was tracked.
    pub by: Option<(String, Option<Timestamp>)>,
}

/// A paragraph, or a row of a table with a break between its cells.
#[derive(Debug, Default)]
pub(super) struct Para {
    pub atoms: Vec<Atom>,
    /// The blocks whose bookmarks begin here.
    pub blocks: Vec<usize>,
    /// Whether it stands before the text and is not part of it.
    pub front: bool,
    /// Whether its end came or went, and by whom.
    pub mark: Option<(Fate, String, Option<Timestamp>)>,
    pub style: String,
    pub list: bool,
    pub row: bool,
    /// Comments that begin, and the words that they are about.
    pub comments: Vec<(String, String)>,
}

/// What was read.
#[derive(Debug, Default)]
pub(super) struct Story {
    pub paras: Vec<Para>,
    pub notes: BTreeSet<String>,
}

/// Where the walk stands.
#[derive(Debug, Clone)]
struct Place {
    depth: usize,
    fate: Fate,
    by: Option<(String, Option<Timestamp>)>,
    /// Put in by one person and deleted by another: it never was in the text.
    never: bool,
}

struct Walker<'d> {
    footnotes: BTreeMap<String, String>,
    story: Story,
    /// Comments that are open, with what they cover so far.
    open: BTreeMap<&'d str, String>,
    /// Where the comments began that have ended.
    began: BTreeMap<&'d str, usize>,
}

pub(super) fn is(node: Node<'_, '_>, name: &str) -> bool {
    node.tag_name().name() == name && node.tag_name().namespace().is_none_or(|space| space == W)
}

pub(super) fn attribute<'d>(node: Node<'d, '_>, name: &str) -> Option<&'d str> {
    node.attribute((W, name)).or_else(|| node.attribute(name))
}

/// Reads `word/document.xml`; `footnotes`: the parsed `word/footnotes.xml`.
pub(super) fn read(document: &Xml<'_>, footnotes: Option<&Xml<'_>>) -> Story {
    let mut notes = BTreeMap::new();
    for note in footnotes
        .iter()
        .flat_map(|xml| xml.root_element().children())
    {
        if let Some(id) = attribute(note, "id").filter(|_| is(note, "footnote")) {
            notes.insert(id.to_owned(), text_of(note));
        }
    }
    let mut walker = Walker {
        footnotes: notes,
        story: Story::default(),
        open: BTreeMap::new(),
        began: BTreeMap::new(),
    };
    let place = Place {
        depth: 0,
        fate: Fate::Stays,
        by: None,
        never: false,
    };
    let body = document
        .root_element()
        .children()
        .find(|node| is(*node, "body"));
    if let Some(body) = body {
        walker.blocks(body, &place);
    }
    walker.story
}

/// All text below a node, without what was deleted.
pub(super) fn text_of(node: Node<'_, '_>) -> String {
    let mut out = String::new();
    let mut seen = 0;
    for node in node.descendants() {
        if is(node, "t") {
            out.push_str(node.text().unwrap_or_default());
        } else if is(node, "br") || is(node, "tab") || is(node, "cr") {
            out.push(' ');
        } else if is(node, "p") {
            seen += 1;
            if seen > 1 {
                out.push('\n');
            }
        }
    }
    out
}

/// Who tracked a change, and when.
fn by(node: Node<'_, '_>) -> (String, Option<Timestamp>) {
    let author = attribute(node, "author").unwrap_or("unknown").to_owned();
    (author, attribute(node, "date").and_then(time))
}

/// A time of Word, which says `Z` or, with some programs, no zone at all; then it is taken as UTC.
pub(super) fn time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    text.parse().or_else(|_| format!("{text}Z").parse()).ok()
}

fn is_on(node: Node<'_, '_>) -> bool {
    !matches!(attribute(node, "val"), Some("0" | "false" | "off" | "none"))
}

impl<'d> Walker<'d> {
    fn note(&mut self, what: &str) {
        self.story.notes.insert(what.to_owned());
    }

    /// Paragraphs and tables below a node.
    fn blocks(&mut self, parent: Node<'d, '_>, place: &Place) {
        if place.depth > DEEPEST {
            self.note("Text that is nested deeper than any program writes was not read.");
            return;
        }
        let inner = Place {
            depth: place.depth + 1,
            ..place.clone()
        };
        for node in parent.children().filter(Node::is_element) {
            match node.tag_name().name() {
                "p" => self.paragraph(node, &inner),
                "tbl" => self.table(node, &inner),
                "altChunk" => self.note("A part of another file was included; it was not read."),
                "ins" | "moveTo" => self.blocks(node, &tracked(node, &inner, Fate::Comes)),
                "del" | "moveFrom" => self.blocks(node, &tracked(node, &inner, Fate::Goes)),
                "sectPr" | "tcPr" | "trPr" | "tblPr" | "tblGrid" => {}
                "bookmarkStart" => self.bookmark(node, None),
                _ => self.blocks(node, &inner),
            }
        }
    }

    fn bookmark(&mut self, node: Node<'d, '_>, para: Option<&mut Para>) {
        let name = attribute(node, "name").unwrap_or_default();
        let last = self.story.paras.last_mut();
        let Some(para) = para.or(last) else { return };
        if name == FRONT {
            para.front = true;
        } else if let Some(number) = name.strip_prefix(BOOKMARK)
            && let Ok(number) = number.parse()
        {
            para.blocks.push(number);
        }
    }

    fn table(&mut self, table: Node<'d, '_>, place: &Place) {
        if place.depth > DEEPEST {
            self.note("Text that is nested deeper than any program writes was not read.");
            return;
        }
        for row in table.descendants().filter(|node| is(*node, "tr")) {
            // A table inside a cell is read with its own rows.
            let nearest = row.ancestors().find(|node| is(*node, "tbl"));
            if nearest != Some(table) {
                continue;
            }
            let properties = row.children().find(|node| is(*node, "trPr"));
            let tracked_row = properties.iter().flat_map(Node::children).find_map(|node| {
                let fate = match node.tag_name().name() {
                    "ins" => Fate::Comes,
                    "del" => Fate::Goes,
                    _ => return None,
                };
                let (author, at) = by(node);
                Some((fate, author, at))
            });
            let from = self.story.paras.len();
            let mut whole = Para {
                row: true,
                mark: tracked_row,
                ..Para::default()
            };
            let cells = row.descendants().filter(|node| {
                is(*node, "tc") && node.ancestors().find(|node| is(*node, "tr")) == Some(row)
            });
            for (number, cell) in cells.enumerate() {
                self.blocks(
                    cell,
                    &Place {
                        depth: place.depth + 1,
                        ..place.clone()
                    },
                );
                if number > 0 {
                    whole.atoms.push(Atom {
                        said: Said::Break,
                        strong: false,
                        emphasis: false,
                        fate: whole.mark.as_ref().map_or(Fate::Stays, |mark| mark.0),
                        by: None,
                    });
                }
                let parts: Vec<Para> = self.story.paras.drain(from..).collect();
                for (number, part) in parts.into_iter().enumerate() {
                    if number > 0 {
                        whole.atoms.push(space());
                    }
                    whole.atoms.extend(part.atoms);
                    whole.blocks.extend(part.blocks);
                    whole.comments.extend(part.comments);
                }
            }
            self.story.paras.push(whole);
        }
    }

    fn paragraph(&mut self, node: Node<'d, '_>, place: &Place) {
        let mut para = Para::default();
        if let Some(properties) = node.children().find(|node| is(*node, "pPr")) {
            for property in properties.children() {
                match property.tag_name().name() {
                    "pStyle" => {
                        attribute(property, "val")
                            .unwrap_or_default()
                            .clone_into(&mut para.style);
                    }
                    "numPr" => {
                        para.list = property.children().any(|node| {
                            is(node, "numId") && attribute(node, "val").is_some_and(|id| id != "0")
                        });
                    }
                    "rPr" => para.mark = property.children().find_map(paragraph_mark),
                    "pPrChange" => self.note("Changes of formatting alone are not taken over."),
                    _ => {}
                }
            }
        }
        self.inline(node, place, &mut para);
        self.story.paras.push(para);
    }

    /// What stands inside a paragraph.
    fn inline(&mut self, parent: Node<'d, '_>, place: &Place, para: &mut Para) {
        if place.depth > DEEPEST {
            self.note("Text that is nested deeper than any program writes was not read.");
            return;
        }
        let inner = Place {
            depth: place.depth + 1,
            ..place.clone()
        };
        for node in parent.children().filter(Node::is_element) {
            match node.tag_name().name() {
                "r" => self.run(node, &inner, para),
                "ins" | "moveTo" => self.inline(node, &tracked(node, &inner, Fate::Comes), para),
                "del" | "moveFrom" => self.inline(node, &tracked(node, &inner, Fate::Goes), para),
                "bookmarkStart" => self.bookmark(node, Some(para)),
                "commentRangeStart" => {
                    if let Some(id) = attribute(node, "id") {
                        self.open.insert(id, String::new());
                        self.began.insert(id, self.story.paras.len());
                    }
                }
                "commentRangeEnd" => self.comment(node, para),
                "pPr" | "bookmarkEnd" | "proofErr" | "permStart" | "permEnd" => {}
                "oMath" | "oMathPara" => self.note("A formula was not read."),
                _ => self.inline(node, &inner, para),
            }
        }
    }

    /// A comment ends: it is about the paragraph in which it began.
    fn comment(&mut self, node: Node<'d, '_>, para: &mut Para) {
        let Some(id) = attribute(node, "id") else {
            return;
        };
        let Some(quote) = self.open.remove(id) else {
            return;
        };
        let at = self.began.get(id).copied().unwrap_or(usize::MAX);
        let entry = (id.to_owned(), quote);
        match self.story.paras.get_mut(at) {
            Some(first) => first.comments.push(entry),
            None => para.comments.push(entry),
        }
    }

    fn run(&mut self, run: Node<'d, '_>, place: &Place, para: &mut Para) {
        let properties = run.children().find(|node| is(*node, "rPr"));
        let has = |name: &str| {
            (properties.iter().flat_map(Node::children)).any(|node| is(node, name) && is_on(node))
        };
        if has("rPrChange") {
            self.note("Changes of formatting alone are not taken over.");
        }
        let (strong, emphasis) = (has("b"), has("i"));
        for node in run
            .children()
            .filter(|node| node.is_element() && !place.never)
        {
            let mut fate = place.fate;
            let said = match node.tag_name().name() {
                "t" => Said::Text(node.text().unwrap_or_default().to_owned()),
                "delText" => {
                    fate = Fate::Goes;
                    Said::Text(node.text().unwrap_or_default().to_owned())
                }
                "tab" | "ptab" => Said::Text("\t".to_owned()),
                "br" | "cr" => Said::Break,
                "noBreakHyphen" => Said::Text("\u{2011}".to_owned()),
                "footnoteReference" | "endnoteReference" => match self.footnote(node) {
                    Some(cite) => Said::Note(cite),
                    None => continue,
                },
                "commentReference" => {
                    let id = attribute(node, "id").unwrap_or_default();
                    if !self.began.contains_key(id) {
                        para.comments.push((id.to_owned(), String::new()));
                    }
                    continue;
                }
                "drawing" | "pict" | "object" | "AlternateContent" => {
                    self.note(
                        "A picture, a drawing or an object was put into the text; it was not read.",
                    );
                    continue;
                }
                _ => continue,
            };
            if fate != Fate::Comes || place.fate == Fate::Stays {
                let text = match &said {
                    Said::Text(text) => text.clone(),
                    Said::Note(cite) => cite.to_string(),
                    Said::Break => " ".to_owned(),
                };
                self.open
                    .values_mut()
                    .for_each(|quote| quote.push_str(&text));
            }
            para.atoms.push(Atom {
                said,
                strong,
                emphasis,
                fate,
                by: place.by.clone(),
            });
        }
    }

    /// The citation that a footnote stands for.
    fn footnote(&mut self, node: Node<'_, '_>) -> Option<Cite> {
        let id = attribute(node, "id")?;
        let text = self.footnotes.get(id).cloned().unwrap_or_default();
        let cite = super::review::cite_at(text.trim_start());
        if cite.is_none() {
            let what: String = text.trim().chars().take(300).collect();
            self.note(&format!(
                "A footnote of a reviewer is no evidence and was not taken over: “{what}”"
            ));
        }
        cite.map(|(cite, _)| cite)
    }
}

fn tracked(node: Node<'_, '_>, place: &Place, fate: Fate) -> Place {
    Place {
        fate,
        by: Some(by(node)),
        never: place.never || (place.fate != Fate::Stays && place.fate != fate),
        ..place.clone()
    }
}

fn paragraph_mark(node: Node<'_, '_>) -> Option<(Fate, String, Option<Timestamp>)> {
    let fate = match node.tag_name().name() {
        "ins" | "moveTo" => Fate::Comes,
        "del" | "moveFrom" => Fate::Goes,
        _ => return None,
    };
    let (author, at) = by(node);
    Some((fate, author, at))
}

const fn space() -> Atom {
    Atom {
        said: Said::Break,
        strong: false,
        emphasis: false,
        fate: Fate::Stays,
        by: None,
    }
}
