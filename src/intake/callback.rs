//! Asks the HR system for the record that a thin message points at.
//!
//! The address and the credential are configured; of the message only the worker's id is used, as one
//! segment of a path or one field of a body. What the record says decides as little as it can: a last
//! day with a zone makes a departure, everything else stays with a person and says what was read.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, HeaderValue, Method, header};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::Mutex;
use url::Url;

use super::effective::{self, Day};
use super::employment::Employment;
use super::grant::Grant;
use super::{Kind, Message, bamboohr, finch, gusto, hibob, personio};
use crate::canon::Digest;
use crate::fault::{Fault, Result};
use crate::http::limit::Limit;
use crate::http::retry::Retry;
use crate::http::transport::{Authorize, Bearer, Header, Reqwest, Timeouts};
use crate::http::{Client, Exchange, Request, Witness};
use crate::id::EvidenceId;
use crate::secret::{ExposeSecret, SecretString};
use crate::time::{Clock, Timestamp};

/// The largest record that is read.
const RECORD_LIMIT: usize = 256 * 1024;

/// How long an HR system may take for one call, and for all attempts of it.
const CALL_WITHIN: Duration = Duration::from_secs(10);
const ALL_WITHIN: Duration = Duration::from_secs(30);

/// The kinds of source whose record can be read.
pub const KINDS: &[&str] = &["bamboohr", "finch", "gusto", "hibob", "personio"];

/// How one vendor is asked, and what its answers mean.
pub(super) struct Api {
    pub(super) auth: Auth,
    pub(super) headers: &'static [(&'static str, &'static str)],
    /// The calls about the worker of that id.
    pub(super) asks: fn(&str) -> Vec<Ask>,
    /// What the answers say, in the order of the calls.
    pub(super) read: fn(&[Value]) -> Record,
}

/// How the credential is sent.
#[derive(Debug, Clone, Copy)]
pub(super) enum Auth {
    /// As a token.
    Bearer,
    /// As `user:password`, which the credential is.
    Basic,
    /// As the user of a pair whose password means nothing.
    BasicUser,
    /// `id:secret`, for which a token is had at this path.
    ClientCredentials(&'static str),
}

/// One call.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    path: Vec<String>,
    query: Option<(&'static str, &'static str)>,
    body: Option<Value>,
}

impl Ask {
    pub(super) fn get(path: &[&str]) -> Self {
        Self {
            path: path.iter().map(|segment| (*segment).to_owned()).collect(),
            query: None,
            body: None,
        }
    }

    pub(super) fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.query = Some((name, value));
        self
    }

    /// A read that has a body.
    pub(super) fn post(path: &[&str], body: Value) -> Self {
        let mut ask = Self::get(path);
        ask.body = Some(body);
        ask
    }
}

/// What a record says of an engagement.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Status {
    /// It is over.
    Ended,
    /// It goes on; with a last day it will end.
    Employed,
    /// Released from work until it ends.
    Released,
    /// On leave.
    Away,
    /// Moved to another company of the group.
    Moved,
    /// It cannot be told.
    #[default]
    Unclear,
}

/// A record, as far as it matters.
#[derive(Debug, Clone, Default)]
pub(super) struct Record {
    pub(super) status: Status,
    /// The HR system's own word for it. Hostile text.
    pub(super) said: String,
    pub(super) emails: Vec<String>,
    /// The last day, as written.
    pub(super) last_day: Option<String>,
    pub(super) employment: Employment,
}

/// One answer as received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// When it was asked.
    pub at: Timestamp,
    /// Method and address; no credential stands there.
    pub call: String,
    /// The status.
    pub status: u16,
    /// The body in base64.
    pub body: String,
    /// Its digest.
    pub digest: Digest,
}

impl Answered {
    /// The body as it came.
    ///
    /// # Errors
    /// What was stored is not base64.
    pub fn bytes(&self) -> Result<Vec<u8>> {
        STANDARD.decode(&self.body).map_err(|error| {
            Fault::failed("record", "A record that was kept cannot be read.").caused_by(error)
        })
    }
}

/// What came of asking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Looked {
    /// Every answer, the failed attempts too.
    pub answers: Vec<Answered>,
    /// The message, completed as far as the record allows.
    pub message: Message,
}

