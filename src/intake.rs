//! What comes in from outside and may open a case: so far, messages of an HR system.
//!
//! A message is believed only as far as its signature goes. It never closes a door and never
//! accuses: it reaches an [`Inbox`], which opens a case on the route `departure` unless the
//! configuration of the source names another. The raw bytes and headers are kept as they came.
//!
//! ```text
//! request → Receiver → Source (signature, then meaning) → Inbox (durable) → 2xx → a case, or a person
//! ```
//!
//! One file per source; a new one is one file and one line in [`source`].

pub mod bamboohr;
pub mod callback;
pub mod deel;
pub mod effective;
pub mod employment;
mod failures;
pub mod finch;
pub mod generic;
mod grant;
pub mod gusto;
pub mod hibob;
pub mod merge;
pub mod okta;
mod payload;
pub mod personio;
pub mod receiver;
pub mod signature;
pub mod standard_webhooks;
pub mod successfactors;
pub mod worker;

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, StatusCode};
use jiff::tz::TimeZone;

use crate::case::subject::Subject;
use crate::fault::{Fault, Result};
use crate::secret::SecretString;
use crate::time::Timestamp;

pub use employment::Employment;
pub use receiver::{BODY_LIMIT, Receiver, receiver};

/// The route of a case that a message opens, unless the source is configured otherwise.
pub const DEPARTURE: &str = "departure";

/// What a message says happened.
#[derive(
    Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A contract ends or has ended.
    Termination,
    /// A termination is taken back.
    Recall,
    /// The person is away or released from work, and the engagement has not ended.
    GardenLeave,
    /// The person moves within the company or its group.
    Transfer,
    /// The person comes back.
    Rehire,
    /// Anything else, by the sender's name of it. Hostile text.
    Other(String),
}

/// What one message says, as far as its sender can be believed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Message {
    /// The sender's id of the message; the same when it is sent again. A source without ids uses the
    /// digest of the body.
    pub id: String,
    /// When the sender signed it, where its scheme says so.
    pub signed_at: Option<Timestamp>,
    /// What happened.
    pub kind: Kind,
    /// Whom it is about; empty where it names nobody.
    pub subject: Subject,
    /// When the change takes effect, if it says so and a zone is known.
    pub effective: Option<Timestamp>,
    /// What a person has to find out before anything may follow; `None` when the message says enough.
    pub lookup: Option<String>,
    /// How the person is engaged, as far as it says.
    #[serde(default, skip_serializing_if = "Employment::is_empty")]
    pub employment: Employment,
    /// What had to be assumed to read it; sentences for people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// Why a request is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A header is missing, stands twice or cannot be read.
    #[error("the header `{0}` is missing, stands twice or cannot be read")]
    Header(&'static str),
    /// Signed longer ago than the source may be late.
    #[error("it was signed too long ago")]
    TooOld,
    /// Signed further ahead of our clock than clocks differ.
    #[error("it was signed too far in the future")]
    TooNew,
    /// No signature belongs to any of the secrets.
    #[error("no signature belongs to a known secret")]
    NoMatch,
    /// The signature is good, the body is not what the source promises; the code says how.
    #[error("the body is not of the documented shape: {0}")]
    Body(&'static str),
}

impl Refusal {
    /// A stable word for answers and logs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Header(_) => "header",
            Self::TooOld => "too-old",
            Self::TooNew => "too-new",
            Self::NoMatch => "signature",
            Self::Body(code) => code,
        }
    }

    /// The status that the sender is answered with.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Header(_) | Self::Body(_) => StatusCode::BAD_REQUEST,
            Self::TooOld | Self::TooNew | Self::NoMatch => StatusCode::UNAUTHORIZED,
        }
    }
}

