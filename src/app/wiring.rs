//! From the configuration to providers: the only place where their secrets are resolved.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::{App, Providers};
use crate::fault::{Fault, Result};
use crate::http::limit::Limit;
use crate::http::retry::Retry;
use crate::http::token::SigningKey;
use crate::providers::{github, okta};
use crate::settings::{self, secrets};

impl App {
    /// The configured providers.
    ///
    /// # Errors
    /// A secret cannot be had, or a credential is not one.
    pub fn providers(&self) -> Result<Providers> {
        let mut providers = Providers::new();
        if let Some(configured) = &self.settings.github {
            let limit = match configured.write_interval_ms {
                None => github::GitHub::pace()?,
                Some(apart) => Limit::with_writes_apart(
                    Duration::from_millis(20),
                    100,
                    github::SPEC.in_flight,
                    Duration::from_millis(apart),
                )?,
            };
            let provider = github::GitHub::new(
                self.github(configured)?,
                &limit,
                Retry::default(),
                &self.clock,
            )?;
            providers.insert("github".to_owned(), Arc::new(provider));
        }
        if let Some(configured) = &self.settings.okta {
            let provider = okta::Okta::new(self.okta(configured)?, Arc::clone(&self.clock))?;
            providers.insert("okta".to_owned(), Arc::new(provider));
        }
        Ok(providers)
    }

    fn protected_at(&self, provider: &str) -> Vec<String> {
        self.settings
            .protected
            .get(provider)
            .cloned()
            .unwrap_or_default()
    }

    fn github(&self, configured: &settings::GitHub) -> Result<github::Settings> {
        let mut settings = github::Settings::new(&configured.org)?;
        settings.enterprise.clone_from(&configured.enterprise);
        if let Some(base) = &configured.base_url {
            settings.base_url = address(base, "[github] base_url")?;
        }
        if let Some(app) = &configured.app {
            settings.app = Some(github::AppCredential {
                app_id: app.id,
                private_key: secrets::resolve(&app.key)?,
                installation_id: app.installation,
            });
        }
        settings.owner_token = configured
            .owner_token
            .as_ref()
            .map(secrets::resolve)
            .transpose()?;
        settings.protected = self.protected_at("github");
        if settings.app.is_none() && settings.owner_token.is_none() {
            return Err(
                Fault::input("config", "GitHub is configured without a credential.")
                    .at("[github]")
                    .hint("give app, owner_token, or better both"),
            );
        }
        Ok(settings)
    }

    fn okta(&self, configured: &settings::Okta) -> Result<okta::Settings> {
        let (credential_name, credential) = match (&configured.token, &configured.app) {
            (Some(token), None) => (
                "okta api token".to_owned(),
                okta::Credential::Ssws(secrets::resolve(token)?),
            ),
            (None, Some(app)) => {
                let key = SigningKey::from_pem(&secrets::resolve(&app.key)?, app.key_id.clone())?;
                (
                    format!("okta service app {}", app.client_id),
                    okta::Credential::ServiceApp {
                        client_id: app.client_id.clone(),
                        key,
                    },
                )
            }
            _ => {
                return Err(Fault::input("config", "Okta needs exactly one credential.")
                    .at("[okta]")
                    .hint("give either token or app"));
            }
        };
        Ok(okta::Settings {
            base_url: address(&configured.base_url, "[okta] base_url")?,
            credential_name,
            credential,
            protected: self.protected_at("okta"),
            limit: okta::default_limit()?,
            retry: Retry::default(),
        })
    }
}

fn address(text: &str, place: &str) -> Result<Url> {
    Url::parse(text).map_err(|error| {
        Fault::input("config", "This is not an address of the web.")
            .at(place)
            .caused_by(error)
    })
}
