//! Exports: what they hold, that ordinary tools verify them, and that no damage goes unseen.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use cordon::case::event::{Event, Evidence};
use cordon::evidence::checkpoint::{self, SignedCheckpoint};
use cordon::evidence::export;
use cordon::evidence::verify::{self, Anchors, Report};
use cordon::fault::Kind;
use cordon::sshsig::{self, Signer};
use proptest::prelude::*;

use crate::program::Program;

use super::case::{Made, files, full, opened};

fn report(dir: &Path) -> Report {
    verify::folder(dir).unwrap()
}

fn assert_holds(report: &Report) {
    assert!(report.holds(), "{}", report.text());
}

/// Runs the shell blocks of the guide in the folder, as an expert would, and gives what they print.
fn by_hand(dir: &Path) -> String {
    let guide = std::fs::read_to_string(dir.join("VERIFY.md")).unwrap();
    let script: String = guide
        .split("```sh\n")
        .skip(1)
        .map(|block| block.split("```").next().unwrap())
        .collect();
    let output = Command::new("bash")
        .current_dir(dir)
        .args(["-c", &script])
        .output()
        .unwrap();
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

fn by_python(dir: &Path) -> (bool, String) {
    let output = Command::new("python3")
        .args(["-I", "verify.py"])
        .current_dir(dir)
        .output()
        .unwrap();
    (
        output.status.success(),
        String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr),
    )
}

#[tokio::test]
async fn an_export_verifies_with_ours_with_python_and_by_hand() {
    let made = full().await;
    let dir = made.export("out").await;
    let report = report(&dir);
    assert_holds(&report);
    assert_eq!(
        (report.evidence, report.checkpoints, report.decisions.len()),
        (6, 1, 2)
    );
    assert!(report.decisions.iter().all(|decided| decided.holds));
    assert_eq!(
        report.recorder.as_deref(),
        Some(made.key.public().fingerprint().as_str())
    );
    assert!(
        report
            .limits
            .iter()
            .any(|limit| limit.contains("whoever holds the recorder's key"))
    );
    let (holds, said) = by_python(&dir);
    assert!(
        holds && said.contains("VERIFIED") && said.contains("signature holds"),
        "{said}"
    );
    assert!(!said.contains("NOT CHECKED"));
    let said = by_hand(&dir);
    assert!(
        !said.contains("PROBLEM") && said.matches("Good").count() == 3,
        "{said}"
    );
    assert!(!said.to_lowercase().contains("error"), "{said}");
    // The live log knows the export, and the next export shows it.
    let next = made.export("next").await;
    assert_holds(&verify::folder(&next).unwrap());
    let ledger = std::fs::read_to_string(next.join("ledger.jsonl")).unwrap();
    assert_eq!(ledger.matches("export.made").count(), 1);
    assert_holds(&verify::store(&made.log).unwrap());
}

#[tokio::test]
async fn names_are_ours_and_tables_are_not_formulas() {
    let made = full().await;
    let dir = made.export("out").await;
    for file in files(&dir) {
        assert!(
            file.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"./-_".contains(&b)),
            "{file}"
        );
        assert!(!file.contains(".html") && !file.contains(".."), "{file}");
    }
    let table = std::fs::read_to_string(dir.join("evidence.csv")).unwrap();
    assert!(table.contains("\"'=cmd|'/c calc'!A1\""), "{table}");
    assert_eq!(table.lines().count(), 7);
    let gaps = std::fs::read_to_string(dir.join("completeness.md")).unwrap();
    assert!(
        gaps.contains("gap: API requests are &lt;b>not&lt;/b> switched on"),
        "{gaps}"
    );
    let index: serde_json::Value =
        serde_json::from_slice(&std::fs::read(dir.join("evidence.json")).unwrap()).unwrap();
    for item in index["evidence"].as_array().unwrap() {
        let bytes = std::fs::read(dir.join(item["file"].as_str().unwrap())).unwrap();
        assert_eq!(
            item["sha256"],
            cordon::canon::Digest::of(&bytes).to_string()
        );
        serde_json::from_value::<Evidence>(item.clone()).unwrap();
    }
}

