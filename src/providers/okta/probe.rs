//! Whether a door still works: reads only, and no more certain than what was read.

use jiff::SignedDuration;
use serde_json::Value;

use super::Okta;
use super::api::{Denied, Read, id};
use super::close::{assignment, halves};
use super::kinds::{
    ACCOUNT, ADMIN_ROLE, API_TOKEN, APP_SESSION, CLIENT_TOKEN, DEVICE, FACTOR, GRANT, GROUP_ROLE,
    SESSION,
};
use super::log::{self, Sessions};
use super::model::{ApiToken, Device, Factor, Grant, RefreshToken, Role, Status, User, label};
use crate::door::{Door, DoorState, Probe};
use crate::fault::Result;
use crate::id::EvidenceId;
use crate::provider::Cx;
use crate::time::{Timestamp, utc};

/// How far before the inventory the log is read, so that clocks that differ hide nothing.
const BEFORE: SignedDuration = SignedDuration::from_hours(24);

fn probe(state: DoorState, why: impl Into<String>, evidence: Vec<EvidenceId>) -> Probe {
    Probe {
        state,
        why: why.into(),
        evidence,
        residual_until: None,
    }
}

fn open(why: impl Into<String>, evidence: EvidenceId) -> Probe {
    probe(DoorState::Open, why, vec![evidence])
}

fn closed(why: impl Into<String>, evidence: EvidenceId) -> Probe {
    probe(DoorState::Closed, why, vec![evidence])
}

fn unknown(denied: &Denied) -> Probe {
    let why = format!("It could not be read: {}.", denied.why);
    probe(DoorState::Unknown, why, vec![denied.evidence.clone()])
}

/// Looks at one door.
pub(super) async fn look(okta: &Okta, door: &Door, cx: Cx<'_>) -> Result<Probe> {
    match door.kind.as_str() {
        ACCOUNT => Ok(match okta.user(id(&door.native)?, cx).await? {
            Read::Found(user, evidence) => account(&user, evidence),
            Read::Gone(evidence) => closed("Okta has no such account.", evidence),
            Read::Denied(denied) => unknown(&denied),
        }),
        SESSION => sessions(okta, door, cx).await,
        GRANT => grant(okta, door, cx).await,
        CLIENT_TOKEN => client_tokens(okta, door, cx).await,
        API_TOKEN => api_token(okta, door, cx).await,
        DEVICE => device(okta, door, cx).await,
        ADMIN_ROLE => admin_role(okta, door, cx).await,
        GROUP_ROLE => group_role(okta, door, cx).await,
        FACTOR => factor(okta, door, cx).await,
        APP_SESSION => app_session(okta, door, cx).await,
        _ => Ok(probe(
            DoorState::Unknown,
            "Okta has no door of this kind.",
            Vec::new(),
        )),
    }
}

fn account(user: &User, evidence: EvidenceId) -> Probe {
    let status = user.status.word();
    if let Some(target) = &user.transitioning_to_status {
        let why = format!("A change from {status} to {} is under way.", label(target));
        return probe(DoorState::Unknown, why, vec![evidence]);
    }
    let mut why = format!("The status is {status}.");
    if let Some(master) = user.foreign_master() {
        why = format!(
            "{why} It is mastered by {}, which a suspension in Okta does not change.",
            label(master)
        );
    }
    let state = match user.status {
        Status::Suspended | Status::Deprovisioned => DoorState::Closed,
        Status::Staged => {
            why.push_str(" Nobody can sign in to it now; an activation would open it.");
            DoorState::Unknown
        }
        Status::Other => DoorState::Unknown,
        Status::Active
        | Status::LockedOut
        | Status::PasswordExpired
        | Status::Provisioned
        | Status::Recovery => DoorState::Open,
    };
    probe(state, why, vec![evidence])
}

