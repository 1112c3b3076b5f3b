//! Word files in the hands of other programs: python-docx and LibreOffice open them, edit them and
//! save them, and nothing is lost on the way back.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cordon::document::docx;

use super::document_docx::{TEXT, at, changes, full, sheet};

/// Whether a program works here; says so when it does not.
#[expect(clippy::print_stderr, reason = "says why the test did nothing")]
pub(crate) fn here(program: &str, arguments: &[&str]) -> bool {
    let status = Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let there = status.is_ok_and(|status| status.success());
    if !there {
        eprintln!(
            "not run: `{program} {}` does not work here",
            arguments.join(" ")
        );
    }
    there
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/document")
        .join(name)
}

/// Converts a file with LibreOffice, in a home of its own.
fn convert(folder: &Path, file: &str, to: &str) -> PathBuf {
    run(Command::new("soffice")
        .arg(format!(
            "-env:UserInstallation=file://{}/home",
            folder.display()
        ))
        .args(["--headless", "--convert-to", to, "--outdir"])
        .arg(folder.join("out"))
        .arg(folder.join(file)));
    let stem = Path::new(file).file_stem().unwrap();
    let made = folder.join("out").join(stem).with_extension(to);
    assert!(made.exists(), "LibreOffice made no {to}");
    made
}

#[test]
fn python_docx_edits_come_back_as_suggestions() {
    if !here(
        "python3",
        &["-c", "import docx; docx.Document().add_comment"],
    ) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (source, target) = (folder.path().join("a.docx"), folder.path().join("b.docx"));
    let sheet = full();
    std::fs::write(&source, docx::write(&sheet).unwrap()).unwrap();
    run(Command::new("python3")
        .arg(script("edit.py"))
        .arg(&source)
        .arg(&target));
    let found = docx::read(&std::fs::read(target).unwrap(), TEXT).unwrap();
    assert_eq!(found.notes, Vec::<String>::new());
    let untracked = "untracked, document author";
    let document = &sheet.document;
    let mut expected: Vec<_> = (sheet.changes.iter())
        .map(|sent| {
            let change = &sent.change;
            (
                change.block,
                change.before.as_str(),
                change.after.as_str(),
                "Ada Counsel",
            )
        })
        .collect();
    expected.extend([
        (
            at(document, "Nothing in"),
            "Nothing in this text accuses anybody.",
            "Nothing in this draft accuses anybody.",
            untracked,
        ),
        (
            at(document, "one"),
            "",
            "A paragraph that stands on [e2] and is \\<b\\>new\\</b\\>.",
            untracked,
        ),
        (at(document, "two"), "two", "", untracked),
    ]);
    let mut found_changes = changes(&found);
    expected.sort_unstable();
    found_changes.sort_unstable();
    assert_eq!(found_changes, expected);
    let new = found
        .comments
        .iter()
        .find(|comment| comment.author == "Grace Reviewer")
        .unwrap();
    assert_eq!(new.text, "Is draft right?\nI think so.");
    assert_eq!(new.quote, "Nothing in this draft accuses anybody.");
    assert_eq!(new.block, at(document, "Nothing in"));
    assert_eq!(found.comments.len(), sheet.comments.len() + 1);
}

#[test]
fn a_round_through_libreoffice_loses_nothing() {
    if !here("soffice", &["--version"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let sheet = full();
    std::fs::write(folder.path().join("a.docx"), docx::write(&sheet).unwrap()).unwrap();
    let odt = convert(folder.path(), "a.docx", "odt");
    std::fs::rename(odt, folder.path().join("b.odt")).unwrap();
    let back = convert(folder.path(), "b.odt", "docx");
    let found = docx::read(&std::fs::read(back).unwrap(), TEXT).unwrap();
    assert_eq!(found.bind.as_deref(), Some("sha256:0123"));
    let mut sent = sheet.changes.clone();
    sent.sort_by_key(|suggestion| suggestion.change.block);
    assert_eq!(found.changes, sent);
    let mut texts: Vec<_> = (found.comments.iter())
        .map(|comment| {
            (
                comment.block,
                comment.text.as_str(),
                comment.author.as_str(),
            )
        })
        .collect();
    texts.sort_unstable();
    let mut expected: Vec<_> = (sheet.comments.iter())
        .map(|comment| {
            (
                comment.block,
                comment.text.as_str(),
                comment.author.as_str(),
            )
        })
        .collect();
    expected.sort_unstable();
    assert_eq!(texts, expected);
}

#[test]
fn what_is_tracked_in_libreoffice_comes_back_as_suggestions() {
    let python = "/usr/bin/python3";
    if !here("soffice", &["--version"]) || !here(python, &["-c", "import uno"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (source, target) = (folder.path().join("a.docx"), folder.path().join("b.docx"));
    let sheet = sheet(TEXT);
    std::fs::write(&source, docx::write(&sheet).unwrap()).unwrap();
    let pipe = format!("cordon{}", std::process::id());
    run(Command::new(python)
        .arg(script("track.py"))
        .arg(&source)
        .arg(&target)
        .arg(pipe));
    let found = docx::read(&std::fs::read(target).unwrap(), TEXT).unwrap();
    let expected = [
        (
            at(&sheet.document, "first with"),
            "first with **strong** and *care*[e3]",
            "the first item with **strong** and *care*[e3]",
        ),
        (at(&sheet.document, "Between"), "Between.", "In between."),
        (
            at(&sheet.document, "Not known"),
            "",
            "- Not known: who else had the key.",
        ),
    ];
    let got: Vec<_> = (changes(&found).into_iter())
        .map(|(block, before, after, _)| (block, before, after))
        .collect();
    assert_eq!(got, expected);
    assert!(
        found.changes.iter().all(|change| change.at.is_some()),
        "tracked, so with a time"
    );
}

#[test]
fn libreoffice_shows_header_footer_footnotes_and_page_numbers() {
    if !here("soffice", &["--version"]) || !here("pdftotext", &["-v"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.docx"), docx::write(&full()).unwrap()).unwrap();
    let pdf = convert(folder.path(), "a.docx", "pdf");
    let output = Command::new("pdftotext")
        .arg("-layout")
        .arg(&pdf)
        .arg("-")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    for words in [
        "PRIVILEGED & CONFIDENTIAL",
        "LL-C-0417 / notice 3",
        "Page 1 of 1",
        "[e1] ev_1 <log> & hash",
        "e4: ev_4 <log> & hash",
        "Distribution: Counsel <counsel@example.com>",
        "<script>alert(1)</script> & \"x\" [e9]",
        "[MISSING: why]",
    ] {
        assert!(text.contains(words), "{words} is not on the page:\n{text}");
    }
}
