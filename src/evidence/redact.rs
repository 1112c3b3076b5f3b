//! Keeps secrets out of evidence: what is written down about a request and an answer.
//!
//! A removed value is replaced by its length; names and structure stay, so that the record still
//! shows that something was sent.

mod json;

use std::ops::Range;

use http::HeaderMap;
use serde::de::IgnoredAny;
use serde_json::Value;
use url::Url;

use crate::canon::Digest;
use crate::case::event::Redacted;
use crate::http::Answer;

/// The longest header value that is written down, characters.
const VALUE_LIMIT: usize = 2_048;
/// How many headers are written down.
const HEADER_LIMIT: usize = 64;
/// The longest URL that is written down, characters.
const URL_LIMIT: usize = 8_192;
/// The longest request body that is written down, bytes.
const BODY_LIMIT: usize = 32 * 1024;
/// The shortest text of a secret request that is looked for in the answer, bytes.
const ECHO_LEAST: usize = 6;

/// The longest path of a removed value that is written down, characters.
const PATH_LIMIT: usize = 300;
/// How many removed values are written down one by one.
const REMOVED_LIMIT: usize = 1_000;

/// Words that mark a header or parameter whose value is a secret.
const MARKS: [&str; 11] = [
    "authorization",
    "cookie",
    "token",
    "secret",
    "password",
    "passwd",
    "passphrase",
    "api-key",
    "api_key",
    "apikey",
    "private_key",
];
/// Query parameters that hold a secret without one of the marks.
const PARAMETERS: [&str; 8] = [
    "key",
    "jwt",
    "sig",
    "signature",
    "x-amz-signature",
    "code",
    "assertion",
    "sessionid",
];
/// Names that hold a mark and no secret.
const HARMLESS: [&str; 7] = [
    "github-authentication-token-expiration",
    "next_token",
    "nexttoken",
    "nextpagetoken",
    "pagetoken",
    "synctoken",
    "page_token",
];

fn marks(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    MARKS.iter().any(|mark| name.contains(mark)) && !HARMLESS.contains(&name.as_str())
}

fn removed(length: usize) -> String {
    format!("[removed, {length} bytes]")
}

/// The digest and length that stand for bytes that are not kept.
pub(super) fn withheld(bytes: &[u8]) -> String {
    format!(
        "[not kept: sha256:{}, {} bytes]",
        Digest::of(bytes),
        bytes.len()
    )
}

/// Headers as they are written down.
pub(super) fn headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let mut written: Vec<(String, String)> = headers
        .iter()
        .take(HEADER_LIMIT)
        .map(|(name, value)| {
            let text = String::from_utf8_lossy(value.as_bytes());
            (name.as_str().to_owned(), header(name.as_str(), &text))
        })
        .collect();
    if headers.len() > HEADER_LIMIT {
        let more = headers.len() - HEADER_LIMIT;
        written.push((
            "…".to_owned(),
            format!("[{more} more headers, not written down]"),
        ));
    }
    written
}

fn header(name: &str, value: &str) -> String {
    match name {
        "set-cookie" => cookie(value),
        // Links and redirects repeat the URL; the rest of the line is kept.
        "link" | "location" | "content-location" | "referer" => clip(&pairs(value), VALUE_LIMIT),
        _ if marks(name) => removed(value.len()),
        _ => clip(value, VALUE_LIMIT),
    }
}

/// The name and the attributes of a cookie without its value.
fn cookie(line: &str) -> String {
    let (pair, attributes) = line.split_once(';').unwrap_or((line, ""));
    let (name, value) = pair.split_once('=').unwrap_or(("", pair));
    clip(
        &format!("{}={};{attributes}", name.trim(), removed(value.len())),
        VALUE_LIMIT,
    )
}

/// A URL without credentials, secret parameters and fragment.
pub(super) fn url(url: &Url) -> String {
    let mut bare = url.clone();
    // Only URLs that cannot have a user refuse; they have none.
    let _ = bare.set_username("");
    let _ = bare.set_password(None);
    bare.set_fragment(None);
    clip(&pairs(bare.as_str()), URL_LIMIT)
}

/// Text with the values of secret parameters (`?name=value&…`) removed.
fn pairs(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (index, piece) in text.split_inclusive(['?', '&', ';', '#']).enumerate() {
        let end = piece
            .find(['?', '&', ';', '#', '>', '"'])
            .unwrap_or(piece.len());
        let (pair, rest) = piece.split_at(end);
        match pair.split_once('=') {
            Some((name, value)) if index > 0 && secret_parameter(name) => {
                out.push_str(name);
                out.push('=');
                out.push_str(&removed(value.len()));
            }
            _ => out.push_str(pair),
        }
        out.push_str(rest);
    }
    out
}

