//! Resolves references to secrets. What is resolved is never printed, logged or stored.

use std::process::{Command, Stdio};

use crate::fault::{Fault, Result};
use crate::secret::{SecretRef, SecretString};

/// The secret behind a reference.
///
/// # Errors
/// The variable is not set, the file cannot be read, the command fails, or the secret is empty. The
/// fault names the reference and never what it held.
pub fn resolve(reference: &SecretRef) -> Result<SecretString> {
    let text = match reference {
        SecretRef::Env(name) => super::variable(name).ok_or_else(|| {
            missing(reference, "the variable is not set").hint(format!("set {name} and run again"))
        })?,
        SecretRef::File(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|error| missing(reference, "the file cannot be read").caused_by(error))?;
            guard_mode(reference, path)?;
            text
        }
        SecretRef::Cmd(line) => run(reference, line)?,
    };
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err(missing(reference, "it is empty"));
    }
    Ok(text.to_owned().into())
}

/// A file that others may read is refused: whoever reads it can act in our name.
fn guard_mode(reference: &SecretRef, path: &std::path::Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(path)
        .map_err(crate::fault::io("look at a secret's file", path))?
        .permissions()
        .mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(missing(
        reference,
        "other accounts of this machine may read the file",
    )
    .hint(format!("chmod 600 {}", path.display())))
}

fn run(reference: &SecretRef, line: &str) -> Result<String> {
    let mut words = line.split_whitespace();
    let program = words
        .next()
        .ok_or_else(|| missing(reference, "no program is named"))?;
    let output = Command::new(program)
        .args(words)
        .stdin(Stdio::null())
        .stderr(Stdio::null()) // it may print the secret
        .output()
        .map_err(|error| missing(reference, "the program cannot be run").caused_by(error))?;
    if !output.status.success() {
        return Err(missing(
            reference,
            &format!("the program ended with {}", output.status),
        ));
    }
    String::from_utf8(output.stdout)
        .map_err(|_| missing(reference, "what the program prints is not text"))
}

fn missing(reference: &SecretRef, why: &str) -> Fault {
    Fault::input("secret", format!("A secret cannot be had: {why}.")).at(reference)
}
