//! Accounts, doors and trails of the person under review. Reads only.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;

use super::desk::Desk;
use crate::case::event::Event;
use crate::case::state::CaseState;
use crate::case::subject::{KnownAccount, Subject};
use crate::fault::{Fault, Result};
use crate::http::Witness;
use crate::id::EvidenceId;
use crate::provider::{Account, Check, Confidence, Cx};
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

    /// A person chooses the account at a provider from the candidates.
    ///
    /// # Errors
    /// The login is none of the candidates, or is on the protected list.
    pub async fn choose(&self, provider: &str, login: &str, reason: &str) -> Result<Account> {
        let candidate = self
            .log
            .read(|state| {
                state
                    .candidates
                    .get(provider)?
                    .iter()
                    .find(|candidate| candidate.account.login == login)
                    .cloned()
            })
            .ok_or_else(|| {
                Fault::input("no-candidate", "This login is none of the candidates.")
                    .at(format!("{provider}: {}", login.escape_debug()))
                    .hint(format!(
                        "see them with `cordon inventory {}`",
                        self.log.case()
                    ))
            })?;
        let protected = format!("{provider}:{login}");
        let listed = |entry: &String| {
            entry.eq_ignore_ascii_case(&protected)
                || entry.eq_ignore_ascii_case(&format!("{provider}:{}", candidate.account.id))
        };
        if self.log.read(|state| state.protected.iter().any(listed)) {
            return Err(
                Fault::input("protected", "This account is on the protected list.").at(protected),
            );
        }
        if candidate.confidence() == Confidence::Weak && reason.trim().is_empty() {
            return Err(Fault::input("reason", "A weak candidate needs a reason."));
        }
        let evidence: Vec<EvidenceId> = candidate
            .reasons
            .iter()
            .map(|reason| reason.evidence.clone())
            .collect();
        let account = candidate.account;
        let event = Event::IdentityChosen {
            account: account.clone(),
            reason: reason.to_owned(),
            evidence,
        };
        self.log.append(&self.by, vec![event]).await?;
        Ok(account)
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
