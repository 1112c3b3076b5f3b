//! The end of a drill, for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::tz::TimeZone;

use super::Report;
use crate::app::summary;
use crate::door::DoorState;
use crate::hostile::one_line;
use crate::ui;

/// What a tired person needs, most important first: whether it went as it should, what is open and
/// why, what to do next, what is closed and saved, what is due, where it lies.
pub fn text(report: &Report, zone: &TimeZone) -> String {
    let met = report.expectations.iter().filter(|e| e.met).count();
    let mut text = format!(
        "Drill `{}`: {met} of {} expectations met, in {:.1} s\n\n",
        report.scenario,
        report.expectations.len(),
        std::time::Duration::from_millis(report.took_ms).as_secs_f64()
    );
    text.push_str(&summary::head(&report.summary, zone));
    let open = summary::unproven(&report.summary, zone);
    if !open.is_empty() {
        let _ = write!(text, "\nOpen or not proven: a person decides\n{open}");
    }
    text.push_str(&closed(report));
    text.push_str("\nSaved\n");
    text.push_str(&saved(report));
    text.push_str("\nDue (UTC)\n");
    text.push_str(&summary::due(&report.summary, zone));
    text.push_str("\nWhat the scenario asks for\n");
    for expectation in &report.expectations {
        let mark = if expectation.met {
            "  met      "
        } else {
            "  NOT MET  "
        };
        let saw = one_line(&expectation.saw, 160);
        text.push_str(&ui::paragraph(
            mark,
            &format!("{} ({saw})", expectation.what),
        ));
    }
    text.push_str(&next(report));
    text
}

/// How many doors of each kind are proven closed.
fn closed(report: &Report) -> String {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    let doors = report.summary.door_list.iter();
    for door in doors.filter(|door| door.state == DoorState::Closed) {
        *kinds.entry(&door.kind).or_default() += 1;
    }
    if kinds.is_empty() {
        return String::new();
    }
    let list: Vec<String> = kinds
        .iter()
        .map(|(kind, count)| match count {
            1 => (*kind).to_owned(),
            many => format!("{many}×{kind}"),
        })
        .collect();
    format!("\nProven closed\n{}", ui::paragraph("  ", &list.join(", ")))
}

fn saved(report: &Report) -> String {
    let mut text = String::new();
    for line in &report.summary.trails {
        let c = &line.completeness;
        let records = ui::count(usize::try_from(c.records).unwrap_or(usize::MAX), "record");
        let _ = writeln!(
            text,
            "  {:<24} {records}, read {}",
            line.trail,
            summary::end(c)
        );
    }
    for notice in report.notices.iter().filter(|notice| !notice.replaced) {
        let missing = ui::count(notice.missing.len(), "fact");
        let stage = notice.stage();
        let _ = writeln!(
            text,
            "  notice {:<17} {stage}, {missing} missing",
            notice.template
        );
    }
    let _ = writeln!(
        text,
        "  {:<24} {}, {} of evidence; {}",
        "export",
        ui::count(
            usize::try_from(report.evidence.files).unwrap_or(usize::MAX),
            "file"
        ),
        ui::count(report.evidence.items, "item"),
        if report.verify.holds() {
            "verified"
        } else {
            "DOES NOT VERIFY"
        }
    );
    text
}

/// Commands on lines of their own, whole, to be copied.
fn next(report: &Report) -> String {
    let config = format!("--config {}", report.folder.join("cordon.toml").display());
    let case = &report.case;
    let mut text = String::from("\nNext\n");
    for (what, command) in [
        ("look at the case", format!("cordon {config} status {case}")),
        (
            "hand it over",
            format!("cordon {config} case handover {case}"),
        ),
        (
            "read the drafts",
            format!("cordon {config} notice list {case}"),
        ),
        (
            "verify the export",
            format!(
                "cordon evidence verify {}",
                report.evidence.export.display()
            ),
        ),
    ] {
        let _ = writeln!(text, "  {what}\n    {command}");
    }
    let _ = writeln!(text, "\nEverything lies in {}", report.folder.display());
    text
}
