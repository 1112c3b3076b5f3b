//! The stage of a drill: servers, configuration and people, all inside one folder and on loopback.

use std::fmt::Write as _;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::people::{self, Operator};
use crate::app::App;
use crate::app::inbox::Departures;
use crate::fault::{Fault, Result, io};
use crate::http::limit::Limit;
use crate::http::retry::Retry;
use crate::http::transport::{NoAuth, Reqwest, Timeouts};
use crate::http::{Client, Request};
use crate::id::CaseId;
use crate::intake::standard_webhooks::{self, Verifier};
use crate::intake::{DEPARTURE, Receiver, receiver};
use crate::range::company::Company;
use crate::range::fault::Faults;
use crate::range::server::{CallLog, Server, serve};
use crate::range::{github, okta};
use crate::secret::{ExposeSecret as _, SecretString};
use crate::settings::Settings;
use crate::time::Clock;

/// Everything that stands while a drill runs.
pub(super) struct Stage {
    /// The configured program.
    pub(super) app: Arc<App>,
    /// Every call that a provider received.
    pub(super) calls: CallLog,
    /// The simulated GitHub, with its own truth.
    pub(super) github: github::World,
    /// The simulated Okta, with its own truth.
    pub(super) okta: okta::World,
    /// The two operators.
    pub(super) people: Vec<Operator>,
    /// A git repository of the company.
    pub(super) repository: PathBuf,
    clock: Arc<dyn Clock>,
    servers: Vec<Server>,
}

/// What must be the same after a drill as before: people who are not under review.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Truth(Vec<String>);

impl Stage {
    /// Starts the servers and writes the configuration that points to them.
    pub(super) async fn set(
        folder: &Path,
        company: &Company,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        if folder.symlink_metadata().is_ok() {
            return Err(
                Fault::input("folder-exists", "There is something in that place already.")
                    .at(folder.display())
                    .hint("name a folder that does not exist"),
            );
        }
        crate::store::make_dir(folder)?;
        let people = people::make(&folder.join("keys"), company)?;
        let calls = CallLog::new(Arc::clone(&clock));
        let github = github::World::with_clock(company, Arc::clone(&clock))?;
        let okta = okta::World::at(company, Arc::clone(&clock));
        let github_server = serve(
            "github",
            github::router(github.clone()),
            Faults::none(),
            &calls,
        )
        .await?;
        let okta_server = serve("okta", okta::router(okta.clone()), Faults::none(), &calls).await?;
        secret(
            &folder.join("keys/github-owner-token"),
            github.keys().owner_token.expose_secret(),
        )?;
        secret(
            &folder.join("keys/github-app.pem"),
            github.keys().private_key.expose_secret(),
        )?;
        secret(&folder.join("keys/okta-token"), &okta.api_token())?;
        let config = folder.join("cordon.toml");
        let text = configuration(
            folder,
            company,
            &people,
            &github,
            github_server.url(),
            okta_server.url(),
        );
        std::fs::write(&config, text).map_err(io("write the drill's configuration", &config))?;
        let settings = Settings::load(Some(&config))?;
        let app = Arc::new(App::new(settings, Arc::clone(&clock))?);
        let repository = repository(&folder.join("repository"), company)?;
        let servers = vec![github_server, okta_server];
        Ok(Self {
            app,
            calls,
            github,
            okta,
            people,
            repository,
            clock,
            servers,
        })
    }

    /// HR's system signs and sends its message; the receiver opens the case.
    pub(super) async fn departure(&self, company: &Company) -> Result<CaseId> {
        let secret = SecretString::from(format!(
            "whsec_{}",
            base64_of(&uuid::Uuid::new_v4().into_bytes().repeat(2))
        ));
        let hub = crate::store::Hub::open(&self.app.settings.data.join("hub"))?;
        let hub = Arc::new(hub);
        let inbox = Arc::new(Departures::new(Arc::clone(&self.app), hub)?);
        let router = receiver(Receiver {
            name: "hr".to_owned(),
            route: DEPARTURE.to_owned(),
            source: Arc::new(Verifier::new(std::slice::from_ref(&secret))?),
            inbox: Arc::new(Arc::clone(&inbox)),
            clock: Arc::clone(&self.clock),
        });
        // The receiver is ours, not a provider's: its calls stand in a log of their own.
        let server = serve(
            "hr-intake",
            router,
            Faults::none(),
            &CallLog::new(Arc::clone(&self.clock)),
        )
        .await?;
        let now = self.clock.now();
        let body = company.hr_termination(now, now);
        let id = format!("msg_{}", uuid::Uuid::new_v4().simple());
        let signature = standard_webhooks::sign(&secret, &id, now, &body)?;
        let headers = [
            ("webhook-id", id),
            ("webhook-timestamp", now.as_second().to_string()),
            ("webhook-signature", signature),
        ];
        // Sent twice, as real systems do: the second must change nothing.
        for expected in [202, 200] {
            let status = post(server.url(), &headers, &body, &self.clock).await?;
            if status.as_u16() != expected {
                return Err(Fault::failed(
                    "drill",
                    format!("The webhook was answered with {status} instead of {expected}."),
                ));
            }
        }
        server.stop().await;
        inbox.finish().await?;
        match inbox.opened().as_slice() {
            [one] => Ok(one.clone()),
            many => Err(Fault::failed(
                "drill",
                format!("The webhook opened {} cases.", many.len()),
            )),
        }
    }

