//! `cordon clock`: deadlines, the human's choice of their start, and receipts.

mod catalogue;
mod facts;

use std::fmt::Write as _;

use jiff::tz::TimeZone;
use serde_json::json;

use super::{Desktop, Ended};
use crate::app::Desk;
use crate::clock::{self, Shown};
use crate::fault::{Fault, Result};
use crate::hostile::one_line;
use crate::id::EvidenceId;
use crate::time::{Timestamp, utc, utc_and_zone};
use crate::ui;

/// Clocks of duties: what runs, when it starts, what happened when, and the receipt that ends it.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// List every clock with its basis, candidate starts and doubts. The earliest is the default.
    List(One),
    /// Show one clock with the questions that decide whether it applies.
    Show(Show),
    /// Choose the start of a clock: one of its candidates. Who chose and why stand in the log.
    Choose(Choose),
    /// Record that a stage was handed in outside of Cordon, or the receipt of what was filed.
    Receipt(Receipt),
    /// Take a receipt back: the clock runs again.
    Unreceipt(Unreceipt),
    /// Print every duty that is known: when it is due, whether it is law, whether it was checked.
    Catalogue(catalogue::Args),
    /// Record when something happened, list what was recorded, or take it back.
    #[command(subcommand)]
    Instant(facts::Instants),
    /// Answer a question that decides whether a duty applies.
    Answer(facts::Answered),
    /// Record that an authority asks to wait, with its document.
    Delay(facts::Delayed),
    /// Take a delay back: lifted at an instant, or never valid.
    Undelay(facts::Undelayed),
    /// Print the open deadlines as iCalendar, with titles that tell a passer-by nothing.
    Calendar(facts::Calendar),
}

