//! The configuration file, and the only reader of the environment.
//!
//! `cordon.toml` is looked for at `--config`, then `$CORDON_CONFIG`, then
//! `$XDG_CONFIG_HOME/cordon/cordon.toml` (or `~/.config/cordon/cordon.toml`).

mod check;
pub mod mail;
mod organisation;
pub mod sample;
pub mod secrets;
pub mod serve;
pub mod signin;
pub mod suspicion;
pub mod webhook;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::access::Roster;
use crate::canon::Digest;
use crate::case::event::Person;
use crate::clock::Organisation;
use crate::fault::{Fault, Result};
use crate::intake::employment::Review;
use crate::notice::Company;
use crate::secret::SecretRef;

pub use mail::Mail;

/// Everything that is configured.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where cases are kept.
    #[serde(default = "default_data")]
    pub data: PathBuf,
    /// The zone that times are shown in beside UTC, by IANA name.
    #[serde(default = "default_zone")]
    pub zone: String,
    /// The company, for notices.
    #[serde(default)]
    pub company: Company,
    /// Who may approve.
    #[serde(default)]
    pub people: Roster,
    /// Logins that are never closed, per provider: break-glass accounts, service accounts.
    #[serde(default)]
    pub protected: BTreeMap<String, Vec<String>>,
    /// GitHub.
    pub github: Option<GitHub>,
    /// Okta.
    pub okta: Option<Okta>,
    /// The mail server for notices.
    pub mail: Option<Mail>,
    /// Who may send a notice.
    #[serde(default)]
    pub notices: mail::Notices,
    /// Where the daemon listens.
    #[serde(default)]
    pub serve: serve::Serve,
    /// Whose messages it takes.
    #[serde(default, rename = "webhook")]
    pub webhooks: Vec<webhook::Webhook>,
    /// The digest of the file that says so; `None` without one.
    #[serde(skip)]
    pub digest: Option<Digest>,
    /// Which departures are reviewed by policy.
    #[serde(default, rename = "review")]
    pub reviews: Vec<Review>,
    /// What the restricted route may do.
    #[serde(default)]
    pub suspicion: suspicion::Suspicion,
    /// How people sign in to its pages.
    #[serde(default)]
    pub signin: signin::SignIn,
    /// Where the organisation may have duties.
    #[serde(default)]
    pub organisation: Organisation,
}

/// The GitHub organization and how to reach it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GitHub {
    /// The organization.
    pub org: String,
    /// The enterprise, when there is one.
    pub enterprise: Option<String>,
    /// The address of the API; set for GitHub Enterprise Server.
    pub base_url: Option<String>,
    /// The GitHub App.
    pub app: Option<GitHubApp>,
    /// A classic token of an organization owner, for what Apps may not do.
    pub owner_token: Option<SecretRef>,
    /// Milliseconds between two calls that change something; GitHub asks for 1000, a server of your
    /// own may allow less.
    pub write_interval_ms: Option<u64>,
}

/// A GitHub App that is installed on the organization.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GitHubApp {
    /// The App id.
    pub id: u64,
    /// The installation id.
    pub installation: u64,
    /// Its private key, PEM.
    pub key: SecretRef,
}

/// The Okta organization and how to reach it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Okta {
    /// `https://example.okta.com`.
    pub base_url: String,
    /// An API token.
    pub token: Option<SecretRef>,
    /// A service app with a private key.
    pub app: Option<OktaApp>,
}

/// An Okta service app.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OktaApp {
    /// The client id.
    pub client_id: String,
    /// The id of the key.
    pub key_id: Option<String>,
    /// Its private key, PEM.
    pub key: SecretRef,
}

fn default_data() -> PathBuf {
    home("XDG_DATA_HOME", ".local/share").join("cordon")
}

fn default_zone() -> String {
    "UTC".to_owned()
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            data: default_data(),
            zone: default_zone(),
            company: Company::default(),
            people: Roster::default(),
            protected: BTreeMap::new(),
            github: None,
            okta: None,
            mail: None,
            notices: mail::Notices::default(),
            serve: serve::Serve::default(),
            webhooks: Vec::new(),
            digest: None,
            reviews: Vec::new(),
            suspicion: suspicion::Suspicion::default(),
            signin: signin::SignIn::default(),
            organisation: Organisation::default(),
        }
    }
}

