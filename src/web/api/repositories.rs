//! What is kept of repositories: a bundle that git has verified, an archive that a provider makes.

use http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Operation;
use super::asked::{Asked, said};
use super::work::begin;
use crate::access::Ability;
use crate::app::work::{Begun, Task};
use crate::fault::{Fault, Result};

/// A repository to mirror.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Mirror {
    /// Its address, `https` without a credential.
    #[schemars(length(min = 1, max = 2000))]
    address: String,
}

/// Repositories to archive.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Archive {
    /// Their full names, `owner/name`.
    #[schemars(length(min = 1, max = 100))]
    repositories: Vec<String>,
}

pub(super) fn operations() -> Vec<Operation> {
    use Ability::Work;
    vec![
        Operation::post::<Mirror, Begun>(
            "/cases/{case}/repositories",
            "begin_mirror",
            "Begin to mirror a repository and keep a bundle of it that git has verified.",
            Work,
            |asked| begin(&asked, mirror(&asked)),
        )
        .answered(StatusCode::ACCEPTED),
        Operation::post::<Archive, Begun>(
            "/cases/{case}/archives",
            "begin_archive",
            "Begin to have a provider make an archive of repositories and keep it, or go on with one.",
            Work,
            |asked| begin(&asked, archive(&asked)),
        )
        .answered(StatusCode::ACCEPTED),
    ]
}

/// No folder of the daemon's machine: whoever has a token need not have that.
fn mirror(asked: &Asked) -> Result<Task> {
    let Mirror { address } = asked.body()?;
    let address = said("address", &address, 2000)?;
    if !url::Url::parse(address).is_ok_and(|address| address.scheme() == "https") {
        let what = "A repository is mirrored from an https address.";
        return Err(Fault::input("git-remote", what).at("address"));
    }
    Ok(Task::Mirror {
        address: address.to_owned(),
    })
}

fn archive(asked: &Asked) -> Result<Task> {
    let Archive { repositories } = asked.body()?;
    if repositories.is_empty() || repositories.len() > 100 {
        let what = "An archive is of 1 to 100 repositories.";
        return Err(Fault::input("archive", what).at("repositories"));
    }
    Ok(Task::Archive { repositories })
}
