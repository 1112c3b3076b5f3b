//! Notices: where each draft stands, and its text with the facts that it rests on.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use serde::Serialize;

use super::head::{Head, head};
use crate::access::Ability;
use crate::app::summary::{NoticeLine, Summary};
use crate::fault::{Fault, Result};
use crate::id::NoticeId;
use crate::ui::count;
use crate::web::look::Look;
use crate::web::shown::{Prose, line, path, prose, short};
use crate::web::visit::Visit;
use crate::web::{Web, page};

/// The longest text that is shown, characters; no draft comes near it.
const TEXT: usize = 100_000;

/// One draft in a list.
#[derive(Debug, Serialize)]
pub(super) struct NoticeView {
    id: String,
    href: String,
    title: String,
    addressee: String,
    stage: &'static str,
    missing: Vec<String>,
    waits: Option<String>,
    approved_by: Vec<String>,
    /// What became of the mail, where it is not simply sent.
    outbox: Vec<String>,
}

/// What people call a notice.
pub(super) fn title(template: &str) -> String {
    crate::notice::about(template).map_or_else(|_| short(template), |about| about.title)
}

/// Every draft that counts: the last of each notice.
pub(super) fn notices(look: &Look<'_>, summary: &Summary) -> Vec<NoticeView> {
    let drafts = summary.notices.iter().filter(|draft| !draft.replaced);
    drafts.map(|draft| view(look, draft)).collect()
}

fn view(look: &Look<'_>, draft: &NoticeLine) -> NoticeView {
    let about = crate::notice::about(&draft.template).ok();
    NoticeView {
        id: draft.id.to_string(),
        href: path(&["cases", look.id.as_str(), "notices", draft.id.as_str()]),
        title: title(&draft.template),
        addressee: about.map_or_else(String::new, |about| short(&about.addressee)),
        stage: draft.stage(),
        missing: draft.missing.iter().map(|fact| line(fact)).collect(),
        waits: draft.waits_for().map(|who| line(&who.replace('_', " "))),
        approved_by: draft.approved_by.iter().map(|name| short(name)).collect(),
        outbox: outbox(draft),
    }
}

fn outbox(draft: &NoticeLine) -> Vec<String> {
    let unclear = draft.sending.iter().map(|message_id| {
        format!("Sent with no clear end. Look for Message-ID {message_id} at the mail server before anything is sent again.")
    });
    let waits = draft.delayed.iter().map(|waits| {
        format!(
            "The mail server did not take it yet: {}. It goes out again as it is.",
            waits.why
        )
    });
    let back = draft
        .bounces
        .iter()
        .map(|one| format!("Did not reach {}: {}.", one.recipient, one.status));
    unclear
        .chain(waits)
        .chain(back)
        .map(|text| line(&text))
        .collect()
}

/// The page of one draft.
#[derive(Debug, Serialize)]
struct Page {
    title: String,
    head: Head,
    notice: NoticeView,
    replaced: bool,
    basis: String,
    cautions: Vec<String>,
    digest: String,
    text: Option<Prose>,
    facts: Vec<Fact>,
    facts_words: String,
}

#[derive(Debug, Serialize)]
struct Fact {
    title: String,
    id: String,
    /// Where it is shown, for who may see it.
    href: Option<String>,
}

pub(super) async fn show(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path((id, notice)): Path<(String, String)>,
) -> Response {
    let made = made(&web, &visit, &id, notice).await;
    page::answered(&web, &visit, "notice", made)
}

fn no_notice() -> Fault {
    Fault::input("no-notice", "The case has no such draft.")
}

async fn made(web: &Arc<Web>, visit: &Visit, id: &str, notice: String) -> Result<Page> {
    let notice: NoticeId = notice.parse().map_err(|_| no_notice())?;
    let of = notice.clone();
    let mut page = web
        .look(visit, id, Ability::SeeCase, move |look| page_of(look, &of))
        .await?;
    // The text lies in the store, not in the ledger.
    let text = web
        .at_desk(visit, id, Ability::SeeCase, move |desk| {
            desk.notice(&notice)
        })
        .await?
        .1;
    page.text = Some(prose(&text, TEXT));
    Ok(page)
}

fn page_of(look: &Look<'_>, id: &NoticeId) -> Result<Page> {
    let record = look.state.notices.get(id).ok_or_else(no_notice)?;
    let summary = Summary::of(look.state, look.now);
    let draft = summary.notices.iter().find(|draft| draft.id == *id);
    let notice = view(look, draft.ok_or_else(no_notice)?);
    let about = crate::notice::about(&record.template).ok();
    let see = look.may(Ability::SeeEvidence);
    let facts: Vec<Fact> = record
        .facts
        .iter()
        .map(|fact| Fact {
            title: (look.state.evidence.get(fact))
                .map_or_else(String::new, |item| line(&item.title)),
            id: fact.to_string(),
            href: see.then(|| path(&["cases", look.id.as_str(), "evidence", fact.as_str()])),
        })
        .collect();
    Ok(Page {
        title: notice.title.clone(),
        head: head(look, "notice"),
        replaced: record.replaced_by.is_some(),
        basis: about
            .as_ref()
            .map_or_else(String::new, |about| line(&about.basis)),
        cautions: about.map_or_else(Vec::new, |about| {
            about.cautions.iter().map(|one| line(one)).collect()
        }),
        digest: record.text.to_string(),
        text: None,
        facts_words: count(facts.len(), "item") + " of evidence",
        facts,
        notice,
    })
}
