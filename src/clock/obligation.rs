//! A duty to tell somebody, as data: what the files under `playbooks/obligations` can say.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::case::event::due::{Due, Question, Trigger};

/// Whether a rule is law today.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It applies.
    InForce,
    /// It is not law yet: it is watched and never makes a deadline.
    Pending,
    /// It is law no more.
    Repealed,
}

impl Status {
    /// How people read it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::InForce => "in force",
            Self::Pending => "pending",
            Self::Repealed => "repealed",
        }
    }
}

/// Whether somebody must.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Whoever it applies to must.
    Mandatory,
    /// Nobody must.
    Voluntary,
    /// A contract, a role or a fact decides.
    Conditional,
}

impl Mode {
    /// How files and people name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mandatory => "mandatory",
            Self::Voluntary => "voluntary",
            Self::Conditional => "conditional",
        }
    }
}

/// How something is handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// A portal with an account.
    Portal,
    /// A form on the web.
    WebForm,
    /// Electronic mail.
    Mail,
    /// A letter.
    Letter,
    /// By telephone.
    Phone,
    /// A filing with an exchange or register.
    Filing,
    /// Within the company.
    Inside,
    /// As the contract or the addressee says.
    Agreed,
}

/// To whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Recipient {
    /// Who.
    pub name: String,
    /// How.
    pub channel: Channel,
    /// Where: an address, a form, a number.
    #[serde(rename = "ref")]
    pub reference: String,
}

/// How near to the law a source stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// The regulator's or legislator's own text.
    Primary,
    /// A law firm, the press, a vendor.
    Secondary,
    /// A note that quotes a primary text.
    Note,
    /// Known, and not looked up.
    Knowledge,
}

impl Tier {
    /// How files and people name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Secondary => "secondary",
            Self::Note => "note",
            Self::Knowledge => "knowledge",
        }
    }
}

/// Where a rule was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// An address or a citation.
    pub at: String,
    /// When it was read; nothing for what is known only.
    pub verified_on: Option<Date>,
    /// How near to the law it stands.
    pub tier: Tier,
}

/// How long records are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// How long and from when, in words.
    pub text: String,
    /// Years, where there is a number.
    pub years: Option<u8>,
    /// The basis.
    #[serde(default)]
    pub basis: String,
    /// Whether it was checked against a source.
    #[serde(default = "yes")]
    pub verified: bool,
}

/// Who decides whether, and what, is handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names of offices")]
pub enum Owner {
    IncidentLead,
    Legal,
    SanctionsCounsel,
    ExportCounsel,
    SecuritiesCounsel,
    Privacy,
    Insurance,
    Finance,
    Hr,
    Executive,
}

impl Owner {
    /// How people read it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::IncidentLead => "incident lead",
            Self::Legal => "legal",
            Self::SanctionsCounsel => "sanctions counsel",
            Self::ExportCounsel => "export counsel",
            Self::SecuritiesCounsel => "securities counsel",
            Self::Privacy => "privacy",
            Self::Insurance => "insurance",
            Self::Finance => "finance",
            Self::Hr => "HR",
            Self::Executive => "executive",
        }
    }
}

/// What of a case may start a stage without anybody recording an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Gives {
    /// The case was opened.
    CaseOpened,
    /// A message with a demand reached us.
    DemandReceived,
}

/// Whose cases a duty is watched in.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Watch {
    /// Those of organisations whose configuration names the jurisdiction, and any in which a person
    /// recorded an instant that starts it.
    #[default]
    Concerned,
    /// Everybody's, as long as nothing rules it out.
    Everybody,
}

/// One step of a duty: what starts it and when it is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// 1 for the first.
    pub n: u8,
    /// `early_warning`.
    pub name: String,
    /// What is due, for people.
    pub title: String,
    /// What starts it.
    pub trigger: Trigger,
    /// The stage that must have been handed in; goes with `previous_stage_submitted`.
    pub after: Option<u8>,
    /// The earlier stage whose filing is this one's too: two clocks wait for one filing, and the one
    /// that ends first governs.
    pub filed_with: Option<u8>,
    /// How long it may take; without one the law gives none, and no clock runs.
    pub due: Option<Due>,
    /// Other zones in which the day of the event may be another, beside those of its calendar.
    #[serde(default)]
    pub zones: Vec<String>,
    /// The facts that it asks for, by name.
    #[serde(default)]
    pub fields: Vec<String>,
    /// What the addressee takes at most, characters or items.
    #[serde(default)]
    pub limits: BTreeMap<String, u32>,
    /// Whether authorities may ask to wait.
    #[serde(default)]
    pub allows_delay: bool,
    /// How many days each delay after the other may last at most, where the law says so: `[30, 30, 60]`.
    #[serde(default)]
    pub delay_days: Vec<u32>,
    /// Whether the figure was checked against a source.
    #[serde(default = "yes")]
    pub verified: bool,
    /// What of the case gives a candidate start.
    #[serde(default)]
    pub given_by: Vec<Gives>,
    /// The name under which older versions watched it.
    pub formerly: Option<String>,
    /// The questions that decide whether it applies, beside those of the duty.
    #[serde(default)]
    pub applies_if: Vec<Question>,
    /// Why it may not apply, beside the questions.
    #[serde(default)]
    pub doubts: Vec<String>,
}

