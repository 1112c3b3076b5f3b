//! Cordon's own message about a worker, for HR systems that can be told what to send.
//!
//! ```json
//! {
//!   "type": "worker.terminated",
//!   "timestamp": "2027-03-12T21:00:00Z",
//!   "data": {
//!     "worker_id": "W-1",
//!     "emails": ["w@company.example"],
//!     "display_name": "W",
//!     "effective_at": "2027-03-12T23:00:00Z",
//!     "employment": { "agency": "A", "department": "D", "worker_type": "contractor" }
//!   }
//! }
//! ```
//!
//! `type` is `worker.terminated`, `worker.termination_recalled`, `worker.garden_leave`,
//! `worker.transferred`, `worker.rehired` or anything else, which is kept and not acted on. The first
//! two name a `worker_id` or an address. `effective_at` without a zone means the zone of the
//! configuration, and a date the end of that day; without such a zone a person is asked. `timestamp` is for people: the signed
//! header is the one that counts. It and fields that are not listed are ignored here and stay in
//! the raw bytes.

use jiff::tz::TimeZone;
use serde::Deserialize;

use super::effective::{self, Day, Effective};
use super::{Employment, Kind};
use crate::case::subject::Subject;
use crate::fault::{Fault, Result};
use crate::time::Timestamp;

/// The longest type, worker id, name; the longest address (RFC 5321); the most addresses.
const TEXT_LIMIT: usize = 256;
const ADDRESS_LIMIT: usize = 254;
const ADDRESSES_LIMIT: usize = 16;

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What happened.
    pub kind: Kind,
    /// Whom it is about.
    pub subject: Subject,
    /// When it takes effect.
    pub effective: Option<Timestamp>,
    /// How the person is engaged.
    pub employment: Employment,
    /// What a person has to find out.
    pub lookup: Option<String>,
    /// What had to be assumed.
    pub notes: Vec<String>,
}

#[derive(Deserialize)]
struct Wire {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    data: Data,
}

#[derive(Default, Deserialize)]
struct Data {
    worker_id: Option<String>,
    #[serde(default)]
    emails: Vec<String>,
    display_name: Option<String>,
    effective_at: Option<String>,
    #[serde(default)]
    employment: Engaged,
}

/// As [`Employment`], beside fields that are not read.
#[derive(Default, Deserialize)]
struct Engaged {
    agency: Option<String>,
    department: Option<String>,
    worker_type: Option<String>,
}

/// Reads a message.
///
/// # Errors
/// It is not JSON of that shape, a field is too long or holds control characters, an address is
/// none, a time is none, or a termination or recall names nobody.
pub fn read(body: &[u8], zone: Option<&TimeZone>) -> Result<Message> {
    let wire: Wire = serde_json::from_slice(body).map_err(|error| {
        Fault::input(
            "shape",
            "A worker message does not have the documented shape.",
        )
        .caused_by(error)
    })?;
    let data = wire.data;
    for text in [
        Some(&wire.kind),
        data.worker_id.as_ref(),
        data.display_name.as_ref(),
        data.effective_at.as_ref(),
        data.employment.agency.as_ref(),
        data.employment.department.as_ref(),
        data.employment.worker_type.as_ref(),
    ]
    .into_iter()
    .flatten()
    {
        if text.trim().is_empty() || text.len() > TEXT_LIMIT || text.contains(char::is_control) {
            return Err(Fault::input(
                "field",
                "A field of a worker message is empty, too long or holds control characters.",
            ));
        }
    }
    if data.emails.len() > ADDRESSES_LIMIT || !data.emails.iter().all(|text| is_address(text)) {
        return Err(Fault::input(
            "address",
            "A worker message holds too many addresses, or one that is none.",
        ));
    }
    let kind = match wire.kind.as_str() {
        "worker.terminated" => Kind::Termination,
        "worker.termination_recalled" => Kind::Recall,
        "worker.garden_leave" => Kind::GardenLeave,
        "worker.transferred" => Kind::Transfer,
        "worker.rehired" => Kind::Rehire,
        _ => Kind::Other(wire.kind),
    };
    if matches!(kind, Kind::Termination | Kind::Recall)
        && data.worker_id.is_none()
        && data.emails.is_empty()
    {
        return Err(Fault::input("nobody", "A worker message names nobody."));
    }
    let (effective, lookup) = when(data.effective_at.as_deref(), zone)?;
    Ok(Message {
        kind,
        subject: Subject {
            worker_id: data.worker_id,
            emails: data.emails,
            display_name: data.display_name,
            accounts: Vec::new(),
        },
        effective: effective.as_ref().map(|read| read.at),
        employment: Employment {
            agency: data.employment.agency,
            department: data.employment.department,
            worker_type: data.employment.worker_type,
        },
        lookup,
        notes: effective
            .and_then(|read| read.assumed)
            .into_iter()
            .collect(),
    })
}

/// When it takes effect, or what has to be found out.
fn when(
    written: Option<&str>,
    zone: Option<&TimeZone>,
) -> Result<(Option<Effective>, Option<String>)> {
    let Some(written) = written else {
        return Ok((None, None));
    };
    let utc = TimeZone::UTC;
    match effective::read(written, zone, Day::Last) {
        Some(read) => Ok((Some(read), None)),
        // A time that only lacks its zone.
        None if effective::read(written, Some(&utc), Day::Last).is_some() => {
            let ask = "The time of the change has no zone: set `zone` of this [[webhook]], or open the case by hand.";
            Ok((None, Some(ask.to_owned())))
        }
        None => Err(Fault::input("shape", "`effective_at` is not a time.")),
    }
}

/// Whether `text` could be an address; whether it is one, only its mail server knows.
pub(super) fn is_address(text: &str) -> bool {
    text.len() <= ADDRESS_LIMIT
        && !text.contains(|c: char| c.is_control() || c.is_whitespace())
        && text
            .rsplit_once('@')
            .is_some_and(|(mailbox, host)| !mailbox.is_empty() && !host.is_empty())
}
