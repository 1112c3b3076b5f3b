//! Facts: what notices can say of a case, and what people record.

use http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Operation;
use super::asked::{Asked, Paged, Why};
use crate::access::Ability;
use crate::app::facts::FactLine;
use crate::case::event::{Standing, Statement};
use crate::fault::Result;
use crate::id::EvidenceId;

/// What a person says of the case.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Say {
    /// Which fact it is.
    key: String,
    /// The value; the values of a list on lines of their own.
    value: String,
    /// The value in German.
    #[serde(default)]
    de: Option<String>,
    /// The value in Portuguese.
    #[serde(default)]
    pt: Option<String>,
    /// What it may claim.
    standing: Standing,
    /// What shows it; a suspicion alone may have none.
    #[serde(default)]
    evidence: Vec<EvidenceId>,
    /// How it follows from the evidence, or what a reader has to know.
    #[serde(default)]
    note: String,
}

pub(super) fn operations() -> Vec<Operation> {
    use Ability::Counsel;
    vec![
        Operation::get::<Paged<FactLine>>(
            "/cases/{case}/facts",
            "list_facts",
            "Every fact that notices can ask for, known or missing.",
            Counsel,
            list,
        )
        .paged(),
        Operation::post::<Say, FactLine>(
            "/cases/{case}/facts",
            "record_fact",
            "Record a fact with what shows it, in place of what was recorded before.",
            Counsel,
            |asked| Box::pin(record(asked)),
        )
        .answered(StatusCode::CREATED),
        Operation::get::<FactLine>(
            "/cases/{case}/facts/{fact}",
            "show_fact",
            "One fact.",
            Counsel,
            one,
        ),
        Operation::post::<Why, FactLine>(
            "/cases/{case}/facts/{fact}/withdraw",
            "withdraw_fact",
            "Take back what was recorded.",
            Counsel,
            |asked| Box::pin(withdraw(asked)),
        ),
    ]
}

fn list(asked: &Asked) -> Result<Value> {
    let lines = asked.desk(Ability::Counsel)?.facts()?;
    asked.page(&lines, |line| line.key.clone())
}

fn one(asked: &Asked) -> Result<Value> {
    let line = asked.desk(Ability::Counsel)?.fact(asked.param("fact"))?;
    Ok(json!(line))
}

async fn record(asked: Asked) -> Result<Value> {
    let said: Say = asked.body()?;
    let desk = asked.desk(Ability::Counsel)?;
    let recorded = desk
        .fact_record(Statement {
            key: said.key,
            value: said.value,
            de: said.de,
            pt: said.pt,
            standing: said.standing,
            evidence: said.evidence,
            note: said.note,
            apart: None,
        })
        .await;
    desk.finish().await?;
    Ok(json!(recorded?))
}

async fn withdraw(asked: Asked) -> Result<Value> {
    let Why { reason } = asked.body()?;
    let key = asked.param("fact").to_owned();
    let desk = asked.desk(Ability::Counsel)?;
    let withdrawn = desk.fact_withdraw(&key, &reason).await;
    desk.finish().await?;
    Ok(json!(withdrawn?))
}
