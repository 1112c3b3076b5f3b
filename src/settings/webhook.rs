//! `[[webhook]]`: whom the daemon believes.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;

use super::secrets;
use crate::fault::{Fault, Result};
use crate::intake::{self, DEPARTURE, KINDS, Options, Source, generic};
use crate::secret::SecretRef;

/// A source of signed messages.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Its name: `POST /hooks/NAME`.
    pub name: String,
    /// Which scheme and vendor.
    pub kind: String,
    /// References to its secrets; two while one is being changed.
    pub secrets: Vec<SecretRef>,
    /// The route of cases that it opens.
    #[serde(default)]
    pub route: Route,
    /// The header that carries the secret, for kinds that sign nothing.
    pub header: Option<String>,
    /// The description of a source of the kind `generic`.
    pub generic: Option<generic::Scheme>,
}

/// What a case that a message opens is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Route {
    /// A quiet record of somebody leaving.
    #[default]
    Departure,
    /// A review of who the person is. Only for a restricted sender, never for an HR system at large.
    Suspicion,
}

impl Route {
    /// Its name in cases.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Departure => DEPARTURE,
            Self::Suspicion => "suspicion",
        }
    }
}

impl Webhook {
    /// The source, with its secrets.
    ///
    /// # Errors
    /// A secret cannot be had, or does not fit the kind.
    pub fn source(&self) -> Result<Arc<dyn Source>> {
        let place = |fault: Fault| {
            let inner = fault
                .place()
                .map(|at| format!(", {at}"))
                .unwrap_or_default();
            fault.at(format!("[[webhook]] `{}`{inner}", self.name.escape_debug()))
        };
        let secrets: Vec<_> = self
            .secrets
            .iter()
            .map(secrets::resolve)
            .collect::<Result<_>>()
            .map_err(place)?;
        let options = Options {
            header: self.header.clone(),
            generic: self.generic.clone(),
        };
        intake::source(&self.kind, &secrets, &options).map_err(place)
    }

    /// What is wrong with it, without a look at its secrets.
    fn problem(&self) -> Option<&'static str> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if self.name.is_empty() || self.name.len() > 40 || !self.name.bytes().all(plain) {
            return Some("`name` becomes a part of the address: use up to 40 of a-z, 0-9 and -");
        }
        if !KINDS.contains(&self.kind.as_str()) {
            return Some(
                "`kind` is none of standard, generic, bamboohr, deel, finch, gusto, hibob, merge, okta",
            );
        }
        if self.secrets.is_empty() {
            return Some("`secrets` is empty: a message that nobody signed is never believed");
        }
        if (self.kind == "generic") != self.generic.is_some() {
            return Some("`[webhook.generic]` and the kind `generic` need each other");
        }
        if self.header.is_some() && self.kind != "okta" {
            return Some("`header` belongs to the kind `okta`");
        }
        (self.kind == "okta" && self.route == Route::Suspicion)
            .then_some("the kind `okta` signs nothing: it cannot have the route `suspicion`")
    }
}

/// Checks what can be checked without secrets; every problem at once.
///
/// # Errors
/// One fault with a line for each problem.
pub(super) fn check(webhooks: &[Webhook], path: &Path) -> Result<()> {
    let mut names = BTreeSet::new();
    let mut problems = Vec::new();
    for (number, webhook) in webhooks.iter().enumerate() {
        let place = format!(
            "[[webhook]] {} `{}`",
            number + 1,
            webhook.name.escape_debug()
        );
        if let Some(problem) = webhook.problem() {
            problems.push(format!("{place}: {problem}"));
        }
        if !names.insert(&webhook.name) {
            problems.push(format!("{place}: another webhook has this name"));
        }
    }
    if problems.is_empty() {
        return Ok(());
    }
    let what = if problems.len() == 1 {
        "A webhook is not configured right."
    } else {
        "Webhooks are not configured right."
    };
    let fault = Fault::input("config", what).at(path.display());
    Err(problems.into_iter().fold(fault, Fault::hint))
}
