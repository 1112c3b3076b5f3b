//! When a change takes effect: with a zone always, and said so where the zone is not the sender's.

use jiff::civil;
use jiff::tz::TimeZone;

use crate::fault::{Fault, Result};
use crate::time::Timestamp;

/// An instant that a message names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// The instant.
    pub at: Timestamp,
    /// What had to be assumed; a sentence for people.
    pub assumed: Option<String>,
}

/// Which end of a day a date means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Day {
    /// The last day: it is over when the next one begins.
    Last,
    /// The first day of what comes after.
    First,
}

/// The zone of an IANA name.
///
/// # Errors
/// There is none of that name.
pub fn zone(name: &str) -> Result<TimeZone> {
    TimeZone::get(name).map_err(|error| {
        Fault::input("webhook", "`zone` is not a time zone.")
            .at(name.escape_debug())
            .caused_by(error)
            .hint("use an IANA name such as `Europe/Berlin`")
    })
}

/// Reads RFC 3339, or a local time or a date in `zone`. Without a zone the latter two mean nothing.
pub(super) fn read(written: &str, zone: Option<&TimeZone>, day: Day) -> Option<Effective> {
    if let Ok(at) = written.parse::<Timestamp>() {
        return Some(Effective { at, assumed: None });
    }
    let zone = zone?;
    let name = zone.iana_name().unwrap_or("the configured zone");
    let (local, meaning) = if written.len() == "2027-03-12".len() {
        let date = written.parse::<civil::Date>().ok()?;
        let (date, meaning) = match day {
            Day::Last => (date.tomorrow().ok()?, "the end"),
            Day::First => (date, "the beginning"),
        };
        (date.to_datetime(civil::Time::midnight()), meaning)
    } else {
        (written.parse::<civil::DateTime>().ok()?, "that time")
    };
    let at = local.to_zoned(zone.clone()).ok()?.timestamp();
    let assumed = match meaning {
        "that time" => format!(
            "The sender wrote {written} without a zone; taken as that time in {name}, as configured."
        ),
        end => format!(
            "The sender wrote the date {written}; taken as {end} of that day in {name}, as configured."
        ),
    };
    Some(Effective {
        at,
        assumed: Some(assumed),
    })
}

/// How late word of a change came, in words; `None` when it came before.
pub fn late(effective: Timestamp, received: Timestamp) -> Option<String> {
    (effective < received).then(|| {
        format!(
            "took effect {} before the message came",
            span(effective, received)
        )
    })
}

/// When a change takes effect as seen from `now`, in words.
pub fn seen_from(effective: Timestamp, now: Timestamp) -> String {
    if effective > now {
        format!("takes effect in {}", span(now, effective))
    } else {
        format!("took effect {} ago", span(effective, now))
    }
}

/// The two largest units between two instants.
fn span(from: Timestamp, to: Timestamp) -> String {
    let minutes = to.duration_since(from).as_mins();
    let (days, hours, minutes) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => "less than a minute".to_owned(),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_date_has_a_zone_or_means_nothing() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let read = |written: &str, day| {
            read(written, Some(&zone), day)
                .map(|read| (read.at.to_string(), read.assumed.is_some()))
        };
        let some = |at: &str, assumed| Some((at.to_owned(), assumed));
        assert_eq!(
            read("2027-03-12T17:00:00-05:00", Day::Last),
            some("2027-03-12T22:00:00Z", false)
        );
        assert_eq!(
            read("2027-03-12T17:00:00", Day::Last),
            some("2027-03-12T22:00:00Z", true)
        );
        assert_eq!(
            read("2027-03-12", Day::Last),
            some("2027-03-13T05:00:00Z", true)
        );
        assert_eq!(
            read("2027-03-12", Day::First),
            some("2027-03-12T05:00:00Z", true)
        );
        // The day on which clocks change has 23 hours there.
        assert_eq!(
            read("2027-03-14", Day::Last),
            some("2027-03-15T04:00:00Z", true)
        );
        assert_eq!(read("soon", Day::Last), None);
        assert_eq!(super::read("2027-03-12", None, Day::Last), None);
        assert!(super::read("2027-03-12T17:00:00Z", None, Day::Last).is_some());
    }

    #[test]
    fn how_late_word_came_is_said_in_two_units() {
        let effective = at("2027-01-14T23:00:00Z");
        let late = |received: &str| late(effective, at(received));
        assert_eq!(
            late("2027-01-15T08:12:59Z").unwrap(),
            "took effect 9 h 12 min before the message came"
        );
        assert_eq!(late("2027-01-14T23:00:00Z"), None);
        assert_eq!(late("2027-01-14T22:00:00Z"), None);
        assert!(
            late("2027-01-14T23:00:30Z")
                .unwrap()
                .contains("less than a minute")
        );
        assert!(late("2027-01-17T01:00:00Z").unwrap().contains("2 d 2 h"));
        assert_eq!(
            seen_from(effective, at("2027-01-12T20:00:00Z")),
            "takes effect in 2 d 3 h"
        );
        assert_eq!(
            seen_from(effective, at("2027-01-14T23:40:00Z")),
            "took effect 40 min ago"
        );
    }
}
