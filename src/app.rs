//! Composition: the only place where store, recorder, providers, engine and notices are wired.
//!
//! [`App`] is the configured program; [`Desk`] is one open case with everything that works on it.
//! The command line and the drill use the same desk.

pub mod alert;
pub mod archive;
pub mod arrival;
pub mod bounces;
mod clocks;
mod contacts;
mod counsel;
pub mod custody;
pub mod desk;
pub mod dispatch;
pub mod due;
pub mod duties;
pub mod facts;
pub mod form;
pub mod glimpse;
pub mod inbox;
mod leads;
pub mod messages;
mod notices;
pub mod open;
pub mod parcel;
mod places;
mod ratify;
pub mod reader;
pub mod recall;
mod response;
pub mod review;
pub mod revise;
pub mod sanctions;
pub mod sending;
mod standing;
pub mod subject;
pub mod summary;
pub mod survey;
#[cfg(feature = "otel")]
pub mod telemetry;
mod wiring;
pub mod word;
pub mod wording;
pub mod work;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use jiff::tz::TimeZone;
use tokio::sync::watch;

use crate::case::event::{Actor, Entry, Event};
use crate::case::log::CaseLog;
use crate::case::state::CaseState;
use crate::case::subject::Subject;
use crate::evidence::Recorder;
use crate::fault::{Fault, Result};
use crate::id::CaseId;
use crate::playbook::{self, Catalogue, Playbook};
use crate::provider::{Check, Provider};
use crate::settings::Settings;
use crate::signin::{Changed, SignIn, Ticket};
use crate::sshsig::Signer;
use crate::store::{Hub, Owner};
use crate::time::{Clock, Timestamp};
use crate::workplace::{Here, Workplace};
use open::OpenCases;

pub use desk::{Desk, Unkept};
pub use response::Hand;

/// The providers of this configuration, by name.
pub type Providers = BTreeMap<String, Arc<dyn Provider>>;

/// What the name of a case begins with while it is being opened.
const OPENING: &str = ".opening-";

/// The configured program. A clone is the same program, perhaps at another workplace.
#[derive(Debug, Clone)]
pub struct App {
    /// The configuration.
    pub settings: Settings,
    /// The clock that stamps everything.
    pub clock: Arc<dyn Clock>,
    /// The zone that times are shown in beside UTC.
    pub zone: TimeZone,
    /// Where the command comes from.
    pub workplace: Arc<dyn Workplace>,
    /// What goes on in the background.
    pub work: Arc<work::Work>,
    /// The cases that this process has open.
    cases: Arc<OpenCases>,
    hub: Arc<Mutex<Option<Arc<Hub>>>>,
    signin: Arc<OnceLock<Arc<SignIn>>>,
}

/// A case to open.
#[derive(Debug)]
pub struct NewCase {
    /// The person.
    pub subject: Subject,
    /// A neutral title.
    pub title: Option<String>,
    /// How it came: `operator`, `departure`.
    pub route: String,
    /// When the engagement ends.
    pub effective: Option<Timestamp>,
    /// What it was opened on.
    pub origin: Origin,
    /// Who opens it.
    pub by: Actor,
}

/// What a case is opened on; kept as its first evidence.
#[derive(Debug)]
pub enum Origin {
    /// The words of whoever opened it.
    Subject,
    /// A file: name and bytes.
    File(String, Vec<u8>),
    /// A webhook as received, with what was found out about it.
    Webhook(Box<arrival::Arrival>),
}

/// A case in a list.
#[derive(Debug, serde::Serialize, schemars::JsonSchema)]
pub struct Listed {
    /// Its id.
    pub id: CaseId,
    /// Its title. Hostile text.
    pub title: String,
    /// `open`, `held`, `closed`, or why it cannot be read.
    pub phase: String,
    /// How many doors were found.
    pub doors: usize,
    /// How many are proven closed.
    pub closed: usize,
    /// When it was opened.
    pub opened: Option<Timestamp>,
    /// When the change that it is about takes effect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective: Option<Timestamp>,
}

