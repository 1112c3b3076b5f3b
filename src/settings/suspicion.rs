//! `[suspicion]` and `[[review]]`: what the restricted route may do, and which departures take it.

use std::path::Path;

use serde::Deserialize;

use super::Settings;
use super::webhook::{Route, Webhook};
use crate::fault::{Fault, Result};
use crate::intake::employment::Review;
use crate::playbook::{self, Period};
use crate::secret::ExposeSecret;

/// What begins by itself when a case is opened on the route `suspicion`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suspicion {
    /// Whether doors wait for a gate.
    #[serde(default)]
    pub contain: Contain,
    /// A playbook of your own in place of the shipped one: a name, or the path of a file.
    pub playbook: Option<String>,
    /// How long people have to ratify what was closed before they decided, in place of what the
    /// playbook says.
    pub ratify_within: Option<Period>,
}

/// Whether doors wait for a gate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Contain {
    /// Nothing is closed before people decide.
    #[default]
    Gate,
    /// What undo restores is closed at once, and people ratify it in time; the rest waits for them.
    Now,
}

/// The shortest and the longest that people may be given to ratify, seconds.
const RATIFY: std::ops::RangeInclusive<u64> = 5 * 60..=24 * 3600;

impl Suspicion {
    /// A path that is not absolute is meant beside the configuration.
    pub(super) fn beside(&mut self, folder: &Path) {
        if let Some(name) = &mut self.playbook
            && playbook::shipped(name).is_none()
            && let Some(path) = folder.join(name.as_str()).to_str()
        {
            path.clone_into(name);
        }
    }

    fn check(&self, path: &Path) -> Result<()> {
        let Some(within) = self.ratify_within else {
            return Ok(());
        };
        let bad = |what: &str| Fault::input("config", what.to_owned()).at(path.display());
        if self.contain != Contain::Now {
            let what =
                "`ratify_within` of [suspicion] says nothing while everything waits for a gate.";
            return Err(
                bad(what).hint("it goes with `contain = \"now\"`: set that, or leave it away")
            );
        }
        if !RATIFY.contains(&within.as_seconds()) {
            let what = format!("`ratify_within` of [suspicion] is {}.", within.words());
            return Err(bad(&what).hint("give people from 5 minutes to 24 hours, such as `30m`"));
        }
        Ok(())
    }

    /// The playbook that a case of the route begins with.
    pub fn playbook(&self) -> &str {
        let shipped = match self.contain {
            Contain::Gate => "terminated-contractor",
            Contain::Now => "contain-now",
        };
        self.playbook.as_deref().unwrap_or(shipped)
    }
}

/// The webhook of the ordinary route that names a secret of `webhook` too, when that is restricted.
pub(super) fn shares<'a>(webhook: &Webhook, all: &'a [Webhook]) -> Option<&'a Webhook> {
    if webhook.route != Route::Suspicion {
        return None;
    }
    let mut ordinary = all.iter().filter(|other| other.route != Route::Suspicion);
    ordinary.find(|other| {
        let mut theirs = other.secrets.iter();
        theirs.any(|secret| webhook.secrets.contains(secret))
    })
}

/// Checks what begins by itself, and the rules; every problem of the rules at once.
///
/// # Errors
/// What cannot be; one fault with a line for each problem of the rules.
pub(super) fn check(suspicion: &Suspicion, reviews: &[Review], path: &Path) -> Result<()> {
    suspicion.check(path)?;
    let problems = reviews.iter().filter_map(|rule| {
        let name = rule.name.escape_debug();
        Some(format!("[[review]] `{name}`: {}", rule.problem()?))
    });
    let mut problems = problems.peekable();
    if problems.peek().is_none() {
        return Ok(());
    }
    let fault = Fault::input("config", "A rule of review is not right.").at(path.display());
    Err(problems.fold(fault, Fault::hint))
}

impl Settings {
    /// Compares what the references of restricted senders and of ordinary ones lead to: two names of
    /// one secret would let anybody in HR raise a review. Resolves nothing where no sender is
    /// restricted.
    ///
    /// # Errors
    /// A secret of both routes, or one that cannot be had.
    pub fn keep_routes_apart(&self) -> Result<()> {
        let (restricted, ordinary): (Vec<_>, Vec<_>) =
            (self.webhooks.iter()).partition(|webhook| webhook.route == Route::Suspicion);
        if restricted.is_empty() {
            return Ok(());
        }
        let mut known = Vec::new();
        for webhook in &ordinary {
            for secret in webhook.resolved()? {
                known.push((bare(secret.expose_secret()).to_owned(), &webhook.name));
            }
        }
        for webhook in &restricted {
            for secret in webhook.resolved()? {
                let secret = bare(secret.expose_secret());
                if let Some((_, other)) = known.iter().find(|(other, _)| other == secret) {
                    let what = "A restricted sender and an ordinary one have the same secret.";
                    return Err(Fault::input("config", what)
                        .at(format!("[[webhook]] `{}` and `{}`", webhook.name, other))
                        .hint("make a secret for the route `suspicion` that nobody else has"));
                }
            }
        }
        Ok(())
    }
}

/// A secret without the prefix and the padding that may be left away.
fn bare(secret: &str) -> &str {
    let secret = secret.strip_prefix("whsec_").unwrap_or(secret);
    secret.trim_end_matches('=')
}
