//! Deel: `x-deel-signature`, HMAC-SHA256 of the word `POST` followed by the raw body, in hex.
//!
//! Body `{"data":{"meta":{"event_type"},"resource":[…]},"timestamp"}`. What a resource holds differs by
//! product, so that the person is looked up by a person. Nothing signs a time: a repetition is known
//! by its bytes. `x-deel-hmac-label` says which key signed; every configured one is tried.
//!
//! Source: developer.deel.com/docs (webhooks, security), read 2026-11.

use http::HeaderMap;
use secrecy::SecretString;
use serde_json::Value;

use super::payload::{text, unnumbered, unreadable};
use super::signature::{Algorithm, Encoding, Keys, Signed};
use super::{Kind, Message, Refusal, Source};
use crate::fault::Result;
use crate::time::Timestamp;

const SIGNED: Signed = Signed {
    header: "x-deel-signature",
    algorithm: Algorithm::Sha256,
    encoding: Encoding::Hex,
};

/// Messages of Deel.
#[derive(Debug)]
pub struct Deel(Keys);

impl Deel {
    /// With the signing keys of its webhooks.
    ///
    /// # Errors
    /// No key, or an empty one.
    pub fn new(secrets: &[SecretString]) -> Result<Self> {
        Keys::of_text(secrets).map(Self)
    }
}

impl Source for Deel {
    fn open(&self, headers: &HeaderMap, body: &[u8], _: Timestamp) -> Result<Message, Refusal> {
        self.0.check_header(SIGNED, headers, &[b"POST", body])?;
        Ok(read(body))
    }
}

fn read(body: &[u8]) -> Message {
    let kind = serde_json::from_slice::<Value>(body)
        .ok()
        .and_then(|value| text(&value, "/data/meta/event_type"));
    let Some(kind) = kind else {
        return unreadable(body);
    };
    let words = kind.to_lowercase();
    let ends = words.contains("terminat") || words.contains("offboarding");
    // What is terminated has another name in each product; a cancelled termination has one too.
    let certain = kind == "contract.terminated";
    let message = unnumbered(
        body,
        if certain {
            Kind::Termination
        } else {
            Kind::Other(kind)
        },
    );
    message.ask_if(ends.then_some("A contract ends, or that is taken back: look the contract up in Deel for the person and the last day."))
}
