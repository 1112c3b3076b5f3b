//! The end of a drill, for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::tz::TimeZone;

use super::Report;
use crate::app::summary;
use crate::door::DoorState;
use crate::hostile::one_line;

/// What is closed, open and unknown and why; what was saved; what to do next; where the case lies.
pub fn text(report: &Report, zone: &TimeZone) -> String {
    let mut text = summary::head(&report.summary, zone);
    text.push_str("\nWays in\n");
    let rows = [
        (DoorState::Closed, "closed"),
        (DoorState::Open, "open"),
        (DoorState::Closing, "closing"),
        (DoorState::Unknown, "unknown"),
    ];
    for (state, word) in rows {
        for door in report
            .summary
            .door_list
            .iter()
            .filter(|door| door.state == state)
        {
            let _ = writeln!(
                text,
                "  {word:<8} {:<28} {}: {}",
                door.kind,
                one_line(&door.label, 50),
                one_line(&door.why, 110)
            );
        }
    }
    text.push_str("\nSaved\n");
    let _ = writeln!(
        text,
        "  {} items of evidence, {} trails; the export has {} files",
        report.evidence.items,
        report.summary.trails.len(),
        report.evidence.files
    );
    for trail in &report.summary.trails {
        let c = &trail.completeness;
        let end = if c.complete {
            "to the end"
        } else {
            "NOT to the end"
        };
        let _ = writeln!(
            text,
            "  {:<28} {} records in {} pages, {end}",
            trail.trail, c.records, c.pages
        );
    }
    let _ = writeln!(text, "  export: {}", super::expect::verdict(&report.verify));
    text.push_str("\nClocks\n");
    for clock in &report.clocks {
        let _ = writeln!(
            text,
            "  {}  {}",
            crate::time::utc_and_zone(clock.due, zone),
            one_line(&clock.title, 100)
        );
    }
    text.push_str("\nWhat the scenario asks for\n");
    for expectation in &report.expectations {
        let mark = if expectation.met {
            "met    "
        } else {
            "NOT MET"
        };
        let _ = writeln!(
            text,
            "  {mark} {} ({})",
            expectation.what,
            one_line(&expectation.saw, 120)
        );
    }
    text.push_str("\nNext\n");
    let mut left: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for door in report.summary.door_list.iter().filter(|door| door.state != DoorState::Closed) {
        *left.entry((&door.kind, &door.why)).or_default() += 1;
    }
    for ((kind, why), count) in left {
        let _ = writeln!(text, "  decide on {count} × {kind}: {}", one_line(why, 110));
    }
    let config = report.folder.join("cordon.toml");
    let _ = writeln!(
        text,
        "  look at the case:   cordon --config {} status {}",
        config.display(),
        report.case
    );
    let _ = writeln!(
        text,
        "  verify the export:  cordon evidence verify {}",
        report.evidence.export.display()
    );
    let _ = writeln!(
        text,
        "\nThe case lies in {} ({} ms).",
        report.folder.display(),
        report.took_ms
    );
    text
}
