//! The files of a notice: those that go out with it, and those that show its receipt. Whoever may read the
//! notice may have them, also who may see no other evidence.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use serde::Serialize;

use super::super::evidence::{name_of, saved};
use super::{at_notice, notice_id};
use crate::access::Ability;
use crate::case::event::Evidence;
use crate::case::state::NoticeRecord;
use crate::fault::{Fault, Result};
use crate::id::{EvidenceId, NoticeId};
use crate::web::look::Look;
use crate::web::shown::{When, line, short};
use crate::web::visit::Visit;
use crate::web::{Web, page};

/// A file that goes out with a notice.
#[derive(Debug, Serialize)]
pub(super) struct FileView {
    name: String,
    sha256: String,
    href: String,
}

/// What the addressee answered.
#[derive(Debug, Serialize)]
pub(super) struct Answered {
    reference: String,
    at: When,
    by: String,
    files: Vec<FileView>,
}

/// The files that go out with a notice.
pub(super) fn sent_along(look: &Look<'_>, id: &NoticeId, record: &NoticeRecord) -> Vec<FileView> {
    let files = record.attachments.iter().map(|file| FileView {
        name: short(&file.name),
        sha256: file.sha256.to_string(),
        href: href(look, id, &file.evidence),
    });
    files.collect()
}

/// What the addressee answered, with the files that show it.
pub(super) fn receipts(look: &Look<'_>, id: &NoticeId, record: &NoticeRecord) -> Vec<Answered> {
    let file = |kept: &EvidenceId| {
        let item = look.state.evidence.get(kept)?;
        Some(FileView {
            name: short(&name_of(item)),
            sha256: item.sha256.to_string(),
            href: href(look, id, kept),
        })
    };
    let each = record.receipts.iter().map(|receipt| Answered {
        reference: line(&receipt.reference),
        at: look.words.when(receipt.at),
        by: short(&receipt.by),
        files: receipt.evidence.iter().filter_map(file).collect(),
    });
    each.collect()
}

fn href(look: &Look<'_>, id: &NoticeId, kept: &EvidenceId) -> String {
    format!("{}/file/{kept}", at_notice(look.id.as_str(), id.as_str()))
}

/// A file of a notice, to be saved.
pub(in crate::web) async fn download(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path((id, notice, file)): Path<(String, String, String)>,
) -> Response {
    let made = downloaded(&web, &visit, &id, &notice, &file).await;
    page::given(&web, &visit, made)
}

async fn downloaded(
    web: &Arc<Web>,
    visit: &Visit,
    id: &str,
    notice: &str,
    file: &str,
) -> Result<Response> {
    let notice = notice_id(notice)?;
    let file = file.to_owned();
    let (item, name) = web
        .read_notice(visit, id, &notice, move |case, notice| {
            let file: EvidenceId = file.parse().map_err(|_| no_file())?;
            let item = case.state.evidence.get(&file).ok_or_else(no_file)?;
            let name = named(case.draft(notice)?, item).ok_or_else(no_file)?;
            Ok((item.clone(), name))
        })
        .await?;
    saved(web, visit, id, Ability::SeeCase, item, &name).await
}

/// The name under which an item belongs to a notice; nothing where it does not.
fn named(record: &NoticeRecord, item: &Evidence) -> Option<String> {
    let mut attached = record.attachments.iter();
    if let Some(attached) = attached.find(|one| one.evidence == item.id) {
        return Some(attached.name.clone());
    }
    let mut shown = record.receipts.iter().flat_map(|one| &one.evidence);
    shown.any(|one| *one == item.id).then(|| name_of(item))
}

fn no_file() -> Fault {
    Fault::input("no-evidence", "The notice has no such file.")
}
