//! A provider of our own that can be told to lie: every lie is refused.

use std::sync::{Arc, Mutex};

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
};
use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::{begin, of, session, site};
use crate::web_guard::{Page, Site};

/// What the provider says next.
#[derive(Default)]
struct Says {
    issuer: String,
    keys: Vec<Value>,
    token: String,
    fetched: usize,
}

type Forger = Arc<Mutex<Says>>;

const SHAPE: &str = "the signature or the shape of the token";
const NOBODY: &str = "the identity provider named nobody of ours";

/// Makes a token of claims.
type Forge<'a> = &'a dyn Fn(&Value) -> String;

async fn start() -> (Forger, String) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    let says = Forger::default();
    says.lock().unwrap().issuer.clone_from(&issuer);
    let router = Router::new()
        .route(
            "/.well-known/openid-configuration",
            get(|State(says): State<Forger>| async move {
                let issuer = says.lock().unwrap().issuer.clone();
                Json(json!({
                    "issuer": issuer,
                    "authorization_endpoint": format!("{issuer}/auth"),
                    "token_endpoint": format!("{issuer}/token"),
                    "jwks_uri": format!("{issuer}/keys"),
                }))
            }),
        )
        .route(
            "/keys",
            get(|State(says): State<Forger>| async move {
                let mut says = says.lock().unwrap();
                says.fetched += 1;
                Json(json!({ "keys": says.keys }))
            }),
        )
        .route(
            "/token",
            post(|State(says): State<Forger>| async move {
                Json(json!({ "id_token": says.lock().unwrap().token, "token_type": "Bearer" }))
            }),
        )
        .with_state(Arc::clone(&says));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (says, issuer)
}

/// A key that signs, and its public half with an id.
struct Signer {
    key: EncodingKey,
    algorithm: Algorithm,
    public: Value,
}

fn named(mut public: Value, id: &str) -> Value {
    public["kid"] = json!(id);
    public
}

impl Signer {
    fn elliptic(id: &str) -> Self {
        let rng = aws_lc_rs::rand::SystemRandom::new();
        let scheme = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(scheme, &rng).unwrap();
        let key = EncodingKey::from_ec_der(pkcs8.as_ref());
        let public = Jwk::from_encoding_key(&key, Algorithm::ES256).unwrap();
        let public = named(serde_json::to_value(public).unwrap(), id);
        Self {
            key,
            algorithm: Algorithm::ES256,
            public,
        }
    }

    fn rsa(id: &str, algorithm: Algorithm) -> Self {
        let pair = aws_lc_rs::rsa::KeyPair::generate(KeySize::Rsa2048).unwrap();
        let pkcs8: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let text = STANDARD.encode(pkcs8.as_ref());
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n");
        let key = EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap();
        let public = Jwk::from_encoding_key(&key, algorithm).unwrap();
        let public = named(serde_json::to_value(public).unwrap(), id);
        Self {
            key,
            algorithm,
            public,
        }
    }

    fn edwards(id: &str) -> Self {
        let rng = aws_lc_rs::rand::SystemRandom::new();
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&rng).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
        let x = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
        let public = json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "kid": id, "use": "sig" });
        Self {
            key: EncodingKey::from_ed_der(pkcs8.as_ref()),
            algorithm: Algorithm::EdDSA,
            public,
        }
    }

    fn sign(&self, claims: &Value) -> String {
        let mut header = Header::new(self.algorithm);
        header.kid = self.public["kid"].as_str().map(str::to_owned);
        encode(&header, claims, &self.key).unwrap()
    }
}

fn claims(site: &Site, issuer: &str, nonce: &str) -> Value {
    let now = site.now().as_second();
    json!({
        "iss": issuer, "sub": "00u1", "aud": "cordon", "nonce": nonce,
        "iat": now, "exp": now + 300,
        "email": "ADA@corp.example", "email_verified": true, "amr": ["pwd", "mfa"],
    })
}

/// One sign-in: what the provider's token is, the test says once it knows the nonce.
async fn attempt(
    site: &Site,
    forger: &Forger,
    issuer: &str,
    token: impl FnOnce(Value) -> String,
) -> Page {
    let (url, cookie) = begin(site).await;
    let text = token(claims(site, issuer, &of(&url, "nonce")));
    forger.lock().unwrap().token = text;
    let path = format!("/signin/idp/back?code=c&state={}", of(&url, "state"));
    site.get(&path, &cookie).await
}

