//! One pass over a ledger: the chain, the form of each line, and what the lines say.

use std::collections::{HashMap, HashSet};
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use serde::Deserialize;

use super::papers;
use super::{Decided, Issue};
use crate::canon::{Digest, canonical, digest_of};
use crate::case::event::{Attachment, Entry, Event, Evidence, FORMAT, Person};
use crate::case::log::line_hash;
use crate::case::state::{CaseState, MendedRecord};
use crate::evidence::checkpoint::SignedCheckpoint;
use crate::fault::{Result, io};
use crate::id::{CaseId, EvidenceId, NoticeId};
use crate::sshsig::PublicKey;
use crate::store::MAX_LINE;
use crate::time::Timestamp;

/// What every line of every version has.
#[derive(Deserialize)]
struct Link {
    v: u32,
    seq: u64,
    prev: Digest,
}

/// What a pass over a ledger found.
#[derive(Default)]
pub(super) struct Walk {
    file: String,
    pub(super) case: Option<CaseId>,
    pub(super) title: String,
    pub(super) recorder: Option<PublicKey>,
    pub(super) people: Vec<Person>,
    /// The hash of each line as it stands.
    pub(super) hashes: Vec<Digest>,
    pub(super) newer: Option<u32>,
    pub(super) evidence: Vec<(u64, Evidence)>,
    pub(super) checkpoints: Vec<(u64, SignedCheckpoint)>,
    pub(super) decisions: Vec<Decided>,
    /// The signed texts behind `decisions`, for the files of an export.
    pub(super) signed: Vec<(u64, crate::case::event::Signed)>,
    pub(super) mended: Vec<MendedRecord>,
    pub(super) issues: Vec<Issue>,
    /// Digests of evidence by id.
    pub(super) kept: HashMap<EvidenceId, Digest>,
    pub(super) plans: HashSet<Digest>,
    pub(super) notices: HashMap<NoticeId, Drafted>,
    pub(super) state: CaseState,
    /// After damage or a newer line, the rules of the fold would only repeat it.
    unruled: bool,
    /// The number that the next line should carry.
    next: u64,
}

/// The text of a notice, and who has approved it.
pub(super) struct Drafted {
    pub(super) text: Digest,
    /// What goes out with it.
    pub(super) files: Vec<Attachment>,
    /// How many people have to approve.
    pub(super) people: u32,
    /// Approvals that hold: who, and until when.
    pub(super) approved: HashMap<String, Timestamp>,
}

/// A line and where it stands.
struct Place<'a> {
    line: &'a [u8],
    number: u64,
    offset: u64,
}

