//! Which clocks each shipped notice meets when it leaves, and which stages no notice answers.

use std::collections::BTreeSet;

use cordon::case::event::Event;
use cordon::case::event::due::Trigger;
use cordon::clock::obligation::Mode;
use cordon::clock::{self, Shown};
use cordon::notice;

use crate::clock_duties::{catalogue, instant, organisation, propose};
use crate::clock_filed::{approved, handed_in, sent};
use crate::clocks::{World, at};

const NOW: &str = "2026-11-20T12:00:00Z";

/// Stages of mandatory duties that no shipped notice answers: their papers are other forms, of other
/// hands, or no papers. Whoever changes this list has looked whether a notice is missing.
const UNANSWERED: &[(&str, u8)] = &[
    ("au.rpr", 1),
    ("au.ndb", 1),
    ("au.ndb", 2),
    ("au.soci", 1),
    ("au.soci", 2),
    ("ca.pipeda", 1),
    ("ca.un_measures", 1),
    ("eu.gdpr.33_2", 1),
    ("eu.gdpr.33_omnibus", 1),
    ("jp.appi", 1),
    ("jp.appi", 2),
    ("kr.pipa", 1),
    ("sg.pdpa", 1),
    ("sg.pdpa", 2),
    ("uk.gdpr.34", 1),
    ("uk.pecr.5a", 1),
    ("uk.nis", 1),
    ("uk.cyber_bill", 1),
    ("uk.cyber_bill", 2),
    ("uk.nca.sar", 2),
    ("us.circia.incident", 1),
    ("us.circia.incident", 2),
    ("us.circia.ransom", 1),
    ("us.circia.ransom", 2),
    ("us.ofac.blocked_initial", 2),
    ("us.ofac.blocked_initial", 3),
    ("us.finCEN.sar", 1),
    ("us.finCEN.sar", 2),
    ("us.itar.126_1", 1),
    ("us.itar.126_1", 2),
    ("us.sec.8k_105", 2),
    ("us.ftc.glba", 1),
    ("us.bank.36h", 1),
    ("us.hipaa.164", 5),
    ("us.dod.dfars7012", 2),
];

/// A case in which everything happened, of a company that lies everywhere.
fn everywhere() -> World {
    let mut world = World::opened("2026-11-20T08:00:00Z");
    for what in Trigger::INSTANTS {
        let (_, recorded) = instant(what, "2026-11-20T07:00:00Z");
        world.add("2026-11-20T08:00:00Z", recorded);
    }
    again(&mut world);
    world
}

fn again(world: &mut World) {
    let places: Vec<&str> = catalogue().jurisdictions().into_iter().collect();
    propose(world, "2026-11-20T08:00:01Z", &organisation(&places));
}

/// The clock of a stage of a duty.
fn clock_of(world: &World, obligation: &str, stage: u8) -> Option<Shown> {
    let clocks = clock::list(&world.state, at(NOW)).into_iter();
    let mut of_it = clocks.filter(|clock| {
        let duty = clock.duty.as_ref();
        duty.is_some_and(|duty| duty.obligation == obligation && duty.stage == stage)
    });
    of_it.next()
}

/// Has the clock of a stage run: what it is counted from was handed in.
fn reach(world: &mut World, obligation: &str, stage: u8) {
    for before in 1..stage {
        if clock_of(world, obligation, stage).is_some() {
            return;
        }
        let Some(clock) = clock_of(world, obligation, before) else {
            continue;
        };
        let receipt = Event::ClockReceipt {
            clock: clock.id,
            reference: "by telephone".into(),
            at: at("2026-11-20T08:00:00Z"),
            evidence: Vec::new(),
        };
        world.add("2026-11-20T08:30:00Z", receipt);
        again(world);
    }
}

#[test]
fn every_notice_that_leaves_meets_each_clock_that_it_answers() {
    let base = everywhere();
    let (mut several, mut looked) = (BTreeSet::new(), 0);
    for template in notice::names() {
        let about = notice::about(&template).unwrap();
        let mut serves: Vec<(&str, u8)> = Vec::new();
        for (id, stages) in about.answers() {
            let one = catalogue().get(id).unwrap();
            let all = stages.iter().flat_map(|stage| one.filed_together(*stage));
            let all: BTreeSet<u8> = all.collect();
            // What no time is set for has no clock.
            let timed = one.stages.iter().filter(|stage| stage.due.is_some());
            let timed = timed.map(|stage| stage.n).filter(|n| all.contains(n));
            serves.extend(timed.map(|stage| (id, stage)));
        }
        if about.answers().count() > 1 {
            several.insert(template.clone());
        }
        for by_mail in [true, false] {
            let mut world = base.clone();
            for (id, stage) in &serves {
                reach(&mut world, id, *stage);
            }
            let notice = approved(&mut world, "2026-11-20T09:00:00Z", &template, &serves);
            for (id, stage) in &serves {
                let clock = clock_of(&world, id, *stage);
                let clock = clock.unwrap_or_else(|| panic!("{template}: no clock {id} {stage}"));
                assert!(clock.is_open(), "{template}: {id} {stage}: {}", clock.state);
                assert_eq!(clock.drafts, std::slice::from_ref(&notice), "{template}");
            }
            if by_mail {
                sent(&mut world, &notice, &template, "2026-11-20T10:00:00Z");
            } else {
                let left = handed_in(&notice, &template, "2026-11-20T10:00:00Z");
                world.add("2026-11-20T10:00:00Z", left);
            }
            for (id, stage) in &serves {
                let clock = clock_of(&world, id, *stage).unwrap();
                assert_eq!(clock.state, "met", "{template}: {id} {stage}");
                let met = clock.met.unwrap();
                assert_eq!(met.filing.notice.as_ref(), Some(&notice), "{template}");
                looked += 1;
            }
        }
    }
    assert!(looked > 100, "{looked}");
    let expected = [
        "gdpr-33",
        "gdpr-33-de",
        "gdpr-33-pt",
        "nis2-de-early",
        "nis2-de-final",
        "nis2-de-notification",
        "nis2-de-progress",
        "nis2-pt-24h",
        "nis2-pt-72h",
        "nis2-pt-final",
        "ofsi",
    ];
    assert_eq!(several, expected.map(str::to_owned).into());
}

#[test]
fn what_no_notice_answers_is_known() {
    let mut answered = BTreeSet::new();
    for template in notice::names() {
        let about = notice::about(&template).unwrap();
        for (id, stages) in about.answers() {
            answered.extend(stages.iter().map(|stage| (id.to_owned(), *stage)));
        }
    }
    let mandatory = catalogue().all().filter(|one| one.mode == Mode::Mandatory);
    let stages = mandatory.flat_map(|one| one.stages.iter().map(|stage| (one.id.clone(), stage.n)));
    let without: BTreeSet<(String, u8)> = stages.filter(|one| !answered.contains(one)).collect();
    let known = UNANSWERED
        .iter()
        .map(|(id, stage)| ((*id).to_owned(), *stage));
    assert_eq!(without, known.collect());
}
