//! From a mail, or from what a person tells of a call or a chat, to the contact that the log records.

use jiff::tz::{Offset, TimeZone};

use super::deadline::{self, Reference};
use super::demand::{demand, hints};
use super::eml::{Message, Party};
use super::indicator;
use crate::case::event::{Arrival, Contact, Indicator, doubt};
use crate::fault::{Fault, Result};
use crate::hostile;
use crate::id::{ContactId, EvidenceId};
use crate::time::Timestamp;

/// The ways in which a contact can come.
pub const CHANNELS: [&str; 5] = ["email", "call", "chat", "letter", "other"];

/// The longest text of a contact that a person enters, in bytes.
const LONGEST_TEXT: usize = 1024 * 1024;
/// The longest name, title or address, in bytes.
const LONGEST_LINE: usize = 2_000;
/// The most recipients and the most messages that it answers.
const MOST: usize = 500;

/// What a person tells of a contact: a call, a chat, a letter.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// One of [`CHANNELS`].
    pub channel: String,
    /// `in` or `out`.
    pub direction: String,
    /// Who it says it is from: a number, a handle, a name.
    pub from: String,
    /// To whom.
    pub to: Vec<String>,
    /// When it was said or written.
    pub sent: Option<Timestamp>,
    /// The zone of the sender, when it is known.
    pub offset: Option<Offset>,
    /// A short title.
    pub subject: String,
    /// What it says, or the notes of the person who took the call.
    pub text: String,
    /// Messages that it answers, by the names that [`Contact::message_id`] has.
    pub answers: Vec<String>,
}

/// The contact of a mail. `evidence` is the mail as received and what was kept of it; `zones` are the
/// zones of the company.
pub fn from_mail(
    id: ContactId,
    message: &Message,
    direction: &str,
    evidence: Vec<EvidenceId>,
    zones: &[TimeZone],
) -> Contact {
    let sent = message.date.map(|date| date.at);
    let offset = message
        .date
        .and_then(|date| Offset::from_seconds(date.offset_seconds?).ok());
    let text = match &message.other_text {
        Some(other) => format!("{}\n\n[The HTML of the mail says:]\n{other}", message.text),
        None => message.text.clone(),
    };
    let whole = format!("{}\n\n{text}", message.subject);
    let arrivals = arrivals(message);
    let received = arrivals.first().map_or(message.received, |first| first.at);
    let demanded = direction == "in" && demand(&whole).is_some();
    let reference = Reference {
        sent: sent.filter(|at| doubt(*at, message.received).is_none()),
        offset,
        received,
        imported: Some(message.received),
        zones,
    };
    let lines = |parties: &[Party]| {
        parties
            .iter()
            .map(Party::line)
            .take(MOST)
            .collect::<Vec<_>>()
    };
    let mut thread: Vec<String> = message.in_reply_to.clone();
    for reference in &message.references {
        if !thread.contains(reference) {
            thread.push(reference.clone());
        }
    }
    Contact {
        id,
        channel: "email".to_owned(),
        direction: direction.to_owned(),
        from: lines(&message.from).join(", "),
        to: [lines(&message.to), lines(&message.cc)].concat(),
        sent,
        received,
        arrivals,
        subject: message.subject.clone(),
        indicators: indicators(message, &whole, direction),
        deadlines: deadline::find(&whole, &reference),
        demand: demanded,
        hinted: direction == "in" && !demanded && !hints(&whole).is_empty(),
        text,
        evidence,
        message_id: message.message_id.clone(),
        thread,
    }
}

/// Who says when a mail came in or was written, the most trustworthy first.
///
/// The top `Received` is the last that was written, by the server that had the mail before us, or by
/// whoever made the file. One that lies after the import or long before it shows a clock or a header
/// that is wrong, and comes behind our own.
fn arrivals(message: &Message) -> Vec<Arrival> {
    let imported = Arrival {
        source: "import".to_owned(),
        at: message.received,
        by: None,
    };
    let top = message.hops.first().and_then(|hop| {
        Some(Arrival {
            source: "received-header".to_owned(),
            at: hop.at?,
            by: hop.by.as_ref().map(|by| hostile::clip(by, 200)),
        })
    });
    let claimed = message.date.map(|date| Arrival {
        source: "date-header".to_owned(),
        at: date.at,
        by: None,
    });
    let mut found: Vec<Arrival> = top.into_iter().chain([imported]).collect();
    let wrong = |first: &Arrival| {
        first.at > message.received || doubt(first.at, message.received).is_some()
    };
    if found.first().is_some_and(wrong) {
        found.reverse();
    }
    found.extend(claimed);
    found
}

