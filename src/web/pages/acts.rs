//! What somebody can do with a case as a whole: one table, one form, one path for each.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use serde::Serialize;

use crate::access::Ability;
use crate::app::Desk;
use crate::case::state::Phase;
use crate::fault::{Fault, Result};
use crate::web::desk::reason;
use crate::web::look::Look;
use crate::web::shown::path;
use crate::web::visit::{Form, Visit};
use crate::web::{Web, page};

/// One thing that can be done.
#[derive(Debug)]
struct Act {
    /// The end of its path.
    name: &'static str,
    words: &'static str,
    /// What it does, before it is done.
    means: &'static str,
    /// What the text is for.
    asks: &'static str,
    ability: Ability,
    people: People,
    /// When it is offered; the log itself decides whether it may be.
    when: fn(&Look<'_>) -> bool,
}

/// Whom it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum People {
    Nobody,
    One,
    Some,
}

const WHY: &str = "Why";

const ACTS: &[Act] = &[
    Act {
        name: "hold",
        words: "Hold the case",
        means: "Nothing new starts until it is released. What was closed stays closed.",
        asks: WHY,
        ability: Ability::Hold,
        people: People::Nobody,
        when: |look| look.state.phase == Phase::Open,
    },
    Act {
        name: "release",
        words: "Release the case",
        means: "Work on it may go on.",
        asks: WHY,
        ability: Ability::Lead,
        people: People::Nobody,
        when: |look| look.state.phase == Phase::Held,
    },
    Act {
        name: "recall",
        words: "Take the departure back",
        means: "Wrong person, or not now: the case is held, and a run that has begun to close ways in is stopped. What was closed stays closed until a person opens it again.",
        asks: WHY,
        ability: Ability::Hold,
        people: People::Nobody,
        when: |look| matches!(look.state.phase, Phase::Open | Phase::Held),
    },
    Act {
        name: "note",
        words: "Add a note",
        means: "It stands in the log, with your name, for as long as the case is kept.",
        asks: "Note",
        ability: Ability::Hold,
        people: People::Nobody,
        when: |look| look.state.phase != Phase::Closed,
    },
    Act {
        name: "restrict",
        words: "Restrict who sees it",
        means: "Only the people you choose see the case and its alerts. A restriction that stands is replaced.",
        asks: WHY,
        ability: Ability::Lead,
        people: People::Some,
        when: |look| look.state.phase != Phase::Closed,
    },
    Act {
        name: "unrestrict",
        words: "Lift the restriction",
        means: "Everybody with a role sees the case again.",
        asks: WHY,
        ability: Ability::Lead,
        people: People::Nobody,
        when: |look| look.state.scope.only.is_some(),
    },
    Act {
        name: "exclude",
        words: "Keep a person out",
        means: "They neither see the case nor decide in it from now on. This is not taken back.",
        asks: WHY,
        ability: Ability::Lead,
        people: People::One,
        when: |look| look.state.phase != Phase::Closed,
    },
    Act {
        name: "close",
        words: "Close the case",
        means: "The log, the evidence and the checkpoints stay. Later looks that its run still waits for are not made.",
        asks: WHY,
        ability: Ability::Lead,
        people: People::Nobody,
        when: |look| look.state.phase == Phase::Open,
    },
];

/// One thing that is offered to the visitor.
#[derive(Debug, Serialize)]
pub(super) struct Offer {
    name: &'static str,
    words: &'static str,
    means: &'static str,
    asks: &'static str,
    action: String,
    /// Who can be named, and whether one or several.
    people: Vec<String>,
    one: bool,
}

/// What the visitor may do with the case as it is.
pub(super) fn offers(look: &Look<'_>) -> Vec<Offer> {
    let may = |act: &&Act| look.may(act.ability) && (act.when)(look);
    ACTS.iter()
        .filter(may)
        .map(|act| Offer {
            name: act.name,
            words: act.words,
            means: act.means,
            asks: act.asks,
            action: path(&["cases", look.id.as_str(), "do", act.name]),
            people: people(look, act.people),
            one: act.people == People::One,
        })
        .collect()
}

/// The people of the configuration who are not kept out already.
fn people(look: &Look<'_>, people: People) -> Vec<String> {
    if people == People::Nobody {
        return Vec::new();
    }
    let all = look.web.app.settings.people.now();
    let able = all.iter().filter(|person| !look.state.keeps_out(person));
    able.map(|person| person.name.clone()).collect()
}

pub(super) async fn take(
    State(web): State<Arc<Web>>,
    Path((id, act)): Path<(String, String)>,
    Form(visit, fields): Form<BTreeMap<String, String>>,
) -> Response {
    let done = taken(&web, &visit, &id, &act, fields).await;
    page::then(&web, &visit, done)
}

async fn taken(
    web: &Arc<Web>,
    visit: &Visit,
    id: &str,
    act: &str,
    fields: BTreeMap<String, String>,
) -> Result<String> {
    let act = ACTS.iter().find(|known| known.name == act);
    let act = act.ok_or_else(|| Fault::input("no-page", "There is no such page."))?;
    let named: Vec<String> = fields
        .iter()
        .filter(|(field, _)| field.starts_with("person"))
        .map(|(_, name)| name.clone())
        .collect();
    let said = fields.get("reason").cloned().unwrap_or_default();
    web.act(visit, id, act.ability, async move |desk| {
        carry_out(desk, act.name, &named, &reason(&said)?).await
    })
    .await?;
    if act.name == "recall" {
        // Who can open ways in again comes to where that is done.
        let next = web.look(visit, id, Ability::Work, |look| {
            Ok(super::undo::is_offered(look.state).then(|| super::undo::at(look.id)))
        });
        if let Ok(Some(next)) = next.await {
            return Ok(next);
        }
    }
    // Whoever shut themselves out has nothing to see there any more.
    let still = web.look(visit, id, Ability::SeeBrief, |_| Ok(())).await;
    Ok(still.map_or_else(|_| "/".to_owned(), |()| path(&["cases", id])))
}

async fn carry_out(desk: &Desk, act: &str, named: &[String], reason: &str) -> Result<()> {
    match act {
        "hold" => desk.hold(reason).await,
        "release" => desk.release(reason).await,
        "recall" => desk.recall(reason).await.map(drop),
        "note" => desk.note(reason).await,
        "restrict" => desk.restrict(named, reason).await.map(drop),
        "unrestrict" => desk.unrestrict(reason).await.map(drop),
        "exclude" => {
            let nobody = || Fault::input("no-person", "Nobody was chosen.");
            let person = named.first().ok_or_else(nobody)?;
            desk.exclude(person, reason).await.map(drop)
        }
        "close" => desk.close(reason).await.map(drop),
        _ => Err(Fault::input("no-page", "There is no such page.")),
    }
}
