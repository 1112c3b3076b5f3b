//! Secrets that the account could have read: the rotation list. GitHub gives names, never values.

use async_trait::async_trait;
use futures::StreamExt as _;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{GHEC, Keeper, detail, unseen};
use crate::door::{Class, Door, DoorKind, DoorState, Link, Notifies, Order, Probe};
use crate::fault::Result;
use crate::id::EvidenceId;
use crate::provider::Completeness;
use crate::providers::github::api::{Desk, Need, Walk, saw};
use crate::providers::github::survey::{Finding, Repo, Survey, merged};

pub(super) const KIND: DoorKind = DoorKind {
    name: "github.secret",
    title: "Secret that the account could read through a workflow (to rotate)",
    class: Class::Irreversible,
    notifies: Notifies::No,
    residual: "The value works wherever it is accepted until it is rotated there.",
    residual_minutes: None,
    order: Order::Noisy,
    close: None,
    already_done: &[],
    probe: "the list of its store shows whether it was changed since; never more than unknown, the old value lives elsewhere",
    undo: None,
    after: &[],
    scope: "App: secrets, Dependabot secrets, Codespaces secrets, environments (read); token: repo, admin:org",
    breaks: "Rotate it where it is accepted, then store the new value under the same name.",
    source: GHEC,
};

#[derive(Debug, Clone, Deserialize)]
struct Listed {
    name: String,
    #[serde(default)]
    updated_at: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct Environment {
    name: String,
}

/// Where a secret is stored, and when it had been changed last.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    /// The address of the list, part by part.
    store: Vec<String>,
    name: String,
    updated_at: Option<String>,
}

fn need(store: &[String]) -> Need {
    let codespaces = store.iter().any(|part| part == "codespaces");
    let organization = store.first().is_some_and(|part| part == "orgs");
    if codespaces && organization {
        Need::Owner
    } else {
        Need::Any
    }
}

async fn all(desk: Desk<'_>, store: &[String]) -> Result<Walk<Listed>> {
    let path: Vec<&str> = store.iter().map(String::as_str).collect();
    desk.walk("secrets", need(store), &path, &[], Some("secrets"))
        .await
}

/// Whoever can push can run a workflow, and a workflow can read.
fn can_push(repo: &Repo) -> bool {
    repo.right
        .as_deref()
        .is_some_and(|right| matches!(right, "write" | "admin"))
}

fn parts(parts: &[&str]) -> Vec<String> {
    parts.iter().map(|part| (*part).to_owned()).collect()
}

/// The stores that the account could read, and what could not be listed.
async fn stores(survey: &Survey<'_>) -> Result<(Vec<Vec<String>>, Vec<(String, Completeness)>)> {
    let desk = survey.desk;
    let org = desk.api.org.as_str();
    let (mut stores, mut read) = (Vec::new(), Vec::new());
    let mut writable: Vec<&Repo> = Vec::new();
    for repo in &survey.repos {
        writable.extend(can_push(repo).then_some(repo));
    }
    if !writable.is_empty() {
        for store in ["actions", "dependabot", "codespaces"] {
            stores.push(parts(&["orgs", org, store, "secrets"]));
        }
    }
    for repo in writable {
        for store in ["actions", "dependabot", "codespaces"] {
            stores.push(parts(&["repos", org, &repo.name, store, "secrets"]));
        }
        let path = ["repos", org, &repo.name, "environments"];
        let walk: Walk<Environment> = desk
            .walk("environments", Need::Any, &path, &[], Some("environments"))
            .await?;
        for item in &walk.items {
            let name = &item.value.name;
            stores.push(parts(&[
                "repos",
                org,
                &repo.name,
                "environments",
                name,
                "secrets",
            ]));
        }
        read.push((format!("environments of {}", repo.name), walk.seen));
    }
    Ok((stores, read))
}

fn door(survey: &Survey<'_>, store: &[String], secret: Listed, evidence: &EvidenceId) -> Door {
    let place = store.join("/");
    let why = match store.first().map(String::as_str) {
        Some("orgs") => "The account could push to a repository of the organization.",
        _ => "The account could push to the repository, and its workflows can read it.",
    };
    let link = Link::Record {
        why: why.to_owned(),
    };
    let label = format!("secret {} in {place}", secret.name);
    let native = format!("{place}/{}", secret.name);
    let kept = Kept {
        store: store.to_vec(),
        name: secret.name,
        updated_at: secret.updated_at,
    };
    survey.door(&KIND, native, label, link, json!(kept), evidence)
}

pub(super) struct Secret;

#[async_trait]
impl Keeper for Secret {
    fn kind(&self) -> &'static DoorKind {
        &KIND
    }

    async fn find(&self, survey: &Survey<'_>) -> Result<Finding> {
        let (stores, mut read) = stores(survey).await?;
        let mut finding = Finding::default();
        let desk = survey.desk;
        let mut asked = Vec::new();
        for store in &stores {
            asked.push(async move { all(desk, store).await.map(|walk| (store, walk)) });
        }
        let walks: Vec<_> = futures::stream::iter(asked).buffered(8).collect().await;
        for walk in walks {
            let (store, walk) = walk?;
            for item in walk.items {
                finding
                    .doors
                    .push(door(survey, store, item.value, &item.evidence));
            }
            read.push((store.join("/"), walk.seen));
        }
        finding
            .read
            .push(merged("secrets that the account could read", read));
        Ok(finding)
    }

    async fn probe(&self, desk: Desk<'_>, door: &Door) -> Result<Probe> {
        let kept: Kept = detail(door)?;
        let walk = all(desk, &kept.store).await?;
        let listed = walk.items.iter().find(|item| item.value.name == kept.name);
        Ok(match listed {
            Some(item) if item.value.updated_at == kept.updated_at => {
                let why = "The secret has not been changed since the inventory.";
                saw(DoorState::Open, why, walk.evidence)
            }
            // Never closed: GitHub shows that its copy changed, not that the old value died.
            Some(_) => {
                let why = "The stored value was changed after the inventory; whether the old one is \
                           still accepted elsewhere cannot be seen here.";
                saw(DoorState::Unknown, why, walk.evidence)
            }
            None if walk.seen.complete => {
                let why = "The secret is stored here no more; whether the old value is still accepted \
                           elsewhere cannot be seen here.";
                saw(DoorState::Unknown, why, walk.evidence)
            }
            None => unseen(&walk.seen.gaps, walk.evidence),
        })
    }
}
