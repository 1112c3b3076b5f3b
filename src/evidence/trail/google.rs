//! Google Workspace Reports API, `activities.list`: `{"items": […]}`, pages saved as
//! `{"activities": […]}`, and single activities. One activity holds one or more events. A
//! `uniqueQualifier` repeats, in real logs even at the same instant of the same application with
//! another event (`login_success`, `login_verification`): the names of the events belong to the
//! identity. Source: Admin SDK Reports API reference, resource `activities`.

use serde_json::Value;

use super::field::{first, instant, is_text, text};
use super::{Reader, TrailEvent};

pub(super) const READER: Reader = Reader {
    name: "google.reports",
    looks: |record| {
        record.pointer("/kind").and_then(Value::as_str) == Some("admin#reports#activity")
            || is_text(record, "/id/applicationName")
    },
    id,
    read,
};

fn id(record: &Value) -> Option<String> {
    let part = |pointer| text(record, pointer).unwrap_or_default();
    let qualifier = text(record, "/id/uniqueQualifier")?;
    let names: Vec<String> = record
        .pointer("/events")
        .and_then(Value::as_array)
        .map(|events| {
            events
                .iter()
                .filter_map(|event| text(event, "/name"))
                .collect()
        })
        .unwrap_or_default();
    Some(format!(
        "{}/{}/{}/{qualifier}/{}",
        part("/id/customerId"),
        part("/id/applicationName"),
        part("/id/time"),
        names.join("+"),
    ))
}

/// The parameters that say what an event was about, the telling ones first.
const TARGETS: [&str; 8] = [
    "doc_title",
    "target_user",
    "USER_EMAIL",
    "email_forwarding_destination_address",
    "app_name",
    "group_id",
    "calendar_id",
    "doc_id",
];

fn read(record: &Value, events: &mut Vec<TrailEvent>) {
    let common = TrailEvent {
        at: instant(record, &["/id/time"]),
        provider: "google".to_owned(),
        actor: first(
            record,
            &[
                "/actor/email",
                "/actor/key",
                "/actor/profileId",
                "/actor/callerType",
            ],
        )
        .unwrap_or_default(),
        actor_id: text(record, "/actor/profileId"),
        ip: text(record, "/ipAddress"),
        ..TrailEvent::default()
    };
    let one = |event: &Value| TrailEvent {
        action: first(event, &["/name", "/type"]).unwrap_or_default(),
        target: target(event),
        ..common.clone()
    };
    match record.pointer("/events").and_then(Value::as_array) {
        Some(list) => events.extend(list.iter().map(one)),
        // Some collectors lift the only event into the activity.
        None => events.push(one(record)),
    }
}

fn target(event: &Value) -> Option<String> {
    TARGETS
        .iter()
        .find_map(|name| match event.pointer("/parameters")? {
            Value::Array(list) => list
                .iter()
                .find(|parameter| parameter.pointer("/name").and_then(Value::as_str) == Some(name))
                .and_then(|parameter| text(parameter, "/value")),
            parameters => text(parameters, &format!("/{name}")),
        })
}
