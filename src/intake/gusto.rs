//! Gusto: `X-Gusto-Signature`, HMAC-SHA256 of the raw body in lower-case hex.
//!
//! The key is the `verification_token` of the subscription. Body `{"uuid","event_type",
//! "resource_type","resource_uuid","entity_type":"Employee","entity_uuid","timestamp"}`: it names an
//! employee by id only, so that each event is laid before a person. `employee.terminated_effective`
//! comes the day after the last day at midnight Pacific time. Nothing signs a time beside the body;
//! a repetition has the same `uuid`. The token itself arrives unsigned when the subscription is made
//! and has to be taken from Gusto's side: an unsigned request is refused here.
//!
//! Sources: docs.gusto.com webhooks (events, payload); the encoding from several public clients,
//! read 2026-11.

use http::HeaderMap;
use secrecy::SecretString;
use serde_json::Value;

use super::payload::{numbered, text, unreadable};
use super::signature::{Algorithm, Encoding, Keys, Signed};
use super::{Kind, Message, Refusal, Source};
use crate::fault::Result;
use crate::time::Timestamp;

const SIGNED: Signed = Signed {
    header: "x-gusto-signature",
    algorithm: Algorithm::Sha256,
    encoding: Encoding::Hex,
};

/// Messages of Gusto.
#[derive(Debug)]
pub struct Gusto(Keys);

impl Gusto {
    /// With the verification tokens of its subscriptions.
    ///
    /// # Errors
    /// No token, or an empty one.
    pub fn new(secrets: &[SecretString]) -> Result<Self> {
        Keys::of_text(secrets).map(Self)
    }
}

impl Source for Gusto {
    fn open(&self, headers: &HeaderMap, body: &[u8], _: Timestamp) -> Result<Message, Refusal> {
        self.0.check_header(SIGNED, headers, &[body])?;
        Ok(read(body))
    }
}

fn read(body: &[u8]) -> Message {
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        return unreadable(body);
    };
    let (Some(id), Some(event)) = (text(&value, "/uuid"), text(&value, "/event_type")) else {
        return unreadable(body);
    };
    let (kind, question) = match event.as_str() {
        "employee.terminated" => (
            Kind::Termination,
            Some(
                "A termination was entered, perhaps for a later day: look the employee up in Gusto.",
            ),
        ),
        "employee.terminated_effective" => (
            Kind::Termination,
            Some(
                "A termination took effect, the day before or earlier: look the employee up in Gusto.",
            ),
        ),
        "employee.termination_cancelled" => (
            Kind::Recall,
            Some(
                "A termination was taken back: look the employee up in Gusto, and hold or undo the case if there is one.",
            ),
        ),
        event if event.starts_with("employee.rehired") => (
            Kind::Other(event.to_owned()),
            Some("A person comes back: hold or undo the case if there is one."),
        ),
        event => (Kind::Other(event.to_owned()), None),
    };
    let message = numbered(id, kind).about(text(&value, "/entity_uuid"));
    message.ask_if(question)
}
