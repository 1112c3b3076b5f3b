//! From a signed message to a case: the record behind it, the rules that raise it, how late it came,
//! and what takes it back. The HR systems are real HTTP servers of this process.

mod recalls;
mod records;
mod reviews;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::http::{HeaderMap, HeaderName, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cordon::app::App;
use cordon::app::inbox::Departures;
use cordon::case::state::CaseState;
use cordon::intake::{Accepted, Inbox as _, Incoming};
use cordon::settings::Settings;
use cordon::store::Hub;
use cordon::time::{Clock as _, ManualClock, Timestamp};
use hmac::{Hmac, Mac};

pub(crate) fn now() -> Timestamp {
    "2027-03-12T21:00:00Z".parse().unwrap()
}

pub(crate) fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let pair = |(name, value): &(&str, &str)| {
        let name = HeaderName::try_from(*name).unwrap();
        (name, HeaderValue::from_str(value).unwrap())
    };
    pairs.iter().map(pair).collect()
}

/// What all cases of a program share.
fn hub(app: &App) -> Arc<Hub> {
    Arc::new(Hub::open(&app.settings.data.join("hub")).unwrap())
}

/// Cordon with a configuration in a folder of its own.
pub(crate) struct Hr {
    pub(crate) app: Arc<App>,
    pub(crate) inbox: Arc<Departures>,
    clock: Arc<ManualClock>,
    folder: PathBuf,
}

/// The secret of every sender here, base64 where a kind wants that.
pub(crate) const SECRET: &str = "b2xkIHNlY3JldCBvZiB0aGUgSFIgc3lzdGVt";

impl Hr {
    /// `text` is the configuration; `file:SECRET` and `file:API` in it are files in the folder.
    pub(crate) fn new(folder: &Path, text: &str, credential: &str) -> Self {
        let secret = write(folder, "secret", SECRET);
        let api = write(folder, "api", credential);
        let text = text
            .replace("file:SECRET", &format!("file:{secret}"))
            .replace("file:API", &format!("file:{api}"));
        let text = format!("data = \"data\"\n{text}");
        let settings = Settings::parse(&text, &folder.join("cordon.toml")).unwrap();
        let clock = Arc::new(ManualClock::new(now()));
        let app = Arc::new(App::new(settings, Arc::clone(&clock) as _).unwrap());
        let inbox = Arc::new(Departures::new(Arc::clone(&app), hub(&app)).unwrap());
        Self {
            app,
            inbox,
            clock,
            folder: folder.to_owned(),
        }
    }

    /// A request of the first configured sender, believed or not, through its source to the inbox.
    pub(crate) async fn take(&self, headers: &HeaderMap, body: &[u8]) -> Accepted {
        let webhook = &self.app.settings.webhooks[0];
        let source = webhook.source().unwrap();
        let received = self.clock.now();
        let message = source.open(headers, body, received).unwrap();
        let incoming = Incoming {
            source: webhook.name.clone(),
            received,
            message,
            route: webhook.route.name().to_owned(),
            headers: Vec::new(),
            body: body.to_vec().into(),
        };
        let accepted = self.inbox.accept(incoming).await.unwrap();
        self.inbox.finish().await.unwrap();
        accepted
    }

    /// A message of Cordon's own form, signed by the standard.
    pub(crate) async fn standard(&self, id: &str, body: &str) -> Accepted {
        let at = self.clock.now();
        let signature =
            cordon::intake::standard_webhooks::sign(&SECRET.into(), id, at, body.as_bytes());
        let headers = headers(&[
            ("webhook-id", id),
            ("webhook-timestamp", &at.as_second().to_string()),
            ("webhook-signature", &signature.unwrap()),
        ]);
        self.take(&headers, body.as_bytes()).await
    }

    /// The one case there is.
    pub(crate) fn case(&self) -> CaseState {
        let listed = self.app.list().unwrap();
        assert_eq!(listed.len(), 1, "{listed:?} {:?}", self.app.waiting());
        self.app.peek(listed[0].id.as_str()).unwrap()
    }

    pub(crate) fn notes(&self) -> Vec<String> {
        self.case()
            .notes
            .into_iter()
            .map(|(_, text)| text)
            .collect()
    }

    /// Why the one message that waits does, where no case was opened.
    pub(crate) fn waits(&self) -> String {
        let waiting = self.app.waiting().unwrap();
        assert_eq!(waiting.len(), 1, "{waiting:?}");
        waiting[0].why.clone()
    }

