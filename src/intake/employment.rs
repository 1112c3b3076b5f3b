//! What a message says of an engagement beside its end, and the rules that are matched on it.
//!
//! Nothing of a person is here: no name, no origin, no language, no place. A rule cannot be matched on
//! what has no field.

use serde::{Deserialize, Serialize};

/// How somebody is engaged. Hostile text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Employment {
    /// The agency or vendor that the person works through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agency: Option<String>,
    /// The department or group that they work in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub department: Option<String>,
    /// `employee`, `contractor`, or what the HR system calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker_type: Option<String>,
}

impl Employment {
    /// Whether nothing is known.
    pub const fn is_empty(&self) -> bool {
        self.agency.is_none() && self.department.is_none() && self.worker_type.is_none()
    }
}

/// `[[review]]`: departures that are reviewed by policy, whoever the person is.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Review {
    /// Its name; it stands in the case that it raised.
    pub name: String,
    /// The agency, as the HR system writes it.
    pub agency: Option<String>,
    /// The department or group.
    #[serde(alias = "group")]
    pub department: Option<String>,
    /// The type of the engagement.
    pub worker_type: Option<String>,
}

impl Review {
    /// Whether every attribute that the rule names is that of the engagement, in whatever case it is
    /// written. What the message does not say matches nothing.
    pub fn matches(&self, employment: &Employment) -> bool {
        let pairs = [
            (&self.agency, &employment.agency),
            (&self.department, &employment.department),
            (&self.worker_type, &employment.worker_type),
        ];
        let named = pairs.iter().filter(|(rule, _)| rule.is_some()).count();
        let same = |(rule, is): &&(&Option<String>, &Option<String>)| match (rule, is) {
            (Some(rule), Some(is)) => rule.trim().to_lowercase() == is.trim().to_lowercase(),
            _ => false,
        };
        named > 0 && pairs.iter().filter(same).count() == named
    }

    /// What is wrong with it.
    pub fn problem(&self) -> Option<&'static str> {
        if self.name.trim().is_empty() || self.name.len() > 80 {
            return Some("`name` is empty or longer than 80 bytes");
        }
        let values = [&self.agency, &self.department, &self.worker_type];
        let mut given = values
            .iter()
            .filter_map(|value| value.as_deref())
            .peekable();
        if given.peek().is_none() {
            return Some(
                "it names no `agency`, `department` or `worker_type`, and would review everybody",
            );
        }
        given
            .any(|value| value.trim().is_empty())
            .then_some("an attribute is empty")
    }
}

/// Words of fields that say where somebody comes from or who they are rather than how they are engaged.
const FORBIDDEN: &[&str] = &[
    "accent",
    "address",
    "age",
    "birth",
    "birthplace",
    "born",
    "citizenship",
    "city",
    "country",
    "disability",
    "ethnicity",
    "firstname",
    "fullname",
    "gender",
    "givenname",
    "home",
    "language",
    "lastname",
    "locale",
    "location",
    "nationality",
    "origin",
    "passport",
    "photo",
    "place",
    "race",
    "religion",
    "residence",
    "sex",
    "surname",
    "visa",
];

/// Pairs of words that together are the name of a person.
const NAMES: &[[&str; 2]] = &[
    ["display", "name"],
    ["family", "name"],
    ["first", "name"],
    ["full", "name"],
    ["given", "name"],
    ["last", "name"],
    ["middle", "name"],
    ["preferred", "name"],
];

/// Whether a position in a message leads to what no rule may be matched on: a name, an origin, a
/// language, a place. `workCountry`, `work_country` and `/work/country` are the same here.
pub(super) fn is_forbidden(pointer: &str) -> bool {
    let words = words(pointer);
    words.iter().any(|word| {
        FORBIDDEN.iter().any(|forbidden| {
            word == forbidden || word.strip_suffix('s').is_some_and(|one| one == *forbidden)
        }) || word.starts_with("national")
            || word.starts_with("citizen")
            || word.starts_with("ethnic")
    }) || words
        .windows(2)
        .any(|two| NAMES.iter().any(|name| name.iter().eq(two)))
}

/// The words of a name that a vendor gave to a field or an event, in lower case: `laidOff` has two. One
/// that begins or ends with a sign, or is empty, can have an empty word.
pub(crate) fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before_is_lower = false;
    for c in name.chars() {
        let new = !c.is_alphanumeric() || (c.is_uppercase() && before_is_lower);
        if new && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| c.is_alphanumeric()) {
            word.extend(c.to_lowercase());
        }
        before_is_lower = c.is_lowercase();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(text: &str) -> Review {
        toml::from_str(&format!("name = \"r\"\n{text}")).unwrap()
    }

    #[test]
    fn a_rule_matches_all_that_it_names_and_nothing_that_is_not_said() {
        let is = Employment {
            agency: Some("Bright Staffing".into()),
            department: None,
            worker_type: Some("contractor".into()),
        };
        assert!(rule("agency = \"bright staffing\"").matches(&is));
        assert!(rule("agency = \"Bright Staffing\"\nworker_type = \"Contractor\"").matches(&is));
        assert!(!rule("agency = \"Bright\"").matches(&is));
        assert!(!rule("agency = \"Bright Staffing\"\ndepartment = \"Data\"").matches(&is));
        assert!(!rule("group = \"Data\"").matches(&is));
        let nothing = rule("");
        assert!(!nothing.matches(&is) && !nothing.matches(&Employment::default()));
        assert!(nothing.problem().is_some());
        assert!(rule("agency = \" \"").problem().is_some());
        assert!(rule("agency = \"a\"").problem().is_none());
    }

    #[test]
    fn a_rule_on_what_somebody_is_cannot_be_written() {
        for key in [
            "nationality",
            "country",
            "name_contains",
            "language",
            "location",
            "email",
            "birth",
        ] {
            let text = format!("name = \"r\"\nagency = \"a\"\n{key} = \"x\"");
            assert!(toml::from_str::<Review>(&text).is_err(), "{key}");
        }
        for pointer in [
            "/worker/nationality",
            "/worker/nationalities/0",
            "/home/country",
            "/workCountry",
            "/person/first_name",
            "/person/lastName",
            "/displayName",
            "/site/location",
            "/worker/citizenshipStatus",
            "/preferred_language",
            "/a/birth_date",
            "/Place",
        ] {
            assert!(is_forbidden(pointer), "{pointer}");
        }
        for pointer in [
            "/department/name",
            "/worker/agency",
            "/vendor/name",
            "/employment/type",
            "/worker/agency_name",
            "/team/name",
            "/management/group",
        ] {
            assert!(!is_forbidden(pointer), "{pointer}");
        }
    }
}
