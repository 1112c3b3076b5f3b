//! Verification: of an export, which needs nothing but the folder, and of a live case.
//!
//! Everything is read and checked even after the first damage, so that one report tells all of it,
//! each issue with its file, line and byte where they are known.

mod files;
mod papers;
mod walk;

use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;

use self::files::Tree;
use self::walk::Walk;
use super::checkpoint::{self, Checkpoint, SignedCheckpoint};
use super::export;
use crate::canon::Digest;
use crate::case::event::Evidence;
use crate::case::log::CaseLog;
use crate::case::state::MendedRecord;
use crate::fault::{Fault, Result};
use crate::hostile::one_line;
use crate::id::CaseId;
use crate::sshsig::{self, PublicKey};
use crate::time::{Timestamp, utc};

/// How many issues are told one by one.
const ISSUE_LIMIT: usize = 1_000;

/// Something that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Issue {
    /// The file, relative to the folder; `store` for the embedded store.
    pub file: String,
    /// The line, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The byte in the file, counted from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub byte: Option<u64>,
    /// What does not hold, one sentence. May quote hostile text.
    pub what: String,
}

impl Issue {
    fn of(file: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            line: None,
            byte: None,
            what: what.into(),
        }
    }

    fn line(mut self, line: u64) -> Self {
        self.line = Some(line);
        self
    }

    fn byte(mut self, byte: u64) -> Self {
        self.byte = Some(byte);
        self
    }
}

impl std::fmt::Display for Issue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&one_line(&self.file, 200))?;
        if let Some(line) = self.line {
            write!(f, " line {line}")?;
        }
        if let Some(byte) = self.byte {
            write!(f, " byte {byte}")?;
        }
        write!(f, ": {}", one_line(&self.what, 500))
    }
}

/// A decision that stands in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Decided {
    /// The line of the log.
    pub line: u64,
    /// The person. Hostile text.
    pub person: String,
    /// `gate contain` or `notice notice_…`.
    pub subject: String,
    /// `approve` or `deny`.
    pub decision: String,
    /// The digest that it binds.
    pub binds: Digest,
    /// When the log took it in.
    pub at: Timestamp,
    /// Whether the signature and everything that it binds hold.
    pub holds: bool,
}

/// What is known from outside of what is verified.
#[derive(Debug, Clone, Default)]
pub struct Anchors {
    /// The recorder's key, had by another way.
    pub recorder: Option<PublicKey>,
    /// Checkpoints that were kept elsewhere.
    pub checkpoints: Vec<SignedCheckpoint>,
}

/// What a verification found.
#[derive(Debug, Clone, Default, Serialize, schemars::JsonSchema)]
pub struct Report {
    /// The case.
    pub case: Option<CaseId>,
    /// Its title. Hostile text.
    pub title: String,
    /// The fingerprint of the recorder's key that the log names.
    pub recorder: Option<String>,
    /// How many lines the log has.
    pub entries: u64,
    /// SHA-256 of the last.
    pub head: Option<Digest>,
    /// The last checkpoint whose signature holds.
    pub last_checkpoint: Option<String>,
    /// How many checkpoints hold.
    pub checkpoints: u64,
    /// How many files were hashed.
    pub files: u64,
    /// How many items of evidence were compared with their bytes.
    pub evidence: u64,
    /// How many bytes of evidence.
    pub evidence_bytes: u64,
    /// How many items are counsel's and were left out of the export.
    pub withheld: u64,
    /// Every decision of a person.
    pub decisions: Vec<Decided>,
    /// The newest format above ours, whose lines were checked for their chain only.
    pub newer: Option<u32>,
    /// Damage to the store that was mended, as the log tells it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub mended: Vec<MendedRecord>,
    /// What was known from outside and holds, one sentence each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub anchored: Vec<String>,
    /// What does not hold, the first thousand.
    pub issues: Vec<Issue>,
    /// How many issues there are in all.
    pub issue_count: u64,
    /// What this verification cannot show.
    pub limits: Vec<String>,
}

