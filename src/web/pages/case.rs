//! The page of a case: where it is in five lines, and as much of the rest as the visitor may see.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use serde::Serialize;

use super::acts::{Offer, offers};
use super::doors::{Doors, doors};
use super::gate::{GateView, gates};
use super::head::{Head, head};
use super::lines::{Line, lines};
use super::progress::{Progress, progress};
use super::{accounts, clock, contacts, leads, links, notice, sanctions};
use crate::access::Ability;
use crate::app::summary::Summary;
use crate::fault::Result;
use crate::web::look::Look;
use crate::web::shown::{When, between, line, path, short};
use crate::web::visit::Visit;
use crate::web::{Web, page};

/// Everything that the page of a case shows; what the visitor may not see is not in it.
#[derive(Debug, Serialize)]
struct Page {
    title: String,
    head: Head,
    /// Names and values of the case itself.
    about: Vec<(&'static str, String)>,
    opened: Option<When>,
    effective: Option<Effective>,
    lines: Vec<Line>,
    gates: Vec<GateView>,
    run: Option<Progress>,
    doors: Option<Doors>,
    clocks: Option<clock::Clocks>,
    notices: Option<Vec<notice::NoticeView>>,
    contacts: Option<Vec<contacts::InShort>>,
    kept: Option<Kept>,
    /// Pages beside those that every page of the case leads to: paths and words.
    beside: Vec<(String, &'static str)>,
    offers: Vec<Offer>,
    /// Where the page asks for what is new.
    live: Option<String>,
    /// What a screen reader is told when it changes.
    announce: String,
}

#[derive(Debug, Serialize)]
struct Effective {
    at: When,
    /// How late we were.
    late: Option<String>,
}

/// What was saved: numbers, and each trail.
#[derive(Debug, Serialize)]
struct Kept {
    items: usize,
    unanswered: usize,
    evidence: String,
    trails: Vec<Trail>,
    mended: usize,
}

#[derive(Debug, Serialize)]
struct Trail {
    name: String,
    records: u64,
    end: &'static str,
    complete: bool,
    gaps: Vec<String>,
}

pub(super) async fn show(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path(id): Path<String>,
) -> Response {
    let made = web.look(&visit, &id, Ability::SeeBrief, page_of).await;
    page::answered(&web, &visit, "case", made)
}

/// The parts of the page that change while a run goes on.
pub(super) async fn fragment(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path(id): Path<String>,
) -> Response {
    let made = web.look(&visit, &id, Ability::SeeBrief, page_of).await;
    page::part(&web, &visit, "case_live", made)
}

#[expect(clippy::unnecessary_wraps, reason = "the form that a look asks for")]
fn page_of(look: &Look<'_>) -> Result<Page> {
    let summary = Summary::of(look.state, look.now);
    let catalogue = crate::app::catalogue();
    let (case, evidence) = (look.may(Ability::SeeCase), look.may(Ability::SeeEvidence));
    let gates = gates(look, &summary);
    let lines = lines(look, &summary, &gates);
    let live = path(&["cases", look.id.as_str()]);
    Ok(Page {
        title: short(&look.state.title),
        head: head(look, ""),
        about: about(look),
        opened: look.state.opened.map(|at| look.words.when(at)),
        effective: effective(look),
        announce: announce(look, &summary, &gates),
        run: case.then(|| progress(look, &summary)).flatten(),
        doors: (case && !summary.door_list.is_empty()).then(|| doors(look, &summary, &catalogue)),
        clocks: case.then(|| clock::clocks(look, &summary)),
        notices: case.then(|| notice::notices(look, &summary)),
        contacts: evidence.then(|| contacts::in_short(look)),
        kept: evidence.then(|| kept(look, &summary)),
        beside: beside(look),
        offers: offers(look),
        live: case.then_some(live),
        lines,
        gates,
    })
}

fn beside(look: &Look<'_>) -> Vec<(String, &'static str)> {
    let all = [
        (
            Ability::SeeEvidence,
            accounts::at(look.id),
            "Which accounts are the person’s",
        ),
        (
            Ability::SeeEvidence,
            leads::at(look.id),
            "Whom the case may be about too",
        ),
        (
            Ability::SeeCase,
            sanctions::at(look.id),
            "The sanctions hold",
        ),
        (
            Ability::Hold,
            links::at(look.id),
            "Links that take the departure back",
        ),
    ];
    let seen = all.into_iter().filter(|(ability, ..)| look.may(*ability));
    seen.map(|(_, href, words)| (href, words)).collect()
}

/// What is said of the case itself.
fn about(look: &Look<'_>) -> Vec<(&'static str, String)> {
    let state = look.state;
    let mut about = Vec::new();
    if look.may(Ability::SeeCase) {
        let accounts = state.accounts.iter();
        let accounts: Vec<String> = accounts
            .map(|account| format!("{} at {}", short(&account.login), short(&account.provider)))
            .collect();
        if !accounts.is_empty() {
            about.push(("Accounts under review", accounts.join(", ")));
        }
        if let Some(only) = &state.scope.only {
            about.push(("Seen only by", line(&only.join(", "))));
        }
        if !state.scope.excluded.is_empty() {
            about.push(("Kept out", line(&state.scope.excluded.join(", "))));
        }
        let leads = state.standing_leads().count();
        if leads > 0 {
            let whom = "whom the case may be about too";
            about.push((
                "Kept out as well",
                format!("{} {whom}", crate::ui::count(leads, "person")),
            ));
        }
    }
    about
}

/// When the engagement ends, and how much later the case was opened.
fn effective(look: &Look<'_>) -> Option<Effective> {
    let at = look.state.effective?;
    let opened = look.state.opened?;
    let late = (opened > at).then(|| between(at, opened));
    Some(Effective {
        at: look.words.when(at),
        late,
    })
}

fn kept(look: &Look<'_>, summary: &Summary) -> Kept {
    let trails = summary.trails.iter().map(|trail| Trail {
        name: short(&trail.trail),
        records: trail.completeness.records,
        end: crate::app::summary::end(&trail.completeness),
        complete: trail.completeness.complete,
        gaps: trail
            .completeness
            .gaps
            .iter()
            .map(|gap| line(gap))
            .collect(),
    });
    Kept {
        items: summary.evidence,
        unanswered: summary.unanswered,
        evidence: path(&["cases", look.id.as_str(), "evidence"]),
        trails: trails.collect(),
        mended: summary.mended.len(),
    }
}

/// One short sentence: doors, and whether somebody is waited for.
fn announce(look: &Look<'_>, summary: &Summary, gates: &[GateView]) -> String {
    if !look.may(Ability::SeeCase) {
        return String::new();
    }
    let closed = summary.count(crate::door::DoorState::Closed);
    let mine = gates.iter().filter(|gate| gate.mine).count();
    let waits = match mine {
        0 => String::new(),
        mine => format!(" {} for you.", crate::ui::count(mine, "gate") + " open"),
    };
    format!(
        "{closed} of {} ways in are proven closed.{waits}",
        summary.door_list.len()
    )
}
