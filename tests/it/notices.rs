//! Notices: every fact names its evidence, what is missing is said, and hostile text stays text.

use cordon::canon::Digest;
use cordon::case::event::{
    Actor, Arrival, Contact, Entry, Event, Evidence, FORMAT, Indicator, Source,
};
use cordon::case::state::CaseState;
use cordon::case::subject::Subject;
use cordon::id::{CaseId, ContactId, EvidenceId};
use cordon::notice::{self, Company, facts};
use cordon::time::Timestamp;
use jiff::tz::TimeZone;

const HOSTILE: &str = "<script>alert(1)</script> {{fact \"case.id\"}} **bold** [link](https://evil.example) =cmd|' /C' \u{202e}gnp.exe \u{1b}[2J\n# heading";

fn now() -> Timestamp {
    "2027-03-13T03:00:00Z".parse().unwrap()
}

struct World {
    case: CaseId,
    state: CaseState,
}

impl World {
    fn opened(subject: Subject) -> Self {
        let case = "case_01j00000000000000000000000".parse().unwrap();
        let mut world = Self {
            case,
            state: CaseState::default(),
        };
        world.add(Event::CaseOpened {
            title: "Access review C-1".into(),
            salt: String::new(),
            subject,
            route: "operator".into(),
            people: Vec::new(),
            recorder: String::new(),
            protected: Vec::new(),
            effective: None,
            evidence: None,
        });
        world
    }

    fn add(&mut self, event: Event) {
        let entry = Entry {
            v: FORMAT,
            case: self.case.clone(),
            seq: self.state.lines,
            prev: Digest::ZERO,
            at: now(),
            by: Actor::Engine,
            event,
        };
        self.state.check(&entry).unwrap();
        self.state.apply(&entry);
    }

    fn evidence(&mut self, name: &str) -> EvidenceId {
        let id = EvidenceId::fresh();
        self.add(Event::EvidenceKept(Evidence {
            privileged: false,
            id: id.clone(),
            sha256: Digest::of(name.as_bytes()),
            bytes: 1,
            media_type: "text/plain".into(),
            source: Source::File { name: name.into() },
            at: now(),
            tool: "cordon".into(),
            title: name.into(),
        }));
        id
    }

    fn demand(&mut self, from: &str, value: &str) -> EvidenceId {
        let evidence = self.evidence("demand.eml");
        self.add(Event::ContactRecorded(Contact {
            id: ContactId::fresh(),
            channel: "email".into(),
            direction: "in".into(),
            from: from.into(),
            to: Vec::new(),
            sent: Some(now()),
            received: now(),
            subject: "s".into(),
            text: "t".into(),
            evidence: vec![evidence.clone()],
            message_id: None,
            thread: Vec::new(),
            indicators: vec![Indicator {
                kind: "url".into(),
                value: value.into(),
                check: "unchecked".into(),
            }],
            deadlines: Vec::new(),
            demand: true,
            hinted: false,
            arrivals: Vec::new(),
        }));
        evidence
    }

    fn draft(&self, name: &str, company: &Company, evidence: Option<&EvidenceId>) -> notice::Draft {
        notice::draft(
            name,
            &facts::gather(
                &self.state,
                &self.state.facts,
                company,
                evidence,
                now(),
                &TimeZone::UTC,
            ),
        )
        .unwrap()
    }
}

#[test]
fn a_sparse_case_lists_what_is_missing_and_invents_nothing() {
    let mut world = World::opened(Subject {
        worker_id: Some("C-1".into()),
        ..Subject::default()
    });
    world.evidence("opening.json");
    for name in notice::names() {
        let draft = world.draft(&name, &Company::default(), None);
        assert!(!draft.missing.is_empty(), "{name} lacks nothing?");
        for missing in &draft.missing {
            assert!(
                draft.text.contains(&format!("[MISSING: {missing}]")),
                "{name}: {missing} is not marked in the text"
            );
            assert!(
                draft.text.contains(&format!("- Not known: {missing}.")),
                "{name}: {missing} is not listed"
            );
        }
        assert!(
            draft.text.contains("## Unknown, not collected, expired"),
            "{name} has no section for the unknown"
        );
        assert_eq!(draft.digest, Digest::of(draft.text.as_bytes()));
    }
}

#[test]
fn a_doubtful_header_is_told_with_the_instant_of_the_import() {
    let mut world = World::opened(Subject::default());
    world.evidence("opening.json");
    world.demand("someone@freemail.example", "https://drop.invalid/x");
    let doubts = "times that are not plausible and not counted; taken in: ";
    let text = |world: &World| world.draft("executive", &Company::default(), None).text;
    assert!(!text(&world).contains(doubts));
    let arrival = |source: &str, at: Timestamp| Arrival {
        source: source.into(),
        at,
        by: None,
    };
    let forged = "2001-01-01T00:00:00Z".parse().unwrap();
    world.state.contacts[0].arrivals =
        vec![arrival("import", now()), arrival("date-header", forged)];
    let stated = text(&world)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    let stated_in = format!("{doubts}{}", cordon::time::utc(now()));
    assert!(stated.contains(&stated_in), "{stated}");
    assert!(!stated.contains("2001"), "{stated}");
}

