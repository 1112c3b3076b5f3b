//! What stands before every page: who asks, what is never taken, and the headers that keep a page to
//! itself.
//!
//! A browser shows who it is by a cookie, a program by `Authorization: Bearer`; both at once is refused.
//! What changes something is taken from a browser only when it says that one of our own pages sent it;
//! each form proves it once more ([`super::visit::Form`]).

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use super::visit::Visit;
use super::{Web, api, page};
use crate::fault::{Fault, Result};
use crate::settings::signin::SignIn as Settings;
use crate::signin::Ticket;

/// What a page may load, run and be framed by: only what is ours, and no script that stands in a page.
pub const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What every answer carries. Nothing is loaded from elsewhere, framed, cached or guessed. The referrer
/// stays within: without any, browsers would say `Origin: null` of our own forms.
const HEADERS: &[(&str, &str)] = &[
    ("content-security-policy", POLICY),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "permissions-policy",
        "camera=(), geolocation=(), microphone=()",
    ),
    ("cache-control", "no-store"),
];

/// For two years, this host only over TLS.
const HSTS: (&str, &str) = ("strict-transport-security", "max-age=63072000");

/// The largest body, unless a route says otherwise.
const BODY_LIMIT: usize = 256 * 1024;

/// Headers that decide something: one that stands twice, or is no plain text, is read differently by
/// different programs.
const SINGLE: &[HeaderName] = &[
    header::AUTHORIZATION,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::COOKIE,
    header::HOST,
    header::ORIGIN,
];

const FETCH_SITE: &str = "sec-fetch-site";

/// Puts the guard before `routes`.
pub fn guarded(routes: Router<Arc<Web>>, web: &Arc<Web>) -> Router<Arc<Web>> {
    routes
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::from_fn_with_state(Arc::clone(web), identify))
        .layer(middleware::from_fn_with_state(Arc::clone(web), refuse))
        .layer(middleware::from_fn_with_state(Arc::clone(web), headers))
}

async fn headers(State(web): State<Arc<Web>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let secure = web.app.settings.signin.is_secure();
    for (name, value) in HEADERS.iter().chain(secure.then_some(&HSTS)) {
        response
            .headers_mut()
            .insert(*name, HeaderValue::from_static(value));
    }
    response
}

/// Refuses what no browser and no honest program sends.
async fn refuse(State(web): State<Arc<Web>>, request: Request, next: Next) -> Response {
    let settings = &web.app.settings.signin;
    if let Err(fault) = plain(request.headers(), settings) {
        let mut response = page::fault(&web, None, &fault);
        *response.status_mut() = StatusCode::BAD_REQUEST;
        return response;
    }
    if !request.method().is_safe()
        && !unproven(&request, settings)
        && !is_ours(request.headers(), settings)
    {
        let what = "This request does not come from a page of Cordon.";
        let fault = Fault::input("form", what).hint("open the page again, and send it from there");
        return page::fault(&web, None, &fault);
    }
    next.run(request).await
}

/// Whether each header that decides something stands once, and one thing only says who asks.
fn plain(headers: &HeaderMap, settings: &Settings) -> Result<()> {
    let refuse = |what: &str| Err(Fault::input("request", what.to_owned()));
    for name in SINGLE {
        let mut values = headers.get_all(name).iter();
        let odd = values.next().is_some_and(|value| value.to_str().is_err());
        if odd || values.next().is_some() {
            return refuse("A header of the request stands there twice, or is no plain text.");
        }
    }
    let sessions = cookies(headers, cookie_name(settings)).count();
    if sessions > 1 {
        return refuse("The request carries several sessions. Clear the cookies of this site.");
    }
    if sessions > 0 && headers.contains_key(header::AUTHORIZATION) {
        return refuse("The request carries a session and a token: only one is taken.");
    }
    Ok(())
}

/// A request to the API that carries no cookie: nothing that a browser would add by itself.
fn unproven(request: &Request, settings: &Settings) -> bool {
    let headers = request.headers();
    let session = cookies(headers, cookie_name(settings)).next().is_some();
    !session
        && (request.uri().path().starts_with("/api/")
            || headers.contains_key(header::AUTHORIZATION))
}

