//! A GitHub organization (Team, Enterprise Cloud, managed users).
//!
//! # What it was written against
//!
//! REST API `2022-11-28` as described by GitHub's own OpenAPI file (`@octokit/openapi` 23.0.2,
//! `generated/ghec.json`, read 2026-11-21) and docs.github.com. `tests/contract/github.sh` drives every
//! call through a validating proxy that holds that file.
//!
//! # Credentials and least permissions
//!
//! Neither kind of credential is enough alone: GitHub refuses Apps for Codespaces and migration
//! archives, and refuses people for the administration of fine-grained tokens (`x-github.enabledForGitHubApps`).
//!
//! - **GitHub App**, installed on all repositories. Organization: members (write), administration
//!   (write), webhooks (write), personal access tokens and their requests (write), self-hosted runners
//!   (write), organization user blocking (write), secrets (read), Codespaces secrets (read).
//!   Repository: administration (write), webhooks (write), secrets (read), Dependabot secrets (read),
//!   environments (read), actions (read), issues (read), pull requests (read), metadata (read),
//!   contents (read).
//! - **A classic token of an owner**: `admin:org`, `admin:org_hook`, `repo`, `read:audit_log`; with
//!   managed users also `scim:enterprise`.
//!
//! # Doors
//!
//! | kind | class | tells | order | close | undo |
//! |---|---|---|---|---|---|
//! | `github.sso_authorizations` | irreversible | unknown | simultaneous | `POST /orgs/{org}/credential-authorizations/{username}/revoke` | none |
//! | `github.pat_grant` | redoable | unknown | simultaneous | `POST /orgs/{org}/personal-access-tokens/{pat_id}` | none |
//! | `github.pat_request` | redoable | unknown | simultaneous | `POST /orgs/{org}/personal-access-token-requests/{pat_request_id}` | none |
//! | `github.scim_identity` | reversible | unknown | simultaneous | `PATCH /scim/v2/enterprises/{enterprise}/Users/{scim_user_id}` | `PATCH /scim/v2/enterprises/{enterprise}/Users/{scim_user_id}` |
//! | `github.deploy_key` | reversible | no | simultaneous | `DELETE /repos/{owner}/{repo}/keys/{key_id}` | `POST /repos/{owner}/{repo}/keys` |
//! | `github.org_hook` | reversible | no | simultaneous | `PATCH /orgs/{org}/hooks/{hook_id}` | `PATCH /orgs/{org}/hooks/{hook_id}` |
//! | `github.repo_hook` | reversible | no | simultaneous | `PATCH /repos/{owner}/{repo}/hooks/{hook_id}` | `PATCH /repos/{owner}/{repo}/hooks/{hook_id}` |
//! | `github.org_runner` | irreversible | yes | simultaneous | `DELETE /orgs/{org}/actions/runners/{runner_id}` | none |
//! | `github.repo_runner` | irreversible | yes | simultaneous | `DELETE /repos/{owner}/{repo}/actions/runners/{runner_id}` | none |
//! | `github.codespace` | redoable | yes | simultaneous | `POST /orgs/{org}/members/{username}/codespaces/{codespace_name}/stop` | none |
//! | `github.invitation` | reversible | yes | noisy | `DELETE /orgs/{org}/invitations/{invitation_id}` | `POST /orgs/{org}/invitations` |
//! | `github.repo_invitation` | reversible | unknown | noisy | `DELETE /repos/{owner}/{repo}/invitations/{invitation_id}` | `PUT /repos/{owner}/{repo}/collaborators/{username}` |
//! | `github.collaborator` | reversible | yes | noisy | `DELETE /repos/{owner}/{repo}/collaborators/{username}` | `PUT /repos/{owner}/{repo}/collaborators/{username}` |
//! | `github.collaborator_with_fork` | irreversible | yes | noisy | `DELETE /repos/{owner}/{repo}/collaborators/{username}` | `PUT /repos/{owner}/{repo}/collaborators/{username}` |
//! | `github.membership` | reversible | yes | noisy | `DELETE /orgs/{org}/memberships/{username}` | `POST /orgs/{org}/invitations` |
//! | `github.block` | reversible | unknown | noisy | `PUT /orgs/{org}/blocks/{username}` | `DELETE /orgs/{org}/blocks/{username}` |
//! | `github.held_token` | irreversible | yes | noisy | `POST /credentials/revoke` | none |
//! | `github.installation` | reversible | unknown | noisy | by a person | none |
//! | `github.fork` | irreversible | unknown | noisy | by a person | none |
//! | `github.secret` | irreversible | no | noisy | by a person | none |
//!
//! Choices: hooks are switched off, never deleted (deleting loses the delivery log). Deploy keys are
//! taken out one by one and can be put back from the public key; the switch for the whole organization
//! is too wide for one person's blast radius. `PATCH active:false` of *organization* SCIM is never used:
//! it removes the member and erases the identity. `DELETE …/codespaces/access/selected_users` is not
//! used: it moves the bill, not the access, and nothing reads it back.
//!
//! # Logins move, ids stay
//!
//! A person can rename the account between the inventory and the close, and a suspension of a managed
//! user replaces the login. A `404` about a stale login would then pass for "already removed". Every
//! call that takes a login therefore reads the login of the account's id first (`GET /user/{id}`).

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt as _;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::case::subject::Subject;
use crate::door::{Door, DoorState, Probe};
use crate::fault::{Fault, Result};
use crate::http::limit::Limit;
use crate::http::retry::Retry;
use crate::http::{Client, Transport};
use crate::provider::{
    Account, Archives, Candidate, Check, Closing, Cx, Inventory, Page, Provider, Spec, Window,
};
use crate::time::Clock;

