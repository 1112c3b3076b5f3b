//! Facts: what notices can say of the case, each with what shows it, and a form for what people know.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::head::{Head, head};
use crate::access::Ability;
use crate::app::Desk;
use crate::app::facts::FactLine;
use crate::case::event::{Standing, Statement};
use crate::fault::{Fault, Result};
use crate::id::EvidenceId;
use crate::notice::dictionary::{Kind, Origin, Pii, Privilege};
use crate::web::desk::reason;
use crate::web::look::Look;
use crate::web::shown::{When, line, path, short};
use crate::web::visit::{Form, Visit};
use crate::web::{Web, page};

/// The page of the facts of a case.
#[derive(Debug, Serialize)]
struct Page {
    title: String,
    head: Head,
    known: Vec<FactView>,
    missing: Vec<FactView>,
    /// What a person may record.
    choices: Vec<FactView>,
    action: String,
    withdraw: String,
}

#[derive(Debug, Clone, Serialize)]
struct FactView {
    key: String,
    label: String,
    kind: &'static str,
    source: &'static str,
    /// `inference` or `suspicion`; nothing for a fact.
    standing: Option<&'static str>,
    privileged: bool,
    personal: bool,
    values: Vec<String>,
    not_in: Vec<&'static str>,
    note: String,
    by: Option<String>,
    at: Option<When>,
    /// Number and place of each item.
    evidence: Vec<(String, String)>,
}

fn view(look: &Look<'_>, fact: &FactLine) -> FactView {
    let evidence = fact.evidence.iter().map(|id| {
        let href = path(&["cases", look.id.as_str(), "evidence", id.as_str()]);
        (id.to_string(), href)
    });
    FactView {
        key: line(&fact.key),
        label: line(&fact.label),
        kind: match fact.kind {
            Kind::Text => "text",
            Kind::Sentence => "whole sentences",
            Kind::Instant => "an instant with its zone",
            Kind::Count => "a whole number",
            Kind::Money => "currency and amount",
            Kind::List => "one value a line",
        },
        source: match fact.source {
            Origin::Case => "from the log",
            Origin::Company => "from the configuration, or recorded here",
            Origin::Person => "recorded here",
        },
        standing: fact
            .standing
            .map(Standing::word)
            .filter(|word| *word != "fact"),
        privileged: fact.privilege == Privilege::Privileged,
        personal: fact.pii != Pii::None,
        values: fact.values.iter().map(|value| line(value)).collect(),
        not_in: fact.not_in.iter().map(|one| one.name()).collect(),
        note: line(&fact.note),
        by: fact.recorded.as_ref().map(|(by, _)| short(by)),
        at: (fact.recorded.as_ref()).map(|(_, at)| look.words.when(*at)),
        evidence: evidence.collect(),
    }
}

pub(super) async fn show(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path(id): Path<String>,
) -> Response {
    let made = made(&web, &visit, &id).await;
    page::answered(&web, &visit, "facts", made)
}

async fn made(web: &Arc<Web>, visit: &Visit, id: &str) -> Result<Page> {
    // At the desk: what is counsel's lies in the store, not in the log.
    let facts = web
        .at_desk(visit, id, Ability::Counsel, Desk::facts)
        .await?;
    web.look(visit, id, Ability::Counsel, move |look| {
        Ok(page_of(look, &facts))
    })
    .await
}

fn page_of(look: &Look<'_>, facts: &[FactLine]) -> Page {
    let (known, missing): (Vec<&FactLine>, Vec<&FactLine>) =
        facts.iter().partition(|fact| !fact.values.is_empty());
    let choices = facts.iter().filter(|fact| fact.source != Origin::Case);
    let at = path(&["cases", look.id.as_str(), "facts"]);
    Page {
        title: "Facts".to_owned(),
        head: head(look, "facts"),
        choices: choices.map(|fact| view(look, fact)).collect(),
        known: known.into_iter().map(|fact| view(look, fact)).collect(),
        missing: missing.into_iter().map(|fact| view(look, fact)).collect(),
        withdraw: format!("{at}/withdraw"),
        action: at,
    }
}

/// What the form of a fact says.
#[derive(Debug, Deserialize)]
pub(super) struct Said {
    #[serde(default)]
    key: String,
    #[serde(default)]
    value: String,
    #[serde(default)]
    de: String,
    #[serde(default)]
    pt: String,
    #[serde(default)]
    standing: String,
    /// Ids, with spaces, commas or lines between.
    #[serde(default)]
    evidence: String,
    #[serde(default)]
    note: String,
}

impl Said {
    fn statement(self) -> Result<Statement> {
        let standing = match self.standing.as_str() {
            "fact" => Standing::Fact,
            "inference" => Standing::Inference,
            "suspicion" => Standing::Suspicion,
            _ => {
                return Err(
                    Fault::input("standing", "It was not said what this claims.")
                        .hint("choose fact, inference or suspicion"),
                );
            }
        };
        let ids = self.evidence.split([' ', ',', ';', '\n', '\r', '\t']);
        let ids: Result<Vec<EvidenceId>> =
            ids.filter(|id| !id.is_empty()).map(str::parse).collect();
        let words = |text: String| (!text.trim().is_empty()).then_some(text);
        Ok(Statement {
            key: self.key,
            value: self.value.replace("\r\n", "\n"),
            de: words(self.de.replace("\r\n", "\n")),
            pt: words(self.pt.replace("\r\n", "\n")),
            standing,
            evidence: ids?,
            note: self.note,
            apart: None,
        })
    }
}

pub(super) async fn record(
    State(web): State<Arc<Web>>,
    Path(id): Path<String>,
    Form(visit, said): Form<Said>,
) -> Response {
    let done = web
        .act(&visit, &id, Ability::Counsel, async move |desk| {
            desk.fact_record(said.statement()?).await.map(|_| ())
        })
        .await;
    let at = path(&["cases", &id, "facts"]);
    page::then(&web, &visit, done.map(|()| at))
}

/// What the form of a withdrawal says.
#[derive(Debug, Deserialize)]
pub(super) struct Back {
    #[serde(default)]
    key: String,
    #[serde(default)]
    reason: String,
}

pub(super) async fn withdraw(
    State(web): State<Arc<Web>>,
    Path(id): Path<String>,
    Form(visit, back): Form<Back>,
) -> Response {
    let done = web
        .act(&visit, &id, Ability::Counsel, async move |desk| {
            let why = reason(&back.reason)?;
            desk.fact_withdraw(&back.key, &why).await.map(|_| ())
        })
        .await;
    let at = path(&["cases", &id, "facts"]);
    page::then(&web, &visit, done.map(|()| at))
}
