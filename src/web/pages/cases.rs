//! My cases: what waits for me first, then every case that I may know of, and messages that wait.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;

use super::gate::{GateView, gates};
use super::messages::{InShort, waiting};
use crate::access::Ability;
use crate::app::summary::{NoticeLine, Summary};
use crate::case::state::CaseState;
use crate::door::DoorState;
use crate::fault::Result;
use crate::id::CaseId;
use crate::web::desk::may_read;
use crate::web::look::{Look, Seen, blocking};
use crate::web::shelf::Case;
use crate::web::shown::{When, Words, line, path, short};
use crate::web::visit::Visit;
use crate::web::{Web, page};

/// The list of cases.
#[derive(Debug, Serialize)]
struct Page {
    title: &'static str,
    /// Gates that wait for the visitor, each with its case.
    mine: Vec<Mine>,
    /// Notices that wait for the approval of the visitor.
    papers: Vec<Paper>,
    /// Whether anything waits for their decision.
    decides: bool,
    cases: Vec<Row>,
    /// Cases of which the visitor may know only that they exist.
    ids: Vec<String>,
    messages: Vec<InShort>,
    /// How many cannot be read, for who looks after the program.
    unread: usize,
    as_of: When,
}

#[derive(Debug, Serialize)]
struct Mine {
    case: String,
    gate: GateView,
}

/// A notice that waits for the visitor.
#[derive(Debug, Serialize)]
struct Paper {
    case: String,
    title: String,
    href: String,
    /// Whose approval it needs yet.
    waits: String,
    /// When the stage of the duty that it answers is due.
    due: Option<When>,
    missing: usize,
}

#[derive(Debug, Serialize)]
struct Row {
    href: String,
    title: String,
    id: String,
    phase: &'static str,
    restricted: bool,
    opened: Option<When>,
    effective: Option<When>,
    /// `29 of 48 closed`, for who may see so much.
    doors: Option<String>,
    waits: bool,
}

pub(super) async fn show(State(web): State<Arc<Web>>, visit: Visit) -> Response {
    let made = {
        let (web, visit) = (Arc::clone(&web), visit.clone());
        blocking(move || page_of(&web, &visit)).await
    };
    page::answered(&web, &visit, "cases", made)
}

fn page_of(web: &Web, visit: &Visit) -> Result<Page> {
    let now = web.app.clock.now();
    let words = Words::new(web.pages.zone(), now);
    let (seen, unread) = web.seen(&visit.principal)?;
    let mut page = Page {
        title: "My cases",
        mine: Vec::new(),
        papers: Vec::new(),
        decides: false,
        cases: Vec::new(),
        ids: Vec::new(),
        messages: Vec::new(),
        unread: if visit.principal.has(Ability::SeeProgram) {
            unread
        } else {
            0
        },
        as_of: words.when(now),
    };
    for Seen { id, content } in seen {
        let Some(state) = content else {
            page.ids.push(id.to_string());
            continue;
        };
        let look = Look {
            web,
            visit,
            id: &id,
            state: &state,
            now,
            words,
        };
        let summary = Summary::of(&state, now);
        let mine: Vec<GateView> = gates(&look, &summary)
            .into_iter()
            .filter(|gate| gate.mine)
            .collect();
        let papers = papers(&look, &summary);
        let waits = !mine.is_empty() || !papers.is_empty();
        page.decides |= waits;
        page.cases.push(row(&look, &summary, &id, &state, waits));
        page.papers.extend(papers);
        page.mine.extend(mine.into_iter().map(|gate| Mine {
            case: short(&state.title),
            gate,
        }));
    }
    page.cases.sort_by_key(|row| !row.waits);
    if visit.principal.has(Ability::Open) {
        page.messages = waiting(web, visit, words)?;
    }
    Ok(page)
}

/// Notices that the visitor may read and approve, and that lack an approval.
fn papers(look: &Look<'_>, summary: &Summary) -> Vec<Paper> {
    if !look.may(Ability::SeeCase) || !look.may(Ability::Decide) {
        return Vec::new();
    }
    let principal = &look.visit.principal;
    let kept = Case::new(look.web, look.id, principal);
    let case = look.web.app.reader(look.id, look.state, &kept);
    let mine = |draft: &&NoticeLine| {
        // The roster of the case is that of its opening; who lost a role since approves nothing.
        let roles = draft.approval.as_ref().map(|of| of.roles.as_slice());
        draft.may.iter().any(|name| name == look.name())
            && roles.is_none_or(|roles| principal.may_decide(roles).is_ok())
            && !wrote(look, draft)
            && may_read(principal, &case, &draft.id).is_ok()
    };
    let drafts = summary.notices.iter().filter(mine);
    drafts
        .filter_map(|draft| {
            Some(Paper {
                case: short(&look.state.title),
                title: super::notice::title(&draft.template),
                href: path(&["cases", look.id.as_str(), "notices", draft.id.as_str()]),
                waits: line(&draft.waits_for()?.replace('_', " ")),
                due: draft.clock().map(|clock| look.words.when(clock.due)),
                missing: draft.missing.len(),
            })
        })
        .collect()
}

/// Whether who looks wrote it, where whoever wrote a text does not approve it.
fn wrote(look: &Look<'_>, draft: &NoticeLine) -> bool {
    let record = look.state.notices.get(&draft.id);
    look.web.app.settings.notices.author_is_not_approver
        && record.is_some_and(|record| look.state.may_approve_others(record, look.name()).is_err())
}

fn row(look: &Look<'_>, summary: &Summary, id: &CaseId, state: &CaseState, waits: bool) -> Row {
    let doors = (look.may(Ability::SeeCase) && !summary.door_list.is_empty()).then(|| {
        let closed = summary.count(DoorState::Closed);
        format!("{closed} of {} proven closed", summary.door_list.len())
    });
    Row {
        href: path(&["cases", id.as_str()]),
        title: short(&state.title),
        id: id.to_string(),
        phase: phase(state),
        restricted: state.scope.only.is_some(),
        opened: state.opened.map(|at| look.words.when(at)),
        effective: state.effective.map(|at| look.words.when(at)),
        doors,
        waits,
    }
}

const fn phase(state: &CaseState) -> &'static str {
    use crate::case::state::Phase;
    match state.phase {
        Phase::None => "new",
        Phase::Open => "open",
        Phase::Held => "held",
        Phase::Closed => "closed",
    }
}
