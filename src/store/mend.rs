//! Opens the two copies of a log and puts right what a crash or damage left.
//!
//! Nothing that was found is deleted: a copy of damaged files, and of every text that is replaced,
//! stays in the directory of the case.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::case::SLED;
use super::chain::Head;
use super::disk::{Disk, STRIDE, Trouble};
use super::index::Additions;
use super::recover::{Copies, Verdict, judge};
use super::repair::{Repair, RepairKind};
use super::{dir, floor, ledger};
use crate::fault::{Result, io};

/// A store whose copies agree.
#[derive(Debug)]
pub(super) struct Mended {
    pub(super) disk: Disk,
    pub(super) head: Head,
    pub(super) next_chunk: u64,
    pub(super) repairs: Vec<Repair>,
}

/// How many lines each copy is known to have had: 0 for one that was missing as a whole, which is told
/// by itself.
#[derive(Debug, Clone, Copy)]
struct Floor {
    ledger: u64,
    sled: u64,
}

/// What the names of the damaged files begin with that are kept, before their number.
const KEPT: [&str; 4] = [
    "ledger.damaged",
    "sled.damaged",
    "sled.replaced",
    "conf.damaged",
];

/// Whether a name is that of a damaged file that was kept.
pub(super) fn is_kept(name: &str) -> bool {
    name.rsplit_once('-')
        .is_some_and(|(stem, number)| KEPT.contains(&stem) && number.parse::<u64>().is_ok())
}

/// Opens the store in `case`, mending as far as one copy vouches for the other.
pub(super) fn open(case: &Path) -> Result<Mended> {
    let mut repairs = Vec::new();
    let sled = case.join(SLED);
    let mut whole = sled.is_dir();
    let known = floor::read(case);
    let mut floor = Floor {
        ledger: known,
        sled: known,
    };
    if !ledger::ensure(case)? {
        floor.ledger = 0;
        repairs.push(Repair {
            kind: RepairKind::Healed,
            what: "The ledger was missing; it was written again from the embedded store.".into(),
            kept: None,
        });
    }
    repairs.extend(mend_settings(case, &sled)?);
    if !whole {
        floor.sled = 0;
    }
    if !whole && !is_empty(&case.join(ledger::NAME))? {
        repairs.push(rebuilt("was missing", None));
    }
    for _ in 0..2 {
        match read(case, &sled) {
            Ok((disk, next_chunk, copies)) => {
                let head = settle(case, &disk, &copies, (whole, floor), &mut repairs)?;
                return Ok(Mended {
                    disk,
                    head,
                    next_chunk,
                    repairs,
                });
            }
            Err(Trouble::Fault(fault)) => return Err(fault),
            Err(Trouble::Damaged(why)) => {
                let repair = match drop_snapshot(case, &sled, &why)? {
                    Some(repair) if repairs.iter().all(|repair| !is_about_sled(repair)) => repair,
                    _ => {
                        whole = false;
                        floor.sled = 0;
                        set_aside(case, &sled, &why)?
                    }
                };
                repairs.push(repair);
            }
        }
    }
    let (disk, next_chunk, copies) =
        read(case, &sled).map_err(|trouble| trouble.into_fault(&sled))?;
    let head = settle(case, &disk, &copies, (whole, floor), &mut repairs)?;
    Ok(Mended {
        disk,
        head,
        next_chunk,
        repairs,
    })
}

/// Moves the file of sled's settings aside when it is damaged; sled then writes it anew. Settings that
/// can be read and are not ours stay, for sled to refuse them.
fn mend_settings(case: &Path, sled: &Path) -> Result<Option<Repair>> {
    let path = sled.join("conf");
    let bytes = match fs::read(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        bytes => bytes.map_err(io("read the settings of the store", &path))?,
    };
    if is_settings(&bytes) {
        return Ok(None);
    }
    let kept = dir::free_name(case, "conf.damaged");
    fs::rename(&path, &kept).map_err(io("move the damaged settings aside", &path))?;
    dir::sync(case)?;
    dir::sync(sled)?;
    Ok(Some(Repair {
        kind: RepairKind::Healed,
        what: "The settings of the embedded store were damaged; they were written again.".into(),
        kept: Some(kept),
    }))
}

/// Whether `bytes` are what sled 0.34 writes: three lines, and a checksum that we cannot compute.
fn is_settings(bytes: &[u8]) -> bool {
    let Some((text, _checksum)) = bytes.split_last_chunk::<4>() else {
        return false;
    };
    let fields: Vec<_> = text
        .split(|byte| *byte == b'\n')
        .map(str::from_utf8)
        .collect();
    let [Ok(segment), Ok(compression), Ok(version), Ok("")] = fields.as_slice() else {
        return false;
    };
    let number = |field: &str, name| field.strip_prefix(name)?.parse::<u32>().ok();
    number(segment, "segment_size: ").is_some_and(u32::is_power_of_two)
        && ["use_compression: false", "use_compression: true"].contains(compression)
        && number(version, "version: 0.").is_some()
}

