//! Writes evidence into a case: the bytes and their record become durable together.

use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use super::redact;
use crate::canon::Digest;
use crate::case::event::{Actor, Event, Evidence, Source};
use crate::case::log::CaseLog;
use crate::fault::{Fault, Result, io};
use crate::hostile::one_line;
use crate::http::{Exchange, Witness};
use crate::id::EvidenceId;

/// What is written into every record.
pub const TOOL: &str = concat!("cordon ", env!("CARGO_PKG_VERSION"));
/// Files above this size are copied as objects and never held in memory, bytes.
const IN_MEMORY: u64 = 4 * 1024 * 1024;
/// The longest title, characters.
const TITLE_LIMIT: usize = 200;

/// Keeps evidence of one case.
#[derive(Debug, Clone)]
pub struct Recorder {
    log: Arc<CaseLog>,
    by: Actor,
    privileged: bool,
}

/// What a piece of evidence is, beside its bytes.
#[derive(Debug, Clone)]
pub struct Label {
    /// One line for people. May quote hostile text.
    pub title: String,
    /// The media type, as the source gives it.
    pub media_type: String,
    /// How it was had.
    pub source: Source,
}

impl Recorder {
    /// A recorder that writes as `by`.
    pub const fn new(log: Arc<CaseLog>, by: Actor) -> Self {
        Self {
            log,
            by,
            privileged: false,
        }
    }

    /// The same, for what is counsel's.
    #[must_use]
    pub fn for_counsel(&self, privileged: bool) -> Self {
        Self {
            privileged,
            ..self.clone()
        }
    }

    /// Whether what it keeps is counsel's.
    pub const fn keeps_privileged(&self) -> bool {
        self.privileged
    }

    /// The log it writes to.
    pub const fn log(&self) -> &Arc<CaseLog> {
        &self.log
    }

    /// Keeps bytes; durable when it returns.
    pub async fn keep(&self, label: Label, bytes: Bytes) -> Result<EvidenceId> {
        let record = self.record(label, Digest::of(&bytes), bytes.len() as u64);
        self.append(record, vec![bytes]).await
    }

    /// Keeps bytes that a person gave as the file `name`, under a title.
    pub async fn keep_file(
        &self,
        name: &str,
        media_type: &str,
        bytes: Bytes,
        title: &str,
    ) -> Result<EvidenceId> {
        self.keep(file(name, media_type, title), bytes).await
    }

    /// Keeps a file on disk that a person gave, of any size.
    ///
    /// # Errors
    /// Not a regular file, or it cannot be read.
    pub async fn keep_path(
        &self,
        path: &Path,
        media_type: &str,
        title: &str,
    ) -> Result<EvidenceId> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        self.keep_path_as(path, file(&name, media_type, title))
            .await
    }

    /// Keeps a file of any size under a label of the caller.
    ///
    /// # Errors
    /// As [`Self::keep_path`].
    pub async fn keep_path_as(&self, path: &Path, label: Label) -> Result<EvidenceId> {
        let (log, path) = (Arc::clone(&self.log), path.to_owned());
        let taken = tokio::task::spawn_blocking(move || take(&log, &path))
            .await
            .map_err(|error| {
                Fault::failed("keep", "A file could not be kept.").caused_by(error)
            })??;
        match taken {
            Taken::Small(bytes) => self.keep(label, bytes).await,
            Taken::Object(digest, size) => {
                self.append(self.record(label, digest, size), Vec::new())
                    .await
            }
        }
    }

    /// Keeps a webhook as received. The headers are those that its signature covers and more;
    /// values that are secrets by themselves are left out.
    pub async fn keep_webhook(
        &self,
        source: &str,
        headers: &http::HeaderMap,
        body: Bytes,
    ) -> Result<EvidenceId> {
        let media_type = media_type(headers);
        let label = Label {
            title: format!("Webhook of {source}"),
            media_type,
            source: Source::Webhook {
                source: source.to_owned(),
                headers: redact::headers(headers),
            },
        };
        self.keep(label, body).await
    }

    /// Keeps what a program printed. `command` must not hold secrets.
    pub async fn keep_program_output(
        &self,
        command: Vec<String>,
        version: &str,
        title: &str,
        output: Bytes,
    ) -> Result<EvidenceId> {
        let label = Label {
            title: title.to_owned(),
            media_type: "text/plain".to_owned(),
            source: Source::Program {
                command,
                version: version.to_owned(),
            },
        };
        self.keep(label, output).await
    }

    /// Keeps what was made from other evidence; `how` is also its title.
    pub async fn keep_derived(
        &self,
        from: Vec<EvidenceId>,
        how: &str,
        media_type: &str,
        bytes: Bytes,
    ) -> Result<EvidenceId> {
        let label = Label {
            title: how.to_owned(),
            media_type: media_type.to_owned(),
            source: Source::Derived {
                from,
                how: how.to_owned(),
            },
        };
        self.keep(label, bytes).await
    }

    fn record(&self, label: Label, sha256: Digest, bytes: u64) -> Evidence {
        // What is made of counsel's words is counsel's.
        let made_of: &[EvidenceId] = match &label.source {
            Source::Derived { from, .. } => from,
            _ => &[],
        };
        let privileged = self.log.read(|state| {
            let mut sources = made_of.iter().filter_map(|id| state.evidence.get(id));
            sources.any(|source| source.privileged)
        });
        Evidence {
            privileged: self.privileged || privileged,
            id: EvidenceId::fresh(),
            sha256,
            bytes,
            media_type: one_line(&label.media_type, TITLE_LIMIT),
            source: label.source,
            at: self.log.clock().now(),
            tool: TOOL.to_owned(),
            title: one_line(&label.title, TITLE_LIMIT),
        }
    }

    async fn append(&self, record: Evidence, blobs: Vec<Bytes>) -> Result<EvidenceId> {
        let id = record.id.clone();
        let event = Event::EvidenceKept(record);
        self.log.append_with(&self.by, vec![event], blobs).await?;
        Ok(id)
    }
}

