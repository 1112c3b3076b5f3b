//! `cordon fact`: what notices can say of a case, what is known of it, and what people record.

use std::fmt::Write as _;

use serde_json::json;

use super::{Desktop, Ended};
use crate::app::facts::FactLine;
use crate::case::event::{Standing, Statement};
use crate::fault::Result;
use crate::hostile::one_line;
use crate::id::EvidenceId;
use crate::ui;

/// See what notices can say of a case; record with its evidence what the log cannot show.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// List every fact that notices can ask for: value, standing, evidence, or that it is missing.
    List(List),
    /// Show one fact.
    Show(Show),
    /// Record a fact with what shows it, in place of what was recorded before.
    Record(Record),
    /// Take back what was recorded. The log keeps both.
    Withdraw(Withdraw),
}

#[derive(Debug, clap::Args)]
pub(super) struct List {
    /// The case: its id, or enough of its end to be unique.
    case: String,
    /// Only what is missing.
    #[arg(long)]
    missing: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Show {
    /// The case: its id, or enough of its end to be unique.
    case: String,
    /// The fact, as `cordon fact list` names it.
    fact: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct Record {
    /// The case: its id, or enough of its end to be unique.
    case: String,
    /// The fact, as `cordon fact list` names it.
    fact: String,
    /// What it says; may be given more than once for a list.
    #[arg(long, required = true, value_name = "WORDS")]
    value: Vec<String>,
    /// The same in German, for notices in German.
    #[arg(long, value_name = "WORDS")]
    de: Vec<String>,
    /// The same in Portuguese, for notices in Portuguese.
    #[arg(long, value_name = "WORDS")]
    pt: Vec<String>,
    /// What it may claim: a fact and an inference rest on evidence.
    #[arg(long, value_enum)]
    standing: Claim,
    /// What shows it; may be given more than once.
    #[arg(long, value_name = "EVIDENCE")]
    evidence: Vec<EvidenceId>,
    /// How it follows from the evidence, or what a reader has to know.
    #[arg(long, default_value = "")]
    note: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct Withdraw {
    /// The case: its id, or enough of its end to be unique.
    case: String,
    /// The fact, as `cordon fact list` names it.
    fact: String,
    /// Why; it stands in the log.
    #[arg(long)]
    reason: String,
}

/// What a recorded fact may claim.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Claim {
    /// The evidence shows it.
    Fact,
    /// It follows from the evidence by a step that the note names.
    Inference,
    /// Somebody suspects it; notices mark it so.
    Suspicion,
}

impl From<Claim> for Standing {
    fn from(claim: Claim) -> Self {
        match claim {
            Claim::Fact => Self::Fact,
            Claim::Inference => Self::Inference,
            Claim::Suspicion => Self::Suspicion,
        }
    }
}

pub(super) async fn run(desktop: &Desktop, verb: Verb) -> Result<Ended> {
    match verb {
        Verb::List(args) => list(desktop, &args),
        Verb::Show(args) => {
            let line = desktop.app()?.desk(&args.case)?.fact(&args.fact)?;
            told(desktop, &line)
        }
        Verb::Record(args) => {
            let desk = desktop.app()?.desk(&args.case)?;
            let lines = |all: &[String]| (!all.is_empty()).then(|| all.join("\n"));
            let statement = Statement {
                key: args.fact,
                value: args.value.join("\n"),
                de: lines(&args.de),
                pt: lines(&args.pt),
                standing: args.standing.into(),
                evidence: args.evidence,
                note: args.note,
                apart: None,
            };
            let recorded = desk.fact_record(statement).await;
            desk.finish().await?;
            told(desktop, &recorded?)
        }
        Verb::Withdraw(args) => {
            let desk = desktop.app()?.desk(&args.case)?;
            let withdrawn = desk.fact_withdraw(&args.fact, &args.reason).await;
            desk.finish().await?;
            told(desktop, &withdrawn?)
        }
    }
}

fn list(desktop: &Desktop, args: &List) -> Result<Ended> {
    let mut lines = desktop.app()?.desk(&args.case)?.facts()?;
    if args.missing {
        lines.retain(|line| line.standing.is_none());
    }
    desktop.ui.answer(&json!({ "facts": lines }), || {
        let rows = lines.iter().map(|line| {
            [
                line.key.clone(),
                standing(line).to_owned(),
                line.evidence.len().to_string(),
                one_line(&line.values.join("; "), 60),
            ]
        });
        ui::table(["FACT", "STANDING", "EVIDENCE", "VALUE"], rows)
    })?;
    Ok(None)
}

fn standing(line: &FactLine) -> &'static str {
    line.standing.map_or("missing", Standing::word)
}

fn told(desktop: &Desktop, line: &FactLine) -> Result<Ended> {
    desktop.ui.answer(&line, || {
        let mut text = format!("{}: {}\n", line.key, standing(line));
        let mut say = |name: &str, value: &str| {
            text.push_str(&ui::paragraph(&format!("    {name}: "), value));
        };
        say("what", &line.label);
        for value in &line.values {
            say("value", &one_line(value, 2_000));
        }
        for language in &line.not_in {
            say("not said in", language.name());
        }
        if !line.note.is_empty() {
            say("note", &one_line(&line.note, 500));
        }
        if let Some((by, at)) = &line.recorded {
            let when = crate::time::utc(*at);
            say("recorded", &format!("by {} at {when}", one_line(by, 80)));
        }
        for id in &line.evidence {
            let _ = writeln!(text, "    evidence: {id}");
        }
        text
    })?;
    Ok(None)
}
