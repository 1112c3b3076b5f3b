//! Evidence of a case: import, repositories, export, verification.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;

use super::desk::Desk;
use crate::case::event::{Event, Evidence};
use crate::evidence::export::{Exported, Scope};
use crate::evidence::git::{Bundled, Remote};
use crate::evidence::timeline::{self, Moment};
use crate::evidence::{export, git, trail, verify};
use crate::fault::{Fault, Result};
use crate::id::EvidenceId;
use crate::provider::Completeness;

/// How long one call of git may take.
const GIT_LIMIT: Duration = Duration::from_mins(30);

/// A trail file that was taken in.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct ImportedFile {
    /// Its name. Hostile text.
    pub name: String,
    /// The original.
    pub evidence: EvidenceId,
    /// The vendor's format; `None` when it is not known: the file is kept, but not read.
    pub format: Option<String>,
    /// What was read and what was not.
    pub completeness: Completeness,
    /// Records that could not be read, each with its place.
    pub problems: Vec<String>,
}

/// The bytes of an item of evidence.
#[derive(Debug)]
pub enum Held {
    /// All of them.
    Bytes(Bytes),
    /// A file of the store that is never written again.
    File(std::fs::File),
}

impl ImportedFile {
    /// Whether the format is known.
    pub const fn understood(&self) -> bool {
        self.format.is_some()
    }

    /// One line for people.
    pub fn line(&self) -> String {
        match &self.format {
            None => format!(
                "kept as {}, but its format is not known; it is not on the timeline",
                self.evidence
            ),
            Some(format) => format!(
                "kept as {}: {format}, {} records, {} duplicates, {} not readable",
                self.evidence,
                self.completeness.records,
                self.completeness.duplicates,
                self.problems.len()
            ),
        }
    }
}

impl Desk {
    /// Takes in a trail file: kept as it is, then read for the timeline.
    ///
    /// # Errors
    /// The file cannot be read or kept. A format that is not known is no error: the file is kept.
    pub async fn import(&self, file: &Path) -> Result<ImportedFile> {
        let (name, bytes) = self.workplace.read(file)?;
        self.import_trail(name, bytes.into()).await
    }

    /// Keeps a file that a person gave, as it is: a letter, a document of an authority, a picture.
    ///
    /// # Errors
    /// It is empty, has no name, or cannot be kept.
    pub async fn keep_document(&self, name: &str, title: &str, bytes: Bytes) -> Result<Evidence> {
        if bytes.is_empty() || name.trim().is_empty() {
            let what = "A file to keep has a name and is not empty.";
            return Err(Fault::input("file", what));
        }
        let title = crate::hostile::one_line(title, 200);
        // What it is, nobody has looked at: no face may believe the word of whoever gave it.
        let media_type = "application/octet-stream";
        let id = self.recorder.keep_file(name, media_type, bytes, &title);
        let id = id.await?;
        let kept = self.log.read(|state| state.evidence.get(&id).cloned());
        kept.ok_or_else(|| Fault::failed("keep", "A file could not be kept.").at(id))
    }

    /// Takes in the bytes of a trail file.
    ///
    /// # Errors
    /// As [`Self::import`].
    pub async fn import_trail(&self, name: String, bytes: Bytes) -> Result<ImportedFile> {
        if bytes.trim_ascii().is_empty() {
            let what = "The file is empty: nothing was kept.";
            return Err(Fault::input("trail-empty", what).at(crate::hostile::one_line(&name, 120)));
        }
        let title = format!("Trail file {}", crate::hostile::one_line(&name, 120));
        let evidence = self
            .recorder
            .keep_file(&name, "application/json", bytes.clone(), &title)
            .await?;
        let read = trail::import(&bytes, &name)?;
        let mut imported = ImportedFile {
            name,
            evidence: evidence.clone(),
            format: read.format.map(|format| format.name().to_owned()),
            completeness: read.completeness(),
            problems: read
                .problems
                .iter()
                .map(|problem| format!("{}: {}", problem.place, problem.what))
                .collect(),
        };
        if imported.format.is_none() {
            imported
                .completeness
                .gaps
                .push("the format of the file is not known; it was kept and not read".to_owned());
        }
        let trail = imported.format.as_ref().map_or_else(
            || "import.unknown".to_owned(),
            |format| format!("import.{format}"),
        );
        let event = Event::TrailRead {
            trail,
            account: None,
            completeness: imported.completeness.clone(),
            evidence: vec![evidence],
        };
        self.log.append(&self.by, vec![event]).await?;
        Ok(imported)
    }

    /// Mirrors a git repository, bundles it and lets git verify the bundle.
    ///
    /// # Errors
    /// git is missing or too old, the repository cannot be read, the bundle does not verify.
    pub async fn bundle(&self, repository: &str) -> Result<Bundled> {
        git::bundle(&self.recorder, &Remote::named(repository, None)?, GIT_LIMIT).await
    }

    /// The bytes of an item of evidence, checked against its hash.
    ///
    /// # Errors
    /// They are gone or damaged.
    pub fn bytes(&self, evidence: &Evidence) -> Result<Bytes> {
        if let Some(bytes) = self.log.store().blob(evidence.sha256)? {
            return Ok(bytes);
        }
        let gone = || {
            Fault::evidence(
                "evidence-gone",
                "The bytes of this evidence are not in the store.",
            )
            .at(&evidence.id)
        };
        let path = self.log.store().object(evidence.sha256).ok_or_else(gone)?;
        std::fs::read(&path)
            .map(Bytes::from)
            .map_err(|error| gone().caused_by(error))
    }

    /// The bytes of an item of evidence, or the open file that holds them where there are many: the
    /// store need not be kept for reading it.
    ///
    /// # Errors
    /// They are gone or damaged.
    pub fn held(&self, evidence: &Evidence) -> Result<Held> {
        let Some(path) = self.log.store().object(evidence.sha256) else {
            return self.bytes(evidence).map(Held::Bytes);
        };
        let cannot = crate::fault::io("open the evidence", &path);
        std::fs::File::open(&path).map(Held::File).map_err(cannot)
    }

    /// Exports the case to a folder that an expert can verify with ordinary tools.
    ///
    /// # Errors
    /// The folder exists, or the disk fails.
    pub async fn export(&self, to: &Path, scope: Scope) -> Result<Exported> {
        if self.workplace.is_here() {
            return export::write(&self.log, &self.key, &self.by, to, scope).await;
        }
        self.workplace.free(to)?;
        let made = self.parcel(scope).await?;
        self.workplace.deliver(&made.exported.folder, to)?;
        let mut exported = made.exported.clone();
        to.clone_into(&mut exported.folder);
        Ok(exported)
    }

    /// Verifies the store of this case, also against what is known from outside.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn verify_store(&self, anchors: &verify::Anchors) -> Result<verify::Report> {
        verify::store_against(&self.log, anchors)
    }

    /// One timeline of contacts, the account holder's trail events, our actions and clocks.
    ///
    /// # Errors
    /// Evidence cannot be read.
    pub fn timeline(&self) -> Result<Vec<Moment>> {
        timeline::of(&self.log)
    }
}
