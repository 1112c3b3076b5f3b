//! From the state of a case to facts: the only reader of the case among notices.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::{Company, Facts, Standing};
use crate::case::event::{Contact, Evidence, Source};
use crate::case::state::{CaseState, DoorRecord};
use crate::contact::indicator::is_wallet;
use crate::contact::indicator::shown;
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
        facts: BTreeMap::new(),
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
    contact_facts(&mut facts, state, &opening, zone);
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
    match &state.sanctions_hold {
        Some(hold) => {
            let demands = state.contacts.iter().filter(|contact| contact.demand);
            let evidence = demands.flat_map(|contact| contact.evidence.clone());
            let evidence = evidence.chain(all.clone()).take(1);
            let hold = format!("Sanctions hold: {hold}.");
            facts.put("sanctions.hold", vec![hold], evidence, Standing::Fact);
        }
        None => facts.put(
            "sanctions.hold",
            vec!["No demand is recorded in this case, and no sanctions hold stands.".to_owned()],
            all,
            Standing::Fact,
        ),
    }
    let accounts = state.accounts.iter().map(|account| {
        let linked = state
            .candidates
            .values()
            .flatten()
            .filter(|candidate| candidate.account == *account)
            .flat_map(|candidate| &candidate.reasons)
            .map(|reason| reason.evidence.clone());
        let name = format!("{}: {}", account.provider, account.login);
        (name, linked.collect())
    });
    facts.put_each("accounts.list", accounts, Standing::Inference);
}

/// What shows the state of a door: its last probe, or what it was found in when a probe showed
/// nothing.
fn shows(record: &DoorRecord) -> Vec<EvidenceId> {
    match &record.probe {
        Some(probe) if !probe.evidence.is_empty() => probe.evidence.clone(),
        _ => vec![record.door.evidence.clone()],
    }
}

fn door_facts(facts: &mut Facts, state: &CaseState, zone: &TimeZone) {
    let counts = state.door_counts();
    let count = |door| counts.get(&door).copied().unwrap_or_default();
    let total = state.doors.len();
    let all: Vec<EvidenceId> = state.doors.values().flat_map(shows).collect();
    if total > 0 {
        let contained = if count(DoorState::Closed) == total {
            "Every way in that was found is proven closed."
        } else {
            "Not every way in that was found is proven closed."
        };
        facts.put(
            "doors.contained",
            vec![contained.to_owned()],
            all.clone(),
            Standing::Fact,
        );
        facts.put(
            "doors.summary",
            vec![format!(
                "Ways in found: {total}. Proven closed: {}. Open: {}. Accepted as closed, not proven: {}. Cannot be proven either way: {}.",
                count(DoorState::Closed),
                count(DoorState::Open),
                count(DoorState::Closing),
                count(DoorState::Unknown)
            )],
            all,
            Standing::Fact,
        );
    }
    let mut groups: BTreeMap<(DoorState, &str, String), Vec<&DoorRecord>> = BTreeMap::new();
    let records = state.doors.values();
    for record in records.filter(|record| record.state != DoorState::Closed) {
        let group = (record.state, record.door.kind.as_str(), state.why(record));
        groups.entry(group).or_default().push(record);
    }
    let lines = groups.into_iter().map(|((door, kind, why), records)| {
        let mut labels: Vec<&str> = records.iter().map(|r| r.door.label.as_str()).collect();
        labels.sort_unstable();
        let text = format!(
            "{} ({kind}): {}. Reason: {why}",
            door.word(),
            labels.join(", ")
        );
        (text, records.into_iter().flat_map(shows).collect())
    });
    facts.put_each("doors.unproven", lines, Standing::Fact);
    let blind = state
        .inventories
        .iter()
        .flat_map(|(account, lists, blind)| {
            let shown: Vec<EvidenceId> = state
                .doors
                .values()
                .map(|record| &record.door)
                .filter(|door| door.provider == account.provider)
                .map(|door| door.evidence.clone())
                .take(1)
                .collect();
            let gaps = lists.iter().flat_map(|list| {
                let gaps = list.gaps.iter();
                gaps.map(move |gap| format!("{}: {gap}", list.what))
            });
            gaps.chain(blind.iter().cloned())
                .map(move |line| (line, shown.clone()))
                .collect::<Vec<_>>()
        });
    facts.put_each("inventory.blind", blind, Standing::Fact);
    let started = state.closing_began.map(|at| utc_and_zone(at, zone));
    let touched = state.doors.values().filter(|record| record.touched);
    facts.put(
        "containment.started",
        started.into_iter().collect(),
        touched.flat_map(shows),
        Standing::Fact,
    );
}

