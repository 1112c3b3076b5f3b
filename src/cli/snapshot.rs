//! `cordon snapshot`: save trails, perishable first; take in files, repositories and archives.

use std::path::PathBuf;
use std::time::Duration;

use super::{Desktop, Ended};
use crate::app::summary;
use crate::fault::{Fault, Kind, Result};
use crate::hostile;

/// Save the trails of the accounts, perishable first. Reads only.
///
/// The one exception is --archive: it has the provider make something, which changes nothing for
/// anybody and shows in the provider's own audit log.
///
/// With --import, --repository or --archive no trail is read: files that vendors export, git
/// repositories and archives are kept as they are, hashed, and files are read for the timeline.
///
/// Exit code 1 when a trail was not read to its end, 2 when the format of a file is not known or one
/// could not be taken in, 3 when the provider is still making an archive; what could be had is kept
/// either way.
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
    /// Repositories that the provider archives itself, with issues, pull requests, reviews and
    /// comments: GitHub's migration archive. Needs the token of an organization owner. The same
    /// command goes on with the same archive; one that was kept is not asked for again until the
    /// provider is about to delete it, after six days.
    #[arg(long, value_name = "OWNER/REPO", num_args = 1..)]
    archive: Vec<String>,
    /// How long to wait for the archive, minutes.
    #[arg(
        long,
        default_value_t = 60,
        value_name = "MINUTES",
        requires = "archive"
    )]
    wait: u32,
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
    let archived = match args.archive.as_slice() {
        [] => None,
        repositories => {
            let patience = Duration::from_mins(args.wait.into());
            let tell = |line: &str| desktop.ui.status(line);
            Some(desk.archive(repositories, patience, &tell).await?)
        }
    };
    let before = desk.log.read(|state| state.trails.len());
    let asked = args.import.is_empty() && args.repository.is_empty() && archived.is_none();
    if asked {
        desk.snapshot(args.window).await?;
    }
    desk.finish().await?;
    let summary = desk.summary();
    let read: Vec<_> = summary.trails.iter().skip(before).collect();
    let document = serde_json::json!({
        "imported": imported, "bundled": bundled, "archived": archived, "trails": summary.trails,
        "refused": refusals(&refused),
    });
    desktop.ui.answer(&document, || {
        if asked {
            summary::trails(&read)
        } else {
            summary::taken_in(&imported, &bundled, archived.as_ref())
        }
    })?;
    warn(desktop, &refused);
    let waiting = archived.as_ref().is_some_and(|one| one.evidence.is_none());
    if waiting {
        desktop
            .ui
            .hint("next: the same command again; it goes on with this archive");
    } else if !asked {
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
        .or(short.then_some(Kind::Failed))
        .or(waiting.then_some(Kind::Waiting)))
}

fn warn(desktop: &Desktop, refused: &[(String, Fault)]) {
    for (name, fault) in refused {
        let name = hostile::one_line(name, 200);
        let what = fault.what();
        desktop.ui.warning(&format!("not taken in: {name}: {what}"));
        fault.hints().iter().for_each(|hint| desktop.ui.hint(hint));
    }
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
