//! The credential: who it is, what it may do, that it never shows, and that a service app proves
//! itself with a signature.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use cordon::case::subject::Subject;
use cordon::http::token::{ClientCredentials, ServiceApp, SigningKey};
use cordon::http::transport::Authorize;
use cordon::http::{Answer, Broken, Request, Transport};
use cordon::provider::{Grant, Provider};
use cordon::providers::okta::{Credential, Okta};
use cordon::range::company::Person;
use cordon::secret::SecretString;
use cordon::time::{Clock, ManualClock, SystemClock};
use jiff::SignedDuration;
use jsonwebtoken::{Algorithm, DecodingKey};

use super::{Stage, accepted, provider};

pub(super) const CLIENT: &str = "0oatm0app0response00";

fn pem(der: &[u8]) -> SecretString {
    let label = "PRIVATE KEY";
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        STANDARD.encode(der)
    )
    .into()
}

pub(super) fn elliptic() -> (SecretString, DecodingKey) {
    let random = SystemRandom::new();
    let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der.as_ref()).unwrap();
    let point = pair.public_key().as_ref();
    let (x, y) = (
        URL_SAFE_NO_PAD.encode(&point[1..33]),
        URL_SAFE_NO_PAD.encode(&point[33..]),
    );
    (
        pem(der.as_ref()),
        DecodingKey::from_ec_components(&x, &y).unwrap(),
    )
}

fn rsa() -> (SecretString, DecodingKey) {
    let pair = RsaPair::generate(KeySize::Rsa2048).unwrap();
    let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
    let public = pair.public_key();
    let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let n = part(public.modulus().big_endian_without_leading_zero());
    let e = part(public.exponent().big_endian_without_leading_zero());
    (
        pem(der.as_ref()),
        DecodingKey::from_rsa_components(&n, &e).unwrap(),
    )
}

pub(super) fn app(stage: &Stage, private: &SecretString) -> Okta {
    let key = SigningKey::from_pem(private, Some("key-1".into())).unwrap();
    provider(
        &stage.base,
        Credential::ServiceApp {
            client_id: CLIENT.into(),
            key,
        },
        &[],
    )
}

pub(super) const EVERYTHING: &[&str] = &[
    "okta.users.read",
    "okta.users.manage",
    "okta.roles.read",
    "okta.roles.manage",
    "okta.apiTokens.read",
    "okta.apiTokens.manage",
    "okta.devices.read",
    "okta.devices.manage",
    "okta.logs.read",
];

fn of(person: &Person) -> Subject {
    Subject {
        emails: vec![person.email.clone()],
        ..Subject::default()
    }
}

#[tokio::test]
async fn a_token_says_whose_it_is_and_what_it_may_do() {
    let stage = Stage::set().await;
    let subject = of(&stage.company.subject);
    let check = stage
        .okta
        .check(Some(&subject), stage.cx())
        .await
        .unwrap()
        .remove(0);
    assert!(check.reachable && check.usable());
    assert_eq!(
        check.authenticated_as.as_deref(),
        Some(stage.company.guardian.email.as_str())
    );
    assert_eq!(check.owned_by_subject, Some(false));
    assert_eq!(check.permissions.len(), EVERYTHING.len());
    assert!(
        check
            .permissions
            .iter()
            .all(|one| one.grant == Grant::Present),
        "{:?}",
        check.permissions
    );
    assert!(
        stage
            .world
            .calls()
            .iter()
            .all(|call| call.starts_with("GET")),
        "the check wrote"
    );
}

#[tokio::test]
async fn a_token_that_the_account_holder_made_is_not_used() {
    let stage = Stage::set().await;
    let secret = stage.world.secret_of("nightly-sync");
    let okta = provider(&stage.base, Credential::Ssws(secret.into()), &[]);
    let subject = of(&stage.company.subject);
    let check = okta
        .check(Some(&subject), stage.cx())
        .await
        .unwrap()
        .remove(0);
    assert_eq!(check.owned_by_subject, Some(true));
    assert!(!check.usable());
    assert!(
        check
            .advice
            .iter()
            .any(|line| line.contains("emergency credential")),
        "{:?}",
        check.advice
    );
    // Nobody is under review: the question is not asked.
    let check = okta.check(None, stage.cx()).await.unwrap().remove(0);
    assert_eq!(check.owned_by_subject, None);
    // The owner has roles, but none that may do this.
    assert!(
        check
            .permissions
            .iter()
            .all(|one| one.grant != Grant::Present),
        "{:?}",
        check.permissions
    );
}

#[tokio::test]
async fn a_wrong_token_and_a_dead_host_are_told_apart() {
    let stage = Stage::set().await;
    let okta = provider(
        &stage.base,
        Credential::Ssws("wrong".to_owned().into()),
        &[],
    );
    let check = okta.check(None, stage.cx()).await.unwrap().remove(0);
    assert!(check.reachable && check.authenticated_as.is_none() && !check.usable());
    let nowhere = "http://127.0.0.1:9".parse().unwrap();
    let okta = provider(&nowhere, Credential::Ssws("any".to_owned().into()), &[]);
    let check = okta.check(None, stage.cx()).await.unwrap().remove(0);
    assert!(!check.reachable && !check.usable());
}

