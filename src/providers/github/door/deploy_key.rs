//! Deploy keys: they belong to the repository and outlive everything that is done to the person.

use async_trait::async_trait;
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{GHEC, Keeper, detail, saved, unseen};
use crate::door::{Class, Door, DoorKind, DoorState, Link, Notifies, Order, Probe};
use crate::fault::Result;
use crate::provider::Closing;
use crate::providers::github::api::{Desk, Need, Walk, saw};
use crate::providers::github::survey::{Finding, Repo, Survey};

pub(super) const KIND: DoorKind = DoorKind {
    name: "github.deploy_key",
    title: "Deploy key that the account added to a repository",
    class: Class::Reversible,
    notifies: Notifies::No,
    residual: "None after the key is gone; what was cloned stays.",
    residual_minutes: None,
    order: Order::Simultaneous,
    close: Some("DELETE /repos/{owner}/{repo}/keys/{key_id}"),
    already_done: &["404"],
    probe: "GET /repos/{owner}/{repo}/keys lacks the key, whatever its id",
    undo: Some("POST /repos/{owner}/{repo}/keys"),
    after: &[],
    scope: "App: repository administration (write); token: repo",
    breaks: "Whatever deploys with the key stops. Putting it back gives it a new id and loses the time of its last use.",
    source: GHEC,
};

#[derive(Debug, Clone, Deserialize)]
struct Key {
    id: u64,
    #[serde(rename = "key")]
    public: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    read_only: bool,
    #[serde(default)]
    added_by: Option<String>,
    #[serde(default)]
    last_used: Option<String>,
    #[serde(default)]
    created_at: Option<String>,
    #[serde(default)]
    enabled: Option<bool>,
}

/// What is kept; enough to add the key again.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    repo: String,
    title: String,
    key: String,
    read_only: bool,
}

/// Algorithm and key, without the comment: what makes two keys the same key.
fn material(key: &str) -> String {
    key.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
}

async fn all(desk: Desk<'_>, repo: &str) -> Result<Walk<Key>> {
    let path = ["repos", &desk.api.org, repo, "keys"];
    desk.walk("deploy keys", Need::Any, &path, &[], None).await
}

/// How a key is tied to the account; `None` when somebody else added it.
fn tie(survey: &Survey<'_>, repo: &Repo, key: &Key) -> Option<Link> {
    match key.added_by.as_deref() {
        Some(login) if survey.is_login(login) => {
            let why = format!(
                "GitHub names the account as the one who added it{}.",
                key.created_at
                    .as_deref()
                    .map(|at| format!(" on {at}"))
                    .unwrap_or_default()
            );
            Some(Link::Record { why })
        }
        Some(_) => None,
        None => {
            let full = format!("{}/{}", survey.desk.api.org, repo.name);
            survey.records.link(
                survey.account,
                &survey.login,
                "public_key.create",
                |event| {
                    event
                        .text("repo")
                        .is_some_and(|name| name.eq_ignore_ascii_case(&full))
                        && (event.text("title") == Some(&key.title)
                            || event
                                .text("key")
                                .is_some_and(|k| material(k) == material(&key.public))
                            || event
                                .text("openssh_public_key")
                                .is_some_and(|k| material(k) == material(&key.public)))
                },
            )
        }
    }
}

pub(super) struct DeployKey;

#[async_trait]
impl Keeper for DeployKey {
    fn kind(&self) -> &'static DoorKind {
        &KIND
    }

    async fn find(&self, survey: &Survey<'_>) -> Result<Finding> {
        let (keys, read) = survey
            .per_repo::<Key>("deploy keys", Need::Any, &["keys"], &[], None)
            .await?;
        let mut finding = Finding {
            read: vec![read],
            ..Finding::default()
        };
        for (repo, item) in keys {
            let key = item.value;
            let Some(link) = tie(survey, repo, &key) else {
                continue;
            };
            let right = if key.read_only { "read" } else { "write" };
            let label = format!(
                "deploy key \u{201c}{}\u{201d} on {} ({right})",
                key.title, repo.name
            );
            let detail = json!({
                "repo": repo.name, "title": key.title, "key": key.public, "read_only": key.read_only,
                "added_by": key.added_by, "last_used": key.last_used, "created_at": key.created_at,
                "enabled": key.enabled,
            });
            let mut door = survey.door(&KIND, key.id, label, link, detail, &item.evidence);
            door.protected = door.protected.or_else(|| survey.protects(&key.title));
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
        // After an undo the key has another id: it is the key that has to go.
        let walk = all(desk, &kept.repo).await?;
        let same = walk
            .items
            .iter()
            .find(|item| material(&item.value.public) == material(&kept.key));
        let id = same.map_or_else(|| door.native.clone(), |item| item.value.id.to_string());
        let path = ["repos", &desk.api.org, &kept.repo, "keys", &id];
        desk.change(&KIND, Need::Any, Method::DELETE, &path, None)
            .await
    }

    async fn probe(&self, desk: Desk<'_>, door: &Door) -> Result<Probe> {
        let kept: Kept = detail(door)?;
        let walk = all(desk, &kept.repo).await?;
        let same = walk
            .items
            .iter()
            .find(|item| material(&item.value.public) == material(&kept.key));
        Ok(match same {
            Some(item) if item.value.enabled == Some(false) => saw(
                DoorState::Closed,
                "The key is switched off by the organization.",
                walk.evidence,
            ),
            Some(_) => saw(
                DoorState::Open,
                "The repository still accepts the key.",
                walk.evidence,
            ),
            None if walk.seen.complete => saw(
                DoorState::Closed,
                "The key is not in the complete list.",
                walk.evidence,
            ),
            None => unseen(&walk.seen.gaps, walk.evidence),
        })
    }

    async fn reopen(&self, desk: Desk<'_>, _door: &Door, undo: &Value) -> Result<Closing> {
        let kept: Kept = saved(undo)?;
        let walk = all(desk, &kept.repo).await?;
        if let Some(item) = walk
            .items
            .iter()
            .find(|item| material(&item.value.public) == material(&kept.key))
        {
            return Ok(Closing::AlreadyDone {
                evidence: item.evidence.clone(),
            });
        }
        let path = ["repos", &desk.api.org, &kept.repo, "keys"];
        let body = json!({ "title": kept.title, "key": kept.key, "read_only": kept.read_only });
        desk.change(&KIND, Need::Any, Method::POST, &path, Some(&body))
            .await
    }
}
