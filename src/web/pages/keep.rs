//! What a person brings and takes along: a document to keep as evidence, and the case as an expert gets it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;

use crate::access::{Ability, Principal};
use crate::app::parcel::Parcel;
use crate::evidence::export::Scope;
use crate::fault::{Fault, Result};
use crate::web::shown::path;
use crate::web::visit::{Form, Upload, Visit};
use crate::web::{Web, page};

/// The longest title, characters.
const LONGEST: usize = 200;

#[derive(Debug, Deserialize)]
struct Said {
    #[serde(default)]
    title: String,
}

/// What lets somebody keep a document: their work on the case, or counsel's. Only one of both is asked
/// for in the refusal.
pub(super) fn ability(principal: &Principal) -> Ability {
    if principal.has(Ability::Counsel) {
        Ability::Counsel
    } else {
        Ability::Work
    }
}

pub(super) async fn take(
    State(web): State<Arc<Web>>,
    Path(id): Path<String>,
    upload: Upload,
) -> Response {
    let visit = upload.visit.clone();
    let done = taken(&web, &visit, &id, upload).await;
    page::then(&web, &visit, done)
}

async fn taken(web: &Arc<Web>, visit: &Visit, id: &str, upload: Upload) -> Result<String> {
    let may = ability(&visit.principal);
    let kept = web
        .act(visit, id, may, async move |desk| {
            let said: Said = upload.fields()?;
            let title = said.title.trim();
            if title.is_empty() || title.chars().count() > LONGEST {
                let what = format!("Say what the document is, in at most {LONGEST} characters.");
                return Err(Fault::input("title", what).hint("go back, and name it"));
            }
            let mut files = upload.files.into_iter();
            let (Some((name, bytes)), None) = (files.next(), files.next()) else {
                let what = "Bring one document at a time.";
                return Err(Fault::input("file", what).hint("go back, and choose a file"));
            };
            desk.keep_document(&name, title, bytes.into()).await
        })
        .await?;
    Ok(path(&["cases", id, "evidence", kept.id.as_str()]))
}

/// What the form of an export says.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    privileged: String,
}

pub(super) async fn give(
    State(web): State<Arc<Web>>,
    Path(id): Path<String>,
    Form(visit, wanted): Form<Wanted>,
) -> Response {
    let scope = if wanted.privileged == "yes" {
        Scope::Privileged
    } else {
        Scope::Facts
    };
    let may = if scope == Scope::Privileged {
        Ability::Counsel
    } else {
        ability(&visit.principal)
    };
    let made = web
        .act(&visit, &id, may, async move |desk| desk.parcel(scope).await)
        .await;
    page::given(&web, &visit, made.map(file))
}

/// An export as a file to be saved; it is packed while it is read.
pub(in crate::web) fn file(parcel: Parcel) -> Response {
    let name = page::attachment(&format!("{}.zip", parcel.name));
    let headers = [
        ("content-type", "application/zip".to_owned()),
        ("content-disposition", name),
    ];
    (headers, Body::from_stream(parcel.pieces())).into_response()
}
