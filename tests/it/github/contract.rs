//! Every call of the provider, held to GitHub's own OpenAPI file by a validating proxy.
//!
//! Runs only where `tests/contract/github.sh` has prepared the proxy; says so otherwise.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use cordon::case::subject::{KnownAccount, Subject};
use cordon::door::{Door, Link};
use cordon::provider::{Progress, Provider, Window};
use cordon::range::company::Company;
use cordon::range::fault::Faults;
use cordon::range::server::{CallLog, serve};
use cordon::time::{Clock, SystemClock};
use jiff::SignedDuration;
use serde_json::Value;
use url::Url;

use super::{Bench, account, provider, settings};

/// The directory that the script prepared.
fn prepared() -> Option<PathBuf> {
    let dir = std::env::vars_os()
        .find(|(name, _)| name == "CORDON_CONTRACT")?
        .1;
    let dir = PathBuf::from(dir);
    dir.join("ghec.json").is_file().then_some(dir)
}

/// The proxy; ends with the test.
struct Prism(Child);

impl Drop for Prism {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the proxy in front of `upstream` and waits until it answers.
async fn prism(dir: &Path, upstream: &Url) -> (Prism, Url) {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let child = Command::new("node")
        .arg(dir.join("node_modules/@stoplight/prism-cli/dist/index.js"))
        .args([
            "proxy",
            "-h",
            "127.0.0.1",
            "-p",
            &port.to_string(),
            "-v",
            "error",
        ])
        .arg(dir.join("ghec.json"))
        .arg(upstream.as_str().trim_end_matches('/'))
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let prism = Prism(child);
    for _ in 0..600 {
        if tokio::net::TcpStream::connect(("127.0.0.1", port))
            .await
            .is_ok()
        {
            return (
                prism,
                Url::parse(&format!("http://127.0.0.1:{port}/")).unwrap(),
            );
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("the proxy did not start within two minutes");
}

/// What went through the proxy.
#[derive(Clone)]
struct Front {
    prism: Url,
    simulator: Url,
    client: reqwest::Client,
    seen: Arc<Mutex<Vec<Seen>>>,
}

#[derive(Debug)]
struct Seen {
    method: String,
    path: String,
    status: u16,
    violations: Vec<Value>,
}

/// Passes a call on: to the proxy, or past it: GraphQL, which the file does not describe, and the place
/// of an archive, because the proxy follows redirects itself.
async fn pass(State(front): State<Front>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1 << 24).await.unwrap();
    let described = parts.uri.path() != "/graphql";
    let redirects = parts.uri.path().ends_with("/archive");
    let base = if described && !redirects {
        &front.prism
    } else {
        &front.simulator
    };
    let target = base
        .join(parts.uri.path_and_query().unwrap().as_str())
        .unwrap();
    let mut headers = parts.headers;
    headers.remove("host");
    headers.remove("content-length");
    let call = front
        .client
        .request(parts.method.clone(), target)
        .headers(headers)
        .body(body);
    let answer = call.send().await.unwrap();
    if described {
        let violations = answer
            .headers()
            .get("sl-violations")
            .map(|text| serde_json::from_slice::<Vec<Value>>(text.as_bytes()).unwrap());
        front.seen.lock().unwrap().push(Seen {
            method: parts.method.to_string(),
            path: parts.uri.path().to_owned(),
            status: answer.status().as_u16(),
            violations: violations.unwrap_or_default(),
        });
    }
    let mut passed = Response::builder().status(answer.status());
    for (name, value) in answer.headers() {
        if name != "transfer-encoding" && name != "content-length" && name != "connection" {
            passed = passed.header(name, value);
        }
    }
    passed
        .body(Body::from(answer.bytes().await.unwrap()))
        .unwrap()
}

/// The operation of the file that a call is, with the fewest placeholders.
fn operation(paths: &serde_json::Map<String, Value>, seen: &Seen) -> Option<String> {
    let parts: Vec<&str> = seen.path.split('/').collect();
    let fits = |template: &&String| {
        let template: Vec<&str> = template.split('/').collect();
        template.len() == parts.len()
            && template
                .iter()
                .zip(&parts)
                .all(|(t, p)| t.starts_with('{') || t == p)
    };
    let method = seen.method.to_lowercase();
    let found = paths
        .keys()
        .filter(fits)
        .filter(|path| paths[*path].get(&method).is_some());
    let best = found.min_by_key(|path| path.matches('{').count())?;
    Some(format!("{} {best}", seen.method))
}

/// Where the file contradicts itself or leaves out what GitHub does.
fn known(operation: &str, status: u16, violation: &Value) -> bool {
    // Its schema of a SCIM value is a string; its description and its example set `active` to false.
    let scim = operation.starts_with("PATCH /scim/v2/enterprises/")
        && violation["location"]
            .as_array()
            .is_some_and(|at| at.last() == Some(&"value".into()));
    // It names no answer for what is gone already.
    let gone = operation.starts_with("DELETE ")
        && status == 404
        && violation["message"]
            .as_str()
            .is_some_and(|said| said.contains("status code"));
    scim || gone
}

/// Does everything that the provider can do.
async fn everything(bench: &Bench) {
    let (github, cx) = (&bench.github, bench.cx());
    let person = &bench.company.subject;
    let subject = Subject {
        emails: vec![
            person.email.clone(),
            bench.company.colleagues[0].email.clone(),
        ],
        accounts: vec![KnownAccount {
            provider: "github".to_owned(),
            login: person.github_login.clone(),
        }],
        ..Subject::default()
    };
    github.check(Some(&subject), cx).await.unwrap();
    github.resolve(&subject, cx).await.unwrap();
    let until = bench.clock.now();
    let window = Window {
        since: until - SignedDuration::from_hours(24 * 100),
        until,
    };
    for trail in github.spec().trails {
        let mut cursor: Option<String> = None;
        loop {
            let account = bench.subject();
            let page = github
                .pull(trail.name, &account, window, cursor.as_deref(), cx)
                .await;
            cursor = page.unwrap().next;
            if cursor.is_none() {
                break;
            }
        }
    }
    let archives = github.archives().unwrap();
    let names = ["tide-engine".to_owned()];
    // Without an owner's token nothing is asked; the operations are counted in the end.
    if let Ok(begun) = archives.begin(&names, until, cx).await {
        while archives.progress(&begun.id, cx).await.unwrap() != Progress::Made {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        archives.place(&begun.id, cx).await.unwrap();
    }
    let partner = account(91_800_002, "quayside-partner");
    for account in [bench.subject(), partner] {
        let inventory = github.doors(&account, cx).await.unwrap();
        let kinds = github.spec().doors;
        let mut doors: Vec<&Door> = inventory
            .doors
            .iter()
            .filter(|door| door.link != Link::Unattributed)
            .collect();
        doors.sort_by_key(|door| kinds.iter().position(|kind| kind.name == door.kind));
        for door in &doors {
            github.probe(door, cx).await.unwrap();
            github.close(door, cx).await.unwrap();
            github.close(door, cx).await.unwrap();
            github.probe(door, cx).await.unwrap();
        }
        for door in doors.iter().rev() {
            if let Some(undo) = github.undo(door) {
                github.reopen(door, &undo, cx).await.unwrap();
                github.reopen(door, &undo, cx).await.unwrap();
            }
        }
    }
}

/// Calls that GitHub does not describe: how many of three the proxy sees.
async fn control(front: &Front) -> usize {
    let org = |tail: &str| {
        front
            .prism
            .join(&format!("orgs/tallowmere/{tail}"))
            .unwrap()
    };
    let mut wrong = 0;
    for call in [
        front.client.get(org("invitations?role=bogus")),
        front
            .client
            .post(org("invitations"))
            .json(&serde_json::json!({ "role": "king" })),
        front
            .client
            .post(org("personal-access-tokens/5"))
            .json(&serde_json::json!({})),
    ] {
        let answer = call.send().await.unwrap();
        let violations = answer.headers().get("sl-violations");
        let text = violations
            .map(|text| text.to_str().unwrap().to_owned())
            .unwrap_or_default();
        wrong += usize::from(text.contains("\"request\""));
    }
    wrong
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_call_is_one_that_github_describes() {
    let Some(dir) = prepared() else {
        println!("skipped: run tests/contract/github.sh, which prepares the validating proxy");
        return;
    };
    let mut company = Company::invented();
    company.subject.github_login = "r-ashgrove_tm".to_owned();
    let bench = Bench::with(company, Faults::none(), |_| {}).await;
    let (_prism, prism) = prism(&dir, bench.server.url()).await;
    let front = Front {
        prism,
        simulator: bench.server.url().clone(),
        client: reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap(),
        seen: Arc::default(),
    };
    assert_eq!(
        control(&front).await,
        3,
        "the proxy lets through what GitHub does not describe"
    );
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let router = Router::new().fallback(pass).with_state(front.clone());
    let log = CallLog::new(Arc::clone(&clock));
    let server = serve("front", router, Faults::none(), &log).await.unwrap();
    let mut settings = settings(&bench.company, &bench.world);
    settings.base_url = server.url().clone();
    settings.enterprise = Some(format!("{}-holding", bench.company.org));
    let held = settings.held_tokens.clone();
    let bench = Bench {
        github: provider(settings.clone(), &clock),
        ..bench
    };
    everything(&bench).await;
    // Again with each credential alone: other calls, other refusals.
    settings.held_tokens.clear();
    let mut alone = settings.clone();
    alone.app = None;
    let bench = Bench {
        github: provider(alone, &clock),
        ..bench
    };
    everything(&bench).await;
    settings.owner_token = None;
    settings.held_tokens = held;
    let bench = Bench {
        github: provider(settings, &clock),
        ..bench
    };
    everything(&bench).await;

    judge(&dir, &front.seen.lock().unwrap());
}

/// The call that goes past the proxy: its status alone is held to the file.
const ARCHIVE: &str = "GET /orgs/{org}/migrations/{migration_id}/archive";

/// Counts what was called, and fails on what GitHub's file does not describe.
#[expect(clippy::print_stdout, reason = "the count is a result")]
fn judge(dir: &Path, seen: &[Seen]) {
    let spec: Value =
        serde_json::from_slice(&std::fs::read(dir.join("ghec.json")).unwrap()).unwrap();
    let paths = spec["paths"].as_object().unwrap();
    let (mut operations, mut unknown) = (BTreeSet::new(), BTreeSet::new());
    let (mut asked, mut answered) = (BTreeMap::new(), BTreeMap::new());
    for call in seen {
        let Some(operation) = operation(paths, call) else {
            unknown.insert(format!("{} {}", call.method, call.path));
            continue;
        };
        if operation == ARCHIVE {
            let (_, path) = operation.split_once(' ').unwrap();
            let answers = &paths[path]["get"]["responses"];
            assert!(answers.get(call.status.to_string()).is_some(), "{call:?}");
        }
        for violation in call
            .violations
            .iter()
            .filter(|one| !known(&operation, call.status, one))
        {
            let of_request = violation["location"][0] == "request";
            let list = if of_request {
                &mut asked
            } else {
                &mut answered
            };
            let what = format!("{operation} {}: {violation}", call.status);
            *list.entry(what).or_insert(0) += 1;
        }
        operations.insert(operation);
    }
    println!(
        "{} calls, {} distinct operations",
        seen.len(),
        operations.len()
    );
    for operation in &operations {
        println!("  {operation}");
    }
    let migrations = "/orgs/{org}/migrations";
    for operation in [
        format!("GET {migrations}"),
        format!("POST {migrations}"),
        format!("GET {migrations}/{{migration_id}}"),
        ARCHIVE.to_owned(),
    ] {
        assert!(
            operations.contains(&operation),
            "{operation} was not called"
        );
    }
    println!("requests that GitHub does not describe: {asked:#?}");
    println!("answers of the simulation that GitHub does not describe: {answered:#?}");
    assert!(unknown.is_empty(), "{unknown:?}");
    assert!(asked.is_empty(), "{asked:#?}");
    assert!(answered.is_empty(), "{answered:#?}");
}
