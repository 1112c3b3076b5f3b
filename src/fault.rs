//! What went wrong, where, and what to do next: the one error envelope.
//!
//! Text is written for the person who reads it at two in the morning: `what` is a full sentence,
//! `place` names the file, line, case or call, and each hint is an action that can be taken now.

use std::error::Error;
use std::fmt;

/// Why a command ended; decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The work was tried and failed (exit 1).
    Failed,
    /// Usage or input that cannot be accepted (exit 2).
    Input,
    /// A person has to decide before the work goes on (exit 3).
    Waiting,
    /// Doors are still open or cannot be proven closed (exit 4).
    OpenDoors,
    /// Evidence does not verify (exit 5).
    Evidence,
    /// Another process owns the store (exit 6).
    Owned,
}

impl Kind {
    /// The process exit code of the command line contract.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Input => 2,
            Self::Waiting => 3,
            Self::OpenDoors => 4,
            Self::Evidence => 5,
            Self::Owned => 6,
        }
    }
}

/// An error that a person can act on.
#[derive(Debug)]
pub struct Fault {
    kind: Kind,
    code: &'static str,
    what: String,
    place: Option<String>,
    hints: Vec<String>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl Fault {
    /// A fault of `kind` with a stable kebab-case `code` and a sentence that says what happened.
    pub fn new(kind: Kind, code: &'static str, what: impl Into<String>) -> Self {
        Self {
            kind,
            code,
            what: what.into(),
            place: None,
            hints: Vec::new(),
            source: None,
        }
    }

    /// The work was tried and failed.
    pub fn failed(code: &'static str, what: impl Into<String>) -> Self {
        Self::new(Kind::Failed, code, what)
    }

    /// The input cannot be accepted.
    pub fn input(code: &'static str, what: impl Into<String>) -> Self {
        Self::new(Kind::Input, code, what)
    }

    /// Evidence does not verify.
    pub fn evidence(code: &'static str, what: impl Into<String>) -> Self {
        Self::new(Kind::Evidence, code, what)
    }

    /// Names the file, line, case or call.
    #[must_use]
    pub fn at(mut self, place: impl fmt::Display) -> Self {
        self.place = Some(place.to_string());
        self
    }

    /// Adds a next step.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Keeps the underlying error.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Why the command ended.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The stable code, for scripts and tests.
    pub const fn code(&self) -> &'static str {
        self.code
    }

    /// What happened, as a sentence.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// Where it happened.
    pub fn place(&self) -> Option<&str> {
        self.place.as_deref()
    }

    /// What to do next.
    pub fn hints(&self) -> &[String] {
        &self.hints
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        if let Some(place) = &self.place {
            write!(f, " ({place})")?;
        }
        if let Some(source) = &self.source {
            write!(f, ": {source}")?;
        }
        Ok(())
    }
}

impl Error for Fault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn Error + 'static))
    }
}

/// Turns an I/O error into a fault that names the path.
pub fn io(action: &str, path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Fault {
    let what = format!("Could not {action}.");
    let place = path.display().to_string();
    move |error| Fault::failed("io", what).at(place).caused_by(error)
}

/// The result of everything that can fail.
pub type Result<T, E = Fault> = std::result::Result<T, E>;
