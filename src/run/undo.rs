//! Undo: chosen by a person, door by door, in the reverse order of closing. Never by itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::join_all;
use tokio::sync::watch;
use tokio::time::Instant;

use super::backoff::{ATTEMPT, PROBE};
use super::call::{bounded, probe, short};
use super::line::Line;
use super::{Progress, Providers};
use crate::case::event::{Actor, Event};
use crate::case::log::CaseLog;
use crate::case::state::{CaseState, DoorRecord};
use crate::door::{Class, Door, DoorState, Probe};
use crate::fault::Result;
use crate::http::Witness;
use crate::id::{DoorId, EvidenceId};
use crate::provider::{Closing, Cx, Provider};

/// How long one call may take.
pub(super) const LIMIT: Duration = Duration::from_mins(1);
/// How often reopening is tried, the first time included.
const TRIES: u32 = 3;
/// How long to look for proof that a door is open again.
const PROVE_WITHIN: Duration = Duration::from_mins(1);
/// After this long no further door is begun; the same command goes on with the rest.
pub(super) const BEGIN_WITHIN: Duration = Duration::from_mins(10);

/// What became of the undo of one door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undone {
    /// A probe proved that it is open again.
    Open,
    /// The provider accepted, and nothing proves it yet; the reason says why.
    Unproven(String),
    /// It was tried and failed, or the provider refused.
    Failed(String),
    /// It was tried, and nobody knows what came of it; the reason says why.
    Unknown(String),
    /// It was not tried, and nothing was called: the provider cannot be reached, or the time is over.
    Untried(String),
    /// It cannot be undone, and nothing was called; the reason says why.
    Impossible(String),
}

/// A door that an undo would open again, or not.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Undoable {
    /// The door.
    pub door: DoorId,
    /// What it is. Hostile text; empty when the case has no such door.
    pub label: String,
    /// Why it cannot be undone; `None` when it can.
    pub why_not: Option<String>,
}

/// What [`undo`] would do, in its order. Nothing is called and nothing is written.
pub fn undoable(
    state: &CaseState,
    providers: &Providers,
    chosen: Option<&[DoorId]>,
) -> Vec<Undoable> {
    let label = |id: &DoorId| {
        let record = state.doors.get(id);
        record.map_or_else(String::new, |record| record.door.label.clone())
    };
    let (jobs, ends) = sort(state, providers, chosen);
    let can = jobs.iter().map(|job| (job.door.id.clone(), None));
    let cannot = ends.into_iter().map(|(id, end)| match end {
        Undone::Impossible(why) => (id, Some(why)),
        _ => (id, None),
    });
    can.chain(cannot)
        .map(|(door, why_not)| Undoable {
            label: label(&door),
            door,
            why_not,
        })
        .collect()
}

/// What undoing one door needs.
struct Job {
    door: Door,
    undo: serde_json::Value,
    provider: Arc<dyn Provider>,
    /// An earlier undo was begun, and its answer is not known: look first.
    in_doubt: bool,
}

/// Opens doors again that this case closed: those of `chosen`, or all when it is `None`. One after
/// the other, the one that was closed last first; then all are proven together. A provider that
/// cannot be reached keeps its remaining doors as they are and does not hold up the others. Told to
/// stop, by `cancel` or through the log, it begins no further door and proves those that it has opened.
///
/// # Errors
/// The case log cannot be written, or a run of the case is under way. A door that cannot be opened is
/// an answer, not an error.
pub async fn undo(
    log: &CaseLog,
    providers: &Providers,
    witness: &Arc<dyn Witness>,
    by: &Actor,
    chosen: Option<&[DoorId]>,
    progress: &dyn Progress,
    cancel: watch::Receiver<bool>,
) -> Result<Vec<(DoorId, Undone)>> {
    let undoing = log.engage_undo()?;
    let stopped = || *cancel.borrow() || undoing.is_stopped();
    let (jobs, mut ends) = log.read(|state| sort(state, providers, chosen));
    let cx = Cx {
        witness: &**witness,
        clock: &**log.clock(),
    };
    let until = Instant::now() + BEGIN_WITHIN;
    let mut accepted = Vec::new();
    let mut dead: BTreeSet<&str> = BTreeSet::new();
    let mut untried = 0_u32;
    for job in &jobs {
        let provider = job.door.provider.as_str();
        let end = if dead.contains(provider) {
            untried += 1;
            Undone::Untried(format!(
                "`{provider}` could not be reached for a door before it, so this one was left as it is; repeat the command when it answers."
            ))
        } else if stopped() {
            untried += 1;
            Undone::Untried(
                "It was told to stop; repeat the command, and it goes on with the rest.".to_owned(),
            )
        } else if Instant::now() >= until {
            untried += 1;
            Undone::Untried(format!(
                "No door is begun after {} min; repeat the command, and it goes on with the rest.",
                BEGIN_WITHIN.as_secs() / 60
            ))
        } else {
            progress.undoing(&job.door);
            match reopen(log, by, job, cx).await? {
                Reopened::Accepted => {
                    accepted.push(job);
                    continue;
                }
                Reopened::Not(end) => end,
                Reopened::Dead(why) => {
                    dead.insert(provider);
                    Undone::Unknown(format!(
                        "`{provider}` cannot be reached, so nobody knows whether the door is open: {why}"
                    ))
                }
            }
        };
        progress.undone(&job.door.id, &end);
        ends.insert(job.door.id.clone(), end);
    }
    if untried > 0 {
        let text = format!(
            "undo: {untried} doors were not tried: {}.",
            if stopped() {
                "it was told to stop"
            } else {
                "a provider could not be reached or the time was over"
            }
        );
        log.append(&Actor::Engine, vec![Event::CaseNoted { text }])
            .await?;
    }
    ends.extend(prove_all(log, accepted, cx, progress).await?);
    let order = jobs.iter().map(|job| &job.door.id);
    let mut done: Vec<_> = order.filter_map(|id| ends.remove_entry(id)).collect();
    done.extend(ends);
    Ok(done)
}

