//! Notices: draft, read, send. People approve them elsewhere.

use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Operation;
use super::asked::{Asked, Paged};
use crate::access::Ability;
use crate::app::sending::Sending;
use crate::app::summary::{NoticeLine, Summary};
use crate::canon::Digest;
use crate::fault::Result;
use crate::id::NoticeId;
use crate::notice::facts::Change;
use crate::notice::lint::Finding;

/// A notice to draft.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// The template.
    notice: String,
    /// Whether a private party may be told what is suspected; the log keeps who said so.
    #[serde(default)]
    suspicion: bool,
}

/// A draft.
#[derive(Debug, Serialize, JsonSchema)]
struct Drafted {
    /// Its id.
    notice: NoticeId,
    /// The template.
    template: String,
    /// SHA-256 of the text: what approvals bind.
    digest: Digest,
    /// The text, Markdown. Hostile where it quotes.
    text: String,
    /// Facts that it lacks.
    missing: Vec<String>,
    /// What it would say and the case has, left out as a suspicion.
    withheld: Vec<String>,
    /// What the wording lint finds in it; what blocks stands in the way of an approval.
    findings: Vec<Finding>,
    /// What changed in the facts since; nothing in a draft of before facts were kept.
    changed: Vec<Change>,
}

/// Where a text goes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Send {
    /// Addresses.
    to: Vec<String>,
    /// Although facts are missing.
    #[serde(default)]
    incomplete: bool,
    /// Although an earlier sending has no end.
    #[serde(default)]
    again: bool,
}

/// A text that went out.
#[derive(Debug, Serialize, JsonSchema)]
struct Sent {
    /// Its id.
    notice: NoticeId,
    /// The `Message-ID`.
    message_id: String,
    /// What the server answered.
    reply: String,
}

pub(super) fn operations() -> Vec<Operation> {
    use Ability::{Counsel, SeeCase};
    vec![
        Operation::get::<Paged<NoticeLine>>(
            "/cases/{case}/notices",
            "list_notices",
            "Every draft.",
            SeeCase,
            notices,
        )
        .paged(),
        Operation::post::<Wanted, Drafted>(
            "/cases/{case}/notices",
            "draft_notice",
            "Draft a notice from the facts of the case.",
            Counsel,
            |asked| Box::pin(draft(asked)),
        )
        .answered(StatusCode::CREATED),
        Operation::get::<Drafted>(
            "/cases/{case}/notices/{notice}",
            "show_notice",
            "A draft with its text.",
            SeeCase,
            notice,
        ),
        Operation::post::<Send, Sent>(
            "/cases/{case}/notices/{notice}/send",
            "send_notice",
            "Send an approved text.",
            Counsel,
            |asked| Box::pin(send(asked)),
        ),
    ]
}

fn notices(asked: &Asked) -> Result<Value> {
    let state = asked.state(Ability::SeeCase)?;
    let notices = Summary::of(&state, asked.web.app.clock.now()).notices;
    asked.page(&notices, |notice| notice.id.to_string())
}

async fn draft(asked: Asked) -> Result<Value> {
    let Wanted { notice, suspicion } = asked.body()?;
    let desk = asked.desk(Ability::Counsel)?;
    let (id, draft) = desk.draft_with(&notice, suspicion).await?;
    desk.finish().await?;
    Ok(json!(Drafted {
        notice: id,
        template: draft.template,
        digest: draft.digest,
        text: draft.text,
        missing: draft.missing,
        withheld: draft.withheld,
        findings: draft.findings,
        changed: Vec::new(),
    }))
}

fn notice(asked: &Asked) -> Result<Value> {
    let (desk, notice) = asked.at_notice()?;
    let worded = desk.notice_worded(&notice)?;
    Ok(json!(Drafted {
        notice,
        template: worded.record.template,
        digest: worded.record.text,
        text: worded.text,
        missing: worded.record.missing,
        withheld: worded.record.withheld,
        findings: worded.findings,
        changed: worded.changes.unwrap_or_default(),
    }))
}

async fn send(asked: Asked) -> Result<Value> {
    let Send {
        to,
        incomplete,
        again,
    } = asked.body()?;
    let wanted = Sending {
        to,
        again,
        incomplete,
    };
    let notice: NoticeId = asked.param("notice").parse()?;
    let desk = asked.desk(Ability::Counsel)?;
    let sent = desk.send_notice(&notice, &wanted).await;
    desk.finish().await?;
    let (message_id, reply) = sent?;
    Ok(json!(Sent {
        notice,
        message_id,
        reply
    }))
}
