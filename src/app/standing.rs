//! Whether a case goes on, and who may know of it: hold, release, restrict, exclude.

use super::desk::Desk;
use crate::case::event::Event;
use crate::case::state::{CaseState, Phase, Scope};
use crate::fault::{Fault, Result};

impl Desk {
    /// Holds the case: nothing new starts until it is released.
    ///
    /// # Errors
    /// The case is not open.
    pub async fn hold(&self, reason: &str) -> Result<()> {
        let reason = reason.to_owned();
        let open = (Phase::Open, "Only an open case can be held.");
        self.turn(open, Event::CaseHeld { reason }).await
    }

    /// Releases the case.
    ///
    /// # Errors
    /// The case is not held.
    pub async fn release(&self, reason: &str) -> Result<()> {
        let reason = reason.to_owned();
        let held = (Phase::Held, "Only a held case can be released.");
        self.turn(held, Event::CaseReleased { reason }).await
    }

    /// Writes down what somebody wants the others to know.
    ///
    /// # Errors
    /// It reads like what Cordon itself notes of a recall link; the log cannot be appended to.
    pub async fn note(&self, text: &str) -> Result<()> {
        if text.trim_start().starts_with(super::recall::OF_LINK) {
            let what = "A note does not begin as what Cordon itself notes of recall links.";
            return Err(Fault::input("note", what).hint("begin it with other words"));
        }
        self.noted(text).await
    }

    /// Writes down what Cordon itself has to say.
    pub(super) async fn noted(&self, text: &str) -> Result<()> {
        let text = text.to_owned();
        let note = Event::CaseNoted { text };
        self.log.append(&self.by, vec![note]).await?;
        Ok(())
    }

    async fn turn(&self, (from, otherwise): (Phase, &str), event: Event) -> Result<()> {
        let case = self.log.case();
        let decide = |state: &CaseState| {
            if state.phase == from {
                return Ok(vec![event]);
            }
            let now = super::summary::phase(state.phase);
            Err(Fault::input("phase", otherwise).at(format!("{case} is {now}")))
        };
        self.log.append_if(&self.by, Vec::new(), decide).await?;
        Ok(())
    }

    /// Lets only these people know more of the case than that it exists. A restriction that stands is
    /// replaced.
    ///
    /// # Errors
    /// A name that the configuration does not know, nobody, or somebody who is kept out of the case.
    pub async fn restrict(&self, people: &[String], reason: &str) -> Result<Scope> {
        for name in people {
            self.known(name)?;
        }
        let (people, reason) = (people.to_vec(), reason.to_owned());
        self.scope(Event::CaseRestricted { people, reason }).await
    }

    /// Lets everybody with a role know of the case again.
    ///
    /// # Errors
    /// The case is not restricted.
    pub async fn unrestrict(&self, reason: &str) -> Result<Scope> {
        let reason = reason.to_owned();
        self.scope(Event::CaseUnrestricted { reason }).await
    }

    /// Keeps a person out of the case from now on: they neither see it nor decide in it.
    ///
    /// # Errors
    /// A name that the configuration does not know, or somebody who was excluded before.
    pub async fn exclude(&self, person: &str, reason: &str) -> Result<Scope> {
        self.known(person)?;
        let (person, reason) = (person.to_owned(), reason.to_owned());
        self.scope(Event::PersonExcluded { person, reason }).await
    }

    async fn scope(&self, event: Event) -> Result<Scope> {
        self.log.append(&self.by, vec![event]).await?;
        Ok(self.log.read(|state| state.scope.clone()))
    }

    fn known(&self, name: &str) -> Result<()> {
        let people = self.settings.people.now();
        if people.iter().any(|person| person.name == name) {
            return Ok(());
        }
        let names: Vec<&str> = people.iter().map(|person| person.name.as_str()).collect();
        Err(Fault::input("no-person", "There is no such person.")
            .at(name.escape_debug())
            .hint(format!("[[people]] names {}", names.join(", "))))
    }
}
