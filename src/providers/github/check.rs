//! Preflight: who our credentials are, what they may do, and that the subject owns none of them.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::User;
use super::api::{Desk, Miss, Need, answered};
use crate::case::subject::Subject;
use crate::fault::Result;
use crate::http::Reply;
use crate::provider::{Check, Confidence, Grant, Permission};

/// A permission of the App, the level that is needed, and for what.
const OF_APP: &[(&str, &str, &str)] = &[
    ("members", "write", "membership, teams, invitations"),
    (
        "organization_administration",
        "write",
        "audit log, single sign-on authorizations",
    ),
    (
        "organization_hooks",
        "write",
        "webhooks of the organization",
    ),
    (
        "organization_personal_access_tokens",
        "write",
        "fine-grained tokens",
    ),
    (
        "organization_personal_access_token_requests",
        "write",
        "requests for fine-grained tokens",
    ),
    (
        "organization_self_hosted_runners",
        "write",
        "runners of the organization",
    ),
    ("organization_user_blocking", "write", "the block"),
    (
        "organization_secrets",
        "read",
        "the list of secrets to rotate",
    ),
    (
        "administration",
        "write",
        "deploy keys, collaborators, runners of repositories",
    ),
    ("repository_hooks", "write", "webhooks of repositories"),
    ("secrets", "read", "the list of secrets to rotate"),
    (
        "dependabot_secrets",
        "read",
        "the list of secrets to rotate",
    ),
    ("environments", "read", "the list of secrets to rotate"),
    (
        "contents",
        "read",
        "forks of private repositories, rule bypasses, commits",
    ),
    ("actions", "read", "runs of workflows"),
    ("issues", "read", "issues of the account"),
    ("pull_requests", "read", "pull requests of the account"),
    ("metadata", "read", "the list of repositories"),
];

/// A scope of the owner's token, the scopes that include it, and what it is for.
const OF_TOKEN: &[(&str, &[&str], &str)] = &[
    (
        "admin:org",
        &[],
        "Codespaces, and everything of the organization without an App",
    ),
    ("repo", &[], "private repositories without an App"),
    (
        "admin:org_hook",
        &[],
        "webhooks of the organization without an App",
    ),
    (
        "read:audit_log",
        &["admin:enterprise", "read:enterprise"],
        "the audit log without an App",
    ),
];

/// One check per credential that is configured, or one that says that none is.
pub(super) async fn check(desk: Desk<'_>, subject: Option<&Subject>) -> Result<Vec<Check>> {
    let suspects = match subject {
        Some(subject) => Some(logins(desk, subject).await?),
        None => None,
    };
    let suspects = suspects.as_deref();
    let mut checks = Vec::new();
    if desk.api.jwt.is_some() {
        checks.push(app(desk, suspects).await?);
    }
    if desk.api.owner.is_some() {
        checks.push(owner(desk, suspects).await?);
    }
    if checks.is_empty() {
        let mut none = blank("none");
        none.advice
            .push("Configure a GitHub App and an owner's token for GitHub.".to_owned());
        return Ok(vec![none]);
    }
    if let [only] = checks.as_mut_slice() {
        only.advice.push(
            if desk.api.jwt.is_some() {
                "Without an owner's token Codespaces are neither listed nor stopped."
            } else {
                "Without a GitHub App fine-grained tokens are neither listed nor revoked."
            }
            .to_owned(),
        );
    }
    Ok(checks)
}

fn blank(credential: &str) -> Check {
    Check {
        provider: super::SPEC.name.to_owned(),
        credential: credential.to_owned(),
        reachable: false,
        authenticated_as: None,
        owned_by_subject: None,
        permissions: Vec::new(),
        advice: Vec::new(),
    }
}

/// The logins that are, or are likely to be, the subject's.
async fn logins(desk: Desk<'_>, subject: &Subject) -> Result<Vec<String>> {
    let named = subject
        .accounts
        .iter()
        .filter(|known| known.provider == super::SPEC.name);
    let mut logins: Vec<String> = named.map(|known| known.login.clone()).collect();
    if let Ok(candidates) = super::resolve::resolve(desk, subject).await {
        let likely = candidates
            .into_iter()
            .filter(|one| one.confidence() >= Confidence::Likely);
        logins.extend(likely.map(|one| one.account.login));
    }
    Ok(logins)
}

/// Whether `login` is one of the subject's; nobody knows when none is known.
fn owned(check: &mut Check, login: &str, suspects: Option<&[String]>) {
    match suspects {
        None => {}
        Some([]) => check.advice.push(format!(
            "No GitHub login of the account holder is known: compare by hand whether {} is theirs.",
            login.escape_debug()
        )),
        Some(suspects) => {
            let same = suspects
                .iter()
                .any(|suspect| suspect.eq_ignore_ascii_case(login));
            check.owned_by_subject = Some(same);
            if same {
                check.advice.push(
                    "The account holder owns this credential: use another one that they cannot reach."
                        .to_owned(),
                );
            }
        }
    }
}

/// The answer, when it is good; otherwise the check says why.
fn good(check: &mut Check, what: &str, answer: Result<Reply, Miss>) -> Result<Option<Reply>> {
    match answer {
        Ok(reply) => {
            check.reachable = true;
            if reply.status.is_success() {
                return Ok(Some(reply));
            }
            check.advice.push(answered(&reply, what));
        }
        Err(miss) => check.advice.push(miss.sentence()?),
    }
    Ok(None)
}

