//! Messages of HR systems that wait for a person.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::asked::{Asked, Paged, Why};
use super::{Operation, now};
use crate::access::Ability;
use crate::app::messages::Waiting;
use crate::case::subject::Subject;
use crate::fault::Result;
use crate::id::CaseId;
use crate::web::waiting;

/// Whom a message is about, as far as it does not say so.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Complete {
    /// What the message does not say.
    #[serde(default)]
    subject: Subject,
}

/// A case that was opened.
#[derive(Debug, Serialize, JsonSchema)]
struct Opened {
    /// The case.
    case: CaseId,
}

/// A message that was set aside.
#[derive(Debug, Serialize, JsonSchema)]
struct Dismissed {
    /// The message.
    message: String,
}

pub(super) fn operations() -> Vec<Operation> {
    use Ability::Open;
    vec![
        Operation::get::<Paged<Waiting>>(
            "/messages",
            "list_messages",
            "Messages of HR systems that wait for a person.",
            Open,
            list,
        )
        .paged(),
        Operation::post::<Complete, Opened>(
            "/messages/{message}/open",
            "open_message",
            "Open a case on a message.",
            Open,
            |asked| Box::pin(open(asked)),
        ),
        Operation::post::<Why, Dismissed>(
            "/messages/{message}/dismiss",
            "dismiss_message",
            "Set a message aside; it stays kept.",
            Open,
            |asked| now(dismiss(&asked)),
        ),
    ]
}

fn list(asked: &Asked) -> Result<Value> {
    let all = waiting::all(&asked.web, asked.principal()?)?;
    asked.page(&all, |message| message.message.clone())
}

async fn open(asked: Asked) -> Result<Value> {
    let Complete { subject } = asked.body()?;
    let by = asked.actor()?;
    let mut found = waiting::find(&asked.web, asked.principal()?, asked.param("message"))?;
    subject.clone().complete(&mut found.subject);
    waiting::about_another(asked.principal()?, &found.subject)?;
    let choose = |new: &mut crate::app::NewCase| subject.complete(&mut new.subject);
    let desk = asked
        .web
        .app
        .open_case_on(asked.param("message"), by, choose)
        .await?;
    desk.finish().await?;
    let case = desk.log.case().clone();
    Ok(json!(Opened { case }))
}

fn dismiss(asked: &Asked) -> Result<Value> {
    let why: Why = asked.body()?;
    let message = asked.param("message").to_owned();
    waiting::find(&asked.web, asked.principal()?, &message)?;
    let by = asked.principal()?.person.name.clone();
    asked.web.app.dismiss(&message, by, why.reason)?;
    Ok(json!(Dismissed { message }))
}
