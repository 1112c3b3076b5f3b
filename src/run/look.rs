//! Looking at doors again outside of a run. Reads only.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::join_all;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::Providers;
use super::call::{probe, unknown};
use super::line::Line;
use super::steps::kept;
use super::undo::{BEGIN_WITHIN, LIMIT};
use crate::case::event::{Actor, Event};
use crate::case::log::CaseLog;
use crate::door::{Door, DoorState, Probe};
use crate::fault::Result;
use crate::http::Witness;
use crate::id::DoorId;
use crate::provider::{Cx, Provider};

/// What a look at one door saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// The door.
    pub door: DoorId,
    /// What the case believed before.
    pub before: DoorState,
    /// What was seen.
    pub probe: Probe,
}

/// Probes `chosen` doors again, or every door that this case ever touched when it is `None`; all at
/// once within the limits of each provider. The case takes what each probe saw. Once a provider cannot
/// be reached, its remaining doors are `unknown` without another call.
///
/// # Errors
/// The case log cannot be written. A door that cannot be looked at is `unknown`, not an error.
pub async fn verify(
    log: &CaseLog,
    providers: &Providers,
    witness: &Arc<dyn Witness>,
    chosen: Option<&[DoorId]>,
) -> Result<Vec<Look>> {
    let doors: Vec<Door> = log.read(|state| {
        let wanted = state
            .doors
            .iter()
            .filter(|(id, record)| chosen.map_or(record.touched, |chosen| chosen.contains(id)));
        wanted.map(|(_, record)| record.door.clone()).collect()
    });
    let lanes: BTreeMap<&String, Lane<'_>> = providers
        .iter()
        .map(|(name, provider)| (name, Lane::of(provider)))
        .collect();
    let (lanes, until) = (&lanes, Instant::now() + BEGIN_WITHIN);
    let looks = doors.into_iter().map(|door| async move {
        let seen = match lanes.get(&door.provider) {
            Some(lane) => {
                let cx = Cx {
                    witness: &**witness,
                    clock: &**log.clock(),
                };
                lane.look(&door, until, cx).await
            }
            None => unknown(format!(
                "The provider `{}` is not configured.",
                door.provider
            )),
        };
        record(log, door.id, seen).await
    });
    join_all(looks).await.into_iter().collect()
}

/// The looks at one provider.
struct Lane<'a> {
    provider: &'a dyn Provider,
    slots: Semaphore,
    /// A look got no answer at all, and nothing more is asked.
    dead: AtomicBool,
}

impl<'a> Lane<'a> {
    fn of(provider: &'a Arc<dyn Provider>) -> Self {
        Self {
            provider: &**provider,
            slots: Semaphore::new(provider.spec().in_flight.max(1)),
            dead: AtomicBool::new(false),
        }
    }

    async fn look(&self, door: &Door, until: Instant, cx: Cx<'_>) -> Probe {
        let _slot = self.slots.acquire().await;
        if self.dead.load(Ordering::Relaxed) {
            return unknown(format!(
                "It was not looked at: `{}` could not be reached for another door; verify again when it answers.",
                door.provider
            ));
        }
        if Instant::now() >= until {
            return unknown(format!(
                "It was not looked at: no look is begun after {} min; verify again.",
                BEGIN_WITHIN.as_secs() / 60
            ));
        }
        let line = Line::new(cx);
        let seen = probe(self.provider, door, LIMIT, line.cx()).await;
        self.dead.fetch_or(line.is_dead(LIMIT), Ordering::Relaxed);
        seen
    }
}

/// Records what a look saw, as far as the case holds the evidence for it.
pub(super) async fn record(log: &CaseLog, door: DoorId, seen: Probe) -> Result<Look> {
    let mut look = Look {
        door,
        before: DoorState::Unknown,
        probe: seen,
    };
    log.append_if(&Actor::Engine, Vec::new(), |state| {
        look.probe = kept(state, &look.door, look.probe.clone());
        if let Some(known) = state.doors.get(&look.door) {
            look.before = known.state;
        }
        Ok(vec![Event::DoorProbed {
            door: look.door.clone(),
            state: look.probe.state,
            probe: look.probe.clone(),
        }])
    })
    .await?;
    Ok(look)
}
