//! Closing a door: from the intent over the answer to the proof.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::Answer as Said;
use super::backoff::{ATTEMPT, PROBE};
use super::call::Call;
use super::dispatch::{Dispatch, until};
use super::graph::Way;
use super::lane::{Intent, Waiting as Queued};
use super::steps::{STOPPED_BEFORE, Work, looking};
use crate::case::event::{Event, Outcome};
use crate::case::state::{CaseState, StepRecord};
use crate::door::{Class, Door, DoorState, ISSUED_BEFORE, Probe};
use crate::id::DoorId;
use crate::plan::{Step, Task};
use crate::provider::{Closing, Provider};

/// After so many looks that show nothing, a close that was under way at a crash is made again.
const LOOKS_AFTER_A_CRASH: u32 = 3;

/// More than this is not an inverse, and would burden every reading of the log.
const LARGEST_INVERSE: usize = 256 * 1024;

/// What the provider said to the close.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Heard {
    /// It accepts.
    Accepted,
    /// It says that the door was closed before.
    AlreadyDone,
    /// It refuses, with the reason.
    Refused(String),
    /// Nobody knows, with the reason.
    Unclear(String),
    /// The provider's code broke down; it is not called again.
    Panicked(String),
}

impl Heard {
    pub(super) fn of(closing: &Closing) -> Self {
        match closing {
            Closing::Accepted { .. } => Self::Accepted,
            Closing::AlreadyDone { .. } => Self::AlreadyDone,
            Closing::Refused { why, .. } => Self::Refused(why.clone()),
            Closing::Unclear { why } => Self::Unclear(why.clone()),
        }
    }

    const fn is_accepted(&self) -> bool {
        matches!(self, Self::Accepted | Self::AlreadyDone)
    }
}

/// A door whose close was answered and is not proven yet.
#[derive(Debug, Clone)]
pub(super) struct Proving {
    /// The door.
    pub(super) door: Door,
    /// What was heard.
    pub(super) heard: Heard,
    /// Until when to look.
    pub(super) until: Instant,
    /// Looks so far.
    pub(super) looks: u32,
    /// Whether the close is tried again when the door is seen open.
    pub(super) repeat: bool,
}

/// What follows a look.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Look again after this.
    Look(Duration),
    /// Close again after this.
    Repeat(Duration),
    /// It has ended.
    End(Outcome),
}

impl Proving {
    /// What follows `probe`, and the state that the door takes.
    pub(super) fn next(&mut self, probe: &Probe, tries: u32, now: Instant) -> (DoorState, Next) {
        self.looks += 1;
        if probe.state == DoorState::Closed {
            let note = match probe.residual_until {
                None => probe.why.clone(),
                Some(at) => format!(
                    "{} Until {} {ISSUED_BEFORE}.",
                    probe.why,
                    crate::time::utc(at)
                ),
            };
            let done = Outcome::Done {
                asked: 1,
                proven: 1,
                note,
            };
            return (DoorState::Closed, Next::End(done));
        }
        let crashed = self.heard == Heard::Unclear(STOPPED_BEFORE.to_owned());
        // Only what was observed done is never repeated, and nothing here was: each look came first and
        // none showed the end. Without another close such a door would stay unproven for good where a
        // look can show the end of it and never that it is open (sessions at Okta: the log tells of
        // a clearing, perhaps late, and never of its absence). Had the first close arrived after all,
        // the second ends what is ended (`Provider::close` is safe to call twice), costs one intent and
        // one answer on record, and its own answer begins the proof anew, so it happens once a crash.
        let blind =
            crashed && probe.state == DoorState::Unknown && self.looks >= LOOKS_AFTER_A_CRASH;
        if self.repeat && (probe.state == DoorState::Open || blind) {
            // What a crash interrupted is not put off.
            let wait = if crashed {
                Duration::ZERO
            } else {
                ATTEMPT.after(tries)
            };
            return (probe.state, Next::Repeat(wait));
        }
        // Nothing is called unprovable after a single look, however long that look hung.
        let once = probe.state == DoorState::Unknown && self.looks < 2;
        let over = (now >= self.until && !once)
            || matches!(self.heard, Heard::Panicked(_) | Heard::Refused(_));
        if over {
            return (probe.state, Next::End(self.verdict(probe)));
        }
        let state = if self.heard.is_accepted() {
            DoorState::Closing
        } else {
            probe.state
        };
        // The last look falls on the end of the time, not somewhere before it.
        let left = self.until.saturating_duration_since(now);
        let wait = match PROBE.after(self.looks) {
            wait if left.is_zero() => wait,
            wait => wait.min(left),
        };
        (state, Next::Look(wait))
    }

