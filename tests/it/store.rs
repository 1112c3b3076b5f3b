//! The store: committing, reading, recovering from every kind of damage.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use cordon::canon::Digest;
use cordon::fault::{Kind, Result};
use cordon::store::{CaseStore, Commit, Head, Hub, MAX_LINE, RepairKind, line_hash};

/// Lines that continue `head`.
pub(crate) fn lines(mut head: Head, texts: &[&str]) -> Vec<Vec<u8>> {
    texts
        .iter()
        .map(|text| {
            let Head { lines, hash } = head;
            let line = format!(r#"{{"prev":"{hash}","seq":{lines},"text":"{text}"}}"#);
            head = head.follow(line.as_bytes()).unwrap();
            line.into_bytes()
        })
        .collect()
}

fn put(store: &CaseStore, texts: &[&str], blobs: &[Bytes]) -> Result<Head> {
    let expected = store.head();
    let pending = store.commit(Commit {
        expected,
        lines: lines(expected, texts),
        blobs: blobs.to_vec(),
    })?;
    block_on(pending.durable())
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

/// A directory with a store of five lines and a blob.
struct Case {
    _root: tempfile::TempDir,
    dir: PathBuf,
    lines: Vec<Vec<u8>>,
    blob: Digest,
}

impl Case {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("case");
        let store = CaseStore::create(&dir).unwrap();
        let blob = Bytes::from_static(b"{\"login\":\"octo\"}\n");
        put(&store, &["one", "two"], std::slice::from_ref(&blob)).unwrap();
        put(&store, &["three"], &[]).unwrap();
        put(&store, &["four", "five"], &[]).unwrap();
        let lines = store.lines(0).unwrap();
        assert_eq!(lines.len(), 5);
        drop(store);
        // As a crash leaves it: nothing says what was acknowledged.
        fs::remove_file(dir.join("acknowledged")).unwrap();
        Self {
            _root: root,
            dir,
            lines,
            blob: Digest::of(&blob),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    fn ledger(&self) -> Vec<u8> {
        fs::read(self.path("ledger.jsonl")).unwrap()
    }

    fn text(&self, count: usize) -> Vec<u8> {
        self.lines[..count]
            .iter()
            .flat_map(|line| [line.as_slice(), b"\n"].concat())
            .collect()
    }

    /// Opens it, checks that all lines are there, that it can go on, and that the next opening has
    /// nothing left to repair.
    fn heals(&self, kinds: &[RepairKind]) -> Vec<String> {
        let store = CaseStore::open(&self.dir).unwrap();
        let found: Vec<_> = store.repairs().iter().map(|repair| repair.kind).collect();
        assert_eq!(found, kinds, "{:?}", store.repairs());
        let told = store.repairs().iter().map(ToString::to_string).collect();
        assert_eq!(store.lines(0).unwrap(), self.lines);
        assert_eq!(self.ledger(), self.text(5));
        for repair in store.repairs() {
            assert!(repair.kept.as_ref().is_none_or(|kept| kept.exists()));
        }
        put(&store, &["six"], &[Bytes::from_static(b"later")]).unwrap();
        drop(store);
        let store = CaseStore::open(&self.dir).unwrap();
        assert_eq!(store.repairs(), []);
        assert_eq!(store.head().lines, 6);
        told
    }

    fn refuses(&self, code: &str) -> String {
        let fault = CaseStore::open(&self.dir).unwrap_err();
        assert_eq!(fault.code(), code, "{fault}");
        fault.to_string()
    }

    /// Works on the sled itself, as a bug or another program would.
    fn with_sled(&self, work: impl FnOnce(&sled::Db)) {
        let db = sled::Config::new()
            .path(self.path("sled"))
            .segment_size(8 << 20)
            .flush_every_ms(None)
            .open()
            .unwrap();
        work(&db);
        db.flush().unwrap();
    }
}

fn line_key(line: u64) -> Vec<u8> {
    [b"l".as_slice(), &line.to_be_bytes(), &[0, 0]].concat()
}

#[test]
fn a_commit_is_there_after_reopening() {
    let case = Case::new();
    let store = CaseStore::open(&case.dir).unwrap();
    assert_eq!(store.repairs(), []);
    assert_eq!(store.head().lines, 5);
    assert_eq!(store.head().hash, line_hash(&case.lines[4]));
    assert_eq!(store.lines(3).unwrap(), case.lines[3..]);
    assert!(store.lines(9).unwrap().is_empty());
    assert_eq!(
        &*store.blob(case.blob).unwrap().unwrap(),
        b"{\"login\":\"octo\"}\n"
    );
    assert_eq!(store.blob(Digest::of(b"never")).unwrap(), None);
    assert_eq!(case.ledger(), case.text(5));
}

#[test]
fn creating_needs_a_free_place_and_opening_a_case() {
    let case = Case::new();
    assert_eq!(
        CaseStore::create(&case.dir).unwrap_err().code(),
        "store-exists"
    );
    let fault = CaseStore::open(case.dir.parent().unwrap()).unwrap_err();
    assert_eq!(fault.code(), "store-missing");
    assert!(!case.dir.parent().unwrap().join("LOCK").exists());
    // A crash right after creating leaves an empty store.
    let empty = case.dir.with_file_name("deep/er");
    drop(CaseStore::create(&empty).unwrap());
    assert_eq!(CaseStore::open(&empty).unwrap().head(), Head::EMPTY);
}

#[test]
fn a_stale_head_is_a_conflict_at_once_and_queued_commits_count() {
    let case = Case::new();
    let store = CaseStore::open(&case.dir).unwrap();
    let head = store.head();
    let commit = |texts: &[&str]| Commit {
        expected: head,
        lines: lines(head, texts),
        blobs: Vec::new(),
    };
    let pending = store.commit(commit(&["six"])).unwrap();
    assert_eq!(
        store.commit(commit(&["rival"])).unwrap_err().code(),
        "store-conflict"
    );
    assert_eq!(store.head().lines, 6);
    assert_eq!(store.lines(5).unwrap(), lines(head, &["six"]));
    assert_eq!(block_on(pending.durable()).unwrap(), store.head());
}

#[test]
fn lines_that_do_not_chain_are_refused_and_change_nothing() {
    let case = Case::new();
    let store = CaseStore::open(&case.dir).unwrap();
    let head = store.head();
    let long = "x".repeat(MAX_LINE);
    for bad in [
        lines(Head::EMPTY, &["wrong number"]),
        vec![b"no record".to_vec()],
        vec![b"{\"seq\":5}\n".to_vec()],
        vec![format!(r#"{{"prev":"{}","seq":5,"text":"{long}"}}"#, head.hash).into_bytes()],
        [lines(head, &["fine"]), lines(head, &["same number again"])].concat(),
    ] {
        let fault = store.commit(Commit {
            expected: head,
            lines: bad,
            blobs: Vec::new(),
        });
        assert_eq!(fault.unwrap_err().code(), "store-chain");
    }
    assert_eq!((store.head(), store.lines(0).unwrap()), (head, case.lines));
}

#[test]
fn many_writers_share_the_log_without_a_gap() {
    let root = tempfile::tempdir().unwrap();
    let store = CaseStore::create(&root.path().join("case")).unwrap();
    let turn = std::sync::Mutex::new(());
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let (store, turn) = (&store, &turn);
            scope.spawn(move || {
                for round in 0..25 {
                    let pending = {
                        let _turn = turn.lock().unwrap();
                        let expected = store.head();
                        let texts = [&*format!("{writer}-{round}"), "b"];
                        let lines = lines(expected, &texts[..=round % 2]);
                        let blob = Bytes::from(format!("blob {writer}-{round}"));
                        let blobs = if round % 3 == 0 {
                            vec![blob]
                        } else {
                            Vec::new()
                        };
                        store
                            .commit(Commit {
                                expected,
                                lines,
                                blobs,
                            })
                            .unwrap()
                    };
                    block_on(pending.durable()).unwrap();
                }
            });
        }
    });
    let lines = store.lines(0).unwrap();
    assert_eq!(lines.len(), 8 * (13 + 2 * 12));
    let head = lines
        .iter()
        .fold(Head::EMPTY, |head, line| head.follow(line).unwrap());
    assert_eq!(store.head(), head);
}

#[test]
fn blobs_of_every_size_come_back_and_large_ones_are_files() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("case");
    let store = CaseStore::create(&dir).unwrap();
    let sizes = [0, 1, 120 << 10, 300 << 10, 4 << 20, (4 << 20) + 1];
    let blobs: Vec<Bytes> = sizes.iter().map(|&size| noise(size)).collect();
    put(&store, &["evidence"], &blobs).unwrap();
    drop(store);
    let store = CaseStore::open(&dir).unwrap();
    for blob in &blobs {
        let name = Digest::of(blob);
        assert_eq!(store.blob(name).unwrap().as_ref(), Some(blob));
        assert_eq!(store.object(name).is_some(), blob.len() > 4 << 20);
    }
    let name = Digest::of(&blobs[5]).to_string();
    assert!(
        dir.join("objects")
            .join(name.get(..2).unwrap())
            .join(&name)
            .is_file()
    );
    assert_eq!(fs::read_dir(dir.join("sled/blobs")).unwrap().count(), 0);
}

#[test]
fn a_blob_that_is_there_costs_nothing() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("case");
    let store = CaseStore::create(&dir).unwrap();
    let blobs = [noise(3 << 20), noise(5 << 20)];
    let twice: Vec<Bytes> = blobs.iter().chain(&blobs).cloned().collect();
    put(&store, &["first"], &twice).unwrap();
    let chunks = |store: CaseStore| {
        drop(store);
        let db = sled::Config::new()
            .path(dir.join("sled"))
            .segment_size(8 << 20);
        db.open().unwrap().scan_prefix(b"c").count()
    };
    let before = chunks(store);
    assert!((26..30).contains(&before), "{before}");
    let store = CaseStore::open(&dir).unwrap();
    for _ in 0..5 {
        put(&store, &["again"], &blobs).unwrap();
    }
    assert_eq!(chunks(store), before);
}

