//! An Okta organization that does not exist: it keeps state, answers like the real one, and knows
//! the truth that a response has to reach.
//!
//! It is harsher than Okta where the vendor's words leave room, so that a client cannot get away with
//! less: a suspension ends no session (Okta's table says it does), tokens of a suspended user work
//! on, and nothing but the right call closes a door.

mod access;
mod answer;
mod dpop;
mod filter;
mod journal;
mod oauth;
mod people;
mod roles;
mod seed;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, delete, get, post};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::Value;

use self::answer::{Problem, forbidden, nonce_wanted, throttled, unauthenticated};
use self::dpop::Unproven;
use super::company::Company;
use crate::time::{Clock, SystemClock, Timestamp};

/// A simulated organization. Clones share one state.
#[derive(Clone)]
pub struct World(Arc<Inner>);

struct Inner {
    clock: Arc<dyn Clock>,
    state: Mutex<Org>,
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("World")
    }
}

/// What can be made to go wrong, as it does at the real one.
#[derive(Debug, Clone)]
pub struct Faults {
    /// The largest page; small, so that every list has several.
    pub page_size: usize,
    /// The plan has no device API.
    pub without_devices: bool,
    /// How many of the next answers are `429`.
    pub throttle: u32,
    /// The latest events do not show in the log yet.
    pub late_log: bool,
    /// Pages come in reverse order.
    pub unordered: bool,
    /// The next page is always the same page.
    pub circle: bool,
    /// A role cannot be limited to groups (`PUT …/targets/groups/{id}` answers 403).
    pub no_targets: bool,
    /// Suspensions and other changes are accepted and nothing happens.
    pub deaf: bool,
    /// The API, too, wants this number in proofs of possession.
    pub resource_nonce: Option<String>,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            page_size: 3,
            without_devices: false,
            throttle: 0,
            late_log: false,
            unordered: false,
            circle: false,
            no_targets: false,
            deaf: false,
            resource_nonce: None,
        }
    }
}

/// Everything that the organization keeps.
#[derive(Default)]
struct Org {
    domain: String,
    users: BTreeMap<String, User>,
    groups: BTreeMap<String, Value>,
    apps: BTreeMap<String, Value>,
    devices: BTreeMap<String, Device>,
    api_tokens: BTreeMap<String, ApiToken>,
    service_apps: BTreeMap<String, ServiceApp>,
    access_tokens: BTreeMap<String, Issued>,
    /// The ids of assertions and proofs, none of which opens twice.
    proofs: BTreeSet<String>,
    /// The number that a proof at the token endpoint needs.
    nonce: String,
    log: Vec<Value>,
    calls: Vec<String>,
    faults: Faults,
    numbers: u64,
}

/// One user and what hangs on them.
#[derive(Default)]
struct User {
    /// The answer of `GET /users/{id}`.
    record: Value,
    groups: Vec<String>,
    apps: Vec<String>,
    roles: Vec<Role>,
    factors: Vec<Value>,
    clients: BTreeMap<String, Client>,
    grants: Vec<Value>,
    /// Sessions at Okta.
    sessions: u32,
    /// Apps that keep a session of their own.
    app_sessions: Vec<String>,
}

impl User {
    fn status(&self) -> &str {
        text(&self.record, "/status")
    }
}

struct Role {
    record: Value,
    groups: Vec<String>,
    /// App name and, for an instance, its id.
    apps: Vec<(String, Option<String>)>,
}

struct Client {
    name: String,
    tokens: Vec<Value>,
}

struct Device {
    record: Value,
    users: Vec<String>,
}

struct ApiToken {
    record: Value,
    user: String,
    secret: String,
}

struct ServiceApp {
    key: DecodingKey,
    algorithm: Algorithm,
    scopes: Vec<String>,
    /// Tokens only with a proof of possession.
    dpop: bool,
}

struct Issued {
    client: String,
    scopes: Vec<String>,
    until: Timestamp,
    /// The thumbprint of the key that has to be proven beside it.
    bound: Option<String>,
}

/// A text at a JSON pointer, empty if there is none.
fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// Sets a field of a record.
fn set(record: &mut Value, field: &str, value: Value) {
    if let Some(fields) = record.as_object_mut() {
        fields.insert(field.to_owned(), value);
    }
}

/// What stays the same when a role is taken away and given again.
fn role_key(record: &Value) -> String {
    let (kind, role, set) = (
        text(record, "/type"),
        text(record, "/role"),
        text(record, "/resource-set"),
    );
    if role.is_empty() {
        kind.to_owned()
    } else {
        format!("{kind}/{role}/{set}")
    }
}

