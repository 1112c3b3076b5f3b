//! The `cordon` program: reads arguments, runs one command, says what went wrong, exits.

use std::process::ExitCode;

use clap::Parser as _;
use cordon::cli::{Cli, run};

fn main() -> ExitCode {
    cordon::app::harden();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to stdout and are no error; usage goes to stderr.
            let code = u8::try_from(error.exit_code()).unwrap_or(2);
            error.print().ok();
            return ExitCode::from(code);
        }
    };
    run(cli)
}
