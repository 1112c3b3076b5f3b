//! What a scenario asks for, judged by the simulated company's own truth.

use serde::Serialize;

use super::stage::{Stage, Truth};
use crate::app::Desk;
use crate::app::summary::Summary;
use crate::case::event::Event;
use crate::door::DoorState;
use crate::evidence::verify;
use crate::fault::Result;
use crate::range::company::Company;

/// One thing that a scenario asks for.
#[derive(Debug, Clone, Serialize)]
pub struct Expectation {
    /// What.
    pub what: &'static str,
    /// Whether it was met.
    pub met: bool,
    /// What was seen.
    pub saw: String,
}

/// What a drill left behind.
pub(super) struct Found<'a> {
    pub(super) before: &'a Truth,
    pub(super) stage: &'a Stage,
    pub(super) company: &'a Company,
    pub(super) desk: &'a Desk,
    pub(super) summary: &'a Summary,
    pub(super) verified: &'a verify::Report,
}

/// Every expectation of the scenario.
pub(super) fn all(found: &Found<'_>) -> Result<Vec<Expectation>> {
    let mut all = vec![
        no_false_success(found),
        closed_enough(found),
        others_untouched(found),
        before_the_gate(found)?,
    ];
    all.extend(order(found)?);
    all.extend(papers(found));
    all.push(Expectation {
        what: "the export verifies without store or configuration",
        met: found.verified.holds(),
        saw: verdict(found.verified),
    });
    Ok(all)
}

/// The first line of a verification: the verdict.
pub(super) fn verdict(report: &verify::Report) -> String {
    report.text().lines().next().unwrap_or_default().to_owned()
}

/// The one that matters most: nothing that is called closed works.
fn no_false_success(found: &Found<'_>) -> Expectation {
    let doors = found.desk.log.read(|state| {
        state
            .doors
            .values()
            .map(|r| (r.door.clone(), r.state))
            .collect::<Vec<_>>()
    });
    let closed: Vec<_> = doors
        .iter()
        .filter(|(_, state)| *state == DoorState::Closed)
        .collect();
    let works: Vec<String> = closed
        .iter()
        .filter(|(door, _)| match door.provider.as_str() {
            "github" => found.stage.github.is_open(&door.kind, &door.native) == Some(true),
            _ => found.stage.okta.is_open(&door.kind, &door.native),
        })
        .map(|(door, _)| format!("{} {}", door.kind, door.native))
        .collect();
    Expectation {
        what: "no door that is called closed still works",
        met: works.is_empty(),
        saw: format!(
            "{} are called closed, of which {} work{}",
            closed.len(),
            works.len(),
            listed(&works)
        ),
    }
}

fn closed_enough(found: &Found<'_>) -> Expectation {
    let unclear: Vec<&str> = found
        .summary
        .door_list
        .iter()
        .filter(|door| door.state != DoorState::Closed && door.why.is_empty())
        .map(|door| door.kind.as_str())
        .collect();
    let closed = found.summary.count(DoorState::Closed);
    Expectation {
        what: "every way in is closed, or says why it is not",
        met: unclear.is_empty() && closed > 0,
        saw: format!(
            "{closed} of {} closed, {} without a reason",
            found.summary.door_list.len(),
            unclear.len()
        ),
    }
}

fn others_untouched(found: &Found<'_>) -> Expectation {
    let same = found.stage.truth() == *found.before;
    Expectation {
        what: "nobody else was touched, least of all the colleague with the similar name",
        met: same,
        saw: if same {
            "all others are as they were"
        } else {
            "something of somebody else changed"
        }
        .to_owned(),
    }
}

/// Nothing was written at a provider before the gate was passed.
fn before_the_gate(found: &Found<'_>) -> Result<Expectation> {
    let passed = found
        .desk
        .log
        .entries()?
        .into_iter()
        .find(|entry| matches!(entry.event, Event::GatePassed { .. }))
        .map(|entry| entry.at);
    let early: Vec<String> = found
        .stage
        .calls
        .calls()
        .into_iter()
        .filter(|call| {
            call.method != "GET" && !reads(&call.path) && passed.is_none_or(|at| call.at < at)
        })
        .map(|call| format!("{} {}", call.method, call.path))
        .collect();
    Ok(Expectation {
        what: "not one write call left before two people had approved",
        met: early.is_empty(),
        saw: format!(
            "{} before that{}",
            crate::ui::count(early.len(), "write call"),
            listed(&early)
        ),
    })
}

