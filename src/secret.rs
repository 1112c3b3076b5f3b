//! Secrets are named by reference (`env:`, `file:`, `cmd:`) and held in types that do not print.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

pub use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::fault::{Fault, Result};

/// Where a secret is kept; safe to print, log and store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum SecretRef {
    /// An environment variable.
    Env(String),
    /// The contents of a file, without the line end.
    File(PathBuf),
    /// What a command prints, run without a shell, without the line end.
    Cmd(String),
}

impl FromStr for SecretRef {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self> {
        match text.split_once(':') {
            Some(("env", name)) if !name.is_empty() => Ok(Self::Env(name.to_owned())),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
            Some(("cmd", line)) if !line.trim().is_empty() => Ok(Self::Cmd(line.to_owned())),
            // The text itself may be a secret that was pasted by mistake: it is not repeated.
            _ => Err(Fault::input("secret-ref", "A secret must be named by reference.")
                .hint("write `env:NAME`, `file:/path` or `cmd:program argument…`, never the secret itself")),
        }
    }
}

impl TryFrom<String> for SecretRef {
    type Error = Fault;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<SecretRef> for String {
    fn from(reference: SecretRef) -> Self {
        reference.to_string()
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Cmd(line) => write!(f, "cmd:{line}"),
        }
    }
}
