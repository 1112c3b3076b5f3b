//! What keeps the daemon running well: TLS, timers, alerts, metrics, logs, and what it withstands. The
//! daemon is the real program, as a child.

mod alerts;
mod hostile;
mod load;
mod logs;
mod metrics;
mod people;
mod timers;
mod tls;
#[cfg(feature = "otel")]
mod traces;
mod unit;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use cordon::intake::standard_webhooks::sign;
use cordon::time::{Clock as _, SystemClock};
use rustix::process::{Pid, Signal, kill_process};

use crate::program::{Program, started, until};

const SECRET: &str = "whsec_b2xkIHNlY3JldCBvZiB0aGUgSFIgc3lzdGVt";

/// One webhook source, `hr`, whose secret is [`SECRET`].
const WEBHOOK: &str = "[[webhook]]\nname = \"hr\"\nkind = \"standard\"\nsecrets = [\"env:HR\"]\n";

/// A folder with a configuration, and the programs that use it.
struct House {
    folder: tempfile::TempDir,
    program: Program,
}

/// A daemon that listens. Killed when dropped.
struct Served {
    child: Child,
    port: u16,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Whether a program is here that a test needs.
#[expect(clippy::print_stdout, reason = "says why the test did nothing")]
fn has(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    let ended = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    let here = ended.is_ok_and(|status| status.success());
    if !here {
        println!(
            "not run: `{program} {}` does not work here",
            arguments.join(" ")
        );
    }
    here
}

impl House {
    fn new(config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cordon.toml");
        fs::write(&path, format!("data = \"data\"\n{config}")).unwrap();
        let program = Program::at(folder.path(), Some(path));
        Self { folder, program }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.program.command(arguments);
        command
            .env("HR", SECRET)
            .env("TOKEN", "a token for machines");
        command
    }

    fn start(&self) -> Served {
        self.start_with(|_| {})
    }

    fn start_with(&self, change: impl FnOnce(&mut Command)) -> Served {
        let mut command = self.command(&["serve", "--json"]);
        change(&mut command);
        let (child, port) = started(command, self.folder.path());
        Served { child, port }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.path("serve.err")).unwrap()
    }
}

/// An answer: its status, its head, its body.
#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Served {
    fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap()
    }

    fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    fn connect(&self) -> std::io::Result<TcpStream> {
        connect(self.port)
    }

    /// The answer to these bytes; `None` when the connection ends without one.
    fn raw(&self, request: &[u8]) -> Option<Answer> {
        send(self.port, request)
    }

    fn get(&self, path: &str, headers: &str) -> Answer {
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: x.test\r\n{headers}connection: close\r\n\r\n");
        self.raw(request.as_bytes()).unwrap()
    }

    /// Posts a signed message; `None` when the daemon is gone.
    fn post(&self, id: &str, body: &[u8]) -> Option<Answer> {
        self.raw(&signed(id, body))
    }
}

fn connect(port: u16) -> std::io::Result<TcpStream> {
    let socket = TcpStream::connect(("127.0.0.1", port))?;
    socket.set_read_timeout(Some(Duration::from_secs(30)))?;
    Ok(socket)
}

/// The answer to these bytes; `None` when the connection ends without one.
fn send(port: u16, request: &[u8]) -> Option<Answer> {
    let mut socket = connect(port).ok()?;
    // The daemon may answer and close before it has read all.
    socket.write_all(request).ok();
    let mut bytes = Vec::new();
    socket.read_to_end(&mut bytes).ok();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n")?;
    Some(Answer {
        status: head.split(' ').nth(1)?.parse().ok()?,
        head: head.to_owned(),
        body: body.to_owned(),
    })
}

/// The bytes of a request with a signed message.
fn signed(id: &str, body: &[u8]) -> Vec<u8> {
    let now = SystemClock.now();
    let signature = sign(&SECRET.into(), id, now, body).unwrap();
    let mut request = format!(
        "POST /hooks/hr HTTP/1.1\r\nhost: x.test\r\nconnection: close\r\nwebhook-id: {id}\r\nwebhook-timestamp: {}\r\nwebhook-signature: {signature}\r\ncontent-length: {}\r\n\r\n",
        now.as_second(),
        body.len()
    )
    .into_bytes();
    request.extend(body);
    request
}

/// The message that a worker leaves.
fn departure(worker: &str) -> Vec<u8> {
    format!(r#"{{"type":"worker.terminated","data":{{"worker_id":"{worker}","emails":["{worker}@company.example"],"effective_at":"2027-03-12T23:00:00Z"}}}}"#).into_bytes()
}
