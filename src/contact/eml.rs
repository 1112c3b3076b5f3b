//! Reading one mail as received (RFC 5322, MIME), with every oddity kept and named.
//!
//! mail-parser reads the header fields and decodes the character sets. The walk over the MIME tree
//! is our own, because mail-parser bounds neither the depth of nested messages (dropping a deep one
//! overflows the stack) nor the number of parts and headers (64 MiB of empty parts take gigabytes).
//! Nothing is fetched, unpacked or rendered.

mod body;
mod header;
mod html;
mod magic;

use serde::Serialize;

pub use html::Link;

use crate::canon::Digest;
use crate::fault::{Fault, Result};
use crate::hostile;
use crate::time::Timestamp;

/// The largest mail that is read, in bytes.
pub const LARGEST: usize = 64 * 1024 * 1024;
/// The most header fields that are read of one entity.
pub const MOST_HEADERS: usize = 1_000;
/// The deepest nesting of multiparts that is walked.
pub const DEEPEST: usize = 16;
/// The most MIME parts that are walked.
pub const MOST_PARTS: usize = 500;
/// The longest body text that is kept, in bytes; the evidence keeps all of it.
pub const LONGEST_TEXT: usize = 1024 * 1024;

/// A mail, read. Every text in it is hostile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Message {
    /// SHA-256 of the bytes as received.
    pub sha256: Digest,
    /// How many bytes.
    pub bytes: u64,
    /// When we had it.
    pub received: Timestamp,
    /// All header fields, in order.
    pub headers: Vec<Field>,
    /// `From`.
    pub from: Vec<Party>,
    /// `Reply-To`: where an answer would go.
    pub reply_to: Vec<Party>,
    /// `Sender`.
    pub sender: Vec<Party>,
    /// `Return-Path`: what the last server says the envelope sender was.
    pub return_path: Vec<Party>,
    /// `To`.
    pub to: Vec<Party>,
    /// `Cc`.
    pub cc: Vec<Party>,
    /// `Subject`, decoded.
    pub subject: String,
    /// `Date`, when it can be read.
    pub date: Option<Sent>,
    /// The `Received` chain, as it stands: the newest first. Only the hops that our own servers
    /// wrote can be relied on.
    pub hops: Vec<Hop>,
    /// `Message-ID` without its angle brackets.
    pub message_id: Option<String>,
    /// `In-Reply-To`.
    pub in_reply_to: Vec<String>,
    /// `References`, the oldest first.
    pub references: Vec<String>,
    /// The body as text: `text/plain` where there is one, else the HTML reduced to text.
    pub text: String,
    /// The HTML reduced to text, when it says something else than `text`.
    pub other_text: Option<String>,
    /// Links of the HTML with their real targets.
    pub links: Vec<Link>,
    /// Attached files, kept closed.
    pub attachments: Vec<Attachment>,
    /// What is odd about it.
    pub defects: Vec<Defect>,
}

/// A header field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Field {
    /// Its name as written.
    pub name: String,
    /// Its value as written, unfolded; bytes that are not UTF-8 are replaced.
    pub raw: String,
    /// Its value with encoded words (RFC 2047) decoded.
    pub decoded: String,
}

/// A name and an address of a header field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Party {
    /// The display name; anyone can write anything there.
    pub name: Option<String>,
    /// The address.
    pub address: Option<String>,
}

impl Party {
    /// `"C A" <a@mail-one.example>`, or what there is of it.
    pub fn line(&self) -> String {
        match (&self.name, &self.address) {
            (Some(name), Some(address)) => format!("\"{name}\" <{address}>"),
            (Some(name), None) => format!("\"{name}\""),
            (None, Some(address)) => format!("<{address}>"),
            (None, None) => String::new(),
        }
    }
}

/// When a message says it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Sent {
    /// The instant.
    pub at: Timestamp,
    /// The offset that it is written in, seconds east of UTC; `None` for `-0000` and for a zone
    /// that cannot be read, which say nothing about where the sender is.
    pub offset_seconds: Option<i32>,
}

/// One `Received` field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hop {
    /// The host that handed it over, by its own word.
    pub from: Option<String>,
    /// The host that wrote the field.
    pub by: Option<String>,
    /// The address that it came from.
    pub ip: Option<String>,
    /// When.
    pub at: Option<Timestamp>,
}

