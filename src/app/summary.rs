//! Where a case stands: one value, printed by status, handover, run, verify and the drill.

mod decisions;
mod sanctions;
mod text;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

pub use decisions::{AnsweredClock, DecisionLine, GateLine, GateStands, NoticeLine};
pub use sanctions::DeterminationLine;
pub use text::{count_line, doors, due, handover, head, inventory, run, unproven};

use super::desk::Desk;

use crate::case::event::Source;
use crate::case::state::{CaseState, DoorRecord, Hold, MendedRecord, Phase, RunPhase};
use crate::clock::Shown;
use crate::door::DoorState;
use crate::fault::Kind;
use crate::hostile::one_line;
use crate::id::{CaseId, DoorId};
use crate::intake::effective;
use crate::provider::Completeness;
use crate::time::{Timestamp, utc};
use crate::ui;

/// Where a case stands.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Summary {
    /// The case.
    pub case: Option<CaseId>,
    /// Its title. Hostile text.
    pub title: String,
    /// `open`, `held` or `closed`.
    pub phase: Phase,
    /// When the change that the case is about takes effect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective: Option<Timestamp>,
    /// The same as seen from now, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timing: Option<String>,
    /// Whether there is a plan.
    pub planned: bool,
    /// Where the run stands.
    pub run: RunPhase,
    /// How many doors are open, closing, closed, unknown.
    pub doors: BTreeMap<DoorState, usize>,
    /// Every door.
    pub door_list: Vec<DoorLine>,
    /// The accounts that were settled.
    pub accounts: Vec<crate::provider::Account>,
    /// Accounts that a person took back.
    pub withdrawn: Vec<crate::provider::Account>,
    /// How many people are kept out whom the case may be about too.
    pub leads: usize,
    /// What inventories could not see.
    pub blind: Vec<String>,
    /// Every trail that was kept.
    pub trails: Vec<TrailLine>,
    /// How many items of evidence, without `unanswered`.
    pub evidence: usize,
    /// How many calls that no answer came to; each is on record, without bytes.
    pub unanswered: usize,
    /// Damage to the store that was mended.
    pub mended: Vec<MendedRecord>,
    /// Gates that are not settled.
    pub gates: Vec<GateLine>,
    /// Every clock, the next due first.
    pub clocks: Vec<Shown>,
    /// Every draft.
    pub notices: Vec<NoticeLine>,
    /// How many contacts, and how many of them make a demand.
    pub contacts: ContactCount,
    /// The sanctions hold.
    pub sanctions_hold: Option<String>,
    /// The hold with what it covers.
    pub hold: Option<Hold>,
    /// What was determined on it, or is to be.
    pub determinations: Vec<DeterminationLine>,
}

/// One door.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct DoorLine {
    /// Its id.
    pub id: DoorId,
    /// Its kind.
    pub kind: String,
    /// What it is. Hostile text.
    pub label: String,
    /// Whether it still works.
    pub state: DoorState,
    /// Why that is said.
    pub why: String,
    /// When it was read or probed last, where the last inventory of its account failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
    /// Until when what was issued before the close may still work.
    pub residual_until: Option<Timestamp>,
}

/// One trail.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct TrailLine {
    /// The trail.
    pub trail: String,
    /// What was read and what was not.
    pub completeness: Completeness,
}

/// Contacts in numbers.
#[derive(Debug, Clone, Copy, Serialize, schemars::JsonSchema)]
pub struct ContactCount {
    /// All of them.
    pub all: usize,
    /// Those that make a demand.
    pub demands: usize,
}

/// When a change takes effect; how late its case was opened, where it was.
pub fn timing(effective: Timestamp, opened: Option<Timestamp>, now: Timestamp) -> String {
    let late = opened.and_then(|opened| effective::late(effective, opened));
    match late {
        Some(late) => late.replace("the message came", "the case was opened"),
        None => effective::seen_from(effective, now),
    }
}

impl Summary {
    /// The summary of a state at an instant.
    pub fn of(state: &CaseState, now: Timestamp) -> Self {
        let items = state.evidence.values();
        let unanswered = items
            .filter(|item| matches!(item.source, Source::Exchange { status: None, .. }))
            .count();
        let clocks = crate::clock::list(state, now);
        Self {
            case: state.case.clone(),
            title: state.title.clone(),
            phase: state.phase,
            effective: state.effective,
            timing: state.effective.map(|at| timing(at, state.opened, now)),
            planned: state.plan.is_some(),
            run: state.run,
            doors: state.door_counts(),
            door_list: door_list(state),
            accounts: state.accounts.clone(),
            withdrawn: state.withdrawn.clone(),
            leads: state.standing_leads().count(),
            blind: blind(state),
            trails: state
                .trails
                .iter()
                .map(|trail| TrailLine {
                    trail: trail.trail.clone(),
                    completeness: trail.completeness.clone(),
                })
                .collect(),
            evidence: state.evidence.len() - unanswered,
            unanswered,
            mended: state.mended.clone(),
            gates: decisions::gates(state, now),
            notices: decisions::notices(state, &clocks, now),
            clocks,
            contacts: ContactCount {
                all: state.contacts.len(),
                demands: state
                    .contacts
                    .iter()
                    .filter(|contact| contact.demand)
                    .count(),
            },
            sanctions_hold: state.sanctions_hold.clone(),
            hold: state.hold.clone(),
            determinations: sanctions::determinations(state, now),
        }
    }