impl World {
    /// The organization of the company, as it is before anything is done.
    pub fn new(company: &Company) -> Self {
        Self::at(company, Arc::new(SystemClock))
    }

    /// The same, by another clock.
    pub fn at(company: &Company, clock: Arc<dyn Clock>) -> Self {
        let state = Mutex::new(seed::org(company, clock.now()));
        Self(Arc::new(Inner { clock, state }))
    }

    fn org(&self) -> MutexGuard<'_, Org> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Changes what goes wrong.
    pub fn faults(&self, change: impl FnOnce(&mut Faults)) {
        change(&mut self.org().faults);
    }

    /// The secret of the API token that the response is meant to use.
    pub fn api_token(&self) -> String {
        self.secret_of(seed::OUR_TOKEN)
    }

    /// The secret of the API token with this name; empty if there is none.
    pub fn secret_of(&self, name: &str) -> String {
        self.org()
            .api_tokens
            .values()
            .find(|token| text(&token.record, "/name") == name)
            .map(|token| token.secret.clone())
            .unwrap_or_default()
    }

    /// Registers a service app whose assertions `key` proves.
    pub fn trust(&self, client: &str, key: DecodingKey, algorithm: Algorithm, scopes: &[&str]) {
        let scopes = scopes.iter().map(|&scope| scope.to_owned()).collect();
        self.org().service_apps.insert(
            client.to_owned(),
            ServiceApp {
                key,
                algorithm,
                scopes,
                dpop: false,
            },
        );
    }

    /// Requires proofs of possession of a service app, as the console's switch does.
    pub fn require_proof(&self, client: &str) {
        if let Some(app) = self.org().service_apps.get_mut(client) {
            app.dpop = true;
        }
    }

    /// Every call so far: `METHOD path`, with the query where there is one.
    pub fn calls(&self) -> Vec<String> {
        self.org().calls.clone()
    }

    /// Whether the way in still works, whatever any answer says. `native` as the provider names it.
    pub fn is_open(&self, kind: &str, native: &str) -> bool {
        self.org().is_open(kind, native)
    }

    /// The status of a user; empty if there is none.
    pub fn status(&self, user: &str) -> String {
        self.org()
            .users
            .get(user)
            .map(|user| user.status().to_owned())
            .unwrap_or_default()
    }

    /// Gives a user another status, as an administrator in the console would.
    pub fn set_status(&self, user: &str, status: &str) {
        if let Some(user) = self.org().users.get_mut(user) {
            set(&mut user.record, "status", status.into());
        }
    }

    /// Sets a field of a user's profile.
    pub fn set_profile(&self, user: &str, field: &str, value: &str) {
        self.org().edit(user, "profile", field, value.into());
    }

    /// Lets another directory master a user.
    pub fn set_master(&self, user: &str, kind: &str) {
        let provider = serde_json::json!({"type": kind, "name": kind});
        self.org().edit(user, "credentials", "provider", provider);
    }

    /// The groups that an administrator role of a user is limited to.
    pub fn role_groups(&self, user: &str, key: &str) -> Vec<String> {
        let org = self.org();
        let roles = org
            .users
            .get(user)
            .map(|user| user.roles.as_slice())
            .unwrap_or_default();
        roles
            .iter()
            .filter(|role| role_key(&role.record) == key)
            .flat_map(|role| role.groups.clone())
            .collect()
    }

    /// Everything about a user that a response could change, for comparing before and after.
    pub fn fingerprint(&self, user: &str) -> String {
        let org = self.org();
        let Some(found) = org.users.get(user) else {
            return String::new();
        };
        let tokens: Vec<&Value> = org
            .api_tokens
            .values()
            .filter(|token| token.user == user)
            .map(|token| &token.record)
            .collect();
        let devices: Vec<&Value> = org
            .devices
            .values()
            .filter(|device| device.users.iter().any(|id| id == user))
            .map(|device| &device.record)
            .collect();
        let roles: Vec<&Value> = found.roles.iter().map(|role| &role.record).collect();
        let clients: Vec<_> = found
            .clients
            .iter()
            .map(|(id, client)| (id, &client.tokens))
            .collect();
        format!(
            "{} {:?} {:?} {roles:?} {clients:?} {:?} {} {:?} {tokens:?} {devices:?}",
            found.record,
            found.groups,
            found.apps,
            found.grants,
            found.sessions,
            found.app_sessions
        )
    }

    /// Adds an event to the log.
    pub fn record(&self, event: &str, actor: &str, target: &str) {
        let now = self.now();
        self.org().note(now, event, actor, &[target]);
    }

