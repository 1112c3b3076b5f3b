//! The logs of GitHub, most perishable first, one page at a time.

use serde_json::Value;
use url::Url;

use super::api::{Desk, Miss, Need, answered};
use crate::fault::{Fault, Result};
use crate::http::{Reply, Request};
use crate::provider::{Account, Page, TrailSpec, Window};
use crate::time::Timestamp;

mod audit;
mod hook;
mod repository;
mod walk;

/// Every trail, most perishable first.
pub(super) static TRAILS: &[TrailSpec] = &[
    hook::DELIVERIES,
    audit::GIT,
    audit::KEYS,
    repository::CLONES,
    repository::VIEWS,
    audit::BYPASSES,
    repository::RUNS,
    audit::ACTOR,
    audit::USER,
    repository::ACTIVITY,
    repository::RULESETS,
    repository::PROTECTION,
    repository::COMMITS,
    repository::PULLS,
];

/// One page.
pub(super) async fn pull(
    desk: Desk<'_>,
    trail: &str,
    account: &Account,
    window: Window,
    cursor: Option<&str>,
) -> Result<Page> {
    match trail {
        "github.hook_deliveries" => hook::deliveries(desk, cursor).await,
        "github.git_events" => audit::git(desk, account, cursor).await,
        "github.deploy_key_events" => audit::keys(desk, account, window, cursor).await,
        "github.clone_traffic" => repository::traffic(desk, "clones", cursor).await,
        "github.view_traffic" => repository::traffic(desk, "views", cursor).await,
        "github.rule_bypasses" => audit::bypasses(desk, account, cursor).await,
        "github.workflow_runs" => repository::runs(desk, account, cursor).await,
        "github.audit_actor" => audit::web(desk, "actor", account, window, cursor).await,
        "github.audit_user" => audit::web(desk, "user", account, window, cursor).await,
        "github.repo_activity" => repository::activity(desk, account, window, cursor).await,
        "github.rulesets" => repository::rulesets(desk, cursor).await,
        "github.branch_protection" => repository::protection(desk, cursor).await,
        "github.commits" => repository::commits(desk, account, window, cursor).await,
        "github.pull_requests" => repository::pulls(desk, account, window, cursor).await,
        _ => Err(Fault::failed(
            "trail",
            format!("GitHub has no trail `{}`.", trail.escape_debug()),
        )),
    }
}

fn date(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

async fn send(desk: Desk<'_>, url: Url) -> Result<Reply> {
    desk.send(Need::Any, Request::get(url))
        .await
        .map_err(Miss::fault)
}

/// The answer to one page: the first, or the one with the query `continued`.
async fn fetch(
    desk: Desk<'_>,
    path: &[&str],
    query: &[(&str, &str)],
    continued: &str,
) -> Result<Reply> {
    let mut url = desk.api.url(path, query)?;
    if !continued.is_empty() {
        url.set_query(Some(continued));
    }
    send(desk, url).await
}

/// The fault that says that the log is absent.
fn absent(reply: &Reply) -> Fault {
    Fault::failed("trail-absent", answered(reply, "the log"))
        .at(&reply.evidence)
        .hint("the log is absent, which is not the same as an empty log: say so in the report")
}

/// A page from an answer. Records are read for their ids and times only; the evidence keeps them.
fn page(reply: &Reply, scope: Option<&str>, next: Option<String>) -> Result<Page> {
    let answer: Value = reply.json()?;
    let records = match &answer {
        Value::Array(records) => records.as_slice(),
        Value::Object(object) => ["clones", "views", "workflow_runs"]
            .iter()
            .find_map(|key| object.get(*key)?.as_array())
            .map_or(&[][..], Vec::as_slice),
        _ => &[],
    };
    let (mut ids, mut times) = (Vec::new(), Vec::new());
    for record in records {
        times.extend(time(record));
        let id = ["_document_id", "id", "sha"]
            .iter()
            .find_map(|key| record.get(key))
            .and_then(|id| {
                id.as_str()
                    .map(str::to_owned)
                    .or_else(|| id.as_u64().map(|id| id.to_string()))
            });
        // Only unique within its repository.
        let within = || {
            let name = ["timestamp", "name"]
                .iter()
                .find_map(|key| record.get(key)?.as_str())?;
            Some(format!("{}/{name}", scope.unwrap_or_default()))
        };
        ids.extend(id.or_else(within));
    }
    Ok(Page {
        evidence: reply.evidence.clone(),
        ids,
        first: times.iter().min().copied(),
        last: times.iter().max().copied(),
        next,
    })
}

fn time(record: &Value) -> Option<Timestamp> {
    let value = [
        "/@timestamp",
        "/created_at",
        "/timestamp",
        "/pushed_at",
        "/delivered_at",
        "/commit/committer/date",
    ]
    .iter()
    .find_map(|at| record.pointer(at))?;
    match value {
        Value::String(text) => text.parse().ok(),
        // The audit log counts milliseconds.
        other => other
            .as_i64()
            .and_then(|at| Timestamp::from_millisecond(at).ok()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_perishable_comes_first() {
        let kept: Vec<u32> = TRAILS
            .iter()
            .filter_map(|trail| trail.retention_hours)
            .collect();
        assert!(kept.is_sorted(), "{kept:?}");
        assert_eq!(kept.len(), TRAILS.len());
    }
}
