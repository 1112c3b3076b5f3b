//! Closing and reopening. Each looks before it acts, so that doing it twice is the same as once, and
//! turns every answer into one of four: accepted, already done, refused, unclear.

use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::Okta;
use super::api::{Read, denied, id};
use super::kinds::{ACCOUNT, ADMIN_ROLE, API_TOKEN, CLIENT_TOKEN, DEVICE, GRANT, SESSION, SPEC};
use super::model::{ApiToken, Device, Role, Status, User, label};
use crate::door::Door;
use crate::fault::{Fault, Result};
use crate::http::{CallError, Request};
use crate::id::EvidenceId;
use crate::provider::{Closing, Cx};

/// What giving a role back needs.
#[derive(Debug, Deserialize)]
struct RoleBefore {
    #[serde(rename = "type")]
    kind: String,
    role: Option<String>,
    resource_set: Option<String>,
    #[serde(default)]
    groups: Vec<String>,
    #[serde(default)]
    apps: Vec<AppBefore>,
}

#[derive(Debug, Deserialize)]
struct AppBefore {
    name: String,
    id: Option<String>,
}

/// What [`reopen`] will need.
pub(super) fn undo(door: &Door) -> Option<Value> {
    match door.kind.as_str() {
        ACCOUNT | DEVICE if detail(door, "status") == Some("ACTIVE") => {
            Some(json!({"status": "ACTIVE"}))
        }
        ADMIN_ROLE if door.detail.get("targets_complete") == Some(&Value::Bool(true)) => {
            Some(door.detail.clone())
        }
        _ => None,
    }
}

fn detail<'a>(door: &'a Door, name: &str) -> Option<&'a str> {
    door.detail.get(name).and_then(Value::as_str)
}

fn refused(why: impl Into<String>, evidence: Option<EvidenceId>) -> Closing {
    Closing::Refused {
        why: why.into(),
        evidence,
    }
}

/// The two halves of `{user}/{part}`; the first has to be the account of the door.
pub(super) fn halves(door: &Door) -> Result<(&str, &str)> {
    match door.native.split_once('/') {
        Some((user, part)) if user == door.account => Ok((id(user)?, part)),
        _ => Err(
            Fault::input("okta-id", "The door does not name a thing of its account.").at(&door.id),
        ),
    }
}

/// Closes one door.
pub(super) async fn close(okta: &Okta, door: &Door, cx: Cx<'_>) -> Result<Closing> {
    if let Some(why) = &door.protected {
        return Ok(refused(format!("The door is protected: {why}."), None));
    }
    if let Some(why) = okta.own(&door.account, cx).await? {
        return Ok(refused(why, None));
    }
    match door.kind.as_str() {
        ACCOUNT => suspend(okta, id(&door.native)?, cx).await,
        SESSION => {
            let mut url = okta.api.url(&["users", id(&door.native)?, "sessions"])?;
            // `oauthTokens` is false unless it is said; `forgetDevices` differs between engines.
            url.query_pairs_mut()
                .append_pair("oauthTokens", "true")
                .append_pair("forgetDevices", "true");
            delete(okta, url, cx).await
        }
        GRANT => {
            let (user, grant) = halves(door)?;
            delete(
                okta,
                okta.api.url(&["users", user, "grants", id(grant)?])?,
                cx,
            )
            .await
        }
        CLIENT_TOKEN => {
            let (user, client) = halves(door)?;
            delete(
                okta,
                okta.api
                    .url(&["users", user, "clients", id(client)?, "tokens"])?,
                cx,
            )
            .await
        }
        API_TOKEN => revoke_api_token(okta, door, cx).await,
        DEVICE => suspend_device(okta, id(&door.native)?, cx).await,
        ADMIN_ROLE => remove_role(okta, door, cx).await,
        other => Ok(refused(by_hand(other), None)),
    }
}

/// What a person does where no call closes.
fn by_hand(kind: &str) -> String {
    let breaks = SPEC
        .door_kind(kind)
        .map_or("see Okta's console", |kind| kind.breaks);
    format!("No call closes this door; a person does: {breaks}.")
}