/// An attached file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Attachment {
    /// The name as the message gives it.
    pub name: Option<String>,
    /// A name that is safe to show and to create.
    pub safe_name: String,
    /// The media type that the message declares.
    pub declared: String,
    /// What its first bytes say it is.
    pub guessed: Option<&'static str>,
    /// Whether it is an archive or an image of a disk: it stays closed.
    pub archive: bool,
    /// Its size in bytes, decoded.
    pub bytes: u64,
    /// SHA-256 of the decoded bytes.
    pub sha256: Digest,
    /// The decoded bytes.
    #[serde(skip)]
    pub content: Vec<u8>,
}

/// Something odd about a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Defect {
    /// A stable code in kebab case.
    pub code: &'static str,
    /// One sentence. May quote the message.
    pub what: String,
}

/// Reads a mail that we had at `received`.
///
/// What cannot be read becomes a [`Defect`]; limits that were reached are defects too.
///
/// # Errors
/// Nothing to read, or more than [`LARGEST`] bytes.
pub fn read(bytes: &[u8], received: Timestamp) -> Result<Message> {
    if bytes.len() > LARGEST {
        return Err(Fault::input(
            "mail-size",
            format!(
                "The mail has {} bytes; {LARGEST} are read at most.",
                bytes.len()
            ),
        )
        .hint("keep the file as evidence and record the contact with `contact add`"));
    }
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Fault::input("mail-empty", "The file has no mail in it."));
    }
    let mut defects = Defects::default();
    if bytes.contains(&0) {
        defects.add("nul-bytes", "The mail has NUL bytes.".to_owned());
    }
    let bytes_read = skip_mbox_line(bytes, &mut defects);
    let (block, content) = header::split(bytes_read);
    let fields = header::fields(block, &mut defects);
    let heads = header::read(&fields, received, &mut defects);
    if heads.recognised == 0 {
        return Err(Fault::input(
            "mail-form",
            "The file is not a mail: no header field of a mail was found.",
        )
        .hint("give the message as an .eml file, or record it with `contact add`"));
    }
    let parts = body::walk(&fields, content, &mut defects);
    flag_hidden(&heads, &parts, &mut defects);
    Ok(Message {
        sha256: Digest::of(bytes),
        bytes: bytes.len() as u64,
        received,
        headers: heads.all,
        from: heads.from,
        reply_to: heads.reply_to,
        sender: heads.sender,
        return_path: heads.return_path,
        to: heads.to,
        cc: heads.cc,
        subject: heads.subject,
        date: heads.date,
        hops: heads.hops,
        message_id: heads.message_id,
        in_reply_to: heads.in_reply_to,
        references: heads.references,
        text: parts.text,
        other_text: parts.other_text,
        links: parts.links,
        attachments: parts.attachments,
        defects: defects.0,
    })
}

/// Mail stores put a `From ` line in front.
fn skip_mbox_line<'b>(bytes: &'b [u8], defects: &mut Defects) -> &'b [u8] {
    if !bytes.starts_with(b"From ") {
        return bytes;
    }
    defects.add(
        "mbox-line",
        "The file begins with a line of a mail store; it is not part of the mail.".to_owned(),
    );
    let end = bytes.iter().position(|byte| *byte == b'\n');
    end.and_then(|end| bytes.get(end + 1..)).unwrap_or_default()
}

fn flag_hidden(heads: &header::Heads, parts: &body::Parts, defects: &mut Defects) {
    let places = [("subject", &heads.subject), ("body", &parts.text)];
    let names = heads
        .from
        .iter()
        .chain(&heads.reply_to)
        .map(|party| ("sender", party.line()))
        .chain(parts.attachments.iter().filter_map(|file| {
            file.name
                .clone()
                .map(|name| ("name of an attachment", name))
        }));
    let all = places
        .into_iter()
        .map(|(place, text)| (place, text.clone()))
        .chain(names);
    for (place, text) in all {
        let found = hostile::hidden(&text);
        if !found.is_empty() {
            let list: Vec<String> = found
                .iter()
                .take(8)
                .map(|(c, count)| format!("U+{:04X} ×{count}", u32::from(*c)))
                .collect();
            defects.add(
                "hidden-characters",
                format!(
                    "The {place} has characters that hide, reorder or steer: {}.",
                    list.join(", ")
                ),
            );
        }
    }
}

/// The defects of a message; each code and sentence once, and not without end.
#[derive(Debug, Default)]
struct Defects(Vec<Defect>);

impl Defects {
    const MOST: usize = 100;

    fn add(&mut self, code: &'static str, what: String) {
        let defect = Defect { code, what };
        if self.0.len() < Self::MOST && !self.0.contains(&defect) {
            self.0.push(defect);
        }
    }
}
