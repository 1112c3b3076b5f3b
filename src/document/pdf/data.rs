//! A sheet as the data of its template, `templates/document/sheet.typ`.

use serde_json::{Value as Json, json};

use super::fonts::{Reach, pieces, shown};
use crate::document::{Block, Kind, Sheet, Span};
use crate::hostile;

/// The header of a page has room for so many characters of a line.
const LONGEST_LINE: usize = 160;

/// A longer heading is set as strong text: a PDF string holds 32,767 bytes, and the outline is of such.
const LONGEST_HEADING: usize = 1_000;

/// Deeper lists have no room on the page.
const DEEPEST: u8 = 8;

/// Makes the data of one sheet.
struct Writer<'s> {
    sheet: &'s Sheet,
    reach: Reach,
}

/// An item of a list, before those below it are put under it.
#[derive(Debug)]
struct Item {
    depth: u8,
    number: Option<u64>,
    spans: Vec<Json>,
}

/// The data: strings that are set as text, numbers and the names of things.
pub(super) fn of(sheet: &Sheet, reach: Reach) -> Json {
    let writer = Writer { sheet, reach };
    let mut language = sheet.language.split('-');
    let lang = language.next().unwrap_or("en").to_lowercase();
    let region = language.next().filter(|region| region.len() == 2);
    let american = sheet.language.eq_ignore_ascii_case("en-US");
    let words = sheet.words();
    let line = |text: &str| pieces(&hostile::one_line(text, LONGEST_LINE), reach);
    let distribution = (!sheet.distribution.is_empty()).then(|| {
        writer.text(&format!(
            "{}: {}",
            words.distribution,
            sheet.distribution.join("; ")
        ))
    });
    json!({
        "title": shown(&hostile::one_line(&sheet.title, LONGEST_LINE), reach),
        "header": line(&sheet.title),
        "banner": sheet.banner.as_deref().map(line),
        "reference": line(&sheet.reference),
        "bind": shown(&sheet.bind, reach),
        "distribution": distribution,
        "lang": if (2..=3).contains(&lang.len()) { lang.as_str() } else { "en" },
        "region": region.map(str::to_uppercase),
        "paper": if american { "us-letter" } else { "a4" },
        "page": words.page,
        "of": words.of,
        "blocks": writer.blocks(),
    })
}

impl Writer<'_> {
    fn text(&self, text: &str) -> Vec<String> {
        pieces(text, self.reach)
    }

    fn blocks(&self) -> Vec<Json> {
        let mut out: Vec<Json> = Vec::new();
        let mut rows: Vec<Vec<Json>> = Vec::new();
        let mut items: Vec<Item> = Vec::new();
        for block in &self.sheet.document.blocks {
            let row = matches!(block.kind, Kind::Row { header: false });
            let item = matches!(block.kind, Kind::Item { .. });
            if !row && !rows.is_empty() {
                out.push(table(std::mem::take(&mut rows)));
            }
            if !item && !items.is_empty() {
                out.push(list(std::mem::take(&mut items)));
            }
            let spans = self.spans(&block.spans);
            match block.kind {
                Kind::Row { .. } => rows.push(self.row(block)),
                Kind::Item { depth, ordered } => items.push(Item {
                    depth: depth.min(DEEPEST),
                    number: ordered.map(|number| number.min(999_999_999)),
                    spans,
                }),
                Kind::Heading(level) => {
                    let long = block.line().chars().count() > LONGEST_HEADING;
                    let kind = if long { "strong" } else { "heading" };
                    out.push(json!({ "kind": kind, "level": level, "spans": spans }));
                }
                Kind::Paragraph if matches!(block.spans.first(), Some(Span::Cite(_))) => {
                    let lines: Vec<&[Json]> = spans.split(|span| span["t"] == "break").collect();
                    out.push(json!({ "kind": "sources", "lines": lines }));
                }
                Kind::Paragraph => out.push(json!({ "kind": "paragraph", "spans": spans })),
                Kind::Quote => out.push(json!({ "kind": "quote", "spans": spans })),
                Kind::Rule => out.push(json!({ "kind": "rule" })),
            }
        }
        if !rows.is_empty() {
            out.push(table(rows));
        }
        if !items.is_empty() {
            out.push(list(items));
        }
        out
    }

    fn row(&self, block: &Block) -> Vec<Json> {
        let cells = block.cells().into_iter();
        cells.map(|cell| Json::Array(self.spans(cell))).collect()
    }

    fn spans(&self, spans: &[Span]) -> Vec<Json> {
        let mut out: Vec<Json> = Vec::new();
        let mut start = true;
        for span in spans {
            let begins = std::mem::take(&mut start);
            match span {
                Span::Text {
                    text,
                    strong,
                    emphasis,
                } => {
                    start = text.ends_with('\n');
                    out.push(json!({
                        "t": "text", "text": self.text(text), "strong": strong, "emphasis": emphasis,
                    }));
                }
                // In the list of evidence a citation names its line.
                Span::Cite(cite) if begins => {
                    if !out.is_empty() {
                        out.push(json!({ "t": "break" }));
                    }
                    out.push(json!({
                        "t": "text", "text": [cite.to_string()], "strong": false, "emphasis": false,
                    }));
                }
                Span::Cite(cite) => {
                    // Two marks side by side would read as one number.
                    if out.last().is_some_and(|last| last["t"] == "note") {
                        out.push(json!({ "t": "and" }));
                    }
                    let note = format!("{cite} {}", self.sheet.evidence_of(*cite));
                    out.push(json!({ "t": "note", "text": self.text(&note) }));
                }
                Span::Missing(what) => {
                    out.push(
                        json!({ "t": "missing", "text": self.text(&format!("[MISSING: {what}]")) }),
                    );
                }
                Span::Break => {
                    out.push(json!({ "t": "break" }));
                    start = true;
                }
            }
        }
        out
    }
}

/// A table: its first row names the columns, and each row has as many cells as the longest.
fn table(mut rows: Vec<Vec<Json>>) -> Json {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(1);
    for row in &mut rows {
        row.resize(columns, json!([]));
    }
    json!({ "kind": "table", "columns": columns, "rows": rows })
}

fn list(items: Vec<Item>) -> Json {
    let mut rest = items.into_iter().peekable();
    json!({ "kind": "list", "items": below(&mut rest, 0) })
}

/// The items of this depth and deeper, those below an item under it.
fn below(rest: &mut std::iter::Peekable<std::vec::IntoIter<Item>>, depth: u8) -> Vec<Json> {
    let mut out: Vec<Json> = Vec::new();
    while rest.peek().is_some_and(|item| item.depth >= depth) {
        let deeper = rest.peek().is_some_and(|item| item.depth > depth);
        if deeper {
            let under = below(rest, depth + 1);
            match out.last_mut().and_then(|last| last.get_mut("items")) {
                Some(items) => *items = Json::Array(under),
                None => out.push(json!({ "number": null, "spans": [], "items": under })),
            }
        } else if let Some(item) = rest.next() {
            out.push(json!({ "number": item.number, "spans": item.spans, "items": [] }));
        }
    }
    out
}
