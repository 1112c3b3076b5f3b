//! Archives that a provider makes, as evidence: fetched without a credential, streamed to disk, hashed.

use url::Url;

use super::git::Work;
use super::recorder::{Label, Recorder};
use super::redact;
use crate::case::event::Source;
use crate::fault::Result;
use crate::http::download;
use crate::id::EvidenceId;

/// The largest archive that is taken, bytes.
const LIMIT: u64 = 64 << 30;

/// Fetches what lies at `place` and keeps it. The record names the address without its query, which
/// alone lets anybody fetch the archive.
///
/// # Errors
/// As [`download::to_file`]; nothing is kept then.
pub async fn keep(recorder: &Recorder, place: &Url, title: &str) -> Result<EvidenceId> {
    let work = Work::begin(recorder.log().dir())?;
    let path = work.0.join("archive");
    let fetched = download::to_file(place, &path, LIMIT).await?;
    let media_type = fetched.headers.get(http::header::CONTENT_TYPE);
    let label = Label {
        title: title.to_owned(),
        media_type: media_type
            .and_then(|value| value.to_str().ok())
            .unwrap_or("application/octet-stream")
            .to_owned(),
        source: Source::Exchange {
            method: "GET".to_owned(),
            url: redact::url(&fetched.url),
            request_headers: Vec::new(),
            request_body: None,
            status: Some(200),
            response_headers: redact::headers(&fetched.headers),
            redacted: Vec::new(),
            broken: None,
            attempt: 1,
            took_ms: fetched.took_ms,
            credential: "none".to_owned(),
        },
    };
    recorder.keep_path_as(&path, label).await
}
