//! The summary in words.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::tz::TimeZone;

use super::{DoorLine, Summary, decisions, phase};
use crate::case::state::RunPhase;
use crate::door::{DoorState, ISSUED_BEFORE};
use crate::hostile::one_line;
use crate::time::{Timestamp, utc, utc_and_zone};
use crate::ui;

/// The head of a case: what a person reads first.
pub fn head(summary: &Summary, zone: &TimeZone) -> String {
    let case = summary
        .case
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    let mut text = ui::paragraph(&format!("{case}  "), &one_line(&summary.title, 100));
    let mut line = |name: &str, value: String| {
        text.push_str(&ui::paragraph(&format!("{name:<8}  "), &value));
    };
    line(
        "case",
        format!("{}; {}", phase(summary.phase), run(summary)),
    );
    if let (Some(at), Some(timing)) = (summary.effective, &summary.timing) {
        line("change", format!("{timing}, {}", utc_and_zone(at, zone)));
    }
    line("doors", count_line(summary));
    if let Some(lasting) = residuals(summary, zone) {
        line("residual", lasting);
    }
    let unanswered = match summary.unanswered {
        0 => String::new(),
        calls => format!(", and {} without an answer", ui::count(calls, "call")),
    };
    line(
        "evidence",
        format!(
            "{}, {}{unanswered}",
            ui::count(summary.evidence, "item"),
            ui::count(summary.trails.len(), "trail")
        ),
    );
    for mended in &summary.mended {
        let kept = (mended.kept.as_deref())
            .map(|kept| format!(" As found: {}.", one_line(kept, 120)))
            .unwrap_or_default();
        let what = one_line(&format!("{} (line {})", mended.what, mended.line), 300);
        line("mended", format!("{}: {what}{kept}", utc(mended.at)));
    }
    line(
        "contacts",
        format!(
            "{}, {} with a demand",
            summary.contacts.all, summary.contacts.demands
        ),
    );
    for one in holds(summary) {
        line("hold", one);
    }
    if let Some(clock) = summary.clocks.iter().find(|clock| clock.is_open()) {
        line(
            "next due",
            format!(
                "{}: {}",
                utc_and_zone(clock.due, zone),
                one_line(&clock.title, 90)
            ),
        );
    }
    for account in &summary.withdrawn {
        let login = one_line(&account.login, 100);
        let provider = &account.provider;
        line(
            "left out",
            format!("{login} at {provider}: it and its doors are no part of the case"),
        );
    }
    if summary.leads > 0 {
        let people = ui::count(summary.leads, "person");
        line(
            "kept out",
            format!("{people} whom the case may be about too: cordon case leads"),
        );
    }
    for (name, value) in decisions::lines(summary, zone) {
        line(name, value);
    }
    text
}

/// The sanctions hold, and what was determined on it.
fn holds(summary: &Summary) -> Vec<String> {
    let hold = summary
        .sanctions_hold
        .iter()
        .map(|hold| one_line(hold, 400));
    let determined = summary.determinations.iter().map(|one| {
        let (kind, scope) = (one_line(&one.kind, 40), one.scope.join(", "));
        format!(
            "{kind} of {scope}, {}: {}",
            one.stage(),
            one_line(&one.text, 200)
        )
    });
    hold.chain(determined).collect()
}

/// Where the run stands.
pub const fn run(summary: &Summary) -> &'static str {
    match summary.run {
        RunPhase::None if !summary.planned => "no plan yet",
        RunPhase::None => "the plan was not run",
        RunPhase::Running => "the run has begun and is not at its end",
        RunPhase::Cancelled => "the run was stopped by a person",
        RunPhase::Ended => "the run has ended",
    }
}

/// How many doors were found, and how many are in each state.
pub fn count_line(summary: &Summary) -> String {
    let count = |state| summary.count(state);
    format!(
        "{} found: {} proven closed, {} open, {} closing, {} unknown",
        summary.door_list.len(),
        count(DoorState::Closed),
        count(DoorState::Open),
        count(DoorState::Closing),
        count(DoorState::Unknown)
    )
}

/// Every door that is not proven closed, grouped by state, kind and reason.
pub fn unproven(summary: &Summary, zone: &TimeZone) -> String {
    let mut groups: BTreeMap<(DoorState, &str, &str), Vec<&DoorLine>> = BTreeMap::new();
    for line in &summary.door_list {
        if line.state != DoorState::Closed {
            let group = (line.state, line.kind.as_str(), line.why.as_str());
            groups.entry(group).or_default().push(line);
        }
    }
    let mut text = String::new();
    for ((state, kind, why), lines) in groups {
        let number = match lines.len() {
            1 => String::new(),
            many => format!("{many}×"),
        };
        text.push_str(&ui::paragraph(
            &format!("  {:<8} ", state.word()),
            &format!("{number}{kind}: {}", one_line(why, 240)),
        ));
        for line in lines {
            text.push_str(&ui::paragraph(
                "             ",
                &format!("{}{}", one_line(&line.label, 120), residual(line, zone)),
            ));
        }
    }
    text
}

