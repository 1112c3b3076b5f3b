//! Gates: nothing is closed without people, and what cannot be undone has a gate of its own.

use super::Check;
use crate::door::Class;
use crate::playbook::{Close, Gate, Kind, Problem, Step};

impl<'a> Check<'a> {
    pub(super) fn gates(&mut self) {
        let mut alone: Vec<&Step> = Vec::new();
        for (step, close) in self.closes() {
            self.behind_a_gate(step);
            let gate = self.one_person(step, close);
            alone.extend(gate.filter(|gate| alone.iter().all(|one| one.id != gate.id)));
            if close.classes.contains(&Class::Irreversible) {
                self.irreversible(step, close);
            }
        }
        for gate in alone {
            self.too_few_people(gate);
        }
        for step in &self.playbook.steps {
            let guards = self
                .playbook
                .steps
                .iter()
                .any(|other| self.flow.precedes(&step.id, &other.id));
            if matches!(step.kind, Kind::Gate(_))
                && !guards
                && self.playbook.source.broken.is_empty()
            {
                let span = self.id_span(step);
                self.push(
                    Problem::warning("gate-guards-nothing", format!("Nothing waits for gate `{}`.", step.id))
                        .label(span, "no step needs it")
                        .help("people who approve nothing learn to approve anything: remove it, or let a step need it"),
                );
            }
        }
    }

    /// The gate of that id.
    fn gate(&self, id: &str) -> Option<(&'a Step, &'a Gate)> {
        let step = self.playbook.step(id)?;
        match &step.kind {
            Kind::Gate(gate) => Some((step, gate)),
            _ => None,
        }
    }

    fn behind_a_gate(&mut self, step: &Step) {
        let guarded = self
            .flow
            .before(&step.id)
            .any(|id| self.gate(id).is_some() || self.is_broken(id));
        if guarded || self.is_ratified(step) {
            return;
        }
        let gates: Vec<&str> = self
            .playbook
            .steps
            .iter()
            .map(|step| step.id.as_str())
            .filter(|id| self.gate(id).is_some())
            .collect();
        let help = match gates.first() {
            Some(gate) => format!("let it need a gate: `needs: [{gate}]`"),
            None => "add a gate, such as `gate: { roles: [incident_lead, legal], people: 2, expires: 4h }`, and need it".to_owned(),
        };
        let span = self.playbook.key_span(step, "close");
        self.push(
            Problem::error(
                "close-without-gate",
                format!("Step `{}` closes doors without asking anyone.", step.id),
            )
            .label(span, "no gate before this")
            .help(help),
        );
    }

    /// Whether a step closes only what undo restores, and a gate directly behind it asks people to
    /// ratify that. Who may carry such a playbook out is not a matter of the playbook.
    fn is_ratified(&self, step: &Step) -> bool {
        let Kind::Close(close) = &step.kind else {
            return false;
        };
        let mut classes = close.classes.iter();
        classes.all(|class| *class == Class::Reversible)
            && self
                .playbook
                .steps
                .iter()
                .any(|other| matches!(other.kind, Kind::Gate(_)) && other.needs.contains(&step.id))
    }

    /// The last of the gates that a closing rests on, where none of them asks two people: those before it,
    /// those of its own where it is for good, and those that ratify it.
    fn one_person(&self, step: &Step, close: &Close) -> Option<&'a Step> {
        let for_good = close.classes.contains(&Class::Irreversible);
        let steps = self.playbook.steps.iter();
        let gates = steps.filter_map(|one| self.gate(&one.id));
        let gates = gates.filter(|(gate, _)| {
            let before = if for_good {
                step.needs.contains(&gate.id)
            } else {
                self.flow.precedes(&gate.id, &step.id)
            };
            before || (gate.needs.contains(&step.id) && self.is_ratified(step))
        });
        let gates: Vec<(&Step, &Gate)> = gates.collect();
        let alone = gates.iter().all(|(_, gate)| gate.people < 2);
        gates.last().map(|(gate, _)| *gate).filter(|_| alone)
    }

    fn too_few_people(&mut self, gate: &'a Step) {
        let span = self.span(gate, "/gate/people");
        let what = format!("Gate `{}` closes on the word of one person.", gate.id);
        self.push(
            Problem::error("too-few-people", what)
                .label(span, "at least two")
                .help("write `people: 2`"),
        );
    }

    fn irreversible(&mut self, step: &'a Step, close: &Close) {
        if close
            .classes
            .iter()
            .any(|class| *class != Class::Irreversible)
        {
            let span = self.span(step, "/close/classes");
            self.push(
                Problem::error("irreversible-mixed", format!("Step `{}` closes for good what it closes beside doors that have a way back.", step.id))
                    .label(span, "irreversible together with others")
                    .help("make a step of its own for `classes: [irreversible]`, behind a gate of its own"),
            );
            return;
        }
        if step.needs.iter().any(|need| self.is_broken(need)) {
            return;
        }
        let gates: Vec<_> = step
            .needs
            .iter()
            .filter_map(|need| self.gate(need))
            .collect();
        if gates.is_empty() {
            let span = self.playbook.key_span(step, "needs");
            self.push(
                Problem::error(
                    "irreversible-without-gate",
                    format!(
                        "Step `{}` cannot be undone and needs no gate of its own.",
                        step.id
                    ),
                )
                .label(span, "no gate among these")
                .help("put a gate directly before it that nothing else needs"),
            );
            return;
        }
        let shared: Vec<_> = gates
            .iter()
            .filter_map(|(gate, _)| Some((*gate, self.other_behind(gate, step)?)))
            .collect();
        if let (Some((gate, other)), true) = (shared.first(), shared.len() == gates.len()) {
            let (here, there) = (
                self.playbook.key_span(step, "close"),
                self.playbook.key_span(other, "needs"),
            );
            self.push(
                Problem::error("gate-shared", format!("Gate `{}` lets through step `{}`, which cannot be undone, and also step `{}`.", gate.id, step.id, other.id))
                    .label(here, "cannot be undone")
                    .label(there, "let through by the same approval")
                    .help("one approval for what cannot be undone, and one for the rest: give each its own gate"),
            );
        }
    }

    /// A step that the approval of `gate` lets through beside `step`.
    fn other_behind(&self, gate: &Step, step: &Step) -> Option<&'a Step> {
        self.playbook.steps.iter().find(|other| {
            let direct = other.needs.contains(&gate.id);
            let closes =
                matches!(other.kind, Kind::Close(_)) && self.flow.precedes(&gate.id, &other.id);
            let own = other
                .needs
                .iter()
                .any(|need| *need != gate.id && self.gate(need).is_some());
            other.id != step.id && (direct || (closes && !own))
        })
    }
}
