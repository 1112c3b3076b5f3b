//! Working days and deadlines: known vectors, and thousands of computations of independent
//! implementations (PyPI `holidays`, `python-dateutil`).

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use cordon::canon::Digest;
use cordon::case::event::due::{Due, Later, Roll, Rule, Trigger};
use cordon::clock::calendar::works;
use cordon::clock::due::{business_days, by_full_hours, due, noon_after};
use cordon::clock::{Catalogue, calendar};
use cordon::time::{Timestamp, utc};
use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use proptest::prelude::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn catalogue() -> &'static Catalogue {
    Catalogue::shipped().unwrap()
}

/// A rule with this due, counted as the catalogue would around a day.
fn rule(due: Due, around: Date) -> Rule {
    let calendars = &catalogue().calendars;
    let (calendar, zone) = match &due {
        Due::BusinessDay { calendar, .. } | Due::Month { calendar, .. } => {
            (calendars.get(calendar), None)
        }
        Due::Hour { calendar, .. } => (calendar.as_ref().and_then(|id| calendars.get(id)), None),
        Due::CalendarDay { zone, calendar, .. } => (
            calendar.as_ref().and_then(|id| calendars.get(id)),
            zone.clone(),
        ),
        Due::Annual { zone, .. } | Due::AfterYearEnd { zone, .. } => (None, Some(zone.clone())),
        _ => (None, None),
    };
    let zone = calendar.map(|one| one.zone.clone()).or(zone);
    Rule {
        obligation: "test".into(),
        stage: 1,
        trigger: Trigger::Suspected,
        after: None,
        filed_with: None,
        delay_days: Vec::new(),
        zones: Vec::new(),
        text: cordon::clock::due::text(&due),
        due,
        zone: zone.unwrap_or_else(|| "UTC".into()),
        closed: calendar.map(|one| calendars.closed(one, around)),
        allows_delay: false,
        verified: true,
        tipping_off: false,
        owner: "legal".into(),
        questions: Vec::new(),
        catalogue: Digest::ZERO,
    }
}

/// The day in its own zone on which something is due.
fn due_day(due_rule: Due, start: &str) -> String {
    let start = at(start);
    let rule = rule(due_rule, start.to_zoned(TimeZone::UTC).date());
    let zone = TimeZone::get(&rule.zone).unwrap();
    let due = due(&rule, start).unwrap().due;
    due.to_zoned(zone).date().to_string()
}

fn business(amount: u32, calendar: &str) -> Due {
    Due::BusinessDay {
        amount,
        calendar: calendar.into(),
        count_event_day: false,
        until: None,
    }
}

fn calendar_days(amount: u32, zone: &str) -> Due {
    Due::CalendarDay {
        amount,
        zone: Some(zone.into()),
        calendar: None,
        count_event_day: false,
        roll: Roll::None,
    }
}

fn hours(amount: u32) -> Due {
    Due::Hour {
        amount,
        calendar: None,
        later: Some(Later::Eu1182),
    }
}

#[test]
fn ten_business_days_for_the_sanctions_office() {
    for (start, expected) in [
        ("2026-11-04T15:00:00-05:00", "2026-11-19"), // Veterans Day lies between
        ("2026-11-20T15:00:00-05:00", "2026-12-07"), // Thanksgiving
        ("2026-11-21T15:00:00-05:00", "2026-12-07"), // a Saturday
        ("2026-12-18T15:00:00-05:00", "2027-01-05"), // Christmas, New Year
    ] {
        assert_eq!(
            due_day(business(10, "us_federal"), start),
            expected,
            "{start}"
        );
    }
    // The last day ends where the office lies.
    let rule = rule(business(10, "us_federal"), day("2026-11-04"));
    let end = due(&rule, at("2026-11-04T20:00:00Z")).unwrap();
    assert_eq!(utc(end.due), "2026-11-20T04:59:59Z");
    // 23:30 in New York is the next day in UTC and still the same one here.
    let late = due(&rule, at("2026-11-05T04:30:00Z")).unwrap();
    assert_eq!(late.due, end.due);
}

