//! The text of a notice field by field, for a person who copies it into the form of the addressee.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use serde::Serialize;

use super::super::head::{Head, head};
use super::{NoticeView, at_notice, no_notice, notice_id, view};
use crate::access::Ability;
use crate::app::summary::Summary;
use crate::fault::{Fault, Result};
use crate::id::NoticeId;
use crate::notice::section::{Section, sections};
use crate::notice::{self, About, Channel};
use crate::web::look::Look;
use crate::web::shown::short;
use crate::web::visit::Visit;
use crate::web::{Web, page};

/// Characters in a line of a field, about.
const WIDTH: usize = 60;

#[derive(Debug, Serialize)]
struct Page {
    title: String,
    head: Head,
    notice: NoticeView,
    back: String,
    /// Whether exactly this text is approved.
    approved: bool,
    replaced: bool,
    out: bool,
    /// The language that goes out, as HTML names it.
    language: &'static str,
    /// What stands before the first field.
    before: String,
    fields: Vec<FieldView>,
    /// How many fields are too long, and how many lack something.
    long: usize,
    lacking: usize,
    digest: String,
}

#[derive(Debug, Serialize)]
struct FieldView {
    number: usize,
    name: String,
    text: String,
    count: usize,
    limit: Option<usize>,
    over: usize,
    missing: bool,
    rows: usize,
}

pub(in crate::web) async fn show(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path((id, notice)): Path<(String, String)>,
) -> Response {
    let made = made(&web, &visit, &id, &notice).await;
    page::answered(&web, &visit, "fields", made)
}

async fn made(web: &Arc<Web>, visit: &Visit, id: &str, notice: &str) -> Result<Page> {
    let notice = notice_id(notice)?;
    let (record, text) = web
        .read_notice(visit, id, &notice, |case, notice| case.notice(notice))
        .await?;
    let about = notice::about(&record.template)?;
    let limits = notice::limits(&record.template)?;
    if about.channel != Channel::Portal {
        let what = "There is no such page: this notice goes into no form.";
        return Err(Fault::input("no-page", what).hint("open the page of the notice"));
    }
    web.look(visit, id, Ability::SeeCase, move |look| {
        page_of(
            look,
            &notice,
            &about,
            sections(&text, Some(limits)),
            record.is_out(),
        )
    })
    .await
}

fn page_of(
    look: &Look<'_>,
    id: &NoticeId,
    about: &About,
    (mut before, mut all): (String, Vec<Section>),
    out: bool,
) -> Result<Page> {
    let summary = Summary::of(look.state, look.now);
    let draft = summary.notices.iter().find(|draft| draft.id == *id);
    let draft = draft.ok_or_else(no_notice)?;
    if all.is_empty() {
        // Nothing is lost of a text without headings.
        let text = std::mem::take(&mut before);
        all.push(Section {
            name: "Text".to_owned(),
            limit: None,
            missing: text.contains("[MISSING: "),
            text,
        });
    }
    let notice = view(look, draft);
    Ok(Page {
        title: format!("Field by field: {}", notice.title),
        head: head(look, "notice"),
        notice,
        back: at_notice(look.id.as_str(), id.as_str()),
        approved: draft.lacks == 0,
        replaced: draft.replaced,
        out,
        language: about.language.code(),
        before,
        long: all.iter().filter(|one| one.over() > 0).count(),
        lacking: all.iter().filter(|one| one.missing).count(),
        fields: all.into_iter().enumerate().map(field).collect(),
        digest: draft.text.to_string(),
    })
}

fn field((index, section): (usize, Section)) -> FieldView {
    let lines = section.text.lines();
    let rows: usize = lines.map(|line| line.chars().count() / WIDTH + 1).sum();
    FieldView {
        number: index + 1,
        name: short(&section.name),
        count: section.count(),
        limit: section.limit,
        over: section.over(),
        missing: section.missing,
        rows: rows.clamp(2, 14),
        text: section.text,
    }
}
