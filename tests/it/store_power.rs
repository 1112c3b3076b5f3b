//! The store under `kill -9` and under a power cut (`tests/shim/powercut.c` has the model).
//!
//! A child process writes and prints each acknowledgement to a pipe; the parent kills it at a random
//! moment and looks whether everything that was acknowledged is there, whole and linked.
//! `CORDON_STORE_ROUNDS` sets the number of rounds, `CORDON_STORE_SEED` the first seed,
//! `CORDON_STORE_LEAST` how many acknowledgements come before a power cut (sled reuses segments only
//! in long runs).

use std::collections::HashMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use cordon::canon::Digest;
use cordon::fault::Kind;
use cordon::store::{CaseStore, line_hash};

use crate::store::{copy, noise};
use crate::store_writer::{Dice, Writer, number, say, write_one};

/// What must be in a store.
#[derive(Default)]
struct Acknowledged {
    /// By number of lines, the hash of the last.
    heads: HashMap<u64, Digest>,
    blobs: Vec<Digest>,
}

impl Acknowledged {
    fn add(&mut self, said: &[Vec<String>]) {
        for words in said {
            match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
                // Cut off by the kill.
                ["ack", lines, hash] if hash.len() == 64 => {
                    self.heads
                        .insert(lines.parse().unwrap(), hash.parse().unwrap());
                }
                ["blob", name] if name.len() == 64 => self.blobs.push(name.parse().unwrap()),
                _ => {}
            }
        }
    }

    /// What is missing or torn in the store in `dir`; opening it repairs it.
    fn missing(&self, dir: &Path) -> Vec<String> {
        let store = match CaseStore::open(dir) {
            Ok(store) => store,
            Err(fault) => return vec![format!("does not open: {fault}")],
        };
        let mut missing = Vec::new();
        missing.extend(
            store
                .repairs()
                .iter()
                .filter(|r| r.kind.is_damage())
                .map(ToString::to_string),
        );
        let lines = store.lines(0).unwrap();
        for (count, hash) in &self.heads {
            let line = lines.get(usize::try_from(*count).unwrap() - 1);
            if line.is_none_or(|line| line_hash(line) != *hash) {
                missing.push(format!("line {count}"));
            }
        }
        let mut commits: HashMap<String, (u64, u64)> = HashMap::new();
        let mut blobs = self.blobs.clone();
        for line in &lines {
            let line: serde_json::Value = serde_json::from_slice(line).unwrap();
            let commit = commits
                .entry(line["id"].as_str().unwrap().to_owned())
                .or_default();
            *commit = (commit.0 + 1, line["of"].as_u64().unwrap());
            let names = line["blobs"].as_array().unwrap().iter();
            blobs.extend(names.map(|name| name.as_str().unwrap().parse::<Digest>().unwrap()));
        }
        missing.extend(
            commits
                .iter()
                .filter(|(_, (found, of))| found != of)
                .map(|(id, (found, of))| format!("commit {id} has {found} of {of} lines")),
        );
        blobs.sort();
        blobs.dedup();
        for name in blobs {
            match store.blob(name) {
                Ok(Some(_)) => {}
                Ok(None) => missing.push(format!("blob {name}")),
                Err(fault) => missing.push(fault.to_string()),
            }
        }
        missing
    }
}

#[test]
fn nothing_acknowledged_is_lost_by_kill_nine() {
    let rounds = number("CORDON_STORE_ROUNDS", 20);
    let first = number("CORDON_STORE_SEED", 1);
    let (mut lost, mut acks, mut blobs) = (Vec::new(), 0, 0);
    let mut seed = first;
    while seed < first + rounds {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("case");
        let mut acknowledged = Acknowledged::default();
        // Four kills in a row, each on top of what the last one left.
        for _ in 0..4 {
            acknowledged.add(&Writer::start("case", &dir, seed, &[]).kill_at_random(seed, 0));
            lost.extend(
                acknowledged
                    .missing(&dir)
                    .into_iter()
                    .map(|what| format!("seed {seed}: {what}")),
            );
            seed += 1;
        }
        acks += acknowledged.heads.len();
        blobs += acknowledged.blobs.len();
    }
    println!(
        "kill -9: {} rounds, {acks} commits and {blobs} blobs acknowledged",
        seed - first
    );
    assert!(lost.is_empty(), "{lost:#?}");
    assert!(acks > 10);
}

/// What a power cut leaves.
#[derive(Clone, Copy, Debug)]
enum Cut {
    /// Names early, data only when synced.
    Eager,
    /// Names only when their directory is synced.
    Strict,
    /// As eager, and half of the pages that were not synced made it by luck.
    Luck,
}

