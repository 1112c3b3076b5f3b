//! Languages: what Cordon itself says in a notice, from `templates/notice/words.*.toml`, and values
//! that are said in the language of the notice.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::fault::{Fault, Result};
use crate::time::{Timestamp, utc};

/// A language that notices are written in.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// German.
    De,
    /// Portuguese, as written in Portugal.
    Pt,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::En, Self::De, Self::Pt];

    /// Its tag in BCP 47, with the country whose paper and spelling it takes.
    pub fn tag(self) -> &'static str {
        match self {
            Self::En => "en-US",
            Self::De => "de-DE",
            Self::Pt => "pt-PT",
        }
    }

    /// Its code in ISO 639-1.
    pub const fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
            Self::Pt => "pt",
        }
    }

    /// Its name in English.
    pub const fn name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::De => "German",
            Self::Pt => "Portuguese",
        }
    }
}

type Words = BTreeMap<String, String>;

static WORDS: LazyLock<Result<BTreeMap<Language, Words>, String>> =
    LazyLock::new(|| read().map_err(|fault| fault.to_string()));

/// Reads the words of every language, which have to name the same places under the same keys.
fn read() -> Result<BTreeMap<Language, Words>> {
    let mut all = BTreeMap::new();
    for language in Language::ALL {
        let file = format!("words.{}.toml", language.code());
        let words: Words = toml::from_str(&super::shipped(&file)?).map_err(|error| {
            Fault::failed("words", "The words of a language cannot be read.")
                .at(format!("templates/notice/{file}"))
                .caused_by(error)
        })?;
        all.insert(language, words);
    }
    let shape = |words: &Words| -> Vec<(String, Vec<String>)> {
        let each = words.iter();
        each.map(|(key, words)| (key.clone(), places(words)))
            .collect()
    };
    let mut shapes = all.values().map(shape);
    let first = shapes.next();
    if shapes.any(|other| Some(&other) != first.as_ref()) {
        return Err(Fault::failed(
            "words",
            "The languages do not have the same words with the same places.",
        )
        .at("templates/notice/words.*.toml"));
    }
    Ok(all)
}

/// The places `{name}` of a phrase, sorted, each once.
fn places(words: &str) -> Vec<String> {
    let mut names: Vec<String> = (words.split('{').skip(1))
        .filter_map(|part| part.split_once('}').map(|(name, _)| name.to_owned()))
        .collect();
    names.sort();
    names.dedup();
    names
}

/// Whether every language can be read and all say the same.
///
/// # Errors
/// A file of words is broken, or one lacks what another has.
pub fn check() -> Result<()> {
    WORDS.as_ref().map(|_| ()).map_err(|why| {
        Fault::failed("words", "The words of the notices cannot be read.").caused_by(why.clone())
    })
}

/// Whether there are words with this key.
pub(super) fn exists(key: &str) -> bool {
    let words = WORDS.as_ref().ok().and_then(|all| all.get(&Language::En));
    words.is_some_and(|words| words.contains_key(key))
}

/// The words of a key with its places filled in one pass: what is put in is never read again as a
/// place.
pub(super) fn phrase(language: Language, key: &str, args: &[(&str, String)]) -> String {
    let words = WORDS.as_ref().ok().and_then(|all| all.get(&language));
    let Some(words) = words.and_then(|words| words.get(key)) else {
        // A test holds that every key that the program uses exists; better the key than nothing.
        return format!("[{key}]");
    };
    let mut out = String::with_capacity(words.len() + 32);
    let mut rest = words.as_str();
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, behind)) = after.split_once('}') else {
            break;
        };
        let arg = args.iter().find(|(known, _)| *known == name);
        out.push_str(arg.map_or("", |(_, value)| value.as_str()));
        rest = behind;
    }
    out.push_str(rest);
    out
}

/// What a value says, before it is said in a language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// The same words in every language: names, quotations, numbers. Hostile text.
    Verbatim(String),
    /// Words that a person gave in English and perhaps in other languages. Hostile text.
    Spoken {
        /// In English, or in the language that the person used.
        en: String,
        /// In German.
        de: Option<String>,
        /// In Portuguese.
        pt: Option<String>,
    },
    /// Words of Cordon, with places.
    Phrase(&'static str, Vec<(&'static str, Self)>),
    /// An instant, in UTC and in a zone for people.
    At(Timestamp, TimeZone),
    /// A currency code and an amount with a decimal point.
    Money(String, String),
    /// Several, with commas between.
    Many(Vec<Self>),
}

