//! Errors as problems (RFC 9457).

use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;

use crate::fault::Fault;
use crate::web::page;

/// What went wrong, where, and what to do next.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Problem {
    /// `urn:cordon:problem:CODE`; the code is stable.
    #[serde(rename = "type")]
    kind: String,
    /// What happened, a sentence.
    title: String,
    /// The status of the answer.
    status: u16,
    /// Where: the field, the case, the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// What to do next.
    next: Vec<String>,
}

/// A fault as an answer. What went wrong inside stays in the log.
pub(super) fn problem(fault: &Fault, status: Option<StatusCode>) -> Response {
    let status = status.unwrap_or_else(|| page::status(fault));
    if status.is_server_error() {
        tracing::error!(code = fault.code(), "a request of the API failed");
    }
    let shown = !status.is_server_error();
    let problem = Problem {
        kind: format!("urn:cordon:problem:{}", fault.code()),
        title: fault.what().to_owned(),
        status: status.as_u16(),
        // Where something failed inside is for the log: it may name files.
        detail: fault.place().map(str::to_owned).filter(|_| shown),
        next: fault.hints().iter().filter(|_| shown).cloned().collect(),
    };
    let mut response = (status, axum::Json(problem)).into_response();
    let media_type = HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert("content-type", media_type);
    response
}
