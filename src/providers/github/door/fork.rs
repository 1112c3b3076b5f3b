//! Forks of private repositories under the account: what public advisories describe as the usual copy.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{GHEC, Keeper, and, detail, unseen};
use crate::door::{Class, Door, DoorKind, DoorState, Link, Notifies, Order, Probe};
use crate::fault::Result;
use crate::providers::github::User;
use crate::providers::github::api::{Desk, Need, Walk, saw};
use crate::providers::github::survey::{Finding, Survey};

pub(super) const KIND: DoorKind = DoorKind {
    name: "github.fork",
    title: "Fork of a private repository under the account",
    class: Class::Irreversible,
    notifies: Notifies::Unknown,
    residual: "Clones of the fork stay.",
    residual_minutes: None,
    order: Order::Noisy,
    close: None,
    already_done: &[],
    probe: "GET /repos/{owner}/{repo}/forks lacks it",
    undo: None,
    after: &[],
    scope: "App: repository contents (read); token: repo",
    breaks: "Mirror the fork first: the end of a membership hides it, the end of direct access deletes it.",
    source: GHEC,
};

#[derive(Debug, Clone, Deserialize)]
struct Listed {
    id: u64,
    full_name: String,
    owner: User,
    #[serde(default)]
    pushed_at: Option<String>,
    #[serde(default)]
    created_at: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    repo: String,
    fork: String,
}

async fn all(desk: Desk<'_>, repo: &str) -> Result<Walk<Listed>> {
    let path = ["repos", &desk.api.org, repo, "forks"];
    desk.walk("forks", Need::Any, &path, &[], None).await
}

/// The names of the account's forks of a repository.
pub(super) async fn of(desk: Desk<'_>, repo: &str, account: &str) -> Result<Vec<String>> {
    let walk = all(desk, repo).await?;
    Ok(walk
        .items
        .into_iter()
        .filter(|item| item.value.owner.id.to_string() == account)
        .map(|item| item.value.full_name)
        .collect())
}

pub(super) struct Fork;

#[async_trait]
impl Keeper for Fork {
    fn kind(&self) -> &'static DoorKind {
        &KIND
    }

    async fn find(&self, survey: &Survey<'_>) -> Result<Finding> {
        let (forks, read) = survey
            .per_repo::<Listed>("forks", Need::Any, &["forks"], &[], None)
            .await?;
        let mut finding = Finding {
            read: vec![read],
            ..Finding::default()
        };
        for (repo, item) in &forks {
            let fork = &item.value;
            if !repo.private || !survey.is_account(Some(&fork.owner)) {
                continue;
            }
            let kept = Kept {
                repo: repo.name.clone(),
                fork: fork.full_name.clone(),
            };
            let times = json!({ "created_at": fork.created_at, "pushed_at": fork.pushed_at });
            let detail = and(&kept, times);
            let label = format!("fork {} of the private {}", fork.full_name, repo.name);
            let door = survey.door(&KIND, fork.id, label, Link::Owner, detail, &item.evidence);
            finding.doors.push(door);
        }
        Ok(finding)
    }

    async fn probe(&self, desk: Desk<'_>, door: &Door) -> Result<Probe> {
        let kept: Kept = detail(door)?;
        let walk = all(desk, &kept.repo).await?;
        let listed = walk
            .items
            .iter()
            .any(|item| item.value.id.to_string() == door.native);
        Ok(if listed {
            saw(DoorState::Open, "The fork exists.", walk.evidence)
        } else if walk.seen.complete {
            saw(
                DoorState::Closed,
                "The fork is not in the complete list.",
                walk.evidence,
            )
        } else {
            unseen(&walk.seen.gaps, walk.evidence)
        })
    }
}