#[test]
fn the_company_counts_only_with_its_evidence() {
    let mut world = World::opened(Subject::default());
    world.evidence("opening.json");
    let company = Company {
        name: Some("Larch Example, Inc.".into()),
        ..Company::default()
    };
    assert!(
        !world
            .draft("ic3", &company, None)
            .text
            .contains("Larch Example"),
        "a fact without evidence stood in a notice"
    );
    let evidence = world.evidence("company.json");
    let draft = world.draft("ic3", &company, Some(&evidence));
    assert!(
        draft.text.contains("Larch Example, Inc.[e"),
        "{}",
        draft.text
    );
    assert!(draft.evidence.contains(&evidence));
}

#[test]
fn every_number_in_the_text_is_an_item_of_evidence() {
    let mut world = World::opened(Subject {
        emails: vec!["a@company.example".into()],
        ..Subject::default()
    });
    world.evidence("opening.json");
    world.demand("someone@freemail.example", "https://files.example/x");
    for name in notice::names() {
        let draft = world.draft(&name, &Company::default(), None);
        let body = draft.text.split("## Evidence").next().unwrap();
        let mut used = 0;
        for part in body.split("[e").skip(1) {
            let Some((number, _)) = part.split_once(']') else {
                continue;
            };
            let number: usize = number.parse().unwrap();
            let id = &draft.evidence[number - 1];
            assert!(
                draft.text.contains(&format!("[e{number}] {id} sha256 ")),
                "{name}: [e{number}] is not in the table"
            );
            used += 1;
        }
        assert!(used > 0, "{name} names no evidence");
    }
}

#[test]
fn hostile_text_stays_one_line_of_plain_text() {
    let mut world = World::opened(Subject {
        display_name: Some(HOSTILE.into()),
        emails: vec![HOSTILE.repeat(400)],
        ..Subject::default()
    });
    world.evidence("opening.json");
    world.demand(HOSTILE, "https://evil.example/\u{1b}]8;;x\u{7}");
    for name in notice::names() {
        let text = world.draft(&name, &Company::default(), None).text;
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
        assert!(
            !text
                .chars()
                .any(|c| c == '\u{1b}' || c == '\u{202e}' || c == '\u{7}'),
            "{name}: a steering character got through"
        );
        assert!(
            !text.contains("https://evil"),
            "{name}: a link is not defanged"
        );
    }
}

#[test]
fn a_list_that_is_longer_than_its_form_takes_ends_earlier_and_says_so() {
    let mut world = World::opened(Subject::default());
    world.evidence("opening.json");
    for n in 0..60 {
        world.demand(
            "someone@freemail.example",
            &format!("https://files.example/{n}/{}", "x".repeat(120)),
        );
    }
    let draft = world.draft("ic3", &Company::default(), None);
    assert!(draft.too_long.is_empty(), "{:?}", draft.too_long);
    let section = draft.text.split("## Technical details").nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    assert!(section.contains(" more, not listed here\n"), "{section}");
    assert!(section.contains("example/0/xxx"), "{section}");
    let shown = section.matches("/xxx").count();
    assert!((10..60).contains(&shown), "{shown}: {section}");
    assert!(
        section.contains(&format!("- and {} more", 60 - shown)),
        "{shown}: {section}"
    );
}

#[test]
fn an_unknown_notice_names_the_ones_that_exist() {
    let fault = notice::draft("ic4", &facts::Facts::default()).unwrap_err();
    assert_eq!(fault.code(), "no-notice");
    assert!(fault.hints()[0].contains("ic3"));
}

#[test]
fn what_goes_out_is_told_in_the_text_that_is_approved() {
    let mut world = World::opened(Subject::default());
    world.demand("a_b@evil.example", "https://evil.example/x_y");
    for name in notice::names() {
        let draft = world.draft(&name, &Company::default(), None);
        let about = notice::about(&name).unwrap();
        let head = draft.text.split(&about.addressee).next().unwrap();
        assert!(head.contains(&format!("\nSubject: {}\n", about.subject)));
        assert!(head.contains("notice show --plain"), "{head}");
        let outgoing = notice::outgoing(&about, &draft.text);
        assert_eq!(outgoing.subject, about.subject);
        let cover = notice::cover(&draft.text).map(|cover| cover + "\n\n");
        let plain = notice::plain(&draft.text);
        assert_eq!(outgoing.body, cover.unwrap_or_default() + &plain);
        let case = world.case.as_str();
        assert!(draft.text.contains(&case.replace('_', "\\_")) && outgoing.body.contains(case));
        // The approval binds the subject line: another one is another text.
        let other = draft.text.replace(&about.subject, "Another");
        assert_ne!(Digest::of(other.as_bytes()), draft.digest);
        assert_eq!(notice::outgoing(&about, &other).subject, "Another");
    }
    // A text of before its head said so goes out as it was approved.
    let about = notice::about("executive").unwrap();
    let before = "# T\n\nPrepared for review; x.\n\nTo: X. Y\n\nBody\\_1\nSubject: z\n";
    let outgoing = notice::outgoing(&about, before);
    assert_eq!(
        (outgoing.body.as_str(), &outgoing.subject),
        (before, &about.subject)
    );
}
