//! The near end of the daemon's socket: gives a command to the daemon and does what only this end can.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::Cli;
use crate::carry::{Begin, Call, Refused, Reply, SOCKET, gone, read, write};
use crate::fault::{Fault, Result};
use crate::settings::Settings;
use crate::sshsig;
use crate::ui::Ui;
use crate::workplace::{Here, Workplace as _};

/// The exit code of a command that a daemon carried out; `None` when there is no daemon over the same
/// data, or the command is not for it.
///
/// # Errors
/// The daemon is gone before the command has ended.
pub(super) async fn carried(cli: &Cli, ui: &Ui) -> Option<Result<u8>> {
    if cli.verb.is_own() {
        return None;
    }
    // What is wrong with the configuration is said by the command itself.
    let settings = Settings::load(cli.config.as_deref()).ok()?;
    let stream = UnixStream::connect(settings.data.join(SOCKET)).ok()?;
    let args = std::env::args_os()
        .skip(1)
        .map(|arg| arg.into_string().ok());
    let begin = Begin {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        args: args.collect::<Option<_>>()?,
        operator: crate::settings::operator(),
        config: settings.digest,
        columns: crate::ui::own_terminal(),
        progress: crate::ui::progress_columns(),
        can_ask: ui.can_ask(),
    };
    Some(follow(ui, stream, begin).await)
}

async fn follow(ui: &Ui, stream: UnixStream, begin: Begin) -> Result<u8> {
    let out = Arc::new(Mutex::new(stream.try_clone().map_err(gone)?));
    let given: Vec<PathBuf> = begin.args.iter().flat_map(|arg| paths(arg)).collect();
    say(&out, &Reply::Begin(begin), &[])?;
    let interrupts = Arc::clone(&out);
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            say(&interrupts, &Reply::Interrupt, &[]).ok();
        }
        // The second one means it.
        if tokio::signal::ctrl_c().await.is_ok() {
            std::process::abort();
        }
    });
    let near = Near {
        ui: ui.clone(),
        given,
    };
    let followed = tokio::task::spawn_blocking(move || near.follow(stream, &out)).await;
    followed.unwrap_or_else(|error| Err(gone(std::io::Error::other(error))))
}

fn say(out: &Mutex<UnixStream>, reply: &Reply, bytes: &[u8]) -> Result<()> {
    let mut out = out.lock().unwrap_or_else(PoisonError::into_inner);
    write(&mut *out, reply, bytes).map_err(gone)
}

/// The files that an argument may name: as a value of its own, or behind `--flag=`.
fn paths(arg: &str) -> Vec<PathBuf> {
    let value = arg.split_once('=').map(|(_, value)| PathBuf::from(value));
    let whole = PathBuf::from(arg);
    let signature = PathBuf::from(format!("{arg}.sig"));
    [Some(whole), Some(signature), value]
        .into_iter()
        .flatten()
        .collect()
}

struct Near {
    ui: Ui,
    /// What the command line names: nothing else of this machine is read, signed with or written.
    given: Vec<PathBuf>,
}

impl Near {
    fn follow(&self, mut stream: UnixStream, out: &Mutex<UnixStream>) -> Result<u8> {
        loop {
            let (call, bytes) = read::<Call>(&mut stream).map_err(gone)?;
            let reply = match call {
                Call::Out => {
                    self.ui.raw(&bytes)?;
                    continue;
                }
                Call::Err => {
                    self.ui.raw_progress(&bytes);
                    continue;
                }
                Call::End(code) => return Ok(code),
                call => self.errand(call, &bytes),
            };
            match reply {
                Ok((reply, bytes)) => say(out, &reply, &bytes)?,
                Err(fault) => say(out, &Reply::Refused(Refused::from(&fault)), &[])?,
            }
        }
    }

    fn errand(&self, call: Call, bytes: &[u8]) -> Result<(Reply, Vec<u8>)> {
        let done = |()| (Reply::Done, Vec::new());
        match call {
            Call::Ask(question) => {
                let line = self.ui.ask(&question)?;
                Ok((Reply::Line(line), Vec::new()))
            }
            Call::Read(file) => {
                let (name, bytes) = Here.read(self.named(&file)?)?;
                Ok((Reply::File(name), bytes))
            }
            Call::Key(key) => {
                let public = Here.signer(self.named(&key)?)?.public().line();
                Ok((Reply::Text(public), Vec::new()))
            }
            Call::Sign(key, namespace) => {
                if namespace != sshsig::APPROVAL {
                    return Err(not_asked_for(&key));
                }
                let signature = Here.signer(self.named(&key)?)?.sign(&namespace, bytes)?;
                Ok((Reply::Text(signature), Vec::new()))
            }
            Call::Free(to) => Here.free(self.named(&to)?).map(done),
            Call::Deliver(made, to) => Here.deliver(&made, self.named(&to)?).map(done),
            Call::Out | Call::Err | Call::End(_) => Err(not_asked_for(Path::new(""))),
        }
    }

    fn named<'a>(&self, path: &'a Path) -> Result<&'a Path> {
        if self.given.iter().any(|given| given == path) {
            Ok(path)
        } else {
            Err(not_asked_for(path))
        }
    }
}

fn not_asked_for(path: &Path) -> Fault {
    Fault::failed(
        "not-asked-for",
        "The daemon asked for something that the command does not name.",
    )
    .at(path.display())
}
