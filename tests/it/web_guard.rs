//! The pages before anybody is signed in and around it: what the guard takes, what a sign-in gives,
//! and where it leads.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::response::Response;
use cordon::access::Role;
use cordon::app::App;
use cordon::settings::Settings;
use cordon::signin::SignIn;
use cordon::signin::token::NewToken;
use cordon::time::{Clock as _, ManualClock, Timestamp};
use http::{HeaderMap, Method, Request, StatusCode};
use tower::ServiceExt as _;

use crate::signin::{PASSPHRASE, shown};

/// The pages, in memory.
pub(crate) struct Site {
    _folder: tempfile::TempDir,
    router: Router,
    pub(crate) signin: Arc<SignIn>,
    clock: Arc<ManualClock>,
    origin: &'static str,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Page {
    async fn of(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 1 << 20).await.unwrap();
        Self {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }

    /// `name=value` of the cookie that it sets.
    pub(crate) fn cookie(&self) -> String {
        self.header("set-cookie")
            .split(';')
            .next()
            .unwrap()
            .to_owned()
    }

    pub(crate) fn csrf(&self) -> String {
        let (_, rest) = self.text.split_once("name=\"csrf\" value=\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    }
}

const PEOPLE: &str = r#"
[[people]]
name = "Ada"
roles = ["legal", "auditor"]
emails = ["ada@corp.example"]
[[people]]
name = "Bo"
roles = ["administrator"]
emails = ["bo@corp.example"]
[[people]]
name = "Cy"
roles = ["administrator"]
emails = ["cy@corp.example"]
[[people]]
name = "<b>Ada</b>\u202e"
roles = ["hr"]
emails = ["other@corp.example"]
"#;

const LOCAL: &str = "http://127.0.0.1:8470";

impl Site {
    fn new() -> Self {
        Self::at("", LOCAL)
    }

    pub(crate) fn at(more: &str, origin: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("cordon.toml");
        let text = format!("data = \"data\"\n{more}\n{PEOPLE}");
        let settings = Settings::parse(&text, &config).unwrap();
        let start = Timestamp::from_second(1_800_000_000).unwrap();
        let clock = Arc::new(ManualClock::new(start));
        let app = Arc::new(App::new(settings, Arc::clone(&clock) as _).unwrap());
        let (hub, signin) = (app.hub().unwrap(), app.signin().unwrap());
        Self {
            _folder: folder,
            router: cordon::web::router(app, hub).unwrap(),
            signin,
            clock,
            origin,
        }
    }

    pub(crate) fn wait(&self, seconds: i64) {
        let now = self.clock.now().as_second() + seconds;
        self.clock.set(Timestamp::from_second(now).unwrap());
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn at_instant(&self, now: Timestamp) {
        self.clock.set(now);
    }

    async fn send(&self, mut request: Request<Body>) -> Page {
        request
            .extensions_mut()
            .insert(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 9))));
        Page::of(self.router.clone().oneshot(request).await.unwrap()).await
    }

    fn request(&self, method: Method, path: &str) -> http::request::Builder {
        let host = self.origin.split_once("://").unwrap().1;
        Request::builder()
            .method(method)
            .uri(path)
            .header("host", host)
    }

    pub(crate) async fn get(&self, path: &str, cookie: &str) -> Page {
        let mut request = self.request(Method::GET, path);
        if !cookie.is_empty() {
            request = request.header("cookie", cookie);
        }
        self.send(request.body(Body::empty()).unwrap()).await
    }

    fn form(&self, path: &str, cookie: &str) -> http::request::Builder {
        let mut request = (self.request(Method::POST, path))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("origin", self.origin);
        if !cookie.is_empty() {
            request = request.header("cookie", cookie);
        }
        request
    }

    pub(crate) async fn post(&self, path: &str, cookie: &str, fields: &[(&str, &str)]) -> Page {
        let body = encoded(fields);
        self.send(self.form(path, cookie).body(body).unwrap()).await
    }

