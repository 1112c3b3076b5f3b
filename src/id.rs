//! Neutral identifiers: a prefix that says what it is, and 26 characters of Crockford base 32.
//!
//! Cases, evidence, notices and contacts take a UUIDv7 (sortable by time). Doors take the SHA-256 of
//! what they are, so that finding the same door again gives the same id.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::canon::Digest;
use crate::fault::{Fault, Result};

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// 128 bits as 26 characters, most significant first.
fn base32(bits: u128) -> String {
    (0..26)
        .rev()
        .map(|place| {
            let index = usize::try_from((bits >> (place * 5)) & 31).unwrap_or_default();
            char::from(ALPHABET.get(index).copied().unwrap_or(b'0'))
        })
        .collect()
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// What every id of this kind begins with.
            pub const PREFIX: &str = $prefix;

            /// A fresh id that sorts by the time of its making.
            pub fn fresh() -> Self {
                Self(format!("{}{}", $prefix, base32(uuid::Uuid::now_v7().as_u128())))
            }

            /// The id that belongs to these parts; the same parts give the same id.
            pub fn of(parts: &[&str]) -> Self {
                let digest = Digest::of(parts.join("\u{1f}").as_bytes());
                let half = digest.as_bytes().first_chunk::<16>().copied().unwrap_or_default();
                Self(format!("{}{}", $prefix, base32(u128::from_be_bytes(half))))
            }

            /// The text form.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = Fault;

            fn from_str(text: &str) -> Result<Self> {
                match text.strip_prefix($prefix) {
                    Some(rest) if rest.len() == 26 && rest.bytes().all(|b| ALPHABET.contains(&b)) => {
                        Ok(Self(text.to_owned()))
                    }
                    _ => Err(Fault::input("id", format!("`{}` is not an id of the form `{}…`.", text.escape_debug(), $prefix))),
                }
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let pattern = format!("^{}[{}]{{26}}$", $prefix, "0-9a-hjkmnp-tv-z");
                schemars::json_schema!({ "type": "string", "pattern": pattern })
            }
        }

        impl TryFrom<String> for $name {
            type Error = Fault;

            fn try_from(text: String) -> Result<Self> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    )+};
}

ids! {
    /// One departure under review.
    CaseId = "case_";
    /// One item of evidence.
    EvidenceId = "ev_";
    /// One way in.
    DoorId = "door_";
    /// One draft to someone.
    NoticeId = "notice_";
    /// One message to or from whoever makes demands.
    ContactId = "contact_";
    /// One deadline.
    ClockId = "clock_";
    /// One instant that a person recorded.
    InstantId = "instant_";
    /// What counsel determined on a sanctions hold.
    DeterminationId = "determination_";
    /// Somebody whom a case may be about too.
    LeadId = "lead_";
}
