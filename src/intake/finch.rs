//! Finch: the scheme of Standard Webhooks under the names `Finch-Event-ID`, `Finch-Timestamp`,
//! `Finch-Signature`, five minutes in both directions.
//!
//! Body `{"company_id","account_id","connection_id","entity_id","event_type","data":{"individual_id"}}`:
//! it says that something about an individual changed and not what. So a change of an employment is
//! laid before a person.
//!
//! Source: the client library finch-api 2.9.1 (webhooks), read 2026-11.

use http::HeaderMap;
use secrecy::SecretString;
use serde_json::Value;

use super::payload::{numbered, text, unreadable};
use super::standard_webhooks::{Names, Verifier};
use super::{Kind, Message, Refusal, Source};
use crate::fault::Result;
use crate::time::Timestamp;

const NAMES: Names = Names {
    id: "finch-event-id",
    timestamp: "finch-timestamp",
    signature: "finch-signature",
};

/// Messages of Finch.
#[derive(Debug)]
pub struct Finch(Verifier);

impl Finch {
    /// With the secrets of its webhooks, in base64.
    ///
    /// # Errors
    /// No secret, or one that is not base64 or has no bytes.
    pub fn new(secrets: &[SecretString]) -> Result<Self> {
        Verifier::named(secrets, NAMES).map(Self)
    }
}

impl Source for Finch {
    fn open(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<Message, Refusal> {
        let verified = self.0.verify(headers, body, now)?;
        let mut message = read(body);
        message.id = verified.id;
        Ok(message.signed(Some(verified.timestamp)))
    }
}

fn read(body: &[u8]) -> Message {
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        return unreadable(body);
    };
    let Some(event) = text(&value, "/event_type") else {
        return unreadable(body);
    };
    let asks = matches!(
        event.as_str(),
        "employment.updated" | "employment.deleted" | "individual.deleted" | "directory.deleted"
    );
    let message =
        numbered(String::new(), Kind::Other(event)).about(text(&value, "/data/individual_id"));
    message.ask_if(asks.then_some("An employment changed: look the individual up through Finch. An end, a transfer and a return look the same here."))
}
