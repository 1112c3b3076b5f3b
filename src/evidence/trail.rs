//! Trails as files: what format a file is in, how much of it could be read, and its events.
//!
//! A file is read one record at a time and never changed; the raw bytes are kept as evidence
//! whatever this module makes of them. A format is one file under `trail/` and one line in
//! [`Format::ALL`].

mod aws;
mod field;
mod github;
mod google;
mod okta;
mod records;

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::records::Records;
use crate::canon::Digest;
use crate::fault::{Fault, Result};
use crate::provider::{Account, Completeness, Window};
use crate::time::{Timestamp, utc};

/// How many records decide what format a file is in.
const SAMPLE: usize = 200;
/// How many problems are told one by one; the rest is counted.
const PROBLEM_LIMIT: usize = 100;
/// How many kinds of event are told apart.
const KIND_LIMIT: usize = 1_000;

/// A format of audit events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Format {
    /// GitHub organization or enterprise audit log: API pages, JSON export, stream.
    #[serde(rename = "github.audit")]
    GitHubAudit,
    /// Okta System Log.
    #[serde(rename = "okta.system_log")]
    OktaSystemLog,
    /// AWS CloudTrail: log files and single events.
    #[serde(rename = "aws.cloudtrail")]
    CloudTrail,
    /// Google Workspace Reports API activities.
    #[serde(rename = "google.reports")]
    GoogleReports,
}

/// How a format is read: whether a record has its shape, what identifies it, what it says.
struct Reader {
    name: &'static str,
    looks: fn(&Value) -> bool,
    id: fn(&Value) -> Option<String>,
    read: fn(&Value, &mut Vec<TrailEvent>),
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 4] = [
        Self::GitHubAudit,
        Self::OktaSystemLog,
        Self::CloudTrail,
        Self::GoogleReports,
    ];

    const fn reader(self) -> &'static Reader {
        match self {
            Self::GitHubAudit => &github::READER,
            Self::OktaSystemLog => &okta::READER,
            Self::CloudTrail => &aws::READER,
            Self::GoogleReports => &google::READER,
        }
    }

    /// `github.audit`.
    pub const fn name(self) -> &'static str {
        self.reader().name
    }
}

/// One event of a trail, in the fields that every vendor has. All text is hostile and clipped.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrailEvent {
    /// When it happened; `None` when the record has no time that can be read.
    pub at: Option<Timestamp>,
    /// `github`, `okta`, `aws`, `google`.
    pub provider: String,
    /// The vendor's name of the event.
    pub action: String,
    /// Who did it, as people call them.
    pub actor: String,
    /// The vendor's stable id of who did it.
    pub actor_id: Option<String>,
    /// From which address.
    pub ip: Option<String>,
    /// On what.
    pub target: Option<String>,
    /// The vendor's own word for how it ended; `None` when the format has none.
    pub outcome: Option<String>,
    /// The record in the file, counted from 1.
    pub record: usize,
    /// What identifies the event; the same event in an overlapping file has the same.
    pub id: String,
}

impl TrailEvent {
    /// Whether `account` did it, by stable id or by login.
    pub fn is_by(&self, account: &Account) -> bool {
        self.provider == account.provider
            && (self.actor_id.as_ref().is_some_and(|id| *id == account.id)
                || (!account.login.is_empty() && self.actor.eq_ignore_ascii_case(&account.login)))
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Something in a file that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// `record 17`, `byte 4096`.
    pub place: String,
    /// What is wrong.
    pub what: String,
}

/// What an import found in a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// The name of the file. Hostile text.
    pub name: String,
    /// The format; `None` when no known format fits.
    pub format: Option<Format>,
    /// Records that stand in the file.
    pub records: u64,
    /// Events in them; one record of Google Workspace can hold several.
    pub events: u64,
    /// Records that do not have the shape of the format; kept, and counted here.
    pub unknown: u64,
    /// Records that repeat an earlier one byte for byte.
    pub duplicates: u64,
    /// Records that share an id with an earlier one but differ from it.
    pub conflicts: u64,
    /// Events without a time that can be read.
    pub undated: u64,
    /// The earliest event.
    pub first: Option<Timestamp>,
    /// The latest event.
    pub last: Option<Timestamp>,
    /// Whether each event is at or after the one before it, or each at or before.
    pub ordered: bool,
    /// What identifies each record, in the order of the file; a digest where the vendor gives none.
    pub ids: Vec<String>,
    /// How many events of each kind.
    pub kinds: BTreeMap<String, u64>,
    /// What could not be read, the first hundred.
    pub problems: Vec<Problem>,
    /// How many problems there were in all.
    pub problem_count: u64,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

impl Imported {
    fn problem(&mut self, place: String, what: impl Into<String>) {
        self.problem_count += 1;
        if self.problems.len() < PROBLEM_LIMIT {
            let what = what.into();
            self.problems.push(Problem { place, what });
        }
    }

