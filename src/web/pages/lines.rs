//! Where a case is, in five lines: contained, saved, contact, next clock, and what is asked of you.

use serde::Serialize;

use super::gate::GateView;
use crate::access::Ability;
use crate::app::summary::Summary;
use crate::case::state::{Phase, RunPhase};
use crate::door::DoorState;
use crate::ui::count;
use crate::web::look::Look;
use crate::web::shown::{When, line, path};

/// One of the five.
#[derive(Debug, Serialize)]
pub(super) struct Line {
    asks: &'static str,
    /// `done`, `open` or `note`: the shape beside it.
    mark: &'static str,
    /// The answer in a word or two, and the rest of it.
    short: String,
    says: String,
    when: Option<When>,
    links: Vec<Link>,
}

#[derive(Debug, Serialize)]
pub(super) struct Link {
    href: String,
    words: String,
}

impl Line {
    fn new(asks: &'static str, mark: &'static str, short: &str, says: String) -> Self {
        Self {
            asks,
            mark,
            short: short.to_owned(),
            says,
            when: None,
            links: Vec::new(),
        }
    }
}

/// The lines that the visitor may read.
pub(super) fn lines(look: &Look<'_>, summary: &Summary, gates: &[GateView]) -> Vec<Line> {
    let mut lines = vec![contained(look, summary)];
    if look.may(Ability::SeeCase) {
        lines.extend([saved(summary), contact(summary), clock(look, summary)]);
    }
    lines.push(asked(look, summary, gates));
    lines
}

fn contained(look: &Look<'_>, summary: &Summary) -> Line {
    let mut line = closed(summary);
    let waiting = look.state.awaiting_undo();
    if waiting > 0 {
        line.mark = "open";
        let ways = count(waiting, "way");
        let wait = if waiting == 1 { "waits" } else { "wait" };
        line.says.push_str(" The case was recalled; ");
        line.says
            .push_str(&[&ways, " in ", wait, " to be opened again."].concat());
    }
    line
}

fn closed(summary: &Summary) -> Line {
    const ASKS: &str = "Is access closed?";
    let all = summary.door_list.len();
    let closed = summary.count(DoorState::Closed);
    if all == 0 {
        let says = "No way in has been read yet.".to_owned();
        return Line::new(ASKS, "open", "Not known yet.", says);
    }
    if closed == all {
        let says = format!(
            "All {} that were found are proven closed.",
            count(all, "way") + " in"
        );
        return Line::new(ASKS, "done", "Yes.", says);
    }
    let rest = [
        (DoorState::Open, "still open"),
        (DoorState::Closing, "being closed"),
        (DoorState::Unknown, "not provable"),
    ]
    .into_iter()
    .filter(|(state, _)| summary.count(*state) > 0)
    .map(|(state, words)| format!("{} {words}", summary.count(state)));
    let rest = rest.collect::<Vec<_>>().join(", ");
    let says = format!("{closed} of {all} ways in are proven closed; {rest}.");
    let short = match (summary.run, closed) {
        (RunPhase::None, _) | (_, 0) => "Not yet.",
        _ => "In part.",
    };
    Line::new(ASKS, "open", short, says)
}

fn saved(summary: &Summary) -> Line {
    const ASKS: &str = "What was saved?";
    let cut = summary
        .trails
        .iter()
        .filter(|trail| !trail.completeness.complete)
        .count();
    let end = match (cut, summary.trails.len()) {
        (_, 0) => String::new(),
        (0, _) => ", each read to its end".to_owned(),
        (cut, _) => format!("; {cut} not read to the end"),
    };
    let says = format!(
        "{} of evidence and {}{end}.",
        count(summary.evidence, "item"),
        count(summary.trails.len(), "trail")
    );
    let mark = if cut == 0 && !summary.trails.is_empty() {
        "done"
    } else {
        "open"
    };
    Line::new(ASKS, mark, "", says)
}

fn contact(summary: &Summary) -> Line {
    const ASKS: &str = "Has anyone made contact?";
    let hold = if summary.sanctions_hold.is_some() {
        " A hold stands: nothing that is claimed is released until counsel has decided."
    } else {
        ""
    };
    if summary.contacts.all == 0 {
        return Line::new(ASKS, "note", "None is recorded.", hold.trim().to_owned());
    }
    let says = format!(
        "{}, {} with a demand.{hold}",
        count(summary.contacts.all, "contact"),
        summary.contacts.demands
    );
    Line::new(ASKS, "open", "Yes.", says)
}

fn clock(look: &Look<'_>, summary: &Summary) -> Line {
    const ASKS: &str = "Which clock is next?";
    let running = summary.clocks.iter().find(|clock| clock.is_open());
    let Some(clock) = running else {
        return Line::new(ASKS, "note", "None runs.", String::new());
    };
    let (mark, short) = match clock.state {
        "overdue" => ("open", "Overdue."),
        _ => ("note", ""),
    };
    let mut said = Line::new(ASKS, mark, short, line(&clock.title));
    said.when = Some(look.words.when(clock.due));
    said
}

fn asked(look: &Look<'_>, summary: &Summary, gates: &[GateView]) -> Line {
    const ASKS: &str = "What is needed from you?";
    let mut links: Vec<Link> = gates
        .iter()
        .filter(|gate| gate.mine)
        .map(|gate| Link {
            href: gate.href.clone(),
            words: format!("Read and decide: {}", gate.title),
        })
        .collect();
    let mine = |may: &[String]| may.iter().any(|name| name == look.name());
    let drafts = summary.notices.iter();
    let drafts = drafts.filter(|notice| notice.waits_for().is_some() && mine(&notice.may));
    if look.may(Ability::SeeCase) {
        links.extend(drafts.map(|notice| Link {
            href: path(&["cases", look.id.as_str(), "notices", notice.id.as_str()]),
            words: format!("Read the draft: {}", super::notice::title(&notice.template)),
        }));
    }
    if look.state.awaiting_undo() > 0 && look.may(Ability::Work) {
        links.push(Link {
            href: super::undo::at(look.id),
            words: "The case was recalled: read what would be opened again".to_owned(),
        });
    }
    let held = look.state.phase == Phase::Held && look.may(Ability::Lead);
    let says = match (links.len(), held) {
        (0, true) => "The case is held; you may release it.".to_owned(),
        (0, false) => String::new(),
        (number, _) => format!("{}:", count(number, "decision")),
    };
    let short = if says.is_empty() { "Nothing now." } else { "" };
    let mark = if says.is_empty() { "done" } else { "open" };
    let mut line = Line::new(ASKS, mark, short, says);
    line.links = links;
    line
}
