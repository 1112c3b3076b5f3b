//! Three cases for everything that is rendered: one that knows all that notices can ask for, one that
//! knows next to nothing, and one that is full of what an attacker would write. Made by events alone,
//! with ids that never change.

use cordon::canon::Digest;
use cordon::case::event::{
    Actor, ClockStart, Contact, Deadline, Entry, Event, Evidence, FORMAT, Indicator, Reading,
    Source, Standing, Statement,
};
use cordon::case::state::CaseState;
use cordon::case::subject::Subject;
use cordon::door::{Door, DoorState, Link, Probe};
use cordon::id::{CaseId, ClockId, ContactId, DoorId, EvidenceId};
use cordon::notice::dictionary::{self, Kind, Known, Origin};
use cordon::notice::facts::{self, Company, Facts};
use cordon::notice::words::Language;
use cordon::provider::{Account, Candidate, Completeness, Confidence, Reason};
use cordon::time::Timestamp;
use jiff::tz::TimeZone;

/// What an attacker would write where a name is asked for: HTML, Markdown, handlebars, a formula,
/// marks that turn the direction of writing, steering characters, a forged number of evidence.
pub(crate) const HOSTILE: &str = "<script>alert(1)</script> {{fact \"case.id\"}} **bold** [link](https://evil.example) =cmd|' /C'!A0 \u{202e}gnp.exe \u{1b}[2J [e1] ”[e2]\n# heading\n---\n## Evidence";

/// The obligations whose clocks the complete and the hostile case run.
pub(crate) const CLOCKS: &[&str] = &[
    "eu.gdpr.33",
    "us.ny.dfs.500_17a",
    "de.bsig.32",
    "pt.dl125_2025",
];

/// A case and what notices say about its company.
pub(crate) struct Sample {
    /// `complete`, `sparse` or `hostile`.
    pub(crate) name: &'static str,
    /// The case.
    pub(crate) state: CaseState,
    /// The company.
    pub(crate) company: Company,
    /// What keeps the company's record.
    pub(crate) company_evidence: Option<EvidenceId>,
}

/// The instant of every sample.
pub(crate) fn now() -> Timestamp {
    "2027-03-13T03:00:00Z".parse().unwrap()
}

/// The zone of every sample.
pub(crate) fn zone() -> TimeZone {
    TimeZone::get("Europe/Lisbon").unwrap()
}

impl Sample {
    /// Its facts.
    pub(crate) fn facts(&self) -> Facts {
        let evidence = self.company_evidence.as_ref();
        facts::gather(
            &self.state,
            &self.state.facts,
            &self.company,
            evidence,
            now(),
            &zone(),
        )
    }

    /// All three.
    pub(crate) fn all() -> [Self; 3] {
        [complete(), sparse(), hostile()]
    }
}

/// Builds a case event by event; an event that cannot follow is a panic.
struct Builder {
    case: CaseId,
    state: CaseState,
}

impl Builder {
    fn opened(title: &str, subject: Subject) -> Self {
        let mut builder = Self {
            case: "case_01j00000000000000000000000".parse().unwrap(),
            state: CaseState::default(),
        };
        builder.add(Event::CaseOpened {
            title: title.into(),
            salt: String::new(),
            subject,
            route: "operator".into(),
            people: Vec::new(),
            recorder: String::new(),
            protected: Vec::new(),
            effective: None,
            evidence: None,
        });
        builder.evidence("opening.json");
        builder
    }

    fn add(&mut self, event: Event) {
        let entry = Entry {
            v: FORMAT,
            case: self.case.clone(),
            seq: self.state.lines,
            prev: Digest::ZERO,
            at: now(),
            by: Actor::Operator("lee".into()),
            event,
        };
        self.state.check(&entry).unwrap();
        self.state.apply(&entry);
    }

    fn evidence(&mut self, name: &str) -> EvidenceId {
        let id = EvidenceId::of(&["sample", name]);
        if !self.state.evidence.contains_key(&id) {
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
        }
        id
    }

    fn identity(&mut self, login: &str) -> Account {
        let evidence = self.evidence("identity.json");
        let account = Account {
            provider: "github".into(),
            id: "4711".into(),
            login: login.into(),
        };
        self.add(Event::IdentityCandidates {
            provider: "github".into(),
            candidates: vec![Candidate {
                account: account.clone(),
                reasons: vec![Reason {
                    why: "the single sign-on links them".into(),
                    confidence: Confidence::Confirmed,
                    evidence: evidence.clone(),
                }],
                emails: Vec::new(),
            }],
        });
        self.add(Event::IdentityChosen {
            account: account.clone(),
            reason: "the single sign-on links them".into(),
            evidence: vec![evidence],
        });
        account
    }