    fn verdict(&self, probe: &Probe) -> Outcome {
        let seen = &probe.why;
        let by_hand = "Close it by hand at the provider, then verify again.";
        match (&self.heard, probe.state) {
            (Heard::Panicked(why), _) => Outcome::Unknown {
                why: format!("The close broke off: {why} The last look said: {seen}"),
            },
            (Heard::Refused(why), _) => Outcome::Failed {
                why: format!("The provider refused the close: {why}"),
            },
            (Heard::Accepted, DoorState::Open) => Outcome::Failed {
                why: format!(
                    "The provider accepted the close, but the door still works: {seen} {by_hand}"
                ),
            },
            (Heard::AlreadyDone, DoorState::Open) => Outcome::Failed {
                why: format!(
                    "The provider says that it was closed before, but the door still works: {seen} {by_hand}"
                ),
            },
            (Heard::Unclear(why), DoorState::Open) => Outcome::Failed {
                why: format!(
                    "The close got no clear answer ({why}), and the door still works: {seen} {by_hand}"
                ),
            },
            (Heard::Unclear(why), _) => Outcome::Unknown {
                why: format!(
                    "The close got no clear answer ({why}), and nothing proves it: {seen}"
                ),
            },
            (Heard::Accepted | Heard::AlreadyDone, _) => Outcome::Unknown {
                why: format!("The provider accepted the close, but nothing proves it: {seen}"),
            },
        }
    }
}

