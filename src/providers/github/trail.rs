//! The logs of GitHub, most perishable first, one page at a time.
//!
//! A cursor is what the next page needs and nothing else: for a list of the organization the query of
//! its next page; for lists of repositories `PAGE/INDEX/QUERY`, where page and index find the
//! repository in the list of the organization by age, so that new ones come last.

use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::Value;

use super::api::{Desk, Miss, Need, answered, next_query};
use super::record::AUDIT_HOURS;
use crate::fault::{Fault, Result};
use crate::http::{Reply, Request};
use crate::id::EvidenceId;
use crate::provider::{Account, Page, TrailSpec, Window};
use crate::time::Timestamp;

const GIT: TrailSpec = TrailSpec {
    name: "github.git_events",
    title: "Clones, fetches and pushes by the account",
    retention_hours: Some(7 * 24),
    lag_minutes: 10,
    page_size: 100,
    ordered: false,
    call: "GET /orgs/{org}/audit-log?include=git&phrase=actor:{username}",
    dedupe: "_document_id",
};

const ACTOR: TrailSpec = TrailSpec {
    name: "github.audit_actor",
    title: "What the account did",
    retention_hours: Some(AUDIT_HOURS),
    call: "GET /orgs/{org}/audit-log?include=web&phrase=actor:{username}",
    ..GIT
};

const USER: TrailSpec = TrailSpec {
    name: "github.audit_user",
    title: "What was done to the account",
    call: "GET /orgs/{org}/audit-log?include=web&phrase=user:{username}",
    ..ACTOR
};

const DELIVERIES: TrailSpec = TrailSpec {
    name: "github.hook_deliveries",
    title: "What webhooks sent, and whether it arrived",
    retention_hours: Some(3 * 24),
    lag_minutes: 1,
    page_size: 100,
    ordered: true,
    call: "GET /repos/{owner}/{repo}/hooks/{hook_id}/deliveries",
    dedupe: "id",
};

const CLONES: TrailSpec = TrailSpec {
    name: "github.clone_traffic",
    title: "How often each repository was cloned, per day, by everybody",
    retention_hours: Some(14 * 24),
    lag_minutes: 24 * 60,
    page_size: 14,
    ordered: true,
    call: "GET /repos/{owner}/{repo}/traffic/clones",
    dedupe: "repository and timestamp",
};

const BYPASSES: TrailSpec = TrailSpec {
    name: "github.rule_bypasses",
    title: "Pushes of the account that went past a rule",
    retention_hours: Some(30 * 24),
    lag_minutes: 10,
    page_size: 100,
    ordered: true,
    call: "GET /orgs/{org}/rulesets/rule-suites?rule_suite_result=bypass&actor_name={username}",
    dedupe: "id",
};

const ACTIVITY: TrailSpec = TrailSpec {
    name: "github.repo_activity",
    title: "Pushes, branches and merges of the account",
    retention_hours: Some(365 * 24),
    lag_minutes: 10,
    page_size: 100,
    ordered: true,
    call: "GET /repos/{owner}/{repo}/activity?actor={username}",
    dedupe: "id",
};

/// Every trail, most perishable first.
pub(super) static TRAILS: &[TrailSpec] =
    &[DELIVERIES, GIT, CLONES, BYPASSES, ACTOR, USER, ACTIVITY];

/// One page.
pub(super) async fn pull(
    desk: Desk<'_>,
    trail: &str,
    account: &Account,
    window: Window,
    cursor: Option<&str>,
) -> Result<Page> {
    let login = account.login.as_str();
    let org = desk.api.org.as_str();
    let audit = ["orgs", org, "audit-log"];
    let since = date(window.since);
    match trail {
        "github.git_events" => {
            // Oldest first: the oldest is what is lost next.
            let phrase = format!("actor:{login}");
            let query = [
                ("phrase", phrase.as_str()),
                ("include", "git"),
                ("order", "asc"),
            ];
            list(desk, &audit, &query, cursor).await
        }
        "github.audit_actor" | "github.audit_user" => {
            let role = if trail == ACTOR.name { "actor" } else { "user" };
            // Without `created` GitHub answers with three months only.
            let phrase = format!("{role}:{login} created:>={since}");
            let query = [
                ("phrase", phrase.as_str()),
                ("include", "web"),
                ("order", "asc"),
            ];
            list(desk, &audit, &query, cursor).await
        }
        "github.rule_bypasses" => {
            let query = [
                ("actor_name", login),
                ("rule_suite_result", "bypass"),
                ("time_period", "month"),
            ];
            list(
                desk,
                &["orgs", org, "rulesets", "rule-suites"],
                &query,
                cursor,
            )
            .await
        }
        "github.repo_activity" => {
            let query = [("actor", login), ("time_period", period(desk, window))];
            per_repo(desk, &["activity"], &query, cursor).await
        }
        "github.clone_traffic" => {
            per_repo(desk, &["traffic", "clones"], &[("per", "day")], cursor).await
        }
        "github.hook_deliveries" => deliveries(desk, cursor).await,
        _ => Err(Fault::failed(
            "trail",
            format!("GitHub has no trail `{}`.", trail.escape_debug()),
        )),
    }
}

