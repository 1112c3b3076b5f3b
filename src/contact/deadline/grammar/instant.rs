//! Instants of RFC 3339: a date, a time and an offset, which leave nothing to read.

use super::super::words;
use super::{Grammar, Moment};
use crate::time::Timestamp;

impl<'t> Grammar<'t> {
    /// An instant, also behind its weekday: `2027-05-16T10:00:30Z`, `2027-05-16 10:00 +02:00`.
    ///
    /// Where the minutes or the offset are written shorter than the standard has it, it is still
    /// one instant.
    pub(super) fn instant(self, at: usize) -> Option<(Moment, usize)> {
        let from = match words::weekday(self.word(at)) {
            Some(_) => self.skip(at + 1, &[",", ".", "the"]),
            None => at,
        };
        let date = self.piece(from, 4, &["-", "-"])?;
        let next = from + 5;
        let clock = next + usize::from(self.is(next, &["t"]) && self.glued(next));
        if clock > next && !self.glued(clock) {
            return None;
        }
        let seconds = self.is(clock + 3, &[":"]) && self.glued(clock + 3);
        let time = self.piece(clock, 2, if seconds { &[":", ":"] } else { &[":"] })?;
        let mut next = clock + if seconds { 5 } else { 3 };
        let mut fraction = String::new();
        if seconds && self.is(next, &["."]) && self.glued(next) && self.glued(next + 1) {
            let digits = self.word(next + 1);
            if digits.bytes().all(|byte| byte.is_ascii_digit()) {
                // No finer than nanoseconds.
                fraction = format!(".{}", digits.get(..9).unwrap_or(digits));
                next += 2;
            }
        }
        let (offset, next) = self.utc_offset(next)?;
        let text = format!("{date}T{time}{fraction}{offset}");
        let words = text.clone();
        let at: Timestamp = text.parse().ok()?;
        Some((Moment::Instant { at, words }, next))
    }

    /// Numbers with `signs` between them, without a space; the first has `first` digits, the others
    /// two.
    fn piece(self, at: usize, first: usize, signs: &[&str]) -> Option<String> {
        let mut text = self.number_of(at, first)?.to_owned();
        for (step, sign) in signs.iter().enumerate() {
            let place = at + 2 * step + 1;
            let whole = self.is(place, &[sign]) && self.glued(place) && self.glued(place + 1);
            let digits = self.number_of(place + 1, 2).filter(|_| whole)?;
            text.push_str(sign);
            text.push_str(digits);
        }
        Some(text)
    }

    fn number_of(self, at: usize, length: usize) -> Option<&'t str> {
        self.digits(at)?;
        Some(self.word(at)).filter(|word| word.len() == length)
    }

    /// `Z`, `+02:00`, `+0200` or `+02`, as RFC 3339 writes it.
    fn utc_offset(self, at: usize) -> Option<(String, usize)> {
        if self.is(at, &["z"]) {
            return Some(("Z".to_owned(), at + 1));
        }
        let sign = match self.word(at) {
            "+" => '+',
            "-" | "−" => '-',
            _ => return None,
        };
        if !self.glued(at + 1) {
            return None;
        }
        let digits = self.digits(at + 1).map(|_| self.word(at + 1))?;
        let colon = self.is(at + 2, &[":"]) && self.glued(at + 2) && self.glued(at + 3);
        let (hours, minutes, next) = match digits.len() {
            2 if colon => (digits, self.number_of(at + 3, 2)?, at + 4),
            2 if self.glued(at) => (digits, "00", at + 2),
            4 => (digits.get(..2)?, digits.get(2..)?, at + 2),
            _ => return None,
        };
        Some((format!("{sign}{hours}:{minutes}"), next))
    }
}
