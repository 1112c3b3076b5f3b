//! Alerts: neutral mails to people by role, each once, and a line of the log always.
//!
//! An alert is durable in the hub, under what it is about, before anything is sent, so it is raised
//! once however often its cause is seen. Each recipient is marked as soon as the mail server has taken
//! their mail. A crash between the two, and an answer that was lost, send that one mail again, with
//! the same Message-ID: that is the window, and mail servers and readers fold such mails into one.
//! Whom an alert is about is forgotten when it was sent, and all of it but its key after 90 days.

mod audience;
mod kind;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, watch};

use super::App;
use crate::access::Sight;
use crate::canon::Digest;
use crate::case::subject::Subject;
use crate::fault::{Fault, Result};
use crate::hostile::one_line;
use crate::id::CaseId;
use crate::notice::Outgoing;
use crate::notice::send::{Answer, Letter, Mail, Server};
use crate::store::Hub;
use crate::time::Timestamp;

use audience::{ADMINISTRATOR, About};
pub use kind::{KINDS, Kind, RESTRICTED, Words};

/// Where alerts are kept in the hub.
const TREE: &str = "alerts";

/// How long the first pause after a failure is, and the longest; each is twice the one before.
const PAUSE: SignedDuration = SignedDuration::from_secs(30);
const PAUSE_MOST: SignedDuration = SignedDuration::from_hours(1);

/// After this a mail that nobody took is given up.
const GIVE_UP_AFTER: SignedDuration = SignedDuration::from_hours(72);

/// How long an alert is kept.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Subject and first lines for administrators who were not asked for and may not know more.
const UNHEARD: (&str, &str) = (
    "Nobody could be told of something",
    "An alert reached nobody who may know what it is about. Look at who has which role, and whether the records verify.",
);

/// How often it is looked whether a pause is over.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// An alert as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    kind: Kind,
    case: Option<CaseId>,
    detail: String,
    /// Who is told, by role.
    roles: Vec<String>,
    /// Whom it is about, where there is no case yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subject: Option<Subject>,
    /// The case that it may belong to: who is kept out of that hears nothing, and nobody which it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    beside: Option<CaseId>,
    raised: Timestamp,
    /// Who was sent it, by name.
    sent: Vec<String>,
    /// Nothing is left to do.
    ended: bool,
    failures: u32,
    /// Not before this.
    again: Timestamp,
}

/// What raises, keeps and sends alerts.
#[derive(Debug)]
pub struct Alerts {
    app: Arc<App>,
    hub: Arc<Hub>,
    server: Option<(Server, String)>,
    /// `None`: it was raised, and kept long enough.
    all: Mutex<BTreeMap<String, Option<Kept>>>,
    more: Notify,
}

impl Alerts {
    /// Takes up what was raised before a stop.
    ///
    /// # Errors
    /// The mail server is not configured right, or the hub cannot be read.
    pub fn new(app: Arc<App>, hub: Arc<Hub>) -> Result<Self> {
        let mut all = BTreeMap::new();
        for (key, value) in hub.scan(TREE)? {
            let kept = serde_json::from_slice(&value).map_err(|error| {
                Fault::failed("alert", "An alert that was kept cannot be read.").caused_by(error)
            })?;
            all.insert(String::from_utf8_lossy(&key).into_owned(), kept);
        }
        Ok(Self {
            server: mail_server(&app)?,
            app,
            hub,
            all: Mutex::new(all),
            more: Notify::new(),
        })
    }

    /// Raises an alert to the roles of its kind, once for each `detail`: a few neutral words that say
    /// what exactly it is about, without a name.
    ///
    /// # Errors
    /// It cannot be kept.
    pub fn raise(&self, kind: Kind, case: Option<&CaseId>, detail: &str) -> Result<()> {
        let roles = kind.words().roles.iter().map(|role| (*role).to_owned());
        self.keep(kind, case, detail, roles.collect(), (None, None))
    }

    /// The same, to people of these roles.
    ///
    /// # Errors
    /// As [`Self::raise`].
    pub fn raise_to(
        &self,
        kind: Kind,
        case: Option<&CaseId>,
        detail: &str,
        roles: &[String],
    ) -> Result<()> {
        self.keep(kind, case, detail, roles.to_vec(), (None, None))
    }

