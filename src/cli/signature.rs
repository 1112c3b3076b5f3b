//! Who signs a decision, with which key, and why.

use std::path::PathBuf;

/// What every signed decision is given.
#[derive(Debug, clap::Args)]
pub(super) struct Signature {
    /// Who you are, as the configuration names you.
    #[arg(long = "as", value_name = "NAME")]
    pub(super) person: String,
    /// Your SSH private key, or the public half of one that an agent or a token holds.
    #[arg(long, value_name = "FILE")]
    pub(super) key: PathBuf,
    /// Why; it stands in the log.
    #[arg(long)]
    pub(super) reason: String,
}