impl Listed {
    /// When the change takes effect, or how late the case was opened, in words.
    pub fn timing(&self, now: Timestamp) -> Option<String> {
        Some(summary::timing(self.effective?, self.opened, now))
    }
}

impl Listed {
    /// A case that can be read.
    pub fn of(id: CaseId, state: &CaseState) -> Self {
        let closed = state
            .door_counts()
            .get(&crate::door::DoorState::Closed)
            .copied()
            .unwrap_or_default();
        Self {
            id,
            title: state.title.clone(),
            phase: format!("{:?}", state.phase).to_lowercase(),
            doors: state.doors.len(),
            closed,
            opened: state.opened,
            effective: state.effective,
        }
    }
}

impl App {
    /// The program as configured.
    ///
    /// # Errors
    /// A zone that does not exist.
    pub fn new(settings: Settings, clock: Arc<dyn Clock>) -> Result<Self> {
        let zone = settings.zone()?;
        Ok(Self {
            settings,
            clock,
            zone,
            workplace: Arc::new(Here),
            work: Arc::default(),
            cases: Arc::default(),
            hub: Arc::default(),
            signin: Arc::default(),
        })
    }

    /// The same program for a command from elsewhere.
    #[must_use]
    pub fn at(&self, workplace: Arc<dyn Workplace>) -> Self {
        Self {
            workplace,
            ..self.clone()
        }
    }

    /// What all cases share: opened at the first use, and held from then on.
    ///
    /// # Errors
    /// Another process has it, or it cannot be read.
    pub fn hub(&self) -> Result<Arc<Hub>> {
        let mut held = self.hub.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(hub) = &*held {
            return Ok(Arc::clone(hub));
        }
        let hub = Arc::new(Hub::open(&self.settings.data.join("hub"))?);
        Ok(Arc::clone(held.insert(hub)))
    }

    /// How people prove who they are; one for the whole program.
    ///
    /// # Errors
    /// As [`Self::hub`].
    pub fn signin(&self) -> Result<Arc<SignIn>> {
        if let Some(signin) = self.signin.get() {
            return Ok(Arc::clone(signin));
        }
        let people = self.settings.people.clone();
        let signin = SignIn::new(self.hub()?, Arc::clone(&self.clock), people)?;
        Ok(Arc::clone(self.signin.get_or_init(|| Arc::new(signin))))
    }

    /// Reads the configuration at `config` again and takes over its people; nothing else of it. One that
    /// is not right changes nothing.
    ///
    /// # Errors
    /// The configuration cannot be read or is not right, or the hub cannot be written.
    pub fn reread_people(&self, config: Option<&Path>) -> Result<Changed> {
        let read = Settings::load(config)?;
        self.signin()?.take_people(read.people.now().to_vec())
    }

    /// The address that people open, with its slash.
    pub fn public_url(&self) -> String {
        let url = self.settings.signin.url.as_ref();
        url.map_or_else(
            || format!("http://{}/", self.settings.serve.listen),
            ToString::to_string,
        )
    }

    /// The link that an invitation is.
    pub fn welcome_link(&self, ticket: &Ticket) -> String {
        format!("{}welcome/{}", self.public_url(), ticket.expose())
    }

    /// Where a case is kept.
    pub fn case_dir(&self, id: &CaseId) -> PathBuf {
        self.settings.data.join("cases").join(id.as_str())
    }

    /// The key that signs checkpoints; made at first use, readable by this account only.
    fn recorder_key(&self) -> Result<Signer> {
        let path = self.settings.data.join("recorder_ed25519");
        if path.exists() {
            Signer::open(&path)
        } else {
            Signer::generate(&path, "cordon recorder")
        }
    }

    /// Opens a case: what it was opened on and the company's record are its first evidence.
    ///
    /// The case is made beside its place and gets its name when it is whole, so that a crash leaves
    /// either a case or none.
    ///
    /// # Errors
    /// Nothing says whose departure it is, or the store cannot be made.
    pub async fn open_case(&self, new: NewCase) -> Result<Desk> {
        self.open_case_as(CaseId::fresh(), new).await
    }

