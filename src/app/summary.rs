//! Where a case stands: one value, printed by status, handover, run, verify and the drill.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::tz::TimeZone;
use serde::Serialize;

use crate::case::event::Contact;
use crate::case::state::{CaseState, DoorRecord, Phase, RunPhase};
use crate::clock::Shown;
use crate::contact::indicator::defang;
use crate::door::DoorState;
use crate::evidence::timeline::Moment;
use crate::fault::Kind;
use crate::hostile::{one_line, terminal};
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
    /// What inventories could not see.
    pub blind: Vec<String>,
    /// Every trail that was kept.
    pub trails: Vec<TrailLine>,
    /// How many items of evidence.
    pub evidence: usize,
    /// Gates that wait for people.
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
    /// Until when something may still work although it is closed.
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

/// One gate.
#[derive(Debug, Clone, Serialize)]
pub struct GateLine {
    /// The step.
    pub step: String,
    /// The roles that may approve.
    pub roles: Vec<String>,
    /// How many people approved.
    pub approved: usize,
    /// How many are needed.
    pub people: u32,
    /// Until when.
    pub expires: Timestamp,
}

/// One draft.
#[derive(Debug, Clone, Serialize)]
pub struct NoticeLine {
    /// Its id.
    pub id: crate::id::NoticeId,
    /// The template.
    pub template: String,
    /// SHA-256 of the text.
    pub text: crate::canon::Digest,
    /// Facts that it lacks.
    pub missing: Vec<String>,
    /// Who approved.
    pub approved_by: Vec<String>,
    /// Whether it went out.
    pub sent: bool,
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
            gates: gates(state),
            clocks: crate::clock::list(state, now),
            notices: notices(state),
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
    let mut list: Vec<DoorLine> = state.doors.values().map(|record| door_line(state, record)).collect();
    list.sort_by(|a, b| (&a.kind, &a.label, &a.id).cmp(&(&b.kind, &b.label, &b.id)));
    list
}

fn door_line(state: &CaseState, record: &DoorRecord) -> DoorLine {
    let left = || {
        let (plan, _) = state.plan.as_ref()?;
        plan.left
            .iter()
            .find(|left| left.door == record.door.id)
            .map(|left| left.why.clone())
    };
    let why = match &record.probe {
        Some(probe) => probe.why.clone(),
        None => left().unwrap_or_else(|| "nothing was tried yet".to_owned()),
    };
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

fn gates(state: &CaseState) -> Vec<GateLine> {
    let waiting = state
        .gates
        .iter()
        .filter(|(_, gate)| !gate.passed && !gate.expired && gate.denied.is_none());
    waiting
        .map(|(step, gate)| GateLine {
            step: step.clone(),
            roles: gate.roles.clone(),
            approved: gate.approvals.len(),
            people: gate.people,
            expires: gate.expires,
        })
        .collect()
}

fn notices(state: &CaseState) -> Vec<NoticeLine> {
    let line =
        |(id, notice): (&crate::id::NoticeId, &crate::case::state::NoticeRecord)| NoticeLine {
            id: id.clone(),
            template: notice.template.clone(),
            text: notice.text,
            missing: notice.missing.clone(),
            approved_by: notice
                .approvals
                .iter()
                .map(|signed| signed.person.clone())
                .collect(),
            sent: notice.sent.is_some(),
        };
    state.notices.iter().map(line).collect()
}

/// The head of a case: five lines.
pub fn head(summary: &Summary, zone: &TimeZone) -> String {
    let case = summary
        .case
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    let mut text = format!("{case}  {}\n", one_line(&summary.title, 100));
    let _ = writeln!(text, "phase     {:?}, run {:?}", summary.phase, summary.run);
    let _ = writeln!(text, "doors     {}", count_line(summary));
    let _ = writeln!(
        text,
        "evidence  {} items, {} trails",
        summary.evidence,
        summary.trails.len()
    );
    let _ = writeln!(
        text,
        "contacts  {}, {} with a demand",
        summary.contacts.all, summary.contacts.demands
    );
    if let Some(clock) = summary.clocks.iter().find(|clock| clock.receipt.is_none()) {
        let _ = writeln!(
            text,
            "next due  {}  {}",
            utc_and_zone(clock.due, zone),
            one_line(&clock.title, 90)
        );
    }
    for gate in &summary.gates {
        let _ = writeln!(
            text,
            "waiting   gate `{}` for {} of {} ({}), until {}",
            gate.step,
            gate.people
                .saturating_sub(u32::try_from(gate.approved).unwrap_or(0)),
            gate.people,
            gate.roles.join(", "),
            utc_and_zone(gate.expires, zone)
        );
    }
    text
}

fn count_line(summary: &Summary) -> String {
    let count = |state| summary.count(state);
    format!(
        "{} found: {} closed (proven), {} open, {} closing, {} unknown",
        summary.door_list.len(),
        count(DoorState::Closed),
        count(DoorState::Open),
        count(DoorState::Closing),
        count(DoorState::Unknown)
    )
}

/// Every door, what is not closed first.
pub fn doors(summary: &Summary) -> String {
    let mut lines: Vec<&DoorLine> = summary.door_list.iter().collect();
    lines.sort_by_key(|line| (line.state == DoorState::Closed, &line.kind, &line.label));
    let rows = lines.into_iter().map(|line| {
        let residual = line
            .residual_until
            .map(|at| format!(" (something may work until {})", utc(at)))
            .unwrap_or_default();
        [
            line.state.word().to_owned(),
            line.kind.clone(),
            one_line(&line.label, 60),
            one_line(&line.why, 140) + &residual,
        ]
    });
    format!(
        "{}\n{}\n",
        ui::table(["STATE", "KIND", "DOOR", "WHY"], rows),
        count_line(summary)
    )
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
        let _ = writeln!(text, "not seen  {}", one_line(line, 200));
    }
    text
}

