//! The cases that this process has open: one log each, however many commands, pages and timers work on it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::watch;

use super::own_place;
use crate::case::log::CaseLog;
use crate::fault::{Fault, Result};
use crate::id::CaseId;
use crate::store::Owner;
use crate::time::Clock;

/// How long a log that is being let go of is waited for, and how often it is looked at.
const CLOSES_WITHIN: Duration = Duration::from_secs(5);
const AGAIN: Duration = Duration::from_millis(5);

/// The place of one case, held while it is opened: a slow one keeps nobody from the others.
type Slot = Arc<Mutex<Weak<CaseLog>>>;

/// The logs that somebody in this process holds.
#[derive(Debug, Default)]
pub(super) struct OpenCases(Mutex<BTreeMap<CaseId, Slot>>);

impl OpenCases {
    /// The log of a case, opened unless it is open.
    ///
    /// # Errors
    /// Another process owns it, it is damaged, or it is another case's.
    pub(super) fn log(
        &self,
        dir: &Path,
        case: &CaseId,
        clock: &Arc<dyn Clock>,
    ) -> Result<Arc<CaseLog>> {
        let slot = self.slot(case);
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(log) = slot.upgrade() {
            return Ok(log);
        }
        let log = Arc::new(take(dir, clock)?);
        own_place(case, log.case())?;
        *slot = Arc::downgrade(&log);
        Ok(log)
    }

    /// Tells when the log of a case grows, while somebody in this process holds it.
    pub(super) fn watch(&self, case: &CaseId) -> Option<watch::Receiver<u64>> {
        let open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = open.get(case)?;
        // One that is just being opened is seen the next time.
        let log = slot.try_lock().ok()?.upgrade()?;
        Some(log.watch())
    }

    fn slot(&self, case: &CaseId) -> Slot {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = open.get(case) {
            return Arc::clone(slot);
        }
        // One that somebody opens right now is theirs too.
        open.retain(|_, slot| {
            Arc::strong_count(slot) > 1 || (slot.try_lock()).is_ok_and(|log| log.strong_count() > 0)
        });
        Arc::clone(open.entry(case.clone()).or_default())
    }
}

/// Opens a log. One that this process is just letting go of is waited for.
fn take(dir: &Path, clock: &Arc<dyn Clock>) -> Result<CaseLog> {
    let since = std::time::Instant::now();
    loop {
        let owned = |fault: &Fault| {
            let ours = Owner::Process(std::process::id());
            fault.code() == "store-owned" && crate::store::owner(dir).is_ok_and(|by| by == ours)
        };
        match CaseLog::open(dir, Arc::clone(clock)) {
            Err(fault) if owned(&fault) && since.elapsed() < CLOSES_WITHIN => {
                std::thread::sleep(AGAIN);
            }
            opened => return opened,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::event::{Actor, Event};
    use crate::time::SystemClock;

    #[tokio::test]
    async fn a_case_that_is_slow_to_open_keeps_nobody_from_another() {
        let folder = tempfile::tempdir().unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let mut cases = Vec::new();
        for name in ["slow", "other"] {
            let (id, dir) = (CaseId::fresh(), folder.path().join(name));
            let first = Event::CaseOpened {
                title: name.to_owned(),
                salt: "00".to_owned(),
                subject: crate::case::subject::Subject::default(),
                route: "test".to_owned(),
                people: Vec::new(),
                recorder: "key".to_owned(),
                protected: Vec::new(),
                effective: None,
                evidence: None,
            };
            let by = Actor::Operator("example".to_owned());
            let log = CaseLog::create(&dir, id.clone(), Arc::clone(&clock), &by, first).await;
            cases.push((id, dir, Some(log.unwrap())));
        }
        let (other, other_dir, log) = cases.pop().unwrap();
        drop(log);
        let (slow, slow_dir, held) = cases.pop().unwrap();
        let open = OpenCases::default();
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| open.log(&slow_dir, &slow, &clock).unwrap());
            while Arc::strong_count(&open.slot(&slow)) < 3 {
                std::thread::sleep(AGAIN);
            }
            let log = open.log(&other_dir, &other, &clock).unwrap();
            assert!(!waits.is_finished());
            assert_eq!(log.case(), &other);
            drop(held);
            let first = waits.join().unwrap();
            // It is one log for all, and a slot that nobody needs goes.
            let again = open.log(&slow_dir, &slow, &clock).unwrap();
            assert!(Arc::ptr_eq(&first, &again));
            drop((first, again));
            open.slot(&CaseId::fresh());
            assert!(!open.0.lock().unwrap().contains_key(&slow));
            assert!(open.0.lock().unwrap().contains_key(&other));
        });
    }
}