/// A kind of sender: what makes its requests believable, and what they say.
///
/// There is no way to the meaning around the signature: one function gives both.
pub trait Source: Send + Sync + std::fmt::Debug {
    /// Checks the signature over the raw bytes, in constant time and against every secret, and only
    /// then reads them.
    ///
    /// A sender that cannot correct a message, because it is a product and not ours, is not refused
    /// for its content: what cannot be understood is a [`Message::lookup`] for a person.
    ///
    /// # Errors
    /// Why the request is not believed.
    fn open(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<Message, Refusal>;

    /// The answer to a `GET` by which the sender makes sure that the address is ours.
    fn challenge(&self, _headers: &HeaderMap) -> Option<serde_json::Value> {
        None
    }

    /// What a success is answered with, media type and body, where the sender wants more than a status.
    fn acknowledgement(&self) -> Option<(&'static str, &'static str)> {
        None
    }

    /// Headers whose values are secrets; they are not kept.
    fn secret_headers(&self) -> Vec<HeaderName> {
        Vec::new()
    }
}

/// What a source needs beside its secrets.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The header that carries the secret itself, for sources that sign nothing.
    pub header: Option<String>,
    /// The description of a source that has no file of its own.
    pub generic: Option<generic::Scheme>,
    /// The zone of times and dates that have none.
    pub zone: Option<TimeZone>,
}

/// The kinds of source, as the configuration names them.
pub const KINDS: &[&str] = &[
    "standard",
    "generic",
    "bamboohr",
    "deel",
    "finch",
    "gusto",
    "hibob",
    "merge",
    "okta",
    "personio",
    "successfactors",
];

/// The kinds that sign nothing and send a secret in a header. What they say is worth no more than it.
pub const UNSIGNED: &[&str] = &["okta", "personio", "successfactors"];

/// The source of a kind.
///
/// # Errors
/// There is no such kind, no secret, a secret that is none, or an option that does not fit.
pub fn source(kind: &str, secrets: &[SecretString], options: &Options) -> Result<Arc<dyn Source>> {
    if options.generic.is_some() && kind != "generic" {
        return Err(Fault::input(
            "webhook",
            "A description of signatures belongs to the kind `generic` only.",
        ));
    }
    let header = options.header.as_deref();
    if header.is_some() && !UNSIGNED.contains(&kind) {
        return Err(
            Fault::input("webhook", "`header` belongs to kinds that sign nothing.")
                .hint(format!("they are {}", UNSIGNED.join(", "))),
        );
    }
    let zone = || options.zone.clone();
    Ok(match kind {
        "standard" => Arc::new(standard_webhooks::Verifier::new(secrets)?.in_zone(zone())),
        "generic" => Arc::new(generic::Generic::new(
            secrets,
            options.generic.clone(),
            zone(),
        )?),
        "bamboohr" => Arc::new(bamboohr::BambooHr::new(secrets)?),
        "deel" => Arc::new(deel::Deel::new(secrets)?),
        "finch" => Arc::new(finch::Finch::new(secrets)?),
        "gusto" => Arc::new(gusto::Gusto::new(secrets)?),
        "hibob" => Arc::new(hibob::HiBob::new(secrets)?),
        "merge" => Arc::new(merge::Merge::new(secrets)?),
        "okta" => Arc::new(okta::Okta::new(secrets, header)?),
        "personio" => Arc::new(personio::Personio::new(secrets, header)?),
        "successfactors" => Arc::new(successfactors::SuccessFactors::new(
            secrets,
            header,
            zone(),
        )?),
        _ => {
            return Err(Fault::input("webhook", "There is no such kind of webhook.")
                .at(kind.escape_debug())
                .hint(format!("kinds: {}", KINDS.join(", "))));
        }
    })
}

/// A message that was believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    /// Which configured source sent it.
    pub source: String,
    /// When it arrived.
    pub received: Timestamp,
    /// What it says.
    pub message: Message,
    /// The route of a case that it opens.
    pub route: String,
    /// The headers as they came; values of credentials are replaced.
    pub headers: Vec<(String, String)>,
    /// The body as it came.
    pub body: Bytes,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// Kept for the first time.
    New,
    /// Kept before, with the same body.
    Duplicate,
    /// Its id was used before with another body; what was kept is unchanged.
    Conflict,
}

/// Takes messages in.
#[async_trait]
pub trait Inbox: Send + Sync {
    /// Keeps a message, found again by source and id for at least ten minutes (twice the tolerance
    /// of the signature). What it answers is durable when this returns.
    async fn accept(&self, incoming: Incoming) -> Result<Accepted>;
}
