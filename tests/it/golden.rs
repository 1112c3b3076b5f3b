//! Every notice, in three cases, in every form that it is given in: what people read stands in full
//! under `tests/golden`, each form by its digest; and what must hold of any rendering holds of all.
//!
//! `INSTA_UPDATE=always` writes them anew.

mod forms;
mod papers;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use cordon::canon::Digest;
use cordon::document::{Document, Sheet};
use cordon::notice::{self, facts, revision};

use super::samples::{self, Sample};
use super::web::bodies::bodies;

/// The digests, by form and by notice and case.
type Digests = BTreeMap<String, BTreeMap<String, String>>;

/// A difference is shown so far.
const MOST_LINES: usize = 40;

/// One notice in one case.
struct Drafted {
    name: String,
    case: &'static str,
    /// What people approve: head, cover mail, body, table of evidence.
    text: String,
    sheet: Sheet,
}

impl Drafted {
    fn of(name: &str, sample: &Sample, facts: &facts::Facts) -> Self {
        let text = notice::draft(name, facts).unwrap().text;
        Self {
            name: name.to_owned(),
            case: sample.name,
            sheet: sheet(name, sample, &text),
            text,
        }
    }

    fn place(&self) -> String {
        format!("{}/{}", self.name, self.case)
    }

    fn golden(&self) -> PathBuf {
        folder().join(&self.name).join(format!("{}.txt", self.case))
    }
}

