//! The identity of a managed user at the enterprise.

use async_trait::async_trait;
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{GHEC, Keeper, USER_TOKEN_MINUTES, saved};
use crate::door::{Class, Door, DoorKind, DoorState, Link, Notifies, Order, Probe};
use crate::fault::{Fault, Result};
use crate::provider::Closing;
use crate::providers::github::api::{Api, Desk, Miss, Need, answered, saw, shaped};
use crate::providers::github::survey::{Finding, Survey, one};

pub(super) const KIND: DoorKind = DoorKind {
    name: "github.scim_identity",
    title: "Managed user of the enterprise",
    class: Class::Reversible,
    notifies: Notifies::Unknown,
    residual: "Deploy keys, webhooks, runners and App installations go on; App user tokens, until they expire.",
    residual_minutes: Some(USER_TOKEN_MINUTES),
    order: Order::Simultaneous,
    close: Some("PATCH /scim/v2/enterprises/{enterprise}/Users/{scim_user_id}"),
    already_done: &[],
    probe: "GET /scim/v2/enterprises/{enterprise}/Users/{scim_user_id} answers active:false",
    undo: Some("PATCH /scim/v2/enterprises/{enterprise}/Users/{scim_user_id}"),
    after: &[],
    scope: "classic token: scim:enterprise; App: enterprise SCIM (write)",
    breaks: "The whole enterprise account is suspended; login and e-mail get obfuscated.",
    source: GHEC,
};

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Managed {
    id: String,
    user_name: String,
    #[serde(default = "yes")]
    active: bool,
}

const fn yes() -> bool {
    true
}

/// The enterprise's slug.
fn enterprise(api: &Api) -> Result<&str> {
    api.enterprise
        .as_deref()
        .ok_or_else(|| Fault::failed("github-enterprise", "No enterprise is configured any more."))
}

/// What GitHub makes of a user name before it appends `_SHORTCODE`: the part before `@`, and `-` for
/// everything that is not a letter or digit (docs.github.com, "Username considerations for external
/// authentication").
fn handle(user_name: &str) -> String {
    let local = user_name.split('@').next().unwrap_or_default();
    let dashed: String = local
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect();
    dashed.trim_matches('-').to_owned()
}

/// Every managed user. SCIM pages by index; the total it names is checked, not trusted.
async fn all(
    desk: Desk<'_>,
    enterprise: &str,
) -> Result<(Vec<(Managed, crate::id::EvidenceId)>, Option<String>)> {
    #[derive(Deserialize)]
    struct Page {
        #[serde(rename = "Resources")]
        resources: Vec<Managed>,
        #[serde(rename = "totalResults", default)]
        total: usize,
    }
    let mut users: Vec<(Managed, crate::id::EvidenceId)> = Vec::new();
    for _ in 0..1000 {
        let start = users.len().saturating_add(1).to_string();
        let path = ["scim", "v2", "enterprises", enterprise, "Users"];
        let query = [("startIndex", start.as_str()), ("count", "100")];
        let reply = match desk.read(Need::Any, &path, &query).await {
            Ok(reply) => reply,
            Err(miss) => return Ok((users, Some(miss.sentence()?))),
        };
        if reply.status != http::StatusCode::OK {
            return Ok((users, Some(answered(&reply, "the list of managed users"))));
        }
        let page: Page = match shaped(&reply) {
            Ok(page) => page,
            Err(why) => return Ok((users, Some(why))),
        };
        let got = page.resources.len();
        users.extend(
            page.resources
                .into_iter()
                .map(|user| (user, reply.evidence.clone())),
        );
        if users.len() >= page.total {
            return Ok((users, None));
        }
        if got == 0 {
            let why = format!(
                "The list names {} users and ended after {}.",
                page.total,
                users.len()
            );
            return Ok((users, Some(why)));
        }
    }
    Ok((
        users,
        Some("The list of managed users does not end.".to_owned()),
    ))
}

/// Sets `active`.
async fn set(desk: Desk<'_>, id: &str, active: bool) -> Result<Closing> {
    let path = [
        "scim",
        "v2",
        "enterprises",
        enterprise(desk.api)?,
        "Users",
        id,
    ];
    let body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{ "op": "replace", "value": { "active": active } }],
    });
    desk.change(&KIND, Need::Any, Method::PATCH, &path, Some(&body))
        .await
}

pub(super) struct Scim;

#[async_trait]
impl Keeper for Scim {
    fn kind(&self) -> &'static DoorKind {
        &KIND
    }

    async fn find(&self, survey: &Survey<'_>) -> Result<Finding> {
        let mut finding = Finding::default();
        let Some(enterprise) = survey.desk.api.enterprise.as_deref() else {
            return Ok(finding);
        };
        let (users, mut gap) = all(survey.desk, enterprise).await?;
        let records = u64::try_from(users.len()).unwrap_or(u64::MAX);
        let login = survey.login.to_ascii_lowercase();
        let stem = login
            .rsplit_once('_')
            .map_or(login.as_str(), |(stem, _)| stem);
        let mut same = users
            .into_iter()
            .filter(|(user, _)| handle(&user.user_name) == stem);
        match (same.next(), same.next()) {
            (Some((user, evidence)), None) => {
                let link = Link::Record {
                    why: format!(
                        "The managed user name {} makes this login.",
                        user.user_name.escape_debug()
                    ),
                };
                let label = format!("managed user {}", user.user_name);
                let detail = json!({ "active": user.active });
                finding
                    .doors
                    .push(survey.door(&KIND, &user.id, label, link, detail, &evidence));
            }
            (Some(_), Some(_)) => {
                gap = gap.or(Some(
                    "More than one managed user makes this login.".to_owned(),
                ));
            }
            _ => {}
        }
        let mut read = one("managed users of the enterprise", gap);
        read.records = records;
        finding.read.push(read);
        Ok(finding)
    }

    fn undo(&self, door: &Door) -> Option<Value> {
        Some(
            json!({ "id": door.native, "active": door.detail.get("active") != Some(&Value::Bool(false)) }),
        )
    }

    async fn close(&self, desk: Desk<'_>, door: &Door) -> Result<Closing> {
        set(desk, &door.native, false).await
    }

    async fn probe(&self, desk: Desk<'_>, door: &Door) -> Result<Probe> {
        let path = [
            "scim",
            "v2",
            "enterprises",
            enterprise(desk.api)?,
            "Users",
            &door.native,
        ];
        let reply = match desk.read(Need::Any, &path, &[]).await {
            Ok(reply) => reply,
            Err(miss) => return Ok(saw(DoorState::Unknown, Miss::sentence(miss)?, Vec::new())),
        };
        let evidence = vec![reply.evidence.clone()];
        if reply.status != http::StatusCode::OK {
            // Also for 404: a missing identity is not what a suspension looks like.
            return Ok(saw(
                DoorState::Unknown,
                answered(&reply, "the managed user"),
                evidence,
            ));
        }
        let user: Managed = match shaped(&reply) {
            Ok(user) => user,
            Err(why) => return Ok(saw(DoorState::Unknown, why, evidence)),
        };
        Ok(if user.active {
            saw(DoorState::Open, "The managed user is active.", evidence)
        } else {
            saw(
                DoorState::Closed,
                "The managed user is suspended.",
                evidence,
            )
        })
    }

    async fn reopen(&self, desk: Desk<'_>, _door: &Door, undo: &Value) -> Result<Closing> {
        #[derive(Deserialize)]
        struct Undo {
            id: String,
            active: bool,
        }
        let undo: Undo = saved(undo)?;
        set(desk, &undo.id, undo.active).await
    }
}
