//! What the addressee's form does not take: sections that are too long, headings that would hide it, more
//! entries than it has, amounts that are no digits.

use super::{Asked, Finding, Severity};
use crate::fault::Result;
use crate::notice::about::Entries;
use crate::notice::section::{Section, placed};

/// Counted again as the text stands, against what the template says: a heading is for people to read.
pub(super) fn too_long(asked: &Asked<'_>) -> Result<Vec<Finding>> {
    let limits = asked.notice.map(crate::notice::limits).transpose()?;
    if limits.is_some_and(std::collections::BTreeMap::is_empty) {
        return Ok(Vec::new());
    }
    let (_, all) = placed(asked.text, limits);
    let long = all.iter().filter(|(_, section)| section.over() > 0);
    let mut findings: Vec<Finding> = long
        .map(|(line, section)| {
            let (count, limit) = (section.count(), section.limit.unwrap_or_default());
            finding(
                "section-limit",
                *line,
                section,
                &format!("The addressee takes {limit} characters; these are {count}."),
                "say it shorter; what is longer stays in evidence",
            )
        })
        .collect();
    let first = asked.first.filter(|_| limits.is_some());
    if let Some(first) = first.filter(|first| *first != asked.text) {
        let (_, drafted) = placed(first, limits);
        findings.extend(headings(&drafted, &all));
    }
    Ok(findings)
}

/// Entries that the addressee's form has no place for, and amounts that it does not take.
pub(super) fn entries(asked: &Asked<'_>) -> Result<Vec<Finding>> {
    let about = asked.notice.map(crate::notice::about).transpose()?;
    let lists = about.map(|about| about.entries).unwrap_or_default();
    if lists.is_empty() {
        return Ok(Vec::new());
    }
    let (_, all) = placed(asked.text, None);
    let found = lists.iter().flat_map(|list| {
        let same = all
            .iter()
            .filter(|(_, section)| section.name == list.section);
        same.flat_map(|(line, section)| in_list(list, *line, section))
    });
    Ok(found.collect())
}

fn in_list(list: &Entries, line: usize, section: &Section) -> Vec<Finding> {
    let mut findings = Vec::new();
    let count = count(&section.text);
    if count > list.most {
        findings.push(finding(
            "section-entries",
            line,
            section,
            &format!(
                "The addressee takes {} entries; these are {count}.",
                list.most
            ),
            "keep the most important ones here; the others go into the description",
        ));
    }
    if list.digits && (section.text.contains('$') || is_grouped(&section.text)) {
        findings.push(Finding {
            severity: Severity::Warn,
            ..finding(
                "section-amounts",
                line,
                section,
                "The addressee takes amounts as digits alone.",
                "write amounts without a currency sign and without commas: 4100.00",
            )
        });
    }
    findings
}

/// The entries of a list; of a text that is none, its lines.
fn count(text: &str) -> usize {
    let lines = || text.lines().filter(|line| !line.trim().is_empty());
    let entries = lines().filter(|line| line.starts_with("- ")).count();
    match entries {
        0 => lines().count(),
        entries => entries,
    }
}

/// Whether a number has commas between its thousands: `4,100`.
fn is_grouped(text: &str) -> bool {
    let digit = |c: char| c.is_ascii_digit();
    text.match_indices(',').any(|(place, _)| {
        let before = text
            .get(..place)
            .is_some_and(|before| before.ends_with(digit));
        let after = text.get(place + 1..).unwrap_or_default();
        before && after.chars().take_while(|c| digit(*c)).count() == 3
    })
}

/// Headings that came, went or stand twice: each stands for one field of the form, and its text counts
/// there.
fn headings(drafted: &[(usize, Section)], now: &[(usize, Section)]) -> Vec<Finding> {
    let named = |all: &[(usize, Section)], name: &str| {
        let same = all.iter().filter(|(_, section)| section.name == name);
        same.count()
    };
    let gone = drafted
        .iter()
        .filter(|(_, section)| section.limit.is_some() && named(now, &section.name) == 0);
    let gone = gone.map(|(_, section)| {
        finding(
            "section-heading",
            1,
            section,
            "The section of the form is gone, or has another name: its limit counts nowhere.",
            "keep the heading as it was drafted; its text may be empty",
        )
    });
    let come = now.iter().enumerate().filter(|(index, (_, section))| {
        let before = now.get(..*index).unwrap_or_default();
        named(drafted, &section.name) == 0 || named(before, &section.name) > 0
    });
    let come = come.map(|(_, (line, section))| {
        finding(
            "section-heading",
            *line,
            section,
            "The form has no such section, or the section stands twice: its text counts nowhere.",
            "put the text into a section of the form; a smaller heading begins with ###",
        )
    });
    gone.chain(come).collect()
}

fn finding(rule: &str, line: usize, section: &Section, reason: &str, instead: &str) -> Finding {
    Finding {
        rule: rule.to_owned(),
        severity: Severity::Block,
        line,
        words: section.name.clone(),
        reason: reason.to_owned(),
        instead: instead.to_owned(),
    }
}
