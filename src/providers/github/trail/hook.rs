//! What webhooks sent: the list of their deliveries, and the newest of them in full.

use serde::Deserialize;
use serde_json::Value;

use super::super::api::{Desk, next_query};
use super::walk::{Errand, Errands, Place, Turn, here, nothing};
use super::{absent, fetch, page};
use crate::fault::Result;
use crate::provider::{Page, TrailSpec};

pub(super) const DELIVERIES: TrailSpec = TrailSpec {
    name: "github.hook_deliveries",
    title: "What webhooks sent and where to, and whether it arrived",
    retention_hours: Some(3 * 24),
    lag_minutes: 1,
    page_size: 100,
    ordered: true,
    call: "GET /repos/{owner}/{repo}/hooks/{hook_id}/deliveries, then each …/deliveries/{delivery_id}",
    dedupe: "id",
};

/// How many deliveries of one webhook are read in full, the newest first. Each is a call, and this
/// trail is read before anything is closed: where more was sent, the list still shows it.
pub(super) const IN_FULL: usize = 30;

#[derive(Deserialize)]
struct Hook {
    id: u64,
}

/// One page of deliveries of one webhook, or one delivery with what was sent and answered. The walk
/// begins at the organization, then goes over its repositories.
pub(super) async fn deliveries(desk: Desk<'_>, cursor: Option<&str>) -> Result<Page> {
    let place = match Turn::of(cursor, Place::at(0, 0))? {
        Turn::Errands(errands) => return errands.run(desk).await,
        Turn::At(place) => place,
    };
    let (name, after) = if place.page == 0 {
        (None, Some(Place::at(1, 0)))
    } else {
        let here = here(desk, &place).await?;
        let Some(name) = here.name else {
            let next = here.after.map(Place::write).transpose()?;
            return Ok(nothing(here.evidence, next));
        };
        (Some(name), here.after)
    };
    let hooks = desk.place(name.as_deref(), &["hooks"]);
    let reply = fetch(desk, &hooks, &[("per_page", "100")], "").await?;
    let gone = reply.status == http::StatusCode::NOT_FOUND && name.is_some();
    if !gone && reply.status != http::StatusCode::OK {
        return Err(absent(&reply));
    }
    let listed: Vec<Hook> = if gone { Vec::new() } else { reply.json()? };
    let Some(hook) = listed.get(place.list) else {
        return Ok(nothing(
            reply.evidence,
            after.map(Place::write).transpose()?,
        ));
    };
    let id = hook.id.to_string();
    let mut path = hooks;
    path.extend([id.as_str(), "deliveries"]);
    let reply = fetch(desk, &path, &[("per_page", "100")], &place.query).await?;
    if reply.status != http::StatusCode::OK {
        return Err(absent(&reply));
    }
    let newest = place.query.is_empty();
    let then = match next_query(&reply) {
        Some(query) => Some(Place { query, ..place }),
        None if place.list.saturating_add(1) < listed.len() => Some(Place {
            list: place.list + 1,
            query: String::new(),
            ..place
        }),
        None => after,
    };
    let each = if newest {
        in_full(&reply.json()?)
    } else {
        Vec::new()
    };
    page(&reply, None, Errands::cursor(&path, each, then)?)
}

fn in_full(deliveries: &Value) -> Vec<Errand> {
    let deliveries = deliveries.as_array().map(Vec::as_slice).unwrap_or_default();
    let ids = deliveries.iter().filter_map(|one| one.get("id")?.as_u64());
    ids.take(IN_FULL)
        .map(|id| Errand::to(&[&id.to_string()]))
        .collect()
}
