//! Who may do what: roles, abilities, and the scope of a case.
//!
//! One table, [`Ability::roles`], decides for the pages, the API and the tokens. A gate or a notice
//! asks for its own roles on top of it ([`CaseState::may_decide`]). The account holder, and whoever was
//! excluded, learn not even that a case exists.

mod roster;

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::case::event::Person;
use crate::case::state::CaseState;
use crate::fault::{Fault, Result};
use crate::id::CaseId;

pub use roster::Roster;

/// What somebody is in the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Works the case: reads doors, plans, runs, takes evidence in.
    Responder,
    /// Leads it: also decides who sees it, and when it is over.
    IncidentLead,
    /// Reviews what is said to others, and the clocks.
    Legal,
    /// Knows of departures, and can take one back.
    Hr,
    /// Reads one page, and decides where a gate asks for it.
    Executive,
    /// Reads everything and changes nothing.
    Auditor,
    /// Looks after people and the program; knows of a case only that it exists.
    Administrator,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 7] = [
        Self::Responder,
        Self::IncidentLead,
        Self::Legal,
        Self::Hr,
        Self::Executive,
        Self::Auditor,
        Self::Administrator,
    ];

    /// As the configuration, playbooks and the API name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Responder => "responder",
            Self::IncidentLead => "incident_lead",
            Self::Legal => "legal",
            Self::Hr => "hr",
            Self::Executive => "executive",
            Self::Auditor => "auditor",
            Self::Administrator => "administrator",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Role {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|role| role.name() == text).ok_or_else(|| {
            Fault::input("role", "There is no such role.")
                .at(text.escape_debug())
                .hint(format!("roles: {}", Self::ALL.map(Self::name).join(", ")))
        })
    }
}

/// One thing that somebody may or may not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ability {
    /// See title, phase, effective time and where the case is in five lines.
    SeeBrief,
    /// See doors, plan, run, gates, clocks and notices of a case.
    SeeCase,
    /// See evidence, contacts and the log, and the bytes behind them.
    SeeEvidence,
    /// Open a case; settle a message that waits.
    Open,
    /// Say wait: hold a case, take a departure back.
    Hold,
    /// Read doors, plan, run, verify, snapshot, import, export, undo.
    Work,
    /// Release and close a case, restrict it, exclude people; record leads, and dismiss them.
    Lead,
    /// Decide at a gate; the gate says which roles it waits for.
    Decide,
    /// Draft, review, approve and send notices; choose clocks, record receipts.
    Counsel,
    /// Invite people, end their sessions, make tokens.
    Administer,
    /// See how the program stands, and who can sign in.
    SeeProgram,
}

impl Ability {
    /// Every ability.
    pub const ALL: [Self; 11] = [
        Self::SeeBrief,
        Self::SeeCase,
        Self::SeeEvidence,
        Self::Open,
        Self::Hold,
        Self::Work,
        Self::Lead,
        Self::Decide,
        Self::Counsel,
        Self::Administer,
        Self::SeeProgram,
    ];

    /// The roles that have it.
    pub const fn roles(self) -> &'static [Role] {
        use Role::{Administrator, Auditor, Executive, Hr, IncidentLead, Legal, Responder};
        match self {
            Self::SeeBrief => &[Responder, IncidentLead, Legal, Hr, Executive, Auditor],
            Self::SeeCase => &[Responder, IncidentLead, Legal, Executive, Auditor],
            Self::SeeEvidence => &[Responder, IncidentLead, Legal, Auditor],
            Self::Open => &[Responder, IncidentLead, Hr],
            Self::Hold => &[Responder, IncidentLead, Legal, Hr],
            Self::Work => &[Responder, IncidentLead],
            Self::Lead => &[IncidentLead],
            Self::Decide => &[Responder, IncidentLead, Legal, Hr, Executive],
            Self::Counsel => &[IncidentLead, Legal],
            Self::Administer => &[Administrator],
            Self::SeeProgram => &[Auditor, Administrator],
        }
    }

    /// What it is, for a sentence that begins with "this needs somebody who may".
    pub const fn words(self) -> &'static str {
        match self {
            Self::SeeBrief => "see the case in brief",
            Self::SeeCase => "see the case",
            Self::SeeEvidence => "see its evidence",
            Self::Open => "open a case",
            Self::Hold => "hold the case",
            Self::Work => "work the case",
            Self::Lead => "lead the case",
            Self::Decide => "decide at a gate",
            Self::Counsel => "decide about notices and clocks",
            Self::Administer => "look after people",
            Self::SeeProgram => "see how the program stands",
        }
    }
}

