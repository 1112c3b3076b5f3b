//! A playbook as prose, to be read aloud.

use super::{Close, Flow, Gate, Kind, Playbook, Snapshot, Step, Verify, plain};
use crate::plan::OnFailure;

/// The playbook in sentences, one per step, in the order in which the steps can start.
pub fn show(playbook: &Playbook) -> String {
    let flow = Flow::of(playbook);
    let mut out = format!("{}: {}\n\n", playbook.name, plain(&playbook.title, 200));
    for step in &flow.sorted {
        out.push_str(&sentence(step));
        out.push('\n');
    }
    out
}

fn sentence(step: &Step) -> String {
    let when = if step.needs.is_empty() {
        "At once".to_owned()
    } else {
        format!("After {}", series(&step.needs, "and"))
    };
    let what = match &step.kind {
        Kind::Snapshot(snapshot) => trails(snapshot),
        Kind::Gate(gate) => decision(gate),
        Kind::Close(close) => closing(close),
        Kind::Verify(verify) => looking(verify),
        Kind::Wait(period) => format!("wait for {}", period.words()),
        Kind::Draft(notices) => format!(
            "draft the notices {}; nothing is sent",
            series(notices, "and")
        ),
    };
    let tries = match (step.attempts, step.timeout) {
        (None, None) => String::new(),
        (Some(attempts), None) => format!(" Try at most {}.", times(attempts)),
        (None, Some(timeout)) => format!(" Give up an attempt after {}.", timeout.words()),
        (Some(attempts), Some(timeout)) => {
            format!(
                " Try at most {}, {} each.",
                times(attempts),
                timeout.words()
            )
        }
    };
    let failure = match step.on_failure {
        OnFailure::Continue => "",
        OnFailure::Stop => " If it fails, start nothing new.",
        OnFailure::Ask => " If it fails, ask a person.",
    };
    let title = step
        .title
        .as_ref()
        .map_or_else(String::new, |title| format!(" ({})", plain(title, 200)));
    format!("{when}, {}{title}: {what}.{tries}{failure}", step.id)
}

fn trails(snapshot: &Snapshot) -> String {
    let which: Vec<String> = snapshot
        .trails
        .iter()
        .map(|trail| match trail.as_str() {
            "perishable" => "the trails that are gone soon".to_owned(),
            "lasting" => "the trails that stay".to_owned(),
            "all" => "every trail".to_owned(),
            name => plain(name, 60),
        })
        .collect();
    format!(
        "read {} about each account, {} back",
        series(&which, "and"),
        snapshot.window.words()
    )
}

/// Who decides: `two different people (each incident lead or legal)`.
pub(crate) fn who(roles: &[String], people: u32) -> String {
    let roles: Vec<String> = roles
        .iter()
        .map(|role| plain(role, 60).replace('_', " "))
        .collect();
    let roles = series(&roles, "or");
    if people == 1 {
        format!("one person ({roles})")
    } else {
        format!("{} different people (each {roles})", number(people))
    }
}

fn decision(gate: &Gate) -> String {
    let decide = if gate.people == 1 {
        "decides"
    } else {
        "decide"
    };
    format!(
        "{} {decide} within {}; without an answer nothing passes",
        who(&gate.roles, gate.people),
        gate.expires.words()
    )
}

fn closing(close: &Close) -> String {
    let classes: Vec<&str> = close.classes.iter().map(|class| class.word()).collect();
    let doors: Vec<String> = close
        .doors
        .iter()
        .map(|selector| match selector.strip_suffix(".*") {
            _ if selector == "all" => "every provider".to_owned(),
            Some(provider) => plain(provider, 60),
            None => plain(selector, 60),
        })
        .collect();
    format!(
        "close every {} door of {}, the silent ones first and the noisy ones last, and look up to {} for proof",
        series(&classes, "or"),
        series(&doors, "and"),
        close.prove_within.words()
    )
}

fn looking(verify: &Verify) -> String {
    let again: Vec<String> = verify.again.iter().map(|period| period.words()).collect();
    if again.is_empty() {
        return "probe every door that was touched".to_owned();
    }
    format!(
        "probe every door that was touched, and again after {}",
        series(&again, "and")
    )
}

fn times(count: u32) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        count => format!("{} times", number(count)),
    }
}

fn number(count: u32) -> String {
    const WORDS: [&str; 11] = [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    ];
    let word = usize::try_from(count)
        .ok()
        .and_then(|index| WORDS.get(index));
    word.map_or_else(|| count.to_string(), |word| (*word).to_owned())
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn series<T: AsRef<str>>(items: &[T], last: &str) -> String {
    match items {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [most @ .., end] => {
            let most: Vec<&str> = most.iter().map(AsRef::as_ref).collect();
            format!("{} {last} {}", most.join(", "), end.as_ref())
        }
    }
}