    pub(crate) fn messages(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.join("data/messages")).unwrap();
        let name = |entry: std::io::Result<std::fs::DirEntry>| {
            entry.unwrap().file_name().into_string().unwrap()
        };
        let mut names: Vec<String> = entries.map(name).collect();
        names.sort();
        names
    }

    pub(crate) fn later(&self, by: jiff::SignedDuration) {
        self.clock.set(self.clock.now() + by);
    }
}

/// A file that only we can read.
fn write(folder: &Path, name: &str, text: &str) -> String {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let path = folder.join(name);
    let mut options = std::fs::OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = file.open(&path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
    path.display().to_string()
}

/// HMAC-SHA256 of `parts` in hex.
pub(crate) fn hex(parts: &[&[u8]]) -> String {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    for part in parts {
        mac.update(part);
    }
    let bytes = mac.finalize().into_bytes();
    bytes
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<Vec<_>>()
        .concat()
}

/// HMAC-SHA512 in base64.
pub(crate) fn sha512(body: &[u8]) -> String {
    let mut mac = Hmac::<sha2::Sha512>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(body);
    STANDARD.encode(mac.finalize().into_bytes())
}

/// A departure of a contractor of an agency.
pub(crate) fn departure(worker: &str, effective: &str) -> String {
    format!(
        r#"{{"type":"worker.terminated","data":{{"worker_id":"{worker}","emails":["{worker}@company.example"],"effective_at":"{effective}","employment":{{"agency":"Fairlead Staffing","worker_type":"contractor"}}}}}}"#
    )
}

const STANDARD_SENDER: &str =
    "[[webhook]]\nname = \"hr\"\nkind = \"standard\"\nsecrets = [\"file:SECRET\"]\n";

#[tokio::test]
async fn how_late_word_came_and_what_was_assumed_stand_in_the_case() {
    let folder = tempfile::tempdir().unwrap();
    let config = format!("{STANDARD_SENDER}zone = \"America/New_York\"\n");
    let hr = Hr::new(folder.path(), &config, "none");
    hr.standard("late", &departure("W-1", "2027-03-12T11:48:00Z"))
        .await;
    assert_eq!(
        hr.notes(),
        ["The change took effect 9 h 12 min before the message came."]
    );
    let listed = &hr.app.list().unwrap()[0];
    assert_eq!(
        listed.timing(now()).unwrap(),
        "took effect 9 h 12 min before the case was opened"
    );
    hr.standard("soon", &departure("W-2", "2027-03-14")).await;
    let newest = &hr.app.list().unwrap()[0];
    let state = hr.app.peek(newest.id.as_str()).unwrap();
    assert_eq!(state.effective.unwrap().to_string(), "2027-03-15T04:00:00Z");
    assert!(
        state.notes[0].1.contains("America/New_York"),
        "{:?}",
        state.notes
    );
    assert_eq!(newest.timing(now()).unwrap(), "takes effect in 2 d 7 h");
}

#[tokio::test]
async fn a_date_without_any_zone_waits_for_a_person_and_opens_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let hr = Hr::new(folder.path(), STANDARD_SENDER, "none");
    hr.standard("m-1", &departure("W-1", "2027-03-14")).await;
    assert!(hr.waits().contains("zone"));
    assert!(hr.app.list().unwrap().is_empty());
}

#[tokio::test]
async fn what_only_looks_like_an_end_opens_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let hr = Hr::new(folder.path(), STANDARD_SENDER, "none");
    for (kind, waits) in [
        ("worker.garden_leave", 1),
        ("worker.transferred", 1),
        ("worker.rehired", 2),
    ] {
        let body = departure("W-1", "2027-03-14T00:00:00Z").replace("worker.terminated", kind);
        hr.standard(kind, &body).await;
        assert_eq!(hr.app.waiting().unwrap().len(), waits, "{kind}");
    }
    assert!(hr.app.list().unwrap().is_empty());
}

#[tokio::test]
async fn a_kind_that_nobody_knows_and_sounds_like_leaving_waits_for_a_person() {
    let folder = tempfile::tempdir().unwrap();
    let hr = Hr::new(folder.path(), STANDARD_SENDER, "none");
    for (kind, waits) in [
        ("worker.updated", 0),
        ("worker.onboarding.started", 0),
        ("worker.department.changed", 0),
        ("worker.leave.requested", 0),
        ("worker.Termination_Postponed", 1),
        ("worker.offboarding.started", 2),
        ("worker.departure.created", 3),
        ("employee.departed", 4),
        ("employee.exit", 5),
        ("contract.ended", 6),
        ("worker.layoff", 7),
    ] {
        let body = departure("W-1", "2027-03-14T00:00:00Z").replace("worker.terminated", kind);
        hr.standard(kind, &body).await;
        assert_eq!(hr.app.waiting().unwrap().len(), waits, "{kind}");
    }
    let waiting = hr.app.waiting().unwrap();
    let named = waiting
        .iter()
        .any(|one| one.why.contains("`worker.offboarding.started`"));
    assert!(named, "{waiting:?}");
    assert!(hr.app.list().unwrap().is_empty());
}

