//! Signatures of the Standard Webhooks specification, version 1 (symmetric).
//!
//! `webhook-signature` lists `v1,<base64 of HMAC-SHA256(key, id.timestamp.body)>`, separated by
//! spaces, so that a sender can sign with an old and a new secret at once. Other versions are
//! skipped. The timestamp may be 300 s off in either direction. What is signed is the header as
//! received, never a number made of it. Source: standard-webhooks/standard-webhooks, spec and
//! reference libraries, read 2026-11.
//!
//! A good signature says nothing about a message that was sent before: see [`super::Inbox`].

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use hmac::{Hmac, Mac};
use http::HeaderMap;
use jiff::SignedDuration;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

use crate::fault::{Fault, Result};
use crate::time::Timestamp;

/// How far the sender's clock may be off.
pub const TOLERANCE: SignedDuration = SignedDuration::from_secs(300);

/// Secrets are handed out with and without padding; the reference libraries take both.
const SECRET_BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The longest id, and the most signatures that are looked at.
const ID_LIMIT: usize = 256;
const SIGNATURES_LIMIT: usize = 32;

/// A message whose signature is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The sender's id of the message.
    pub id: String,
    /// When it was signed.
    pub timestamp: Timestamp,
}

/// Why a message is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A header is missing, stands twice or cannot be read.
    #[error("the header `{0}` is missing, stands twice or cannot be read")]
    Header(&'static str),
    /// Signed more than [`TOLERANCE`] ago.
    #[error("it was signed too long ago")]
    TooOld,
    /// Signed more than [`TOLERANCE`] ahead of our clock.
    #[error("it was signed too far in the future")]
    TooNew,
    /// No signature belongs to any of the secrets.
    #[error("no signature belongs to a known secret")]
    NoMatch,
}

impl Refusal {
    /// A stable word for answers and logs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Header(_) => "header",
            Self::TooOld => "too-old",
            Self::TooNew => "too-new",
            Self::NoMatch => "signature",
        }
    }
}

/// Checks messages against one or more secrets, so that a secret can be changed without a gap.
#[derive(Debug)]
pub struct Verifier {
    keys: Vec<SecretSlice<u8>>,
}

impl Verifier {
    /// From secrets of the form `whsec_<base64>`; the prefix may be missing.
    ///
    /// # Errors
    /// No secret, or one that is not base64 or has no bytes. Its text is not repeated.
    pub fn new(secrets: &[SecretString]) -> Result<Self> {
        if secrets.is_empty() {
            return Err(Fault::input(
                "webhook-secret",
                "A webhook source has no secret.",
            ));
        }
        let keys = secrets.iter().map(key).collect::<Result<_>>()?;
        Ok(Self { keys })
    }

    /// Whether `body` was signed with one of the secrets, near `now`.
    ///
    /// # Errors
    /// Why it is not believed.
    pub fn verify(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Verified, Refusal> {
        let id = only(headers, "webhook-id")?;
        let stamp = only(headers, "webhook-timestamp")?;
        let signatures = only(headers, "webhook-signature")?;
        if id.is_empty() || id.len() > ID_LIMIT {
            return Err(Refusal::Header("webhook-id"));
        }
        let timestamp = seconds(stamp).ok_or(Refusal::Header("webhook-timestamp"))?;
        let age = now.duration_since(timestamp);
        if age > TOLERANCE {
            return Err(Refusal::TooOld);
        }
        if age < -TOLERANCE {
            return Err(Refusal::TooNew);
        }
        let given: Vec<Vec<u8>> = signatures
            .split(' ')
            .filter_map(|signature| signature.strip_prefix("v1,"))
            .take(SIGNATURES_LIMIT)
            .filter_map(|text| STANDARD.decode(text).ok())
            .collect();
        // Every pair is compared, so that the time says nothing about which one matched.
        let mut found = Choice::from(0);
        for key in &self.keys {
            let expected = mac(key, id, stamp, body).ok_or(Refusal::NoMatch)?;
            for signature in &given {
                found |= expected.as_slice().ct_eq(signature);
            }
        }
        if bool::from(found) {
            Ok(Verified {
                id: id.to_owned(),
                timestamp,
            })
        } else {
            Err(Refusal::NoMatch)
        }
    }
}

/// The value of `webhook-signature` for a message, as a sender makes it.
///
/// # Errors
/// A secret that is not base64 or has no bytes.
pub fn sign(secret: &SecretString, id: &str, at: Timestamp, body: &[u8]) -> Result<String> {
    let key = key(secret)?;
    mac(&key, id, &at.as_second().to_string(), body)
        .map(|mac| format!("v1,{}", STANDARD.encode(mac)))
        .ok_or_else(bad_secret)
}

fn mac(key: &SecretSlice<u8>, id: &str, stamp: &str, body: &[u8]) -> Option<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.expose_secret()).ok()?;
    for part in [id.as_bytes(), b".", stamp.as_bytes(), b".", body] {
        mac.update(part);
    }
    Some(mac.finalize().into_bytes().into())
}

fn key(secret: &SecretString) -> Result<SecretSlice<u8>> {
    let text = secret.expose_secret();
    let bytes = SECRET_BASE64
        .decode(text.strip_prefix("whsec_").unwrap_or(text))
        .map_err(|_| bad_secret())?;
    if bytes.is_empty() {
        return Err(bad_secret());
    }
    Ok(bytes.into())
}

fn bad_secret() -> Fault {
    Fault::input(
        "webhook-secret",
        "A webhook secret is not base64 or holds no bytes.",
    )
    .hint("copy the whole secret, `whsec_` included, without a line end")
}

/// The header, if it stands there once and as visible ASCII.
fn only<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, Refusal> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().map_err(|_| Refusal::Header(name)),
        _ => Err(Refusal::Header(name)),
    }
}

/// Digits only: no sign, no fraction, no space.
fn seconds(text: &str) -> Option<Timestamp> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Timestamp::from_second(text.parse().ok()?).ok()
}
