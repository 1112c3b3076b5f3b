//! Where and since when: the day at the place of a rule, the holidays of a Land, and what became law
//! in the middle of a matter.

use std::path::Path;

use cordon::case::event::Event;
use cordon::case::event::due::{Roll, Trigger};
use cordon::clock::{self, Catalogue, Organisation, Shown, due};
use cordon::settings::Settings;
use cordon::time::{Timestamp, utc};

use crate::clock_duties::{catalogue, instant, organisation, propose};
use crate::clocks::{World, at};

/// An instant as somebody in a zone told it.
fn told(what: Trigger, when: &str, zone: &str) -> Event {
    match instant(what, when).1 {
        Event::InstantRecorded(mut instant) => {
            instant.zone = zone.into();
            Event::InstantRecorded(instant)
        }
        other => other,
    }
}

/// The clock of a rule that began at an instant told in a zone.
fn clock_of(rule: &str, what: Trigger, when: &str, zone: &str) -> Shown {
    let mut world = World::opened("2026-11-20T08:00:00Z");
    let now = "2026-11-25T08:00:00Z";
    world.add(now, told(what, when, zone));
    let places: Vec<&str> = catalogue().jurisdictions().into_iter().collect();
    propose(&mut world, now, &organisation(&places));
    world.due(rule, now)
}

#[test]
fn a_late_evening_elsewhere_never_makes_a_deadline_a_day_late() {
    let hipaa = "us.hipaa.164.individuals";
    let found = |when, zone| utc(clock_of(hipaa, Trigger::BreachDiscovered, when, zone).due);
    // Ten in the evening of the 20th in Los Angeles is one in the morning of the 21st in New York.
    let evening = "2026-11-21T06:00:00Z";
    let sixty_from_20 = "2027-01-20T04:59:59Z";
    assert_eq!(found(evening, "America/Los_Angeles"), sixty_from_20);
    // In New York it was the 21st, and who tells it there says so.
    assert_eq!(found(evening, "America/New_York"), "2027-01-21T04:59:59Z");
    // Told from elsewhere, or in no place at all: it may have been the 20th.
    for zone in ["Europe/Berlin", "UTC", "Asia/Tokyo", "Pacific/Honolulu"] {
        assert_eq!(found(evening, zone), sixty_from_20, "{zone}");
    }
    // In Berlin the 21st had begun when it was the evening of the 20th in New York.
    assert_eq!(
        found("2026-11-21T02:00:00Z", "Europe/Berlin"),
        sixty_from_20
    );
    let clock = clock_of(hipaa, Trigger::BreachDiscovered, evening, "UTC");
    let readings = &clock.duty.unwrap().readings;
    assert!(
        readings[0].contains("2026-11-20") && readings[0].contains("2027-01-21T04:59:59Z"),
        "{readings:?}"
    );
    // The year of a discovery is one too: New Year's Eve in the west.
    let log = clock_of(
        "us.hipaa.164.annual_log",
        Trigger::BreachDiscovered,
        "2026-11-20T12:00:00Z",
        "UTC",
    );
    assert_eq!(utc(log.due), "2027-03-02T04:59:59Z");
}