    /// The events about a user from `since` on that the log holds, by id, whatever it shows.
    pub fn events_of(&self, user: &str, since: Timestamp) -> Vec<String> {
        let org = self.org();
        let about = |event: &&Value| {
            let targets = event.get("target").and_then(Value::as_array);
            let mut targets = targets.into_iter().flatten();
            text(event, "/actor/id") == user || targets.any(|target| text(target, "/id") == user)
        };
        let young = |event: &&Value| {
            let at = text(event, "/published").parse::<Timestamp>();
            at.is_ok_and(|at| at >= since)
        };
        let found = org.log.iter().filter(about).filter(young);
        found.map(|event| text(event, "/uuid").to_owned()).collect()
    }

    /// The person signs in, if they can: a session at Okta and an event.
    pub fn sign_in(&self, user: &str) -> bool {
        let now = self.now();
        let mut org = self.org();
        let Some(found) = org
            .users
            .get_mut(user)
            .filter(|user| user.status() == "ACTIVE")
        else {
            return false;
        };
        found.sessions += 1;
        org.note(now, "user.session.start", user, &[user]);
        true
    }
}

impl Org {
    fn number(&mut self, prefix: &str) -> String {
        self.numbers += 1;
        format!("{prefix}tm{:05}drill00000", self.numbers)
    }

    /// Sets a field in a part of a user's record.
    fn edit(&mut self, user: &str, part: &str, field: &str, value: Value) {
        let record = self.users.get_mut(user).map(|user| &mut user.record);
        if let Some(part) = record.and_then(|record| record.get_mut(part)) {
            set(part, field, value);
        }
    }

    fn is_open(&self, kind: &str, native: &str) -> bool {
        let (owner, part) = native.split_once('/').unwrap_or((native, ""));
        let user = self.users.get(owner);
        let usable = user
            .is_some_and(|user| !matches!(user.status(), "SUSPENDED" | "DEPROVISIONED" | "STAGED"));
        let has = |test: &dyn Fn(&User) -> bool| user.is_some_and(test);
        match kind {
            "okta.account" => usable,
            "okta.session" => has(&|user| user.sessions > 0),
            "okta.grant" => has(&|user| user.grants.iter().any(|grant| text(grant, "/id") == part)),
            "okta.client_token" => has(&|user| {
                user.clients
                    .get(part)
                    .is_some_and(|client| !client.tokens.is_empty())
            }),
            "okta.api_token" => self.api_tokens.contains_key(native),
            "okta.device" => self
                .devices
                .get(native)
                .is_some_and(|device| text(&device.record, "/status") == "ACTIVE"),
            "okta.admin_role" | "okta.group_role" => {
                let by_group = kind == "okta.group_role";
                has(&|user| {
                    user.roles.iter().any(|role| {
                        role_key(&role.record) == part
                            && (text(&role.record, "/assignmentType") == "GROUP") == by_group
                    })
                }) && (usable || !by_group)
            }
            "okta.factor" => {
                usable
                    && has(&|user| {
                        user.factors
                            .iter()
                            .any(|factor| text(factor, "/id") == part)
                    })
            }
            "okta.app_session" => has(&|user| user.app_sessions.iter().any(|app| app == part)),
            _ => false,
        }
    }
}

/// The organization as a server.
pub fn router(world: World) -> Router {
    let routes: [(&str, MethodRouter<World>); 23] = [
        ("/users", get(people::search)),
        ("/users/{user}", get(people::one)),
        ("/users/{user}/lifecycle/{change}", post(people::lifecycle)),
        ("/users/{user}/sessions", delete(people::clear_sessions)),
        ("/users/{user}/groups", get(people::groups)),
        ("/users/{user}/appLinks", get(people::app_links)),
        ("/users/{user}/factors", get(people::factors)),
        ("/users/{user}/factors/{factor}", get(people::factor)),
        ("/users/{user}/devices", get(access::user_devices)),
        ("/users/{user}/clients", get(access::clients)),
        (
            "/users/{user}/clients/{client}/tokens",
            get(access::tokens).delete(access::revoke_tokens),
        ),
        ("/users/{user}/grants", get(access::grants)),
        (
            "/users/{user}/grants/{grant}",
            get(access::grant).delete(access::revoke_grant),
        ),
        ("/users/{user}/roles", get(roles::list).post(roles::assign)),
        ("/users/{user}/roles/{role}", delete(roles::unassign)),
        (
            "/users/{user}/roles/{role}/targets/{*target}",
            get(roles::targets).put(roles::limit),
        ),
        ("/devices", get(access::devices)),
        ("/devices/{device}", get(access::device)),
        ("/devices/{device}/users", get(access::device_users)),
        (
            "/devices/{device}/lifecycle/{change}",
            post(access::device_lifecycle),
        ),
        ("/api-tokens", get(access::api_tokens)),
        (
            "/api-tokens/{token}",
            get(access::api_token).delete(access::revoke_api_token),
        ),
        ("/logs", get(journal::list)),
    ];
    let api = routes
        .into_iter()
        .fold(Router::new(), |api, (path, methods)| {
            api.route(&format!("/api/v1{path}"), methods)
        })
        .layer(from_fn_with_state(world.clone(), guard));
    api.route("/oauth2/v1/token", post(oauth::token))
        .with_state(world)
}

