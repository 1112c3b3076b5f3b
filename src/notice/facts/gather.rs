//! From the state of a case to facts: the only reader of the case among notices.

use jiff::tz::TimeZone;

use super::{Company, Facts, Standing};
use crate::case::event::{Evidence, Source};
use crate::case::state::{CaseState, DoorRecord};
use crate::door::DoorState;
use crate::id::EvidenceId;
use crate::time::{Timestamp, utc, utc_and_zone};

/// The facts of a case as of `now`.
///
/// `company` counts only with the evidence that keeps it (`company_evidence`), because every fact
/// names its evidence.
pub fn gather(
    state: &CaseState,
    company: &Company,
    company_evidence: Option<&EvidenceId>,
    now: Timestamp,
    zone: &TimeZone,
) -> Facts {
    let mut facts = Facts {
        facts: std::collections::BTreeMap::new(),
        lines: state
            .evidence
            .iter()
            .map(|(id, evidence)| (id.clone(), line(evidence)))
            .collect(),
    };
    let opening: Vec<EvidenceId> = state.opening.iter().cloned().collect();
    company_facts(&mut facts, company, company_evidence);
    case_facts(&mut facts, state, &opening, now, zone);
    door_facts(&mut facts, state, zone);
    trail_facts(&mut facts, state);
    contact_facts(&mut facts, state, zone);
    clock_facts(&mut facts, state, &opening, now, zone);
    facts
}

fn line(evidence: &Evidence) -> String {
    let source = match &evidence.source {
        Source::Exchange {
            method,
            url,
            status,
            ..
        } => {
            format!(
                "{method} {url} → {}",
                status.map_or_else(|| "no answer".to_owned(), |s| s.to_string())
            )
        }
        Source::File { name } => format!("file {name}"),
        Source::Webhook { source, .. } => format!("webhook {source}"),
        Source::Program { command, .. } => format!("program {}", command.join(" ")),
        Source::Derived { from, how } => format!("made from {} item(s): {how}", from.len()),
    };
    let line = format!(
        "sha256 {} at {}, {source}",
        evidence.sha256,
        utc(evidence.at)
    );
    crate::hostile::one_line(&line, 400)
}

fn company_facts(facts: &mut Facts, company: &Company, evidence: Option<&EvidenceId>) {
    let Some(evidence) = evidence else { return };
    let mut put = |key, value: &Option<String>| {
        facts.put(
            key,
            value.iter().cloned().collect(),
            vec![evidence.clone()],
            Standing::Fact,
        );
    };
    put("company.name", &company.name);
    put("company.address", &company.address);
    put("company.domain", &company.domain);
    put("company.contact", &company.contact);
}

fn case_facts(
    facts: &mut Facts,
    state: &CaseState,
    opening: &[EvidenceId],
    now: Timestamp,
    zone: &TimeZone,
) {
    let all: Vec<EvidenceId> = opening.to_vec();
    let mut put = |key, values: Vec<String>| facts.put(key, values, all.clone(), Standing::Fact);
    put(
        "case.id",
        state.case.iter().map(ToString::to_string).collect(),
    );
    put("case.title", vec![state.title.clone()]);
    put(
        "case.opened",
        state
            .opened
            .iter()
            .map(|at| utc_and_zone(*at, zone))
            .collect(),
    );
    put("case.as_of", vec![utc_and_zone(now, zone)]);
    put("subject.emails", state.subject.emails.clone());
    put(
        "subject.name_used",
        state.subject.display_name.iter().cloned().collect(),
    );
    if let Some(hold) = &state.sanctions_hold {
        let evidence = state
            .contacts
            .iter()
            .flat_map(|contact| contact.evidence.clone())
            .chain(all.clone())
            .take(1)
            .collect();
        facts.put(
            "sanctions.hold",
            vec![hold.clone()],
            evidence,
            Standing::Fact,
        );
    }
    let linked: Vec<EvidenceId> = state
        .candidates
        .values()
        .flatten()
        .filter(|candidate| state.accounts.contains(&candidate.account))
        .flat_map(|candidate| {
            candidate
                .reasons
                .iter()
                .map(|reason| reason.evidence.clone())
        })
        .collect();
    let accounts = state
        .accounts
        .iter()
        .map(|account| format!("{}: {}", account.provider, account.login))
        .collect();
    facts.put("accounts.list", accounts, linked, Standing::Inference);
}

