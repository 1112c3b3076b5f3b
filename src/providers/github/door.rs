//! What is done with each kind of door: found, closed, proven, put back.

use async_trait::async_trait;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::api::{Desk, saw};
use super::survey::{Finding, Survey};
use crate::door::{Door, DoorKind, DoorState, Probe};
use crate::fault::{Fault, Result};
use crate::provider::Closing;

mod block;
mod codespace;
mod collaborator;
mod deploy_key;
mod fork;
pub(super) mod held_token;
mod hook;
mod installation;
mod invitation;
mod membership;
mod pat;
mod runner;
mod scim;
mod secret;
mod sso;

/// How long a user token of a GitHub App (`ghu_`) lives (docs.github.com, "Refreshing user access
/// tokens", read 2026-11). Installation tokens live for an hour.
const USER_TOKEN_MINUTES: u32 = 8 * 60;

/// Where most facts about the calls come from.
const GHEC: &str = "GitHub OpenAPI, @octokit/openapi 23.0.2 ghec.json, read 2026-11-21";

/// Every kind, in the order in which a careful person would close them.
pub(super) static KINDS: &[DoorKind] = &[
    sso::KIND,
    pat::GRANT,
    pat::REQUEST,
    scim::KIND,
    deploy_key::KIND,
    hook::ORG,
    hook::REPO,
    runner::ORG,
    runner::REPO,
    codespace::KIND,
    invitation::ORG,
    invitation::REPO,
    collaborator::PLAIN,
    collaborator::FORKED,
    membership::KIND,
    block::KIND,
    held_token::KIND,
    installation::KIND,
    fork::KIND,
    secret::KIND,
];

/// One for every kind, in the same order.
pub(super) static KEEPERS: &[&dyn Keeper] = &[
    &sso::Sso,
    &pat::Pat { kind: &pat::GRANT },
    &pat::Pat {
        kind: &pat::REQUEST,
    },
    &scim::Scim,
    &deploy_key::DeployKey,
    &hook::Hook { kind: &hook::ORG },
    &hook::Hook { kind: &hook::REPO },
    &runner::Runner { kind: &runner::ORG },
    &runner::Runner {
        kind: &runner::REPO,
    },
    &codespace::Codespace,
    &invitation::OrgInvitation,
    &invitation::RepoInvitation,
    &collaborator::Collaborator {
        kind: &collaborator::PLAIN,
    },
    &collaborator::Collaborator {
        kind: &collaborator::FORKED,
    },
    &membership::Membership,
    &block::Block,
    &held_token::HeldToken,
    &installation::Installation,
    &fork::Fork,
    &secret::Secret,
];

/// The one that keeps the kind of that name.
pub(super) fn keeper(kind: &str) -> Option<&'static dyn Keeper> {
    KEEPERS
        .iter()
        .copied()
        .find(|keeper| keeper.kind().name == kind)
}

/// What is done with one kind of door.
#[async_trait]
pub(super) trait Keeper: Sync {
    /// Its description.
    fn kind(&self) -> &'static DoorKind;

    /// The doors of this kind that the account has. Reads only.
    async fn find(&self, survey: &Survey<'_>) -> Result<Finding>;

    /// What [`Self::reopen`] needs.
    fn undo(&self, _door: &Door) -> Option<Value> {
        None
    }

    /// Closes it.
    async fn close(&self, _desk: Desk<'_>, _door: &Door) -> Result<Closing> {
        Ok(by_a_person(self.kind()))
    }

    /// Proves it.
    async fn probe(&self, desk: Desk<'_>, door: &Door) -> Result<Probe>;

    /// Puts it back.
    async fn reopen(&self, _desk: Desk<'_>, _door: &Door, _undo: &Value) -> Result<Closing> {
        let why = format!("Nothing restores this: {}.", self.kind().title);
        Ok(Closing::Refused {
            why,
            evidence: None,
        })
    }
}

/// The answer of a kind that only a person can close.
fn by_a_person(kind: &DoorKind) -> Closing {
    let why = format!(
        "Only a person can close this: {}. {}",
        kind.title, kind.breaks
    );
    Closing::Refused {
        why,
        evidence: None,
    }
}

/// What the inventory kept about a door.
fn detail<T: DeserializeOwned>(door: &Door) -> Result<T> {
    shape(&door.detail, "what the inventory kept about a door")
}

/// What was kept for the way back.
fn saved<T: DeserializeOwned>(undo: &Value) -> Result<T> {
    shape(undo, "what was kept for the undo")
}

fn shape<T: DeserializeOwned>(value: &Value, what: &str) -> Result<T> {
    T::deserialize(value).map_err(|error| {
        Fault::failed("door-detail", format!("It cannot be read: {what}."))
            .caused_by(error)
            .hint("run `cordon inventory` again with this version")
    })
}

/// What the inventory keeps about a door: what closing and undoing need, and what people want to see.
fn and(kept: &impl Serialize, more: Value) -> Value {
    let mut all = serde_json::json!(kept);
    if let (Some(all), Value::Object(more)) = (all.as_object_mut(), more) {
        all.extend(more);
    }
    all
}

/// The answer when a list that would prove it was not read to its end.
fn unseen(gaps: &[String], evidence: Vec<crate::id::EvidenceId>) -> Probe {
    saw(
        DoorState::Unknown,
        format!(
            "The list that would prove it could not be read to its end: {}",
            gaps.join(" ")
        ),
        evidence,
    )
}
