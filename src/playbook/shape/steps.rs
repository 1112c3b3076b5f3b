//! What the schema cannot say of steps: one kind each, one id each.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Walk;
use crate::playbook::plain;
use crate::playbook::problem::{Problem, Span, advice, nearest};
use crate::playbook::text::KINDS;

impl Walk<'_> {
    /// Exactly one of the kinds; a stranger in the place of the kind is probably a misspelt one.
    pub(super) fn one_kind(
        &mut self,
        map: &Map<String, Value>,
        strangers: &mut Vec<&str>,
        path: &str,
    ) -> bool {
        let given: Vec<&str> = KINDS
            .into_iter()
            .filter(|kind| map.contains_key(*kind))
            .collect();
        match given.as_slice() {
            [_] => true,
            [] => {
                let meant = strangers
                    .iter()
                    .position(|stranger| nearest(stranger, KINDS).is_some())
                    .or_else(|| (strangers.len() == 1).then_some(0));
                let problem = match meant.map(|index| strangers.remove(index)) {
                    Some(stranger) => Problem::error(
                        "unknown-step-kind",
                        format!("There is no kind of step called `{}`.", plain(stranger, 60)),
                    )
                    .label(self.key(path, stranger), "unknown kind of step")
                    .help(advice(stranger, KINDS)),
                    None => Problem::error(
                        "no-step-kind",
                        format!("{} does nothing.", self.called(path)),
                    )
                    .label(self.head(path), "what does it do?")
                    .help(format!("give it exactly one of {}", KINDS.join(", "))),
                };
                self.problems.push(problem);
                false
            }
            several => {
                let mut problem = Problem::error(
                    "two-step-kinds",
                    format!(
                        "{} does several things: {}.",
                        self.called(path),
                        several.join(", ")
                    ),
                )
                .help("make a step of each, and say with `needs` which comes first");
                for kind in several {
                    problem = problem.label(self.key(path, kind), "one kind");
                }
                self.problems.push(problem);
                false
            }
        }
    }

    /// Two steps with one id, readable or not.
    pub(super) fn duplicate_ids(&mut self, steps: usize) {
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        for at in 0..steps {
            let path = format!("/steps/{at}/id");
            let Some(id) = self.tree.value.pointer(&path).and_then(Value::as_str) else {
                continue;
            };
            let span = self.span(&path);
            let Some(first) = seen.get(id) else {
                seen.insert(id, span);
                continue;
            };
            self.problems.push(
                Problem::error(
                    "duplicate-id",
                    format!("Two steps are called `{}`.", plain(id, 60)),
                )
                .label(span, "again")
                .label(*first, "first")
                .help("an approval names a step by its id: give each its own"),
            );
        }
    }

    /// A step that cannot be used: its id and needs, as far as they can be read.
    pub(super) fn broken(&self, at: usize) -> Option<(String, Vec<String>)> {
        let step = self.tree.value.pointer(&format!("/steps/{at}"))?;
        let id = step.get("id")?.as_str()?.to_owned();
        let needs = step.get("needs").and_then(Value::as_array);
        let needs = needs.into_iter().flatten().filter_map(Value::as_str);
        Some((id, needs.map(str::to_owned).collect()))
    }
}
