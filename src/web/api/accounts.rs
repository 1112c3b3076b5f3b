//! The accounts of the person: who may be meant at each provider, and which of them a person chose.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Operation;
use super::asked::{Asked, Paged, said};
use crate::access::Ability;
use crate::app::subject::Choice;
use crate::fault::Result;
use crate::provider::{Account, Candidate, Confidence};

/// The longest reason that is taken, characters.
const REASON: usize = 1000;

/// An account that may be the person's.
#[derive(Debug, Serialize, JsonSchema)]
struct Possible {
    /// The account and every reason. Hostile where it quotes.
    #[serde(flatten)]
    candidate: Candidate,
    /// The surest reason.
    confidence: Confidence,
    /// Whether it counts as the person's in this case.
    chosen: bool,
    /// What names it in a list.
    #[serde(skip)]
    key: String,
}

/// An account to choose.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Choose {
    /// The provider.
    provider: String,
    /// The login of one of the candidates.
    login: String,
    /// Why this one; it stands in the log.
    #[schemars(length(min = 1, max = 1000))]
    reason: String,
    /// The person has this account beside one of the same provider that was chosen before.
    #[serde(default)]
    also: bool,
}

/// An account to take back.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Withdraw {
    /// The provider.
    provider: String,
    /// The login or the id of an account that was chosen.
    account: String,
    /// Why; it stands in the log.
    #[schemars(length(min = 1, max = 1000))]
    reason: String,
}

pub(super) fn operations() -> Vec<Operation> {
    use Ability::{SeeEvidence, Work};
    vec![
        Operation::get::<Paged<Possible>>(
            "/cases/{case}/candidates",
            "list_candidates",
            "Every account that may be the person's, why, and whether it was chosen.",
            SeeEvidence,
            list,
        )
        .paged(),
        Operation::post::<Choose, Choice>(
            "/cases/{case}/accounts",
            "choose_account",
            "Choose the account of the person at a provider among the candidates.",
            Work,
            |asked| Box::pin(choose(asked)),
        ),
        Operation::post::<Withdraw, Account>(
            "/cases/{case}/accounts/withdraw",
            "withdraw_account",
            "Take a chosen account back: it and its doors are no part of the case any more.",
            Work,
            |asked| Box::pin(withdraw(asked)),
        ),
    ]
}

fn list(asked: &Asked) -> Result<Value> {
    let state = asked.state(Ability::SeeEvidence)?;
    // An account may be found twice, for one reason after the other: they are counted.
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let candidates = state.candidates.values().flatten();
    let all: Vec<Possible> = candidates
        .map(|candidate| {
            let Account { provider, id, .. } = &candidate.account;
            let account = format!("{provider}\u{1f}{id}");
            let times = seen.entry(account.clone()).or_default();
            *times += 1;
            Possible {
                key: format!("{account}\u{1f}{times}"),
                confidence: candidate.confidence(),
                chosen: state.accounts.contains(&candidate.account),
                candidate: candidate.clone(),
            }
        })
        .collect();
    asked.page(&all, |one| one.key.clone())
}

async fn choose(asked: Asked) -> Result<Value> {
    let wanted: Choose = asked.body()?;
    let reason = said("reason", &wanted.reason, REASON)?;
    let desk = asked.desk(Ability::Work)?;
    let choice = desk
        .choose(&wanted.provider, &wanted.login, reason, wanted.also)
        .await?;
    desk.finish().await?;
    Ok(json!(choice))
}

async fn withdraw(asked: Asked) -> Result<Value> {
    let wanted: Withdraw = asked.body()?;
    let reason = said("reason", &wanted.reason, REASON)?;
    let desk = asked.desk(Ability::Work)?;
    let account = desk
        .withdraw(&wanted.provider, &wanted.account, reason)
        .await?;
    desk.finish().await?;
    Ok(json!(account))
}