impl Dispatch<'_> {
    pub(super) fn begin_close(
        &mut self,
        state: &CaseState,
        place: usize,
        step: &Step,
        record: &StepRecord,
        (door, provider): (&DoorId, &String),
    ) {
        let skip = |why: &str| Outcome::Skipped {
            why: why.to_owned(),
        };
        let (Some(known), Some(provider)) = (
            state.doors.get(door),
            self.run.providers.get(provider).cloned(),
        ) else {
            return self.end(place, skip("Its door or provider is not known."), Way::On);
        };
        if record.attempts > 0 {
            if known.undone {
                return self.end(place, skip("A person opened the door again."), Way::On);
            }
            return self.take_close_up(place, step, record, &known.door);
        }
        self.queue_close(place, step, &provider, &known.door, None);
    }

    /// After a crash, or for a person who wants another try: look first.
    fn take_close_up(&mut self, place: usize, step: &Step, record: &StepRecord, door: &Door) {
        let answered = record.acted.as_ref().filter(|_| record.in_doubt.is_none());
        let heard = answered.map_or_else(|| Heard::Unclear(STOPPED_BEFORE.to_owned()), Heard::of);
        if record.in_doubt.is_some() {
            let why = STOPPED_BEFORE.to_owned();
            self.acted(
                step,
                record,
                Some(Closing::Unclear { why }),
                "taken up again",
            );
        }
        let retry = self.options.answers.get(&step.id) == Some(&Said::Retry);
        let crashed = heard == Heard::Unclear(STOPPED_BEFORE.to_owned());
        let unclear = matches!(heard, Heard::Unclear(_));
        let waited = record
            .acted_at
            .filter(|_| record.in_doubt.is_none())
            .map_or(Duration::ZERO, |at| until(self.now, at));
        self.prove(
            place,
            Proving {
                door: door.clone(),
                heard,
                until: Instant::now() + prove_within(step).saturating_sub(waited),
                looks: 0,
                repeat: retry || crashed || (unclear && record.attempts < step.attempts.max(1)),
            },
        );
    }

    fn queue_close(
        &mut self,
        place: usize,
        step: &Step,
        provider: &Arc<dyn Provider>,
        door: &Door,
        wait: Option<Duration>,
    ) {
        let inverse = std::panic::AssertUnwindSafe(|| provider.undo(door));
        let undo = std::panic::catch_unwind(inverse).unwrap_or_default();
        let undo = undo.filter(|undo| undo.to_string().len() <= LARGEST_INVERSE);
        let reversible = matches!(
            &step.task,
            Task::Close {
                class: Class::Reversible,
                ..
            }
        );
        if reversible && undo.is_none() {
            let why = "The provider gave no inverse for this door, so it was not closed. \
                       Close it by hand at the provider, and note how to restore it.";
            let why = why.to_owned();
            return self.conclude(place, Outcome::Failed { why });
        }
        self.works.insert(place, Work::Closing);
        let queued = Queued {
            place,
            intent: Some(Intent {
                door: Some(door.id.clone()),
                undo,
            }),
            call: Call::Close(Arc::clone(provider), door.clone()),
        };
        match wait {
            None => self.queue(&door.provider, queued, 0),
            Some(wait) => self.queue_after(wait, &door.provider, queued),
        }
    }

    pub(super) fn take_closed(
        &mut self,
        place: usize,
        step: &Step,
        record: &StepRecord,
        door: &Door,
        closing: Closing,
        panicked: bool,
    ) {
        let heard = match (Heard::of(&closing), panicked) {
            (Heard::Unclear(why), true) => Heard::Panicked(why),
            (heard, _) => heard,
        };
        self.acted(step, record, Some(closing), "");
        if let Heard::Refused(why) = heard {
            let why = format!("The provider refused the close: {why}");
            return self.conclude(place, Outcome::Failed { why });
        }
        let repeat = matches!(heard, Heard::Unclear(_)) && record.attempts < step.attempts.max(1);
        self.prove(
            place,
            Proving {
                door: door.clone(),
                heard,
                until: Instant::now() + prove_within(step),
                looks: 0,
                repeat,
            },
        );
    }

    /// Looks at a door for the first time after its close was answered.
    fn prove(&mut self, place: usize, proving: Proving) {
        if let Some(provider) = self.run.providers.get(&proving.door.provider).cloned() {
            let lane = proving.door.provider.clone();
            let call = Call::Probe(provider, proving.door.clone());
            self.works.insert(place, Work::Proving(Box::new(proving)));
            self.queue(&lane, looking(place, call), 0);
        }
    }

    pub(super) fn take_probed(
        &mut self,
        place: usize,
        step: &Step,
        record: &StepRecord,
        probe: Probe,
    ) {
        let Some(Work::Proving(mut proving)) = self.works.remove(&place) else {
            return;
        };
        let (state, next) = proving.next(&probe, record.attempts, Instant::now());
        let door = proving.door.clone();
        self.events.push(Event::DoorProbed {
            door: door.id.clone(),
            state,
            probe,
        });
        let Some(provider) = self.run.providers.get(&door.provider).cloned() else {
            return;
        };
        match next {
            Next::End(outcome) => self.conclude(place, outcome),
            Next::Repeat(wait) => self.queue_close(place, step, &provider, &door, Some(wait)),
            Next::Look(wait) => {
                self.works.insert(place, Work::Proving(proving));
                let lane = door.provider.clone();
                self.queue_after(wait, &lane, looking(place, Call::Probe(provider, door)));
            }
        }
    }
}

/// How long a step looks for proof.
fn prove_within(step: &Step) -> Duration {
    match &step.task {
        Task::Close { prove_within_s, .. } => Duration::from_secs((*prove_within_s).into()),
        _ => Duration::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::door::Link;
    use crate::id::EvidenceId;

    fn proving(why: &str) -> Proving {
        let door = Door {
            id: Door::id_of("sim", "session", "a"),
            provider: "sim".to_owned(),
            kind: "session".to_owned(),
            native: "a".to_owned(),
            account: "1".to_owned(),
            label: String::new(),
            link: Link::Owner,
            protected: None,
            detail: serde_json::Value::Null,
            evidence: EvidenceId::fresh(),
        };
        Proving {
            door,
            heard: Heard::Unclear(why.to_owned()),
            until: Instant::now() + Duration::from_mins(10),
            looks: 0,
            repeat: true,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_crash_looks_that_show_nothing_end_in_another_close() {
        let blind = super::super::call::unknown("The log can be late.".to_owned());
        let mut after_a_crash = proving(STOPPED_BEFORE);
        let mut without = proving("the connection broke");
        for look in 1..=LOOKS_AFTER_A_CRASH {
            let (_, next) = after_a_crash.next(&blind, 1, Instant::now());
            let again = next == Next::Repeat(Duration::ZERO);
            assert_eq!(again, look == LOOKS_AFTER_A_CRASH, "{look}: {next:?}");
            let (_, next) = without.next(&blind, 1, Instant::now());
            assert!(matches!(next, Next::Look(_)), "{next:?}");
        }
    }
}
