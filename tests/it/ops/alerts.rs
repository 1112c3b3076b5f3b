//! Alerts, taken by a real SMTP server (the `aiosmtpd` program): to whom, what they say, how often.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use cordon::app::alert::{Alerts, KINDS, Kind};
use cordon::app::{App, Desk, NewCase, Origin};
use cordon::case::event::{Actor, Person};
use cordon::case::subject::Subject;
use cordon::id::CaseId;
use cordon::settings::{Mail, Settings};
use cordon::sshsig::Signer;
use cordon::store::Hub;
use cordon::time::{ManualClock, Timestamp};
use jiff::SignedDuration;

use super::{has, until};

/// An SMTP server that keeps mails as files. Killed when dropped.
struct Smtp {
    child: Child,
    port: u16,
    folder: PathBuf,
}

impl Drop for Smtp {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A port that is free now.
fn port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

impl Smtp {
    fn start(folder: &Path, port: u16) -> Self {
        let folder = folder.join("mails");
        let mut child = Command::new("aiosmtpd")
            .args(["-n", "-c", "aiosmtpd.handlers.Mailbox", "-l"])
            .arg(format!("127.0.0.1:{port}"))
            .arg(&folder)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        until("the mail server listens", || {
            assert!(child.try_wait().unwrap().is_none(), "the mail server ended");
            std::net::TcpStream::connect(("127.0.0.1", port)).ok()
        });
        Self {
            child,
            port,
            folder,
        }
    }

    /// Every mail so far: to whom, and the whole of it.
    fn mails(&self) -> Vec<(String, String)> {
        let mut all: Vec<(String, String)> = fs::read_dir(self.folder.join("new"))
            .into_iter()
            .flatten()
            .map(|entry| {
                let bytes = fs::read(entry.unwrap().path()).unwrap();
                let mail = mail_parser::MessageParser::default().parse(&bytes).unwrap();
                let to = mail
                    .to()
                    .unwrap()
                    .first()
                    .unwrap()
                    .address()
                    .unwrap()
                    .to_owned();
                let text = format!(
                    "{}\n{}",
                    mail.subject().unwrap(),
                    mail.body_text(0).unwrap()
                );
                (to, text)
            })
            .collect();
        all.sort();
        all
    }

    fn recipients(&self) -> Vec<String> {
        self.mails().into_iter().map(|(to, _)| to).collect()
    }
}

/// A company whose people have addresses, with one case.
struct Told {
    dir: tempfile::TempDir,
    clock: Arc<ManualClock>,
    app: Arc<App>,
    case: CaseId,
}

fn start() -> Timestamp {
    "2027-03-12T09:00:00Z".parse().unwrap()
}

impl Told {
    async fn new(port: Option<u16>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let person = |name: &str, roles: &[&str], emails: &[&str]| Person {
            name: name.into(),
            roles: roles.iter().map(|&role| role.into()).collect(),
            key: Signer::generate(&dir.path().join(name), "x")
                .unwrap()
                .public()
                .line(),
            emails: emails.iter().map(|&one| one.into()).collect(),
            logins: Vec::new(),
        };
        let mut settings = Settings {
            data: dir.path().join("data"),
            people: vec![
                person("Bo", &["legal"], &["bo@company.example", "bo@home.example"]),
                person("Cy", &["incident_lead", "legal"], &["cy@company.example"]),
                person("Hal", &["hr"], &["hal@company.example"]),
                person(
                    "Rob",
                    &["legal", "incident_lead", "hr"],
                    &["quill@company.example"],
                ),
            ],
            mail: port.map(|port| Mail {
                host: "127.0.0.1".into(),
                port,
                security: "none".into(),
                from: "Case desk <desk@company.example>".into(),
                user: None,
                password: None,
            }),
            ..Settings::default()
        };
        settings.serve.public_url = Some("https://cordon.company.example/".into());
        let clock = Arc::new(ManualClock::new(start()));
        let app = Arc::new(App::new(settings, Arc::clone(&clock) as _).unwrap());
        let desk = open(&app).await;
        let case = desk.log.case().clone();
        Self {
            dir,
            clock,
            app,
            case,
        }
    }

    fn hub(&self) -> Arc<Hub> {
        Arc::new(Hub::open(&self.app.settings.data.join("hub")).unwrap())
    }

    fn alerts(&self) -> Alerts {
        Alerts::new(Arc::clone(&self.app), self.hub()).unwrap()
    }

