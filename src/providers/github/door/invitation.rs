//! Invitations that the account holds or sent; a second account may come in by one.

use async_trait::async_trait;
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{GHEC, Keeper, and, detail, saved, unseen};
use crate::door::{Class, Door, DoorKind, DoorState, Link, Notifies, Order, Probe};
use crate::fault::Result;
use crate::id::EvidenceId;
use crate::provider::Closing;
use crate::providers::github::User;
use crate::providers::github::api::{Desk, Login, Need, Walk, saw};
use crate::providers::github::survey::{Finding, Survey};

pub(super) const ORG: DoorKind = DoorKind {
    name: "github.invitation",
    title: "Open invitation to the organization that the account holds or sent",
    class: Class::Reversible,
    notifies: Notifies::Yes,
    residual: "None.",
    residual_minutes: None,
    order: Order::Noisy,
    close: Some("DELETE /orgs/{org}/invitations/{invitation_id}"),
    already_done: &["404"],
    probe: "GET /orgs/{org}/invitations lacks the invited one",
    undo: Some("POST /orgs/{org}/invitations"),
    after: &[],
    scope: "App: organization members (write); token: admin:org",
    breaks: "Whoever was invited cannot accept; a new invitation has a new id and is sent by mail.",
    source: GHEC,
};

pub(super) const REPO: DoorKind = DoorKind {
    name: "github.repo_invitation",
    title: "Open invitation to a repository that the account holds or sent",
    notifies: Notifies::Unknown,
    close: Some("DELETE /repos/{owner}/{repo}/invitations/{invitation_id}"),
    probe: "GET /repos/{owner}/{repo}/invitations lacks the invited one",
    undo: Some("PUT /repos/{owner}/{repo}/collaborators/{username}"),
    scope: "App: repository administration (write); token: repo",
    ..ORG
};

/// Held when the account is invited; sent when it invited somebody.
fn tie(survey: &Survey<'_>, held: bool, inviter: Option<&User>) -> Option<Link> {
    if held {
        return Some(Link::Owner);
    }
    survey.is_account(inviter).then(|| Link::Record {
        why: "GitHub names the account as the one who invited.".to_owned(),
    })
}

#[derive(Debug, Clone, Deserialize)]
struct ToOrg {
    id: u64,
    #[serde(default)]
    login: Option<String>,
    #[serde(default)]
    email: Option<String>,
    role: String,
    #[serde(default)]
    inviter: Option<User>,
}

/// What is kept; `invitee_id` or `email` names the invited one.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct OrgKept {
    login: Option<String>,
    email: Option<String>,
    invitee_id: Option<u64>,
    role: String,
    teams: Vec<u64>,
}

impl OrgKept {
    fn names(&self, other: &ToOrg) -> bool {
        let same = |a: &Option<String>, b: &Option<String>| matches!((a, b), (Some(a), Some(b)) if a.eq_ignore_ascii_case(b));
        same(&self.login, &other.login) || (self.login.is_none() && same(&self.email, &other.email))
    }
}

async fn all(desk: Desk<'_>) -> Result<Walk<ToOrg>> {
    let path = ["orgs", &desk.api.org, "invitations"];
    desk.walk(
        "invitations to the organization",
        Need::Any,
        &path,
        &[],
        None,
    )
    .await
}

/// The teams of an invitation, for the way back.
async fn teams(desk: Desk<'_>, id: u64) -> Result<Walk<Team>> {
    let id = id.to_string();
    let path = ["orgs", &desk.api.org, "invitations", &id, "teams"];
    desk.walk("teams of an invitation", Need::Any, &path, &[], None)
        .await
}

#[derive(Debug, Clone, Deserialize)]
struct Team {
    id: u64,
}

pub(super) struct OrgInvitation;

