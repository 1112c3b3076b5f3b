//! The doors of a case by state: what is not closed first, each account for itself.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::access::Ability;
use crate::app::summary::{DoorLine, Summary};
use crate::door::DoorState;
use crate::playbook::Catalogue;
use crate::web::look::Look;
use crate::web::shown::{When, line, short};

/// Every door that the visitor may see.
#[derive(Debug, Serialize)]
pub(super) struct Doors {
    all: usize,
    counts: Vec<Count>,
    states: Vec<StateGroup>,
    /// Closed doors are counted and not listed.
    in_short: bool,
    /// What inventories could not see.
    blind: Vec<String>,
    /// Accounts that were taken back.
    withdrawn: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Count {
    state: &'static str,
    number: usize,
}

#[derive(Debug, Serialize)]
struct StateGroup {
    state: &'static str,
    means: &'static str,
    number: usize,
    /// Folded away until somebody asks: what is closed needs no attention.
    folded: bool,
    accounts: Vec<AccountGroup>,
}

#[derive(Debug, Serialize)]
struct AccountGroup {
    account: String,
    kinds: Vec<KindGroup>,
}

/// Doors of one kind about which the same is said.
#[derive(Debug, Serialize)]
struct KindGroup {
    what: String,
    kind: String,
    why: String,
    doors: Vec<DoorView>,
}

#[derive(Debug, Serialize)]
struct DoorView {
    label: String,
    residual: Option<When>,
    as_of: Option<When>,
}

/// In the order of the page.
const STATES: [(DoorState, &str); 4] = [
    (DoorState::Open, "It still works, or nothing was tried."),
    (
        DoorState::Unknown,
        "It cannot be proven; the reason says why.",
    ),
    (
        DoorState::Closing,
        "The provider accepted the close; nothing proves it yet.",
    ),
    (DoorState::Closed, "Proven by a look after the close."),
];

/// The doors as the visitor may see them: whoever sees no evidence sees what is not closed.
pub(super) fn doors(look: &Look<'_>, summary: &Summary, catalogue: &Catalogue) -> Doors {
    let in_short = !look.may(Ability::SeeEvidence);
    let states = STATES
        .into_iter()
        .filter(|(state, _)| summary.count(*state) > 0)
        .filter(|(state, _)| !in_short || *state != DoorState::Closed)
        .map(|(state, means)| StateGroup {
            state: state.word(),
            means,
            number: summary.count(state),
            folded: state == DoorState::Closed,
            accounts: accounts(look, summary, state, catalogue),
        });
    let words = |state: DoorState| Count {
        state: state.word(),
        number: summary.count(state),
    };
    Doors {
        all: summary.door_list.len(),
        counts: STATES.into_iter().map(|(state, _)| words(state)).collect(),
        states: states.collect(),
        in_short,
        blind: summary.blind.iter().map(|gap| line(gap)).collect(),
        withdrawn: summary
            .withdrawn
            .iter()
            .map(|account| format!("{} at {}", short(&account.login), account.provider))
            .collect(),
    }
}

fn accounts(
    look: &Look<'_>,
    summary: &Summary,
    state: DoorState,
    catalogue: &Catalogue,
) -> Vec<AccountGroup> {
    let mut accounts: BTreeMap<String, BTreeMap<(&str, &str), Vec<&DoorLine>>> = BTreeMap::new();
    for door in summary.door_list.iter().filter(|door| door.state == state) {
        let kinds = accounts.entry(account(look, door)).or_default();
        let alike = kinds.entry((&door.kind, &door.why)).or_default();
        alike.push(door);
    }
    let group = |((kind, why), doors): ((&str, &str), Vec<&DoorLine>)| KindGroup {
        what: catalogue
            .kind(kind)
            .map_or_else(|| short(kind), |kind| kind.title.to_owned()),
        kind: short(kind),
        why: line(why),
        doors: doors.into_iter().map(|door| view(look, door)).collect(),
    };
    let accounts = accounts.into_iter();
    accounts
        .map(|(account, kinds)| AccountGroup {
            account,
            kinds: kinds.into_iter().map(group).collect(),
        })
        .collect()
}

fn view(look: &Look<'_>, door: &DoorLine) -> DoorView {
    DoorView {
        label: line(&door.label),
        residual: door.residual_until.map(|at| look.words.when(at)),
        as_of: door.as_of.map(|at| look.words.when(at)),
    }
}

/// `login at provider`, as the case knows the account.
fn account(look: &Look<'_>, door: &DoorLine) -> String {
    let Some(record) = look.state.doors.get(&door.id) else {
        return "not known".to_owned();
    };
    let mut known = look.state.accounts.iter();
    let known = known.find(|account| record.door.is_of(account));
    let login = known.map_or(record.door.account.as_str(), |account| &account.login);
    let login = if login.is_empty() {
        "no account"
    } else {
        login
    };
    format!("{} at {}", short(login), short(&record.door.provider))
}
