//! Personio: signs nothing that is documented; a token of yours comes with each message.
//!
//! A webhook is made with a `token` "sent with each call". **The name of its header is not in the
//! vendor's documentation**: public code that names `X-Personio-Signature` and an HMAC contradicts
//! itself and names no source. So `header` has to be configured, from a test delivery, and nothing is
//! guessed. Should your account sign with an HMAC, describe it with the kind `generic`.
//!
//! Body, by the published JSON schema: `company_id`, `event_name`, `occurred_at`, `payload`, `meta`.
//! What `payload` holds "varies per event type" and is dataless; `/payload/person/id`,
//! `/payload/person_id` and, for events of a person, `/payload/id` are looked at and are **not
//! verified**. `employment.terminated` comes on the day it happens. A message must be answered with a
//! 2xx within 3 s; it is repeated for up to 3 days, so that word of last week may come after a return.
//!
//! Record: `GET /v2/persons/{id}` and `GET /v2/persons/{id}/employments` (the newest first), with a
//! token of `POST /v2/auth/token` (client credentials; that grant alone exists in v2 by the vendor's
//! discussions; the description of this call, its path and its fields, was not opened: **not
//! verified**). `status`, `type`, `employment_end_date`,
//! `termination.termination_date`, `termination.type` (`SUB_COMPANY_SWITCH` is a move within the
//! group, `IRREVOCABLE_SUSPENSION` a release from work), `org_units`, `email` of a person: as a public
//! client has them, which names the vendor's description as its source; that was not compared. A
//! department is an id there.
//!
//! Sources: developer.personio.de/v2.0/reference/webhooks, its changelog of `employment.terminated`,
//! read 2026-11; the descriptions `employment-contract-v2` and `persons-service-api-v2` by way of that
//! client. Nothing was tried against the service.

use http::{HeaderMap, HeaderName};
use secrecy::SecretString;
use serde_json::Value;

use super::callback::{Api, Ask, Auth, Record, Status};
use super::employment::Employment;
use super::payload::{address, text, unnumbered, unreadable};
use super::signature::Carried;
use super::{Kind, Message, Refusal, Source};
use crate::fault::{Fault, Result};
use crate::time::Timestamp;

/// Messages of Personio.
#[derive(Debug)]
pub struct Personio(Carried);

impl Personio {
    /// With the tokens of its webhooks and the name of the header that carries them.
    ///
    /// # Errors
    /// No header, a name that no header has, no token, or an empty one.
    pub fn new(secrets: &[SecretString], header: Option<&str>) -> Result<Self> {
        let header = header.ok_or_else(|| {
            Fault::input(
                "webhook",
                "The kind `personio` needs `header`: which one carries the token is not documented.",
            )
            .hint("make a test delivery to an address of yours, and look at its headers")
        })?;
        Carried::new(secrets, header).map(Self)
    }
}

impl Source for Personio {
    fn open(&self, headers: &HeaderMap, body: &[u8], _: Timestamp) -> Result<Message, Refusal> {
        self.0.check(headers)?;
        Ok(read(body))
    }

    fn secret_headers(&self) -> Vec<HeaderName> {
        vec![self.0.header.clone()]
    }
}

fn read(body: &[u8]) -> Message {
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        return unreadable(body);
    };
    let Some(event) = text(&value, "/event_name") else {
        return unreadable(body);
    };
    let person = text(&value, "/payload/person/id")
        .or_else(|| text(&value, "/payload/person_id"))
        .or_else(|| text(&value, "/payload/id").filter(|_| event.starts_with("person.")));
    let question = match event.as_str() {
        "employment.terminated" => {
            Some("An employment ended, or moved within the group: look the person up in Personio.")
        }
        "employment.deleted" | "person.deleted" => {
            Some("A record was deleted. Did the person leave?")
        }
        "employment.updated" => Some(
            "An employment changed: look the person up in Personio. An end, a leave and a return look the same here.",
        ),
        _ => None,
    };
    let message = unnumbered(body, Kind::Other(event)).about(person);
    message.ask_if(question)
}

/// How the record of a person is read.
pub(super) const API: Api = Api {
    auth: Auth::ClientCredentials("/v2/auth/token"),
    headers: &[],
    asks: |person| {
        vec![
            Ask::get(&["v2", "persons", person]),
            Ask::get(&["v2", "persons", person, "employments"]),
        ]
    },
    read: |answers| {
        let (Some(person), Some(listed)) = (answers.first(), answers.get(1)) else {
            return Record::default();
        };
        // The newest stands first; an earlier one that ended says nothing of today.
        let Some(newest) = listed.pointer("/_data/0") else {
            return Record::default();
        };
        let ended = text(newest, "/termination/type").unwrap_or_default();
        let said = text(newest, "/status").unwrap_or_default();
        let last_day = text(newest, "/employment_end_date")
            .or_else(|| text(newest, "/termination/termination_date"));
        let status = match (ended.as_str(), said.as_str()) {
            ("SUB_COMPANY_SWITCH", _) => Status::Moved,
            ("IRREVOCABLE_SUSPENSION", "ACTIVE" | "LEAVE") => Status::Released,
            (_, "INACTIVE") => Status::Ended,
            (_, "LEAVE") => Status::Away,
            (_, "ACTIVE" | "ONBOARDING") => Status::Employed,
            _ => Status::Unclear,
        };
        Record {
            status,
            said,
            emails: address(person, "/email").into_iter().collect(),
            last_day,
            employment: Employment {
                worker_type: text(newest, "/type"),
                ..Employment::default()
            },
        }
    },
};
