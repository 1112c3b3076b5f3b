//! Who asks for a page, and what they send with it.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{
    ConnectInfo, FromRequest, FromRequestParts, Multipart, OptionalFromRequestParts, Request,
};
use axum::response::{IntoResponse as _, Redirect, Response};
use http::request::Parts;
use http::{Method, header};
use serde::de::DeserializeOwned;
use subtle::ConstantTimeEq as _;

use super::guard;
use super::signin::local;
use super::{Web, page};
use crate::access::Principal;
use crate::fault::Fault;

/// How long the fields of a form may take to arrive.
const FIELDS_WITHIN: Duration = Duration::from_secs(10);
/// How long files may take to arrive.
const FILES_WITHIN: Duration = Duration::from_mins(2);

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub struct Visit {
    /// Who.
    pub principal: Principal,
    /// What each form of theirs carries: a page of another site cannot know it.
    pub csrf: String,
}

impl FromRequestParts<Arc<Web>> for Visit {
    type Rejection = Response;

    /// Whoever is not signed in goes to the sign-in, and comes back after it.
    async fn from_request_parts(parts: &mut Parts, web: &Arc<Web>) -> Result<Self, Response> {
        if let Some(visit) = parts.extensions.get::<Self>() {
            return Ok(visit.clone());
        }
        // The browser keeps the cookie back when a link in a mail led here: from a page of ours, it
        // sends it. Only once: the second request does not come from elsewhere.
        if parts.method == Method::GET && guard::from_elsewhere(&parts.headers) {
            let to = parts.uri.path_and_query().map_or("/", |to| to.as_str());
            let to = local(to);
            let onward = serde_json::json!({ "title": "One moment", "to": to });
            return Err(page::answer(web, None, "onward", &onward));
        }
        let back = parts.uri.path_and_query().map_or("/", |back| back.as_str());
        let back: String = url::form_urlencoded::byte_serialize(back.as_bytes()).collect();
        Err(Redirect::to(&format!("/signin?next={back}")).into_response())
    }
}

impl OptionalFromRequestParts<Arc<Web>> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        _: &Arc<Web>,
    ) -> Result<Option<Self>, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned())
    }
}

/// The fields of a form that one of our own pages sent: its `csrf` is that of the session.
#[derive(Debug, Clone)]
pub struct Form<T>(pub Visit, pub T);

#[derive(serde::Deserialize)]
struct Csrf {
    #[serde(default)]
    csrf: String,
}

impl<T: DeserializeOwned> FromRequest<Arc<Web>> for Form<T> {
    type Rejection = Response;

    async fn from_request(request: Request, web: &Arc<Web>) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let visit = <Visit as FromRequestParts<_>>::from_request_parts(&mut parts, web).await?;
        let refuse = |fault: &Fault| page::fault(web, Some(&visit), fault);
        let bytes = fields(Request::from_parts(parts, body), web).await;
        let bytes = bytes.map_err(|fault| refuse(&fault))?;
        let Csrf { csrf } = urlencoded(&bytes).map_err(|fault| refuse(&fault))?;
        if !bool::from(csrf.as_bytes().ct_eq(visit.csrf.as_bytes())) {
            return Err(refuse(&not_ours()));
        }
        let fields = urlencoded(&bytes).map_err(|fault| refuse(&fault))?;
        Ok(Self(visit, fields))
    }
}

/// A form of our own pages that brings files: multipart, with the `csrf` of the session before them.
#[derive(Debug)]
pub struct Upload {
    /// Who sent it.
    pub visit: Visit,
    /// The files, by the names that the browser gives; those without a name are left out.
    pub files: Vec<(String, Vec<u8>)>,
    fields: Vec<(String, String)>,
}

impl Upload {
    /// The fields beside the files.
    ///
    /// # Errors
    /// One stands twice.
    pub fn fields<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        let pairs = self
            .fields
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str()));
        let pairs = serde::de::value::MapDeserializer::<_, serde::de::value::Error>::new(pairs);
        T::deserialize(pairs).map_err(|_| unreadable())
    }
}

impl FromRequest<Arc<Web>> for Upload {
    type Rejection = Response;