/// The sheet that a desk makes of a text, with ids that never change.
fn sheet(name: &str, sample: &Sample, text: &str) -> Sheet {
    let about = notice::about(name).unwrap();
    let evidence = revision::sources(text).into_iter().map(|(number, id)| {
        let line = sample.state.evidence.get(&id).map(facts::line);
        (number, format!("{id} {}", line.unwrap_or_default()))
    });
    Sheet {
        title: about.title.clone(),
        banner: (about.is_privileged()).then(|| "PRIVILEGED AND CONFIDENTIAL".to_owned()),
        distribution: about.distribution.clone(),
        language: about.language.tag().to_owned(),
        document: Document::parse(text),
        evidence: evidence.collect(),
        comments: Vec::new(),
        changes: Vec::new(),
        bind: Digest::of(text.as_bytes()).to_string(),
        reference: "case_01j00000000000000000000000 notice_01j00000000000000000000000".to_owned(),
        at: samples::now(),
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// Whether the renderings are written anew and not compared.
#[expect(clippy::disallowed_methods, reason = "the knob of the other snapshots")]
fn anew() -> bool {
    std::env::var("INSTA_UPDATE").is_ok_and(|what| what == "always")
}

fn all() -> Vec<Drafted> {
    let samples = Sample::all();
    let mut out = Vec::new();
    for sample in &samples {
        let facts = sample.facts();
        let names = notice::names();
        out.extend(names.iter().map(|name| Drafted::of(name, sample, &facts)));
    }
    out
}

/// The text in full; a run of more than 60 equal characters as its length.
fn whole(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let tail = rest.trim_start_matches(c);
        let run = (rest.len() - tail.len()) / c.len_utf8();
        match run {
            ..=60 => out.extend(std::iter::repeat_n(c, run)),
            _ => {
                let _ = write!(out, "{c}{{{run}}}");
            }
        }
        rest = tail;
    }
    out
}

fn read(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap_or_default()
}

/// What differs, line by line, around the first lines that do.
fn difference(before: &str, after: &str) -> String {
    let (before, after): (Vec<&str>, Vec<&str>) =
        (before.lines().collect(), after.lines().collect());
    let mut out = String::new();
    for op in similar::capture_diff_slices(similar::Algorithm::Patience, &before, &after) {
        let (_, was, is) = op.as_tag_tuple();
        if matches!(op, similar::DiffOp::Equal { .. }) {
            continue;
        }
        let _ = writeln!(out, "  line {}", was.start + 1);
        let cut = |line: &&str| line.chars().take(300).collect::<String>();
        for line in &before[was] {
            let _ = writeln!(out, "  - {}", cut(line));
        }
        for line in &after[is] {
            let _ = writeln!(out, "  + {}", cut(line));
        }
    }
    let shown: Vec<&str> = out.lines().take(MOST_LINES).collect();
    shown.join("\n")
}

/// The forms of one notice, by name.
type Forms = Vec<(&'static str, Vec<u8>)>;

/// Each notice in its forms, made on every core, and what does not hold of them.
fn in_every_form(all: &[Drafted], pages: &[String]) -> (Vec<Forms>, Vec<String>) {
    let both: Vec<(&Drafted, &String)> = all.iter().zip(pages).collect();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let part = |part: &[(&Drafted, &String)]| {
        let mut wrong = Vec::new();
        let each = part.iter();
        let made: Vec<Forms> = each
            .map(|(one, page)| forms::of(one, page, &mut wrong))
            .collect();
        (made, wrong)
    };
    std::thread::scope(|scope| {
        let parts = both.chunks(both.len().div_ceil(cores).max(1));
        let running: Vec<_> = parts
            .map(|chunk| scope.spawn(move || part(chunk)))
            .collect();
        let mut all = (Vec::new(), Vec::new());
        for one in running {
            let (made, wrong) = one.join().unwrap();
            all.0.extend(made);
            all.1.extend(wrong);
        }
        all
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn every_notice_in_every_form_is_as_it_was() {
    let all = all();
    let file = folder().join("digests.toml");
    let known = std::fs::read_to_string(&file).unwrap_or_default();
    let known: Digests = toml::from_str(&known).unwrap();
    let texts: Vec<(&str, &str)> = (all.iter())
        .map(|one| (one.name.as_str(), one.text.as_str()))
        .collect();
    let pages = bodies(&texts).await;
    let mut found = Digests::new();
    let (made, mut wrong) = in_every_form(&all, &pages);
    for (one, made) in all.iter().zip(made) {
        let text = whole(&one.text);
        let same = read(&one.golden()) == text;
        if !same && anew() {
            std::fs::create_dir_all(one.golden().parent().unwrap()).unwrap();
            std::fs::write(one.golden(), &text).unwrap();
        } else if !same {
            let difference = difference(&read(&one.golden()), &text);
            wrong.push(format!("{} as text:\n{difference}", one.place()));
        }
        for (form, bytes) in made {
            let digest = Digest::of(&bytes).to_string();
            let place = one.place();
            if known.get(form).and_then(|of| of.get(&place)) != Some(&digest) && !anew() {
                let why = if same {
                    "its text is the same"
                } else {
                    "see its text above"
                };
                let left = forms::leave(&place, form, &bytes);
                wrong.push(format!("{place} as {form}: {why}; it stands in {left}"));
            }
            found
                .entry(form.to_owned())
                .or_default()
                .insert(place, digest);
        }
    }
    if anew() {
        std::fs::write(&file, toml::to_string(&found).unwrap()).unwrap();
    }
    assert!(
        wrong.is_empty(),
        "{} renderings changed. Where that is meant, run this test with INSTA_UPDATE=always and read \
         the difference.\n{}",
        wrong.len(),
        wrong[..wrong.len().min(20)].join("\n")
    );
}

/// The folder that other programs open the files from.
#[expect(
    clippy::disallowed_methods,
    reason = "the knob of tests/contract/documents.sh"
)]
fn handed_out() -> Option<PathBuf> {
    std::env::var_os("CORDON_DOCUMENTS").map(PathBuf::from)
}

#[test]
fn files_of_every_notice_for_other_programs() {
    let Some(folder) = handed_out() else {
        println!("not run: CORDON_DOCUMENTS names the folder for the files");
        return;
    };
    for one in all() {
        let file = folder.join(format!("{}.{}.docx", one.name, one.case));
        std::fs::write(file, cordon::document::docx::write(&one.sheet).unwrap()).unwrap();
    }
}