#[tokio::test]
async fn an_export_is_whole_or_not_there() {
    let made = full().await;
    let dir = made.export("out").await;
    let before = files(&dir);
    let again = export::write(&made.log, &made.key, &made.by, &dir, export::Scope::Facts)
        .await
        .unwrap_err();
    assert_eq!(again.code(), "export-exists");
    assert_eq!(files(&dir), before);
    let stranger = Signer::generate(&made.root.path().join("other"), "other").unwrap();
    let to = made.root.path().join("never");
    assert_eq!(
        export::write(&made.log, &stranger, &made.by, &to, export::Scope::Facts)
            .await
            .unwrap_err()
            .code(),
        "recorder-key"
    );
    // An object that is gone: nothing is left behind, and the log tells of no export.
    let object = made.log.read(|state| {
        state
            .evidence
            .values()
            .max_by_key(|item| item.bytes)
            .unwrap()
            .sha256
    });
    let path = made.log.store().object(object).unwrap();
    std::fs::remove_file(&path).unwrap();
    let lines = made.log.store().lines(0).unwrap().len();
    let fault = export::write(&made.log, &made.key, &made.by, &to, export::Scope::Facts)
        .await
        .unwrap_err();
    assert_eq!(
        (fault.code(), fault.kind().exit_code()),
        ("evidence-damaged", 5)
    );
    let left = std::fs::read_dir(made.root.path()).unwrap().filter(|e| {
        e.as_ref()
            .unwrap()
            .file_name()
            .to_string_lossy()
            .contains("never")
    });
    assert_eq!(left.count(), 0);
    let ledger = made.log.store().lines(lines as u64).unwrap();
    assert!(
        ledger
            .iter()
            .all(|line| !String::from_utf8_lossy(line).contains("export.made"))
    );
    let found = verify::store(&made.log).unwrap();
    assert!(
        found
            .issues
            .iter()
            .any(|issue| issue.what.contains("not in the store")),
        "{}",
        found.text()
    );
}

#[tokio::test]
async fn the_same_log_exports_to_the_same_bytes() {
    let made = full().await;
    let (one, two) = (made.export("one").await, made.export("two").await);
    let changed: Vec<String> = files(&one)
        .into_iter()
        .filter(|file| {
            std::fs::read(one.join(file)).unwrap() != std::fs::read(two.join(file)).unwrap()
        })
        .collect();
    // The second holds what the first added to the log, and nothing else differs.
    assert_eq!(
        changed,
        [
            "VERIFY.md",
            "ledger.jsonl",
            "manifest-sha256.txt",
            "manifest-sha256.txt.sig"
        ]
    );
}

/// Copies a folder.
fn copy(from: &Path, to: &Path) {
    for file in files(from) {
        let target = to.join(&file);
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::copy(from.join(&file), target).unwrap();
    }
}

/// Writes the manifest anew, and signs it when a key is given: what a forger would do.
fn forge_manifest(dir: &Path, key: Option<&Signer>) {
    let mut manifest = String::new();
    for file in files(dir)
        .iter()
        .filter(|file| !file.starts_with("manifest"))
    {
        let digest = cordon::canon::Digest::of(&std::fs::read(dir.join(file)).unwrap());
        writeln!(manifest, "{digest}  {file}").unwrap();
    }
    std::fs::write(dir.join("manifest-sha256.txt"), &manifest).unwrap();
    if let Some(key) = key {
        std::fs::write(
            dir.join("manifest-sha256.txt.sig"),
            key.sign(sshsig::EXPORT, manifest.as_bytes()).unwrap(),
        )
        .unwrap();
    }
}

fn damaged(from: &Path, name: &str, damage: impl FnOnce(&Path)) -> PathBuf {
    let to = from.parent().unwrap().join(name);
    copy(from, &to);
    damage(&to);
    to
}

fn edit_lines(dir: &Path, edit: impl FnOnce(&mut Vec<String>)) {
    let path = dir.join("ledger.jsonl");
    let mut lines: Vec<String> = std::fs::read_to_string(&path)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect();
    edit(&mut lines);
    std::fs::write(&path, lines.join("\n") + "\n").unwrap();
}

