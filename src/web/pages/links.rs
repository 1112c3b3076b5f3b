//! Links by which somebody outside, such as HR, can take a departure back once.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::head::{Head, head};
use crate::access::Ability;
use crate::app::recall::{Link, links};
use crate::fault::{Fault, Result};
use crate::id::CaseId;
use crate::secret::ExposeSecret as _;
use crate::web::desk::reason;
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
    let base = look.web.app.public_url();
    Page {
        title: "Recall links",
        head: head(look, "recall-links"),
        made: made.map(|link| {
            let link_path = link.path.expose_secret();
            let whole = format!("{}{link_path}", base.trim_end_matches('/'));
            (whole, look.words.when(link.expires))
        }),
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
    let hours = wanted.hours.trim().parse::<u16>();
    let app = Arc::clone(&web.app);
    web.act(visit, id, Ability::Hold, async move |desk| {
        let Some(hours) = hours.ok().filter(|hours| (1..=720).contains(hours)) else {
            let what = "A link is good for 1 to 720 hours.";
            return Err(Fault::input("recall-link-hours", what).hint("go back, and say how long"));
        };
        let good_for = SignedDuration::from_hours(hours.into());
        app.recall_link_at(desk, good_for).await
    })
    .await
}

/// Why a link is withdrawn.
#[derive(Debug, Deserialize)]
pub(super) struct Why {
    #[serde(default)]
    reason: String,
}

pub(super) async fn withdraw(
    State(web): State<Arc<Web>>,
    Path((id, link)): Path<(String, String)>,
    Form(visit, why): Form<Why>,
) -> Response {
    let (app, back) = (Arc::clone(&web.app), path(&["cases", &id, "recall-links"]));
    let done = web
        .act(&visit, &id, Ability::Hold, async move |desk| {
            let why = reason(&why.reason)?;
            app.withdraw_recall_link(desk, &link, &why).await
        })
        .await;
    page::then(&web, &visit, done.map(|()| back))
}
