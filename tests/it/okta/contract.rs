//! Okta's own description as the judge of every call and every answer: Prism stands between the
//! provider and the simulated organization and refuses what the description does not allow.
//!
//! Runs with `CORDON_CONTRACT=1` and `CORDON_SHARED` naming the folder with
//! `fixtures/okta-openapi`; needs node and npm. `CORDON_PRISM` names the folder that Prism is
//! installed in (once), `~/.cache/cordon-prism` by default.

#![expect(
    clippy::disallowed_methods,
    reason = "a test that a person switches on"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use cordon::case::subject::Subject;
use cordon::provider::{Provider, Window};
use cordon::providers::okta::Credential;
use cordon::range::company::Company;
use cordon::range::okta::World;
use cordon::time::{Clock, SystemClock};
use jiff::SignedDuration;
use serde_json::Value;
use url::Url;

use super::{Kept, Stage, provider, serve};

/// Ends the child when the test ends, however it ends.
struct Prism(Child);

impl Drop for Prism {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn run(command: &mut Command) {
    let status = command.status().unwrap();
    assert!(status.success(), "{command:?}: {status}");
}

/// The folder with Prism in it, installed if it is not there.
fn installed() -> PathBuf {
    let folder = std::env::var_os("CORDON_PRISM").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cache/cordon-prism"),
        PathBuf::from,
    );
    if !folder.join("node_modules/.bin/prism").exists() {
        std::fs::create_dir_all(&folder).unwrap();
        run(Command::new("npm")
            .args([
                "install",
                "--no-audit",
                "--no-fund",
                "--ignore-scripts",
                "--prefix",
            ])
            .arg(&folder)
            .arg("@stoplight/prism-cli@5.16.0"));
    }
    folder
}

fn prepared(folder: &Path, shared: &Path, out: &Path) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contract/okta-openapi.cjs");
    run(Command::new("node")
        .env("NODE_PATH", folder.join("node_modules"))
        .arg(script)
        .arg(shared.join("fixtures/okta-openapi/management-minimal.yaml"))
        .arg(out));
    serde_json::from_slice(&std::fs::read(out).unwrap()).unwrap()
}

