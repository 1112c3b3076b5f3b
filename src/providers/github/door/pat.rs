//! Fine-grained personal access tokens: what was granted, and what was asked for.

use async_trait::async_trait;
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{GHEC, Keeper, unseen};
use crate::door::{Class, Door, DoorKind, DoorState, Link, Notifies, Order, Probe};
use crate::fault::Result;
use crate::provider::Closing;
use crate::providers::github::User;
use crate::providers::github::api::{Desk, Need, Walk, saw};
use crate::providers::github::survey::{Finding, Survey};

pub(super) const GRANT: DoorKind = DoorKind {
    name: "github.pat_grant",
    title: "Fine-grained token of the account with access to the organization",
    class: Class::Redoable,
    notifies: Notifies::Unknown,
    residual: "The token stays valid elsewhere; SSH keys that it made stay.",
    residual_minutes: None,
    order: Order::Simultaneous,
    close: Some("POST /orgs/{org}/personal-access-tokens/{pat_id}"),
    already_done: &["404"],
    probe: "GET /orgs/{org}/personal-access-tokens lacks it",
    undo: None,
    after: &[],
    scope: "App only: organization personal access tokens (write)",
    breaks: "Automations that run on the token stop; its owner can ask for access again.",
    source: GHEC,
};

pub(super) const REQUEST: DoorKind = DoorKind {
    name: "github.pat_request",
    title: "Request of the account for access by a fine-grained token",
    class: Class::Redoable,
    notifies: Notifies::Unknown,
    residual: "None; the account can ask again while it is a member.",
    residual_minutes: None,
    order: Order::Simultaneous,
    close: Some("POST /orgs/{org}/personal-access-token-requests/{pat_request_id}"),
    already_done: &["404"],
    probe: "GET /orgs/{org}/personal-access-token-requests lacks it",
    undo: None,
    after: &[],
    scope: "App only: organization personal access token requests (write)",
    breaks: "Nothing that works today.",
    source: GHEC,
};

#[derive(Debug, Clone, Deserialize)]
struct Listed {
    id: u64,
    owner: User,
    #[serde(default)]
    token_name: Option<String>,
    #[serde(default)]
    token_expired: bool,
    #[serde(default)]
    token_last_used_at: Option<String>,
    #[serde(default)]
    repository_selection: Option<String>,
    #[serde(default)]
    permissions: Value,
}

/// Grants or requests; the two lists look alike.
pub(super) struct Pat {
    pub(super) kind: &'static DoorKind,
}

impl Pat {
    fn is_grant(&self) -> bool {
        self.kind.name == GRANT.name
    }

    fn list(&self) -> &'static str {
        if self.is_grant() {
            "personal-access-tokens"
        } else {
            "personal-access-token-requests"
        }
    }

    /// The whole list. The owner filter is an array that client libraries encode in different ways;
    /// a filter that is ignored silently would be worse than a longer list.
    async fn all(&self, desk: Desk<'_>) -> Result<Walk<Listed>> {
        let path = ["orgs", &desk.api.org, self.list()];
        desk.walk(self.list().replace('-', " "), Need::App, &path, &[], None)
            .await
    }
}

#[async_trait]
impl Keeper for Pat {
    fn kind(&self) -> &'static DoorKind {
        self.kind
    }

    async fn find(&self, survey: &Survey<'_>) -> Result<Finding> {
        let walk = self.all(survey.desk).await?;
        let mut finding = Finding::default();
        for item in walk
            .items
            .iter()
            .filter(|item| survey.is_account(Some(&item.value.owner)))
        {
            let token = &item.value;
            let name = token.token_name.as_deref().unwrap_or("without a name");
            let what = if self.is_grant() {
                "fine-grained token"
            } else {
                "requested token"
            };
            let detail = json!({
                "token_name": token.token_name,
                "expired": token.token_expired,
                "last_used_at": token.token_last_used_at,
                "repositories": token.repository_selection,
                "permissions": token.permissions,
            });
            let label = format!("{what} \u{201c}{name}\u{201d}");
            let door = survey.door(
                self.kind,
                token.id,
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
        let action = if self.is_grant() { "revoke" } else { "deny" };
        let path = ["orgs", &desk.api.org, self.list(), &door.native];
        let body = json!({ "action": action });
        desk.change(self.kind, Need::App, Method::POST, &path, Some(&body))
            .await
    }

    async fn probe(&self, desk: Desk<'_>, door: &Door) -> Result<Probe> {
        let walk = self.all(desk).await?;
        let listed = walk
            .items
            .iter()
            .any(|item| item.value.id.to_string() == door.native);
        Ok(if listed {
            saw(DoorState::Open, "It is still listed.", walk.evidence)
        } else if walk.seen.complete {
            saw(
                DoorState::Closed,
                "It is not in the complete list.",
                walk.evidence,
            )
        } else {
            unseen(&walk.seen.gaps, walk.evidence)
        })
    }
}
