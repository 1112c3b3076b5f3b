//! The token endpoint: client credentials, the client proven by a signed assertion, and for apps that
//! require it by a proof of possession.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::SignedDuration;
use jsonwebtoken::{Validation, decode};
use serde::Deserialize;
use serde_json::json;

use super::dpop::Unproven;
use super::{Issued, Org, World};

const PATH: &str = "/oauth2/v1/token";
const KIND: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// How long a token lives, seconds.
const LIFE: i64 = 3600;

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: String,
    exp: i64,
    iat: i64,
    #[serde(default)]
    jti: String,
}

fn refuse(error: &str, about: &str) -> Response {
    let status = if error == "invalid_client" {
        StatusCode::UNAUTHORIZED
    } else {
        StatusCode::BAD_REQUEST
    };
    (
        status,
        Json(json!({"error": error, "error_description": about})),
    )
        .into_response()
}

/// Says what is wrong with a proof, and gives the number that the next one needs.
fn unproven(org: &mut Org, why: Unproven) -> Response {
    let (error, about) = match why {
        Unproven::Missing => (
            "invalid_dpop_proof",
            "The DPoP proof JWT header is missing.",
        ),
        Unproven::Bad(about) => ("invalid_dpop_proof", about),
        Unproven::Nonce => (
            "use_dpop_nonce",
            "Authorization server requires nonce in DPoP proof.",
        ),
    };
    let mut answer = refuse(error, about);
    if matches!(why, Unproven::Nonce)
        && let Ok(nonce) = HeaderValue::from_str(&org.fresh_nonce())
    {
        answer.headers_mut().insert("dpop-nonce", nonce);
    }
    answer
}

/// `POST /oauth2/v1/token`.
pub(super) async fn token(
    State(world): State<World>,
    headers: HeaderMap,
    body: String,
) -> Response {
    let field = |name: &str| {
        url::form_urlencoded::parse(body.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
            .unwrap_or_default()
    };
    if field("grant_type") != "client_credentials" || field("client_assertion_type") != KIND {
        return refuse(
            "unsupported_grant_type",
            "Only client credentials with a signed assertion.",
        );
    }
    let now = world.now();
    let mut org = world.org();
    org.calls.push("POST /oauth2/v1/token".to_owned());
    let assertion = field("client_assertion");
    let proven = org.service_apps.iter().find_map(|(client, app)| {
        let mut validation = Validation::new(app.algorithm);
        // Times are judged by the organization's own clock, the audience by its path: the host
        // differs between the ways that lead here.
        validation.validate_exp = false;
        validation.validate_aud = false;
        let claims = decode::<Claims>(&assertion, &app.key, &validation)
            .ok()?
            .claims;
        let timely = claims.exp > now.as_second()
            && claims.exp - claims.iat <= 3600
            && claims.iat <= now.as_second() + 60;
        let ours = claims.iss == *client
            && claims.sub == *client
            && claims.aud.ends_with("/oauth2/v1/token");
        (timely && ours).then(|| (client.clone(), app.scopes.clone(), app.dpop, claims.jti))
    });
    let Some((client, allowed, dpop, jti)) = proven else {
        return refuse(
            "invalid_client",
            "The client_assertion signature is invalid.",
        );
    };
    // Each assertion opens once.
    if jti.is_empty() || !org.proofs.insert(jti) {
        return refuse("invalid_client", "The client_assertion was used before.");
    }
    let bound = match dpop.then(|| org.possession(&Method::POST, PATH, &headers, None, now)) {
        None => None,
        Some(Ok(key)) => Some(key),
        Some(Err(why)) => return unproven(&mut org, why),
    };
    let scope = field("scope");
    let asked: Vec<String> = scope.split_whitespace().map(str::to_owned).collect();
    let scopes: Vec<String> = asked
        .into_iter()
        .filter(|scope| allowed.contains(scope))
        .collect();
    if scopes.is_empty() {
        return refuse(
            "invalid_scope",
            "One or more scopes are not granted to the app.",
        );
    }
    let token = format!("eyJdrill.{}", uuid::Uuid::now_v7().simple());
    let until = now
        .saturating_add(SignedDuration::from_secs(LIFE))
        .unwrap_or(now);
    let answer = json!({
        "token_type": if bound.is_some() { "DPoP" } else { "Bearer" },
        "expires_in": LIFE,
        "access_token": token,
        "scope": scopes.join(" "),
    });
    org.access_tokens.insert(
        token,
        Issued {
            client,
            scopes,
            until,
            bound,
        },
    );
    Json(answer).into_response()
}
