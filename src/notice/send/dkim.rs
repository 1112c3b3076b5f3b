//! A signature for the sender's domain: DKIM (RFC 6376), relaxed/relaxed, `rsa-sha256` and
//! `ed25519-sha256` (RFC 8463).
//!
//! Why here and not a crate: the crates that sign bring a resolver or the banned `rsa`; what is left is
//! the canonical form of a header and of a body, and aws-lc-rs signs.

use std::fmt::Write as _;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;

use crate::canon::Digest;
use crate::fault::{Fault, Result};
use crate::secret::{ExposeSecret as _, SecretString};
use crate::time::Timestamp;

/// The headers that are signed where they are there. The first three are named once more than they
/// stand, so that nobody can add a second one on the way.
const HEADERS: [&str; 8] = [
    "from",
    "subject",
    "to",
    "date",
    "message-id",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
];
/// How many of [`HEADERS`] are named once more.
const OVERSIGNED: usize = 3;

/// Signs for a domain.
pub struct Signer {
    domain: String,
    selector: String,
    key: Key,
}

enum Key {
    Rsa(Box<RsaKeyPair>),
    Ed25519(Box<Ed25519KeyPair>),
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signer({} of {})", self.selector, self.domain)
    }
}

impl Signer {
    /// A signer with the private key of `selector._domainkey.domain`, PEM: RSA of 2048 bits or more, or
    /// Ed25519.
    ///
    /// # Errors
    /// A domain or selector that is no name, or a key that cannot be used. The key is never told.
    pub fn new(domain: &str, selector: &str, pem: &SecretString) -> Result<Self> {
        for (name, what) in [(domain, "domain"), (selector, "selector")] {
            let plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
            if name.is_empty() || name.len() > 253 || !name.chars().all(plain) {
                return Err(
                    Fault::input("dkim", "This is no name of the domain name system.")
                        .at(format!("[mail.dkim] {what}"))
                        .hint("write it in letters, digits, dots and hyphens"),
                );
            }
        }
        let bad = || {
            Fault::input("dkim-key", "The key for DKIM cannot be used.")
                .at("[mail.dkim] key")
                .hint("make one: openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048, or -algorithm ED25519")
        };
        let der = PrivateKeyDer::from_pem_slice(pem.expose_secret().as_bytes());
        let key = match der.map_err(|_| bad())? {
            PrivateKeyDer::Pkcs1(der) => {
                RsaKeyPair::from_der(der.secret_pkcs1_der()).map(|key| Key::Rsa(Box::new(key)))
            }
            PrivateKeyDer::Pkcs8(der) => {
                let der = der.secret_pkcs8_der();
                RsaKeyPair::from_pkcs8(der)
                    .map(|key| Key::Rsa(Box::new(key)))
                    .or_else(|_| {
                        // OpenSSL writes no public half beside the private one.
                        Ed25519KeyPair::from_pkcs8_maybe_unchecked(der)
                            .map(|key| Key::Ed25519(Box::new(key)))
                    })
            }
            _ => return Err(bad()),
        };
        Ok(Self {
            domain: domain.to_ascii_lowercase(),
            selector: selector.to_owned(),
            key: key.map_err(|_| bad())?,
        })
    }

    /// The mail with its signature before its first header.
    ///
    /// # Errors
    /// The mail has no headers, or the key fails.
    pub fn sign(&self, mail: &[u8], at: Timestamp) -> Result<Vec<u8>> {
        let failed = |what: &str| Fault::failed("dkim", what.to_owned());
        let end = find(mail, b"\r\n\r\n").ok_or_else(|| failed("The mail has no headers."))?;
        let (head, body) = mail.split_at_checked(end + 4).unwrap_or((mail, &[]));
        let head = std::str::from_utf8(head)
            .map_err(|_| failed("The headers of the mail are not text."))?;
        let fields = fields(head);
        let mut names: Vec<&str> = HEADERS
            .into_iter()
            .filter(|name| fields.iter().any(|(field, _)| field == name))
            .collect();
        names.extend(HEADERS.into_iter().take(OVERSIGNED));
        let body_hash = STANDARD.encode(Digest::of(&relaxed_body(body)).as_bytes());
        let algorithm = match self.key {
            Key::Rsa(_) => "rsa-sha256",
            Key::Ed25519(_) => "ed25519-sha256",
        };
        let mut value = format!(
            "v=1; a={algorithm}; c=relaxed/relaxed;\r\n\td={}; s={};\r\n\tt={};\r\n\th={};\r\n\tbh={body_hash};\r\n\tb=",
            self.domain,
            self.selector,
            at.as_second(),
            names.join(":\r\n\t ")
        );
        let mut signed = String::new();
        let mut left: Vec<&(String, String)> = fields.iter().collect();
        for name in &names {
            // The last of a name first; one that is not there adds nothing.
            if let Some(last) = left.iter().rposition(|(field, _)| field == name) {
                let (field, value) = left.remove(last);
                let _ = write!(signed, "{field}:{value}\r\n");
            }
        }
        let _ = write!(signed, "dkim-signature:{}", relaxed(&value));
        let signature = STANDARD.encode(self.signature(signed.as_bytes())?);
        for (number, c) in signature.chars().enumerate() {
            if number > 0 && number % 70 == 0 {
                value.push_str("\r\n\t ");
            }
            value.push(c);
        }
        let mut bytes = format!("DKIM-Signature: {value}\r\n").into_bytes();
        bytes.extend_from_slice(mail);
        Ok(bytes)
    }