/// Restores a door.
pub(super) async fn reopen(okta: &Okta, door: &Door, undo: &Value, cx: Cx<'_>) -> Result<Closing> {
    let was_active = undo.get("status").and_then(Value::as_str) == Some("ACTIVE");
    match door.kind.as_str() {
        ACCOUNT if was_active => unsuspend(okta, id(&door.native)?, cx).await,
        DEVICE if was_active => unsuspend_device(okta, id(&door.native)?, cx).await,
        ADMIN_ROLE => match serde_json::from_value::<RoleBefore>(undo.clone()) {
            Ok(before) => give_role_back(okta, door, &before, cx).await,
            Err(error) => Ok(refused(
                format!("What was kept of the role cannot be read: {error}."),
                None,
            )),
        },
        SESSION | CLIENT_TOKEN | GRANT => Ok(refused(
            "Nothing restores it: the account holder signs in, or consents, again.",
            None,
        )),
        API_TOKEN => Ok(refused(
            "A revoked API token is gone: make a new one and put it where the old one was used.",
            None,
        )),
        _ => Ok(refused(
            "It was not closed by a call of ours, so nothing is undone.",
            None,
        )),
    }
}

async fn suspend(okta: &Okta, user: &str, cx: Cx<'_>) -> Result<Closing> {
    match okta.user(user, cx).await? {
        Read::Found(found, evidence) => match found.status {
            Status::Active if found.transitioning_to_status.is_none() => {}
            Status::Suspended | Status::Deprovisioned => {
                return Ok(Closing::AlreadyDone { evidence });
            }
            _ => return Ok(refused(cannot_suspend(&found), Some(evidence))),
        },
        Read::Gone(evidence) => return Ok(Closing::AlreadyDone { evidence }),
        Read::Denied(denied) => {
            return Ok(refused(okta.next_step(&denied), Some(denied.evidence)));
        }
    }
    let url = okta.api.url(&["users", user, "lifecycle", "suspend"])?;
    let closing = write(okta, Request::write(Method::POST, url), cx).await?;
    // `400 E0000001` is what a second suspension gets: someone else was faster.
    settle(
        okta,
        user,
        closing,
        &[Status::Suspended, Status::Deprovisioned],
        cx,
    )
    .await
}

async fn unsuspend(okta: &Okta, user: &str, cx: Cx<'_>) -> Result<Closing> {
    match okta.user(user, cx).await? {
        Read::Found(found, evidence) => match found.status {
            Status::Suspended => {}
            Status::Active => return Ok(Closing::AlreadyDone { evidence }),
            other => {
                let why = format!(
                    "The account is {}, not SUSPENDED: someone changed it since; decide in the console.",
                    other.word()
                );
                return Ok(refused(why, Some(evidence)));
            }
        },
        Read::Gone(evidence) => {
            return Ok(refused(
                "The account is gone; Okta cannot bring it back.",
                Some(evidence),
            ));
        }
        Read::Denied(denied) => return Ok(refused(okta.next_step(&denied), Some(denied.evidence))),
    }
    let url = okta.api.url(&["users", user, "lifecycle", "unsuspend"])?;
    let closing = write(okta, Request::write(Method::POST, url), cx).await?;
    settle(okta, user, closing, &[Status::Active], cx).await
}

/// A refusal is looked at once more: the account may be where it should be because of someone else.
async fn settle(
    okta: &Okta,
    user: &str,
    closing: Closing,
    good: &[Status],
    cx: Cx<'_>,
) -> Result<Closing> {
    if !matches!(closing, Closing::Refused { .. }) {
        return Ok(closing);
    }
    Ok(match okta.user(user, cx).await? {
        Read::Found(found, evidence) if good.contains(&found.status) => {
            Closing::AlreadyDone { evidence }
        }
        _ => closing,
    })
}

/// Okta suspends only ACTIVE accounts; what to do with the others.
fn cannot_suspend(user: &User) -> String {
    let next = match user.status {
        Status::Staged => {
            "nobody can sign in to it yet; make sure that no import or person activates it, or deactivate it in the console"
        }
        Status::Provisioned => {
            "an activation link is out; deactivate it in the console (apps are deprovisioned, so decide that separately)"
        }
        Status::LockedOut => {
            "close its sessions and tokens now; to suspend it, unlock it in the console and run again at once, or leave self-service unlock switched off"
        }
        Status::PasswordExpired | Status::Recovery => {
            "the person can still make it active with the old password or the recovery link; close its sessions and tokens now, then set a random password in the console and run again"
        }
        _ if user.transitioning_to_status.is_some() => {
            "a change of status is under way; run again when it has ended"
        }
        _ => "look at the account in the console",
    };
    format!(
        "Okta suspends only ACTIVE accounts and this one is {}: {next}.",
        user.status.word()
    )
}

