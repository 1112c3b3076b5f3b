//! How a command reaches the daemon: its words go there, its files, keys and screen stay here.
//!
//! ```text
//! cordon approve … ─→ DATA/daemon.sock ─→ the same function over the daemon's stores
//!   reads files, signs, ← Ask, Read, Sign, Deliver ─   (what only this end can do)
//!   prints              ← Out, Err, End            ─
//! ```
//!
//! Both ends are the same program and the same account: the socket has mode 0600, each end checks the
//! peer's uid, and a daemon of another version is refused. A command signs the one decision that its own
//! words make, once. A frame is a JSON head and bytes, each with its length before it.

pub mod far;

use std::io::{Read, Write};
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::canon::Digest;
use crate::fault::{Fault, Kind};

/// The name of the socket in the data folder.
pub const SOCKET: &str = "daemon.sock";
/// The folder in the data folder where what is to be delivered is made.
pub const DELIVERIES: &str = "deliveries";

/// The largest head of a frame, bytes.
const HEAD_LIMIT: u32 = 1 << 20;
/// The most bytes of a frame: the largest file that is read whole, and a little.
const BYTES_LIMIT: u32 = 65 << 20;

/// What a command brings along.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Begin {
    /// The version of the program.
    pub version: String,
    /// The arguments, without the name of the program.
    pub args: Vec<String>,
    /// Who works there, for the log.
    pub operator: String,
    /// The digest of the configuration file that it would have used; `None` without one.
    pub config: Option<Digest>,
    /// The columns of the terminal on stdout; `None` when stdout is no terminal.
    pub columns: Option<usize>,
    /// The columns of the terminal on stderr.
    pub progress: Option<u16>,
    /// Whether a person can be asked.
    pub can_ask: bool,
}

/// What the daemon says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// The bytes are for stdout.
    Out,
    /// The bytes are for stderr.
    Err,
    /// A question for the person; answered by a line.
    Ask(String),
    /// A file is wanted; answered by it.
    Read(PathBuf),
    /// The bytes are to stand in a new file.
    Write(PathBuf),
    /// The public half of a key is wanted.
    Key(PathBuf),
    /// The bytes are to be signed with a key in a namespace.
    Sign(PathBuf, String),
    /// Whether nothing lies in this place.
    Free(PathBuf),
    /// A folder that the daemon made is to be brought to a place.
    Deliver(PathBuf, PathBuf),
    /// The command has ended with this exit code.
    End(u8),
}

/// What a command answers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// What is to be done; comes once, first.
    Begin(Begin),
    /// The person pressed Ctrl-C.
    Interrupt,
    /// The person's answer.
    Line(Option<String>),
    /// The bytes are the file of this name.
    File(String),
    /// A public key or a signature.
    Text(String),
    /// It is done.
    Done,
    /// It cannot be done.
    Refused(Refused),
}

/// A fault on its way.
#[derive(Debug, Serialize, Deserialize)]
pub struct Refused {
    exit: u8,
    code: String,
    what: String,
    place: Option<String>,
    hints: Vec<String>,
    because: Vec<String>,
}

/// Codes of what can fail at the far end: a fault has one that is known to the program.
const CODES: &[&str] = &[
    "export-exists",
    "export-name",
    "file",
    "file-too-large",
    "io",
    "no-terminal",
    "not-asked-for",
    "ssh-key",
    "ssh-key-open",
    "ssh-keygen",
    "ssh-sign",
];

impl From<&Fault> for Refused {
    fn from(fault: &Fault) -> Self {
        let causes =
            std::iter::successors(std::error::Error::source(fault), |error| error.source());
        Self {
            exit: fault.kind().exit_code(),
            code: fault.code().to_owned(),
            what: fault.what().to_owned(),
            place: fault.place().map(str::to_owned),
            hints: fault.hints().to_vec(),
            because: causes.map(ToString::to_string).collect(),
        }
    }
}