    /// The same, about somebody who has no case yet and must not hear of it. Nor does who is kept out of
    /// the case `beside` that it may belong to.
    ///
    /// # Errors
    /// As [`Self::raise`].
    pub fn raise_about(
        &self,
        kind: Kind,
        (subject, beside): (&Subject, Option<&CaseId>),
        detail: &str,
        roles: &[&str],
    ) -> Result<()> {
        let roles = roles.iter().map(|role| (*role).to_owned());
        let about = (Some(subject.clone()), beside.cloned());
        self.keep(kind, None, detail, roles.collect(), about)
    }

    /// How many wait to be sent.
    pub fn waiting(&self) -> usize {
        let all = hold(&self.all);
        all.values().flatten().filter(|kept| !kept.ended).count()
    }

    fn keep(
        &self,
        kind: Kind,
        case: Option<&CaseId>,
        detail: &str,
        roles: Vec<String>,
        (subject, beside): (Option<Subject>, Option<CaseId>),
    ) -> Result<()> {
        let of = case.map_or("", CaseId::as_str);
        let parts = format!("{}\u{1f}{of}\u{1f}{detail}", kind.words().name);
        let key = Digest::of(parts.as_bytes()).to_string();
        let mut all = hold(&self.all);
        if all.contains_key(&key) {
            return Ok(());
        }
        let now = self.app.clock.now();
        let kept = Kept {
            kind,
            case: case.cloned(),
            detail: one_line(detail, 200),
            roles,
            subject: subject.filter(|_| self.server.is_some()),
            beside: beside.filter(|_| self.server.is_some()),
            raised: now,
            sent: Vec::new(),
            ended: self.server.is_none(),
            failures: 0,
            again: now,
        };
        self.write(&key, &kept)?;
        let (alert, detail) = (kind.words().name, &kept.detail);
        tracing::warn!(alert, case = of, detail, mail = !kept.ended, "an alert");
        all.insert(key, Some(kept));
        drop(all);
        self.more.notify_one();
        Ok(())
    }

    fn write(&self, key: &str, kept: &Kept) -> Result<()> {
        let bytes = crate::canon::canonical(kept)?;
        self.hub.put(TREE, key.as_bytes(), &bytes)
    }

    /// Sends what waits, as it comes, until told to stop.
    pub async fn work(&self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            tokio::select! {
                () = self.send_due() => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            tokio::select! {
                () = self.more.notified() => {}
                () = tokio::time::sleep(LOOK_AGAIN) => {}
                _ = stop.wait_for(|stop| *stop) => {}
            }
        }
    }

    /// Sends everything whose time has come.
    pub async fn send_due(&self) {
        let now = self.app.clock.now();
        let due: Vec<(String, Kept)> = {
            let all = hold(&self.all);
            let due = all
                .iter()
                .filter_map(|(key, kept)| Some((key, kept.as_ref()?)));
            let due = due.filter(|(_, kept)| !kept.ended && kept.again <= now);
            due.map(|(key, kept)| (key.clone(), kept.clone())).collect()
        };
        for (key, mut kept) in due {
            let sent = self.send(&key, &mut kept).await;
            let alert = kept.kind.words().name;
            match sent {
                Ok(()) => kept.ended = true,
                Err(fault) => {
                    kept.failures = kept.failures.saturating_add(1);
                    let doubled = 1i32 << kept.failures.saturating_sub(1).min(10);
                    kept.again = now
                        .saturating_add((PAUSE * doubled).min(PAUSE_MOST))
                        .unwrap_or(now);
                    kept.ended = now.duration_since(kept.raised) > GIVE_UP_AFTER;
                    // What a server says may quote an address.
                    let (code, given_up) = (fault.code(), kept.ended);
                    tracing::error!(alert, code, given_up, "an alert could not be sent");
                }
            }
            if kept.ended {
                kept.subject = None;
                kept.beside = None;
            }
            if let Err(fault) = self.write(&key, &kept) {
                let code = fault.code();
                tracing::error!(alert, code, "an alert could not be marked as sent");
            }
            hold(&self.all).insert(key, Some(kept));
        }
        self.forget(now);
    }

    /// Forgets what has ended and is old. Its key stays, so that it is not raised again.
    fn forget(&self, now: Timestamp) {
        for (key, slot) in hold(&self.all).iter_mut() {
            let old = |kept: &Kept| kept.ended && now.duration_since(kept.raised) > KEPT_FOR;
            if !slot.as_ref().is_some_and(old) {
                continue;
            }
            match self.hub.put(TREE, key.as_bytes(), b"null") {
                Ok(()) => *slot = None,
                Err(fault) => {
                    let code = fault.code();
                    tracing::error!(code, "an alert could not be forgotten");
                    return;
                }
            }
        }
    }

