//! What can be known of a case from outside it, also where its log does not verify: enough to keep it from
//! whoever is kept out of it.

use super::App;
use crate::case::event::{Entry, Event};
use crate::case::state::CaseState;
use crate::id::CaseId;

/// How much of a case can be known.
#[derive(Debug)]
pub enum Glimpse {
    /// Its log holds: all of it.
    Log(Box<CaseState>),
    /// Whom it is about and who was kept out, as far as a log that does not verify can be read. Whom the
    /// case is restricted to is not known.
    Damaged(Box<CaseState>),
    /// It is not here: it was handed over or deleted, and there is nobody to keep out of it.
    Gone,
}

impl App {
    /// What can be known of a case. `None` when not even whom it is about. Waits for the disk.
    pub fn glimpse(&self, case: &CaseId) -> Option<Glimpse> {
        let folder = self.case_dir(case);
        if folder.try_exists().is_ok_and(|exists| !exists) {
            return Some(Glimpse::Gone);
        }
        if let Ok(state) = self.peek(case.as_str()) {
            return Some(Glimpse::Log(Box::new(state)));
        }
        let lines = crate::store::peek(&folder).ok()?;
        let mut entries = lines
            .iter()
            .map(|line| serde_json::from_slice::<Entry>(line));
        let Event::CaseOpened { subject, .. } = entries.next()?.ok()?.event else {
            return None;
        };
        let mut state = CaseState {
            subject,
            ..CaseState::default()
        };
        // A line that was forged can only keep out somebody more: no lead is dismissed here.
        for entry in entries.flatten() {
            match &entry.event {
                Event::PersonExcluded { person, .. } => state.scope.excluded.push(person.clone()),
                Event::LeadRecorded { .. } => state.apply_leads(&entry),
                _ => {}
            }
        }
        Some(Glimpse::Damaged(Box::new(state)))
    }
}
