//! What telling others of can be an offence: it stands on the page of its clock and in its notice, and
//! nowhere that others read.

use std::collections::BTreeMap;

use cordon::app::due::What;
use cordon::case::event::due::Trigger;
use cordon::clock::{self, ics};
use cordon::evidence::timeline;
use cordon::notice::facts::{Company, Kept, gather};
use cordon::notice::{self, Language};
use jiff::tz::TimeZone;

use crate::clock_duties::{catalogue, instant, organisation, propose};
use crate::clock_filed::{approved, handed_in};
use crate::clock_grounds::{delay, undelay};
use crate::clocks::{World, at};

const NOW: &str = "2026-11-20T12:00:00Z";

/// Words of such reports, and of their addressees.
const TOLD: &[&str] = &[
    "finCEN",
    "FinCEN",
    "nca",
    "NCA",
    "uspicious activity",
    "bsa_",
    "regulated",
    "National Crime",
];

/// A case of a bank in two countries that reports.
fn reported() -> World {
    let mut world = World::opened("2026-11-20T08:00:00Z");
    for what in [Trigger::FactsForSarDetected, Trigger::Suspected] {
        let (_, recorded) = instant(what, "2026-11-20T07:00:00Z");
        world.add("2026-11-20T08:00:00Z", recorded);
    }
    let places = organisation(&["us", "uk"]);
    propose(&mut world, "2026-11-20T08:00:01Z", &places);
    world
}

fn silent(text: &str) {
    for word in TOLD {
        assert!(!text.contains(word), "{word}: {text}");
    }
}

#[test]
fn every_notice_of_such_a_duty_says_so_and_has_readers() {
    let mut found = Vec::new();
    for name in notice::names() {
        let about = notice::about(&name).unwrap();
        let mut duties = about.answers().map(|(id, _)| catalogue().get(id).unwrap());
        let quiet = duties.any(|one| one.tipping_off);
        assert_eq!(about.tipping_off, quiet, "{name}");
        if quiet {
            assert!(about.is_restricted() && !about.distribution.is_empty());
            found.push(name);
        }
    }
    assert_eq!(found, ["nca-sar"]);
    let quiet = catalogue().all().filter(|one| one.tipping_off);
    let quiet: Vec<&str> = quiet.map(|one| one.id.as_str()).collect();
    assert_eq!(quiet, ["uk.nca.sar", "us.finCEN.sar"]);
}

#[test]
fn papers_for_others_do_not_tell_of_it() {
    let mut world = reported();
    // Every fact names its evidence.
    world.state.opening = Some(world.evidence("2026-11-20T08:30:00Z"));
    let clocks = clock::list(&world.state, at(NOW));
    let hidden = clocks.iter().filter(|clock| clock.is_confidential());
    assert_eq!(hidden.count(), 2, "the clocks run");
    let none = BTreeMap::new();
    let company = Company::default();
    let facts = gather(&world.state, &none, &company, None, at(NOW), &TimeZone::UTC);
    for key in ["clocks.next", "decisions.open"] {
        let fact = facts.get(key).unwrap();
        let told = fact.values.iter();
        let told: Vec<String> = told.map(|value| value.said.text(Language::En)).collect();
        assert!(!told.is_empty());
        silent(&told.join("\n"));
    }
    silent(&String::from_utf8(Kept::of(&facts).bytes().unwrap()).unwrap());
}

#[test]
fn a_calendar_has_the_deadline_and_not_what_it_is() {
    let world = reported();
    let clocks = clock::list(&world.state, at(NOW));
    let case = world.state.case.clone().unwrap();
    let text = ics::calendar(&case, &clocks, at(NOW)).replace("\r\n ", "");
    silent(&text);
    assert_eq!(text.matches("BEGIN:VEVENT").count(), clocks.len());
    assert_eq!(
        text.matches(&format!("SUMMARY:{case}: deadline\r")).count(),
        2
    );
    assert!(text.contains("us.fbi.ic3"), "{text}");
}

#[test]
fn a_warning_names_no_such_deadline() {
    let all = cordon::app::due::of(&reported().state);
    let rules = all.iter().filter_map(|due| match &due.what {
        What::Clock { rule, .. } => Some(rule.as_str()),
        _ => None,
    });
    let rules: Vec<&str> = rules.collect();
    silent(&rules.join("\n"));
    let hidden = rules.iter().filter(|rule| **rule == "deadline");
    assert_eq!(hidden.count(), 6, "{rules:?}");
}

#[test]
fn the_timeline_says_that_there_is_something_and_no_more() {
    let mut world = reported();
    let serves = [("uk.nca.sar", 1)];
    let notice = approved(&mut world, "2026-11-20T09:00:00Z", "nca-sar", &serves);
    let left = handed_in(&notice, "nca-sar", "2026-11-20T09:30:00Z");
    world.add("2026-11-20T09:30:00Z", left);
    let (wait, over) = ("2026-11-20T09:40:00Z", "2026-11-21T09:40:00Z");
    delay(&mut world, "uk.nca.sar", wait, wait, over);
    world.add("2026-11-20T09:50:00Z", undelay(1, None, "NCA agreed"));
    let open = [("us.fbi.ic3", 1)];
    approved(&mut world, "2026-11-20T10:00:00Z", "ic3", &open);
    let moments = timeline::of_log(&world.entries, &world.state);
    let texts: Vec<&str> = moments.iter().map(|one| one.text.as_str()).collect();
    silent(&texts.join("\n"));
    let hidden = |text: &str| texts.iter().filter(|told| **told == text).count();
    assert_eq!(hidden("A confidential notice"), 3, "{texts:#?}");
    assert_eq!(hidden("A confidential deadline: due"), 2, "{texts:#?}");
    // The instant that starts one of them tells what it is, and so does what puts one off.
    assert_eq!(hidden("A confidential deadline"), 3, "{texts:#?}");
    assert!(texts.contains(&"notice ic3 drafted"), "{texts:#?}");
    assert!(texts.iter().any(|told| told.contains("it was suspected")));
    let shown = moments
        .iter()
        .filter(|one| one.text.starts_with("A confidential"));
    assert!(shown.into_iter().all(|one| one.evidence.is_none()));
}