    /// Sends one alert to everybody who was not sent it; the first failure, after all were tried.
    async fn send(&self, key: &str, kept: &mut Kept) -> Result<()> {
        let Some((server, from)) = &self.server else {
            return Ok(());
        };
        let unheard = || Fault::failed("unheard", "Nobody could be told.");
        let about = About::of(&self.app, kept.case.as_ref(), kept.subject.as_ref());
        let about = about.and_then(|about| about.beside(&self.app, kept.beside.as_ref()));
        let about = about.ok_or_else(unheard)?;
        let people = self.app.settings.people.now();
        let mut audience = about.audience(&people, &kept.roles);
        if audience.is_empty() {
            let (alert, case) = (
                kept.kind.words().name,
                kept.case.as_ref().map(CaseId::as_str),
            );
            tracing::error!(alert, case, "nobody could be told");
            audience = about.in_their_place(&people);
        }
        if audience.is_empty() {
            return Err(unheard());
        }
        let signer = self
            .app
            .settings
            .mail
            .as_ref()
            .map(crate::settings::Mail::signer);
        let signer = signer.transpose()?.flatten();
        let mut first = Ok(());
        for (person, email, sight) in audience {
            if kept.sent.contains(&person.name) {
                continue;
            }
            let outgoing = self.compose(kept, &about, sight)?;
            let host = from.rsplit('@').next().unwrap_or("cordon.invalid");
            let whose = Digest::of(format!("{key}\u{1f}{email}").as_bytes()).to_string();
            let message_id = format!(
                "<alert.{}@{}>",
                whose.get(..40).unwrap_or(&whose),
                host.trim_end_matches('>')
            );
            let mail = Mail::compose(&Letter {
                outgoing: &outgoing,
                from,
                to: std::slice::from_ref(email),
                message_id: &message_id,
                at: self.app.clock.now(),
                attachments: &[],
                seal: None,
                dkim: signer.as_ref(),
            })?;
            match server.send(&mail).await.and_then(taken) {
                Ok(()) => {
                    kept.sent.push(person.name.clone());
                    self.write(key, kept)?;
                }
                Err(fault) => first = first.and(Err(fault)),
            }
        }
        first
    }

    /// The mail for somebody who may know so much of the case: not more than its id where that is all
    /// they may know.
    fn compose(&self, kept: &Kept, about: &About, sight: Sight) -> Result<Outgoing> {
        let words = kept.kind.words();
        let asked = sight == Sight::Content || words.roles.contains(&ADMINISTRATOR);
        let (subject, text) = if asked {
            (words.subject, words.text)
        } else {
            UNHEARD
        };
        let (mut subject, mut body) = (subject.to_owned(), format!("{text}\n"));
        if asked && !kept.detail.is_empty() {
            let _ = writeln!(body, "\nAbout: {}", kept.detail);
        }
        if let Some(case) = &kept.case {
            let _ = writeln!(body, "Case:  {case}");
        }
        if let Some(title) = about.title().filter(|_| sight == Sight::Content) {
            let title = one_line(title, 120);
            subject = format!("{subject}: {title}");
            let _ = writeln!(body, "Title: {title}");
        }
        if let Some(url) = self.app.settings.serve.public_url()? {
            let page = kept
                .case
                .as_ref()
                .map_or_else(String::new, |case| format!("/cases/{case}"));
            let _ = writeln!(body, "Open:  {url}{page}");
        }
        body.push_str("\nSent once, because of your role. Do not forward it.\n");
        Ok(Outgoing { subject, body })
    }
}

/// The mail server and the sender, as configured.
///
/// # Errors
/// The password cannot be had, or the protection is none.
pub fn mail_server(app: &App) -> Result<Option<(Server, String)>> {
    let mail = app.settings.mail.as_ref();
    mail.map(|mail| Ok((mail.server()?, mail.from.clone())))
        .transpose()
}

/// An alert that was not certainly taken is sent again: once too often is better than never.
fn taken(answer: Answer) -> Result<()> {
    let (code, why) = match answer {
        Answer::Taken(_) => return Ok(()),
        Answer::Later(why) => ("mail-delayed", why),
        Answer::Refused(why) => ("mail-refused", why),
        Answer::Unclear(why) => ("mail-unclear", why),
    };
    Err(Fault::failed(code, "The mail server did not take an alert.").at(why))
}

fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
