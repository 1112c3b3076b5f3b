//! Opening ways in again that were closed: what would be opened is shown, chosen, and begun as it was
//! shown. People do this; nothing does it by itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use serde::Serialize;
use tokio::runtime::Handle;

use super::head::{Head, head};
use super::plan::said;
use crate::access::{Ability, no_case};
use crate::app::Desk;
use crate::app::work::Task;
use crate::canon::digest_of;
use crate::case::state::CaseState;
use crate::fault::{Fault, Kind, Result};
use crate::id::{CaseId, DoorId};
use crate::run::{self, Undoable};
use crate::web::desk::reason;
use crate::web::look::{Look, blocking};
use crate::web::shown::{line, path, short};
use crate::web::visit::{Form, Visit};
use crate::web::{Web, page};

#[derive(Debug, Serialize)]
struct Page {
    title: &'static str,
    head: Head,
    /// What goes on, or ended last, since the program started.
    work: Option<String>,
    /// Whether something goes on: nothing else can be begun.
    busy: bool,
    can: Vec<Way>,
    count: usize,
    cannot: Vec<Way>,
    /// What a choice is made on: the ways in as they were shown.
    list: String,
    action: String,
    /// Where what goes on is stopped.
    stop: String,
}

/// One way in.
#[derive(Debug, Serialize)]
struct Way {
    id: String,
    label: String,
    /// What it is, and where.
    what: String,
    /// Why it cannot be opened again; empty where it can.
    why: String,
}

/// Whether closing a way in was begun that was not opened again: whether there is anything to show.
pub(super) fn is_offered(state: &CaseState) -> bool {
    let closed = |record: &crate::case::state::DoorRecord| {
        record.touched && (!record.undone || record.undoing)
    };
    state.doors.values().any(closed)
}

/// The path of the page.
pub(super) fn at(case: &CaseId) -> String {
    path(&["cases", case.as_str(), "undo"])
}

pub(super) async fn show(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path(id): Path<String>,
) -> Response {
    let made = web.look(&visit, &id, Ability::Work, page_of).await;
    page::answered(&web, &visit, "undo", made)
}

fn page_of(look: &Look<'_>) -> Result<Page> {
    let all = run::undoable(look.state, &look.web.app.providers()?, None);
    let work = look.web.app.work.on(look.id);
    let (can, cannot): (Vec<_>, Vec<_>) = all.iter().partition(|one| one.why_not.is_none());
    let view = |one: &&Undoable| way(look, one);
    Ok(Page {
        title: "Open ways in again",
        head: head(look, "undo"),
        busy: work.as_ref().is_some_and(|work| work.ended.is_none()),
        work: work.as_ref().map(said),
        count: can.len(),
        list: listed(&all)?,
        can: can.iter().map(view).collect(),
        cannot: cannot.iter().map(view).collect(),
        action: at(look.id),
        stop: path(&["cases", look.id.as_str(), "plan"]),
    })
}

fn way(look: &Look<'_>, one: &Undoable) -> Way {
    let record = look.state.doors.get(&one.door);
    let what = record.map_or_else(String::new, |record| {
        let catalogue = crate::app::catalogue();
        let kind = catalogue.kind(&record.door.kind);
        let kind = kind.map_or_else(|| short(&record.door.kind), |kind| kind.title.to_owned());
        format!("{kind} at {}", short(&record.door.provider))
    });
    Way {
        id: one.door.to_string(),
        label: line(&one.label),
        what,
        why: one.why_not.as_deref().map(line).unwrap_or_default(),
    }
}

/// Names what can be opened again, so that another list is told apart.
fn listed(all: &[Undoable]) -> Result<String> {
    let can = all.iter().filter(|one| one.why_not.is_none());
    let ids: Vec<&DoorId> = can.map(|one| &one.door).collect();
    Ok(digest_of(&ids)?.to_string())
}

pub(super) async fn take(
    State(web): State<Arc<Web>>,
    Path(id): Path<String>,
    Form(visit, fields): Form<BTreeMap<String, String>>,
) -> Response {
    let done = taken(&web, &visit, id, fields).await;
    page::then(&web, &visit, done)
}

async fn taken(
    web: &Arc<Web>,
    visit: &Visit,
    id: String,
    fields: BTreeMap<String, String>,
) -> Result<String> {
    let (web, visit, runtime) = (Arc::clone(web), visit.clone(), Handle::current());
    blocking(move || {
        let id: CaseId = id.parse().map_err(|_| no_case())?;
        let desk = web.desk(&visit.principal, &id, Ability::Work)?;
        let said = fields.get("reason").map_or("", String::as_str);
        let reason = reason(said)?;
        let doors = chosen(&desk, &fields)?;
        // What is begun goes on in the background, on this runtime.
        let _entered = runtime.enter();
        web.app.work.begin(desk, Task::Undo { doors, reason })?;
        Ok(at(&id))
    })
    .await
}

/// The ways in that were meant: those that were chosen, or all that were shown.
fn chosen(desk: &Desk, fields: &BTreeMap<String, String>) -> Result<Vec<DoorId>> {
    let all = desk.undoable(&[]);
    let field = |name: &str| fields.get(name).map_or("", String::as_str);
    if listed(&all)? != field("list") {
        let what =
            "What can be opened again has changed since the page was shown: nothing was begun.";
        return Err(Fault::new(Kind::Waiting, "undo-changed", what)
            .hint("open the page again, and choose among what it shows now"));
    }
    let named: Vec<&String> = fields
        .iter()
        .filter(|(name, _)| name.starts_with("door"))
        .map(|(_, door)| door)
        .collect();
    let can = all.into_iter().filter(|one| one.why_not.is_none());
    let can = can.map(|one| one.door);
    let doors: Vec<DoorId> = match field("which") {
        "all" if named.is_empty() => can.collect(),
        "chosen" => can
            .filter(|door| named.iter().any(|name| *name == door.as_str()))
            .collect(),
        _ => Vec::new(),
    };
    let all_known = field("which") == "all" || doors.len() == named.len();
    if doors.is_empty() || !all_known {
        let what = "Nothing was begun: it is not clear which ways in are meant.";
        return Err(Fault::input("undo", what)
            .hint("go back, and choose all of them, or those that you mean and not all"));
    }
    Ok(doors)
}
