//! AWS CloudTrail: log files `{"Records": […]}` and single events; the answers of `LookupEvents`,
//! which hold events as text, are another format. Files are not ordered. `eventTime` is RFC 3339 in
//! UTC at second precision, `eventID` identifies an event, `errorCode` is there only on failure.
//! Source: AWS CloudTrail User Guide, "CloudTrail record contents".

use serde_json::Value;

use super::field::{first, instant, is_text, text};
use super::{Reader, TrailEvent};

pub(super) const READER: Reader = Reader {
    name: "aws.cloudtrail",
    looks: |record| is_text(record, "/eventName") && is_text(record, "/eventSource"),
    id: |record| text(record, "/eventID"),
    read,
};

/// What a call was about: the resource that CloudTrail names, or the usual parameter.
const TARGETS: [&str; 9] = [
    "/resources/0/ARN",
    "/requestParameters/userName",
    "/requestParameters/roleArn",
    "/requestParameters/roleName",
    "/requestParameters/bucketName",
    "/requestParameters/secretId",
    "/requestParameters/policyArn",
    "/requestParameters/instanceId",
    "/eventSource",
];

fn read(record: &Value, events: &mut Vec<TrailEvent>) {
    events.push(TrailEvent {
        at: instant(record, &["/eventTime"]),
        provider: "aws".to_owned(),
        action: text(record, "/eventName").unwrap_or_default(),
        actor: first(
            record,
            &[
                "/userIdentity/userName",
                "/userIdentity/arn",
                "/userIdentity/principalId",
                "/userIdentity/invokedBy",
                "/userIdentity/type",
            ],
        )
        .unwrap_or_default(),
        actor_id: first(record, &["/userIdentity/arn", "/userIdentity/principalId"]),
        ip: text(record, "/sourceIPAddress"),
        target: first(record, &TARGETS),
        outcome: first(record, &["/errorCode", "/responseElements/ConsoleLogin"]),
        ..TrailEvent::default()
    });
}
