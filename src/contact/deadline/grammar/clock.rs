//! Times of the wall clock, and the zones of clocks.

use super::super::words;
use super::{Clock, Grammar, Zone};

impl Grammar<'_> {
    /// A time; a bare number counts only when a word has announced it.
    pub(super) fn clock(self, at: usize, announced: bool) -> Option<(Clock, usize)> {
        let fixed = |hour, next| {
            Some((
                Clock {
                    hour,
                    minute: 0,
                    second: 0,
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
        let (mut minute, mut second) = (0, 0);
        let colon = self.is(next, &[":", ".", "h"]) && self.glued(next) && self.glued(next + 1);
        let minutes = self
            .small(next + 1)
            .filter(|_| colon && self.word(next + 1).len() == 2);
        let full = minutes.is_some_and(|minutes| (0..60).contains(&minutes));
        let dotted = self.is(next, &["."]);
        if full {
            minute = i64::from(minutes.unwrap_or_default());
            next += 2;
            let seconds = self
                .small(next + 1)
                .filter(|_| self.is(next, &[":"]) && self.glued(next) && self.glued(next + 1));
            if let Some(seconds) = seconds.filter(|seconds| (0..60).contains(seconds)) {
                second = i64::from(seconds);
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
                    second,
                    half_unknown: false,
                },
                after,
            ));
        }
        // `18 h` is also a span; a cue or the minutes make it a time.
        let full_day = self.is(next, &["uhr"])
            || (self.is(next, &["h", "hrs", "horas"]) && (announced || full));
        let oclock = self.is(next, &["o'clock"]);
        let marked = full_day || oclock;
        let bare = if full { dotted } else { true };
        // `by 5 BTC` and `until 3 days` are not times.
        let quantity = !full && self.names_unit(next);
        if !marked && (quantity || (bare && !announced)) {
            return None;
        }
        let padded = self.word(at).starts_with('0');
        let written_noon = full && hour == 12;
        let half_unknown = (1..=12).contains(&hour) && !(full_day || padded || written_noon);
        Some((
            Clock {
                hour,
                minute,
                second,
                half_unknown,
            },
            next + usize::from(marked),
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

    pub(super) fn zone(self, at: usize) -> Option<(Zone, usize)> {
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
            "+" | "-" if self.glued(from) || self.full_offset(from) => {
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
        let (offsets, iana) = words::zone(self.word(from))?;
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
                names: iana,
                words,
            },
            end(next),
        ))
    }

    /// `+02:00` or `-0500`: too long to be anything else, also behind a space.
    fn full_offset(self, at: usize) -> bool {
        let colon = self.is(at + 2, &[":"]) && self.word(at + 3).len() == 2;
        self.offset(at).is_some() && (self.word(at + 1).len() == 4 || colon)
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
