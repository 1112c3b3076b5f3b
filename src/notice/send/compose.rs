//! A mail as RFC 5322 and MIME want it, with its attachments and their hashes.

use std::fmt::Write as _;
use std::time::SystemTime;

use lettre::address::Envelope;
use lettre::message::header::{ContentTransferEncoding, ContentType};
use lettre::message::{Attachment as Part, Body, Mailbox, Message, MultiPart, SinglePart};

use super::seal::Seal;
use super::{Mail, dkim};
use crate::canon::Digest;
use crate::fault::{Fault, Result};
use crate::hostile;
use crate::notice::Outgoing;
use crate::time::Timestamp;

/// A file that goes with a notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its name. Hostile text; what is sent is a file name and nothing else.
    pub name: String,
    /// Its media type; `application/octet-stream` is sent for one that is none.
    pub media_type: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A mail before it is built.
#[derive(Debug)]
pub struct Letter<'a> {
    /// What goes out of the approved text.
    pub outgoing: &'a Outgoing,
    /// The sender.
    pub from: &'a str,
    /// The recipients.
    pub to: &'a [String],
    /// Its Message-ID, with angle brackets.
    pub message_id: &'a str,
    /// What its `Date` says.
    pub at: Timestamp,
    /// What goes with it.
    pub attachments: &'a [Attachment],
    /// For whom it is encrypted; `None` for plain text.
    pub seal: Option<&'a Seal>,
    /// Who signs for the sender's domain.
    pub dkim: Option<&'a dkim::Signer>,
}

impl Mail {
    /// Builds the mail for what goes out of an approved text.
    ///
    /// # Errors
    /// No recipient, an address that is not one, or a key that cannot be used.
    pub fn compose(letter: &Letter<'_>) -> Result<Self> {
        let (from, to) = parties(letter.from, letter.to)?;
        let envelope = enveloped(&from, &to)?;
        let subject = hostile::one_line(&letter.outgoing.subject, 200);
        let mut builder = Message::builder()
            .from(from)
            .subject(subject)
            .date(SystemTime::from(letter.at))
            .message_id(Some(letter.message_id.to_owned()));
        for one in to {
            builder = builder.to(one);
        }
        let inner = entity(letter);
        let built = match letter.seal {
            None => match inner {
                Entity::Text(part) => builder.singlepart(part),
                Entity::Parts(parts) => builder.multipart(parts),
            },
            Some(seal) => match seal.close(&inner.bytes())? {
                super::seal::Closed::Smime(der) => builder.singlepart(smime(der)?),
                super::seal::Closed::Pgp(armored) => builder.multipart(pgp(armored)?),
            },
        };
        let message = built.map_err(|error| {
            Fault::failed("mail", "The mail could not be built.").caused_by(error)
        })?;
        let mut bytes = message.formatted();
        if let Some(signer) = letter.dkim {
            bytes = signer.sign(&bytes, letter.at)?;
        }
        Ok(Self {
            envelope,
            bytes,
            message_id: letter.message_id.to_owned(),
            sealed: letter.seal.map(Seal::kind),
        })
    }

    /// A mail that was composed before, as it was kept.
    ///
    /// # Errors
    /// An address that is not one.
    pub fn again(from: &str, to: &[String], message_id: &str, bytes: Vec<u8>) -> Result<Self> {
        let (from, to) = parties(from, to)?;
        Ok(Self {
            envelope: enveloped(&from, &to)?,
            bytes,
            message_id: message_id.to_owned(),
            sealed: None,
        })
    }
}

/// Whether a mail can be sent from, or to, this address.
///
/// # Errors
/// It is not one.
pub fn check_address(address: &str) -> Result<()> {
    mailbox(address).map(|_| ())
}

/// The domain of an address, lower case.
///
/// # Errors
/// It is not an address.
pub fn domain_of(address: &str) -> Result<String> {
    Ok(mailbox(address)?.email.domain().to_ascii_lowercase())
}

/// The bare address in `Name <address>`, lower case: what keys of recipients are looked up by.
pub(super) fn bare(address: &str) -> Result<String> {
    let mailbox = mailbox(address)?;
    Ok(mailbox.email.to_string().to_ascii_lowercase())
}

fn mailbox(address: &str) -> Result<Mailbox> {
    let bad = || Fault::input("address", "This is not a mail address.").at(address.escape_debug());
    let mailbox: Mailbox = address
        .parse()
        .map_err(|error: lettre::address::AddressError| bad().caused_by(error))?;
    // What a server does not know of (RFC 6531) would be found out after an approval.
    if !mailbox.email.to_string().is_ascii() {
        return Err(
            bad().hint("write a domain such as `müller.example` as `xn--mller-kva.example`")
        );
    }
    Ok(mailbox)
}

