//! What an ID token has to say before it is believed: OpenID Connect Core 1.0, section 3.1.3.7.

use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use subtle::ConstantTimeEq as _;

use crate::time::Timestamp;

/// The signatures that are believed: no shared secrets, and never none.
const ALGORITHMS: [Algorithm; 4] = [
    Algorithm::RS256,
    Algorithm::PS256,
    Algorithm::ES256,
    Algorithm::EdDSA,
];

/// How far the provider's clock may be from ours, in seconds.
const SKEW: i64 = 300;
/// The largest token that is looked at, in bytes.
const LARGEST: usize = 16 * 1024;

/// The token names a key that the provider did not have when its keys were fetched.
pub(super) const UNKNOWN_KEY: &str = "the key of the token";

/// What `acr` is at providers that asked for several factors.
const SEVERAL: [&str; 4] = [
    "phr",
    "phrh",
    "http://schemas.openid.net/pape/policies/2007/06/multi-factor",
    "urn:okta:loa:2fa:any",
];

/// What a token has to be about.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client: &'a str,
    pub(super) nonce: &'a str,
    pub(super) now: Timestamp,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// What a token says, as far as it is used.
#[derive(Deserialize)]
pub(super) struct Claims {
    iss: String,
    pub(super) sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: i64,
    iat: i64,
    nbf: Option<i64>,
    nonce: Option<String>,
    email: Option<String>,
    email_verified: Option<serde_json::Value>,
    #[serde(default)]
    amr: Vec<String>,
    acr: Option<String>,
}

impl Claims {
    /// Their address, when it is said to be verified, as a truth value and not as a word.
    pub(super) fn verified_email(&self) -> Option<String> {
        let verified = self.email_verified == Some(serde_json::Value::Bool(true));
        self.email.clone().filter(|_| verified)
    }

    /// Whether the provider says that it asked for several factors (RFC 8176: `mfa`).
    pub(super) fn several_factors(&self) -> bool {
        let acr = self.acr.as_deref().unwrap_or_default();
        self.amr.iter().any(|method| method == "mfa") || SEVERAL.contains(&acr)
    }
}

/// What a token says, once everything about it is right; else what is not.
pub(super) fn check(
    token: &str,
    keys: &[Jwk],
    expected: &Expected<'_>,
) -> Result<Claims, &'static str> {
    if token.len() > LARGEST {
        return Err("the size of the token");
    }
    let header = decode_header(token).map_err(|_| "the head of the token")?;
    if !ALGORITHMS.contains(&header.alg) || header.crit.is_some() {
        return Err("the algorithm of the token");
    }
    // Everything but the signature is checked below, against our clock.
    let mut only_signature = Validation::new(header.alg);
    only_signature.required_spec_claims.clear();
    only_signature.validate_exp = false;
    only_signature.validate_aud = false;
    let mut known = false;
    let mut claims = None;
    for key in keys
        .iter()
        .filter(|key| fits(key, header.kid.as_deref(), header.alg))
    {
        known = true;
        let Ok(key) = DecodingKey::from_jwk(key) else {
            continue;
        };
        if let Ok(data) = decode::<Claims>(token, &key, &only_signature) {
            claims = Some(data.claims);
            break;
        }
    }
    let Some(claims) = claims else {
        let what = "the signature or the shape of the token";
        return Err(if known { what } else { UNKNOWN_KEY });
    };
    match wrong(&claims, expected) {
        Some(what) => Err(what),
        None => Ok(claims),
    }
}

/// Whether a key may have signed: the one that the token names, meant for signatures of this kind.
fn fits(key: &Jwk, named: Option<&str>, algorithm: Algorithm) -> bool {
    let common = &key.common;
    let meant = !matches!(&common.public_key_use, Some(other) if *other != PublicKeyUse::Signature);
    let kind = common
        .key_algorithm
        .is_none_or(|own| own.to_string() == format!("{algorithm:?}"));
    let own = common.key_id.as_deref();
    meant && kind && named.is_none_or(|named| own == Some(named))
}

fn wrong(claims: &Claims, expected: &Expected<'_>) -> Option<&'static str> {
    let now = expected.now.as_second();
    let (ours, several) = match &claims.aud {
        Audience::One(one) => (one == expected.client, false),
        Audience::Several(all) => (all.iter().any(|one| one == expected.client), all.len() > 1),
    };
    let nonce = claims.nonce.as_deref().unwrap_or_default();
    let checks = [
        (claims.iss == expected.issuer, "the issuer of the token"),
        (ours, "the audience of the token"),
        (
            match &claims.azp {
                Some(azp) => azp == expected.client,
                None => !several,
            },
            "the authorized party of the token",
        ),
        (
            claims.exp.saturating_add(SKEW) > now,
            "the end of the token",
        ),
        (
            claims.iat.saturating_sub(now).saturating_abs() <= SKEW,
            "the time of the token",
        ),
        (
            claims.nbf.is_none_or(|nbf| nbf.saturating_sub(now) <= SKEW),
            "the beginning of the token",
        ),
        (
            bool::from(nonce.as_bytes().ct_eq(expected.nonce.as_bytes())),
            "the nonce of the token",
        ),
        (
            !claims.sub.is_empty() && claims.sub.len() <= 255,
            "the subject of the token",
        ),
    ];
    checks
        .into_iter()
        .find(|(right, _)| !right)
        .map(|(_, what)| what)
}
