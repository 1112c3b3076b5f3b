//! A source that the configuration describes: header, algorithm, encoding, what is signed, and where
//! in the JSON things stand.
//!
//! ```toml
//! [[webhook]]
//! name = "rippling"
//! kind = "generic"
//! secrets = ["env:HR_HOOK"]
//! [webhook.generic]
//! header = "X-Signature"
//! prefix = "sha256="
//! signed = ["{timestamp}", ".", "{body}"]
//! timestamp = "X-Timestamp"
//! kind = "/event/type"
//! termination = ["worker.terminated"]
//! worker_id = "/worker/id"
//! ```
//!
//! Positions are JSON Pointers (RFC 6901). The sender is a product that cannot correct itself: what is
//! signed and cannot be read is kept and laid before a person.

use http::{HeaderMap, HeaderName};
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;

use super::effective::{self, Day};
use super::employment::{self, Employment};
use super::payload::{address, numbered, text, unnumbered, unreadable};
use super::signature::{Algorithm, Encoding, Keys, only, seconds, timely};
use super::{Kind, Message, Refusal, Source};
use crate::fault::{Fault, Result};
use crate::time::Timestamp;

/// How messages are signed and where in them things stand.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scheme {
    /// The header with the signature.
    pub header: String,
    /// What stands before the signature in its header.
    #[serde(default)]
    pub prefix: String,
    /// `sha256` or `sha512`.
    #[serde(default)]
    pub algorithm: Algorithm,
    /// How the signature is written: `hex`, `base64` or `base64url`.
    #[serde(default)]
    pub encoding: Encoding,
    /// How the secret is written; the text itself is the key unless said.
    pub key_encoding: Option<Encoding>,
    /// What is signed, one after the other: `{body}`, `{timestamp}`, `{id}` or literal text.
    #[serde(default = "body_only")]
    pub signed: Vec<String>,
    /// The header with the time of signing, in seconds since 1970.
    pub timestamp: Option<String>,
    /// How far that time may be off in both directions.
    #[serde(default = "five_minutes")]
    pub tolerance_seconds: u32,
    /// The header with the id of the message.
    pub id_header: Option<String>,
    /// Where the id of the message stands, when no header has it.
    pub id: Option<String>,
    /// Where the kind of the message stands.
    pub kind: String,
    /// The kinds that end a contract.
    pub termination: Vec<String>,
    /// The kinds that take that back.
    #[serde(default)]
    pub recall: Vec<String>,
    /// The kinds by which somebody is released from work before the end.
    #[serde(default)]
    pub garden_leave: Vec<String>,
    /// The kinds by which somebody moves within the company.
    #[serde(default)]
    pub transfer: Vec<String>,
    /// The kinds by which somebody comes back.
    #[serde(default)]
    pub rehire: Vec<String>,
    /// Where the worker id stands.
    pub worker_id: Option<String>,
    /// Where work addresses stand.
    #[serde(default)]
    pub emails: Vec<String>,
    /// Where the name stands; shown, never matched on.
    pub name: Option<String>,
    /// Where the moment of the end stands: RFC 3339, or a local time or a date in `zone`.
    pub effective: Option<String>,
    /// The zone of times that have none, in place of the webhook's. A date alone means the end of
    /// that day there.
    pub zone: Option<String>,
    /// Where the agency stands, for `[[review]]`.
    pub agency: Option<String>,
    /// Where the department or group stands, for `[[review]]`.
    pub department: Option<String>,
    /// Where the type of the engagement stands, for `[[review]]`.
    pub worker_type: Option<String>,
}

fn body_only() -> Vec<String> {
    vec!["{body}".to_owned()]
}

fn five_minutes() -> u32 {
    300
}

/// A part of what is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Body,
    Timestamp,
    Id,
    Literal(String),
}

