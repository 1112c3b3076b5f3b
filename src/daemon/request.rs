//! Each request has an id that stands in every line of the log about it, and in its answer.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderName, HeaderValue};
use tracing::Instrument as _;

/// The header that carries the id to the sender. One that the sender gave is not looked at: it could
/// be anything, and the same twice.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Routes that are asked every few seconds, and those that tell of their requests themselves.
const QUIET: [&str; 4] = ["/health", "/ready", "/metrics", "/hooks/"];

/// Gives a request its id, and tells how it was answered: by route, never by path or query, which the
/// sender chooses.
pub(super) async fn named(mut request: Request, next: Next) -> Response {
    let id = uuid::Uuid::new_v4().simple().to_string();
    let value = HeaderValue::from_str(&id).ok();
    request.headers_mut().remove(REQUEST_ID);
    if let Some(value) = &value {
        request.headers_mut().insert(REQUEST_ID, value.clone());
    }
    let span = tracing::info_span!("request", id);
    async move {
        let method = request.method().clone();
        let matched = request.extensions().get::<MatchedPath>();
        let route = matched.map_or_else(String::new, |path| path.as_str().to_owned());
        let began = Instant::now();
        let mut response = next.run(request).await;
        if let Some(value) = value {
            response.headers_mut().insert(REQUEST_ID, value);
        }
        if !QUIET.iter().any(|quiet| route.starts_with(quiet)) {
            let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            let status = response.status().as_u16();
            // A method is any word that the sender likes.
            let method = if method.as_str().len() <= 7 {
                method.as_str()
            } else {
                "other"
            };
            tracing::info!(method, route, status, took_ms, "answered");
        }
        response
    }
    .instrument(span)
    .await
}
