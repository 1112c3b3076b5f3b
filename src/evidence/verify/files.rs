//! The files of an export: what the manifest says, what is there, and what should not be.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::walk::Walk;
use super::{Issue, manifest_holds};
use crate::canon::Digest;
use crate::case::event::Evidence;
use crate::evidence::checkpoint::{self, Checkpoint, SignedCheckpoint};
use crate::evidence::export::{self, layout};
use crate::fault::{Fault, Result, io};
use crate::sshsig::PublicKey;

/// The largest file that is read whole; the text files of an export are far smaller, bytes.
const TEXT_LIMIT: u64 = 64 * 1024 * 1024;
/// How many files a folder may have before it is refused.
const FILE_LIMIT: usize = 5_000_000;

/// The files of an export with their hashes.
pub(super) struct Tree {
    dir: PathBuf,
    /// Relative path → digest and size, of every file but the manifest and its signature.
    pub(super) files: BTreeMap<String, (Digest, u64)>,
    pub(super) issues: Vec<Issue>,
}

/// SHA-256 and size of a file of any size.
pub(super) fn hash(path: &Path) -> Result<(Digest, u64)> {
    let mut file = fs::File::open(path).map_err(io("open the file", path))?;
    let (mut hasher, mut size, mut buffer) = (Sha256::new(), 0, vec![0; 1 << 20]);
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok((Digest::finish(hasher), size)),
            Ok(read) => {
                hasher.update(buffer.get(..read).unwrap_or_default());
                size += read as u64;
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(io("read the file", path)(error)),
        }
    }
}

/// Refuses what is there and is no plain file, before it is opened: a pipe would never end, and a
/// link leads out of the folder.
pub(super) fn plain(path: &Path) -> Result<(), String> {
    match fs::symlink_metadata(path) {
        Ok(about) if !about.is_file() => Err("it is not a plain file".to_owned()),
        _ => Ok(()),
    }
}

/// The signed checkpoints that lie in a folder; what cannot be read is passed over, because the log
/// holds them too.
pub(super) fn checkpoints_in(folder: &Path) -> Vec<SignedCheckpoint> {
    let mut texts: Vec<PathBuf> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .filter(|path| plain(path).is_ok() && plain(&path.with_extension("txt.sig")).is_ok())
        .collect();
    texts.sort();
    texts
        .iter()
        .filter_map(|text| SignedCheckpoint::read(text).ok())
        .collect()
}

impl Tree {
    /// Hashes every file of the folder and holds them against the manifest.
    pub(super) fn read(dir: &Path) -> Result<Self> {
        if !dir.is_dir() {
            return Err(
                Fault::input("export-missing", "There is no export in that place.")
                    .at(dir.display()),
            );
        }
        let known = [layout::MANIFEST, export::LEDGER];
        if known
            .iter()
            .all(|name| dir.join(name).symlink_metadata().is_err())
        {
            // Nothing is hashed: it may be any folder, of any size.
            let what = format!(
                "The folder is no export: it has neither {} nor {}.",
                known[0], known[1]
            );
            return Err(Fault::input("export-missing", what)
                .at(dir.display())
                .hint("name the folder that `cordon evidence export` made")
                .hint("a live case is verified with `cordon evidence verify --case CASE`"));
        }
        let mut tree = Self {
            dir: dir.to_owned(),
            files: BTreeMap::new(),
            issues: Vec::new(),
        };
        let found = tree.list()?;
        for path in found {
            if path == layout::MANIFEST || path == layout::MANIFEST_SIGNATURE {
                continue;
            }
            match hash(&dir.join(&path)) {
                Ok(hashed) => {
                    tree.files.insert(path, hashed);
                }
                Err(fault) => tree.issues.push(Issue::of(path, fault.to_string())),
            }
        }
        tree.hold_against_manifest();
        Ok(tree)
    }