    /// The same, under an id that was reserved before, so that whoever is interrupted can tell
    /// whether it was opened.
    ///
    /// # Errors
    /// As [`Self::open_case`].
    pub async fn open_case_as(&self, id: CaseId, new: NewCase) -> Result<Desk> {
        if new.subject.names_nobody() {
            let what = "Nothing says whose departure this is.";
            return Err(Fault::input("no-subject", what).hint(
                "give an address (--email), a worker id (--worker-id) or an account (--account); a name alone is never enough",
            ));
        }
        let cases = self.settings.data.join("cases");
        crate::store::make_dir(&cases)?;
        self.remove_unfinished();
        let _making = crate::store::Making::begin(&cases)?;
        let by = new.by.clone();
        let (aside, place) = (cases.join(format!("{OPENING}{id}")), self.case_dir(&id));
        self.make_case(&aside, id.clone(), new).await?;
        crate::store::put_in_place(&aside, &place)?;
        let log = self.cases.log(&place, &id, &self.clock)?;
        self.assemble(log, by, self.recorder_key()?)
    }

    async fn make_case(&self, place: &Path, id: CaseId, new: NewCase) -> Result<()> {
        let key = self.recorder_key()?;
        let title = new.title.unwrap_or_else(|| {
            let reference = new
                .subject
                .worker_id
                .as_deref()
                .unwrap_or("without worker id");
            format!("Access review {}", crate::hostile::one_line(reference, 60))
        });
        let first = Event::CaseOpened {
            title,
            salt: uuid::Uuid::new_v4().simple().to_string(),
            subject: new.subject.clone(),
            route: new.route,
            people: self.settings.people.now().to_vec(),
            recorder: key.public().line(),
            protected: self.protected(),
            effective: new.effective,
            evidence: None,
        };
        let clock = Arc::clone(&self.clock);
        let log = Arc::new(CaseLog::create(place, id, clock, &new.by, first).await?);
        let desk = self.assemble(log, new.by, key)?;
        match new.origin {
            Origin::Subject => desk.keep_opening().await?,
            Origin::File(name, bytes) => {
                // What the operator says of the person need not stand in the file.
                desk.keep_opening().await?;
                desk.recorder
                    .keep_file(
                        &name,
                        "application/octet-stream",
                        bytes.into(),
                        "What the case was opened on",
                    )
                    .await?;
            }
            Origin::Webhook(arrival) => arrival.keep(&desk).await?,
        }
        // After what the case was opened on: that is the line right after the first.
        desk.hold_from_route().await?;
        desk.company_record().await?;
        desk.propose_clocks().await
    }

    fn protected(&self) -> Vec<String> {
        self.settings
            .protected
            .iter()
            .flat_map(|(provider, logins)| {
                logins
                    .iter()
                    .map(move |login| format!("{provider}:{login}"))
            })
            .collect()
    }

    /// The desk of the case that `name` means.
    ///
    /// # Errors
    /// No case or several are meant; another process owns it; it is damaged.
    pub fn desk(&self, name: &str) -> Result<Desk> {
        self.desk_by(name, Actor::Operator(self.workplace.operator()))
    }

    /// The desk of the case that `name` means, for somebody who is known.
    ///
    /// # Errors
    /// As [`Self::desk`].
    pub fn desk_by(&self, name: &str, by: Actor) -> Result<Desk> {
        let id = self.find(name)?;
        let log = self.cases.log(&self.case_dir(&id), &id, &self.clock)?;
        self.assemble(log, by, self.recorder_key()?)
    }

    /// Tells how many lines the log of a case has, while this process has it open.
    pub fn follow(&self, case: &CaseId) -> Option<watch::Receiver<u64>> {
        self.cases.watch(case)
    }

