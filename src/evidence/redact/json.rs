//! Where the strings of a JSON text stand in its bytes.

use std::ops::Range;

/// A string of a JSON text.
#[derive(Debug)]
pub(super) struct JsonString {
    /// Its place in the document (RFC 6901).
    pub(super) path: String,
    /// The name that it stands under; `None` in a list.
    pub(super) key: Option<String>,
    /// Its bytes between the quotes.
    pub(super) range: Range<usize>,
    /// What it says, without escapes.
    pub(super) text: String,
    /// Whether it is the name of a member, not a value.
    pub(super) name: bool,
}

/// What is open around a place.
enum Open {
    /// An object, with the name of its current member.
    Object(Option<String>),
    /// A list, with the number of its current item.
    List(usize),
}

/// Every string of `body`, in order. `body` has been read as JSON before: what is not JSON gives
/// strings without meaning, but no fault.
pub(super) fn strings(body: &[u8]) -> Vec<JsonString> {
    let mut open: Vec<Open> = Vec::new();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(byte) = body.get(at) {
        match byte {
            b'{' => open.push(Open::Object(None)),
            b'[' => open.push(Open::List(0)),
            b'}' | b']' => {
                open.pop();
            }
            b',' => match open.last_mut() {
                Some(Open::Object(key)) => *key = None,
                Some(Open::List(number)) => *number += 1,
                None => {}
            },
            b'"' => {
                let end = closing_quote(body, at + 1);
                let quoted = body.get(at..=end).unwrap_or_default();
                let text: String = serde_json::from_slice(quoted).unwrap_or_default();
                let (path, key) = (path(&open), key(&open));
                let name = matches!(open.last(), Some(Open::Object(None)));
                if let Some(Open::Object(slot @ None)) = open.last_mut() {
                    *slot = Some(text.clone());
                }
                found.push(JsonString {
                    path,
                    key,
                    range: at + 1..end,
                    text,
                    name,
                });
                at = end;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

fn closing_quote(body: &[u8], mut at: usize) -> usize {
    while let Some(byte) = body.get(at) {
        match byte {
            b'"' => return at,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    body.len()
}

fn key(open: &[Open]) -> Option<String> {
    match open.last() {
        Some(Open::Object(key)) => key.clone(),
        _ => None,
    }
}

fn path(open: &[Open]) -> String {
    let parts = open.iter().map(|part| match part {
        Open::Object(key) => {
            let key = key.as_deref().unwrap_or_default();
            format!("/{}", key.replace('~', "~0").replace('/', "~1"))
        }
        Open::List(number) => format!("/{number}"),
    });
    parts.collect()
}
