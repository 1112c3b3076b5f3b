//! Word files: the same bytes each time, parts that hold together, what reviewers changed read back,
//! and files that were made to do harm.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read as _, Write as _};

use cordon::document::sheet::Suggestion;
use cordon::document::{Change, Comment, Document, Sheet, docx};
use proptest::prelude::*;

use super::document::markdown;

pub(crate) const TEXT: &str = r#"# Report of an incident

Prepared for review.

> Nothing in this text accuses anybody.

## Narrative (100 of 3500 characters)

The business is reviewing the access of the account holder[e1]. The review was opened[e2][e4–e9]. Größe, ação. [MISSING: why]

### Logs kept

- first with **strong** and *care*[e3]
- \<script\>alert(1)\</script\> & "x" \[e9\]
  - nested
1. one
2. two

Between.

5. five

| Account | State |
|---|---|
| a\|b | open[e2] |
| c | closed |

---

This paragraph goes away.

## Unknown, not collected, expired

- Not known: x.

## Evidence

[e1] ev_1 line one
[e2] ev_2 line two
"#;

/// The block that holds these words.
pub(crate) fn at(document: &Document, words: &str) -> usize {
    let block = document
        .blocks
        .iter()
        .find(|block| block.source.contains(words));
    block
        .unwrap_or_else(|| panic!("no block says {words}"))
        .index
}

pub(crate) fn sheet(text: &str) -> Sheet {
    Sheet {
        title: "Report of an incident".to_owned(),
        banner: Some("PRIVILEGED & CONFIDENTIAL".to_owned()),
        distribution: vec!["Counsel <counsel@example.com>".to_owned()],
        language: "en-US".to_owned(),
        document: Document::parse(text),
        evidence: (1..=9)
            .map(|number| (number, format!("ev_{number} <log> & hash")))
            .collect(),
        comments: Vec::new(),
        changes: Vec::new(),
        bind: "sha256:0123".to_owned(),
        reference: "LL-C-0417 / notice 3".to_owned(),
        at: "2026-11-20T10:00:00Z".parse().unwrap(),
    }
}

pub(crate) fn suggest(sheet: &mut Sheet, block: usize, before: &str, after: &str) {
    sheet.changes.push(Suggestion {
        change: Change {
            block,
            before: before.to_owned(),
            after: after.to_owned(),
        },
        author: "Ada Counsel".to_owned(),
        at: Some(sheet.at),
    });
}

fn remark(id: u64, block: usize, quote: &str, text: &str, thread: Option<u64>) -> Comment {
    Comment {
        id,
        block,
        quote: quote.to_owned(),
        author: "Ben Legal".to_owned(),
        at: "2026-11-20T10:00:00Z".parse().ok(),
        text: text.to_owned(),
        thread,
        resolved: thread.is_some(),
    }
}

/// A sheet with everything that a file can hold.
pub(crate) fn full() -> Sheet {
    let mut sheet = sheet(TEXT);
    let document = sheet.document.clone();
    let narrative = at(&document, "The business");
    let source = document.blocks[narrative].source.clone();
    let after = source
        .replace("reviewing", "examining")
        .replace("[e2]", "[e3]");
    suggest(&mut sheet, narrative, &source, &after);
    let gone = at(&document, "goes away");
    suggest(&mut sheet, gone, "This paragraph goes away.", "");
    suggest(
        &mut sheet,
        at(&document, "Between"),
        "",
        "A new paragraph[e1].",
    );
    let row = at(&document, "c | closed");
    suggest(&mut sheet, row, "| c | closed |", "| c | suspended |");
    let quote = "account holder. The review";
    sheet.comments = vec![
        remark(0, narrative, quote, "Which account?\nSecond line", None),
        remark(1, narrative, quote, "The one of Okta.", Some(0)),
        remark(2, at(&document, "Between"), "", "All of it", None),
    ];
    sheet
}

pub(crate) fn changes(found: &docx::Reviewed) -> Vec<(usize, &str, &str, &str)> {
    (found.changes.iter())
        .map(|found| {
            let change = &found.change;
            (
                change.block,
                change.before.as_str(),
                change.after.as_str(),
                found.author.as_str(),
            )
        })
        .collect()
}