#[test]
fn a_long_line_is_one_line() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("case");
    let store = CaseStore::create(&dir).unwrap();
    let long = "x".repeat(MAX_LINE - 200);
    put(&store, &["short", &long, "short"], &[]).unwrap();
    let lines = store.lines(0).unwrap();
    drop(store);
    let store = CaseStore::open(&dir).unwrap();
    assert_eq!(
        (store.repairs(), store.lines(0).unwrap()),
        ([].as_slice(), lines)
    );
    assert_eq!(store.lines(1).unwrap()[0].len(), MAX_LINE - 200 + 93);
}

#[test]
fn an_object_is_copied_under_its_name_and_a_damaged_one_is_replaced() {
    let case = Case::new();
    let store = CaseStore::open(&case.dir).unwrap();
    let source = case.dir.with_file_name("bundle");
    let bytes = noise(2_500_000);
    fs::write(&source, &bytes).unwrap();
    let (name, len) = store.put_object(&source).unwrap();
    assert_eq!((name, len), (Digest::of(&bytes), bytes.len() as u64));
    let path = store.object(name).unwrap();
    assert_eq!(fs::read(&path).unwrap(), bytes);
    assert_eq!(store.blob(name).unwrap().unwrap(), bytes);

    fs::remove_file(&path).unwrap();
    fs::write(&path, b"damaged").unwrap();
    let fault = store.blob(name).unwrap_err();
    assert_eq!(
        (fault.kind(), fault.code()),
        (Kind::Evidence, "blob-damaged")
    );
    store.put_object(&source).unwrap();
    assert_eq!(store.blob(name).unwrap().unwrap(), bytes);

    assert_eq!(
        store
            .put_object(Path::new("/nonexistent"))
            .unwrap_err()
            .code(),
        "io"
    );
    let unfinished = case.path("objects/unfinished");
    assert_eq!(fs::read_dir(&unfinished).unwrap().count(), 0);
    drop(store);
    fs::write(unfinished.join("7"), b"half a copy").unwrap();
    drop(CaseStore::open(&case.dir).unwrap());
    assert_eq!(fs::read_dir(&unfinished).unwrap().count(), 0);
}

