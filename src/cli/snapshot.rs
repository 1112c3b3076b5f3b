//! `cordon snapshot`: save trails, perishable first; take in files and repositories.

use std::path::PathBuf;

use super::{Desktop, Ended};
use crate::app::summary;
use crate::fault::{Kind, Result};

/// Save the trails of the accounts, perishable first. Reads only.
///
/// With --import or --repository nothing is asked of providers: files that vendors export and git
/// repositories are kept as they are, hashed, and read for the timeline. Exit code 1 when a trail
/// could not be read to its end.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The case: its id, or enough of its end to be unique.
    case: String,
    /// Trail files as a vendor exports them: GitHub audit log, Okta System Log, CloudTrail, Google
    /// Reports; JSON or NDJSON.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    import: Vec<PathBuf>,
    /// A git repository to mirror and bundle: a path or an https address.
    #[arg(long, value_name = "REPOSITORY", num_args = 1..)]
    repository: Vec<String>,
    /// How far back to read, days.
    #[arg(long, default_value_t = 90, value_name = "DAYS")]
    window: u32,
}

pub(super) async fn run(desktop: &Desktop, args: &Args) -> Result<Ended> {
    let desk = desktop.app()?.desk(&args.case)?;
    let mut imported = Vec::new();
    for file in &args.import {
        desktop.ui.status(&format!("Importing {}…", file.display()));
        imported.push(desk.import(file).await?);
    }
    let mut bundled = Vec::new();
    for repository in &args.repository {
        desktop.ui.status(&format!(
            "Mirroring {}…",
            crate::hostile::one_line(repository, 200)
        ));
        bundled.push((repository.clone(), desk.bundle(repository).await?));
    }
    let asks = args.import.is_empty() && args.repository.is_empty();
    let before = desk.log.read(|state| state.trails.len());
    if asks {
        desk.snapshot(args.window).await?;
    }
    // A snapshot that kept nothing, or left a trail unread, is not done.
    let unsaved = asks
        && desk.log.read(|state| {
            let read = state.trails.get(before..).unwrap_or_default();
            read.is_empty() || read.iter().any(|trail| !trail.completeness.complete)
        });
    desk.finish().await?;
    let summary = desk.summary();
    let document =
        serde_json::json!({ "imported": imported, "bundled": bundled, "trails": summary.trails });
    desktop
        .ui
        .answer(&document, || summary::trails(&imported, &bundled, &summary))?;
    if unsaved {
        desktop.ui.hint(&format!(
            "not every trail was read to its end: cordon provider check --case {}, then cordon snapshot again",
            desk.log.case()
        ));
        return Ok(Some(Kind::Failed));
    }
    let unread = imported.iter().any(|one| !one.understood());
    Ok(unread.then_some(Kind::Input))
}