/// What the text, the links, the attachments and the sender of a mail name.
fn indicators(message: &Message, text: &str, direction: &str) -> Vec<Indicator> {
    let mut found = indicator::extract(text);
    let mut add = |kind: &str, value: String, check: &str| {
        if !found
            .iter()
            .any(|known| known.kind == kind && known.value == value)
        {
            found.push(Indicator {
                kind: kind.to_owned(),
                value,
                check: check.to_owned(),
            });
        }
    };
    for link in &message.links {
        for target in indicator::extract(&link.target) {
            add(&target.kind, target.value, &target.check);
        }
    }
    // Our own addresses are not indicators of a message that we sent.
    if direction == "in" {
        let senders = [
            &message.from,
            &message.reply_to,
            &message.sender,
            &message.return_path,
        ];
        for party in senders.into_iter().flatten() {
            if let Some(address) = &party.address {
                let read = indicator::extract(address);
                let whole = read
                    .iter()
                    .any(|one| one.kind == "email" && one.value.eq_ignore_ascii_case(address));
                add(
                    "email",
                    address.to_lowercase(),
                    if whole { "valid" } else { "invalid" },
                );
            }
        }
        let origin = message
            .headers
            .iter()
            .filter(|field| field.name.eq_ignore_ascii_case("x-originating-ip"));
        for one in origin
            .flat_map(|field| indicator::extract(&field.raw))
            .filter(|one| one.kind == "ip")
        {
            add("ip", one.value, &one.check);
        }
    }
    for file in &message.attachments {
        add("sha256", file.sha256.to_string(), "valid");
    }
    found
}

/// The contact that a person tells of. `received` is when we had it.
///
/// # Errors
/// A channel or direction that is not known, nothing said, or text beyond the limits.
pub fn from_person(
    id: ContactId,
    told: Told,
    received: Timestamp,
    evidence: Vec<EvidenceId>,
    zones: &[TimeZone],
) -> Result<Contact> {
    check(&told)?;
    let whole = format!("{}\n\n{}", told.subject, told.text);
    let reference = Reference {
        sent: told.sent,
        offset: told.offset,
        received,
        imported: None,
        zones,
    };
    let mut indicators = indicator::extract(&whole);
    if told.direction == "in" {
        let known: Vec<Indicator> = indicator::extract(&told.from);
        let fresh = known
            .into_iter()
            .filter(|one| !indicators.contains(one))
            .collect::<Vec<_>>();
        indicators.extend(fresh);
    }
    let demanded = told.direction == "in" && demand(&whole).is_some();
    Ok(Contact {
        id,
        demand: demanded,
        hinted: told.direction == "in" && !demanded && !hints(&whole).is_empty(),
        deadlines: deadline::find(&whole, &reference),
        indicators,
        channel: told.channel,
        direction: told.direction,
        from: told.from,
        to: told.to,
        sent: told.sent,
        received,
        arrivals: Vec::new(),
        subject: told.subject,
        text: told.text,
        evidence,
        message_id: None,
        thread: told.answers,
    })
}

fn check(told: &Told) -> Result<()> {
    let fault = |what: String, hint: String| Err(Fault::input("contact", what).hint(hint));
    if !CHANNELS.contains(&told.channel.as_str()) {
        let channel = hostile::one_line(&told.channel, 40);
        return fault(
            format!("`{channel}` is not a channel of contacts."),
            format!("use one of {}", CHANNELS.join(", ")),
        );
    }
    if !matches!(told.direction.as_str(), "in" | "out") {
        let direction = hostile::one_line(&told.direction, 40);
        return fault(
            format!("`{direction}` is not a direction."),
            "use `in` for what we had, `out` for what we sent".to_owned(),
        );
    }
    if told.text.trim().is_empty() && told.subject.trim().is_empty() {
        return fault(
            "The contact says nothing.".to_owned(),
            "give the words, or a note of what was said".to_owned(),
        );
    }
    let lines = [&told.from, &told.subject]
        .into_iter()
        .chain(&told.to)
        .chain(&told.answers);
    let long = lines.into_iter().any(|line| line.len() > LONGEST_LINE);
    if long || told.to.len() > MOST || told.answers.len() > MOST || told.text.len() > LONGEST_TEXT {
        return fault(
            format!(
                "The contact is larger than {LONGEST_TEXT} bytes of text or {LONGEST_LINE} of a line."
            ),
            "keep the file as evidence and record a shorter text".to_owned(),
        );
    }
    Ok(())
}
