//! Splits a file into its records without copying them: a JSON array, one JSON document that wraps
//! an array, or one document after the other (NDJSON). Damage ends or skips; it never loses what
//! stands before it.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{PROBLEM_LIMIT, Problem};

/// The keys under which vendors wrap a list of records, each known from a vendor's format:
/// CloudTrail, Google Reports (API answer and saved pages).
const WRAPPERS: [&str; 3] = ["Records", "items", "activities"];

/// The records of a file.
pub(super) struct Records<'a> {
    pub(super) raw: Vec<&'a RawValue>,
    pub(super) problems: Vec<Problem>,
}

impl<'a> Records<'a> {
    pub(super) fn split(bytes: &'a [u8]) -> Self {
        let mut records = Self {
            raw: Vec::new(),
            problems: Vec::new(),
        };
        let body = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
            Some(b'[') => records.document(body),
            Some(b'{') if single(body) => records.document(body),
            Some(b'{') => records.lines(body),
            _ => records.problem("byte 0".to_owned(), unlike_json(bytes)),
        }
        records
    }

    fn problem(&mut self, place: String, what: String) {
        self.problems.push(Problem { place, what });
    }

    /// One document: an array, an object around an array, or a single record.
    fn document(&mut self, body: &'a [u8]) {
        let mut reader = serde_json::Deserializer::from_slice(body);
        let mut wrapped = false;
        let outer = Outer {
            raw: &mut self.raw,
            wrapped: &mut wrapped,
        };
        let read = reader.deserialize_any(outer).and_then(|()| reader.end());
        if let Err(error) = read {
            let place = format!("line {} column {}", error.line(), error.column());
            self.problem(place, format!("the rest cannot be read: {error}"));
        } else if !wrapped && body.contains(&b'{') {
            match serde_json::from_slice(body) {
                Ok(record) => self.raw.push(record),
                Err(error) => self.problem("record 1".to_owned(), error.to_string()),
            }
        }
    }

    /// One document per line; when the first does not end with its line, one after the other.
    fn lines(&mut self, body: &'a [u8]) {
        let mut lines = body
            .split(|byte| *byte == b'\n')
            .zip(1usize..)
            .filter(|(line, _)| line.iter().any(|byte| !byte.is_ascii_whitespace()))
            .peekable();
        let by_line = lines
            .peek()
            .is_some_and(|(line, _)| serde_json::from_slice::<&RawValue>(line).is_ok())
            || lines.clone().nth(1).is_some_and(|(line, _)| {
                serde_json::from_slice::<&RawValue>(line).is_ok() && line.first() == Some(&b'{')
            });
        if by_line {
            for (line, number) in lines {
                match serde_json::from_slice(line) {
                    Ok(record) => self.raw.push(record),
                    Err(error) if self.problems.len() < PROBLEM_LIMIT * 10 => {
                        self.problem(format!("line {number}"), error.to_string());
                    }
                    Err(_) => {}
                }
            }
            return;
        }
        for record in serde_json::Deserializer::from_slice(body).into_iter::<&RawValue>() {
            match record {
                Ok(record) => self.raw.push(record),
                Err(error) => {
                    let place = format!("line {} column {}", error.line(), error.column());
                    self.problem(place, format!("the rest cannot be read: {error}"));
                    return;
                }
            }
        }
    }
}

/// Whether the text is one JSON document with nothing behind it, or breaks inside the first.
fn single(body: &[u8]) -> bool {
    let mut stream = serde_json::Deserializer::from_slice(body).into_iter::<IgnoredAny>();
    match stream.next() {
        Some(Ok(_)) => body
            .get(stream.byte_offset()..)
            .is_none_or(|rest| rest.iter().all(u8::is_ascii_whitespace)),
        _ => !body.iter().take(64 * 1024).any(|byte| *byte == b'\n'),
    }
}

/// What a file that is not JSON most probably is, so that the person knows what to do.
fn unlike_json(bytes: &[u8]) -> String {
    match bytes {
        [0x1f, 0x8b, ..] => "the file is compressed with gzip: unpack it first".to_owned(),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            "the file is compressed with zstd: unpack it first".to_owned()
        }
        [b'P', b'K', ..] => "the file is a zip archive: unpack it first".to_owned(),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => {
            "the file is UTF-16: convert it to UTF-8 first".to_owned()
        }
        _ => "the file is neither JSON nor one JSON document per line".to_owned(),
    }
}

/// Collects records and keeps them when the rest turns out to be damaged.
struct Outer<'r, 'de> {
    raw: &'r mut Vec<&'de RawValue>,
    wrapped: &'r mut bool,
}

impl<'de> Visitor<'de> for Outer<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        *self.wrapped = true;
        while let Some(record) = seq.next_element()? {
            self.raw.push(record);
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<std::borrow::Cow<'_, str>>()? {
            if WRAPPERS.contains(&key.as_ref()) {
                map.next_value_seed(List {
                    raw: self.raw,
                    found: self.wrapped,
                })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// The value behind a wrapper key: a list gives its elements, anything else nothing.
struct List<'r, 'de> {
    raw: &'r mut Vec<&'de RawValue>,
    found: &'r mut bool,
}

impl<'de> DeserializeSeed<'de> for List<'_, 'de> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for List<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        *self.found = true;
        while let Some(record) = seq.next_element()? {
            self.raw.push(record);
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
}
