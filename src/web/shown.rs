//! How pages say things: times, distances, text from outside, paths.

use jiff::tz::TimeZone;
use serde::Serialize;

use crate::hostile;
use crate::time::{Timestamp, utc, utc_and_zone};

/// An instant: in UTC, in the one named zone, and how far away it is.
#[derive(Debug, Clone, Serialize)]
pub(super) struct When {
    /// RFC 3339, for machines.
    iso: String,
    /// `2027-03-13 02:34:11 UTC`.
    utc: String,
    /// `Fri 21:34 America/New_York`; nothing when the zone is UTC.
    zone: Option<String>,
    /// `in 3 h 20 min`, `2 days ago`.
    away: String,
}

/// How times are said on one page: all from the same instant.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words<'a> {
    zone: &'a TimeZone,
    now: Timestamp,
}

impl<'a> Words<'a> {
    pub(super) const fn new(zone: &'a TimeZone, now: Timestamp) -> Self {
        Self { zone, now }
    }

    pub(super) fn when(self, at: Timestamp) -> When {
        let both = utc_and_zone(at, self.zone);
        let zone = both
            .split_once(" (")
            .map(|(_, zone)| zone.trim_end_matches(')'));
        let seconds = at.as_second().saturating_sub(self.now.as_second());
        let length = length(seconds.unsigned_abs());
        When {
            iso: utc(at),
            utc: at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
            zone: zone.map(str::to_owned),
            away: match seconds {
                0..60 => "now".to_owned(),
                60.. => format!("in {length}"),
                _ => format!("{length} ago"),
            },
        }
    }
}

/// How long between two instants, in the two largest units: `3 days 4 h`.
pub(super) fn between(from: Timestamp, to: Timestamp) -> String {
    length(from.as_second().abs_diff(to.as_second()))
}

fn length(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    let two = |first: String, rest: u64, unit: &str| match rest {
        0 => first,
        rest => format!("{first} {rest} {unit}"),
    };
    match (days, hours, minutes) {
        (0, 0, 0) => "less than a minute".to_owned(),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => two(format!("{hours} h"), minutes, "min"),
        (1.., hours, _) => two(
            crate::ui::count(usize::try_from(days).unwrap_or(usize::MAX), "day"),
            hours,
            "h",
        ),
    }
}

/// Text from outside on one line. The template escapes it.
pub(super) fn line(text: &str) -> String {
    hostile::one_line(text, 300)
}

/// A short piece of text from outside: a name, a title.
pub(super) fn short(text: &str) -> String {
    hostile::one_line(text, 120)
}

/// A longer text from outside, with its lines, and how much of it is not shown.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Prose {
    text: String,
    /// `shown: the first 4000 of 10000 characters`, when it was cut.
    cut: Option<String>,
}

/// A text from outside, cut to `most` characters.
pub(super) fn prose(text: &str, most: usize) -> Prose {
    let all = text.chars().count();
    if all <= most {
        return Prose {
            text: text.to_owned(),
            cut: None,
        };
    }
    Prose {
        text: text.chars().take(most).collect(),
        cut: Some(format!("Shown: the first {most} of {all} characters.")),
    }
}

/// A path below `/` of these parts, each made safe.
pub(super) fn path(parts: &[&str]) -> String {
    let Ok(mut url) = url::Url::parse("http://cordon.invalid/") else {
        return "/".to_owned();
    };
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.clear().extend(parts);
    }
    url.path().to_owned()
}

/// One page of a list.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Paging {
    /// `items 51 to 100 of 424`.
    words: String,
    newer: Option<String>,
    older: Option<String>,
}

/// The part of `all` that page `number`, counted from 1, shows; and the way to its neighbours.
pub(super) fn paged<T>(all: Vec<T>, number: usize, size: usize, path: &str) -> (Vec<T>, Paging) {
    let count = all.len();
    let last = count.div_ceil(size).max(1);
    let number = number.clamp(1, last);
    let skipped = (number - 1) * size;
    let part: Vec<T> = all.into_iter().skip(skipped).take(size).collect();
    let mark = if path.contains('?') { '&' } else { '?' };
    let to = |number: usize| format!("{path}{mark}page={number}");
    let words = match part.len() {
        0 => "nothing".to_owned(),
        shown => format!("{} to {} of {count}", skipped + 1, skipped + shown),
    };
    let paging = Paging {
        words,
        newer: (number > 1).then(|| to(number - 1)),
        older: (number < last).then(|| to(number + 1)),
    };
    (part, paging)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distance_has_two_units() {
        for (seconds, said) in [
            (59, "less than a minute"),
            (60, "1 min"),
            (3600, "1 h"),
            (3 * 3600 + 20 * 60 + 9, "3 h 20 min"),
            (86_400, "1 day"),
            (2 * 86_400 + 3 * 3600, "2 days 3 h"),
        ] {
            assert_eq!(length(seconds), said);
        }
    }

    #[test]
    fn an_instant_says_where_and_how_far() {
        let zone = TimeZone::get("America/New_York").unwrap_or(TimeZone::UTC);
        let at = Timestamp::from_second(1_800_000_000).unwrap_or_default();
        let now = at - jiff::SignedDuration::from_mins(90);
        let when = Words::new(&zone, now).when(at);
        assert_eq!(when.utc, "2027-01-15 08:00:00 UTC");
        assert_eq!(when.zone.as_deref(), Some("Fri 03:00 America/New_York"));
        assert_eq!(when.away, "in 1 h 30 min");
        assert_eq!(
            Words::new(&TimeZone::UTC, at).when(now).away,
            "1 h 30 min ago"
        );
        assert!(Words::new(&TimeZone::UTC, at).when(now).zone.is_none());
    }

    #[test]
    fn a_path_keeps_its_parts() {
        assert_eq!(
            path(&["cases", "x", "gates", "a/b ?<"]),
            "/cases/x/gates/a%2Fb%20%3F%3C"
        );
    }

    #[test]
    fn a_page_of_a_list_knows_its_neighbours() {
        let (part, paging) = paged((1..=120).collect(), 2, 50, "/x?kind=a");
        assert_eq!((part.first(), part.len()), (Some(&51), 50));
        assert_eq!(paging.words, "51 to 100 of 120");
        assert_eq!(paging.newer.as_deref(), Some("/x?kind=a&page=1"));
        assert_eq!(paging.older.as_deref(), Some("/x?kind=a&page=3"));
        let (part, paging) = paged(Vec::<u8>::new(), 9, 50, "/x");
        assert!(part.is_empty() && paging.newer.is_none() && paging.older.is_none());
    }
}
