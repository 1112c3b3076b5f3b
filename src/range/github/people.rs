//! Users, the App, tokens, managed users.

use axum::extract::{Extension, Json, Path, Query, State as Shared};
use axum::http::{HeaderValue, header};
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::collections::HashMap;

use super::World;
use super::answer::{self, Answer, INVALID, MISSING, Refusal, with};
use super::guard::By;
use super::state::{Managed, State, User};
use crate::canon::Digest;
use crate::time::utc;

/// A user with the public part of the profile.
fn profile(user: &User) -> Value {
    answer::and(
        answer::user(user),
        json!({
            "name": null, "company": null, "location": null, "hireable": null, "bio": null,
            "email": user.public_mail, "blog": "", "followers": 0, "following": 0,
            "public_gists": 0, "public_repos": 0, "created_at": "2021-03-01T09:00:00Z",
            "updated_at": "2026-01-10T09:00:00Z",
        }),
    )
}

pub(super) async fn me(Shared(world): Shared<World>, Extension(by): Extension<By>) -> Answer {
    let state = world.state();
    let By::Person(id) = by else {
        return Err(MISSING);
    };
    with(200, &profile(state.users.get(&id).ok_or(MISSING)?))
}

pub(super) async fn by_id(Shared(world): Shared<World>, Path(id): Path<u64>) -> Answer {
    with(200, &profile(world.state().users.get(&id).ok_or(MISSING)?))
}

pub(super) async fn by_login(Shared(world): Shared<World>, Path(login): Path<String>) -> Answer {
    with(
        200,
        &profile(world.state().user_named(&login).ok_or(MISSING)?),
    )
}

type Asked = Query<HashMap<String, String>>;

/// The words of a search.
fn words(asked: &Asked) -> Vec<String> {
    let query = asked.get("q").map(String::as_str).unwrap_or_default();
    query.split_whitespace().map(str::to_owned).collect()
}

/// Like GitHub's: loose, so that a client has to look at what it gets.
pub(super) async fn search(Shared(world): Shared<World>, asked: Asked) -> Answer {
    let words = words(&asked);
    let mail = words.first().cloned().unwrap_or_default();
    let local = mail.split('@').next().unwrap_or_default();
    let state = world.state();
    let items: Vec<Value> = state
        .users
        .values()
        .filter(|user| {
            let shown = user.public_mail.as_deref().unwrap_or_default();
            shown.split('@').next().is_some_and(|there| {
                !there.is_empty() && there.starts_with(local.get(..4).unwrap_or(local))
            })
        })
        .map(|user| answer::and(answer::user(user), json!({ "score": 1 })))
        .collect();
    with(
        200,
        &json!({ "total_count": items.len(), "incomplete_results": false, "items": items }),
    )
}

pub(super) async fn commits(Shared(world): Shared<World>, asked: Asked) -> Answer {
    let words = words(&asked);
    let mail = words
        .iter()
        .find_map(|word| word.strip_prefix("author-email:"))
        .unwrap_or_default();
    let state = world.state();
    let repo = state.repos.first().ok_or(MISSING)?;
    let items: Vec<Value> = state
        .users
        .values()
        .filter(|user| user.work_mail.eq_ignore_ascii_case(mail))
        .map(|user| commit(&state, user, &answer::own(&state, repo)))
        .collect();
    with(
        200,
        &json!({ "total_count": items.len(), "incomplete_results": false, "items": items }),
    )
}

fn commit(state: &State, user: &User, repository: &Value) -> Value {
    let sha: String = Digest::of(user.login.as_bytes())
        .to_string()
        .chars()
        .take(40)
        .collect();
    let url = format!(
        "https://api.github.test/repos/{}/any/commits/{sha}",
        state.org
    );
    let signature =
        json!({ "name": user.login, "email": user.work_mail, "date": "2026-02-03T10:00:00Z" });
    json!({
        "sha": sha, "node_id": "C_1", "url": url, "html_url": url, "comments_url": url, "score": 1,
        "author": answer::user(user), "committer": answer::user(user), "parents": [],
        "repository": repository,
        "commit": {
            "author": signature, "committer": signature, "message": "tune", "url": url,
            "comment_count": 0, "tree": { "sha": sha, "url": url },
        },
    })
}

/// Answers `202` and tells nothing about the tokens, known or not.
pub(super) async fn revoke_tokens(Shared(world): Shared<World>, Json(body): Json<Value>) -> Answer {
    let given = body
        .get("credentials")
        .and_then(Value::as_array)
        .ok_or(INVALID)?;
    if given.is_empty() || given.len() > 1000 {
        return Err(INVALID);
    }
    let mut state = world.state();
    for token in given {
        let token = token.as_str().ok_or(INVALID)?;
        if let Some(known) = state.tokens.get_mut(token) {
            known.revoked = true;
        }
    }
    with(202, &json!({}))
}

