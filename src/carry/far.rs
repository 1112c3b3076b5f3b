//! The far end of a command that the daemon carries out: its screen, its person, its files and keys.

use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::{Begin, Call, Reply, gone, read, write};
use crate::fault::{Fault, Result};
use crate::sshsig::Signer;
use crate::workplace::Workplace;

/// What the far end has said of the command as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Nothing: go on.
    None,
    /// The person pressed Ctrl-C.
    Interrupt,
    /// The connection broke off. What was begun goes on: a lost terminal must not stop a run.
    Gone,
}

/// The far end of one command.
#[derive(Debug)]
pub struct Far {
    /// What it brought along.
    pub begin: Begin,
    out: Mutex<UnixStream>,
    replies: Mutex<Receiver<(Reply, Vec<u8>)>>,
    signal: watch::Receiver<Signal>,
    stopping: watch::Receiver<bool>,
}

impl Far {
    /// The far end of a connection, once it has said what is to be done. A thread listens to it from
    /// then on, until the connection ends.
    ///
    /// # Errors
    /// It is gone, or is no command.
    pub fn begin(mut stream: UnixStream, stopping: watch::Receiver<bool>) -> Result<Arc<Self>> {
        let Ok((Reply::Begin(begin), _)) = read(&mut stream) else {
            return Err(Fault::input("command", "What was sent is no command."));
        };
        let out = stream.try_clone().map_err(gone)?;
        let (heard, replies) = channel();
        let (signals, signal) = watch::channel(Signal::None);
        std::thread::spawn(move || listen(&mut stream, &heard, &signals));
        Ok(Arc::new(Self {
            begin,
            out: Mutex::new(out),
            replies: Mutex::new(replies),
            signal,
            stopping,
        }))
    }

    /// Sends something to look at; a far end that is gone has nobody who looks.
    pub fn show(&self, call: &Call, bytes: &[u8]) {
        self.send(call, bytes).ok();
    }

    fn send(&self, call: &Call, bytes: &[u8]) -> Result<()> {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        write(&mut *out, call, bytes).map_err(gone)
    }

    /// Asks for something and waits for it.
    fn errand(&self, call: &Call, bytes: &[u8]) -> Result<(Reply, Vec<u8>)> {
        let replies = self.replies.lock().unwrap_or_else(PoisonError::into_inner);
        self.send(call, bytes)?;
        match replies.recv() {
            Ok((Reply::Refused(refused), _)) => Err(refused.into()),
            Ok(reply) => Ok(reply),
            Err(_) => Err(gone(std::io::ErrorKind::UnexpectedEof.into())),
        }
    }

    /// Asks the person; an empty answer is `None`.
    ///
    /// # Errors
    /// Nobody can be asked.
    pub fn ask(&self, question: &str) -> Result<Option<String>> {
        match self.errand(&Call::Ask(question.to_owned()), &[])? {
            (Reply::Line(line), _) => Ok(line),
            _ => Err(otherwise()),
        }
    }

    /// Ends when the person presses Ctrl-C or the daemon stops, or with `gone` also when nobody looks
    /// any more.
    pub async fn interrupted(&self, gone: bool) {
        let (mut signal, mut stopping) = (self.signal.clone(), self.stopping.clone());
        let ends =
            |signal: &Signal| *signal == Signal::Interrupt || (gone && *signal == Signal::Gone);
        let interrupt = async {
            if signal.wait_for(ends).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            () = interrupt => {}
            _ = stopping.wait_for(|stopping| *stopping) => {}
        }
    }
}

fn listen(
    stream: &mut UnixStream,
    heard: &Sender<(Reply, Vec<u8>)>,
    signals: &watch::Sender<Signal>,
) {
    loop {
        match read::<Reply>(stream) {
            Ok((Reply::Interrupt, _)) => {
                signals.send_replace(Signal::Interrupt);
            }
            Ok(reply) => {
                if heard.send(reply).is_err() {
                    return;
                }
            }
            Err(_) => {
                // Ctrl-C and then the end of the program is still a Ctrl-C.
                signals.send_if_modified(|signal| {
                    let first = *signal == Signal::None;
                    if first {
                        *signal = Signal::Gone;
                    }
                    first
                });
                return;
            }
        }
    }
}

