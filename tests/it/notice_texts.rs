//! The texts of the shipped notices: complete when the case is complete, neutral, and without a fact
//! that no notice uses.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cordon::canon::Digest;
use cordon::case::event::{Actor, Entry, Event, Evidence, FORMAT, Source, Standing, Statement};
use cordon::case::state::CaseState;
use cordon::case::subject::Subject;
use cordon::id::{CaseId, EvidenceId};
use cordon::notice::dictionary::{self, Origin};
use cordon::notice::facts::Facts;
use cordon::notice::{self, Channel, Company, Draft, Language, facts};
use cordon::time::Timestamp;
use jiff::tz::TimeZone;

const GROUPS: &[&str] = &["us", "us-state", "eu", "de", "pt", "uk", "private"];

/// Facts that stand in every notice of which they are true, outside of its body, or on pages alone.
const NOT_IN_BODIES: &[&str] = &["company.domain", "inventory.blind"];

fn now() -> Timestamp {
    "2027-03-15T20:00:00Z".parse().unwrap()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn add(state: &mut CaseState, event: Event) {
    let case: CaseId = "case_01j00000000000000000000000".parse().unwrap();
    let entry = Entry {
        v: FORMAT,
        case,
        seq: state.lines,
        prev: Digest::ZERO,
        at: now(),
        by: Actor::Engine,
        event,
    };
    state.check(&entry).unwrap();
    state.apply(&entry);
}

fn words(value: &toml::Value) -> String {
    match value {
        toml::Value::Array(all) => all.iter().map(words).collect::<Vec<_>>().join("\n"),
        other => other.as_str().unwrap().to_owned(),
    }
}

const UTC: TimeZone = TimeZone::UTC;

/// A case in which people recorded every fact of the dictionary that the log does not give.
fn complete() -> Facts {
    let text = std::fs::read_to_string(root().join("tests/fixtures/notice/complete.toml")).unwrap();
    let values: BTreeMap<String, toml::Value> = toml::from_str(&text).unwrap();
    let mut state = CaseState::default();
    add(
        &mut state,
        Event::CaseOpened {
            title: "Access review LL-C-0417".into(),
            salt: String::new(),
            subject: Subject {
                display_name: Some("C. Averdale".into()),
                emails: vec!["c.averdale@robotics.example".into()],
                ..Subject::default()
            },
            route: "operator".into(),
            people: Vec::new(),
            recorder: String::new(),
            protected: Vec::new(),
            effective: None,
            evidence: None,
        },
    );
    let shown = EvidenceId::fresh();
    add(
        &mut state,
        Event::EvidenceKept(Evidence {
            privileged: false,
            id: shown.clone(),
            sha256: Digest::of(b"statement"),
            bytes: 9,
            media_type: "text/plain".into(),
            source: Source::File {
                name: "statement.txt".into(),
            },
            at: now(),
            tool: "cordon".into(),
            title: "statement.txt".into(),
        }),
    );
    for (key, value) in &values {
        let known = dictionary::entry(key).unwrap();
        assert_ne!(known.source, Origin::Case, "{key} comes from the log");
        let (en, de, pt) = match value {
            toml::Value::Table(each) => {
                let in_language = |code: &str| each.get(code).map(words);
                (
                    in_language("en").unwrap(),
                    in_language("de"),
                    in_language("pt"),
                )
            }
            plain => (words(plain), None, None),
        };
        for one in [Some(&en), de.as_ref(), pt.as_ref()].into_iter().flatten() {
            facts::check(known, one).unwrap();
        }
        let standing = match key.as_str() {
            "suspicion.basis" | "sanctions.nexus" => Standing::Suspicion,
            _ => Standing::Fact,
        };
        add(
            &mut state,
            Event::FactRecorded(Statement {
                apart: None,
                key: key.clone(),
                value: en,
                de,
                pt,
                standing,
                evidence: vec![shown.clone()],
                note: String::new(),
            }),
        );
    }
    let (company, at) = (Company::default(), now());
    facts::gather(&state, &state.facts, &company, Some(&shown), at, &UTC)
}

/// What a template asks a person, and names of facts that it uses.
fn named(text: &str, helpers: &[&str]) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for helper in helpers {
        for part in text.split(&format!("{helper} \"")).skip(1) {
            all.insert(part.split('"').next().unwrap().to_owned());
        }
    }
    all
}

fn templates() -> Vec<(String, String)> {
    let mut all = Vec::new();
    for name in notice::names() {
        for file in std::fs::read_dir(root().join("templates/notice").join(&name)).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|end| end == "hbs") {
                all.push((name.clone(), std::fs::read_to_string(path).unwrap()));
            }
        }
    }
    all
}

fn drafts() -> Vec<Draft> {
    let facts = complete();
    let drafts = notice::names().into_iter();
    drafts
        .map(|name| notice::draft_with(&name, &facts, true).unwrap())
        .collect()
}

#[test]
fn a_complete_case_leaves_to_people_only_what_they_alone_can_say() {
    let mut asked: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, text) in templates() {
        asked
            .entry(name)
            .or_default()
            .extend(named(&text, &["{{ask"]));
    }
    let from_the_log: BTreeSet<&str> = dictionary::shipped()
        .unwrap()
        .values()
        .filter(|known| known.source == Origin::Case)
        .map(|known| known.label(Language::En))
        .collect();
    for draft in drafts() {
        for missing in &draft.missing {
            let by_a_person = asked[&draft.template].contains(missing);
            let clock = missing.contains("clock");
            assert!(
                by_a_person || clock || from_the_log.contains(missing.as_str()),
                "{}: nobody can give {missing:?}",
                draft.template
            );
        }
        assert!(draft.too_long.is_empty(), "{:?}", draft.too_long);
    }
}

