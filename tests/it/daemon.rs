//! The daemon as a child process, and what is said to it over its port.

use std::fs;
use std::io::{Error, Read as _, Result, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use cordon::intake::standard_webhooks::sign;
use cordon::time::{Clock as _, SystemClock, Timestamp};
use rustix::process::{Pid, Signal, kill_process};

use crate::program::until;

/// The secret of the webhook source `hr`.
pub(crate) const SECRET: &str = "whsec_b2xkIHNlY3JldCBvZiB0aGUgSFIgc3lzdGVt";

/// A daemon that listens. Killed when dropped.
pub(crate) struct Daemon {
    pub(crate) child: Child,
    pub(crate) port: u16,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// An answer: its status, its head, its body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Daemon {
    /// Starts one that tells in JSON where it listens. What it says lies in `serve.out` of the folder,
    /// its log at the end of `serve.err`.
    pub(crate) fn start(mut command: Command, folder: &Path) -> Self {
        let (said, log) = (folder.join("serve.out"), folder.join("serve.err"));
        let end = fs::OpenOptions::new().create(true).append(true).open(&log);
        command
            .stdout(fs::File::create(&said).unwrap())
            .stderr(end.unwrap());
        let mut child = command.spawn().unwrap();
        let port = until("the daemon listens", || {
            if let Some(status) = child.try_wait().unwrap() {
                let log = fs::read_to_string(&log).unwrap();
                panic!("ended with {status}: {log}");
            }
            let said: serde_json::Value = serde_json::from_slice(&fs::read(&said).unwrap()).ok()?;
            let (_, port) = said["listen"].as_str()?.rsplit_once(':')?;
            port.parse().ok()
        });
        Self { child, port }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        kill_process(pid.unwrap(), signal).unwrap();
    }

    /// The exit code after a signal, and how long it took.
    pub(crate) fn stop(&mut self, signal: Signal) -> (Option<i32>, Duration) {
        let begun = Instant::now();
        self.signal(signal);
        (self.child.wait().unwrap().code(), begun.elapsed())
    }

    pub(crate) fn connect(&self) -> Result<TcpStream> {
        connect(self.port)
    }

    /// The answer to these bytes.
    pub(crate) fn raw(&self, request: &[u8]) -> Result<Answer> {
        send(self.port, request)
    }

    /// The answer to a request whose head lacks its end.
    pub(crate) fn call(&self, head: &str, body: &[u8]) -> Result<Answer> {
        self.raw(&request(head, body))
    }

    pub(crate) fn get(&self, path: &str, headers: &str) -> Answer {
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: x.test\r\n{headers}connection: close\r\n\r\n");
        self.raw(request.as_bytes()).unwrap()
    }

    /// Posts a message that `hr` signs now.
    pub(crate) fn post(&self, id: &str, body: &[u8]) -> Result<Answer> {
        self.raw(&signed(id, body))
    }

    /// Posts the termination of a worker, that `hr` signs now; the status.
    pub(crate) fn terminate(&self, worker: &str) -> Result<u16> {
        let answer = self.post(&format!("evt-{worker}"), &departure(worker));
        answer.map(|answer| answer.status)
    }
}

fn connect(port: u16) -> Result<TcpStream> {
    let socket = TcpStream::connect(("127.0.0.1", port))?;
    socket.set_read_timeout(Some(Duration::from_secs(30)))?;
    Ok(socket)
}

/// The answer of the daemon on `port` to these bytes.
pub(crate) fn send(port: u16, request: &[u8]) -> Result<Answer> {
    let mut socket = connect(port)?;
    // The daemon may answer and close before it has read all of a body that is too large.
    socket.write_all(request).ok();
    answer(&mut socket)
}

/// What comes until the connection ends; an error when no status is in it.
pub(crate) fn answer(socket: &mut TcpStream) -> Result<Answer> {
    let mut bytes = Vec::new();
    let ended = socket.read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
    let nothing = || ended.err().unwrap_or_else(|| Error::other("no answer"));
    Ok(Answer {
        status: status.ok_or_else(nothing)?,
        head: head.to_owned(),
        body: body.to_owned(),
    })
}

/// The bytes of a request whose head lacks its end.
fn request(head: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let end = format!("host: x.test\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
    [head.as_bytes(), end.as_bytes(), body].concat()
}

/// The bytes of a request with a message that `hr` signs now.
pub(crate) fn signed(id: &str, body: &[u8]) -> Vec<u8> {
    let now = SystemClock.now();
    let signature = sign(&SECRET.into(), id, now, body).unwrap();
    request(&head("hr", id, now, &signature), body)
}

/// The head of a request with a message to the source `source`, without its end.
pub(crate) fn head(source: &str, id: &str, at: Timestamp, signature: &str) -> String {
    let stamp = at.as_second();
    format!(
        "POST /hooks/{source} HTTP/1.1\r\nwebhook-id: {id}\r\nwebhook-timestamp: {stamp}\r\nwebhook-signature: {signature}\r\n"
    )
}

/// The message that a worker leaves.
pub(crate) fn departure(worker: &str) -> Vec<u8> {
    format!(r#"{{"type":"worker.terminated","data":{{"worker_id":"{worker}","emails":["{worker}@company.example"],"effective_at":"2027-03-12T23:00:00Z"}}}}"#).into_bytes()
}
