//! Finding the accounts of the subject: evidence decides, and where it does not, a person does.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;

use super::Providers;
use super::call::bounded;
use crate::case::event::{Actor, Event};
use crate::case::log::CaseLog;
use crate::case::state::CaseState;
use crate::fault::Result;
use crate::http::Witness;
use crate::provider::{Account, Candidate, Confidence, Cx};

/// Who the subject is at one provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    /// One account, confirmed by the provider or the identity provider; chosen.
    Chosen(Account),
    /// Accounts that were chosen before; nothing was changed.
    Known(Vec<Account>),
    /// A person has to choose, or to say that none is the subject's.
    Ask(Vec<Candidate>),
    /// No account.
    Nobody,
    /// It could not be found out.
    Failed(String),
}

/// Asks every provider, all at once and each within `deadline`, which accounts may be the subject's.
///
/// An account is chosen without a person only when it is confirmed, no other candidate of that
/// provider is likely, nothing was chosen there before, and no person took it back.
///
/// # Errors
/// The case log cannot be written. A provider that fails is a finding, not an error.
pub async fn resolve(
    log: &CaseLog,
    providers: &Providers,
    witness: &Arc<dyn Witness>,
    deadline: Duration,
) -> Result<Vec<(String, Resolved)>> {
    let subject = log.read(|state| state.subject.clone());
    let subject = &subject;
    let asks = providers.iter().map(|(name, provider)| async move {
        let cx = Cx {
            witness: &**witness,
            clock: &**log.clock(),
        };
        let found = bounded(deadline, provider.resolve(subject, cx)).await;
        let resolved = match found {
            Err(miss) => Resolved::Failed(format!("{miss}.")),
            Ok(candidates) => record(log, name, candidates).await?,
        };
        Ok((name.clone(), resolved))
    });
    join_all(asks).await.into_iter().collect()
}

async fn record(log: &CaseLog, provider: &str, found: Vec<Candidate>) -> Result<Resolved> {
    let mut resolved = Resolved::Nobody;
    log.append_if(&Actor::Engine, Vec::new(), |state| {
        let candidates = sift(state, provider, found);
        resolved = decide(state, provider, &candidates);
        let mut events = vec![Event::IdentityCandidates {
            provider: provider.to_owned(),
            candidates: candidates.clone(),
        }];
        if let Resolved::Chosen(account) = &resolved {
            let reasons = (candidates.iter())
                .filter(|candidate| candidate.account == *account)
                .flat_map(|candidate| &candidate.reasons);
            let (why, evidence): (Vec<_>, Vec<_>) = reasons
                .map(|reason| (reason.why.as_str(), reason.evidence.clone()))
                .unzip();
            events.push(Event::IdentityChosen {
                account: account.clone(),
                reason: format!("The only likely account, and confirmed: {}", why.join(" ")),
                evidence,
            });
        }
        Ok(events)
    })
    .await?;
    Ok(resolved)
}

/// Reasons without evidence that the case holds do not count.
fn sift(state: &CaseState, provider: &str, found: Vec<Candidate>) -> Vec<Candidate> {
    let own = |candidate: &Candidate| candidate.account.provider == provider;
    found
        .into_iter()
        .filter(own)
        .map(|mut candidate| {
            let held = &state.evidence;
            candidate
                .reasons
                .retain(|reason| held.contains_key(&reason.evidence));
            candidate
        })
        .filter(|candidate| !candidate.reasons.is_empty())
        .collect()
}

fn decide(state: &CaseState, provider: &str, candidates: &[Candidate]) -> Resolved {
    let chosen: Vec<_> = (state.accounts.iter())
        .filter(|account| account.provider == provider)
        .cloned()
        .collect();
    if !chosen.is_empty() {
        return Resolved::Known(chosen);
    }
    let mut likely =
        (candidates.iter()).filter(|candidate| candidate.confidence() >= Confidence::Likely);
    match (likely.next(), likely.next()) {
        (Some(one), None)
            if one.confidence() == Confidence::Confirmed
                && !state.withdrawn.contains(&one.account)
                && state.is_nobody_elses(&one.account, &one.emails).is_ok() =>
        {
            Resolved::Chosen(one.account.clone())
        }
        _ if candidates.is_empty() => Resolved::Nobody,
        _ => Resolved::Ask(candidates.to_vec()),
    }
}
