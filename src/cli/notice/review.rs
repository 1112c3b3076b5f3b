//! `cordon notice`: the review of a draft, and where an approved text went.

use std::path::PathBuf;

use serde_json::json;

use super::super::{Desktop, Ended};
use crate::app::dispatch::WAYS;
use crate::app::form::Form;
use crate::app::revise::{Remarked, Suggested, block_source};
use crate::canon::Digest;
use crate::document::{Change, Document, Piece, redline};
use crate::fault::{Fault, Result};
use crate::hostile;
use crate::id::NoticeId;
use crate::time::Timestamp;

/// What every command of the review names.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Which {
    /// The case: its id, or enough of its end to be unique.
    pub(super) case: String,
    /// The draft.
    pub(super) notice: NoticeId,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Comment {
    #[command(flatten)]
    which: Which,
    /// What it says.
    text: String,
    /// The paragraph, as `cordon notice show --numbered` counts them.
    #[arg(long, value_name = "N")]
    at: Option<usize>,
    /// The words that it is about.
    #[arg(long, value_name = "WORDS", default_value = "")]
    quote: String,
    /// The comment that it answers.
    #[arg(long, value_name = "N")]
    answers: Option<u32>,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Numbered {
    #[command(flatten)]
    which: Which,
    /// The numbers, as `cordon notice review` shows them.
    #[arg(required = true)]
    numbers: Vec<u32>,
    /// Why; it stands in the log.
    #[arg(long)]
    reason: String,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Resolve {
    #[command(flatten)]
    which: Which,
    /// The comment.
    number: u32,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Words {
    #[command(flatten)]
    which: Which,
    /// The paragraph, as `cordon notice show --numbered` counts them.
    #[arg(long, value_name = "N")]
    at: usize,
    /// The paragraph as it is to be, Markdown; empty takes it out.
    #[arg(long, value_name = "TEXT")]
    to: String,
    /// The words are a new paragraph after it.
    #[arg(long)]
    after: bool,
    /// Why; it stands in the log.
    #[arg(long)]
    reason: String,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Edit {
    #[command(flatten)]
    which: Which,
    /// A file with the whole new text, as `cordon notice show` prints it. Only its body may differ.
    file: PathBuf,
    /// Why; it stands in the log.
    #[arg(long)]
    reason: String,
    /// The text that the new one was made from: the beginning of its SHA-256 [default: the text as it
    /// stands].
    #[arg(long, value_name = "SHA256")]
    from: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Redline {
    #[command(flatten)]
    which: Which,
    /// The older version, by the beginning of its SHA-256 [default: the first].
    #[arg(long, value_name = "SHA256")]
    from: Option<String>,
    /// The newer version [default: the text as it stands].
    #[arg(long, value_name = "SHA256")]
    to: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Attach {
    #[command(flatten)]
    which: Which,
    /// The file.
    file: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Detach {
    #[command(flatten)]
    which: Which,
    /// The name of the file.
    name: String,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Dispatch {
    #[command(flatten)]
    which: Which,
    /// How it went.
    #[arg(long, value_name = "WAY", value_parser = WAYS)]
    by: String,
    /// To whom, or into which form.
    #[arg(long, value_name = "ADDRESSEE")]
    to: String,
    /// When, RFC 3339 with a zone [default: now].
    #[arg(long, value_name = "INSTANT")]
    at: Option<Timestamp>,
    /// It went although facts are missing.
    #[arg(long)]
    incomplete: bool,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Receipt {
    #[command(flatten)]
    which: Which,
    /// The reference that the addressee gave.
    #[arg(long, value_name = "TEXT", default_value = "")]
    reference: String,
    /// A file that shows it; may be given more than once.
    #[arg(long = "file", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// When it was had, RFC 3339 with a zone [default: now].
    #[arg(long, value_name = "INSTANT")]
    at: Option<Timestamp>,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Export {
    #[command(flatten)]
    which: Which,
    /// The file: `.docx`, `.pdf`, `.md` or `.txt` says what it becomes; `.pdf` needs a build that makes it.
    file: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Import {
    #[command(flatten)]
    which: Which,
    /// The reviewed Word file.
    file: PathBuf,
}

pub(super) fn export(desktop: &Desktop, args: &Export) -> Result<Ended> {
    let desk = desktop.app()?.desk(&args.which.case)?;
    let id = &args.which.notice;
    let extension = args.file.extension().and_then(|end| end.to_str());
    let form = extension.unwrap_or_default().parse::<Form>();
    let form = form.map_err(|fault| {
        if fault.code() != "form-unknown" {
            return fault;
        }
        Fault::input("form", "The name of the file does not say what it becomes.")
            .at(args.file.display())
            .hint(format!("end it with .{}", Form::words(" or .")))
    })?;
    let bytes = desk.notice_file(id, form)?.bytes;
    desktop.workplace().write(&args.file, &bytes)?;
    let said = format!(
        "stands in {}",
        hostile::one_line(&args.file.display().to_string(), 300)
    );
    done(
        desktop,
        &args.which,
        &said,
        json!({ "file": args.file, "bytes": bytes.len() }),
    )
}

pub(super) async fn import(desktop: &Desktop, args: &Import) -> Result<Ended> {
    let desk = desktop.app()?.desk(&args.which.case)?;
    let (name, bytes) = desktop.workplace().read(&args.file)?;
    let made = desk.import_word(&args.which.notice, &name, bytes).await?;
    desk.finish().await?;
    for note in &made.notes {
        desktop.ui.warning(&hostile::one_line(note, 400));
    }
    let said = format!(
        "has {} and {} of the file",
        crate::ui::count(made.suggestions.len(), "suggestion"),
        crate::ui::count(made.comments.len(), "comment")
    );
    done(desktop, &args.which, &said, json!({ "made": made }))
}

pub(super) fn review(desktop: &Desktop, args: &Which) -> Result<Ended> {
    let desk = desktop.app()?.desk(&args.case)?;
    let (record, text) = desk.notice(&args.notice)?;
    let places = desk.places(&args.notice, &record, &Document::parse(&text))?;
    let document = json!({
        "notice": args.notice, "text": record.text, "binds": record.binds(), "versions": record.versions, "deeds": record.deeds,
        "comments": record.remarks, "suggestions": record.proposals, "attachments": record.attachments,
        "dispatched": record.dispatched, "receipts": record.receipts,
    });
    desktop.ui.answer(&document, || {
        super::told::review(&record, &places, &desk.zone)
    })?;
    Ok(None)
}

pub(super) async fn submit(desktop: &Desktop, args: &Which) -> Result<Ended> {
    let desk = desktop.app()?.desk(&args.case)?;
    desk.submit_notice(&args.notice).await?;
    desk.finish().await?;
    done(desktop, args, "is in review", json!({}))
}

pub(super) async fn comment(desktop: &Desktop, args: Comment) -> Result<Ended> {
    let desk = desktop.app()?.desk(&args.which.case)?;
    let remark = Remarked {
        block: args.at.map(place).transpose()?,
        quote: args.quote,
        text: args.text,
        answers: args.answers,
        ..Remarked::default()
    };
    let number = desk.comment(&args.which.notice, remark).await?;
    desk.finish().await?;
    let said = format!("has comment {number}");
    done(desktop, &args.which, &said, json!({ "comment": number }))
}

pub(super) async fn resolve(desktop: &Desktop, args: &Resolve) -> Result<Ended> {
    let desk = desktop.app()?.desk(&args.which.case)?;
    desk.resolve_comment(&args.which.notice, args.number)
        .await?;
    desk.finish().await?;
    let said = format!("has comment {} resolved", args.number);
    done(
        desktop,
        &args.which,
        &said,
        json!({ "comment": args.number }),
    )
}

pub(super) async fn suggest(desktop: &Desktop, args: Words) -> Result<Ended> {
    let desk = desktop.app()?.desk(&args.which.case)?;
    let (_, text) = desk.notice(&args.which.notice)?;
    let block = place(args.at)?;
    let before = if args.after {
        String::new()
    } else {
        block_source(&text, block)?
    };
    let suggested = Suggested {
        on: None,
        change: Change {
            block,
            before,
            after: args.to,
        },
        reason: args.reason,
        brought: None,
    };
    let number = desk.suggest(&args.which.notice, suggested).await?;
    desk.finish().await?;
    let said = format!("has suggestion {number}");
    done(desktop, &args.which, &said, json!({ "suggestion": number }))
}

pub(super) async fn take(desktop: &Desktop, args: &Numbered) -> Result<Ended> {
    let desk = desktop.app()?.desk(&args.which.case)?;
    let text = desk
        .take_suggestions(&args.which.notice, &args.numbers, &args.reason)
        .await?;
    desk.finish().await?;
    changed(desktop, &args.which, text)
}

pub(super) async fn decline(desktop: &Desktop, args: &Numbered) -> Result<Ended> {
    let desk = desktop.app()?.desk(&args.which.case)?;
    for number in &args.numbers {
        desk.decline_suggestion(&args.which.notice, *number, &args.reason)
            .await?;
    }
    desk.finish().await?;
    let declined = json!({ "declined": args.numbers });
    done(
        desktop,
        &args.which,
        "has the suggestions declined",
        declined,
    )
}

pub(super) async fn edit(desktop: &Desktop, args: &Edit) -> Result<Ended> {
    let desk = desktop.app()?.desk(&args.which.case)?;
    let new = desktop.workplace().read_text(&args.file)?;
    let from = version(&desk, &args.which, args.from.as_deref(), false)?;
    let text = desk
        .rewrite_notice(&args.which.notice, from, &new, &args.reason)
        .await?;
    desk.finish().await?;
    changed(desktop, &args.which, text)
}

pub(super) fn redlined(desktop: &Desktop, args: &Redline) -> Result<Ended> {
    let desk = desktop.app()?.desk(&args.which.case)?;
    let id = &args.which.notice;
    let from = version(&desk, &args.which, args.from.as_deref(), true)?;
    let to = version(&desk, &args.which, args.to.as_deref(), false)?;
    let (_, old) = desk.notice_at(id, Some(from))?;
    let (_, new) = desk.notice_at(id, Some(to))?;
    let blocks = redline(&old, &new);
    let pieces = |pieces: &[Piece]| -> Vec<_> {
        let each = pieces.iter().map(|piece| match piece {
            Piece::Same(text) => json!({ "same": text }),
            Piece::Added(text) => json!({ "added": text }),
            Piece::Removed(text) => json!({ "removed": text }),
        });
        each.collect()
    };
    let changed: Vec<_> = (blocks.iter().filter(|block| block.changed()))
        .map(|block| json!({ "old": block.old, "new": block.new, "pieces": pieces(&block.pieces) }))
        .collect();
    let document = json!({ "notice": id, "from": from, "to": to, "changed": changed });
    desktop
        .ui
        .answer(&document, || super::told::redline(&blocks))?;
    Ok(None)
}

pub(super) async fn attach(desktop: &Desktop, args: &Attach) -> Result<Ended> {
    let desk = desktop.app()?.desk(&args.which.case)?;
    let (name, bytes) = desktop.workplace().read(&args.file)?;
    let file = desk.attach(&args.which.notice, &name, bytes).await?;
    desk.finish().await?;
    let said = format!("goes out with {} now", hostile::one_line(&file.name, 150));
    done(desktop, &args.which, &said, json!({ "attachment": file }))
}

pub(super) async fn detach(desktop: &Desktop, args: &Detach) -> Result<Ended> {
    let desk = desktop.app()?.desk(&args.which.case)?;
    desk.detach(&args.which.notice, &args.name).await?;
    desk.finish().await?;
    let said = "goes out without the file now";
    done(desktop, &args.which, said, json!({ "detached": args.name }))
}

pub(super) async fn dispatch(desktop: &Desktop, args: &Dispatch) -> Result<Ended> {
    let desk = desktop.app()?.desk(&args.which.case)?;
    desk.dispatch_notice(
        &args.which.notice,
        &args.by,
        &args.to,
        args.at,
        args.incomplete,
    )
    .await?;
    desk.finish().await?;
    desktop.ui.hint(&format!(
        "when it is answered: cordon notice receipt {} {} --reference …",
        desk.log.case(),
        args.which.notice
    ));
    done(
        desktop,
        &args.which,
        "is recorded as handed in",
        json!({ "by": args.by }),
    )
}

pub(super) async fn receipt(desktop: &Desktop, args: &Receipt) -> Result<Ended> {
    let desk = desktop.app()?.desk(&args.which.case)?;
    let files = args.files.iter().map(|file| desktop.workplace().read(file));
    let files = files.collect::<Result<Vec<_>>>()?;
    desk.notice_receipt(&args.which.notice, &args.reference, args.at, files)
        .await?;
    desk.finish().await?;
    let said = "has its receipt";
    done(
        desktop,
        &args.which,
        said,
        json!({ "reference": args.reference }),
    )
}

/// The version that the beginning of a hash names; without one the first or the last.
fn version(
    desk: &crate::app::Desk,
    which: &Which,
    begins: Option<&str>,
    first: bool,
) -> Result<Digest> {
    let record = desk.notice_record(&which.notice)?;
    let Some(begins) = begins else {
        let first = record.versions.first().filter(|_| first);
        return Ok(first.map_or(record.text, |version| version.text));
    };
    let texts = record.versions.iter().map(|version| version.text);
    let mut found = texts.filter(|text| text.to_string().starts_with(begins));
    match (found.next(), found.next()) {
        (Some(text), None) => Ok(text),
        _ => Err(Fault::input(
            "no-version",
            "This is the beginning of no hash of a version, or of several.",
        )
        .at(begins.escape_debug())
        .hint(format!(
            "see `cordon notice review {} {}`",
            which.case, which.notice
        ))),
    }
}

/// People count paragraphs from 1.
fn place(number: usize) -> Result<usize> {
    number.checked_sub(1).ok_or_else(|| {
        Fault::input("no-block", "Paragraphs are counted from 1.")
            .hint("`cordon notice show --numbered` counts them")
    })
}

fn changed(desktop: &Desktop, which: &Which, text: Digest) -> Result<Ended> {
    desktop
        .ui
        .hint("every approval of the text before is void; approve the new one");
    let said = format!("has a new text, sha256 {text}");
    done(desktop, which, &said, json!({ "text": text }))
}

fn done(desktop: &Desktop, which: &Which, said: &str, more: serde_json::Value) -> Result<Ended> {
    let mut document = json!({ "notice": which.notice });
    if let (Some(all), serde_json::Value::Object(more)) = (document.as_object_mut(), more) {
        all.extend(more);
    }
    desktop
        .ui
        .answer(&document, || format!("{} {said}.\n", which.notice))?;
    Ok(None)
}
