//! A GitHub organization that does not exist: it keeps state, checks credentials, and answers in the
//! shapes of GitHub's own OpenAPI file (the contract test holds it to that).
//!
//! What it imitates on purpose, because a client that does not know it reports false successes:
//! private repositories answer `404` to whoever may not see them; revoking single sign-on
//! authorizations answers `202` and takes effect later; deploy keys, webhooks, runners and tokens of the
//! person outlive the membership; a removed person's new invitation is only pending; logins can be
//! renamed while ids stay; filters are loose; the addresses in `Link` are not those that were called;
//! the audit log is not ordered.

mod answer;
mod archive;
mod audit;
mod graphql;
mod guard;
mod org;
mod people;
mod repo;
mod seed;
mod state;
mod truth;
mod work;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use axum::Router;
use axum::routing::{MethodRouter, delete, get, patch, post, put};
use base64::Engine as _;
use jiff::SignedDuration;
use jsonwebtoken::DecodingKey;
use secrecy::SecretString;

pub use self::seed::HOOK_TOKEN;
use self::state::State;
use super::company::Company;
use crate::fault::{Fault, Result};
use crate::time::{Clock, SystemClock, Timestamp};

/// A simulated organization. Clones share one state.
#[derive(Clone)]
pub struct World(Arc<Inner>);

struct Inner {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    verifier: DecodingKey,
    keys: Keys,
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("World")
    }
}

/// The credentials that open the simulated organization; made anew with every world.
#[derive(Debug, Clone)]
pub struct Keys {
    /// The id of the GitHub App.
    pub app_id: u64,
    /// The id of its installation.
    pub installation_id: u64,
    /// The App's private key, PEM.
    pub private_key: SecretString,
    /// A classic token of an owner.
    pub owner_token: SecretString,
    /// A classic token of the subject, as responders might find one.
    pub subject_token: SecretString,
}

impl World {
    /// The organization of `company`, on the machine's clock.
    ///
    /// # Errors
    /// The machine cannot make an RSA key.
    pub fn new(company: &Company) -> Result<Self> {
        Self::with_clock(company, Arc::new(SystemClock))
    }

    /// The organization of `company`, on `clock`.
    ///
    /// # Errors
    /// The machine cannot make an RSA key.
    pub fn with_clock(company: &Company, clock: Arc<dyn Clock>) -> Result<Self> {
        let no_key = || Fault::failed("range-key", "The simulated GitHub could not make a key.");
        let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| no_key())?;
        let der = pair.as_der().map_err(|_| no_key())?;
        let body = base64::engine::general_purpose::STANDARD.encode(der.as_ref());
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
        let mut state = State::default();
        seed::seed(&mut state, company, clock.now());
        let keys = Keys {
            app_id: state.app_id,
            installation_id: state.installation_id,
            private_key: pem.into(),
            owner_token: seed::token(company, "owner").into(),
            subject_token: seed::token(company, "subject").into(),
        };
        let verifier = DecodingKey::from_rsa_der(pair.public_key().as_ref());
        Ok(Self(Arc::new(Inner {
            clock,
            state: Mutex::new(state),
            verifier,
            keys,
        })))
    }

    /// The credentials that open it.
    pub fn keys(&self) -> &Keys {
        &self.0.keys
    }

    /// How long it takes until an accepted revocation or stop has happened.
    pub fn set_lag(&self, lag: Duration) {
        self.state().lag = SignedDuration::try_from(lag).unwrap_or(SignedDuration::MAX);
    }

    /// Where the archives are handed out: the address of the server of [`archives`].
    pub fn set_archives(&self, at: url::Url) {
        self.state().archives = Some(at);
    }

    fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The organization's API.
pub fn router(world: World) -> Router {
    let mut router = Router::new();
    for (path, method) in routes() {
        router = router.route(path, method);
    }
    router
        .fallback(answer::no_such_route)
        .layer(axum::middleware::from_fn_with_state(
            world.clone(),
            guard::guard,
        ))
        .with_state(world)
}

/// The other host, which hands out archives to whoever knows a signed address, and to nobody who
/// shows a credential.
pub fn archives(world: World) -> Router {
    Router::new()
        .route("/archives/{id}", get(archive::hand_out))
        .with_state(world)
}

fn routes() -> Vec<(&'static str, MethodRouter<World>)> {
    let mut routes: Vec<(&'static str, MethodRouter<World>)> = vec![
        ("/user", get(people::me)),
        ("/user/{id}", get(people::by_id)),
        ("/users/{login}", get(people::by_login)),
        ("/graphql", post(graphql::answer)),
        ("/search/commits", get(people::commits)),
        ("/search/users", get(people::search)),
        ("/credentials/revoke", post(people::revoke_tokens)),
        ("/app", get(people::app)),
        ("/app/installations/{id}/access_tokens", post(people::mint)),
        (
            "/scim/v2/enterprises/{enterprise}/Users",
            get(people::managed),
        ),
        (
            "/scim/v2/enterprises/{enterprise}/Users/{id}",
            get(people::managed_one).patch(people::managed_patch),
        ),
    ];
    routes.extend(org_routes());
    routes.extend(repo_routes());
    routes
}

