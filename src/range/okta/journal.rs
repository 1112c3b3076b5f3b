//! The System Log: it grows with everything that is done, and is read in windows, filtered, by page.

use axum::extract::{Query as UriQuery, State};
use axum::http::{HeaderMap, Uri};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::answer::{Outcome, Query, invalid, page};
use super::filter::Filter;
use super::{Org, World, text};
use crate::time::Timestamp;

/// The default page of the real log; the organization's own page size is smaller.
const LARGEST: usize = 1000;

impl Org {
    /// Adds an event that succeeded.
    pub(super) fn note(&mut self, at: Timestamp, event: &str, actor: &str, targets: &[&str]) {
        let party = |id: &str| match self.users.get(id) {
            Some(user) => json!({
                "id": id,
                "type": "User",
                "alternateId": text(&user.record, "/profile/login"),
                "displayName": text(&user.record, "/profile/displayName"),
            }),
            None => json!({"id": id, "type": "Other", "alternateId": "unknown", "displayName": id}),
        };
        let targets: Vec<Value> = targets.iter().map(|id| party(id)).collect();
        let entry = json!({
            "uuid": uuid::Uuid::now_v7().to_string(),
            "published": at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
            "eventType": event,
            "version": "0",
            "severity": "INFO",
            "displayMessage": event,
            "actor": party(actor),
            "client": {"ipAddress": "198.51.100.20", "zone": "null", "device": "Computer"},
            "outcome": {"result": "SUCCESS"},
            "target": targets,
            "transaction": {"type": "WEB", "id": format!("tx{}", self.log.len())},
            "debugContext": {"debugData": {}},
            "authenticationContext": {"authenticationStep": 0, "externalSessionId": "unknown"},
            "securityContext": {"isProxy": false},
        });
        self.log.push(entry);
    }
}

pub(super) async fn list(
    State(world): State<World>,
    UriQuery(query): UriQuery<Query>,
    uri: Uri,
    headers: HeaderMap,
) -> Outcome {
    let now = world.now();
    let org = world.org();
    let bound = |name: &str| match query.get(name) {
        Some(text) => text
            .parse::<Timestamp>()
            .map(Some)
            .map_err(|_| invalid(name)),
        None => Ok(None),
    };
    let until = bound("until")?.unwrap_or(now);
    let week = SignedDuration::from_hours(7 * 24);
    let since = bound("since")?.unwrap_or_else(|| until.saturating_sub(week).unwrap_or(until));
    let filter = match query.get("filter") {
        Some(text) => Some(Filter::parse(text).ok_or_else(|| invalid("filter"))?),
        None => None,
    };
    let hidden = if org.faults.late_log {
        SignedDuration::from_mins(5)
    } else {
        SignedDuration::ZERO
    };
    let mut rows: Vec<(Timestamp, &Value)> = org
        .log
        .iter()
        .filter_map(|event| Some((text(event, "/published").parse::<Timestamp>().ok()?, event)))
        .filter(|(at, _)| {
            *at >= since && *at < until && at.saturating_add(hidden).is_ok_and(|seen| seen <= now)
        })
        .filter(|(_, event)| filter.as_ref().is_none_or(|filter| filter.holds(event)))
        .collect();
    rows.sort_by_key(|(at, _)| *at);
    if org.faults.unordered
        || query
            .get("sortOrder")
            .is_some_and(|order| order == "DESCENDING")
    {
        rows.reverse();
    }
    let rows: Vec<Value> = rows.into_iter().map(|(_, event)| event.clone()).collect();
    let largest = LARGEST.min(org.faults.page_size);
    if org.faults.circle {
        let mut first = query.clone();
        first.insert("after".to_owned(), "c0x".to_owned());
        let mut answer = page(&rows, &first, &uri, &headers, largest);
        let host = headers
            .get("host")
            .and_then(|host| host.to_str().ok())
            .unwrap_or_default();
        let link = format!("<http://{host}{uri}>; rel=\"next\"");
        if let Ok(link) = link.parse() {
            answer.headers_mut().insert("link", link);
        }
        return Ok(answer);
    }
    Ok(page(&rows, &query, &uri, &headers, largest))
}
