//! A playbook as a drawing: Graphviz, Mermaid, or a tree of plain text.

use std::fmt::Write as _;

use super::{Flow, Kind, Playbook, Step};

/// How a graph is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// A tree for the terminal.
    #[default]
    Text,
    /// Graphviz.
    Dot,
    /// Mermaid, as Markdown renderers draw it.
    Mermaid,
}

impl std::str::FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "text" => Ok(Self::Text),
            "dot" => Ok(Self::Dot),
            "mermaid" => Ok(Self::Mermaid),
            _ => Err("a graph is written as text, dot or mermaid".to_owned()),
        }
    }
}

/// The steps of a playbook and what needs what.
pub fn graph(playbook: &Playbook, format: Format) -> String {
    let flow = Flow::of(playbook);
    match format {
        Format::Text => tree(playbook, &flow),
        Format::Dot => dot(playbook, &flow),
        Format::Mermaid => mermaid(&flow),
    }
}

/// Ids have small letters, digits and hyphens only, so they need no escaping in any format.
fn dot(playbook: &Playbook, flow: &Flow<'_>) -> String {
    let mut out = format!(
        "digraph \"{}\" {{\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];\n",
        playbook.name
    );
    for step in &flow.sorted {
        let shape = match step.kind {
            Kind::Snapshot(_) => "folder",
            Kind::Gate(_) => "diamond",
            Kind::Close(_) => "box",
            Kind::Verify(_) => "ellipse",
            Kind::Wait(_) => "circle",
            Kind::Draft(_) => "note",
        };
        let _ = writeln!(
            out,
            "  \"{}\" [shape={shape}, label=\"{}\\n{}\"];",
            step.id,
            step.id,
            brief(step)
        );
    }
    for step in &flow.sorted {
        for need in &step.needs {
            let _ = writeln!(out, "  \"{need}\" -> \"{}\";", step.id);
        }
    }
    out.push_str("}\n");
    out
}

fn mermaid(flow: &Flow<'_>) -> String {
    let mut out = "flowchart LR\n".to_owned();
    for (index, step) in flow.sorted.iter().enumerate() {
        let (open, close) = match step.kind {
            Kind::Gate(_) => ("{", "}"),
            Kind::Verify(_) | Kind::Wait(_) => ("(", ")"),
            Kind::Snapshot(_) | Kind::Close(_) | Kind::Draft(_) => ("[", "]"),
        };
        let _ = writeln!(
            out,
            "  s{index}{open}\"{}<br>{}\"{close}",
            step.id,
            brief(step)
        );
    }
    let place = |id: &str| flow.sorted.iter().position(|step| step.id == id);
    for (index, step) in flow.sorted.iter().enumerate() {
        for from in step.needs.iter().filter_map(|need| place(need)) {
            let _ = writeln!(out, "  s{from} --> s{index}");
        }
    }
    out
}

/// Each step below the last of its needs; the others are named beside it.
fn tree(playbook: &Playbook, flow: &Flow<'_>) -> String {
    let mut out = format!("{}\n", playbook.name);
    branch(flow, None, "", &mut out);
    out
}

fn branch(flow: &Flow<'_>, parent: Option<&str>, indent: &str, out: &mut String) {
    let place = |id: &str| flow.sorted.iter().position(|step| step.id == id);
    let last_need = |step: &Step| {
        let needs = step.needs.iter().filter(|need| place(need).is_some());
        needs.max_by_key(|need| place(need)).cloned()
    };
    let children: Vec<&Step> = flow
        .sorted
        .iter()
        .copied()
        .filter(|step| last_need(step).as_deref() == parent)
        .collect();
    for (index, step) in children.iter().enumerate() {
        let last = index + 1 == children.len();
        let others: Vec<&str> = step
            .needs
            .iter()
            .map(String::as_str)
            .filter(|need| Some(*need) != parent)
            .collect();
        let also = if others.is_empty() {
            String::new()
        } else {
            format!(" (and after {})", others.join(", "))
        };
        let _ = writeln!(
            out,
            "{indent}{} {}: {}{also}",
            if last { "└─" } else { "├─" },
            step.id,
            brief(step)
        );
        let deeper = format!("{indent}{}", if last { "   " } else { "│  " });
        branch(flow, Some(&step.id), &deeper, out);
    }
}

/// The step in a few words without quotes, brackets or anything from outside.
fn brief(step: &Step) -> String {
    match &step.kind {
        Kind::Snapshot(snapshot) => format!("snapshot, {} back", snapshot.window),
        Kind::Gate(gate) => format!("gate, people {}, within {}", gate.people, gate.expires),
        Kind::Close(close) => {
            let classes: Vec<&str> = close.classes.iter().map(|class| class.word()).collect();
            format!("close, {}", classes.join(" and "))
        }
        Kind::Verify(verify) => {
            let again: Vec<String> = verify.again.iter().map(ToString::to_string).collect();
            if again.is_empty() {
                "verify".to_owned()
            } else {
                format!("verify, again after {}", again.join(" "))
            }
        }
        Kind::Wait(period) => format!("wait {period}"),
        Kind::Draft(notices) => format!("draft, notices {}", notices.len()),
    }
}
