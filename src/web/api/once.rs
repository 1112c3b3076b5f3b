//! Idempotency keys: what was carried out is answered again, not carried out again.

use std::sync::{Mutex, PoisonError};

use axum::body::{Bytes, to_bytes};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, StatusCode};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;

use super::Operation;
use super::asked::Asked;
use super::problem::problem;
use crate::canon::{Digest, canonical};
use crate::fault::{Fault, Kind, Result};
use crate::store::Hub;
use crate::time::Timestamp;

/// Where the hub keeps them.
const TREE: &str = "idempotency";
/// How often what is older is looked for.
const PRUNED_EVERY: SignedDuration = SignedDuration::from_hours(1);
/// How long an answer is kept at least.
const KEPT: SignedDuration = SignedDuration::from_hours(24);
/// The largest answer that is kept, bytes; after a longer one, and after a
/// secret, a repetition hears that it was done.
const ANSWER_LIMIT: usize = 64 * 1024;

#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    request: Digest,
    at: Timestamp,
    /// Status, media type and body; `None` while it is carried out, and after a crash.
    answer: Option<(u16, String, String)>,
}

/// The key of a request.
///
/// # Errors
/// It stands twice, is empty or longer than 255 characters.
pub(super) fn key(headers: &HeaderMap) -> Result<Option<String>> {
    let mut keys = headers.get_all("idempotency-key").iter();
    let Some(key) = keys.next() else {
        return Ok(None);
    };
    match key.to_str() {
        Ok(key) if (1..=255).contains(&key.len()) && keys.next().is_none() => {
            Ok(Some(key.to_owned()))
        }
        _ => Err(Fault::input(
            "idempotency-key",
            "`Idempotency-Key` is one value of 1 to 255 characters.",
        )),
    }
}

/// Carries a request out unless its key was used before.
pub(super) fn once(
    key: &str,
    operation: &Operation,
    asked: Asked,
    runtime: &Handle,
    act: impl FnOnce(Asked) -> Response,
) -> Response {
    let made = claim(key, operation, &asked);
    let (name, mut kept) = match made {
        Ok(Claim::New(name, kept)) => (name, kept),
        Ok(Claim::Answered(response)) => return response,
        Err(fault) => return problem(&fault, None),
    };
    let hub = asked.web.hub.clone();
    let response = act(asked);
    let (parts, body) = response.into_parts();
    let body = runtime
        .block_on(to_bytes(body, usize::MAX))
        .unwrap_or_default();
    let media_type = parts
        .headers
        .get("content-type")
        .and_then(|value| value.to_str().ok());
    // What was not carried out may be tried again under the same key.
    if parts.status == StatusCode::CONFLICT || parts.status.is_server_error() {
        if let Err(fault) = hub.remove(TREE, &name) {
            tracing::error!(code = fault.code(), "a key could not be let go of");
        }
    } else {
        let tell_again = !operation.told_once || !parts.status.is_success();
        kept.answer = Some(if tell_again && body.len() <= ANSWER_LIMIT {
            let media_type = media_type.unwrap_or_default().to_owned();
            (parts.status.as_u16(), media_type, STANDARD.encode(&body))
        } else {
            not_kept(operation, runtime)
        });
        let put = canonical(&kept).and_then(|bytes| hub.put(TREE, &name, &bytes));
        if let Err(fault) = put {
            tracing::error!(code = fault.code(), "an answer could not be kept");
        }
    }
    Response::from_parts(parts, body.into())
}

/// What a repetition hears of an answer that is not kept.
fn not_kept(operation: &Operation, runtime: &Handle) -> (u16, String, String) {
    let what = if operation.told_once {
        "It was carried out; the answer is told once and not kept."
    } else {
        "It was carried out; the answer was too long to be kept."
    };
    let fault = Fault::new(Kind::Waiting, "answered-before", what).hint("read the case");
    let (parts, body) = problem(&fault, None).into_parts();
    let body = runtime.block_on(to_bytes(body, usize::MAX));
    let media_type = "application/problem+json".to_owned();
    (
        parts.status.as_u16(),
        media_type,
        STANDARD.encode(body.unwrap_or_default()),
    )
}

