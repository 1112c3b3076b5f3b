//! The dictionary of facts, `templates/notice/facts.toml`: every name that a template may use, what
//! kind of value it has, who gives it, and what it is called in each language.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::words::Language;
use crate::fault::{Fault, Result};

/// Where the dictionary lies, for messages.
const FILE: &str = "templates/notice/facts.toml";

/// What kind of value a fact has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Words that stand inside a sentence.
    Text,
    /// One or more whole sentences.
    Sentence,
    /// An instant, RFC 3339 with an offset.
    Instant,
    /// A whole number.
    Count,
    /// A currency code and an amount: `USD 4100.00`.
    Money,
    /// Several values.
    List,
}

/// Who gives a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Gathered from the log of the case; nobody types it.
    Case,
    /// The configuration of the company, or a person of the case.
    Company,
    /// A person of the case.
    Person,
}

/// Who may read a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Privilege {
    /// It may stand in any notice.
    Fact,
    /// It stands in privileged notices alone.
    Privileged,
}

/// What a fact says of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Pii {
    /// Nothing.
    None,
    /// Personal data.
    Personal,
    /// Data of special categories, or about offences.
    Special,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// Its name, dotted: `company.name`.
    pub key: String,
    /// What kind of value it has.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// Who gives it.
    pub source: Origin,
    /// Who may read it.
    pub privilege: Privilege,
    /// What it says of a person.
    pub pii: Pii,
    /// The longest value, characters; of a list, of each value.
    pub max: Option<usize>,
    /// Whether it is said alike in every language: names, numbers, addresses.
    #[serde(default)]
    pub same: bool,
    en: String,
    de: String,
    pt: String,
}

impl Known {
    /// What it is, in a language.
    pub fn label(&self, language: Language) -> &str {
        match language {
            Language::En => &self.en,
            Language::De => &self.de,
            Language::Pt => &self.pt,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    fact: Vec<Known>,
}

/// Every fact that a case can have, by name.
pub type Dictionary = BTreeMap<String, Known>;

static SHIPPED: LazyLock<Result<Dictionary, String>> = LazyLock::new(|| {
    let text = super::shipped("facts.toml").map_err(|fault| fault.to_string())?;
    read(&text).map_err(|fault| fault.to_string())
});

/// The dictionary that the program carries.
///
/// # Errors
/// It cannot be read; a test holds that it can.
pub fn shipped() -> Result<&'static Dictionary> {
    SHIPPED.as_ref().map_err(|why| {
        Fault::failed("dictionary", "The dictionary of facts cannot be read.")
            .at(FILE)
            .caused_by(why.clone())
    })
}

/// The entry of that name; `None` when no case can have it.
pub fn known(key: &str) -> Option<&'static Known> {
    shipped().ok()?.get(key)
}

/// The entry of that name.
///
/// # Errors
/// No case can have such a fact; the fault names the nearest one.
pub fn entry(key: &str) -> Result<&'static Known> {
    let all = shipped()?;
    all.get(key).ok_or_else(|| {
        let near = (all.keys())
            .map(|known| (strsim::damerau_levenshtein(known, key), known))
            .min();
        let near = near.map_or_else(String::new, |(_, known)| {
            format!("the nearest is `{known}`; ")
        });
        let what = format!("No case can have the fact `{}`.", key.escape_debug());
        Fault::input("no-fact", what).hint(format!("{near}`cordon fact list CASE` names all"))
    })
}

/// Reads a dictionary.
fn read(text: &str) -> Result<Dictionary> {
    let file: File = toml::from_str(text).map_err(|error| {
        Fault::input("dictionary", "The dictionary of facts cannot be read.")
            .at(FILE)
            .caused_by(error)
    })?;
    let mut all = Dictionary::new();
    for known in file.fact {
        check(&known)?;
        let key = known.key.clone();
        if all.insert(key.clone(), known).is_some() {
            return Err(bad(&key, "stands twice"));
        }
    }
    Ok(all)
}

fn bad(key: &str, what: &str) -> Fault {
    let what = format!("The fact `{}` {what}.", key.escape_debug());
    Fault::input("dictionary", what).at(FILE)
}

fn check(known: &Known) -> Result<()> {
    let key = &known.key;
    let part = |part: &str| {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        !part.is_empty() && part.bytes().all(plain)
    };
    if key.split('.').count() < 2 || !key.split('.').all(part) {
        return Err(bad(
            key,
            "is not named in two or more parts of a-z, 0-9 and _",
        ));
    }
    for language in Language::ALL {
        let label = known.label(language);
        if label.trim().is_empty() || label.contains(['[', ']', '\n']) {
            return Err(bad(
                key,
                "has no words in one of its languages, or brackets in them",
            ));
        }
    }
    if known.max == Some(0) {
        return Err(bad(key, "may have no character"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = r#"
        [[fact]]
        key = "a.b"
        type = "text"
        source = "case"
        privilege = "fact"
        pii = "none"
        en = "x"
        de = "y"
        pt = "z"
    "#;

    #[test]
    fn the_shipped_dictionary_is_read() {
        assert!(shipped().is_ok_and(|all| all.contains_key("case.id")));
    }

    #[test]
    fn a_dictionary_with_a_mistake_is_refused() {
        assert!(read(ONE).is_ok_and(|all| all.len() == 1));
        let twice = format!("{ONE}{ONE}");
        let bad = [
            twice.as_str(),
            &ONE.replace("a.b", "ab"),
            &ONE.replace("a.b", "A.b"),
            &ONE.replace("\"z\"", "\" \""),
            &ONE.replace("\"z\"", "\"[z]\""),
            &ONE.replace("\"case\"", "\"nobody\""),
            &ONE.replace("en = \"x\"", ""),
            &format!("{ONE}\nmax = 0"),
            &format!("{ONE}\nother = 1"),
        ];
        for text in bad {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
