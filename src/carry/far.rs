//! The far end of a command that the daemon carries out: its screen, its person, its files and keys.

use std::io::Write as _;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::mpsc::{
    Receiver, RecvTimeoutError, Sender, SyncSender, TrySendError, channel, sync_channel,
};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::{Begin, Call, HEAD_LIMIT, Reply, gone, read, write};
use crate::fault::{Fault, Result};
use crate::sshsig::Signer;
use crate::workplace::Workplace;

/// How long it may take to say what is to be done.
const BEGINS_WITHIN: Duration = Duration::from_secs(10);
/// How many frames wait for a terminal that is slow. When there are more, what only shows how far
/// something is gets lost.
const WAITING: usize = 64;
/// How long an answer waits for room among them; then nobody looks any more.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a frame may take on its way: somebody may read in a pager.
const TAKEN_WITHIN: Duration = Duration::from_mins(10);
/// How long the end of a command waits for what it said to be taken; then that goes on without it.
const LINGERS: Duration = Duration::from_secs(1);
/// How often whoever waits looks whether the daemon stops.
const AGAIN: Duration = Duration::from_millis(20);

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

/// What a connection wants done. One that says nothing costs no thread, and has its time.
///
/// # Errors
/// It says nothing in time, is gone, or is no command.
pub async fn begins(stream: &tokio::net::UnixStream) -> Result<Begin> {
    let told = async {
        let mut frame = exactly(stream, 8).await?;
        let lengths = frame.chunks(4).map(|four| {
            let four = four.try_into().unwrap_or([0xff; 4]);
            u64::from(u32::from_be_bytes(four))
        });
        let length = usize::try_from(lengths.sum::<u64>()).ok();
        let length = length.filter(|length| *length <= HEAD_LIMIT as usize)?;
        frame.extend(exactly(stream, length).await?);
        match read(&mut &frame[..]) {
            Ok((Reply::Begin(begin), _)) => Some(begin),
            _ => None,
        }
    };
    let told = tokio::time::timeout(BEGINS_WITHIN, told).await;
    (told.ok().flatten()).ok_or_else(|| Fault::input("command", "What was sent is no command."))
}

/// That many bytes and no more: what follows is for the thread that listens.
async fn exactly(stream: &tokio::net::UnixStream, length: usize) -> Option<Vec<u8>> {
    let (mut bytes, mut got) = (vec![0; length], 0);
    while got < length {
        stream.readable().await.ok()?;
        match stream.try_read(bytes.get_mut(got..)?) {
            Ok(0) => return None,
            Ok(more) => got += more,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => return None,
        }
    }
    Some(bytes)
}

/// The far end of one command.
#[derive(Debug)]
pub struct Far {
    /// What it brought along.
    pub begin: Begin,
    stream: UnixStream,
    /// To the thread that writes; `None` once the command has ended.
    frames: Mutex<Option<SyncSender<Vec<u8>>>>,
    /// The exit code, which that thread writes last.
    ended: Arc<OnceLock<u8>>,
    /// Breaks off when that thread has ended.
    written: Mutex<Receiver<()>>,
    replies: Mutex<Receiver<(Reply, Vec<u8>)>>,
    signal: watch::Receiver<Signal>,
    stopping: watch::Receiver<bool>,
}

impl Far {
    /// The far end of a connection that has said what is to be done. One thread listens to it from then
    /// on and one writes, until the connection ends.
    ///
    /// # Errors
    /// It is gone.
    pub fn begin(
        begin: Begin,
        stream: UnixStream,
        stopping: watch::Receiver<bool>,
    ) -> Result<Arc<Self>> {
        stream.set_write_timeout(Some(TAKEN_WITHIN)).map_err(gone)?;
        let mut heard_from = stream.try_clone().map_err(gone)?;
        let mut told_to = stream.try_clone().map_err(gone)?;
        let (heard, replies) = channel();
        let (signals, signal) = watch::channel(Signal::None);
        std::thread::spawn(move || listen(&mut heard_from, &heard, &signals));
        let (frames, queue) = sync_channel(WAITING);
        let (writes, written) = channel();
        let ended = Arc::new(OnceLock::new());
        let code = Arc::clone(&ended);
        std::thread::spawn(move || {
            let _writes: Sender<()> = writes;
            // Whoever is gone is heard of by the one who listens.
            tell(&mut told_to, &queue, &code).ok();
            told_to.shutdown(Shutdown::Both).ok();
        });
        Ok(Arc::new(Self {
            begin,
            stream,
            frames: Mutex::new(Some(frames)),
            ended,
            written: Mutex::new(written),
            replies: Mutex::new(replies),
            signal,
            stopping,
        }))
    }

    /// Sends something to look at; a far end that is gone has nobody who looks. One that takes nothing
    /// holds nothing up: it misses what goes to stderr, and is let go of when an answer has no room.
    pub fn show(&self, call: &Call, bytes: &[u8]) {
        let patience = match call {
            Call::Err => Duration::ZERO,
            _ => PATIENCE,
        };
        if !self.queue(call, bytes, patience) && !patience.is_zero() {
            self.stream.shutdown(Shutdown::Both).ok();
        }
    }

    /// Says how the command ended, after everything that it said.
    pub fn end(&self, code: u8) {
        self.ended.set(code).ok();
        drop(hold(&self.frames).take());
        hold(&self.written).recv_timeout(LINGERS).ok();
    }

    /// Whether a frame has found room in time.
    fn queue(&self, call: &Call, bytes: &[u8], patience: Duration) -> bool {
        let mut frame = Vec::new();
        let Some(frames) = hold(&self.frames).clone() else {
            return false;
        };
        if write(&mut frame, call, bytes).is_err() {
            return false;
        }
        let since = Instant::now();
        loop {
            match frames.try_send(frame) {
                Ok(()) => return true,
                Err(TrySendError::Full(back)) if since.elapsed() < patience && !self.stops() => {
                    frame = back;
                    std::thread::sleep(AGAIN);
                }
                Err(_) => return false,
            }
        }
    }

    fn stops(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Asks for something and waits for it, until the daemon stops.
    fn errand(&self, call: &Call, bytes: &[u8]) -> Result<(Reply, Vec<u8>)> {
        let broken = || gone(std::io::ErrorKind::UnexpectedEof.into());
        let replies = hold(&self.replies);
        if !self.queue(call, bytes, Duration::MAX) {
            return Err(broken());
        }
        loop {
            match replies.recv_timeout(AGAIN) {
                Ok((Reply::Refused(refused), _)) => return Err(refused.into()),
                Ok(reply) => return Ok(reply),
                Err(RecvTimeoutError::Timeout) if !self.stops() => {}
                Err(_) => return Err(broken()),
            }
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

fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes what there is to say, and the end of it.
fn tell(
    stream: &mut UnixStream,
    queue: &Receiver<Vec<u8>>,
    ended: &OnceLock<u8>,
) -> std::io::Result<()> {
    for frame in queue {
        stream.write_all(&frame)?;
    }
    match ended.get() {
        Some(code) => write(stream, &Call::End(*code), &[]),
        None => Ok(()),
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

    fn write(&self, file: &Path, bytes: &[u8]) -> Result<()> {
        match self.errand(&Call::Write(file.to_owned()), bytes)? {
            (Reply::Done, _) => Ok(()),
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

    /// Whoever does not look misses it.
    #[expect(
        clippy::unnecessary_wraps,
        reason = "what draws the bar wants a result"
    )]
    fn say(&self, text: &str) -> std::io::Result<()> {
        self.far.show(&Call::Err, text.as_bytes());
        Ok(())
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
