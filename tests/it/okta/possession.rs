//! Service apps that require a proof of possession (DPoP, RFC 9449).

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cordon::http::token::{ClientCredentials, ServiceApp, SigningKey};
use cordon::http::transport::Authorize;
use cordon::http::{Answer, Broken, Request, Transport};
use cordon::provider::Provider;
use cordon::providers::okta::Okta;
use cordon::time::{Clock, SystemClock};
use http::{HeaderMap, HeaderValue, Method};
use jsonwebtoken::Algorithm;
use serde_json::Value;

use super::credential::{CLIENT, EVERYTHING, app, elliptic};
use super::{Stage, accepted};

/// A stage whose service app requires proofs, and the provider that comes as it.
async fn strict() -> (Stage, Okta) {
    let stage = Stage::set().await;
    let (private, public) = elliptic();
    let world = &stage.world;
    world.trust(CLIENT, public, Algorithm::ES256, EVERYTHING);
    world.require_proof(CLIENT);
    let okta = app(&stage, &private);
    (stage, okta)
}

fn token_calls(stage: &Stage) -> usize {
    let calls = stage.world.calls();
    calls
        .iter()
        .filter(|call| call.contains("/oauth2/"))
        .count()
}

#[tokio::test]
async fn a_service_app_that_requires_proof_gives_it_with_every_call() {
    let (stage, okta) = strict().await;
    let check = okta.check(None, stage.cx()).await.unwrap().remove(0);
    assert!(check.usable(), "{check:?}");
    // Refused without a proof, then without the number, then granted; the token is kept.
    assert_eq!(token_calls(&stage), 3);
    let account = Stage::account(&stage.company.subject);
    let inventory = okta.doors(&account, stage.cx()).await.unwrap();
    assert_eq!(inventory.doors.len(), 21);
    let door = inventory
        .doors
        .iter()
        .find(|door| door.kind == "okta.account")
        .unwrap();
    assert!(accepted(&okta.close(door, stage.cx()).await.unwrap()));
    assert_eq!(token_calls(&stage), 3);
    for exchange in stage.kept.0.lock().unwrap().iter() {
        let shown = format!("{exchange:?} {:?}", exchange.request.headers);
        assert!(
            !shown.contains("eyJ"),
            "a proof or a token is in the evidence"
        );
    }
}

#[tokio::test]
async fn an_attempt_that_is_repeated_has_a_proof_of_its_own() {
    let (stage, okta) = strict().await;
    okta.check(None, stage.cx()).await.unwrap();
    // Each is answered after its proof was looked at; a proof that came twice would be refused.
    stage.world.faults(|faults| faults.throttle = 2);
    let account = Stage::account(&stage.company.subject);
    let inventory = okta.doors(&account, stage.cx()).await.unwrap();
    assert_eq!(inventory.doors.len(), 21);
}

#[tokio::test]
async fn a_number_that_the_api_asks_for_is_in_the_next_proof_of_reads_and_writes() {
    let (stage, okta) = strict().await;
    stage
        .world
        .faults(|faults| faults.resource_nonce = Some("first".to_owned()));
    let account = Stage::account(&stage.company.subject);
    let inventory = okta.doors(&account, stage.cx()).await.unwrap();
    assert_eq!(inventory.doors.len(), 21);
    stage
        .world
        .faults(|faults| faults.resource_nonce = Some("second".to_owned()));
    let door = inventory
        .doors
        .iter()
        .find(|door| door.kind == "okta.api_token")
        .unwrap();
    assert!(accepted(&okta.close(door, stage.cx()).await.unwrap()));
    assert!(!stage.world.is_open(&door.kind, &door.native));
    let kept = stage.kept.0.lock().unwrap();
    let refused = kept.iter().filter(|exchange| {
        let answer = exchange.answer.as_ref().unwrap();
        answer.status == 401 && answer.headers.contains_key("dpop-nonce")
    });
    assert!(refused.count() >= 2, "every refused attempt is evidence");
}

/// A token endpoint that wants proof and keeps what it was sent; two numbers, the second only once.
#[derive(Default)]
struct Endpoint(Mutex<Vec<Request>>);

