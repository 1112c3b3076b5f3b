//! Signatures of the Standard Webhooks specification, version 1 (symmetric).
//!
//! The headers may also be called `svix-id`, `svix-timestamp`, `svix-signature`, all three.
//! `webhook-signature` lists `v1,<base64 of HMAC-SHA256(key, id.timestamp.body)>`, separated by
//! spaces, so that a sender can sign with an old and a new secret at once. Other versions are
//! skipped. The timestamp may be 300 s off in either direction. What is signed is the header as
//! received, never a number made of it. Source: standard-webhooks/standard-webhooks, spec and
//! reference libraries, read 2026-11.
//!
//! A good signature says nothing about a message that was sent before: see [`super::Inbox`].

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use jiff::tz::TimeZone;
use secrecy::{ExposeSecret as _, SecretString};

pub use super::Refusal;
pub use super::signature::TOLERANCE;
use super::signature::{Algorithm, Encoding, Keys, SIGNATURES_LIMIT, mac, only, seconds, timely};
use super::{Message, Source, worker};
use crate::fault::{Fault, Result};
use crate::time::Timestamp;

/// The longest id.
const ID_LIMIT: usize = 256;

/// A message whose signature is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The sender's id of the message.
    pub id: String,
    /// When it was signed.
    pub timestamp: Timestamp,
}

/// Checks messages against one or more secrets, so that a secret can be changed without a gap.
#[derive(Debug)]
pub struct Verifier {
    keys: Keys,
    names: Names,
    /// Other names of the same headers, for who sends only those.
    others: Option<Names>,
    zone: Option<TimeZone>,
}

/// The headers of a message; senders of the same scheme name them differently.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names {
    pub(super) id: &'static str,
    pub(super) timestamp: &'static str,
    pub(super) signature: &'static str,
}

impl Verifier {
    /// From secrets of the form `whsec_<base64>`; the prefix may be missing.
    ///
    /// # Errors
    /// No secret, or one that is not base64 or has no bytes. Its text is not repeated.
    pub fn new(secrets: &[SecretString]) -> Result<Self> {
        let names = Names {
            id: "webhook-id",
            timestamp: "webhook-timestamp",
            signature: "webhook-signature",
        };
        let mut verifier = Self::named(secrets, names)?;
        // Svix, whose scheme this was first.
        verifier.others = Some(Names {
            id: "svix-id",
            timestamp: "svix-timestamp",
            signature: "svix-signature",
        });
        Ok(verifier)
    }

    /// The same scheme under other names.
    pub(super) fn named(secrets: &[SecretString], names: Names) -> Result<Self> {
        let bare: Vec<SecretString> = secrets.iter().map(bare).collect();
        let keys = Keys::of_encoded(&bare, Encoding::Base64)?;
        Ok(Self {
            keys,
            names,
            others: None,
            zone: None,
        })
    }

    /// The same, with the zone of times and dates that have none.
    #[must_use]
    pub fn in_zone(mut self, zone: Option<TimeZone>) -> Self {
        self.zone = zone;
        self
    }

    /// The names that a request uses. It uses one set of them: one header of each would be no
    /// message of anybody.
    fn names_in(&self, headers: &HeaderMap) -> Names {
        let uses = |names: &Names| headers.contains_key(names.id);
        let others = self
            .others
            .filter(|others| uses(others) && !uses(&self.names));
        others.unwrap_or(self.names)
    }

    /// Whether `body` was signed with one of the secrets, near `now`.
    ///
    /// # Errors
    /// Why it is not believed.
    pub fn verify(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Verified, Refusal> {
        let Names {
            id: id_name,
            timestamp: stamp_name,
            signature: signature_name,
        } = self.names_in(headers);
        let id = only(headers, id_name, id_name)?;
        let stamp = only(headers, stamp_name, stamp_name)?;
        let signatures = only(headers, signature_name, signature_name)?;
        if id.is_empty() || id.len() > ID_LIMIT {
            return Err(Refusal::Header(id_name));
        }
        let timestamp = seconds(stamp).ok_or(Refusal::Header(stamp_name))?;
        timely(timestamp, now, TOLERANCE, TOLERANCE)?;
        let given: Vec<Vec<u8>> = signatures
            .split(' ')
            .filter_map(|signature| signature.strip_prefix("v1,"))
            .take(SIGNATURES_LIMIT)
            .filter_map(|text| STANDARD.decode(text).ok())
            .collect();
        let parts = parts(id, stamp, body);
        self.keys.check(Algorithm::Sha256, &parts, &given)?;
        Ok(Verified {
            id: id.to_owned(),
            timestamp,
        })
    }
}

/// The specification says how a message is signed and not what it holds: that is [`worker`]'s.
impl Source for Verifier {
    fn open(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<Message, Refusal> {
        let verified = self.verify(headers, body, now)?;
        let said =
            worker::read(body, self.zone.as_ref()).map_err(|fault| Refusal::Body(fault.code()))?;
        Ok(Message {
            id: verified.id,
            signed_at: Some(verified.timestamp),
            kind: said.kind,
            subject: said.subject,
            effective: said.effective,
            lookup: said.lookup,
            employment: said.employment,
            notes: said.notes,
        })
    }
}

/// The value of `webhook-signature` for a message, as a sender makes it.
///
/// # Errors
/// A secret that is not base64 or has no bytes.
pub fn sign(secret: &SecretString, id: &str, at: Timestamp, body: &[u8]) -> Result<String> {
    let stamp = at.as_second().to_string();
    Encoding::Base64
        .decode(bare(secret).expose_secret())
        .filter(|key| !key.is_empty())
        .and_then(|key| mac(Algorithm::Sha256, &key, &parts(id, &stamp, body)))
        .map(|mac| format!("v1,{}", STANDARD.encode(mac)))
        .ok_or_else(|| {
            Fault::input(
                "webhook-secret",
                "A webhook secret is not base64 or holds no bytes.",
            )
            .hint("copy the whole secret, `whsec_` included, without a line end")
        })
}

fn parts<'a>(id: &'a str, stamp: &'a str, body: &'a [u8]) -> [&'a [u8]; 5] {
    [id.as_bytes(), b".", stamp.as_bytes(), b".", body]
}

fn bare(secret: &SecretString) -> SecretString {
    let text = secret.expose_secret();
    text.strip_prefix("whsec_").unwrap_or(text).into()
}