fn is_about_sled(repair: &Repair) -> bool {
    matches!(
        repair.kind,
        RepairKind::SnapshotDropped | RepairKind::Rebuilt
    )
}

fn is_empty(path: &Path) -> Result<bool> {
    let metadata = fs::metadata(path).map_err(io("look at the ledger", path))?;
    Ok(metadata.len() == 0)
}

fn read(case: &Path, sled: &Path) -> Result<(Disk, u64, Copies), Trouble> {
    let disk = Disk::open(sled)?;
    let next_chunk = disk.begin()?;
    let copies = Copies::read(&case.join(ledger::NAME), &disk)?;
    Ok((disk, next_chunk, copies))
}

/// Keeps a copy of sled, then drops its page snapshot, which it can build again from its log. `None`
/// when there is no snapshot.
fn drop_snapshot(case: &Path, sled: &Path, why: &str) -> Result<Option<Repair>> {
    let snapshots: Vec<PathBuf> = fs::read_dir(sled)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
        .map_err(io("list the store", sled))?;
    let snapshots: Vec<_> = snapshots
        .into_iter()
        .filter(|path| {
            path.file_name()
                .is_some_and(|name| name.as_encoded_bytes().starts_with(b"snap."))
        })
        .collect();
    if snapshots.is_empty() {
        return Ok(None);
    }
    let kept = dir::free_name(case, "sled.damaged");
    dir::copy(sled, &kept)?;
    for snapshot in snapshots {
        fs::remove_file(&snapshot).map_err(io("drop the snapshot", &snapshot))?;
    }
    dir::sync(sled)?;
    Ok(Some(Repair {
        kind: RepairKind::SnapshotDropped,
        what: format!("The embedded store did not open ({why}); its page snapshot was dropped."),
        kept: Some(kept),
    }))
}

/// Moves sled aside, so that it is built anew from the ledger.
fn set_aside(case: &Path, sled: &Path, why: &str) -> Result<Repair> {
    let kept = dir::free_name(case, "sled.damaged");
    fs::rename(sled, &kept).map_err(io("move the damaged store aside", sled))?;
    dir::sync(case)?;
    Ok(rebuilt(&format!("did not open ({why})"), Some(kept)))
}

fn rebuilt(how: &str, kept: Option<PathBuf>) -> Repair {
    Repair {
        kind: RepairKind::Rebuilt,
        what: format!(
            "The embedded store {how}; the log was written anew from the ledger, blobs that only \
             the store held are missing."
        ),
        kept,
    }
}

/// Makes both copies hold what stands; gives the head.
fn settle(
    case: &Path,
    disk: &Disk,
    copies: &Copies,
    (whole, floor): (bool, Floor),
    repairs: &mut Vec<Repair>,
) -> Result<Head> {
    let verdict = judge(copies, whole)?;
    mend_ledger(case, copies, &verdict, floor.ledger, repairs)?;
    let behind = (whole, floor.sled);
    mend_sled(case, disk, copies, &verdict, behind, repairs)
        .map_err(|trouble| trouble.into_fault(disk.dir()))?;
    let head = verdict.head.unwrap_or(copies.shared);
    let known = floor.ledger.max(floor.sled);
    if head.lines < known {
        repairs.push(Repair {
            kind: RepairKind::Lost,
            what: format!(
                "The log ends after line {}; line {known} was acknowledged, and neither the ledger \
                 nor the embedded store has it.",
                head.lines
            ),
            kept: None,
        });
    }
    Ok(head)
}

/// The lines that a copy lacks although they were acknowledged, told as damage: no crash takes them.
fn cut(copy: &str, other: &str, (from, to): (u64, u64), kept: Option<PathBuf>) -> Repair {
    let lines: Vec<u64> = (from..to).collect();
    Repair {
        kind: RepairKind::Cut,
        what: format!(
            "The {copy} had been cut: it lacked {}, which had been acknowledged; they were restored \
             from the {other}.",
            ranges(&lines)
        ),
        kept,
    }
}

