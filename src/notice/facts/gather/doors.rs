//! Facts of the ways in.

use std::collections::BTreeMap;

use super::{Facts, Said, Saying, Standing};
use crate::case::state::DoorRecord;
use crate::door::DoorState;
use crate::id::EvidenceId;
use crate::notice::facts::Each;

/// What shows the state of a door: its last probe, or what it was found in when a probe showed
/// nothing.
fn shows(record: &DoorRecord) -> Vec<EvidenceId> {
    match &record.probe {
        Some(probe) if !probe.evidence.is_empty() => probe.evidence.clone(),
        _ => vec![record.door.evidence.clone()],
    }
}

const fn words(state: DoorState) -> &'static str {
    match state {
        DoorState::Open => "doors.open",
        DoorState::Closing => "doors.closing",
        DoorState::Closed => "doors.closed",
        DoorState::Unknown => "doors.unknown",
    }
}

impl Saying<'_> {
    pub(super) fn doors(&self, facts: &mut Facts) {
        let counts = self.state.door_counts();
        let count = |door| counts.get(&door).copied().unwrap_or_default();
        let total = self.state.doors.len();
        let all: Vec<EvidenceId> = self.state.doors.values().flat_map(shows).collect();
        if total > 0 {
            let contained = if count(DoorState::Closed) == total {
                "doors.contained.yes"
            } else {
                "doors.contained.no"
            };
            let contained = vec![Said::words(contained)];
            facts.put("doors.contained", contained, all.clone(), Standing::Fact);
            let args = vec![
                ("total", total.into()),
                ("closed", count(DoorState::Closed).into()),
                ("open", count(DoorState::Open).into()),
                ("closing", count(DoorState::Closing).into()),
                ("unknown", count(DoorState::Unknown).into()),
            ];
            let summary = vec![Said::Phrase("doors.summary", args)];
            facts.put("doors.summary", summary, all, Standing::Fact);
        }
        facts.put_each("doors.unproven", self.unproven(), Standing::Fact);
        facts.put_each("inventory.blind", self.blind(), Standing::Fact);
        let started = self.state.closing_began.map(|at| self.at(at));
        let touched = self.state.doors.values().filter(|record| record.touched);
        facts.put(
            "containment.started",
            started.into_iter().collect(),
            touched.flat_map(shows),
            Standing::Fact,
        );
    }

    fn unproven(&self) -> Each {
        let mut groups: BTreeMap<(DoorState, &str, String), Vec<&DoorRecord>> = BTreeMap::new();
        let records = self.state.doors.values();
        for record in records.filter(|record| record.state != DoorState::Closed) {
            let group = (
                record.state,
                record.door.kind.as_str(),
                self.state.why(record),
            );
            groups.entry(group).or_default().push(record);
        }
        let lines = groups.into_iter().map(|((door, kind, why), records)| {
            let mut labels: Vec<&str> = records.iter().map(|r| r.door.label.as_str()).collect();
            labels.sort_unstable();
            let args = vec![
                ("kind", kind.into()),
                ("labels", labels.join(", ").into()),
                ("why", why.into()),
            ];
            let line = Said::Phrase(words(door), args);
            (line, records.into_iter().flat_map(shows).collect())
        });
        lines.collect()
    }

    /// What the lists of ways in could not show.
    fn blind(&self) -> Each {
        let mut all = Vec::new();
        for (account, lists, blind) in &self.state.inventories {
            let doors = self.state.doors.values().map(|record| &record.door);
            let shown: Vec<EvidenceId> = doors
                .filter(|door| door.provider == account.provider)
                .map(|door| door.evidence.clone())
                .take(1)
                .collect();
            for list in lists {
                for gap in &list.gaps {
                    let args = vec![
                        ("what", list.what.as_str().into()),
                        ("gap", gap.as_str().into()),
                    ];
                    all.push((Said::Phrase("inventory.gap", args), shown.clone()));
                }
            }
            for line in blind {
                let args = vec![("line", line.as_str().into())];
                all.push((Said::Phrase("inventory.blind", args), shown.clone()));
            }
        }
        all
    }
}
