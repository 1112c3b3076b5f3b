//! Clients with their refresh tokens, grants, API tokens and devices.

use axum::Extension;
use axum::extract::{Path, Query as UriQuery, State};
use axum::http::{HeaderMap, Uri};
use serde_json::{Value, json};

use super::answer::{Outcome, Query, done, found, missing, not_entitled, page};
use super::{Caller, World, set, text};

pub(super) async fn clients(State(world): State<World>, Path(id): Path<String>) -> Outcome {
    let org = world.org();
    let clients: Vec<Value> = org
        .user(&id)?
        .clients
        .iter()
        .map(|(client, of)| json!({"client_id": client, "client_name": of.name}))
        .collect();
    Ok(found(clients.into()))
}

pub(super) async fn tokens(
    State(world): State<World>,
    Path((id, client)): Path<(String, String)>,
    UriQuery(query): UriQuery<Query>,
    uri: Uri,
    headers: HeaderMap,
) -> Outcome {
    let org = world.org();
    let of = org
        .user(&id)?
        .clients
        .get(&client)
        .ok_or_else(|| missing("Client", &client))?;
    Ok(page(
        &of.tokens,
        &query,
        &uri,
        &headers,
        org.faults.page_size,
    ))
}

pub(super) async fn revoke_tokens(
    State(world): State<World>,
    Extension(Caller(caller)): Extension<Caller>,
    Path((id, client)): Path<(String, String)>,
) -> Outcome {
    let now = world.now();
    let mut org = world.org();
    let deaf = org.faults.deaf;
    let of = org
        .user_mut(&id)?
        .clients
        .get_mut(&client)
        .ok_or_else(|| missing("Client", &client))?;
    if !deaf {
        of.tokens.clear();
    }
    org.note(now, "app.oauth2.token.revoke", &caller, &[&id, &client]);
    Ok(done())
}

pub(super) async fn grants(
    State(world): State<World>,
    Path(id): Path<String>,
    UriQuery(query): UriQuery<Query>,
    uri: Uri,
    headers: HeaderMap,
) -> Outcome {
    let org = world.org();
    Ok(page(
        &org.user(&id)?.grants,
        &query,
        &uri,
        &headers,
        org.faults.page_size,
    ))
}

pub(super) async fn grant(
    State(world): State<World>,
    Path((id, grant)): Path<(String, String)>,
) -> Outcome {
    let org = world.org();
    let one = org
        .user(&id)?
        .grants
        .iter()
        .find(|one| text(one, "/id") == grant);
    one.cloned()
        .map(found)
        .ok_or_else(|| missing("OAuth2ScopeConsentGrant", &grant))
}

pub(super) async fn revoke_grant(
    State(world): State<World>,
    Extension(Caller(caller)): Extension<Caller>,
    Path((id, grant)): Path<(String, String)>,
) -> Outcome {
    let now = world.now();
    let mut org = world.org();
    let deaf = org.faults.deaf;
    let grants = &mut org.user_mut(&id)?.grants;
    if !grants.iter().any(|one| text(one, "/id") == grant) {
        return Err(missing("OAuth2ScopeConsentGrant", &grant));
    }
    if !deaf {
        grants.retain(|one| text(one, "/id") != grant);
    }
    org.note(now, "app.oauth2.as.consent.revoke.user", &caller, &[&id]);
    Ok(done())
}

pub(super) async fn api_tokens(State(world): State<World>) -> Outcome {
    let org = world.org();
    let tokens: Vec<Value> = org
        .api_tokens
        .values()
        .map(|token| token.record.clone())
        .collect();
    Ok(found(tokens.into()))
}

pub(super) async fn api_token(State(world): State<World>, Path(id): Path<String>) -> Outcome {
    let org = world.org();
    let token = org
        .api_tokens
        .get(&id)
        .ok_or_else(|| missing("ApiToken", &id))?;
    Ok(found(token.record.clone()))
}

