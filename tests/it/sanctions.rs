//! The payment guardrail: a hold that nothing ends, and a program that has no way to pay, to build a
//! payment, or to promise one.

use std::path::{Path, PathBuf};

use cordon::app::sanctions::Proposal;
use cordon::app::{App, Desk, NewCase, Origin};
use cordon::canon::{Digest, digest_of};
use cordon::case::event::due::Trigger;
use cordon::case::event::{
    Actor, Determination, Entry, Event, Evidence, FORMAT, Person, SCOPE, SUSPICION, Signed, Source,
    scope,
};
use cordon::case::state::CaseState;
use cordon::case::subject::Subject;
use cordon::evidence::verify;
use cordon::id::{CaseId, ContactId, DeterminationId, EvidenceId, LeadId};
use cordon::settings::Settings;
use cordon::sshsig::Signer;
use cordon::time::{SystemClock, Timestamp};
use proptest::prelude::*;

/// A case of one route, with people who have keys.
struct Staffed {
    dir: tempfile::TempDir,
    desk: Desk,
    _app: App,
}

impl Staffed {
    async fn of(route: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let person = |name: &str, role: &str| {
            let key = Signer::generate(&dir.path().join(name), "x").unwrap();
            Person {
                name: name.into(),
                roles: vec![role.into()],
                key: key.public().line(),
                emails: vec![format!("{}@company.example", name.to_lowercase())],
                logins: Vec::new(),
            }
        };
        let settings = Settings {
            data: dir.path().join("data"),
            people: vec![
                person("Bo", "legal"),
                person("Lee", "legal"),
                person("Cy", "executive"),
                person("Ike", "incident_lead"),
                person("Hal", "hr"),
            ]
            .into(),
            ..Settings::default()
        };
        let app = App::new(settings, std::sync::Arc::new(SystemClock)).unwrap();
        let new = NewCase {
            subject: Subject {
                emails: vec!["person@company.example".into()],
                ..Subject::default()
            },
            title: None,
            route: route.into(),
            effective: None,
            origin: Origin::Subject,
            by: Actor::Operator("tester".into()),
        };
        let desk = app.open_case(new).await.unwrap();
        Self {
            dir,
            desk,
            _app: app,
        }
    }

    async fn proposed(&self) -> DeterminationId {
        let file = self.dir.path().join("letter.pdf");
        std::fs::write(&file, b"letter").unwrap();
        self.desk
            .propose_determination(&file, proposal("determination"))
            .await
            .unwrap()
    }

    async fn approve(&self, id: &DeterminationId, name: &str) -> cordon::fault::Result<bool> {
        let key: PathBuf = self.dir.path().join(name);
        let done = self
            .desk
            .approve_determination(id, name, &key, "read")
            .await;
        done.map(|(_, determined)| determined)
    }
}

fn proposal(kind: &str) -> Proposal {
    Proposal {
        kind: kind.into(),
        scope: vec!["wages".into()],
        text: "Wages of March may be released by the company outside of Cordon.".into(),
        reason: "Letter of counsel".into(),
    }
}

#[tokio::test]
async fn a_case_of_suspicion_is_held_from_its_first_line_and_an_ordinary_one_is_not() {
    let staffed = Staffed::of(SUSPICION).await;
    let events = staffed.desk.log.read(|state| state.hold.clone()).unwrap();
    assert_eq!(events.scope, scope());
    assert_eq!(events.scope.len(), SCOPE.len());
    let summary = staffed.desk.summary();
    assert!(
        summary
            .sanctions_hold
            .unwrap()
            .contains("wages, invoices, expenses, severance")
    );
    let ordinary = Staffed::of("departure").await;
    assert_eq!(ordinary.desk.summary().hold, None);
    let fault = ordinary
        .desk
        .propose_on(&EvidenceId::fresh(), proposal("licence"))
        .await;
    assert_eq!(fault.unwrap_err().code(), "no-hold");
    assert!(ordinary.desk.hold_claims("  ").await.is_err());
    assert!(
        ordinary
            .desk
            .hold_claims("indicators consistent with public advisories")
            .await
            .unwrap()
    );
    assert!(
        !ordinary.desk.hold_claims("again").await.unwrap(),
        "one hold"
    );
    let text = ordinary.desk.summary().sanctions_hold.unwrap();
    assert_eq!(text, "indicators consistent with public advisories");
}