    fn later(&self, hours: i64) {
        let now = cordon::time::Clock::now(&*self.clock);
        self.clock.set(now + SignedDuration::from_hours(hours));
    }
}

async fn open(app: &App) -> Desk {
    let new = NewCase {
        subject: Subject {
            emails: vec!["Quill@company.example".into()],
            display_name: Some("Quill Tester".into()),
            worker_id: Some("LL-C-0417".into()),
            ..Subject::default()
        },
        title: None,
        route: "operator".into(),
        effective: None,
        origin: Origin::Subject,
        by: Actor::Operator("tester".into()),
    };
    app.open_case(new).await.unwrap()
}

#[tokio::test]
async fn an_alert_reaches_each_of_its_roles_once_and_never_the_account_holder() {
    if !has("aiosmtpd", &["--version"]) {
        return;
    }
    let told = Told::new(Some(port())).await;
    let smtp = Smtp::start(
        told.dir.path(),
        told.app.settings.mail.as_ref().unwrap().port,
    );
    assert_eq!(smtp.port, told.app.settings.mail.as_ref().unwrap().port);
    let alerts = told.alerts();
    let due = "clock eu.gdpr.33, due 2027-03-15T09:00:00Z";
    for _ in 0..3 {
        alerts
            .raise(Kind::ClockHalf, Some(&told.case), due)
            .unwrap();
    }
    assert_eq!(alerts.waiting(), 1);
    alerts.send_due().await;
    alerts.send_due().await;
    assert_eq!(
        smtp.recipients(),
        ["bo@company.example", "cy@company.example"]
    );
    assert_eq!(alerts.waiting(), 0);
    let (_, mail) = smtp.mails().remove(0);
    let link = format!("https://cordon.company.example/cases/{}", told.case);
    for part in [
        "Half of a deadline has passed: Access review LL-C-0417",
        due,
        link.as_str(),
    ] {
        assert!(mail.contains(part), "{part}: {mail}");
    }
    for word in ["Quill", "quill", "suspic", "fraud", "misrepresent"] {
        assert!(!mail.contains(word), "{word}: {mail}");
    }

    // After a restart what was raised and sent is known.
    drop(alerts);
    let alerts = told.alerts();
    alerts
        .raise(Kind::ClockHalf, Some(&told.case), due)
        .unwrap();
    alerts.send_due().await;
    assert_eq!(smtp.mails().len(), 2);

    // Of other roles, and about somebody who has no case.
    alerts
        .raise_to(
            Kind::GateWaiting,
            Some(&told.case),
            "step go",
            &["hr".into()],
        )
        .unwrap();
    let subject = Subject {
        emails: vec!["hal@company.example".into()],
        ..Subject::default()
    };
    alerts
        .raise_about(Kind::MessageWaits, &subject, "message ab12")
        .unwrap();
    alerts.raise(Kind::BreakGlass, None, "signed in").unwrap();
    alerts.send_due().await;
    let mut after = smtp.recipients();
    after.retain(|to| to != "bo@company.example");
    let expected = [
        "cy@company.example",
        "cy@company.example",
        "cy@company.example",
        "hal@company.example",
        "quill@company.example",
        "quill@company.example",
    ];
    assert_eq!(
        after, expected,
        "Rob is no account holder in what is not about him"
    );
}

#[tokio::test]
async fn what_could_not_be_sent_is_sent_later_and_to_nobody_twice() {
    if !has("aiosmtpd", &["--version"]) {
        return;
    }
    let told = Told::new(Some(port())).await;
    let port = told.app.settings.mail.as_ref().unwrap().port;
    let alerts = told.alerts();
    alerts
        .raise(Kind::DoorReopened, Some(&told.case), "door_1")
        .unwrap();
    alerts.send_due().await;
    assert_eq!(alerts.waiting(), 1, "nobody listens");
    drop(alerts);
    let alerts = told.alerts();
    assert_eq!(alerts.waiting(), 1, "kept over a restart");
    let smtp = Smtp::start(told.dir.path(), port);
    alerts.send_due().await;
    assert_eq!(smtp.mails().len(), 0, "it pauses after a failure");
    told.later(1);
    alerts.send_due().await;
    assert_eq!(smtp.recipients(), ["cy@company.example"]);
    told.later(1);
    alerts.send_due().await;
    assert_eq!((smtp.mails().len(), alerts.waiting()), (1, 0));

    // What nobody takes for three days is given up.
    drop(smtp);
    alerts
        .raise(Kind::DoorReopened, Some(&told.case), "door_2")
        .unwrap();
    for _ in 0..4 {
        alerts.send_due().await;
        told.later(30);
    }
    assert_eq!(alerts.waiting(), 0);
}

#[tokio::test]
async fn a_record_that_does_not_verify_is_told_without_telling_the_account_holder() {
    if !has("aiosmtpd", &["--version"]) {
        return;
    }
    let told = Told::new(Some(port())).await;
    let smtp = Smtp::start(
        told.dir.path(),
        told.app.settings.mail.as_ref().unwrap().port,
    );
    let alerts = Arc::new(told.alerts());
    let ledger = told.app.case_dir(&told.case).join("ledger.jsonl");
    let text = fs::read_to_string(&ledger).unwrap();
    fs::write(&ledger, text.replacen("opening.json", "opening_json", 1)).unwrap();
    let timers = cordon::daemon::Timers::new(Arc::clone(&told.app), Arc::clone(&alerts));
    timers.tick().await;
    alerts.send_due().await;
    assert_eq!(
        smtp.recipients(),
        ["bo@company.example", "cy@company.example"]
    );
    assert!(
        smtp.mails()[0]
            .1
            .contains("does not verify: Access review LL-C-0417")
    );
}

#[tokio::test]
async fn without_a_mail_server_nothing_piles_up() {
    let told = Told::new(None).await;
    let alerts = told.alerts();
    alerts
        .raise(Kind::ClockOver, Some(&told.case), "clock")
        .unwrap();
    assert_eq!(alerts.waiting(), 0);
}

#[test]
fn every_kind_has_its_own_words() {
    for words in &KINDS {
        assert_eq!(words.kind.words().name, words.name);
        assert!(!words.roles.is_empty() && !words.text.contains('@'));
        let written = serde_json::to_value(words.kind).unwrap();
        assert_eq!(written, words.name);
    }
}
