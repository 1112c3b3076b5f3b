//! Are we ready: is the organization reachable, as whom are we accepted, what may we do, and does the
//! account holder own what we hold.

use jiff::SignedDuration;
use serde_json::Value;

use super::api::{Read, denied, quoted};
use super::kinds::SPEC;
use super::log;
use super::model::{LogEvent, Role, User, label};
use super::{Okta, Principal};
use crate::case::subject::Subject;
use crate::fault::Result;
use crate::provider::{Check, Cx, Grant, Permission};

/// Every permission that is used.
struct Need {
    scope: &'static str,
    what: &'static str,
}

const READS: &[Need] = &[
    Need {
        scope: "okta.users.read",
        what: "find accounts, list their doors, probe them",
    },
    Need {
        scope: "okta.roles.read",
        what: "list administrator roles",
    },
    Need {
        scope: "okta.apiTokens.read",
        what: "list API tokens and prove that one is gone",
    },
    Need {
        scope: "okta.devices.read",
        what: "look at devices",
    },
    Need {
        scope: "okta.logs.read",
        what: "save the System Log and prove the end of sessions",
    },
];

const WRITES: &[Need] = &[
    Need {
        scope: "okta.users.manage",
        what: "suspend, end sessions, revoke grants and tokens",
    },
    Need {
        scope: "okta.roles.manage",
        what: "take administrator roles away and give them back",
    },
    Need {
        scope: "okta.apiTokens.manage",
        what: "revoke API tokens",
    },
    Need {
        scope: "okta.devices.manage",
        what: "suspend devices",
    },
];

/// The scopes that a service app is asked for.
pub(super) fn scopes() -> Vec<String> {
    READS
        .iter()
        .chain(WRITES)
        .map(|need| need.scope.to_owned())
        .collect()
}

/// The preflight of the one credential.
pub(super) async fn check(okta: &Okta, subject: Option<&Subject>, cx: Cx<'_>) -> Result<Check> {
    let mut check = Check {
        provider: SPEC.name.to_owned(),
        credential: okta.credential.clone(),
        reachable: false,
        authenticated_as: None,
        owned_by_subject: None,
        permissions: Vec::new(),
        advice: Vec::new(),
    };
    match &okta.principal {
        Principal::TokenOwner => token_owner(okta, subject, &mut check, cx).await?,
        Principal::ServiceApp(_) => service_app(okta, subject, &mut check, cx).await?,
    }
    if check.owned_by_subject == Some(true) {
        check.advice.push(
            "The account under review owns or made this credential: use the sealed emergency credential.".into(),
        );
    }
    for permission in check
        .permissions
        .iter()
        .filter(|permission| permission.grant == Grant::Missing)
    {
        let advice = format!(
            "Grant {}: without it Cordon cannot {}.",
            permission.name, permission.needed_for
        );
        check.advice.push(advice);
    }
    Ok(check)
}

async fn token_owner(
    okta: &Okta,
    subject: Option<&Subject>,
    check: &mut Check,
    cx: Cx<'_>,
) -> Result<()> {
    let reply = match okta.api.get(okta.api.url(&["users", "me"])?, cx).await {
        Ok(reply) => reply,
        Err(fault) => {
            check.advice.push(format!("Okta gave no answer: {fault}"));
            return Ok(());
        }
    };
    check.reachable = true;
    if reply.status.as_u16() != 200 {
        let why = denied(&reply).why;
        check.advice.push(format!(
            "The API token is not usable: {why}. Make a new one in the console."
        ));
        return Ok(());
    }
    let me: User = reply.json()?;
    check.authenticated_as = Some(label(&me.profile.login));
    check.owned_by_subject = subject.map(|subject| is_subject(&me, subject));
    check.advice.push(
        "An SSWS token has all rights of its owner and ends when the owner is deactivated: prefer a service app.".into(),
    );
    reads(okta, Some(&me.id), check, cx).await?;
    let roles = match okta
        .api
        .read::<Vec<Role>>(&["users", &me.id, "roles"], cx)
        .await?
    {
        Read::Found(roles, _) => Some(roles),
        Read::Gone(_) | Read::Denied(_) => None,
    };
    for need in WRITES {
        let (grant, why) = by_roles(roles.as_deref());
        check.permissions.push(permission(need, grant, why));
    }
    Ok(())
}

/// What the roles of a token's owner say about writing; nothing is written to find out.
fn by_roles(roles: Option<&[Role]>) -> (Grant, String) {
    let Some(roles) = roles else {
        return (Grant::Unknown, "the owner's roles could not be read".into());
    };
    let names: Vec<String> = roles.iter().map(|role| label(&role.kind)).collect();
    if names.iter().any(|name| name == "SUPER_ADMIN") {
        return (Grant::Present, "the owner is SUPER_ADMIN".into());
    }
    if names
        .iter()
        .all(|name| matches!(name.as_str(), "READ_ONLY_ADMIN" | "REPORT_ADMIN"))
    {
        let held = if names.is_empty() {
            "no role".to_owned()
        } else {
            names.join(", ")
        };
        return (Grant::Missing, format!("the owner has {held}"));
    }
    (
        Grant::Unknown,
        format!(
            "the owner has {}; whether that is enough shows the first write",
            names.join(", ")
        ),
    )
}

