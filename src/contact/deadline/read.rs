//! From a named moment to the instants that it may mean.

use std::collections::BTreeMap;

use jiff::civil::{Date, Weekday};
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, ToSpan as _, Zoned};

use super::Reference;
use super::grammar::{Clock, Day, Moment, Zone};
use super::words::{Part, Unit};
use crate::case::event::Reading;
use crate::time::Timestamp;

/// The difference between sending and receiving that is worth a reading of its own, in seconds.
const DELAY: i64 = 300;
/// The most readings of one deadline.
const MOST: usize = 32;
/// An hour of the wall clock, in seconds.
const HOUR: i64 = 3_600;
/// A day of the wall clock, in seconds.
const DAY: i64 = 24 * HOUR;

/// Readings by instant, so that two ways to the same instant are one reading.
#[derive(Debug, Default)]
struct Readings(BTreeMap<Timestamp, Vec<String>>);

impl Readings {
    fn add(&mut self, at: Timestamp, how: String) {
        let ways = self.0.entry(at).or_default();
        if !ways.contains(&how) && ways.len() < 6 {
            ways.push(how);
        }
    }
}

/// A zone in which to read a wall clock, and how it is called.
#[derive(Debug, Clone)]
struct Place {
    zone: TimeZone,
    label: String,
    /// Whether only the first or only the last instant of a day counts: the bounds of the world.
    only: Option<Bound>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bound {
    First,
    Last,
}

/// What `moment` may mean, the earliest first.
pub(super) fn readings(moment: &Moment, reference: &Reference<'_>) -> Vec<Reading> {
    let mut found = Readings::default();
    match moment {
        Moment::Span { counts, unit } => {
            for count in counts {
                span(*count, *unit, reference, &mut found);
            }
        }
        Moment::Instant { at, words } => found.add(*at, as_written(words)),
        Moment::Point {
            day,
            part,
            clock,
            zone,
        } => {
            let read = |reference: &Reference<'_>| {
                let mut all = Readings::default();
                for place in places(zone.as_ref(), clock.is_none(), reference) {
                    point(*day, *part, *clock, &place, reference, &mut all);
                }
                // An instant before the message cannot be meant, unless there is no other.
                let ahead = all.0.split_off(&reference.base());
                if ahead.is_empty() { all.0 } else { ahead }
            };
            found.0 = read(reference);
            // "Until Friday" of a header's date that is past when we have the mail: the date may be
            // false, so our own calendar is read too.
            let named = matches!(day, Some(Day::Date { .. } | Day::Slashed { .. }));
            let past = |imported: &Timestamp| found.0.keys().all(|at| at < imported);
            if let Some(imported) = reference.imported.filter(past).filter(|_| !named) {
                let later = Reference {
                    sent: None,
                    received: imported,
                    ..*reference
                };
                for (at, ways) in read(&later) {
                    if !found.0.contains_key(&at) {
                        found.add(
                            at,
                            format!("{}, from when it was taken in", ways.join("; ")),
                        );
                    }
                }
            }
        }
    }
    let readings = found.0.into_iter().take(MOST);
    readings
        .map(|(at, ways)| Reading {
            at,
            how: ways.join("; "),
        })
        .collect()
}

/// How an instant with its offset is read. A second 60 is one that no clock here has.
fn as_written(words: &str) -> String {
    let (_, time) = words.split_once(['T', 't', ' ']).unwrap_or_default();
    match time.splitn(3, ':').nth(2) {
        Some(seconds) if seconds.starts_with("60") => {
            format!("the leap second {words}, read as the second 59 before it")
        }
        _ => format!("the instant as written: {words}"),
    }
}

