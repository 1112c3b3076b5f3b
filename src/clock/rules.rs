//! The duties that Cordon watches from the first hour. Whether one applies is for people to say.
//!
//! Each figure was checked against the source named in its row; everything that needs a calendar,
//! stages or a jurisdiction's holidays is deliberately absent here.

use crate::case::event::{ClockStart, Reading};
use crate::case::state::CaseState;
use crate::id::ClockId;

/// What gives reason for a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// The case was opened.
    Opened,
    /// A message that makes a demand.
    Demand,
}

/// One duty in elapsed hours.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// `eu.gdpr.33`.
    pub name: &'static str,
    /// What is due.
    pub title: &'static str,
    /// The legal basis with the figure's source.
    pub basis: &'static str,
    /// Elapsed hours from the start.
    pub hours: u32,
    /// What gives reason for it.
    pub trigger: Trigger,
    /// Why it may not apply.
    pub doubts: &'static [&'static str],
}

/// Every duty that is watched.
pub const RULES: &[Rule] = &[
    Rule {
        name: "eu.gdpr.33",
        title: "Notification of a personal data breach to the supervisory authority",
        basis: "Regulation (EU) 2016/679, Article 33(1): where feasible within 72 hours of becoming aware",
        hours: 72,
        trigger: Trigger::Demand,
        doubts: &[
            "It applies only if personal data of people in the EU are concerned.",
            "Awareness needs a reasonable degree of certainty; a demand without a credible sample may not give it.",
        ],
    },
    Rule {
        name: "de.bsig.32.early",
        title: "Early warning to the BSI",
        basis: "BSIG Section 32 (in force since 6 December 2025): within 24 hours of becoming aware of a significant incident",
        hours: 24,
        trigger: Trigger::Demand,
        doubts: &["It applies only to important and particularly important entities in Germany."],
    },
    Rule {
        name: "us.nydfs.500_17",
        title: "Notice of a cybersecurity incident to NYDFS",
        basis: "23 NYCRR 500.17(a): within 72 hours of determining that an incident occurred",
        hours: 72,
        trigger: Trigger::Demand,
        doubts: &[
            "It applies only to entities that NYDFS supervises.",
            "It runs from the determination, which a person has to make.",
        ],
    },
    Rule {
        name: "us.fbi.ic3.target",
        title: "Complaint to the FBI Internet Crime Complaint Center",
        basis: "No legal duty; internal target of 24 hours, because public advisories ask for it as soon as possible",
        hours: 24,
        trigger: Trigger::Opened,
        doubts: &["It is voluntary; counsel decides."],
    },
];

impl Rule {
    /// The clock of this rule for a case.
    pub(super) fn start(&self, state: &CaseState, candidates: Vec<Reading>) -> ClockStart {
        let evidence = match self.trigger {
            Trigger::Opened => Vec::new(),
            Trigger::Demand => state
                .contacts
                .iter()
                .filter(|c| c.demand)
                .flat_map(|c| c.evidence.clone())
                .collect(),
        };
        ClockStart {
            id: ClockId::of(&["rule", self.name]),
            rule: self.name.to_owned(),
            title: self.title.to_owned(),
            basis: self.basis.to_owned(),
            seconds: i64::from(self.hours) * 3600,
            candidates,
            doubts: self
                .doubts
                .iter()
                .map(|doubt| (*doubt).to_owned())
                .collect(),
            evidence,
        }
    }
}
