//! `cordon playbook`: check, show, draw and describe playbooks.

use super::{Desktop, Ended};
use crate::fault::{Kind, Result};
use crate::playbook;
use crate::workplace::Here;

/// Check, show, draw and describe playbooks.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Check a playbook: every problem at once, each with its place.
    Check(Named),
    /// Show a playbook in sentences.
    Show(Named),
    /// Draw the order of the steps.
    Graph(Graph),
    /// Print the JSON Schema, for editors.
    Schema,
}

#[derive(Debug, clap::Args)]
pub(super) struct Named {
    /// A shipped playbook by name, or a file [default: terminated-contractor].
    #[arg(default_value = "terminated-contractor")]
    playbook: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct Graph {
    /// A shipped playbook by name, or a file [default: terminated-contractor].
    #[arg(default_value = "terminated-contractor")]
    playbook: String,
    /// The form of the drawing.
    #[arg(long, default_value = "text", value_name = "text|dot|mermaid")]
    format: playbook::Format,
}

pub(super) fn run(desktop: &Desktop, verb: Verb) -> Result<Ended> {
    match verb {
        Verb::Check(args) => check(desktop, &args.playbook),
        Verb::Show(args) => {
            let playbook = crate::app::playbook(&Here, &args.playbook)?;
            desktop.ui.answer(&serde_json::json!({ "playbook": playbook.name, "digest": playbook.digest(), "text": playbook.text() }), || playbook::show(&playbook))?;
            Ok(None)
        }
        Verb::Graph(args) => {
            let playbook = crate::app::playbook(&Here, &args.playbook)?;
            desktop
                .ui
                .raw(playbook::graph(&playbook, args.format).as_bytes())?;
            Ok(None)
        }
        Verb::Schema => {
            let schema = serde_json::to_string_pretty(&playbook::schema()).map_err(|error| {
                crate::fault::Fault::failed("json", "The schema could not be written.")
                    .caused_by(error)
            })?;
            desktop.ui.raw((schema + "\n").as_bytes())?;
            Ok(None)
        }
    }
}

fn check(desktop: &Desktop, name: &str) -> Result<Ended> {
    let (path, text) = crate::app::playbook_text(&Here, name)?;
    let (_, problems) = playbook::review(&path, &text, &crate::app::catalogue());
    desktop.ui.answer(&problems, || {
        if problems.is_empty() {
            format!("{path}: no problems.\n")
        } else {
            problems.render(100, false)
        }
    })?;
    Ok(problems.has_errors().then_some(Kind::Input))
}
