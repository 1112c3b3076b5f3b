//! What decisions about clocks rest on. When it changes, the decision is to be looked at again: it says
//! what was there before, what is there now, who changed it and when.

use super::CaseState;
use super::check::need;
use crate::case::event::{Entry, Event, Statement};
use crate::hostile::one_line;
use crate::time::{Timestamp, utc};

/// The longest value that is told, characters.
const TOLD: usize = 120;

impl CaseState {
    /// A fact is recorded or taken back: what rested on it is marked. Called before it is taken in.
    pub(super) fn ground_changed(&mut self, entry: &Entry) {
        let (key, now) = match &entry.event {
            Event::FactRecorded(said) => (&said.key, Some(said)),
            Event::FactWithdrawn { key, .. } => (key, None),
            _ => return,
        };
        let known = self.facts.get(key).map(|record| &record.statement);
        let says = |said: &Statement| (said.standing, said.value.clone(), said.apart.clone());
        if known.map(says) == now.map(says) {
            return;
        }
        let told = |said: Option<&Statement>, none: &str| match said {
            None => none.to_owned(),
            Some(said) if said.apart.is_some() => {
                format!("counsel's words as {}", said.standing.word())
            }
            Some(said) => format!(
                "“{}” as {}",
                one_line(&said.value, TOLD),
                said.standing.word()
            ),
        };
        let why = format!(
            "{} changed `{key}` at {}: before {}, now {}",
            entry.by,
            utc(entry.at),
            told(known, "not recorded"),
            told(now, "taken back")
        );
        for record in self.clocks.values_mut() {
            let chosen = record.chosen.as_ref();
            if chosen.is_some_and(|choice| choice.facts.contains(key)) {
                record
                    .reopened
                    .push(format!("the choice of the start rests on this: {why}"));
            }
        }
        for answer in self.answers.values_mut() {
            if answer.facts.contains(key) {
                answer.reopened.push(why.clone());
            }
        }
    }

    /// A start that a person chose and that nothing gives reason for any more counts no longer: the
    /// earliest candidate does, as if nobody had chosen.
    pub(super) fn drop_lost_starts(&mut self, why: &str) {
        let lost: Vec<_> = self
            .clocks
            .iter()
            .filter(|(id, record)| {
                let chosen = record.chosen.as_ref().filter(|_| record.candidate);
                let has = |at: Timestamp| self.starts(id).iter().any(|one| one.at == at);
                chosen.is_some_and(|choice| !has(choice.start))
            })
            .map(|(id, _)| id.clone())
            .collect();
        for id in lost {
            let Some(record) = self.clocks.get_mut(&id) else {
                continue;
            };
            let Some(choice) = record.chosen.take() else {
                continue;
            };
            let (by, reason) = (&choice.by, one_line(&choice.reason, TOLD));
            record.reopened.push(format!(
                "the start {} that {by} chose because “{reason}” is gone, and the earliest candidate counts again: {why}",
                utc(choice.start)
            ));
        }
    }

    /// The facts that an answer to a question of a duty rests on, as its clocks tell.
    pub(super) fn facts_of(&self, obligation: &str, question: &str) -> Vec<String> {
        let rules = self.clocks.values();
        let rules = rules.filter_map(|record| record.start.due.as_deref());
        let asked = rules
            .filter(|rule| rule.obligation == obligation)
            .flat_map(|rule| &rule.questions)
            .filter(|asked| asked.id == question);
        asked.flat_map(|asked| asked.facts.clone()).collect()
    }
}

/// Facts that a person named and those that belong to what was decided, each once.
pub(super) fn together<'a>(
    named: &[String],
    own: impl IntoIterator<Item = &'a str>,
) -> Vec<String> {
    let own = own.into_iter().map(str::to_owned);
    let mut all: Vec<String> = named.iter().cloned().chain(own).collect();
    all.sort();
    all.dedup();
    all
}

/// Whether these can be names of facts.
pub(super) fn named(facts: &[String]) -> Result<(), String> {
    let plain = |key: &String| !key.is_empty() && !key.contains(char::is_whitespace);
    need(
        facts.iter().all(plain),
        "a fact that it rests on has a name",
    )
}
