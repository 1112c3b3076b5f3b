//! The notices of a case: where each draft stands, and what can be drafted, what is due first.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::super::head::{Head, head};
use super::{NoticeView, at_notice, notices};
use crate::access::Ability;
use crate::app::summary::Summary;
use crate::clock::{Duty, Shown};
use crate::fault::{Fault, Result};
use crate::notice::{self, About};
use crate::web::look::Look;
use crate::web::shown::{When, line, path, short};
use crate::web::visit::{Form, Visit};
use crate::web::{Web, page};

/// The groups in the order of the page, and what people call them. Others follow, by their own word.
const GROUPS: [(&str, &str); 7] = [
    ("us", "United States, federal"),
    ("us-state", "United States, states"),
    ("eu", "European Union"),
    ("de", "Germany"),
    ("pt", "Portugal"),
    ("uk", "United Kingdom"),
    ("private", "Private parties, and inside the house"),
];

#[derive(Debug, Serialize)]
struct Page {
    title: String,
    head: Head,
    drafts: Vec<NoticeView>,
    /// Whether the visitor may draft.
    may: bool,
    /// What a running duty asks for, the next due first.
    asked: Vec<Choice>,
    groups: Vec<Group>,
    /// How many notices there are.
    all: usize,
    action: String,
}

#[derive(Debug, Serialize)]
struct Group {
    id: String,
    words: String,
    count: usize,
    /// How many of them a running duty asks for.
    asked: usize,
    choices: Vec<Choice>,
}

/// A notice that can be drafted.
#[derive(Debug, Clone, Serialize)]
struct Choice {
    template: String,
    title: String,
    addressee: String,
    /// What keeps it from others, in one word.
    kept: Option<&'static str>,
    /// Whether it tells what is suspected only where a person says so.
    asks: bool,
    duty: Option<Asking>,
    /// The draft that a new one would take the place of.
    stands: Option<String>,
}

/// The clock that asks for a notice.
#[derive(Debug, Clone, Serialize)]
struct Asking {
    title: String,
    href: String,
    due: When,
    overdue: bool,
    /// Whether the time is an internal target, and whether its figure was not checked.
    target: bool,
    unverified: bool,
}

pub(in crate::web) async fn show(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path(id): Path<String>,
) -> Response {
    let made = web.look(&visit, &id, Ability::SeeCase, page_of).await;
    page::answered(&web, &visit, "notices", made)
}

fn page_of(look: &Look<'_>) -> Result<Page> {
    let summary = Summary::of(look.state, look.now);
    let may = look.may(Ability::Counsel);
    let (mut asked, mut groups) = (Vec::new(), Vec::new());
    if may {
        (asked, groups) = choices(look, &summary)?;
    }
    Ok(Page {
        title: "Notices".to_owned(),
        head: head(look, "notices"),
        drafts: notices(look, &summary),
        may,
        asked,
        all: groups.iter().map(|group| group.count).sum(),
        groups,
        action: path(&["cases", look.id.as_str(), "notices"]),
    })
}

/// What can be drafted: what is asked for by its time, and everything by group.
fn choices(look: &Look<'_>, summary: &Summary) -> Result<(Vec<Choice>, Vec<Group>)> {
    let mut asked = Vec::new();
    let mut by_group: BTreeMap<(usize, String), Vec<Choice>> = BTreeMap::new();
    for template in notice::names() {
        let about = notice::about(&template)?;
        let clock = clock_of(summary, &about);
        let choice = choice(look, summary, template, &about, clock);
        if let Some(clock) = clock {
            asked.push((clock.due, choice.clone()));
        }
        let place = GROUPS.iter().position(|(group, _)| *group == about.group);
        let place = (place.unwrap_or(GROUPS.len()), about.group);
        by_group.entry(place).or_default().push(choice);
    }
    asked.sort_by(|(one, a), (other, b)| (one, &a.title).cmp(&(other, &b.title)));
    let groups = by_group.into_iter().map(|((place, group), mut choices)| {
        choices.sort_by(|a, b| a.title.cmp(&b.title));
        let words = GROUPS.get(place).map_or(group.as_str(), |(_, words)| words);
        Group {
            words: short(words),
            id: short(&group),
            count: choices.len(),
            asked: choices.iter().filter(|one| one.duty.is_some()).count(),
            choices,
        }
    });
    let asked = asked.into_iter().map(|(_, choice)| choice);
    Ok((asked.collect(), groups.collect()))
}

/// The open clock that a notice answers: of several the one that ends first, and of those its own duty's.
fn clock_of<'a>(summary: &'a Summary, about: &About) -> Option<&'a Shown> {
    let clocks = summary.clocks.iter().filter(|clock| {
        let duty = clock.duty.as_ref();
        let answers = |duty: &Duty| about.is_answer_to(&duty.obligation, duty.stage);
        clock.is_open() && duty.is_some_and(answers)
    });
    let own = |clock: &Shown| {
        let duty = clock.duty.as_ref();
        duty.is_some_and(|duty| about.obligation.as_ref() == Some(&duty.obligation))
    };
    clocks.min_by_key(|clock| (clock.due, !own(clock)))
}

fn choice(
    look: &Look<'_>,
    summary: &Summary,
    template: String,
    about: &About,
    clock: Option<&Shown>,
) -> Choice {
    let mut drafts = summary.notices.iter();
    let stands = drafts.find(|draft| draft.template == template && !draft.replaced);
    Choice {
        title: line(&about.title),
        addressee: line(&about.addressee),
        kept: about.kept_from_others(),
        asks: about.asks_before_suspicion(),
        duty: clock.map(|clock| Asking {
            title: line(&clock.title),
            href: path(&["cases", look.id.as_str(), "clocks", clock.id.as_str()]),
            due: look.words.when(clock.due),
            overdue: clock.state == "overdue",
            target: clock.duty.as_ref().is_some_and(|duty| duty.target),
            unverified: clock.duty.as_ref().is_some_and(|duty| !duty.verified),
        }),
        stands: stands.map(|draft| at_notice(look.id.as_str(), draft.id.as_str())),
        template,
    }
}

/// What the form says.
#[derive(Debug, Deserialize)]
pub(in crate::web) struct Wanted {
    #[serde(default)]
    notice: String,
    /// `yes` when the addressee may be told what is suspected.
    #[serde(default)]
    suspicion: String,
}

pub(in crate::web) async fn draft(
    State(web): State<Arc<Web>>,
    Path(id): Path<String>,
    Form(visit, wanted): Form<Wanted>,
) -> Response {
    let done = web
        .act(&visit, &id, Ability::Counsel, async move |desk| {
            if !notice::names().contains(&wanted.notice) {
                let what = "There is no notice of this name to draft.";
                return Err(Fault::input("notice-unknown", what)
                    .at(short(&wanted.notice))
                    .hint("open the page again, and choose one of its list"));
            }
            let suspicion = wanted.suspicion == "yes";
            let drafted = desk.draft_with(&wanted.notice, suspicion).await;
            drafted.map(|(id, _)| id)
        })
        .await;
    let to = done.map(|notice| at_notice(&id, notice.as_str()));
    page::then(&web, &visit, to)
}
