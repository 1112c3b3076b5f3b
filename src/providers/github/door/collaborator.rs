//! Direct access to one repository, of an outside collaborator or a member.
//!
//! Two kinds: removing somebody from a private repository deletes their fork of it, which is evidence
//! of what was copied and cannot be brought back.

use async_trait::async_trait;
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::invitation::invited;
use super::{GHEC, Keeper, and, detail, fork, saved, unseen};
use crate::door::{Class, Door, DoorKind, DoorState, Link, Notifies, Order, Probe};
use crate::fault::Result;
use crate::provider::Closing;
use crate::providers::github::api::{Desk, Login, Need, Walk, saw};
use crate::providers::github::survey::{Finding, Survey, right};

pub(super) const PLAIN: DoorKind = DoorKind {
    name: "github.collaborator",
    title: "Direct access of the account to a repository",
    class: Class::Reversible,
    notifies: Notifies::Yes,
    residual: "Rights change in the background, minutes; local clones stay.",
    residual_minutes: None,
    order: Order::Noisy,
    close: Some("DELETE /repos/{owner}/{repo}/collaborators/{username}"),
    already_done: &["404"],
    probe: "GET /repos/{owner}/{repo}/collaborators?affiliation=direct lacks it, and the effective right is none",
    undo: Some("PUT /repos/{owner}/{repo}/collaborators/{username}"),
    after: &[
        "github.sso_authorizations",
        "github.pat_grant",
        "github.codespace",
    ],
    scope: "App: repository administration (write); token: repo",
    breaks: "Issues get unassigned, invitations that the account sent are cancelled. Undo invites again.",
    source: GHEC,
};

pub(super) const FORKED: DoorKind = DoorKind {
    name: "github.collaborator_with_fork",
    title: "Direct access of the account to a private repository that it has forked",
    class: Class::Irreversible,
    breaks: "The account's fork is deleted: mirror it first. Issues get unassigned. Undo gives access back, not the fork.",
    ..PLAIN
};

#[derive(Debug, Clone, Deserialize)]
struct Listed {
    id: u64,
    #[serde(default)]
    role_name: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    repo: String,
    private: bool,
    role: String,
    /// A member keeps what teams and the organization grant until the membership ends.
    member: bool,
}

async fn direct(desk: Desk<'_>, repo: &str) -> Result<Walk<Listed>> {
    let path = ["repos", &desk.api.org, repo, "collaborators"];
    desk.walk(
        "direct collaborators",
        Need::Any,
        &path,
        &[("affiliation", "direct")],
        None,
    )
    .await
}

/// Lists name roles otherwise than the call that gives them.
fn asked(role: &str) -> &str {
    match role {
        "read" => "pull",
        "write" => "push",
        other => other,
    }
}

/// The repositories of one of the two kinds.
pub(super) struct Collaborator {
    pub(super) kind: &'static DoorKind,
}

#[async_trait]
impl Keeper for Collaborator {
    fn kind(&self) -> &'static DoorKind {
        self.kind
    }

    async fn find(&self, survey: &Survey<'_>) -> Result<Finding> {
        // Both kinds come from one reading; the second would only repeat it.
        if self.kind.name == FORKED.name {
            return Ok(Finding::default());
        }
        let query = [("affiliation", "direct")];
        let (listed, read) = survey
            .per_repo::<Listed>(
                "direct collaborators",
                Need::Any,
                &["collaborators"],
                &query,
                None,
            )
            .await?;
        let mut finding = Finding {
            read: vec![read],
            ..Finding::default()
        };
        for (repo, item) in &listed {
            if item.value.id.to_string() != survey.account.id {
                continue;
            }
            let forks = if repo.private {
                fork::of(survey.desk, &repo.name, &survey.account.id).await?
            } else {
                Vec::new()
            };
            let kind = if forks.is_empty() { &PLAIN } else { &FORKED };
            let role = item
                .value
                .role_name
                .clone()
                .unwrap_or_else(|| "read".to_owned());
            let label = format!(
                "direct access of {} to {} ({role})",
                survey.login, repo.name
            );
            let kept = Kept {
                repo: repo.name.clone(),
                private: repo.private,
                role,
                member: survey.place.is_some(),
            };
            let detail = and(&kept, json!({ "forks": forks }));
            let native = format!("{}:{}", repo.id, survey.account.id);
            let door = survey.door(kind, native, label, Link::Owner, detail, &item.evidence);
            finding.doors.push(door);
        }
        Ok(finding)
    }

    fn undo(&self, door: &Door) -> Option<Value> {
        let kept: Kept = detail(door).ok()?;
        serde_json::to_value(kept).ok()
    }

    async fn close(&self, desk: Desk<'_>, door: &Door) -> Result<Closing> {
        let kept: Kept = detail(door)?;
        let login = match desk.login(&door.account).await? {
            Login::Now(login, _) => login,
            Login::Lost(why, evidence) => return Ok(Closing::Refused { why, evidence }),
        };
        let path = ["repos", &desk.api.org, &kept.repo, "collaborators", &login];
        desk.change(self.kind, Need::Any, Method::DELETE, &path, None)
            .await
    }

    async fn probe(&self, desk: Desk<'_>, door: &Door) -> Result<Probe> {
        let kept: Kept = detail(door)?;
        let walk = direct(desk, &kept.repo).await?;
        let mut evidence = walk.evidence;
        if walk
            .items
            .iter()
            .any(|item| item.value.id.to_string() == door.account)
        {
            return Ok(saw(
                DoorState::Open,
                "The account has direct access.",
                evidence,
            ));
        }
        if !walk.seen.complete {
            return Ok(unseen(&walk.seen.gaps, evidence));
        }
        if !kept.private || kept.member {
            let why = "The account has no direct access; what a membership grants ends with it.";
            return Ok(saw(DoorState::Closed, why, evidence));
        }
        let login = match desk.login(&door.account).await? {
            Login::Now(login, _) => login,
            Login::Lost(why, _) => return Ok(saw(DoorState::Unknown, why, evidence)),
        };
        let right = right(desk, &kept.repo, &login).await?;
        evidence.extend(right.evidence);
        Ok(match (right.permission.as_deref(), right.gap) {
            (Some("none"), _) => saw(
                DoorState::Closed,
                "The account has no right on the repository.",
                evidence,
            ),
            (Some(right), _) => saw(
                DoorState::Open,
                format!("The effective right is still {}.", right.escape_debug()),
                evidence,
            ),
            (None, gap) => saw(DoorState::Unknown, gap.unwrap_or_default(), evidence),
        })
    }

    async fn reopen(&self, desk: Desk<'_>, door: &Door, undo: &Value) -> Result<Closing> {
        let kept: Kept = saved(undo)?;
        let walk = direct(desk, &kept.repo).await?;
        if let Some(item) = walk
            .items
            .iter()
            .find(|item| item.value.id.to_string() == door.account)
        {
            return Ok(Closing::AlreadyDone {
                evidence: item.evidence.clone(),
            });
        }
        // Invited before and not accepted yet: another invitation would only be another mail.
        if let Some(evidence) = invited(desk, &kept.repo, &door.account).await? {
            return Ok(Closing::AlreadyDone { evidence });
        }
        let login = match desk.login(&door.account).await? {
            Login::Now(login, _) => login,
            Login::Lost(why, evidence) => return Ok(Closing::Refused { why, evidence }),
        };
        let path = ["repos", &desk.api.org, &kept.repo, "collaborators", &login];
        let body = json!({ "permission": asked(&kept.role) });
        desk.change(self.kind, Need::Any, Method::PUT, &path, Some(&body))
            .await
    }
}
