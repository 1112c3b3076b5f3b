//! The pages of the sign-in, and those where people look after their own sessions, passkeys and tokens.

mod account;
mod glass;
pub(super) mod idp;
pub(super) mod passkey;
mod people;
mod welcome;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use http::{HeaderMap, HeaderValue, header};
use serde::Deserialize;
use serde_json::{Value, json};

use super::pages::{self, Route, act, look};
use super::visit::{Client, Fields, Form, Nothing, Visit};
use super::{Web, guard, page};
use crate::fault::Fault;
use crate::secret::SecretString;
use crate::signin::{Attempt, Opened};
use crate::time::{Timestamp, utc_and_zone};

/// Every page and everything that can be done in one: a test holds each against what each role may.
pub fn routes() -> Vec<Route> {
    vec![
        look("/signin", ask),
        act("/signin", enter),
        look("/signin/break-glass", glass::ask),
        act("/signin/break-glass", glass::enter),
        look("/signin/idp", idp::begin),
        look("/signin/idp/back", idp::back),
        act("/signin/code", idp::code),
        act("/signin/passkey/begin", passkey::begin),
        act("/signin/passkey", passkey::enter),
        act("/signout", leave),
        look("/welcome/{ticket}", welcome::show),
        act("/welcome/{ticket}", welcome::enrol),
        look("/account", account::show),
        act("/account/sessions/end", account::end_session),
        act("/account/sessions/end-others", account::end_others),
        act("/account/passkeys/begin", passkey::begin_adding),
        act("/account/passkeys", passkey::add),
        act("/account/passkeys/remove", passkey::remove),
        act("/account/tokens", account::new_token),
        act("/account/tokens/revoke", account::revoke_token),
        look("/people", people::show),
        act("/people/invite", people::invite),
        act("/people/revoke", people::revoke),
        act("/people/acknowledge", people::acknowledge),
    ]
}

/// The same, served.
pub fn router() -> Router<Arc<Web>> {
    pages::of(routes())
}

#[derive(Debug, Deserialize)]
struct Next {
    #[serde(default)]
    next: String,
}

async fn ask(
    State(web): State<Arc<Web>>,
    visit: Option<Visit>,
    next: Result<Query<Next>, axum::extract::rejection::QueryRejection>,
) -> Response {
    let next = next.map_or_else(|_| String::new(), |Query(next)| next.next);
    let next = local(&next);
    if visit.is_some() {
        return Redirect::to(next).into_response();
    }
    form(&web, next, None)
}

#[derive(Deserialize)]
struct Entered {
    name: String,
    #[serde(deserialize_with = "secret")]
    passphrase: SecretString,
    code: String,
    #[serde(default)]
    next: String,
}

async fn enter(
    State(web): State<Arc<Web>>,
    Client(from): Client,
    headers: HeaderMap,
    Fields(entered): Fields<Entered>,
) -> Response {
    let next = local(&entered.next).to_owned();
    if let Err(fault) = web.signin.admit(from) {
        return form(&web, &next, Some(&fault));
    }
    let attempt = Attempt {
        name: entered.name,
        passphrase: entered.passphrase,
        code: entered.code,
        from,
    };
    match web.wait_hashing(move |signin| signin.enter(&attempt)).await {
        Ok(opened) => signed_in(&web, &headers, &opened, &next).await,
        Err(fault) => form(&web, &next, Some(&fault)),
    }
}

async fn leave(
    State(web): State<Arc<Web>>,
    Client(from): Client,
    headers: HeaderMap,
    Form(_, Nothing {}): Form<Nothing>,
) -> Response {
    let settings = &web.app.settings.signin;
    if let Some(ticket) = guard::session(&headers, settings)
        && let Err(fault) = web.wait(move |signin| signin.sign_out(&ticket, from)).await
    {
        return page::fault(&web, None, &fault);
    }
    let mut response = Redirect::to("/signin").into_response();
    give(&mut response, &guard::cookie(settings, None));
    response
}

/// The sign-in, with what was wrong before. What was entered is not shown again.
fn form(web: &Arc<Web>, next: &str, refused: Option<&Fault>) -> Response {
    let idp = web.idp.as_ref().map(|_| {
        let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
        format!("/signin/idp?next={next}")
    });
    let page = json!({
        "title": "Sign in",
        "next": next,
        "idp": idp,
        "passkeys": web.passkeys.is_ok(),
    });
    with_refusal(web, "signin", page, refused)
}

/// A page that says what was wrong, with the status of it.
fn with_refusal(web: &Arc<Web>, name: &str, mut page: Value, refused: Option<&Fault>) -> Response {
    if let Some(page) = page.as_object_mut() {
        page.insert("refused".to_owned(), json!(refused.map(Fault::what)));
        let hints = refused.map_or(&[][..], Fault::hints);
        page.insert("hints".to_owned(), json!(hints));
    }
    let mut response = page::answer(web, None, name, &page);
    if let Some(fault) = refused.filter(|_| response.status().is_success()) {
        *response.status_mut() = page::status(fault);
        if fault.code() == "too-many"
            && let Some(seconds) = fault.place().and_then(|place| place.split(' ').next())
            && let Ok(seconds) = HeaderValue::from_str(seconds)
        {
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
    }
    response
}

/// A fresh session, whatever the browser had before: that one ends.
async fn signed_in(web: &Arc<Web>, headers: &HeaderMap, opened: &Opened, next: &str) -> Response {
    let settings = &web.app.settings.signin;
    if let Some(old) = guard::session(headers, settings)
        && let Err(fault) = web.wait(move |signin| signin.sign_out(&old, None)).await
    {
        return page::fault(web, None, &fault);
    }
    let mut response = Redirect::to(next).into_response();
    give(
        &mut response,
        &guard::cookie(settings, Some(&opened.ticket)),
    );
    response
}

fn give(response: &mut Response, cookie: &str) {
    if let Ok(mut cookie) = HeaderValue::from_str(cookie) {
        cookie.set_sensitive(true);
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// A path of our own, or the beginning: a sign-in leads nowhere else.
pub(super) fn local(next: &str) -> &str {
    let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'\\';
    let ours = next.len() <= 512
        && next.starts_with('/')
        && !next.starts_with("//")
        && next.bytes().all(plain)
        && !["/signin", "/signout", "/welcome"]
            .iter()
            .any(|path| next.starts_with(path));
    if ours { next } else { "/" }
}

/// A field that is not shown again, and not logged.
fn secret<'de, D: serde::Deserializer<'de>>(field: D) -> Result<SecretString, D::Error> {
    String::deserialize(field).map(SecretString::from)
}

/// A time for people; nothing for none.
fn shown(web: &Web, at: Option<Timestamp>) -> String {
    at.map_or_else(String::new, |at| utc_and_zone(at, web.pages.zone()))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_sign_in_leads_to_a_page_of_ours_and_nowhere_else() {
        for next in ["/", "/cases/case_01?a=b%2F#gate", "/account"] {
            assert_eq!(super::local(next), next);
        }
        let long = format!("/{}", "a".repeat(512));
        for next in [
            "",
            "cases",
            "//evil.example",
            "/\\evil.example",
            "/a\\b",
            "https://evil.example/",
            "javascript:alert(1)",
            "/a\r\nset-cookie: a=b",
            "/\t/evil.example",
            "/ä",
            "/signout",
            "/signin?next=/",
            &long,
        ] {
            assert_eq!(super::local(next), "/", "{next:?}");
        }
    }
}