#[tokio::test]
async fn a_missing_feature_is_not_a_missing_right() {
    let stage = Stage::set().await;
    stage.world.faults(|faults| faults.without_devices = true);
    let check = stage.okta.check(None, stage.cx()).await.unwrap().remove(0);
    let devices = check
        .permissions
        .iter()
        .find(|one| one.name == "okta.devices.read")
        .unwrap();
    assert_eq!(devices.grant, Grant::NotEntitled, "{devices:?}");
}

#[tokio::test]
async fn a_service_app_proves_itself_and_its_token_is_kept_and_never_shown() {
    for (private, public, algorithm) in [
        {
            let (a, b) = elliptic();
            (a, b, Algorithm::ES256)
        },
        {
            let (a, b) = rsa();
            (a, b, Algorithm::RS256)
        },
    ] {
        let stage = Stage::set().await;
        stage.world.trust(CLIENT, public, algorithm, EVERYTHING);
        let okta = app(&stage, &private);
        let subject = of(&stage.company.subject);
        let check = okta
            .check(Some(&subject), stage.cx())
            .await
            .unwrap()
            .remove(0);
        assert!(check.usable(), "{check:?}");
        assert_eq!(
            check.authenticated_as.as_deref(),
            Some("service app 0oatm0app0response00")
        );
        assert!(
            check
                .permissions
                .iter()
                .all(|one| one.grant == Grant::Present),
            "{:?}",
            check.permissions
        );
        // The log cannot say that somebody else made the app.
        assert_eq!(check.owned_by_subject, None);
        assert!(
            check
                .advice
                .iter()
                .any(|line| line.contains("confirm in the console"))
        );

        let account = Stage::account(&stage.company.subject);
        let inventory = okta.doors(&account, stage.cx()).await.unwrap();
        assert_eq!(inventory.doors.len(), 21);
        let door = inventory
            .doors
            .iter()
            .find(|door| door.kind == "okta.account")
            .unwrap();
        assert!(accepted(&okta.close(door, stage.cx()).await.unwrap()));

        let tokens = stage
            .world
            .calls()
            .iter()
            .filter(|call| call.contains("/oauth2/"))
            .count();
        assert_eq!(tokens, 1, "the token is kept");
        let kept = stage.kept.0.lock().unwrap();
        assert!(kept.len() > 20);
        for exchange in kept.iter() {
            let shown = format!("{exchange:?}");
            assert!(
                !shown.contains("eyJdrill."),
                "the access token is in the evidence"
            );
            assert!(!shown.contains("client_assertion"));
            assert!(!exchange.request.url.path().contains("oauth2"));
        }
    }
}

#[tokio::test]
async fn a_service_app_without_a_scope_is_told_which() {
    let stage = Stage::set().await;
    let (private, public) = elliptic();
    stage.world.trust(
        CLIENT,
        public,
        Algorithm::ES256,
        &["okta.users.read", "okta.logs.read"],
    );
    let check = app(&stage, &private)
        .check(None, stage.cx())
        .await
        .unwrap()
        .remove(0);
    let missing: Vec<_> = check
        .permissions
        .iter()
        .filter(|one| one.grant == Grant::Missing)
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(missing.len(), 7, "{:?}", check.permissions);
    assert!(
        check
            .advice
            .iter()
            .any(|line| line.contains("Grant okta.users.manage"))
    );
}

#[tokio::test]
async fn a_key_that_nobody_registered_gets_no_token() {
    let stage = Stage::set().await;
    let (_, public) = elliptic();
    let (other, _) = elliptic();
    stage
        .world
        .trust(CLIENT, public, Algorithm::ES256, EVERYTHING);
    let okta = app(&stage, &other);
    let check = okta.check(None, stage.cx()).await.unwrap().remove(0);
    assert!(check.reachable && !check.usable(), "{check:?}");
    assert!(
        check
            .advice
            .iter()
            .any(|line| line.contains("invalid_client")),
        "{:?}",
        check.advice
    );
    let account = Stage::account(&stage.company.subject);
    assert!(okta.doors(&account, stage.cx()).await.is_err());
}

#[tokio::test]
async fn a_service_app_that_the_account_holder_changed_is_not_used() {
    let stage = Stage::set().await;
    let (private, public) = elliptic();
    stage
        .world
        .trust(CLIENT, public, Algorithm::ES256, EVERYTHING);
    stage.world.record(
        "application.lifecycle.update",
        &stage.company.subject.okta_id,
        CLIENT,
    );
    let subject = of(&stage.company.subject);
    let check = app(&stage, &private)
        .check(Some(&subject), stage.cx())
        .await
        .unwrap()
        .remove(0);
    assert_eq!(check.owned_by_subject, Some(true));
    assert!(!check.usable());
}

