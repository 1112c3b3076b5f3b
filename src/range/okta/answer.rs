//! How Okta answers: its errors, its pages, its rate-limit headers.

use std::collections::BTreeMap;

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// The query of a call.
pub(super) type Query = BTreeMap<String, String>;

/// An answer that is not a success.
#[derive(Debug)]
pub(super) struct Problem(StatusCode, &'static str, String);

const NONCE_WANTED: &str = "use_dpop_nonce";

impl Problem {
    /// Whether only the number in a proof of possession is missing.
    pub(super) fn wants_nonce(&self) -> bool {
        self.1 == NONCE_WANTED
    }
}

/// What a handler gives.
pub(super) type Outcome = Result<Response, Problem>;

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Self(status, code, summary) = self;
        let body = json!({
            "errorCode": code,
            "errorSummary": summary,
            "errorLink": code,
            "errorId": format!("oae{}", uuid::Uuid::now_v7().simple()),
            "errorCauses": [],
        });
        (status, Json(body)).into_response()
    }
}

/// `404 E0000007`.
pub(super) fn missing(what: &str, id: &str) -> Problem {
    let summary = format!("Not found: Resource not found: {id} ({what})");
    Problem(StatusCode::NOT_FOUND, "E0000007", summary)
}

/// `400 E0000001`.
pub(super) fn invalid(what: &str) -> Problem {
    Problem(
        StatusCode::BAD_REQUEST,
        "E0000001",
        format!("Api validation failed: {what}"),
    )
}

/// `403 E0000006`.
pub(super) fn forbidden() -> Problem {
    let summary = "You do not have permission to perform the requested action";
    Problem(StatusCode::FORBIDDEN, "E0000006", summary.to_owned())
}

/// `401 E0000011`.
pub(super) fn unauthenticated() -> Problem {
    Problem(
        StatusCode::UNAUTHORIZED,
        "E0000011",
        "Invalid token provided".to_owned(),
    )
}

/// `401` of a call whose proof of possession lacks a number.
pub(super) fn nonce_wanted() -> Problem {
    Problem(
        StatusCode::UNAUTHORIZED,
        NONCE_WANTED,
        "Resource server requires nonce in DPoP proof.".to_owned(),
    )
}

/// `403 E0000015`: the organization did not buy it.
pub(super) fn not_entitled() -> Problem {
    let summary = "You do not have permission to access the feature you are requesting";
    Problem(StatusCode::FORBIDDEN, "E0000015", summary.to_owned())
}

/// `429 E0000047`.
pub(super) fn throttled() -> Problem {
    let summary = "API call exceeded rate limit due to too many requests.";
    Problem(
        StatusCode::TOO_MANY_REQUESTS,
        "E0000047",
        summary.to_owned(),
    )
}

/// `200` with a body.
pub(super) fn found(value: Value) -> Response {
    Json(value).into_response()
}

/// `204`.
pub(super) fn done() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

/// One page of a list. The cursor is opaque to everyone but us.
pub(super) fn page(
    rows: &[Value],
    query: &Query,
    uri: &Uri,
    headers: &HeaderMap,
    largest: usize,
) -> Response {
    let asked = query
        .get("limit")
        .and_then(|limit| limit.parse().ok())
        .unwrap_or(largest);
    let size = asked.clamp(1, largest.max(1));
    let from = query
        .get("after")
        .and_then(|cursor| {
            cursor
                .strip_prefix("c")?
                .strip_suffix("x")?
                .parse::<usize>()
                .ok()
        })
        .unwrap_or(0);
    let shown: Vec<&Value> = rows.iter().skip(from).take(size).collect();
    let end = from + shown.len();
    let mut answer = Json(shown).into_response();
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or("localhost");
    let mut link = |after: Option<usize>, rel: &str| {
        let mut pairs = url::form_urlencoded::Serializer::new(String::new());
        pairs.extend_pairs(query.iter().filter(|(name, _)| *name != "after"));
        if let Some(after) = after {
            pairs.append_pair("after", &format!("c{after}x"));
        }
        let target = format!(
            "<http://{host}{}?{}>; rel=\"{rel}\"",
            uri.path(),
            pairs.finish()
        );
        if let Ok(value) = HeaderValue::from_str(&target) {
            answer.headers_mut().append(header::LINK, value);
        }
    };
    link(None, "self");
    if end < rows.len() {
        link(Some(end), "next");
    }
    answer
}
