//! The only place that reads the time. Instants are UTC; a zone is named only for people.

use std::sync::Mutex;

pub use jiff::Timestamp;
use jiff::tz::TimeZone;

/// How far the clocks of two machines may differ: what lies further ahead is a mistake.
pub const SKEW: jiff::SignedDuration = jiff::SignedDuration::from_mins(5);

/// A source of the current instant.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The current instant, UTC, as this machine's clock reads it.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one reader of the clock"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A clock that stands still until it is moved; for tests.
#[derive(Debug)]
pub struct ManualClock(Mutex<Timestamp>);

impl ManualClock {
    /// A clock that shows `at`.
    pub fn new(at: Timestamp) -> Self {
        Self(Mutex::new(at))
    }

    /// Moves the clock.
    pub fn set(&self, at: Timestamp) {
        *self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = at;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// The instant at second precision in RFC 3339, UTC: `2027-03-13T02:34:11Z`.
pub fn utc(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// UTC plus one named zone, with its date where that is another than the one in UTC:
/// `2027-03-13T02:34:11Z (Fri 2027-03-12 21:34 America/New_York)`.
pub fn utc_and_zone(at: Timestamp, zone: &TimeZone) -> String {
    let name = zone.iana_name().unwrap_or("UTC");
    if name == "UTC" || name == "Etc/UTC" {
        return utc(at);
    }
    let local = at.to_zoned(zone.clone());
    let other = local.date() != at.to_zoned(TimeZone::UTC).date();
    let form = if other { "%a %F %H:%M" } else { "%a %H:%M" };
    format!("{} ({} {name})", utc(at), local.strftime(form))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_day_in_the_zone_is_named() {
        let zone = TimeZone::get("America/New_York").unwrap_or(TimeZone::UTC);
        let shown = |text: &str| text.parse::<Timestamp>().map(|at| utc_and_zone(at, &zone));
        assert_eq!(
            shown("2027-03-15T00:00:00Z").ok().as_deref(),
            Some("2027-03-15T00:00:00Z (Sun 2027-03-14 20:00 America/New_York)")
        );
        assert_eq!(
            shown("2027-03-15T12:00:00Z").ok().as_deref(),
            Some("2027-03-15T12:00:00Z (Mon 08:00 America/New_York)")
        );
    }
}
