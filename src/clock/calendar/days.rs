//! When holidays are: the rules of a calendar applied to a year.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan as _;
use jiff::civil::Date;

use super::file::{Day, Observed, month_day};
use super::weekday;
use crate::case::event::due::Weekday;

/// Every holiday that belongs to a year, on the day that it is kept and on its own.
pub(super) fn of_year(
    days: &[&Day],
    year: i16,
    weekend: &[Weekday],
) -> BTreeMap<Date, Vec<String>> {
    let mut own: Vec<(Date, &Day)> = days
        .iter()
        .filter(|day| day.from.is_none_or(|from| from <= year))
        .filter(|day| day.to.is_none_or(|to| year <= to))
        .flat_map(|day| dates(day, year).into_iter().map(move |date| (date, *day)))
        .collect();
    own.sort_by_key(|(date, _)| *date);
    let mut taken: BTreeSet<Date> = own.iter().map(|(date, _)| *date).collect();
    let mut kept: BTreeMap<Date, Vec<String>> = BTreeMap::new();
    for (date, day) in own {
        kept.entry(date).or_default().push(day.name.clone());
        let moved = match day.observed {
            Observed::None => None,
            Observed::Nearest => nearest(date),
            Observed::Substitute => substitute(date, weekend, &taken),
        };
        if let Some(moved) = moved {
            taken.insert(moved);
            let name = format!("{} (kept)", day.name);
            kept.entry(moved).or_default().push(name);
        }
    }
    kept
}

fn nearest(date: Date) -> Option<Date> {
    match weekday(date) {
        Weekday::Saturday => date.yesterday().ok(),
        Weekday::Sunday => date.tomorrow().ok(),
        _ => None,
    }
}

fn substitute(date: Date, weekend: &[Weekday], taken: &BTreeSet<Date>) -> Option<Date> {
    if !weekend.contains(&weekday(date)) {
        return None;
    }
    let mut day = date.tomorrow().ok()?;
    while weekend.contains(&weekday(day)) || taken.contains(&day) {
        day = day.tomorrow().ok()?;
    }
    Some(day)
}

fn dates(day: &Day, year: i16) -> Vec<Date> {
    let fixed = day.fixed.as_deref().and_then(|text| on(year, text));
    let nth = day.nth.and_then(|nth| {
        let first = Date::new(year, nth.month, 1).ok()?;
        first.nth_weekday_of_month(nth.n, civil(nth.weekday)).ok()
    });
    let moved = day
        .easter
        .and_then(|offset| easter(year)?.checked_add(i64::from(offset).days()).ok());
    let before = day.before.as_ref().and_then(|before| {
        on(year, &before.date)?
            .nth_weekday(-1, civil(before.weekday))
            .ok()
    });
    let single = day.on.iter().copied().filter(|date| date.year() == year);
    single
        .chain([fixed, nth, moved, before].into_iter().flatten())
        .collect()
}

fn on(year: i16, text: &str) -> Option<Date> {
    let (month, day) = month_day(text)?;
    Date::new(year, month, day).ok()
}

const fn civil(weekday: Weekday) -> jiff::civil::Weekday {
    match weekday {
        Weekday::Monday => jiff::civil::Weekday::Monday,
        Weekday::Tuesday => jiff::civil::Weekday::Tuesday,
        Weekday::Wednesday => jiff::civil::Weekday::Wednesday,
        Weekday::Thursday => jiff::civil::Weekday::Thursday,
        Weekday::Friday => jiff::civil::Weekday::Friday,
        Weekday::Saturday => jiff::civil::Weekday::Saturday,
        Weekday::Sunday => jiff::civil::Weekday::Sunday,
    }
}

/// Easter Sunday of the Gregorian calendar (the anonymous algorithm, as Meeus prints it).
fn easter(year: i16) -> Option<Date> {
    let number = i32::from(year);
    let (golden, century, rest) = (number % 19, number / 100, number % 100);
    let correction = (century - (century + 8) / 25 + 1) / 3;
    let epact = (19 * golden + century - century / 4 - correction + 15) % 30;
    let sunday = (32 + 2 * (century % 4) + 2 * (rest / 4) - epact - rest % 4) % 7;
    let late = (golden + 11 * epact + 22 * sunday) / 451;
    let days = epact + sunday - 7 * late + 114;
    let (month, day) = (days / 31, days % 31 + 1);
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}
