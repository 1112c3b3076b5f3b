//! The plan in short: one line for each kind of door of an account, so that the people who decide
//! can read all of it. What cannot be undone is named door by door, however many there are.

use std::fmt::Write as _;

use super::text::{QUOTED, account_words, failure, moment, told};
use super::{ClosingView, LeftView, StepView, plural};
use crate::door::Class;
use crate::plan::Task;
use crate::playbook::{Period, plain, series, who};

/// Up to this many doors of a kind are named.
const HANDFUL: usize = 4;

/// Steps by the step of the playbook that they come from.
pub(super) fn steps<'a>(out: &mut String, steps: impl Iterator<Item = &'a StepView>) {
    let mut branches: Vec<(&str, Vec<&StepView>)> = Vec::new();
    // A barrier is how the engine keeps an order that is told with each closing.
    for step in steps.filter(|step| step.task != Task::Wait { seconds: 0 }) {
        let name = step.id.split('/').next().unwrap_or_default();
        match branches.iter_mut().find(|(known, _)| *known == name) {
            Some((_, branch)) => branch.push(step),
            None => branches.push((name, vec![step])),
        }
    }
    for (number, (name, steps)) in (1..).zip(&branches) {
        branch(out, number, name, steps);
    }
}

fn branch(out: &mut String, number: usize, name: &str, steps: &[&StepView]) {
    let Some(first) = steps.first() else { return };
    let count = |word| plural(u32::try_from(steps.len()).unwrap_or(u32::MAX), word);
    let head = match &first.task {
        Task::Snapshot { .. } => format!("read {}, the most perishable first", count("trail")),
        Task::Gate {
            roles,
            people,
            expires_s,
            guards,
        } => format!(
            "{} decide within {}, or nothing passes; it lets {} through",
            who(roles, *people),
            Period::seconds(u64::from(*expires_s)).words(),
            plural(*guards, "closing")
        ),
        Task::Close { .. } => {
            let by = first
                .closing
                .iter()
                .flat_map(|closing| &closing.approved_by);
            let by: Vec<String> = by.cloned().collect();
            format!("{}, approved at {}", count("closing"), series(&by, "and"))
        }
        Task::Draft { .. } => format!("draft {}", count("notice")),
        Task::Verify { doors } => format!("{} ({})", first.title, plural(*doors, "door")),
        Task::Wait { .. } => first.title.clone(),
    };
    let name = plain(name, QUOTED);
    let _ = writeln!(out, "{number:>4}  {name}: {}", plain(&head, 500));
    if let Some(failure) = failure(first.on_failure) {
        let _ = writeln!(out, "        if it fails, {failure}");
    }
    match &first.task {
        Task::Snapshot { .. } => trails(out, steps),
        Task::Close { .. } => closings(out, steps),
        Task::Draft { .. } => {
            let notices: Vec<String> = (steps.iter())
                .filter_map(|step| match &step.task {
                    Task::Draft { notice } => Some(notice.clone()),
                    _ => None,
                })
                .collect();
            let _ = writeln!(out, "        {}", plain(&series(&notices, "and"), 500));
        }
        Task::Gate { .. } | Task::Verify { .. } | Task::Wait { .. } => {}
    }
}

fn trails(out: &mut String, steps: &[&StepView]) {
    for step in steps {
        let Task::Snapshot {
            trail,
            account,
            window_hours,
        } = &step.task
        else {
            continue;
        };
        let _ = writeln!(
            out,
            "        {} about {} at {}: {} back; kept {}",
            plain(trail, 60),
            plain(&account.login, 60),
            plain(&account.provider, 60),
            Period::seconds(u64::from(*window_hours) * 3600).words(),
            step.kept.as_deref().unwrap_or("unknown")
        );
    }
}

/// Closings that are alike in everything but the door.
struct Group<'a> {
    account: String,
    /// Class, notice, order.
    means: String,
    class: Class,
    doors: Vec<&'a ClosingView>,
}

fn closings(out: &mut String, steps: &[&StepView]) {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for step in steps {
        let (
            Task::Close {
                kind,
                class,
                notifies,
                order,
                ..
            },
            Some(closing),
        ) = (&step.task, &step.closing)
        else {
            continue;
        };
        let account = account_words(closing);
        let by_hand = if closing.call.is_none() {
            "; by hand"
        } else {
            ""
        };
        let means = format!(
            "{} ({}): {}; {}; {}{by_hand}",
            closing.what,
            plain(kind, 60),
            class.word(),
            told(*notifies),
            moment(*order)
        );
        let same = |group: &&mut Group<'_>| group.account == account && group.means == means;
        match groups.iter_mut().find(same) {
            Some(group) => group.doors.push(closing),
            None => groups.push(Group {
                account,
                means,
                class: *class,
                doors: vec![closing],
            }),
        }
    }
    let mut accounts: Vec<&str> = Vec::new();
    for group in &groups {
        if !accounts.contains(&group.account.as_str()) {
            accounts.push(&group.account);
        }
    }
    for account in accounts {
        let _ = writeln!(out, "        {account}");
        for group in groups.iter().filter(|group| group.account == account) {
            let _ = writeln!(out, "          {}× {}", group.doors.len(), group.means);
            let lost = group.class == Class::Irreversible;
            if lost || group.doors.len() <= HANDFUL {
                for door in &group.doors {
                    let _ = writeln!(out, "               “{}”", plain(&door.label, QUOTED));
                }
            }
            if let Some(door) = group.doors.first().filter(|_| lost) {
                let _ = writeln!(out, "               breaks: {}", plain(door.breaks, 500));
            }
        }
    }
}

/// Doors that stay, by kind and reason.
pub(super) fn left(out: &mut String, doors: &[LeftView]) {
    let mut groups: Vec<(&str, &str, Vec<&LeftView>)> = Vec::new();
    for door in doors {
        let same = |(kind, why, _): &&mut (&str, &str, Vec<&LeftView>)| {
            *kind == door.kind.as_str() && *why == door.why.as_str()
        };
        match groups.iter_mut().find(same) {
            Some((_, _, group)) => group.push(door),
            None => groups.push((&door.kind, &door.why, vec![door])),
        }
    }
    for (kind, why, doors) in groups {
        let (kind, why) = (plain(kind, 60), plain(why, 500));
        let _ = writeln!(out, "  {}× {kind}: {why}", doors.len());
        if doors.len() <= HANDFUL {
            for door in doors {
                let _ = writeln!(out, "       “{}”", plain(&door.label, QUOTED));
            }
        }
    }
}
