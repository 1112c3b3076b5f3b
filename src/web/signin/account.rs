//! Where somebody looks after their own sessions, passkeys and tokens.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{passkey, shown};
use crate::access::{Role, Via};
use crate::fault::Result;
use crate::id::CaseId;
use crate::signin::SignIn;
use crate::signin::token::NewToken;
use crate::web::visit::{Form, Nothing, Visit};
use crate::web::{Web, page};

pub(super) async fn show(State(web): State<Arc<Web>>, visit: Visit) -> Response {
    account(&web, &visit, None).await
}

#[derive(Deserialize)]
pub(super) struct One {
    pub(super) id: String,
}

pub(super) async fn end_session(
    State(web): State<Arc<Web>>,
    Form(visit, one): Form<One>,
) -> Response {
    let name = visit.principal.person.name.clone();
    let end = move |signin: &SignIn| signin.end_session(&name, &one.id);
    back(&web, &visit, web.wait(end).await)
}

pub(super) async fn end_others(
    State(web): State<Arc<Web>>,
    Form(visit, Nothing {}): Form<Nothing>,
) -> Response {
    let who = visit.principal.clone();
    let end = move |signin: &SignIn| signin.end_other_sessions(&who.person.name, &who.via);
    back(&web, &visit, web.wait(end).await)
}

#[derive(Deserialize)]
pub(super) struct Wanted {
    name: String,
    role: String,
    #[serde(default)]
    case: String,
    /// A number: fields of a form are text.
    days: String,
}

pub(super) async fn new_token(
    State(web): State<Arc<Web>>,
    Form(visit, wanted): Form<Wanted>,
) -> Response {
    let who = visit.principal.clone();
    let made = async {
        let role: Role = wanted.role.parse()?;
        let case = wanted.case.trim();
        let cases = if case.is_empty() {
            None
        } else {
            Some([case.parse::<CaseId>()?].into())
        };
        let new = NewToken {
            name: wanted.name,
            person: who.person.name,
            role,
            cases,
            days: wanted.days.trim().parse().unwrap_or_default(),
        };
        web.wait(move |signin| signin.own_token(new, &who.via))
            .await
    };
    match made.await {
        Ok((text, _)) => account(&web, &visit, Some(text)).await,
        Err(fault) => page::fault(&web, Some(&visit), &fault),
    }
}

pub(super) async fn revoke_token(
    State(web): State<Arc<Web>>,
    Form(visit, one): Form<One>,
) -> Response {
    let name = visit.principal.person.name.clone();
    let revoke = move |signin: &SignIn| signin.revoke_token(&one.id, Some(&name), &name);
    back(&web, &visit, web.wait(revoke).await)
}

pub(super) fn back(web: &Arc<Web>, visit: &Visit, done: Result<()>) -> Response {
    match done {
        Ok(()) => Redirect::to("/account").into_response(),
        Err(fault) => page::fault(web, Some(visit), &fault),
    }
}

async fn account(web: &Arc<Web>, visit: &Visit, token: Option<String>) -> Response {
    let name = visit.principal.person.name.clone();
    let both = web.wait(move |signin| Ok((signin.sessions(&name)?, signin.tokens(Some(&name))?)));
    let read = async { Ok((both.await?, passkey::shown_to(web, visit).await?)) };
    let ((sessions, tokens), passkeys) = match read.await {
        Ok(read) => read,
        Err(fault) => return page::fault(web, Some(visit), &fault),
    };
    let here = match &visit.principal.via {
        Via::Session(here) => here.as_str(),
        Via::Token { .. } => "",
    };
    let sessions: Vec<Value> = (sessions.iter())
        .map(|session| {
            json!({
                "id": session.id,
                "began": shown(web, Some(session.began)),
                "used": shown(web, Some(session.used)),
                "from": session.from.map(|from| from.to_string()).unwrap_or_default(),
                "how": session.how.words(),
                "here": session.id == here,
            })
        })
        .collect();
    let tokens: Vec<Value> = (tokens.iter())
        .map(|token| {
            let cases = token.cases.as_ref().map(|cases| {
                let cases: Vec<&str> = cases.iter().map(CaseId::as_str).collect();
                cases.join(", ")
            });
            json!({
                "id": token.id,
                "name": token.name,
                "role": token.role,
                "cases": cases.unwrap_or_else(|| "all of yours".to_owned()),
                "expires": shown(web, Some(token.expires)),
                "used": shown(web, token.used),
            })
        })
        .collect();
    let roles: Vec<&str> = visit
        .principal
        .roles()
        .iter()
        .map(|role| role.name())
        .collect();
    let page = json!({
        "title": "Your account",
        "roles": roles.join(", "),
        "own_roles": roles,
        "token": token,
        "sessions": sessions,
        "tokens": tokens,
        "passkeys": passkeys,
    });
    page::answer(web, Some(visit), "account", &page)
}
