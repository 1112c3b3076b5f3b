//! `cordon drill`: the whole job against a simulated company; no configuration needed.

use std::path::PathBuf;
use std::sync::Arc;

use super::{Desktop, Ended};
use crate::drill::{self, Audience};
use crate::fault::{Fault, Kind, Result};
use crate::plan::show::{self, View};
use crate::run::WaitingGate;
use crate::time::{Clock as _, SystemClock};
use crate::ui::Ui;

/// Run the whole job against a simulated company inside this program. Needs no configuration and no
/// network. Exit code 0 only when everything that the scenario asks for was met.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The scenario.
    #[arg(default_value = "departure")]
    scenario: String,
    /// Ask at the keyboard at each gate instead of letting the drill's two operators approve.
    #[arg(long)]
    interactive: bool,
    /// The folder of the drill, which must not exist [default: drills/TIME below the data folder].
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

struct Terminal {
    ui: Ui,
    interactive: bool,
}

impl Audience for Terminal {
    fn stage(&self, line: &str) {
        self.ui.status(line);
    }

    fn plan(&self, view: &View, text: &str) {
        // Who decides has to see what is decided; who watches, what it comes to.
        if self.interactive {
            self.ui.status(&format!("\n{text}"));
        } else {
            self.ui
                .status(&format!("plan: {}", show::in_words(&view.summary)));
        }
    }

    fn decides(&self, gate: &WaitingGate, name: &str) -> Result<bool> {
        if !self.interactive {
            return Ok(true);
        }
        let question = format!(
            "Gate `{}`, plan {}: does {name} approve? y approves, anything else denies:",
            gate.step,
            gate.plan.short()
        );
        Ok(self
            .ui
            .ask(&question)?
            .is_some_and(|answer| matches!(answer.to_lowercase().as_str(), "y" | "yes")))
    }
}

pub(super) async fn run(desktop: &Desktop, args: Args) -> Result<Ended> {
    if args.interactive && !desktop.ui.can_ask() {
        return Err(Fault::input(
            "no-terminal",
            "Nobody can be asked: stdin and stderr are no terminal.",
        )
        .hint("leave --interactive out, and the drill's two operators approve"));
    }
    let folder = if let Some(folder) = args.folder {
        std::path::absolute(&folder)
            .map_err(crate::fault::io("name the folder of the drill", &folder))?
    } else {
        let now = SystemClock
            .now()
            .strftime("%Y-%m-%dT%H-%M-%S%.3fZ")
            .to_string();
        crate::settings::Settings::default()
            .data
            .join("drills")
            .join(now)
    };
    let audience = Arc::new(Terminal {
        ui: desktop.ui.clone(),
        interactive: args.interactive,
    });
    let report = drill::run(&args.scenario, folder, audience).await?;
    let zone = jiff::tz::TimeZone::get("America/New_York").unwrap_or(jiff::tz::TimeZone::UTC);
    desktop.ui.answer(&report, || drill::text(&report, &zone))?;
    Ok((!report.met()).then_some(Kind::Failed))
}