/// As whom a call came: a user of the organization, or a service app.
#[derive(Debug, Clone)]
struct Caller(String);

/// Credentials, rights and rate limits, before any handler.
async fn guard(State(world): State<World>, mut request: Request, next: Next) -> Response {
    let now = world.now();
    let allowed = world.org().allow(&request, now);
    let mut answer = match allowed {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(problem) => {
            let nonce = world.org().faults.resource_nonce.clone();
            let nonce = nonce.filter(|_| problem.wants_nonce());
            let mut answer = problem.into_response();
            if let Some(Ok(nonce)) = nonce.map(|nonce| HeaderValue::from_str(&nonce)) {
                let challenge = HeaderValue::from_static("DPoP error=\"use_dpop_nonce\"");
                answer
                    .headers_mut()
                    .insert(header::WWW_AUTHENTICATE, challenge);
                answer.headers_mut().insert("dpop-nonce", nonce);
            }
            answer
        }
    };
    let limited = answer.status().as_u16() == 429;
    let headers = answer.headers_mut();
    headers.insert("x-rate-limit-limit", HeaderValue::from_static("600"));
    headers.insert(
        "x-rate-limit-remaining",
        HeaderValue::from_static(if limited { "0" } else { "599" }),
    );
    headers.insert(
        "x-rate-limit-reset",
        HeaderValue::from(now.as_second() + i64::from(!limited) * 60),
    );
    answer
}

impl Org {
    fn allow(&mut self, request: &Request, now: Timestamp) -> Result<Caller, Problem> {
        let (method, uri) = (request.method(), request.uri());
        let path = uri.path();
        let query = uri
            .query()
            .map(|query| format!("?{query}"))
            .unwrap_or_default();
        self.calls.push(format!("{method} {path}{query}"));
        let line = request
            .headers()
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        if self.faults.throttle > 0 {
            self.faults.throttle -= 1;
            // Seen is seen: whoever repeats the call needs another proof.
            if let Some(("DPoP", token)) = line.split_once(' ') {
                let _ = self.possession(method, path, request.headers(), Some(token), now);
            }
            return Err(throttled());
        }
        if let Some(secret) = line.strip_prefix("SSWS ") {
            let token = self
                .api_tokens
                .values()
                .find(|token| token.secret == secret);
            let owner = token.ok_or_else(unauthenticated)?.user.clone();
            let user = self.users.get(&owner).ok_or_else(unauthenticated)?;
            let admin = user
                .roles
                .iter()
                .any(|role| text(&role.record, "/type") == "SUPER_ADMIN");
            if user.status() == "DEPROVISIONED" {
                return Err(unauthenticated());
            }
            return if admin || path.ends_with("/users/me") {
                Ok(Caller(owner))
            } else {
                Err(forbidden())
            };
        }
        let (bound, token) = match line.split_once(' ') {
            Some(("DPoP", token)) => {
                let proven = self.possession(method, path, request.headers(), Some(token), now);
                (Some(proven.map_err(unproven)?), token)
            }
            Some(("Bearer", token)) => (None, token),
            _ => return Err(unauthenticated()),
        };
        let issued = self
            .access_tokens
            .get(token)
            .filter(|issued| now < issued.until && issued.bound == bound)
            .ok_or_else(unauthenticated)?;
        let needed = scope(method, path);
        if path.ends_with("/users/me") || !issued.scopes.contains(&needed) {
            return Err(forbidden());
        }
        Ok(Caller(issued.client.clone()))
    }
}

/// What the API says to a call whose proof is not good.
fn unproven(why: Unproven) -> Problem {
    match why {
        Unproven::Nonce => nonce_wanted(),
        Unproven::Missing | Unproven::Bad(_) => unauthenticated(),
    }
}

/// The scope that a call needs.
fn scope(method: &Method, path: &str) -> String {
    let what = if path.contains("/roles") {
        "roles"
    } else if path.contains("/api-tokens") {
        "apiTokens"
    } else if path.starts_with("/api/v1/devices") {
        "devices"
    } else if path.ends_with("/logs") {
        "logs"
    } else {
        "users"
    };
    let act = if *method == Method::GET {
        "read"
    } else {
        "manage"
    };
    format!("okta.{what}.{act}")
}
