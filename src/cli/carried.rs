//! Commands that come through the daemon's socket: the same functions, over the daemon's stores.

use std::sync::Arc;

use clap::Parser as _;

use super::{Cli, Desktop, Verb, conclude, dispatch};
use crate::app::App;
use crate::carry::Call;
use crate::carry::far::Far;
use crate::daemon::socket::Commands;
use crate::fault::{Fault, Kind};
use crate::ui::Ui;

/// Carries commands out over one program.
pub(super) struct Carried(pub(super) App);

impl Commands for Carried {
    fn carry(&self, far: &Arc<Far>) -> u8 {
        let args = std::iter::once("cordon").chain(far.begin.args.iter().map(String::as_str));
        let cli = match Cli::try_parse_from(args) {
            Ok(cli) => cli,
            Err(error) => {
                // The same program has parsed it before: the versions differ, or somebody else speaks.
                far.show(&Call::Err, error.render().to_string().as_bytes());
                return Kind::Input.exit_code();
            }
        };
        let ui = Ui::far(cli.form(), cli.quiet, Arc::clone(far));
        if far.begin.version != env!("CARGO_PKG_VERSION") || cli.verb.is_own() {
            return conclude(&ui, Err(other_version(&far.begin.version)));
        }
        if far.begin.config != self.0.settings.digest {
            ui.warning("the daemon works with another configuration than the one that this command reads: restart it after a change");
        }
        let desktop = Desktop {
            ui: ui.clone(),
            config: None,
            app: Some(self.0.at(Arc::new(Arc::clone(far)))),
        };
        let verb = word(&cli.verb);
        let ended = tokio::runtime::Handle::current().block_on(dispatch(cli.verb, &desktop));
        let code = conclude(&ui, ended);
        tracing::info!(verb, exit = code, "carried out a command");
        code
    }
}

fn other_version(version: &str) -> Fault {
    let what = format!(
        "The daemon is Cordon {}, and the command is of {version}.",
        env!("CARGO_PKG_VERSION")
    );
    Fault::new(Kind::Owned, "daemon-version", what).hint("restart the daemon with the same program")
}

/// The verb for the log, without its arguments: they may name people.
fn word(verb: &Verb) -> String {
    let text = format!("{verb:?}");
    let end = text.find(|c: char| !c.is_ascii_alphanumeric());
    text.get(..end.unwrap_or(text.len()))
        .unwrap_or_default()
        .to_lowercase()
}