fn secret_parameter(name: &str) -> bool {
    marks(name) || PARAMETERS.contains(&name.to_ascii_lowercase().as_str())
}

/// The body of a request as it is written down.
pub(super) fn request_body(bytes: &[u8], secret: bool) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !secret && text.len() <= BODY_LIMIT => text.to_owned(),
        _ => withheld(bytes),
    }
}

/// An answer without its secrets.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Clean {
    /// The bytes as received, but for what was removed.
    pub(super) body: Vec<u8>,
    /// What was removed, in the order of the bytes.
    pub(super) removed: Vec<Redacted>,
}

/// The answer without secrets, when it holds any: under a name that marks one, as a parameter of an
/// address, or repeated from a request with a secret. `None` when it is kept as received.
///
/// Only the bytes of a secret are replaced. A body that is no JSON, or that repeats a secret outside
/// of its values, is not kept at all.
pub(super) fn answer(body: &[u8], request: Option<&[u8]>, secret: bool) -> Option<Clean> {
    let request = request.filter(|_| secret);
    let echoes = request.is_some_and(|request| echoed(request, body));
    if serde_json::from_slice::<IgnoredAny>(body).is_err() {
        return echoes.then(|| none_of(body));
    }
    let texts = request.map(secret_texts).unwrap_or_default();
    let mut removed = Vec::new();
    let mut in_a_name = false;
    for string in json::strings(body) {
        in_a_name |= string.name && texts.iter().any(|text| string.text.contains(text));
        if !string.name {
            removed.extend(secrets(body, &string, &texts));
        }
    }
    if removed.is_empty() && !echoes && !in_a_name {
        return None;
    }
    let clean = without(body, &removed);
    if in_a_name || request.is_some_and(|request| echoed(request, &clean)) {
        return Some(none_of(body));
    }
    let removed = removed.into_iter().map(|(path, range)| Redacted {
        path: clip(&path, PATH_LIMIT),
        at: range.start as u64,
        bytes: range.len() as u64,
    });
    Some(Clean {
        body: clean,
        removed: removed.take(REMOVED_LIMIT).collect(),
    })
}

/// The body of a redirect to an address that holds a secret: servers repeat the address there.
pub(super) fn redirect(answer: &Answer) -> Option<Clean> {
    let place = answer.headers.get(http::header::LOCATION)?;
    let place = String::from_utf8_lossy(place.as_bytes());
    let secret = answer.status.is_redirection() && pairs(&place) != place;
    (secret && !answer.body.is_empty()).then(|| none_of(&answer.body))
}

/// What stands for a body of which nothing is kept.
fn none_of(body: &[u8]) -> Clean {
    Clean {
        body: withheld(body).into_bytes(),
        removed: vec![Redacted {
            path: String::new(),
            at: 0,
            bytes: body.len() as u64,
        }],
    }
}

/// Where the secrets of a string value stand in `body`, each with the path of the string.
fn secrets(
    body: &[u8],
    string: &json::JsonString,
    texts: &[String],
) -> Vec<(String, Range<usize>)> {
    let whole = vec![(string.path.clone(), string.range.clone())];
    if string.text.is_empty() {
        return Vec::new();
    }
    // What the provider has masked already says that there is a secret, and not which.
    let masked = string.text.chars().all(|c| c == '*');
    if !masked && string.key.as_deref().is_some_and(secret_key) {
        return whole;
    }
    let held: Vec<&String> = (texts.iter())
        .filter(|text| string.text.contains(*text))
        .collect();
    if held.is_empty() && parameters(&string.text).is_empty() {
        return Vec::new();
    }
    let raw = body
        .get(string.range.clone())
        .and_then(|raw| std::str::from_utf8(raw).ok())
        .unwrap_or_default();
    // Where escapes stand for characters, the places are not those of the text. That of `&`, which
    // some encoders write in addresses, ends a parameter as the character does.
    let escaped = raw.replace("\\u0026", "").contains('\\');
    if escaped || (!held.is_empty() && raw != string.text) {
        return whole;
    }
    let mut ranges: Vec<Range<usize>> = held
        .iter()
        .flat_map(|text| raw.match_indices(text.as_str()))
        .map(|(at, found)| at..at + found.len())
        .chain(parameters(raw))
        .map(|found| string.range.start + found.start..string.range.start + found.end)
        .collect();
    ranges.sort_by_key(|range| (range.start, range.end));
    let mut merged: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    let placed = merged.into_iter().map(|range| (string.path.clone(), range));
    placed.collect()
}

