//! What a deadline is made of, as the log keeps it: what starts it, how long it is, in which days.
//!
//! A clock carries its rule with the days on which nothing counts, so that it can be computed again
//! from the log alone, whatever the catalogue says by then.

use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};

use super::instant::Answer;
use crate::canon::Digest;

/// What starts a duty: a kind of instant, or the stage before.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// It happened.
    Occurred,
    /// It was noticed.
    Detected,
    /// Somebody suspected it.
    Suspected,
    /// It was known with a reasonable degree of certainty.
    AwareReasonableCertainty,
    /// A person determined that an incident occurred.
    IncidentDetermined,
    /// A breach of data was discovered.
    BreachDiscovered,
    /// A person determined that there was a breach of data.
    BreachDetermined,
    /// A person determined that it is material.
    MaterialityDetermined,
    /// It was classified as major.
    ClassifiedMajor,
    /// Property became blocked.
    PropertyBlocked,
    /// Blocked property was released or moved.
    PropertyUnblocked,
    /// A transaction was rejected.
    TransactionRejected,
    /// Somebody paid.
    PaymentMade,
    /// Facts that a suspicious activity report rests on were detected.
    FactsForSarDetected,
    /// The processor told the controller.
    ProcessorToldController,
    /// Information that an earlier report left open became known.
    UpdateDetermined,
    /// A remedy became available.
    FixAvailable,
    /// The impact ended.
    EndOfImpact,
    /// An officer named in a policy first knew.
    PolicyFirstKnowledge,
    /// Data were published.
    DataPublished,
    /// A stage before was handed in, as its receipt says.
    PreviousStageSubmitted,
}

impl Trigger {
    /// Every kind of instant that a person can record.
    pub const INSTANTS: [Self; 20] = [
        Self::Occurred,
        Self::Detected,
        Self::Suspected,
        Self::AwareReasonableCertainty,
        Self::IncidentDetermined,
        Self::BreachDiscovered,
        Self::BreachDetermined,
        Self::MaterialityDetermined,
        Self::ClassifiedMajor,
        Self::PropertyBlocked,
        Self::PropertyUnblocked,
        Self::TransactionRejected,
        Self::PaymentMade,
        Self::FactsForSarDetected,
        Self::ProcessorToldController,
        Self::UpdateDetermined,
        Self::FixAvailable,
        Self::EndOfImpact,
        Self::PolicyFirstKnowledge,
        Self::DataPublished,
    ];

    /// How files and commands name it.
    pub const fn name(self) -> &'static str {
        self.words().0
    }

    /// The fact in which people write down when it was, where there is one.
    pub const fn fact(self) -> Option<&'static str> {
        match self {
            Self::Occurred => Some("instant.occurred"),
            Self::Detected | Self::BreachDiscovered => Some("instant.detected"),
            Self::Suspected => Some("instant.suspected"),
            Self::AwareReasonableCertainty => Some("instant.aware"),
            Self::IncidentDetermined | Self::BreachDetermined => Some("instant.determined"),
            Self::MaterialityDetermined => Some("instant.material"),
            Self::ClassifiedMajor => Some("instant.classified"),
            Self::EndOfImpact => Some("instant.impact_ended"),
            Self::PropertyBlocked => Some("property.date_blocked"),
            Self::TransactionRejected => Some("transaction.date_rejected"),
            Self::PaymentMade => Some("payment_made.details"),
            Self::PolicyFirstKnowledge => Some("policy.first_knowledge"),
            Self::PropertyUnblocked
            | Self::FactsForSarDetected
            | Self::ProcessorToldController
            | Self::UpdateDetermined
            | Self::FixAvailable
            | Self::DataPublished
            | Self::PreviousStageSubmitted => None,
        }
    }

    /// What it is, for people: `property became blocked`.
    pub const fn about(self) -> &'static str {
        self.words().1
    }

    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Occurred => ("occurred", "it occurred"),
            Self::Detected => ("detected", "it was detected"),
            Self::Suspected => ("suspected", "it was suspected"),
            Self::AwareReasonableCertainty => (
                "aware_reasonable_certainty",
                "known with reasonable certainty",
            ),
            Self::IncidentDetermined => ("incident_determined", "an incident was determined"),
            Self::BreachDiscovered => ("breach_discovered", "a breach was discovered"),
            Self::BreachDetermined => ("breach_determined", "a breach was determined"),
            Self::MaterialityDetermined => ("materiality_determined", "determined to be material"),
            Self::ClassifiedMajor => ("classified_major", "classified as major"),
            Self::PropertyBlocked => ("property_blocked", "property became blocked"),
            Self::PropertyUnblocked => ("property_unblocked", "blocked property was released"),
            Self::TransactionRejected => ("transaction_rejected", "a transaction was rejected"),
            Self::PaymentMade => ("payment_made", "a payment was made"),
            Self::FactsForSarDetected => (
                "facts_for_sar_detected",
                "facts for a suspicious activity report were detected",
            ),
            Self::ProcessorToldController => (
                "processor_told_controller",
                "the processor told the controller",
            ),
            Self::UpdateDetermined => ("update_determined", "what was open became known"),
            Self::FixAvailable => ("fix_available", "a remedy became available"),
            Self::EndOfImpact => ("end_of_impact", "the impact ended"),
            Self::PolicyFirstKnowledge => (
                "policy_first_knowledge",
                "an officer named in the policy first knew",
            ),
            Self::DataPublished => ("data_published", "data were published"),
            Self::PreviousStageSubmitted => {
                ("previous_stage_submitted", "the stage before was handed in")
            }
        }
    }
}