#[test]
fn a_damaged_blob_is_named_and_no_other_is_touched() {
    let case = Case::new();
    let other = Bytes::from_static(b"other");
    put(
        &CaseStore::open(&case.dir).unwrap(),
        &[],
        std::slice::from_ref(&other),
    )
    .unwrap();
    let key = [b"c".as_slice(), &0u64.to_be_bytes()].concat();
    let forged = zstd::bulk::compress(b"{\"login\":\"else\"}\n", 3).unwrap();
    for damage in [Some(forged.as_slice()), Some(b"no frame"), None] {
        case.with_sled(|db| {
            match damage {
                Some(bytes) => db.insert(&key, bytes).unwrap(),
                None => db.remove(&key).unwrap(),
            };
        });
        let store = CaseStore::open(&case.dir).unwrap();
        let fault = store.blob(case.blob).unwrap_err();
        assert_eq!(
            (fault.kind(), fault.code()),
            (Kind::Evidence, "blob-damaged")
        );
        assert!(fault.to_string().contains(&case.blob.to_string()));
        assert_eq!(store.blob(Digest::of(&other)).unwrap(), Some(other.clone()));
    }
}

#[test]
fn a_torn_end_of_the_ledger_is_kept_beside_it() {
    let case = Case::new();
    let mut file = fs::OpenOptions::new()
        .append(true)
        .open(case.path("ledger.jsonl"))
        .unwrap();
    file.write_all(b"{\"prev\":\"12").unwrap();
    let told = case.heals(&[RepairKind::TornTail]);
    assert!(told[0].contains("11 bytes"), "{told:?}");
    assert_eq!(
        fs::read(case.path("ledger.torn-1")).unwrap(),
        b"{\"prev\":\"12"
    );
}