/// A duty to tell somebody, or a reason to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Obligation {
    /// `us.ofac.blocked_initial`.
    pub id: String,
    /// What it is.
    pub title: String,
    /// `us`, `us-ca`, `eu`, `de`, `private`.
    pub jurisdiction: String,
    /// Whether it is law today.
    pub status: Status,
    /// Since when.
    pub in_force_from: Option<Date>,
    /// When to look again; a pending rule has one.
    pub review_on: Option<Date>,
    /// Whether somebody must.
    pub mode: Mode,
    /// To whom.
    pub recipient: Recipient,
    /// The legal basis; nothing for what is voluntary.
    #[serde(default)]
    pub legal_basis: Vec<String>,
    /// The questions that decide whether it applies; people answer them.
    #[serde(default)]
    pub applies_if: Vec<Question>,
    /// Who decides.
    pub decision_owner: Owner,
    /// Where it was read.
    pub sources: Vec<Source>,
    /// Whether what it says was checked against a source; a stage can say otherwise of itself.
    #[serde(default = "yes")]
    pub verified: bool,
    /// How long records are kept.
    pub retention: Option<Retention>,
    /// Duties that cannot apply to the same thing.
    #[serde(default)]
    pub excludes: Vec<String>,
    /// Whether telling anybody about it can be an offence.
    #[serde(default)]
    pub tipping_off: bool,
    /// What goes wrong.
    #[serde(default)]
    pub pitfalls: Vec<String>,
    /// The notice that serves it, by the name of its template.
    pub notice: Option<String>,
    /// Whose cases it is watched in.
    #[serde(default)]
    pub watch: Watch,
    /// Its steps.
    #[serde(rename = "stage", default)]
    pub stages: Vec<Stage>,
}

const fn yes() -> bool {
    true
}

impl Obligation {
    /// The name of the clock of a stage: the id, and the stage where there are several.
    pub fn clock_name(&self, stage: &Stage) -> String {
        match self.stages.len() {
            1 => self.id.clone(),
            _ => format!("{}.{}", self.id, stage.name),
        }
    }

    /// Every question that it asks: those of the duty, then those of its stages.
    pub fn questions(&self) -> impl Iterator<Item = &Question> {
        let of_stages = self.stages.iter().flat_map(|stage| &stage.applies_if);
        self.applies_if.iter().chain(of_stages)
    }

    /// The questions that decide whether a stage applies.
    pub fn questions_of<'a>(&'a self, stage: &'a Stage) -> impl Iterator<Item = &'a Question> {
        self.applies_if.iter().chain(&stage.applies_if)
    }

    /// The stages that one filing of this stage meets: it, and what is filed with it.
    pub fn filed_together(&self, stage: u8) -> Vec<u8> {
        let own = self.stages.iter().find(|known| known.n == stage);
        let filing = own.and_then(|own| own.filed_with).unwrap_or(stage);
        let same = |known: &&Stage| known.n == filing || known.filed_with == Some(filing);
        self.stages
            .iter()
            .filter(same)
            .map(|known| known.n)
            .collect()
    }

    /// The day of its latest verified source.
    pub fn verified_on(&self) -> Option<Date> {
        self.sources
            .iter()
            .filter_map(|source| source.verified_on)
            .max()
    }

    /// Whether its latest source is older than a year, or there is none.
    pub fn is_stale(&self, today: Date) -> bool {
        let year_ago = today.checked_sub(jiff::Span::new().years(1));
        let oldest = year_ago.unwrap_or(Date::MIN);
        self.verified_on().is_none_or(|on| on < oldest)
    }

    /// Whether the figure of a stage was checked.
    pub const fn is_verified(&self, stage: &Stage) -> bool {
        self.verified && stage.verified
    }
}
