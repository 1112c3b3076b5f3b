//! What only time brings in a case: a pure look at its state.

use jiff::SignedDuration;

use crate::case::state::{CaseState, Phase, RunPhase, StepRecord};
use crate::clock::{self, Shown};
use crate::id::{ClockId, DoorId, NoticeId};
use crate::intake::DEPARTURE;
use crate::plan::{Step, StepId, Task};
use crate::run::Rest;
use crate::time::Timestamp;

/// The parts of a clock's time at whose end people are told, percent.
const WARN_AT: [u8; 3] = [50, 80, 100];

/// Something that is to happen, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// From when on. The earliest instant there is for what has happened already.
    pub at: Timestamp,
    /// What.
    pub what: What,
}

/// What is to happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The time of a gate runs out.
    Expiry(StepId),
    /// A later look at what was closed, after this wait of the run.
    Look(StepId),
    /// A gate waits for people of these roles.
    Gate {
        /// The step.
        step: StepId,
        /// The roles.
        roles: Vec<String>,
        /// Until when.
        expires: Timestamp,
    },
    /// A part of the time of a clock has passed.
    Clock {
        /// The clock.
        id: ClockId,
        /// Its rule, as far as others may be told of it.
        rule: String,
        /// How much of its time, percent.
        percent: u8,
        /// When it ends.
        due: Timestamp,
    },
    /// What meets a clock left, its time is over, and nobody recorded that the addressee has it.
    Receipt {
        /// Its rule, as far as others may be told of it.
        rule: String,
        /// When it ended.
        due: Timestamp,
    },
    /// The engagement ends.
    Departure,
    /// A mail that the server asked to have later is tried again.
    Mail(NoticeId),
    /// A probe found a door open that was proven closed, as this line of the log says.
    Reopened(u64, DoorId),
    /// The case was taken back, as this line of the log says, and ways in wait to be opened again.
    Recalled(u64),
}

/// Everything that is due in a case, and everything that will be as far as its log tells; the earliest
/// first. What was done about it is no part of it, except where the log says so.
///
/// A case that is held starts nothing and takes no one out: no look, no departure. Its gates run out
/// and its clocks run on. Of a closed case nothing is due, and the clocks of an ordinary departure that
/// nobody reviews call nobody.
pub fn of(state: &CaseState) -> Vec<Due> {
    let mut due = Vec::new();
    if !matches!(state.phase, Phase::Open | Phase::Held) {
        return due;
    }
    if state.run == RunPhase::Running {
        gates(state, &mut due);
        if state.phase == Phase::Open && only_looks_can_begin(state) {
            due.extend(looks(state));
        }
    }
    if !is_quiet(state) {
        // Whether a clock is overdue is told by its warnings: it does not matter when this is asked.
        for clock in clock::list(state, Timestamp::MIN) {
            warnings(&clock, &mut due);
        }
    }
    if let Some(at) = state.effective
        && state.phase == Phase::Open
        && state.closing_began.is_none()
    {
        let what = What::Departure;
        due.push(Due { at, what });
    }
    if state.phase == Phase::Open {
        due.extend(super::sending::due(state).map(|(at, id)| Due {
            at,
            what: What::Mail(id),
        }));
    }
    due.extend(state.reopened.iter().map(|(line, door)| Due {
        at: Timestamp::MIN,
        what: What::Reopened(*line, door.clone()),
    }));
    if let Some(line) = state.recalled.filter(|_| state.awaiting_undo() > 0) {
        let (at, what) = (Timestamp::MIN, What::Recalled(line));
        due.push(Due { at, what });
    }
    due.sort_by_key(|due| due.at);
    due
}

/// Whether a case is still what a message of HR made of it: the record of an ordinary departure, which
/// nobody reviews. Its clocks call nobody.
fn is_quiet(state: &CaseState) -> bool {
    let demanded = state.contacts.iter().any(|contact| contact.demand);
    state.route == DEPARTURE && state.plan.is_none() && !demanded
}

