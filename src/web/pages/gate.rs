//! A gate: exactly what will be done, to whom and what it means; and the decision of a person.

pub(super) mod closings;

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::head::{Head, head};
use crate::access::Ability;
use crate::app::summary::{GateLine, GateStands, Summary};
use crate::canon::Digest;
use crate::case::state::GateRecord;
use crate::door::Class;
use crate::evidence::approval::Approval;
use crate::fault::{Fault, Kind, Result};
use crate::plan::{Plan, Step, StepId, Task};
use crate::store::Owner;
use crate::ui::count;
use crate::web::desk::{hand, reason};
use crate::web::look::Look;
use crate::web::shown::{When, line, path, short};
use crate::web::visit::{Form, Visit};
use crate::web::{Web, page};

/// A gate in a list.
#[derive(Debug, Serialize)]
pub(super) struct GateView {
    pub(super) href: String,
    pub(super) title: String,
    /// Whether the visitor may decide it now.
    pub(super) mine: bool,
    stands: &'static str,
    /// What it lets through.
    lets: Option<String>,
    says: String,
    expires: When,
}

/// Every gate that is not settled, what waits for the visitor first.
pub(super) fn gates(look: &Look<'_>, summary: &Summary) -> Vec<GateView> {
    let mut gates: Vec<GateView> = summary
        .gates
        .iter()
        .map(|gate| GateView {
            href: path(&["cases", look.id.as_str(), "gates", &gate.step]),
            title: title(&gate.step),
            mine: is_mine(look, gate),
            stands: word(gate.stands),
            lets: lets(look, &gate.step),
            says: says(gate),
            expires: look.words.when(gate.expires),
        })
        .collect();
    if !look.may(Ability::SeeCase) {
        gates.retain(|gate| gate.mine);
    }
    gates.sort_by_key(|gate| !gate.mine);
    gates
}

/// Whether somebody who looks may decide at a gate now.
pub(super) fn is_mine(look: &Look<'_>, gate: &GateLine) -> bool {
    gate.stands == GateStands::Waiting
        && look.may(Ability::Decide)
        && gate.may.iter().any(|name| name == look.name())
}

/// What people call a gate: `Gate “go for good”`.
fn title(step: &str) -> String {
    format!("Gate “{}”", short(&step.replace('-', " ")))
}

/// How many closings a gate lets through, how many of them for good, and how many need another gate.
fn lets(look: &Look<'_>, step: &str) -> Option<String> {
    let (plan, _) = look.state.plan.as_ref()?;
    let (mut all, mut lost, mut also) = (0, 0, 0);
    for one in &plan.steps {
        if let Task::Close { class, .. } = &one.task
            && one.needs.iter().any(|need| need == step)
        {
            all += 1;
            lost += usize::from(*class == Class::Irreversible);
            also += usize::from(!others(plan, &one.needs, step).is_empty());
        }
    }
    if all == 0 {
        return None;
    }
    let lost = match lost {
        0 => String::new(),
        lost => format!(", {lost} of them for good"),
    };
    let also = match also {
        0 => String::new(),
        also => format!("; {also} wait for another gate too"),
    };
    Some(format!(
        "It lets {} through{lost}{also}.",
        count(all, "closing")
    ))
}

/// The gates among `needs`, other than `gate`.
fn others<'a>(plan: &Plan, needs: &'a [StepId], gate: &str) -> Vec<&'a str> {
    let is_other = |need: &&str| {
        let gates = |step: &Step| matches!(step.task, Task::Gate { .. });
        *need != gate && plan.step(need).is_some_and(gates)
    };
    let needs = needs.iter().map(String::as_str);
    needs.filter(is_other).collect()
}

const fn word(stands: GateStands) -> &'static str {
    match stands {
        GateStands::Waiting => "waiting",
        GateStands::Approved => "approved",
        GateStands::Denied => "denied",
        GateStands::Spoiled => "not settled",
        GateStands::Expired => "expired",
    }
}