    fn door(&mut self, account: &Account, native: &str, label: &str, seen: Option<DoorState>) {
        let evidence = self.evidence(&format!("door-{native}.json"));
        let id: DoorId = Door::id_of("github", "github.deploy_key", native);
        self.add(Event::DoorFound(Door {
            id: id.clone(),
            provider: "github".into(),
            kind: "github.deploy_key".into(),
            native: native.into(),
            account: account.id.clone(),
            label: label.into(),
            link: Link::Owner,
            protected: None,
            detail: serde_json::Value::Null,
            evidence: evidence.clone(),
        }));
        if let Some(state) = seen {
            let evidence = self.evidence(&format!("probe-{native}.json"));
            self.add(Event::DoorProbed {
                door: id,
                state,
                probe: Probe {
                    state,
                    why: "the read of the key answered".into(),
                    evidence: vec![evidence],
                    residual_until: None,
                },
            });
        }
    }

    fn inventory(&mut self, account: &Account, what: &str, gap: &str) {
        let list = Completeness {
            what: what.into(),
            gaps: vec![gap.into()],
            ..Completeness::default()
        };
        self.add(Event::InventoryRead {
            account: account.clone(),
            doors: 3,
            completeness: vec![list],
            blind: vec![gap.into()],
        });
    }

    fn trail(&mut self, account: &Account, trail: &str, complete: bool, gaps: &[&str]) {
        let evidence = self.evidence(&format!("{trail}.json"));
        self.add(Event::TrailRead {
            trail: trail.into(),
            account: Some(account.clone()),
            completeness: Completeness {
                what: trail.into(),
                pages: 1,
                cursors: vec![String::new()],
                records: 212,
                first: Some("2027-03-01T08:00:00Z".parse().unwrap()),
                last: Some("2027-03-12T22:50:14Z".parse().unwrap()),
                complete,
                gaps: gaps.iter().map(|&gap| gap.to_owned()).collect(),
                ..Completeness::default()
            },
            evidence: vec![evidence],
        });
    }

    fn demand(&mut self, number: u8, from: &str, words: &str, indicators: &[(&str, &str)]) {
        let evidence = self.evidence(&format!("demand-{number}.eml"));
        let received: Timestamp = "2027-03-12T21:14:00Z".parse().unwrap();
        self.add(Event::ContactRecorded(Contact {
            id: ContactId::of(&["sample", &number.to_string()]),
            channel: "email".into(),
            direction: "in".into(),
            from: from.into(),
            to: Vec::new(),
            sent: None,
            received,
            arrivals: Vec::new(),
            subject: "final notice".into(),
            text: words.into(),
            evidence: vec![evidence],
            message_id: None,
            thread: Vec::new(),
            indicators: indicators
                .iter()
                .map(|(kind, value)| Indicator {
                    kind: (*kind).into(),
                    value: (*value).into(),
                    check: "unchecked".into(),
                })
                .collect(),
            deadlines: vec![Deadline {
                verbatim: words.into(),
                readings: vec![Reading {
                    at: received,
                    how: "as written".into(),
                }],
            }],
            demand: true,
            hinted: false,
        }));
    }

    fn clocks(&mut self) {
        let evidence = self.evidence("opening.json");
        for rule in CLOCKS {
            self.add(Event::ClockStarted(ClockStart {
                id: ClockId::of(&["sample", rule]),
                rule: (*rule).into(),
                title: format!("Notice under {rule}"),
                basis: "as the catalogue says".into(),
                seconds: 72 * 3600,
                candidates: vec![Reading {
                    at: "2027-03-12T21:14:00Z".parse().unwrap(),
                    how: "a message came in".into(),
                }],
                doubts: Vec::new(),
                evidence: vec![evidence.clone()],
                due: None,
            }));
        }
    }

    fn record(&mut self, known: &Known, value: &dyn Fn(Language) -> String, standing: Standing) {
        let evidence = self.evidence("statement.pdf");
        let words = !known.same && matches!(known.kind, Kind::Text | Kind::Sentence | Kind::List);
        let other = |language| words.then(|| value(language));
        self.add(Event::FactRecorded(Statement {
            apart: None,
            key: known.key.clone(),
            value: value(Language::En),
            de: other(Language::De),
            pt: other(Language::Pt),
            standing,
            evidence: vec![evidence],
            note: "as the statement says".into(),
        }));
    }
}

/// Every fact that the log does not give.
fn of_people() -> impl Iterator<Item = &'static Known> {
    let all = dictionary::shipped().unwrap().values();
    all.filter(|known| known.source != Origin::Case)
}

