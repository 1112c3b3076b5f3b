//! How long it takes to draft every shipped notice for one case, lint included, without PDF.

#![expect(clippy::unwrap_used, reason = "a benchmark ends where it fails")]

#[path = "../tests/it/samples.rs"]
#[expect(
    dead_code,
    reason = "the cases that this measure does not draft are made for the tests"
)]
mod samples;

use cordon::notice;

fn main() {
    divan::main();
}

/// Every shipped notice of a case that knows all that they ask for.
#[divan::bench(sample_count = 10)]
fn every_notice_of_a_complete_case(bencher: divan::Bencher<'_, '_>) {
    drafts(bencher, &samples::complete());
}

/// Every shipped notice of a case in which everything is an attack.
#[divan::bench(sample_count = 10)]
fn every_notice_of_a_hostile_case(bencher: divan::Bencher<'_, '_>) {
    drafts(bencher, &samples::hostile());
}

fn drafts(bencher: divan::Bencher<'_, '_>, sample: &samples::Sample) {
    let names = notice::names();
    bencher.bench(|| {
        let facts = sample.facts();
        let drafts = names.iter().map(|name| notice::draft(name, &facts));
        drafts.map(|draft| draft.unwrap().text.len()).sum::<usize>()
    });
}
