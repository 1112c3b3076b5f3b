//! The sign-in by the company's identity provider.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use http::HeaderMap;
use http::header::SET_COOKIE;
use serde::Deserialize;
use serde_json::json;

use super::{Next, form, give, local, signed_in, with_refusal};
use crate::app::App;
use crate::fault::{Fault, Result};
use crate::http::transport::{NoAuth, Reqwest, Timeouts};
use crate::settings::secrets;
use crate::settings::signin::{Matching, SecondFactor, SignIn as Settings};
use crate::signin::Opened;
use crate::signin::oidc::{Browser, Callback, Config, Oidc, Vouched};
use crate::web::visit::{Client, Fields};
use crate::web::{Web, guard, page};

/// The largest answer of a provider, in bytes.
const ANSWER_LIMIT: usize = 1024 * 1024;

/// The provider of the configuration.
///
/// # Errors
/// Its secret cannot be had.
pub(crate) fn provider(app: &App) -> Result<Option<Oidc>> {
    let Some(oidc) = &app.settings.signin.oidc else {
        return Ok(None);
    };
    let secret = oidc.client_secret.as_ref().map(secrets::resolve);
    let back = format!("{}signin/idp/back", app.public_url());
    let config = Config {
        issuer: oidc.issuer.clone(),
        client_id: oidc.client_id.clone(),
        client_secret: secret.transpose()?,
        back: back.parse().map_err(|error| {
            Fault::input("config", "[signin] `url` is no address.").caused_by(error)
        })?,
    };
    let timeouts = Timeouts {
        connect: std::time::Duration::from_secs(5),
        total: std::time::Duration::from_secs(10),
    };
    let transport = Reqwest::new(Arc::new(NoAuth), timeouts)?.body_limit(ANSWER_LIMIT);
    Oidc::new(config, Arc::new(transport), Arc::clone(&app.clock)).map(Some)
}

pub(super) async fn begin(
    State(web): State<Arc<Web>>,
    Client(from): Client,
    next: Result<Query<Next>, QueryRejection>,
) -> Response {
    let next = next.map_or_else(|_| String::new(), |Query(next)| next.next);
    let next = local(&next);
    let begun = async {
        web.signin.admit(from)?;
        idp(&web)?.begin(next).await
    };
    match begun.await {
        Ok((url, browser)) => {
            let mut response = Redirect::to(url.as_str()).into_response();
            give(
                &mut response,
                &cookie(&web.app.settings.signin, Some(&browser)),
            );
            response
        }
        Err(fault) => form(&web, next, Some(&fault)),
    }
}

pub(super) async fn back(
    State(web): State<Arc<Web>>,
    Client(from): Client,
    headers: HeaderMap,
    callback: Result<Query<Callback>, QueryRejection>,
) -> Response {
    let callback = callback.ok().map(|Query(callback)| callback);
    let came = async {
        web.signin.admit(from)?;
        let Some(callback) = callback else {
            return Err(Fault::input(
                "idp-refused",
                "The provider's answer cannot be read.",
            ));
        };
        let browser = browser(&web, &headers)?;
        let vouched = idp(&web)?.finish(&browser, &callback).await?;
        Ok((browser, vouched))
    };
    let (browser, vouched) = match came.await {
        Ok(came) => came,
        Err(fault) => {
            let why = format!(
                "identity provider, {}",
                fault.place().unwrap_or("no answer")
            );
            web.wait(move |signin| signin.note_refused(&why, from))
                .await
                .ok();
            return form(&web, "/", Some(&fault));
        }
    };
    if asks_for_code(&web, &vouched) {
        if let Ok(idp) = idp(&web) {
            idp.hold_vouched(&browser, vouched);
        }
        return code_form(&web, None);
    }
    let (name, next) = (name_of(&web, &vouched), vouched.next);
    let entered = web
        .wait(move |signin| signin.enter_vouched(&name, None, from))
        .await;
    match entered {
        Ok(opened) => arrived(&web, &headers, &opened, &next).await,
        Err(fault) => form(&web, "/", Some(&fault)),
    }
}

#[derive(Deserialize)]
pub(super) struct Entered {
    code: String,
}

