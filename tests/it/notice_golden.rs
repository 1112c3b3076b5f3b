//! Every notice in three cases: what it says is pinned by its digest, a few by their text; and what
//! holds of all of them.

use std::fmt::Write as _;

use cordon::document::{Document, Kind::Heading};
use cordon::notice::dictionary::{self, Kind, Origin};
use cordon::notice::facts::{Change, Kept, changes};
use cordon::notice::words::Language;
use cordon::notice::{self, Channel, revision};

use crate::samples::{self, Sample};

/// The notices whose whole text is pinned, where they exist: a form, a page for inside, one that goes
/// out in German and one in Portuguese.
const WHOLE: &[&str] = &["executive", "ic3"];

/// One line a notice: digest, length, what is missing, too long and found.
fn digests(sample: &Sample) -> String {
    let facts = sample.facts();
    notice::names().iter().fold(String::new(), |mut all, name| {
        let draft = notice::draft(name, &facts).unwrap();
        let _ = writeln!(
            all,
            "{name}: {} chars {} missing {} evidence {} too long {} findings {}",
            draft.digest.short(),
            draft.text.chars().count(),
            draft.missing.len(),
            draft.evidence.len(),
            draft.too_long.len(),
            draft.findings.len(),
        );
        all
    })
}

#[test]
fn every_notice_says_what_it_said() {
    for sample in Sample::all() {
        insta::assert_snapshot!(format!("notices_{}", sample.name), digests(&sample));
    }
}

#[test]
fn some_notices_are_pinned_as_they_are_read() {
    let facts = samples::complete().facts();
    for name in WHOLE {
        let draft = notice::draft(name, &facts).unwrap();
        insta::assert_snapshot!(format!("notice_complete_{name}"), draft.text);
    }
}

#[test]
fn a_complete_case_fills_every_fact_that_a_notice_asks_for() {
    let facts = samples::complete().facts();
    let mut lacks = Vec::new();
    for name in notice::names() {
        let draft = notice::draft(&name, &facts).unwrap();
        lacks.extend(
            draft
                .keys
                .iter()
                .filter(|key| facts.get(key).is_none())
                .cloned(),
        );
    }
    // These two need a run: a step that closes, and a gate that waits.
    lacks.retain(|key| !["containment.started", "decisions.open"].contains(&key.as_str()));
    assert!(lacks.is_empty(), "no value for {lacks:?}");
}

#[test]
fn what_the_log_gives_is_gathered_and_the_rest_is_not() {
    let mut gathered: Vec<String> = Vec::new();
    for sample in Sample::all() {
        gathered.extend(sample.facts().iter().map(|(key, _)| key.to_owned()));
    }
    let sparse = samples::sparse().facts();
    for known in dictionary::shipped().unwrap().values() {
        let from_log = known.source == Origin::Case;
        // These two need a door that was closed by a step, and a gate that waits.
        let by_run = ["containment.started", "decisions.open"].contains(&known.key.as_str());
        assert!(
            !from_log || by_run || gathered.contains(&known.key),
            "{} is said to come from the log, and nothing gathers it",
            known.key
        );
        assert!(
            from_log || sparse.get(&known.key).is_none(),
            "{} is said to come from a person, and is gathered",
            known.key
        );
    }
}

#[test]
fn metadata_and_text_agree() {
    for name in notice::names() {
        let about = notice::about(&name).unwrap();
        for sample in Sample::all() {
            let draft = notice::draft(&name, &sample.facts()).unwrap();
            let outgoing = notice::outgoing(&about, &draft.text);
            assert_eq!(outgoing.subject, about.subject, "{name}");
            assert!(!outgoing.body.contains("\n## Evidence\n"), "{name}");
            assert!(!outgoing.body.contains("Reading copy in English"), "{name}");
            assert_eq!(
                notice::cover(&draft.text).is_some(),
                about.channel == Channel::Mail && outgoing.body != notice::plain(&draft.text),
                "{name}"
            );
            let banner = draft.text.contains("PRIVILEGED AND CONFIDENTIAL")
                || draft.text.contains("VERTRAULICH")
                || draft.text.contains("CONFIDENCIAL");
            assert_eq!(banner, about.is_privileged(), "{name}");
            let copy = draft
                .text
                .contains("\n## Reading copy in English, does not go out\n");
            assert_eq!(copy, about.language != Language::En, "{name}");
        }
    }
}

#[test]
fn what_a_person_may_change_begins_and_ends_between_blocks() {
    for name in notice::names() {
        for sample in Sample::all() {
            let text = notice::draft(&name, &sample.facts()).unwrap().text;
            let document = Document::parse(&text);
            let body = revision::body(&document);
            assert!(!body.is_empty(), "{name}");
            for (end, kind) in [(body.start, "first"), (body.end, "after the last")] {
                let block = &document.blocks[end];
                // A block begins behind what makes it a heading.
                let before = text.split_at(block.start()).0.trim_end_matches(['#', ' ']);
                let before = Document::parse(before);
                assert_eq!(before.blocks.len(), end, "{name}: {kind}");
            }
            let after = &document.blocks[body.end];
            assert!(matches!(after.kind, Heading(_)), "{name}: {}", after.source);
        }
    }
}

