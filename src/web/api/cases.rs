//! Cases: list, open, look, hold, who may know.

use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Operation;
use super::asked::{Asked, Paged, Why};
use crate::access::Ability;
use crate::app::summary::Summary;
use crate::app::{Listed, NewCase, Origin};
use crate::case::state::{Phase, Scope};
use crate::case::subject::Subject;
use crate::fault::Result;
use crate::id::CaseId;
use crate::time::Timestamp;
use crate::web::look::Seen;
use crate::web::waiting;

/// Who asks.
#[derive(Debug, Serialize, JsonSchema)]
struct Me {
    /// As the configuration names them.
    name: String,
    /// The roles that the token acts in.
    roles: Vec<String>,
}

/// A case that is to be opened.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewOne {
    /// The person.
    subject: Subject,
    /// A neutral title.
    title: Option<String>,
    /// When the engagement ends.
    effective: Option<Timestamp>,
}

/// A case and where it stands.
#[derive(Debug, Serialize, JsonSchema)]
struct Stands {
    /// The case.
    case: CaseId,
    /// Where it stands.
    phase: Phase,
}

/// Who may see a case.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Restrict {
    /// As the configuration names them.
    people: Vec<String>,
    /// Why; it stands in the log.
    reason: String,
}

/// Who is kept out.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Exclude {
    /// As the configuration names them.
    person: String,
    /// Why; it stands in the log.
    reason: String,
}

pub(super) fn operations() -> Vec<Operation> {
    use Ability::{Hold, Lead, Open, SeeBrief, SeeCase};
    vec![
        Operation::get::<Me>("/me", "me", "Who asks, and in which roles.", SeeBrief, me),
        Operation::get::<Paged<Listed>>(
            "/cases",
            "list_cases",
            "Every case that the token may see, the newest first.",
            SeeBrief,
            list,
        )
        .paged(),
        Operation::post::<NewOne, Stands>(
            "/cases",
            "open_case",
            "Open a case on one departure. Nothing is closed by this.",
            Open,
            |asked| Box::pin(open(asked)),
        )
        .answered(StatusCode::CREATED),
        Operation::get::<Summary>(
            "/cases/{case}",
            "show_case",
            "Where a case stands.",
            SeeCase,
            show,
        ),
        Operation::post::<Why, Stands>(
            "/cases/{case}/hold",
            "hold_case",
            "Nothing new starts until it is released.",
            Hold,
            |asked| Box::pin(hold(asked)),
        ),
        Operation::post::<Why, Stands>(
            "/cases/{case}/release",
            "release_case",
            "Release a held case.",
            Lead,
            |asked| Box::pin(release(asked)),
        ),
        Operation::post::<Why, Stands>(
            "/cases/{case}/close",
            "close_case",
            "Close a case. Log, evidence and checkpoints stay.",
            Lead,
            |asked| Box::pin(close(asked)),
        ),
        Operation::post::<Restrict, Scope>(
            "/cases/{case}/restrict",
            "restrict_case",
            "Let only some people know of a case.",
            Lead,
            |asked| Box::pin(restrict(asked)),
        ),
        Operation::post::<Why, Scope>(
            "/cases/{case}/unrestrict",
            "unrestrict_case",
            "Let everybody with a role know of it again.",
            Lead,
            |asked| Box::pin(unrestrict(asked)),
        ),
        Operation::post::<Exclude, Scope>(
            "/cases/{case}/exclude",
            "exclude_person",
            "Keep a person out of a case.",
            Lead,
            |asked| Box::pin(exclude(asked)),
        ),
    ]
}

fn me(asked: &Asked) -> Result<Value> {
    let principal = asked.principal()?;
    Ok(json!(Me {
        name: principal.person.name.clone(),
        roles: principal.roles().iter().map(ToString::to_string).collect(),
    }))
}

fn list(asked: &Asked) -> Result<Value> {
    let (seen, _) = asked.web.seen(asked.principal()?)?;
    let content = |case: Seen| Some(Listed::of(case.id, &*case.content?));
    let all: Vec<Listed> = seen.into_iter().filter_map(content).collect();
    asked.page(&all, |case| case.id.to_string())
}

async fn open(asked: Asked) -> Result<Value> {
    let new: NewOne = asked.body()?;
    waiting::about_another(asked.principal()?, &new.subject)?;
    let title = crate::case::title::neutral(new.title.as_deref());
    title.map_err(|fault| fault.at("title"))?;
    let case = NewCase {
        subject: new.subject,
        title: new.title,
        route: "operator".to_owned(),
        effective: new.effective,
        origin: Origin::Subject,
        by: asked.actor()?,
    };
    let opened = asked.web.app.open_case(case).await;
    let opened = opened.map_err(|fault| match fault.code() {
        "no-subject" => fault.at("subject"),
        _ => fault,
    });
    stands(&opened?).await
}

async fn stands(desk: &crate::app::Desk) -> Result<Value> {
    desk.finish().await?;
    let phase = desk.log.read(|state| state.phase);
    let case = desk.log.case().clone();
    Ok(json!(Stands { case, phase }))
}

fn show(asked: &Asked) -> Result<Value> {
    let state = asked.state(Ability::SeeCase)?;
    Ok(json!(Summary::of(&state, asked.web.app.clock.now())))
}

async fn hold(asked: Asked) -> Result<Value> {
    let why: Why = asked.body()?;
    let desk = asked.desk(Ability::Hold)?;
    desk.hold(&why.reason).await?;
    stands(&desk).await
}

async fn release(asked: Asked) -> Result<Value> {
    let why: Why = asked.body()?;
    let desk = asked.desk(Ability::Lead)?;
    desk.release(&why.reason).await?;
    stands(&desk).await
}

async fn close(asked: Asked) -> Result<Value> {
    let why: Why = asked.body()?;
    let desk = asked.desk(Ability::Lead)?;
    desk.close(&why.reason).await?;
    stands(&desk).await
}

async fn restrict(asked: Asked) -> Result<Value> {
    let Restrict { people, reason } = asked.body()?;
    let desk = asked.desk(Ability::Lead)?;
    let scope = desk.restrict(&people, &reason).await?;
    desk.finish().await?;
    Ok(json!(scope))
}

async fn unrestrict(asked: Asked) -> Result<Value> {
    let why: Why = asked.body()?;
    let desk = asked.desk(Ability::Lead)?;
    let scope = desk.unrestrict(&why.reason).await?;
    desk.finish().await?;
    Ok(json!(scope))
}

async fn exclude(asked: Asked) -> Result<Value> {
    let Exclude { person, reason } = asked.body()?;
    let desk = asked.desk(Ability::Lead)?;
    let scope = desk.exclude(&person, &reason).await?;
    desk.finish().await?;
    Ok(json!(scope))
}