/// Looks at everything that was accepted, all at once.
async fn prove_all(
    log: &CaseLog,
    jobs: Vec<&Job>,
    cx: Cx<'_>,
    progress: &dyn Progress,
) -> Result<Vec<(DoorId, Undone)>> {
    let silent: BTreeMap<&str, AtomicBool> = (jobs.iter())
        .map(|job| (job.door.provider.as_str(), AtomicBool::new(false)))
        .collect();
    let proofs = jobs.into_iter().filter_map(|job| {
        let silent = silent.get(job.door.provider.as_str())?;
        Some(async move {
            let (id, end) = prove(log, job, silent, cx).await?;
            progress.undone(&id, &end);
            Ok((id, end))
        })
    });
    join_all(proofs).await.into_iter().collect()
}

/// What can be undone, the last closed first, and what cannot.
fn sort(
    state: &CaseState,
    providers: &Providers,
    chosen: Option<&[DoorId]>,
) -> (Vec<Job>, BTreeMap<DoorId, Undone>) {
    let mut jobs = Vec::new();
    let mut ends = BTreeMap::new();
    let all: Vec<DoorId>;
    let chosen = if let Some(chosen) = chosen {
        chosen
    } else {
        let touched = |record: &&DoorRecord| record.touched && (!record.undone || record.undoing);
        all = (state.doors.values().filter(touched))
            .map(|record| record.door.id.clone())
            .collect();
        &all
    };
    for id in chosen {
        let Some(record) = state.doors.get(id) else {
            let why = "The case has no such door.".to_owned();
            ends.insert(id.clone(), Undone::Impossible(why));
            continue;
        };
        match job(record, providers) {
            Ok(job) => jobs.push((record.closing_line, job)),
            Err(why) => {
                ends.insert(id.clone(), Undone::Impossible(why));
            }
        }
    }
    jobs.sort_by_key(|(line, _)| std::cmp::Reverse(*line));
    jobs.dedup_by(|(_, a), (_, b)| a.door.id == b.door.id);
    (jobs.into_iter().map(|(_, job)| job).collect(), ends)
}

fn job(record: &DoorRecord, providers: &Providers) -> Result<Job, String> {
    if !record.touched {
        return Err("Cordon never closed it, so there is nothing to undo.".to_owned());
    }
    if record.undone && !record.undoing {
        return Err("It was opened again before.".to_owned());
    }
    let name = &record.door.provider;
    let Some(provider) = providers.get(name) else {
        return Err(format!("The provider `{name}` is not configured."));
    };
    let kind = provider.spec().door_kind(&record.door.kind);
    let class = kind.map_or(Class::Irreversible, |kind| kind.class);
    match (&record.undo, class) {
        (Some(undo), _) => Ok(Job {
            door: record.door.clone(),
            undo: undo.clone(),
            provider: Arc::clone(provider),
            in_doubt: record.undoing,
        }),
        (None, Class::Redoable) => {
            Err("It needs no undo: the account holder can simply do it again.".to_owned())
        }
        (None, Class::Irreversible) => Err("It is gone for good: nothing restores it.".to_owned()),
        (None, Class::Reversible) => {
            Err("No inverse was stored; restore it by hand at the provider.".to_owned())
        }
    }
}

