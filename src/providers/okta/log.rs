//! The System Log: its pages as a trail, and what it proves about sessions.

use std::collections::HashSet;

use jiff::SignedDuration;
use serde_json::Value;
use url::Url;

use super::Okta;
use super::api::{Denied, Next, denied, id, next, quoted};
use super::kinds::SYSTEM_LOG;
use super::model::{LogEvent, instant};
use crate::fault::{Fault, Result};
use crate::id::EvidenceId;
use crate::provider::{Account, Cx, Page, Window};
use crate::time::Timestamp;

/// The largest page that Okta gives.
const PAGE: &str = "1000";

/// What Okta's log takes as a bound: UTC with milliseconds.
fn bound(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// The last `span`, with an hour of room because Okta's clock may be ahead of ours.
pub(super) fn until_now(now: Timestamp, span: SignedDuration) -> Window {
    Window {
        since: now.saturating_sub(span).unwrap_or(now),
        until: now
            .saturating_add(SignedDuration::from_hours(1))
            .unwrap_or(now),
    }
}

/// `GET /logs` for a window and a filter.
pub(super) fn address(okta: &Okta, window: Window, filter: &str) -> Result<Url> {
    let mut url = okta.api.url(&["logs"])?;
    url.query_pairs_mut()
        .append_pair("since", &bound(window.since))
        .append_pair("until", &bound(window.until))
        .append_pair("filter", filter)
        .append_pair("limit", PAGE)
        .append_pair("sortOrder", "ASCENDING");
    Ok(url)
}

/// One page of the trail. The cursor is the query of Okta's own link to the next page.
pub(super) async fn pull(
    okta: &Okta,
    trail: &str,
    account: &Account,
    window: Window,
    cursor: Option<&str>,
    cx: Cx<'_>,
) -> Result<Page> {
    if trail != SYSTEM_LOG {
        return Err(Fault::input("trail", "Okta has no trail of this name.").at(trail));
    }
    let user = quoted(id(&account.id)?)?;
    let mut url = address(
        okta,
        window,
        &format!("actor.id eq {user} or target.id eq {user}"),
    )?;
    if let Some(cursor) = cursor {
        url.set_query(Some(cursor));
    }
    let reply = okta.api.get(url.clone(), cx).await?;
    if reply.status.as_u16() != 200 {
        return Err(okta.refused("read the System Log", &denied(&reply)));
    }
    let events: Vec<Value> = reply.json()?;
    let mut page = Page {
        evidence: reply.evidence.clone(),
        ids: Vec::with_capacity(events.len()),
        first: None,
        last: None,
        next: None,
    };
    for event in &events {
        let event = LogEvent::deserialize_lossy(event);
        page.ids.push(event.uuid);
        // The order is not trusted: both ends are looked for.
        if let Some(at) = instant(&event.published) {
            page.first = Some(page.first.map_or(at, |first| first.min(at)));
            page.last = Some(page.last.map_or(at, |last| last.max(at)));
        }
    }
    page.next = match next(&reply, &url) {
        // A query without `until` always has a next page; ours ends with an empty one or none.
        Next::Page(next) if !events.is_empty() && next != url => next.query().map(str::to_owned),
        Next::Page(next) if next == url => return Err(circle(&reply.evidence)),
        Next::Page(_) | Next::End => None,
        Next::Elsewhere => {
            return Err(Fault::failed(
                "okta-link",
                "The link to the next page leads to another place.",
            )
            .at(&reply.evidence));
        }
    };
    Ok(page)
}

fn circle(evidence: &EvidenceId) -> Fault {
    Fault::failed(
        "okta-link",
        "The link to the next page leads to the same page.",
    )
    .at(evidence)
}

/// What the log says about the sessions of an account.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    /// When they were cleared last.
    pub(super) cleared: Option<Timestamp>,
    /// When one was begun last.
    pub(super) started: Option<Timestamp>,
    /// The pages that were read.
    pub(super) evidence: Vec<EvidenceId>,
}

/// Reads the beginnings and clearings of sessions since `since`.
pub(super) async fn sessions(
    okta: &Okta,
    user: &str,
    window: Window,
    cx: Cx<'_>,
) -> Result<Result<Sessions, Denied>> {
    let who = quoted(user)?;
    let filter = format!(
        "(eventType eq \"user.session.clear\" or eventType eq \"user.session.start\") and (actor.id eq {who} or target.id eq {who})"
    );
    let mut url = address(okta, window, &filter)?;
    let mut found = Sessions::default();
    let mut seen = HashSet::new();
    loop {
        if !seen.insert(url.to_string()) || seen.len() > 100 {
            return Err(
                Fault::failed("okta-link", "The pages of the System Log do not end.")
                    .at("GET /api/v1/logs"),
            );
        }
        let reply = okta.api.get(url.clone(), cx).await?;
        if reply.status.as_u16() != 200 {
            return Ok(Err(denied(&reply)));
        }
        let events: Vec<Value> = reply.json()?;
        found.evidence.push(reply.evidence.clone());
        for event in events.iter().map(LogEvent::deserialize_lossy) {
            let at = instant(&event.published).filter(|_| event.succeeded());
            match event.event_type.as_str() {
                "user.session.clear" if event.aims_at(user) => {
                    found.cleared = found.cleared.max(at);
                }
                "user.session.start" if event.actor.id.as_deref() == Some(user) => {
                    found.started = found.started.max(at);
                }
                _ => {}
            }
        }
        match next(&reply, &url) {
            Next::Page(next) if !events.is_empty() => url = next,
            Next::Page(_) | Next::End => return Ok(Ok(found)),
            Next::Elsewhere => {
                return Err(Fault::failed(
                    "okta-link",
                    "The link to the next page leads to another place.",
                )
                .at(&reply.evidence));
            }
        }
    }
}
