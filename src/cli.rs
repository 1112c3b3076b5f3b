//! The command line: one verb per file, each with its arguments, its help and its function.

mod approve;
mod carried;
mod case;
mod clock;
mod completions;
mod contact;
mod drill;
mod evidence;
mod fact;
mod init;
mod inventory;
mod near;
mod notice;
mod people;
mod plan;
mod playbook;
mod provider;
mod recall;
mod run;
mod sanctions;
mod serve;
mod signature;
mod snapshot;
mod status;
mod token;
mod undo;
mod verify;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser, Subcommand};

use crate::app::App;
use crate::fault::{Fault, Kind, Result};
use crate::settings::Settings;
use crate::time::SystemClock;
use crate::ui::{Form, Ui};
use crate::workplace::{Here, Workplace};

/// The heading of the options that every command takes.
const EVERYWHERE: &str = "Options of every command";

/// Runs the response when a terminated contractor is suspected of identity misrepresentation.
///
/// Exit codes: 0 done, 1 failed, 2 usage or invalid input, 3 waiting for a person, 4 doors open or
/// unknown, 5 evidence does not verify, 6 the store is owned by another process.
#[derive(Debug, Parser)]
#[command(
    name = "cordon",
    version,
    propagate_version = true,
    max_term_width = 100
)]
pub struct Cli {
    /// The configuration file [default: $CORDON_CONFIG, then ~/.config/cordon/cordon.toml].
    #[arg(long, global = true, value_name = "FILE", help_heading = EVERYWHERE)]
    config: Option<PathBuf>,
    /// Print one JSON document on stdout.
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    json: bool,
    /// Say nothing on stderr but warnings and errors.
    #[arg(long, short, global = true, help_heading = EVERYWHERE)]
    quiet: bool,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Drill(drill::Args),
    Init(init::Args),
    #[command(subcommand)]
    Provider(provider::Verb),
    #[command(subcommand)]
    Case(case::Verb),
    Inventory(inventory::Args),
    Plan(plan::Args),
    Run(run::Args),
    /// Approve a gate. The approval is signed with your SSH key and binds the plan as it is.
    Approve(approve::Args),
    /// Deny a gate: what it guards does not happen. Signed with your SSH key.
    Deny(approve::Args),
    Verify(verify::Args),
    Undo(undo::Args),
    Status(status::Args),
    Snapshot(snapshot::Args),
    #[command(subcommand)]
    Evidence(evidence::Verb),
    #[command(subcommand)]
    Contact(contact::Verb),
    #[command(subcommand)]
    Clock(clock::Verb),
    #[command(subcommand)]
    Fact(fact::Verb),
    #[command(subcommand)]
    Sanctions(sanctions::Verb),
    #[command(subcommand)]
    Notice(notice::Verb),
    #[command(subcommand)]
    Playbook(playbook::Verb),
    Serve(serve::Args),
    #[command(subcommand)]
    People(people::Verb),
    #[command(subcommand)]
    Token(token::Verb),
    Completions(completions::Completions),
    Man(completions::Man),
}

/// How a command ended when nothing went wrong: `None` is done, the rest is an exit code that a
/// script acts on (waiting for a person, doors open or unknown).
pub(crate) type Ended = Option<Kind>;

/// What a command works with.
pub(crate) struct Desktop {
    ui: Ui,
    config: Option<PathBuf>,
    /// The program that the daemon runs, when it carries the command out.
    app: Option<App>,
}

impl Desktop {
    fn settings(&self) -> Result<Settings> {
        Settings::load(self.config.as_deref())
    }

    fn app(&self) -> Result<App> {
        match &self.app {
            Some(app) => Ok(app.clone()),
            None => App::new(self.settings()?, Arc::new(SystemClock)),
        }
    }

    /// Where the command comes from.
    fn workplace(&self) -> &dyn Workplace {
        match &self.app {
            Some(app) => &*app.workplace,
            None => &Here,
        }
    }
}

/// The definition of the command line, for completions and the man page.
pub(crate) fn definition() -> clap::Command {
    Cli::command()
}

