//! Facts that people recorded, and their values read as the dictionary says.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::{Facts, Said, Saying, Standing};
use crate::case::event::Instant;
use crate::case::state::{FactRecord, InstantRecord};
use crate::fault::{Fault, Result};
use crate::id::EvidenceId;
use crate::notice::dictionary::{self, Kind, Known, Origin};
use crate::time::Timestamp;

impl Saying<'_> {
    /// When things happened, as it was recorded for the clocks: of several the earliest that stands. A notice
    /// never says another instant than the one that its clock counts from.
    pub(super) fn instants(&self, facts: &mut Facts) {
        let standing = self.state.instants.values();
        let standing = standing.filter(|record| record.withdrawn.is_none());
        let mut first: BTreeMap<&str, &Instant> = BTreeMap::new();
        for InstantRecord { instant, .. } in standing {
            let Some(key) = instant.what.fact() else {
                continue;
            };
            if dictionary::known(key).is_none_or(|known| known.kind != Kind::Instant) {
                continue;
            }
            let earliest = first.entry(key).or_insert(instant);
            if instant.at < earliest.at {
                *earliest = instant;
            }
        }
        for (key, instant) in first {
            let standing = if instant.evidence.is_empty() {
                Standing::Suspicion
            } else {
                Standing::Fact
            };
            let evidence = instant.evidence.iter().cloned();
            facts.put(key, vec![self.at(instant.at)], evidence, standing);
        }
    }

    /// What a person said counts over the configuration, and never over what the log itself shows.
    pub(super) fn recorded(&self, recorded: &BTreeMap<String, FactRecord>, facts: &mut Facts) {
        for (key, record) in recorded {
            let gathered = |known: &Known| known.source == Origin::Case;
            if dictionary::known(key).is_none_or(gathered) {
                continue;
            }
            let said = &record.statement;
            let values = values(
                key,
                &said.value,
                said.de.as_deref(),
                said.pt.as_deref(),
                self.zone,
            );
            let evidence = said.evidence.iter().chain(&said.apart).cloned();
            let evidence: Vec<EvidenceId> = evidence.collect();
            facts.put(key, values, evidence, said.standing);
        }
    }
}

/// The values of a fact from the words that a person or the configuration gave. Words that are not
/// what the dictionary asks for stay as they are: they were taken when it asked for something else.
pub(super) fn values(
    key: &str,
    value: &str,
    de: Option<&str>,
    pt: Option<&str>,
    zone: &TimeZone,
) -> Vec<Said> {
    let known = dictionary::known(key);
    if known.is_some_and(|known| known.same) {
        return match known.map(|known| known.kind) {
            Some(Kind::List) => lines(value).into_iter().map(Said::from).collect(),
            _ => vec![value.trim().into()],
        };
    }
    match known.map_or(Kind::Text, |known| known.kind) {
        Kind::Instant => {
            vec![instant(value).map_or_else(|_| value.into(), |at| Said::At(at, zone.clone()))]
        }
        Kind::Money => vec![
            money(value).map_or_else(|_| value.into(), |(code, amount)| Said::Money(code, amount)),
        ],
        Kind::Count => vec![value.trim().into()],
        Kind::Text | Kind::Sentence => vec![spoken(value, de, pt)],
        Kind::List => {
            let (de, pt) = (de.map(lines), pt.map(lines));
            let of = |all: &Option<Vec<String>>, index| {
                all.as_ref().and_then(|all| all.get(index).cloned())
            };
            let each = lines(value).into_iter().enumerate();
            each.map(|(index, line)| {
                spoken(&line, of(&de, index).as_deref(), of(&pt, index).as_deref())
            })
            .collect()
        }
    }
}

fn spoken(en: &str, de: Option<&str>, pt: Option<&str>) -> Said {
    let trimmed = |text: &str| text.trim().to_owned();
    Said::Spoken {
        en: trimmed(en),
        de: de.map(trimmed),
        pt: pt.map(trimmed),
    }
}

fn lines(value: &str) -> Vec<String> {
    let lines = value.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(str::to_owned).collect()
}

fn instant(value: &str) -> Result<Timestamp> {
    value.trim().parse().map_err(|error: jiff::Error| {
        Fault::input("fact-value", "This is not an instant.")
            .hint("like 2027-03-12T21:34:00-05:00 or 2027-03-13T02:34:00Z")
            .caused_by(error)
    })
}

/// A currency code of three letters and an amount with at most two decimals.
fn money(value: &str) -> Result<(String, String)> {
    let bad = || {
        Fault::input("fact-value", "This is not an amount of money.")
            .hint("like `USD 4100.00` or `EUR 950`: code, space, digits, and a point before cents")
    };
    let (code, amount) = value.trim().split_once(' ').ok_or_else(bad)?;
    let (whole, cents) = amount.split_once('.').unwrap_or((amount, "00"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let code_ok = code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase());
    if !code_ok || !digits(whole) || !digits(cents) || cents.len() != 2 {
        return Err(bad());
    }
    Ok((code.to_owned(), format!("{whole}.{cents}")))
}

/// Whether a value is one that the dictionary allows for this fact.
///
/// # Errors
/// The words are empty, too long, or of another kind.
pub fn check(known: &Known, value: &str) -> Result<()> {
    let all = match known.kind {
        Kind::List => lines(value),
        _ => vec![value.trim().to_owned()],
    };
    let refuse = |what: &str| Fault::input("fact-value", what.to_owned()).at(&known.key);
    if all.is_empty() || all.iter().any(String::is_empty) {
        return Err(refuse("A fact without a value is missing, not recorded.")
            .hint("take it back with `cordon fact withdraw` when it is not known any more"));
    }
    for one in &all {
        let long = one.chars().count();
        if let Some(max) = known.max.filter(|max| long > *max) {
            let what = format!("This value has {long} characters; at most {max} are allowed.");
            return Err(refuse(&what).hint("what is longer belongs into evidence"));
        }
        if one.contains('\n') && known.kind != Kind::Sentence {
            return Err(refuse("This value has more than one line."));
        }
    }
    match known.kind {
        Kind::Text | Kind::List => Ok(()),
        Kind::Sentence if value.trim().ends_with(['.', '!', '?', '”', '"', '“', '»']) => {
            Ok(())
        }
        Kind::Sentence => Err(refuse("This has to be one or more whole sentences.")
            .hint("it stands alone in notices: end it with a full stop")),
        Kind::Instant => instant(value)
            .map(|_| ())
            .map_err(|fault| fault.at(&known.key)),
        Kind::Count => value.trim().parse::<u64>().map(|_| ()).map_err(|error| {
            refuse("This is not a whole number.")
                .hint("like 42")
                .caused_by(error)
        }),
        Kind::Money => money(value)
            .map(|_| ())
            .map_err(|fault| fault.at(&known.key)),
    }
}
