//! Evidence: what was kept, how it was had, and its bytes as received.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Response};
use futures::stream;
use serde::Serialize;

use super::head::{Head, head};
use super::{Part, keep};
use crate::access::Ability;
use crate::case::event::{Evidence, Source};
use crate::fault::{Fault, Result};
use crate::hostile;
use crate::id::EvidenceId;
use crate::web::desk::may_have;
use crate::web::look::Look;
use crate::web::shown::{Paging, When, line, paged, path, short};
use crate::web::visit::Visit;
use crate::web::{Web, page};

/// How many items a page lists.
const SIZE: usize = 50;

#[derive(Debug, Serialize)]
struct List {
    title: &'static str,
    head: Head,
    items: Vec<Row>,
    paging: Paging,
    /// Where a document is brought to, for who may.
    bring: Option<String>,
    /// Where an export is asked for, for who may.
    export: Option<String>,
    /// Whether what is counsel's may be in it.
    counsel: bool,
}

#[derive(Debug, Serialize)]
struct Row {
    href: String,
    title: String,
    how: &'static str,
    at: When,
    size: String,
}

pub(super) async fn list(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path(id): Path<String>,
    Query(part): Query<Part>,
) -> Response {
    let made = web
        .look(&visit, &id, Ability::SeeEvidence, move |look| {
            let newest: Vec<&Evidence> = look.state.evidence.values().rev().collect();
            let href = path(&["cases", look.id.as_str(), "evidence"]);
            let (items, paging) = paged(newest, part.number(), SIZE, &href);
            let may = look.may(keep::ability(&look.visit.principal));
            Ok(List {
                bring: may.then(|| path(&["cases", look.id.as_str(), "bring", "evidence"])),
                export: may.then(|| path(&["cases", look.id.as_str(), "export"])),
                counsel: look.may(Ability::Counsel),
                title: "Evidence",
                head: head(look, "evidence"),
                items: items.into_iter().map(|item| row(look, item)).collect(),
                paging,
            })
        })
        .await;
    page::answered(&web, &visit, "evidence", made)
}

fn row(look: &Look<'_>, item: &Evidence) -> Row {
    Row {
        href: path(&["cases", look.id.as_str(), "evidence", item.id.as_str()]),
        title: line(&item.title),
        how: how(&item.source),
        at: look.words.when(item.at),
        size: size(item.bytes),
    }
}

pub(super) const fn how(source: &Source) -> &'static str {
    match source {
        Source::Exchange {
            status: Some(_), ..
        } => "answer of a provider",
        Source::Exchange { .. } => "call without an answer",
        Source::File { .. } => "file that a person gave",
        Source::Webhook { .. } => "webhook as received",
        Source::Program { .. } => "output of a program",
        Source::Derived { .. } => "made from other evidence",
    }
}

/// `1,234 bytes`.
fn size(bytes: u64) -> String {
    let digits = bytes.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text + if bytes == 1 { " byte" } else { " bytes" }
}