impl Report {
    /// Whether everything holds.
    pub const fn holds(&self) -> bool {
        self.issue_count == 0
    }

    /// The fault to end a command with, when something does not hold.
    pub fn fault(&self) -> Option<Fault> {
        let first = self.issues.first()?;
        Some(
            Fault::evidence(
                "does-not-verify",
                format!("{} places do not verify.", self.issue_count),
            )
            .at(first)
            .hint("keep this copy as it is, and compare it with another copy"),
        )
    }

    fn add(&mut self, issues: impl IntoIterator<Item = Issue>) {
        for issue in issues {
            self.issue_count += 1;
            if self.issues.len() < ISSUE_LIMIT {
                self.issues.push(issue);
            }
        }
    }

    /// The report for people. Quotes hostile text on single lines.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let verdict = if self.holds() {
            "VERIFIED"
        } else {
            "DOES NOT VERIFY"
        };
        let case = self.case.as_ref().map_or("unknown case", CaseId::as_str);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{verdict}: {case} ({})", one_line(&self.title, 120));
        let _ = writeln!(
            text,
            "  log: {} lines, {} checkpoints; evidence: {} items, {} bytes; files hashed: {}",
            self.entries, self.checkpoints, self.evidence, self.evidence_bytes, self.files
        );
        if let Some(recorder) = &self.recorder {
            let _ = writeln!(text, "  recorder's key: {recorder}");
        }
        for known in &self.anchored {
            let _ = writeln!(text, "  anchor: {known}");
        }
        for decided in &self.decisions {
            let _ = writeln!(
                text,
                "  {} line {}: {} by {}, {}: {}",
                utc(decided.at),
                decided.line,
                decided.decision,
                one_line(&decided.person, 80),
                one_line(&decided.subject, 80),
                if decided.holds {
                    "signature holds"
                } else {
                    "DOES NOT HOLD"
                },
            );
        }
        if !self.mended.is_empty() {
            let _ = writeln!(text, "  damage to the store that was found and mended:");
        }
        for mended in &self.mended {
            let what = one_line(&mended.what, 500);
            let _ = write!(text, "    {} line {}: {what}", utc(mended.at), mended.line);
            let _ = match &mended.kept {
                Some(kept) => writeln!(text, " As found: {}", one_line(kept, 100)),
                None => writeln!(text),
            };
        }
        for issue in &self.issues {
            let _ = writeln!(text, "  ISSUE {issue}");
        }
        if self.issue_count > self.issues.len() as u64 {
            let more = self.issue_count - self.issues.len() as u64;
            let _ = writeln!(text, "  ISSUE and {more} more");
        }
        for limit in &self.limits {
            let _ = writeln!(text, "  limit: {limit}");
        }
        text
    }
}

/// Verifies an export by itself. See [`folder_against`].
///
/// # Errors
/// As [`folder_against`].
pub fn folder(dir: &Path) -> Result<Report> {
    folder_against(dir, &Anchors::default())
}

/// Verifies an export: manifest, every hash, the chain, signatures, decisions, and that it does not
/// contradict what is known from outside. Needs no store and no configuration.
///
/// # Errors
/// Only when the folder cannot be read at all; damage is in the report.
pub fn folder_against(dir: &Path, anchors: &Anchors) -> Result<Report> {
    let tree = Tree::read(dir)?;
    let mut report = Report {
        files: tree.files.len() as u64,
        ..Report::default()
    };
    report.add(tree.issues.iter().cloned());
    let walk = Walk::file(&dir.join(export::LEDGER), export::LEDGER)?;
    conclude(&mut report, &walk, anchors);
    report.add(tree.signers(&walk));
    report.add(tree.manifest_signature(walk.recorder.as_ref()));
    report.add(tree.checkpoints(&walk));
    report.add(tree.approvals(&walk));
    for (line, evidence) in &walk.evidence {
        if tree.withholds(evidence) {
            report.withheld += 1;
            continue;
        }
        report.evidence += 1;
        report.evidence_bytes += evidence.bytes;
        report.add(tree.evidence(*line, evidence));
    }
    Ok(report)
}