/// The issues about one file.
fn about<'a>(report: &'a Report, file: &str) -> Vec<&'a verify::Issue> {
    report
        .issues
        .iter()
        .filter(|issue| issue.file == file)
        .collect()
}

/// Damage to the lines of a log, and the line at which it shows.
type Damage = (&'static str, u64, fn(&mut Vec<String>));

const DAMAGES: [Damage; 6] = [
    ("swap", 4, |lines| lines.swap(3, 4)),
    ("delete", 5, |lines| drop(lines.remove(4))),
    ("repeat", 5, |lines| lines.insert(4, lines[3].clone())),
    // A changed word keeps the line well formed: the line after it tells.
    ("word", 3, |lines| {
        lines[1] = lines[1].replace("text/csv", "text/csw");
    }),
    ("form", 3, |lines| {
        lines[2] = lines[2].replace("\"at\":", "\"at\": ");
    }),
    ("garbage", 6, |lines| "{\"v\":1".clone_into(&mut lines[5])),
];

#[tokio::test]
async fn damage_to_the_log_is_located_even_under_a_forged_and_signed_manifest() {
    let made = full().await;
    let dir = made.export("out").await;
    for (name, line, edit) in DAMAGES {
        let bad = damaged(&dir, name, |dir| {
            edit_lines(dir, edit);
            forge_manifest(dir, Some(&made.key));
        });
        let report = report(&bad);
        let located = about(&report, "ledger.jsonl")
            .iter()
            .any(|issue| issue.line == Some(line) && issue.byte.is_some());
        assert!(located, "{name}: {}", report.text());
        assert_eq!(report.fault().unwrap().kind().exit_code(), 5);
        let (holds, said) = by_python(&bad);
        let place = format!("ledger.jsonl line {line}");
        assert!(!holds && said.contains(&place), "{name}: {said}");
        assert!(by_hand(&bad).contains("PROBLEM"), "{name}");
    }
}

#[tokio::test]
async fn a_log_that_was_cut_is_found_by_its_checkpoint() {
    let made = full().await;
    let dir = made.export("out").await;
    let ledger = std::fs::read_to_string(dir.join("ledger.jsonl")).unwrap();
    let lines = ledger.lines().count() as u64;
    // Nothing behind the last line notices a cut; the files of the checkpoint do.
    let cut = damaged(&dir, "cut", |dir| {
        edit_lines(dir, |lines| lines.truncate(lines.len() - 2));
        forge_manifest(dir, Some(&made.key));
    });
    let found = report(&cut);
    let told =
        |found: &Report, what: &str| found.issues.iter().any(|issue| issue.what.contains(what));
    assert!(told(&found, "lines were cut off"), "{}", found.text());
    assert!(by_hand(&cut).contains("is shorter than was signed"));
    let torn = damaged(&dir, "torn", |dir| {
        std::fs::write(
            dir.join("ledger.jsonl"),
            &ledger.as_bytes()[..ledger.len() - 40],
        )
        .unwrap();
    });
    let found = report(&torn);
    assert!(told(&found, "the file was cut off"), "{}", found.text());
    assert!(found.issues.iter().any(|issue| issue.line == Some(lines)));
}

#[tokio::test]
async fn added_removed_and_linked_files_are_named() {
    let made = full().await;
    let dir = made.export("out").await;
    let raw = files(&dir)
        .into_iter()
        .find(|file| file.starts_with("raw/"))
        .unwrap();
    let bad = damaged(&dir, "bad", |dir| {
        std::fs::write(dir.join("raw/extra.txt"), "x").unwrap();
        std::fs::remove_file(dir.join(&raw)).unwrap();
        std::os::unix::fs::symlink("/etc/hostname", dir.join("keys/link")).unwrap();
    });
    let report = report(&bad);
    for file in ["raw/extra.txt", raw.as_str(), "keys/link"] {
        assert!(
            !about(&report, file).is_empty(),
            "{file}: {}",
            report.text()
        );
    }
    assert!(verify::folder(&made.root.path().join("nowhere")).is_err());
    // Any folder: nothing of it is hashed.
    let fault = verify::folder(made.root.path()).unwrap_err();
    assert_eq!(
        (fault.kind(), fault.code()),
        (Kind::Input, "export-missing")
    );
    let empty = damaged(&dir, "empty", |dir| {
        std::fs::create_dir_all(dir.join("extra/deep")).unwrap();
    });
    let report = verify::folder(&empty).unwrap();
    assert_eq!(report.issues.len(), 1, "{:?}", report.issues);
    assert_eq!(report.issues[0].file, "extra/deep/");
}

#[tokio::test]
async fn a_forger_without_the_key_cannot_sign_and_with_another_key_is_named() {
    let made = full().await;
    let dir = made.export("out").await;
    let unsigned = damaged(&dir, "unsigned", |dir| {
        std::fs::write(dir.join("completeness.md"), "all seen\n").unwrap();
        forge_manifest(dir, None);
    });
    assert_eq!(
        about(&report(&unsigned), "manifest-sha256.txt.sig").len(),
        1
    );
    let other = Signer::generate(&made.root.path().join("forger"), "forger").unwrap();
    let swapped = damaged(&dir, "swapped", |dir| {
        let line = other
            .public()
            .allowed_signer("recorder", &[sshsig::CHECKPOINT, sshsig::EXPORT]);
        std::fs::write(dir.join("keys/allowed_signers"), line).unwrap();
        forge_manifest(dir, Some(&other));
    });
    let report = report(&swapped);
    assert_eq!(
        about(&report, "keys/allowed_signers").len(),
        1,
        "{}",
        report.text()
    );
    assert_eq!(about(&report, "manifest-sha256.txt.sig").len(), 1);
    let script = by_python(&swapped).1;
    assert!(script.contains("PROBLEM keys/allowed_signers"), "{script}");
    // A whole history under another recorder is consistent in itself; an anchor tells.
    let anchors = Anchors {
        recorder: Some(other.public().clone()),
        checkpoints: Vec::new(),
    };
    assert!(!verify::folder_against(&dir, &anchors).unwrap().holds());
}

#[tokio::test]
async fn an_older_copy_is_found_by_a_checkpoint_from_outside() {
    let made = full().await;
    let old = made.export("old").await;
    made.recorder
        .keep_file("later", "text/plain", "later".into(), "later")
        .await
        .unwrap();
    checkpoint::sign(&made.log, &made.key, &made.by)
        .await
        .unwrap();
    let outside = checkpoint::all(&made.log).unwrap().pop().unwrap();
    let anchors = Anchors {
        recorder: Some(made.key.public().clone()),
        checkpoints: vec![outside.clone()],
    };
    assert_holds(&report(&old));
    let report = verify::folder_against(&old, &anchors).unwrap();
    assert!(
        report.issues.iter().any(
            |issue| issue.file.starts_with("checkpoints/") && issue.what.contains("older copy")
        ),
        "{}",
        report.text()
    );
    assert_holds(&verify::folder_against(&made.export("new").await, &anchors).unwrap());
    // A checkpoint that the recorder did not sign proves nothing, and is said.
    let forged = SignedCheckpoint {
        text: outside.text.replace("entries ", "entries 9"),
        ..outside
    };
    let anchors = Anchors {
        recorder: None,
        checkpoints: vec![forged],
    };
    assert!(
        !verify::folder_against(&made.export("third").await, &anchors)
            .unwrap()
            .holds()
    );
}

#[tokio::test]
async fn an_expert_holds_an_export_against_a_key_and_a_checkpoint_from_outside() {
    let made = full().await;
    let old = made.export("old").await;
    made.recorder
        .keep_file("later", "text/plain", "later".into(), "later")
        .await
        .unwrap();
    let new = made.export("new").await;
    let root = made.root.path();
    Signer::generate(&root.join("other"), "other").unwrap();
    let program = Program::at(root, None);
    let text = |path: PathBuf| path.display().to_string();
    let newest = std::fs::read_dir(new.join("checkpoints"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "txt"))
        .max()
        .unwrap();
    let (old, new, newest) = (text(old), text(new), text(newest));
    let (right, wrong) = (
        text(root.join("recorder.pub")),
        text(root.join("other.pub")),
    );
    let signers = format!("{new}/keys/allowed_signers");
    let verify = |code: i32, args: &[&str]| {
        let args: Vec<&str> = ["evidence", "verify"].iter().chain(args).copied().collect();
        let said = program.run(&args);
        assert_eq!(said.code, Some(code), "{args:?}: {said:?}");
        said
    };
    // By itself an older copy holds: that is why there are anchors.
    let alone = verify(0, &[&old]);
    assert!(
        alone.out.contains("limit: no checkpoint from outside"),
        "{alone:?}"
    );
    let replayed = verify(5, &[&old, "--recorder", &right, "--checkpoint", &newest]);
    assert!(
        replayed.out.contains("this is an older copy")
            && replayed
                .out
                .contains("anchor: the recorder's key is the one that was expected"),
        "{replayed:?}"
    );
    let held = verify(
        0,
        &[
            &new,
            "--recorder",
            &right,
            "--checkpoint",
            &newest,
            "--json",
        ],
    );
    let held = held.json();
    assert_eq!(held["anchored"].as_array().unwrap().len(), 2, "{held}");
    assert!(
        !held["limits"].to_string().contains("from outside"),
        "{held}"
    );
    verify(0, &[&new, "--recorder", &signers, "--checkpoint", &newest]);
    let another = verify(5, &[&new, "--recorder", &wrong, "--json"]).json();
    assert!(
        another["issues"][0]["what"]
            .as_str()
            .unwrap()
            .contains("is not the one expected"),
        "{another}"
    );
    // A history under another key that passes by itself does not continue the checkpoint.
    let stranger = full().await;
    let elsewhere = text(stranger.export("elsewhere").await);
    verify(5, &[&elsewhere, "--checkpoint", &newest]);
    // What cannot be read is a mistake of the caller, not a finding.
    for args in [
        [&new, "--recorder", "missing.pub"],
        [&new, "--recorder", &newest],
        [&new, "--checkpoint", "missing.txt"],
    ] {
        let said = verify(2, &args);
        assert!(said.out.is_empty() && said.err.contains("at: "), "{said:?}");
    }
}

#[tokio::test]
async fn decisions_that_do_not_hold_are_named() {
    use cordon::evidence::approval::Subject;
    let made = opened().await;
    let text = bytes::Bytes::from_static(b"draft");
    let digest = cordon::canon::Digest::of(&text);
    let evidence = made
        .recorder
        .keep_derived(Vec::new(), "draft", "text/markdown", text)
        .await
        .unwrap();
    let notice = cordon::id::NoticeId::fresh();
    made.append(vec![Event::NoticeDrafted {
        notice: notice.clone(),
        template: "x".to_owned(),
        text: digest,
        evidence,
        facts: Vec::new(),
        missing: Vec::new(),
        approval: None,
        facts_kept: None,
        suspicion: false,
        withheld: Vec::new(),
        serves: Vec::new(),
    }])
    .await;
    // Signed for another text than the log says.
    let signed = made.sign(
        Subject::Notice(notice.clone()),
        cordon::canon::Digest::of(b"other"),
    );
    made.append(vec![Event::NoticeApproved {
        notice,
        text: digest,
        signed,
        apart: false,
    }])
    .await;
    let found = verify::store(&made.log).unwrap();
    assert_eq!(found.issue_count, 1, "{}", found.text());
    assert_eq!(found.issues[0].line, Some(4));
    assert!(!found.decisions[0].holds);
    let dir = made.export("out").await;
    assert_eq!(report(&dir).issue_count, 1);
    assert!(by_python(&dir).1.contains("PROBLEM ledger.jsonl line 4"));
}

#[tokio::test]
async fn lines_of_a_newer_format_are_checked_for_their_chain_only() {
    let made = full().await;
    let dir = made.export("out").await;
    let newer = damaged(&dir, "newer", |dir| {
        edit_lines(dir, |lines| {
            let last = lines.last().unwrap();
            let prev = cordon::case::log::line_hash(last.as_bytes());
            lines.push(format!(
                r#"{{"extra":1.50,"prev":"{prev}","seq":{},"v":9}}"#,
                lines.len()
            ));
        });
        forge_manifest(dir, Some(&made.key));
    });
    let report = report(&newer);
    assert_holds(&report);
    assert_eq!(report.newer, Some(9));
    assert!(report.limits.iter().any(|limit| limit.contains("format 9")));
    let (holds, said) = by_python(&newer);
    assert!(holds && said.contains("newer than this script"), "{said}");
}

#[tokio::test]
async fn a_live_case_tells_damage_to_the_ledger_and_to_objects() {
    let made = full().await;
    checkpoint::sign(&made.log, &made.key, &made.by)
        .await
        .unwrap();
    assert_holds(&verify::store(&made.log).unwrap());
    let ledger = made.dir.join("ledger.jsonl");
    let whole = std::fs::read(&ledger).unwrap();
    let mut bytes = whole.clone();
    let place = bytes.iter().position(|b| *b == b'\n').unwrap() + 30;
    bytes[place] ^= 1;
    std::fs::write(&ledger, &bytes).unwrap();
    let found = verify::store(&made.log).unwrap();
    assert!(
        about(&found, "ledger.jsonl")
            .iter()
            .any(|issue| issue.line == Some(2)),
        "{}",
        found.text()
    );
    std::fs::write(&ledger, &whole).unwrap();
    let object = made.log.read(|state| {
        state
            .evidence
            .values()
            .max_by_key(|item| item.bytes)
            .unwrap()
            .sha256
    });
    let path = made.log.store().object(object).unwrap();
    let mut perms = std::fs::metadata(&path).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut perms, 0o600);
    std::fs::set_permissions(&path, perms).unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[1000] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let found = verify::store(&made.log).unwrap();
    assert_eq!(
        (found.issue_count, found.issues[0].file.as_str()),
        (1, "store"),
        "{}",
        found.text()
    );
}

