//! `cordon evidence`: list, show, export and verify.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::{Desktop, Ended};
use crate::evidence::checkpoint::{PRINCIPAL, SignedCheckpoint};
use crate::evidence::export::Scope;
use crate::evidence::verify::{self, Anchors};
use crate::fault::{Fault, Kind, Result};
use crate::hostile;
use crate::id::EvidenceId;
use crate::sshsig::PublicKey;
use crate::ui;
use crate::workplace::Workplace;

/// List, show, export and verify evidence.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// List every item of evidence.
    List(One),
    /// Show the record of an item, or its raw bytes with --raw.
    Show(Show),
    /// Write a folder that an expert can verify with ordinary tools.
    Export(Export),
    /// Verify an export, without store or configuration; or a case with --case.
    Verify(Verify),
}

#[derive(Debug, clap::Args)]
pub(super) struct One {
    /// The case: its id, or enough of its end to be unique.
    case: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct Show {
    /// The case: its id, or enough of its end to be unique.
    case: String,
    /// The item.
    evidence: EvidenceId,
    /// Print the bytes as received. They are hostile: send them to a file, not to a terminal.
    #[arg(long)]
    raw: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Export {
    /// The case: its id, or enough of its end to be unique.
    case: String,
    /// The folder to make.
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
    /// Also what is counsel's, in a folder of its own. Without it the log names its hashes alone.
    #[arg(long)]
    privileged: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Verify {
    /// The export.
    #[arg(required_unless_present = "case")]
    export: Option<PathBuf>,
    /// Verify the store of a case instead: its id, or enough of its end to be unique.
    #[arg(long, conflicts_with = "export")]
    case: Option<String>,
    /// The recorder's public key as you had it by another way: a .pub file, or an allowed_signers
    /// file with a line for `recorder`.
    #[arg(long, value_name = "KEYFILE")]
    recorder: Option<PathBuf>,
    /// A checkpoint that was kept elsewhere, such as the one of an older export; its signature lies
    /// beside it in FILE.sig. May be given several times.
    #[arg(long, value_name = "FILE")]
    checkpoint: Vec<PathBuf>,
}

impl Verb {
    /// Whether it needs no store.
    pub(super) const fn is_own(&self) -> bool {
        matches!(
            self,
            Self::Verify(Verify {
                export: Some(_),
                ..
            })
        )
    }
}

pub(super) async fn run(desktop: &Desktop, verb: Verb) -> Result<Ended> {
    match verb {
        Verb::List(args) => list(desktop, &args),
        Verb::Show(args) => show(desktop, &args),
        Verb::Export(args) => export(desktop, &args).await,
        Verb::Verify(args) => verify(desktop, &args),
    }
}

fn list(desktop: &Desktop, args: &One) -> Result<Ended> {
    let state = desktop.app()?.peek(&args.case)?;
    let mut items: Vec<_> = state.evidence.values().collect();
    items.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    desktop.ui.answer(&json!({ "evidence": items }), || {
        let rows = items.iter().map(|item| {
            [
                item.id.to_string(),
                crate::time::utc(item.at),
                item.bytes.to_string(),
                item.sha256.short(),
                hostile::one_line(&item.title, 80),
            ]
        });
        ui::table(["EVIDENCE", "AT", "BYTES", "SHA-256", "TITLE"], rows)
    })?;
    Ok(None)
}

fn show(desktop: &Desktop, args: &Show) -> Result<Ended> {
    let desk = desktop.app()?.desk(&args.case)?;
    let record = desk
        .log
        .read(|state| state.evidence.get(&args.evidence).cloned())
        .ok_or_else(|| {
            Fault::input("no-evidence", "The case has no such evidence.")
                .at(&args.evidence)
                .hint(format!("see `cordon evidence list {}`", desk.log.case()))
        })?;
    if args.raw && desktop.ui.is_json() {
        return Err(
            Fault::input("usage", "--raw prints bytes, not a JSON document.")
                .hint("leave --json or --raw away"),
        );
    }
    if args.raw {
        desktop.ui.raw(&desk.bytes(&record)?)?;
        return Ok(None);
    }
    desktop.ui.answer(&record, || {
        let text = serde_json::to_string_pretty(&record).unwrap_or_default();
        hostile::terminal(&text) + "\n"
    })?;
    Ok(None)
}

async fn export(desktop: &Desktop, args: &Export) -> Result<Ended> {
    let desk = desktop.app()?.desk(&args.case)?;
    let scope = if args.privileged {
        Scope::Privileged
    } else {
        Scope::Facts
    };
    let done = desk.export(&args.to, scope).await?;
    desktop.ui.answer(&done, || {
        format!("Exported {} files to {}.\n", done.files, args.to.display())
    })?;
    if done.withheld > 0 {
        desktop.ui.hint(&format!(
            "{} left out, which are counsel's: --privileged takes them too",
            ui::count(usize::try_from(done.withheld).unwrap_or(usize::MAX), "item")
        ));
    }
    desktop.ui.hint(&format!(
        "next: cordon evidence verify {}",
        args.to.display()
    ));
    Ok(None)
}

fn verify(desktop: &Desktop, args: &Verify) -> Result<Ended> {
    let anchors = anchors(desktop.workplace(), args)?;
    let report = match (&args.export, &args.case) {
        (Some(export), _) => verify::folder_against(export, &anchors)?,
        (None, Some(case)) => desktop.app()?.desk(case)?.verify_store(&anchors)?,
        (None, None) => return Err(Fault::input("usage", "Name an export or a case.")),
    };
    desktop
        .ui
        .answer(&report, || hostile::terminal(&report.text()))?;
    Ok((!report.holds()).then_some(Kind::Evidence))
}

/// What the person who verifies knows from outside.
fn anchors(workplace: &dyn Workplace, args: &Verify) -> Result<Anchors> {
    let recorder = args.recorder.as_deref();
    let recorder = recorder.map(|path| key(workplace, path)).transpose()?;
    let checkpoint = |path: &PathBuf| {
        let mut beside = path.clone().into_os_string();
        beside.push(".sig");
        Ok(SignedCheckpoint {
            text: workplace.read_text(path)?,
            signature: workplace.read_text(Path::new(&beside))?,
        })
    };
    let checkpoints: Result<Vec<SignedCheckpoint>> =
        args.checkpoint.iter().map(checkpoint).collect();
    Ok(Anchors {
        recorder,
        checkpoints: checkpoints?,
    })
}

/// The key of a `.pub` file, or of the recorder in an `allowed_signers` file.
fn key(workplace: &dyn Workplace, path: &Path) -> Result<PublicKey> {
    let text = workplace.read_text(path)?;
    let signer = text.lines().find_map(|line| {
        let (principal, rest) = line.split_once(' ')?;
        let key = rest.find("ssh-ed25519 ").or_else(|| rest.find("sk-ssh-"))?;
        (principal == PRINCIPAL).then(|| rest.get(key..)).flatten()
    });
    signer.unwrap_or(&text).parse().map_err(|fault: Fault| {
        Fault::input("recorder-key", "This is not the recorder's public key.")
            .at(path.display())
            .hint("give `recorder_ed25519.pub` of the data folder, or `keys/allowed_signers` of an export that you trust")
            .caused_by(fault)
    })
}