fn mend_ledger(
    case: &Path,
    copies: &Copies,
    verdict: &Verdict,
    floor: u64,
    repairs: &mut Vec<Repair>,
) -> Result<()> {
    let has = copies.shared.lines + copies.ledger.len() as u64;
    let stands = copies.shared.lines + verdict.lines.len() as u64;
    let end = floor.min(stands);
    if has < end {
        let kept = rewrite_ledger(case, copies, verdict)?;
        repairs.push(cut("ledger", "embedded store", (has, stands), Some(kept)));
    }
    if !verdict.ledger_damaged.is_empty() {
        let kept = match repairs
            .iter_mut()
            .find(|repair| repair.kind == RepairKind::Cut)
        {
            Some(cut) => cut.kept.clone(),
            None => Some(rewrite_ledger(case, copies, verdict)?),
        };
        repairs.push(Repair {
            kind: RepairKind::Healed,
            what: format!(
                "The ledger held another text at {}; it was restored from the embedded store.",
                ranges(&verdict.ledger_damaged)
            ),
            kept,
        });
        return Ok(());
    }
    if has < end {
        return Ok(());
    }
    let path = case.join(ledger::NAME);
    let whole = verdict.torn_from.unwrap_or(copies.ledger.len());
    let (good, torn) = copies
        .ledger
        .split_at_checked(whole)
        .unwrap_or((&copies.ledger, &[]));
    let torn = [text(torn), copies.torn.clone()].concat();
    if !torn.is_empty() {
        let kept = dir::keep(case, "ledger.torn", &torn)?;
        let length = copies.offset + text(good).len() as u64;
        OpenOptions::new()
            .write(true)
            .open(&path)
            .and_then(|file| file.set_len(length).and_then(|()| file.sync_all()))
            .map_err(io("cut the torn end of the ledger", &path))?;
        repairs.push(Repair {
            kind: RepairKind::TornTail,
            what: format!(
                "A crash left {} bytes at the end of the ledger that are no whole line.",
                torn.len()
            ),
            kept: Some(kept),
        });
    }
    let missing = verdict.lines.get(good.len()..).unwrap_or_default();
    if !missing.is_empty() {
        ledger::append_to(&path)?
            .write_all(&text(missing))
            .and_then(|()| File::open(&path)?.sync_all())
            .map_err(io("complete the ledger", &path))?;
        repairs.push(caught_up("ledger", missing.len()));
    }
    Ok(())
}

/// Writes the ledger anew beside the damaged one and takes its place in one step.
fn rewrite_ledger(case: &Path, copies: &Copies, verdict: &Verdict) -> Result<PathBuf> {
    let path = case.join(ledger::NAME);
    let fresh = case.join("ledger.new");
    let kept = dir::free_name(case, "ledger.damaged");
    let write = || -> std::io::Result<()> {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&fresh)?;
        std::io::copy(&mut File::open(&path)?.take(copies.offset), &mut file)?;
        file.write_all(&text(&verdict.lines))?;
        file.sync_all()?;
        fs::copy(&path, &kept)?;
        File::open(&kept)?.sync_all()
    };
    write().map_err(io("write the ledger anew", &fresh))?;
    dir::sync(case)?;
    fs::rename(&fresh, &path).map_err(io("put the ledger in place", &path))?;
    dir::sync(case)?;
    Ok(kept)
}

fn mend_sled(
    case: &Path,
    disk: &Disk,
    copies: &Copies,
    verdict: &Verdict,
    (whole, floor): (bool, u64),
    repairs: &mut Vec<Repair>,
) -> Result<(), Trouble> {
    if !verdict.sled_damaged.is_empty() {
        let kept = dir::keep(case, "sled.replaced", &text(&copies.sled))?;
        repairs.push(Repair {
            kind: RepairKind::Healed,
            what: format!(
                "The embedded store held another text at {}; it was restored from the ledger.",
                ranges(&verdict.sled_damaged)
            ),
            kept: Some(kept),
        });
    }
    let (mut additions, mut since_flush) = (Additions::default(), 0);
    for ((number, line), at) in (copies.shared.lines..).zip(&verdict.lines).zip(0..) {
        if copies.sled.get(at) == Some(line) {
            continue;
        }
        disk.clear_line(number)?;
        additions.line(number, line);
        since_flush += line.len();
        if since_flush >= STRIDE {
            disk.add(std::mem::take(&mut additions))?;
            disk.flush()?;
            since_flush = 0;
        }
    }
    if since_flush > 0 {
        disk.add(additions)?;
        disk.flush()?;
    }
    let missing = verdict.lines.len().saturating_sub(copies.sled.len());
    let has = copies.shared.lines + copies.sled.len() as u64;
    let stands = copies.shared.lines + verdict.lines.len() as u64;
    if has < floor.min(stands) {
        repairs.push(cut("embedded store", "ledger", (has, stands), None));
    } else if missing > 0 && whole {
        repairs.push(caught_up("embedded store", missing));
    }
    Ok(())
}

fn caught_up(copy: &str, lines: usize) -> Repair {
    Repair {
        kind: RepairKind::CaughtUp,
        what: format!("The {copy} was {lines} lines behind after a crash and was completed."),
        kept: None,
    }
}

/// Lines with their line ends.
fn text(lines: &[Vec<u8>]) -> Vec<u8> {
    let mut text = Vec::new();
    for line in lines {
        text.extend_from_slice(line);
        text.push(b'\n');
    }
    text
}

/// Line numbers for people, counted from one: `line 3`, `lines 5 to 9`.
fn ranges(numbers: &[u64]) -> String {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for number in numbers.iter().map(|number| number + 1) {
        match runs.last_mut() {
            Some((_, end)) if *end + 1 == number => *end = number,
            _ => runs.push((number, number)),
        }
    }
    let runs: Vec<String> = runs
        .iter()
        .map(|(start, end)| {
            if start == end {
                format!("line {start}")
            } else {
                format!("lines {start} to {end}")
            }
        })
        .collect();
    runs.join(", ")
}
