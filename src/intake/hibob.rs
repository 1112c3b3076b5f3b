//! HiBob, webhooks version 2: `Bob-Signature`, HMAC-SHA512 of the raw body in base64.
//!
//! `employee.left` comes at midnight of the site on the day it takes effect, for a termination as for
//! the beginning of garden leave; `employee.inactivated` for a termination as for a leave. The body
//! names an employee by id only. So each is laid before a person. The body is not signed with a
//! time: a repetition is known by its bytes. `"Ping test"` must be answered with a 2xx.
//!
//! Record: `POST /v1/people/{id}` with a service user's `id:token`; fields are asked for with dots and
//! answered with slashes (`"/internal/terminationDate": {"value": …}`). `internal.lifecycleStatus` is
//! `employed`, `garden leave`, `terminated` or a kind of leave, as public clients quote it: **not
//! verified** against the service.
//!
//! Sources: apidocs.hibob.com/reference (employee-left, employee-inactivated, getting-started-webhooks)
//! and the public client `bobhr` for the algorithm, read 2026-11.

use http::HeaderMap;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::callback::{Api, Ask, Auth, Record, Status};
use super::employment::Employment;
use super::payload::{address, text, unnumbered, unreadable};
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

/// How the record of an employee is read.
pub(super) const API: Api = Api {
    auth: Auth::Basic,
    headers: &[],
    asks: |employee| {
        let fields = json!({ "fields": [
            "root.id", "root.email", "internal.lifecycleStatus", "internal.terminationDate",
            "work.department", "payroll.employment.type",
        ] });
        vec![Ask::post(&["v1", "people", employee], fields)]
    },
    read: |answers| {
        let Some(record) = answers.first() else {
            return Record::default();
        };
        let said = text(record, "/~1internal~1lifecycleStatus/value").unwrap_or_default();
        let status = match said.to_lowercase().as_str() {
            "terminated" => Status::Ended,
            "garden leave" => Status::Released,
            "employed" => Status::Employed,
            leave if leave.contains("leave") => Status::Away,
            _ => Status::Unclear,
        };
        Record {
            status,
            said,
            emails: address(record, "/~1root~1email/value")
                .into_iter()
                .collect(),
            last_day: text(record, "/~1internal~1terminationDate/value"),
            employment: Employment {
                department: text(record, "/~1work~1department/value"),
                worker_type: text(record, "/~1payroll~1employment~1type/value"),
                ..Employment::default()
            },
        }
    },
};