#[tokio::test]
async fn who_records_a_suspicion_as_a_fact_opens_the_hold_and_who_withdraws_it_ends_nothing() {
    for (key, value, held) in [
        ("suspicion.alternatives", "a namesake", false),
        (
            "suspicion.basis",
            "the device was used from elsewhere",
            true,
        ),
        ("suspicion.discovery", "A call.", true),
        ("instant.suspected", "2026-03-13T02:34:11Z", true),
    ] {
        let staffed = Staffed::of("departure").await;
        let desk = &staffed.desk;
        let said = cordon::case::event::Statement {
            apart: None,
            key: key.into(),
            value: value.into(),
            de: None,
            pt: None,
            standing: cordon::case::event::Standing::Suspicion,
            evidence: Vec::new(),
            note: String::new(),
        };
        desk.fact_record(said).await.unwrap();
        assert_eq!(desk.summary().hold.is_some(), held, "{key}");
        desk.fact_withdraw(key, "a mistake").await.unwrap();
        assert_eq!(desk.summary().hold.is_some(), held, "{key}");
        let entries = desk.log.entries().unwrap();
        let opened = |entry: &Entry| matches!(entry.event, Event::SanctionsHeld { .. });
        assert_eq!(entries.iter().any(opened), held, "{key}: the log says so");
    }
}

#[tokio::test]
async fn a_notice_says_the_instant_that_its_clock_counts_from() {
    let staffed = Staffed::of("departure").await;
    let desk = &staffed.desk;
    let told = |at: &str, note: &'static str| cordon::app::duties::Told {
        what: Trigger::AwareReasonableCertainty,
        at: at.parse().unwrap(),
        zone: None,
        note,
        evidence: Vec::new(),
    };
    let said = |desk: &Desk| desk.fact("instant.aware").unwrap();
    assert_eq!(said(desk).standing, None);
    let late = told("2026-03-13T05:00:00Z", "the report");
    desk.record_instant(late).await.unwrap();
    let early = told("2026-03-13T04:00:00Z", "a call");
    let early = desk.record_instant(early).await.unwrap();
    assert!(said(desk).values[0].contains("04:00"), "{:?}", said(desk));
    let (_, draft) = desk.draft("gdpr-33").await.unwrap();
    assert!(
        draft.text.contains("2026-03-13T04:00:00Z"),
        "{}",
        draft.text
    );
    // Another one by hand would part the two.
    let by_hand = cordon::case::event::Statement {
        apart: None,
        key: "instant.aware".into(),
        value: "2026-03-14T04:00:00Z".into(),
        de: None,
        pt: None,
        standing: cordon::case::event::Standing::Suspicion,
        evidence: Vec::new(),
        note: String::new(),
    };
    let refused = desk.fact_record(by_hand).await.unwrap_err();
    assert_eq!(refused.code(), "fact-gathered", "{refused}");
    desk.withdraw_instant(&early, "another case").await.unwrap();
    assert!(said(desk).values[0].contains("05:00"), "{:?}", said(desk));
}

#[tokio::test]
async fn a_determination_takes_counsel_and_one_who_leads_and_ends_nothing() {
    let staffed = Staffed::of(SUSPICION).await;
    let before = staffed.desk.summary().hold;
    for (bad, why) in [
        ("release", "neither"),
        ("licence", "nothing that the hold covers"),
    ] {
        let mut proposal = proposal(bad);
        proposal.scope = vec!["everything".into()];
        let fault = staffed
            .desk
            .propose_on(&EvidenceId::fresh(), proposal)
            .await
            .unwrap_err();
        assert!(fault.what().contains(why), "{fault}");
    }
    let id = staffed.proposed().await;
    assert!(
        staffed
            .approve(&id, "Hal")
            .await
            .unwrap_err()
            .what()
            .contains("no role")
    );
    assert!(!staffed.approve(&id, "Bo").await.unwrap());
    assert!(
        !staffed.approve(&id, "Bo").await.unwrap(),
        "one person is one"
    );
    assert!(
        !staffed.approve(&id, "Lee").await.unwrap(),
        "two of legal are no two roles"
    );
    let line = || staffed.desk.summary().determinations.remove(0);
    assert_eq!(line().stage(), "not decided by all");
    assert!(staffed.approve(&id, "Cy").await.unwrap());
    assert_eq!(line().stage(), "determined");
    assert_eq!(line().approved_by, ["Bo", "Lee", "Cy"]);
    assert_eq!(
        staffed.desk.summary().hold,
        before,
        "the hold stands as it stood"
    );
    let status = cordon::app::summary::head(&staffed.desk.summary(), &jiff::tz::TimeZone::UTC);
    assert!(
        status.contains("hold") && status.contains("determination of wages, determined"),
        "{status}"
    );
    // Whoever leads may also be first.
    let id = staffed.proposed().await;
    assert!(!staffed.approve(&id, "Ike").await.unwrap());
    assert!(staffed.approve(&id, "Lee").await.unwrap());
    staffed.desk.finish().await.unwrap();
    let to = staffed.dir.path().join("export");
    staffed
        .desk
        .export(&to, cordon::evidence::export::Scope::Facts)
        .await
        .unwrap();
    let report = verify::folder(&to).unwrap();
    assert!(report.fault().is_none(), "{}", report.text());
    assert!(
        report.text().matches("determination_").count() >= 5,
        "{}",
        report.text()
    );
}

