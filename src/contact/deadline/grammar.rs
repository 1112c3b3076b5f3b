//! From tokens to the moment that words name, before any calendar is asked.

mod clock;
mod date;
mod instant;

use jiff::civil::Weekday;

use super::lex::Token;
use super::words::{self, Part, Unit};
use crate::time::Timestamp;

/// A day as named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Day {
    /// So many days after the day of the message.
    After(i64),
    /// A weekday; `next` says that the message writes "next".
    Week { day: Weekday, next: bool },
    /// A date; without a year, the next one.
    Date {
        year: Option<i16>,
        month: i8,
        day: i8,
    },
    /// `03/04`: the day first or the month first.
    Slashed { year: Option<i16>, one: i8, two: i8 },
    /// `the 16th`.
    OfMonth(i8),
    /// The end of the working day, of the day, week or month, or of the next one.
    EndOf { unit: Unit, next: bool },
}

/// A time of the wall clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clock {
    /// 24 is the end of the day.
    pub(super) hour: i64,
    pub(super) minute: i64,
    pub(super) second: i64,
    /// Whether it may also be twelve hours later.
    pub(super) half_unknown: bool,
}

/// A zone as named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Zone {
    /// Offsets in minutes and IANA names that the words may mean.
    Named {
        offsets: Vec<i32>,
        names: &'static [&'static str],
        words: String,
    },
    /// "your time".
    Reader,
    /// "our time".
    Writer,
}

/// A moment as named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Moment {
    /// So many units from the message; two counts for "2-3 days".
    Span { counts: Vec<i64>, unit: Unit },
    /// An instant with its offset: nothing is left to read.
    Instant { at: Timestamp, words: String },
    /// A day, a time or both.
    Point {
        day: Option<Day>,
        part: Option<Part>,
        clock: Option<Clock>,
        zone: Option<Zone>,
    },
}

/// Reads moments out of tokens. Every function takes a place and gives what it read and the place
/// behind it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grammar<'t>(pub(super) &'t [Token]);