/// The zones in which the words may have been meant.
fn places(named: Option<&Zone>, whole_days: bool, reference: &Reference<'_>) -> Vec<Place> {
    let writer = reference.offset.map(|offset| Place {
        zone: TimeZone::fixed(offset),
        label: format!("the sender's offset {offset}"),
        only: None,
    });
    let readers = reference.zones.iter().map(|zone| Place {
        zone: zone.clone(),
        label: zone.iana_name().unwrap_or("a fixed offset").to_owned(),
        only: None,
    });
    let utc = || Place {
        zone: TimeZone::UTC,
        label: "UTC, for want of a zone".to_owned(),
        only: None,
    };
    let mut found: Vec<Place> = match named {
        Some(Zone::Named {
            offsets,
            names,
            words,
        }) => {
            let fixed = offsets.iter().filter_map(|minutes| {
                let offset = Offset::from_seconds(minutes * 60).ok()?;
                Some(Place {
                    zone: TimeZone::fixed(offset),
                    label: format!("{words} as {offset}"),
                    only: None,
                })
            });
            let named = names.iter().filter_map(|name| {
                let zone = TimeZone::get(name).ok()?;
                Some(Place {
                    zone,
                    label: format!("{words} as {name}"),
                    only: None,
                })
            });
            return fixed.chain(named).collect();
        }
        Some(Zone::Reader) => readers.collect(),
        Some(Zone::Writer) => writer.into_iter().collect(),
        None => writer.into_iter().chain(readers).collect(),
    };
    if found.is_empty() {
        found.push(utc());
    }
    // A mail system that writes UTC says nothing about where the sender is.
    let nowhere = reference.offset.is_none_or(Offset::is_zero);
    if whole_days && named.is_none() && nowhere {
        for (hours, only, label) in [
            (12, Bound::First, "UTC+12, where a day begins first"),
            (-12, Bound::Last, "UTC-12, where a day ends last"),
        ] {
            let zone = TimeZone::fixed(jiff::tz::offset(hours));
            found.push(Place {
                zone,
                label: label.to_owned(),
                only: Some(only),
            });
        }
    }
    found
}

fn span(count: i64, unit: Unit, reference: &Reference<'_>, found: &mut Readings) {
    let told = [
        reference.sent.map(|at| (at, "it was sent")),
        Some((reference.received, "we had it")),
        reference.imported.map(|at| (at, "it was taken in")),
    ];
    let mut starts: Vec<(Timestamp, &str)> = Vec::new();
    for (at, word) in told.into_iter().flatten() {
        let apart =
            |(known, _): &(Timestamp, &str)| (at.as_second() - known.as_second()).abs() > DELAY;
        if starts.iter().all(apart) {
            starts.push((at, word));
        }
    }
    for (start, word) in starts {
        one_span(count, unit, start, word, reference, found);
    }
}

fn one_span(
    count: i64,
    unit: Unit,
    start: Timestamp,
    word: &str,
    reference: &Reference<'_>,
    found: &mut Readings,
) {
    let seconds = match unit {
        Unit::Minute => Some(60),
        Unit::Hour => Some(3_600),
        Unit::Day => Some(86_400),
        Unit::Week => Some(7 * 86_400),
        Unit::WorkingDay | Unit::Month => None,
    };
    let elapsed = seconds.and_then(|seconds| {
        start
            .checked_add(SignedDuration::from_secs(count.checked_mul(seconds)?))
            .ok()
    });
    if let Some(at) = elapsed {
        let name = name_of(unit, count);
        found.add(at, format!("{count} {name} elapsed after {word}"));
    }
    let days = match unit {
        Unit::Hour if count % 24 == 0 => Some(count / 24),
        Unit::Day => Some(count),
        Unit::Week => count.checked_mul(7),
        _ => None,
    };
    for place in places(None, false, reference) {
        let local = start.to_zoned(place.zone.clone());
        let later = match (days, unit) {
            (Some(days), _) => local.checked_add(days.days()).ok(),
            (None, Unit::Month) => local.checked_add(count.months()).ok(),
            (None, Unit::WorkingDay) => working_days(&local, count),
            _ => None,
        };
        let Some(later) = later else { continue };
        if elapsed != Some(later.timestamp()) {
            let shown = later.strftime("%a %Y-%m-%d %H:%M %Z");
            let kind = if unit == Unit::WorkingDay {
                "days from Monday to Friday"
            } else {
                "the wall clock"
            };
            found.add(
                later.timestamp(),
                format!("by {kind} in {} after {word} ({shown})", place.label),
            );
        }
        if !matches!(unit, Unit::Minute | Unit::Hour)
            && let Some(end) = at_clock(&place.zone, later.date(), DAY)
        {
            found.add(
                end,
                format!("end of that day, {}, in {}", later.date(), place.label),
            );
        }
    }
}

