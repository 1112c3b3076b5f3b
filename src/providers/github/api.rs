//! Calls to GitHub: which credential carries them, what an answer means, and pages.

use std::collections::HashSet;

use http::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use crate::door::{DoorKind, DoorState, Probe};
use crate::fault::{Fault, Result};
use crate::http::{CallError, Client, Effect, Reply, Request};
use crate::id::EvidenceId;
use crate::provider::{Closing, Completeness, Cx};

/// How many pages of one list are read before it is called endless.
const MAX_PAGES: u32 = 1000;

/// Which credential GitHub accepts for a call; from `x-github.enabledForGitHubApps` and the
/// descriptions in GitHub's own OpenAPI file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// The App's installation or an owner's token; the App is preferred.
    Any,
    /// Only an App's installation (administration of fine-grained tokens).
    App,
    /// Only an owner's token (Codespaces, migrations, `GET /user`).
    Owner,
    /// Only the App itself, by JWT.
    Jwt,
    /// No credential may be sent (`POST /credentials/revoke` refuses one).
    Nobody,
}

/// The clients, one per credential, and what every call needs to know.
pub(super) struct Api {
    pub(super) base: Url,
    pub(super) org: String,
    pub(super) enterprise: Option<String>,
    pub(super) app_id: Option<u64>,
    pub(super) installation: Option<Client>,
    pub(super) jwt: Option<Client>,
    pub(super) owner: Option<Client>,
    pub(super) anonymous: Client,
}

/// Why a call has no answer.
#[derive(Debug)]
pub(super) enum Miss {
    /// No credential that GitHub accepts for it is configured.
    NoCredential(&'static str),
    /// It got no usable answer.
    Call(CallError),
}

impl Miss {
    /// The fault when the answer could not be kept, else one sentence for people.
    pub(super) fn sentence(self) -> Result<String> {
        match self {
            Self::NoCredential(why) => Ok(why.to_owned()),
            Self::Call(CallError::Unkept(fault)) => Err(fault),
            Self::Call(CallError::Unsent(fault) | CallError::Unclear(fault)) => {
                Ok(fault.to_string())
            }
        }
    }

    /// The fault.
    pub(super) fn fault(self) -> Fault {
        match self {
            Self::NoCredential(why) => Fault::failed("github-credential", why)
                .hint("run `cordon provider check`; GitHub needs an App and an owner's token"),
            Self::Call(error) => error.fault(),
        }
    }
}

impl Api {
    fn client(&self, need: Need) -> Result<&Client, Miss> {
        let (client, why) = match need {
            Need::Any => (
                self.installation.as_ref().or(self.owner.as_ref()),
                "Neither a GitHub App nor an owner's token is configured.",
            ),
            Need::App => (
                self.installation.as_ref(),
                "Only a GitHub App may read or revoke fine-grained tokens, and none is configured.",
            ),
            Need::Owner => (
                self.owner.as_ref(),
                "GitHub refuses Apps here (Codespaces, migration archives), and no owner's token is configured.",
            ),
            Need::Jwt => (self.jwt.as_ref(), "No GitHub App is configured."),
            Need::Nobody => (Some(&self.anonymous), ""),
        };
        client.ok_or(Miss::NoCredential(why))
    }

