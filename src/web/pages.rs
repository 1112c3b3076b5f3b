//! The pages, by path.
//!
//! One file is one page, or one thing that can be done: look at the case, make plain data of it, put it
//! into the template of the same name. What may be asked for is decided there by one ability.

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
mod lines;
pub mod live;
mod log;
mod messages;
mod notice;
mod plan;
mod progress;
mod recall;
mod tell;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};

use super::visit::Visit;
use super::{Web, page};
use crate::fault::Fault;

/// How much a form may bring in files, bytes.
const FILES: usize = 32 << 20;

/// Every route.
pub fn router() -> Router<Arc<Web>> {
    Router::new()
        .route("/", get(cases::show))
        .route("/messages/{message}", get(messages::show))
        .route("/messages/{message}/open", post(messages::open))
        .route("/messages/{message}/dismiss", post(messages::dismiss))
        .route("/cases/{id}", get(case::show))
        .route("/cases/{id}/fragment", get(case::fragment))
        .route("/cases/{id}/live", get(live::follow))
        .route("/cases/{id}/do/{act}", post(acts::take))
        .route("/cases/{id}/plan", get(plan::show))
        .route("/cases/{id}/plan/{act}", post(plan::take))
        .route(
            "/cases/{id}/gates/{step}",
            get(gate::show).post(gate::decide),
        )
        .route(
            "/cases/{id}/clocks/{clock}",
            get(clock::show).post(clock::choose),
        )
        .route(
            "/cases/{id}/notices",
            get(notice::list::show).post(notice::list::draft),
        )
        .route(
            "/cases/{id}/notices/{notice}/fields",
            get(notice::fields::show),
        )
        .route("/cases/{id}/notices/{notice}", get(notice::sheet::show))
        .route(
            "/cases/{id}/notices/{notice}/redline",
            get(notice::redline::show),
        )
        .route(
            "/cases/{id}/notices/{notice}/as/{form}",
            get(notice::sheet::download),
        )
        .route(
            "/cases/{id}/notices/{notice}/file/{file}",
            get(notice::files::download),
        )
        .route(
            "/cases/{id}/notices/{notice}/do/{act}",
            post(notice::acts::take),
        )
        .route(
            "/cases/{id}/notices/{notice}/bring/{act}",
            post(notice::acts::bring).layer(DefaultBodyLimit::max(FILES)),
        )
        .route("/cases/{id}/facts", get(facts::show).post(facts::record))
        .route("/cases/{id}/facts/withdraw", post(facts::withdraw))
        .route("/cases/{id}/clocks", get(tell::clocks))
        .route("/cases/{id}/clocks.ics", get(tell::calendar))
        .route("/cases/{id}/clocks/{clock}/answer", post(tell::answer))
        .route("/cases/{id}/clocks/{clock}/receipt", post(tell::receipt))
        .route(
            "/cases/{id}/clocks/{clock}/receipt/withdraw",
            post(tell::unreceipt),
        )
        .route("/cases/{id}/clocks/{clock}/delay", post(tell::delay))
        .route(
            "/cases/{id}/clocks/{clock}/delay/{delay}/withdraw",
            post(tell::undelay),
        )
        .route("/cases/{id}/instants", post(tell::record))
        .route(
            "/cases/{id}/instants/{instant}/withdraw",
            post(tell::withdraw),
        )
        .route("/cases/{id}/contacts", get(contacts::show))
        .route("/cases/{id}/evidence", get(evidence::list))
        .route("/cases/{id}/evidence/{item}", get(evidence::show))
        .route("/cases/{id}/evidence/{item}/bytes", get(evidence::bytes))
        .route("/cases/{id}/log", get(log::show))
        .route("/recall/{token}", get(recall::show).post(recall::take_back))
        .route("/assets/{name}", get(asset))
        .fallback(missing)
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
