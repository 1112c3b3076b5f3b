//! Working days: holidays as data, one file per country under `playbooks/holidays`.
//!
//! A holiday is a rule: a fixed date, the nth weekday of a month, so many days from Easter, a weekday
//! before a date, or single dates. What a weekend does to it is part of the rule. A calendar that is
//! not certain of a day leaves it out: the deadline is then rather too early.

mod days;
mod file;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::case::event::due::{Closed, Weekday};
use crate::fault::{Fault, Result};

pub(super) use file::month_day;
pub use file::{Calendar, Day};

/// Every calendar, by id.
#[derive(Debug, Clone, Default)]
pub struct Calendars(BTreeMap<String, Calendar>);

impl Calendars {
    /// Adds the calendars of a file; one that is known under the same id is replaced.
    ///
    /// # Errors
    /// The file says something unknown or impossible; the fault names file, calendar and problem.
    pub fn take(&mut self, name: &str, text: &str) -> Result<()> {
        for calendar in file::read(name, text)? {
            self.0.insert(calendar.id.clone(), calendar);
        }
        Ok(())
    }

    /// Refuses calendars that rest on others which are not there.
    ///
    /// # Errors
    /// The first of them.
    pub fn check(&self) -> Result<()> {
        for calendar in self.0.values() {
            for base in &calendar.based_on {
                let known = self.0.get(base);
                // One step only: a chain of calendars could be a ring.
                if known.is_none_or(|known| !known.based_on.is_empty()) {
                    let what = format!("`{base}` is no calendar that others can rest on.");
                    return Err(
                        Fault::input("calendar", what).at(format!("calendar {}", calendar.id))
                    );
                }
            }
        }
        Ok(())
    }

    /// Every calendar.
    pub fn all(&self) -> impl Iterator<Item = &Calendar> {
        self.0.values()
    }

    /// The calendar of that name.
    pub fn get(&self, id: &str) -> Option<&Calendar> {
        self.0.get(id)
    }

    /// Every holiday of a calendar in a year, with its names; weekends are not among them unless a
    /// holiday falls on one.
    pub fn holidays(&self, calendar: &Calendar, year: i16) -> BTreeMap<Date, Vec<String>> {
        let bases = calendar.based_on.iter().filter_map(|id| self.0.get(id));
        let days: Vec<&Day> = bases
            .chain([calendar])
            .flat_map(|calendar| &calendar.days)
            .collect();
        let weekend = calendar.weekend();
        // A day of the year before or after can be kept in this one.
        let mut kept = BTreeMap::new();
        for around in [year - 1, year, year + 1] {
            for (date, names) in days::of_year(&days, around, &weekend) {
                if date.year() == year {
                    kept.entry(date).or_insert(names);
                }
            }
        }
        kept
    }

    /// The days on which nothing counts, for the years around a start.
    pub fn closed(&self, calendar: &Calendar, around: Date) -> Closed {
        let first = around.year().saturating_sub(1);
        let last = around.year().saturating_add(3);
        let (first, last) = (first.max(calendar.valid_from), last.min(calendar.valid_to));
        let mut holidays = BTreeSet::new();
        for year in first..=last {
            holidays.extend(self.holidays(calendar, year).into_keys());
        }
        Closed {
            weekend: calendar.weekend(),
            holidays: holidays.into_iter().collect(),
            from: Date::new(first, 1, 1).unwrap_or(Date::MIN),
            until: Date::new(last, 12, 31).unwrap_or(Date::MAX),
        }
    }
}

/// Whether a day counts as a working day.
pub fn works(closed: &Closed, date: Date) -> bool {
    !closed.weekend.contains(&weekday(date)) && closed.holidays.binary_search(&date).is_err()
}

/// The day of the week.
pub fn weekday(date: Date) -> Weekday {
    match date.weekday() {
        jiff::civil::Weekday::Monday => Weekday::Monday,
        jiff::civil::Weekday::Tuesday => Weekday::Tuesday,
        jiff::civil::Weekday::Wednesday => Weekday::Wednesday,
        jiff::civil::Weekday::Thursday => Weekday::Thursday,
        jiff::civil::Weekday::Friday => Weekday::Friday,
        jiff::civil::Weekday::Saturday => Weekday::Saturday,
        jiff::civil::Weekday::Sunday => Weekday::Sunday,
    }
}
