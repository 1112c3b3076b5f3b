//! Migrations: archives that are made in time, and the other host that hands them out.

use std::collections::HashMap;

use axum::extract::{Extension, Json, Path, Query, State as Shared};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::World;
use super::answer::{Answer, Asked, INVALID, MISSING, Refusal, account, and, own, page, with};
use super::guard::By;
use super::state::{Migration, State};
use crate::canon::Digest;
use crate::time::{Timestamp, utc};

/// How long GitHub keeps an archive.
const KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);
/// The parameter of a signed address that is the right to it.
const SIGNATURE: &str = "X-Amz-Signature";

impl Migration {
    fn state(&self, now: Timestamp) -> &'static str {
        if now >= self.made {
            "exported"
        } else if now == self.created {
            "pending"
        } else {
            "exporting"
        }
    }

    fn shown(&self, state: &State, now: Timestamp) -> Value {
        let repositories: Vec<Value> = self
            .repositories
            .iter()
            .filter_map(|name| state.repo(name))
            .map(|repo| whole(own(state, repo)))
            .collect();
        let url = format!(
            "https://api.github.test/orgs/{}/migrations/{}",
            state.org, self.id
        );
        json!({
            "id": self.id, "node_id": format!("M_{}", self.id), "url": url,
            "owner": account(state.org_id, &state.org, "Organization"),
            "guid": format!("00000000-0000-4000-8000-{:012}", self.id),
            "state": self.state(now), "lock_repositories": self.locks,
            "exclude_metadata": false, "exclude_git_data": false, "exclude_attachments": false,
            "exclude_releases": false, "exclude_owner_projects": false, "org_metadata_only": false,
            "repositories": repositories, "created_at": utc(self.created),
            "updated_at": utc(now.min(self.made)),
        })
    }

    /// What is in the archive.
    fn bytes(&self, state: &State) -> Vec<u8> {
        let repositories: Vec<Value> = self
            .repositories
            .iter()
            .filter_map(|name| state.repo(name))
            .map(|repo| json!({ "name": repo.name, "private": repo.private, "issues": repo.issues, "commits": repo.commits }))
            .collect();
        let org = &state.org;
        json!({ "organization": org, "migration": self.id, "repositories": repositories })
            .to_string()
            .into_bytes()
    }
}

/// GitHub's "repository": what it says beside the minimal form.
fn whole(minimal: Value) -> Value {
    let url = |ending: &str| {
        let name = minimal.get("full_name").and_then(Value::as_str);
        format!("https://github.test/{}{ending}", name.unwrap_or_default())
    };
    let more = json!({
        "clone_url": url(".git"), "git_url": url(".git"), "ssh_url": url(".git"),
        "svn_url": url(""), "default_branch": "main", "forks": 0, "forks_count": 0,
        "has_downloads": true, "has_issues": true, "has_projects": true, "has_wiki": true,
        "has_pages": false, "homepage": null, "language": null, "archived": false,
        "disabled": false, "mirror_url": null, "open_issues": 0, "open_issues_count": 0,
        "license": null, "pushed_at": null, "size": 1, "stargazers_count": 0, "watchers": 0,
        "watchers_count": 0, "created_at": "2026-01-05T09:00:00Z",
        "updated_at": "2026-01-05T09:00:00Z",
    });
    and(minimal, more)
}

fn found<'a>(state: &'a State, id: &str) -> Result<&'a Migration, Refusal> {
    let id: u64 = id.parse().map_err(|_| MISSING)?;
    let is = |migration: &&Migration| migration.id == id;
    state.migrations.iter().find(is).ok_or(MISSING)
}

pub(super) async fn migrations(Shared(world): Shared<World>, asked: Asked) -> Answer {
    let now = world.now();
    let state = world.state();
    let newest_first = state.migrations.iter().rev();
    let shown = newest_first.map(|migration| migration.shown(&state, now));
    page(&state, &asked, shown.collect(), None)
}

pub(super) async fn start(
    Shared(world): Shared<World>,
    Extension(by): Extension<By>,
    Json(body): Json<Value>,
) -> Answer {
    let now = world.now();
    let mut state = world.state();
    let asked = body.get("repositories").and_then(Value::as_array);
    let mut repositories = Vec::new();
    for name in asked.ok_or(INVALID)? {
        let name = name.as_str().ok_or(INVALID)?;
        let (owner, name) = name.split_once('/').unwrap_or((&state.org, name));
        let repo = state.repo(name).ok_or(INVALID)?;
        if !owner.eq_ignore_ascii_case(&state.org) {
            return Err(INVALID);
        }
        repositories.push(repo.name.clone());
    }
    let By::Person(actor) = by else {
        return Err(MISSING);
    };
    let id = state.id();
    let signature = Digest::of(format!("{}/{id}/{now}", state.org).as_bytes()).to_string();
    let migration = Migration {
        id,
        repositories,
        locks: body.get("lock_repositories") == Some(&Value::Bool(true)),
        created: now,
        made: now + state.lag,
        signature,
    };
    let shown = migration.shown(&state, now);
    state.migrations.push(migration);
    let login = state.users.get(&actor).map(|user| user.login.clone());
    let event = json!({
        "@timestamp": now.as_millisecond(), "created_at": now.as_millisecond(),
        "action": "migration.create", "actor": login, "actor_id": actor, "org": state.org,
        "operation_type": "create", "_document_id": format!("tmMigration{id:012}"),
    });
    state.audit.push(event);
    with(201, &shown)
}

pub(super) async fn migration(
    Shared(world): Shared<World>,
    Path((_, id)): Path<(String, String)>,
) -> Answer {
    let now = world.now();
    let state = world.state();
    with(200, &found(&state, &id)?.shown(&state, now))
}

/// `302` to the other host; as servers do, it repeats the address in the body.
pub(super) async fn place(
    Shared(world): Shared<World>,
    Path((_, id)): Path<(String, String)>,
) -> Answer {
    let now = world.now();
    let state = world.state();
    let migration = found(&state, &id)?;
    if now < migration.made || now > migration.made + KEPT {
        return Err(MISSING);
    }
    let mut place = state.archives.clone().ok_or(MISSING)?;
    place.set_path(&format!("archives/{id}"));
    place
        .query_pairs_mut()
        .append_pair("X-Amz-Expires", "300")
        .append_pair(SIGNATURE, &migration.signature);
    let place = place.to_string();
    let body = Html(format!(
        "<html><body>You are being <a href=\"{place}\">redirected</a>.</body></html>"
    ));
    Ok((StatusCode::FOUND, [(header::LOCATION, place)], body).into_response())
}

/// The archive, to whoever knows the signed address and shows nothing else.
pub(super) async fn hand_out(
    Shared(world): Shared<World>,
    Path(id): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    if headers.contains_key(header::AUTHORIZATION) || headers.contains_key(header::COOKIE) {
        let why = "Only one auth mechanism allowed";
        return (StatusCode::BAD_REQUEST, why).into_response();
    }
    let state = world.state();
    match found(&state, &id) {
        Ok(migration) if query.get(SIGNATURE) == Some(&migration.signature) => {
            let kind = [(header::CONTENT_TYPE, "application/octet-stream")];
            (kind, migration.bytes(&state)).into_response()
        }
        _ => StatusCode::FORBIDDEN.into_response(),
    }
}
