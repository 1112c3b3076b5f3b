//! Keeps secrets out of evidence: what is written down about a request and an answer.
//!
//! A removed value is replaced by its length; names and structure stay, so that the record still
//! shows that something was sent.

use http::HeaderMap;
use serde_json::Value;
use url::Url;

use crate::canon::Digest;

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
const PARAMETERS: [&str; 7] = [
    "key",
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

/// The answer without secrets, when it holds any: answers to a request with a secret that repeat it
/// or carry a new one, and answers to a change that carry one. `None` when it is kept as received.
pub(super) fn answer(body: &[u8], request: Option<&[u8]>, secret: bool) -> Option<Vec<u8>> {
    let parsed = serde_json::from_slice::<Value>(body).ok();
    if secret {
        let echoes = request.is_some_and(|request| echoed(request, body));
        return match parsed {
            Some(mut value) => {
                let texts = request.map(secret_texts).unwrap_or_default();
                let changed = clean(&mut value, &texts);
                (changed || echoes).then(|| {
                    let clean = value.to_string().into_bytes();
                    let still = request.is_some_and(|request| echoed(request, &clean));
                    if still {
                        withheld(body).into_bytes()
                    } else {
                        clean
                    }
                })
            }
            None => echoes.then(|| withheld(body).into_bytes()),
        };
    }
    let mut value = parsed?;
    clean(&mut value, &[]).then(|| value.to_string().into_bytes())
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

/// Replaces strings under secret keys, and strings that hold one of `texts`. True when it did.
fn clean(value: &mut Value, texts: &[String]) -> bool {
    match value {
        Value::String(text) if texts.iter().any(|secret| text.contains(secret)) => {
            *value = Value::String(removed(text.len()));
            true
        }
        Value::Array(list) => list
            .iter_mut()
            .fold(false, |changed, item| clean(item, texts) | changed),
        Value::Object(map) => map.iter_mut().fold(false, |changed, (key, item)| {
            let now = match item {
                Value::String(text) if secret_key(key) && !text.is_empty() => {
                    *item = Value::String(removed(text.len()));
                    true
                }
                item => clean(item, texts),
            };
            now | changed
        }),
        _ => false,
    }
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
            answer(body.as_bytes(), Some(request), true).map(|b| String::from_utf8(b).unwrap())
        };
        assert_eq!(kept(r#"{"ok":true}"#), None);
        assert_eq!(
            kept(r#"{"bad":"no CANARY-1 here"}"#).unwrap(),
            r#"{"bad":"[removed, 16 bytes]"}"#
        );
        assert!(kept("plain CANARY-1").unwrap().starts_with("[not kept"));
        assert!(kept(r#"{"CANARY-1":1}"#).unwrap().starts_with("[not kept"));
        let new = answer(br#"{"access_token":"x","token_type":"b"}"#, None, false).unwrap();
        assert_eq!(
            new,
            br#"{"access_token":"[removed, 1 bytes]","token_type":"b"}"#
        );
        assert_eq!(answer(br#"{"a":[{"b":1}]}"#, None, false), None);
    }
}
