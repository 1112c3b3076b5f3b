//! Order that holds for every case: needs, providers' order, silent before simultaneous before noisy.

use std::collections::{BTreeMap, BTreeSet};

use cordon::door::{DoorState, Link, Order};
use cordon::plan::expand::expand;
use cordon::plan::{Plan, Task};
use cordon::playbook::Catalogue;
use cordon::provider::Spec;
use proptest::prelude::*;

use super::{GITHUB, OKTA, account, add, case, catalogue, load, now, with_steps};

const KINDS: [&str; 10] = [
    "okta.user",
    "okta.sessions",
    "okta.api_token",
    "github.webhook",
    "github.sso_credential",
    "github.membership",
    "github.block",
    "github.deploy_key",
    "github.secret",
    "github.sso_grant",
];

/// Two closings of one playbook: in one step, one after the other, or beside each other.
fn playbook(shape: usize, classes: &str) -> String {
    let gate = "  - { id: go, gate: { roles: [legal, incident_lead], people: 2, expires: 4h } }\n";
    let close = |id: &str, needs: &str, doors: &str| {
        format!(
            "  - {{ id: {id}, needs: [{needs}], close: {{ doors: [{doors}], classes: [{classes}] }} }}\n"
        )
    };
    let steps = match shape {
        0 => close("c", "go", "all"),
        1 => {
            close("a", "go", "github.webhook, github.sso_credential, okta.*")
                + &close("b", "a", "github.*")
        }
        // The provider's order goes across steps that the playbook leaves free.
        2 => {
            close("a", "go", "github.membership, okta.sessions")
                + &close("b", "go", "github.*, okta.user")
        }
        3 => {
            "  - { id: s, snapshot: { trails: [all] } }\n".to_owned()
                + &close("c", "go, s", "github.*")
                + "  - { id: v, needs: [c], verify: { again: [24h] } }\n"
        }
        _ => {
            return cordon::playbook::shipped("terminated-contractor")
                .unwrap()
                .to_owned();
        }
    };
    with_steps(&format!("{gate}{steps}"))
}

fn holds(
    plan: &Plan,
    catalogue: &Catalogue,
    owner: &BTreeMap<String, String>,
) -> Result<(), TestCaseError> {
    let place: BTreeMap<&str, usize> = plan
        .steps
        .iter()
        .enumerate()
        .map(|(at, step)| (step.id.as_str(), at))
        .collect();
    prop_assert_eq!(place.len(), plan.steps.len());
    let mut before: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for step in &plan.steps {
        let mut all: BTreeSet<&str> = step.needs.iter().map(String::as_str).collect();
        for need in &step.needs {
            all.extend(before.get(need.as_str()).into_iter().flatten());
        }
        before.insert(&step.id, all);
    }
    for (at, step) in plan.steps.iter().enumerate() {
        for need in &step.needs {
            prop_assert!(
                place.get(need.as_str()).is_some_and(|first| *first < at),
                "{} before {need}",
                step.id
            );
        }
        let Task::Close {
            door, kind, order, ..
        } = &step.task
        else {
            continue;
        };
        prop_assert!(step.needs.iter().any(|need| need == "go"));
        let kind = catalogue.kind(kind).unwrap();
        prop_assert!(*order >= kind.order);
        for other in &plan.steps {
            let Task::Close {
                door: other_door,
                kind: other_kind,
                order: other_order,
                ..
            } = &other.task
            else {
                continue;
            };
            let same_account = owner.get(door.as_str()) == owner.get(other_door.as_str());
            if same_account && kind.after.contains(&other_kind.as_str()) {
                prop_assert!(
                    before[step.id.as_str()].contains(other.id.as_str()),
                    "{} after {}",
                    step.id,
                    other.id
                );
            }
            let same_step = step.id.split('/').next() == other.id.split('/').next();
            if same_step && *order == Order::Noisy && *other_order < Order::Noisy {
                prop_assert!(
                    before[step.id.as_str()].contains(other.id.as_str()),
                    "{} after {}",
                    step.id,
                    other.id
                );
            }
            if same_step && other_order < order {
                prop_assert!(place[other.id.as_str()] < at);
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_plan_keeps_its_order(
        shape in 0_usize..5,
        doors in prop::collection::vec((0_usize..10, 0_u8..3, 0_u8..7), 1..40),
        swapped: bool,
    ) {
        let (id, mut state) = case();
        let second = account("github", "1002");
        state.inventories.push((second.clone(), Vec::new(), Vec::new()));
        state.accounts.push(second);
        let mut owner = BTreeMap::new();
        for (index, (kind, of, condition)) in doors.iter().enumerate() {
            let door = add(&mut state, KINDS[*kind], &index.to_string(), |record| {
                if record.door.provider == "github" && *of == 1 {
                    record.door.account = "1002".to_owned();
                }
                match condition {
                    0 => record.door.protected = Some("kept".to_owned()),
                    1 => record.door.link = Link::Unattributed,
                    2 => record.state = DoorState::Closed,
                    _ => {}
                }
            });
            let account = format!("{}/{}", state.doors[&door].door.provider, state.doors[&door].door.account);
            owner.insert(door.to_string(), account);
        }
        let specs: Vec<&'static Spec> = if swapped { vec![&GITHUB, &OKTA] } else { vec![&OKTA, &GITHUB] };
        let catalogue = Catalogue::new(specs, catalogue().notices);
        let playbook = load(&playbook(shape, "reversible, redoable"));
        match expand(&playbook, &id, &state, &catalogue, now()) {
            Ok(plan) => {
                holds(&plan, &catalogue, &owner)?;
                // Each door is closed by one step or left with a reason; none is lost.
                let mut seen: Vec<String> = plan.left.iter().map(|left| left.door.to_string()).collect();
                for step in &plan.steps {
                    if let Task::Close { door, .. } = &step.task {
                        let record = &state.doors[door];
                        prop_assert!(record.door.protected.is_none() && record.door.link == Link::Owner && record.state != DoorState::Closed);
                        seen.push(door.to_string());
                    }
                }
                seen.sort();
                let all: Vec<String> = state.doors.keys().map(ToString::to_string).collect();
                prop_assert_eq!(seen, all);
            }
            Err(fault) => prop_assert_eq!(fault.code(), "nothing-to-close"),
        }
    }
}
