//! Links by which somebody outside, such as HR, can take a departure back once.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::head::{Head, head};
use crate::access::Ability;
use crate::app::recall::{LINK_HOURS, Link, links};
use crate::fault::Result;
use crate::id::CaseId;
use crate::secret::ExposeSecret as _;
use crate::web::desk::Why;
use crate::web::look::Look;
use crate::web::shown::{When, line, path};
use crate::web::visit::{Form, Visit};
use crate::web::{Web, page};

#[derive(Debug, Serialize)]
struct Page {
    title: &'static str,
    head: Head,
    /// The link that was made just now, shown this once, and until when it is good.
    made: Option<(String, When)>,
    links: Vec<LinkView>,
    /// The most hours that one may be good for.
    most: u16,
    action: String,
}

#[derive(Debug, Serialize)]
struct LinkView {
    name: String,
    made: When,
    says: String,
    /// Where it is withdrawn, while it can be.
    withdraw: Option<String>,
}

/// The path of the page.
pub(super) fn at(case: &CaseId) -> String {
    path(&["cases", case.as_str(), "recall-links"])
}

pub(super) async fn show(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path(id): Path<String>,
) -> Response {
    shown(&web, &visit, &id, None).await
}

async fn shown(web: &Arc<Web>, visit: &Visit, id: &str, made: Option<Link>) -> Response {
    let made = web
        .look(visit, id, Ability::Hold, move |look| {
            Ok(page_of(look, made.as_ref()))
        })
        .await;
    page::answered(web, visit, "links", made)
}

fn page_of(look: &Look<'_>, made: Option<&Link>) -> Page {
    let id = look.id.as_str();
    let view = |one: crate::app::recall::LinkLine| LinkView {
        withdraw: (!one.over).then(|| path(&["cases", id, "recall-links", &one.name, "withdraw"])),
        made: look.words.when(one.made),
        says: line(&one.says),
        name: one.name,
    };
    Page {
        title: "Recall links",
        head: head(look, "recall-links"),
        made: made.map(|link| {
            let address = link.address.expose_secret().to_owned();
            (address, look.words.when(link.expires))
        }),
        most: *LINK_HOURS.end(),
        links: links(look.state).into_iter().map(view).collect(),
        action: at(look.id),
    }
}

/// What the form of a new link says.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    /// A number: fields of a form are text.
    #[serde(default)]
    hours: String,
}

pub(super) async fn make(
    State(web): State<Arc<Web>>,
    Path(id): Path<String>,
    Form(visit, wanted): Form<Wanted>,
) -> Response {
    match made(&web, &visit, &id, &wanted).await {
        Ok(link) => shown(&web, &visit, &id, Some(link)).await,
        Err(fault) => page::fault(&web, Some(&visit), &fault),
    }
}

async fn made(web: &Arc<Web>, visit: &Visit, id: &str, wanted: &Wanted) -> Result<Link> {
    // What is no number of hours is good for none, and refused as such.
    let hours = wanted.hours.trim().parse().unwrap_or_default();
    let app = Arc::clone(&web.app);
    web.act(visit, id, Ability::Hold, async move |desk| {
        let made = app.recall_link_at(desk, hours).await;
        made.map_err(|fault| fault.hint("go back, and say how long"))
    })
    .await
}

pub(super) async fn withdraw(
    State(web): State<Arc<Web>>,
    Path((id, link)): Path<(String, String)>,
    Form(visit, why): Form<Why>,
) -> Response {
    let app = Arc::clone(&web.app);
    let done = web
        .act(&visit, &id, Ability::Hold, async move |desk| {
            let why = why.said()?;
            app.withdraw_recall_link(desk, &link, &why).await?;
            Ok(at(desk.log.case()))
        })
        .await;
    page::then(&web, &visit, done)
}
