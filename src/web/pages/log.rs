//! The log of a case: who did what when, and what the account holder's trails show.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::Response;
use serde::Serialize;

use super::Part;
use super::head::{Head, head};
use crate::access::Ability;
use crate::evidence::timeline::{self, Moment, MomentSource};
use crate::fault::Result;
use crate::web::look::Look;
use crate::web::shown::{Paging, When, line, paged, path, short};
use crate::web::visit::Visit;
use crate::web::{Web, page};

/// How many moments a page shows.
const SIZE: usize = 100;

/// What can be chosen: its name in the path, its words, and what it is.
const KINDS: &[(&str, &str, Option<MomentSource>)] = &[
    ("", "Everything in the log", None),
    ("action", "What we did", Some(MomentSource::Action)),
    ("case", "About the case", Some(MomentSource::Case)),
    ("contact", "Contacts", Some(MomentSource::Contact)),
    ("clock", "Clocks", Some(MomentSource::Clock)),
    (
        "trail",
        "The account holder’s events",
        Some(MomentSource::Trail),
    ),
];

#[derive(Debug, Serialize)]
struct Page {
    title: &'static str,
    head: Head,
    kinds: Vec<KindView>,
    moments: Vec<MomentView>,
    paging: Paging,
}

#[derive(Debug, Serialize)]
struct KindView {
    href: String,
    words: &'static str,
    here: bool,
}

#[derive(Debug, Serialize)]
struct MomentView {
    at: When,
    kind: String,
    by: Option<String>,
    text: String,
    line: Option<u64>,
    evidence: Option<(String, String)>,
}

pub(super) async fn show(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path(id): Path<String>,
    Query(part): Query<Part>,
) -> Response {
    let made = made(&web, &visit, &id, part).await;
    page::answered(&web, &visit, "log", made)
}

async fn made(web: &Arc<Web>, visit: &Visit, id: &str, part: Part) -> Result<Page> {
    if part.kind != "trail" {
        return web
            .look(visit, id, Ability::SeeEvidence, move |look| {
                let entries = look.web.app.entries(look.id.as_str())?;
                let moments = timeline::of_log(&entries, look.state);
                let by = entries
                    .iter()
                    .map(|entry| (entry.seq + 1, entry.by.to_string()));
                Ok(page_of(look, &part, moments, &by.collect()))
            })
            .await;
    }
    // What the trails hold lies in the store, not in the ledger.
    let moments = web
        .at_desk(visit, id, Ability::SeeEvidence, crate::app::Desk::timeline)
        .await?;
    web.look(visit, id, Ability::SeeEvidence, move |look| {
        Ok(page_of(look, &part, moments, &BTreeMap::new()))
    })
    .await
}

fn page_of(
    look: &Look<'_>,
    part: &Part,
    mut moments: Vec<Moment>,
    by: &BTreeMap<u64, String>,
) -> Page {
    let base = path(&["cases", look.id.as_str(), "log"]);
    let href = |kind: &str| match kind {
        "" => base.clone(),
        kind => format!("{base}?kind={kind}"),
    };
    let chosen = KINDS.iter().find(|(name, ..)| *name == part.kind);
    let (name, _, source) = chosen.unwrap_or(&("", "", None));
    match source {
        Some(source) => moments.retain(|moment| moment.source == *source),
        // What is still to come, such as the end of a clock, is no part of what happened.
        None => moments.retain(|moment| moment.at <= look.now),
    }
    moments.reverse();
    let (moments, paging) = paged(moments, part.number(), SIZE, &href(name));
    let kinds = KINDS.iter().map(|(kind, words, _)| KindView {
        href: href(kind),
        words,
        here: kind == name,
    });
    Page {
        title: "Log",
        head: head(look, "log"),
        kinds: kinds.collect(),
        moments: moments.into_iter().map(|one| view(look, one, by)).collect(),
        paging,
    }
}

fn view(look: &Look<'_>, moment: Moment, by: &BTreeMap<u64, String>) -> MomentView {
    let evidence = moment.evidence.map(|id| {
        let href = path(&["cases", look.id.as_str(), "evidence", id.as_str()]);
        (id.to_string(), href)
    });
    MomentView {
        at: look.words.when(moment.at),
        kind: moment.source.to_string(),
        by: moment.line.and_then(|line| Some(short(by.get(&line)?))),
        text: line(&moment.text),
        line: moment.line,
        evidence,
    }
}
