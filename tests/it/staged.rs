//! The invented company behind servers of this process, with a configuration that points to them.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cordon::range::company::Company;
use cordon::range::fault::Faults;
use cordon::range::server::{CallLog, Server, serve};
use cordon::range::{github, okta};
use cordon::sshsig::Signer;
use cordon::time::SystemClock;
use secrecy::ExposeSecret as _;

/// The simulated providers, and a folder with configuration and keys.
pub(crate) struct Staged {
    pub(crate) company: Company,
    pub(crate) github: github::World,
    pub(crate) okta: okta::World,
    pub(crate) calls: CallLog,
    pub(crate) folder: PathBuf,
    /// They stop when they are dropped.
    servers: [Server; 3],
}

/// The faults of the servers.
#[derive(Default)]
pub(crate) struct Struck {
    pub(crate) github: Faults,
    pub(crate) okta: Faults,
    /// Of the host that hands out archives.
    pub(crate) archives: Faults,
}

/// The two who approve: name, role, and the name of their key's file.
pub(crate) fn approvers(company: &Company) -> [(&str, &'static str); 2] {
    let [lead, counsel] = &company.approvers;
    [(&lead.name, "incident_lead"), (&counsel.name, "legal")]
}

/// A company with little in it, so that a whole case is a matter of a second.
pub(crate) fn small_company() -> Company {
    let mut company = Company::invented();
    company.repositories.truncate(2);
    company.colleagues.clear();
    company
}

impl Staged {
    /// Starts the servers and writes keys and configuration into `folder`.
    pub(crate) async fn set(folder: &Path, company: Company, struck: Struck) -> Self {
        let calls = CallLog::new(Arc::new(SystemClock));
        let github = github::World::new(&company).unwrap();
        let okta = okta::World::new(&company);
        let router = github::router(github.clone());
        let at_github = serve("github", router, struck.github, &calls)
            .await
            .unwrap();
        let router = okta::router(okta.clone());
        let at_okta = serve("okta", router, struck.okta, &calls).await.unwrap();
        let router = github::archives(github.clone());
        let archives = serve("archives", router, struck.archives, &calls)
            .await
            .unwrap();
        github.set_archives(archives.url().clone());
        let keys = folder.join("keys");
        fs::create_dir(&keys).unwrap();
        secret(
            &keys.join("github-app.pem"),
            github.keys().private_key.expose_secret(),
        );
        secret(
            &keys.join("github-owner"),
            github.keys().owner_token.expose_secret(),
        );
        secret(&keys.join("okta-token"), &okta.api_token());
        let staged = Self {
            company,
            github,
            okta,
            calls,
            folder: folder.to_owned(),
            servers: [at_github, at_okta, archives],
        };
        let [at_github, at_okta, _] = &staged.servers;
        let config = staged.configuration(at_github.url().as_str(), at_okta.url().as_str());
        fs::write(staged.config(), config).unwrap();
        staged
    }

    /// The configuration file.
    pub(crate) fn config(&self) -> PathBuf {
        self.folder.join("cordon.toml")
    }

    /// The private key of who has `role`.
    pub(crate) fn key(&self, role: &str) -> PathBuf {
        self.folder.join("keys").join(role)
    }

    fn configuration(&self, github: &str, okta: &str) -> String {
        let Company {
            name,
            domain,
            org,
            guardian,
            ..
        } = &self.company;
        let keys = self.folder.join("keys");
        let keys = keys.display();
        let github_keys = self.github.keys();
        let mut text = format!(
            "data = \"data\"\nzone = \"America/New_York\"\n\
             [serve]\nlisten = \"127.0.0.1:0\"\n\
             [company]\nname = \"{name}\"\ndomain = \"{domain}\"\n\
             [protected]\nokta = [\"{okta_guardian}\"]\ngithub = [\"{github_guardian}\"]\n\
             [github]\norg = \"{org}\"\nbase_url = \"{github}\"\nwrite_interval_ms = 0\n\
             owner_token = \"file:{keys}/github-owner\"\n\
             app = {{ id = {app}, installation = {installation}, key = \"file:{keys}/github-app.pem\" }}\n\
             [okta]\nbase_url = \"{okta}\"\ntoken = \"file:{keys}/okta-token\"\n",
            okta_guardian = guardian.email,
            github_guardian = guardian.github_login,
            app = github_keys.app_id,
            installation = github_keys.installation_id,
        );
        for ((name, role), person) in approvers(&self.company)
            .into_iter()
            .zip(&self.company.approvers)
        {
            let (email, login) = (&person.email, &person.github_login);
            let key = Signer::generate(&self.key(role), role).unwrap();
            let line = key.public().line();
            let line = line.trim();
            writeln!(
                text,
                "[[people]]\nname = \"{name}\"\nroles = [\"{role}\"]\nemails = [\"{email}\"]\nlogins = [\"{login}\"]\nkey = \"{line}\""
            )
            .unwrap();
        }
        text
    }

    /// Whether the way in works now, whatever anybody believes; `None` for what only a person can see.
    pub(crate) fn is_open(&self, door: &cordon::door::Door) -> Option<bool> {
        let detail = |name: &str| door.detail[name].as_str().unwrap_or_default();
        match (door.provider.as_str(), door.kind.as_str()) {
            ("okta", kind) => Some(self.okta.is_open(kind, &door.native)),
            (_, "github.deploy_key") => Some(self.github.accepts_key(detail("title"))),
            (_, kind) => self.github.is_open(kind, &door.native),
        }
    }

    /// Everything of everybody who is not under review.
    pub(crate) fn others(&self) -> Vec<String> {
        let others = self
            .company
            .everyone()
            .filter(|person| **person != self.company.subject);
        others
            .map(|person| self.okta.fingerprint(&person.okta_id))
            .chain([self.github.others().to_string()])
            .collect()
    }
}

fn secret(path: &Path, value: &str) {
    let file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    file.unwrap().write_all(value.as_bytes()).unwrap();
}
