//! Messages of HR systems that wait for a person: open a case on one, or set it aside.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};

use crate::access::Ability;
use crate::app::messages::Waiting;
use crate::case::event::Actor;
use crate::case::subject::Subject;
use crate::fault::Result;
use crate::intake::Kind;
use crate::web::desk::Why;
use crate::web::look::blocking;
use crate::web::shown::{When, Words, line, path, short};
use crate::web::visit::{Form, Visit};
use crate::web::{Web, page, waiting};

/// A message in a list.
#[derive(Debug, Serialize)]
pub(super) struct InShort {
    href: String,
    name: String,
    source: String,
    says: String,
    about: String,
    why: String,
    received: When,
    effective: Option<When>,
    case: Option<String>,
}

/// Every message that waits and is not about the visitor.
pub(super) fn waiting(web: &Web, visit: &Visit, words: Words<'_>) -> Result<Vec<InShort>> {
    let all = waiting::all(web, &visit.principal)?;
    Ok(all.iter().map(|message| in_short(message, words)).collect())
}

fn in_short(message: &Waiting, words: Words<'_>) -> InShort {
    let subject = &message.subject;
    let who = subject.worker_id.iter().chain(&subject.emails);
    let who = who.chain(&subject.display_name);
    let about: Vec<&str> = who.map(String::as_str).collect();
    InShort {
        href: path(&["messages", &message.message]),
        name: message.message.clone(),
        source: short(&message.source),
        says: match &message.kind {
            Kind::Termination => "an engagement ends or has ended".to_owned(),
            Kind::Recall => "a departure is taken back".to_owned(),
            Kind::GardenLeave => "somebody is released from work and stays employed".to_owned(),
            Kind::Transfer => "somebody moves within the company".to_owned(),
            Kind::Rehire => "somebody comes back".to_owned(),
            Kind::Other(kind) => short(kind),
        },
        about: if about.is_empty() {
            "it names nobody".to_owned()
        } else {
            line(&about.join(", "))
        },
        why: line(&message.why),
        received: words.when(message.received),
        effective: message.effective.map(|at| words.when(at)),
        case: message.case.as_ref().map(ToString::to_string),
    }
}

#[derive(Debug, Serialize)]
struct Page {
    title: &'static str,
    message: InShort,
    open: String,
    dismiss: String,
    /// Nothing in it says whose departure it is.
    nobody: bool,
}

pub(super) async fn show(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path(message): Path<String>,
) -> Response {
    let made = {
        let (web, visit) = (Arc::clone(&web), visit.clone());
        blocking(move || {
            visit.principal.may_at_all(Ability::Open)?;
            let found = waiting::find(&web, &visit.principal, &message)?;
            let words = Words::new(web.pages.zone(), web.app.clock.now());
            Ok(Page {
                title: "A message waits",
                open: path(&["messages", &found.message, "open"]),
                dismiss: path(&["messages", &found.message, "dismiss"]),
                nobody: found.subject.names_nobody(),
                message: in_short(&found, words),
            })
        })
        .await
    };
    page::answered(&web, &visit, "message", made)
}

/// Whose departure it is, where the message does not say.
#[derive(Debug, Deserialize)]
pub(super) struct Whose {
    #[serde(default)]
    worker_id: String,
    #[serde(default)]
    email: String,
}

pub(super) async fn open(
    State(web): State<Arc<Web>>,
    Path(message): Path<String>,
    Form(visit, whose): Form<Whose>,
) -> Response {
    let runtime = tokio::runtime::Handle::current();
    let done = {
        let (web, visit) = (Arc::clone(&web), visit.clone());
        blocking(move || runtime.block_on(opened(&web, &visit, &message, whose))).await
    };
    page::then(&web, &visit, done)
}

async fn opened(web: &Web, visit: &Visit, message: &str, whose: Whose) -> Result<String> {
    visit.principal.may_at_all(Ability::Open)?;
    let mut found = waiting::find(web, &visit.principal, message)?;
    let given = |text: String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let subject = Subject {
        worker_id: given(whose.worker_id),
        emails: given(whose.email).into_iter().collect(),
        ..Subject::default()
    };
    subject.clone().complete(&mut found.subject);
    waiting::about_another(&visit.principal, &found.subject)?;
    let by = Actor::Person(visit.principal.person.name.clone());
    let open = |new: &mut crate::app::NewCase| subject.complete(&mut new.subject);
    let desk = web.app.open_case_on(message, by, open).await?;
    desk.finish().await?;
    Ok(path(&["cases", desk.log.case().as_str()]))
}

pub(super) async fn dismiss(
    State(web): State<Arc<Web>>,
    Path(message): Path<String>,
    Form(visit, why): Form<Why>,
) -> Response {
    let done = {
        let (web, visit) = (Arc::clone(&web), visit.clone());
        blocking(move || {
            visit.principal.may_at_all(Ability::Open)?;
            let found = waiting::find(&web, &visit.principal, &message)?;
            let by = visit.principal.person.name.clone();
            web.app.dismiss(&found.message, by, why.said()?)?;
            Ok("/".to_owned())
        })
        .await
    };
    page::then(&web, &visit, done)
}
