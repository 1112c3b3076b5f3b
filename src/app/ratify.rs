//! What is closed before people decide, and by when they ratify it.

use super::App;
use crate::door::Class;
use crate::fault::{Fault, Result};
use crate::playbook::{Close, Flow, Kind, Period, Playbook, Step};
use crate::settings::suspicion::{Contain, Suspicion};

/// The close steps of a playbook that no gate stands before.
fn early(playbook: &Playbook) -> Vec<&str> {
    let flow = Flow::of(playbook);
    let gate = |id: &str| {
        let step = playbook.step(id);
        step.is_some_and(|step| matches!(step.kind, Kind::Gate(_)))
    };
    let early =
        |step: &&Step| matches!(step.kind, Kind::Close(_)) && !flow.before(&step.id).any(gate);
    let steps = playbook.steps.iter().filter(early);
    steps.map(|step| step.id.as_str()).collect()
}

/// The gates at which people ratify what those steps closed: those right behind one of them. A gate
/// that lets through nothing but what cannot be undone asks another question, unless it is the only
/// one.
fn gates(playbook: &Playbook) -> Vec<String> {
    let early = early(playbook);
    let behind = playbook.steps.iter().filter(|step| {
        let mut needs = step.needs.iter();
        matches!(step.kind, Kind::Gate(_)) && needs.any(|need| early.contains(&need.as_str()))
    });
    let for_good = |gate: &str| {
        let lets = |step: &Step| step.needs.iter().any(|need| need == gate);
        let closes = playbook.steps.iter().filter(|step| lets(step));
        let closes: Vec<&Close> = closes.filter_map(closing).collect();
        let mut each = closes.iter();
        !closes.is_empty() && each.all(|close| close.classes == [Class::Irreversible])
    };
    let behind: Vec<String> = behind.map(|step| step.id.clone()).collect();
    let (others, ratifying): (Vec<_>, Vec<_>) = behind.into_iter().partition(|id| for_good(id));
    if ratifying.is_empty() {
        others
    } else {
        ratifying
    }
}

fn closing(step: &Step) -> Option<&Close> {
    match &step.kind {
        Kind::Close(close) => Some(close),
        _ => None,
    }
}

/// Gives people until `within` to ratify what a playbook closes at once, and says so: one line for the
/// people who read the plan. Nothing for a playbook that asks before it closes anything.
pub(super) fn settle(playbook: &mut Playbook, within: Option<Period>) -> Option<String> {
    if early(playbook).is_empty() {
        return None;
    }
    let ratifying = gates(playbook);
    let mut said = Vec::new();
    for step in &mut playbook.steps {
        let Kind::Gate(gate) = &mut step.kind else {
            continue;
        };
        if ratifying.contains(&step.id) {
            gate.expires = within.unwrap_or(gate.expires);
            said.push(format!("`{}` within {}", step.id, gate.expires.words()));
        }
    }
    let whence = within.map_or(
        "as the playbook says",
        |_| "as `ratify_within` of [suspicion] says",
    );
    Some(format!(
        "What is closed before people decide is ratified at gate {}, {whence}. If it is not, it stays closed, nothing more is closed, and the daemon tells the incident lead and the responders.",
        said.join(" and ")
    ))
}

impl App {
    /// Whether a review can begin as the configuration says: its playbook is there and right, and asks
    /// before it closes where it has to.
    ///
    /// # Errors
    /// It is not, with every problem of the playbook.
    pub fn check_review(&self) -> Result<()> {
        let suspicion = &self.settings.suspicion;
        let name = suspicion.playbook();
        let playbook = super::playbook(&*self.workplace, name)
            .map_err(|fault| fault.hint("`playbook` of [suspicion] names it"))?;
        check(suspicion, &playbook).map_err(|fault| fault.at(format!("[suspicion] `{name}`")))
    }
}

fn check(suspicion: &Suspicion, playbook: &Playbook) -> Result<()> {
    let early = early(playbook);
    if let (Some(step), Contain::Gate) = (early.first(), suspicion.contain) {
        let what = format!("Step `{step}` of the playbook closes doors before people decide.");
        return Err(Fault::input("config", what).hint(
            "set `contain = \"now\"` in [suspicion] to allow that, or name another playbook",
        ));
    }
    if suspicion.ratify_within.is_some() && early.is_empty() {
        let what = "`ratify_within` has nothing to shorten: the playbook asks before it closes.";
        return Err(Fault::input("config", what)
            .hint("leave it away; the gates of the playbook say how long each stays open"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn playbook(steps: &str) -> Playbook {
        let text = format!("playbook: t\ntitle: A test.\nsteps:\n{steps}");
        crate::playbook::load("t.yaml", &text).unwrap()
    }

    fn expiry<'a>(playbook: &'a Playbook, id: &str) -> &'a Period {
        match &playbook.step(id).unwrap().kind {
            Kind::Gate(gate) => &gate.expires,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_gate_that_ratifies_is_told_from_the_one_for_what_is_gone_for_good() {
        let text = crate::playbook::shipped("contain-now").unwrap();
        let mut shipped = crate::playbook::load("contain-now", text).unwrap();
        let said = settle(&mut shipped, Some(Period::seconds(1800))).unwrap();
        assert!(said.contains("`ratify` within 30 minutes"), "{said}");
        assert_eq!(expiry(&shipped, "ratify").as_seconds(), 1800);
        assert_eq!(expiry(&shipped, "go-for-good").as_seconds(), 4 * 3600);
    }

    #[test]
    fn without_a_period_the_playbook_stands_and_one_that_asks_first_says_nothing() {
        let text = crate::playbook::shipped("contain-now").unwrap();
        let mut shipped = crate::playbook::load("contain-now", text).unwrap();
        let said = settle(&mut shipped, None).unwrap();
        assert!(
            said.contains("`ratify` within 1 hour, as the playbook"),
            "{said}"
        );
        let text = crate::playbook::shipped("terminated-contractor").unwrap();
        let mut asks = crate::playbook::load("terminated-contractor", text).unwrap();
        assert_eq!(settle(&mut asks, Some(Period::seconds(1800))), None);
    }

    #[test]
    fn the_only_gate_behind_ratifies_whatever_it_lets_through() {
        let mut one = playbook(
            "  - id: contain\n    close: { doors: [okta.*], classes: [reversible] }\n  - id: go\n    needs: [contain]\n    gate: { roles: [legal], people: 2, expires: 4h }\n  - id: good\n    needs: [go]\n    close: { doors: [okta.*], classes: [irreversible] }\n",
        );
        settle(&mut one, Some(Period::seconds(600))).unwrap();
        assert_eq!(expiry(&one, "go").as_seconds(), 600);
    }

    #[test]
    fn a_configuration_that_cannot_begin_a_review_is_refused() {
        let text = crate::playbook::shipped("contain-now").unwrap();
        let now = crate::playbook::load("contain-now", text).unwrap();
        let text = crate::playbook::shipped("terminated-contractor").unwrap();
        let asks = crate::playbook::load("terminated-contractor", text).unwrap();
        let suspicion = |contain, within: Option<u64>| Suspicion {
            contain,
            ratify_within: within.map(Period::seconds),
            ..Suspicion::default()
        };
        assert!(check(&suspicion(Contain::Now, Some(600)), &now).is_ok());
        assert!(check(&suspicion(Contain::Now, None), &asks).is_ok());
        assert!(check(&suspicion(Contain::Gate, None), &now).is_err());
        assert!(check(&suspicion(Contain::Now, Some(600)), &asks).is_err());
    }
}
