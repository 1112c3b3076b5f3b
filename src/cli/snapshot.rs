//! `cordon snapshot`: save trails, perishable first; take in files and repositories.

use std::path::PathBuf;

use super::{Desktop, Ended};
use crate::app::summary;
use crate::fault::{Fault, Kind, Result};
use crate::hostile;

/// Save the trails of the accounts, perishable first. Reads only.
///
/// With --import or --repository nothing is asked of providers: files that vendors export and git
/// repositories are kept as they are, hashed, and read for the timeline.
///
/// Exit code 1 when a trail was not read to its end, 2 when the format of a file is not known or one
/// could not be taken in; what could be had is kept either way.
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
    let mut refused: Vec<(String, Fault)> = Vec::new();
    for file in &args.import {
        desktop.ui.status(&format!("Importing {}…", file.display()));
        match desk.import(file).await {
            Ok(one) => imported.push(one),
            Err(fault) => refused.push((file.display().to_string(), fault)),
        }
    }
    let mut bundled = Vec::new();
    for repository in &args.repository {
        desktop.ui.status(&format!(
            "Mirroring {}…",
            hostile::one_line(repository, 200)
        ));
        match desk.bundle(repository).await {
            Ok(one) => bundled.push((repository.clone(), one)),
            Err(fault) => refused.push((repository.clone(), fault)),
        }
    }
    if imported.is_empty()
        && bundled.is_empty()
        && refused.len() == 1
        && let Some((_, fault)) = refused.pop()
    {
        return Err(fault);
    }
    let before = desk.log.read(|state| state.trails.len());
    let asked = args.import.is_empty() && args.repository.is_empty();
    if asked {
        desk.snapshot(args.window).await?;
    }
    desk.finish().await?;
    let summary = desk.summary();
    let read: Vec<_> = summary.trails.iter().skip(before).collect();
    let document = serde_json::json!({ "imported": imported, "bundled": bundled, "trails": summary.trails, "refused": refusals(&refused) });
    desktop.ui.answer(&document, || {
        if asked {
            summary::trails(&read)
        } else {
            summary::taken_in(&imported, &bundled)
        }
    })?;
    for (name, fault) in &refused {
        desktop.ui.warning(&format!(
            "not taken in: {}: {}",
            hostile::one_line(name, 200),
            fault.what()
        ));
        for hint in fault.hints() {
            desktop.ui.hint(hint);
        }
    }
    if !asked {
        desktop
            .ui
            .hint(&format!("next: cordon case timeline {}", desk.log.case()));
    }
    let unread = imported.iter().any(|one| !one.understood());
    // A snapshot that read nothing at all is not done either.
    let short = asked && (read.is_empty() || read.iter().any(|line| !line.completeness.complete));
    let broken = refused.iter().map(|(_, fault)| fault.kind());
    Ok(broken
        .reduce(|one, other| if one == Kind::Input { other } else { one })
        .or(unread.then_some(Kind::Input))
        .or(short.then_some(Kind::Failed)))
}

/// What could not be taken in, and why.
fn refusals(refused: &[(String, Fault)]) -> Vec<serde_json::Value> {
    let one = |(name, fault): &(String, Fault)| {
        serde_json::json!({
            "name": name,
            "code": fault.code(),
            "what": fault.what(),
            "next": fault.hints(),
        })
    };
    refused.iter().map(one).collect()
}