/// A case in memory, and what its events name.
struct Fold {
    case: CaseId,
    state: CaseState,
    document: EvidenceId,
    seq: u64,
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

impl Fold {
    fn opened() -> Self {
        let mut fold = Self {
            case: CaseId::fresh(),
            state: CaseState::default(),
            document: EvidenceId::fresh(),
            seq: 0,
        };
        let person = |name: &str, role: &str| Person {
            name: name.into(),
            roles: vec![role.into()],
            key: String::new(),
            emails: Vec::new(),
            logins: Vec::new(),
        };
        fold.take(Event::CaseOpened {
            title: "Access review".into(),
            salt: String::new(),
            subject: Subject::default(),
            route: SUSPICION.into(),
            people: vec![person("Bo", "legal"), person("Cy", "executive")],
            recorder: String::new(),
            protected: Vec::new(),
            effective: None,
            evidence: None,
        });
        fold.take(Event::EvidenceKept(Evidence {
            privileged: false,
            id: fold.document.clone(),
            sha256: Digest::of(b"letter"),
            bytes: 6,
            media_type: "text/plain".into(),
            source: Source::File {
                name: "letter".into(),
            },
            at: at(0),
            tool: "cordon".into(),
            title: "letter".into(),
        }));
        fold
    }

    /// Takes an event in, and gives whether the rules allow it. What they refuse is folded as well: not
    /// even a log that breaks every rule ends a hold.
    fn take(&mut self, event: Event) -> bool {
        let entry = Entry {
            v: FORMAT,
            case: self.case.clone(),
            seq: self.seq,
            prev: Digest::ZERO,
            at: at(i64::try_from(self.seq).unwrap()),
            by: Actor::Person("Bo".into()),
            event,
        };
        self.seq += 1;
        let allowed = self.state.check(&entry).is_ok();
        self.state.apply(&entry);
        allowed
    }
}

fn signed(name: &str) -> Signed {
    Signed {
        text: String::new(),
        signature: String::new(),
        person: name.into(),
    }
}

/// One of the events that could be thought to end a hold, or touch it.
fn event(number: usize, document: &EvidenceId, id: &DeterminationId) -> Event {
    let content = Determination {
        kind: "licence".into(),
        scope: scope(),
        text: "release of everything".into(),
        reason: "x".into(),
        document: document.clone(),
        sha256: Digest::of(b"letter"),
    };
    let binds = digest_of(&content).unwrap();
    let (determination, reason) = (id.clone(), "over".to_owned());
    match number {
        0 => Event::CaseHeld { reason },
        1 => Event::CaseReleased { reason },
        2 => Event::CaseClosed { reason },
        3 => Event::CaseNoted {
            text: "the hold is lifted".into(),
        },
        4 => Event::SanctionsHeld {
            reason: String::new(),
            contact: None,
            scope: Vec::new(),
        },
        5 => Event::SanctionsHeld {
            reason,
            contact: Some(ContactId::fresh()),
            scope: vec!["wages".into()],
        },
        6 => Event::SanctionsProposed {
            determination,
            content,
            binds,
        },
        7 => Event::SanctionsApproved {
            determination,
            binds,
            signed: signed("Bo"),
        },
        8 => Event::SanctionsApproved {
            determination,
            binds,
            signed: signed("Cy"),
        },
        9 => Event::SanctionsDetermined {
            determination,
            binds,
        },
        10 => Event::ContactJudged {
            contact: ContactId::fresh(),
            demand: false,
            reason,
        },
        11 => Event::CaseUnrestricted { reason },
        12 => Event::RunCancelled { reason },
        13 => Event::PersonExcluded {
            person: "Bo".into(),
            reason,
        },
        14 => Event::LeadRecorded {
            lead: LeadId::fresh(),
            person: Subject {
                worker_id: Some("W-2".into()),
                ..Subject::default()
            },
            reason,
        },
        _ => Event::CaseOpened {
            title: "again".into(),
            salt: String::new(),
            subject: Subject::default(),
            route: "departure".into(),
            people: Vec::new(),
            recorder: String::new(),
            protected: Vec::new(),
            effective: None,
            evidence: None,
        },
    }
}

proptest! {
    #[test]
    fn no_sequence_of_events_ends_a_hold(numbers in proptest::collection::vec(0_usize..16, 0..40)) {
        let mut fold = Fold::opened();
        let first = fold.state.hold.clone();
        prop_assert!(first.is_some());
        let id = DeterminationId::fresh();
        for number in numbers {
            let document = fold.document.clone();
            fold.take(event(number, &document, &id));
            prop_assert_eq!(&fold.state.hold, &first);
            prop_assert!(fold.state.sanctions_hold.is_some());
        }
    }
}

#[test]
fn a_determination_without_its_two_people_is_refused_by_the_log() {
    let mut fold = Fold::opened();
    let id = DeterminationId::fresh();
    let document = fold.document.clone();
    let of = |number| event(number, &document, &id);
    assert!(fold.take(of(6)));
    let mut early = Fold {
        state: fold.state.clone(),
        case: fold.case.clone(),
        document: document.clone(),
        seq: fold.seq,
    };
    assert!(!early.take(of(9)), "nobody decided");
    assert!(fold.take(of(7)));
    let mut half = Fold {
        state: fold.state.clone(),
        case: fold.case.clone(),
        document: document.clone(),
        seq: fold.seq,
    };
    assert!(!half.take(of(9)), "one person decided");
    assert!(fold.take(of(8)) && fold.take(of(9)));
    assert!(!fold.take(of(8)), "it is determined");
}

fn files(folder: &Path, ends: &[&str], found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, ends, found);
        } else if ends.iter().any(|end| path.to_string_lossy().ends_with(end)) {
            found.push((
                path.display().to_string(),
                std::fs::read_to_string(&path).unwrap(),
            ));
        }
    }
}