/// Verifies a live case by itself. See [`store_against`].
///
/// # Errors
/// As [`store_against`].
pub fn store(log: &CaseLog) -> Result<Report> {
    store_against(log, &Anchors::default())
}

/// Verifies a live case: the plain ledger, the embedded store's copy of it, every blob and object,
/// signatures and decisions, and the checkpoints beside the log.
///
/// # Errors
/// Only when nothing can be read; damage is in the report.
pub fn store_against(log: &CaseLog, anchors: &Anchors) -> Result<Report> {
    let mut report = Report::default();
    // The store waits for commits on their way, so the ledger is read after it.
    let lines = log.store().lines(0);
    let mut walk = Walk::file(&log.dir().join(export::LEDGER), export::LEDGER)?;
    match lines {
        Ok(lines) => report.add(copies_differ(&lines, &mut walk)),
        Err(fault) => report.add([Issue::of("store", fault.to_string())]),
    }
    let damage = log
        .store()
        .repairs()
        .iter()
        .filter(|repair| repair.kind.is_damage());
    report.add(damage.map(|repair| {
        Issue::of(
            "store",
            format!("found and mended when it was opened: {}", repair.what),
        )
    }));
    conclude(&mut report, &walk, anchors);
    if let Some(recorder) = &walk.recorder {
        let folder = log.dir().join(checkpoint::FOLDER);
        let beside = files::checkpoints_in(&folder);
        report.add(beside.iter().filter_map(|signed| {
            let what = held(&walk, recorder, signed).err()?;
            Some(Issue::of(place(signed), what))
        }));
    }
    for (line, evidence) in &walk.evidence {
        report.evidence += 1;
        report.evidence_bytes += evidence.bytes;
        report.add(kept(log, *line, evidence));
    }
    Ok(report)
}

/// Where the two copies of the log differ. Lines that came after the store was read are not held
/// against it.
fn copies_differ(lines: &[Vec<u8>], walk: &mut Walk) -> Vec<Issue> {
    let store: Vec<Digest> = lines
        .iter()
        .map(|line| crate::case::log::line_hash(line))
        .collect();
    let first = store
        .iter()
        .zip(&walk.hashes)
        .position(|(one, other)| one != other)
        .or_else(|| (store.len() > walk.hashes.len()).then_some(walk.hashes.len()));
    first
        .map(|index| {
            Issue::of(
                export::LEDGER,
                "the plain ledger and the embedded store differ here",
            )
            .line(index as u64 + 1)
        })
        .into_iter()
        .collect()
}

/// Whether the bytes of a live item are there and right.
fn kept(log: &CaseLog, line: u64, evidence: &Evidence) -> Option<Issue> {
    let issue =
        |what: String| Some(Issue::of("store", format!("{}: {what}", evidence.id)).line(line));
    let (digest, bytes) = match log.store().object(evidence.sha256) {
        Some(path) => match files::hash(&path) {
            Ok(found) => found,
            Err(fault) => return issue(fault.to_string()),
        },
        None => match log.store().blob(evidence.sha256) {
            Ok(Some(bytes)) => (Digest::of(&bytes), bytes.len() as u64),
            Ok(None) => return issue("its bytes are not in the store".to_owned()),
            Err(fault) => return issue(fault.to_string()),
        },
    };
    if digest != evidence.sha256 || bytes != evidence.bytes {
        return issue("its bytes are not those that were recorded".to_owned());
    }
    None
}

