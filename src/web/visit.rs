//! Who asks for a page, and what they send with it.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, OptionalFromRequestParts, Request};
use axum::response::{IntoResponse as _, Redirect, Response};
use http::request::Parts;
use serde::de::DeserializeOwned;
use subtle::ConstantTimeEq as _;

use super::{Web, page};
use crate::access::Principal;
use crate::fault::Fault;

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
    async fn from_request_parts(parts: &mut Parts, _: &Arc<Web>) -> Result<Self, Response> {
        if let Some(visit) = parts.extensions.get::<Self>() {
            return Ok(visit.clone());
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
        let request = Request::from_parts(parts, body);
        let Ok(bytes) = axum::body::Bytes::from_request(request, web).await else {
            return Err(refuse(&unreadable()));
        };
        let Ok(Csrf { csrf }) = serde_urlencoded(&bytes) else {
            return Err(refuse(&unreadable()));
        };
        if !bool::from(csrf.as_bytes().ct_eq(visit.csrf.as_bytes())) {
            let what = "This form does not come from a page of your session.";
            return Err(refuse(
                &Fault::input("form", what).hint("open the page again, and send it from there"),
            ));
        }
        let fields = serde_urlencoded(&bytes).map_err(|()| refuse(&unreadable()))?;
        Ok(Self(visit, fields))
    }
}

fn unreadable() -> Fault {
    Fault::input("form", "The form cannot be read.").hint("open the page again, and fill it in")
}

fn serde_urlencoded<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ()> {
    let pairs = url::form_urlencoded::parse(bytes);
    let pairs = serde::de::value::MapDeserializer::<_, serde::de::value::Error>::new(pairs);
    T::deserialize(pairs).map_err(drop)
}
