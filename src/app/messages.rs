//! Messages as they are kept, and those that wait for a person.
//!
//! ```text
//! DATA/messages/NAME.json     the message as received, durable before the sender hears of it
//!               NAME.record   what the HR system answered about it, and the message with that
//!               NAME.waits    it waits for a person, and why
//!               NAME.done     what became of it
//!               NAME.review   the case that it opened, until the review of it is begun
//!               NAME.gone     its digest, when it was kept long enough: known when it comes again
//!               NAME.leaves   the case of one departure: NAME is the digest of source, person, effective time
//! ```
//!
//! Else NAME is the digest of source and id. The daemon writes; a command beside it looks, and notes what a
//! person decided.

mod leaving;

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use leaving::sounds_like_leaving;

use super::arrival::Arrival;
use super::{App, NewCase, Origin};
use crate::canon::Digest;
use crate::case::event::Actor;
use crate::case::subject::Subject;
use crate::fault::{Fault, Result};
use crate::hostile::one_line;
use crate::id::CaseId;
use crate::intake::callback::{Answered, Looked};
use crate::intake::employment::Review;
use crate::intake::{Incoming, Kind, Message, effective};
use crate::store::Spool;
use crate::time::Timestamp;

/// A message as it is kept.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) source: String,
    pub(super) received: Timestamp,
    /// Its fields stand beside the others.
    #[serde(flatten)]
    pub(super) message: Message,
    pub(super) route: String,
    pub(super) headers: Vec<(String, String)>,
    /// Base64.
    pub(super) body: String,
    pub(super) digest: Digest,
    /// The id of the case that it may open.
    pub(super) case: CaseId,
    /// Its id was used before with another body.
    pub(super) conflict: bool,
}

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Kept, and not worked on.
    Behind,
    /// It waits for a person.
    Waits,
    /// What became of it is settled.
    Done,
}

/// A message that waits for a person.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Waits {
    pub(super) why: String,
    /// The case that it may be about.
    pub(super) case: Option<CaseId>,
}

/// What became of a message.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Done {
    /// It opened this case.
    Opened(CaseId),
    /// An earlier message about the same departure opened this case.
    Repeats(CaseId),
    /// HR took a departure back, and this case of it is held.
    Held(CaseId),
    /// It asks for nothing.
    Noted,
    /// A person set it aside.
    Dismissed { by: String, reason: String },
}

/// A message that no case was opened for and that a person has to look at.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Waiting {
    /// Its name; the beginning is enough.
    pub message: String,
    /// Which source sent it.
    pub source: String,
    /// The route of its source: `departure`, or `suspicion` of a restricted one.
    pub route: String,
    /// When it arrived.
    pub received: Timestamp,
    /// What it says happened.
    pub kind: Kind,
    /// Whom it is about, as far as it says. Hostile text.
    pub subject: Subject,
    /// When the change takes effect, if it says.
    pub effective: Option<Timestamp>,
    /// How late word of it came, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub late: Option<String>,
    /// What a person has to find out.
    pub why: String,
    /// The case that an earlier message about the same person opened.
    pub case: Option<CaseId>,
}

impl Kept {
    pub(super) fn new(incoming: Incoming, conflict: bool) -> Self {
        Self {
            source: incoming.source,
            received: incoming.received,
            message: incoming.message,
            route: incoming.route,
            headers: incoming.headers,
            body: STANDARD.encode(&incoming.body),
            digest: Digest::of(&incoming.body),
            case: CaseId::fresh(),
            conflict,
        }
    }

    pub(super) fn name(&self) -> String {
        let mut parts = format!("{}\u{1f}{}", self.source, self.message.id);
        if self.conflict {
            parts = format!("{parts}\u{1f}{}", self.digest);
        }
        Digest::of(parts.as_bytes()).to_string()
    }

    /// The names of the departure that it is about: same source, same person, same effective time.
    /// Without a time there is none: the person may leave twice.
    fn departures(&self) -> Vec<String> {
        let Some(effective) = self.message.effective else {
            return Vec::new();
        };
        let subject = &self.message.subject;
        let id = subject.worker_id.iter().map(|id| format!("id {id}"));
        let address = |email: &String| format!("address {}", email.to_lowercase());
        id.chain(subject.emails.iter().map(address))
            .map(|who| format!("{}\u{1f}{who}\u{1f}{effective}", self.source))
            .map(|departure| Digest::of(departure.as_bytes()).to_string())
            .collect()
    }

