//! `cordon notice`: draft, look at, approve by hash, send. Cordon never sends what was not approved.

mod lint;
mod review;
mod told;

use std::path::PathBuf;

use serde_json::json;

use super::signature::Signature;
use super::{Desktop, Ended};
use crate::app::Desk;
use crate::app::sending::Sending;
use crate::app::summary::{NoticeLine, Summary};
use crate::app::wording::Worded;
use crate::fault::{Fault, Result};
use crate::hostile;
use crate::id::NoticeId;
use crate::notice::lint::Severity;
use crate::ui;

/// Draft notices from facts, approve exactly one text, send exactly that text.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// List the drafts of a case and the notices that can be drafted.
    List(One),
    /// Draft a notice from the facts of the case.
    Draft(Draft),
    /// Show the text of a draft, its evidence and what is missing.
    Show(Show),
    /// Look at the wording of a draft or of a text of your own: what may not be said, and where.
    Lint(lint::Lint),
    /// Approve the text as it is, by its hash. Any new draft needs a new approval.
    Approve(Approve),
    /// Send an approved text by mail.
    Send(Send),
    /// Show versions, comments, suggestions, files and receipts of a draft.
    Review(review::Which),
    /// Give a draft to those who review it.
    Submit(review::Which),
    /// Comment on a draft, or on words of it.
    Comment(review::Comment),
    /// Say that a comment is settled.
    Resolve(review::Resolve),
    /// Suggest other words for a paragraph.
    Suggest(review::Words),
    /// Take suggestions into the text; every approval is void.
    Take(review::Numbered),
    /// Decline suggestions.
    Decline(review::Numbered),
    /// Put a whole new text in the place of the draft; every approval is void.
    Edit(review::Edit),
    /// Write a draft as a Word, Markdown or plain text file.
    Export(review::Export),
    /// Read a reviewed Word file: its changes become suggestions, its comments comments.
    Import(review::Import),
    /// Show what changed between two versions, word by word.
    Redline(review::Redline),
    /// Put a file with a draft; every approval is void.
    Attach(review::Attach),
    /// Take a file out again; every approval is void.
    Detach(review::Detach),
    /// Record that you handed an approved text in: into a form, by post. Cordon never does.
    Dispatch(review::Dispatch),
    /// Record what the addressee answered.
    Receipt(review::Receipt),
    /// Take in a message of a mail system that says that a notice did not arrive.
    Bounce(Bounce),
}