#[test]
fn the_year_and_the_working_days_of_a_doubtful_day_are_the_earlier_ones() {
    let rule = |id: &str, stage: &str| {
        let one = catalogue().get(id).unwrap();
        let stage = one.stages.iter().find(|known| known.name == stage).unwrap();
        catalogue()
            .rule(one, stage, "2026-12-31".parse().unwrap(), None)
            .unwrap()
    };
    // Ten in the evening of New Year's Eve in Los Angeles.
    let eve = at("2027-01-01T06:00:00Z");
    let log = rule("us.hipaa.164", "annual_log");
    assert_eq!(
        utc(due::due(&log, eve).unwrap().due),
        "2027-03-02T04:59:59Z"
    );
    // Ten business days: the evening of Friday in Honolulu is Saturday in New York.
    let ofac = rule("us.ofac.blocked_initial", "initial");
    for (when, zones, last) in [
        (
            "2026-11-05T04:30:00Z",
            &["America/Chicago"][..],
            "2026-11-20T04:59:59Z",
        ),
        (
            "2026-11-05T04:30:00Z",
            &["America/New_York"],
            "2026-11-20T04:59:59Z",
        ),
        (
            "2026-11-05T05:30:00Z",
            &["America/New_York"],
            "2026-11-21T04:59:59Z",
        ),
        (
            "2026-11-05T05:30:00Z",
            &["America/Chicago"],
            "2026-11-20T04:59:59Z",
        ),
        ("2026-11-05T05:30:00Z", &[], "2026-11-20T04:59:59Z"),
    ] {
        let zones: Vec<String> = zones.iter().map(|&zone| zone.to_owned()).collect();
        let found = due::due_told(&ofac, at(when), &zones).unwrap().due;
        assert_eq!(utc(found), last, "{when} {zones:?}");
    }
    // Whatever the zone, a doubt never makes a deadline later; hours know no days.
    let base: Timestamp = at("2026-11-20T00:00:00Z");
    for one in catalogue().all() {
        for stage in one.stages.iter().filter(|stage| stage.due.is_some()) {
            let day = "2026-11-20".parse().unwrap();
            let rule = catalogue().rule(one, stage, day, None).unwrap();
            let mut plain = rule.clone();
            plain.zones = Vec::new();
            for hour in 0..48 {
                let start = base + jiff::SignedDuration::from_hours(hour);
                let (sure, doubtful) = (due::due(&plain, start), due::due(&rule, start));
                assert!(
                    doubtful.unwrap().due <= sure.unwrap().due,
                    "{} {hour}",
                    one.id
                );
            }
        }
    }
}

/// The last day of the report that follows one of `sent`, for an organisation of that Land.
fn german(sent: &str, land: Option<&str>) -> Shown {
    let place = Organisation {
        land: land.map(str::to_owned),
        ..organisation(&["de"])
    };
    let mut world = World::opened("2026-12-04T08:00:00Z");
    let (_, aware) = instant(Trigger::AwareReasonableCertainty, "2026-12-04T07:00:00Z");
    world.add("2026-12-04T08:00:00Z", aware);
    propose(&mut world, "2026-12-04T08:00:01Z", &place);
    let receipt = Event::ClockReceipt {
        clock: cordon::id::ClockId::of(&["rule", "de.bsig.32.notification"]),
        reference: "BSI-1".into(),
        at: at(sent),
        evidence: Vec::new(),
    };
    world.add("2026-12-07T08:00:00Z", receipt);
    propose(&mut world, "2026-12-07T08:00:01Z", &place);
    world.due("de.bsig.32.final", "2026-12-07T09:00:00Z")
}