async fn suspend_device(okta: &Okta, device: &str, cx: Cx<'_>) -> Result<Closing> {
    match okta.api.read::<Device>(&["devices", device], cx).await? {
        Read::Found(found, evidence)
            if matches!(found.status.as_str(), "SUSPENDED" | "DEACTIVATED") =>
        {
            Ok(Closing::AlreadyDone { evidence })
        }
        Read::Gone(evidence) => Ok(Closing::AlreadyDone { evidence }),
        Read::Found(..) => {
            let url = okta.api.url(&["devices", device, "lifecycle", "suspend"])?;
            write(okta, Request::write(Method::POST, url), cx).await
        }
        Read::Denied(denied) => Ok(refused(okta.next_step(&denied), Some(denied.evidence))),
    }
}

async fn unsuspend_device(okta: &Okta, device: &str, cx: Cx<'_>) -> Result<Closing> {
    match okta.api.read::<Device>(&["devices", device], cx).await? {
        Read::Found(found, evidence) => match found.status.as_str() {
            "SUSPENDED" => {
                let url = okta
                    .api
                    .url(&["devices", device, "lifecycle", "unsuspend"])?;
                write(okta, Request::write(Method::POST, url), cx).await
            }
            "ACTIVE" | "UNSUSPENDED" => Ok(Closing::AlreadyDone { evidence }),
            other => Ok(refused(
                format!(
                    "The device is {}, not SUSPENDED: its user enrols it again.",
                    label(other)
                ),
                Some(evidence),
            )),
        },
        Read::Gone(evidence) => Ok(refused(
            "The device is gone: its user enrols it again.",
            Some(evidence),
        )),
        Read::Denied(denied) => Ok(refused(okta.next_step(&denied), Some(denied.evidence))),
    }
}

async fn revoke_api_token(okta: &Okta, door: &Door, cx: Cx<'_>) -> Result<Closing> {
    let token = id(&door.native)?;
    match okta
        .api
        .read::<ApiToken>(&["api-tokens", token], cx)
        .await?
    {
        Read::Found(found, _) if found.user_id.as_deref() == Some(door.account.as_str()) => {
            delete(okta, okta.api.url(&["api-tokens", token])?, cx).await
        }
        Read::Found(_, evidence) => Ok(refused(
            "The token does not belong to the account of this door; it was left alone.",
            Some(evidence),
        )),
        Read::Gone(evidence) => Ok(Closing::AlreadyDone { evidence }),
        Read::Denied(denied) => Ok(refused(okta.next_step(&denied), Some(denied.evidence))),
    }
}

/// The assignment of the role to the user itself that has this key now.
pub(super) async fn assignment(
    okta: &Okta,
    user: &str,
    key: &str,
    cx: Cx<'_>,
) -> Result<Read<Option<Role>>> {
    Ok(
        match okta
            .api
            .read::<Vec<Role>>(&["users", user, "roles"], cx)
            .await?
        {
            Read::Found(roles, evidence) => {
                let found = roles
                    .into_iter()
                    .find(|role| !role.by_group() && role.key() == key);
                Read::Found(found, evidence)
            }
            Read::Gone(evidence) => Read::Gone(evidence),
            Read::Denied(denied) => Read::Denied(denied),
        },
    )
}

async fn remove_role(okta: &Okta, door: &Door, cx: Cx<'_>) -> Result<Closing> {
    let (user, key) = halves(door)?;
    if undo(door).is_none() {
        let why = "What the role is limited to could not be saved, so it could not be given back as it was: remove it in the console.";
        return Ok(refused(why, None));
    }
    match assignment(okta, user, key, cx).await? {
        Read::Found(Some(role), _) => {
            delete(
                okta,
                okta.api.url(&["users", user, "roles", id(&role.id)?])?,
                cx,
            )
            .await
        }
        Read::Found(None, evidence) | Read::Gone(evidence) => Ok(Closing::AlreadyDone { evidence }),
        Read::Denied(denied) => Ok(refused(okta.next_step(&denied), Some(denied.evidence))),
    }
}

