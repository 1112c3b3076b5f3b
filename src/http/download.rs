//! Files that a provider hands out elsewhere, behind an address that is itself the right to them.
//!
//! No credential leaves, no redirect is followed, nothing is held in memory.

use std::path::Path;
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use tokio::fs::OpenOptions;
use tokio::io::AsyncWriteExt as _;
use tokio::time::Instant;
use url::Url;

use super::transport;
use crate::fault::{Fault, Result, io};

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long the other side may be silent.
const SILENCE: Duration = Duration::from_mins(1);

/// What [`to_file`] reports when the same address, or a fresh one, may give the file after all.
pub const BROKEN: &str = "download-broken";

/// A file that was fetched.
#[derive(Debug, Clone)]
pub struct Download {
    /// Where from, without the query: that is the secret.
    pub url: Url,
    /// Every header of the answer.
    pub headers: HeaderMap,
    /// How many bytes came.
    pub bytes: u64,
    /// How long it took, milliseconds.
    pub took_ms: u64,
}

/// Fetches `url` into the new file `path`, up to `limit` bytes.
///
/// # Errors
/// `download-refused`: the address is not encrypted and not this machine. `download-answer`: anything
/// but `200`. `download-large`. [`BROKEN`]: it may be tried again. The disk fails.
pub async fn to_file(url: &Url, path: &Path, limit: u64) -> Result<Download> {
    let mut shown = url.clone();
    super::strip_userinfo(&mut shown);
    let mut called = shown.clone();
    called.set_fragment(None);
    shown.set_query(None);
    shown.set_fragment(None);
    let fault = |code, what: String| Fault::failed(code, what).at(&shown);
    if let Some(why) = transport::unencrypted(&called) {
        return Err(fault(
            "download-refused",
            format!("Nothing was fetched: {why}."),
        ));
    }
    let broken = |error: reqwest::Error| {
        let why = transport::why(error);
        fault(BROKEN, format!("The file did not come to its end: {why}."))
    };
    let too_large = || {
        let what = format!("The file is above the limit of {limit} bytes; nothing was kept.");
        fault("download-large", what)
    };
    let client = transport::base(CONNECT)
        .read_timeout(SILENCE)
        .no_proxy()
        .build()
        .map_err(transport::no_tls)?;
    let began = Instant::now();
    let mut response = client.get(called).send().await.map_err(broken)?;
    let status = response.status();
    if status != StatusCode::OK {
        let code = if status.is_server_error() {
            BROKEN
        } else {
            "download-answer"
        };
        let what = format!("The server of the file answered {}.", status.as_u16());
        return Err(fault(code, what));
    }
    if response.content_length().is_some_and(|size| size > limit) {
        return Err(too_large());
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .await
        .map_err(io("make the file", path))?;
    let mut bytes = 0_u64;
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        bytes = bytes.saturating_add(chunk.len() as u64);
        if bytes > limit {
            return Err(too_large());
        }
        file.write_all(&chunk)
            .await
            .map_err(io("write the file", path))?;
    }
    file.flush().await.map_err(io("write the file", path))?;
    Ok(Download {
        url: shown,
        headers: response.headers().clone(),
        bytes,
        took_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
    })
}
