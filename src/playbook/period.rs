//! Lengths of time as people write them: `90s`, `10m`, `4h`, `7d`.

use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A whole number of seconds, minutes, hours or days. A day is 24 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Period(u64);

/// What a period looks like; at most six digits, so that no sum can overflow.
pub(super) const PATTERN: &str = "^[0-9]{1,6}[smhd]$";

const UNITS: [(char, u64, &str); 4] = [
    ('d', 86_400, "day"),
    ('h', 3600, "hour"),
    ('m', 60, "minute"),
    ('s', 1, "second"),
];

impl Period {
    /// A period of whole seconds.
    pub const fn seconds(seconds: u64) -> Self {
        Self(seconds)
    }

    /// How many seconds.
    pub const fn as_seconds(self) -> u64 {
        self.0
    }

    /// How many seconds, at most what a `u32` holds.
    pub fn as_u32(self) -> u32 {
        u32::try_from(self.0).unwrap_or(u32::MAX)
    }

    /// How many hours, rounded up.
    pub fn as_hours(self) -> u32 {
        u32::try_from(self.0.div_ceil(3600)).unwrap_or(u32::MAX)
    }

    /// The largest unit that divides it, from days down; one day is `24h`.
    fn unit(self) -> (u64, char, &'static str) {
        UNITS
            .into_iter()
            .find(|(unit, size, _)| {
                self.0 >= *size && self.0.is_multiple_of(*size) && (*unit != 'd' || self.0 > *size)
            })
            .map_or((self.0, 's', "second"), |(unit, size, word)| {
                (self.0 / size, unit, word)
            })
    }

    /// In words: `4 hours`.
    pub fn words(self) -> String {
        let (count, _, word) = self.unit();
        format!("{count} {word}{}", if count == 1 { "" } else { "s" })
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, unit, _) = self.unit();
        write!(f, "{count}{unit}")
    }
}

impl FromStr for Period {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || "a period is a whole number and s, m, h or d, such as `4h`".to_owned();
        let unit = text.chars().last().ok_or_else(bad)?;
        let (_, size, _) = UNITS
            .into_iter()
            .find(|(known, ..)| *known == unit)
            .ok_or_else(bad)?;
        let digits = text.strip_suffix(unit).ok_or_else(bad)?;
        if digits.len() > 6 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(bad());
        }
        digits
            .parse::<u64>()
            .map(|count| Self(count * size))
            .map_err(|_| bad())
    }
}

impl TryFrom<String> for Period {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Period> for String {
    fn from(period: Period) -> Self {
        period.to_string()
    }
}

impl JsonSchema for Period {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Period".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": PATTERN,
            "description": "A length of time: 90s, 10m, 4h, 7d.",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_what_people_write() {
        for (text, seconds, words) in [
            ("90s", 90, "90 seconds"),
            ("10m", 600, "10 minutes"),
            ("1h", 3600, "1 hour"),
            ("24h", 86_400, "24 hours"),
            ("7d", 604_800, "7 days"),
        ] {
            let period: Period = text.parse().unwrap();
            assert_eq!(period.as_seconds(), seconds);
            assert_eq!(period.to_string(), text);
            assert_eq!(period.words(), words);
        }
        assert_eq!("60m".parse::<Period>().unwrap().to_string(), "1h");
        for bad in [
            "", "4", "h", "4 h", "-4h", "4w", "1.5h", "1234567s", "４h", "4é",
        ] {
            assert!(bad.parse::<Period>().is_err(), "{bad}");
        }
    }
}
