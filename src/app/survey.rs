//! A look over all cases that costs little when nothing has changed: a ledger is read again only when
//! it grew.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use super::App;
use super::due::{self, Due, What};
use crate::case::event::Outcome;
use crate::case::state::{CaseState, Phase};
use crate::door::DoorState;
use crate::fault::{Kind, Result};
use crate::id::CaseId;
use crate::time::Timestamp;

/// What was seen of every case.
#[derive(Debug, Default)]
pub struct Survey {
    cases: BTreeMap<CaseId, Seen>,
}

/// What was seen of a case.
#[derive(Debug)]
pub struct Seen {
    ledger: Option<(u64, SystemTime)>,
    /// What its log tells.
    pub told: Told,
    /// How much it takes on the disk.
    pub bytes: u64,
}

/// What the log of a case tells.
#[derive(Debug)]
pub enum Told {
    /// It was read.
    Read(View),
    /// It was not, for this reason; whether it is one about evidence.
    Unreadable(&'static str, bool),
}

/// A case in numbers and dates, with nothing of a person.
#[derive(Debug)]
pub struct View {
    /// Where it stands.
    pub phase: Phase,
    /// Doors by state.
    pub doors: BTreeMap<DoorState, usize>,
    /// Steps that have ended, by outcome.
    pub steps: BTreeMap<&'static str, usize>,
    /// What only time brings.
    pub due: Vec<Due>,
    /// When the next clock ends, or has ended without a receipt.
    pub deadline: Option<Timestamp>,
}

impl Survey {
    /// Every case that was seen.
    pub const fn cases(&self) -> &BTreeMap<CaseId, Seen> {
        &self.cases
    }

    /// Looks again at cases whose ledger has changed.
    ///
    /// # Errors
    /// The folder of the cases cannot be read.
    pub fn refresh(&mut self, app: &App) -> Result<()> {
        let ids = app.ids()?;
        self.cases.retain(|id, _| ids.binary_search(id).is_ok());
        for id in ids {
            let dir = app.case_dir(&id);
            let about = fs::metadata(dir.join("ledger.jsonl")).ok();
            let ledger = about.and_then(|about| Some((about.len(), about.modified().ok()?)));
            let same = self
                .cases
                .get(&id)
                .is_some_and(|seen| seen.ledger == ledger);
            if same && ledger.is_some() {
                continue;
            }
            let told = match app.peek(id.as_str()) {
                Ok(state) => Told::Read(View::of(&state)),
                Err(fault) => Told::Unreadable(fault.code(), fault.kind() == Kind::Evidence),
            };
            let bytes = size(&dir);
            self.cases.insert(
                id,
                Seen {
                    ledger,
                    told,
                    bytes,
                },
            );
        }
        Ok(())
    }
}

impl View {
    fn of(state: &CaseState) -> Self {
        let mut steps = BTreeMap::new();
        for outcome in state
            .steps
            .values()
            .filter_map(|step| step.outcome.as_ref())
        {
            let name = match outcome {
                Outcome::Done { .. } => "done",
                Outcome::Failed { .. } => "failed",
                Outcome::Unknown { .. } => "unknown",
                Outcome::Skipped { .. } => "skipped",
            };
            *steps.entry(name).or_default() += 1;
        }
        let due = due::of(state);
        let ends = due.iter().filter_map(|due| match due.what {
            What::Clock { due, .. } => Some(due),
            _ => None,
        });
        Self {
            phase: state.phase,
            doors: state.door_counts(),
            steps,
            deadline: ends.min(),
            due,
        }
    }
}

/// The size of everything in a folder; what vanishes meanwhile counts nothing.
pub fn size(dir: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(dir) else {
        return 0;
    };
    let sizes = entries
        .filter_map(std::result::Result::ok)
        .map(|entry| match entry.metadata() {
            Ok(about) if about.is_dir() => size(&entry.path()),
            Ok(about) => about.len(),
            Err(_) => 0,
        });
    sizes.sum()
}
