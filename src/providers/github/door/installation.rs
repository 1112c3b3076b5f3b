//! Installations of GitHub Apps. They act on their own keys and outlive whoever installed them.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{GHEC, Keeper, USER_TOKEN_MINUTES, unseen};
use crate::door::{Class, Door, DoorKind, DoorState, Notifies, Order, Probe};
use crate::fault::Result;
use crate::providers::github::api::{Desk, Need, Walk, saw};
use crate::providers::github::survey::{Finding, Survey};

pub(super) const KIND: DoorKind = DoorKind {
    name: "github.installation",
    title: "GitHub App that the account installed on the organization",
    class: Class::Reversible,
    notifies: Notifies::Unknown,
    residual: "Installation tokens up to 1 hour, user tokens up to 8 hours.",
    residual_minutes: Some(USER_TOKEN_MINUTES),
    order: Order::Noisy,
    close: None,
    already_done: &[],
    probe: "GET /orgs/{org}/installations shows it suspended, or lacks it",
    undo: None,
    after: &[],
    scope: "owner, in the settings of the organization; the API takes only the App's own key",
    breaks: "Review it, then suspend it under Settings, GitHub Apps, Configure: suspending keeps it, uninstalling does not.",
    source: GHEC,
};

#[derive(Debug, Clone, Deserialize)]
struct Listed {
    id: u64,
    #[serde(default)]
    app_id: Option<u64>,
    #[serde(default)]
    app_slug: Option<String>,
    #[serde(default)]
    permissions: Value,
    #[serde(default)]
    repository_selection: Option<String>,
    #[serde(default)]
    suspended_at: Option<String>,
    #[serde(default)]
    created_at: Option<String>,
}

async fn all(desk: Desk<'_>) -> Result<Walk<Listed>> {
    let path = ["orgs", &desk.api.org, "installations"];
    desk.walk(
        "GitHub Apps of the organization",
        Need::Any,
        &path,
        &[],
        Some("installations"),
    )
    .await
}

pub(super) struct Installation;

#[async_trait]
impl Keeper for Installation {
    fn kind(&self) -> &'static DoorKind {
        &KIND
    }

    async fn find(&self, survey: &Survey<'_>) -> Result<Finding> {
        let walk = all(survey.desk).await?;
        let mut finding = Finding::default();
        for item in &walk.items {
            let app = &item.value;
            let slug = app.app_slug.as_deref().unwrap_or("unnamed");
            let action = "integration_installation.create";
            let link = survey
                .records
                .link(survey.account, &survey.login, action, |event| {
                    match event.number("installation_id") {
                        Some(id) => id == app.id,
                        None => ["integration", "name"].iter().any(|field| {
                            event
                                .text(field)
                                .is_some_and(|name| name.eq_ignore_ascii_case(slug))
                        }),
                    }
                });
            let Some(link) = link else { continue };
            let label = format!("GitHub App {slug} on the organization");
            let detail = json!({
                "app_id": app.app_id, "permissions": app.permissions,
                "repositories": app.repository_selection, "created_at": app.created_at,
                "suspended_at": app.suspended_at,
            });
            let mut door = survey.door(&KIND, app.id, label, link, detail, &item.evidence);
            if app.app_id.is_some() && app.app_id == survey.desk.api.app_id {
                door.protected = Some("It is the App that Cordon itself works with.".to_owned());
            }
            door.protected = door.protected.or_else(|| survey.protects(slug));
            finding.doors.push(door);
        }
        finding.read.push(walk.seen);
        Ok(finding)
    }

    async fn probe(&self, desk: Desk<'_>, door: &Door) -> Result<Probe> {
        let walk = all(desk).await?;
        let listed = walk
            .items
            .iter()
            .find(|item| item.value.id.to_string() == door.native);
        Ok(match listed {
            Some(item) if item.value.suspended_at.is_some() => saw(
                DoorState::Closed,
                "The installation is suspended.",
                walk.evidence,
            ),
            Some(_) => saw(
                DoorState::Open,
                "The installation is active.",
                walk.evidence,
            ),
            None if walk.seen.complete => saw(
                DoorState::Closed,
                "The installation is not in the complete list.",
                walk.evidence,
            ),
            None => unseen(&walk.seen.gaps, walk.evidence),
        })
    }
}