/// How somebody proved who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Via {
    /// A session of the pages: the beginning of the hash of its id.
    Session(String),
    /// A token of the API.
    Token {
        /// The beginning of its hash.
        id: String,
        /// The one role that it acts in.
        role: Role,
        /// The cases that it may touch; `None` for every case that its person may.
        cases: Option<BTreeSet<CaseId>>,
    },
}

/// Somebody who has proved who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// As the configuration names them.
    pub person: Person,
    /// How they proved it.
    pub via: Via,
}

/// How much of a case somebody may know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sight {
    /// Nothing, not even that it exists.
    Nothing,
    /// That it exists: its id.
    Existence,
    /// What their roles let them.
    Content,
}

impl Principal {
    /// The roles that they act in: a token never has more than its person.
    pub fn roles(&self) -> BTreeSet<Role> {
        let roles = self
            .person
            .roles
            .iter()
            .filter_map(|role| role.parse().ok());
        match &self.via {
            Via::Session(_) => roles.collect(),
            Via::Token { role: only, .. } => roles.filter(|role| role == only).collect(),
        }
    }

    /// Whether one of their roles has the ability, whatever the case.
    pub fn has(&self, ability: Ability) -> bool {
        let roles = self.roles();
        ability.roles().iter().any(|role| roles.contains(role))
    }

    /// How much of a case they may know. The account holder and the excluded know nothing; a
    /// restricted case is content for those it names; an administrator knows that it exists.
    pub fn sight(&self, state: &CaseState) -> Sight {
        if let Via::Token {
            cases: Some(cases), ..
        } = &self.via
            && !state.case.as_ref().is_some_and(|case| cases.contains(case))
        {
            return Sight::Nothing;
        }
        if state.keeps_out(&self.person) {
            return Sight::Nothing;
        }
        let named = state.scope.only.as_ref();
        let named = named.is_none_or(|only| only.contains(&self.person.name));
        if named && self.has(Ability::SeeBrief) {
            return Sight::Content;
        }
        if self.roles().contains(&Role::Administrator) {
            return Sight::Existence;
        }
        Sight::Nothing
    }

    /// Whether they may do something in a case.
    ///
    /// # Errors
    /// `no-case` when they may not know more of it, `may-not` when no role of theirs has the ability.
    pub fn may(&self, ability: Ability, state: &CaseState) -> Result<()> {
        if self.sight(state) != Sight::Content {
            return Err(no_case());
        }
        self.may_at_all(ability)
    }

    /// Whether they have, today, one of the roles that a decision asks for. The roster of a case is that
    /// of its opening; who lost a role since decides nothing in it.
    ///
    /// # Errors
    /// `may-not-decide`: they have none of them.
    pub fn may_decide(&self, roles: &[String]) -> Result<()> {
        let own = self.roles();
        if own
            .iter()
            .any(|role| roles.iter().any(|asked| asked == role.name()))
        {
            return Ok(());
        }
        let what = format!("This is decided by {}.", roles.join(" or "));
        Err(Fault::input("may-not-decide", what))
    }