    /// The state of a case as its ledger tells it, without taking the store.
    ///
    /// # Errors
    /// No case or several are meant, or the ledger is damaged.
    pub fn peek(&self, name: &str) -> Result<CaseState> {
        let id = self.find(name)?;
        let lines = crate::store::peek(&self.case_dir(&id))?;
        let state = crate::case::log::fold(&lines)?.state;
        if let Some(case) = &state.case {
            own_place(&id, case)?;
        }
        Ok(state)
    }

    /// What the ledger of a case tells, line by line, without taking the store.
    ///
    /// # Errors
    /// As [`Self::peek`].
    pub fn entries(&self, name: &str) -> Result<Vec<Entry>> {
        let lines = crate::store::peek(&self.case_dir(&self.find(name)?))?;
        crate::case::log::entries(&lines)
    }

    /// Which process works on a case.
    ///
    /// # Errors
    /// No case or several are meant, or its lock cannot be looked at.
    pub fn owner(&self, name: &str) -> Result<Owner> {
        crate::store::owner(&self.case_dir(&self.find(name)?))
    }

    /// Removes what a crash left of cases that were being opened. None of them was acknowledged.
    fn remove_unfinished(&self) {
        let cases = self.settings.data.join("cases");
        let opening = |name: &str| {
            name.strip_prefix(OPENING)
                .is_some_and(|id| id.parse::<CaseId>().is_ok())
        };
        for path in crate::store::remove_unfinished(&cases, opening) {
            tracing::info!(path = %path.display(), "removed a case whose opening a crash ended");
        }
    }

    /// Every case, the newest first. What a crash left of an opening is removed on the way.
    ///
    /// # Errors
    /// The folder of the cases cannot be read.
    pub fn list(&self) -> Result<Vec<Listed>> {
        self.remove_unfinished();
        let mut ids = self.ids()?;
        ids.reverse();
        Ok(ids.into_iter().map(|id| self.listed(id)).collect())
    }

    fn listed(&self, id: CaseId) -> Listed {
        let state = crate::store::peek(&self.case_dir(&id))
            .and_then(|lines| crate::case::log::fold(&lines));
        match state {
            Ok(folded) => Listed::of(id, &folded.state),
            Err(fault) => Listed {
                id,
                title: String::new(),
                phase: format!("cannot be read: {fault}"),
                doors: 0,
                closed: 0,
                opened: None,
                effective: None,
            },
        }
    }

    /// The id of every case, the oldest first.
    ///
    /// # Errors
    /// The folder of the cases cannot be read.
    pub fn ids(&self) -> Result<Vec<CaseId>> {
        let cases = self.settings.data.join("cases");
        if !cases.exists() {
            return Ok(Vec::new());
        }
        let entries =
            std::fs::read_dir(&cases).map_err(crate::fault::io("list the cases", &cases))?;
        let mut ids: Vec<CaseId> = entries
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .collect();
        ids.sort();
        Ok(ids)
    }

    fn find(&self, name: &str) -> Result<CaseId> {
        let ids = self.ids()?;
        let found: Vec<&CaseId> = ids
            .iter()
            .filter(|id| id.as_str() == name || (name.len() >= 4 && id.as_str().ends_with(name)))
            .collect();
        match found.as_slice() {
            [one] => Ok((*one).clone()),
            [] => Err(Fault::input("no-case", "There is no such case.")
                .at(name.escape_debug())
                .hint("see `cordon case list`")),
            _ => Err(Fault::input("no-case", "Several cases end like this.")
                .at(name.escape_debug())
                .hint("give more of the id")),
        }
    }

    fn assemble(&self, log: Arc<CaseLog>, by: Actor, key: Signer) -> Result<Desk> {
        Ok(Desk {
            recorder: Arc::new(Recorder::new(Arc::clone(&log), by.clone())),
            log,
            providers: self.providers()?,
            by,
            zone: self.zone.clone(),
            settings: self.settings.clone(),
            workplace: Arc::clone(&self.workplace),
            key: Arc::new(key),
        })
    }

