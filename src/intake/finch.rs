//! Finch: the scheme of Standard Webhooks under the names `Finch-Event-ID`, `Finch-Timestamp`,
//! `Finch-Signature`, five minutes in both directions.
//!
//! Body `{"company_id","account_id","connection_id","entity_id","event_type","data":{"individual_id"}}`:
//! it says that something about an individual changed and not what. So a change of an employment is
//! laid before a person.
//!
//! Record: `POST /employer/employment` and `POST /employer/individual` with a bearer token and
//! `Finch-API-Version: 2020-09-17`; `employment_status`, `end_date`, `department.name`, `employment.type`
//! in `responses[0].body`, by the types of the vendor's client. Path and request of `/employer/individual`
//! stand likewise in the vendor's clients and in public code; its `emails[]{data,type}` was not compared
//! with the vendor's description: **not verified**.
//!
//! Source: the client library finch-api 2.9.1 (webhooks), read 2026-11. Nothing was tried against the
//! service.

use http::HeaderMap;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::callback::{Api, Ask, Auth, Record, Status};
use super::employment::Employment;
use super::payload::{address, numbered, text, unreadable};
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

/// How the record of an individual is read.
pub(super) const API: Api = Api {
    auth: Auth::Bearer,
    headers: &[("finch-api-version", "2020-09-17")],
    asks: |individual| {
        let body = json!({ "requests": [{ "individual_id": individual }] });
        vec![
            Ask::post(&["employer", "employment"], body.clone()),
            Ask::post(&["employer", "individual"], body),
        ]
    },
    read: |answers| {
        let body = |answer: Option<&Value>| answer?.pointer("/responses/0/body").cloned();
        let (Some(record), Some(person)) = (body(answers.first()), body(answers.get(1))) else {
            return Record::default();
        };
        let said = text(&record, "/employment_status").unwrap_or_default();
        let status = match said.as_str() {
            "terminated" | "retired" => Status::Ended,
            "leave" => Status::Away,
            "active" | "onboarding" | "prehire" => Status::Employed,
            _ => Status::Unclear,
        };
        let emails = person.pointer("/emails").and_then(Value::as_array);
        let work = emails.into_iter().flatten();
        let work = work.filter(|email| text(email, "/type").as_deref() == Some("work"));
        Record {
            status,
            said,
            emails: work.filter_map(|email| address(email, "/data")).collect(),
            last_day: text(&record, "/end_date"),
            employment: Employment {
                department: text(&record, "/department/name"),
                worker_type: text(&record, "/employment/type"),
                ..Employment::default()
            },
        }
    },
};