const CUTS: [Cut; 3] = [Cut::Eager, Cut::Strict, Cut::Luck];

/// Builds the shim, or says why not.
pub(crate) fn shim(into: &Path) -> Option<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/shim/powercut.c");
    let shim = into.join("powercut.so");
    let built = Command::new("cc")
        .args(["-O2", "-shared", "-fPIC", "-o"])
        .args([&shim, &source])
        .arg("-ldl")
        .status();
    match built {
        Ok(status) if status.success() => Some(shim),
        Ok(status) => panic!("cc failed: {status}"),
        Err(error) => {
            say(&format!("skipped: there is no C compiler ({error})"));
            None
        }
    }
}

/// Runs a writer under the shim until it is killed; gives what it said, and leaves in `shadow` what a
/// power cut at that moment leaves of `real`.
fn cut(
    shim: &Path,
    mode: &str,
    (real, shadow): (&Path, &Path),
    seed: u64,
    kind: Cut,
) -> Vec<Vec<String>> {
    let names = if matches!(kind, Cut::Strict) {
        "strict"
    } else {
        "eager"
    };
    let env = [
        ("LD_PRELOAD", shim),
        ("CORDON_SHIM_ROOT", real),
        ("CORDON_SHIM_SHADOW", shadow),
        ("CORDON_SHIM_META", Path::new(names)),
    ];
    // sled as shipped loses nothing before it has outgrown what was durable when it was made.
    let least = if mode == "raw" {
        300
    } else {
        number("CORDON_STORE_LEAST", 0).try_into().unwrap()
    };
    let said = Writer::start(mode, &real.join("case"), seed, &env).kill_at_random(seed, least);
    if matches!(kind, Cut::Luck) {
        write_back(real, shadow, &mut Dice::new(seed));
    }
    said
}

/// Gives half of the pages that differ to the durable copy, as write-back does at its leisure.
fn write_back(real: &Path, shadow: &Path, dice: &mut Dice) {
    const PAGE: usize = 4096;
    for entry in fs::read_dir(shadow).unwrap() {
        let durable = entry.unwrap().path();
        let current = real.join(durable.file_name().unwrap());
        if durable.is_dir() {
            write_back(&current, &durable, dice);
            continue;
        }
        let Ok(current) = fs::read(current) else {
            continue;
        };
        let mut known = fs::read(&durable).unwrap();
        let mut len = known.len();
        known.resize(len.max(current.len()), 0);
        for (number, page) in current.chunks(PAGE).enumerate() {
            let here = number * PAGE..number * PAGE + page.len();
            if known[here.clone()] != *page && dice.roll(2) == 0 {
                len = len.max(here.end);
                known[here].copy_from_slice(page);
            }
        }
        known.truncate(len);
        fs::write(&durable, known).unwrap();
    }
}

#[test]
fn nothing_acknowledged_is_lost_by_a_power_cut() {
    let root = tempfile::tempdir().unwrap();
    let Some(shim) = shim(root.path()) else {
        return;
    };
    let rounds = number("CORDON_STORE_ROUNDS", 20);
    let first = number("CORDON_STORE_SEED", 1);
    let (mut lost, mut acks, mut blobs) = (Vec::new(), 0, 0);
    let mut seed = first;
    while seed < first + rounds {
        let kind = CUTS[usize::try_from(seed / 2 % 3).unwrap()];
        let mut acknowledged = Acknowledged::default();
        let mut before: Option<PathBuf> = None;
        // Two cuts in a row: the first from creation on, the second on top of what it left.
        for _ in 0..2 {
            let (real, shadow) = (
                root.path().join(format!("{seed}.real")),
                root.path().join(format!("{seed}.disk")),
            );
            for dir in [&real, &shadow] {
                fs::create_dir(dir).unwrap();
                if let Some(before) = &before {
                    copy(before, dir);
                }
            }
            acknowledged.add(&cut(&shim, "case", (&real, &shadow), seed, kind));
            let found = acknowledged.missing(&shadow.join("case"));
            lost.extend(
                found
                    .into_iter()
                    .map(|what| format!("seed {seed} {kind:?}: {what}")),
            );
            before = Some(shadow);
            seed += 1;
        }
        acks += acknowledged.heads.len();
        blobs += acknowledged.blobs.len();
        for entry in fs::read_dir(root.path()).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                fs::remove_dir_all(path).unwrap();
            }
        }
    }
    println!(
        "power cut: {} rounds, {acks} commits and {blobs} blobs acknowledged",
        seed - first
    );
    assert!(lost.is_empty(), "{lost:#?}");
    assert!(acks > 10);
}