#[test]
fn four_business_days_for_the_securities_commission() {
    for (start, expected) in [
        ("2026-11-20T12:00:00-05:00", "2026-11-27"),
        ("2026-11-21T12:00:00-05:00", "2026-11-27"), // begins on and includes Monday
        ("2026-12-24T12:00:00-05:00", "2026-12-31"),
        ("2026-07-02T12:00:00-04:00", "2026-07-09"), // the fourth is a Saturday, kept on Friday
    ] {
        assert_eq!(due_day(business(4, "sec"), start), expected, "{start}");
    }
    let one = catalogue().get("us.sec.8k_105").unwrap();
    let stage = &one.stages[0];
    let rule = catalogue()
        .rule(one, stage, day("2026-11-20"), None)
        .unwrap();
    let end = due(&rule, at("2026-11-20T17:00:00Z")).unwrap();
    assert_eq!(utc(end.due), "2026-11-27T22:30:00Z", "17:30 Eastern");
}

#[test]
fn seventy_two_hours_in_europe_are_elapsed_and_the_later_reading_is_told() {
    for (start, elapsed, full) in [
        // Friday 17:20 in Berlin.
        (
            "2026-11-20T17:20:00+01:00",
            "2026-11-23T16:20:00Z",
            "2026-11-23T17:00:00Z",
        ),
        // The clocks go back on 2026-10-25: 13:05, not 14:05.
        (
            "2026-10-23T14:05:00+02:00",
            "2026-10-26T12:05:00Z",
            "2026-10-26T13:00:00Z",
        ),
        // And forward on 2027-03-28: 15:05.
        (
            "2027-03-26T14:05:00+01:00",
            "2027-03-29T13:05:00Z",
            "2027-03-29T14:00:00Z",
        ),
    ] {
        let rule = rule(hours(72), day("2026-11-20"));
        let computed = due(&rule, at(start)).unwrap();
        assert_eq!(utc(computed.due), elapsed);
        assert_eq!(by_full_hours(computed.due, at(start)), Some(at(full)));
        assert!(
            computed.readings[0].contains(full),
            "{:?}",
            computed.readings
        );
    }
    let exact = at("2026-11-20T17:00:00Z");
    assert_eq!(by_full_hours(exact, exact), Some(exact));
}

#[test]
fn a_month_ends_on_the_same_date_or_the_last_and_is_never_moved_forward_silently() {
    let month = |calendar: &str, roll| Due::Month {
        amount: 1,
        calendar: calendar.into(),
        roll,
        later: None,
    };
    let sent = "2027-01-31T10:00:00+01:00";
    assert_eq!(due_day(month("de", Roll::None), sent), "2027-02-28");
    assert_eq!(due_day(month("de", Roll::Next), sent), "2027-03-01");
    let conservative = Roll::ConservativePrevious;
    assert_eq!(due_day(month("de", conservative), sent), "2027-02-26");
    let rule = rule(month("de", conservative), day("2027-01-31"));
    let told = due(&rule, at(sent)).unwrap().readings;
    assert!(told[0].contains("2027-03-01T22:59:59Z"), "{told:?}");
}

