//! Undo: chosen by a person, door by door, in the reverse order of closing. Never by itself.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use tokio::time::Instant;

use super::Providers;
use super::backoff::{ATTEMPT, PROBE};
use super::call::{bounded, probe, short};
use crate::case::event::{Actor, Event};
use crate::case::log::CaseLog;
use crate::case::state::{CaseState, DoorRecord};
use crate::door::{Class, Door, DoorState, Probe};
use crate::fault::Result;
use crate::http::Witness;
use crate::id::DoorId;
use crate::provider::{Closing, Cx, Provider};

/// How long one call may take.
pub(super) const LIMIT: Duration = Duration::from_mins(1);
/// How often reopening is tried, the first time included.
const TRIES: u32 = 3;
/// How long to look for proof that a door is open again.
const PROVE_WITHIN: Duration = Duration::from_mins(1);

/// What became of the undo of one door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undone {
    /// A probe proved that it is open again.
    Open,
    /// The provider accepted, and nothing proves it yet; the reason says why.
    Unproven(String),
    /// It was tried and failed, or the provider refused.
    Failed(String),
    /// It cannot be undone, and nothing was called; the reason says why.
    Impossible(String),
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
/// the other, the one that was closed last first; then all are proven together.
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
) -> Result<Vec<(DoorId, Undone)>> {
    let _acting = log.engage()?;
    let (jobs, mut ends) = log.read(|state| sort(state, providers, chosen));
    let cx = Cx {
        witness: &**witness,
        clock: &**log.clock(),
    };
    let mut order: Vec<DoorId> = Vec::new();
    let mut proofs = Vec::new();
    for job in &jobs {
        order.push(job.door.id.clone());
        match reopen(log, by, job, cx).await? {
            Ok(()) => proofs.push(prove(log, job, cx)),
            Err(end) => {
                ends.insert(job.door.id.clone(), end);
            }
        }
    }
    for proof in join_all(proofs).await {
        let (id, end) = proof?;
        ends.insert(id, end);
    }
    let mut done: Vec<_> = (order.into_iter())
        .filter_map(|id| ends.remove_entry(&id))
        .collect();
    done.extend(ends);
    Ok(done)
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

/// Intent, call, answer; an unclear answer is looked at before the call is made again.
async fn reopen(log: &CaseLog, by: &Actor, job: &Job, cx: Cx<'_>) -> Result<Result<(), Undone>> {
    let already = |evidence| Closing::AlreadyDone { evidence };
    if job.in_doubt
        && let Some(evidence) = seen_open(log, job, cx).await?
    {
        // The intent whose answer a crash took is the one that this answers.
        record(log, job, already(evidence)).await?;
        return Ok(Ok(()));
    }
    for tries in 1.. {
        let door = job.door.id.clone();
        log.append(by, vec![Event::UndoIntended { door }]).await?;
        let answer = bounded(LIMIT, job.provider.reopen(&job.door, &job.undo, cx)).await;
        let why = match answer.map(short) {
            Ok(closing @ (Closing::Accepted { .. } | Closing::AlreadyDone { .. })) => {
                record(log, job, closing).await?;
                return Ok(Ok(()));
            }
            Ok(Closing::Refused { why, evidence }) => {
                let end = Undone::Failed(format!("The provider refused: {why}"));
                record(log, job, Closing::Refused { why, evidence }).await?;
                return Ok(Err(end));
            }
            Ok(Closing::Unclear { why }) => why,
            Err(miss) => miss.to_string(),
        };
        if let Some(evidence) = seen_open(log, job, cx).await? {
            record(log, job, already(evidence)).await?;
            return Ok(Ok(()));
        }
        let unclear = Closing::Unclear { why: why.clone() };
        record(log, job, unclear).await?;
        if tries >= TRIES {
            let why = format!("There was no clear answer, and the door is not open: {why}");
            return Ok(Err(Undone::Failed(why)));
        }
        tokio::time::sleep(ATTEMPT.after(tries)).await;
    }
    Ok(Err(Undone::Failed("It was not tried.".to_owned())))
}

async fn record(log: &CaseLog, job: &Job, closing: Closing) -> Result<()> {
    let door = job.door.id.clone();
    let event = Event::UndoActed { door, closing };
    log.append(&Actor::Engine, vec![event]).await.map(|_| ())
}

/// Looks; the evidence when the door is open.
async fn seen_open(log: &CaseLog, job: &Job, cx: Cx<'_>) -> Result<Option<crate::id::EvidenceId>> {
    let probe = look(log, job, cx).await?;
    let open = probe.state == DoorState::Open;
    Ok(probe.evidence.into_iter().next().filter(|_| open))
}

async fn look(log: &CaseLog, job: &Job, cx: Cx<'_>) -> Result<Probe> {
    let seen = probe(&*job.provider, &job.door, LIMIT, cx).await;
    let look = super::look::record(log, job.door.id.clone(), seen).await?;
    Ok(look.probe)
}

/// Looks until the door is proven open or the time is over.
async fn prove(log: &CaseLog, job: &Job, cx: Cx<'_>) -> Result<(DoorId, Undone)> {
    let until = Instant::now() + PROVE_WITHIN;
    let id = job.door.id.clone();
    for looks in 1.. {
        let probe = look(log, job, cx).await?;
        if probe.state == DoorState::Open {
            return Ok((id, Undone::Open));
        }
        let now = Instant::now();
        if now >= until {
            let why = format!("The provider accepted, but: {}", probe.why);
            return Ok((id, Undone::Unproven(why)));
        }
        tokio::time::sleep(PROBE.after(looks).min(until - now)).await;
    }
    Ok((id, Undone::Unproven("It was not looked at.".to_owned())))
}
