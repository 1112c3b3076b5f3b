//! Who is told of a case, and how much: by role, and by what each may know of it.

use crate::access::{Principal, Role, Sight, Via};
use crate::app::App;
use crate::app::glimpse::Glimpse;
use crate::case::event::Person;
use crate::case::state::CaseState;
use crate::case::subject::Subject;
use crate::id::CaseId;

/// Who looks after the program, and may know that a case exists.
pub(super) const ADMINISTRATOR: &str = Role::Administrator.name();

/// Somebody who is told, at which address, and how much they may know.
pub(super) type Told<'a> = (&'a Person, &'a String, Sight);

/// What an alert is about, as far as it tells who must not hear of it.
pub(super) struct About {
    state: CaseState,
    source: Source,
    /// What is known of the case that it may belong to.
    beside: Option<CaseState>,
}

/// Where that is known from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    /// There is no case; perhaps there is somebody whom it is about.
    NoCase,
    /// The log of the case.
    Log,
    /// What can be read of a log that does not verify. Whom the case is restricted to is not known.
    Damaged,
}

impl About {
    /// `None` when it cannot be known whom it is about.
    pub(super) fn of(app: &App, case: Option<&CaseId>, subject: Option<&Subject>) -> Option<Self> {
        let Some(case) = case else {
            let state = CaseState {
                subject: subject.cloned().unwrap_or_default(),
                ..CaseState::default()
            };
            let source = Source::NoCase;
            return Some(Self::from(state, source));
        };
        match app.glimpse(case)? {
            Glimpse::Log(state) => Some(Self::from(*state, Source::Log)),
            Glimpse::Damaged(state) => Some(Self::from(*state, Source::Damaged)),
            Glimpse::Gone => None,
        }
    }

    const fn from(state: CaseState, source: Source) -> Self {
        Self {
            state,
            source,
            beside: None,
        }
    }

    /// The same, and who is kept out of a case that it may belong to hears nothing. `None` when it cannot
    /// be known who that is.
    pub(super) fn beside(mut self, app: &App, case: Option<&CaseId>) -> Option<Self> {
        if let Some(case) = case {
            self.beside = match app.glimpse(case)? {
                Glimpse::Log(state) | Glimpse::Damaged(state) => Some(*state),
                Glimpse::Gone => None,
            };
        }
        Some(self)
    }

    /// The title of the case, when it is known to be that.
    pub(super) fn title(&self) -> Option<&str> {
        (self.source == Source::Log).then_some(self.state.title.as_str())
    }

    /// People with one of the roles, as far as each may know of the case. Of a damaged log only
    /// administrators hear, and only that it is.
    pub(super) fn audience<'a>(&self, people: &'a [Person], roles: &[String]) -> Vec<Told<'a>> {
        let administrators = [ADMINISTRATOR.to_owned()];
        let roles = match self.source {
            Source::Damaged => &administrators,
            Source::NoCase | Source::Log => roles,
        };
        let asked = |person: &&Person| person.roles.iter().any(|role| roles.contains(role));
        let told = people.iter().filter(asked).filter_map(|person| {
            let sight = match self.sight(person) {
                Sight::Nothing => return None,
                // Nobody is asked in another role for what they may know as administrators only.
                Sight::Existence if !roles.iter().any(|role| role == ADMINISTRATOR) => return None,
                sight => sight,
            };
            Some((person, person.emails.first()?, sight))
        });
        told.collect()
    }

    /// Who is told when nobody of the roles can be: those whom a restriction names, or else
    /// administrators, who learn that there is something.
    pub(super) fn in_their_place<'a>(&self, people: &'a [Person]) -> Vec<Told<'a>> {
        let only = self.state.scope.only.iter().flatten();
        let only: Vec<&String> = only.collect();
        let told = |person: &'a Person, least: Sight, sight: Sight| {
            let may = self.sight(person) >= least;
            let email = person.emails.first().filter(|_| may)?;
            Some((person, email, sight))
        };
        let named = people.iter().filter(|person| only.contains(&&person.name));
        let named = named.filter_map(|person| told(person, Sight::Content, Sight::Content));
        let named: Vec<Told<'a>> = named.collect();
        if !named.is_empty() {
            return named;
        }
        let administrators = people.iter().filter(|person| is_administrator(person));
        let administrators =
            administrators.filter_map(|person| told(person, Sight::Existence, Sight::Existence));
        administrators.collect()
    }

    /// How much somebody may know.
    fn sight(&self, person: &Person) -> Sight {
        let mut beside = self.beside.iter();
        if beside.any(|state| state.keeps_out(person)) {
            return Sight::Nothing;
        }
        let principal = Principal {
            person: person.clone(),
            via: Via::Session(String::new()),
        };
        match (self.source, principal.sight(&self.state)) {
            (_, Sight::Nothing) => Sight::Nothing,
            // Nothing more is known of it than what the alert says.
            (Source::NoCase, _) => Sight::Content,
            (Source::Log, sight) => sight,
            (Source::Damaged, _) if is_administrator(person) => Sight::Existence,
            (Source::Damaged, _) => Sight::Nothing,
        }
    }
}

fn is_administrator(person: &Person) -> bool {
    person.roles.iter().any(|role| role == ADMINISTRATOR)
}
