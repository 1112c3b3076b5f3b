//! Who made a thing that carries no maker: webhooks, runners, App installations, old deploy keys.
//!
//! GitHub keeps this only in the audit log (180 days, Enterprise Cloud). A thing without a record is
//! shown as not attributed; it is never guessed.

use jiff::SignedDuration;
use serde_json::{Map, Value};

use super::api::{Desk, Item, Need};
use crate::door::Link;
use crate::fault::Result;
use crate::provider::{Account, Completeness};
use crate::time::{Timestamp, utc};

/// How far back GitHub keeps audit events, hours (docs.github.com, "Using the audit log API").
pub(super) const AUDIT_HOURS: u32 = 180 * 24;

/// The events that tell who made something.
const ACTIONS: &[&str] = &[
    "hook.create",
    "org.register_self_hosted_runner",
    "repo.register_self_hosted_runner",
    "integration_installation.create",
    "public_key.create",
];

/// One audit event; vendors add fields at will, so none is required.
pub(super) struct Event(Item<Map<String, Value>>);

impl Event {
    fn field(&self, name: &str) -> Option<&Value> {
        let fields = &self.0.value;
        fields
            .get(name)
            .or_else(|| fields.get("data").and_then(|data| data.get(name)))
    }

    /// A field as text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.field(name).and_then(Value::as_str)
    }

    /// A field as a number.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.field(name).and_then(Value::as_u64)
    }

    fn at(&self) -> Timestamp {
        self.field("created_at")
            .or_else(|| self.field("@timestamp"))
            .and_then(Value::as_i64)
            .and_then(|at| Timestamp::from_millisecond(at).ok())
            .unwrap_or_default()
    }
}

/// The records of making.
pub(super) struct Records {
    events: Vec<Event>,
}

impl Records {
    /// Reads them.
    pub(super) async fn read(desk: Desk<'_>) -> Result<(Self, Vec<Completeness>)> {
        let since = desk.cx.clock.now() - SignedDuration::from_hours(i64::from(AUDIT_HOURS));
        let since = since.strftime("%Y-%m-%d").to_string();
        let (mut events, mut read) = (Vec::new(), Vec::new());
        for action in ACTIONS {
            let phrase = format!("action:{action} created:>={since}");
            let walk = desk
                .walk(
                    format!("audit log: who did {action}"),
                    Need::Any,
                    &["orgs", &desk.api.org, "audit-log"],
                    &[("phrase", &phrase), ("include", "web")],
                    None,
                )
                .await?;
            // The filter is the server's; only what says so itself counts.
            events.extend(
                walk.items
                    .into_iter()
                    .map(Event)
                    .filter(|event| event.text("action") == Some(*action)),
            );
            read.push(walk.seen);
        }
        Ok((Self { events }, read))
    }

    /// How a thing is tied to the account: by the latest record that `matches`, as not attributed when
    /// there is no record, and `None` when the record names somebody else.
    pub(super) fn link(
        &self,
        account: &Account,
        login: &str,
        action: &str,
        matches: impl Fn(&Event) -> bool,
    ) -> Option<Link> {
        let event = self
            .events
            .iter()
            .filter(|event| event.text("action") == Some(action) && matches(event))
            .max_by_key(|event| event.at());
        let Some(event) = event else {
            return Some(Link::Unattributed);
        };
        let actor = event.text("actor").unwrap_or_default();
        let same = match event.number("actor_id") {
            Some(id) => id.to_string() == account.id,
            None => actor.eq_ignore_ascii_case(login) || actor.eq_ignore_ascii_case(&account.login),
        };
        same.then(|| Link::Record {
            why: format!(
                "The audit event {action} of {} names the account as the actor (evidence {}).",
                utc(event.at()),
                event.0.evidence
            ),
        })
    }
}
