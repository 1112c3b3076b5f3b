//! The pages, by path.
//!
//! One file is one page, or one thing that can be done: look at the case, make plain data of it, put it
//! into the template of the same name. What may be asked for is decided there by one ability.

mod accounts;
mod acts;
mod case;
mod cases;
mod clock;
mod contacts;
mod doors;
mod duty;
mod evidence;
mod facts;
mod gate;
mod head;
pub(super) mod keep;
mod leads;
mod lines;
mod links;
pub mod live;
mod log;
mod messages;
mod notice;
mod plan;
mod progress;
mod recall;
mod sanctions;
mod tell;
mod undo;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::handler::Handler;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, get, post};

use super::visit::Visit;
use super::{Web, page};
use crate::fault::Fault;

/// How much a form may bring in files, bytes.
const FILES: usize = 32 << 20;

/// One page, or one thing that can be done.
pub struct Route {
    /// `GET` looks, `POST` does.
    pub method: &'static str,
    /// With `{names}`.
    pub path: &'static str,
    serve: MethodRouter<Arc<Web>>,
}

impl std::fmt::Debug for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// A page.
pub(super) fn look<H: Handler<T, Arc<Web>>, T: 'static>(path: &'static str, handler: H) -> Route {
    let (method, serve) = ("GET", get(handler));
    Route {
        method,
        path,
        serve,
    }
}

/// What a form does.
pub(super) fn act<H: Handler<T, Arc<Web>>, T: 'static>(path: &'static str, handler: H) -> Route {
    let (method, serve) = ("POST", post(handler));
    Route {
        method,
        path,
        serve,
    }
}

/// The same for a form that brings files.
fn bring<H: Handler<T, Arc<Web>>, T: 'static>(path: &'static str, handler: H) -> Route {
    let mut route = act(path, handler);
    route.serve = route.serve.layer(DefaultBodyLimit::max(FILES));
    route
}

/// Every page and everything that can be done in one: a test holds each against what each role may.
pub fn routes() -> Vec<Route> {
    let mut all = vec![
        look("/", cases::show),
        look("/messages/{message}", messages::show),
        act("/messages/{message}/open", messages::open),
        act("/messages/{message}/dismiss", messages::dismiss),
        look("/recall/{token}", recall::show),
        act("/recall/{token}", recall::take_back),
        look("/assets/{name}", asset),
    ];
    all.extend(of_a_case());
    all.extend(of_clocks());
    all.extend(of_notices());
    all
}

fn of_a_case() -> Vec<Route> {
    vec![
        look("/cases/{id}", case::show),
        look("/cases/{id}/fragment", case::fragment),
        look("/cases/{id}/live", live::follow),
        act("/cases/{id}/do/{act}", acts::take),
        look("/cases/{id}/plan", plan::show),
        act("/cases/{id}/plan/{act}", plan::take),
        look("/cases/{id}/accounts", accounts::show),
        act("/cases/{id}/accounts/{act}", accounts::take),
        look("/cases/{id}/leads", leads::show),
        act("/cases/{id}/leads", leads::record),
        act("/cases/{id}/leads/{lead}/dismiss", leads::dismiss),
        look("/cases/{id}/recall-links", links::show),
        act("/cases/{id}/recall-links", links::make),
        act("/cases/{id}/recall-links/{link}/withdraw", links::withdraw),
        look("/cases/{id}/sanctions", sanctions::show),
        act("/cases/{id}/sanctions/hold", sanctions::hold),
        bring("/cases/{id}/bring/determination", sanctions::propose),
        act(
            "/cases/{id}/sanctions/{determination}/approve",
            sanctions::approve,
        ),
        look("/cases/{id}/undo", undo::show),
        act("/cases/{id}/undo", undo::take),
        look("/cases/{id}/gates/{step}", gate::show),
        act("/cases/{id}/gates/{step}", gate::decide),
        look("/cases/{id}/facts", facts::show),
        act("/cases/{id}/facts", facts::record),
        act("/cases/{id}/facts/withdraw", facts::withdraw),
        look("/cases/{id}/contacts", contacts::show),
        look("/cases/{id}/evidence", evidence::list),
        bring("/cases/{id}/bring/evidence", keep::take),
        act("/cases/{id}/export", keep::give),
        look("/cases/{id}/evidence/{item}", evidence::show),
        look("/cases/{id}/evidence/{item}/bytes", evidence::bytes),
        look("/cases/{id}/log", log::show),
    ]
}

fn of_clocks() -> Vec<Route> {
    vec![
        look("/cases/{id}/clocks", tell::clocks),
        look("/cases/{id}/clocks.ics", tell::calendar),
        look("/cases/{id}/clocks/{clock}", clock::show),
        act("/cases/{id}/clocks/{clock}", clock::choose),
        act("/cases/{id}/clocks/{clock}/answer", tell::answer),
        act("/cases/{id}/clocks/{clock}/receipt", tell::receipt),
        act(
            "/cases/{id}/clocks/{clock}/receipt/withdraw",
            tell::unreceipt,
        ),
        act("/cases/{id}/clocks/{clock}/delay", tell::delay),
        act(
            "/cases/{id}/clocks/{clock}/delay/{delay}/withdraw",
            tell::undelay,
        ),
        act("/cases/{id}/instants", tell::record),
        act("/cases/{id}/instants/{instant}/withdraw", tell::withdraw),
    ]
}

fn of_notices() -> Vec<Route> {
    use notice::{acts, fields, files, list, redline, sheet};
    vec![
        look("/cases/{id}/notices", list::show),
        act("/cases/{id}/notices", list::draft),
        look("/cases/{id}/notices/{notice}", sheet::show),
        look("/cases/{id}/notices/{notice}/fields", fields::show),
        look("/cases/{id}/notices/{notice}/redline", redline::show),
        look("/cases/{id}/notices/{notice}/as/{form}", sheet::download),
        look("/cases/{id}/notices/{notice}/file/{file}", files::download),
        act("/cases/{id}/notices/{notice}/do/{act}", acts::take),
        bring("/cases/{id}/notices/{notice}/bring/{act}", acts::bring),
    ]
}

/// The pages.
pub fn router() -> Router<Arc<Web>> {
    of(routes()).fallback(missing)
}

/// Routes, served.
pub(super) fn of(routes: Vec<Route>) -> Router<Arc<Web>> {
    let routes = routes.into_iter();
    routes.fold(Router::new(), |router, route| {
        router.route(route.path, route.serve)
    })
}

/// Which part of a list is asked for, and of what kind.
#[derive(Debug, Default, serde::Deserialize)]
struct Part {
    /// Counted from 1; anything else is the first.
    #[serde(default)]
    page: String,
    #[serde(default)]
    kind: String,
}

impl Part {
    fn number(&self) -> usize {
        self.page.parse().unwrap_or(1)
    }
}

async fn asset(
    State(web): State<Arc<Web>>,
    visit: Option<Visit>,
    Path(name): Path<String>,
) -> Response {
    match page::asset(&name) {
        Some((media_type, bytes)) => ([("content-type", media_type)], bytes).into_response(),
        None => missing(State(web), visit).await,
    }
}

async fn missing(State(web): State<Arc<Web>>, visit: Option<Visit>) -> Response {
    let fault = Fault::input("no-page", "There is no such page.").hint("begin at /");
    page::fault(&web, visit.as_ref(), &fault)
}