async fn app(desk: Desk<'_>, suspects: Option<&[String]>) -> Result<Check> {
    #[derive(Deserialize)]
    struct App {
        slug: String,
        owner: User,
    }
    #[derive(Deserialize)]
    struct Installed {
        account: User,
        repository_selection: String,
        permissions: BTreeMap<String, String>,
        suspended_at: Option<String>,
    }
    let mut check = blank("GitHub App");
    let answer = desk.read(Need::Jwt, &["app"], &[]).await;
    let Some(reply) = good(&mut check, "the App", answer)? else {
        return Ok(check);
    };
    let app: App = reply.json()?;
    owned(&mut check, &app.owner.login, suspects);
    let answer = desk
        .read(Need::Jwt, &["orgs", &desk.api.org, "installation"], &[])
        .await;
    let Some(reply) = good(&mut check, "the installation on the organization", answer)? else {
        return Ok(check);
    };
    let installed: Installed = reply.json()?;
    if !installed.account.login.eq_ignore_ascii_case(&desk.api.org) {
        check
            .advice
            .push("The App is installed on another organization.".to_owned());
        return Ok(check);
    }
    if installed.suspended_at.is_some() {
        check
            .advice
            .push("The installation of the App is suspended: unsuspend it.".to_owned());
        return Ok(check);
    }
    check.authenticated_as = Some(format!("{}[bot]", app.slug));
    if installed.repository_selection != "all" {
        check.advice.push(
            "The App is installed on selected repositories only: the others stay unseen."
                .to_owned(),
        );
    }
    check.advice.push(
        "Whoever could read the App's private key can act as it: check that the account holder could not."
            .to_owned(),
    );
    for (name, level, needed_for) in OF_APP {
        let held = installed.permissions.get(*name).map(String::as_str);
        let enough = held == Some(level) || matches!(held, Some("write" | "admin"));
        check.permissions.push(Permission {
            name: format!("{name}:{level}"),
            grant: if enough {
                Grant::Present
            } else {
                Grant::Missing
            },
            needed_for: (*needed_for).to_owned(),
            why: format!(
                "the installation holds {}",
                held.unwrap_or("nothing").escape_debug()
            ),
        });
    }
    check.permissions.extend(features(desk, Need::App).await?);
    Ok(check)
}

async fn owner(desk: Desk<'_>, suspects: Option<&[String]>) -> Result<Check> {
    #[derive(Deserialize)]
    struct Role {
        role: String,
        state: String,
    }
    let mut check = blank("GitHub owner's token");
    let answer = desk.read(Need::Owner, &["user"], &[]).await;
    let Some(reply) = good(&mut check, "the token", answer)? else {
        return Ok(check);
    };
    let user: User = reply.json()?;
    check.authenticated_as = Some(user.login.clone());
    owned(&mut check, &user.login, suspects);
    let scopes = reply.header("x-oauth-scopes").map(str::to_owned);
    let held: Vec<&str> = scopes
        .as_deref()
        .unwrap_or_default()
        .split(',')
        .map(str::trim)
        .collect();
    for (name, wider, needed_for) in OF_TOKEN {
        let (grant, why) = match &scopes {
            None => (
                Grant::Unknown,
                "GitHub named no scopes: it is no classic token".to_owned(),
            ),
            Some(scopes) => {
                let present = held.contains(name) || wider.iter().any(|wide| held.contains(wide));
                let grant = if present {
                    Grant::Present
                } else {
                    Grant::Missing
                };
                (grant, format!("x-oauth-scopes: {}", scopes.escape_debug()))
            }
        };
        let (name, needed_for) = ((*name).to_owned(), (*needed_for).to_owned());
        check.permissions.push(Permission {
            name,
            grant,
            needed_for,
            why,
        });
    }
    let path = ["orgs", &desk.api.org, "memberships", &user.login];
    let answer = desk.read(Need::Owner, &path, &[]).await;
    let (grant, why) = match good(&mut check, "the token's own membership", answer)? {
        Some(reply) => {
            let role: Role = reply.json()?;
            let is_owner = role.role == "admin" && role.state == "active";
            let grant = if is_owner {
                Grant::Present
            } else {
                Grant::Missing
            };
            (
                grant,
                format!("{} {}", role.state.escape_debug(), role.role.escape_debug()),
            )
        }
        None => (
            Grant::Unknown,
            "the membership could not be read".to_owned(),
        ),
    };
    check.permissions.push(Permission {
        name: "owner of the organization".to_owned(),
        grant,
        needed_for: "everything".to_owned(),
        why,
    });
    if desk.api.installation.is_none() {
        check.permissions.extend(features(desk, Need::Owner).await?);
    }
    Ok(check)
}

/// What depends on the plan: one small read tells.
async fn features(desk: Desk<'_>, need: Need) -> Result<Vec<Permission>> {
    let mut features = Vec::new();
    for (tail, name, needed_for) in [
        (
            "audit-log",
            "audit log",
            "trails, and who made webhooks, runners and App installations",
        ),
        (
            "credential-authorizations",
            "single sign-on",
            "the list of authorized tokens and keys",
        ),
    ] {
        let path = ["orgs", &desk.api.org, tail];
        let (grant, why) = match desk.read(need, &path, &[("per_page", "1")]).await {
            Ok(reply) => match reply.status.as_u16() {
                200 => (Grant::Present, "GitHub answers 200".to_owned()),
                403 if String::from_utf8_lossy(&reply.body).contains("not accessible by") => {
                    (Grant::Missing, answered(&reply, name))
                }
                403 | 404 => (Grant::NotEntitled, answered(&reply, name)),
                _ => (Grant::Unknown, answered(&reply, name)),
            },
            Err(miss) => (Grant::Unknown, miss.sentence()?),
        };
        let (name, needed_for) = (name.to_owned(), needed_for.to_owned());
        features.push(Permission {
            name,
            grant,
            needed_for,
            why,
        });
    }
    Ok(features)
}