fn parties(from: &str, to: &[String]) -> Result<(Mailbox, Vec<Mailbox>)> {
    if to.is_empty() {
        return Err(
            Fault::input("no-recipient", "A mail needs a recipient.").hint("name one with `--to`")
        );
    }
    let to: Result<Vec<Mailbox>> = to.iter().map(|one| mailbox(one)).collect();
    Ok((mailbox(from)?, to?))
}

fn enveloped(from: &Mailbox, to: &[Mailbox]) -> Result<Envelope> {
    let to = to.iter().map(|one| one.email.clone()).collect();
    Envelope::new(Some(from.email.clone()), to)
        .map_err(|error| Fault::input("address", "The mail has no envelope.").caused_by(error))
}

/// What is said, with everything that goes with it: what an encryption encloses.
enum Entity {
    Text(SinglePart),
    Parts(MultiPart),
}

impl Entity {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Text(part) => part.formatted(),
            Self::Parts(parts) => parts.formatted(),
        }
    }
}

fn entity(letter: &Letter<'_>) -> Entity {
    let text = body(&letter.outgoing.body, letter.attachments);
    let text = SinglePart::builder()
        .content_type(ContentType::TEXT_PLAIN)
        .body(quoted(text));
    if letter.attachments.is_empty() {
        return Entity::Text(text);
    }
    let mut parts = MultiPart::mixed()
        // Known before it is built, so that one letter is one sequence of bytes.
        .boundary(boundary(letter.message_id))
        .singlepart(text);
    for attachment in letter.attachments {
        let name = hostile::file_name(&attachment.name);
        let body =
            Body::new_with_encoding(attachment.bytes.clone(), ContentTransferEncoding::Base64)
                .unwrap_or_else(Body::new);
        parts = parts.singlepart(Part::new(name).body(body, media_type(attachment)));
    }
    Entity::Parts(parts)
}

fn quoted(text: String) -> Body {
    Body::new_with_encoding(text, ContentTransferEncoding::QuotedPrintable)
        .unwrap_or_else(Body::new)
}

fn boundary(message_id: &str) -> String {
    format!("cordon-{}", Digest::of(message_id.as_bytes()).short())
}

/// A media type that could carry a parameter or a line is none.
fn media_type(attachment: &Attachment) -> ContentType {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/.+-_".contains(c);
    let named = attachment.media_type.split(';').next().unwrap_or_default();
    let named = named.trim();
    let one_slash = named.split('/').filter(|half| !half.is_empty()).count() == 2;
    let parsed = (named.chars().all(plain) && one_slash && named.matches('/').count() == 1)
        .then(|| ContentType::parse(named).ok())
        .flatten();
    parsed.unwrap_or_else(octets)
}

fn octets() -> ContentType {
    // Two words and a slash: it parses.
    ContentType::parse("application/octet-stream").unwrap_or(ContentType::TEXT_PLAIN)
}

/// The text, and at its end each attachment with its hash: who has the mail can check the files.
fn body(text: &str, attachments: &[Attachment]) -> String {
    let mut body = text.to_owned();
    if attachments.is_empty() {
        return body;
    }
    if !body.ends_with('\n') {
        body.push('\n');
    }
    for (number, attachment) in (1..).zip(attachments) {
        let _ = write!(
            body,
            "\n[{number}] {} ({} bytes)\n    SHA-256 {}\n",
            hostile::one_line(&hostile::file_name(&attachment.name), 160),
            attachment.bytes.len(),
            Digest::of(&attachment.bytes)
        );
    }
    body
}

fn parsed(media_type: &str) -> Result<ContentType> {
    ContentType::parse(media_type)
        .map_err(|error| Fault::failed("mail", "A media type was refused.").caused_by(error))
}

/// RFC 8551, 3.3: the whole content is one part.
fn smime(der: Vec<u8>) -> Result<SinglePart> {
    let of = parsed("application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m")?;
    let body =
        Body::new_with_encoding(der, ContentTransferEncoding::Base64).unwrap_or_else(Body::new);
    Ok(Part::new("smime.p7m".to_owned()).body(body, of))
}

/// RFC 3156, 4: a part that says which version, and a part that is the message.
fn pgp(armored: String) -> Result<MultiPart> {
    let version = SinglePart::builder()
        .content_type(parsed("application/pgp-encrypted")?)
        .body("Version: 1\r\n".to_owned());
    let content = SinglePart::builder()
        .content_type(parsed("application/octet-stream; name=encrypted.asc")?)
        .body(armored);
    Ok(MultiPart::encrypted("application/pgp-encrypted".to_owned())
        .singlepart(version)
        .singlepart(content))
}
