//! Slots: how many calls may be under way at one provider, and which goes next.

use std::collections::{BTreeMap, VecDeque};

use super::call::Call;
use crate::id::DoorId;

/// A call that waits for a slot.
pub(super) struct Waiting {
    /// The step, by its place in the plan.
    pub(super) place: usize,
    /// The intent that has to be durable before it leaves, when it changes anything.
    pub(super) intent: Option<Intent>,
    /// What is to be called.
    pub(super) call: Call,
}

/// What an intent says beside the step.
#[derive(Debug, Default)]
pub(super) struct Intent {
    pub(super) door: Option<DoorId>,
    pub(super) undo: Option<serde_json::Value>,
}

/// Which calls may leave now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leave {
    /// All.
    All,
    /// None that needs an intent: the case is held, or a step stopped the run.
    NoIntents,
    /// Only looks at what was done: a person stopped the run.
    Looks,
}

/// The slots of one provider.
#[derive(Default)]
pub(super) struct Lane {
    free: usize,
    acts: VecDeque<Waiting>,
    looks: VecDeque<Waiting>,
    /// By perishability, then by order of arrival.
    pages: BTreeMap<(usize, u64), Waiting>,
    arrivals: u64,
}

impl Lane {
    pub(super) fn new(slots: usize) -> Self {
        Self {
            free: slots.max(1),
            ..Self::default()
        }
    }

    /// Queues a call. `perishability` counts for pages only: 0 goes first.
    pub(super) fn queue(&mut self, waiting: Waiting, perishability: usize) {
        match waiting.call {
            Call::Close(..) | Call::Act(..) => self.acts.push_back(waiting),
            Call::Probe(..) | Call::Observe(..) => self.looks.push_back(waiting),
            Call::Pull(..) => {
                self.arrivals += 1;
                self.pages.insert((perishability, self.arrivals), waiting);
            }
        }
    }

    /// Takes the call that goes next, when there is a slot.
    pub(super) fn take(&mut self, leave: Leave) -> Option<Waiting> {
        if self.free == 0 {
            return None;
        }
        let acts = (leave == Leave::All)
            .then(|| self.acts.pop_front())
            .flatten();
        let next = acts.or_else(|| self.looks.pop_front());
        let next = match next {
            None if leave != Leave::Looks => self.pages.pop_first().map(|(_, page)| page),
            next => next,
        };
        self.free -= usize::from(next.is_some());
        next
    }

    /// A call has ended.
    pub(super) const fn give_back(&mut self) {
        self.free += 1;
    }
}