#[test]
fn days_of_states_and_years() {
    let state = calendar_days;
    for (due_rule, start, expected) in [
        (
            state(30, "America/Chicago"),
            "2026-11-21T12:00:00-06:00",
            "2026-12-21",
        ),
        (
            state(60, "America/Chicago"),
            "2026-11-21T12:00:00-06:00",
            "2027-01-20",
        ),
        (
            state(30, "America/Los_Angeles"),
            "2026-11-21T12:00:00-08:00",
            "2026-12-21",
        ),
        (
            state(30, "America/New_York"),
            "2026-11-21T12:00:00-05:00",
            "2026-12-21",
        ),
        (
            state(60, "America/New_York"),
            "2026-11-21T12:00:00-05:00",
            "2027-01-20",
        ),
    ] {
        assert_eq!(due_day(due_rule, start), expected);
    }
    let year = Due::AfterYearEnd {
        amount: 60,
        zone: "America/New_York".into(),
    };
    assert_eq!(due_day(year, "2026-05-05T12:00:00Z"), "2027-03-01");
    let annual = || Due::Annual {
        by: "09-30".into(),
        as_of: "06-30".into(),
        zone: "America/New_York".into(),
    };
    for (start, expected) in [
        ("2026-06-30T12:00:00Z", "2026-09-30"),
        ("2026-07-01T12:00:00Z", "2027-09-30"),
        ("2027-01-02T12:00:00Z", "2027-09-30"),
    ] {
        assert_eq!(due_day(annual(), start), expected, "{start}");
    }
    // The day of the event can be the first.
    let inclusive = Due::BusinessDay {
        amount: 4,
        calendar: "sec".into(),
        count_event_day: true,
        until: None,
    };
    assert_eq!(
        due_day(inclusive, "2026-11-20T12:00:00-05:00"),
        "2026-11-25"
    );
}

#[test]
fn thirty_portuguese_working_days() {
    // 2026-12-01, 12-08, 12-25 and 2027-01-01 are holidays.
    let due = due_day(business(30, "pt"), "2026-11-20T12:00:00Z");
    assert_eq!(due, "2027-01-07");
}

#[test]
fn the_noon_rule_is_told_and_not_used() {
    let berlin = TimeZone::get("Europe/Brussels").unwrap();
    let calendars = &catalogue().calendars;
    let closed = calendars.closed(calendars.get("eu_institutions").unwrap(), day("2026-11-20"));
    // Saturday 2026-11-21: noon of Monday.
    let noon = noon_after(at("2026-11-21T09:00:00Z"), &berlin, &closed);
    assert_eq!(noon, Some(at("2026-11-23T11:00:00Z")));
    assert_eq!(
        noon_after(at("2026-11-20T09:00:00Z"), &berlin, &closed),
        None
    );
    let one = catalogue().get("eu.dora.19").unwrap();
    let rule = catalogue()
        .rule(one, &one.stages[0], day("2026-11-20"), None)
        .unwrap();
    let computed = due(&rule, at("2026-11-21T05:00:00Z")).unwrap();
    assert_eq!(utc(computed.due), "2026-11-21T09:00:00Z");
    assert!(computed.readings[0].contains("2026-11-23T11:00:00Z"));
}

proptest! {
    #[test]
    fn between_a_start_and_its_deadline_lie_exactly_that_many_working_days(
        offset in 0_i64..3000, amount in 1_u32..90, which in 0_usize..24,
    ) {
        let calendars = &catalogue().calendars;
        let all: Vec<_> = calendars.all().collect();
        let one = all[which % all.len()];
        let start = day("2024-02-01").checked_add(offset.days()).unwrap();
        let closed = calendars.closed(one, start);
        let end = business_days(start, amount, false, &closed).unwrap();
        prop_assert!(works(&closed, end));
        let mut passed = 0;
        let mut here = start;
        while here < end {
            here = here.tomorrow().unwrap();
            passed += u32::from(works(&closed, here));
        }
        prop_assert_eq!(passed, amount);
    }
}

#[derive(serde::Deserialize)]
struct Expected {
    holidays: BTreeMap<String, BTreeSet<Date>>,
    business: Vec<(String, Date, u32, Date)>,
    months: Vec<(Date, u32, Date)>,
    /// The calendar, the start, how many days; the last day, the next working day, the one before.
    days: Vec<(String, Date, u32, Date, Date, Date)>,
    year_ends: Vec<(Date, u32, Date)>,
    /// The zone, the start, how many hours, and what a clock on the wall says at the end.
    hours: Vec<(String, Timestamp, u32, jiff::civil::DateTime)>,
}

