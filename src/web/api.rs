//! The API, version 1: everything that the pages and the command line do, for programs.
//!
//! One table, [`operations`], makes the routes, checks who may, and is printed as the OpenAPI
//! description. Answers are the documents that the command line prints with `--json`. Errors are
//! problems (RFC 9457). A `POST` with an `Idempotency-Key` is carried out once. What only a person
//! decides, at a gate and on a notice, is not here, nor what makes a way in: a token is no person.

mod accounts;
mod asked;
mod cases;
mod describe;
mod duties;
mod evidence;
mod export;
mod facts;
mod files;
mod leads;
mod messages;
mod notices;
mod once;
mod papers;
mod people;
mod problem;
mod program;
mod recall;
mod repositories;
mod review;
mod sanctions;
mod story;
mod taken;
mod work;

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest as _, Path, RawQuery, Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodFilter, get, on};
use axum::{Extension, Router};
use http::{Method, StatusCode};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::Value;

use super::Web;
use crate::access::{Ability, Principal, Via};
use crate::fault::{Fault, Result};
use asked::Asked;
use problem::problem;

pub use describe::description;
pub use once::Pruned;

/// Where the API is.
pub const BASE: &str = "/api/v1";

/// The largest body of a request, bytes.
const BODY_LIMIT: usize = 1 << 20;

/// The largest body of a request that brings a file, bytes: in Base64 as much as a form of the pages may
/// bring, 32 MiB.
const FILE_LIMIT: usize = 44 << 20;

/// How long a sender may take over the body.
const BODY_WITHIN: Duration = Duration::from_secs(10);

/// The same for a body that brings a file.
const FILE_WITHIN: Duration = Duration::from_mins(2);

/// What a handler gives.
type Done = Pin<Box<dyn Future<Output = Result<Value>> + Send>>;

/// What a handler that gives a file gives.
type Given = Pin<Box<dyn Future<Output = Result<Response>> + Send>>;

/// A schema, made when it is asked for.
type MakeSchema = fn(&mut SchemaGenerator) -> Schema;

fn schema<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// One thing that the API does.
pub struct Operation {
    /// `GET` or `POST`.
    pub method: Method,
    /// Below [`BASE`], with `{names}`.
    pub path: &'static str,
    /// Its name in the description.
    pub name: &'static str,
    /// What it does, one sentence.
    pub about: &'static str,
    /// What whoever asks must be able to do.
    pub needs: Ability,
    /// Whether it gives a list by pages, with `limit` and `cursor`.
    pub paged: bool,
    /// Whether its body brings a file.
    brings_file: bool,
    /// Whether its answer is a secret that is told once and kept nowhere.
    told_once: bool,
    /// The media type of its answer, where that is a file and no JSON.
    gives: Option<&'static str>,
    /// The body that it takes.
    body: Option<MakeSchema>,
    /// The answer that it gives.
    answer: MakeSchema,
    /// The status of the answer.
    pub status: StatusCode,
    act: Act,
}

/// How it is carried out.
#[derive(Clone, Copy)]
enum Act {
    /// Without waiting for anything.
    Look(fn(&Asked) -> Result<Value>),
    /// With what it begins and waits for.
    Do(fn(Asked) -> Done),
    /// A file; its bytes are made while they are read.
    Give(fn(Asked) -> Given),
}

/// What is done already.
fn now(done: Result<Value>) -> Done {
    Box::pin(std::future::ready(done))
}

impl std::fmt::Debug for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl Operation {
    fn get<T: JsonSchema>(
        path: &'static str,
        name: &'static str,
        about: &'static str,
        needs: Ability,
        look: fn(&Asked) -> Result<Value>,
    ) -> Self {
        Self {
            method: Method::GET,
            path,
            name,
            about,
            needs,
            paged: false,
            brings_file: false,
            told_once: false,
            gives: None,
            body: None,
            answer: schema::<T>,
            status: StatusCode::OK,
            act: Act::Look(look),
        }
    }

    fn post<B: JsonSchema, T: JsonSchema>(
        path: &'static str,
        name: &'static str,
        about: &'static str,
        needs: Ability,
        act: fn(Asked) -> Done,
    ) -> Self {
        Self {
            method: Method::POST,
            body: Some(schema::<B>),
            act: Act::Do(act),
            ..Self::get::<T>(path, name, about, needs, |_| Ok(Value::Null))
        }
    }

    fn give<B: JsonSchema>(
        path: &'static str,
        name: &'static str,
        about: &'static str,
        needs: Ability,
        media_type: &'static str,
        act: fn(Asked) -> Given,
    ) -> Self {
        Self {
            method: Method::POST,
            body: Some(schema::<B>),
            gives: Some(media_type),
            act: Act::Give(act),
            ..Self::get::<()>(path, name, about, needs, |_| Ok(Value::Null))
        }
    }

    const fn paged(mut self) -> Self {
        self.paged = true;
        self
    }

    const fn bringing_file(mut self) -> Self {
        self.brings_file = true;
        self
    }

    const fn told_once(mut self) -> Self {
        self.told_once = true;
        self
    }

    const fn answered(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }
}