/// Who has to decide, in a sentence.
fn says(gate: &GateLine) -> String {
    let roles = short(&gate.roles.join(" or ").replace('_', " "));
    let left = usize::try_from(gate.people)
        .unwrap_or(usize::MAX)
        .saturating_sub(gate.approved);
    match gate.stands {
        GateStands::Waiting => format!(
            "{left} of {} people still have to approve ({roles}).",
            gate.people
        ),
        GateStands::Approved => "Enough people approved.".to_owned(),
        GateStands::Denied => "A person denied it: what is behind it is left out.".to_owned(),
        GateStands::Spoiled => {
            "A denial in it does not count: it has to be opened again.".to_owned()
        }
        GateStands::Expired => "Its time ran out: it has to be opened again.".to_owned(),
    }
}

/// The page of a gate.
#[derive(Debug, Serialize)]
struct Page {
    title: String,
    head: Head,
    gate: String,
    /// What an approval binds, and its beginning for people.
    plan: String,
    plan_short: String,
    stands: &'static str,
    says: String,
    roles: String,
    expires: When,
    /// Whether the gate can be decided at all, and whether by the visitor.
    open: bool,
    mine: bool,
    /// Why the visitor may not decide.
    barred: Option<String>,
    decisions: Vec<Decided>,
    may: Vec<String>,
    next: String,
    will: closings::Will,
    /// Just decided.
    thanks: bool,
    action: String,
}

#[derive(Debug, Serialize)]
struct Decided {
    person: String,
    word: &'static str,
    at: Option<When>,
    reason: String,
    /// By whose hand.
    hand: &'static str,
    /// Why it does not count.
    void: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Told {
    #[serde(default)]
    said: String,
}

pub(super) async fn show(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path((id, step)): Path<(String, String)>,
    axum::extract::Query(told): axum::extract::Query<Told>,
) -> Response {
    let thanks = told.said == "decided";
    let made = web
        .look(&visit, &id, Ability::SeeBrief, move |look| {
            page_of(look, &step, thanks)
        })
        .await;
    page::answered(&web, &visit, "gate", made)
}

fn no_gate() -> Fault {
    Fault::input("no-gate", "There is no such gate in this case.")
}

fn page_of(look: &Look<'_>, step: &str, thanks: bool) -> Result<Page> {
    let record = look.state.gates.get(step).ok_or_else(no_gate)?;
    let bar = look.state.may_decide(Some(&record.roles), look.name());
    if !(look.may(Ability::SeeCase) || bar.is_ok()) {
        // Who neither sees the case nor decides here is told what it would take.
        look.visit.principal.may(Ability::SeeCase, look.state)?;
    }
    let summary = Summary::of(look.state, look.now);
    let line_of = summary.gates.iter().find(|gate| gate.step == step);
    let mine = line_of.is_some_and(|gate| is_mine(look, gate));
    let decisions = decisions(look, record, line_of);
    let approved_before = decisions
        .iter()
        .any(|decided| decided.person == short(look.name()) && decided.void.is_none());
    let open = line_of.is_some_and(|gate| gate.stands == GateStands::Waiting);
    let barred = match bar {
        _ if mine || !open => None,
        Err(why) => Some(line(&why)),
        Ok(()) if approved_before => Some("you decided before".to_owned()),
        Ok(()) => look
            .visit
            .principal
            .may_at_all(Ability::Decide)
            .map_err(|fault| fault.what().to_owned())
            .err(),
    };
    Ok(Page {
        title: title(step),
        head: head(look, "gate"),
        gate: short(step),
        plan: record.plan.to_string(),
        plan_short: record.plan.short(),
        stands: line_of.map_or("settled", |gate| word(gate.stands)),
        says: line_of.map_or_else(|| settled(record).to_owned(), says),
        roles: short(&record.roles.join(" or ").replace('_', " ")),
        expires: look.words.when(record.expires),
        open,
        mine,
        barred,
        may: line_of.map_or_else(Vec::new, |gate| {
            gate.may.iter().map(|name| short(name)).collect()
        }),
        decisions,
        next: next(look, record, line_of),
        will: closings::will(look, step, record)?,
        thanks,
        action: path(&["cases", look.id.as_str(), "gates", step]),
    })
}

const fn settled(record: &GateRecord) -> &'static str {
    if record.passed {
        "Enough people approved, and the run passed it."
    } else {
        "It is settled."
    }
}