/// Asks one HR system.
pub struct Callback {
    api: &'static Api,
    base: Url,
    client: Client,
    zone: Option<TimeZone>,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Callback {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Callback")
            .field("base", &self.base.as_str())
            .finish_non_exhaustive()
    }
}

impl Callback {
    /// For a kind of source, with the address and the credential of its API. `zone` is that of dates
    /// without one.
    ///
    /// # Errors
    /// The kind has no record that is known here, the address or the credential is none.
    pub fn new(
        kind: &str,
        base: &Url,
        credential: &SecretString,
        zone: Option<TimeZone>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self> {
        let api = match kind {
            "bamboohr" => &bamboohr::API,
            "finch" => &finch::API,
            "gusto" => &gusto::API,
            "hibob" => &hibob::API,
            "personio" => &personio::API,
            _ => {
                return Err(
                    Fault::input("webhook", "Records of this kind cannot be read.")
                        .at(kind.escape_debug())
                        .hint(format!("`[webhook.api]` is for {}", KINDS.join(", "))),
                );
            }
        };
        if base.cannot_be_a_base() || base.query().is_some() || base.fragment().is_some() {
            return Err(Fault::input(
                "webhook",
                "`base_url` is not the beginning of an address.",
            ));
        }
        let timeouts = Timeouts {
            connect: CALL_WITHIN,
            total: CALL_WITHIN,
        };
        let transport = Reqwest::through_system_proxy(authorize(api, base, credential)?, timeouts)?
            .only_to(base)
            .body_limit(RECORD_LIMIT);
        let retry = Retry::try_new(Duration::from_millis(250), Duration::from_secs(10), 4, 0.5)?
            .with_deadline(ALL_WITHIN)?;
        let client = Client::new(
            Arc::new(transport),
            "hr api",
            Limit::try_new(Duration::from_millis(200), 5, 2)?,
            retry,
            Arc::clone(clock),
        );
        Ok(Self {
            api,
            base: base.clone(),
            client,
            zone,
            clock: Arc::clone(clock),
        })
    }

    /// Whether a message points at a record that is worth a call.
    pub fn is_for(&self, message: &Message) -> bool {
        message.lookup.is_some() && message.subject.worker_id.is_some()
    }

    /// Reads the record that `message` points at.
    ///
    /// # Errors
    /// The HR system gives no record; the answers that came are given with the fault.
    pub async fn look(&self, message: &Message) -> Result<Looked, (Fault, Vec<Answered>)> {
        let heard = Heard::default();
        let result = self.ask(message, &heard).await;
        let answers = heard.0.into_inner();
        match result {
            Ok(message) => Ok(Looked { answers, message }),
            Err(fault) => Err((fault, answers)),
        }
    }

    async fn ask(&self, message: &Message, heard: &Heard) -> Result<Message> {
        let worker = message.subject.worker_id.as_deref().unwrap_or_default();
        // Ids of every vendor here are numbers or UUIDs; anything else could lead elsewhere.
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if worker.is_empty() || worker.len() > 64 || !worker.bytes().all(plain) {
            let what = "The id of the worker is not one that can stand in an address.";
            return Err(Fault::input("hr-record", what));
        }
        let mut values = Vec::new();
        for ask in (self.api.asks)(worker) {
            let reply = self
                .client
                .send(self.request(&ask)?, heard)
                .await
                .map_err(crate::http::CallError::fault)?;
            if !reply.status.is_success() {
                let status = reply.status.as_u16();
                let what = format!("The HR system answered {status}.");
                return Err(Fault::failed("hr-record", what)
                    .hint("check the address and the credential in `[webhook.api]`"));
            }
            values.push(
                serde_json::from_slice(&reply.body).map_err(|_| {
                    Fault::failed("hr-record", "The HR system's answer is not JSON.")
                })?,
            );
        }
        let record = (self.api.read)(&values);
        let now = self.clock.now();
        Ok(conclude(message.clone(), record, self.zone.as_ref(), now))
    }

    fn request(&self, ask: &Ask) -> Result<Request> {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| Fault::input("webhook", "`base_url` has no path."))?
            .pop_if_empty()
            .extend(&ask.path);
        if let Some((name, value)) = ask.query {
            url.query_pairs_mut().append_pair(name, value);
        }
        let mut request = Request::get(url);
        if let Some(body) = &ask.body {
            request = request.json(body)?;
            request.method = Method::POST;
        }
        let accept = [("accept", "application/json")];
        for (name, value) in accept.iter().chain(self.api.headers) {
            request.headers.insert(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        Ok(request)
    }
}

/// What adds the credential to a call.
fn authorize(api: &Api, base: &Url, credential: &SecretString) -> Result<Arc<dyn Authorize>> {
    let basic = |pair: String| {
        Arc::new(Header {
            name: header::AUTHORIZATION,
            prefix: "Basic ",
            value: STANDARD.encode(pair).into(),
        })
    };
    let text = credential.expose_secret();
    let pair = || {
        text.split_once(':').ok_or_else(|| {
            Fault::input("webhook", "The credential of the HR system is not a pair.")
                .hint("this kind needs `id:secret` behind the reference")
        })
    };
    Ok(match api.auth {
        Auth::Bearer => Arc::new(Bearer(credential.clone())),
        Auth::BasicUser => basic(format!("{text}:x")),
        Auth::Basic => {
            pair()?;
            basic(text.to_owned())
        }
        Auth::ClientCredentials(path) => {
            let (id, secret) = pair()?;
            let mut url = base.clone();
            if let Ok(mut segments) = url.path_segments_mut() {
                let path = path.split('/').filter(|segment| !segment.is_empty());
                segments.pop_if_empty().extend(path);
            }
            Arc::new(Grant::new(url, id.to_owned(), secret.into(), CALL_WITHIN)?)
        }
    })
}

/// The message as the record completes it.
fn conclude(
    mut message: Message,
    record: Record,
    zone: Option<&TimeZone>,
    now: Timestamp,
) -> Message {
    for email in record.emails {
        if !message.subject.emails.contains(&email) {
            message.subject.emails.push(email);
        }
    }
    message.employment = record.employment;
    // HR took something back, or somebody returned: what the record says now does not change that.
    if matches!(message.kind, Kind::Recall | Kind::Rehire) {
        message.lookup = None;
        return message;
    }
    let said = crate::hostile::one_line(&record.said, 60);
    match (record.status, record.last_day) {
        (Status::Moved, _) => {
            message.kind = Kind::Transfer;
            message.lookup = None;
            message
        }
        (Status::Released | Status::Away, _) => {
            message.kind = Kind::GardenLeave;
            message.ask(format!(
                "The record says `{said}`: the person is away or released from work, and the engagement has not ended. Should access end?"
            ))
        }
        (Status::Ended | Status::Employed, Some(day)) => {
            let Some(read) = effective::read(&day, zone, Day::Last) else {
                let day = crate::hostile::one_line(&day, 40);
                return message.ask(format!(
                    "The record says that the last day is `{day}`, which has no zone: set `zone` of this [[webhook]], or open the case by hand."
                ));
            };
            // Somebody who came back keeps the day on which they left the first time.
            if record.status == Status::Employed && read.at < now {
                let day = crate::hostile::one_line(&day, 40);
                return message.ask(format!(
                    "The record says `{said}` and a last day, `{day}`, that has passed: did the person leave, or come back?"
                ));
            }
            message.kind = Kind::Termination;
            message.effective = Some(read.at);
            message.notes.extend(read.assumed);
            message.lookup = None;
            message
        }
        (Status::Ended, None) => {
            message.kind = Kind::Termination;
            message.ask(format!(
                "The record says `{said}` and names no last day: find out since when."
            ))
        }
        (Status::Employed, None) => message.ask(format!(
            "The record says `{said}` and names no last day. Does the person leave?"
        )),
        (Status::Unclear, _) => message.ask(format!(
            "The record says `{said}`, which is not understood here: look the person up."
        )),
    }
}

/// Keeps every answer in memory; the inbox stores them.
#[derive(Debug, Default)]
struct Heard(Mutex<Vec<Answered>>);

#[async_trait::async_trait]
impl Witness for Heard {
    async fn saw(&self, exchange: &Exchange) -> Result<EvidenceId> {
        if let Ok(answer) = &exchange.answer {
            let request = &exchange.request;
            self.0.lock().await.push(Answered {
                at: exchange.at,
                call: format!("{} {}", request.method, request.url),
                status: answer.status.as_u16(),
                body: STANDARD.encode(&answer.body),
                digest: Digest::of(&answer.body),
            });
        }
        Ok(EvidenceId::fresh())
    }
}
