//! What a gate lets through: every closing by account and kind, in the order in which it happens.

use serde::Serialize;

use crate::case::state::GateRecord;
use crate::door::{Class, Notifies, Order};
use crate::fault::Result;
use crate::plan::show::{ClosingView, StepView, moment, told, view};
use crate::plan::{Plan, Task};
use crate::ui::count;
use crate::web::look::Look;
use crate::web::shown::{line, short};

/// Everything that an approval lets happen.
#[derive(Debug, Default, Serialize)]
pub(in crate::web::pages) struct Will {
    /// The gate stands for another plan than the one of the case: nothing of it happens.
    stale: bool,
    /// The counts that a person reads first.
    counts: Vec<String>,
    /// What the person who approves should know.
    notes: Vec<String>,
    accounts: Vec<AccountGroup>,
    /// What follows behind it.
    then: Vec<String>,
    left: Vec<LeftGroup>,
    left_count: usize,
    /// How many closings there are, and how many of them wait for another gate.
    #[serde(skip)]
    closings: usize,
    #[serde(skip)]
    waiting: usize,
}

#[derive(Debug, Serialize)]
struct AccountGroup {
    account: String,
    number: usize,
    kinds: Vec<KindGroup>,
}

/// Closings that are alike in everything but the door.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct KindGroup {
    what: String,
    kind: String,
    order: &'static str,
    #[serde(skip)]
    turn: Order,
    class: &'static str,
    class_means: &'static str,
    tells: bool,
    told: &'static str,
    residual: String,
    breaks: String,
    way_back: String,
    by_hand: bool,
    /// Other gates that have to be passed too.
    also: Vec<String>,
    doors: Vec<String>,
}

#[derive(Debug, Serialize)]
struct LeftGroup {
    kind: String,
    why: String,
    doors: Vec<String>,
}

/// What the gate `step` lets through.
pub(super) fn will(look: &Look<'_>, step: &str, record: &GateRecord) -> Result<Will> {
    let mut will = Will::default();
    let current = look.state.plan.as_ref();
    let Some((plan, _)) = current.filter(|(_, digest)| *digest == record.plan) else {
        will.stale = true;
        return Ok(will);
    };
    fill(&mut will, look, plan, Some(step))?;
    if will.waiting > 0 {
        let also = will.waiting;
        will.counts
            .push(format!("{also} wait for another gate too"));
    }
    Ok(will)
}

/// Everything that a plan does, whatever it waits for.
pub(in crate::web::pages) fn of_plan(look: &Look<'_>, plan: &Plan) -> Result<Will> {
    let mut will = Will::default();
    fill(&mut will, look, plan, None)?;
    let at_once = will.closings - will.waiting;
    will.counts
        .push(format!("{} wait for a gate", will.waiting));
    if at_once > 0 {
        let what = format!("{at_once} are closed at once, before people decide at any gate");
        will.notes.insert(0, what);
    }
    Ok(will)
}

/// What a plan does behind a gate, or all of it.
fn fill(will: &mut Will, look: &Look<'_>, plan: &Plan, step: Option<&str>) -> Result<()> {
    let catalogue = crate::app::catalogue();
    let view = view(plan, look.state, &catalogue)?;
    will.notes = view.notes.iter().map(|note| line(note)).collect();
    let behind =
        |view: &&StepView| step.is_none_or(|step| view.needs.iter().any(|need| need == step));
    for one in view.steps.iter().filter(behind) {
        match &one.closing {
            Some(closing) => {
                let also = super::others(plan, &one.needs, step.unwrap_or_default()).into_iter();
                let also = also.map(super::title).collect();
                add(&mut will.accounts, one, closing, also);
            }
            None => will.then.push(line(&one.title)),
        }
    }
    for account in &mut will.accounts {
        account.kinds.sort_by_key(|kind| kind.turn);
    }
    will.counts = counts(&will.accounts);
    let kinds = || will.accounts.iter().flat_map(|account| &account.kinds);
    let doors = |kind: &KindGroup| kind.doors.len();
    let waiting = kinds()
        .filter(|kind| !kind.also.is_empty())
        .map(doors)
        .sum();
    let closings = kinds().map(doors).sum();
    (will.waiting, will.closings) = (waiting, closings);
    for door in &view.left {
        let (kind, why) = (short(&door.kind), line(&door.why));
        let alike = |group: &&mut LeftGroup| group.kind == kind && group.why == why;
        let label = line(&door.label);
        match will.left.iter_mut().find(alike) {
            Some(group) => group.doors.push(label),
            None => will.left.push(LeftGroup {
                kind,
                why,
                doors: vec![label],
            }),
        }
    }
    will.left_count = view.left.len();
    Ok(())
}