#[test]
fn blocks_that_never_reached_the_disk_are_a_torn_end() {
    let case = Case::new();
    let head = Head {
        lines: 5,
        hash: line_hash(&case.lines[4]),
    };
    let mut late = lines(head, &["six", "seven"]);
    late[0].fill(0);
    let mut bytes = case.text(5);
    bytes.extend([late[0].as_slice(), b"\n", &late[1], b"\n"].concat());
    fs::write(case.path("ledger.jsonl"), bytes).unwrap();
    case.heals(&[RepairKind::TornTail]);
}

#[test]
fn a_short_ledger_is_completed_from_sled() {
    for count in 0..5 {
        let case = Case::new();
        fs::write(case.path("ledger.jsonl"), case.text(count)).unwrap();
        let told = case.heals(&[RepairKind::CaughtUp]);
        assert!(
            told[0].contains(&format!("{} lines behind", 5 - count)),
            "{told:?}"
        );
    }
    let case = Case::new();
    fs::remove_file(case.path("ledger.jsonl")).unwrap();
    case.heals(&[RepairKind::Healed, RepairKind::CaughtUp]);
    // Half of line three is there.
    let case = Case::new();
    let cut = case.text(2).len() + 10;
    fs::write(case.path("ledger.jsonl"), &case.text(5)[..cut]).unwrap();
    case.heals(&[RepairKind::TornTail, RepairKind::CaughtUp]);
}