fn decisions(look: &Look<'_>, record: &GateRecord, gate: Option<&GateLine>) -> Vec<Decided> {
    let signed = record.approvals.iter().map(|signed| (signed, "approved"));
    let denied = record.denied.iter().map(|signed| (signed, "denied"));
    signed
        .chain(denied)
        .map(|(signed, word)| {
            let said = signed.text.parse::<Approval>().ok();
            let mut lines = gate.iter().flat_map(|gate| &gate.decisions);
            let void = lines.find(|one| one.person == signed.person && !one.counts);
            let session = said.as_ref().is_some_and(|said| said.session.is_some());
            Decided {
                person: short(&signed.person),
                word,
                at: said.as_ref().map(|said| look.words.when(said.at)),
                reason: line(said.as_ref().map_or("", |said| &said.reason)),
                hand: if session {
                    "signed by the server for their session"
                } else {
                    "signed with their own key"
                },
                void: void.map(|one| line(&one.why)),
            }
        })
        .collect()
}

/// What happens after what was decided so far.
fn next(look: &Look<'_>, record: &GateRecord, gate: Option<&GateLine>) -> String {
    let Some(gate) = gate else {
        let passed = "The run went on behind this gate; the page of the case shows how far.";
        let otherwise = "Nothing more is decided here.";
        return if record.passed { passed } else { otherwise }.to_owned();
    };
    let owner = look.web.app.owner(look.id.as_str());
    let runs = if matches!(owner, Ok(Owner::Nobody)) {
        "A responder has to let the run go on; until then nothing is done."
    } else {
        "The run goes on by itself."
    };
    match gate.stands {
        GateStands::Waiting => {
            let left = usize::try_from(gate.people)
                .unwrap_or(usize::MAX)
                .saturating_sub(gate.approved);
            let more = if left == 1 {
                "one more person approves".to_owned()
            } else {
                format!("{left} more people approve")
            };
            format!(
                "Nothing is done until {more}. Then the run closes what stands below, looks at each door again, and says which are proven closed."
            )
        }
        GateStands::Approved => format!("Enough people approved. {runs}"),
        GateStands::Denied => {
            format!("What is behind this gate is left out, and its doors stay as they are. {runs}")
        }
        GateStands::Spoiled | GateStands::Expired => {
            "Nothing is done. A responder has to open the gate again, or make a new plan."
                .to_owned()
        }
    }
}

/// What the form of a gate says.
#[derive(Debug, Deserialize)]
pub(super) struct Said {
    decision: String,
    #[serde(default)]
    reason: String,
    /// The plan that the person read.
    plan: String,
}

pub(super) async fn decide(
    State(web): State<Arc<Web>>,
    Path((id, step)): Path<(String, String)>,
    Form(visit, said): Form<Said>,
) -> Response {
    let done = decided(&web, &visit, &id, &step, said).await;
    page::then(&web, &visit, done)
}

async fn decided(
    web: &Arc<Web>,
    visit: &Visit,
    id: &str,
    step: &str,
    said: Said,
) -> Result<String> {
    let approve = match said.decision.as_str() {
        "approve" => true,
        "deny" => false,
        _ => {
            return Err(Fault::input(
                "decision",
                "This is neither approve nor deny.",
            ));
        }
    };
    let read: Digest = said.plan.parse().map_err(|_| {
        let what = "The form does not say which plan was read: nothing was decided.";
        Fault::new(Kind::Waiting, "plan-changed", what).hint("open the page of the gate again")
    })?;
    let at = path(&["cases", id, "gates", step]) + "?said=decided";
    let (who, step) = (visit.clone(), step.to_owned());
    web.act(visit, id, Ability::Decide, async move |desk| {
        let reason = reason(&said.reason)?;
        let name = &who.principal.person.name;
        let roles = desk.log.read(|state| {
            let gate = state.gates.get(&step)?;
            // The log has its own words for who never had the role.
            let roster = state.may_decide(Some(&gate.roles), name).is_ok();
            roster.then(|| gate.roles.clone())
        });
        roles.map_or(Ok(()), |roles| who.principal.may_decide(&roles))?;
        desk.decide_on(&step, read, name, hand(&who)?, approve, &reason)
            .await
    })
    .await?;
    Ok(at)
}
