//! Notices as PDF files, drawn by a program that is not ours: every page has something on it.

use std::path::Path;
use std::process::Command;

use super::super::document_programs::here;
use super::super::samples::Sample;
use super::Drafted;

/// One of each kind: a form to copy from, a letter, a page for the board, one that goes to a person; and
/// papers in the other languages.
const NOTICES: &[&str] = &[
    "board",
    "executive",
    "gdpr-34-pt",
    "ic3",
    "insurer",
    "nis2-de-final",
];
/// Darker than this is ink, in shades from black (0) to white (255).
const INK: u8 = 128;

/// How much of a page is ink below its header and above its footer, and how many dots there are.
fn ink(page: &Path) -> (usize, usize) {
    // A "P5" file: three lines, then one byte for each dot, row by row.
    let bytes = std::fs::read(page).unwrap();
    let mut parts = bytes.splitn(4, |byte| *byte == b'\n');
    assert_eq!(parts.next(), Some(&b"P5"[..]), "{}", page.display());
    let size = std::str::from_utf8(parts.next().unwrap()).unwrap();
    let (width, height) = size.split_once(' ').unwrap();
    let (width, height): (usize, usize) = (width.parse().unwrap(), height.parse().unwrap());
    assert_eq!(parts.next(), Some(&b"255"[..]));
    let dots = parts.next().unwrap();
    assert_eq!(dots.len(), width * height, "{}", page.display());
    let body = &dots[width * (height / 12)..width * (height * 11 / 12)];
    let dark = body.iter().filter(|dot| **dot < INK).count();
    (dark, body.len())
}

/// What is wrong with the pages of one file.
fn look_at(file: &Path, place: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let drawn = Command::new("pdftoppm")
        .args(["-r", "40", "-gray"])
        .arg(file)
        .arg(folder.path().join("page"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&drawn.stderr);
    assert!(drawn.status.success(), "{place}: {said}");
    let pages = std::fs::read_dir(folder.path()).unwrap();
    let mut pages: Vec<_> = pages.map(|page| page.unwrap().path()).collect();
    pages.sort();
    let mut wrong = Vec::new();
    if pages.is_empty() {
        wrong.push(format!("{place}: no page was drawn"));
    }
    if !said.trim().is_empty() {
        wrong.push(format!("{place}: {said}"));
    }
    for (number, page) in pages.iter().enumerate() {
        let (dark, all) = ink(page);
        // The first page is full of text; the last may have one line.
        let least = if number == 0 { all / 500 } else { 20 };
        if dark < least {
            let number = number + 1;
            wrong.push(format!("{place}: page {number} is blank, {dark} of {all}"));
        }
    }
    wrong
}

#[test]
fn no_page_of_a_paper_is_blank() {
    if !here("pdftoppm", &["-v"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("paper.pdf");
    let (mut wrong, mut looked_at) = (Vec::new(), 0);
    for sample in Sample::all() {
        let facts = sample.facts();
        for name in NOTICES {
            let one = Drafted::of(name, &sample, &facts);
            let paper = cordon::document::pdf::write(&one.sheet).unwrap();
            std::fs::write(&file, paper).unwrap();
            wrong.extend(look_at(&file, &one.place()));
            looked_at += 1;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(looked_at, 3 * NOTICES.len());
}
