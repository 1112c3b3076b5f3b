//! Facts of people in the fold: what they recorded for notices, and what they took back.

use super::check::need;
use super::{CaseState, FactRecord};
use crate::case::event::{Entry, Event, Standing, Statement};

impl CaseState {
    /// Facts that people record. The last word on a fact counts; the log keeps every one.
    pub(super) fn apply_fact(&mut self, entry: &Entry) {
        match &entry.event {
            Event::FactRecorded(statement) => {
                self.ground_changed(entry);
                let record = FactRecord {
                    statement: statement.clone(),
                    by: entry.by.to_string(),
                    at: entry.at,
                };
                self.facts.insert(statement.key.clone(), record);
            }
            Event::FactWithdrawn { key, .. } => {
                self.ground_changed(entry);
                self.facts.remove(key);
            }
            _ => {}
        }
    }

    /// Whether an event about facts may follow.
    pub(super) fn rule_fact(&self, event: &Event) -> Result<(), String> {
        match event {
            Event::FactRecorded(statement) => self.rule_statement(statement),
            Event::FactWithdrawn { key, reason } => {
                need(
                    self.facts.contains_key(key),
                    "nobody recorded this fact, or it was withdrawn before",
                )?;
                need(!reason.trim().is_empty(), "a withdrawal names its reason")
            }
            _ => Ok(()),
        }
    }

    fn rule_statement(&self, statement: &Statement) -> Result<(), String> {
        need(!statement.key.is_empty(), "a fact has a name")?;
        need(
            !statement.value.trim().is_empty() || statement.apart.is_some(),
            "a fact without a value is missing, not recorded",
        )?;
        need(
            statement.standing == Standing::Suspicion || !statement.evidence.is_empty(),
            "without evidence it is a suspicion, neither a fact nor an inference",
        )?;
        need(
            statement.standing != Standing::Inference
                || !statement.note.trim().is_empty()
                || statement.apart.is_some(),
            "an inference names the step that leads to it from the evidence",
        )?;
        statement.apart.iter().try_for_each(|id| self.apart(id))?;
        statement.evidence.iter().try_for_each(|id| self.known(id))
    }
}