    /// Checks every credential; with a case also that its person owns none. Inside a case the answers
    /// are kept as evidence, outside they are not kept.
    ///
    /// # Errors
    /// No provider is configured.
    pub async fn check_providers(&self, case: Option<&str>) -> Result<Vec<Check>> {
        if let Some(case) = case {
            let desk = self.desk(case)?;
            let checks = desk.check().await;
            desk.finish().await?;
            return checks;
        }
        let providers = self.providers()?;
        if providers.is_empty() {
            return Err(Fault::input("no-provider", "No provider is configured.")
                .hint("`cordon init` says what is missing"));
        }
        let mut checks = Vec::new();
        for provider in providers.values() {
            let cx = crate::provider::Cx {
                witness: &Unkept,
                clock: &*self.clock,
            };
            checks.extend(provider.check(None, cx).await?);
        }
        Ok(checks)
    }
}

/// A case that was copied beside itself is refused: two logs of one case would both be signed.
fn own_place(folder: &CaseId, case: &CaseId) -> Result<()> {
    if folder == case {
        return Ok(());
    }
    Err(
        Fault::evidence("case-copied", format!("The folder holds {case}."))
            .at(folder)
            .hint("a copy belongs outside the folder of the cases; verify it there from an export"),
    )
}

/// Headers as a map; one that cannot be a header is left out, and stays in the raw request.
fn headers(pairs: &[(String, String)]) -> http::HeaderMap {
    let parse = |(name, value): &(String, String)| {
        Some((
            name.parse::<http::HeaderName>().ok()?,
            value.parse::<http::HeaderValue>().ok()?,
        ))
    };
    pairs.iter().filter_map(parse).collect()
}

/// Everything that a playbook may name.
pub fn catalogue() -> Catalogue {
    Catalogue::new(crate::providers::SPECS.to_vec(), crate::notice::names())
}

/// The text of a playbook: a shipped one by name, or a file.
///
/// # Errors
/// There is neither.
pub fn playbook_text(workplace: &dyn Workplace, name: &str) -> Result<(String, String)> {
    if let Some(text) = playbook::shipped(name) {
        return Ok((format!("playbooks/{name}.yaml"), text.to_owned()));
    }
    let path = Path::new(name);
    if workplace.free(path).is_err() {
        return Ok((name.to_owned(), workplace.read_text(path)?));
    }
    Err(Fault::input("no-playbook", "There is no such playbook.")
        .at(name.escape_debug())
        .hint(format!(
            "shipped: {}; or give the path of a file",
            playbook::shipped_names().collect::<Vec<_>>().join(", ")
        )))
}

/// A playbook that has no problem that refuses it.
///
/// # Errors
/// Every problem, each with its place.
pub fn playbook(workplace: &dyn Workplace, name: &str) -> Result<Playbook> {
    let (path, text) = playbook_text(workplace, name)?;
    let (playbook, problems) = playbook::review(&path, &text, &catalogue());
    playbook.ok_or_else(|| problems.to_fault())
}

/// Keeps secrets out of core dumps, before anything else happens.
pub fn harden() {
    use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
    // Neither is fatal: a container may forbid both, and has no core dumps then.
    setrlimit(
        Resource::Core,
        Rlimit {
            current: Some(0),
            maximum: Some(0),
        },
    )
    .ok();
    set_dumpable_behavior(DumpableBehavior::NotDumpable).ok();
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .ok();
}

/// Sends the program's own log to stderr, filtered by `CORDON_LOG`: lines of text that warn, or for
/// a daemon one JSON document per line.
pub fn log_to_stderr(daemon: bool) {
    let otherwise = if daemon { "info" } else { "warn" };
    let filter = tracing_subscriber::EnvFilter::new(crate::settings::log_filter(otherwise));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false);
    if daemon {
        let log = log.json().flatten_event(true).with_span_list(false);
        let log = log.finish();
        #[cfg(feature = "otel")]
        let log = tracing_subscriber::layer::SubscriberExt::with(log, telemetry::layer());
        tracing_subscriber::util::SubscriberInitExt::try_init(log).ok();
    } else {
        log.try_init().ok();
    }
}
