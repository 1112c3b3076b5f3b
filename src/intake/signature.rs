//! Shared secrets over raw bytes: keys, encodings, and comparison in constant time.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use http::{HeaderMap, HeaderName};
use jiff::SignedDuration;
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};
use serde::Deserialize;
use sha2::{Digest as _, Sha256, Sha512};
use subtle::{Choice, ConstantTimeEq as _};

use super::Refusal;
use crate::fault::{Fault, Result};
use crate::time::Timestamp;

/// How far the sender's clock may be off.
pub const TOLERANCE: SignedDuration = SignedDuration::from_secs(300);

/// The most signatures of one request that are looked at.
pub(super) const SIGNATURES_LIMIT: usize = 32;

const ANY_PADDING: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// Base64 with and without padding: secrets are handed out as both.
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, ANY_PADDING);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, ANY_PADDING);

/// The hash of an HMAC.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    /// HMAC-SHA256.
    #[default]
    Sha256,
    /// HMAC-SHA512.
    Sha512,
}

/// How bytes are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// Hexadecimal, either case.
    #[default]
    Hex,
    /// Base64, with or without padding.
    Base64,
    /// Base64 for URLs, with or without padding.
    Base64Url,
}

impl Encoding {
    /// The bytes that `text` writes.
    pub fn decode(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Self::Hex => unhex(text),
            Self::Base64 => STANDARD.decode(text).ok(),
            Self::Base64Url => URL_SAFE.decode(text).ok(),
        }
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let bytes = text.as_bytes();
    if !bytes.len().is_multiple_of(2) {
        return None;
    }
    bytes
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => u8::try_from(digit(*high)? * 16 + digit(*low)?).ok(),
            _ => None,
        })
        .collect()
}

/// The one header of a sender that holds its one signature.
#[derive(Debug, Clone, Copy)]
pub(super) struct Signed {
    pub(super) header: &'static str,
    pub(super) algorithm: Algorithm,
    pub(super) encoding: Encoding,
}

/// The secrets of a source; several, so that one can be changed without a gap.
#[derive(Debug)]
pub struct Keys(Vec<SecretSlice<u8>>);

impl Keys {
    /// Secrets whose text is the key.
    ///
    /// # Errors
    /// No secret, or an empty one.
    pub fn of_text(secrets: &[SecretString]) -> Result<Self> {
        let bytes = |secret: &SecretString| Some(secret.expose_secret().as_bytes().to_vec());
        Self::of(secrets, bytes, "is empty")
    }

    /// Secrets that are written in an encoding.
    ///
    /// # Errors
    /// No secret, or one that is not written like that or has no bytes. Its text is not repeated.
    pub fn of_encoded(secrets: &[SecretString], encoding: Encoding) -> Result<Self> {
        let bytes = |secret: &SecretString| encoding.decode(secret.expose_secret());
        Self::of(
            secrets,
            bytes,
            "is not written in its encoding, or is empty",
        )
    }

    fn of(
        secrets: &[SecretString],
        bytes: impl Fn(&SecretString) -> Option<Vec<u8>>,
        otherwise: &str,
    ) -> Result<Self> {
        if secrets.is_empty() {
            return Err(Fault::input(
                "webhook-secret",
                "A webhook source has no secret.",
            ));
        }
        let keys = secrets.iter().map(|secret| {
            let bytes = bytes(secret).filter(|bytes| !bytes.is_empty());
            bytes.map(SecretSlice::from).ok_or_else(|| {
                Fault::input("webhook-secret", format!("A webhook secret {otherwise}."))
                    .hint("copy the whole secret as the sender shows it, without a line end")
            })
        });
        Ok(Self(keys.collect::<Result<_>>()?))
    }

    /// Whether one of the signatures is that of `parts`, one after the other, under one of the keys.
    ///
    /// Every pair is compared, so that the time says nothing about which one matched.
    ///
    /// # Errors
    /// [`Refusal::NoMatch`].
    pub fn check(
        &self,
        algorithm: Algorithm,
        parts: &[&[u8]],
        signatures: &[Vec<u8>],
    ) -> Result<(), Refusal> {
        let mut found = Choice::from(0);
        for key in &self.0 {
            let expected = mac(algorithm, key.expose_secret(), parts).ok_or(Refusal::NoMatch)?;
            for signature in signatures.iter().take(SIGNATURES_LIMIT) {
                found |= expected.as_slice().ct_eq(signature);
            }
        }
        bool::from(found).then_some(()).ok_or(Refusal::NoMatch)
    }

