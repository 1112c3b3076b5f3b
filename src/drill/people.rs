//! The operators of a drill: invented people with real keys.

use std::path::{Path, PathBuf};

use crate::fault::Result;
use crate::range::company::Company;
use crate::sshsig::Signer;

/// An operator.
#[derive(Debug)]
pub(super) struct Operator {
    /// The name.
    pub(super) name: String,
    /// The address.
    pub(super) email: String,
    /// The login at GitHub.
    pub(super) login: String,
    /// The role.
    pub(super) role: &'static str,
    /// The private key.
    pub(super) key: PathBuf,
    /// The public half, one line.
    pub(super) public: String,
}

/// Makes the two operators and their keys in `folder`.
pub(super) fn make(folder: &Path, company: &Company) -> Result<Vec<Operator>> {
    crate::store::make_dir(folder)?;
    company
        .approvers
        .iter()
        .zip(["incident_lead", "legal"])
        .map(|(person, role)| {
            let key = folder.join(role);
            let signer = Signer::generate(&key, &person.email)?;
            Ok(Operator {
                name: person.name.clone(),
                email: person.email.clone(),
                login: person.github_login.clone(),
                role,
                key,
                public: signer.public().line(),
            })
        })
        .collect()
}