/// Runs one command to its exit code, here or in the daemon that has the stores.
pub fn run(cli: Cli) -> ExitCode {
    let ui = Ui::new(cli.form(), cli.quiet);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            let fault = Fault::failed("runtime", "The program could not start.").caused_by(error);
            return ExitCode::from(conclude(&ui, Err(fault)));
        }
    };
    let inside = runtime.enter();
    crate::app::log_to_stderr(matches!(cli.verb, Verb::Serve(_)));
    drop(inside);
    let code = runtime.block_on(async {
        if let Some(code) = near::carried(&cli, &ui).await {
            return code.unwrap_or_else(|fault| conclude(&ui, Err(fault)));
        }
        let desktop = Desktop {
            ui: ui.clone(),
            config: cli.config,
            app: None,
        };
        conclude(&ui, Box::pin(dispatch(cli.verb, &desktop)).await)
    });
    // What still blocks, such as a command that a stopped daemon could not wait for, is journaled.
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    ExitCode::from(code)
}

/// Says what went wrong, and gives the exit code.
fn conclude(ui: &Ui, ended: Result<Ended>) -> u8 {
    match ended {
        Ok(None) => 0,
        Ok(Some(kind)) => kind.exit_code(),
        Err(fault) => {
            ui.fault(&fault);
            fault.kind().exit_code()
        }
    }
}

/// Says why the arguments were not taken, or what was asked for: help or the version.
pub fn refused(error: &clap::Error, args: impl Iterator<Item = OsString>) -> ExitCode {
    // Help and version go to stdout and are no error; usage goes to stderr.
    error.print().ok();
    let code = u8::try_from(error.exit_code()).unwrap_or(2);
    let json = args
        .take_while(|arg| arg != "--")
        .any(|arg| arg == "--json");
    if json && code != 0 {
        let ui = Ui::new(Form::Json, false);
        let said = error.render().to_string();
        let said = said.strip_prefix("error: ").unwrap_or(&said);
        let (what, rest) = said.split_once("\n\n").unwrap_or((said, ""));
        let incomplete = error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
        let fault = if incomplete {
            Fault::input("usage", "The command is not complete.").hint("see `--help`")
        } else {
            let words: Vec<&str> = what.split_whitespace().collect();
            let next = rest.lines().map(str::trim).filter(|line| !line.is_empty());
            next.fold(Fault::input("usage", words.join(" ")), Fault::hint)
        };
        ui.document(&fault);
    }
    ExitCode::from(code)
}

impl Cli {
    const fn form(&self) -> Form {
        if self.json { Form::Json } else { Form::Text }
    }
}

impl Verb {
    /// Whether it needs neither stores nor credentials: the daemon has no part in it.
    const fn is_own(&self) -> bool {
        match self {
            Self::Drill(_)
            | Self::Init(_)
            | Self::Playbook(_)
            | Self::Serve(_)
            | Self::Completions(_)
            | Self::Man(_) => true,
            Self::Evidence(verb) => verb.is_own(),
            _ => false,
        }
    }
}

async fn dispatch(verb: Verb, desktop: &Desktop) -> Result<Ended> {
    match verb {
        Verb::Drill(args) => drill::run(desktop, args).await,
        Verb::Init(args) => init::run(desktop, &args),
        Verb::Provider(verb) => provider::run(desktop, verb).await,
        Verb::Case(verb) => case::run(desktop, verb).await,
        Verb::Inventory(args) => inventory::run(desktop, &args).await,
        Verb::Plan(args) => plan::run(desktop, &args).await,
        Verb::Run(args) => run::run(desktop, &args).await,
        Verb::Approve(args) => approve::run(desktop, &args, true).await,
        Verb::Deny(args) => approve::run(desktop, &args, false).await,
        Verb::Verify(args) => verify::run(desktop, &args).await,
        Verb::Undo(args) => undo::run(desktop, &args).await,
        Verb::Status(args) => status::run(desktop, &args).await,
        Verb::Snapshot(args) => snapshot::run(desktop, &args).await,
        Verb::Evidence(verb) => evidence::run(desktop, verb).await,
        Verb::Contact(verb) => contact::run(desktop, verb).await,
        Verb::Clock(verb) => clock::run(desktop, verb).await,
        Verb::Fact(verb) => fact::run(desktop, verb).await,
        Verb::Notice(verb) => notice::run(desktop, verb).await,
        Verb::Sanctions(verb) => sanctions::run(desktop, verb).await,
        Verb::Playbook(verb) => playbook::run(desktop, verb),
        Verb::Serve(args) => serve::run(desktop, &args).await,
        Verb::People(verb) => people::run(desktop, &verb),
        Verb::Token(verb) => token::run(desktop, verb),
        Verb::Completions(args) => completions::completions(desktop, &args),
        Verb::Man(args) => completions::man(desktop, &args),
    }
}