    /// Whether they may do something that is about no case.
    ///
    /// # Errors
    /// `may-not`: no role of theirs has the ability.
    pub fn may_at_all(&self, ability: Ability) -> Result<()> {
        if self.has(ability) {
            return Ok(());
        }
        let roles: Vec<_> = ability.roles().iter().map(|role| role.name()).collect();
        let what = format!("This needs somebody who may {}.", ability.words());
        Err(Fault::input("may-not", what).hint(format!("roles that may: {}", roles.join(", "))))
    }
}

/// There is none, or none that whoever asks may know of: the words are the same.
pub fn no_case() -> Fault {
    Fault::input("no-case", "There is no such case.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::subject::Subject;

    fn person(name: &str, roles: &[&str]) -> Person {
        Person {
            name: name.to_owned(),
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
            key: String::new(),
            emails: vec![format!("{}@corp.example", name.to_lowercase())],
            logins: Vec::new(),
        }
    }

    fn signed_in(name: &str, roles: &[&str]) -> Principal {
        Principal {
            person: person(name, roles),
            via: Via::Session("00".to_owned()),
        }
    }

    fn case() -> CaseState {
        CaseState {
            case: Some(CaseId::of(&["x"])),
            subject: Subject {
                emails: vec!["sam@corp.example".to_owned()],
                ..Subject::default()
            },
            ..CaseState::default()
        }
    }

    #[test]
    fn a_restricted_case_is_seen_by_those_it_names_and_by_administrators_as_an_id() {
        let mut state = case();
        let (ada, bo) = (signed_in("Ada", &["legal"]), signed_in("Bo", &["legal"]));
        let root = signed_in("Root", &["administrator"]);
        assert_eq!(ada.sight(&state), Sight::Content);
        assert_eq!(root.sight(&state), Sight::Existence);
        state.scope.only = Some(vec!["Ada".to_owned()]);
        assert_eq!(ada.sight(&state), Sight::Content);
        assert_eq!(bo.sight(&state), Sight::Nothing);
        assert_eq!(root.sight(&state), Sight::Existence);
        assert_eq!(
            bo.may(Ability::SeeCase, &state).unwrap_err().code(),
            "no-case"
        );
    }

    #[test]
    fn the_account_holder_and_the_excluded_do_not_learn_that_it_exists() {
        let mut state = case();
        let every: Vec<&str> = Role::ALL.iter().map(|role| role.name()).collect();
        assert_eq!(signed_in("Sam", &every).sight(&state), Sight::Nothing);
        state.scope.excluded.push("Ada".to_owned());
        assert_eq!(signed_in("Ada", &every).sight(&state), Sight::Nothing);
    }

    #[test]
    fn a_token_has_one_role_of_its_person_and_only_its_cases() {
        let state = case();
        let token = |role, cases| Principal {
            person: person("Ada", &["legal", "auditor"]),
            via: Via::Token {
                id: "00".to_owned(),
                role,
                cases,
            },
        };
        let auditor = token(Role::Auditor, None);
        assert!(auditor.may(Ability::SeeEvidence, &state).is_ok());
        let refused = auditor.may(Ability::Counsel, &state).unwrap_err();
        assert_eq!(refused.code(), "may-not");
        assert!(!token(Role::IncidentLead, None).has(Ability::SeeBrief));
        let elsewhere = token(Role::Legal, Some([CaseId::of(&["y"])].into()));
        assert_eq!(elsewhere.sight(&state), Sight::Nothing);
    }

    #[test]
    fn reading_and_changing_are_kept_apart() {
        for ability in [
            Ability::Open,
            Ability::Hold,
            Ability::Work,
            Ability::Lead,
            Ability::Decide,
            Ability::Counsel,
            Ability::Administer,
        ] {
            assert!(!ability.roles().contains(&Role::Auditor), "{ability:?}");
        }
        for ability in Ability::ALL {
            let of_cases = !matches!(ability, Ability::Administer | Ability::SeeProgram);
            let administrators = ability.roles().contains(&Role::Administrator);
            assert_eq!(of_cases, !administrators, "{ability:?}");
        }
    }
}
