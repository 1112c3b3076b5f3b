//! Gusto: `X-Gusto-Signature`, HMAC-SHA256 of the raw body in lower-case hex.
//!
//! The key is the `verification_token` of the subscription. Body `{"uuid","event_type",
//! "resource_type","resource_uuid","entity_type":"Employee","entity_uuid","timestamp"}`: it names an
//! employee by id only, so that each event is laid before a person. `employee.terminated_effective`,
//! which the vendor's change log calls `employee.termination_effective`, comes the day after the last day
//! at midnight Pacific time. Nothing signs a time beside the body;
//! a repetition has the same `uuid`. The token itself arrives unsigned when the subscription is made
//! and has to be taken from Gusto's side: an unsigned request is refused here.
//!
//! Record: `GET /v1/employees/{uuid}` with a bearer token; `work_email`, `department`, `terminated`,
//! `terminations[].effective_date`, from a client that is generated from the vendor's description
//! (`gusto-api` 0.7). That `X-Gusto-API-Version` has to be one that still holds is the vendor's rule;
//! the version that is sent here is **not verified**.
//!
//! Sources: docs.gusto.com webhooks (events, payload); the encoding from several public clients,
//! read 2026-11.

use http::HeaderMap;
use secrecy::SecretString;
use serde_json::Value;

use super::callback::{Api, Ask, Auth, Record, Status};
use super::employment::Employment;
use super::payload::{address, numbered, text, unreadable};
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
        "employee.terminated_effective" | "employee.termination_effective" => (
            Kind::Termination,
            Some(
                "A termination took effect, the day before or earlier: look the employee up in Gusto.",
            ),
        ),
        "employee.deleted" => (
            Kind::Other(event.clone()),
            Some("An employee was deleted: look up whether a person has left."),
        ),
        "employee.termination_cancelled" => (
            Kind::Recall,
            Some(
                "A termination was taken back: look the employee up in Gusto, and hold or undo the case if there is one.",
            ),
        ),
        "employee.rehired" | "employee.rehire_effective" => (
            Kind::Rehire,
            Some("A person comes back: hold or undo the case if there is one."),
        ),
        _ => (Kind::Other(event.clone()), None),
    };
    let message = numbered(id, kind).about(text(&value, "/entity_uuid"));
    message.ask_if(question)
}

/// How the record of an employee is read.
pub(super) const API: Api = Api {
    auth: Auth::Bearer,
    headers: &[("x-gusto-api-version", "2024-04-01")],
    asks: |employee| vec![Ask::get(&["v1", "employees", employee])],
    read: |answers| {
        let Some(record) = answers.first() else {
            return Record::default();
        };
        let ended = record.pointer("/terminated").and_then(Value::as_bool);
        let terminations = record.pointer("/terminations").and_then(Value::as_array);
        let days = terminations.into_iter().flatten();
        let days = days.filter_map(|one| text(one, "/effective_date"));
        let (status, said) = match ended {
            Some(true) => (Status::Ended, "terminated"),
            Some(false) => (Status::Employed, "not terminated"),
            None => (Status::Unclear, ""),
        };
        Record {
            status,
            said: said.to_owned(),
            emails: address(record, "/work_email").into_iter().collect(),
            // ISO dates: the latest is the largest.
            last_day: days.max(),
            employment: Employment {
                department: text(record, "/department"),
                ..Employment::default()
            },
        }
    },
};
