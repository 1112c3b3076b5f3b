//! Okta event hooks: no signature, a header of your choice that carries a secret.
//!
//! Okta proves the address once by a `GET` with `x-okta-verification-challenge`, which is echoed. It
//! waits three seconds for an answer and tries once more; `eventId` stays the same. Body
//! `{"eventType":"com.okta.event_hook","eventId","data":{"events":[LogEvent…]}}`.
//!
//! An account that was suspended or deactivated is no termination: closing doors does the same, so
//! that it is laid before a person with the login. Without a signature a message is worth no more
//! than its header: it never opens a case.
//!
//! Source: developer.okta.com/docs/concepts/event-hooks (challenge, retries, sample delivery), read
//! 2026-11. Older samples write `eventID`.

use http::{HeaderMap, HeaderName};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::payload::{address, numbered, text, unnumbered, unreadable};
use super::signature::{Carried, only};
use super::{Kind, Message, Refusal, Source};
use crate::fault::Result;
use crate::time::Timestamp;

const CHALLENGE: &str = "x-okta-verification-challenge";

/// The longest challenge that is echoed, and the most events of one delivery that are read.
const CHALLENGE_LIMIT: usize = 256;
const EVENTS_LIMIT: usize = 100;

/// What lays a delivery before a person.
const ENDS: &[&str] = &[
    "user.lifecycle.deactivate",
    "user.lifecycle.suspend",
    "user.lifecycle.delete.initiated",
];

/// Deliveries of Okta event hooks.
#[derive(Debug)]
pub struct Okta(Carried);

impl Okta {
    /// With the values that the header may have; the header is `Authorization` unless named.
    ///
    /// # Errors
    /// No value, an empty one, or a name that no header has.
    pub fn new(secrets: &[SecretString], header: Option<&str>) -> Result<Self> {
        Carried::new(secrets, header.unwrap_or("authorization")).map(Self)
    }
}

impl Source for Okta {
    fn open(&self, headers: &HeaderMap, body: &[u8], _: Timestamp) -> Result<Message, Refusal> {
        self.0.check(headers)?;
        Ok(read(body))
    }

    fn challenge(&self, headers: &HeaderMap) -> Option<Value> {
        let text = only(headers, CHALLENGE, CHALLENGE).ok()?;
        (text.len() <= CHALLENGE_LIMIT).then(|| json!({ "verification": text }))
    }

    fn secret_headers(&self) -> Vec<HeaderName> {
        vec![self.0.header.clone()]
    }
}

fn read(body: &[u8]) -> Message {
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        return unreadable(body);
    };
    let Some(events) = value.pointer("/data/events").and_then(Value::as_array) else {
        return unreadable(body);
    };
    let kinds = events.iter().filter_map(|event| text(event, "/eventType"));
    let kinds: Vec<String> = kinds.take(EVENTS_LIMIT).collect();
    let mut message = match text(&value, "/eventId").or_else(|| text(&value, "/eventID")) {
        Some(id) => numbered(id, Kind::Other(kinds.join(", "))),
        None => unnumbered(body, Kind::Other(kinds.join(", "))),
    };
    let ends = |event: &&Value| {
        let kind = text(event, "/eventType");
        kind.is_some_and(|kind| ENDS.contains(&kind.as_str()))
    };
    let ended: Vec<&Value> = events.iter().take(EVENTS_LIMIT).filter(ends).collect();
    if ended.is_empty() && events.len() <= EVENTS_LIMIT {
        return message;
    }
    let targets = ended
        .iter()
        .filter_map(|event| event.pointer("/target")?.as_array())
        .flatten()
        .filter(|target| text(target, "/type").as_deref() == Some("User"));
    let mut logins: Vec<String> = targets
        .filter_map(|target| address(target, "/alternateId"))
        .collect();
    logins.sort();
    logins.dedup();
    // Two people in one delivery are two questions; a case has one person.
    if let [one] = logins.as_slice() {
        message.subject.emails = vec![one.clone()];
    }
    message.ask(format!(
        "Okta suspended, deactivated or deleted {} account(s). Ask HR whether anybody leaves.",
        ended.len()
    ))
}
