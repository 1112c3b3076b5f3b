//! A token for a client id and its secret (RFC 6749, section 4.4), for HR systems that want one.
//!
//! It is fetched for each record: messages are few, and a token that is not kept cannot be stale. The
//! answer that holds it goes past every witness.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use serde::Deserialize;
use url::Url;

use crate::fault::{Fault, Result};
use crate::http::transport::{Authorize, Bearer, NoAuth, Reqwest, Timeouts};
use crate::http::{Request, Transport};
use crate::secret::{ExposeSecret, SecretString};

/// The largest answer of a token endpoint.
const ANSWER_LIMIT: usize = 16 * 1024;

/// A client id with its secret.
pub(super) struct Grant {
    transport: Reqwest,
    url: Url,
    id: String,
    secret: SecretString,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
}

impl Grant {
    pub(super) fn new(
        url: Url,
        id: String,
        secret: SecretString,
        within: Duration,
    ) -> Result<Self> {
        let timeouts = Timeouts {
            connect: within,
            total: within,
        };
        let transport = Reqwest::through_system_proxy(std::sync::Arc::new(NoAuth), timeouts)?
            .only_to(&url)
            .body_limit(ANSWER_LIMIT);
        Ok(Self {
            transport,
            url,
            id,
            secret,
        })
    }
}

#[async_trait]
impl Authorize for Grant {
    async fn headers(&self, request: &Request) -> Result<HeaderMap> {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "client_credentials")
            .append_pair("client_id", &self.id)
            .append_pair("client_secret", self.secret.expose_secret())
            .finish();
        let mut ask = Request::get(self.url.clone());
        ask.method = Method::POST;
        ask.body = Some(("application/x-www-form-urlencoded", Bytes::from(form)));
        ask.secret_body = true;
        let refused = |why: String| Fault::failed("token-refused", why).at(&self.url);
        let answer = self.transport.roundtrip(&ask).await.map_err(|broken| {
            refused(format!(
                "The token endpoint gave no answer: {}.",
                broken.why
            ))
        })?;
        if answer.status != StatusCode::OK {
            let status = answer.status.as_u16();
            return Err(refused(format!("The token endpoint answered {status}.")));
        }
        // A parse error could quote the token: it is not shown.
        let granted: Granted = serde_json::from_slice(&answer.body)
            .map_err(|_| refused("The token endpoint gave no token.".to_owned()))?;
        Bearer(granted.access_token.into()).headers(request).await
    }
}