#[test]
fn what_was_acknowledged_before_a_clean_end_is_no_crash_when_it_is_gone() {
    for keep in 0..5 {
        let case = Case::new();
        drop(CaseStore::open(&case.dir).unwrap());
        let text = case.text(keep);
        fs::write(case.path("ledger.jsonl"), &text).unwrap();
        let told = case.heals(&[RepairKind::Cut]);
        let last = if keep == 4 { "line 5" } else { "to 5" };
        assert!(told[0].contains(last), "{told:?}");
        assert_eq!(fs::read(case.path("ledger.damaged-1")).unwrap(), text);
        assert_eq!(
            CaseStore::open(&case.dir).unwrap().kept_aside().unwrap(),
            ["ledger.damaged-1"]
        );
    }
    // The embedded store, too; and what neither has is told.
    let case = Case::new();
    drop(CaseStore::open(&case.dir).unwrap());
    case.with_sled(|db| drop(db.remove(line_key(4)).unwrap()));
    case.heals(&[RepairKind::Cut]);
    let case = Case::new();
    fs::write(case.path("acknowledged"), "6\n").unwrap();
    case.heals(&[RepairKind::Lost]);
}

#[test]
fn a_short_sled_is_completed_from_the_ledger() {
    for count in 0..5 {
        let case = Case::new();
        case.with_sled(|db| {
            for line in count..5 {
                db.remove(line_key(line)).unwrap();
            }
        });
        case.heals(&[RepairKind::CaughtUp]);
    }
    // A gap: what follows it is not believed until the ledger has filled it.
    let case = Case::new();
    case.with_sled(|db| {
        db.remove(line_key(2)).unwrap();
    });
    case.heals(&[RepairKind::CaughtUp]);
}

#[test]
fn an_altered_line_of_the_ledger_is_restored_and_told() {
    for line in 0..5 {
        let case = Case::new();
        let offset = case.text(line).len() as u64 + 90;
        let file = fs::OpenOptions::new()
            .write(true)
            .open(case.path("ledger.jsonl"))
            .unwrap();
        file.write_all_at(b"X", offset).unwrap();
        let damaged = case.ledger();
        let told = case.heals(&[RepairKind::Healed]);
        assert!(told[0].contains(&format!("line {}", line + 1)), "{told:?}");
        assert_eq!(fs::read(case.path("ledger.damaged-1")).unwrap(), damaged);
    }
}

#[test]
fn an_altered_line_of_sled_is_restored_and_told() {
    let case = Case::new();
    let forged = String::from_utf8(case.lines[1].clone())
        .unwrap()
        .replace("two", "too");
    case.with_sled(|db| {
        db.insert(line_key(1), forged.as_bytes()).unwrap();
    });
    let told = case.heals(&[RepairKind::Healed]);
    assert!(told[0].contains("line 2"), "{told:?}");
    let kept = fs::read_to_string(case.path("sled.replaced-1")).unwrap();
    assert!(kept.starts_with(&forged));
}

#[test]
fn damage_in_both_copies_is_refused_with_the_line() {
    let case = Case::new();
    let mut text = case.text(5);
    let offset = case.text(2).len() + 2;
    text[offset] = b'#';
    fs::write(case.path("ledger.jsonl"), &text).unwrap();
    case.with_sled(|db| {
        db.insert(line_key(2), b"{}").unwrap();
    });
    assert!(case.refuses("store-damaged").contains("line 3"));
    // Nothing was changed by refusing.
    assert_eq!(case.ledger(), text);
}

#[test]
fn a_lost_sled_is_built_again_and_its_blobs_are_missing() {
    let case = Case::new();
    fs::remove_dir_all(case.path("sled")).unwrap();
    case.heals(&[RepairKind::Rebuilt]);
    let store = CaseStore::open(&case.dir).unwrap();
    assert_eq!(store.blob(case.blob).unwrap(), None);
}

