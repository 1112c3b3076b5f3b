//! The sanctions hold, and what came back of notices. Nothing here ends a hold; people decide on
//! determinations with their keys.

use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Operation;
use super::asked::Asked;
use crate::access::Ability;
use crate::app::sanctions::Proposal;
use crate::app::summary::{DeterminationLine, Summary};
use crate::case::state::Hold;
use crate::fault::Result;
use crate::id::{DeterminationId, EvidenceId, NoticeId};

/// The hold and what was determined on it.
#[derive(Debug, Serialize, JsonSchema)]
struct Sanctions {
    /// The hold; nothing where none stands.
    hold: Option<Hold>,
    /// What was determined, or is to be.
    determinations: Vec<DeterminationLine>,
}

/// Why the hold is opened.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Why {
    /// It stands in the log.
    reason: String,
}

/// A determination with its document.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Proposed {
    /// `licence` of an authority, or `determination` of counsel.
    kind: String,
    /// What of the hold it speaks of; nothing means all of it.
    #[serde(default)]
    scope: Vec<String>,
    /// What it says, in short.
    text: String,
    /// Why it is recorded.
    reason: String,
    /// The document, kept before.
    document: EvidenceId,
}

/// A determination that was put in.
#[derive(Debug, Serialize, JsonSchema)]
struct PutIn {
    /// Its id.
    determination: DeterminationId,
}

/// A message of a mail system.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Back {
    /// The whole message with its headers.
    message: String,
}

/// What came back.
#[derive(Debug, Serialize, JsonSchema)]
struct CameBack {
    /// The notice that it is of.
    notice: NoticeId,
    /// The `Message-ID` of what was sent.
    message_id: String,
}

pub(super) fn operations() -> Vec<Operation> {
    use Ability::{Counsel, SeeCase};
    vec![
        Operation::get::<Sanctions>(
            "/cases/{case}/sanctions",
            "show_sanctions",
            "The sanctions hold, what it covers, and what was determined.",
            SeeCase,
            show,
        ),
        Operation::post::<Why, Sanctions>(
            "/cases/{case}/sanctions",
            "hold_claims",
            "Open the sanctions hold. Nothing ends it.",
            Counsel,
            |asked| Box::pin(hold(asked)),
        ),
        Operation::post::<Proposed, PutIn>(
            "/cases/{case}/sanctions/determinations",
            "propose_determination",
            "Put a determination in. Two people decide on it with their keys; the hold stands.",
            Counsel,
            |asked| Box::pin(propose(asked)),
        )
        .answered(StatusCode::CREATED),
        Operation::post::<Back, CameBack>(
            "/cases/{case}/bounces",
            "take_in_bounce",
            "Take in a message of a mail system that says that a notice did not arrive.",
            Counsel,
            |asked| Box::pin(bounce(asked)),
        )
        .answered(StatusCode::CREATED),
    ]
}

fn told(summary: Summary) -> Value {
    json!(Sanctions {
        hold: summary.hold,
        determinations: summary.determinations,
    })
}

fn show(asked: &Asked) -> Result<Value> {
    let state = asked.state(Ability::SeeCase)?;
    Ok(told(Summary::of(&state, asked.web.app.clock.now())))
}

async fn hold(asked: Asked) -> Result<Value> {
    let desk = asked.desk(Ability::Counsel)?;
    let Why { reason } = asked.body()?;
    desk.hold_claims(&reason).await?;
    desk.finish().await?;
    Ok(told(desk.summary()))
}

async fn propose(asked: Asked) -> Result<Value> {
    let desk = asked.desk(Ability::Counsel)?;
    let Proposed {
        kind,
        scope,
        text,
        reason,
        document,
    } = asked.body()?;
    let proposal = Proposal {
        kind,
        scope,
        text,
        reason,
    };
    let determination = desk.propose_on(&document, proposal).await?;
    desk.finish().await?;
    Ok(json!(PutIn { determination }))
}

async fn bounce(asked: Asked) -> Result<Value> {
    let desk = asked.desk(Ability::Counsel)?;
    let Back { message } = asked.body()?;
    let taken = desk
        .notice_bounce("bounce.eml", message.into_bytes())
        .await?;
    desk.finish().await?;
    Ok(json!(CameBack {
        notice: taken.notice,
        message_id: taken.message_id,
    }))
}
