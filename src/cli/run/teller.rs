//! What a person at the terminal, or whoever reads the log of a job, hears while a run is under way.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::ProgressBar;
use tokio::time::Instant;

use crate::case::event::{Entry, Event, Outcome};
use crate::case::state::CaseState;
use crate::plan::{Step, Task};
use crate::run::{Progress, Waiting};
use crate::time::{Clock, Timestamp, utc};
use crate::ui::Ui;

/// How often it is said again that nothing has changed.
const AGAIN: Duration = Duration::from_secs(30);

/// Says on stderr what becomes durable: a bar at a terminal, lines elsewhere.
pub(super) struct Teller {
    ui: Ui,
    bar: ProgressBar,
    clock: Arc<dyn Clock>,
    patience: Duration,
    ear: Mutex<Ear>,
}

/// What was heard and said last.
#[derive(Debug)]
struct Ear {
    said: Instant,
    /// The run waits for people or a time: silence is no news.
    waits: bool,
    silent: BTreeMap<String, Silence>,
}

/// A provider that does not answer.
#[derive(Debug)]
struct Silence {
    until: Timestamp,
    told: Instant,
}

impl Ear {
    /// What is to be said when a host answered, or did not.
    fn heard(&mut self, host: &str, answered: bool, until: Timestamp) -> Option<String> {
        let now = Instant::now();
        if answered {
            let known = self.silent.remove(host);
            return known.map(|_| format!("answers  {host} again"));
        }
        if let Some(silence) = self.silent.get_mut(host) {
            if now - silence.told < AGAIN {
                return None;
            }
            silence.told = now;
        }
        let silence = Silence { until, told: now };
        let silence = self.silent.entry(host.to_owned()).or_insert(silence);
        Some(format!(
            "silent   {host} does not answer; trying until {} at the latest",
            utc(silence.until)
        ))
    }
}

impl Teller {
    /// Tells of the plan of a case from where it stands.
    pub(super) fn new(ui: Ui, clock: Arc<dyn Clock>, state: &CaseState) -> Self {
        let steps = state.plan.iter().flat_map(|(plan, _)| &plan.steps);
        let ended = |step: &&Step| {
            let record = state.steps.get(&step.id);
            record.is_some_and(|record| record.outcome.is_some())
        };
        let all = steps.clone().count();
        let left = steps.clone().filter(|step| !ended(step));
        let patience = left.clone().map(patience).max().unwrap_or_default();
        let over = all - left.count();
        let bar = ui.bar(u64::try_from(all).unwrap_or(0), "steps");
        bar.set_position(u64::try_from(over).unwrap_or(0));
        bar.reset_eta();
        if over > 0 {
            ui.status(&format!("going on: {over} of {all} steps have ended"));
        }
        Self {
            ui,
            bar,
            clock,
            patience,
            ear: Mutex::new(Ear {
                said: Instant::now(),
                waits: false,
                silent: BTreeMap::new(),
            }),
        }
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// Says now and then that the work goes on, where no bar shows it. Never ends.
    pub(super) async fn breathe(&self) {
        loop {
            tokio::time::sleep(AGAIN / 2).await;
            let quiet = self.with_ear(|ear| !ear.waits && ear.said.elapsed() >= AGAIN);
            if quiet && self.bar.is_hidden() {
                let (at, all) = (self.bar.position(), self.bar.length().unwrap_or_default());
                self.say(&format!("at work  {at} of {all} steps have ended"));
            }
        }
    }

    fn with_ear<T>(&self, use_it: impl FnOnce(&mut Ear) -> T) -> T {
        use_it(&mut self.ear.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn say(&self, line: &str) {
        self.with_ear(|ear| ear.said = Instant::now());
        self.bar.suspend(|| self.ui.status(line));
    }
}

/// How long a step is tried at most.
fn patience(step: &Step) -> Duration {
    let seconds = match &step.task {
        Task::Close { prove_within_s, .. } => *prove_within_s,
        Task::Gate { .. } | Task::Wait { .. } => 0,
        _ => step.timeout_s,
    };
    Duration::from_secs(seconds.into())
}

impl Progress for Teller {
    fn wrote(&self, entry: &Entry) {
        self.with_ear(|ear| ear.waits = false);
        let Event::StepEnded { step, outcome } = &entry.event else {
            return;
        };
        self.bar.inc(1);
        let line = match outcome {
            Outcome::Done { asked, proven, .. } => {
                format!("done     {step} ({proven} of {asked} proven)")
            }
            Outcome::Failed { why } => {
                format!("FAILED   {step}: {}", crate::hostile::one_line(why, 160))
            }
            Outcome::Unknown { why } => {
                format!("UNKNOWN  {step}: {}", crate::hostile::one_line(why, 160))
            }
            Outcome::Skipped { why } => {
                format!("skipped  {step}: {}", crate::hostile::one_line(why, 160))
            }
        };
        self.say(&line);
    }

    fn heard(&self, host: &str, answered: bool) {
        let until = self.clock.now().saturating_add(self.patience);
        let until = until.unwrap_or(Timestamp::MAX);
        if let Some(line) = self.with_ear(|ear| ear.heard(host, answered, until)) {
            self.say(&line);
        }
    }

    fn waiting(&self, waiting: &Waiting) {
        self.with_ear(|ear| ear.waits = true);
        for gate in &waiting.gates {
            self.say(&format!("waiting  gate `{}` for people", gate.step));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_silent_provider_is_told_of_at_once_and_then_now_and_then() {
        let mut ear = Ear {
            said: Instant::now(),
            waits: false,
            silent: BTreeMap::new(),
        };
        let until: Timestamp = "2026-01-01T12:10:00Z".parse().unwrap();
        assert_eq!(ear.heard("api.test", true, until), None);
        let told = ear.heard("api.test", false, until).unwrap();
        assert!(
            told.contains("api.test does not answer") && told.contains("12:10"),
            "{told}"
        );
        tokio::time::advance(Duration::from_secs(29)).await;
        assert_eq!(ear.heard("api.test", false, until), None);
        tokio::time::advance(Duration::from_secs(1)).await;
        let later: Timestamp = "2026-01-01T13:00:00Z".parse().unwrap();
        let again = ear.heard("api.test", false, later);
        assert_eq!(again.as_ref(), Some(&told), "the end does not move");
        assert!(
            ear.heard("api.test", true, until)
                .unwrap()
                .contains("again")
        );
        assert!(
            ear.heard("api.test", false, until).is_some(),
            "a new silence"
        );
    }
}
