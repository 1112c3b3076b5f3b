//! HiBob, webhooks version 2: `Bob-Signature`, HMAC-SHA512 of the raw body in base64.
//!
//! `employee.left` comes at midnight of the site on the day it takes effect, for a termination as for
//! the beginning of garden leave; `employee.inactivated` for a termination as for a leave. The body
//! names an employee by id only. So each is laid before a person. The body is not signed with a
//! time: a repetition is known by its bytes. `"Ping test"` must be answered with a 2xx.
//!
//! Sources: apidocs.hibob.com/reference (employee-left, employee-inactivated, getting-started-webhooks)
//! and the public client `bobhr` for the algorithm, read 2026-11.

use http::HeaderMap;
use secrecy::SecretString;
use serde_json::Value;

use super::payload::{text, unnumbered, unreadable};
use super::signature::{Algorithm, Encoding, Keys, Signed};
use super::{Kind, Message, Refusal, Source};
use crate::fault::Result;
use crate::time::Timestamp;

const SIGNED: Signed = Signed {
    header: "bob-signature",
    algorithm: Algorithm::Sha512,
    encoding: Encoding::Base64,
};

/// Messages of HiBob.
#[derive(Debug)]
pub struct HiBob(Keys);

impl HiBob {
    /// With the secrets of its webhooks.
    ///
    /// # Errors
    /// No secret, or an empty one.
    pub fn new(secrets: &[SecretString]) -> Result<Self> {
        Keys::of_text(secrets).map(Self)
    }
}

impl Source for HiBob {
    fn open(&self, headers: &HeaderMap, body: &[u8], _: Timestamp) -> Result<Message, Refusal> {
        self.0.check_header(SIGNED, headers, &[body])?;
        Ok(read(body))
    }
}

fn read(body: &[u8]) -> Message {
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        // The ping may be sent as bare text.
        return match body.trim_ascii() {
            b"Ping test" => unnumbered(body, Kind::Other("ping".to_owned())),
            _ => unreadable(body),
        };
    };
    if value == "Ping test" || text(&value, "/text").as_deref() == Some("Ping test") {
        return unnumbered(body, Kind::Other("ping".to_owned()));
    }
    let Some(kind) = text(&value, "/type") else {
        return unreadable(body);
    };
    let question = match kind.as_str() {
        "employee.left" => Some(
            "A termination or the beginning of garden leave took effect: look the employee up in HiBob.",
        ),
        "employee.inactivated" => {
            Some("The employee is on leave or terminated: look the employee up in HiBob.")
        }
        "employee.access.revoked.immediately" => {
            Some("HR asks that access ends at once: look the employee up in HiBob and act.")
        }
        "employee.deleted" => Some("The record of the employee was deleted. Did the person leave?"),
        _ => None,
    };
    let message = unnumbered(body, Kind::Other(kind)).about(text(&value, "/data/employeeId"));
    message.ask_if(question)
}
