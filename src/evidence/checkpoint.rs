//! Checkpoints: short signed texts that say how long the log was and how it ended.
//!
//! A checkpoint that lies outside the case (printed, mailed, with counsel) makes it evident when an
//! older copy of the case, or another history, is put in its place. Each stands in the log and as
//! two files in `checkpoints/`, which `ssh-keygen -Y verify` checks.

use std::fmt;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::canon::Digest;
use crate::case::event::{Actor, Event};
use crate::case::log::CaseLog;
use crate::case::state::CaseState;
use crate::fault::{Fault, Result, io};
use crate::id::CaseId;
use crate::sshsig::{self, PublicKey, Signer};
use crate::time::{Timestamp, utc};

/// The folder of the files, in a case and in an export.
pub const FOLDER: &str = "checkpoints";
/// The name under which the recorder signs.
pub const PRINCIPAL: &str = "recorder";

const HEAD: &str = "cordon checkpoint v1";

/// What a checkpoint says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The case.
    pub case: CaseId,
    /// How many lines the log had.
    pub entries: u64,
    /// SHA-256 of the last of them, with its line end.
    pub head: Digest,
    /// When it was signed; whole seconds.
    pub at: Timestamp,
}

/// The text that is signed.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEAD}")?;
        writeln!(f, "case {}", self.case)?;
        writeln!(f, "entries {}", self.entries)?;
        writeln!(f, "head {}", self.head)?;
        writeln!(f, "at {}", utc(self.at))
    }
}

impl FromStr for Checkpoint {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self> {
        let bad = || Fault::evidence("checkpoint-shape", "The text is not a checkpoint.");
        let mut lines = text.lines();
        if lines.next() != Some(HEAD) {
            return Err(bad());
        }
        let mut field = |name: &str| {
            lines
                .next()
                .and_then(|line| line.strip_prefix(name))
                .and_then(|rest| rest.strip_prefix(' '))
                .ok_or_else(bad)
        };
        let checkpoint = Self {
            case: field("case")?.parse()?,
            entries: field("entries")?.parse().map_err(|_| bad())?,
            head: field("head")?.parse()?,
            at: field("at")?.parse().map_err(|_| bad())?,
        };
        if checkpoint.to_string() == text {
            Ok(checkpoint)
        } else {
            Err(bad())
        }
    }
}

impl Checkpoint {
    /// The name of its files without the ending: the number of lines, eight digits or more.
    pub fn name(&self) -> String {
        format!("{:08}", self.entries)
    }

    /// Why this checkpoint contradicts a log whose line hashes are `hashes`; `None` when the log
    /// continues it.
    pub fn contradicts(&self, case: &CaseId, hashes: &[Digest]) -> Option<String> {
        if self.case != *case {
            return Some(format!(
                "the checkpoint is of {}, the log of {case}",
                self.case
            ));
        }
        let lines = hashes.len();
        if self.entries > lines as u64 {
            return Some(format!(
                "the log has {lines} lines, but {} were signed at {}: lines were cut off, or this is an older copy",
                self.entries,
                utc(self.at)
            ));
        }
        let index = usize::try_from(self.entries).ok()?.checked_sub(1);
        let head = index.map_or(Some(&Digest::ZERO), |index| hashes.get(index))?;
        (*head != self.head).then(|| {
            format!(
                "line {} is not the one that was signed at {}: it or a line before it was changed",
                self.entries,
                utc(self.at)
            )
        })
    }
}

/// A checkpoint with its signature, from wherever it was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    /// The exact text.
    pub text: String,
    /// The SSHSIG block.
    pub signature: String,
}

impl SignedCheckpoint {
    /// Reads `X.txt` and the signature beside it in `X.txt.sig`.
    ///
    /// # Errors
    /// Either file cannot be read.
    pub fn read(text: &Path) -> Result<Self> {
        let beside = signature_path(text);
        Ok(Self {
            text: std::fs::read_to_string(text).map_err(io("read the checkpoint", text))?,
            signature: std::fs::read_to_string(&beside)
                .map_err(io("read the signature", &beside))?,
        })
    }

    /// What it says, when the signature is of `recorder`.
    ///
    /// # Errors
    /// Kind evidence: the text or the signature does not hold.
    pub fn check(&self, recorder: &PublicKey) -> Result<Checkpoint> {
        sshsig::verify(
            recorder,
            sshsig::CHECKPOINT,
            self.text.as_bytes(),
            &self.signature,
        )?;
        self.text.parse()
    }
}

