//! The text of a notice as a page shows it: each sentence leads to what it stands on.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::access::Ability;
use crate::case::state::{NoticeRecord, Proposal, Remark, Verdict};
use crate::document::{Block, Document, Kind, Piece, Span, redline};
use crate::id::EvidenceId;
use crate::notice::places::Places;
use crate::notice::revision;
use crate::web::look::Look;
use crate::web::shown::{When, line, path, short};

/// The longest remark that is shown, characters.
const REMARK: usize = 4_000;

/// Blocks that belong together on a page: one list, one table, or one block alone.
#[derive(Debug, Serialize)]
pub(super) struct Group {
    /// What stands around them: `ul`, `ol`, `table`; nothing around a block alone.
    around: Option<&'static str>,
    table: bool,
    /// The number of the first item.
    start: Option<u64>,
    blocks: Vec<Part>,
}

/// One block with what people say of it.
#[derive(Debug, Serialize)]
struct Part {
    /// `li`, `tr` or `div`.
    element: &'static str,
    /// What each of its cells is: `h3`, `h4`, `p`, `blockquote`, `td` or `th`; nothing for a line across
    /// the page.
    inner: Option<&'static str>,
    header: bool,
    cells: Vec<Vec<Said>>,
    work: Work,
}

/// What people say of a block, and do with it.
#[derive(Debug, Serialize)]
struct Work {
    number: usize,
    /// Where it is commented on and changed, for who may.
    href: Option<String>,
    /// Whether the forms for it are open, and what stands in them.
    open: bool,
    source: String,
    /// Whether its words are a person's to change.
    ours: bool,
    remarks: Vec<RemarkView>,
    proposals: Vec<ProposalView>,
}

/// A sentence, or a piece of one.
#[derive(Debug, Serialize)]
struct Said {
    pieces: Vec<PieceView>,
    /// The number of the first evidence that it stands on.
    on: Option<u32>,
    cites: Vec<CiteView>,
}

/// A mark of evidence, with its first number.
#[derive(Debug, Serialize)]
struct CiteView {
    first: u32,
    mark: String,
}

/// Words that are shown one way.
#[derive(Debug, Serialize)]
pub(super) struct PieceView {
    /// `strong`, `em`, `mark`, `ins` or `del`; nothing around words as they are.
    element: Option<&'static str>,
    text: String,
}

/// A remark.
#[derive(Debug, Serialize)]
pub(super) struct RemarkView {
    number: u32,
    by: String,
    at: When,
    quote: String,
    text: String,
    answers: Option<u32>,
    resolved: Option<String>,
    /// Whether the visitor may settle it.
    may: bool,
}

/// Other words for a block.
#[derive(Debug, Serialize)]
pub(super) struct ProposalView {
    number: u32,
    by: String,
    at: When,
    reason: String,
    pieces: Vec<PieceView>,
    verdict: String,
    /// Whether the visitor may take or decline it.
    may: bool,
}

/// An item of evidence that the text names.
#[derive(Debug, Serialize)]
pub(super) struct SourceView {
    number: u32,
    title: String,
    how: &'static str,
    at: When,
    sha256: String,
    tool: String,
    href: Option<String>,
}

/// How the text of a notice is looked at.
pub(super) struct Reading<'a> {
    pub(super) look: &'a Look<'a>,
    pub(super) record: &'a NoticeRecord,
    pub(super) notice: &'a str,
    pub(super) text: &'a str,
    /// The text, read once: a page asks for it many times.
    pub(super) document: &'a Document,
    /// Where what people said of its texts belongs in it.
    pub(super) places: &'a Places,
    /// The block whose forms are open.
    pub(super) open: Option<usize>,
    /// Whether the visitor may work on the text.
    pub(super) may: bool,
}

