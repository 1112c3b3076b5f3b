//! An export as one file, for whoever asks from elsewhere: written as a folder, given as a zip, removed.

use std::io::{BufWriter, Read as _, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures::stream::{self, Stream};
use tokio::sync::mpsc;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::desk::Desk;
use crate::evidence::export::{self, Exported, Scope};
use crate::fault::{Result, io};
use crate::id::EvidenceId;
use crate::store::make_dir;

/// How much is read and given at once, bytes.
const PIECE: usize = 256 * 1024;

/// How many pieces wait for a slow reader; no more are made before one is taken.
const WAITING: usize = 4;

/// An export that was written here. It is removed when it is let go of.
#[derive(Debug)]
pub struct Parcel {
    /// What it is; its folder is the one below the data folder.
    pub exported: Exported,
    /// The folder inside the zip, and the name of the zip without its ending.
    pub name: String,
}

impl Drop for Parcel {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.exported.folder).ok();
    }
}

impl Desk {
    /// Exports the case to a folder of the data folder.
    ///
    /// # Errors
    /// As [`export::write`].
    pub async fn parcel(&self, scope: Scope) -> Result<Parcel> {
        let deliveries = self.settings.data.join(crate::carry::DELIVERIES);
        make_dir(&deliveries)?;
        let folder = deliveries.join(EvidenceId::fresh().as_str());
        let exported = export::write(&self.log, &self.key, &self.by, &folder, scope).await?;
        let name = format!("{}-export-{}", self.log.case(), exported.manifest.short());
        Ok(Parcel { exported, name })
    }
}

impl Parcel {
    /// The zip in pieces, made while it is read, so that memory stays bounded. A piece that fails ends it:
    /// whoever reads sees that it is cut off.
    pub fn pieces(self) -> impl Stream<Item = std::io::Result<Bytes>> + Send {
        let (send, receive) = mpsc::channel(WAITING);
        tokio::task::spawn_blocking(move || {
            if let Err(error) = self.pack(Pipe(send.clone())) {
                send.blocking_send(Err(error)).ok();
            }
        });
        stream::unfold(receive, |mut receive| async move {
            let piece = receive.recv().await?;
            Some((piece, receive))
        })
    }

    fn pack(&self, to: impl Write) -> std::io::Result<()> {
        let mut zip = ZipWriter::new_stream(BufWriter::with_capacity(PIECE, to));
        let mut files = Vec::new();
        below(&self.exported.folder, &self.name, &mut files)?;
        files.sort();
        for (name, file) in files {
            let mut file = std::fs::File::open(file)?;
            let options = SimpleFileOptions::default()
                .last_modified_time(zip::DateTime::default())
                .unix_permissions(0o600)
                .large_file(file.metadata()?.len() > u32::MAX.into());
            zip.start_file(name, options)?;
            let mut piece = vec![0; PIECE];
            loop {
                let read = file.read(&mut piece)?;
                let Some(read) = piece.get(..read).filter(|read| !read.is_empty()) else {
                    break;
                };
                zip.write_all(read)?;
            }
        }
        zip.finish()?.into_inner().flush()
    }
}

/// Every file of a folder, with its name in the zip.
fn below(folder: &Path, name: &str, found: &mut Vec<(String, PathBuf)>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{name}/{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            below(&entry.path(), &name, found)?;
        } else {
            found.push((name, entry.path()));
        }
    }
    Ok(())
}

/// Removes what a program that was killed left of its parcels.
///
/// # Errors
/// The disk refuses.
pub fn sweep(data: &Path) -> Result<()> {
    let deliveries = data.join(crate::carry::DELIVERIES);
    match std::fs::remove_dir_all(&deliveries) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(io("remove what was left of exports", &deliveries)(error))
        }
        _ => Ok(()),
    }
}

/// Gives what is written to whoever reads the stream.
struct Pipe(mpsc::Sender<std::io::Result<Bytes>>);

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let gone = |_| std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        let piece = Bytes::copy_from_slice(bytes);
        self.0.blocking_send(Ok(piece)).map_err(gone)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
