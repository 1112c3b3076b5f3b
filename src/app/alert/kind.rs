//! What people are told about: one table.

use serde::{Deserialize, Serialize};

/// What an alert is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A gate waits for people.
    GateWaiting,
    /// The time of a gate ran out.
    GateExpired,
    /// Half of the time of a clock has passed.
    ClockHalf,
    /// Four fifths of it.
    ClockNear,
    /// All of it.
    ClockOver,
    /// A deadline is over, and nothing says that what was sent arrived.
    ReceiptMissing,
    /// An engagement ends now.
    DepartureEffective,
    /// A door that was closed is open again.
    DoorReopened,
    /// The log or the evidence of a case does not verify.
    EvidenceFailed,
    /// A source sent message after message that was not believed.
    WebhookRejected,
    /// A message waits for a person.
    MessageWaits,
    /// Somebody signed in past the usual way.
    BreakGlass,
    /// A case was taken back, and what it closed waits to be opened again.
    CaseRecalled,
}

/// How a kind of alert is told.
#[derive(Debug, Clone, Copy)]
pub struct Words {
    /// The kind.
    pub kind: Kind,
    /// Its name in the log and in metrics.
    pub name: &'static str,
    /// Who is told. A gate asks its own roles.
    pub roles: &'static [&'static str],
    /// The subject of the mail; the title of the case follows.
    pub subject: &'static str,
    /// The first lines of the mail.
    pub text: &'static str,
}

/// Who is told that a message of a restricted sender waits: HR at large is not.
pub const RESTRICTED: &[&str] = &["incident_lead", "responder"];

/// Every kind, in the order of [`Kind`].
pub const KINDS: [Words; 13] = [
    Words {
        kind: Kind::GateWaiting,
        name: "gate-waiting",
        roles: &["incident_lead", "legal"],
        subject: "A decision is asked for",
        text: "A step of a plan waits for a decision of people with your role.",
    },
    Words {
        kind: Kind::GateExpired,
        name: "gate-expired",
        roles: &["incident_lead", "responder"],
        subject: "A decision was not made in time",
        text: "The time for a decision has run out. What it guards does not happen until it is asked for again; what was closed before stays closed.",
    },
    Words {
        kind: Kind::ClockHalf,
        name: "clock-half",
        roles: &["legal", "incident_lead"],
        subject: "Half of a deadline has passed",
        text: "Half of the time until a deadline of a case has passed, and no receipt is recorded.",
    },
    Words {
        kind: Kind::ClockNear,
        name: "clock-near",
        roles: &["legal", "incident_lead"],
        subject: "A deadline is near",
        text: "Four fifths of the time until a deadline of a case have passed, and no receipt is recorded.",
    },
    Words {
        kind: Kind::ClockOver,
        name: "clock-over",
        roles: &["legal", "incident_lead", "executive"],
        subject: "A deadline has passed",
        text: "A deadline of a case has passed, and no receipt is recorded.",
    },
    Words {
        kind: Kind::ReceiptMissing,
        name: "receipt-missing",
        roles: &["legal", "incident_lead"],
        subject: "Nothing says that it arrived",
        text: "A deadline of a case is over. What was due was sent or handed in, and no receipt of the addressee is recorded: ask for one.",
    },
    Words {
        kind: Kind::DepartureEffective,
        name: "departure-effective",
        roles: &["incident_lead", "responder", "hr"],
        subject: "A departure takes effect",
        text: "The time at which an engagement ends has come. Nothing was closed by this: people decide.",
    },
    Words {
        kind: Kind::DoorReopened,
        name: "door-reopened",
        roles: &["incident_lead", "responder"],
        subject: "Access that was closed is open again",
        text: "A later look found access open that was proven closed. Look at it and decide.",
    },
    Words {
        kind: Kind::EvidenceFailed,
        name: "evidence-failed",
        roles: &["incident_lead", "legal", "administrator"],
        subject: "A record does not verify",
        text: "The record of a case does not verify. Keep a copy of its folder as it is before anything else.",
    },
    Words {
        kind: Kind::WebhookRejected,
        name: "webhook-rejected",
        roles: &["administrator", "responder", "incident_lead"],
        subject: "Messages of a source are refused",
        text: "Message after message to one address was refused. Its secret may have changed, or somebody tries it.",
    },
    Words {
        kind: Kind::MessageWaits,
        name: "message-waits",
        roles: &["hr", "incident_lead"],
        subject: "A message waits for a person",
        text: "A message came in that does not speak for itself. Nothing was done on it: look at it and decide.",
    },
    Words {
        kind: Kind::BreakGlass,
        name: "break-glass",
        roles: &["administrator", "incident_lead", "executive"],
        subject: "Emergency sign-in was used",
        text: "Somebody signed in by the emergency way. If nobody told you why, ask now.",
    },
    Words {
        kind: Kind::CaseRecalled,
        name: "case-recalled",
        roles: &["incident_lead", "responder"],
        subject: "A case was taken back",
        text: "Somebody took a case back after access was closed. Nothing opens by itself: look at what waits to be opened again, and decide.",
    },
];

impl Kind {
    /// How it is told.
    pub const fn words(self) -> &'static Words {
        let [
            gate,
            expired,
            half,
            near,
            over,
            receipt,
            departure,
            door,
            evidence,
            webhook,
            message,
            glass,
            recalled,
        ] = &KINDS;
        match self {
            Self::GateWaiting => gate,
            Self::GateExpired => expired,
            Self::ClockHalf => half,
            Self::ClockNear => near,
            Self::ClockOver => over,
            Self::ReceiptMissing => receipt,
            Self::DepartureEffective => departure,
            Self::DoorReopened => door,
            Self::EvidenceFailed => evidence,
            Self::WebhookRejected => webhook,
            Self::MessageWaits => message,
            Self::BreakGlass => glass,
            Self::CaseRecalled => recalled,
        }
    }
}
