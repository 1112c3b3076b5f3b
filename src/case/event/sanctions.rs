//! The sanctions hold as the log keeps it. It is opened and annotated; no event ends it.

use serde::{Deserialize, Serialize};

use crate::canon::Digest;
use crate::id::EvidenceId;

/// The route of a case that is opened because somebody is suspected: the hold stands from its first line.
pub const SUSPICION: &str = "suspicion";

/// Everything that a hold covers, each with its words.
pub const SCOPE: [(&str, &str); 9] = [
    ("wages", "wages"),
    ("invoices", "invoices"),
    ("expenses", "expenses"),
    ("severance", "severance"),
    ("escrow", "escrow releases"),
    ("tokens", "tokens"),
    ("platform_payouts", "platform payouts"),
    ("reimbursements", "reimbursements"),
    ("demand", "the demand"),
];

/// Who decides on a determination: counsel, and somebody who leads.
pub const DETERMINERS: [&str; 3] = ["legal", "executive", "incident_lead"];

/// What the log says of a hold that stands because of the route of the case.
pub const HELD: &str = "The case is under review: nothing that the account holder or a sender claims (wages, invoices, expenses, severance, escrow releases, tokens, platform payouts, reimbursements, the demand) is to be released until counsel has recorded a determination";

/// What the log says of a hold that stands because somebody wrote down when suspicion arose.
pub const SUSPECTED: &str = "It was recorded when suspicion arose: nothing that the account holder or a sender claims (wages, invoices, expenses, severance, escrow releases, tokens, platform payouts, reimbursements, the demand) is to be released until counsel has recorded a determination";

/// The whole of what a hold covers.
pub fn scope() -> Vec<String> {
    SCOPE.iter().map(|(name, _)| (*name).to_owned()).collect()
}

/// What counsel determined, as a person put it in: it annotates the hold, and ends nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Determination {
    /// `licence` of an authority, or `determination` of counsel.
    pub kind: String,
    /// What of the hold it speaks of, by the names of [`SCOPE`].
    pub scope: Vec<String>,
    /// What it says, in short.
    pub text: String,
    /// Why it is recorded.
    pub reason: String,
    /// The document.
    pub document: EvidenceId,
    /// SHA-256 of the document.
    pub sha256: Digest,
}

impl Determination {
    /// Whether it can be recorded at all.
    ///
    /// # Errors
    /// The reason why not.
    pub fn sound(&self) -> Result<(), &'static str> {
        if !matches!(self.kind.as_str(), "licence" | "determination") {
            return Err("it is neither a licence nor a determination");
        }
        if self.text.trim().is_empty() || self.reason.trim().is_empty() {
            return Err("it needs a text and a reason");
        }
        let known = |name: &String| SCOPE.iter().any(|(scope, _)| scope == name);
        if self.scope.is_empty() || !self.scope.iter().all(known) {
            return Err("it speaks of nothing that the hold covers");
        }
        Ok(())
    }
}
