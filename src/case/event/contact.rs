//! A message to or from whoever makes demands, as the log keeps it.

use serde::{Deserialize, Serialize};

use super::Reading;
use crate::id::{ContactId, EvidenceId};
use crate::time::Timestamp;

/// One message to or from whoever makes demands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Contact {
    /// Its id.
    pub id: ContactId,
    /// `email`, `call`, `chat`, `letter`, `other`.
    pub channel: String,
    /// `in` or `out`.
    pub direction: String,
    /// Who it says it is from. Hostile text.
    pub from: String,
    /// To whom.
    pub to: Vec<String>,
    /// When the message says it was sent.
    pub sent: Option<Timestamp>,
    /// When we had it, by the most trustworthy of `arrivals` where there are any.
    pub received: Timestamp,
    /// Who says when a mail was written or came in, the most trustworthy first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arrivals: Vec<Arrival>,
    /// The subject line or a short title. Hostile text.
    pub subject: String,
    /// What it says, as text. Hostile text.
    pub text: String,
    /// The evidence of the original.
    pub evidence: Vec<EvidenceId>,
    /// How it names itself to its answers: the `Message-ID` of a mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// Messages that it says it answers.
    pub thread: Vec<String>,
    /// What was taken out of it: links, addresses, hashes, wallets.
    pub indicators: Vec<Indicator>,
    /// Deadlines, verbatim and read.
    pub deadlines: Vec<Deadline>,
    /// Whether it asks for money or threatens to publish.
    pub demand: bool,
    /// Whether it hints at a threat without a demand. A flag to look at, which starts nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hinted: bool,
}

/// How long before it was taken in a header may say that a mail came or was written. A server tries
/// for four or five days (RFC 5321, 4.5.4.1), and the people who take it in may be a week away; what
/// is older moves no clock until a person says so.
pub const PLAUSIBLE: jiff::SignedDuration = jiff::SignedDuration::from_hours(14 * 24);

/// Why a header's instant is not counted in a mail that our own clock saw at `imported`: anyone can
/// write a header. `None` when it is plausible.
pub fn doubt(at: Timestamp, imported: Timestamp) -> Option<&'static str> {
    let before = imported.duration_since(at);
    if before > PLAUSIBLE {
        return Some("more than 14 days before the mail was taken in");
    }
    (before < -crate::time::SKEW).then_some("after the mail was taken in")
}

impl Contact {
    /// When our own clock saw the mail; `None` for what a person told.
    pub fn imported(&self) -> Option<Timestamp> {
        let mut arrivals = self.arrivals.iter();
        Some(arrivals.find(|one| one.source == "import")?.at)
    }

    /// Why an instant of its header is not counted.
    pub fn doubt(&self, at: Timestamp) -> Option<&'static str> {
        doubt(at, self.imported()?)
    }

    /// Whose word a time of it is, and why it is not counted. May quote hostile text.
    pub fn told(&self, arrival: &Arrival) -> String {
        match self.doubt(arrival.at) {
            Some(doubt) => format!("{}; not counted: {doubt}", arrival.whose()),
            None => arrival.whose(),
        }
    }

    /// The times of its header that are not counted.
    pub fn doubtful(&self) -> impl Iterator<Item = &Arrival> {
        let arrivals = self.arrivals.iter();
        arrivals.filter(|one| self.doubt(one.at).is_some())
    }
}

/// A time that a mail came with, and whose word it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Arrival {
    /// `received-header`: the top `Received`, which the last server wrote; `import`: our own clock
    /// when the file was taken in; `date-header`: the sender's claim.
    pub source: String,
    /// The instant.
    pub at: Timestamp,
    /// The server that wrote it, by its own word. Hostile text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

impl Arrival {
    /// The source in words, for people. May quote hostile text.
    pub fn whose(&self) -> String {
        match (self.source.as_str(), &self.by) {
            ("received-header", Some(by)) => {
                format!("top Received header, as recorded by the server {by}")
            }
            ("received-header", None) => "top Received header, as recorded by a server".to_owned(),
            ("date-header", _) => "Date header, as claimed by the sender".to_owned(),
            ("import", _) => "this machine's clock when the file was taken in".to_owned(),
            (other, _) => other.to_owned(),
        }
    }
}

/// A thing taken out of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Indicator {
    /// `url`, `domain`, `email`, `ip`, `sha256`, `btc`, …
    pub kind: String,
    /// What it stands for, with defanging (`hxxp`, `[.]`) undone. Hostile text.
    pub value: String,
    /// Whether a checksum or grammar holds: `valid`, `invalid`, `unchecked`.
    pub check: String,
}

/// A deadline that a message sets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Deadline {
    /// The words of the message.
    pub verbatim: String,
    /// What they may mean: instant and how it was read. The earliest first.
    pub readings: Vec<Reading>,
}
