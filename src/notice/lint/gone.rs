//! Values that a text still says and that whoever recorded them took back or changed since.

use super::fold::Folded;
use super::place::Sheet;
use super::{Finding, Severity};
use crate::notice::dictionary::{self, Origin};
use crate::notice::facts::Kept;
use crate::notice::{Language, text};

/// A value of so many characters is no word that stands in a text by chance.
const TELLING: usize = 12;

/// What people recorded then, do not say now, and the text has. One in a few characters only warns.
pub(super) fn gone(now: &Kept, then: &Kept, sheet: &Sheet) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (key, said) in then.words() {
        let known = dictionary::known(key).filter(|known| known.source == Origin::Person);
        let Some(known) = known.filter(|_| !now.says(key, said)) else {
            continue;
        };
        let words = Folded::of(&text::said(said)).text.trim().to_owned();
        let count = words.chars().count();
        let Some(at) = sheet.whole.find(&words).filter(|_| count > 2) else {
            continue;
        };
        findings.push(Finding {
            rule: "fact-gone".to_owned(),
            severity: if count < TELLING {
                Severity::Warn
            } else {
                Severity::Block
            },
            line: sheet.line(at),
            words,
            reason: format!(
                "The case does not say this any more: it was taken back or changed since the draft ({}).",
                known.label(Language::En)
            ),
            instead: "what the case says now: draft anew, or change the sentence".to_owned(),
        });
    }
    findings
}