#[tokio::test]
async fn the_first_and_last_byte_of_every_file_count() {
    let made = full().await;
    let dir = made.export("out").await;
    for name in files(&dir) {
        let path = dir.join(&name);
        let whole = std::fs::read(&path).unwrap();
        for place in [0, whole.len().saturating_sub(1)] {
            let mut bytes = whole.clone();
            if let Some(byte) = bytes.get_mut(place) {
                *byte ^= 0x20;
            } else {
                bytes.push(b'x');
            }
            std::fs::write(&path, &bytes).unwrap();
            let found = report(&dir);
            assert!(
                !about(&found, &name).is_empty(),
                "{name} byte {place}: {}",
                found.text()
            );
        }
        std::fs::write(&path, &whole).unwrap();
    }
    assert_holds(&report(&dir));
}

/// One export for the whole property test.
fn shared() -> &'static (Made, PathBuf) {
    static SHARED: std::sync::OnceLock<(Made, PathBuf)> = std::sync::OnceLock::new();
    SHARED.get_or_init(|| {
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let made = full().await;
            let dir = made.export("out").await;
            (made, dir)
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_changed_byte_of_any_file_is_found_and_its_file_named(file: prop::sample::Index, place: prop::sample::Index, flip in 1u8..=255) {
        let (_, dir) = shared();
        // Large bytes would only make the test slow.
        let names: Vec<String> = files(dir).into_iter().filter(|name| {
            let length = std::fs::metadata(dir.join(name)).unwrap().len();
            length > 0 && length < 1 << 20
        }).collect();
        let name = file.get(&names);
        let path = dir.join(name);
        let whole = std::fs::read(&path).unwrap();
        let mut bytes = whole.clone();
        let index = place.index(bytes.len());
        bytes[index] ^= flip;
        std::fs::write(&path, &bytes).unwrap();
        let found = verify::folder(dir).unwrap();
        std::fs::write(&path, &whole).unwrap();
        prop_assert!(found.issues.iter().any(|issue| issue.file == *name), "{name} byte {index}: {}", found.text());
    }
}
