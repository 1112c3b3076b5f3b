//! The text of a notice as a document: read, written again, compared, changed.

use cordon::document::{Change, Cite, Document, Kind, Piece, Span, html, part, plain, redline};
use proptest::prelude::*;

const NOTICE: &str = r"# Title

Subject: Access review

> Nothing here accuses.

Intro with *care* and **weight**, of which more.
Second line[e1].

## Narrative (10 of 3500 characters)

- Name: \[e9\] a\_b[e1][e4–e9]
- Empty: [MISSING: what a person knows]
  - nested
1. one
2. two

| Account | State |
|---|---|
| a\|b | open[e2] |

---

<b>raw</b> & [link](http://x.example) <http://y.example>
";

fn words(document: &Document) -> Vec<String> {
    document
        .blocks
        .iter()
        .map(cordon::document::Block::line)
        .collect()
}

#[test]
fn a_notice_is_read_as_what_it_says() {
    let document = Document::parse(NOTICE);
    let kinds: Vec<Kind> = document.blocks.iter().map(|block| block.kind).collect();
    let item = |depth, ordered| Kind::Item { depth, ordered };
    assert_eq!(
        kinds,
        [
            Kind::Heading(1),
            Kind::Paragraph,
            Kind::Quote,
            Kind::Paragraph,
            Kind::Heading(2),
            item(0, None),
            item(0, None),
            item(1, None),
            item(0, Some(1)),
            item(0, Some(2)),
            Kind::Row { header: true },
            Kind::Row { header: false },
            Kind::Rule,
            Kind::Paragraph,
        ]
    );
    let said = words(&document);
    assert_eq!(
        said[3],
        "Intro with care and weight, of which more. Second line[e1]."
    );
    assert_eq!(said[5], "Name: [e9] a_b[e1][e4–e9]");
    assert_eq!(
        document.blocks[5].cites(),
        [Cite { first: 1, last: 1 }, Cite { first: 4, last: 9 }]
    );
    assert_eq!(
        document.blocks[6].spans.last(),
        Some(&Span::Missing("what a person knows".to_owned()))
    );
    assert_eq!(document.blocks[11].cells().len(), 2);
    // Neither markup nor link acts; all of it is to be read.
    assert_eq!(
        said[13],
        "<b>raw</b> & [link](http://x.example) <http://y.example>"
    );
    let shown = html(&document.blocks[13].spans);
    assert!(!shown.contains("<b>") && !shown.contains("href"), "{shown}");
}

#[test]
fn what_is_written_reads_the_same_again() {
    let document = Document::parse(NOTICE);
    let written = document.write();
    assert_eq!(Document::parse(&written), document, "{written}");
    assert_eq!(Document::parse(&written).write(), written);
}

#[test]
fn nothing_that_markdown_swallows_vanishes() {
    for text in [
        "[note]: http://evil.example \"hidden\"\n\nText\n",
        "| a |\n|---|\n| b | hidden |\n",
        "<!-- hidden -->\n\nText\n",
        "```hidden\ncode\n```\n",
        "    hidden\n",
        "![hidden](http://x.example/hidden)\n",
    ] {
        let document = Document::parse(text);
        let said = words(&document).join("\n");
        let all = text.matches("hidden").count();
        assert!(
            said.matches("hidden").count() >= all.min(1),
            "{text:?} became {said:?}"
        );
        assert_eq!(Document::parse(&document.write()), document, "{text:?}");
    }
}

#[test]
fn one_block_is_changed_and_no_other_byte() {
    let document = Document::parse(NOTICE);
    for block in &document.blocks {
        if matches!(block.kind, Kind::Rule) {
            continue;
        }
        assert_eq!(
            document.replace(block.index, &block.source),
            NOTICE,
            "{block:?}"
        );
    }
    let changed = document.replace(7, "nested twice");
    assert_eq!(changed, NOTICE.replace("nested", "nested twice"));
    let gone = document.replace(8, "");
    assert_eq!(gone, NOTICE.replace("1. one\n", ""));
    let gone = document.replace(3, "");
    assert_eq!(
        Document::parse(&gone).blocks.len(),
        document.blocks.len() - 1
    );
    assert!(!gone.contains("\n\n\n"), "{gone}");
    let more = document.insert_after(Some(3), "A new paragraph.");
    assert_eq!(words(&Document::parse(&more))[4], "A new paragraph.");
    let change = Change {
        block: 2,
        before: "Something else".to_owned(),
        after: "x".to_owned(),
    };
    assert_eq!(document.apply(&change).unwrap_err().code(), "change-stale");
}

#[test]
fn plain_text_has_no_numbers_of_evidence_and_no_escapes() {
    let document = Document::parse("## Body\n- a\\_b \\[x\\][e1][e4–e9]\n- *c*\n");
    assert_eq!(plain(&document), "## Body\n- a_b [x]\n- c\n");
}

#[test]
fn sentences_carry_what_they_stand_on() {
    let document = Document::parse(
        "Under Art. 33 GDPR it was seen[e1]. No. 4 applies.[e2][e4–e6] On 3. March e.g. Dr. A. Who? Open",
    );
    let found: Vec<(String, usize)> = document.blocks[0]
        .sentences()
        .into_iter()
        .map(|sentence| (sentence.text, sentence.cites.len()))
        .collect();
    let expected = [
        ("Under Art. 33 GDPR it was seen.", 1),
        ("No. 4 applies.", 2),
        ("On 3. March e.g. Dr. A. Who?", 0),
        ("Open", 0),
    ];
    assert_eq!(
        found,
        expected.map(|(text, cites)| (text.to_owned(), cites))
    );
}

#[test]
fn a_redline_shows_words_and_whole_citations() {
    let old =
        "# T\n\nThe account was closed on Monday[e4].\n\nGone entirely, this one.\n\n- kept\n";
    let new = "# T\n\nThe account was suspended on Monday[e41].\n\n- kept\n- new item here\n";
    let found = redline(old, new);
    let changed: Vec<_> = found.iter().filter(|block| block.changed()).collect();
    assert_eq!(changed.len(), 3);
    assert_eq!(
        changed[0].pieces,
        [
            Piece::Same("The account was ".to_owned()),
            Piece::Removed("closed".to_owned()),
            Piece::Added("suspended".to_owned()),
            Piece::Same(" on Monday".to_owned()),
            Piece::Removed("[e4]".to_owned()),
            Piece::Added("[e41]".to_owned()),
            Piece::Same(".".to_owned()),
        ]
    );
    assert_eq!(
        changed[1].pieces,
        [Piece::Removed("Gone entirely, this one.".to_owned())]
    );
    assert_eq!(
        changed[2].pieces,
        [Piece::Added("new item here".to_owned())]
    );
    let styled = redline("a *b* c", "a b c");
    assert!(styled[0].changed(), "emphasis is a change that can be seen");
}

/// The two texts that a redline was made of, from its pieces.
fn sides(found: &[cordon::document::RedlineBlock]) -> (Vec<String>, Vec<String>) {
    let (mut old, mut new) = (Vec::new(), Vec::new());
    for block in found {
        let side = |keep: fn(&Piece) -> Option<&String>| {
            block
                .pieces
                .iter()
                .filter_map(keep)
                .map(String::as_str)
                .collect::<String>()
        };
        if block.old.is_some() {
            old.push(side(|piece| match piece {
                Piece::Same(text) | Piece::Removed(text) => Some(text),
                Piece::Added(_) => None,
            }));
        }
        if block.new.is_some() {
            new.push(side(|piece| match piece {
                Piece::Same(text) | Piece::Added(text) => Some(text),
                Piece::Removed(_) => None,
            }));
        }
    }
    (old, new)
}

/// What the page shows of a block, line by line, read from its HTML without the marks of evidence.
fn on_the_page(spans: &[Span]) -> Vec<String> {
    let mut shown = html(spans);
    while let Some((before, mark)) = shown.split_once("<a class=\"cite\"") {
        let (_, behind) = mark.split_once("</a>").unwrap();
        shown = format!("{before}{behind}");
    }
    shown = shown.replace("<br>", "\u{1}");
    let mut text = String::new();
    let mut tag = false;
    for c in shown.chars() {
        match c {
            '<' => tag = true,
            '>' if tag => tag = false,
            c if !tag => text.push(c),
            _ => {}
        }
    }
    for (entity, c) in [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&#96;", "`"),
        ("&amp;", "&"),
    ] {
        text = text.replace(entity, c);
    }
    text.split('\u{1}').map(one_space).collect()
}

/// White space as a page shows it.
fn one_space(text: &str) -> String {
    let words = text
        .split([' ', '\n', '\t'])
        .filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

/// Plain text says what the page shows, block by block, with the marks of headings, items and tables.
fn plain_is_the_page(text: &str) {
    let document = Document::parse(text);
    let mut all = Vec::new();
    for block in &document.blocks {
        let lines = on_the_page(&block.spans);
        let expected = match block.kind {
            Kind::Heading(level) => format!("{} {}", "#".repeat(level.into()), lines.join(" ")),
            Kind::Paragraph => lines.join(" "),
            Kind::Quote => format!("> {}", lines.join(" > ")),
            Kind::Item { ordered, .. } => {
                let mark = ordered.map_or("-".to_owned(), |number| format!("{number}."));
                format!("{mark} {}", lines.join(" "))
            }
            Kind::Row { header } => {
                let end = if header {
                    "---|".repeat(lines.len())
                } else {
                    String::new()
                };
                let end = if header { format!(" |{end}") } else { end };
                format!("| {} |{end}", lines.join(" | "))
            }
            Kind::Rule => "---".to_owned(),
        };
        let said = part(&document, block.index..block.index + 1);
        assert_eq!(
            one_space(&said),
            one_space(&expected),
            "{block:?} of {text:?}"
        );
        all.push(one_space(&expected));
    }
    assert_eq!(
        one_space(&plain(&document)),
        one_space(&all.join(" ")),
        "{text:?}"
    );
}

#[test]
fn plain_text_has_what_the_page_has_and_not_what_stands_in_the_markdown() {
    let text = "# A &amp; B\n\n**Bold**, *soft*, `code`, a\\_b\\\nnext\nline[e1]. [link](http://x.example) &lt;b&gt; <i>x</i> \u{202e}z\n\n1. one\n1. two\n   > quoted\\\n   > twice\n\n| a | b |\n|---|---|\n| **c** | d[e2] |\n\n```\nlet x = 1;\n```\n";
    let said = plain(&Document::parse(text));
    assert_eq!(
        said,
        "# A & B\n\nBold, soft, `code`, a_b\nnext line. [link](http://x.example) <b> <i>x</i> [U+202E]z\n\n1. one\n2. two\n> quoted\n> twice\n\n| a | b |\n|---|---|\n| c | d |\n\n```\nlet x = 1;\n```\n"
            .replace("`code`", "code")
    );
    plain_is_the_page(text);
    plain_is_the_page(NOTICE);
    plain_is_the_page(crate::samples::HOSTILE);
}

/// Texts made of what Markdown acts on.
pub(crate) fn markdown() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-z]{1,4}",
        Just("word ".to_owned()),
        Just("\n".to_owned()),
        Just("\n\n".to_owned()),
        prop::sample::select(vec![
            "# ",
            "## ",
            "- ",
            "* ",
            "+ ",
            "1. ",
            "7) ",
            "> ",
            "  ",
            "    ",
            "\t",
            "|",
            "|---|",
            "\n|---|---|\n",
            "---",
            "===",
            "***",
            "**",
            "*",
            "_",
            "__",
            "`",
            "```",
            "~~~",
            "<",
            ">",
            "<b>",
            "</b>",
            "<div>",
            "<!--",
            "-->",
            "&amp;",
            "&#10;",
            "&#32;",
            "&nbsp;",
            "\\",
            "\\\n",
            "  \n",
            "[e4]",
            "[e4–e9]",
            "[e",
            "]",
            "[",
            "(x)",
            "[a]: b",
            "![i](j)",
            "[MISSING: x]",
            "\u{202e}",
            "\0",
            "\r\n",
            "\u{c}",
            "!",
            "{",
            "}",
            "#",
            ".",
            ":",
            "é",
            "\u{a0}",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_text_is_written_as_it_was_read(text in markdown()) {
        let document = Document::parse(&text);
        let written = document.write();
        prop_assert_eq!(Document::parse(&written), document, "{:?} became {:?}", text, written);
    }

    #[test]
    fn any_characters_can_be_read(text in any::<String>()) {
        let document = Document::parse(&text);
        prop_assert_eq!(Document::parse(&document.write()), document);
    }

    #[test]
    fn a_block_replaced_by_itself_says_the_same(text in markdown()) {
        let document = Document::parse(&text);
        for block in &document.blocks {
            // No text may make it panic.
            let _ = document.replace(block.index, "new");
            let _ = document.replace(block.index, "");
            let _ = document.insert_after(Some(block.index), "new");
        }
    }

    #[test]
    fn plain_text_is_what_the_page_shows(text in markdown()) {
        plain_is_the_page(&text);
    }

    #[test]
    fn plain_text_is_what_the_page_shows_of_any_characters(text in any::<String>()) {
        plain_is_the_page(&text);
    }

    #[test]
    fn a_redline_holds_both_texts(old in markdown(), new in markdown()) {
        let (was, is) = sides(&redline(&old, &new));
        let all = |text: &str| {
            let found = redline("", text);
            sides(&found).1
        };
        prop_assert_eq!(was, all(&old));
        prop_assert_eq!(is, all(&new));
    }
}
