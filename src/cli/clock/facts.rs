//! `cordon clock instant`, `answer`, `delay`, `calendar`: what people tell about duties.

use std::path::PathBuf;

use clap::ValueEnum;
use serde_json::json;

use super::changed;
use crate::app::duties::{Document, Told};
use crate::case::event::Answer;
use crate::case::event::due::Trigger;
use crate::case::state::InstantRecord;
use crate::cli::{Desktop, Ended};
use crate::clock::{self, ics};
use crate::fault::{Fault, Result};
use crate::hostile::one_line;
use crate::id::{EvidenceId, InstantId};
use crate::time::{Timestamp, utc};
use crate::ui;

/// What happened when: separate instants, never overwritten.
#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum Instants {
    /// Record when something happened. What begins with it starts.
    Add(Add),
    /// List every instant, withdrawn ones too.
    List(List),
    /// Take an instant back. It stays in the log and starts nothing.
    Withdraw(Withdraw),
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Add {
    /// The case: its id, or enough of its end to be unique.
    case: String,
    /// What happened, such as `suspected`, `aware_reasonable_certainty`, `property_blocked`.
    #[arg(value_parser = kind)]
    what: Trigger,
    /// When, RFC 3339 with a zone.
    #[arg(long, value_name = "INSTANT")]
    at: Timestamp,
    /// The zone that it was told in, by IANA name [default: the configured one].
    #[arg(long)]
    zone: Option<String>,
    /// How it is known.
    #[arg(long)]
    note: String,
    /// What shows it; may be given several times.
    #[arg(long, value_name = "ID")]
    evidence: Vec<EvidenceId>,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct List {
    /// The case: its id, or enough of its end to be unique.
    case: String,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Withdraw {
    /// The case: its id, or enough of its end to be unique.
    case: String,
    /// The instant.
    instant: InstantId,
    /// Why.
    #[arg(long)]
    reason: String,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Word {
    Yes,
    No,
    Unknown,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Answered {
    /// The case: its id, or enough of its end to be unique.
    case: String,
    /// The duty, such as `eu.gdpr.33`.
    obligation: String,
    /// The question, by id.
    question: String,
    /// The answer.
    #[arg(value_enum)]
    answer: Word,
    /// Why.
    #[arg(long)]
    reason: String,
    /// A fact that it rests on, beside those of the question; may be given several times. When it
    /// changes, the answer is to be looked at again.
    #[arg(long = "fact", value_name = "KEY")]
    facts: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Delayed {
    /// The case: its id, or enough of its end to be unique.
    case: String,
    /// Who asks to wait.
    #[arg(long)]
    authority: String,
    /// A duty that it is about, by id; may be given several times.
    #[arg(long = "obligation", value_name = "ID", required = true)]
    scope: Vec<String>,
    /// From when on, RFC 3339 with a zone.
    #[arg(long, value_name = "INSTANT")]
    from: Timestamp,
    /// Until when, RFC 3339 with a zone.
    #[arg(long, value_name = "INSTANT")]
    until: Timestamp,
    /// The document: a file, which is kept as evidence.
    #[arg(long, value_name = "FILE", conflicts_with = "evidence")]
    document: Option<PathBuf>,
    /// The document, where it is kept already.
    #[arg(long, value_name = "ID", required_unless_present = "document")]
    evidence: Option<EvidenceId>,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Undelayed {
    /// The case: its id, or enough of its end to be unique.
    case: String,
    /// The delay, by the number that `cordon clock show` names it by.
    delay: u32,
    /// Until when it counted, RFC 3339 with a zone [default: it never did].
    #[arg(long, value_name = "INSTANT")]
    ended: Option<Timestamp>,
    /// Why; it stands in the log.
    #[arg(long)]
    reason: String,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Calendar {
    /// The case: its id, or enough of its end to be unique.
    case: String,
    /// Write it to this file.
    #[arg(long, value_name = "FILE")]
    ics: Option<PathBuf>,
}

fn kind(text: &str) -> std::result::Result<Trigger, String> {
    let known = Trigger::INSTANTS;
    let found = known.into_iter().find(|one| one.name() == text);
    found.ok_or_else(|| crate::playbook::advice(text, known.map(Trigger::name)))
}

pub(super) async fn instants(desktop: &Desktop, verb: Instants) -> Result<Ended> {
    match verb {
        Instants::Add(args) => {
            let desk = desktop.app()?.desk(&args.case)?;
            let told = Told {
                what: args.what,
                at: args.at,
                zone: args.zone.as_deref(),
                note: &args.note,
                evidence: args.evidence,
            };
            desk.record_instant(told).await?;
            changed(desktop, &desk).await
        }
        Instants::Withdraw(args) => {
            let desk = desktop.app()?.desk(&args.case)?;
            desk.withdraw_instant(&args.instant, &args.reason).await?;
            changed(desktop, &desk).await
        }
        Instants::List(args) => list(desktop, &args),
    }
}

fn list(desktop: &Desktop, args: &List) -> Result<Ended> {
    let state = desktop.app()?.peek(&args.case)?;
    let mut all: Vec<&InstantRecord> = state.instants.values().collect();
    all.sort_by_key(|record| record.instant.at);
    desktop.ui.answer(&json!({ "instants": all }), || {
        let mut text = String::new();
        for record in &all {
            let instant = &record.instant;
            let lead = format!("{}  ", utc(instant.at));
            text.push_str(&ui::paragraph(&lead, instant.what.about()));
            let mut line = |said: &str| text.push_str(&ui::paragraph("    ", said));
            line(&one_line(&instant.note, 300));
            let by = one_line(&record.by, 80);
            let zone = one_line(&instant.zone, 60);
            line(&format!("{} recorded by {by}, told in {zone}", instant.id));
            if let Some((reason, by)) = &record.withdrawn {
                let (reason, by) = (one_line(reason, 200), one_line(by, 80));
                line(&format!("withdrawn by {by}: {reason}"));
            }
        }
        if text.is_empty() {
            text.push_str("No instant was recorded.\n");
        }
        text
    })?;
    Ok(None)
}

pub(super) async fn answer(desktop: &Desktop, args: &Answered) -> Result<Ended> {
    let desk = desktop.app()?.desk(&args.case)?;
    let answer = match args.answer {
        Word::Yes => Answer::Yes,
        Word::No => Answer::No,
        Word::Unknown => Answer::Unknown,
    };
    let Answered {
        obligation,
        question,
        reason,
        facts,
        ..
    } = args;
    desk.answer_question(obligation, question, answer, reason, facts.clone())
        .await?;
    changed(desktop, &desk).await
}

pub(super) async fn delay(desktop: &Desktop, args: &Delayed) -> Result<Ended> {
    let desk = desktop.app()?.desk(&args.case)?;
    let document = match (&args.document, &args.evidence) {
        (Some(file), _) => Document::File(file),
        (None, Some(id)) => Document::Kept(id.clone()),
        (None, None) => {
            return Err(Fault::input("delay", "A delay needs its document."));
        }
    };
    let within = (args.from, args.until);
    desk.record_delay(&args.authority, &args.scope, within, document)
        .await?;
    changed(desktop, &desk).await
}

pub(super) async fn undelay(desktop: &Desktop, args: &Undelayed) -> Result<Ended> {
    let desk = desktop.app()?.desk(&args.case)?;
    desk.withdraw_delay(args.delay, args.ended, &args.reason)
        .await?;
    changed(desktop, &desk).await
}

pub(super) fn calendar(desktop: &Desktop, args: &Calendar) -> Result<Ended> {
    let app = desktop.app()?;
    let (state, now) = (app.peek(&args.case)?, app.clock.now());
    let clocks = clock::list(&state, now);
    let Some(case) = &state.case else {
        return Err(Fault::input("no-case", "There is no such case."));
    };
    let text = ics::calendar(case, &clocks, now);
    match &args.ics {
        None => desktop.ui.raw(text.as_bytes())?,
        Some(file) => {
            desktop.workplace().write(file, text.as_bytes())?;
            let open = clocks.iter().filter(|clock| clock.is_open()).count();
            let document = json!({ "file": file, "deadlines": open });
            desktop.ui.answer(&document, || {
                let count = ui::count(open, "deadline");
                format!("{count} written to {}.\n", file.display())
            })?;
        }
    }
    Ok(None)
}
