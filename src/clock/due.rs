//! When a deadline is: the arithmetic of duties.
//!
//! Where the law can be read in two ways, the earlier instant is the deadline and the later one is
//! told beside it. Nothing is ever extended silently.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan as _};
use serde::Serialize;

use super::calendar::works;
use crate::case::event::due::{Closed, Due, Later, Roll, Rule};
use crate::time::{Timestamp, utc_and_zone};

/// A deadline, and how else it could be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Computed {
    /// The instant that counts.
    pub due: Timestamp,
    /// Later readings, each as a sentence; none of them counts.
    pub readings: Vec<String>,
}

/// The deadline of a rule from a start. `None` only where the calendar of the world ends.
pub fn due(rule: &Rule, start: Timestamp) -> Option<Computed> {
    due_told(rule, start, &[])
}

/// The same for a start that was told in these zones. Where the day of the event may have been another
/// than at the place of the rule, the earlier deadline counts. A zone of that place says which day it
/// was; any other leaves all of them possible.
pub fn due_told(rule: &Rule, start: Timestamp, told: &[String]) -> Option<Computed> {
    let zone = TimeZone::get(&rule.zone).unwrap_or(TimeZone::UTC);
    let day = start.to_zoned(zone.clone()).date();
    let mut computed = counted(rule, start, day, &zone)?;
    if !rule.due.in_days() {
        return Some(computed);
    }
    let of_place = |name: &String| *name == rule.zone || rule.zones.contains(name);
    let known = !told.is_empty() && told.iter().all(of_place);
    let possible = rule.zones.iter().filter(|_| !known).chain(told);
    for name in possible {
        let Ok(other) = TimeZone::get(name) else {
            continue;
        };
        let there = start.to_zoned(other).date();
        if there == day {
            continue;
        }
        let earlier = counted(rule, start, there, &zone)?;
        if earlier.due < computed.due {
            let mut readings = earlier.readings;
            readings.push(format!(
                "It was {there} in {name} and {day} in {}: the earlier day counts, the other would give {}.",
                rule.zone,
                utc_and_zone(computed.due, &zone)
            ));
            computed = Computed {
                due: earlier.due,
                readings,
            };
        }
    }
    Some(computed)
}

/// The deadline counted from a day, which ends in the zone of the rule.
fn counted(rule: &Rule, start: Timestamp, day: Date, zone: &TimeZone) -> Option<Computed> {
    let empty = Closed::default();
    let closed = rule.closed.as_ref().unwrap_or(&empty);
    let mut readings = Vec::new();
    let due = match &rule.due {
        Due::Hour { amount, later, .. } => {
            let due = hours(start, *amount)?;
            readings.extend(later.and_then(|later| later_than(later, due, start, zone, closed)));
            due
        }
        Due::Immediately { target_hours } | Due::Target { target_hours } => {
            hours(start, *target_hours)?
        }
        Due::CalendarDay {
            amount,
            count_event_day,
            roll,
            ..
        } => {
            let days = amount.saturating_sub(u32::from(*count_event_day));
            let last = day.checked_add(i64::from(days).days()).ok()?;
            let kept = rolled(last, *roll, closed)?;
            readings.extend(moved(last, *roll, closed, zone));
            end_of(kept, None, zone)?
        }
        Due::BusinessDay {
            amount,
            count_event_day,
            until,
            ..
        } => {
            let last = business_days(day, *amount, *count_event_day, closed)?;
            end_of(last, *until, zone)?
        }
        Due::Month {
            amount,
            roll,
            later,
            ..
        } => {
            let last = day.checked_add(i64::from(*amount).months()).ok()?;
            let kept = rolled(last, *roll, closed)?;
            readings.extend(moved(last, *roll, closed, zone));
            let due = end_of(kept, None, zone)?;
            readings.extend(later.and_then(|later| later_than(later, due, start, zone, closed)));
            due
        }
        Due::Annual { by, as_of, .. } => end_of(annual(day, by, as_of)?, None, zone)?,
        Due::AfterYearEnd { amount, .. } => {
            let end = Date::new(day.year(), 12, 31).ok()?;
            end_of(end.checked_add(i64::from(*amount).days()).ok()?, None, zone)?
        }
    };
    Some(Computed { due, readings })
}

/// Elapsed hours: a change of the clocks does not matter.
pub fn hours(start: Timestamp, amount: u32) -> Option<Timestamp> {
    start
        .checked_add(SignedDuration::from_hours(i64::from(amount)))
        .ok()
}

/// The last of `amount` working days. Unless the day of the event counts, the next one is the first
/// that can; an event on a day that does not count begins with the first working day after it.
pub fn business_days(
    start: Date,
    amount: u32,
    count_event_day: bool,
    closed: &Closed,
) -> Option<Date> {
    let mut day = start;
    let mut counted = u32::from(count_event_day && works(closed, day));
    while counted < amount {
        day = day.tomorrow().ok()?;
        counted += u32::from(works(closed, day));
    }
    Some(day)
}

/// The day that a deadline moves to.
pub fn rolled(day: Date, roll: Roll, closed: &Closed) -> Option<Date> {
    let mut day = day;
    while !works(closed, day) {
        day = match roll {
            Roll::None => return Some(day),
            Roll::Next => day.tomorrow().ok()?,
            Roll::ConservativePrevious => day.yesterday().ok()?,
        };
    }
    Some(day)
}

