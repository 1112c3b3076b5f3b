//! The person under review, by what the company itself knows of them.

use serde::{Deserialize, Serialize};

use super::alias::{compared, folded};

/// What a case knows of the account holder. Only keys that the company or a provider assigned:
/// nationality, place of birth, language, photo and the like have no field and never get one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// The worker id of the HR system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker_id: Option<String>,
    /// Work addresses, as HR gives them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub emails: Vec<String>,
    /// What HR calls the person: shown, and no account is matched on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Accounts that an operator named: provider and login.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<KnownAccount>,
}

impl Subject {
    /// Puts what a person says into `other`, which a message brought: words replace, lists grow.
    pub fn complete(self, other: &mut Self) {
        if self.worker_id.is_some() {
            other.worker_id = self.worker_id;
        }
        if self.display_name.is_some() {
            other.display_name = self.display_name;
        }
        for email in self.emails {
            if !other.emails.contains(&email) {
                other.emails.push(email);
            }
        }
        other.accounts.extend(self.accounts);
    }

    /// By what the person is known, as it is compared: logins, addresses, the name, the worker id.
    pub fn names(&self) -> impl Iterator<Item = String> {
        compared(&self.display_name).chain(self.keys())
    }

    /// All that is known of the person, in one line. Hostile text.
    pub fn in_words(&self) -> String {
        let at = |known: &KnownAccount| format!("{} at {}", known.login, known.provider);
        let named = self.display_name.iter().chain(&self.worker_id).cloned();
        let named = named.chain(self.emails.iter().cloned());
        let all: Vec<String> = named.chain(self.accounts.iter().map(at)).collect();
        all.join(", ")
    }

    /// By which keys the person is known that somebody assigned, as they are compared: whatever is known
    /// but the name.
    pub fn keys(&self) -> impl Iterator<Item = String> {
        let logins = self.accounts.iter().map(|account| &account.login);
        compared(logins.chain(&self.worker_id).chain(&self.emails))
    }

    /// Every address of the person, as it is compared: those that are given, and each login that is one,
    /// as it is at a provider where people sign in with their address.
    pub fn addresses(&self) -> impl Iterator<Item = String> {
        let logins = compared(self.accounts.iter().map(|account| &account.login));
        compared(&self.emails).chain(logins.filter(|login| login.contains('@')))
    }

    /// Whether nothing says who it is; a name alone never does.
    pub fn names_nobody(&self) -> bool {
        self.keys().next().is_none()
    }
}

/// An account that a person named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KnownAccount {
    /// `github`.
    pub provider: String,
    /// The login or address there.
    pub login: String,
}

impl KnownAccount {
    /// Whether it is the login of a provider, as both are compared.
    pub fn is_login(&self, provider: &str, login: &str) -> bool {
        folded(&self.provider) == folded(provider) && folded(&self.login) == folded(login)
    }
}
