//! What a face shows of a contact or a mail: plain data, ready to print.
//!
//! Every text has its links defanged and its hidden characters written out, so that it is safe in a
//! terminal; HTML needs its own escaping on top, which changes nothing of this.

use jiff::tz::TimeZone;
use serde::Serialize;

use super::demand::{Why, demand, hints};
use super::eml::{Message, Party};
use super::indicator::{defang, defang_text};
use crate::case::event::{Contact, Deadline, Indicator};
use crate::hostile;
use crate::time::{Timestamp, utc_and_zone};

/// A contact or a mail, ready to show.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct View {
    /// Names and values, in order.
    pub head: Vec<(String, String)>,
    /// What it says.
    pub body: String,
    /// Whether it asks for money or threatens, with its sentences.
    pub demand: Option<Why>,
    /// Sentences that hint at a threat, when there is no demand.
    pub hints: Vec<String>,
    /// Deadlines, as written and as read.
    pub deadlines: Vec<DeadlineView>,
    /// What was taken out of it.
    pub indicators: Vec<Indicator>,
    /// Attached files; none was opened.
    pub attachments: Vec<AttachmentView>,
    /// What is odd about it.
    pub warnings: Vec<String>,
}

/// A deadline, ready to show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeadlineView {
    /// The words of the message.
    pub verbatim: String,
    /// Instant in UTC and the named zone, and how it was read; the earliest first.
    pub readings: Vec<(String, String)>,
}

/// An attached file, ready to show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AttachmentView {
    /// Its name.
    pub name: String,
    /// The declared type, and what its first bytes say when that is something else.
    pub kind: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// SHA-256.
    pub sha256: String,
    /// Whether it is an archive: it stays closed.
    pub archive: bool,
}

/// The longest line of the head, in characters.
const LONGEST_LINE: usize = 400;

/// What to show of a recorded contact, with times in UTC and in `zone`.
pub fn contact(contact: &Contact, zone: &TimeZone) -> View {
    let when = |at: Timestamp| utc_and_zone(at, zone);
    let mut head = Head::default();
    head.add("id", contact.id.as_str());
    head.add("channel", &contact.channel);
    head.add("direction", &contact.direction);
    head.add("from", &contact.from);
    contact.to.iter().for_each(|to| head.add("to", to));
    head.add("sent", &contact.sent.map_or("not told".to_owned(), when));
    head.add("received", &when(contact.received));
    arrivals(&mut head, contact, zone);
    head.add("subject", &contact.subject);
    head.add(
        "message id",
        contact.message_id.as_deref().unwrap_or_default(),
    );
    contact.thread.iter().for_each(|id| head.add("answers", id));
    contact
        .evidence
        .iter()
        .for_each(|id| head.add("evidence", id.as_str()));
    let why = contact
        .demand
        .then(|| demand(&format!("{}\n\n{}", contact.subject, contact.text)));
    let hinted = if contact.hinted {
        hints(&format!("{}\n\n{}", contact.subject, contact.text))
    } else {
        Vec::new()
    };
    View {
        head: head.0,
        hints: hinted.iter().map(|line| safe_text(line)).collect(),
        body: safe_text(&contact.text),
        demand: why.flatten().map(safe_why),
        deadlines: contact
            .deadlines
            .iter()
            .map(|deadline| deadline_view(deadline, zone))
            .collect(),
        indicators: contact.indicators.iter().map(safe_indicator).collect(),
        attachments: Vec::new(),
        warnings: hidden_warning(&contact.text).into_iter().collect(),
    }
}

