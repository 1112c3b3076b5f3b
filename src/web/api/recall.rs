//! A departure is taken back, and what was closed could be opened again.

use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Operation;
use super::asked::{Asked, Paged, Why};
use crate::access::Ability;
use crate::app::recall::{LINK_HOURS, Recalled};
use crate::fault::Result;
use crate::run::Undoable;
use crate::secret::ExposeSecret as _;
use crate::time::Timestamp;

/// For how long a link is good.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct GoodFor {
    /// Hours.
    #[serde(default = "three_days")]
    #[schemars(range(min = *LINK_HOURS.start(), max = *LINK_HOURS.end()))]
    hours: u16,
}

/// A link by which a case can be recalled once.
#[derive(Debug, Serialize, JsonSchema)]
struct RecallLink {
    /// The address. It is told this one time and not kept: whoever has it can recall the case.
    link: String,
    /// Until when it is good.
    expires: Timestamp,
    /// How the case names it: what withdraws it.
    name: String,
}

/// A link that works no more.
#[derive(Debug, Serialize, JsonSchema)]
struct LinkWithdrawn {
    /// How the case names it.
    name: String,
}

const fn three_days() -> u16 {
    72
}

pub(super) fn operations() -> Vec<Operation> {
    use Ability::{Hold, Work};
    vec![
        Operation::post::<Why, Recalled>(
            "/cases/{case}/recall",
            "recall_case",
            "Take a case back: hold it, stop its run, and tell what an undo would open again.",
            Hold,
            |asked| Box::pin(recall(asked)),
        ),
        Operation::post::<GoodFor, RecallLink>(
            "/cases/{case}/recall-links",
            "make_recall_link",
            "Make a link by which somebody can recall the case once. It is told once and not kept.",
            Hold,
            |asked| Box::pin(link(asked)),
        )
        .answered(StatusCode::CREATED)
        .told_once(),
        Operation::post::<Why, LinkWithdrawn>(
            "/cases/{case}/recall-links/{link}/withdraw",
            "withdraw_recall_link",
            "Make a recall link work no more that was not used. It is named by the case, not by its secret.",
            Hold,
            |asked| Box::pin(unlink(asked)),
        ),
        Operation::get::<Paged<Undoable>>(
            "/cases/{case}/undo",
            "list_undoable",
            "Every door that an undo would open again, in its order, and what cannot be opened again.",
            Work,
            undoable,
        )
        .paged(),
    ]
}

async fn recall(asked: Asked) -> Result<Value> {
    let why: Why = asked.body()?;
    let reason = why.said()?;
    let desk = asked.desk(Ability::Hold)?;
    let recalled = desk.recall(reason).await?;
    desk.finish().await?;
    Ok(json!(recalled))
}

async fn link(asked: Asked) -> Result<Value> {
    let GoodFor { hours } = asked.body()?;
    let desk = asked.desk(Ability::Hold)?;
    let app = &asked.web.app;
    let made = app.recall_link_at(&desk, hours).await?;
    Ok(json!(RecallLink {
        link: made.address.expose_secret().to_owned(),
        expires: made.expires,
        name: made.name,
    }))
}

async fn unlink(asked: Asked) -> Result<Value> {
    let why: Why = asked.body()?;
    let reason = why.said()?;
    let desk = asked.desk(Ability::Hold)?;
    let name = asked.param("link").to_owned();
    let app = &asked.web.app;
    app.withdraw_recall_link(&desk, &name, reason).await?;
    Ok(json!(LinkWithdrawn { name }))
}

fn undoable(asked: &Asked) -> Result<Value> {
    let all = asked.desk(Ability::Work)?.undoable(&[]);
    asked.page(&all, |one| one.door.to_string())
}