/// Every operation.
pub fn operations() -> Vec<Operation> {
    let mut all = cases::operations();
    all.extend(leads::operations());
    all.extend(work::operations());
    all.extend(repositories::operations());
    all.extend(papers::operations());
    all.extend(facts::operations());
    all.extend(duties::operations());
    all.extend(notices::operations());
    all.extend(review::operations());
    all.extend(files::operations());
    all.extend(sanctions::operations());
    all.extend(evidence::operations());
    all.extend(export::operations());
    all.extend(program::operations());
    all.extend(people::operations());
    all.extend(messages::operations());
    all.extend(accounts::operations());
    all.extend(recall::operations());
    all.extend(taken::operations());
    all.extend(story::operations());
    all
}

/// The routes of the API.
pub fn router() -> Router<Arc<Web>> {
    let mut router = Router::new().route("/openapi.json", get(async || axum::Json(description())));
    for operation in operations() {
        let operation = Arc::new(operation);
        let filter = if operation.method == Method::GET {
            MethodFilter::GET
        } else {
            MethodFilter::POST
        };
        let path = operation.path;
        let limit = if operation.brings_file {
            FILE_LIMIT
        } else {
            BODY_LIMIT
        };
        let handler = move |State(web): State<Arc<Web>>,
                            principal: Option<Extension<Principal>>,
                            Path(params): Path<BTreeMap<String, String>>,
                            RawQuery(query): RawQuery,
                            request: Request| {
            let operation = Arc::clone(&operation);
            async move {
                let asked = Asked::new(web, params, query.as_deref());
                let principal = principal.map(|Extension(principal)| principal);
                answer(operation, principal, asked, request).await
            }
        };
        let serve = on(filter, handler).layer(DefaultBodyLimit::max(limit));
        router = router.route(path, serve);
    }
    router
        .method_not_allowed_fallback(async || {
            let fault = Fault::input("method", "This address takes another method.");
            problem(&fault, Some(StatusCode::METHOD_NOT_ALLOWED))
        })
        .fallback(async || problem(&Fault::input("no-page", "There is no such address."), None))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
}

/// The body of a request whose sender is known: nobody else holds a place by sending it slowly.
async fn body(request: Request, within: Duration) -> Result<Bytes, (Fault, StatusCode)> {
    let read = tokio::time::timeout(within, Bytes::from_request(request, &()));
    match read.await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(error)) => {
            let fault = Fault::input("body", "The body cannot be taken.");
            Err((fault.at(error.body_text()), error.status()))
        }
        Err(_) => {
            let fault = Fault::input("body", "The body took too long.");
            Err((fault, StatusCode::REQUEST_TIMEOUT))
        }
    }
}

/// The answer to who has no token, or none that holds (RFC 6750, section 3).
pub(super) fn no_token(challenge: &'static str) -> Response {
    let fault = Fault::input("no-token", "This needs a token of the API that holds.")
        .hint("send `Authorization: Bearer TOKEN`; `cordon token new` makes one");
    let mut response = problem(&fault, Some(StatusCode::UNAUTHORIZED));
    let challenge = http::HeaderValue::from_static(challenge);
    response.headers_mut().insert("www-authenticate", challenge);
    response
}

async fn answer(
    operation: Arc<Operation>,
    principal: Option<Principal>,
    asked: Asked,
    request: Request,
) -> Response {
    // A session is for pages: a form of another site could use it, a token it cannot have.
    let token = |principal: &Principal| matches!(principal.via, Via::Token { .. });
    let Some(principal) = principal.filter(token) else {
        return no_token("Bearer");
    };
    if let Err(fault) = principal.may_at_all(operation.needs) {
        return problem(&fault, None);
    }
    if operation.method == Method::POST
        && let Err(fault) = asked::is_json(request.headers())
    {
        return problem(&fault, Some(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    let key = match once::key(request.headers()) {
        // A file is too long to be kept for a repetition.
        Ok(key) => key.filter(|_| operation.method == Method::POST && operation.gives.is_none()),
        Err(fault) => return problem(&fault, None),
    };
    let within = if operation.brings_file {
        FILE_WITHIN
    } else {
        BODY_WITHIN
    };
    let body = match body(request, within).await {
        Ok(body) => body,
        Err((fault, status)) => return problem(&fault, Some(status)),
    };
    let asked = asked.by(principal, body);
    // Stores block: each request has a thread of its own.
    let runtime = tokio::runtime::Handle::current();
    let done = tokio::task::spawn_blocking(move || {
        let status = operation.status;
        let said = |value: Value| (status, axum::Json(value)).into_response();
        let carry_out = |asked: Asked| match operation.act {
            Act::Look(look) => look(&asked).map(said),
            Act::Do(act) => runtime.block_on(act(asked)).map(said),
            Act::Give(give) => runtime.block_on(give(asked)),
        };
        let act = |asked| carry_out(asked).unwrap_or_else(|fault| problem(&fault, None));
        match key {
            None => act(asked),
            Some(key) => once::once(&key, &operation, asked, &runtime, act),
        }
    });
    done.await.unwrap_or_else(|error| {
        let fault = Fault::failed("broken-off", "The request broke off.").caused_by(error);
        problem(&fault, None)
    })
}