/// The parts of a Word file, by name.
pub(crate) fn parts(bytes: &[u8]) -> BTreeMap<String, String> {
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    (0..zip.len())
        .map(|index| {
            let mut file = zip.by_index(index).unwrap();
            let mut text = String::new();
            file.read_to_string(&mut text).unwrap();
            (file.name().unwrap().into_owned(), text)
        })
        .collect()
}

fn packed(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        zip.start_file(*name, zip::write::SimpleFileOptions::default())
            .unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A file with one part changed.
fn with(bytes: &[u8], name: &str, change: impl Fn(&str) -> String) -> Vec<u8> {
    let mut all = parts(bytes);
    let new = change(all.get(name).map_or("", String::as_str));
    all.insert(name.to_owned(), new);
    let all: Vec<(&str, &[u8])> = all
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_bytes()))
        .collect();
    packed(&all)
}

#[test]
fn the_same_sheet_gives_the_same_bytes() {
    assert_eq!(docx::write(&full()).unwrap(), docx::write(&full()).unwrap());
}

#[test]
fn the_parts_hold_together() {
    let parts = parts(&docx::write(&full()).unwrap());
    let types = roxmltree::Document::parse(&parts["[Content_Types].xml"]).unwrap();
    let declared: BTreeSet<&str> = types
        .descendants()
        .filter_map(|node| node.attribute("PartName"))
        .collect();
    for (name, text) in &parts {
        roxmltree::Document::parse(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let known = name.contains("_rels/") || name == "[Content_Types].xml";
        assert!(
            known || declared.contains(format!("/{name}").as_str()),
            "{name} has no type"
        );
    }
    for part in declared {
        assert!(
            parts.contains_key(part.trim_start_matches('/')),
            "{part} is declared and not there"
        );
    }
    for (name, base) in [
        ("_rels/.rels", ""),
        ("word/_rels/document.xml.rels", "word/"),
    ] {
        let relations = roxmltree::Document::parse(&parts[name]).unwrap();
        for target in relations
            .descendants()
            .filter_map(|node| node.attribute("Target"))
        {
            assert!(
                parts.contains_key(&format!("{base}{target}")),
                "{target} is not there"
            );
        }
    }
    let document = roxmltree::Document::parse(&parts["word/document.xml"]).unwrap();
    let id = |node: roxmltree::Node<'_, '_>, name: &str| {
        node.attributes()
            .find(|known| known.name() == name)
            .map(|known| known.value().to_owned())
    };
    // Ids of bookmarks and revisions, and those of paragraphs, stand once each.
    for (tags, attribute) in [
        (&["bookmarkStart", "ins", "del"][..], "id"),
        (&["p"], "paraId"),
    ] {
        let mut seen = BTreeSet::new();
        for node in document
            .descendants()
            .filter(|node| tags.contains(&node.tag_name().name()))
        {
            if let Some(id) = id(node, attribute) {
                assert!(seen.insert(id.clone()), "{attribute} {id} stands twice");
            }
        }
        assert!(!seen.is_empty());
    }
    // Every footnote and comment that is named is there.
    for (part, one, reference) in [
        ("word/footnotes.xml", "footnote", "footnoteReference"),
        ("word/comments.xml", "comment", "commentReference"),
    ] {
        let xml = roxmltree::Document::parse(&parts[part]).unwrap();
        let there: BTreeSet<String> = (xml.descendants())
            .filter(|node| node.tag_name().name() == one)
            .filter_map(|node| id(node, "id"))
            .collect();
        let named: BTreeSet<String> = (document.descendants())
            .filter(|node| node.tag_name().name() == reference)
            .filter_map(|node| id(node, "id"))
            .collect();
        assert!(
            !named.is_empty() && named.is_subset(&there),
            "{part}: {named:?} of {there:?}"
        );
    }
    in_order(&parts);
}

/// The order of elements in the schema, of those that are written.
const ORDERS: &[(&str, &[&str])] = &[
    (
        "pPr",
        &[
            "pStyle",
            "keepNext",
            "keepLines",
            "numPr",
            "pBdr",
            "tabs",
            "spacing",
            "ind",
            "contextualSpacing",
            "jc",
            "outlineLvl",
            "rPr",
        ],
    ),
    (
        "rPr",
        &[
            "rStyle",
            "rFonts",
            "ins",
            "del",
            "b",
            "i",
            "sz",
            "szCs",
            "highlight",
            "vertAlign",
            "lang",
        ],
    ),
    (
        "sectPr",
        &["headerReference", "footerReference", "pgSz", "pgMar"],
    ),
    (
        "settings",
        &[
            "zoom",
            "trackRevisions",
            "defaultTabStop",
            "footnotePr",
            "compat",
            "themeFontLang",
            "decimalSymbol",
            "listSeparator",
        ],
    ),
    (
        "tblPr",
        &[
            "tblStyle",
            "tblW",
            "tblInd",
            "tblBorders",
            "tblCellMar",
            "tblLook",
        ],
    ),
    ("trPr", &["tblHeader", "ins", "del"]),
    ("lvl", &["start", "numFmt", "lvlText", "lvlJc", "pPr"]),
    (
        "style",
        &[
            "name",
            "basedOn",
            "next",
            "uiPriority",
            "semiHidden",
            "qFormat",
            "pPr",
            "rPr",
            "tblPr",
            "tblStylePr",
        ],
    ),
];

/// Word refuses elements in another order than the schema's.
fn in_order(parts: &BTreeMap<String, String>) {
    for (name, text) in parts.iter().filter(|(name, _)| name.starts_with("word/")) {
        let xml = roxmltree::Document::parse(text).unwrap();
        for node in xml.descendants() {
            let Some((_, order)) = ORDERS
                .iter()
                .find(|(tag, _)| *tag == node.tag_name().name())
            else {
                continue;
            };
            let places: Vec<usize> = (node.children())
                .map(|child| {
                    let tag = child.tag_name().name();
                    order
                        .iter()
                        .position(|known| *known == tag)
                        .unwrap_or_else(|| {
                            panic!(
                                "{name}: {tag} in {} is not in the list",
                                node.tag_name().name()
                            )
                        })
                })
                .collect();
            assert!(
                places.is_sorted(),
                "{name}: {:?}",
                node.children()
                    .map(|c| c.tag_name().name())
                    .collect::<Vec<_>>()
            );
        }
    }
}

#[test]
fn what_was_sent_out_comes_back() {
    let sheet = full();
    let found = docx::read(&docx::write(&sheet).unwrap(), TEXT).unwrap();
    assert_eq!(found.bind.as_deref(), Some("sha256:0123"));
    assert_eq!(found.notes, Vec::<String>::new());
    let mut sent: Vec<Suggestion> = sheet.changes.clone();
    sent.sort_by_key(|suggestion| suggestion.change.block);
    assert_eq!(found.changes, sent);
    let quote = "account holder[e1]. The review";
    let expected: Vec<Comment> = (sheet.comments.iter())
        .map(|comment| Comment {
            quote: if comment.quote.is_empty() {
                "Between."
            } else {
                quote
            }
            .to_owned(),
            ..comment.clone()
        })
        .collect();
    assert_eq!(found.comments, expected);
}

#[test]
fn a_paragraph_split_joined_moved_or_cut_in_runs_is_understood() {
    let text = "One two three.\n\nFour five.\n\nSix.\n";
    let bytes = docx::write(&sheet(text)).unwrap();
    let by = "w:id=\"900\" w:author=\"R\" w:date=\"2026-11-21T08:00:00Z\"";
    let run = |text: &str| format!("<w:r><w:t xml:space=\"preserve\">{text}</w:t></w:r>");
    let edit = |from: &str, to: &str| {
        let bytes = with(&bytes, "word/document.xml", |xml| {
            assert!(xml.contains(from), "{from} in {xml}");
            xml.replacen(from, to, 1)
        });
        let found = docx::read(&bytes, text).unwrap();
        changes(&found)
            .into_iter()
            .map(|(block, before, after, by)| format!("{block} {before} > {after} ({by})"))
            .collect::<Vec<_>>()
    };
    // Split: the end of the first half is what came.
    let head = "<w:pPr><w:pStyle w:val=\"BodyText\"/></w:pPr><w:bookmarkStart w:id=\"2\" w:name=\"_Cordon0\"/>";
    let whole = format!("{head}{}", run("One two three."));
    let came = format!(
        "<w:pPr><w:pStyle w:val=\"BodyText\"/><w:rPr><w:ins {by}/></w:rPr></w:pPr><w:bookmarkStart w:id=\"2\" w:name=\"_Cordon0\"/>"
    );
    let split = format!("{came}{}</w:p><w:p>{}", run("One two"), run(" three."));
    assert_eq!(
        edit(&whole, &split),
        [
            "0 One two three. > One two (untracked, document author)",
            "0  > three. (untracked, document author)"
        ]
    );
    // Joined: the end of the first paragraph goes.
    let joined = came.replace("w:ins", "w:del");
    assert_eq!(
        edit(head, &joined),
        [
            "0 One two three. > One two three.Four five. (untracked, document author)",
            "1 Four five. >  (untracked, document author)"
        ]
    );
    // A change across runs that a program has cut anywhere.
    let cut = format!(
        "{head}{}<w:del {by}><w:r><w:delText xml:space=\"preserve\">tw</w:delText></w:r></w:del><w:del {by}>\
         <w:r><w:rPr><w:b/></w:rPr><w:delText>o</w:delText></w:r></w:del><w:ins {by}>{}</w:ins>{}",
        run("One "),
        run("2"),
        run(" three.")
    );
    assert_eq!(edit(&whole, &cut), ["0 One two three. > One 2 three. (R)"]);
    // Put in by one and deleted by another: it never was.
    let never = format!(
        "{whole}<w:ins {by}><w:del {by}><w:r><w:delText> never</w:delText></w:r></w:del></w:ins>"
    );
    assert_eq!(edit(&whole, &never), Vec::<String>::new());
    // Moved text comes in one place and goes in the other.
    let moved = format!(
        "{head}{}<w:moveFrom {by}>{}</w:moveFrom>",
        run("One two"),
        run(" three.")
    );
    assert_eq!(edit(&whole, &moved), ["0 One two three. > One two (R)"]);
}

#[test]
fn hostile_text_stays_text() {
    let word = "x".repeat(10_000);
    let text = format!(
        "# T \u{202e}rtl\n\n</w:t></w:r> & <b> \u{7} \u{1b}[31m ]]> {word} \"' \u{ffff}\n\n- =cmd|' /C calc'!A0\n"
    );
    let bytes = docx::write(&sheet(&text)).unwrap();
    let parts = parts(&bytes);
    roxmltree::Document::parse(&parts["word/document.xml"]).unwrap();
    assert!(parts["word/document.xml"].contains("[U+202E]rtl"));
    assert_eq!(changes(&docx::read(&bytes, &text).unwrap()), []);
}

#[test]
fn files_made_to_do_harm_are_refused_or_named() {
    let bytes = docx::write(&sheet(TEXT)).unwrap();
    let refused = |bytes: &[u8]| docx::read(bytes, TEXT).unwrap_err().code();
    assert_eq!(refused(b""), "docx-refused");
    assert_eq!(refused(b"%PDF-1.7"), "docx-refused");
    assert_eq!(refused(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "docx-refused");
    assert_eq!(
        refused(&packed(&[("xl/workbook.xml", b"<a/>")])),
        "docx-refused"
    );
    // Entities that grow.
    let laughs = "<!DOCTYPE a [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;\">]><w:document xmlns:w=\"x\">&b;</w:document>";
    assert_eq!(
        refused(&packed(&[("word/document.xml", laughs.as_bytes())])),
        "docx-refused"
    );
    // A part that unpacks to far more than it weighs.
    let bomb = vec![b' '; 40 << 20];
    assert_eq!(
        refused(&packed(&[("word/document.xml", &bomb)])),
        "docx-refused"
    );
    let many: Vec<String> = (0..2_100)
        .map(|number| format!("word/{number}.xml"))
        .collect();
    let many: Vec<(&str, &[u8])> = many
        .iter()
        .map(|name| (name.as_str(), &b"<a/>"[..]))
        .collect();
    assert_eq!(refused(&packed(&many)), "docx-refused");
    // Deep nesting ends in a note, not in the end of the stack.
    let deep = with(&bytes, "word/document.xml", |xml| {
        let (open, close) = ("<w:sdt>".repeat(20_000), "</w:sdt>".repeat(20_000));
        xml.replace("<w:sectPr>", &format!("{open}<w:p/>{close}<w:sectPr>"))
    });
    match docx::read(&deep, TEXT) {
        Ok(found) => assert!(
            found.notes.iter().any(|note| note.contains("nested")),
            "{found:?}"
        ),
        Err(fault) => assert_eq!(fault.code(), "docx-refused"),
    }
    // What acts is named.
    let mut all = parts(&bytes);
    all.insert("word/vbaProject.bin".to_owned(), "x".to_owned());
    all.insert("word/embeddings/oleObject1.bin".to_owned(), "x".to_owned());
    all.insert("../../evil.xml".to_owned(), "<a/>".to_owned());
    let relations = all.get_mut("word/_rels/document.xml.rels").unwrap();
    *relations = relations.replace(
        "</Relationships>",
        "<Relationship Id=\"rId99\" Type=\"t\" Target=\"http://x.example/\" TargetMode=\"External\"/></Relationships>",
    );
    let all: Vec<(&str, &[u8])> = all
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_bytes()))
        .collect();
    let found = docx::read(&packed(&all), TEXT).unwrap();
    assert_eq!(changes(&found), []);
    for word in [
        "macros",
        "embedded objects",
        "leads out",
        "addresses outside",
    ] {
        assert!(
            found.notes.iter().any(|note| note.contains(word)),
            "{word}: {:?}",
            found.notes
        );
    }
}

