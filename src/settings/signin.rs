//! `[signin]`: where people open the pages, and the company's identity provider.

use std::collections::BTreeMap;
use std::path::Path;

use http::HeaderName;
use serde::Deserialize;
use url::Url;

use super::serve::Serve;
use crate::case::event::Person;
use crate::fault::{Fault, Result};
use crate::secret::SecretRef;

/// How people sign in.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// The address that people open, as `[serve]` says it; without it, loopback.
    #[serde(skip)]
    pub url: Option<Url>,
    /// Whether the pages are reached over TLS.
    #[serde(skip)]
    secure: bool,
    /// The header in which a proxy on this machine names the client, such as `X-Forwarded-For`.
    pub client_header: Option<String>,
    /// The company's identity provider.
    pub oidc: Option<Oidc>,
}

/// An OpenID Connect provider.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Oidc {
    /// Its issuer, exactly as it names itself.
    pub issuer: Url,
    /// Our client id there.
    pub client_id: String,
    /// Our secret there; without one we are a public client with PKCE.
    pub client_secret: Option<SecretRef>,
    /// What tells who somebody is.
    #[serde(default, rename = "match")]
    pub matching: Matching,
    /// For `match = "sub"`: whose name each subject id has.
    #[serde(default)]
    pub subjects: BTreeMap<String, String>,
    /// Whether its word is enough.
    #[serde(default)]
    pub second_factor: SecondFactor,
}

/// The claim by which somebody is found among the people.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Matching {
    /// A verified address that is one of theirs.
    #[default]
    Email,
    /// The subject id, as `subjects` lists it.
    Sub,
}

/// Who asks for the second factor.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SecondFactor {
    /// Cordon, unless the identity provider says that it asked for several.
    #[default]
    Totp,
    /// The identity provider, whatever it says.
    Idp,
}

impl SignIn {
    /// Whether the pages are reached over TLS.
    pub const fn is_secure(&self) -> bool {
        self.secure
    }

    /// Takes over where the pages are reached.
    ///
    /// # Errors
    /// The address is none.
    pub(super) fn reached_at(&mut self, serve: &Serve) -> Result<()> {
        self.url = match serve.public_url()? {
            None => None,
            Some(url) => Some(Url::parse(&format!("{url}/")).map_err(|error| {
                Fault::input("config", "[serve] `public_url` is no address.").caused_by(error)
            })?),
        };
        let https = self.url.as_ref().is_some_and(|url| url.scheme() == "https");
        self.secure = https || serve.tls.is_some();
        Ok(())
    }
}

/// Checks what can be checked without a look at the network.
///
/// # Errors
/// The first problem.
pub(super) fn check(signin: &SignIn, people: &[Person], path: &Path) -> Result<()> {
    let refuse = |what: String| Err(Fault::input("config", what).at(path.display()));
    if let Some(name) = &signin.client_header
        && name.parse::<HeaderName>().is_err()
    {
        return refuse("[signin] `client_header` is not the name of a header.".to_owned());
    }
    let Some(oidc) = &signin.oidc else {
        return Ok(());
    };
    if !is_safe(&oidc.issuer) {
        return refuse("[signin.oidc] `issuer` has to begin with `https://`.".to_owned());
    }
    if (oidc.matching == Matching::Sub) == oidc.subjects.is_empty() {
        return refuse(
            "[signin.oidc] `match = \"sub\"` and `subjects` need each other.".to_owned(),
        );
    }
    let known = |name: &String| people.iter().any(|person| person.name == *name);
    if let Some(name) = oidc.subjects.values().find(|name| !known(name)) {
        let name = name.escape_debug();
        return refuse(format!(
            "[signin.oidc] `subjects` names `{name}`, who is not in [[people]]."
        ));
    }
    Ok(())
}

/// TLS, or this machine.
fn is_safe(url: &Url) -> bool {
    let loopback = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => return false,
    };
    url.scheme() == "https" || url.scheme() == "http" && loopback
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::settings::Settings;

    #[test]
    fn the_sample_shows_a_provider_that_is_configured_right() {
        let sample = crate::settings::sample::SAMPLE;
        let (_, rest) = sample.split_once("# [signin]\n").unwrap();
        let (lines, _) = rest.split_once("\n\n").unwrap();
        let lines = lines.lines().map(|line| line.trim_start_matches("# "));
        let head = ["[serve]", "public_url = \"https://x.test\"", "[signin]"];
        let lines: Vec<&str> = head.into_iter().chain(lines).collect();
        let settings = Settings::parse(&lines.join("\n"), Path::new("cordon.toml")).unwrap();
        assert!(settings.signin.is_secure());
        let oidc = settings.signin.oidc.unwrap();
        assert_eq!(oidc.client_id, "cordon");
        assert!(oidc.client_secret.is_some());
    }

    #[test]
    fn what_would_let_the_wrong_in_is_refused() {
        let people = "[[people]]\nname = \"Bo\"\nroles = [\"hr\"]\nemails = [\"bo@x.test\"]\n";
        let oidc = |rest: &str| format!("{people}[signin.oidc]\nclient_id = \"c\"\n{rest}\n");
        let parse = |text: &str| Settings::parse(text, Path::new("cordon.toml"));
        for text in [
            "[serve]\npublic_url = \"http://cordon.x.test\"".to_owned(),
            "[serve]\npublic_url = \"https://cordon.x.test/cordon\"".to_owned(),
            "[serve]\npublic_url = \"https://a@cordon.x.test\"".to_owned(),
            "[signin]\nclient_header = \"X Forwarded\"".to_owned(),
            oidc("issuer = \"http://idp.x.test\""),
            oidc("issuer = \"https://idp.x.test\"\nmatch = \"sub\""),
            oidc("issuer = \"https://idp.x.test\"\nsubjects = { a = \"Bo\" }"),
            oidc("issuer = \"https://idp.x.test\"\nmatch = \"sub\"\nsubjects = { a = \"Al\" }"),
        ] {
            assert_eq!(parse(&text).unwrap_err().code(), "config", "{text}");
        }
        for text in [
            "[serve]\npublic_url = \"http://localhost:8470\"".to_owned(),
            oidc("issuer = \"https://idp.x.test/tenant\""),
            oidc("issuer = \"https://idp.x.test\"\nmatch = \"sub\"\nsubjects = { a = \"Bo\" }"),
        ] {
            parse(&text).unwrap();
        }
    }
}
