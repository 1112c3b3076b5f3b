//! The sign-in with a passkey, and where somebody adds and removes theirs. The browser's part is
//! `templates/page/passkey.js`: it is asked in JSON, and answers in a form.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::HeaderMap;
use serde::Deserialize;
use serde_json::{Value, json};

use super::account::{One, back};
use super::{form, local, shown, signed_in};
use crate::app::App;
use crate::fault::{Fault, Result};
use crate::signin::SignIn;
use crate::signin::passkey::{Asked, Asserted, NewPasskey, RelyingParty, not_offered};
use crate::web::visit::{Client, Fields, Form, Nothing, Visit};
use crate::web::{Web, page};

/// The site that passkeys are for, as configured.
///
/// # Errors
/// Why they are not offered there.
pub(crate) fn party(app: &App) -> Result<Arc<RelyingParty>, &'static str> {
    let url = app.settings.signin.url.as_ref();
    RelyingParty::new(url, Arc::clone(&app.clock)).map(Arc::new)
}

/// Whoever asks, with whatever name, is answered alike.
pub(super) async fn begin(
    State(web): State<Arc<Web>>,
    Client(from): Client,
    Fields(Nothing {}): Fields<Nothing>,
) -> Response {
    let asked = (web.signin.admit(from))
        .and_then(|()| offered(&web))
        .and_then(|party| party.begin_entering());
    told(asked)
}

#[derive(Deserialize)]
pub(super) struct Entered {
    name: String,
    begun: String,
    answer: String,
    #[serde(default)]
    next: String,
}

pub(super) async fn enter(
    State(web): State<Arc<Web>>,
    Client(from): Client,
    headers: HeaderMap,
    Fields(entered): Fields<Entered>,
) -> Response {
    let next = local(&entered.next).to_owned();
    let asserted = Asserted {
        name: entered.name,
        begun: entered.begun,
        answer: entered.answer,
        from,
    };
    let opened = async {
        web.signin.admit(from)?;
        let party = offered(&web)?;
        web.wait(move |signin| signin.enter_by_passkey(&party, &asserted))
            .await
    };
    match opened.await {
        Ok(opened) => signed_in(&web, &headers, &opened, &next).await,
        Err(fault) => form(&web, &next, Some(&fault)),
    }
}

#[derive(Deserialize)]
pub(super) struct Code {
    code: String,
}

pub(super) async fn begin_adding(
    State(web): State<Arc<Web>>,
    Client(from): Client,
    Form(visit, Code { code }): Form<Code>,
) -> Response {
    let asked = async {
        let (party, who) = (offered(&web)?, visit.principal);
        web.wait(move |signin| signin.begin_passkey(&party, &who, &code, from))
            .await
    };
    told(asked.await)
}

#[derive(Deserialize)]
pub(super) struct Made {
    name: String,
    begun: String,
    answer: String,
}

pub(super) async fn add(
    State(web): State<Arc<Web>>,
    Client(from): Client,
    Form(visit, made): Form<Made>,
) -> Response {
    let new = NewPasskey {
        name: made.name,
        begun: made.begun,
        answer: made.answer,
    };
    let added = async {
        let (party, who) = (offered(&web)?, visit.principal.clone());
        web.wait(move |signin| signin.add_passkey(&party, &who, &new, from))
            .await
    };
    back(&web, &visit, added.await)
}

pub(super) async fn remove(
    State(web): State<Arc<Web>>,
    Client(from): Client,
    Form(visit, one): Form<One>,
) -> Response {
    let who = visit.principal.clone();
    let remove = move |signin: &SignIn| signin.remove_passkey(&who, &one.id, from);
    back(&web, &visit, web.wait(remove).await)
}

/// The passkeys of who visits, and why they add none, where that is so.
pub(super) async fn shown_to(web: &Arc<Web>, visit: &Visit) -> Result<Value> {
    let who = visit.principal.clone();
    let both = web.wait(move |signin| {
        let kept = signin.passkeys(&who.person.name)?;
        Ok((kept, signin.may_add_passkey(&who).err()))
    });
    let (kept, refused) = both.await?;
    let kept = kept.iter().map(|one| {
        json!({
            "id": one.id,
            "name": one.name,
            "made": shown(web, Some(one.made)),
            "used": shown(web, one.used),
        })
    });
    let refused = offered(web).err().or(refused);
    Ok(json!({
        "kept": kept.collect::<Vec<Value>>(),
        "none_because": refused.as_ref().map(Fault::what),
        "hints": refused.as_ref().map(Fault::hints),
    }))
}

fn offered(web: &Web) -> Result<Arc<RelyingParty>> {
    web.passkeys.clone().map_err(not_offered)
}

/// What the browser is asked, or why nothing; for the script, which says it to its person.
fn told(asked: Result<Asked>) -> Response {
    match asked {
        Ok(asked) => {
            let begun = asked.begun.expose();
            axum::Json(json!({ "begun": begun, "options": asked.options })).into_response()
        }
        Err(fault) => {
            let refused = json!({ "refused": fault.what(), "hints": fault.hints() });
            (page::status(&fault), axum::Json(refused)).into_response()
        }
    }
}