    /// Every file, relative to the folder. Links and other kinds of files are issues.
    fn list(&mut self) -> Result<BTreeSet<String>> {
        let (mut found, mut stack) = (BTreeSet::new(), vec![PathBuf::new()]);
        while let Some(folder) = stack.pop() {
            let path = self.dir.join(&folder);
            let mut empty = true;
            for entry in fs::read_dir(&path).map_err(io("list the folder", &path))? {
                empty = false;
                let entry = entry.map_err(io("list the folder", &path))?;
                let kind = entry.file_type().map_err(io("look at the file", &path))?;
                let relative = folder.join(entry.file_name());
                let name = relative.to_string_lossy().into_owned();
                if kind.is_dir() {
                    stack.push(relative);
                } else if kind.is_file() && relative.to_str().is_some() {
                    found.insert(name);
                } else {
                    self.issues.push(Issue::of(name, "it is not a plain file"));
                }
                if found.len() > FILE_LIMIT {
                    return Err(
                        Fault::input("export-large", "The folder has too many files.")
                            .at(self.dir.display()),
                    );
                }
            }
            // An export makes folders for its files only.
            if empty {
                let name = format!("{}/", folder.to_string_lossy());
                self.issues.push(Issue::of(
                    name,
                    "the folder is empty and no part of the export: it was added later",
                ));
            }
        }
        Ok(found)
    }

