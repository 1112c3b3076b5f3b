//! GitHub: found, closed, proven, put back, against the simulated organization.

mod archive;
mod contract;
mod doors;
mod hostile;
mod identities;
mod trails;

use std::sync::Arc;
use std::time::Duration;

use cordon::door::{Door, DoorState, Link, Probe};
use cordon::http::limit::Limit;
use cordon::http::retry::Retry;
use cordon::provider::{Account, Cx, Provider};
use cordon::providers::github::{AppCredential, GitHub, Settings};
use cordon::range::company::Company;
use cordon::range::fault::Faults;
use cordon::range::github::{World, archives, router};
use cordon::range::server::{CallLog, Server, serve};
use cordon::time::{Clock, SystemClock};

use crate::http::Memory;

/// A simulated organization, its server, and the provider that looks at it.
struct Bench {
    company: Company,
    world: World,
    server: Server,
    /// The other host, which hands out archives.
    archives: Server,
    github: GitHub,
    kept: Memory,
    clock: Arc<dyn Clock>,
}

impl Bench {
    async fn new() -> Self {
        Self::with(Company::invented(), Faults::none(), |_| {}).await
    }

    /// With other people, faults, and settings.
    async fn with(company: Company, faults: Faults, set: impl FnOnce(&mut Settings)) -> Self {
        let world = World::new(&company).unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let log = CallLog::new(Arc::clone(&clock));
        let server = serve("github", router(world.clone()), faults, &log)
            .await
            .unwrap();
        let archives = serve("archives", archives(world.clone()), Faults::none(), &log)
            .await
            .unwrap();
        world.set_archives(archives.url().clone());
        let mut settings = settings(&company, &world);
        settings.base_url = server.url().clone();
        set(&mut settings);
        let github = provider(settings, &clock);
        Self {
            company,
            world,
            server,
            archives,
            github,
            kept: Memory::default(),
            clock,
        }
    }

    fn cx(&self) -> Cx<'_> {
        Cx {
            witness: &self.kept,
            clock: &*self.clock,
        }
    }

    fn subject(&self) -> Account {
        account(
            self.company.subject.github_id,
            &self.company.subject.github_login,
        )
    }

    async fn doors(&self, account: &Account) -> Vec<Door> {
        self.github.doors(account, self.cx()).await.unwrap().doors
    }

    /// The subject's doors of one kind.
    async fn of_kind(&self, kind: &str) -> Vec<Door> {
        let mut doors = self.doors(&self.subject()).await;
        doors.retain(|door| door.kind == kind && door.link != Link::Unattributed);
        doors
    }

    /// Probes until the state is the one expected, for as long as an answer may lag.
    async fn proves(&self, door: &Door, expected: DoorState) -> Probe {
        for _ in 0..40 {
            let probe = self.github.probe(door, self.cx()).await.unwrap();
            if probe.state == expected {
                assert!(
                    !probe.evidence.is_empty(),
                    "{}: proof without evidence",
                    door.kind
                );
                return probe;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let probe = self.github.probe(door, self.cx()).await.unwrap();
        panic!(
            "{} {} should be {expected:?}: {probe:?}",
            door.kind, door.native
        );
    }
}

fn settings(company: &Company, world: &World) -> Settings {
    let keys = world.keys();
    let mut settings = Settings::new(&company.org).unwrap();
    settings.app = Some(AppCredential {
        app_id: keys.app_id,
        private_key: keys.private_key.clone(),
        installation_id: keys.installation_id,
    });
    settings.owner_token = Some(keys.owner_token.clone());
    settings.held_tokens = vec![keys.subject_token.clone()];
    settings.protected = vec![company.guardian.github_login.clone()];
    settings
}

fn provider(settings: Settings, clock: &Arc<dyn Clock>) -> GitHub {
    let limit = Limit::try_new(Duration::from_micros(10), 1000, 8).unwrap();
    let retry =
        Retry::try_new(Duration::from_millis(5), Duration::from_millis(100), 3, 0.0).unwrap();
    GitHub::new(settings, &limit, retry, clock).unwrap()
}

fn account(id: u64, login: &str) -> Account {
    Account {
        provider: "github".to_owned(),
        id: id.to_string(),
        login: login.to_owned(),
    }
}