impl Settings {
    /// Reads the file; without one everything has its default.
    ///
    /// # Errors
    /// The file cannot be read, or says something unknown: the fault names line and column.
    pub fn load(given: Option<&Path>) -> Result<Self> {
        let path = given.map_or_else(default_path, Path::to_path_buf);
        if given.is_none() && !path.exists() {
            return Ok(Self::default());
        }
        let text = std::fs::read_to_string(&path).map_err(|error| {
            Fault::input("config", "The configuration cannot be read.")
                .at(path.display())
                .caused_by(error)
                .hint("write one with `cordon init`")
        })?;
        guard_mode(&path)?;
        Self::parse(&text, &path)
    }

    /// Reads the text of a configuration file.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn parse(text: &str, path: &Path) -> Result<Self> {
        let mut settings: Self = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| line_of(text, span.start));
            Fault::input(
                "config",
                format!(
                    "The configuration is not right: {}.",
                    error.message().trim()
                ),
            )
            .at(format!("{} line {line}", path.display()))
            .hint("`cordon init --print` shows every setting with its meaning")
        })?;
        // A relative folder means relative to the file, wherever the command is run.
        if settings.data.is_relative()
            && let Some(folder) = path.parent()
        {
            settings.data = folder.join(&settings.data);
        }
        settings.digest = Some(Digest::of(text.as_bytes()));
        if let Some(folder) = path.parent() {
            settings.serve.beside(folder);
            settings.suspicion.beside(folder);
            if let Some(mail) = &mut settings.mail {
                mail.beside(folder);
            }
        }
        settings.zone()?;
        check::names(text, path)?;
        settings.check_people(path)?;
        if let Some(mail) = &settings.mail {
            mail.check(path)?;
        }
        settings.serve.check(path)?;
        webhook::check(&settings.webhooks, path)?;
        suspicion::check(&settings.suspicion, &settings.reviews, path)?;
        settings.signin.reached_at(&settings.serve)?;
        signin::check(&settings.signin, &settings.people.now(), path)?;
        organisation::check(&mut settings.organisation, path)?;
        Ok(settings)
    }

    /// The zone that times are shown in beside UTC.
    ///
    /// # Errors
    /// The name is not in the time zone database.
    pub fn zone(&self) -> Result<jiff::tz::TimeZone> {
        jiff::tz::TimeZone::get(&self.zone).map_err(|error| {
            Fault::input("config", format!("`{}` is not a time zone.", self.zone))
                .caused_by(error)
                .hint("use an IANA name such as `Europe/Berlin`")
        })
    }

    fn check_people(&self, path: &Path) -> Result<()> {
        let mut names = std::collections::BTreeSet::new();
        let (mut keys, mut aliases) = (BTreeMap::new(), BTreeMap::new());
        let people = self.people.now();
        for person in &*people {
            if !names.insert(&person.name) {
                return Err(Fault::input(
                    "config",
                    format!("Two people are called `{}`.", person.name),
                )
                .at(path.display()));
            }
            // One key under two names would let one person be two.
            if let Some(key) = key_of(person, path)?
                && let Some(other) = keys.insert(key.fingerprint(), &person.name)
            {
                return Err(Fault::input(
                    "config",
                    format!("`{other}` and `{}` have the same key.", person.name),
                )
                .at(path.display())
                .hint("give each person a key of their own"));
            }
            // Without one, nothing tells when a case is about this person.
            if person.emails.is_empty() {
                let what = format!("`{}` may approve, but has no address.", person.name);
                return Err(Fault::input("config", what)
                    .at(path.display())
                    .hint("give every address in `emails` and every login in `logins`"));
            }
            if let Some(email) = person.emails.iter().find(|email| !email.contains('@')) {
                let what = format!("`{email}` of `{}` is not an e-mail address.", person.name);
                return Err(Fault::input("config", what)
                    .at(path.display())
                    .hint("logins stand in `logins`"));
            }
            // So would one address.
            for alias in person.emails.iter().chain(&person.logins) {
                let other = aliases.insert(crate::case::alias::folded(alias), &person.name);
                if let Some(other) = other.filter(|other| **other != person.name) {
                    let what = format!("`{other}` and `{}` are both `{alias}`.", person.name);
                    return Err(Fault::input("config", what).at(path.display()));
                }
            }
        }
        Ok(())
    }
}