#[tokio::test]
async fn settled_messages_are_forgotten_after_their_time_and_known_when_they_come_again() {
    let folder = tempfile::tempdir().unwrap();
    let config = format!("{STANDARD_SENDER}[serve]\nkeep_messages_days = 30\n");
    let hr = Hr::new(folder.path(), &config, "none");
    let body = departure("W-1", "2027-03-14T00:00:00Z");
    hr.standard("settled", &body).await;
    let waits = departure("W-2", "2027-03-14");
    hr.standard("waits", &waits).await;
    let days = |days: i64| jiff::SignedDuration::from_hours(24 * days);
    hr.later(days(29));
    assert_eq!(hr.inbox.forget().unwrap(), 0, "younger than it is kept");
    hr.later(days(2));
    assert_eq!(hr.inbox.forget().unwrap(), 1);
    assert_eq!(hr.inbox.forget().unwrap(), 0);
    assert_eq!(
        hr.app.waiting().unwrap().len(),
        1,
        "what waits is never forgotten"
    );
    let kept: String = hr
        .messages()
        .iter()
        .map(|name| {
            std::fs::read_to_string(folder.path().join("data/messages").join(name)).unwrap()
        })
        .collect();
    assert!(!kept.contains("W-1@"), "nothing of the person is left");
    assert!(kept.contains("W-2@"));
    // However late the same message comes, signed anew: it is known, and opens no second case.
    assert_eq!(hr.standard("settled", &body).await, Accepted::Duplicate);
    let other = departure("W-3", "2027-03-14T00:00:00Z");
    assert_eq!(hr.standard("settled", &other).await, Accepted::Conflict);
    assert_eq!(hr.app.list().unwrap().len(), 1);
}

#[tokio::test]
async fn one_message_that_cannot_be_read_keeps_nothing_else_and_a_recall_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let config = format!("{STANDARD_SENDER}[serve]\nkeep_messages_days = 30\n");
    let hr = Hr::new(folder.path(), &config, "none");
    hr.standard("one", &departure("W-1", "2027-03-14T00:00:00Z"))
        .await;
    // Whichever comes first in the order of names, it is in the way.
    let damaged = hr.messages();
    let is_message = |name: &&String| {
        Path::new(name)
            .extension()
            .is_some_and(|kind| kind == "json")
    };
    let damaged = damaged.iter().find(is_message).unwrap();
    let damaged = folder.path().join("data/messages").join(damaged);
    std::fs::write(&damaged, b"{").unwrap();
    for worker in ["W-2", "W-3", "W-4"] {
        hr.standard(worker, &departure(worker, "2027-03-14T00:00:00Z"))
            .await;
    }
    let recall = |worker: &str| {
        format!(r#"{{"type":"worker.termination_recalled","data":{{"worker_id":"{worker}"}}}}"#)
    };
    hr.standard("r-2", &recall("W-2")).await;
    let held = hr.app.list().unwrap().into_iter();
    let held: Vec<_> = held.filter(|case| case.phase == "held").collect();
    assert_eq!(held.len(), 1, "the one that can be read is held");
    hr.standard("r-1", &recall("W-1")).await;
    assert!(
        hr.waits().contains("1 earlier message cannot be read"),
        "{}",
        hr.waits()
    );
    hr.later(jiff::SignedDuration::from_hours(24 * 31));
    assert_eq!(
        hr.inbox.forget().unwrap(),
        4,
        "three departures and a recall"
    );
    assert!(damaged.exists());
}

#[tokio::test]
async fn nobody_opens_a_case_about_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let hr = Hr::new(folder.path(), STANDARD_SENDER, "none");
    let new = cordon::app::NewCase {
        subject: cordon::case::subject::Subject {
            display_name: Some("A name alone".into()),
            ..Default::default()
        },
        title: None,
        route: "operator".into(),
        effective: None,
        origin: cordon::app::Origin::Subject,
        by: cordon::case::event::Actor::Operator("tester".into()),
    };
    let fault = hr.app.open_case(new).await.unwrap_err();
    assert_eq!(fault.code(), "no-subject");
    assert!(hr.app.list().unwrap().is_empty());
}
