//! How long a notice of twenty pages takes, read, compared, written for Word and read back:
//! `cargo bench --bench document`.

use std::fmt::Write as _;

use cordon::document::{Document, Sheet, docx, redline};

fn main() {
    divan::main();
}

/// About twenty pages: 200 paragraphs and items of some fifty words, each with a citation.
fn notice() -> String {
    let mut text = String::from("# Report of an incident\n\n");
    for number in 1..=200 {
        if number % 10 == 1 {
            let _ = writeln!(text, "## Section {number}\n");
        }
        let words = format!("The account {number} was seen and closed at its provider. ").repeat(5);
        let lead = if number % 3 == 0 { "- " } else { "" };
        let _ = writeln!(text, "{lead}{}[e{number}]\n", words.trim_end());
    }
    text
}

/// The same with a word changed in each tenth paragraph, and one paragraph more.
fn revised() -> String {
    notice().replace("0 was seen", "0 was noticed") + "\nOne more paragraph.\n"
}

fn sheet() -> Sheet {
    Sheet {
        title: "Report of an incident".to_owned(),
        banner: None,
        distribution: Vec::new(),
        language: "en-US".to_owned(),
        document: Document::parse(&notice()),
        evidence: (1..=200)
            .map(|number| (number, format!("ev_{number}")))
            .collect(),
        comments: Vec::new(),
        changes: Vec::new(),
        bind: "sha256:0".to_owned(),
        reference: "LL-C-0417".to_owned(),
        at: jiff::Timestamp::UNIX_EPOCH,
    }
}

#[divan::bench]
fn parse(bencher: divan::Bencher<'_, '_>) {
    bencher
        .with_inputs(notice)
        .bench_refs(|text| Document::parse(text));
}

#[divan::bench]
fn compare(bencher: divan::Bencher<'_, '_>) {
    bencher
        .with_inputs(|| (notice(), revised()))
        .bench_refs(|(old, new)| redline(old, new));
}

#[divan::bench]
fn docx_write(bencher: divan::Bencher<'_, '_>) {
    bencher
        .with_inputs(sheet)
        .bench_refs(|sheet| docx::write(sheet));
}

#[divan::bench]
fn docx_read(bencher: divan::Bencher<'_, '_>) {
    let bytes = docx::write(&sheet()).unwrap_or_default();
    let text = notice();
    bencher.bench(|| docx::read(&bytes, &text));
}
