//! Facts of the clocks, and the decisions that wait.

use super::{Facts, Said, Saying, Standing};
use crate::clock::Shown;
use crate::door::DoorState;
use crate::id::EvidenceId;
use crate::notice::facts::{Due, Value};

impl Saying<'_> {
    pub(super) fn clocks(&self, facts: &mut Facts) {
        let mut clocks = crate::clock::list(self.state, self.now);
        // A paper for the board or for staff would tell of what nobody may be told of.
        clocks.retain(|clock| !clock.is_confidential());
        let running = || clocks.iter().filter(|clock| clock.is_open());
        let next = running().take(3).map(|clock| {
            let key = match clock.start_is {
                "earliest" => "clock.earliest",
                _ => "clock.chosen",
            };
            let args = vec![
                ("title", clock.title.as_str().into()),
                ("due", self.at(clock.due)),
            ];
            Said::Phrase(key, args)
        });
        let mut rests_on: Vec<EvidenceId> = running()
            .take(3)
            .flat_map(|clock| self.rests_on(clock))
            .collect();
        rests_on.sort();
        rests_on.dedup();
        facts.put("clocks.next", next.collect(), rests_on, Standing::Fact);
        facts.clocks = running()
            .map(|clock| Due {
                rule: clock.rule.clone(),
                at: clock.due,
                value: Value {
                    said: self.at(clock.due),
                    evidence: self.rests_on(clock),
                },
            })
            .collect();
        self.decisions(facts, &clocks);
    }

    /// What the start of a clock rests on, and what the case was opened on.
    fn rests_on(&self, clock: &Shown) -> Vec<EvidenceId> {
        let record = self.state.clocks.get(&clock.id);
        let evidence = record.map(|record| record.start.evidence.clone());
        let mut all: Vec<EvidenceId> = evidence.into_iter().flatten().collect();
        all.extend(self.opening.iter().cloned());
        all.sort();
        all.dedup();
        all
    }

    fn decisions(&self, facts: &mut Facts, clocks: &[Shown]) {
        let gates = (self.state.gates.iter())
            .filter(|(_, gate)| !gate.passed && gate.denied.is_none())
            .map(|(step, gate)| {
                let args = vec![
                    ("step", step.clone().into()),
                    ("given", self.state.approvals_standing(gate).into()),
                    ("people", gate.people.to_string().into()),
                    ("expires", self.at(gate.expires)),
                ];
                Said::Phrase("decision.gate", args)
            });
        let open = self.state.doors.values();
        let open = open
            .filter(|record| record.state == DoorState::Open)
            .count();
        let doors =
            (open > 0).then(|| Said::Phrase("decision.doors", vec![("count", open.into())]));
        // What a trail or a demand starts needs nobody to confirm it.
        let starts = clocks
            .iter()
            .filter(|c| c.start_is == "earliest" && c.is_open())
            .filter(|c| !c.rule.starts_with("trail.") && c.rule != "contact.demand")
            .map(|c| {
                let title = vec![("title", c.title.as_str().into())];
                Said::Phrase("decision.clock", title)
            });
        facts.put(
            "decisions.open",
            gates.chain(doors).chain(starts).take(6).collect(),
            self.opening.to_vec(),
            Standing::Fact,
        );
    }
}
