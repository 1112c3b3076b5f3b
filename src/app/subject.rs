//! Accounts, doors and trails of the person under review. Reads only.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use serde::Serialize;

use super::desk::Desk;
use crate::case::event::Event;
use crate::case::state::CaseState;
use crate::case::subject::{KnownAccount, Subject};
use crate::fault::{Fault, Result};
use crate::http::Witness;
use crate::id::CaseId;
use crate::provider::{Account, Candidate, Check, Confidence, Cx};
use crate::run::{self, Resolved};

/// How long an inventory may take at one provider: containment does not wait for a slow list.
const TIME_BOX: Duration = Duration::from_secs(90);

impl Desk {
    /// Keeps what the operator said of the person when the case was opened.
    pub(super) async fn keep_opening(&self) -> Result<()> {
        let bytes = self
            .log
            .read(|state| crate::canon::canonical(&state.subject))?;
        let title = "What the case was opened on: the words of whoever opened it";
        self.recorder
            .keep_file("opening.json", "application/json", bytes.into(), title)
            .await
            .map(|_| ())
    }

    /// Looks for the accounts of the person. Answers the providers at which none was settled, and why.
    ///
    /// # Errors
    /// No provider is configured, or the log cannot be written.
    pub async fn resolve(&self) -> Result<Vec<(String, Resolved)>> {
        if self.providers.is_empty() {
            return Err(Fault::input("no-provider", "No provider is configured.")
                .hint("`cordon init` says what is missing"));
        }
        let witness: Arc<dyn Witness> = Arc::clone(&self.recorder) as _;
        let resolved = run::resolve(&self.log, &self.providers, &witness, TIME_BOX).await?;
        let undecided = resolved
            .into_iter()
            .filter(|(_, end)| !matches!(end, Resolved::Chosen(_) | Resolved::Known(_)));
        Ok(undecided.collect())
    }

    /// A person chooses the account at a provider from the candidates. One that was chosen before is
    /// left as it is. Another one beside it has to be meant: `also`.
    ///
    /// # Errors
    /// The login is none of the candidates, or is on the protected list; another account of the
    /// provider was chosen before.
    pub async fn choose(
        &self,
        provider: &str,
        login: &str,
        reason: &str,
        also: bool,
    ) -> Result<Choice> {
        let case = self.log.case();
        let mut choice = None;
        let decide = |state: &CaseState| {
            let candidate = candidate(state, case, provider, login)?;
            let account = candidate.account.clone();
            let new = !state.accounts.contains(&account);
            choice = Some(Choice {
                account: account.clone(),
                new,
            });
            if !new {
                return Ok(Vec::new());
            }
            let mut others = state.accounts.iter().filter(|one| one.provider == provider);
            if let Some(other) = others.find(|_| !also) {
                return Err(another(case, other));
            }
            if candidate.confidence() == Confidence::Weak && reason.trim().is_empty() {
                return Err(Fault::input("reason", "A weak candidate needs a reason."));
            }
            let evidence = candidate.reasons.iter().map(|one| one.evidence.clone());
            Ok(vec![Event::IdentityChosen {
                account,
                reason: reason.to_owned(),
                evidence: evidence.collect(),
            }])
        };
        self.log.append_if(&self.by, Vec::new(), decide).await?;
        choice.ok_or_else(|| Fault::failed("choose", "Nothing was chosen."))
    }

    /// A person takes back an account that was chosen: it and its doors are no part of the case any
    /// more. A waiting run that works on it is set aside with it. `name` is its login or its id.
    ///
    /// # Errors
    /// No such account was chosen, or a step has touched one of its doors.
    pub async fn withdraw(&self, provider: &str, name: &str, reason: &str) -> Result<Account> {
        let _acting = self.log.engage()?;
        let case = self.log.case();
        let mut withdrawn = None;
        let decide = |state: &CaseState| {
            let mut chosen = state.accounts.iter().filter(|one| one.provider == provider);
            let account = chosen
                .find(|one| one.login == name || one.id == name)
                .cloned()
                .ok_or_else(|| {
                    Fault::input("no-account", "No such account was chosen in this case.")
                        .at(format!("{provider}: {}", name.escape_debug()))
                        .hint(format!("see them with `cordon inventory {case}`"))
                })?;
            if state.is_touched(&account) {
                let what = "A step has touched a door of this account, so it stays in the case.";
                return Err(Fault::input("account-touched", what)
                    .at(account.login.escape_debug())
                    .hint(format!(
                        "open its doors again first: cordon undo {case} DOOR… --reason …"
                    )));
            }
            let mut events = Vec::new();
            if state.works_on(&account) {
                events.push(run::setting_aside(state, "an account was withdrawn")?);
            }
            events.push(Event::IdentityWithdrawn {
                account: account.clone(),
                reason: reason.to_owned(),
            });
            withdrawn = Some(account);
            Ok(events)
        };
        self.log.append_if(&self.by, Vec::new(), decide).await?;
        withdrawn.ok_or_else(|| Fault::failed("withdraw", "Nothing was withdrawn."))
    }

