//! Who gets what of the sign-in and of the pages where people look after sessions, tokens and each
//! other: every route, every role, the account holder, nobody, and a token; through the guard, with
//! sessions as a browser has them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use cordon::access::Role;
use cordon::signin::token::NewToken;
use cordon::signin::{SignIn, What};

use super::matrix::{ROLES, asks_for};
use super::{Office, PEOPLE};
use crate::signin::PASSPHRASE;

const OK: u16 = 200;
/// Allowed, and what was asked for is not there or not right.
const BAD: u16 = 422;
/// Allowed, and done.
const DONE: u16 = 303;
/// Led to the sign-in, and back from there.
const IN: u16 = 401;
const NO: u16 = 403;
const NONE: u16 = 404;

/// Who asks: somebody of each role, the account holder, who is an incident lead, and nobody. A token
/// gets what nobody gets: pages are for people.
type Row = (&'static str, &'static str, &'static str, [u16; 9]);

/// What each gets: responder, incident lead, legal, HR, executive, auditor, administrator, the account
/// holder, nobody.
#[rustfmt::skip]
const TABLE: &[Row] = &[
    // Who is signed in needs no sign-in.
    ("GET",  "/signin",             "", [DONE, DONE, DONE, DONE, DONE, DONE, DONE, DONE, OK]),
    ("POST", "/signin",             "name=Zoe&passphrase=wrong&code=123456", [NO; 9]),
    ("POST", "/signin",             "name=Zoe", [NO; 9]),
    ("GET",  "/signin/break-glass", "", [OK; 9]),
    ("POST", "/signin/break-glass", "name=Zoe&code=wrong&reason=all+is+down", [NO; 9]),
    // No identity provider is configured, and no sign-in was begun with one.
    ("GET",  "/signin/idp",         "", [NONE; 9]),
    ("GET",  "/signin/idp/back",    "", [NO; 9]),
    ("GET",  "/signin/idp/back?code=a&state=b", "", [NO; 9]),
    ("POST", "/signin/code",        "code=123456", [NO; 9]),
    // Whoever asks, with whatever name, gets the same question; a made-up answer is none.
    ("POST", "/signin/passkey/begin", "name=Zoe", [OK; 9]),
    ("POST", "/signin/passkey",     "name=Zoe&begun=a&answer={}", [NO; 9]),
    ("POST", "/signout",            "", [DONE, DONE, DONE, DONE, DONE, DONE, DONE, DONE, IN]),
    // Whoever has the link, and nobody else: a session neither helps nor hinders.
    ("GET",  "/welcome/x",          "", [NONE; 9]),
    ("GET",  "/welcome/{ticket}",   "", [OK; 9]),
    ("POST", "/welcome/x",          "passphrase=a&again=a&code=123456", [NONE; 9]),
    ("POST", "/welcome/{ticket}",   "passphrase={passphrase}&again={passphrase}&code=x", [BAD; 9]),
    ("GET",  "/account",            "", [OK, OK, OK, OK, OK, OK, OK, OK, IN]),
    ("POST", "/account/sessions/end", "id={session}", [BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, IN]),
    ("POST", "/account/sessions/end-others", "", [DONE, DONE, DONE, DONE, DONE, DONE, DONE, DONE, IN]),
    // Those of the identity provider have no passphrase here, and so no passkey.
    ("POST", "/account/passkeys/begin", "code=123456", [BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, IN]),
    ("POST", "/account/passkeys",   "name=a&begun=a&answer={}", [BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, IN]),
    ("POST", "/account/passkeys/remove", "id=0123456789ab", [BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, IN]),
    ("POST", "/account/tokens",     "name=a&role={role}&days=7", [OK, OK, OK, OK, OK, OK, OK, OK, IN]),
    ("POST", "/account/tokens",     "name=a&role=administrator&days=7", [BAD, BAD, BAD, BAD, BAD, BAD, OK, BAD, IN]),
    ("POST", "/account/tokens",     "name=a&role={role}&days=367", [BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, IN]),
    ("POST", "/account/tokens/revoke", "id={token}", [BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, IN]),
    ("GET",  "/people",             "", [NO, NO, NO, NO, NO, OK, OK, NO, IN]),
    ("POST", "/people/acknowledge", "id=0123456789ab", [NO, NO, NO, NO, NO, NO, BAD, NO, IN]),
    ("POST", "/people/invite",      "name=Out", [NO, NO, NO, NO, NO, NO, OK, NO, IN]),
    ("POST", "/people/revoke",      "name=Out", [NO, NO, NO, NO, NO, NO, DONE, NO, IN]),
];

/// The whole program behind its guard.
struct Site {
    office: Office,
    signin: Arc<SignIn>,
    router: Router,
    asked: AtomicU8,
}

/// How somebody shows who they are.
enum Shown {
    Nothing,
    Token(String),
    /// The cookie of a session, and what its forms carry.
    Session(String, String),
}

impl Site {
    fn new() -> Self {
        let office = Office::new();
        let signin = office.app.signin().unwrap();
        let hub = office.app.hub().unwrap();
        let router = cordon::web::router(Arc::clone(&office.app), hub).unwrap();
        Self {
            office,
            signin,
            router,
            asked: AtomicU8::new(0),
        }
    }

    /// The cookie of a session of somebody, opened now, and what its forms carry.
    fn session(&self, name: &str) -> (String, String) {
        let opened = self.signin.enter_vouched(name, None, None).unwrap();
        let visit = self.signin.visit(&opened.ticket).unwrap().unwrap();
        let cookie = format!("cordon={}", opened.ticket.expose());
        (cookie, visit.csrf)
    }

    fn token(&self, name: &str, role: Role) -> String {
        let new = NewToken {
            name: "report".into(),
            person: name.into(),
            role,
            cases: None,
            days: 1,
        };
        self.signin.new_token(new, "tester").unwrap().0
    }

    /// The status, the page, and where it leads. Each comes from an address of its own: attempts to
    /// sign in are counted by address.
    async fn ask(
        &self,
        shown: &Shown,
        method: &str,
        path: &str,
        fields: &str,
    ) -> (u16, String, String) {
        use tower::ServiceExt as _;
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/x-www-form-urlencoded");
        let mut body = fields.to_owned();
        match shown {
            Shown::Nothing => {}
            Shown::Token(token) => {
                request = request.header("authorization", format!("Bearer {token}"));
            }
            Shown::Session(cookie, csrf) => {
                request = request.header("cookie", cookie);
                body = format!("csrf={csrf}&{fields}");
            }
        }
        let body = if method == "GET" { String::new() } else { body };
        let mut request = request.body(Body::from(body)).unwrap();
        let number = self.asked.fetch_add(1, Ordering::Relaxed);
        let from = SocketAddr::from(([198, 51, 100, number], 9));
        request.extensions_mut().insert(ConnectInfo(from));
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let to = parts.headers.get("location");
        let to = to.map_or("", |to| to.to_str().unwrap()).to_owned();
        let status = match parts.status.as_u16() {
            DONE if to.starts_with("/signin?next=") => IN,
            status => status,
        };
        let body = axum::body::to_bytes(body, 16 << 20).await.unwrap();
        (status, String::from_utf8_lossy(&body).into_owned(), to)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_of_the_sign_in_gives_everybody_what_the_table_says() {
    let site = Site::new();
    let (invitation, _) = site.signin.invite("Zoe", "tester").unwrap();
    // The session and the token of somebody else are nobody's to end.
    site.session("Sub");
    let theirs = site.signin.sessions("Sub").unwrap().remove(0).id;
    site.token("Sub", Role::IncidentLead);
    let token = site.signin.tokens(Some("Sub")).unwrap().remove(0).id;
    let bearer = site.token("Adm", Role::Administrator);
    let of_role = |name: &str| PEOPLE.iter().find(|one| one.0 == name).unwrap().1;
    let mut wrong = Vec::new();
    for (method, path, fields, expected) in TABLE {
        let path = path.replace("{ticket}", invitation.expose());
        for (column, name) in ROLES.iter().chain(&["Sub", ""]).enumerate() {
            let role = if name.is_empty() { "" } else { of_role(name) };
            let own = *name == "Sub";
            let fields = fields
                .replace("{passphrase}", &PASSPHRASE.replace(' ', "+"))
                .replace("{session}", if own { "none" } else { &theirs })
                .replace("{token}", if own { "none" } else { &token })
                .replace("{role}", role);
            let asks = if name.is_empty() {
                vec![Shown::Nothing, Shown::Token(bearer.clone())]
            } else {
                let (cookie, csrf) = site.session(name);
                vec![Shown::Session(cookie, csrf)]
            };
            for shown in &asks {
                let (got, _, to) = site.ask(shown, method, &path, &fields).await;
                let expected = expected[column];
                if got != expected {
                    wrong.push(format!(
                        "{name:?} {method} {path} {fields}: {got} {to} instead of {expected}"
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(site.signin.bearer(&bearer).unwrap().is_some());
    // What was refused was not done, and what was done has the name of who may.
    let journal = site.signin.journal(1000).unwrap();
    let by = |what: What| {
        let entries = journal.iter().filter(|entry| entry.what == what);
        let by = entries.map(|entry| entry.by.clone().unwrap_or_default());
        by.collect::<Vec<String>>()
    };
    assert_eq!(by(What::Invited), ["Adm", "tester"]);
    assert_eq!(by(What::Revoked), ["Adm"]);
    assert!(by(What::BellAcknowledged).is_empty() && by(What::TokenRevoked).is_empty());
}

#[test]
fn the_table_of_the_sign_in_has_every_route() {
    let routes = cordon::web::signin::routes();
    assert!(routes.len() > 15, "{}", routes.len());
    for route in &routes {
        let asked =
            |(method, path, ..): &Row| *method == route.method && asks_for(path, route.path);
        assert!(TABLE.iter().any(asked), "no row asks for {route:?}");
    }
}

/// What a session may do, it does by a form of a page of its own.
#[tokio::test(flavor = "multi_thread")]
async fn no_form_of_a_session_is_taken_from_elsewhere() {
    let site = Site::new();
    for (method, path, fields, expected) in TABLE {
        // What nobody is led away from is the sign-in itself.
        if *method == "GET" || expected[8] != IN {
            continue;
        }
        for name in ["Adm", "Sub"] {
            let ((cookie, _), (_, other)) = (site.session(name), site.session(name));
            for csrf in [other, String::new()] {
                let shown = Shown::Session(cookie.clone(), csrf);
                let (got, page, _) = site.ask(&shown, method, path, fields).await;
                assert_eq!(got, NO, "{name} {path}");
                assert!(page.contains("does not come from a page"), "{path}: {page}");
            }
        }
    }
    let done = [
        What::Invited,
        What::Revoked,
        What::SignedOut,
        What::TokenMade,
        What::PasskeyAdded,
        What::PasskeyRemoved,
    ];
    let journal = site.signin.journal(1000).unwrap();
    assert!(
        !journal.iter().any(|entry| done.contains(&entry.what)),
        "{journal:?}"
    );
}

/// A token may be bound to a case, and whether there is one it does not tell.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_for_a_case_tells_nobody_that_there_is_one() {
    let site = Site::new();
    let case = site.office.case("Access review").await.log.case().clone();
    let missing = cordon::id::CaseId::fresh();
    for (name, role) in [
        ("Sub", "incident_lead"),
        ("Out", "incident_lead"),
        ("Hua", "hr"),
    ] {
        let mut said = Vec::new();
        for id in [&case, &missing] {
            let fields = format!("name=a&role={role}&days=7&case={id}");
            let (cookie, csrf) = site.session(name);
            let shown = Shown::Session(cookie, csrf);
            let (status, page, _) = site.ask(&shown, "POST", "/account/tokens", &fields).await;
            let title = page.contains("Access review");
            said.push((status, title, page.contains("cordon_")));
            let token = site.signin.tokens(Some(name)).unwrap();
            assert_eq!(
                token[0].cases.as_ref().map(|cases| cases.contains(id)),
                Some(true)
            );
        }
        assert_eq!(said[0], said[1], "{name}");
        assert_eq!(said[0], (OK, false, true), "{name}");
    }
}