fn with(name: &'static str, value: Value) -> Box<dyn Fn(Value) -> Value> {
    Box::new(move |mut claims| {
        match &value {
            Value::Null => claims.as_object_mut().unwrap().remove(name),
            value => claims
                .as_object_mut()
                .unwrap()
                .insert(name.to_owned(), value.clone()),
        };
        claims
    })
}

/// A time so many seconds from now.
fn at(name: &'static str, seconds: i64) -> Box<dyn Fn(Value) -> Value> {
    Box::new(move |claims| {
        let now = claims["iat"].as_i64().unwrap();
        with(name, json!(now + seconds))(claims)
    })
}

/// Why the last one was refused, as the journal has it.
fn why(site: &Site) -> String {
    let note = site.signin.journal(1).unwrap().remove(0).note;
    note.replace("identity provider, not right: ", "")
}

async fn ready() -> (Site, Forger, String, Signer) {
    let (forger, issuer) = start().await;
    let site = site(&issuer, "cordon", "");
    site.wait(60);
    let signer = Signer::elliptic("one");
    forger.lock().unwrap().keys = vec![
        json!({ "kty": "of tomorrow", "kid": "new" }),
        signer.public.clone(),
    ];
    (site, forger, issuer, signer)
}

#[tokio::test]
async fn an_honest_token_signs_in_and_the_page_leads_on() {
    let (site, forger, issuer, signer) = ready().await;
    let page = attempt(&site, &forger, &issuer, |claims| signer.sign(&claims)).await;
    assert_eq!(page.status.as_u16(), 200, "{page:?}");
    assert!(page.text.contains("url=/people"), "{}", page.text);
    let cookie = session(&page).unwrap();
    let account = site.get("/account", &cookie).await;
    assert!(
        account.text.contains("identity provider"),
        "{}",
        account.text
    );
    for algorithm in [Algorithm::RS256, Algorithm::PS256] {
        let signer = Signer::rsa("rsa", algorithm);
        site.wait(31);
        forger.lock().unwrap().keys = vec![signer.public.clone()];
        let page = attempt(&site, &forger, &issuer, |claims| signer.sign(&claims)).await;
        assert!(session(&page).is_some(), "{algorithm:?} {page:?}");
    }
    let signer = Signer::edwards("ed");
    site.wait(31);
    forger.lock().unwrap().keys = vec![signer.public.clone()];
    let page = attempt(&site, &forger, &issuer, |claims| signer.sign(&claims)).await;
    assert!(session(&page).is_some(), "{page:?}");
}

#[tokio::test]
async fn every_lie_in_a_token_is_refused() {
    let (site, forger, issuer, signer) = ready().await;
    let lies = [
        (
            "the issuer of the token",
            with("iss", json!("https://evil.example")),
        ),
        ("the audience of the token", with("aud", json!("another"))),
        (
            "the authorized party of the token",
            with("aud", json!(["cordon", "another"])),
        ),
        (
            "the authorized party of the token",
            with("azp", json!("another")),
        ),
        ("the end of the token", at("exp", -300)),
        ("the time of the token", at("iat", -301)),
        ("the time of the token", at("iat", 301)),
        ("the beginning of the token", at("nbf", 301)),
        ("the nonce of the token", with("nonce", json!("another"))),
        ("the nonce of the token", with("nonce", Value::Null)),
        ("the subject of the token", with("sub", json!(""))),
        (SHAPE, with("exp", Value::Null)),
        (SHAPE, with("iat", json!("soon"))),
        (NOBODY, with("email", json!("stranger@corp.example"))),
        (NOBODY, with("email", json!("ada+x@corp.example"))),
        (NOBODY, with("email_verified", json!(false))),
        (NOBODY, with("email_verified", json!("true"))),
        (NOBODY, with("email", Value::Null)),
    ];
    for (what, lie) in lies {
        let page = attempt(&site, &forger, &issuer, |claims| signer.sign(&lie(claims))).await;
        assert!(session(&page).is_none(), "{what}");
        assert_eq!(page.status.as_u16(), 403, "{what}: {page:?}");
        assert_eq!(why(&site), what, "refused for what it is");
        // So that the limit of the address does not refuse the next.
        site.wait(300);
    }
}