fn residual(line: &DoorLine, zone: &TimeZone) -> String {
    line.residual_until
        .map(|at| format!(" ({ISSUED_BEFORE} until {})", utc_and_zone(at, zone)))
        .unwrap_or_default()
}

/// The latest end of what outlives a close, and of how many doors; the words of each kind say what
/// has no known end.
fn residuals(summary: &Summary, zone: &TimeZone) -> Option<String> {
    let bounded = summary.door_list.iter();
    let ends: Vec<_> = bounded.filter_map(|line| line.residual_until).collect();
    let last = ends.iter().max()?;
    Some(format!(
        "{ISSUED_BEFORE} until {}, at {}; what has no known end stands under `cordon provider show`",
        utc_and_zone(*last, zone),
        ui::count(ends.len(), "door")
    ))
}

/// Every door, what is not closed first.
pub fn doors(summary: &Summary, zone: &TimeZone) -> String {
    let mut text = String::new();
    let unproven = unproven(summary, zone);
    if !unproven.is_empty() {
        let _ = writeln!(text, "Open or not proven\n{unproven}");
    }
    let closed: Vec<_> = summary
        .door_list
        .iter()
        .filter(|line| line.state == DoorState::Closed)
        .collect();
    if !closed.is_empty() {
        text.push_str("Proven closed\n");
        for line in closed {
            let door = format!("{}: {}", line.kind, one_line(&line.label, 80));
            let proof = one_line(&line.why, 140) + &residual(line, zone);
            text.push_str(&ui::paragraph("  closed   ", &door));
            text.push_str(&ui::paragraph("             ", &proof));
        }
        text.push('\n');
    }
    let _ = writeln!(text, "{}", count_line(summary));
    text
}

/// What an inventory found and could not see.
pub fn inventory(summary: &Summary) -> String {
    let mut text = String::new();
    for account in &summary.accounts {
        let _ = writeln!(
            text,
            "account  {}: {}",
            account.provider,
            one_line(&account.login, 100)
        );
    }
    let rows = summary.door_list.iter().map(|line| {
        [
            match line.as_of {
                None => line.state.word().to_owned(),
                Some(at) => format!("{}, as of {}", line.state.word(), utc(at)),
            },
            line.kind.clone(),
            one_line(&line.label, 80),
            line.id.to_string(),
        ]
    });
    let _ = write!(
        text,
        "\n{}\n{}\n",
        ui::table(["STATE", "KIND", "DOOR", "ID"], rows),
        count_line(summary)
    );
    for line in &summary.blind {
        text.push_str(&ui::paragraph("not seen  ", &one_line(line, 300)));
    }
    text
}

/// One page for the next shift.
pub fn handover(summary: &Summary, zone: &TimeZone) -> String {
    let mut text = head(summary, zone);
    text.push_str("\nOpen or not proven\n");
    text.push_str(&or_none(unproven(summary, zone)));
    text.push_str("\nDue\n");
    text.push_str(&or_none(due(summary, zone)));
    text.push_str("\nNotices\n");
    let notices = summary.notices.iter().filter(|notice| !notice.replaced);
    let lines = notices.map(|notice| {
        let missing = ui::count(notice.missing.len(), "fact");
        let stage = notice.stage();
        format!(
            "  {:<10} {stage}, {missing} missing: {}\n",
            notice.template, notice.id
        )
    });
    text.push_str(&or_none(lines.collect()));
    text.push_str("\nNot known\n");
    let gaps = summary.trails.iter().flat_map(|line| {
        let gaps = line.completeness.gaps.iter();
        gaps.map(|gap| format!("{}: {gap}", line.trail))
    });
    let lines = summary.blind.iter().cloned().chain(gaps);
    text.push_str(&or_none(
        lines
            .map(|line| ui::paragraph("  - ", &one_line(&line, 300)))
            .collect(),
    ));
    text
}

/// Every clock that runs: when, and what.
pub fn due(summary: &Summary, zone: &TimeZone) -> String {
    let running = summary.clocks.iter().filter(|clock| clock.is_open());
    running
        .map(|clock| {
            let title = one_line(&clock.title, 160);
            let start = clock.choice().map_or_else(
                || clock.start_is.to_owned(),
                |choice| format!("{} {choice}", utc(clock.start)),
            );
            ui::paragraph(
                &format!("  {}  ", utc(clock.due)),
                &format!("{} {title} (start: {start})", zone_only(clock.due, zone)),
            )
        })
        .collect()
}

fn zone_only(at: Timestamp, zone: &TimeZone) -> String {
    let both = utc_and_zone(at, zone);
    both.split_once(' ')
        .map_or_else(String::new, |(_, zone)| zone.to_owned())
}

fn or_none(text: String) -> String {
    if text.is_empty() {
        return "  nothing\n".to_owned();
    }
    text
}