#[derive(Debug, clap::Args)]
pub(super) struct One {
    /// The case: its id, or enough of its end to be unique.
    case: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct Draft {
    /// The case: its id, or enough of its end to be unique.
    case: String,
    /// The notice, as `cordon notice list` names it.
    notice: String,
    /// Also tell what is suspected, in a notice to a private party, which else says nothing of it. The log
    /// keeps that you said so.
    #[arg(long)]
    with_suspicion: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Show {
    /// The case: its id, or enough of its end to be unique.
    case: String,
    /// The draft.
    notice: NoticeId,
    /// Only what goes out by mail or is copied into a form: no numbers of evidence, no Markdown escapes.
    #[arg(long)]
    plain: bool,
    /// With the paragraphs counted, for comments and suggestions.
    #[arg(long, conflicts_with = "plain")]
    numbered: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Approve {
    /// The case: its id, or enough of its end to be unique.
    pub(super) case: String,
    /// The draft.
    pub(super) notice: NoticeId,
    #[command(flatten)]
    pub(super) signature: Signature,
    /// The text that you read, by the beginning of its SHA-256: nothing is approved when it is another.
    #[arg(long, value_name = "SHA256")]
    pub(super) text: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Send {
    /// The case: its id, or enough of its end to be unique.
    case: String,
    /// The draft.
    notice: NoticeId,
    /// The recipient; may be given more than once. Nobody means those of the mail that the server asked
    /// to have later.
    #[arg(long = "to", value_name = "ADDRESS")]
    to: Vec<String>,
    /// Send although an earlier sending has no clear end. Look for its Message-ID first.
    #[arg(long)]
    again: bool,
    /// Send although facts are missing; the text says `[MISSING: …]` where they belong.
    #[arg(long)]
    incomplete: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Bounce {
    /// The case: its id, or enough of its end to be unique.
    case: String,
    /// The message, as a file with its headers.
    file: PathBuf,
}

pub(super) async fn run(desktop: &Desktop, verb: Verb) -> Result<Ended> {
    match verb {
        Verb::List(args) => list(desktop, &args),
        Verb::Draft(args) => draft(desktop, &args).await,
        Verb::Show(args) => show(desktop, &args),
        Verb::Lint(args) => lint::run(desktop, &args),
        Verb::Approve(args) => approve(desktop, &args).await,
        Verb::Send(args) => send(desktop, args).await,
        Verb::Review(args) => review::review(desktop, &args),
        Verb::Submit(args) => review::submit(desktop, &args).await,
        Verb::Comment(args) => review::comment(desktop, args).await,
        Verb::Resolve(args) => review::resolve(desktop, &args).await,
        Verb::Suggest(args) => review::suggest(desktop, args).await,
        Verb::Take(args) => review::take(desktop, &args).await,
        Verb::Decline(args) => review::decline(desktop, &args).await,
        Verb::Edit(args) => review::edit(desktop, &args).await,
        Verb::Export(args) => review::export(desktop, &args),
        Verb::Import(args) => review::import(desktop, &args).await,
        Verb::Redline(args) => review::redlined(desktop, &args),
        Verb::Attach(args) => review::attach(desktop, &args).await,
        Verb::Detach(args) => review::detach(desktop, &args).await,
        Verb::Dispatch(args) => review::dispatch(desktop, &args).await,
        Verb::Receipt(args) => review::receipt(desktop, &args).await,
        Verb::Bounce(args) => bounce(desktop, &args).await,
    }
}

fn list(desktop: &Desktop, args: &One) -> Result<Ended> {
    let app = desktop.app()?;
    let summary = Summary::of(&app.peek(&args.case)?, app.clock.now());
    desktop.ui.answer(
        &json!({ "drafts": summary.notices, "templates": crate::notice::names() }),
        || {
            let rows = summary.notices.iter().map(|notice| {
                [
                    notice.id.to_string(),
                    notice.template.clone(),
                    notice.stage().to_owned(),
                    due(notice, &app.zone),
                    notice.missing.len().to_string(),
                    notice.text.short(),
                ]
            });
            format!(
                "{}can be drafted: {}\n",
                ui::table(
                    ["NOTICE", "TEMPLATE", "STAGE", "DUE", "MISSING", "TEXT"],
                    rows
                ),
                crate::notice::names().join(", ")
            )
        },
    )?;
    Ok(None)
}

/// When the stage of the duty that it answers is due, or how it was met.
fn due(notice: &NoticeLine, zone: &jiff::tz::TimeZone) -> String {
    notice.clock().map_or_else(String::new, |clock| {
        let state = clock.state.replace('_', " ");
        let met = clock.met.clone().unwrap_or(state);
        format!("{}, {met}", crate::time::utc_and_zone(clock.due, zone))
    })
}

async fn draft(desktop: &Desktop, args: &Draft) -> Result<Ended> {
    let desk = desktop.app()?.desk(&args.case)?;
    let drafted = desk.draft_with(&args.notice, args.with_suspicion).await;
    let (id, draft) = drafted?;
    desk.finish().await?;
    desktop
        .ui
        .answer(&json!({ "notice": id, "draft": draft }), || {
            hostile::terminal(&draft.text)
        })?;
    desktop
        .ui
        .status(&format!("{id}, text sha256 {}", draft.digest));
    for missing in &draft.missing {
        desktop.ui.warning(&format!("missing: {missing}"));
    }
    for withheld in &draft.withheld {
        let what = format!("left out as a suspicion: {withheld}; --with-suspicion puts it in");
        desktop.ui.warning(&what);
    }
    for long in &draft.too_long {
        desktop.ui.warning(&format!("too long: {long}"));
    }
    for one in draft
        .findings
        .iter()
        .filter(|one| one.severity == Severity::Block)
    {
        let words = hostile::one_line(&one.words, 120);
        let what = format!(
            "wording, {}, “{words}”: {} Write instead: {}",
            one.place(),
            one.reason,
            one.instead
        );
        desktop.ui.warning(&what);
    }
    desktop.ui.hint(&format!(
        "next: cordon notice approve {} {id} --as NAME --key FILE --reason …",
        desk.log.case()
    ));
    Ok(None)
}

fn show(desktop: &Desktop, args: &Show) -> Result<Ended> {
    let desk = desktop.app()?.desk(&args.case)?;
    let Worded {
        record,
        text,
        findings,
        changes,
        ..
    } = desk.notice_worded(&args.notice)?;
    let line = line(&desk, &args.notice);
    let plain = crate::notice::plain(&text);
    let document = json!({ "notice": args.notice, "template": record.template, "digest": record.text, "text": text,
                           "plain": plain, "evidence": record.facts, "missing": record.missing, "withheld": record.withheld,
                           "approval": line, "findings": findings, "changed": changes });
    desktop
        .ui
        .answer(&document, || match (args.plain, args.numbered) {
            (true, _) => hostile::terminal(&plain),
            (false, true) => told::numbered(&text),
            (false, false) => hostile::terminal(&text),
        })?;
    if let Some(line) = line {
        still(desktop, &line);
    }
    Ok(None)
}

async fn approve(desktop: &Desktop, args: &Approve) -> Result<Ended> {
    let desk = desktop.app()?.desk(&args.case)?;
    if let Some(read) = &args.text {
        let record = desk.notice_record(&args.notice)?;
        if !record.text.to_string().starts_with(read.as_str()) {
            return Err(Fault::input(
                "text-changed",
                "The text is another than the one that you read: nothing was approved.",
            )
            .at(record.text)
            .hint(format!(
                "read what changed: cordon notice redline {} {}",
                desk.log.case(),
                args.notice
            )));
        }
    }
    let by = &args.signature;
    let signed = desk
        .approve_notice(&args.notice, &by.person, &by.key, &by.reason)
        .await?;
    desk.finish().await?;
    desktop.ui.answer(&signed, || {
        format!("{} approved {}.\n", signed.person, args.notice)
    })?;
    let Some(line) = line(&desk, &args.notice) else {
        return Ok(None);
    };
    if !still(desktop, &line) {
        let mails = crate::notice::about(&line.template)?.goes_by_mail();
        let (verb, how) = if mails {
            ("send", "--to ADDRESS")
        } else {
            ("dispatch", "--by WAY --to ADDRESSEE")
        };
        let (case, id) = (desk.log.case(), &args.notice);
        let next = format!("next: cordon notice {verb} {case} {id} {how}");
        desktop.ui.hint(&next);
    }
    Ok(None)
}

fn line(desk: &Desk, notice: &NoticeId) -> Option<NoticeLine> {
    let notices = desk.summary().notices;
    notices.into_iter().find(|line| line.id == *notice)
}

/// Says who still has to approve, and which approvals do not count; whether anybody has to.
fn still(desktop: &Desktop, line: &NoticeLine) -> bool {
    for void in line.decisions.iter().filter(|one| !one.counts) {
        let void = format!(
            "the approval of {} does not count: {}",
            void.person, void.why
        );
        desktop.ui.warning(&hostile::one_line(&void, 400));
    }
    let waits = line.waits_for();
    if let Some(who) = &waits {
        desktop.ui.hint(&format!("waits for the approval of {who}"));
    }
    waits.is_some()
}

async fn send(desktop: &Desktop, args: Send) -> Result<Ended> {
    let desk = desktop.app()?.desk(&args.case)?;
    let asked = Sending {
        to: args.to,
        again: args.again,
        incomplete: args.incomplete,
    };
    let sent = desk.send_notice(&args.notice, &asked).await;
    desk.finish().await?;
    let (message_id, reply) = sent?;
    desktop.ui.answer(
        &json!({ "notice": args.notice, "message_id": message_id, "reply": reply }),
        || {
            format!(
                "Sent {} as {message_id}: {}\n",
                args.notice,
                hostile::one_line(&reply, 200)
            )
        },
    )?;
    Ok(None)
}

async fn bounce(desktop: &Desktop, args: &Bounce) -> Result<Ended> {
    let desk = desktop.app()?.desk(&args.case)?;
    let taken = desk.notice_bounce_file(&args.file).await?;
    desk.finish().await?;
    let whom = taken
        .recipients
        .iter()
        .map(|one| json!({ "recipient": one.recipient, "status": one.status }));
    let whom: Vec<_> = whom.collect();
    let document =
        json!({ "notice": taken.notice, "message_id": taken.message_id, "recipients": whom });
    desktop.ui.answer(&document, || {
        let mut text = format!("{} came back.\n", taken.notice);
        for one in &taken.recipients {
            let line = format!("  {}: {}", one.recipient, one.status);
            text.push_str(&hostile::one_line(&line, 400));
            text.push('\n');
        }
        text
    })?;
    Ok(None)
}