    /// Signs somebody in by invitation: their cookie and the secret of their app.
    pub(crate) async fn enrol(&self, name: &str) -> (String, String) {
        let (ticket, _) = self.signin.invite(name, "operator").unwrap();
        let secret = self.signin.welcome(&ticket).unwrap().secret;
        let code = shown(&secret, self.clock.now());
        let fields = [
            ("passphrase", PASSPHRASE),
            ("again", PASSPHRASE),
            ("code", &code),
        ];
        let path = format!("/welcome/{}", ticket.expose());
        let page = self.post(&path, "", &fields).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{page:?}");
        self.wait(60);
        (page.cookie(), secret)
    }

    async fn sign_in(&self, name: &str, secret: &str, cookie: &str, next: &str) -> Page {
        let code = shown(secret, self.clock.now());
        let fields = [
            ("name", name),
            ("passphrase", PASSPHRASE),
            ("code", &code),
            ("next", next),
        ];
        self.post("/signin", cookie, &fields).await
    }
}

fn encoded(fields: &[(&str, &str)]) -> Body {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    Body::from(form.extend_pairs(fields).finish())
}

#[tokio::test]
async fn every_answer_keeps_itself_to_itself_and_over_tls_the_cookie_too() {
    let site = Site::new();
    for path in ["/signin", "/nowhere", "/assets/cordon.css", "/account"] {
        let page = site.get(path, "").await;
        assert!(
            page.header("content-security-policy")
                .contains("default-src 'none'")
        );
        assert_eq!(page.header("x-frame-options"), "DENY", "{path}");
        assert_eq!(page.header("cache-control"), "no-store");
        assert!(page.headers.get("strict-transport-security").is_none());
    }
    let (_, secret) = site.enrol("Ada").await;
    let page = site.sign_in("Ada", &secret, "", "").await;
    let set = page.header("set-cookie");
    assert!(
        set.starts_with("cordon=") && set.ends_with("; Path=/; HttpOnly; SameSite=Strict"),
        "{set}"
    );
    let settings = "[serve]\npublic_url = \"https://cordon.corp.example\"";
    let site = Site::at(settings, "https://cordon.corp.example");
    let (_, secret) = site.enrol("Ada").await;
    let page = site.sign_in("Ada", &secret, "", "").await;
    let set = page.header("set-cookie");
    assert!(set.starts_with("__Host-cordon="), "{set}");
    assert!(
        set.ends_with("; Path=/; HttpOnly; SameSite=Strict; Secure"),
        "{set}"
    );
    assert_eq!(page.header("strict-transport-security"), "max-age=63072000");
    // Over TLS, the name that another page of the host could set means nothing.
    let ticket = page.cookie().split_once('=').unwrap().1.to_owned();
    assert_eq!(
        site.get("/account", &format!("cordon={ticket}"))
            .await
            .status,
        303
    );
    assert_eq!(site.get("/account", &page.cookie()).await.status, 200);
}

#[tokio::test]
async fn whoever_is_not_signed_in_signs_in_and_comes_back_and_nowhere_else() {
    let site = Site::new();
    let page = site.get("/account?tab=a%26b", "").await;
    assert_eq!(
        page.header("location"),
        "/signin?next=%2Faccount%3Ftab%3Da%2526b"
    );
    let form = site.get(page.header("location"), "").await;
    assert!(
        form.text.contains("value=\"/account?tab=a%26b\""),
        "{}",
        form.text
    );
    let (_, secret) = site.enrol("Ada").await;
    let page = site
        .sign_in("ada@corp.example", &secret, "", "/account?tab=a%26b")
        .await;
    assert_eq!(
        (page.status.as_u16(), page.header("location")),
        (303, "/account?tab=a%26b")
    );
    for next in [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "/a\r\nx: y",
    ] {
        site.wait(30);
        let page = site.sign_in("Ada", &secret, "", next).await;
        assert_eq!(
            (page.status.as_u16(), page.header("location")),
            (303, "/"),
            "{next:?}"
        );
    }
    // Whoever comes from a link in a mail has a session that the browser kept back.
    let mail = site
        .request(Method::GET, "/account")
        .header("sec-fetch-site", "cross-site");
    let page = site.send(mail.body(Body::empty()).unwrap()).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        page.text.contains("content=\"0; url=/account\""),
        "{}",
        page.text
    );
}