/// What the independent implementations say; nothing where they are not installed.
#[expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a test that cannot run says so, and must run where everything is installed"
)]
fn expected(seed: u32, count: u32) -> Option<Expected> {
    let has = Command::new("python3")
        .args(["-c", "import holidays, dateutil"])
        .output()
        .is_ok_and(|done| done.status.success());
    if !has {
        assert!(
            std::env::var_os("CORDON_SHARED").is_none(),
            "pip install holidays python-dateutil"
        );
        eprintln!("skipped: pip install holidays python-dateutil");
        return None;
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clock/expect.py");
    let done = Command::new("python3")
        .args([script, &seed.to_string(), &count.to_string()])
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    Some(serde_json::from_slice(&done.stdout).unwrap())
}

#[test]
fn every_calendar_agrees_with_an_independent_one() {
    let Some(expected) = expected(1, 0) else {
        return;
    };
    let mut wrong = Vec::new();
    for one in catalogue().calendars.all() {
        let Some(theirs) = expected.holidays.get(&one.id) else {
            wrong.push(format!("{}: nothing to compare it with", one.id));
            continue;
        };
        let weekend = one.weekend();
        let mut ours = BTreeSet::new();
        for year in 2024..=2032 {
            let days = catalogue().calendars.holidays(one, year).into_keys();
            ours.extend(days.filter(|day| !weekend.contains(&calendar::weekday(*day))));
        }
        let more: Vec<_> = ours.difference(theirs).collect();
        let less: Vec<_> = theirs.difference(&ours).collect();
        if !more.is_empty() || !less.is_empty() {
            wrong.push(format!("{}: too many {more:?}, missing {less:?}", one.id));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn thousands_of_deadlines_agree_with_independent_ones() {
    for seed in [7, 1971] {
        let Some(expected) = expected(seed, 4000) else {
            return;
        };
        let calendars = &catalogue().calendars;
        for (name, start, amount, end) in expected.business {
            let closed = calendars.closed(calendars.get(&name).unwrap(), start);
            let ours = business_days(start, amount, false, &closed).unwrap();
            assert_eq!(ours, end, "{name}: {start} and {amount} business days");
        }
        for (start, amount, end) in expected.months {
            let due_rule = Due::Month {
                amount,
                calendar: "de".into(),
                roll: Roll::None,
                later: None,
            };
            let noon = format!("{start}T12:00:00Z");
            assert_eq!(due_day(due_rule, &noon), end.to_string(), "{start}");
        }
    }
}

#[test]
fn days_rolls_years_and_hours_agree_with_independent_ones() {
    let Some(expected) = expected(1582, 2000) else {
        return;
    };
    for (name, start, amount, last, next, before) in expected.days {
        let noon = format!("{start}T12:00:00Z");
        for (roll, end) in [
            (Roll::None, last),
            (Roll::Next, next),
            (Roll::ConservativePrevious, before),
        ] {
            let due_rule = Due::CalendarDay {
                amount,
                zone: None,
                calendar: Some(name.clone()),
                count_event_day: false,
                roll,
            };
            let ours = due_day(due_rule, &noon);
            assert_eq!(ours, end.to_string(), "{name}: {start}, {amount}, {roll:?}");
        }
    }
    for (start, amount, end) in expected.year_ends {
        let due_rule = Due::AfterYearEnd {
            amount,
            zone: "America/New_York".into(),
        };
        let ours = due_day(due_rule, &format!("{start}T17:00:00Z"));
        assert_eq!(ours, end.to_string(), "{start} and {amount}");
    }
    let mut changed = 0;
    for (zone, start, amount, wall) in expected.hours {
        let zone = TimeZone::get(&zone).unwrap();
        let rule = rule(hours(amount), day("2026-01-01"));
        let end = due(&rule, start).unwrap().due.to_zoned(zone.clone());
        assert_eq!(end.datetime(), wall, "{start} and {amount} hours");
        changed += u32::from(end.offset() != start.to_zoned(zone).offset());
    }
    assert!(changed > 300, "{changed} went over a change of the clocks");
}
