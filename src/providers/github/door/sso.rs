//! Single sign-on authorizations of the account's tokens and keys.

use async_trait::async_trait;
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{GHEC, Keeper, USER_TOKEN_MINUTES, unseen};
use crate::door::{Class, Door, DoorKind, DoorState, Link, Notifies, Order, Probe};
use crate::fault::Result;
use crate::provider::Closing;
use crate::providers::github::api::{Desk, Login, Need, Walk, saw};
use crate::providers::github::survey::{Finding, Survey};

pub(super) const KIND: DoorKind = DoorKind {
    name: "github.sso_authorizations",
    title: "Tokens and SSH keys of the account that are authorized for single sign-on",
    // The API text says they can be authorized again, the credentials page says they cannot.
    class: Class::Irreversible,
    notifies: Notifies::Unknown,
    residual: "Tokens of Apps that were authorized automatically are not listed; user tokens of GitHub Apps, until they expire.",
    residual_minutes: Some(USER_TOKEN_MINUTES),
    order: Order::Simultaneous,
    close: Some("POST /orgs/{org}/credential-authorizations/{username}/revoke"),
    already_done: &[],
    probe: "GET /orgs/{org}/credential-authorizations?login={username} lists nothing",
    undo: None,
    after: &[],
    scope: "owner; App: organization administration (write); token: admin:org",
    breaks: "Automations that run on the account's tokens or SSH keys stop.",
    source: GHEC,
};

/// One listed authorization.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Authorization {
    login: String,
    credential_id: u64,
    credential_type: String,
    #[serde(default)]
    token_last_eight: Option<String>,
    #[serde(default)]
    fingerprint: Option<String>,
    #[serde(default)]
    credential_accessed_at: Option<String>,
}

/// The authorizations that name `login`. The filter is the server's; only what says so itself counts.
async fn listed(desk: Desk<'_>, login: &str) -> Result<Walk<Authorization>> {
    let path = ["orgs", &desk.api.org, "credential-authorizations"];
    let mut walk: Walk<Authorization> = desk
        .walk(
            "single sign-on authorizations",
            Need::Any,
            &path,
            &[("login", login)],
            None,
        )
        .await?;
    walk.items
        .retain(|item| item.value.login.eq_ignore_ascii_case(login));
    Ok(walk)
}

pub(super) struct Sso;

#[async_trait]
impl Keeper for Sso {
    fn kind(&self) -> &'static DoorKind {
        &KIND
    }

    async fn find(&self, survey: &Survey<'_>) -> Result<Finding> {
        let walk = listed(survey.desk, &survey.login).await?;
        let mut finding = Finding::default();
        // With single sign-on, an empty list of a member still hides automatic authorizations.
        let hidden = walk.seen.complete && survey.place.is_some();
        if !walk.items.is_empty() || hidden {
            let count = walk.items.len();
            let evidence = walk.evidence.first().unwrap_or(&survey.shown);
            let all: Vec<_> = walk.items.iter().map(|item| &item.value).collect();
            let label = format!(
                "single sign-on authorizations of {} ({count} listed)",
                survey.login
            );
            let detail = json!({ "login": survey.login, "listed": all });
            let native = &survey.account.id;
            finding
                .doors
                .push(survey.door(&KIND, native, label, Link::Owner, detail, evidence));
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
            "credential-authorizations",
            &login,
            "revoke",
        ];
        let closing = desk
            .change(&KIND, Need::Any, Method::POST, &path, None)
            .await?;
        // `404` says both "nobody of that name here" and "you may not know"; the list decides.
        if let Closing::Refused {
            evidence: Some(_), ..
        } = &closing
        {
            let walk = listed(desk, &login).await?;
            if walk.seen.complete
                && walk.items.is_empty()
                && let Some(evidence) = walk.evidence.into_iter().next_back()
            {
                return Ok(Closing::AlreadyDone { evidence });
            }
        }
        Ok(closing)
    }

    async fn probe(&self, desk: Desk<'_>, door: &Door) -> Result<Probe> {
        let login = match desk.login(&door.account).await? {
            Login::Now(login, _) => login,
            Login::Lost(why, evidence) => {
                return Ok(saw(DoorState::Unknown, why, evidence.into_iter().collect()));
            }
        };
        let walk = listed(desk, &login).await?;
        Ok(if !walk.items.is_empty() {
            let why = format!("{} authorizations are still listed.", walk.items.len());
            saw(DoorState::Open, why, walk.evidence)
        } else if walk.seen.complete {
            let why = "No authorization is listed. Tokens of Apps that were authorized automatically \
                       are never listed; they end with the membership.";
            saw(DoorState::Closed, why, walk.evidence)
        } else {
            unseen(&walk.seen.gaps, walk.evidence)
        })
    }
}
