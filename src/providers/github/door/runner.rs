//! Self-hosted runners: a machine that runs the organization's jobs, often with its secrets.

use async_trait::async_trait;
use http::Method;
use serde::Deserialize;
use serde_json::json;

use super::{GHEC, Keeper, detail, unseen};
use crate::door::{Class, Door, DoorKind, DoorState, Notifies, Order, Probe};
use crate::fault::Result;
use crate::id::EvidenceId;
use crate::provider::Closing;
use crate::providers::github::api::{Desk, Need, Walk, saw};
use crate::providers::github::survey::{Finding, Survey};

pub(super) const ORG: DoorKind = DoorKind {
    name: "github.org_runner",
    title: "Self-hosted runner of the organization",
    class: Class::Irreversible,
    notifies: Notifies::Yes,
    residual: "A job that runs keeps its secrets; the machine keeps what it fetched.",
    residual_minutes: None,
    order: Order::Simultaneous,
    close: Some("DELETE /orgs/{org}/actions/runners/{runner_id}"),
    already_done: &["404"],
    probe: "GET /orgs/{org}/actions/runners lacks it",
    undo: None,
    after: &[],
    scope: "App: organization self-hosted runners (write); token: admin:org",
    breaks: "Jobs that need its labels wait. Registering it again takes the machine and a new token.",
    source: GHEC,
};

pub(super) const REPO: DoorKind = DoorKind {
    name: "github.repo_runner",
    title: "Self-hosted runner of a repository",
    close: Some("DELETE /repos/{owner}/{repo}/actions/runners/{runner_id}"),
    probe: "GET /repos/{owner}/{repo}/actions/runners lacks it",
    scope: "App: repository administration (write); token: repo",
    ..ORG
};

/// Where they are listed, below the organization or a repository.
const TAIL: &[&str] = &["actions", "runners"];

#[derive(Debug, Clone, Deserialize)]
struct Listed {
    id: u64,
    name: String,
    #[serde(default)]
    os: Option<String>,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    busy: bool,
    #[serde(default)]
    ephemeral: Option<bool>,
}

/// Runner ids are unique in one place only.
#[derive(Debug, Clone, Deserialize)]
struct Kept {
    #[serde(default)]
    repo: Option<String>,
    runner_id: u64,
}

impl Kept {
    fn path<'a>(&'a self, desk: &Desk<'a>) -> Vec<&'a str> {
        desk.place(self.repo.as_deref(), TAIL)
    }
}

/// The runners of one of the two places.
pub(super) struct Runner {
    pub(super) kind: &'static DoorKind,
}

impl Runner {
    fn add(
        &self,
        survey: &Survey<'_>,
        repo: Option<&str>,
        runner: &Listed,
        evidence: &EvidenceId,
        finding: &mut Finding,
    ) {
        let action = match repo {
            Some(_) => "repo.register_self_hosted_runner",
            None => "org.register_self_hosted_runner",
        };
        let full = repo.map(|repo| format!("{}/{repo}", survey.desk.api.org));
        let link = survey
            .records
            .link(survey.account, &survey.login, action, |event| {
                let here = full
                    .as_ref()
                    .is_none_or(|full| event.text("repo") == Some(full));
                let id = event.number("runner_id");
                here && match id {
                    Some(id) => id == runner.id,
                    None => event.text("runner_name") == Some(&runner.name),
                }
            });
        let Some(link) = link else { return };
        let native = format!("{}:{}", repo.unwrap_or_default(), runner.id);
        let label = format!(
            "self-hosted runner {} of {}",
            runner.name,
            repo.unwrap_or("the organization")
        );
        let detail = json!({
            "repo": repo, "runner_id": runner.id, "name": runner.name, "os": runner.os,
            "status": runner.status, "busy": runner.busy, "ephemeral": runner.ephemeral,
        });
        let mut door = survey.door(self.kind, native, label, link, detail, evidence);
        door.protected = door.protected.or_else(|| survey.protects(&runner.name));
        finding.doors.push(door);
    }
}

#[async_trait]
impl Keeper for Runner {
    fn kind(&self) -> &'static DoorKind {
        self.kind
    }

    async fn find(&self, survey: &Survey<'_>) -> Result<Finding> {
        let of_org = self.kind.name == ORG.name;
        let (runners, read) = survey
            .of_org_or_repos(of_org, "runners", TAIL, Some("runners"))
            .await?;
        let mut finding = Finding::default();
        for (repo, item) in &runners {
            self.add(survey, *repo, &item.value, &item.evidence, &mut finding);
        }
        finding.read.push(read);
        Ok(finding)
    }

    async fn close(&self, desk: Desk<'_>, door: &Door) -> Result<Closing> {
        let kept: Kept = detail(door)?;
        let id = kept.runner_id.to_string();
        let mut path = kept.path(&desk);
        path.push(&id);
        let closing = desk
            .change(self.kind, Need::Any, Method::DELETE, &path, None)
            .await?;
        Ok(match closing {
            // GitHub refuses with 422 while a job runs.
            Closing::Refused { why, evidence } if why.contains(" 422 ") => {
                let why =
                    format!("{why} A busy runner cannot be removed: cancel its job, then repeat.");
                Closing::Refused { why, evidence }
            }
            other => other,
        })
    }

    async fn probe(&self, desk: Desk<'_>, door: &Door) -> Result<Probe> {
        let kept: Kept = detail(door)?;
        let walk: Walk<Listed> = desk
            .walk(
                "runners",
                Need::Any,
                &kept.path(&desk),
                &[],
                Some("runners"),
            )
            .await?;
        let listed = walk
            .items
            .iter()
            .find(|item| item.value.id == kept.runner_id);
        Ok(match listed {
            Some(item) => {
                let doing = if item.value.busy {
                    "runs a job"
                } else {
                    "is registered"
                };
                saw(
                    DoorState::Open,
                    format!("The runner {doing}."),
                    walk.evidence,
                )
            }
            None if walk.seen.complete => saw(
                DoorState::Closed,
                "The runner is not in the complete list.",
                walk.evidence,
            ),
            None => unseen(&walk.seen.gaps, walk.evidence),
        })
    }
}