pub(super) async fn revoke_api_token(
    State(world): State<World>,
    Extension(Caller(caller)): Extension<Caller>,
    Path(id): Path<String>,
) -> Outcome {
    let now = world.now();
    let mut org = world.org();
    // `current` names the token of the call itself.
    let token = if id == "current" {
        org.api_tokens
            .iter()
            .find(|(_, token)| token.user == caller)
            .map(|(id, _)| id.clone())
    } else {
        Some(id.clone())
    };
    let gone = token.and_then(|token| {
        if org.faults.deaf {
            None
        } else {
            org.api_tokens.remove(&token)
        }
    });
    match gone {
        Some(gone) => {
            org.note(now, "system.api_token.revoke", &caller, &[&id, &gone.user]);
            Ok(done())
        }
        None if org.faults.deaf => Ok(done()),
        None => Err(missing("ApiToken", &id)),
    }
}

pub(super) async fn user_devices(State(world): State<World>, Path(id): Path<String>) -> Outcome {
    let org = world.org();
    if org.faults.without_devices {
        return Err(not_entitled());
    }
    let user = text(&org.user(&id)?.record, "/id");
    let devices: Vec<Value> = org
        .devices
        .values()
        .filter(|device| device.users.iter().any(|of| of == user))
        .map(|device| {
            json!({
                "created": device.record.get("created"),
                "deviceUserId": format!("duo{}", user.get(3..).unwrap_or_default()),
                "device": device.record,
            })
        })
        .collect();
    Ok(found(devices.into()))
}

pub(super) async fn devices(
    State(world): State<World>,
    UriQuery(query): UriQuery<Query>,
    uri: Uri,
    headers: HeaderMap,
) -> Outcome {
    let org = world.org();
    if org.faults.without_devices {
        return Err(not_entitled());
    }
    let rows: Vec<Value> = org
        .devices
        .values()
        .map(|device| device.record.clone())
        .collect();
    Ok(page(&rows, &query, &uri, &headers, org.faults.page_size))
}

pub(super) async fn device(State(world): State<World>, Path(id): Path<String>) -> Outcome {
    let org = world.org();
    if org.faults.without_devices {
        return Err(not_entitled());
    }
    let device = org.devices.get(&id).ok_or_else(|| missing("Device", &id))?;
    Ok(found(device.record.clone()))
}

pub(super) async fn device_users(State(world): State<World>, Path(id): Path<String>) -> Outcome {
    let org = world.org();
    let device = org.devices.get(&id).ok_or_else(|| missing("Device", &id))?;
    let users: Vec<Value> = device
        .users
        .iter()
        .filter_map(|user| org.users.get(user))
        .map(|user| {
            json!({
                "created": device.record.get("created"),
                "managementStatus": "NOT_MANAGED",
                "screenLockType": "BIOMETRIC",
                "user": user.record,
            })
        })
        .collect();
    Ok(found(users.into()))
}

pub(super) async fn device_lifecycle(
    State(world): State<World>,
    Extension(Caller(caller)): Extension<Caller>,
    Path((id, change)): Path<(String, String)>,
) -> Outcome {
    let now = world.now();
    let mut org = world.org();
    let to = match change.as_str() {
        "suspend" => "SUSPENDED",
        "unsuspend" => "ACTIVE",
        _ => return Err(missing("operation", &change)),
    };
    let deaf = org.faults.deaf;
    let device = org
        .devices
        .get_mut(&id)
        .ok_or_else(|| missing("Device", &id))?;
    let users = device.users.clone();
    if !deaf {
        set(&mut device.record, "status", to.into());
        set(&mut device.record, "lastUpdated", now.to_string().into());
    }
    let mut targets: Vec<&str> = vec![&id];
    targets.extend(users.iter().map(String::as_str));
    org.note(
        now,
        &format!("device.lifecycle.{change}"),
        &caller,
        &targets,
    );
    Ok(done())
}
