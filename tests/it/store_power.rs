//! The store under `kill -9` and under a power cut (`tests/shim/powercut.c` has the model).
//!
//! A child process writes and prints each acknowledgement to a pipe; the parent kills it at a random
//! moment and looks whether everything that was acknowledged is there, whole and linked.
//! `CORDON_STORE_ROUNDS` sets the number of rounds, `CORDON_STORE_SEED` the first seed.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use cordon::canon::Digest;
use cordon::fault::Kind;
use cordon::store::{CaseStore, Commit, Head, line_hash};

use crate::store::noise;

/// Xorshift: enough to spread sizes and moments, and the same for the same seed.
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        let mut dice = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        dice.roll(1);
        dice
    }

    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % sides
    }

    fn size(&mut self, sides: usize) -> usize {
        usize::try_from(self.roll(sides as u64)).unwrap()
    }
}

#[expect(clippy::disallowed_methods, reason = "how a test is told what to do")]
pub(crate) fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn number(name: &str, default: u64) -> u64 {
    setting(name).map_or(default, |text| text.parse().unwrap())
}

// ---- the child ----

/// Not a test: what the other tests start as their child.
#[test]
fn child() {
    let Some(mode) = setting("CORDON_STORE_CHILD") else {
        return;
    };
    let dir = PathBuf::from(setting("CORDON_STORE_DIR").unwrap());
    let seed = number("CORDON_STORE_SEED", 1);
    match mode.as_str() {
        "hold" => {
            let _store = CaseStore::open(&dir).unwrap();
            say("ready");
            thread::sleep(Duration::from_secs(60));
        }
        "raw" => write_raw(&dir, seed),
        _ => write_case(&dir, seed),
    }
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

/// sled as shipped: what the shim must catch.
fn write_raw(dir: &Path, seed: u64) {
    let db = sled::open(dir).unwrap();
    let mut dice = Dice::new(seed);
    let pool = noise(8192);
    say("ready");
    for key in 0u64.. {
        let start = dice.size(4000);
        let value = &pool[start..start + 1 + dice.size(4000)];
        db.insert(key.to_be_bytes(), value).unwrap();
        db.flush().unwrap();
        say(&format!("ack {key} {}", Digest::of(value)));
    }
}

fn write_case(dir: &Path, seed: u64) {
    let store = if dir.exists() {
        CaseStore::open(dir).unwrap()
    } else {
        CaseStore::create(dir).unwrap()
    };
    say("ready");
    let pool = noise(6 << 20);
    let turn = Mutex::new(());
    thread::scope(|scope| {
        for writer in 0..4 {
            let (store, turn, pool) = (&store, &turn, &pool);
            scope.spawn(move || {
                let mut dice = Dice::new(seed * 4 + writer);
                for count in 0u64.. {
                    let id = format!("{seed}-{writer}-{count}");
                    write_one(store, turn, pool, &mut dice, &id);
                }
            });
        }
    });
}

fn write_one(store: &CaseStore, turn: &Mutex<()>, pool: &Bytes, dice: &mut Dice, id: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    if dice.roll(60) == 0 {
        let file = std::env::temp_dir().join(format!("cordon-object-{}-{id}", std::process::id()));
        fs::write(&file, blob(pool, dice, id, 700_000)).unwrap();
        let (name, _) = store.put_object(&file).unwrap();
        say(&format!("blob {name}"));
        fs::remove_file(&file).unwrap();
    }
    let blobs: Vec<Bytes> = match dice.roll(40) {
        0 => vec![blob(pool, dice, id, 5 << 20)],
        1..12 => (0..=dice.roll(2))
            .map(|n| blob(pool, dice, &format!("{id}-{n}"), 300_000))
            .collect(),
        _ => Vec::new(),
    };
    let names: Vec<String> = blobs
        .iter()
        .map(|blob| Digest::of(blob).to_string())
        .collect();
    let of = 1 + dice.roll(4);
    let (pending, acks) = {
        let _turn = turn.lock().unwrap();
        let expected = store.head();
        let (mut head, mut lines) = (expected, Vec::new());
        for _ in 0..of {
            let Head { lines: seq, hash } = head;
            let text = "x".repeat(dice.size(2000));
            let line = serde_json::json!({
                "seq": seq, "prev": hash, "id": id, "of": of, "blobs": names, "text": text,
            });
            let line = line.to_string().into_bytes();
            head = head.follow(&line).unwrap();
            lines.push(line);
        }
        (
            store
                .commit(Commit {
                    expected,
                    lines,
                    blobs,
                })
                .unwrap(),
            names,
        )
    };
    let head = runtime.block_on(pending.durable()).unwrap();
    for name in acks {
        say(&format!("blob {name}"));
    }
    say(&format!("ack {} {}", head.lines, head.hash));
}

/// A blob like no other: text that compresses, or noise.
fn blob(pool: &Bytes, dice: &mut Dice, id: &str, most: usize) -> Bytes {
    let mut blob = format!("{id}\n").into_bytes();
    let size = dice.size(most);
    if dice.roll(2) == 0 {
        blob.extend_from_slice(&pool[..size]);
    } else {
        let record = format!("{{\"id\":\"{id}\",\"action\":\"repo.clone\"}}\n");
        blob.extend(record.repeat(1 + size / record.len()).into_bytes());
    }
    blob.into()
}

// ---- the parent ----

struct Writer {
    child: Child,
    said: thread::JoinHandle<Vec<String>>,
}

impl Writer {
    fn start(mode: &str, dir: &Path, seed: u64, env: &[(&str, &Path)]) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "store_power::child",
                "--nocapture",
                "--test-threads=1",
            ])
            .env("CORDON_STORE_CHILD", mode)
            .env("CORDON_STORE_DIR", dir)
            .env("CORDON_STORE_SEED", seed.to_string())
            .envs(env.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        loop {
            // The harness says things of its own before.
            let line = lines
                .next()
                .expect("the child ended before it was ready")
                .unwrap();
            if line.ends_with("ready") {
                break;
            }
        }
        // A last line without an end was not said.
        let said = thread::spawn(move || lines.map_while(Result::ok).collect());
        Self { child, said }
    }

    /// Kills it after `pause`; gives the words of each line that it said.
    fn kill(mut self, pause: Duration) -> Vec<Vec<String>> {
        thread::sleep(pause);
        assert!(
            self.child.try_wait().unwrap().is_none(),
            "the child ended by itself"
        );
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let said = self.said.join().unwrap();
        let words = |line: String| line.split(' ').map(str::to_owned).collect();
        said.into_iter().map(words).collect()
    }
}

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
            let pause = Duration::from_millis(Dice::new(seed).roll(250));
            acknowledged.add(&Writer::start("case", &dir, seed, &[]).kill(pause));
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
            println!("skipped: there is no C compiler ({error})");
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
    let pause = Duration::from_millis(Dice::new(seed).roll(400));
    let said = Writer::start(mode, &real.join("case"), seed, &env).kill(pause);
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

pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap().path();
        let target = to.join(entry.file_name().unwrap());
        if entry.is_dir() {
            copy(&entry, &target);
        } else {
            fs::copy(&entry, &target).unwrap();
        }
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
    holder.kill(Duration::ZERO);
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
