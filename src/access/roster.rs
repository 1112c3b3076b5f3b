//! The people of the configuration, as it names them now.

use std::sync::{Arc, PoisonError, RwLock};

use serde::{Deserialize, Deserializer};

use crate::case::event::Person;

/// The people of the configuration. A clone is the same roster: whoever holds one sees it change.
#[derive(Debug, Clone, Default)]
pub struct Roster(Arc<RwLock<Arc<Vec<Person>>>>);

impl Roster {
    /// Who stands there now. What is had does not change any more.
    pub fn now(&self) -> Arc<Vec<Person>> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Names others from now on, for every holder.
    pub fn replace(&self, people: Vec<Person>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(people);
    }
}

impl From<Vec<Person>> for Roster {
    fn from(people: Vec<Person>) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(people))))
    }
}

impl<'de> Deserialize<'de> for Roster {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Vec::deserialize(from).map(Self::from)
    }
}