fn door_facts(facts: &mut Facts, state: &CaseState, zone: &TimeZone) {
    let counts = state.door_counts();
    let count = |door| counts.get(&door).copied().unwrap_or_default();
    let total = state.doors.len();
    let unproven: Vec<_> = state
        .doors
        .values()
        .filter(|record| record.state != DoorState::Closed)
        .collect();
    if total > 0 {
        facts.put(
            "doors.summary",
            vec![format!(
                "of {total} ways in that were found, {} are proven closed, {} are open, {} were accepted as closed without proof yet, {} cannot be proven either way.",
                count(DoorState::Closed),
                count(DoorState::Open),
                count(DoorState::Closing),
                count(DoorState::Unknown)
            )],
            evidence_of(state.doors.values()),
            Standing::Fact,
        );
    }
    let lines = unproven
        .iter()
        .map(|record| {
            let why = record
                .probe
                .as_ref()
                .map_or("not probed", |probe| probe.why.as_str());
            format!(
                "{} ({}), {}: {why}",
                record.door.label,
                record.door.kind,
                record.state.word()
            )
        })
        .collect();
    facts.put(
        "doors.unproven",
        lines,
        evidence_of(unproven.into_iter()),
        Standing::Fact,
    );
    let blind: Vec<String> = state
        .inventories
        .iter()
        .flat_map(|(_, _, blind)| blind.clone())
        .collect();
    let first = state
        .doors
        .values()
        .next()
        .map(|record| record.door.evidence.clone());
    facts.put(
        "inventory.blind",
        blind,
        first.into_iter().collect(),
        Standing::Fact,
    );
    let started = state.closing_began.map(|at| utc_and_zone(at, zone));
    let closed = evidence_of(state.doors.values().filter(|record| record.touched));
    facts.put(
        "containment.started",
        started.into_iter().collect(),
        closed,
        Standing::Fact,
    );
}

/// What shows the doors: their last probe, or what they were found in when a probe showed nothing.
fn evidence_of<'a>(records: impl Iterator<Item = &'a DoorRecord>) -> Vec<EvidenceId> {
    let shown = |record: &DoorRecord| match &record.probe {
        Some(probe) if !probe.evidence.is_empty() => probe.evidence.clone(),
        _ => vec![record.door.evidence.clone()],
    };
    let mut all: Vec<EvidenceId> = records.flat_map(shown).collect();
    all.sort();
    all.dedup();
    all
}

fn trail_facts(facts: &mut Facts, state: &CaseState) {
    // A trail of which nothing came is a gap, and was not kept.
    let kept = || (state.trails.iter()).filter(|trail| !trail.evidence.is_empty());
    let saved = kept().map(|trail| {
        let c = &trail.completeness;
        let span = match (c.first, c.last) {
            (Some(first), Some(last)) => format!(" from {} to {}", utc(first), utc(last)),
            _ => String::new(),
        };
        let end = if c.complete {
            "read to the end"
        } else {
            "not read to the end"
        };
        format!(
            "{}: {} records{span}, {} pages, {end}",
            trail.trail, c.records, c.pages
        )
    });
    let evidence: Vec<EvidenceId> = state
        .trails
        .iter()
        .flat_map(|trail| trail.evidence.clone())
        .collect();
    facts.put(
        "trails.saved",
        saved.collect(),
        evidence.clone(),
        Standing::Fact,
    );
    let gaps: Vec<String> = state
        .trails
        .iter()
        .flat_map(|trail| {
            trail
                .completeness
                .gaps
                .iter()
                .map(|gap| format!("{}: {gap}", trail.trail))
        })
        .chain(
            state
                .inventory_failures
                .iter()
                .map(|(account, why)| format!("{} inventory: {why}", account.provider)),
        )
        .collect();
    let complete = kept().filter(|trail| trail.completeness.complete).count();
    facts.put(
        "trails.summary",
        vec![format!(
            "logs were read {} times, {complete} of them to the end; {} gaps are stated in the record.",
            kept().count(),
            gaps.len()
        )],
        evidence.clone(),
        Standing::Fact,
    );
    facts.put("trails.gaps", gaps, evidence, Standing::Fact);
}