enum Claim {
    New(Vec<u8>, Kept),
    Answered(Response),
}

/// When keys were looked through last, for those whose time is over.
#[derive(Debug, Default)]
pub struct Pruned(Mutex<Option<Timestamp>>);

impl Pruned {
    /// Whether to look now: at the first request, and then once in an hour.
    fn is_due(&self, now: Timestamp) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = last.is_none_or(|last| now.duration_since(last).abs() >= PRUNED_EVERY);
        if due {
            *last = Some(now);
        }
        due
    }
}

/// Forgets keys whose time is over.
fn prune(hub: &Hub, now: Timestamp) -> Result<()> {
    for (name, kept) in hub.scan(TREE)? {
        let old = serde_json::from_slice::<Kept>(&kept)
            .is_ok_and(|kept| now.duration_since(kept.at) > KEPT);
        if old {
            hub.remove(TREE, &name)?;
        }
    }
    Ok(())
}

/// Takes the key for this request, durably, or gives what it was used for.
fn claim(key: &str, operation: &Operation, asked: &Asked) -> Result<Claim> {
    if asked.params.contains_key("case") {
        // Who may not know of the case any more does not hear what was answered before.
        asked.state(operation.needs)?;
    }
    let who = asked.token()?;
    let name = Digest::of(format!("{who}\u{1f}{key}").as_bytes())
        .to_string()
        .into_bytes();
    let parts = asked
        .params
        .iter()
        .map(|(name, value)| format!("{name}={value}"));
    let request = format!(
        "{}\u{1f}{}\u{1f}{}",
        operation.name,
        parts.collect::<Vec<_>>().join("\u{1f}"),
        Digest::of(&asked.body)
    );
    let kept = Kept {
        request: Digest::of(request.as_bytes()),
        at: asked.web.app.clock.now(),
        answer: None,
    };
    let hub = &asked.web.hub;
    if asked.web.pruned.is_due(kept.at) {
        prune(hub, kept.at)?;
    }
    if hub.put_new(TREE, &name, &canonical(&kept)?)? {
        return Ok(Claim::New(name, kept));
    }
    let before = hub.get(TREE, &name)?.unwrap_or_default();
    let Ok(before) = serde_json::from_slice::<Kept>(&before) else {
        return Err(Fault::failed(
            "idempotency-key",
            "What was kept under the key cannot be read.",
        ));
    };
    if before.request != kept.request {
        let what = "The key was used for another request.";
        return Err(Fault::input("idempotency-key", what).hint("use a key once"));
    }
    let Some((status, media_type, body)) = before.answer else {
        let what = "The same request is being carried out, or a stop came in between.";
        return Err(Fault::new(Kind::Owned, "in-doubt", what)
            .hint("look at the case before you send it under another key"));
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let body = Bytes::from(STANDARD.decode(body).unwrap_or_default());
    let mut response = (status, body).into_response();
    if let Ok(media_type) = HeaderValue::from_str(&media_type) {
        response.headers_mut().insert("content-type", media_type);
    }
    let replayed = HeaderValue::from_static("true");
    response
        .headers_mut()
        .insert("idempotency-replayed", replayed);
    Ok(Claim::Answered(response))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_looked_through_once_in_an_hour() {
        let pruned = Pruned::default();
        let at = |minutes: i64| Timestamp::from_second(1_800_000_000 + 60 * minutes).unwrap();
        let due = [0, 1, 59, 60, 61, 119, 120, 0].map(|minutes| pruned.is_due(at(minutes)));
        // A clock that is put back does not keep old answers for ever.
        assert_eq!(due, [true, false, false, true, false, false, true, true]);
    }
}