    /// The address of `path`, each part percent-encoded.
    ///
    /// # Errors
    /// A part that would climb out of its place.
    pub(super) fn url(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Url> {
        let bad = || {
            Fault::failed(
                "github-path",
                "A name from GitHub cannot stand in an address.",
            )
        };
        if path.iter().any(|part| matches!(*part, "" | "." | "..")) {
            return Err(bad());
        }
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| bad())?
            .pop_if_empty()
            .extend(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }
}

/// The API at work for one case.
#[derive(Clone, Copy)]
pub(super) struct Desk<'a> {
    pub(super) api: &'a Api,
    pub(super) cx: Cx<'a>,
    /// Tokens that responders hold.
    pub(super) held: &'a [super::door::held_token::Held],
}

/// One record of a list and the answer that holds it.
#[derive(Debug, Clone)]
pub(super) struct Item<T> {
    pub(super) value: T,
    pub(super) evidence: EvidenceId,
}

/// A list that was read page by page.
#[derive(Debug)]
pub(super) struct Walk<T> {
    pub(super) items: Vec<Item<T>>,
    pub(super) seen: Completeness,
    pub(super) evidence: Vec<EvidenceId>,
}

/// The login that an account has now, or why it cannot be told.
pub(super) enum Login {
    /// The login, and the answer that shows it.
    Now(String, EvidenceId),
    /// One sentence, and the answer, when one came.
    Lost(String, Option<EvidenceId>),
}

impl<'a> Desk<'a> {
    /// The path of something of a repository, or without one of the organization.
    pub(super) fn place<'p>(&self, repo: Option<&'p str>, tail: &[&'p str]) -> Vec<&'p str>
    where
        'a: 'p,
    {
        let org = self.api.org.as_str();
        match repo {
            Some(repo) => [&["repos", org, repo], tail].concat(),
            None => [&["orgs", org], tail].concat(),
        }
    }

    /// A read.
    pub(super) async fn read(
        &self,
        need: Need,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Reply, Miss> {
        let url = self
            .api
            .url(path, query)
            .map_err(|fault| Miss::Call(CallError::Unsent(fault)))?;
        self.send(need, Request::get(url)).await
    }

    /// A read that GitHub takes as `POST` (GraphQL).
    pub(super) async fn ask(&self, need: Need, path: &[&str], body: &Value) -> Result<Reply, Miss> {
        let url = self
            .api
            .url(path, &[])
            .map_err(|fault| Miss::Call(CallError::Unsent(fault)))?;
        let mut request = Request::write(Method::POST, url);
        request.effect = Effect::Read;
        let request = request
            .json(body)
            .map_err(|fault| Miss::Call(CallError::Unsent(fault)))?;
        self.send(need, request).await
    }

    /// Sends; repeats once after a `401` of an installation, whose token may just have ended. A call
    /// answered with `401` was certainly not carried out.
    pub(super) async fn send(&self, need: Need, request: Request) -> Result<Reply, Miss> {
        let client = self.api.client(need)?;
        let reply = client
            .send(request.clone(), self.cx.witness)
            .await
            .map_err(Miss::Call)?;
        let minted = matches!(need, Need::Any | Need::App) && self.api.installation.is_some();
        if reply.status != StatusCode::UNAUTHORIZED || !minted {
            return Ok(reply);
        }
        client
            .send(request, self.cx.witness)
            .await
            .map_err(Miss::Call)
    }

    /// A change, and what its answer means for a door of `kind`.
    pub(super) async fn change(
        &self,
        kind: &DoorKind,
        need: Need,
        method: Method,
        path: &[&str],
        body: Option<&Value>,
    ) -> Result<Closing> {
        let mut request = Request::write(method, self.api.url(path, &[])?);
        if let Some(body) = body {
            request = request.json(body)?;
        }
        self.settle(kind, need, request).await
    }

    /// As [`Self::change`], with a request that is ready.
    pub(super) async fn settle(
        &self,
        kind: &DoorKind,
        need: Need,
        request: Request,
    ) -> Result<Closing> {
        let reply = match self.send(need, request).await {
            Ok(reply) => reply,
            Err(Miss::NoCredential(why)) => {
                return Ok(Closing::Refused {
                    why: why.to_owned(),
                    evidence: None,
                });
            }
            Err(Miss::Call(CallError::Unclear(fault))) => {
                return Ok(Closing::Unclear {
                    why: fault.to_string(),
                });
            }
            Err(Miss::Call(error)) => return Err(error.fault()),
        };
        let code = reply.status.as_str().to_owned();
        let evidence = reply.evidence.clone();
        Ok(match reply.status {
            _ if kind.already_done.contains(&code.as_str()) => Closing::AlreadyDone { evidence },
            status if status.is_success() => Closing::Accepted { evidence },
            status if status.is_server_error() => Closing::Unclear {
                why: answered(&reply, "the change"),
            },
            _ => Closing::Refused {
                why: answered(&reply, "the change"),
                evidence: Some(evidence),
            },
        })
    }

    /// Every record of a list, whatever its pages look like. `key` names the array inside an object.
    /// What could not be read is a gap, not a failure.
    pub(super) async fn walk<T: DeserializeOwned>(
        &self,
        what: impl Into<String>,
        need: Need,
        path: &[&str],
        query: &[(&str, &str)],
        key: Option<&str>,
    ) -> Result<Walk<T>> {
        let mut walk = Walk {
            items: Vec::new(),
            seen: Completeness {
                what: what.into(),
                ..Completeness::default()
            },
            evidence: Vec::new(),
        };
        let mut url = self.api.url(path, query)?;
        let paged = query
            .iter()
            .all(|(name, _)| *name != "per_page" && *name != "count");
        if paged {
            url.query_pairs_mut().append_pair("per_page", "100");
        }
        let mut turns = HashSet::new();
        let mut ids = HashSet::new();
        loop {
            turns.insert(url.query().unwrap_or_default().to_owned());
            let reply = match self.send(need, Request::get(url.clone())).await {
                Ok(reply) => reply,
                Err(miss) => {
                    walk.gap(miss.sentence()?);
                    return Ok(walk);
                }
            };
            walk.evidence.push(reply.evidence.clone());
            if reply.status != StatusCode::OK {
                walk.gap(answered(&reply, "the list"));
                return Ok(walk);
            }
            if !walk.take(&reply, key, &mut ids) {
                return Ok(walk);
            }
            let next = next_query(&reply);
            walk.seen.cursors.push(next.clone().unwrap_or_default());
            let Some(next) = next else { break };
            if turns.contains(&next) {
                walk.gap("The pages run in a circle; what came is kept.".to_owned());
                return Ok(walk);
            }
            if walk.seen.pages >= MAX_PAGES {
                walk.gap(format!("The list goes on after {MAX_PAGES} pages."));
                return Ok(walk);
            }
            url.set_query(Some(&next));
        }
        walk.seen.complete = walk.seen.gaps.is_empty();
        Ok(walk)
    }

    /// The login that `account` has now. Logins can be changed by their owner and get replaced when a
    /// managed user is suspended; an answer about a login that has moved on proves nothing. The id stays.
    pub(super) async fn login(&self, account: &str) -> Result<Login> {
        let reply = match self.read(Need::Any, &["user", account], &[]).await {
            Ok(reply) => reply,
            Err(miss) => return Ok(Login::Lost(miss.sentence()?, None)),
        };
        let evidence = reply.evidence.clone();
        if reply.status != StatusCode::OK {
            let why = answered(&reply, "the account by its id");
            return Ok(Login::Lost(why, Some(evidence)));
        }
        let user: super::User = match shaped(&reply) {
            Ok(user) => user,
            Err(why) => return Ok(Login::Lost(why, Some(evidence))),
        };
        if user.id.to_string() != account {
            let why = "GitHub answered with another account than the one asked for.".to_owned();
            return Ok(Login::Lost(why, Some(evidence)));
        }
        Ok(Login::Now(user.login, evidence))
    }
}

impl<T: DeserializeOwned> Walk<T> {
    /// Notes what could not be seen.
    pub(super) fn gap(&mut self, why: String) {
        self.seen.gaps.push(why);
        self.seen.complete = false;
    }

    /// Takes the records of one page; false when the page cannot be read.
    fn take(&mut self, reply: &Reply, key: Option<&str>, ids: &mut HashSet<String>) -> bool {
        self.seen.pages = self.seen.pages.saturating_add(1);
        self.seen.throttled = self.seen.throttled.saturating_add(reply.throttled);
        let page: Option<Value> = serde_json::from_slice(&reply.body).ok();
        let records = match (page, key) {
            (Some(Value::Array(records)), None) => Some(records),
            (Some(Value::Object(mut object)), Some(key)) => match object.remove(key) {
                Some(Value::Array(records)) => Some(records),
                _ => None,
            },
            _ => None,
        };
        let Some(records) = records else {
            self.gap(format!(
                "A page has an unexpected shape (evidence {}).",
                reply.evidence
            ));
            return false;
        };
        for record in records {
            self.seen.records = self.seen.records.saturating_add(1);
            if let Some(id) = identity(&record)
                && !ids.insert(id)
            {
                self.seen.duplicates = self.seen.duplicates.saturating_add(1);
                continue;
            }
            match serde_json::from_value(record) {
                Ok(value) => {
                    self.items.push(Item {
                        value,
                        evidence: reply.evidence.clone(),
                    });
                }
                Err(_) => self.gap(format!(
                    "A record has an unexpected shape and was left out (evidence {}).",
                    reply.evidence
                )),
            }
        }
        true
    }
}

/// What makes a record the same record on another page.
fn identity(record: &Value) -> Option<String> {
    ["id", "credential_id", "_document_id", "login", "name"]
        .iter()
        .find_map(|key| record.get(key))
        .filter(|value| value.is_string() || value.is_number())
        .map(ToString::to_string)
}

/// The query of the next page. Only the query is taken from the `Link` header: the address that is
/// called stays the one that was configured, whatever the header names.
pub(super) fn next_query(reply: &Reply) -> Option<String> {
    let header = reply.header("link")?;
    header.split(',').find_map(|link| {
        let (target, parameters) = link.split_once(';')?;
        if !parameters
            .split(';')
            .any(|p| p.trim().eq_ignore_ascii_case("rel=\"next\""))
        {
            return None;
        }
        let target = target.trim().strip_prefix('<')?.strip_suffix('>')?;
        let (_, query) = target.split_once('?')?;
        Some(query.to_owned())
    })
}

/// What GitHub said instead of what was asked for, in one sentence with the next step.
pub(super) fn answered(reply: &Reply, asked: &str) -> String {
    let said = message(reply);
    let status = reply.status.as_u16();
    let step = match status {
        401 => "the credential is not accepted: renew it",
        403 if reply.header("x-github-sso").is_some() => {
            "the token is not authorised for this organisation's single sign-on: authorise it"
        }
        403 if said.contains("not accessible by") => {
            "the credential lacks a permission: run `cordon provider check`"
        }
        403 => "refused: the permission is missing or the plan does not have the feature",
        404 => "not found: hidden from this credential, not part of the plan, or gone",
        429 => "GitHub asks to wait: try again later",
        500.. => "GitHub failed: look before repeating",
        _ => "see the evidence",
    };
    format!("GitHub answered {status} to {asked}{said}; {step}.")
}

/// The vendor's message, bounded and without control characters.
fn message(reply: &Reply) -> String {
    let body: Option<Value> = serde_json::from_slice(&reply.body).ok();
    let said = body
        .as_ref()
        .and_then(|body| body.get("message"))
        .and_then(Value::as_str);
    said.map_or_else(String::new, |said| {
        let clean: String = said.chars().filter(|c| !c.is_control()).take(160).collect();
        format!(" (\u{201c}{clean}\u{201d})")
    })
}

/// The body as `T`, or one sentence: an answer of an odd shape is a gap, never a reason to stop.
pub(super) fn shaped<T: DeserializeOwned>(reply: &Reply) -> Result<T, String> {
    serde_json::from_slice(&reply.body).map_err(|_| {
        format!(
            "An answer of GitHub has an unexpected shape (evidence {}).",
            reply.evidence
        )
    })
}

/// What a probe saw.
pub(super) fn saw(state: DoorState, why: impl Into<String>, evidence: Vec<EvidenceId>) -> Probe {
    Probe {
        state,
        why: why.into(),
        evidence,
        residual_until: None,
    }
}