impl<'t> Grammar<'t> {
    pub(super) fn word(self, at: usize) -> &'t str {
        self.0.get(at).map_or("", |token| token.word.as_str())
    }

    pub(super) fn is(self, at: usize, words: &[&str]) -> bool {
        words.contains(&self.word(at))
    }

    fn digits(self, at: usize) -> Option<i64> {
        self.0.get(at)?.number
    }

    fn small(self, at: usize) -> Option<i8> {
        let token = self.0.get(at)?;
        i8::try_from(token.number.filter(|_| token.word.len() <= 2)?).ok()
    }

    fn year(self, at: usize) -> Option<i16> {
        let token = self.0.get(at)?;
        let year = i16::try_from(token.number?).ok()?;
        match token.word.len() {
            4 if (1990..=2200).contains(&year) => Some(year),
            2 => Some(2000 + year),
            _ => None,
        }
    }

    fn glued(self, at: usize) -> bool {
        self.0.get(at).is_some_and(|token| token.glued)
    }

    /// The moment that begins at `at`.
    pub(super) fn moment(self, at: usize) -> Option<(Moment, usize)> {
        self.instant(at)
            .or_else(|| self.point(at))
            .or_else(|| self.span(at))
    }

    fn number(self, at: usize) -> Option<(i64, usize)> {
        if let Some(number) = self.digits(at) {
            return (!self.is(at + 1, &[".", ",", ":"])
                || !self.glued(at + 1)
                || self.digits(at + 2).is_none())
            .then_some((number, at + 1));
        }
        let first = words::number(self.word(at))?;
        let joined = if self.is(at + 1, &["-", "e", "of"]) {
            at + 2
        } else {
            at + 1
        };
        match words::number(self.word(joined)) {
            Some(second) if first >= 20 && second < 10 => Some((first + second, joined + 1)),
            _ => Some((first, at + 1)),
        }
    }

    /// `1.5 hours`, `1,5 Stunden`: in the next smaller unit.
    fn fraction(self, at: usize) -> Option<(Moment, usize)> {
        let (whole, tenths) = (self.digits(at)?, self.digits(at + 2)?);
        let written = self.is(at + 1, &[".", ","]) && self.glued(at + 1) && self.glued(at + 2);
        let (unit, each) = match words::unit(self.word(at + 3))? {
            Unit::Hour => (Unit::Minute, 60),
            Unit::Day => (Unit::Hour, 24),
            Unit::Week => (Unit::Hour, 168),
            _ => return None,
        };
        let sensible = written && self.word(at + 2).len() == 1 && (0..1_000).contains(&whole);
        let count = (whole * 10 + tenths) * each / 10;
        (sensible && count > 0).then(|| {
            (
                Moment::Span {
                    counts: vec![count],
                    unit,
                },
                at + 4,
            )
        })
    }

    pub(super) fn span(self, at: usize) -> Option<(Moment, usize)> {
        // The second half of a number such as `1,5`.
        if at >= 2
            && self.glued(at)
            && self.is(at - 1, &[".", ","])
            && self.digits(at - 2).is_some()
        {
            return None;
        }
        if let Some(found) = self.fraction(at) {
            return Some(found);
        }
        let (first, mut next) = self.number(at)?;
        let mut counts = vec![first];
        if self.is(next, &["-", "–", "to", "or", "bis", "oder", "a", "ou"]) {
            if let Some((second, after)) =
                self.number(next + 1).filter(|(second, _)| *second > first)
            {
                counts.push(second);
                next = after;
            } else if self.is(next, &["-"]) {
                next += 1;
            }
        }
        // "72 (seventy-two) hours", "24 full hours".
        if self.is(next, &["("]) {
            next = (next + 1..next + 6).find(|place| self.is(*place, &[")"]))? + 1;
        }
        let mut working = false;
        while self.is(
            next,
            &[
                "full", "more", "business", "working", "calendar", "volle", "weitere", "banking",
            ],
        ) {
            working |= self.is(next, &["business", "working", "banking"]);
            next += 1;
        }
        let mut unit = words::unit(self.word(next))?;
        next += 1;
        if unit == Unit::Day && (working || self.is(next, &["úteis", "uteis", "útil"])) {
            unit = Unit::WorkingDay;
            next += usize::from(!working);
        }
        let sensible = counts.iter().all(|count| (1..=10_000).contains(count));
        sensible.then_some((Moment::Span { counts, unit }, next))
    }

    fn point(self, at: usize) -> Option<(Moment, usize)> {
        if let Some((day, mut part, mut next)) = self.day(at) {
            let mut clock = None;
            let from = self.skip(
                next,
                &[
                    ",", "at", "um", "às", "@", "-", "by", "bis", "t", "gegen", "(",
                ],
            );
            let hours = self.is(from + 1, &["h"]) && self.glued(from + 1);
            let at_word = from > next && self.is(from - 1, &["at", "um", "às", "@", "gegen", "t"]);
            let announced = hours || at_word;
            if let Some((found, after)) = self.clock(from, announced) {
                // Who writes the year first counts the hours to 24.
                let whole = self.ends_iso(next) && self.word(from).len() == 2;
                clock = Some(Clock {
                    half_unknown: found.half_unknown && !whole,
                    ..found
                });
                next = after;
            } else if part.is_none() {
                let from = self.skip(next, &["in", "the", "am", "à", "de", "da"]);
                if let Some(found) = words::part(self.word(from)) {
                    part = Some(found);
                    next = from + 1;
                }
            }
            let zone = self.zone(next);
            let next = zone.as_ref().map_or(next, |(_, after)| *after);
            return Some((
                Moment::Point {
                    day: Some(day),
                    part,
                    clock,
                    zone: zone.map(|z| z.0),
                },
                next,
            ));
        }
        let announced = at > 0
            && self.is(
                at - 1,
                &[
                    "at", "um", "às", "@", "by", "until", "till", "bis", "before", "até", "vor",
                    "as",
                ],
            );
        let (clock, mut next) = self.clock(at, announced)?;
        let zone = self.zone(next);
        if let Some((_, after)) = &zone {
            next = *after;
        }
        let from = self.skip(
            next,
            &["on", "am", ",", "of", "the", "de", "da", "do", "this", "("],
        );
        let (day, part) = match self.day(from) {
            Some((day, part, after)) => {
                next = after;
                (Some(day), part)
            }
            None => (None, None),
        };
        Some((
            Moment::Point {
                day,
                part,
                clock: Some(clock),
                zone: zone.map(|z| z.0),
            },
            next,
        ))
    }

    fn skip(self, mut at: usize, words: &[&str]) -> usize {
        while self.is(at, words) {
            at += 1;
        }
        at
    }
}
