//! Which door is closed by which step, and why the others stay open.

use std::collections::{BTreeMap, BTreeSet};

use crate::case::state::{CaseState, DoorRecord};
use crate::door::{DoorKind, DoorState, Link, Order};
use crate::id::DoorId;
use crate::plan::LeftOpen;
use crate::playbook::{Catalogue, Flow, Kind, selects};

/// A door that a step closes.
#[derive(Debug, Clone)]
pub(super) struct Closing {
    pub(super) door: DoorId,
    pub(super) provider: String,
    pub(super) account: String,
    pub(super) label: String,
    pub(super) kind: &'static DoorKind,
    /// Its own order, or that of what has to be closed before it when that is later.
    pub(super) order: Order,
}

/// Every door of the case, sorted.
#[derive(Debug)]
pub(super) struct Doors {
    /// By close step of the playbook, in the order in which they start.
    pub(super) closings: BTreeMap<String, Vec<Closing>>,
    pub(super) left: Vec<LeftOpen>,
}

impl Doors {
    pub(super) fn sort(flow: &Flow<'_>, state: &CaseState, catalogue: &Catalogue) -> Self {
        let mut sorted = Self {
            closings: BTreeMap::new(),
            left: Vec::new(),
        };
        for step in &flow.sorted {
            if matches!(step.kind, Kind::Close(_)) {
                sorted.closings.insert(step.id.clone(), Vec::new());
            }
        }
        for record in state.doors.values() {
            let door = &record.door;
            let placed = closable(record, state, catalogue)
                .and_then(|kind| step_for(kind, flow).map(|step| (kind, step)));
            match placed {
                Ok((kind, step)) => {
                    let closing = Closing {
                        door: door.id.clone(),
                        provider: door.provider.clone(),
                        account: door.account.clone(),
                        label: door.label.clone(),
                        kind,
                        order: effective_order(kind, catalogue),
                    };
                    sorted.closings.entry(step).or_default().push(closing);
                }
                Err(why) => sorted.left.push(LeftOpen {
                    door: door.id.clone(),
                    why,
                }),
            }
        }
        for closings in sorted.closings.values_mut() {
            closings.sort_by(|a, b| {
                let key = |c: &Closing| {
                    (
                        c.order,
                        c.kind.after.len(),
                        c.provider.clone(),
                        c.account.clone(),
                        c.kind.name,
                        c.door.clone(),
                    )
                };
                key(a).cmp(&key(b))
            });
        }
        sorted
    }

    /// The closings of one close step.
    pub(super) fn of(&self, step: &str) -> &[Closing] {
        self.closings
            .get(step)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// Every closing with its step.
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &Closing)> {
        self.closings.iter().flat_map(|(step, closings)| {
            closings.iter().map(move |closing| (step.as_str(), closing))
        })
    }

    /// Closings whose forerunner stays open: the provider wanted it closed first.
    pub(super) fn notes(&self, state: &CaseState) -> Vec<String> {
        let mut notes = BTreeSet::new();
        for (_, closing) in self.all() {
            for left in &self.left {
                let Some(record) = state.doors.get(&left.door) else {
                    continue;
                };
                let door = &record.door;
                let forerunner = closing.kind.after.contains(&door.kind.as_str())
                    && door.provider == closing.provider
                    && door.account == closing.account
                    && record.state != DoorState::Closed;
                if forerunner {
                    notes.insert(format!(
                        "`{}` ({}) is closed although `{}` ({}), which comes before it at the provider, stays as it is: {}",
                        closing.kind.name, closing.door, door.kind, door.id, left.why
                    ));
                }
            }
        }
        notes.into_iter().collect()
    }
}

/// The kind of a door that may be closed, or why it may not.
fn closable(
    record: &DoorRecord,
    state: &CaseState,
    catalogue: &Catalogue,
) -> Result<&'static DoorKind, String> {
    let door = &record.door;
    if let Some(why) = &door.protected {
        return Err(format!("protected: {why}"));
    }
    let chosen = state
        .accounts
        .iter()
        .any(|account| account.provider == door.provider && account.id == door.account);
    if !chosen {
        return Err("of an account that is not chosen in this case".to_owned());
    }
    if door.link == Link::Unattributed {
        return Err(
            "not attributed: nothing ties it to the account; a person has to look".to_owned(),
        );
    }
    if record.state == DoorState::Closed {
        let why = record
            .probe
            .as_ref()
            .map_or("proven", |probe| probe.why.as_str());
        return Err(format!("already closed: {why}"));
    }
    let Some(kind) = catalogue.kind(&door.kind) else {
        return Err(format!(
            "of a kind that this build does not know: {}",
            door.kind
        ));
    };
    if kind.close.is_none() {
        return Err(format!("by hand: no call closes it: {}", kind.title));
    }
    Ok(kind)
}

/// The first close step that takes this kind.
fn step_for(kind: &DoorKind, flow: &Flow<'_>) -> Result<String, String> {
    let mut other_class = false;
    for step in &flow.sorted {
        let Kind::Close(close) = &step.kind else {
            continue;
        };
        if close
            .doors
            .iter()
            .any(|selector| selects(selector, kind.name))
        {
            if close.classes.contains(&kind.class) {
                return Ok(step.id.clone());
            }
            other_class = true;
        }
    }
    Err(if other_class {
        format!(
            "not selected: no step of the playbook takes what is {}",
            kind.class.word()
        )
    } else {
        format!("not selected: no step of the playbook takes {}", kind.name)
    })
}

/// The latest order among a kind and all that has to be closed before it.
fn effective_order(kind: &'static DoorKind, catalogue: &Catalogue) -> Order {
    let mut seen = BTreeSet::new();
    let mut open = vec![kind];
    let mut order = kind.order;
    while let Some(next) = open.pop() {
        if seen.insert(next.name) {
            order = order.max(next.order);
            open.extend(next.after.iter().filter_map(|name| catalogue.kind(name)));
        }
    }
    order
}