#[async_trait]
impl Keeper for OrgInvitation {
    fn kind(&self) -> &'static DoorKind {
        &ORG
    }

    async fn find(&self, survey: &Survey<'_>) -> Result<Finding> {
        let walk = all(survey.desk).await?;
        let mut finding = Finding::default();
        for item in &walk.items {
            let open = &item.value;
            let held = open
                .login
                .as_deref()
                .is_some_and(|login| survey.is_login(login));
            let Some(link) = tie(survey, held, open.inviter.as_ref()) else {
                continue;
            };
            let teams = teams(survey.desk, open.id).await?;
            if !teams.seen.complete {
                finding.read.push(teams.seen);
            }
            let invitee_id = match &open.login {
                Some(login) => super::super::resolve::id_of(survey.desk, login).await?,
                None => None,
            };
            let kept = OrgKept {
                login: open.login.clone(),
                email: open.email.clone(),
                invitee_id,
                role: open.role.clone(),
                teams: teams.items.iter().map(|team| team.value.id).collect(),
            };
            let whom = open
                .login
                .as_deref()
                .or(open.email.as_deref())
                .unwrap_or("somebody");
            let label = format!("invitation of {whom} to the organization as {}", open.role);
            let mut door = survey.door(&ORG, open.id, label, link, json!(kept), &item.evidence);
            door.protected = door.protected.or_else(|| survey.protects(whom));
            finding.doors.push(door);
        }
        finding.read.push(walk.seen);
        Ok(finding)
    }

    fn undo(&self, door: &Door) -> Option<Value> {
        let kept: OrgKept = detail(door).ok()?;
        serde_json::to_value(kept).ok()
    }

    async fn close(&self, desk: Desk<'_>, door: &Door) -> Result<Closing> {
        let kept: OrgKept = detail(door)?;
        // After an undo the same person is invited under another id.
        let walk = all(desk).await?;
        let same = walk.items.iter().find(|item| kept.names(&item.value));
        let id = same.map_or_else(|| door.native.clone(), |item| item.value.id.to_string());
        let path = ["orgs", &desk.api.org, "invitations", &id];
        desk.change(&ORG, Need::Any, Method::DELETE, &path, None)
            .await
    }

    async fn probe(&self, desk: Desk<'_>, door: &Door) -> Result<Probe> {
        let kept: OrgKept = detail(door)?;
        let walk = all(desk).await?;
        let open = walk
            .items
            .iter()
            .any(|item| item.value.id.to_string() == door.native || kept.names(&item.value));
        Ok(if open {
            saw(DoorState::Open, "The invitation is open.", walk.evidence)
        } else if walk.seen.complete {
            let why = "No invitation of that person is in the complete list.";
            saw(DoorState::Closed, why, walk.evidence)
        } else {
            unseen(&walk.seen.gaps, walk.evidence)
        })
    }

    async fn reopen(&self, desk: Desk<'_>, _door: &Door, undo: &Value) -> Result<Closing> {
        let kept: OrgKept = saved(undo)?;
        let walk = all(desk).await?;
        if let Some(item) = walk.items.iter().find(|item| kept.names(&item.value)) {
            return Ok(Closing::AlreadyDone {
                evidence: item.evidence.clone(),
            });
        }
        let whom = match (kept.invitee_id, &kept.email) {
            (Some(id), _) => json!({ "invitee_id": id }),
            (None, Some(email)) => json!({ "email": email }),
            (None, None) => {
                let why = "Neither an account id nor an address of the invited one was kept.";
                return Ok(Closing::Refused {
                    why: why.to_owned(),
                    evidence: None,
                });
            }
        };
        let body = and(&whom, json!({ "role": kept.role, "team_ids": kept.teams }));
        let path = ["orgs", &desk.api.org, "invitations"];
        desk.change(&ORG, Need::Any, Method::POST, &path, Some(&body))
            .await
    }
}

#[derive(Debug, Clone, Deserialize)]
struct ToRepo {
    id: u64,
    permissions: String,
    #[serde(default)]
    invitee: Option<User>,
    #[serde(default)]
    inviter: Option<User>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct RepoKept {
    repo: String,
    invitee_id: u64,
    permission: String,
}

async fn all_of(desk: Desk<'_>, repo: &str) -> Result<Walk<ToRepo>> {
    let path = ["repos", &desk.api.org, repo, "invitations"];
    desk.walk("invitations to a repository", Need::Any, &path, &[], None)
        .await
}

/// The answer that shows an open invitation of an account to a repository.
pub(super) async fn invited(
    desk: Desk<'_>,
    repo: &str,
    account: &str,
) -> Result<Option<EvidenceId>> {
    let walk = all_of(desk, repo).await?;
    let same = |user: &User| user.id.to_string() == account;
    let open = walk
        .items
        .into_iter()
        .find(|item| item.value.invitee.as_ref().is_some_and(same));
    Ok(open.map(|item| item.evidence))
}

/// Invitations name rights otherwise than the call that makes them.
fn asked(permission: &str) -> &str {
    match permission {
        "read" => "pull",
        "write" => "push",
        other => other,
    }
}

pub(super) struct RepoInvitation;

#[async_trait]
impl Keeper for RepoInvitation {
    fn kind(&self) -> &'static DoorKind {
        &REPO
    }

