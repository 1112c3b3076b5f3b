//! Everything that reaches a person at a terminal goes through here: data on stdout, the rest on
//! stderr. No meaning is carried by colour, and nothing needs a terminal.

use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use serde::Serialize;

use crate::fault::{Fault, Result};
use crate::hostile::terminal;

/// How to speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Text for people.
    Text,
    /// One JSON document on stdout.
    Json,
}

/// The voice of the program.
#[derive(Debug, Clone, Copy)]
pub struct Ui {
    form: Form,
    quiet: bool,
}

impl Ui {
    /// A voice.
    pub const fn new(form: Form, quiet: bool) -> Self {
        Self { form, quiet }
    }

    /// Whether one JSON document is wanted.
    pub fn is_json(self) -> bool {
        self.form == Form::Json
    }

    /// Whether a person sits at the terminal and can be asked.
    pub fn can_ask(self) -> bool {
        std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
    }

    /// The answer of a command: `text` for people, `document` for programs.
    ///
    /// # Errors
    /// Stdout cannot be written; a closed pipe is not an error.
    pub fn answer(self, document: &impl Serialize, text: impl FnOnce() -> String) -> Result<()> {
        let mut out = match self.form {
            // Whatever a face forgot to escape: nothing from outside steers a terminal.
            Form::Text => terminal(&text()),
            Form::Json => serde_json::to_string_pretty(document).map_err(|error| {
                Fault::failed("json", "The answer could not be written as JSON.").caused_by(error)
            })?,
        };
        if !out.ends_with('\n') && !out.is_empty() {
            out.push('\n');
        }
        raw(out.as_bytes())
    }

    /// Progress: what is being done now.
    pub fn status(self, line: &str) {
        if !self.quiet {
            say(line);
        }
    }

    /// Something that a person should know although the work goes on.
    pub fn warning(self, line: &str) {
        say(&format!("warning: {line}"));
    }

    /// What to do next.
    pub fn hint(self, line: &str) {
        if !self.quiet {
            say(&format!("hint: {line}"));
        }
    }

    /// An error with its place, its causes and its next steps.
    pub fn fault(self, fault: &Fault) {
        let mut text = format!("error[{}]: {}", fault.code(), fault.what());
        if let Some(place) = fault.place() {
            text.push_str("\n  at: ");
            text.push_str(place);
        }
        let mut cause = std::error::Error::source(fault);
        while let Some(error) = cause {
            text.push_str("\n  because: ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        for hint in fault.hints() {
            text.push_str("\n  hint: ");
            text.push_str(hint);
        }
        say(&text);
    }

    /// A bar on stderr for work of known length; silent without a terminal.
    pub fn bar(self, length: u64, what: &str) -> indicatif::ProgressBar {
        let bar = if self.quiet || !std::io::stderr().is_terminal() {
            indicatif::ProgressBar::hidden()
        } else {
            indicatif::ProgressBar::new(length)
        };
        if let Ok(style) =
            indicatif::ProgressStyle::with_template("{msg} [{bar:30}] {pos}/{len} {elapsed}")
        {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        bar.set_message(what.to_owned());
        bar
    }

    /// Asks a person; an empty answer is `None`.
    ///
    /// # Errors
    /// Nobody can be asked.
    pub fn ask(self, question: &str) -> Result<Option<String>> {
        if !self.can_ask() {
            return Err(Fault::input(
                "no-terminal",
                "A question cannot be asked without a terminal.",
            )
            .at(question));
        }
        let mut err = std::io::stderr();
        write!(err, "{question} ")
            .and_then(|()| err.flush())
            .map_err(closed)?;
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).map_err(closed)?;
        let line = line.trim();
        Ok((!line.is_empty()).then(|| line.to_owned()))
    }
}

fn say(text: &str) {
    // Nobody is left to tell when stderr is closed.
    writeln!(std::io::stderr(), "{}", terminal(text)).ok();
}

/// Bytes to stdout as they are.
///
/// # Errors
/// Stdout cannot be written; a closed pipe is not an error.
pub fn raw(bytes: &[u8]) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(closed(error)),
        _ => Ok(()),
    }
}

fn closed(error: std::io::Error) -> Fault {
    Fault::failed("terminal", "The terminal could not be read or written.").caused_by(error)
}

/// A table for people: plain borders, no colour, as wide as its content.
pub fn table<const N: usize>(
    head: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(head);
    for row in rows {
        table.add_row(row);
    }
    table
        .lines()
        .map(|line| line.trim_end().to_owned() + "\n")
        .collect()
}
