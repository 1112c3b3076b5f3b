//! Everything that reaches a person at a terminal goes through here: data on stdout, the rest on
//! stderr. No meaning is carried by colour, and nothing needs a terminal.

use std::cell::Cell;
use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::ProgressDrawTarget;
use serde::Serialize;

use crate::carry::Call;
use crate::carry::far::{Far, FarTerminal};
use crate::fault::{Fault, Result};
use crate::hostile;

thread_local! {
    /// What a command on this thread writes for.
    static SCREEN: Cell<Screen> = const { Cell::new(Screen::Own) };
}

/// What text is set for.
#[derive(Clone, Copy)]
enum Screen {
    /// Whatever stdout of this process is.
    Own,
    /// The far end's terminal: its columns; `None` when it is none.
    Far(Option<usize>),
}

/// How to speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Text for people.
    Text,
    /// One JSON document on stdout.
    Json,
}

/// The voice of the program. A clone is the same voice.
#[derive(Debug, Clone)]
pub struct Ui {
    form: Form,
    quiet: bool,
    /// Whether a JSON document was given: then no other follows.
    answered: Arc<AtomicBool>,
    /// Who hears it, when that is not who runs this process.
    far: Option<Arc<Far>>,
}

impl Ui {
    /// A voice at the terminal of this process.
    pub fn new(form: Form, quiet: bool) -> Self {
        Self {
            form,
            quiet,
            answered: Arc::default(),
            far: None,
        }
    }

    /// A voice at the far end of a command. Text that this thread makes is set for its screen.
    pub fn far(form: Form, quiet: bool, far: Arc<Far>) -> Self {
        SCREEN.set(Screen::Far(far.begin.columns));
        Self {
            far: Some(far),
            ..Self::new(form, quiet)
        }
    }

    /// Whether one JSON document is wanted.
    pub fn is_json(&self) -> bool {
        self.form == Form::Json
    }

    /// Whether a person sits at the terminal and can be asked.
    pub fn can_ask(&self) -> bool {
        match &self.far {
            Some(far) => far.begin.can_ask,
            None => std::io::stdin().is_terminal() && std::io::stderr().is_terminal(),
        }
    }

    /// The answer of a command: `text` for people, `document` for programs.
    ///
    /// # Errors
    /// Stdout cannot be written; a closed pipe is not an error.
    pub fn answer(&self, document: &impl Serialize, text: impl FnOnce() -> String) -> Result<()> {
        let mut out = match self.form {
            // Whatever a face forgot to escape: nothing from outside steers a terminal.
            Form::Text => hostile::terminal(&text()),
            Form::Json => {
                let text = serde_json::to_string_pretty(document).map_err(|error| {
                    Fault::failed("json", "The answer could not be written as JSON.")
                        .caused_by(error)
                })?;
                self.answered.store(true, Ordering::Relaxed);
                text
            }
        };
        if !out.ends_with('\n') && !out.is_empty() {
            out.push('\n');
        }
        self.raw(out.as_bytes())
    }

    /// Bytes to stdout as they are.
    ///
    /// # Errors
    /// Stdout cannot be written; a closed pipe is not an error.
    pub fn raw(&self, bytes: &[u8]) -> Result<()> {
        if let Some(far) = &self.far {
            far.show(&Call::Out, bytes);
            return Ok(());
        }
        let mut out = std::io::stdout().lock();
        match out.write_all(bytes).and_then(|()| out.flush()) {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(closed(error)),
            _ => Ok(()),
        }
    }

    /// Bytes to stderr as they are.
    pub fn raw_progress(&self, bytes: &[u8]) {
        match &self.far {
            Some(far) => far.show(&Call::Err, bytes),
            // Nobody is left to tell when stderr is closed.
            None => drop(std::io::stderr().write_all(bytes)),
        }
    }

    /// Ends when the person presses Ctrl-C; while they only look, also when nobody looks any more.
    pub async fn interrupted(&self, looks: bool) {
        match &self.far {
            Some(far) => far.interrupted(looks).await,
            None if tokio::signal::ctrl_c().await.is_ok() => {}
            None => std::future::pending().await,
        }
    }

    fn say(&self, text: &str) {
        let mut line = hostile::terminal(text);
        line.push('\n');
        self.raw_progress(line.as_bytes());
    }

    /// Clears the terminal before an answer that replaces the last; nothing elsewhere.
    pub fn begin_screen(&self) {
        if self.form == Form::Text && terminal().is_some() {
            self.raw(b"\x1b[H\x1b[2J").ok();
        }
    }