fn date(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// The shortest period of the activity list that covers the window.
fn period(desk: Desk<'_>, window: Window) -> &'static str {
    let age = desk.cx.clock.now().duration_since(window.since);
    [(1, "day"), (7, "week"), (30, "month"), (90, "quarter")]
        .into_iter()
        .find(|(days, _)| age <= SignedDuration::from_hours(days * 24))
        .map_or("year", |(_, name)| name)
}

/// The answer to one page, or the fault that says that the log is absent.
async fn fetch(
    desk: Desk<'_>,
    path: &[&str],
    query: &[(&str, &str)],
    continued: Option<&str>,
) -> Result<Reply> {
    let mut url = desk.api.url(path, query)?;
    match continued {
        Some(continued) => url.set_query(Some(continued)),
        // Traffic is no list and refuses nothing, but its description has no page size.
        None if path.contains(&"traffic") => {}
        None => {
            url.query_pairs_mut().append_pair("per_page", "100");
        }
    }
    desk.send(Need::Any, Request::get(url))
        .await
        .map_err(Miss::fault)
}

fn absent(reply: &Reply) -> Fault {
    Fault::failed("trail-absent", answered(reply, "the log"))
        .at(&reply.evidence)
        .hint("the log is absent, which is not the same as an empty log: say so in the report")
}

/// One page of a list of the organization.
async fn list(
    desk: Desk<'_>,
    path: &[&str],
    query: &[(&str, &str)],
    cursor: Option<&str>,
) -> Result<Page> {
    let reply = fetch(desk, path, query, cursor).await?;
    if reply.status != http::StatusCode::OK {
        return Err(absent(&reply));
    }
    let next = next_query(&reply);
    page(&reply, None, next)
}

/// Where a walk over repositories stands.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    page: u32,
    index: usize,
    /// The query of the next page there; empty at its beginning.
    query: String,
}

impl Place {
    fn parse(cursor: Option<&str>) -> Result<Self> {
        let Some(cursor) = cursor else {
            return Ok(Self {
                page: 1,
                index: 0,
                query: String::new(),
            });
        };
        let mut parts = cursor.splitn(3, '/');
        let mut part = || parts.next().unwrap_or_default();
        match (part().parse(), part().parse(), part()) {
            (Ok(page), Ok(index), query) => Ok(Self {
                page,
                index,
                query: query.to_owned(),
            }),
            _ => Err(
                Fault::failed("trail-cursor", "A cursor of a trail cannot be read.")
                    .hint("begin the trail again"),
            ),
        }
    }

    fn write(&self) -> String {
        format!("{}/{}/{}", self.page, self.index, self.query)
    }

    fn at(&self, query: String) -> String {
        Self {
            query,
            ..self.clone()
        }
        .write()
    }
}

#[derive(Debug, Deserialize)]
struct Named {
    name: String,
}

/// The repository at a place, and the place after it.
struct Here {
    name: Option<String>,
    after: Option<String>,
    evidence: EvidenceId,
}

async fn here(desk: Desk<'_>, place: &Place) -> Result<Here> {
    let page = place.page.to_string();
    let query = [
        ("type", "all"),
        ("sort", "created"),
        ("direction", "asc"),
        ("page", &page),
    ];
    let reply = fetch(desk, &["orgs", &desk.api.org, "repos"], &query, None).await?;
    if reply.status != http::StatusCode::OK {
        return Err(absent(&reply));
    }
    let mut repos: Vec<Named> = reply.json()?;
    let count = repos.len();
    let after = if place.index.saturating_add(1) < count {
        Some(
            Place {
                page: place.page,
                index: place.index + 1,
                query: String::new(),
            }
            .write(),
        )
    } else if next_query(&reply).is_some() && count > 0 {
        Some(
            Place {
                page: place.page.saturating_add(1),
                index: 0,
                query: String::new(),
            }
            .write(),
        )
    } else {
        None
    };
    let name = (place.index < count).then(|| repos.swap_remove(place.index).name);
    Ok(Here {
        name,
        after,
        evidence: reply.evidence,
    })
}

fn nothing(evidence: EvidenceId, next: Option<String>) -> Page {
    Page {
        evidence,
        ids: Vec::new(),
        first: None,
        last: None,
        next,
    }
}

/// One page of a list of one repository.
async fn per_repo(
    desk: Desk<'_>,
    tail: &[&str],
    query: &[(&str, &str)],
    cursor: Option<&str>,
) -> Result<Page> {
    let place = Place::parse(cursor)?;
    let here = here(desk, &place).await?;
    let Some(name) = &here.name else {
        return Ok(nothing(here.evidence, here.after));
    };
    let mut path = vec!["repos", desk.api.org.as_str(), name];
    path.extend(tail);
    let continued = (!place.query.is_empty()).then_some(place.query.as_str());
    let reply = fetch(desk, &path, query, continued).await?;
    match reply.status.as_u16() {
        200 => {}
        // Gone or emptied since it was listed.
        404 | 409 => return Ok(nothing(reply.evidence, here.after)),
        _ => return Err(absent(&reply)),
    }
    let next = next_query(&reply)
        .map(|query| place.at(query))
        .or(here.after);
    page(&reply, Some(name), next)
}

#[derive(Debug, Deserialize)]
struct Hook {
    id: u64,
}

/// One page of deliveries of one webhook. Place 0 is the organization, then its repositories; the
/// query is `HOOK?QUERY` with the number of the webhook in its list.
async fn deliveries(desk: Desk<'_>, cursor: Option<&str>) -> Result<Page> {
    let place = match cursor {
        Some(cursor) => Place::parse(Some(cursor))?,
        None => Place {
            page: 0,
            index: 0,
            query: String::new(),
        },
    };
    let (name, after) = if place.page == 0 {
        (
            None,
            Some(
                Place {
                    page: 1,
                    index: 0,
                    query: String::new(),
                }
                .write(),
            ),
        )
    } else {
        let here = here(desk, &place).await?;
        let Some(name) = here.name else {
            return Ok(nothing(here.evidence, here.after));
        };
        (Some(name), here.after)
    };
    let org = desk.api.org.as_str();
    let hooks = match &name {
        Some(name) => vec!["repos", org, name, "hooks"],
        None => vec!["orgs", org, "hooks"],
    };
    let reply = fetch(desk, &hooks, &[], None).await?;
    if reply.status == http::StatusCode::NOT_FOUND && name.is_some() {
        return Ok(nothing(reply.evidence, after));
    }
    if reply.status != http::StatusCode::OK {
        return Err(absent(&reply));
    }
    let listed: Vec<Hook> = reply.json()?;
    let (number, continued) = place.query.split_once('?').unwrap_or((&place.query, ""));
    let number: usize = number.parse().unwrap_or_default();
    let Some(hook) = listed.get(number) else {
        return Ok(nothing(reply.evidence, after));
    };
    let id = hook.id.to_string();
    let mut path = hooks;
    path.extend([id.as_str(), "deliveries"]);
    let continued = (!continued.is_empty()).then_some(continued);
    let reply = fetch(desk, &path, &[], continued).await?;
    if reply.status != http::StatusCode::OK {
        return Err(absent(&reply));
    }
    let next = match next_query(&reply) {
        Some(query) => Some(place.at(format!("{number}?{query}"))),
        None if number.saturating_add(1) < listed.len() => Some(place.at((number + 1).to_string())),
        None => after,
    };
    page(&reply, None, next)
}

/// A page from an answer. Records are read for their ids and times only; the evidence keeps them.
fn page(reply: &Reply, scope: Option<&str>, next: Option<String>) -> Result<Page> {
    let answer: Value = reply.json()?;
    let records = match &answer {
        Value::Array(records) => records.as_slice(),
        Value::Object(object) => object
            .get("clones")
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice),
        _ => &[],
    };
    let (mut ids, mut times) = (Vec::new(), Vec::new());
    for record in records {
        let at = time(record);
        times.extend(at);
        let id = ["_document_id", "id"]
            .iter()
            .find_map(|key| record.get(key))
            .and_then(|id| {
                id.as_str()
                    .map(str::to_owned)
                    .or_else(|| id.as_u64().map(|id| id.to_string()))
            });
        let stamp = || {
            record
                .get("timestamp")
                .and_then(Value::as_str)
                .map(|at| format!("{}/{at}", scope.unwrap_or_default()))
        };
        ids.extend(id.or_else(stamp));
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
        "@timestamp",
        "created_at",
        "timestamp",
        "pushed_at",
        "delivered_at",
    ]
    .iter()
    .find_map(|key| record.get(key))?;
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

    #[test]
    fn a_place_survives_its_cursor() {
        let place = Place {
            page: 3,
            index: 7,
            query: "after=a/b&per_page=100".to_owned(),
        };
        assert_eq!(Place::parse(Some(&place.write())).unwrap(), place);
        assert_eq!(Place::parse(Some("no")).unwrap_err().code(), "trail-cursor");
    }
}
