//! `cordon contact`: messages to or from whoever makes demands. Nothing is ever answered, fetched,
//! rendered or unpacked.

use std::fmt::Write as _;
use std::path::PathBuf;

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::{Desktop, Ended};
use crate::case::event::Contact;
use crate::case::state::{CaseState, Judgment};
use crate::contact::indicator::defang_text;
use crate::fault::{Fault, Result};
use crate::hostile;
use crate::id::ContactId;
use crate::time::{Timestamp, utc, utc_and_zone};
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
    /// Say whether a contact makes a demand, where it was not recognised or wrongly.
    Mark(Mark),
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

#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("judgment").required(true)))]
pub(super) struct Mark {
    /// The case: its id, or enough of its end to be unique.
    case: String,
    /// The contact.
    contact: ContactId,
    /// It makes a demand: the sanctions hold stands, and the clocks of a demand start.
    #[arg(long, group = "judgment")]
    demand: bool,
    /// It makes none; a hold that stands stays, for counsel to lift, and so do the clocks.
    #[arg(long, group = "judgment")]
    no_demand: bool,
    /// Why; stands in the log.
    #[arg(long)]
    reason: String,
}

pub(super) async fn run(desktop: &Desktop, verb: Verb) -> Result<Ended> {
    match verb {
        Verb::Add(args) => add(desktop, args).await,
        Verb::Import(args) => import(desktop, args).await,
        Verb::List(args) => list(desktop, &args),
        Verb::Show(args) => show(desktop, &args),
        Verb::Mark(args) => mark(desktop, &args).await,
    }
}

/// A contact with the word of the person who judged it, if one did.
struct Read {
    contact: Contact,
    judged: Option<Judgment>,
}

impl Read {
    fn of(state: &CaseState, contact: &Contact) -> Self {
        Self {
            contact: contact.clone(),
            judged: state.judged.get(&contact.id).cloned(),
        }
    }

    /// As data: the flags are there also when they are down, which the log leaves out.
    fn document(&self) -> Value {
        let mut document = json!(self.contact);
        if let Some(fields) = document.as_object_mut() {
            fields.insert("hinted".to_owned(), json!(self.contact.hinted));
            fields.insert("judged".to_owned(), json!(self.judged));
        }
        document
    }

    /// One word for a table.
    const fn word(&self) -> &'static str {
        match (&self.judged, self.contact.demand, self.contact.hinted) {
            (_, true, _) => "yes",
            (Some(_), false, _) => "no",
            (None, false, true) => "hinted",
            (None, false, false) => "not seen",
        }
    }

    /// What was recognised, or who says what; `case` is how the command names it.
    fn demand(&self, case: &str) -> String {
        let Contact {
            id,
            demand,
            hinted,
            direction,
            ..
        } = &self.contact;
        let stands = if *demand {
            "yes; it asks for money or threatens. Cordon pays nothing and answers nothing."
        } else {
            "no; a hold or a clock that stands stays"
        };
        match &self.judged {
            Some(judged) => {
                let by = hostile::one_line(&judged.by.to_string(), 100);
                let reason = hostile::one_line(&judged.reason, 300);
                format!("{stands} Judged by {by} at {}: {reason}", utc(judged.at))
            }
            None if *demand => stands.to_owned(),
            None if direction == "out" => "not looked for in what we sent".to_owned(),
            None => {
                let seen = if *hinted {
                    "not recognised, but it hints at a threat"
                } else {
                    "not recognised"
                };
                format!(
                    "{seen}; a person judges (cordon contact mark {case} {id} --demand|--no-demand --reason …)"
                )
            }
        }
    }
}

async fn mark(desktop: &Desktop, args: &Mark) -> Result<Ended> {
    let desk = desktop.app()?.desk(&args.case)?;
    let contact = desk
        .contact_mark(&args.contact, args.demand, &args.reason)
        .await?;
    desk.finish().await?;
    let (read, hold) = desk
        .log
        .read(|state| (Read::of(state, &contact), state.sanctions_hold.is_some()));
    desktop.ui.answer(&read.document(), || {
        let hold = if hold {
            "a sanctions hold stands; counsel lifts it"
        } else {
            "none"
        };
        let demand = ui::paragraph("demand    ", &read.demand(&args.case));
        format!("{}\n{demand}hold      {hold}\n", contact.id)
    })?;
    Ok(None)
}

async fn add(desktop: &Desktop, args: Add) -> Result<Ended> {
    let desk = desktop.app()?.desk(&args.case)?;
    let text = match (args.text, &args.file) {
        (Some(text), _) => text,
        (None, Some(file)) => desktop.workplace().read_text(file)?,
        (None, None) => return Err(Fault::input("usage", "Give --text or --file.")),
    };
    let direction = if args.outgoing { "out" } else { "in" };
    let contact = desk
        .contact_add(&args.channel, direction, &args.from, args.at, &text)
        .await?;
    desk.finish().await?;
    let read = desk.log.read(|state| Read::of(state, &contact));
    desktop
        .ui
        .answer(&read.document(), || card(&read, &desk.zone, &args.case))?;
    Ok(None)
}

async fn import(desktop: &Desktop, args: Import) -> Result<Ended> {
    let desk = desktop.app()?.desk(&args.case)?;
    let mut taken = Vec::new();
    for file in &args.files {
        let contact = desk.contact_import(file).await?;
        taken.push(desk.log.read(|state| Read::of(state, &contact)));
    }
    desk.finish().await?;
    let documents: Vec<Value> = taken.iter().map(Read::document).collect();
    desktop.ui.answer(&json!({ "contacts": documents }), || {
        taken
            .iter()
            .map(|read| card(read, &desk.zone, &args.case) + "\n")
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
    let all = state.contacts.iter();
    let all: Vec<Read> = all.map(|contact| Read::of(&state, contact)).collect();
    let documents: Vec<Value> = all.iter().map(Read::document).collect();
    desktop.ui.answer(
        &json!({ "contacts": documents, "threads": threads }),
        || {
            let rows = all.iter().map(|read| {
                let contact = &read.contact;
                [
                    contact.id.to_string(),
                    utc_and_zone(contact.received, &app.zone),
                    format!("{} {}", contact.channel, contact.direction),
                    hostile::one_line(&defang_text(&contact.from), 100),
                    hostile::one_line(&defang_text(&contact.subject), 100),
                    read.word().to_owned(),
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
    let read = Read::of(&state, contact);
    desktop
        .ui
        .answer(&read.document(), || card(&read, &app.zone, &args.case))?;
    Ok(None)
}

/// One contact, safe for a terminal: addresses and links are defanged, nothing is rendered.
fn card(read: &Read, zone: &TimeZone, case: &str) -> String {
    let contact = &read.contact;
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
        let doubt = contact.doubt(sent);
        let doubt = doubt.map_or_else(String::new, |why| format!("  claimed; not counted: {why}"));
        let _ = writeln!(text, "sent      {}{doubt}", utc_and_zone(sent, zone));
    }
    let _ = writeln!(text, "received  {}", utc_and_zone(contact.received, zone));
    for arrival in &contact.arrivals {
        let whose = hostile::one_line(&defang_text(&contact.told(arrival)), 200);
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
    let _ = writeln!(text, "demand    {}", read.demand(case));
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
