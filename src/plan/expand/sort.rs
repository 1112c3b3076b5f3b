//! Every step after what it needs.

use std::collections::{BTreeMap, BTreeSet};

use crate::fault::{Fault, Result};
use crate::plan::Step;

/// The steps so that each stands after everything that it needs, and otherwise as given.
///
/// # Errors
/// Steps that wait for each other, a need that no step answers, two steps with one id.
pub(super) fn stable(steps: Vec<Step>) -> Result<Vec<Step>> {
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for (place, step) in steps.iter().enumerate() {
        if places.insert(&step.id, place).is_some() {
            return Err(broken(&format!("two steps are called `{}`", step.id)));
        }
    }
    let mut unmet: Vec<usize> = Vec::with_capacity(steps.len());
    let mut waiting: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (place, step) in steps.iter().enumerate() {
        unmet.push(step.needs.len());
        for need in &step.needs {
            let Some(first) = places.get(need.as_str()) else {
                return Err(broken(&format!(
                    "`{}` needs `{need}`, which is not in the plan",
                    step.id
                )));
            };
            waiting.entry(*first).or_default().push(place);
        }
    }
    let mut ready: BTreeSet<usize> = unmet
        .iter()
        .enumerate()
        .filter(|(_, count)| **count == 0)
        .map(|(place, _)| place)
        .collect();
    let mut order = Vec::with_capacity(steps.len());
    while let Some(next) = ready.pop_first() {
        order.push(next);
        for place in waiting.remove(&next).unwrap_or_default() {
            if let Some(count) = unmet.get_mut(place) {
                *count -= 1;
                if *count == 0 {
                    ready.insert(place);
                }
            }
        }
    }
    if order.len() < steps.len() {
        let stuck = steps
            .iter()
            .enumerate()
            .find(|(place, _)| !order.contains(place));
        let stuck = stuck.map(|(_, step)| step.id.clone()).unwrap_or_default();
        return Err(broken(&format!(
            "`{stuck}` waits for steps that wait for it"
        )));
    }
    let mut steps: Vec<Option<Step>> = steps.into_iter().map(Some).collect();
    Ok(order
        .into_iter()
        .filter_map(|place| steps.get_mut(place).and_then(Option::take))
        .collect())
}

fn broken(why: &str) -> Fault {
    Fault::failed(
        "plan-order",
        format!("The steps cannot be put in order: {why}."),
    )
    .hint("Close doors that depend on each other in one step of the playbook.")
}
