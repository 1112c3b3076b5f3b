//! Sections that are longer than the addressee's form takes, and headings that would hide it.

use super::{Asked, Finding, Severity};
use crate::fault::Result;
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