/// Where the values of secret parameters stand in a text that is, or holds, addresses; and a password
/// before a host.
fn parameters(text: &str) -> Vec<Range<usize>> {
    /// What ends a value, and what comes before a name.
    const ENDS: [char; 8] = ['&', '#', ';', '"', '<', '>', '\\', ' '];
    if !text.contains("://") && !text.starts_with('/') {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (at, _) in text.match_indices("://") {
        let rest = text.get(at + 3..).unwrap_or_default();
        let host = rest.find(['/', '?', '#', ' ']).unwrap_or(rest.len());
        let user = rest.get(..host).and_then(|host| host.rsplit_once('@'));
        if let Some((name, password)) = user.and_then(|(user, _)| user.split_once(':')) {
            let start = at + 3 + name.len() + 1;
            found.push(start..start + password.len());
        }
    }
    for (at, _) in text.match_indices('=') {
        let before = text.get(..at).unwrap_or_default();
        let begin = before
            .rfind(['?', '&', '#', ';', ' '])
            .map_or(0, |last| last + 1);
        let name = before.get(begin..).unwrap_or_default();
        let name = name.rsplit("\\u0026").next().unwrap_or(name);
        let value = text.get(at + 1..).unwrap_or_default();
        let end = value.find(ENDS).unwrap_or(value.len());
        if begin > 0 && end > 0 && secret_parameter(name) {
            found.push(at + 1..at + 1 + end);
        }
    }
    found
}

/// An address, for a label or a record, without the values of its secret parameters.
pub fn address(text: &str) -> String {
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    let mut ranges = parameters(text);
    ranges.sort_by_key(|range| range.start);
    for range in ranges.into_iter().filter(|range| range.start < range.end) {
        if range.start >= at {
            out.push_str(text.get(at..range.start).unwrap_or_default());
            out.push_str(&removed(range.len()));
            at = range.end;
        }
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

/// `body` with the length of each range in its place.
fn without(body: &[u8], ranges: &[(String, Range<usize>)]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    let mut at = 0;
    for (_, range) in ranges {
        out.extend_from_slice(body.get(at..range.start).unwrap_or_default());
        out.extend_from_slice(removed(range.len()).as_bytes());
        at = range.end;
    }
    out.extend_from_slice(body.get(at..).unwrap_or_default());
    out
}

/// Whether `body` repeats a text of the secret `request`.
fn echoed(request: &[u8], body: &[u8]) -> bool {
    let body = String::from_utf8_lossy(body);
    secret_texts(request).iter().any(|text| body.contains(text))
}

/// Every text of a secret body that is long enough to be one: JSON strings, form values, the whole.
fn secret_texts(request: &[u8]) -> Vec<String> {
    let mut texts = Vec::new();
    if let Ok(value) = serde_json::from_slice::<Value>(request) {
        leaves(&value, &mut texts);
    } else {
        texts.extend(url::form_urlencoded::parse(request).map(|(_, value)| value.into_owned()));
        texts.push(String::from_utf8_lossy(request).into_owned());
    }
    texts.retain(|text| text.len() >= ECHO_LEAST);
    texts
}

fn leaves(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(text.clone()),
        Value::Array(list) => list.iter().for_each(|item| leaves(item, texts)),
        Value::Object(map) => map.values().for_each(|item| leaves(item, texts)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Keys of answers whose value is a secret by itself. Exact names: a date under `passwordChanged` is
/// evidence.
fn secret_key(key: &str) -> bool {
    matches!(
        key.to_ascii_lowercase().as_str(),
        "token"
            | "access_token"
            | "accesstoken"
            | "refresh_token"
            | "refreshtoken"
            | "id_token"
            | "session_token"
            | "sessiontoken"
            | "client_secret"
            | "clientsecret"
            | "secret"
            | "secretaccesskey"
            | "password"
            | "private_key"
            | "privatekey"
            | "api_key"
            | "apikey"
    )
}

/// Text cut to `limit` characters.
fn clip(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_lose_their_secrets_and_nothing_else() {
        for (given, kept) in [
            (
                "https://user:pw@api.example/a?access_token=abc&page=2&X-Amz-Signature=ff#frag",
                "https://api.example/a?access_token=[removed, 3 bytes]&page=2&X-Amz-Signature=[removed, 2 bytes]",
            ),
            (
                "https://api.example/a;token=1?after=x",
                "https://api.example/a;token=[removed, 1 bytes]?after=x",
            ),
            (
                "https://api.example/?pageToken=abc",
                "https://api.example/?pageToken=abc",
            ),
        ] {
            assert_eq!(url(&given.parse().unwrap()), kept);
        }
    }

    #[test]
    fn headers_keep_their_names() {
        let mut map = HeaderMap::new();
        for (name, value) in [
            ("authorization", "Bearer CANARY"),
            ("set-cookie", "sid=CANARY; Path=/; HttpOnly"),
            ("x-vault-token", "CANARY"),
            (
                "link",
                "<https://api.example/a?page=2&token=CANARY>; rel=\"next\"",
            ),
            ("etag", "\"abc\""),
            ("github-authentication-token-expiration", "2027-01-01"),
        ] {
            map.append(
                http::HeaderName::from_static(name),
                http::HeaderValue::from_static(value),
            );
        }
        let written = headers(&map);
        assert!(!format!("{written:?}").contains("CANARY"), "{written:?}");
        let value = |name: &str| written.iter().find(|(n, _)| n == name).unwrap().1.as_str();
        assert_eq!(
            value("set-cookie"),
            "sid=[removed, 6 bytes]; Path=/; HttpOnly"
        );
        assert_eq!(
            value("link"),
            "<https://api.example/a?page=2&token=[removed, 6 bytes]>; rel=\"next\""
        );
        assert_eq!(
            value("github-authentication-token-expiration"),
            "2027-01-01"
        );
    }

    #[test]
    fn an_answer_that_repeats_or_carries_a_secret_is_cleaned() {
        let request = br#"{"credentials":["CANARY-1"]}"#;
        let kept = |body: &str| {
            answer(body.as_bytes(), Some(request), true)
                .map(|clean| String::from_utf8(clean.body).unwrap())
        };
        assert_eq!(kept(r#"{"ok":true}"#), None);
        assert_eq!(
            kept(r#"{"bad":"no CANARY-1 here"}"#).unwrap(),
            r#"{"bad":"no [removed, 8 bytes] here"}"#
        );
        // An escape hides the text from a search of the bytes, not from who reads it.
        assert_eq!(
            kept(r#"{"bad":"no \u0043ANARY-1 here"}"#).unwrap(),
            r#"{"bad":"[removed, 21 bytes]"}"#
        );
        for whole in [
            "plain CANARY-1",
            r#"{"CANARY-1":1}"#,
            r#"{"\u0043ANARY-1":1}"#,
        ] {
            assert!(kept(whole).unwrap().starts_with("[not kept"), "{whole}");
        }
        assert_eq!(answer(br#"{"a":[{"b":1}]}"#, None, false), None);
        assert_eq!(answer(br#"{"token":""}"#, None, false), None);
    }

    #[test]
    fn an_address_in_an_answer_keeps_all_but_its_secret_parameters() {
        let kept = |body: &str| {
            answer(body.as_bytes(), None, false).map(|clean| {
                serde_json::from_slice::<Value>(&clean.body).unwrap();
                String::from_utf8(clean.body).unwrap()
            })
        };
        for (given, expected) in [
            (
                r#"[{"url":"https://ci.example/hook?repo=a&token=CANARY&v=2"}]"#,
                r#"[{"url":"https://ci.example/hook?repo=a&token=[removed, 6 bytes]&v=2"}]"#,
            ),
            (
                r#"{"url":"https://ci.example/hook?a=1\u0026sig=CANARY\u0026b=2"}"#,
                r#"{"url":"https://ci.example/hook?a=1\u0026sig=[removed, 6 bytes]\u0026b=2"}"#,
            ),
            (
                r#"{"url":"https://desk:CANARY@ci.example/hook"}"#,
                r#"{"url":"https://desk:[removed, 6 bytes]@ci.example/hook"}"#,
            ),
            (
                r#"["see https://ci.example/?access_token=CANARY now"]"#,
                r#"["see https://ci.example/?access_token=[removed, 6 bytes] now"]"#,
            ),
            (
                r#"{"items":[{"client_secret":"CANARY","name":"a"}]}"#,
                r#"{"items":[{"client_secret":"[removed, 6 bytes]","name":"a"}]}"#,
            ),
        ] {
            assert_eq!(kept(given).as_deref(), Some(expected));
        }
        // Where a place in the bytes cannot be told, nothing of the value stays.
        let hidden = kept(r#"{"url":"https:\/\/ci.example\/?t\u006fken=CANARY"}"#).unwrap();
        assert!(!hidden.contains("CANARY"), "{hidden}");
        for untouched in [
            r#"{"next":"https://api.example/?page=2&pageToken=abc"}"#,
            r#"{"secret":"********"}"#,
            r#"{"text":"a token=b in prose","path":"/a/b?page=3"}"#,
        ] {
            assert_eq!(kept(untouched), None, "{untouched}");
        }
        assert_eq!(
            address("https://ci.example/hook?token=CANARY"),
            "https://ci.example/hook?token=[removed, 6 bytes]"
        );
    }

    #[test]
    fn what_is_no_secret_keeps_its_bytes_and_what_is_one_keeps_its_place() {
        let body = b"{ \"z\": 1.50e+2,\r\n\t\"a\" : [ {\"access_token\":\"x\\/y\", \"access_token\" :\"dup\"} ],\"caf\\u00e9/~\":{\"secret\":\"s3\"} }\n";
        let clean = answer(body, None, false).unwrap();
        let expected = "{ \"z\": 1.50e+2,\r\n\t\"a\" : [ {\"access_token\":\"[removed, 4 bytes]\", \"access_token\" :\"[removed, 3 bytes]\"} ],\"caf\\u00e9/~\":{\"secret\":\"[removed, 2 bytes]\"} }\n";
        assert_eq!(String::from_utf8(clean.body).unwrap(), expected);
        let told: Vec<(&str, u64)> = (clean.removed.iter())
            .map(|one| (one.path.as_str(), one.bytes))
            .collect();
        assert_eq!(
            told,
            [
                ("/a/0/access_token", 4),
                ("/a/0/access_token", 3),
                ("/café~1~0/secret", 2)
            ]
        );
    }

    /// JSON text with odd spaces, numbers and escapes; `CANARY` here and there.
    fn document() -> impl proptest::strategy::Strategy<Value = String> {
        use proptest::prelude::*;
        let text = prop_oneof![
            "[a-z ]{0,6}",
            Just("CANARY-7".to_owned()),
            Just("so CANARY-7, CANARY-7".to_owned()),
            Just("\\u0043ANARY-7".to_owned()),
            Just("\\\"\\\\ é\\n".to_owned()),
        ];
        let leaf = prop_oneof![
            Just("1.0E+3".to_owned()),
            Just("-0".to_owned()),
            Just("null".to_owned()),
            text.prop_map(|text| format!("\"{text}\"")),
        ];
        let name = proptest::sample::select(vec!["token", "a", "Password", "b\\u0041", "x/y", ""]);
        let space = proptest::sample::select(vec!["", " ", "\n\t", "\r\n  "]);
        leaf.prop_recursive(4, 24, 4, move |inner| {
            let member = (name.clone(), space.clone(), inner.clone());
            prop_oneof![
                (proptest::collection::vec(inner, 0..4), space.clone()).prop_map(
                    |(items, space)| format!(
                        "[{space}{}{space}]",
                        items.join(&format!("{space},"))
                    )
                ),
                (proptest::collection::vec(member, 0..4), space.clone()).prop_map(
                    |(members, space)| {
                        let each = members
                            .iter()
                            .map(|(name, gap, value)| format!("\"{name}\"{gap}:{gap}{value}"));
                        format!("{{{space}{}{space}}}", each.collect::<Vec<_>>().join(","))
                    }
                ),
            ]
        })
    }

    proptest::proptest! {
        #[test]
        fn outside_of_what_was_removed_every_byte_is_as_received(text in document(), secret: bool) {
            let request = br#"{"value":"CANARY-7"}"#;
            let body = text.as_bytes();
            let clean = answer(body, Some(request), secret);
            let Some(clean) = clean else {
                proptest::prop_assert!(!secret || !text.contains("ANARY-7"));
                return Ok(());
            };
            // Each placeholder gives way to the bytes that it stands for: nothing else may differ.
            let (mut rebuilt, mut from, mut rest) = (Vec::new(), 0, clean.body.as_slice());
            for one in &clean.removed {
                let (at, bytes) = (usize::try_from(one.at).unwrap(), usize::try_from(one.bytes).unwrap());
                rebuilt.extend_from_slice(&rest[..at - from]);
                rest = &rest[at - from..];
                let stands = removed(bytes);
                proptest::prop_assert!(rest.starts_with(stands.as_bytes()), "{}", text);
                rest = &rest[stands.len()..];
                rebuilt.extend_from_slice(&body[at..at + bytes]);
                from = at + bytes;
            }
            rebuilt.extend_from_slice(rest);
            proptest::prop_assert_eq!(rebuilt, body);
            let shown = String::from_utf8(clean.body.clone()).unwrap();
            proptest::prop_assert!(!secret || !shown.contains("ANARY-7"), "{}", shown);
            proptest::prop_assert!(serde_json::from_str::<Value>(&shown).is_ok());
        }
    }
}
