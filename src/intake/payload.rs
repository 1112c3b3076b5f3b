//! Reads single fields of a vendor's message: what is missing, too long or odd is simply not there.

use serde_json::Value;

use super::employment::Employment;
use super::{Kind, Message};
use crate::canon::Digest;
use crate::case::subject::Subject;
use crate::time::Timestamp;

/// The longest text that is taken from a message.
const TEXT_LIMIT: usize = 256;

/// The text or number at a JSON Pointer (RFC 6901).
pub(super) fn text(value: &Value, pointer: &str) -> Option<String> {
    match value.pointer(pointer)? {
        Value::String(text) => short(text),
        Value::Number(number) => short(&number.to_string()),
        _ => None,
    }
}

/// A text of bounded length without control characters.
pub(super) fn short(text: &str) -> Option<String> {
    let text = text.trim();
    let fits = !text.is_empty() && text.len() <= TEXT_LIMIT && !text.contains(char::is_control);
    fits.then(|| text.to_owned())
}

/// The e-mail address at a JSON Pointer.
pub(super) fn address(value: &Value, pointer: &str) -> Option<String> {
    text(value, pointer).filter(|text| super::worker::is_address(text))
}

/// The message of a vendor that sends no id: sent again, it is the same bytes.
pub(super) fn unnumbered(body: &[u8], kind: Kind) -> Message {
    numbered(format!("sha256:{}", Digest::of(body)), kind)
}

/// A message that names nobody yet.
pub(super) fn numbered(id: String, kind: Kind) -> Message {
    Message {
        id,
        signed_at: None,
        kind,
        subject: Subject::default(),
        effective: None,
        lookup: None,
        employment: Employment::default(),
        notes: Vec::new(),
    }
}

/// A message whose signature is good and that cannot be read: a person has to look at it.
pub(super) fn unreadable(body: &[u8]) -> Message {
    let mut message = unnumbered(body, Kind::Other("unreadable".to_owned()));
    message.lookup =
        Some("The message is not of the shape that is documented; read it.".to_owned());
    message
}

impl Message {
    /// The same message about a worker whom only the sender's own id names.
    pub(super) fn about(mut self, worker_id: Option<String>) -> Self {
        self.subject.worker_id = worker_id;
        self
    }

    /// The same message, signed at an instant.
    pub(super) fn signed(mut self, at: Option<Timestamp>) -> Self {
        self.signed_at = at;
        self
    }

    /// The same message, with what a person has to find out.
    pub(super) fn ask(self, what: impl Into<String>) -> Self {
        self.ask_if(Some(what))
    }

    /// The same message, with what a person has to find out, if anything.
    pub(super) fn ask_if(mut self, what: Option<impl Into<String>>) -> Self {
        self.lookup = what.map(Into::into);
        self
    }
}