/// A source that the configuration describes.
#[derive(Debug)]
pub struct Generic {
    keys: Keys,
    header: HeaderName,
    timestamp: Option<HeaderName>,
    id: Option<HeaderName>,
    parts: Vec<Part>,
    zone: Option<TimeZone>,
    scheme: Scheme,
}

impl Generic {
    /// As described.
    ///
    /// # Errors
    /// There is no description, or it would believe what nobody signed.
    pub fn new(
        secrets: &[SecretString],
        scheme: Option<Scheme>,
        zone: Option<TimeZone>,
    ) -> Result<Self> {
        let scheme = scheme.ok_or_else(|| {
            wrong("The kind `generic` has no description.")
                .hint("`cordon init --print` shows one under `[webhook.generic]`")
        })?;
        let keys = match scheme.key_encoding {
            None => Keys::of_text(secrets)?,
            Some(encoding) => Keys::of_encoded(secrets, encoding)?,
        };
        let parts = parts(&scheme.signed)?;
        if !parts.contains(&Part::Body) {
            return Err(wrong(
                "`signed` leaves out `{body}`: anybody could write the message.",
            ));
        }
        if parts.contains(&Part::Timestamp) != scheme.timestamp.is_some() {
            return Err(wrong(
                "`{timestamp}` in `signed` and the header `timestamp` need each other: a time that is not signed proves nothing.",
            ));
        }
        if parts.contains(&Part::Id) && scheme.id_header.is_none() {
            return Err(wrong("`{id}` in `signed` needs `id_header`."));
        }
        if scheme.id_header.is_some() && !parts.contains(&Part::Id) {
            return Err(wrong(
                "`id_header` is not in `signed`: anybody could give an old message a new id.",
            )
            .hint("use `id`, which stands in the body, or neither: the bytes tell a repetition"));
        }
        pointers(&scheme)?;
        if scheme.worker_id.is_none() && scheme.emails.is_empty() {
            return Err(
                wrong("Nothing says where the person stands.").hint("give `worker_id` or `emails`")
            );
        }
        let own = scheme.zone.as_deref().map(effective::zone).transpose()?;
        Ok(Self {
            keys,
            header: header(&scheme.header)?,
            timestamp: scheme.timestamp.as_deref().map(header).transpose()?,
            id: scheme.id_header.as_deref().map(header).transpose()?,
            parts,
            zone: own.or(zone),
            scheme,
        })
    }

    fn read(&self, body: &[u8], id: Option<&str>) -> Message {
        let Ok(value) = serde_json::from_slice::<Value>(body) else {
            return unreadable(body);
        };
        let Some(kind) = text(&value, &self.scheme.kind) else {
            return unreadable(body);
        };
        let at = |pointer: &Option<String>| text(&value, pointer.as_deref()?);
        let scheme = &self.scheme;
        let table = [
            (&scheme.termination, Kind::Termination),
            (&scheme.recall, Kind::Recall),
            (&scheme.garden_leave, Kind::GardenLeave),
            (&scheme.transfer, Kind::Transfer),
            (&scheme.rehire, Kind::Rehire),
        ];
        let named = table.into_iter().find(|(kinds, _)| kinds.contains(&kind));
        let known = named.map_or(Kind::Other(kind), |(_, known)| known);
        let id = id.map(str::to_owned).or_else(|| at(&self.scheme.id));
        let mut message = match id {
            Some(id) => numbered(id, known),
            None => unnumbered(body, known),
        }
        .about(at(&self.scheme.worker_id));
        let emails = self.scheme.emails.iter();
        message.subject.emails = emails.filter_map(|at| address(&value, at)).collect();
        message.subject.display_name = at(&self.scheme.name);
        message.employment = Employment {
            agency: at(&scheme.agency),
            department: at(&scheme.department),
            worker_type: at(&scheme.worker_type),
        };
        let nobody = message.subject.worker_id.is_none() && message.subject.emails.is_empty();
        if matches!(message.kind, Kind::Other(_)) {
            return message;
        }
        if nobody {
            return message.ask("The message names nobody where the configuration looks; read it.");
        }
        if let Some(written) = at(&self.scheme.effective) {
            let Some(read) = effective::read(&written, self.zone.as_ref(), Day::Last) else {
                return message.ask("The moment of the end cannot be read, or has no zone and none is configured; read the message.");
            };
            message.effective = Some(read.at);
            message.notes.extend(read.assumed);
        }
        message
    }
}

