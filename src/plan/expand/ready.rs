//! What has to be known before a plan is made, and what is told when it is not.

use std::collections::{BTreeMap, BTreeSet};

use super::called;
use super::doors::Doors;
use crate::case::state::CaseState;
use crate::fault::{Fault, Result};
use crate::id::CaseId;
use crate::playbook::{Kind, Playbook};
use crate::provider::Account;

/// What is wrong with the inventories of the chosen accounts.
pub(super) fn inventories(case: &CaseId, state: &CaseState) -> Result<Vec<String>> {
    if state.accounts.is_empty() {
        return Err(Fault::input(
            "no-identity",
            "No account is chosen for this case, so there is nothing to plan for.",
        )
        .at(case)
        .hint(format!(
            "`cordon inventory {case}` looks for the accounts and reads their doors."
        )));
    }
    let read = |account: &Account| {
        state
            .inventories
            .iter()
            .find(|(known, ..)| known == account)
    };
    let failed = |account: &Account| {
        state
            .inventory_failures
            .iter()
            .find(|(known, _)| known == account)
    };
    let mut notes = Vec::new();
    for account in &state.accounts {
        let name = called(account);
        match (read(account), failed(account)) {
            (None, None) => {
                return Err(Fault::input(
                    "inventory-missing",
                    format!("The doors of {name} were not read yet."),
                )
                .at(case)
                .hint(format!("Run `cordon inventory {case}`.")));
            }
            (None, Some((_, why))) => notes.push(format!(
                "The inventory of {name} failed, so its doors are not in this plan: {why}"
            )),
            (Some(_), Some((_, why))) => notes.push(format!(
                "The last inventory of {name} failed; the plan rests on the one before: {why}"
            )),
            (Some(_), None) => {}
        }
        if let Some((_, completeness, _)) = read(account) {
            for part in completeness
                .iter()
                .filter(|part| !part.complete || !part.gaps.is_empty())
            {
                let gaps = if part.gaps.is_empty() {
                    "its end was not reached".to_owned()
                } else {
                    part.gaps.join("; ")
                };
                notes.push(format!(
                    "The inventory of {name} is incomplete: {}: {gaps}",
                    part.what
                ));
            }
        }
    }
    if state.accounts.iter().all(|account| read(account).is_none()) {
        return Err(Fault::failed(
            "inventory-failed",
            "No inventory of a chosen account succeeded, so no door is known.",
        )
        .at(case)
        .hint(notes.join(" "))
        .hint("`cordon provider check` shows what is wrong with the credentials or the network."));
    }
    Ok(notes)
}

/// Every gate has enough people who may pass it.
pub(super) fn gates_can_pass(playbook: &Playbook, case: &CaseId, state: &CaseState) -> Result<()> {
    for step in &playbook.steps {
        let Kind::Gate(gate) = &step.kind else {
            continue;
        };
        let able: BTreeSet<&str> = state
            .people
            .iter()
            .filter(|person| state.may_decide(Some(&gate.roles), &person.name).is_ok())
            .map(|person| person.name.as_str())
            .collect();
        let needed = usize::try_from(gate.people).unwrap_or(usize::MAX);
        if able.len() < needed {
            return Err(Fault::input(
                "gate-without-people",
                format!("Gate `{}` needs {needed} different people with a role of {}; the case knows {}.", step.id, gate.roles.join(", "), able.len()),
            )
            .at(case)
            .hint("Name people with these roles in the configuration before the case is opened, or use a playbook that asks others."));
        }
    }
    Ok(())
}

/// Nothing to close is never a green plan.
pub(super) fn nothing(case: &CaseId, state: &CaseState, doors: &Doors) -> Fault {
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for left in &doors.left {
        let reason = left.why.split(':').next().unwrap_or_default();
        *reasons.entry(reason).or_default() += 1;
    }
    let reasons: Vec<String> = reasons
        .iter()
        .map(|(why, count)| format!("{count} {why}"))
        .collect();
    let reasons = if reasons.is_empty() {
        "none was found".to_owned()
    } else {
        reasons.join(", ")
    };
    Fault::failed("nothing-to-close", format!("This plan would close none of the {} doors of the case: {reasons}.", state.doors.len()))
        .at(case)
        .hint(format!("`cordon verify {case}` proves again what was closed; `cordon inventory {case}` looks for doors again."))
}