fn org_routes() -> Vec<(&'static str, MethodRouter<World>)> {
    vec![
        ("/orgs/{org}/installation", get(org::installation)),
        ("/orgs/{org}/installations", get(org::installations)),
        ("/orgs/{org}/repos", get(org::repos)),
        ("/orgs/{org}/audit-log", get(audit::log)),
        ("/orgs/{org}/rulesets/rule-suites", get(audit::rule_suites)),
        (
            "/orgs/{org}/memberships/{login}",
            get(org::membership).delete(org::remove_member),
        ),
        ("/orgs/{org}/members/{login}", get(org::is_member)),
        ("/orgs/{org}/outside_collaborators", get(org::outside)),
        ("/orgs/{org}/teams", get(org::teams)),
        (
            "/orgs/{org}/teams/{slug}/memberships/{login}",
            get(org::team_place),
        ),
        (
            "/orgs/{org}/invitations",
            get(org::invitations).post(org::invite),
        ),
        ("/orgs/{org}/invitations/{id}", delete(org::uninvite)),
        (
            "/orgs/{org}/invitations/{id}/teams",
            get(org::invitation_teams),
        ),
        (
            "/orgs/{org}/credential-authorizations",
            get(org::authorizations),
        ),
        (
            "/orgs/{org}/credential-authorizations/{login}/revoke",
            post(org::revoke_authorizations),
        ),
        ("/orgs/{org}/personal-access-tokens", get(org::pats)),
        (
            "/orgs/{org}/personal-access-tokens/{id}",
            post(org::decide_pat),
        ),
        (
            "/orgs/{org}/personal-access-token-requests",
            get(org::pat_requests),
        ),
        (
            "/orgs/{org}/personal-access-token-requests/{id}",
            post(org::decide_pat_request),
        ),
        ("/orgs/{org}/hooks", get(org::hooks)),
        ("/orgs/{org}/hooks/{id}", patch(org::set_hook)),
        ("/orgs/{org}/hooks/{id}/deliveries", get(org::deliveries)),
        (
            "/orgs/{org}/hooks/{id}/deliveries/{delivery}",
            get(org::delivery),
        ),
        ("/orgs/{org}/actions/runners", get(org::runners)),
        (
            "/orgs/{org}/actions/runners/{id}",
            delete(org::remove_runner),
        ),
        ("/orgs/{org}/codespaces", get(org::codespaces)),
        (
            "/orgs/{org}/members/{login}/codespaces/{name}/stop",
            post(org::stop_codespace),
        ),
        (
            "/orgs/{org}/blocks/{login}",
            put(org::block).delete(org::unblock).get(org::is_blocked),
        ),
        ("/orgs/{org}/{store}/secrets", get(org::secrets)),
        (
            "/orgs/{org}/migrations",
            get(archive::migrations).post(archive::start),
        ),
        ("/orgs/{org}/migrations/{id}", get(archive::migration)),
        ("/orgs/{org}/migrations/{id}/archive", get(archive::place)),
    ]
}

fn repo_routes() -> Vec<(&'static str, MethodRouter<World>)> {
    vec![
        ("/repos/{org}/{repo}", get(repo::one)),
        (
            "/repos/{org}/{repo}/collaborators",
            get(repo::collaborators),
        ),
        (
            "/repos/{org}/{repo}/collaborators/{login}",
            put(repo::add_collaborator).delete(repo::remove_collaborator),
        ),
        (
            "/repos/{org}/{repo}/collaborators/{login}/permission",
            get(repo::permission),
        ),
        ("/repos/{org}/{repo}/invitations", get(repo::invitations)),
        (
            "/repos/{org}/{repo}/invitations/{id}",
            delete(repo::uninvite),
        ),
        (
            "/repos/{org}/{repo}/keys",
            get(repo::keys).post(repo::add_key),
        ),
        ("/repos/{org}/{repo}/keys/{id}", delete(repo::remove_key)),
        ("/repos/{org}/{repo}/hooks", get(repo::hooks)),
        ("/repos/{org}/{repo}/hooks/{id}", patch(repo::set_hook)),
        (
            "/repos/{org}/{repo}/hooks/{id}/deliveries",
            get(repo::deliveries),
        ),
        (
            "/repos/{org}/{repo}/hooks/{id}/deliveries/{delivery}",
            get(repo::delivery),
        ),
        ("/repos/{org}/{repo}/actions/runners", get(repo::runners)),
        (
            "/repos/{org}/{repo}/actions/runners/{id}",
            delete(repo::remove_runner),
        ),
        ("/repos/{org}/{repo}/forks", get(repo::forks)),
        ("/repos/{org}/{repo}/{store}/secrets", get(repo::secrets)),
        ("/repos/{org}/{repo}/environments", get(repo::environments)),
        (
            "/repos/{org}/{repo}/environments/{name}/secrets",
            get(repo::environment_secrets),
        ),
        ("/repos/{org}/{repo}/activity", get(audit::activity)),
        ("/repos/{org}/{repo}/traffic/{what}", get(work::traffic)),
        ("/repos/{org}/{repo}/commits", get(work::commits)),
        ("/repos/{org}/{repo}/issues", get(work::issues)),
        ("/repos/{org}/{repo}/actions/runs", get(work::runs)),
        ("/repos/{org}/{repo}/rulesets", get(work::rulesets)),
        ("/repos/{org}/{repo}/rulesets/{id}", get(work::one_ruleset)),
        (
            "/repos/{org}/{repo}/rulesets/{id}/history",
            get(work::ruleset_history),
        ),
        ("/repos/{org}/{repo}/branches", get(work::branches)),
        (
            "/repos/{org}/{repo}/branches/{branch}/protection",
            get(work::protection),
        ),
    ]
}