/// Okta lists no sessions. What proves an end: nobody can begin a new one (the account is suspended)
/// and the log shows that all were cleared, with none begun after that.
async fn sessions(okta: &Okta, door: &Door, cx: Cx<'_>) -> Result<Probe> {
    let user = id(&door.native)?;
    let (status, mut evidence) = match okta.user(user, cx).await? {
        Read::Found(found, evidence) => (found.status, vec![evidence]),
        Read::Gone(evidence) => return Ok(closed("Okta has no such account.", evidence)),
        Read::Denied(denied) => return Ok(unknown(&denied)),
    };
    let now = cx.clock.now();
    let seen = door
        .detail
        .get("seen_at")
        .and_then(Value::as_str)
        .and_then(|text| text.parse::<Timestamp>().ok())
        .unwrap_or(now);
    let window = log::until_now(
        now,
        now.duration_since(seen.min(now)).saturating_add(BEFORE),
    );
    let seen = match log::sessions(okta, user, window, cx).await? {
        Ok(seen) => seen,
        Err(denied) => {
            let mut answer = unknown(&denied);
            answer.why = format!(
                "Only the System Log shows the end of sessions. {}",
                answer.why
            );
            return Ok(answer);
        }
    };
    let (state, why) = judge_sessions(status, &seen);
    evidence.extend(seen.evidence);
    Ok(probe(state, why, evidence))
}

fn judge_sessions(status: Status, seen: &Sessions) -> (DoorState, String) {
    let shut = matches!(status, Status::Suspended | Status::Deprovisioned);
    match (seen.cleared, seen.started) {
        (Some(cleared), Some(started)) if started >= cleared => (
            DoorState::Open,
            format!(
                "The log shows a sign-in at {} after the last clearing at {}.",
                utc(started),
                utc(cleared)
            ),
        ),
        (Some(cleared), _) if shut => (
            DoorState::Closed,
            format!(
                "The account is {} and the log shows that every session at Okta was cleared at {}, with no sign-in after that. Sessions inside apps are doors of their own.",
                status.word(),
                utc(cleared)
            ),
        ),
        (Some(cleared), _) => (
            DoorState::Unknown,
            format!(
                "The log shows a clearing at {} and no sign-in after it, but the account is {}: a new session can begin at any time and the log may be late.",
                utc(cleared),
                status.word()
            ),
        ),
        (None, Some(started)) if !shut => (
            DoorState::Open,
            format!(
                "The log shows a sign-in at {} and no clearing.",
                utc(started)
            ),
        ),
        (None, _) => (
            DoorState::Unknown,
            format!(
                "The account is {} and the log shows no clearing of its sessions yet; the log can be late, and Okta has no list of sessions.",
                status.word()
            ),
        ),
    }
}

async fn grant(okta: &Okta, door: &Door, cx: Cx<'_>) -> Result<Probe> {
    let (user, grant) = halves(door)?;
    Ok(
        match okta
            .api
            .read::<Grant>(&["users", user, "grants", id(grant)?], cx)
            .await?
        {
            Read::Found(found, evidence) if found.status == "REVOKED" => {
                closed("The grant is REVOKED.", evidence)
            }
            Read::Found(_, evidence) => open("The grant is there.", evidence),
            Read::Gone(evidence) => closed("Okta has no such grant.", evidence),
            Read::Denied(denied) => unknown(&denied),
        },
    )
}

async fn client_tokens(okta: &Okta, door: &Door, cx: Cx<'_>) -> Result<Probe> {
    let (user, client) = halves(door)?;
    let url = okta
        .api
        .url(&["users", user, "clients", id(client)?, "tokens"])?;
    let tokens = okta
        .api
        .list::<RefreshToken>("refresh tokens", url, cx)
        .await;
    if let Some(denied) = &tokens.denied {
        return Ok(match denied.status {
            404 | 410 => closed(
                "Okta knows no tokens of this client for the account.",
                denied.evidence.clone(),
            ),
            _ => unknown(denied),
        });
    }
    let live: Vec<_> = tokens
        .rows
        .iter()
        .filter(|row| row.value.status != "REVOKED")
        .collect();
    Ok(match live.first() {
        Some(row) => open(
            format!(
                "The client still has {} refresh tokens for the account.",
                live.len()
            ),
            row.evidence.clone(),
        ),
        None if tokens.completeness.complete => probe(
            DoorState::Closed,
            "The client has no refresh token for the account.",
            tokens.evidence,
        ),
        None => probe(
            DoorState::Unknown,
            tokens.completeness.gaps.join("; "),
            tokens.evidence,
        ),
    })
}