fn contact_facts(facts: &mut Facts, state: &CaseState, zone: &TimeZone) {
    let evidence: Vec<EvidenceId> = state
        .contacts
        .iter()
        .flat_map(|contact| contact.evidence.clone())
        .collect();
    let mut put = |key, values: Vec<String>| {
        let mut values = values;
        let mut seen = std::collections::BTreeSet::new();
        values.retain(|value| seen.insert(value.clone()));
        facts.put(key, values, evidence.clone(), Standing::Fact);
    };
    let indicators = |wanted: &dyn Fn(&str) -> bool| -> Vec<String> {
        let all = state
            .contacts
            .iter()
            .flat_map(|contact| &contact.indicators);
        all.filter(|i| wanted(&i.kind))
            .map(|i| {
                format!(
                    "{} {} ({})",
                    i.kind,
                    crate::contact::indicator::defang(&i.value),
                    i.check
                )
            })
            .collect()
    };
    let first = state.contacts.iter().map(|contact| contact.received).min();
    let demands = state
        .contacts
        .iter()
        .filter(|contact| contact.demand)
        .count();
    if let Some(first) = first {
        put(
            "contact.summary",
            vec![format!(
                "{} recorded, the first received {}, {demands} with a demand",
                state.contacts.len(),
                utc_and_zone(first, zone)
            )],
        );
    }
    put(
        "contact.senders",
        state
            .contacts
            .iter()
            .filter(|c| c.direction == "in")
            .map(|c| c.from.clone())
            .collect(),
    );
    put(
        "contact.deadline",
        state
            .contacts
            .iter()
            .flat_map(|c| c.deadlines.iter().map(|d| format!("“{}”", d.verbatim)))
            .collect(),
    );
    put("contact.links", indicators(&|kind| kind == "url"));
    put(
        "contact.wallets",
        indicators(&|kind| crate::contact::demand::is_wallet(kind)),
    );
    put("contact.indicators", indicators(&|_| true));
}

fn clock_facts(
    facts: &mut Facts,
    state: &CaseState,
    opening: &[EvidenceId],
    now: Timestamp,
    zone: &TimeZone,
) {
    let clocks = crate::clock::list(state, now);
    let next: Vec<String> = clocks
        .iter()
        .filter(|clock| clock.receipt.is_none())
        .take(3)
        .map(|clock| {
            format!(
                "{}: {} ({}, start: {})",
                clock.title,
                utc_and_zone(clock.due, zone),
                clock.state,
                clock.start_is
            )
        })
        .collect();
    let mut rests_on: Vec<EvidenceId> = clocks
        .iter()
        .filter(|clock| clock.receipt.is_none())
        .take(3)
        .filter_map(|clock| state.clocks.get(&clock.id))
        .flat_map(|record| record.start.evidence.clone())
        .chain(opening.iter().cloned())
        .collect();
    rests_on.sort();
    rests_on.dedup();
    facts.put("clocks.next", next, rests_on, Standing::Fact);
    let gates = state
        .gates
        .iter()
        .filter(|(_, gate)| !gate.passed && gate.denied.is_none())
        .map(|(step, gate)| {
            format!(
                "gate `{step}`: {} of {} approvals, until {}",
                gate.approvals.len(),
                gate.people,
                utc_and_zone(gate.expires, zone)
            )
        });
    let starts = clocks
        .iter()
        .filter(|c| c.start_is == "earliest" && c.receipt.is_none())
        .map(|c| format!("confirm or reject the start of the clock “{}”", c.title));
    facts.put(
        "decisions.open",
        gates.chain(starts).take(5).collect(),
        opening.to_vec(),
        Standing::Fact,
    );
}
