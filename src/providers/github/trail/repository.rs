//! The logs of repositories, and what protects them now.

use jiff::SignedDuration;
use serde_json::Value;

use super::super::api::Desk;
use super::walk::{Errand, List, none, per_repo};
use crate::fault::Result;
use crate::provider::{Account, Page, TrailSpec, Window};
use crate::time::utc;

pub(super) const CLONES: TrailSpec = TrailSpec {
    name: "github.clone_traffic",
    title: "How often each repository was cloned, per day, by everybody",
    retention_hours: Some(14 * 24),
    lag_minutes: 24 * 60,
    page_size: 14,
    ordered: true,
    call: "GET /repos/{owner}/{repo}/traffic/clones",
    dedupe: "repository and timestamp",
};

pub(super) const VIEWS: TrailSpec = TrailSpec {
    name: "github.view_traffic",
    title: "How often each repository was looked at, per day, by everybody",
    call: "GET /repos/{owner}/{repo}/traffic/views",
    ..CLONES
};

/// Runs stay longer; their logs and artifacts are what is lost.
pub(super) const RUNS: TrailSpec = TrailSpec {
    name: "github.workflow_runs",
    title: "Runs of workflows that the account set off",
    retention_hours: Some(90 * 24),
    lag_minutes: 10,
    page_size: 100,
    ordered: true,
    call: "GET /repos/{owner}/{repo}/actions/runs?actor={username}",
    dedupe: "id",
};

pub(super) const ACTIVITY: TrailSpec = TrailSpec {
    name: "github.repo_activity",
    title: "Pushes, branches and merges of the account",
    retention_hours: Some(365 * 24),
    lag_minutes: 10,
    page_size: 100,
    ordered: true,
    call: "GET /repos/{owner}/{repo}/activity?actor={username}",
    dedupe: "id",
};

pub(super) const RULESETS: TrailSpec = TrailSpec {
    name: "github.rulesets",
    title: "The rules for branches and tags as they are, and who changed them when",
    retention_hours: Some(TrailSpec::LASTING),
    lag_minutes: 1,
    page_size: 30,
    ordered: false,
    call: "GET /repos/{owner}/{repo}/rulesets?includes_parents=true, each, and its history",
    dedupe: "id",
};

pub(super) const PROTECTION: TrailSpec = TrailSpec {
    name: "github.branch_protection",
    title: "The protection of branches as it is",
    call: "GET /repos/{owner}/{repo}/branches?protected=true, then each …/branches/{branch}/protection",
    dedupe: "repository and name",
    ..RULESETS
};

pub(super) const COMMITS: TrailSpec = TrailSpec {
    name: "github.commits",
    title: "Commits of the account on default branches",
    retention_hours: Some(TrailSpec::LASTING),
    lag_minutes: 1,
    page_size: 100,
    ordered: true,
    call: "GET /repos/{owner}/{repo}/commits?author={username}",
    dedupe: "sha",
};

/// The list of pull requests cannot be asked for one author; the list of issues can, and holds them.
pub(super) const PULLS: TrailSpec = TrailSpec {
    name: "github.pull_requests",
    title: "Pull requests and issues that the account opened",
    call: "GET /repos/{owner}/{repo}/issues?creator={username}&state=all",
    dedupe: "id",
    ..COMMITS
};

/// One page of [`CLONES`] or [`VIEWS`].
pub(super) async fn traffic(desk: Desk<'_>, what: &str, cursor: Option<&str>) -> Result<Page> {
    let list = List {
        tail: &["traffic", what],
        query: &[("per", "day")],
        each: none,
    };
    per_repo(desk, &list, cursor).await
}

/// One page of [`ACTIVITY`].
pub(super) async fn activity(
    desk: Desk<'_>,
    account: &Account,
    window: Window,
    cursor: Option<&str>,
) -> Result<Page> {
    let list = List {
        tail: &["activity"],
        query: &[
            ("actor", &account.login),
            ("time_period", period(desk, window)),
            ("per_page", "100"),
        ],
        each: none,
    };
    per_repo(desk, &list, cursor).await
}

/// The shortest period of the activity list that covers the window.
fn period(desk: Desk<'_>, window: Window) -> &'static str {
    let age = desk.cx.clock.now().duration_since(window.since);
    [(1, "day"), (7, "week"), (30, "month"), (90, "quarter")]
        .into_iter()
        .find(|(days, _)| age <= SignedDuration::from_hours(days * 24))
        .map_or("year", |(_, name)| name)
}

/// One page of [`RUNS`], the newest first. Not narrowed to the window: the bound that the vendor
/// documents in words (`>=…`) is not one that its description of the call allows.
pub(super) async fn runs(desk: Desk<'_>, account: &Account, cursor: Option<&str>) -> Result<Page> {
    let list = List {
        tail: &["actions", "runs"],
        query: &[("actor", &account.login), ("per_page", "100")],
        each: none,
    };
    per_repo(desk, &list, cursor).await
}

/// One page of [`COMMITS`].
pub(super) async fn commits(
    desk: Desk<'_>,
    account: &Account,
    window: Window,
    cursor: Option<&str>,
) -> Result<Page> {
    let (since, until) = (utc(window.since), utc(window.until));
    let list = List {
        tail: &["commits"],
        query: &[
            ("author", &account.login),
            ("since", &since),
            ("until", &until),
            ("per_page", "100"),
        ],
        each: none,
    };
    per_repo(desk, &list, cursor).await
}

/// One page of [`PULLS`]: what was opened or changed within the window.
pub(super) async fn pulls(
    desk: Desk<'_>,
    account: &Account,
    window: Window,
    cursor: Option<&str>,
) -> Result<Page> {
    let since = utc(window.since);
    let list = List {
        tail: &["issues"],
        query: &[
            ("creator", &account.login),
            ("state", "all"),
            ("since", &since),
            ("sort", "created"),
            ("direction", "asc"),
            ("per_page", "100"),
        ],
        each: none,
    };
    per_repo(desk, &list, cursor).await
}

/// One page of [`RULESETS`]. The list names them; the rules, and who may go past them, stand in each.
pub(super) async fn rulesets(desk: Desk<'_>, cursor: Option<&str>) -> Result<Page> {
    let list = List {
        tail: &["rulesets"],
        query: &[("includes_parents", "true"), ("per_page", "30")],
        each: |ruleset| {
            let Some(id) = ruleset.get("id").and_then(Value::as_u64) else {
                return Vec::new();
            };
            let id = id.to_string();
            let mut each = vec![Errand::to(&["rulesets", &id])];
            // The history of the organization's own is the organization's.
            if ruleset.get("source_type").and_then(Value::as_str) == Some("Repository") {
                each.push(Errand::to(&["rulesets", &id, "history"]));
            }
            each
        },
    };
    per_repo(desk, &list, cursor).await
}

/// One page of [`PROTECTION`].
pub(super) async fn protection(desk: Desk<'_>, cursor: Option<&str>) -> Result<Page> {
    let list = List {
        tail: &["branches"],
        query: &[("protected", "true"), ("per_page", "30")],
        each: |branch| {
            let name = branch.get("name").and_then(Value::as_str);
            name.map(|name| Errand::to(&["branches", name, "protection"]))
                .into_iter()
                .collect()
        },
    };
    per_repo(desk, &list, cursor).await
}
