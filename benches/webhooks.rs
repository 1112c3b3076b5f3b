//! How fast a message of an HR system is durable: `cargo bench --bench webhooks`, with `wrk` installed.
//!
//! | server | what it does before it answers |
//! |---|---|
//! | bare | appends the body to one file, and `fsync`: the least that is durable |
//! | cordon, departures | the daemon: signature, duplicates, a durable file; beside it each opens a case |
//! | cordon, notices | the same for messages that open no case: what accepting costs alone |
//!
//! `wrk` sends messages that were signed before, each with an id of its own, over 32 connections for
//! ten seconds. Printed are answers per second, p50, p99, and the memory of the daemon.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark ends where it fails, and prints what it found"
)]

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use cordon::intake::standard_webhooks::sign;
use cordon::time::{Clock as _, SystemClock};
use http::StatusCode;

const SECRET: &str = "whsec_b2xkIHNlY3JldCBvZiB0aGUgSFIgc3lzdGVt";
const THREADS: usize = 2;
const CONNECTIONS: usize = 32;
const SECONDS: usize = 10;

/// More than can be answered in the time: beyond the last it begins anew, and those are duplicates.
const MESSAGES: usize = 60_000;

/// Each thread of `wrk` sends its share of the messages.
const SCRIPT: &str = r#"
local threads = 0
function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end
function init(args)
  pool, at = {}, 0
  local line = 0
  for text in io.lines(args[1]) do
    if line % tonumber(args[2]) == number then
      local id, stamp, signature, body = text:match("^(.-)\t(.-)\t(.-)\t(.*)$")
      local headers = { ["webhook-id"] = id, ["webhook-timestamp"] = stamp, ["webhook-signature"] = signature }
      pool[#pool + 1] = wrk.format("POST", nil, headers, body)
    end
    line = line + 1
  end
end
function request()
  at = at % #pool + 1
  return pool[at]
end
"#;

/// The bare server: one file, one `fsync` for each message.
async fn bare(file: File) -> u16 {
    async fn keep(State(file): State<Arc<Mutex<File>>>, body: Bytes) -> StatusCode {
        let kept = tokio::task::spawn_blocking(move || {
            let mut file = file.lock().unwrap();
            file.write_all(&body).unwrap();
            file.sync_data().unwrap();
        });
        kept.await.unwrap();
        StatusCode::ACCEPTED
    }
    let router = Router::new()
        .route("/hooks/hr", post(keep))
        .with_state(Arc::new(Mutex::new(file)));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, router).await });
    port
}

/// The daemon of this build. Killed when dropped.
struct Daemon {
    child: Child,
    port: u16,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Daemon {
    fn start(folder: &Path) -> Self {
        let config = folder.join("cordon.toml");
        let text = "data = \"data\"\n[serve]\nlisten = \"127.0.0.1:0\"\n[[webhook]]\nname = \"hr\"\nkind = \"standard\"\nsecrets = [\"env:HR\"]\n";
        fs::write(&config, text).unwrap();
        let said = folder.join("said");
        let child = Command::new(env!("CARGO_BIN_EXE_cordon"))
            .arg("--config")
            .arg(&config)
            .args(["serve", "--json"])
            .env("HR", SECRET)
            // As the unit for systemd sets it.
            .env("MALLOC_ARENA_MAX", "2")
            .stdout(File::create(&said).unwrap())
            .stderr(File::create(folder.join("log")).unwrap())
            .spawn()
            .unwrap();
        let mut daemon = Self { child, port: 0 };
        for _ in 0..500 {
            let said = fs::read(&said).unwrap();
            if let Ok(said) = serde_json::from_slice::<serde_json::Value>(&said) {
                let listen = said.get("listen").and_then(|listen| listen.as_str());
                let (_, port) = listen.unwrap().rsplit_once(':').unwrap();
                daemon.port = port.parse().unwrap();
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(daemon.port > 0, "the daemon does not listen");
        daemon
    }

    /// `VmRSS` or `VmHWM`, MiB.
    fn memory(&self, what: &str) -> u64 {
        let status = format!("/proc/{}/status", self.child.id());
        let status = fs::read_to_string(status).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(what));
        let kib = line.and_then(|line| line.split_whitespace().next());
        kib.map_or(0, |kib| kib.parse::<u64>().unwrap() / 1024)
    }
}

/// Signs messages of a kind into a file, a line each.
fn messages(path: &Path, kind: &str) {
    let mut text = String::new();
    let now = SystemClock.now();
    for number in 0..MESSAGES {
        let id = format!("evt-{kind}-{number}");
        let body = format!(
            r#"{{"type":"{kind}","data":{{"worker_id":"W-{number}","emails":["w{number}@company.example"],"effective_at":"2027-03-12T23:00:00Z"}}}}"#
        );
        let signature = sign(&SECRET.into(), &id, now, body.as_bytes()).unwrap();
        writeln!(text, "{id}\t{}\t{signature}\t{body}", now.as_second()).unwrap();
    }
    fs::write(path, text).unwrap();
}

/// What `wrk` found: answers per second, p50, p99, and what was not answered with 2xx.
fn wrk(port: u16, folder: &Path, pool: &Path) -> (f64, String, String, String) {
    let script = folder.join("send.lua");
    fs::write(&script, SCRIPT).unwrap();
    let ended = Command::new("wrk")
        .args(["--latency", "-t", &THREADS.to_string()])
        .args(["-c", &CONNECTIONS.to_string(), "-d", &SECONDS.to_string()])
        .arg("-s")
        .arg(&script)
        .arg(format!("http://127.0.0.1:{port}/hooks/hr"))
        .arg(pool)
        .arg(THREADS.to_string())
        .stderr(Stdio::inherit())
        .output()
        .expect("wrk is installed");
    let said = String::from_utf8(ended.stdout).unwrap();
    let after = |word: &str| {
        let line = said.lines().find(|line| line.trim().starts_with(word));
        line.and_then(|line| line.split_whitespace().last())
            .unwrap_or("0")
            .to_owned()
    };
    (
        after("Requests/sec").parse().unwrap(),
        after("50%"),
        after("99%"),
        after("Non-2xx"),
    )
}

fn main() {
    let there = Command::new("wrk")
        .arg("-v")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if there.is_err() {
        println!("not run: `wrk` is not installed");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let pool = folder.path().join("messages");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    messages(&pool, "worker.terminated");
    let file = File::create(folder.path().join("appended")).unwrap();
    let port = runtime.block_on(bare(file));
    let (least, p50, p99, other) = wrk(port, folder.path(), &pool);
    println!("bare                 {least:8.0}/s   p50 {p50:>9}   p99 {p99:>9}   not 2xx: {other}");
    for (name, kind) in [
        ("departures", "worker.terminated"),
        ("notices   ", "worker.moved"),
    ] {
        messages(&pool, kind);
        let place = folder.path().join(name.trim());
        fs::create_dir(&place).unwrap();
        let daemon = Daemon::start(&place);
        std::thread::sleep(Duration::from_secs(1));
        let rest = daemon.memory("VmRSS:");
        let (rate, p50, p99, other) = wrk(daemon.port, folder.path(), &pool);
        let ratio = rate / least;
        println!(
            "cordon, {name}   {rate:8.0}/s   p50 {p50:>9}   p99 {p99:>9}   not 2xx: {other}   {ratio:.2} of bare; {rest} MiB at rest, {} MiB at most",
            daemon.memory("VmHWM:")
        );
    }
}
