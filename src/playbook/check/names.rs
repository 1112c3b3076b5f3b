//! Names: ids, needs, doors, trails, notices and roles.

use std::collections::BTreeMap;

use super::Check;
use crate::playbook::catalogue::TRAIL_WORDS;
use crate::playbook::problem::advice;
use crate::playbook::{Close, Kind, Problem, Step, selects, selects_trail};

impl Check<'_> {
    pub(super) fn names(&mut self) {
        for step in &self.playbook.steps {
            self.needs(step);
            match &step.kind {
                Kind::Snapshot(snapshot) => {
                    for (index, selector) in snapshot.trails.iter().enumerate() {
                        self.trail(step, index, selector);
                    }
                }
                Kind::Gate(gate) => {
                    for (index, role) in gate.roles.iter().enumerate() {
                        if !self.catalogue.roles.contains(role) {
                            let known: Vec<&str> =
                                self.catalogue.roles.iter().map(String::as_str).collect();
                            let span = self.span(step, &format!("/gate/roles/{index}"));
                            self.push(
                                Problem::error(
                                    "unknown-role",
                                    format!("There is no role `{role}`."),
                                )
                                .label(span, "nobody can have this role")
                                .help(advice(role, known)),
                            );
                        }
                    }
                }
                Kind::Close(close) => self.doors(step, close),
                Kind::Draft(notices) => {
                    for (index, notice) in notices.iter().enumerate() {
                        if !self.catalogue.notices.contains(notice) {
                            let known: Vec<&str> =
                                self.catalogue.notices.iter().map(String::as_str).collect();
                            let span = self.span(step, &format!("/draft/{index}"));
                            self.push(
                                Problem::error(
                                    "unknown-notice",
                                    format!("There is no notice `{notice}`."),
                                )
                                .label(span, "no such template")
                                .help(advice(notice, known)),
                            );
                        }
                    }
                }
                Kind::Verify(_) | Kind::Wait(_) => {}
            }
        }
        self.taken_twice();
    }

    fn needs(&mut self, step: &Step) {
        for (index, need) in step.needs.iter().enumerate() {
            if self.playbook.step(need).is_some() || self.is_broken(need) {
                continue;
            }
            let others: Vec<&str> = self
                .playbook
                .steps
                .iter()
                .map(|s| s.id.as_str())
                .filter(|id| *id != step.id)
                .collect();
            let span = self.span(step, &format!("/needs/{index}"));
            self.push(
                Problem::error(
                    "unknown-step",
                    format!("Step `{}` needs `{need}`, which does not exist.", step.id),
                )
                .label(span, "no such step")
                .help(advice(need, others)),
            );
        }
    }

    /// The provider of a selector; says so when there is none.
    fn provider(&mut self, step: &Step, path: &str, selector: &str, also: &[&'static str]) -> bool {
        let name = selector.split('.').next().unwrap_or_default();
        if self.catalogue.provider(name).is_some() {
            return true;
        }
        let mut known: Vec<&str> = also.to_vec();
        known.extend(self.catalogue.providers.iter().map(|spec| spec.name));
        let span = self.span(step, path);
        self.push(
            Problem::error(
                "unknown-provider",
                format!("There is no provider `{name}`."),
            )
            .label(span, "no such provider")
            .help(advice(name, known)),
        );
        false
    }

    fn trail(&mut self, step: &Step, index: usize, selector: &str) {
        let path = format!("/snapshot/trails/{index}");
        if TRAIL_WORDS.contains(&selector)
            || self
                .catalogue
                .trails()
                .any(|(_, trail)| selects_trail(selector, trail))
            || !self.provider(step, &path, selector, &TRAIL_WORDS)
        {
            return;
        }
        let span = self.span(step, &path);
        let known: Vec<&str> = self
            .catalogue
            .trails()
            .map(|(_, trail)| trail.name)
            .collect();
        self.push(
            Problem::error("unknown-trail", format!("There is no trail `{selector}`."))
                .label(span, "selects no trail")
                .help(advice(selector, known)),
        );
    }

    fn doors(&mut self, step: &Step, close: &Close) {
        let mut known_selectors = true;
        for (index, selector) in close.doors.iter().enumerate() {
            known_selectors &= self.door(step, close, index, selector);
        }
        if known_selectors && self.taken(close).is_empty() {
            let classes: Vec<&str> = close.classes.iter().map(|class| class.word()).collect();
            let span = self.span(step, "/close/classes");
            self.push(
                Problem::error(
                    "selects-nothing",
                    format!("Step `{}` can never close anything.", step.id),
                )
                .label(
                    span,
                    format!(
                        "no kind of door that is selected is {}",
                        classes.join(" or ")
                    ),
                )
                .help("name other doors or other classes"),
            );
        }
    }

    /// Whether the selector means something.
    fn door(&mut self, step: &Step, close: &Close, index: usize, selector: &str) -> bool {
        let path = format!("/close/doors/{index}");
        let span = self.span(step, &path);
        let kinds: Vec<_> = self
            .catalogue
            .kinds()
            .filter(|kind| selects(selector, kind.name))
            .collect();
        if kinds.is_empty() {
            if selector != "all" && self.provider(step, &path, selector, &["all"]) {
                let known: Vec<&str> = self.catalogue.kinds().map(|kind| kind.name).collect();
                self.push(
                    Problem::error(
                        "unknown-door",
                        format!("There is no kind of door `{selector}`."),
                    )
                    .label(span, "selects no door")
                    .help(advice(selector, known)),
                );
            }
            return false;
        }
        for kind in kinds {
            let named = kind.name == selector;
            let taken = close.classes.contains(&kind.class);
            if named && !taken {
                let class = kind.class.word();
                let classes = self.span(step, "/close/classes");
                self.push(
                    Problem::error(
                        "class-contradiction",
                        format!(
                            "Closing `{selector}` is {class}, and step `{}` does not take that.",
                            step.id
                        ),
                    )
                    .label(span, format!("its close is {class}"))
                    .label(classes, "these are taken")
                    .help(format!(
                        "add `{class}` to the classes, or leave the door out"
                    )),
                );
                return false;
            }
            if named && kind.close.is_none() {
                self.push(
                    Problem::warning("by-hand", format!("Only a person can close `{selector}`; the plan will list it as left open."))
                        .label(span, "closed by hand"),
                );
            }
            if taken
                && kind.close.is_some()
                && kind.class == crate::door::Class::Reversible
                && kind.undo.is_none()
            {
                self.push(
                    Problem::error("no-inverse", format!("`{}` says that its close is reversible and has no call that restores it.", kind.name))
                        .label(span, "selects a close without a way back")
                        .help("the fault is the provider's: leave this door out until it is mended"),
                );
            }
        }
        true
    }

    fn taken_twice(&mut self) {
        let mut seen: BTreeMap<&str, &Step> = BTreeMap::new();
        for (step, close) in self.closes() {
            let twice: Vec<_> = self
                .taken(close)
                .into_iter()
                .filter_map(|kind| Some((kind.name, *seen.get(kind.name)?)))
                .collect();
            if let Some((name, first)) = twice.first() {
                let more = twice.len() - 1;
                let more = if more == 0 {
                    String::new()
                } else {
                    format!(" and {more} more")
                };
                let (here, there) = (
                    self.span(step, "/close/doors"),
                    self.span(first, "/close/doors"),
                );
                self.push(
                    Problem::warning(
                        "taken-twice",
                        format!(
                            "Steps `{}` and `{}` both take `{name}`{more}; the first closes them.",
                            first.id, step.id
                        ),
                    )
                    .label(here, "these doors are closed before")
                    .label(there, "here"),
                );
            }
            for kind in self.taken(close) {
                seen.entry(kind.name).or_insert(step);
            }
        }
    }
}