    /// What this file can and cannot show. A file never proves that it is the whole log.
    pub fn completeness(&self) -> Completeness {
        let mut gaps =
            vec!["imported from a file: nothing in it shows that it is the whole log".to_owned()];
        if self.format.is_none() {
            gaps.push("the format is not known: its events were not read".to_owned());
        }
        if self.unknown > 0 {
            gaps.push(format!("{} records have an unknown shape", self.unknown));
        }
        if self.undated > 0 {
            gaps.push(format!("{} events have no readable time", self.undated));
        }
        if self.problem_count > 0 {
            gaps.push(format!("{} places could not be read", self.problem_count));
        }
        Completeness {
            what: self.format.map_or_else(
                || "a file of unknown format".to_owned(),
                |f| format!("a file of {}", f.name()),
            ),
            pages: 1,
            records: self.records,
            duplicates: self.duplicates,
            first: self.first,
            last: self.last,
            gaps,
            ..Completeness::default()
        }
    }
}

/// Reads a file: its format, its records, and what is wrong with it. Unordered files and
/// duplicates are fine and are counted.
///
/// # Errors
/// Only an empty file; damage inside is told in [`Imported::problems`].
pub fn import(bytes: &[u8], name: &str) -> Result<Imported> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Fault::input("trail-empty", "The file is empty.").at(field::clip(name)));
    }
    let records = Records::split(bytes);
    let mut imported = Imported {
        name: field::clip(name),
        format: detect(&records),
        records: records.raw.len() as u64,
        ordered: true,
        ..Imported::default()
    };
    for problem in &records.problems {
        imported.problem(problem.place.clone(), problem.what.clone());
    }
    if let Some(format) = imported.format {
        count(&mut imported, &records, format);
    } else if imported.records > 0 {
        imported.problem(
            "the file".to_owned(),
            format!("the format is not known; known are {}", known()),
        );
    }
    Ok(imported)
}

fn known() -> String {
    Format::ALL.map(Format::name).join(", ")
}

fn count(imported: &mut Imported, records: &Records<'_>, format: Format) {
    let reader = format.reader();
    let mut seen: HashMap<String, Digest> = HashMap::new();
    let mut order = Order::default();
    let mut events = Vec::new();
    for (index, raw) in records.raw.iter().enumerate() {
        let place = || format!("record {}", index + 1);
        let digest = Digest::of(raw.get().as_bytes());
        let value: Value = match serde_json::from_str(raw.get()) {
            Ok(value) => value,
            Err(error) => {
                imported.unknown += 1;
                imported.problem(place(), error.to_string());
                imported.ids.push(format!("sha256:{digest}"));
                continue;
            }
        };
        let id = identity(reader, &value, raw.get());
        match seen.get(&id) {
            Some(before) if *before == digest => imported.duplicates += 1,
            Some(_) => imported.conflicts += 1,
            None => {
                seen.insert(id.clone(), digest);
            }
        }
        imported.ids.push(id);
        if !(reader.looks)(&value) {
            imported.unknown += 1;
            imported.problem(
                place(),
                format!("it does not have the shape of {}", reader.name),
            );
            continue;
        }
        events.clear();
        (reader.read)(&value, &mut events);
        for event in &events {
            imported.events += 1;
            let room =
                imported.kinds.len() < KIND_LIMIT || imported.kinds.contains_key(&event.action);
            let kind = if room {
                event.action.clone()
            } else {
                "(other)".to_owned()
            };
            *imported.kinds.entry(kind).or_default() += 1;
            if let Some(at) = event.at {
                order.next(at);
            } else {
                imported.undated += 1;
                imported.problem(place(), "it has no time that can be read");
            }
        }
    }
    imported.first = order.first;
    imported.last = order.last;
    imported.ordered = !(order.rises && order.falls);
}

