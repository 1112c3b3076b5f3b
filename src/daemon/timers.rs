//! What time brings: gates that run out, later looks at what was closed, warnings of clocks, departures.
//!
//! One task looks over the cases, does what has come, and sleeps until the next. What was done is told
//! by the case log (an expiry, a look) or by a mark in the hub (an alert), so what came while the
//! daemon was stopped is done at the next start, once. A look reads; nothing here closes a door.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use jiff::SignedDuration;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::app::App;
use crate::app::alert::{Alerts, Kind, RESTRICTED};
use crate::app::arrival::SUSPICION;
use crate::app::due::{self, What};
use crate::app::survey::{Survey, Told};
use crate::case::event::{Actor, Event};
use crate::case::state::CaseState;
use crate::fault::{Fault, Kind as Ended, Result};
use crate::id::CaseId;
use crate::plan::StepId;
use crate::run::{Options, Quiet};
use crate::time::{Timestamp, utc};

/// A wall clock may jump, and other commands work beside the daemon: it looks again after this.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// How long a case rests after something was done in it, and after a failure: twice as long each time.
const REST: SignedDuration = SignedDuration::from_secs(30);
const REST_MOST: SignedDuration = SignedDuration::from_hours(1);

/// How many cases are looked at through their providers at once.
const AT_ONCE: usize = 4;

/// What is to be done in a case now.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Deeds {
    /// Gates whose time ran out.
    expired: Vec<StepId>,
    /// A later look is due.
    look: bool,
    /// A mail is to be tried again.
    mail: bool,
}

/// When a case may be worked on again.
#[derive(Debug, Clone, Copy)]
struct Rest {
    failures: u32,
    until: Timestamp,
}

/// Does what time brings.
#[derive(Debug)]
pub struct Timers {
    app: Arc<App>,
    alerts: Arc<Alerts>,
    survey: Mutex<Survey>,
    resting: Mutex<BTreeMap<CaseId, Rest>>,
    /// When the messages were looked at.
    messages: Mutex<Option<SystemTime>>,
}

impl Timers {
    /// Nothing is done before the first look.
    pub fn new(app: Arc<App>, alerts: Arc<Alerts>) -> Self {
        Self {
            app,
            alerts,
            survey: Mutex::default(),
            resting: Mutex::default(),
            messages: Mutex::default(),
        }
    }