mod api;
mod archive;
mod check;
mod door;
mod record;
mod resolve;
mod survey;
mod trail;
mod transport;

use api::{Api, Desk};

/// The fixed description.
pub static SPEC: Spec = Spec {
    name: "github",
    title: "GitHub organization",
    api: "REST 2022-11-28 (ghec.json of @octokit/openapi 23.0.2, read 2026-11-21)",
    doors: door::KINDS,
    trails: trail::TRAILS,
    in_flight: IN_FLIGHT,
    blind: &[
        "Classic tokens and SSH keys of members cannot be listed where single sign-on is not used.",
        "The list of single sign-on authorizations leaves out OAuth and GitHub App tokens that were authorized automatically during a sign-in session.",
        "Forks in other organizations, local clones and secrets that were read stay where they are.",
        "Creators of webhooks, runners and App installations are known only from the audit log: 180 days, Enterprise Cloud only.",
        "Whether a member may start new Codespaces at the organization's expense cannot be read; it ends with the membership.",
        "Membership through an enterprise team ends only at the enterprise.",
        "Of each webhook the newest 30 deliveries are saved with what was sent and answered; older ones are listed only.",
        "Commits outside of default branches, reviews and comments are not read from the API; they are in the mirror of a repository.",
        "Organization roles that an App or a custom role grants are removed with the membership and not listed one by one.",
    ],
};

/// How many calls are under way at once; GitHub allows 100.
const IN_FLIGHT: usize = 8;

/// A GitHub App that was installed on the organization.
#[derive(Debug, Clone)]
pub struct AppCredential {
    /// The App's id.
    pub app_id: u64,
    /// The private key of the App, PEM.
    pub private_key: SecretString,
    /// The id of its installation on the organization.
    pub installation_id: u64,
}

/// How to reach one organization.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The organization's login.
    pub org: String,
    /// The enterprise's slug; set it only when the enterprise has managed users.
    pub enterprise: Option<String>,
    /// `https://api.github.com/`, or `https://HOST/api/v3/` of a server.
    pub base_url: Url,
    /// The App.
    pub app: Option<AppCredential>,
    /// A classic token of an owner.
    pub owner_token: Option<SecretString>,
    /// Tokens that responders found (in a repository, on a laptop): those of the account become doors.
    pub held_tokens: Vec<SecretString>,
    /// Logins, and names of keys, runners and Apps, that are never closed.
    pub protected: Vec<String>,
}

