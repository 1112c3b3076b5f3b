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
//!     "effective_at": "2027-03-12T23:00:00Z"
//!   }
//! }
//! ```
//!
//! `type` is `worker.terminated`, `worker.termination_recalled` or anything else, which is kept and
//! not acted on. The first two name a `worker_id` or an address. `timestamp` is for people: the signed
//! header is the one that counts. It and fields that are not listed are ignored here and stay in
//! the raw bytes.

use serde::Deserialize;

use super::Kind;
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
    effective_at: Option<Timestamp>,
}

/// Reads a message.
///
/// # Errors
/// It is not JSON of that shape, a field is too long or holds control characters, an address is
/// none, or a termination or recall names nobody.
pub fn read(body: &[u8]) -> Result<Message> {
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
        _ => Kind::Other(wire.kind),
    };
    if !matches!(kind, Kind::Other(_)) && data.worker_id.is_none() && data.emails.is_empty() {
        return Err(Fault::input("nobody", "A worker message names nobody."));
    }
    Ok(Message {
        kind,
        subject: Subject {
            worker_id: data.worker_id,
            emails: data.emails,
            display_name: data.display_name,
            accounts: Vec::new(),
        },
        effective: data.effective_at,
    })
}

/// Whether `text` could be an address; whether it is one, only its mail server knows.
pub(super) fn is_address(text: &str) -> bool {
    text.len() <= ADDRESS_LIMIT
        && !text.contains(|c: char| c.is_control() || c.is_whitespace())
        && text
            .rsplit_once('@')
            .is_some_and(|(mailbox, host)| !mailbox.is_empty() && !host.is_empty())
}
