//! PGP/MIME: an OpenPGP message (RFC 9580, with the integrity protection that every receiver reads),
//! AES-256. Public keys only: nothing here can decrypt or sign.

use pgp::composed::{ArmorOptions, Deserializable as _, MessageBuilder, SignedPublicKey};
use pgp::crypto::sym::SymmetricKeyAlgorithm;
use pgp::packet::{Signature, SignatureType};
use pgp::types::KeyDetails as _;
use rand::rngs::OsRng;

use super::unfit;
use crate::fault::{Fault, Result};
use crate::time::Timestamp;

/// A key that was looked at: in time, not revoked, of its address, with a part for encrypting.
#[derive(Debug)]
pub struct Recipient {
    key: SignedPublicKey,
    /// Which of its subkeys encrypts; `None` for the primary key.
    subkey: Option<usize>,
}

impl Recipient {
    /// Reads a key, armored or not.
    ///
    /// # Errors
    /// It cannot be read, its own signatures do not hold, it ran out or was revoked, it is not of
    /// `address`, or none of its parts is for encrypting mail.
    pub(super) fn read(address: &str, bytes: &[u8], now: Timestamp) -> Result<Self> {
        let armored = SignedPublicKey::from_armor_single(bytes).map(|(key, _)| key);
        let key = armored
            .or_else(|_| SignedPublicKey::from_bytes(bytes))
            .map_err(|error| unfit(address, "it is no OpenPGP public key").caused_by(error))?;
        key.verify_bindings().map_err(|error| {
            unfit(
                address,
                "the signatures that hold the key together do not hold",
            )
            .caused_by(error)
        })?;
        if !key.details.revocation_signatures.is_empty() {
            return Err(unfit(address, "the key was revoked"));
        }
        let mut own = Vec::new();
        for user in &key.details.users {
            let revoked = (user.signatures.iter())
                .any(|one| one.typ() == Some(SignatureType::CertRevocation));
            if !revoked && named(user.id.id()).iter().any(|known| known == address) {
                own.extend(&user.signatures);
            }
        }
        if own.is_empty() {
            return Err(unfit(address, "no name in the key has this address"));
        }
        let born = key.primary_key.created_at().as_secs();
        let of_key: Vec<&Signature> = own
            .into_iter()
            .chain(&key.details.direct_signatures)
            .collect();
        if ran_out(&of_key, born, now) {
            return Err(unfit(address, "the key ran out"));
        }
        let fit = key.public_subkeys.iter().rposition(|subkey| {
            let signatures: Vec<&Signature> = subkey.signatures.iter().collect();
            let revoked =
                (signatures.iter()).any(|one| one.typ() == Some(SignatureType::SubkeyRevocation));
            !revoked
                && encrypts(&signatures)
                && !ran_out(&signatures, subkey.key.created_at().as_secs(), now)
        });
        if fit.is_none() && !encrypts(&of_key) {
            return Err(unfit(
                address,
                "no part of the key is for encrypting mail now",
            ));
        }
        Ok(Self { key, subkey: fit })
    }
}

/// The last word of the key's owner on it.
fn last<'a>(signatures: &[&'a Signature]) -> Option<&'a Signature> {
    let at = |one: &&Signature| one.created().map(pgp::types::Timestamp::as_secs);
    signatures.iter().copied().max_by_key(|one| at(one))
}

fn ran_out(signatures: &[&Signature], born: u32, now: Timestamp) -> bool {
    let Some(lasts) = last(signatures).and_then(Signature::key_expiration_time) else {
        return false;
    };
    let until = i64::from(born) + i64::from(lasts.as_secs());
    lasts.as_secs() > 0 && now.as_second() >= until
}

fn encrypts(signatures: &[&Signature]) -> bool {
    last(signatures).is_some_and(|one| {
        let flags = one.key_flags();
        flags.encrypt_comms() || flags.encrypt_storage()
    })
}

/// The address of a name such as `Counsel <counsel@company.example>`, or the whole of a bare one.
fn named(id: &[u8]) -> Option<String> {
    let id = std::str::from_utf8(id).ok()?;
    let address = match id.rsplit_once('<') {
        Some((_, rest)) => rest.split('>').next()?,
        None => id,
    };
    Some(address.trim().to_ascii_lowercase())
}

/// Closes a MIME entity for all of them.
///
/// # Errors
/// A key fails.
pub(super) fn close(recipients: &[Recipient], entity: &[u8]) -> Result<String> {
    let closed = || -> pgp::errors::Result<String> {
        let mut builder = MessageBuilder::from_bytes("", entity.to_vec())
            .seipd_v1(OsRng, SymmetricKeyAlgorithm::AES256);
        for one in recipients {
            match one.subkey.and_then(|at| one.key.public_subkeys.get(at)) {
                Some(subkey) => builder.encrypt_to_key(OsRng, subkey)?,
                None => builder.encrypt_to_key(OsRng, &one.key.primary_key)?,
            };
        }
        builder.to_armored_string(OsRng, ArmorOptions::default())
    };
    closed().map_err(|error| {
        Fault::failed("mail-key", "The mail could not be encrypted with OpenPGP.").caused_by(error)
    })
}