fn gates(state: &CaseState, due: &mut Vec<Due>) {
    for (step, gate) in &state.gates {
        if gate.passed || gate.expired || gate.denied.is_some() {
            continue;
        }
        let ended = state.steps.get(step);
        if ended.is_some_and(|record| record.outcome.is_some()) {
            continue;
        }
        let what = What::Gate {
            step: step.clone(),
            roles: gate.roles.clone(),
            expires: gate.expires,
        };
        let at = Timestamp::MIN;
        due.push(Due { at, what });
        let (at, what) = (gate.expires, What::Expiry(step.clone()));
        due.push(Due { at, what });
    }
}

/// Waits of the run behind which there are only looks.
fn looks(state: &CaseState) -> impl Iterator<Item = Due> {
    let later = state.plan.as_ref().map(|(plan, _)| plan.tail());
    let waits = state.steps.iter().filter_map(move |(step, record)| {
        let waits = record.outcome.is_none() && later.as_ref()?.contains(step.as_str());
        let (at, what) = (record.due?, What::Look(step.clone()));
        waits.then_some(Due { at, what })
    });
    waits.collect::<Vec<_>>().into_iter()
}

/// Whether a run that is taken up again could begin nothing but looks: people begin what closes a
/// door. A gate that nobody approved lets nothing through, and neither does one whose time ran out.
fn only_looks_can_begin(state: &CaseState) -> bool {
    let rest = Rest::of(state);
    let shut = rest.gates.iter().all(|(step, approved)| {
        *approved == 0 || state.gates.get(step).is_some_and(|gate| gate.expired)
    });
    let ended = |step: &StepId| {
        let record = state.steps.get(step);
        record.is_some_and(|record| record.outcome.is_some())
    };
    let begun = |record: &StepRecord| record.attempts > 0;
    let could_begin =
        |step: &Step| state.steps.get(&step.id).is_some_and(begun) || step.needs.iter().all(ended);
    let mut work = rest.work.iter().filter_map(|step| state.planned(step));
    shut && !work.any(|step| !matches!(step.task, Task::Gate { .. }) && could_begin(step))
}

/// How long an addressee is given to confirm what left, before people are told that no receipt is there.
const TO_CONFIRM: SignedDuration = SignedDuration::from_hours(24);

fn warnings(clock: &Shown, due: &mut Vec<Due>) {
    if !clock.is_open() {
        due.extend(unconfirmed(clock));
        return;
    }
    // The time of a report of every year begins with the report before it.
    let before = clock.filed_again.iter().filter(|_| clock.met.is_none());
    let start = before.map(|filing| filing.at).chain([clock.start]).max();
    let start = start.unwrap_or(clock.start).min(clock.due);
    let whole = clock.due.duration_since(start).as_secs();
    for percent in WARN_AT {
        let seconds = whole.saturating_mul(percent.into()) / 100;
        let at = start.checked_add(SignedDuration::from_secs(seconds));
        due.push(Due {
            at: at.unwrap_or(clock.due),
            what: What::Clock {
                id: clock.id.clone(),
                rule: clock.discreet().to_owned(),
                percent,
                due: clock.due,
            },
        });
    }
}

/// When people are told that a stage was met by something of which nobody recorded that it arrived: a mail
/// server that took a mail is no addressee.
fn unconfirmed(clock: &Shown) -> Option<Due> {
    let bound = clock.duty.as_ref().is_some_and(|duty| !duty.target);
    let met = clock.met.as_ref();
    let met = met.filter(|_| bound && clock.state == "met")?;
    let confirmed = met.filing.at.checked_add(TO_CONFIRM).ok()?;
    let (rule, due) = (clock.discreet().to_owned(), clock.due);
    Some(Due {
        at: confirmed.max(due),
        what: What::Receipt { rule, due },
    })
}

/// What of `due` has come at `now`. Who hears that all of the time of a clock has passed need not hear
/// of its half.
pub fn ripe(due: &[Due], now: Timestamp) -> Vec<&Due> {
    let come = || due.iter().filter(|due| due.at <= now);
    let outdone = |what: &What| {
        let What::Clock { id, percent, .. } = what else {
            return false;
        };
        come().any(|other| match &other.what {
            What::Clock {
                id: same,
                percent: more,
                ..
            } => same == id && more > percent,
            _ => false,
        })
    };
    come().filter(|due| !outdone(&due.what)).collect()
}
