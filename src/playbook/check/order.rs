//! Order: rings, steps that never start, what a provider forbids, what a close must not wait for.

use std::collections::{BTreeMap, BTreeSet};

use super::Check;
use crate::playbook::{Kind, Problem, Step, is_perishable, selects_trail};

impl Check<'_> {
    pub(super) fn order(&mut self) {
        self.rings();
        self.provider_order();
        let closes = self.closes();
        let trails = self
            .playbook
            .steps
            .iter()
            .any(|step| matches!(step.kind, Kind::Snapshot(_)));
        if let (Some((step, _)), false) = (
            closes.first(),
            trails || !self.playbook.source.broken.is_empty(),
        ) {
            let span = self.playbook.key_span(step, "close");
            self.push(
                Problem::warning("no-snapshot", "This playbook closes doors and saves no trail.")
                    .label(span, "some trails are gone after this")
                    .help("add a step with `snapshot: { trails: [perishable] }` and let the close need it"),
            );
        }
        for (step, _) in closes {
            self.deep_trails(step);
        }
        for step in &self.playbook.steps {
            let touched = self.flow.before(&step.id).any(|id| {
                self.is_broken(id)
                    || self
                        .playbook
                        .step(id)
                        .is_some_and(|step| matches!(step.kind, Kind::Close(_)))
            });
            if matches!(step.kind, Kind::Verify(_)) && !touched {
                let span = self.playbook.key_span(step, "verify");
                self.push(
                    Problem::warning(
                        "verify-before-close",
                        format!("Step `{}` looks before anything is closed.", step.id),
                    )
                    .label(span, "nothing was touched by then")
                    .help("let it need the step that closes"),
                );
            }
        }
    }

    fn rings(&mut self) {
        let rings = self.flow.rings.clone();
        for ring in &rings {
            let words = ring
                .iter()
                .map(|id| format!("`{id}`"))
                .collect::<Vec<_>>()
                .join(" needs ");
            let first = ring.first().copied().unwrap_or_default();
            let mut problem = Problem::error(
                "cycle",
                format!("These steps wait for each other: {words} needs `{first}`."),
            )
            .help("drop one of these needs");
            for (id, next) in ring.iter().zip(ring.iter().cycle().skip(1)) {
                let Some(step) = self.playbook.step(id) else {
                    continue;
                };
                let Some(at) = step.needs.iter().position(|need| need == next) else {
                    continue;
                };
                problem = problem.label(
                    self.span(step, &format!("/needs/{at}")),
                    format!("`{id}` waits for `{next}`"),
                );
            }
            self.push(problem);
        }
        for id in self.flow.unreachable.clone() {
            let Some(step) = self.playbook.step(id) else {
                continue;
            };
            let span = self.id_span(step);
            self.push(
                Problem::error("unreachable", format!("Step `{id}` can never start."))
                    .label(span, "waits for steps that wait for each other"),
            );
        }
    }

    /// A kind that has to be closed after another is not in a step before that one's.
    fn provider_order(&mut self) {
        let closes = self.closes();
        let mut closed_by: BTreeMap<&str, &Step> = BTreeMap::new();
        for (step, close) in &closes {
            for kind in self.taken(close) {
                closed_by.entry(kind.name).or_insert(step);
            }
        }
        let mut told = BTreeSet::new();
        for (step, close) in &closes {
            for kind in self.taken(close) {
                for first in kind.after {
                    let Some(other) = closed_by.get(first) else {
                        continue;
                    };
                    let ours = closed_by.get(kind.name).is_some_and(|by| by.id == step.id);
                    if !ours
                        || !self.flow.precedes(&step.id, &other.id)
                        || self.flow.precedes(&other.id, &step.id)
                        || !told.insert((kind.name, *first))
                    {
                        continue;
                    }
                    let (here, there) = (
                        self.span(step, "/close/doors"),
                        self.span(other, "/close/doors"),
                    );
                    self.push(
                        Problem::error(
                            "order-forbidden",
                            format!("`{}` has to be closed after `{first}`, but step `{}` comes before step `{}`.", kind.name, step.id, other.id),
                        )
                        .label(here, format!("closes `{}`", kind.name))
                        .label(there, format!("closes `{first}`, later"))
                        .help("turn the order of the steps around, or let neither wait for the other: the plan then keeps the provider's order door by door"),
                    );
                }
            }
        }
    }

    fn deep_trails(&mut self, close: &Step) {
        let ids: Vec<&str> = self.flow.before(&close.id).collect();
        for id in ids {
            let Some(step) = self.playbook.step(id) else {
                continue;
            };
            let Kind::Snapshot(snapshot) = &step.kind else {
                continue;
            };
            let deep = self.catalogue.trails().find(|(_, trail)| {
                !is_perishable(trail)
                    && snapshot
                        .trails
                        .iter()
                        .any(|selector| selects_trail(selector, trail))
            });
            if let Some((_, trail)) = deep {
                let (here, there) = (
                    self.playbook.key_span(close, "needs"),
                    self.span(step, "/snapshot/trails"),
                );
                self.push(
                    Problem::warning("waits-for-deep-trail", format!("Step `{}` closes doors only after `{}` was read, which can take hours.", close.id, trail.name))
                        .label(here, "waits")
                        .label(there, "trails that stay")
                        .help("let the close need perishable trails only, and read the others beside it"),
                );
            }
        }
    }
}