async fn service_app(
    okta: &Okta,
    subject: Option<&Subject>,
    check: &mut Check,
    cx: Cx<'_>,
) -> Result<()> {
    let Principal::ServiceApp(app) = &okta.principal else {
        return Ok(());
    };
    let granted = match app.scopes().await {
        Ok(granted) => granted,
        Err(fault) => {
            check.reachable = fault.code() == "token-refused";
            check.advice.push(fault.to_string());
            check.advice.extend(fault.hints().iter().cloned());
            return Ok(());
        }
    };
    check.reachable = true;
    check.authenticated_as = Some(format!("service app {}", app.client_id()));
    reads(okta, None, check, cx).await?;
    for need in WRITES {
        let has = granted.iter().any(|scope| scope == need.scope);
        let (grant, why) = if has {
            (
                Grant::Present,
                "the token carries the scope; the app's administrator role has to allow it too",
            )
        } else {
            (Grant::Missing, "the token does not carry the scope")
        };
        check.permissions.push(permission(need, grant, why.into()));
    }
    if let Some(subject) = subject {
        check.owned_by_subject = made_by(okta, app.client_id(), subject, cx).await?;
        if check.owned_by_subject.is_none() {
            check.advice.push(
                "The System Log does not show who made the service app (it keeps 90 days): confirm in the console that it was not the account holder.".into(),
            );
        }
    }
    Ok(())
}

/// Whether the log shows that the account holder made or changed the service app. The log forgets:
/// it can say yes and never no.
async fn made_by(okta: &Okta, client: &str, subject: &Subject, cx: Cx<'_>) -> Result<Option<bool>> {
    let window = log::until_now(cx.clock.now(), SignedDuration::from_hours(90 * 24));
    let url = log::address(okta, window, &format!("target.id eq {}", quoted(client)?))?;
    let events = okta
        .api
        .list::<Value>("events about the service app", url, cx)
        .await;
    let by_subject = events.rows.iter().any(|row| {
        let event = LogEvent::deserialize_lossy(&row.value);
        // Signing in with the app, or a token issued to it, is not making it.
        let changes =
            event.event_type.starts_with("application.") || event.event_type.contains(".client.");
        let actor = event.actor.alternate_id.unwrap_or_default();
        changes && is_known(&actor, subject)
    });
    Ok(by_subject.then_some(true))
}

fn is_known(login: &str, subject: &Subject) -> bool {
    let same = |other: &str| !login.is_empty() && other.eq_ignore_ascii_case(login);
    subject.emails.iter().any(|email| same(email))
        || subject
            .accounts
            .iter()
            .any(|account| account.provider == SPEC.name && same(&account.login))
}

fn is_subject(user: &User, subject: &Subject) -> bool {
    let profile = &user.profile;
    is_known(&profile.login, subject)
        || is_known(&user.id, subject)
        || profile
            .email
            .as_deref()
            .is_some_and(|email| is_known(email, subject))
        || subject.worker_id.is_some() && subject.worker_id == profile.employee_number
}

/// Tries each kind of read once, as cheaply as it can be.
async fn reads(okta: &Okta, me: Option<&str>, check: &mut Check, cx: Cx<'_>) -> Result<()> {
    let mut sample = me.map(str::to_owned);
    for need in READS {
        let path: &[&str] = match (need.scope, &sample) {
            ("okta.users.read", _) => &["users"],
            ("okta.roles.read", Some(user)) => &["users", user, "roles"],
            ("okta.roles.read", None) => {
                let why = "no account could be read to try it on".into();
                check
                    .permissions
                    .push(permission(need, Grant::Unknown, why));
                continue;
            }
            ("okta.apiTokens.read", _) => &["api-tokens"],
            ("okta.devices.read", _) => &["devices"],
            _ => &["logs"],
        };
        let mut url = okta.api.url(path)?;
        // These two lists have no `limit`.
        if !matches!(need.scope, "okta.apiTokens.read" | "okta.roles.read") {
            url.query_pairs_mut().append_pair("limit", "1");
        }
        let (grant, why) = match okta.api.get(url, cx).await {
            Ok(reply) if reply.status.as_u16() == 200 => {
                if need.scope == "okta.users.read" && sample.is_none() {
                    let users: Vec<User> = reply.json().unwrap_or_default();
                    sample = users.into_iter().next().map(|user| user.id);
                }
                (Grant::Present, "a read worked".to_owned())
            }
            Ok(reply) => {
                let denied = denied(&reply);
                (denied.grant, denied.why)
            }
            Err(fault) => (Grant::Unknown, fault.to_string()),
        };
        check.permissions.push(permission(need, grant, why));
    }
    Ok(())
}

fn permission(need: &Need, grant: Grant, why: String) -> Permission {
    Permission {
        name: need.scope.to_owned(),
        grant,
        needed_for: need.what.to_owned(),
        why,
    }
}
