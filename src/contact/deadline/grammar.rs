//! From tokens to the moment that words name, before any calendar is asked.

use jiff::civil::Weekday;

use super::lex::Token;
use super::words::{self, Part, Unit};

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
        self.point(at).or_else(|| self.span(at))
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
                clock = Some(found);
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

    /// A day, with a part of it when the words name both at once.
    fn day(self, at: usize) -> Option<(Day, Option<Part>, usize)> {
        let evening = words::part("night");
        Some(match self.word(at) {
            "today" | "heute" | "hoje" => (Day::After(0), None, at + 1),
            "tonight" => (Day::After(0), evening, at + 1),
            "tomorrow" | "morgen" | "amanhã" => (Day::After(1), None, at + 1),
            "übermorgen" => (Day::After(2), None, at + 1),
            "day" if self.is(at + 1, &["after"]) && self.is(at + 2, &["tomorrow"]) => {
                (Day::After(2), None, at + 3)
            }
            "depois" if self.is(at + 2, &["amanhã"]) => (Day::After(2), None, at + 3),
            "eod" | "cob" | "tagesende" => (
                Day::EndOf {
                    unit: Unit::WorkingDay,
                    next: false,
                },
                None,
                at + 1,
            ),
            "eow" => (
                Day::EndOf {
                    unit: Unit::Week,
                    next: false,
                },
                None,
                at + 1,
            ),
            "end" | "close" | "ende" | "fim" | "final" => self.end_of(at + 1)?,
            _ => return self.weekday(at).or_else(|| self.date(at)),
        })
    }

    fn end_of(self, at: usize) -> Option<(Day, Option<Part>, usize)> {
        const LINKS: &[&str] = &[
            "of", "the", "this", "der", "des", "dieser", "da", "do", "de", "desta",
        ];
        let linked = self.skip(at, LINKS);
        let next = self.is(
            linked,
            &["next", "nächster", "nächsten", "próxima", "próximo"],
        );
        let from = linked + usize::from(next);
        let unit = match self.word(from) {
            "business" | "work" if self.is(from + 1, &["day", "hours"]) => {
                return Some((
                    Day::EndOf {
                        unit: Unit::WorkingDay,
                        next,
                    },
                    None,
                    from + 2,
                ));
            }
            "business" => Unit::WorkingDay,
            "day" | "tages" | "dia" => Unit::Day,
            "week" | "woche" | "semana" => Unit::Week,
            "month" | "monats" | "mês" => Unit::Month,
            _ => return None,
        };
        // The words between are what makes it the end of something.
        (from > at).then_some((Day::EndOf { unit, next }, None, from + 1))
    }

    fn weekday(self, at: usize) -> Option<(Day, Option<Part>, usize)> {
        let nexts = [
            "next",
            "coming",
            "this",
            "nächsten",
            "nächster",
            "kommenden",
            "diesen",
            "próxima",
            "próximo",
        ];
        let next = self.is(at, &["next", "nächsten", "nächster", "próxima", "próximo"]);
        let from = at + usize::from(self.is(at, &nexts));
        let day = words::weekday(self.word(from))?;
        let mut after = from + 1;
        if self.is(after, &["-"]) && self.is(after + 1, &["feira"]) {
            after += 2;
        }
        // A weekday in front of a date: the date decides.
        let behind = self.skip(after, &[",", "the", "den", "dem", "dia", "."]);
        if let Some(found) = self.date(behind) {
            return Some(found);
        }
        let week = self.is(after, &["next", "nächster"]) && self.is(after + 1, &["week", "woche"]);
        if week {
            return Some((Day::Week { day, next: true }, None, after + 2));
        }
        let part = words::part(self.word(after));
        Some((
            Day::Week { day, next },
            part,
            after + usize::from(part.is_some()),
        ))
    }

    fn date(self, at: usize) -> Option<(Day, Option<Part>, usize)> {
        let (day, next) = self
            .iso(at)
            .or_else(|| self.dotted(at))
            .or_else(|| self.slashed(at))
            .or_else(|| self.day_month(at))
            .or_else(|| self.month_day(at))
            .or_else(|| self.ordinal(at))?;
        Some((day, None, next))
    }

    fn iso(self, at: usize) -> Option<(Day, usize)> {
        let sign = self.word(at + 1);
        let year = self.year(at).filter(|_| self.word(at).len() == 4)?;
        let parts =
            matches!(sign, "-" | "/" | ".") && self.word(at + 3) == sign && self.glued(at + 2);
        let day = Day::Date {
            year: Some(year),
            month: self.small(at + 2)?,
            day: self.small(at + 4)?,
        };
        parts.then_some((day, at + 5))
    }

    fn dotted(self, at: usize) -> Option<(Day, usize)> {
        let (day, month) = (self.small(at)?, self.small(at + 2)?);
        let dots = self.is(at + 1, &["."])
            && self.is(at + 3, &["."])
            && self.glued(at + 1)
            && self.glued(at + 3);
        if !dots || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
            return None;
        }
        match self.year(at + 4) {
            // An address of the network has four numbers.
            Some(_) if self.is(at + 5, &["."]) && self.digits(at + 6).is_some() => None,
            Some(year) if self.glued(at + 4) || self.word(at + 4).len() == 4 => Some((
                Day::Date {
                    year: Some(year),
                    month,
                    day,
                },
                at + 5,
            )),
            _ => Some((
                Day::Date {
                    year: None,
                    month,
                    day,
                },
                at + 4,
            )),
        }
    }

    fn slashed(self, at: usize) -> Option<(Day, usize)> {
        let sign = self.word(at + 1);
        let (one, two) = (self.small(at)?, self.small(at + 2)?);
        if !matches!(sign, "/" | "-") || !self.glued(at + 1) || !self.glued(at + 2) {
            return None;
        }
        let year = (self.word(at + 3) == sign && self.glued(at + 3))
            .then(|| self.year(at + 4))
            .flatten();
        // `24/7` is no date, and `2-3` is a range.
        if year.is_none() && (sign == "-" || (one, two) == (24, 7)) {
            return None;
        }
        let fits = (1..=31).contains(&one) && (1..=31).contains(&two) && one.min(two) <= 12;
        fits.then_some((
            Day::Slashed { year, one, two },
            at + if year.is_some() { 5 } else { 3 },
        ))
    }

    fn ordinal_end(self, at: usize) -> usize {
        at + usize::from(self.is(at, &["st", "nd", "rd", "th", ".", "º"]) && self.glued(at))
    }

    fn day_month(self, at: usize) -> Option<(Day, usize)> {
        let day = self.small(at).filter(|day| (1..=31).contains(day))?;
        let from = self.ordinal_end(at + 1);
        let from = self.skip(from, &["of", "de", "-"]);
        let month = words::month(self.word(from))?;
        let year = self.skip(from + 1, &[",", "de", "-"]);
        let found = self.year(year).filter(|_| self.word(year).len() == 4);
        let next = if found.is_some() { year + 1 } else { from + 1 };
        Some((
            Day::Date {
                year: found,
                month,
                day,
            },
            next,
        ))
    }

    fn month_day(self, at: usize) -> Option<(Day, usize)> {
        let month = words::month(self.word(at))?;
        let from = self.skip(at + 1, &[".", "the"]);
        let day = self.small(from).filter(|day| (1..=31).contains(day))?;
        let after = self.ordinal_end(from + 1);
        let year = self.skip(after, &[","]);
        let found = self.year(year).filter(|_| self.word(year).len() == 4);
        let next = if found.is_some() { year + 1 } else { after };
        Some((
            Day::Date {
                year: found,
                month,
                day,
            },
            next,
        ))
    }

    fn ordinal(self, at: usize) -> Option<(Day, usize)> {
        let day = self.small(at).filter(|day| (1..=31).contains(day))?;
        let marked = self.is(at + 1, &["st", "nd", "rd", "th"]) && self.glued(at + 1);
        marked.then_some((Day::OfMonth(day), at + 2))
    }

    /// A time; a bare number counts only when a word has announced it.
    fn clock(self, at: usize, announced: bool) -> Option<(Clock, usize)> {
        let fixed = |hour, next| {
            Some((
                Clock {
                    hour,
                    minute: 0,
                    half_unknown: false,
                },
                next,
            ))
        };
        match self.word(at) {
            "noon" | "midday" | "mittag" | "mittags" => return fixed(12, at + 1),
            "midnight" | "mitternacht" => return fixed(24, at + 1),
            "meio" if self.is(at + 2, &["dia"]) => return fixed(12, at + 3),
            "meia" if self.is(at + 2, &["noite"]) => return fixed(24, at + 3),
            _ => {}
        }
        let hour = i64::from(self.small(at).filter(|hour| (0..=24).contains(hour))?);
        let mut next = at + 1;
        let mut minute = 0;
        let colon = self.is(next, &[":", ".", "h"]) && self.glued(next) && self.glued(next + 1);
        let minutes = self
            .small(next + 1)
            .filter(|_| colon && self.word(next + 1).len() == 2);
        let full = minutes.is_some_and(|minutes| (0..60).contains(&minutes));
        let dotted = self.is(next, &["."]);
        if full {
            minute = i64::from(minutes.unwrap_or_default());
            next += 2;
            if self.is(next, &[":"]) && self.small(next + 1).is_some() {
                next += 2;
            }
        }
        let half = match self.word(next) {
            "am" | "a" if self.twelve_hours(next).is_some() => Some(false),
            "pm" | "p" if self.twelve_hours(next).is_some() => Some(true),
            _ => None,
        };
        if let (Some(afternoon), Some(after)) = (half, self.twelve_hours(next)) {
            let hour = if hour <= 12 {
                hour % 12 + if afternoon { 12 } else { 0 }
            } else {
                hour
            };
            return Some((
                Clock {
                    hour,
                    minute,
                    half_unknown: false,
                },
                after,
            ));
        }
        let full_day = self.is(next, &["uhr", "h", "hrs", "horas"])
            && !(self.is(next, &["h", "hrs", "horas"]) && !announced && !full);
        let oclock = self.is(next, &["o'clock"]);
        if !full_day && !oclock && !(full && !dotted) && !announced {
            return None;
        }
        // `by 5 BTC` and `until 3 days` are not times.
        if !full_day && !oclock && !full && self.names_unit(next) {
            return None;
        }
        let padded = self.word(at).starts_with('0');
        let half_unknown =
            !full_day && (1..=12).contains(&hour) && !padded && !(full && hour == 12);
        Some((
            Clock {
                hour,
                minute,
                half_unknown,
            },
            next + usize::from(full_day || oclock),
        ))
    }

    /// Behind `am`, `pm`, `a.m.` or `p.m.`.
    fn twelve_hours(self, at: usize) -> Option<usize> {
        if self.is(at, &["am", "pm"]) {
            return Some(at + 1);
        }
        let dotted = self.is(at + 1, &["."]) && self.is(at + 2, &["m"]);
        dotted.then(|| at + 3 + usize::from(self.is(at + 3, &["."]) && self.glued(at + 3)))
    }

    /// Whether what stands here makes a number a quantity.
    fn names_unit(self, at: usize) -> bool {
        let word = self.word(at);
        let glued_sign = self.glued(at) && matches!(word, "%" | "." | "," | "/" | "-" | "k" | "m");
        words::unit(word).is_some()
            || glued_sign
            || (word.starts_with(char::is_alphabetic)
                && words::zone(word).is_none()
                && words::weekday(word).is_none()
                && !matches!(
                    word,
                    "on" | "or"
                        | "and"
                        | "if"
                        | "today"
                        | "tomorrow"
                        | "we"
                        | "am"
                        | "und"
                        | "oder"
                        | "sonst"
                ))
            || matches!(word, "$" | "€" | "£" | "%")
    }

    fn zone(self, at: usize) -> Option<(Zone, usize)> {
        let from = self.skip(at, &["(", ","]);
        let end = |next: usize| next + usize::from(from > at && self.is(next, &[")"]));
        match self.word(from) {
            "your" | "ihrer" | "deiner"
                if self.is(from + 1, &["time", "local", "timezone", "zeit"]) =>
            {
                return Some((Zone::Reader, end(from + 2)));
            }
            "my" | "our" | "unserer"
                if self.is(from + 1, &["time", "local", "timezone", "zeit"]) =>
            {
                return Some((Zone::Writer, end(from + 2)));
            }
            "z" if self.glued(from) => {
                let named = Zone::Named {
                    offsets: vec![0],
                    names: &[],
                    words: "Z".to_owned(),
                };
                return Some((named, from + 1));
            }
            "+" | "-" if self.glued(from) => {
                let (minutes, next) = self.offset(from)?;
                let named = Zone::Named {
                    offsets: vec![minutes],
                    names: &[],
                    words: sign(minutes),
                };
                return Some((named, next));
            }
            _ => {}
        }
        let (offsets, names) = words::zone(self.word(from))?;
        if offsets == [0]
            && let Some((minutes, next)) = self.offset(from + 1)
        {
            let named = Zone::Named {
                offsets: vec![minutes],
                names: &[],
                words: sign(minutes),
            };
            return Some((named, end(next)));
        }
        let next = from + 1 + usize::from(self.is(from + 1, &["time"]));
        let words = self.word(from).to_uppercase();
        Some((
            Zone::Named {
                offsets: offsets.to_vec(),
                names,
                words,
            },
            end(next),
        ))
    }

    /// `+2`, `+02:00`, `-0500`: minutes east.
    fn offset(self, at: usize) -> Option<(i32, usize)> {
        let east = match self.word(at) {
            "+" => 1,
            "-" | "−" => -1,
            _ => return None,
        };
        let number = i32::try_from(self.digits(at + 1)?)
            .ok()
            .filter(|_| self.glued(at + 1))?;
        let (hours, minutes, next) = if self.word(at + 1).len() == 4 {
            (number / 100, number % 100, at + 2)
        } else if self.is(at + 2, &[":"]) && self.glued(at + 2) {
            (number, i32::from(self.small(at + 3)?), at + 4)
        } else {
            (number, 0, at + 2)
        };
        (hours <= 14 && minutes < 60).then_some((east * (hours * 60 + minutes), next))
    }
}

fn sign(minutes: i32) -> String {
    let east = if minutes < 0 { '-' } else { '+' };
    format!(
        "UTC{east}{:02}:{:02}",
        minutes.abs() / 60,
        minutes.abs() % 60
    )
}