fn otherwise() -> Fault {
    Fault::failed(
        "daemon-gone",
        "The command answered something else than was asked.",
    )
}

/// A file, a key and a folder at the far end.
impl Workplace for Arc<Far> {
    fn operator(&self) -> String {
        self.begin.operator.clone()
    }

    fn read(&self, file: &Path) -> Result<(String, Vec<u8>)> {
        match self.errand(&Call::Read(file.to_owned()), &[])? {
            (Reply::File(name), bytes) => Ok((name, bytes)),
            _ => Err(otherwise()),
        }
    }

    fn signer(&self, key: &Path) -> Result<Signer> {
        let (Reply::Text(public), _) = self.errand(&Call::Key(key.to_owned()), &[])? else {
            return Err(otherwise());
        };
        let (far, key) = (Self::clone(self), key.to_owned());
        let sign = move |namespace: &str, message: &[u8]| match far
            .errand(&Call::Sign(key.clone(), namespace.to_owned()), message)?
        {
            (Reply::Text(signature), _) => Ok(signature),
            _ => Err(otherwise()),
        };
        Ok(Signer::elsewhere(public.parse()?, Box::new(sign)))
    }

    fn is_here(&self) -> bool {
        false
    }

    fn free(&self, to: &Path) -> Result<()> {
        self.done(&Call::Free(to.to_owned()))
    }

    fn deliver(&self, made: &Path, to: &Path) -> Result<()> {
        self.done(&Call::Deliver(made.to_owned(), to.to_owned()))
    }
}

impl Far {
    fn done(&self, call: &Call) -> Result<()> {
        match self.errand(call, &[])? {
            (Reply::Done, _) => Ok(()),
            _ => Err(otherwise()),
        }
    }
}

/// A terminal at the far end, for a bar that is drawn again and again.
#[derive(Debug)]
pub struct FarTerminal {
    far: Arc<Far>,
    columns: u16,
}

impl FarTerminal {
    /// The terminal on stderr of the far end; `None` when it is no terminal.
    pub fn of(far: &Arc<Far>) -> Option<Self> {
        Some(Self {
            far: Arc::clone(far),
            columns: far.begin.progress?,
        })
    }

    fn say(&self, text: &str) -> std::io::Result<()> {
        self.far
            .send(&Call::Err, text.as_bytes())
            .map_err(std::io::Error::other)
    }

    fn step(&self, count: usize, letter: char) -> std::io::Result<()> {
        if count == 0 {
            return Ok(());
        }
        self.say(&format!("\x1b[{count}{letter}"))
    }
}

impl indicatif::TermLike for FarTerminal {
    fn width(&self) -> u16 {
        self.columns
    }

    fn move_cursor_up(&self, n: usize) -> std::io::Result<()> {
        self.step(n, 'A')
    }

    fn move_cursor_down(&self, n: usize) -> std::io::Result<()> {
        self.step(n, 'B')
    }

    fn move_cursor_right(&self, n: usize) -> std::io::Result<()> {
        self.step(n, 'C')
    }

    fn move_cursor_left(&self, n: usize) -> std::io::Result<()> {
        self.step(n, 'D')
    }

    fn write_line(&self, text: &str) -> std::io::Result<()> {
        self.say(&format!("{text}\n"))
    }

    fn write_str(&self, text: &str) -> std::io::Result<()> {
        self.say(text)
    }

    fn clear_line(&self) -> std::io::Result<()> {
        self.say("\r\x1b[2K")
    }

    fn flush(&self) -> std::io::Result<()> {
        Ok(())
    }
}
