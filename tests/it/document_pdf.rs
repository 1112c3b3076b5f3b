//! PDF files: the same bytes each time, PDF/A-2b, every font inside, and hostile text as text.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use cordon::document::{Sheet, pdf};

use super::document_docx::{TEXT, full, sheet};
use super::document_programs::here;

/// What would act or fetch something when the file is opened.
const ACT: &[&str] = &[
    "/AA",
    "/EmbeddedFile",
    "/GoToR",
    "/ImportData",
    "/JS",
    "/JavaScript",
    "/Launch",
    "/OpenAction",
    "/RichMedia",
    "/SubmitForm",
    "/URI",
    "/Widget",
];

fn said(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The text of a file as `pdftotext` reads it, on one line.
fn read(bytes: &[u8]) -> String {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    let text = said(Command::new("pdftotext").arg(file.path()).arg("-"));
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether the programs that look into a PDF file are here.
pub(crate) fn lookers() -> bool {
    here("qpdf", &["--version"]) && here("pdffonts", &["-v"]) && here("pdftotext", &["-v"])
}

/// What does not hold of a file: that it is sound, that nothing in it acts, and that its fonts are in it.
pub(crate) fn look_inside(file: &Path) -> Vec<String> {
    let mut wrong = Vec::new();
    // It reads the whole file, and fails when that is not sound.
    let open = said(
        Command::new("qpdf")
            .args([
                "--qdf",
                "--object-streams=disable",
                "--stream-data=uncompress",
            ])
            .arg(file)
            .arg("-"),
    );
    let names = |word: &&&str| {
        let mut after = open.split(**word).skip(1).map(|after| after.chars().next());
        after.any(|next| next.is_none_or(|c| !c.is_ascii_alphanumeric()))
    };
    wrong.extend(ACT.iter().filter(names).map(|word| format!("has {word}")));
    for mark in [
        "<pdfaid:part>2</pdfaid:part>",
        "<pdfaid:conformance>B</pdfaid:conformance>",
        "/OutputIntents",
    ] {
        if !open.contains(mark) {
            wrong.push(format!("does not say {mark}"));
        }
    }
    let fonts = said(Command::new("pdffonts").arg(file));
    let fonts: Vec<&str> = fonts.lines().skip(2).collect();
    if fonts.is_empty() {
        wrong.push("has no fonts".to_owned());
    }
    // Columns from the right: object and generation, unicode, subset, embedded.
    for font in fonts {
        if font.split_whitespace().rev().nth(4) != Some("yes") {
            wrong.push(format!("the font is not in it: {font}"));
        }
    }
    wrong
}

#[test]
fn the_same_sheet_gives_the_same_bytes() {
    let first = pdf::write(&full()).unwrap();
    assert_eq!(first, pdf::write(&full()).unwrap());
    let mut other = full();
    other.bind = "sha256:4567".to_owned();
    assert_ne!(first, pdf::write(&other).unwrap());
}

#[test]
fn a_file_holds_what_a_word_file_holds() {
    if !lookers() {
        return;
    }
    let text = read(&pdf::write(&full()).unwrap());
    for words in [
        "PRIVILEGED & CONFIDENTIAL",
        "LL-C-0417 / notice 3",
        "Page 1 of 1",
        "Distribution: Counsel <counsel@example.com>",
        "[e1] ev_1 <log> & hash",
        "e4: ev_4 <log> & hash; e5:",
        "<script>alert(1)</script> & \"x\" [e9]",
        "[MISSING: why]",
        "Größe, ação",
        "5. five",
        "a|b",
        // A PDF shows the text as it stands, not what people suggest.
        "This paragraph goes away.",
    ] {
        assert!(text.contains(words), "{words} is not in it:\n{text}");
    }
    assert!(!text.contains("A new paragraph"), "{text}");
}

#[test]
fn it_says_its_language_its_outline_and_what_it_was_made_of() {
    if !lookers() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.pdf");
    let mut sheet = sheet(TEXT);
    sheet.language = "de-DE".to_owned();
    std::fs::write(&file, pdf::write(&sheet).unwrap()).unwrap();
    assert_eq!(look_inside(&file), Vec::<String>::new());
    let open = said(
        Command::new("qpdf")
            .args(["--qdf", "--object-streams=disable"])
            .arg(&file)
            .arg("-"),
    );
    for mark in [
        "/Lang (de-DE)",
        "/Outlines",
        "(Logs kept)",
        "/MarkInfo",
        "sha256:0123",
        "2026-11-20T10:00:00",
    ] {
        assert!(open.contains(mark), "{mark} is not in it");
    }
    let text = read(&std::fs::read(&file).unwrap());
    assert!(
        text.contains("Verteiler: Counsel") && text.contains("Seite 1 von 1"),
        "{text}"
    );
}

/// What a name may hold, and what is read of it on paper.
#[test]
fn hostile_text_stays_text() {
    let typst =
        "#eval(\"1\") $x^2$ @ref <label> \\ #include \"a\" // c /* d */ = e `raw` *b* _i_ ~ end ";
    let word = "W".repeat(2_000);
    let text = format!(
        "# {}\n\n{}\n\n{word}\n\n| a | b |\n|---|---|\n| {word} | \u{202e}x |\n\n> q\n\n- =cmd|' /C calc'!A0\n",
        "h".repeat(40_000),
        markdown(typst),
    );
    let mut sheet = sheet(&text);
    sheet.title = format!("{typst}{word}");
    sheet.banner = Some(typst.to_owned());
    sheet.distribution = vec![typst.to_owned(), word];
    sheet.language = "#eval-$x".to_owned();
    let bytes = pdf::write(&sheet).unwrap();
    if !lookers() {
        return;
    }
    let read = read(&bytes);
    let shown: String = typst.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(read.matches(&shown).count() >= 3, "markup acts");
    assert!(
        read.contains("[U+202E]x"),
        "a hidden mark is not written out"
    );
    assert!(read.matches('W').count() >= 6_000, "a long word is cut");
}

/// Letters as they stand in Markdown that takes none of them for itself.
fn markdown(text: &str) -> String {
    let each = text.chars().map(|c| {
        if c.is_ascii_punctuation() {
            format!("\\{c}")
        } else {
            c.to_string()
        }
    });
    each.collect()
}

#[test]
fn letters_that_no_font_has_are_written_out() {
    let text = "Ελένη Мария \u{4e2d}\u{6587} \u{0e44}\u{0e17} \u{1f600} \u{e000} e\u{301} q\u{301}\u{323} \u{5d3}\u{5d5}\u{5d3} \u{645}\u{631}\u{64a}\u{645}";
    let bytes = pdf::write(&sheet(text)).unwrap();
    if !lookers() {
        return;
    }
    let read = read(&bytes);
    for words in [
        "Ελένη Мария",
        "[U+4E2D][U+6587]",
        "[U+0E44][U+0E17]",
        "[U+1F600] [U+E000]",
    ] {
        assert!(read.contains(words), "{words} is not in it:\n{read}");
    }
}

/// Every letter of Unicode, and marks on letters that no font has in one piece: a file comes of it.
#[test]
fn every_letter_can_be_set() {
    let mut text = String::new();
    // Without ideographs and syllables of Hangul: no font has one of them.
    for block in (0..0x330_u32).filter(|block| !(0xd0..0x280).contains(block)) {
        let letters = (block * 64..(block + 1) * 64).filter_map(char::from_u32);
        let letters: String = letters.filter(|c| c.is_alphanumeric()).collect();
        if !letters.is_empty() {
            writeln!(text, "{letters} **{letters}** *{letters}*\n").unwrap();
        }
    }
    text.push_str("\u{301}\u{323} x\u{20e3} a\u{35c}b \u{1100}\u{1161} \u{915}\u{94d}\u{937} **\u{628}\u{651}** *\u{5d1}\u{5bc}*");
    let all: Sheet = sheet(&text);
    assert!(pdf::write(&all).unwrap().starts_with(b"%PDF-1.7"));
}
