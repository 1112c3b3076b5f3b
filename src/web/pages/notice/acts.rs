//! What people do with a notice: one form, one path and one ability for each.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;

use super::{at_notice, notice_id};
use crate::access::Ability;
use crate::app::Desk;
use crate::app::revise::{Remarked, Suggested};
use crate::app::sending::Sending;
use crate::canon::Digest;
use crate::document::Change;
use crate::fault::{Fault, Result};
use crate::id::NoticeId;
use crate::time::Timestamp;
use crate::web::desk::{hand, may_read, reason};
use crate::web::visit::{Form, Upload, Visit};
use crate::web::{Web, page};

/// The fields of every form of a notice.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Said {
    /// The text that the writer saw, or what an approval binds.
    on: String,
    /// The block, from 1; nothing for the whole text.
    block: String,
    before: String,
    after: String,
    quote: String,
    text: String,
    /// The remark or suggestion that is meant.
    number: String,
    reason: String,
    how: String,
    to: String,
    at: String,
    reference: String,
    name: String,
    incomplete: String,
    again: String,
}

impl Said {
    fn on(&self) -> Result<Digest> {
        self.on.parse().map_err(|_| unreadable())
    }

    fn number(&self) -> Result<u32> {
        self.number.parse().map_err(|_| unreadable())
    }

    fn block(&self) -> Result<Option<usize>> {
        if self.block.is_empty() {
            return Ok(None);
        }
        let number: usize = self.block.parse().map_err(|_| unreadable())?;
        number.checked_sub(1).map(Some).ok_or_else(unreadable)
    }

    fn change(&self) -> Result<Change> {
        let lines = |text: &str| text.replace("\r\n", "\n");
        Ok(Change {
            block: self.block()?.ok_or_else(unreadable)?,
            before: lines(&self.before),
            after: lines(&self.after),
        })
    }

    fn at(&self) -> Result<Option<Timestamp>> {
        if self.at.trim().is_empty() {
            return Ok(None);
        }
        let read = self.at.trim().parse().map(Some);
        read.map_err(|_| {
            Fault::input("instant", "This instant cannot be read.").hint(
                "write it with its zone, such as 2027-03-13T03:12:00-05:00, or leave it empty for now",
            )
        })
    }
}

fn unreadable() -> Fault {
    Fault::input("field", "A field of the form cannot be read.")
        .hint("open the page again, and send it from there")
}

pub(in crate::web) async fn take(
    State(web): State<Arc<Web>>,
    Path((id, notice, act)): Path<(String, String, String)>,
    Form(visit, said): Form<Said>,
) -> Response {
    let done = taken(&web, &visit, (&id, &notice, &act), said).await;
    page::then(&web, &visit, done)
}

async fn taken(
    web: &Arc<Web>,
    visit: &Visit,
    (id, notice, act): (&str, &str, &str),
    said: Said,
) -> Result<String> {
    let of = notice_id(notice)?;
    let back = at_notice(id, notice);
    if act == "approve" {
        let visiting = visit.clone();
        web.act(visit, id, Ability::SeeCase, async move |desk| {
            visiting.principal.may_at_all(Ability::Decide)?;
            desk.read(|case| may_read(&visiting.principal, &case, &of))?;
            let reason = reason(&said.reason)?;
            approve(desk, &visiting, &of, said.on()?, &reason).await
        })
        .await?;
        return Ok(format!("{back}#stands"));
    }
    let act = act.to_owned();
    let place = said.block.clone();
    web.act(visit, id, Ability::Counsel, async move |desk| {
        counsel(desk, &of, &act, &said).await
    })
    .await?;
    Ok(match place.parse::<usize>() {
        Ok(number) => format!("{back}#b{number}"),
        Err(_) => back,
    })
}

/// Exactly what was shown is approved, or nothing.
async fn approve(
    desk: &Desk,
    visit: &Visit,
    notice: &NoticeId,
    seen: Digest,
    reason: &str,
) -> Result<()> {
    let record = desk.notice_record(notice)?;
    if record.binds() != seen {
        return Err(Fault::input(
            "text-changed",
            "The text or its files were changed since the page was shown: nothing was approved.",
        )
        .hint("open the page again, and read what changed"));
    }
    let name = &visit.principal.person.name;
    desk.approve_notice(notice, name, hand(visit)?, reason)
        .await
        .map(|_| ())
}

async fn counsel(desk: &Desk, notice: &NoticeId, act: &str, said: &Said) -> Result<()> {
    match act {
        "submit" => desk.submit_notice(notice).await,
        "comment" => {
            let remark = Remarked {
                on: Some(said.on()?),
                block: said.block()?,
                quote: said.quote.clone(),
                text: said.text.clone(),
                answers: said.number().ok(),
                brought: None,
            };
            desk.comment(notice, remark).await.map(|_| ())
        }
        "resolve" => desk.resolve_comment(notice, said.number()?).await,
        "suggest" => {
            let words = Suggested {
                on: Some(said.on()?),
                change: said.change()?,
                reason: reason(&said.reason)?,
                brought: None,
            };
            desk.suggest(notice, words).await.map(|_| ())
        }
        "change" => {
            let (on, reason) = (said.on()?, reason(&said.reason)?);
            desk.edit_notice(notice, on, said.change()?, &reason)
                .await
                .map(|_| ())
        }
        "take" => {
            let number = said.number()?;
            desk.take_suggestions(notice, &[number], "taken in the review")
                .await
                .map(|_| ())
        }
        "decline" => {
            let reason = reason(&said.reason)?;
            desk.decline_suggestion(notice, said.number()?, &reason)
                .await
        }
        "detach" => desk.detach(notice, &said.name).await,
        "dispatch" => {
            let incomplete = !said.incomplete.is_empty();
            desk.dispatch_notice(notice, &said.how, &said.to, said.at()?, incomplete)
                .await
        }
        "send" => {
            let to: Vec<String> = said
                .to
                .split([',', '\n'])
                .map(|one| one.trim().to_owned())
                .filter(|one| !one.is_empty())
                .collect();
            let sending = Sending {
                to,
                again: !said.again.is_empty(),
                incomplete: !said.incomplete.is_empty(),
            };
            desk.send_notice(notice, &sending).await.map(|_| ())
        }
        _ => Err(Fault::input("no-page", "There is no such page.")),
    }
}

/// Forms that bring files.
pub(in crate::web) async fn bring(
    State(web): State<Arc<Web>>,
    Path((id, notice, act)): Path<(String, String, String)>,
    upload: Upload,
) -> Response {
    let visit = upload.visit.clone();
    let done = brought(&web, &visit, (&id, &notice, &act), upload).await;
    page::then(&web, &visit, done)
}

async fn brought(
    web: &Arc<Web>,
    visit: &Visit,
    (id, notice, act): (&str, &str, &str),
    upload: Upload,
) -> Result<String> {
    let (of, act) = (notice_id(notice)?, act.to_owned());
    web.act(visit, id, Ability::Counsel, async move |desk| {
        let said: Said = upload.fields()?;
        match act.as_str() {
            "attach" => {
                for (name, bytes) in upload.files {
                    desk.attach(&of, &name, bytes).await?;
                }
                Ok(())
            }
            "word" => {
                for (name, bytes) in upload.files {
                    desk.import_word(&of, &name, bytes).await?;
                }
                Ok(())
            }
            "receipt" => {
                desk.notice_receipt(&of, &said.reference, said.at()?, upload.files)
                    .await
            }
            _ => Err(Fault::input("no-page", "There is no such page.")),
        }
    })
    .await?;
    Ok(at_notice(id, notice))
}
