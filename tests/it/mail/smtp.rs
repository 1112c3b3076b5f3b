//! Starts the server of `smtp.py`, and reads what it took.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use cordon::notice::send::{Security, Server};

/// What the server says.
#[derive(Debug)]
pub(crate) enum Said {
    /// It has a mail.
    Mail(Vec<u8>),
    /// It stalls at this stage.
    Stage(String),
}

pub(crate) struct Smtp {
    child: Child,
    said: Receiver<Said>,
    pub(crate) port: u16,
}

/// Whether a Python module is here; says so where it is not.
#[expect(clippy::print_stderr, reason = "says why the test did nothing")]
pub(crate) fn python_has(module: &str) -> bool {
    let there = Command::new("python3")
        .args(["-c", &format!("import {module}")])
        .stderr(Stdio::null())
        .status();
    let there = there.is_ok_and(|status| status.success());
    if !there {
        eprintln!("not run: python3 with {module} is not here");
    }
    there
}

impl Smtp {
    pub(crate) fn start(behaviours: &[&str]) -> Option<Self> {
        if !python_has("aiosmtpd") {
            return None;
        }
        let mut child = Command::new("python3")
            .args(["-c", include_str!("smtp.py")])
            .args(behaviours)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let port = line.trim().strip_prefix("PORT ").unwrap().parse().unwrap();
        let (tell, said) = channel();
        std::thread::spawn(move || {
            loop {
                let mut line = String::new();
                if out.read_line(&mut line).unwrap_or(0) == 0 {
                    return;
                }
                let said = match line.trim().split_once(' ') {
                    Some(("MAIL", length)) => {
                        let mut mail = vec![0; length.parse().unwrap()];
                        out.read_exact(&mut mail).unwrap();
                        Said::Mail(mail)
                    }
                    Some(("STAGE", stage)) => Said::Stage(stage.to_owned()),
                    _ => panic!("{line}"),
                };
                if tell.send(said).is_err() {
                    return;
                }
            }
        });
        Some(Self { child, said, port })
    }

    /// The next mail that it took.
    pub(crate) fn mail(&self) -> Vec<u8> {
        match self.said.recv_timeout(Duration::from_secs(20)).unwrap() {
            Said::Mail(mail) => mail,
            Said::Stage(stage) => panic!("it stalls at {stage}"),
        }
    }

    /// Waits until it stalls.
    pub(crate) fn stage(&self) -> String {
        match self.said.recv_timeout(Duration::from_secs(20)).unwrap() {
            Said::Stage(stage) => stage,
            Said::Mail(_) => panic!("it took a mail"),
        }
    }

    /// Nothing else was said.
    pub(crate) fn silent(&self) -> bool {
        self.said.recv_timeout(Duration::from_millis(300)).is_err()
    }

    pub(crate) fn server(&self) -> Server {
        at(self.port)
    }
}

/// A server on this machine without TLS.
pub(crate) fn at(port: u16) -> Server {
    Server {
        host: "127.0.0.1".into(),
        port,
        security: Security::None,
        ca: None,
        login: None,
    }
}

impl Drop for Smtp {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}
