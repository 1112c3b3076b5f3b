//! Proof of possession (DPoP, RFC 9449): a token that is bound to a key of this process, and a proof
//! by that key beside every call, so that the token alone opens nothing.
//!
//! The key is made when it is first needed and never leaves the process. A proof is good for one
//! attempt: it names the method, the address, the token, the time and a number of its own.

use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde::Serialize;
use url::Url;

use super::Answer;
use crate::canon::Digest;
use crate::fault::{Fault, Result};
use crate::secret::{ExposeSecret, SecretString};
use crate::time::Timestamp;

/// The header of a proof.
pub(super) const PROOF: &str = "dpop";
/// The header of a number that the provider wants to see in the next proof.
const NONCE: &str = "dpop-nonce";
/// The longest such number that is sent back.
const LONGEST_NONCE: usize = 1024;

/// A key of this process and the numbers that were given last.
pub(super) struct Prover {
    key: EncodingKey,
    public: Jwk,
    nonces: Mutex<Nonces>,
}

/// Each server has its own numbers.
#[derive(Default)]
struct Nonces {
    issuer: Option<String>,
    resource: Option<String>,
}

/// Who is called.
#[derive(Debug, Clone, Copy)]
pub(super) enum At<'a> {
    /// The token endpoint.
    Issuer,
    /// An API, with this token.
    Resource(&'a SecretString),
}

#[derive(Serialize)]
struct Claims<'a> {
    htm: &'a str,
    htu: &'a str,
    iat: i64,
    jti: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ath: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
}

impl Prover {
    /// A fresh P-256 key.
    pub(super) fn new() -> Result<Self> {
        let unmade = || Fault::failed("dpop-key", "A key for proofs of possession cannot be made.");
        let random = SystemRandom::new();
        let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
            .map_err(|_| unmade())?;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der.as_ref())
            .map_err(|_| unmade())?;
        // An uncompressed point: 4, x, y.
        let point = pair.public_key().as_ref();
        let (x, y) = point
            .get(1..)
            .and_then(|point| point.split_at_checked(32))
            .ok_or_else(unmade)?;
        let public = serde_json::from_value(serde_json::json!({
            "kty": "EC", "crv": "P-256",
            "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y),
        }))
        .map_err(|_| unmade())?;
        Ok(Self {
            key: EncodingKey::from_ec_der(der.as_ref()),
            public,
            nonces: Mutex::default(),
        })
    }

    /// A new proof for one attempt.
    pub(super) fn proof(
        &self,
        method: &Method,
        url: &Url,
        at: At<'_>,
        now: Timestamp,
    ) -> Result<HeaderValue> {
        // Without query and fragment (RFC 9449, section 4.2).
        let mut bare = url.clone();
        bare.set_query(None);
        bare.set_fragment(None);
        let (ath, nonce) = match at {
            At::Issuer => (None, self.nonces().issuer.clone()),
            At::Resource(token) => {
                let token = Digest::of(token.expose_secret().as_bytes());
                let ath = URL_SAFE_NO_PAD.encode(token.as_bytes());
                (Some(ath), self.nonces().resource.clone())
            }
        };
        let claims = Claims {
            htm: method.as_str(),
            htu: bare.as_str(),
            iat: now.as_second(),
            jti: uuid::Uuid::new_v4().to_string(),
            ath,
            nonce,
        };
        let header = jsonwebtoken::Header {
            typ: Some("dpop+jwt".to_owned()),
            jwk: Some(self.public.clone()),
            ..jsonwebtoken::Header::new(Algorithm::ES256)
        };
        let unsigned = || Fault::failed("dpop-key", "A proof of possession cannot be signed.");
        let proof = jsonwebtoken::encode(&header, &claims, &self.key).map_err(|_| unsigned())?;
        let mut value = HeaderValue::from_str(&proof).map_err(|_| unsigned())?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// Keeps the number that an answer of the token endpoint gives; each answer may give a new one.
    pub(super) fn learn_of_issuer(&self, headers: &HeaderMap) {
        if let Some(given) = given(headers) {
            self.nonces().issuer = Some(given);
        }
    }

    /// As [`Self::learn_of_issuer`], of an API.
    pub(super) fn learn_of_resource(&self, headers: &HeaderMap) {
        if let Some(given) = given(headers) {
            self.nonces().resource = Some(given);
        }
    }

    fn nonces(&self) -> MutexGuard<'_, Nonces> {
        self.nonces.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn given(headers: &HeaderMap) -> Option<String> {
    let given = headers.get(NONCE)?.to_str().ok()?;
    (given.len() <= LONGEST_NONCE).then(|| given.to_owned())
}

/// Whether a resource refused a call only because the proof lacks its number (RFC 9449, section 9):
/// certainly not carried out, and the next proof will have it.
pub(super) fn wants_nonce(answer: &Answer) -> bool {
    answer.status == StatusCode::UNAUTHORIZED
        && answer.headers.contains_key(NONCE)
        && answer
            .headers
            .get_all(header::WWW_AUTHENTICATE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .any(|challenge| challenge.contains("use_dpop_nonce"))
}