#[test]
fn german_and_portuguese_values_have_no_english_words_of_ours() {
    let sample = samples::complete();
    let facts = sample.facts();
    // Words of `gather` in English that are no word in the other languages.
    let english = [
        " found",
        "records",
        "Messages",
        "Reason",
        "closed",
        "read to",
        "first was",
        "Gaps",
        "counted",
        "within the",
        "Not every",
    ];
    for language in [Language::De, Language::Pt] {
        for (key, fact) in facts.iter() {
            let known = dictionary::known(key).unwrap();
            if known.source != Origin::Case {
                continue;
            }
            assert!(fact.speaks(language), "{key}");
            // What the program recorded in English stands in quotation marks.
            let text = unquoted(&fact.text(language));
            for word in english {
                assert!(!text.contains(word), "{key} in {}: {text}", language.name());
            }
        }
    }
}

fn unquoted(text: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in text.chars() {
        match c {
            '„' | '«' => inside = true,
            '“' | '»' => inside = false,
            c if !inside => out.push(c),
            _ => {}
        }
    }
    out
}

#[test]
fn hostile_values_stay_one_line_of_plain_text_in_every_notice() {
    let facts = samples::hostile().facts();
    for name in notice::names() {
        let text = notice::draft(&name, &facts).unwrap().text;
        assert!(
            !text.contains("<script>"),
            "{name}: markup stands as it came"
        );
        assert!(
            !text.replace("\\](", "").contains("]("),
            "{name}: a link can be followed"
        );
        assert!(
            !text.contains("\n# heading"),
            "{name}: a value made a heading"
        );
        assert_eq!(
            text.matches("\n## Evidence\n").count(),
            1,
            "{name}: a value made a section"
        );
        assert!(
            !text.contains("https://evil"),
            "{name}: a link is not defanged"
        );
        let steers = |c: char| c.is_control() && c != '\n';
        assert!(
            !text.chars().any(|c| steers(c) || c == '\u{202e}'),
            "{name}: a steering character got through"
        );
    }
}

#[test]
fn what_changed_in_the_facts_is_told_and_nothing_else() {
    let sample = samples::complete();
    let old = Kept::of(&sample.facts());
    assert_eq!(Kept::read(&old.bytes().unwrap()).unwrap(), old);
    assert_eq!(changes(&old, &old), Vec::new());
    let mut later = samples::complete();
    later.state.title = "Access review C-0418".into();
    later.state.subject.display_name = None;
    let now = Kept::of(&later.facts());
    let told = changes(&old, &now);
    let change = |key: &str, before: Option<&str>, after: Option<&str>| Change {
        key: key.into(),
        before: before.map(str::to_owned),
        after: after.map(str::to_owned),
    };
    assert_eq!(
        told,
        [
            change(
                "case.title",
                Some("Access review C-0417"),
                Some("Access review C-0418")
            ),
            change("subject.name_used", Some("Robin Calloway"), None),
        ]
    );
    assert!(!old.evidence().is_empty());
}

/// `Example Inc.` ends a sentence by itself, wherever a template puts it.
#[test]
fn a_name_that_ends_with_a_full_stop_ends_the_sentence_with_one() {
    let mut sample = samples::complete();
    sample.company.name = Some("Example Holdings Inc.".into());
    let dictionary = dictionary::shipped().unwrap();
    let mut named = 0;
    for (key, record) in &mut sample.state.facts {
        let said = &mut record.statement;
        let words = matches!(
            dictionary[key].kind,
            Kind::Text | Kind::Sentence | Kind::List
        );
        for value in [Some(&mut said.value), said.de.as_mut(), said.pt.as_mut()] {
            let Some(value) = value.filter(|_| words) else {
                continue;
            };
            let lines: Vec<String> = value
                .lines()
                .map(|line| format!("{} Inc.", line.trim_end_matches('.')))
                .collect();
            *value = lines.join("\n");
            named += 1;
        }
    }
    assert!(named > 100, "{named}");
    let facts = sample.facts();
    let mut ended = 0;
    for name in notice::names() {
        let draft = notice::draft(&name, &facts).unwrap();
        for text in [notice::plain(&draft.text), draft.text.clone()] {
            assert!(!text.contains('\u{fdd0}'), "{name}");
            let doubled = text.lines().find(|line| {
                let line = line.replace("...", "…");
                line.contains("Inc..") || (line.contains("].") && line.contains("Inc.[e"))
            });
            // A mark of evidence that ends with a full stop belongs to another value of the line.
            let doubled = doubled.filter(|line| {
                let mut rest = *line;
                while let Some((_, after)) = rest.split_once("Inc.[e") {
                    let marks = after.trim_start_matches(|c: char| "0123456789e–[]".contains(c));
                    if marks.starts_with('.') {
                        return true;
                    }
                    rest = after;
                }
                line.contains("Inc..")
            });
            assert_eq!(doubled, None, "{name}");
            ended += text.matches("Inc. ").count();
        }
    }
    assert!(ended > 20, "{ended}");
}