#[tokio::test]
async fn a_wrong_sign_in_says_the_same_whatever_was_wrong_and_an_address_has_an_end() {
    let site = Site::new();
    site.enrol("Ada").await;
    let mut said = Vec::new();
    for name in ["Ada", "Nobody", "Cy", "\"><script>alert(1)</script>"] {
        let fields = [
            ("name", name),
            ("passphrase", "something else"),
            ("code", "123456"),
        ];
        let page = site.post("/signin", "", &fields).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN);
        assert!(page.headers.get("set-cookie").is_none());
        assert!(!page.text.contains("something else") && !page.text.contains("<script"));
        said.push(page.text);
    }
    assert!(said.iter().all(|text| *text == said[0]));
    let mut last = StatusCode::OK;
    for _ in 0..20 {
        let fields = [("name", "Ada"), ("code", "no"), ("reason", "nothing works")];
        last = site.post("/signin/break-glass", "", &fields).await.status;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    let fields = [
        ("name", "Ada"),
        ("passphrase", PASSPHRASE),
        ("code", "123456"),
    ];
    let page = site.post("/signin", "", &fields).await;
    assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(page.header("retry-after"), "240");
    site.wait(240);
    assert_eq!(
        site.post("/signin", "", &fields).await.status,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn a_session_that_the_browser_brought_is_never_the_one_it_gets() {
    let site = Site::new();
    let (first, secret) = site.enrol("Ada").await;
    let planted = format!("cordon={}", "A".repeat(43));
    let page = site.sign_in("Ada", &secret, &planted, "").await;
    assert!(!page.cookie().contains(&planted));
    assert_eq!(
        site.get("/account", &planted).await.status,
        StatusCode::SEE_OTHER
    );
    site.wait(30);
    // Signing in again ends the session before.
    let page = site.sign_in("Ada", &secret, &first, "").await;
    assert_eq!(
        site.get("/account", &first).await.status,
        StatusCode::SEE_OTHER
    );
    let second = page.cookie();
    let account = site.get("/account", &second).await;
    assert_eq!(account.status, StatusCode::OK);
    let out = site
        .post("/signout", &second, &[("csrf", &account.csrf())])
        .await;
    assert_eq!(
        (out.status.as_u16(), out.header("location")),
        (303, "/signin")
    );
    assert!(
        out.header("set-cookie").starts_with("cordon=; ")
            && out.header("set-cookie").contains("Max-Age=0")
    );
    assert_eq!(
        site.get("/account", &second).await.status,
        StatusCode::SEE_OTHER
    );
}

#[tokio::test]
async fn what_another_site_sends_is_refused_even_with_the_cookie() {
    let site = Site::new();
    let (cookie, _) = site.enrol("Ada").await;
    let csrf = site.get("/account", &cookie).await.csrf();
    let post = |headers: &[(&str, &str)], csrf: &str| {
        let mut request = (site.request(Method::POST, "/account/sessions/end-others"))
            .header("cookie", &cookie)
            .header("content-type", "application/x-www-form-urlencoded");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(encoded(&[("csrf", csrf)])).unwrap()
    };
    let other = "f".repeat(43);
    for (headers, csrf) in [
        (&[("origin", "https://evil.example")][..], csrf.as_str()),
        (&[("origin", "null")], &csrf),
        (&[("origin", "http://127.0.0.1:9999")], &csrf),
        (&[("origin", LOCAL), ("sec-fetch-site", "same-site")], &csrf),
        (&[("sec-fetch-site", "cross-site")], &csrf),
        (&[("sec-fetch-site", "none")], &csrf),
        (&[], &csrf),
        (&[("origin", LOCAL)], &other),
        (&[("origin", LOCAL)], ""),
    ] {
        let page = site.send(post(headers, csrf)).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{headers:?}");
    }
    for headers in [
        &[("origin", LOCAL)][..],
        &[("sec-fetch-site", "same-origin")],
        &[("origin", LOCAL), ("sec-fetch-site", "same-origin")],
    ] {
        let page = site.send(post(headers, &csrf)).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{headers:?}");
    }
    // A sign-in is not taken from another site either: it would be somebody else's.
    let mut login = site.form("/signin", "");
    login
        .headers_mut()
        .unwrap()
        .insert("origin", "https://evil.example".parse().unwrap());
    let fields = [
        ("name", "Ada"),
        ("passphrase", PASSPHRASE),
        ("code", "123456"),
    ];
    let page = site.send(login.body(encoded(&fields)).unwrap()).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    // A name that resolves to this machine is not this machine's name.
    let mut rebound = site.form("/signin", "");
    let headers = rebound.headers_mut().unwrap();
    headers.insert("host", "evil.example:8470".parse().unwrap());
    headers.insert("origin", "http://evil.example:8470".parse().unwrap());
    let page = site.send(rebound.body(encoded(&fields)).unwrap()).await;
    assert!(
        page.text.contains("does not come from a page of Cordon"),
        "{page:?}"
    );
}

#[tokio::test]
async fn odd_requests_are_refused_before_anybody_looks_at_them() {
    let site = Site::new();
    let (cookie, _) = site.enrol("Ada").await;
    let one = "cordon=".to_owned() + &"A".repeat(43);
    let get = || site.request(Method::GET, "/account");
    let odd = [
        get().header("cookie", format!("{cookie}; {one}")),
        get().header("cookie", &cookie).header("cookie", &one),
        get()
            .header("cookie", &cookie)
            .header("authorization", "Bearer cordon_x"),
        get()
            .header("authorization", "Bearer a")
            .header("authorization", "Bearer b"),
        get().header("host", "other.example"),
        get().header(
            "cookie",
            http::HeaderValue::from_bytes(b"cordon=\xff").unwrap(),
        ),
    ];
    for request in odd {
        let page = site.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{page:?}");
    }
    // Other cookies of the host are nobody's business.
    let more = format!("theme=dark; {cookie}; cordonx=1");
    assert_eq!(site.get("/account", &more).await.status, StatusCode::OK);
    for (content, body) in [
        ("text/plain", "name=Ada".to_owned()),
        (
            "application/x-www-form-urlencoded",
            "name=Ada&name=Bo&passphrase=x&code=1".to_owned(),
        ),
        ("application/x-www-form-urlencoded", "name=Ada".to_owned()),
        (
            "application/x-www-form-urlencoded",
            format!("name={}", "a".repeat(300_000)),
        ),
    ] {
        let request = (site.request(Method::POST, "/signin"))
            .header("origin", LOCAL)
            .header("content-type", content);
        let page = site.send(request.body(Body::from(body)).unwrap()).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{page:?}");
        assert!(page.text.contains("The form cannot be read"));
    }
}

#[tokio::test]
async fn a_token_is_a_principal_and_no_visit_and_a_bad_one_is_told() {
    let site = Site::new();
    let new = NewToken {
        name: "report".to_owned(),
        person: "Ada".to_owned(),
        role: Role::Legal,
        cases: None,
        days: 1,
    };
    let (text, _) = site.signin.new_token(new, "Ada").unwrap();
    let with = |token: &str| {
        let request = site.request(Method::GET, "/account");
        request
            .header("authorization", format!("Bearer {token}"))
            .body(Body::empty())
            .unwrap()
    };
    // Pages are for people: a token leads to the sign-in.
    assert_eq!(site.send(with(&text)).await.status, StatusCode::SEE_OTHER);
    for token in ["cordon_nothing", "", &format!("cordon_{}", "A".repeat(43))] {
        let page = site.send(with(token)).await;
        assert_eq!(page.status, StatusCode::UNAUTHORIZED);
        assert!(page.header("www-authenticate").starts_with("Bearer"));
        assert_eq!(page.header("content-type"), "application/problem+json");
    }
}

#[tokio::test]
async fn an_invitation_shows_the_app_its_secret_and_is_used_up() {
    let site = Site::new();
    let (ticket, _) = site
        .signin
        .invite("<b>Ada</b>\u{202e}", "operator")
        .unwrap();
    let path = format!("/welcome/{}", ticket.expose());
    let page = site.get(&path, "").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("data:image/svg+xml;base64,"));
    assert!(!page.text.contains("<b>Ada"), "{}", page.text);
    let secret = site.signin.welcome(&ticket).unwrap().secret;
    assert!(page.text.contains(&secret));
    let code = shown(&secret, site.clock.now());
    let fields = |one, two, code| [("passphrase", one), ("again", two), ("code", code)];
    let differ = site
        .post(&path, "", &fields(PASSPHRASE, "something else", &code))
        .await;
    assert_eq!(differ.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(differ.text.contains("The two passphrases differ."));
    let short = site.post(&path, "", &fields("short", "short", &code)).await;
    assert!(short.text.contains("at least 14 characters"));
    let wrong = site
        .post(&path, "", &fields(PASSPHRASE, PASSPHRASE, "000000"))
        .await;
    assert!(wrong.text.contains("The app shows another code."));
    let done = site
        .post(&path, "", &fields(PASSPHRASE, PASSPHRASE, &code))
        .await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    assert_eq!(site.get(&path, "").await.status, StatusCode::NOT_FOUND);
    for path in ["/welcome/x", &format!("/welcome/{}", "A".repeat(43))] {
        assert_eq!(site.get(path, "").await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn people_are_for_administrators_and_a_bell_rings_on_every_page() {
    let site = Site::new();
    let (ada, _) = site.enrol("Ada").await;
    let (bo, _) = site.enrol("Bo").await;
    // An auditor reads, and changes nothing.
    let page = site.get("/people", &ada).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(!page.text.contains("/people/invite"));
    let csrf = page.csrf();
    for path in ["/people/invite", "/people/revoke"] {
        let page = site
            .post(path, &ada, &[("csrf", &csrf), ("name", "Bo")])
            .await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{path}");
    }
    let page = site.get("/people", &bo).await;
    assert!(!page.text.contains("<b>Ada"), "{}", page.text);
    let csrf = page.csrf();
    let page = site
        .post("/people/invite", &bo, &[("csrf", &csrf), ("name", "Cy")])
        .await;
    assert!(
        page.text.contains("http://127.0.0.1:8470/welcome/"),
        "{}",
        page.text
    );
    let codes = site
        .signin
        .seal_glass("Cy", "operator", "yearly renewal")
        .unwrap();
    let reason = "<img src=x onerror=alert(1)> all is down";
    let fields = [("name", "Cy"), ("code", &codes[0]), ("reason", reason)];
    let broken = site.post("/signin/break-glass", "", &fields).await;
    assert_eq!(broken.status, StatusCode::SEE_OTHER, "{broken:?}");
    for (path, who) in [("/account", &ada), ("/people", &bo), ("/nowhere", &ada)] {
        let page = site.get(path, who).await;
        assert!(
            page.text.contains("Break-glass sign-in</strong> by Cy"),
            "{path}"
        );
        assert!(!page.text.contains("<img src=x"));
    }
    let id = site.signin.bells()[0].id.clone();
    let cy = broken.cookie();
    let own = site.get("/people", &cy).await.csrf();
    let page = site
        .post("/people/acknowledge", &cy, &[("csrf", &own), ("id", &id)])
        .await;
    assert_eq!(page.status, StatusCode::FORBIDDEN, "not by whoever rang it");
    site.post("/people/acknowledge", &bo, &[("csrf", &csrf), ("id", &id)])
        .await;
    let page = site.get("/account", &ada).await;
    assert!(!page.text.contains("Break-glass sign-in"));
    site.post("/people/revoke", &bo, &[("csrf", &csrf), ("name", "Ada")])
        .await;
    assert_eq!(
        site.get("/account", &ada).await.status,
        StatusCode::SEE_OTHER
    );
}

#[tokio::test]
async fn somebody_makes_a_token_in_a_role_of_theirs_and_sees_it_once() {
    let site = Site::new();
    let (cookie, _) = site.enrol("Ada").await;
    let csrf = site.get("/account", &cookie).await.csrf();
    let fields = |role, case| {
        [
            ("csrf", csrf.as_str()),
            ("name", "<i>report"),
            ("role", role),
            ("case", case),
            ("days", "7"),
        ]
    };
    let page = site
        .post("/account/tokens", &cookie, &fields("legal", ""))
        .await;
    let (_, rest) = page.text.split_once("cordon_").unwrap();
    let text = format!("cordon_{}", rest.split('<').next().unwrap());
    assert!(site.signin.bearer(&text).unwrap().is_some());
    let page = site.get("/account", &cookie).await;
    assert!(!page.text.contains("cordon_") && !page.text.contains("<i>report"));
    for (role, case) in [("administrator", ""), ("nobody", ""), ("legal", "../x")] {
        let page = site
            .post("/account/tokens", &cookie, &fields(role, case))
            .await;
        assert_eq!(
            page.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{role} {case}"
        );
    }
    let id = site.signin.tokens(Some("Ada")).unwrap()[0].id.clone();
    site.post(
        "/account/tokens/revoke",
        &cookie,
        &[("csrf", &csrf), ("id", &id)],
    )
    .await;
    assert!(site.signin.bearer(&text).unwrap().is_none());
}

#[tokio::test]
async fn behind_a_proxy_each_client_has_its_own_limit_and_cannot_make_up_another() {
    let settings = "[signin]\nclient_header = \"X-Forwarded-For\"";
    let site = Site::at(settings, LOCAL);
    let attempt = async |line: String| {
        let request = site.form("/signin", "").header("x-forwarded-for", line);
        let fields = [
            ("name", "Ada"),
            ("passphrase", "something else"),
            ("code", "1"),
        ];
        site.send(request.body(encoded(&fields)).unwrap())
            .await
            .status
    };
    for number in 0..20 {
        let made_up = format!("198.51.100.{number}, 192.0.2.1");
        assert_eq!(attempt(made_up).await, StatusCode::FORBIDDEN);
    }
    let made_up = "198.51.100.99, 192.0.2.1".to_owned();
    assert_eq!(attempt(made_up).await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(attempt("192.0.2.2".to_owned()).await, StatusCode::FORBIDDEN);
    let from = site.signin.journal(1).unwrap()[0].from;
    assert_eq!(from, Some(IpAddr::from([192, 0, 2, 2])));
}

#[tokio::test(start_paused = true)]
async fn a_form_that_does_not_end_is_let_go() {
    let site = Site::new();
    let endless = Body::from_stream(futures::stream::pending::<
        Result<bytes::Bytes, std::io::Error>,
    >());
    let begun = tokio::time::Instant::now();
    let page = site
        .send(site.form("/signin", "").body(endless).unwrap())
        .await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(begun.elapsed() < std::time::Duration::from_secs(11));
}

/// Through a socket: the daemon says where a request comes from.
#[tokio::test]
async fn the_daemon_serves_the_pages_and_tells_where_a_request_comes_from() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("cordon.toml");
    let text = format!("data = \"data\"\n[serve]\nlisten = \"127.0.0.1:0\"\n{PEOPLE}");
    let settings = Settings::parse(&text, &config).unwrap();
    let app = Arc::new(App::new(settings, Arc::new(cordon::time::SystemClock)).unwrap());
    let daemon = cordon::daemon::Daemon::bind(Arc::clone(&app))
        .await
        .unwrap();
    let address = daemon.address();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(daemon.run(async { drop(stopped.await) }));
    let body = "name=Ada&passphrase=something&code=1";
    let request = format!(
        "POST /signin HTTP/1.1\r\nhost: {address}\r\norigin: http://{address}\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    let entry = app.signin().unwrap().journal(1).unwrap().remove(0);
    assert_eq!(entry.person.as_deref(), Some("Ada"));
    assert_eq!(entry.from, Some(IpAddr::from([127, 0, 0, 1])));
    stop.send(()).unwrap();
    running.await.unwrap();
}
