//! GitHub audit log of an organization or enterprise: the API's arrays, the JSON export, the stream.
//!
//! `@timestamp` and `created_at` are epoch milliseconds in the API and the export; some collectors
//! write text. Git events (`git.clone`, …) have no `_document_id` in old exports. Source: GitHub
//! Docs, "Reviewing the audit log for your organization" and the REST reference of
//! `GET /orgs/{org}/audit-log`.

use serde_json::Value;

use super::field::{first, instant, text};
use super::{Reader, TrailEvent};

pub(super) const READER: Reader = Reader {
    name: "github.audit",
    looks,
    id: |record| text(record, "/_document_id"),
    read,
};

/// An action is `group.verb`, the actor a login. Slack's audit log has the same keys, but there the
/// actor is an object.
fn looks(record: &Value) -> bool {
    let action = record.pointer("/action").and_then(Value::as_str);
    action.is_some_and(|action| action.contains('.'))
        && record
            .pointer("/actor")
            .is_none_or(|actor| actor.is_string() || actor.is_null())
}

fn read(record: &Value, events: &mut Vec<TrailEvent>) {
    events.push(TrailEvent {
        at: instant(record, &["/@timestamp", "/created_at"]),
        provider: "github".to_owned(),
        action: text(record, "/action").unwrap_or_default(),
        actor: text(record, "/actor").unwrap_or_default(),
        actor_id: text(record, "/actor_id"),
        ip: text(record, "/actor_ip"),
        target: first(record, &["/repo", "/repository", "/user", "/team", "/org"]),
        outcome: None,
        ..TrailEvent::default()
    });
}