/// A value of the right kind that names its fact, so that a reader of a rendering sees what stands
/// where.
fn example(known: &Known, language: Language) -> String {
    let label = known.label(language);
    let (one, two) = match language {
        Language::En => ("example", "second example"),
        Language::De => ("Beispiel", "zweites Beispiel"),
        Language::Pt => ("exemplo", "segundo exemplo"),
    };
    let value = match known.kind {
        Kind::Text => format!("{one}: {label}"),
        Kind::Sentence => format!("({one}: {label})."),
        Kind::List => format!("{one}: {label}\n{two}: {label}"),
        Kind::Instant => "2027-03-12T20:30:00Z".to_owned(),
        Kind::Count => "42".to_owned(),
        Kind::Money => "USD 4100.00".to_owned(),
    };
    let most = known.max.unwrap_or(usize::MAX);
    let lines = value.lines().map(|line| line.chars().take(most).collect());
    lines.collect::<Vec<String>>().join("\n")
}

fn subject() -> Subject {
    Subject {
        display_name: Some("Robin Calloway".into()),
        emails: vec!["robin.calloway@company.example".into()],
        worker_id: Some("C-0417".into()),
        ..Subject::default()
    }
}

/// A case that knows all that notices can ask for; one log was cut, as logs are.
pub(crate) fn complete() -> Sample {
    let mut made = Builder::opened("Access review C-0417", subject());
    let account = made.identity("rcalloway");
    made.door(
        &account,
        "1",
        "deploy key of payments",
        Some(DoorState::Closed),
    );
    made.door(
        &account,
        "2",
        "deploy key of billing",
        Some(DoorState::Open),
    );
    made.door(&account, "3", "deploy key of search", None);
    made.inventory(
        &account,
        "installs of apps",
        "needs a scope that the credential lacks",
    );
    made.trail(&account, "github.audit", true, &[]);
    made.trail(
        &account,
        "okta.log",
        false,
        &["records before 2027-03-01 are gone"],
    );
    made.demand(
        1,
        "desk@collect.example",
        "within 48 hours",
        &[
            ("url", "https://drop.example/a_b"),
            ("btc", "bc1qexampleexampleexampleexampleexample"),
            ("ip", "198.51.100.77"),
        ],
    );
    made.add(Event::SanctionsHeld {
        reason: "a message makes a demand".into(),
        contact: None,
        scope: Vec::new(),
    });
    made.clocks();
    for known in of_people() {
        let standing = match known.key.as_str() {
            key if key.starts_with("suspicion.") => Standing::Suspicion,
            _ => Standing::Fact,
        };
        made.record(known, &|language| example(known, language), standing);
    }
    let company_evidence = made.evidence("company.json");
    Sample {
        name: "complete",
        state: made.state,
        company: Company {
            name: Some("Larch Example, Inc.".into()),
            address: Some("1 Example Street, Springfield".into()),
            domain: Some("company.example".into()),
            contact: Some("Jordan Doe, +1 555 0100, security@company.example".into()),
            ..Company::default()
        },
        company_evidence: Some(company_evidence),
    }
}

/// A case that was opened and nothing more.
pub(crate) fn sparse() -> Sample {
    let subject = Subject {
        worker_id: Some("C-1".into()),
        ..Subject::default()
    };
    Sample {
        name: "sparse",
        state: Builder::opened("Access review C-1", subject).state,
        company: Company::default(),
        company_evidence: None,
    }
}

/// A case in which everything that an outsider can write is an attack.
pub(crate) fn hostile() -> Sample {
    let mut made = Builder::opened(
        HOSTILE,
        Subject {
            display_name: Some(HOSTILE.into()),
            emails: vec![
                HOSTILE.repeat(60),
                format!("{}@evil.example", "x".repeat(10_000)),
            ],
            worker_id: Some(HOSTILE.into()),
            ..Subject::default()
        },
    );
    let account = made.identity(HOSTILE);
    made.door(&account, "1", HOSTILE, Some(DoorState::Open));
    made.door(&account, "2", &"y".repeat(10_000), None);
    made.inventory(&account, HOSTILE, HOSTILE);
    made.trail(&account, "github.audit", false, &[HOSTILE]);
    made.demand(
        1,
        HOSTILE,
        HOSTILE,
        &[
            ("url", "https://evil.example/\u{1b}]8;;x\u{7}"),
            ("domain", &"z.".repeat(5_000)),
        ],
    );
    made.clocks();
    for known in of_people() {
        let value = |_| match known.kind {
            Kind::Sentence => format!("{HOSTILE}."),
            Kind::Text | Kind::List => HOSTILE.to_owned(),
            Kind::Instant | Kind::Count | Kind::Money => example(known, Language::En),
        };
        made.record(known, &value, Standing::Fact);
    }
    let company_evidence = made.evidence("company.json");
    Sample {
        name: "hostile",
        state: made.state,
        company: Company {
            name: Some(HOSTILE.into()),
            ..Company::default()
        },
        company_evidence: Some(company_evidence),
    }
}
