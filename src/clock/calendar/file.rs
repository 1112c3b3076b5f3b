//! The form of a holiday file.

use jiff::civil::Date;
use serde::Deserialize;

use crate::case::event::due::Weekday;
use crate::clock::catalogue::records;
use crate::fault::{Fault, Result};

/// One calendar of working days.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calendar {
    /// `us_federal`.
    pub id: String,
    /// What it is.
    pub title: String,
    /// The zone of its days.
    pub zone: String,
    /// Other zones of the place, in which the day of an event may be another.
    #[serde(default)]
    pub also: Vec<String>,
    /// The first year that it is right for.
    pub valid_from: i16,
    /// The last one.
    pub valid_to: i16,
    /// Calendars whose days are its days too.
    #[serde(default)]
    pub based_on: Vec<String>,
    /// The days of the week on which nothing counts; Saturday and Sunday without.
    #[serde(default)]
    weekend: Vec<Weekday>,
    /// Where its days are laid down.
    pub sources: Vec<String>,
    /// What it does not know.
    #[serde(default)]
    pub note: String,
    /// Its days.
    #[serde(default, rename = "day")]
    pub days: Vec<Day>,
}

impl Calendar {
    /// The days of the week on which nothing counts.
    pub fn weekend(&self) -> Vec<Weekday> {
        if self.weekend.is_empty() {
            return vec![Weekday::Saturday, Weekday::Sunday];
        }
        self.weekend.clone()
    }
}

/// One holiday: exactly one of the ways to say when it is.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Day {
    /// Its name.
    pub name: String,
    /// `07-04`.
    pub fixed: Option<String>,
    /// The third Monday of January: `{ weekday = "monday", n = 3, month = 1 }`; `n = -1` is the last.
    pub nth: Option<Nth>,
    /// So many days after Easter Sunday.
    pub easter: Option<i32>,
    /// The last such weekday before a date: `{ weekday = "wednesday", date = "11-23" }`.
    pub before: Option<Before>,
    /// Single dates.
    #[serde(default)]
    pub on: Vec<Date>,
    /// What a weekend does to it.
    #[serde(default)]
    pub observed: Observed,
    /// The first year.
    pub from: Option<i16>,
    /// The last year.
    pub to: Option<i16>,
}

/// The nth weekday of a month.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nth {
    /// The weekday.
    pub weekday: Weekday,
    /// 1 to 5, or -1 for the last.
    pub n: i8,
    /// The month.
    pub month: i8,
}

/// The last weekday before a date.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Before {
    /// The weekday.
    pub weekday: Weekday,
    /// `11-23`.
    pub date: String,
}

/// What a weekend does to a holiday.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Observed {
    /// Nothing.
    #[default]
    None,
    /// On a Saturday the Friday before is kept, on a Sunday the Monday after.
    Nearest,
    /// The next day that is neither weekend nor another holiday is kept.
    Substitute,
}

/// Reads the calendars of a file.
pub(super) fn read(name: &str, text: &str) -> Result<Vec<Calendar>> {
    let calendars: Vec<Calendar> = records(name, text, "calendar")?;
    for calendar in &calendars {
        check(calendar).map_err(|what| {
            Fault::input("calendar", format!("A calendar is not right: {what}."))
                .at(format!("{name}, calendar {}", calendar.id))
        })?;
    }
    Ok(calendars)
}

fn check(calendar: &Calendar) -> Result<(), String> {
    if jiff::tz::TimeZone::get(&calendar.zone).is_err() {
        return Err(format!("`{}` is no time zone", calendar.zone));
    }
    let mut also = calendar.also.iter();
    if let Some(wrong) = also.find(|zone| jiff::tz::TimeZone::get(zone).is_err()) {
        return Err(format!("`{wrong}` is no time zone"));
    }
    if calendar.valid_from > calendar.valid_to {
        return Err("it ends before it begins".to_owned());
    }
    if calendar.sources.is_empty() {
        return Err("it names no source".to_owned());
    }
    for day in &calendar.days {
        let ways = [
            day.fixed.is_some(),
            day.nth.is_some(),
            day.easter.is_some(),
            day.before.is_some(),
            !day.on.is_empty(),
        ];
        if ways.iter().filter(|way| **way).count() != 1 {
            let ways = "one of `fixed`, `nth`, `easter`, `before`, `on`";
            return Err(format!("`{}` must say when it is: {ways}", day.name));
        }
        let dates = day.fixed.iter();
        let mut dates = dates.chain(day.before.as_ref().map(|before| &before.date));
        if let Some(wrong) = dates.find(|text| month_day(text).is_none()) {
            return Err(format!("`{wrong}` is no day of a year such as `07-04`"));
        }
        if let Some(nth) = day.nth
            && (!(1..=12).contains(&nth.month) || !matches!(nth.n, -1 | 1..=5))
        {
            return Err(format!("`{}` names no day of a month", day.name));
        }
    }
    Ok(())
}

/// `07-04` as month and day; a leap year is taken, so that `02-29` is one.
pub(in crate::clock) fn month_day(text: &str) -> Option<(i8, i8)> {
    let (month, day) = text.split_once('-')?;
    let (month, day) = (month.parse().ok()?, day.parse().ok()?);
    Date::new(2000, month, day).ok().map(|_| (month, day))
}
