//! `cordon clock`: deadlines, the human's choice of their start, and receipts.

use std::fmt::Write as _;

use jiff::tz::TimeZone;
use serde_json::json;

use super::{Desktop, Ended};
use crate::app::Desk;
use crate::clock::{self, Shown};
use crate::fault::Result;
use crate::hostile::one_line;
use crate::time::{Timestamp, utc, utc_and_zone};
use crate::ui;

/// List clocks, choose when one starts, record the receipt that ends it.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// List every clock with its basis, candidate starts and doubts. The earliest is the default.
    List(One),
    /// Choose the start of a clock: one of its candidates. Who chose and why stand in the log.
    Choose(Choose),
    /// Record the receipt of what was filed.
    Receipt(Receipt),
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
    /// When it was received there, RFC 3339 with a zone [default: now].
    #[arg(long, value_name = "INSTANT")]
    at: Option<Timestamp>,
}

pub(super) async fn run(desktop: &Desktop, verb: Verb) -> Result<Ended> {
    match verb {
        Verb::List(args) => list(desktop, &args),
        Verb::Choose(args) => {
            let desk = desktop.app()?.desk(&args.case)?;
            desk.choose_start(&args.clock, args.start, args.other, &args.reason)
                .await?;
            changed(desktop, &desk).await
        }
        Verb::Receipt(args) => {
            let desk = desktop.app()?.desk(&args.case)?;
            desk.clock_receipt(&args.clock, &args.reference, args.at)
                .await?;
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

/// Every clock with its basis and its doubts; what has a receipt stands last, in short.
fn clocks(clocks: &[Shown], zone: &TimeZone) -> String {
    let mut text = String::new();
    for clock in clocks.iter().filter(|clock| clock.receipt.is_none()) {
        let _ = writeln!(text, "{}  {}", utc_and_zone(clock.due, zone), clock.state);
        text.push_str(&ui::paragraph("    ", &one_line(&clock.title, 160)));
        let _ = writeln!(text, "    {} {}", clock.id, clock.rule);
        let mut line = |name: &str, value: &str| {
            text.push_str(&ui::paragraph(&format!("    {name}: "), value));
        };
        line("basis", &one_line(&clock.basis, 300));
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
        for doubt in &clock.doubts {
            line("doubt", &one_line(doubt, 200));
        }
    }
    let mut ended = clocks
        .iter()
        .filter_map(|clock| Some((clock, clock.receipt.as_ref()?)))
        .peekable();
    if ended.peek().is_some() {
        text.push_str("\nWith a receipt\n");
    }
    for (clock, receipt) in ended {
        text.push_str(&ui::paragraph(
            "    ",
            &format!(
                "{} {}: {}",
                clock.rule,
                one_line(&clock.title, 160),
                one_line(receipt, 160)
            ),
        ));
    }
    text
}