    /// Progress: what is being done now.
    pub fn status(&self, line: &str) {
        if !self.quiet {
            self.say(line);
        }
    }

    /// Something that a person should know although the work goes on.
    pub fn warning(&self, line: &str) {
        self.say(&format!("warning: {line}"));
    }

    /// What to do next.
    pub fn hint(&self, line: &str) {
        if !self.quiet {
            self.say(&format!("hint: {line}"));
        }
    }

    /// An error with its place, its causes and its next steps: as text on stderr, and where a JSON
    /// document is wanted and none was given, as that document on stdout.
    pub fn fault(&self, fault: &Fault) {
        self.document(fault);
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
        self.say(&text);
    }

    /// An error as the JSON document on stdout, where one is wanted and none was given.
    pub fn document(&self, fault: &Fault) {
        if self.is_json() && !self.answered.load(Ordering::Relaxed) {
            self.answer(&document(fault), String::new).ok();
        }
    }

    /// A bar on stderr for work of known length; silent without a terminal.
    pub fn bar(&self, length: u64, what: &str) -> indicatif::ProgressBar {
        let target = match &self.far {
            _ if self.quiet => ProgressDrawTarget::hidden(),
            None => ProgressDrawTarget::stderr(),
            Some(far) => FarTerminal::of(far).map_or_else(ProgressDrawTarget::hidden, |terminal| {
                ProgressDrawTarget::term_like(Box::new(terminal))
            }),
        };
        let bar = indicatif::ProgressBar::with_draw_target(Some(length), target);
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
    pub fn ask(&self, question: &str) -> Result<Option<String>> {
        if !self.can_ask() {
            return Err(Fault::input(
                "no-terminal",
                "A question cannot be asked without a terminal.",
            )
            .at(question));
        }
        if let Some(far) = &self.far {
            return far.ask(question);
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

/// `{"error": {"code", "what", "where", "because", "next", "exit"}}`.
fn document(fault: &Fault) -> serde_json::Value {
    let mut because = Vec::new();
    let mut cause = std::error::Error::source(fault);
    while let Some(error) = cause {
        because.push(error.to_string());
        cause = error.source();
    }
    serde_json::json!({ "error": {
        "code": fault.code(),
        "what": fault.what(),
        "where": fault.place(),
        "because": because,
        "next": fault.hints(),
        "exit": fault.kind().exit_code(),
    }})
}

fn closed(error: std::io::Error) -> Fault {
    Fault::failed("terminal", "The terminal could not be read or written.").caused_by(error)
}

/// How wide text is set where no terminal says it, and the most where one does, columns.
const PAGE: usize = 100;

/// The narrowest column of sentences that is still easy to read.
const PROSE: usize = 24;

/// The columns of the terminal on stdout; `None` when stdout is no terminal.
fn terminal() -> Option<usize> {
    match SCREEN.get() {
        Screen::Own => own_terminal(),
        Screen::Far(columns) => columns.map(|columns| columns.max(40)),
    }
}

/// The columns of the terminal on stderr of this process; `None` when it is no terminal.
pub fn progress_columns() -> Option<u16> {
    let stderr = std::io::stderr();
    let size = stderr
        .is_terminal()
        .then(|| terminal_size::terminal_size_of(&stderr));
    size.flatten().map(|(width, _)| width.0)
}

/// The columns of the terminal on stdout of this process; `None` when it is no terminal.
pub fn own_terminal() -> Option<usize> {
    let stdout = std::io::stdout();
    if !stdout.is_terminal() {
        return None;
    }
    let (width, _) = terminal_size::terminal_size_of(&stdout)?;
    Some(usize::from(width.0).max(40))
}

/// A paragraph that begins with `lead`; its further lines stand under its first word.
pub fn paragraph(lead: &str, text: &str) -> String {
    let width = terminal().map_or(PAGE, |columns| columns.min(PAGE));
    let indent = " ".repeat(textwrap::core::display_width(lead).min(width / 2));
    let options = textwrap::Options::new(width)
        .initial_indent(lead)
        .subsequent_indent(&indent)
        .break_words(false)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    let lines = textwrap::wrap(text, options);
    lines
        .iter()
        .map(|line| line.trim_end().to_owned() + "\n")
        .collect()
}

/// `1 trail`, `2 trails`.
pub fn count(number: usize, word: &str) -> String {
    if word == "person" && number != 1 {
        return format!("{number} people");
    }
    let end = match word.chars().last() {
        _ if number == 1 => "",
        Some('s' | 'x') => "es",
        _ => "s",
    };
    format!("{number} {word}{end}")
}

/// A table for people: no borders, no colour. At a terminal it keeps within its columns; elsewhere
/// it is as wide as its content, one line for each row.
pub fn table<const N: usize>(
    head: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let rows: Vec<[String; N]> = rows.into_iter().collect();
    table_within(terminal(), head, &rows)
}

/// Ids and times stay whole, sentences are wrapped; where that does not fit, each row becomes a
/// block of lines.
fn table_within<const N: usize>(
    columns: Option<usize>,
    head: [&str; N],
    rows: &[[String; N]],
) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(head);
    for row in rows {
        table.add_row(row);
    }
    let wide = || {
        table
            .lines()
            .map(|line| line.trim().to_owned() + "\n")
            .collect::<String>()
    };
    let Some(columns) = columns else {
        return wide();
    };
    let wanted: Vec<usize> = (head.iter().enumerate())
        .map(|(at, name)| {
            let cells = rows.iter().filter_map(|row| row.get(at));
            let widths = cells.map(|cell| textwrap::core::display_width(cell));
            widths.max().unwrap_or_default().max(name.len())
        })
        .collect();
    let gaps = 2 * N;
    if wanted.iter().sum::<usize>() + gaps <= columns {
        return wide();
    }
    // Only what reads as sentences may be wrapped: an id that is cut cannot be copied.
    let prose = |at: usize| {
        let mut cells = rows.iter().filter_map(|row| row.get(at));
        wanted.get(at).is_some_and(|width| *width > PROSE) && cells.any(|cell| cell.contains(' '))
    };
    let sentences = (0..N).filter(|at| prose(*at)).count();
    let fixed: usize = (wanted.iter().enumerate())
        .filter(|(at, _)| !prose(*at))
        .map(|(_, width)| width + 2)
        .sum();
    if sentences == 0 || fixed + sentences * (PROSE + 2) > columns {
        return blocks(head, rows);
    }
    for at in (0..N).filter(|at| !prose(*at)) {
        if let Some(column) = table.column_mut(at) {
            column.set_constraint(comfy_table::ColumnConstraint::ContentWidth);
        }
    }
    table.set_content_arrangement(comfy_table::ContentArrangement::Dynamic);
    table.set_width(u16::try_from(columns).unwrap_or(u16::MAX));
    table
        .lines()
        .map(|line| line.trim_end().to_owned() + "\n")
        .collect()
}

/// Each row as lines of `HEAD value`; empty cells are left out.
fn blocks<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> String {
    let widest = head.iter().map(|name| name.len()).max().unwrap_or_default();
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        for (name, cell) in head.iter().zip(row).filter(|(_, cell)| !cell.is_empty()) {
            text.push_str(&paragraph(&format!("{name:<widest$}  "), cell));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> [String; 3] {
        let id = "notice_01m7ytbdqgehtrr2htya287g5b".to_owned();
        let sentence = "a sentence that is much longer than a narrow terminal has columns";
        [id, "draft".to_owned(), sentence.to_owned()]
    }

    #[test]
    fn a_table_keeps_within_the_terminal_and_never_cuts_an_id() {
        let head = ["NOTICE", "STAGE", "WHY"];
        let unbounded = table_within(None, head, &[row()]);
        assert_eq!(unbounded.lines().count(), 2, "{unbounded}");
        for columns in [60, 80, 100] {
            let text = table_within(Some(columns), head, &[row(), row()]);
            assert!(text.contains(row()[0].as_str()), "{text}");
            assert!(
                text.lines().all(|line| line.len() <= columns.max(80)),
                "{columns}\n{text}"
            );
        }
        assert!(table_within(Some(60), head, &[row()]).starts_with("NOTICE  notice_"));
    }

    #[test]
    fn one_thing_is_no_plural() {
        assert_eq!(count(1, "door"), "1 door");
        assert_eq!(count(0, "box"), "0 boxes");
        assert_eq!(count(2, "page"), "2 pages");
    }

    #[test]
    fn further_lines_stand_under_the_first_word() {
        let text = paragraph("  open  ", &"word ".repeat(40));
        let mut lines = text.lines();
        assert!(
            lines
                .next()
                .is_some_and(|line| line.starts_with("  open  word"))
        );
        assert!(lines.all(|line| line.starts_with("        word") && line.len() <= PAGE));
    }
}
