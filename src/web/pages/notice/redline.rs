//! What changed between two versions of a notice, word by word.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::super::head::{Head, head};
use super::text::{PieceView, pieces};
use super::{at_notice, title};
use crate::access::Ability;
use crate::canon::Digest;
use crate::case::state::{NoticeRecord, Version};
use crate::document::redline;
use crate::fault::{Fault, Result};
use crate::time::utc_and_zone;
use crate::web::look::Look;
use crate::web::shown::short;
use crate::web::visit::Visit;
use crate::web::{Web, page};

/// Which versions; the first and the last when nothing is asked.
#[derive(Debug, Default, Deserialize)]
pub(in crate::web) struct Which {
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
}

#[derive(Debug, Serialize)]
struct Page {
    title: String,
    head: Head,
    from: String,
    to: String,
    back: String,
    /// Every version, to choose two of.
    versions: Vec<Choice>,
    action: String,
    /// How many blocks say something else.
    changed: String,
    blocks: Vec<BlockView>,
}

/// A version that can be compared.
#[derive(Debug, Serialize)]
struct Choice {
    text: String,
    words: String,
    /// Whether it is the one that is compared from, or to.
    from: bool,
    to: bool,
}

#[derive(Debug, Serialize)]
struct BlockView {
    changed: bool,
    /// Whether it is new or gone, in a word.
    word: &'static str,
    pieces: Vec<PieceView>,
}

pub(in crate::web) async fn show(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path((id, notice)): Path<(String, String)>,
    Query(which): Query<Which>,
) -> Response {
    let made = made(&web, &visit, &id, &notice, which).await;
    page::answered(&web, &visit, "redline", made)
}

fn digest(text: &str) -> Result<Option<Digest>> {
    if text.is_empty() {
        return Ok(None);
    }
    let read = text.parse().map(Some);
    read.map_err(|_| Fault::input("no-version", "The notice never had this text."))
}

async fn made(web: &Arc<Web>, visit: &Visit, id: &str, notice: &str, which: Which) -> Result<Page> {
    let notice = super::notice_id(notice)?;
    let (from, to) = (digest(&which.from)?, digest(&which.to)?);
    let (record, old, new, texts) = web
        .read_notice(visit, id, &notice, move |case, of| {
            let record = case.notice_record(of)?;
            let first = record.versions.first().map(|version| version.text);
            let texts = (
                from.or(first).unwrap_or(record.text),
                to.unwrap_or(record.text),
            );
            let (_, old) = case.notice_at(of, Some(texts.0))?;
            let (_, new) = case.notice_at(of, Some(texts.1))?;
            Ok((record, old, new, texts))
        })
        .await?;
    let back = at_notice(id, notice.as_str());
    web.look(visit, id, Ability::SeeCase, move |look| {
        let compared = redline(&old, &new);
        let count = compared.iter().filter(|block| block.changed()).count();
        let blocks = compared.iter().map(|block| BlockView {
            changed: block.changed(),
            word: match (block.old, block.new) {
                (None, _) => "new",
                (_, None) => "gone",
                _ if block.changed() => "changed",
                _ => "",
            },
            pieces: pieces(&block.pieces),
        });
        Ok(Page {
            title: format!("What changed: {}", title(&record.template)),
            head: head(look, "notice"),
            from: texts.0.short(),
            to: texts.1.short(),
            action: format!("{back}/redline"),
            back,
            versions: choices(look, &record, texts),
            changed: match count {
                0 => "Nothing changed.".to_owned(),
                count => format!("{} changed.", crate::ui::count(count, "paragraph")),
            },
            blocks: blocks.collect(),
        })
    })
    .await
}

/// The versions by number, time and whose they are. A text that stood twice is chosen once.
fn choices(look: &Look<'_>, record: &NoticeRecord, texts: (Digest, Digest)) -> Vec<Choice> {
    let mut all = record.versions.iter();
    let from = all.clone().position(|version| version.text == texts.0);
    let to = all.rposition(|version| version.text == texts.1);
    let each = record.versions.iter().enumerate();
    let choice = |(place, version): (usize, &Version)| Choice {
        text: version.text.to_string(),
        words: format!(
            "{}: {}, {}, {}",
            place + 1,
            version.text.short(),
            utc_and_zone(version.at, look.web.pages.zone()),
            short(&version.by)
        ),
        from: Some(place) == from,
        to: Some(place) == to,
    };
    each.map(choice).collect()
}
