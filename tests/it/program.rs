//! The real binary, run as a child in an environment of its own.

use std::fs;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use clap::CommandFactory as _;
use cordon::cli::Cli;
use rustix::process::{Pid, Signal, kill_process};

/// The process that is running now, for whoever has to kill it.
#[derive(Clone, Default)]
pub(crate) struct Victim(Arc<Mutex<Option<Pid>>>);

impl Victim {
    /// Kills it as `kill -9` does. Whoever starts it holds the lock until its id is known.
    pub(crate) fn kill(&self) {
        if let Some(pid) = *self.0.lock().unwrap() {
            kill_process(pid, Signal::KILL).unwrap();
        }
    }
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The exit code; `None` when it was killed.
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    /// Its answer as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A daemon. Killed when dropped.
pub(crate) struct Served(pub(crate) Child);

impl Drop for Served {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// What `look` finds, once it finds something.
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_mins(1), "never: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Every command that has none below it, as it is written.
pub(crate) fn verbs() -> Vec<String> {
    fn below(command: &clap::Command, before: &str) -> Vec<String> {
        let each = command.get_subcommands().flat_map(|one| {
            let name = format!("{before}{}", one.get_name());
            if one.has_subcommands() {
                below(one, &format!("{name} "))
            } else {
                vec![name]
            }
        });
        each.collect()
    }
    below(&Cli::command(), "")
}

/// Where the binary runs: a home of its own and nothing of the environment of the tests.
#[derive(Clone)]
pub(crate) struct Program {
    home: PathBuf,
    config: Option<PathBuf>,
    pub(crate) victim: Victim,
}

impl Program {
    /// In `folder`, with the configuration file `config`.
    pub(crate) fn at(folder: &Path, config: Option<PathBuf>) -> Self {
        let home = folder.join("home");
        fs::create_dir_all(&home).unwrap();
        one_authority(&home.join("authority.pem"));
        Self {
            home,
            config,
            victim: Victim::default(),
        }
    }

    /// The command, not yet started.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cordon"));
        command
            .env_clear()
            .env("HOME", &self.home)
            .env("USER", "responder")
            .env("COLUMNS", "100");
        command.env("SSL_CERT_FILE", self.home.join("authority.pem"));
        command.current_dir(&self.home).stdin(Stdio::null());
        if let Some(config) = &self.config {
            command.arg("--config").arg(config);
        }
        command.args(args);
        command
    }

    /// Where its configuration puts the data.
    pub(crate) fn data(&self) -> PathBuf {
        self.home.parent().unwrap().join("data")
    }

    /// Starts the daemon, and waits for its socket.
    pub(crate) fn serve(&self) -> Served {
        let file = |name: &str| fs::File::create(self.home.join(name)).unwrap();
        let mut command = self.command(&["serve"]);
        command.stdout(file("serve.out")).stderr(file("serve.err"));
        let mut child = command.spawn().unwrap();
        let socket = self.data().join("daemon.sock");
        while UnixStream::connect(&socket).is_err() {
            let ended = child.try_wait().unwrap();
            let log = || fs::read_to_string(self.home.join("serve.err"));
            assert!(ended.is_none(), "{ended:?} {:?}", log());
            std::thread::sleep(Duration::from_millis(10));
        }
        Served(child)
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Ended {
        self.end(self.command(args))
    }

    /// Runs a prepared command to its end.
    pub(crate) fn end(&self, mut command: Command) -> Ended {
        // To files, so that nobody has to empty pipes while it runs.
        let said = |name: &str| self.home.join(name);
        let file = |name: &str| fs::File::create(said(name)).unwrap();
        command.stdout(file("stdout")).stderr(file("stderr"));
        let mut child = {
            let mut victim = self.victim.0.lock().unwrap();
            let child = command.spawn().unwrap();
            *victim = Pid::from_raw(i32::try_from(child.id()).unwrap());
            child
        };
        let status = child.wait().unwrap();
        *self.victim.0.lock().unwrap() = None;
        assert!(
            status.code().is_some() || status.signal() == Some(9),
            "ended by another signal than ours: {status}"
        );
        let text =
            |name: &str| String::from_utf8_lossy(&fs::read(said(name)).unwrap()).into_owned();
        Ended {
            code: status.code(),
            out: text("stdout"),
            err: text("stderr"),
        }
    }
}

/// Leaves one certificate authority of this machine's many: the simulated providers speak plain HTTP
/// on loopback, and a debug build takes its time over each.
fn one_authority(file: &Path) {
    const END: &str = "-----END CERTIFICATE-----\n";
    let all = [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/cert.pem",
    ];
    let all = all
        .iter()
        .find_map(|path| fs::read_to_string(path).ok())
        .unwrap_or_default();
    if let Some((one, _)) = all.split_once(END) {
        fs::write(file, format!("{one}{END}")).unwrap();
    }
}
