//! The socket that commands come through: the same account only, a thread for each command.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::carry::far::{self, Far};
use crate::carry::{Begin, SOCKET};
use crate::fault::{Fault, Result, io};

/// How many commands are carried out at once; further ones wait.
const COMMANDS: usize = 32;

/// Carries a command out; whoever composes the program knows the commands.
pub trait Commands: Send + Sync {
    /// Carries out what the far end asks for and gives the exit code. Runs on a thread of its own and
    /// may block.
    fn carry(&self, far: &Arc<Far>) -> u8;
}

/// The socket, bound and not yet listened to.
#[derive(Debug)]
pub struct Socket {
    listener: UnixListener,
    path: PathBuf,
}

impl Socket {
    /// Binds the socket of a data folder. Whoever holds the hub may: what lies there is of a daemon
    /// that is gone.
    ///
    /// # Errors
    /// The path is too long for a socket, or the disk refuses.
    pub fn bind(data: &Path) -> Result<Self> {
        let path = data.join(SOCKET);
        let fresh = data.join(format!(".{SOCKET}.new"));
        for old in [&path, &fresh] {
            match std::fs::remove_file(old) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(io("remove the old socket", old)(error));
                }
                _ => {}
            }
        }
        let bound = std::os::unix::net::UnixListener::bind(&fresh).and_then(|listener| {
            // Only then does it get the name under which it is looked for.
            std::fs::set_permissions(&fresh, std::fs::Permissions::from_mode(0o600))?;
            std::fs::rename(&fresh, &path)?;
            listener.set_nonblocking(true)?;
            UnixListener::from_std(listener)
        });
        let listener = bound.map_err(|error| {
            Fault::failed("listen", "The socket for commands cannot be made.")
                .at(path.display())
                .caused_by(error)
                .hint("the path of a socket has at most 107 bytes: choose a shorter `data` folder")
        })?;
        Ok(Self { listener, path })
    }

    /// Takes commands until `stop`; then waits for those that are under way.
    pub async fn serve(self, commands: Arc<dyn Commands>, mut stop: watch::Receiver<bool>) {
        let slots = Arc::new(Semaphore::new(COMMANDS));
        let mut running = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                _ = stop.wait_for(|stop| *stop) => break,
                accepted = self.listener.accept() => accepted,
                Some(_) = running.join_next() => continue,
            };
            let Ok((stream, _)) = accepted else {
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                continue;
            };
            if !same_account(&stream) {
                tracing::warn!("a command of another account was refused");
                continue;
            }
            running.spawn(take(
                stream,
                Arc::clone(&commands),
                Arc::clone(&slots),
                stop.clone(),
            ));
        }
        std::fs::remove_file(&self.path).ok();
        drop(self.listener);
        while running.join_next().await.is_some() {}
    }
}

/// Takes one connection: a thread carries its command out, once it says something and there is room.
async fn take(
    stream: UnixStream,
    commands: Arc<dyn Commands>,
    slots: Arc<Semaphore>,
    stop: watch::Receiver<bool>,
) {
    let mut stopped = stop.clone();
    let ready = async {
        let begin = far::begins(&stream).await?;
        Ok((begin, slots.acquire_owned().await.ok()))
    };
    let ready: Result<_> = tokio::select! {
        _ = stopped.wait_for(|stop| *stop) => return,
        ready = ready => ready,
    };
    let carried = tokio::task::spawn_blocking(move || {
        let (begin, _slot) = ready?;
        carry(begin, stream, &*commands, stop)
    });
    if let Ok(Err(fault)) = carried.await {
        tracing::warn!(%fault, "a command was not understood");
    }
}

fn carry(
    begin: Begin,
    stream: UnixStream,
    commands: &dyn Commands,
    stop: watch::Receiver<bool>,
) -> Result<()> {
    let broken = |error: std::io::Error| {
        Fault::failed("command", "The connection of a command broke off.").caused_by(error)
    };
    let stream = stream.into_std().map_err(broken)?;
    stream.set_nonblocking(false).map_err(broken)?;
    let far = Far::begin(begin, stream, stop)?;
    let code = commands.carry(&far);
    far.end(code);
    Ok(())
}

/// The kernel says who connected: this account, or root.
fn same_account(stream: &UnixStream) -> bool {
    let own = rustix::process::getuid().as_raw();
    stream
        .peer_cred()
        .is_ok_and(|peer| may_command(peer.uid(), own))
}

/// Whether the account `peer` may give commands to a daemon of `own`.
const fn may_command(peer: u32, own: u32) -> bool {
    peer == own || peer == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_own_account_and_root_give_commands_and_nobody_else() {
        assert!(may_command(1000, 1000) && may_command(0, 1000) && may_command(0, 0));
        assert!(!may_command(1001, 1000) && !may_command(1000, 0));
        assert!(!may_command(u32::MAX, 1000));
    }

    #[tokio::test]
    async fn the_kernel_says_who_is_at_the_other_end() {
        let (one, _other) = UnixStream::pair().unwrap();
        assert!(same_account(&one));
    }
}
