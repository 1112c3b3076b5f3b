//! Where a case stands: one value, printed by status, handover, run, verify and the drill.

mod decisions;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::tz::TimeZone;
use serde::Serialize;

pub use decisions::{DecisionLine, GateLine, GateStands, NoticeLine};

use crate::case::event::Contact;
use crate::case::state::{CaseState, DoorRecord, Phase, RunPhase};
use crate::clock::Shown;
use crate::contact::indicator::defang_text;
use crate::door::{DoorState, ISSUED_BEFORE};
use crate::evidence::timeline::Moment;
use crate::fault::Kind;
use crate::hostile::one_line;
use crate::id::{CaseId, DoorId};
use crate::provider::Completeness;
use crate::time::{Timestamp, utc, utc_and_zone};
use crate::ui;

/// Where a case stands.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// The case.
    pub case: Option<CaseId>,
    /// Its title. Hostile text.
    pub title: String,
    /// `open`, `held` or `closed`.
    pub phase: Phase,
    /// Where the run stands.
    pub run: RunPhase,
    /// How many doors are open, closing, closed, unknown.
    pub doors: BTreeMap<DoorState, usize>,
    /// Every door.
    pub door_list: Vec<DoorLine>,
    /// The accounts that were settled.
    pub accounts: Vec<crate::provider::Account>,
    /// Accounts that a person took back.
    pub withdrawn: Vec<crate::provider::Account>,
    /// What inventories could not see.
    pub blind: Vec<String>,
    /// Every trail that was kept.
    pub trails: Vec<TrailLine>,
    /// How many items of evidence.
    pub evidence: usize,
    /// Gates that are not settled.
    pub gates: Vec<GateLine>,
    /// Every clock, the next due first.
    pub clocks: Vec<Shown>,
    /// Every draft.
    pub notices: Vec<NoticeLine>,
    /// How many contacts, and how many of them make a demand.
    pub contacts: ContactCount,
    /// The sanctions hold.
    pub sanctions_hold: Option<String>,
}

/// One door.
#[derive(Debug, Clone, Serialize)]
pub struct DoorLine {
    /// Its id.
    pub id: DoorId,
    /// Its kind.
    pub kind: String,
    /// What it is. Hostile text.
    pub label: String,
    /// Whether it still works.
    pub state: DoorState,
    /// Why that is said.
    pub why: String,
    /// Until when what was issued before the close may still work.
    pub residual_until: Option<Timestamp>,
}

/// One trail.
#[derive(Debug, Clone, Serialize)]
pub struct TrailLine {
    /// The trail.
    pub trail: String,
    /// What was read and what was not.
    pub completeness: Completeness,
}

/// Contacts in numbers.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct ContactCount {
    /// All of them.
    pub all: usize,
    /// Those that make a demand.
    pub demands: usize,
}

impl Summary {
    /// The summary of a state at an instant.
    pub fn of(state: &CaseState, now: Timestamp) -> Self {
        Self {
            case: state.case.clone(),
            title: state.title.clone(),
            phase: state.phase,
            run: state.run,
            doors: state.door_counts(),
            door_list: door_list(state),
            accounts: state.accounts.clone(),
            withdrawn: state.withdrawn.clone(),
            blind: blind(state),
            trails: state
                .trails
                .iter()
                .map(|trail| TrailLine {
                    trail: trail.trail.clone(),
                    completeness: trail.completeness.clone(),
                })
                .collect(),
            evidence: state.evidence.len(),
            gates: decisions::gates(state, now),
            clocks: crate::clock::list(state, now),
            notices: decisions::notices(state, now),
            contacts: ContactCount {
                all: state.contacts.len(),
                demands: state
                    .contacts
                    .iter()
                    .filter(|contact| contact.demand)
                    .count(),
            },
            sanctions_hold: state.sanctions_hold.clone(),
        }
    }

    /// How many doors are in a state.
    pub fn count(&self, state: DoorState) -> usize {
        self.doors.get(&state).copied().unwrap_or_default()
    }

    /// Exit code 4 unless every door is proven closed. No door at all proves nothing.
    pub fn verdict(&self) -> Option<Kind> {
        let proven =
            !self.door_list.is_empty() && self.count(DoorState::Closed) == self.door_list.len();
        (!proven).then_some(Kind::OpenDoors)
    }
}

/// Every door, by kind and label, so that two readings are alike.
fn door_list(state: &CaseState) -> Vec<DoorLine> {
    let mut list: Vec<DoorLine> = state
        .doors
        .values()
        .map(|record| door_line(state, record))
        .collect();
    list.sort_by(|a, b| (&a.kind, &a.label, &a.id).cmp(&(&b.kind, &b.label, &b.id)));
    list
}

