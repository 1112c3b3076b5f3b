//! `cordon completions` and `cordon man`, from the same definitions as the help.

use super::{Desktop, Ended, definition};
use crate::fault::{Fault, Result};

/// Print a completion script for a shell.
#[derive(Debug, clap::Args)]
pub(super) struct Completions {
    /// The shell.
    shell: clap_complete::Shell,
}

/// Print the man page (roff); one page per command with --command.
#[derive(Debug, clap::Args)]
pub(super) struct Man {
    /// The command, for instance `contact` or "contact add"; without it the page of cordon itself.
    #[arg(long, value_name = "NAME")]
    command: Option<String>,
}

pub(super) fn completions(desktop: &Desktop, args: &Completions) -> Result<Ended> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut definition(), "cordon", &mut script);
    desktop.ui.raw(&script)?;
    Ok(None)
}

pub(super) fn man(desktop: &Desktop, args: &Man) -> Result<Ended> {
    let mut root = definition();
    root.build();
    let mut command = &root;
    for name in args.command.iter().flat_map(|path| path.split_whitespace()) {
        command = command.find_subcommand(name).ok_or_else(|| {
            Fault::input("no-command", "There is no such command.")
                .at(name.escape_debug())
                .hint("see `cordon help`")
        })?;
    }
    let name = command.get_bin_name().unwrap_or("cordon").replace(' ', "-");
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone())
        .title(name)
        .source(concat!("cordon ", env!("CARGO_PKG_VERSION")))
        .render(&mut page)
        .map_err(|error| {
            Fault::failed("man", "The man page could not be written.").caused_by(error)
        })?;
    desktop.ui.raw(&page)?;
    Ok(None)
}
