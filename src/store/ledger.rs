//! `ledger.jsonl`: the copy of the log that ordinary tools read.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use super::dir;
use crate::fault::{Fault, Result, io};

/// The name of the file in the directory of a case.
pub(super) const NAME: &str = "ledger.jsonl";

/// Makes the file when it is missing; says whether it was there.
pub(super) fn ensure(case: &Path) -> Result<bool> {
    let path = case.join(NAME);
    if path.is_file() {
        return Ok(true);
    }
    append_to(&path)?
        .sync_all()
        .map_err(io("make the ledger durable", &path))?;
    dir::sync(case)?;
    Ok(false)
}

/// Opens the file for appending.
pub(super) fn append_to(path: &Path) -> Result<File> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
        .map_err(io("open the ledger", path))
}

/// Reads the lines of the file, without line ends, and what stands after the last line end.
#[derive(Debug)]
pub(super) struct Reader {
    file: BufReader<File>,
    path: PathBuf,
    /// Bytes after the last line end.
    pub(super) torn: Vec<u8>,
}

impl Reader {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(io("open the ledger", path))?;
        Ok(Self {
            file: BufReader::with_capacity(1 << 18, file),
            path: path.to_owned(),
            torn: Vec::new(),
        })
    }

    /// The next line that has its line end.
    pub(super) fn line(&mut self) -> Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        self.file
            .read_until(b'\n', &mut line)
            .map_err(io("read the ledger", &self.path))?;
        if line.pop_if(|last| *last == b'\n').is_some() {
            return Ok(Some(line));
        }
        // Asked again at the end, the file gives nothing more.
        self.torn.append(&mut line);
        Ok(None)
    }
}

/// Appends to the file from a thread of its own, so that its fsync and sled's can run side by side.
#[derive(Debug)]
pub(super) struct Writer {
    /// `None` once the writer is being dropped.
    texts: Option<Sender<Vec<u8>>>,
    written: Receiver<Result<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(case: &Path) -> Result<Self> {
        let path = case.join(NAME);
        let mut file = append_to(&path)?;
        let (texts, incoming) = channel::<Vec<u8>>();
        let (outgoing, written) = channel();
        let thread = thread::Builder::new()
            .name("ledger".to_owned())
            .spawn(move || {
                for text in incoming {
                    let result = file
                        .write_all(&text)
                        .and_then(|()| file.sync_data())
                        .map_err(io("append to the ledger", &path));
                    if outgoing.send(result).is_err() {
                        break;
                    }
                }
            })
            .map_err(io("start the ledger's writer", case))?;
        Ok(Self {
            texts: Some(texts),
            written,
            thread: Some(thread),
        })
    }

    /// Hands over `text`, whole lines with their line ends; [`Self::finish`] must follow.
    pub(super) fn begin(&self, text: Vec<u8>) {
        if let Some(texts) = &self.texts {
            // Without a receiver, `finish` reports it.
            let _ = texts.send(text);
        }
    }

    /// Waits until the text is durable.
    pub(super) fn finish(&self) -> Result<()> {
        self.written.recv().unwrap_or_else(|_| {
            Err(Fault::failed(
                "store-disk",
                "The ledger's writer has stopped.",
            ))
        })
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.texts = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