    /// Whether the one signature in a header is that of `parts`, one after the other.
    ///
    /// # Errors
    /// [`Refusal::Header`], [`Refusal::NoMatch`].
    pub(super) fn check_header(
        &self,
        signed: Signed,
        headers: &HeaderMap,
        parts: &[&[u8]],
    ) -> Result<(), Refusal> {
        let text = only(headers, signed.header, signed.header)?;
        let signature = signed.encoding.decode(text).ok_or(Refusal::NoMatch)?;
        self.check(signed.algorithm, parts, &[signature])
    }

    /// Whether `text` is one of the secrets itself, for senders that sign nothing. Digests are
    /// compared, so that not even the length is told.
    ///
    /// # Errors
    /// [`Refusal::NoMatch`].
    pub fn check_equal(&self, text: &str) -> Result<(), Refusal> {
        let given = Sha256::digest(text.as_bytes());
        let found = self.0.iter().fold(Choice::from(0), |found, key| {
            found | Sha256::digest(key.expose_secret()).ct_eq(&given)
        });
        bool::from(found).then_some(()).ok_or(Refusal::NoMatch)
    }
}

/// A secret that stands in a header itself, for senders that sign nothing.
#[derive(Debug)]
pub(super) struct Carried {
    keys: Keys,
    pub(super) header: HeaderName,
}

impl Carried {
    /// With the values that the header may have.
    ///
    /// # Errors
    /// No value, an empty one, or a name that no header has.
    pub(super) fn new(secrets: &[SecretString], header: &str) -> Result<Self> {
        let keys = Keys::of_text(secrets)?;
        let header = HeaderName::try_from(header).map_err(|error| {
            Fault::input("webhook", "`header` is not the name of a header.").caused_by(error)
        })?;
        Ok(Self { keys, header })
    }

    /// Whether the header stands there once and holds one of the values.
    ///
    /// # Errors
    /// [`Refusal::Header`], [`Refusal::NoMatch`].
    pub(super) fn check(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let given = only(headers, self.header.as_str(), "the configured one")?;
        self.keys.check_equal(given)
    }
}

/// The HMAC of `parts`, one after the other.
pub(super) fn mac(algorithm: Algorithm, key: &[u8], parts: &[&[u8]]) -> Option<Vec<u8>> {
    match algorithm {
        Algorithm::Sha256 => mac_with::<Hmac<Sha256>>(key, parts),
        Algorithm::Sha512 => mac_with::<Hmac<Sha512>>(key, parts),
    }
}

fn mac_with<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]]) -> Option<Vec<u8>> {
    let mut mac = <M as Mac>::new_from_slice(key).ok()?;
    for part in parts {
        mac.update(part);
    }
    Some(mac.finalize().into_bytes().to_vec())
}

/// The header, if it stands there once and as visible ASCII.
///
/// # Errors
/// [`Refusal::Header`] under the name `shown`.
pub fn only<'a>(
    headers: &'a HeaderMap,
    name: &str,
    shown: &'static str,
) -> Result<&'a str, Refusal> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().map_err(|_| Refusal::Header(shown)),
        _ => Err(Refusal::Header(shown)),
    }
}

/// Seconds since 1970 in digits only: no sign, no fraction, no space.
pub fn seconds(text: &str) -> Option<Timestamp> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Timestamp::from_second(text.parse().ok()?).ok()
}

/// Whether a message that was signed `at` may arrive `now`.
///
/// # Errors
/// [`Refusal::TooOld`] after `late`, [`Refusal::TooNew`] before `ahead`.
pub fn timely(
    at: Timestamp,
    now: Timestamp,
    late: SignedDuration,
    ahead: SignedDuration,
) -> Result<(), Refusal> {
    let age = now.duration_since(at);
    if age > late {
        return Err(Refusal::TooOld);
    }
    if age < -ahead {
        return Err(Refusal::TooNew);
    }
    Ok(())
}
