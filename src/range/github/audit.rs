//! The logs: the audit log with its two halves, activity, rule bypasses, and the days of traffic.

use axum::extract::{Path, State as Shared};
use axum::http::{HeaderValue, header};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::World;
use super::answer::{Answer, Asked, MISSING, page, with};
use super::state::{Repo, State};
use crate::time::{Timestamp, utc};

/// Git events are kept this long.
const GIT_KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);

fn at(event: &Value) -> Timestamp {
    let ms = event
        .get("@timestamp")
        .and_then(Value::as_i64)
        .unwrap_or_default();
    Timestamp::from_millisecond(ms).unwrap_or_default()
}

/// Whether an event has every qualifier of a phrase.
fn matches(event: &Value, phrase: &str, now: Timestamp) -> bool {
    let text = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
    let mut since = now - SignedDuration::from_hours(90 * 24);
    let fits = phrase
        .split_whitespace()
        .all(|word| match word.split_once(':') {
            Some(("created", bound)) => {
                let date = bound.trim_start_matches(">=");
                since = format!("{date}T00:00:00Z").parse().unwrap_or(since);
                true
            }
            Some((
                name @ ("actor" | "user" | "action" | "repo" | "deploy_key_fingerprint"),
                value,
            )) => text(name).eq_ignore_ascii_case(value),
            _ => true,
        });
    fits && at(event) >= since
}

/// Pages by cursor. The events of a page come as they were stored, which is not by time.
pub(super) async fn log(Shared(world): Shared<World>, asked: Asked) -> Answer {
    let now = world.now();
    let state = world.state();
    let query = &asked.1;
    let phrase = query.get("phrase").map(String::as_str).unwrap_or_default();
    let git = state.git.iter().filter(|event| at(event) >= now - GIT_KEPT);
    let mut events: Vec<&Value> = match query.get("include").map(String::as_str) {
        Some("git") => git.collect(),
        Some("all") => state.audit.iter().chain(git).collect(),
        _ => state.audit.iter().collect(),
    };
    events.retain(|event| matches(event, phrase, now));
    if query.get("order").map(String::as_str) != Some("asc") {
        events.reverse();
    }
    let size = query
        .get("per_page")
        .and_then(|n| n.parse().ok())
        .unwrap_or(30_usize)
        .clamp(1, 100);
    let from: usize = query
        .get("after")
        .and_then(|cursor| cursor.strip_prefix("MS4x|"))
        .and_then(|n| n.parse().ok())
        .unwrap_or(0);
    let shown: Vec<Value> = events
        .iter()
        .skip(from)
        .take(size)
        .map(|event| (*event).clone())
        .collect();
    let end = from.saturating_add(shown.len());
    let mut response = with(200, &Value::Array(shown))?;
    if end < events.len() {
        let mut link = url::form_urlencoded::Serializer::new(String::new());
        link.extend_pairs(query.iter().filter(|(name, _)| *name != "after"));
        link.append_pair("after", &format!("MS4x|{end}"));
        let link = format!(
            "<https://api.github.test/organizations/{}/audit-log?{}>; rel=\"next\", <https://api.github.test/organizations/{}/audit-log?before=>; rel=\"prev\"",
            state.org_id,
            link.finish(),
            state.org_id
        );
        if let Ok(link) = HeaderValue::from_str(&link) {
            response.headers_mut().insert(header::LINK, link);
        }
    }
    Ok(response)
}

pub(super) async fn rule_suites(Shared(world): Shared<World>, asked: Asked) -> Answer {
    let state = world.state();
    let actor = asked.1.get("actor_name").cloned().unwrap_or_default();
    let all = state
        .rule_suites
        .iter()
        .filter(|suite| suite.get("actor_name").and_then(Value::as_str) == Some(&actor))
        .cloned()
        .collect();
    page(&state, &asked, all, None)
}

pub(super) async fn activity(
    Shared(world): Shared<World>,
    Path((_, repo)): Path<(String, String)>,
    asked: Asked,
) -> Answer {
    let state = world.state();
    let actor = asked.1.get("actor").cloned().unwrap_or_default();
    let all = state
        .repo(&repo)
        .ok_or(MISSING)?
        .activity
        .iter()
        .filter(|one| one.pointer("/actor/login").and_then(Value::as_str) == Some(&actor))
        .cloned()
        .collect();
    page(&state, &asked, all, None)
}

/// The last fourteen days of a kind of git event in one repository, as the log tells them; days
/// without any are left out.
pub(super) fn days(state: &State, repo: &Repo, action: &str, now: Timestamp) -> Vec<Value> {
    let full = format!("{}/{}", state.org, repo.name);
    let day = |of: Timestamp| {
        let date = of.strftime("%Y-%m-%d").to_string();
        let count = state
            .git
            .iter()
            .filter(|event| event.get("action").and_then(Value::as_str) == Some(action))
            .filter(|event| event.get("repository").and_then(Value::as_str) == Some(&full))
            .filter(|event| utc(at(event)).starts_with(&date))
            .count();
        (count > 0).then(
            || json!({ "timestamp": format!("{date}T00:00:00Z"), "count": count, "uniques": 1 }),
        )
    };
    (0..14)
        .rev()
        .filter_map(|back| day(now - SignedDuration::from_hours(back * 24)))
        .collect()
}
