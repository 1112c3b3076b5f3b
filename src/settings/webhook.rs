//! `[[webhook]]`: whom the daemon believes.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use jiff::tz::TimeZone;
use serde::Deserialize;
use url::Url;

use super::secrets;
use crate::fault::{Fault, Result};
use crate::intake::callback::{self, Callback};
use crate::intake::{self, DEPARTURE, KINDS, Options, Source, UNSIGNED, effective, generic};
use crate::secret::{SecretRef, SecretString};
use crate::time::Clock;

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
    /// The zone of times and dates that its messages give without one, by IANA name.
    pub zone: Option<String>,
    /// Where the record of a person is read, for kinds whose messages say too little.
    pub api: Option<Api>,
}

/// The API of an HR system. Its address never comes from a message.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Api {
    /// What the vendor's paths are put behind: `https://api.hr.example`.
    pub base_url: String,
    /// A token, a key, or `id:secret`, as the kind wants it.
    pub credential: SecretRef,
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
        let secrets = self.resolved()?;
        let options = Options {
            header: self.header.clone(),
            generic: self.generic.clone(),
            zone: self.zone()?,
        };
        intake::source(&self.kind, &secrets, &options).map_err(|fault| self.place(fault))
    }

    /// Its secrets.
    ///
    /// # Errors
    /// One of them cannot be had.
    pub(super) fn resolved(&self) -> Result<Vec<SecretString>> {
        let secrets = self.secrets.iter().map(secrets::resolve);
        let secrets: Result<_> = secrets.collect();
        secrets.map_err(|fault| self.place(fault))
    }

    /// What reads the record that a message points at, with its credential, where one is configured.
    ///
    /// # Errors
    /// The credential cannot be had or does not fit, or the address is none.
    pub fn callback(&self, clock: &Arc<dyn Clock>) -> Result<Option<Callback>> {
        let Some(api) = &self.api else {
            return Ok(None);
        };
        let base = Url::parse(&api.base_url).map_err(|error| {
            let what = "`base_url` is not an address of the web.";
            self.place(Fault::input("config", what).caused_by(error))
        })?;
        let credential = secrets::resolve(&api.credential).map_err(|fault| self.place(fault))?;
        Callback::new(&self.kind, &base, &credential, self.zone()?, clock)
            .map(Some)
            .map_err(|fault| self.place(fault))
    }

    fn zone(&self) -> Result<Option<TimeZone>> {
        let zone = self.zone.as_deref().map(effective::zone).transpose();
        zone.map_err(|fault| self.place(fault))
    }

    fn place(&self, fault: Fault) -> Fault {
        let inner = fault.place().map(|at| format!(", {at}"));
        let name = self.name.escape_debug();
        fault.at(format!("[[webhook]] `{name}`{}", inner.unwrap_or_default()))
    }

    /// What is wrong with it, without a look at its secrets.
    fn problem(&self) -> Option<&'static str> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if self.name.is_empty() || self.name.len() > 40 || !self.name.bytes().all(plain) {
            return Some("`name` becomes a part of the address: use up to 40 of a-z, 0-9 and -");
        }
        if !KINDS.contains(&self.kind.as_str()) {
            return Some(
                "`kind` is none of standard, generic, bamboohr, deel, finch, gusto, hibob, merge, okta, personio, successfactors",
            );
        }
        if self.secrets.is_empty() {
            return Some("`secrets` is empty: a message that nobody signed is never believed");
        }
        if (self.kind == "generic") != self.generic.is_some() {
            return Some("`[webhook.generic]` and the kind `generic` need each other");
        }
        let unsigned = UNSIGNED.contains(&self.kind.as_str());
        if self.header.is_some() && !unsigned {
            return Some("`header` belongs to the kinds okta, personio and successfactors");
        }
        if self.header.is_none() && self.kind == "personio" {
            return Some(
                "the kind `personio` needs `header`: which one carries the token is not documented",
            );
        }
        if unsigned && self.route == Route::Suspicion {
            return Some("this kind signs nothing: it cannot have the route `suspicion`");
        }
        if self.zone().is_err() {
            return Some("`zone` is not a time zone: use an IANA name such as `Europe/Berlin`");
        }
        let api = self.api.as_ref()?;
        if !callback::KINDS.contains(&self.kind.as_str()) {
            return Some("`[webhook.api]` is for bamboohr, finch, gusto, hibob and personio");
        }
        let url = Url::parse(&api.base_url).ok();
        (!url.is_some_and(|url| may_be_called(&url)))
            .then_some("`base_url` is not an https address without a name, a password or a query")
    }
}

/// HTTPS, or this machine; and nothing that is a secret.
fn may_be_called(url: &Url) -> bool {
    let here = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    let bare = url.username().is_empty() && url.password().is_none();
    let plain = url.query().is_none() && url.fragment().is_none();
    bare && plain && url.has_host() && (url.scheme() == "https" || url.scheme() == "http" && here)
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
        if let Some(other) = super::suspicion::shares(webhook, webhooks) {
            problems.push(format!("{place}: it shares a secret with `{}`, which anybody in HR can cause a message of; the route `suspicion` needs secrets of its own", other.name.escape_debug()));
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