impl Said {
    /// Words of Cordon without a place.
    pub(super) const fn words(key: &'static str) -> Self {
        Self::Phrase(key, Vec::new())
    }

    /// What it says in a language. Hostile text.
    pub fn text(&self, language: Language) -> String {
        match self {
            Self::Verbatim(text) => text.clone(),
            Self::Spoken { en, de, pt } => match language {
                Language::En => en,
                Language::De => de.as_ref().unwrap_or(en),
                Language::Pt => pt.as_ref().unwrap_or(en),
            }
            .clone(),
            Self::Phrase(key, args) => {
                let said = args.iter().map(|(name, said)| (*name, said.text(language)));
                phrase(language, key, &said.collect::<Vec<_>>())
            }
            Self::At(at, zone) => instant(*at, zone, language),
            Self::Money(code, amount) => match language {
                Language::En => format!("{code} {amount}"),
                Language::De | Language::Pt => format!("{} {code}", amount.replace('.', ",")),
            },
            Self::Many(all) => {
                let all: Vec<String> = all.iter().map(|said| said.text(language)).collect();
                all.join(", ")
            }
        }
    }

    /// Whether it has words in this language, or needs none.
    pub fn speaks(&self, language: Language) -> bool {
        match self {
            Self::Spoken { de, pt, .. } => match language {
                Language::En => true,
                Language::De => de.is_some(),
                Language::Pt => pt.is_some(),
            },
            _ => true,
        }
    }
}

impl From<String> for Said {
    fn from(text: String) -> Self {
        Self::Verbatim(text)
    }
}

impl From<&str> for Said {
    fn from(text: &str) -> Self {
        Self::Verbatim(text.to_owned())
    }
}

impl From<usize> for Said {
    fn from(count: usize) -> Self {
        Self::Verbatim(count.to_string())
    }
}

/// UTC plus one named zone, with its date where that is another than the one in UTC.
fn instant(at: Timestamp, zone: &TimeZone, language: Language) -> String {
    let name = zone.iana_name().unwrap_or("UTC");
    if name == "UTC" || name == "Etc/UTC" {
        return utc(at);
    }
    let local = at.to_zoned(zone.clone());
    let day = format!("day.{}", local.weekday().to_monday_one_offset());
    let args = [
        ("utc", utc(at)),
        ("day", phrase(language, &day, &[])),
        ("date", local.strftime("%F").to_string()),
        ("time", local.strftime("%H:%M").to_string()),
        ("zone", name.to_owned()),
    ];
    let other = local.date() != at.to_zoned(TimeZone::UTC).date();
    let key = if other {
        "instant.other_day"
    } else {
        "instant"
    };
    phrase(language, key, &args)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_languages_say_the_same() {
        assert!(check().is_ok(), "{:?}", check().err());
    }

    #[test]
    fn english_says_an_instant_as_the_rest_of_the_program_does() {
        let zone = TimeZone::get("America/New_York").unwrap_or(TimeZone::UTC);
        for at in ["2027-03-13T02:34:11Z", "2027-03-14T15:00:00Z"] {
            let at: Timestamp = at.parse().unwrap_or_default();
            let said = Said::At(at, zone.clone());
            assert_eq!(
                said.text(Language::En),
                crate::time::utc_and_zone(at, &zone)
            );
        }
        let at: Timestamp = "2027-03-13T02:34:11Z".parse().unwrap_or_default();
        let said = Said::At(at, zone).text(Language::Pt);
        assert_eq!(
            said,
            "2027-03-13T02:34:11Z (sex. 2027-03-12 21:34 America/New_York)"
        );
    }

    #[test]
    fn what_is_put_in_is_not_read_again() {
        let args = vec![
            ("provider", Said::from("{login}")),
            ("login", Said::from("x")),
        ];
        let said = Said::Phrase("accounts.one", args);
        assert_eq!(said.text(Language::De), "{login}: x");
    }

    #[test]
    fn money_has_the_comma_of_the_language() {
        let said = Said::Money("EUR".into(), "4100.50".into());
        assert_eq!(said.text(Language::En), "EUR 4100.50");
        assert_eq!(said.text(Language::De), "4100,50 EUR");
    }
}