fn below(folder: &str, ends: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    files(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join(folder),
        ends,
        &mut found,
    );
    assert!(!found.is_empty());
    found
}

/// Only these events speak of the hold, and none of their names says that one ends.
#[test]
fn there_is_no_event_that_ends_a_hold() {
    let events = include_str!("../../src/case/event.rs");
    let names: Vec<&str> = events
        .split("rename = \"")
        .filter_map(|rest| rest.split('"').next())
        .filter(|name| name.starts_with("sanctions."))
        .collect();
    assert_eq!(
        names,
        [
            "sanctions.held",
            "sanctions.proposed",
            "sanctions.approved",
            "sanctions.determined"
        ]
    );
    // The fold sets a hold in one place, and in no place unsets it.
    for (file, text) in below("src", &[".rs"]) {
        for (number, line) in text.lines().enumerate() {
            let line: String = line.split_whitespace().collect();
            let ends = [
                "hold=None",
                "hold.take()",
                "hold=Default",
                "hold.clear",
                "sanctions_hold=",
                ".hold=",
            ];
            let found = ends.iter().find(|end| line.contains(**end));
            assert_eq!(found, None, "{file}:{}: {line}", number + 1);
        }
    }
}

/// Nothing that is linked knows how to sign or send a transaction of a chain or a bank.
#[test]
fn no_dependency_signs_or_sends_a_transaction() {
    let lock = include_str!("../../Cargo.lock");
    let names: Vec<&str> = lock
        .lines()
        .filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'))
        .collect();
    assert!(names.contains(&"sled"));
    let banned = [
        "bitcoin",
        "ethers",
        "alloy",
        "web3",
        "solana",
        "monero",
        "xmr",
        "stripe",
        "paypal",
        "coinbase",
        "secp256k1",
        "bip32",
        "bip39",
        "hdwallet",
        "lightning",
        "ldk",
        "bdk",
        "tron",
        "near-",
        "cosmrs",
        "substrate",
        "miniscript",
        "electrum",
        "plaid",
        "iso20022",
        "sepa",
        "wallet",
    ];
    for name in names {
        let found = banned.iter().find(|word| name.starts_with(**word));
        assert_eq!(found, None, "{name}");
    }
    // `k256` comes with the OpenPGP of recipients' public keys, and no source of ours names it.
    for (file, text) in below("src", &[".rs"]) {
        for word in [
            " k256::",
            "secp256k1",
            "eth_send",
            "sendrawtransaction",
            "private_key_wif",
            "mnemonic",
        ] {
            assert!(!text.contains(word), "{file} names {word}");
        }
    }
}

