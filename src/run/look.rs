//! Looking at doors again outside of a run. Reads only.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::join_all;
use tokio::sync::Semaphore;

use super::Providers;
use super::call::{probe, unknown};
use super::steps::kept;
use super::undo::LIMIT;
use crate::case::event::{Actor, Event};
use crate::case::log::CaseLog;
use crate::door::{Door, DoorState, Probe};
use crate::fault::Result;
use crate::http::Witness;
use crate::id::DoorId;
use crate::provider::Cx;

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
/// once within the limits of each provider. The case takes what each probe saw.
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
    let slots: BTreeMap<_, _> = providers
        .iter()
        .map(|(name, provider)| (name, Semaphore::new(provider.spec().in_flight.max(1))))
        .collect();
    let slots = &slots;
    let looks = doors.into_iter().map(|door| async move {
        let seen = match (providers.get(&door.provider), slots.get(&door.provider)) {
            (Some(provider), Some(slots)) => {
                let _slot = slots.acquire().await;
                let cx = Cx {
                    witness: &**witness,
                    clock: &**log.clock(),
                };
                probe(&**provider, &door, LIMIT, cx).await
            }
            _ => unknown(format!(
                "The provider `{}` is not configured.",
                door.provider
            )),
        };
        record(log, door.id, seen).await
    });
    join_all(looks).await.into_iter().collect()
}

/// Records what a look saw, as far as the case holds the evidence for it.
pub(super) async fn record(log: &CaseLog, door: DoorId, seen: Probe) -> Result<Look> {
    let mut look = Look {
        door,
        before: DoorState::Unknown,
        probe: seen,
    };
    log.append_if(&Actor::Engine, Vec::new(), |state| {
        look.probe = kept(state, look.probe.clone());
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
