//! Days and dates, as words and numbers name them.

use super::super::words::{self, Part, Unit};
use super::{Day, Grammar};

impl Grammar<'_> {
    /// A day, with a part of it when the words name both at once.
    pub(super) fn day(self, at: usize) -> Option<(Day, Option<Part>, usize)> {
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

    /// Whether a date that begins with its year ends in front of `next`.
    pub(super) fn ends_iso(self, next: usize) -> bool {
        next.checked_sub(5)
            .and_then(|at| self.iso(at))
            .is_some_and(|(_, end)| end == next)
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
}