#[test]
fn a_damaged_snapshot_is_dropped_and_loses_nothing() {
    for damage in ["cut", "flip"] {
        let case = Case::new();
        drop(CaseStore::open(&case.dir).unwrap());
        let snapshot = fs::read_dir(case.path("sled"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .find(|path| {
                path.file_name()
                    .unwrap()
                    .to_string_lossy()
                    .starts_with("snap.")
            })
            .unwrap();
        let mut bytes = fs::read(&snapshot).unwrap();
        match damage {
            "cut" => bytes.truncate(5),
            _ => bytes[3] ^= 0x40,
        }
        fs::write(&snapshot, bytes).unwrap();
        case.heals(&[RepairKind::SnapshotDropped]);
        let store = CaseStore::open(&case.dir).unwrap();
        assert!(store.blob(case.blob).unwrap().is_some());
        assert!(case.path("sled.damaged-1").join("db").is_file());
    }
}

#[test]
fn a_sled_that_does_not_open_is_kept_aside_and_built_again() {
    let case = Case::new();
    drop(CaseStore::open(&case.dir).unwrap());
    let db = case.path("sled/db");
    let mut bytes = fs::read(&db).unwrap();
    let end = bytes.len();
    bytes[..end].fill(0xa5);
    fs::write(&db, &bytes).unwrap();
    let store = CaseStore::open(&case.dir).unwrap();
    assert!(
        store.repairs().iter().any(|repair| repair.kind.is_damage()),
        "{:?}",
        store.repairs()
    );
    assert_eq!(store.lines(0).unwrap(), case.lines);
    assert_eq!(store.blob(case.blob).unwrap(), None);
    let kept = fs::read(case.path("sled.damaged-1").join("db")).unwrap();
    assert_eq!(kept, bytes);
    drop(store);
    // With the ledger damaged too there is nothing left to trust.
    let mut text = case.text(5);
    text[3] = b'#';
    fs::write(case.path("ledger.jsonl"), &text).unwrap();
    fs::remove_dir_all(case.path("sled")).unwrap();
    assert!(case.refuses("store-damaged").contains("line 1"));
}

#[test]
fn a_flipped_bit_anywhere_is_healed_or_refused_but_never_believed() {
    let case = Case::new();
    // With a snapshot, and a log behind it.
    put(
        &CaseStore::open(&case.dir).unwrap(),
        &["six"],
        &[noise(5000)],
    )
    .unwrap();
    let lines = CaseStore::open(&case.dir).unwrap().lines(0).unwrap();
    let (mut healed, mut refused) = (0, 0);
    let mut files = vec![case.path("ledger.jsonl")];
    files.extend(
        fs::read_dir(case.path("sled"))
            .unwrap()
            .map(|entry| entry.unwrap().path()),
    );
    for file in files.iter().filter(|file| file.is_file()) {
        let bytes = fs::read(file).unwrap();
        let used: Vec<usize> = (0..bytes.len()).filter(|&at| bytes[at] != 0).collect();
        for at in used.iter().step_by(used.len() / 40 + 1) {
            let root = tempfile::tempdir().unwrap();
            let dir = root.path().join("case");
            copy(&case.dir, &dir);
            let mut damaged = bytes.clone();
            damaged[*at] ^= 0x10;
            fs::write(dir.join(file.strip_prefix(&case.dir).unwrap()), damaged).unwrap();
            match CaseStore::open(&dir) {
                Ok(store) => {
                    healed += 1;
                    assert_eq!(store.lines(0).unwrap(), lines, "{} {at}", file.display());
                    if !file.ends_with("db") {
                        assert!(
                            store.blob(case.blob).unwrap().is_some(),
                            "{} {at}",
                            file.display()
                        );
                    }
                    match store.blob(case.blob) {
                        Ok(Some(blob)) => assert_eq!(Digest::of(&blob), case.blob),
                        Ok(None) => assert!(!store.repairs().is_empty()),
                        Err(fault) => assert_eq!(fault.kind(), Kind::Evidence),
                    }
                }
                Err(fault) => {
                    refused += 1;
                    let codes = ["store-unsafe", "store-damaged", "store-newer"];
                    assert!(
                        codes.contains(&fault.code()),
                        "{} {at}: {fault}",
                        file.display()
                    );
                }
            }
        }
    }
    println!("{healed} healed, {refused} refused");
    assert!(healed > 60);
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
fn unsafe_settings_are_refused() {
    let case = Case::new();
    fs::write(case.path("sled/blobs/17"), b"spilled").unwrap();
    assert!(case.refuses("store-unsafe").contains("blobs"));
    fs::remove_file(case.path("sled/blobs/17")).unwrap();
    case.heals(&[]);

    let other = case.dir.with_file_name("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("ledger.jsonl"), b"").unwrap();
    drop(sled::open(other.join("sled")).unwrap());
    let fault = CaseStore::open(&other).unwrap_err();
    assert_eq!(fault.code(), "store-unsafe");
    assert!(fault.to_string().contains("524288"), "{fault}");

    case.with_sled(|db| {
        db.insert(b"v", b"\x02").unwrap();
    });
    case.refuses("store-newer");
}

#[test]
fn the_hub_keeps_the_first_value_and_survives_reopening() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("hub");
    let hub = Hub::open(&dir).unwrap();
    assert!(hub.put_new("webhook", b"id-1", b"first").unwrap());
    assert!(!hub.put_new("webhook", b"id-1", b"second").unwrap());
    assert!(hub.put_new("other", b"id-1", b"third").unwrap());
    hub.put("case", b"b", b"1").unwrap();
    hub.put("case", b"b", b"2").unwrap();
    hub.put("case", b"a", b"0").unwrap();
    assert_eq!(Hub::open(&dir).unwrap_err().code(), "store-owned");
    drop(hub);
    let hub = Hub::open(&dir).unwrap();
    assert_eq!(
        hub.get("webhook", b"id-1").unwrap().as_deref(),
        Some(b"first".as_slice())
    );
    assert_eq!(hub.get("webhook", b"id-2").unwrap(), None);
    let pair = |key: &[u8], value: &[u8]| (key.to_vec(), value.to_vec());
    assert_eq!(
        hub.scan("case").unwrap(),
        [pair(b"a", b"0"), pair(b"b", b"2")]
    );
    for (tree, key, value) in [("", 1, 1), ("t", 2000, 1), ("t", 1, 200_000)] {
        let fault = hub
            .put_new(tree, &vec![0; key], &vec![0; value])
            .unwrap_err();
        assert_eq!(fault.code(), "hub-large");
    }
}

#[test]
fn the_hub_forgets_what_is_removed_and_keeps_the_last() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("hub");
    let hub = Hub::open(&dir).unwrap();
    for number in 0..10_u8 {
        hub.put("log", &[number], &[number]).unwrap();
    }
    hub.remove("log", &[9]).unwrap();
    hub.remove("log", &[99]).unwrap();
    let last = |hub: &Hub, most| {
        let entries = hub.last("log", most).unwrap().into_iter();
        entries.map(|(key, _)| key[0]).collect::<Vec<u8>>()
    };
    assert_eq!(last(&hub, 3), [8, 7, 6]);
    hub.keep_last("log", 4).unwrap();
    drop(hub);
    let hub = Hub::open(&dir).unwrap();
    assert_eq!(last(&hub, 100), [8, 7, 6, 5]);
    assert_eq!(hub.get("log", &[9]).unwrap(), None);
}

#[test]
fn one_of_many_rivals_puts_a_key() {
    let root = tempfile::tempdir().unwrap();
    let hub = Hub::open(&root.path().join("hub")).unwrap();
    let wins: usize = std::thread::scope(|scope| {
        let rivals: Vec<_> = (0..8u8)
            .map(|rival| {
                let hub = &hub;
                scope.spawn(move || {
                    (0..20u8)
                        .filter(|key| hub.put_new("t", &[*key], &[rival]).unwrap())
                        .count()
                })
            })
            .collect();
        rivals.into_iter().map(|rival| rival.join().unwrap()).sum()
    });
    assert_eq!(wins, 20);
}

/// Bytes that do not compress.
pub(crate) fn noise(len: usize) -> Bytes {
    let mut state = len as u64 | 1;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(len);
    bytes.into()
}