    /// Everything about people who are not under review.
    pub(super) fn truth(&self) -> Truth {
        let company = Company::invented();
        let others = company
            .everyone()
            .filter(|person| **person != company.subject);
        let okta = others.map(|person| self.okta.fingerprint(&person.okta_id));
        Truth(okta.chain([self.github.others().to_string()]).collect())
    }

    /// Stops the servers.
    pub(super) async fn strike(self) {
        for server in self.servers {
            server.stop().await;
        }
    }
}

/// Posts a message as HR's system does; nothing of it is evidence of the case.
async fn post(
    url: &url::Url,
    headers: &[(&'static str, String)],
    body: &[u8],
    clock: &Arc<dyn Clock>,
) -> Result<http::StatusCode> {
    let transport = Arc::new(Reqwest::new(Arc::new(NoAuth), Timeouts::default())?);
    let limit = Limit::try_new(std::time::Duration::from_millis(1), 10, 1)?;
    let client = Client::new(transport, "hr", limit, Retry::default(), Arc::clone(clock));
    let mut request = Request::write(http::Method::POST, url.clone());
    for (name, value) in headers {
        let value = value.parse().map_err(|error| {
            Fault::failed("drill", "A header of the webhook cannot be sent.").caused_by(Box::<
                dyn std::error::Error + Send + Sync,
            >::from(
                error
            ))
        })?;
        request.headers.insert(*name, value);
    }
    request.body = Some(("application/json", body.to_vec().into()));
    client
        .send(request, &crate::app::Unkept)
        .await
        .map(|reply| reply.status)
        .map_err(crate::http::CallError::fault)
}

fn configuration(
    folder: &Path,
    company: &Company,
    people: &[Operator],
    world: &github::World,
    github: &url::Url,
    okta: &url::Url,
) -> String {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let file = |name: &str| {
        quoted(&format!(
            "file:{}",
            folder.join("keys").join(name).display()
        ))
    };
    let mut text = format!(
        "# The configuration of a drill. Its servers live inside the drill and are gone when it ends.\ndata = \"data\"\nzone = \"America/New_York\"\n\n[company]\nname = {}\ndomain = {}\n\n[protected]\nokta = [{}]\ngithub = [{}]\n\n",
        quoted(&company.name),
        quoted(&company.domain),
        quoted(&company.guardian.email),
        quoted(&company.guardian.github_login),
    );
    let _ = writeln!(
        text,
        "[github]\nwrite_interval_ms = 0\norg = {}\nbase_url = {}\nowner_token = {}\napp = {{ id = {}, installation = {}, key = {} }}\n",
        quoted(&company.org),
        quoted(github.as_str()),
        file("github-owner-token"),
        world.keys().app_id,
        world.keys().installation_id,
        file("github-app.pem")
    );
    let _ = writeln!(
        text,
        "[okta]\nbase_url = {}\ntoken = {}",
        quoted(okta.as_str()),
        file("okta-token")
    );
    for person in people {
        let _ = writeln!(
            text,
            "\n[[people]]\nname = {}\nroles = [{}]\nemails = [{}]\nlogins = [{}]\nkey = {}",
            quoted(&person.name),
            quoted(person.role),
            quoted(&person.email),
            quoted(&person.login),
            quoted(person.public.trim())
        );
    }
    text
}

fn secret(path: &Path, value: &str) -> Result<()> {
    std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(value.as_bytes()))
        .map_err(io("write a secret of the drill", path))
}

fn base64_of(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// A small real repository, made by git.
fn repository(path: &Path, company: &Company) -> Result<PathBuf> {
    let git = |arguments: &[&str]| {
        let status = std::process::Command::new("git")
            .arg("-C")
            .arg(path)
            .args([
                "-c",
                "user.name=drill",
                "-c",
                "user.email=drill@cordon.invalid",
                "-c",
                "commit.gpgsign=false",
                "-c",
                "init.defaultBranch=main",
            ])
            .args(arguments)
            .stdout(std::process::Stdio::null())
            .status();
        match status {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => {
                Err(Fault::failed("git", format!("git ended with {status}.")).at(path.display()))
            }
            Err(error) => Err(Fault::failed("git", "git cannot be run.")
                .caused_by(error)
                .hint("install git")),
        }
    };
    crate::store::make_dir(path)?;
    git(&["init", "--quiet"])?;
    for (number, name) in company.repositories.iter().enumerate() {
        let file = path.join(format!("{name}.txt"));
        std::fs::write(&file, format!("part {number} of {}\n", company.name))
            .map_err(io("write a file of the drill", &file))?;
        git(&["add", "."])?;
        git(&["commit", "--quiet", "-m", &format!("Add {name}")])?;
    }
    Ok(path.to_owned())
}