    fn text(&self, name: &str) -> Result<Vec<u8>, String> {
        let path = self.dir.join(name);
        plain(&path)?;
        let mut bytes = Vec::new();
        let read = fs::File::open(&path)
            .and_then(|file| file.take(TEXT_LIMIT + 1).read_to_end(&mut bytes));
        match read {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Err("the file is missing".to_owned())
            }
            Err(error) => Err(format!("the file cannot be read: {error}")),
            Ok(_) if bytes.len() as u64 > TEXT_LIMIT => Err("the file is too large".to_owned()),
            Ok(_) => Ok(bytes),
        }
    }

    fn hold_against_manifest(&mut self) {
        let manifest = match self.text(layout::MANIFEST) {
            Ok(bytes) => bytes,
            Err(what) => {
                self.issues.push(Issue::of(layout::MANIFEST, what));
                return;
            }
        };
        let mut named: BTreeMap<String, Digest> = BTreeMap::new();
        let mut offset = 0;
        for (number, line) in (1u64..).zip(manifest.split_inclusive(|byte| *byte == b'\n')) {
            let issue = |what: &str| Issue::of(layout::MANIFEST, what).line(number).byte(offset);
            match read_line(line) {
                Some((digest, path)) => {
                    if named
                        .last_key_value()
                        .is_some_and(|(last, _)| *last >= path)
                    {
                        self.issues
                            .push(issue("the line is out of order or repeated"));
                    }
                    named.insert(path, digest);
                }
                None => self.issues.push(issue("the line is not `sha256  path`")),
            }
            offset += line.len() as u64;
        }
        for (path, digest) in &named {
            match self.files.get(path) {
                None => self.issues.push(Issue::of(path, "the file is missing")),
                Some((found, _)) if found != digest => {
                    let what = format!(
                        "the file was changed: its SHA-256 is {found}, the manifest says {digest}"
                    );
                    self.issues.push(Issue::of(path, what));
                }
                Some(_) => {}
            }
        }
        for path in self.files.keys().filter(|path| !named.contains_key(*path)) {
            self.issues.push(Issue::of(
                path,
                "the file is not in the manifest: it was added later",
            ));
        }
    }

    /// Whether the manifest was signed by the recorder. When the signature is whole but not of this
    /// manifest, either of the two was changed, and both are named.
    pub(super) fn manifest_signature(&self, recorder: Option<&PublicKey>) -> Vec<Issue> {
        // Without a recorder's key or a manifest another issue says so already.
        let (Some(recorder), Ok(manifest)) = (recorder, self.text(layout::MANIFEST)) else {
            return Vec::new();
        };
        let signature = match self.text(layout::MANIFEST_SIGNATURE) {
            Ok(signature) => signature,
            Err(what) => return vec![Issue::of(layout::MANIFEST_SIGNATURE, what)],
        };
        let signature = String::from_utf8_lossy(&signature);
        let Err(fault) = manifest_holds(recorder, &manifest, &signature) else {
            return Vec::new();
        };
        let what = format!("it does not sign {}: {fault}", layout::MANIFEST);
        let mut issues = vec![Issue::of(layout::MANIFEST_SIGNATURE, what)];
        if fault.code() == "signature-wrong" {
            let what = format!("it is not what {} signs", layout::MANIFEST_SIGNATURE);
            issues.push(Issue::of(layout::MANIFEST, what));
        }
        issues
    }

    /// Whether the allowed signers are exactly the keys of the log.
    pub(super) fn signers(&self, walk: &Walk) -> Option<Issue> {
        let recorder = walk.recorder.as_ref()?;
        match self.text(layout::SIGNERS) {
            Err(what) => Some(Issue::of(layout::SIGNERS, what)),
            Ok(text) if text == layout::signers(recorder, &walk.people).into_bytes() => None,
            Ok(_) => Some(Issue::of(
                layout::SIGNERS,
                "the keys are not those that the log names",
            )),
        }
    }

    /// Whether each checkpoint of the log lies in its files, and no other one contradicts the log.
    pub(super) fn checkpoints(&self, walk: &Walk) -> Vec<Issue> {
        let mut issues = Vec::new();
        let mut expected = BTreeSet::new();
        for (_, signed) in &walk.checkpoints {
            let Ok(checkpoint) = signed.text.parse::<Checkpoint>() else {
                continue;
            };
            let text = format!("{}/{}.txt", checkpoint::FOLDER, checkpoint.name());
            let beside = format!("{text}.sig");
            issues.extend(self.says(&text, &signed.text));
            issues.extend(self.says(&beside, &signed.signature));
            expected.extend([text, beside]);
        }
        for signed in checkpoints_in(&self.dir.join(checkpoint::FOLDER)) {
            let Ok(checkpoint) = signed.text.parse::<Checkpoint>() else {
                continue;
            };
            let file = format!("{}/{}.txt", checkpoint::FOLDER, checkpoint.name());
            let (Some(case), false) = (&walk.case, expected.contains(&file)) else {
                continue;
            };
            let by_recorder = walk
                .recorder
                .as_ref()
                .is_some_and(|key| signed.check(key).is_ok());
            if let (true, Some(what)) = (by_recorder, checkpoint.contradicts(case, &walk.hashes)) {
                issues.push(Issue::of(file, what));
            }
        }
        issues
    }

    /// Whether each signed decision of the log lies in its files.
    pub(super) fn approvals(&self, walk: &Walk) -> Vec<Issue> {
        walk.signed
            .iter()
            .flat_map(|(line, signed)| {
                let text = layout::approval(*line, &signed.person);
                let beside = format!("{text}.sig");
                [
                    self.says(&text, &signed.text),
                    self.says(&beside, &signed.signature),
                ]
            })
            .flatten()
            .collect()
    }

    /// Whether a file holds exactly a text of the log.
    fn says(&self, file: &str, text: &str) -> Option<Issue> {
        match self.files.get(file) {
            None => Some(Issue::of(file, "the file is missing")),
            Some((digest, _)) if *digest != Digest::of(text.as_bytes()) => {
                Some(Issue::of(file, "the file is not what the log holds"))
            }
            Some(_) => None,
        }
    }

    /// Whether an item is counsel's and was left out: the log has its hash. All of them are, or none: what
    /// the manifest names and is gone was not left out, nor is one of many.
    pub(super) fn withholds(&self, evidence: &Evidence) -> bool {
        let apart = |name: &str| name.starts_with(layout::PRIVILEGED);
        evidence.privileged
            && !self.files.keys().any(|name| apart(name))
            && !self.issues.iter().any(|issue| apart(&issue.file))
    }

    /// Whether the bytes of an item are there and are those that were recorded.
    pub(super) fn evidence(&self, line: u64, evidence: &Evidence) -> Option<Issue> {
        let file = layout::raw(evidence);
        let what = match self.files.get(&file) {
            None => format!(
                "the bytes of {} (line {line} of {}) are missing",
                evidence.id,
                export::LEDGER
            ),
            Some((digest, bytes)) if *digest != evidence.sha256 || *bytes != evidence.bytes => {
                format!(
                    "the bytes are not those of {} (line {line} of {})",
                    evidence.id,
                    export::LEDGER
                )
            }
            Some(_) => return None,
        };
        Some(Issue::of(file, what))
    }
}

/// A line of the manifest: 64 hexadecimal digits, two spaces, a plain relative path, a line end.
fn read_line(line: &[u8]) -> Option<(Digest, String)> {
    let text = std::str::from_utf8(line).ok()?.strip_suffix('\n')?;
    let (digest, path) = text.split_once("  ")?;
    let plain = path
        .split('/')
        .all(|part| !part.is_empty() && part != "." && part != "..")
        && path.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    plain.then_some((digest.parse().ok()?, path.to_owned()))
}
