//! Okta against the simulated organization: what is found, closed, proven and given back.

mod closing;
mod contract;
mod credential;
mod finding;
mod possession;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use cordon::door::{Door, DoorState};
use cordon::fault::Result;
use cordon::http::retry::Retry;
use cordon::http::{Exchange, Witness};
use cordon::id::EvidenceId;
use cordon::provider::{Account, Closing, Cx, Inventory, Provider};
use cordon::providers::okta::{Credential, Okta, Settings};
use cordon::range::company::{Company, Person};
use cordon::range::okta::{World, router};
use cordon::time::SystemClock;
use url::Url;

/// Keeps every exchange in memory.
#[derive(Default)]
pub(crate) struct Kept(pub(crate) Mutex<Vec<Exchange>>);

#[async_trait]
impl Witness for Kept {
    async fn saw(&self, exchange: &Exchange) -> Result<EvidenceId> {
        self.0.lock().unwrap().push(exchange.clone());
        Ok(EvidenceId::fresh())
    }
}

/// A simulated organization, served, and a provider that calls it.
pub(crate) struct Stage {
    pub(crate) company: Company,
    pub(crate) world: World,
    pub(crate) base: Url,
    pub(crate) okta: Okta,
    pub(crate) kept: Kept,
}

/// Serves a world on this machine.
pub(crate) async fn serve(world: &World) -> Url {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let router = router(world.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    base.parse().unwrap()
}

/// A provider at `base` with `credential`.
pub(crate) fn provider(base: &Url, credential: Credential, protected: &[&str]) -> Okta {
    let settings = Settings {
        base_url: base.clone(),
        credential_name: "okta".to_owned(),
        credential,
        protected: protected.iter().map(|&entry| entry.to_owned()).collect(),
        limit: cordon::http::limit::Limit::try_new(Duration::from_micros(100), 1000, 8).unwrap(),
        retry: Retry::try_new(Duration::from_millis(1), Duration::from_millis(50), 3, 0.0).unwrap(),
    };
    Okta::new(settings, Arc::new(SystemClock)).unwrap()
}

impl Stage {
    pub(crate) async fn set() -> Self {
        let company = Company::invented();
        let world = World::new(&company);
        let base = serve(&world).await;
        let credential = Credential::Ssws(world.api_token().into());
        let okta = provider(&base, credential, &[&company.guardian.email]);
        Self {
            company,
            world,
            base,
            okta,
            kept: Kept::default(),
        }
    }

    pub(crate) fn cx(&self) -> Cx<'_> {
        Cx {
            witness: &self.kept,
            clock: &SystemClock,
        }
    }

    /// The account of a person.
    pub(crate) fn account(person: &Person) -> Account {
        Account {
            provider: "okta".to_owned(),
            id: person.okta_id.clone(),
            login: person.email.clone(),
        }
    }

    pub(crate) async fn inventory(&self, person: &Person) -> Inventory {
        self.okta
            .doors(&Self::account(person), self.cx())
            .await
            .unwrap()
    }

    pub(crate) async fn door(&self, person: &Person, kind: &str) -> Door {
        let doors = self.inventory(person).await.doors;
        doors
            .into_iter()
            .find(|door| door.kind == kind && door.protected.is_none())
            .unwrap()
    }

    pub(crate) async fn close(&self, door: &Door) -> Closing {
        self.okta.close(door, self.cx()).await.unwrap()
    }

    pub(crate) async fn state(&self, door: &Door) -> DoorState {
        self.okta.probe(door, self.cx()).await.unwrap().state
    }

    /// Everything of everyone but `person`.
    pub(crate) fn others(&self, person: &Person) -> Vec<String> {
        self.company
            .everyone()
            .filter(|other| other.okta_id != person.okta_id)
            .map(|other| self.world.fingerprint(&other.okta_id))
            .collect()
    }
}

pub(crate) fn accepted(closing: &Closing) -> bool {
    matches!(closing, Closing::Accepted { .. })
}

pub(crate) fn already(closing: &Closing) -> bool {
    matches!(closing, Closing::AlreadyDone { .. })
}

pub(crate) fn refused(closing: &Closing) -> Option<&str> {
    match closing {
        Closing::Refused { why, .. } => Some(why),
        _ => None,
    }
}
