//! The drill: the whole job against a simulated company that lives inside the binary.
//!
//! Everything is real but the company: HTTP servers on loopback, a signed webhook, the store, the
//! engine, SSH signatures, the export and its verification. What the drill reports is compared with
//! the simulated company's own truth, which the response cannot see.

mod expect;
mod people;
mod show;
mod stage;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;
use tokio::sync::watch;

use crate::app::summary::Summary;
use crate::app::{App, Desk};
use crate::canon::Digest;
use crate::clock::Shown;
use crate::evidence::export::Scope;
use crate::evidence::verify;
use crate::fault::{Fault, Result};
use crate::id::CaseId;
use crate::plan::show::{Detail, View, text as plan_text};
use crate::range::company::{Company, extortion_mail};
use crate::range::server::Call;
use crate::run::{End, Options, Progress, WaitingGate};
use crate::time::{Clock, SystemClock};

pub use expect::Expectation;
pub use show::text;

/// The scenarios by name, each with one line.
pub const SCENARIOS: &[(&str, &str)] = &[(
    "departure",
    "an HR webhook, two providers, a gate of two, a demand by mail five hours later",
)];

/// Who decides at a gate, and who is told what goes on.
pub trait Audience: Send + Sync {
    /// What is being done now.
    fn stage(&self, line: &str);

    /// The plan before the first gate: its counts, and the whole of it as text.
    fn plan(&self, view: &View, text: &str);

    /// Whether the person `name` approves.
    ///
    /// # Errors
    /// Nobody can be asked.
    fn decides(&self, gate: &WaitingGate, name: &str) -> Result<bool>;
}

/// What a drill did and found: the one JSON document of `cordon drill --json`.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The scenario.
    pub scenario: String,
    /// The case.
    pub case: CaseId,
    /// Where the drill lies: configuration, keys, case, export.
    pub folder: PathBuf,
    /// Doors by state.
    pub doors: std::collections::BTreeMap<crate::door::DoorState, usize>,
    /// Every call in the order of its arrival.
    pub order: Vec<Call>,
    /// What was kept and exported.
    pub evidence: Kept,
    /// Every draft.
    pub notices: Vec<crate::app::summary::NoticeLine>,
    /// Every clock.
    pub clocks: Vec<Shown>,
    /// What came in from whoever makes demands.
    pub contacts: Vec<crate::case::event::Contact>,
    /// The offline verification of the export.
    pub verify: verify::Report,
    /// The case as a whole.
    pub summary: Summary,
    /// What the scenario asks for, and whether it was met.
    pub expectations: Vec<Expectation>,
    /// How long it took, milliseconds.
    pub took_ms: u64,
}

/// What was kept and exported.
#[derive(Debug, Serialize)]
pub struct Kept {
    /// Items of evidence.
    pub items: usize,
    /// The export.
    pub export: PathBuf,
    /// Files in it.
    pub files: u64,
    /// SHA-256 of its manifest.
    pub manifest: Digest,
}

impl Report {
    /// Whether every expectation was met.
    pub fn met(&self) -> bool {
        self.expectations.iter().all(|expectation| expectation.met)
    }
}