#[async_trait]
impl Witness for Recorder {
    async fn saw(&self, exchange: &Exchange) -> Result<EvidenceId> {
        let (label, body) = describe(exchange);
        let mut record = self.record(label, Digest::of(&body), body.len() as u64);
        record.at = exchange.at;
        self.append(record, vec![body]).await
    }
}

/// What is written down about an exchange, and the bytes that are kept.
fn describe(exchange: &Exchange) -> (Label, Bytes) {
    let request = &exchange.request;
    let url = redact::url(&request.url);
    let sent = request.body.as_ref().map(|(_, bytes)| bytes);
    let request_body = sent.map(|bytes| redact::request_body(bytes, request.secret_body));
    let mut redacted = Vec::new();
    let (status, response_headers, body, media_type, broken, note) = match &exchange.answer {
        Ok(answer) => {
            let clean = redact::answer(&answer.body, sent.map(|b| &b[..]), request.secret_body)
                .or_else(|| redact::redirect(answer));
            let note = clean.as_ref().map(|_| {
                format!(
                    " (secrets removed; as received {})",
                    redact::withheld(&answer.body)
                )
            });
            (
                Some(answer.status.as_u16()),
                redact::headers(&answer.headers),
                clean.map_or_else(
                    || answer.body.clone(),
                    |clean| {
                        redacted = clean.removed;
                        clean.body.into()
                    },
                ),
                media_type(&answer.headers),
                None,
                note.unwrap_or_default(),
            )
        }
        Err(why) => (
            None,
            Vec::new(),
            Bytes::new(),
            "application/octet-stream".to_owned(),
            Some(one_line(why, TITLE_LIMIT)),
            String::new(),
        ),
    };
    let result = status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
    let room = TITLE_LIMIT.saturating_sub(note.chars().count() + 24);
    let title = format!(
        "{} {} → {result}{note}",
        request.method,
        one_line(&url, room)
    );
    let source = Source::Exchange {
        method: request.method.to_string(),
        url,
        request_headers: redact::headers(&request.headers),
        request_body,
        status,
        response_headers,
        redacted,
        broken,
        attempt: exchange.attempt,
        took_ms: exchange.took_ms,
        credential: exchange.credential.clone(),
    };
    (
        Label {
            title,
            media_type,
            source,
        },
        body,
    )
}

fn media_type(headers: &http::HeaderMap) -> String {
    headers
        .get(http::header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("application/octet-stream")
        .to_owned()
}

fn file(name: &str, media_type: &str, title: &str) -> Label {
    Label {
        title: title.to_owned(),
        media_type: media_type.to_owned(),
        source: Source::File {
            name: one_line(name, TITLE_LIMIT),
        },
    }
}

/// A file as taken in.
enum Taken {
    Small(Bytes),
    Object(Digest, u64),
}

fn take(log: &CaseLog, path: &Path) -> Result<Taken> {
    let about = std::fs::metadata(path).map_err(io("look at the file", path))?;
    if !about.is_file() {
        return Err(Fault::input("keep", "Only a regular file can be kept.").at(path.display()));
    }
    if about.len() > IN_MEMORY {
        let (digest, size) = log.store().put_object(path)?;
        return Ok(Taken::Object(digest, size));
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(IN_MEMORY + 1).read_to_end(&mut bytes))
        .map_err(io("read the file", path))?;
    if bytes.len() as u64 > IN_MEMORY {
        // It grew in between.
        let (digest, size) = log.store().put_object(path)?;
        return Ok(Taken::Object(digest, size));
    }
    Ok(Taken::Small(bytes.into()))
}
