//! What anybody may still do who is no member: comment, open issues, be invited again.

use async_trait::async_trait;
use http::Method;
use serde_json::{Value, json};

use super::{GHEC, Keeper};
use crate::door::{Class, Door, DoorKind, DoorState, Link, Notifies, Order, Probe};
use crate::fault::Result;
use crate::provider::Closing;
use crate::providers::github::api::{Desk, Login, Miss, Need, answered, saw};
use crate::providers::github::survey::{Finding, Survey, one};

pub(super) const KIND: DoorKind = DoorKind {
    name: "github.block",
    title: "Interaction with the organization as a stranger (closed by a block)",
    class: Class::Reversible,
    notifies: Notifies::Unknown,
    residual: "A new account is a new stranger.",
    residual_minutes: None,
    order: Order::Noisy,
    close: Some("PUT /orgs/{org}/blocks/{username}"),
    already_done: &[],
    probe: "GET /orgs/{org}/blocks/{username} answers 204",
    undo: Some("DELETE /orgs/{org}/blocks/{username}"),
    after: &["github.membership"],
    scope: "App: organization user blocking (write); token: admin:org",
    breaks: "The account cannot comment on or contribute to public repositories.",
    source: GHEC,
};

/// Whether the account is blocked, as a probe.
async fn blocked(desk: Desk<'_>, account: &str) -> Result<Probe> {
    let login = match desk.login(account).await? {
        Login::Now(login, _) => login,
        Login::Lost(why, evidence) => {
            return Ok(saw(DoorState::Unknown, why, evidence.into_iter().collect()));
        }
    };
    let path = ["orgs", &desk.api.org, "blocks", &login];
    let reply = match desk.read(Need::Any, &path, &[]).await {
        Ok(reply) => reply,
        Err(miss) => return Ok(saw(DoorState::Unknown, Miss::sentence(miss)?, Vec::new())),
    };
    let evidence = vec![reply.evidence.clone()];
    Ok(match reply.status.as_u16() {
        204 => saw(
            DoorState::Closed,
            "The organization blocks the account.",
            evidence,
        ),
        // A 404 that means "you may not look" only ever errs towards open.
        404 => saw(
            DoorState::Open,
            "The organization does not block the account.",
            evidence,
        ),
        _ => saw(DoorState::Unknown, answered(&reply, "the block"), evidence),
    })
}

pub(super) struct Block;

#[async_trait]
impl Keeper for Block {
    fn kind(&self) -> &'static DoorKind {
        &KIND
    }

    async fn find(&self, survey: &Survey<'_>) -> Result<Finding> {
        let probe = blocked(survey.desk, &survey.account.id).await?;
        let mut finding = Finding::default();
        match probe.state {
            DoorState::Open => {
                let evidence = probe.evidence.first().unwrap_or(&survey.shown);
                let label = format!("interaction of {} as a stranger", survey.login);
                let native = &survey.account.id;
                let detail = json!({ "login": survey.login });
                let door = survey.door(&KIND, native, label, Link::Owner, detail, evidence);
                finding.doors.push(door);
                finding.read.push(one("the block", None));
            }
            DoorState::Unknown => finding.read.push(one("the block", Some(probe.why))),
            DoorState::Closed | DoorState::Closing => finding.read.push(one("the block", None)),
        }
        Ok(finding)
    }

    fn undo(&self, _door: &Door) -> Option<Value> {
        Some(json!({}))
    }

    async fn close(&self, desk: Desk<'_>, door: &Door) -> Result<Closing> {
        let login = match desk.login(&door.account).await? {
            Login::Now(login, _) => login,
            Login::Lost(why, evidence) => return Ok(Closing::Refused { why, evidence }),
        };
        let path = ["orgs", &desk.api.org, "blocks", &login];
        let closing = desk
            .change(&KIND, Need::Any, Method::PUT, &path, None)
            .await?;
        // 422 says "cannot be blocked" (a member) and "is blocked already"; a look decides.
        if let Closing::Refused {
            evidence: Some(_), ..
        } = &closing
        {
            let mut probe = blocked(desk, &door.account).await?;
            if probe.state == DoorState::Closed
                && let Some(evidence) = probe.evidence.pop()
            {
                return Ok(Closing::AlreadyDone { evidence });
            }
        }
        Ok(closing)
    }

    async fn probe(&self, desk: Desk<'_>, door: &Door) -> Result<Probe> {
        blocked(desk, &door.account).await
    }

    async fn reopen(&self, desk: Desk<'_>, door: &Door, _undo: &Value) -> Result<Closing> {
        let mut probe = blocked(desk, &door.account).await?;
        if probe.state == DoorState::Open
            && let Some(evidence) = probe.evidence.pop()
        {
            return Ok(Closing::AlreadyDone { evidence });
        }
        let login = match desk.login(&door.account).await? {
            Login::Now(login, _) => login,
            Login::Lost(why, evidence) => return Ok(Closing::Refused { why, evidence }),
        };
        let path = ["orgs", &desk.api.org, "blocks", &login];
        desk.change(&KIND, Need::Any, Method::DELETE, &path, None)
            .await
    }
}