fn add(
    accounts: &mut Vec<AccountGroup>,
    step: &StepView,
    closing: &ClosingView,
    also: Vec<String>,
) {
    let Task::Close {
        kind,
        class,
        notifies,
        order,
        ..
    } = &step.task
    else {
        return;
    };
    let name = closing.account.as_ref().map_or_else(
        || "no account of the case".to_owned(),
        |account| format!("{} at {}", short(&account.login), short(&account.provider)),
    );
    let found = accounts.iter().position(|group| group.account == name);
    let place = found.unwrap_or(accounts.len());
    if found.is_none() {
        accounts.push(AccountGroup {
            account: name,
            number: 0,
            kinds: Vec::new(),
        });
    }
    let Some(account) = accounts.get_mut(place) else {
        return;
    };
    account.number += 1;
    let mut group = KindGroup {
        what: short(closing.what),
        kind: short(kind),
        order: turn(*order),
        turn: *order,
        class: class.word(),
        class_means: class_means(*class),
        tells: *notifies != Notifies::No,
        told: told(*notifies),
        residual: line(&closing.residual),
        breaks: line(closing.breaks),
        way_back: way_back(*class, closing).to_owned(),
        by_hand: closing.call.is_none(),
        also,
        doors: Vec::new(),
    };
    let label = line(&closing.label);
    if let Some(same) = account.kinds.iter_mut().find(|known| alike(known, &group)) {
        same.doors.push(label);
    } else {
        group.doors.push(label);
        account.kinds.push(group);
    }
}

fn alike(a: &KindGroup, b: &KindGroup) -> bool {
    (&a.kind, a.class, a.told, a.turn, &a.also) == (&b.kind, b.class, b.told, b.turn, &b.also)
}

fn turn(order: Order) -> &'static str {
    match order {
        Order::Silent => "first, unseen",
        Order::Simultaneous | Order::Noisy => moment(order),
    }
}

const fn class_means(class: Class) -> &'static str {
    match class {
        Class::Reversible => "undo restores it",
        Class::Redoable => "the account holder, once let in again, can simply do it anew",
        Class::Irreversible => "gone for good: nothing restores it",
    }
}

const fn way_back(class: Class, closing: &ClosingView) -> &'static str {
    match (class, closing.undo) {
        (Class::Irreversible, _) => "None.",
        (_, Some(_)) => "Cordon can restore it; what that needs is stored before the close.",
        (_, None) => "Cordon has no call that restores it.",
    }
}

fn counts(accounts: &[AccountGroup]) -> Vec<String> {
    let kinds = || accounts.iter().flat_map(|account| &account.kinds);
    let number = |word: &str| -> usize {
        kinds()
            .filter(|kind| kind.class == word)
            .map(|kind| kind.doors.len())
            .sum()
    };
    let all: usize = accounts.iter().map(|account| account.number).sum();
    let told: usize = kinds()
        .filter(|kind| kind.tells)
        .map(|kind| kind.doors.len())
        .sum();
    let mut counts = vec![format!(
        "{} at {}",
        count(all, "closing"),
        count(accounts.len(), "account")
    )];
    for class in [Class::Reversible, Class::Redoable, Class::Irreversible] {
        counts.push(format!("{} {}", number(class.word()), class.word()));
    }
    counts.push(format!("the account holder is or may be told of {told}"));
    counts
}