/// The page of one item.
#[derive(Debug, Serialize)]
struct Page {
    title: String,
    head: Head,
    id: String,
    sha256: String,
    at: When,
    size: String,
    how: &'static str,
    /// Names and values of how it was had.
    facts: Vec<(&'static str, String)>,
    sections: Vec<(&'static str, Vec<(String, String)>)>,
    from: Vec<(String, String)>,
    download: Option<String>,
}

pub(super) async fn show(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path((id, item)): Path<(String, String)>,
) -> Response {
    let made = web
        .look(&visit, &id, Ability::SeeEvidence, move |look| {
            page_of(look, &item)
        })
        .await;
    page::answered(&web, &visit, "item", made)
}

fn no_evidence() -> Fault {
    Fault::input("no-evidence", "The case has no such evidence.")
}

fn find<'a>(look: &'a Look<'_>, item: &str) -> Result<&'a Evidence> {
    let id: EvidenceId = item.parse().map_err(|_| no_evidence())?;
    look.state.evidence.get(&id).ok_or_else(no_evidence)
}

fn page_of(look: &Look<'_>, item: &str) -> Result<Page> {
    let item = find(look, item)?;
    let mut page = Page {
        title: short(&item.title),
        head: head(look, "item"),
        id: item.id.to_string(),
        sha256: item.sha256.to_string(),
        at: look.words.when(item.at),
        size: size(item.bytes),
        how: how(&item.source),
        facts: vec![
            ("Media type as given", line(&item.media_type)),
            ("Collected by", line(&item.tool)),
        ],
        sections: Vec::new(),
        from: Vec::new(),
        download: Some(path(&[
            "cases",
            look.id.as_str(),
            "evidence",
            item.id.as_str(),
            "bytes",
        ])),
    };
    match &item.source {
        Source::Exchange { .. } => exchange(&mut page, &item.source),
        Source::File { name } => page.facts.push(("File name", line(name))),
        Source::Webhook { source, headers } => {
            page.facts.push(("Source", line(source)));
            page.sections.push(("Headers", pairs(headers)));
        }
        Source::Program { command, version } => {
            page.facts.push(("Command", line(&command.join(" "))));
            page.facts.push(("Version", line(version)));
        }
        Source::Derived { from, how } => {
            page.facts.push(("How", line(how)));
            let href =
                |id: &EvidenceId| path(&["cases", look.id.as_str(), "evidence", id.as_str()]);
            page.from = from.iter().map(|id| (id.to_string(), href(id))).collect();
        }
    }
    Ok(page)
}

fn exchange(page: &mut Page, source: &Source) {
    let Source::Exchange {
        method,
        url,
        request_headers,
        request_body,
        status,
        response_headers,
        redacted,
        broken,
        attempt,
        took_ms,
        credential,
    } = source
    else {
        return;
    };
    page.facts
        .push(("Call", hostile::one_line(&format!("{method} {url}"), 1000)));
    page.facts.push(("Credential", line(credential)));
    if let Some(status) = status {
        let answer = format!("status {status} after {took_ms} ms, attempt {attempt}");
        page.facts.push(("Answer", answer));
    } else {
        let why = broken.as_deref().unwrap_or("not known");
        page.facts.push(("No answer", line(why)));
        page.download = None;
    }
    if let Some(body) = request_body {
        page.facts.push(("Sent", hostile::one_line(body, 1000)));
    }
    if !redacted.is_empty() {
        let what = format!(
            "{}; every other byte is as received",
            crate::ui::count(redacted.len(), "value")
        );
        page.facts.push(("Secrets removed", what));
    }
    page.sections
        .push(("Headers of the request", pairs(request_headers)));
    page.sections
        .push(("Headers of the answer", pairs(response_headers)));
}

fn pairs(headers: &[(String, String)]) -> Vec<(String, String)> {
    let headers = headers.iter().take(200);
    headers
        .map(|(name, value)| (short(name), hostile::one_line(value, 600)))
        .collect()
}

/// The bytes as received, to be saved; no browser shows them.
pub(super) async fn bytes(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path((id, item)): Path<(String, String)>,
) -> Response {
    let made = fetched(&web, &visit, &id, item).await;
    page::given(&web, &visit, made)
}

async fn fetched(web: &Arc<Web>, visit: &Visit, id: &str, item: String) -> Result<Response> {
    let item = web
        .look(visit, id, Ability::SeeEvidence, move |look| {
            let item = find(look, &item)?;
            may_have(&look.visit.principal, item)?;
            Ok(item.clone())
        })
        .await?;
    let name = name_of(&item);
    saved(web, visit, id, Ability::SeeEvidence, item, &name).await
}

/// The name that an item is saved under. Hostile text.
pub(super) fn name_of(item: &Evidence) -> String {
    match &item.source {
        Source::File { name } => name.clone(),
        _ => format!("{}.bin", item.id),
    }
}

/// The bytes of an item that the visitor may have, as a file of that name.
///
/// # Errors
/// As [`Web::at_desk`]; the bytes are gone.
pub(super) async fn saved(
    web: &Arc<Web>,
    visit: &Visit,
    id: &str,
    ability: Ability,
    item: Evidence,
    name: &str,
) -> Result<Response> {
    let headers = [
        ("content-type", "application/octet-stream".to_owned()),
        ("content-length", item.bytes.to_string()),
        ("content-disposition", page::attachment(name)),
    ];
    let held = web
        .at_desk(visit, id, ability, move |desk| desk.held(&item))
        .await?;
    let body = match held {
        crate::app::custody::Held::Bytes(bytes) => Body::from(bytes),
        crate::app::custody::Held::File(file) => Body::from_stream(chunks(file)),
    };
    Ok((headers, body).into_response())
}

/// A large file in pieces, so that memory stays bounded.
fn chunks(file: std::fs::File) -> impl stream::Stream<Item = std::io::Result<Bytes>> {
    use tokio::io::AsyncReadExt as _;
    const PIECE: usize = 256 * 1024;
    stream::try_unfold(tokio::fs::File::from_std(file), async |mut file| {
        let mut piece = Vec::with_capacity(PIECE);
        let read = (&mut file)
            .take(PIECE as u64)
            .read_to_end(&mut piece)
            .await?;
        Ok((read > 0).then(|| (Bytes::from(piece), file)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_read_in_threes() {
        assert_eq!(size(0), "0 bytes");
        assert_eq!(size(1), "1 byte");
        assert_eq!(size(1_234_567), "1,234,567 bytes");
    }
}
