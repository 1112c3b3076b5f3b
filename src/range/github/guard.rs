//! Who calls, and whether GitHub would let them: credentials, kinds of credentials, hidden things.

use axum::extract::{Request, State as Shared};
use axum::http::{HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use jsonwebtoken::{Algorithm, Validation};
use serde::Deserialize;

use super::World;
use super::answer::{MISSING, Refusal};
use super::state::State;

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// Nobody.
    Nobody,
    /// The App itself, by JWT.
    App,
    /// The App's installation.
    Installation,
    /// A person, by a classic token.
    Person(u64),
}

const BAD: Refusal = Refusal(401, "Bad credentials");
const NOT_FOR_APPS: Refusal = Refusal(403, "Resource not accessible by integration");
const NOT_FOR_PEOPLE: Refusal = Refusal(403, "Only GitHub Apps can use this endpoint.");
const OWNERS: Refusal = Refusal(403, "You must be an organization owner or have permission.");

/// Lets a call through, or answers as GitHub does.
pub(super) async fn guard(
    Shared(world): Shared<World>,
    mut request: Request,
    next: Next,
) -> Response {
    let by = match world.by(request.headers().get(header::AUTHORIZATION)) {
        Ok(by) => by,
        Err(refusal) => return refusal.into_response(),
    };
    let path = request.uri().path().to_owned();
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    if let Err(refusal) = admit(&world.state(), by, request.method(), &parts) {
        return refusal.into_response();
    }
    let scopes = match by {
        By::Person(_) => world.scopes(request.headers().get(header::AUTHORIZATION)),
        _ => None,
    };
    request.extensions_mut().insert(by);
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(
        "x-github-media-type",
        HeaderValue::from_static("github.v3; format=json"),
    );
    headers.insert(
        "x-github-api-version-selected",
        HeaderValue::from_static("2022-11-28"),
    );
    if let Some(scopes) = scopes {
        headers.insert("x-oauth-scopes", HeaderValue::from_static(scopes));
    }
    response
}

/// The token of an `Authorization` header.
fn bearer(header: Option<&HeaderValue>) -> Option<&str> {
    let text = header?.to_str().ok()?;
    text.strip_prefix("Bearer ")
        .or_else(|| text.strip_prefix("token "))
}

impl World {
    fn by(&self, header: Option<&HeaderValue>) -> Result<By, Refusal> {
        if header.is_none() {
            return Ok(By::Nobody);
        }
        let token = bearer(header).ok_or(BAD)?;
        if token.matches('.').count() == 2 {
            return self.app(token).then_some(By::App).ok_or(BAD);
        }
        let state = self.state();
        if let Some(until) = state.installation_tokens.get(token) {
            return (*until > self.now()).then_some(By::Installation).ok_or(BAD);
        }
        match state.tokens.get(token) {
            Some(known) if !known.revoked => Ok(By::Person(known.user)),
            _ => Err(BAD),
        }
    }

    /// Whether a JWT was signed by the App's key, names the App, and lives no longer than GitHub allows.
    fn app(&self, token: &str) -> bool {
        #[derive(Deserialize)]
        struct Claims {
            iss: serde_json::Value,
            iat: i64,
            exp: i64,
        }
        let mut validation = Validation::new(Algorithm::RS256);
        validation.required_spec_claims.clear();
        // Against the clock of the world, below.
        validation.validate_exp = false;
        let Ok(decoded) = jsonwebtoken::decode::<Claims>(token, &self.0.verifier, &validation)
        else {
            return false;
        };
        let claims = decoded.claims;
        let issuer = claims
            .iss
            .as_str()
            .map_or_else(|| claims.iss.to_string(), str::to_owned);
        let now = self.now().as_second();
        issuer == self.0.keys.app_id.to_string()
            && claims.iat <= now + 60
            && claims.exp > now
            && claims.exp - claims.iat <= 11 * 60
    }

    fn scopes(&self, header: Option<&HeaderValue>) -> Option<&'static str> {
        self.state()
            .tokens
            .get(bearer(header)?)
            .map(|token| token.scopes)
    }
}

/// Whether the call may be made at all.
fn admit(state: &State, by: By, method: &Method, parts: &[&str]) -> Result<(), Refusal> {
    match parts {
        ["credentials", "revoke"] => match by {
            By::Nobody => Ok(()),
            _ => Err(Refusal(403, "This endpoint takes no credential.")),
        },
        ["app", ..] | ["orgs", _, "installation"] => match by {
            By::App => Ok(()),
            _ => Err(Refusal(401, "A JSON web token could not be decoded")),
        },
        _ if by == By::App => Err(Refusal(401, "Bad credentials")),
        ["user"] => match by {
            By::Person(_) => Ok(()),
            By::Nobody => Err(Refusal(401, "Requires authentication")),
            _ => Err(NOT_FOR_APPS),
        },
        ["user" | "users" | "search", ..] => Ok(()),
        ["orgs", org, rest @ ..] => {
            here(state, org)?;
            of_org(state, by, rest)
        }
        ["repos", org, repo, rest @ ..] => {
            here(state, org)?;
            of_repo(state, by, method, repo, rest)
        }
        ["graphql"] | ["scim", ..] => owner(state, by),
        _ => Err(MISSING),
    }
}

fn here(state: &State, org: &str) -> Result<(), Refusal> {
    org.eq_ignore_ascii_case(&state.org)
        .then_some(())
        .ok_or(MISSING)
}

/// An installation or an owner; others learn no more than they may.
fn owner(state: &State, by: By) -> Result<(), Refusal> {
    match by {
        By::Installation => Ok(()),
        By::Person(user) if state.is_owner(user) => Ok(()),
        By::Person(user) if state.is_member(user) => Err(OWNERS),
        _ => Err(MISSING),
    }
}

fn of_org(state: &State, by: By, rest: &[&str]) -> Result<(), Refusal> {
    match rest {
        [
            "personal-access-tokens" | "personal-access-token-requests",
            ..,
        ] => match by {
            By::Installation => Ok(()),
            _ => Err(NOT_FOR_PEOPLE),
        },
        ["codespaces" | "migrations", ..] | ["members", _, "codespaces", ..]
            if by == By::Installation =>
        {
            Err(NOT_FOR_APPS)
        }
        _ => owner(state, by),
    }
}

fn of_repo(
    state: &State,
    by: By,
    method: &Method,
    repo: &str,
    rest: &[&str],
) -> Result<(), Refusal> {
    let user = match by {
        By::Installation => return Ok(()),
        By::Person(user) => user,
        By::Nobody | By::App => 0,
    };
    let repo = state.repo(repo).ok_or(MISSING)?;
    match state.right(user, repo) {
        "admin" => Ok(()),
        // A private repository is hidden, not forbidden.
        "none" => Err(MISSING),
        _ if rest.is_empty() && method == Method::GET => Ok(()),
        _ => Err(Refusal(403, "Must have admin rights to Repository.")),
    }
}
