//! The pages, by path.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

use super::visit::Visit;
use super::{Web, page};
use crate::fault::Fault;

/// Every route.
pub fn router() -> Router<Arc<Web>> {
    Router::new()
        .route("/assets/{name}", get(asset))
        .fallback(missing)
}

async fn asset(
    State(web): State<Arc<Web>>,
    visit: Option<Visit>,
    Path(name): Path<String>,
) -> Response {
    match page::asset(&name) {
        Some((media_type, bytes)) => ([("content-type", media_type)], bytes).into_response(),
        None => missing(State(web), visit).await,
    }
}

async fn missing(State(web): State<Arc<Web>>, visit: Option<Visit>) -> Response {
    let fault = Fault::input("no-page", "There is no such page.").hint("begin at /");
    page::fault(&web, visit.as_ref(), &fault)
}