async fn api_token(okta: &Okta, door: &Door, cx: Cx<'_>) -> Result<Probe> {
    Ok(
        match okta
            .api
            .read::<ApiToken>(&["api-tokens", id(&door.native)?], cx)
            .await?
        {
            Read::Found(_, evidence) => open("The token is there.", evidence),
            Read::Gone(evidence) => closed("Okta has no such token.", evidence),
            Read::Denied(denied) => unknown(&denied),
        },
    )
}

async fn device(okta: &Okta, door: &Door, cx: Cx<'_>) -> Result<Probe> {
    Ok(
        match okta
            .api
            .read::<Device>(&["devices", id(&door.native)?], cx)
            .await?
        {
            Read::Found(found, evidence) => match found.status.as_str() {
                status @ ("SUSPENDED" | "DEACTIVATED") => {
                    closed(format!("The device is {status}."), evidence)
                }
                "ACTIVE" | "UNSUSPENDED" => open("The device is ACTIVE.", evidence),
                other => {
                    let why = format!(
                        "The device is {}, which this version does not know.",
                        label(other)
                    );
                    probe(DoorState::Unknown, why, vec![evidence])
                }
            },
            Read::Gone(evidence) => closed("Okta has no such device.", evidence),
            Read::Denied(denied) => unknown(&denied),
        },
    )
}

async fn admin_role(okta: &Okta, door: &Door, cx: Cx<'_>) -> Result<Probe> {
    let (user, key) = halves(door)?;
    Ok(match assignment(okta, user, key, cx).await? {
        Read::Found(Some(_), evidence) => open("The role is assigned.", evidence),
        Read::Found(None, evidence) => closed("The role is not assigned to the account.", evidence),
        Read::Gone(evidence) => closed("Okta has no such account.", evidence),
        Read::Denied(denied) => unknown(&denied),
    })
}

async fn group_role(okta: &Okta, door: &Door, cx: Cx<'_>) -> Result<Probe> {
    let (user, key) = halves(door)?;
    match okta
        .api
        .read::<Vec<Role>>(&["users", user, "roles"], cx)
        .await?
    {
        Read::Found(roles, evidence)
            if roles
                .iter()
                .any(|role| role.by_group() && role.key() == key) =>
        {
            through_account(
                okta,
                user,
                "The role still comes with a group",
                evidence,
                cx,
            )
            .await
        }
        Read::Found(_, evidence) => Ok(closed("No group gives the role to the account.", evidence)),
        Read::Gone(evidence) => Ok(closed("Okta has no such account.", evidence)),
        Read::Denied(denied) => Ok(unknown(&denied)),
    }
}

async fn factor(okta: &Okta, door: &Door, cx: Cx<'_>) -> Result<Probe> {
    let (user, factor) = halves(door)?;
    match okta
        .api
        .read::<Factor>(&["users", user, "factors", id(factor)?], cx)
        .await?
    {
        Read::Found(_, evidence) => {
            through_account(okta, user, "The factor is enrolled", evidence, cx).await
        }
        Read::Gone(evidence) => Ok(closed("Okta has no such factor.", evidence)),
        Read::Denied(denied) => Ok(unknown(&denied)),
    }
}

/// What only works through a sign-in is as closed as the account.
async fn through_account(
    okta: &Okta,
    user: &str,
    what: &str,
    seen: EvidenceId,
    cx: Cx<'_>,
) -> Result<Probe> {
    let mut answer = match okta.user(user, cx).await? {
        Read::Found(found, evidence) => account(&found, evidence),
        Read::Gone(evidence) => closed("Okta has no such account.", evidence),
        Read::Denied(denied) => unknown(&denied),
    };
    answer.why = format!("{what} and works only through a sign-in. {}", answer.why);
    answer.evidence.insert(0, seen);
    Ok(answer)
}

async fn app_session(okta: &Okta, door: &Door, cx: Cx<'_>) -> Result<Probe> {
    let (user, _) = halves(door)?;
    Ok(match okta.user(user, cx).await? {
        Read::Found(found, evidence) => {
            let why = format!(
                "Okta cannot see sessions inside the app. The account is {}; a session that began before lasts as long as the app lets it. Ask the app.",
                found.status.word()
            );
            probe(DoorState::Unknown, why, vec![evidence])
        }
        Read::Gone(evidence) => probe(
            DoorState::Unknown,
            "Okta cannot see sessions inside the app, and the account is gone. Ask the app.",
            vec![evidence],
        ),
        Read::Denied(denied) => unknown(&denied),
    })
}