#[derive(Debug, clap::Args)]
pub(super) struct Show {
    /// The case: its id, or enough of its end to be unique.
    case: String,
    /// The clock, by id or rule.
    clock: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct One {
    /// The case: its id, or enough of its end to be unique.
    case: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct Choose {
    /// The case: its id, or enough of its end to be unique.
    case: String,
    /// The clock, by id or rule.
    clock: String,
    /// The instant, RFC 3339 with a zone.
    #[arg(long, value_name = "INSTANT")]
    start: Timestamp,
    /// Take a start that is none of the candidates: not in the future, and at most 30 days before
    /// everything that the case knows.
    #[arg(long)]
    other: bool,
    /// Why.
    #[arg(long)]
    reason: String,
    /// A fact that it rests on, by its name; may be given several times. When it changes, the choice is
    /// to be looked at again.
    #[arg(long = "fact", value_name = "KEY")]
    facts: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Receipt {
    /// The case: its id, or enough of its end to be unique.
    case: String,
    /// The clock, by id or rule.
    clock: String,
    /// The reference that the addressee gave.
    #[arg(long)]
    reference: String,
    /// When it was handed in there, RFC 3339 with a zone [default: now].
    #[arg(long, value_name = "INSTANT")]
    at: Option<Timestamp>,
    /// What shows it, by the id of the evidence; may be given several times.
    #[arg(long, value_name = "ID")]
    evidence: Vec<EvidenceId>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Unreceipt {
    /// The case: its id, or enough of its end to be unique.
    case: String,
    /// The clock, by id or rule.
    clock: String,
    /// Why; it stands in the log.
    #[arg(long)]
    reason: String,
}

pub(super) async fn run(desktop: &Desktop, verb: Verb) -> Result<Ended> {
    match verb {
        Verb::List(args) => list(desktop, &args),
        Verb::Show(args) => show(desktop, &args),
        Verb::Catalogue(args) => catalogue::run(desktop, &args),
        Verb::Instant(verb) => facts::instants(desktop, verb).await,
        Verb::Answer(args) => facts::answer(desktop, &args).await,
        Verb::Delay(args) => facts::delay(desktop, &args).await,
        Verb::Undelay(args) => facts::undelay(desktop, &args).await,
        Verb::Calendar(args) => facts::calendar(desktop, &args),
        Verb::Choose(args) => {
            let desk = desktop.app()?.desk(&args.case)?;
            let Choose { start, other, .. } = args;
            desk.choose_start(&args.clock, start, other, &args.reason, args.facts)
                .await?;
            changed(desktop, &desk).await
        }
        Verb::Receipt(args) => {
            let desk = desktop.app()?.desk(&args.case)?;
            desk.clock_receipt(&args.clock, &args.reference, args.at, args.evidence)
                .await?;
            changed(desktop, &desk).await
        }
        Verb::Unreceipt(args) => {
            let desk = desktop.app()?.desk(&args.case)?;
            desk.take_back_receipt(&args.clock, &args.reason).await?;
            changed(desktop, &desk).await
        }
    }
}

async fn changed(desktop: &Desktop, desk: &Desk) -> Result<Ended> {
    desk.finish().await?;
    let clocks = desk.clocks();
    desktop.ui.answer(&json!({ "clocks": clocks }), || {
        self::clocks(&clocks, &desk.zone)
    })?;
    Ok(None)
}

fn list(desktop: &Desktop, args: &One) -> Result<Ended> {
    let app = desktop.app()?;
    let clocks = clock::list(&app.peek(&args.case)?, app.clock.now());
    desktop.ui.answer(&json!({ "clocks": clocks }), || {
        self::clocks(&clocks, &app.zone)
    })?;
    Ok(None)
}

fn show(desktop: &Desktop, args: &Show) -> Result<Ended> {
    let app = desktop.app()?;
    let state = app.peek(&args.case)?;
    let id = clock::find(&state, &args.clock)?.start.id.clone();
    let clocks = clock::list(&state, app.clock.now());
    let Some(shown) = clocks.into_iter().find(|clock| clock.id == id) else {
        return Err(Fault::input("no-clock", "The case has no such clock.").at(id));
    };
    desktop
        .ui
        .answer(&json!({ "clock": shown }), || one(&shown, &app.zone))?;
    Ok(None)
}

/// Every clock with its basis and its doubts; what is done or does not apply stands last, in short.
fn clocks(clocks: &[Shown], zone: &TimeZone) -> String {
    let mut text = String::new();
    for clock in clocks.iter().filter(|clock| clock.is_open()) {
        text.push_str(&one(clock, zone));
    }
    let mut short = |head: &str, told: &dyn Fn(&Shown) -> Option<String>| {
        let mut ended = clocks
            .iter()
            .filter(|clock| !clock.is_open())
            .filter_map(|clock| Some((clock, told(clock)?)))
            .peekable();
        if ended.peek().is_some() {
            let _ = write!(text, "\n{head}\n");
        }
        for (clock, told) in ended {
            let title = one_line(&clock.title, 160);
            let line = format!("{} {title}: {}", clock.rule, one_line(&told, 300));
            text.push_str(&ui::paragraph("    ", &line));
        }
    };
    short("Met, or no longer due", &|clock| {
        let met = clock.met.as_ref().map(|met| met.words.clone());
        met.or_else(|| clock.receipt.clone())
            .filter(|_| clock.ruled_out.is_none())
    });
    short("Do not apply, as people answered", &|clock| {
        clock.ruled_out.clone()
    });
    text
}

/// What was handed in, taken back, or can still go out.
fn filings(clock: &Shown, line: &mut dyn FnMut(&str, &str)) {
    match (&clock.met, &clock.receipt) {
        (Some(met), _) => line("filed", &met.words),
        (None, Some(receipt)) => line("receipt", &one_line(receipt, 160)),
        (None, None) => {}
    }
    for again in &clock.filed_again {
        let words = one_line(&again.words(), 200);
        line("filed again", &format!("{words} at {}", utc(again.at)));
    }
    for back in &clock.taken_back {
        let reference = one_line(&back.receipt.reference, 100);
        let (by, reason) = (one_line(&back.by, 80), one_line(&back.reason, 160));
        line("taken back", &format!("{reference}, by {by}: {reason}"));
    }
    for draft in &clock.drafts {
        line("draft", &format!("{draft} answers this stage"));
    }
}

/// One clock in full.
fn one(clock: &Shown, zone: &TimeZone) -> String {
    let mut text = String::new();
    let target = clock.duty.as_ref().is_some_and(|duty| duty.target);
    let target = if target { ", internal target" } else { "" };
    let _ = writeln!(
        text,
        "{}  {}{target}",
        utc_and_zone(clock.due, zone),
        clock.state.replace('_', " ")
    );
    text.push_str(&ui::paragraph("    ", &one_line(&clock.title, 160)));
    let _ = writeln!(text, "    {} {}", clock.id, clock.rule);
    let mut line = |name: &str, value: &str| {
        text.push_str(&ui::paragraph(&format!("    {name}: "), value));
    };
    line("basis", &one_line(&clock.basis, 300));
    for why in &clock.reopened {
        line("reopened", &one_line(why, 600));
    }
    for why in &clock.answers_reopened {
        line("look again", &one_line(why, 600));
    }
    if let Some(choice) = clock.choice() {
        line("start", &format!("{} {choice}", utc(clock.start)));
    }
    for candidate in &clock.candidates {
        let mark = if candidate.at == clock.start {
            clock.start_is
        } else {
            "candidate"
        };
        let how = one_line(&candidate.how, 160);
        line("start", &format!("{} {how} ({mark})", utc(candidate.at)));
    }
    if let Some(duty) = &clock.duty {
        line("owner", &duty.owner);
        for said in duty
            .governed_by
            .iter()
            .chain(&duty.delays)
            .chain(&duty.readings)
        {
            line("note", &one_line(said, 300));
        }
        for asked in &duty.questions {
            if let Some(answer) = &asked.answer {
                let reason = one_line(&answer.reason, 160);
                let (question, word) = (&asked.question.id, answer.answer.name());
                let by = one_line(&answer.by, 80);
                line("answer", &format!("{question}: {word}, {by}: {reason}"));
            }
        }
    }
    for doubt in &clock.doubts {
        line("doubt", &one_line(doubt, 200));
    }
    filings(clock, &mut line);
    text
}
