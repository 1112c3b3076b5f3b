//! Finding doors: every account in parallel, each within its time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;

use super::Providers;
use super::call::bounded;
use crate::case::event::{Actor, Event};
use crate::case::log::CaseLog;
use crate::case::state::CaseState;
use crate::door::{Door, DoorState};
use crate::fault::Result;
use crate::http::Witness;
use crate::id::DoorId;
use crate::provider::{Account, Completeness, Cx, Inventory, Spec};

/// A description larger than this is not one of a door.
const LARGEST_DOOR: usize = 256 * 1024;

/// What an inventory of one account came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Looked {
    /// The account.
    pub account: Account,
    /// Doors that were found, or why the account could not be read.
    pub doors: Result<u32, String>,
    /// Doors that were proven closed before and were found again: probe them.
    pub again: Vec<DoorId>,
}

/// Reads the doors of `accounts`, all at once, each within `deadline` (90 s is usual), and records
/// what was found and what could not be seen. Reads only.
///
/// # Errors
/// The case log cannot be written. A provider that fails is a finding, not an error.
pub async fn inventory(
    log: &CaseLog,
    providers: &Providers,
    witness: &Arc<dyn Witness>,
    accounts: &[Account],
    deadline: Duration,
) -> Result<Vec<Looked>> {
    let looks = accounts
        .iter()
        .map(|account| look(log, providers, witness, account, deadline));
    join_all(looks).await.into_iter().collect()
}

async fn look(
    log: &CaseLog,
    providers: &Providers,
    witness: &Arc<dyn Witness>,
    account: &Account,
    deadline: Duration,
) -> Result<Looked> {
    let Some(provider) = providers.get(&account.provider) else {
        let why = format!("The provider `{}` is not configured.", account.provider);
        return failed(log, account, why).await;
    };
    let cx = Cx {
        witness: &**witness,
        clock: &**log.clock(),
    };
    let found = match bounded(deadline, provider.doors(account, cx)).await {
        Ok(found) => found,
        Err(miss) => return failed(log, account, format!("{miss}.")).await,
    };
    let spec = provider.spec();
    let mut looked = Looked {
        account: account.clone(),
        doors: Ok(0),
        again: Vec::new(),
    };
    log.append_if(&Actor::Engine, Vec::new(), |state| {
        if state.withdrawn.contains(account) {
            looked.doors = Err("The account was withdrawn meanwhile.".to_owned());
            return Ok(Vec::new());
        }
        let (doors, completeness) = sift(state, account, spec, found);
        let number = u32::try_from(doors.len()).unwrap_or(u32::MAX);
        looked.doors = Ok(number);
        let closed = |door: &&Door| {
            let known = state.doors.get(&door.id);
            known.is_some_and(|record| record.state == DoorState::Closed)
        };
        looked.again = (doors.iter().filter(closed))
            .map(|door| door.id.clone())
            .collect();
        let mut events: Vec<Event> = doors.into_iter().map(Event::DoorFound).collect();
        events.push(Event::InventoryRead {
            account: account.clone(),
            doors: number,
            completeness,
            blind: spec.blind.iter().map(|&blind| blind.to_owned()).collect(),
        });
        Ok(events)
    })
    .await?;
    Ok(looked)
}

async fn failed(log: &CaseLog, account: &Account, why: String) -> Result<Looked> {
    let event = Event::InventoryFailed {
        account: account.clone(),
        why: why.clone(),
    };
    log.append(&Actor::Engine, vec![event]).await?;
    Ok(Looked {
        account: account.clone(),
        doors: Err(why),
        again: Vec::new(),
    })
}

/// Keeps the doors that can be acted on, marks those that are protected, and states the others as a
/// gap: what a provider's code got wrong must not become a close.
fn sift(
    state: &CaseState,
    account: &Account,
    spec: &Spec,
    found: Inventory,
) -> (Vec<Door>, Vec<Completeness>) {
    let mut doors = BTreeMap::new();
    let mut left_out: BTreeSet<&'static str> = BTreeSet::new();
    for mut door in found.doors {
        let wrong = if door.provider != account.provider || door.account != account.id {
            Some("a door of another account")
        } else if spec.door_kind(&door.kind).is_none() {
            Some("a door of an unknown kind")
        } else if door.id != Door::id_of(&door.provider, &door.kind, &door.native) {
            Some("a door with a wrong id")
        } else if !state.evidence.contains_key(&door.evidence) {
            Some("a door without evidence")
        } else if serde_json::to_vec(&door).map_or(true, |bytes| bytes.len() > LARGEST_DOOR) {
            Some("a door of unreasonable size")
        } else {
            None
        };
        if let Some(wrong) = wrong {
            left_out.insert(wrong);
            continue;
        }
        if door.protected.is_none() {
            door.protected = protection(state, account, &door);
        }
        doors.insert(door.id.clone(), door);
    }
    let mut completeness = found.completeness;
    if !left_out.is_empty() {
        completeness.push(Completeness {
            what: format!("doors of {}", spec.name),
            gaps: left_out
                .into_iter()
                .map(|wrong| format!("The provider's code returned {wrong}; it was left out."))
                .collect(),
            ..Completeness::default()
        });
    }
    (doors.into_values().collect(), completeness)
}

/// Why a door must not be closed: the protected list of the case names it or its account, by id,
/// native id, label or login, alone or behind the name of the provider and a colon.
fn protection(state: &CaseState, account: &Account, door: &Door) -> Option<String> {
    let known_as = [
        door.id.as_str(),
        &door.native,
        &door.label,
        &account.id,
        &account.login,
    ];
    let named = |entry: &&String| {
        let bare = entry
            .strip_prefix(account.provider.as_str())
            .and_then(|rest| rest.strip_prefix(':'))
            .unwrap_or(entry.as_str());
        known_as.iter().any(|name| name.eq_ignore_ascii_case(bare))
    };
    let entry = state.protected.iter().find(named)?;
    Some(format!("`{entry}` is on the protected list"))
}
