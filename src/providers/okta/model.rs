//! What Okta answers, as far as it is used. Every text in it is hostile; a field that is missing or
//! new never fails a whole list.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// The longest text that is taken over into a label.
const LABEL: usize = 200;

/// One line for people, bounded; escaping is the work of the face that shows it.
pub(super) fn label(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(LABEL)
        .collect()
}

/// Reads a time of Okta: RFC 3339, and the form with a blank that some exports have.
pub(super) fn instant(text: &str) -> Option<Timestamp> {
    text.parse()
        .ok()
        .or_else(|| format!("{}Z", text.replacen(' ', "T", 1)).parse().ok())
}

/// The status of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Status {
    Active,
    Deprovisioned,
    LockedOut,
    PasswordExpired,
    Provisioned,
    Recovery,
    Staged,
    Suspended,
    /// A status that Okta's description of 2026.06.3 does not have.
    #[serde(other)]
    Other,
}

impl Status {
    /// The vendor's word.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Deprovisioned => "DEPROVISIONED",
            Self::LockedOut => "LOCKED_OUT",
            Self::PasswordExpired => "PASSWORD_EXPIRED",
            Self::Provisioned => "PROVISIONED",
            Self::Recovery => "RECOVERY",
            Self::Staged => "STAGED",
            Self::Suspended => "SUSPENDED",
            Self::Other => "a status that this version does not know",
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct User {
    pub(super) id: String,
    pub(super) status: Status,
    #[serde(default)]
    pub(super) transitioning_to_status: Option<String>,
    #[serde(default)]
    pub(super) last_login: Option<String>,
    #[serde(default)]
    pub(super) profile: Profile,
    #[serde(default)]
    pub(super) credentials: Credentials,
}

impl User {
    /// The directory that masters the account, when it is not Okta itself.
    pub(super) fn foreign_master(&self) -> Option<&str> {
        match self.credentials.provider.kind.as_str() {
            "" | "OKTA" => None,
            other => Some(other),
        }
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Profile {
    pub(super) login: String,
    pub(super) email: Option<String>,
    pub(super) second_email: Option<String>,
    pub(super) employee_number: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Credentials {
    pub(super) provider: Master,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Master {
    #[serde(rename = "type")]
    pub(super) kind: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Group {
    pub(super) id: String,
    #[serde(default)]
    pub(super) profile: GroupProfile,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct GroupProfile {
    pub(super) name: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AppLink {
    pub(super) app_instance_id: String,
    #[serde(default)]
    pub(super) app_name: String,
    #[serde(default)]
    pub(super) label: String,
}

/// A role assignment: standard, or custom with a role and a resource set.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Role {
    pub(super) id: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) label: String,
    #[serde(default)]
    pub(super) assignment_type: String,
    /// The id of a custom role.
    #[serde(default, rename = "role")]
    pub(super) custom: Option<String>,
    #[serde(default, rename = "resource-set")]
    pub(super) resource_set: Option<String>,
}

impl Role {
    /// What stays the same when the role is taken away and given again; the assignment's id does not.
    pub(super) fn key(&self) -> String {
        match (&self.custom, &self.resource_set) {
            (Some(role), Some(set)) => format!("{}/{role}/{set}", self.kind),
            _ => self.kind.clone(),
        }
    }

    /// What people call it. A custom role without a label of its own goes by its id: its type is the
    /// same for all of them.
    pub(super) fn name(&self) -> String {
        let unnamed = self.label.is_empty() || self.label == self.kind;
        match &self.custom {
            Some(role) if unnamed => format!("custom role {role}"),
            _ if self.label.is_empty() => self.kind.clone(),
            _ => self.label.clone(),
        }
    }

    /// Whether it comes with a group and not from an assignment to the user.
    pub(super) fn by_group(&self) -> bool {
        self.assignment_type == "GROUP"
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Factor {
    pub(super) id: String,
    #[serde(default, rename = "factorType")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) provider: String,
    #[serde(default)]
    pub(super) status: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct UserDevice {
    pub(super) device: Device,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Device {
    pub(super) id: String,
    #[serde(default)]
    pub(super) status: String,
    #[serde(default)]
    pub(super) profile: DeviceProfile,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct DeviceProfile {
    pub(super) display_name: String,
    pub(super) platform: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct OAuthClient {
    pub(super) client_id: String,
    #[serde(default)]
    pub(super) client_name: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Grant {
    pub(super) id: String,
    #[serde(default)]
    pub(super) client_id: String,
    #[serde(default)]
    pub(super) scope_id: String,
    #[serde(default)]
    pub(super) status: String,
}

/// A refresh token; never its value, which Okta does not show.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RefreshToken {
    #[serde(default)]
    pub(super) status: String,
    #[serde(default)]
    pub(super) expires_at: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ApiToken {
    pub(super) id: String,
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) user_id: Option<String>,
    #[serde(default)]
    pub(super) created: Option<String>,
    #[serde(default)]
    pub(super) expires_at: Option<String>,
}

/// An application or group that a role is limited to.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct AppTarget {
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) id: Option<String>,
}

/// Okta's error body.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Problem {
    pub(super) error_code: String,
    pub(super) error_summary: String,
}

/// One event of the System Log.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LogEvent {
    #[serde(default)]
    pub(super) uuid: String,
    #[serde(default)]
    pub(super) published: String,
    #[serde(default)]
    pub(super) event_type: String,
    #[serde(default)]
    pub(super) actor: LogParty,
    #[serde(default)]
    pub(super) target: Option<Vec<LogParty>>,
    #[serde(default)]
    pub(super) outcome: Outcome,
}

impl LogEvent {
    /// An event of any shape; what cannot be read is empty.
    pub(super) fn deserialize_lossy(event: &serde_json::Value) -> Self {
        Self::deserialize(event).unwrap_or_else(|_| Self {
            uuid: event
                .get("uuid")
                .and_then(|uuid| uuid.as_str())
                .unwrap_or_default()
                .to_owned(),
            ..Self::default()
        })
    }

    /// Whether the event says that it succeeded.
    pub(super) fn succeeded(&self) -> bool {
        self.outcome.result == "SUCCESS"
    }

    /// Whether the user is among its targets.
    pub(super) fn aims_at(&self, user: &str) -> bool {
        self.target
            .iter()
            .flatten()
            .any(|target| target.id.as_deref() == Some(user))
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct LogParty {
    pub(super) id: Option<String>,
    pub(super) alternate_id: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Outcome {
    pub(super) result: String,
}
