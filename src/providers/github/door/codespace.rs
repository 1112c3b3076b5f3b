//! Codespaces: a machine in GitHub's cloud with a checkout. Stopped, never deleted: the disk is evidence.

use async_trait::async_trait;
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{GHEC, Keeper, unseen};
use crate::door::{Class, Door, DoorKind, DoorState, Link, Notifies, Order, Probe};
use crate::fault::Result;
use crate::provider::Closing;
use crate::providers::github::User;
use crate::providers::github::api::{Desk, Login, Need, Walk, saw};
use crate::providers::github::survey::{Finding, Survey};

pub(super) const KIND: DoorKind = DoorKind {
    name: "github.codespace",
    title: "Codespace of the account",
    class: Class::Redoable,
    notifies: Notifies::Yes,
    residual: "The account can start it again until its membership ends.",
    residual_minutes: None,
    order: Order::Simultaneous,
    close: Some("POST /orgs/{org}/members/{username}/codespaces/{codespace_name}/stop"),
    already_done: &["404"],
    probe: "GET /orgs/{org}/codespaces shows it stopped, or lacks it",
    undo: None,
    after: &[],
    scope: "token only: admin:org",
    breaks: "What runs in it ends; the disk stays.",
    source: GHEC,
};

#[derive(Debug, Clone, Deserialize)]
struct Listed {
    name: String,
    state: String,
    owner: User,
    #[serde(default)]
    git_status: Value,
    #[serde(default)]
    last_used_at: Option<String>,
    #[serde(default)]
    repository: Option<Named>,
}

#[derive(Debug, Clone, Deserialize)]
struct Named {
    full_name: String,
}

/// The list of the organization: it answers also when the account is no member any more.
async fn all(desk: Desk<'_>) -> Result<Walk<Listed>> {
    let path = ["orgs", &desk.api.org, "codespaces"];
    desk.walk("Codespaces", Need::Owner, &path, &[], Some("codespaces"))
        .await
}

/// States in which nothing runs.
const STILL: [&str; 4] = ["Shutdown", "Archived", "Deleted", "Moved"];

pub(super) struct Codespace;

#[async_trait]
impl Keeper for Codespace {
    fn kind(&self) -> &'static DoorKind {
        &KIND
    }

    async fn find(&self, survey: &Survey<'_>) -> Result<Finding> {
        let walk = all(survey.desk).await?;
        let mut finding = Finding::default();
        for item in walk
            .items
            .iter()
            .filter(|item| survey.is_account(Some(&item.value.owner)))
        {
            let space = &item.value;
            let repo = space
                .repository
                .as_ref()
                .map_or("?", |repo| repo.full_name.as_str());
            let label = format!("Codespace {} of {repo} ({})", space.name, space.state);
            let detail = json!({
                "state": space.state, "repository": repo, "git_status": space.git_status,
                "last_used_at": space.last_used_at,
            });
            let door = survey.door(
                &KIND,
                &space.name,
                label,
                Link::Owner,
                detail,
                &item.evidence,
            );
            finding.doors.push(door);
        }
        finding.read.push(walk.seen);
        Ok(finding)
    }

    async fn close(&self, desk: Desk<'_>, door: &Door) -> Result<Closing> {
        let login = match desk.login(&door.account).await? {
            Login::Now(login, _) => login,
            Login::Lost(why, evidence) => return Ok(Closing::Refused { why, evidence }),
        };
        let path = [
            "orgs",
            &desk.api.org,
            "members",
            &login,
            "codespaces",
            &door.native,
            "stop",
        ];
        desk.change(&KIND, Need::Owner, Method::POST, &path, None)
            .await
    }

    async fn probe(&self, desk: Desk<'_>, door: &Door) -> Result<Probe> {
        let walk = all(desk).await?;
        let listed = walk
            .items
            .iter()
            .find(|item| item.value.name == door.native);
        Ok(match listed {
            Some(item) if STILL.contains(&item.value.state.as_str()) => saw(
                DoorState::Closed,
                format!("Its state is {}.", item.value.state),
                walk.evidence,
            ),
            Some(item) => saw(
                DoorState::Open,
                format!("Its state is {}.", item.value.state),
                walk.evidence,
            ),
            None if walk.seen.complete => saw(
                DoorState::Closed,
                "It is not in the complete list.",
                walk.evidence,
            ),
            None => unseen(&walk.seen.gaps, walk.evidence),
        })
    }
}