fn working_days(local: &Zoned, count: i64) -> Option<Zoned> {
    let mut day = local.clone();
    let mut left = count.min(1_000);
    while left > 0 {
        day = day.checked_add(1.day()).ok()?;
        let weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
        left -= i64::from(!weekend);
    }
    Some(day)
}

const fn name_of(unit: Unit, count: i64) -> &'static str {
    match (unit, count) {
        (Unit::Minute, 1) => "minute",
        (Unit::Minute, _) => "minutes",
        (Unit::Hour, 1) => "hour",
        (Unit::Hour, _) => "hours",
        (Unit::Day, 1) => "day of 24 hours",
        (Unit::Day, _) => "days of 24 hours",
        (Unit::Week, 1) => "week",
        (Unit::Week, _) => "weeks",
        (Unit::WorkingDay, _) => "working days",
        (Unit::Month, _) => "months",
    }
}

fn point(
    day: Option<Day>,
    part: Option<Part>,
    clock: Option<Clock>,
    place: &Place,
    reference: &Reference<'_>,
    found: &mut Readings,
) {
    let from = reference.base();
    let dates = match day {
        Some(day) => {
            let bare = part.is_none() && clock.is_none();
            dates(day, today(day, bare, place, reference))
        }
        None => clock_days(clock, place, from.to_zoned(place.zone.clone()).date(), from),
    };
    for (date, name) in dates {
        let moments = moments(day, part, clock);
        let picked = match place.only {
            Some(Bound::First) => moments.get(..1),
            Some(Bound::Last) => moments.get(moments.len().saturating_sub(1)..),
            None => Some(moments.as_slice()),
        };
        for (second, what) in picked.unwrap_or_default() {
            if let Some(at) = at_clock(&place.zone, date, *second) {
                found.add(at, format!("{what}{name} in {}", place.label));
            }
        }
    }
}

/// The date of the message on the calendar that its words are counted on.
///
/// That is the writer's, where it is known: "until Friday" said on a Saturday is the next Friday,
/// although the reader's calendar may still show one. Where it is not known, a bare weekday is no
/// day that has ended in UTC: nobody says "until Friday" in the last hours of a Friday.
fn today(day: Day, bare: bool, place: &Place, reference: &Reference<'_>) -> Date {
    let from = reference.base();
    let there = from.to_zoned(place.zone.clone()).date();
    let utc = from.to_zoned(TimeZone::UTC).date();
    match reference.offset {
        Some(offset) if !offset.is_zero() => offset.to_datetime(from).date(),
        _ if place.only.is_some() => utc,
        _ if bare && matches!(day, Day::Week { .. }) => there.max(utc),
        _ => there,
    }
}

/// The seconds of the day that are meant, and their words.
fn moments(day: Option<Day>, part: Option<Part>, clock: Option<Clock>) -> Vec<(i64, String)> {
    if let Some(clock) = clock {
        let second = of_day(clock);
        let shown = |second: i64| {
            let (hour, minute, rest) = (second / HOUR, second % HOUR / 60, second % 60);
            let rest = if rest == 0 {
                String::new()
            } else {
                format!(":{rest:02}")
            };
            (second, format!("{hour:02}:{minute:02}{rest} on "))
        };
        if !clock.half_unknown {
            return vec![shown(second)];
        }
        let other = if clock.hour == 12 {
            DAY
        } else {
            second + 12 * HOUR
        };
        return vec![shown(second), shown(other)];
    }
    if let Some(part) = part {
        return vec![
            (
                part.from * HOUR,
                format!("beginning of the {} of ", part.name),
            ),
            (part.to * HOUR, format!("end of the {} of ", part.name)),
        ];
    }
    match day {
        Some(Day::EndOf {
            unit: Unit::WorkingDay,
            ..
        }) => {
            vec![
                (17 * HOUR, "17:00 on ".to_owned()),
                (DAY, "end of ".to_owned()),
            ]
        }
        Some(Day::EndOf { .. }) => vec![(DAY, "end of ".to_owned())],
        _ => vec![(0, "start of ".to_owned()), (DAY, "end of ".to_owned())],
    }
}

