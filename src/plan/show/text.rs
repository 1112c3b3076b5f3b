//! The plan as text: in short, or door by door.

use std::fmt::Write as _;

use super::{ClosingView, LeftView, StepView, brief, in_words, plural, view};
use crate::case::state::CaseState;
use crate::door::{Notifies, Order};
use crate::fault::Result;
use crate::plan::{OnFailure, Plan, Task};
use crate::playbook::{Catalogue, Period, plain, series, who};
use crate::time::utc;

/// The longest quotation of text from outside, characters.
pub(super) const QUOTED: usize = 120;

/// How much of a plan is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// A page or two: closings by account and kind; every irreversible one by name.
    Brief,
    /// Every door with its calls, its proof, what breaks and what may still work.
    Doors,
}

/// The plan as text for a terminal. Text from outside is made harmless.
///
/// # Errors
/// As [`view`].
pub fn text(
    plan: &Plan,
    state: &CaseState,
    catalogue: &Catalogue,
    detail: Detail,
) -> Result<String> {
    let view = view(plan, state, catalogue)?;
    let mut out = format!(
        "Plan for {} by playbook {}\nmade {}, digest {}\n\n{}\n",
        view.case,
        plain(&view.playbook, 60),
        utc(view.made),
        view.digest,
        in_words(&view.summary)
    );
    if !view.notes.is_empty() {
        out.push_str("\nLook at this first\n");
        for note in &view.notes {
            let _ = writeln!(out, "  ! {}", plain(note, 500));
        }
    }
    out.push_str("\nWhat happens\n");
    let now = view.steps.iter().filter(|step| !step.later);
    match detail {
        Detail::Brief => brief::steps(&mut out, now),
        Detail::Doors => {
            for (index, step) in now.enumerate() {
                entry(&mut out, index + 1, step);
            }
        }
    }
    let later: Vec<&StepView> = view.steps.iter().filter(|step| step.later).collect();
    if !later.is_empty() {
        out.push_str("\nLater; the run does not wait for it\n");
        for step in later
            .iter()
            .filter(|step| !matches!(step.task, Task::Wait { .. }))
        {
            let _ = writeln!(
                out,
                "  {}: {}",
                plain(&step.id, QUOTED),
                plain(&step.title, QUOTED)
            );
        }
    }
    let _ = writeln!(out, "\nWhat stays as it is ({})", view.left.len());
    match detail {
        Detail::Brief => brief::left(&mut out, &view.left),
        Detail::Doors => left(&mut out, &view.left),
    }
    Ok(out)
}

fn left(out: &mut String, doors: &[LeftView]) {
    for left in doors {
        let _ = writeln!(
            out,
            "  {} {} “{}”\n        {}",
            left.door,
            plain(&left.kind, 60),
            plain(&left.label, QUOTED),
            plain(&left.why, 500)
        );
    }
}

/// Whose door it is.
pub(super) fn account_words(closing: &ClosingView) -> String {
    closing.account.as_ref().map_or_else(
        || "unknown".to_owned(),
        |account| {
            format!(
                "{} at {}",
                plain(&account.login, 60),
                plain(&account.provider, 60)
            )
        },
    )
}

/// Whether the account holder is told.
pub const fn told(notifies: Notifies) -> &'static str {
    match notifies {
        Notifies::Yes => "the account holder is told",
        Notifies::No => "the account holder is not told",
        Notifies::Unknown => "the account holder may be told",
    }
}

/// When a closing happens relative to the others.
pub const fn moment(order: Order) -> &'static str {
    match order {
        Order::Silent => "silent",
        Order::Simultaneous => "with the others",
        Order::Noisy => "last",
    }
}

fn entry(out: &mut String, number: usize, step: &StepView) {
    let _ = writeln!(
        out,
        "{number:>4}  {}\n        {}",
        plain(&step.id, QUOTED),
        plain(&step.title, 200)
    );
    match &step.task {
        Task::Close {
            class,
            notifies,
            order,
            prove_within_s,
            ..
        } => {
            let Some(closing) = &step.closing else { return };
            let account = account_words(closing);
            let (told, order) = (told(*notifies), moment(*order));
            let prove = Period::seconds(u64::from(*prove_within_s)).words();
            field(out, "account", &account);
            field(out, "close", closing.call.unwrap_or("by hand"));
            field(out, "class", &format!("{}, {order}; {told}", class.word()));
            field(
                out,
                "proof",
                &format!("{}, for up to {prove}", closing.probe),
            );
            field(out, "undo", closing.undo.unwrap_or("no undo"));
            field(out, "residual", &closing.residual);
            field(out, "breaks", closing.breaks);
            field(out, "approval", &series(&closing.approved_by, "and"));
        }
        Task::Gate {
            roles,
            people,
            expires_s,
            guards,
        } => {
            let expires = Period::seconds(u64::from(*expires_s)).words();
            field(
                out,
                "approval",
                &format!(
                    "{} within {expires}; without an answer nothing passes",
                    who(roles, *people)
                ),
            );
            field(out, "lets through", &plural(*guards, "closing"));
        }
        Task::Snapshot { window_hours, .. } => {
            let window = Period::seconds(u64::from(*window_hours) * 3600).words();
            field(out, "window", &format!("{window} back"));
            field(out, "kept", step.kept.as_deref().unwrap_or("unknown"));
        }
        Task::Verify { doors } => field(out, "looks at", &plural(*doors, "door")),
        Task::Wait { .. } | Task::Draft { .. } => {}
    }
    if let Some(failure) = failure(step.on_failure) {
        field(out, "failure", failure);
    }
}

fn field(out: &mut String, name: &str, value: &str) {
    if !value.is_empty() {
        let _ = writeln!(out, "        {name:<12} {}", plain(value, 500));
    }
}

/// What a failure of a step does to the rest, when it does anything.
pub(super) const fn failure(policy: OnFailure) -> Option<&'static str> {
    match policy {
        OnFailure::Continue => None,
        OnFailure::Stop => Some("nothing new is started"),
        OnFailure::Ask => Some("a person is asked"),
    }
}