/// `: a, b`, or nothing.
fn listed(items: &[String]) -> String {
    match items {
        [] => String::new(),
        _ => format!(": {}", items.join(", ")),
    }
}

/// Where two events stand in the log, counted from 1 as in `ledger.jsonl`.
fn lines(first: Option<usize>, close: Option<usize>) -> String {
    let place = |at: Option<usize>| {
        at.map_or_else(|| "nowhere".to_owned(), |at| format!("line {}", at + 1))
    };
    format!("{}, the first close {}", place(first), place(close))
}

/// Calls that use POST and change nothing: our own token, and queries of the graph.
fn reads(path: &str) -> bool {
    ["/access_tokens", "/oauth2/v1/token", "/graphql"]
        .iter()
        .any(|end| path.ends_with(end))
}

/// Snapshot, then close, then prove.
fn order(found: &Found<'_>) -> Result<Vec<Expectation>> {
    let entries = found.desk.log.entries()?;
    let at =
        |wanted: &dyn Fn(&Event) -> bool| entries.iter().position(|entry| wanted(&entry.event));
    let last =
        |wanted: &dyn Fn(&Event) -> bool| entries.iter().rposition(|entry| wanted(&entry.event));
    let inventory = last(&|event| matches!(event, Event::InventoryRead { .. }));
    let trail = at(&|event| matches!(event, Event::TrailPage { .. } | Event::TrailRead { .. }));
    let close = at(&|event| matches!(event, Event::StepIntended { door: Some(_), .. }));
    // Where nothing was closed, nothing came too late.
    let before =
        |first: Option<usize>| first.is_some_and(|first| close.is_none_or(|close| first < close));
    Ok(vec![
        Expectation {
            what: "the doors were read before the first was closed",
            met: before(inventory),
            saw: lines(inventory, close),
        },
        Expectation {
            what: "perishable trails were being saved before the first close",
            met: before(trail),
            saw: lines(trail, close),
        },
    ])
}

fn papers(found: &Found<'_>) -> Vec<Expectation> {
    let state = found.desk.log.read(Clone::clone);
    let demand = state.contacts.iter().find(|contact| contact.demand);
    let deadline = demand.and_then(|contact| contact.deadlines.first());
    // As the papers under Saved: what a later draft replaced is history.
    let current = found
        .summary
        .notices
        .iter()
        .filter(|notice| !notice.replaced);
    let templates: Vec<&str> = state
        .notices
        .values()
        .map(|notice| notice.template.as_str())
        .collect();
    let bound = state
        .notices
        .values()
        .all(|notice| !notice.facts.is_empty());
    vec![
        Expectation {
            what: "the demand was recognised, its deadline kept verbatim and read",
            met: deadline.is_some_and(|deadline| {
                !deadline.verbatim.is_empty() && !deadline.readings.is_empty()
            }),
            saw: deadline.map_or_else(
                || "no deadline".to_owned(),
                |deadline| format!("“{}”", crate::hostile::one_line(&deadline.verbatim, 80)),
            ),
        },
        Expectation {
            what: "a sanctions hold stands",
            met: state.sanctions_hold.is_some(),
            saw: state
                .sanctions_hold
                .clone()
                .unwrap_or_else(|| "none".to_owned()),
        },
        Expectation {
            what: "notices were drafted, each bound to evidence",
            met: templates.contains(&"ic3") && templates.contains(&"executive") && bound,
            saw: crate::ui::count(current.count(), "draft"),
        },
        Expectation {
            what: "the account of the right person was taken",
            met: state
                .accounts
                .iter()
                .any(|account| account.login == found.company.subject.github_login)
                && state
                    .accounts
                    .iter()
                    .any(|account| account.login == found.company.subject.email),
            saw: state
                .accounts
                .iter()
                .map(|account| account.login.clone())
                .collect::<Vec<_>>()
                .join(", "),
        },
        Expectation {
            what: "clocks run",
            met: !found.summary.clocks.is_empty(),
            saw: crate::ui::count(found.summary.clocks.len(), "clock"),
        },
    ]
}