fn door_line(state: &CaseState, record: &DoorRecord) -> DoorLine {
    let why = state.why(record);
    DoorLine {
        id: record.door.id.clone(),
        kind: record.door.kind.clone(),
        label: record.door.label.clone(),
        state: record.state,
        why,
        residual_until: record.probe.as_ref().and_then(|probe| probe.residual_until),
    }
}

fn blind(state: &CaseState) -> Vec<String> {
    let mut blind: Vec<String> = state
        .inventories
        .iter()
        .flat_map(|(account, lists, blind)| {
            let gaps = lists.iter().flat_map(|list| {
                list.gaps
                    .iter()
                    .map(move |gap| format!("{}: {gap}", list.what))
            });
            gaps.chain(blind.iter().cloned())
                .map(move |line| format!("{}: {line}", account.provider))
        })
        .chain(
            state
                .inventory_failures
                .iter()
                .map(|(account, why)| format!("{}: the inventory failed: {why}", account.provider)),
        )
        .collect();
    blind.sort();
    blind.dedup();
    blind
}

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
    let run = match summary.run {
        RunPhase::None => "the plan was not run",
        RunPhase::Running => "the run has begun and is not at its end",
        RunPhase::Cancelled => "the run was stopped by a person",
        RunPhase::Ended => "the run has ended",
    };
    line("case", format!("{}; {run}", phase(summary.phase)));
    line("doors", count_line(summary));
    if let Some(lasting) = residuals(summary, zone) {
        line("residual", lasting);
    }
    line(
        "evidence",
        format!(
            "{}, {}",
            ui::count(summary.evidence, "item"),
            ui::count(summary.trails.len(), "trail")
        ),
    );
    line(
        "contacts",
        format!(
            "{}, {} with a demand",
            summary.contacts.all, summary.contacts.demands
        ),
    );
    if let Some(hold) = &summary.sanctions_hold {
        line("hold", one_line(hold, 300));
    }
    if let Some(clock) = summary.clocks.iter().find(|clock| clock.receipt.is_none()) {
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
    for (name, value) in decisions::lines(summary, zone) {
        line(name, value);
    }
    text
}

/// The word for a phase.
pub const fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::None => "not opened",
        Phase::Open => "open",
        Phase::Held => "held: nothing new starts",
        Phase::Closed => "closed",
    }
}

fn count_line(summary: &Summary) -> String {
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
        let rows = closed.into_iter().map(|line| {
            let why = one_line(&line.why, 140) + &residual(line, zone);
            [line.kind.clone(), one_line(&line.label, 80), why]
        });
        let table = ui::table(["KIND", "DOOR", "PROOF"], rows);
        let _ = writeln!(text, "Proven closed\n{table}");
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
            line.state.word().to_owned(),
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

/// Imported files, bundles and archives.
pub fn taken_in(
    imported: &[crate::app::custody::ImportedFile],
    bundled: &[(String, crate::evidence::git::Bundled)],
    archived: Option<&crate::app::archive::Archived>,
) -> String {
    const TOLD: usize = 3;
    let mut text = String::new();
    for one in imported {
        let name = one_line(&one.name, 100);
        text.push_str(&ui::paragraph("", &format!("{name}: {}", one.line())));
        for problem in one.problems.iter().take(TOLD) {
            text.push_str(&ui::paragraph("  not read  ", &one_line(problem, 200)));
        }
        if one.problems.len() > TOLD {
            let more = one.problems.len() - TOLD;
            let _ = writeln!(text, "  and {more} more; --json lists all");
        }
    }
    for (repository, one) in bundled {
        let kept = match &one.bundle {
            Some(bundle) => format!(
                "bundled as {bundle}: {}, {}, verified by git",
                ui::count(usize::try_from(one.refs).unwrap_or(usize::MAX), "ref"),
                ui::count(usize::try_from(one.bytes).unwrap_or(usize::MAX), "byte")
            ),
            None => "nothing to bundle".to_owned(),
        };
        let repository = one_line(repository, 100);
        text.push_str(&ui::paragraph("", &format!("{repository}: {kept}")));
        for gap in &one.gaps {
            text.push_str(&ui::paragraph("  not in it  ", &one_line(gap, 200)));
        }
    }
    if let Some(one) = archived {
        let names = one_line(&one.repositories.join(", "), 200);
        text.push_str(&ui::paragraph("", &format!("{names}: {}", one.line())));
    }
    text
}

/// Trails that were read, with what was read and what was not.
pub fn trails(trails: &[&TrailLine]) -> String {
    let rows = trails.iter().map(|line| {
        let c = &line.completeness;
        [
            line.trail.clone(),
            c.records.to_string(),
            c.pages.to_string(),
            c.first.map(utc).unwrap_or_default(),
            c.last.map(utc).unwrap_or_default(),
            end(c).to_owned(),
        ]
    });
    let mut text = ui::table(["TRAIL", "RECORDS", "PAGES", "FIRST", "LAST", "READ"], rows);
    for line in trails {
        for gap in &line.completeness.gaps {
            let gap = format!("{}: {}", line.trail, one_line(gap, 300));
            text.push_str(&ui::paragraph("gap  ", &gap));
        }
    }
    text
}

/// Whether a trail was read to its end.
pub const fn end(completeness: &Completeness) -> &'static str {
    if completeness.complete {
        "to the end"
    } else {
        "NOT to the end"
    }
}