#[test]
fn what_goes_out_accuses_nobody_and_promises_nothing() {
    // Words that have no place in any notice, in the languages of all of them.
    const NEVER: &[&str] = &[
        "dprk",
        "nordkorea",
        "coreia do norte",
        "hacker",
        "terrorist",
        "perpetrator",
        "fraudster",
        "täter",
        "betrüger",
        "criminoso",
        "autor do crime",
        "confirmed",
        "no evidence",
        "nationality",
        "ethnic",
        "accent",
        "staatsangehörig",
        "nacionalidade",
        "agree to pay",
        "will pay",
        "willing to pay",
        "settlement",
        "ransom",
        "lösegeld",
        "resgate",
        "date of birth",
        "guarantee",
    ];
    for draft in drafts() {
        let about = notice::about(&draft.template).unwrap();
        let body = notice::plain(&draft.text);
        let cover = notice::cover(&draft.text).unwrap_or_default();
        let out = format!("{}\n{body}\n{cover}", about.subject).to_lowercase();
        // The name of the regulations, where the form asks for the authority.
        let out = out.replace("north korea sanctions regulations", "");
        for never in NEVER.iter().copied().chain(["north korea"]) {
            assert!(!out.contains(never), "{}: {never:?}", draft.template);
        }
    }
}

#[test]
fn every_notice_says_where_it_stands_and_who_may_have_it() {
    // What a subject line gives away to whoever sees a lock screen or a queue.
    const GIVES_AWAY: &[&str] = &[
        "incident",
        "breach",
        "fraud",
        "theft",
        "extortion",
        "suspic",
        "sanction",
        "insider",
        "vorfall",
        "verdacht",
        "betrug",
        "incidente",
        "suspeita",
        "fraude",
        "payment",
    ];
    for name in notice::names() {
        let about = notice::about(&name).unwrap();
        assert!(GROUPS.contains(&about.group.as_str()), "{name}: group");
        assert!(!about.distribution.is_empty(), "{name}: distribution");
        assert!(!about.cautions.is_empty(), "{name}: cautions");
        let subject = about.subject.to_lowercase();
        for word in GIVES_AWAY {
            assert!(!subject.contains(word), "{name}: {subject}");
        }
        let folder = root().join("templates/notice").join(&name);
        let cover = folder.join("mail.hbs").exists();
        assert_eq!(cover, about.channel == Channel::Mail, "{name}: cover mail");
        if about.group == "de" || about.group == "pt" {
            assert_eq!(about.language.code(), about.group, "{name}: language");
        }
    }
}

#[test]
fn every_fact_of_the_dictionary_is_of_use() {
    let used: BTreeSet<String> = templates()
        .iter()
        .flat_map(|(_, text)| named(text, &["fact", "list", "known"]))
        .collect();
    for key in dictionary::shipped().unwrap().keys() {
        assert!(
            used.contains(key) || NOT_IN_BODIES.contains(&key.as_str()),
            "no notice uses `{key}`"
        );
    }
}

#[test]
fn a_notice_in_another_language_asks_and_answers_what_the_english_one_does() {
    let facts = complete();
    let mut pairs = 0;
    for name in notice::names() {
        let english = ["-de", "-pt"].iter().find_map(|end| name.strip_suffix(end));
        let Some(english) = english.filter(|stem| notice::about(stem).is_ok()) else {
            continue;
        };
        let (one, own) = (
            notice::about(english).unwrap(),
            notice::about(&name).unwrap(),
        );
        assert_eq!(own.language.code(), own.group, "{name}");
        assert_ne!(own.language, one.language, "{name}");
        let (answers, expected): (Vec<_>, Vec<_>) =
            (own.answers().collect(), one.answers().collect());
        assert_eq!(answers, expected, "{name}");
        assert_eq!(
            (&own.approval, own.channel),
            (&one.approval, one.channel),
            "{name}"
        );
        assert_eq!(own.distribution, one.distribution, "{name}");
        let drafted = |name: &str| notice::draft(name, &facts).unwrap();
        let (one, own) = (drafted(english), drafted(&name));
        assert_eq!(own.keys, one.keys, "{name}");
        let headings = |draft: &Draft| -> Vec<String> {
            let (_, sections) = notice::section::sections(&draft.text, None);
            sections.into_iter().map(|section| section.name).collect()
        };
        let (theirs, ours) = (headings(&one), headings(&own));
        assert_eq!(ours.len(), theirs.len(), "{name}");
        assert!(
            ours.iter().all(|heading| !theirs.contains(heading)),
            "{name}: {ours:?}"
        );
        pairs += 1;
    }
    assert_eq!(pairs, 18);
}

#[test]
fn what_the_media_read_is_approved_by_fewer_roles_than_a_letter() {
    let about = |name: &str| notice::about(name).unwrap().approval;
    let (media, letter) = (about("hipaa-media"), about("hipaa-individual"));
    assert!(media.roles.iter().all(|role| letter.roles.contains(role)));
    assert!(media.roles.len() < letter.roles.len() && media.people >= letter.people);
}
