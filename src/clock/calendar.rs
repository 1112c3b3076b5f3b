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

    /// The calendar of a Land or region, such as `DE-BY`.
    pub fn of_land(&self, land: &str) -> Option<&Calendar> {
        let found = self.0.get(&land.to_ascii_lowercase().replace('-', "_"));
        found.filter(|calendar| Self::country_of(calendar).is_some())
    }

    /// Every Land and region that has a calendar.
    pub fn lands(&self) -> Vec<String> {
        let all = self.all().filter(|one| Self::country_of(one).is_some());
        all.map(|one| one.id.to_ascii_uppercase().replace('_', "-"))
            .collect()
    }

    /// The calendars of the Länder or regions of a country.
    pub fn regions<'a>(&'a self, country: &'a str) -> impl Iterator<Item = &'a Calendar> {
        let of = move |one: &&Calendar| Self::country_of(one) == Some(country);
        self.all().filter(of)
    }

    /// The calendar of the country of a Land: `de` of `de_by`.
    fn country_of(calendar: &Calendar) -> Option<&str> {
        let (country, _) = calendar.id.split_once('_')?;
        let based = calendar.based_on.iter().any(|base| base == country);
        based.then_some(country)
    }

    /// Every zone in which a day that counts in this one may have been another: those of the calendars
    /// of this zone.
    pub fn doubtful(&self, zone: &str) -> Vec<String> {
        let same = self.all().filter(|one| one.zone == zone);
        let mut zones: Vec<String> = same.flat_map(|one| one.also.clone()).collect();
        zones.sort();
        zones.dedup();
        zones
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

    /// The same, and every holiday that any Land or region keeps.
    pub fn closed_anywhere(&self, calendar: &Calendar, around: Date) -> Closed {
        let mut closed = self.closed(calendar, around);
        for region in self.regions(&calendar.id) {
            closed.holidays.extend(self.closed(region, around).holidays);
        }
        closed.holidays.sort();
        closed.holidays.dedup();
        closed
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