impl Reading<'_> {
    /// Every block up to the table of evidence, in groups; the table stands beside the text, as sources.
    pub(super) fn groups(&self) -> Vec<Group> {
        let body = revision::body(self.document);
        let mut groups: Vec<Group> = Vec::new();
        let table = |block: &Block| {
            let after = block.index >= body.end && matches!(block.kind, Kind::Heading(_));
            after && block.source == "Evidence"
        };
        let blocks = self.document.blocks.iter();
        for block in blocks.take_while(|block| !table(block)) {
            let (around, start) = match block.kind {
                Kind::Item {
                    ordered: Some(number),
                    ..
                } => (Some("ol"), Some(number)),
                Kind::Item { .. } => (Some("ul"), None),
                Kind::Row { .. } => (Some("table"), None),
                _ => (None, None),
            };
            let part = self.part(block, body.contains(&block.index));
            let begins = matches!(block.kind, Kind::Row { header: true });
            match groups.last_mut() {
                Some(group) if group.around == around && around.is_some() && !begins => {
                    group.blocks.push(part);
                }
                _ => groups.push(Group {
                    around,
                    table: around == Some("table"),
                    start,
                    blocks: vec![part],
                }),
            }
        }
        groups
    }

    fn part(&self, block: &Block, ours: bool) -> Part {
        let inner = match block.kind {
            Kind::Heading(1) => Some("h3"),
            Kind::Heading(_) => Some("h4"),
            Kind::Quote => Some("blockquote"),
            Kind::Row { header: true } => Some("th"),
            Kind::Row { .. } => Some("td"),
            Kind::Paragraph | Kind::Item { .. } => Some("p"),
            Kind::Rule => None,
        };
        Part {
            element: match block.kind {
                Kind::Item { .. } => "li",
                Kind::Row { .. } => "tr",
                _ => "div",
            },
            inner,
            header: inner == Some("th"),
            cells: inner.map_or_else(Vec::new, |_| cells(block)),
            work: self.work(block, ours),
        }
    }

    fn work(&self, block: &Block, ours: bool) -> Work {
        let open = self.open == Some(block.index);
        let at = path(&["cases", self.look.id.as_str(), "notices", self.notice]);
        let number = block.index + 1;
        let remarks = self.record.remarks.iter();
        let remarks = remarks.filter(|one| self.beside(one) == Some(block.index));
        let proposals = self.record.proposals.iter();
        let proposals = proposals
            .filter(|one| one.verdict == Verdict::Open && self.place(one) == Some(block.index));
        Work {
            number,
            href: (self.may && !open && block.kind != Kind::Rule)
                .then(|| format!("{at}?block={number}#b{number}")),
            open: self.may && open,
            source: if open {
                block.source.clone()
            } else {
                String::new()
            },
            ours,
            remarks: remarks.map(|one| self.remark(one)).collect(),
            proposals: proposals.map(|one| self.proposal(one)).collect(),
        }
    }

    /// The block of the text as it stands that a suggestion is about.
    fn place(&self, one: &Proposal) -> Option<usize> {
        let suggestion = &one.suggestion;
        self.places.find(suggestion.on, suggestion.block)
    }

    /// The block of the text as it stands that a remark is about.
    fn beside(&self, one: &Remark) -> Option<usize> {
        self.places.find(one.comment.on, one.comment.block?)
    }

    /// Suggestions and remarks that have no place in the text as it stands.
    pub(super) fn elsewhere(&self) -> (Vec<RemarkView>, Vec<ProposalView>) {
        let remarks = self.record.remarks.iter();
        let remarks = remarks.filter(|one| self.beside(one).is_none());
        let proposals = self.record.proposals.iter();
        let proposals =
            proposals.filter(|one| one.verdict != Verdict::Open || self.place(one).is_none());
        (
            remarks.map(|one| self.remark(one)).collect(),
            proposals.map(|one| self.proposal(one)).collect(),
        )
    }

    fn remark(&self, remark: &Remark) -> RemarkView {
        let comment = &remark.comment;
        RemarkView {
            number: comment.number,
            by: author(remark.author(), &remark.by, comment.brought.is_some()),
            at: self.look.words.when(remark.written()),
            quote: line(&comment.quote),
            text: comment.text.chars().take(REMARK).collect(),
            answers: comment.answers,
            resolved: remark.resolved.as_deref().map(short),
            may: self.may && remark.resolved.is_none(),
        }
    }

    fn proposal(&self, one: &Proposal) -> ProposalView {
        let words = &one.suggestion;
        ProposalView {
            number: words.number,
            by: author(one.author(), &one.by, words.brought.is_some()),
            at: self.look.words.when(one.written()),
            reason: line(&words.reason),
            pieces: changed(&words.before, &words.after),
            verdict: match &one.verdict {
                Verdict::Open => "open".to_owned(),
                Verdict::Taken { by, .. } => format!("taken by {}", short(by)),
                Verdict::Declined { by, reason } => {
                    format!("declined by {}: {}", short(by), line(reason))
                }
            },
            may: self.may && one.verdict == Verdict::Open,
        }
    }

    /// The evidence that the text names, by its numbers.
    pub(super) fn sources(&self) -> Vec<SourceView> {
        let known: BTreeMap<u32, EvidenceId> = revision::sources(self.text);
        let see = self.look.may(Ability::SeeEvidence);
        let items = known.into_iter().filter_map(|(number, id)| {
            let item = self.look.state.evidence.get(&id)?;
            let href = path(&["cases", self.look.id.as_str(), "evidence", id.as_str()]);
            Some(SourceView {
                number,
                title: line(&item.title),
                how: super::super::evidence::how(&item.source),
                at: self.look.words.when(item.at),
                sha256: item.sha256.to_string(),
                tool: short(&item.tool),
                href: see.then_some(href),
            })
        });
        items.collect()
    }
}

