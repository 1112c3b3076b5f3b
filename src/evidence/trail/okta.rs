//! Okta System Log (`GET /api/v1/logs`), as array or NDJSON. `published` is RFC 3339 in UTC, `uuid`
//! identifies an event. Source: Okta API reference, "System Log", LogEvent object.

use serde_json::Value;

use super::field::{first, instant, is_text, text};
use super::{Reader, TrailEvent};

pub(super) const READER: Reader = Reader {
    name: "okta.system_log",
    looks,
    id: |record| text(record, "/uuid"),
    read,
};

/// The field, and how collectors that fold the names of columns write it.
const TYPE: [&str; 2] = ["/eventType", "/eventtype"];

/// An event type is `a.b.c`, and at least one of the parts that every LogEvent has stands beside it.
fn looks(record: &Value) -> bool {
    first(record, &TYPE).is_some_and(|kind| kind.contains('.'))
        && ["/published", "/outcome/result", "/actor/alternateId"]
            .iter()
            .any(|pointer| is_text(record, pointer))
}

fn read(record: &Value, events: &mut Vec<TrailEvent>) {
    let result = text(record, "/outcome/result");
    let reason = text(record, "/outcome/reason");
    events.push(TrailEvent {
        at: instant(record, &["/published"]),
        provider: "okta".to_owned(),
        action: first(record, &TYPE).unwrap_or_default(),
        actor: first(
            record,
            &["/actor/alternateId", "/actor/displayName", "/actor/id"],
        )
        .unwrap_or_default(),
        actor_id: text(record, "/actor/id"),
        ip: text(record, "/client/ipAddress"),
        target: first(
            record,
            &[
                "/target/0/alternateId",
                "/target/0/displayName",
                "/target/0/id",
            ],
        ),
        outcome: match (result, reason) {
            (Some(result), Some(reason)) => Some(format!("{result}: {reason}")),
            (result, reason) => result.or(reason),
        },
        ..TrailEvent::default()
    });
}
