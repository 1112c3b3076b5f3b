//! How a page reads a case: its state as the ledger tells it, folded once for everybody who may see it.
//!
//! No store is taken for it, so that a page never stands in the way of a run; what a page needs of kept
//! bytes it asks of `super::shelf`. All of it happens on the threads that may wait for the disk.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use super::Web;
use super::shown::Words;
use super::visit::Visit;
use crate::access::{Ability, Principal, Sight, no_case};
use crate::app::App;
use crate::case::state::CaseState;
use crate::fault::{Fault, Result};
use crate::id::CaseId;
use crate::time::Timestamp;

/// How much of ledgers is kept in memory as states, bytes of ledger.
const KEPT: u64 = 32 * 1024 * 1024;

/// Cases as they were read last; read again when their ledger has grown.
#[derive(Debug, Default)]
pub struct Looks(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    cases: BTreeMap<CaseId, Kept>,
    /// Counts the looks: the smallest was used the longest time ago.
    looks: u64,
}

#[derive(Debug)]
struct Kept {
    extent: (u64, SystemTime),
    state: Arc<CaseState>,
    used: u64,
}

impl Looks {
    /// The state of a case as it is now. Waits for the disk.
    ///
    /// # Errors
    /// There is no such case, or its ledger is damaged.
    pub fn of(&self, app: &App, id: &CaseId) -> Result<Arc<CaseState>> {
        // Before the ledger is read: what is written meanwhile is read the next time.
        let extent = crate::store::extent(&app.case_dir(id))?;
        if let Some(state) = self.kept(id, extent) {
            return Ok(state);
        }
        let state = Arc::new(app.peek(id.as_str())?);
        self.keep(id, extent, Arc::clone(&state));
        Ok(state)
    }

    fn kept(&self, id: &CaseId, extent: (u64, SystemTime)) -> Option<Arc<CaseState>> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.looks += 1;
        let used = inner.looks;
        let kept = inner.cases.get_mut(id)?;
        kept.used = used;
        (kept.extent == extent).then(|| Arc::clone(&kept.state))
    }

    fn keep(&self, id: &CaseId, extent: (u64, SystemTime), state: Arc<CaseState>) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let used = inner.looks;
        let kept = Kept {
            extent,
            state,
            used,
        };
        inner.cases.insert(id.clone(), kept);
        while inner.cases.len() > 1
            && inner.cases.values().map(|one| one.extent.0).sum::<u64>() > KEPT
        {
            let oldest = inner.cases.iter().min_by_key(|(_, one)| one.used);
            let Some(oldest) = oldest.map(|(id, _)| id.clone()) else {
                return;
            };
            inner.cases.remove(&oldest);
        }
    }
}

/// A case under the eyes of somebody who may see it.
#[derive(Debug)]
pub(super) struct Look<'a> {
    pub(super) web: &'a Web,
    pub(super) visit: &'a Visit,
    pub(super) id: &'a CaseId,
    pub(super) state: &'a CaseState,
    pub(super) now: Timestamp,
    /// How times and distances are said.
    pub(super) words: Words<'a>,
}

impl Look<'_> {
    /// Whether the visitor may do this here.
    pub(super) fn may(&self, ability: Ability) -> bool {
        self.visit.principal.may(ability, self.state).is_ok()
    }

    /// The name of the visitor.
    pub(super) fn name(&self) -> &str {
        &self.visit.principal.person.name
    }
}

/// A case in the list of somebody.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) id: CaseId,
    /// Nothing for who may know only that it exists.
    pub(super) content: Option<Arc<CaseState>>,
}

impl Web {
    /// Looks at a case that the visitor may see with `ability`, and makes of it what a page shows.
    ///
    /// # Errors
    /// `no-case` for what they may not know of, in the words for a case that does not exist; `may-not`.
    pub(super) async fn look<T: Send + 'static>(
        self: &Arc<Self>,
        visit: &Visit,
        id: &str,
        ability: Ability,
        make: impl FnOnce(&Look<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (web, visit, id) = (Arc::clone(self), visit.clone(), id.to_owned());
        blocking(move || {
            let id: CaseId = id.parse().map_err(|_| no_case())?;
            let state = web.state(&id)?;
            visit.principal.may(ability, &state)?;
            let now = web.app.clock.now();
            let words = Words::new(&web.app.zone, now);
            make(&Look {
                web: &web,
                visit: &visit,
                id: &id,
                state: &state,
                now,
                words,
            })
        })
        .await
    }

    /// The state of a case. One that cannot be read is answered as one that does not exist: who may
    /// know of it cannot be told.
    pub(super) fn state(&self, id: &CaseId) -> Result<Arc<CaseState>> {
        if !self.app.case_dir(id).is_dir() {
            return Err(no_case());
        }
        self.looks.of(&self.app, id).map_err(|fault| {
            tracing::error!(case = %id, code = fault.code(), "a case cannot be read");
            no_case()
        })
    }

    /// Every case of which somebody may know something, the newest first; and how many cannot be read.
    pub(super) fn seen(&self, principal: &Principal) -> Result<(Vec<Seen>, usize)> {
        let (mut seen, mut unread) = (Vec::new(), 0);
        for id in self.app.ids()?.into_iter().rev() {
            let Ok(state) = self.state(&id) else {
                unread += 1;
                continue;
            };
            let content = match principal.sight(&state) {
                Sight::Nothing => continue,
                Sight::Existence => None,
                Sight::Content => Some(state),
            };
            seen.push(Seen { id, content });
        }
        Ok((seen, unread))
    }
}

/// Work that may wait for the disk, on a thread that may.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| {
            Err(Fault::failed("page", "The page could not be made.").caused_by(error))
        })
}
