//! Carries traces to a collector; never to a provider, and never a credential of one.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use opentelemetry_http::{HttpClient, HttpError};
use tokio::runtime::Handle;

/// How long the collector may take.
const WITHIN: Duration = Duration::from_secs(5);

/// A client that works for the thread of the exporter, which has no runtime of its own.
#[derive(Debug)]
pub struct Collector {
    client: reqwest::Client,
    runtime: Handle,
}

impl Collector {
    /// A client on the runtime that is entered.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn new() -> crate::fault::Result<Self> {
        let client = reqwest::Client::builder()
            .timeout(WITHIN)
            .redirect(reqwest::redirect::Policy::none())
            .build();
        let client = client.map_err(|error| {
            crate::fault::Fault::failed("otlp", "Traces cannot be sent.").caused_by(error)
        })?;
        Ok(Self {
            client,
            runtime: Handle::current(),
        })
    }
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        let sent = self.runtime.spawn(async move {
            let answer = client.execute(request.try_into()?).await?;
            let status = answer.status();
            Ok::<_, HttpError>((status, answer.bytes().await?))
        });
        let (status, body) = sent.await??;
        Ok(Response::builder().status(status).body(body)?)
    }
}