impl Settings {
    /// The public GitHub with no credential yet.
    ///
    /// # Errors
    /// None in practice; the address is fixed.
    pub fn new(org: impl Into<String>) -> Result<Self> {
        let base_url = Url::parse("https://api.github.com/").map_err(|error| {
            Fault::failed("github-url", "The address of GitHub is wrong.").caused_by(error)
        })?;
        Ok(Self {
            org: org.into(),
            enterprise: None,
            base_url,
            app: None,
            owner_token: None,
            held_tokens: Vec::new(),
            protected: Vec::new(),
        })
    }
}

/// GitHub as a provider.
pub struct GitHub {
    api: Api,
    protected: Vec<String>,
    held: Vec<door::held_token::Held>,
}

impl std::fmt::Debug for GitHub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GitHub")
            .field("org", &self.api.org)
            .finish_non_exhaustive()
    }
}

impl GitHub {
    /// The pace that GitHub asks for: 5,000 calls an hour for a token, changes at least a second apart
    /// (docs.github.com, "Best practices for using the REST API").
    ///
    /// # Errors
    /// None in practice; the numbers are fixed.
    pub fn pace() -> Result<Limit> {
        Limit::with_writes_apart(
            Duration::from_millis(20),
            200,
            IN_FLIGHT,
            Duration::from_secs(1),
        )
    }

    /// Connects nothing yet. Must be called inside a Tokio runtime.
    ///
    /// # Errors
    /// A base URL or private key that cannot be used.
    pub fn new(
        settings: Settings,
        limit: &Limit,
        retry: Retry,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self> {
        let mut base = settings.base_url;
        if base.cannot_be_a_base() || !matches!(base.scheme(), "https" | "http") {
            return Err(Fault::input(
                "github-url",
                "The base URL of GitHub must be http(s).",
            ));
        }
        base.set_query(None);
        base.set_fragment(None);
        let client = |transport: transport::Octocrab, name: String| {
            let transport: Arc<dyn Transport> = Arc::new(transport);
            Client::new(transport, name, limit.clone(), retry, Arc::clone(clock))
        };
        let (mut installation, mut jwt) = (None, None);
        if let Some(app) = &settings.app {
            let (id, key) = (app.app_id, &app.private_key);
            let (itself, installed) =
                transport::Octocrab::app(&base, id, key, app.installation_id)?;
            installation = Some(client(installed, format!("GitHub App {id}, installation")));
            jwt = Some(client(itself, format!("GitHub App {id}")));
        }
        let plain = transport::Octocrab::anonymous(&base)?;
        let owner = match &settings.owner_token {
            Some(token) => Some(client(
                plain.with_token(token)?,
                "GitHub owner's token".to_owned(),
            )),
            None => None,
        };
        let mut held = Vec::new();
        for token in settings.held_tokens {
            let carried = plain.with_token(&token)?;
            held.push(door::held_token::Held::new(token, |name| {
                client(carried, name)
            }));
        }
        let anonymous = client(plain, "none".to_owned());
        Ok(Self {
            api: Api {
                base,
                org: settings.org,
                enterprise: settings.enterprise,
                app_id: settings.app.map(|app| app.app_id),
                installation,
                jwt,
                owner,
                anonymous,
            },
            protected: settings.protected,
            held,
        })
    }

    fn desk<'a>(&'a self, cx: Cx<'a>) -> Desk<'a> {
        Desk {
            api: &self.api,
            cx,
            held: &self.held,
        }
    }
}

/// What GitHub calls a "simple user".
#[derive(Debug, Clone, Deserialize)]
struct User {
    id: u64,
    login: String,
}

#[async_trait]
impl Provider for GitHub {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    async fn check(&self, subject: Option<&Subject>, cx: Cx<'_>) -> Result<Vec<Check>> {
        check::check(self.desk(cx), subject).await
    }

    async fn resolve(&self, subject: &Subject, cx: Cx<'_>) -> Result<Vec<Candidate>> {
        resolve::resolve(self.desk(cx), subject).await
    }