/// What happens to a deadline that falls on a day on which nothing counts.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Roll {
    /// Nothing.
    #[default]
    None,
    /// It moves to the next working day.
    Next,
    /// The law may move it forward; the working day before is counted on.
    ConservativePrevious,
}

/// A reading of a deadline that is later than what is counted on; shown, never used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Later {
    /// Regulation 1182/71: hours are counted from the next full hour, and a last day that is no
    /// working day moves, unless the period is in hours.
    #[serde(rename = "eu_1182")]
    Eu1182,
    /// Delegated Regulation 2025/301, Article 5: noon of the next working day.
    DoraNoon,
}

/// How long something may take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "unit", rename_all = "snake_case", deny_unknown_fields)]
pub enum Due {
    /// Elapsed hours.
    Hour {
        /// How many.
        amount: u32,
        /// The calendar of a later reading.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        calendar: Option<String>,
        /// A later reading.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        later: Option<Later>,
    },
    /// Calendar days.
    CalendarDay {
        /// How many.
        amount: u32,
        /// The zone of the days; the calendar's where there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        zone: Option<String>,
        /// Which days count as working days when it is moved.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        calendar: Option<String>,
        /// Whether the day of the event is the first.
        #[serde(default)]
        count_event_day: bool,
        /// What happens on a day that does not count.
        #[serde(default)]
        roll: Roll,
    },
    /// Working days of a calendar.
    BusinessDay {
        /// How many.
        amount: u32,
        /// The calendar.
        calendar: String,
        /// Whether the day of the event is the first.
        #[serde(default)]
        count_event_day: bool,
        /// Until when on the last day, local; its end without one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Time>,
    },
    /// Months: the same date, or the last day of the month.
    Month {
        /// How many.
        amount: u32,
        /// The calendar, and with it the zone.
        calendar: String,
        /// What happens on a day that does not count.
        #[serde(default)]
        roll: Roll,
        /// A later reading.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        later: Option<Later>,
    },
    /// Every year: the state of one day, reported by another.
    Annual {
        /// `09-30`.
        by: String,
        /// `06-30`: what is held on that day is reported.
        as_of: String,
        /// The zone of the days.
        zone: String,
    },
    /// Calendar days after the end of the year.
    AfterYearEnd {
        /// How many.
        amount: u32,
        /// The zone of the days.
        zone: String,
    },
    /// The law gives no number: at once, without delay, as soon as practicable.
    Immediately {
        /// The internal target, hours.
        target_hours: u32,
    },
    /// No duty: an internal target.
    Target {
        /// The internal target, hours.
        target_hours: u32,
    },
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the days of the week")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

/// The days on which nothing counts, for the years that a clock can reach.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    /// The days of the week.
    pub weekend: Vec<Weekday>,
    /// The holidays, in order.
    pub holidays: Vec<Date>,
    /// Days before this one have no holidays here.
    pub from: Date,
    /// Days after this one have no holidays here: a deadline there is rather too early.
    pub until: Date,
}