#[test]
fn the_holidays_of_the_land_count_and_without_one_none_makes_a_deadline_later() {
    // One month later is the sixth of January, a Wednesday: a holiday in Bayern, none in Berlin.
    let sent = "2026-12-06T10:00:00Z";
    let due = |land| utc(german(sent, land).due);
    assert_eq!(due(Some("DE-BE")), "2027-01-06T22:59:59Z");
    assert_eq!(due(Some("DE-BY")), "2027-01-05T22:59:59Z");
    assert_eq!(due(Some("de-by")), "2027-01-05T22:59:59Z");
    assert_eq!(due(None), "2027-01-05T22:59:59Z");
    let doubted = |land| {
        let doubts = german(sent, land).doubts;
        doubts.iter().any(|why| why.contains("No Land of `de`"))
    };
    assert!(doubted(None) && !doubted(Some("DE-BE")));
    // Working days: what is not credited gives the earlier day.
    let text = "schema = 1\n[[obligation]]\nid = \"de.x\"\ntitle = \"X\"\njurisdiction = \"de\"\nstatus = \"in_force\"\nmode = \"mandatory\"\ndecision_owner = \"legal\"\nrecipient = { name = \"A\", channel = \"mail\", ref = \"a@authority.example\" }\nsources = [{ at = \"Act\", verified_on = 2026-11-01, tier = \"primary\" }]\n[[obligation.stage]]\nn = 1\nname = \"one\"\ntitle = \"One\"\ntrigger = \"suspected\"\ndue = { unit = \"business_day\", amount = 2, calendar = \"de\" }\n";
    let holidays = std::fs::read_to_string("playbooks/holidays/de.toml").unwrap();
    let own = Catalogue::of(
        &[("de.toml".into(), holidays)],
        &[("x.toml".into(), text.into())],
    )
    .unwrap();
    let one = own.get("de.x").unwrap();
    let last = |land| {
        let rule = own.rule(one, &one.stages[0], "2027-01-05".parse().unwrap(), land);
        let rule = rule.unwrap();
        utc(due::due(&rule, at("2027-01-05T10:00:00Z")).unwrap().due)
    };
    assert_eq!(last(Some("DE-BY")), "2027-01-08T22:59:59Z");
    assert_eq!(last(Some("DE-BE")), "2027-01-07T22:59:59Z");
    assert_eq!(last(None), "2027-01-07T22:59:59Z");
    // Every Land is known; what is none is refused with what was meant.
    assert_eq!(catalogue().calendars.lands().len(), 16);
    let wrong = Settings::parse("[organisation]\nland = \"DE-BX\"\n", Path::new("c.toml"));
    let wrong = wrong.unwrap_err();
    assert!(wrong.what().contains("DE-BX") && format!("{:?}", wrong.hints()).contains("DE-B"));
    for land in catalogue().calendars.lands() {
        let text = format!("[organisation]\nland = \"{land}\"\n");
        Settings::parse(&text, Path::new("c.toml")).unwrap();
    }
    assert_eq!(
        catalogue().calendars.regions("de").count(),
        16,
        "and a roll goes back: {:?}",
        Roll::ConservativePrevious
    );
}

#[test]
fn what_triggers_a_duty_says_whether_it_was_law_not_when_the_case_was_opened() {
    // In force since 2025-12-06.
    let rule = "de.bsig.32.notification";
    let german = organisation(&["de"]);
    let watch = |opened: &str, instants: &[(Trigger, &str)]| {
        let mut world = World::opened(opened);
        let now = "2025-12-10T08:00:00Z";
        for (what, when) in instants {
            world.add(now, told(*what, when, "Europe/Berlin"));
        }
        propose(&mut world, now, &german);
        let clocks = clock::list(&world.state, at(now));
        clocks.into_iter().find(|clock| clock.rule == rule)
    };
    let aware = Trigger::AwareReasonableCertainty;
    // The case was opened before, and the duty began after: it is watched, and says so.
    let clock = watch("2025-12-01T08:00:00Z", &[(aware, "2025-12-08T08:00:00Z")]).unwrap();
    assert!(
        clock.doubts.iter().any(|why| why.contains("may apply")),
        "{:?}",
        clock.doubts
    );
    // It occurred before and was noticed after, in a case that was opened after.
    let instants = [
        (Trigger::Occurred, "2025-06-01T08:00:00Z"),
        (aware, "2025-12-08T08:00:00Z"),
    ];
    let clock = watch("2025-12-08T09:00:00Z", &instants).unwrap();
    let told = clock
        .doubts
        .iter()
        .find(|why| why.contains("may apply"))
        .unwrap();
    assert!(told.contains("2025-06-01T08:00:00Z"), "{told}");
    // Everything after: no such doubt. Everything before: not watched, and it says why.
    let clock = watch("2025-12-08T09:00:00Z", &[(aware, "2025-12-08T08:00:00Z")]).unwrap();
    assert!(!clock.doubts.iter().any(|why| why.contains("may apply")));
    assert!(watch("2025-12-08T09:00:00Z", &[(aware, "2025-12-05T08:00:00Z")]).is_none());
    // The day is one of the place of the duty: 23:30 UTC of the fifth is the sixth in Berlin.
    assert!(watch("2025-12-05T23:30:00Z", &[(aware, "2025-12-05T23:30:00Z")]).is_some());
    // Known before and again after: the earliest counts, and it may apply.
    let both = [
        (aware, "2025-12-05T08:00:00Z"),
        (aware, "2025-12-08T08:00:00Z"),
    ];
    let clock = watch("2025-12-08T09:00:00Z", &both).unwrap();
    assert!(
        clock
            .doubts
            .iter()
            .any(|why| why.contains("may lie before"))
    );
}
