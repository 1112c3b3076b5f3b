//! What becomes of proofs when the configuration names other people.

use std::collections::BTreeSet;

use super::{SignIn, What};
use crate::case::event::Person;
use crate::fault::Result;

/// How the people of the configuration changed, by name.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// Who was added.
    pub added: BTreeSet<String>,
    /// Who was removed.
    pub removed: BTreeSet<String>,
    /// Who has other roles, addresses, logins or keys.
    pub altered: BTreeSet<String>,
}

impl SignIn {
    /// Takes over the people that the configuration names now. Who is no longer named loses sessions
    /// and tokens for good: to be named again later does not bring them back. Whoever is named keeps
    /// their session, in the roles that they have now.
    ///
    /// # Errors
    /// The hub cannot be written. The people are taken over all the same.
    pub fn take_people(&self, people: Vec<Person>) -> Result<Changed> {
        let _changing = super::hold(&self.changing);
        let before = self.people.now();
        let mut changed = Changed::default();
        for person in &people {
            match before.iter().find(|old| old.name == person.name) {
                None => changed.added.insert(person.name.clone()),
                Some(old) if old != person => changed.altered.insert(person.name.clone()),
                Some(_) => continue,
            };
        }
        let named: BTreeSet<&str> = people.iter().map(|person| person.name.as_str()).collect();
        let gone = before.iter().filter(|old| !named.contains(&*old.name));
        changed.removed.extend(gone.map(|old| old.name.clone()));
        // First: from here on every request, and every stream that looks again, is asked anew.
        self.people.replace(people);
        self.tell_ended();
        let mut done = Ok(());
        for name in &changed.removed {
            let ended = self
                .end_sessions(name, None)
                .and_then(|()| self.end_tokens(name))
                .and_then(|()| {
                    self.note_by(What::Revoked, name, "configuration", "no longer named")
                });
            done = done.and(ended);
        }
        done.map(|()| changed)
    }
}
