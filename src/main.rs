//! The `cordon` program: reads arguments, runs one command, says what went wrong, exits.

use std::process::ExitCode;

use clap::Parser as _;
use cordon::cli::{Cli, refused, run};

fn main() -> ExitCode {
    cordon::app::harden();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refused(&error, std::env::args_os()),
    };
    run(cli)
}