/// What to show of a mail: its header with every sender, its hops, its attachments and what is odd.
/// `recorded` is the contact that was made of it.
pub fn message(message: &Message, recorded: &Contact, zone: &TimeZone) -> View {
    let when = |at: Timestamp| utc_and_zone(at, zone);
    let mut head = Head::default();
    let mut parties = |name: &str, list: &[Party]| {
        for party in list {
            head.add(name, &party.line());
        }
    };
    parties("from", &message.from);
    parties("reply-to", &message.reply_to);
    parties("sender", &message.sender);
    parties("return-path", &message.return_path);
    parties("to", &message.to);
    parties("cc", &message.cc);
    head.add("subject", &message.subject);
    match message.date {
        Some(date) => {
            let offset = date
                .offset_seconds
                .and_then(|seconds| jiff::tz::Offset::from_seconds(seconds).ok());
            let zone = offset.map_or("no zone told".to_owned(), |offset| {
                format!("written with offset {offset}")
            });
            head.add("date", &format!("{}, {zone}", when(date.at)));
        }
        None => head.add("date", "not told or not readable"),
    }
    head.add("received", &when(recorded.received));
    arrivals(&mut head, recorded, zone);
    head.add(
        "message id",
        message.message_id.as_deref().unwrap_or("none"),
    );
    message
        .in_reply_to
        .iter()
        .for_each(|id| head.add("answers", id));
    message
        .references
        .iter()
        .for_each(|id| head.add("references", id));
    for hop in &message.hops {
        let told = |part: &Option<String>| part.clone().unwrap_or_else(|| "?".to_owned());
        let at = hop.at.map_or("no time".to_owned(), when);
        let ip = hop
            .ip
            .as_ref()
            .map(|ip| format!(" [{ip}]"))
            .unwrap_or_default();
        head.add(
            "hop",
            &format!("{at}: from {}{ip} by {}", told(&hop.from), told(&hop.by)),
        );
    }
    head.add("sha-256", &message.sha256.to_string());
    View {
        head: head.0,
        attachments: message.attachments.iter().map(attachment_view).collect(),
        warnings: message
            .defects
            .iter()
            .map(|defect| safe_text(&defect.what))
            .collect(),
        ..contact(recorded, zone)
    }
}

#[derive(Debug, Default)]
struct Head(Vec<(String, String)>);

impl Head {
    fn add(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            let value = hostile::one_line(&defang_text(value), LONGEST_LINE);
            self.0.push((name.to_owned(), value));
        }
    }
}

/// Whose word each time is; the first is the one that counts.
fn arrivals(head: &mut Head, contact: &Contact, zone: &TimeZone) {
    for arrival in &contact.arrivals {
        let told = contact.told(arrival);
        let line = format!("{}: {told}", utc_and_zone(arrival.at, zone));
        head.add("received by", &line);
    }
}

fn safe_text(text: &str) -> String {
    hostile::terminal(&defang_text(text))
}

fn safe_why(why: Why) -> Why {
    let all = |list: Vec<String>| list.iter().map(|line| safe_text(line)).collect();
    Why {
        payment: all(why.payment),
        publish: all(why.publish),
        sell: all(why.sell),
        threat: all(why.threat),
        proof: all(why.proof),
    }
}

fn safe_indicator(found: &Indicator) -> Indicator {
    let opens = matches!(
        found.kind.as_str(),
        "url" | "domain" | "email" | "ip" | "onion" | "telegram"
    );
    let value = if opens {
        defang(&found.value)
    } else {
        found.value.clone()
    };
    Indicator {
        value: hostile::one_line(&value, LONGEST_LINE),
        ..found.clone()
    }
}

fn deadline_view(deadline: &Deadline, zone: &TimeZone) -> DeadlineView {
    let reading =
        |at: Timestamp, how: &str| (utc_and_zone(at, zone), hostile::one_line(how, LONGEST_LINE));
    DeadlineView {
        verbatim: hostile::one_line(&defang_text(&deadline.verbatim), LONGEST_LINE),
        readings: deadline
            .readings
            .iter()
            .map(|read| reading(read.at, &read.how))
            .collect(),
    }
}

fn attachment_view(file: &super::eml::Attachment) -> AttachmentView {
    let kind = match file.guessed {
        Some(guessed) if guessed != file.declared => {
            format!("{}; begins like {guessed}", file.declared)
        }
        _ => file.declared.clone(),
    };
    AttachmentView {
        name: file.safe_name.clone(),
        kind: hostile::one_line(&kind, LONGEST_LINE),
        bytes: file.bytes,
        sha256: file.sha256.to_string(),
        archive: file.archive,
    }
}

fn hidden_warning(text: &str) -> Option<String> {
    let found = hostile::hidden(text);
    let list: Vec<String> = found
        .iter()
        .take(8)
        .map(|(c, count)| format!("U+{:04X} ×{count}", u32::from(*c)))
        .collect();
    (!list.is_empty()).then(|| {
        format!(
            "The text has characters that hide, reorder or steer: {}.",
            list.join(", ")
        )
    })
}