/// Takes over what the walk found, and holds the log against its own and outside checkpoints.
fn conclude(report: &mut Report, walk: &Walk, anchors: &Anchors) {
    report.case.clone_from(&walk.case);
    report.title.clone_from(&walk.title);
    report.entries = walk.hashes.len() as u64;
    report.head = walk.hashes.last().copied();
    report.newer = walk.newer;
    report.decisions.clone_from(&walk.decisions);
    report.mended.clone_from(&walk.mended);
    report.recorder = walk.recorder.as_ref().map(PublicKey::fingerprint);
    report.add(walk.issues.iter().cloned());
    let Some(recorder) = &walk.recorder else {
        report.add([Issue::of(export::LEDGER, "the log names no recorder's key").line(1)]);
        return;
    };
    if let Some(known) = &anchors.recorder {
        if known.same(recorder) {
            let holds = "the recorder's key is the one that was expected";
            report.anchored.push(holds.to_owned());
        } else {
            let what = format!(
                "the recorder's key {} is not the one expected, {}",
                recorder.fingerprint(),
                known.fingerprint()
            );
            report.add([Issue::of(export::LEDGER, what).line(1)]);
        }
    }
    let mut last: Option<Checkpoint> = None;
    for (line, signed) in &walk.checkpoints {
        match held(walk, recorder, signed) {
            Ok(checkpoint) => {
                report.checkpoints += 1;
                last = Some(checkpoint);
            }
            Err(what) => report.add([Issue::of(export::LEDGER, what).line(*line)]),
        }
    }
    for signed in &anchors.checkpoints {
        // By the key that is known from outside: the log may name another.
        match held(walk, anchors.recorder.as_ref().unwrap_or(recorder), signed) {
            Ok(checkpoint) => report.anchored.push(format!(
                "the log continues the checkpoint of {} lines that was signed at {} and kept elsewhere",
                checkpoint.entries,
                utc(checkpoint.at)
            )),
            Err(what) => report.add([Issue::of(place(signed), what)]),
        }
    }
    report.limits = limits(report, last.as_ref(), anchors);
    report.last_checkpoint = last.map(|checkpoint| checkpoint.to_string());
}

/// The name that the file of a checkpoint has in an export.
fn place(signed: &SignedCheckpoint) -> String {
    signed.text.parse().map_or_else(
        |_| "a checkpoint".to_owned(),
        |checkpoint: Checkpoint| format!("{}/{}.txt", checkpoint::FOLDER, checkpoint.name()),
    )
}

/// The checkpoint, when its signature holds and the log continues it.
fn held(
    walk: &Walk,
    recorder: &PublicKey,
    signed: &SignedCheckpoint,
) -> Result<Checkpoint, String> {
    let checkpoint = signed.check(recorder).map_err(|fault| fault.to_string())?;
    let case = walk.case.as_ref().ok_or("the log names no case")?;
    match checkpoint.contradicts(case, &walk.hashes) {
        Some(what) => Err(what),
        None => Ok(checkpoint),
    }
}

fn limits(report: &Report, last: Option<&Checkpoint>, anchors: &Anchors) -> Vec<String> {
    let mut limits = Vec::new();
    if anchors.recorder.is_none() {
        limits.push(
            "the recorder's key is the one that the log itself names: compare its fingerprint with one that you had by another way"
                .to_owned(),
        );
    }
    if anchors.checkpoints.is_empty() {
        limits.push(
            "no checkpoint from outside was given: an older whole copy cannot be told from the newest, and whoever holds the recorder's key could have written the log anew"
                .to_owned(),
        );
    }
    let covered = last.map_or(0, |checkpoint| checkpoint.entries);
    let open = report.entries.saturating_sub(covered);
    if open > 0 {
        limits.push(format!(
            "the last {open} lines of the log stand after its last checkpoint"
        ));
    }
    if let Some(newer) = report.newer {
        limits.push(format!(
            "lines of format {newer} were written by a newer Cordon: only their chain was checked, not what they say"
        ));
    }
    limits.push("times are those of the clocks of the machines that wrote them".to_owned());
    limits
}

/// The manifest's signature.
fn manifest_holds(recorder: &PublicKey, manifest: &[u8], signature: &str) -> Result<()> {
    sshsig::verify(recorder, sshsig::EXPORT, manifest, signature)?;
    if sshsig::canonical(signature)? == *signature {
        Ok(())
    } else {
        Err(Fault::evidence(
            "signature-shape",
            "The signature block was changed, though it still holds.",
        ))
    }
}
