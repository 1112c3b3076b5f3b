//! Encryption for recipients whose key is configured. What was configured is used or the mail does not
//! go: a key that ran out, or that is another address's, never turns into plain text.

mod openpgp;
mod smime;

use super::compose::bare;
use crate::fault::{Fault, Result};
use crate::time::Timestamp;

/// A recipient's key, as the configuration names it.
#[derive(Debug, Clone)]
pub struct RecipientKey {
    /// The address.
    pub address: String,
    /// What the key is for.
    pub form: Form,
    /// The bytes of its file: a certificate as PEM or DER, or an OpenPGP key with or without armor.
    pub bytes: Vec<u8>,
}

/// The two ways to close a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// S/MIME (RFC 8551).
    Smime,
    /// PGP/MIME (RFC 3156).
    Pgp,
}

/// Everybody whom a mail is closed for.
#[derive(Debug)]
pub enum Seal {
    /// By certificates.
    Smime(Vec<smime::Recipient>),
    /// By OpenPGP keys.
    Pgp(Vec<openpgp::Recipient>),
}

/// A part that only the recipients can open.
#[derive(Debug)]
pub enum Closed {
    /// CMS, DER.
    Smime(Vec<u8>),
    /// OpenPGP, armored.
    Pgp(String),
}

impl Seal {
    /// The seal for exactly these recipients; `None` when no key is configured for any of them.
    ///
    /// # Errors
    /// Some have a key and others have none or one of the other kind; a key cannot be read, ran out, was
    /// revoked, or is another address's.
    pub fn find(to: &[String], keys: &[RecipientKey], now: Timestamp) -> Result<Option<Self>> {
        let mut found = Vec::new();
        let mut without = Vec::new();
        for one in to {
            let address = bare(one)?;
            let same = |key: &&RecipientKey| bare(&key.address).is_ok_and(|known| known == address);
            match keys.iter().find(same) {
                Some(key) => found.push((address, key)),
                None => without.push(address),
            }
        }
        let Some(form) = found.first().map(|(_, key)| key.form) else {
            return Ok(None);
        };
        let mixed = |what: &str| {
            Fault::input("mail-key", what.to_owned())
                .at("[[mail.recipient]]")
                .hint("one mail is closed for all of its recipients in one way, or for none")
        };
        if let Some(open) = without.first() {
            return Err(mixed("One recipient has a key and another has none.").at(open));
        }
        if found.iter().any(|(_, key)| key.form != form) {
            return Err(mixed("The recipients have keys of two kinds."));
        }
        let found = found.into_iter();
        Ok(Some(match form {
            Form::Smime => {
                let all =
                    found.map(|(address, key)| smime::Recipient::read(&address, &key.bytes, now));
                Self::Smime(all.collect::<Result<_>>()?)
            }
            Form::Pgp => {
                let all =
                    found.map(|(address, key)| openpgp::Recipient::read(&address, &key.bytes, now));
                Self::Pgp(all.collect::<Result<_>>()?)
            }
        }))
    }

    /// How the log calls it.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Smime(_) => "smime",
            Self::Pgp(_) => "pgp",
        }
    }

    /// Closes a MIME entity, headers and all.
    ///
    /// # Errors
    /// A key fails.
    pub fn close(&self, entity: &[u8]) -> Result<Closed> {
        match self {
            Self::Smime(all) => smime::close(all, entity).map(Closed::Smime),
            Self::Pgp(all) => openpgp::close(all, entity).map(Closed::Pgp),
        }
    }
}

/// A key that cannot be used for an address, and why.
fn unfit(address: &str, why: &str) -> Fault {
    Fault::input(
        "mail-key",
        format!("The key that is configured for this recipient cannot be used: {why}."),
    )
    .at(address.escape_debug())
    .hint("ask them for a new one, and set it in [[mail.recipient]]; nothing was sent")
}