/// Every clock with its basis and its doubts; what has a receipt stands last, in short.
pub fn clocks(clocks: &[Shown], zone: &TimeZone) -> String {
    let mut text = String::new();
    for clock in clocks.iter().filter(|clock| clock.receipt.is_none()) {
        let _ = writeln!(text, "{}  {}", utc_and_zone(clock.due, zone), clock.state);
        text.push_str(&ui::paragraph("    ", &one_line(&clock.title, 160)));
        let _ = writeln!(text, "    {} {}", clock.id, clock.rule);
        let mut line = |name: &str, value: &str| {
            text.push_str(&ui::paragraph(&format!("    {name}: "), value));
        };
        line("basis", &one_line(&clock.basis, 300));
        for candidate in &clock.candidates {
            let mark = if candidate.at == clock.start {
                clock.start_is
            } else {
                "candidate"
            };
            let how = one_line(&candidate.how, 160);
            line("start", &format!("{} {how} ({mark})", utc(candidate.at)));
        }
        for doubt in &clock.doubts {
            line("doubt", &one_line(doubt, 200));
        }
    }
    let mut ended = clocks
        .iter()
        .filter_map(|clock| Some((clock, clock.receipt.as_ref()?)))
        .peekable();
    if ended.peek().is_some() {
        text.push_str("\nWith a receipt\n");
    }
    for (clock, receipt) in ended {
        text.push_str(&ui::paragraph(
            "    ",
            &format!(
                "{} {}: {}",
                clock.rule,
                one_line(&clock.title, 160),
                one_line(receipt, 160)
            ),
        ));
    }
    text
}

/// One contact, safe for a terminal: addresses and links are defanged, nothing is rendered.
pub fn contact(contact: &Contact, zone: &TimeZone) -> String {
    let mut text = format!(
        "{}  {} {}\n",
        contact.id, contact.channel, contact.direction
    );
    let _ = writeln!(
        text,
        "from      {}",
        one_line(&defang_text(&contact.from), 160)
    );
    let _ = writeln!(
        text,
        "to        {}",
        one_line(&defang_text(&contact.to.join(", ")), 160)
    );
    if let Some(sent) = contact.sent {
        let _ = writeln!(text, "sent      {}", utc_and_zone(sent, zone));
    }
    let _ = writeln!(text, "received  {}", utc_and_zone(contact.received, zone));
    for arrival in &contact.arrivals {
        let whose = one_line(&defang_text(&arrival.whose()), 160);
        let _ = writeln!(
            text,
            "          {}  {whose}",
            utc_and_zone(arrival.at, zone)
        );
    }
    let _ = writeln!(
        text,
        "subject   {}",
        one_line(&defang_text(&contact.subject), 160)
    );
    let demand = if contact.demand {
        "yes; it asks for money or threatens. Cordon pays nothing and answers nothing."
    } else if contact.hinted {
        "none, but it hints at a threat; a person should read it"
    } else {
        "no"
    };
    let _ = writeln!(text, "demand    {demand}");
    for deadline in &contact.deadlines {
        let _ = writeln!(text, "deadline  “{}”", one_line(&deadline.verbatim, 160));
        for reading in &deadline.readings {
            let _ = writeln!(
                text,
                "          {}  {}",
                utc_and_zone(reading.at, zone),
                one_line(&reading.how, 120)
            );
        }
    }
    for indicator in &contact.indicators {
        let shown = crate::contact::indicator::shown(indicator);
        let _ = writeln!(text, "{:<9} {}", indicator.kind, one_line(&shown, 160));
    }
    for id in &contact.evidence {
        let _ = writeln!(text, "evidence  {id}");
    }
    let _ = writeln!(
        text,
        "\n{}",
        crate::contact::show::contact(contact, zone).body
    );
    text
}

/// One timeline.
pub fn timeline(moments: &[Moment], zone: &TimeZone) -> String {
    let rows = moments.iter().map(|moment| {
        let evidence = moment
            .evidence
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        [
            utc_and_zone(moment.at, zone),
            moment.source.to_string(),
            one_line(&defang_text(&moment.text), 160),
            evidence,
        ]
    });
    ui::table(["AT", "SOURCE", "WHAT", "EVIDENCE"], rows)
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
    let running = summary
        .clocks
        .iter()
        .filter(|clock| clock.receipt.is_none());
    running
        .map(|clock| {
            let title = one_line(&clock.title, 160);
            let start = clock.start_is;
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