#[tokio::test]
async fn every_forged_signature_is_refused() {
    let (site, forger, issuer, signer) = ready().await;
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let none = |claims: &Value| format!("{}.{}.", part(&json!({ "alg": "none" })), part(claims));
    let public = signer.public["x"].as_str().unwrap().to_owned();
    let shared = |claims: &Value| {
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some("one".to_owned());
        encode(
            &header,
            claims,
            &EncodingKey::from_secret(public.as_bytes()),
        )
        .unwrap()
    };
    let other = Signer::elliptic("one");
    let unknown = Signer::elliptic("two");
    let changed = |claims: &Value| {
        let text = signer.sign(claims);
        let mut parts: Vec<&str> = text.split('.').collect();
        let mut lie = claims.clone();
        lie["email"] = json!("bo@corp.example");
        let lie = part(&lie);
        parts[1] = &lie;
        parts.join(".")
    };
    let forgeries: [(&str, &str, Forge<'_>); 7] = [
        ("none", "the head of the token", &none),
        (
            "the public key as a shared secret",
            "the algorithm of the token",
            &shared,
        ),
        ("another key of the same name", SHAPE, &|claims| {
            other.sign(claims)
        }),
        ("a key that nobody has", "the key of the token", &|claims| {
            unknown.sign(claims)
        }),
        ("changed after it was signed", SHAPE, &changed),
        ("nothing", "the head of the token", &|_| String::new()),
        ("much", "the size of the token", &|_| "a".repeat(100_000)),
    ];
    for (what, reason, forge) in forgeries {
        let page = attempt(&site, &forger, &issuer, |claims| forge(&claims)).await;
        assert!(session(&page).is_none(), "{what}");
        assert_eq!(page.status.as_u16(), 403, "{what}");
        assert_eq!(why(&site), reason, "{what}");
        site.wait(100);
    }
    // Keys are fetched again for one that is not known, but not for each attempt.
    assert!(forger.lock().unwrap().fetched <= 2);
    site.wait(31);
    forger.lock().unwrap().keys.push(unknown.public.clone());
    let page = attempt(&site, &forger, &issuer, |claims| unknown.sign(&claims)).await;
    assert!(
        session(&page).is_some(),
        "a key that is new is found: {page:?}"
    );
}

#[tokio::test]
async fn a_code_belongs_to_one_browser_and_one_time() {
    let (site, forger, issuer, signer) = ready().await;
    let (url, cookie) = begin(&site).await;
    let (_, other) = begin(&site).await;
    forger.lock().unwrap().token = signer.sign(&claims(&site, &issuer, &of(&url, "nonce")));
    let state = of(&url, "state");
    let path = format!("/signin/idp/back?code=c&state={state}");
    for (path, cookie) in [
        ("/signin/idp/back", cookie.as_str()),
        ("/signin/idp/back?code=c&state=a", &cookie),
        (path.as_str(), ""),
        (&path, &format!("{cookie}; {other}")),
    ] {
        let page = site.get(path, cookie).await;
        assert_eq!(page.status.as_u16(), 403, "{path} {cookie}");
    }
    let hostile = site
        .get(&format!("{path}&iss=https://evil.example"), &cookie)
        .await;
    assert!(session(&hostile).is_none());
    // The state is used up by whoever came with it, right or wrong.
    assert!(session(&site.get(&path, &cookie).await).is_none());
    let (url, cookie) = begin(&site).await;
    forger.lock().unwrap().token = signer.sign(&claims(&site, &issuer, &of(&url, "nonce")));
    let path = format!("/signin/idp/back?code=c&state={}", of(&url, "state"));
    assert!(
        session(&site.get(&path, &other).await).is_none(),
        "another browser"
    );
    let (url, cookie_late) = begin(&site).await;
    let path = format!("/signin/idp/back?code=c&state={}", of(&url, "state"));
    site.wait(600);
    assert!(
        session(&site.get(&path, &cookie_late).await).is_none(),
        "too late"
    );
    drop(cookie);
}

#[tokio::test]
async fn however_many_begin_the_next_can_and_the_first_still_comes_back() {
    use cordon::http::transport::{NoAuth, Reqwest, Timeouts};
    use cordon::signin::oidc::{Callback, Config, Oidc};
    let (_forger, issuer) = start().await;
    let timeouts = Timeouts {
        connect: std::time::Duration::from_secs(5),
        total: std::time::Duration::from_secs(10),
    };
    let transport = Arc::new(Reqwest::new(Arc::new(NoAuth), timeouts).unwrap());
    let config = Config {
        issuer: issuer.parse().unwrap(),
        client_id: "cordon".into(),
        client_secret: None,
        back: super::BACK.parse().unwrap(),
    };
    let clock = Arc::new(cordon::time::SystemClock);
    let oidc = Oidc::new(config, transport, clock).unwrap();
    let (url, first) = oidc.begin("/people").await.unwrap();
    for _ in 0..2500 {
        oidc.begin("/").await.unwrap();
    }
    let back = Callback {
        state: of(&url, "state"),
        code: "c".into(),
        ..Callback::default()
    };
    // The provider has no token for it, which is asked for only when state and browser are right.
    let came = async || oidc.finish(&first, &back).await.unwrap_err().to_string();
    let (once, again) = (came().await, came().await);
    assert!(!once.contains("the state"), "{once}");
    assert!(again.contains("the state"), "{again}");
}

#[tokio::test]
async fn without_several_factors_the_app_is_asked_unless_configured() {
    let (site, forger, issuer, signer) = ready().await;
    let secret = {
        let (_, secret) = site.enrol("Ada").await;
        secret
    };
    let single = |mut claims: Value| {
        claims["amr"] = json!(["pwd"]);
        claims
    };
    let (url, cookie) = begin(&site).await;
    forger.lock().unwrap().token = signer.sign(&single(claims(&site, &issuer, &of(&url, "nonce"))));
    let path = format!("/signin/idp/back?code=c&state={}", of(&url, "state"));
    let page = site.get(&path, &cookie).await;
    assert!(
        session(&page).is_none() && page.text.contains("/signin/code"),
        "{page:?}"
    );
    let wrong = site
        .post("/signin/code", &cookie, &[("code", "000000")])
        .await;
    assert_eq!(wrong.status.as_u16(), 403);
    let code = crate::signin::shown(&secret, site.now());
    let other = site.post("/signin/code", "", &[("code", &code)]).await;
    assert!(session(&other).is_none(), "another browser");
    let page = site.post("/signin/code", &cookie, &[("code", &code)]).await;
    assert_eq!(page.header("location"), "/people", "{page:?}");
    assert!(session(&page).is_some());
    site.wait(30);
    let code = crate::signin::shown(&secret, site.now());
    let again = site.post("/signin/code", &cookie, &[("code", &code)]).await;
    assert!(session(&again).is_none(), "it was used up");
    let site = super::site(&issuer, "cordon", "second_factor = \"idp\"");
    site.wait(60);
    let page = attempt(&site, &forger, &issuer, |claims| {
        signer.sign(&single(claims))
    })
    .await;
    assert!(session(&page).is_some(), "{page:?}");
}

#[tokio::test]
async fn subjects_are_matched_where_they_are_listed_and_nobody_is_made() {
    let (_, forger, issuer, signer) = ready().await;
    let more = "match = \"sub\"\nsubjects = { \"00u1\" = \"Bo\" }";
    let site = site(&issuer, "cordon", more);
    site.wait(60);
    let page = attempt(&site, &forger, &issuer, |claims| signer.sign(&claims)).await;
    let account = site.get("/people", &session(&page).unwrap()).await;
    assert!(
        account.text.contains("href=\"/account\">Bo</a>"),
        "{}",
        account.text
    );
    let stranger = with("sub", json!("Bo"));
    let page = attempt(&site, &forger, &issuer, |claims| {
        signer.sign(&stranger(claims))
    })
    .await;
    assert!(session(&page).is_none());
    // Down, or somebody else: the other ways in are named.
    forger.lock().unwrap().issuer = "http://127.0.0.1:1".to_owned();
    let site = super::site(&issuer, "cordon", "");
    let page = site.get("/signin/idp", "").await;
    assert_eq!(page.status.as_u16(), 502);
    assert!(page.text.contains("break-glass"), "{}", page.text);
}
