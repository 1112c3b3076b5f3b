//! The record of each case, held against its hashes once a day: a disk that loses bytes is told of while
//! there are copies, and not when the record is needed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use tokio::sync::watch;

use crate::app::App;
use crate::app::alert::{Alerts, Kind};
use crate::case::event::Actor;
use crate::evidence::verify;
use crate::fault::{Kind as Ended, Result};
use crate::id::CaseId;
use crate::time::Timestamp;

/// How old a check may be before the next.
const FRESH: SignedDuration = SignedDuration::from_hours(24);

/// How long after the start the first is made, and the shortest pause between two.
const FIRST: Duration = Duration::from_mins(10);
const PAUSE: Duration = Duration::from_secs(5);

/// After a check it rests so many times as long as it took: the disk is there for the work on cases.
const REST: u32 = 9;

/// Checks the cases one after the other.
#[derive(Debug)]
pub struct Scrub {
    app: Arc<App>,
    alerts: Arc<Alerts>,
    /// When each case was checked, since the start.
    checked: Mutex<BTreeMap<CaseId, Timestamp>>,
}

impl Scrub {
    /// Nothing is checked before the first turn.
    pub fn new(app: Arc<App>, alerts: Arc<Alerts>) -> Self {
        Self {
            app,
            alerts,
            checked: Mutex::default(),
        }
    }

    /// Checks until told to stop.
    pub async fn work(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut pause = FIRST;
        while !*stop.borrow() {
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            let this = Arc::clone(&self);
            let began = Instant::now();
            if let Ok(Err(fault)) = tokio::task::spawn_blocking(move || this.turn()).await {
                tracing::error!(code = fault.code(), "the cases cannot be checked");
            }
            pause = (began.elapsed() * REST).max(PAUSE);
        }
    }

    /// Checks the case whose last check is the oldest, if one is due; tells whether one was. Waits for the
    /// disk.
    ///
    /// # Errors
    /// The folder of the cases cannot be read.
    pub fn turn(&self) -> Result<bool> {
        let now = self.app.clock.now();
        let ids = self.app.ids()?;
        let case = {
            let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
            checked.retain(|id, _| ids.binary_search(id).is_ok());
            let last = |id: &CaseId| checked.get(id).copied();
            let due = |id: &&CaseId| last(id).is_none_or(|at| now.duration_since(at) >= FRESH);
            let Some(case) = ids.iter().filter(due).min_by_key(|id| last(id)).cloned() else {
                return Ok(false);
            };
            checked.insert(case.clone(), now);
            case
        };
        if let Err(fault) = self.check(&case) {
            self.again_soon(&case, now);
            // Somebody else works on it, or what is kept cannot be read.
            if fault.kind() != Ended::Owned {
                tracing::error!(%case, code = fault.code(), "a case cannot be checked");
                let detail =
                    "the daily check could not read the record; see cordon evidence verify";
                (self.alerts).raise(Kind::EvidenceFailed, Some(&case), detail)?;
            }
        }
        Ok(true)
    }

    /// A case that could not be checked is looked at again before a day has passed.
    fn again_soon(&self, case: &CaseId, now: Timestamp) {
        let early = SignedDuration::from_hours(1) - FRESH;
        let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        checked.insert(case.clone(), now.saturating_add(early).unwrap_or(now));
    }

    fn check(&self, case: &CaseId) -> Result<()> {
        let desk = self.app.desk_by(case.as_str(), Actor::Engine)?;
        let before = desk.log.store().head();
        let report = verify::store(&desk.log)?;
        if report.issues.is_empty() {
            tracing::info!(%case, evidence = report.evidence, "the record holds");
            return Ok(());
        }
        if desk.log.store().head() != before {
            // It grew meanwhile, so that its copies were read at two lengths: its turn comes again.
            let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
            checked.remove(case);
            return Ok(());
        }
        let count = report.issue_count;
        tracing::error!(%case, count, "the record does not verify");
        let detail = format!("{count} findings of the daily check; see cordon evidence verify");
        self.alerts.raise(Kind::EvidenceFailed, Some(case), &detail)
    }
}
