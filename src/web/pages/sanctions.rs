//! The sanctions hold: what it covers, what counsel determined on it, and who decided so. Nothing here
//! ends it.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::head::{Head, head};
use crate::access::Ability;
use crate::app::sanctions::Proposal;
use crate::app::summary::{DeterminationLine, Summary};
use crate::case::event::{DETERMINERS, SCOPE};
use crate::fault::{Fault, Result};
use crate::id::{CaseId, DeterminationId};
use crate::web::desk::{Why, hand, reason};
use crate::web::look::Look;
use crate::web::shown::{When, line, path, short};
use crate::web::visit::{Form, Upload, Visit};
use crate::web::{Web, page};

#[derive(Debug, Serialize)]
struct Page {
    title: &'static str,
    head: Head,
    hold: Option<HoldView>,
    determinations: Vec<Determined>,
    /// Where a hold is opened, for who may and where none stands.
    open: Option<String>,
    /// Where a determination is brought to, for who may.
    bring: Option<String>,
    scope: Vec<(&'static str, &'static str)>,
}

#[derive(Debug, Serialize)]
struct HoldView {
    since: When,
    reason: String,
    covers: String,
}

/// What counsel determined, or is to.
#[derive(Debug, Serialize)]
pub(super) struct Determined {
    id: String,
    stage: &'static str,
    kind: String,
    scope: String,
    text: String,
    reason: String,
    people: String,
    /// The document, for who may have it.
    href: Option<String>,
    /// Where whoever looks decides on it, if they may and have not yet.
    approve: Option<String>,
}

/// The path of the page.
pub(super) fn at(case: &CaseId) -> String {
    path(&["cases", case.as_str(), "sanctions"])
}

pub(super) async fn show(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path(id): Path<String>,
) -> Response {
    let made = web.look(&visit, &id, Ability::SeeCase, page_of).await;
    page::answered(&web, &visit, "sanctions", made)
}

#[expect(clippy::unnecessary_wraps, reason = "the form that a look asks for")]
fn page_of(look: &Look<'_>) -> Result<Page> {
    let (id, counsel) = (look.id.as_str(), look.may(Ability::Counsel));
    let hold = look.state.hold.as_ref();
    Ok(Page {
        title: "Sanctions hold",
        head: head(look, "sanctions"),
        hold: hold.map(|hold| HoldView {
            since: look.words.when(hold.since),
            reason: line(&hold.reason),
            covers: covers(&hold.scope),
        }),
        determinations: determinations(look, &Summary::of(look.state, look.now)),
        open: (counsel && hold.is_none()).then(|| path(&["cases", id, "sanctions", "hold"])),
        bring: (counsel && hold.is_some()).then(|| path(&["cases", id, "bring", "determination"])),
        scope: SCOPE.to_vec(),
    })
}

fn covers(scope: &[String]) -> String {
    let words = scope.iter().map(|name| {
        let known = SCOPE.iter().find(|(known, _)| known == name);
        known.map_or_else(|| short(name), |(_, words)| (*words).to_owned())
    });
    words.collect::<Vec<_>>().join(", ")
}

/// Every determination, as the visitor may see and decide it.
pub(super) fn determinations(look: &Look<'_>, summary: &Summary) -> Vec<Determined> {
    let view = |one: &DeterminationLine| Determined {
        stage: one.stage(),
        kind: line(&one.kind),
        scope: covers(&one.scope),
        text: line(&one.text),
        reason: line(&one.reason),
        people: line(&one.approved_by.join(", ")),
        href: look
            .may(Ability::SeeEvidence)
            .then(|| path(&["cases", look.id.as_str(), "evidence", one.document.as_str()])),
        approve: decides(look, one).then(|| {
            let id = one.id.as_str();
            path(&["cases", look.id.as_str(), "sanctions", id, "approve"])
        }),
        id: one.id.to_string(),
    };
    summary.determinations.iter().map(view).collect()
}

/// Whether whoever looks may decide on it, and has not yet.
fn decides(look: &Look<'_>, one: &DeterminationLine) -> bool {
    let roles = DETERMINERS.map(str::to_owned);
    let name = look.name();
    look.may(Ability::Decide)
        && !one.approved_by.iter().any(|before| before == name)
        && look.state.may_decide(Some(&roles), name).is_ok()
        && look.visit.principal.may_decide(&roles).is_ok()
}

pub(super) async fn hold(
    State(web): State<Arc<Web>>,
    Path(id): Path<String>,
    Form(visit, why): Form<Why>,
) -> Response {
    let done = web
        .act(&visit, &id, Ability::Counsel, async move |desk| {
            desk.hold_claims(&why.said()?).await?;
            Ok(at(desk.log.case()))
        })
        .await;
    page::then(&web, &visit, done)
}

/// What the form of a determination says beside its document.
#[derive(Debug, Deserialize)]
struct Proposed {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    reason: String,
}

pub(super) async fn propose(
    State(web): State<Arc<Web>>,
    Path(id): Path<String>,
    upload: Upload,
) -> Response {
    let visit = upload.visit.clone();
    let done = web
        .act(&visit, &id, Ability::Counsel, async move |desk| {
            let said: Proposed = upload.fields()?;
            let proposal = Proposal {
                reason: reason(&said.reason)?,
                kind: said.kind,
                scope: Some(said.scope)
                    .filter(|one| one != "all")
                    .into_iter()
                    .collect(),
                text: reason(&said.text)?,
            };
            let mut files = upload.files.into_iter();
            let (Some((name, bytes)), None) = (files.next(), files.next()) else {
                let what = "A determination has one document.";
                return Err(Fault::input("file", what).hint("go back, and choose a file"));
            };
            desk.propose_document(&name, bytes, proposal).await?;
            Ok(at(desk.log.case()))
        })
        .await;
    page::then(&web, &visit, done)
}

pub(super) async fn approve(
    State(web): State<Arc<Web>>,
    Path((id, determination)): Path<(String, String)>,
    Form(visit, why): Form<Why>,
) -> Response {
    let who = visit.clone();
    let done = web
        .act(&visit, &id, Ability::Decide, async move |desk| {
            let why = why.said()?;
            who.principal.may_decide(&DETERMINERS.map(str::to_owned))?;
            let no_such = |_| {
                let what = "The case has no such determination.";
                Fault::input("no-determination", what)
            };
            let id: DeterminationId = determination.parse().map_err(no_such)?;
            let name = &who.principal.person.name;
            desk.approve_determination(&id, name, hand(&who)?, &why)
                .await?;
            Ok(at(desk.log.case()))
        })
        .await;
    page::then(&web, &visit, done)
}
