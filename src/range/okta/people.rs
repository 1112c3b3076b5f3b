//! Users: finding them, their status, their sessions, and what they are assigned.

use axum::Extension;
use axum::extract::{Path, Query as UriQuery, State};
use axum::http::{HeaderMap, Uri};
use serde_json::{Value, json};

use super::answer::{Outcome, Problem, Query, done, found, invalid, missing, page};
use super::filter::Filter;
use super::{Caller, Org, User, World, set, text};

impl Org {
    /// The user with this id or login.
    pub(super) fn user(&self, name: &str) -> Result<&User, Problem> {
        let by_login = || {
            self.users
                .values()
                .find(|user| text(&user.record, "/profile/login").eq_ignore_ascii_case(name))
        };
        self.users
            .get(name)
            .or_else(by_login)
            .ok_or_else(|| missing("User", name))
    }

    /// The same, to change it; only by id.
    pub(super) fn user_mut(&mut self, id: &str) -> Result<&mut User, Problem> {
        self.users.get_mut(id).ok_or_else(|| missing("User", id))
    }
}

pub(super) async fn one(
    State(world): State<World>,
    Extension(Caller(caller)): Extension<Caller>,
    Path(name): Path<String>,
) -> Outcome {
    let name = if name == "me" { caller } else { name };
    let org = world.org();
    Ok(found(org.user(&name)?.record.clone()))
}

pub(super) async fn search(
    State(world): State<World>,
    UriQuery(query): UriQuery<Query>,
    uri: Uri,
    headers: HeaderMap,
) -> Outcome {
    let org = world.org();
    let filter = match query.get("search").or_else(|| query.get("filter")) {
        Some(text) => Some(Filter::parse(text).ok_or_else(|| invalid("search"))?),
        None => None,
    };
    let rows: Vec<Value> = org
        .users
        .values()
        .filter(|user| match &filter {
            Some(filter) => filter.holds(&user.record),
            // Without a search, Okta leaves these out.
            None => user.status() != "DEPROVISIONED",
        })
        .map(|user| user.record.clone())
        .collect();
    Ok(page(&rows, &query, &uri, &headers, org.faults.page_size))
}

pub(super) async fn lifecycle(
    State(world): State<World>,
    Extension(Caller(caller)): Extension<Caller>,
    Path((id, change)): Path<(String, String)>,
) -> Outcome {
    let now = world.now();
    let mut org = world.org();
    let (from, to, event) = match change.as_str() {
        "suspend" => ("ACTIVE", "SUSPENDED", "user.lifecycle.suspend"),
        "unsuspend" => ("SUSPENDED", "ACTIVE", "user.lifecycle.unsuspend"),
        // Whatever else an administrator can do here, a response must not.
        _ => return Err(missing("operation", &change)),
    };
    let deaf = org.faults.deaf;
    let user = org.user_mut(&id)?;
    if user.status() != from {
        return Err(invalid(&format!(
            "{change}User: the user is {}",
            user.status()
        )));
    }
    if !deaf {
        set(&mut user.record, "status", to.into());
        set(&mut user.record, "statusChanged", now.to_string().into());
    }
    org.note(now, event, &caller, &[&id]);
    Ok(found(json!({})))
}

pub(super) async fn clear_sessions(
    State(world): State<World>,
    Extension(Caller(caller)): Extension<Caller>,
    Path(id): Path<String>,
    UriQuery(query): UriQuery<Query>,
) -> Outcome {
    let now = world.now();
    let mut org = world.org();
    let tokens = query
        .get("oauthTokens")
        .is_some_and(|value| value == "true");
    let deaf = org.faults.deaf;
    let user = org.user_mut(&id)?;
    if !deaf {
        user.sessions = 0;
        if tokens {
            for client in user.clients.values_mut() {
                client.tokens.clear();
            }
        }
        org.note(now, "user.session.clear", &caller, &[&id]);
    }
    Ok(done())
}

pub(super) async fn groups(
    State(world): State<World>,
    Path(id): Path<String>,
    UriQuery(query): UriQuery<Query>,
    uri: Uri,
    headers: HeaderMap,
) -> Outcome {
    let org = world.org();
    let rows: Vec<Value> = org
        .user(&id)?
        .groups
        .iter()
        .filter_map(|group| org.groups.get(group).cloned())
        .collect();
    Ok(page(&rows, &query, &uri, &headers, org.faults.page_size))
}

pub(super) async fn app_links(State(world): State<World>, Path(id): Path<String>) -> Outcome {
    let org = world.org();
    let links: Vec<Value> = org
        .user(&id)?
        .apps
        .iter()
        .filter_map(|app| org.apps.get(app).cloned())
        .collect();
    Ok(found(links.into()))
}

pub(super) async fn factors(State(world): State<World>, Path(id): Path<String>) -> Outcome {
    let org = world.org();
    Ok(found(org.user(&id)?.factors.clone().into()))
}

pub(super) async fn factor(
    State(world): State<World>,
    Path((id, factor)): Path<(String, String)>,
) -> Outcome {
    let org = world.org();
    let of_user = &org.user(&id)?.factors;
    let one = of_user.iter().find(|one| text(one, "/id") == factor);
    one.cloned()
        .map(found)
        .ok_or_else(|| missing("UserFactor", &factor))
}