    async fn find(&self, survey: &Survey<'_>) -> Result<Finding> {
        let (open, read) = survey
            .per_repo::<ToRepo>("invitations", Need::Any, &["invitations"], &[], None)
            .await?;
        let mut finding = Finding {
            read: vec![read],
            ..Finding::default()
        };
        for (repo, item) in &open {
            let held = survey.is_account(item.value.invitee.as_ref());
            let Some(link) = tie(survey, held, item.value.inviter.as_ref()) else {
                continue;
            };
            let Some(invitee) = &item.value.invitee else {
                continue;
            };
            let label = format!(
                "invitation of {} to {} ({})",
                invitee.login, repo.name, item.value.permissions
            );
            let kept = RepoKept {
                repo: repo.name.clone(),
                invitee_id: invitee.id,
                permission: item.value.permissions.clone(),
            };
            let mut door = survey.door(
                &REPO,
                item.value.id,
                label,
                link,
                json!(kept),
                &item.evidence,
            );
            door.protected = door.protected.or_else(|| survey.protects(&invitee.login));
            finding.doors.push(door);
        }
        Ok(finding)
    }

    fn undo(&self, door: &Door) -> Option<Value> {
        let kept: RepoKept = detail(door).ok()?;
        serde_json::to_value(kept).ok()
    }

    async fn close(&self, desk: Desk<'_>, door: &Door) -> Result<Closing> {
        let kept: RepoKept = detail(door)?;
        let walk = all_of(desk, &kept.repo).await?;
        let same = walk.items.iter().find(|item| {
            item.value
                .invitee
                .as_ref()
                .is_some_and(|user| user.id == kept.invitee_id)
        });
        let id = same.map_or_else(|| door.native.clone(), |item| item.value.id.to_string());
        let path = ["repos", &desk.api.org, &kept.repo, "invitations", &id];
        desk.change(&REPO, Need::Any, Method::DELETE, &path, None)
            .await
    }

    async fn probe(&self, desk: Desk<'_>, door: &Door) -> Result<Probe> {
        let kept: RepoKept = detail(door)?;
        let walk = all_of(desk, &kept.repo).await?;
        let open = walk.items.iter().any(|item| {
            item.value.id.to_string() == door.native
                || item
                    .value
                    .invitee
                    .as_ref()
                    .is_some_and(|user| user.id == kept.invitee_id)
        });
        Ok(if open {
            saw(DoorState::Open, "The invitation is open.", walk.evidence)
        } else if walk.seen.complete {
            let why = "No invitation of that person is in the complete list.";
            saw(DoorState::Closed, why, walk.evidence)
        } else {
            unseen(&walk.seen.gaps, walk.evidence)
        })
    }

    async fn reopen(&self, desk: Desk<'_>, _door: &Door, undo: &Value) -> Result<Closing> {
        let kept: RepoKept = saved(undo)?;
        let account = kept.invitee_id.to_string();
        if let Some(evidence) = invited(desk, &kept.repo, &account).await? {
            return Ok(Closing::AlreadyDone { evidence });
        }
        let login = match desk.login(&account).await? {
            Login::Now(login, _) => login,
            Login::Lost(why, evidence) => return Ok(Closing::Refused { why, evidence }),
        };
        let path = ["repos", &desk.api.org, &kept.repo, "collaborators", &login];
        let body = json!({ "permission": asked(&kept.permission) });
        desk.change(&REPO, Need::Any, Method::PUT, &path, Some(&body))
            .await
    }
}