/// The span and the direction of a run of instants.
#[derive(Default)]
struct Order {
    before: Option<Timestamp>,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    rises: bool,
    falls: bool,
}

impl Order {
    fn next(&mut self, at: Timestamp) {
        if let Some(before) = self.before {
            self.rises |= at > before;
            self.falls |= at < before;
        }
        self.before = Some(at);
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
        self.last = Some(self.last.map_or(at, |last| last.max(at)));
    }
}

/// The format that most of the first records have; `None` when less than half have any one.
fn detect(records: &Records<'_>) -> Option<Format> {
    let sample: Vec<Value> = records
        .raw
        .iter()
        .take(SAMPLE)
        .map(|raw| serde_json::from_str(raw.get()).unwrap_or_default())
        .collect();
    let fits = |format: Format| {
        sample
            .iter()
            .filter(|value| (format.reader().looks)(value))
            .count()
    };
    Format::ALL
        .into_iter()
        .map(|format| (fits(format), format))
        .max_by_key(|(count, _)| *count)
        .filter(|(count, _)| *count > 0 && *count * 2 >= sample.len())
        .map(|(_, format)| format)
}

/// What identifies a record: the vendor's id, or the digest of its text where there is none.
fn identity(reader: &Reader, value: &Value, raw: &str) -> String {
    (reader.id)(value).unwrap_or_else(|| format!("sha256:{}", Digest::of(raw.as_bytes())))
}

/// The format of a file; `None` when no known format fits.
pub fn format_of(bytes: &[u8]) -> Option<Format> {
    detect(&Records::split(bytes))
}

/// The events of a file in the order of the file; records that have another shape are passed over
/// (an import counts them).
pub fn events(bytes: &[u8], format: Format) -> impl Iterator<Item = TrailEvent> {
    let reader = format.reader();
    let mut events = Vec::new();
    Records::split(bytes)
        .raw
        .into_iter()
        .zip(1..)
        .flat_map(move |(raw, number)| {
            if let Ok(value) = serde_json::from_str::<Value>(raw.get())
                && (reader.looks)(&value)
            {
                (reader.read)(&value, &mut events);
                let id = identity(reader, &value, raw.get());
                for (part, event) in events.iter_mut().enumerate() {
                    event.record = number;
                    event.id = format!("{id}#{part}");
                }
            }
            std::mem::take(&mut events)
        })
}

/// What a trail says about a question: three different answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "finding")]
pub enum Finding {
    /// It happened.
    Seen {
        /// How many events show it.
        events: u64,
    },
    /// It does not stand in a log that is complete for the window.
    NotSeen {
        /// The window that the log covers.
        covered: Window,
    },
    /// There is no log that could show it.
    LogAbsent {
        /// Why.
        why: String,
    },
}

impl Finding {
    /// The answer, from how many events were seen and from what is known of the log. A log that is
    /// not proven complete for the whole `window` never gives [`Self::NotSeen`].
    pub fn judge(seen: u64, window: Window, log: Option<&Completeness>) -> Self {
        let absent = |why: String| Self::LogAbsent { why };
        if seen > 0 {
            return Self::Seen { events: seen };
        }
        let Some(log) = log else {
            return absent("the log was not read".to_owned());
        };
        if let Some(gap) = log.gaps.first() {
            return absent(gap.clone());
        }
        if !log.complete {
            return absent("the end of the log was not reached".to_owned());
        }
        match log.window {
            Some(covered) if covered.since <= window.since && covered.until >= window.until => {
                Self::NotSeen { covered }
            }
            Some(covered) => absent(format!(
                "the log was read from {} to {} only",
                utc(covered.since),
                utc(covered.until)
            )),
            None => absent("the log does not say what window it covers".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests;