    /// What a person has to do, where a message does not speak for itself.
    pub(super) fn waits(&self) -> Option<String> {
        if self.conflict {
            return Some("Its id was used before for another message: one of the two is wrong. The sender was told.".to_owned());
        }
        let message = &self.message;
        if message.lookup.is_some() {
            return message.lookup.clone();
        }
        let why = match message.kind {
            Kind::Recall => {
                "HR takes a departure back: recall the case of this person if there is one."
            }
            Kind::Rehire => "The person comes back: recall the case of them if there is one.",
            Kind::GardenLeave => {
                "The person is released from work before the engagement ends: should access end?"
            }
            Kind::Other(ref kind) if sounds_like_leaving(kind) => {
                return Some(format!(
                    "Cordon does not know messages of the kind `{}`, and it sounds as if somebody left or came back: look at it.",
                    one_line(kind, 80)
                ));
            }
            Kind::Termination | Kind::Transfer | Kind::Other(_) => return None,
        };
        Some(why.to_owned())
    }

    /// The case that it opens, on the route that the rules of the configuration say.
    pub(super) fn new_case(
        self,
        by: Actor,
        answers: Vec<Answered>,
        reviews: &[Review],
    ) -> Result<NewCase> {
        let incoming = self.incoming()?;
        let arrival = Arrival::new(incoming, answers, reviews);
        let message = &arrival.incoming.message;
        Ok(NewCase {
            subject: message.subject.clone(),
            title: None,
            route: arrival.route.clone(),
            effective: message.effective,
            by,
            origin: Origin::Webhook(Box::new(arrival)),
        })
    }

    fn incoming(self) -> Result<Incoming> {
        let body = STANDARD.decode(&self.body).map_err(|error| {
            Fault::failed("message", "A message that was kept cannot be read.").caused_by(error)
        })?;
        Ok(Incoming {
            source: self.source,
            received: self.received,
            message: self.message,
            route: self.route,
            headers: self.headers,
            body: body.into(),
        })
    }
}

/// The messages of a configuration.
#[derive(Debug)]
pub(super) struct Messages {
    spool: Spool,
    dir: PathBuf,
}

impl Messages {
    /// For looking, and for what a person decides.
    pub(super) fn of(app: &App) -> Self {
        let dir = app.settings.data.join("messages");
        let spool = Spool::at(&dir);
        Self { spool, dir }
    }

    /// For the one process that keeps messages: it holds the hub.
    pub(super) fn own(app: &App) -> Result<Self> {
        let messages = Self::of(app);
        Spool::open(&messages.dir)?;
        Ok(messages)
    }

    pub(super) fn names(&self) -> Result<Vec<String>> {
        self.spool.names()
    }

    /// Keeps a message unless one of its name is kept; durable when it returns.
    pub(super) fn put_new(&self, name: &str, kept: &Kept) -> Result<bool> {
        let bytes = crate::canon::canonical(kept)?;
        self.spool.put_new(&format!("{name}.json"), &bytes)
    }

    /// A message with what the HR system said of it, and those answers.
    pub(super) fn completed(&self, name: &str) -> Result<(Kept, Vec<Answered>)> {
        let mut kept: Kept = self.read(name, "json")?;
        let Some(looked) = self.looked(name)? else {
            return Ok((kept, Vec::new()));
        };
        kept.message = looked.message;
        Ok((kept, looked.answers))
    }

    /// What the HR system said of a message, if it was asked.
    pub(super) fn looked(&self, name: &str) -> Result<Option<Looked>> {
        let asked = self.has(name, "record")?;
        asked.then(|| self.read(name, "record")).transpose()
    }

    /// The case of the departure that a message is about: an earlier message's, or else its own, which
    /// is durable as such when this returns.
    pub(super) fn case_of(&self, kept: &Kept) -> Result<CaseId> {
        let bytes = crate::canon::canonical(&kept.case)?;
        for name in kept.departures() {
            if !self.spool.put_new(&format!("{name}.leaves"), &bytes)? {
                let case: CaseId = self.read(&name, "leaves")?;
                if case != kept.case {
                    return Ok(case);
                }
            }
        }
        Ok(kept.case.clone())
    }

    /// Messages whose case is a review that was not begun.
    pub(super) fn reviews(&self) -> Result<Vec<String>> {
        let names = self.names()?;
        let names = names.iter().filter_map(|name| name.strip_suffix(".review"));
        Ok(names.map(str::to_owned).collect())
    }

