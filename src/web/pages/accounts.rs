//! Which accounts are the person's: who may be meant, why, and which of them a person chose.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::head::{Head, head};
use crate::access::Ability;
use crate::fault::{Fault, Result};
use crate::id::CaseId;
use crate::provider::{Account, Candidate, Confidence};
use crate::web::desk::reason;
use crate::web::look::Look;
use crate::web::shown::{line, path, short};
use crate::web::visit::{Form, Visit};
use crate::web::{Web, page};

#[derive(Debug, Serialize)]
struct Page {
    title: &'static str,
    head: Head,
    chosen: Vec<AccountView>,
    providers: Vec<ProviderView>,
    /// Where a choice is sent to, for who may.
    choose: Option<String>,
    withdraw: String,
}

/// An account that counts as the person's.
#[derive(Debug, Serialize)]
struct AccountView {
    provider: String,
    /// Its id at the provider: what forms name, since a login may hide what it is.
    account: String,
    shown: String,
}

#[derive(Debug, Serialize)]
struct ProviderView {
    name: String,
    candidates: Vec<CandidateView>,
}

#[derive(Debug, Serialize)]
struct CandidateView {
    provider: String,
    /// Whether an account of the provider was chosen: another one has to be meant beside it.
    settled: bool,
    account: String,
    shown: String,
    confidence: &'static str,
    chosen: bool,
    reasons: Vec<(String, String)>,
    emails: String,
}

/// The path of the page.
pub(super) fn at(case: &CaseId) -> String {
    path(&["cases", case.as_str(), "accounts"])
}

pub(super) async fn show(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path(id): Path<String>,
) -> Response {
    let made = web.look(&visit, &id, Ability::SeeEvidence, page_of).await;
    page::answered(&web, &visit, "accounts", made)
}

#[expect(clippy::unnecessary_wraps, reason = "the form that a look asks for")]
fn page_of(look: &Look<'_>) -> Result<Page> {
    let id = look.id.as_str();
    let chosen = look.state.accounts.iter().map(|account| AccountView {
        provider: account.provider.clone(),
        account: account.id.clone(),
        shown: at_provider(account),
    });
    let providers = look.state.candidates.iter();
    let providers = providers.filter(|(_, candidates)| !candidates.is_empty());
    Ok(Page {
        title: "Accounts",
        head: head(look, "accounts"),
        chosen: chosen.collect(),
        providers: providers
            .map(|(name, candidates)| ProviderView {
                name: name.clone(),
                candidates: candidates.iter().map(|one| view(look, one)).collect(),
            })
            .collect(),
        choose: look
            .may(Ability::Work)
            .then(|| path(&["cases", id, "accounts", "choose"])),
        withdraw: path(&["cases", id, "accounts", "withdraw"]),
    })
}

fn at_provider(account: &Account) -> String {
    format!("{} at {}", short(&account.login), short(&account.provider))
}

fn view(look: &Look<'_>, candidate: &Candidate) -> CandidateView {
    let account = &candidate.account;
    let evidence =
        |id: &crate::id::EvidenceId| path(&["cases", look.id.as_str(), "evidence", id.as_str()]);
    let reasons = candidate.reasons.iter();
    let mut chosen = look.state.accounts.iter();
    CandidateView {
        settled: chosen.any(|one| one.provider == account.provider),
        provider: account.provider.clone(),
        account: account.id.clone(),
        shown: at_provider(account),
        confidence: match candidate.confidence() {
            Confidence::Confirmed => "confirmed by a provider",
            Confidence::Likely => "likely",
            Confidence::Weak => "weak: only something similar",
        },
        chosen: look.state.accounts.contains(account),
        reasons: reasons
            .map(|one| (line(&one.why), evidence(&one.evidence)))
            .collect(),
        emails: line(&candidate.emails.join(", ")),
    }
}

/// What the forms of the page say.
#[derive(Debug, Deserialize)]
pub(super) struct Said {
    #[serde(default)]
    provider: String,
    #[serde(default)]
    account: String,
    #[serde(default)]
    also: String,
    #[serde(default)]
    reason: String,
}

pub(super) async fn take(
    State(web): State<Arc<Web>>,
    Path((id, act)): Path<(String, String)>,
    Form(visit, said): Form<Said>,
) -> Response {
    let done = taken(&web, &visit, id, act, said).await;
    page::then(&web, &visit, done)
}

async fn taken(
    web: &Arc<Web>,
    visit: &Visit,
    id: String,
    act: String,
    said: Said,
) -> Result<String> {
    web.act(visit, &id, Ability::Work, async move |desk| {
        let why = reason(&said.reason)?;
        match act.as_str() {
            "choose" => {
                let also = said.also == "yes";
                let login = desk.log.read(|state| {
                    let mut all = state.candidates.get(&said.provider)?.iter();
                    let found = all.find(|one| one.account.id == said.account)?;
                    Some(found.account.login.clone())
                });
                let login = login.ok_or_else(|| {
                    Fault::input("no-candidate", "This account is none of the candidates.")
                        .hint("go back, and choose one that the page shows")
                })?;
                desk.choose(&said.provider, &login, &why, also).await?;
            }
            "withdraw" => {
                desk.withdraw(&said.provider, &said.account, &why).await?;
            }
            _ => return Err(Fault::input("no-page", "There is no such page.")),
        }
        Ok(at(desk.log.case()))
    })
    .await
}