#[test]
fn a_damaged_file_never_ends_the_program() {
    let bytes = docx::write(&full()).unwrap();
    let mut seed = 7_u64;
    for round in 0..1_500 {
        let mut broken = bytes.clone();
        for _ in 0..=round % 7 {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let at = usize::try_from(seed >> 33).unwrap() % broken.len();
            broken[at] = u8::try_from((seed >> 17) & 0xff).unwrap();
        }
        if round % 5 == 0 {
            broken.truncate(broken.len() * (round % 97) / 97);
        }
        let _ = docx::read(&broken, TEXT);
    }
    // The same with the XML itself: tags that are cut, doubled or swapped.
    let xml = parts(&bytes)["word/document.xml"].clone();
    let tags: Vec<&str> = xml.split_inclusive('>').collect();
    for round in 0..300 {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let at = usize::try_from(seed >> 33).unwrap() % tags.len();
        let mut some = tags.clone();
        match round % 3 {
            0 => drop(some.remove(at)),
            1 => some.insert(at, tags[(at * 7) % tags.len()]),
            _ => some.swap(at, (at * 13) % tags.len()),
        }
        let text = some.concat();
        let _ = docx::read(&with(&bytes, "word/document.xml", |_| text.clone()), TEXT);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_file_that_nobody_touched_changes_nothing(text in markdown()) {
        let bytes = docx::write(&sheet(&text)).unwrap();
        let found = docx::read(&bytes, &text).unwrap();
        prop_assert_eq!(changes(&found), vec![], "{:?}", text);
    }

    #[test]
    fn a_suggestion_comes_back_as_it_was_made(text in markdown(), new in "[a-z]{1,9} [a-z]{1,9}\\.") {
        let mut sheet = sheet(&text);
        let block = sheet.document.blocks.iter().find(|block| {
            matches!(block.kind, cordon::document::Kind::Paragraph | cordon::document::Kind::Quote)
                && !block.source.contains("[MISSING")
        });
        if let Some(block) = block.cloned() {
            suggest(&mut sheet, block.index, &block.source, &new);
            let found = docx::read(&docx::write(&sheet).unwrap(), &text).unwrap();
            let one = found.changes.first().filter(|_| found.changes.len() == 1);
            prop_assert!(one.is_some(), "{:?} {:?}", text, found.changes);
            let change = &one.unwrap().change;
            prop_assert_eq!((change.block, &change.before), (block.index, &block.source));
            // White space that stayed is as it was in the source.
            let said = Document::parse(&change.after).blocks.first().map(cordon::document::Block::line);
            let said = said.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
            prop_assert_eq!(said, new, "{:?}", text);
        }
    }
}