impl Source for Generic {
    fn open(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<Message, Refusal> {
        let value = |name: &Option<HeaderName>, shown| match name {
            Some(name) => only(headers, name.as_str(), shown).map(Some),
            None => Ok(None),
        };
        let stamp = value(&self.timestamp, "timestamp")?;
        let id = value(&self.id, "id_header")?.filter(|id| !id.is_empty());
        let signature = only(headers, self.header.as_str(), "header")?
            .strip_prefix(self.scheme.prefix.as_str())
            .and_then(|text| self.scheme.encoding.decode(text))
            .ok_or(Refusal::NoMatch)?;
        let parts: Vec<&[u8]> = self
            .parts
            .iter()
            .map(|part| match part {
                Part::Body => body,
                Part::Timestamp => stamp.unwrap_or_default().as_bytes(),
                Part::Id => id.unwrap_or_default().as_bytes(),
                Part::Literal(text) => text.as_bytes(),
            })
            .collect();
        self.keys
            .check(self.scheme.algorithm, &parts, &[signature])?;
        let mut signed_at = None;
        if let Some(stamp) = stamp {
            let at = seconds(stamp).ok_or(Refusal::Header("timestamp"))?;
            let within = SignedDuration::from_secs(self.scheme.tolerance_seconds.into());
            timely(at, now, within, within)?;
            signed_at = Some(at);
        }
        Ok(self.read(body, id).signed(signed_at))
    }
}

fn wrong(what: &str) -> Fault {
    Fault::input("webhook", what)
}

fn header(name: &str) -> Result<HeaderName> {
    HeaderName::try_from(name).map_err(|error| {
        wrong("A name is not that of a header.")
            .at(name.escape_debug())
            .caused_by(error)
    })
}

fn parts(signed: &[String]) -> Result<Vec<Part>> {
    let part = |text: &String| match text.as_str() {
        "{body}" => Ok(Part::Body),
        "{timestamp}" => Ok(Part::Timestamp),
        "{id}" => Ok(Part::Id),
        other if other.contains(['{', '}']) => Err(wrong(
            "A part of `signed` is neither `{body}`, `{timestamp}`, `{id}` nor literal text.",
        )
        .at(other.escape_debug())),
        other => Ok(Part::Literal(other.to_owned())),
    };
    signed.iter().map(part).collect()
}

fn pointers(scheme: &Scheme) -> Result<()> {
    let all = [Some(&scheme.kind), scheme.id.as_ref()]
        .into_iter()
        .chain([
            scheme.worker_id.as_ref(),
            scheme.name.as_ref(),
            scheme.effective.as_ref(),
            scheme.agency.as_ref(),
            scheme.department.as_ref(),
            scheme.worker_type.as_ref(),
        ])
        .flatten()
        .chain(&scheme.emails);
    for pointer in all {
        if !pointer.starts_with('/') {
            return Err(wrong("A position in the message is no JSON Pointer.")
                .at(pointer.escape_debug())
                .hint("write `/data/worker/id`"));
        }
    }
    for pointer in [&scheme.agency, &scheme.department, &scheme.worker_type] {
        let Some(pointer) = pointer else { continue };
        if employment::is_forbidden(pointer) || Some(pointer) == scheme.name.as_ref() {
            return Err(
                wrong("Nobody is reviewed by a name, an origin, a language or a place.")
                    .at(pointer.escape_debug())
                    .hint("`agency`, `department` and `worker_type` say how somebody is engaged"),
            );
        }
    }
    Ok(())
}