/// No function, type, field or address of the program is about paying.
#[test]
fn no_code_is_about_paying() {
    let words = [
        "fn pay",
        "fn send_payment",
        "fn transfer_funds",
        "fn remit",
        "fn payout",
        "fn disburse",
        "fn release_",
        "fn settle_invoice",
        "fn refund",
        "struct Payment",
        "struct Payout",
        "struct Transfer",
        "enum Payment",
        "struct Wallet",
        "struct Transaction",
        "api.stripe.",
        "api.paypal.",
        "api.coinbase.",
        "api.binance.",
        "blockchain.info",
        "infura.io",
        "etherscan.io",
        "mempool.space",
        "/payments\"",
        "/payouts\"",
        "/transfers\"",
        "/transactions\"",
    ];
    for (file, text) in below("src", &[".rs"]) {
        for word in words {
            // What the simulated company or the reader of demands says of others is no code of ours.
            assert!(!text.contains(word), "{file} has `{word}`");
        }
    }
}

/// Sentences that promise, offer or prepare money, in the languages of the notices.
const PROMISES: [&str; 30] = [
    "we will pay",
    "we shall pay",
    "we agree to pay",
    "we are prepared to pay",
    "we are willing to pay",
    "payment will be made",
    "will be paid to",
    "we offer to pay",
    "we can offer",
    "please find payment",
    "in exchange for payment",
    "send the payment",
    "we will transfer",
    "we will wire",
    "payment is on its way",
    "our offer",
    "negotiate",
    "wir werden zahlen",
    "wir zahlen",
    "wir sind bereit zu zahlen",
    "wir überweisen",
    "die zahlung erfolgt",
    "wir bieten",
    "gegen zahlung",
    "pagaremos",
    "vamos pagar",
    "iremos pagar",
    "será pago",
    "estamos dispostos a pagar",
    "transferiremos",
];

/// Where a template may say such words: as a warning against them.
fn warns(sentence: &str) -> bool {
    [
        "not ", "never", "no ", "nicht", "kein", "nie ", "não", "nunca", "nem ",
    ]
    .iter()
    .any(|word| sentence.contains(word))
}

fn promises(text: &str) -> Vec<String> {
    let text = text.to_lowercase().replace('\n', " ");
    let sentences = text.split(['.', '!', '?', ';', '|']);
    sentences
        .filter(|sentence| {
            PROMISES.iter().any(|promise| sentence.contains(promise)) && !warns(sentence)
        })
        .map(str::to_owned)
        .collect()
}

#[test]
fn no_template_promises_a_payment() {
    assert_eq!(promises("Dear sender. We will pay on Monday.").len(), 1);
    assert_eq!(
        promises("We will not pay, and never said \u{201c}we will pay\u{201d}.").len(),
        0
    );
    for (file, text) in below("templates", &[".hbs", ".md", ".toml"]) {
        // The wording lint forbids these words, and has to name them.
        if file.ends_with("lint.toml") {
            continue;
        }
        assert_eq!(promises(&text), Vec::<String>::new(), "{file}");
    }
}

#[tokio::test]
async fn no_rendered_notice_promises_a_payment_and_the_executive_reads_of_the_hold() {
    let staffed = Staffed::of(SUSPICION).await;
    for name in cordon::notice::names() {
        let (id, draft) = staffed.desk.draft(&name).await.unwrap();
        assert_eq!(promises(&draft.text), Vec::<String>::new(), "{name}");
        let (_, text) = staffed.desk.notice(&id).unwrap();
        assert_eq!(
            promises(&cordon::notice::plain(&text)),
            Vec::<String>::new(),
            "{name}"
        );
        if name == "executive" {
            assert!(draft.text.contains("Sanctions hold"), "{}", draft.text);
        }
    }
}
