//! Exports: one folder that a stranger verifies with `sha256sum`, `ssh-keygen`, `jq` and Python.
//!
//! The order of the writing matters. A checkpoint is signed first, so that the log inside ends with
//! it. The folder is then built beside its place; its manifest is signed and written into the live
//! log (`export.made`) before the folder gets its name: nobody can be handed an export that the log
//! does not know. The log inside cannot name the manifest that covers it; the next export shows it.

mod folder;
mod index;
pub(super) mod layout;

pub use folder::{deliver, free};

use std::path::{Path, PathBuf};

use serde::Serialize;

use self::folder::Folder;
use super::checkpoint::{self, SignedCheckpoint};
use crate::canon::Digest;
use crate::case::event::{Actor, Entry, Event, Evidence, FORMAT, Signed};
use crate::case::log::{CaseLog, fold};
use crate::case::state::CaseState;
use crate::fault::{Fault, Result};
use crate::sshsig::{self, Signer};
use crate::time::utc;

/// The name of the log, in a case and in an export.
pub const LEDGER: &str = "ledger.jsonl";

/// The guide and the script of every export.
const GUIDE: &str = include_str!("../../templates/export/VERIFY.md");
const SCRIPT: &str = include_str!("../../templates/export/verify.py");

/// A finished export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exported {
    /// Where it lies.
    pub folder: PathBuf,
    /// SHA-256 of its manifest: what to write on the label.
    pub manifest: Digest,
    /// How many files it has, the manifest and its signature included.
    pub files: u64,
    /// How many items of evidence.
    pub evidence: u64,
    /// How many of them are counsel's and were left out.
    pub withheld: u64,
    /// How many lines of the log.
    pub entries: u64,
    /// The recorder's key.
    pub recorder: String,
}

/// What of the evidence is in an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Everything but what is counsel's; its records are there, its bytes are not.
    Facts,
    /// Also what is counsel's, in a folder of its own.
    Privileged,
}

impl Scope {
    /// Whether the bytes of an item are in it.
    pub const fn takes(self, evidence: &Evidence) -> bool {
        !evidence.privileged || matches!(self, Self::Privileged)
    }
}

/// What goes into an export, read once.
struct Contents {
    lines: Vec<Vec<u8>>,
    state: CaseState,
    /// Evidence with the line of its record.
    evidence: Vec<(u64, Evidence)>,
    checkpoints: Vec<SignedCheckpoint>,
    decisions: Vec<(u64, Signed)>,
}

impl Contents {
    fn read(log: &CaseLog) -> Result<Self> {
        let lines = log.store().lines(0)?;
        let folded = fold(&lines)?;
        if let Some(newer) = folded.newer {
            return Err(Fault::failed(
                "export-newer",
                format!("The log has lines of format {newer}; this Cordon knows {FORMAT}."),
            )
            .at(log.case())
            .hint("export with the newer Cordon"));
        }
        let mut contents = Self {
            state: folded.state,
            evidence: Vec::new(),
            checkpoints: Vec::new(),
            decisions: Vec::new(),
            lines: Vec::new(),
        };
        for (line, number) in lines.iter().zip(1..) {
            let entry: Entry = serde_json::from_slice(line).map_err(|error| {
                Fault::evidence("log-damaged", "A line of the case log cannot be read.")
                    .at(format!("line {number}"))
                    .caused_by(error)
            })?;
            contents.take(number, entry.event);
        }
        contents.lines = lines;
        Ok(contents)
    }

    /// The items whose bytes are in it.
    fn taken(&self, scope: Scope) -> impl Iterator<Item = &(u64, Evidence)> {
        let items = self.evidence.iter();
        items.filter(move |(_, evidence)| scope.takes(evidence))
    }

    /// How many items are left out.
    fn withheld(&self, scope: Scope) -> usize {
        self.evidence.len() - self.taken(scope).count()
    }

    fn take(&mut self, line: u64, event: Event) {
        match event {
            Event::EvidenceKept(evidence) => self.evidence.push((line, evidence)),
            Event::CheckpointSigned {
                text, signature, ..
            } => {
                self.checkpoints.push(SignedCheckpoint { text, signature });
            }
            Event::GateApproved { signed, .. }
            | Event::GateDenied { signed, .. }
            | Event::NoticeApproved { signed, .. }
            | Event::SanctionsApproved { signed, .. } => self.decisions.push((line, signed)),
            _ => {}
        }
    }
}

