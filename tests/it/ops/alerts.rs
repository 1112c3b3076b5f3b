//! Alerts, taken by a real SMTP server (the `aiosmtpd` program): to whom, what they say, how often.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use cordon::app::alert::{Alerts, KINDS, Kind};
use cordon::app::inbox::Departures;
use cordon::app::{App, Desk, NewCase, Origin};
use cordon::case::event::{Actor, Person};
use cordon::case::subject::Subject;
use cordon::id::CaseId;
use cordon::intake::employment::Employment;
use cordon::intake::{Inbox as _, Incoming, Message};
use cordon::settings::{Mail, Settings};
use cordon::sshsig::Signer;
use cordon::store::Hub;
use cordon::time::{ManualClock, Timestamp};
use jiff::SignedDuration;
use serde_json::Value;

use super::{House, has};
use crate::program::until;

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
pub(super) struct Told {
    pub(super) dir: tempfile::TempDir,
    clock: Arc<ManualClock>,
    pub(super) app: Arc<App>,
    case: CaseId,
}

fn start() -> Timestamp {
    "2027-03-12T09:00:00Z".parse().unwrap()
}

impl Told {
    pub(super) async fn new(port: Option<u16>) -> Self {
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
                person("Ada", &["administrator"], &["ada@company.example"]),
                person("Res", &["responder"], &[]),
                person(
                    "Rob",
                    &["legal", "incident_lead", "hr", "administrator"],
                    &["quill@company.example"],
                ),
            ]
            .into(),
            mail: port.map(|port| Mail {
                host: "127.0.0.1".into(),
                port,
                security: "none".into(),
                from: "Case desk <desk@company.example>".into(),
                user: None,
                password: None,
                ca: None,
                dkim: None,
                recipients: Vec::new(),
                bounces: None,
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

    pub(super) fn hub(&self) -> Arc<Hub> {
        Arc::new(Hub::open(&self.app.settings.data.join("hub")).unwrap())
    }

    fn alerts(&self) -> Alerts {
        Alerts::new(Arc::clone(&self.app), self.hub()).unwrap()
    }

    pub(super) fn later(&self, hours: i64) {
        let now = cordon::time::Clock::now(&*self.clock);
        self.clock.set(now + SignedDuration::from_hours(hours));
    }
}

pub(super) async fn open(app: &App) -> Desk {
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
        .raise_about(
            Kind::MessageWaits,
            (&subject, None),
            "message ab12",
            Kind::MessageWaits.words().roles,
        )
        .unwrap();
    alerts.raise(Kind::BreakGlass, None, "signed in").unwrap();
    alerts.send_due().await;
    let mut after = smtp.recipients();
    after.retain(|to| to != "bo@company.example");
    let expected = ["ada", "cy", "cy", "cy", "hal", "quill", "quill"]
        .map(|name| format!("{name}@company.example"));
    assert_eq!(
        after, expected,
        "Rob is no account holder in what is not about him"
    );
    drop(alerts);
    for (_, kept) in told.hub().scan("alerts").unwrap() {
        let kept = String::from_utf8(kept).unwrap();
        assert!(!kept.contains("hal@company.example"), "{kept}");
    }
}

#[tokio::test]
async fn of_a_message_that_may_belong_to_a_case_who_is_kept_out_of_it_hears_nothing() {
    if !has("aiosmtpd", &["--version"]) {
        return;
    }
    let told = Told::new(Some(port())).await;
    let port = told.app.settings.mail.as_ref().unwrap().port;
    let smtp = Smtp::start(told.dir.path(), port);
    let alerts = told.alerts();
    let desk = told.app.desk(told.case.as_str()).unwrap();
    desk.exclude("Cy", "a friend").await.unwrap();
    let hal = Subject {
        emails: vec!["hal+x@company.example".into()],
        ..Subject::default()
    };
    let lead = desk.record_lead(hal, "one address").await.unwrap();
    drop(desk);
    let raise = |detail: &str, beside| {
        let nobody = Subject::default();
        let roles = ["hr", "incident_lead"];
        alerts.raise_about(Kind::MessageWaits, (&nobody, beside), detail, &roles)
    };
    // The account holder of that case is one of both roles as well.
    raise("message ab12", Some(&told.case)).unwrap();
    alerts.send_due().await;
    assert_eq!(smtp.recipients(), ["ada@company.example"], "in their place");
    let desk = told.app.desk(told.case.as_str()).unwrap();
    desk.dismiss_lead(&lead.lead, "a namesake").await.unwrap();
    drop(desk);
    raise("message cd34", Some(&told.case)).unwrap();
    raise("message ef56", None).unwrap();
    alerts.send_due().await;
    let mails = smtp.mails();
    let to = |detail: &str| {
        let about = mails.iter().filter(|(_, mail)| mail.contains(detail));
        let mut to: Vec<&str> = about.map(|(to, _)| to.as_str()).collect();
        to.sort_unstable();
        to
    };
    assert_eq!(to("message cd34"), ["hal@company.example"]);
    let everybody = [
        "cy@company.example",
        "hal@company.example",
        "quill@company.example",
    ];
    assert_eq!(to("message ef56"), everybody);
    let named = mails
        .iter()
        .any(|(_, mail)| mail.contains(told.case.as_str()));
    assert!(!named, "nobody is told of the case");
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

/// The alerts of a case whose log was damaged after this was done in it, as they were mailed.
async fn damaged(told: &Told, smtp: &Smtp, first_line: bool) -> Vec<(String, String)> {
    let alerts = Arc::new(told.alerts());
    let ledger = told.app.case_dir(&told.case).join("ledger.jsonl");
    let text = fs::read_to_string(&ledger).unwrap();
    let wrong = if first_line {
        text.replacen("case.opened", "case.0pened", 1)
    } else {
        text.replacen("opening.json", "opening_json", 1)
    };
    assert_ne!(wrong, text);
    fs::write(&ledger, wrong).unwrap();
    let before = smtp.mails().len();
    let timers = cordon::daemon::Timers::new(Arc::clone(&told.app), Arc::clone(&alerts));
    timers.tick().await;
    alerts.send_due().await;
    if first_line {
        assert_eq!(alerts.waiting(), 1, "it does not count as sent");
    }
    smtp.mails().split_off(before)
}

#[tokio::test]
async fn a_record_that_does_not_verify_is_told_to_administrators_by_its_id_alone() {
    if !has("aiosmtpd", &["--version"]) {
        return;
    }
    let told = Told::new(Some(port())).await;
    let port = told.app.settings.mail.as_ref().unwrap().port;
    let smtp = Smtp::start(told.dir.path(), port);
    let desk = told.app.desk(told.case.as_str()).unwrap();
    let only = ["Cy".to_owned()];
    desk.restrict(&only, "need to know").await.unwrap();
    drop(desk);
    let mails = damaged(&told, &smtp, false).await;
    let to: Vec<&str> = mails.iter().map(|(to, _)| to.as_str()).collect();
    assert_eq!(to, ["ada@company.example"], "and never the account holder");
    let mail = &mails[0].1;
    assert!(mail.contains("A record does not verify\n"), "{mail}");
    assert!(mail.contains(told.case.as_str()), "{mail}");
    assert!(!mail.contains("LL-C-0417") && !mail.contains("Access review"));
}

#[tokio::test]
async fn of_a_damaged_record_the_excluded_hear_nothing_and_nobody_does_when_the_subject_is_unknown()
{
    if !has("aiosmtpd", &["--version"]) {
        return;
    }
    for (first_line, excluded) in [(false, true), (false, false), (true, false)] {
        let told = Told::new(Some(port())).await;
        let port = told.app.settings.mail.as_ref().unwrap().port;
        let smtp = Smtp::start(told.dir.path(), port);
        let desk = told.app.desk(told.case.as_str()).unwrap();
        if excluded {
            desk.exclude("Ada", "a friend").await.unwrap();
        } else if !first_line {
            let emails = vec!["ada+2@company.example".into()];
            let ada = Subject {
                emails,
                ..Subject::default()
            };
            // A lead that came to nothing cannot be told from one that somebody forged.
            let lead = desk.record_lead(ada, "one address").await.unwrap();
            desk.dismiss_lead(&lead.lead, "a shared house")
                .await
                .unwrap();
        }
        drop(desk);
        assert_eq!(damaged(&told, &smtp, first_line).await, []);
    }
}

#[tokio::test]
async fn an_alert_that_reaches_nobody_goes_to_whom_a_restriction_names_or_to_administrators() {
    if !has("aiosmtpd", &["--version"]) {
        return;
    }
    let told = Told::new(Some(port())).await;
    let port = told.app.settings.mail.as_ref().unwrap().port;
    let smtp = Smtp::start(told.dir.path(), port);
    let alerts = told.alerts();
    // The one responder has no address.
    let responders = ["responder".to_owned()];
    let raise = |detail: &str| {
        let kind = Kind::DoorReopened;
        alerts.raise_to(kind, Some(&told.case), detail, &responders)
    };
    raise("door_1").unwrap();
    alerts.send_due().await;
    let (to, mail) = smtp.mails().remove(0);
    assert_eq!(
        (to.as_str(), smtp.mails().len()),
        ("ada@company.example", 1)
    );
    assert!(mail.contains(told.case.as_str()), "{mail}");
    for part in ["door_1", "LL-C-0417", "open again"] {
        assert!(!mail.contains(part), "{part}: {mail}");
    }
    let desk = told.app.desk(told.case.as_str()).unwrap();
    desk.restrict(&["Bo".to_owned()], "need to know")
        .await
        .unwrap();
    raise("door_2").unwrap();
    alerts.send_due().await;
    let mut mails = smtp.mails();
    mails.retain(|(_, mail)| mail.contains("door_2") && mail.contains("LL-C-0417"));
    assert_eq!(mails.len(), 1, "{mails:?}");
    assert_eq!(mails[0].0, "bo@company.example");
    assert_eq!((smtp.mails().len(), alerts.waiting()), (2, 0));
    // Nobody is left: it is not sent, and stays.
    desk.unrestrict("over").await.unwrap();
    desk.exclude("Ada", "a friend").await.unwrap();
    raise("door_3").unwrap();
    alerts.send_due().await;
    assert_eq!((smtp.mails().len(), alerts.waiting()), (2, 1));
}

#[tokio::test]
async fn whom_an_alert_is_about_is_forgotten_when_it_was_sent_and_an_old_one_is_not_raised_again() {
    let told = Told::new(None).await;
    let hub = told.hub();
    let subject = Subject {
        emails: vec!["hal@company.example".into()],
        ..Subject::default()
    };
    let about = || Alerts::new(Arc::clone(&told.app), Arc::clone(&hub)).unwrap();
    let kept = || {
        let mut all = hub.scan("alerts").unwrap();
        assert_eq!(all.len(), 1);
        String::from_utf8(all.remove(0).1).unwrap()
    };
    let raise = |alerts: &Alerts| {
        let raised = alerts.raise_about(
            Kind::MessageWaits,
            (&subject, None),
            "message ab12",
            &["hr"],
        );
        raised.unwrap();
    };
    let alerts = about();
    raise(&alerts);
    alerts.send_due().await;
    assert!(
        kept().contains("ab12") && !kept().contains("hal@"),
        "{}",
        kept()
    );
    told.later(24 * 91);
    alerts.send_due().await;
    assert_eq!(kept(), "null");
    raise(&alerts);
    assert_eq!(kept(), "null", "it was raised before");
    drop(alerts);
    raise(&about());
    assert_eq!(kept(), "null", "also after a restart");
}

/// A message that waits, on the route of its sender.
async fn message(told: &Told, hub: &Arc<Hub>, id: &str, route: &str) {
    let now = cordon::time::Clock::now(&*told.clock);
    let inbox = Departures::new(Arc::clone(&told.app), Arc::clone(hub)).unwrap();
    let inbox = Arc::new(inbox);
    let message = Message {
        id: id.into(),
        signed_at: None,
        kind: cordon::intake::Kind::Termination,
        subject: Subject::default(),
        effective: Some(now),
        lookup: Some("Nothing says who it is: look it up.".into()),
        employment: Employment::default(),
        notes: Vec::new(),
    };
    let incoming = Incoming {
        source: "desk".into(),
        received: now,
        message,
        route: route.into(),
        headers: Vec::new(),
        body: id.as_bytes().to_vec().into(),
    };
    inbox.accept(incoming).await.unwrap();
    inbox.finish().await.unwrap();
}

#[tokio::test]
async fn of_a_restricted_sender_hr_at_large_is_not_told_and_a_damaged_message_hides_no_other() {
    let told = Told::new(None).await;
    let hub = told.hub();
    message(&told, &hub, "1", "suspicion").await;
    message(&told, &hub, "2", "departure").await;
    let messages = told.app.settings.data.join("messages");
    for end in ["json", "waits"] {
        fs::write(messages.join(format!("00ff.{end}")), "{").unwrap();
    }
    let (waiting, unread) = told.app.waiting_and_unread().unwrap();
    assert_eq!((waiting.len(), unread), (2, 1));
    assert_eq!(told.app.waiting().unwrap().len(), 2);
    let alerts = Arc::new(Alerts::new(Arc::clone(&told.app), Arc::clone(&hub)).unwrap());
    let timers = cordon::daemon::Timers::new(Arc::clone(&told.app), alerts);
    timers.tick().await;
    for one in waiting {
        let detail = format!("message {}", one.message);
        let raised = hub.scan("alerts").unwrap().into_iter();
        let mut raised = raised.map(|(_, value)| serde_json::from_slice::<Value>(&value).unwrap());
        let alert = raised.find(|alert| alert["detail"] == *detail).unwrap();
        let roles = if one.route == "suspicion" {
            serde_json::json!(["incident_lead", "responder"])
        } else {
            serde_json::json!(["hr", "incident_lead"])
        };
        assert_eq!(alert["roles"], roles);
    }
}

#[test]
fn the_list_of_cases_warns_of_a_message_that_cannot_be_read() {
    let house = House::new("");
    let messages = house.path("data/messages");
    for folder in [house.path("data"), messages.clone()] {
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    }
    for end in ["json", "waits"] {
        fs::write(messages.join(format!("00ff.{end}")), "{").unwrap();
    }
    let ended = house.command(&["case", "list"]).output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(ended.status.success(), "{said}");
    assert!(
        said.contains("1 message that waits cannot be read"),
        "{said}"
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
