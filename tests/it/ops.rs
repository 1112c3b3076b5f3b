//! What keeps the daemon running well: TLS, timers, alerts, metrics, logs, and what it withstands. The
//! daemon is the real program, as a child.

mod alerts;
mod hostile;
mod load;
mod logs;
mod metrics;
mod people;
mod scrub;
mod timers;
mod tls;
mod traces;
mod unit;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::daemon::{Daemon, SECRET};
use crate::program::Program;

/// One webhook source, `hr`, whose secret is [`SECRET`].
const WEBHOOK: &str = "[[webhook]]\nname = \"hr\"\nkind = \"standard\"\nsecrets = [\"env:HR\"]\n";

/// A folder with a configuration, and the programs that use it.
struct House {
    folder: tempfile::TempDir,
    program: Program,
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

    fn start(&self) -> Daemon {
        self.start_with(|_| {})
    }

    fn start_with(&self, change: impl FnOnce(&mut Command)) -> Daemon {
        let mut command = self.command(&["serve", "--json"]);
        change(&mut command);
        Daemon::start(command, self.folder.path())
    }

    fn log(&self) -> String {
        fs::read_to_string(self.path("serve.err")).unwrap()
    }
}
