//! Webhooks of the organization and of repositories: switched off, never deleted.

use async_trait::async_trait;
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{GHEC, Keeper, detail, saved, unseen};
use crate::door::{Class, Door, DoorKind, DoorState, Notifies, Order, Probe};
use crate::fault::Result;
use crate::id::EvidenceId;
use crate::provider::Closing;
use crate::providers::github::api::{Desk, Need, Walk, saw};
use crate::providers::github::survey::{Finding, Survey};

pub(super) const ORG: DoorKind = DoorKind {
    name: "github.org_hook",
    title: "Webhook of the organization",
    class: Class::Reversible,
    notifies: Notifies::No,
    residual: "Deliveries that are under way, minutes.",
    residual_minutes: None,
    order: Order::Simultaneous,
    close: Some("PATCH /orgs/{org}/hooks/{hook_id}"),
    already_done: &["404"],
    probe: "GET /orgs/{org}/hooks shows it inactive, or lacks it",
    undo: Some("PATCH /orgs/{org}/hooks/{hook_id}"),
    after: &[],
    scope: "App: organization webhooks (write); token: admin:org_hook",
    breaks: "Whatever listens to the webhook hears nothing; events of that time are not delivered later.",
    source: GHEC,
};

pub(super) const REPO: DoorKind = DoorKind {
    name: "github.repo_hook",
    title: "Webhook of a repository",
    close: Some("PATCH /repos/{owner}/{repo}/hooks/{hook_id}"),
    probe: "GET /repos/{owner}/{repo}/hooks shows it inactive, or lacks it",
    undo: Some("PATCH /repos/{owner}/{repo}/hooks/{hook_id}"),
    scope: "App: repository webhooks (write); token: repo or admin:repo_hook",
    ..ORG
};

/// Where they are listed, below the organization or a repository.
const TAIL: &[&str] = &["hooks"];

#[derive(Debug, Clone, Deserialize)]
struct Listed {
    id: u64,
    active: bool,
    #[serde(default)]
    events: Vec<String>,
    #[serde(default)]
    config: Config,
    #[serde(default)]
    created_at: Option<String>,
}

/// The rest of the configuration may hold a masked secret and is not kept.
#[derive(Debug, Clone, Default, Deserialize)]
struct Config {
    #[serde(default)]
    url: Option<String>,
}

/// What is kept; `repo` is empty for a webhook of the organization.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    #[serde(default)]
    repo: Option<String>,
    active: bool,
}

impl Kept {
    fn path<'a>(&'a self, desk: &Desk<'a>) -> Vec<&'a str> {
        desk.place(self.repo.as_deref(), TAIL)
    }
}

/// The webhooks of one of the two places.
pub(super) struct Hook {
    pub(super) kind: &'static DoorKind,
}

impl Hook {
    fn add(
        &self,
        survey: &Survey<'_>,
        repo: Option<&str>,
        hook: &Listed,
        evidence: &EvidenceId,
        finding: &mut Finding,
    ) {
        let link = survey
            .records
            .link(survey.account, &survey.login, "hook.create", |event| {
                event.number("hook_id") == Some(hook.id)
            });
        let Some(link) = link else { return };
        let full = hook.config.url.as_deref().unwrap_or("an unknown address");
        let url = crate::evidence::address(full);
        let place = repo.unwrap_or("the organization");
        let label = format!("webhook of {place} to {url}");
        let detail = json!({
            "repo": repo, "active": hook.active, "url": url, "events": hook.events,
            "created_at": hook.created_at,
        });
        let mut door = survey.door(self.kind, hook.id, label, link, detail, evidence);
        door.protected = door.protected.or_else(|| survey.protects(full));
        finding.doors.push(door);
    }

    async fn set(&self, desk: Desk<'_>, door: &Door, kept: &Kept, active: bool) -> Result<Closing> {
        let mut path = kept.path(&desk);
        path.push(&door.native);
        // Nothing but `active`: an update of `config` without the secret would remove the secret.
        let body = json!({ "active": active });
        desk.change(self.kind, Need::Any, Method::PATCH, &path, Some(&body))
            .await
    }
}

#[async_trait]
impl Keeper for Hook {
    fn kind(&self) -> &'static DoorKind {
        self.kind
    }

    async fn find(&self, survey: &Survey<'_>) -> Result<Finding> {
        let of_org = self.kind.name == ORG.name;
        let (hooks, read) = survey
            .of_org_or_repos(of_org, "webhooks", TAIL, None)
            .await?;
        let mut finding = Finding::default();
        for (repo, item) in &hooks {
            self.add(survey, *repo, &item.value, &item.evidence, &mut finding);
        }
        finding.read.push(read);
        Ok(finding)
    }

    fn undo(&self, door: &Door) -> Option<Value> {
        let kept: Kept = detail(door).ok()?;
        serde_json::to_value(kept).ok()
    }

    async fn close(&self, desk: Desk<'_>, door: &Door) -> Result<Closing> {
        self.set(desk, door, &detail(door)?, false).await
    }

    async fn probe(&self, desk: Desk<'_>, door: &Door) -> Result<Probe> {
        let kept: Kept = detail(door)?;
        // The list, not the single webhook: a 404 could also mean that we may not look.
        let walk: Walk<Listed> = desk
            .walk("webhooks", Need::Any, &kept.path(&desk), &[], None)
            .await?;
        let listed = walk
            .items
            .iter()
            .find(|item| item.value.id.to_string() == door.native);
        Ok(match listed {
            Some(item) if item.value.active => {
                saw(DoorState::Open, "The webhook is active.", walk.evidence)
            }
            Some(_) => saw(
                DoorState::Closed,
                "The webhook is switched off.",
                walk.evidence,
            ),
            None if walk.seen.complete => saw(
                DoorState::Closed,
                "The webhook is not in the complete list.",
                walk.evidence,
            ),
            None => unseen(&walk.seen.gaps, walk.evidence),
        })
    }

    async fn reopen(&self, desk: Desk<'_>, door: &Door, undo: &Value) -> Result<Closing> {
        let kept: Kept = saved(undo)?;
        let closing = self.set(desk, door, &kept, kept.active).await?;
        Ok(match closing {
            // Gone is not "restored before we came".
            Closing::AlreadyDone { evidence } => Closing::Refused {
                why: "The webhook was deleted; it has to be made again by hand.".to_owned(),
                evidence: Some(evidence),
            },
            other => other,
        })
    }
}
