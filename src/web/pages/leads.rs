//! Whom a case may be about too: recorded by who leads it, kept out, and left alone.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::head::{Head, head};
use crate::access::Ability;
use crate::case::state::LeadRecord;
use crate::case::subject::{KnownAccount, Subject};
use crate::fault::{Fault, Result};
use crate::id::{CaseId, LeadId};
use crate::providers::SPECS;
use crate::web::desk::{Why, reason};
use crate::web::look::Look;
use crate::web::shown::{When, line, path};
use crate::web::visit::{Form, Visit};
use crate::web::{Web, page};

#[derive(Debug, Serialize)]
struct Page {
    title: &'static str,
    head: Head,
    leads: Vec<LeadView>,
    /// Every provider that Cordon knows.
    providers: Vec<&'static str>,
    /// Where a new one is recorded, for who leads the case.
    action: Option<String>,
}

#[derive(Debug, Serialize)]
struct LeadView {
    name: String,
    who: String,
    why: String,
    by: String,
    recorded: When,
    /// Why it came to nothing.
    dismissed: Option<String>,
    /// Where it is dismissed, while it stands and for who may.
    dismiss: Option<String>,
}

/// The path of the page.
pub(super) fn at(case: &CaseId) -> String {
    path(&["cases", case.as_str(), "leads"])
}

pub(super) async fn show(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path(id): Path<String>,
) -> Response {
    let made = web.look(&visit, &id, Ability::SeeEvidence, page_of).await;
    page::answered(&web, &visit, "leads", made)
}

#[expect(clippy::unnecessary_wraps, reason = "the form that a look asks for")]
fn page_of(look: &Look<'_>) -> Result<Page> {
    let leads = look.may(Ability::Lead);
    Ok(Page {
        title: "Who else",
        head: head(look, "leads"),
        leads: look.state.leads.iter().map(|one| view(look, one)).collect(),
        providers: SPECS.iter().map(|spec| spec.name).collect(),
        action: leads.then(|| at(look.id)),
    })
}

fn view(look: &Look<'_>, lead: &LeadRecord) -> LeadView {
    let may = lead.dismissed.is_none() && look.may(Ability::Lead);
    LeadView {
        name: lead.lead.to_string(),
        who: line(&lead.person.in_words()),
        why: line(&lead.reason),
        by: line(&lead.by.to_string()),
        recorded: look.words.when(lead.at),
        dismissed: lead.dismissed.as_deref().map(line),
        dismiss: may.then(|| {
            let parts = [
                "cases",
                look.id.as_str(),
                "leads",
                lead.lead.as_str(),
                "dismiss",
            ];
            path(&parts)
        }),
    }
}

/// What the form of a new lead says.
#[derive(Debug, Deserialize)]
pub(super) struct Said {
    #[serde(default)]
    email: String,
    #[serde(default)]
    worker: String,
    #[serde(default)]
    provider: String,
    #[serde(default)]
    login: String,
    #[serde(default)]
    reason: String,
}

impl Said {
    fn subject(&self) -> Subject {
        let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let account = given(&self.login).map(|login| KnownAccount {
            provider: self.provider.clone(),
            login,
        });
        Subject {
            worker_id: given(&self.worker),
            emails: given(&self.email).into_iter().collect(),
            display_name: None,
            accounts: account.into_iter().collect(),
        }
    }
}

pub(super) async fn record(
    State(web): State<Arc<Web>>,
    Path(id): Path<String>,
    Form(visit, said): Form<Said>,
) -> Response {
    let done = web
        .act(&visit, &id, Ability::Lead, async move |desk| {
            let person = said.subject();
            desk.record_lead(person, &reason(&said.reason)?).await?;
            Ok(at(desk.log.case()))
        })
        .await;
    page::then(&web, &visit, done)
}

pub(super) async fn dismiss(
    State(web): State<Arc<Web>>,
    Path((id, lead)): Path<(String, String)>,
    Form(visit, why): Form<Why>,
) -> Response {
    let done = web
        .act(&visit, &id, Ability::Lead, async move |desk| {
            let lead: LeadId = lead.parse().map_err(|_| {
                Fault::input("no-lead", "There is no such lead.")
                    .hint("go back, and choose one that the page shows")
            })?;
            desk.dismiss_lead(&lead, &why.said()?).await?;
            Ok(at(desk.log.case()))
        })
        .await;
    page::then(&web, &visit, done)
}