    fn signature(&self, text: &[u8]) -> Result<Vec<u8>> {
        match &self.key {
            Key::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(
                    &RSA_PKCS1_SHA256,
                    &SystemRandom::new(),
                    text,
                    &mut signature,
                )
                .map_err(|_| Fault::failed("dkim", "The mail could not be signed."))?;
                Ok(signature)
            }
            // RFC 8463, 3: what is signed is the hash.
            Key::Ed25519(key) => {
                let hash = Digest::of(text);
                Ok(key.sign(hash.as_bytes()).as_ref().to_vec())
            }
        }
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|part| part == what)
}

/// Every header: its name in lower case, and its value in the relaxed form (RFC 6376, 3.4.2).
fn fields(head: &str) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in head.split("\r\n").filter(|line| !line.is_empty()) {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = fields.last_mut() {
                value.push_str(line);
            }
        } else if let Some((name, value)) = line.split_once(':') {
            let name = name.trim_end().to_ascii_lowercase();
            fields.push((name, value.to_owned()));
        }
    }
    for (_, value) in &mut fields {
        *value = relaxed(value);
    }
    fields
}

/// One value: unfolded, every run of white space one space, none at its ends.
fn relaxed(value: &str) -> String {
    let words = value.split([' ', '\t', '\r', '\n']);
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

/// The body in the relaxed form (RFC 6376, 3.4.4).
fn relaxed_body(body: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(body.len());
    let mut empty = 0;
    for line in lines(body) {
        let mut kept: Vec<u8> = Vec::with_capacity(line.len());
        for byte in line {
            let blank = matches!(byte, b' ' | b'\t');
            match (blank, kept.last()) {
                (true, Some(b' ')) => {}
                (true, _) => kept.push(b' '),
                (false, _) => kept.push(*byte),
            }
        }
        if kept.last() == Some(&b' ') {
            kept.pop();
        }
        if kept.is_empty() {
            empty += 1;
            continue;
        }
        for _ in 0..std::mem::take(&mut empty) {
            text.extend_from_slice(b"\r\n");
        }
        text.extend_from_slice(&kept);
        text.extend_from_slice(b"\r\n");
    }
    text
}

/// The lines of a body without their CRLF.
fn lines(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(body);
    std::iter::from_fn(move || {
        let bytes = rest.filter(|bytes| !bytes.is_empty())?;
        let Some(end) = find(bytes, b"\r\n") else {
            rest = None;
            return Some(bytes);
        };
        let (line, after) = bytes.split_at_checked(end)?;
        rest = after.get(2..);
        Some(line)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6376, 3.4.5: the example of both forms.
    #[test]
    fn the_relaxed_forms_are_those_of_the_standard() {
        let head = "A: X\r\nB : Y\t\r\n\tZ  \r\n\r\n";
        let expected = [("a", "X"), ("b", "Y Z")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(fields(head), expected);
        assert_eq!(relaxed_body(b" C \r\nD \t E\r\n\r\n\r\n"), b" C\r\nD E\r\n");
        assert_eq!(relaxed_body(b""), b"");
        assert_eq!(relaxed_body(b"\r\n\r\n"), b"");
        assert_eq!(relaxed_body(b"a"), b"a\r\n");
        assert_eq!(relaxed_body(b"a\r\n\r\nb"), b"a\r\n\r\nb\r\n");
    }
}
