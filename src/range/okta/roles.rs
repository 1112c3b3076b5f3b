//! Administrator roles and what they are limited to.

use axum::extract::{Path, Query as UriQuery, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::IntoResponse;
use axum::{Extension, Json};
use serde_json::{Value, json};

use super::answer::{Outcome, Problem, Query, done, forbidden, found, invalid, missing, page};
use super::{Caller, Org, Role, World, role_key, set, text};

impl Org {
    fn role(&self, user: &str, role: &str) -> Result<&Role, Problem> {
        let roles = &self.user(user)?.roles;
        roles
            .iter()
            .find(|one| text(&one.record, "/id") == role)
            .ok_or_else(|| missing("Role", role))
    }
}

pub(super) async fn list(State(world): State<World>, Path(id): Path<String>) -> Outcome {
    let org = world.org();
    let roles: Vec<Value> = org
        .user(&id)?
        .roles
        .iter()
        .map(|role| role.record.clone())
        .collect();
    Ok(found(roles.into()))
}

pub(super) async fn assign(
    State(world): State<World>,
    Extension(Caller(caller)): Extension<Caller>,
    Path(id): Path<String>,
    Json(body): Json<Value>,
) -> Outcome {
    let now = world.now();
    let mut org = world.org();
    let kind = text(&body, "/type").to_owned();
    if kind.is_empty() || (kind == "CUSTOM") != body.get("resource-set").is_some() {
        return Err(invalid("type"));
    }
    // A new assignment has a new id.
    let number = org.number("ra1");
    let mut record = json!({
        "id": number,
        "label": kind,
        "type": kind,
        "status": "ACTIVE",
        "assignmentType": "USER",
        "created": now.to_string(),
        "lastUpdated": now.to_string(),
    });
    for field in ["role", "resource-set"] {
        if let Some(value) = body.get(field) {
            set(&mut record, field, value.clone());
        }
    }
    let user = org.user_mut(&id)?;
    if user
        .roles
        .iter()
        .any(|role| role_key(&role.record) == role_key(&record))
    {
        return Err(invalid("the role is already assigned"));
    }
    user.roles.push(Role {
        record: record.clone(),
        groups: Vec::new(),
        apps: Vec::new(),
    });
    org.note(now, "user.account.privilege.grant", &caller, &[&id]);
    Ok((StatusCode::CREATED, Json(record)).into_response())
}

pub(super) async fn unassign(
    State(world): State<World>,
    Extension(Caller(caller)): Extension<Caller>,
    Path((id, role)): Path<(String, String)>,
) -> Outcome {
    let now = world.now();
    let mut org = world.org();
    if text(&org.role(&id, &role)?.record, "/assignmentType") == "GROUP" {
        return Err(forbidden());
    }
    if !org.faults.deaf {
        org.user_mut(&id)?
            .roles
            .retain(|one| text(&one.record, "/id") != role);
    }
    org.note(now, "user.account.privilege.revoke", &caller, &[&id]);
    Ok(done())
}

pub(super) async fn targets(
    State(world): State<World>,
    Path((id, role, target)): Path<(String, String, String)>,
    UriQuery(query): UriQuery<Query>,
    uri: Uri,
    headers: HeaderMap,
) -> Outcome {
    let org = world.org();
    let role = org.role(&id, &role)?;
    let rows: Vec<Value> = match target.as_str() {
        "groups" => role
            .groups
            .iter()
            .filter_map(|group| org.groups.get(group).cloned())
            .collect(),
        "catalog/apps" => role
            .apps
            .iter()
            .map(|(name, instance)| match instance {
                Some(instance) => {
                    json!({"name": name, "id": instance, "displayName": name, "status": "ACTIVE"})
                }
                None => json!({"name": name, "displayName": name, "status": "ACTIVE"}),
            })
            .collect(),
        other => return Err(missing("target", other)),
    };
    Ok(page(&rows, &query, &uri, &headers, org.faults.page_size))
}

pub(super) async fn limit(
    State(world): State<World>,
    Path((id, role, target)): Path<(String, String, String)>,
) -> Outcome {
    let mut org = world.org();
    if org.faults.no_targets {
        return Err(forbidden());
    }
    let parts: Vec<&str> = target.split('/').collect();
    if let ["groups", group] = parts.as_slice()
        && !org.groups.contains_key(*group)
    {
        return Err(missing("Group", group));
    }
    let user = org.user_mut(&id)?;
    let role = user
        .roles
        .iter_mut()
        .find(|one| text(&one.record, "/id") == role)
        .ok_or_else(|| missing("Role", &role))?;
    match parts.as_slice() {
        ["groups", group] => role.groups.push((*group).to_owned()),
        ["catalog", "apps", name] => role.apps.push(((*name).to_owned(), None)),
        ["catalog", "apps", name, app] => role
            .apps
            .push(((*name).to_owned(), Some((*app).to_owned()))),
        _ => return Err(missing("target", &target)),
    }
    Ok(done())
}