impl Walk {
    /// Walks over the ledger in `path`; a missing one is an issue.
    pub(super) fn file(path: &Path, name: &str) -> Result<Self> {
        let mut walk = Self {
            file: name.to_owned(),
            ..Self::default()
        };
        if let Err(what) = super::files::plain(path) {
            walk.issues.push(Issue::of(name, what));
            return Ok(walk);
        }
        let file = match std::fs::File::open(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                walk.issues.push(Issue::of(name, "the file is missing"));
                return Ok(walk);
            }
            file => file.map_err(io("open the ledger", path))?,
        };
        let mut reader = BufReader::new(file);
        let (mut line, mut offset) = (Vec::new(), 0);
        loop {
            line.clear();
            let read = reader
                .by_ref()
                .take(MAX_LINE as u64 + 1)
                .read_until(b'\n', &mut line)
                .map_err(io("read the ledger", path))?;
            if read == 0 {
                break;
            }
            let ended = line.pop_if(|byte| *byte == b'\n').is_some();
            let place = Place {
                line: &line,
                number: walk.hashes.len() as u64 + 1,
                offset,
            };
            if !ended {
                let what = if line.len() > MAX_LINE {
                    "the line is too long"
                } else {
                    "the last line has no end: the file was cut off"
                };
                walk.issue(&place, what);
            }
            walk.take(&place);
            offset += read as u64;
        }
        if walk.hashes.is_empty() {
            walk.issues.push(Issue::of(name, "the log is empty"));
        }
        Ok(walk)
    }

    fn issue(&mut self, place: &Place<'_>, what: impl Into<String>) {
        self.issue_at(place, 0, what);
    }

    fn issue_at(&mut self, place: &Place<'_>, within: u64, what: impl Into<String>) {
        let issue = Issue::of(&self.file, what)
            .line(place.number)
            .byte(place.offset + within);
        self.issues.push(issue);
    }

    fn take(&mut self, place: &Place<'_>) {
        let before = self.hashes.last().copied().unwrap_or(Digest::ZERO);
        self.hashes.push(line_hash(place.line));
        let link: Link = match serde_json::from_slice(place.line) {
            Ok(link) => link,
            Err(error) => {
                self.unruled = true;
                self.next += 1;
                let column = error.column().saturating_sub(1) as u64;
                self.issue_at(place, column, format!("the line is not a record: {error}"));
                return;
            }
        };
        if link.seq != self.next {
            self.unruled = true;
            let what = format!(
                "the line carries number {} where {} is due: lines were taken out, put in or moved",
                link.seq, self.next
            );
            self.issue(place, what);
        }
        self.next = link.seq.saturating_add(1);
        if link.prev != before {
            self.unruled = true;
            let what = format!(
                "the line does not continue line {}: that one was changed, or lines were taken out, put in or moved",
                place.number.saturating_sub(1)
            );
            self.issue(place, what);
        }
        if link.v > FORMAT {
            self.newer = self.newer.max(Some(link.v));
            self.unruled = true;
            return;
        }
        match serde_json::from_slice::<Entry>(place.line) {
            Ok(entry) => self.entry(place, &entry),
            Err(error) => {
                self.unruled = true;
                let column = error.column().saturating_sub(1) as u64;
                self.issue_at(place, column, format!("the record cannot be read: {error}"));
            }
        }
    }

    fn entry(&mut self, place: &Place<'_>, entry: &Entry) {
        match canonical(entry) {
            Ok(bytes) if bytes == place.line => {}
            Ok(bytes) => {
                self.unruled = true;
                let same = bytes
                    .iter()
                    .zip(place.line)
                    .take_while(|(a, b)| a == b)
                    .count();
                self.issue_at(
                    place,
                    same as u64,
                    "the line is not in canonical form from here on",
                );
            }
            Err(fault) => self.issue(place, fault.to_string()),
        }
        let case = self.case.get_or_insert_with(|| entry.case.clone());
        if *case != entry.case {
            let what = format!("the line belongs to {}, not {case}", entry.case);
            self.issue(place, what);
        }
        if !self.unruled {
            match self.state.check(entry) {
                Ok(()) => self.state.apply(entry),
                Err(fault) => {
                    self.unruled = true;
                    self.issue(place, fault.what().to_owned());
                }
            }
        }
        self.mended.extend(MendedRecord::of(entry));
        self.says(place, entry);
    }

    /// Gathers what later checks need, and checks what a line can be held to by itself.
    fn says(&mut self, place: &Place<'_>, entry: &Entry) {
        match &entry.event {
            Event::CaseOpened {
                title,
                people,
                recorder,
                ..
            } => {
                self.people.clone_from(people);
                self.title.clone_from(title);
                match recorder.parse() {
                    Ok(key) => self.recorder = Some(key),
                    Err(fault) => self.issue(place, format!("the recorder's key: {fault}")),
                }
            }
            Event::EvidenceKept(evidence) => {
                self.kept.insert(evidence.id.clone(), evidence.sha256);
                self.evidence.push((place.number, evidence.clone()));
            }
            Event::PlanMade { plan, digest } => {
                if digest_of(plan).ok() != Some(*digest) {
                    self.issue(place, "the digest is not the plan's");
                }
                self.plans.insert(*digest);
            }
            Event::NoticeDrafted { .. }
            | Event::NoticeRevised { .. }
            | Event::NoticeAttached { .. }
            | Event::NoticeDetached { .. } => {
                if let Err(what) = papers::text(self, &entry.event) {
                    self.issue(place, what);
                }
            }
            Event::CheckpointSigned {
                entries,
                head,
                text,
                signature,
            } => {
                let said: Option<crate::evidence::checkpoint::Checkpoint> = text.parse().ok();
                if said.is_none_or(|said| said.entries != *entries || said.head != *head) {
                    self.issue(
                        place,
                        "the checkpoint's text says something else than its record",
                    );
                }
                if *entries >= place.number {
                    self.issue(place, "the checkpoint covers lines that come after it");
                }
                let signed = SignedCheckpoint {
                    text: text.clone(),
                    signature: signature.clone(),
                };
                self.checkpoints.push((place.number, signed));
            }
            _ => {}
        }
        if let Some(what) = papers::unapproved(self, entry) {
            self.issue(place, what);
        }
        if let Some(paper) = papers::decision(entry) {
            let (decided, fault) = papers::judge(self, place.number, entry, &paper);
            self.signed.push((place.number, paper.signed.clone()));
            self.decisions.push(decided);
            if let Some(fault) = fault {
                self.issue(place, format!("the decision does not hold: {fault}"));
            }
        }
    }
}