/// A token endpoint that answers as it is told, and counts.
struct Scripted(Mutex<Vec<(u16, &'static str)>>, AtomicUsize);

#[async_trait]
impl Transport for Scripted {
    async fn roundtrip(&self, _: &Request) -> Result<Answer, Broken> {
        self.1.fetch_add(1, Ordering::SeqCst);
        let mut answers = self.0.lock().unwrap();
        let (status, body) = if answers.len() > 1 {
            answers.remove(0)
        } else {
            answers[0]
        };
        Ok(Answer {
            status: status.try_into().unwrap(),
            headers: http::HeaderMap::new(),
            body: body.into(),
        })
    }
}

fn credentials(
    answers: &[(u16, &'static str)],
) -> (ClientCredentials, Arc<Scripted>, Arc<ManualClock>) {
    let endpoint = Arc::new(Scripted(Mutex::new(answers.to_vec()), AtomicUsize::new(0)));
    let clock = Arc::new(ManualClock::new(SystemClock.now()));
    let app = ServiceApp {
        token_url: "https://acme.okta.example/oauth2/v1/token".parse().unwrap(),
        client_id: CLIENT.to_owned(),
        key: SigningKey::from_pem(&elliptic().0, None).unwrap(),
        scopes: vec!["okta.users.read".to_owned()],
    };
    let transport: Arc<dyn Transport> = Arc::<Scripted>::clone(&endpoint);
    let credentials = ClientCredentials::new(transport, app, Arc::<ManualClock>::clone(&clock));
    (credentials, endpoint, clock)
}

const GRANTED: &str = r#"{"access_token":"hidden-token","token_type":"Bearer","expires_in":3600}"#;

#[tokio::test]
async fn a_token_is_fetched_again_before_it_ends() {
    let (credentials, endpoint, clock) = credentials(&[(200, GRANTED)]);
    let request = Request::get("https://acme.okta.example/api/v1/users".parse().unwrap());
    let began = clock.now();
    for (minutes, fetched) in [(0, 1), (1, 1), (57, 1), (58, 2), (59, 2), (200, 3)] {
        clock.set(began + SignedDuration::from_mins(minutes));
        let headers = credentials.headers(&request).await.unwrap();
        assert!(headers["authorization"].is_sensitive());
        assert_eq!(
            endpoint.1.load(Ordering::SeqCst),
            fetched,
            "after {minutes} minutes"
        );
    }
    // The answer named no scopes: what was asked for was granted.
    assert_eq!(credentials.scopes().await.unwrap(), ["okta.users.read"]);
}

#[tokio::test]
async fn a_failure_of_the_token_endpoint_that_passes_is_waited_for() {
    let (credentials, endpoint, _) = credentials(&[(503, ""), (429, ""), (200, GRANTED)]);
    credentials.scopes().await.unwrap();
    assert_eq!(endpoint.1.load(Ordering::SeqCst), 3);
    let (credentials, endpoint, _) = self::credentials(&[(503, "")]);
    assert_eq!(
        credentials.scopes().await.unwrap_err().code(),
        "token-refused"
    );
    assert_eq!(endpoint.1.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn no_error_shows_what_the_token_endpoint_said_of_tokens() {
    for (answer, word) in [
        // Nobody asked for a proof, so the token is bound to no key of ours.
        (
            r#"{"access_token":"hidden-token","token_type":"DPoP"}"#,
            "cannot be used",
        ),
        (r#"{"access_token":"hidden-token","token_type":7}"#, "shape"),
        (r#"["hidden-token"]"#, "shape"),
    ] {
        let (credentials, _, _) = credentials(&[(200, answer)]);
        let fault = credentials.scopes().await.unwrap_err();
        let shown = format!("{fault} {fault:?} {credentials:?}");
        assert!(shown.contains(word), "{shown}");
        assert!(!shown.contains("hidden-token"), "{shown}");
    }
    let (credentials, _, _) = credentials(&[(400, r#"{"error":"invalid_dpop_proof"}"#)]);
    let fault = credentials.scopes().await.unwrap_err();
    assert!(fault.hints()[0].contains("DPoP"), "{fault:?}");
}

#[test]
fn text_that_is_no_key_is_refused_without_being_repeated() {
    let secret: SecretString = "not-a-key-but-perhaps-a-secret".to_owned().into();
    let fault = SigningKey::from_pem(&secret, None).unwrap_err();
    assert!(!format!("{fault} {fault:?}").contains("perhaps"));
    let (private, _) = elliptic();
    let key = SigningKey::from_pem(&private, Some("id".into())).unwrap();
    assert!(!format!("{key:?}").contains("key:"), "{key:?}");
}

#[test]
fn an_address_that_is_not_an_organization_is_refused() {
    for base in [
        "http://acme.okta.example",
        "https://acme.okta.example/api/v1",
        "https://user@acme.okta.example",
        "https://acme.okta.example/?x=1",
    ] {
        let settings = cordon::providers::okta::Settings {
            base_url: base.parse().unwrap(),
            credential_name: "okta".into(),
            credential: Credential::Ssws("x".to_owned().into()),
            protected: Vec::new(),
            limit: cordon::providers::okta::default_limit().unwrap(),
            retry: cordon::http::retry::Retry::default(),
        };
        let fault = Okta::new(settings, Arc::new(SystemClock)).unwrap_err();
        assert_eq!(fault.code(), "okta-url", "{base}");
    }
}
