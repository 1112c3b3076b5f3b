//! The sign-in for the day when nothing else lets anybody in.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use serde::Deserialize;
use serde_json::json;

use super::{signed_in, with_refusal};
use crate::fault::Fault;
use crate::web::Web;
use crate::web::visit::{Client, Fields};

pub(super) async fn ask(State(web): State<Arc<Web>>) -> Response {
    form(&web, None)
}

#[derive(Deserialize)]
pub(super) struct Entered {
    name: String,
    code: String,
    reason: String,
}

pub(super) async fn enter(
    State(web): State<Arc<Web>>,
    Client(from): Client,
    headers: HeaderMap,
    Fields(entered): Fields<Entered>,
) -> Response {
    if let Err(fault) = web.signin.admit(from) {
        return form(&web, Some(&fault));
    }
    let Entered { name, code, reason } = entered;
    let broken =
        move |signin: &crate::signin::SignIn| signin.break_glass(&name, &code, &reason, from);
    match web.wait(broken).await {
        Ok(opened) => signed_in(&web, &headers, &opened, "/").await,
        Err(fault) => form(&web, Some(&fault)),
    }
}

fn form(web: &Arc<Web>, refused: Option<&Fault>) -> Response {
    let page = json!({ "title": "Break-glass sign-in" });
    with_refusal(web, "signin-glass", page, refused)
}