    /// How many doors are in a state.
    pub fn count(&self, state: DoorState) -> usize {
        self.doors.get(&state).copied().unwrap_or_default()
    }

    /// Exit code 4 unless every door is proven closed. No door at all proves nothing.
    pub fn verdict(&self) -> Option<Kind> {
        let proven =
            !self.door_list.is_empty() && self.count(DoorState::Closed) == self.door_list.len();
        (!proven).then_some(Kind::OpenDoors)
    }
}

impl Desk {
    /// Where the case stands.
    pub fn summary(&self) -> Summary {
        let now = self.now();
        self.log.read(|state| Summary::of(state, now))
    }
}

/// Every door, by kind and label, so that two readings are alike.
fn door_list(state: &CaseState) -> Vec<DoorLine> {
    let mut list: Vec<DoorLine> = state
        .doors
        .values()
        .map(|record| door_line(state, record))
        .collect();
    list.sort_by(|a, b| (&a.kind, &a.label, &a.id).cmp(&(&b.kind, &b.label, &b.id)));
    list
}

fn door_line(state: &CaseState, record: &DoorRecord) -> DoorLine {
    let why = state.why(record);
    DoorLine {
        id: record.door.id.clone(),
        kind: record.door.kind.clone(),
        label: record.door.label.clone(),
        state: record.state,
        why,
        as_of: as_of(state, record),
        residual_until: record.probe.as_ref().and_then(|probe| probe.residual_until),
    }
}

/// When a door that the last inventory did not reach was seen last; `None` when it was reached.
fn as_of(state: &CaseState, record: &DoorRecord) -> Option<Timestamp> {
    let mut failures = state.inventory_failures.iter();
    failures.find(|(account, _)| record.door.is_of(account))?;
    let seen = record.probe.iter().flat_map(|probe| &probe.evidence);
    seen.chain([&record.door.evidence])
        .filter_map(|id| Some(state.evidence.get(id)?.at))
        .max()
}

fn blind(state: &CaseState) -> Vec<String> {
    let mut blind: Vec<String> = state
        .inventories
        .iter()
        .flat_map(|(account, lists, blind)| {
            let gaps = lists.iter().flat_map(|list| {
                list.gaps
                    .iter()
                    .map(move |gap| format!("{}: {gap}", list.what))
            });
            gaps.chain(blind.iter().cloned())
                .map(move |line| format!("{}: {line}", account.provider))
        })
        .chain(
            state
                .inventory_failures
                .iter()
                .map(|(account, why)| format!("{}: the inventory failed: {why}", account.provider)),
        )
        .collect();
    blind.sort();
    blind.dedup();
    blind
}

/// The word for a phase.
pub const fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::None => "not opened",
        Phase::Open => "open",
        Phase::Held => "held: nothing new starts",
        Phase::Closed => "closed",
    }
}

/// Imported files, bundles and archives.
pub fn taken_in(
    imported: &[crate::app::custody::ImportedFile],
    bundled: &[(String, crate::evidence::git::Bundled)],
    archived: Option<&crate::app::archive::Archived>,
) -> String {
    const TOLD: usize = 3;
    let mut text = String::new();
    for one in imported {
        let name = one_line(&one.name, 100);
        text.push_str(&ui::paragraph("", &format!("{name}: {}", one.line())));
        for problem in one.problems.iter().take(TOLD) {
            text.push_str(&ui::paragraph("  not read  ", &one_line(problem, 200)));
        }
        if one.problems.len() > TOLD {
            let more = one.problems.len() - TOLD;
            let _ = writeln!(text, "  and {more} more; --json lists all");
        }
    }
    for (repository, one) in bundled {
        let kept = match &one.bundle {
            Some(bundle) => format!(
                "bundled as {bundle}: {}, {}, verified by git",
                ui::count(usize::try_from(one.refs).unwrap_or(usize::MAX), "ref"),
                ui::count(usize::try_from(one.bytes).unwrap_or(usize::MAX), "byte")
            ),
            None => "nothing to bundle".to_owned(),
        };
        let repository = one_line(repository, 100);
        text.push_str(&ui::paragraph("", &format!("{repository}: {kept}")));
        for gap in &one.gaps {
            text.push_str(&ui::paragraph("  not in it  ", &one_line(gap, 200)));
        }
    }
    if let Some(one) = archived {
        let names = one_line(&one.repositories.join(", "), 200);
        text.push_str(&ui::paragraph("", &format!("{names}: {}", one.line())));
    }
    text
}

/// Trails that were read, with what was read and what was not.
pub fn trails(trails: &[&TrailLine]) -> String {
    let rows = trails.iter().map(|line| {
        let c = &line.completeness;
        [
            line.trail.clone(),
            c.records.to_string(),
            c.pages.to_string(),
            c.first.map(utc).unwrap_or_default(),
            c.last.map(utc).unwrap_or_default(),
            end(c).to_owned(),
        ]
    });
    let mut text = ui::table(["TRAIL", "RECORDS", "PAGES", "FIRST", "LAST", "READ"], rows);
    for line in trails {
        for gap in &line.completeness.gaps {
            let gap = format!("{}: {}", line.trail, one_line(gap, 300));
            text.push_str(&ui::paragraph("gap  ", &gap));
        }
    }
    text
}

/// Whether a trail was read to its end.
pub const fn end(completeness: &Completeness) -> &'static str {
    if completeness.complete {
        "to the end"
    } else {
        "NOT to the end"
    }
}
