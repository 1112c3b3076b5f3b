//! Work on cases that goes on while nobody waits for it: what pages and the API begin.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::watch;

use super::Desk;
use crate::fault::{Fault, Kind, Result};
use crate::id::CaseId;
use crate::run::{Options, Quiet};
use crate::time::Timestamp;

/// How long a provider may take over an archive while the case is busy with it; asking again goes on with it.
const PATIENCE: Duration = Duration::from_secs(10);

/// One piece of work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Find accounts and doors.
    Inventory,
    /// Carry the plan out, or go on with it.
    Run {
        /// Gates whose time has run out are opened again.
        reopen_gates: bool,
    },
    /// Probe every door again.
    Verify,
    /// Read trails.
    Snapshot {
        /// How far back, days.
        days: u32,
    },
    /// Mirror a repository, bundle it, let git verify the bundle.
    Mirror {
        /// Its address.
        address: String,
    },
    /// Have a provider make an archive of repositories and keep it; goes on with one that was begun.
    Archive {
        /// Their full names.
        repositories: Vec<String>,
    },
    /// Open doors again; none named means every door that was closed.
    Undo {
        /// The doors.
        doors: Vec<crate::id::DoorId>,
        /// Why.
        reason: String,
    },
}

/// Work that was begun.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Begun {
    /// What.
    pub task: Task,
    /// Who began it.
    pub by: String,
    /// When.
    pub begun: Timestamp,
    /// When it ended; `null` while it goes on.
    pub ended: Option<Timestamp>,
    /// How it ended, one sentence; `null` while it goes on.
    pub end: Option<String>,
}

#[derive(Debug)]
struct One {
    begun: Begun,
    cancel: watch::Sender<bool>,
}

/// The last work on each case since the program started. The case log tells what it did.
#[derive(Debug, Default)]
pub struct Work {
    all: Mutex<BTreeMap<CaseId, One>>,
    stopping: watch::Sender<bool>,
}

impl Work {
    fn hold(&self) -> MutexGuard<'_, BTreeMap<CaseId, One>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last work on a case.
    pub fn on(&self, case: &CaseId) -> Option<Begun> {
        self.hold().get(case).map(|one| one.begun.clone())
    }

    /// How many pieces of work go on.
    pub fn going(&self) -> usize {
        let all = self.hold();
        all.values().filter(|one| one.begun.ended.is_none()).count()
    }

    /// Begins work at a desk; it goes on in the background.
    ///
    /// # Errors
    /// Other work on the case goes on.
    pub fn begin(self: &Arc<Self>, desk: Desk, task: Task) -> Result<Begun> {
        let case = desk.log.case().clone();
        let (cancel, cancelled) = watch::channel(false);
        let begun = Begun {
            task: task.clone(),
            by: desk.by.to_string(),
            begun: desk.now(),
            ended: None,
            end: None,
        };
        if *self.stopping.borrow() {
            let what = "The program is stopping.";
            return Err(Fault::new(Kind::Owned, "stopping", what).hint("try again in a minute"));
        }
        let mut all = self.hold();
        let going = |one: &&One| one.begun.ended.is_none();
        if let Some(one) = all.get(&case).filter(going) {
            let what = format!("Work on this case goes on, begun by {}.", one.begun.by);
            return Err(Fault::new(Kind::Owned, "case-busy", what)
                .at(case)
                .hint("wait until it has ended, or stop it"));
        }
        let begun_again = begun.clone();
        all.insert(case.clone(), One { begun, cancel });
        drop(all);
        let this = Arc::clone(self);
        let runtime = tokio::runtime::Handle::current();
        // On a thread of its own: opening and folding a case blocks.
        tokio::task::spawn_blocking(move || {
            // Also when it breaks off: a case must not stay busy for good.
            let mut over = Over {
                work: &this,
                desk: &desk,
                end: "it broke off; the case log tells how far it came".to_owned(),
            };
            let done = runtime.block_on(carry_out(&desk, task, cancelled));
            over.end = done.unwrap_or_else(|fault| {
                tracing::warn!(%case, code = fault.code(), "work on a case failed");
                fault.to_string()
            });
        });
        Ok(begun_again)
    }

    /// Tells a run or an undo to stop: nothing new begins, what is under way is recorded.
    ///
    /// # Errors
    /// What goes on is neither: it ends by itself.
    pub fn stop(&self, case: &CaseId) -> Result<()> {
        let all = self.hold();
        let Some(one) = all.get(case).filter(|one| one.begun.ended.is_none()) else {
            return Ok(());
        };
        if !matches!(one.begun.task, Task::Run { .. } | Task::Undo { .. }) {
            let what = "Only a run or an undo can be stopped; what goes on ends by itself.";
            return Err(Fault::new(Kind::Owned, "case-busy", what).at(case));
        }
        one.cancel.send_replace(true);
        Ok(())
    }

    /// Tells what goes on at a case to stop; a run that only waits is set aside.
    ///
    /// # Errors
    /// As [`Self::stop`]; nothing goes on and no run waits.
    pub async fn end(&self, desk: &Desk, why: &str) -> Result<()> {
        let case = desk.log.case();
        let goes_on = self.on(case).is_some_and(|work| work.ended.is_none());
        if goes_on {
            self.stop(case)?;
        }
        if desk.stop_undo(why).await? {
            return Ok(());
        }
        if goes_on {
            return desk.note(&format!("work told to stop: {why}")).await;
        }
        desk.stop(why).await?;
        desk.finish().await
    }

    /// Tells when the program stops.
    pub fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.subscribe()
    }

    /// Tells all work to stop, and begins no more.
    pub fn stop_all(&self) {
        self.stopping.send_replace(true);
        for one in self.hold().values() {
            one.cancel.send_replace(true);
        }
    }
}

/// Marks work as ended, however it ends.
struct Over<'a> {
    work: &'a Work,
    desk: &'a Desk,
    end: String,
}

impl Drop for Over<'_> {
    fn drop(&mut self) {
        if let Some(one) = self.work.hold().get_mut(self.desk.log.case()) {
            one.begun.ended = Some(self.desk.now());
            one.begun.end = Some(std::mem::take(&mut self.end));
        }
    }
}

async fn carry_out(desk: &Desk, task: Task, cancel: watch::Receiver<bool>) -> Result<String> {
    let done = match task {
        Task::Inventory => {
            desk.resolve().await?;
            desk.inventory().await?;
            format!("{} doors are known", desk.summary().door_list.len())
        }
        Task::Run { reopen_gates } => {
            let options = Options {
                reopen_gates,
                ..Options::default()
            };
            let report = desk.run(&options, Arc::new(Quiet), cancel).await?;
            report.tree.brief()
        }
        Task::Verify => format!("{} doors were looked at", desk.verify().await?.len()),
        Task::Snapshot { days } => {
            desk.snapshot(days).await?;
            "the trails were read".to_owned()
        }
        Task::Mirror { address } => {
            let bundled = desk.bundle(&address).await?;
            match bundled.bundle {
                Some(evidence) => format!("the bundle is kept as {evidence}"),
                None => format!("the repository is empty: {}", bundled.listing),
            }
        }
        Task::Archive { repositories } => {
            let archived = desk.archive(&repositories, PATIENCE, &|_| ()).await?;
            archived.line()
        }
        Task::Undo { doors, reason } => {
            let undone = desk.undo(&doors, &reason, &Quiet, cancel).await?;
            let open = undone
                .iter()
                .filter(|(_, end)| *end == crate::run::Undone::Open);
            format!("{} of {} doors are open again", open.count(), undone.len())
        }
    };
    desk.finish().await?;
    Ok(done)
}