/// A question that decides whether a duty applies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Its id: the same in every duty that asks it.
    pub id: String,
    /// The question.
    pub text: String,
    /// The answer with which the duty does not apply.
    pub not_if: Answer,
    /// The facts that an answer rests on, as the dictionary of facts names them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<String>,
}

/// The rule of a clock as the catalogue had it when the clock was started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// The duty.
    pub obligation: String,
    /// Its stage.
    pub stage: u8,
    /// What starts it.
    pub trigger: Trigger,
    /// The stage that must have been handed in, where that starts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u8>,
    /// The stage whose filing is this one's too: two clocks that wait for one filing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filed_with: Option<u8>,
    /// How long it may take.
    pub due: Due,
    /// The same in words.
    pub text: String,
    /// The zone in which days are counted.
    pub zone: String,
    /// Other zones in which the day of the event may have been another: the earlier counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub zones: Vec<String>,
    /// The days that do not count, where that matters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<Closed>,
    /// Whether authorities may ask to wait.
    pub allows_delay: bool,
    /// How many days each delay after the other may last at most, where the law says so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub delay_days: Vec<u32>,
    /// Whether its figures were checked against a source.
    pub verified: bool,
    /// Whether telling anybody about it can be an offence.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tipping_off: bool,
    /// Who decides.
    pub owner: String,
    /// The questions that decide whether it applies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<Question>,
    /// The digest of the catalogue that it was taken from.
    pub catalogue: Digest,
}

impl Rule {
    /// The stage by which its filing is named: its own, or the one that is filed with it.
    pub fn filing(&self) -> u8 {
        self.filed_with.unwrap_or(self.stage)
    }

    /// Whether it comes back every year: what was handed in meets its own year alone.
    pub const fn is_yearly(&self) -> bool {
        matches!(self.due, Due::Annual { .. })
    }
}

/// A stage of a duty that a notice answers: when it leaves, the stage was handed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Serves {
    /// The duty, by id.
    pub obligation: String,
    /// Its stage, counted from 1.
    pub stage: u8,
}

impl Due {
    /// Takes another calendar in the place of its own.
    pub fn set_calendar(&mut self, id: &str) {
        match self {
            Self::Hour { calendar, .. } | Self::CalendarDay { calendar, .. } => {
                *calendar = Some(id.to_owned());
            }
            Self::BusinessDay { calendar, .. } | Self::Month { calendar, .. } => {
                id.clone_into(calendar);
            }
            Self::Annual { .. }
            | Self::AfterYearEnd { .. }
            | Self::Immediately { .. }
            | Self::Target { .. } => {}
        }
    }

    /// Whether a last day on which nothing counts is moved back.
    pub const fn rolls_back(&self) -> bool {
        matches!(
            self,
            Self::CalendarDay {
                roll: Roll::ConservativePrevious,
                ..
            } | Self::Month {
                roll: Roll::ConservativePrevious,
                ..
            }
        )
    }

    /// Whether a holiday changes when it is.
    pub const fn minds_holidays(&self) -> bool {
        match self {
            Self::BusinessDay { .. } => true,
            Self::CalendarDay { roll, .. } | Self::Month { roll, .. } => {
                !matches!(roll, Roll::None)
            }
            Self::Hour { .. }
            | Self::Annual { .. }
            | Self::AfterYearEnd { .. }
            | Self::Immediately { .. }
            | Self::Target { .. } => false,
        }
    }

    /// Whether it is counted in days of a place.
    pub const fn in_days(&self) -> bool {
        !matches!(
            self,
            Self::Hour { .. } | Self::Immediately { .. } | Self::Target { .. }
        )
    }
}