/// The dates that a day may mean for someone whose calendar shows `today`.
fn dates(day: Day, today: Date) -> Vec<(Date, String)> {
    let plus = |days: i64| today.checked_add(days.days()).ok();
    let named = |date: Date| (date, date.strftime("%A %Y-%m-%d").to_string());
    let found: Vec<Option<Date>> = match day {
        Day::After(days) => vec![plus(days)],
        Day::Week { day, next } => {
            let days = i64::from(today.weekday().until(day));
            match (days, next) {
                (0, true) => vec![plus(7)],
                (0, false) => vec![plus(0), plus(7)],
                (days, true) => vec![plus(days), plus(days + 7)],
                (days, false) => vec![plus(days)],
            }
        }
        Day::Date { year, month, day } => vec![date_of(year, month, day, today)],
        Day::Slashed { year, one, two } => {
            let (first, second) = (
                date_of(year, two, one, today),
                date_of(year, one, two, today),
            );
            let marked = |date: Option<Date>, how: &str| {
                let (date, name) = named(date?);
                Some((date, format!("{name} ({how})")))
            };
            let both = [
                marked(first, "the day first"),
                marked(second, "the month first"),
            ];
            return both.into_iter().flatten().collect();
        }
        Day::OfMonth(day) => {
            let this = Date::new(today.year(), today.month(), day)
                .ok()
                .filter(|date| *date >= today);
            let later = today.last_of_month().tomorrow().ok();
            vec![this.or_else(|| {
                later.and_then(|later| Date::new(later.year(), later.month(), day).ok())
            })]
        }
        Day::EndOf {
            unit: Unit::Week,
            next,
        } => {
            // A week runs from Monday, so on a Saturday the working week has ended.
            let monday = i64::from(today.weekday().to_monday_zero_offset());
            let week = if next { 7 } else { 0 };
            vec![
                plus(4 - monday + week).filter(|friday| *friday >= today),
                plus(6 - monday + week),
            ]
        }
        Day::EndOf {
            unit: Unit::Month,
            next,
        } => {
            let month = if next {
                today.last_of_month().tomorrow().ok()
            } else {
                Some(today)
            };
            vec![month.map(Date::last_of_month)]
        }
        Day::EndOf { next, .. } => vec![plus(i64::from(next))],
    };
    found.into_iter().flatten().map(named).collect()
}

/// A date; without a year, the first one that is not past.
fn date_of(year: Option<i16>, month: i8, day: i8, today: Date) -> Option<Date> {
    if let Some(year) = year {
        return Date::new(year, month, day).ok();
    }
    // Eight years always hold a 29 February.
    (0..=8)
        .filter_map(|years| Date::new(today.year().checked_add(years)?, month, day).ok())
        .find(|date| *date >= today)
}

/// A time without a day: today, or tomorrow when it is past.
fn clock_days(
    clock: Option<Clock>,
    place: &Place,
    today: Date,
    from: Timestamp,
) -> Vec<(Date, String)> {
    let Some(clock) = clock else {
        return Vec::new();
    };
    let last = of_day(clock) + if clock.half_unknown { 12 * HOUR } else { 0 };
    let past = at_clock(&place.zone, today, last).is_none_or(|at| at < from);
    let date = if past {
        today.tomorrow().ok()
    } else {
        Some(today)
    };
    let named = |date: Date| (date, date.strftime("%A %Y-%m-%d").to_string());
    date.map(named).into_iter().collect()
}

/// The second of the day that a clock shows.
const fn of_day(clock: Clock) -> i64 {
    clock.hour * HOUR + clock.minute * 60 + clock.second
}

/// The instant at which the wall clock of `zone` shows this second of `date`; 24:00 and later belong
/// to the next day.
fn at_clock(zone: &TimeZone, date: Date, second: i64) -> Option<Timestamp> {
    let date = date.checked_add((second / DAY).days()).ok()?;
    let narrow = |number: i64| i8::try_from(number).ok();
    let (hour, minute) = (narrow(second % DAY / HOUR)?, narrow(second % HOUR / 60)?);
    let local = date.at(hour, minute, narrow(second % 60)?, 0);
    Some(local.to_zoned(zone.clone()).ok()?.timestamp())
}