/// The key of a person; `None` for one who decides in the pages only.
fn key_of(person: &Person, path: &Path) -> Result<Option<crate::sshsig::PublicKey>> {
    if person.key.is_empty() {
        return Ok(None);
    }
    person.key.parse().map(Some).map_err(|error| {
        let what = format!("The key of `{}` is not an SSH public key.", person.name);
        Fault::input("config", what)
            .at(path.display())
            .caused_by(error)
            .hint("copy the one line of their `.pub` file")
    })
}

/// The line that a byte of a text stands in, counted from 1.
fn line_of(text: &str, byte: usize) -> usize {
    text.bytes()
        .take(byte)
        .filter(|byte| *byte == b'\n')
        .count()
        + 1
}

/// A configuration that everybody may write is refused: it names programs that are run, and where
/// credentials are sent.
fn guard_mode(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let about =
        std::fs::metadata(path).map_err(crate::fault::io("look at the configuration", path))?;
    if !about.is_file() || about.permissions().mode() & 0o002 == 0 {
        return Ok(());
    }
    Err(Fault::input(
        "config-writable",
        "Every account of this machine may change the configuration.",
    )
    .at(path.display())
    .hint(format!(
        "chmod o-w {}, and look at what it says",
        path.display()
    )))
}

/// Where the configuration is looked for when no flag names it.
pub fn default_path() -> PathBuf {
    variable("CORDON_CONFIG").map_or_else(
        || home("XDG_CONFIG_HOME", ".config").join("cordon/cordon.toml"),
        PathBuf::from,
    )
}

/// The name of the account that runs the program, for the log.
pub fn operator() -> String {
    variable("SUDO_USER")
        .or_else(|| variable("USER"))
        .or_else(|| variable("LOGNAME"))
        .unwrap_or_else(|| format!("uid {}", rustix::process::getuid().as_raw()))
}

/// The log filter, as `CORDON_LOG` gives it; `otherwise` is the level without it.
pub fn log_filter(otherwise: &str) -> String {
    // What octocrab logs as an error comes back as a fault that says where and what to do; what
    // webauthn-rs logs repeats what a browser sent, and the journal of the sign-ins says why it was refused.
    let quiet = "octocrab=off,webauthn_rs=off,webauthn_rs_core=off";
    variable("CORDON_LOG").unwrap_or_else(|| format!("{otherwise},{quiet}"))
}

/// Where systemd wants to hear that the daemon is ready, if it started it.
pub fn notify_socket() -> Option<String> {
    variable("NOTIFY_SOCKET")
}

/// Where an OpenTelemetry collector listens, as its own variable names it.
#[cfg(feature = "otel")]
pub fn collector() -> Option<String> {
    variable("OTEL_EXPORTER_OTLP_ENDPOINT")
}

/// How often systemd wants to hear that the daemon lives, if it asks this process.
pub fn watchdog() -> Option<std::time::Duration> {
    let asked = variable("WATCHDOG_PID");
    if asked.is_some_and(|pid| pid != std::process::id().to_string()) {
        return None;
    }
    let micros: u64 = variable("WATCHDOG_USEC")?.parse().ok()?;
    (micros > 0).then(|| std::time::Duration::from_micros(micros))
}

fn home(base: &str, below: &str) -> PathBuf {
    variable(base).map_or_else(
        || PathBuf::from(variable("HOME").unwrap_or_else(|| "/".to_owned())).join(below),
        PathBuf::from,
    )
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the one reader of the environment"
)]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