    /// The digest of a message that is not kept any more.
    pub(super) fn forgotten(&self, name: &str) -> Result<Option<Digest>> {
        let gone = self.has(name, "gone")?;
        gone.then(|| self.read(name, "gone")).transpose()
    }

    /// Forgets messages that were settled, came before `then` and ask for nothing more; how many. What
    /// is left of each is its digest, so that it is known however late it comes again. One that waits
    /// is never forgotten.
    pub(super) fn forget(&self, then: Timestamp) -> Result<usize> {
        let mut forgotten = 0;
        for name in self.that(Standing::Done)? {
            match self.forget_one(&name, then) {
                Ok(done) => forgotten += usize::from(done),
                // It keeps nobody else's for longer than they may be kept.
                Err(fault) => unread(&name, &fault),
            }
        }
        for name in self
            .names()?
            .iter()
            .filter_map(|name| name.strip_suffix(".gone"))
        {
            if self.has(name, "done")? && !self.has(name, "json")? {
                // A crash came between.
                for end in ["record", "waits", "done"] {
                    self.remove(name, end)?;
                }
            }
        }
        Ok(forgotten)
    }

    fn forget_one(&self, name: &str, then: Timestamp) -> Result<bool> {
        let kept: Kept = self.read(name, "json")?;
        if kept.received >= then || self.has(name, "review")? {
            return Ok(false);
        }
        self.note(name, "gone", &kept.digest)?;
        // The message first: without it, nothing takes what is left for one that is behind.
        for end in ["json", "record", "waits", "done"] {
            self.remove(name, end)?;
        }
        Ok(true)
    }

    /// Whether there is that of a message.
    pub(super) fn has(&self, name: &str, end: &str) -> Result<bool> {
        Ok(self.spool.get(&format!("{name}.{end}"))?.is_some())
    }

    pub(super) fn remove(&self, name: &str, end: &str) -> Result<()> {
        self.spool.remove(&format!("{name}.{end}"))
    }

    /// Whether anything can be kept.
    pub(super) fn touch(&self) -> Result<()> {
        self.spool.put("ready", b"")
    }

    pub(super) fn read<T: DeserializeOwned>(&self, name: &str, end: &str) -> Result<T> {
        let file = format!("{name}.{end}");
        let bytes = self.spool.get(&file)?.unwrap_or_default();
        serde_json::from_slice(&bytes).map_err(|error| {
            Fault::failed("message", "A message that was kept cannot be read.")
                .at(self.dir.join(file).display())
                .caused_by(error)
                .hint("it was changed from outside; move it aside, with all that begins like it")
        })
    }

    pub(super) fn note(&self, name: &str, end: &str, what: &impl Serialize) -> Result<()> {
        let bytes = crate::canon::canonical(what)?;
        self.spool.put(&format!("{name}.{end}"), &bytes)
    }

    /// The messages that stand somewhere, in the order of their names.
    pub(super) fn that(&self, stand: Standing) -> Result<Vec<String>> {
        let names = self.names()?;
        let is = |name: &str, end: &str| names.binary_search(&format!("{name}.{end}")).is_ok();
        let standing = |name: &str| {
            if is(name, "done") {
                Standing::Done
            } else if is(name, "waits") {
                Standing::Waits
            } else {
                Standing::Behind
            }
        };
        let messages = names.iter().filter_map(|name| name.strip_suffix(".json"));
        let found = messages.filter(|name| standing(name) == stand);
        Ok(found.map(str::to_owned).collect())
    }

    fn waiting(&self, name: &str) -> Result<Waiting> {
        let (kept, _) = self.completed(name)?;
        let waits: Waits = self.read(name, "waits")?;
        let said = kept.message;
        let late = |at| effective::late(at, kept.received);
        Ok(Waiting {
            message: name.get(..12).unwrap_or(name).to_owned(),
            source: kept.source,
            route: kept.route,
            received: kept.received,
            kind: said.kind,
            subject: said.subject,
            effective: said.effective,
            late: said.effective.and_then(late),
            why: waits.why,
            case: waits.case,
        })
    }