fn signature_path(text: &Path) -> PathBuf {
    let mut path = text.as_os_str().to_owned();
    path.push(".sig");
    path.into()
}

/// Signs the log as it stands and keeps the checkpoint in the log and as files. When nothing was
/// written since the last one, gives that one again.
///
/// # Errors
/// The signer is not the recorder that the case names; the log or the disk fails.
pub async fn sign(log: &CaseLog, key: &Signer, by: &Actor) -> Result<Checkpoint> {
    let mut fresh = None;
    let decide = |state: &CaseState| {
        let recorder: PublicKey = state.recorder.parse()?;
        if !recorder.same(key.public()) {
            let what = "The key is not the recorder's key that the case was opened with.";
            return Err(Fault::input("recorder-key", what)
                .at(log.case())
                .hint(format!("use the key {}", recorder.fingerprint())));
        }
        // Nothing can be appended between this look and the commit: the log is locked.
        let head = log.store().head();
        let last = state.checkpoints.last();
        if last.is_some_and(|(entries, _)| entries + 1 == head.lines) {
            return Ok(Vec::new());
        }
        let checkpoint = Checkpoint {
            case: log.case().clone(),
            entries: head.lines,
            head: head.hash,
            at: log.clock().now(),
        };
        let text = checkpoint.to_string();
        let signature = key.sign(sshsig::CHECKPOINT, text.as_bytes())?;
        fresh = Some(SignedCheckpoint {
            text: text.clone(),
            signature: signature.clone(),
        });
        Ok(vec![Event::CheckpointSigned {
            entries: head.lines,
            head: head.hash,
            text,
            signature,
        }])
    };
    log.append_if(by, Vec::new(), decide).await?;
    let last = match fresh {
        Some(fresh) => Some(fresh),
        None => all(log)?.pop(),
    };
    let last = last
        .ok_or_else(|| Fault::failed("checkpoint", "The log has no checkpoint.").at(log.case()))?;
    let checkpoint: Checkpoint = last.text.parse()?;
    write(&log.dir().join(FOLDER), &checkpoint, &last)?;
    Ok(checkpoint)
}

/// Every checkpoint of a log, the oldest first.
///
/// # Errors
/// The log cannot be read.
pub fn all(log: &CaseLog) -> Result<Vec<SignedCheckpoint>> {
    Ok(log
        .entries()?
        .into_iter()
        .filter_map(|entry| match entry.event {
            Event::CheckpointSigned {
                text, signature, ..
            } => Some(SignedCheckpoint { text, signature }),
            _ => None,
        })
        .collect())
}

/// Writes the two files, each whole or not at all.
fn write(folder: &Path, checkpoint: &Checkpoint, signed: &SignedCheckpoint) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(io("make the folder", folder))?;
    let text = folder.join(format!("{}.txt", checkpoint.name()));
    for (path, content) in [
        (signature_path(&text), &signed.signature),
        (text, &signed.text),
    ] {
        let mut unfinished = path.as_os_str().to_owned();
        unfinished.push(".new");
        let unfinished = PathBuf::from(unfinished);
        std::fs::File::create(&unfinished)
            .and_then(|mut file| {
                file.write_all(content.as_bytes())?;
                file.sync_all()
            })
            .and_then(|()| std::fs::rename(&unfinished, &path))
            .map_err(io("write the checkpoint", &path))?;
    }
    std::fs::File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(io("make the checkpoint durable", folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contradictions_are_told_apart() {
        let case = CaseId::of(&["x"]);
        let hashes: Vec<Digest> = (0..5u8).map(|n| Digest::of(&[n])).collect();
        let at: Timestamp = "2027-03-13T02:34:11Z".parse().unwrap();
        let checkpoint = |entries, head| Checkpoint {
            case: case.clone(),
            entries,
            head,
            at,
        };
        let says = |c: &Checkpoint| c.contradicts(&case, &hashes).unwrap_or_default();
        assert_eq!(says(&checkpoint(3, hashes[2])), "");
        assert_eq!(says(&checkpoint(5, hashes[4])), "");
        assert!(says(&checkpoint(6, hashes[4])).contains("has 5 lines, but 6"));
        assert!(says(&checkpoint(3, hashes[1])).contains("line 3 is not"));
        let text = checkpoint(3, hashes[2]).to_string();
        assert_eq!(text.parse::<Checkpoint>().unwrap().to_string(), text);
        for bad in [
            text.replace("entries 3", "entries 03"),
            format!("{text}\n"),
            text.replace('Z', "+00:00"),
        ] {
            assert!(bad.parse::<Checkpoint>().is_err());
        }
    }
}
