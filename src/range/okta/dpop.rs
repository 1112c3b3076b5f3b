//! Proofs of possession, checked as RFC 9449, section 4.3, asks.

use axum::http::{HeaderMap, Method, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;

use super::Org;
use crate::canon::Digest;
use crate::time::Timestamp;

/// How old a proof may be, seconds.
const FRESH: i64 = 60;

/// What is wrong with a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unproven {
    Missing,
    Bad(&'static str),
    /// Good, but without the number that was given last.
    Nonce,
}

#[derive(Deserialize)]
struct Claims {
    htm: String,
    htu: String,
    iat: i64,
    jti: String,
    ath: Option<String>,
    nonce: Option<String>,
}

impl Org {
    /// The thumbprint of the key that proves itself for this call, and for this token.
    pub(super) fn possession(
        &mut self,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
        token: Option<&str>,
        now: Timestamp,
    ) -> Result<String, Unproven> {
        let mut proofs = headers.get_all("dpop").iter();
        let proof = proofs.next().ok_or(Unproven::Missing)?;
        if proofs.next().is_some() {
            return Err(Unproven::Bad("There is more than one proof."));
        }
        let proof = proof.to_str().map_err(|_| Unproven::Bad("Not a JWT."))?;
        let (key, claims) = opened(proof)?;
        let host = headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok());
        let here = format!("http://{}{path}", host.unwrap_or_default());
        let ath =
            token.map(|token| URL_SAFE_NO_PAD.encode(Digest::of(token.as_bytes()).as_bytes()));
        let faults = [
            (claims.htm != method.as_str(), "htm is another method."),
            (claims.htu != here, "htu is another address."),
            (
                (claims.iat - now.as_second()).abs() > FRESH,
                "iat is not now.",
            ),
            (claims.ath != ath, "ath is another token."),
            (claims.jti.is_empty(), "jti is missing."),
        ];
        if let Some((_, about)) = faults.into_iter().find(|(wrong, _)| *wrong) {
            return Err(Unproven::Bad(about));
        }
        if !self.proofs.insert(claims.jti) {
            return Err(Unproven::Bad("jti was used before."));
        }
        let asked = match token {
            None => Some(self.nonce.clone()),
            Some(_) => self.faults.resource_nonce.clone(),
        };
        if asked.is_some_and(|asked| asked.is_empty() || claims.nonce != Some(asked)) {
            return Err(Unproven::Nonce);
        }
        Ok(key.thumbprint(ThumbprintHash::SHA256))
    }

    /// A new number for proofs at the token endpoint.
    pub(super) fn fresh_nonce(&mut self) -> String {
        self.nonce = self.number("nonce");
        self.nonce.clone()
    }
}

/// The key in a proof, and the claims that it signed.
fn opened(proof: &str) -> Result<(Jwk, Claims), Unproven> {
    let head = decode_header(proof).map_err(|_| Unproven::Bad("Not a JWT."))?;
    if head.typ.as_deref() != Some("dpop+jwt") || head.alg != Algorithm::ES256 {
        return Err(Unproven::Bad("typ or alg is wrong."));
    }
    let key = head.jwk.ok_or(Unproven::Bad("There is no jwk."))?;
    let verifier = DecodingKey::from_jwk(&key).map_err(|_| Unproven::Bad("The jwk is no key."))?;
    let mut validation = Validation::new(Algorithm::ES256);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    let claims = decode::<Claims>(proof, &verifier, &validation)
        .map_err(|_| Unproven::Bad("The signature is not the key's."))?
        .claims;
    Ok((key, claims))
}
