//! What a playbook means: names that exist, an order that can be kept, gates that cannot be passed by.

mod gates;
mod names;
mod order;

use super::{Catalogue, Flow, Kind, Period, Playbook, Problem, Problems, Span, Step};
use crate::door::DoorKind;

/// Everything that is wrong with what a playbook means, all at once, in the order of the file.
pub fn check(playbook: &Playbook, catalogue: &Catalogue) -> Problems {
    let mut check = Check {
        playbook,
        catalogue,
        flow: Flow::of(playbook),
        problems: playbook.problems(),
    };
    check.names();
    check.order();
    check.gates();
    for step in &playbook.steps {
        check.periods(step);
    }
    check.problems.sort();
    check.problems
}

struct Check<'a> {
    playbook: &'a Playbook,
    catalogue: &'a Catalogue,
    flow: Flow<'a>,
    problems: Problems,
}

impl<'a> Check<'a> {
    fn push(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    fn span(&self, step: &Step, path: &str) -> Span {
        self.playbook.span(step, path)
    }

    /// Where a step is named.
    fn id_span(&self, step: &Step) -> Span {
        self.playbook.span(step, "/id")
    }

    fn is_broken(&self, id: &str) -> bool {
        self.playbook.source.broken.contains_key(id)
    }

    /// The close steps in the order in which they can start.
    fn closes(&self) -> Vec<(&'a Step, &'a super::Close)> {
        let steps = self.playbook.steps.iter();
        let found = steps.filter_map(|step| match &step.kind {
            Kind::Close(close) => Some((step, close)),
            _ => None,
        });
        let place = |step: &Step| {
            self.flow
                .sorted
                .iter()
                .position(|other| other.id == step.id)
        };
        let mut found: Vec<_> = found.collect();
        found.sort_by_key(|(step, _)| place(step));
        found
    }

    /// The kinds of door that a close step takes, by selector and class.
    fn taken(&self, close: &super::Close) -> Vec<&'static DoorKind> {
        self.catalogue
            .kinds()
            .filter(|kind| close.classes.contains(&kind.class))
            .filter(|kind| {
                close
                    .doors
                    .iter()
                    .any(|selector| super::selects(selector, kind.name))
            })
            .collect()
    }

    /// Every period is longer than nothing, and none makes a run wait for ever.
    fn periods(&mut self, step: &Step) {
        const HOUR: u64 = 3600;
        const DAY: u64 = 24 * HOUR;
        let mut found: Vec<(String, Period, u64)> = Vec::new();
        match &step.kind {
            Kind::Snapshot(snapshot) => {
                found.push(("/snapshot/window".to_owned(), snapshot.window, 3650 * DAY));
            }
            Kind::Gate(gate) => found.push(("/gate/expires".to_owned(), gate.expires, 30 * DAY)),
            Kind::Close(close) => {
                found.push(("/close/prove_within".to_owned(), close.prove_within, DAY));
            }
            Kind::Wait(period) => found.push(("/wait".to_owned(), *period, 30 * DAY)),
            Kind::Verify(verify) => {
                let again = verify.again.iter().enumerate();
                found.extend(
                    again.map(|(index, period)| {
                        (format!("/verify/again/{index}"), *period, 400 * DAY)
                    }),
                );
            }
            Kind::Draft(_) => {}
        }
        if let Some(timeout) = step.timeout {
            found.push(("/timeout".to_owned(), timeout, DAY));
        }
        for (path, period, longest) in found {
            let span = self.span(step, &path);
            let name = path
                .split('/')
                .rfind(|part| part.parse::<usize>().is_err())
                .unwrap_or_default();
            if period.as_seconds() == 0 {
                self.push(
                    Problem::error(
                        "zero-period",
                        format!("`{name}` of step `{}` is no time at all.", step.id),
                    )
                    .label(span, "here")
                    .help("write how long, such as `4h`"),
                );
            } else if period.as_seconds() > longest {
                let longest = Period::seconds(longest).words();
                self.push(
                    Problem::error("forever-wait", format!("`{name}` of step `{}` is {}; at most {longest} make sense.", step.id, period.words()))
                        .label(span, "too long")
                        .help("a run that waits this long is forgotten; look again later with `verify: { again: […] }`"),
                );
            }
        }
    }
}