/// What changed between two short texts, word by word.
fn changed(before: &str, after: &str) -> Vec<PieceView> {
    let blocks = redline(before, after);
    blocks
        .iter()
        .flat_map(|block| pieces(&block.pieces))
        .collect()
}

/// The pieces of a comparison.
pub(super) fn pieces(pieces: &[Piece]) -> Vec<PieceView> {
    let each = pieces.iter().map(|piece| {
        let (element, text) = match piece {
            Piece::Same(text) => (None, text),
            Piece::Added(text) => (Some("ins"), text),
            Piece::Removed(text) => (Some("del"), text),
        };
        PieceView {
            element,
            text: text.clone(),
        }
    });
    each.collect()
}

fn cells(block: &Block) -> Vec<Vec<Said>> {
    if !matches!(block.kind, Kind::Row { .. }) {
        let sentences = block.sentences();
        let said = sentences.iter().map(|one| said(&one.spans)).collect();
        return vec![said];
    }
    let cells = block.cells();
    cells.iter().map(|cell| vec![said(cell)]).collect()
}

fn said(spans: &[Span]) -> Said {
    let mut pieces = Vec::new();
    let mut cites = Vec::new();
    for span in spans {
        let (element, text) = match span {
            Span::Text {
                text,
                strong,
                emphasis,
            } => match (strong, emphasis) {
                (true, _) => (Some("strong"), text.clone()),
                (false, true) => (Some("em"), text.clone()),
                (false, false) => (None, text.clone()),
            },
            Span::Missing(what) => (Some("mark"), format!("[MISSING: {what}]")),
            Span::Break => (None, "\n".to_owned()),
            Span::Cite(cite) => {
                cites.push(CiteView {
                    first: cite.first,
                    mark: cite.to_string(),
                });
                continue;
            }
        };
        pieces.push(PieceView { element, text });
    }
    Said {
        on: cites.first().map(|cite| cite.first),
        pieces,
        cites,
    }
}

/// Who wrote a thing, and who brought it.
fn author(author: &str, by: &str, brought: bool) -> String {
    if brought {
        format!("{} (in a file that {} brought)", short(author), short(by))
    } else {
        short(by)
    }
}
