//! Holds the shape of the source: layers, names, sizes, and that no file is forgotten.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The layer of each top module. A module may use its own layer and those below; siblings of layer 4
/// do not know each other.
const LAYERS: &[(u8, &[&str])] = &[
    (0, &["canon", "fault", "hostile", "id", "secret", "time"]),
    (1, &["document", "http", "sshsig", "store"]),
    (2, &["case", "door", "plan", "playbook", "provider"]),
    (3, &["access", "clock", "contact", "evidence"]),
    (
        4,
        &["intake", "notice", "providers", "range", "run", "signin"],
    ),
    (
        5,
        &[
            "app",
            "carry",
            "cli",
            "daemon",
            "drill",
            "lib",
            "main",
            "settings",
            "ui",
            "web",
            "workplace",
        ],
    ),
];

/// A crate that only these modules may name.
const OWNERS: &[(&str, &[&str])] = &[
    ("sled", &["store"]),
    ("reqwest", &["http"]),
    ("octocrab", &["providers/github"]),
    ("lettre", &["notice/send"]),
    ("cms", &["notice/send/seal"]),
    ("x509_cert", &["notice/send/seal"]),
    ("pgp", &["notice/send/seal"]),
    ("handlebars", &["notice/template", "web/page"]),
    ("miette", &["playbook"]),
    ("argon2", &["signin/passphrase"]),
    ("totp_rs", &["signin/code"]),
    ("webauthn_rs", &["signin/passkey"]),
    ("qrcode", &["web/signin/welcome"]),
    ("hyper", &["daemon"]),
    ("hyper_util", &["daemon"]),
    ("tokio_rustls", &["daemon"]),
    ("pulldown_cmark", &["document/parse"]),
    ("similar", &["document"]),
    ("typst", &["document/pdf"]),
    ("typst_assets", &["document/pdf"]),
    ("typst_layout", &["document/pdf"]),
    ("typst_pdf", &["document/pdf"]),
    ("zip", &["document/docx", "app/parcel"]),
    ("prometheus_client", &["daemon/metrics"]),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &str) -> Vec<(String, String)> {
    fn walk(dir: &Path, base: &Path, found: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, base, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path
                    .strip_prefix(base)
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned();
                found.push((name, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let base = root().join(folder);
    let mut found = Vec::new();
    walk(&base, &base, &mut found);
    assert!(!found.is_empty(), "no source found under {folder}");
    found
}

fn top(file: &str) -> &str {
    file.split(['/', '.']).next().unwrap()
}

fn layer(module: &str) -> Option<u8> {
    LAYERS
        .iter()
        .find(|(_, modules)| modules.contains(&module))
        .map(|(layer, _)| *layer)
}

/// The lines of a file without comments and without its tests.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let end = text.find("#[cfg(test)]").unwrap_or(text.len());
    text.get(..end)
        .unwrap()
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
}

#[test]
fn imports_point_down() {
    let mut wrong = Vec::new();
    for (file, text) in sources("src") {
        let from = top(&file);
        let Some(from_layer) = layer(from) else {
            wrong.push(format!("src/{file}: module `{from}` has no layer"));
            continue;
        };
        for (number, line) in code(&text) {
            for part in line.split("crate::").skip(1) {
                let to: String = part
                    .chars()
                    .take_while(|c| c.is_ascii_lowercase() || *c == '_')
                    .collect();
                let Some(to_layer) = layer(&to) else { continue };
                let sibling = from_layer == 4 && to_layer == 4 && from != to;
                if to_layer > from_layer || sibling {
                    wrong.push(format!("src/{file}:{}: `{from}` uses `{to}`", number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_fixed_crate_has_one_owner() {
    let mut wrong = Vec::new();
    for (file, text) in sources("src") {
        for (number, line) in code(&text) {
            for (name, owners) in OWNERS {
                let named =
                    line.contains(&format!("{name}::")) || line.contains(&format!("use {name};"));
                if named && !owners.iter().any(|owner| file.starts_with(owner)) {
                    wrong.push(format!("src/{file}:{}: names {name}", number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_stay_short_and_say_what_they_are() {
    let mut sizes = Vec::new();
    let mut wrong = Vec::new();
    for (file, text) in sources("src").into_iter().chain(
        sources("tests")
            .into_iter()
            .map(|(f, t)| (format!("tests/{f}"), t)),
    ) {
        let lines = text.lines().count();
        if lines > 800 {
            wrong.push(format!("{file}: {lines} lines"));
        }
        let stem = Path::new(&file).file_stem().unwrap().to_str().unwrap();
        if [
            "util", "utils", "helpers", "helper", "common", "manager", "misc", "types", "models",
            "mod",
        ]
        .contains(&stem)
        {
            wrong.push(format!("{file}: the name says nothing"));
        }
        if !text.starts_with("//!") && !text.starts_with("#!") {
            wrong.push(format!("{file}: does not begin by saying what it is"));
        }
        if !file.starts_with("tests/") {
            sizes.push(lines);
        }
    }
    sizes.sort_unstable();
    let median = sizes[sizes.len() / 2];
    println!(
        "{} files, median {median} lines, largest {}",
        sizes.len(),
        sizes[sizes.len() - 1]
    );
    assert!(median <= 250, "the median file has {median} lines");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_test_file_is_forgotten() {
    let main = std::fs::read_to_string(root().join("tests/it/main.rs")).unwrap();
    let declared: BTreeSet<&str> = main
        .lines()
        .filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'))
        .collect();
    for entry in std::fs::read_dir(root().join("tests/it")).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let counts = path.extension().is_some_and(|extension| extension == "rs") && stem != "main";
        assert!(
            !counts || declared.contains(stem.as_str()),
            "tests/it/{stem}.rs is not listed in main.rs"
        );
    }
}

/// Neutral wording: what this product says about people must not carry an accusation.
#[test]
fn nothing_shipped_names_a_nationality() {
    let words = [
        "north korea",
        "dprk",
        "korean",
        "chinese",
        "russian",
        "iranian",
        "hacker",
        "terrorist",
    ];
    let mut wrong = Vec::new();
    for folder in ["templates", "playbooks"] {
        let mut stack = vec![root().join(folder)];
        while let Some(dir) = stack.pop() {
            for entry in std::fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    stack.push(path);
                    continue;
                }
                // The wording lint forbids these words, and has to name them.
                if path.ends_with("templates/notice/lint.toml") {
                    continue;
                }
                // A report under a law names it.
                let law = "north korea sanctions regulations";
                let text = std::fs::read_to_string(&path).unwrap().to_lowercase();
                let text = text.replace(law, "");
                wrong.extend(
                    words
                        .iter()
                        .filter(|word| text.contains(*word))
                        .map(|word| format!("{}: {word}", path.display())),
                );
            }
        }
    }
    for (file, text) in sources("src") {
        let text = text.to_lowercase();
        wrong.extend(
            words
                .iter()
                .filter(|word| text.contains(*word))
                .map(|word| format!("src/{file}: {word}")),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