/// The reading of the law that moves a last day forward, where the day before is counted on.
fn moved(last: Date, roll: Roll, closed: &Closed, zone: &TimeZone) -> Option<String> {
    let next = rolled(last, Roll::Next, closed).filter(|next| *next != last)?;
    if roll != Roll::ConservativePrevious {
        return None;
    }
    let at = end_of(next, None, zone)?;
    Some(format!(
        "The last day is no working day; the law may move it to {}. The working day before counts here.",
        utc_and_zone(at, zone)
    ))
}

fn later_than(
    later: Later,
    due: Timestamp,
    start: Timestamp,
    zone: &TimeZone,
    closed: &Closed,
) -> Option<String> {
    match later {
        Later::Eu1182 => {
            let at = by_full_hours(due, start)?;
            Some(format!(
                "Counted from the next full hour, as Regulation 1182/71 Article 3(1) can be read, it ends {}.",
                utc_and_zone(at, zone)
            ))
        }
        Later::DoraNoon => {
            let at = noon_after(due, zone, closed)?;
            Some(format!(
                "It ends on a day that is no working day; entities that may wait have until {}. Credit institutions, central counterparties, trading venues and essential or important entities may not.",
                utc_and_zone(at, zone)
            ))
        }
    }
}

/// The end of the last hour, where the hour of the event is not counted.
pub fn by_full_hours(due: Timestamp, start: Timestamp) -> Option<Timestamp> {
    let into = start.as_second().rem_euclid(3600);
    let rest = if into == 0 { 0 } else { 3600 - into };
    due.checked_add(SignedDuration::from_secs(rest)).ok()
}

/// Noon of the next working day, for a deadline that falls on a day that is none.
pub fn noon_after(due: Timestamp, zone: &TimeZone, closed: &Closed) -> Option<Timestamp> {
    let day = due.to_zoned(zone.clone()).date();
    let next = rolled(day, Roll::Next, closed).filter(|next| *next != day)?;
    at(next, Time::midnight().checked_add(12.hours()).ok()?, zone)
}

/// The report of what is held on one day of the year, due on another: the first whose day has not
/// passed.
fn annual(day: Date, by: &str, as_of: &str) -> Option<Date> {
    let held = held_on(day, as_of)?;
    let reported = in_year(held.year(), by)?;
    if reported < held {
        return in_year(held.year().checked_add(1)?, by);
    }
    Some(reported)
}

/// The first such day of a year that has not passed.
fn held_on(day: Date, as_of: &str) -> Option<Date> {
    let held = in_year(day.year(), as_of)?;
    if held < day {
        return in_year(day.year().checked_add(1)?, as_of);
    }
    Some(held)
}

fn in_year(year: i16, text: &str) -> Option<Date> {
    let (month, day) = super::calendar::month_day(text)?;
    Date::new(year, month, day).ok()
}

/// From when a duty of every year is counted once these were handed in, the first first. Each meets the
/// earliest report whose day had come and that none before it met: a late one does not skip a year, and
/// two in one year are one.
pub fn counted_from(rule: &Rule, start: Timestamp, filed: &[Timestamp]) -> Option<Timestamp> {
    let Due::Annual { as_of, .. } = &rule.due else {
        return Some(start);
    };
    let zone = TimeZone::get(&rule.zone).unwrap_or(TimeZone::UTC);
    let day = |at: Timestamp| at.to_zoned(zone.clone()).date();
    let mut from = start;
    for one in filed {
        let held = held_on(day(from), as_of)?;
        if day(*one) >= held {
            // Noon: the same day in every zone of the place.
            let noon = Time::midnight().checked_add(12.hours()).ok()?;
            from = at(held.tomorrow().ok()?, noon, &zone)?;
        }
    }
    Some(from)
}

/// The last second of a day, or the last minute that an office is open.
fn end_of(day: Date, until: Option<Time>, zone: &TimeZone) -> Option<Timestamp> {
    at(
        day,
        until.unwrap_or_else(|| jiff::civil::time(23, 59, 59, 0)),
        zone,
    )
}

fn at(day: Date, time: Time, zone: &TimeZone) -> Option<Timestamp> {
    let at = day.to_datetime(time).to_zoned(zone.clone()).ok()?;
    Some(at.timestamp())
}

/// How long something may take, in words.
pub fn text(due: &Due) -> String {
    let units = |amount: u32, one: &str| match amount {
        1 => format!("1 {one}"),
        _ => format!("{amount} {one}s"),
    };
    match due {
        Due::Hour { amount, .. } => units(*amount, "hour"),
        Due::CalendarDay { amount, .. } => units(*amount, "calendar day"),
        Due::BusinessDay {
            amount, calendar, ..
        } => format!("{} ({calendar})", units(*amount, "business day")),
        Due::Month { amount, .. } => units(*amount, "month"),
        Due::Annual { by, as_of, .. } => format!("every year by {by}, as of {as_of}"),
        Due::AfterYearEnd { amount, .. } => {
            format!(
                "{} after the end of the year",
                units(*amount, "calendar day")
            )
        }
        Due::Immediately { target_hours } => {
            format!(
                "at once; internal target of {}",
                units(*target_hours, "hour")
            )
        }
        Due::Target { target_hours } => {
            format!(
                "no duty; internal target of {}",
                units(*target_hours, "hour")
            )
        }
    }
}