/// What came of reopening one door.
enum Reopened {
    /// The provider accepted, or the door was seen open.
    Accepted,
    /// It is not open, or not known to be.
    Not(Undone),
    /// Neither the call nor the look after it got any answer.
    Dead(String),
}

/// Intent, call, answer; an unclear answer is looked at before the call is made again.
async fn reopen(log: &CaseLog, by: &Actor, job: &Job, cx: Cx<'_>) -> Result<Reopened> {
    let already = |evidence| Closing::AlreadyDone { evidence };
    if job.in_doubt {
        let seen = look(log, job, cx).await?;
        if let Some(evidence) = seen.open() {
            // The intent whose answer a crash took is the one that this answers.
            record(log, job, already(evidence)).await?;
            return Ok(Reopened::Accepted);
        }
        if seen.dead {
            return Ok(Reopened::Dead(seen.probe.why));
        }
    }
    for tries in 1.. {
        let door = job.door.id.clone();
        log.append(by, vec![Event::UndoIntended { door }]).await?;
        let line = Line::new(cx);
        let answer = bounded(LIMIT, job.provider.reopen(&job.door, &job.undo, line.cx())).await;
        let dead = line.is_dead(LIMIT);
        let why = match answer.map(short) {
            Ok(closing @ (Closing::Accepted { .. } | Closing::AlreadyDone { .. })) => {
                record(log, job, closing).await?;
                return Ok(Reopened::Accepted);
            }
            Ok(Closing::Refused { why, evidence }) => {
                let end = Undone::Failed(format!("The provider refused: {why}"));
                record(log, job, Closing::Refused { why, evidence }).await?;
                return Ok(Reopened::Not(end));
            }
            Ok(Closing::Unclear { why }) => why,
            Err(miss) => miss.to_string(),
        };
        let seen = look(log, job, cx).await?;
        if let Some(evidence) = seen.open() {
            record(log, job, already(evidence)).await?;
            return Ok(Reopened::Accepted);
        }
        let unclear = Closing::Unclear { why: why.clone() };
        record(log, job, unclear).await?;
        if dead && seen.dead {
            return Ok(Reopened::Dead(why));
        }
        if tries >= TRIES {
            let end = if seen.probe.state == DoorState::Unknown {
                let seen = seen.probe.why;
                Undone::Unknown(format!("There was no clear answer: {why} And: {seen}"))
            } else {
                Undone::Failed(format!(
                    "There was no clear answer, and the door is not open: {why}"
                ))
            };
            return Ok(Reopened::Not(end));
        }
        tokio::time::sleep(ATTEMPT.after(tries)).await;
    }
    let end = Undone::Untried("It was not tried.".to_owned());
    Ok(Reopened::Not(end))
}

async fn record(log: &CaseLog, job: &Job, closing: Closing) -> Result<()> {
    let door = job.door.id.clone();
    let event = Event::UndoActed { door, closing };
    log.append(&Actor::Engine, vec![event]).await.map(|_| ())
}

/// What a look at one door saw.
struct Seen {
    probe: Probe,
    /// Not one answer came.
    dead: bool,
}

impl Seen {
    /// The evidence, when the door is open.
    fn open(&self) -> Option<EvidenceId> {
        let open = self.probe.state == DoorState::Open;
        let evidence = self.probe.evidence.first().cloned();
        evidence.filter(|_| open)
    }
}

async fn look(log: &CaseLog, job: &Job, cx: Cx<'_>) -> Result<Seen> {
    let line = Line::new(cx);
    let seen = probe(&*job.provider, &job.door, LIMIT, line.cx()).await;
    let dead = line.is_dead(LIMIT);
    let look = super::look::record(log, job.door.id.clone(), seen).await?;
    let probe = look.probe;
    Ok(Seen { probe, dead })
}

/// Looks until the door is proven open or the time is over, or until a look at any door of the
/// provider got no answer.
async fn prove(
    log: &CaseLog,
    job: &Job,
    silent: &AtomicBool,
    cx: Cx<'_>,
) -> Result<(DoorId, Undone)> {
    let until = Instant::now() + PROVE_WITHIN;
    let id = job.door.id.clone();
    for looks in 1.. {
        let seen = look(log, job, cx).await?;
        if seen.probe.state == DoorState::Open {
            return Ok((id, Undone::Open));
        }
        let now = Instant::now();
        let dead = silent.fetch_or(seen.dead, Ordering::Relaxed) || seen.dead;
        if now >= until || dead {
            let why = format!("The provider accepted, but: {}", seen.probe.why);
            return Ok((id, Undone::Unproven(why)));
        }
        tokio::time::sleep(PROBE.after(looks).min(until - now)).await;
    }
    Ok((id, Undone::Unproven("It was not looked at.".to_owned())))
}