    /// The name of the one message that waits and begins like this.
    fn find_waiting(&self, message: &str) -> Result<String> {
        let mut found = self.that(Standing::Waits)?;
        found.retain(|name| message.len() >= 4 && name.starts_with(message));
        let what = match found.as_slice() {
            [one] => return Ok(one.clone()),
            [] => "No such message waits.",
            _ => "Several messages begin like this.",
        };
        Err(Fault::input("no-message", what)
            .at(message.escape_debug())
            .hint("see `cordon case list`"))
    }
}

/// Says which message cannot be read; its beginning is enough to find it.
pub(super) fn unread(name: &str, fault: &Fault) {
    let code = fault.code();
    tracing::error!(kept = name.get(..12), code, "a message cannot be read");
}

impl App {
    /// Every message that waits for a person and can be read, the oldest first. Takes no store.
    ///
    /// # Errors
    /// The messages cannot be listed.
    pub fn waiting(&self) -> Result<Vec<Waiting>> {
        Ok(self.waiting_and_unread()?.0)
    }

    /// The same, and how many more wait that cannot be read: one that is damaged does not hide the
    /// rest.
    ///
    /// # Errors
    /// As [`Self::waiting`].
    pub fn waiting_and_unread(&self) -> Result<(Vec<Waiting>, usize)> {
        let messages = Messages::of(self);
        let (mut waiting, mut unread) = (Vec::new(), 0);
        for name in messages.that(Standing::Waits)? {
            match messages.waiting(&name) {
                Ok(one) => waiting.push(one),
                Err(fault) => {
                    self::unread(&name, &fault);
                    unread += 1;
                }
            }
        }
        waiting.sort_by_key(|message| message.received);
        Ok((waiting, unread))
    }

    /// Opens a case on a message that waits; `choose` completes whom it is about. The message stops
    /// waiting when the case is there.
    ///
    /// # Errors
    /// No message or several are meant, it names nobody, or the case cannot be opened.
    pub async fn open_case_on(
        &self,
        message: &str,
        by: Actor,
        choose: impl FnOnce(&mut NewCase),
    ) -> Result<super::Desk> {
        let messages = Messages::of(self);
        let name = messages.find_waiting(message)?;
        let (kept, answers) = messages.completed(&name)?;
        let case = kept.case.clone();
        if self.case_dir(&case).exists() {
            messages.note(&name, "done", &Done::Opened(case.clone()))?;
            return self.desk(case.as_str());
        }
        let mut new = kept.new_case(by, answers, &self.settings.reviews)?;
        choose(&mut new);
        let desk = self.open_case_as(case.clone(), new).await?;
        messages.note(&name, "done", &Done::Opened(case))?;
        Ok(desk)
    }

    /// Sets a message that waits aside. It stays where it is kept, with who and why.
    ///
    /// # Errors
    /// No message or several are meant, or the disk refuses.
    pub fn dismiss(&self, message: &str, by: String, reason: String) -> Result<()> {
        let messages = Messages::of(self);
        let name = messages.find_waiting(message)?;
        messages.note(&name, "done", &Done::Dismissed { by, reason })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As messages were stored when each field had its own place in [`Kept`].
    const BEFORE: &str = r#"{"body":"e30=","case":"CASE","conflict":false,"digest":"DIGEST","effective":"2027-03-12T23:00:00Z","headers":[["webhook-id","evt-1"]],"id":"evt-1","kind":"termination","lookup":null,"received":"2027-03-12T21:00:01Z","route":"departure","signed_at":"2027-03-12T21:00:00Z","source":"hr","subject":{"emails":["w@company.example"],"worker_id":"W-1"}}"#;

    #[test]
    fn what_was_stored_before_is_read_and_written_the_same() {
        let digest = Digest::of(b"{}").to_string();
        let stored = BEFORE
            .replace("CASE", CaseId::fresh().as_str())
            .replace("DIGEST", &digest);
        let kept: Kept = serde_json::from_str(&stored).unwrap();
        assert_eq!(kept.message.id, "evt-1");
        assert_eq!(kept.message.kind, Kind::Termination);
        assert_eq!(kept.message.subject.worker_id.as_deref(), Some("W-1"));
        assert_eq!(kept.message.effective, "2027-03-12T23:00:00Z".parse().ok());
        let written = crate::canon::canonical(&kept).unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), stored);
        let other = stored.replace("\"termination\"", "{\"other\":\"employee.updated\"}");
        let other: Kept = serde_json::from_str(&other).unwrap();
        assert_eq!(other.message.kind, Kind::Other("employee.updated".into()));
    }
}
