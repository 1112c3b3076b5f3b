//! The near end of the daemon's socket: gives a command to the daemon and does what only this end can.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::{Cli, Verb, notice};
use crate::carry::{Begin, Call, DELIVERIES, Refused, Reply, SOCKET, gone, read, write};
use crate::evidence::approval::{Approval, Decision, Subject};
use crate::fault::{Fault, Kind, Result};
use crate::settings::Settings;
use crate::sshsig;
use crate::ui::Ui;
use crate::workplace::{Here, Workplace as _};

/// The exit code of a command that a daemon carried out; `None` when there is no daemon over the same
/// data, or the command is not for it.
///
/// # Errors
/// Another account listens there, or the daemon is gone before the command has ended.
pub(super) async fn carried(cli: &Cli, ui: &Ui) -> Option<Result<u8>> {
    if cli.verb.is_own() {
        return None;
    }
    // What is wrong with the configuration is said by the command itself.
    let settings = Settings::load(cli.config.as_deref()).ok()?;
    let socket = settings.data.join(SOCKET);
    let stream = tokio::net::UnixStream::connect(&socket).await.ok()?;
    if !same_account(&stream) {
        return Some(Err(other_account(&socket)));
    }
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
    let near = Near {
        ui: ui.clone(),
        given: begin.args.iter().flat_map(|arg| paths(arg)).collect(),
        data: settings.data,
        decides: Mutex::new(Decides::of(&cli.verb)),
    };
    Some(follow(near, stream, begin).await)
}

/// The kernel says who listens. The daemon takes commands of its own account, so it is nobody else.
fn same_account(stream: &tokio::net::UnixStream) -> bool {
    let own = rustix::process::getuid().as_raw();
    stream.peer_cred().is_ok_and(|peer| trusts(peer.uid(), own))
}

/// Whether a daemon of the account `peer` is given commands of `own`. Also root gives none to another:
/// what that daemon asks for would be read as root.
const fn trusts(peer: u32, own: u32) -> bool {
    peer == own
}

fn other_account(socket: &Path) -> Fault {
    let what = "The socket of the daemon is of another account.";
    Fault::new(Kind::Owned, "socket-account", what)
        .at(socket.display())
        .hint("give commands as the account that runs the daemon")
}

async fn follow(near: Near, stream: tokio::net::UnixStream, begin: Begin) -> Result<u8> {
    let stream = stream.into_std().map_err(gone)?;
    stream.set_nonblocking(false).map_err(gone)?;
    let out = Arc::new(Mutex::new(stream.try_clone().map_err(gone)?));
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
    /// The data folder, below which the daemon makes what it delivers.
    data: PathBuf,
    /// What is still to be signed.
    decides: Mutex<Option<Decides>>,
}

/// The decision that the command line makes: the one thing that is signed for it, once.
struct Decides {
    /// The case, or the end of its id.
    case: String,
    subject: Subject,
    decision: Decision,
    person: String,
    reason: String,
}

impl Decides {
    fn of(verb: &Verb) -> Option<Self> {
        let (case, subject, decision, by) = match verb {
            Verb::Approve(args) => (
                &args.case,
                Subject::Gate(args.step.clone()),
                Decision::Approve,
                &args.signature,
            ),
            Verb::Deny(args) => (
                &args.case,
                Subject::Gate(args.step.clone()),
                Decision::Deny,
                &args.signature,
            ),
            Verb::Notice(notice::Verb::Approve(args)) => (
                &args.case,
                Subject::Notice(args.notice.clone()),
                Decision::Approve,
                &args.signature,
            ),
            Verb::Sanctions(super::sanctions::Verb::Approve(args)) => (
                &args.case,
                Subject::Determination(args.determination.clone()),
                Decision::Approve,
                &args.signature,
            ),
            _ => return None,
        };
        Some(Self {
            case: case.clone(),
            subject,
            decision,
            person: by.person.clone(),
            reason: by.reason.clone(),
        })
    }

    /// Whether a text says what the command line says. What it cannot know, the text and the plan that
    /// it binds and the times, is the daemon's.
    fn says(self, text: &[u8]) -> bool {
        let text = String::from_utf8_lossy(text);
        let Ok(given) = text.parse::<Approval>() else {
            return false;
        };
        let case = given.case.as_str();
        let same_case = case == self.case || (self.case.len() >= 4 && case.ends_with(&self.case));
        let ours = Approval {
            subject: self.subject,
            decision: self.decision,
            person: self.person,
            reason: self.reason,
            session: None,
            ..given
        };
        same_case && ours.to_string() == text
    }
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
            Call::Write(file) => Here.write(self.named(&file)?, bytes).map(done),
            Call::Key(key) => {
                let public = Here.signer(self.named(&key)?)?.public().line();
                Ok((Reply::Text(public), Vec::new()))
            }
            Call::Sign(key, namespace) => {
                let mut decides = self.decides.lock().unwrap_or_else(PoisonError::into_inner);
                let says = |decides: Decides| decides.says(bytes);
                if namespace != sshsig::APPROVAL || !decides.take().is_some_and(says) {
                    return Err(not_asked_for(&key));
                }
                let signature = Here.signer(self.named(&key)?)?.sign(&namespace, bytes)?;
                Ok((Reply::Text(signature), Vec::new()))
            }
            Call::Free(to) => Here.free(self.named(&to)?).map(done),
            Call::Deliver(made, to) => Here.deliver(&self.made(&made)?, self.named(&to)?).map(done),
            Call::Out | Call::Err | Call::End(_) => Err(not_asked_for(Path::new(""))),
        }
    }

    /// A folder that the daemon made to be delivered: no other is carried anywhere.
    fn made(&self, made: &Path) -> Result<PathBuf> {
        let whole = |path: &Path| std::fs::canonicalize(path).map_err(|_| not_asked_for(made));
        let (made, all) = (whole(made)?, whole(&self.data.join(DELIVERIES))?);
        if made.parent() == Some(&all) {
            Ok(made)
        } else {
            Err(not_asked_for(&made))
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

#[cfg(test)]
mod tests {
    use super::trusts;

    #[test]
    fn commands_go_to_a_daemon_of_the_same_account_only() {
        assert!(trusts(1000, 1000) && trusts(0, 0));
        assert!(!trusts(1001, 1000) && !trusts(0, 1000));
        assert!(!trusts(1000, 0), "not even root gives them to another");
    }
}