pub(super) async fn code(
    State(web): State<Arc<Web>>,
    Client(from): Client,
    headers: HeaderMap,
    Fields(entered): Fields<Entered>,
) -> Response {
    let vouched = async {
        web.signin.admit(from)?;
        let browser = browser(&web, &headers)?;
        let vouched = idp(&web)?.vouched(&browser);
        vouched
            .map(|vouched| (browser, vouched))
            .ok_or_else(|| Fault::input("idp-refused", "That took too long.").hint("begin again"))
    };
    let (browser, vouched) = match vouched.await {
        Ok(both) => both,
        Err(fault) => return form(&web, "/", Some(&fault)),
    };
    let name = name_of(&web, &vouched);
    let enter = move |signin: &crate::signin::SignIn| {
        signin.enter_vouched(&name, Some(&entered.code), from)
    };
    match web.wait(enter).await {
        Ok(opened) => {
            if let Ok(idp) = idp(&web) {
                idp.forget(&browser);
            }
            signed_in(&web, &headers, &opened, &vouched.next).await
        }
        Err(fault) => code_form(&web, Some(&fault)),
    }
}

/// The browser came from elsewhere and would keep a strict cookie back from a redirect: a page of ours
/// leads on.
async fn arrived(web: &Arc<Web>, headers: &HeaderMap, opened: &Opened, next: &str) -> Response {
    let response = signed_in(web, headers, opened, next).await;
    let Some(session) = response.headers().get(SET_COOKIE).cloned() else {
        return response;
    };
    let onward = json!({ "title": "Signed in", "to": next });
    let mut page = page::answer(web, None, "onward", &onward);
    page.headers_mut().append(SET_COOKIE, session);
    give(&mut page, &cookie(&web.app.settings.signin, None));
    page
}

fn code_form(web: &Arc<Web>, refused: Option<&Fault>) -> Response {
    let page = json!({ "title": "Sign in" });
    with_refusal(web, "signin-code", page, refused)
}

fn asks_for_code(web: &Web, vouched: &Vouched) -> bool {
    let configured = web.app.settings.signin.oidc.as_ref();
    let factor = configured
        .map(|oidc| oidc.second_factor)
        .unwrap_or_default();
    factor == SecondFactor::Totp && !vouched.several_factors
}

/// The person of the configuration; nobody's name where there is none.
fn name_of(web: &Web, vouched: &Vouched) -> String {
    let Some(oidc) = &web.app.settings.signin.oidc else {
        return String::new();
    };
    let name = match oidc.matching {
        Matching::Sub => oidc.subjects.get(&vouched.sub).cloned(),
        Matching::Email => (vouched.email.as_ref()).and_then(|email| {
            let theirs = |own: &String| own.eq_ignore_ascii_case(email);
            let people = web.app.settings.people.now();
            let mut people = people.iter();
            let person = people.find(|person| person.emails.iter().any(theirs));
            person.map(|person| person.name.clone())
        }),
    };
    name.unwrap_or_default()
}

fn idp(web: &Web) -> Result<&Oidc> {
    web.idp.as_ref().ok_or_else(|| {
        Fault::input("no-page", "No identity provider is configured.").hint("begin at /signin")
    })
}

fn browser(web: &Web, headers: &HeaderMap) -> Result<Browser> {
    let name = cookie_name(&web.app.settings.signin);
    let mut found = guard::cookies(headers, name);
    match (found.next().and_then(Browser::parse), found.next()) {
        (Some(browser), None) => Ok(browser),
        _ => Err(
            Fault::input("idp-refused", "This browser has begun no sign-in.")
                .at("not right: the browser")
                .hint("begin again, in one window, and let this site set cookies"),
        ),
    }
}

fn cookie_name(settings: &Settings) -> &'static str {
    if settings.is_secure() {
        "__Host-cordon-idp"
    } else {
        "cordon-idp"
    }
}

/// Lax: it has to come along when the provider sends the browser back. It proves nothing by itself.
fn cookie(settings: &Settings, browser: Option<&Browser>) -> String {
    let secure = if settings.is_secure() { "; Secure" } else { "" };
    let (value, age) = browser.map_or(("", 0), |browser| (browser.expose(), 600));
    let name = cookie_name(settings);
    format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={age}{secure}")
}
