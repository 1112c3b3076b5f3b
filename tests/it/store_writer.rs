//! The process that writes to a store while its parent kills it.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use cordon::canon::Digest;
use cordon::store::{CaseStore, Commit, Head, Pending};

use crate::store::noise;

/// Xorshift: enough to spread sizes and moments, and the same for the same seed.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        let mut dice = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        dice.roll(1);
        dice
    }

    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % sides
    }

    pub(crate) fn size(&mut self, sides: usize) -> usize {
        usize::try_from(self.roll(sides as u64)).unwrap()
    }
}

#[expect(clippy::disallowed_methods, reason = "how a test is told what to do")]
pub(crate) fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

pub(crate) fn number(name: &str, default: u64) -> u64 {
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
            thread::sleep(Duration::from_mins(1));
        }
        "raw" => write_raw(&dir, seed),
        "script" => write_script(&dir),
        "full" => write_until_full(&dir),
        "open" => drop(CaseStore::open(&dir).unwrap()),
        _ => write_case(&dir, seed),
    }
}

pub(crate) fn say(line: &str) {
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

/// Commits until the disk refuses, and checks that the store then refuses all.
fn write_until_full(dir: &Path) {
    let store = CaseStore::create(dir).unwrap();
    say("ready");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let (pool, mut dice) = (noise(6 << 20), Dice::new(5));
    let commit = |store: &CaseStore, blob: Bytes| {
        let expected = store.head();
        let Head { lines: seq, hash } = expected;
        let names = [Digest::of(&blob)];
        let line = serde_json::json!({
            "seq": seq, "prev": hash, "id": seq.to_string(), "of": 1, "blobs": names,
        });
        let lines = vec![line.to_string().into_bytes()];
        let blobs = vec![blob];
        store
            .commit(Commit {
                expected,
                lines,
                blobs,
            })
            .map(Pending::durable)
    };
    let mut acknowledged = Head::EMPTY;
    let fault = loop {
        let next = blob(&pool, &mut dice, &acknowledged.lines.to_string(), 1 << 20);
        match runtime.block_on(commit(&store, next).unwrap()) {
            Ok(head) => acknowledged = head,
            Err(fault) => break fault,
        }
        say(&format!("ack {} {}", acknowledged.lines, acknowledged.hash));
    };
    assert_eq!(fault.code(), "store-poisoned");
    assert_eq!(store.head(), acknowledged);
    let again = commit(&store, Bytes::from_static(b"small")).err().unwrap();
    assert_eq!(again.code(), "store-poisoned");
    assert!(!again.hints().is_empty());
    assert_eq!(store.lines(0).unwrap().len() as u64, acknowledged.lines);
    drop(store);
    say("poisoned");
}

/// The same commits each time, then an orderly end.
fn write_script(dir: &Path) {
    let store = CaseStore::create(dir).unwrap();
    say("ready");
    let (pool, turn, mut dice) = (noise(6 << 20), Mutex::new(()), Dice::new(7));
    for count in 0..12 {
        write_one(&store, &turn, &pool, &mut dice, &count.to_string());
    }
}

pub(crate) fn write_one(
    store: &CaseStore,
    turn: &Mutex<()>,
    pool: &Bytes,
    dice: &mut Dice,
    id: &str,
) {
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

pub(crate) struct Writer {
    pub(crate) child: Child,
    pub(crate) ready: bool,
    count: Arc<AtomicUsize>,
    said: thread::JoinHandle<Vec<String>>,
}

impl Writer {
    pub(crate) fn start(mode: &str, dir: &Path, seed: u64, env: &[(&str, &Path)]) -> Self {
        Self::spawn(
            Command::new(std::env::current_exe().unwrap()),
            mode,
            dir,
            seed,
            env,
        )
    }

    pub(crate) fn spawn(
        mut command: Command,
        mode: &str,
        dir: &Path,
        seed: u64,
        env: &[(&str, &Path)],
    ) -> Self {
        let mut child = command
            .args([
                "--exact",
                "store_writer::child",
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
        // The harness says things of its own before.
        let ready = lines
            .by_ref()
            .any(|line| line.is_ok_and(|line| line.ends_with("ready")));
        let count = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&count);
        let said = thread::spawn(move || {
            let lines = lines.map_while(Result::ok);
            lines
                .inspect(|_| _ = counter.fetch_add(1, Ordering::Relaxed))
                .collect()
        });
        Self {
            child,
            ready,
            count,
            said,
        }
    }

    /// Kills it a moment after it said so many lines, however slow the disk is; gives the words of each
    /// line that it said.
    pub(crate) fn kill(mut self, lines: usize, pause: Duration) -> Vec<Vec<String>> {
        for _ in 0..60_000 {
            if self.count.load(Ordering::Relaxed) >= lines {
                break;
            }
            thread::sleep(Duration::from_millis(1));
        }
        thread::sleep(pause);
        assert!(
            self.ready && self.child.try_wait().unwrap().is_none(),
            "the child ended by itself"
        );
        self.child.kill().unwrap();
        self.wait().1
    }

    pub(crate) fn kill_at_random(self, seed: u64, least: usize) -> Vec<Vec<String>> {
        let mut dice = Dice::new(seed);
        let lines = dice.size(100);
        self.kill(least + lines, Duration::from_micros(dice.roll(20_000)))
    }

    /// Waits until it has ended; says whether well, and gives the words of each line that it said.
    pub(crate) fn wait(mut self) -> (bool, Vec<Vec<String>>) {
        let status = self.child.wait().unwrap();
        let said = self.said.join().unwrap();
        let words = |line: String| line.split(' ').map(str::to_owned).collect();
        (status.success(), said.into_iter().map(words).collect())
    }
}
