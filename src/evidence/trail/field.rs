//! Reads single fields of vendors' records; nothing here trusts their shape.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::time::Timestamp;

/// The longest text that is taken over, characters.
const TEXT_LIMIT: usize = 512;

/// Text cut to a bearable length.
pub(super) fn clip(text: &str) -> String {
    match text.char_indices().nth(TEXT_LIMIT) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// The text or number at a JSON pointer, unless it is empty.
pub(super) fn text(record: &Value, pointer: &str) -> Option<String> {
    match record.pointer(pointer)? {
        Value::String(text) if !text.is_empty() => Some(clip(text)),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The first of several pointers that has text.
pub(super) fn first(record: &Value, pointers: &[&str]) -> Option<String> {
    pointers.iter().find_map(|pointer| text(record, pointer))
}

/// Whether there is a string at a pointer.
pub(super) fn is_text(record: &Value, pointer: &str) -> bool {
    record.pointer(pointer).is_some_and(Value::is_string)
}

/// The instant at the first pointer that has one: RFC 3339, the same without an offset (UTC, as all
/// four vendors document), or a Unix time in milliseconds or seconds.
pub(super) fn instant(record: &Value, pointers: &[&str]) -> Option<Timestamp> {
    pointers
        .iter()
        .find_map(|pointer| match record.pointer(pointer)? {
            Value::String(text) => from_text(text.trim()),
            Value::Number(number) => number.as_i64().and_then(from_unix),
            _ => None,
        })
}

fn from_text(text: &str) -> Option<Timestamp> {
    if text.len() > 64 {
        return None;
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    if let Ok(number) = text.parse::<i64>() {
        return from_unix(number);
    }
    let civil: DateTime = text.trim_end_matches('Z').parse().ok()?;
    civil
        .to_zoned(TimeZone::UTC)
        .ok()
        .map(|zoned| zoned.timestamp())
}

/// Milliseconds from 1973-03-03 on, seconds up to the year 5138: no audit event lies outside both.
fn from_unix(number: i64) -> Option<Timestamp> {
    const MILLISECONDS_FROM: i64 = 100_000_000_000;
    match number {
        i64::MIN..=0 => None,
        1..MILLISECONDS_FROM => Timestamp::from_second(number).ok(),
        _ => Timestamp::from_millisecond(number).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_spelling_of_an_instant_means_the_same() {
        let expected: Timestamp = "2023-01-31T18:58:27.638Z".parse().unwrap();
        for spelling in [
            json!(1_675_191_507_638_i64),
            json!("1675191507638"),
            json!("2023-01-31T18:58:27.638Z"),
            json!("2023-01-31 18:58:27.638"),
            json!("2023-01-31 18:58:27.638000000"),
            json!("2023-01-31 18:58:27.638Z"),
            json!("2023-01-31T19:58:27.638+01:00"),
        ] {
            assert_eq!(
                instant(&json!({"at": spelling}), &["/none", "/at"]),
                Some(expected),
                "{spelling}"
            );
        }
        let seconds = instant(&json!({"at": 1_675_191_507}), &["/at"]);
        assert_eq!(seconds, "2023-01-31T18:58:27Z".parse().ok());
    }

    #[test]
    fn what_is_no_instant_is_none() {
        for odd in [
            json!(0),
            json!(-5),
            json!(i64::MAX),
            json!(1.5),
            json!(""),
            json!("soon"),
            json!("2023-02-30 00:00:00"),
            json!(null),
            json!([1]),
        ] {
            assert_eq!(instant(&json!({"at": odd}), &["/at"]), None, "{odd}");
        }
    }
}