#[async_trait]
impl Transport for Endpoint {
    async fn roundtrip(&self, request: &Request) -> Result<Answer, Broken> {
        let mut seen = self.0.lock().unwrap();
        seen.push(request.clone());
        let (status, nonce, body) = match seen.len() {
            1 => (400, None, r#"{"error":"invalid_dpop_proof"}"#),
            2 => (400, Some("n1"), r#"{"error":"use_dpop_nonce"}"#),
            3 => (503, None, ""),
            _ => (
                200,
                Some("n2"),
                r#"{"access_token":"bound-token","token_type":"DPoP","expires_in":3600}"#,
            ),
        };
        let nonce = nonce.map(HeaderValue::from_static);
        Ok(Answer {
            status: status.try_into().unwrap(),
            headers: nonce
                .map(|nonce| (http::HeaderName::from_static("dpop-nonce"), nonce))
                .into_iter()
                .collect::<HeaderMap>(),
            body: body.into(),
        })
    }
}

fn part(jwt: &HeaderValue, number: usize) -> Value {
    let part = jwt.to_str().unwrap().split('.').nth(number).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[tokio::test]
async fn proofs_name_the_call_the_token_and_nothing_twice() {
    let endpoint = Arc::new(Endpoint::default());
    let app = ServiceApp {
        token_url: "https://acme.okta.example/oauth2/v1/token".parse().unwrap(),
        client_id: CLIENT.to_owned(),
        key: SigningKey::from_pem(&elliptic().0, None).unwrap(),
        scopes: vec!["okta.users.read".to_owned()],
    };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let transport: Arc<dyn Transport> = Arc::<Endpoint>::clone(&endpoint);
    let credentials = ClientCredentials::new(transport, app, clock);
    let call = Request::write(
        Method::DELETE,
        "https://acme.okta.example/api/v1/users/x?oauthTokens=true#f"
            .parse()
            .unwrap(),
    );
    let first = credentials.headers(&call).await.unwrap();
    let second = credentials.headers(&call).await.unwrap();
    assert_eq!(first["authorization"], "DPoP bound-token");
    assert!(first["authorization"].is_sensitive() && first["dpop"].is_sensitive());
    let seen = endpoint.0.lock().unwrap().clone();
    assert_eq!(seen.len(), 4);
    assert!(!seen[0].headers.contains_key("dpop"));
    let proofs: Vec<HeaderValue> = seen[1..]
        .iter()
        .map(|request| request.headers["dpop"].clone())
        .chain([first["dpop"].clone(), second["dpop"].clone()])
        .collect();
    let claims: Vec<Value> = proofs.iter().map(|proof| part(proof, 1)).collect();
    let numbers: BTreeSet<&str> = claims
        .iter()
        .map(|one| one["jti"].as_str().unwrap())
        .collect();
    assert_eq!(numbers.len(), proofs.len());
    for proof in &proofs {
        let head = part(proof, 0);
        assert_eq!(
            (&head["typ"], &head["alg"]),
            (&"dpop+jwt".into(), &"ES256".into())
        );
        assert_eq!(head["jwk"], part(&proofs[0], 0)["jwk"], "one key");
        assert!(head["jwk"].get("d").is_none(), "the private half is in it");
    }
    for (proof, nonce) in claims[..3]
        .iter()
        .zip([Value::Null, "n1".into(), "n1".into()])
    {
        assert_eq!(proof["nonce"], nonce);
        assert_eq!(proof["htm"], "POST");
        assert_eq!(proof["htu"], "https://acme.okta.example/oauth2/v1/token");
        assert!(proof.get("ath").is_none());
    }
    for proof in &claims[3..] {
        assert_eq!(proof["htm"], "DELETE");
        assert_eq!(proof["htu"], "https://acme.okta.example/api/v1/users/x");
        // SHA-256 of `bound-token`.
        let ath = cordon::canon::Digest::of(b"bound-token");
        assert_eq!(proof["ath"], URL_SAFE_NO_PAD.encode(ath.as_bytes()));
        assert!(
            proof.get("nonce").is_none(),
            "the number of the token endpoint is not the API's"
        );
    }
    let assertions: BTreeSet<_> = seen.iter().map(|one| one.body.clone().unwrap().1).collect();
    assert_eq!(assertions.len(), 4, "an assertion was sent twice");
    let shown = format!("{credentials:?}");
    assert!(!shown.contains("bound-token") && !shown.contains("prover"));
}
