//! Tokens that responders hold as strings: found in a repository, on a laptop, in a chat.

use async_trait::async_trait;
use http::Method;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use super::{GHEC, Keeper};
use crate::canon::Digest;
use crate::door::{Class, Door, DoorKind, DoorState, Link, Notifies, Order, Probe};
use crate::fault::Result;
use crate::http::{CallError, Client, Reply, Request};
use crate::provider::Closing;
use crate::providers::github::User;
use crate::providers::github::api::{Desk, Miss, Need, answered, saw, shaped};
use crate::providers::github::survey::{Finding, Survey, one};

pub(super) const KIND: DoorKind = DoorKind {
    name: "github.held_token",
    title: "Token of the account that responders hold",
    class: Class::Irreversible,
    notifies: Notifies::Yes,
    residual: "None once GitHub answers 401 to it.",
    residual_minutes: None,
    order: Order::Noisy,
    close: Some("POST /credentials/revoke"),
    already_done: &[],
    probe: "GET /user with the token answers 401",
    undo: None,
    after: &["github.membership"],
    scope: "none; GitHub refuses a credential here, 60 calls an hour",
    breaks: "The token ends everywhere. GitHub mails its owner and writes the revocation into their security log.",
    source: GHEC,
};

/// A token that was found, and a client that calls with it.
pub(in crate::providers::github) struct Held {
    /// The first digits of its SHA-256; names it without showing it.
    name: String,
    token: SecretString,
    client: Client,
}

impl Held {
    /// Names the token; `client` makes the client under that name.
    pub(in crate::providers::github) fn new(
        token: SecretString,
        client: impl FnOnce(String) -> Client,
    ) -> Self {
        let name = Digest::of(token.expose_secret().as_bytes()).short();
        let client = client(format!("held token {name}"));
        Self {
            name,
            token,
            client,
        }
    }

    /// What GitHub says to the token.
    async fn look(&self, desk: Desk<'_>) -> Result<Reply, Miss> {
        let url = desk
            .api
            .url(&["user"], &[])
            .map_err(|fault| Miss::Call(CallError::Unsent(fault)))?;
        self.client
            .send(Request::get(url), desk.cx.witness)
            .await
            .map_err(Miss::Call)
    }
}

fn held<'a>(desk: Desk<'a>, door: &Door) -> Option<&'a Held> {
    desk.held.iter().find(|held| held.name == door.native)
}

/// The door, when the token is the account's.
fn door(survey: &Survey<'_>, held: &Held, owner: &User, reply: &Reply) -> Option<Door> {
    let scopes = reply.header("x-oauth-scopes").unwrap_or_default();
    let detail = json!({ "scopes": scopes });
    let label = format!("held token {} of {}", held.name, owner.login);
    survey.is_account(Some(owner)).then(|| {
        survey.door(
            &KIND,
            &held.name,
            label,
            Link::Owner,
            detail,
            &reply.evidence,
        )
    })
}

const NOT_HELD: &str = "The token is not configured any more; only its digest is known.";

pub(super) struct HeldToken;

#[async_trait]
impl Keeper for HeldToken {
    fn kind(&self) -> &'static DoorKind {
        &KIND
    }

    async fn find(&self, survey: &Survey<'_>) -> Result<Finding> {
        let mut finding = Finding::default();
        for held in survey.desk.held {
            let what = format!("held token {}", held.name);
            let reply = match held.look(survey.desk).await {
                Ok(reply) => reply,
                Err(miss) => {
                    finding.read.push(one(&what, Some(miss.sentence()?)));
                    continue;
                }
            };
            let gap = match reply.status.as_u16() {
                200 => match shaped::<User>(&reply) {
                    Ok(owner) => {
                        finding.doors.extend(door(survey, held, &owner, &reply));
                        None
                    }
                    Err(why) => Some(why),
                },
                // Dead already.
                401 => None,
                _ => Some(answered(&reply, "a held token")),
            };
            finding.read.push(one(&what, gap));
        }
        Ok(finding)
    }

    async fn close(&self, desk: Desk<'_>, door: &Door) -> Result<Closing> {
        let Some(held) = held(desk, door) else {
            return Ok(Closing::Refused {
                why: NOT_HELD.to_owned(),
                evidence: None,
            });
        };
        // Revoking a dead token again would still spend one of 60 calls an hour.
        let reply = held.look(desk).await.map_err(Miss::fault)?;
        if reply.status == http::StatusCode::UNAUTHORIZED {
            return Ok(Closing::AlreadyDone {
                evidence: reply.evidence,
            });
        }
        let url = desk.api.url(&["credentials", "revoke"], &[])?;
        let body = json!({ "credentials": [held.token.expose_secret()] });
        let mut request = Request::write(Method::POST, url).json(&body)?;
        request.secret_body = true;
        desk.settle(&KIND, Need::Nobody, request).await
    }

    async fn probe(&self, desk: Desk<'_>, door: &Door) -> Result<Probe> {
        let Some(held) = held(desk, door) else {
            return Ok(saw(DoorState::Unknown, NOT_HELD, Vec::new()));
        };
        let reply = match held.look(desk).await {
            Ok(reply) => reply,
            Err(miss) => return Ok(saw(DoorState::Unknown, miss.sentence()?, Vec::new())),
        };
        let evidence = vec![reply.evidence.clone()];
        Ok(match reply.status.as_u16() {
            401 => saw(
                DoorState::Closed,
                "GitHub does not accept the token any more.",
                evidence,
            ),
            200 => saw(DoorState::Open, "GitHub accepts the token.", evidence),
            _ => saw(
                DoorState::Unknown,
                answered(&reply, "a held token"),
                evidence,
            ),
        })
    }
}
