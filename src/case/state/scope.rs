//! Who may know of a case: everybody with a role, or a few who are named; and who never.

use super::CaseState;
use crate::case::event::{Event, Person};

/// Who may know of a case.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Scope {
    /// The people who may know more than that it exists; `None` when it is not restricted.
    pub only: Option<Vec<String>>,
    /// People who have nothing to do with it any more, by name.
    pub excluded: Vec<String>,
}

impl CaseState {
    /// Whether an event may change who knows of the case.
    pub(super) fn rule_scope(&self, event: &Event) -> Result<(), String> {
        match event {
            Event::CaseRestricted { people, .. } if people.is_empty() => {
                Err("a restricted case needs somebody who may see it".to_owned())
            }
            Event::CaseRestricted { people, .. } => {
                let out = |name: &&String| self.is_out(name);
                match people.iter().find(out) {
                    Some(name) => Err(format!(
                        "`{}` has nothing to do with this case",
                        name.escape_debug()
                    )),
                    None => Ok(()),
                }
            }
            Event::CaseUnrestricted { .. } if self.scope.only.is_none() => {
                Err("the case is not restricted".to_owned())
            }
            Event::PersonExcluded { person, .. } if self.scope.excluded.contains(person) => {
                Err("the person was excluded before".to_owned())
            }
            _ => Ok(()),
        }
    }

    pub(super) fn apply_scope(&mut self, event: &Event) {
        match event {
            Event::CaseRestricted { people, .. } => self.scope.only = Some(people.clone()),
            Event::CaseUnrestricted { .. } => self.scope.only = None,
            Event::PersonExcluded { person, .. } => {
                if let Some(only) = &mut self.scope.only {
                    only.retain(|name| name != person);
                }
                self.scope.excluded.push(person.clone());
            }
            _ => {}
        }
    }

    /// Whether a person may not know that the case exists: it is about them, it may be about them too,
    /// or they were excluded.
    pub fn keeps_out(&self, person: &Person) -> bool {
        self.is_subject(person)
            || self.lead_of(person).is_some()
            || self.scope.excluded.contains(&person.name)
    }

    /// Whether somebody of this name is kept out of the case.
    pub fn is_out(&self, name: &str) -> bool {
        let roster = self.people.iter().find(|person| person.name == name);
        self.scope.excluded.iter().any(|out| out == name)
            || roster.is_some_and(|person| self.keeps_out(person))
    }
}