/// Cuts the power before each sync that `mode` makes, in turn, starting from `start`; `check` looks at
/// what is left. Gives how many syncs there were.
fn sweep(
    mode: &str,
    start: Option<&Path>,
    check: impl Fn(&Path, bool, &[Vec<String>]) -> Vec<String>,
) -> usize {
    let root = tempfile::tempdir().unwrap();
    let Some(shim) = shim(root.path()) else {
        return usize::MAX;
    };
    let mut wrong = Vec::new();
    let mut most = 0;
    for turn in 0..2 {
        // Every second sync in each model; the long run takes every sync in both.
        let step = if number("CORDON_STORE_ROUNDS", 20) > 20 {
            1
        } else {
            2
        };
        let names = ["eager", "strict"][turn];
        for number in (1 + turn..).step_by(step) {
            let work = root.path().join(format!("{names}-{number}"));
            let (real, shadow) = (work.join("real"), work.join("disk"));
            for dir in [&real, &shadow] {
                fs::create_dir_all(dir).unwrap();
                if let Some(start) = start {
                    copy(start, &dir.join("case"));
                }
            }
            let number_text = number.to_string();
            let env = [
                ("LD_PRELOAD", &*shim),
                ("CORDON_SHIM_ROOT", &real),
                ("CORDON_SHIM_SHADOW", &shadow),
                ("CORDON_SHIM_META", Path::new(names)),
                ("CORDON_SHIM_KILL_AT", Path::new(&number_text)),
            ];
            let writer = Writer::start(mode, &real.join("case"), 1, &env);
            let ready = writer.ready;
            let (ended, said) = writer.wait();
            let found = check(&shadow.join("case"), ready, &said);
            wrong.extend(
                found
                    .into_iter()
                    .map(|what| format!("{names} {number}: {what}")),
            );
            fs::remove_dir_all(&work).unwrap();
            if ended {
                most = most.max(number);
                break;
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    most
}

#[test]
fn a_power_cut_at_any_sync_of_a_new_case_loses_nothing() {
    let syncs = sweep("script", None, |dir, ready, said| {
        let mut acknowledged = Acknowledged::default();
        acknowledged.add(said);
        match CaseStore::open(dir) {
            // Making it was never reported as done.
            Err(fault) if !ready && fault.code() == "store-missing" => Vec::new(),
            Err(fault) => vec![format!("does not open: {fault}")],
            Ok(store) => {
                drop(store);
                acknowledged.missing(dir)
            }
        }
    });
    println!("a new case and twelve commits: {syncs} syncs");
    assert!(syncs > 30);
}

#[test]
fn a_power_cut_at_any_sync_of_mending_can_be_mended_again() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("case");
    {
        let store = CaseStore::create(&dir).unwrap();
        let (pool, turn, mut dice) = (noise(6 << 20), Mutex::new(()), Dice::new(3));
        for count in 0..8 {
            write_one(&store, &turn, &pool, &mut dice, &count.to_string());
        }
    }
    let lines = CaseStore::open(&dir).unwrap().lines(0).unwrap();
    let ledger = fs::read(dir.join("ledger.jsonl")).unwrap();
    let mut altered = ledger.clone();
    altered[ledger.len() / 2] ^= 1;
    let cut = &ledger[..ledger.len() / 2];
    for name in ["torn", "altered", "no sled", "bad sled"] {
        let start = root.path().join(name);
        copy(&dir, &start);
        match name {
            "torn" => fs::write(start.join("ledger.jsonl"), cut).unwrap(),
            "altered" => fs::write(start.join("ledger.jsonl"), &altered).unwrap(),
            "no sled" => fs::remove_dir_all(start.join("sled")).unwrap(),
            _ => fs::write(start.join("sled/db"), noise(1 << 20)).unwrap(),
        }
        let syncs = sweep("open", Some(&start), |dir, _, _| {
            match CaseStore::open(dir) {
                Err(fault) => vec![format!("{name}: does not open: {fault}")],
                Ok(store) if store.lines(0).unwrap() != lines => {
                    vec![format!("{name}: lines differ")]
                }
                Ok(_) if fs::read(dir.join("ledger.jsonl")).unwrap() != ledger => {
                    vec![format!("{name}: the ledger differs")]
                }
                Ok(_) => Vec::new(),
            }
        });
        println!("{name}: {syncs} syncs");
    }
}

/// The control: a model that sled as shipped passed would prove nothing.
#[test]
fn the_power_cut_bites_sled_as_shipped() {
    let root = tempfile::tempdir().unwrap();
    let Some(shim) = shim(root.path()) else {
        return;
    };
    let rounds = number("CORDON_STORE_ROUNDS", 6);
    let mut bitten = Vec::new();
    for seed in 1..=rounds {
        let (real, shadow) = (
            root.path().join(format!("{seed}.real")),
            root.path().join(format!("{seed}.disk")),
        );
        // Made and wholly durable before.
        let db = sled::open(real.join("case")).unwrap();
        db.insert(b"made", b"before").unwrap();
        db.flush().unwrap();
        drop(db);
        copy(&real, &shadow);
        let said = cut(&shim, "raw", (&real, &shadow), seed, Cut::Eager);
        let lost = catch_unwind(AssertUnwindSafe(|| lost_raw(&said, &shadow.join("case"))));
        match lost {
            Ok(None) => {}
            Ok(Some(what)) => bitten.push(format!("seed {seed}: {what}")),
            Err(_) => bitten.push(format!("seed {seed}: panicked")),
        }
        fs::remove_dir_all(&real).unwrap();
    }
    println!(
        "sled as shipped: {} of {rounds} rounds lost or damaged: {bitten:?}",
        bitten.len()
    );
    assert!(!bitten.is_empty());
}

fn lost_raw(said: &[Vec<String>], dir: &Path) -> Option<String> {
    let db = match sled::open(dir) {
        Ok(db) => db,
        Err(error) => return Some(format!("does not open: {error}")),
    };
    said.iter().find_map(|words| {
        let [_, key, hash] = words.as_slice() else {
            return None;
        };
        let key: u64 = key.parse().unwrap();
        match db.get(key.to_be_bytes()) {
            Ok(Some(value)) if Digest::of(&value).to_string() == *hash => None,
            Ok(_) => Some(format!("acknowledged key {key}")),
            Err(error) => Some(format!("acknowledged key {key}: {error}")),
        }
    })
}

#[test]
fn a_full_disk_poisons_the_store_and_loses_nothing() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("case");
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; ulimit -f 50000; exec \"$0\" \"$@\""]);
    command.arg(std::env::current_exe().unwrap());
    let (ended, said) = Writer::spawn(command, "full", &dir, 1, &[]).wait();
    assert!(
        ended && said.contains(&vec!["poisoned".to_owned()]),
        "{said:?}"
    );
    let mut acknowledged = Acknowledged::default();
    acknowledged.add(&said);
    assert!(acknowledged.heads.len() > 2);
    assert_eq!(acknowledged.missing(&dir), Vec::<String>::new());
}