/// Writes an export of a case to `dir`, which must not exist; its parent must. Blocks while files
/// are copied.
///
/// # Errors
/// Something lies there already; bytes of evidence are gone or damaged; the disk fails. Nothing is
/// left behind then.
pub async fn write(
    log: &CaseLog,
    signer: &Signer,
    by: &Actor,
    dir: &Path,
    scope: Scope,
) -> Result<Exported> {
    free(dir)?;
    checkpoint::sign(log, signer, by).await?;
    let contents = Contents::read(log)?;
    let mut folder = Folder::beside(dir)?;
    fill(&mut folder, log, &contents, signer, scope)?;
    let (manifest, files) = folder.seal(|text| signer.sign(sshsig::EXPORT, text))?;
    let made = Event::ExportMade {
        manifest,
        files,
        privileged: scope == Scope::Privileged,
    };
    log.append(by, vec![made]).await?;
    folder.name(dir)?;
    Ok(Exported {
        folder: dir.to_owned(),
        manifest,
        files,
        evidence: contents.evidence.len() as u64,
        withheld: contents.withheld(scope) as u64,
        entries: contents.lines.len() as u64,
        recorder: signer.public().fingerprint(),
    })
}

fn fill(
    folder: &mut Folder,
    log: &CaseLog,
    contents: &Contents,
    signer: &Signer,
    scope: Scope,
) -> Result<()> {
    let mut ledger = contents.lines.join(&b'\n');
    ledger.push(b'\n');
    folder.write(LEDGER, &ledger)?;
    for signed in &contents.checkpoints {
        let checkpoint: checkpoint::Checkpoint = signed.text.parse()?;
        let file = format!("{}/{}.txt", checkpoint::FOLDER, checkpoint.name());
        folder.signed(&file, &signed.text, &signed.signature)?;
    }
    for (line, signed) in &contents.decisions {
        folder.signed(
            &layout::approval(*line, &signed.person),
            &signed.text,
            &signed.signature,
        )?;
    }
    folder.write(
        layout::SIGNERS,
        layout::signers(signer.public(), &contents.state.people).as_bytes(),
    )?;
    for (line, evidence) in contents.taken(scope) {
        raw(folder, log, *line, evidence)?;
    }
    let items = &contents.evidence;
    folder.write(
        "evidence.json",
        index::json(log.case(), items, scope)?.as_bytes(),
    )?;
    folder.write("evidence.csv", index::csv(items, scope).as_bytes())?;
    let completeness = index::Completeness::of(&contents.state);
    folder.write("completeness.json", completeness.json()?.as_bytes())?;
    folder.write("completeness.md", completeness.markdown().as_bytes())?;
    folder.write("VERIFY.md", guide(log, contents, signer, scope).as_bytes())?;
    folder.write("verify.py", SCRIPT.as_bytes())
}

/// Copies the bytes of an item and holds them against its record.
fn raw(folder: &mut Folder, log: &CaseLog, line: u64, evidence: &Evidence) -> Result<()> {
    let gone = |what: &str| {
        Fault::evidence("evidence-damaged", what.to_owned())
            .at(format!("{}, line {line} of the log", evidence.id))
            .hint(format!(
                "see the whole damage with `cordon evidence verify --case {}`",
                log.case()
            ))
    };
    let file = layout::raw(evidence);
    let copied = if let Some(path) = log.store().object(evidence.sha256) {
        folder.copy(&file, &path)?
    } else {
        let bytes = log
            .store()
            .blob(evidence.sha256)?
            .ok_or_else(|| gone("The bytes of an item of evidence are not in the store."))?;
        folder.write(&file, &bytes)?;
        (Digest::of(&bytes), bytes.len() as u64)
    };
    if copied == (evidence.sha256, evidence.bytes) {
        Ok(())
    } else {
        Err(gone(
            "The bytes of an item of evidence are not those that were recorded.",
        ))
    }
}

fn guide(log: &CaseLog, contents: &Contents, signer: &Signer, scope: Scope) -> String {
    let last = contents.checkpoints.last();
    let made = last
        .and_then(|signed| signed.text.parse().ok())
        .map_or_else(String::new, |checkpoint: checkpoint::Checkpoint| {
            utc(checkpoint.at)
        });
    [
        ("{case}", log.case().to_string()),
        ("{made}", made),
        ("{tool}", super::recorder::TOOL.to_owned()),
        ("{entries}", contents.lines.len().to_string()),
        ("{evidence}", contents.evidence.len().to_string()),
        ("{withheld}", contents.withheld(scope).to_string()),
        ("{fingerprint}", signer.public().fingerprint()),
    ]
    .into_iter()
    .fold(GUIDE.to_owned(), |text, (mark, value)| {
        text.replace(mark, &value)
    })
}
