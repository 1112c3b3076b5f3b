//! Merge: `X-Merge-Webhook-Signature`, HMAC-SHA256 of the raw body in base64 for URLs.
//!
//! Body `{"hook":{"id","event","target"},"linked_account":{…},"data":{…}}`; for an employee `data` holds
//! `id`, `work_email`, `employment_status` and `termination_date`. Every later change of the same
//! person sends them again, and the date has no time of day. So an employee who is not active is
//! laid before a person, with the address, and opens no case. Padding of the signature is taken or
//! left. Nothing signs a time: a repetition is known by its bytes.
//!
//! Source: docs.merge.dev/basics/webhooks/merge-webhooks, read 2026-11.

use http::HeaderMap;
use secrecy::SecretString;
use serde_json::Value;

use super::payload::{address, text, unnumbered, unreadable};
use super::signature::{Algorithm, Encoding, Keys, Signed};
use super::{Kind, Message, Refusal, Source};
use crate::fault::Result;
use crate::time::Timestamp;

const SIGNED: Signed = Signed {
    header: "x-merge-webhook-signature",
    algorithm: Algorithm::Sha256,
    encoding: Encoding::Base64Url,
};

/// Messages of Merge.
#[derive(Debug)]
pub struct Merge(Keys);

impl Merge {
    /// With the signature keys of the organization.
    ///
    /// # Errors
    /// No key, or an empty one.
    pub fn new(secrets: &[SecretString]) -> Result<Self> {
        Keys::of_text(secrets).map(Self)
    }
}

impl Source for Merge {
    fn open(&self, headers: &HeaderMap, body: &[u8], _: Timestamp) -> Result<Message, Refusal> {
        self.0.check_header(SIGNED, headers, &[body])?;
        Ok(read(body))
    }
}

fn read(body: &[u8]) -> Message {
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        return unreadable(body);
    };
    let Some(event) = text(&value, "/hook/event") else {
        return unreadable(body);
    };
    let status = text(&value, "/data/employment_status");
    let ended = value
        .pointer("/data/termination_date")
        .is_some_and(|date| !date.is_null())
        || status.is_some_and(|status| status.eq_ignore_ascii_case("inactive"));
    let employee = event.to_lowercase().starts_with("employee.");
    let mut message = unnumbered(body, Kind::Other(event)).about(text(&value, "/data/id"));
    message.subject.emails = address(&value, "/data/work_email").into_iter().collect();
    message.ask_if((employee && ended).then_some("An employee is not active or has a last day: look at the date and the time of day in the HR system."))
}
