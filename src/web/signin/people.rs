//! Who can sign in, and what happened: for those who look after it.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::shown;
use crate::access::Ability;
use crate::fault::Result;
use crate::signin::{Entry, SignIn, Standing, Ticket};
use crate::time::Timestamp;
use crate::web::visit::{Form, Visit};
use crate::web::{Web, page};

/// How many entries of the journal the page shows.
const ENTRIES: usize = 200;

pub(super) async fn show(State(web): State<Arc<Web>>, visit: Visit) -> Response {
    people(&web, &visit, None).await
}

#[derive(Deserialize)]
pub(super) struct Somebody {
    name: String,
}

pub(super) async fn invite(
    State(web): State<Arc<Web>>,
    Form(visit, somebody): Form<Somebody>,
) -> Response {
    let name = somebody.name.clone();
    let invited = act(&web, &visit, move |signin, by| signin.invite(&name, by)).await;
    match invited {
        Ok((ticket, expires)) => people(&web, &visit, Some((somebody.name, ticket, expires))).await,
        Err(fault) => page::fault(&web, Some(&visit), &fault),
    }
}

pub(super) async fn revoke(
    State(web): State<Arc<Web>>,
    Form(visit, somebody): Form<Somebody>,
) -> Response {
    let revoke = move |signin: &SignIn, by: &str| signin.revoke(&somebody.name, by);
    back(&web, &visit, act(&web, &visit, revoke).await)
}

#[derive(Deserialize)]
pub(super) struct One {
    id: String,
}

pub(super) async fn acknowledge(
    State(web): State<Arc<Web>>,
    Form(visit, one): Form<One>,
) -> Response {
    let acknowledge = move |signin: &SignIn, by: &str| signin.acknowledge(&one.id, by);
    back(&web, &visit, act(&web, &visit, acknowledge).await)
}

/// Does what only an administrator may.
async fn act<T: Send + 'static>(
    web: &Web,
    visit: &Visit,
    work: impl FnOnce(&SignIn, &str) -> Result<T> + Send + 'static,
) -> Result<T> {
    visit.principal.may_at_all(Ability::Administer)?;
    let by = visit.principal.person.name.clone();
    web.wait(move |signin| work(signin, &by)).await
}

fn back(web: &Arc<Web>, visit: &Visit, done: Result<()>) -> Response {
    match done {
        Ok(()) => Redirect::to("/people").into_response(),
        Err(fault) => page::fault(web, Some(visit), &fault),
    }
}

async fn people(
    web: &Arc<Web>,
    visit: &Visit,
    invited: Option<(String, Ticket, Timestamp)>,
) -> Response {
    let read = async {
        visit.principal.may_at_all(Ability::SeeProgram)?;
        web.wait(|signin| Ok((signin.standing()?, signin.journal(ENTRIES)?)))
            .await
    };
    let (standing, journal) = match read.await {
        Ok(both) => both,
        Err(fault) => return page::fault(web, Some(visit), &fault),
    };
    let bells = web.signin.bells().into_iter().map(|bell| {
        json!({
            "id": bell.id,
            "at": shown(web, Some(bell.at)),
            "person": bell.person,
            "from": bell.from.map(|from| from.to_string()).unwrap_or_default(),
            "reason": bell.reason,
        })
    });
    let link = invited.map(|(name, ticket, expires)| {
        let link = web.app.welcome_link(&ticket);
        (name, link, shown(web, Some(expires)))
    });
    let (invited, link, expires) = link.map_or((None, None, None), |(name, link, expires)| {
        (Some(name), Some(link), Some(expires))
    });
    let page = json!({
        "title": "People",
        "administers": visit.principal.has(Ability::Administer),
        "invited": invited,
        "link": link,
        "expires": expires,
        "bells": bells.collect::<Vec<Value>>(),
        "people": standing.iter().map(|one| person(web, one)).collect::<Vec<Value>>(),
        "journal": journal.iter().map(|entry| happened(web, entry)).collect::<Vec<Value>>(),
    });
    page::answer(web, Some(visit), "people", &page)
}

fn person(web: &Web, standing: &Standing) -> Value {
    json!({
        "name": standing.name,
        "roles": standing.roles.join(", "),
        "state": standing.state,
        "seen": shown(web, standing.seen),
        "sessions": standing.sessions,
        "passkeys": standing.passkeys,
        "break_glass": standing.break_glass,
        "locked": standing.locked_until.map(|until| shown(web, Some(until))),
    })
}

fn happened(web: &Web, entry: &Entry) -> Value {
    json!({
        "at": shown(web, Some(entry.at)),
        "what": entry.what.words(),
        "person": entry.person.as_deref().unwrap_or("an unknown name"),
        "by": entry.by.as_deref().unwrap_or_default(),
        "from": entry.from.map(|from| from.to_string()).unwrap_or_default(),
        "note": entry.note,
    })
}