pub(super) async fn app(Shared(world): Shared<World>) -> Answer {
    let state = world.state();
    with(
        200,
        &json!({
            "id": state.app_id, "slug": "case-response", "node_id": "A_1", "name": "Case response",
            "owner": answer::account(state.org_id, &state.org, "Organization"), "description": "",
            "external_url": "https://tools.tallowmere.example", "events": [],
            "html_url": "https://github.test/apps/case-response",
            "created_at": "2026-01-05T09:00:00Z", "updated_at": "2026-01-05T09:00:00Z",
            "permissions": super::org::app_permissions(),
        }),
    )
}

pub(super) async fn mint(Shared(world): Shared<World>, Path(id): Path<u64>) -> Answer {
    let now = world.now();
    let until = now + SignedDuration::from_hours(1);
    let mut state = world.state();
    if id != state.installation_id {
        return Err(MISSING);
    }
    let number = state.id();
    let digest = Digest::of(format!("{}/{number}/{now}", state.org).as_bytes()).to_string();
    let token = format!("ghs_{}", digest.chars().take(36).collect::<String>());
    state.installation_tokens.insert(token.clone(), until);
    with(
        201,
        &json!({
            "token": token, "expires_at": utc(until), "repository_selection": "all",
            "permissions": super::org::app_permissions(),
        }),
    )
}

fn scim(state: &State, managed: &Managed) -> Value {
    let user = state.users.get(&managed.user);
    let mail = user.map(|user| user.work_mail.clone()).unwrap_or_default();
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "id": managed.id, "externalId": managed.id, "userName": mail, "displayName": mail,
        "active": managed.active,
        "emails": [{ "value": mail, "type": "work", "primary": true }],
        "meta": {
            "resourceType": "User", "created": "2026-01-05T09:00:00Z",
            "lastModified": "2026-01-05T09:00:00Z",
            "location": format!("https://api.github.test/scim/v2/enterprises/{}/Users/{}", state.enterprise, managed.id),
        },
    })
}

fn as_scim(answer: Answer) -> Answer {
    answer.map(|mut response| {
        let media = HeaderValue::from_static("application/scim+json");
        response.headers_mut().insert(header::CONTENT_TYPE, media);
        response
    })
}

fn enterprise(state: &State, slug: &str) -> Result<(), Refusal> {
    (slug == state.enterprise).then_some(()).ok_or(MISSING)
}

pub(super) async fn managed(
    Shared(world): Shared<World>,
    Path(slug): Path<String>,
    asked: Asked,
) -> Answer {
    let state = world.state();
    enterprise(&state, &slug)?;
    let start: usize = asked
        .get("startIndex")
        .and_then(|at| at.parse().ok())
        .unwrap_or(1)
        .max(1);
    let count: usize = asked
        .get("count")
        .and_then(|n| n.parse().ok())
        .unwrap_or(30)
        .min(3);
    let shown: Vec<Value> = state
        .managed
        .iter()
        .skip(start - 1)
        .take(count)
        .map(|one| scim(&state, one))
        .collect();
    as_scim(with(
        200,
        &json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            "totalResults": state.managed.len(), "startIndex": start, "itemsPerPage": shown.len(),
            "Resources": shown,
        }),
    ))
}

pub(super) async fn managed_one(
    Shared(world): Shared<World>,
    Path((slug, id)): Path<(String, String)>,
) -> Answer {
    let state = world.state();
    enterprise(&state, &slug)?;
    let found = state
        .managed
        .iter()
        .find(|managed| managed.id == id)
        .ok_or(MISSING)?;
    as_scim(with(200, &scim(&state, found)))
}

/// Suspends and unsuspends; a suspension replaces the login, as GitHub obfuscates it.
pub(super) async fn managed_patch(
    Shared(world): Shared<World>,
    Path((slug, id)): Path<(String, String)>,
    body: axum::body::Bytes,
) -> Answer {
    let mut state = world.state();
    enterprise(&state, &slug)?;
    let body: Value = serde_json::from_slice(&body).map_err(|_| INVALID)?;
    let active = body
        .pointer("/Operations/0/value/active")
        .and_then(Value::as_bool);
    let active = active.ok_or(Refusal(400, "Invalid operation"))?;
    let managed = state
        .managed
        .iter_mut()
        .find(|managed| managed.id == id)
        .ok_or(MISSING)?;
    let changed = managed.active != active;
    managed.active = active;
    let managed = managed.clone();
    if let Some(user) = state.users.get_mut(&managed.user)
        && changed
    {
        user.login = match user.login.strip_suffix("-suspended") {
            Some(login) if active => login.to_owned(),
            _ => format!("{}-suspended", user.login),
        };
    }
    as_scim(with(200, &scim(&state, &managed)))
}