    async fn from_request(request: Request, web: &Arc<Web>) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let visit = <Visit as FromRequestParts<_>>::from_request_parts(&mut parts, web).await?;
        let request = Request::from_parts(parts, body);
        let read = tokio::time::timeout(FILES_WITHIN, uploaded(visit.clone(), request, web)).await;
        let read = read.unwrap_or_else(|_| Err(unreadable()));
        read.map_err(|fault| page::fault(web, Some(&visit), &fault))
    }
}

async fn uploaded(visit: Visit, request: Request, web: &Arc<Web>) -> Result<Upload, Fault> {
    let multipart = Multipart::from_request(request, web).await;
    let mut multipart = multipart.map_err(|_| unreadable())?;
    let (mut files, mut fields, mut ours) = (Vec::new(), Vec::new(), false);
    while let Some(field) = multipart.next_field().await.map_err(|_| unreadable())? {
        let name = field.name().unwrap_or_default().to_owned();
        let file = field.file_name().map(str::to_owned);
        // Nothing is read before the form has shown whose it is.
        if !ours && name != "csrf" {
            break;
        }
        let bytes = field.bytes().await.map_err(|_| {
            Fault::input("upload", "The files cannot be read: too large, or cut off.")
                .hint("at most 32 MiB in all")
        })?;
        match file {
            Some(file) if !file.is_empty() => files.push((file, bytes.to_vec())),
            Some(_) => {}
            None => {
                let text = String::from_utf8(bytes.to_vec()).map_err(|_| unreadable())?;
                if name == "csrf" {
                    ours = bool::from(text.as_bytes().ct_eq(visit.csrf.as_bytes()));
                } else {
                    fields.push((name, text));
                }
            }
        }
    }
    if !ours {
        return Err(not_ours());
    }
    Ok(Upload {
        visit,
        files,
        fields,
    })
}

fn not_ours() -> Fault {
    Fault::input(
        "form",
        "This form does not come from a page of your session.",
    )
    .hint("open the page again, and send it from there")
}

/// The fields of a form of somebody who is not signed in: the guard has seen that a page of ours
/// sent it.
#[derive(Debug, Clone)]
pub struct Fields<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Arc<Web>> for Fields<T> {
    type Rejection = Response;

    async fn from_request(request: Request, web: &Arc<Web>) -> Result<Self, Response> {
        let bytes = fields(request, web).await;
        let read = bytes.and_then(|bytes| urlencoded(&bytes)).map(Self);
        read.map_err(|fault| page::fault(web, None, &fault))
    }
}

/// A form without fields beside its `csrf`.
#[derive(Debug, Clone, Copy, serde::Deserialize)]
pub struct Nothing {}

/// Where a request comes from, for the limits and the journal of the sign-in.
#[derive(Debug, Clone, Copy)]
pub struct Client(pub Option<IpAddr>);

impl FromRequestParts<Arc<Web>> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, web: &Arc<Web>) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map(|ConnectInfo(peer)| peer.ip());
        let settings = &web.app.settings.signin;
        Ok(Self(guard::client(peer, &parts.headers, settings)))
    }
}

/// The bytes of a form, within the limits of size and time.
async fn fields(request: Request, web: &Arc<Web>) -> Result<Bytes, Fault> {
    let media = request.headers().get(header::CONTENT_TYPE);
    let media = media.and_then(|media| media.to_str().ok()?.split(';').next());
    if media.map(str::trim) != Some("application/x-www-form-urlencoded") {
        return Err(unreadable());
    }
    let bytes = tokio::time::timeout(FIELDS_WITHIN, Bytes::from_request(request, web)).await;
    let bytes = bytes.ok().and_then(Result::ok);
    bytes.ok_or_else(unreadable)
}

fn unreadable() -> Fault {
    Fault::input("form", "The form cannot be read.").hint("open the page again, and fill it in")
}

/// A field that stands twice is refused.
fn urlencoded<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Fault> {
    let pairs = url::form_urlencoded::parse(bytes);
    let pairs = serde::de::value::MapDeserializer::<_, serde::de::value::Error>::new(pairs);
    T::deserialize(pairs).map_err(|_| unreadable())
}