#[test]
fn the_owner_of_a_store_is_named_and_its_death_frees_it() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("case");
    drop(CaseStore::create(&dir).unwrap());
    let holder = Writer::start("hold", &dir, 1, &[]);
    let pid = holder.child.id();
    let fault = CaseStore::open(&dir).unwrap_err();
    assert_eq!((fault.kind(), fault.code()), (Kind::Owned, "store-owned"));
    assert!(fault.what().contains(&format!("process {pid}")), "{fault}");
    assert!(!fault.hints().is_empty());
    holder.kill(0, Duration::ZERO);
    let store = CaseStore::open(&dir).unwrap();
    // Within one process too.
    assert_eq!(CaseStore::open(&dir).unwrap_err().code(), "store-owned");
    drop(store);
    CaseStore::open(&dir).unwrap();
}

#[test]
fn the_shim_counts_syncs_and_kills_before_or_after_one() {
    let root = tempfile::tempdir().unwrap();
    let Some(shim) = shim(root.path()) else {
        return;
    };
    let file = root.path().join("file");
    let count = root.path().join("count");
    let run = |kill_at: Option<&str>| {
        let mut command = Command::new("sh");
        // dd syncs once at its end, each time in a process of its own.
        command
            .args([
                "-c",
                "exec dd if=/dev/zero of=\"$0\" bs=10 count=3 conv=fsync",
            ])
            .arg(&file)
            .env("LD_PRELOAD", &shim)
            .env("CORDON_SHIM_COUNT", &count)
            .stderr(Stdio::null());
        if let Some(kill_at) = kill_at {
            command.env("CORDON_SHIM_KILL_AT", kill_at);
        }
        command.status().unwrap()
    };
    assert!(run(None).success());
    assert_eq!(fs::read_to_string(&count).unwrap(), "1\n");
    fs::remove_file(&count).unwrap();
    for kill_at in ["1", "1+"] {
        let status = run(Some(kill_at));
        assert_eq!(
            std::os::unix::process::ExitStatusExt::signal(&status),
            Some(9),
            "{kill_at}"
        );
        assert!(!count.exists());
    }
    assert!(run(Some("2")).success());
}