    /// Reads the doors of the chosen accounts, all at once, each within 90 s.
    ///
    /// # Errors
    /// No account was chosen, or the log cannot be written. A provider that fails is a finding.
    pub async fn inventory(&self) -> Result<Vec<run::Looked>> {
        let accounts = self.log.read(|state| state.accounts.clone());
        let witness: Arc<dyn Witness> = Arc::clone(&self.recorder) as _;
        let looked =
            run::inventory(&self.log, &self.providers, &witness, &accounts, TIME_BOX).await?;
        self.propose_clocks().await?;
        Ok(looked)
    }

    /// Probes every door of the case again.
    ///
    /// # Errors
    /// The log cannot be written.
    pub async fn verify(&self) -> Result<Vec<run::Look>> {
        let witness: Arc<dyn Witness> = Arc::clone(&self.recorder) as _;
        let doors = self.log.read(|state| {
            state
                .doors
                .values()
                .map(|record| record.door.id.clone())
                .collect::<Vec<_>>()
        });
        run::verify(&self.log, &self.providers, &witness, Some(&doors)).await
    }

    /// Reads every trail of the chosen accounts to the end, the most perishable first.
    ///
    /// # Errors
    /// The log cannot be written. A trail that cannot be read is a gap, not an error.
    pub async fn snapshot(&self, window_days: u32) -> Result<()> {
        let accounts = self.log.read(|state| state.accounts.clone());
        let witness: Arc<dyn Witness> = Arc::clone(&self.recorder) as _;
        run::save_trails(&self.log, &self.providers, &witness, &accounts, window_days).await
    }

    /// Checks every credential against the person of this case; the answers are evidence.
    ///
    /// # Errors
    /// A provider cannot be checked at all.
    pub async fn check(&self) -> Result<Vec<Check>> {
        let subject = self.log.read(known);
        let cx = Cx {
            witness: &*self.recorder,
            clock: &**self.log.clock(),
        };
        let checks = join_all(
            self.providers
                .values()
                .map(|provider| provider.check(Some(&subject), cx)),
        )
        .await;
        Ok(checks
            .into_iter()
            .collect::<Result<Vec<_>>>()?
            .into_iter()
            .flatten()
            .collect())
    }
}

/// What came of choosing an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Choice {
    /// The account.
    #[serde(flatten)]
    pub account: Account,
    /// Whether it was not chosen before.
    pub new: bool,
}

/// The candidate of that login, when it may be chosen.
fn candidate(state: &CaseState, case: &CaseId, provider: &str, login: &str) -> Result<Candidate> {
    let candidates = state.candidates.get(provider).into_iter().flatten();
    let candidate = candidates
        .filter(|candidate| candidate.account.login == login)
        .max_by_key(|candidate| candidate.confidence())
        .ok_or_else(|| {
            Fault::input("no-candidate", "This login is none of the candidates.")
                .at(format!("{provider}: {}", login.escape_debug()))
                .hint(format!("see them with `cordon inventory {case}`"))
        })?;
    let protected = format!("{provider}:{login}");
    let listed = |entry: &String| {
        entry.eq_ignore_ascii_case(&protected)
            || entry.eq_ignore_ascii_case(&format!("{provider}:{}", candidate.account.id))
    };
    if state.protected.iter().any(listed) {
        return Err(
            Fault::input("protected", "This account is on the protected list.").at(protected),
        );
    }
    state
        .is_nobody_elses(&candidate.account, &candidate.emails)
        .map_err(|why| {
            Fault::input("account-of-lead", format!("This cannot be chosen: {why}."))
                .hint(format!("see them with `cordon case leads {case}`"))
        })?;
    Ok(candidate.clone())
}

fn another(case: &CaseId, chosen: &Account) -> Fault {
    let Account {
        provider, login, ..
    } = chosen;
    let login = login.escape_debug();
    let what = "Another account of this provider was chosen before.";
    Fault::input("account-chosen", what)
        .at(format!("{provider}: {login}"))
        .hint("if both are theirs, say so with --also")
        .hint(format!(
            "if that one is not, take it back: cordon case withdraw {case} {provider} {login} --reason …"
        ))
}

/// The person as the case knows them by now: the accounts that were settled are theirs as much as
/// those that were given.
pub(super) fn known(state: &CaseState) -> Subject {
    let mut subject = state.subject.clone();
    let settled = state.accounts.iter().map(|account| KnownAccount {
        provider: account.provider.clone(),
        login: account.login.clone(),
    });
    subject.accounts.extend(settled);
    subject
}
