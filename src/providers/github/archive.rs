//! Migration archives: GitHub's own copy of repositories with their issues, pull requests, reviews and
//! comments.
//!
//! `POST /orgs/{org}/migrations`, `GET …/migrations/{id}` until `exported`, `GET …/migrations/{id}/archive`,
//! which answers `302` with a signed address. Refused to Apps (`x-github.enabledForGitHubApps`), deleted
//! after seven days. `lock_repositories` is never set: it would stop everybody's work.
//!
//! GitHub itself remembers what was begun: a migration of the same repositories is looked for before
//! one is begun, so that neither a crash nor a second call begins another.

use async_trait::async_trait;
use http::{Method, StatusCode};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::api::{Desk, Miss, Need, answered};
use super::{GitHub, User};
use crate::fault::{Fault, Result};
use crate::http::{CallError, Reply, Request};
use crate::provider::{Archive, Archives, Cx, Progress};
use crate::time::Timestamp;

/// How old a migration may be that is gone on with: a day before GitHub deletes its archive.
const LASTS: SignedDuration = SignedDuration::from_hours(6 * 24);
/// By how much GitHub's clock may differ from ours.
const SKEW: SignedDuration = SignedDuration::from_mins(5);
/// What is needed, for people.
const NEEDED: &str = "set `owner_token` in [github] of the configuration: a classic token of an organization owner with `admin:org` and `repo`; GitHub refuses Apps here";

/// GitHub's "migration", as far as it is read.
#[derive(Debug, Deserialize)]
struct Migration {
    id: u64,
    state: String,
    created_at: Timestamp,
    #[serde(default)]
    repositories: Vec<Repository>,
    #[serde(default)]
    lock_repositories: bool,
    #[serde(default)]
    exclude_metadata: bool,
    #[serde(default)]
    exclude_git_data: bool,
    #[serde(default)]
    exclude_attachments: bool,
    #[serde(default)]
    exclude_releases: bool,
    #[serde(default)]
    exclude_owner_projects: bool,
    #[serde(default)]
    org_metadata_only: bool,
}

#[derive(Debug, Deserialize)]
struct Repository {
    full_name: String,
}

impl Migration {
    /// Whether it is what we would ask for: the same repositories, with everything.
    fn is_of(&self, names: &[String]) -> bool {
        let mut own: Vec<String> = self
            .repositories
            .iter()
            .map(|repository| repository.full_name.to_ascii_lowercase())
            .collect();
        own.sort_unstable();
        let lacks = self.exclude_metadata
            || self.exclude_git_data
            || self.exclude_attachments
            || self.exclude_releases
            || self.exclude_owner_projects
            || self.org_metadata_only;
        own == names && !lacks && !self.lock_repositories && self.state != "failed"
    }
}

#[async_trait]
impl Archives for GitHub {
    async fn begin(&self, asked: &[String], since: Timestamp, cx: Cx<'_>) -> Result<Archive> {
        let desk = self.desk(cx);
        let org = desk.api.org.as_str();
        let names = full_names(org, asked)?;
        let us = read(desk, &["user"], "our own account").await?;
        let us: User = us.json()?;
        let since = (since - SKEW).max(cx.clock.now() - LASTS);
        let path = ["orgs", org, "migrations"];
        // To its end: a migration that is overlooked would be begun twice.
        let walk = desk
            .walk::<Migration>("migrations", Need::Owner, &path, &[], None)
            .await?;
        if !walk.seen.complete {
            return Err(refused(walk.seen.gaps.concat()));
        }
        let begun = walk
            .items
            .into_iter()
            .filter(|item| item.value.created_at >= since && item.value.is_of(&names))
            .max_by_key(|item| item.value.created_at);
        let resumed = begun.is_some();
        let (id, evidence) = if let Some(item) = begun {
            (item.value.id, item.evidence)
        } else {
            start(desk, &path, &names).await?
        };
        Ok(Archive {
            id: id.to_string(),
            repositories: names,
            by: us.login,
            resumed,
            trace: "migration.create, migration.download and migration.destroy_file".to_owned(),
            evidence,
        })
    }

    async fn progress(&self, archive: &str, cx: Cx<'_>) -> Result<Progress> {
        let desk = self.desk(cx);
        let path = ["orgs", desk.api.org.as_str(), "migrations", archive];
        let reply = read(desk, &path, "the migration").await?;
        let migration: Migration = reply.json()?;
        Ok(match migration.state.as_str() {
            "exported" => Progress::Made,
            "failed" => Progress::Failed {
                evidence: reply.evidence,
            },
            word => Progress::Making {
                word: crate::hostile::one_line(word, 40),
            },
        })
    }

    async fn place(&self, archive: &str, cx: Cx<'_>) -> Result<Url> {
        let desk = self.desk(cx);
        let org = desk.api.org.as_str();
        let url = desk
            .api
            .url(&["orgs", org, "migrations", archive, "archive"], &[])?;
        let request = Request::get(url.clone());
        let reply = desk.send(Need::Owner, request).await.map_err(missed)?;
        if reply.status != StatusCode::FOUND {
            return Err(refused(answered(&reply, "the archive"))
                .hint("GitHub deletes archives after seven days; a new call begins another"));
        }
        reply
            .header("location")
            .and_then(|place| url.join(place).ok())
            .ok_or_else(|| {
                Fault::failed("github-archive", "GitHub names no place of the archive.")
                    .at(&reply.evidence)
            })
    }
}

/// Begins a migration.
async fn start(
    desk: Desk<'_>,
    path: &[&str],
    names: &[String],
) -> Result<(u64, crate::id::EvidenceId)> {
    let request = Request::write(Method::POST, desk.api.url(path, &[])?)
        .json(&json!({ "repositories": names, "lock_repositories": false }))?;
    let reply = desk.send(Need::Owner, request).await.map_err(missed)?;
    if reply.status != StatusCode::CREATED {
        return Err(refused(answered(&reply, "a migration archive")));
    }
    let begun: Migration = reply.json()?;
    Ok((begun.id, reply.evidence))
}

async fn read(desk: Desk<'_>, path: &[&str], what: &str) -> Result<Reply> {
    let reply = desk.read(Need::Owner, path, &[]).await.map_err(missed)?;
    if reply.status != StatusCode::OK {
        return Err(refused(answered(&reply, what)));
    }
    Ok(reply)
}

fn refused(why: String) -> Fault {
    Fault::failed("github-archive", why).hint(NEEDED)
}

fn missed(miss: Miss) -> Fault {
    match miss {
        Miss::NoCredential(why) => Fault::failed("github-credential", why).hint(NEEDED),
        Miss::Call(CallError::Unclear(fault)) => {
            fault.hint("run the same command again: it finds a migration that was begun")
        }
        Miss::Call(error) => error.fault(),
    }
}

/// `owner/name` of each, once, in lower case and in order.
fn full_names(org: &str, asked: &[String]) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for one in asked {
        let (owner, name) = one.split_once('/').unwrap_or((org, one));
        let plain = !matches!(name, "" | "." | "..")
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        if !plain || !owner.eq_ignore_ascii_case(org) {
            return Err(Fault::input(
                "github-repository",
                "This is not a repository of the configured organization.",
            )
            .at(one.escape_debug())
            .hint(format!("name it as {org}/REPOSITORY")));
        }
        names.push(format!("{org}/{name}").to_ascii_lowercase());
    }
    names.sort_unstable();
    names.dedup();
    Ok(names)
}
