//! `cordon contact`: messages to or from whoever makes demands. Nothing is ever answered, fetched,
//! rendered or unpacked.

use std::fmt::Write as _;
use std::path::PathBuf;

use jiff::tz::TimeZone;
use serde_json::json;

use super::{Desktop, Ended};
use crate::case::event::Contact;
use crate::contact::indicator::defang_text;
use crate::fault::{Fault, Result};
use crate::hostile;
use crate::id::ContactId;
use crate::time::{Timestamp, utc_and_zone};
use crate::ui;

/// Keep and read messages to or from whoever makes demands. Nothing is answered, fetched or unpacked.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Record a call, a chat message or a letter.
    Add(Add),
    /// Take in mails as files (.eml); the originals are kept.
    Import(Import),
    /// List every contact, by thread.
    List(One),
    /// Show one contact: headers, text, indicators, deadlines.
    Show(Show),
}

#[derive(Debug, clap::Args)]
pub(super) struct Add {
    /// The case: its id, or enough of its end to be unique.
    case: String,
    /// How it came: call, chat, letter, other.
    #[arg(long, value_parser = ["call", "chat", "letter", "other"])]
    channel: String,
    /// Who it was from, as they said: a handle or a number.
    #[arg(long)]
    from: String,
    /// When it was received, RFC 3339 with a zone, not in the future [default: now].
    #[arg(long, value_name = "INSTANT")]
    at: Option<Timestamp>,
    /// A message of ours: outgoing instead of incoming.
    #[arg(long)]
    outgoing: bool,
    /// What was said, verbatim.
    #[arg(long, required_unless_present = "file")]
    text: Option<String>,
    /// A file that holds what was said, kept as evidence: an export, a note, a screenshot's text.
    #[arg(long, value_name = "FILE", conflicts_with = "text")]
    file: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Import {
    /// The case: its id, or enough of its end to be unique.
    case: String,
    /// The mails.
    #[arg(required = true)]
    files: Vec<PathBuf>,
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
    /// The contact.
    contact: ContactId,
}

pub(super) async fn run(desktop: &Desktop, verb: Verb) -> Result<Ended> {
    match verb {
        Verb::Add(args) => add(desktop, args).await,
        Verb::Import(args) => import(desktop, args).await,
        Verb::List(args) => list(desktop, &args),
        Verb::Show(args) => show(desktop, &args),
    }
}

async fn add(desktop: &Desktop, args: Add) -> Result<Ended> {
    let desk = desktop.app()?.desk(&args.case)?;
    let text = match (args.text, &args.file) {
        (Some(text), _) => text,
        (None, Some(file)) => crate::app::read_text(file)?,
        (None, None) => return Err(Fault::input("usage", "Give --text or --file.")),
    };
    let direction = if args.outgoing { "out" } else { "in" };
    let contact = desk
        .contact_add(&args.channel, direction, &args.from, args.at, &text)
        .await?;
    desk.finish().await?;
    desktop.ui.answer(&contact, || card(&contact, &desk.zone))?;
    Ok(None)
}

async fn import(desktop: &Desktop, args: Import) -> Result<Ended> {
    let desk = desktop.app()?.desk(&args.case)?;
    let mut taken = Vec::new();
    for file in &args.files {
        taken.push(desk.contact_import(file).await?);
    }
    desk.finish().await?;
    desktop.ui.answer(&json!({ "contacts": taken }), || {
        taken
            .iter()
            .map(|contact| card(contact, &desk.zone) + "\n")
            .collect()
    })?;
    Ok(None)
}

fn list(desktop: &Desktop, args: &One) -> Result<Ended> {
    let app = desktop.app()?;
    let state = app.peek(&args.case)?;
    let own: Vec<&str> = app
        .settings
        .company
        .domain
        .iter()
        .map(String::as_str)
        .collect();
    let threads = crate::contact::thread::group(&state.contacts, &own);
    desktop.ui.answer(
        &json!({ "contacts": state.contacts, "threads": threads }),
        || {
            let rows = state.contacts.iter().map(|contact| {
                [
                    contact.id.to_string(),
                    utc_and_zone(contact.received, &app.zone),
                    format!("{} {}", contact.channel, contact.direction),
                    hostile::one_line(&defang_text(&contact.from), 100),
                    hostile::one_line(&defang_text(&contact.subject), 100),
                    match (contact.demand, contact.hinted) {
                        (true, _) => "yes".to_owned(),
                        (false, true) => "hinted".to_owned(),
                        (false, false) => "no".to_owned(),
                    },
                ]
            });
            ui::table(
                [
                    "CONTACT", "RECEIVED", "CHANNEL", "FROM", "SUBJECT", "DEMAND",
                ],
                rows,
            )
        },
    )?;
    Ok(None)
}

fn show(desktop: &Desktop, args: &Show) -> Result<Ended> {
    let app = desktop.app()?;
    let state = app.peek(&args.case)?;
    let contact = state
        .contacts
        .iter()
        .find(|contact| contact.id == args.contact)
        .ok_or_else(|| {
            Fault::input("no-contact", "The case has no such contact.").at(&args.contact)
        })?;
    desktop.ui.answer(contact, || card(contact, &app.zone))?;
    Ok(None)
}

/// One contact, safe for a terminal: addresses and links are defanged, nothing is rendered.
fn card(contact: &Contact, zone: &TimeZone) -> String {
    let mut text = format!(
        "{}  {} {}\n",
        contact.id, contact.channel, contact.direction
    );
    let _ = writeln!(
        text,
        "from      {}",
        hostile::one_line(&defang_text(&contact.from), 160)
    );
    let _ = writeln!(
        text,
        "to        {}",
        hostile::one_line(&defang_text(&contact.to.join(", ")), 160)
    );
    if let Some(sent) = contact.sent {
        let _ = writeln!(text, "sent      {}", utc_and_zone(sent, zone));
    }
    let _ = writeln!(text, "received  {}", utc_and_zone(contact.received, zone));
    for arrival in &contact.arrivals {
        let whose = hostile::one_line(&defang_text(&arrival.whose()), 160);
        let _ = writeln!(
            text,
            "          {}  {whose}",
            utc_and_zone(arrival.at, zone)
        );
    }
    let _ = writeln!(
        text,
        "subject   {}",
        hostile::one_line(&defang_text(&contact.subject), 160)
    );
    let demand = if contact.demand {
        "yes; it asks for money or threatens. Cordon pays nothing and answers nothing."
    } else if contact.hinted {
        "none, but it hints at a threat; a person should read it"
    } else {
        "no"
    };
    let _ = writeln!(text, "demand    {demand}");
    for deadline in &contact.deadlines {
        let _ = writeln!(
            text,
            "deadline  “{}”",
            hostile::one_line(&deadline.verbatim, 160)
        );
        for reading in &deadline.readings {
            let _ = writeln!(
                text,
                "          {}  {}",
                utc_and_zone(reading.at, zone),
                hostile::one_line(&reading.how, 120)
            );
        }
    }
    for indicator in &contact.indicators {
        let shown = crate::contact::indicator::shown(indicator);
        let _ = writeln!(
            text,
            "{:<9} {}",
            indicator.kind,
            hostile::one_line(&shown, 160)
        );
    }
    for id in &contact.evidence {
        let _ = writeln!(text, "evidence  {id}");
    }
    let _ = writeln!(
        text,
        "\n{}",
        crate::contact::show::contact(contact, zone).body
    );
    text
}