    async fn doors(&self, account: &Account, cx: Cx<'_>) -> Result<Inventory> {
        let mut inventory = Inventory::default();
        let begun = survey::Survey::begin(self.desk(cx), account, &self.protected).await?;
        inventory.completeness.extend(begun.read);
        let Some(survey) = begun.survey else {
            return Ok(inventory);
        };
        let mut asked = Vec::new();
        for keeper in door::KEEPERS {
            asked.push(keeper.find(&survey));
        }
        let found: Vec<_> = futures::stream::iter(asked)
            .buffered(IN_FLIGHT)
            .collect()
            .await;
        for finding in found {
            let finding = finding?;
            inventory.doors.extend(finding.doors);
            inventory.completeness.extend(finding.read);
        }
        Ok(inventory)
    }

    fn undo(&self, door: &Door) -> Option<Value> {
        door::keeper(&door.kind).and_then(|keeper| keeper.undo(door))
    }

    async fn close(&self, door: &Door, cx: Cx<'_>) -> Result<Closing> {
        if let Some(why) = &door.protected {
            return Ok(Closing::Refused {
                why: format!("The door is protected: {why}"),
                evidence: None,
            });
        }
        match door::keeper(&door.kind) {
            Some(keeper) => keeper.close(self.desk(cx), door).await,
            None => Err(unknown_kind(&door.kind)),
        }
    }

    async fn probe(&self, door: &Door, cx: Cx<'_>) -> Result<Probe> {
        match door::keeper(&door.kind) {
            Some(keeper) => keeper.probe(self.desk(cx), door).await,
            None => Ok(api::saw(
                DoorState::Unknown,
                "This version does not know this kind of door.",
                Vec::new(),
            )),
        }
    }

    async fn reopen(&self, door: &Door, undo: &Value, cx: Cx<'_>) -> Result<Closing> {
        match door::keeper(&door.kind) {
            Some(keeper) => keeper.reopen(self.desk(cx), door, undo).await,
            None => Err(unknown_kind(&door.kind)),
        }
    }

    async fn pull(
        &self,
        trail: &str,
        account: &Account,
        window: Window,
        cursor: Option<&str>,
        cx: Cx<'_>,
    ) -> Result<Page> {
        trail::pull(self.desk(cx), trail, account, window, cursor).await
    }

    fn archives(&self) -> Option<&dyn Archives> {
        Some(self)
    }
}

fn unknown_kind(kind: &str) -> Fault {
    Fault::failed(
        "door-kind",
        format!("GitHub has no kind of door `{}`.", kind.escape_debug()),
    )
    .hint("the case was made by another version of Cordon; run `cordon inventory` again")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::door::{Class, Notifies, Order};

    /// The table in the head of this file and the kinds say the same.
    #[test]
    fn the_table_is_the_kinds() {
        let told = |notifies| match notifies {
            Notifies::Yes => "yes",
            Notifies::No => "no",
            Notifies::Unknown => "unknown",
        };
        let when = |order| match order {
            Order::Silent => "silent",
            Order::Simultaneous => "simultaneous",
            Order::Noisy => "noisy",
        };
        let code = |call: Option<&str>, none: &str| {
            call.map_or(none.to_owned(), |call| format!("`{call}`"))
        };
        let kinds: Vec<String> = SPEC
            .doors
            .iter()
            .map(|kind| {
                format!(
                    "//! | `{}` | {} | {} | {} | {} | {} |",
                    kind.name,
                    kind.class.word(),
                    told(kind.notifies),
                    when(kind.order),
                    code(kind.close, "by a person"),
                    code(kind.undo, "none"),
                )
            })
            .collect();
        let table: Vec<&str> = include_str!("github.rs")
            .lines()
            .filter(|line| line.starts_with("//! | `github."))
            .collect();
        assert_eq!(table, kinds);
    }

    #[test]
    fn every_kind_has_its_keeper_and_keeps_the_rules() {
        let kept: Vec<&str> = door::KEEPERS
            .iter()
            .map(|keeper| keeper.kind().name)
            .collect();
        let named: Vec<&str> = SPEC.doors.iter().map(|kind| kind.name).collect();
        assert_eq!(kept, named);
        for kind in SPEC.doors {
            for before in kind.after {
                assert!(named.contains(before), "{} comes after {before}", kind.name);
            }
            let reversible = kind.class == Class::Reversible && kind.close.is_some();
            assert!(
                !reversible || kind.undo.is_some(),
                "{} has no way back",
                kind.name
            );
        }
    }
}