impl From<Refused> for Fault {
    fn from(refused: Refused) -> Self {
        let code = CODES.iter().find(|code| **code == refused.code);
        let kind = match refused.exit {
            2 => Kind::Input,
            5 => Kind::Evidence,
            _ => Kind::Failed,
        };
        let mut fault = Self::new(kind, code.unwrap_or(&"file"), refused.what);
        if let Some(place) = refused.place {
            fault = fault.at(place);
        }
        let chain = (refused.because.into_iter().rev())
            .fold(None, |below, what| Some(Box::new(Cause { what, below })));
        if let Some(cause) = chain {
            fault = fault.caused_by(*cause);
        }
        refused.hints.into_iter().fold(fault, Self::hint)
    }
}

/// An error as the far end told it.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
struct Cause {
    what: String,
    #[source]
    below: Option<Box<Self>>,
}

/// Writes one frame.
///
/// # Errors
/// The other end is gone.
pub fn write(to: &mut impl Write, head: &impl Serialize, bytes: &[u8]) -> std::io::Result<()> {
    let head = serde_json::to_vec(head)?;
    let length = |of: &[u8]| u32::try_from(of.len()).map_err(std::io::Error::other);
    let mut frame = Vec::with_capacity(8 + head.len() + bytes.len());
    frame.extend(length(&head)?.to_be_bytes());
    frame.extend(length(bytes)?.to_be_bytes());
    frame.extend(head);
    frame.extend(bytes);
    to.write_all(&frame)
}

/// Reads one frame.
///
/// # Errors
/// The other end is gone, or sent what is no frame.
pub fn read<T: DeserializeOwned>(from: &mut impl Read) -> std::io::Result<(T, Vec<u8>)> {
    let mut length = || -> std::io::Result<u32> {
        let mut four = [0; 4];
        from.read_exact(&mut four)?;
        Ok(u32::from_be_bytes(four))
    };
    let (head, bytes) = (length()?, length()?);
    if head > HEAD_LIMIT || bytes > BYTES_LIMIT {
        return Err(std::io::Error::other("the frame is too large"));
    }
    let mut take = |length: u32| -> std::io::Result<Vec<u8>> {
        let mut taken = Vec::new();
        from.take(u64::from(length)).read_to_end(&mut taken)?;
        if taken.len() as u64 == u64::from(length) {
            Ok(taken)
        } else {
            Err(std::io::ErrorKind::UnexpectedEof.into())
        }
    };
    let head = serde_json::from_slice(&take(head)?)?;
    Ok((head, take(bytes)?))
}

/// The other end is gone in the middle of a command.
pub(crate) fn gone(error: std::io::Error) -> Fault {
    Fault::failed("daemon-gone", "The connection to the daemon broke off.")
        .caused_by(error)
        .hint("what it had begun is in the case log: `cordon status` shows it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_arrives_with_its_place_causes_and_steps() {
        let cause = std::io::Error::other("the disk is on fire");
        let fault = Fault::input("file", "The file cannot be read.")
            .at("a.eml")
            .caused_by(cause)
            .hint("call the fire brigade");
        let text = serde_json::to_string(&Refused::from(&fault)).unwrap();
        let back = Fault::from(serde_json::from_str::<Refused>(&text).unwrap());
        assert_eq!(serde_json::to_string(&Refused::from(&back)).unwrap(), text);
    }

    #[test]
    fn what_is_no_frame_is_refused_without_making_room_for_it() {
        let mut frame = Vec::new();
        write(&mut frame, &Call::Out, b"text").unwrap();
        let (head, bytes) = read::<Call>(&mut &frame[..]).unwrap();
        assert!(matches!(head, Call::Out) && bytes == b"text");
        for end in 0..frame.len() {
            assert!(read::<Call>(&mut &frame[..end]).is_err(), "cut at {end}");
        }
        assert!(read::<Call>(&mut &[0xff; 64][..]).is_err());
        assert!(read::<Reply>(&mut &frame[..]).is_err());
    }
}