/// Runs a scenario in `folder`, which is made.
///
/// # Errors
/// There is no such scenario, or something that is no part of the scenario failed.
pub async fn run(scenario: &str, folder: PathBuf, audience: Arc<dyn Audience>) -> Result<Report> {
    if !SCENARIOS.iter().any(|(name, _)| *name == scenario) {
        let names: Vec<&str> = SCENARIOS.iter().map(|(name, _)| *name).collect();
        return Err(Fault::input("no-scenario", "There is no such scenario.")
            .at(scenario.escape_debug())
            .hint(format!("scenarios: {}", names.join(", "))));
    }
    let started = Instant::now();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let company = Company::invented();
    audience.stage("starting the simulated company");
    let stage = stage::Stage::set(&folder, &company, Arc::clone(&clock)).await?;
    let before = stage.truth();

    audience.stage("HR reports the end of the engagement by a signed webhook");
    let case = stage.departure(&company).await?;
    let desk = stage.app.desk(case.as_str())?;
    audience.stage("resolving accounts, reading doors");
    let undecided = desk.resolve().await?;
    if !undecided.is_empty() {
        let names: Vec<&str> = undecided.iter().map(|(name, _)| name.as_str()).collect();
        let what = format!("The account was not settled at {}.", names.join(", "));
        return Err(Fault::failed("drill", what));
    }
    desk.inventory().await?;
    let (plan, _) = desk.plan("terminated-contractor").await?;
    let preview = desk
        .log
        .read(|state| crate::plan::show::view(&plan, state, &desk.catalogue()))?;
    let text = desk
        .log
        .read(|state| plan_text(&plan, state, &desk.catalogue(), Detail::Brief))?;
    audience.plan(&preview, &text);
    respond(&desk, &stage, &*audience).await?;

    audience.stage("a demand arrives by mail");
    desk.contact_mail("demand.eml", extortion_mail(&company, clock.now()))
        .await?;
    audience.stage("taking in a repository");
    desk.bundle(&stage.repository.display().to_string()).await?;
    audience.stage("drafting notices");
    for notice in ["ic3", "executive"] {
        desk.draft(notice).await?;
    }
    desk.finish().await?;
    audience.stage("exporting the evidence and verifying the export offline");
    let export = folder.join("export");
    let exported = desk.export(&export, Scope::Facts).await?;
    let verified = verify::folder(&export)?;
    let summary = desk.summary();
    let found = expect::Found {
        before: &before,
        stage: &stage,
        company: &company,
        desk: &desk,
        summary: &summary,
        verified: &verified,
    };
    let expectations = expect::all(&found)?;
    let report = Report {
        scenario: scenario.to_owned(),
        case,
        doors: summary.doors.clone(),
        order: stage.calls.calls(),
        evidence: Kept {
            items: summary.evidence,
            export,
            files: exported.files,
            manifest: exported.manifest,
        },
        notices: summary.notices.clone(),
        clocks: summary.clocks.clone(),
        contacts: desk.log.read(|state| state.contacts.clone()),
        verify: verified,
        expectations,
        summary,
        took_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        folder,
    };
    stage.strike().await;
    Ok(report)
}

/// Runs the plan; at each gate the two operators of the drill decide.
async fn respond(desk: &Desk, stage: &stage::Stage, audience: &dyn Audience) -> Result<()> {
    let (_keep, cancel) = watch::channel(false);
    loop {
        audience.stage("running the plan");
        let report = desk
            .run(
                &Options::default(),
                Arc::new(crate::run::Quiet) as Arc<dyn Progress>,
                cancel.clone(),
            )
            .await?;
        let End::Waiting(waiting) = &report.end else {
            return Ok(());
        };
        let open: Vec<&WaitingGate> = waiting.gates.iter().filter(|gate| !gate.expired).collect();
        if open.is_empty() {
            return Ok(());
        }
        'gates: for gate in open {
            for person in &stage.people {
                let approve = audience.decides(gate, &person.name)?;
                let word = if approve { "approves" } else { "denies" };
                audience.stage(&format!("gate `{}`: {} {word}", gate.step, person.name));
                desk.decide(&gate.step, &person.name, &person.key, approve, "drill")
                    .await?;
                if !approve {
                    // What was denied may leave nothing to decide at the other gates.
                    break 'gates;
                }
            }
        }
    }
}

/// The configured program of a drill, for looking at its case afterwards.
///
/// # Errors
/// The folder holds no drill.
pub fn app(folder: &std::path::Path) -> Result<App> {
    let settings = crate::settings::Settings::load(Some(&folder.join("cordon.toml")))?;
    App::new(settings, Arc::new(SystemClock))
}