    /// What was last seen of the cases.
    pub fn survey(&self) -> MutexGuard<'_, Survey> {
        hold(&self.survey)
    }

    /// Works until told to stop. What is under way then is dropped, as by a crash: a look is begun
    /// again at the next start.
    pub async fn work(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut under_way = JoinSet::new();
        let mut busy = BTreeMap::new();
        while !*stop.borrow() {
            let this = Arc::clone(&self);
            let seen = tokio::task::spawn_blocking(move || this.look()).await;
            let (deeds, next) = seen.unwrap_or_else(|_| (Vec::new(), None));
            if let Err(fault) = self.app.take_in_bounces().await {
                tracing::error!(code = fault.code(), "what came back could not be taken in");
            }
            for (case, deeds) in deeds {
                if busy.len() >= AT_ONCE || busy.values().any(|busy| *busy == case) {
                    continue;
                }
                let (this, of) = (Arc::clone(&self), case.clone());
                let task = under_way.spawn(async move { this.settle(&of, deeds).await });
                busy.insert(task.id(), case);
            }
            let sleep = next.map_or(LOOK_AGAIN, |next| {
                let wait = next.duration_since(self.app.clock.now());
                Duration::try_from(wait).unwrap_or_default().min(LOOK_AGAIN)
            });
            // Never without a pause: a case that is busy has something due throughout.
            let sleep = sleep.max(Duration::from_millis(200));
            tokio::select! {
                () = tokio::time::sleep(sleep) => {}
                Some(ended) = under_way.join_next_with_id() => {
                    let id = ended.map_or_else(|error| error.id(), |(id, ())| id);
                    busy.remove(&id);
                }
                _ = stop.wait_for(|stop| *stop) => {}
            }
        }
    }

    /// Does everything that has come, case by case.
    pub async fn tick(&self) {
        for (case, deeds) in self.look().0 {
            self.settle(&case, deeds).await;
        }
    }

    /// Looks over the cases and raises what people are to hear; gives what is to be done, and when
    /// something is due next. Reads and writes files.
    fn look(&self) -> (Vec<(CaseId, Deeds)>, Option<Timestamp>) {
        self.look_at_messages();
        let now = self.app.clock.now();
        let mut survey = hold(&self.survey);
        if let Err(fault) = survey.refresh(&self.app) {
            tracing::error!(code = fault.code(), "the cases cannot be looked over");
        }
        let (mut all, mut next) = (Vec::new(), None);
        for (case, seen) in survey.cases() {
            let view = match &seen.told {
                Told::Read(view) => view,
                Told::Unreadable(code, evidence) => {
                    if *evidence {
                        self.raise(Kind::EvidenceFailed, case, code, None);
                    }
                    continue;
                }
            };
            let mut deeds = Deeds::default();
            for due in due::ripe(&view.due, now) {
                self.tell(case, due.at, &due.what);
                match &due.what {
                    What::Expiry(step) => deeds.expired.push(step.clone()),
                    What::Look(_) => deeds.look = true,
                    What::Mail(_) => deeds.mail = true,
                    _ => {}
                }
            }
            let resting = hold(&self.resting).get(case).map(|rest| rest.until);
            let later = view.due.iter().map(|due| due.at).find(|at| *at > now);
            next = next
                .into_iter()
                .chain(later)
                .chain(resting.filter(|at| *at > now))
                .min();
            if deeds != Deeds::default() && resting.is_none_or(|until| until <= now) {
                all.push((case.clone(), deeds));
            }
        }
        (all, next)
    }

    /// Raises the alert that belongs to what has come.
    fn tell(&self, case: &CaseId, at: Timestamp, what: &What) {
        match what {
            What::Gate {
                step,
                roles,
                expires,
            } => {
                let detail = format!("step {step}, open until {}", utc(*expires));
                self.raise(Kind::GateWaiting, case, &detail, Some(roles));
            }
            What::Expiry(step) => {
                let detail = format!("step {step}, open until {}", utc(at));
                self.raise(Kind::GateExpired, case, &detail, None);
            }
            What::Clock {
                rule, percent, due, ..
            } => {
                let kind = match percent {
                    ..80 => Kind::ClockHalf,
                    80..100 => Kind::ClockNear,
                    _ => Kind::ClockOver,
                };
                let detail = format!("clock {rule}, due {}", utc(*due));
                self.raise(kind, case, &detail, None);
            }
            What::Receipt { rule, due } => {
                let detail = format!("clock {rule}, due {}", utc(*due));
                self.raise(Kind::ReceiptMissing, case, &detail, None);
            }
            What::Departure => {
                self.raise(Kind::DepartureEffective, case, &utc(at), None);
            }
            What::Reopened(line, door) => {
                let detail = format!("{door}, line {} of the log", line + 1);
                self.raise(Kind::DoorReopened, case, &detail, None);
            }
            What::Recalled(line) => {
                let detail = format!("line {} of the log", line + 1);
                self.raise(Kind::CaseRecalled, case, &detail, None);
            }
            What::Look(_) | What::Mail(_) => {}
        }
    }

    fn raise(&self, kind: Kind, case: &CaseId, detail: &str, roles: Option<&[String]>) {
        let raised = match roles {
            Some(roles) => self.alerts.raise_to(kind, Some(case), detail, roles),
            None => self.alerts.raise(kind, Some(case), detail),
        };
        if let Err(fault) = raised {
            tracing::error!(%case, code = fault.code(), "an alert could not be kept");
        }
    }

    /// Messages that wait for a person, when something has come in since.
    fn look_at_messages(&self) {
        let about = std::fs::metadata(self.app.settings.data.join("messages"));
        let changed = about.and_then(|about| about.modified()).ok();
        let mut seen = hold(&self.messages);
        if changed.is_none() || *seen == changed {
            return;
        }
        match self.app.waiting() {
            Ok(waiting) => {
                for one in waiting {
                    let detail = format!("message {}", one.message);
                    let kind = Kind::MessageWaits;
                    let roles = if one.route == SUSPICION {
                        RESTRICTED
                    } else {
                        kind.words().roles
                    };
                    let raised = self.alerts.raise_about(
                        kind,
                        (&one.subject, one.case.as_ref()),
                        &detail,
                        roles,
                    );
                    if let Err(fault) = raised {
                        tracing::error!(code = fault.code(), "an alert could not be kept");
                    }
                }
                *seen = changed;
            }
            Err(fault) => {
                tracing::error!(code = fault.code(), "the messages cannot be looked over");
            }
        }
    }

    /// Does what is due in a case, and lets it rest.
    async fn settle(&self, case: &CaseId, deeds: Deeds) {
        let done = self.act(case, &deeds).await;
        let now = self.app.clock.now();
        let mut resting = hold(&self.resting);
        let before = resting.get(case).map_or(0, |rest| rest.failures);
        let failures = match &done {
            Ok(()) => 0,
            // Somebody else works on it; nothing is wrong.
            Err(fault) if fault.kind() == Ended::Owned => 0,
            Err(fault) => {
                tracing::error!(%case, code = fault.code(), "what is due could not be done");
                before.saturating_add(1)
            }
        };
        let rest = (REST * (1i32 << failures.min(10))).min(REST_MOST);
        let until = now.saturating_add(rest).unwrap_or(now);
        resting.insert(case.clone(), Rest { failures, until });
    }

    async fn act(&self, case: &CaseId, deeds: &Deeds) -> Result<()> {
        let (app, name) = (Arc::clone(&self.app), case.to_string());
        let opened = tokio::task::spawn_blocking(move || app.desk_by(&name, Actor::Engine));
        let desk = opened.await.map_err(|error| {
            Fault::failed("timer", "A case could not be opened.").caused_by(error)
        })??;
        if !deeds.expired.is_empty() {
            let now = self.app.clock.now();
            let run_out = |state: &CaseState| Ok(run_out(state, &deeds.expired, now));
            let written = desk
                .log
                .append_if(&Actor::Engine, Vec::new(), run_out)
                .await?;
            tracing::info!(%case, gates = written.len(), "gates ran out");
        }
        let mails = if deeds.mail {
            desk.send_delayed().await
        } else {
            Ok(0)
        };
        // Looked at again: a person may have decided or held the case since.
        let now = self.app.clock.now();
        let looks = desk.log.read(|state| {
            let due = due::of(state);
            due.iter()
                .any(|due| due.at <= now && matches!(due.what, What::Look(_)))
        });
        if deeds.look && looks {
            let options = Options {
                linger: Duration::ZERO,
                ..Options::default()
            };
            let (_never, cancel) = watch::channel(false);
            let report = desk.run(&options, Arc::new(Quiet), cancel).await?;
            tracing::info!(%case, not_closed = report.not_closed.len(), "looked at what was closed");
        }
        desk.finish().await?;
        let taken = mails?;
        if taken > 0 {
            tracing::info!(%case, taken, "mails that were asked for later went out");
        }
        Ok(())
    }
}

/// The gates that have run out and that nobody has settled, as the engine would write it.
fn run_out(state: &CaseState, steps: &[StepId], now: Timestamp) -> Vec<Event> {
    let over = due::of(state).into_iter().filter_map(|due| match due.what {
        What::Expiry(step) if due.at <= now && steps.contains(&step) => Some(step),
        _ => None,
    });
    over.map(|step| Event::GateExpired { step }).collect()
}

fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
