//! BambooHR: HMAC-SHA256 of the raw body followed by the timestamp header, in hex.
//!
//! Headers `X-BambooHR-Signature` and `X-BambooHR-Timestamp`; the key is the `privateKey` that is
//! shown once, when the webhook is made. Body `{"type","timestamp","data":{"companyId","employeeId",
//! "changedFields"}}`: it names an employee by number only, and there is no event for the end of an
//! employment. So nothing follows by itself: a change of a status is laid before a person.
//!
//! A 4xx is never sent again and a 5xx five times within 155 minutes, so that whatever is signed is
//! kept, and a timestamp may be three hours old: whether a repetition is signed anew is not said.
//!
//! Record: `GET /api/v1/employees/{id}?fields=…` below `https://COMPANY.bamboohr.com`, the API key as the
//! user of HTTP basic authentication; `status`, `employmentHistoryStatus`, `terminationDate`,
//! `workEmail`, `department`. That a missing date is `0000-00-00`, and that the `status` of a leaver is
//! `Inactive`, is **not verified**. A leave, a transfer and a return cannot be told apart by these.
//!
//! Sources: documentation.bamboohr.com/docs/webhooks; the order of body and timestamp from its PHP
//! sample as public clients quote it; read 2026-11, not tried against the service.

use http::HeaderMap;
use jiff::SignedDuration;
use secrecy::SecretString;
use serde_json::Value;

use super::callback::{Api, Ask, Auth, Record, Status};
use super::employment::Employment;
use super::payload::{address, text, unnumbered, unreadable};
use super::signature::{Algorithm, Encoding, Keys, Signed, TOLERANCE, only, seconds, timely};
use super::{Kind, Message, Refusal, Source};
use crate::fault::Result;
use crate::time::Timestamp;

const SIGNED: Signed = Signed {
    header: "x-bamboohr-signature",
    algorithm: Algorithm::Sha256,
    encoding: Encoding::Hex,
};
const TIMESTAMP: &str = "x-bamboohr-timestamp";

/// How late a repetition may be.
const LATE: SignedDuration = SignedDuration::from_hours(3);

/// Messages of BambooHR.
#[derive(Debug)]
pub struct BambooHr(Keys);

impl BambooHr {
    /// With the private keys of its webhooks.
    ///
    /// # Errors
    /// No key, or an empty one.
    pub fn new(secrets: &[SecretString]) -> Result<Self> {
        Keys::of_text(secrets).map(Self)
    }
}

impl Source for BambooHr {
    fn open(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<Message, Refusal> {
        let stamp = only(headers, TIMESTAMP, TIMESTAMP)?;
        self.0
            .check_header(SIGNED, headers, &[body, stamp.as_bytes()])?;
        // Only a number of seconds is known of; another form is signed all the same and kept.
        let signed_at = seconds(stamp);
        if let Some(at) = signed_at {
            timely(at, now, LATE, TOLERANCE)?;
        }
        Ok(read(body).signed(signed_at))
    }
}

fn read(body: &[u8]) -> Message {
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        return unreadable(body);
    };
    let Some(kind) = text(&value, "/type") else {
        return unreadable(body);
    };
    let employee = text(&value, "/data/employeeId");
    let changed = value.pointer("/data/changedFields");
    let status = changed.and_then(Value::as_array).is_some_and(|fields| {
        let names = fields.iter().filter_map(Value::as_str);
        names
            .map(str::to_lowercase)
            .any(|name| name.contains("status") || name.contains("terminat"))
    });
    let question = match kind.as_str() {
        "employee.deleted" => Some("The record of the employee was deleted. Did the person leave?"),
        _ if status => Some(
            "The employment status changed. Look the employee up in BambooHR: an end, a leave, a transfer and a return look the same here.",
        ),
        _ => None,
    };
    let message = unnumbered(body, Kind::Other(kind)).about(employee);
    message.ask_if(question)
}

/// How the record of an employee is read.
pub(super) const API: Api = Api {
    auth: Auth::BasicUser,
    headers: &[],
    asks: |employee| {
        vec![Ask::get(&["api", "v1", "employees", employee]).with(
            "fields",
            "status,employmentHistoryStatus,terminationDate,workEmail,department",
        )]
    },
    read: |answers| {
        let Some(record) = answers.first() else {
            return Record::default();
        };
        let said = text(record, "/employmentHistoryStatus").unwrap_or_default();
        let ended = said.eq_ignore_ascii_case("terminated");
        let status = match text(record, "/status").unwrap_or_default().as_str() {
            _ if ended => Status::Ended,
            "Inactive" => Status::Ended,
            "Active" => Status::Employed,
            _ => Status::Unclear,
        };
        Record {
            status,
            emails: address(record, "/workEmail").into_iter().collect(),
            last_day: text(record, "/terminationDate").filter(|day| day != "0000-00-00"),
            employment: Employment {
                department: text(record, "/department"),
                worker_type: Some(said.clone()).filter(|said| !ended && !said.is_empty()),
                ..Employment::default()
            },
            said,
        }
    },
};