fn trail_facts(facts: &mut Facts, state: &CaseState) {
    // A trail of which nothing came is a gap, and was not kept.
    let kept = || (state.trails.iter()).filter(|trail| !trail.evidence.is_empty());
    let saved = kept().map(|trail| {
        let c = &trail.completeness;
        let span = match (c.first, c.last) {
            (Some(first), Some(last)) => format!(" (from {} to {})", utc(first), utc(last)),
            _ => String::new(),
        };
        let end = if c.complete {
            "read to its end"
        } else {
            "not read to its end"
        };
        let text = format!("{}: records: {}{span}; {end}", trail.trail, c.records);
        (text, trail.evidence.clone())
    });
    facts.put_each("trails.saved", saved, Standing::Fact);
    let evidence: Vec<EvidenceId> = state
        .trails
        .iter()
        .flat_map(|trail| trail.evidence.clone())
        .collect();
    let failed = state.inventory_failures.iter().map(|(account, why)| {
        let text = format!("{}: the ways in could not be read: {why}", account.provider);
        (text, evidence.iter().take(1).cloned().collect())
    });
    let gaps: Vec<(String, Vec<EvidenceId>)> = state
        .trails
        .iter()
        .flat_map(|trail| {
            let gaps = trail.completeness.gaps.iter();
            gaps.map(|gap| (format!("{}: {gap}", trail.trail), trail.evidence.clone()))
        })
        .chain(failed)
        .collect();
    let read = kept().filter(|t| t.completeness.complete);
    facts.put(
        "trails.summary",
        vec![format!(
            "Logs kept: {}. Read to their end: {}. Gaps, stated below: {}.",
            kept().count(),
            read.count(),
            gaps.len()
        )],
        evidence.clone(),
        Standing::Fact,
    );
    facts.put_each("trails.gaps", gaps, Standing::Fact);
}

fn contact_facts(facts: &mut Facts, state: &CaseState, opening: &[EvidenceId], zone: &TimeZone) {
    let contacts = &state.contacts;
    let demands = contacts.iter().filter(|contact| contact.demand).count();
    let first = contacts.iter().map(|contact| contact.received).min();
    match first {
        Some(first) => {
            let doubtful = contacts.iter().filter(|c| c.doubtful().next().is_some());
            let doubtful: Vec<String> = doubtful
                .filter_map(Contact::imported)
                .map(|at| utc_and_zone(at, zone))
                .collect();
            let doubts = if doubtful.is_empty() {
                String::new()
            } else {
                format!(
                    " The header of {} of them gives times that are not plausible and not counted; taken in: {}.",
                    doubtful.len(),
                    doubtful.join(", ")
                )
            };
            let text = format!(
                "Messages recorded: {}. The first was received {}. With a demand: {demands}.{doubts}",
                contacts.len(),
                utc_and_zone(first, zone)
            );
            let each = contacts.iter().map(|c| (text.clone(), c.evidence.clone()));
            facts.put_each("contact.summary", each, Standing::Fact);
        }
        None => facts.put(
            "contact.summary",
            vec!["No message is recorded in this case.".to_owned()],
            opening.to_vec(),
            Standing::Fact,
        ),
    }
    let mut each = |key, values: &dyn Fn(&Contact) -> Vec<String>| {
        let all = contacts.iter().flat_map(|contact| {
            let values = values(contact).into_iter();
            values.map(|value| (value, contact.evidence.clone()))
        });
        facts.put_each(key, all.collect::<Vec<_>>(), Standing::Fact);
    };
    each("contact.senders", &|contact| {
        let incoming = contact.direction == "in";
        incoming.then(|| contact.from.clone()).into_iter().collect()
    });
    each("contact.deadline", &|contact| {
        let deadlines = contact.deadlines.iter();
        deadlines.map(|d| format!("“{}”", d.verbatim)).collect()
    });
    let url = |kind: &str| kind == "url";
    each("contact.links", &|contact| named(contact, &url));
    each("contact.wallets", &|contact| named(contact, &is_wallet));
    each("contact.indicators", &|contact| {
        named(contact, &|kind| !url(kind) && !is_wallet(kind))
    });
}

/// The indicators of a contact whose kind is wanted, for people.
fn named(contact: &Contact, wanted: &dyn Fn(&str) -> bool) -> Vec<String> {
    let indicators = contact.indicators.iter();
    indicators
        .filter(|indicator| wanted(&indicator.kind))
        .map(|indicator| format!("{} {}", indicator.kind, shown(indicator)))
        .collect()
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
        .filter(|clock| clock.is_open())
        .take(3)
        .map(|clock| {
            let start = match clock.start_is {
                "earliest" => "counted from the earliest candidate",
                _ => "counted from the start that a person chose",
            };
            let due = utc_and_zone(clock.due, zone);
            format!("{}: {due}, {start}", clock.title)
        })
        .collect();
    let mut rests_on: Vec<EvidenceId> = clocks
        .iter()
        .filter(|clock| clock.is_open())
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
    let open = state.doors.values();
    let open = open
        .filter(|record| record.state == DoorState::Open)
        .count();
    let doors = (open > 0).then(|| format!("decide on the ways in that are open: {open}"));
    // What a trail or a demand starts needs nobody to confirm it.
    let starts = clocks
        .iter()
        .filter(|c| c.start_is == "earliest" && c.is_open())
        .filter(|c| !c.rule.starts_with("trail.") && c.rule != "contact.demand")
        .map(|c| format!("confirm or reject the start of the clock “{}”", c.title));
    facts.put(
        "decisions.open",
        gates.chain(doors).chain(starts).take(6).collect(),
        opening.to_vec(),
        Standing::Fact,
    );
}