/// Whether the browser says that a page of ours sent the request. One that says nothing is no browser
/// of these years.
fn is_ours(headers: &HeaderMap, settings: &Settings) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let (site, origin) = (text(FETCH_SITE), text(header::ORIGIN.as_str()));
    let site_fits = site.is_none_or(|site| site == "same-origin");
    let origin_fits = origin.is_none_or(|origin| own_origin(headers, settings, origin));
    (site.is_some() || origin.is_some()) && site_fits && origin_fits
}

fn own_origin(headers: &HeaderMap, settings: &Settings, origin: &str) -> bool {
    if let Some(url) = &settings.url {
        return url.origin().ascii_serialization() == origin;
    }
    // Not told where people open the pages: this machine only.
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let Some(host) = host.filter(|host| origin.strip_prefix("http://") == Some(host)) else {
        return false;
    };
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    matches!(name, "127.0.0.1" | "localhost" | "[::1]")
}

/// Finds out who asks.
async fn identify(State(web): State<Arc<Web>>, mut request: Request, next: Next) -> Response {
    let settings = &web.app.settings.signin;
    let found = if let Some(token) = bearer(request.headers()) {
        let principal = web.wait(move |signin| signin.bearer(&token)).await;
        match principal {
            Ok(Some(principal)) => {
                request.extensions_mut().insert(principal);
                Ok(())
            }
            Ok(None) => return api::no_token("Bearer error=\"invalid_token\""),
            Err(fault) => Err(fault),
        }
    } else if let Some(ticket) = session(request.headers(), settings) {
        let found = web.wait(move |signin| signin.visit(&ticket)).await;
        found.map(|found| {
            if let Some(found) = found {
                let (principal, csrf) = (found.principal, found.csrf);
                request.extensions_mut().insert(principal.clone());
                request.extensions_mut().insert(Visit { principal, csrf });
            }
        })
    } else {
        Ok(())
    };
    match found {
        Ok(()) => next.run(request).await,
        Err(fault) => page::fault(&web, None, &fault),
    }
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim().to_owned())
}

/// The ticket that the browser carries.
pub(super) fn session(headers: &HeaderMap, settings: &Settings) -> Option<Ticket> {
    cookies(headers, cookie_name(settings))
        .next()
        .and_then(Ticket::parse)
}

/// The values of the cookies of a name.
pub(super) fn cookies<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(header::COOKIE).iter();
    lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(move |pair| {
            let (key, value) = pair.trim().split_once('=')?;
            (key == name).then_some(value)
        })
}

/// With the prefix, a browser takes it over TLS only, for this host only, from this host only.
fn cookie_name(settings: &Settings) -> &'static str {
    if settings.is_secure() {
        "__Host-cordon"
    } else {
        "cordon"
    }
}

/// The line that gives a browser its session, or takes it away.
pub(super) fn cookie(settings: &Settings, ticket: Option<&Ticket>) -> String {
    let secure = if settings.is_secure() { "; Secure" } else { "" };
    let (value, age) = ticket.map_or(("", "; Max-Age=0"), |ticket| (ticket.expose(), ""));
    let name = cookie_name(settings);
    format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{age}")
}

/// Where a request comes from: what a proxy on this machine says, when one is configured, else the
/// other end of the connection.
pub(super) fn client(
    peer: Option<IpAddr>,
    headers: &HeaderMap,
    settings: &Settings,
) -> Option<IpAddr> {
    let peer = peer?;
    let named = settings
        .client_header
        .as_ref()
        .filter(|_| peer.is_loopback());
    let Some(named) = named else {
        return Some(peer);
    };
    // What the proxy added stands last; what stands before it, the client may have made up.
    let last = headers.get_all(named.as_str()).iter().next_back();
    let last = last.and_then(|line| line.to_str().ok()?.rsplit(',').next()?.trim().parse().ok());
    Some(last.unwrap_or(peer))
}

/// Whether a link of another site led here: then the browser kept the session back.
pub(super) fn from_elsewhere(headers: &HeaderMap) -> bool {
    let site = headers.get(FETCH_SITE).and_then(|site| site.to_str().ok());
    matches!(site, Some("cross-site" | "same-site"))
}