/// Trails that were kept, imported files and bundles.
pub fn trails(
    imported: &[crate::app::custody::ImportedFile],
    bundled: &[(String, crate::evidence::git::Bundled)],
    summary: &Summary,
) -> String {
    let mut text = String::new();
    for one in imported {
        let _ = writeln!(
            text,
            "{}: {}",
            one_line(&one.name, 100),
            terminal(&one.line())
        );
    }
    for (repository, one) in bundled {
        let kept = match &one.bundle {
            Some(bundle) => format!(
                "bundled as {bundle}: {} refs, {} bytes, verified by git",
                one.refs, one.bytes
            ),
            None => "nothing to bundle".to_owned(),
        };
        let _ = writeln!(text, "{}: {kept}", one_line(repository, 100));
        for gap in &one.gaps {
            let _ = writeln!(text, "  not in it: {gap}");
        }
    }
    let rows = summary.trails.iter().map(|line| {
        let c = &line.completeness;
        let end = if c.complete {
            "to the end"
        } else {
            "NOT to the end"
        };
        let span = c.first.map(utc).unwrap_or_default();
        [
            line.trail.clone(),
            c.records.to_string(),
            c.duplicates.to_string(),
            c.pages.to_string(),
            span,
            c.last.map(utc).unwrap_or_default(),
            end.to_owned(),
        ]
    });
    text.push_str(&ui::table(
        [
            "TRAIL",
            "RECORDS",
            "DUPLICATES",
            "PAGES",
            "FIRST",
            "LAST",
            "READ",
        ],
        rows,
    ));
    for line in &summary.trails {
        for gap in &line.completeness.gaps {
            let _ = writeln!(text, "gap  {}: {}", line.trail, one_line(gap, 200));
        }
    }
    text
}

/// Every clock with its basis and its doubts.
pub fn clocks(clocks: &[Shown], zone: &TimeZone) -> String {
    let mut text = String::new();
    for clock in clocks {
        let _ = writeln!(
            text,
            "{}  {}  {}",
            utc_and_zone(clock.due, zone),
            clock.state,
            one_line(&clock.title, 160)
        );
        let _ = writeln!(text, "    {} {}", clock.id, clock.rule);
        let _ = writeln!(text, "    basis: {}", one_line(&clock.basis, 300));
        for candidate in &clock.candidates {
            let mark = if candidate.at == clock.start {
                clock.start_is
            } else {
                "candidate"
            };
            let _ = writeln!(
                text,
                "    start: {} {} ({mark})",
                utc(candidate.at),
                one_line(&candidate.how, 160)
            );
        }
        for doubt in &clock.doubts {
            let _ = writeln!(text, "    doubt: {}", one_line(doubt, 200));
        }
        if let Some(receipt) = &clock.receipt {
            let _ = writeln!(text, "    receipt: {}", one_line(receipt, 160));
        }
    }
    text
}

/// One contact, safe for a terminal: addresses and links are defanged, nothing is rendered.
pub fn contact(contact: &Contact, zone: &TimeZone) -> String {
    let mut text = format!(
        "{}  {} {}\n",
        contact.id, contact.channel, contact.direction
    );
    let _ = writeln!(text, "from      {}", one_line(&defang(&contact.from), 160));
    let _ = writeln!(text, "to        {}", one_line(&contact.to.join(", "), 160));
    if let Some(sent) = contact.sent {
        let _ = writeln!(text, "sent      {}", utc_and_zone(sent, zone));
    }
    let _ = writeln!(text, "received  {}", utc_and_zone(contact.received, zone));
    let _ = writeln!(text, "subject   {}", one_line(&contact.subject, 160));
    let demand = if contact.demand {
        "yes: it asks for money or threatens to publish. Nothing is paid and nothing is answered by Cordon."
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
        let _ = writeln!(
            text,
            "{:<9} {} ({})",
            indicator.kind,
            one_line(&defang(&indicator.value), 140),
            indicator.check
        );
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
            one_line(&defang(&moment.text), 120),
            evidence,
        ]
    });
    ui::table(["AT", "SOURCE", "WHAT", "EVIDENCE"], rows)
}

/// One page for the next shift.
pub fn handover(summary: &Summary, zone: &TimeZone) -> String {
    let mut text = head(summary, zone);
    let open = summary
        .door_list
        .iter()
        .filter(|line| line.state != DoorState::Closed);
    text.push_str("\nNot closed or not proven\n");
    for line in open {
        let _ = writeln!(
            text,
            "  {:<8} {} {}: {}",
            line.state.word(),
            line.kind,
            one_line(&line.label, 60),
            one_line(&line.why, 140)
        );
    }
    text.push_str("\nClocks\n");
    for clock in summary
        .clocks
        .iter()
        .filter(|clock| clock.receipt.is_none())
    {
        let _ = writeln!(
            text,
            "  {}  {} (start: {})",
            utc_and_zone(clock.due, zone),
            one_line(&clock.title, 100),
            clock.start_is
        );
    }
    text.push_str("\nNotices\n");
    for notice in &summary.notices {
        let stage = if notice.sent {
            "sent"
        } else if notice.approved_by.is_empty() {
            "draft"
        } else {
            "approved"
        };
        let _ = writeln!(
            text,
            "  {} {stage}, {} facts missing",
            notice.template,
            notice.missing.len()
        );
    }
    text.push_str("\nNot known\n");
    for line in &summary.blind {
        let _ = writeln!(text, "  {}", one_line(line, 160));
    }
    for line in &summary.trails {
        for gap in &line.completeness.gaps {
            let _ = writeln!(text, "  {}: {}", line.trail, one_line(gap, 160));
        }
    }
    text
}