async fn between(folder: &Path, description: &Path, upstream: &Url) -> (Prism, Url) {
    let port = {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap().port()
    };
    let child = Command::new(folder.join("node_modules/.bin/prism"))
        .args([
            "proxy",
            "--errors",
            "-h",
            "127.0.0.1",
            "-p",
            &port.to_string(),
        ])
        .arg(description)
        .arg(upstream.as_str().trim_end_matches('/'))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let prism = Prism(child);
    for _ in 0..240 {
        if tokio::net::TcpStream::connect(("127.0.0.1", port))
            .await
            .is_ok()
        {
            return (prism, format!("http://127.0.0.1:{port}").parse().unwrap());
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    panic!("Prism did not begin to listen within a minute");
}

/// The operation of the description that a call is.
fn operation(description: &Value, method: &str, path: &str) -> Option<String> {
    let parts: Vec<&str> = path.split('/').collect();
    let fits = |template: &str| {
        let wanted: Vec<&str> = template.split('/').collect();
        let fixed = wanted.iter().filter(|part| !part.starts_with('{')).count();
        let same = wanted.len() == parts.len()
            && wanted
                .iter()
                .zip(&parts)
                .all(|(wanted, part)| wanted.starts_with('{') || wanted == part);
        same.then_some(fixed)
    };
    let paths = description["paths"].as_object().unwrap();
    let (_, found) = paths
        .iter()
        .filter_map(|(template, item)| Some((fits(template)?, item)))
        .max_by_key(|(fixed, _)| *fixed)?;
    found[method.to_lowercase()]["operationId"]
        .as_str()
        .map(str::to_owned)
}

/// No answer says that a call or an answer broke the description.
fn judged(kept: &Kept) {
    for exchange in kept.0.lock().unwrap().iter() {
        let call = format!("{} {}", exchange.request.method, exchange.request.url);
        let answer = exchange
            .answer
            .as_ref()
            .unwrap_or_else(|why| panic!("{call}: {why}"));
        let body = String::from_utf8_lossy(&answer.body);
        assert!(
            answer.headers.get("sl-violations").is_none(),
            "{call}: {:?}",
            answer.headers
        );
        assert!(
            answer.status.as_u16() < 500 && answer.status.as_u16() != 422,
            "{call}: {body}"
        );
        assert!(!body.contains("stoplight.io/prism"), "{call}: {body}");
    }
}

/// Everything that the provider ever calls.
async fn everything(stage: &Stage) {
    let cx = stage.cx();
    let subject = Subject {
        worker_id: Some(stage.company.subject.worker_id.clone()),
        emails: vec![
            stage.company.subject.email.clone(),
            "no.one@tallowmere.example".into(),
        ],
        display_name: Some(stage.company.subject.name.clone()),
        accounts: Vec::new(),
    };
    assert!(stage.okta.check(Some(&subject), cx).await.unwrap()[0].usable());
    let found = stage.okta.resolve(&subject, cx).await.unwrap();
    assert_eq!(found.len(), 1);
    let account = &found[0].account;

    let now = SystemClock.now();
    let window = Window {
        since: now - SignedDuration::from_hours(24 * 30),
        until: now,
    };
    let mut cursor = None;
    loop {
        let page = stage
            .okta
            .pull("okta.system_log", account, window, cursor.as_deref(), cx)
            .await
            .unwrap();
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    let inventory = stage.okta.doors(account, cx).await.unwrap();
    judged(&stage.kept);
    assert!(
        inventory.completeness.iter().all(|list| list.complete),
        "{:?}",
        inventory.completeness
    );
    // Twice: the second time meets what is gone.
    for _ in 0..2 {
        for door in &inventory.doors {
            stage.okta.close(door, cx).await.unwrap();
            stage.okta.probe(door, cx).await.unwrap();
        }
    }
    for _ in 0..2 {
        for door in inventory.doors.iter().rev() {
            if let Some(undo) = stage.okta.undo(door) {
                stage.okta.reopen(door, &undo, cx).await.unwrap();
                stage.okta.probe(door, cx).await.unwrap();
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn okta_s_own_description_finds_no_fault_with_any_call_or_answer() {
    let shared = std::env::var_os("CORDON_SHARED").map(PathBuf::from);
    let wanted = std::env::var_os("CORDON_CONTRACT").is_some_and(|value| value == "1");
    let (true, Some(shared)) = (wanted, shared) else {
        println!("not run: set CORDON_CONTRACT=1 and CORDON_SHARED");
        return;
    };
    let folder = installed();
    let work = tempfile::tempdir().unwrap();
    let file = work.path().join("okta.json");
    let description = prepared(&folder, &shared, &file);

    let company = Company::invented();
    let world = World::new(&company);
    let (_prism, base) = between(&folder, &file, &serve(&world).await).await;
    let credential = Credential::Ssws(world.api_token().into());
    let okta = provider(&base, credential, &[&company.guardian.email]);
    let stage = Stage {
        company,
        world,
        base,
        okta,
        kept: Kept::default(),
    };
    everything(&stage).await;

    judged(&stage.kept);
    let kept = stage.kept.0.lock().unwrap();
    let mut covered = BTreeSet::new();
    for exchange in kept.iter() {
        let (method, path) = (
            exchange.request.method.as_str(),
            exchange.request.url.path(),
        );
        let name = operation(&description, method, path);
        covered.insert(name.unwrap_or_else(|| panic!("{method} {path} is not in the description")));
    }
    println!(
        "{} calls, {} distinct operations: {covered:?}",
        kept.len(),
        covered.len()
    );
    assert!(covered.len() >= 25, "{covered:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_judge_refuses_what_the_description_does_not_allow() {
    let shared = std::env::var_os("CORDON_SHARED").map(PathBuf::from);
    let wanted = std::env::var_os("CORDON_CONTRACT").is_some_and(|value| value == "1");
    let (true, Some(shared)) = (wanted, shared) else {
        println!("not run: set CORDON_CONTRACT=1 and CORDON_SHARED");
        return;
    };
    let folder = installed();
    let work = tempfile::tempdir().unwrap();
    let file = work.path().join("okta.json");
    prepared(&folder, &shared, &file);
    let world = World::new(&Company::invented());
    let (_prism, base) = between(&folder, &file, &serve(&world).await).await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let token = format!("SSWS {}", world.api_token());
    let user = &Company::invented().subject.okta_id;
    for (path, refused) in [
        (
            format!("api/v1/users/{user}/sessions?oauthTokens=perhaps"),
            true,
        ),
        (
            format!("api/v1/users/{user}/sessions?oauthTokens=true"),
            false,
        ),
        (format!("api/v1/users/{user}/everything"), true),
    ] {
        let answer = client
            .delete(base.join(&path).unwrap())
            .header("authorization", &token)
            .send()
            .await
            .unwrap();
        assert_eq!(
            !answer.status().is_success(),
            refused,
            "{path}: {}",
            answer.status()
        );
    }
}