/// Assigns the role and limits it again. A role that cannot be limited as it was is taken away again:
/// it would be larger than before.
async fn give_role_back(
    okta: &Okta,
    door: &Door,
    before: &RoleBefore,
    cx: Cx<'_>,
) -> Result<Closing> {
    let (user, key) = halves(door)?;
    match assignment(okta, user, key, cx).await? {
        Read::Found(Some(_), evidence) => return Ok(Closing::AlreadyDone { evidence }),
        Read::Found(None, _) => {}
        Read::Gone(evidence) => return Ok(refused("The account is gone.", Some(evidence))),
        Read::Denied(denied) => return Ok(refused(okta.next_step(&denied), Some(denied.evidence))),
    }
    let body = match (&before.role, &before.resource_set) {
        (Some(role), Some(set)) => json!({"type": before.kind, "role": role, "resource-set": set}),
        _ => json!({"type": before.kind}),
    };
    let url = okta.api.url(&["users", user, "roles"])?;
    let closing = write(okta, Request::write(Method::POST, url).json(&body)?, cx).await?;
    if !matches!(closing, Closing::Accepted { .. })
        || (before.groups.is_empty() && before.apps.is_empty())
    {
        return Ok(closing);
    }
    let Read::Found(Some(role), _) = assignment(okta, user, key, cx).await? else {
        let why =
            "The role was assigned but could not be found again to limit it: look in the console.";
        return Ok(Closing::Unclear { why: why.into() });
    };
    let role = id(&role.id)?;
    for url in limits(okta, user, role, before)? {
        let limited = write(okta, Request::write(Method::PUT, url), cx).await?;
        if !matches!(limited, Closing::Accepted { .. }) {
            let back = delete(okta, okta.api.url(&["users", user, "roles", role])?, cx).await?;
            return Ok(match back {
                Closing::Accepted { evidence } | Closing::AlreadyDone { evidence } => refused(
                    "The role could not be limited as it was, so it was taken away again: assign it in the console.",
                    Some(evidence),
                ),
                _ => Closing::Unclear {
                    why: "The role was assigned without its limits and could not be taken away again: look in the console now.".into(),
                },
            });
        }
    }
    Ok(closing)
}

fn limits(okta: &Okta, user: &str, role: &str, before: &RoleBefore) -> Result<Vec<Url>> {
    let base = ["users", user, "roles", role, "targets"];
    let mut urls = Vec::new();
    for group in &before.groups {
        urls.push(
            okta.api
                .url(&[&base[..], &["groups", id(group)?]].concat())?,
        );
    }
    for app in &before.apps {
        let mut path = [&base[..], &["catalog", "apps", app.name.as_str()]].concat();
        path.extend(app.id.as_deref());
        urls.push(okta.api.url(&path)?);
    }
    Ok(urls)
}

async fn delete(okta: &Okta, url: Url, cx: Cx<'_>) -> Result<Closing> {
    write(okta, Request::write(Method::DELETE, url), cx).await
}

/// Sends a call that changes something and reads its answer.
async fn write(okta: &Okta, request: Request, cx: Cx<'_>) -> Result<Closing> {
    let gone_is_done = request.method == Method::DELETE;
    let reply = match okta.api.send(request, cx).await {
        Ok(reply) => reply,
        Err(CallError::Unclear(fault)) => {
            return Ok(Closing::Unclear {
                why: fault.to_string(),
            });
        }
        Err(error) => return Err(error.fault()),
    };
    let evidence = reply.evidence.clone();
    Ok(match reply.status.as_u16() {
        200..=299 => Closing::Accepted { evidence },
        404 | 410 if gone_is_done => Closing::AlreadyDone { evidence },
        500..=599 => Closing::Unclear {
            why: format!(
                "Okta answered {}; it may have been carried out.",
                reply.status
            ),
        },
        _ => refused(okta.next_step(&denied(&reply)), Some(evidence)),
    })
}
