//! Contacts: what came from whoever makes demands, as text that is never live.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::Response;
use serde::Serialize;

use super::head::{Head, head};
use super::sanctions::Determined;
use super::{Part, sanctions};
use crate::access::Ability;
use crate::app::summary::Summary;
use crate::case::event::Contact;
use crate::contact::indicator::defang_text;
use crate::contact::show;
use crate::fault::Result;
use crate::web::look::Look;
use crate::web::shown::{Paging, Prose, When, line, paged, path, prose, short};
use crate::web::visit::Visit;
use crate::web::{Web, page};

/// How many are shown on a page, and how much of each, characters.
const SIZE: usize = 20;
const BODY: usize = 6000;
/// How many are named on the page of the case.
const NAMED: usize = 5;

/// A contact in a line.
#[derive(Debug, Serialize)]
pub(super) struct InShort {
    href: String,
    channel: String,
    from: String,
    subject: String,
    received: When,
    ours: bool,
    demand: bool,
    hinted: bool,
}

/// The last few, the newest first.
pub(super) fn in_short(look: &Look<'_>) -> Vec<InShort> {
    let contacts = look.state.contacts.iter().rev().take(NAMED);
    let href = path(&["cases", look.id.as_str(), "contacts"]);
    contacts
        .map(|contact| InShort {
            href: format!("{href}#{}", contact.id),
            channel: short(&contact.channel),
            from: short(&defang_text(&contact.from)),
            subject: short(&defang_text(&contact.subject)),
            received: look.words.when(contact.received),
            ours: contact.direction == "out",
            demand: contact.demand,
            hinted: contact.hinted && !contact.demand,
        })
        .collect()
}

#[derive(Debug, Serialize)]
struct Page {
    title: &'static str,
    head: Head,
    contacts: Vec<ContactView>,
    paging: Paging,
    hold: Option<String>,
    determinations: Vec<Determined>,
    /// The page of the hold.
    sanctions: String,
}

#[derive(Debug, Serialize)]
struct ContactView {
    id: String,
    heading: String,
    received: When,
    demand: bool,
    /// Sentences that say so, by what they do.
    why: Vec<(&'static str, Vec<String>)>,
    hints: Vec<String>,
    judged: Option<String>,
    lines: Vec<(String, String)>,
    body: Prose,
    deadlines: Vec<show::DeadlineView>,
    indicators: Vec<(String, String)>,
    warnings: Vec<String>,
    evidence: Vec<(String, String)>,
}

pub(super) async fn show(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path(id): Path<String>,
    Query(part): Query<Part>,
) -> Response {
    let made = web
        .look(&visit, &id, Ability::SeeEvidence, move |look| {
            page_of(look, &part)
        })
        .await;
    page::answered(&web, &visit, "contacts", made)
}

#[expect(clippy::unnecessary_wraps, reason = "the form that a look asks for")]
fn page_of(look: &Look<'_>, part: &Part) -> Result<Page> {
    let summary = Summary::of(look.state, look.now);
    let newest: Vec<&Contact> = look.state.contacts.iter().rev().collect();
    let href = path(&["cases", look.id.as_str(), "contacts"]);
    let (contacts, paging) = paged(newest, part.number(), SIZE, &href);
    Ok(Page {
        title: "Contacts",
        head: head(look, "contacts"),
        contacts: contacts
            .into_iter()
            .map(|contact| view(look, contact))
            .collect(),
        paging,
        hold: look.state.sanctions_hold.as_deref().map(line),
        determinations: sanctions::determinations(look, &summary),
        sanctions: sanctions::at(look.id),
    })
}

fn view(look: &Look<'_>, contact: &Contact) -> ContactView {
    let shown = show::contact(contact, look.web.pages.zone());
    let judged = look.state.judged.get(&contact.id).map(|judged| {
        let word = if judged.demand {
            "a demand"
        } else {
            "no demand"
        };
        line(&format!(
            "{} judged this {word}: {}",
            judged.by, judged.reason
        ))
    });
    let way = if contact.direction == "out" {
        "sent to"
    } else {
        "from"
    };
    let who = if contact.direction == "out" {
        contact.to.join(", ")
    } else {
        contact.from.clone()
    };
    let indicators = shown.indicators.iter().take(100);
    ContactView {
        id: contact.id.to_string(),
        heading: format!(
            "{} {way} {}",
            short(&contact.channel),
            short(&defang_text(&who))
        ),
        received: look.words.when(contact.received),
        demand: contact.demand,
        why: shown.demand.as_ref().map_or_else(Vec::new, why),
        hints: shown.hints.iter().map(|hint| line(hint)).collect(),
        judged,
        lines: shown.head,
        body: prose(&shown.body, BODY),
        deadlines: shown.deadlines,
        indicators: indicators
            .map(|one| (short(&one.kind), line(&one.value)))
            .collect(),
        warnings: shown.warnings.iter().map(|warning| line(warning)).collect(),
        evidence: contact
            .evidence
            .iter()
            .map(|id| {
                let href = path(&["cases", look.id.as_str(), "evidence", id.as_str()]);
                (id.to_string(), href)
            })
            .collect(),
    }
}

/// The sentences that make it a demand, by what they do.
fn why(why: &crate::contact::demand::Why) -> Vec<(&'static str, Vec<String>)> {
    let all = [
        ("Asks for money", &why.payment),
        ("Threatens to publish", &why.publish),
        ("Threatens to sell", &why.sell),
        ("Threatens otherwise", &why.threat),
        ("Offers or points to proof", &why.proof),
    ];
    let some = all.into_iter().filter(|(_, said)| !said.is_empty());
    some.map(|(what, said)| (what, said.iter().map(|one| line(one)).collect()))
        .collect()
}
